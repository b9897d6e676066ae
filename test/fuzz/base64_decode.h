// A base64 decoder to hold ours against: bit by bit, and strict (RFC 4648 §4: padded, no bits left over).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace fuzz {

inline int SixBits(uint8_t c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// Nothing when the text is not base64.
inline std::optional<std::vector<uint8_t>> DecodeBase64(std::span<const uint8_t> text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int pads = 0; pads < 2 && !text.empty() && text.back() == '='; ++pads)
    text = text.first(text.size() - 1);
  std::vector<uint8_t> bytes;
  unsigned bits = 0, count = 0;
  for (const uint8_t c : text) {
    if (SixBits(c) < 0) return std::nullopt;
    bits = bits << 6 | static_cast<unsigned>(SixBits(c));
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<uint8_t>(bits >> count));
    bits &= (1U << count) - 1;
  }
  if (bits != 0) return std::nullopt;
  return bytes;
}

}  // namespace fuzz
