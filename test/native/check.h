// The whole test framework of the core: TEST registers, CHECK reports and counts, main (check.cpp) runs what
// matches.
#pragma once

#include <cmath>
#include <cstdio>
#include <functional>
#include <string>

namespace check {

enum class Levels { kEach, kBest };
bool Register(const char* name, Levels levels, void (*body)());
void Fail(const char* file, int line, const std::string& what);

}  // namespace check

#define CHECK_CONCAT_(a, b) a##b
#define CHECK_CONCAT(a, b) CHECK_CONCAT_(a, b)
// TEST("Resampler keeps its length law") { ... }
#define TEST(name) CHECK_TEST_(name, kEach, CHECK_CONCAT(test_, __LINE__))
// Of what calls no kernel, compares the levels itself, or is decided by no kernel: it would be the same on
// every level, and runs on the best one alone. The checksum in an Ogg page does not count:
// crc_kernels_test.cpp has it on all of them.
#define TEST_ONCE(name) CHECK_TEST_(name, kBest, CHECK_CONCAT(test_, __LINE__))
#define CHECK_TEST_(name, levels, id)                                \
  static void id();                                                  \
  [[maybe_unused]] static const bool CHECK_CONCAT(id, _registered) = \
      ::check::Register(name, ::check::Levels::levels, id);          \
  static void id()

#define CHECK(condition)                                             \
  do {                                                               \
    if (!(condition)) ::check::Fail(__FILE__, __LINE__, #condition); \
  } while (0)
// Stops the test as well.
#define REQUIRE(condition)                           \
  do {                                               \
    if (!(condition)) {                              \
      ::check::Fail(__FILE__, __LINE__, #condition); \
      return;                                        \
    }                                                \
  } while (0)
// Prints both sides; for numbers.
#define CHECK_EQ(a, b)                                                                               \
  do {                                                                                               \
    const auto check_a = (a);                                                                        \
    const auto check_b = (b);                                                                        \
    if (!(check_a == check_b))                                                                       \
      ::check::Fail(__FILE__, __LINE__,                                                              \
                    #a " == " #b ": " + std::to_string(check_a) + " vs " + std::to_string(check_b)); \
  } while (0)
#define CHECK_LE(a, b)                                                                               \
  do {                                                                                               \
    const auto check_a = (a);                                                                        \
    const auto check_b = (b);                                                                        \
    if (!(check_a <= check_b))                                                                       \
      ::check::Fail(__FILE__, __LINE__,                                                              \
                    #a " <= " #b ": " + std::to_string(check_a) + " vs " + std::to_string(check_b)); \
  } while (0)
