// Two parts: FrameConverter (source frames to target bytes), Transcoder::State (finds the frames in what
// arrives and drives it).
#include "core/transcoder.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "core/overloaded.h"

namespace sluice {
namespace {

// Samples converted at a time: at the usual rates they and what is made of them stay within 32 kB, a first
// cache.
constexpr size_t kScratchSamples = 2048;

// Floats go into the resampler no louder than this (+24 dBFS): its sums stay finite whatever the file holds.
constexpr float kLoudest = 16.0F;

// No chunk is this long, so sizes can be capped here and their products cannot overflow 64 bits:
// 2^44 frames * 192 target frames * 64 channels * 8 bytes < 2^61, * 4/3 as base64 < 2^62.
constexpr uint64_t kLongestInput = uint64_t{1} << 44;

bool IsFloat(SampleFormat format) {
  return format == SampleFormat::kF32Le || format == SampleFormat::kF32Be || format == SampleFormat::kF64Le ||
         format == SampleFormat::kF64Be;
}

bool FitsInt16(SampleFormat format) {
  return format == SampleFormat::kU8 || format == SampleFormat::kS16Le || format == SampleFormat::kS16Be ||
         format == SampleFormat::kMulaw || format == SampleFormat::kAlaw;
}

// NaN is silence.
void LimitToLoudest(std::span<float> samples) {
  for (float& x : samples) {
    x = x == x ? x : 0.0F;
    x = x > -kLoudest ? x : -kLoudest;
    x = x < kLoudest ? x : kLoudest;
  }
}

// The length law: ceil(frames * to / from).
uint64_t FramesAtRate(uint64_t frames, uint32_t from_hz, uint32_t to_hz) {
  if (from_hz == to_hz) return frames;  // by far the most frequent, and without two divisions
  return frames / from_hz * to_hz + (frames % from_hz * to_hz + from_hz - 1) / from_hz;
}

Error TooSmall(size_t got, uint64_t wanted) {
  return {ErrorCode::kOutputTooSmall, 0,
          "the output holds " + std::to_string(got) + " bytes, the audio may need " + std::to_string(wanted)};
}

struct AudioSide {
  AudioSide(SampleFormat its_format, uint32_t its_rate_hz, size_t its_channels)
      : format(its_format),
        rate_hz(its_rate_hz),
        channels(its_channels),
        frame_bytes(BytesPerSample(its_format) * its_channels) {}
  SampleFormat format;
  uint32_t rate_hz;
  size_t channels;
  size_t frame_bytes;
};

Error TooManyChannels(size_t target_channels) {
  return {ErrorCode::kInvalidChannels, 0,
          "the target would have " + std::to_string(target_channels) + " channels; wanted at most " +
              std::to_string(kMaxTargetChannels)};
}

Status CheckChannels(const AudioSide& source, const AudioSide& target) {
  if (source.channels == 0)
    return Error{ErrorCode::kInvalidChannels, 0, "the source has 0 channels; wanted 1 to 65535"};
  if (target.channels > kMaxTargetChannels) return TooManyChannels(target.channels);
  if (!CanMixChannels(source.channels, target.channels))
    return Error{ErrorCode::kInvalidChannels, 0,
                 "no rule makes " + std::to_string(target.channels) + " channels of " +
                     std::to_string(source.channels) + "; keep the count, mix to 1, or copy 1 to several"};
  return Ok{};
}

// The resampling route: its resampler and its scratch, interleaved. `mixed` and `spread` are there only where
// the channels become fewer or more. Sample is int16_t or float.
template <class Sample>
struct ResampleRoute {
  Resampler<Sample> resampler;
  std::vector<Sample> samples;    // of the source
  std::vector<Sample> mixed;      // to one channel
  std::vector<Sample> resampled;  // at the target's rate
  std::vector<Sample> spread;     // copies to the target's channels

