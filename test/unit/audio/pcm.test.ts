import { describe, expect, test } from 'vitest';
import {
  convertSamples,
  convertSamplesInto,
  SAMPLE_ENCODINGS,
  type SampleEncoding,
} from '../../../src/audio/index.js';
import { sampleBytes } from '../../../src/format.js';
import { thrown } from './helpers.js';

const BYTES: Record<SampleEncoding, number> = {
  u8: 1,
  s16le: 2,
  s16be: 2,
  s24le: 3,
  s24be: 3,
  s24in32le: 4,
  s24in32be: 4,
  s32le: 4,
  s32be: 4,
  f32le: 4,
  f32be: 4,
  f64le: 8,
  f64be: 8,
  mulaw: 1,
  alaw: 1,
};

const f64 = (...values: number[]) => new Uint8Array(Float64Array.from(values).buffer);
const asF64 = (bytes: Uint8Array) => [...new Float64Array(bytes.slice().buffer)];

describe('convertSamples', () => {
  test.each(SAMPLE_ENCODINGS)('knows %s and its width', (encoding) => {
    const bytes = convertSamples(f64(0, 0.5, -0.5), { from: 'f64le', to: encoding });
    expect(bytes.length).toBe(3 * BYTES[encoding]);
    expect(sampleBytes(encoding)).toBe(BYTES[encoding]);
    expect(bytes.buffer.byteLength).toBe(bytes.length);
    const [zero, plus, minus] = asF64(convertSamples(bytes, { from: encoding, to: 'f64le' })) as [
      number,
      number,
      number,
    ];
    const step = encoding.endsWith('law') ? 0.02 : 0;
    expect(Math.abs(zero)).toBeLessThanOrEqual(step);
    expect(Math.abs(plus - 0.5)).toBeLessThanOrEqual(step);
    expect(Math.abs(minus + 0.5)).toBeLessThanOrEqual(step);
  });

  test('lays bytes out in the order that the name says', () => {
    const sample = f64(0x123456 / 2 ** 23);
    const bytes = (to: SampleEncoding) => [...convertSamples(sample, { from: 'f64le', to })];
    expect(bytes('s24le')).toEqual([0x56, 0x34, 0x12]);
    expect(bytes('s24be')).toEqual([0x12, 0x34, 0x56]);
    expect(bytes('s24in32le')).toEqual([0x56, 0x34, 0x12, 0x00]);
    expect(bytes('s24in32be')).toEqual([0x00, 0x12, 0x34, 0x56]);
    expect(bytes('s32le')).toEqual([0x00, 0x56, 0x34, 0x12]);
    expect(bytes('s16be')).toEqual([0x12, 0x34]);
    expect(bytes('u8')).toEqual([0x92]);
  });

  test('rounds to nearest even, saturates, and takes NaN for silence', () => {
    const lsb = 2 ** -15;
    const from = f64(0.5 * lsb, 1.5 * lsb, 2.5 * lsb, -0.5 * lsb, -1.5 * lsb, 1, 2, -1, -2, NaN, Infinity);
    const s16 = convertSamples(from, { from: 'f64le', to: 's16le' });
    expect([...new Int16Array(s16.buffer)]).toEqual([0, 2, 2, 0, -2, 32767, 32767, -32768, -32768, 0, 32767]);
  });

  test('mixes N channels to their mean and copies one channel to N', () => {
    const stereo = f64(0.25, 0.75, -1, 1);
    expect(asF64(convertSamples(stereo, { from: 'f64le', to: 'f64le', channels: 2, toChannels: 1 }))).toEqual(
      [0.5, 0],
    );
    expect(asF64(convertSamples(f64(0.1, 0.2), { from: 'f64le', to: 'f64le', toChannels: 3 }))).toEqual([
      0.1, 0.1, 0.1, 0.2, 0.2, 0.2,
    ]);
  });

  test.each([
    [
      'a broken frame',
      () => convertSamples(new Uint8Array(5), { from: 's16le', to: 'u8' }),
      'ERR_INVALID_LENGTH',
    ],
    [
      '3 to 2 channels',
      () => convertSamples(new Uint8Array(6), { from: 's16le', to: 'u8', channels: 3, toChannels: 2 }),
      'ERR_INVALID_CHANNELS',
    ],
    [
      '0 channels',
      () => convertSamples(new Uint8Array(6), { from: 's16le', to: 'u8', channels: 0 }),
      'ERR_INVALID_CHANNELS',
    ],
    [
      'an unknown encoding',
      () => convertSamples(new Uint8Array(6), { from: 's17le' as 's16le', to: 'u8' }),
      'ERR_INVALID_ARG',
    ],
    [
      'more than memory holds',
      () => convertSamples(new Uint8Array(100_000), { from: 'u8', to: 'f64le', toChannels: 65_535 }),
      'ERR_TOO_LARGE',
    ],
  ])('refuses %s with a RangeError', (_, run, code) => {
    expect(thrown(run)).toMatchObject({ name: 'RangeError', code });
  });
});

describe('convertSamplesInto', () => {
  const options = { from: 's24le', to: 's16le', channels: 2, toChannels: 1 } as const;
  const bytes = Uint8Array.from({ length: 6 * 100 }, (_, i) => i * 37);

  test('writes the same to the front of dst and leaves the rest', () => {
    const dst = new Uint8Array(300).fill(7);
    expect(convertSamplesInto(bytes, dst, options)).toBe(200);
    expect(dst.subarray(0, 200)).toEqual(convertSamples(bytes, options));
    expect([...dst.subarray(200)]).toEqual(new Array(100).fill(7));
    expect(convertSamplesInto(new Uint8Array(0), new Uint8Array(0), options)).toBe(0);
  });

  test('writes to any address', () => {
    const dst = new Uint8Array(new ArrayBuffer(300), 1, 200);
    convertSamplesInto(bytes, dst, options);
    expect(dst).toEqual(convertSamples(bytes, options));
  });

  test('refuses a dst that is too short or shares memory, and what convertSamples refuses', () => {
    expect(thrown(() => convertSamplesInto(bytes, new Uint8Array(199), options))).toMatchObject({
      name: 'RangeError',
      code: 'ERR_OUTPUT_TOO_SMALL',
    });
    const buffer = new ArrayBuffer(800);
    const inPlace = (offset: number) =>
      convertSamplesInto(new Uint8Array(buffer, 0, 600), new Uint8Array(buffer, offset, 200), options);
    expect(thrown(() => inPlace(599))).toMatchObject({ name: 'RangeError', code: 'ERR_INVALID_ARG' });
    expect(inPlace(600)).toBe(200);
    expect(thrown(() => convertSamplesInto(bytes.subarray(1), new Uint8Array(300), options))).toMatchObject({
      code: 'ERR_INVALID_LENGTH',
    });
  });
});
