// The source of G711Kernels, once per target: see target.inl.h. The formulas are those of core/g711.h.

namespace sluice::SLUICE_TARGET {
namespace {

inline int16_t MulawValueOf(uint8_t code) {
  const unsigned bits = ~(unsigned)code;
  const int magnitude = (int)(((((bits & 0xF) << 1) | 33) << ((bits >> 4) & 7)) - 33) * 4;
  return (int16_t)((bits & 0x80) != 0 ? -magnitude : magnitude);
}

inline int16_t AlawValueOf(uint8_t code) {
  const unsigned bits = code ^ 0x55U;
  const unsigned segment = (bits >> 4) & 7;
  const unsigned middle = ((bits & 0xF) << 4) | 8;
  const int magnitude = (int)(segment == 0 ? middle : (middle | 0x100) << (segment - 1));
  return (int16_t)((bits & 0x80) != 0 ? magnitude : -magnitude);
}

// floor(log2(value)) for 8 <= value < 2^13, without a bit scan, so that loops vectorise.
inline unsigned Log2Of(unsigned value) {
  unsigned log = 3;
  for (unsigned bit = 4; bit < 13; ++bit) log += value >> bit != 0;
  return log;
}

inline uint8_t MulawCodeOf(int16_t sample) {
  const int magnitude = (sample < 0 ? ~sample : sample) >> 2;
  const unsigned biased = (unsigned)(magnitude + 33 > 0x1FFF ? 0x1FFF : magnitude + 33);
  const unsigned segment = Log2Of(biased) - 5;
  const unsigned code = (segment << 4) | ((biased >> (segment + 1)) & 0xF);
  return (uint8_t) ~((sample < 0 ? 0x80U : 0U) | code);
}

inline uint8_t AlawCodeOf(int16_t sample) {
  const unsigned magnitude = (unsigned)((sample < 0 ? ~sample : sample) >> 4);
  const unsigned segment = Log2Of(magnitude | 8) - 3;
  const unsigned step = segment == 0 ? magnitude : (magnitude >> (segment - 1)) & 0xF;
  return (uint8_t)(((sample < 0 ? 0U : 0x80U) | (segment << 4) | step) ^ 0x55);
}

void DecodeMulaw(const uint8_t* src, int16_t* dst, size_t count) {
  for (size_t i = 0; i < count; ++i) dst[i] = MulawValueOf(src[i]);
}
void DecodeAlaw(const uint8_t* src, int16_t* dst, size_t count) {
  for (size_t i = 0; i < count; ++i) dst[i] = AlawValueOf(src[i]);
}
void EncodeMulaw(const int16_t* src, uint8_t* dst, size_t count) {
  for (size_t i = 0; i < count; ++i) dst[i] = MulawCodeOf(src[i]);
}
void EncodeAlaw(const int16_t* src, uint8_t* dst, size_t count) {
  for (size_t i = 0; i < count; ++i) dst[i] = AlawCodeOf(src[i]);
}

constexpr G711Kernels kG711Kernels = {DecodeMulaw, EncodeMulaw, DecodeAlaw, EncodeAlaw};

}  // namespace
}  // namespace sluice::SLUICE_TARGET
