// Any two rates and any samples: the length law, the promised room, and the same bits however the input is
// cut.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <type_traits>

#include "core/fir_design.h"
#include "core/resampler.h"
#include "fuzz.h"

using namespace sluice;

namespace {

uint64_t LengthLaw(uint64_t frames, const ResamplerOptions& o) {
  return (frames * o.to_hz + o.from_hz - 1) / o.from_hz;
}

// One call, with room that is exactly enough and, before it, with room that is not.
template <class Sample>
void Feed(Resampler<Sample>& resampler, const std::vector<Sample>& chunk, size_t channels,
          std::vector<Sample>& all) {
  const size_t most = resampler.MaxOutputFrames(chunk.size() / channels);
  if (!chunk.empty() && most > 0) {
    fuzz::Room<Sample> too_small((most - 1) * channels);
    const auto refused = resampler.Process(std::span<const Sample>(chunk), too_small.span());
    FUZZ_CHECK(!refused.ok() && refused.error().code == ErrorCode::kOutputTooSmall);
  }
  fuzz::Room<Sample> room(most * channels);
  const auto made = resampler.Process(std::span<const Sample>(chunk), room.span());
  FUZZ_CHECK(made.ok() && made.value() <= most);
  all.insert(all.end(), room.data(), room.data() + made.value() * channels);
}

template <class Sample>
void End(Resampler<Sample>& resampler, size_t channels, std::vector<Sample>& all) {
  const size_t most = resampler.MaxOutputFrames(0);
  fuzz::Room<Sample> room(most * channels);
  const auto made = resampler.Flush(room.span());
  FUZZ_CHECK(made.ok() && made.value() <= most);
  all.insert(all.end(), room.data(), room.data() + made.value() * channels);
}

template <class Sample>
std::vector<Sample> Run(Resampler<Sample>& resampler, std::span<const Sample> input, size_t channels,
                        fuzz::Cuts cuts) {
  std::vector<Sample> all;
  for (size_t left = input.size() / channels; left > 0;) {
    const size_t count = cuts.Next(left);
    const auto chunk = input.subspan((input.size() / channels - left) * channels, count * channels);
    Feed(resampler, std::vector<Sample>(chunk.begin(), chunk.end()), channels, all);
    left -= count;
  }
  End(resampler, channels, all);
  // Which NaN comes out where several meet depends on the order of a sum's operands: any will do.
  if constexpr (std::is_same_v<Sample, float>) {
    for (float& sample : all) sample = std::isnan(sample) ? std::nanf("") : sample;
  }
  return all;
}

template <class Sample>
std::vector<Sample> CheckStream(const ResamplerOptions& options, std::span<const Sample> input,
                                uint32_t cuts) {
  auto made = Resampler<Sample>::Create(options);
  FUZZ_CHECK(made.ok());
  Resampler<Sample>& resampler = made.value();
  const size_t channels = options.channels;
  const std::vector<Sample> whole = Run(resampler, input, channels, fuzz::Cuts(0));
  FUZZ_CHECK(whole.size() == LengthLaw(input.size() / channels, options) * channels);
  // After Flush, and after Reset in mid-stream, it is as new.
  FUZZ_CHECK(fuzz::SameBits(Run(resampler, input, channels, fuzz::Cuts(cuts)), whole));
  std::vector<Sample> lost;
  Feed(resampler, std::vector<Sample>(input.begin(), input.end()), channels, lost);
  resampler.Reset();
  FUZZ_CHECK(fuzz::SameBits(Run(resampler, input, channels, fuzz::Cuts(cuts + 1)), whole));

  if (channels > 1) {
    const std::vector<Sample> odd(1);
    fuzz::Room<Sample> room(resampler.MaxOutputFrames(1) * channels);
    const auto refused = resampler.Process(std::span<const Sample>(odd), room.span());
    FUZZ_CHECK(!refused.ok() && refused.error().code == ErrorCode::kInvalidLength);
  }
  return whole;
}

// Outputs here and there against the definition: the sum over the input of sample * h(distance), in double. A
// sum that wrapped around is far off, if only in one of its parts.
template <class Sample>
void CheckAgainstDefinition(const ResamplerOptions& options, std::span<const Sample> input,
                            std::span<const Sample> output, double tolerance) {
  if (options.from_hz == options.to_hz || output.empty()) return;
  const uint32_t divisor = std::gcd(options.from_hz, options.to_hz);
  const uint32_t up = options.to_hz / divisor;
  const uint32_t down = options.from_hz / divisor;
  const FirPrototype h = DesignFir<Sample>(up, down, options.quality);
  const auto frames = static_cast<int64_t>(input.size() / options.channels);
  for (size_t at = 0; at < output.size(); at += 1 + output.size() / 16) {
    const size_t channel = at % options.channels;
    const uint64_t scaled = uint64_t{at / options.channels} * down;  // the instant, in 1 / up input frames
    const auto frame = static_cast<int64_t>(scaled / up);
    const double phase = static_cast<double>(scaled % up) * h.phases / up;
    const auto below = static_cast<int64_t>(phase);
    const double fraction = phase - static_cast<double>(below);
    double sum = 0;
    const int64_t reach = h.reach() / h.phases + 2;
    for (int64_t m = std::max<int64_t>(0, frame - reach); m < std::min(frames, frame + reach); ++m) {
      const int64_t point = below + (frame - m) * h.phases;
      const double tap =
          fraction == 0 ? h.At(point) : (1 - fraction) * h.At(point) + fraction * h.At(point + 1);
      sum += tap * static_cast<double>(input[static_cast<size_t>(m) * options.channels + channel]);
    }
    if constexpr (std::is_same_v<Sample, int16_t>) sum = std::clamp(sum, -32768.0, 32767.0);
    FUZZ_CHECK(std::abs(static_cast<double>(output[at]) - sum) <= tolerance);
  }
}

// One NaN spoils what its window holds and nothing else.
void CheckNanStaysLocal(const ResamplerOptions& options, std::vector<float> input, size_t at,
                        const std::vector<float>& clean, uint32_t cuts) {
  input[at] = std::nanf("");
  auto resampler = Resampler<float>::Create(options);
  const double reach = 2.0 * static_cast<double>(resampler.value().LatencyFrames()) + 64;
  const std::vector<float> spoilt =
      Run(resampler.value(), std::span<const float>(input), options.channels, fuzz::Cuts(cuts));
  FUZZ_CHECK(spoilt.size() == clean.size());
  const size_t channels = options.channels;
  for (size_t i = 0; i < clean.size(); ++i) {
    const double instant = static_cast<double>(i / channels) * options.from_hz / options.to_hz;
    const bool far =
        std::abs(instant - static_cast<double>(at / channels)) > reach || i % channels != at % channels;
    if (far) FUZZ_CHECK(fuzz::SameBits(std::span(&spoilt[i], 1), std::span(&clean[i], 1)));
  }
}

uint32_t RateOf(fuzz::Input& input) {
  constexpr uint32_t kRates[] = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 96000};
  if (input.Below(4) != 0) return input.OneOf(kRates);
  return input.Below(8) == 0 ? input.Number() : kMinRateHz + input.Below(kMaxRateHz - kMinRateHz + 1);
}