  size_t Bytes() const {
    return resampler.StateBytes() +
           (samples.capacity() + mixed.capacity() + resampled.capacity() + spread.capacity()) *
               sizeof(Sample);
  }
};

void ToSamples(SampleFormat from, std::span<const uint8_t> src, std::span<int16_t> dst) {
  ToInt16(from, src, dst);
}
void ToSamples(SampleFormat from, std::span<const uint8_t> src, std::span<float> dst) {
  ToFloat32(from, src, dst);
}
void FromSamples(SampleFormat to, std::span<const int16_t> src, std::span<uint8_t> dst) {
  FromInt16(to, src, dst);
}
void FromSamples(SampleFormat to, std::span<const float> src, std::span<uint8_t> dst) {
  FromFloat32(to, src, dst);
}

// Each sample `channels` times. dst.size() == src.size() * channels.
template <class Sample>
void Spread(size_t channels, std::span<const Sample> src, std::span<Sample> dst) {
  auto at = dst.begin();
  for (const Sample sample : src) at = std::fill_n(at, channels, sample);
}

// Whole frames of the source to bytes of the target, by the shortest of three routes:
//   untouched   source and target agree
//   same rate   ConvertSamples, rounded once
//   resampled   int16 or float32 -> mean of the channels -> Resampler -> copies -> target format
// int16 is twice as fast: it is taken where the source's samples and the target's are no wider.
// The sink takes the target bytes, any number of times.
class FrameConverter {
 public:
  static Result<FrameConverter> Create(const AudioSide& source, const AudioSide& target,
                                       ResamplerQuality quality) {
    FrameConverter made(source, target);
    if (const Status status = CheckRate("source", source.rate_hz); !status.ok()) return status.error();
    if (const Status status = CheckChannels(source, target); !status.ok()) return status.error();
    made.untouched_ = source.format == target.format && source.rate_hz == target.rate_hz &&
                      source.channels == target.channels;
    if (made.untouched_) return made;
    made.block_frames_ = std::max<size_t>(1, kScratchSamples / std::max(source.channels, target.channels));
    size_t target_frames = made.block_frames_;
    if (source.rate_hz != target.rate_hz) {
      const bool int16 =
          FitsInt16(source.format) && FitsInt16(target.format) && target.format != SampleFormat::kU8;
      const Result<size_t> most = int16 ? made.OpenRoute<int16_t>(quality) : made.OpenRoute<float>(quality);
      if (!most.ok()) return most.error();
      target_frames = most.value();
    }
    made.target_bytes_.resize(target_frames * target.frame_bytes);
    return made;
  }

  size_t FrameBytes() const { return source_.frame_bytes; }
  // Where the rates agree, what goes in comes out at once.
  uint64_t frames_out() const { return resamples() ? resampled_out_ : frames_in(); }

  // Target frames, and bytes, that are still to come when no more source frames follow.
  uint64_t FramesAhead() const {
    return FramesAtRate(frames_in(), source_.rate_hz, target_.rate_hz) - frames_out();
  }
  uint64_t BytesAhead() const { return FramesAhead() * target_.frame_bytes; }

  // Target bytes that `frames` source frames can bring out at most, whatever came before them.
  // The resampler's own law: it hands out groups of frames, so one that was held back comes on top of the
  // length law.
  uint64_t MaxBytes(uint64_t frames) const {
    if (frames == 0) return 0;
    const uint64_t most = std::visit(
        Overloaded{[=](std::monostate) { return frames; },
                   [=](const auto& route) -> uint64_t { return route.resampler.MaxOutputFrames(frames); }},
        route_);
    return most * target_.frame_bytes;
  }

  Status Process(std::span<const uint8_t> frames, ByteSink& sink) {
    bytes_in_ += frames.size();
    if (untouched_) {
      sink.Take(frames);
      return Ok{};
    }
    const size_t block_bytes = block_frames_ * FrameBytes();
    while (!frames.empty()) {
      const std::span<const uint8_t> block = frames.first(std::min(block_bytes, frames.size()));
      frames = frames.subspan(block.size());
      const Status status =
          std::visit(Overloaded{[&](std::monostate) { return ConvertBlock(block, sink); },
                                [&](auto& route) { return ResampleBlock(block, route, sink); }},
                     route_);
      if (!status.ok()) return status;
    }
    return Ok{};
  }

  // The tail. After it the converter is as new.
  Status Flush(ByteSink& sink) {
    const Status status = std::visit(
        Overloaded{[](std::monostate) -> Status { return Ok{}; },
                   [&](auto& route) {
                     return HandResampled(route.resampler.Flush(std::span(route.resampled)), route, sink);
                   }},
        route_);
    if (!status.ok()) return status;
    assert(FramesAhead() == 0);
    Reset();
    return Ok{};
  }

  void Reset() {
    std::visit(Overloaded{[](std::monostate) {}, [](auto& route) { route.resampler.Reset(); }}, route_);
    bytes_in_ = 0;
    resampled_out_ = 0;
  }

