#include "core/fir_bank.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <list>
#include <mutex>
#include <numeric>
#include <span>
#include <utility>

namespace sluice {
namespace {

// ---- Rounding to int16 ----

// Real taps as the kernels add them up: in each step, every sum takes `width` taps.
struct TapGrid {
  size_t steps;
  size_t sums;
  size_t width;
  std::vector<double> taps;  // [step][sum][width]

  TapGrid(size_t step_count, size_t sum_count, size_t taps_each)
      : steps(step_count), sums(sum_count), width(taps_each), taps(step_count * sum_count * taps_each) {}
  size_t StepSize() const { return sums * width; }
  std::span<double> Step(size_t step) { return std::span(taps).subspan(step * StepSize(), StepSize()); }
  std::span<const double> Step(size_t step) const {
    return std::span(taps).subspan(step * StepSize(), StepSize());
  }
};

struct RoundedTaps {
  std::vector<FirSegment> segments;
  std::vector<int16_t> taps;  // [segment][step][sum][width]
};

// Sums of tap * sample stay within int32 for any samples when the taps' magnitudes add up to no more.
// Rounding adds at most half a unit to each of up to 1 000 taps.
constexpr double kMaxTapSum = 65535 - 1000 / 2;
constexpr double kMaxTap = 32767;
constexpr uint32_t kMaxShift = 14;  // 2^-27: finer than any tap needs

double ScaleOf(uint32_t shift) { return std::ldexp(1.0, static_cast<int>(kFirFractionBits + shift)); }

// What decides the scale of a step: its largest tap, and the magnitudes that each sum takes.
struct StepSize {
  double largest = 0;
  std::vector<double> sums;
};

std::vector<StepSize> SizesOf(const TapGrid& grid) {
  std::vector<StepSize> sizes(grid.steps);
  for (size_t step = 0; step < grid.steps; ++step) {
    sizes[step].sums.resize(grid.sums);
    for (size_t s = 0; s < grid.sums; ++s) {
      for (const double tap : grid.Step(step).subspan(s * grid.width, grid.width)) {
        sizes[step].largest = std::max(sizes[step].largest, std::abs(tap));
        sizes[step].sums[s] += std::abs(tap);
      }
    }
  }
  return sizes;
}

// The finest shift at which so many taps, the largest and the sum of their magnitudes given, stay within the
// bounds; rounding adds at most half a unit to each.
uint32_t FinestShift(double largest, double largest_sum, size_t taps) {
  const double max_sum = kMaxTapSum - static_cast<double>(taps) / 2;
  uint32_t shift = kMaxShift;
  while (shift > 0 && (largest * ScaleOf(shift) > kMaxTap || largest_sum * ScaleOf(shift) > max_sum)) --shift;
  return shift;
}

// Steps [begin, end) in segments as long as they can be at `shift`, each at the finest scale that its taps
// allow.
void AppendSegments(std::span<const StepSize> sizes, size_t width, size_t begin, size_t end, uint32_t shift,
                    std::vector<FirSegment>& segments) {
  while (begin < end) {
    std::vector<double> sums(sizes[begin].sums.size(), 0.0);
    double largest = 0;
    uint32_t finest = kMaxShift;
    size_t stop = begin;
    for (; stop < end; ++stop) {
      largest = std::max(largest, sizes[stop].largest);
      double largest_sum = 0;
      for (size_t s = 0; s < sums.size(); ++s)
        largest_sum = std::max(largest_sum, sums[s] += sizes[stop].sums[s]);
      const uint32_t with_step = FinestShift(largest, largest_sum, (stop + 1 - begin) * width);
      if (with_step < shift && stop > begin) break;
      finest = with_step;
    }
    segments.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(stop), finest});
    begin = stop;
  }
}

// The taps of a sharp filter fall off as 1 / distance: those in the middle are too large for int16 at the
// scale that the stop band wants. They come twice: first, at the coarse scale that holds them; then what is
// left of them, with all the others. A wider middle means more taps, a narrower one more segments (each as
// dear as kSegmentCost taps of every output, measured): so every width is tried.
constexpr size_t kSegmentCost = 8;

