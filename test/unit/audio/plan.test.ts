import { describe, expect, test } from 'vitest';
import { planWire, type SampleEncoding } from '../../../src/audio/index.js';
import { thrown } from './helpers.js';

describe('planWire', () => {
  test.each<[SampleEncoding, number, number, string, boolean]>([
    ['s16le', 8000, 1, 'pcm_8000', true],
    ['s16le', 16_000, 1, 'pcm_16000', true],
    ['s16le', 22_050, 1, 'pcm_22050', true],
    ['s16le', 24_000, 1, 'pcm_24000', true],
    ['mulaw', 8000, 1, 'ulaw_8000', true],
    ['alaw', 8000, 1, 'alaw_8000', true],
    ['mulaw', 8000, 2, 'pcm_8000', false],
    ['mulaw', 16_000, 1, 'pcm_16000', false],
    ['s16be', 16_000, 1, 'pcm_16000', false],
    ['s16le', 16_000, 2, 'pcm_16000', false],
    ['s24le', 1234, 1, 'pcm_8000', false],
    ['s16le', 8001, 1, 'pcm_16000', false],
    ['s16le', 11_025, 1, 'pcm_16000', false],
    ['s16le', 16_001, 1, 'pcm_24000', false],
    ['s16le', 22_050, 2, 'pcm_24000', false],
    ['s16le', 44_100, 1, 'pcm_24000', false],
    ['s16le', 48_000, 1, 'pcm_24000', false],
    ['f32le', 192_000, 6, 'pcm_24000', false],
  ])('%s at %i Hz with %i channels goes as %s', (encoding, sampleRateHz, channels, wire, untouched) => {
    const plan = planWire({ encoding, sampleRateHz, channels });
    expect(plan).toMatchObject({ wire, untouched });
    expect(plan.reason).toContain(encoding);
  });

  test.each([
    [{ encoding: 'mp3', sampleRateHz: 8000, channels: 1 }, 'RangeError', 'ERR_INVALID_ARG'],
    [{ encoding: 's16le', sampleRateHz: 0, channels: 1 }, 'RangeError', 'ERR_INVALID_RATE'],
    [{ encoding: 's16le', sampleRateHz: '8000', channels: 1 }, 'TypeError', 'ERR_INVALID_ARG'],
    [{ encoding: 's16le', sampleRateHz: 8000, channels: 1.5 }, 'RangeError', 'ERR_INVALID_CHANNELS'],
    [undefined, 'TypeError', 'ERR_INVALID_ARG'],
  ])('refuses %o', (source, name, code) => {
    expect(thrown(() => planWire(source as never))).toMatchObject({ name, code });
  });
});