  size_t StateBytes() const {
    return target_bytes_.capacity() + std::visit(Overloaded{[](std::monostate) { return size_t{0}; },
                                                            [](const auto& route) { return route.Bytes(); }},
                                                 route_);
  }

 private:
  FrameConverter(const AudioSide& source, const AudioSide& target) : source_(source), target_(target) {}

  bool resamples() const { return route_.index() != 0; }
  uint64_t frames_in() const { return bytes_in_ / FrameBytes(); }
  bool mixes() const { return source_.channels > target_.channels; }
  bool spreads() const { return source_.channels < target_.channels; }
  // What the resampler filters: after mixing, before copying.
  size_t middle_channels() const { return std::min(source_.channels, target_.channels); }

  // Returns how many frames may come out of a block or of the tail.
  template <class Sample>
  Result<size_t> OpenRoute(ResamplerQuality quality) {
    auto made = Resampler<Sample>::Create(
        {source_.rate_hz, target_.rate_hz, static_cast<uint32_t>(middle_channels()), quality});
    if (!made.ok()) return made.error();
    const size_t most =
        std::max(made.value().MaxOutputFrames(block_frames_), made.value().MaxOutputFrames(0));
    ResampleRoute<Sample> route{std::move(made.value()), {}, {}, {}, {}};
    route.samples.resize(block_frames_ * source_.channels);
    if (mixes()) route.mixed.resize(block_frames_);
    route.resampled.resize(most * middle_channels());
    if (spreads()) route.spread.resize(most * target_.channels);
    route_ = std::move(route);
    return most;
  }

  Status ConvertBlock(std::span<const uint8_t> block, ByteSink& sink) {
    const size_t frames = block.size() / FrameBytes();
    const std::span<uint8_t> out = std::span(target_bytes_).first(frames * target_.frame_bytes);
    ConvertSamples(source_.format, source_.channels, block, target_.format, target_.channels, out);
    sink.Take(out);
    return Ok{};
  }

  template <class Sample>
  Status ResampleBlock(std::span<const uint8_t> block, ResampleRoute<Sample>& route, ByteSink& sink) {
    const size_t frames = block.size() / FrameBytes();
    const std::span<Sample> samples = std::span(route.samples).first(frames * source_.channels);
    ToSamples(source_.format, block, samples);
    const std::span<Sample> mixed = mixes() ? std::span(route.mixed).first(frames) : samples;
    if (mixes()) Downmix(source_.channels, samples, mixed);
    if constexpr (std::is_same_v<Sample, float>) {
      if (IsFloat(source_.format)) LimitToLoudest(mixed);
    }
    return HandResampled(route.resampler.Process(mixed, std::span(route.resampled)), route, sink);
  }

  template <class Sample>
  Status HandResampled(const Result<size_t>& made, ResampleRoute<Sample>& route, ByteSink& sink) {
    if (!made.ok()) return made.error();
    const size_t frames = made.value();
    std::span<const Sample> samples = std::span(route.resampled).first(frames * middle_channels());
    if (spreads()) {
      const std::span<Sample> spread = std::span(route.spread).first(frames * target_.channels);
      Spread(target_.channels, samples, spread);
      samples = spread;
    }
    const std::span<uint8_t> out = std::span(target_bytes_).first(frames * target_.frame_bytes);
    FromSamples(target_.format, samples, out);
    resampled_out_ += frames;
    sink.Take(out);
    return Ok{};
  }

  AudioSide source_;
  AudioSide target_;
  bool untouched_ = false;
  size_t block_frames_ = 0;
  std::variant<std::monostate, ResampleRoute<int16_t>, ResampleRoute<float>> route_;  // when the rates differ
  uint64_t bytes_in_ = 0;
  uint64_t resampled_out_ = 0;  // frames
  std::vector<uint8_t> target_bytes_;
};

// The caller's buffer and how much of it is written.
class Output final : public ByteSink {
 public:
  explicit Output(std::span<uint8_t> bytes) : bytes_(bytes) {}
  void Take(std::span<const uint8_t> bytes) override {
    if (bytes.empty()) return;  // it may have no address
    assert(bytes.size() <= bytes_.size() - used_);
    std::memcpy(bytes_.data() + used_, bytes.data(), bytes.size());
    used_ += bytes.size();
  }
  size_t used() const { return used_; }

