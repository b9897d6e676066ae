// G.711 in bulk, per instruction set. What the functions do: core/g711.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice {

// `count` samples from src to dst, which do not overlap. Any count, any alignment.
struct G711Kernels {
  void (*decode_mulaw)(const uint8_t* src, int16_t* dst, size_t count);
  void (*encode_mulaw)(const int16_t* src, uint8_t* dst, size_t count);
  void (*decode_alaw)(const uint8_t* src, int16_t* dst, size_t count);
  void (*encode_alaw)(const int16_t* src, uint8_t* dst, size_t count);
};

}  // namespace sluice
