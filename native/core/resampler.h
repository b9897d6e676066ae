// Streaming sample-rate conversion: a polyphase FIR bank, exact for every ratio of up to kMaxPhases phases
// and interpolated above that; equal rates pass through bit for bit. Output frame k is the input at time k *
// from / to: zero offset, ceil(n * to / from) frames. Output never depends on where the input was cut. Not
// here: the design of the taps (fir_design.h, fir_bank.h) and the filters (simd/fir_kernels.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/error.h"
#include "core/fir_design.h"

namespace sluice {

inline constexpr uint32_t kMinRateHz = 1000;
inline constexpr uint32_t kMaxRateHz = 192000;
inline constexpr uint32_t kMaxResamplerChannels = 64;

struct ResamplerOptions {
  uint32_t from_hz = 0;
  uint32_t to_hz = 0;
  uint32_t channels = 1;  // interleaved
  ResamplerQuality quality = ResamplerQuality::kDefault;
};

// Sample: int16_t or float. They are filtered alike, but not to the same figures: docs/resampler.md.
template <class Sample>
class Resampler {
 public:
  // Errors: kInvalidRate (kMinRateHz..kMaxRateHz), kInvalidChannels (1..kMaxResamplerChannels).
  static Result<Resampler> Create(const ResamplerOptions& options);
  Resampler(Resampler&&) noexcept;
  Resampler& operator=(Resampler&&) noexcept;
  ~Resampler();

  // Room that Process(n input frames) or, with 0, Flush may need, in frames: what the caller must bring. The
  // same for every state of the stream, and reached by some.
  size_t MaxOutputFrames(size_t input_frames) const;

  // Takes all of `input` (whole frames, interleaved) and writes the output frames that are ready; returns
  // their count. Float samples are neither clipped nor checked: a NaN or infinity spoils the outputs whose
  // window holds it and no others. int16 output is rounded to nearest even and saturates. `output` must not
  // overlap `input`. No allocation. kOutputTooSmall when output holds less than MaxOutputFrames (nothing is
  // taken then); kInvalidLength when input is no whole number of frames.
  Result<size_t> Process(std::span<const Sample> input, std::span<Sample> output);

  // The tail: brings the total to ceil(n * to / from) frames. After it the converter is as new.
  Result<size_t> Flush(std::span<Sample> output);

  void Reset();  // forgets the past

  // Input frames held back: an output frame comes out this many input frames after its own instant.
  size_t LatencyFrames() const;
  size_t channels() const;
  size_t StateBytes() const;  // memory of this stream, taps (shared per process) not counted

 private:
  struct State;
  explicit Resampler(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sluice
