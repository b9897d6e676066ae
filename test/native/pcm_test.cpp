// Sample conversion against a slow reference: one sample at a time, in double or exact integers.
#include "core/pcm.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "check.h"
#include "core/g711.h"
#include "core/simd/kernels.h"
#include "core/simd/simd_level.h"

using namespace sluice;

namespace {

using Bytes = std::vector<uint8_t>;
using Format = SampleFormat;

constexpr std::array<Format, kSampleFormatCount> kFormats = {
#define X(name, text, bytes, bits) Format::name,
    SLUICE_SAMPLE_FORMATS(X)
#undef X
};

bool IsFloat(Format f) { return std::string(SampleFormatName(f))[0] == 'f'; }
bool IsBig(Format f) { return std::string(SampleFormatName(f)).ends_with("be"); }
bool IsG711(Format f) { return f == Format::kMulaw || f == Format::kAlaw; }

// ---- The reference ----

uint64_t Word(Format f, const uint8_t* p) {
  uint64_t word = 0;
  const size_t n = BytesPerSample(f);
  for (size_t i = 0; i < n; ++i) word |= uint64_t{p[i]} << (8 * (IsBig(f) ? n - 1 - i : i));
  return word;
}

void PutWord(Format f, uint64_t word, uint8_t* p) {
  const size_t n = BytesPerSample(f);
  for (size_t i = 0; i < n; ++i) p[IsBig(f) ? n - 1 - i : i] = static_cast<uint8_t>(word >> (8 * i));
}

// The value of a sample, full scale 1.0; exact.
double Value(Format f, const uint8_t* p) {
  if (f == Format::kMulaw) return MulawValue(*p) / 32768.0;
  if (f == Format::kAlaw) return AlawValue(*p) / 32768.0;
  if (f == Format::kU8) return (*p - 128) / 128.0;
  const uint64_t word = Word(f, p);
  if (IsFloat(f))
    return BytesPerSample(f) == 8 ? std::bit_cast<double>(word)
                                  : double{std::bit_cast<float>(static_cast<uint32_t>(word))};
  const unsigned bits = BitsPerSample(f);
  const uint64_t low = word & ((uint64_t{1} << bits) - 1);
  const int64_t value = static_cast<int64_t>(low) - (low >> (bits - 1) != 0 ? int64_t{1} << bits : 0);
  return std::ldexp(static_cast<double>(value), 1 - static_cast<int>(bits));
}

int64_t Round(double value, unsigned bits) {
  const double full = std::ldexp(1.0, static_cast<int>(bits) - 1);
  if (std::isnan(value)) return 0;
  if (value * full >= full - 1) return static_cast<int64_t>(full) - 1;
  if (value * full <= -full) return -static_cast<int64_t>(full);
  return static_cast<int64_t>(std::nearbyint(value * full));  // ties to even: the default mode
}

void Put(Format f, double value, uint8_t* p) {
  if (IsFloat(f)) {
    PutWord(f,
            BytesPerSample(f) == 8 ? std::bit_cast<uint64_t>(value)
                                   : std::bit_cast<uint32_t>(static_cast<float>(value)),
            p);
  } else if (IsG711(f)) {
    const int16_t sample = static_cast<int16_t>(Round(value, 16));
    *p = f == Format::kMulaw ? MulawCode(sample) : AlawCode(sample);
  } else if (f == Format::kU8) {
    *p = static_cast<uint8_t>(Round(value, 8) + 128);
  } else {
    PutWord(f, static_cast<uint64_t>(Round(value, BitsPerSample(f))), p);
  }
}

double Mean(Format f, const uint8_t* frame, size_t channels) {
  if (channels == 1) return Value(f, frame);
  double sum = 0;
  for (size_t c = 0; c < channels; ++c) {
    const double value = Value(f, frame + c * BytesPerSample(f));
    sum += std::isnan(value) ? 0 : value;
  }
  return std::isnan(sum) ? 0 : sum / static_cast<double>(channels);
}

// ---- Inputs ----

// Every bit pattern may come: random bytes; and for the floats, values near the steps, ties and limits of all
// integer widths, beyond full scale, and the special ones.
Bytes Samples(Format f, size_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  Bytes bytes(count * BytesPerSample(f));
  for (uint8_t& b : bytes) b = static_cast<uint8_t>(random());
  if (!IsFloat(f)) return bytes;
  const double specials[] = {0.0,
                             -0.0,
                             1.0,
                             -1.0,
                             32767.0 / 32768,
                             32767.5 / 32768,
                             1.5,
                             -1.5,
                             1e30,
                             -1e30,
                             1e-40,
                             std::numeric_limits<double>::infinity(),
                             -std::numeric_limits<double>::infinity(),
                             std::numeric_limits<double>::quiet_NaN(),
                             std::numeric_limits<double>::max(),
                             std::numeric_limits<double>::denorm_min()};
  const int widths[] = {8, 16, 24, 32};
  for (size_t i = 0; i < count; ++i) {
    uint8_t* p = bytes.data() + i * BytesPerSample(f);
    if (i < std::size(specials)) {
      Put(f, specials[i], p);
    } else if (i % 4 != 0) {  // k / 4 of a step
      const int bits = widths[random() % 4];
      const double quarters =
          static_cast<double>(static_cast<int64_t>(random() >> (62 - bits)) - (int64_t{1} << (bits + 1)));
      Put(f, std::ldexp(quarters, -1 - bits), p);
    }
  }
  return bytes;
}

// NaNs are compared as NaNs: their payload is not kept between formats.
bool SameSample(Format f, const uint8_t* a, const uint8_t* b) {
  if (IsFloat(f) && std::isnan(Value(f, a)) && std::isnan(Value(f, b))) return true;
  return std::memcmp(a, b, BytesPerSample(f)) == 0;
}

size_t CountDifferent(Format f, const Bytes& a, const Bytes& b) {
  if (a.size() != b.size()) return std::max(a.size(), b.size());
  size_t different = 0;
  for (size_t i = 0; i < a.size(); i += BytesPerSample(f))
    different += !SameSample(f, a.data() + i, b.data() + i);
  return different;
}

void CheckConvert(Format from, size_t from_channels, Format to, size_t to_channels, const Bytes& src) {
  const size_t frames = src.size() / BytesPerSample(from) / from_channels;
  Bytes got(frames * to_channels * BytesPerSample(to));
  ConvertSamples(from, from_channels, src, to, to_channels, got);
  Bytes expected(got.size());
  for (size_t i = 0; i < frames; ++i) {
    for (size_t c = 0; c < to_channels; ++c) {
      const uint8_t* frame = src.data() + i * from_channels * BytesPerSample(from);
      const double value = from_channels == to_channels ? Value(from, frame + c * BytesPerSample(from))
                                                        : Mean(from, frame, from_channels);
      Put(to, value, expected.data() + (i * to_channels + c) * BytesPerSample(to));
    }
  }
  if (const size_t different = CountDifferent(to, got, expected); different != 0) {
    check::Fail(__FILE__, __LINE__,
                std::string(SampleFormatName(from)) + " x " + std::to_string(from_channels) + " -> " +
                    SampleFormatName(to) + " x " + std::to_string(to_channels) + ": " +
                    std::to_string(different) + " samples differ");
  }
}

int16_t ToInt16One(Format f, double value) {
  Bytes bytes(BytesPerSample(f));
  Put(f, value, bytes.data());
  int16_t sample = 0;
  ToInt16(f, bytes, {&sample, 1});
  return sample;
}

std::vector<int16_t> AllInt16() {
  std::vector<int16_t> all(65536);
  std::iota(all.begin(), all.end(), std::numeric_limits<int16_t>::min());
  return all;
}

// ---- Kernels

struct KernelCase {
  Format from, to;
  ConvertKernel kernel;
};

std::vector<KernelCase> AllKernels(SimdLevel level) {
  const PcmKernels& kernels = KernelsFor(level).pcm;
  const std::pair<Format, const PcmKernels::Format*> rows[] = {{Format::kU8, &kernels.u8},
                                                               {Format::kS16Le, &kernels.s16le},
                                                               {Format::kS16Be, &kernels.s16be},
                                                               {Format::kS24Le, &kernels.s24le},
                                                               {Format::kS24In32Le, &kernels.s24in32le},
                                                               {Format::kS32Le, &kernels.s32le},
                                                               {Format::kF32Le, &kernels.f32le}};
  std::vector<KernelCase> all;
  for (const auto& [format, row] : rows) {
    all.push_back({format, Format::kS16Le, row->to_s16le});
    all.push_back({format, Format::kF32Le, row->to_f32le});
    all.push_back({Format::kS16Le, format, row->from_s16le});
    all.push_back({Format::kF32Le, format, row->from_f32le});
  }
  return all;
}

Bytes Reference(Format from, Format to, const Bytes& src) {
  if (from == to) return src;  // NaNs keep their payload
  const size_t count = src.size() / BytesPerSample(from);
  Bytes dst(count * BytesPerSample(to));
  for (size_t i = 0; i < count; ++i)
    Put(to, Value(from, src.data() + i * BytesPerSample(from)), dst.data() + i * BytesPerSample(to));
  return dst;
}

// Runs a kernel between memory that begins `shift` bytes off alignment, the input's last byte being the last
// of its memory; `expected` has to come out and the bytes around it to stay.
bool KernelGives(ConvertKernel kernel, std::span<const uint8_t> src, std::span<const uint8_t> expected,
                 size_t count, size_t shift) {
  constexpr uint8_t kCanary = 0xC3;
  constexpr size_t kGuard = 128;
  Bytes in(shift);
  in.insert(in.end(), src.begin(), src.end());
  in.shrink_to_fit();
  Bytes out(shift + expected.size() + kGuard, kCanary);
  kernel(in.data() + shift, out.data() + shift, count);
  const auto is_canary = [](uint8_t byte) { return byte == kCanary; };
  return std::all_of(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(shift), is_canary) &&
         std::equal(expected.begin(), expected.end(), out.begin() + static_cast<std::ptrdiff_t>(shift)) &&
         std::all_of(out.end() - kGuard, out.end(), is_canary);
}

void CheckKernel(SimdLevel level, const char* what, bool good) {
  if (!good) check::Fail(__FILE__, __LINE__, std::string(SimdLevelName(level)) + " " + what);
}

std::string Route(const KernelCase& c) {
  return std::string(SampleFormatName(c.from)) + " -> " + SampleFormatName(c.to);
}

}  // namespace

