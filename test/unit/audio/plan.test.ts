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

  test.each<[string, object, string]>([
    ['mono', { channels: 1, warnings: [] }, 'opus'],
    ['stereo without an end', { channels: 2, links: [{}], warnings: ['eos-missing'] }, 'opus'],
    ['a cut file', { channels: 1, warnings: ['truncated'] }, 'opus'],
    ['3 channels', { channels: 3 }, 'pcm_24000'],
    ['a chain of 2 streams', { channels: 1, links: [{}, {}] }, 'pcm_24000'],
    ['damage', { channels: 1, warnings: ['truncated', 'page-lost'] }, 'pcm_24000'],
  ])('Ogg Opus, %s, goes as its damage allows', (_, source, wire) => {
    const plan = planWire({ encoding: 'opus', sampleRateHz: 48_000, channels: 1, ...source });
    expect(plan).toMatchObject({ wire, untouched: wire === 'opus' });
    expect(plan.reason).toMatch(wire === 'opus' ? /as it is/ : /3 channels|2 streams|with page-lost/);
  });

  test.each([
    [{ encoding: 'opus', sampleRateHz: 48_000, channels: 1, links: 2 }, 'TypeError', 'ERR_INVALID_ARG'],
    [{ encoding: 'opus', sampleRateHz: 48_000, channels: 1, warnings: [1] }, 'TypeError', 'ERR_INVALID_ARG'],
    [{ encoding: 'mp3', sampleRateHz: 8000, channels: 1 }, 'RangeError', 'ERR_INVALID_ARG'],
    [{ encoding: 's16le', sampleRateHz: 0, channels: 1 }, 'RangeError', 'ERR_INVALID_RATE'],
    [{ encoding: 's16le', sampleRateHz: '8000', channels: 1 }, 'TypeError', 'ERR_INVALID_ARG'],
    [{ encoding: 's16le', sampleRateHz: 8000, channels: 1.5 }, 'RangeError', 'ERR_INVALID_CHANNELS'],
    [undefined, 'TypeError', 'ERR_INVALID_ARG'],
  ])('refuses %o', (source, name, code) => {
    expect(thrown(() => planWire(source as never))).toMatchObject({ name, code });
  });
});
