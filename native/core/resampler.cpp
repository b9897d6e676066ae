#include "core/resampler.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "core/fir_bank.h"
#include "core/simd/kernels.h"

namespace sluice {
namespace {

// Samples on the stack between the caller's interleaved memory and one channel's.
constexpr size_t kScratchSamples = 2048;

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

// The frames that a stream of so many input frames gives in all: ceil(n * up / down).
uint64_t EndOf(uint64_t input_frames, uint32_t up, uint32_t down) {
  return input_frames / down * up + (input_frames % down * up + down - 1) / down;
}

// A stretch of one channel of interleaved samples, copied from or to memory of its own.
template <class Sample>
void CopyStrided(const Sample* from, size_t from_stride, Sample* to, size_t to_stride, size_t count) {
  if (from_stride == 1 && to_stride == 1) {
    std::memcpy(to, from, count * sizeof(Sample));
    return;
  }
  for (size_t i = 0; i < count; ++i) to[i * to_stride] = from[i * from_stride];
}

// ---- Ratios of small numbers: whole groups of frames ----

// What a kernel takes at a time: a pair of int16 frames, or one float frame.
template <class Sample>
struct UnitOf {
  using Type = float;
  static constexpr size_t kFrames = 1;
};
template <>
struct UnitOf<int16_t> {
  using Type = uint32_t;
  static constexpr size_t kFrames = 2;
};

// The past of each channel in planes, one for each unit of a group, so that the same unit of consecutive
// groups lies side by side (simd/fir_kernels.h). In groups:
//
//   0          next          next + steps          filled       capacity       stride
//   | no longer used | window of the next output |      | free room | read, not used |
//
// Frames that do not yet make a group wait in `pending`; as many frames of silence as the bank's origin come
// before the first.
template <class Sample>
class GroupStream {
 public:
  GroupStream(std::shared_ptr<const FirBank<Sample>> bank, size_t channels)
      : bank_(std::move(bank)), kernels_(ActiveKernels().fir), channels_(channels) {
    capacity_ = bank_->steps() + 4 * BlockGroups();
    stride_ = capacity_ + kFirOverreadGroups;
    planes_.resize(channels_ * Planes() * stride_);
    pending_.resize(channels_ * bank_->inputs);
    Reset();
  }

  void Reset() {
    std::fill(planes_.begin(), planes_.end(), Unit{0});
    next_ = 0;
    filled_ = bank_->groups_before;
    std::fill(pending_.begin(), pending_.end(), Sample{0});
    pending_frames_ = bank_->origin;
    total_in_ = 0;
    total_out_ = 0;
  }

  size_t LatencyFrames() const { return (bank_->groups_after + 1) * bank_->inputs - 1 - bank_->origin; }

  size_t MaxOutputFrames(size_t input_frames) const {
    const size_t groups = input_frames / bank_->inputs + (input_frames % bank_->inputs != 0);
    if (groups > std::numeric_limits<size_t>::max() / bank_->outputs)
      return std::numeric_limits<size_t>::max();
    return groups * bank_->outputs;
  }
  size_t MaxFlushFrames() const {
    return bank_->groups_after * bank_->outputs +
           CeilScale(bank_->inputs - 1 - bank_->origin, bank_->up, bank_->down);
  }

  size_t StateBytes() const {
    return sizeof *this + planes_.capacity() * sizeof(Unit) + pending_.capacity() * sizeof(Sample);
  }

  size_t Process(const Sample* input, size_t frames, Sample* output) {
    total_in_ += frames;
    return Run(input, frames, output, std::numeric_limits<uint64_t>::max());
  }

  // As much silence as brings out the last output; what would come after it is dropped.
  size_t Flush(Sample* output) {
    const size_t written = Run(nullptr, (bank_->groups_after + 1) * bank_->inputs, output,
                               EndOf(total_in_, bank_->up, bank_->down));
    Reset();
    return written;
  }

 private:
  using Unit = typename UnitOf<Sample>::Type;
  static constexpr size_t kBlockFrames = 960;  // 20 ms at 48 kHz

  size_t BlockGroups() const { return kBlockFrames / bank_->inputs + 1; }

  // Takes all of the input (null: silence), returns the number of frames written, none beyond output `end`.
  size_t Run(const Sample* input, size_t frames, Sample* output, uint64_t end) {
    size_t written = 0;
    while (frames > 0) {
      // Before the room gets short, not when there is none: outputs that come in one go share vectors.
      if (capacity_ - filled_ < BlockGroups()) DropUsed();
      const size_t room = (capacity_ - filled_) * bank_->inputs - pending_frames_;
      const size_t count = std::min({frames, room, kScratchSamples - pending_frames_});
      Append(input, count);
      if (input != nullptr) input += count * channels_;
      frames -= count;
      written += EmitReady(output + written * channels_, end);
    }
    return written;
  }