TEST("SampleFormat rows agree with names, widths and count") {
  CHECK(std::string(SampleFormatName(Format::kS24In32Be)) == "s24in32be");
  CHECK_EQ(BytesPerSample(Format::kS24Le), 3U);
  CHECK_EQ(BytesPerSample(Format::kF64Be), 8U);
  CHECK_EQ(BitsPerSample(Format::kS24In32Le), 24U);
  CHECK_EQ(static_cast<size_t>(Format::kAlaw) + 1, kSampleFormatCount);
}

TEST("ToInt16 and ToFloat32 equal the reference for every format") {
  for (const Format f : kFormats) {
    const Bytes src = Samples(f, 3000, 11);
    std::vector<int16_t> ints(3000);
    std::vector<float> floats(3000);
    ToInt16(f, src, ints);
    ToFloat32(f, src, floats);
    size_t wrong_ints = 0, wrong_floats = 0;
    for (size_t i = 0; i < ints.size(); ++i) {
      const double value = Value(f, src.data() + i * BytesPerSample(f));
      const float expected = static_cast<float>(value);
      wrong_ints += ints[i] != Round(value, 16);
      wrong_floats += std::isnan(value)
                          ? !std::isnan(floats[i])
                          : std::bit_cast<uint32_t>(floats[i]) != std::bit_cast<uint32_t>(expected);
    }
    CHECK_EQ(wrong_ints, 0U);
    CHECK_EQ(wrong_floats, 0U);
  }
}

