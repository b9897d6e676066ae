// The source of Base64Kernels, once per target: see target.inl.h.
//
// Three bytes a, b, c (most significant bit first) are four sextets of six bits, and each sextet is a
// character of RFC 4648, table 1:
//   aaaaaabb bbbbcccc ccdddddd   ->   aaaaaa bbbbbb cccccc dddddd   ->   "QUJD"

namespace sluice::SLUICE_TARGET {
namespace {
namespace base64 {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The two characters of each twelve bits: 8 kB, and 2.3 times as fast as 64 single characters.
struct Pairs {
  char text[64 * 64][2];
  constexpr Pairs() : text() {
    for (int i = 0; i < 64 * 64; ++i) {
      text[i][0] = kAlphabet[i >> 6];
      text[i][1] = kAlphabet[i & 63];
    }
  }
};
constexpr Pairs kPairs;

void EncodePlain(const uint8_t* src, size_t size, uint8_t* dst) {
  for (; size >= 3; size -= 3, src += 3, dst += 4) {
    const uint32_t bits = (uint32_t)src[0] << 16 | (uint32_t)src[1] << 8 | src[2];
    memcpy(dst, kPairs.text[bits >> 12], 2);
    memcpy(dst + 2, kPairs.text[bits & 0xFFF], 2);
  }
}

#if defined(SLUICE_TARGET_SCALAR) || defined(SLUICE_TARGET_SSE2)  // SSE2 has no byte shuffle

void EncodeGroups(const uint8_t* src, size_t size, uint8_t* dst) { EncodePlain(src, size, dst); }

#else

#if defined(SLUICE_TARGET_NEON)

constexpr size_t kGroups = 16;  // of three bytes, in an EncodeVector

void EncodeVector(const uint8_t* src, uint8_t* dst) {
  const uint8_t* text = (const uint8_t*)kAlphabet;
  const uint8x16x4_t alphabet = {
      {vld1q_u8(text), vld1q_u8(text + 16), vld1q_u8(text + 32), vld1q_u8(text + 48)}};
  const uint8x16_t six_bits = vdupq_n_u8(63);
  const uint8x16x3_t bytes = vld3q_u8(src);  // every a, every b, every c
  uint8x16x4_t out;
  out.val[0] = vshrq_n_u8(bytes.val[0], 2);
  out.val[1] = vandq_u8(vsliq_n_u8(vshrq_n_u8(bytes.val[1], 4), bytes.val[0], 4), six_bits);
  out.val[2] = vandq_u8(vsliq_n_u8(vshrq_n_u8(bytes.val[2], 6), bytes.val[1], 2), six_bits);
  out.val[3] = vandq_u8(bytes.val[2], six_bits);
  for (int i = 0; i < 4; ++i) out.val[i] = vqtbl4q_u8(alphabet, out.val[i]);
  vst4q_u8(dst, out);
}

#else

// W. Mula, D. Lemire, "Faster Base64 Encoding and Decoding using AVX2 Instructions", ACM TWEB 12(3), 2018. A
// vector is lanes of 16 bytes, each with four groups. What differs between the two widths comes first.

#if defined(SLUICE_TARGET_AVX2)

using Vector = __m256i;
constexpr size_t kGroups = 8;
#define SLUICE_BASE64_OP(op) _mm256_##op
#define SLUICE_BASE64_BITS(op) _mm256_##op##_si256

// Bytes a b c of each group as b a c b, which is where Sextets wants them. The upper lane's 12 bytes are the
// last ones of 16, so that nothing beyond the 24 is read.
Vector LoadSpread(const uint8_t* src) {
  const Vector spread = _mm256_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10,  //
                                         5, 4, 6, 5, 8, 7, 9, 8, 11, 10, 12, 11, 14, 13, 15, 14);
  const __m128i lower = _mm_loadu_si128((const __m128i*)src);
  const __m128i upper = _mm_loadu_si128((const __m128i*)(src + 8));
  return _mm256_shuffle_epi8(_mm256_inserti128_si256(_mm256_castsi128_si256(lower), upper, 1), spread);
}

Vector InEachLane(__m128i lane) { return _mm256_broadcastsi128_si256(lane); }

// `values`, but 13 where the sextet is a capital's.
Vector CapitalsTo13(Vector values, Vector sextets) {
  return _mm256_blendv_epi8(values, _mm256_set1_epi8(13), _mm256_cmpgt_epi8(_mm256_set1_epi8(26), sextets));
}

#else  // AVX-512. Where all lanes are chosen by a mask, it is because gcc 12 warns about the form without.

using Vector = __m512i;
constexpr size_t kGroups = 16;
#define SLUICE_BASE64_OP(op) _mm512_##op
#define SLUICE_BASE64_BITS(op) _mm512_##op##_si512

Vector InEachLane(__m128i lane) { return _mm512_maskz_broadcast_i32x4(0xFFFF, lane); }

Vector LoadSpread(const uint8_t* src) {
  const Vector lanes = _mm512_setr_epi32(0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 11);
  const Vector spread = InEachLane(_mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10));
  const Vector bytes = _mm512_maskz_loadu_epi32(0x0FFF, src);  // 48: nothing beyond them is read
  return _mm512_shuffle_epi8(_mm512_maskz_permutexvar_epi32(0xFFFF, lanes, bytes), spread);
}

Vector CapitalsTo13(Vector values, Vector sextets) {
  return _mm512_mask_mov_epi8(values, _mm512_cmplt_epi8_mask(sextets, _mm512_set1_epi8(26)),
                              _mm512_set1_epi8(13));
}

#endif

// The four sextets of each group, a byte each. Spread to b a c b, every sextet lies whole in one of the two
// little-endian words, and multiplying by a power of two shifts the words by different amounts: the high half
// of the product to the right, the low half to the left.
Vector Sextets(Vector spread) {
  const Vector first_third = SLUICE_BASE64_BITS(and)(spread, SLUICE_BASE64_OP(set1_epi32)(0x0FC0FC00));
  const Vector second_fourth = SLUICE_BASE64_BITS(and)(spread, SLUICE_BASE64_OP(set1_epi32)(0x003F03F0));
  return SLUICE_BASE64_BITS(or)(
      SLUICE_BASE64_OP(mulhi_epu16)(first_third, SLUICE_BASE64_OP(set1_epi32)(0x04000040)),
      SLUICE_BASE64_OP(mullo_epi16)(second_fourth, SLUICE_BASE64_OP(set1_epi32)(0x01000010)));
}

// The step from a sextet to its character depends on the range it is in. Subtracting 51, and stopping at 0,
// numbers the ranges: 0 for letters, 1 to 10 for digits, 11 for +, 12 for /; then capitals are told apart.
Vector Characters(Vector sextets) {
  const Vector steps =
      InEachLane(_mm_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                               '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0));
  const Vector range =
      CapitalsTo13(SLUICE_BASE64_OP(subs_epu8)(sextets, SLUICE_BASE64_OP(set1_epi8)(51)), sextets);
  return SLUICE_BASE64_OP(add_epi8)(sextets, SLUICE_BASE64_OP(shuffle_epi8)(steps, range));
}

void EncodeVector(const uint8_t* src, uint8_t* dst) {
  SLUICE_BASE64_BITS(storeu)((Vector*)dst, Characters(Sextets(LoadSpread(src))));
}

#undef SLUICE_BASE64_OP
#undef SLUICE_BASE64_BITS

#endif

// The last vector ends where the groups end: it does some groups again, to the same characters.
void EncodeGroups(const uint8_t* src, size_t size, uint8_t* dst) {
  size_t left = size / 3;
  if (left < kGroups) return EncodePlain(src, size, dst);
  const uint8_t* last_src = src + 3 * (left - kGroups);
  uint8_t* last_dst = dst + 4 * (left - kGroups);
  for (; left > kGroups; left -= kGroups, src += 3 * kGroups, dst += 4 * kGroups) EncodeVector(src, dst);
  EncodeVector(last_src, last_dst);
}

#endif

}  // namespace base64

constexpr Base64Kernels kBase64Kernels = {base64::EncodeGroups};

}  // namespace
}  // namespace sluice::SLUICE_TARGET
