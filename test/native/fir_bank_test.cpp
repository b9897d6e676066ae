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
#include <type_traits>
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

// What one quality promises for one type of samples. `presets` of docs/resampler.md.
struct Gates {
  ResamplerQuality quality;
  const char* name;
  double pass_edge;  // of the lower Nyquist frequency; the stop band begins at 1
  double ripple_db;
  double stop_db;
  double latency_ms;
};

template <class Sample>
std::array<Gates, 3> GatesOf();
template <>
std::array<Gates, 3> GatesOf<float>() {
  return {{{ResamplerQuality::kFast, "fast float32", 0.87, 0.002, -80, 5.5},
           {ResamplerQuality::kDefault, "default float32", 0.913, 0.0003, -110, 12},
           {ResamplerQuality::kBest, "best float32", 0.95, 0.0003, -125, 21.5}}};
}
template <>
std::array<Gates, 3> GatesOf<int16_t>() {
  return {{{ResamplerQuality::kFast, "fast int16", 0.87, 0.002, -78, 5.5},
           {ResamplerQuality::kDefault, "default int16", 0.913, 0.0005, -100, 12},
           {ResamplerQuality::kBest, "best int16", 0.95, 0.0005, -105, 21.5}}};
}

// The weight of the input frame `frame` frames after the one at (or just before, for windows) the output
// instant; for groups, after the instant of the group's first output. As the kernels add them up.
template <class Sample>
class Taps {
 public:
  explicit Taps(const FirBank<Sample>& bank) : bank_(bank) {
    if (bank.grouped) {
      first_ = -static_cast<ptrdiff_t>(bank.groups_before * bank.inputs + bank.origin);
      count_ = bank.steps() * bank.inputs;
      rows_ = bank.outputs;
    } else {
      first_ = static_cast<ptrdiff_t>(bank.frames_after) - static_cast<ptrdiff_t>(bank.taps_per_window) + 1;
      count_ = bank.taps_per_window;
      rows_ = bank.windows * bank.window_outputs;
    }
    values_.resize(rows_ * count_);
    const size_t read = bank.grouped ? ReadGroups() : ReadWindows();
    CHECK_EQ(read, bank.taps.size());
  }
  size_t rows() const { return rows_; }
  size_t count() const { return count_; }
  ptrdiff_t first_frame() const { return first_; }
  double At(size_t row, size_t i) const { return values_[row * count_ + i]; }

 private:
  static constexpr bool kInt16 = std::is_same_v<Sample, int16_t>;

  // Adds the next tap of the bank, of a segment of such a scale.
  void Add(size_t row, size_t i, double scale, size_t& at) {
    values_[row * count_ + i] += static_cast<double>(bank_.taps[at++]) * scale;
  }

  // body(begin, end, scale) of each run of steps (or blocks).
  template <class Body>
  void ForEachSegment(size_t steps, Body body) {
    if (!kInt16) return body(size_t{0}, steps, 1.0);
    for (const auto& segment : bank_.segments) {
      body(segment.begin, segment.end,
           std::ldexp(1.0, -static_cast<int>(sluice::kFirFractionBits + segment.shift)));
    }
  }
  size_t ReadGroups() {
    const size_t width = kInt16 ? 2 : 1;
    const size_t passes = (bank_.outputs + sluice::kFirMaxPass - 1) / sluice::kFirMaxPass;
    size_t at = 0;
    for (size_t pass = 0, first = 0; pass < passes; ++pass) {
      const size_t size = (bank_.outputs - first + passes - pass - 1) / (passes - pass);
      ForEachSegment(bank_.steps(), [&](size_t begin, size_t end, double scale) {
        for (size_t frame = begin * bank_.inputs; frame < end * bank_.inputs; frame += width) {
          for (size_t p = first; p < first + size; ++p) {
            for (size_t i = 0; i < width; ++i) Add(p, frame + i, scale, at);
          }
        }
      });
      first += size;
    }
    return at;
  }
  size_t ReadWindows() {
    size_t at = 0;
    for (size_t window = 0; window < bank_.windows; ++window) {
      ForEachSegment(count_ / sluice::kFirBlock, [&](size_t begin, size_t end, double scale) {
        for (size_t block = begin; block < end; ++block) {
          for (size_t output = 0; output < bank_.window_outputs; ++output) {
            for (size_t i = 0; i < sluice::kFirBlock; ++i) {
              Add(window * bank_.window_outputs + output, block * sluice::kFirBlock + i, scale, at);
            }
          }
        }
      });
    }
    return at;
  }

