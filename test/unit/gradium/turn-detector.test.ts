import { describe, expect, it } from 'vitest';
import { checkTurnOptions, TurnDetector } from '../../../src/gradium/turn-detector.js';
import type { TurnOptions } from '../../../src/gradium/types.js';

const vad = (inactivityProb: number, horizonS = 2) => [{ horizonS, inactivityProb }];

/** The indices of the steps that ended a turn. */
function ends(probabilities: number[], options: TurnOptions = {}): number[] {
  const detector = new TurnDetector(checkTurnOptions(options));
  return probabilities.flatMap((probability, i) => (detector.step(vad(probability)) ? [i] : []));
}

describe('TurnDetector', () => {
  it('ends a turn with the last of so many quiet steps in a row', () => {
    expect(ends([0.1, 0.2, 0.7, 0.8, 0.9, 0.9])).toEqual([3]);
    expect(ends([0.1, 0.9], { steps: 1 })).toEqual([1]);
    expect(ends([0.1, 0.9, 0.9, 0.1, 0.9, 0.9, 0.9], { steps: 3 })).toEqual([6]);
  });

  it('begins anew with a step between the thresholds', () => {
    expect(ends([0.1, 0.9, 0.6, 0.9, 0.9])).toEqual([4]);
  });

  it('needs the probability to fall below threshold less hysteresis for a new turn', () => {
    expect(ends([0.1, 0.9, 0.9, 0.55, 0.9, 0.9])).toEqual([2]);
    expect(ends([0.1, 0.9, 0.9, 0.45, 0.9, 0.9])).toEqual([2, 5]);
    expect(ends([0.1, 0.9, 0.9, 0.55, 0.9, 0.9], { hysteresis: 0.1 })).toEqual([2, 5]);
  });

  it('ends nothing that did not begin', () => {
    expect(ends([0.9, 0.9, 0.9, 1, 1])).toEqual([]);
  });

  it('takes a word for a turn that its steps did not show', () => {
    const detector = new TurnDetector(checkTurnOptions({}));
    detector.step(vad(0.6));
    detector.word();
    expect(detector.speaking).toBe(true);
    expect(detector.step(vad(0.8))).toBe(false);
    expect(detector.step(vad(0.8))).toBe(true);
    expect(detector.speaking).toBe(false);
  });

  it('goes by the nearest horizon, wherever it stands', () => {
    const detector = new TurnDetector(checkTurnOptions({ horizonS: 1, steps: 1 }));
    detector.word();
    expect(detector.step([...vad(0.9, 0.5), ...vad(0.9, 3)])).toBe(true); // 0.5 is nearest to 1
    detector.word();
    expect(detector.step([...vad(0.9, 3), ...vad(0.1, 1), ...vad(0.9, 0.5)])).toBe(false);
    expect(detector.step([])).toBe(false);
    expect(detector.step(vad(0.9, 3))).toBe(true);
  });
});

describe('checkTurnOptions', () => {
  it('fills in the defaults', () => {
    expect(checkTurnOptions({})).toEqual({
      horizonS: 2,
      threshold: 0.7,
      hysteresis: 0.2,
      steps: 2,
      flushBy: 'flush',
      graceMs: 0,
    });
    expect(checkTurnOptions({ threshold: 0.1 }).hysteresis).toBe(0.1);
  });

  it.each([
    null,
    'yes',
    true,
    { horizonS: -1 },
    { horizonS: '2' },
    { threshold: 1.1 },
    { threshold: Number.NaN },
    { hysteresis: 0.8 },
    { steps: 0 },
    { steps: 1.5 },
    { flushBy: 'both' },
    { graceMs: -1 },
  ])('refuses %j', (options) => {
    expect(() => checkTurnOptions(options)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG' }));
  });
});
