// How many times faster than real time does one thread resample, ours beside soxr, speexdsp, libsamplerate
// and swresample, and what is each one's output worth? Prints one JSON object a line for
// bench/native/resample-peers.mjs, which judges the figures and shows them; docs/benchmarks.md says what each
// one means.
//
//   resample_bench [--all] [--gates] [--turns N]     SLUICE_SIMD=LEVEL chooses our kernels
//     --all      all 42 pairs of the seven usual rates; else the ten that speed targets are stated for
//     --gates    only the contenders that a target is stated with
//     --turns N  slices of each contender a measurement (31)
//   resample_bench --levels                          the levels this machine can run, the best last
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <memory>
#include <new>
#include <random>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "converters.h"
#include "core/resampler.h"
#include "core/simd/simd_level.h"
#include "quality.h"

namespace {
std::atomic<size_t> allocations = 0;
}  // namespace

void* operator new(size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(bytes)) return memory;
  std::abort();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

#if !defined(_MSC_VER)  // which frees aligned memory by another function
void* operator new(size_t bytes, std::align_val_t alignment) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  const auto align = static_cast<size_t>(alignment);
  if (void* memory = std::aligned_alloc(align, (bytes + align - 1) / align * align)) return memory;
  std::abort();
}
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }
#endif

namespace {

using bench::Contender;
using bench::Converter;

struct Pair {
  uint32_t from_hz;
  uint32_t to_hz;
  bool operator==(const Pair&) const = default;
};

// The ten that speed targets are stated for: what speech services, telephony and recordings meet most.
constexpr std::array kPairs = {Pair{48000, 24000}, Pair{24000, 48000}, Pair{16000, 24000}, Pair{8000, 24000},
                               Pair{24000, 8000},  Pair{24000, 16000}, Pair{48000, 8000},  Pair{48000, 16000},
                               Pair{44100, 24000}, Pair{22050, 24000}};
constexpr std::array<uint32_t, 7> kRates = {8000, 16000, 22050, 24000, 32000, 44100, 48000};

constexpr std::array<uint32_t, 3> kBlocksMs = {20, 80, 10000};  // the last: a whole recording in one call

struct Options {
  bool all = false;
  bool gates = false;
  size_t turns = 31;
};

// Of this thread's own work where the system can tell: a neighbour who takes the processor away is not
// counted. All contenders work in the calling thread.
double NowNs() {
#if defined(CLOCK_THREAD_CPUTIME_ID)
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e9 * static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec);
#else
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
#endif
}

template <class Body>
double TimeNs(size_t calls, const Body& body) {
  const double start = NowNs();
  for (size_t i = 0; i < calls; ++i) body();
  return NowNs() - start;
}

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

struct Timing {
  double median_ns = 0;  // of one call
  double best_ns = 0;
};

constexpr double kSliceNs = 2e6;   // reading the clock vanishes in it; many fit between two changes of pace
constexpr double kWarmUpNs = 5e6;  // fills caches and raises the clock
constexpr double kMaxRaceNs = 150e6;  // of one contender: the slow ones take fewer turns

class Racer {
 public:
  Racer(std::function<void()> body, size_t turns) : body_(std::move(body)), turns_(turns) {
    double spent = 0;
    size_t calls = 0;
    for (; spent < kWarmUpNs; ++calls) spent += TimeNs(1, body_);
    const double call_ns = spent / static_cast<double>(calls);
    calls_ = static_cast<size_t>(std::ceil(kSliceNs / call_ns));
    const double slice_ns = call_ns * static_cast<double>(calls_);
    slices_ = std::clamp(static_cast<size_t>(kMaxRaceNs / slice_ns), std::min<size_t>(3, turns), turns);
  }

  // Slices are spread evenly over the turns.
  void TakeTurn(size_t turn) {
    if (turn * slices_ / turns_ == (turn + 1) * slices_ / turns_) return;
    times_.push_back(TimeNs(calls_, body_) / static_cast<double>(calls_));
  }

  Timing Result() const { return {Median(times_), *std::min_element(times_.begin(), times_.end())}; }

 private:
  std::function<void()> body_;
  size_t turns_;
  size_t calls_ = 1;
  size_t slices_ = 1;
  std::vector<double> times_;
};

// Tones and noise at a speech-like level; zeros and denormals would flatter some.
template <class Sample>
std::vector<Sample> Material(size_t samples) {
  std::mt19937 random(1);
  std::vector<Sample> material(samples);
  for (size_t n = 0; n < samples; ++n) {
    const double noise = (static_cast<double>(random()) / 4294967296.0 - 0.5) * 0.05;
    const double value = 0.2 * std::sin(0.05 * static_cast<double>(n)) + noise;
    material[n] = static_cast<Sample>(std::is_same_v<Sample, float> ? value : std::round(32768 * value));
  }
  return material;
}

