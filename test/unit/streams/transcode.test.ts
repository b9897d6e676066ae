import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import {
  encodeMulaw,
  readWav,
  resample,
  type TranscodeOptions,
  transcode,
  WavDecoder,
  writeWav,
} from '../../../src/index.js';
import { expectBytes, outputOf, streamContract } from './contract.js';
import { bytesOf, noise } from './sound.js';

const samples = noise(120_000);
const wav = writeWav(samples, { sampleRateHz: 16_000, channels: 2 });
const rates = { fromHz: 16_000, toHz: 24_000, channels: 2 };
const WAV = { container: 'wav' } as const;

streamContract('transcode from raw samples to a telephone line', {
  make: (options) =>
    transcode({
      ...options,
      from: { encoding: 's16le', sampleRateHz: 16_000 },
      to: { encoding: 'mulaw', sampleRateHz: 8000 },
    }),
  input: bytesOf(samples),
  expected: encodeMulaw(resample(samples, { fromHz: 16_000, toHz: 8000 })),
});
streamContract('transcode from a WAV, all channels kept', {
  make: (options) =>
    transcode({
      ...options,
      from: WAV,
      to: { encoding: 's16le', sampleRateHz: 24_000 },
      channels: 'keep',
    }),
  input: wav,
  expected: bytesOf(resample(samples, rates)),
  empty: 'ERR_WAV_NOT_WAV',
});

describe('transcode', () => {
  const to = { encoding: 's16le', sampleRateHz: 24_000 } as const;

  it('tells the format of a WAV once, before its first output', async () => {
    const stream = transcode({ from: WAV, to, channels: 'keep' });
    expect(stream.outputFormat).toBeUndefined();
    const told: unknown[] = [];
    stream.on('format', (format) => told.push(format, stream.readableLength));
    await outputOf(stream, [wav.subarray(0, 30), wav.subarray(30)]);
    expect(told).toEqual([{ container: 'raw', ...to, channels: 2 }, 0]);
    expect(transcode({ from: WAV, to }).outputFormat).toMatchObject({ ...to, channels: 1 });
  });

  it('gives what there is of a WAV that was cut, and says so', async () => {
    const stream = transcode({ from: WAV, to: { ...to, sampleRateHz: 16_000 }, channels: 'keep' });
    expectBytes(
      await outputOf(stream, [wav.subarray(0, wav.length - 401)]),
      wav.subarray(44, wav.length - 404),
    );
    expect(stream.info).toMatchObject({ frames: 59_899, missingFrames: 101, warnings: ['truncated'] });
    expect(readWav(wav).frames).toBe(60_000);
  });

  it('is refused behind a stream that gives something else', async () => {
    const line = transcode({ from: { encoding: 's16le', sampleRateHz: 8000 }, to });
    const joined = pipeline(Readable.from([wav]), new WavDecoder(), line, new Writable());
    await expect(joined).rejects.toMatchObject({ name: 'TypeError', code: 'ERR_FORMAT_MISMATCH' });
  });

  it('ends raw samples amid a frame, and a file that is none, with an error', async () => {
    const raw = transcode({ from: { encoding: 's16le', sampleRateHz: 8000 }, to });
    await expect(outputOf(raw, [new Uint8Array(5)])).rejects.toMatchObject({ code: 'ERR_INVALID_LENGTH' });
    const none = transcode({ from: WAV, to });
    await expect(outputOf(none, [new Uint8Array(500)])).rejects.toMatchObject({ code: 'ERR_WAV_NOT_WAV' });
  });

  it.each<[string, object, string]>([
    ['no formats', {}, 'ERR_INVALID_ARG'],
    [
      'channels that no rule makes',
      { from: { ...to, channels: 6 }, to: { ...to, channels: 2 } },
      'ERR_INVALID_CHANNELS',
    ],
    ['a wait of no time', { from: WAV, to, highWaterMarkMs: 0 }, 'ERR_INVALID_OPTION'],
  ])('refuses %s', (_, options, code) => {
    expect(() => transcode(options as TranscodeOptions)).toThrow(expect.objectContaining({ code }));
  });
});
