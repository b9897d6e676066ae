// The taps as the resampler uses them: float32 phases laid back into their prototype, whose response is then
// known exactly, at any level, from a dense Fourier transform. Not here: running audio through them; see
// resampler_test.cpp.
//
// SLUICE_TABLE=1 prints the measured response of every pair, as docs/resampler.md shows it.
#include "core/fir_design.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <complex>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <numbers>
#include <string>
#include <thread>
#include <vector>

#include "check.h"
#include "core/fir_kernel.h"

namespace {

using sluice::FirBank;
using sluice::GetFirBank;
using sluice::ResamplerQuality;
using Complex = std::complex<double>;

constexpr std::array<uint32_t, 7> kRates = {8000, 16000, 22050, 24000, 32000, 44100, 48000};

std::string PairName(uint32_t from_hz, uint32_t to_hz) {
  return std::to_string(from_hz) + " to " + std::to_string(to_hz) + " Hz";
}

// What one quality promises. `presets` of docs/resampler.md.
struct Gates {
  ResamplerQuality quality;
  const char* name;
  double pass_edge;  // of the lower Nyquist frequency; the stop band begins at 1
  double ripple_db;
  double stop_db;
  double latency_ms;
};

constexpr Gates kFast = {ResamplerQuality::kFast, "fast", 0.87, 0.002, -80, 5};
constexpr Gates kDefault = {ResamplerQuality::kDefault, "default", 0.913, 0.0003, -110, 12};
constexpr Gates kBest = {ResamplerQuality::kBest, "best", 0.95, 0.0003, -125, 21.5};

// The upper half of the symmetric prototype: [n] is its value n lattice steps (1 / phases of an input frame)
// after its centre.
std::vector<double> UpperHalf(const FirBank& bank, bool& symmetric) {
  const auto phases = static_cast<ptrdiff_t>(bank.phases);
  const auto taps = static_cast<ptrdiff_t>(bank.taps_per_phase);
  const auto reach = static_cast<size_t>(taps * phases);
  std::vector<double> upper(reach + 1, 0.0);
  std::vector<double> lower(reach + 1, 0.0);
  for (ptrdiff_t phase = 0; phase < phases; ++phase) {
    const auto row = bank.Phase(static_cast<size_t>(phase));
    for (ptrdiff_t i = 0; i < taps; ++i) {
      const ptrdiff_t frame = static_cast<ptrdiff_t>(bank.half_frames) - (taps - 1 - i);
      const ptrdiff_t point = phase - frame * phases;
      const double value = row[static_cast<size_t>(i)];
      if (point >= 0) upper[static_cast<size_t>(point)] = value;
      if (point <= 0) lower[static_cast<size_t>(-point)] = value;
    }
  }
  symmetric = upper == lower;
  while (upper.size() > 1 && upper.back() == 0) upper.pop_back();
  return upper;
}

// In place, decimation in time; the size is a power of 2.
void Fft(std::vector<Complex>& data) {
  const size_t n = data.size();
  std::vector<Complex> roots(n / 2);
  for (size_t k = 0; k < n / 2; ++k) {
    roots[k] = std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(n));
  }
  for (size_t i = 1, reversed = 0; i < n; ++i) {
    size_t bit = n / 2;
    for (; (reversed & bit) != 0; bit /= 2) reversed ^= bit;
    reversed |= bit;
    if (i < reversed) std::swap(data[i], data[reversed]);
  }
  std::vector<Complex> stage(n / 2);  // this stage's roots side by side: strides miss the cache
  for (size_t size = 2; size <= n; size *= 2) {
    const size_t half = size / 2;
    for (size_t k = 0; k < half; ++k) stage[k] = roots[k * (n / size)];
    for (size_t start = 0; start < n; start += size) {
      Complex* low = data.data() + start;
      Complex* high = low + half;
      for (size_t k = 0; k < half; ++k) {
        // Spelt out: std::complex's product checks for infinities.
        const Complex root = stage[k];
        const double real = high[k].real() * root.real() - high[k].imag() * root.imag();
        const double imag = high[k].real() * root.imag() + high[k].imag() * root.real();
        high[k] = {low[k].real() - real, low[k].imag() - imag};
        low[k] = {low[k].real() + real, low[k].imag() + imag};
      }
    }
  }
}

