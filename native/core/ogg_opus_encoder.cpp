#include "core/ogg_opus_encoder.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/opus_head.h"

namespace sluice {
namespace {

constexpr uint32_t kGranuleRateHz = 48'000;  // RFC 7845 4
// Of input between two looks at whether a packet is full: 20 ms at 48 kHz. At most 8 times as many come out
// of the resampler, from 1 to 8 kHz.
constexpr size_t kBlockFrames = 960;

uint32_t CodecRateHz(uint32_t rate_hz) {
  for (const uint32_t codec_hz : {8'000U, 12'000U, 16'000U, 24'000U})
    if (rate_hz <= codec_hz) return codec_hz;
  return 48'000;
}

// ceil(frames * 48000 / rate)
uint64_t GranuleFrames(uint64_t frames, uint32_t rate_hz) {
  return frames / rate_hz * kGranuleRateHz + (frames % rate_hz * kGranuleRateHz + rate_hz - 1) / rate_hz;
}

Status CheckRate(uint32_t rate_hz) {
  if (rate_hz >= kMinRateHz && rate_hz <= kMaxRateHz) return Ok{};
  return Error{ErrorCode::kInvalidRate, 0,
               "sampleRateHz must be a whole number of Hz from " + std::to_string(kMinRateHz) + " to " +
                   std::to_string(kMaxRateHz) + ", not " + std::to_string(rate_hz)};
}

Status CheckRoom(size_t wanted, size_t room) {
  if (room >= wanted) return Ok{};
  return Error{ErrorCode::kOutputTooSmall, 0,
               "the output needs room for " + std::to_string(wanted) + " bytes, got " + std::to_string(room)};
}

}  // namespace

template <class Sample>
Result<OggOpusEncoder<Sample>> OggOpusEncoder<Sample>::Create(const OggOpusEncoderOptions& options) {
  if (const Status rate = CheckRate(options.opus.sample_rate_hz); !rate.ok()) return rate.error();
  auto head = OpusHeadFor(options.opus.channels);
  if (!head.ok()) return head.error();
  OpusEncoderOptions codec = options.opus;
  codec.sample_rate_hz = CodecRateHz(options.opus.sample_rate_hz);
  auto encoder = OpusEncoder::Create(codec);
  if (!encoder.ok()) return encoder.error();
  // 6.5 or 2.5 ms: a whole number of samples at each rate.
  const size_t lookahead = encoder.value().LookaheadFrames();
  head.value().preskip = static_cast<uint16_t>(lookahead * (kGranuleRateHz / codec.sample_rate_hz));
  head.value().input_rate_hz = options.opus.sample_rate_hz;
  auto writer = OggOpusWriter::Create(
      {head.value(), options.vendor, options.comments, options.serial, options.page_us});
  if (!writer.ok()) return writer.error();
  // The last, since the first use of a pair of rates designs its taps.
  auto resampler = Resampler<Sample>::Create(
      {options.opus.sample_rate_hz, codec.sample_rate_hz, codec.channels, ResamplerQuality::kDefault});
  if (!resampler.ok()) return resampler.error();
  return OggOpusEncoder(options, std::move(resampler.value()), std::move(encoder.value()),
                        std::move(writer.value()));
}

template <class Sample>
OggOpusEncoder<Sample>::OggOpusEncoder(const OggOpusEncoderOptions& options, Resampler<Sample> resampler,
                                       OpusEncoder encoder, OggOpusWriter writer)
    : resampler_(std::move(resampler)),
      encoder_(std::move(encoder)),
      writer_(std::move(writer)),
      order_(VorbisChannelsInWavOrder(options.opus.channels)),
      rate_hz_(options.opus.sample_rate_hz),
      resampled_(std::max(resampler_.MaxOutputFrames(kBlockFrames), resampler_.MaxOutputFrames(0)) *
                 channels()),
      frame_(encoder_.FrameSamples()),
      packet_(encoder_.MaxPacketBytes()) {}

// Less than a packet may be there already.
template <class Sample>
size_t OggOpusEncoder<Sample>::MaxOutputBytes(size_t input_frames) const {
  const size_t frames = input_frames == 0 ? 0 : resampler_.MaxOutputFrames(input_frames);
  return writer_.MaxOutputBytes(packet_.size(), frames / PacketFrames() + 1);
}

template <class Sample>
size_t OggOpusEncoder<Sample>::MaxFlushBytes() const {
  const size_t frames = resampler_.MaxOutputFrames(0) + encoder_.LookaheadFrames();
  return writer_.MaxOutputBytes(packet_.size(), frames / PacketFrames() + 2);
}

template <class Sample>
Result<size_t> OggOpusEncoder<Sample>::Process(std::span<const Sample> samples, std::span<uint8_t> bytes) {
  if (samples.size() % channels() != 0) {
    return Error{ErrorCode::kInvalidLength, 0,
                 "samples must hold whole frames of " + std::to_string(channels()) + " channels, got " +
                     std::to_string(samples.size()) + " samples"};
  }
  const size_t frames = samples.size() / channels();
  if (const Status room = CheckRoom(MaxOutputBytes(frames), bytes.size()); !room.ok()) return room.error();
  if (frames > 0) flushed_ = false;
  input_frames_ += frames;
  Output output{bytes};
  while (!samples.empty()) {
    const auto block = samples.first(std::min(samples.size(), kBlockFrames * channels()));
    samples = samples.subspan(block.size());
    const auto resampled = resampler_.Process(block, resampled_);
    if (!resampled.ok()) return resampled.error();
    const auto ready = std::span<const Sample>(resampled_).first(resampled.value() * channels());
    if (const Status status = Encode(ready, output); !status.ok()) return status.error();
  }
  return output.bytes;
}

template <class Sample>
Result<size_t> OggOpusEncoder<Sample>::Flush(std::span<uint8_t> bytes) {
  if (const Status room = CheckRoom(MaxFlushBytes(), bytes.size()); !room.ok()) return room.error();
  if (flushed_) return size_t{0};
  Output output{bytes};
  if (input_frames_ > 0) {
    if (const Status status = EncodeTail(output); !status.ok()) return status.error();
  }
  const uint64_t total = GranuleFrames(input_frames_, rate_hz_);
  const auto end = writer_.Finish(total, output.room.subspan(output.bytes));
  if (!end.ok()) return end.error();
  BeginLink();
  flushed_ = true;
  return output.bytes + end.value();
}

template <class Sample>
void OggOpusEncoder<Sample>::Reset() {
  writer_.Reset();
  BeginLink();
  flushed_ = false;
}

template <class Sample>
void OggOpusEncoder<Sample>::BeginLink() {
  resampler_.Reset();
  encoder_.Reset();
  frame_samples_ = 0;
  input_frames_ = 0;
}

// The resampler's tail and then, since the decoded sound lies a lookahead behind, as much silence, up to the
// end of a packet. Less than this packet will be trimmed off (RFC 7845 4.4).
template <class Sample>
Status OggOpusEncoder<Sample>::EncodeTail(Output& output) {
  const auto tail = resampler_.Flush(resampled_);
  if (!tail.ok()) return tail.error();
  const auto samples = std::span<const Sample>(resampled_).first(tail.value() * channels());
  if (Status status = Encode(samples, output); !status.ok()) return status;
  for (size_t silence = encoder_.LookaheadFrames() * channels(); silence > 0;) {
    silence -= std::min(silence, frame_.size() - frame_samples_);
    std::fill(frame_.begin() + static_cast<ptrdiff_t>(frame_samples_), frame_.end(), Sample{0});
    if (Status status = EncodeFrame(output); !status.ok()) return status;
  }
  return Ok{};
}

template <class Sample>
Status OggOpusEncoder<Sample>::Encode(std::span<const Sample> samples, Output& output) {
  while (!samples.empty()) {
    const auto part = samples.first(std::min(samples.size(), frame_.size() - frame_samples_));
    samples = samples.subspan(part.size());
    Append(part);
    if (frame_samples_ < frame_.size()) continue;
    if (Status status = EncodeFrame(output); !status.ok()) return status;
  }
  return Ok{};
}

// From the order of WAV files to that of Vorbis.
template <class Sample>
void OggOpusEncoder<Sample>::Append(std::span<const Sample> samples) {
  const auto to = std::span(frame_).subspan(frame_samples_, samples.size());
  frame_samples_ += samples.size();
  if (channels() <= 2) {
    std::ranges::copy(samples, to.begin());
    return;
  }
  for (size_t at = 0; at < samples.size(); at += channels())
    for (size_t c = 0; c < channels(); ++c) to[at + order_[c]] = samples[at + c];
}

template <class Sample>
Status OggOpusEncoder<Sample>::EncodeFrame(Output& output) {
  frame_samples_ = 0;
  const auto packet = encoder_.Encode(std::span<const Sample>(frame_), packet_);
  if (!packet.ok()) return packet.error();
  const auto written = writer_.WritePacket(std::span<const uint8_t>(packet_).first(packet.value()),
                                           output.room.subspan(output.bytes));
  if (!written.ok()) return written.error();
  output.bytes += written.value();
  return Ok{};
}

// Of the writer: the page held and the headers.
template <class Sample>
size_t OggOpusEncoder<Sample>::StateBytes() const {
  return sizeof *this + resampler_.StateBytes() + encoder_.StateBytes() + writer_.MaxOutputBytes(0) +
         (resampled_.capacity() + frame_.capacity()) * sizeof(Sample) + packet_.capacity();
}

template class OggOpusEncoder<int16_t>;
template class OggOpusEncoder<float>;

}  // namespace sluice
