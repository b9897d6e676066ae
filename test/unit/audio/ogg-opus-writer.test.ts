// OggOpusWriter: its options and manners. Pages byte by byte: test/native/ogg_opus_writer_test.cpp; what other people's software
// says of them: ogg-peers.test.ts.
import { describe, expect, test } from 'vitest';
import { OggOpusWriter, type OggOpusWriterOptions } from '../../../src/audio/index.js';
import { thrown } from './helpers.js';

const MONO = { channels: 1, preSkip: 312, inputSampleRateHz: 16_000, serial: 7 };

/** `ms` of CELT (2.5, 5, 10 or 20), one frame of any bytes: to a decoder, noise. */
function packet(bytes: number, ms = 20): Uint8Array {
  const made = Uint8Array.from({ length: bytes }, (_, i) => (i * 73 + bytes) % 256);
  made[0] = (28 + Math.log2(ms / 2.5)) << 3;
  return made;
}

/** 20 ms in so many bytes that it spans pages: an empty frame, and padding (RFC 6716, 3.2.5). */
function hugePacket(pairs: number): Uint8Array {
  const padding = Array.from({ length: pairs }, () => 255); // 254 bytes each, and more to come
  return Uint8Array.from([(31 << 3) | 3, 0x41, ...padding, 0, ...new Array(pairs * 254).fill(0)]);
}

function link(writer: OggOpusWriter, packets: Uint8Array[], samples?: number): Buffer {
  const pages = packets.map((each) => writer.write(each));
  return Buffer.concat([...pages, writer.finish(samples === undefined ? {} : { samples })]);
}

function file(options: Partial<OggOpusWriterOptions>, packets: Uint8Array[], samples?: number): Buffer {
  using writer = new OggOpusWriter({ ...MONO, ...options });
  return link(writer, packets, samples);
}

interface Page {
  flags: number;
  granule: bigint;
  serial: number;
  body: Buffer;
}
function pagesOf(bytes: Buffer): Page[] {
  const pages: Page[] = [];
  for (let at = 0; at < bytes.length; ) {
    expect(bytes.toString('latin1', at, at + 4)).toBe('OggS');
    const begin = at + 27 + bytes.readUInt8(at + 26);
    const end = bytes.subarray(at + 27, begin).reduce((sum, lacing) => sum + lacing, begin);
    pages.push({
      flags: bytes.readUInt8(at + 5),
      granule: bytes.readBigInt64LE(at + 6),
      serial: bytes.readUInt32LE(at + 14),
      body: bytes.subarray(begin, end),
    });
    at = end;
  }
  return pages;
}

