#include "core/websocket_frame.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace sluice {
namespace {

constexpr uint8_t kFinalText = 0x81;  // FIN and opcode 1
constexpr uint8_t kMasked = 0x80;
constexpr size_t kMaxShortLength = 125;
constexpr uint8_t kLength16 = 126;  // the length is in the 2 bytes that follow
constexpr uint8_t kLength64 = 127;  // in the 8 bytes that follow

constexpr size_t ExtendedLengthBytes(size_t message_bytes) {
  if (message_bytes <= kMaxShortLength) return 0;
  return message_bytes <= UINT16_MAX ? 2 : 8;
}

//  0     1               2 … 3 or 2 … 9              then 4 bytes
//  0x81  0x80 | length   length, high byte first     masking key
size_t WriteHeader(size_t message_bytes, const MaskingKey& key, std::span<uint8_t> out) {
  const size_t extended = ExtendedLengthBytes(message_bytes);
  const auto short_length = static_cast<uint8_t>(message_bytes);
  out[0] = kFinalText;
  out[1] = kMasked | (extended == 0 ? short_length : extended == 2 ? kLength16 : kLength64);
  for (size_t i = 0; i < extended; ++i) {
    out[2 + i] = static_cast<uint8_t>(uint64_t{message_bytes} >> (8 * (extended - 1 - i)));
  }
  std::memcpy(out.data() + 2 + extended, key.data(), key.size());
  return 2 + extended + key.size();
}

// out[i] = src[i] ^ key[i % 4] (§5.3), 16 bytes at a time, which compilers make one instruction of.
void Mask(std::span<const uint8_t> src, const MaskingKey& key, uint8_t* out) {
  constexpr size_t kBlock = 16;
  uint64_t repeated[2];
  for (size_t i = 0; i < kBlock; i += key.size()) {
    std::memcpy(reinterpret_cast<uint8_t*>(repeated) + i, key.data(), key.size());
  }
  size_t i = 0;
  for (; i + kBlock <= src.size(); i += kBlock) {
    uint64_t block[2];
    std::memcpy(block, src.data() + i, kBlock);
    block[0] ^= repeated[0];
    block[1] ^= repeated[1];
    std::memcpy(out + i, block, kBlock);
  }
  for (; i < src.size(); ++i) out[i] = src[i] ^ key[i % key.size()];
}

}  // namespace

size_t TextFrameLength(size_t message_bytes) {
  return 2 + ExtendedLengthBytes(message_bytes) + sizeof(MaskingKey) + message_bytes;
}

size_t WriteTextFrame(std::span<const uint8_t> message, const MaskingKey& key, std::span<uint8_t> out) {
  assert(out.size() >= TextFrameLength(message.size()));
  const size_t header = WriteHeader(message.size(), key, out);
  Mask(message, key, out.data() + header);
  return header + message.size();
}

}  // namespace sluice
