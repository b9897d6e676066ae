// The Opus streams: what goes through them, to the sample. How they behave as streams: contract suite; beside other people's
// streams: opus-peers.test.ts.
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type OggOpusAudio,
  OggOpusReader,
  OpusDecoder,
  OpusEncoder,
  type OpusFrameMs,
  readOggOpus,
  writeOggOpus,
} from '../../../src/audio/index.js';
import {
  OggOpusDemuxer,
  OggOpusMuxer,
  OpusDecoderStream,
  OpusEncoderStream,
  type OpusPacketBuffer,
} from '../../../src/streams/index.js';
import { oggFixtures, sine, toInt16 } from '../audio/helpers.js';

const bytesOf = (samples: Int16Array | Float32Array): Buffer =>
  Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
const tone = (frames: number, channels = 1): Int16Array => toInt16(sine(frames, 300, 48_000, channels));

function cut(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
}

async function packetsOf(ogg: Buffer, size = 997): Promise<OpusPacketBuffer[]> {
  return Readable.from(cut(ogg, size)).pipe(new OggOpusDemuxer()).toArray();
}

async function mux(packets: Uint8Array[], options = {}): Promise<Buffer> {
  return buffer(Readable.from(packets).pipe(new OggOpusMuxer({ channels: 1, serial: 7, ...options })));
}

const decode = (packets: Uint8Array[], options = {}): Promise<Buffer> =>
  buffer(Readable.from(packets).pipe(new OpusDecoderStream(options)));

/** Packets of sound without any word of what counts, as they come over a line. */
function barePackets(count: number, channels = 1, options = {}): Buffer[] {
  using encoder = new OpusEncoder({ sampleRateHz: 48_000, channels, ...options });
  const { frameSamples } = encoder;
  const sound = tone((count * frameSamples) / channels, channels);
  return Array.from({ length: count }, (_, i) =>
    Buffer.from(encoder.encode(sound.subarray(i * frameSamples, (i + 1) * frameSamples))),
  );
}

async function failure(run: Promise<unknown>): Promise<Error & { code?: string }> {
  return run.then(
    () => {
      throw new Error('nothing was thrown');
    },
    (error) => error,
  );
}

describe('OggOpusDemuxer', () => {
  it('gives the packets of OggOpusReader, as Buffers with their facts', async () => {
    const ogg = Buffer.from(writeOggOpus(tone(50_000), { sampleRateHz: 48_000, serial: 7 }));
    using reader = new OggOpusReader();
    const expected = [...reader.process(ogg), ...reader.flush()];
    const packets = await packetsOf(ogg);
    expect(
      packets.map(({ samples, begin, end, link, position, channels, gainDb }) => ({
        ...{ samples, begin, end, link, position, channels, gainDb },
      })),
    ).toEqual(expected.map(({ bytes, ...facts }) => facts));
    expect(
      packets.every((packet, i) => Buffer.isBuffer(packet) && packet.equals(expected[i]?.bytes ?? packet)),
    ).toBe(true);
    expect(packets.reduce((sum, { begin, end }) => sum + end - begin, 0)).toBe(50_000);
  });

  it('tells what it found, and still after its end', async () => {
    const ogg = writeOggOpus(tone(4800), { sampleRateHz: 48_000, tags: { TITLE: 'Call 17' } });
    const demuxer = new OggOpusDemuxer();
    expect(demuxer.info).toBeUndefined();
    demuxer.end(ogg);
    await demuxer.toArray();
    expect(demuxer.info).toMatchObject({
      frames: 4800,
      links: [{ comments: ['TITLE=Call 17'], preSkip: 312 }],
    });
  });

  it('hands out the packets before an error, then is destroyed with it', async () => {
    const demuxer = new OggOpusDemuxer();
    demuxer.end('RIFF and no Ogg at all');
    expect((await failure(demuxer.toArray())).code).toMatch(/^ERR_/);
  });
});

describe('OggOpusMuxer and OggOpusDemuxer', () => {
  const files = oggFixtures().filter(
    ([, path, { result, channels }]) => result === 'ok' && channels <= 2 && !path.includes('family1'),
  );

  it('have files to try', () => expect(files.length).toBeGreaterThan(5));

  it.each(files)('put together what was taken apart, to the sample: %s', async (_, path, truth) => {
    const ogg = readFileSync(path);
    const again = await mux(await packetsOf(ogg), { channels: truth.channels });
    const [before, after] = [readOggOpus(ogg), readOggOpus(again)];
    expect(after.frames).toBe(before.frames);
    expect(
      after.warnings.filter((warning) => !['no-audio', 'preskip-exceeds-audio'].includes(warning)),
    ).toEqual([]);
    // Where nothing is heard the packets do not tell how long the pre-skip was.
    const heard = ({ links }: OggOpusAudio) =>
      links.filter(({ frames }) => frames > 0).map(({ frames, preSkip }) => ({ frames, preSkip }));
    expect(heard(after)).toEqual(heard(before));
    if (before.links.every(({ gainDb, channels }) => gainDb === 0 && channels === truth.channels))
      expect(bytesOf(after.samples).equals(bytesOf(before.samples))).toBe(true);
  });
});

