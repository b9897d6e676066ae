// The source of PcmKernels, once per target: see target.inl.h.

namespace sluice::SLUICE_TARGET {
namespace {

void S24LeToS16(const uint8_t* src, int16_t* dst, size_t count) {
  for (size_t i = 0; i < count; ++i, src += 3) {
    const int32_t value =
        (int32_t)((uint32_t)src[0] << 8 | (uint32_t)src[1] << 16 | (uint32_t)src[2] << 24) >> 8;
    const int32_t down = value >> 8;
    const int32_t rest = value & 0xFF;
    const int32_t rounded = down + ((rest > 0x80) | ((rest == 0x80) & (down & 1)));
    dst[i] = (int16_t)(rounded > 32767 ? 32767 : rounded);
  }
}

constexpr PcmKernels kPcmKernels = {S24LeToS16};

}  // namespace
}  // namespace sluice::SLUICE_TARGET
