#include "core/loudness.h"

#include <algorithm>
#include <cmath>

namespace sluice {
namespace {

float MeanSquareToDb(double mean_square) {
  if (mean_square <= 0) return kSilenceDb;
  return std::max(kSilenceDb, static_cast<float>(10 * std::log10(mean_square)));
}

}  // namespace

float LevelDb(std::span<const float> samples) {
  if (samples.empty()) return kSilenceDb;
  double sum = 0;
  for (const float sample : samples) {
    const double value = std::isnan(sample) ? 0 : sample;
    sum += value * value;
  }
  return MeanSquareToDb(sum / static_cast<double>(samples.size()));
}

// Squares are at most 2^30, so 2^33 samples (four days at 24 kHz) fit the exact sum.
float LevelDb(std::span<const int16_t> samples) {
  if (samples.empty()) return kSilenceDb;
  int64_t sum = 0;
  for (const int16_t sample : samples) sum += static_cast<int32_t>(sample) * sample;
  return MeanSquareToDb(static_cast<double>(sum) / 0x1p30 / static_cast<double>(samples.size()));
}

void StepLevels(std::span<const int16_t> samples, size_t block, std::span<float> levels) {
  for (float& level : levels) {
    const size_t count = std::min(block, samples.size());
    level = LevelDb(samples.first(count));
    samples = samples.subspan(count);
  }
}

}  // namespace sluice