TEST("FromInt16 and FromFloat32 equal the reference for every format") {
  const std::vector<int16_t> ints = AllInt16();
  const Bytes float_bytes = Samples(Format::kF32Le, 5000, 12);
  std::vector<float> floats(5000);
  ToFloat32(Format::kF32Le, float_bytes, floats);
  for (const Format f : kFormats) {
    Bytes got(ints.size() * BytesPerSample(f)), expected(got.size());
    FromInt16(f, ints, got);
    for (size_t i = 0; i < ints.size(); ++i)
      Put(f, ints[i] / 32768.0, expected.data() + i * BytesPerSample(f));
    CHECK_EQ(CountDifferent(f, got, expected), 0U);

    got.assign(floats.size() * BytesPerSample(f), 0);
    expected = got;
    FromFloat32(f, floats, got);
    for (size_t i = 0; i < floats.size(); ++i)
      Put(f, double{floats[i]}, expected.data() + i * BytesPerSample(f));
    CHECK_EQ(CountDifferent(f, got, expected), 0U);
  }
}

TEST("Float32ToInt16 equals ToInt16, Int16ToFloat32 is undone by it") {
  const Bytes bytes = Samples(Format::kF32Le, 5000, 13);
  std::vector<float> floats(5000);
  std::memcpy(floats.data(), bytes.data(), bytes.size());
  std::vector<int16_t> a(5000), b(5000);
  Float32ToInt16(floats, a);
  for (size_t i = 0; i < a.size(); ++i) b[i] = static_cast<int16_t>(Round(double{floats[i]}, 16));
  CHECK(a == b);

  const std::vector<int16_t> all = AllInt16();
  std::vector<float> up(all.size());
  std::vector<int16_t> back(all.size());
  Int16ToFloat32(all, up);
  Float32ToInt16(up, back);
  CHECK(back == all);
  CHECK_EQ(up[0], -1.0F);
}

