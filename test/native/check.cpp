#include "check.h"

#include <cstring>
#include <vector>

namespace check {
namespace {

struct Test {
  const char* name;
  void (*body)();
};

std::vector<Test>& Tests() {
  static std::vector<Test> tests;
  return tests;
}

int failures_in_test = 0;

}  // namespace

bool Register(const char* name, void (*body)()) {
  Tests().push_back({name, body});
  return true;
}

void Fail(const char* file, int line, const std::string& what) {
  if (++failures_in_test <= 5) std::printf("  %s:%d: %s\n", file, line, what.c_str());
}

}  // namespace check

// core_tests [part of a name]: runs the tests whose name holds it, all without. Exit code 1 on any failure or
// when nothing ran.
int main(int argc, char** argv) {
  const char* filter = argc > 1 ? argv[1] : "";
  int passed = 0;
  int failed = 0;
  for (const auto& test : check::Tests()) {
    if (std::strstr(test.name, filter) == nullptr) continue;
    check::failures_in_test = 0;
    test.body();
    if (check::failures_in_test == 0) {
      ++passed;
    } else {
      std::printf("FAIL %s (%d checks)\n", test.name, check::failures_in_test);
      ++failed;
    }
  }
  std::printf("core: %d passed, %d failed\n", passed, failed);
  if (failed > 0) return 1;
  return passed == 0 ? 2 : 0;
}