describe('OggOpusMuxer', () => {
  it('writes packets that say nothing as OggOpusWriter does, all of them counting behind a pre-skip of 312', async () => {
    const packets = barePackets(10, 2);
    const { frames, links, warnings } = readOggOpus(await mux(packets, { channels: 2 }));
    expect({ frames, warnings }).toEqual({ frames: 10 * 960 - 312, warnings: [] });
    expect(links).toMatchObject([{ preSkip: 312, inputSampleRateHz: 48_000, serial: 7, channels: 2 }]);
  });

  it('goes on with packets that say nothing, and begins a link for those of another', async () => {
    const bare = barePackets(4);
    const saying = await packetsOf(await mux(bare));
    const others = saying.map((packet) => Object.assign(Buffer.from(packet), { link: 1 }));
    const { links } = readOggOpus(
      await mux([bare[0] as Buffer, ...saying, ...bare, ...others], { preSkip: 312 }),
    );
    expect(links.map(({ frames, serial }) => [frames, serial])).toEqual([
      [9 * 960 - 312, 7],
      [4 * 960 - 312, 8],
    ]);
  });

  it('makes a file of 0 samples of no packets', async () => {
    expect(readOggOpus(await mux([]))).toMatchObject({ frames: 0 });
  });

  it.each([2.5, 10, 20, 60, 120] as OpusFrameMs[])(
    'holds the place of lost packets of %s ms',
    async (frameMs) => {
      const packets = barePackets(6, 1, { frameMs });
      const lost = packets.map((packet, i) => (i === 2 || i === 3 ? Buffer.alloc(0) : packet));
      const { frames, warnings } = readOggOpus(await mux(lost, { preSkip: 0 }));
      expect({ frames, warnings }).toEqual({ frames: 6 * 48 * frameMs, warnings: [] });
    },
  );

  it('keeps nothing of memory that was given back to who wrote it', async () => {
    // Of packets of 2.5 ms the first two lie within the pre-skip, and are held.
    const pcm = Readable.from([bytesOf(tone(4800))]);
    const said: OpusPacketBuffer[] = await pcm
      .pipe(new OpusEncoderStream({ sampleRateHz: 48_000, frameMs: 2.5 }))
      .toArray();
    const bare = barePackets(3, 1, { frameMs: 40 });
    for (const packets of [said, [...bare, Buffer.alloc(0)]]) {
      const muxer = new OggOpusMuxer({ channels: 1, serial: 7 });
      const pages = buffer(muxer);
      const memory = Buffer.alloc(2000);
      for (const packet of packets) {
        const lent = Object.assign(memory.subarray(0, packet.length), packet); // its bytes, and what it says
        await new Promise((taken) => muxer.write(lent, taken));
        memory.fill(0xff);
      }
      muxer.end();
      expect((await pages).equals(await mux(packets))).toBe(true);
    }
  });

  it('takes a lost packet before any other for 20 ms', async () => {
    const file = readOggOpus(await mux([Buffer.alloc(0), ...barePackets(1)], { preSkip: 0 }));
    expect(file).toMatchObject({ frames: 2 * 960, warnings: [] });
  });

  it('keeps a pre-skip that is longer than a packet', async () => {
    const packets = await packetsOf(await mux(barePackets(10), { preSkip: 3840 }));
    expect(packets.slice(0, 5).map(({ begin, end }) => end - begin)).toEqual([0, 0, 0, 0, 960]);
    const { frames, links } = readOggOpus(await mux(packets));
    expect({ frames, preSkip: links[0]?.preSkip }).toEqual({ frames: 6 * 960, preSkip: 3840 });
  });

  it('keeps a pre-skip of 0', async () => {
    const packets = await packetsOf(await mux(barePackets(10), { preSkip: 0 }));
    expect(readOggOpus(await mux(packets))).toMatchObject({ frames: 9600, links: [{ preSkip: 0 }] });
  });

  it('refuses what is no packet', async () => {
    const error = await failure(mux([Uint8Array.of(0xff)]));
    expect(error).toMatchObject({ name: 'FormatError', code: 'ERR_OPUS_BAD_PACKET' });
  });

  it('says that Ogg is no packet', async () => {
    const error = await failure(mux([Buffer.from(writeOggOpus(tone(960), { sampleRateHz: 48_000 }))]));
    expect(error.message).toMatch(/Ogg file: put OggOpusDemuxer before it/);
  });

  it('finds mistakes in its options when it is made', () => {
    expect(() => new OggOpusMuxer({ channels: 9 })).toThrow(RangeError);
    expect(() => new OggOpusMuxer({ channels: 2, pageMs: -1 })).toThrow(/pageMs/);
    expect(() => new OggOpusMuxer({ channels: 2, serial: '7' as never })).toThrow(TypeError);
    expect(() => new OggOpusMuxer(null as never)).toThrow(/options/);
  });
});

