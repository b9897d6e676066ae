// What we write as Ogg Opus, with OggOpusWriter and writeOggOpus, other people's software finds no fault in and reads whole: opusinfo, opusdec, oggz-validate and
// ffprobe (Debian: opus-tools oggz-tools ffmpeg), and prism-media as far as it reads Ogg. And what prism-media loses, ours reads.
// Pages byte by byte: test/native/ogg_opus_writer_test.cpp.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import prism from 'prism-media';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  OggOpusReader,
  OggOpusWriter,
  type OggOpusWriterOptions,
  OpusEncoder,
  type OpusEncoderOptions,
  type OpusFrameMs,
  readOggOpus,
  type WriteOggOpusOptions,
  writeOggOpus,
} from '../../../src/audio/index.js';
import { oggFixtures, sha256 } from './helpers.js';
import { runTool, withTools } from './ogg-tools.js';

/** A file that we have written, and what is in it. */
interface Written {
  name: string;
  bytes: Buffer;
  channels: number;
  /** Per channel, at 48 kHz. */
  samples: number;
  /** Of each link; where they are not known, those that OggOpusReader finds. */
  links?: Uint8Array[][];
  /** Packets without sound behind those, up to the pre-skip. Default 0. */
  fillers?: number;
  /** prism-media waits for ever behind a page on which a packet goes on. */
  pagesSpanned?: true;
}

interface Sound extends Partial<OpusEncoderOptions> {
  packets?: number;
}

/** Something like a voice: tones that glide, and noise. */
function voice(length: number, channels: number): Int16Array {
  return Int16Array.from({ length }, (_, i) => {
    const frame = Math.floor(i / channels);
    const tone = Math.sin(frame * 0.03 * (1 + 0.2 * Math.sin(frame / 5000)) + (i % channels));
    return 9000 * tone + ((i * 7919) % 2003);
  });
}

/** Packets, and what OggOpusWriter must be told of them. */
function encoded({ packets = 130, ...options }: Sound) {
  using encoder = new OpusEncoder({ sampleRateHz: 48_000, complexity: 2, ...options });
  const { channels = 1, sampleRateHz = 48_000, frameMs = 20 } = options;
  const { frameSamples, lookaheadFrames } = encoder;
  const sound = voice(packets * frameSamples, channels);
  return {
    packets: Array.from({ length: packets }, (_, i) =>
      encoder.encode(sound.subarray(i * frameSamples, (i + 1) * frameSamples)),
    ),
    head: {
      channels,
      preSkip: (lookaheadFrames * 48_000) / sampleRateHz,
      inputSampleRateHz: sampleRateHz,
    } satisfies OggOpusWriterOptions,
    samples: packets * frameMs * 48 - (lookaheadFrames * 48_000) / sampleRateHz,
  };
}

function link(writer: OggOpusWriter, packets: Uint8Array[], samples?: number): Buffer {
  const pages = packets.map((packet) => writer.write(packet));
  return Buffer.concat([...pages, writer.finish(samples === undefined ? {} : { samples })]);
}

/** @param trim Samples that are not to be heard at the end, of the last packet. */
function written(name: string, sound: Sound, options: Partial<OggOpusWriterOptions> = {}, trim = 0): Written {
  const { packets, head, samples: all } = encoded(sound);
  const samples = all - trim;
  using writer = new OggOpusWriter({ ...head, serial: 7, ...options });
  return { name, bytes: link(writer, packets, samples), channels: head.channels, samples, links: [packets] };
}

/** The same sound in so many bytes more (RFC 6716, 3.2.5): a packet as long as no encoder makes it. */
function padded(packet: Uint8Array, pairs: number): Uint8Array<ArrayBuffer> {
  const [toc = 0, ...frame] = packet;
  expect(toc & 3).toBe(0); // one frame
  const lengths = new Array(pairs).fill(255); // 254 bytes each, and more to come
  return Uint8Array.from([toc | 3, 0x41, ...lengths, 0, ...frame, ...new Array(pairs * 254).fill(0)]);
}

/** A packet of 65 400 bytes among others: a page holds 65 025. */
function spanning(): Written {
  const { packets, head, samples } = encoded({});
  packets[5] = padded(packets[5] as Uint8Array, 256);
  using writer = new OggOpusWriter({ ...head, serial: 7 });
  const bytes = link(writer, packets, samples);
  return {
    name: 'a-packet-that-spans-pages',
    bytes,
    channels: 1,
    samples,
    links: [packets],
    pagesSpanned: true,
  };
}

function chain(): Written {
  const { packets, head } = encoded({});
  using writer = new OggOpusWriter({ ...head, serial: 7 });
  const links = [20, 40, 60].map((count) => packets.slice(0, count));
  const bytes = Buffer.concat(links.map((each) => link(writer, each)));
  return { name: 'chain', bytes, channels: 1, samples: (20 + 40 + 60) * 960 - 3 * 312, links };
}

