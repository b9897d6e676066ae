// The inner loops that are compiled once per instruction set, behind one table of functions per level. Each
// family has a header (what its functions promise) and an .inl.h (their source, included by every
// target_*.cpp).
//
// Every level gives the same bits for integers; float results may differ by rounding, by at most 1e-6 of full
// scale.
#pragma once

#include "core/simd/base64_kernels.h"
#include "core/simd/crc_kernels.h"
#include "core/simd/fir_kernels.h"
#include "core/simd/g711_kernels.h"
#include "core/simd/pcm_kernels.h"

namespace sluice {

enum class SimdLevel : uint8_t;  // simd_level.h

struct Kernels {
  G711Kernels g711;
  PcmKernels pcm;
  Base64Kernels base64;
  FirKernels fir;
  CrcKernels crc;
};

// Of one level, which must be runnable: for tests and benchmarks.
const Kernels& KernelsFor(SimdLevel level);

// Of ActiveSimdLevel().
const Kernels& ActiveKernels();

}  // namespace sluice
