// The Opus codec by what comes out of it: delay, distances to the input, exact counts, losses, and what it
// refuses. Not here: libopus's own quality, which its test vectors prove.
#include "core/opus_codec.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numbers>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "check.h"

namespace {

using sluice::ErrorCode;
using sluice::OpusApplication;
using sluice::OpusBitrateMode;
using sluice::OpusDecoder;
using sluice::OpusDecoderOptions;
using sluice::OpusEncoder;
using sluice::OpusEncoderOptions;
using sluice::OpusLayout;
using sluice::OpusSignal;

using Packet = std::vector<uint8_t>;

constexpr std::array<uint32_t, 5> kRates = {8000, 12000, 16000, 24000, 48000};
constexpr std::array<uint32_t, 9> kFramesUs = {2500, 5000, 10000, 20000, 40000, 60000, 80000, 100000, 120000};
constexpr std::array kApplications = {OpusApplication::kVoip, OpusApplication::kAudio,
                                      OpusApplication::kLowDelay};

void Fail(int line, const std::string& what) { check::Fail(__FILE__, line, what); }

template <class Codec, class Options>
Codec Make(const Options& options) {
  auto made = Codec::Create(options);
  if (!made.ok()) {
    Fail(__LINE__, made.error().message);
    std::abort();
  }
  return std::move(made.value());
}
OpusEncoder MakeEncoder(const OpusEncoderOptions& options) { return Make<OpusEncoder>(options); }
OpusDecoder MakeDecoder(uint32_t rate_hz, const OpusLayout& layout = {}, int16_t gain_q8 = 0) {
  return Make<OpusDecoder>(OpusDecoderOptions{rate_hz, layout, gain_q8});
}

// Three tones, in each channel others, and never in step with a frame.
std::vector<float> Tones(uint32_t rate_hz, size_t frames, size_t channels = 1) {
  std::vector<float> samples(frames * channels);
  for (size_t i = 0; i < samples.size(); ++i) {
    const double t = static_cast<double>(i / channels) / rate_hz;
    const double hz = 313.7 + 97.3 * static_cast<double>(i % channels);
    double x = 0;
    for (const double harmonic : {1.0, 2.13, 3.37}) x += std::sin(2 * std::numbers::pi * hz * harmonic * t);
    samples[i] = static_cast<float>(0.15 * x);
  }
  return samples;
}

// Something like speech: harmonics of a gliding pitch under a syllable's envelope, 5 in a second.
std::vector<float> Voice(uint32_t rate_hz, size_t frames) {
  std::vector<float> samples(frames);
  double phase = 0;
  for (size_t i = 0; i < frames; ++i) {
    const double t = static_cast<double>(i) / rate_hz;
    phase += 2 * std::numbers::pi * (130 + 40 * std::sin(2 * std::numbers::pi * 2.3 * t)) / rate_hz;
    double x = 0;
    for (int k = 1; k <= 12; ++k) x += std::sin(k * phase) / k;
    const double envelope = std::sin(std::numbers::pi * 5 * t);
    samples[i] = static_cast<float>(0.2 * envelope * envelope * x);
  }
  return samples;
}

std::vector<int16_t> ToInt16(std::span<const float> samples) {
  std::vector<int16_t> result(samples.size());
  std::ranges::transform(samples, result.begin(),
                         [](float x) { return static_cast<int16_t>(std::lround(x * 32767)); });
  return result;
}

template <class T>
std::vector<Packet> Encode(OpusEncoder& encoder, const std::vector<T>& samples) {
  std::vector<Packet> packets;
  for (size_t i = 0; i + encoder.FrameSamples() <= samples.size(); i += encoder.FrameSamples()) {
    Packet packet(encoder.MaxPacketBytes());
    const auto bytes = encoder.Encode(std::span(samples).subspan(i, encoder.FrameSamples()), packet);
    if (!bytes.ok()) {
      Fail(__LINE__, bytes.error().message);
      return packets;
    }
    packet.resize(bytes.value());
    packets.push_back(packet);
  }
  return packets;
}

template <class T = float>
std::vector<T> Decode(OpusDecoder& decoder, const std::vector<Packet>& packets) {
  std::vector<T> samples;
  std::vector<T> room(decoder.MaxPacketFrames() * decoder.channels());
  for (const Packet& packet : packets) {
    const auto frames = decoder.Decode(packet, room);
    if (!frames.ok()) {
      Fail(__LINE__, frames.error().message);
      return samples;
    }
    samples.insert(samples.end(), room.begin(),
                   room.begin() + static_cast<ptrdiff_t>(frames.value() * decoder.channels()));
  }
  return samples;
}

// Of one channel of `decoded` against that of `input`, `delay` frames earlier, once the codec has settled.
double SnrDb(std::span<const float> input, std::span<const float> decoded, size_t delay, size_t settled,
             size_t channels = 1, size_t channel = 0) {
  double signal = 0;
  double noise = 0;
  for (size_t i = settled; (i + delay) * channels + channel < decoded.size(); ++i) {
    const double wanted = input[i * channels + channel];
    const double error = decoded[(i + delay) * channels + channel] - wanted;
    signal += wanted * wanted;
    noise += error * error;
  }
  return 10 * std::log10(signal / noise);
}

std::string Name(const OpusEncoderOptions& options) {
  return std::to_string(options.sample_rate_hz) + " Hz, " + std::to_string(options.channels) + " channels, " +
         std::to_string(options.frame_us) + " us, application " +
         std::to_string(static_cast<int>(options.application));
}

template <class F>
void ForEachSetting(F body) {
  for (const uint32_t rate_hz : kRates) {
    for (const uint32_t frame_us : kFramesUs) {
      for (const OpusApplication application : kApplications) {
        OpusEncoderOptions options;
        options.sample_rate_hz = rate_hz;
        options.frame_us = frame_us;
        options.application = application;
        body(options);
      }
    }
  }
}

ErrorCode EncoderError(const OpusEncoderOptions& options) {
  const auto made = OpusEncoder::Create(options);
  return made.ok() ? ErrorCode::kTooLarge : made.error().code;  // kTooLarge: none at all
}

// At 96 kb/s a channel. The least measured are 32.0 dB, with many channels 18.5 dB (8 of them in packets
// of 2.5 ms); kVoip's high-pass turns the phase of the lowest tone: 15.0 dB everywhere. A delay wrong by one
// sample at 48 kHz would leave 24 dB, at 8 kHz 8 dB.
constexpr double kMinSnrDb = 30;
constexpr double kMinVoipSnrDb = 14.5;
constexpr double kMinManyChannelsSnrDb = 18;

TEST_ONCE("OpusEncoder and OpusDecoder give back the input, delayed by the lookahead, at every setting") {
  ForEachSetting([](OpusEncoderOptions options) {
    options.bitrate = 96'000;
    OpusEncoder encoder = MakeEncoder(options);
    OpusDecoder decoder = MakeDecoder(options.sample_rate_hz);
    const size_t frames = options.sample_rate_hz * 6 / 5;  // a multiple of each frame length
    const std::vector<float> input = Tones(options.sample_rate_hz, frames);
    const auto packets = Encode(encoder, input);
    CHECK_EQ(packets.size(), size_t{1'200'000} / options.frame_us);
    const auto output = Decode(decoder, packets);
    CHECK_EQ(output.size(), frames);
    const double snr_db = SnrDb(input, output, encoder.LookaheadFrames(), options.sample_rate_hz / 10);
    if (std::getenv("SLUICE_TABLE") != nullptr) std::printf("%s: %.1f dB\n", Name(options).c_str(), snr_db);
    const double min_db = options.application == OpusApplication::kVoip ? kMinVoipSnrDb : kMinSnrDb;
    if (!(snr_db >= min_db)) Fail(__LINE__, Name(options) + ": SNR " + std::to_string(snr_db) + " dB");
  });
}

TEST_ONCE("OpusEncoder and OpusDecoder take int16 as well as float32") {
  for (const uint32_t rate_hz : kRates) {
    OpusEncoderOptions options;
    options.sample_rate_hz = rate_hz;
    options.application = OpusApplication::kAudio;
    options.bitrate = 96'000;
    OpusEncoder encoder = MakeEncoder(options);
    OpusDecoder decoder = MakeDecoder(rate_hz);
    const std::vector<float> input = Tones(rate_hz, rate_hz / 2);
    const auto output = Decode<int16_t>(decoder, Encode(encoder, ToInt16(input)));
    std::vector<float> scaled(output.size());
    std::ranges::transform(output, scaled.begin(), [](int16_t x) { return static_cast<float>(x) / 32767; });
    CHECK(SnrDb(input, scaled, encoder.LookaheadFrames(), rate_hz / 10) >= kMinSnrDb);
  }
}

// SILK does not keep the waveform well enough for a distance, but enough to find where it lies.
TEST_ONCE("OpusEncoder LookaheadFrames is the delay of SILK too, to half a millisecond") {
  for (const uint32_t rate_hz : kRates) {
    OpusEncoderOptions options;
    options.sample_rate_hz = rate_hz;
    options.application = OpusApplication::kAudio;
    options.signal = OpusSignal::kVoice;
    options.bitrate = 20'000;
    OpusEncoder encoder = MakeEncoder(options);
    const auto packets = Encode(encoder, Voice(rate_hz, rate_hz));
    CHECK(std::ranges::all_of(packets, [](const Packet& packet) { return (packet[0] & 0x80) == 0; }));
    OpusDecoder decoder = MakeDecoder(48'000);
    const auto output = Decode(decoder, packets);
    const auto input = Voice(48'000, 48'000);
    const auto likeness = [&](size_t delay) {
      double sum = 0;
      for (size_t i = 0; i + delay < output.size(); ++i)
        sum += static_cast<double>(input[i]) * output[i + delay];
      return sum;
    };
    const size_t lookahead = encoder.LookaheadFrames() * 48'000 / rate_hz;
    size_t best = 0;
    double best_likeness = 0;
    for (size_t delay = lookahead - 120; delay <= lookahead + 120; ++delay) {
      const double found = likeness(delay);
      if (found <= best_likeness) continue;
      best = delay;
      best_likeness = found;
    }
    if (std::getenv("SLUICE_TABLE") != nullptr)
      std::printf("SILK, %u Hz: delay %zu of %zu\n", rate_hz, best, lookahead);
    CHECK(best + 24 >= lookahead && best <= lookahead + 24);
  }
}

TEST_ONCE("OpusEncoder LookaheadFrames is 6.5 ms, or 2.5 ms without SILK") {
  ForEachSetting([](const OpusEncoderOptions& options) {
    const size_t us = options.application == OpusApplication::kLowDelay ? 2'500 : 6'500;
    CHECK_EQ(MakeEncoder(options).LookaheadFrames() * 1'000'000, us * options.sample_rate_hz);
  });
}

TEST_ONCE("OpusDecoder decodes to every rate, whatever the encoder's") {
  for (const uint32_t from_hz : kRates) {
    OpusEncoderOptions options;
    options.sample_rate_hz = from_hz;
    options.application = OpusApplication::kAudio;
    options.bitrate = 96'000;
    OpusEncoder encoder = MakeEncoder(options);
    const auto packets = Encode(encoder, Tones(from_hz, from_hz));
    for (const uint32_t to_hz : kRates) {
      OpusDecoder decoder = MakeDecoder(to_hz);
      CHECK_EQ(decoder.PacketFrames(packets[0]).value(), size_t{to_hz / 50});
      const auto output = Decode(decoder, packets);
      CHECK_EQ(output.size(), size_t{to_hz});
      // only.
      const double snr_db =
          SnrDb(Tones(to_hz, to_hz), output, encoder.LookaheadFrames() * to_hz / from_hz, to_hz / 10);
      if (std::getenv("SLUICE_TABLE") != nullptr)
        std::printf("%u to %u Hz: %.1f dB\n", from_hz, to_hz, snr_db);
      CHECK(snr_db >= kMinSnrDb);
    }
  }
}

TEST_ONCE("OpusEncoder and OpusDecoder keep 1 to 8 channels apart and in order") {
  for (uint32_t channels = 1; channels <= 8; ++channels) {
    for (const uint32_t frame_us : {2'500U, 20'000U, 120'000U}) {
      OpusEncoderOptions options;
      options.channels = channels;
      options.frame_us = frame_us;
      options.bitrate = 96'000 * channels;
      options.application = OpusApplication::kAudio;
      OpusEncoder encoder = MakeEncoder(options);
      OpusDecoder decoder = MakeDecoder(48'000, encoder.layout());
      const auto input = Tones(48'000, 28'800, channels);
      const auto output = Decode(decoder, Encode(encoder, input));
      REQUIRE(output.size() == input.size());
      for (size_t channel = 0; channel < channels; ++channel) {
        // From 6 channels on the last is the low-frequency effects', of which libopus keeps next to nothing
        // here.
        if (channels >= 6 && channel == channels - 1) continue;
        const double snr_db = SnrDb(input, output, encoder.LookaheadFrames(), 9'600, channels, channel);
        if (!(snr_db >= kMinManyChannelsSnrDb)) {
          Fail(__LINE__, Name(options) + ", channel " + std::to_string(channel) + ": SNR " +
                             std::to_string(snr_db) + " dB");
        }
      }
    }
  }
}

TEST_ONCE("OpusEncoder layout is that of mapping family 1") {
  constexpr std::array<std::array<uint8_t, 2>, 8> kStreams = {
      {{1, 0}, {1, 1}, {2, 1}, {2, 2}, {3, 2}, {4, 2}, {4, 3}, {5, 3}}};  // RFC 7845 5.1.1.2
  for (uint32_t channels = 1; channels <= 8; ++channels) {
    OpusEncoderOptions options;
    options.channels = channels;
    const OpusEncoder encoder = MakeEncoder(options);
    CHECK_EQ(encoder.layout().channels, channels);
    CHECK_EQ(encoder.layout().streams, kStreams[channels - 1][0]);
    CHECK_EQ(encoder.layout().coupled, kStreams[channels - 1][1]);
  }
}

TEST_ONCE("OpusDecoder follows any layout: copies, silence, one channel of a stereo stream") {
  OpusEncoderOptions options;
  options.channels = 2;
  options.bitrate = 192'000;
  OpusEncoder encoder = MakeEncoder(options);
  const auto packets = Encode(encoder, Tones(48'000, 48'000, 2));
  OpusDecoder plain = MakeDecoder(48'000, encoder.layout());
  const auto stereo = Decode(plain, packets);
  OpusLayout layout;
  layout.channels = 4;
  layout.coupled = 1;
  layout.mapping = {1, 255, 0, 1};
  OpusDecoder decoder = MakeDecoder(48'000, layout);
  const auto output = Decode(decoder, packets);
  REQUIRE(output.size() == stereo.size() * 2);
  for (size_t i = 0; i < stereo.size() / 2; ++i) {
    const std::array<float, 4> wanted = {stereo[2 * i + 1], 0, stereo[2 * i], stereo[2 * i + 1]};
    REQUIRE(std::equal(wanted.begin(), wanted.end(), output.begin() + static_cast<ptrdiff_t>(4 * i)));
  }
}

TEST_ONCE("OpusDecoder applies the output gain") {
  OpusEncoder encoder = MakeEncoder({});
  const auto packets = Encode(encoder, Tones(48'000, 48'000));
  OpusDecoder plain = MakeDecoder(48'000);
  OpusDecoder quiet = MakeDecoder(48'000, {}, -20 * 256);
  const auto loud_samples = Decode(plain, packets);
  const auto quiet_samples = Decode(quiet, packets);
  for (size_t i = 0; i < loud_samples.size(); ++i)
    REQUIRE(std::abs(quiet_samples[i] - loud_samples[i] / 10) < 1e-4F);
}

TEST_ONCE("OpusEncoder packets have the size that was asked for") {
  const auto input = Voice(48'000, 96'000);
  OpusEncoderOptions options;
  options.bitrate = 24'000;
  options.bitrate_mode = OpusBitrateMode::kCbr;
  options.application = OpusApplication::kLowDelay;  // SILK knows no constrained VBR
  OpusEncoder cbr = MakeEncoder(options);
  for (const Packet& packet : Encode(cbr, input)) CHECK_EQ(packet.size(), size_t{60});
  std::vector<Packet> before;
  for (const OpusBitrateMode mode : {OpusBitrateMode::kVbr, OpusBitrateMode::kConstrainedVbr}) {
    options.bitrate_mode = mode;
    OpusEncoder encoder = MakeEncoder(options);
    const auto packets = Encode(encoder, input);
    size_t bytes = 0;
    for (const Packet& packet : packets) bytes += packet.size();
    if (mode == OpusBitrateMode::kConstrainedVbr)
      CHECK(bytes > 5'000 && bytes < 7'000);  // 6000 is the rate, which kVbr takes for a hint
    CHECK(packets != before);
    before = packets;
  }
  options.bitrate = sluice::kOpusBitrateMax;
  options.bitrate_mode = OpusBitrateMode::kCbr;
  OpusEncoder max = MakeEncoder(options);
  for (const Packet& packet : Encode(max, input)) CHECK_EQ(packet.size(), size_t{1276});
}

TEST_ONCE("OpusEncoder complexity, signal and application change what is encoded") {
  const auto input = Voice(48'000, 48'000);
  const auto with = [&](auto change) {
    OpusEncoderOptions options;
    options.bitrate = 32'000;
    change(options);
    OpusEncoder encoder = MakeEncoder(options);
    return Encode(encoder, input);
  };
  const auto plain = with([](OpusEncoderOptions&) {});
  CHECK(with([](OpusEncoderOptions& o) { o.complexity = 0; }) != plain);
  CHECK(with([](OpusEncoderOptions& o) { o.signal = OpusSignal::kMusic; }) != plain);
  CHECK(with([](OpusEncoderOptions& o) { o.application = OpusApplication::kLowDelay; }) != plain);
  // The top bit of the TOC is CELT alone (RFC 6716 3.1).
  const auto voice = with([](OpusEncoderOptions& o) { o.signal = OpusSignal::kVoice; });
  CHECK((voice[20][0] & 0x80) == 0);
  const auto low_delay = with([](OpusEncoderOptions& o) { o.application = OpusApplication::kLowDelay; });
  CHECK((low_delay[20][0] & 0x80) != 0);
}

TEST_ONCE("OpusEncoder DTX makes silence packets that need not be sent") {
  OpusEncoderOptions options;
  options.sample_rate_hz = 16'000;
  options.signal = OpusSignal::kVoice;
  options.dtx = true;
  OpusEncoder encoder = MakeEncoder(options);
  const auto packets = Encode(encoder, std::vector<int16_t>(32'000));
  const auto small = std::ranges::count_if(packets, [](const Packet& packet) { return packet.size() <= 2; });
  CHECK(small > 80);  // of 100, but for the first and one in 400 ms
  OpusDecoder decoder = MakeDecoder(16'000);
  CHECK_EQ(Decode(decoder, packets).size(), size_t{32'000});
}

TEST_ONCE("OpusEncoder packets fit MaxPacketBytes at any rate, and nothing is written behind") {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> noise(-1, 1);
  for (uint32_t channels = 1; channels <= 8; ++channels) {
    for (const uint32_t frame_us : kFramesUs) {
      for (const uint32_t bitrate : {sluice::kOpusBitrateMax, 500 * channels, sluice::kOpusBitrateAuto}) {
        for (const auto mode : {OpusBitrateMode::kVbr, OpusBitrateMode::kCbr}) {
          OpusEncoderOptions options;
          options.channels = channels;
          options.frame_us = frame_us;
          options.bitrate = bitrate;
          options.bitrate_mode = mode;
          options.complexity = 0;
          OpusEncoder encoder = MakeEncoder(options);
          OpusDecoder decoder = MakeDecoder(8'000, encoder.layout());
          std::vector<float> samples(encoder.FrameSamples());
          std::ranges::generate(samples, [&] { return noise(random); });
          Packet room(encoder.MaxPacketBytes() + 8, 0xA5);
          const auto bytes = encoder.Encode(samples, room);
          if (!bytes.ok()) {
            Fail(__LINE__, Name(options) + ": " + bytes.error().message);
            continue;
          }
          CHECK_LE(bytes.value(), encoder.MaxPacketBytes());
          for (size_t i = encoder.MaxPacketBytes(); i < room.size(); ++i) CHECK_EQ(room[i], 0xA5);
          room.resize(bytes.value());
          const auto frames = decoder.PacketFrames(room);
          REQUIRE(frames.ok());
          CHECK_EQ(frames.value(), size_t{frame_us} * 8 / 1000);
        }
      }
    }
  }
}

// ---- Losses.

struct Lossy {
  std::vector<float> sound;  // nothing lost
  std::vector<Packet> packets;
  static constexpr size_t kFrame = 320;
};
Lossy EncodeForLoss(bool fec) {
  OpusEncoderOptions options;
  options.sample_rate_hz = 16'000;
  options.signal = OpusSignal::kVoice;
  options.bitrate = 32'000;
  options.fec = fec;
  options.packet_loss_percent = 25;
  OpusEncoder encoder = MakeEncoder(options);
  Lossy result;
  result.packets = Encode(encoder, Voice(16'000, 32'000));
  OpusDecoder decoder = MakeDecoder(16'000);
  result.sound = Decode(decoder, result.packets);
  return result;
}

// The energy of what is wrong in every fifth frame, each lost alone, relative to its sound, in dB.
double LossErrorDb(const Lossy& lossy, bool use_fec) {
  OpusDecoder decoder = MakeDecoder(16'000);
  std::vector<float> room(decoder.MaxPacketFrames());
  double signal = 0;
  double noise = 0;
  for (size_t i = 0; i + 1 < lossy.packets.size(); ++i) {
    if (i % 5 != 4) {
      CHECK(decoder.Decode(lossy.packets[i], room).ok());
      continue;
    }
    const auto frames = use_fec ? decoder.DecodeFec(lossy.packets[i + 1], Lossy::kFrame, room)
                                : decoder.Conceal(Lossy::kFrame, room);
    if (!frames.ok() || frames.value() != Lossy::kFrame) Fail(__LINE__, "not a frame");
    for (size_t k = 0; k < Lossy::kFrame; ++k) {
      const double wanted = lossy.sound[i * Lossy::kFrame + k];
      signal += wanted * wanted;
      noise += (room[k] - wanted) * (room[k] - wanted);
    }
  }
  return 10 * std::log10(noise / signal);
}

TEST_ONCE("OpusDecoder conceals a loss with something like the sound") {
  CHECK(LossErrorDb(EncodeForLoss(false), false) < -2);  // silence would be 0 dB
}

TEST_ONCE("OpusDecoder FEC brings back what concealment cannot") {
  const Lossy with = EncodeForLoss(true);
  const double concealed_db = LossErrorDb(with, false);
  const double recovered_db = LossErrorDb(with, true);
  if (std::getenv("SLUICE_TABLE") != nullptr)
    std::printf("lost frames: concealed %.1f dB, by FEC %.1f dB\n", concealed_db, recovered_db);
  CHECK(recovered_db < concealed_db - 3);
  // Nothing to be found where the encoder put nothing in.
  const Lossy without = EncodeForLoss(false);
  CHECK(std::abs(LossErrorDb(without, true) - LossErrorDb(without, false)) < 0.5);
}

TEST_ONCE("OpusDecoder conceals any multiple of 2.5 ms, and no other length") {
  for (const uint32_t rate_hz : kRates) {
    for (uint32_t channels = 1; channels <= 3; ++channels) {
      OpusEncoderOptions options;
      options.sample_rate_hz = rate_hz;
      options.channels = channels;
      OpusEncoder encoder = MakeEncoder(options);
      OpusDecoder decoder = MakeDecoder(rate_hz, encoder.layout());
      const auto packets = Encode(encoder, Tones(rate_hz, rate_hz / 2, channels));
      Decode(decoder, packets);
      const size_t unit = decoder.LossUnitFrames();
      CHECK_EQ(unit, size_t{rate_hz / 400});
      std::vector<int16_t> room(unit * 401 * channels);
      for (const size_t units : {1, 2, 3, 4, 5, 7, 8, 13, 48, 49, 96, 400, 401}) {
        for (const bool fec : {false, true}) {
          const auto frames =
              fec ? decoder.DecodeFec(packets[5], units * unit, room) : decoder.Conceal(units * unit, room);
          REQUIRE(frames.ok());
          CHECK_EQ(frames.value(), units * unit);
        }
      }
      for (const size_t frames : {size_t{0}, size_t{1}, unit - 1, unit + 1}) {
        CHECK(decoder.Conceal(frames, room).error().code == ErrorCode::kInvalidLength);
        CHECK(decoder.DecodeFec(packets[5], frames, room).error().code == ErrorCode::kInvalidLength);
      }
      for (const size_t frames : {unit * 402, std::numeric_limits<size_t>::max() / unit * unit}) {
        CHECK(decoder.Conceal(frames, room).error().code == ErrorCode::kOutputTooSmall);
        CHECK(decoder.DecodeFec(packets[5], frames, room).error().code == ErrorCode::kOutputTooSmall);
      }
    }
  }
}

TEST_ONCE("OpusDecoder conceals before the first packet with silence") {
  OpusDecoder decoder = MakeDecoder(48'000);
  std::vector<float> room(960, 1);
  CHECK_EQ(decoder.Conceal(960, room).value(), size_t{960});
  CHECK(std::ranges::all_of(room, [](float x) { return x == 0; }));
}

// ---- Reuse.

TEST_ONCE("OpusEncoder Reset gives the same packets again, bit for bit") {
  for (uint32_t channels = 1; channels <= 6; ++channels) {
    for (const OpusApplication application : kApplications) {
      OpusEncoderOptions options;
      options.channels = channels;
      options.application = application;
      options.bitrate = 24'000 * channels;
      options.fec = true;
      options.packet_loss_percent = 10;
      options.dtx = true;
      OpusEncoder encoder = MakeEncoder(options);
      const auto input = Tones(48'000, 28'800, channels);
      const auto first = Encode(encoder, input);
      Encode(encoder, std::vector<float>(input.size()));
      encoder.Reset();
      CHECK(Encode(encoder, input) == first);
    }
  }
}

TEST_ONCE("OpusDecoder Reset gives the same samples again, bit for bit") {
  for (const uint32_t channels : {1U, 2U, 6U}) {
    OpusEncoderOptions options;
    options.channels = channels;
    OpusEncoder encoder = MakeEncoder(options);
    OpusDecoder decoder = MakeDecoder(24'000, encoder.layout(), 256);
    const auto packets = Encode(encoder, Tones(48'000, 28'800, channels));
    const auto first = Decode(decoder, packets);
    CHECK(Decode(decoder, packets) != first);
    decoder.Reset();
    CHECK(Decode(decoder, packets) == first);
  }
}

// ---- Many at once.

TEST_ONCE("OpusEncoder EncodeFrames and OpusDecoder DecodePackets do what single calls do") {
  for (const uint32_t channels : {1U, 2U, 3U}) {
    OpusEncoderOptions options;
    options.channels = channels;
    const auto input = ToInt16(Tones(48'000, 48'000, channels));
    OpusEncoder single = MakeEncoder(options);
    const auto packets = Encode(single, input);

    OpusEncoder encoder = MakeEncoder(options);
    Packet bytes(packets.size() * encoder.MaxPacketBytes());
    std::vector<uint32_t> sizes(packets.size() + 3, 77);
    const auto written = encoder.EncodeFrames(input, bytes, sizes);
    REQUIRE(written.ok());
    Packet joined;
    for (const Packet& packet : packets) joined.insert(joined.end(), packet.begin(), packet.end());
    bytes.resize(written.value());
    CHECK(bytes == joined);
    for (size_t i = 0; i < packets.size(); ++i) CHECK_EQ(sizes[i], packets[i].size());
    CHECK_EQ(sizes[packets.size()], 77U);
    CHECK_EQ(encoder.PacketsOf(input.size()).value(), packets.size());
    CHECK(encoder.PacketsOf(input.size() + 1).error().code == ErrorCode::kInvalidLength);
    sizes.resize(packets.size());

    OpusDecoder one = MakeDecoder(48'000, encoder.layout());
    const auto wanted = Decode<int16_t>(one, packets);
    OpusDecoder decoder = MakeDecoder(48'000, encoder.layout());
    std::vector<int16_t> output(wanted.size());
    CHECK_EQ(decoder.DecodePackets(bytes, sizes, output).value() * channels, wanted.size());
    CHECK(output == wanted);
    CHECK_EQ(decoder.PacketFrames(bytes, sizes).value() * channels, wanted.size());
    CHECK_EQ(decoder.DecodePackets({}, {}, std::span<int16_t>()).value(), size_t{0});
    CHECK_EQ(encoder.EncodeFrames(std::span<const int16_t>(), {}, {}).value(), size_t{0});
  }
}

TEST_ONCE("OpusDecoder DecodePackets takes nothing when one packet is bad") {
  OpusEncoder encoder = MakeEncoder({});
  const auto packets = Encode(encoder, Tones(48'000, 9'600));
  Packet bytes;
  std::vector<uint32_t> sizes;
  for (const Packet& packet : packets) {
    bytes.insert(bytes.end(), packet.begin(), packet.end());
    sizes.push_back(static_cast<uint32_t>(packet.size()));
  }
  OpusDecoder untouched = MakeDecoder(48'000);
  const auto wanted = Decode(untouched, packets);

  OpusDecoder decoder = MakeDecoder(48'000);
  std::vector<float> room(48'000);
  Packet damaged = bytes;
  const size_t third = sizes[0] + sizes[1];
  damaged[third] |= 3;         // a count of Opus frames follows ...
  damaged[third + 1] &= 0xC0;  // ... of none
  const auto bad = decoder.DecodePackets(damaged, sizes, room);
  REQUIRE(!bad.ok());
  CHECK(bad.error().code == ErrorCode::kOpusBadPacket);
  CHECK_EQ(bad.error().byte_offset, third);
  ++sizes.back();
  CHECK(decoder.DecodePackets(bytes, sizes, room).error().code == ErrorCode::kInvalidLength);
  sizes.pop_back();
  CHECK(decoder.DecodePackets(bytes, sizes, room).error().code == ErrorCode::kInvalidLength);
  sizes.push_back(static_cast<uint32_t>(packets.back().size()));
  CHECK(decoder.DecodePackets(bytes, sizes, std::span(room).first(9'599)).error().code ==
        ErrorCode::kOutputTooSmall);
  CHECK_EQ(decoder.DecodePackets(bytes, sizes, room).value(), size_t{9'600});
  CHECK(std::equal(wanted.begin(), wanted.end(), room.begin()));
}

// ---- What is refused.

TEST_ONCE("OpusEncoder refuses options out of range") {
  const auto code = [](auto change) {
    OpusEncoderOptions options;
    change(options);
    return EncoderError(options);
  };
  for (const uint32_t rate_hz : {0U, 1U, 44'100U, 47'999U, 96'000U, UINT32_MAX})
    CHECK(code([&](OpusEncoderOptions& o) { o.sample_rate_hz = rate_hz; }) == ErrorCode::kInvalidRate);
  for (const uint32_t channels : {0U, 9U, 255U, UINT32_MAX})
    CHECK(code([&](OpusEncoderOptions& o) { o.channels = channels; }) == ErrorCode::kInvalidChannels);
  for (const uint32_t frame_us : {0U, 2'499U, 30'000U, 120'001U, UINT32_MAX})
    CHECK(code([&](OpusEncoderOptions& o) { o.frame_us = frame_us; }) == ErrorCode::kInvalidOption);
  for (const uint32_t bitrate : {1U, 499U, 300'001U, UINT32_MAX - 1})
    CHECK(code([&](OpusEncoderOptions& o) { o.bitrate = bitrate; }) == ErrorCode::kInvalidOption);
  for (const uint32_t complexity : {11U, UINT32_MAX})
    CHECK(code([&](OpusEncoderOptions& o) { o.complexity = complexity; }) == ErrorCode::kInvalidOption);
  for (const uint32_t percent : {101U, UINT32_MAX})
    CHECK(code([&](OpusEncoderOptions& o) { o.packet_loss_percent = percent; }) == ErrorCode::kInvalidOption);
}

TEST_ONCE("OpusDecoder refuses options out of range") {
  const auto code = [](auto change) {
    OpusDecoderOptions options;
    change(options);
    const auto made = OpusDecoder::Create(options);
    return made.ok() ? ErrorCode::kTooLarge : made.error().code;
  };
  CHECK(code([](OpusDecoderOptions& o) { o.sample_rate_hz = 44'100; }) == ErrorCode::kInvalidRate);
  const auto layout = [&](uint8_t channels, uint8_t streams, uint8_t coupled, uint8_t first) {
    return code([&](OpusDecoderOptions& o) {
      o.layout.channels = channels;
      o.layout.streams = streams;
      o.layout.coupled = coupled;
      o.layout.mapping[0] = first;
    });
  };
  CHECK(layout(0, 1, 0, 0) == ErrorCode::kInvalidOption);
  CHECK(layout(1, 0, 0, 0) == ErrorCode::kInvalidOption);
  CHECK(layout(1, 1, 2, 0) == ErrorCode::kInvalidOption);
  CHECK(layout(1, 1, 0, 1) == ErrorCode::kInvalidOption);
  CHECK(layout(1, 200, 56, 0) == ErrorCode::kInvalidOption);
  CHECK(layout(1, 200, 55, 254) == ErrorCode::kTooLarge);  // sound
  CHECK(layout(1, 1, 0, 255) == ErrorCode::kTooLarge);     // silence, and sound
}

TEST_ONCE("OpusEncoder refuses what is no frame and too little room, and is as before") {
  OpusEncoder untouched = MakeEncoder({});
  const auto input = Tones(48'000, 4'800);
  const auto wanted = Encode(untouched, input);
  OpusEncoder encoder = MakeEncoder({});
  Packet room(encoder.MaxPacketBytes());
  for (const size_t samples : {size_t{0}, size_t{1}, size_t{959}, size_t{961}, size_t{1920}}) {
    CHECK(encoder.Encode(std::span(input).first(samples), room).error().code == ErrorCode::kInvalidLength);
  }
  CHECK(encoder.Encode(std::span(input).first(960), std::span(room).first(room.size() - 1)).error().code ==
        ErrorCode::kOutputTooSmall);
  std::vector<uint32_t> sizes(5);
  Packet bytes(5 * room.size());
  CHECK(encoder.EncodeFrames(std::span<const float>(input).first(4'799), bytes, sizes).error().code ==
        ErrorCode::kInvalidLength);
  CHECK(encoder.EncodeFrames(std::span<const float>(input), bytes, std::span(sizes).first(4)).error().code ==
        ErrorCode::kOutputTooSmall);
  CHECK(encoder.EncodeFrames(std::span<const float>(input), std::span(bytes).first(bytes.size() - 1), sizes)
            .error()
            .code == ErrorCode::kOutputTooSmall);
  CHECK(Encode(encoder, input) == wanted);
}

TEST_ONCE("OpusEncoder outlives samples that are no numbers") {
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float bad : {kNaN, kInfinity, -kInfinity, std::numeric_limits<float>::max(), 1e9F}) {
    for (const uint32_t channels : {1U, 2U, 3U}) {
      OpusEncoderOptions options;
      options.channels = channels;
      options.application = OpusApplication::kAudio;
      options.bitrate = 96'000 * channels;
      OpusEncoder encoder = MakeEncoder(options);
      OpusDecoder decoder = MakeDecoder(48'000, encoder.layout());
      const auto input = Tones(48'000, 48'000, channels);
      auto spoilt = input;
      std::fill_n(spoilt.begin() + 2'000, 1'500, bad);
      const auto output = Decode(decoder, Encode(encoder, spoilt));
      CHECK(std::ranges::all_of(output, [](float x) { return std::isfinite(x); }));
      CHECK(SnrDb(input, output, encoder.LookaheadFrames(), 24'000, channels) >= kMinManyChannelsSnrDb);
    }
  }
}

TEST_ONCE("OpusDecoder refuses bad packets and is as before") {
  OpusEncoder encoder = MakeEncoder({});
  const auto packets = Encode(encoder, Tones(48'000, 9'600));
  OpusDecoder untouched = MakeDecoder(48'000);
  const auto wanted = Decode(untouched, packets);
  OpusDecoder decoder = MakeDecoder(48'000);
  std::vector<float> room(decoder.MaxPacketFrames());
  const std::vector<Packet> bad = {
      {},                  // nothing, which libopus would take for a loss
      {0x79, 1, 2, 3},     // code 1: two frames of equal length, of three bytes
      {0x7A},              // code 2 without a length
      {0x7A, 200, 1},      // code 2, longer than the packet
      {0x7B},              // code 3 without a count
      {0x7B, 0, 1},        // code 3 of no frames
      {0x1B, 3, 1, 1, 1},  // code 3 of three frames of 60 ms
      {0x7B, 0x41, 255},   // padding without its length
      Packet(1277, 0x78),  // one frame of 1276 bytes
  };
  for (const Packet& packet : bad) {
    const auto decoded = decoder.Decode(packet, room);
    if (decoded.ok()) {
      Fail(__LINE__, "a packet of " + std::to_string(packet.size()) + " bytes was decoded");
      continue;
    }
    CHECK(decoded.error().code == ErrorCode::kOpusBadPacket);
    CHECK(decoder.DecodeFec(packet, 960, room).error().code == ErrorCode::kOpusBadPacket);
    CHECK(decoder.PacketFrames(packet).error().code == ErrorCode::kOpusBadPacket);
  }
  CHECK(decoder.Decode(packets[0], std::span(room).first(959)).error().code == ErrorCode::kOutputTooSmall);
  CHECK(Decode(decoder, packets) == wanted);
}

TEST_ONCE("OpusDecoder gives any bytes samples or an error") {
  std::mt19937 random(11);
  const auto number = [&](size_t below) { return static_cast<size_t>(random() % below); };
  for (const uint32_t channels : {1U, 2U, 3U, 8U}) {
    OpusEncoderOptions options;
    options.channels = channels;
    OpusEncoder encoder = MakeEncoder(options);
    const auto packets = Encode(encoder, Tones(48'000, 48'000, channels));
    OpusDecoder decoder = MakeDecoder(kRates[number(5)], encoder.layout());
    std::vector<int16_t> room(decoder.MaxPacketFrames() * channels);
    size_t sound = 0;
    for (int i = 0; i < 3'000; ++i) {
      Packet packet = packets[number(packets.size())];
      if (number(4) == 0) {
        packet.resize(number(64));
        std::ranges::generate(packet, [&] { return static_cast<uint8_t>(random()); });
      } else {
        for (size_t flips = number(4); flips > 0; --flips)
          packet[number(packet.size())] ^= static_cast<uint8_t>(1U << number(8));
        if (number(4) == 0) packet.resize(number(packet.size()));
      }
      const auto frames = decoder.PacketFrames(packet);
      const auto decoded = decoder.Decode(packet, room);
      REQUIRE(decoded.ok() == frames.ok());
      if (decoded.ok()) {
        CHECK_EQ(decoded.value(), frames.value());
        ++sound;
      } else {
        CHECK(decoded.error().code == ErrorCode::kOpusBadPacket);
      }
    }
    CHECK(sound > 500);
  }
}

}  // namespace
