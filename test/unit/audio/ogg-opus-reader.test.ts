/** OggOpusReader, OggPageReader, OggOpusDecoder, probeAudio: every Ogg fixture is held to its house verdict, in any cuts. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  OggOpusDecoder,
  type OggOpusPacket,
  OggOpusReader,
  OggOpusWriter,
  OggPageReader,
  OpusDecoder,
  probeAudio,
  readOggOpus,
} from '../../../src/audio/index.js';
import { oggFixtures, thrown } from './helpers.js';

const all = oggFixtures();
const readable = all.filter(([, , house]) => house.result === 'ok' || house.result === 'salvage');
const refused = all.filter(
  ([, , house]) => house.result === 'format-error' || house.result === 'unsupported',
);
const BAD_HEAD = readFileSync(all.find(([name]) => name.includes('bad-head-9-bytes'))?.[1] as string);
const CHAIN = readFileSync(all.find(([name]) => name.includes('chained-mono-then-stereo'))?.[1] as string);

/** Everything that `process` and `flush` give, of pieces of so many bytes. */
function collect<T>(
  reader: { process(chunk: Uint8Array): Iterable<T>; flush(): Iterable<T> },
  bytes: Uint8Array,
  piece: number,
): T[] {
  const found: T[] = [];
  for (let at = 0; at < bytes.length; at += piece) {
    for (const item of reader.process(bytes.subarray(at, at + piece))) found.push(item);
  }
  for (const item of reader.flush()) found.push(item);
  return found;
}

/** As toEqual, which takes half a second for a long array. */
function expectSame<T extends Int16Array | Float32Array>(got: T, wanted: T): void {
  expect(got.length).toBe(wanted.length);
  expect(got.findIndex((sample, i) => !Object.is(sample, wanted[i]))).toBe(-1);
}

/** Everything that push, end and readInto give, through room for so many samples. */
function readAll(decoder: OggOpusDecoder, bytes: Uint8Array, piece: number, room: number): number[] {
  const out = new Int16Array(room);
  const found: number[] = [];
  const read = () => {
    for (let frames = decoder.readInto(out); frames > 0; frames = decoder.readInto(out))
      found.push(...out.subarray(0, frames * (decoder.channels ?? 0)));
  };
  for (let at = 0; at < bytes.length; at += piece) {
    decoder.push(bytes.subarray(at, at + piece));
    read();
  }
  decoder.end();
  read();
  return found;
}

describe('OggOpusReader, OggOpusDecoder and probeAudio deliver', () => {
  test.each(readable)('%s', (_, path, house) => {
    const bytes = readFileSync(path);
    const { samples, links, warnings, frames, channels } = readOggOpus(bytes);
    expect([frames, [...warnings].sort()]).toEqual([house.frames, [...house.warnings].sort()]);
    const info = {
      container: 'ogg',
      encoding: 'opus',
      sampleRateHz: house.rate,
      channels,
      frames,
      durationS: frames / 48_000,
      links,
      warnings,
    };
    expect(probeAudio(path)).toEqual(info);
    expect(probeAudio(bytes)).toEqual(info);

    const reader = new OggOpusReader();
    const packets = collect(reader, bytes, 5000);
    expect(reader.info).toEqual(info);
    const counts = links.map((_, link) =>
      packets.filter((p) => p.link === link).reduce((sum, { begin, end }) => sum + end - begin, 0),
    );
    expect(counts).toEqual(links.map((link) => link.frames));

    const decoder = new OggOpusDecoder();
    expectSame(Int16Array.from(readAll(decoder, bytes, 5000, 5760 * channels)), samples);
    expect(decoder.info).toEqual(info);
    expect(decoder.channels).toBe(channels);
  });
});

describe('OggOpusReader, OggOpusDecoder and probeAudio refuse', () => {
  test.each(refused)('%s', (_, path) => {
    const bytes = readFileSync(path);
    const wanted = thrown(() => readOggOpus(bytes));
    for (const piece of [1000, bytes.length || 1]) {
      const reader = new OggOpusReader();
      const decoder = new OggOpusDecoder();
      for (const run of [
        () => collect(reader, bytes, piece),
        () => reader.flush(), // again
        () => collect(decoder, bytes, piece),
        () => readAll(new OggOpusDecoder(), bytes, piece, 5760 * 8),
      ]) {
        expect(thrown(run)).toMatchObject({
          name: wanted.name,
          code: wanted.code,
          byteOffset: wanted.byteOffset,
          message: wanted.message,
        });
      }
    }
    if (bytes.subarray(0, 4).toString() === 'RIFF') return;
    const probed = thrown(() => probeAudio(path));
    expect(thrown(() => probeAudio(bytes))).toEqual(probed);
    expect(['FormatError', 'UnsupportedError']).toContain(probed.name);
  });
});

