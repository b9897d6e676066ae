// The taps as the resampler uses them, float32 and int16: their response is known exactly, at any level, from
// a dense Fourier transform. Not here: running audio through them; see resampler_test.cpp.
//
// SLUICE_TABLE=1 prints the measured response of every pair, as docs/resampler.md shows it.
#include "core/fir_bank.h"

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
  double int16_ripple_db;
  double int16_stop_db;
  double latency_ms;
};

constexpr Gates kFast = {ResamplerQuality::kFast, "fast", 0.87, 0.002, -80, 0.002, -78, 5.5};
constexpr Gates kDefault = {ResamplerQuality::kDefault, "default", 0.913, 0.0003, -110, 0.0005, -100, 12};
constexpr Gates kBest = {ResamplerQuality::kBest, "best", 0.95, 0.0003, -125, 0.0005, -105, 21.5};

// The weight of the input frame `frame` frames after the one at (or just before, for windows) the output
// instant; for groups, after the first one of the group. As the kernels add them up.
class Taps {
 public:
  Taps(const FirBank& bank, bool int16) : bank_(bank) {
    if (bank.grouped) {
      first_ = -static_cast<ptrdiff_t>(bank.groups_before * bank.inputs);
      count_ = bank.steps() * bank.inputs;
      rows_ = bank.outputs;
    } else {
      first_ = static_cast<ptrdiff_t>(bank.frames_after) - static_cast<ptrdiff_t>(bank.taps_per_window) + 1;
      count_ = bank.taps_per_window;
      rows_ = bank.windows * bank.window_outputs;
    }
    values_.resize(rows_ * count_);
    if (bank.grouped) {
      int16 ? ReadGroupedInt16() : ReadGroupedFloat();
    } else {
      int16 ? ReadWindowsInt16() : ReadWindowsFloat();
    }
  }
  size_t rows() const { return rows_; }
  size_t count() const { return count_; }
  ptrdiff_t first_frame() const { return first_; }
  double At(size_t row, size_t i) const { return values_[row * count_ + i]; }

 private:
  double& At(size_t row, size_t i) { return values_[row * count_ + i]; }

  template <class Body>
  void ForEachPass(Body body) {
    const size_t passes = (bank_.outputs + sluice::kFirMaxPass - 1) / sluice::kFirMaxPass;
    for (size_t pass = 0, first = 0; pass < passes; ++pass) {
      const size_t size = (bank_.outputs - first + passes - pass - 1) / (passes - pass);
      body(first, size);
      first += size;
    }
  }
  static double Scale(const sluice::FirSegment& segment) {
    return std::ldexp(1.0, -static_cast<int>(sluice::kFirFractionBits + segment.shift));
  }
  void ReadGroupedInt16() {
    size_t at = 0;
    ForEachPass([&](size_t first, size_t size) {
      for (const auto& segment : bank_.segments) {
        for (size_t step = segment.begin; step < segment.end; ++step) {
          for (size_t pair = 0; pair < bank_.inputs; pair += 2) {
            for (size_t p = first; p < first + size; ++p) {
              for (size_t i = 0; i < 2; ++i) {
                At(p, step * bank_.inputs + pair + i) += bank_.int16_taps[at++] * Scale(segment);
              }
            }
          }
        }
      }
    });
    CHECK_EQ(at, bank_.int16_taps.size());
  }
  void ReadGroupedFloat() {
    size_t at = 0;
    ForEachPass([&](size_t first, size_t size) {
      for (size_t i = 0; i < count_; ++i) {
        for (size_t p = first; p < first + size; ++p) At(p, i) = static_cast<double>(bank_.float_taps[at++]);
      }
    });
    CHECK_EQ(at, bank_.float_taps.size());
  }
  template <class Body>
  void ForEachBlock(size_t window, size_t block, Body body) {
    for (size_t output = 0; output < bank_.window_outputs; ++output) {
      for (size_t i = 0; i < sluice::kFirBlock; ++i) {
        body(At(window * bank_.window_outputs + output, block * sluice::kFirBlock + i));
      }
    }
  }
  void ReadWindowsInt16() {
    size_t at = 0;
    for (size_t window = 0; window < bank_.windows; ++window) {
      for (const auto& segment : bank_.segments) {
        for (size_t step = segment.begin; step < segment.end; ++step) {
          ForEachBlock(window, step, [&](double& tap) { tap += bank_.int16_taps[at++] * Scale(segment); });
        }
      }
    }
    CHECK_EQ(at, bank_.int16_taps.size());
  }
  void ReadWindowsFloat() {
    size_t at = 0;
    for (size_t window = 0; window < bank_.windows; ++window) {
      for (size_t block = 0; block < count_ / sluice::kFirBlock; ++block) {
        ForEachBlock(window, block, [&](double& tap) { tap = static_cast<double>(bank_.float_taps[at++]); });
      }
    }
    CHECK_EQ(at, bank_.float_taps.size());
  }