// A ratio of small numbers, whose stream keeps its past in groups.
bool IsCheap(const ResamplerOptions& options) {
  const uint32_t divisor = std::gcd(options.from_hz, options.to_hz);
  return options.to_hz / divisor <= 4 && options.from_hz / divisor <= 6 && options.channels <= 3;
}

// The input as samples: whole frames, and not so many that one input takes seconds, as up to 192 frames come
// out for one that goes in. Where they are cheap the same come again and again, until a stream has dropped
// what it no longer uses from memory of some 4 * 960 frames: more than once, and in mid-group.
template <class Sample>
std::vector<Sample> SignalOf(const std::vector<uint8_t>& bytes, const ResamplerOptions& options) {
  std::vector<Sample> samples = fuzz::ValuesOf<Sample>(bytes);
  size_t most = std::min<size_t>(1200, size_t{2000} * options.from_hz / options.to_hz);
  if (IsCheap(options) && !samples.empty()) {
    most = 6500 * options.channels;
    const size_t period = samples.size();
    samples.reserve(std::max(most, period));
    while (samples.size() < most) samples.push_back(samples[samples.size() - period]);
  }
  samples.resize(std::min(samples.size(), most) / options.channels * options.channels);
  return samples;
}

}  // namespace

FUZZ_TARGET(resampler) {
  ResamplerOptions options;
  options.from_hz = RateOf(input);
  options.to_hz = RateOf(input);
  constexpr uint32_t kChannels[] = {1, 1, 1, 2, 2, 3, 8, 64, 0, 65};
  options.channels = input.OneOf(kChannels);
  options.quality = static_cast<ResamplerQuality>(input.Below(3));
  const uint32_t cuts = input.Number();
  const uint32_t nan_at = input.Number();
  const std::vector<uint8_t> bytes = input.Rest();

  const auto is_rate = [](uint32_t hz) { return hz >= kMinRateHz && hz <= kMaxRateHz; };
  const auto made = Resampler<int16_t>::Create(options);
  if (!is_rate(options.from_hz) || !is_rate(options.to_hz)) {
    FUZZ_CHECK(!made.ok() && made.error().code == ErrorCode::kInvalidRate);
    return;
  }
  if (options.channels < 1 || options.channels > kMaxResamplerChannels) {
    FUZZ_CHECK(!made.ok() && made.error().code == ErrorCode::kInvalidChannels);
    return;
  }
  FUZZ_CHECK(made.ok());
  // No promise of room wraps around.
  FUZZ_CHECK(made.value().MaxOutputFrames(SIZE_MAX) >= made.value().MaxOutputFrames(1));

  const std::vector<int16_t> samples = SignalOf<int16_t>(bytes, options);
  const std::vector<int16_t> int16 = CheckStream<int16_t>(options, samples, cuts);

  std::vector<float> floats(samples.size());
  for (size_t i = 0; i < samples.size(); ++i) floats[i] = static_cast<float>(samples[i]) * 0x1p-15F;
  const std::vector<float> float32 = CheckStream<float>(options, floats, cuts);
  CheckAgainstDefinition<int16_t>(options, samples, int16, 8);
  CheckAgainstDefinition<float>(options, floats, float32, 1e-5);
  if (!floats.empty()) CheckNanStaysLocal(options, floats, nan_at % floats.size(), float32, cuts);

  // Any bits are floats: no crash, and the length law.
  CheckStream<float>(options, SignalOf<float>(bytes, options), cuts);
}