describe('OggOpusReader', () => {
  test("gives packets that OpusDecoder turns into readOggOpus's samples", () => {
    const bytes = readFileSync(all.find(([name]) => name.includes('speech-48k-20ms'))?.[1] as string);
    const packets = collect(new OggOpusReader(), bytes, 777);
    const decoder = new OpusDecoder({ sampleRateHz: 48_000 });
    const sound = packets.flatMap((packet) => {
      expect(packet.bytes.length).toBeGreaterThan(0);
      const samples = decoder.decode(packet.bytes);
      expect(samples.length).toBe(packet.samples);
      return [...samples.subarray(packet.begin, packet.end)];
    });
    expectSame(Int16Array.from(sound), readOggOpus(bytes).samples);
    let position = 0;
    for (const packet of packets) {
      expect(packet.position).toBe(position);
      position += packet.end - packet.begin;
    }
  });

  test('hands out what came before an error, and throws it with the next call', () => {
    const bad = Buffer.from(CHAIN);
    const second = bad.lastIndexOf('OpusHead');
    const broken = Buffer.concat([bad.subarray(0, second - 28), pageOf('OpusHead\x7f', 99)]);
    const good = collect(new OggOpusReader(), bad.subarray(0, second - 28), 1e6);
    for (const piece of [100, 1e6]) {
      const reader = new OggOpusReader();
      const found = [];
      let error: unknown;
      try {
        for (let at = 0; at < broken.length; at += piece)
          found.push(...reader.process(broken.subarray(at, at + piece)));
        found.push(...reader.flush());
      } catch (caught) {
        error = caught;
      }
      expect(error).toMatchObject({ code: 'ERR_OPUS_UNSUPPORTED_VERSION' });
      expect(found).toEqual(good);
    }
  });

  test('begins another file with the bytes behind a flush', () => {
    const reader = new OggOpusReader();
    const first = collect(reader, CHAIN, 4096);
    const { info } = reader;
    expect(reader.flush()).toEqual([]);
    expect(reader.info).toEqual(info);
    expect(collect(reader, CHAIN, 333)).toEqual(first);
    expect(reader.info).toEqual(info);
    reader.reset();
    expect(reader.info).toBeUndefined();
    reader.close();
    expect(thrown(() => reader.flush()).code).toBe('ERR_CLOSED');
  });

  test('counts positions beyond 32 bits: 25 hours of 48 kHz', () => {
    const samples = 5760;
    const packet = Uint8Array.of(0xfb, 6); // CELT, 20 ms, code 3: six frames, of no bytes
    const writer = new OggOpusWriter({ channels: 1, preSkip: 0, inputSampleRateHz: 48_000, pageMs: 4000 });
    const room = new Uint8Array(writer.maxOutputBytes(packet.length));
    const reader = new OggOpusReader();
    const count = (25 * 3600 * 48_000) / samples;
    let next = 0;
    const take = (packets: OggOpusPacket[]) => {
      for (const { position } of packets) if (position === next * samples) next++;
    };
    for (let i = 0; i < count; i++) {
      const bytes = writer.writeInto(packet, room);
      if (bytes > 0) take(reader.process(room.subarray(0, bytes)));
    }
    take(reader.process(writer.finish()));
    expect(next).toBe(count);
    expect((count - 1) * samples).toBeGreaterThan(2 ** 32);
  });

  test('gives 2^20 packets a call; more throw, and it is as new', () => {
    const reader = new OggOpusReader();
    const fits = manyPackets(MAX_PARTS);
    expect(reader.process(fits).length + reader.flush().length).toBe(MAX_PARTS);
    const tooMany = manyPackets(MAX_PARTS + 1);
    expect(tooMany.length).toBeGreaterThan(2 ** 21); // 2 MB, of which docs/ogg.md says that they are never too much
    for (let i = 0; i < 2; i++) {
      const error = thrown(() => reader.process(tooMany));
      expect(error).toMatchObject({ name: 'RangeError', code: 'ERR_TOO_LARGE' });
      expect(error.message).toMatch(/1048576 packets .* from its beginning in smaller chunks/);
      expect(reader.info).toBeUndefined();
      expect(reader.flush.bind(reader)).toThrow(); // of nothing
      reader.reset();
    }
    expect(collect(reader, CHAIN, 4096)).toEqual(collect(new OggOpusReader(), CHAIN, 4096));
    reader.reset();
    let count = 0;
    for (let at = 0; at < tooMany.length; at += 2 ** 20)
      count += reader.process(tooMany.subarray(at, at + 2 ** 20)).length;
    expect(count + reader.flush().length).toBe(MAX_PARTS + 1);
  });
});