// Two prototypes that are symmetric about 0 have real spectra, so one complex transform yields both: `a` in
// the real part, `b` in the imaginary part. At least 4 bins a side lobe.
std::vector<Complex> Spectra(const std::vector<double>& a, const std::vector<double>& b) {
  const size_t longer = std::max(a.size(), b.size());
  std::vector<Complex> data(std::bit_ceil(8 * longer));
  for (size_t n = 0; n < longer; ++n) {
    const Complex value(n < a.size() ? a[n] : 0, n < b.size() ? b[n] : 0);
    data[n] = value;
    if (n > 0) data[data.size() - n] = value;
  }
  Fft(data);
  return data;
}

// The height of the side lobe that peaks near a bin: that of the parabola through the bin and its neighbours,
// since the true peak lies between bins (4 bins a lobe alone see up to 0.7 dB too little).
double LobeNear(double before, double here, double after) {
  before = std::abs(before);
  here = std::abs(here);
  after = std::abs(after);
  if (here < before || here < after || before + after == 2 * here) return here;
  return here + (after - before) * (after - before) / (8 * (2 * here - before - after));
}

// The same sum at one frequency (in cycles per lattice step), for the band edges, which fall between bins.
double ResponseAt(const std::vector<double>& upper, double frequency) {
  double sum = upper[0];
  for (size_t n = 1; n < upper.size(); ++n) {
    sum += 2 * upper[n] * std::cos(2 * std::numbers::pi * frequency * static_cast<double>(n));
  }
  return sum;
}

double Db(double magnitude) { return 20 * std::log10(std::max(magnitude, 1e-20)); }

// What a ratio's taps do; frequencies are fractions of the lower Nyquist frequency.
struct Measured {
  double ripple_db = 0;   // largest departure from 0 dB up to the pass edge
  double stop_db = -400;  // largest alias or image from 1 up

  void See(double pass_edge, double frequency, double before, double here, double after) {
    if (frequency <= pass_edge) ripple_db = std::max(ripple_db, std::abs(Db(std::abs(here))));
    if (frequency >= 1) stop_db = std::max(stop_db, Db(LobeNear(before, here, after)));
  }
  void See(double pass_edge, double frequency, double response) {
    See(pass_edge, frequency, response, response, response);
  }
};

// Both directions between two rates: their prototypes live on the same lattice.
struct BothWays {
  Measured there;
  Measured back;
};

BothWays MeasureExact(const FirBank& there, const FirBank& back, double pass_edge) {
  bool symmetric[2];
  const auto there_half = UpperHalf(there, symmetric[0]);
  const auto back_half = UpperHalf(back, symmetric[1]);
  CHECK(symmetric[0] && symmetric[1]);  // zero phase: no delay at any frequency
  const auto spectra = Spectra(there_half, back_half);

  BothWays result;
  const double there_gain = there.phases;
  const double to_back = there_gain / back.phases;
  const double lower_nyquist = 0.5 / std::max(there.up, there.down);  // cycles a lattice step
  for (size_t bin = 1; bin <= spectra.size() / 2; ++bin) {
    const double frequency = static_cast<double>(bin) / static_cast<double>(spectra.size()) / lower_nyquist;
    const Complex before = spectra[bin - 1] / there_gain;
    const Complex here = spectra[bin] / there_gain;
    const Complex after = spectra[(bin + 1) % spectra.size()] / there_gain;
    result.there.See(pass_edge, frequency, before.real(), here.real(), after.real());
    result.back.See(pass_edge, frequency, before.imag() * to_back, here.imag() * to_back,
                    after.imag() * to_back);
  }
  for (const double edge : {0.0, pass_edge, 1.0}) {
    const double frequency = edge * lower_nyquist;
    result.there.See(pass_edge, edge, ResponseAt(there_half, frequency) / there_gain);
    result.back.See(pass_edge, edge, ResponseAt(back_half, frequency) / back.phases);
  }
  return result;
}

struct Worst {
  double value = -1e9;
  std::string pair;
  void See(double candidate, const std::string& name) {
    if (candidate > value) {
      value = candidate;
      pair = name;
    }
  }
};

