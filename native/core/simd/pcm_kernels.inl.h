// The source of PcmKernels, once per target: see target.inl.h. Plain loops over one sample at a time, which
// every compiler vectorises; only three-byte samples need more, and go through words of four.

namespace sluice::SLUICE_TARGET {
namespace {
namespace pcm {

template <class Word>
Word LoadWord(const uint8_t* src) {
  Word word;
  memcpy(&word, src, sizeof word);
  return word;
}
template <class Word>
void StoreWord(Word word, uint8_t* dst) {
  memcpy(dst, &word, sizeof word);
}

// ---- Formats: how a sample lies in memory, as an integer of kBits or, with kBits = 0, as a float.

struct U8 {
  static constexpr int kBytes = 1, kBits = 8;
  static int32_t Load(const uint8_t* src) { return *src - 128; }
  static void Store(int32_t value, uint8_t* dst) { *dst = (uint8_t)(value + 128); }
};
struct S16Le {
  static constexpr int kBytes = 2, kBits = 16;
  static int32_t Load(const uint8_t* src) { return LoadWord<int16_t>(src); }
  static void Store(int32_t value, uint8_t* dst) { StoreWord((int16_t)value, dst); }
};
struct S16Be {
  static constexpr int kBytes = 2, kBits = 16;
  static uint16_t Swap(uint16_t word) { return (uint16_t)(word << 8 | word >> 8); }
  static int32_t Load(const uint8_t* src) { return (int16_t)Swap(LoadWord<uint16_t>(src)); }
  static void Store(int32_t value, uint8_t* dst) { StoreWord(Swap((uint16_t)value), dst); }
};
struct S24In32Le {
  static constexpr int kBytes = 4, kBits = 24;
  static int32_t Load(const uint8_t* src) { return (int32_t)(LoadWord<uint32_t>(src) << 8) >> 8; }
  static void Store(int32_t value, uint8_t* dst) { StoreWord(value, dst); }
};
struct S32Le {
  static constexpr int kBytes = 4, kBits = 32;
  static int32_t Load(const uint8_t* src) { return LoadWord<int32_t>(src); }
  static void Store(int32_t value, uint8_t* dst) { StoreWord(value, dst); }
};
struct F32Le {
  static constexpr int kBytes = 4, kBits = 0;
  static float Load(const uint8_t* src) { return LoadWord<float>(src); }
  static void Store(float value, uint8_t* dst) { StoreWord(value, dst); }
};

// ---- One sample from format to format, by the bits of both.

// Integers: up exactly; down to nearest even, saturating. What is clamped would have saturated; the rounding
// then cannot overflow.
template <int from, int to>
int32_t Rescale(int32_t value) {
  if constexpr (to >= from) {
    return (int32_t)((uint32_t)value << (to - from));
  } else {
    constexpr int kShift = from - to;
    constexpr int32_t kMax = ((1 << (to - 1)) - 1) * (1 << kShift);
    value = value < kMax ? value : kMax;
    return (value + ((1 << (kShift - 1)) - 1) + ((value >> kShift) & 1)) >> kShift;
  }
}

// Floats are compared by their bits, and choices are made by masks: GCC takes a choice between floats for a
// branch, which does not vectorise.
constexpr uint32_t kSign = 1U << 31;
constexpr uint32_t kInfinity = 255U << 23;
constexpr uint32_t BitsOfPowerOf2(int exponent) { return (uint32_t)(127 + exponent) << 23; }
inline uint32_t BitsOf(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}
inline float FloatOf(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

// All ones if a < b, both below 2^31: SSE2 and AVX2 compare signed integers only.
inline uint32_t MaskIfLess(uint32_t a, uint32_t b) { return 0 - (uint32_t)((int32_t)a < (int32_t)b); }

inline float NanToZero(float x) {
  const uint32_t bits = BitsOf(x);
  return FloatOf(bits & MaskIfLess(bits & ~kSign, kInfinity + 1));
}

// Full scale 1.0 to an integer of up to 23 bits, to nearest even, saturating; NaN is 0.
template <int bits>
int32_t ToNarrowInteger(float x) {
  constexpr int32_t kMax = (1 << (bits - 1)) - 1;
  constexpr int32_t kFullScale = (int32_t)BitsOfPowerOf2(bits - 1);
  constexpr float kRounder = 0x1.8p23F;  // where the last place is 1, so that adding it rounds
  const uint32_t scaled = BitsOf(NanToZero(x * (float)(1 << (bits - 1))));
  const int32_t magnitude = (int32_t)(scaled & ~kSign);
  const uint32_t within = (uint32_t)(magnitude < kFullScale ? magnitude : kFullScale);
  const int32_t rounded = (int32_t)(BitsOf(FloatOf(within | (scaled & kSign)) + kRounder) - BitsOf(kRounder));
  return rounded < kMax ? rounded : kMax;
}

// The same for up to 32 bits.
template <int bits>
int32_t ToWideInteger(float x) {
  constexpr uint32_t kMax = (1U << (bits - 1)) - 1;
  // The least magnitude that saturates: 2^(bits-1) - 1/2, a tie that would go up; with 32 bits 2^31, for no
  // float lies between it and the largest integer.
  constexpr uint32_t kBeyond = BitsOfPowerOf2(bits - 1) - (bits <= 24 ? 1U << (24 - bits) : 0);
  const uint32_t scaled = BitsOf(x * (float)(1U << (bits - 1)));
  const uint32_t sign = scaled & kSign;
  const uint32_t magnitude = scaled & ~kSign;
  const uint32_t within = magnitude & MaskIfLess(magnitude, kBeyond);
  // To nearest even below 2^23 by adding 2^23, where the last place is 1; all from there on are integers.
  const float rounder = FloatOf((BitsOfPowerOf2(23) | sign) & MaskIfLess(within, BitsOfPowerOf2(23)));
  const int32_t rounded = (int32_t)((FloatOf(within | sign) + rounder) - rounder);
  const uint32_t saturates = MaskIfLess(kBeyond - 1, magnitude) & MaskIfLess(magnitude, kInfinity + 1);
  return rounded | (int32_t)((kMax ^ (0 - (sign >> 31))) & saturates);
}

template <class From, class To>
void ConvertSample(const uint8_t* src, uint8_t* dst) {
  const auto value = From::Load(src);
  if constexpr (From::kBits != 0 && To::kBits != 0) {
    To::Store(Rescale<From::kBits, To::kBits>(value), dst);
  } else if constexpr (From::kBits != 0) {
    To::Store((float)value * (1.0F / (float)(1U << (From::kBits - 1))), dst);
  } else if constexpr (To::kBits <= 16) {
    To::Store(ToNarrowInteger<To::kBits>(value), dst);
  } else {
    To::Store(ToWideInteger<To::kBits>(value), dst);
  }
}

template <class From, class To>
void Convert(const uint8_t* __restrict src, uint8_t* __restrict dst, size_t count) {
  for (size_t i = 0; i < count; ++i) ConvertSample<From, To>(src + i * From::kBytes, dst + i * To::kBytes);
}

template <int bytes>
void Copy(const uint8_t* __restrict src, uint8_t* __restrict dst, size_t count) {
  if (count != 0) memcpy(dst, src, count * bytes);
}

// ---- Three-byte samples travel as words of four, a block on the stack at a time.

#if defined(SLUICE_TARGET_AVX512) || defined(SLUICE_TARGET_VNNI)
constexpr size_t kGroup = 16;
// 48 bytes as 16 words with a top byte of 0; and back. Words move between lanes of 128 bits, bytes within
// them. Two loads: one of 64 bytes, masked, takes a third longer on files that no cache holds. The masks that
// say nothing new keep GCC 12 from warning of its own headers.
inline void WidenGroup(const uint8_t* src, uint8_t* dst) {
  const __m512i words = _mm512_setr_epi32(0, 1, 2, 0, 3, 4, 5, 0, 6, 7, 8, 0, 9, 10, 11, 0);
  const __m512i bytes =
      _mm512_setr4_epi32((int)0xFF020100, (int)0xFF050403, (int)0xFF080706, (int)0xFF0B0A09);
  const __m512i packed =
      _mm512_maskz_inserti32x4(0x0FFF, _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i*)src)),
                               _mm_loadu_si128((const __m128i*)(src + 32)), 2);
  const __m512i spread = _mm512_maskz_permutexvar_epi32(0x7777, words, packed);
  _mm512_storeu_si512(dst, _mm512_shuffle_epi8(spread, bytes));
}
inline void NarrowGroup(const uint8_t* src, uint8_t* dst) {
  const __m512i words = _mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0, 0, 0, 0);
  const __m512i bytes = _mm512_setr4_epi32(0x04020100, 0x09080605, 0x0E0D0C0A, -1);
  const __m512i spread = _mm512_shuffle_epi8(_mm512_loadu_si512(src), bytes);
  _mm512_mask_storeu_epi32(dst, 0x0FFF, _mm512_maskz_permutexvar_epi32(0x0FFF, words, spread));
}
#elif defined(SLUICE_TARGET_AVX2)
constexpr size_t kGroup = 8;
inline void WidenGroup(const uint8_t* src,
                       uint8_t* dst) {  // the upper half begins four bytes early: none too many is read
  const __m256i bytes = _mm256_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1,  //
                                         4, 5, 6, -1, 7, 8, 9, -1, 10, 11, 12, -1, 13, 14, 15, -1);
  const __m256i packed = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i*)src)),
                                                 _mm_loadu_si128((const __m128i*)(src + 8)), 1);
  _mm256_storeu_si256((__m256i*)dst, _mm256_shuffle_epi8(packed, bytes));
}
inline void NarrowGroup(const uint8_t* src, uint8_t* dst) {
  const __m256i bytes = _mm256_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1,  //
                                         0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 0, 0);
  const __m256i shuffled = _mm256_shuffle_epi8(_mm256_loadu_si256((const __m256i*)src), bytes);
  const __m256i packed = _mm256_permutevar8x32_epi32(shuffled, lanes);
  _mm_storeu_si128((__m128i*)dst, _mm256_castsi256_si128(packed));
  _mm_storel_epi64((__m128i*)(dst + 16), _mm256_extracti128_si256(packed, 1));
}
#elif defined(SLUICE_TARGET_NEON)
constexpr size_t kGroup = 16;
inline void WidenGroup(const uint8_t* src, uint8_t* dst) {
  const uint8x16x3_t bytes = vld3q_u8(src);
  vst4q_u8(dst, {{bytes.val[0], bytes.val[1], bytes.val[2], vdupq_n_u8(0)}});
}
inline void NarrowGroup(const uint8_t* src, uint8_t* dst) {
  const uint8x16x4_t bytes = vld4q_u8(src);
  vst3q_u8(dst, {{bytes.val[0], bytes.val[1], bytes.val[2]}});
}
#else
constexpr size_t kGroup = 4;
inline void WidenGroup(const uint8_t* src, uint8_t* dst) {
  const uint32_t a = LoadWord<uint32_t>(src), b = LoadWord<uint32_t>(src + 4),
                 c = LoadWord<uint32_t>(src + 8);
  StoreWord(a, dst);
  StoreWord(a >> 24 | b << 8, dst + 4);
  StoreWord(b >> 16 | c << 16, dst + 8);
  StoreWord(c >> 8, dst + 12);
}
inline void NarrowGroup(const uint8_t* src, uint8_t* dst) {
  const uint32_t a = LoadWord<uint32_t>(src), b = LoadWord<uint32_t>(src + 4);
  const uint32_t c = LoadWord<uint32_t>(src + 8), d = LoadWord<uint32_t>(src + 12);
  StoreWord((a & 0xFFFFFF) | b << 24, dst);
  StoreWord((b >> 8 & 0xFFFF) | c << 16, dst + 4);
  StoreWord((c >> 16 & 0xFF) | d << 8, dst + 8);
}
#endif

