// CrcKernels on every level against the checksum of RFC 3533 6, a bit at a time.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "core/ogg_page.h"
#include "core/simd/kernels.h"
#include "core/simd/simd_level.h"

using namespace sluice;

namespace {

using Bytes = std::vector<uint8_t>;

uint32_t SlowCrc(uint32_t crc, const Bytes& bytes) {
  for (const uint8_t byte : bytes) {
    crc ^= uint32_t{byte} << 24;
    for (int bit = 0; bit < 8; ++bit) crc = crc << 1 ^ (crc >> 31 != 0 ? 0x04C11DB7 : 0);
  }
  return crc;
}

Bytes Noise(size_t size, std::mt19937& random) {
  Bytes bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

// The bytes lie on the heap, `offset` bytes into a block that ends with them, so that a sanitizer sees the
// first byte too many.
void CheckAllLevels(uint32_t before, const Bytes& bytes, size_t offset) {
  const auto src = std::make_unique<uint8_t[]>(offset + bytes.size());
  std::copy(bytes.begin(), bytes.end(), src.get() + offset);
  const uint32_t expected = SlowCrc(before, bytes);
  for (const SimdLevel level : RunnableSimdLevels()) {
    if (KernelsFor(level).crc.ogg(before, src.get() + offset, bytes.size()) == expected) continue;
    check::Fail(__FILE__, __LINE__,
                std::string(SimdLevelName(level)) + ", " + std::to_string(bytes.size()) + " bytes, offset " +
                    std::to_string(offset));
  }
}

}  // namespace

TEST("CrcKernels give the check value of CRC-32/CKSUM before its final inversion") {
  const std::string digits = "123456789";
  const Bytes bytes(digits.begin(), digits.end());
  CHECK_EQ(OggCrc(0, bytes), 0x89A1897Fu);
}

TEST_ONCE(
    "CrcKernels give the checksum of RFC 3533 on every level, at every length to 300 and every offset") {
  std::mt19937 random(1);
  for (size_t size = 0; size <= 300; ++size)
    for (size_t offset = 0; offset < 16; ++offset) {
      const Bytes bytes = Noise(size, random);
      CheckAllLevels(0, bytes, offset);
      CheckAllLevels(static_cast<uint32_t>(random()), bytes, offset);
    }
}

TEST_ONCE("CrcKernels give the checksum of RFC 3533 on every level, of the greatest page and more") {
  std::mt19937 random(2);
  for (const size_t size : {4096u, 65'307u, 1'000'003u}) CheckAllLevels(0, Noise(size, random), size % 16);
}

TEST_ONCE("CrcKernels see every single bit of 300 bytes on every level") {
  for (size_t bit = 0; bit < 300 * 8; ++bit) {
    Bytes bytes(300);
    bytes[bit / 8] = static_cast<uint8_t>(1u << bit % 8);
    CheckAllLevels(0, bytes, 0);
  }
}

TEST_ONCE("CrcKernels give the same for pieces as for the whole on every level") {
  std::mt19937 random(3);
  const Bytes bytes = Noise(5000, random);
  const uint32_t expected = SlowCrc(0, bytes);
  for (const SimdLevel level : RunnableSimdLevels())
    for (const size_t most : {1u, 20u, 100u, 700u}) {
      uint32_t crc = 0;
      for (size_t at = 0; at < bytes.size();) {
        const size_t size = std::min(bytes.size() - at, random() % (most + 1));
        crc = KernelsFor(level).crc.ogg(crc, &bytes[at], size);
        at += size;
      }
      CHECK_EQ(crc, expected);
    }
}
