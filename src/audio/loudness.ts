/** Energy of speech, step by step. Not here: deciding what is silence. */
import { native } from '../native/index.js';

/**
 * RMS level of consecutive blocks of samples, in dB relative to full scale (a full-scale square wave is 0 dB);
 * digital silence is −120.
 *
 * @param samples 16-bit samples; interleaved channels are levelled together.
 * @param block Samples in a block, at least 1; the last block may be shorter.
 * @returns One level per block: ceil(samples.length / block).
 * @throws TypeError or RangeError ERR_INVALID_ARG.
 */
export function stepLevels(samples: Int16Array, block: number): Float32Array<ArrayBuffer> {
  return native.stepLevels(samples, block);
}