 private:
  std::span<uint8_t> bytes_;
  size_t used_ = 0;
};

}  // namespace

Status CheckRate(const char* what, uint32_t rate_hz) {
  if (rate_hz >= kMinRateHz && rate_hz <= kMaxRateHz) return Ok{};
  return Error{ErrorCode::kInvalidRate, 0,
               std::string("the sample rate of the ") + what + " is " + std::to_string(rate_hz) +
                   " Hz; wanted " + std::to_string(kMinRateHz) + " to " + std::to_string(kMaxRateHz)};
}

struct Transcoder::State {
  explicit State(const TranscoderOptions& given) : options(given), wav(given.source_bytes) {}

  bool is_wav() const { return options.source == TranscoderOptions::Source::kWav; }
  bool keeps_channels() const { return options.target_channels == 0; }

  uint64_t MaxOutputBytes(size_t input_bytes) const {
    const uint64_t bytes = std::min<uint64_t>(input_bytes, kLongestInput);
    if (bytes == 0) return 0;
    // A frame may have been begun by the chunk before.
    if (converter) return converter->MaxBytes((carry.size() - 1 + bytes) / carry.size());
    // The header is not known: at worst all that comes is audio of one byte a sample at the lowest rate, of
    // which nothing was held back. The channels that are kept share those samples, each rounded up to whole
    // frames.
    const uint64_t frames = FramesAtRate(bytes, kMinRateHz, options.target_rate_hz);
    const uint64_t samples =
        keeps_channels() ? frames + kMaxTargetChannels : frames * options.target_channels;
    return samples * BytesPerSample(options.target_format);
  }

  Status OpenSource(const AudioSide& source) {
    const AudioSide target{options.target_format, options.target_rate_hz,
                           keeps_channels() ? source.channels : options.target_channels};
    Result<FrameConverter> made = FrameConverter::Create(source, target, options.quality);
    if (!made.ok()) return made.error();
    converter = std::move(made.value());
    carry.resize(converter->FrameBytes());
    target_channels = target.channels;
    return Ok{};
  }

  // What cannot be converted is the file's, not the caller's mistake.
  Status OpenWav(const WavInfo& info) {
    Status status = OpenSource({info.format, info.sample_rate_hz, info.channels});
    if (status.ok()) return status;
    if (status.error().code == ErrorCode::kInvalidRate)
      return Error{ErrorCode::kWavUnsupportedRate, info.rate_offset,
                   "a WAV of " + std::to_string(info.sample_rate_hz) + " Hz is outside the " +
                       std::to_string(kMinRateHz) + " to " + std::to_string(kMaxRateHz) +
                       " Hz that can be converted; resample it first, for example with `ffmpeg -i INPUT.wav "
                       "-ar 48000 OUTPUT.wav`"};
    if (status.error().code == ErrorCode::kInvalidChannels)
      return Error{ErrorCode::kWavUnsupportedChannels, info.rate_offset - 2,  // nChannels, before the rate
                   "a WAV of " + std::to_string(info.channels) + " channels: " + status.error().message};
    return status;
  }

  Status TakeWav(std::span<const uint8_t> input, ByteSink& sink) {
    while (!input.empty()) {
      const Result<WavReader::Piece> piece = wav.Process(input);
      if (!piece.ok()) return piece.error();
      if (!converter && wav.has_info()) {
        if (Status status = OpenWav(wav.info()); !status.ok()) return status;
      }
      if (Status status = TakeAudio(piece.value().audio, sink); !status.ok()) return status;
      input = input.subspan(piece.value().consumed);
    }
    return Ok{};
  }

  // Audio cut anywhere: whole frames go on, the rest waits in `carry`.
  Status TakeAudio(std::span<const uint8_t> audio, ByteSink& sink) {
    if (audio.empty()) return Ok{};
    if (carry_size > 0) {
      const size_t taken = std::min(carry.size() - carry_size, audio.size());
      std::memcpy(carry.data() + carry_size, audio.data(), taken);
      carry_size += taken;
      audio = audio.subspan(taken);
      if (carry_size < carry.size()) return Ok{};
      carry_size = 0;
      if (Status status = converter->Process(carry, sink); !status.ok()) return status;
    }
    const size_t rest = audio.size() % carry.size();
    std::copy(audio.end() - static_cast<std::ptrdiff_t>(rest), audio.end(), carry.begin());
    carry_size = rest;
    return converter->Process(audio.first(audio.size() - rest), sink);
  }

