// Sample conversion in bulk, per instruction set. What the functions do: core/pcm.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice {

// `count` samples from src to dst, which do not overlap. Any count, any alignment.
struct PcmKernels {
  void (*s24le_to_s16)(const uint8_t* src, int16_t* dst, size_t count);
};

}  // namespace sluice
