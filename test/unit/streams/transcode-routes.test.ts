// transcode from everything to everything, against the functions that do the same with the whole. How it behaves as a stream,
// and one native pass where neither side is Opus: transcode.test.ts.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  convertSamples,
  encodeMulaw,
  OggOpusDemuxer,
  OggOpusMuxer,
  type OggOpusPacket,
  OggOpusReader,
  OpusDecoderStream,
  type OpusPacketBuffer,
  readOggOpus,
  readWav,
  resample,
  type TranscodeOptions,
  type TranscodeRoute,
  transcode,
  WavWriter,
  writeOggOpus,
  writeWav,
} from '../../../src/index.js';
import { fixture, fixtures } from '../audio/helpers.js';
import { runTool, withTools } from '../audio/ogg-tools.js';
import { expectBytes, outputOf, streamContract } from './contract.js';
import { bytesOf } from './sound.js';

const oggFixture = (name: string): Buffer => readFileSync(join(fixtures, 'ogg', name));
const buffers = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

/** What is written in chunks of an odd size, or packet by packet. */
function chunksOf(source: Uint8Array | Uint8Array[]): Uint8Array[] {
  if (Array.isArray(source)) return source;
  return Array.from({ length: Math.ceil(source.length / 997) }, (_, i) =>
    source.subarray(i * 997, (i + 1) * 997),
  );
}

const run = (route: TranscodeRoute, source: Uint8Array | Uint8Array[]): Promise<Buffer> =>
  outputOf(transcode(route), chunksOf(source));

async function packetsIn(ogg: Uint8Array): Promise<OpusPacketBuffer[]> {
  return Readable.from([ogg]).pipe(new OggOpusDemuxer()).toArray();
}

function readPackets(ogg: Uint8Array): OggOpusPacket[] {
  using reader = new OggOpusReader();
  return [...reader.process(ogg), ...reader.flush()];
}

// ---- The sources, and what they hold

const WAV = { container: 'wav' } as const;
const OGG = { container: 'ogg' } as const;
const PACKETS = { container: 'packets' } as const;
const wavFile = fixture('speech-16k-mono-s16.wav');
const wav = readWav(wavFile);
const ALAW = { encoding: 'alaw', sampleRateHz: 8000, channels: 2 } as const;
const alawFile = fixture('speech-8k-stereo-alaw.wav');
const alaw = alawFile.subarray(alawFile.length - readWav(alawFile).frames * 2);
/** Its channels' mean. */
const line = new Int16Array(
  convertSamples(alaw, { from: 'alaw', to: 's16le', channels: 2, toChannels: 1 }).buffer,
);
const oggFile = oggFixture('speech-16k-20ms-vbr-opusenc.opus');
const { samples: opus } = readOggOpus(oggFile);
const { samples: opusFloats } = readOggOpus(oggFile, { sample: 'float32' });
const packets = await packetsIn(oggFile);

/** Through streams, packet by packet: another way to the same samples. */
const decoded = (sampleRateHz: number, encoding: 's16le' | 'f32le' = 's16le'): Promise<Buffer> =>
  buffer(Readable.from(packets).pipe(new OpusDecoderStream({ sampleRateHz, encoding })));
const asInt16 = (bytes: Buffer): Int16Array => new Int16Array(Uint8Array.from(bytes).buffer);

function streamedWav(samples: Int16Array, sampleRateHz: number): Buffer {
  using writer = new WavWriter({ sampleRateHz });
  return Buffer.concat([writer.process(samples), writer.flush()]);
}

const CODEC = { bitrate: 24_000, content: 'voice' } as const;
const oggOf = (samples: Int16Array | Float32Array, sampleRateHz: number): Buffer =>
  buffers(writeOggOpus(samples, { ...CODEC, sampleRateHz, serial: 7 }));
const packetsOf = (ogg: Uint8Array): Buffer => Buffer.concat(readPackets(ogg).map(({ bytes }) => bytes));

const TO_OGG = { ...OGG, ...CODEC, serial: 7 } as const;
const TO_PACKETS = { ...PACKETS, ...CODEC } as const;
const TO_LINE = { encoding: 'mulaw', sampleRateHz: 8000 } as const;
const TO_WAV = { ...WAV, sampleRateHz: 24_000 } as const;

