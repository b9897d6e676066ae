#include "core/loudness.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "check.h"

namespace {

using sluice::kSilenceDb;
using sluice::LevelDb;
using sluice::StepLevels;

bool Near(float level, double expected) { return std::abs(level - expected) < 1e-4; }

TEST("LevelDb gives a full-scale square wave 0 dB") {
  CHECK(LevelDb(std::vector<float>{1, -1, 1, -1}) == 0);
  CHECK(LevelDb(std::vector<int16_t>(4, -32768)) == 0);
}

TEST("LevelDb gives a full-scale sine -3.01 dB") {
  std::vector<float> sine(1000);
  for (size_t i = 0; i < sine.size(); ++i) {
    sine[i] = static_cast<float>(std::sin(2 * std::numbers::pi * static_cast<double>(i) / 100));
  }
  CHECK(Near(LevelDb(sine), -3.0103));
}

TEST("LevelDb follows the amplitude") {
  CHECK(Near(LevelDb(std::vector<int16_t>(100, 3277)), 20 * std::log10(3277 / 32768.0)));
  CHECK(Near(LevelDb(std::vector<int16_t>(100, 1)), 20 * std::log10(1 / 32768.0)));
  CHECK(Near(LevelDb(std::vector<float>(100, 0.001F)), -60));
  CHECK(Near(LevelDb(std::vector<float>(100, 2.0F)), 6.0206));  // beyond full scale
}

TEST("LevelDb never falls below silence") {
  CHECK(LevelDb(std::vector<int16_t>(100, 0)) == kSilenceDb);
  CHECK(LevelDb(std::vector<float>(100, 1e-9F)) == kSilenceDb);
  CHECK(LevelDb(std::vector<float>(100, 1e-40F)) == kSilenceDb);
  CHECK(LevelDb(std::vector<float>{}) == kSilenceDb);
  CHECK(LevelDb(std::vector<int16_t>{}) == kSilenceDb);
}

TEST("LevelDb counts NaN as 0") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(LevelDb(std::vector<float>{nan, nan}) == kSilenceDb);
  CHECK(Near(LevelDb(std::vector<float>{nan, 1, nan, 1}), -3.0103));
}

TEST("LevelDb is exact over many loud samples") {
  CHECK(LevelDb(std::vector<int16_t>(size_t{1} << 20, -32768)) == 0);
}

TEST("StepLevels levels each block alone and the short last one") {
  const std::vector<int16_t> samples = {-32768, -32768, 0, 0, 16384, -16384, -32768};
  std::vector<float> levels(4);
  StepLevels(samples, 2, levels);
  CHECK(levels[0] == 0);
  CHECK(levels[1] == kSilenceDb);
  CHECK(Near(levels[2], -6.0206));
  CHECK(levels[3] == 0);
}

TEST("StepLevels takes a block larger than the audio, and no audio") {
  std::vector<float> level(1);
  StepLevels(std::vector<int16_t>{16384, 16384}, 1920, level);
  CHECK(Near(level[0], -6.0206));
  StepLevels({}, 1920, {});
}

}  // namespace
