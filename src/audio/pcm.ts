/** Conversion between sample encodings and channel counts. Not here: rates (resample.ts), G.711 by itself (g711.ts). */
import type { SampleEncoding } from '../format.js';
import { native } from '../native/index.js';
import { requireOptions } from './arguments.js';
import { type AbortOptions, offLoop } from './off-loop.js';

/** What the samples are and what they are to become. */
export interface ConvertSamplesOptions {
  /** What `bytes` hold. */
  from: SampleEncoding;
  /** What is wanted. */
  to: SampleEncoding;
  /** Channels in `bytes`, interleaved: 1 to 65 535. Default 1. */
  channels?: number;
  /** Channels wanted: the same count, 1 (the mean of all), or any count from 1 (copies). Default `channels`. */
  toChannels?: number;
}

/**
 * Converts raw samples from one encoding and channel count to another. Every sample is rounded once, to nearest,
 * ties to even, and saturates; a float's NaN becomes 0. Full scale is 2^(bits-1) for integers and 1.0 for floats.
 * Between float encodings values pass as they are, beyond full scale too.
 *
 * @param bytes Whole frames, interleaved; a Buffer is fine.
 * @returns New bytes, with an ArrayBuffer of their own.
 * @throws RangeError ERR_INVALID_LENGTH when `bytes` is no whole number of frames, ERR_INVALID_CHANNELS when no
 * rule mixes `channels` to `toChannels`, ERR_TOO_LARGE when there is no memory for the result.
 * @throws TypeError ERR_INVALID_ARG for anything else than a Uint8Array in ordinary memory; RangeError ERR_INVALID_ARG
 * for an encoding that is none.
 * @example
 * const bytes = new Uint8Array(6 * 480); // 480 frames of 24-bit stereo
 * const s16 = convertSamples(bytes, { from: 's24le', to: 's16le', channels: 2, toChannels: 1 });
 */
export function convertSamples(bytes: Uint8Array, options: ConvertSamplesOptions): Uint8Array<ArrayBuffer> {
  requireOptions(options, 'convertSamples');
  const { from, to, channels = 1, toChannels = channels } = options;
  return native.convertSamples(bytes, from, channels, to, toChannels);
}

/**
 * `convertSamples` off the event loop: the same result and the same errors, as a rejection. With encodings `mulaw` and
 * `alaw` it is also the way to code and decode whole files of G.711.
 *
 * Inputs whose work is not worth a thread are converted before the call returns. While the promise is pending the bytes
 * must stay as they are: what is written to them may or may not count, and when their memory is transferred or resized the
 * promise may reject with a TypeError ERR_INVALID_ARG.
 *
 * @param bytes Whole frames, interleaved; a Buffer is fine.
 * @returns A promise of new bytes. It rejects with `signal.reason` at an abort, at once.
 * @throws As `convertSamples`, all of it as rejections.
 * @example
 * const hour = new Uint8Array(3600 * 8000).fill(0xff); // of a telephone line
 * const bytes = await convertSamplesAsync(hour, { from: 'mulaw', to: 's16le' });
 */
export async function convertSamplesAsync(
  bytes: Uint8Array,
  options: ConvertSamplesOptions & AbortOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  requireOptions(options, 'convertSamplesAsync');
  const { from, to, channels = 1, toChannels = channels, signal } = options;
  return offLoop(signal, (...callbacks) =>
    native.convertSamples(bytes, from, channels, to, toChannels, ...callbacks),
  );
}

/**
 * `convertSamples` into memory of the caller's: no allocation.
 *
 * @param src Whole frames, interleaved; a Buffer is fine.
 * @param dst Room for the result, any Uint8Array (of an Int16Array: `new Uint8Array(samples.buffer)`); must not share
 * memory with `src`.
 * @returns Bytes written to the front of `dst`. The rest of `dst` stays as it was.
 * @throws As `convertSamples`; RangeError ERR_OUTPUT_TOO_SMALL when `dst` has not enough room, ERR_INVALID_ARG when the
 * two share memory.
 * @example
 * const samples = new Int16Array(480);
 * const written = convertSamplesInto(new Uint8Array(3 * 480), new Uint8Array(samples.buffer), {
 *   from: 's24le',
 *   to: 's16le',
 * }); // 960
 */
export function convertSamplesInto(src: Uint8Array, dst: Uint8Array, options: ConvertSamplesOptions): number {
  requireOptions(options, 'convertSamplesInto');
  const { from, to, channels = 1, toChannels = channels } = options;
  return native.convertSamplesInto(src, from, channels, to, toChannels, dst);
}
