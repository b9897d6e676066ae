// The NEON intrinsics that libopus's silk/arm/NSQ_del_dec_neon_intr.c uses, in SSE4.1: native/libopus.cmake
// compiles that file for x86-64 with this header in place of the compiler's. Not here: any other intrinsic.
//
// Vectors of 64 bits are the lower half of a register, whose upper half means nothing. Where a result may not
// fit, these do as NEON does, except vqdmulh of twice the lowest number there is: libopus has coefficients of
// 31 bits at most there.
#ifndef SLUICE_LIBOPUS_ARM_NEON_H_
#define SLUICE_LIBOPUS_ARM_NEON_H_

#include <smmintrin.h>
#include <stdint.h>

typedef __m128i int16x4_t, int16x8_t, int32x2_t, int32x4_t, uint16x4_t, uint32x4_t, int8x8_t;

#ifdef _MSC_VER
#define SLUICE_NEON static __forceinline
#else
#define SLUICE_NEON static inline __attribute__((always_inline, unused))
#endif

// Memory
SLUICE_NEON int32x4_t vld1q_s32(const int32_t* p) { return _mm_loadu_si128((const __m128i*)p); }
SLUICE_NEON int16x8_t vld1q_s16(const int16_t* p) { return _mm_loadu_si128((const __m128i*)p); }
SLUICE_NEON int32x2_t vld1_s32(const int32_t* p) { return _mm_loadl_epi64((const __m128i*)p); }
SLUICE_NEON int16x4_t vld1_s16(const int16_t* p) { return _mm_loadl_epi64((const __m128i*)p); }
SLUICE_NEON int32x4_t vld1q_dup_s32(const int32_t* p) { return _mm_set1_epi32(*p); }
SLUICE_NEON void vst1q_s32(int32_t* p, int32x4_t a) { _mm_storeu_si128((__m128i*)p, a); }
SLUICE_NEON void vst1_s16(int16_t* p, int16x4_t a) { _mm_storel_epi64((__m128i*)p, a); }
SLUICE_NEON void vst1_s8(int8_t* p, int8x8_t a) { _mm_storel_epi64((__m128i*)p, a); }
#define vld1q_lane_s32(p, a, lane) _mm_insert_epi32((a), *(p), (lane))
#define vset_lane_s32(value, a, lane) _mm_insert_epi32((a), (value), (lane))

// Lanes
SLUICE_NEON int16x4_t vdup_n_s16(int a) { return _mm_set1_epi16((int16_t)a); }
SLUICE_NEON int32x2_t vdup_n_s32(int32_t a) { return _mm_set1_epi32(a); }
SLUICE_NEON int32x4_t vdupq_n_s32(int32_t a) { return _mm_set1_epi32(a); }
SLUICE_NEON uint32x4_t vdupq_n_u32(uint32_t a) { return _mm_set1_epi32((int32_t)a); }
SLUICE_NEON int16x4_t vget_low_s16(int16x8_t a) { return a; }
SLUICE_NEON int32x2_t vget_low_s32(int32x4_t a) { return a; }
SLUICE_NEON int16x4_t vget_high_s16(int16x8_t a) { return _mm_unpackhi_epi64(a, a); }
SLUICE_NEON int32x2_t vget_high_s32(int32x4_t a) { return _mm_unpackhi_epi64(a, a); }
SLUICE_NEON int16x8_t vcombine_s16(int16x4_t low, int16x4_t high) { return _mm_unpacklo_epi64(low, high); }
SLUICE_NEON int32x4_t vcombine_s32(int32x2_t low, int32x2_t high) { return _mm_unpacklo_epi64(low, high); }
SLUICE_NEON int16x4_t vrev64_s16(int16x4_t a) { return _mm_shufflelo_epi16(a, 0x1B); }
SLUICE_NEON int16x8_t vrev64q_s16(int16x8_t a) {
  return _mm_shufflehi_epi16(_mm_shufflelo_epi16(a, 0x1B), 0x1B);
}
SLUICE_NEON int32x4_t vreinterpretq_s32_u32(uint32x4_t a) { return a; }
SLUICE_NEON uint32x4_t vreinterpretq_u32_s32(int32x4_t a) { return a; }
SLUICE_NEON int16x4_t vreinterpret_s16_u16(uint16x4_t a) { return a; }