std::vector<FirSegment> PlanSegments(const TapGrid& grid, uint32_t shift) {
  const std::vector<StepSize> sizes = SizesOf(grid);
  const size_t middle = grid.steps / 2;
  std::vector<FirSegment> best;
  size_t best_cost = std::numeric_limits<size_t>::max();
  for (size_t half = 0; half <= middle; ++half) {
    const size_t end = std::min(grid.steps, middle + half);
    std::vector<FirSegment> segments;
    AppendSegments(sizes, grid.width, middle - half, end, 0, segments);
    std::vector<StepSize> left = sizes;
    for (const FirSegment& segment : segments) {
      const double rest = 0.5 / ScaleOf(segment.shift);
      for (size_t step = segment.begin; step < segment.end; ++step) {
        left[step].largest = rest;
        std::fill(left[step].sums.begin(), left[step].sums.end(), rest * static_cast<double>(grid.width));
      }
    }
    const size_t coarse = segments.size();
    AppendSegments(left, grid.width, 0, grid.steps, shift, segments);
    const bool fine = std::all_of(segments.begin() + static_cast<ptrdiff_t>(coarse), segments.end(),
                                  [=](const FirSegment& segment) { return segment.shift >= shift; });
    size_t cost = segments.size() * kSegmentCost;
    for (const FirSegment& segment : segments) cost += (segment.end - segment.begin) * grid.width;
    if (best.empty() || (fine && cost < best_cost)) {
      if (fine) best_cost = cost;
      best = std::move(segments);
    }
  }
  return best;
}

RoundedTaps RoundTaps(TapGrid grid, uint32_t shift) {  // a copy: what rounding leaves stays in it
  RoundedTaps rounded;
  rounded.segments = PlanSegments(grid, shift);
  for (const FirSegment& segment : rounded.segments) {
    const double scale = ScaleOf(segment.shift);
    for (size_t step = segment.begin; step < segment.end; ++step) {
      for (double& tap : grid.Step(step)) {
        const double value = std::nearbyint(tap * scale);
        rounded.taps.push_back(static_cast<int16_t>(value));
        tap -= value / scale;  // left for a later segment
      }
    }
  }
  return rounded;
}

// The coarsest scale at which the T taps of an output, each off by up to half a unit, are good enough.
// Together they are off by sqrt(T / 12) units (root mean square). At 4e-6 that adds less than 0.1 to the 0.29
// of a sample that rounding the output costs anyway. The stop band sees the mean over `up` phases: 3e-6 keeps
// it below -100 dB.
uint32_t RoundingShift(ResamplerQuality quality, double taps, uint32_t up) {
  const double factor = quality == ResamplerQuality::kFast   ? 2.0
                        : quality == ResamplerQuality::kBest ? 0.6
                                                             : 1.0;
  const double off = std::sqrt(taps / 12);
  const double limit = factor * std::min(4e-6, 3e-6 * std::sqrt(up));
  uint32_t shift = 0;
  while (shift < kMaxShift && off / ScaleOf(shift) > limit) ++shift;
  return shift;
}

double TapsPerOutput(const FirPrototype& prototype) {
  return 2.0 * static_cast<double>(prototype.reach()) / prototype.phases;
}

// ---- Groups ----

// A group has an even number of input frames, since int16 kernels take them in pairs, and at least
// kMinOutputs outputs where that is possible: each vector of samples that is loaded then serves that many
// multiplications.
constexpr uint32_t kMinOutputs = 3;
constexpr uint32_t kMaxInputs = 24;

// By how much the ratio is multiplied to make a group; 0 when groups would get too large.
uint32_t GroupFactor(uint32_t up, uint32_t down) {
  for (uint32_t factor = 1; factor * up <= kFirMaxOutputs && factor * down <= kMaxInputs; ++factor) {
    if (factor * up >= kMinOutputs && factor * down % 2 == 0) return factor;
  }
  return 0;
}

uint32_t DivideUp(int64_t n, uint32_t by) { return static_cast<uint32_t>((n + by - 1) / by); }

