// Vectors of 32-bit lanes as the FIR kernels need them, one set per target: Ints (int32, or pairs of int16 in
// each lane) and Floats. kLanes of them; a quad is the four lanes that are left when a vector's lanes are
// added up to one of 128 bits.

namespace sluice::SLUICE_TARGET {
namespace {

#if defined(_MSC_VER) && !defined(__clang__)
#define SLUICE_INLINE __forceinline
#define SLUICE_LAMBDA_INLINE
#else
#define SLUICE_INLINE inline __attribute__((always_inline))
#define SLUICE_LAMBDA_INLINE __attribute__((always_inline))
#endif

// Has the compiler keep a value that it loaded: GCC 12 would rather load it again for each use, which at 512
// bits costs half the speed.
#if defined(__GNUC__) && (defined(SLUICE_TARGET_AVX512) || defined(SLUICE_TARGET_VNNI))
#define SLUICE_KEEP(value) __asm__("" : "+v"(value))
#else
#define SLUICE_KEEP(value)
#endif

// Has the compiler leave a loop over such values as it is.
#if defined(__GNUC__)
#define SLUICE_NO_VECTOR(value) __asm__("" : "+r"(value))
#else
#define SLUICE_NO_VECTOR(value)
#endif

#if defined(SLUICE_TARGET_AVX512) || defined(SLUICE_TARGET_VNNI)

constexpr size_t kLanes = 16;
using Ints = __m512i;
using Floats = __m512;

SLUICE_INLINE Ints LoadInts(const void* p) { return _mm512_loadu_si512(p); }
SLUICE_INLINE void StoreInts(void* p, Ints v) { _mm512_storeu_si512(p, v); }
SLUICE_INLINE Ints Broadcast(int32_t x) { return _mm512_set1_epi32(x); }
SLUICE_INLINE Ints Add(Ints a, Ints b) { return _mm512_add_epi32(a, b); }
SLUICE_INLINE Ints And(Ints a, Ints b) { return _mm512_and_si512(a, b); }
SLUICE_INLINE Ints ShiftRight(Ints a, unsigned bits) {
  return _mm512_sra_epi32(a, _mm_cvtsi32_si128((int)bits));
}
SLUICE_INLINE void StoreSaturated(int16_t* p, Ints v) {
  _mm256_storeu_si256((__m256i*)p, _mm512_cvtsepi32_epi16(v));
}
// acc + x.low * y.low + x.high * y.high, of each lane's two int16, modulo 2^32.
SLUICE_INLINE Ints AddProducts(Ints acc, Ints x, Ints y) {
#if defined(SLUICE_TARGET_VNNI) && defined(__GNUC__) && !defined(__clang__)
  // Said in assembler, since GCC 12 copies the accumulators to and fro around the intrinsic.
  __asm__("vpdpwssd %2, %1, %0" : "+v"(acc) : "v"(x), "vm"(y));
  return acc;
#elif defined(SLUICE_TARGET_VNNI)
  return _mm512_dpwssd_epi32(acc, x, y);
#else
  return _mm512_add_epi32(acc, _mm512_madd_epi16(x, y));
#endif
}

SLUICE_INLINE Floats LoadFloats(const float* p) { return _mm512_loadu_ps(p); }
SLUICE_INLINE void StoreFloats(float* p, Floats v) { _mm512_storeu_ps(p, v); }
SLUICE_INLINE Floats Broadcast(float x) { return _mm512_set1_ps(x); }
SLUICE_INLINE Floats AddProducts(Floats acc, Floats x, Floats y) { return _mm512_fmadd_ps(x, y, acc); }
SLUICE_INLINE Floats AddFloats(Floats a, Floats b) { return _mm512_add_ps(a, b); }

using QuadInts = __m128i;
using QuadFloats = __m128;
SLUICE_INLINE QuadInts ToQuad(Ints v) {
  const __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1));
  return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}
SLUICE_INLINE QuadFloats ToQuad(Floats v) {
  const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(v),
                                    _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(v), 1)));
  return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
}

#elif defined(SLUICE_TARGET_AVX2)

constexpr size_t kLanes = 8;
using Ints = __m256i;
using Floats = __m256;

