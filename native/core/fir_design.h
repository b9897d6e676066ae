// Low-pass taps for the resampler: designed once in double precision, kept as float32 polyphase banks, cached
// per process. Not here: filtering (fir_kernel.h, resampler.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace sluice {

// A ratio gets an exact bank when it has at most kMaxPhases phases that hold at most kMaxExactTaps taps (2
// MB); only ratios far off any audio rate (191999 to 1000 Hz: 32 million taps) reach the second limit first.
inline constexpr uint32_t kMaxPhases = 1024;
inline constexpr size_t kMaxExactTaps = size_t{1} << 19;

enum class ResamplerQuality : uint8_t { kFast, kDefault, kBest };

// Taps for one reduced ratio up:down (to : from). Phase p of an exact bank serves output instants that lie p
// / up input frames after an input frame. An interpolated bank has `phases` sub-phases plus a guard phase,
// between which the resampler interpolates linearly.
//
// Tap i of phase p weighs the input frame half_frames - (taps_per_phase - 1 - i) frames after the one at or
// just before the output instant.
struct FirBank {
  uint32_t up = 1;
  uint32_t down = 1;
  uint32_t phases = 1;  // == up when exact
  bool interpolated = false;
  size_t taps_per_phase = 0;  // padded to the kernel's block; padding taps are 0 and weigh the oldest frames
  size_t half_frames = 0;     // input frames that must follow an output instant: the latency
  std::vector<float> taps;    // phase-major: taps[phase * taps_per_phase + i], oldest input frame first
  std::span<const float> Phase(size_t phase) const {
    return std::span<const float>(taps).subspan(phase * taps_per_phase, taps_per_phase);
  }
};

// The bank for from_hz to to_hz (valid rates), from the cache where it is there. Thread-safe.
std::shared_ptr<const FirBank> GetFirBank(uint32_t from_hz, uint32_t to_hz, ResamplerQuality quality);

}  // namespace sluice
