// Two characters at a time from a table of all 12-bit values: half the look-ups of the usual 64-entry table,
// and its 8 kB stay in the first-level cache.
#include "core/base64.h"

#include <array>
#include <cassert>
#include <cstring>

namespace sluice {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";  // table 1

using Pair = std::array<uint8_t, 2>;

constexpr std::array<Pair, 4096> MakePairs() {
  std::array<Pair, 4096> pairs{};
  for (size_t i = 0; i < pairs.size(); ++i)
    pairs[i] = {static_cast<uint8_t>(kAlphabet[i >> 6]), static_cast<uint8_t>(kAlphabet[i & 63])};
  return pairs;
}
constexpr std::array<Pair, 4096> kPairs = MakePairs();

// 24 bits to four characters.
void EncodeTriple(uint32_t bits, uint8_t* dst) {
  std::memcpy(dst, kPairs[bits >> 12].data(), 2);
  std::memcpy(dst + 2, kPairs[bits & 0xFFF].data(), 2);
}

}  // namespace

size_t Base64Encode(std::span<const uint8_t> src, std::span<uint8_t> dst) {
  assert(dst.size() >= Base64Length(src.size()));
  const uint8_t* in = src.data();
  uint8_t* out = dst.data();
  size_t left = src.size();
  for (; left >= 3; left -= 3, in += 3, out += 4)
    EncodeTriple(uint32_t{in[0]} << 16 | uint32_t{in[1]} << 8 | in[2], out);
  if (left > 0) {  // one byte gives two characters and "==", two give three and "="
    EncodeTriple(uint32_t{in[0]} << 16 | (left == 2 ? uint32_t{in[1]} << 8 : 0), out);
    out[3] = '=';
    if (left == 1) out[2] = '=';
  }
  return Base64Length(src.size());
}

}  // namespace sluice
