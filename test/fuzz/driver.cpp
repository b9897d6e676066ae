// The built-in fuzzer, for compilers without libFuzzer: mutates a corpus at random and knows nothing of
// coverage. Takes libFuzzer's options, so that scripts/fuzz.mjs can run either.
//
//   NAME_fuzz [-seed=N] [-max_total_time=S] [-max_len=N] [-timeout=S] [-artifact_prefix=P] FOLDER…   fuzzes
//   NAME_fuzz FILE…                                                                                  replays
//
// The same seed and corpus give the same inputs. The input at hand lies in the file Pcurrent, through shared
// memory, so whatever ends the process leaves it behind.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "files.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

// A runaway allocation is a find as well: 1 GB at once, 2 GB in all. An abort prints its stack.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() {
  return "hard_rss_limit_mb=2048:max_allocation_size_mb=1024:quarantine_size_mb=16:handle_abort=1";
}

namespace {

using Bytes = std::vector<uint8_t>;
namespace fs = std::filesystem;

struct Options {
  uint64_t seed = 1;
  double max_total_time = 10;
  size_t max_len = 16384;
  unsigned timeout = 10;
  std::string artifact_prefix = "./";
  std::vector<std::string> paths;
};

Options ParseOptions(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    const auto value_of = [&](std::string_view name) -> const char* {
      return arg.substr(0, name.size()) == name ? argv[i] + name.size() : nullptr;
    };
    if (const char* seed = value_of("-seed=")) {
      options.seed = std::strtoull(seed, nullptr, 10);
    } else if (const char* time = value_of("-max_total_time=")) {
      options.max_total_time = std::strtod(time, nullptr);
    } else if (const char* len = value_of("-max_len=")) {
      options.max_len = std::strtoull(len, nullptr, 10);
    } else if (const char* timeout = value_of("-timeout=")) {
      options.timeout = static_cast<unsigned>(std::strtoul(timeout, nullptr, 10));
    } else if (const char* prefix = value_of("-artifact_prefix=")) {
      options.artifact_prefix = prefix;
    } else if (arg.substr(0, 1) != "-") {
      options.paths.emplace_back(arg);
    }
  }
  return options;
}

// ---- Mutations

// splitmix64: any seed will do, 0 too.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  size_t Below(size_t count) { return static_cast<size_t>(Next() % count); }
  uint8_t Byte() { return static_cast<uint8_t>(Next()); }

 private:
  uint64_t state_;
};

// Where sizes, rates and counts turn over.
constexpr uint64_t kInteresting[] = {0,
                                     1,
                                     2,
                                     3,
                                     7,
                                     8,
                                     16,
                                     24,
                                     32,
                                     64,
                                     127,
                                     128,
                                     255,
                                     256,
                                     1000,
                                     4096,
                                     8000,
                                     16000,
                                     22050,
                                     32767,
                                     32768,
                                     44100,
                                     48000,
                                     65535,
                                     65536,
                                     192000,
                                     0x7FFEFFFF,
                                     0x7FFFFFFE,
                                     0x7FFFFFFF,
                                     0x80000000,
                                     0xFFFEFFFF,
                                     0xFFFFFFFE,
                                     0xFFFFFFFF,
                                     0x100000000,
                                     0x7F800000,  // float infinity, NaN
                                     0x7FC00000,
                                     0x7FF0000000000000,
                                     0x7FFFFFFFFFFFFFFF,
                                     0xFFFFFFFFFFFFFFFF};

class Mutator {
 public:
  Mutator(uint64_t seed, size_t max_len, const std::vector<Bytes>& corpus)
      : random_(seed), max_len_(max_len), corpus_(corpus) {}

  // A corpus entry, or the input before this one, changed once to eight times.
  const Bytes& Next() {
    if (random_.Below(4) != 0 || bytes_.empty()) bytes_ = Pick();
    for (size_t changes = size_t{1} << random_.Below(4); changes > 0; --changes) Change();
    if (bytes_.size() > max_len_) bytes_.resize(max_len_);
    return bytes_;
  }

 private:
  const Bytes& Pick() { return corpus_[random_.Below(corpus_.size())]; }
  // Mostly near the head, where headers are, and near the end, where the options are.
  size_t Position() {
    const size_t span = std::min<size_t>(bytes_.size(), 64);
    switch (random_.Below(4)) {
      case 0:
        return random_.Below(span);
      case 1:
        return bytes_.size() - 1 - random_.Below(span);
      default:
        return random_.Below(bytes_.size());
    }
  }
  auto At(size_t position) { return bytes_.begin() + static_cast<std::ptrdiff_t>(position); }

  void Change() {
    if (bytes_.empty()) return InsertRandom();
    switch (random_.Below(9)) {
      case 0:
        bytes_[Position()] ^= static_cast<uint8_t>(1U << random_.Below(8));
        break;
      case 1:
        bytes_[Position()] = random_.Byte();
        break;
      case 2:
        SetInteger();
        break;
      case 3:
        Erase();
        break;
      case 4:
        Duplicate();
        break;
      case 5:
        InsertRandom();
        break;
      case 6:
        Splice();
        break;
      case 7:
        bytes_.resize(Position());
        break;
      case 8:
        Fill();
        break;
    }
  }

