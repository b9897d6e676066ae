/**
 * Whole WAV files: read into samples, written from samples.
 * Not here: looking at headers only (probe.ts).
 */
import type { SampleEncoding } from '../format.js';
import { type NativeWavAudio, native } from '../native/index.js';
import { requireOptions, requireWord } from './arguments.js';
import { type AbortOptions, offLoop } from './off-loop.js';

/** How {@link readWav} hands out the samples. */
export interface ReadWavOptions<S extends 'int16' | 'float32' = 'int16' | 'float32'> {
  /**
   * `int16` (default): narrower widths are scaled up, wider ones rounded to nearest even and saturated.
   * `float32`: integer / 2^(bits-1), exact up to 24 bits.
   */
  sample?: S;
}

/** A WAV file's samples and what its header said. */
export interface WavAudio<
  T extends Int16Array | Float32Array = Int16Array<ArrayBuffer> | Float32Array<ArrayBuffer>,
> {
  /** Frames in a second: 1 to 2 147 483 647. */
  sampleRateHz: number;
  /** Interleaved channels: from 1, as many as a frame of 65 535 bytes holds. */
  channels: number;
  /** Bits that one sample took in the file: 8, 16, 24, 32 or 64. */
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
 * @throws FormatError (its codes, ERR_WAV_NOT_WAV …) when the bytes are no WAV file or break the format; its
 * `byteOffset` says where.
 * @throws UnsupportedError (its codes, ERR_WAV_UNSUPPORTED_ENCODING …) for valid files outside our scope, e.g. ADPCM or
 * another container.
 * @throws TypeError ERR_INVALID_ARG unless `bytes` is a Uint8Array in ordinary memory; RangeError ERR_TOO_LARGE, or
 * ERR_INVALID_ARG for an unknown `sample`.
 * @see docs/wav.md, with every decision where the format leaves room
 * @example
 * import { readFile } from 'node:fs/promises';
 *
 * const { samples, sampleRateHz } = readWav(await readFile('call.wav'));
 */
export function readWav(
  bytes: Uint8Array,
  options?: ReadWavOptions<'int16'>,
): WavAudio<Int16Array<ArrayBuffer>>;
/** The same with samples in float32, full scale 1.0. */
export function readWav(
  bytes: Uint8Array,
  options: ReadWavOptions<'float32'>,
): WavAudio<Float32Array<ArrayBuffer>>;
/** The same where the kind of samples is known at run time only. */
export function readWav(bytes: Uint8Array, options?: ReadWavOptions): WavAudio;
export function readWav(bytes: Uint8Array, options: ReadWavOptions = {}): WavAudio {
  requireOptions(options, 'readWav');
  const { dataOffset: _, ...audio } = native.readWav(bytes, isFloat32(options.sample));
  return audio;
}

function isFloat32(sample: ReadWavOptions['sample'] = 'int16'): boolean {
  return requireWord(sample, 'sample', ['int16', 'float32']) === 'float32';
}

/**
 * `readWav` off the event loop: the same result and the same errors, as a rejection.
 *
 * Files whose work is not worth a thread are read before the call returns. While the promise is pending the bytes must
 * stay as they are: what is written to them may or may not count, and when their memory is transferred or resized the
 * promise may reject with a TypeError ERR_INVALID_ARG.
 *
 * @param bytes The whole file; a Buffer is fine.
 * @returns A promise of the samples and facts. It rejects with `signal.reason` at an abort, at once.
 * @throws As `readWav`, all of it as rejections.
 * @see docs/wav.md
 * @example
 * import { readFile } from 'node:fs/promises';
 *
 * const { samples, frames } = await readWavAsync(await readFile('meeting.wav'), { sample: 'float32' });
 */
export function readWavAsync(
  bytes: Uint8Array,
  options?: ReadWavOptions<'int16'> & AbortOptions,
): Promise<WavAudio<Int16Array<ArrayBuffer>>>;
/** The same with samples in float32, full scale 1.0. */
export function readWavAsync(
  bytes: Uint8Array,
  options: ReadWavOptions<'float32'> & AbortOptions,
): Promise<WavAudio<Float32Array<ArrayBuffer>>>;
/** The same where the kind of samples is known at run time only. */
export function readWavAsync(bytes: Uint8Array, options?: ReadWavOptions & AbortOptions): Promise<WavAudio>;
export async function readWavAsync(
  bytes: Uint8Array,
  options: ReadWavOptions & AbortOptions = {},
): Promise<WavAudio> {
  requireOptions(options, 'readWavAsync');
  const { sample, signal } = options;
  const { dataOffset: _, ...audio } = await offLoop<NativeWavAudio>(signal, (...callbacks) =>
    native.readWav(bytes, isFloat32(sample), ...callbacks),
  );
  return audio;
}

/** Sample encodings that {@link writeWav} writes: all little-endian; `mulaw` and `alaw` are ITU-T G.711. */
export type WavEncoding = 'u8' | 's16' | 's24' | 's32' | 'f32' | 'f64' | 'mulaw' | 'alaw';

/** What {@link writeWav} puts into the header. */
export interface WriteWavOptions {
  /** Frames in a second: a whole number from 1 to 2 147 483 647. */
  sampleRateHz: number;
  /** Interleaved, from 1, as many as a frame of 65 535 bytes holds; must divide `samples.length`. Default 1. */
  channels?: number;
  /** Default `s16` for an Int16Array, `f32` for a Float32Array. */
  encoding?: WavEncoding;
}

/**
 * Makes a WAV file of samples; RF64 where it passes 4 GiB. Towards narrower widths values are rounded to nearest even
 * and saturate.
 *
 * @param samples Whole frames, interleaved; a Float32Array has its full scale at 1.0.
 * @returns The file's bytes, with an ArrayBuffer of their own.
 * @throws RangeError ERR_INVALID_RATE, ERR_INVALID_CHANNELS, ERR_INVALID_LENGTH (no whole number of frames),
 * ERR_TOO_LARGE (no memory for the result). TypeError or RangeError ERR_INVALID_ARG.
 * @see docs/wav.md
 * @example
 * import { writeFile } from 'node:fs/promises';
 *
 * const samples = new Int16Array(24_000); // one second of silence
 * await writeFile('speech.wav', writeWav(samples, { sampleRateHz: 24_000 }));
 */
export function writeWav(
  samples: Int16Array | Float32Array,
  options: WriteWavOptions,
): Uint8Array<ArrayBuffer> {
  requireOptions(options, 'writeWav');
  const { sampleRateHz, channels = 1, encoding } = options;
  return native.writeWav(samples, encoding, sampleRateHz, channels);
}

/**
 * `writeWav` off the event loop: the same bytes and the same errors, as a rejection.
 *
 * Samples whose work is not worth a thread are written before the call returns. While the promise is pending the samples
 * must stay as they are: what is written to them may or may not count, and when their memory is transferred or resized the
 * promise may reject with a TypeError ERR_INVALID_ARG.
 *
 * @param samples Whole frames, interleaved; a Float32Array has its full scale at 1.0.
 * @returns A promise of the file's bytes. It rejects with `signal.reason` at an abort, at once.
 * @throws As `writeWav`, all of it as rejections.
 * @see docs/wav.md
 * @example
 * import { writeFile } from 'node:fs/promises';
 *
 * const samples = new Float32Array(600 * 48_000); // ten minutes of silence
 * await writeFile('music.wav', await writeWavAsync(samples, { sampleRateHz: 48_000, encoding: 's24' }));
 */
export async function writeWavAsync(
  samples: Int16Array | Float32Array,
  options: WriteWavOptions & AbortOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  requireOptions(options, 'writeWavAsync');
  const { sampleRateHz, channels = 1, encoding, signal } = options;
  return offLoop(signal, (...callbacks) =>
    native.writeWav(samples, encoding, sampleRateHz, channels, ...callbacks),
  );
}
