// OggOpusEncoder: what it makes of any samples reads back exactly as long, in place, and whole to the end,
// wherever the samples were cut.
#include "core/ogg_opus_encoder.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>
#include <string>
#include <vector>

#include "check.h"
#include "core/ogg_opus_decoder.h"
#include "core/opus_head.h"

namespace sluice {
namespace {

using Bytes = std::vector<uint8_t>;

OggOpusEncoderOptions Options(uint32_t rate_hz, uint32_t channels = 1, uint32_t frame_us = 20'000) {
  OggOpusEncoderOptions options;
  options.opus.sample_rate_hz = rate_hz;
  options.opus.channels = channels;
  options.opus.frame_us = frame_us;
  options.opus.application = OpusApplication::kAudio;
  options.opus.complexity = 0;
  options.vendor = "test";
  options.serial = 7;
  return options;
}

// Channel c carries a sine of hz + 100 c.
template <class Sample>
std::vector<Sample> Tones(size_t frames, uint32_t channels, uint32_t rate_hz, double hz = 400) {
  std::vector<Sample> samples(frames * channels);
  for (size_t i = 0; i < samples.size(); ++i) {
    const double tone_hz = hz + 100.0 * static_cast<double>(i % channels);
    const double x =
        0.3 * std::sin(2 * std::numbers::pi * tone_hz * static_cast<double>(i / channels) / rate_hz);
    samples[i] = static_cast<Sample>(std::is_same_v<Sample, float> ? x : std::round(x * 32768));
  }
  return samples;
}

// Room to the byte, so that a promise broken is an error.
template <class Write>
void Append(Bytes& file, size_t most_bytes, Write write) {
  Bytes room(most_bytes);
  const auto written = write(std::span(room));
  REQUIRE(written.ok());
  file.insert(file.end(), room.begin(), room.begin() + static_cast<ptrdiff_t>(written.value()));
}

template <class Sample>
void Process(OggOpusEncoder<Sample>& encoder, std::span<const Sample> samples, Bytes& file) {
  Append(file, encoder.MaxOutputBytes(samples.size() / encoder.channels()),
         [&](auto out) { return encoder.Process(samples, out); });
}
template <class Sample>
void Flush(OggOpusEncoder<Sample>& encoder, Bytes& file) {
  Append(file, encoder.MaxFlushBytes(), [&](auto out) { return encoder.Flush(out); });
}

// In pieces of so many frames.
template <class Sample>
Bytes Encode(const OggOpusEncoderOptions& options, std::span<const Sample> samples, size_t piece) {
  auto encoder = OggOpusEncoder<Sample>::Create(options);
  Bytes file;
  CHECK(encoder.ok());
  if (!encoder.ok()) return file;
  while (!samples.empty()) {
    const auto chunk = samples.first(std::min(samples.size(), piece * options.opus.channels));
    samples = samples.subspan(chunk.size());
    Process(encoder.value(), chunk, file);
  }
  Flush(encoder.value(), file);
  return file;
}
template <class Sample>
Bytes Encode(const OggOpusEncoderOptions& options, const std::vector<Sample>& samples,
             size_t piece = SIZE_MAX / 8) {
  return Encode(options, std::span<const Sample>(samples), piece);
}

// Checks what every file must be; gives its samples.
std::vector<float> Decode(const Bytes& file, size_t links = 1) {
  OggOpusDecoder<float> decoder;
  std::vector<float> all;
  std::span<const uint8_t> input = file;
  const auto keep = [&](auto next) {
    for (;;) {
      const auto samples = next();
      CHECK(samples.ok());
      if (!samples.ok() || samples.value().empty()) return;
      all.insert(all.end(), samples.value().begin(), samples.value().end());
    }
  };
  keep([&] { return decoder.Next(input); });
  keep([&] { return decoder.Finish(); });
  CHECK_EQ(decoder.reader().links().size(), links);
  const uint32_t no_audio = 1U << static_cast<unsigned>(OggWarning::kNoAudio);
  CHECK_EQ(decoder.reader().warnings(), all.empty() ? no_audio : 0);
  return all;
}

size_t FramesAt48k(size_t frames, uint32_t rate_hz) { return (frames * 48'000 + rate_hz - 1) / rate_hz; }

// How far `got` is from the sine of Tones' channel c, in dB below the sine, over some frames.
double SnrDb(std::span<const float> got, size_t channels, size_t channel, size_t from, size_t to,
             double hz = 400) {
  double signal = 0;
  double noise = 0;
  for (size_t n = from; n < to; ++n) {
    const double want = 0.3 * std::sin(2 * std::numbers::pi * (hz + 100.0 * static_cast<double>(channel)) *
                                       static_cast<double>(n) / 48'000);
    const double error = want - got[n * channels + channel];
    signal += want * want;
    noise += error * error;
  }
  return 10 * std::log10(signal / noise);
}

constexpr uint32_t kRatesHz[] = {1'000,  7'999,  8'000,  8'001,  11'025, 12'000, 16'000, 22'050,
                                 24'000, 32'000, 44'100, 47'999, 48'000, 88'200, 96'000, 192'000};

TEST("OggOpusEncoder gives exactly ceil(n * 48000 / rate) frames for every rate and number") {
  for (const uint32_t rate_hz : kRatesHz) {
    for (const size_t frames : {size_t{1}, size_t{2}, size_t{7}, size_t{319}, size_t{320}, size_t{321},
                                size_t{rate_hz / 50}, size_t{rate_hz / 50 * 3 - 1}, size_t{rate_hz / 7}}) {
      const auto got = Decode(Encode(Options(rate_hz), Tones<int16_t>(frames, 1, rate_hz)));
      CHECK_EQ(got.size(), FramesAt48k(frames, rate_hz));
    }
  }
}

TEST("OggOpusEncoder gives exactly as many frames for packets of every length, on pages of every length") {
  for (const uint32_t frame_us :
       {2'500U, 5'000U, 10'000U, 20'000U, 40'000U, 60'000U, 80'000U, 100'000U, 120'000U}) {
    for (const uint32_t page_us : {0U, 20'000U, 1'000'000U, kMaxOggPageUs}) {
      OggOpusEncoderOptions options = Options(16'000, 1, frame_us);
      options.page_us = page_us;
      const size_t packet = 16 * frame_us / 1000;
      // The lookahead is 104: a packet that the end just fits into, one that it does not, and many.
      for (const size_t frames : {size_t{1}, packet, packet * 3 - 104, packet * 3 - 103, size_t{10'001}}) {
        const auto got = Decode(Encode(options, Tones<float>(frames, 1, 16'000)));
        CHECK_EQ(got.size(), frames * 3);
      }
    }
  }
}

TEST("OggOpusEncoder makes a stream of 0 samples of none") {
  for (const uint32_t channels : {1U, 2U, 8U}) {
    CHECK(Decode(Encode(Options(44'100, channels), std::vector<float>())).empty());
  }
}

template <class Sample>
void CheckInvariance(const OggOpusEncoderOptions& options) {
  const uint32_t rate_hz = options.opus.sample_rate_hz;
  for (const size_t piece : {size_t{1}, size_t{7}, size_t{160}, size_t{961}, size_t{5000}}) {
    const size_t frames = std::min<size_t>(rate_hz / 3, piece * 2500);  // each call brings room of 130 kB
    const auto samples = Tones<Sample>(frames, options.opus.channels, rate_hz);
    CHECK(Encode(options, samples, piece) == Encode(options, samples));
  }
}

// Only the resampler's kernels have a part in it, and resampler_test.cpp cuts their input on every level.
TEST_ONCE("OggOpusEncoder output does not depend on where the samples were cut") {
  for (const uint32_t rate_hz : {8'000U, 11'025U, 44'100U, 48'000U}) {
    for (const uint32_t channels : {1U, 2U, 6U}) {
      OggOpusEncoderOptions options = Options(rate_hz, channels);
      options.page_us = 40'000;
      CheckInvariance<int16_t>(options);
      CheckInvariance<float>(options);
    }
  }
}

TEST("OggOpusEncoder keeps the sound, in place and whole to its last sample") {
  for (const uint32_t rate_hz : {8'000U, 16'000U, 22'050U, 44'100U, 48'000U, 96'000U}) {
    OggOpusEncoderOptions options = Options(rate_hz, 2);
    options.opus.bitrate = 128'000;
    options.opus.complexity = 9;
    const auto check = [&](const Bytes& file) {
      const auto got = Decode(file);
      REQUIRE(got.size() == 2 * 48'000);
      for (size_t c = 0; c < 2; ++c) {
        // 48 samples late and the sine would be 90 degrees and 3 dB off.
        CHECK_LE(25.0, SnrDb(got, 2, c, 4'800, 48'000));
        CHECK_LE(12.0, SnrDb(got, 2, c, 47'760, 48'000));  // the last 5 ms
      }
    };
    check(Encode(options, Tones<int16_t>(rate_hz, 2, rate_hz)));
    check(Encode(options, Tones<float>(rate_hz, 2, rate_hz)));
  }
}

TEST("OggOpusEncoder takes channels in the order of WAV files") {
  for (uint32_t channels = 1; channels <= 8; ++channels) {
    OggOpusEncoderOptions options = Options(48'000, channels);
    options.opus.bitrate = 96'000 * channels;
    const auto got = Decode(Encode(options, Tones<float>(24'000, channels, 48'000)));
    REQUIRE(got.size() == size_t{24'000} * channels);
    const auto order = VorbisChannelsInWavOrder(channels);
    for (size_t c = 0; c < channels; ++c) {
      const bool lfe = channels >= 6 && order[c] == channels - 1U;
      if (!lfe) CHECK_LE(12.0, SnrDb(got, channels, c, 4'800, 19'200));  // the LFE keeps its lows alone
    }
  }
}

// The table itself, against RFC 7845 5.1.1.2 and WAVEFORMATEXTENSIBLE: FL FR FC LFE BL BR (BC) SL SR.
TEST("VorbisChannelsInWavOrder names each channel once") {
  for (size_t channels = 1; channels <= 8; ++channels) {
    const auto order = VorbisChannelsInWavOrder(channels);
    std::vector<uint8_t> sorted(order.begin(), order.end());
    std::ranges::sort(sorted);
    for (size_t c = 0; c < channels; ++c) CHECK_EQ(size_t{sorted[c]}, c);
  }
}

TEST("OggOpusEncoder lays out the streams as the codec does") {
  for (uint32_t channels = 1; channels <= 8; ++channels) {
    const auto head = OpusHeadFor(channels);
    const auto codec = OpusEncoder::Create({.channels = channels});
    REQUIRE(head.ok() && codec.ok());
    const OpusLayout& layout = codec.value().layout();
    CHECK(head.value().streams == layout.streams && head.value().coupled == layout.coupled);
    CHECK(
        std::equal(layout.mapping.begin(), layout.mapping.begin() + channels, head.value().mapping.begin()));
  }
}

TEST("OggOpusEncoder writes its options into the headers") {
  OggOpusEncoderOptions options = Options(22'050, 2);
  options.comments = {"TITLE=Call 17", "ARTIST=Ada"};
  options.serial = 0xFFFFFFFF;
  for (const auto application :
       {OpusApplication::kVoip, OpusApplication::kAudio, OpusApplication::kLowDelay}) {
    options.opus.application = application;
    const Bytes file = Encode(options, Tones<int16_t>(3000, 2, 22'050));
    OggOpusReader reader;
    std::span<const uint8_t> input = file;
    REQUIRE(reader.Next(input).ok());
    const OggOpusLink& link = reader.link();
    CHECK(link.tags.comments == options.comments && link.tags.vendor == "test");
    CHECK_EQ(link.serial, 0xFFFFFFFFU);
    CHECK_EQ(link.input_rate_hz, 22'050U);
    CHECK_EQ(link.preskip, application == OpusApplication::kLowDelay ? 120 : 312);
  }
}

TEST("OggOpusEncoder begins another link after Flush, and flushes nothing twice") {
  const OggOpusEncoderOptions options = Options(24'000);
  auto encoder = OggOpusEncoder<int16_t>::Create(options);
  REQUIRE(encoder.ok());
  const auto samples = Tones<int16_t>(5000, 1, 24'000);
  Bytes file;
  for (int link = 0; link < 2; ++link) {
    Process<int16_t>(encoder.value(), samples, file);
    Flush(encoder.value(), file);
    const size_t bytes = file.size();
    Process<int16_t>(encoder.value(), {}, file);
    Flush(encoder.value(), file);
    CHECK_EQ(file.size(), bytes);
  }
  const auto got = Decode(file, 2);
  REQUIRE(got.size() == 20'000);
  CHECK(std::equal(got.begin(), got.begin() + 10'000, got.begin() + 10'000));  // the codec began anew
}

TEST("OggOpusEncoder is as new after Reset") {
  const OggOpusEncoderOptions options = Options(44'100, 2);
  const auto samples = Tones<float>(30'000, 2, 44'100);
  const Bytes whole = Encode(options, samples);
  auto encoder = OggOpusEncoder<float>::Create(options);
  REQUIRE(encoder.ok());
  const auto other = Tones<float>(70'001, 2, 44'100, 1'000);
  for (const bool flush : {false, true}) {
    Bytes file;
    Process<float>(encoder.value(), other, file);
    if (flush) Flush(encoder.value(), file);
    encoder.value().Reset();
    file.clear();
    Process<float>(encoder.value(), samples, file);
    Flush(encoder.value(), file);
    CHECK(file == whole);
    encoder.value().Reset();
  }
  // Less than a packet: what was in it before must not come again.
  Bytes file;
  Process<float>(encoder.value(), other, file);
  encoder.value().Reset();
  file.clear();
  const auto few = std::span(samples).first(200);
  Process<float>(encoder.value(), few, file);
  Flush(encoder.value(), file);
  CHECK(file == Encode(options, few, 100));
}

// RFC 6716 3.1: which bandwidth a TOC's configuration has, 0 (narrow) to 4 (full).
int Bandwidth(uint8_t toc) {
  const int config = toc >> 3;
  if (config < 12) return config / 4;
  if (config < 16) return 3 + (config - 12) / 2;
  return config < 20 ? 0 : (config - 12) / 4;
}

TEST("OggOpusEncoder encodes at the next rate that Opus takes") {
  const auto bandwidth = [](uint32_t rate_hz) {
    OggOpusEncoderOptions options = Options(rate_hz);
    options.opus.bitrate = 128'000;  // no reason to leave any out
    const Bytes file = Encode(options, Tones<int16_t>(rate_hz / 2, 1, rate_hz));
    OggOpusReader reader;
    std::span<const uint8_t> input = file;
    int most = -1;
    for (auto event = reader.Next(input); event.ok() && event.value() != OggOpusReader::Event::kNone;
         event = reader.Next(input)) {
      if (event.value() == OggOpusReader::Event::kPacket)
        most = std::max(most, Bandwidth(reader.packet().bytes[0]));
    }
    return most;
  };
  CHECK_EQ(bandwidth(7'999), 0);
  CHECK_EQ(bandwidth(8'000), 0);
  CHECK_LE(1, bandwidth(8'001));
  CHECK_LE(1, bandwidth(12'000));
  CHECK_EQ(bandwidth(12'001), 2);
  CHECK_EQ(bandwidth(16'000), 2);
  CHECK_EQ(bandwidth(16'001), 3);
  CHECK_EQ(bandwidth(24'000), 3);
  CHECK_EQ(bandwidth(24'001), 4);
  CHECK_EQ(bandwidth(192'000), 4);
}

TEST("OggOpusEncoder takes any floats and puts up with what is none") {
  auto samples = Tones<float>(30'000, 1, 44'100);
  for (const float bad : {std::nanf(""), INFINITY, -INFINITY, 1e38F, -1e38F}) {
    auto spoilt = samples;
    spoilt[1000] = bad;
    const auto got = Decode(Encode(Options(44'100), spoilt));
    REQUIRE(got.size() == FramesAt48k(30'000, 44'100));
    CHECK_LE(12.0, SnrDb(got, 1, 0, 9'600, 28'800));  // it is over soon
  }
}

TEST("OggOpusEncoder refuses what it cannot do, and takes nothing then") {
  const auto code = [](auto change) {
    OggOpusEncoderOptions options = Options(48'000);
    change(options);
    const auto made = OggOpusEncoder<int16_t>::Create(options);
    CHECK(!made.ok());
    return made.ok() ? ErrorCode::kTooLarge : made.error().code;
  };
  CHECK(code([](auto& o) { o.opus.sample_rate_hz = 999; }) == ErrorCode::kInvalidRate);
  CHECK(code([](auto& o) { o.opus.sample_rate_hz = 192'001; }) == ErrorCode::kInvalidRate);
  CHECK(code([](auto& o) { o.opus.sample_rate_hz = 0; }) == ErrorCode::kInvalidRate);
  CHECK(code([](auto& o) { o.opus.channels = 0; }) == ErrorCode::kInvalidChannels);
  CHECK(code([](auto& o) { o.opus.channels = 9; }) == ErrorCode::kInvalidChannels);
  CHECK(code([](auto& o) { o.opus.frame_us = 15'000; }) == ErrorCode::kInvalidOption);
  CHECK(code([](auto& o) { o.opus.bitrate = 499; }) == ErrorCode::kInvalidOption);
  CHECK(code([](auto& o) { o.page_us = kMaxOggPageUs + 1; }) == ErrorCode::kInvalidOption);
  CHECK(code([](auto& o) { o.comments = {"no name"}; }) == ErrorCode::kInvalidOption);

  const OggOpusEncoderOptions options = Options(44'100, 2);
  const auto samples = Tones<int16_t>(4'000, 2, 44'100);
  auto encoder = OggOpusEncoder<int16_t>::Create(options);
  REQUIRE(encoder.ok());
  Bytes room(encoder.value().MaxOutputBytes(4'000) - 1);
  const auto small = encoder.value().Process(samples, room);
  CHECK(!small.ok() && small.error().code == ErrorCode::kOutputTooSmall);
  room.resize(room.size() + 1);
  const auto odd = encoder.value().Process(std::span(samples).first(101), room);
  CHECK(!odd.ok() && odd.error().code == ErrorCode::kInvalidLength);
  Bytes file;
  Process<int16_t>(encoder.value(), samples, file);
  room.resize(encoder.value().MaxFlushBytes() - 1);
  const auto flush = encoder.value().Flush(room);
  CHECK(!flush.ok() && flush.error().code == ErrorCode::kOutputTooSmall);
  Flush(encoder.value(), file);
  CHECK(file == Encode(options, samples));
}

// The largest packets there are, one a page and as many as a page holds, all of it in one call or frame by
// frame.
TEST("OggOpusEncoder promises enough room at any moment, and no promise wraps around") {
  for (const uint32_t channels : {1U, 8U}) {
    for (const uint32_t page_us : {0U, kMaxOggPageUs}) {
      for (const uint32_t frame_us : {2'500U, 20'000U, 120'000U}) {
        OggOpusEncoderOptions options = Options(48'000, channels, frame_us);
        options.opus.bitrate = kOpusBitrateMax;
        options.opus.bitrate_mode = OpusBitrateMode::kCbr;
        options.page_us = page_us;
        options.comments = {"A=" + std::string(70'000, 'x')};
        const auto samples = Tones<int16_t>(24'000, channels, 48'000);
        const auto got = Decode(Encode(options, samples));
        CHECK_EQ(got.size(), samples.size());
        CHECK(Encode(options, samples, 119) == Encode(options, samples));
      }
    }
  }
  for (const uint32_t rate_hz : kRatesHz) {
    const auto encoder = OggOpusEncoder<float>::Create(Options(rate_hz));
    REQUIRE(encoder.ok());
    CHECK(encoder.value().MaxOutputBytes(SIZE_MAX) > encoder.value().MaxOutputBytes(size_t{1} << 40));
    CHECK(encoder.value().MaxOutputBytes(size_t{1} << 40) > encoder.value().MaxOutputBytes(1));
  }
}

}  // namespace
}  // namespace sluice