  size_t Planes() const { return bank_->inputs / UnitOf<Sample>::kFrames; }
  Unit* Channel(size_t c) { return planes_.data() + c * Planes() * stride_; }

  // No output is ready here, so less than `steps` groups stay.
  void DropUsed() {
    for (size_t c = 0; c < channels_; ++c) {
      for (size_t p = 0; p < Planes(); ++p) {
        Unit* plane = Channel(c) + p * stride_;
        std::copy(plane + next_, plane + filled_, plane);
      }
    }
    filled_ -= next_;
    next_ = 0;
  }

  void Append(const Sample* input, size_t count) {
    std::array<Sample, kScratchSamples> linear;
    const size_t inputs = bank_->inputs;
    const size_t there = pending_frames_ + count;
    const size_t groups = there / inputs;
    const bool direct = channels_ == 1 && pending_frames_ == 0 && input != nullptr;
    for (size_t c = 0; c < channels_; ++c) {
      Sample* pending = pending_.data() + c * inputs;
      std::copy_n(pending, pending_frames_, linear.data());
      if (input == nullptr) {
        std::fill_n(linear.data() + pending_frames_, count, Sample{0});
      } else if (!direct) {
        CopyStrided(input + c, channels_, linear.data() + pending_frames_, 1, count);
      }
      const Sample* frames = direct ? input : linear.data();
      kernels_.deal(frames, groups, Planes(), reinterpret_cast<uint32_t*>(Channel(c)) + filled_, stride_);
      std::copy(frames + groups * inputs, frames + there, pending);
    }
    pending_frames_ = there % inputs;
    filled_ += groups;
  }

  size_t EmitReady(Sample* output, uint64_t end) {
    if (filled_ < next_ + bank_->steps()) return 0;
    const size_t groups = filled_ - next_ - bank_->steps() + 1;
    const auto frames = static_cast<size_t>(std::min<uint64_t>(groups * bank_->outputs, end - total_out_));
    for (size_t c = 0; c < channels_; ++c) EmitChannel(c, frames, output + c);
    next_ += groups;
    total_out_ += frames;
    return frames;
  }

  void EmitChannel(size_t channel, size_t frames, Sample* output) {
    const Unit* window = Channel(channel) + next_;
    const size_t outputs = bank_->outputs;
    size_t done = 0;
    if (channels_ == 1) {  // straight to the caller, but for a group that is cut short
      Filter(window, frames / outputs, output);
      done = frames / outputs * outputs;
    }
    std::array<Sample, kScratchSamples> scratch;
    while (done < frames) {
      const size_t groups = std::min(kScratchSamples / outputs, (frames - done + outputs - 1) / outputs);
      const size_t count = std::min(groups * outputs, frames - done);
      Filter(window + done / outputs, groups, scratch.data());
      CopyStrided(scratch.data(), 1, output + done * channels_, channels_, count);
      done += count;
    }
  }

  void Filter(const Unit* window, size_t groups, Sample* output) const {
    const FirBank<Sample>& bank = *bank_;
    if constexpr (std::is_same_v<Sample, int16_t>) {
      const auto segments = static_cast<uint32_t>(bank.segments.size());
      const GroupedFirInt16 fir = {bank.outputs, bank.inputs / 2, segments, bank.segments.data(),
                                   bank.taps.data()};
      kernels_.grouped_int16(fir, window, stride_, groups, output);
    } else {
      const GroupedFirFloat fir = {bank.outputs, bank.inputs, bank.steps(), bank.taps.data()};
      kernels_.grouped_float(fir, window, stride_, groups, output);
    }
  }

