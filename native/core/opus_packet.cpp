#include "core/opus_packet.h"

#include <cstddef>

namespace sluice {
namespace {

constexpr size_t kMaxFrameBytes = 1275;  // R2
constexpr uint32_t kCodeMask = 3;

// What of a packet is left to read. A read past the end spoils it for good.
struct Rest {
  std::span<const uint8_t> bytes;
  bool good = true;

  size_t Byte() {
    if (bytes.empty()) return Spoil();
    const uint8_t byte = bytes.front();
    bytes = bytes.subspan(1);
    return byte;
  }
  // RFC 6716 3.2.1: 0 to 251 in one byte, up to 1275 in two.
  size_t FrameBytes() {
    const size_t first = Byte();
    return first < 252 ? first : first + 4 * Byte();
  }
  void Skip(size_t count) {
    if (count > bytes.size())
      Spoil();
    else
      bytes = bytes.subspan(count);
  }
  size_t Spoil() {
    good = false;
    bytes = {};
    return 0;
  }
};

// RFC 6716 3.1, table 2: configurations 0-11 SILK, 12-15 hybrid, 16-31 CELT.
uint32_t FrameSamples(size_t toc) {
  const size_t config = toc >> 3;
  if (config >= 16) return 120u << (config & 3);            // 2.5, 5, 10, 20 ms
  if (config >= 12) return 480u << (config & 1);            // 10, 20 ms
  return (config & 3) == 3 ? 2880u : 480u << (config & 3);  // 10, 20, 40, 60 ms
}

// Code 3 (3.2.5): frames whose lengths are all the same (CBR) or told but the last's (VBR). Then padding,
// which `padding` tells.
struct FrameCount {
  size_t frames = 0;
  bool vbr = false;
  size_t padding = 0;
};

FrameCount ReadFrameCount(Rest& rest) {
  const size_t byte = rest.Byte();
  FrameCount count{byte & 0x3F, (byte & 0x80) != 0, 0};
  for (bool more = (byte & 0x40) != 0; more;) {
    const size_t padding = rest.Byte();
    more = padding == 255;  // 254 bytes, and another length
    count.padding += padding - (more ? 1 : 0);
  }
  return count;
}

FrameCount ReadFraming(size_t toc, Rest& rest) {
  switch (toc & kCodeMask) {
    case 0:
      return {1, false, 0};
    case 1:
      return {2, false, 0};
    case 2:
      return {2, true, 0};
    default:
      return ReadFrameCount(rest);
  }
}

// Takes the packet of one stream off the front of `rest`, all of it unless self-delimited. Returns its
// samples.
uint32_t TakePacket(Rest& rest, bool self_delimited) {
  const size_t toc = rest.Byte();
  const FrameCount count = ReadFraming(toc, rest);
  const auto samples = static_cast<uint32_t>(FrameSamples(toc) * count.frames);
  if (samples == 0 || samples > kMaxOpusPacketSamples) rest.Spoil();
  size_t frame_bytes = 0;  // of all frames but the last, with VBR
  if (count.vbr)
    for (size_t i = 1; i < count.frames && rest.good; ++i) frame_bytes += rest.FrameBytes();
  if (self_delimited) {
    const size_t last = rest.FrameBytes();
    rest.Skip(frame_bytes + last * (count.vbr ? 1 : count.frames) + count.padding);
    return rest.good ? samples : 0;
  }
  rest.Skip(frame_bytes + count.padding);
  if (!rest.good) return 0;
  const size_t left = rest.bytes.size();  // for the last frame; with CBR for all
  const size_t shares = count.vbr ? 1 : count.frames;
  return left % shares == 0 && left / shares <= kMaxFrameBytes ? samples : 0;
}

}  // namespace

uint32_t OpusPacketSamples(std::span<const uint8_t> packet, unsigned streams) {
  Rest rest{packet};
  const uint32_t samples = TakePacket(rest, streams > 1);
  for (unsigned i = 2; i <= streams; ++i)
    if (TakePacket(rest, i < streams) != samples) return 0;
  return samples;
}

}  // namespace sluice
