// The taps of one ratio, rounded and laid out for the FIR kernels, cached per process. Not here: the filter's
// design (fir_design.h), the kernels (simd/fir_kernels.h), streams (resampler.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

#include "core/fir_design.h"
#include "core/simd/fir_kernels.h"

namespace sluice {

// Memory that begins at a multiple of 64 bytes: a vector of taps that crosses a cache line costs two loads.
template <class T>
struct CacheLineAllocator {
  using value_type = T;
  static constexpr std::align_val_t kAlignment{64};
  CacheLineAllocator() = default;
  template <class U>
  CacheLineAllocator(const CacheLineAllocator<U>&) {}  // NOLINT: implicit, as allocators are
  T* allocate(size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), kAlignment)); }
  void deallocate(T* p, size_t) { ::operator delete(p, kAlignment); }
  bool operator==(const CacheLineAllocator&) const = default;
};
template <class T>
using Taps = std::vector<T, CacheLineAllocator<T>>;

// Ratios of small numbers are filtered in groups: group g takes `inputs` frames and gives `outputs` frames,
// the first of them at the instant of its input frame `origin`. It needs the groups from g - groups_before to
// g + groups_after.
//
// All others are filtered in windows: each gives kFirWindowOutputs consecutive outputs, or one where the
// ratio has so many phases that there would be too many different windows, or where the outputs are
// interpolated. Window w of a cycle of `windows` has the taps_per_window frames that end frames_after frames
// after the one at, or just before, the instant of its first output.
//
// An interpolated bank has windows for `phases` instants within a frame, and a last one for the next frame's;
// of each two neighbours' first outputs the resampler takes the mean, by the distance of its own instant.
//
// Sample: int16_t or float, of the samples and of the taps.
template <class Sample>
struct FirBank {
  uint32_t up = 1;
  uint32_t down = 1;
  uint32_t phases = 1;  // == up when exact
  bool interpolated = false;
  bool grouped = false;

  uint32_t inputs = 0;  // grouped; both multiples of down and up by the same factor
  uint32_t outputs = 0;
  uint32_t origin = 0;  // less than inputs
  uint32_t groups_before = 0;
  uint32_t groups_after = 0;

  size_t taps_per_window = 0;  // windows; a multiple of kFirBlock
  size_t frames_after = 0;
  uint32_t windows = 0;
  uint32_t window_outputs = 0;  // 1 or kFirWindowOutputs

  std::vector<FirSegment> segments;  // int16 only
  Taps<Sample> taps;                 // as the kernels want them: of the groups, or window after window

  uint32_t steps() const { return groups_before + 1 + groups_after; }  // grouped
  size_t Bytes() const {
    return sizeof *this + segments.size() * sizeof(FirSegment) + taps.size() * sizeof(Sample);
  }
};

// The bank for from_hz to to_hz (valid rates, not equal), from the cache where it is there. Thread-safe.
template <class Sample>
std::shared_ptr<const FirBank<Sample>> GetFirBank(uint32_t from_hz, uint32_t to_hz, ResamplerQuality quality);

}  // namespace sluice
