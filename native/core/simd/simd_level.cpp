#include "core/simd/simd_level.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#if defined(__x86_64__) || defined(_M_X64)
#define SLUICE_X86_64 1
#if defined(_MSC_VER)
#include <intrin.h>
#else
#include <cpuid.h>
#endif
#endif

namespace sluice {
namespace {

struct Name {
  SimdLevel level;
  std::string_view text;
};
constexpr std::array kNames = {
    Name{SimdLevel::kScalar, "scalar"}, Name{SimdLevel::kSse2, "sse2"}, Name{SimdLevel::kAvx2, "avx2"},
    Name{SimdLevel::kAvx512, "avx512"}, Name{SimdLevel::kVnni, "vnni"}, Name{SimdLevel::kNeon, "neon"},
};

#if SLUICE_X86_64
struct CpuidRegisters {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

// All zero for a leaf the processor does not have.
CpuidRegisters Cpuid(uint32_t leaf, uint32_t subleaf) {
  CpuidRegisters r;
#if defined(_MSC_VER)
  int registers[4];
  __cpuid(registers, 0);
  if (leaf > static_cast<uint32_t>(registers[0])) return r;
  __cpuidex(registers, static_cast<int>(leaf), static_cast<int>(subleaf));
  r = {static_cast<uint32_t>(registers[0]), static_cast<uint32_t>(registers[1]),
       static_cast<uint32_t>(registers[2]), static_cast<uint32_t>(registers[3])};
#else
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
#endif
  return r;
}

// Extended control register 0: which register files the operating system saves.
uint64_t SavedRegisters() {
#if defined(_MSC_VER)
  return _xgetbv(0);
#else
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t{high} << 32) | low;
#endif
}

// Intel, Software Developer's Manual, volume 2, CPUID; and volume 1, 15.2 to 15.4 on what to ask before
// AVX-512.
SimdLevel BestX86Level() {
  const auto all = [](uint64_t value, uint64_t bits) { return (value & bits) == bits; };
  const CpuidRegisters basic = Cpuid(1, 0);
  constexpr uint32_t kPclmulqdq = 1U << 1, kFma = 1U << 12, kOsXsave = 1U << 27, kAvx = 1U << 28;
  if (!all(basic.ecx, kPclmulqdq | kFma | kOsXsave | kAvx)) return SimdLevel::kSse2;

  const uint64_t saved = SavedRegisters();
  const CpuidRegisters extended = Cpuid(7, 0);
  constexpr uint64_t kYmm = 0x6, kZmm = 0xE6;
  constexpr uint32_t kAvx2 = 1U << 5;
  if (!all(saved, kYmm) || !all(extended.ebx, kAvx2)) return SimdLevel::kSse2;

  constexpr uint32_t kF = 1U << 16, kDq = 1U << 17, kBw = 1U << 30, kVl = 1U << 31;
  if (!all(saved, kZmm) || !all(extended.ebx, kF | kDq | kBw | kVl)) return SimdLevel::kAvx2;

  constexpr uint32_t kVnni = 1U << 11;
  return all(extended.ecx, kVnni) ? SimdLevel::kVnni : SimdLevel::kAvx512;
}
#endif

std::vector<SimdLevel> FindRunnable() {
  std::vector<SimdLevel> levels = {SimdLevel::kScalar};
#if SLUICE_X86_64
  const auto best = static_cast<int>(BestX86Level());
  for (int level = static_cast<int>(SimdLevel::kSse2); level <= best; ++level) {
    levels.push_back(static_cast<SimdLevel>(level));
  }
#elif defined(__aarch64__) || defined(_M_ARM64)
  levels.push_back(SimdLevel::kNeon);
#endif
  return levels;
}

// Never destroyed: threads may outlive exit handlers.
const SimdChoice& FindChoice() {
  const char* wanted = std::getenv("SLUICE_SIMD");
  return *new SimdChoice(ChooseSimdLevel(wanted == nullptr ? "" : wanted, RunnableSimdLevels()));
}

}  // namespace

std::string_view SimdLevelName(SimdLevel level) { return kNames[static_cast<size_t>(level)].text; }

std::optional<SimdLevel> SimdLevelFromName(std::string_view name) {
  for (const Name& entry : kNames) {
    if (entry.text == name) return entry.level;
  }
  return std::nullopt;
}

const std::vector<SimdLevel>& RunnableSimdLevels() {
  static const std::vector<SimdLevel>& levels = *new std::vector<SimdLevel>(FindRunnable());
  return levels;
}

SimdChoice ChooseSimdLevel(std::string_view wanted, const std::vector<SimdLevel>& runnable) {
  const SimdLevel best = runnable.back();
  if (wanted.empty()) return {best, false, {}};
  const std::optional<SimdLevel> level = SimdLevelFromName(wanted);
  const bool is_runnable = level && std::find(runnable.begin(), runnable.end(), *level) != runnable.end();
  if (is_runnable) return {*level, true, {}};

  std::string problem = "SLUICE_SIMD=";
  problem.append(wanted.substr(0, 32)).append(level ? ": not on this machine" : ": no such level");
  problem.append("; unset it or use one of");
  for (const SimdLevel known : runnable) problem.append(" ").append(SimdLevelName(known));
  return {best, false, std::move(problem)};
}

const SimdChoice& ActiveSimdChoice() {
  static const SimdChoice& choice = FindChoice();
  return choice;
}

SimdLevel ActiveSimdLevel() { return ActiveSimdChoice().level; }

}  // namespace sluice