void CheckWorst(const char* what, const Gates& gates, const Worst& worst, double limit) {
  if (worst.value <= limit) return;
  check::Fail(__FILE__, __LINE__,
              std::string(gates.name) + " " + what + ": " + std::to_string(worst.value) + " is above " +
                  std::to_string(limit) + ", worst at " + worst.pair);
}

// Every ordered pair of the seven rates. Pairs of one ratio share their bank, which is measured once.
void CheckGates(const Gates& gates) {
  const bool table = std::getenv("SLUICE_TABLE") != nullptr;
  Worst ripple;
  Worst stop;
  Worst latency;
  const auto see = [&](uint32_t from_hz, uint32_t to_hz, const FirBank& bank, const Measured& measured) {
    const std::string pair = PairName(from_hz, to_hz);
    const double latency_ms = 1000.0 * static_cast<double>(bank.half_frames) / from_hz;
    ripple.See(measured.ripple_db, pair);
    stop.See(measured.stop_db, pair);
    latency.See(latency_ms, pair);
    if (!table) return;
    std::printf("| %s | %u | %u | %.1f | %.6f | %.2f | %u | %zu |\n", gates.name, from_hz, to_hz,
                measured.stop_db, measured.ripple_db, latency_ms, bank.phases, bank.taps_per_phase);
  };
  std::map<const FirBank*, BothWays> known;
  for (size_t i = 0; i < kRates.size(); ++i) {
    for (size_t j = i + 1; j < kRates.size(); ++j) {
      const auto there = GetFirBank(kRates[i], kRates[j], gates.quality);
      const auto back = GetFirBank(kRates[j], kRates[i], gates.quality);
      if (!known.contains(there.get())) known[there.get()] = MeasureExact(*there, *back, gates.pass_edge);
      see(kRates[i], kRates[j], *there, known[there.get()].there);
      see(kRates[j], kRates[i], *back, known[there.get()].back);
    }
  }
  CheckWorst("ripple, dB", gates, ripple, gates.ripple_db);
  CheckWorst("alias or image, dB", gates, stop, gates.stop_db);
  CheckWorst("latency, ms", gates, latency, gates.latency_ms);
  if (table) {
    std::printf("%s: alias %.2f dB (%s), ripple %.6f dB (%s), latency %.2f ms (%s)\n", gates.name, stop.value,
                stop.pair.c_str(), ripple.value, ripple.pair.c_str(), latency.value, latency.pair.c_str());
  }
}

TEST("FirBank fast meets its gates at every pair") { CheckGates(kFast); }
TEST("FirBank default meets its gates at every pair") { CheckGates(kDefault); }
TEST("FirBank best meets its gates at every pair") { CheckGates(kBest); }

// Linear interpolation between sub-phases is a filter too: a triangle two sub-phases wide. So the continuous
// response is that of the sub-phases, repeated at every multiple of the sub-phase rate, times sinc^2.
Measured MeasureInterpolated(const FirBank& bank, double pass_edge) {
  bool symmetric = false;
  const auto half = UpperHalf(bank, symmetric);
  CHECK(symmetric);
  const auto spectrum = Spectra(half, {});
  const size_t bins = spectrum.size();
  const double lower_nyquist =  // cycles a sub-phase
      0.5 * std::min(1.0, static_cast<double>(bank.up) / bank.down) / bank.phases;
  Measured measured;
  const auto response = [&](size_t bin) { return spectrum[bin % bins].real() / bank.phases; };
  // Up to the first repetition, which is the strongest, and a little beyond.
  for (size_t bin = 1; bin < bins + bins / 64; ++bin) {
    const double frequency = static_cast<double>(bin) / static_cast<double>(bins);
    const double x = std::numbers::pi * frequency;
    const double triangle = std::pow(std::sin(x) / x, 2);
    measured.See(pass_edge, frequency / lower_nyquist, response(bin - 1) * triangle, response(bin) * triangle,
                 response(bin + 1) * triangle);
  }
  return measured;
}

