// How fast does one thread resample from one rate to another, ours beside soxr, speexdsp, libsamplerate and
// swresample, and what is each one's output worth? Prints one JSON object a line for
// bench/native/resample-peers.mjs, which judges the figures and shows them; docs/benchmarks.md says what each
// one means. One pair of rates a process, so that the first converter of a kind is the first there.
//
//   resample_bench FROM_HZ TO_HZ [--gates] [--spoiled] [--turns N]     SLUICE_SIMD=LEVEL chooses our kernels
//     --gates    only the contenders that a target is stated with
//     --spoiled  converters that are wrong on purpose instead: each must be refused
//     --turns N  slices of each contender a measurement (31); 0: no times
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
};

constexpr std::array<uint32_t, 3> kBlocksMs = {20, 80, 10000};  // the last: a whole recording in one call

struct Options {
  Pair pair = {0, 0};
  bool gates = false;
  bool spoiled = false;
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

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

constexpr double kSliceNs = 2e6;   // reading the clock vanishes in it; many fit between two changes of pace
constexpr double kWarmUpNs = 5e6;  // fills caches and raises the clock
constexpr double kMaxRaceNs = 150e6;  // of one contender: the slow ones take fewer turns

// Times a running stream. `feed` gives it one more block and answers how many frames came of it.
class Racer {
 public:
  Racer(std::function<size_t()> feed, size_t turns) : feed_(std::move(feed)) {
    double spent = 0;
    while (spent < kWarmUpNs) spent += FeedNs(1);
    const double block_ns = spent / static_cast<double>(blocks_);
    blocks_a_slice_ = static_cast<size_t>(std::ceil(kSliceNs / block_ns));
    const double slice_ns = block_ns * static_cast<double>(blocks_a_slice_);
    const double slices = std::max(3.0, std::floor(kMaxRaceNs / slice_ns));
    stride_ = static_cast<size_t>(std::ceil(static_cast<double>(turns) / slices));
  }

  // Whoever is slow lets turns pass, but never the first: any two have a turn in common.
  void TakeTurn(size_t turn) {
    const bool passes = turn % stride_ != 0;
    turn_ns_.push_back(passes ? 0 : FeedNs(blocks_a_slice_) / static_cast<double>(blocks_a_slice_));
  }

  const std::vector<double>& turn_ns() const { return turn_ns_; }  // of one block; 0: no slice in that turn
  size_t blocks() const { return blocks_; }                        // all that it was ever fed, timed or not
  size_t frames() const { return frames_; }                        // all that came out

 private:
  double FeedNs(size_t blocks) {
    const double start = NowNs();
    for (size_t i = 0; i < blocks; ++i) frames_ += feed_();
    blocks_ += blocks;
    return NowNs() - start;
  }

