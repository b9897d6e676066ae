// Part of core_tests: every input that ever broke a fuzz target (crashes/TARGET/*) goes through it again, and
// every WAV fixture goes through all of them. A file that is dropped there is a test from then on.
//
// A broken law ends the process, and says at which input. Memory errors that break no law are seen by the
// sanitizers of `npm run check`.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "../native/check.h"
#include "files.h"
#include "fuzz.h"

namespace fs = std::filesystem;

namespace fuzz {
namespace {

struct Target {
  std::string name;
  void (*run)(Input);
};

std::vector<Target>& Targets() {
  static std::vector<Target> targets;
  return targets;
}

// Inputs are cut to what a fuzzer would make of them: a long recording tells no more than its first bytes.
constexpr size_t kMaxBytes = 4096;

void Replay(const Target& target, const fs::path& path, size_t max_bytes) {
  const std::vector<uint8_t> bytes = ReadHead(path, max_bytes);
  const std::string name = target.name + " with " + path.string();
  at_hand = name.c_str();
  target.run(Input(bytes.data(), bytes.size()));
  at_hand = "";
}

// To a target of Ogg or Opus a WAV is bytes like any other.
bool TakesOggOrOpus(const Target& target) {
  return target.name.starts_with("ogg") || target.name.starts_with("opus");
}

const fs::path kCrashes = SLUICE_SOURCE_DIR "/test/fuzz/crashes";
const fs::path kFixtures = SLUICE_SOURCE_DIR "/test/fixtures/audio/wav";

void ReplayFixtures(bool ogg_and_opus) {
  const std::vector<fs::path> fixtures = FilesIn(kFixtures);
  REQUIRE(!fixtures.empty());
  for (const Target& target : Targets()) {
    if (TakesOggOrOpus(target) != ogg_and_opus) continue;
    for (const fs::path& path : fixtures) Replay(target, path, kMaxBytes);
  }
}

}  // namespace

bool RegisterTarget(const char* name, void (*run)(Input)) {
  Targets().push_back({name, run});
  return true;
}

}  // namespace fuzz

using namespace fuzz;

TEST("fuzz targets hold for every input that once broke them") {
  REQUIRE(!Targets().empty());
  for (const Target& target : Targets()) {
    for (const fs::path& path : FilesIn(kCrashes / target.name)) Replay(target, path, SIZE_MAX);
  }
  // A folder that no target is named after would be a test that never runs.
  for (const auto& entry : fs::directory_iterator(kCrashes)) {
    const std::string name = entry.path().filename().string();
    CHECK(!entry.is_directory() || std::any_of(Targets().begin(), Targets().end(),
                                               [&](const Target& target) { return target.name == name; }));
  }
}

TEST("fuzz targets hold for every WAV fixture") { ReplayFixtures(false); }
// libopus, which they keep busy, has no levels of ours.
TEST_ONCE("fuzz targets of Ogg and Opus hold for every WAV fixture") { ReplayFixtures(true); }