TEST("ConvertSamples equals the double reference for every pair of formats and mix") {
  for (const Format from : kFormats) {
    const Bytes src = Samples(from, 1560, 14);  // more than one block, frames of 1, 2, 3 and 5 channels
    for (const Format to : kFormats) {
      if (from != to) {
        CheckConvert(from, 1, to, 1, src);
        CheckConvert(from, 2, to, 2, src);
      }
      CheckConvert(from, 2, to, 1, src);
      CheckConvert(from, 3, to, 1, src);
      CheckConvert(from, 5, to, 1, src);
      CheckConvert(from, 1, to, 2, src);
    }
  }
}

TEST("ConvertSamples takes any number of frames, none included") {
  for (const size_t frames : {0, 1, 255, 256, 257, 511, 512, 513, 1025}) {
    CheckConvert(Format::kS16Be, 2, Format::kS16Le, 1, Samples(Format::kS16Be, frames * 2, 15));
    CheckConvert(Format::kS24Le, 1, Format::kS16Le, 1, Samples(Format::kS24Le, frames, 16));
    CheckConvert(Format::kS32Le, 2, Format::kS24Be, 1, Samples(Format::kS32Le, frames * 2, 17));
  }
}

TEST("ConvertSamples takes more channels than a block holds") {
  CheckConvert(Format::kS16Le, 513, Format::kS16Le, 1, Samples(Format::kS16Le, 513 * 3, 18));
  CheckConvert(Format::kU8, 65535, Format::kS16Le, 1, Samples(Format::kU8, 65535 * 2, 19));
  CheckConvert(Format::kMulaw, 1, Format::kS16Le, 600, Samples(Format::kMulaw, 3, 20));
}

TEST("ConvertSamples copies the bytes of identical formats untouched, NaNs and padding bytes too") {
  for (const Format f : kFormats) {
    Bytes src = Samples(f, 200, 21);
    if (f == Format::kF32Le) {  // a signalling NaN with a payload
      const uint8_t nan[] = {0x34, 0x12, 0xA0, 0x7F};
      std::copy(std::begin(nan), std::end(nan), src.begin());
    }
    Bytes dst(src.size());
    ConvertSamples(f, 2, src, f, 2, dst);
    CHECK(dst == src);
  }
}