type Case = [name: string, route: TranscodeRoute, source: Uint8Array | Uint8Array[], expected: () => unknown];
const cases: Case[] = [
  [
    'a WAV to a telephone line',
    { from: WAV, to: TO_LINE },
    wavFile,
    () => encodeMulaw(resample(wav.samples, { fromHz: 16_000, toHz: 8000 })),
  ],
  [
    'a WAV to a WAV',
    { from: WAV, to: TO_WAV },
    wavFile,
    () => streamedWav(resample(wav.samples, { fromHz: 16_000, toHz: 24_000 }), 24_000),
  ],
  ['a WAV to Ogg Opus', { from: WAV, to: TO_OGG }, wavFile, () => oggOf(wav.samples, 16_000)],
  ['a WAV to packets', { from: WAV, to: TO_PACKETS }, wavFile, () => packetsOf(oggOf(wav.samples, 16_000))],
  [
    'G.711 to raw samples',
    { from: ALAW, to: { encoding: 's16le', sampleRateHz: 24_000 } },
    alaw,
    () => bytesOf(resample(line, { fromHz: 8000, toHz: 24_000 })),
  ],
  [
    'G.711 to a WAV',
    { from: ALAW, to: TO_WAV },
    alaw,
    () => streamedWav(resample(line, { fromHz: 8000, toHz: 24_000 }), 24_000),
  ],
  ['G.711 to Ogg Opus', { from: ALAW, to: TO_OGG }, alaw, () => oggOf(line, 8000)],
  ['G.711 to packets', { from: ALAW, to: TO_PACKETS }, alaw, () => packetsOf(oggOf(line, 8000))],
  [
    'samples at 22.05 kHz to packets',
    { from: { encoding: 's16le', sampleRateHz: 22_050 }, to: TO_PACKETS },
    bytesOf(wav.samples),
    () => packetsOf(oggOf(resample(wav.samples, { fromHz: 22_050, toHz: 24_000 }), 24_000)),
  ],
  [
    'Ogg Opus to raw samples at 48 kHz',
    { from: OGG, to: { encoding: 's16le', sampleRateHz: 48_000 } },
    oggFile,
    () => bytesOf(opus),
  ],
  [
    'Ogg Opus to raw samples at 44.1 kHz',
    { from: OGG, to: { encoding: 'f32le', sampleRateHz: 44_100 } },
    oggFile,
    () => bytesOf(resample(opusFloats, { fromHz: 48_000, toHz: 44_100 })),
  ],
  ...[8000, 12_000, 16_000, 24_000].map(
    (sampleRateHz): Case => [
      `Ogg Opus to raw samples at ${sampleRateHz} Hz`,
      { from: OGG, to: { encoding: 'f32le', sampleRateHz } },
      oggFile,
      () => decoded(sampleRateHz, 'f32le'),
    ],
  ),
  [
    'Ogg Opus to a telephone line',
    { from: OGG, to: TO_LINE },
    oggFile,
    async () => encodeMulaw(asInt16(await decoded(8000))),
  ],
  [
    'Ogg Opus to a WAV',
    { from: OGG, to: TO_WAV },
    oggFile,
    async () => streamedWav(asInt16(await decoded(24_000)), 24_000),
  ],
  [
    'Ogg Opus to Ogg Opus, passed on',
    { from: OGG, to: { ...OGG, serial: 7 } },
    oggFile,
    () =>
      buffer(
        Readable.from(packets).pipe(new OggOpusMuxer({ serial: 7, inputSampleRateHz: 16_000, ...tags })),
      ),
  ],
  ['Ogg Opus to Ogg Opus, encoded anew', { from: OGG, to: TO_OGG }, oggFile, () => oggOf(opusFloats, 48_000)],
  ['Ogg Opus to packets, passed on', { from: OGG, to: PACKETS }, oggFile, () => packetsOf(oggFile)],
  [
    'Ogg Opus to packets, encoded anew',
    { from: OGG, to: TO_PACKETS },
    oggFile,
    () => packetsOf(oggOf(opusFloats, 48_000)),
  ],
  [
    'packets to raw samples',
    { from: PACKETS, to: { encoding: 's16le', sampleRateHz: 48_000 } },
    packets,
    () => bytesOf(opus),
  ],
  [
    'packets to raw samples at 22.05 kHz',
    { from: PACKETS, to: { encoding: 's16le', sampleRateHz: 22_050 } },
    packets,
    () => bytesOf(resample(opus, { fromHz: 48_000, toHz: 22_050 })),
  ],
  [
    'packets to a WAV',
    { from: PACKETS, to: TO_WAV },
    packets,
    async () => streamedWav(asInt16(await decoded(24_000)), 24_000),
  ],
  [
    'packets to Ogg Opus, passed on',
    { from: PACKETS, to: { ...OGG, serial: 7 } },
    packets,
    () => buffer(Readable.from(packets).pipe(new OggOpusMuxer({ serial: 7 }))),
  ],
  [
    'packets to Ogg Opus, encoded anew',
    { from: PACKETS, to: TO_OGG },
    packets,
    () => oggOf(opusFloats, 48_000),
  ],
  ['packets to packets, passed on', { from: PACKETS, to: PACKETS }, packets, () => Buffer.concat(packets)],
  [
    'packets to packets, encoded anew',
    { from: PACKETS, to: TO_PACKETS },
    packets,
    () => packetsOf(oggOf(opusFloats, 48_000)),
  ],
];
const tags = { tags: tagsOf(readOggOpus(oggFile).links[0]?.comments ?? []) };

