// The inner loops of the resampler, per instruction set: two shapes of polyphase FIR filter, each for int16
// and float samples, one channel. What they compute in terms of rates and phases: core/fir_bank.h.
//
// int16 filters are exact sums of 32-bit integers. Taps of 16 bits alone reach -75 to -85 dB; so the taps
// come in segments, each with a scale of its own, large enough for its largest tap, and the big taps in the
// middle are there twice: once roughly, once as what was left over. Per segment, |sum of tap * sample| < 2^31
// for any samples. A finished segment is scaled to the common fraction of kFirFractionBits and added to the
// output's total.
//
//   total = segments / 2 + sum over segments of (sum over its taps of tap * sample) >> shift
//
// where >> rounds down, by half a unit on average, for which the first term (itself rounded down) makes up.
// Windows have such a total in each lane, and the output's is the sum of them. Every level computes just
// this, so int16 results are the same bits everywhere.
//
// float filters are plain sums, in an order of each level's own.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice {

// Totals are output samples times 2^kFirFractionBits: |total| < 2^30 for taps whose magnitudes add up to less
// than 4.
inline constexpr unsigned kFirFractionBits = 13;

// Steps [begin, end) of the filter with taps of scale 2^(kFirFractionBits + shift). Steps may occur in two
// segments.
struct FirSegment {
  uint32_t begin;
  uint32_t end;
  uint32_t shift;
};

// At most this many output phases are filtered at a time: a pass. A group has as few passes as it can, of
// nearly equal size, the larger ones first.
inline constexpr size_t kFirMaxPass = 4;
// Smallest and largest group.
inline constexpr size_t kFirMinOutputs = 3;
inline constexpr size_t kFirMaxOutputs = 16;
// Groups that a call may read beyond those it was asked for (and drop): what fills the last vector of the
// widest level, which has 16 lanes.
inline constexpr size_t kFirOverreadGroups = 15;

// Outputs come in groups: `outputs` of them for every 2 * `units` input frames, each output of a group with
// taps of its own, and output p of one group with the same taps as output p of the next. So a vector's lanes
// are consecutive groups, and every tap is a broadcast.
//
// The input lies in `units` planes: plane u holds pair u (two consecutive frames) of every group. One step is
// one group further on: in step s, group g reads planes[u * stride + g + s].
struct GroupedFirInt16 {
  uint32_t outputs;
  uint32_t units;
  uint32_t segment_count;
  const FirSegment* segments;
  const int16_t* taps;  // [pass][segment][step][unit][output of the pass][2]
};
// The same with float samples: one frame a unit.
struct GroupedFirFloat {
  uint32_t outputs;
  uint32_t units;
  uint32_t steps;
  const float* taps;  // [pass][step][unit][output of the pass]
};

// Ratios of larger numbers have more phases than a group could hold. There, a few consecutive outputs share a
// window of the samples, which is loaded once for all of them, and a vector's lanes are consecutive samples.
// Windows come in blocks of this many samples: one step.
inline constexpr size_t kFirBlock = 32;
inline constexpr size_t kFirWindowOutputs = 4;

struct WindowFirInt16 {
  uint32_t segment_count;
  const FirSegment* segments;
};

struct FirKernels {
  // Unit g * units + u of linear (of four bytes each, at any address) to planes[u * stride + g].
  void (*deal)(const void* linear, size_t groups, size_t units, uint32_t* planes, size_t stride);

  // `groups` groups of outputs to out, rounded to nearest even and saturated. Reads up to kFirOverreadGroups
  // more groups of the planes; what they hold does not matter.
  void (*grouped_int16)(const GroupedFirInt16& fir, const uint32_t* planes, size_t stride, size_t groups,
                        int16_t* out);
  void (*grouped_float)(const GroupedFirFloat& fir, const float* planes, size_t stride, size_t groups,
                        float* out);

  // The totals of one window's kFirWindowOutputs outputs, or of its only one; always writes four. int16 taps:
  // [segment][step][output][kFirBlock]; float taps: [block][output][kFirBlock]. Lane l of kFirBlock / 2 takes
  // taps 2l and 2l + 1 of each block.
  void (*window_int16)(const WindowFirInt16& fir, const int16_t* window, const int16_t* taps,
                       int32_t* totals);
  void (*single_int16)(const WindowFirInt16& fir, const int16_t* window, const int16_t* taps,
                       int32_t* totals);
  void (*window_float)(size_t blocks, const float* window, const float* taps, float* sums);
  void (*single_float)(size_t blocks, const float* window, const float* taps, float* sums);

  // Totals to samples, to nearest even, saturated.
  void (*round_totals)(const int32_t* totals, size_t count, int16_t* out);
};

}  // namespace sluice