function lessThanItsPreSkip(): Written {
  const { packets, head } = encoded({ packets: 1 });
  using writer = new OggOpusWriter({ ...head, serial: 7, preSkip: 3840 });
  return {
    name: 'less-than-its-pre-skip',
    bytes: link(writer, packets),
    channels: 1,
    samples: 0,
    links: [packets],
    fillers: 1,
  };
}

function withoutSound(): Written {
  using writer = new OggOpusWriter({ channels: 2, preSkip: 312, inputSampleRateHz: 48_000, serial: 7 });
  return {
    name: 'without-sound',
    bytes: link(writer, [], 0),
    channels: 2,
    samples: 0,
    links: [[]],
    fillers: 1,
  };
}

function byWriteOggOpus(name: string, frames: number, options: WriteOggOpusOptions): Written {
  const { channels = 1, sampleRateHz } = options;
  const sound = options.dtx ? new Int16Array(frames * channels) : voice(frames * channels, channels);
  const bytes = Buffer.from(writeOggOpus(sound, { complexity: 0, serial: 7, ...options }));
  return {
    name: `writeOggOpus-${name}`,
    bytes,
    channels,
    samples: Math.ceil((frames * 48_000) / sampleRateHz),
  };
}

const RATES = [8000, 12_000, 16_000, 24_000];
const FRAME_MS: OpusFrameMs[] = [2.5, 5, 10, 20, 40, 60, 80, 100, 120];
const PAGE_MS = [0, 20, 300, 1000, 4000];

const files: Written[] = [
  ...PAGE_MS.map((pageMs) =>
    written(`pages-of-${pageMs}-ms`, {}, { pageMs, tags: { TITLE: 'speech' } }, 500),
  ),
  ...RATES.map((sampleRateHz) => written(`of-${sampleRateHz}-hz`, { sampleRateHz, packets: 70 }, {}, 1)),
  ...FRAME_MS.map((frameMs) =>
    written(`packets-of-${frameMs}-ms`, { frameMs, packets: Math.ceil(2500 / frameMs) }, {}, 7),
  ),
  written('untrimmed', {}),
  written('stereo', { channels: 2 }, {}, 1),
  written('5.1', { channels: 6, packets: 60 }, {}, 959),
  written('5.1-of-120-ms', { channels: 6, frameMs: 120, packets: 20 }, { pageMs: 4000 }, 959),
  written('eight-channels', { channels: 8, packets: 60 }),
  written('low-delay', { application: 'lowdelay', frameMs: 2.5, packets: 999 }, { pageMs: 0 }, 119),
  written(
    'pages-full-before-their-time',
    { bitrate: 'max', bitrateMode: 'cbr', channels: 2 },
    { pageMs: 4000 },
  ),
  written('silence-left-out', { dtx: true, packets: 300 }, {}, 3),
  written('louder', {}, { gainDb: 3.5 }),
  { ...written('tags-longer-than-a-page', {}, { tags: { X: 'x'.repeat(200_000) } }), pagesSpanned: true },
  spanning(),
  chain(),
  ...[8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000].flatMap(
    (sampleRateHz) => [
      byWriteOggOpus(`${sampleRateHz}-hz`, sampleRateHz + 1, { sampleRateHz }),
      byWriteOggOpus(`${sampleRateHz}-hz-stereo`, 12_347, { sampleRateHz, channels: 2, frameMs: 60 }),
    ],
  ),
  byWriteOggOpus('nothing', 0, { sampleRateHz: 48_000 }),
  byWriteOggOpus('one-sample', 1, { sampleRateHz: 8000 }),
  byWriteOggOpus('telephone', 12_345, {
    sampleRateHz: 8000,
    application: 'voip',
    bitrate: 12_000,
    frameMs: 60,
  }),
  byWriteOggOpus('low-delay', 10_000, {
    sampleRateHz: 44_100,
    application: 'lowdelay',
    frameMs: 2.5,
    pageMs: 0,
  }),
  byWriteOggOpus('tags', 22_051, {
    sampleRateHz: 22_050,
    tags: { TITLE: 'speech' },
    pageMs: 4000,
    frameMs: 120,
  }),
  byWriteOggOpus('5.1', 20_001, { sampleRateHz: 96_000, channels: 6, bitrate: 256_000 }),
  byWriteOggOpus('silence-left-out', 48_001, {
    sampleRateHz: 16_000,
    content: 'voice',
    application: 'voip',
    dtx: true,
  }),
  withoutSound(),
  lessThanItsPreSkip(),
];
const cases = files.map((file) => [file.name, file] as const);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-ogg-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function saved({ name, bytes }: { name: string; bytes: Uint8Array }): string {
  const path = join(folder, `${name}.opus`);
  writeFileSync(path, bytes);
  return path;
}