SLUICE_INLINE Ints LoadInts(const void* p) { return _mm256_loadu_si256((const __m256i*)p); }
SLUICE_INLINE void StoreInts(void* p, Ints v) { _mm256_storeu_si256((__m256i*)p, v); }
SLUICE_INLINE Ints Broadcast(int32_t x) { return _mm256_set1_epi32(x); }
SLUICE_INLINE Ints Add(Ints a, Ints b) { return _mm256_add_epi32(a, b); }
SLUICE_INLINE Ints And(Ints a, Ints b) { return _mm256_and_si256(a, b); }
SLUICE_INLINE Ints ShiftRight(Ints a, unsigned bits) {
  return _mm256_sra_epi32(a, _mm_cvtsi32_si128((int)bits));
}
SLUICE_INLINE void StoreSaturated(int16_t* p, Ints v) {
  _mm_storeu_si128((__m128i*)p, _mm_packs_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1)));
}
SLUICE_INLINE Ints AddProducts(Ints acc, Ints x, Ints y) {
  return _mm256_add_epi32(acc, _mm256_madd_epi16(x, y));
}

SLUICE_INLINE Floats LoadFloats(const float* p) { return _mm256_loadu_ps(p); }
SLUICE_INLINE void StoreFloats(float* p, Floats v) { _mm256_storeu_ps(p, v); }
SLUICE_INLINE Floats Broadcast(float x) { return _mm256_set1_ps(x); }
SLUICE_INLINE Floats AddProducts(Floats acc, Floats x, Floats y) { return _mm256_fmadd_ps(x, y, acc); }
SLUICE_INLINE Floats AddFloats(Floats a, Floats b) { return _mm256_add_ps(a, b); }

using QuadInts = __m128i;
using QuadFloats = __m128;
SLUICE_INLINE QuadInts ToQuad(Ints v) {
  return _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
}
SLUICE_INLINE QuadFloats ToQuad(Floats v) {
  return _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
}

#elif defined(SLUICE_TARGET_SSE2)

constexpr size_t kLanes = 4;
using Ints = __m128i;
using Floats = __m128;

SLUICE_INLINE Ints LoadInts(const void* p) { return _mm_loadu_si128((const __m128i*)p); }
SLUICE_INLINE void StoreInts(void* p, Ints v) { _mm_storeu_si128((__m128i*)p, v); }
SLUICE_INLINE Ints Broadcast(int32_t x) { return _mm_set1_epi32(x); }
SLUICE_INLINE Ints Add(Ints a, Ints b) { return _mm_add_epi32(a, b); }
SLUICE_INLINE Ints And(Ints a, Ints b) { return _mm_and_si128(a, b); }
SLUICE_INLINE Ints ShiftRight(Ints a, unsigned bits) {
  return _mm_sra_epi32(a, _mm_cvtsi32_si128((int)bits));
}
SLUICE_INLINE void StoreSaturated(int16_t* p, Ints v) {
  _mm_storel_epi64((__m128i*)p, _mm_packs_epi32(v, v));
}
SLUICE_INLINE Ints AddProducts(Ints acc, Ints x, Ints y) { return _mm_add_epi32(acc, _mm_madd_epi16(x, y)); }

SLUICE_INLINE Floats LoadFloats(const float* p) { return _mm_loadu_ps(p); }
SLUICE_INLINE void StoreFloats(float* p, Floats v) { _mm_storeu_ps(p, v); }
SLUICE_INLINE Floats Broadcast(float x) { return _mm_set1_ps(x); }
SLUICE_INLINE Floats AddProducts(Floats acc, Floats x, Floats y) { return _mm_add_ps(acc, _mm_mul_ps(x, y)); }
SLUICE_INLINE Floats AddFloats(Floats a, Floats b) { return _mm_add_ps(a, b); }

using QuadInts = __m128i;
using QuadFloats = __m128;
SLUICE_INLINE QuadInts ToQuad(Ints v) { return v; }
SLUICE_INLINE QuadFloats ToQuad(Floats v) { return v; }

#elif defined(SLUICE_TARGET_NEON)

constexpr size_t kLanes = 4;
using Ints = int32x4_t;
using Floats = float32x4_t;

SLUICE_INLINE Ints LoadInts(const void* p) { return vreinterpretq_s32_u8(vld1q_u8((const uint8_t*)p)); }
SLUICE_INLINE void StoreInts(void* p, Ints v) { vst1q_u8((uint8_t*)p, vreinterpretq_u8_s32(v)); }
SLUICE_INLINE Ints Broadcast(int32_t x) { return vdupq_n_s32(x); }
SLUICE_INLINE Ints Add(Ints a, Ints b) { return vaddq_s32(a, b); }
SLUICE_INLINE Ints And(Ints a, Ints b) { return vandq_s32(a, b); }
SLUICE_INLINE Ints ShiftRight(Ints a, unsigned bits) { return vshlq_s32(a, vdupq_n_s32(-(int32_t)bits)); }
SLUICE_INLINE void StoreSaturated(int16_t* p, Ints v) { vst1_s16(p, vqmovn_s32(v)); }
SLUICE_INLINE Ints AddProducts(Ints acc, Ints x, Ints y) {
  const int16x8_t a = vreinterpretq_s16_s32(x), b = vreinterpretq_s16_s32(y);
  const int32x4_t low = vmull_s16(vget_low_s16(a), vget_low_s16(b));
  return vaddq_s32(acc, vpaddq_s32(low, vmull_high_s16(a, b)));
}

