import { describe, expect, it } from 'vitest';
import { LiveCut, quietestCut, sessionSpan } from '../../../src/gradium/s2s-cut.js';
import { checkS2sOptions } from '../../../src/gradium/s2s-setup.js';
import { silence } from '../../../src/gradium/source-frames.js';
import type { SampleLayout } from '../../../src/gradium/source-layout.js';

const MONO: SampleLayout = { encoding: 's16le', sampleRateHz: 8000, channels: 1 };
const FRAMES = 640;

/** Noise of these levels, each for 80 ms; in dB below full scale. */
function steps(levelsDb: number[], layout = MONO): Buffer {
  const samples = levelsDb.flatMap((db) => {
    const level = Math.round(32_767 * 10 ** (db / 20));
    return Array.from({ length: (layout.sampleRateHz * layout.channels * 80) / 1000 }, (_, i) =>
      i % 2 ? level : -level,
    );
  });
  return Buffer.from(Int16Array.from(samples).buffer);
}

const options = (tailSilenceS: number) => checkS2sOptions({ targetLanguage: 'en', tailSilenceS }, 'wav');

describe('sessionSpan', () => {
  it('leaves room for the tail and for the service', () => {
    expect(sessionSpan(300, options(2))).toEqual({ fromS: 278, toS: 293 });
    expect(sessionSpan(10, options(2))).toEqual({ fromS: 3.5, toS: 7 });
  });
});

describe('quietestCut', () => {
  it('is in the middle of the quietest 80 ms, wherever they begin', () => {
    const audio = steps([-10, -10, -30, -10, -40, -10, -10]);
    expect(quietestCut(audio, MONO)).toBe(4.5 * FRAMES * 2);
    expect(quietestCut(audio.subarray(320), MONO)).toBe(4.5 * FRAMES * 2 - 320);
  });

  it('is in the last of equal ones', () => {
    const audio = Buffer.concat([steps([-10]), silence(MONO, 0.4), steps([-10])]);
    expect(quietestCut(audio, MONO)).toBe((1 + 4.5) * FRAMES * 2);
  });

  it('cuts whole frames of any layout', () => {
    const stereo = { ...MONO, channels: 2 };
    expect(quietestCut(steps([-10, -40, -10], stereo), stereo)).toBe(1.5 * FRAMES * 4);
    const odd: SampleLayout = { encoding: 'f32le', sampleRateHz: 11_025, channels: 2 };
    expect(quietestCut(silence(odd, 1), odd) % 8).toBe(0);
    expect(quietestCut(silence(MONO, 0.01), MONO)).toBe(160);
  });
});

/** Where the session ends, in steps; undefined: not yet. */
function ended(cut: LiveCut, audio: Buffer, chunk: number): number | undefined {
  for (let at = 0; at < audio.length; ) {
    const { length, ends } = cut.take(audio.subarray(at, Math.min(audio.length, at + chunk)));
    at += length;
    if (ends) return at / (FRAMES * 2);
  }
  return undefined;
}

describe('LiveCut', () => {
  // 40 steps in all, the last 20 of them to choose from, 20 before them to know the speaker by.
  const span = { fromS: 1.6, toS: 3.2 };
  const loud = (count: number) => Array.from({ length: count }, () => -10);
  const cases: [string, number[], number][] = [
    ['at a clear pause', [...loud(22), -60, ...loud(20)], 23],
    ['not at a pause before its time', [...loud(10), -60, ...loud(40)], 40],
    ['not at a breath early on', [...loud(22), -20, ...loud(20)], 40],
    ['at a breath later on', [...loud(34), -20, ...loud(20)], 35],
    ['at the end in any case', loud(60), 40],
    ['at the end where nobody speaks', Array.from({ length: 60 }, () => -120), 40],
  ];

  it.each(cases)('cuts %s, however the audio comes', (_name, levels, at) => {
    const audio = steps(levels);
    for (const chunk of [320, 1_000, 1_280, 5_000, audio.length]) {
      expect(ended(new LiveCut(MONO, span), audio, chunk - (chunk % 2))).toBe(at);
    }
  });

  it('never ends a session that is not at its end', () => {
    expect(ended(new LiveCut(MONO, span), steps(loud(39)), 320)).toBeUndefined();
  });
});
