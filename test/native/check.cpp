#include "check.h"

#include <cstring>
#include <string>
#include <vector>

#include "core/simd/simd_level.h"

namespace check {
namespace {

struct Test {
  const char* name;
  Levels levels;
  void (*body)();
};

std::vector<Test>& Tests() {
  static std::vector<Test> tests;
  return tests;
}

int failures_in_test = 0;

}  // namespace

bool Register(const char* name, Levels levels, void (*body)()) {
  Tests().push_back({name, levels, body});
  return true;
}

void Fail(const char* file, int line, const std::string& what) {
  if (++failures_in_test <= 5) std::printf("  %s:%d: %s\n", file, line, what.c_str());
}

}  // namespace check

namespace {

std::string NameOf(sluice::SimdLevel level) { return std::string(sluice::SimdLevelName(level)); }

int PrintSimdLevels() {
  for (const sluice::SimdLevel level : sluice::RunnableSimdLevels()) {
    std::printf("%s\n", NameOf(level).c_str());
  }
  return 0;
}

int RunTests(const char* filter) {
  const sluice::SimdLevel level = sluice::ActiveSimdLevel();
  const sluice::SimdLevel best = sluice::RunnableSimdLevels().back();
  int passed = 0;
  int failed = 0;
  int left = 0;
  for (const auto& test : check::Tests()) {
    if (std::strstr(test.name, filter) == nullptr) continue;
    if (test.levels == check::Levels::kBest && level != best) {
      ++left;
      continue;
    }
    check::failures_in_test = 0;
    test.body();
    if (check::failures_in_test == 0) {
      ++passed;
    } else {
      std::printf("FAIL %s (%d checks)\n", test.name, check::failures_in_test);
      ++failed;
    }
  }
  std::printf("core, %s: %d passed, %d failed", NameOf(level).c_str(), passed, failed);
  if (left > 0) std::printf("; %d that are the same on every level run on %s", left, NameOf(best).c_str());
  std::printf("\n");
  if (failed > 0) return 1;
  return passed + left == 0 ? 2 : 0;
}

}  // namespace

// core_tests [part of a name]   runs the tests whose name holds it, all without, on the level that
// SLUICE_SIMD
//                               names; exit status 1 on any failure, 2 when nothing ran
// core_tests --simd-levels      the levels this machine can run, a line each, the best last
int main(int argc, char** argv) {
  const char* argument = argc > 1 ? argv[1] : "";
  if (std::strcmp(argument, "--simd-levels") == 0) return PrintSimdLevels();
  const std::string& problem = sluice::ActiveSimdChoice().problem;
  if (!problem.empty()) {
    std::fprintf(stderr, "%s\n", problem.c_str());
    return 1;
  }
  return RunTests(argument);
}
