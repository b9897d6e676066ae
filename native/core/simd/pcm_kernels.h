// Sample conversion in bulk, per instruction set. What the conversions do: core/pcm.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice {

// `count` samples, frames where channels mix, from src to dst, which do not overlap. Any count, any
// alignment.
using ConvertKernel = void (*)(const uint8_t* src, uint8_t* dst, size_t count);

// For the common formats; the others are converted by core/pcm.cpp. Words of either side are little-endian,
// so these serve little-endian machines only.
struct PcmKernels {
  struct Format {
    ConvertKernel to_s16le, to_f32le, from_s16le, from_f32le;
  };
  Format u8, s16le, s16be, s24le, s24in32le, s32le, f32le;

  // Two channels to their mean, as core/pcm.h's ConvertSamples has it.
  ConvertKernel downmix_stereo_s16le, downmix_stereo_s24le_to_s16le, downmix_stereo_f32le;
};

}  // namespace sluice
