#include "core/base64.h"

#include <cassert>

#include "core/simd/kernels.h"

namespace sluice {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";  // table 1

}  // namespace

size_t Base64Encode(std::span<const uint8_t> src, std::span<uint8_t> dst) {
  assert(dst.size() >= Base64Length(src.size()));
  ActiveKernels().base64.encode_groups(src.data(), src.size(), dst.data());
  const std::span<const uint8_t> rest = src.last(src.size() % 3);
  if (!rest.empty()) {  // one byte gives two characters and "==", two give three and "="
    const uint32_t bits = uint32_t{rest[0]} << 16 | (rest.size() == 2 ? uint32_t{rest[1]} << 8 : 0);
    uint8_t* out = dst.data() + src.size() / 3 * 4;
    for (unsigned i = 0; i < 4; ++i) {
      out[i] = static_cast<uint8_t>(i <= rest.size() ? kAlphabet[(bits >> (18 - 6 * i)) & 63] : '=');
    }
  }
  return Base64Length(src.size());
}

}  // namespace sluice