const MAX_PARTS = 2 ** 20; // of one call

/** So many packets of one byte, 255 a page: the same two pages again and again, and a last one of what is missing. */
function manyPackets(count: number): Buffer {
  const packet = Uint8Array.of(16 << 3); // CELT, 2.5 ms, of nothing
  const writer = new OggOpusWriter({ channels: 1, preSkip: 0, inputSampleRateHz: 48_000, pageMs: 4000 });
  const write = (packets: number) =>
    Buffer.concat(Array.from({ length: packets }, () => writer.write(packet)));
  const last = count % 510;
  const headers = write(1);
  const twoPages = write(510);
  const end = Buffer.concat([write(last - 1), writer.finish()]);
  return Buffer.concat([headers, ...Array<Buffer>((count - last) / 510).fill(twoPages), end]);
}

/** A sound page of one packet of less than 255 bytes that begins a stream. */
function pageOf(packet: string, serial: number, granule = 0n): Buffer {
  const page = Buffer.alloc(28 + packet.length);
  page.write('OggS');
  page[5] = 2;
  page.writeBigInt64LE(granule, 6);
  page.writeUInt32LE(serial, 14);
  page[26] = 1;
  page[27] = packet.length;
  page.write(packet, 28, 'latin1');
  let crc = 0;
  for (const byte of page) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? 0x04c11db7 : 0);
  }
  page.writeInt32LE(crc, 22);
  return page;
}

describe('OggPageReader', () => {
  test('gives the pages as they are, what is between them left out', () => {
    const junk = Buffer.from('OggS is no page');
    const reader = new OggPageReader();
    const pages = collect(reader, Buffer.concat([junk, CHAIN, junk]), 501);
    expect(Buffer.concat(pages.map(({ bytes }) => bytes))).toEqual(CHAIN);
    expect([...reader.warnings].sort()).toEqual(['junk-before-first-page', 'truncated']);
    const links = probeAudio(CHAIN);
    if (links.container !== 'ogg') throw new Error('not Ogg');
    const serials = links.links.map(({ serial }) => serial);
    expect(pages.filter(({ first }) => first).map(({ serial }) => serial)).toEqual(serials);
    expect(pages.filter(({ last }) => last).map(({ serial }) => serial)).toEqual(serials);
    for (const { bytes, granule } of pages)
      expect(granule).toBe(Number(Buffer.from(bytes).readBigInt64LE(6)));
    expect(collect(reader, CHAIN, 8192).length).toBe(pages.length); // another file
    expect(reader.warnings).toEqual([]);
    reader.close();
    expect(thrown(() => reader.warnings).code).toBe('ERR_CLOSED');
  });

  test('gives granules of 64 bits with their sign', () => {
    const granules = [
      -1n,
      2n ** 31n,
      2n ** 32n - 1n,
      2n ** 32n,
      2n ** 53n - 1n,
      1n - 2n ** 53n,
      -(2n ** 63n),
    ];
    const file = Buffer.concat(granules.map((granule) => pageOf('any', 2 ** 32 - 1, granule)));
    const pages = collect(new OggPageReader(), file, 50);
    expect(pages.map(({ granule }) => granule)).toEqual(granules.map(Number));
    for (const { serial } of pages) expect(serial).toBe(2 ** 32 - 1);
  });

  test('gives 2^20 pages a call; more throw, and it is as new', () => {
    const page = pageOf('', 7);
    const tooMany = Buffer.alloc((MAX_PARTS + 1) * page.length, page);
    const reader = new OggPageReader();
    expect(reader.process(tooMany.subarray(page.length)).length).toBe(MAX_PARTS);
    reader.process(Buffer.from('junk'));
    const error = thrown(() => reader.process(tooMany));
    expect(error).toMatchObject({ name: 'RangeError', code: 'ERR_TOO_LARGE' });
    expect(error.message).toMatch(/1048576 pages .* from its beginning in smaller chunks/);
    expect(reader.warnings).toEqual([]);
    expect(reader.process(tooMany.subarray(0, 1000 * page.length)).length).toBe(1000);
    expect(reader.flush()).toEqual([]);
  });

  test('throws for no bytes', () => {
    const reader = new OggPageReader();
    expect(collect(reader, Buffer.from('no Ogg at all'), 3)).toEqual([]);
    expect(reader.warnings).toEqual(['junk-before-first-page']);
  });
});