  std::function<size_t()> feed_;
  size_t blocks_a_slice_ = 1;
  size_t stride_ = 1;
  size_t blocks_ = 0;
  size_t frames_ = 0;
  std::vector<double> turn_ns_;
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

// A running stream that is fed the same block again and again; each call answers the frames it gave.
template <class Sample>
std::function<size_t()> Stream(const bench::Factory<Sample>& make, Pair pair, size_t channels,
                               uint32_t block_ms) {
  const size_t frames = size_t{pair.from_hz} * block_ms / 1000;
  const std::shared_ptr<Converter<Sample>> converter = make(pair.from_hz, pair.to_hz);
  // One second beyond the block's own output: soxr gives in bursts what it held back.
  auto output =
      std::make_shared<std::vector<Sample>>((size_t{pair.to_hz} * block_ms / 1000 + pair.to_hz) * channels);
  auto input = std::make_shared<std::vector<Sample>>(Material<Sample>(frames * channels));
  return [=] { return converter->Process(*input, *output) / channels; };
}

std::function<size_t()> Stream(const Contender& contender, Pair pair, uint32_t block_ms) {
  return contender.int16 ? Stream(contender.int16, pair, contender.channels, block_ms)
                         : Stream(contender.float32, pair, contender.channels, block_ms);
}

std::vector<Racer> Race(const std::vector<Contender>& contenders, Pair pair, uint32_t block_ms,
                        size_t turns) {
  std::vector<Racer> racers;
  for (const Contender& contender : contenders) racers.emplace_back(Stream(contender, pair, block_ms), turns);
  for (size_t turn = 0; turn < turns; ++turn) {
    for (Racer& racer : racers) racer.TakeTurn(turn);
  }
  return racers;
}

struct Creation {
  double first_us =
      0;  // the first of its kind in this process: a filter is designed that later ones may share
  double next_us = 0;
};

Creation TimeCreation(const Contender& contender, Pair pair) {
  const auto create_us = [&] {
    const double start = NowNs();
    if (contender.int16) {
      contender.int16(pair.from_hz, pair.to_hz);
    } else {
      contender.float32(pair.from_hz, pair.to_hz);
    }
    return (NowNs() - start) / 1000;
  };
  const double first_us = create_us();
  std::vector<double> next_us(5);
  std::generate(next_us.begin(), next_us.end(), create_us);
  return {first_us, Median(next_us)};
}

bench::Quality Judge(const Contender& contender, const Contender& mono, Pair pair) {
  if (contender.float32) return bench::Judge<float>(contender.float32, pair.from_hz, pair.to_hz);
  if (contender.channels == 1) return bench::Judge<int16_t>(contender.int16, pair.from_hz, pair.to_hz);
  // As good as the mono one, as long as it gives the same samples.
  bench::Quality quality = bench::Judge<int16_t>(mono.int16, pair.from_hz, pair.to_hz);
  quality.channels_agree = bench::ChannelsAgree(contender, mono, pair.from_hz, pair.to_hz);
  return quality;
}

void PrintBlock(Pair pair, uint32_t block_ms, const Racer& racer) {
  const double fed_ms = static_cast<double>(block_ms) * static_cast<double>(racer.blocks());
  const double received_ms = 1000 * static_cast<double>(racer.frames()) / pair.to_hz;
  std::printf(R"({"blockMs":%u,"heldMs":%.3f,"turnNs":[)", block_ms, fed_ms - received_ms);
  const char* separator = "";
  for (const double ns : racer.turn_ns()) {
    std::printf("%s%.1f", separator, ns);
    separator = ",";
  }
  std::printf("]}");
}

void PrintRow(Pair pair, const Contender& contender, const bench::Quality& quality, const Creation& creation,
              size_t index, std::span<const std::vector<Racer>> races) {
  const auto json = [](bool value) { return value ? "true" : "false"; };
  std::printf(R"({"contender":"%s","channels":%zu,"snrDb":%.2f,"inPhaseGain":%.5f,"residualDb":%.1f,)",
              contender.name.c_str(), contender.channels, quality.snr_db, quality.in_phase_gain,
              quality.residual_db);
  std::printf(R"("saturates":%s,"heldMs":%.3f,"latencyMs":%.3f,"offsetMs":%.4f,)", json(quality.saturates),
              quality.held_ms, quality.latency_ms, quality.offset_ms);
  std::printf(R"("sameInAnyBlocks":%s,"channelsAgree":%s,"firstCreateUs":%.1f,"createUs":%.1f,)",
              json(quality.any_blocks), json(quality.channels_agree), creation.first_us, creation.next_us);
  std::printf(R"("passBand":[)");
  for (size_t i = 0; i < bench::kPassBand.size(); ++i) {
    std::printf("%s[%g,%.6f]", i == 0 ? "" : ",", bench::kPassBand[i], quality.gain_db[i]);
  }
  std::printf(R"(],"blocks":[)");
  for (size_t i = 0; i < races.size(); ++i) {
    if (i > 0) std::printf(",");
    PrintBlock(pair, kBlocksMs[i], races[i][index]);
  }
  std::printf("]}\n");
}

// Creations first, while nothing of their kind is there.
void Measure(const std::vector<Contender>& contenders, Pair pair, size_t turns) {
  std::vector<Creation> creations;
  for (const Contender& contender : contenders) creations.push_back(TimeCreation(contender, pair));
  std::vector<std::vector<Racer>> races;
  if (turns > 0) {
    for (const uint32_t block_ms : kBlocksMs) races.push_back(Race(contenders, pair, block_ms, turns));
  }
  for (size_t c = 0; c < contenders.size(); ++c) {
    const bench::Quality quality = Judge(contenders[c], contenders.front(), pair);
    PrintRow(pair, contenders[c], quality, creations[c], c, races);
  }
}

// Calls of operator new inside Process, over blocks of many sizes; there must be none.
template <class Sample>
size_t AllocationsInProcess(sluice::Resampler<Sample>& resampler) {
  const size_t channels = resampler.channels();
  size_t inside = 0;
  for (const size_t frames : {1U, 7U, 160U, 441U, 3840U, 100000U, 3U}) {
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
  std::printf(R"({"stateBytes":%zu,"allocationsInProcess":%zu})"
              "\n",
              std::max(int16.state_bytes, float32.state_bytes), int16.allocations + float32.allocations);
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
    std::printf(R"(%s{"name":"%s","remedy":"%s"})", separator, peer.name, peer.remedy);
    separator = ",";
  }
  std::printf("]}\n");
}

void PrintLevels() {
  for (const sluice::SimdLevel level : sluice::RunnableSimdLevels()) {
    std::printf("%s\n", std::string(sluice::SimdLevelName(level)).c_str());
  }
}

// A whole number from `least` on, or -1.
int64_t ReadNumber(const char* text, int64_t least) {
  char* end = nullptr;
  const int64_t number = std::strtoll(text, &end, 10);
  return *text == '\0' || *end != '\0' || number < least ? -1 : number;
}

[[noreturn]] void ShowUsage() {
  std::fprintf(stderr, "usage: resample_bench FROM_HZ TO_HZ [--gates] [--spoiled] [--turns N] | --levels\n");
  std::exit(2);
}

Options ReadOptions(std::span<char*> arguments) {
  const auto number = [&](size_t i, int64_t least) {
    const int64_t value = i < arguments.size() ? ReadNumber(arguments[i], least) : -1;
    if (value < 0) ShowUsage();
    return static_cast<uint32_t>(value);
  };
  Options options;
  options.pair = {number(0, 1000), number(1, 1000)};
  for (size_t i = 2; i < arguments.size(); ++i) {
    const std::string argument = arguments[i];
    if (argument == "--gates") {
      options.gates = true;
    } else if (argument == "--spoiled") {
      options.spoiled = true;
    } else if (argument == "--turns") {
      options.turns = number(++i, 0);
    } else {
      ShowUsage();
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
  std::vector<Contender> contenders = options.spoiled ? bench::SpoiledContenders() : bench::Contenders();
  if (options.gates) std::erase_if(contenders, [](const Contender& contender) { return !contender.gate; });
  Measure(contenders, options.pair, options.turns);
  PrintMemory(options.pair);
}
