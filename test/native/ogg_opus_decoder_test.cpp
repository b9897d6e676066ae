// OggOpusDecoder: sound that our own encoder and writer put into a file comes
// back, whole and in place.
#include "core/ogg_opus_decoder.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <optional>
#include <span>
#include <vector>

#include "check.h"
#include "core/ogg_opus_writer.h"

namespace sluice {
namespace {

using Bytes = std::vector<uint8_t>;

// Channel c carries a sine of 300 (c + 1) Hz.
double ToneHz(size_t channel) { return 300.0 * static_cast<double>(channel + 1); }

std::vector<float> Tones(size_t frames, size_t channels) {
  std::vector<float> samples(frames * channels);
  for (size_t i = 0; i < samples.size(); ++i) {
    const double seconds = static_cast<double>(i / channels) / kOpusRateHz;
    samples[i] = static_cast<float>(0.25 * std::sin(2 * std::numbers::pi * ToneHz(i % channels) * seconds));
  }
  return samples;
}

// A file of `frames` frames of Tones; 1.28 s a second of margin for the decoder
// to settle is the test's concern.
Bytes File(size_t frames, uint32_t channels, int16_t gain_q8 = 0, uint32_t serial = 1) {
  OpusEncoderOptions options;
  options.channels = channels;
  options.application = OpusApplication::kAudio;
  options.bitrate = 128'000 * channels;
  auto encoder = OpusEncoder::Create(options);
  auto head = OpusHeadFor(channels);
  CHECK(encoder.ok() && head.ok());
  head.value().preskip = static_cast<uint16_t>(encoder.value().LookaheadFrames());
  head.value().gain_q8 = gain_q8;
  auto writer =
      OggOpusWriter::Create({.head = head.value(), .vendor = "test", .comments = {}, .serial = serial});
  CHECK(writer.ok());

  auto samples = Tones(frames, channels);
  const size_t frame = encoder.value().FrameSamples();
  const size_t wanted = (frames + head.value().preskip) * channels;
  samples.resize((wanted + frame - 1) / frame * frame);  // silence pushes out the end
  Bytes packet(encoder.value().MaxPacketBytes());
  Bytes file;
  const auto grow = [&](size_t packet_bytes, auto write) {
    const size_t before = file.size();
    file.resize(before + writer.value().MaxOutputBytes(packet_bytes));
    const auto written = write(std::span(file).subspan(before));
    CHECK(written.ok());
    file.resize(before + written.value());
  };
  for (size_t at = 0; at < samples.size(); at += frame) {
    const auto bytes = encoder.value().Encode(std::span<const float>(samples).subspan(at, frame), packet);
    CHECK(bytes.ok());
    const auto coded = std::span<const uint8_t>(packet).first(bytes.value());
    grow(coded.size(), [&](auto out) { return writer.value().WritePacket(coded, out); });
  }
  grow(0, [&](auto out) { return writer.value().Finish(frames, out); });
  return file;
}

template <class Sample>
struct Decoded {
  std::vector<Sample> samples;
  std::optional<Error> error;
};

// In pieces of so many bytes.
template <class Sample>
Decoded<Sample> Decode(std::span<const uint8_t> file, size_t piece,
                       const OggOpusDecoderOptions& options = {}) {
  OggOpusDecoder<Sample> decoder(options);
  Decoded<Sample> decoded;
  const auto keep = [&](auto next) {
    for (;;) {
      const auto samples = next();
      if (!samples.ok()) decoded.error = samples.error();
      if (!samples.ok() || samples.value().empty()) return;
      decoded.samples.insert(decoded.samples.end(), samples.value().begin(), samples.value().end());
    }
  };
  while (!file.empty() && !decoded.error) {
    auto input = file.first(std::min(piece, file.size()));
    file = file.subspan(input.size());
    keep([&] { return decoder.Next(input); });
  }
  if (!decoded.error) keep([&] { return decoder.Finish(); });
  return decoded;
}

// How much of one channel's sine of so many Hz there is in the middle of the
// sound, and its signal-to-noise ratio where it is the only one.
double Amplitude(const std::vector<float>& samples, size_t channels, size_t channel, double hz) {
  double sine = 0;
  double cosine = 0;
  const size_t from = kOpusRateHz / 5;
  const size_t count = kOpusRateHz / 2;  // whole periods of every tone
  for (size_t n = from; n < from + count; ++n) {
    const double angle = 2 * std::numbers::pi * hz * static_cast<double>(n) / kOpusRateHz;
    sine += samples[n * channels + channel] * std::sin(angle);
    cosine += samples[n * channels + channel] * std::cos(angle);
  }
  return std::hypot(sine, cosine) * 2 / static_cast<double>(count);
}

TEST_ONCE("OggOpusDecoder gives exactly the frames that went in, where they were") {
  for (const uint32_t channels : {1U, 2U}) {
    for (const size_t frames : {size_t{1}, size_t{960}, size_t{961}, size_t{48'000}, size_t{47'999}}) {
      const auto decoded = Decode<float>(File(frames, channels), 4096);
      CHECK(!decoded.error);
      CHECK_EQ(decoded.samples.size(), frames * channels);
    }
    const size_t frames = kOpusRateHz;
    const auto want = Tones(frames, channels);
    const auto got = Decode<float>(File(frames, channels), 4096).samples;
    REQUIRE(got.size() == want.size());
    double signal = 0;
    double noise = 0;
    for (size_t i = want.size() / 4; i < want.size() * 3 / 4; ++i) {
      signal += want[i] * want[i];
      noise += (want[i] - got[i]) * (want[i] - got[i]);
    }
    CHECK_LE(20.0,
             10 * std::log10(signal / noise));  // one frame of delay would leave less than 0 dB
  }
}

TEST_ONCE("OggOpusDecoder output does not depend on where the input was cut") {
  const Bytes file = File(30'000, 2);
  const auto whole = Decode<int16_t>(file, file.size());
  CHECK_EQ(whole.samples.size(), size_t{60'000});
  for (const size_t piece : {size_t{1}, size_t{7}, size_t{1000}}) {
    const auto pieces = Decode<int16_t>(file, piece);
    CHECK(!pieces.error);
    CHECK(pieces.samples == whole.samples);
  }
}

TEST_ONCE("OggOpusDecoder decodes at any rate of Opus, each frame in its place") {
  for (const uint32_t rate_hz : {8'000U, 12'000U, 16'000U, 24'000U}) {
    const size_t ratio = kOpusRateHz / rate_hz;
    for (const size_t frames : {size_t{1}, size_t{961}, size_t{30'000}, size_t{47'999}}) {
      const auto decoded = Decode<int16_t>(File(frames, 1), 4096, {.rate_hz = rate_hz});
      CHECK_EQ(decoded.samples.size(), (frames + ratio - 1) / ratio);
    }
    const Bytes file = File(kOpusRateHz, 1);
    const auto full = Decode<float>(file, 4096).samples;
    const auto got = Decode<float>(file, 7, {.rate_hz = rate_hz}).samples;
    REQUIRE(got.size() == rate_hz);
    double signal = 0;
    double noise = 0;
    for (size_t i = rate_hz / 4; i < rate_hz * 3 / 4; ++i) {
      signal += full[i * ratio] * full[i * ratio];
      noise += (full[i * ratio] - got[i]) * (full[i * ratio] - got[i]);
    }
    CHECK_LE(30.0, 10 * std::log10(signal / noise));  // a frame off at 24 kHz leaves 28 dB
    // A part begins and ends where the frames at 48 kHz do.
    const auto part = Decode<float>(file, 4096, {.rate_hz = rate_hz, .begin = 4'801, .end = 9'601}).samples;
    const size_t first = (4'801 + ratio - 1) / ratio;
    REQUIRE(part.size() == (9'601 + ratio - 1) / ratio - first);
    CHECK(std::equal(part.begin(), part.end(), got.begin() + static_cast<ptrdiff_t>(first)));
  }
}

TEST_ONCE("OggOpusDecoder applies the output gain") {
  const double plain = Amplitude(Decode<float>(File(kOpusRateHz, 1), 4096).samples, 1, 0, ToneHz(0));
  const double louder =
      Amplitude(Decode<float>(File(kOpusRateHz, 1, 6 * 256), 4096).samples, 1, 0, ToneHz(0));
  CHECK_LE(std::abs(20 * std::log10(louder / plain) - 6), 0.01);
}

// RFC 7845 5.1.1.2 and the order of WAV's channel mask (front left, right,
// centre, LFE, back or side ...).
TEST_ONCE("OggOpusDecoder puts surround channels into the order of WAV files") {
  const std::vector<std::vector<size_t>> vorbis_at_wav = {
      {0, 2, 1},          {0, 1, 2, 3},          {0, 2, 1, 3, 4},
      {0, 2, 1, 5, 3, 4}, {0, 2, 1, 6, 5, 3, 4}, {0, 2, 1, 7, 5, 6, 3, 4}};
  for (uint32_t channels = 3; channels <= 8; ++channels) {
    const auto samples = Decode<float>(File(kOpusRateHz, channels), 4096).samples;
    REQUIRE(samples.size() == kOpusRateHz * channels);
    for (size_t c = 0; c < channels; ++c) {
      const size_t stored = vorbis_at_wav[channels - 3][c];
      // The LFE has a narrow band of its own, which these tones partly exceed:
      // it is the one left over.
      if (channels >= 6 && stored == channels - 1) continue;
      CHECK_LE(0.2, Amplitude(samples, channels, c, ToneHz(stored)));
    }
  }
}

TEST_ONCE("OggOpusDecoder mixes each link of a chain to the channels of the first") {
  Bytes file = File(10'000, 1);
  const Bytes stereo = File(5000, 2, 0, 2);
  file.insert(file.end(), stereo.begin(), stereo.end());
  const auto decoded = Decode<int16_t>(file, 999);
  CHECK(!decoded.error);
  CHECK_EQ(decoded.samples.size(), size_t{10'000 + 5000});
}

TEST_ONCE("OggOpusDecoder gives the part that is wanted, to the frame, also across links") {
  Bytes file = File(30'000, 2);
  const Bytes mono = File(20'000, 1, 0, 2);
  file.insert(file.end(), mono.begin(), mono.end());
  const size_t channels = 2;
  const auto whole = Decode<float>(file, 999).samples;
  REQUIRE(whole.size() == 50'000 * channels);
  constexpr uint64_t kEnd = std::numeric_limits<uint64_t>::max();
  for (const uint64_t begin :
       {0u, 1u, 9600u, 10'000u, 29'999u, 30'000u, 30'001u, 39'600u, 45'000u, 49'999u, 50'000u}) {
    for (const uint64_t end : {begin, begin + 1, begin + 5000, kEnd}) {
      const auto part = Decode<float>(file, 999, {.begin = begin, .end = end});
      CHECK(!part.error);
      const uint64_t wanted_end = std::min<uint64_t>(end, 50'000);
      REQUIRE(part.samples.size() == (wanted_end - begin) * channels);
      if (end != begin + 5000 || wanted_end != end) continue;
      // The decoder has all but converged: closer to the whole at its place than one frame beside it.
      const auto error_at = [&](size_t at) {
        double error = 0;
        for (size_t i = 0; i < part.samples.size(); ++i)
          error += std::pow(part.samples[i] - whole[at * channels + i], 2);
        return error;
      };
      const auto at = static_cast<size_t>(begin);
      if (at > 0) CHECK_LE(error_at(at), error_at(at - 1) / 2);
      if (at + 5000 < 50'000) CHECK_LE(error_at(at), error_at(at + 1) / 2);
    }
  }
}

TEST_ONCE("OggOpusDecoder decodes from the start of a link where the preroll would begin before it") {
  const Bytes file = File(10'000, 1);
  const auto whole = Decode<int16_t>(file, 4096).samples;
  const auto part = Decode<int16_t>(file, 4096, {.begin = kOpusPrerollSamples}).samples;
  CHECK(std::equal(part.begin(), part.end(), whole.begin() + kOpusPrerollSamples, whole.end()));
}

TEST_ONCE("OggOpusDecoder counts what it does not decode") {
  const Bytes file = File(50'000, 1);
  OggOpusDecoder<int16_t> decoder({.begin = 40'000, .end = 41'000});
  size_t frames = 0;
  std::span<const uint8_t> input = file;
  const auto count = [&](auto next) {
    for (auto samples = next(); samples.ok() && !samples.value().empty(); samples = next())
      frames += samples.value().size();
  };
  count([&] { return decoder.Next(input); });
  count([&] { return decoder.Finish(); });
  CHECK_EQ(frames, size_t{1000});
  CHECK_EQ(decoder.reader().samples(), uint64_t{50'000});
}

TEST_ONCE("OggOpusDecoder reports an error again until Reset") {
  OggOpusDecoder<float> decoder;
  const Bytes junk(100, 7);
  std::span<const uint8_t> input = junk;
  CHECK(decoder.Next(input).ok());
  for (int i = 0; i < 2; ++i) {
    const auto end = decoder.Finish();
    REQUIRE(!end.ok());
    CHECK(end.error().code == ErrorCode::kOggNotOgg);
  }
  decoder.Reset();
  const Bytes file = File(960, 1);
  input = file;
  const auto first = decoder.Next(input);
  CHECK(first.ok());
}

TEST_ONCE("OggOpusDecoder opens no decoder for a link of which no packet is wanted") {
  OggOpusDecoder<int16_t> decoder({.begin = 30'000 + kOpusPrerollSamples + 10'000});
  Bytes file = File(30'000, 2);
  const size_t before = decoder.StateBytes();
  std::span<const uint8_t> input(file);
  CHECK(decoder.Next(input).value().empty());
  CHECK_EQ(decoder.channels(), 2u);
  CHECK_LE(decoder.StateBytes(), before + 1000);  // the link; a decoder takes 18 kB or more
}

}  // namespace
}  // namespace sluice
