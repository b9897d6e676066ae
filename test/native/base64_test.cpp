// Base64 against the RFC's own examples and a slow decoder written from its table.
#include "core/base64.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "core/simd/kernels.h"
#include "core/simd/simd_level.h"

using namespace sluice;

namespace {

std::string Encode(const std::vector<uint8_t>& bytes) {
  std::string text(Base64Length(bytes.size()), '?');
  const size_t written = Base64Encode(bytes, {reinterpret_cast<uint8_t*>(text.data()), text.size()});
  CHECK_EQ(written, text.size());
  return text;
}

std::string EncodeText(const char* text) { return Encode({text, text + std::strlen(text)}); }

// RFC 4648 table 1; -1 for what is not in it.
int SixBits(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// Bit by bit. The bits left over must be 0 (RFC 4648 section 3.5).
bool Decode(std::string text, std::vector<uint8_t>& bytes) {
  if (text.size() % 4 != 0) return false;
  for (int pads = 0; pads < 2 && text.ends_with('='); ++pads) text.pop_back();
  unsigned bits = 0, count = 0;
  for (const char c : text) {
    if (SixBits(c) < 0) return false;
    bits = bits << 6 | static_cast<unsigned>(SixBits(c));
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes.push_back(static_cast<uint8_t>(bits >> count));
      bits &= (1U << count) - 1;
    }
  }
  return bits == 0;
}

// The whole groups of `bytes`, by the kernel of one level. Both buffers lie on the heap, `offset` bytes into
// blocks that end with them, so that a sanitizer sees the first byte too many.
std::string EncodeGroups(SimdLevel level, const std::vector<uint8_t>& bytes, size_t offset) {
  const size_t length = bytes.size() / 3 * 4;
  const auto src = std::make_unique<uint8_t[]>(offset + bytes.size());
  const auto dst = std::make_unique<uint8_t[]>(offset + length);
  std::copy(bytes.begin(), bytes.end(), src.get() + offset);
  KernelsFor(level).base64.encode_groups(src.get() + offset, bytes.size(), dst.get() + offset);
  return {dst.get() + offset, dst.get() + offset + length};
}

}  // namespace

TEST("Base64Encode gives the test vectors of RFC 4648 section 10") {
  CHECK(EncodeText("") == "");
  CHECK(EncodeText("f") == "Zg==");
  CHECK(EncodeText("fo") == "Zm8=");
  CHECK(EncodeText("foo") == "Zm9v");
  CHECK(EncodeText("foob") == "Zm9vYg==");
  CHECK(EncodeText("fooba") == "Zm9vYmE=");
  CHECK(EncodeText("foobar") == "Zm9vYmFy");
  CHECK(Encode({0xFB, 0xFF, 0xFE}) == "+//+");
}

TEST("Base64Encode is undone by a decoder, at every length to 200 and at message sizes") {
  std::mt19937 random(1);
  std::vector<size_t> lengths = {640, 1280, 2560, 3528, 3840, 7056, 7680};
  for (size_t n = 0; n <= 200; ++n) lengths.push_back(n);
  for (const size_t length : lengths) {
    std::vector<uint8_t> bytes(length);
    for (uint8_t& b : bytes) b = static_cast<uint8_t>(random());
    std::vector<uint8_t> back;
    CHECK(Decode(Encode(bytes), back));
    CHECK(back == bytes);
  }
}

TEST("Base64Length is that of the wire reference, section 2.5") {
  CHECK_EQ(Base64Length(640), 856U);
  CHECK_EQ(Base64Length(1280), 1708U);
  CHECK_EQ(Base64Length(2560), 3416U);
  CHECK_EQ(Base64Length(3840), 5120U);
  CHECK_EQ(Base64Length(0), 0U);
}

TEST("Base64Encode leaves the rest of the output alone") {
  const std::vector<uint8_t> bytes = {1, 2, 3, 4};
  std::vector<uint8_t> out(12, 0xEE);
  CHECK_EQ(Base64Encode(bytes, out), 8U);
  for (size_t i = 8; i < out.size(); ++i) CHECK_EQ(out[i], 0xEE);
}

TEST_ONCE("Base64Kernels agree on every level, at every length to 300 and every offset to 16") {
  std::mt19937 random(2);
  for (size_t length = 0; length <= 300; ++length) {
    std::vector<uint8_t> bytes(length);
    for (uint8_t& b : bytes) b = static_cast<uint8_t>(random());
    const size_t offset = random() % 17;
    std::vector<uint8_t> back;
    const std::string expected = EncodeGroups(SimdLevel::kScalar, bytes, 0);
    CHECK(Decode(expected, back));
    CHECK((back == std::vector<uint8_t>(bytes.begin(), bytes.end() - static_cast<long>(length % 3))));
    for (const SimdLevel level : RunnableSimdLevels()) {
      if (EncodeGroups(level, bytes, offset) != expected)
        check::Fail(__FILE__, __LINE__,
                    std::string(SimdLevelName(level)) + ", " + std::to_string(length) + " bytes, offset " +
                        std::to_string(offset));
    }
  }
}

TEST_ONCE("Base64Kernels encode every sextet at every place of a vector") {
  // 48 bytes are 64 characters: all 'A' but one, which moves through them.
  for (const SimdLevel level : RunnableSimdLevels()) {
    for (unsigned sextet = 0; sextet < 64; ++sextet) {
      for (size_t place = 0; place < 64; ++place) {
        std::vector<uint8_t> bytes(48);
        const size_t bit = place * 6;
        const uint32_t word = sextet << (16 - 6 - bit % 8);
        bytes[bit / 8] = static_cast<uint8_t>(word >> 8);
        if (bit / 8 + 1 < bytes.size()) bytes[bit / 8 + 1] = static_cast<uint8_t>(word);
        const std::string text = EncodeGroups(level, bytes, 0);
        REQUIRE(text.size() == 64);
        for (size_t i = 0; i < 64; ++i) CHECK_EQ(SixBits(text[i]), i == place ? static_cast<int>(sextet) : 0);
      }
    }
  }
}

TEST_ONCE("Base64Kernels write no byte behind the groups") {
  for (const SimdLevel level : RunnableSimdLevels()) {
    for (size_t length = 0; length <= 200; ++length) {
      const std::vector<uint8_t> bytes(length, 0x5A);
      std::vector<uint8_t> out(length / 3 * 4 + 64, 0xEE);
      KernelsFor(level).base64.encode_groups(bytes.data(), length, out.data());
      CHECK(std::all_of(out.end() - 64, out.end(), [](uint8_t b) { return b == 0xEE; }));
    }
  }
}
