// Base64 (RFC 4648 §4), encoding into the caller's buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice {

constexpr size_t Base64Length(size_t bytes) { return (bytes + 2) / 3 * 4; }

// Writes Base64Length(src.size()) characters to the front of dst (which must hold them) and returns that
// count.
size_t Base64Encode(std::span<const uint8_t> src, std::span<uint8_t> dst);

}  // namespace sluice
