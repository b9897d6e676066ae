// Audio through the resampler: tones against their formula, a slow reference, and the streaming rules. Not
// here: the frequency response, which tones in 16 bits cannot prove; see fir_bank_test.cpp.
//
// SLUICE_TABLE=1 prints the worst signal-to-noise ratios, as docs/resampler.md shows them.
#include "core/resampler.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <limits>
#include <map>
#include <numbers>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "check.h"
#include "core/fir_bank.h"

namespace {

using sluice::ErrorCode;
using sluice::Resampler;
using sluice::ResamplerOptions;
using sluice::ResamplerQuality;

constexpr std::array<uint32_t, 7> kRates = {8000, 16000, 22050, 24000, 32000, 44100, 48000};

void ForEachPair(const std::function<void(uint32_t, uint32_t)>& body) {
  for (const uint32_t from_hz : kRates) {
    for (const uint32_t to_hz : kRates) {
      if (from_hz != to_hz) body(from_hz, to_hz);
    }
  }
}

std::string PairName(uint32_t from_hz, uint32_t to_hz) {
  return std::to_string(from_hz) + " to " + std::to_string(to_hz) + " Hz";
}

void Fail(int line, const std::string& what) { check::Fail(__FILE__, line, what); }

template <class Sample>
Resampler<Sample> Make(const ResamplerOptions& options) {
  auto made = Resampler<Sample>::Create(options);
  if (!made.ok()) {
    Fail(__LINE__, made.error().message);
    std::abort();
  }
  return std::move(made.value());
}

size_t ExpectedFrames(size_t frames, uint32_t from_hz, uint32_t to_hz) {
  return static_cast<size_t>((static_cast<uint64_t>(frames) * to_hz + from_hz - 1) / from_hz);
}

// One call, appended to `output`. The room is exactly what the contract asks for, so that AddressSanitizer
// sees any frame beyond it.
template <class Sample>
void Feed(Resampler<Sample>& resampler, std::span<const Sample> input, std::vector<Sample>& output) {
  const size_t channels = resampler.channels();
  std::vector<Sample> room(resampler.MaxOutputFrames(input.size() / channels) * channels);
  const auto written = resampler.Process(input, std::span<Sample>(room));
  if (!written.ok()) return Fail(__LINE__, written.error().message);
  if (written.value() * channels > room.size()) return Fail(__LINE__, "Process wrote beyond MaxOutputFrames");
  output.insert(output.end(), room.begin(),
                room.begin() + static_cast<ptrdiff_t>(written.value() * channels));
}

template <class Sample>
void Drain(Resampler<Sample>& resampler, std::vector<Sample>& output) {
  const size_t channels = resampler.channels();
  std::vector<Sample> room(resampler.MaxOutputFrames(0) * channels);
  const auto written = resampler.Flush(std::span<Sample>(room));
  if (!written.ok()) return Fail(__LINE__, written.error().message);
  output.insert(output.end(), room.begin(),
                room.begin() + static_cast<ptrdiff_t>(written.value() * channels));
}

template <class Sample>
std::vector<Sample> Convert(Resampler<Sample>& resampler, const std::vector<Sample>& input) {
  std::vector<Sample> output;
  Feed<Sample>(resampler, input, output);
  Drain(resampler, output);
  return output;
}

template <class Sample>
std::vector<Sample> Convert(const ResamplerOptions& options, const std::vector<Sample>& input) {
  auto resampler = Make<Sample>(options);
  return Convert(resampler, input);
}

template <class Sample>
std::vector<Sample> Noise(size_t samples, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<Sample> noise(samples);
  for (Sample& sample : noise) {
    const auto bits = static_cast<int16_t>(random() >> 16);
    if constexpr (std::is_same_v<Sample, float>) {
      sample = static_cast<float>(bits) / 32768.0F;
    } else {
      sample = bits;
    }
  }
  return noise;
}

std::vector<int16_t> RoundToInt16(const std::vector<float>& samples) {
  std::vector<int16_t> rounded(samples.size());
  for (size_t i = 0; i < samples.size(); ++i) {
    rounded[i] = static_cast<int16_t>(std::lrint(32768.0 * static_cast<double>(samples[i])));
  }
  return rounded;
}

double FullScale(float sample) { return sample; }
double FullScale(int16_t sample) { return sample / 32768.0; }

// Signal over error power, a tenth of the length dropped at each end, where the signal starts and stops.
template <class Sample>
double SnrDb(const std::vector<Sample>& output, const std::vector<float>& truth) {
  if (output.size() != truth.size()) return -1;
  double signal = 0;
  double error = 1e-30;
  const size_t trim = truth.size() / 10;
  for (size_t i = trim; i < truth.size() - trim; ++i) {
    const double expected = truth[i];
    signal += expected * expected;
    error += std::pow(FullScale(output[i]) - expected, 2);
  }
  return 10 * std::log10(signal / error);
}

struct Tone {
  double hz;
  double amplitude;
};

// Half a second of sum over k of a_k * sin(2 pi f_k t + k).
std::vector<float> Tones(std::span<const Tone> tones, uint32_t rate_hz) {
  std::vector<float> samples(rate_hz / 2);
  for (size_t n = 0; n < samples.size(); ++n) {
    double sum = 0;
    for (size_t k = 0; k < tones.size(); ++k) {
      const double turns = tones[k].hz * static_cast<double>(n) / rate_hz;
      sum += tones[k].amplitude * std::sin(2 * std::numbers::pi * turns + static_cast<double>(k));
    }
    samples[n] = static_cast<float>(sum);
  }
  return samples;
}

struct ToneSet {
  const char* name;
  std::vector<Tone> tones;
};

const std::array<ToneSet, 3>& ToneSets() {
  static const std::array<ToneSet, 3> sets = {{
      {"narrowband", {{113.7, 0.2}, {997, 0.15}, {1710.3, 0.12}, {2503.1, 0.1}, {3301.9, 0.08}}},
      {"wideband", {{997, 0.2}, {3301.9, 0.15}, {5200.7, 0.12}, {7000.3, 0.1}}},
      {"fullband", {{440, 0.2}, {5200.7, 0.15}, {11000.3, 0.12}, {17000.9, 0.1}, {19500.1, 0.06}}},
  }};
  return sets;
}

struct Snr {
  double float32 = 1e9;
  double int16 = 1e9;
};

// Every set whose tones lie below 0.913 of the pair's lower Nyquist frequency, through every pair.
void ForEachToneSet(ResamplerQuality quality,
                    const std::function<void(const std::string&, double, Snr)>& see) {
  for (const ToneSet& set : ToneSets()) {
    std::map<uint32_t, std::vector<float>> truth;
    for (const uint32_t rate_hz : kRates) truth[rate_hz] = Tones(set.tones, rate_hz);
    ForEachPair([&](uint32_t from_hz, uint32_t to_hz) {
      const double top = set.tones.back().hz / (0.5 * std::min(from_hz, to_hz));
      if (top > 0.913) return;
      const ResamplerOptions options = {from_hz, to_hz, 1, quality};
      const Snr snr = {SnrDb(Convert(options, truth[from_hz]), truth[to_hz]),
                       SnrDb(Convert(options, RoundToInt16(truth[from_hz])), truth[to_hz])};
      see(std::string(set.name) + " " + PairName(from_hz, to_hz), top, snr);
    });
  }
}

// The gate is 90 dB (70 with a tone near the band edge); 110 dB is what the taps themselves keep. For int16
// the rounding at both ends alone leaves 84.5 dB at the worst pair.
TEST("Resampler keeps tones to 110 dB in float32 and 82 dB in int16 at every pair") {
  Snr worst;
  ForEachToneSet(ResamplerQuality::kDefault, [&](const std::string& name, double, Snr snr) {
    worst = {std::min(worst.float32, snr.float32), std::min(worst.int16, snr.int16)};
    if (snr.float32 < 110) Fail(__LINE__, name + ", float32: " + std::to_string(snr.float32) + " dB");
    if (snr.int16 < 82) Fail(__LINE__, name + ", int16: " + std::to_string(snr.int16) + " dB");
  });
  if (std::getenv("SLUICE_TABLE") != nullptr) {
    std::printf("default: tones %.1f dB float32, %.1f dB int16\n", worst.float32, worst.int16);
  }
}

// Tones inside the narrower pass band of `fast` only: above it they are meant to fade.
TEST("Resampler fast and best keep tones at every pair") {
  struct Gate {
    ResamplerQuality quality;
    const char* name;
    double pass_edge, float32_db, int16_db;
  };
  for (const Gate& gate : {Gate{ResamplerQuality::kFast, "fast", 0.87, 80, 78},
                           Gate{ResamplerQuality::kBest, "best", 0.95, 120, 82}}) {
    Snr worst;
    ForEachToneSet(gate.quality, [&](const std::string& name, double top, Snr snr) {
      if (top > gate.pass_edge) return;
      worst = {std::min(worst.float32, snr.float32), std::min(worst.int16, snr.int16)};
      const std::string what = std::string(gate.name) + " " + name;
      if (snr.float32 < gate.float32_db) Fail(__LINE__, what + ": " + std::to_string(snr.float32) + " dB");
      if (snr.int16 < gate.int16_db) Fail(__LINE__, what + ": " + std::to_string(snr.int16) + " dB");
    });
    if (std::getenv("SLUICE_TABLE") != nullptr) {
      std::printf("%s: tones %.1f dB float32, %.1f dB int16\n", gate.name, worst.float32, worst.int16);
    }
  }
}

TEST("Resampler keeps 997 Hz at -1 dBFS in int16 at every pair") {
  const std::array<Tone, 1> tone = {{{997, std::pow(10, -1 / 20.0)}}};
  std::map<uint32_t, std::vector<float>> truth;
  for (const uint32_t rate_hz : kRates) truth[rate_hz] = Tones(tone, rate_hz);
  for (const ResamplerQuality quality :
       {ResamplerQuality::kFast, ResamplerQuality::kDefault, ResamplerQuality::kBest}) {
    const double least = quality == ResamplerQuality::kFast ? 89 : 93;  // fast: its images stand at -81 dB
    double worst = 1e9;
    ForEachPair([&](uint32_t from_hz, uint32_t to_hz) {
      const auto output = Convert({from_hz, to_hz, 1, quality}, RoundToInt16(truth[from_hz]));
      const double snr = SnrDb(output, truth[to_hz]);
      worst = std::min(worst, snr);
      if (snr < least) Fail(__LINE__, PairName(from_hz, to_hz) + ": " + std::to_string(snr) + " dB");
    });
    if (std::getenv("SLUICE_TABLE") == nullptr) continue;
    std::printf("quality %d: 997 Hz %.1f dB int16\n", static_cast<int>(quality), worst);
  }
}

// Pairs of more than 1 024 phases.
TEST("Resampler keeps tones to 80 dB between odd rates") {
  constexpr std::array<std::array<uint32_t, 2>, 6> kPairs = {
      {{44101, 48000}, {48000, 44101}, {191999, 8000}, {8000, 191999}, {16001, 16000}, {11025, 191999}}};
  const auto& tones = ToneSets()[0].tones;
  for (const auto& [from_hz, to_hz] : kPairs) {
    const auto input = Tones(tones, from_hz);
    const auto truth = Tones(tones, to_hz);
    auto output = Convert(ResamplerOptions{from_hz, to_hz}, input);
    auto output16 = Convert(ResamplerOptions{from_hz, to_hz}, RoundToInt16(input));
    // Half a second of an odd rate ends half a frame early.
    CHECK_EQ(output.size(), ExpectedFrames(input.size(), from_hz, to_hz));
    CHECK_LE(output.size(), truth.size() + 1 + to_hz / from_hz);
    output.resize(truth.size());
    output16.resize(truth.size());
    if (SnrDb(output, truth) < 100) Fail(__LINE__, PairName(from_hz, to_hz) + " float32");
    if (SnrDb(output16, truth) < 80) Fail(__LINE__, PairName(from_hz, to_hz) + " int16");
  }
}

TEST("Resampler leaves nothing of a tone above the lower Nyquist frequency") {
  constexpr std::array<double, 4> kProbesHz = {4700, 9100, 13300, 20100};
  for (const double probe_hz : kProbesHz) {
    const std::array<Tone, 1> tone = {{{probe_hz, 0.5}}};
    const auto input = Tones(tone, 48000);
    for (const uint32_t to_hz : {8000U, 16000U, 22050U, 24000U, 32000U, 8009U}) {
      if (probe_hz < to_hz / 2.0) continue;
      const auto output = Convert(ResamplerOptions{48000, to_hz}, input);
      double power = 0;
      const size_t trim = output.size() / 10;
      for (size_t i = trim; i < output.size() - trim; ++i) power += std::pow(FullScale(output[i]), 2);
      power /= static_cast<double>(output.size() - 2 * trim);
      const double residue_db = 10 * std::log10(power / 0.125 + 1e-30);
      if (residue_db > -110) {
        Fail(__LINE__, std::to_string(probe_hz) + " Hz to " + std::to_string(to_hz) + " Hz leaves " +
                           std::to_string(residue_db) + " dB");
      }
    }
  }
}

// The definition, in double: output k is the sum over the input of x[m] * h(k * from / to - m), h being the
// prototype. Holds the position arithmetic of every pair to it.
template <class Sample>
double ReferenceOutput(const sluice::FirPrototype& h, uint32_t up, uint32_t down,
                       const std::vector<Sample>& input, size_t k) {
  const auto instant = static_cast<int64_t>(k) * down;  // in points of the lattice, as is h
  const int64_t first = std::max<int64_t>(0, (instant - h.reach()) / up);
  const int64_t last = std::min<int64_t>(static_cast<int64_t>(input.size()) - 1, (instant + h.reach()) / up);
  double sum = 0;
  for (int64_t m = first; m <= last; ++m) {
    sum += h.At(instant - m * up) * static_cast<double>(input[static_cast<size_t>(m)]);
  }
  return sum;
}

// see(output, reference) of some 500 outputs of noise, loud enough to overshoot.
template <class Sample>
void ForEachReference(uint32_t from_hz, uint32_t to_hz, const std::function<void(Sample, double)>& see) {
  const auto input = Noise<Sample>(4000, 1);
  const uint32_t divisor = std::gcd(from_hz, to_hz);
  const uint32_t up = to_hz / divisor;
  const uint32_t down = from_hz / divisor;
  const auto prototype = sluice::DesignFir<Sample>(up, down, ResamplerQuality::kDefault);
  const auto output = Convert(ResamplerOptions{from_hz, to_hz}, input);
  for (size_t k = 0; k < output.size(); k += 1 + output.size() / 500) {
    see(output[k], ReferenceOutput(prototype, up, down, input, k));
  }
}

TEST("Resampler agrees with a slow reference at every pair") {
  ForEachPair([](uint32_t from_hz, uint32_t to_hz) {
    double worst = 0;
    ForEachReference<float>(from_hz, to_hz, [&](float output, double reference) {
      worst = std::max(worst, std::abs(static_cast<double>(output) - reference));
    });
    if (worst > 1e-6) Fail(__LINE__, PairName(from_hz, to_hz) + ": off by " + std::to_string(worst));
  });
}

// int16 taps are rounded to about 2^-21, so that the sum may fall on the other side of a half: never further
// off.
TEST("Resampler int16 is within 0.8 of a slow reference, saturated") {
  size_t saturated = 0;
  ForEachPair([&](uint32_t from_hz, uint32_t to_hz) {
    double worst = 0;
    ForEachReference<int16_t>(from_hz, to_hz, [&](int16_t output, double reference) {
      if (std::abs(reference) > 32768) ++saturated;
      worst = std::max(worst, std::abs(output - std::clamp(reference, -32768.0, 32767.0)));
    });
    if (worst > 0.8) Fail(__LINE__, PairName(from_hz, to_hz) + ": off by " + std::to_string(worst));
  });
  CHECK(saturated > 0);
}

TEST("Resampler gives ceil(n * to / from) frames") {
  constexpr std::array<std::array<uint32_t, 2>, 8> kOdd = {{{44101, 48000},
                                                            {48000, 44101},
                                                            {191999, 8000},
                                                            {8000, 191999},
                                                            {1000, 192000},
                                                            {192000, 1000},
                                                            {1023, 1024},
                                                            {24000, 24000}}};
  const auto check_pair = [](uint32_t from_hz, uint32_t to_hz) {
    auto resampler = Make<float>({from_hz, to_hz});
    for (const size_t frames : {0, 1, 2, 3, 160, 441, 1001}) {
      const auto output = Convert(resampler, std::vector<float>(frames, 0.5F));
      if (output.size() != ExpectedFrames(frames, from_hz, to_hz)) {
        Fail(__LINE__, PairName(from_hz, to_hz) + ": " + std::to_string(frames) + " frames gave " +
                           std::to_string(output.size()));
      }
    }
  };
  ForEachPair(check_pair);
  for (const auto& [from_hz, to_hz] : kOdd) check_pair(from_hz, to_hz);
}

template <class Sample>
void CheckCutsDoNotMatter(const ResamplerOptions& options, uint32_t seed) {
  const auto input = Noise<Sample>(4000 * options.channels, seed);
  const auto whole = Convert(options, input);
  std::mt19937 random(seed);
  auto resampler = Make<Sample>(options);
  for (const size_t longest : {3, 40, 700, 3000}) {
    std::vector<Sample> output;
    for (size_t at = 0; at < input.size();) {
      const size_t left = (input.size() - at) / options.channels;
      const size_t count = std::min(left, random() % (longest + 1)) * options.channels;
      Feed<Sample>(resampler, std::span<const Sample>(input).subspan(at, count), output);
      at += count;
    }
    Drain(resampler, output);
    if (output == whole) continue;
    Fail(__LINE__, PairName(options.from_hz, options.to_hz) + ", " + std::to_string(options.channels) +
                       " channels, cuts of up to " + std::to_string(longest));
  }
}

TEST("Resampler output does not depend on the cuts") {
  uint32_t seed = 10;
  const auto check_pair = [&](uint32_t from_hz, uint32_t to_hz) {
    for (const uint32_t channels : {1U, 2U}) {
      CheckCutsDoNotMatter<float>({from_hz, to_hz, channels}, ++seed);
      CheckCutsDoNotMatter<int16_t>({from_hz, to_hz, channels}, ++seed);
    }
  };
  ForEachPair(check_pair);
  check_pair(24000, 24000);
  check_pair(44101, 48000);  // interpolated
  check_pair(48000, 8009);
}

TEST("Resampler treats each channel as if it were alone") {
  constexpr uint32_t kChannels = 5;
  for (const auto& [from_hz, to_hz] : {std::array{44100U, 16000U}, std::array{8000U, 8009U}}) {
    const auto input = Noise<float>(1500 * kChannels, 7);
    const auto output = Convert(ResamplerOptions{from_hz, to_hz, kChannels}, input);
    for (size_t c = 0; c < kChannels; ++c) {
      std::vector<float> alone;
      for (size_t i = c; i < input.size(); i += kChannels) alone.push_back(input[i]);
      const auto expected = Convert(ResamplerOptions{from_hz, to_hz}, alone);
      REQUIRE(output.size() == expected.size() * kChannels);
      bool equal = true;
      for (size_t i = 0; i < expected.size(); ++i) equal &= output[i * kChannels + c] == expected[i];
      CHECK(equal);
    }
  }
}

TEST("Resampler keeps an impulse in its place and its gain") {
  ForEachPair([](uint32_t from_hz, uint32_t to_hz) {
    std::vector<float> input(from_hz / 10, 0.0F);
    const size_t at = input.size() / 2;
    input[at] = 0.9F;
    const auto output = Convert(ResamplerOptions{from_hz, to_hz}, input);
    double sum = 0;
    double moment = 0;
    for (size_t k = 0; k < output.size(); ++k) {
      sum += static_cast<double>(output[k]);
      moment += static_cast<double>(k) * static_cast<double>(output[k]);
    }
    const double ratio = static_cast<double>(to_hz) / from_hz;
    const double centre = static_cast<double>(at) * ratio;
    if (std::abs(sum / (0.9 * ratio) - 1) > 1e-4) Fail(__LINE__, "gain at " + PairName(from_hz, to_hz));
    if (std::abs(moment / sum - centre) > 0.005) Fail(__LINE__, "delay at " + PairName(from_hz, to_hz));
  });
}

TEST("Resampler keeps a constant") {
  const auto check_pair = [](uint32_t from_hz, uint32_t to_hz) {
    const auto output = Convert(ResamplerOptions{from_hz, to_hz}, std::vector<float>(from_hz / 5, 0.5F));
    double worst = 0;
    for (size_t k = output.size() / 5; k < output.size() * 4 / 5; ++k) {
      worst = std::max(worst, std::abs(static_cast<double>(output[k]) - 0.5));
    }
    if (worst > 1e-5) Fail(__LINE__, PairName(from_hz, to_hz) + ": off by " + std::to_string(worst));
  };
  ForEachPair(check_pair);
  check_pair(44101, 48000);
}

TEST("Resampler between equal rates passes everything through unchanged") {
  auto resampler = Make<int16_t>({16000, 16000, 2});
  CHECK_EQ(resampler.LatencyFrames(), size_t{0});
  CHECK_EQ(resampler.MaxOutputFrames(320), size_t{320});
  CHECK_EQ(resampler.MaxOutputFrames(0), size_t{0});
  const auto noise = Noise<int16_t>(640, 3);
  CHECK(Convert(resampler, noise) == noise);
  const std::vector<float> wild = {2.5F, -7.0F, std::numeric_limits<float>::infinity(), 1e-42F};
  CHECK(Convert(ResamplerOptions{16000, 16000, 2}, wild) == wild);
}

TEST("Resampler MaxOutputFrames is reached and never passed") {
  ForEachPair([](uint32_t from_hz, uint32_t to_hz) {
    auto resampler = Make<float>({from_hz, to_hz, 1, ResamplerQuality::kFast});
    for (const size_t frames : {1, 7, 160}) {
      const std::vector<float> input(frames, 0.0F);
      const size_t bound = resampler.MaxOutputFrames(frames);
      size_t most = 0;
      for (int call = 0; call < 500; ++call) {
        std::vector<float> output(bound);
        const auto written = resampler.Process(input, std::span<float>(output));
        most = std::max(most, written.value());
      }
      if (most != bound) Fail(__LINE__, PairName(from_hz, to_hz) + ": " + std::to_string(most));
    }
  });
  CHECK_EQ(Make<float>({1000, 192000}).MaxOutputFrames(std::numeric_limits<size_t>::max()),
           std::numeric_limits<size_t>::max());
}

TEST("Resampler is as new after Reset and after Flush") {
  for (const auto& [from_hz, to_hz] : {std::array{44100U, 16000U}, std::array{8000U, 8009U}}) {
    const auto input = Noise<int16_t>(2000, 4);
    const auto fresh = Convert(ResamplerOptions{from_hz, to_hz}, input);
    auto resampler = Make<int16_t>({from_hz, to_hz});
    std::vector<int16_t> forgotten;
    Feed<int16_t>(resampler, Noise<int16_t>(777, 5), forgotten);
    resampler.Reset();
    CHECK(Convert(resampler, input) == fresh);
    CHECK(Convert(resampler, input) == fresh);
    std::vector<int16_t> nothing;
    Drain(resampler, nothing);
    CHECK(nothing.empty());
  }
}

TEST("Resampler takes nothing when the output is too small") {
  auto resampler = Make<float>({24000, 48000});
  const auto input = Noise<float>(500, 6);
  std::vector<float> small(resampler.MaxOutputFrames(500) - 1);
  const auto refused = resampler.Process(input, std::span<float>(small));
  REQUIRE(!refused.ok());
  CHECK(refused.error().code == ErrorCode::kOutputTooSmall);
  CHECK(Convert(resampler, input) == Convert(ResamplerOptions{24000, 48000}, input));

  std::vector<float> output(1000);
  REQUIRE(resampler.Process(input, std::span<float>(output)).ok());
  std::vector<float> small_tail(resampler.MaxOutputFrames(0) - 1);
  const auto refused_tail = resampler.Flush(std::span<float>(small_tail));
  REQUIRE(!refused_tail.ok());
  CHECK(refused_tail.error().code == ErrorCode::kOutputTooSmall);
  std::vector<float> tail(resampler.MaxOutputFrames(0));
  CHECK_EQ(resampler.Flush(std::span<float>(tail)).value(), size_t{156});  // 500 frames begin no new group
}

TEST("Resampler takes no input without asking for room") {
  auto resampler = Make<float>({24000, 48000});
  const auto written = resampler.Process(std::span<const float>{}, std::span<float>{});
  REQUIRE(written.ok());
  CHECK_EQ(written.value(), size_t{0});
}

TEST("Resampler refuses samples that are no whole number of frames") {
  auto resampler = Make<int16_t>({24000, 48000, 2});
  std::vector<int16_t> output(100);
  const auto refused = resampler.Process(std::vector<int16_t>(3), std::span<int16_t>(output));
  REQUIRE(!refused.ok());
  CHECK(refused.error().code == ErrorCode::kInvalidLength);
}

TEST("Resampler refuses rates and channel counts out of range") {
  const auto code = [](const ResamplerOptions& options) {
    return Resampler<float>::Create(options).error().code;
  };
  CHECK(code({999, 8000}) == ErrorCode::kInvalidRate);
  CHECK(code({8000, 192001}) == ErrorCode::kInvalidRate);
  CHECK(code({0, 8000}) == ErrorCode::kInvalidRate);
  CHECK(code({8000, 0}) == ErrorCode::kInvalidRate);
  CHECK(code({0xFFFFFFFF, 0xFFFFFFFF}) == ErrorCode::kInvalidRate);
  CHECK(code({8000, 16000, 0}) == ErrorCode::kInvalidChannels);
  CHECK(code({8000, 16000, 65}) == ErrorCode::kInvalidChannels);
  CHECK(Resampler<float>::Create({1000, 192000, 64}).ok());
}

TEST("Resampler works at the extreme ratios") {
  const std::array<Tone, 1> tone = {{{100, 0.5}}};
  for (const auto& [from_hz, to_hz] :
       {std::array{192000U, 1000U}, std::array{1000U, 192000U}, std::array{191999U, 1000U},
        std::array{1000U, 191999U}, std::array{1001U, 1000U}}) {
    const auto input = Tones(tone, from_hz);
    auto output = Convert(ResamplerOptions{from_hz, to_hz}, input);
    const auto truth = Tones(tone, to_hz);
    output.resize(truth.size());
    // The longest filters (84 ms each way) reach into the tenth dropped at each end.
    std::vector<float> middle(output.begin() + static_cast<ptrdiff_t>(output.size() / 5),
                              output.end() - static_cast<ptrdiff_t>(output.size() / 5));
    const std::vector<float> expected(truth.begin() + static_cast<ptrdiff_t>(truth.size() / 5),
                                      truth.end() - static_cast<ptrdiff_t>(truth.size() / 5));
    if (SnrDb(middle, expected) < 100) Fail(__LINE__, PairName(from_hz, to_hz));
  }
}

TEST("Resampler recovers from NaN and infinity once they leave the window") {
  auto input = Noise<float>(4000, 8);
  const auto clean = Convert(ResamplerOptions{48000, 16000}, input);
  input[100] = std::numeric_limits<float>::quiet_NaN();
  input[101] = std::numeric_limits<float>::infinity();
  const auto output = Convert(ResamplerOptions{48000, 16000}, input);
  REQUIRE(output.size() == clean.size());
  CHECK(std::isnan(output[33]));
  CHECK(std::equal(output.begin() + 400, output.end(), clean.begin() + 400));
}

template <class Sample>
void CheckState() {
  for (const auto quality : {ResamplerQuality::kFast, ResamplerQuality::kDefault, ResamplerQuality::kBest}) {
    ForEachPair([=](uint32_t from_hz, uint32_t to_hz) {
      const auto resampler = Make<Sample>({from_hz, to_hz, 1, quality});
      CHECK(resampler.StateBytes() > sizeof(Sample) * resampler.LatencyFrames());
      CHECK_LE(resampler.StateBytes(), size_t{64000});
    });
  }
}

TEST("Resampler state stays below 64 kB at every pair and quality") {
  CheckState<int16_t>();
  CheckState<float>();
}

}  // namespace
