// ITU-T G.711 mu-law and A-law, sample by sample as the G.191 reference (STL) does it: a negative sample is
// taken by one's complement, so intervals are closed on the left over the whole line. Not here: containers
// and wire names.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>

namespace sluice {

// src.size() == dst.size() in all four.
void DecodeMulaw(std::span<const uint8_t> src, std::span<int16_t> dst);
void EncodeMulaw(std::span<const int16_t> src, std::span<uint8_t> dst);
void DecodeAlaw(std::span<const uint8_t> src, std::span<int16_t> dst);
void EncodeAlaw(std::span<const int16_t> src, std::span<uint8_t> dst);

// What a decoder makes of no sound: +0 in both laws.
inline constexpr uint8_t kMulawSilence = 0xFF;
inline constexpr uint8_t kAlawSilence = 0xD5;

// One sample; the kernels behind the four functions above (simd/g711_kernels.inl.h) are held to these.

// A mu-law code is, all bits inverted, `s eee mmmm`: sign (1 negative), segment, step within the segment.
// 33 is the offset that makes the segments powers of two; G.711 counts in 14 bits, hence the shifts by 2.
constexpr uint8_t MulawCode(int16_t sample) {
  const int magnitude = (sample < 0 ? ~sample : sample) >> 2;
  const unsigned biased = static_cast<unsigned>(std::min(magnitude + 33, 0x1FFF));
  const unsigned segment = static_cast<unsigned>(std::bit_width(biased)) - 6;  // biased >= 33: 0..7
  const unsigned code = (segment << 4) | ((biased >> (segment + 1)) & 0xF);
  return static_cast<uint8_t>(~((sample < 0 ? 0x80U : 0U) | code));
}
constexpr int16_t MulawValue(uint8_t code) {
  const unsigned bits = ~unsigned{code};
  const int magnitude = static_cast<int>(((((bits & 0xF) << 1) | 33) << ((bits >> 4) & 7)) - 33) << 2;
  return static_cast<int16_t>((bits & 0x80) != 0 ? -magnitude : magnitude);
}

// An A-law code is, even bits inverted (^ 0x55), `s eee mmmm`: sign (1 positive), segment, step. Segments 0
// and 1 have the same step, so segment 0 lacks the leading one. G.711 counts in 13 bits; the lowest of the 12
// of magnitude never matters, hence the shifts by 4.
constexpr uint8_t AlawCode(int16_t sample) {
  const unsigned magnitude = static_cast<unsigned>((sample < 0 ? ~sample : sample) >> 4);  // 0..2047
  const unsigned segment = static_cast<unsigned>(std::bit_width(magnitude | 8)) - 4;
  const unsigned step = segment == 0 ? magnitude : (magnitude >> (segment - 1)) & 0xF;
  return static_cast<uint8_t>(((sample < 0 ? 0U : 0x80U) | (segment << 4) | step) ^ 0x55);
}
constexpr int16_t AlawValue(uint8_t code) {
  const unsigned bits = code ^ 0x55U;
  const unsigned segment = (bits >> 4) & 7;
  const unsigned middle = ((bits & 0xF) << 4) | 8;  // of the step
  const int magnitude = static_cast<int>(segment == 0 ? middle : (middle | 0x100) << (segment - 1));
  return static_cast<int16_t>((bits & 0x80) != 0 ? magnitude : -magnitude);
}

}  // namespace sluice
