#include "core/resampler.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>

#include "core/fir_kernel.h"
#include "core/pcm.h"

namespace sluice {
namespace {

constexpr size_t kMinBlockFrames = 512;  // room for input beside the window; see Resampler::State
constexpr size_t kScratchSamples = 256;  // output samples filtered before they are converted and interleaved

float ToFloat(float sample) { return sample; }
float ToFloat(int16_t sample) { return static_cast<float>(sample) * (1.0F / 32768.0F); }

void Store(std::span<const float> samples, float* out, size_t stride) {
  for (size_t i = 0; i < samples.size(); ++i) out[i * stride] = samples[i];
}

void Store(std::span<const float> samples, int16_t* out, size_t stride) {
  std::array<int16_t, kScratchSamples> rounded;
  Float32ToInt16(samples, std::span(rounded).first(samples.size()));
  for (size_t i = 0; i < samples.size(); ++i) out[i * stride] = rounded[i];
}

// ceil(n * up / down), or the largest size_t where that is larger.
size_t CeilScale(size_t n, uint32_t up, uint32_t down) {
  const size_t whole = n / down;
  if (whole >= std::numeric_limits<size_t>::max() / up - 1) return std::numeric_limits<size_t>::max();
  const uint64_t rest = (static_cast<uint64_t>(n % down) * up + down - 1) / down;
  return whole * up + static_cast<size_t>(rest);
}

Error InvalidRate(const char* which, uint32_t rate_hz) {
  return {ErrorCode::kInvalidRate, 0,
          std::string(which) + " must be a whole number of Hz from " + std::to_string(kMinRateHz) + " to " +
              std::to_string(kMaxRateHz) + ", not " + std::to_string(rate_hz)};
}

bool IsValidRate(uint32_t rate_hz) { return rate_hz >= kMinRateHz && rate_hz <= kMaxRateHz; }

}  // namespace

// The past of one channel, and the window of the next output in it:
//
//   0              newest - taps + 1          newest        filled       capacity = taps - 1 + block
//   | no longer used |  window of the next output |             | free room |
//
// The output is ready when newest < filled. When the room is used up the used part is dropped. A block of at
// least the window's length means that each frame is moved about once.
struct Resampler::State {
  // When the next output is due: its window's youngest frame, as an index into the history, and by how far
  // (phase / up input frames, 0 <= phase < up) its instant lies after the frame it is counted from. Whole
  // numbers, so nothing drifts however long the stream.
  struct Position {
    size_t newest;
    uint32_t phase;
  };

  size_t channels = 1;
  std::shared_ptr<const FirBank> bank;  // null when the rates are equal: nothing to filter
  size_t capacity = 0;                  // frames of history a channel
  std::vector<float> history;           // channel-major
  size_t filled = 0;                    // frames of history that are there
  Position next{0, 0};

  State(size_t channel_count, std::shared_ptr<const FirBank> taps)
      : channels(channel_count), bank(std::move(taps)) {
    if (bank != nullptr) {
      capacity = bank->taps_per_phase - 1 + std::max(kMinBlockFrames, bank->taps_per_phase);
      history.resize(capacity * channels);
    }
    Reset();
  }

  // The stream begins after as much silence as the first window, whose instant is the first frame, reaches
  // back.
  void Reset() {
    if (bank == nullptr) return;
    next = {bank->taps_per_phase - 1, 0};
    filled = next.newest - bank->half_frames;
    for (size_t c = 0; c < channels; ++c) std::fill_n(Channel(c), filled, 0.0F);
  }

  float* Channel(size_t c) { return history.data() + c * capacity; }

  // Takes all of the input (null: silence), returns the number of frames written.
  template <class Sample>
  size_t Run(const Sample* input, size_t frames, Sample* output) {
    size_t written = 0;
    while (frames > 0) {
      if (filled == capacity) DropUsed();
      const size_t count = std::min(frames, capacity - filled);
      Append(input, count);
      if (input != nullptr) input += count * channels;
      frames -= count;
      written += EmitReady(output + written * channels);
    }
    return written;
  }

  // No output is ready here, so next.newest >= filled, and at least a block of room becomes free. The window
  // is longer than a step from output to output, so the used part never reaches beyond what is filled.
  void DropUsed() {
    const size_t used = next.newest - (bank->taps_per_phase - 1);
    for (size_t c = 0; c < channels; ++c) {
      std::copy(Channel(c) + used, Channel(c) + filled, Channel(c));
    }
    next.newest -= used;
    filled -= used;
  }

  template <class Sample>
  void Append(const Sample* input, size_t count) {
    for (size_t c = 0; c < channels; ++c) {
      float* to = Channel(c) + filled;
      if (input == nullptr) {
        std::fill_n(to, count, 0.0F);
      } else {
        for (size_t i = 0; i < count; ++i) to[i] = ToFloat(input[i * channels + c]);
      }
    }
    filled += count;
  }

  template <class Sample>
  size_t EmitReady(Sample* output) {
    std::array<float, kScratchSamples> scratch;
    size_t written = 0;
    Position after = next;
    for (size_t c = 0; c < channels; ++c) {
      after = next;
      written = 0;
      while (const size_t count = Filter(Channel(c), after, scratch)) {
        Store(std::span(scratch).first(count), output + written * channels + c, channels);
        written += count;
      }
    }
    next = after;
    return written;
  }

