// Three parts, in the order the audio takes: WireConverter (source frames to wire bytes), MessageWriter (wire
// bytes to messages), AudioFramer::State (finds the frames in what arrives and drives the other two).
#include "core/audio_framer.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "core/base64.h"
#include "core/g711.h"
#include "core/overloaded.h"

namespace sluice {
namespace {

// Samples converted at a time: at the usual rates they and what is made of them stay within 32 kB, a first
// cache.
constexpr size_t kScratchSamples = 2048;

// Floats go into the resampler no louder than this (+24 dBFS): its sums stay finite whatever the file holds.
constexpr float kLoudest = 16.0F;

// No chunk is this long, so sizes can be capped here and their products cannot overflow 64 bits:
// 2^50 frames * 192 wire frames * 2 bytes * 4/3 < 2^60.
constexpr uint64_t kLongestInput = uint64_t{1} << 50;

// A promise of room that no buffer of a 32-bit process can keep must not wrap around to one that it can.
size_t ToSize(uint64_t bytes) {
  return static_cast<size_t>(std::min<uint64_t>(bytes, std::numeric_limits<size_t>::max()));
}

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

Error TooSmall(size_t got, size_t wanted) {
  return {
      ErrorCode::kOutputTooSmall, 0,
      "the output holds " + std::to_string(got) + " bytes, the messages may need " + std::to_string(wanted)};
}

Status CheckRate(const char* what, uint32_t rate_hz) {
  if (rate_hz >= kMinRateHz && rate_hz <= kMaxRateHz) return Ok{};
  return Error{ErrorCode::kInvalidRate, 0,
               std::string("the sample rate of the ") + what + " is " + std::to_string(rate_hz) +
                   " Hz; wanted " + std::to_string(kMinRateHz) + " to " + std::to_string(kMaxRateHz)};
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

// The resampling route: its resampler and its scratch, interleaved, downmixed, at the wire's rate. Sample is
// int16_t or float.
template <class Sample>
struct ResampleRoute {
  Resampler<Sample> resampler;
  std::vector<Sample> samples;
  std::vector<Sample> mono;
  std::vector<Sample> resampled;

  size_t Bytes() const {
    return resampler.StateBytes() +
           (samples.capacity() + mono.capacity() + resampled.capacity()) * sizeof(Sample);
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

// Whole frames of the source to bytes of the wire, by the shortest of three routes:
//   untouched   source and wire agree
//   same rate   ConvertSamples, rounded once
//   resampled   int16 or float32 -> mean of the channels -> Resampler -> wire format. int16, which is twice
//               as fast, where the source's samples and the wire's are no wider.
// `sink` takes the wire bytes, any number of times.
class WireConverter {
 public:
  static Result<WireConverter> Create(const AudioSide& source, const AudioSide& wire) {
    WireConverter made(source, wire);
    if (const Status status = CheckRate("source", source.rate_hz); !status.ok()) return status.error();
    made.untouched_ =
        source.format == wire.format && source.rate_hz == wire.rate_hz && source.channels == wire.channels;
    if (made.untouched_) return made;
    made.block_frames_ = std::max<size_t>(1, kScratchSamples / source.channels);
    size_t wire_frames = made.block_frames_;
    if (source.rate_hz != wire.rate_hz) {
      const bool int16 =
          FitsInt16(source.format) && FitsInt16(wire.format) && wire.format != SampleFormat::kU8;
      const Result<size_t> most = int16 ? made.OpenRoute<int16_t>() : made.OpenRoute<float>();
      if (!most.ok()) return most.error();
      wire_frames = most.value();
    }
    made.wire_bytes_.resize(wire_frames * wire.frame_bytes);
    return made;
  }

  // Bytes that nobody looks at.
  static WireConverter Opaque() {
    const AudioSide byte{SampleFormat::kU8, kMinRateHz, 1};
    WireConverter made(byte, byte);
    made.untouched_ = true;
    return made;
  }

  size_t FrameBytes() const { return source_.frame_bytes; }

  // Wire bytes that are still to come when no more source frames follow.
  uint64_t BytesAhead() const {
    const uint64_t total = FramesAtRate(frames_in_, source_.rate_hz, wire_.rate_hz);
    return (total - frames_out_) * wire_.frame_bytes;
  }

  // Wire bytes that `frames` source frames can bring out at most, whatever came before them: by the
  // resampler's own law, for it hands out groups of frames, and one that was held back comes on top of what
  // these frames give.
  uint64_t MaxBytes(uint64_t frames) const {
    const uint64_t most = std::visit(
        Overloaded{[=](std::monostate) { return frames; },
                   [=](const auto& route) -> uint64_t { return route.resampler.MaxOutputFrames(frames); }},
        route_);
    return most * wire_.frame_bytes;
  }

  template <class Sink>
  Status Process(std::span<const uint8_t> frames, Sink sink) {
    if (untouched_) {
      sink(frames);
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
  template <class Sink>
  Status Flush(Sink sink) {
    const Status status = std::visit(
        Overloaded{[](std::monostate) -> Status { return Ok{}; },
                   [&](auto& route) {
                     return HandResampled(route.resampler.Flush(std::span(route.resampled)), route, sink);
                   }},
        route_);
    if (!status.ok()) return status;
    assert(BytesAhead() == 0);
    Reset();
    return Ok{};
  }

  void Reset() {
    std::visit(Overloaded{[](std::monostate) {}, [](auto& route) { route.resampler.Reset(); }}, route_);
    frames_in_ = 0;
    frames_out_ = 0;
  }

  size_t StateBytes() const {
    return wire_bytes_.capacity() + std::visit(Overloaded{[](std::monostate) { return size_t{0}; },
                                                          [](const auto& route) { return route.Bytes(); }},
                                               route_);
  }

 private:
  WireConverter(const AudioSide& source, const AudioSide& wire) : source_(source), wire_(wire) {}

  // Returns how many frames may come out of a block or of the tail.
  template <class Sample>
  Result<size_t> OpenRoute() {
    auto made = Resampler<Sample>::Create({source_.rate_hz, wire_.rate_hz});
    if (!made.ok()) return made.error();
    const size_t most =
        std::max(made.value().MaxOutputFrames(block_frames_), made.value().MaxOutputFrames(0));
    ResampleRoute<Sample> route{std::move(made.value()), {}, {}, {}};
    route.samples.resize(block_frames_ * source_.channels);
    if (source_.channels > 1) route.mono.resize(block_frames_);
    route.resampled.resize(most);
    route_ = std::move(route);
    return most;
  }

  template <class Sink>
  Status ConvertBlock(std::span<const uint8_t> block, Sink sink) {
    const size_t frames = block.size() / FrameBytes();
    const std::span<uint8_t> out = std::span(wire_bytes_).first(frames * wire_.frame_bytes);
    ConvertSamples(source_.format, source_.channels, block, wire_.format, wire_.channels, out);
    sink(out);
    return Ok{};
  }

  template <class Sample, class Sink>
  Status ResampleBlock(std::span<const uint8_t> block, ResampleRoute<Sample>& route, Sink sink) {
    const size_t frames = block.size() / FrameBytes();
    const std::span<Sample> samples = std::span(route.samples).first(frames * source_.channels);
    ToSamples(source_.format, block, samples);
    const std::span<Sample> mono = source_.channels == 1 ? samples : std::span(route.mono).first(frames);
    if (source_.channels > 1) Downmix(source_.channels, samples, mono);
    if constexpr (std::is_same_v<Sample, float>) {
      if (IsFloat(source_.format)) LimitToLoudest(mono);
    }
    frames_in_ += frames;
    return HandResampled(route.resampler.Process(mono, std::span(route.resampled)), route, sink);
  }

  template <class Sample, class Sink>
  Status HandResampled(const Result<size_t>& frames, const ResampleRoute<Sample>& route, Sink sink) {
    if (!frames.ok()) return frames.error();
    const std::span<uint8_t> out = std::span(wire_bytes_).first(frames.value() * wire_.frame_bytes);
    FromSamples(wire_.format, std::span(route.resampled).first(frames.value()), out);
    frames_out_ += frames.value();
    sink(out);
    return Ok{};
  }

  AudioSide source_;
  AudioSide wire_;
  bool untouched_ = false;
  size_t block_frames_ = 0;
  std::variant<std::monostate, ResampleRoute<int16_t>, ResampleRoute<float>> route_;  // when the rates differ
  uint64_t frames_in_ = 0;                                                            // of the resampler
  uint64_t frames_out_ = 0;
  std::vector<uint8_t> wire_bytes_;
};

// The caller's buffer and how much of it is written.
struct Output {
  std::span<uint8_t> bytes;
  size_t used = 0;
  void Text(const std::string& text) {
    std::memcpy(bytes.data() + used, text.data(), text.size());
    used += text.size();
  }
  void Base64(std::span<const uint8_t> audio) { used += Base64Encode(audio, bytes.subspan(used)); }
};

// Cuts wire bytes into messages of equal length and writes them as JSON text.
class MessageWriter {
 public:
  MessageWriter(size_t audio_bytes, const std::string& client_req_id_json)
      : pending_(audio_bytes), head_(R"({"type":"audio","audio":")") {
    tail_ = client_req_id_json.empty() ? R"("})" : R"(","client_req_id":)" + client_req_id_json + "}";
  }

  size_t message_bytes() const { return MessageBytes(pending_.size()); }
  uint64_t audio_bytes_written() const { return audio_bytes_written_; }

  // What whole messages need when `audio_bytes` more arrive, however much was gathered before.
  uint64_t MaxBytes(uint64_t audio_bytes) const {
    if (audio_bytes == 0) return 0;
    return (pending_.size() - 1 + audio_bytes) / pending_.size() * message_bytes();
  }
  // What is gathered now and `audio_bytes` more need, with the last message, padded as End does.
  uint64_t BytesToEnd(uint64_t audio_bytes) const {
    const uint64_t total = pending_size_ + audio_bytes;
    const size_t rest = total % pending_.size();
    return total / pending_.size() * message_bytes() + (rest == 0 ? 0 : MessageBytes(rest + rest % 2));
  }

  void Append(std::span<const uint8_t> audio, Output& out) {
    while (audio.size() >= pending_.size() - pending_size_) {
      const size_t wanted = pending_.size() - pending_size_;
      Write(audio.first(wanted), out);
      audio = audio.subspan(wanted);
    }
    Gather(audio);
  }

  // The last message, if anything is left. An odd number of bytes gets one of `silence`.
  void End(std::optional<uint8_t> silence, Output& out) {
    const bool pad = silence && pending_size_ % 2 != 0;
    if (pad) pending_[pending_size_++] = *silence;  // fits: a whole message is an even number of bytes
    if (pending_size_ > 0) Write({}, out);
    if (pad) --audio_bytes_written_;
  }

  void Reset() {
    pending_size_ = 0;
    audio_bytes_written_ = 0;
  }

  size_t StateBytes() const { return pending_.capacity() + head_.capacity() + tail_.capacity(); }

 private:
  size_t MessageBytes(size_t audio_bytes) const {
    return head_.size() + Base64Length(audio_bytes) + tail_.size();
  }

  void Gather(std::span<const uint8_t> audio) {
    if (audio.empty()) return;  // it may have no address
    std::memcpy(pending_.data() + pending_size_, audio.data(), audio.size());
    pending_size_ += audio.size();
  }

  // The message of what is gathered and `rest`. What is gathered grows to whole groups of three; the rest is
  // encoded from where it lies.
  void Write(std::span<const uint8_t> rest, Output& out) {
    assert(out.bytes.size() - out.used >= MessageBytes(pending_size_ + rest.size()));
    audio_bytes_written_ += pending_size_ + rest.size();
    const size_t lacking = (3 - pending_size_ % 3) % 3;
    Gather(rest.first(std::min(lacking, rest.size())));
    rest = rest.subspan(std::min(lacking, rest.size()));
    out.Text(head_);
    out.Base64(std::span(pending_).first(pending_size_));
    out.Base64(rest);
    out.Text(tail_);
    pending_size_ = 0;
  }

  std::vector<uint8_t> pending_;  // audio of the message being gathered; its size is that of a message
  size_t pending_size_ = 0;
  uint64_t audio_bytes_written_ = 0;  // of the source: without the padding
  std::string head_;
  std::string tail_;
};

std::optional<uint8_t> SilenceOf(SampleFormat format) {
  if (format == SampleFormat::kMulaw) return kMulawSilence;
  if (format == SampleFormat::kAlaw) return kAlawSilence;
  return std::nullopt;
}

Status CheckOptions(const FramerOptions& options) {
  if (Status status = CheckRate("wire", options.wire_rate_hz); !status.ok()) return status;
  if (options.wire_rate_hz * kStepMs % 1000 != 0)
    return Error{ErrorCode::kInvalidRate, 0,
                 "80 ms at the wire's " + std::to_string(options.wire_rate_hz) +
                     " Hz are no whole number of frames; wanted a multiple of 25 Hz"};
  if (options.steps_per_message < 1 || options.steps_per_message > kMaxStepsPerMessage)
    return Error{ErrorCode::kInvalidLength, 0,
                 "a message of " + std::to_string(options.steps_per_message) + " steps; wanted 1 to " +
                     std::to_string(kMaxStepsPerMessage)};
  if (options.source == FramerOptions::Source::kRaw && options.channels == 0)
    return Error{ErrorCode::kInvalidChannels, 0, "the source has 0 channels; wanted 1 to 65535"};
  return Ok{};
}

size_t MessageAudioBytes(const FramerOptions& options) {
  const size_t sample_bytes =
      options.source == FramerOptions::Source::kOpaque ? 2 : BytesPerSample(options.wire_format);
  return size_t{options.wire_rate_hz} * kStepMs / 1000 * sample_bytes * options.steps_per_message;
}

}  // namespace

struct AudioFramer::State {
  explicit State(const FramerOptions& given)
      : options(given),
        wav(given.source_bytes),
        messages(MessageAudioBytes(given), given.client_req_id_json) {}

  bool is_wav() const { return options.source == FramerOptions::Source::kWav; }
  bool is_opaque() const { return options.source == FramerOptions::Source::kOpaque; }

  uint64_t MaxOutputBytes(size_t input_bytes) const {
    const uint64_t bytes = std::min<uint64_t>(input_bytes, kLongestInput);
    if (converter) {
      // A frame may have been begun by the chunk before.
      const uint64_t frames = (carry.size() - 1 + bytes) / carry.size();
      return messages.MaxBytes(bytes == 0 ? 0 : converter->MaxBytes(frames));
    }
    // The header is not known: at worst all that comes is audio of one byte a frame at the lowest rate.
    const uint64_t frames = FramesAtRate(bytes, kMinRateHz, options.wire_rate_hz);
    return messages.MaxBytes(frames * BytesPerSample(options.wire_format));
  }

  uint64_t MaxFlushBytes() const {
    return finished ? 0 : messages.BytesToEnd(converter ? converter->BytesAhead() : 0);
  }

  Status OpenSource(const AudioSide& source) {
    Result<WireConverter> made =
        WireConverter::Create(source, {options.wire_format, options.wire_rate_hz, 1});
    if (!made.ok()) return made.error();
    converter = std::move(made.value());
    carry.resize(converter->FrameBytes());
    return Ok{};
  }

  // A rate that cannot be converted is the file's, not the caller's mistake.
  Status OpenWav(const WavInfo& info) {
    Status status = OpenSource({info.format, info.sample_rate_hz, info.channels});
    if (status.ok() || status.error().code != ErrorCode::kInvalidRate) return status;
    return Error{ErrorCode::kWavUnsupportedRate, info.rate_offset,
                 "a WAV of " + std::to_string(info.sample_rate_hz) + " Hz is outside the " +
                     std::to_string(kMinRateHz) + " to " + std::to_string(kMaxRateHz) +
                     " Hz that can be converted; resample it first, for example with `ffmpeg -i INPUT.wav "
                     "-ar 48000 OUTPUT.wav`"};
  }

  Status TakeWav(std::span<const uint8_t> input, Output& out) {
    while (!input.empty()) {
      const Result<WavReader::Piece> piece = wav.Process(input);
      if (!piece.ok()) return piece.error();
      if (!converter && wav.has_info()) {
        if (Status status = OpenWav(wav.info()); !status.ok()) return status;
      }
      if (Status status = TakeAudio(piece.value().audio, out); !status.ok()) return status;
      input = input.subspan(piece.value().consumed);
    }
    return Ok{};
  }

  // Audio cut anywhere: whole frames go on, the rest waits in `carry`.
  Status TakeAudio(std::span<const uint8_t> audio, Output& out) {
    if (audio.empty()) return Ok{};
    const auto sink = [&](std::span<const uint8_t> wire) { messages.Append(wire, out); };
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

  Status End(Output& out) {
    if (is_wav()) {
      if (Status status = wav.Finish(); !status.ok()) return status;
    }
    if (converter) {
      const auto sink = [&](std::span<const uint8_t> wire) { messages.Append(wire, out); };
      if (Status status = converter->Flush(sink); !status.ok()) return status;
    }
    messages.End(is_opaque() ? std::nullopt : SilenceOf(options.wire_format), out);
    leftover_bytes = std::exchange(carry_size, 0);
    if (is_wav()) converter.reset();  // the next header may say something else
    finished = true;
    return Ok{};
  }

  void Reset() {
    wav = WavReader();
    if (is_wav()) converter.reset();
    if (converter) converter->Reset();
    carry_size = 0;
    messages.Reset();
    failure.reset();
    finished = false;
    leftover_bytes = 0;
  }

  // The stream's first error is its answer from then on.
  Result<size_t> Settle(const Status& status, const Output& out) {
    if (status.ok()) return out.used;
    failure = status.error();
    return *failure;
  }

  FramerOptions options;
  WavReader wav;
  std::optional<WireConverter> converter;  // once the source's format is known
  std::vector<uint8_t> carry;              // one frame of the source
  size_t carry_size = 0;                   // 0 <= carry_size < carry.size()
  MessageWriter messages;
  std::optional<Error> failure;
  bool finished = false;  // Flush was called, and nothing since
  size_t leftover_bytes = 0;
};

AudioFramer::AudioFramer(std::unique_ptr<State> state) : state_(std::move(state)) {}
AudioFramer::AudioFramer(AudioFramer&&) noexcept = default;
AudioFramer& AudioFramer::operator=(AudioFramer&&) noexcept = default;
AudioFramer::~AudioFramer() = default;

Result<AudioFramer> AudioFramer::Create(const FramerOptions& options) {
  if (const Status status = CheckOptions(options); !status.ok()) return status.error();
  auto state = std::make_unique<State>(options);
  if (options.source == FramerOptions::Source::kRaw) {
    const Status status = state->OpenSource({options.format, options.sample_rate_hz, options.channels});
    if (!status.ok()) return status.error();
  } else if (options.source == FramerOptions::Source::kOpaque) {
    state->converter = WireConverter::Opaque();
    state->carry.resize(1);
  }
  return AudioFramer(std::move(state));
}

size_t AudioFramer::MaxOutputBytes(size_t input_bytes) const {
  return ToSize(state_->MaxOutputBytes(input_bytes));
}

size_t AudioFramer::MaxFlushBytes() const { return ToSize(state_->MaxFlushBytes()); }

Result<size_t> AudioFramer::Process(std::span<const uint8_t> input, std::span<uint8_t> output) {
  if (state_->failure) return *state_->failure;
  if (const size_t wanted = MaxOutputBytes(input.size()); output.size() < wanted)
    return TooSmall(output.size(), wanted);
  if (input.empty()) return size_t{0};
  if (state_->finished) state_->Reset();
  Output out{output};
  return state_->Settle(state_->is_wav() ? state_->TakeWav(input, out) : state_->TakeAudio(input, out), out);
}

Result<size_t> AudioFramer::Flush(std::span<uint8_t> output) {
  if (state_->failure) return *state_->failure;
  if (state_->finished) return size_t{0};
  if (const size_t wanted = MaxFlushBytes(); output.size() < wanted) return TooSmall(output.size(), wanted);
  Output out{output};
  return state_->Settle(state_->End(out), out);
}

void AudioFramer::Reset() { state_->Reset(); }

size_t AudioFramer::message_bytes() const { return state_->messages.message_bytes(); }

uint64_t AudioFramer::wire_frames() const {
  if (state_->is_opaque()) return 0;
  return state_->messages.audio_bytes_written() / BytesPerSample(state_->options.wire_format);
}

size_t AudioFramer::leftover_bytes() const { return state_->leftover_bytes; }

const WavReader* AudioFramer::wav() const { return state_->is_wav() ? &state_->wav : nullptr; }

size_t AudioFramer::StateBytes() const {
  return sizeof(State) + state_->carry.capacity() + state_->messages.StateBytes() +
         (state_->converter ? state_->converter->StateBytes() : 0);
}

}  // namespace sluice
