// The low-pass filter of the resampler as a continuous impulse response, sampled in double precision for one
// ratio. Not here: how the response was found (scripts/design-fir.mjs); how taps are laid out and rounded for
// the kernels (fir_bank.h); filtering (simd/fir_kernels.h, resampler.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sluice {

// A ratio gets an exact filter when it has at most kMaxPhases phases that hold at most kMaxExactTaps taps;
// only ratios far off any audio rate (191999 to 1000 Hz: 32 million taps) reach the second limit first.
inline constexpr uint32_t kMaxPhases = 1024;
inline constexpr size_t kMaxExactTaps = size_t{1} << 19;

enum class ResamplerQuality : uint8_t { kFast, kDefault, kBest };

// Half of a symmetric impulse response on a lattice of `phases` points an input frame: half[n] is n points
// after (and before) its centre. The phases add up to 1 on average, each of them to within 4e-6 (fast), 2e-7
// (default) or 3e-8 (best): what the stop band leaves of a constant's images.
struct FirPrototype {
  uint32_t phases = 1;
  bool interpolated = false;  // phases is not the ratio's, but fine enough to interpolate between linearly
  std::vector<double> half;

  // Value at a point of the lattice, 0 beyond the ends.
  double At(int64_t point) const {
    const auto distance = static_cast<size_t>(point < 0 ? -point : point);
    return distance < half.size() ? half[distance] : 0.0;
  }
  int64_t reach() const { return static_cast<int64_t>(half.size()) - 1; }
};

// For the reduced ratio up:down (to : from) and samples of type int16_t or float, whose filters differ: int16
// needs no more accuracy than its 16 bits can hold, and is faster for it.
template <class Sample>
FirPrototype DesignFir(uint32_t up, uint32_t down, ResamplerQuality quality);

}  // namespace sluice
