#include "quality.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numbers>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace bench {
namespace {

constexpr double kFullScale = 32768;  // of int16; float32 is 1

// Every tone has a whole number of Hz and every analysis a whole number of seconds, so that tones are
// orthogonal: correlation is the least-squares fit, without any window, and what one bin holds cannot leak
// into another. 16-bit rounding leaves some -98 dB in all, spread over the bins: -130 dB and less in each.
constexpr size_t kSettleSeconds = 1;  // dropped at the start: longer than any converter's filter
constexpr size_t kAnalysisSeconds = 2;
constexpr size_t kInputMs = 3500;  // leaves 500 ms for what a converter holds back
constexpr size_t kLongSeconds = 10;
constexpr size_t kLongAnalysisSeconds = 8;
constexpr std::array<size_t, 3> kPiecesMs = {20, 80, 1000 * kLongSeconds};  // as they are timed
constexpr double kQuietestDb = -200;

double Db(double amplitude) {
  return amplitude <= 0 ? kQuietestDb : std::max(kQuietestDb, 20 * std::log10(amplitude));
}
double FromDb(double db) { return std::pow(10, db / 20); }

struct Tone {
  uint32_t hz;
  double amplitude;  // of full scale
};

// One second of a 1 Hz sine and cosine: at whole numbers of Hz every other tone is a walk through it.
struct Waves {
  explicit Waves(uint32_t rate_hz) : sine(rate_hz), cosine(rate_hz) {
    for (uint32_t k = 0; k < rate_hz; ++k) {
      const double angle = 2 * std::numbers::pi * k / rate_hz;
      sine[k] = std::sin(angle);
      cosine[k] = std::cos(angle);
    }
  }

  // Calls body(n, index into the tables) for n = 0 .. count - 1.
  template <class Body>
  void Walk(uint32_t hz, size_t count, Body body) const {
    size_t index = 0;
    for (size_t n = 0; n < count; ++n) {
      body(n, index);
      index += hz;
      if (index >= sine.size()) index -= sine.size();
    }
  }

  std::vector<double> sine;
  std::vector<double> cosine;
};

template <class Sample>
Sample FromDouble(double value) {
  if constexpr (std::is_same_v<Sample, float>) {
    return static_cast<float>(value);
  } else {
    return static_cast<int16_t>(std::lrint(value * kFullScale));
  }
}

double ToDouble(float sample) { return sample; }
double ToDouble(int16_t sample) { return sample / kFullScale; }

template <class Sample>
std::vector<Sample> Signal(std::span<const Tone> tones, const Waves& waves, size_t frames) {
  std::vector<double> sum(frames);
  for (const Tone& tone : tones) {
    waves.Walk(tone.hz, frames,
               [&](size_t n, size_t index) { sum[n] += tone.amplitude * waves.sine[index]; });
  }
  std::vector<Sample> samples(frames);
  for (size_t n = 0; n < frames; ++n) samples[n] = FromDouble<Sample>(sum[n]);
  return samples;
}

// Runs `input` through a new converter in pieces. `see(fed, received)` hears of each, in frames.
template <class Sample, class See>
std::vector<Sample> Convert(const Factory<Sample>& make, uint32_t from_hz, uint32_t to_hz,
                            std::span<const Sample> input, size_t channels, size_t piece_frames, See see) {
  const auto converter = make(from_hz, to_hz);
  const size_t frames = input.size() / channels;
  std::vector<Sample> output((frames * to_hz / from_hz + to_hz) * channels);
  size_t fed = 0;
  size_t received = 0;
  while (fed < frames) {
    const size_t count = std::min(piece_frames, frames - fed);
    received += converter->Process(input.subspan(fed * channels, count * channels),
                                   std::span(output).subspan(received));
    fed += count;
    see(fed, received / channels);
  }
  output.resize(received);
  return output;
}

template <class Sample>
std::vector<Sample> Convert(const Factory<Sample>& make, uint32_t from_hz, uint32_t to_hz,
                            std::span<const Sample> input, size_t channels = 1, size_t piece_ms = 20) {
  return Convert(make, from_hz, to_hz, input, channels, from_hz * piece_ms / 1000, [](size_t, size_t) {});
}

// The steady part of an output.
class Analysis {
 public:
  template <class Sample>
  Analysis(const std::vector<Sample>& output, uint32_t rate_hz, const Waves& waves,
           size_t seconds = kAnalysisSeconds)
      : waves_(waves) {
    const size_t from = rate_hz * kSettleSeconds;
    const size_t count = std::min(output.size() - std::min(from, output.size()), rate_hz * seconds);
    for (size_t n = 0; n < count; ++n) samples_.push_back(ToDouble(output[from + n]));
    // A converter that gave too little has silence there, and an error as large as the signal.
    samples_.resize(rate_hz * seconds);
  }

