#include "core/fir_kernel.h"

namespace sluice {

// Sixteen independent sums, because that many lanes fit every vector width up to 512 bits: the compiler may
// use vectors without being allowed to reorder additions (no -ffast-math), and the result is the same at each
// width.
float DotProduct(const float* taps, const float* samples, size_t n) {
  float lanes[kKernelBlock] = {};
  for (size_t i = 0; i < n; i += kKernelBlock) {
    for (size_t lane = 0; lane < kKernelBlock; ++lane) lanes[lane] += taps[i + lane] * samples[i + lane];
  }
  for (size_t width = kKernelBlock / 2; width > 0; width /= 2) {
    for (size_t lane = 0; lane < width; ++lane) lanes[lane] += lanes[lane + width];
  }
  return lanes[0];
}

}  // namespace sluice
