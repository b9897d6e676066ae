// Energy of speech, step by step: RMS level in dBFS of consecutive equal blocks.
// Not here: what counts as speech, or where to cut; callers decide that from the levels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice {

inline constexpr float kSilenceDb = -120.0F;  // the floor of every level here

// RMS level of the samples in dB relative to a full-scale square wave (1.0); at least kSilenceDb, which is
// also the level of no samples at all. Float: NaN counts as 0, values beyond full scale as what they are.
float LevelDb(std::span<const float> samples);
float LevelDb(std::span<const int16_t> samples);

// levels[i] = LevelDb of block i; the last block may be short. block >= 1, in samples. levels.size() ==
// ceil(samples.size() / block).
void StepLevels(std::span<const int16_t> samples, size_t block, std::span<float> levels);

}  // namespace sluice
