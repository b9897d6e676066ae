#include "core/fir_design.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <list>
#include <mutex>
#include <numbers>
#include <numeric>

#include "core/fir_kernel.h"

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

size_t RoundUp(size_t n, size_t multiple) { return (n + multiple - 1) / multiple * multiple; }

// Deals the prototype out to the phases. For phase p, input frame m (counted from the frame at or just before
// the output instant) meets the prototype at lattice point p - m * phases, which is not zero from -reach to
// reach = half.size() - 1. Drawn for 3 phases and a reach of 4:
//
//   lattice      -4 -3 -2 -1  0  1  2  3  4
//   phase 0 m        1        0       -1
//   phase 1 m           1        0       -1
//   phase 2 m     2        1        0
//
// So m runs from -floor(reach / phases) to floor((reach + last phase) / phases): the later the phase, the
// more frames it needs beyond the instant. Leaving that offset out would cut the tail of the last phases.
void FillPhases(const std::vector<double>& half, FirBank& bank) {
  const size_t phases = bank.phases;
  const size_t rows = phases + (bank.interpolated ? 1 : 0);
  const size_t reach = half.size() - 1;
  const size_t before = reach / phases;
  bank.half_frames = (reach + rows - 1) / phases;
  bank.taps_per_phase = RoundUp(before + 1 + bank.half_frames, kKernelBlock);
  bank.taps.assign(rows * bank.taps_per_phase, 0.0F);
  for (size_t row = 0; row < rows; ++row) {
    float* youngest = bank.taps.data() + (row + 1) * bank.taps_per_phase - 1;
    for (size_t back = 0; back <= before + bank.half_frames; ++back) {
      const auto point =
          static_cast<int64_t>(row + back * phases) - static_cast<int64_t>(bank.half_frames * phases);
      const auto distance = static_cast<size_t>(std::abs(point));
      if (distance <= reach) youngest[-static_cast<ptrdiff_t>(back)] = static_cast<float>(half[distance]);
    }
  }
}

FirBank DesignBank(uint32_t up, uint32_t down, ResamplerQuality quality) {
  const Preset preset = PresetOf(quality);
  const double lower_nyquist = 0.5 * std::min(1.0, static_cast<double>(up) / down);  // cycles an input frame
  const Kernel kernel(preset, lower_nyquist);
  const double exact_taps = 2 * kernel.half_length() * up;

  FirBank bank;
  bank.up = up;
  bank.down = down;
  bank.interpolated = up > kMaxPhases || exact_taps > static_cast<double>(kMaxExactTaps);
  bank.phases =
      bank.interpolated ? static_cast<uint32_t>(std::ceil(preset.subphase_rate * lower_nyquist)) : up;
  FillPhases(SampleKernel(kernel, bank.phases), bank);
  return bank;
}

// A design costs milliseconds (a Bessel function for each of some 10^5 taps), the stream that wants it often
// lasts no longer, and a batch opens thousands with the same few ratios: hence a cache per process. It is
// bounded, least recently used out first, so that a caller who walks through all rates cannot fill the
// memory; the 42 pairs of the seven usual rates fit at all three qualities (12 MB). Streams keep their bank
// alive.
class BankCache {
 public:
  static constexpr size_t kCapacityTaps = size_t{1} << 23;  // 32 MB

  std::shared_ptr<const FirBank> Find(uint32_t up, uint32_t down, ResamplerQuality quality) {
    const std::lock_guard lock(mutex_);
    return FindLocked(up, down, quality);
  }

  // Keeps the bank that came first when two threads designed the same one.
  std::shared_ptr<const FirBank> Add(std::shared_ptr<const FirBank> bank, ResamplerQuality quality) {
    const std::lock_guard lock(mutex_);
    if (auto found = FindLocked(bank->up, bank->down, quality)) return found;
    entries_.push_front({quality, bank});
    total_taps_ += bank->taps.size();
    while (total_taps_ > kCapacityTaps) {
      total_taps_ -= entries_.back().bank->taps.size();
      entries_.pop_back();
    }
    return bank;
  }

 private:
  struct Entry {
    ResamplerQuality quality;
    std::shared_ptr<const FirBank> bank;
  };

  std::shared_ptr<const FirBank> FindLocked(uint32_t up, uint32_t down, ResamplerQuality quality) {
    for (auto it = entries_.begin(); it != entries_.end(); ++it) {
      if (it->bank->up != up || it->bank->down != down || it->quality != quality) continue;
      entries_.splice(entries_.begin(), entries_, it);  // now the most recently used
      return it->bank;
    }
    return nullptr;
  }

  std::mutex mutex_;
  std::list<Entry> entries_;  // most recently used first
  size_t total_taps_ = 0;
};

}  // namespace

std::shared_ptr<const FirBank> GetFirBank(uint32_t from_hz, uint32_t to_hz, ResamplerQuality quality) {
  // Never destroyed: a worker thread may still open a stream while the process runs its exit handlers.
  static BankCache& cache = *new BankCache;
  const uint32_t divisor = std::gcd(from_hz, to_hz);
  const uint32_t up = to_hz / divisor;
  const uint32_t down = from_hz / divisor;
  if (auto bank = cache.Find(up, down, quality)) return bank;
  // Designed outside the lock, so that no stream waits for another one's ratio.
  return cache.Add(std::make_shared<const FirBank>(DesignBank(up, down, quality)), quality);
}

}  // namespace sluice
