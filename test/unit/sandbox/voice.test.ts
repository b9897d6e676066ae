import { describe, expect, it } from 'vitest';
import { splitWords } from '../../../src/sandbox/acoustic-code.js';
import { Voice } from '../../../src/sandbox/voice.js';

const RATES = [8_000, 16_000, 22_050, 24_000, 44_100, 48_000];

/** Peak amplitude of one frequency in samples of full scale 32 767. */
function amplitude(samples: Int16Array, hz: number, sampleRateHz: number): number {
  let re = 0;
  let im = 0;
  for (const [i, sample] of samples.entries()) {
    re += sample * Math.cos((2 * Math.PI * hz * i) / sampleRateHz);
    im += sample * Math.sin((2 * Math.PI * hz * i) / sampleRateHz);
  }
  return (2 * Math.hypot(re, im)) / samples.length / 0x7fff;
}

describe('Voice', () => {
  it.each(RATES)('word says one 80 ms step per UTF-8 byte at %i Hz', (hz) => {
    const voice = new Voice(hz);
    expect([...voice.word('aé😀')].map((step) => step.length)).toEqual(Array(7).fill(hz * 0.08));
    expect(voice.silence()).toEqual(new Int16Array(hz * 0.08));
  });

  it('word puts the high nibble first, row by its upper and column by its lower two bits', () => {
    const [step] = [...new Voice(8_000).word('n')] as [Int16Array]; // 0x6e: rows 1 and 3, columns 2 and 2
    const inner = (symbol: number): Int16Array => step.subarray(symbol * 320 + 44, symbol * 320 + 244);
    const high = [770, 1477].map((hz) => amplitude(inner(0), hz, 8_000));
    const low = [941, 1477].map((hz) => amplitude(inner(1), hz, 8_000));
    // −12 dBFS = 0.251; the other tone leaks a little into a window of 25 ms.
    for (const level of [...high, ...low]) expect(Math.abs(level - 0.251)).toBeLessThan(0.015);
    for (const hz of [697, 1209]) expect(amplitude(inner(0), hz, 8_000)).toBeLessThan(0.06);
  });

  it('word ramps its tones and falls silent for the last 4 ms of each symbol', () => {
    const [step] = [...new Voice(48_000).word('z')] as [Int16Array];
    const peak = (fromMs: number, toMs: number): number =>
      Math.max(...step.subarray(fromMs * 48, toMs * 48).map(Math.abs));
    expect(peak(36, 40)).toBe(0);
    expect(peak(76, 80)).toBe(0);
    expect(peak(0, 0.25)).toBeLessThan(200);
    expect(peak(4, 32)).toBeGreaterThan(15_000);
    expect(peak(0, 80)).toBeLessThan(0x7fff * 0.51);
  });

  it('refuses rates in which 40 ms is no whole number of samples', () => {
    for (const hz of [7_999, 11_024, 96_000, Number.NaN]) {
      expect(() => new Voice(hz)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_RATE' }));
    }
  });
});

describe('splitWords', () => {
  it('cuts at any run of white space and gives lone surrogates a form', () => {
    expect(splitWords('  one\t\n two\u00a0three\u3000 ')).toEqual(['one', 'two', 'three']);
    expect(splitWords('a\ud800b')).toEqual(['a\ufffdb']);
    expect(splitWords(' \n ')).toEqual([]);
  });
});