void WidenS24Le(const uint8_t* __restrict src, uint8_t* __restrict dst, size_t count) {
  for (; count >= kGroup; count -= kGroup, src += 3 * kGroup, dst += 4 * kGroup) WidenGroup(src, dst);
  for (; count != 0; --count, src += 3, dst += 4) {
    memcpy(dst, src, 3);
    dst[3] = 0;
  }
}
void NarrowS24Le(const uint8_t* __restrict src, uint8_t* __restrict dst, size_t count) {
  for (; count >= kGroup; count -= kGroup, src += 4 * kGroup, dst += 3 * kGroup) NarrowGroup(src, dst);
  for (; count != 0; --count, src += 4, dst += 3) memcpy(dst, src, 3);
}

constexpr size_t kBlock = 512;  // samples

template <class To>
void ConvertFromS24Le(const uint8_t* __restrict src, uint8_t* __restrict dst, size_t count) {
  alignas(64) uint8_t words[kBlock * 4];
  while (count != 0) {
    const size_t block = count < kBlock ? count : kBlock;
    WidenS24Le(src, words, block);
    Convert<S24In32Le, To>(words, dst, block);
    count -= block;
    src += block * 3;
    dst += block * To::kBytes;
  }
}
template <class From>
void ConvertToS24Le(const uint8_t* __restrict src, uint8_t* __restrict dst, size_t count) {
  alignas(64) uint8_t words[kBlock * 4];
  while (count != 0) {
    const size_t block = count < kBlock ? count : kBlock;
    Convert<From, S24In32Le>(src, words, block);
    NarrowS24Le(words, dst, block);
    count -= block;
    src += block * From::kBytes;
    dst += block * 3;
  }
}

