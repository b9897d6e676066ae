#include "core/fir_bank.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <list>
#include <mutex>
#include <numeric>
#include <span>
#include <type_traits>
#include <utility>

namespace sluice {
namespace {

// ---- Rounding to int16 ----

// Real taps as the kernels add them up: in each step, every sum takes `width` taps. An output has one or
// several sums.
struct TapGrid {
  size_t steps;
  size_t outputs;
  size_t sums;
  size_t width;
  std::vector<double> taps;  // [step][sum][width]

  TapGrid(size_t step_count, size_t output_count, size_t sums_each, size_t taps_each)
      : steps(step_count),
        outputs(output_count),
        sums(output_count * sums_each),
        width(taps_each),
        taps(step_count * sums * taps_each) {}
  size_t StepSize() const { return sums * width; }
  size_t TapsOfOutput() const { return StepSize() / outputs; }  // in a step
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
constexpr double kMaxTapSum = 65535;
constexpr double kMaxTap = 32767;
constexpr uint32_t kMaxShift = 14;  // 2^-27: finer than any tap needs

double ScaleOf(uint32_t shift) { return std::ldexp(1.0, static_cast<int>(kFirFractionBits + shift)); }

// What decides the scale of a step: its largest tap, and the largest sum of magnitudes.
struct StepSize {
  double largest = 0;
  double largest_sum = 0;
};

std::vector<StepSize> SizesOf(const TapGrid& grid) {
  std::vector<StepSize> sizes(grid.steps);
  for (size_t step = 0; step < grid.steps; ++step) {
    for (size_t s = 0; s < grid.sums; ++s) {
      double sum = 0;
      for (const double tap : grid.Step(step).subspan(s * grid.width, grid.width)) {
        sizes[step].largest = std::max(sizes[step].largest, std::abs(tap));
        sum += std::abs(tap);
      }
      sizes[step].largest_sum = std::max(sizes[step].largest_sum, sum);
    }
  }
  return sizes;
}

// The finest shift at which so many taps, the largest and the sum of their magnitudes given, stay within the
// bounds; rounding adds at most half a unit to each.
uint32_t FinestShift(double largest, double sum, size_t taps) {
  const double max_sum = kMaxTapSum - static_cast<double>(taps) / 2;
  uint32_t shift = kMaxShift;
  while (shift > 0 && (largest * ScaleOf(shift) > kMaxTap || sum * ScaleOf(shift) > max_sum)) --shift;
  return shift;
}

// Steps [begin, end) in segments as long as they can be at `shift`, each at the finest scale that its taps
// allow. (No sum is larger than the steps' largest together.)
void AppendSegments(std::span<const StepSize> sizes, size_t width, size_t begin, size_t end, uint32_t shift,
                    std::vector<FirSegment>& segments) {
  while (begin < end) {
    StepSize all;
    uint32_t finest = kMaxShift;
    size_t stop = begin;
    for (; stop < end; ++stop) {
      all.largest = std::max(all.largest, sizes[stop].largest);
      all.largest_sum += sizes[stop].largest_sum;
      const uint32_t with_step = FinestShift(all.largest, all.largest_sum, (stop + 1 - begin) * width);
      if (with_step < shift && stop > begin) break;
      finest = with_step;
    }
    segments.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(stop), finest});
    begin = stop;
  }
}

// The taps of a sharp filter fall off as 1 / distance: those in the middle are too large for int16 at the
// scale that the stop band wants. They come twice: first, at the coarse scale that holds them; then what is
// left of them, with all the others.
struct Plan {
  std::vector<FirSegment> segments;
  double noise = 0;  // what rounding the taps adds to an output of full-scale samples, root mean square
  size_t cost = std::numeric_limits<size_t>::max();  // in taps of an output
};

// A segment costs as much as so many taps of every output, measured.
constexpr size_t kSegmentCost = 8;

size_t CostOf(const TapGrid& grid, size_t middle, size_t segments) {
  return (grid.steps + middle) * grid.TapsOfOutput() + segments * kSegmentCost;
}

// `middle` steps about `centre` (in half steps) twice; all others at a scale of at least `shift`, where a
// single step allows it. In segments of its own, what is left of the middle can be rounded more finely.
struct Layout {
  size_t centre;
  uint32_t shift;
  bool apart;
};

Plan PlanTwice(const TapGrid& grid, std::span<const StepSize> sizes, size_t middle, const Layout& layout) {
  const size_t begin =
      std::min(layout.centre > middle ? (layout.centre - middle) / 2 : 0, grid.steps - middle);
  const size_t end = begin + middle;
  Plan plan;
  AppendSegments(sizes, grid.width, begin, end, 0, plan.segments);
  const size_t coarse = plan.segments.size();
  std::vector<StepSize> left(sizes.begin(), sizes.end());
  for (const FirSegment& segment : plan.segments) {
    const double rest = 0.5 / ScaleOf(segment.shift);
    for (size_t step = segment.begin; step < segment.end; ++step) {
      left[step] = {rest, rest * static_cast<double>(grid.width)};
    }
  }
  const std::array<size_t, 4> bounds = {0, layout.apart ? begin : 0, layout.apart ? end : grid.steps,
                                        grid.steps};
  for (size_t i = 0; i < 3; ++i) {
    AppendSegments(left, grid.width, bounds[i], bounds[i + 1], layout.shift, plan.segments);
  }
  plan.cost = CostOf(grid, middle, plan.segments.size());
  for (const FirSegment& segment : std::span(plan.segments).subspan(coarse)) {
    const auto taps = static_cast<double>((segment.end - segment.begin) * grid.TapsOfOutput());
    plan.noise += taps / 12 / std::pow(ScaleOf(segment.shift), 2);
  }
  plan.noise = std::sqrt(plan.noise);
  return plan;
}

// Makes `best` a cheaper plan of such a layout that adds no more noise than `limit`, if there is one. A wider
// middle means more taps and less noise: so it is the narrowest that will do, or a wider one that needs fewer
// segments.
void Improve(const TapGrid& grid, std::span<const StepSize> sizes, const Layout& layout, double limit,
             Plan& best) {
  size_t narrow = 0;  // the narrowest that will do lies in narrow to wide
  for (size_t wide = grid.steps; narrow < wide;) {
    const size_t middle = (narrow + wide) / 2;
    PlanTwice(grid, sizes, middle, layout).noise <= limit ? wide = middle : narrow = middle + 1;
  }
  for (size_t middle = narrow; middle <= grid.steps && CostOf(grid, middle, 1) < best.cost; ++middle) {
    Plan plan = PlanTwice(grid, sizes, middle, layout);
    if (plan.noise <= limit && plan.cost < best.cost) best = std::move(plan);
  }
}

// Of the layouts about the largest tap, at the coarsest scale at which all taps together would keep the limit
// and at the two coarser ones.
Plan CheapestPlan(const TapGrid& grid, double limit) {
  const std::vector<StepSize> sizes = SizesOf(grid);
  const auto largest = std::max_element(sizes.begin(), sizes.end(),
                                        [](const auto& a, const auto& b) { return a.largest < b.largest; });
  const auto centre = static_cast<size_t>(2 * (largest - sizes.begin()) + 1);
  const double noise = std::sqrt(static_cast<double>(grid.steps * grid.TapsOfOutput()) / 12);
  uint32_t enough = 0;
  while (enough < kMaxShift && noise / ScaleOf(enough) > limit) ++enough;
  Plan best = PlanTwice(grid, sizes, grid.steps, {centre, enough, false});
  for (uint32_t shift = enough - std::min(enough, 2U); shift <= enough; ++shift) {
    for (const bool apart : {false, true}) {
      for (const size_t near : {centre - 1, centre, centre + 1}) {
        Improve(grid, sizes, {near, shift, apart}, limit, best);
      }
    }
  }
  return best;
}

RoundedTaps RoundTaps(TapGrid grid, double limit) {  // a copy: what rounding leaves stays in it
  RoundedTaps rounded;
  rounded.segments = CheapestPlan(grid, limit).segments;
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

// How much noise rounded taps may add. At 4e-6 it is less than 0.1 beside the 0.29 of a sample that rounding
// the output costs anyway. The stop band sees the mean over `up` phases: 1.7e-6 keeps it below -100 dB.
double NoiseLimit(ResamplerQuality quality, uint32_t up) {
  const double factor = quality == ResamplerQuality::kFast   ? 2.0
                        : quality == ResamplerQuality::kBest ? 0.6
                                                             : 1.0;
  return factor * std::min(4e-6, 1.7e-6 * std::sqrt(up));
}

// ---- Groups ----

// A group has an even number of input frames, since int16 kernels take them in pairs, and at least
// kFirMinOutputs outputs: each vector of samples that is loaded then serves that many multiplications.
constexpr uint32_t kMaxInputs = 24;

// By how much the ratio is multiplied to make a group; 0 when groups would get too large.
uint32_t GroupFactor(uint32_t up, uint32_t down) {
  for (uint32_t factor = 1; factor * up <= kFirMaxOutputs && factor * down <= kMaxInputs; ++factor) {
    if (factor * up >= kFirMinOutputs && factor * down % 2 == 0) return factor;
  }
  return 0;
}

uint32_t DivideUp(int64_t n, uint32_t by) { return static_cast<uint32_t>((n + by - 1) / by); }

// Calls body(first, size) for the outputs of each pass, as the kernels take them: see PassCount in
// fir_kernels.inl.h.
template <class Body>
void ForEachPass(size_t outputs, Body body) {
  const size_t passes = (outputs + kFirMaxPass - 1) / kFirMaxPass;
  for (size_t pass = 0, first = 0; pass < passes; ++pass) {
    const size_t size = (outputs - first + passes - pass - 1) / (passes - pass);
    body(first, size);
    first += size;
  }
}

// Pass by pass, and in it step by step: `width` frames at a time, of each output in turn.
template <class From, class To>
void DealGroups(const std::vector<From>& from, size_t inputs, size_t outputs, size_t width, Taps<To>& to) {
  to.reserve(from.size());
  ForEachPass(outputs, [&](size_t first, size_t size) {
    for (size_t step = 0; step < from.size(); step += outputs * inputs) {
      for (size_t i = 0; i < inputs; i += width) {
        for (size_t p = first; p < first + size; ++p) {
          for (size_t k = i; k < i + width; ++k) to.push_back(static_cast<To>(from[step + p * inputs + k]));
        }
      }
    }
  });
}

template <class Sample>
void LayOutGroups(const FirPrototype& prototype, uint32_t factor, ResamplerQuality quality,
                  FirBank<Sample>& bank) {
  const uint32_t inputs = factor * bank.down;
  const uint32_t outputs = factor * bank.up;
  const auto lattice = static_cast<int64_t>(bank.up);
  const int64_t last_instant = static_cast<int64_t>(outputs - 1) * bank.down;  // in points of the lattice
  bank.grouped = true;
  bank.inputs = inputs;
  bank.outputs = outputs;
  // The last frame that an output needs is the last of a group: least latency, and fewest groups.
  const auto before = static_cast<uint32_t>(prototype.reach() / lattice);
  const auto after = static_cast<uint32_t>((prototype.reach() + last_instant) / lattice);
  bank.groups_after = after / inputs;
  bank.origin = inputs - 1 - after % inputs;
  bank.groups_before = before > bank.origin ? DivideUp(before - bank.origin, inputs) : 0;

  TapGrid grid(bank.steps(), outputs, 1, inputs);
  for (uint32_t step = 0; step < bank.steps(); ++step) {
    const int64_t first_frame = (static_cast<int64_t>(step) - bank.groups_before) * inputs;
    for (uint32_t p = 0; p < outputs; ++p) {
      for (uint32_t i = 0; i < inputs; ++i) {
        grid.Step(step)[p * inputs + i] =
            prototype.At(static_cast<int64_t>(p) * bank.down - (first_frame + i - bank.origin) * lattice);
      }
    }
  }
  if constexpr (std::is_same_v<Sample, int16_t>) {
    RoundedTaps rounded = RoundTaps(grid, NoiseLimit(quality, bank.up));
    bank.segments = std::move(rounded.segments);
    DealGroups(rounded.taps, inputs, outputs, 2, bank.taps);
  } else {
    DealGroups(grid.taps, inputs, outputs, 1, bank.taps);
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
// Window by window, and in each step by step, a block of each output in turn.
template <class From, class Sample>
void DealWindows(const std::vector<From>& from, FirBank<Sample>& bank) {
  bank.taps.reserve(from.size());
  const size_t step_size = size_t{bank.windows} * bank.window_outputs * kFirBlock;
  const size_t window_size = bank.window_outputs * kFirBlock;
  for (size_t window = 0; window < bank.windows; ++window) {
    for (size_t step = 0; step < from.size(); step += step_size) {
      const auto block = from.begin() + static_cast<ptrdiff_t>(step + window * window_size);
      std::transform(block, block + static_cast<ptrdiff_t>(window_size), std::back_inserter(bank.taps),
                     [](From tap) { return static_cast<Sample>(tap); });
    }
  }
}

template <class Sample>
void LayOutWindows(const FirPrototype& prototype, ResamplerQuality quality, FirBank<Sample>& bank) {
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
  TapGrid grid(bank.taps_per_window / kFirBlock, outputs, kFirBlock / 2, 2);
  for (size_t output = 0; output < outputs; ++output) {
    const int64_t point = instant(output / bank.window_outputs, output % bank.window_outputs);
    for (size_t i = 0; i < bank.taps_per_window; ++i) {
      const auto frame =
          static_cast<int64_t>(bank.frames_after + i + 1) - static_cast<int64_t>(bank.taps_per_window);
      grid.Step(i / kFirBlock)[output * kFirBlock + i % kFirBlock] = prototype.At(point - frame * phases);
    }
  }
  if constexpr (std::is_same_v<Sample, int16_t>) {
    RoundedTaps rounded = RoundTaps(grid, NoiseLimit(quality, std::min(bank.up, bank.phases)));
    bank.segments = std::move(rounded.segments);
    DealWindows(rounded.taps, bank);
  } else {
    DealWindows(grid.taps, bank);
  }
}

template <class Sample>
FirBank<Sample> MakeBank(uint32_t up, uint32_t down, ResamplerQuality quality) {
  const FirPrototype prototype = DesignFir<Sample>(up, down, quality);
  FirBank<Sample> bank;
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
template <class Sample>
class BankCache {
 public:
  using Bank = std::shared_ptr<const FirBank<Sample>>;
  static constexpr size_t kCapacityBytes = sizeof(Sample) * (size_t{5} << 20);  // 10 MB of int16, 20 of float

  Bank Find(uint32_t up, uint32_t down, ResamplerQuality quality) {
    const std::lock_guard lock(mutex_);
    return FindLocked(up, down, quality);
  }

  // Keeps the bank that came first when two threads designed the same one.
  Bank Add(Bank bank, ResamplerQuality quality) {
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
    Bank bank;
  };

  Bank FindLocked(uint32_t up, uint32_t down, ResamplerQuality quality) {
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

template <class Sample>
std::shared_ptr<const FirBank<Sample>> GetFirBank(uint32_t from_hz, uint32_t to_hz,
                                                  ResamplerQuality quality) {
  // Never destroyed: a worker thread may still open a stream while the process runs its exit handlers.
  static BankCache<Sample>& cache = *new BankCache<Sample>;
  const uint32_t divisor = std::gcd(from_hz, to_hz);
  const uint32_t up = to_hz / divisor;
  const uint32_t down = from_hz / divisor;
  if (auto bank = cache.Find(up, down, quality)) return bank;
  // Designed outside the lock, so that no stream waits for another one's ratio.
  return cache.Add(std::make_shared<const FirBank<Sample>>(MakeBank<Sample>(up, down, quality)), quality);
}

template std::shared_ptr<const FirBank<int16_t>> GetFirBank(uint32_t, uint32_t, ResamplerQuality);
template std::shared_ptr<const FirBank<float>> GetFirBank(uint32_t, uint32_t, ResamplerQuality);

}  // namespace sluice