TEST("ConvertSamples widening and back is the identity") {
  const Bytes s16 = Samples(Format::kS16Le, 2000, 22);
  const Bytes s24 = Samples(Format::kS24Le, 2000, 23);
  for (const Format wide : {Format::kS24In32Be, Format::kS32Le, Format::kF32Be, Format::kF64Le}) {
    Bytes up(2000 * BytesPerSample(wide));
    Bytes back16(s16.size()), back24(s24.size());
    ConvertSamples(Format::kS16Le, 1, s16, wide, 1, up);
    ConvertSamples(wide, 1, up, Format::kS16Le, 1, back16);
    CHECK(back16 == s16);
    ConvertSamples(Format::kS24Le, 1, s24, wide, 1, up);
    ConvertSamples(wide, 1, up, Format::kS24Le, 1, back24);
    CHECK(back24 == s24);
  }
}

TEST("ToInt16 rounds ties to even and saturates") {
  for (const Format f :
       {Format::kS24Le, Format::kS24In32Be, Format::kS32Be, Format::kF32Le, Format::kF64Be}) {
    CHECK_EQ(ToInt16One(f, 0.5 / 32768), 0);
    CHECK_EQ(ToInt16One(f, 1.5 / 32768), 2);
    CHECK_EQ(ToInt16One(f, 2.5 / 32768), 2);
    CHECK_EQ(ToInt16One(f, -0.5 / 32768), 0);
    CHECK_EQ(ToInt16One(f, -1.5 / 32768), -2);
    CHECK_EQ(ToInt16One(f, 32767.5 / 32768), 32767);
    CHECK_EQ(ToInt16One(f, 1.0), 32767);
    CHECK_EQ(ToInt16One(f, -1.0), -32768);
  }
  const double infinity = std::numeric_limits<double>::infinity();
  for (const Format f : {Format::kF32Be, Format::kF64Le}) {
    CHECK_EQ(ToInt16One(f, infinity), 32767);
    CHECK_EQ(ToInt16One(f, -infinity), -32768);
    CHECK_EQ(ToInt16One(f, 1e30), 32767);
    CHECK_EQ(ToInt16One(f, std::numeric_limits<double>::quiet_NaN()), 0);
  }
}

TEST("ConvertSamples rounds once: f64 near a tie does not become one on the way") {
  // 0.5 + 2^-40 of a step: float32 would round it to the tie, and the tie to 0.
  Bytes src(8), dst(2);
  Put(Format::kF64Le, (0.5 + std::ldexp(1.0, -40)) / 32768, src.data());
  ConvertSamples(Format::kF64Le, 1, src, Format::kS16Le, 1, dst);
  CHECK_EQ(dst[0], 1);
}

TEST("Float formats pass values beyond full scale") {
  Bytes src(8), dst(4);
  Put(Format::kF64Le, -3.5, src.data());
  ConvertSamples(Format::kF64Le, 1, src, Format::kF32Le, 1, dst);
  CHECK_EQ(Value(Format::kF32Le, dst.data()), -3.5);
}

TEST("Downmix of int16 is the exact mean, ties to even") {
  const int16_t edges[] = {-32768, -32767, -3, -2, -1, 0, 1, 2, 3, 4, 32766, 32767};
  for (const int16_t a : edges) {
    for (const int16_t b : edges) {
      const int16_t frame[] = {a, b};
      int16_t mean = 0;
      Downmix(2, frame, std::span(&mean, 1));
      CHECK_EQ(static_cast<double>(mean), std::nearbyint((a + b) / 2.0));
    }
  }
  std::mt19937 random(24);
  for (const size_t channels : {1, 3, 4, 6, 7, 256}) {
    std::vector<int16_t> frames(channels * 200), mono(200);
    for (int16_t& s : frames) s = static_cast<int16_t>(random() % 9 == 0 ? 32767 : random());
    Downmix(channels, frames, mono);
    int wrong = 0;
    for (size_t i = 0; i < mono.size(); ++i) {
      const int64_t n = static_cast<int64_t>(channels);
      const auto frame = frames.begin() + static_cast<std::ptrdiff_t>(i * channels);
      const int64_t sum = std::accumulate(frame, frame + n, int64_t{0});
      // |2 * (mean * n - sum)| <= n, and on a tie the mean is even: in integers.
      const int64_t off = std::abs(2 * (mono[i] * n - sum));
      wrong += off > n || (off == n && mono[i] % 2 != 0);
    }
    CHECK_EQ(wrong, 0);
  }
}