  std::shared_ptr<const FirBank<Sample>> bank_;
  const FirKernels& kernels_;
  size_t channels_;
  size_t capacity_ = 0;
  size_t stride_ = 0;
  std::vector<Unit> planes_;     // of each channel
  std::vector<Sample> pending_;  // `inputs` samples of each channel
  size_t next_ = 0;
  size_t filled_ = 0;
  size_t pending_frames_ = 0;
  uint64_t total_in_ = 0;  // frames since Reset
  uint64_t total_out_ = 0;
};

// ---- All other ratios: windows over the samples ----

// The past of each channel, and the next window in it:
//
//   0              newest - taps + 1          newest        filled       capacity = taps - 1 + 2 blocks
//   | no longer used |      the next window       |             | free room |
//
// Its outputs are ready when newest < filled. When the room is used up the used part is dropped. A block of
// at least the window's length means that each frame is moved about once.
template <class Sample>
class WindowStream {
 public:
  WindowStream(std::shared_ptr<const FirBank<Sample>> bank, size_t channels)
      : bank_(std::move(bank)),
        kernels_(ActiveKernels().fir),
        channels_(channels),
        outputs_(bank_->window_outputs),
        taps_(bank_->taps.data()),
        window_taps_(bank_->taps.size() / bank_->windows),
        kernel_(Kernel(kernels_, outputs_)),
        frames_on_(outputs_ * bank_->down / bank_->up),
        phases_on_(static_cast<uint32_t>(outputs_ * bank_->down % bank_->up)) {
    capacity_ = bank_->taps_per_window - 1 + 2 * std::max(kBlockFrames, bank_->taps_per_window);
    history_.resize(capacity_ * channels_);
    Reset();
  }

  // The stream begins after as much silence as the first window, whose instant is the first frame, reaches
  // back.
  void Reset() {
    next_ = {bank_->taps_per_window - 1, 0, 0};
    filled_ = next_.newest - bank_->frames_after;
    std::fill(history_.begin(), history_.end(), Sample{0});
    total_in_ = 0;
    total_out_ = 0;
  }

  size_t LatencyFrames() const { return bank_->frames_after; }

  // n input frames hold at most this many windows' instants, wherever the first of them falls.
  size_t MaxOutputFrames(size_t input_frames) const {
    const size_t windows = CeilScale(input_frames, bank_->up, static_cast<uint32_t>(outputs_ * bank_->down));
    return windows > std::numeric_limits<size_t>::max() / outputs_ ? std::numeric_limits<size_t>::max()
                                                                   : windows * outputs_;
  }
  size_t MaxFlushFrames() const { return MaxOutputFrames(LatencyFrames()); }

  size_t StateBytes() const { return sizeof *this + history_.capacity() * sizeof(Sample); }

  size_t Process(const Sample* input, size_t frames, Sample* output) {
    total_in_ += frames;
    return Run(input, frames, output, std::numeric_limits<uint64_t>::max());
  }

  // As much silence as brings out the last output; what would come after it is dropped.
  size_t Flush(Sample* output) {
    const size_t written = Run(nullptr, LatencyFrames(), output, EndOf(total_in_, bank_->up, bank_->down));
    Reset();
    return written;
  }

 private:
  static constexpr bool kInt16 = std::is_same_v<Sample, int16_t>;
  using Total = std::conditional_t<kInt16, int32_t, float>;
  static auto Kernel(const FirKernels& kernels, size_t outputs) {
    if constexpr (kInt16) {
      return outputs == 1 ? kernels.single_int16 : kernels.window_int16;
    } else {
      return outputs == 1 ? kernels.single_float : kernels.window_float;
    }
  }

  static constexpr size_t kBlockFrames = 960;
  static constexpr size_t kBatch = 256;  // outputs filtered before they are rounded and interleaved
  static_assert(kBatch % kFirWindowOutputs == 0);

  // Where the next window ends, as an index into the history; how far (phase / up input frames, 0 <= phase <
  // up) the instant of its first output lies after the frame it is counted from; and its number in the cycle.
  // Whole numbers, so nothing drifts however long the stream.
  struct Position {
    size_t newest;
    uint32_t phase;
    uint32_t window;
  };

  // Takes all of the input (null: silence), returns the number of frames written, none beyond output `end`.
  size_t Run(const Sample* input, size_t frames, Sample* output, uint64_t end) {
    size_t written = 0;
    while (frames > 0) {
      if (capacity_ - filled_ < kBlockFrames) DropUsed();
      const size_t count = std::min(frames, capacity_ - filled_);
      Append(input, count);
      if (input != nullptr) input += count * channels_;
      frames -= count;
      written += EmitReady(output + written * channels_, end);
    }
    return written;
  }

  Sample* Channel(size_t c) { return history_.data() + c * capacity_; }

  // No window is ready here, so next.newest >= filled, and at least a block of room becomes free. The window
  // is longer than a step from window to window, so the used part never reaches beyond what is filled.
  void DropUsed() {
    const size_t used = next_.newest - (bank_->taps_per_window - 1);
    for (size_t c = 0; c < channels_; ++c) {
      Sample* samples = Channel(c);
      std::copy(samples + used, samples + filled_, samples);
    }
    next_.newest -= used;
    filled_ -= used;
  }