// A running stream that is fed the same block again and again.
template <class Sample>
std::function<void()> Stream(const bench::Factory<Sample>& make, Pair pair, size_t channels,
                             uint32_t block_ms) {
  const size_t frames = size_t{pair.from_hz} * block_ms / 1000;
  const std::shared_ptr<Converter<Sample>> converter = make(pair.from_hz, pair.to_hz);
  // One second beyond the block's own output: soxr gives in bursts what it held back.
  auto output =
      std::make_shared<std::vector<Sample>>((size_t{pair.to_hz} * block_ms / 1000 + pair.to_hz) * channels);
  auto input = std::make_shared<std::vector<Sample>>(Material<Sample>(frames * channels));
  return [=] { converter->Process(*input, *output); };
}

std::function<void()> Stream(const Contender& contender, Pair pair, uint32_t block_ms) {
  return contender.int16 ? Stream(contender.int16, pair, contender.channels, block_ms)
                         : Stream(contender.float32, pair, contender.channels, block_ms);
}

std::vector<Timing> Race(const std::vector<Contender>& contenders, Pair pair, uint32_t block_ms,
                         size_t turns) {
  std::vector<Racer> racers;
  for (const Contender& contender : contenders) racers.emplace_back(Stream(contender, pair, block_ms), turns);
  for (size_t turn = 0; turn < turns; ++turn) {
    for (Racer& racer : racers) racer.TakeTurn(turn);
  }
  std::vector<Timing> timings;
  for (const Racer& racer : racers) timings.push_back(racer.Result());
  return timings;
}

// Microseconds to make one more converter of a kind that the process has made before.
double CreateUs(const Contender& contender, Pair pair) {
  std::vector<double> times;
  for (int i = 0; i < 5; ++i) {
    times.push_back(TimeNs(1, [&] {
      if (contender.int16) {
        contender.int16(pair.from_hz, pair.to_hz);
      } else {
        contender.float32(pair.from_hz, pair.to_hz);
      }
    }));
  }
  return Median(times) / 1000;
}

bench::Quality Judge(const Contender& contender, const Contender& mono, Pair pair) {
  if (contender.float32) return bench::Judge<float>(contender.float32, pair.from_hz, pair.to_hz);
  if (contender.channels == 1) return bench::Judge<int16_t>(contender.int16, pair.from_hz, pair.to_hz);
  // As good as the mono one, as long as it gives the same samples.
  bench::Quality quality = bench::Judge<int16_t>(mono.int16, pair.from_hz, pair.to_hz);
  quality.channels_agree = bench::ChannelsAgree(contender, mono, pair.from_hz, pair.to_hz);
  return quality;
}

void PrintRow(Pair pair, const Contender& contender, const bench::Quality& quality, double create_us,
              std::span<const Timing> timings) {
  std::printf(R"({"fromHz":%u,"toHz":%u,"contender":"%s","channels":%zu,)", pair.from_hz, pair.to_hz,
              contender.name.c_str(), contender.channels);
  const auto json = [](bool value) { return value ? "true" : "false"; };
  std::printf(R"("snrDb":%.2f,"residualDb":%.1f,"latencyMs":%.3f,"offsetMs":%.4f,)", quality.snr_db,
              quality.residual_db, quality.latency_ms, quality.offset_ms);
  std::printf(R"("sameInAnyBlocks":%s,"channelsAgree":%s,)", json(quality.any_blocks),
              json(quality.channels_agree));
  std::printf(R"("passBand":[)");
  for (size_t i = 0; i < bench::kPassBand.size(); ++i) {
    std::printf("%s[%g,%.6f]", i == 0 ? "" : ",", bench::kPassBand[i], quality.gain_db[i]);
  }
  std::printf(R"(],"createUs":%.1f,"blocks":[)", create_us);
  for (size_t i = 0; i < kBlocksMs.size(); ++i) {
    const double block_ns = 1e6 * kBlocksMs[i];
    std::printf(R"(%s{"blockMs":%u,"xRealTime":%.1f,"bestXRealTime":%.1f})", i == 0 ? "" : ",", kBlocksMs[i],
                block_ns / timings[i].median_ns, block_ns / timings[i].best_ns);
  }
  std::printf("]}\n");
  std::fflush(stdout);
}

void Measure(const std::vector<Contender>& contenders, Pair pair, size_t turns) {
  std::vector<bench::Quality> qualities;
  std::vector<double> create_us;
  for (const Contender& contender : contenders) {
    qualities.push_back(Judge(contender, contenders.front(), pair));
    create_us.push_back(CreateUs(contender, pair));
  }
  std::vector<std::vector<Timing>> timings(contenders.size());
  for (const uint32_t block_ms : kBlocksMs) {
    const auto race = Race(contenders, pair, block_ms, turns);
    for (size_t c = 0; c < contenders.size(); ++c) timings[c].push_back(race[c]);
  }
  for (size_t c = 0; c < contenders.size(); ++c) {
    PrintRow(pair, contenders[c], qualities[c], create_us[c], timings[c]);
  }
}

