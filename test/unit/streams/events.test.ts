// What listeners get is known to the compiler: tsc checks this file; the tests only show that it is so.
import { expect, expectTypeOf, it } from 'vitest';
import {
  Loudness,
  type LoudnessChange,
  type LoudnessLevel,
  type RawAudioFormat,
  WavDecoder,
} from '../../../src/index.js';

const format = { encoding: 's16le', sampleRateHz: 8000 } as const;

it('Loudness types what its listeners get, by each way to listen', () => {
  const loudness = new Loudness({ format });
  const told: string[] = [];
  loudness
    .on('level', (level) => {
      expectTypeOf(level).toEqualTypeOf<LoudnessLevel>();
      told.push('level');
    })
    .once('speech', (change) => expectTypeOf(change).toEqualTypeOf<LoudnessChange>())
    .addListener('silence', (change) => expectTypeOf(change).toEqualTypeOf<LoudnessChange>())
    .off('speech', ({ startMs }) => expectTypeOf(startMs).toBeNumber())
    .on('error', (error) => expectTypeOf(error).toEqualTypeOf<Error>())
    .on('a name of another', () => {});
  expectTypeOf(loudness.on('end', () => {})).toEqualTypeOf<Loudness>();
  // The fields of the type are no fields of the object.
  expect(Object.hasOwn(loudness, 'on')).toBe(false);
  loudness.resume().write(Buffer.alloc(2 * 640));
  expect(told).toEqual(['level']);
});

it('WavDecoder types the format that it tells', () => {
  const decoder = new WavDecoder();
  decoder.once('format', (told) => expectTypeOf(told).toEqualTypeOf<RawAudioFormat>());
  expect(decoder.listenerCount('format')).toBe(1);
});
