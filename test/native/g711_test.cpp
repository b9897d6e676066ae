// G.711 against a slow reference made from the Recommendation's own decision values (tables 1a and 2a).
#include "core/g711.h"

#include <array>
#include <vector>

#include "check.h"

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
  std::vector<int16_t> all;
  for (int s = -32768; s < 32768; ++s) all.push_back(static_cast<int16_t>(s));
  return all;
}

std::vector<uint8_t> AllCodes() {
  std::vector<uint8_t> all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<uint8_t>(c));
  return all;
}

}  // namespace

TEST("G.711 reference ends where the Recommendation does") {
  CHECK_EQ(Mulaw().x[128], 8159.0);
  CHECK_EQ(Alaw().x[128], 4096.0);
}

TEST("EncodeMulaw follows the decision values for all 65536 samples") {
  const Law law = Mulaw();
  const std::vector<int16_t> samples = AllSamples();
  std::vector<uint8_t> codes(samples.size());
  EncodeMulaw(samples, codes);
  int wrong = 0, wrong_single = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    const uint8_t expected = MulawReference(law, samples[i]);
    wrong += codes[i] != expected;
    wrong_single += MulawCode(samples[i]) != expected;
  }
  CHECK_EQ(wrong, 0);
  CHECK_EQ(wrong_single, 0);
}

TEST("EncodeAlaw follows the decision values for all 65536 samples") {
  const Law law = Alaw();
  const std::vector<int16_t> samples = AllSamples();
  std::vector<uint8_t> codes(samples.size());
  EncodeAlaw(samples, codes);
  int wrong = 0, wrong_single = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    const uint8_t expected = AlawReference(law, samples[i]);
    wrong += codes[i] != expected;
    wrong_single += AlawCode(samples[i]) != expected;
  }
  CHECK_EQ(wrong, 0);
  CHECK_EQ(wrong_single, 0);
}

TEST("DecodeMulaw gives the middle of each interval, and 0 for the first") {
  const Law law = Mulaw();
  const std::vector<uint8_t> codes = AllCodes();
  std::vector<int16_t> values(256);
  DecodeMulaw(codes, values);
  for (unsigned code = 0; code < 256; ++code) {
    const unsigned interval = 127 - (code & 0x7F);
    const double middle = interval == 0 ? 0 : Middle(law, interval);
    CHECK_EQ(static_cast<double>(values[code]), (code & 0x80) != 0 ? middle : -middle);
    CHECK_EQ(MulawValue(static_cast<uint8_t>(code)), values[code]);
  }
}

TEST("DecodeAlaw gives the middle of each interval") {
  const Law law = Alaw();
  const std::vector<uint8_t> codes = AllCodes();
  std::vector<int16_t> values(256);
  DecodeAlaw(codes, values);
  for (unsigned code = 0; code < 256; ++code) {
    const double middle = Middle(law, (code ^ 0x55) & 0x7F);
    CHECK_EQ(static_cast<double>(values[code]), (code & 0x80) != 0 ? middle : -middle);
    CHECK_EQ(AlawValue(static_cast<uint8_t>(code)), values[code]);
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
