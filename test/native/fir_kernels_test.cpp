// The FIR kernels of every level against slow sums, int64 and double, written from what fir_kernels.h
// promises. With real taps: fir_bank_test.cpp; as streams: resampler_test.cpp.
#include "core/simd/fir_kernels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <numbers>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "check.h"
#include "core/simd/kernels.h"
#include "core/simd/simd_level.h"

using namespace sluice;

namespace {

using Random = std::mt19937;

size_t Between(Random& random, size_t least, size_t most) { return least + random() % (most - least + 1); }

// Memory on the heap that holds `size` values from the `offset`th on and ends with them, so that a sanitizer
// sees the first one read too many.
template <class T>
class Exact {
 public:
  Exact(size_t size, size_t offset)
      : memory_(std::make_unique<T[]>(offset + size)), values_(memory_.get() + offset, size) {}
  Exact(const std::vector<T>& values, size_t offset) : Exact(values.size(), offset) {
    std::copy(values.begin(), values.end(), values_.begin());
  }
  T* data() const { return values_.data(); }
  size_t size() const { return values_.size(); }
  T& operator[](size_t i) const { return values_[i]; }

 private:
  std::unique_ptr<T[]> memory_;
  std::span<T> values_;
};

// Room for `size` values between canaries.
template <class T>
class Guarded {
 public:
  Guarded(size_t size, size_t offset) : size_(size), offset_(offset) {
    memory_.resize((offset + size + kGuard) * sizeof(T), kCanary);
  }
  T* data() { return reinterpret_cast<T*>(memory_.data()) + offset_; }
  T operator[](size_t i) { return data()[i]; }
  bool Untouched(size_t begin, size_t end) const {  // in values, from the room's begin
    return AllCanaries((offset_ + begin) * sizeof(T), (offset_ + end) * sizeof(T));
  }
  bool AroundUntouched() const {
    return AllCanaries(0, offset_ * sizeof(T)) && AllCanaries((offset_ + size_) * sizeof(T), memory_.size());
  }

 private:
  static constexpr uint8_t kCanary = 0xC3;
  static constexpr size_t kGuard = 128;
  bool AllCanaries(size_t begin, size_t end) const {
    return std::all_of(memory_.begin() + static_cast<ptrdiff_t>(begin),
                       memory_.begin() + static_cast<ptrdiff_t>(end), [](uint8_t b) { return b == kCanary; });
  }
  size_t size_;
  size_t offset_;
  std::vector<uint8_t> memory_;
};

void Expect(bool good, SimdLevel level, const std::string& what) {
  if (!good) check::Fail(__FILE__, __LINE__, std::string(SimdLevelName(level)) + ", " + what);
}

constexpr double kFloatTolerance = 1e-6;  // of full scale: kernels.h

bool Same(float a, float b) { return std::abs(a - b) <= kFloatTolerance; }
bool Same(int32_t a, int32_t b) { return a == b; }

// Calls run(kernels, out) on each level, with room for `room` values. `expected` has to come out, as near to
// it as to what scalar gave, and nothing may be written beyond the room.
template <class T>
void CheckLevels(const std::string& name, std::span<const T> expected, size_t room, Random& random,
                 const std::function<void(const FirKernels&, T*)>& run) {
  std::vector<T> scalar;
  for (const SimdLevel level : RunnableSimdLevels()) {
    Guarded<T> out(room, Between(random, 0, 16));
    run(KernelsFor(level).fir, out.data());
    if (level == SimdLevel::kScalar) scalar.assign(out.data(), out.data() + expected.size());
    bool near_formula = true, near_scalar = true;
    for (size_t i = 0; i < expected.size(); ++i) {
      near_formula &= Same(out[i], expected[i]);
      near_scalar &= Same(out[i], scalar[i]);
    }
    Expect(near_formula, level, name);
    Expect(near_scalar, level, name + ": unlike scalar");
    Expect(out.AroundUntouched(), level, name + ": wrote beyond");
  }
}

// ---- int16 taps and samples ----

// In runs of full scale of either sign, which make the largest sums, and of noise.
std::vector<int16_t> Samples(Random& random, size_t count) {
  std::vector<int16_t> samples;
  while (samples.size() < count) {
    const size_t kind = Between(random, 0, 2);
    for (size_t run = Between(random, 1, 64); run > 0 && samples.size() < count; --run) {
      samples.push_back(kind == 0   ? std::numeric_limits<int16_t>::min()
                        : kind == 1 ? std::numeric_limits<int16_t>::max()
                                    : static_cast<int16_t>(random()));
    }
  }
  return samples;
}

int16_t RoundTotal(int64_t total) {
  const double value = std::nearbyint(static_cast<double>(total) / (1 << kFirFractionBits));  // ties to even
  return static_cast<int16_t>(std::clamp(value, -32768.0, 32767.0));
}

// Of steps that may overlap, in any order.
std::vector<FirSegment> Segments(Random& random, size_t steps) {
  std::vector<FirSegment> segments(Between(random, 1, 5));
  for (FirSegment& segment : segments) {
    segment.begin = static_cast<uint32_t>(Between(random, 0, steps - 1));
    segment.end = static_cast<uint32_t>(Between(random, segment.begin + 1, steps));
    segment.shift = static_cast<uint32_t>(Between(random, 0, 14));
  }
  return segments;
}

// Taps of one segment, of which each sum takes `taps`: its sums stay within int32, and `sums` of them,
// shifted and of all segments together, below 2^30, for any samples. All as large as that allows, or random.
class SegmentTaps {
 public:
  SegmentTaps(Random& random, const FirSegment& segment, size_t segments, size_t taps, size_t sums)
      : random_(random), kind_(Between(random, 0, 2)) {
    const size_t of_total = 32767 / (segments * sums) << segment.shift;
    largest_ = static_cast<int>(std::min<size_t>({32767, 65535 / taps, of_total / taps}));
  }
  int16_t Next() {
    const int tap = kind_ == 0   ? largest_
                    : kind_ == 1 ? -largest_
                                 : static_cast<int>(random_() % (2 * unsigned(largest_) + 1)) - largest_;
    return static_cast<int16_t>(tap);
  }