  void SetInteger() {
    const size_t width = size_t{1} << random_.Below(4);
    const bool big_endian = random_.Below(4) == 0;
    uint64_t value = kInteresting[random_.Below(std::size(kInteresting))];
    if (random_.Below(3) == 0) value += random_.Below(9) - 4;
    const size_t at = Position();
    for (size_t i = 0; i < width && at + i < bytes_.size(); ++i) {
      bytes_[at + i] = static_cast<uint8_t>(value >> (8 * (big_endian ? width - 1 - i : i)));
    }
  }
  void Erase() {
    const size_t at = Position();
    const size_t most = bytes_.size() - at;
    bytes_.erase(At(at),
                 At(at + 1 + random_.Below(random_.Below(2) == 0 ? most : std::min<size_t>(most, 8))));
  }
  void Duplicate() {
    const size_t at = Position();
    const size_t count = 1 + random_.Below(std::min<size_t>(bytes_.size() - at, 256));
    const Bytes block(At(at), At(at + count));
    const size_t to = Position();
    bytes_.insert(At(to), block.begin(), block.end());
  }
  void InsertRandom() {
    Bytes block(1 + random_.Below(random_.Below(4) == 0 ? 64 : 4));
    for (uint8_t& byte : block) byte = random_.Byte();
    bytes_.insert(At(bytes_.empty() ? 0 : Position()), block.begin(), block.end());
  }
  void Splice() {
    const Bytes& other = Pick();
    if (other.empty()) return;
    bytes_.resize(Position());
    const size_t from = random_.Below(other.size());
    const size_t count = std::min(other.size() - from, max_len_);
    bytes_.insert(bytes_.end(), other.begin() + static_cast<std::ptrdiff_t>(from),
                  other.begin() + static_cast<std::ptrdiff_t>(from + count));
  }
  void Fill() {
    const size_t at = Position();
    const size_t count = 1 + random_.Below(std::min<size_t>(bytes_.size() - at, 64));
    std::fill_n(At(at), count, random_.Below(2) == 0 ? random_.Byte() : uint8_t{0xFF});
  }

  Random random_;
  size_t max_len_;
  const std::vector<Bytes>& corpus_;
  Bytes bytes_;
};

// ---- The input at hand

// Eight bytes of length, then the input. Truncated to it by whoever reads it.
class CurrentInput {
 public:
  CurrentInput(const std::string& path, size_t max_len) : size_(max_len + sizeof(uint64_t)) {
    const int file = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0644);
    if (file < 0 || ftruncate(file, static_cast<off_t>(size_)) != 0) Refuse(path);
    void* memory = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) Refuse(path);
    close(file);
    bytes_ = static_cast<uint8_t*>(memory);
  }
  void Set(const Bytes& input) {
    const uint64_t length = input.size();
    std::memcpy(bytes_, &length, sizeof(length));
    if (!input.empty()) std::memcpy(bytes_ + sizeof(length), input.data(), input.size());
  }

 private:
  [[noreturn]] static void Refuse(const std::string& path) {
    std::perror(path.c_str());
    std::exit(2);
  }
  size_t size_;
  uint8_t* bytes_;
};

void RunOne(const Bytes& input, unsigned timeout) {
  alarm(timeout);
  LLVMFuzzerTestOneInput(input.data(), input.size());
  alarm(0);
}

void OnAlarm(int) {
  constexpr char kText[] = "timeout: one input took too long\n";
  [[maybe_unused]] const auto written = write(STDERR_FILENO, kText, sizeof(kText) - 1);
  std::abort();
}

std::vector<fs::path> FilesOf(const std::vector<std::string>& paths) {
  std::vector<fs::path> files;
  for (const std::string& path : paths) {
    if (fs::is_directory(path)) {
      const std::vector<fs::path> inside = fuzz::FilesIn(path);
      files.insert(files.end(), inside.begin(), inside.end());
    } else {
      files.emplace_back(path);
    }
  }
  return files;
}

int Replay(const Options& options) {
  for (const fs::path& path : FilesOf(options.paths)) {
    std::fprintf(stderr, "replaying %s\n", path.c_str());
    RunOne(fuzz::ReadHead(path, SIZE_MAX), options.timeout);
  }
  return 0;
}

int Fuzz(const Options& options) {
  std::vector<Bytes> corpus;
  for (const fs::path& path : FilesOf(options.paths)) corpus.push_back(fuzz::ReadHead(path, options.max_len));
  if (corpus.empty()) corpus.emplace_back();
  CurrentInput current(options.artifact_prefix + "current", options.max_len);
  uint64_t runs = 0;
  const auto run = [&](const Bytes& input) {
    current.Set(input);
    RunOne(input, options.timeout);
    ++runs;
  };
  for (const Bytes& entry : corpus) run(entry);  // not counted: the time is for what is new
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration<double>(options.max_total_time);
  Mutator mutator(options.seed, options.max_len, corpus);
  while (Clock::now() < end) run(mutator.Next());
  std::fprintf(stderr, "done: %llu runs, corpus of %zu, seed %llu\n", static_cast<unsigned long long>(runs),
               corpus.size(), static_cast<unsigned long long>(options.seed));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = ParseOptions(argc, argv);
  std::signal(SIGALRM, OnAlarm);
  const bool replays =
      !options.paths.empty() && std::none_of(options.paths.begin(), options.paths.end(),
                                             [](const auto& p) { return fs::is_directory(p); });
  return replays ? Replay(options) : Fuzz(options);
}