describe('OpusEncoderStream and OpusDecoderStream', () => {
  const rates = fc.constantFrom(8000, 12_000, 16_000, 24_000, 48_000);
  const durations = fc.constantFrom<OpusFrameMs>(2.5, 5, 10, 20, 40, 60, 80, 100, 120);

  it('give back as many frames as were written, at any rate, duration and cut', async () => {
    const lengths = fc.integer({ min: 0, max: 9000 });
    const property = fc.asyncProperty(
      rates,
      durations,
      fc.constantFrom(1, 2),
      lengths,
      fc.integer({ min: 1, max: 5000 }),
      async (sampleRateHz, frameMs, channels, frames, size) => {
        const input = bytesOf(tone(frames, channels));
        const encoder = new OpusEncoderStream({ sampleRateHz, frameMs, channels, complexity: 0 });
        const packets = await Readable.from(cut(input, size)).pipe(encoder).toArray();
        const output = await decode(packets, { sampleRateHz, channels });
        expect(output.length).toBe(input.length);
        const file = readOggOpus(await mux(packets, { channels }));
        expect(file.frames).toBe((frames * 48_000) / sampleRateHz);
      },
    );
    await fc.assert(property, { numRuns: 60 });
  });

  it('give back the sound, in place', async () => {
    const input = tone(48_000);
    const encoder = new OpusEncoderStream({ sampleRateHz: 48_000, application: 'audio', bitrate: 96_000 });
    encoder.end(bytesOf(input));
    const output = await decode(await encoder.toArray());
    const heard = new Int16Array(output.buffer, output.byteOffset, output.length / 2);
    let [signal, noise] = [0, 0];
    for (let i = 4800; i < 43_200; i++) {
      signal += (input[i] as number) ** 2;
      noise += ((input[i] as number) - (heard[i] as number)) ** 2;
    }
    expect(10 * Math.log10(signal / noise)).toBeGreaterThan(25); // two samples off, it would be 22 dB
  });

  it.each([
    ['rate', { sampleRateHz: 44_100 }, 'ERR_INVALID_RATE'],
    ['channel count', { sampleRateHz: 48_000, channels: 9 }, 'ERR_INVALID_CHANNELS'],
    ['encoding', { sampleRateHz: 48_000, encoding: 's24le' }, 'ERR_INVALID_ARG'],
  ])('refuse a wrong %s when they are made', (_, options, code) => {
    expect(() => new OpusEncoderStream(options as never)).toThrow(expect.objectContaining({ code }));
    expect(() => new OpusDecoderStream(options as never)).toThrow(expect.objectContaining({ code }));
  });

  it('refuse samples that end amid a frame', async () => {
    const encoder = new OpusEncoderStream({ sampleRateHz: 48_000, channels: 2 });
    encoder.end(Buffer.alloc(4 * 960 + 2));
    expect(await failure(encoder.toArray())).toMatchObject({ code: 'ERR_INVALID_LENGTH' });
  });

  it('speak float32 on both sides', async () => {
    const input = sine(4800, 300, 48_000);
    const encoder = new OpusEncoderStream({ sampleRateHz: 48_000, encoding: 'f32le' });
    encoder.end(bytesOf(input));
    const output = await decode(await encoder.toArray(), { encoding: 'f32le' });
    const heard = new Float32Array(output.buffer, output.byteOffset, output.length / 4);
    expect(heard.length).toBe(4800);
    expect(Math.max(...heard)).toBeGreaterThan(0.4);
    expect(Math.max(...heard)).toBeLessThan(0.7);
  });
});