  // Filters what is ready of one channel, as far as `out` has room; moves `position` on.
  size_t Filter(const float* samples, Position& position, std::span<float> out) const {
    size_t count = 0;
    for (; count < out.size() && position.newest < filled; ++count) {
      const float* window = samples + position.newest - (bank->taps_per_phase - 1);
      out[count] =
          bank->interpolated ? FilterBetween(window, position.phase) : FilterAt(window, position.phase);
      Advance(position);
    }
    return count;
  }

  float FilterAt(const float* window, size_t row) const {
    return DotProduct(bank->Phase(row).data(), window, bank->taps_per_phase);
  }

  float FilterBetween(const float* window, uint32_t phase) const {
    const uint64_t scaled = static_cast<uint64_t>(phase) * bank->phases;
    const auto row = static_cast<size_t>(scaled / bank->up);
    const float fraction = static_cast<float>(scaled % bank->up) / static_cast<float>(bank->up);
    const float below = FilterAt(window, row);
    return below + fraction * (FilterAt(window, row + 1) - below);
  }

  void Advance(Position& position) const {
    position.newest += bank->down / bank->up;
    position.phase += bank->down % bank->up;
    if (position.phase >= bank->up) {
      position.phase -= bank->up;
      ++position.newest;
    }
  }

  size_t LatencyFrames() const { return bank == nullptr ? 0 : bank->half_frames; }

  // n input frames hold at most this many output instants, wherever the first of them falls; Flush is
  // LatencyFrames() frames of silence.
  size_t MaxOutputFrames(size_t input_frames) const {
    const size_t frames = input_frames == 0 ? LatencyFrames() : input_frames;
    return bank == nullptr ? frames : CeilScale(frames, bank->up, bank->down);
  }

  Status CheckRoom(size_t input_frames, size_t output_samples) const {
    const size_t wanted = MaxOutputFrames(input_frames);
    const size_t there = output_samples / channels;
    if (there >= wanted) return Ok{};
    return Error{ErrorCode::kOutputTooSmall, 0,
                 "output holds " + std::to_string(there) + " frames, but up to " + std::to_string(wanted) +
                     " may come; ask MaxOutputFrames"};
  }

  template <class Sample>
  Result<size_t> Process(std::span<const Sample> input, std::span<Sample> output) {
    if (input.size() % channels != 0) {
      return Error{ErrorCode::kInvalidLength, 0,
                   std::to_string(input.size()) + " samples are no whole number of frames of " +
                       std::to_string(channels) + " channels"};
    }
    if (input.empty()) return size_t{0};
    const size_t frames = input.size() / channels;
    if (const Status room = CheckRoom(frames, output.size()); !room.ok()) return room.error();
    if (bank != nullptr) return Run(input.data(), frames, output.data());
    std::copy(input.begin(), input.end(), output.begin());
    return frames;
  }

  template <class Sample>
  Result<size_t> Flush(std::span<Sample> output) {
    if (const Status room = CheckRoom(0, output.size()); !room.ok()) return room.error();
    if (bank == nullptr) return size_t{0};
    const size_t written = Run<Sample>(nullptr, LatencyFrames(), output.data());
    Reset();
    return written;
  }
};

Result<Resampler> Resampler::Create(const ResamplerOptions& options) {
  if (!IsValidRate(options.from_hz)) return InvalidRate("fromHz", options.from_hz);
  if (!IsValidRate(options.to_hz)) return InvalidRate("toHz", options.to_hz);
  if (options.channels < 1 || options.channels > kMaxResamplerChannels) {
    return Error{ErrorCode::kInvalidChannels, 0,
                 "channels must be 1 to " + std::to_string(kMaxResamplerChannels) + ", not " +
                     std::to_string(options.channels)};
  }
  std::shared_ptr<const FirBank> bank;
  if (options.from_hz != options.to_hz) bank = GetFirBank(options.from_hz, options.to_hz, options.quality);
  return Resampler(std::make_unique<State>(options.channels, std::move(bank)));
}

Resampler::Resampler(std::unique_ptr<State> state) : state_(std::move(state)) {}
Resampler::Resampler(Resampler&&) noexcept = default;
Resampler& Resampler::operator=(Resampler&&) noexcept = default;
Resampler::~Resampler() = default;

size_t Resampler::MaxOutputFrames(size_t input_frames) const { return state_->MaxOutputFrames(input_frames); }

Result<size_t> Resampler::Process(std::span<const float> input, std::span<float> output) {
  return state_->Process(input, output);
}

Result<size_t> Resampler::Process(std::span<const int16_t> input, std::span<int16_t> output) {
  return state_->Process(input, output);
}

Result<size_t> Resampler::Flush(std::span<float> output) { return state_->Flush(output); }
Result<size_t> Resampler::Flush(std::span<int16_t> output) { return state_->Flush(output); }

void Resampler::Reset() { state_->Reset(); }

size_t Resampler::LatencyFrames() const { return state_->LatencyFrames(); }
size_t Resampler::channels() const { return state_->channels; }
size_t Resampler::StateBytes() const { return sizeof(State) + state_->history.capacity() * sizeof(float); }

}  // namespace sluice