  const FirBank<Sample>& bank_;
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

// Of a real sequence about 0 (index n holds its value at n, negative n from the end): bins 0 to n / 2 + 1.
std::vector<Complex> Transform(std::vector<Complex> sequence) {
  Fft(sequence);
  sequence.resize(sequence.size() / 2 + 2);
  return sequence;
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

// Of the taps of `phases` consecutive outputs, each phase once, which were cut from one prototype on a
// lattice of `phases` points an input frame: the gain at frequencies from 0 to half the lattice's rate.
struct Response {
  std::vector<double> gains;  // may be negative: the taps are symmetric, so there is no phase
  double bin = 0;             // of the lower Nyquist frequency
};

template <class Sample>
Response ResponseOfWindows(const FirBank<Sample>& bank, const Taps<Sample>& taps, size_t first_output) {
  std::vector<Complex> lattice(std::bit_ceil(4 * taps.count() * bank.phases));  // 4 bins a side lobe
  for (size_t k = first_output; k < first_output + bank.phases; ++k) {
    const size_t window = k / bank.window_outputs;
    const size_t instant =  // from the frame that the window counts from
        bank.interpolated
            ? k
            : window * bank.window_outputs * bank.down % bank.up + k % bank.window_outputs * bank.down;
    for (size_t i = 0; i < taps.count(); ++i) {
      const ptrdiff_t frame = taps.first_frame() + static_cast<ptrdiff_t>(i);
      const ptrdiff_t point = static_cast<ptrdiff_t>(instant) - frame * static_cast<ptrdiff_t>(bank.phases);
      const auto index = static_cast<size_t>(point) % lattice.size();  // a power of 2, so negatives wrap
      lattice[index] = taps.At(k, i) / static_cast<double>(bank.phases);
    }
  }
  const double bins = static_cast<double>(lattice.size());
  const double lower_nyquist =  // cycles a lattice step
      0.5 * std::min(1.0, static_cast<double>(bank.up) / bank.down) / bank.phases;
  Response response{{}, 1 / bins / lower_nyquist};
  for (const Complex& value : Transform(std::move(lattice))) {
    // Linear interpolation between sub-phases is a filter too: a triangle two sub-phases wide, sinc^2. It
    // repeats the response at every multiple of the sub-phase rate; up to half of it is seen here,
    // RepetitionDb knows the rest.
    const double x = std::numbers::pi * static_cast<double>(response.gains.size()) / bins;
    const double triangle = bank.interpolated && x > 0 ? std::pow(std::sin(x) / x, 2) : 1;
    response.gains.push_back(value.real() * triangle);
  }
  return response;
}

Measured Measure(const Response& response, double pass_edge) {
  const auto& gains = response.gains;
  Measured measured;
  for (size_t bin = 1; bin + 1 < gains.size(); ++bin) {
    measured.See(pass_edge, static_cast<double>(bin) * response.bin, gains[bin - 1], gains[bin],
                 gains[bin + 1]);
  }
  return measured;
}

// Its response above the lower Nyquist frequency is every alias and image there is. Windows of several
// outputs hold each phase up to four times, at other places in the blocks and so perhaps rounded otherwise.
// What any mean of their responses is worth the worst of them is; and where they differ is an image as well,
// by at most half the largest difference.
template <class Sample>
Measured MeasureWindows(const FirBank<Sample>& bank, double pass_edge) {
  const Taps<Sample> taps(bank);
  const Response first = ResponseOfWindows(bank, taps, 0);
  Measured worst = Measure(first, pass_edge);
  if (bank.interpolated) return worst;  // its last window is the next frame's first
  for (size_t output = bank.phases; output + bank.phases <= taps.rows(); output += bank.phases) {
    const Response other = ResponseOfWindows(bank, taps, output);
    worst.See(Measure(other, pass_edge));
    for (size_t bin = 0; bin < other.gains.size(); ++bin) {
      const double difference = (other.gains[bin] - first.gains[bin]) / 2;
      worst.See(0, 1, difference, difference, difference);
    }
  }
  return worst;
}

// Each output p of a group has a response of its own to a tone: what it should be, times G_p. A tone then
// comes out at its own frequency with the mean of the G_p, and at L - 1 others with the other terms of their
// Fourier series. Those others are images or aliases whatever the tone; the tone itself is an alias from the
// lower Nyquist frequency up.
template <class Sample>
Measured MeasureGroups(const FirBank<Sample>& bank, const std::vector<std::vector<Complex>>& rows,
                       size_t bins, double pass_edge) {
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

template <class Sample>
Measured MeasureGroups(const FirBank<Sample>& bank, double pass_edge) {
  const Taps<Sample> taps(bank);
  const size_t bins = std::bit_ceil(8 * taps.count());
  std::vector<std::vector<Complex>> rows;
  for (size_t p = 0; p < bank.outputs; ++p) {
    std::vector<Complex> row(bins);
    for (size_t i = 0; i < taps.count(); ++i) {
      row[static_cast<size_t>(taps.first_frame() + static_cast<ptrdiff_t>(i)) % bins] = taps.At(p, i);
    }
    rows.push_back(Transform(std::move(row)));
  }
  return MeasureGroups(bank, rows, bins, pass_edge);
}

template <class Sample>
Measured Measure(const FirBank<Sample>& bank, double pass_edge) {
  return bank.grouped ? MeasureGroups(bank, pass_edge) : MeasureWindows(bank, pass_edge);
}

template <class Sample>
size_t LatencyFrames(const FirBank<Sample>& bank) {
  return bank.grouped ? (bank.groups_after + 1) * bank.inputs - 1 - bank.origin : bank.frames_after;
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
template <class Sample>
void CheckGates() {
  const bool table = std::getenv("SLUICE_TABLE") != nullptr;
  for (const Gates& gates : GatesOf<Sample>()) {
    Worst ripple, stop, latency;
    std::map<const FirBank<Sample>*, Measured> known;
    for (const uint32_t from_hz : kRates) {
      for (const uint32_t to_hz : kRates) {
        if (from_hz == to_hz) continue;
        const auto bank = GetFirBank<Sample>(from_hz, to_hz, gates.quality);
        if (!known.contains(bank.get())) known[bank.get()] = Measure(*bank, gates.pass_edge);
        const Measured& measured = known[bank.get()];
        const std::string pair = PairName(from_hz, to_hz);
        const double latency_ms = 1000.0 * static_cast<double>(LatencyFrames(*bank)) / from_hz;
        ripple.See(measured.ripple_db, pair);
        stop.See(measured.stop_db, pair);
        latency.See(latency_ms, pair);
        if (!table) continue;
        std::printf("| %s | %u | %u | %.1f | %.6f | %.2f | %zu |\n", gates.name, from_hz, to_hz,
                    measured.stop_db, measured.ripple_db, latency_ms, Taps<Sample>(*bank).count());
      }
    }
    CheckWorst("ripple, dB", gates, ripple, gates.ripple_db);
    CheckWorst("alias or image, dB", gates, stop, gates.stop_db);
    CheckWorst("latency, ms", gates, latency, gates.latency_ms);
    if (!table) continue;
    std::printf("%s: alias or image %.2f dB (%s), ripple %.6f dB (%s), latency %.2f ms (%s)\n", gates.name,
                stop.value, stop.pair.c_str(), ripple.value, ripple.pair.c_str(), latency.value,
                latency.pair.c_str());
  }
}

TEST_ONCE("FirBank float32 meets its gates at every pair and quality") { CheckGates<float>(); }
TEST_ONCE("FirBank int16 meets its gates at every pair and quality") { CheckGates<int16_t>(); }

// The strongest repetition of an interpolated bank's response: the pass band beside the sub-phase rate, where
// sinc^2 is about (f / rate)^2.
template <class Sample>
double RepetitionDb(const FirBank<Sample>& bank) {
  const double lower_nyquist = 0.5 * std::min(1.0, static_cast<double>(bank.up) / bank.down) / bank.phases;
  double worst = 0;
  for (double f = 1 - lower_nyquist; f < 1; f += lower_nyquist / 64) {
    const double x = std::numbers::pi * f;
    worst = std::max(worst, std::pow(std::sin(x) / x, 2));
  }
  return Db(worst);
}

// Towards a higher rate all interpolated banks hold the same taps; towards a lower one they differ.
template <class Sample>
void CheckInterpolatedGates(double stop_limit_db) {
  constexpr std::array<std::array<uint32_t, 2>, 4> kPairs = {
      {{44101, 48000}, {48000, 44101}, {191999, 8000}, {191999, 1000}}};
  for (const Gates& gates : GatesOf<Sample>()) {
    Worst ripple, stop;
    for (const auto& [from_hz, to_hz] : kPairs) {
      const auto bank = GetFirBank<Sample>(from_hz, to_hz, gates.quality);
      CHECK(bank->interpolated);
      CHECK_LE(bank->windows * bank->taps_per_window, sluice::kMaxExactTaps + bank->taps_per_window);
      const Measured measured = MeasureWindows(*bank, gates.pass_edge);
      const std::string pair = PairName(from_hz, to_hz);
      ripple.See(measured.ripple_db, pair);
      stop.See(std::max(measured.stop_db, RepetitionDb(*bank)), pair);
    }
    CheckWorst("interpolated ripple, dB", gates, ripple, gates.ripple_db);
    CheckWorst("interpolated alias or image, dB", gates, stop, std::max(gates.stop_db, stop_limit_db));
    if (std::getenv("SLUICE_TABLE") == nullptr) continue;
    std::printf("%s interpolated: alias or image %.2f dB (%s), ripple %.6f dB (%s)\n", gates.name, stop.value,
                stop.pair.c_str(), ripple.value, ripple.pair.c_str());
  }
}

TEST_ONCE("FirBank float32 meets its gates when interpolated") { CheckInterpolatedGates<float>(-200); }
// Their taps are too many for the noise limit of `best`: -100 dB will do there.
TEST_ONCE("FirBank int16 meets its gates when interpolated") { CheckInterpolatedGates<int16_t>(-100); }

TEST_ONCE("FirBank is exact up to its limits and interpolated beyond") {
  const auto exact = [](uint32_t from_hz, uint32_t to_hz) {
    return !GetFirBank<float>(from_hz, to_hz, ResamplerQuality::kDefault)->interpolated;
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

TEST_ONCE("FirBank depends on the ratio alone and is shared") {
  const auto bank = GetFirBank<float>(24000, 16000, ResamplerQuality::kDefault);
  CHECK(bank == GetFirBank<float>(48000, 32000, ResamplerQuality::kDefault));
  CHECK(bank != GetFirBank<float>(24000, 16000, ResamplerQuality::kFast));
  CHECK(bank != GetFirBank<float>(16000, 24000, ResamplerQuality::kDefault));
}

TEST_ONCE("FirBank cache is bounded and lets go of the oldest") {
  const std::weak_ptr<const FirBank<float>> oldest = GetFirBank<float>(7919, 7907, ResamplerQuality::kFast);
  CHECK(!oldest.expired());
  // Rates without a common factor: every bank is a new one, and 20 MB hold fewer than these.
  size_t bytes = 0;
  uint32_t to_hz = 100003;
  for (; bytes < (size_t{20} << 20); to_hz += 2) {
    const auto bank = GetFirBank<float>(65536, to_hz, ResamplerQuality::kBest);
    bytes += bank->Bytes();
  }
  CHECK(oldest.expired());
  const std::weak_ptr<const FirBank<float>> youngest =
      GetFirBank<float>(65536, to_hz - 2, ResamplerQuality::kBest);
  CHECK(!youngest.expired());
}

// All four begin while the first still designs (some 20 ms); they must end up with one bank.
TEST_ONCE("FirBank cache serves threads") {
  std::array<std::shared_ptr<const FirBank<float>>, 4> banks;
  std::vector<std::thread> threads;
  for (auto& bank : banks) {
    threads.emplace_back([&bank] { bank = GetFirBank<float>(32017, 8009, ResamplerQuality::kBest); });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& bank : banks) CHECK(bank == banks[0]);
}

// Per accumulator, as the kernels have them: an output of a group; a lane (two taps of each block) of a
// window.
void CheckSegmentSums(const FirBank<int16_t>& bank) {
  const size_t outputs = bank.grouped ? bank.outputs : bank.window_outputs;
  const size_t passes =
      bank.grouped ? (outputs + sluice::kFirMaxPass - 1) / sluice::kFirMaxPass : bank.windows;
  const auto* tap = bank.taps.data();
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
  CHECK(tap == bank.taps.data() + bank.taps.size());
  CHECK_LE(worst, 65535.0);
}

TEST_ONCE("FirBank has no latency that no tap needs") {
  for (const uint32_t from_hz : kRates) {
    for (const uint32_t to_hz : kRates) {
      if (from_hz == to_hz) continue;
      const auto bank = GetFirBank<float>(from_hz, to_hz, ResamplerQuality::kDefault);
      const Taps<float> taps(*bank);
      bool used = false;
      for (size_t row = 0; row < taps.rows(); ++row) used |= taps.At(row, taps.count() - 1) != 0;
      CHECK(used);
    }
  }
}

// For any samples: the sums of a segment stay within int32, and so does the total.
TEST_ONCE("FirBank int16 taps cannot overflow") {
  for (const auto quality : {ResamplerQuality::kFast, ResamplerQuality::kDefault, ResamplerQuality::kBest}) {
    for (const uint32_t from_hz : kRates) {
      for (const uint32_t to_hz : kRates) {
        if (from_hz == to_hz) continue;
        const auto bank = GetFirBank<int16_t>(from_hz, to_hz, quality);
        const Taps<int16_t> taps(*bank);
        double largest_total = 0;
        for (size_t row = 0; row < taps.rows(); ++row) {
          double sum = 0;
          for (size_t i = 0; i < taps.count(); ++i) sum += std::abs(taps.At(row, i));
          largest_total = std::max(largest_total, sum);
        }
        CHECK(largest_total < 4);  // times 2^15 times 2^kFirFractionBits: below 2^30
        for (const int16_t tap : bank->taps) CHECK(tap > -32768);
        CheckSegmentSums(*bank);
      }
    }
  }
}

}  // namespace
