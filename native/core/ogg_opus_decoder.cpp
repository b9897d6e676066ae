#include "core/ogg_opus_decoder.h"

#include <algorithm>
#include <utility>

#include "core/pcm.h"

namespace sluice {
namespace {

OpusLayout LayoutOf(const OpusHead& head) {
  OpusLayout layout{head.channels, head.streams, head.coupled, head.mapping};
  if (head.family == 1) {
    const auto order = VorbisChannelsInWavOrder(head.channels);
    for (size_t i = 0; i < head.channels; ++i) layout.mapping[i] = head.mapping[order[i]];
  }
  return layout;
}

}  // namespace

template <class Sample>
OggOpusDecoder<Sample>::OggOpusDecoder(const OggOpusDecoderOptions& options)
    : options_(options),
      decode_begin_(options.begin - std::min<uint64_t>(options.begin, kOpusPrerollSamples)),
      ratio_(kOpusRateHz / options.rate_hz),
      channels_(options.channels) {}

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
  *this = OggOpusDecoder(options_);
}

template <class Sample>
size_t OggOpusDecoder<Sample>::StateBytes() const {
  return sizeof *this + reader_.StateBytes() + (samples_.capacity() + mixed_.capacity()) * sizeof(Sample) +
         (decoder_ ? decoder_->StateBytes() : 0);
}

template <class Sample>
template <class Read>
Result<std::span<const Sample>> OggOpusDecoder<Sample>::NextFrom(Read read) {
  while (!error_) {
    const Result<Event> event = read();
    if (!event.ok()) return event.error();  // the reader's, which says it again
    if (event.value() == Event::kNone) return std::span<const Sample>();
    if (event.value() == Event::kLink) {
      BeginLink();
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
void OggOpusDecoder<Sample>::BeginLink() {
  const auto links = reader_.links();
  if (links.size() > 1) link_begin_ += links[links.size() - 2].samples;
  decoder_.reset();
  if (channels_ == 0) channels_ = links.back().channels;
}

// Not before a packet is wanted: of 255 streams it takes 25 ms, and a link of 350 bytes may hold no packet.
template <class Sample>
Status OggOpusDecoder<Sample>::OpenDecoder() {
  const OpusHead& head = reader_.head();
  auto decoder = OpusDecoder::Create({options_.rate_hz, LayoutOf(head), head.gain_q8});
  if (!decoder.ok()) return decoder.error();
  decoder_ = std::move(decoder.value());
  samples_.resize(decoder_->MaxPacketFrames() * head.channels);
  if (head.channels != channels_) mixed_.resize(decoder_->MaxPacketFrames() * channels_);
  return Ok{};
}

template <class Sample>
Result<std::span<const Sample>> OggOpusDecoder<Sample>::DecodePacket() {
  const OggOpusPacket& packet = reader_.packet();
  const uint64_t begin = link_begin_ + packet.position;  // of what counts of it
  const uint64_t end = begin + (packet.end - packet.begin);
  if (end < decode_begin_ || begin >= options_.end) return std::span<const Sample>();
  if (!decoder_) {
    if (const Status status = OpenDecoder(); !status.ok()) return status.error();
  }
  const Result<size_t> frames = decoder_->Decode(packet.bytes, std::span(samples_));
  if (!frames.ok()) return frames.error();
  const uint64_t from = std::clamp(options_.begin, begin, end);
  const uint64_t until = std::clamp(options_.end, from, end);
  const size_t channels = decoder_->channels();
  const size_t first = OutputFrame(packet.begin + (from - begin));
  const size_t count = OutputFrame(packet.begin + (until - begin)) - first;
  return Mixed(std::span<const Sample>(samples_).subspan(first * channels, count * channels));
}

// Of a packet: its frame at so many samples of 48 kHz.
template <class Sample>
size_t OggOpusDecoder<Sample>::OutputFrame(uint64_t samples) const {
  return static_cast<size_t>((samples + ratio_ - 1) / ratio_);
}

template <class Sample>
std::span<const Sample> OggOpusDecoder<Sample>::Mixed(std::span<const Sample> samples) {
  const size_t channels = decoder_->channels();
  if (channels == channels_) return samples;
  const size_t frames = samples.size() / channels;
  for (size_t i = 0; i < frames; ++i) {
    Sample mono;
    Downmix(channels, samples.subspan(i * channels, channels), std::span(&mono, 1));
    std::fill_n(mixed_.begin() + static_cast<ptrdiff_t>(i * channels_), channels_, mono);
  }
  return std::span<const Sample>(mixed_).first(frames * channels_);
}

template class OggOpusDecoder<int16_t>;
template class OggOpusDecoder<float>;

}  // namespace sluice
