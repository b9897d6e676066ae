// Every conversion is one loop per format, picked once per call: a kernel of the machine's where there is one
// (simd/pcm_kernels.h), else the loop below, which gives the same bytes. Integers are scaled by powers of two
// only, which is exact; what rounds is named NearestEven, RoundShift or a cast to float, and comes last.
#include "core/pcm.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cfloat>
#include <cstring>
#include <limits>
#include <type_traits>

#include "core/g711.h"
#include "core/simd/kernels.h"

namespace sluice {
namespace {

static_assert(std::numeric_limits<float>::is_iec559 && std::numeric_limits<double>::is_iec559);
static_assert(FLT_EVAL_METHOD == 0, "NearestEven needs float and double evaluated in their own precision");

using Format = SampleFormat;

// ---- What a format is ----

constexpr bool IsFloat32(Format f) { return f == Format::kF32Le || f == Format::kF32Be; }
constexpr bool IsFloat64(Format f) { return f == Format::kF64Le || f == Format::kF64Be; }
constexpr bool IsFloat(Format f) { return IsFloat32(f) || IsFloat64(f); }
constexpr bool IsG711(Format f) { return f == Format::kMulaw || f == Format::kAlaw; }
constexpr bool IsS16(Format f) { return f == Format::kS16Le || f == Format::kS16Be; }
constexpr bool IsBigEndian(Format f) {
  return f == Format::kS16Be || f == Format::kS24Be || f == Format::kS24In32Be || f == Format::kS32Be ||
         f == Format::kF32Be || f == Format::kF64Be;
}

constexpr size_t Bytes(Format format) {
  switch (format) {
#define X(name, text, bytes, bits) \
  case Format::name:               \
    return bytes;
    SLUICE_SAMPLE_FORMATS(X)
#undef X
  }
  return 0;
}

constexpr unsigned Bits(Format format) {
  switch (format) {
#define X(name, text, bytes, bits) \
  case Format::name:               \
    return bits;
    SLUICE_SAMPLE_FORMATS(X)
#undef X
  }
  return 0;
}

// Of the integer that Load gives and Store takes: 16 for G.711, whose codes stand for 16-bit values.
constexpr unsigned ValueBits(Format format) { return IsG711(format) ? 16 : Bits(format); }

// Calls body with the format as a compile-time constant.
template <class Body>
void WithFormat(Format format, Body body) {
  switch (format) {
#define X(name, text, bytes, bits)                              \
  case Format::name:                                            \
    body(std::integral_constant<SampleFormat, Format::name>{}); \
    break;
    SLUICE_SAMPLE_FORMATS(X)
#undef X
  }
}

// ---- Rounding ----

// To the nearest integer, ties to even, in the default rounding mode; requires |x| <= 2^22 (float) or 2^51
// (double). 1.5 * 2^23 has a last place of 1, so adding it rounds. It vectorises on every target, which
// nearbyint does not.
float NearestEven(float x) { return (x + 0x1.8p23F) - 0x1.8p23F; }
double NearestEven(double x) { return (x + 0x1.8p52) - 0x1.8p52; }

// NaN is 0, so that the cast to an integer that follows is defined for every bit pattern.
template <class Float>
Float ClampTo(Float x, Float low, Float high) {
  x = x == x ? x : Float{0};
  x = x > low ? x : low;
  return x < high ? x : high;
}

// x of full scale 1.0 as an integer of `bits`.
template <unsigned bits>
int32_t ToInteger(double x) {
  constexpr double kScale = static_cast<double>(uint64_t{1} << (bits - 1));
  return static_cast<int32_t>(NearestEven(ClampTo(x * kScale, -kScale, kScale - 1)));
}

int16_t ToInt16Sample(float x) {
  return static_cast<int16_t>(NearestEven(ClampTo(x * 0x1p15F, -0x1p15F, 0x1p15F - 1)));
}

// value / 2^shift to nearest even.
template <unsigned shift>
int32_t RoundShift(int32_t value) {
  static_assert(shift > 0 && shift < 31);
  constexpr int32_t kHalf = int32_t{1} << (shift - 1);
  const int32_t down = value >> shift;
  const int32_t rest = value & ((int32_t{1} << shift) - 1);
  return down + static_cast<int32_t>((rest > kHalf) | ((rest == kHalf) & (down & 1)));
}

// An integer of `from` bits as one of `to` bits.
template <unsigned from, unsigned to>
int32_t Rescale(int32_t value) {
  if constexpr (to >= from) {
    return value * (int32_t{1} << (to - from));
  } else {
    return std::min(RoundShift<from - to>(value), (int32_t{1} << (to - 1)) - 1);
  }
}

// ---- Bytes to values and back ----

template <class Word>
constexpr Word SwapBytes(Word word) {
  Word swapped = 0;
  for (size_t i = 0; i < sizeof(Word); ++i) {
    swapped = static_cast<Word>((swapped << (8 * (sizeof(Word) > 1))) | (word & 0xFF));
    word = static_cast<Word>(word >> (8 * (sizeof(Word) > 1)));
  }
  return swapped;
}

template <class Word, Format f>
Word LoadWord(const uint8_t* src) {
  Word word;
  std::memcpy(&word, src, sizeof(Word));
  return IsBigEndian(f) == (std::endian::native == std::endian::big) ? word : SwapBytes(word);
}

template <class Word, Format f>
void StoreWord(Word word, uint8_t* dst) {
  if (IsBigEndian(f) != (std::endian::native == std::endian::big)) word = SwapBytes(word);
  std::memcpy(dst, &word, sizeof(Word));
}

// The sample at src: float or double for the float formats, else an int32_t of ValueBits(f).
template <Format f>
auto Load(const uint8_t* src) {
  if constexpr (IsFloat32(f)) {
    return std::bit_cast<float>(LoadWord<uint32_t, f>(src));
  } else if constexpr (IsFloat64(f)) {
    return std::bit_cast<double>(LoadWord<uint64_t, f>(src));
  } else if constexpr (f == Format::kU8) {
    return int32_t{src[0]} - 128;
  } else if constexpr (IsS16(f)) {
    return int32_t{static_cast<int16_t>(LoadWord<uint16_t, f>(src))};
  } else if constexpr (f == Format::kMulaw) {
    return int32_t{MulawValue(src[0])};
  } else if constexpr (f == Format::kAlaw) {
    return int32_t{AlawValue(src[0])};
  } else if constexpr (f == Format::kS24Le) {
    return static_cast<int32_t>(uint32_t{src[0]} << 8 | uint32_t{src[1]} << 16 | uint32_t{src[2]} << 24) >> 8;
  } else if constexpr (f == Format::kS24Be) {
    return static_cast<int32_t>(uint32_t{src[2]} << 8 | uint32_t{src[1]} << 16 | uint32_t{src[0]} << 24) >> 8;
  } else if constexpr (Bits(f) == 24) {  // in 32: the top byte is ignored
    return static_cast<int32_t>(LoadWord<uint32_t, f>(src) << 8) >> 8;
  } else {
    return static_cast<int32_t>(LoadWord<uint32_t, f>(src));
  }
}

// An integer of ValueBits(f) to the bytes of one sample.
template <Format f>
void StoreInteger(int32_t value, uint8_t* dst) {
  const uint32_t bits = static_cast<uint32_t>(value);
  if constexpr (f == Format::kU8) {
    dst[0] = static_cast<uint8_t>(value + 128);
  } else if constexpr (f == Format::kMulaw) {
    dst[0] = MulawCode(static_cast<int16_t>(value));
  } else if constexpr (f == Format::kAlaw) {
    dst[0] = AlawCode(static_cast<int16_t>(value));
  } else if constexpr (IsS16(f)) {
    StoreWord<uint16_t, f>(static_cast<uint16_t>(bits), dst);
  } else if constexpr (Bytes(f) == 3) {
    for (unsigned i = 0; i < 3; ++i) dst[IsBigEndian(f) ? 2 - i : i] = static_cast<uint8_t>(bits >> (8 * i));
  } else {
    StoreWord<uint32_t, f>(bits, dst);
  }
}

// A value of full scale 1.0 to the bytes of one sample. Real is float or double.
template <Format f, class Real>
void StoreReal(Real value, uint8_t* dst) {
  if constexpr (IsFloat32(f)) {
    StoreWord<uint32_t, f>(std::bit_cast<uint32_t>(static_cast<float>(value)), dst);
  } else if constexpr (IsFloat64(f)) {
    StoreWord<uint64_t, f>(std::bit_cast<uint64_t>(static_cast<double>(value)), dst);
  } else {
    StoreInteger<f>(ToInteger<ValueBits(f)>(value), dst);
  }
}

// The sample at src with full scale 1.0, rounded to Real.
template <Format f, class Real>
Real LoadReal(const uint8_t* src) {
  if constexpr (IsFloat(f)) {
    return static_cast<Real>(Load<f>(src));
  } else {
    return static_cast<Real>(Load<f>(src)) * (Real{1} / static_cast<Real>(uint64_t{1} << (ValueBits(f) - 1)));
  }
}

// ---- Kernels

constexpr bool kLittleEndian = std::endian::native == std::endian::little;
constexpr Format kNativeS16 = kLittleEndian ? Format::kS16Le : Format::kS16Be;
constexpr Format kNativeF32 = kLittleEndian ? Format::kF32Le : Format::kF32Be;

const PcmKernels::Format* KernelsOf(Format format) {
  const PcmKernels& kernels = ActiveKernels().pcm;
  switch (format) {
    case Format::kU8:
      return &kernels.u8;
    case Format::kS16Le:
      return &kernels.s16le;
    case Format::kS16Be:
      return &kernels.s16be;
    case Format::kS24Le:
      return &kernels.s24le;
    case Format::kS24In32Le:
      return &kernels.s24in32le;
    case Format::kS32Le:
      return &kernels.s32le;
    case Format::kF32Le:
      return &kernels.f32le;
    default:
      return nullptr;
  }
}

// The kernel from one format to another; null where there is none.
ConvertKernel FindKernel(Format from, Format to) {
  if (!kLittleEndian) return nullptr;
  const PcmKernels::Format* source = KernelsOf(from);
  const PcmKernels::Format* target = KernelsOf(to);
  if (source != nullptr && to == Format::kS16Le) return source->to_s16le;
  if (source != nullptr && to == Format::kF32Le) return source->to_f32le;
  if (target != nullptr && from == Format::kS16Le) return target->from_s16le;
  if (target != nullptr && from == Format::kF32Le) return target->from_f32le;
  return nullptr;
}

// From two channels to one. The pairs that matter: through double they run at a tenth to a thirtieth of the
// speed.
ConvertKernel FindStereoKernel(Format from, Format to) {
  if (!kLittleEndian) return nullptr;
  const PcmKernels& kernels = ActiveKernels().pcm;
  if (from == Format::kS16Le && to == Format::kS16Le) return kernels.downmix_stereo_s16le;
  if (from == Format::kS24Le && to == Format::kS16Le) return kernels.downmix_stereo_s24le_to_s16le;
  if (from == Format::kF32Le && to == Format::kF32Le) return kernels.downmix_stereo_f32le;
  return nullptr;
}

template <class T>
const uint8_t* BytesOf(std::span<const T> samples) {
  return reinterpret_cast<const uint8_t*>(samples.data());
}
template <class T>
uint8_t* BytesOf(std::span<T> samples) {
  return reinterpret_cast<uint8_t*>(samples.data());
}

void CopyBytes(std::span<const uint8_t> src, std::span<uint8_t> dst) {
  if (!src.empty()) std::memcpy(dst.data(), src.data(), src.size());
}

// ---- Blocks, for what needs an intermediate form; they live on the stack ----

constexpr size_t kBlock = 512;

// `count` samples, one every `stride` bytes.
void LoadStrided(Format from, const uint8_t* src, size_t stride, double* dst, size_t count) {
  WithFormat(from, [=](auto format) {
    for (size_t i = 0; i < count; ++i) dst[i] = LoadReal<format(), double>(src + i * stride);
  });
}

void StoreStrided(Format to, const double* src, uint8_t* dst, size_t stride, size_t count) {
  WithFormat(to, [=](auto format) {
    for (size_t i = 0; i < count; ++i) StoreReal<format()>(src[i], dst + i * stride);
  });
}

double NanToZero(double x) { return x == x ? x : 0.0; }

// The mean of the channels of `count` frames. Sums of up to 2^21 32-bit channels are exact in double.
void LoadMean(Format from, size_t channels, const uint8_t* src, double* dst, size_t count) {
  std::fill_n(dst, count, 0.0);
  std::array<double, kBlock> channel;
  for (size_t c = 0; c < channels; ++c) {
    LoadStrided(from, src + c * Bytes(from), channels * Bytes(from), channel.data(), count);
    for (size_t i = 0; i < count; ++i) dst[i] += NanToZero(channel[i]);
  }
  const double divisor = static_cast<double>(channels);
  for (size_t i = 0; i < count; ++i) dst[i] = NanToZero(dst[i] / divisor);  // +inf and -inf have no mean
}

// A G.711 code stands for a 16-bit value, so the step between loses nothing.
void G711ToFloat32(Format from, std::span<const uint8_t> src, std::span<float> dst) {
  std::array<int16_t, kBlock> samples;
  for (size_t done = 0; done < src.size(); done += kBlock) {
    const auto block = std::span(samples).first(std::min(kBlock, src.size() - done));
    ToInt16(from, src.subspan(done, block.size()), block);
    Int16ToFloat32(block, dst.subspan(done, block.size()));
  }
}
void Float32ToG711(Format to, std::span<const float> src, std::span<uint8_t> dst) {
  std::array<int16_t, kBlock> samples;
  for (size_t done = 0; done < src.size(); done += kBlock) {
    const auto block = std::span(samples).first(std::min(kBlock, src.size() - done));
    Float32ToInt16(src.subspan(done, block.size()), block);
    FromInt16(to, block, dst.subspan(done, block.size()));
  }
}

// Whether int16 holds all that passes, so that the cheaper integer route gives the same bytes.
bool Int16Suffices(Format from, Format to, bool mixes) {
  const bool from16 = from == Format::kU8 || IsS16(from) || IsG711(from);
  const bool to16 = IsS16(to) || IsG711(to);
  return mixes ? from16 && to16 : from16 || to16;
}

void ConvertThroughInt16(Format from, size_t from_channels, std::span<const uint8_t> src, Format to,
                         std::span<uint8_t> dst) {
  std::array<int16_t, kBlock> samples;
  std::array<int16_t, kBlock> mono;
  const size_t block = kBlock / from_channels;  // frames
  const size_t frames = src.size() / (Bytes(from) * from_channels);
  for (size_t done = 0; done < frames; done += block) {
    const size_t count = std::min(block, frames - done);
    const std::span<int16_t> in = std::span(samples).first(count * from_channels);
    ToInt16(from, src.subspan(done * from_channels * Bytes(from), in.size() * Bytes(from)), in);
    std::span<const int16_t> out = in;
    if (from_channels > 1) {
      Downmix(from_channels, in, std::span(mono).first(count));
      out = std::span(mono).first(count);
    }
    FromInt16(to, out, dst.subspan(done * Bytes(to), count * Bytes(to)));
  }
}

void ConvertThroughDouble(Format from, size_t from_channels, std::span<const uint8_t> src, Format to,
                          size_t to_channels, std::span<uint8_t> dst) {
  std::array<double, kBlock> mono;
  const size_t from_stride = Bytes(from) * from_channels;
  const size_t to_stride = Bytes(to) * to_channels;
  const size_t frames = src.size() / from_stride;
  for (size_t done = 0; done < frames; done += kBlock) {
    const size_t count = std::min(kBlock, frames - done);
    const uint8_t* in = src.data() + done * from_stride;
    uint8_t* out = dst.data() + done * to_stride;
    if (from_channels == 1) {
      LoadStrided(from, in, from_stride, mono.data(), count);
    } else {
      LoadMean(from, from_channels, in, mono.data(), count);
    }
    for (size_t c = 0; c < to_channels; ++c) {
      StoreStrided(to, mono.data(), out + c * Bytes(to), to_stride, count);
    }
  }
}

}  // namespace

const char* SampleFormatName(SampleFormat format) {
  switch (format) {
#define X(name, text, bytes, bits) \
  case Format::name:               \
    return text;
    SLUICE_SAMPLE_FORMATS(X)
#undef X
  }
  return "unknown";
}

size_t BytesPerSample(SampleFormat format) { return Bytes(format); }
unsigned BitsPerSample(SampleFormat format) { return Bits(format); }

void ToInt16(SampleFormat from, std::span<const uint8_t> src, std::span<int16_t> dst) {
  assert(src.size() == dst.size() * Bytes(from));
  if (const auto kernel = FindKernel(from, kNativeS16)) return kernel(src.data(), BytesOf(dst), dst.size());
  if (from == Format::kMulaw) return DecodeMulaw(src, dst);
  if (from == Format::kAlaw) return DecodeAlaw(src, dst);
  WithFormat(from, [=](auto format) {
    constexpr Format f = format();
    for (size_t i = 0; i < dst.size(); ++i) {
      const auto value = Load<f>(src.data() + i * Bytes(f));
      if constexpr (IsFloat32(f)) {
        dst[i] = ToInt16Sample(value);
      } else if constexpr (IsFloat64(f)) {
        dst[i] = static_cast<int16_t>(ToInteger<16>(value));
      } else {
        dst[i] = static_cast<int16_t>(Rescale<ValueBits(f), 16>(value));
      }
    }
  });
}

void ToFloat32(SampleFormat from, std::span<const uint8_t> src, std::span<float> dst) {
  assert(src.size() == dst.size() * Bytes(from));
  if (const auto kernel = FindKernel(from, kNativeF32)) return kernel(src.data(), BytesOf(dst), dst.size());
  if (IsG711(from)) return G711ToFloat32(from, src, dst);
  WithFormat(from, [=](auto format) {
    constexpr Format f = format();
    for (size_t i = 0; i < dst.size(); ++i) dst[i] = LoadReal<f, float>(src.data() + i * Bytes(f));
  });
}

void FromInt16(SampleFormat to, std::span<const int16_t> src, std::span<uint8_t> dst) {
  assert(dst.size() == src.size() * Bytes(to));
  if (const auto kernel = FindKernel(kNativeS16, to)) return kernel(BytesOf(src), dst.data(), src.size());
  if (to == Format::kMulaw) return EncodeMulaw(src, dst);
  if (to == Format::kAlaw) return EncodeAlaw(src, dst);
  WithFormat(to, [=](auto format) {
    constexpr Format f = format();
    for (size_t i = 0; i < src.size(); ++i) {
      uint8_t* out = dst.data() + i * Bytes(f);
      if constexpr (IsFloat(f)) {
        StoreReal<f>(static_cast<float>(src[i]) * 0x1p-15F, out);
      } else {
        StoreInteger<f>(Rescale<16, ValueBits(f)>(src[i]), out);
      }
    }
  });
}

void FromFloat32(SampleFormat to, std::span<const float> src, std::span<uint8_t> dst) {
  assert(dst.size() == src.size() * Bytes(to));
  if (const auto kernel = FindKernel(kNativeF32, to)) return kernel(BytesOf(src), dst.data(), src.size());
  if (IsG711(to)) return Float32ToG711(to, src, dst);
  WithFormat(to, [=](auto format) {
    constexpr Format f = format();
    for (size_t i = 0; i < src.size(); ++i) {
      uint8_t* out = dst.data() + i * Bytes(f);
      if constexpr (ValueBits(f) == 16) {
        StoreInteger<f>(ToInt16Sample(src[i]), out);
      } else {
        StoreReal<f>(src[i], out);
      }
    }
  });
}

void Float32ToInt16(std::span<const float> src, std::span<int16_t> dst) {
  assert(src.size() == dst.size());
  ToInt16(kNativeF32, {BytesOf(src), src.size_bytes()}, dst);
}

void Int16ToFloat32(std::span<const int16_t> src, std::span<float> dst) {
  assert(src.size() == dst.size());
  ToFloat32(kNativeS16, {BytesOf(src), src.size_bytes()}, dst);
}

bool CanMixChannels(size_t from_channels, size_t to_channels) {
  return from_channels > 0 && to_channels > 0 &&
         (from_channels == to_channels || from_channels == 1 || to_channels == 1);
}

void Downmix(size_t channels, std::span<const float> src, std::span<float> dst) {
  assert(channels > 0 && src.size() == dst.size() * channels);
  if (channels == 2) {
    if (const auto kernel = FindStereoKernel(kNativeF32, kNativeF32))
      return kernel(BytesOf(src), BytesOf(dst), dst.size());
  }
  for (size_t i = 0; i < dst.size(); ++i) {
    double sum = 0;
    for (const float sample : src.subspan(i * channels, channels)) sum += NanToZero(sample);
    dst[i] = static_cast<float>(NanToZero(sum / static_cast<double>(channels)));
  }
}

void Downmix(size_t channels, std::span<const int16_t> src, std::span<int16_t> dst) {
  assert(channels > 0 && src.size() == dst.size() * channels);
  if (channels == 2) {
    if (const auto kernel = FindStereoKernel(kNativeS16, kNativeS16))
      return kernel(BytesOf(src), BytesOf(dst), dst.size());
  }
  // In double the sum is exact, and the quotient is a tie only when the true one is: a mean that is no tie is
  // at least 1 / (2 * channels) away from one.
  for (size_t i = 0; i < dst.size(); ++i) {
    int64_t sum = 0;
    for (const int16_t sample : src.subspan(i * channels, channels)) sum += sample;
    dst[i] = static_cast<int16_t>(NearestEven(static_cast<double>(sum) / static_cast<double>(channels)));
  }
}

void ConvertSamples(SampleFormat from, size_t from_channels, std::span<const uint8_t> src, SampleFormat to,
                    size_t to_channels, std::span<uint8_t> dst) {
  assert(CanMixChannels(from_channels, to_channels));
  assert(src.size() / from_channels / Bytes(from) == dst.size() / to_channels / Bytes(to));
  if (from_channels == to_channels) {
    if (from == to) return CopyBytes(src, dst);
    if (const auto kernel = FindKernel(from, to))
      return kernel(src.data(), dst.data(), src.size() / Bytes(from));
    from_channels = to_channels = 1;  // nothing mixes: a frame is a sample
  }
  if (from_channels == 2 && to_channels == 1) {
    if (const auto kernel = FindStereoKernel(from, to))
      return kernel(src.data(), dst.data(), dst.size() / Bytes(to));
  }
  if (to_channels == 1 && from_channels <= kBlock && Int16Suffices(from, to, from_channels > 1)) {
    return ConvertThroughInt16(from, from_channels, src, to, dst);
  }
  ConvertThroughDouble(from, from_channels, src, to, to_channels, dst);
}

}  // namespace sluice