  double Amplitude(uint32_t hz) const {
    const Fit fit = FitSine(hz);
    return std::hypot(fit.sine, fit.cosine);
  }

  // Of the part that swings with the sine fed, which begins `late_ms` later in the output's time. (The steady
  // part begins at a whole second, and so with a period.)
  double InPhase(uint32_t hz, double late_ms) const {
    const Fit fit = FitSine(hz);
    const double angle = 2 * std::numbers::pi * hz * late_ms / 1000;
    return fit.sine * std::cos(angle) - fit.cosine * std::sin(angle);
  }

  double SnrDb(uint32_t hz) const {
    const Fit fit = FitSine(hz);
    double signal = 0;
    double error = 1e-30;
    waves_.Walk(hz, samples_.size(), [&](size_t n, size_t index) {
      const double wanted = fit.sine * waves_.sine[index] + fit.cosine * waves_.cosine[index];
      signal += wanted * wanted;
      error += (samples_[n] - wanted) * (samples_[n] - wanted);
    });
    return 10 * std::log10((signal + 1e-30) / error);
  }

 private:
  struct Fit {
    double sine;
    double cosine;
  };
  Fit FitSine(uint32_t hz) const {
    Fit sum = {0, 0};
    waves_.Walk(hz, samples_.size(), [&](size_t n, size_t index) {
      sum.sine += samples_[n] * waves_.sine[index];
      sum.cosine += samples_[n] * waves_.cosine[index];
    });
    const double scale = 2.0 / static_cast<double>(samples_.size());
    return {sum.sine * scale, sum.cosine * scale};
  }

  const Waves& waves_;
  std::vector<double> samples_;
};

// Tones share no divisor: else 16-bit rounding repeats within the second, and gathers in few bins instead of
// all.
uint32_t LargestPrimeUpTo(double hz) {
  const auto is_prime = [](uint32_t n) {
    for (uint32_t d = 2; d * d <= n; ++d) {
      if (n % d == 0) return false;
    }
    return true;
  };
  auto prime = static_cast<uint32_t>(hz);
  while (!is_prime(prime)) --prime;
  return prime;
}

// Where a frequency is heard at a rate: the spectrum folded at half of it.
uint32_t Fold(uint32_t hz, uint32_t rate_hz) {
  const uint32_t rest = hz % rate_hz;
  return std::min(rest, rate_hz - rest);
}

// Where all that a converter must take out of a tone at `hz`, sampled at from_hz, would be heard: the tone
// itself when to_hz cannot hold it, and the repetitions of its spectrum around the first multiples of from_hz
// (8 kHz to 48 kHz, the widest step, has three below its Nyquist frequency).
std::vector<uint32_t> UnwantedHz(uint32_t hz, uint32_t from_hz, uint32_t to_hz) {
  std::vector<uint32_t> unwanted;
  if (2 * hz > to_hz) unwanted.push_back(Fold(hz, to_hz));
  for (uint32_t multiple = 1; multiple <= 8; ++multiple) {
    unwanted.push_back(Fold(multiple * from_hz - hz, to_hz));
    unwanted.push_back(Fold(multiple * from_hz + hz, to_hz));
  }
  return unwanted;
}

template <class Sample>
class Judging {
 public:
  Judging(const Factory<Sample>& make, uint32_t from_hz, uint32_t to_hz)
      : make_(make), from_hz_(from_hz), to_hz_(to_hz), in_waves_(from_hz), out_waves_(to_hz) {}

  Quality Run() const {
    Quality quality;
    Timing(quality);
    LongTone(quality);
    quality.residual_db = ResidualDb();
    PassBand(quality);
    quality.saturates = Saturates(quality.offset_ms);
    return quality;
  }

