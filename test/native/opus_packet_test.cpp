// OpusPacketSamples against the tables and rules of RFC 6716 3, a rule at a time.
#include "core/opus_packet.h"

#include <array>
#include <cstdint>
#include <vector>

#include "check.h"

namespace sluice {
namespace {

using Bytes = std::vector<uint8_t>;

// CELT, 20 ms, with a code and what follows, then `rest` bytes of frames.
Bytes Coded(uint8_t code, const Bytes& framing, size_t rest) {
  Bytes packet = {static_cast<uint8_t>(0xF8 | code)};
  for (const uint8_t byte : framing) packet.push_back(byte);
  packet.resize(packet.size() + rest, 0x55);
  return packet;
}

TEST_ONCE("OpusPacketSamples knows the frame length of every configuration") {
  // RFC 6716 3.1, table 2, in samples at 48 kHz.
  constexpr std::array<uint32_t, 32> kSamples = {
      480, 960, 1920, 2880, 480, 960, 1920, 2880,  // SILK NB, MB
      480, 960, 1920, 2880, 480, 960, 480,  960,   // SILK WB, hybrid
      120, 240, 480,  960,  120, 240, 480,  960,   // CELT NB, WB
      120, 240, 480,  960,  120, 240, 480,  960};  // CELT SWB, FB
  for (size_t config = 0; config < 32; ++config)
    for (const unsigned stereo : {0u, 4u}) {
      const auto toc = static_cast<uint8_t>(config << 3 | stereo);
      CHECK_EQ(OpusPacketSamples(Bytes{toc, 1, 2}), kSamples[config]);
      CHECK_EQ(OpusPacketSamples(Bytes{static_cast<uint8_t>(toc | 1), 1, 2}), 2 * kSamples[config]);
      CHECK_EQ(OpusPacketSamples(Bytes{static_cast<uint8_t>(toc | 2), 1, 2}), 2 * kSamples[config]);
      for (uint8_t frames = 0; frames < 64; ++frames) {
        const uint32_t samples = frames * kSamples[config];
        // R5: at least one frame, and no more than 120 ms
        CHECK_EQ(OpusPacketSamples(Bytes{static_cast<uint8_t>(toc | 3), frames}),
                 samples <= kMaxOpusPacketSamples ? samples : 0);
      }
    }
}

TEST_ONCE("OpusPacketSamples wants at least one byte and frames of at most 1275") {
  CHECK_EQ(OpusPacketSamples({}), 0u);             // R1
  CHECK_EQ(OpusPacketSamples(Bytes{0xF8}), 960u);  // an empty frame: DTX
  CHECK_EQ(OpusPacketSamples(Coded(0, {}, 1275)), 960u);
  CHECK_EQ(OpusPacketSamples(Coded(0, {}, 1276)), 0u);  // R2
  CHECK_EQ(OpusPacketSamples(Coded(1, {}, 2550)), 1920u);
  CHECK_EQ(OpusPacketSamples(Coded(1, {}, 2552)), 0u);
  CHECK_EQ(OpusPacketSamples(Coded(2, {0}, 1275)), 1920u);
  CHECK_EQ(OpusPacketSamples(Coded(2, {0}, 1276)), 0u);
  CHECK_EQ(OpusPacketSamples(Coded(3, {3}, 3 * 1275)), 2880u);
  CHECK_EQ(OpusPacketSamples(Coded(3, {3}, 3 * 1276)), 0u);
}

TEST_ONCE("OpusPacketSamples wants two halves of the same size with code 1") {
  CHECK_EQ(OpusPacketSamples(Coded(1, {}, 0)), 1920u);
  CHECK_EQ(OpusPacketSamples(Coded(1, {}, 10)), 1920u);
  CHECK_EQ(OpusPacketSamples(Coded(1, {}, 11)), 0u);  // R3
}

TEST_ONCE("OpusPacketSamples wants the first frame of code 2 inside the packet") {
  CHECK_EQ(OpusPacketSamples(Coded(2, {}, 0)), 0u);  // R4
  CHECK_EQ(OpusPacketSamples(Coded(2, {10}, 10)), 1920u);
  CHECK_EQ(OpusPacketSamples(Coded(2, {10}, 9)), 0u);
  CHECK_EQ(OpusPacketSamples(Coded(2, {252}, 0)), 0u);          // half of a length
  CHECK_EQ(OpusPacketSamples(Coded(2, {252, 1}, 256)), 1920u);  // 252 + 4
  CHECK_EQ(OpusPacketSamples(Coded(2, {252, 1}, 255)), 0u);
}

TEST_ONCE("OpusPacketSamples divides code 3 evenly, or by the lengths that it tells") {
  CHECK_EQ(OpusPacketSamples(Coded(3, {}, 0)), 0u);  // R6, R7
  CHECK_EQ(OpusPacketSamples(Coded(3, {3}, 9)), 2880u);
  CHECK_EQ(OpusPacketSamples(Coded(3, {3}, 10)), 0u);
  CHECK_EQ(OpusPacketSamples(Coded(3, {0x83, 4, 5}, 9)), 2880u);  // the last one is empty
  CHECK_EQ(OpusPacketSamples(Coded(3, {0x83, 4, 5}, 20)), 2880u);
  CHECK_EQ(OpusPacketSamples(Coded(3, {0x83, 4, 5}, 8)), 0u);
  CHECK_EQ(OpusPacketSamples(Coded(3, {0x83, 4}, 0)), 0u);
}

TEST_ONCE("OpusPacketSamples takes padding off before it divides") {
  CHECK_EQ(OpusPacketSamples(Coded(3, {0x43, 7}, 9 + 7)), 2880u);
  CHECK_EQ(OpusPacketSamples(Coded(3, {0x43, 7}, 9 + 6)), 0u);
  CHECK_EQ(OpusPacketSamples(Coded(3, {0x43, 7}, 6)), 0u);                // more padding than packet
  CHECK_EQ(OpusPacketSamples(Coded(3, {0x43, 255, 0}, 9 + 254)), 2880u);  // 254, and another length
  CHECK_EQ(OpusPacketSamples(Coded(3, {0x43, 255, 255, 3}, 511)), 2880u);
  CHECK_EQ(OpusPacketSamples(Coded(3, {0x43, 255}, 0)), 0u);
}

TEST_ONCE("OpusPacketSamples takes packets of several streams apart") {
  // Self-delimited (RFC 6716 B): the length of the last frame stands behind the others'.
  const Bytes plain = Coded(0, {}, 5);
  const auto with = [&](Bytes first) {
    first.insert(first.end(), plain.begin(), plain.end());
    return first;
  };
  CHECK_EQ(OpusPacketSamples(with(Coded(0, {4}, 4)), 2), 960u);
  CHECK_EQ(OpusPacketSamples(with(Coded(0, {0}, 0)), 2), 960u);
  CHECK_EQ(OpusPacketSamples(with(Coded(3, {1, 4}, 4)), 2), 960u);
  CHECK_EQ(OpusPacketSamples(with(Coded(3, {0x41, 3, 4}, 4 + 3)), 2), 960u);  // padded
  CHECK_EQ(OpusPacketSamples(with(with(Coded(0, {4}, 4))), 2), 960u);         // the last takes what is left
  CHECK_EQ(OpusPacketSamples(with(Coded(1, {2}, 4)), 2), 0u);                 // 1920 and 960
  CHECK_EQ(OpusPacketSamples(Coded(0, {4}, 4), 2), 0u);                       // the second is missing
  CHECK_EQ(OpusPacketSamples(with(Coded(0, {60}, 4)), 2), 0u);
  Bytes twice = Coded(1, {2}, 4);
  const Bytes second = Coded(1, {}, 4);
  twice.insert(twice.end(), second.begin(), second.end());
  CHECK_EQ(OpusPacketSamples(twice, 2), 1920u);
}

}  // namespace
}  // namespace sluice
