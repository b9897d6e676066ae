/**
 * Whole WAV files: read into samples, written from samples.
 * Not here: looking at headers only (probe.ts).
 */
import type { SampleEncoding } from '../format.js';
import { native } from '../native/index.js';
import { requireOptions, requireWord } from './arguments.js';

export interface ReadWavOptions<S extends 'int16' | 'float32' = 'int16' | 'float32'> {
  /**
   * `int16` (default): narrower widths are scaled up, wider ones rounded to nearest even and saturated.
   * `float32`: integer / 2^(bits-1), exact up to 24 bits.
   */
  sample?: S;
}

/** A WAV file's samples and what its header said. */
export interface WavAudio<T extends Int16Array | Float32Array = Int16Array | Float32Array> {
  sampleRateHz: number;
  channels: number;
  /** Of the container: 8, 16, 24, 32 or 64. */
  bitsPerSample: number;
  /** How the samples lay in the file. */
  encoding: SampleEncoding;
  /** Whole frames found. */
  frames: number;
  /** Interleaved: frames · channels of them. */
  samples: T;
  /** Oddities that were put up with, e.g. `truncated`; listed in docs/wav.md. */
  warnings: string[];
  /** Frames that the header promises and the file does not hold. */
  missingFrames: number;
}

/**
 * Reads a WAV, RIFX, RF64 or BW64 file: integers of 8 to 32 bits, floats of 32 and 64, µ-law, A-law, any number of
 * channels. A recording that was cut is used as far as it goes, and `warnings` and `missingFrames` say so.
 *
 * @param bytes The whole file; a Buffer is fine.
 * @throws FormatError when the bytes are no WAV file or break the format; its `byteOffset` says where.
 * @throws UnsupportedError for valid files outside our scope, e.g. ADPCM or another container.
 * @throws TypeError ERR_INVALID_ARG unless `bytes` is a Uint8Array in ordinary memory; RangeError ERR_TOO_LARGE.
 * @example
 * const { samples, sampleRateHz } = readWav(await readFile('call.wav'));
 */
export function readWav(bytes: Uint8Array, options?: ReadWavOptions<'int16'>): WavAudio<Int16Array>;
export function readWav(bytes: Uint8Array, options: ReadWavOptions<'float32'>): WavAudio<Float32Array>;
export function readWav(bytes: Uint8Array, options?: ReadWavOptions): WavAudio;
export function readWav(bytes: Uint8Array, options: ReadWavOptions = {}): WavAudio {
  requireOptions(options, 'readWav');
  const sample = requireWord(options.sample ?? 'int16', 'sample', ['int16', 'float32']);
  const { dataOffset: _, ...audio } = native.readWav(bytes, sample === 'float32');
  return audio;
}

export type WavEncoding = 'u8' | 's16' | 's24' | 's32' | 'f32' | 'f64' | 'mulaw' | 'alaw';

export interface WriteWavOptions {
  /** 1 to 2 147 483 647. */
  sampleRateHz: number;
  /** Interleaved channels; must divide `samples.length`. Default 1. */
  channels?: number;
  /** Default `s16` for an Int16Array, `f32` for a Float32Array. */
  encoding?: WavEncoding;
}

/**
 * Makes a WAV file of samples. Towards narrower widths values are rounded to nearest even and saturate.
 *
 * @returns The file's bytes, with an ArrayBuffer of their own.
 * @throws RangeError ERR_INVALID_RATE, ERR_INVALID_CHANNELS, ERR_INVALID_LENGTH (no whole number of frames),
 * ERR_TOO_LARGE (RIFF sizes are 32 bits). TypeError or RangeError ERR_INVALID_ARG.
 * @example
 * await writeFile('speech.wav', writeWav(samples, { sampleRateHz: 24000 }));
 */
export function writeWav(
  samples: Int16Array | Float32Array,
  options: WriteWavOptions,
): Uint8Array<ArrayBuffer> {
  requireOptions(options, 'writeWav');
  const { sampleRateHz, channels = 1, encoding } = options;
  return native.writeWav(samples, encoding, sampleRateHz, channels);
}