 private:
  Random& random_;
  size_t kind_;
  int largest_;
};

// ---- Groups ----

struct Shape {
  size_t outputs;
  size_t units;
  size_t steps;
  size_t groups;  // of the reference, the most that are asked for
};

std::string Name(const Shape& shape, size_t groups) {
  return std::to_string(shape.outputs) + " outputs, " + std::to_string(shape.units) + " units, " +
         std::to_string(shape.steps) + " steps, " + std::to_string(groups) + " groups";
}

// The outputs of each pass: as few passes as can be, of nearly equal size, the larger ones first.
std::vector<size_t> Passes(size_t outputs) {
  size_t passes = 1;
  while (passes * kFirMaxPass < outputs) ++passes;
  std::vector<size_t> sizes(passes, outputs / passes);
  for (size_t i = 0; i < outputs % passes; ++i) ++sizes[i];
  return sizes;
}

// So many groups of planes, and what a call for `groups` may read: the last plane ends with that.
template <class Unit>
class Planes {
 public:
  Planes(const Shape& shape, const std::vector<Unit>& linear, size_t groups, const std::vector<Unit>& beyond,
         Random& random)
      : stride_(groups + shape.steps - 1 + kFirOverreadGroups),
        memory_(shape.units * stride_, Between(random, 0, 16)) {
    for (size_t i = 0; i < memory_.size(); ++i) memory_[i] = beyond[i % beyond.size()];
    for (size_t g = 0; groups > 0 && g < groups + shape.steps - 1; ++g) {
      for (size_t u = 0; u < shape.units; ++u) memory_[u * stride_ + g] = linear[g * shape.units + u];
    }
  }
  const Unit* data() const { return memory_.data(); }
  size_t stride() const { return stride_; }