  const FirBank& bank_;
  size_t rows_;
  size_t count_;
  ptrdiff_t first_;
  std::vector<double> values_;
};

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

// The spectra of two real sequences of one length about 0 (index n holds its value at n, negative n from the
// end): one complex transform yields both.
struct Spectra {
  std::vector<Complex> a;
  std::vector<Complex> b;
};
Spectra Transform(std::vector<Complex> pair) {
  Fft(pair);
  const size_t n = pair.size();
  Spectra spectra{std::vector<Complex>(n / 2 + 2), std::vector<Complex>(n / 2 + 2)};
  for (size_t bin = 0; bin < n / 2 + 2; ++bin) {
    const Complex here = pair[bin % n];
    const Complex mirror = std::conj(pair[(n - bin) % n]);
    spectra.a[bin] = (here + mirror) / 2.0;
    spectra.b[bin] = (here - mirror) / Complex(0, 2);
  }
  return spectra;
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

double Db(double magnitude) { return 20 * std::log10(std::max(magnitude, 1e-20)); }

// What a ratio's taps do; frequencies are fractions of the lower Nyquist frequency.
struct Measured {
  double ripple_db = 0;   // largest departure from 0 dB up to the pass edge
  double stop_db = -400;  // largest alias or image from 1 up

  void See(double pass_edge, double frequency, double before, double here, double after) {
    if (frequency <= pass_edge) ripple_db = std::max(ripple_db, std::abs(Db(std::abs(here))));
    if (frequency >= 1) stop_db = std::max(stop_db, Db(LobeNear(before, here, after)));
  }
  void See(const Measured& other) {
    ripple_db = std::max(ripple_db, other.ripple_db);
    stop_db = std::max(stop_db, other.stop_db);
  }
};

// Of the float32 and of the int16 taps.
struct Both {
  Measured float32;
  Measured int16;
};

// The taps of `up` consecutive outputs, each phase once, were cut from one prototype on a lattice of `phases`
// points an input frame. Its response above the lower Nyquist frequency is every alias and image there is.
Both MeasureWindows(const FirBank& bank, const Taps& float32, const Taps& int16, size_t first_output,
                    double pass_edge) {
  std::vector<Complex> pair(std::bit_ceil(4 * float32.count() * bank.phases));  // 4 bins a side lobe
  for (size_t k = first_output; k < first_output + bank.phases; ++k) {
    const size_t window = k / bank.window_outputs;
    const size_t instant =  // from the frame that the window counts from
        bank.interpolated
            ? k
            : window * bank.window_outputs * bank.down % bank.up + k % bank.window_outputs * bank.down;
    for (size_t i = 0; i < float32.count(); ++i) {
      const ptrdiff_t frame = float32.first_frame() + static_cast<ptrdiff_t>(i);
      const ptrdiff_t point = static_cast<ptrdiff_t>(instant) - frame * static_cast<ptrdiff_t>(bank.phases);
      const auto index = static_cast<size_t>(point) % pair.size();  // a power of 2, so negative points wrap
      pair[index] = Complex(float32.At(k, i), int16.At(k, i)) / static_cast<double>(bank.phases);
    }
  }
  const size_t bins = pair.size();
  const Spectra spectra = Transform(std::move(pair));
  const double lower_nyquist =  // cycles a lattice step
      0.5 * std::min(1.0, static_cast<double>(bank.up) / bank.down) / bank.phases;
  Both both;
  for (size_t bin = 1; bin <= bins / 2; ++bin) {
    const double frequency = static_cast<double>(bin) / static_cast<double>(bins);
    // Linear interpolation between sub-phases is a filter too: a triangle two sub-phases wide, sinc^2. It
    // repeats the response at every multiple of the sub-phase rate; up to half of it is seen here,
    // RepetitionDb knows the rest.
    const double x = std::numbers::pi * frequency;
    const double triangle = bank.interpolated ? std::pow(std::sin(x) / x, 2) : 1;
    const auto see = [&](Measured& measured, const std::vector<Complex>& spectrum) {
      measured.See(pass_edge, frequency / lower_nyquist, std::abs(spectrum[bin - 1]) * triangle,
                   std::abs(spectrum[bin]) * triangle, std::abs(spectrum[bin + 1]) * triangle);
    };
    see(both.float32, spectra.a);
    see(both.int16, spectra.b);
  }
  return both;
}

// Windows of several outputs hold each phase up to four times, at other places in the blocks and so perhaps
// rounded otherwise. What any mean of their responses is worth the worst of them is; and where they differ in
// the pass band, by less than twice the ripple (0.0005 dB: 6e-5; measured 3e-6), is an image as well, so the
// ripple is held to that.
Both MeasureWindows(const FirBank& bank, double pass_edge) {
  const Taps float32(bank, false);
  const Taps int16(bank, true);
  Both worst;
  for (size_t first = 0; first + bank.phases <= float32.rows(); first += bank.phases) {
    const Both both = MeasureWindows(bank, float32, int16, first, pass_edge);
    worst.float32.See(both.float32);
    worst.int16.See(both.int16);
    if (bank.interpolated) break;  // its last window is the next frame's first
    if (float32.rows() > bank.phases) CHECK(both.int16.ripple_db < 8e-5 || pass_edge < 0.9);
  }
  return worst;
}

// Each output p of a group has a response of its own to a tone: what it should be, times G_p. A tone then
// comes out at its own frequency with the mean of the G_p, and at L - 1 others with the other terms of their
// Fourier series. Those others are images or aliases whatever the tone; the tone itself is an alias from the
// lower Nyquist frequency up.
Measured MeasureGroups(const FirBank& bank, const std::vector<std::vector<Complex>>& rows, size_t bins,
                       double pass_edge) {
  const size_t outputs = bank.outputs;
  const double lower_nyquist =
      0.5 * std::min(1.0, static_cast<double>(bank.up) / bank.down);  // cycles a frame
  const auto terms_at = [&](size_t bin) {
    const double frequency = static_cast<double>(bin) / static_cast<double>(bins);
    std::vector<double> terms(outputs);
    for (size_t k = 0; k < outputs; ++k) {
      Complex sum = 0;
      for (size_t p = 0; p < outputs; ++p) {
        const double instant = static_cast<double>(p) * bank.inputs / static_cast<double>(outputs);
        const double turns = frequency * instant + static_cast<double>(k * p) / static_cast<double>(outputs);
        sum += std::conj(rows[p][bin]) * std::polar(1.0, -2 * std::numbers::pi * turns);
      }
      terms[k] = std::abs(sum) / static_cast<double>(outputs);
    }
    return terms;
  };
  Measured measured;
  std::vector<double> before = terms_at(0);
  std::vector<double> here = terms_at(1);
  for (size_t bin = 1; bin <= bins / 2; ++bin) {
    const std::vector<double> after = terms_at(bin + 1);
    const double frequency = static_cast<double>(bin) / static_cast<double>(bins) / lower_nyquist;
    measured.See(pass_edge, frequency, before[0], here[0], after[0]);
    for (size_t k = 1; k < outputs; ++k) measured.See(0, 1, before[k], here[k], after[k]);
    before = here;
    here = after;
  }
  return measured;
}

Both MeasureGroups(const FirBank& bank, double pass_edge) {
  const Taps float32(bank, false);
  const Taps int16(bank, true);
  const size_t bins = std::bit_ceil(8 * float32.count());
  std::vector<std::vector<Complex>> float32_rows;
  std::vector<std::vector<Complex>> int16_rows;
  for (size_t p = 0; p < bank.outputs; ++p) {
    std::vector<Complex> pair(bins);
    for (size_t i = 0; i < float32.count(); ++i) {
      pair[static_cast<size_t>(float32.first_frame() + static_cast<ptrdiff_t>(i)) % bins] =
          Complex(float32.At(p, i), int16.At(p, i));
    }
    Spectra spectra = Transform(std::move(pair));
    float32_rows.push_back(std::move(spectra.a));
    int16_rows.push_back(std::move(spectra.b));
  }
  return {MeasureGroups(bank, float32_rows, bins, pass_edge),
          MeasureGroups(bank, int16_rows, bins, pass_edge)};
}

Both Measure(const FirBank& bank, double pass_edge) {
  return bank.grouped ? MeasureGroups(bank, pass_edge) : MeasureWindows(bank, pass_edge);
}

size_t LatencyFrames(const FirBank& bank) {
  return bank.grouped ? (bank.groups_after + 1) * bank.inputs - 1 : bank.frames_after;
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
  Worst ripple, stop, int16_ripple, int16_stop, latency;
  std::map<const FirBank*, Both> known;
  for (const uint32_t from_hz : kRates) {
    for (const uint32_t to_hz : kRates) {
      if (from_hz == to_hz) continue;
      const auto bank = GetFirBank(from_hz, to_hz, gates.quality);
      if (!known.contains(bank.get())) known[bank.get()] = Measure(*bank, gates.pass_edge);
      const Both& both = known[bank.get()];
      const std::string pair = PairName(from_hz, to_hz);
      const double latency_ms = 1000.0 * static_cast<double>(LatencyFrames(*bank)) / from_hz;
      ripple.See(both.float32.ripple_db, pair);
      stop.See(both.float32.stop_db, pair);
      int16_ripple.See(both.int16.ripple_db, pair);
      int16_stop.See(both.int16.stop_db, pair);
      latency.See(latency_ms, pair);
      if (!table) continue;
      std::printf("| %s | %u | %u | %.1f | %.6f | %.1f | %.6f | %.2f | %zu |\n", gates.name, from_hz, to_hz,
                  both.float32.stop_db, both.float32.ripple_db, both.int16.stop_db, both.int16.ripple_db,
                  latency_ms, Taps(*bank, false).count());
    }
  }
  CheckWorst("ripple, dB", gates, ripple, gates.ripple_db);
  CheckWorst("alias or image, dB", gates, stop, gates.stop_db);
  CheckWorst("int16 ripple, dB", gates, int16_ripple, gates.int16_ripple_db);
  CheckWorst("int16 alias or image, dB", gates, int16_stop, gates.int16_stop_db);
  CheckWorst("latency, ms", gates, latency, gates.latency_ms);
  if (!table) return;
  std::printf(
      "%s: float32 alias %.2f dB (%s), ripple %.6f dB (%s); int16 alias %.2f dB (%s), ripple %.6f dB (%s); "
      "latency %.2f ms (%s)\n",
      gates.name, stop.value, stop.pair.c_str(), ripple.value, ripple.pair.c_str(), int16_stop.value,
      int16_stop.pair.c_str(), int16_ripple.value, int16_ripple.pair.c_str(), latency.value,
      latency.pair.c_str());
}

TEST("FirBank fast meets its gates at every pair") { CheckGates(kFast); }
TEST("FirBank default meets its gates at every pair") { CheckGates(kDefault); }
TEST("FirBank best meets its gates at every pair") { CheckGates(kBest); }

// The strongest repetition of an interpolated bank's response: the pass band beside the sub-phase rate, where
// sinc^2 is about (f / rate)^2.
double RepetitionDb(const FirBank& bank) {
  const double lower_nyquist = 0.5 * std::min(1.0, static_cast<double>(bank.up) / bank.down) / bank.phases;
  double worst = 0;
  for (double f = 1 - lower_nyquist; f < 1; f += lower_nyquist / 64) {
    const double x = std::numbers::pi * f;
    worst = std::max(worst, std::pow(std::sin(x) / x, 2));
  }
  return Db(worst);
}

TEST("FirBank interpolated meets its gates") {
  // Towards a higher rate all interpolated banks hold the same taps; towards a lower one they differ.
  constexpr std::array<std::array<uint32_t, 2>, 4> kPairs = {
      {{44101, 48000}, {48000, 44101}, {191999, 8000}, {191999, 1000}}};
  for (const Gates& gates : {kFast, kDefault, kBest}) {
    Worst ripple, stop, int16_ripple, int16_stop;
    for (const auto& [from_hz, to_hz] : kPairs) {
      const auto bank = GetFirBank(from_hz, to_hz, gates.quality);
      CHECK(bank->interpolated);
      CHECK_LE(bank->float_taps.size(), sluice::kMaxExactTaps + bank->taps_per_window);
      const Both both = MeasureWindows(*bank, gates.pass_edge);
      const std::string pair = PairName(from_hz, to_hz);
      ripple.See(both.float32.ripple_db, pair);
      stop.See(std::max(both.float32.stop_db, RepetitionDb(*bank)), pair);
      int16_ripple.See(both.int16.ripple_db, pair);
      int16_stop.See(std::max(both.int16.stop_db, RepetitionDb(*bank)), pair);
    }
    CheckWorst("interpolated ripple, dB", gates, ripple, gates.ripple_db);
    CheckWorst("interpolated alias or image, dB", gates, stop, gates.stop_db);
    // 191 999 to 1 000 Hz adds up 48 000 taps an output: the one ratio where rounding them shows.
    CheckWorst("interpolated int16 ripple, dB", gates, int16_ripple, gates.int16_ripple_db);
    CheckWorst("interpolated int16 alias or image, dB", gates, int16_stop,
               std::max(gates.int16_stop_db, -95.0));
    if (std::getenv("SLUICE_TABLE") != nullptr) {
      std::printf("%s interpolated: alias %.2f dB (%s), ripple %.6f dB (%s), int16 alias %.2f dB\n",
                  gates.name, stop.value, stop.pair.c_str(), ripple.value, ripple.pair.c_str(),
                  int16_stop.value);
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
  size_t bytes = 0;
  uint32_t to_hz = 100003;
  for (; bytes < (size_t{32} << 20); to_hz += 2) {
    const auto bank = GetFirBank(65536, to_hz, ResamplerQuality::kBest);
    bytes += bank->Bytes();
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

// Per accumulator, as the kernels have them: an output of a group; a lane (two taps of each block) of a
// window.
void CheckSegmentSums(const FirBank& bank) {
  const size_t outputs = bank.grouped ? bank.outputs : bank.window_outputs;
  const size_t passes =
      bank.grouped ? (outputs + sluice::kFirMaxPass - 1) / sluice::kFirMaxPass : bank.windows;
  const auto* tap = bank.int16_taps.data();
  double worst = 0;
  for (size_t pass = 0, first = 0; pass < passes; ++pass) {
    // Sums, and the pairs that each step adds to every one of them in turn.
    const size_t sums = bank.grouped ? (outputs - first + passes - pass - 1) / (passes - pass)
                                     : outputs * sluice::kFirBlock / 2;
    const size_t pairs = bank.grouped ? bank.inputs / 2 : 1;
    for (const auto& segment : bank.segments) {
      std::vector<int> sum(sums);
      for (size_t step = 0; step < (segment.end - segment.begin) * pairs; ++step) {
        for (size_t s = 0; s < sums; ++s, tap += 2) sum[s] += std::abs(tap[0]) + std::abs(tap[1]);
      }
      worst = std::max<double>(worst, *std::max_element(sum.begin(), sum.end()));
    }
    first += sums;
  }
  CHECK(tap == bank.int16_taps.data() + bank.int16_taps.size());
  CHECK_LE(worst, 65535.0);
}

TEST("FirBank has no latency that no tap needs") {
  for (const uint32_t from_hz : kRates) {
    for (const uint32_t to_hz : kRates) {
      if (from_hz == to_hz) continue;
      const auto bank = GetFirBank(from_hz, to_hz, ResamplerQuality::kDefault);
      const Taps taps(*bank, false);
      const size_t youngest = bank->grouped ? bank->inputs : 1;  // frames of the last group
      bool used = false;
      for (size_t row = 0; row < taps.rows(); ++row) {
        for (size_t i = taps.count() - youngest; i < taps.count(); ++i) used |= taps.At(row, i) != 0;
      }
      CHECK(used);
    }
  }
}

// For any samples: the sums of a segment stay within int32, and so does the total.
TEST("FirBank int16 taps cannot overflow") {
  for (const auto quality : {ResamplerQuality::kFast, ResamplerQuality::kDefault, ResamplerQuality::kBest}) {
    for (const uint32_t from_hz : kRates) {
      for (const uint32_t to_hz : kRates) {
        if (from_hz == to_hz) continue;
        const auto bank = GetFirBank(from_hz, to_hz, quality);
        const Taps taps(*bank, true);
        double largest_total = 0;
        for (size_t row = 0; row < taps.rows(); ++row) {
          double sum = 0;
          for (size_t i = 0; i < taps.count(); ++i) sum += std::abs(taps.At(row, i));
          largest_total = std::max(largest_total, sum);
        }
        CHECK(largest_total < 4);  // times 2^15 times 2^kFirFractionBits: below 2^30
        for (const int16_t tap : bank->int16_taps) CHECK(tap > -32768);
        CheckSegmentSums(*bank);
      }
    }
  }
}

}  // namespace
