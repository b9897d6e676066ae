// Sample-rate converters behind one interface, ours and those of the libraries found at build time, for the
// benchmark to time and judge alike. Not here: the judging (quality.h) and the timing (resample_bench.cpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace bench {

template <class Sample>
class Converter {
 public:
  Converter() = default;
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;
  virtual ~Converter() = default;

  // Takes all of `input` and returns the number of samples written; `output` has more room than any of them
  // needs. No converter is ever flushed here: what is judged is the running stream.
  virtual size_t Process(std::span<const Sample> input, std::span<Sample> output) = 0;
};

template <class Sample>
using Factory = std::function<std::unique_ptr<Converter<Sample>>(uint32_t from_hz, uint32_t to_hz)>;

struct Contender {
  std::string name;
  bool gate = false;    // a target is stated with it (or it is ours): timed at every level
  size_t channels = 1;  // interleaved
  Factory<int16_t> int16{};
  Factory<float> float32{};  // one of the two is there
};

std::vector<Contender> Contenders();

// Ours, made wrong on purpose, each in a way that would be faster or that a sloppy judge overlooks.
std::vector<Contender> SpoiledContenders();

struct MissingPeer {
  const char* name;
  const char* remedy;
};

// Libraries that this program was built without.
std::vector<MissingPeer> MissingPeers();

// "soxr 0.1.3, ..." of those it was built with.
std::string PeerVersions();

}  // namespace bench