/** Of all channels. */
function samplesByOpusdec(path: string): number {
  const raw = join(folder, `${basename(path)}.raw`);
  runTool('opusdec', ['--quiet', '--no-dither', '--rate', '48000', path, raw]);
  return readFileSync(raw).length / 2;
}

withTools('what we write', ['opusdec'], () => {
  test.each(cases)('decodes to exactly the samples promised: %s', (_, file) => {
    expect(samplesByOpusdec(saved(file))).toBe(file.samples * file.channels);
  });
});

withTools('what we write', ['opusinfo', 'oggz-validate', 'ffprobe'], () => {
  test.each(cases)('is without fault: %s', (_, file) => {
    const path = saved(file);
    expect(runTool('opusinfo', [path])).not.toMatch(/warning|error/i);
    runTool('oggz-validate', [path]);
    expect(runTool('ffprobe', ['-v', 'error', path])).toBe('');
  });
});

/** What prism-media makes of a file, until it has nothing more to say. */
function packetsByPrism(bytes: Buffer): Promise<Uint8Array[]> {
  return new Promise((resolve, reject) => {
    const packets: Buffer[] = [];
    const demuxer = new prism.opus.OggDemuxer();
    demuxer.on('data', (packet: Buffer) => packets.push(packet));
    demuxer.on('end', () => resolve(packets.map((packet) => Uint8Array.from(packet))));
    demuxer.on('error', reject);
    // In pieces that fit nothing.
    for (let i = 0; i < bytes.length; i += 4093) demuxer.write(bytes.subarray(i, i + 4093));
    demuxer.end();
  });
}

/** By digests: what toEqual says of two lists of packets that differ takes minutes. */
function expectPackets(actual: Uint8Array[], expected: Uint8Array[], fillers = 0): void {
  const digest = (packets: Uint8Array[]) => ({
    sizes: sha256(Uint32Array.from(packets, (packet) => packet.length)),
    bytes: sha256(Buffer.concat(packets)),
  });
  expect(actual.length).toBe(expected.length + fillers);
  expect(digest(actual.slice(0, expected.length))).toEqual(digest(expected));
}

/** What ours does, in pieces of another size. */
function packetsByUs(bytes: Buffer): Uint8Array[] {
  using reader = new OggOpusReader();
  const packets: Uint8Array[] = [];
  for (let i = 0; i < bytes.length; i += 1009)
    for (const packet of reader.process(bytes.subarray(i, i + 1009))) packets.push(packet.bytes.slice());
  for (const packet of reader.flush()) packets.push(packet.bytes.slice());
  return packets;
}

describe('what we write', () => {
  test.each(cases.filter(([, file]) => !file.pagesSpanned))(
    'prism-media reads back packet for packet, of a chain its first link: %s',
    async (_, file) => {
      const [first = packetsByUs(file.bytes)] = file.links ?? [];
      expectPackets(await packetsByPrism(file.bytes), first, file.fillers);
    },
  );

  test.each(cases)(
    'OggOpusReader reads back packet for packet, and readOggOpus to the sample: %s',
    (_, file) => {
      if (file.links) expectPackets(packetsByUs(file.bytes), file.links.flat(), file.fillers);
      const { frames, channels, samples, warnings, links } = readOggOpus(file.bytes);
      expect({ frames, channels, samples: samples.length, warnings, links: links.length }).toEqual({
        frames: file.samples,
        channels: file.channels,
        samples: file.samples * file.channels,
        warnings: file.samples === 0 ? ['no-audio'] : [],
        links: file.links?.length ?? 1,
      });
    },
  );
});

describe('packets that span pages', () => {
  const fixture = oggFixtures().find(([name]) => name.endsWith('/packets-span-pages.opus'));
  const [, path, verdict] = fixture as NonNullable<typeof fixture>;
  const fromElsewhere = readFileSync(path);

  test('prism-media loses, with all that follows them; OggOpusReader and readOggOpus read whole', async () => {
    const { bytes, links, samples } = spanning();
    const all = (links ?? []).flat();
    const theirs = await packetsByPrism(bytes);
    expect(theirs.length).toBeLessThan(all.length / 2);
    expectPackets(packetsByUs(bytes), all);
    expect(readOggOpus(bytes)).toMatchObject({ frames: samples, warnings: [] });
  });

  test('in a file that we have not written, too', async () => {
    const [theirs, ours] = [await packetsByPrism(fromElsewhere), packetsByUs(fromElsewhere)];
    expect(ours.length).toBeGreaterThan(theirs.length);
    const { frames, warnings } = readOggOpus(fromElsewhere);
    expect({ frames, warnings }).toEqual({ frames: verdict.frames, warnings: verdict.warnings });
  });

  withTools('in a file that we have not written', ['opusdec'], () => {
    test('finds as much as we do', () => {
      expect(samplesByOpusdec(path)).toBe(verdict.frames * verdict.channels);
    });
  });
});
