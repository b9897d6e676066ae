// WAV above 4 GiB: written and read again whole, and looked at by other people's software. The file is sparse: it takes
// hardly any room on a disk, but its bytes are all read.
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  createReadStream,
  ftruncateSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { probeAudio, WavReader, WavWriter } from '../../src/audio/index.js';

const BLOCK_FRAMES = 2 ** 20;
const BLOCKS = 520; // of 8 MiB each: 4.06 GiB
const FRAMES = BLOCK_FRAMES * BLOCKS;
const LAST = 12_345;

let folder: string;
let path: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-rf64-'));
  path = join(folder, 'long.wav');
  const file = openSync(path, 'w');
  using writer = new WavWriter({ sampleRateHz: 48_000, encoding: 'f64' });
  const samples = new Int16Array(BLOCK_FRAMES);
  const out = new Uint8Array(writer.maxOutputBytes(BLOCK_FRAMES));
  let at = 0;
  for (let block = 0; block < BLOCKS; block++) {
    if (block === BLOCKS - 1) samples[BLOCK_FRAMES - 1] = LAST;
    const bytes = writer.processInto(samples, out);
    if (block === BLOCKS - 1) writeSync(file, out, 0, bytes, at); // all before it is silence: zeros, a hole
    at += bytes;
  }
  ftruncateSync(file, at + writer.flushInto(out));
  for (const { offset, bytes } of writer.patches()) writeSync(file, bytes, 0, bytes.length, offset);
  closeSync(file);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a WAV above 4 GiB', () => {
  it('WavWriter makes it RF64, and probeAudio reads its length', () => {
    expect(probeAudio(path)).toMatchObject({
      encoding: 'f64le',
      sampleRateHz: 48_000,
      frames: FRAMES,
      missingFrames: 0,
      warnings: [],
    });
  });

  it('WavReader reads it to the last sample', async () => {
    using reader = new WavReader();
    let out = new Int16Array(0);
    let last = 0;
    for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) {
      const wanted = reader.maxOutputSamples(chunk.length);
      if (out.length < wanted) out = new Int16Array(wanted);
      const count = reader.processInto(chunk, out);
      if (count > 0) last = Number(out[count - 1]);
    }
    expect(reader.finish()).toMatchObject({ frames: FRAMES, missingFrames: 0, warnings: [] });
    expect(last).toBe(LAST);
  });

  const TOOLS: [string, string[], RegExp][] = [
    ['ffprobe', ['-v', 'error', '-show_streams'], new RegExp(`^duration_ts=${FRAMES}$`, 'm')],
    ['sndfile-info', [], new RegExp(`^Frames\\s*: ${FRAMES}$`, 'm')],
  ];
  it.each(TOOLS)('%s reads its length', (tool, args, length) => {
    const { stdout, error } = spawnSync(tool, [...args, path], { encoding: 'utf8' });
    if (error) {
      console.warn(`NOT RUN: RF64 against ${tool}, which is not installed (Debian: ffmpeg sndfile-programs)`);
      return;
    }
    expect(stdout).toMatch(length);
  });
});

describe('sluice convert', () => {
  it('takes the same memory for two gigabytes as for two megabytes', () => {
    const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
    const peakBytes = (bytes: number): number => {
      const input = join(folder, `${bytes}.raw`);
      const file = openSync(input, 'w');
      ftruncateSync(file, bytes);
      closeSync(file);
      const flags = ['--input-format', 'pcm_48000', '--rate', '8000', '--codec', 'mulaw'];
      const script =
        `process.argv.splice(1, 0, ${JSON.stringify(main)});` +
        `process.on('exit', () => process.stderr.write(String(process.resourceUsage().maxRSS)));` +
        `await import(${JSON.stringify(main)});`;
      const run = ['--input-type=module', '-e', script, '--', 'convert', input, '-', ...flags];
      const { stderr, status } = spawnSync(process.execPath, run, {
        encoding: 'utf8',
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      expect(status, stderr).toBe(0);
      expect(stderr).toMatch(/^\d+$/);
      return Number(stderr) * 1024;
    };
    const small = peakBytes(2 ** 21);
    expect(peakBytes(2 ** 31)).toBeLessThan(small + 40e6); // buffers that wait for the garbage collector
  });
});
