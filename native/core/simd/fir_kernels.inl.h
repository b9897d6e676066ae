// The source of FirKernels, once per target: see target.inl.h. Vectors: vec.inl.h.

namespace sluice::SLUICE_TARGET {
namespace {

// Calls body.operator()<0>() to <count - 1>(). A loop the compiler has no choice about: accumulators in an
// array stay in registers only when every index is a constant before the optimiser looks (GCC 12 otherwise
// moves them about: 174 instead of 235 GMAC/s).
template <size_t count, size_t first = 0, class Body>
SLUICE_INLINE void ForEach(const Body& body) {
  if constexpr (first < count) {
    body.template operator()<first>();
    ForEach<count, first + 1>(body);
  }
}

// How many vectors of groups a tile has, so that its accumulators, the samples and one tap fit the registers.
#if defined(SLUICE_TARGET_AVX512) || defined(SLUICE_TARGET_VNNI) || defined(SLUICE_TARGET_NEON)
constexpr size_t kTileVectors = 20;  // of 32 registers
#else
constexpr size_t kTileVectors = 9;  // of 16
#endif
constexpr size_t kMaxWidth = 5;
static_assert(kLanes - 1 <= kFirOverreadGroups);

constexpr size_t WidthFor(size_t pass) {
  return kTileVectors / pass < kMaxWidth ? kTileVectors / pass : kMaxWidth;
}

constexpr size_t PassCount(size_t outputs) { return (outputs + kFirMaxPass - 1) / kFirMaxPass; }
constexpr size_t kMinPass = 2;  // of the smallest group, or of the smallest that takes two
static_assert(kFirMinOutputs / PassCount(kFirMinOutputs) >= kMinPass);
static_assert((kFirMaxPass + 1) / PassCount(kFirMaxPass + 1) >= kMinPass);

SLUICE_INLINE int32_t LoadPair(const int16_t* taps) {
  int32_t pair;
  memcpy(&pair, taps, sizeof pair);
  return pair;
}

SLUICE_INLINE Ints RoundTotals(Ints total) {
  const Ints odd = And(ShiftRight(total, kFirFractionBits), Broadcast(1));
  const Ints half = Broadcast((1 << (kFirFractionBits - 1)) - 1);
  return ShiftRight(Add(total, Add(half, odd)), kFirFractionBits);
}

// ---- Grouped ----

// `pass` outputs of `width` vectors of groups, to totals[output * width * kLanes + group]. The totals lie in
// memory of the caller's, where the compiler must leave them but for the ends of segments: in registers they
// would crowd out the samples.
template <size_t pass, size_t width>
void TileInt16(const GroupedFirInt16& fir, const int16_t* taps, const uint32_t* planes, size_t stride,
               int32_t* totals) {
  constexpr size_t kCount = pass * width;
  ForEach<kCount>([&]<size_t i>() SLUICE_LAMBDA_INLINE {
    StoreInts(totals + i * kLanes, Broadcast((int32_t)(fir.segment_count / 2)));  // half a unit a truncation
  });
  for (uint32_t s = 0; s < fir.segment_count; ++s) {
    const FirSegment segment = fir.segments[s];
    Ints acc[kCount];
    ForEach<kCount>([&]<size_t i>() SLUICE_LAMBDA_INLINE { acc[i] = Broadcast(0); });
    // The steps of a single unit are one loop: a seventh faster for 24 to 48 kHz with VNNI.
    const bool single = fir.units == 1;
    const size_t count = single ? segment.end - segment.begin : fir.units;
    const size_t distance = single ? 1 : stride;
    const size_t end = single ? segment.begin + 1 : segment.end;
    for (size_t step = segment.begin; step < end; ++step) {
      const uint32_t* samples = planes + step;
      for (size_t unit = 0; unit < count; ++unit, samples += distance, taps += 2 * pass) {
        Ints x[width];
        ForEach<width>([&]<size_t v>() SLUICE_LAMBDA_INLINE {
          x[v] = LoadInts(samples + v * kLanes);
          SLUICE_KEEP(x[v]);
        });
        ForEach<pass>([&]<size_t p>() SLUICE_LAMBDA_INLINE {
          const Ints tap = Broadcast(LoadPair(taps + 2 * p));
          ForEach<width>([&]<size_t v>() SLUICE_LAMBDA_INLINE {
            acc[p * width + v] = AddProducts(acc[p * width + v], x[v], tap);
          });
        });
      }
    }
    ForEach<kCount>([&]<size_t i>() SLUICE_LAMBDA_INLINE {
      int32_t* total = totals + i * kLanes;
      StoreInts(total, Add(LoadInts(total), ShiftRight(acc[i], segment.shift)));
    });
  }
}

template <size_t pass, size_t width>
void TileFloat(const GroupedFirFloat& fir, const float* taps, const float* planes, size_t stride,
               float* rows) {
  constexpr size_t kCount = pass * width;
  // In stretches, each added up by itself: the error of a float sum grows with its length.
  constexpr size_t kStretch = 64;  // taps
  const size_t stretch = kStretch / fir.units > 0 ? kStretch / fir.units : 1;
  ForEach<kCount>([&]<size_t i>() SLUICE_LAMBDA_INLINE { StoreFloats(rows + i * kLanes, Broadcast(0.0F)); });
  for (size_t begin = 0; begin < fir.steps; begin += stretch) {
    const size_t end = begin + stretch < fir.steps ? begin + stretch : fir.steps;
    Floats acc[kCount];
    ForEach<kCount>([&]<size_t i>() SLUICE_LAMBDA_INLINE { acc[i] = Broadcast(0.0F); });
    for (size_t step = begin; step < end; ++step) {
      const float* samples = planes + step;
      for (uint32_t unit = 0; unit < fir.units; ++unit, samples += stride, taps += pass) {
        Floats x[width];
        ForEach<width>([&]<size_t v>() SLUICE_LAMBDA_INLINE {
          x[v] = LoadFloats(samples + v * kLanes);
          SLUICE_KEEP(x[v]);
        });
        ForEach<pass>([&]<size_t p>() SLUICE_LAMBDA_INLINE {
          const Floats tap = Broadcast(taps[p]);
          ForEach<width>([&]<size_t v>() SLUICE_LAMBDA_INLINE {
            acc[p * width + v] = AddProducts(acc[p * width + v], x[v], tap);
          });
        });
      }
    }
    ForEach<kCount>([&]<size_t i>() SLUICE_LAMBDA_INLINE {
      StoreFloats(rows + i * kLanes, AddFloats(LoadFloats(rows + i * kLanes), acc[i]));
    });
  }
}

// What differs between the two: the samples, and how many taps a pass has for each of its outputs.
struct Int16Shape {
  using Fir = GroupedFirInt16;
  using Sample = int16_t;
  using Total = int32_t;
  using Unit = uint32_t;
  static size_t TapsPerOutput(const Fir& fir) {
    size_t steps = 0;
    for (uint32_t s = 0; s < fir.segment_count; ++s) steps += fir.segments[s].end - fir.segments[s].begin;
    return 2 * steps * fir.units;
  }
  template <size_t pass, size_t width>
  static void Tile(const Fir& fir, const Sample* taps, const Unit* planes, size_t stride, Total* totals) {
    TileInt16<pass, width>(fir, taps, planes, stride, totals);
  }
};
struct FloatShape {
  using Fir = GroupedFirFloat;
  using Sample = float;
  using Total = float;
  using Unit = float;
  static size_t TapsPerOutput(const Fir& fir) { return (size_t)fir.steps * fir.units; }
  template <size_t pass, size_t width>
  static void Tile(const Fir& fir, const Sample* taps, const Unit* planes, size_t stride, Total* totals) {
    TileFloat<pass, width>(fir, taps, planes, stride, totals);
  }
};

template <class Shape, size_t pass, size_t width = WidthFor(pass)>
void TileOfWidth(size_t wanted, const typename Shape::Fir& fir, const typename Shape::Sample* taps,
                 const typename Shape::Unit* planes, size_t stride, typename Shape::Total* rows) {
  if constexpr (width > 1) {
    if (wanted < width) return TileOfWidth<Shape, pass, width - 1>(wanted, fir, taps, planes, stride, rows);
  }
  Shape::template Tile<pass, width>(fir, taps, planes, stride, rows);
}

template <class Shape, size_t pass = kFirMaxPass>
void TileOfPass(size_t wanted, size_t width, const typename Shape::Fir& fir,
                const typename Shape::Sample* taps, const typename Shape::Unit* planes, size_t stride,
                typename Shape::Total* rows) {
  if constexpr (pass > kMinPass) {
    if (wanted < pass) return TileOfPass<Shape, pass - 1>(wanted, width, fir, taps, planes, stride, rows);
  }
  TileOfWidth<Shape, pass>(width, fir, taps, planes, stride, rows);
}

// out[group * outputs + output] = rows[output * pitch + group].
template <class Sample>
SLUICE_INLINE void InterleaveRows(const Sample* rows, size_t pitch, size_t outputs, size_t groups,
                                  Sample* out) {
  for (size_t g = 0; g < groups; ++g) {
    for (size_t p = 0; p < outputs; ++p) out[g * outputs + p] = rows[p * pitch + g];
  }
}

template <class Sample>
void Interleave(const Sample* rows, size_t pitch, size_t outputs, size_t groups, Sample* out) {
  switch (outputs) {  // the usual ones with a constant, so that they are unrolled and vectorised
    case 3:
      return InterleaveRows(rows, pitch, 3, groups, out);
    case 4:
      return InterleaveRows(rows, pitch, 4, groups, out);
    case 6:
      return InterleaveRows(rows, pitch, 6, groups, out);
    default:
      return InterleaveRows(rows, pitch, outputs, groups, out);
  }
}

void Finish(const int32_t* totals, size_t pitch, size_t outputs, size_t groups, int16_t* out) {
  int16_t rows[kFirMaxOutputs * kMaxWidth * kLanes];
  for (size_t i = 0; i < outputs * pitch; i += kLanes) {
    StoreSaturated(rows + i, RoundTotals(LoadInts(totals + i)));
  }
  Interleave(rows, pitch, outputs, groups, out);
}
void Finish(const float* totals, size_t pitch, size_t outputs, size_t groups, float* out) {
  Interleave(totals, pitch, outputs, groups, out);
}

template <class Shape>
void Grouped(const typename Shape::Fir& fir, const typename Shape::Unit* planes, size_t stride, size_t groups,
             typename Shape::Sample* out) {
  const size_t outputs = fir.outputs;
  const size_t passes = PassCount(outputs);
  const size_t max_width = WidthFor((outputs + passes - 1) / passes);
  const size_t taps_per_output = Shape::TapsPerOutput(fir);
  typename Shape::Total totals[kFirMaxOutputs * kMaxWidth * kLanes];
  for (size_t vectors = (groups + kLanes - 1) / kLanes, tiles = (vectors + max_width - 1) / max_width;
       tiles > 0; --tiles) {
    const size_t width = (vectors + tiles - 1) / tiles;  // tiles of nearly equal width
    const size_t pitch = width * kLanes;
    const typename Shape::Sample* taps = fir.taps;
    for (size_t pass = 0, done = 0; pass < passes; ++pass) {
      const size_t size = (outputs - done + passes - pass - 1) / (passes - pass);
      TileOfPass<Shape>(size, width, fir, taps, planes, stride, totals + done * pitch);
      taps += size * taps_per_output;
      done += size;
    }
    const size_t here = groups < pitch ? groups : pitch;
    Finish(totals, pitch, outputs, here, out);
    out += here * outputs;
    planes += here;
    groups -= here;
    vectors -= width;
  }
}

void GroupedInt16(const GroupedFirInt16& fir, const uint32_t* planes, size_t stride, size_t groups,
                  int16_t* out) {
  Grouped<Int16Shape>(fir, planes, stride, groups, out);
}
void GroupedFloat(const GroupedFirFloat& fir, const float* planes, size_t stride, size_t groups, float* out) {
  Grouped<FloatShape>(fir, planes, stride, groups, out);
}

SLUICE_INLINE uint32_t LoadUnit(const char* p) {
  uint32_t unit;
  memcpy(&unit, p, sizeof unit);
  SLUICE_NO_VECTOR(unit);
  return unit;
}

// One load and one store a unit: left to itself, GCC gathers with AVX-512, at six cycles a unit.
template <size_t units>
void DealUnits(const char* linear, size_t groups, uint32_t* planes, size_t stride) {
  for (size_t g = 0; g < groups; ++g, linear += units * sizeof *planes) {
    ForEach<units>([&]<size_t u>() SLUICE_LAMBDA_INLINE {
      planes[u * stride + g] = LoadUnit(linear + u * sizeof *planes);
    });
  }
}

void DealAny(const char* linear, size_t groups, size_t units, uint32_t* planes, size_t stride) {
  for (size_t g = 0; g < groups; ++g) {
    for (size_t u = 0; u < units; ++u, linear += sizeof *planes) planes[u * stride + g] = LoadUnit(linear);
  }
}

void Deal(const void* linear, size_t groups, size_t units, uint32_t* planes, size_t stride) {
  const char* bytes = (const char*)linear;
  switch (units) {  // the usual ones with a constant
    case 1:
      memcpy(planes, linear, groups * sizeof *planes);
      return;
    case 2:
      return DealUnits<2>(bytes, groups, planes, stride);
    case 3:
      return DealUnits<3>(bytes, groups, planes, stride);
    case 6:
      return DealUnits<6>(bytes, groups, planes, stride);
    case 9:
      return DealUnits<9>(bytes, groups, planes, stride);
    default:
      return DealAny(bytes, groups, units, planes, stride);
  }
}

// ---- Windows ----

constexpr size_t kBlockVectors = kFirBlock / 2 / kLanes;  // of pairs
constexpr size_t kFloatBlockVectors = kFirBlock / kLanes;
static_assert(kBlockVectors * kLanes * 2 == kFirBlock && kFirWindowOutputs == 4);

// The sums of four quads' lanes, in order.
SLUICE_INLINE void SumQuads(const QuadInts* quads, int32_t* sums) {
#if defined(__SSE2__) || defined(_M_X64)
#if !defined(SLUICE_TARGET_SCALAR)
  const __m128i a =
      _mm_add_epi32(_mm_unpacklo_epi32(quads[0], quads[1]), _mm_unpackhi_epi32(quads[0], quads[1]));
  const __m128i b =
      _mm_add_epi32(_mm_unpacklo_epi32(quads[2], quads[3]), _mm_unpackhi_epi32(quads[2], quads[3]));
  _mm_storeu_si128((__m128i*)sums, _mm_add_epi32(_mm_unpacklo_epi64(a, b), _mm_unpackhi_epi64(a, b)));
  return;
#endif
#endif
  int32_t lanes[4][4];
  memcpy(lanes, quads, sizeof lanes);
  for (size_t i = 0; i < 4; ++i) sums[i] = lanes[i][0] + lanes[i][1] + lanes[i][2] + lanes[i][3];
}
SLUICE_INLINE void SumQuads(const QuadFloats* quads, float* sums) {
  float lanes[4][4];
  memcpy(lanes, quads, sizeof lanes);
  for (size_t i = 0; i < 4; ++i) sums[i] = (lanes[i][0] + lanes[i][2]) + (lanes[i][1] + lanes[i][3]);
}

template <size_t outputs>
void WindowInt16(const WindowFirInt16& fir, const int16_t* window, const int16_t* taps, int32_t* totals) {
  constexpr size_t kCount = outputs * kBlockVectors;
  Ints total[kCount];
  ForEach<kCount>([&]<size_t i>() SLUICE_LAMBDA_INLINE {
    total[i] = Broadcast((int32_t)(fir.segment_count / 2));  // half a unit a truncation, of each lane
  });
  for (uint32_t s = 0; s < fir.segment_count; ++s) {
    const FirSegment segment = fir.segments[s];
    Ints acc[kCount];
    ForEach<kCount>([&]<size_t i>() SLUICE_LAMBDA_INLINE { acc[i] = Broadcast(0); });
    for (size_t step = segment.begin; step < segment.end; ++step, taps += outputs * kFirBlock) {
      Ints x[kBlockVectors];
      ForEach<kBlockVectors>([&]<size_t v>() SLUICE_LAMBDA_INLINE {
        x[v] = LoadInts(window + step * kFirBlock + v * 2 * kLanes);
        SLUICE_KEEP(x[v]);
      });
      ForEach<kCount>([&]<size_t i>() SLUICE_LAMBDA_INLINE {
        acc[i] = AddProducts(acc[i], x[i % kBlockVectors], LoadInts(taps + i * 2 * kLanes));
      });
    }
    ForEach<kCount>([&]<size_t i>() SLUICE_LAMBDA_INLINE {
      total[i] = Add(total[i], ShiftRight(acc[i], segment.shift));
    });
  }
  QuadInts quads[4] = {};
  ForEach<outputs>([&]<size_t w>() SLUICE_LAMBDA_INLINE {
    Ints sum = total[w * kBlockVectors];
    ForEach<kBlockVectors>([&]<size_t v>() SLUICE_LAMBDA_INLINE {
      if constexpr (v > 0) sum = Add(sum, total[w * kBlockVectors + v]);
    });
    quads[w] = ToQuad(sum);
  });
  SumQuads(quads, totals);
}

template <size_t outputs>
void StretchFloat(size_t blocks, const float* window, const float* taps, float* sums) {
  static_assert(kFloatBlockVectors >= 2);
  Floats acc[outputs * 2];  // two sums an output
  ForEach<outputs * 2>([&]<size_t i>() SLUICE_LAMBDA_INLINE { acc[i] = Broadcast(0.0F); });
  for (size_t block = 0; block < blocks; ++block, window += kFirBlock, taps += outputs * kFirBlock) {
    ForEach<kFloatBlockVectors>([&]<size_t v>() SLUICE_LAMBDA_INLINE {
      Floats x = LoadFloats(window + v * kLanes);
      SLUICE_KEEP(x);
      ForEach<outputs>([&]<size_t w>() SLUICE_LAMBDA_INLINE {
        Floats& sum = acc[2 * w + v % 2];
        sum = AddProducts(sum, x, LoadFloats(taps + w * kFirBlock + v * kLanes));
      });
    });
  }
  QuadFloats quads[4] = {};
  ForEach<outputs>([&]<size_t w>()
                       SLUICE_LAMBDA_INLINE { quads[w] = ToQuad(AddFloats(acc[2 * w], acc[2 * w + 1])); });
  SumQuads(quads, sums);
}

// In stretches, as TileFloat: in one go, levels were up to 8e-6 apart over the 60 192 taps of 192000 to
// 1000 Hz. Most windows have only one.
template <size_t outputs>
void WindowFloat(size_t blocks, const float* window, const float* taps, float* sums) {
  constexpr size_t kStretch = 16;  // blocks: each accumulator adds up 16 (kLanes 16) to 64 products
  StretchFloat<outputs>(blocks < kStretch ? blocks : kStretch, window, taps, sums);
  for (; blocks > kStretch; blocks -= kStretch) {
    window += kStretch * kFirBlock;
    taps += kStretch * outputs * kFirBlock;
    const size_t left = blocks - kStretch;
    float more[kFirWindowOutputs];
    StretchFloat<outputs>(left < kStretch ? left : kStretch, window, taps, more);
    for (size_t i = 0; i < kFirWindowOutputs; ++i) sums[i] += more[i];
  }
}

void RoundAll(const int32_t* totals, size_t count, int16_t* out) {
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) StoreSaturated(out + i, RoundTotals(LoadInts(totals + i)));
  if (i == count) return;
  int32_t last[kLanes] = {};
  int16_t rounded[kLanes];
  memcpy(last, totals + i, (count - i) * sizeof *totals);
  StoreSaturated(rounded, RoundTotals(LoadInts(last)));
  memcpy(out + i, rounded, (count - i) * sizeof *out);
}

constexpr FirKernels kFirKernels = {Deal,           GroupedInt16,
                                    GroupedFloat,   WindowInt16<kFirWindowOutputs>,
                                    WindowInt16<1>, WindowFloat<kFirWindowOutputs>,
                                    WindowFloat<1>, RoundAll};

}  // namespace
}  // namespace sluice::SLUICE_TARGET
