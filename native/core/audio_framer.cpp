// Two parts: MessageWriter (wire bytes to messages), and AudioFramer::State, which has a Transcoder make the
// wire bytes and hands them to it.
#include "core/audio_framer.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "core/base64.h"
#include "core/g711.h"
#include "core/transcoder.h"

namespace sluice {
namespace {

// A promise of room that no buffer of a 32-bit process can keep must not wrap around to one that it can.
size_t ToSize(uint64_t bytes) {
  return static_cast<size_t>(std::min<uint64_t>(bytes, std::numeric_limits<size_t>::max()));
}

Error TooSmall(size_t got, size_t wanted) {
  return {
      ErrorCode::kOutputTooSmall, 0,
      "the output holds " + std::to_string(got) + " bytes, the messages may need " + std::to_string(wanted)};
}

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

// Where the transcoder's bytes go.
class MessageSink final : public ByteSink {
 public:
  MessageSink(MessageWriter& messages, Output& out) : messages_(messages), out_(out) {}
  void Take(std::span<const uint8_t> bytes) override { messages_.Append(bytes, out_); }

 private:
  MessageWriter& messages_;
  Output& out_;
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
  return Ok{};
}

size_t MessageAudioBytes(const FramerOptions& options) {
  const size_t sample_bytes =
      options.source == FramerOptions::Source::kOpaque ? 2 : BytesPerSample(options.wire_format);
  return size_t{options.wire_rate_hz} * kStepMs / 1000 * sample_bytes * options.steps_per_message;
}

TranscoderOptions ForTranscoder(const FramerOptions& options) {
  TranscoderOptions made;
  if (options.source == FramerOptions::Source::kOpaque) {  // bytes that pass untouched
    made.source = TranscoderOptions::Source::kRaw;
    made.format = made.target_format = SampleFormat::kU8;
    made.sample_rate_hz = made.target_rate_hz = kMinRateHz;
    return made;
  }
  const bool is_wav = options.source == FramerOptions::Source::kWav;
  made.source = is_wav ? TranscoderOptions::Source::kWav : TranscoderOptions::Source::kRaw;
  made.format = options.format;
  made.sample_rate_hz = options.sample_rate_hz;
  made.channels = options.channels;
  made.source_bytes = options.source_bytes;
  made.target_format = options.wire_format;
  made.target_rate_hz = options.wire_rate_hz;
  return made;
}

}  // namespace

struct AudioFramer::State {
  State(const FramerOptions& given, Transcoder its_transcoder)
      : options(given),
        transcoder(std::move(its_transcoder)),
        messages(MessageAudioBytes(given), given.client_req_id_json) {}

  bool is_opaque() const { return options.source == FramerOptions::Source::kOpaque; }

  void Reset() {
    transcoder.Reset();
    messages.Reset();
  }

  FramerOptions options;
  Transcoder transcoder;  // of the source to wire bytes
  MessageWriter messages;
};

AudioFramer::AudioFramer(std::unique_ptr<State> state) : state_(std::move(state)) {}
AudioFramer::AudioFramer(AudioFramer&&) noexcept = default;
AudioFramer& AudioFramer::operator=(AudioFramer&&) noexcept = default;
AudioFramer::~AudioFramer() = default;

Result<AudioFramer> AudioFramer::Create(const FramerOptions& options) {
  if (const Status status = CheckOptions(options); !status.ok()) return status.error();
  Result<Transcoder> transcoder = Transcoder::Create(ForTranscoder(options));
  if (!transcoder.ok()) return transcoder.error();
  return AudioFramer(std::make_unique<State>(options, std::move(transcoder.value())));
}

size_t AudioFramer::MaxOutputBytes(size_t input_bytes) const {
  return ToSize(state_->messages.MaxBytes(state_->transcoder.MaxOutputBytes(input_bytes)));
}

size_t AudioFramer::MaxFlushBytes() const {
  if (state_->transcoder.finished()) return 0;
  return ToSize(state_->messages.BytesToEnd(state_->transcoder.FlushBytes()));
}

Result<size_t> AudioFramer::Process(std::span<const uint8_t> input, std::span<uint8_t> output) {
  if (state_->transcoder.failure()) return *state_->transcoder.failure();
  if (const size_t wanted = MaxOutputBytes(input.size()); output.size() < wanted)
    return TooSmall(output.size(), wanted);
  if (input.empty()) return size_t{0};
  if (state_->transcoder.finished()) state_->Reset();
  Output out{output};
  MessageSink sink(state_->messages, out);
  if (const Status status = state_->transcoder.Process(input, sink); !status.ok()) return status.error();
  return out.used;
}

Result<size_t> AudioFramer::Flush(std::span<uint8_t> output) {
  if (state_->transcoder.failure()) return *state_->transcoder.failure();
  if (state_->transcoder.finished()) return size_t{0};
  if (const size_t wanted = MaxFlushBytes(); output.size() < wanted) return TooSmall(output.size(), wanted);
  Output out{output};
  MessageSink sink(state_->messages, out);
  if (const Status status = state_->transcoder.Flush(sink); !status.ok()) return status.error();
  state_->messages.End(state_->is_opaque() ? std::nullopt : SilenceOf(state_->options.wire_format), out);
  return out.used;
}

void AudioFramer::Reset() { state_->Reset(); }

size_t AudioFramer::message_bytes() const { return state_->messages.message_bytes(); }

uint64_t AudioFramer::wire_frames() const {
  if (state_->is_opaque()) return 0;
  return state_->messages.audio_bytes_written() / BytesPerSample(state_->options.wire_format);
}

size_t AudioFramer::leftover_bytes() const { return state_->transcoder.leftover_bytes(); }

const WavReader* AudioFramer::wav() const { return state_->transcoder.wav(); }

size_t AudioFramer::StateBytes() const {
  return sizeof(State) + state_->transcoder.StateBytes() + state_->messages.StateBytes();
}

}  // namespace sluice
