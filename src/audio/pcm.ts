/** Conversion between sample encodings and channel counts. Not here: rates (resample.ts), G.711 by itself (g711.ts). */
import type { SampleEncoding } from '../format.js';
import { native } from '../native/index.js';
import { requireOptions } from './arguments.js';

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
