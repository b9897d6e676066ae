// Sample formats and conversion between them: widths, byte orders, saturation, rounding, downmix.
// Not here: the G.711 formulas (g711.h), rate conversion (resampler.h), containers (wav_reader.h).
//
// Full scale is 2^(bits-1) for integers and 1.0 for floats, so float = integer / 2^(bits-1); G.711 codes
// stand for their 16-bit values. Towards a narrower width values are rounded to nearest, ties to even;
// towards integers they saturate, infinities too, and NaN becomes 0. Between float formats they pass as they
// are, beyond full scale, infinite or NaN. No dither. Every bit pattern is a valid input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice {

// name in the enum, name in the API, bytes a sample, significant bits
#define SLUICE_SAMPLE_FORMATS(X)                                                     \
  X(kU8, "u8", 1, 8)                                                                 \
  X(kS16Le, "s16le", 2, 16)                                                          \
  X(kS16Be, "s16be", 2, 16)                                                          \
  X(kS24Le, "s24le", 3, 24)                                                          \
  X(kS24Be, "s24be", 3, 24)                                                          \
  X(kS24In32Le, "s24in32le", 4,                                                      \
    24) /* low three bytes of a 4-byte container, sign-extended; top byte ignored */ \
  X(kS24In32Be, "s24in32be", 4, 24)                                                  \
  X(kS32Le, "s32le", 4, 32)                                                          \
  X(kS32Be, "s32be", 4, 32)                                                          \
  X(kF32Le, "f32le", 4, 32)                                                          \
  X(kF32Be, "f32be", 4, 32)                                                          \
  X(kF64Le, "f64le", 8, 64)                                                          \
  X(kF64Be, "f64be", 8, 64)                                                          \
  X(kMulaw, "mulaw", 1, 8)                                                           \
  X(kAlaw, "alaw", 1, 8)

enum class SampleFormat : uint8_t {
#define X(name, text, bytes, bits) name,
  SLUICE_SAMPLE_FORMATS(X)
#undef X
};
inline constexpr size_t kSampleFormatCount = 15;

const char* SampleFormatName(SampleFormat format);
size_t BytesPerSample(SampleFormat format);
unsigned BitsPerSample(SampleFormat format);

// Bytes to samples. src holds dst.size() samples of `from`: src.size() == dst.size() * BytesPerSample(from).
void ToInt16(SampleFormat from, std::span<const uint8_t> src, std::span<int16_t> dst);
void ToFloat32(SampleFormat from, std::span<const uint8_t> src, std::span<float> dst);

// Samples to bytes. dst.size() == src.size() * BytesPerSample(to).
void FromInt16(SampleFormat to, std::span<const int16_t> src, std::span<uint8_t> dst);
void FromFloat32(SampleFormat to, std::span<const float> src, std::span<uint8_t> dst);

// float32 to int16: x * 32768, nearest even, saturating; NaN is 0.
void Float32ToInt16(std::span<const float> src, std::span<int16_t> dst);
void Int16ToFloat32(std::span<const int16_t> src, std::span<float> dst);

// Whether MixChannels / ConvertSamples know the step: the same count, N to 1 (mean), or 1 to N (copies).
bool CanMixChannels(size_t from_channels, size_t to_channels);

// Interleaved frames to one channel: the mean of the channels, computed in double. A NaN among them counts as
// 0; infinities of both signs have the mean 0. src.size() == dst.size() * channels.
void Downmix(size_t channels, std::span<const float> src, std::span<float> dst);
// int16: exact mean, ties to even.
void Downmix(size_t channels, std::span<const int16_t> src, std::span<int16_t> dst);

// Any format and channel count to any other, as if computed in double: rounded once, at the end (G.711: to
// the 16-bit value that is then encoded). Same format and channels: the bytes are copied untouched. src:
// frames * from_channels samples; dst: frames * to_channels; they do not overlap. Requires CanMixChannels.
void ConvertSamples(SampleFormat from, size_t from_channels, std::span<const uint8_t> src, SampleFormat to,
                    size_t to_channels, std::span<uint8_t> dst);

}  // namespace sluice