// Calls of operator new inside Process, over blocks of many sizes; there must be none.
template <class Sample>
size_t AllocationsInProcess(sluice::Resampler<Sample>& resampler) {
  const size_t channels = resampler.channels();
  size_t inside = 0;
  for (const size_t frames : {1, 7, 160, 441, 3840, 100000, 3}) {
    const auto input = Material<Sample>(frames * channels);
    std::vector<Sample> output(resampler.MaxOutputFrames(frames) * channels);
    const size_t before = allocations.load();
    const bool ok = resampler.Process(std::span<const Sample>(input), std::span<Sample>(output)).ok();
    inside += allocations.load() - before;
    if (!ok) ++inside;  // an error would hide what the work allocates
  }
  return inside;
}

struct Memory {
  size_t allocations = 0;  // in Process, over all qualities, mono and stereo
  size_t state_bytes = 0;  // mono, default quality
};

template <class Sample>
Memory MemoryOf(Pair pair) {
  using enum sluice::ResamplerQuality;
  Memory memory;
  for (const uint32_t channels : {1U, 2U}) {
    for (const auto quality : {kFast, kBest, kDefault}) {
      auto made = sluice::Resampler<Sample>::Create({pair.from_hz, pair.to_hz, channels, quality});
      memory.allocations += AllocationsInProcess(made.value());
      if (channels == 1 && quality == kDefault) memory.state_bytes = made.value().StateBytes();
    }
  }
  return memory;
}

void PrintMemory(Pair pair) {
  const Memory int16 = MemoryOf<int16_t>(pair);
  const Memory float32 = MemoryOf<float>(pair);
  std::printf(R"({"fromHz":%u,"toHz":%u,"stateBytes":%zu,"allocationsInProcess":%zu})"
              "\n",
              pair.from_hz, pair.to_hz, std::max(int16.state_bytes, float32.state_bytes),
              int16.allocations + float32.allocations);
}

void PrintHeader() {
#if defined(__clang__)
  const char* compiler = "clang " __clang_version__;
#elif defined(__GNUC__)
  const char* compiler = "gcc " __VERSION__;
#else
  const char* compiler = "another compiler";
#endif
  std::printf(R"({"level":"%s","compiler":"%s","peers":"%s","missing":[)",
              std::string(sluice::SimdLevelName(sluice::ActiveSimdLevel())).c_str(), compiler,
              bench::PeerVersions().c_str());
  const char* separator = "";
  for (const bench::MissingPeer& peer : bench::MissingPeers()) {
    std::printf(R"(%s{"name":"%s","debianPackage":"%s"})", separator, peer.name, peer.debian_package);
    separator = ",";
  }
  std::printf("]}\n");
}

void PrintLevels() {
  for (const sluice::SimdLevel level : sluice::RunnableSimdLevels()) {
    std::printf("%s\n", std::string(sluice::SimdLevelName(level)).c_str());
  }
}

std::vector<Pair> PairsToMeasure(bool all) {
  std::vector<Pair> pairs(kPairs.begin(), kPairs.end());
  if (!all) return pairs;
  for (const uint32_t from_hz : kRates) {
    for (const uint32_t to_hz : kRates) {
      const Pair pair = {from_hz, to_hz};
      if (from_hz != to_hz && std::find(pairs.begin(), pairs.end(), pair) == pairs.end())
        pairs.push_back(pair);
    }
  }
  return pairs;
}

Options ReadOptions(std::span<char*> arguments) {
  Options options;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string argument = arguments[i];
    if (argument == "--all") {
      options.all = true;
    } else if (argument == "--gates") {
      options.gates = true;
    } else if (argument == "--turns" && i + 1 < arguments.size() && std::atoi(arguments[i + 1]) > 0) {
      options.turns = static_cast<size_t>(std::atoi(arguments[++i]));
    } else {
      std::fprintf(stderr, "usage: resample_bench [--all] [--gates] [--turns N] | --levels\n");
      std::exit(2);
    }
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--levels") == 0) {
    PrintLevels();
    return 0;
  }
  const Options options = ReadOptions({argv + 1, static_cast<size_t>(argc - 1)});
  if (const std::string problem = sluice::ActiveSimdChoice().problem; !problem.empty()) {
    std::fprintf(stderr, "%s\n", problem.c_str());
    return 2;
  }
  PrintHeader();
  std::vector<Contender> contenders = bench::Contenders();
  if (options.gates) std::erase_if(contenders, [](const Contender& contender) { return !contender.gate; });
  const std::vector<Pair> pairs = PairsToMeasure(options.all);
  for (const Pair pair : pairs) {
    PrintMemory(pair);
    Measure(contenders, pair, options.turns);
  }
}
