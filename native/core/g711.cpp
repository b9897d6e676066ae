// The four bulk functions, by the kernels of the machine.
#include "core/g711.h"

#include <cassert>

#include "core/simd/kernels.h"

namespace sluice {

void DecodeMulaw(std::span<const uint8_t> src, std::span<int16_t> dst) {
  assert(src.size() == dst.size());
  ActiveKernels().g711.decode_mulaw(src.data(), dst.data(), src.size());
}
void EncodeMulaw(std::span<const int16_t> src, std::span<uint8_t> dst) {
  assert(src.size() == dst.size());
  ActiveKernels().g711.encode_mulaw(src.data(), dst.data(), src.size());
}
void DecodeAlaw(std::span<const uint8_t> src, std::span<int16_t> dst) {
  assert(src.size() == dst.size());
  ActiveKernels().g711.decode_alaw(src.data(), dst.data(), src.size());
}
void EncodeAlaw(std::span<const int16_t> src, std::span<uint8_t> dst) {
  assert(src.size() == dst.size());
  ActiveKernels().g711.encode_alaw(src.data(), dst.data(), src.size());
}

}  // namespace sluice
