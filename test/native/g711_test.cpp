// G.711 against a slow reference made from the Recommendation's own decision values (tables 1a and 2a).
#include "core/g711.h"

#include <array>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "check.h"
#include "core/simd/kernels.h"
#include "core/simd/simd_level.h"

using namespace sluice;

namespace {

// The positive half of a law: decision values x[0] = 0 < x[1] < ... < x[128], in the Recommendation's unit,
// of which `samples_per_unit` make the 16-bit scale.
struct Law {
  std::array<double, 129> x;
  double samples_per_unit;
};

// Table 2a: the first interval is 1 wide; then 15 of 2; then 16 each of 4, 8, ... 256. Ends at 8159.
Law Mulaw() {
  Law law{{}, 4};
  for (size_t i = 1; i <= 128; ++i) law.x[i] = law.x[i - 1] + (i == 1 ? 1.0 : double(2 << ((i - 1) / 16)));
  return law;
}

// Table 1a: 32 intervals of 2; then 16 each of 4, 8, ... 128. Ends at 4096.
Law Alaw() {
  Law law{{}, 8};
  for (size_t i = 1; i <= 128; ++i)
    law.x[i] = law.x[i - 1] + (i <= 16 ? 2.0 : double(2 << ((i - 1) / 16 - 1)));
  return law;
}

// The interval of a sample, closed on the left over the whole line: [x_i, x_i+1) and [-x_i+1, -x_i).
unsigned Interval(const Law& law, int sample) {
  const double v = sample / law.samples_per_unit;
  for (unsigned i = 0; i < 127; ++i) {
    if (sample >= 0 ? v < law.x[i + 1] : v >= -law.x[i + 1]) return i;
  }
  return 127;  // and all that is louder
}

// Character signals: mu-law counts down from 0xFF (0x7F), A-law up from 0x80 (0x00) with even bits inverted.
uint8_t MulawReference(const Law& law, int sample) {
  return static_cast<uint8_t>((sample >= 0 ? 0xFF : 0x7F) - Interval(law, sample));
}
uint8_t AlawReference(const Law& law, int sample) {
  return static_cast<uint8_t>(((sample >= 0 ? 0x80 : 0) + Interval(law, sample)) ^ 0x55);
}

double Middle(const Law& law, unsigned interval) {
  return (law.x[interval] + law.x[interval + 1]) / 2 * law.samples_per_unit;
}

std::vector<int16_t> AllSamples() {
  std::vector<int16_t> all(65536);
  std::iota(all.begin(), all.end(), std::numeric_limits<int16_t>::min());
  return all;
}

std::vector<uint8_t> AllCodes() {
  std::vector<uint8_t> all(256);
  std::iota(all.begin(), all.end(), uint8_t{0});
  return all;
}

template <class Body>
void ForEachLevel(Body body) {
  for (const SimdLevel level : RunnableSimdLevels())
    body(KernelsFor(level).g711, std::string(SimdLevelName(level)));
}

// A kernel has to give the first `count` of `expected` from as many of `src`, for every count up to 200, at
// addresses that are not aligned, and leave what lies behind them alone.
template <class In, class Out>
void CheckEveryCount(void (*kernel)(const In*, Out*, size_t), const std::vector<In>& src,
                     const std::vector<Out>& expected, const std::string& what) {
  constexpr Out kCanary = 0x5A;
  for (size_t count = 0; count <= 200; ++count) {
    const size_t shift = count % 5;
    const std::vector<In> in(
        src.begin() + static_cast<std::ptrdiff_t>(shift),
        src.begin() + static_cast<std::ptrdiff_t>(shift + count));  // its end is the memory's end
    std::vector<Out> out(shift + count + 64, kCanary);
    kernel(in.data(), out.data() + shift, count);
    size_t wrong = 0;
    for (size_t i = 0; i < out.size(); ++i)
      wrong += out[i] != (i < shift || i >= shift + count ? kCanary : expected[i]);
    if (wrong != 0) check::Fail(__FILE__, __LINE__, what + ", count " + std::to_string(count));
  }
}

}  // namespace

TEST("G.711 reference ends where the Recommendation does") {
  CHECK_EQ(Mulaw().x[128], 8159.0);
  CHECK_EQ(Alaw().x[128], 4096.0);
}

TEST("MulawCode and AlawCode follow the decision values for all 65536 samples") {
  const Law mulaw = Mulaw(), alaw = Alaw();
  int wrong = 0;
  for (const int16_t sample : AllSamples()) {
    wrong += MulawCode(sample) != MulawReference(mulaw, sample);
    wrong += AlawCode(sample) != AlawReference(alaw, sample);
  }
  CHECK_EQ(wrong, 0);
}

TEST("MulawValue gives the middle of each interval, and 0 for the first") {
  const Law law = Mulaw();
  for (const uint8_t code : AllCodes()) {
    const unsigned interval = 127 - (code & 0x7F);
    const double middle = interval == 0 ? 0 : Middle(law, interval);
    CHECK_EQ(static_cast<double>(MulawValue(code)), (code & 0x80) != 0 ? middle : -middle);
  }
}

