// Any bytes are packets that decode to the frames they announce, or are refused and change nothing; losses
// between them are concealed to the frame, and a decoder that was reset does it all again, bit for bit.
#include "core/opus_codec.h"
#include "fuzz.h"

using namespace sluice;

namespace {

constexpr uint32_t kRates[] = {8'000, 12'000, 16'000, 24'000, 48'000};

// A stereo stream and a mono one, or one of either.
OpusLayout LayoutOf(uint32_t kind) {
  OpusLayout layout;
  if (kind == 0) return layout;
  layout.channels = kind == 1 ? 2 : 3;
  layout.streams = kind == 1 ? 1 : 2;
  layout.coupled = 1;
  layout.mapping = {0, 1, 2};
  return layout;
}

// The input is packets of up to 255 bytes, each behind its size.
template <class T>
std::vector<T> DecodeAll(OpusDecoder& decoder, std::span<const uint8_t> input, uint32_t losses) {
  std::vector<T> samples;
  const auto keep = [&](fuzz::Room<T>& room, size_t frames) {
    samples.insert(samples.end(), room.data(), room.data() + frames * decoder.channels());
  };
  while (!input.empty()) {
    const size_t size = std::min<size_t>(input[0], input.size() - 1);
    const std::vector<uint8_t> packet(input.begin() + 1, input.begin() + 1 + static_cast<ptrdiff_t>(size));
    input = input.subspan(1 + size);
    const auto frames = decoder.PacketFrames(packet);
    if (frames.ok()) FUZZ_CHECK(frames.value() > 0 && frames.value() <= decoder.MaxPacketFrames());
    if (losses % 3 != 0) {
      const size_t lost = (1 + losses % 60) * decoder.LossUnitFrames();
      fuzz::Room<T> room(lost * decoder.channels());
      const auto made =
          losses % 3 == 1 ? decoder.Conceal(lost, room.span()) : decoder.DecodeFec(packet, lost, room.span());
      FUZZ_CHECK(made.ok() == (losses % 3 == 1 || frames.ok()));
      if (made.ok()) FUZZ_CHECK(made.value() == lost);
      if (made.ok()) keep(room, lost);
    }
    losses = losses * 1664525 + 1013904223;
    fuzz::Room<T> room((frames.ok() ? frames.value() : 0) * decoder.channels());
    const auto decoded = decoder.Decode(packet, room.span());
    FUZZ_CHECK(decoded.ok() == frames.ok());
    FUZZ_CHECK(decoded.ok() || decoded.error().code == ErrorCode::kOpusBadPacket);
    if (!decoded.ok()) continue;
    FUZZ_CHECK(decoded.value() == frames.value());
    keep(room, decoded.value());
  }
  return samples;
}

template <class T>
void CheckKind(OpusDecoder& decoder, std::span<const uint8_t> input, uint32_t losses) {
  decoder.Reset();
  const auto first = DecodeAll<T>(decoder, input, losses);
  decoder.Reset();
  FUZZ_CHECK(fuzz::SameBits(first, DecodeAll<T>(decoder, input, losses)));
}

}  // namespace

FUZZ_TARGET(opus_decoder) {
  OpusDecoderOptions options;
  options.sample_rate_hz = input.OneOf(kRates);
  options.layout = LayoutOf(input.Below(3));
  options.gain_q8 = static_cast<int16_t>(input.Number());
  const uint32_t losses = input.Number();
  const std::vector<uint8_t> packets = input.Rest();
  auto decoder = OpusDecoder::Create(options);
  FUZZ_CHECK(decoder.ok());
  CheckKind<int16_t>(decoder.value(), packets, losses);
  CheckKind<float>(decoder.value(), packets, losses);
}
