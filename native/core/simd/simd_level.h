// Which instruction set the kernels use: found once per process, or said by SLUICE_SIMD. Not here: the
// kernels (kernels.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

// From plain C++ to the widest; each x86 level has all that the ones before it have.
//
//   scalar   plain C++, everywhere: the reference the others are held to
//   sse2     every x86-64
//   avx2     AVX2, FMA and PCLMULQDQ: x86 since 2013 (Intel), 2015 (AMD)
//   avx512   AVX-512 F, BW, DQ, VL: 2017
//   vnni     AVX-512 with VNNI, the 16-bit dot product: 2019
//   neon     every AArch64
enum class SimdLevel : uint8_t { kScalar, kSse2, kAvx2, kAvx512, kVnni, kNeon };

std::string_view SimdLevelName(SimdLevel level);
std::optional<SimdLevel> SimdLevelFromName(std::string_view name);

// Levels that were built for this processor and that it (and its operating system) can run, scalar first, the
// best last.
const std::vector<SimdLevel>& RunnableSimdLevels();

struct SimdChoice {
  SimdLevel level;
  bool overridden;      // SLUICE_SIMD named it
  std::string problem;  // why what was wanted cannot be had, in words for the user; else empty
};

// Of the levels a machine can run (scalar first, the best last) the one that is wanted by name; the best,
// when none is wanted ("") or the one that is cannot be had.
SimdChoice ChooseSimdLevel(std::string_view wanted, const std::vector<SimdLevel>& runnable);

// What SLUICE_SIMD and this machine come to. Read once, so it never changes. Whoever starts the program (the
// addon, the tests) has to look at `problem`.
const SimdChoice& ActiveSimdChoice();

// Its level: the one in use.
SimdLevel ActiveSimdLevel();

}  // namespace sluice
