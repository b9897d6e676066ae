// Base64 encoding, per instruction set. What it does: core/base64.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice {

// Encodes the whole three-byte groups of src, size / 3 of them; the caller does the rest. Writes 4 characters
// a group and no byte more; reads no byte beyond src + size.
struct Base64Kernels {
  void (*encode_groups)(const uint8_t* src, size_t size, uint8_t* dst);
};

}  // namespace sluice