function tagsOf(comments: string[]): Record<string, string> {
  return Object.fromEntries(comments.map((comment) => comment.split('=') as [string, string]));
}

describe('transcode', () => {
  it.each(cases)('makes of %s what the functions make', async (_, route, source, expected) => {
    const wanted = (await expected()) as Uint8Array;
    expect(wanted.length).toBeGreaterThan(1000);
    expectBytes(await run(route, source), wanted);
  });

  it('gives packets that say what of them counts', async () => {
    const made = await Readable.from(chunksOf(wavFile))
      .pipe(transcode({ from: WAV, to: TO_PACKETS }))
      .toArray();
    const facts = readPackets(oggOf(wav.samples, 16_000)).map(({ bytes, ...rest }) => rest);
    expect(
      made.map(({ samples, begin, end, link, position, channels, gainDb }: OpusPacketBuffer) => ({
        ...{ samples, begin, end, link, position, channels, gainDb },
      })),
    ).toEqual(facts);
  });

  it('keeps the channels of each source, and says which', async () => {
    const stereo = fixture('speech-44k1-stereo-s16.wav');
    const toOgg = transcode({ from: WAV, to: { ...OGG, ...CODEC, serial: 7 }, channels: 'keep' });
    const ogg = await outputOf(toOgg, chunksOf(stereo));
    const { samples } = readWav(stereo);
    expectBytes(ogg, writeOggOpus(samples, { ...CODEC, sampleRateHz: 44_100, channels: 2, serial: 7 }));
    const toRaw = transcode({ from: OGG, to: { encoding: 's24le', sampleRateHz: 44_100 }, channels: 'keep' });
    expect(toRaw.outputFormat).toBeUndefined();
    const told: unknown[] = [];
    toRaw.on('format', (format) => told.push(format, toRaw.readableLength));
    const raw = await outputOf(toRaw, chunksOf(ogg));
    expect(told).toEqual([{ container: 'raw', encoding: 's24le', sampleRateHz: 44_100, channels: 2 }, 0]);
    const at48 = Math.ceil(((samples.length / 2) * 48_000) / 44_100);
    expect(raw.length).toBe(Math.ceil((at48 * 44_100) / 48_000) * 6);
  });

  it('mixes surround sound, and keeps it', async () => {
    const ogg = oggFixture('multichannel-6ch-family1.opus');
    const to = { encoding: 's16le', sampleRateHz: 48_000 } as const;
    expectBytes(await run({ from: OGG, to }, ogg), bytesOf(readOggOpus(ogg, { channels: 1 }).samples));
    expectBytes(await run({ from: OGG, to, channels: 'keep' }, ogg), bytesOf(readOggOpus(ogg).samples));
    const low = await run({ from: OGG, to: { ...to, sampleRateHz: 16_000 }, channels: 'keep' }, ogg);
    expect(low.length).toBe(Math.ceil(readOggOpus(ogg).frames / 3) * 12);
    await expect(run({ from: OGG, to: OGG }, ogg)).rejects.toMatchObject({
      name: 'UnsupportedError',
      code: 'ERR_OPUS_UNSUPPORTED_MAPPING',
    });
    expect(readOggOpus(await run({ from: OGG, to: { ...OGG, bitrate: 24_000 } }, ogg))).toMatchObject({
      channels: 1,
      frames: readOggOpus(ogg).frames,
    });
  });

  it.each([
    'chained-mono-then-stereo.opus',
    'chained-three-mono.opus',
    'gain-minus6db.opus',
    'crc-bad-one-page.opus',
  ])('passes on %s from Ogg to Ogg: the same samples, tags and gains', async (name) => {
    const ogg = oggFixture(name);
    const [before, after] = [readOggOpus(ogg), readOggOpus(await run({ from: OGG, to: OGG }, ogg))];
    expect(after.warnings).toEqual([]);
    expect(bytesOf(after.samples).equals(bytesOf(before.samples))).toBe(true);
    const heads = ({ links }: typeof before) =>
      links.map(({ channels, frames, preSkip, gainDb, inputSampleRateHz, comments }) => ({
        ...{ channels, frames, preSkip, gainDb, inputSampleRateHz, comments },
      }));
    expect(heads(after)).toEqual(heads(before));
  });

  it('applies the gain of a header, and no other is left', async () => {
    const ogg = oggFixture('gain-plus3db.opus');
    const to = { encoding: 's16le', sampleRateHz: 48_000 } as const;
    expectBytes(await run({ from: OGG, to }, ogg), bytesOf(readOggOpus(ogg).samples));
    const again = readOggOpus(await run({ from: OGG, to: { ...OGG, bitrate: 96_000 } }, ogg));
    expect(again.links[0]?.gainDb).toBe(0);
  });

  it.each([
    ['truncated-mid-page.opus', 'truncated'],
    ['page-lost.opus', 'page-lost'],
    ['crc-bad-one-page.opus', 'crc-bad'],
  ])('gives what there is of %s, and says so', async (name, warning) => {
    const ogg = oggFixture(name);
    const stream = transcode({ from: OGG, to: { encoding: 's16le', sampleRateHz: 48_000 } });
    expectBytes(await outputOf(stream, chunksOf(ogg)), bytesOf(readOggOpus(ogg).samples));
    const { frames, links } = readOggOpus(ogg);
    expect(stream.info).toMatchObject({
      container: 'ogg',
      frames,
      warnings: expect.arrayContaining([warning]),
    });
    expect((stream.info as { links: unknown }).links).toEqual(links);
  });

  it.each([
    ['a file that is no Ogg', OGG, wavFile, 'ERR_UNSUPPORTED_CONTAINER'],
    ['Ogg without Opus', OGG, oggFixture('reject-vorbis.ogg'), 'ERR_OGG_UNSUPPORTED_CODEC'],
    ['a broken head', OGG, oggFixture('bad-head-9-bytes.opus'), 'ERR_OPUS_BAD_HEAD'],
    ['a file that is no WAV', WAV, oggFile, 'ERR_UNSUPPORTED_CONTAINER'],
    ['a packet that is none', PACKETS, [Uint8Array.of(0xff)], 'ERR_OPUS_BAD_PACKET'],
    ['Ogg as packets', PACKETS, [oggFile], 'ERR_FORMAT_MISMATCH'],
    ['a WAV as raw samples', ALAW, wavFile, 'ERR_FORMAT_MISMATCH'],
    [
      'a WAV of six channels as two',
      WAV,
      writeWav(new Int16Array(600), { sampleRateHz: 8000, channels: 6 }),
      'ERR_WAV_UNSUPPORTED_CHANNELS',
    ],
    [
      'a WAV of 500 kHz',
      WAV,
      writeWav(new Int16Array(600), { sampleRateHz: 500_000 }),
      'ERR_WAV_UNSUPPORTED_RATE',
    ],
  ] as [string, TranscodeOptions['from'], Uint8Array | Uint8Array[], string][])(
    'ends %s with an error',
    async (_, from, source, code) => {
      await expect(run({ from, to: { ...OGG, channels: 2 } }, source)).rejects.toMatchObject({ code });
      await expect(run({ from, to: { ...TO_LINE, channels: 2 } }, source)).rejects.toMatchObject({ code });
    },
  );

  it('makes whole files of WAVs with patches', async () => {
    const stream = transcode({ from: OGG, to: { ...TO_WAV, encoding: 's24', rf64: false } });
    const streamed = await outputOf(stream, chunksOf(oggFile));
    for (const { offset, bytes } of stream.patches()) streamed.set(bytes, offset);
    const floats = await decoded(24_000, 'f32le');
    const samples = new Float32Array(Uint8Array.from(floats).buffer);
    expectBytes(streamed, writeWav(samples, { sampleRateHz: 24_000, encoding: 's24' }));
    expect(transcode({ from: WAV, to: TO_LINE }).patches()).toEqual([]);
  });

  it('decides about sources without sound', async () => {
    const silence = writeWav(new Int16Array(0), { sampleRateHz: 16_000 });
    expect(readOggOpus(await run({ from: WAV, to: TO_OGG }, silence)).frames).toBe(0);
    expect(await run({ from: WAV, to: TO_PACKETS }, silence)).toHaveLength(0);
    expect(readWav(await run({ from: ALAW, to: TO_WAV }, [])).frames).toBe(0);
    expect(readWav(await run({ from: PACKETS, to: TO_WAV }, [])).frames).toBe(0);
    expect(readOggOpus(await run({ from: PACKETS, to: TO_OGG }, [])).frames).toBe(0);
    expect(readOggOpus(await run({ from: PACKETS, to: OGG }, [])).frames).toBe(0);
    await expect(run({ from: OGG, to: TO_LINE }, [])).rejects.toMatchObject({ code: 'ERR_OGG_NOT_OGG' });
  });

  it('refuses what cannot be, when it is made', () => {
    const to = TO_LINE;
    const wrong: [unknown, string][] = [
      [{ from: { container: 'mp3' }, to }, 'ERR_INVALID_ARG'],
      [{ from: WAV, to: { container: 'flac' } }, 'ERR_INVALID_ARG'],
      [{ from: WAV, to: { ...to, bitrate: 24_000 } }, 'ERR_INVALID_ARG'],
      [{ from: OGG, to: { ...TO_WAV, tags: {} } }, 'ERR_INVALID_ARG'],
      [{ from: OGG, to: { ...PACKETS, pageMs: 0 } }, 'ERR_INVALID_ARG'],
      [{ from: OGG, to: { ...TO_OGG, sampleRateHz: 8000 } }, 'ERR_INVALID_ARG'],
      [{ from: OGG, to: { ...to, encoding: 's17' } }, 'ERR_INVALID_ARG'],
      [{ from: OGG, to: { ...to, sampleRateHz: 1 } }, 'ERR_INVALID_RATE'],
      [{ from: OGG, to: { ...TO_WAV, encoding: 's16le' } }, 'ERR_INVALID_ARG'],
      [{ from: OGG, to: { ...TO_WAV, rf64: 1 } }, 'ERR_INVALID_ARG'],
      [{ from: WAV, to: { ...TO_OGG, bitrate: 1 } }, 'ERR_INVALID_OPTION'],
      [{ from: WAV, to: { ...TO_OGG, channels: 9 } }, 'ERR_INVALID_CHANNELS'],
      [{ from: WAV, to: { ...TO_PACKETS, channels: 3 } }, 'ERR_INVALID_CHANNELS'],
      [{ from: { ...PACKETS, channels: 3 }, to }, 'ERR_INVALID_CHANNELS'],
      [{ from: { ...ALAW, channels: 3 }, to: TO_PACKETS, channels: 'keep' }, 'ERR_INVALID_CHANNELS'],
      [{ from: OGG, to: { ...OGG, channels: 2 }, channels: 'keep' }, 'ERR_INVALID_ARG'],
      [{ from: OGG, to, quality: 'perfect' }, 'ERR_INVALID_ARG'],
      [{ from: OGG, to: TO_OGG, quality: 'perfect' }, 'ERR_INVALID_ARG'],
      [{ from: ALAW, to: TO_PACKETS, sourceBytes: 'many' }, 'ERR_INVALID_ARG'],
      [{ from: OGG, to: TO_OGG, channels: 'drop' }, 'ERR_INVALID_ARG'],
      [{ from: OGG, to: { ...OGG, pageMs: -1 } }, 'ERR_INVALID_OPTION'],
    ];
    for (const [options, code] of wrong)
      expect(() => transcode(options as TranscodeOptions), JSON.stringify(options)).toThrow(
        expect.objectContaining({ code }),
      );
  });

  it('is typed: options belong to their container', () => {
    const refused: TranscodeOptions[] = [
      // @ts-expect-error raw samples have no bitrate
      { from: WAV, to: { encoding: 'mulaw', sampleRateHz: 8000, bitrate: 24_000 } },
      // @ts-expect-error packets have no pages
      { from: WAV, to: { container: 'packets', pageMs: 0 } },
      // @ts-expect-error the rate is the source's
      { from: WAV, to: { container: 'ogg', sampleRateHz: 48_000 } },
      // @ts-expect-error packets hold two channels at most
      { from: WAV, to: { container: 'packets', channels: 3 } },
    ];
    for (const options of refused) expect(() => transcode(options)).toThrow();
  });
});