describe('OggOpusDemuxer and OpusDecoderStream', () => {
  const files = oggFixtures().filter(
    ([, path, { result, channels }]) =>
      (result === 'ok' || result === 'salvage') && channels <= 2 && !/family1|then|mode/.test(path),
  );

  it('have files with a gain to try', () =>
    expect(files.filter(([, , { gain_q8 }]) => gain_q8 !== 0).length).toBeGreaterThan(1));

  it.each(files)('give the samples of readOggOpus, gain and all: %s', async (_, path, { channels }) => {
    const ogg = readFileSync(path);
    const decoded = await decode(await packetsOf(ogg), { channels });
    expect(decoded.equals(bytesOf(readOggOpus(ogg).samples))).toBe(true);
  });

  it('keep the gain of each link, through OggOpusMuxer as well', async () => {
    const [soft, loud] = [await packetsOf(await mux(barePackets(5), { gainDb: -6 })), barePackets(5)];
    const chain = Buffer.concat([await mux(soft), await mux(loud, { serial: 9, gainDb: 3.5 })]);
    expect(readOggOpus(chain).links.map(({ gainDb }) => gainDb)).toEqual([-6, 3.5]);
    expect((await decode(await packetsOf(chain))).equals(bytesOf(readOggOpus(chain).samples))).toBe(true);
    const again = readOggOpus(await mux(await packetsOf(chain)));
    expect(again.links.map(({ gainDb }) => gainDb)).toEqual([-6, 3.5]);
  });

  it("add the caller's gain to the file's", async () => {
    const packets = barePackets(5, 1, { application: 'audio' });
    const [plain, soft] = [
      await packetsOf(await mux(packets)),
      await packetsOf(await mux(packets, { gainDb: -6 })),
    ];
    expect((await decode(soft, { gainDb: 6 })).equals(await decode(plain))).toBe(true);
    expect((await decode(soft, { gainDb: -3 })).equals(await decode(plain, { gainDb: -9 }))).toBe(true);
  });

  it('refuse packets of surround sound without a layout', async () => {
    const ogg = Buffer.from(writeOggOpus(tone(4800, 3), { sampleRateHz: 48_000, channels: 3 }));
    expect(await failure(decode(await packetsOf(ogg)))).toMatchObject({
      name: 'UnsupportedError',
      code: 'ERR_OPUS_UNSUPPORTED_MAPPING',
    });
  });
});

describe('OpusDecoderStream', () => {
  it('decodes packets that say nothing whole', async () => {
    const packets = barePackets(5, 2);
    using decoder = new OpusDecoder({ sampleRateHz: 48_000, channels: 2 });
    const expected = Buffer.concat(packets.map((packet) => bytesOf(decoder.decode(packet))));
    expect((await decode(packets, { channels: 2 })).equals(expected)).toBe(true);
  });

  it('decodes a lost packet from the one behind it, and conceals those before', async () => {
    const packets = barePackets(8, 1, { fec: true, packetLossPercent: 30, signal: 'voice', bitrate: 32_000 });
    const none = Buffer.alloc(0);
    using decoder = new OpusDecoder({ sampleRateHz: 16_000 });
    const [a, b, , , e] = packets as [Buffer, Buffer, Buffer, Buffer, Buffer];
    const expected = [
      decoder.decode(a),
      decoder.decode(b),
      decoder.conceal(320),
      decoder.decodeFec(e, 320),
      decoder.decode(e),
      decoder.conceal(320),
    ];
    const output = await decode([a, b, none, none, e, none], { sampleRateHz: 16_000 });
    expect(output.equals(Buffer.concat(expected.map(bytesOf)))).toBe(true);
  });

  it('gives the samples of a chain, each link decoded anew', async () => {
    const part = (serial: number) => Buffer.from(writeOggOpus(tone(9600), { sampleRateHz: 48_000, serial }));
    const chain = Buffer.concat([part(1), part(2)]);
    expect((await decode(await packetsOf(chain))).equals(bytesOf(readOggOpus(chain).samples))).toBe(true);
  });

  it('takes short packets that begin like Ogg', async () => {
    // 'O': SILK, 20 ms, a number of frames in the next byte; that one has no bytes.
    expect(await decode([Uint8Array.of(0x4f, 1)])).toHaveLength(960 * 2);
    expect(await failure(decode([Uint8Array.of(0x4f)]))).toMatchObject({ code: 'ERR_OPUS_BAD_PACKET' });
  });

  it('refuses what is no packet', async () => {
    expect(await failure(decode([Uint8Array.of(0xff)]))).toMatchObject({ code: 'ERR_OPUS_BAD_PACKET' });
    await expect(pipeline(Readable.from([{ packet: 1 }]), new OpusDecoderStream())).rejects.toMatchObject({
      name: 'TypeError',
      code: 'ERR_INVALID_ARG',
    });
  });
});
