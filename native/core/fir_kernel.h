// The dot products of the resampler, behind one table of functions so that tuned builds can take their place.
// Today: one portable build the compiler vectorises.
#pragma once

#include <cstddef>

namespace sluice {

// Taps are padded to a multiple of this.
inline constexpr size_t kKernelBlock = 16;

// sum(taps[i] * samples[i]), n a multiple of kKernelBlock. The order of additions is fixed: the same input
// gives the same bits, always.
float DotProduct(const float* taps, const float* samples, size_t n);

}  // namespace sluice
