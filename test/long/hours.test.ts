// What only shows after hours: drift, growing memory, cuts that matter once in a million. Minutes of work, so it is
// `npm run test:long`.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { AudioFramer, Resampler } from '../../src/audio/index.js';

const RATES = [8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];
const PAIRS = RATES.flatMap((fromHz) =>
  RATES.filter((toHz) => toHz !== fromHz).map((toHz) => ({ fromHz, toHz })),
);

/** Deterministic noise in [0, 1): Park and Miller's generator. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** Ten seconds of noise, repeated for an hour, cut as `nextCut` says; the hash and number of the output's frames. */
function anHour(fromHz: number, toHz: number, nextCut: () => number): { frames: number; sha256: string } {
  const noise = random(1);
  const block = Int16Array.from({ length: 10 * fromHz }, () => Math.floor(noise() * 65_536) - 32_768);
  const resampler = new Resampler({ fromHz, toHz, sample: 'int16' });
  const out = new Int16Array(resampler.maxOutputFrames(block.length));
  const hash = createHash('sha256');
  let frames = 0;
  const take = (count: number): void => {
    hash.update(Buffer.from(out.buffer, 0, count * 2));
    frames += count;
  };
  for (let round = 0; round < 360; round++) {
    for (let at = 0; at < block.length; ) {
      const piece = block.subarray(at, at + nextCut());
      take(resampler.processInto(piece, out));
      at += piece.length;
    }
  }
  take(resampler.flushInto(out));
  resampler.close();
  return { frames, sha256: hash.digest('hex') };
}

describe('an hour of audio', () => {
  it.each(PAIRS)('is resampled $fromHz -> $toHz without drift, however it is cut', ({ fromHz, toHz }) => {
    const cuts = random(fromHz + toHz);
    const odd = anHour(fromHz, toHz, () => 1 + Math.floor(cuts() * 3 * fromHz));
    expect(odd.frames).toBe(Math.ceil((3600 * fromHz * toHz) / fromHz));
    expect(odd).toEqual(anHour(fromHz, toHz, () => Math.ceil(fromHz / 50)));
  });
});

describe('ten hours of audio', () => {
  it('go through AudioFramer in flat memory', () => {
    const framer = new AudioFramer({
      from: { encoding: 's24le', sampleRateHz: 44_100, channels: 2 },
      to: 'pcm_24000',
    });
    const chunk = new Uint8Array(44_100 * 6);
    const out = new Uint8Array(framer.maxOutputBytes(chunk.length));
    const hours = (count: number): void => {
      for (let second = 0; second < count * 3600; second++) framer.processInto(chunk, out);
    };
    hours(1);
    const before = process.memoryUsage.rss();
    hours(9);
    expect(process.memoryUsage.rss() - before).toBeLessThan(8 * 1024 * 1024);
    framer.flushInto(new Uint8Array(framer.maxFlushBytes));
    expect(framer.wireFrames).toBe(10 * 3600 * 24_000);
  });
});