TEST("Downmix of floats is the mean, a NaN counts as 0, the loudest do not overflow") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float max = std::numeric_limits<float>::max();
  const float stereo[] = {0.5F, 0.25F, nan, 0.5F, max, max, -1.0F, 1.0F};
  std::array<float, 4> mono;
  Downmix(2, stereo, std::span<float>(mono));
  CHECK_EQ(mono[0], 0.375F);
  CHECK_EQ(mono[1], 0.25F);
  CHECK_EQ(mono[2], max);
  CHECK_EQ(mono[3], 0.0F);
  const float three[] = {0.25F, 0.5F, 0.75F, nan, 0.75F, 0.0F};
  Downmix(3, three, std::span<float>(mono).first(2));
  CHECK_EQ(mono[0], 0.5F);
  CHECK_EQ(mono[1], 0.25F);
}

TEST("Downmix of infinities of both signs is 0, of one sign infinite") {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const size_t channels : {2, 3}) {
    std::vector<float> both(channels, 0.0F), one(channels, 0.5F);
    both[0] = -infinity;
    both[1] = infinity;
    one[0] = -infinity;
    float mono = 1;
    Downmix(channels, both, std::span(&mono, 1));
    CHECK_EQ(mono, 0.0F);
    Downmix(channels, one, std::span(&mono, 1));
    CHECK_EQ(mono, -infinity);
  }
}

TEST("CanMixChannels knows the same count, N to 1 and 1 to N") {
  CHECK(CanMixChannels(1, 1));
  CHECK(CanMixChannels(6, 6));
  CHECK(CanMixChannels(6, 1));
  CHECK(CanMixChannels(1, 6));
  CHECK(!CanMixChannels(6, 2));
  CHECK(!CanMixChannels(0, 1));
  CHECK(!CanMixChannels(0, 0));
}

// No sample of `expected` is a NaN where one would have to be compared as such: integers make none, and
// floats are copied.
TEST_ONCE("PcmKernels take any count at any address and write no further, on every level") {
  for (const SimdLevel level : RunnableSimdLevels()) {
    for (const KernelCase& c : AllKernels(level)) {
      const Bytes src = Samples(c.from, 1030, 31);  // the widths of 24 bits go by blocks of 512
      const Bytes expected = Reference(c.from, c.to, src);
      const auto gives = [&](size_t count, size_t shift) {
        return KernelGives(c.kernel, std::span(src).first(count * BytesPerSample(c.from)),
                           std::span(expected).first(count * BytesPerSample(c.to)), count, shift);
      };
      bool good = true;
      for (size_t count = 0; count <= 200; ++count) good = good && gives(count, count % 5);
      for (const size_t count : {511, 512, 513, 1023, 1024, 1030}) good = good && gives(count, 1);
      CheckKernel(level, Route(c).c_str(), good);
    }
  }
}

TEST_ONCE("PcmKernels round every 16-bit float prefix as the double reference does, on every level") {
  // All signs, exponents and leading bits of a float, with low bits that lie on ties and beside them.
  Bytes src;
  for (uint32_t high = 0; high < 65536; ++high) {
    for (const uint32_t low : {0x0000U, 0x0001U, 0x8000U, 0xFFFFU}) {
      src.resize(src.size() + 4);
      PutWord(Format::kF32Le, high << 16 | low, src.data() + src.size() - 4);
    }
  }
  for (const Format to : {Format::kU8, Format::kS16Le, Format::kS24Le, Format::kS24In32Le, Format::kS32Le}) {
    const Bytes expected = Reference(Format::kF32Le, to, src);
    for (const SimdLevel level : RunnableSimdLevels()) {
      for (const KernelCase& c : AllKernels(level)) {
        if (c.from != Format::kF32Le || c.to != to) continue;
        CheckKernel(level, Route(c).c_str(), KernelGives(c.kernel, src, expected, src.size() / 4, 0));
      }
    }
  }
}