void LayOutGroups(const FirPrototype& prototype, uint32_t factor, ResamplerQuality quality, FirBank& bank) {
  const uint32_t inputs = factor * bank.down;
  const uint32_t outputs = factor * bank.up;
  const auto lattice = static_cast<int64_t>(bank.up);
  const int64_t last_instant = static_cast<int64_t>(outputs - 1) * bank.down;  // in points of the lattice
  bank.grouped = true;
  bank.inputs = inputs;
  bank.outputs = outputs;
  bank.groups_before = DivideUp(prototype.reach() / lattice, inputs);
  bank.groups_after = static_cast<uint32_t>((prototype.reach() + last_instant) / lattice / inputs);

  TapGrid grid(bank.steps(), outputs, inputs);
  for (uint32_t step = 0; step < bank.steps(); ++step) {
    const int64_t first_frame = (static_cast<int64_t>(step) - bank.groups_before) * inputs;
    for (uint32_t p = 0; p < outputs; ++p) {
      for (uint32_t i = 0; i < inputs; ++i) {
        grid.Step(step)[p * inputs + i] =
            prototype.At(static_cast<int64_t>(p) * bank.down - (first_frame + i) * lattice);
      }
    }
  }
  const RoundedTaps rounded =
      RoundTaps(grid, RoundingShift(quality, TapsPerOutput(prototype), std::min(bank.up, prototype.phases)));
  bank.segments = rounded.segments;

  // By pass, as the kernels take them: see PassCount in fir_kernels.inl.h.
  const size_t passes = (outputs + kFirMaxPass - 1) / kFirMaxPass;
  for (size_t pass = 0, first = 0; pass < passes; ++pass) {
    const size_t size = (outputs - first + passes - pass - 1) / (passes - pass);
    for (size_t step = 0; step < rounded.taps.size() / grid.StepSize(); ++step) {
      for (uint32_t i = 0; i < inputs; i += 2) {
        for (size_t p = first; p < first + size; ++p) {
          const auto pair =
              rounded.taps.begin() + static_cast<ptrdiff_t>(step * grid.StepSize() + p * inputs + i);
          bank.int16_taps.insert(bank.int16_taps.end(), pair, pair + 2);
        }
      }
    }
    for (uint32_t step = 0; step < bank.steps(); ++step) {
      for (uint32_t i = 0; i < inputs; ++i) {
        for (size_t p = first; p < first + size; ++p) {
          bank.float_taps.push_back(static_cast<float>(grid.Step(step)[p * inputs + i]));
        }
      }
    }
    first += size;
  }
}

// ---- Windows ----

size_t RoundUp(size_t n, size_t multiple) { return (n + multiple - 1) / multiple * multiple; }

// Windows of several outputs come back after lcm(up, outputs) outputs: fewer taps than this, or one output a
// window.
constexpr size_t kMaxSharedTaps = size_t{1} << 18;

// For an output at lattice point p, input frame m (both counted from the same frame) meets the prototype at
// point p - m * phases, which is not zero from -reach to reach. Drawn for 3 phases and a reach of 4:
//
//   lattice      -4 -3 -2 -1  0  1  2  3  4
//   p = 0, m         1        0       -1
//   p = 1, m            1        0       -1
//   p = 2, m      2        1        0
//
// So m runs from -floor(reach / phases) to floor((reach + p) / phases): the later the instant, the more
// frames it needs beyond. Leaving that out would cut the tail of the last outputs.
void LayOutWindows(const FirPrototype& prototype, ResamplerQuality quality, FirBank& bank) {
  const auto phases = static_cast<int64_t>(prototype.phases);
  const auto before = static_cast<size_t>(prototype.reach() / phases);
  const auto set_size = [&](uint32_t outputs) {
    bank.window_outputs = outputs;
    bank.windows = bank.interpolated ? prototype.phases + 1 : bank.up / std::gcd(bank.up, outputs);
    const int64_t last = (bank.interpolated ? phases : phases - 1) + int64_t{outputs - 1} * bank.down;
    bank.frames_after = static_cast<size_t>((prototype.reach() + last) / phases);
    bank.taps_per_window = RoundUp(before + 1 + bank.frames_after, kFirBlock);
    return bank.windows * outputs * bank.taps_per_window;
  };
  if (bank.interpolated || set_size(kFirWindowOutputs) > kMaxSharedTaps) set_size(1);

  // The instant of an output, in points of the lattice from the frame its window counts from.
  const auto instant = [&](size_t window, size_t output) {
    if (bank.interpolated) return static_cast<int64_t>(window);
    const auto first = static_cast<int64_t>(window) * bank.window_outputs * bank.down % phases;
    return first + static_cast<int64_t>(output) * bank.down;
  };
  const size_t outputs = bank.windows * bank.window_outputs;
  TapGrid grid(bank.taps_per_window / kFirBlock, outputs * kFirBlock / 2, 2);
  for (size_t output = 0; output < outputs; ++output) {
    const int64_t point = instant(output / bank.window_outputs, output % bank.window_outputs);
    for (size_t i = 0; i < bank.taps_per_window; ++i) {
      const auto frame =
          static_cast<int64_t>(bank.frames_after + i + 1) - static_cast<int64_t>(bank.taps_per_window);
      grid.Step(i / kFirBlock)[output * kFirBlock + i % kFirBlock] = prototype.At(point - frame * phases);
    }
  }
  const RoundedTaps rounded =
      RoundTaps(grid, RoundingShift(quality, TapsPerOutput(prototype), std::min(bank.up, prototype.phases)));
  bank.segments = rounded.segments;
  // Window by window.
  const auto lay_out = [&](const auto& from, auto& to) {
    for (size_t window = 0; window < bank.windows; ++window) {
      for (size_t step = 0; step < from.size(); step += grid.StepSize()) {
        for (size_t output = 0; output < bank.window_outputs; ++output) {
          const size_t row = window * bank.window_outputs + output;
          for (size_t i = 0; i < kFirBlock; ++i) {
            to.push_back(static_cast<typename std::decay_t<decltype(to)>::value_type>(
                from[step + row * kFirBlock + i]));
          }
        }
      }
    }
  };
  lay_out(rounded.taps, bank.int16_taps);
  lay_out(grid.taps, bank.float_taps);
}