  void Append(const Sample* input, size_t count) {
    for (size_t c = 0; c < channels_; ++c) {
      Sample* to = Channel(c) + filled_;
      if (input == nullptr) {
        std::fill_n(to, count, Sample{0});
      } else {
        CopyStrided(input + c, channels_, to, 1, count);
      }
    }
    filled_ += count;
  }

  size_t EmitReady(Sample* output, uint64_t end) {
    std::array<Sample, kBatch> scratch;
    size_t written = 0;
    Position after = next_;
    for (size_t c = 0; c < channels_; ++c) {
      after = next_;
      written = 0;
      while (size_t count = Filter(Channel(c), after, scratch.data())) {
        count = static_cast<size_t>(std::min<uint64_t>(count, end - total_out_ - written));
        CopyStrided(scratch.data(), 1, output + written * channels_ + c, channels_, count);
        written += count;
      }
    }
    next_ = after;
    total_out_ += written;
    return written;
  }

  // Filters what is ready of one channel, up to kBatch outputs; moves `position` on.
  size_t Filter(const Sample* samples, Position& position, Sample* out) const {
    std::array<Total, kBatch + kFirWindowOutputs> totals;  // a kernel always writes kFirWindowOutputs
    size_t count = 0;
    for (; count < kBatch && position.newest < filled_; count += outputs_) {
      const Sample* window = samples + position.newest - (bank_->taps_per_window - 1);
      if (bank_->interpolated) {
        SumBetween(window, position.phase, totals.data() + count);
      } else {
        Sum(window, position.window, totals.data() + count);
      }
      Advance(position);
    }
    Store(totals.data(), count, out);
    return count;
  }

  // Between the two nearest windows, by how far the phase lies beyond the first.
  void SumBetween(const Sample* window, uint32_t phase, Total* total) const {
    const uint64_t scaled = static_cast<uint64_t>(phase) * bank_->phases;
    const auto below = static_cast<size_t>(scaled / bank_->up);
    const double fraction = static_cast<double>(scaled % bank_->up) / bank_->up;
    std::array<Total, kFirWindowOutputs> above;
    Sum(window, below, total);
    Sum(window, below + 1, above.data());
    const double difference = static_cast<double>(above[0]) - static_cast<double>(*total);
    *total = static_cast<Total>(static_cast<double>(*total) + fraction * difference);
  }

  void Sum(const Sample* samples, size_t window, Total* totals) const {
    const Sample* taps = taps_ + window * window_taps_;
    if constexpr (kInt16) {
      const WindowFirInt16 fir = {static_cast<uint32_t>(bank_->segments.size()), bank_->segments.data()};
      kernel_(fir, samples, taps, totals);
    } else {
      kernel_(bank_->taps_per_window / kFirBlock, samples, taps, totals);
    }
  }

  void Store(const Total* totals, size_t count, Sample* out) const {
    if constexpr (kInt16) {
      kernels_.round_totals(totals, count, out);
    } else {
      std::copy_n(totals, count, out);
    }
  }

  void Advance(Position& position) const {
    position.newest += frames_on_;
    position.phase += phases_on_;
    if (position.phase >= bank_->up) {
      position.phase -= bank_->up;
      ++position.newest;
    }
    if (++position.window >= bank_->windows) position.window = 0;
  }

  std::shared_ptr<const FirBank<Sample>> bank_;
  const FirKernels& kernels_;
  size_t channels_;
  size_t outputs_;      // of a window
  const Sample* taps_;  // of the bank
  size_t window_taps_;
  decltype(Kernel({}, 0)) kernel_;
  size_t frames_on_;             // from one window to the next: outputs * down / up as a whole number
  uint32_t phases_on_;           // and its remainder
  size_t capacity_ = 0;          // frames of history a channel
  std::vector<Sample> history_;  // of each channel
  size_t filled_ = 0;            // frames of history that are there
  Position next_{0, 0, 0};
  uint64_t total_in_ = 0;  // frames since Reset
  uint64_t total_out_ = 0;
};

// Equal rates: nothing to filter.
template <class Sample>
class CopyStream {
 public:
  explicit CopyStream(size_t channels) : channels_(channels) {}
  void Reset() {}
  size_t LatencyFrames() const { return 0; }
  size_t MaxOutputFrames(size_t input_frames) const { return input_frames; }
  size_t MaxFlushFrames() const { return 0; }
  size_t StateBytes() const { return sizeof *this; }

