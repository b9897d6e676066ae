#include "core/fir_design.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace sluice {
namespace {

// All frequencies as a fraction of the lower Nyquist frequency, half the lower of the two rates. The stop
// band begins at 1 exactly, so nothing folds back, not even into the transition band.
struct Preset {
  double attenuation_db;  // Kaiser's estimate; the taps come out 1 to 2.5 dB short of it
  double pass_edge;
  double subphase_rate;  // of interpolated banks: sub-phases a second
};

// subphase_rate: linear interpolation leaves its images at 1 / subphase_rate^2: -96, -120 and -132 dB.
constexpr Preset PresetOf(ResamplerQuality quality) {
  switch (quality) {
    case ResamplerQuality::kFast:
      return {81.5, 0.87, 256};
    case ResamplerQuality::kBest:
      return {127.8, 0.95, 2048};
    case ResamplerQuality::kDefault:
      break;
  }
  return {112, 0.913, 1024};
}

// Modified Bessel function of the first kind, order 0, by its power series (all terms positive, so it is
// exact to double precision); std::cyl_bessel_i is missing from libc++.
double BesselI0(double x) {
  const double quarter_square = x * x / 4;
  double term = 1;
  double sum = 1;
  for (int k = 1; term > sum * 1e-17; ++k) {
    term *= quarter_square / (static_cast<double>(k) * k);
    sum += term;
  }
  return sum;
}

// The impulse response: a Kaiser-windowed sinc, continuous in time. Unit of time: one input frame, so that a
// bank depends on the ratio alone.
class Kernel {
 public:
  // Kaiser's formulas for window shape and length (Oppenheim and Schafer, Discrete-Time Signal Processing,
  // 7.5.3), with lengths in time instead of taps.
  Kernel(const Preset& preset, double lower_nyquist)
      : cutoff_((1 + preset.pass_edge) / 2 * lower_nyquist),
        half_length_((preset.attenuation_db - 7.95) / (28.72 * (1 - preset.pass_edge) * lower_nyquist)),
        beta_(0.1102 * (preset.attenuation_db - 8.7)) {}

  double half_length() const { return half_length_; }

  // 0 <= time < half_length. The scale is the caller's affair.
  double operator()(double time) const {
    const double u = time / half_length_;
    const double x = 2 * std::numbers::pi * cutoff_ * time;
    const double sinc = x == 0 ? 1 : std::sin(x) / x;
    return sinc * BesselI0(beta_ * std::sqrt((1 - u) * (1 + u)));
  }

 private:
  double cutoff_;
  double half_length_;
  double beta_;
};

// Half of the symmetric prototype: the kernel from its centre on, `phases` values an input frame, with a gain
// of `phases` at 0 Hz, so that each phase has a gain of 1.
std::vector<double> SampleKernel(const Kernel& kernel, uint32_t phases) {
  std::vector<double> half(static_cast<size_t>(std::ceil(kernel.half_length() * phases)));
  for (size_t n = 0; n < half.size(); ++n) half[n] = kernel(static_cast<double>(n) / phases);
  const double sum = 2 * std::accumulate(half.begin(), half.end(), 0.0) - half[0];
  for (double& value : half) value *= phases / sum;
  return half;
}

}  // namespace

FirPrototype DesignFir(uint32_t up, uint32_t down, ResamplerQuality quality) {
  const Preset preset = PresetOf(quality);
  const double lower_nyquist = 0.5 * std::min(1.0, static_cast<double>(up) / down);  // cycles an input frame
  const Kernel kernel(preset, lower_nyquist);
  const double exact_taps = 2 * kernel.half_length() * up;

  FirPrototype prototype;
  prototype.interpolated = up > kMaxPhases || exact_taps > static_cast<double>(kMaxExactTaps);
  prototype.phases =
      prototype.interpolated ? static_cast<uint32_t>(std::ceil(preset.subphase_rate * lower_nyquist)) : up;
  prototype.half = SampleKernel(kernel, prototype.phases);
  return prototype;
}

}  // namespace sluice
