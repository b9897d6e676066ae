/**
 * Which instruction set the addon works with.
 * Not here: finding and choosing it (native/core/simd/simd_level.h).
 */
import { addonPath, native, type SimdLevel } from '../native/index.js';

/** What {@link simdInfo} tells. */
export interface SimdInfo {
  /** The level in use, in every thread and for as long as the process lives. */
  level: SimdLevel;
  /** The levels that this build has and this processor can run: `scalar` first, the best last. */
  available: SimdLevel[];
  /** Whether SLUICE_SIMD in the environment chose the level; else it is the best. */
  override: boolean;
  /** The file of the native addon, as it was looked for. */
  addonPath: string;
}

/**
 * The instruction set that the inner loops run on. It is chosen when the package is imported: the best of the
 * processor, or the one that SLUICE_SIMD names in the environment the process was started with. Where that names no
 * level, or one that cannot be run, the import fails with a RangeError ERR_SIMD_LEVEL.
 *
 * Integer results are the same bits on every level. Float32 results of the resampler may differ by rounding, by at
 * most 1e-6 of full scale.
 *
 * @returns An object of the caller's own.
 * @see docs/cli.md: `sluice probe --cpu` prints it
 * @example
 * const { level, available } = simdInfo();
 * console.log(`${level} of ${available.join(', ')}`); // vnni of scalar, sse2, avx2, avx512, vnni
 */
export function simdInfo(): SimdInfo {
  const { level, available, override } = native.simd;
  return { level, available: [...available], override, addonPath };
}