SLUICE_INLINE Floats LoadFloats(const float* p) { return vld1q_f32(p); }
SLUICE_INLINE void StoreFloats(float* p, Floats v) { vst1q_f32(p, v); }
SLUICE_INLINE Floats Broadcast(float x) { return vdupq_n_f32(x); }
SLUICE_INLINE Floats AddProducts(Floats acc, Floats x, Floats y) { return vfmaq_f32(acc, x, y); }
SLUICE_INLINE Floats AddFloats(Floats a, Floats b) { return vaddq_f32(a, b); }

using QuadInts = int32x4_t;
using QuadFloats = float32x4_t;
SLUICE_INLINE QuadInts ToQuad(Ints v) { return v; }
SLUICE_INLINE QuadFloats ToQuad(Floats v) { return v; }

#else  // scalar: arrays, which the compiler may keep in the registers it has

constexpr size_t kLanes = 4;
struct Ints {
  int32_t lane[kLanes];
};
struct Floats {
  float lane[kLanes];
};

SLUICE_INLINE Ints LoadInts(const void* p) {
  Ints v;
  memcpy(&v, p, sizeof v);
  return v;
}
SLUICE_INLINE void StoreInts(void* p, Ints v) { memcpy(p, &v, sizeof v); }
SLUICE_INLINE Ints Broadcast(int32_t x) { return {{x, x, x, x}}; }
SLUICE_INLINE Ints Add(Ints a, Ints b) {
  for (size_t i = 0; i < kLanes; ++i) a.lane[i] = (int32_t)((uint32_t)a.lane[i] + (uint32_t)b.lane[i]);
  return a;
}
SLUICE_INLINE Ints And(Ints a, Ints b) {
  for (size_t i = 0; i < kLanes; ++i) a.lane[i] &= b.lane[i];
  return a;
}
SLUICE_INLINE Ints ShiftRight(Ints a, unsigned bits) {
  for (size_t i = 0; i < kLanes; ++i) a.lane[i] >>= bits;
  return a;
}
SLUICE_INLINE void StoreSaturated(int16_t* p, Ints v) {
  for (size_t i = 0; i < kLanes; ++i) {
    const int32_t x = v.lane[i];
    p[i] = (int16_t)(x > 32767 ? 32767 : x < -32768 ? -32768 : x);
  }
}
SLUICE_INLINE Ints AddProducts(Ints acc, Ints x, Ints y) {
  int16_t a[2 * kLanes], b[2 * kLanes];
  memcpy(a, &x, sizeof a);
  memcpy(b, &y, sizeof b);
  for (size_t i = 0; i < kLanes; ++i) {
    const uint32_t products = (uint32_t)(a[2 * i] * b[2 * i]) + (uint32_t)(a[2 * i + 1] * b[2 * i + 1]);
    acc.lane[i] = (int32_t)((uint32_t)acc.lane[i] + products);
  }
  return acc;
}

SLUICE_INLINE Floats LoadFloats(const float* p) {
  Floats v;
  memcpy(&v, p, sizeof v);
  return v;
}
SLUICE_INLINE void StoreFloats(float* p, Floats v) { memcpy(p, &v, sizeof v); }
SLUICE_INLINE Floats Broadcast(float x) { return {{x, x, x, x}}; }
SLUICE_INLINE Floats AddProducts(Floats acc, Floats x, Floats y) {
  for (size_t i = 0; i < kLanes; ++i) acc.lane[i] += x.lane[i] * y.lane[i];
  return acc;
}
SLUICE_INLINE Floats AddFloats(Floats a, Floats b) {
  for (size_t i = 0; i < kLanes; ++i) a.lane[i] += b.lane[i];
  return a;
}

using QuadInts = Ints;
using QuadFloats = Floats;
SLUICE_INLINE QuadInts ToQuad(Ints v) { return v; }
SLUICE_INLINE QuadFloats ToQuad(Floats v) { return v; }

#endif

}  // namespace
}  // namespace sluice::SLUICE_TARGET