 private:
  static constexpr uint32_t kTestHz = 997;  // a prime, as EBU and AES tests have it

  double LowerNyquistHz() const { return 0.5 * std::min(from_hz_, to_hz_); }

  Analysis Analyse(const std::vector<Tone>& tones) const {
    const auto input = Signal<Sample>(tones, in_waves_, from_hz_ * kInputMs / 1000);
    return Analysis(Convert<Sample>(make_, from_hz_, to_hz_, input), to_hz_, out_waves_);
  }

  // A residue of less than half a step of int16 would round away. The second tone keeps the output moving, so
  // that rounding becomes noise and what hides in it can be averaged out.
  double ResidualDb() const {
    constexpr double kToneDb = -3;
    constexpr double kMovingDb = -15;
    double worst = kQuietestDb;
    for (const double part : {0.5, 0.7, 0.9, 0.98, 1.02, 1.1, 1.3, 1.7, 2.3}) {
      const auto hz = LargestPrimeUpTo(part * LowerNyquistHz());
      if (2 * hz >= from_hz_) continue;
      const Analysis analysis = Analyse({{hz, FromDb(kToneDb)}, {kTestHz, FromDb(kMovingDb)}});
      for (const uint32_t unwanted : UnwantedHz(hz, from_hz_, to_hz_)) {
        if (unwanted == kTestHz || unwanted == hz || unwanted == 0) continue;
        worst = std::max(worst, Db(analysis.Amplitude(unwanted)) - kToneDb);
      }
    }
    return worst;
  }

  void PassBand(Quality& quality) const {
    constexpr double kToneDb = -24;  // 11 of them: 0.69 of full scale when all peaks meet
    std::vector<Tone> tones;
    for (const double part : kPassBand) {
      tones.push_back({LargestPrimeUpTo(part * LowerNyquistHz()), FromDb(kToneDb)});
    }
    const Analysis analysis = Analyse(tones);
    for (size_t t = 0; t < tones.size(); ++t)
      quality.gain_db[t] = Db(analysis.Amplitude(tones[t].hz)) - kToneDb;
  }

  // A smooth pulse says by its centre of gravity how the output's time lies to the input's. With that known,
  // the next frame to come, `received`, is due for the instant received / to_hz - offset: what was fed beyond
  // it is the lag.
  void Timing(Quality& quality) const {
    constexpr double kCentre = 0.5, kWidth = 0.003;  // seconds
    std::vector<Sample> pulse(from_hz_);
    for (size_t n = 0; n < pulse.size(); ++n) {
      const double t = (static_cast<double>(n) / from_hz_ - kCentre) / kWidth;
      pulse[n] = FromDouble<Sample>(0.5 * std::exp(-0.5 * t * t));
    }
    double lag = 0;
    const auto output =
        Convert<Sample>(make_, from_hz_, to_hz_, pulse, 1, 1, [&](size_t fed, size_t received) {
          lag = std::max(lag, static_cast<double>(fed) / from_hz_ - static_cast<double>(received) / to_hz_);
        });
    double sum = 0;
    double moment = 0;
    for (size_t n = 0; n < output.size(); ++n) {
      const double t = static_cast<double>(n) / to_hz_ - kCentre;
      if (t < -0.04 || t > 0.06)
        continue;  // the pulse and any delay; beyond it rounding noise alone would count
      sum += ToDouble(output[n]);
      moment += t * ToDouble(output[n]);
    }
    const double offset = sum == 0 ? 0 : moment / sum;
    quality.offset_ms = 1000 * offset;
    quality.latency_ms = 1000 * (lag + offset);
  }

  // In each size of piece that is timed: what is fast in long pieces only must be right in long pieces.
  void LongTone(Quality& quality) const {
    const double amplitude = FromDb(-1);
    const auto input =
        Signal<Sample>(std::vector<Tone>{{kTestHz, amplitude}}, in_waves_, from_hz_ * kLongSeconds);
    std::vector<Sample> first;
    quality.snr_db = std::numeric_limits<double>::infinity();
    quality.any_blocks = true;
    for (const size_t piece_ms : kPiecesMs) {
      auto output = Convert<Sample>(make_, from_hz_, to_hz_, input, 1, piece_ms);
      const double received_ms = 1000 * static_cast<double>(output.size()) / to_hz_;
      quality.held_ms = std::max(quality.held_ms, 1000 * kLongSeconds - received_ms);
      const Analysis analysis(output, to_hz_, out_waves_, kLongAnalysisSeconds);
      quality.snr_db = std::min(quality.snr_db, analysis.SnrDb(kTestHz));
      if (first.empty()) {
        quality.in_phase_gain = analysis.InPhase(kTestHz, quality.offset_ms) / amplitude;
        first = std::move(output);
      } else if (output != first) {
        quality.any_blocks = false;
      }
    }
  }