TEST_ONCE("PcmKernels narrow integers as the double reference does around every tie, on every level") {
  for (const Format from : {Format::kS16Le, Format::kS24Le, Format::kS24In32Le, Format::kS32Le}) {
    const unsigned bits = BitsPerSample(from);
    Bytes src;
    for (uint32_t high = 0; high < 65536; ++high) {  // bits down to the lowest that an int16 keeps
      for (const uint32_t low : {0x0000U, 0x0001U, 0x7FFFU, 0x8000U, 0x8001U, 0xFFFFU}) {
        src.resize(src.size() + BytesPerSample(from));
        PutWord(from, (high << 16 | low) >> (32 - bits), src.data() + src.size() - BytesPerSample(from));
      }
    }
    for (const SimdLevel level : RunnableSimdLevels()) {
      for (const KernelCase& c : AllKernels(level)) {
        if (c.from != from || BitsPerSample(c.to) > bits) continue;
        const Bytes expected = Reference(from, c.to, src);
        CheckKernel(level, Route(c).c_str(),
                    KernelGives(c.kernel, src, expected, src.size() / BytesPerSample(from), 0));
      }
    }
  }
}

TEST_ONCE("PcmKernels mix two channels as the double reference does, on every level") {
  struct Mix {
    Format from, to;
    ConvertKernel PcmKernels::*kernel;
  };
  for (const Mix& mix : {Mix{Format::kS16Le, Format::kS16Le, &PcmKernels::downmix_stereo_s16le},
                         Mix{Format::kS24Le, Format::kS16Le, &PcmKernels::downmix_stereo_s24le_to_s16le},
                         Mix{Format::kF32Le, Format::kF32Le, &PcmKernels::downmix_stereo_f32le}}) {
    const size_t frame_bytes = 2 * BytesPerSample(mix.from), out_bytes = BytesPerSample(mix.to);
    Bytes src = Samples(mix.from, 2 * 40000, 33);
    if (mix.from == Format::kS24Le) {  // sums around every 16-bit step and tie
      for (size_t i = 0; i < 4096; ++i) {
        const uint64_t right = 0x7FFE80 + i % 384, left = i % 2 == 0 ? 0x7FFFFF : 0x800000 + i / 4;
        PutWord(mix.from, left, src.data() + i * 6);
        PutWord(mix.from, right, src.data() + i * 6 + 3);
      }
    }
    if (mix.from == Format::kF32Le) {  // every pair of the special values, which lie at the front
      for (size_t i = 0; i < 256; ++i) {
        const Bytes special = Samples(mix.from, 16, 33);
        std::copy_n(special.begin() + static_cast<std::ptrdiff_t>(i / 16 * 4), 4,
                    src.begin() + static_cast<std::ptrdiff_t>(i * 8));
        std::copy_n(special.begin() + static_cast<std::ptrdiff_t>(i % 16 * 4), 4,
                    src.begin() + static_cast<std::ptrdiff_t>(i * 8 + 4));
      }
    }
    Bytes expected(40000 * out_bytes);
    for (size_t i = 0; i < 40000; ++i)
      Put(mix.to, Mean(mix.from, src.data() + i * frame_bytes, 2), expected.data() + i * out_bytes);
    for (const SimdLevel level : RunnableSimdLevels()) {
      const ConvertKernel kernel = KernelsFor(level).pcm.*mix.kernel;
      const auto gives = [&](size_t count, size_t shift) {
        return KernelGives(kernel, std::span(src).first(count * frame_bytes),
                           std::span(expected).first(count * out_bytes), count, shift);
      };
      bool good = gives(40000, 0);
      for (size_t count = 0; count <= 200; ++count) good = good && gives(count, count % 5);
      for (const size_t count : {255, 256, 257, 600}) good = good && gives(count, 1);
      CheckKernel(level, SampleFormatName(mix.from), good);
    }
  }
}