// ---- Two channels to one

// The sum of two integers of `bits` is twice their mean: an integer of one bit more.
template <class Format>
void DownmixStereoToS16Le(const uint8_t* __restrict src, uint8_t* __restrict dst, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const int32_t sum =
        Format::Load(src + 2 * i * Format::kBytes) + Format::Load(src + (2 * i + 1) * Format::kBytes);
    S16Le::Store(Rescale<Format::kBits + 1, 16>(sum), dst + 2 * i);
  }
}

void DownmixStereoS24LeToS16Le(const uint8_t* __restrict src, uint8_t* __restrict dst, size_t count) {
  alignas(64) uint8_t words[kBlock * 4];
  while (count != 0) {
    const size_t block = count < kBlock / 2 ? count : kBlock / 2;
    WidenS24Le(src, words, 2 * block);
    DownmixStereoToS16Le<S24In32Le>(words, dst, block);
    count -= block;
    src += block * 6;
    dst += block * 2;
  }
}

void DownmixStereoF32Le(const uint8_t* __restrict src, uint8_t* __restrict dst, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const float left = NanToZero(F32Le::Load(src + 8 * i));
    const float right = NanToZero(F32Le::Load(src + 8 * i + 4));
    // Rounded once either way: the sum where it is finite, for halves of the smallest numbers are not exact;
    // the halves where it overflows. From +0, so that a mean of 0 is +0. Infinities can make a NaN.
    const float sum = 0.0F + left + right;
    const uint32_t finite = MaskIfLess(BitsOf(sum) & ~kSign, kInfinity);
    const float halves = 0.5F * left + 0.5F * right;
    const float mean = FloatOf((BitsOf(0.5F * sum) & finite) | (BitsOf(halves) & ~finite));
    F32Le::Store(NanToZero(mean), dst + 4 * i);
  }
}