  // What a sharp filter makes of a square overshoots by 9 %. Whatever int16 cannot hold must stay at its end,
  // not come out at the other; between two edges nothing else changes the sign.
  bool Saturates(double offset_ms) const {
    const size_t half_period = from_hz_ / 50;  // 20 ms: a whole number of frames at all of the usual rates
    constexpr bool kFloat = std::is_same_v<Sample, float>;
    constexpr Sample kTop = kFloat ? Sample{1} : std::numeric_limits<Sample>::max();
    constexpr Sample kBottom = kFloat ? Sample{-1} : std::numeric_limits<Sample>::lowest();
    std::vector<Sample> square(from_hz_);
    for (size_t n = 0; n < square.size(); ++n) square[n] = n / half_period % 2 == 0 ? kTop : kBottom;
    const auto output = Convert<Sample>(make_, from_hz_, to_hz_, square);
    if (output.size() < to_hz_ / 2) return false;
    Sample most = 0;
    Sample least = 0;
    for (size_t n = to_hz_ / 10; n < output.size(); ++n) {
      const double frame = (static_cast<double>(n) / to_hz_ - offset_ms / 1000) * from_hz_;
      const double halves =
          (frame + 0.5) / static_cast<double>(half_period);  // an edge lies between two frames
      const double from_edge = std::abs(halves - std::round(halves)) * static_cast<double>(half_period);
      if (from_edge * std::min(1.0, static_cast<double>(to_hz_) / from_hz_) < 0.5)
        continue;  // still on its way
      const bool high = static_cast<int64_t>(std::floor(halves)) % 2 == 0;
      if (high ? output[n] <= 0 : output[n] >= 0) return false;
      most = std::max(most, output[n]);
      least = std::min(least, output[n]);
    }
    return kFloat ? most > kTop && least < kBottom : most == kTop && least == kBottom;
  }

  const Factory<Sample>& make_;
  uint32_t from_hz_;
  uint32_t to_hz_;
  Waves in_waves_;
  Waves out_waves_;
};

}  // namespace

template <class Sample>
Quality Judge(const Factory<Sample>& make, uint32_t from_hz, uint32_t to_hz) {
  return Judging<Sample>(make, from_hz, to_hz).Run();
}

template Quality Judge<int16_t>(const Factory<int16_t>&, uint32_t, uint32_t);
template Quality Judge<float>(const Factory<float>&, uint32_t, uint32_t);

bool ChannelsAgree(const Contender& interleaved, const Contender& mono, uint32_t from_hz, uint32_t to_hz) {
  const Waves waves(from_hz);
  const size_t channels = interleaved.channels;
  std::vector<int16_t> frames(from_hz * kLongSeconds * channels);
  std::vector<std::vector<int16_t>> wanted;
  for (size_t c = 0; c < channels; ++c) {
    const Tone tone = {static_cast<uint32_t>(997 + 310 * c), 0.9};
    const auto channel = Signal<int16_t>(std::span(&tone, 1), waves, from_hz * kLongSeconds);
    for (size_t n = 0; n < channel.size(); ++n) frames[n * channels + c] = channel[n];
    wanted.push_back(Convert<int16_t>(mono.int16, from_hz, to_hz, channel));
  }
  for (const size_t piece_ms : kPiecesMs) {
    const auto output = Convert<int16_t>(interleaved.int16, from_hz, to_hz, frames, channels, piece_ms);
    if (output.size() != wanted[0].size() * channels) return false;
    for (size_t n = 0; n < output.size(); ++n) {
      if (output[n] != wanted[n % channels][n / channels]) return false;
    }
  }
  return true;
}

}  // namespace bench
