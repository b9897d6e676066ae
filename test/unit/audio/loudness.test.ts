import { expect, test } from 'vitest';
import { stepLevels } from '../../../src/audio/index.js';
import { thrown } from './helpers.js';

test('stepLevels gives dB relative to full scale, block by block', () => {
  const samples = new Int16Array(25);
  samples.fill(16_384, 0, 10);
  samples.fill(-32_768, 20);
  const levels = stepLevels(samples, 10);
  expect(levels.length).toBe(3);
  expect(levels[0]).toBeCloseTo(20 * Math.log10(0.5), 3);
  expect(levels[1]).toBe(-120);
  expect(levels[2]).toBeCloseTo(0, 3);
});

test('stepLevels of nothing is nothing, and a block has at least one sample', () => {
  expect(stepLevels(new Int16Array(0), 10).length).toBe(0);
  for (const block of [0, -1, 1.5, Number.NaN, Infinity])
    expect(thrown(() => stepLevels(new Int16Array(3), block))).toMatchObject({
      name: 'RangeError',
      code: 'ERR_INVALID_ARG',
    });
});
