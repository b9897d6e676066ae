/** Every WAV fixture is held to its house verdict, from memory and from disk. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  FormatError,
  probeAudio,
  readWav,
  UnsupportedError,
  type WavInfo,
} from '../../../src/audio/index.js';
import { sha256, thrown, wavFixtures } from './helpers.js';

const all = wavFixtures();
const readable = all.filter(([, , house]) => house.result === 'ok' || house.result === 'salvage');
const refused = all.filter(
  ([, , house]) => house.result === 'format-error' || house.result === 'unsupported',
);

test('the fixtures cover both outcomes', () => {
  expect(readable.length).toBeGreaterThan(70);
  expect(refused.length).toBeGreaterThan(40);
  expect(readable.length + refused.length).toBe(all.length);
});

describe('readWav delivers', () => {
  test.each(readable)('%s', (_, path, house) => {
    const audio = readWav(readFileSync(path), { sample: 'float32' });
    expect(audio.frames).toBe(house.frames);
    expect(audio.channels).toBe(house.channels);
    expect(audio.sampleRateHz).toBe(house.rate);
    expect(audio.samples.length).toBe(house.frames * house.channels);
    expect([...audio.warnings].sort()).toEqual([...house.warnings].sort());
    expect(sha256(audio.samples)).toBe(house.f32_sha256);
    const salvaged = audio.warnings.includes('truncated') || audio.warnings.includes('partial-frame');
    expect(salvaged ? 'salvage' : 'ok').toBe(house.result);
    expect(audio.missingFrames > 0).toBe(audio.warnings.includes('truncated'));
  });
});

describe('probeAudio agrees with readWav on', () => {
  test.each(readable)('%s', (_, path) => {
    const bytes = readFileSync(path);
    const { samples: _samples, ...facts } = readWav(bytes);
    const fromPath = probeAudio(path);
    expect(fromPath).toEqual(probeAudio(bytes));
    expect(fromPath).toMatchObject({
      ...facts,
      container: 'wav',
      durationS: facts.frames / facts.sampleRateHz,
    });
    expect((fromPath as WavInfo).dataOffset).toBeGreaterThanOrEqual(36);
  });
});

describe('readWav and probeAudio refuse', () => {
  test.each(refused)('%s', (_, path, house) => {
    const bytes = readFileSync(path);
    for (const run of [() => readWav(bytes), () => probeAudio(bytes), () => probeAudio(path)]) {
      const error = thrown(run);
      expect(error).toBeInstanceOf(house.result === 'unsupported' ? UnsupportedError : FormatError);
      expect(error.code).toMatch(/^ERR_/);
      expect(error.byteOffset).toBeGreaterThanOrEqual(0);
      expect(error.byteOffset).toBeLessThanOrEqual(bytes.length);
      for (const name of house.names ?? []) expect(error.message.toLowerCase()).toContain(name.toLowerCase());
    }
  });
});