 private:
  size_t stride_;
  Exact<Unit> memory_;
};

// Calls run(kernels, planes, groups, out) for each number of groups, on each level.
template <class Unit, class Sample>
void CheckGroups(const Shape& shape, const std::vector<Unit>& linear, const std::vector<Unit>& beyond,
                 const std::vector<Sample>& expected, const std::vector<size_t>& counts, Random& random,
                 const std::function<void(const FirKernels&, const Planes<Unit>&, size_t, Sample*)>& run) {
  for (const size_t groups : counts) {
    const Planes<Unit> planes(shape, linear, groups, beyond, random);
    const auto wanted = std::span(expected).first(groups * shape.outputs);
    CheckLevels<Sample>(Name(shape, groups), wanted, wanted.size(), random,
                        [&](const FirKernels& kernels, Sample* out) { run(kernels, planes, groups, out); });
  }
}

void CheckGroupedInt16(const Shape& shape, const std::vector<size_t>& counts, Random& random) {
  const std::vector<FirSegment> segments = Segments(random, shape.steps);
  std::vector<int64_t> totals(shape.groups * shape.outputs, static_cast<int64_t>(segments.size() / 2));
  const std::vector<int16_t> samples = Samples(random, (shape.groups + shape.steps - 1) * shape.units * 2);

  std::vector<int16_t> taps;
  size_t first = 0;
  for (const size_t pass : Passes(shape.outputs)) {
    for (const FirSegment& segment : segments) {
      const size_t steps = segment.end - segment.begin;
      SegmentTaps segment_taps(random, segment, segments.size(), steps * shape.units * 2, 1);
      std::vector<int64_t> sums(shape.groups * pass);
      for (size_t step = segment.begin; step < segment.end; ++step) {
        for (size_t unit = 0; unit < shape.units; ++unit) {
          for (size_t p = 0; p < pass; ++p) {
            for (size_t i = 0; i < 2; ++i) {
              taps.push_back(segment_taps.Next());
              for (size_t g = 0; g < shape.groups; ++g) {
                sums[g * pass + p] += taps.back() * samples[((g + step) * shape.units + unit) * 2 + i];
              }
            }
          }
        }
      }
      for (size_t g = 0; g < shape.groups; ++g) {
        for (size_t p = 0; p < pass; ++p) {
          totals[g * shape.outputs + first + p] += sums[g * pass + p] >> segment.shift;
        }
      }
    }
    first += pass;
  }
  std::vector<int16_t> expected(totals.size());
  std::transform(totals.begin(), totals.end(), expected.begin(), RoundTotal);

  std::vector<uint32_t> linear(samples.size() / 2);
  std::memcpy(linear.data(), samples.data(), samples.size() * sizeof(int16_t));
  const std::vector<uint32_t> beyond = {0x7FFF7FFF, 0x80008000, 0x12345678};
  const Exact<int16_t> exact_taps(taps, Between(random, 0, 16));
  const GroupedFirInt16 fir = {static_cast<uint32_t>(shape.outputs), static_cast<uint32_t>(shape.units),
                               static_cast<uint32_t>(segments.size()), segments.data(), exact_taps.data()};
  CheckGroups<uint32_t, int16_t>(
      shape, linear, beyond, expected, counts, random,
      [&](const FirKernels& kernels, const Planes<uint32_t>& planes, size_t groups, int16_t* out) {
        kernels.grouped_int16(fir, planes.data(), planes.stride(), groups, out);
      });
}

// Samples up to full scale and taps whose magnitudes add up to no more than 2.
constexpr double kTapSum = 2;
float Uniform(Random& random) {  // -1 to 1
  return static_cast<float>(static_cast<int32_t>(random())) * 0x1p-31F;
}

void CheckGroupedFloat(const Shape& shape, const std::vector<size_t>& counts, Random& random) {
  std::vector<float> samples((shape.groups + shape.steps - 1) * shape.units);
  for (float& sample : samples) sample = Uniform(random);
  const auto largest = static_cast<float>(kTapSum / static_cast<double>(shape.steps * shape.units));
  std::vector<float> taps;
  std::vector<double> sums(shape.groups * shape.outputs);
  size_t first = 0;
  for (const size_t pass : Passes(shape.outputs)) {
    for (size_t step = 0; step < shape.steps; ++step) {
      for (size_t unit = 0; unit < shape.units; ++unit) {
        for (size_t p = 0; p < pass; ++p) {
          taps.push_back(Uniform(random) * largest);
          for (size_t g = 0; g < shape.groups; ++g) {
            sums[g * shape.outputs + first + p] +=
                double{taps.back()} * double{samples[(g + step) * shape.units + unit]};
          }
        }
      }
    }
    first += pass;
  }
  const std::vector<float> expected(sums.begin(), sums.end());

  const std::vector<float> beyond = {std::numeric_limits<float>::quiet_NaN(),
                                     std::numeric_limits<float>::infinity()};
  const Exact<float> exact_taps(taps, Between(random, 0, 16));
  const GroupedFirFloat fir = {static_cast<uint32_t>(shape.outputs), static_cast<uint32_t>(shape.units),
                               static_cast<uint32_t>(shape.steps), exact_taps.data()};
  CheckGroups<float, float>(
      shape, samples, beyond, expected, counts, random,
      [&](const FirKernels& kernels, const Planes<float>& planes, size_t groups, float* out) {
        kernels.grouped_float(fir, planes.data(), planes.stride(), groups, out);
      });
}

// All numbers of groups with each number of outputs: every shape of tile, and what is left at its end.
void CheckEveryCount(void (*check)(const Shape&, const std::vector<size_t>&, Random&)) {
  Random random(1);
  std::vector<size_t> counts(201);
  for (size_t i = 0; i < counts.size(); ++i) counts[i] = i;
  for (size_t outputs = kFirMinOutputs; outputs <= kFirMaxOutputs; ++outputs) {
    check({outputs, Between(random, 1, 3), Between(random, 1, 3), 200}, counts, random);
  }
}

// All numbers of outputs and units, with some numbers of groups.
void CheckEveryShape(void (*check)(const Shape&, const std::vector<size_t>&, Random&)) {
  Random random(2);
  for (size_t outputs = kFirMinOutputs; outputs <= kFirMaxOutputs; ++outputs) {
    for (size_t units = 1; units <= 24; ++units) {
      check({outputs, units, Between(random, 1, 8), 40}, {Between(random, 1, 15), Between(random, 16, 40)},
            random);
    }
  }
}

// ---- Windows ----

std::string Name(size_t outputs, size_t blocks) {
  return std::to_string(outputs) + " outputs, " + std::to_string(blocks) + " blocks";
}

void CheckWindowInt16(size_t outputs, size_t blocks, Random& random) {
  constexpr size_t kWindowLanes = kFirBlock / 2;
  const std::vector<FirSegment> segments = Segments(random, blocks);
  const std::vector<int16_t> samples = Samples(random, blocks * kFirBlock);
  std::vector<int16_t> taps;
  std::vector<int64_t> totals(outputs, static_cast<int64_t>(kWindowLanes * (segments.size() / 2)));
  for (const FirSegment& segment : segments) {
    const size_t steps = segment.end - segment.begin;
    SegmentTaps segment_taps(random, segment, segments.size(), steps * 2, kWindowLanes);
    std::vector<std::array<int64_t, kWindowLanes>> sums(outputs, std::array<int64_t, kWindowLanes>{});
    for (size_t step = segment.begin; step < segment.end; ++step) {
      for (auto& lanes : sums) {
        for (size_t i = 0; i < kFirBlock; ++i) {
          taps.push_back(segment_taps.Next());
          lanes[i / 2] += taps.back() * samples[step * kFirBlock + i];
        }
      }
    }
    for (size_t output = 0; output < outputs; ++output) {
      for (const int64_t sum : sums[output]) totals[output] += sum >> segment.shift;
    }
  }
  const std::vector<int32_t> expected(totals.begin(), totals.end());

  const Exact<int16_t> window(samples, Between(random, 0, 32));
  const Exact<int16_t> exact_taps(taps, Between(random, 0, 32));
  const WindowFirInt16 fir = {static_cast<uint32_t>(segments.size()), segments.data()};
  CheckLevels<int32_t>(Name(outputs, blocks), expected, kFirWindowOutputs, random,
                       [&](const FirKernels& kernels, int32_t* out) {
                         (outputs == 1 ? kernels.single_int16 : kernels.window_int16)(fir, window.data(),
                                                                                      exact_taps.data(), out);
                       });
}

// A low-pass filter as long-windowed ratios have it: a sinc of some 160 crossings under a Hann window, its
// sum 1; [block][output][kFirBlock], each output a quarter of a crossing after the last.
std::vector<float> LowPass(size_t length, size_t outputs) {
  std::vector<double> taps(length * outputs);
  const double crossing = std::max(1.0, static_cast<double>(length) / 160);
  for (size_t output = 0; output < outputs; ++output) {
    const auto at = [&](size_t i) -> double& {
      return taps[(i / kFirBlock * outputs + output) * kFirBlock + i % kFirBlock];
    };
    double sum = 0;
    for (size_t i = 0; i < length; ++i) {
      const double t = static_cast<double>(i) + 0.5 - static_cast<double>(length) / 2 -
                       static_cast<double>(output) * crossing / 4;
      const double x = std::numbers::pi * t / crossing;
      const double hann = std::cos(std::numbers::pi * t / static_cast<double>(length));
      at(i) = (x == 0 ? 1 : std::sin(x) / x) * hann * hann;
      sum += at(i);
    }
    for (size_t i = 0; i < length; ++i) at(i) /= sum;
  }
  return {taps.begin(), taps.end()};
}

void CheckWindowFloat(const std::string& name, size_t outputs, const std::vector<float>& samples,
                      const std::vector<float>& taps, Random& random) {
  const size_t blocks = samples.size() / kFirBlock;
  std::vector<double> sums(outputs);
  for (size_t i = 0; i < taps.size(); ++i) {
    const size_t block = i / kFirBlock / outputs;
    sums[i / kFirBlock % outputs] += double{taps[i]} * double{samples[block * kFirBlock + i % kFirBlock]};
  }
  const std::vector<float> expected(sums.begin(), sums.end());

  const Exact<float> window(samples, Between(random, 0, 16));
  const Exact<float> exact_taps(taps, Between(random, 0, 16));
  CheckLevels<float>(name, expected, kFirWindowOutputs, random, [&](const FirKernels& kernels, float* out) {
    (outputs == 1 ? kernels.single_float : kernels.window_float)(blocks, window.data(), exact_taps.data(),
                                                                 out);
  });
}

}  // namespace

