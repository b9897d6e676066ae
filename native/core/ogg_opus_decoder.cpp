#include "core/ogg_opus_decoder.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sluice {
namespace {

// Mapping family 1 (RFC 7845 5.1.1.2): which channel of Vorbis order stands at
// each place of WAV order, for 3 to 8 channels.
constexpr std::array<std::array<uint8_t, 8>, 6> kWavOrder = {{
    {0, 2, 1},
    {0, 1, 2, 3},
    {0, 2, 1, 3, 4},
    {0, 2, 1, 5, 3, 4},
    {0, 2, 1, 6, 5, 3, 4},
    {0, 2, 1, 7, 5, 6, 3, 4},
}};

OpusLayout LayoutOf(const OpusHead& head) {
  OpusLayout layout{head.channels, head.streams, head.coupled, head.mapping};
  if (head.family == 1 && head.channels >= 3) {
    const auto& order = kWavOrder[head.channels - 3U];
    for (size_t i = 0; i < head.channels; ++i) layout.mapping[i] = head.mapping[order[i]];
  }
  return layout;
}

}  // namespace

template <class Sample>
Result<std::span<const Sample>> OggOpusDecoder<Sample>::Next(std::span<const uint8_t>& input) {
  return NextFrom([&] { return reader_.Next(input); });
}

template <class Sample>
Result<std::span<const Sample>> OggOpusDecoder<Sample>::Finish() {
  return NextFrom([&] { return reader_.Finish(); });
}

template <class Sample>
void OggOpusDecoder<Sample>::Reset() {
  reader_.Reset();
  decoder_.reset();
  error_.reset();
}

template <class Sample>
size_t OggOpusDecoder<Sample>::StateBytes() const {
  return sizeof *this + samples_.capacity() * sizeof(Sample) + (decoder_ ? decoder_->StateBytes() : 0);
}

template <class Sample>
template <class Read>
Result<std::span<const Sample>> OggOpusDecoder<Sample>::NextFrom(Read read) {
  while (!error_) {
    const Result<Event> event = read();
    if (!event.ok()) return event.error();  // the reader's, which says it again
    if (event.value() == Event::kNone) return std::span<const Sample>();
    if (event.value() == Event::kLink) {
      if (const Status status = OpenLink(); !status.ok()) error_ = status.error();
      continue;
    }
    const auto samples = DecodePacket();
    if (!samples.ok())
      error_ = samples.error();
    else if (!samples.value().empty())
      return samples;
  }
  return *error_;
}

template <class Sample>
Status OggOpusDecoder<Sample>::OpenLink() {
  const OpusHead& head = reader_.link().head;
  auto decoder = OpusDecoder::Create({kOpusRateHz, LayoutOf(head), head.gain_q8});
  if (!decoder.ok()) return decoder.error();
  decoder_ = std::move(decoder.value());
  samples_.resize(decoder_->MaxPacketFrames() * head.channels);
  return Ok{};
}

template <class Sample>
Result<std::span<const Sample>> OggOpusDecoder<Sample>::DecodePacket() {
  const OggOpusPacket& packet = reader_.packet();
  const Result<size_t> frames = decoder_->Decode(packet.bytes, std::span(samples_));
  if (!frames.ok()) return frames.error();
  const size_t count = packet.end - packet.begin;
  return std::span<const Sample>(samples_).subspan(packet.begin * channels(), count * channels());
}

template class OggOpusDecoder<int16_t>;
template class OggOpusDecoder<float>;

}  // namespace sluice