TEST("AlawValue gives the middle of each interval") {
  const Law law = Alaw();
  for (const uint8_t code : AllCodes()) {
    const double middle = Middle(law, (code ^ 0x55) & 0x7F);
    CHECK_EQ(static_cast<double>(AlawValue(code)), (code & 0x80) != 0 ? middle : -middle);
  }
}

// The single-sample functions were held to the Recommendation above; now the kernels to them.

TEST_ONCE("G711Kernels encode all 65536 samples alike on every level") {
  const std::vector<int16_t> samples = AllSamples();
  ForEachLevel([&](const G711Kernels& kernels, const std::string&) {
    std::vector<uint8_t> mulaw(samples.size()), alaw(samples.size());
    kernels.encode_mulaw(samples.data(), mulaw.data(), samples.size());
    kernels.encode_alaw(samples.data(), alaw.data(), samples.size());
    int wrong = 0;
    for (size_t i = 0; i < samples.size(); ++i)
      wrong += (mulaw[i] != MulawCode(samples[i])) + (alaw[i] != AlawCode(samples[i]));
    CHECK_EQ(wrong, 0);
  });
}

TEST_ONCE("G711Kernels decode all 256 codes alike on every level, in any lane") {
  std::vector<uint8_t> codes;  // a length that no vector divides, so that each code meets each lane
  for (int i = 0; i < 257 * 64; ++i) codes.push_back(static_cast<uint8_t>(i % 257));
  ForEachLevel([&](const G711Kernels& kernels, const std::string&) {
    std::vector<int16_t> mulaw(codes.size()), alaw(codes.size());
    kernels.decode_mulaw(codes.data(), mulaw.data(), codes.size());
    kernels.decode_alaw(codes.data(), alaw.data(), codes.size());
    int wrong = 0;
    for (size_t i = 0; i < codes.size(); ++i)
      wrong += (mulaw[i] != MulawValue(codes[i])) + (alaw[i] != AlawValue(codes[i]));
    CHECK_EQ(wrong, 0);
  });
}

TEST_ONCE("G711Kernels take any count at any address and write no further") {
  std::vector<int16_t> samples(256), from_mulaw(256), from_alaw(256);
  std::vector<uint8_t> to_mulaw(256), to_alaw(256);
  const std::vector<uint8_t> codes = AllCodes();
  for (size_t i = 0; i < 256; ++i) {
    samples[i] = static_cast<int16_t>(i * 40503);
    to_mulaw[i] = MulawCode(samples[i]);
    to_alaw[i] = AlawCode(samples[i]);
    from_mulaw[i] = MulawValue(codes[i]);
    from_alaw[i] = AlawValue(codes[i]);
  }
  ForEachLevel([&](const G711Kernels& kernels, const std::string& level) {
    CheckEveryCount(kernels.encode_mulaw, samples, to_mulaw, level + " encode_mulaw");
    CheckEveryCount(kernels.encode_alaw, samples, to_alaw, level + " encode_alaw");
    CheckEveryCount(kernels.decode_mulaw, codes, from_mulaw, level + " decode_mulaw");
    CheckEveryCount(kernels.decode_alaw, codes, from_alaw, level + " decode_alaw");
  });
}

TEST("DecodeMulaw, EncodeMulaw, DecodeAlaw, EncodeAlaw run their own kernels") {
  const std::array<int16_t, 3> samples = {-20000, 1, 32767};
  std::array<uint8_t, 3> codes{};
  std::array<int16_t, 3> values{};
  EncodeMulaw(samples, codes);
  DecodeMulaw(codes, values);
  for (size_t i = 0; i < 3; ++i) {
    CHECK_EQ(codes[i], MulawCode(samples[i]));
    CHECK_EQ(values[i], MulawValue(codes[i]));
  }
  EncodeAlaw(samples, codes);
  DecodeAlaw(codes, values);
  for (size_t i = 0; i < 3; ++i) {
    CHECK_EQ(codes[i], AlawCode(samples[i]));
    CHECK_EQ(values[i], AlawValue(codes[i]));
  }
}

TEST("G.711 encode of decode is the same code, but for mu-law's minus zero") {
  for (int c = 0; c < 256; ++c) {
    const uint8_t code = static_cast<uint8_t>(c);
    CHECK_EQ(MulawCode(MulawValue(code)), code == 0x7F ? 0xFF : c);
    CHECK_EQ(AlawCode(AlawValue(code)), c);
  }
}

TEST("G.711 landmarks") {
  CHECK_EQ(MulawCode(0), kMulawSilence);
  CHECK_EQ(MulawCode(-1), 0x7F);
  CHECK_EQ(MulawCode(32767), 0x80);
  CHECK_EQ(MulawCode(-32768), 0x00);
  CHECK_EQ(AlawCode(0), kAlawSilence);
  CHECK_EQ(AlawCode(-1), 0x55);
  CHECK_EQ(AlawCode(32767), 0xAA);
  CHECK_EQ(AlawCode(-32768), 0x2A);
  CHECK_EQ(MulawValue(0x80), 32124);
  CHECK_EQ(AlawValue(0xAA), 32256);
}