describe('OggOpusDecoder', () => {
  test('process and readInto give the same, in any room, of any kind of sample', () => {
    const { samples } = readOggOpus(CHAIN, { channels: 2 });
    for (const [piece, room] of [
      [100, 2],
      [4096, 5],
      [1e6, 50_000],
    ] as const) {
      const decoder = new OggOpusDecoder({ channels: 2 });
      expectSame(Int16Array.from(collect(decoder, CHAIN, piece)), samples);
      expectSame(Int16Array.from(readAll(decoder, CHAIN, piece, room)), samples);
    }
    const floats = new OggOpusDecoder<'float32'>({ sample: 'float32', channels: 2 });
    const sound = collect(floats, CHAIN, 1000);
    expectSame(Float32Array.from(sound), readOggOpus(CHAIN, { sample: 'float32', channels: 2 }).samples);
  });

  test('refuses a chunk before the last one was read to its end, and room for less than a frame', () => {
    const decoder = new OggOpusDecoder({ channels: 2 });
    decoder.push(CHAIN);
    for (const call of [
      () => decoder.push(CHAIN),
      () => decoder.end(),
      () => decoder.process(CHAIN),
      () => decoder.flush(),
    ])
      expect(thrown(call)).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_STATE' });
    expect(thrown(() => decoder.readInto(new Int16Array(1)))).toMatchObject({ code: 'ERR_OUTPUT_TOO_SMALL' });
    expect(decoder.readInto(new Int16Array(7))).toBe(3);
    decoder.reset();
    expect(decoder.readInto(new Int16Array(100))).toBe(0);
    expect(readAll(decoder, CHAIN, 1e6, 1000).length).toBe(2 * readOggOpus(CHAIN).frames);
  });

  test('throws an error that readInto came upon again, whatever is called next, until reset', () => {
    const broken = Buffer.concat([CHAIN, BAD_HEAD]);
    const decoder = new OggOpusDecoder({ channels: 2 });
    const error = { name: 'FormatError', code: 'ERR_OPUS_BAD_HEAD' };
    expect(thrown(() => readAll(decoder, broken, 1e6, 1000))).toMatchObject(error);
    for (const call of [
      () => decoder.readInto(new Int16Array(100)),
      () => decoder.process(CHAIN),
      () => decoder.flush(),
    ])
      expect(thrown(call)).toMatchObject(error);
    decoder.push(CHAIN);
    expect(thrown(() => decoder.readInto(new Int16Array(100)))).toMatchObject(error);
    decoder.end();
    expect(thrown(() => decoder.readInto(new Int16Array(100)))).toMatchObject(error);
    decoder.reset();
    expect(readAll(decoder, CHAIN, 1e6, 1000).length).toBe(2 * readOggOpus(CHAIN).frames);
  });

  test('refuses what is no option', () => {
    for (const [options, name, code] of [
      [{ startS: -1 }, 'RangeError', 'ERR_INVALID_OPTION'],
      [{ startS: Infinity }, 'RangeError', 'ERR_INVALID_OPTION'],
      [{ startS: 2, endS: 1 }, 'RangeError', 'ERR_INVALID_OPTION'],
      [{ endS: NaN }, 'RangeError', 'ERR_INVALID_OPTION'],
      [{ startS: '1' }, 'TypeError', 'ERR_INVALID_ARG'],
      [{ channels: 0 }, 'RangeError', 'ERR_INVALID_CHANNELS'],
      [{ sample: 'int24' }, 'RangeError', 'ERR_INVALID_ARG'],
    ] as const) {
      expect(thrown(() => new OggOpusDecoder(options as never))).toMatchObject({ name, code });
      expect(thrown(() => readOggOpus(CHAIN, options as never))).toMatchObject({ name, code });
    }
  });
});