  size_t Process(const Sample* input, size_t frames, Sample* output) {
    std::memcpy(output, input, frames * channels_ * sizeof(Sample));
    return frames;
  }
  size_t Flush(Sample*) { return 0; }

 private:
  size_t channels_;
};

}  // namespace

template <class Sample>
struct Resampler<Sample>::State {
  size_t channels;
  std::variant<CopyStream<Sample>, GroupStream<Sample>, WindowStream<Sample>> stream;

  template <class Body>
  auto With(Body body) {
    return std::visit(body, stream);
  }

  size_t MaxOutputFrames(size_t input_frames) {
    return With(
        [=](auto& s) { return input_frames == 0 ? s.MaxFlushFrames() : s.MaxOutputFrames(input_frames); });
  }

  Status CheckRoom(size_t input_frames, size_t output_samples) {
    const size_t wanted = MaxOutputFrames(input_frames);
    const size_t there = output_samples / channels;
    if (there >= wanted) return Ok{};
    return Error{ErrorCode::kOutputTooSmall, 0,
                 "out holds " + std::to_string(there) + " frames, but up to " + std::to_string(wanted) +
                     " may come: maxOutputFrames(n) for n input frames, maxOutputFrames(0) for the flush"};
  }
};

template <class Sample>
Result<Resampler<Sample>> Resampler<Sample>::Create(const ResamplerOptions& options) {
  if (!IsValidRate(options.from_hz)) return InvalidRate("fromHz", options.from_hz);
  if (!IsValidRate(options.to_hz)) return InvalidRate("toHz", options.to_hz);
  if (options.channels < 1 || options.channels > kMaxResamplerChannels) {
    return Error{ErrorCode::kInvalidChannels, 0,
                 "channels must be 1 to " + std::to_string(kMaxResamplerChannels) + ", not " +
                     std::to_string(options.channels)};
  }
  const size_t channels = options.channels;
  const auto make = [=](auto stream) {
    return Resampler(std::make_unique<State>(State{channels, std::move(stream)}));
  };
  if (options.from_hz == options.to_hz) return make(CopyStream<Sample>(channels));
  auto bank = GetFirBank<Sample>(options.from_hz, options.to_hz, options.quality);
  if (bank->grouped) return make(GroupStream<Sample>(std::move(bank), channels));
  return make(WindowStream<Sample>(std::move(bank), channels));
}

template <class Sample>
Resampler<Sample>::Resampler(std::unique_ptr<State> state) : state_(std::move(state)) {}
template <class Sample>
Resampler<Sample>::Resampler(Resampler&&) noexcept = default;
template <class Sample>
Resampler<Sample>& Resampler<Sample>::operator=(Resampler&&) noexcept = default;
template <class Sample>
Resampler<Sample>::~Resampler() = default;

template <class Sample>
size_t Resampler<Sample>::MaxOutputFrames(size_t input_frames) const {
  return state_->MaxOutputFrames(input_frames);
}

template <class Sample>
Result<size_t> Resampler<Sample>::Process(std::span<const Sample> input, std::span<Sample> output) {
  if (input.size() % channels() != 0) {
    return Error{ErrorCode::kInvalidLength, 0,
                 std::to_string(input.size()) + " samples are no whole number of frames of " +
                     std::to_string(channels()) + " channels"};
  }
  if (input.empty()) return size_t{0};
  const size_t frames = input.size() / channels();
  if (const Status room = state_->CheckRoom(frames, output.size()); !room.ok()) return room.error();
  return state_->With([&](auto& s) { return s.Process(input.data(), frames, output.data()); });
}

template <class Sample>
Result<size_t> Resampler<Sample>::Flush(std::span<Sample> output) {
  if (const Status room = state_->CheckRoom(0, output.size()); !room.ok()) return room.error();
  return state_->With([&](auto& s) { return s.Flush(output.data()); });
}

template <class Sample>
void Resampler<Sample>::Reset() {
  state_->With([](auto& s) { s.Reset(); });
}

template <class Sample>
size_t Resampler<Sample>::LatencyFrames() const {
  return state_->With([](auto& s) { return s.LatencyFrames(); });
}

template <class Sample>
size_t Resampler<Sample>::channels() const {
  return state_->channels;
}

template <class Sample>
size_t Resampler<Sample>::StateBytes() const {
  return sizeof(State) + state_->With([](auto& s) { return s.StateBytes(); });
}

template class Resampler<int16_t>;
template class Resampler<float>;

}  // namespace sluice
