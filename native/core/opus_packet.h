// How long an Opus packet plays, and whether its frames lie as RFC 6716 3.4 wants them. Not here: decoding
// (opus_codec.h).
#pragma once

#include <cstdint>
#include <span>

namespace sluice {

inline constexpr uint32_t kMaxOpusPacketSamples = 5760;  // 120 ms at 48 kHz (RFC 6716 3.2.5, R5)

// Samples per channel at 48 kHz; 0: the packet breaks a rule of RFC 6716 3.4. A packet of several streams
// (RFC 7845 5.1.1) holds one of each, self-delimited but the last (RFC 6716 B), all of the same duration.
uint32_t OpusPacketSamples(std::span<const uint8_t> packet, unsigned streams = 1);

}  // namespace sluice
