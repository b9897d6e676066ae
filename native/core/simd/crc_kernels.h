// The checksum of Ogg pages, per instruction set. What it is: OggCrc in core/ogg_page.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice {

// Of the bytes before src it is `crc`. Any size, any alignment.
struct CrcKernels {
  uint32_t (*ogg)(uint32_t crc, const uint8_t* src, size_t size);
};

}  // namespace sluice