template <class Format>
constexpr PcmKernels::Format kFormat = {Convert<Format, S16Le>, Convert<Format, F32Le>,
                                        Convert<S16Le, Format>, Convert<F32Le, Format>};

constexpr PcmKernels kKernels = {
    .u8 = kFormat<U8>,
    .s16le = {Copy<2>, Convert<S16Le, F32Le>, Copy<2>, Convert<F32Le, S16Le>},
    .s16be = kFormat<S16Be>,
    .s24le = {ConvertFromS24Le<S16Le>, ConvertFromS24Le<F32Le>, ConvertToS24Le<S16Le>, ConvertToS24Le<F32Le>},
    .s24in32le = kFormat<S24In32Le>,
    .s32le = kFormat<S32Le>,
    .f32le = {Convert<F32Le, S16Le>, Copy<4>, Convert<S16Le, F32Le>, Copy<4>},
    .downmix_stereo_s16le = DownmixStereoToS16Le<S16Le>,
    .downmix_stereo_s24le_to_s16le = DownmixStereoS24LeToS16Le,
    .downmix_stereo_f32le = DownmixStereoF32Le,
};

}  // namespace pcm

constexpr PcmKernels kPcmKernels = pcm::kKernels;

}  // namespace
}  // namespace sluice::SLUICE_TARGET