TEST_ONCE("FirKernels grouped_int16 gives the formula's bits for 3 to 16 outputs of 0 to 200 groups") {
  CheckEveryCount(CheckGroupedInt16);
}
TEST_ONCE("FirKernels grouped_int16 gives the formula's bits for 3 to 16 outputs of 1 to 24 units") {
  CheckEveryShape(CheckGroupedInt16);
}
TEST_ONCE("FirKernels grouped_float is within 1e-6 of the formula for 3 to 16 outputs of 0 to 200 groups") {
  CheckEveryCount(CheckGroupedFloat);
}
TEST_ONCE("FirKernels grouped_float is within 1e-6 of the formula for 3 to 16 outputs of 1 to 24 units") {
  CheckEveryShape(CheckGroupedFloat);
}

TEST_ONCE("FirKernels windows of int16 give the formula's totals for 1 to 200 blocks") {
  Random random(3);
  for (size_t blocks = 1; blocks <= 200; ++blocks) {
    CheckWindowInt16(1, blocks, random);
    CheckWindowInt16(kFirWindowOutputs, blocks, random);
  }
}

TEST_ONCE("FirKernels windows of floats are within 1e-6 of the formula for 1 to 200 blocks and the most") {
  Random random(4);
  // 191999 and 192000 to 1000 Hz at the three qualities: the longest windows that the resampler has.
  std::vector<size_t> lengths = {471, 489, 941, 959, 1863, 1881};
  for (size_t blocks = 1; blocks <= 200; ++blocks) lengths.push_back(blocks);
  for (const size_t blocks : lengths) {
    for (const size_t outputs : {size_t{1}, kFirWindowOutputs}) {
      const std::vector<float> taps = LowPass(blocks * kFirBlock, outputs);
      const std::string name = Name(outputs, blocks);
      std::vector<float> samples(blocks * kFirBlock, 1.0F);
      CheckWindowFloat(name + " of a constant", outputs, samples, taps, random);
      for (float& sample : samples) sample = Uniform(random);
      CheckWindowFloat(name + " of noise", outputs, samples, taps, random);
      // The largest sum that there is.
      for (size_t i = 0; i < samples.size(); ++i) {
        samples[i] = taps[i / kFirBlock * outputs * kFirBlock + i % kFirBlock] < 0 ? -1.0F : 1.0F;
      }
      CheckWindowFloat(name + " at the peak", outputs, samples, taps, random);
    }
  }
}

