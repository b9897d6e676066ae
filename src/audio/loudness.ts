/** Energy of speech, step by step. Not here: deciding what is silence. */
import { native } from '../native/index.js';

/**
 * RMS level of consecutive blocks of samples, in dB relative to full scale (a full-scale square wave is 0 dB);
 * digital silence is −120.
 *
 * @param samples 16-bit samples; interleaved channels are levelled together.
 * @param block Samples (not frames) in a block, 1 to 2^32 − 1; the last block may be shorter.
 * @returns One level per block, −120 to 0 dB: ceil(samples.length / block) of them.
 * @throws TypeError ERR_INVALID_ARG unless `samples` is an Int16Array in ordinary memory and `block` a number.
 * @throws RangeError ERR_INVALID_ARG for a `block` out of range; ERR_TOO_LARGE.
 * @example
 * const levels = stepLevels(new Int16Array(16_000), 1280); // 80 ms at 16 kHz: 13 levels, all of them −120
 */
export function stepLevels(samples: Int16Array, block: number): Float32Array<ArrayBuffer> {
  return native.stepLevels(samples, block);
}