FirBank MakeBank(uint32_t up, uint32_t down, ResamplerQuality quality) {
  const FirPrototype prototype = DesignFir(up, down, quality);
  FirBank bank;
  bank.up = up;
  bank.down = down;
  bank.phases = prototype.phases;
  bank.interpolated = prototype.interpolated;
  const uint32_t factor = prototype.interpolated ? 0 : GroupFactor(up, down);
  if (factor > 0) {
    LayOutGroups(prototype, factor, quality, bank);
  } else {
    LayOutWindows(prototype, quality, bank);
  }
  return bank;
}

// ---- Cache ----

// A design costs milliseconds, the stream that wants it often lasts no longer, and a batch opens thousands
// with the same few ratios: hence a cache per process. It is bounded, least recently used out first, so that
// a caller who walks through all rates cannot fill the memory; the 42 pairs of the seven usual rates fit at
// all three qualities. Streams keep their bank alive.
class BankCache {
 public:
  static constexpr size_t kCapacityBytes = size_t{1} << 25;  // 32 MB

  std::shared_ptr<const FirBank> Find(uint32_t up, uint32_t down, ResamplerQuality quality) {
    const std::lock_guard lock(mutex_);
    return FindLocked(up, down, quality);
  }

  // Keeps the bank that came first when two threads designed the same one.
  std::shared_ptr<const FirBank> Add(std::shared_ptr<const FirBank> bank, ResamplerQuality quality) {
    const std::lock_guard lock(mutex_);
    if (auto found = FindLocked(bank->up, bank->down, quality)) return found;
    entries_.push_front({quality, bank});
    total_bytes_ += bank->Bytes();
    while (total_bytes_ > kCapacityBytes) {
      total_bytes_ -= entries_.back().bank->Bytes();
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
  size_t total_bytes_ = 0;
};

}  // namespace

GroupedFirInt16 FirBank::GroupedInt16() const {
  return {outputs, inputs / 2, static_cast<uint32_t>(segments.size()), segments.data(), int16_taps.data()};
}

GroupedFirFloat FirBank::GroupedFloat() const { return {outputs, inputs, steps(), float_taps.data()}; }

size_t FirBank::Bytes() const {
  return sizeof *this + segments.size() * sizeof(FirSegment) + int16_taps.size() * sizeof(int16_t) +
         float_taps.size() * sizeof(float);
}

std::shared_ptr<const FirBank> GetFirBank(uint32_t from_hz, uint32_t to_hz, ResamplerQuality quality) {
  // Never destroyed: a worker thread may still open a stream while the process runs its exit handlers.
  static BankCache& cache = *new BankCache;
  const uint32_t divisor = std::gcd(from_hz, to_hz);
  const uint32_t up = to_hz / divisor;
  const uint32_t down = from_hz / divisor;
  if (auto bank = cache.Find(up, down, quality)) return bank;
  // Designed outside the lock, so that no stream waits for another one's ratio.
  return cache.Add(std::make_shared<const FirBank>(MakeBank(up, down, quality)), quality);
}

}  // namespace sluice