TEST("FirBank interpolated meets its gates") {
  // Towards a higher rate all interpolated banks hold the same taps; towards a lower one they differ.
  constexpr std::array<std::array<uint32_t, 2>, 4> kPairs = {
      {{44101, 48000}, {48000, 44101}, {191999, 8000}, {191999, 1000}}};
  for (const Gates& gates : {kFast, kDefault, kBest}) {
    Worst ripple;
    Worst stop;
    for (const auto& [from_hz, to_hz] : kPairs) {
      const auto bank = GetFirBank(from_hz, to_hz, gates.quality);
      CHECK(bank->interpolated);
      CHECK_LE(bank->taps.size(), sluice::kMaxExactTaps);
      const Measured measured = MeasureInterpolated(*bank, gates.pass_edge);
      ripple.See(measured.ripple_db, PairName(from_hz, to_hz));
      stop.See(measured.stop_db, PairName(from_hz, to_hz));
    }
    CheckWorst("interpolated ripple, dB", gates, ripple, gates.ripple_db);
    CheckWorst("interpolated alias or image, dB", gates, stop, gates.stop_db);
    if (std::getenv("SLUICE_TABLE") != nullptr) {
      std::printf("%s interpolated: alias %.2f dB (%s), ripple %.6f dB (%s)\n", gates.name, stop.value,
                  stop.pair.c_str(), ripple.value, ripple.pair.c_str());
    }
  }
}

TEST("FirBank is exact up to its limits and interpolated beyond") {
  const auto exact = [](uint32_t from_hz, uint32_t to_hz) {
    return !GetFirBank(from_hz, to_hz, ResamplerQuality::kDefault)->interpolated;
  };
  for (const uint32_t from_hz : kRates) {
    for (const uint32_t to_hz : kRates) {
      if (from_hz != to_hz) CHECK(exact(from_hz, to_hz));
    }
  }
  CHECK(exact(1023, 1024));
  CHECK(!exact(1024, 1025));
  CHECK(exact(192000, 1000));
  CHECK(!exact(191999, 1000));  // 1000 phases, but 32 million taps
}

TEST("FirBank depends on the ratio alone and is shared") {
  const auto bank = GetFirBank(24000, 16000, ResamplerQuality::kDefault);
  CHECK(bank == GetFirBank(48000, 32000, ResamplerQuality::kDefault));
  CHECK(bank != GetFirBank(24000, 16000, ResamplerQuality::kFast));
  CHECK(bank != GetFirBank(16000, 24000, ResamplerQuality::kDefault));
}

TEST("FirBank cache is bounded and lets go of the oldest") {
  const std::weak_ptr<const FirBank> oldest = GetFirBank(7919, 7907, ResamplerQuality::kFast);
  CHECK(!oldest.expired());
  // Rates without a common factor: every bank is a new one, and 32 MB hold fewer than these.
  size_t taps = 0;
  uint32_t to_hz = 100003;
  for (; taps < (size_t{8} << 20); to_hz += 2) {
    const auto bank = GetFirBank(65536, to_hz, ResamplerQuality::kBest);
    taps += bank->taps.size();
  }
  CHECK(oldest.expired());
  const std::weak_ptr<const FirBank> youngest = GetFirBank(65536, to_hz - 2, ResamplerQuality::kBest);
  CHECK(!youngest.expired());
}

// All four begin while the first still designs (some 20 ms); they must end up with one bank.
TEST("FirBank cache serves threads") {
  std::array<std::shared_ptr<const FirBank>, 4> banks;
  std::vector<std::thread> threads;
  for (auto& bank : banks) {
    threads.emplace_back([&bank] { bank = GetFirBank(32017, 8009, ResamplerQuality::kBest); });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& bank : banks) CHECK(bank == banks[0]);
}

TEST("FirBank pads with zeros on the old side") {
  for (const uint32_t from_hz : kRates) {
    for (const uint32_t to_hz : kRates) {
      const auto bank = GetFirBank(from_hz, to_hz, ResamplerQuality::kDefault);
      CHECK_EQ(bank->taps_per_phase % sluice::kKernelBlock, size_t{0});
      // The youngest tap of some phase is used: not a frame of latency is wasted.
      bool used = false;
      for (size_t phase = 0; phase < bank->phases; ++phase) used |= bank->Phase(phase).back() != 0;
      CHECK(used);
    }
  }
}

}  // namespace
