import { describe, expect, test } from 'vitest';
import { readWav, type WavEncoding, writeWav } from '../../../src/audio/index.js';
import { fixture, sine, thrown, toInt16 } from './helpers.js';

describe('readWav', () => {
  test('gives int16 by default, from any width', () => {
    const audio = readWav(fixture('cpython-pluck-pcm24.wav'));
    expect(audio.samples).toBeInstanceOf(Int16Array);
    expect(audio).toMatchObject({
      sampleRateHz: 11_025,
      channels: 2,
      bitsPerSample: 24,
      encoding: 's24le',
      frames: 3307,
      warnings: [],
      missingFrames: 0,
    });
    expect(Object.keys(audio).sort()).toEqual(
      'bitsPerSample channels encoding frames missingFrames sampleRateHz samples warnings'.split(' '),
    );
  });

  test('owns exactly the memory of its samples', () => {
    for (const sample of ['int16', 'float32'] as const) {
      const { samples } = readWav(fixture('cpython-pluck-pcm16.wav'), { sample });
      expect(samples.buffer.byteLength).toBe(samples.byteLength);
      expect(samples.byteOffset).toBe(0);
    }
  });

  test('says how many frames a cut recording lacks', () => {
    const whole = writeWav(new Int16Array(1000), { sampleRateHz: 8000, channels: 2 });
    const cut = readWav(whole.subarray(0, whole.length - 403));
    expect(cut).toMatchObject({ frames: 399, missingFrames: 101, warnings: ['truncated'] });
  });

  test('never trusts a size field with memory', () => {
    const bytes = writeWav(new Int16Array(4), { sampleRateHz: 8000 });
    new DataView(bytes.buffer).setUint32(40, 0x7000_0000, true);
    expect(readWav(bytes)).toMatchObject({ frames: 4, warnings: ['truncated'] });
  });

  test('reads a view into a larger buffer', () => {
    const bytes = fixture('cpython-pluck-pcm16.wav');
    const padded = new Uint8Array(bytes.length + 7);
    padded.set(bytes, 3);
    expect(readWav(padded.subarray(3, 3 + bytes.length)).samples).toEqual(readWav(bytes).samples);
  });

  test('puts the caller into the stack of its errors', () => {
    const error = thrown(() => readWav(new Uint8Array(3)));
    expect(error).toMatchObject({ name: 'FormatError', code: 'ERR_WAV_NOT_WAV', byteOffset: 0 });
    expect(error.stack).toContain('wav.test.ts');
  });
});

describe('writeWav', () => {
  const samples = toInt16(sine(480, 997, 48_000, 2));

  test.each<[WavEncoding, string, number]>([
    ['u8', 'u8', 8],
    ['s16', 's16le', 16],
    ['s24', 's24le', 24],
    ['s32', 's32le', 32],
    ['f32', 'f32le', 32],
    ['f64', 'f64le', 64],
    ['mulaw', 'mulaw', 8],
    ['alaw', 'alaw', 8],
  ])('writes %s so that readWav finds it again', (encoding, name, bits) => {
    const bytes = writeWav(samples, { sampleRateHz: 48_000, channels: 2, encoding });
    const audio = readWav(bytes);
    expect(audio).toMatchObject({
      encoding: name,
      bitsPerSample: bits,
      sampleRateHz: 48_000,
      channels: 2,
      frames: 480,
      warnings: [],
    });
    expect(bytes.buffer.byteLength).toBe(bytes.length);
    if (bits >= 16) expect(audio.samples).toEqual(samples);
  });

  test('defaults to s16 for an Int16Array and f32 for a Float32Array', () => {
    expect(readWav(writeWav(samples, { sampleRateHz: 8000 })).encoding).toBe('s16le');
    const floats = Float32Array.of(0.1, -3, 1e-9);
    const read = readWav(writeWav(floats, { sampleRateHz: 8000 }), { sample: 'float32' });
    expect(read.encoding).toBe('f32le');
    expect(read.samples).toEqual(floats);
  });

  test('pads odd data, and writes a file without samples', () => {
    const odd = writeWav(Int16Array.of(1, 2, 3), { sampleRateHz: 8000, encoding: 'u8' });
    expect(odd.length % 2).toBe(0);
    expect(readWav(odd).frames).toBe(3);
    expect(readWav(writeWav(new Int16Array(0), { sampleRateHz: 8000 }))).toMatchObject({
      frames: 0,
      warnings: ['no-audio'],
    });
  });

  test.each([
    ['no whole number of frames', { sampleRateHz: 8000, channels: 7 }, 'ERR_INVALID_LENGTH'],
    ['rate 0', { sampleRateHz: 0 }, 'ERR_INVALID_RATE'],
    ['a broken rate', { sampleRateHz: 8000.5 }, 'ERR_INVALID_RATE'],
    ['a rate above 2^31 - 1', { sampleRateHz: 2 ** 31 }, 'ERR_INVALID_RATE'],
    ['too many channels', { sampleRateHz: 8000, channels: 70_000 }, 'ERR_INVALID_CHANNELS'],
    ['an unknown encoding', { sampleRateHz: 8000, encoding: 's16le' as 's16' }, 'ERR_INVALID_ARG'],
  ])('refuses %s with a RangeError', (_, options, code) => {
    expect(thrown(() => writeWav(samples, options))).toMatchObject({ name: 'RangeError', code });
  });
});