describe('OggOpusWriter', () => {
  test('writes the headers that its options say', () => {
    const tags = { TITLE: 'Größe = 1', ARTIST: ['Ada', 'Grace'], EMPTY: '' };
    const [head, comments] = pagesOf(
      file({ channels: 2, preSkip: 3840, inputSampleRateHz: 44_100, gainDb: -1.5, tags }, [packet(9)]),
    );
    const fields = Buffer.from('OpusHead\x01\x02\x00\x0f\x44\xac\x00\x00\x80\xfe\x00', 'latin1');
    expect(head?.body).toEqual(fields);
    const texts = ['TITLE=Größe = 1', 'ARTIST=Ada', 'ARTIST=Grace', 'EMPTY='];
    const text = (value: string) => {
      const bytes = Buffer.from(value);
      return [Buffer.from(Uint32Array.of(bytes.length).buffer), bytes];
    };
    const count = Buffer.from(Uint32Array.of(texts.length).buffer);
    const wanted = [Buffer.from('OpusTags'), ...text('sluice-audio'), count, ...texts.flatMap(text)];
    expect(comments?.body).toEqual(Buffer.concat(wanted));
  });

  test('takes every option at the ends of its range', () => {
    for (const options of [
      { preSkip: 0, inputSampleRateHz: 0, gainDb: -128, serial: 0, pageMs: 0 },
      { preSkip: 65_535, inputSampleRateHz: 2 ** 32 - 1, gainDb: 127 + 255 / 256, serial: 2 ** 32 - 1 },
    ]) {
      const [head] = pagesOf(file(options, []));
      expect(head?.body.readUInt16LE(10)).toBe(options.preSkip);
      expect(head?.body.readUInt32LE(12)).toBe(options.inputSampleRateHz);
      expect(head?.body.readInt16LE(16)).toBe(Math.round(options.gainDb * 256));
      expect(head?.serial).toBe(options.serial);
    }
  });

  test('writes a page a second, or a packet a page, and trims the end to the sample', () => {
    const packets = Array.from({ length: 120 }, (_, i) => packet(10 + i));
    const end = 120n * 960n - 100n;
    for (const [pageMs, granules] of [
      [undefined, [48_000n, 96_000n, end]],
      [1500, [72_000n, end]],
      [0, packets.map((_, i) => (i === 119 ? end : BigInt(i + 1) * 960n))],
    ] as const) {
      const pages = pagesOf(file(pageMs === undefined ? {} : { pageMs }, packets, 120 * 960 - 312 - 100));
      expect(pages.map(({ granule }) => granule)).toEqual([0n, 0n, ...granules]);
      expect(pages.map(({ flags }) => flags)).toEqual([2, 0, ...granules.slice(1).map(() => 0), 4]);
      expect(Buffer.concat(pages.slice(2).map(({ body }) => body))).toEqual(Buffer.concat(packets));
    }
  });

  test('gives each page once a packet follows that it has no place for', () => {
    using writer = new OggOpusWriter({ ...MONO, pageMs: 0 });
    expect(pagesOf(Buffer.from(writer.write(packet(10))))).toHaveLength(2);
    for (let i = 0; i < 3; i++) expect(pagesOf(Buffer.from(writer.write(packet(10))))).toHaveLength(1);
    expect(pagesOf(Buffer.from(writer.finish()))).toHaveLength(1);
    expect(writer.finish()).toEqual(new Uint8Array(0));
  });

  test('begins another link after finish, and takes a serial number of its own otherwise', () => {
    using writer = new OggOpusWriter(MONO);
    const links = [link(writer, [packet(10)]), link(writer, [packet(10)])];
    expect(links.map((bytes) => pagesOf(bytes).map(({ serial }) => serial))).toEqual([
      [7, 7, 7],
      [8, 8, 8],
    ]);
    const { serial: _, ...unnumbered } = MONO;
    const serials = [1, 2, 3].map(() => {
      using numbered = new OggOpusWriter(unnumbered);
      return pagesOf(link(numbered, []))[0]?.serial;
    });
    expect(new Set(serials).size).toBeGreaterThan(1); // three equal random ones: once in 2^64
  });

  test('writes into the caller’s memory what write gives', () => {
    const packets = [packet(100), hugePacket(600), packet(50)];
    using writer = new OggOpusWriter(MONO);
    const parts = packets.map((each) => {
      const room = writer.maxOutputBytes(each.length);
      const out = new Uint8Array(room + 3).fill(7);
      const written = writer.writeInto(each, out);
      expect(out.subarray(written)).toEqual(new Uint8Array(room + 3 - written).fill(7));
      return out.slice(0, written);
    });
    expect(Buffer.concat([...parts, writer.finish()])).toEqual(file({}, packets));
    const out = new Uint8Array(writer.maxOutputBytes(100) - 1);
    const run = () => writer.writeInto(packet(100), out);
    expect(thrown(run)).toMatchObject({ name: 'RangeError', code: 'ERR_OUTPUT_TOO_SMALL' });
  });

  test('gives arrays of their own', () => {
    using writer = new OggOpusWriter({ ...MONO, pageMs: 0 });
    writer.write(packet(10));
    const first = writer.write(packet(20));
    const kept = first.slice();
    writer.write(packet(30));
    expect(first).toEqual(kept);
    expect(first.buffer.byteLength).toBe(first.length);
  });

  test('refuses what is no Opus packet with a FormatError, and goes on', () => {
    using writer = new OggOpusWriter(MONO);
    for (const bad of [new Uint8Array(0), Uint8Array.of(0xfb), Uint8Array.of(0xfb, 7), packet(1277)])
      expect(thrown(() => writer.write(bad))).toMatchObject({
        name: 'FormatError',
        code: 'ERR_OPUS_BAD_PACKET',
      });
    expect(link(writer, [packet(10)])).toEqual(file({}, [packet(10)]));
  });

  test('refuses an end that the packets do not have, and can still finish', () => {
    using writer = new OggOpusWriter(MONO);
    const pages = [packet(10), packet(10)].map((each) => writer.write(each));
    for (const samples of [1609, 648, 0, 0.5, -1, Number.NaN, 2 ** 60])
      expect(thrown(() => writer.finish({ samples }))).toMatchObject({ code: 'ERR_INVALID_LENGTH' });
    const bytes = Buffer.concat([...pages, writer.finish({ samples: 649 })]);
    expect(pagesOf(bytes).at(-1)).toMatchObject({ flags: 4, granule: 961n });
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['no channels', { channels: 0 }, 'ERR_INVALID_CHANNELS'],
    ['9 channels', { channels: 9 }, 'ERR_INVALID_CHANNELS'],
    ['a pre-skip above 16 bits', { preSkip: 65_536 }, 'ERR_INVALID_OPTION'],
    ['a negative rate', { inputSampleRateHz: -1 }, 'ERR_INVALID_RATE'],
    ['a gain of 128 dB', { gainDb: 128 }, 'ERR_INVALID_OPTION'],
    ['a gain that is no number', { gainDb: Number.NaN }, 'ERR_INVALID_OPTION'],
    ['a serial above 32 bits', { serial: 2 ** 32 }, 'ERR_INVALID_OPTION'],
    ['a page above 4 s', { pageMs: 4000.1 }, 'ERR_INVALID_OPTION'],
    ['a tag whose name has =', { tags: { 'A=B': 'x' } }, 'ERR_INVALID_OPTION'],
    ['a tag without a name', { tags: { '': 'x' } }, 'ERR_INVALID_OPTION'],
    ['a tag whose name is not ASCII', { tags: { TÄG: 'x' } }, 'ERR_INVALID_OPTION'],
    ['a zero character', { tags: { A: 'x\0B=y' } }, 'ERR_INVALID_OPTION'],
  ])('refuses %s with a RangeError', (_, options, code) => {
    const run = () => new OggOpusWriter({ ...MONO, ...options });
    expect(thrown(run)).toMatchObject({ name: 'RangeError', code });
  });

  test.each<[string, unknown]>([
    ['no options', undefined],
    ['no channels', { preSkip: 312, inputSampleRateHz: 16_000 }],
    ['a gain as text', { ...MONO, gainDb: '1' }],
    ['a tag that is no text', { ...MONO, tags: { A: 1 } }],
    ['tags as text', { ...MONO, tags: 'A=B' }],
    ['tags as an array', { ...MONO, tags: ['A=B'] }],
  ])('refuses %s with a TypeError', (_, options) => {
    const run = () => new OggOpusWriter(options as OggOpusWriterOptions);
    expect(thrown(run)).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG' });
  });

  test('refuses anything but close once it is closed', () => {
    const writer = new OggOpusWriter(MONO);
    writer.write(packet(10));
    writer.close();
    writer.close();
    for (const run of [
      () => writer.write(packet(10)),
      () => writer.writeInto(packet(10), new Uint8Array(100_000)),
      () => writer.finish(),
      () => writer.maxOutputBytes(1),
    ])
      expect(thrown(run)).toMatchObject({ name: 'TypeError', code: 'ERR_CLOSED' });
  });
});
