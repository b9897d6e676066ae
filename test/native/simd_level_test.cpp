// Which level is found and chosen, and that each has its kernels. What the kernels do: the tests of their
// families.
#include "core/simd/simd_level.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "check.h"
#include "core/simd/kernels.h"

using namespace sluice;

namespace {

constexpr std::array kAllLevels = {SimdLevel::kScalar, SimdLevel::kSse2, SimdLevel::kAvx2,
                                   SimdLevel::kAvx512, SimdLevel::kVnni, SimdLevel::kNeon};

const std::vector<SimdLevel> kUpToAvx2 = {SimdLevel::kScalar, SimdLevel::kSse2, SimdLevel::kAvx2};

}  // namespace

TEST("SimdLevelName and SimdLevelFromName are each other's inverse") {
  std::set<std::string_view> names;
  for (const SimdLevel level : kAllLevels) {
    names.insert(SimdLevelName(level));
    CHECK(SimdLevelFromName(SimdLevelName(level)) == level);
  }
  CHECK_EQ(names.size(), kAllLevels.size());
  for (const char* name : {"", "AVX2", "avx", "avx2 ", "avx5122"}) CHECK(!SimdLevelFromName(name));
}

TEST("RunnableSimdLevels begins with scalar and ascends to the best") {
  const std::vector<SimdLevel>& levels = RunnableSimdLevels();
  REQUIRE(!levels.empty());
  CHECK(levels.front() == SimdLevel::kScalar);
  CHECK(std::is_sorted(levels.begin(), levels.end(), std::less_equal<>()));
  CHECK(std::count(levels.begin(), levels.end(), ActiveSimdLevel()) == 1);
}

// The compilers have a detection of their own.
TEST("RunnableSimdLevels finds what the compiler's own detection finds") {
#if defined(__x86_64__) && defined(__GNUC__)
  const bool avx2 =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("pclmul");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  const bool vnni = avx512 && __builtin_cpu_supports("avx512vnni");
  const size_t wanted = size_t{2} + avx2 + avx512 + vnni;
  CHECK_EQ(RunnableSimdLevels().size(), wanted);
#elif defined(__aarch64__) || defined(_M_ARM64)
  CHECK(RunnableSimdLevels().back() == SimdLevel::kNeon);
#else
  std::printf("NOT CHECKED: the levels found, for want of another detection\n");
#endif
}

TEST("ChooseSimdLevel takes the best when nothing is wanted") {
  const SimdChoice choice = ChooseSimdLevel("", kUpToAvx2);
  CHECK(choice.level == SimdLevel::kAvx2);
  CHECK(!choice.overridden);
  CHECK(choice.problem.empty());
}

TEST("ChooseSimdLevel takes what is wanted where it can be had, the best too") {
  for (const SimdLevel level : kUpToAvx2) {
    const SimdChoice choice = ChooseSimdLevel(SimdLevelName(level), kUpToAvx2);
    CHECK(choice.level == level);
    CHECK(choice.overridden);
    CHECK(choice.problem.empty());
  }
}

TEST("ChooseSimdLevel says why a level cannot be had, and what can") {
  const SimdChoice above = ChooseSimdLevel("vnni", kUpToAvx2);
  CHECK(above.level == SimdLevel::kAvx2);
  CHECK(!above.overridden);
  CHECK(above.problem == "SLUICE_SIMD=vnni: not on this machine; unset it or use one of scalar sse2 avx2");

  const SimdChoice unknown = ChooseSimdLevel("fastest", kUpToAvx2);
  CHECK(unknown.level == SimdLevel::kAvx2);
  CHECK(unknown.problem == "SLUICE_SIMD=fastest: no such level; unset it or use one of scalar sse2 avx2");

  const SimdChoice endless = ChooseSimdLevel(std::string(1000, 'x'), kUpToAvx2);
  CHECK_LE(endless.problem.size(), size_t{120});
}

TEST("KernelsFor has every function at every runnable level, and another table for each") {
  constexpr size_t kFunctions = sizeof(Kernels) / sizeof(void (*)());
  static_assert(sizeof(Kernels) == kFunctions * sizeof(void (*)()),
                "Kernels hold pointers to functions alone");
  std::set<const Kernels*> tables;
  for (const SimdLevel level : RunnableSimdLevels()) {
    std::array<uintptr_t, kFunctions> functions;
    std::memcpy(functions.data(), &KernelsFor(level), sizeof functions);
    CHECK_EQ(std::count(functions.begin(), functions.end(), uintptr_t{0}), 0);
    tables.insert(&KernelsFor(level));
  }
  CHECK_EQ(tables.size(), RunnableSimdLevels().size());
  CHECK(&ActiveKernels() == &KernelsFor(ActiveSimdLevel()));
}
