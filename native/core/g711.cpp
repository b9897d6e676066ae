// The four bulk functions: tables made at compile time from the formulas of g711.h.
#include "core/g711.h"

#include <array>
#include <cassert>
#include <cstddef>

namespace sluice {
namespace {

using DecodeTable = std::array<int16_t, 256>;

template <int16_t Value(uint8_t)>
constexpr DecodeTable MakeDecodeTable() {
  DecodeTable table{};
  for (unsigned code = 0; code < table.size(); ++code) table[code] = Value(static_cast<uint8_t>(code));
  return table;
}

// Indexed by the bits of a non-negative sample that count: mu-law ignores the lowest 2, A-law the lowest 4.
template <uint8_t Code(int16_t), int kIgnoredBits>
constexpr auto MakeEncodeTable() {
  std::array<uint8_t, (size_t{1} << (15 - kIgnoredBits))> table{};
  for (size_t i = 0; i < table.size(); ++i) table[i] = Code(static_cast<int16_t>(i << kIgnoredBits));
  return table;
}

constexpr DecodeTable kMulawValues = MakeDecodeTable<MulawValue>();
constexpr DecodeTable kAlawValues = MakeDecodeTable<AlawValue>();
constexpr auto kMulawCodes = MakeEncodeTable<MulawCode, 2>();
constexpr auto kAlawCodes = MakeEncodeTable<AlawCode, 4>();

void Decode(const DecodeTable& values, std::span<const uint8_t> src, std::span<int16_t> dst) {
  assert(src.size() == dst.size());
  for (size_t i = 0; i < src.size(); ++i) dst[i] = values[src[i]];
}

// A sample and its one's complement differ in the sign bit of their codes only, bit 7 in both laws.
template <int kIgnoredBits, size_t kSize>
void Encode(const std::array<uint8_t, kSize>& codes, std::span<const int16_t> src, std::span<uint8_t> dst) {
  assert(src.size() == dst.size());
  for (size_t i = 0; i < src.size(); ++i) {
    const int sign = src[i] >> 15;  // 0 or -1
    dst[i] = static_cast<uint8_t>(codes[static_cast<size_t>(src[i] ^ sign) >> kIgnoredBits] ^ (sign & 0x80));
  }
}

}  // namespace

void DecodeMulaw(std::span<const uint8_t> src, std::span<int16_t> dst) { Decode(kMulawValues, src, dst); }
void EncodeMulaw(std::span<const int16_t> src, std::span<uint8_t> dst) { Encode<2>(kMulawCodes, src, dst); }
void DecodeAlaw(std::span<const uint8_t> src, std::span<int16_t> dst) { Decode(kAlawValues, src, dst); }
void EncodeAlaw(std::span<const int16_t> src, std::span<uint8_t> dst) { Encode<4>(kAlawCodes, src, dst); }

}  // namespace sluice
