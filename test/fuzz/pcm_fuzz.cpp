// Every conversion gives what a slow one in double precision gives, sample by sample, wherever it is cut.
#include <array>
#include <bit>
#include <cmath>

#include "core/bytes.h"
#include "core/g711.h"
#include "core/pcm.h"
#include "fuzz.h"

using namespace sluice;

namespace {

using Format = SampleFormat;

constexpr Format kFormats[] = {
#define X(name, text, bytes, bits) Format::name,
    SLUICE_SAMPLE_FORMATS(X)
#undef X
};

bool IsBig(Format f) {
  return f == Format::kS16Be || f == Format::kS24Be || f == Format::kS24In32Be || f == Format::kS32Be ||
         f == Format::kF32Be || f == Format::kF64Be;
}
bool IsFloat(Format f) {
  return f == Format::kF32Le || f == Format::kF32Be || f == Format::kF64Le || f == Format::kF64Be;
}
bool IsContainer(Format f) { return f == Format::kS24In32Le || f == Format::kS24In32Be; }

// The bytes of one sample as a number, its first byte the lowest or the highest.
uint64_t WordAt(Format f, std::span<const uint8_t> bytes) {
  uint64_t word = 0;
  const size_t width = BytesPerSample(f);
  for (size_t i = 0; i < width; ++i) word = word << 8 | bytes[IsBig(f) ? i : width - 1 - i];
  return word;
}

// Full scale 1.0.
double ValueAt(Format f, std::span<const uint8_t> bytes) {
  const uint64_t word = WordAt(f, bytes);
  if (f == Format::kF32Le || f == Format::kF32Be) return std::bit_cast<float>(static_cast<uint32_t>(word));
  if (IsFloat(f)) return std::bit_cast<double>(word);
  if (f == Format::kMulaw) return MulawValue(bytes[0]) * 0x1p-15;
  if (f == Format::kAlaw) return AlawValue(bytes[0]) * 0x1p-15;
  if (f == Format::kU8) return (static_cast<int>(word) - 128) * 0x1p-7;
  const unsigned unused = 64 - BitsPerSample(f);
  return static_cast<double>(static_cast<int64_t>(word << unused) >> unused) *
         std::ldexp(1.0, 1 - static_cast<int>(BitsPerSample(f)));
}

int64_t IntegerOf(double value, unsigned bits) {
  if (std::isnan(value)) return 0;
  const double full_scale = std::ldexp(1.0, static_cast<int>(bits) - 1);
  return static_cast<int64_t>(std::clamp(std::nearbyint(value * full_scale), -full_scale, full_scale - 1));
}

void Store(Format f, double value, std::span<uint8_t> bytes) {
  uint64_t word = 0;
  if (f == Format::kF32Le || f == Format::kF32Be) {
    word = std::bit_cast<uint32_t>(static_cast<float>(value));
  } else if (IsFloat(f)) {
    word = std::bit_cast<uint64_t>(value);
  } else if (f == Format::kMulaw) {
    word = MulawCode(static_cast<int16_t>(IntegerOf(value, 16)));
  } else if (f == Format::kAlaw) {
    word = AlawCode(static_cast<int16_t>(IntegerOf(value, 16)));
  } else {
    word = static_cast<uint64_t>(IntegerOf(value, BitsPerSample(f)) + (f == Format::kU8 ? 128 : 0));
  }
  const size_t width = BytesPerSample(f);
  for (size_t i = 0; i < width; ++i) {
    bytes[IsBig(f) ? width - 1 - i : i] = static_cast<uint8_t>(word >> (8 * i));
  }
}

// The same sample: equal bits, or NaN both.
bool Same(Format f, std::span<const uint8_t> a, std::span<const uint8_t> b) {
  if (IsFloat(f) && std::isnan(ValueAt(f, a))) return std::isnan(ValueAt(f, b));
  return WordAt(f, a) == WordAt(f, b);
}

double NanToZero(double x) { return std::isnan(x) ? 0 : x; }

// One frame, slowly.
void ConvertFrame(Format from, size_t from_channels, std::span<const uint8_t> src, Format to,
                  size_t to_channels, std::span<uint8_t> dst) {
  const auto value = [&](size_t channel) {
    return ValueAt(from, src.subspan(channel * BytesPerSample(from)));
  };
  double mean = 0;
  for (size_t c = 0; c < from_channels; ++c) mean += NanToZero(value(c));
  mean = NanToZero(mean / static_cast<double>(from_channels));
  for (size_t c = 0; c < to_channels; ++c) {
    const double mixed = from_channels == to_channels ? value(c) : from_channels == 1 ? value(0) : mean;
    Store(to, mixed, dst.subspan(c * BytesPerSample(to)));
  }
}

void CheckConvertSamples(Format from, size_t from_channels, std::span<const uint8_t> bytes, Format to,
                         size_t to_channels, fuzz::Cuts cuts, size_t misaligned) {
  const size_t from_frame = BytesPerSample(from) * from_channels;
  const size_t to_frame = BytesPerSample(to) * to_channels;
  const size_t frames = bytes.size() / from_frame;
  const std::span<const uint8_t> src = bytes.first(frames * from_frame);
  fuzz::Room<uint8_t> dst(frames * to_frame, misaligned);
  ConvertSamples(from, from_channels, src, to, to_channels, dst.span());

  std::vector<uint8_t> frame(to_frame);
  const bool untouched = from == to && from_channels == to_channels;
  for (size_t i = 0; i < frames; ++i) {
    const auto in = src.subspan(i * from_frame, from_frame);
    const auto out = dst.span().subspan(i * to_frame, to_frame);
    if (untouched) {
      FUZZ_CHECK(fuzz::SameBits(in, out));
      continue;
    }
    ConvertFrame(from, from_channels, in, to, to_channels, frame);
    for (size_t at = 0; at < to_frame; at += BytesPerSample(to)) {
      FUZZ_CHECK(Same(to, out.subspan(at), std::span(frame).subspan(at)));
    }
  }

  fuzz::Room<uint8_t> pieces(frames * to_frame);
  for (size_t done = 0; done < frames;) {
    const size_t count = cuts.Next(frames - done);
    ConvertSamples(from, from_channels, src.subspan(done * from_frame, count * from_frame), to, to_channels,
                   pieces.span().subspan(done * to_frame, count * to_frame));
    done += count;
  }
  FUZZ_CHECK(fuzz::SameBits(pieces.span(), dst.span()));
}

// Through int16 or float32 and back, whole samples of any format.
void CheckSamples(Format f, std::span<const uint8_t> bytes) {
  const size_t width = BytesPerSample(f);
  const size_t count = bytes.size() / width;
  const std::span<const uint8_t> src = bytes.first(count * width);

  fuzz::Room<int16_t> int16(count);
  ToInt16(f, src, int16.span());
  fuzz::Room<float> float32(count);
  ToFloat32(f, src, float32.span());
  for (size_t i = 0; i < count; ++i) {
    const double value = ValueAt(f, src.subspan(i * width));
    FUZZ_CHECK(int16.span()[i] == IntegerOf(value, 16));
    const float got = float32.span()[i];
    const float want = static_cast<float>(value);
    FUZZ_CHECK(std::isnan(want) ? std::isnan(got)
                                : std::bit_cast<uint32_t>(got) == std::bit_cast<uint32_t>(want));
  }

  fuzz::Room<uint8_t> back(count * width);
  FromFloat32(f, float32.span(), back.span());
  // float32 holds all of 24 bits.
  const bool lossless = BitsPerSample(f) <= 24 && f != Format::kMulaw && !IsContainer(f);
  for (size_t i = 0; i < count; ++i) {
    std::array<uint8_t, 8> want{};
    Store(f, float32.span()[i], want);
    FUZZ_CHECK(Same(f, back.span().subspan(i * width), want));
    if (lossless) FUZZ_CHECK(WordAt(f, src.subspan(i * width)) == WordAt(f, back.span().subspan(i * width)));
  }
}

void CheckInt16(Format f, std::span<const int16_t> samples) {
  const size_t width = BytesPerSample(f);
  fuzz::Room<uint8_t> bytes(samples.size() * width);
  FromInt16(f, samples, bytes.span());
  fuzz::Room<int16_t> back(samples.size());
  ToInt16(f, bytes.span(), back.span());
  for (size_t i = 0; i < samples.size(); ++i) {
    std::array<uint8_t, 8> want{};
    Store(f, samples[i] * 0x1p-15, want);
    FUZZ_CHECK(Same(f, bytes.span().subspan(i * width), want));
    if (BitsPerSample(f) >= 16) FUZZ_CHECK(back.span()[i] == samples[i]);
  }
  fuzz::Room<float> floats(samples.size());
  Int16ToFloat32(samples, floats.span());
  Float32ToInt16(floats.span(), back.span());
  FUZZ_CHECK(fuzz::SameBits(back.span(), samples));
}

void CheckFloat32(Format f, std::span<const float> samples) {
  const size_t width = BytesPerSample(f);
  fuzz::Room<uint8_t> bytes(samples.size() * width);
  FromFloat32(f, samples, bytes.span());
  fuzz::Room<int16_t> int16(samples.size());
  Float32ToInt16(samples, int16.span());
  for (size_t i = 0; i < samples.size(); ++i) {
    std::array<uint8_t, 8> want{};
    Store(f, samples[i], want);
    FUZZ_CHECK(Same(f, bytes.span().subspan(i * width), want));
    FUZZ_CHECK(int16.span()[i] == IntegerOf(samples[i], 16));
  }
}

// The mean, ties to even.
int16_t MeanOf(std::span<const int16_t> frame) {
  const auto count = static_cast<int64_t>(frame.size());
  int64_t sum = 0;
  for (const int16_t sample : frame) sum += sample;
  const int64_t rest = ((sum % count) + count) % count;
  const int64_t below = (sum - rest) / count;
  const bool up = 2 * rest > count || (2 * rest == count && below % 2 != 0);
  return static_cast<int16_t>(below + (up ? 1 : 0));
}

void CheckDownmix(size_t channels, std::span<const int16_t> samples, std::span<const float> floats) {
  const size_t frames = samples.size() / channels;
  fuzz::Room<int16_t> mono(frames);
  Downmix(channels, samples.first(frames * channels), mono.span());
  for (size_t i = 0; i < frames; ++i)
    FUZZ_CHECK(mono.span()[i] == MeanOf(samples.subspan(i * channels, channels)));

  const size_t float_frames = floats.size() / channels;
  fuzz::Room<float> mono_float(float_frames);
  Downmix(channels, floats.first(float_frames * channels), mono_float.span());
  for (size_t i = 0; i < float_frames; ++i) {
    double sum = 0;
    for (const float x : floats.subspan(i * channels, channels)) sum += NanToZero(x);
    const auto want = static_cast<float>(sum / static_cast<double>(channels));
    const float got = mono_float.span()[i];
    // 1e-6 of full scale or of the value, as kernels.h allows; where both are infinite or NaN they agree.
    FUZZ_CHECK(std::isfinite(want) ? std::abs(got - want) <= 1e-6F * std::max(1.0F, std::abs(want))
               : std::isnan(want)  ? std::isnan(got)
                                   : got == want);
  }
}

}  // namespace

FUZZ_TARGET(pcm) {
  const Format from = input.OneOf(kFormats);
  const Format to = input.OneOf(kFormats);
  constexpr size_t kChannels[] = {1, 1, 1, 2, 2, 3, 6, 64, 700};
  const size_t from_channels = input.OneOf(kChannels);
  const size_t channel_choice = input.Below(3);
  const size_t to_channels = channel_choice == 0  ? from_channels
                             : from_channels == 1 ? 1 + channel_choice
                                                  : 1;
  const fuzz::Cuts cuts(input.Number());
  const size_t misaligned = input.Below(64);
  const std::vector<uint8_t> bytes = input.Rest();
  FUZZ_CHECK(CanMixChannels(from_channels, to_channels));

  CheckConvertSamples(from, from_channels, bytes, to, to_channels, cuts, misaligned);
  CheckSamples(from, bytes);
  const std::vector<int16_t> samples = fuzz::ValuesOf<int16_t>(bytes);
  const std::vector<float> floats = fuzz::ValuesOf<float>(bytes);
  CheckInt16(to, samples);
  CheckFloat32(to, floats);
  CheckDownmix(from_channels, samples, floats);
}