TEST_ONCE("FirKernels deal puts each unit in its plane, from any address, and leaves the rest") {
  Random random(5);
  for (const SimdLevel level : RunnableSimdLevels()) {
    for (size_t units = 1; units <= 24; ++units) {
      for (size_t groups = 0; groups <= 200; ++groups) {
        const Exact<uint8_t> linear(groups * units * sizeof(uint32_t), Between(random, 0, 16));
        for (size_t i = 0; i < linear.size(); ++i) linear[i] = static_cast<uint8_t>(random());
        const size_t stride = groups + Between(random, 0, 20);
        Guarded<uint32_t> planes(units * stride, Between(random, 0, 16));
        KernelsFor(level).fir.deal(linear.data(), groups, units, planes.data(), stride);
        bool good = planes.AroundUntouched();
        for (size_t u = 0; u < units; ++u) {
          for (size_t g = 0; g < groups; ++g) {
            good &= std::memcmp(planes.data() + u * stride + g,
                                linear.data() + (g * units + u) * sizeof(uint32_t), sizeof(uint32_t)) == 0;
          }
          good &= planes.Untouched(u * stride + groups, (u + 1) * stride);
        }
        Expect(good, level, std::to_string(units) + " units, " + std::to_string(groups) + " groups");
      }
    }
  }
}

