#include "core/fir_design.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>
#include <span>
#include <type_traits>

#include "core/fir_tables.h"

namespace sluice {
namespace {

template <class Sample>
constexpr const FirFilter& FilterOf(ResamplerQuality quality) {
  constexpr bool kInt16 = std::is_same_v<Sample, int16_t>;
  switch (quality) {
    case ResamplerQuality::kFast:
      return kInt16 ? kFastInt16 : kFastFloat32;
    case ResamplerQuality::kBest:
      return kInt16 ? kBestInt16 : kBestFloat32;
    case ResamplerQuality::kDefault:
      break;
  }
  return kInt16 ? kDefaultInt16 : kDefaultFloat32;
}

// Sub-phases of interpolated banks in a cycle of the lower Nyquist frequency: linear interpolation leaves its
// images at the inverse square, -96, -120 and -132 dB.
constexpr uint32_t SubphaseRate(ResamplerQuality quality) {
  switch (quality) {
    case ResamplerQuality::kFast:
      return 256;
    case ResamplerQuality::kBest:
      return 2048;
    case ResamplerQuality::kDefault:
      break;
  }
  return 1024;
}

// sum over k of coefficients[k] cos(k * angle), by Clenshaw's recurrence: for kAtOnce angles at a time, since
// each step of one waits for the last.
constexpr size_t kAtOnce = 8;

void SumCosines(std::span<const double> coefficients, const std::array<double, kAtOnce>& angles,
                std::array<double, kAtOnce>& sums) {
  std::array<double, kAtOnce> twice_cosine;
  std::array<double, kAtOnce> next{};
  std::array<double, kAtOnce> after_next{};
  for (size_t i = 0; i < kAtOnce; ++i) twice_cosine[i] = 2 * std::cos(angles[i]);
  for (size_t k = coefficients.size() - 1; k > 0; --k) {
    for (size_t i = 0; i < kAtOnce; ++i) {
      const double here = coefficients[k] + twice_cosine[i] * next[i] - after_next[i];
      after_next[i] = next[i];
      next[i] = here;
    }
  }
  for (size_t i = 0; i < kAtOnce; ++i) {
    sums[i] = coefficients[0] + twice_cosine[i] / 2 * next[i] - after_next[i];
  }
}

// Half of the symmetric prototype, `points` values for each of the filter's half_length frames; scaled so
// that the mean of `phases` phases has a gain of 1 at 0 Hz.
std::vector<double> SampleFilter(const FirFilter& filter, double points, uint32_t phases) {
  std::vector<double> half(static_cast<size_t>(std::ceil(filter.half_length * points)));
  const double angle = std::numbers::pi / (filter.half_length * points);
  for (size_t n = 0; n < half.size(); n += kAtOnce) {
    std::array<double, kAtOnce> angles;
    std::array<double, kAtOnce> values;
    for (size_t i = 0; i < kAtOnce; ++i) angles[i] = static_cast<double>(n + i) * angle;
    SumCosines(filter.cosines, angles, values);
    std::copy_n(values.begin(), std::min(kAtOnce, half.size() - n), half.begin() + static_cast<ptrdiff_t>(n));
  }
  const double sum = 2 * std::accumulate(half.begin(), half.end(), 0.0) - half[0];
  for (double& value : half) value *= phases / sum;
  return half;
}

}  // namespace

template <class Sample>
FirPrototype DesignFir(uint32_t up, uint32_t down, ResamplerQuality quality) {
  const FirFilter& filter = FilterOf<Sample>(quality);
  const double lower_frame =
      std::max(1.0, static_cast<double>(down) / up);  // of the lower rate, in input frames
  const double exact_taps = 2 * filter.half_length * lower_frame * up;

  FirPrototype prototype;
  prototype.interpolated = up > kMaxPhases || exact_taps > static_cast<double>(kMaxExactTaps);
  prototype.phases = prototype.interpolated
                         ? static_cast<uint32_t>(std::ceil(SubphaseRate(quality) / (2 * lower_frame)))
                         : up;
  prototype.half = SampleFilter(filter, lower_frame * prototype.phases, prototype.phases);
  return prototype;
}

template FirPrototype DesignFir<int16_t>(uint32_t up, uint32_t down, ResamplerQuality quality);
template FirPrototype DesignFir<float>(uint32_t up, uint32_t down, ResamplerQuality quality);

}  // namespace sluice
