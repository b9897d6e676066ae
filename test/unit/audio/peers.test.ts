// What writeWav and WavWriter write, other people's software reads, sample for sample: sox, ffmpeg and libsndfile, where they are
// installed (Debian: sox ffmpeg sndfile-programs). And the other way: what sox writes, readWav reads.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readWav, type WavEncoding, WavWriter, writeWav } from '../../../src/audio/index.js';

const ENCODINGS: WavEncoding[] = ['u8', 's16', 's24', 's32', 'f32', 'f64', 'mulaw', 'alaw'];
const CHANNELS = [1, 2, 6];
const CASES = ENCODINGS.flatMap((encoding) => [
  ...CHANNELS.map((channels) => ({ by: 'writeWav', encoding, channels })),
  { by: 'WavWriter', encoding, channels: 1 },
]);

function withTool(tool: string, body: () => void): void {
  const missing = spawnSync(tool, ['--help']).error !== undefined;
  if (missing) {
    console.warn(
      `NOT RUN: the checks against ${tool}, which is not installed (Debian: sox ffmpeg sndfile-programs)`,
    );
  }
  describe.skipIf(missing)(`with ${tool}`, body);
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-peers-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const FRAMES = 999; // odd, so that odd data sizes get their pad byte
function signal(channels: number): Float32Array {
  return Float32Array.from(
    { length: FRAMES * channels },
    (_, i) => 0.9 * Math.sin(i * 0.37 + (i % channels)),
  );
}

function written(encoding: WavEncoding, channels: number, by = 'writeWav'): string {
  const path = join(folder, `${encoding}-${channels}-${by}.wav`);
  const options = { sampleRateHz: 16_000, channels, encoding };
  const file = by === 'writeWav' ? writeWav(signal(channels), options) : patched(signal(channels), options);
  writeFileSync(path, file);
  return path;
}

/** As a stream, in two pieces; the header, with room for RF64, is written over at the end. */
function patched(
  samples: Float32Array,
  options: { sampleRateHz: number; channels: number; encoding: WavEncoding },
): Uint8Array {
  using writer = new WavWriter(options);
  const half = 500 * options.channels;
  const pieces = [samples.subarray(0, half), samples.subarray(half)].map((piece) => writer.process(piece));
  const streamed = Buffer.concat([...pieces, writer.flush()]);
  const file = Buffer.concat([streamed, new Uint8Array(streamed.length % 2)]);
  for (const { offset, bytes } of writer.patches()) file.set(bytes, offset);
  return file;
}

function output(tool: string, args: string[]): Buffer {
  const { status, stdout, stderr } = spawnSync(tool, args, { maxBuffer: 1 << 26 });
  expect(status, stderr.toString()).toBe(0);
  return stdout;
}

function floats(bytes: Buffer): Float32Array {
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

function own(path: string): Float32Array {
  return readWav(readFileSync(path), { sample: 'float32' }).samples as Float32Array;
}

withTool('ffmpeg', () => {
  it.each(CASES)(
    '$by $encoding with $channels channels is read alike by ffmpeg',
    ({ by, encoding, channels }) => {
      const path = written(encoding, channels, by);
      const theirs = floats(
        output('ffmpeg', ['-v', 'error', '-i', path, '-f', 'f32le', '-c:a', 'pcm_f32le', '-']),
      );
      expect(theirs).toEqual(own(path));
    },
  );
});

withTool('sox', () => {
  // sox keeps samples as 32-bit integers: exact up to 24 bits and for G.711, within 2^-24 for floats and s32.
  it.each(CASES)(
    '$by $encoding with $channels channels is read alike by sox',
    ({ by, encoding, channels }) => {
      const path = written(encoding, channels, by);
      const theirs = floats(output('sox', ['-D', path, '-t', 'f32', '-']));
      const ours = own(path);
      expect(theirs.length).toBe(ours.length);
      const tolerance = ['s32', 'f32', 'f64'].includes(encoding) ? 2 ** -24 : 0;
      expect(
        ours.reduce((most, x, i) => Math.max(most, Math.abs(x - Number(theirs[i]))), 0),
      ).toBeLessThanOrEqual(tolerance);
    },
  );

  it.each([
    ['-b', '8', 'u8'],
    ['-b', '16', 's16le'],
    ['-b', '24', 's24le'],
    ['-b', '32', 's32le'],
    ['-e', 'mu-law', 'mulaw'],
    ['-e', 'a-law', 'alaw'],
  ])('readWav reads what sox writes with %s %s', (flag, value, encoding) => {
    const path = join(folder, `sox-${encoding}.wav`);
    output('sox', ['-D', written('s16', 2), flag, value, path]);
    const wav = readWav(readFileSync(path), { sample: 'float32' });
    expect(wav).toMatchObject({ encoding, channels: 2, sampleRateHz: 16_000, frames: FRAMES, warnings: [] });
    expect(wav.samples).toEqual(floats(output('sox', ['-D', path, '-t', 'f32', '-'])));
  });
});

// Remarks of sndfile-info on what is right: a RIFF size does not count the pad byte that follows odd data; a channel mask
// of 0 says that no speaker positions are meant; PCM needs no fact chunk, be it in an extensible header.
const HARMLESS = [
  /'data' chunk should be an even number of bytes/,
  /Channel Mask {2}: 0x0 \(should not be zero\)/,
  /All non-PCM format files should have a 'fact' chunk/,
];

function complaints(report: string): string[] {
  const lines = report.split('\n').filter((line) => /should|error|\*\*\*/i.test(line));
  return lines.filter((line) => !HARMLESS.some((remark) => remark.test(line)));
}

withTool('sndfile-info', () => {
  it.each(CASES)(
    '$by $encoding with $channels channels is sound to libsndfile',
    ({ by, encoding, channels }) => {
      const report = output('sndfile-info', [written(encoding, channels, by)]).toString();
      expect(report).toMatch(new RegExp(`Frames\\s*: ${FRAMES}\\b`));
      expect(report).toMatch(new RegExp(`Channels\\s*: ${channels}\\b`));
      expect(complaints(report)).toEqual([]);
    },
  );
});
