// The source of Base64Kernels, once per target: see target.inl.h.

namespace sluice::SLUICE_TARGET {
namespace {

constexpr char kBase64Alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";  // RFC 4648, table 1

void EncodeGroups(const uint8_t* src, size_t size, uint8_t* dst) {
  for (; size >= 3; size -= 3, src += 3, dst += 4) {
    const uint32_t bits = (uint32_t)src[0] << 16 | (uint32_t)src[1] << 8 | src[2];
    for (int i = 0; i < 4; ++i) dst[i] = (uint8_t)kBase64Alphabet[(bits >> (18 - 6 * i)) & 63];
  }
}

constexpr Base64Kernels kBase64Kernels = {EncodeGroups};

}  // namespace
}  // namespace sluice::SLUICE_TARGET