TEST_ONCE("FirKernels round_totals rounds to nearest, ties to even, and saturates, at any length") {
  Random random(6);
  std::vector<int32_t> all;  // beside each tie, and beside the limits
  constexpr int32_t kOne = 1 << kFirFractionBits;
  for (int32_t half = -2 * 33000 - 1; half <= 2 * 33000; ++half) {
    for (int32_t off = -1; off <= 1; ++off) all.push_back(half * (kOne / 2) + off);
  }
  for (const int32_t limit : {-(1 << 30) + 1, (1 << 30) - 1}) all.push_back(limit);
  std::vector<size_t> lengths = {all.size()};
  for (size_t length = 0; length <= 200; ++length) lengths.push_back(length);
  for (const size_t length : lengths) {
    const size_t first = Between(random, 0, all.size() - length);
    const auto begin = all.begin() + static_cast<ptrdiff_t>(first);
    const std::vector<int32_t> some(begin, begin + static_cast<ptrdiff_t>(length));
    std::vector<int16_t> expected(length);
    std::transform(some.begin(), some.end(), expected.begin(), RoundTotal);
    const Exact<int32_t> totals(some, Between(random, 0, 16));
    CheckLevels<int16_t>(
        std::to_string(length) + " totals", expected, length, random,
        [&](const FirKernels& kernels, int16_t* out) { kernels.round_totals(totals.data(), length, out); });
  }
}

TEST_ONCE("FirKernels round_totals takes ties to even, by example") {
  const std::vector<int32_t> halves = {-5, -3, -1, 0, 1, 3, 5, 2 * 32767 - 1, 2 * 32767 + 1, -2 * 32768 - 1};
  const std::vector<int16_t> expected = {-2, -2, 0, 0, 0, 2, 2, 32766, 32767, -32768};
  std::vector<int32_t> totals;
  for (const int32_t half : halves) totals.push_back(half * (1 << (kFirFractionBits - 1)));
  for (const SimdLevel level : RunnableSimdLevels()) {
    std::vector<int16_t> out(totals.size());
    KernelsFor(level).fir.round_totals(totals.data(), totals.size(), out.data());
    Expect(out == expected, level, "not to nearest even");
  }
}