  Status End(ByteSink& sink) {
    if (is_wav()) {
      if (Status status = wav.Finish(); !status.ok()) return status;
    }
    if (converter) {
      frames_at_end = converter->frames_out() + converter->FramesAhead();
      if (Status status = converter->Flush(sink); !status.ok()) return status;
    }
    leftover_bytes = std::exchange(carry_size, 0);
    if (is_wav()) converter.reset();  // the next header may say something else
    finished = true;
    return Ok{};
  }

  void Reset() {
    wav = WavReader();
    if (is_wav()) {
      converter.reset();
      target_channels = options.target_channels;
    }
    if (converter) converter->Reset();
    carry_size = 0;
    failure.reset();
    finished = false;
    leftover_bytes = 0;
    frames_at_end = 0;
  }

  uint64_t frames() const {
    if (finished) return frames_at_end;
    return converter ? converter->frames_out() : 0;
  }

  // The stream's first error is its answer from then on.
  Status Settle(const Status& status) {
    if (!status.ok()) failure = status.error();
    return status;
  }

  TranscoderOptions options;
  WavReader wav;
  std::optional<FrameConverter> converter;  // once the source's format is known
  std::vector<uint8_t> carry;               // one frame of the source
  size_t carry_size = 0;                    // 0 <= carry_size < carry.size()
  size_t target_channels = options.target_channels;
  std::optional<Error> failure;
  bool finished = false;
  size_t leftover_bytes = 0;
  uint64_t frames_at_end = 0;
};

Transcoder::Transcoder(std::unique_ptr<State> state) : state_(std::move(state)) {}
Transcoder::Transcoder(Transcoder&&) noexcept = default;
Transcoder& Transcoder::operator=(Transcoder&&) noexcept = default;
Transcoder::~Transcoder() = default;

Result<Transcoder> Transcoder::Create(const TranscoderOptions& options) {
  if (const Status status = CheckRate("target", options.target_rate_hz); !status.ok()) return status.error();
  if (options.target_channels > kMaxTargetChannels) return TooManyChannels(options.target_channels);
  auto state = std::make_unique<State>(options);
  if (options.source == TranscoderOptions::Source::kRaw) {
    const Status status = state->OpenSource({options.format, options.sample_rate_hz, options.channels});
    if (!status.ok()) return status.error();
  }
  return Transcoder(std::move(state));
}

uint64_t Transcoder::MaxOutputBytes(size_t input_bytes) const { return state_->MaxOutputBytes(input_bytes); }

uint64_t Transcoder::FlushBytes() const {
  return state_->converter && !state_->finished ? state_->converter->BytesAhead() : 0;
}

Result<size_t> Transcoder::Process(std::span<const uint8_t> input, std::span<uint8_t> output) {
  if (state_->failure) return *state_->failure;
  if (const uint64_t wanted = MaxOutputBytes(input.size()); output.size() < wanted)
    return TooSmall(output.size(), wanted);
  Output out(output);
  if (const Status status = Process(input, out); !status.ok()) return status.error();
  return out.used();
}

Result<size_t> Transcoder::Flush(std::span<uint8_t> output) {
  if (state_->failure) return *state_->failure;
  if (const uint64_t wanted = FlushBytes(); output.size() < wanted) return TooSmall(output.size(), wanted);
  Output out(output);
  if (const Status status = Flush(out); !status.ok()) return status.error();
  return out.used();
}

Status Transcoder::Process(std::span<const uint8_t> input, ByteSink& sink) {
  if (state_->failure) return *state_->failure;
  if (input.empty()) return Ok{};
  if (state_->finished) state_->Reset();
  return state_->Settle(state_->is_wav() ? state_->TakeWav(input, sink) : state_->TakeAudio(input, sink));
}

Status Transcoder::Flush(ByteSink& sink) {
  if (state_->failure) return *state_->failure;
  if (state_->finished) return Ok{};
  return state_->Settle(state_->End(sink));
}

void Transcoder::Reset() { state_->Reset(); }

const std::optional<Error>& Transcoder::failure() const { return state_->failure; }

bool Transcoder::finished() const { return state_->finished; }

uint64_t Transcoder::frames() const { return state_->frames(); }

size_t Transcoder::target_channels() const { return state_->target_channels; }

size_t Transcoder::leftover_bytes() const { return state_->leftover_bytes; }

const WavReader* Transcoder::wav() const { return state_->is_wav() ? &state_->wav : nullptr; }

size_t Transcoder::StateBytes() const {
  return sizeof(State) + state_->carry.capacity() + (state_->converter ? state_->converter->StateBytes() : 0);
}

}  // namespace sluice