// Sums, comparisons, bits
SLUICE_NEON int32x4_t vaddq_s32(int32x4_t a, int32x4_t b) { return _mm_add_epi32(a, b); }
SLUICE_NEON int32x4_t vsubq_s32(int32x4_t a, int32x4_t b) { return _mm_sub_epi32(a, b); }
SLUICE_NEON int16x4_t vadd_s16(int16x4_t a, int16x4_t b) { return _mm_add_epi16(a, b); }
SLUICE_NEON int16x4_t vsub_s16(int16x4_t a, int16x4_t b) { return _mm_sub_epi16(a, b); }
SLUICE_NEON int16x4_t vneg_s16(int16x4_t a) { return _mm_sub_epi16(_mm_setzero_si128(), a); }
SLUICE_NEON int32x4_t vmaxq_s32(int32x4_t a, int32x4_t b) { return _mm_max_epi32(a, b); }
SLUICE_NEON int32x4_t vminq_s32(int32x4_t a, int32x4_t b) { return _mm_min_epi32(a, b); }
SLUICE_NEON uint32x4_t vceqq_s32(int32x4_t a, int32x4_t b) { return _mm_cmpeq_epi32(a, b); }
SLUICE_NEON uint32x4_t vcltq_s32(int32x4_t a, int32x4_t b) { return _mm_cmpgt_epi32(b, a); }
SLUICE_NEON uint16x4_t vceq_s16(int16x4_t a, int16x4_t b) { return _mm_cmpeq_epi16(a, b); }
SLUICE_NEON uint16x4_t vclt_s16(int16x4_t a, int16x4_t b) { return _mm_cmpgt_epi16(b, a); }
SLUICE_NEON uint16x4_t vcgt_s16(int16x4_t a, int16x4_t b) { return _mm_cmpgt_epi16(a, b); }
SLUICE_NEON uint16x4_t vorr_u16(uint16x4_t a, uint16x4_t b) { return _mm_or_si128(a, b); }
SLUICE_NEON int32x4_t veorq_s32(int32x4_t a, int32x4_t b) { return _mm_xor_si128(a, b); }
SLUICE_NEON uint32x4_t vmvnq_u32(uint32x4_t a) { return _mm_xor_si128(a, _mm_set1_epi32(-1)); }
// Of each lane of the mask all bits or none are set.
SLUICE_NEON int16x4_t vbsl_s16(uint16x4_t mask, int16x4_t a, int16x4_t b) {
  return _mm_blendv_epi8(b, a, mask);
}
SLUICE_NEON int32x4_t vbslq_s32(uint32x4_t mask, int32x4_t a, int32x4_t b) {
  return _mm_blendv_epi8(b, a, mask);
}

// Shifts. A rounding one, of n >= 1 to the right: adding 1 after n - 1 of them cannot overflow.
#define vshlq_n_s32(a, n) _mm_slli_epi32((a), (n))
#define vshl_n_s16(a, n) _mm_slli_epi16((a), (n))
#define vshr_n_s16(a, n) _mm_srai_epi16((a), (n))
#define vshrq_n_s32(a, n) _mm_srai_epi32((a), (n))
#define vshrq_n_u32(a, n) _mm_srli_epi32((a), (n))
#define vshll_n_s16(a, n) _mm_slli_epi32(_mm_cvtepi16_epi32(a), (n))
SLUICE_NEON int32x4_t vrshrq_n_s32(int32x4_t a, int n) {
  return _mm_srai_epi32(_mm_add_epi32(_mm_srai_epi32(a, n - 1), _mm_set1_epi32(1)), 1);
}
// To the right by -shift, the same in each lane.
SLUICE_NEON int32x4_t vrshlq_s32(int32x4_t a, int32x4_t shift) {
  return vrshrq_n_s32(a, -_mm_cvtsi128_si32(shift));
}

// Widths
SLUICE_NEON int32x4_t vmovl_s16(int16x4_t a) { return _mm_cvtepi16_epi32(a); }
SLUICE_NEON int16x4_t vqmovn_s32(int32x4_t a) { return _mm_packs_epi32(a, a); }
SLUICE_NEON int16x4_t vmovn_s32(int32x4_t a) {
  return _mm_shuffle_epi8(a, _mm_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, -1, -1, -1, -1, -1, -1, -1, -1));
}
SLUICE_NEON int8x8_t vmovn_s16(int16x8_t a) {
  return _mm_shuffle_epi8(a, _mm_setr_epi8(0, 2, 4, 6, 8, 10, 12, 14, -1, -1, -1, -1, -1, -1, -1, -1));
}
SLUICE_NEON int16x4_t vrshrn_n_s32(int32x4_t a, int n) { return vmovn_s32(vrshrq_n_s32(a, n)); }

// Products
SLUICE_NEON int32x4_t vmull_s16(int16x4_t a, int16x4_t b) {
  const __m128i zero = _mm_setzero_si128();
  return _mm_madd_epi16(_mm_unpacklo_epi16(a, zero), _mm_unpacklo_epi16(b, zero));  // a b + 0 0
}
SLUICE_NEON int32x4_t vmlal_s16(int32x4_t sum, int16x4_t a, int16x4_t b) {
  return _mm_add_epi32(sum, vmull_s16(a, b));
}
SLUICE_NEON uint32x4_t vmlaq_u32(uint32x4_t sum, uint32x4_t a, uint32x4_t b) {
  return _mm_add_epi32(sum, _mm_mullo_epi32(a, b));
}
// 2 a b / 2^32, towards minus infinity: bits 31 to 62 of the products.
SLUICE_NEON int32x4_t sluice_vqdmulhq(int32x4_t a, int32x4_t same_b) {
  const __m128i even = _mm_mul_epi32(a, same_b);
  const __m128i odd = _mm_mul_epi32(_mm_srli_epi64(a, 32), same_b);
  return _mm_blend_epi16(_mm_srli_epi64(even, 31), _mm_slli_epi64(odd, 1), 0xCC);
}
SLUICE_NEON int32x4_t vqdmulhq_n_s32(int32x4_t a, int32_t b) { return sluice_vqdmulhq(a, _mm_set1_epi32(b)); }
#define SLUICE_NEON_LANE(b, lane) _mm_shuffle_epi32((b), 0x55 * (lane))
#define vqdmulhq_lane_s32(a, b, lane) sluice_vqdmulhq((a), SLUICE_NEON_LANE((b), (lane)))
#define vmlaq_lane_s32(sum, a, b, lane) \
  _mm_add_epi32((sum), _mm_mullo_epi32((a), SLUICE_NEON_LANE((b), (lane))))

#endif  // SLUICE_LIBOPUS_ARM_NEON_H_
