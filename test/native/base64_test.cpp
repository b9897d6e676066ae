// Base64 against the RFC's own examples and a slow decoder written from its table.
#include "core/base64.h"

#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "check.h"

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