// ---- As streams

/** The contract wants 200 kB. */
const high = buffers(
  writeOggOpus(
    resample(
      new Int16Array(12 * 16_000).map((_, i) => wav.samples[i % wav.samples.length] as number),
      {
        fromHz: 16_000,
        toHz: 48_000,
      },
    ),
    { sampleRateHz: 48_000, bitrate: 160_000, bitrateMode: 'cbr', complexity: 0, serial: 7 },
  ),
);
const long = Int16Array.from({ length: 120_000 }, (_, i) => wav.samples[i % wav.samples.length] as number);
const QUICK = { complexity: 0, serial: 7 } as const;

streamContract('transcode from Ogg Opus to a telephone line', {
  make: (options) => transcode({ ...options, from: OGG, to: TO_LINE }),
  input: high,
  expected: await run({ from: OGG, to: TO_LINE }, high),
  empty: 'ERR_OGG_NOT_OGG',
});
streamContract('transcode from a WAV to Ogg Opus', {
  make: (options) => transcode({ ...options, from: WAV, to: { ...OGG, ...QUICK } }),
  input: writeWav(long, { sampleRateHz: 16_000 }),
  expected: writeOggOpus(long, { ...QUICK, sampleRateHz: 16_000 }),
  empty: 'ERR_WAV_NOT_WAV',
});
streamContract('transcode from Ogg Opus to Ogg Opus', {
  make: (options) => transcode({ ...options, from: OGG, to: { ...OGG, serial: 7 } }),
  input: high,
  expected: await run({ from: OGG, to: { ...OGG, serial: 7 } }, high),
  empty: 'ERR_OGG_NOT_OGG',
});

withTools('transcode', ['opusinfo', 'oggz-validate'], () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'transcode-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['a WAV', { from: WAV, to: TO_OGG }, wavFile],
    ['packets', { from: PACKETS, to: OGG }, packets],
    ['Ogg Opus, passed on', { from: OGG, to: { ...OGG, pageMs: 100 } }, oggFile],
    ['a chain, passed on', { from: OGG, to: OGG }, oggFixture('chained-mono-then-stereo.opus')],
    ['a chain, encoded anew', { from: OGG, to: TO_OGG }, oggFixture('chained-mono-then-stereo.opus')],
  ] as [string, TranscodeRoute, Uint8Array | Uint8Array[]][])(
    'writes Ogg of %s without a fault',
    async (name, route, source) => {
      const file = join(folder, `${name}.opus`);
      writeFileSync(file, await run(route, source));
      expect(runTool('opusinfo', [file])).not.toMatch(/WARNING|ERROR/i);
      runTool('oggz-validate', [file]);
    },
  );
});
