// The one pass against a slow composition of its parts on the whole signal, at every kind of cut; room,
// errors, reuse. Not here: what sits on it (audio_framer_test.cpp, which has more of WAV headers).
#include "core/transcoder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <numbers>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "check.h"
#include "core/wav_writer.h"

using namespace sluice;

namespace {

using Bytes = std::vector<uint8_t>;
using Format = SampleFormat;
using Source = TranscoderOptions::Source;

constexpr std::array<Format, kSampleFormatCount> kFormats = {
#define X(name, text, bytes, bits) Format::name,
    SLUICE_SAMPLE_FORMATS(X)
#undef X
};

TranscoderOptions Raw(Format format, uint32_t rate_hz, uint16_t channels, Format target, uint32_t to_hz,
                      uint16_t target_channels = 1) {
  TranscoderOptions options;
  options.source = Source::kRaw;
  options.format = format;
  options.sample_rate_hz = rate_hz;
  options.channels = channels;
  options.target_format = target;
  options.target_rate_hz = to_hz;
  options.target_channels = target_channels;
  return options;
}

TranscoderOptions Wav(Format target, uint32_t to_hz, uint16_t target_channels = 1) {
  TranscoderOptions options = Raw(Format::kS16Le, 0, 1, target, to_hz, target_channels);
  options.source = Source::kWav;
  return options;
}

Transcoder Made(const TranscoderOptions& options) {
  Result<Transcoder> made = Transcoder::Create(options);
  if (!made.ok()) check::Fail(__FILE__, __LINE__, made.error().message);
  return std::move(made.value());
}

std::string CreateCode(const TranscoderOptions& options) {
  const Result<Transcoder> made = Transcoder::Create(options);
  return made.ok() ? "ok" : ErrorCodeName(made.error().code);
}

// A tone and noise, another mix in each channel.
Bytes SignalBytes(Format format, size_t frames, size_t channels, uint32_t rate_hz) {
  std::mt19937 random(7);
  std::vector<float> samples(frames * channels);
  for (size_t i = 0; i < samples.size(); ++i) {
    const double t = static_cast<double>(i / channels) / rate_hz;
    const double noise = static_cast<double>(random()) / 4294967296.0 - 0.5;
    const double tone = std::sin(2 * std::numbers::pi * 440 * t + static_cast<double>(i % channels));
    samples[i] = static_cast<float>(0.6 * tone + 0.3 * noise);
  }
  Bytes bytes(samples.size() * BytesPerSample(format));
  FromFloat32(format, samples, bytes);
  return bytes;
}

Bytes WavFile(Format format, uint32_t rate_hz, uint16_t channels, const Bytes& audio) {
  std::array<uint8_t, kMaxWavHeaderBytes> header;
  const auto size = WriteWavHeader(
      {.format = format, .sample_rate_hz = rate_hz, .channels = channels, .data_bytes = audio.size()},
      header);
  CHECK(size.ok());
  Bytes file(header.begin(), header.begin() + static_cast<ptrdiff_t>(size.value()));
  file.insert(file.end(), audio.begin(), audio.end());
  return file;
}

void Put(Bytes& to, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) to.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

// The same as RF64 (EBU Tech 3306): the sizes are in ds64, and 0xFFFFFFFF where they were.
Bytes Rf64File(Format format, uint32_t rate_hz, uint16_t channels, const Bytes& audio) {
  const Bytes riff = WavFile(format, rate_hz, channels, audio);
  constexpr std::string_view kHead = "RF64\xff\xff\xff\xffWAVEds64";
  Bytes file(kHead.begin(), kHead.end());
  Put(file, 28, 4);
  Put(file, riff.size() + 36 - 8, 8);
  Put(file, audio.size(), 8);
  Put(file, audio.size() / BytesPerSample(format) / channels, 8);
  Put(file, 0, 4);
  const size_t data_size_at = riff.size() - audio.size() - 4;
  file.insert(file.end(), riff.begin() + 12, riff.begin() + static_cast<ptrdiff_t>(data_size_at));
  Put(file, 0xFFFFFFFF, 4);
  file.insert(file.end(), audio.begin(), audio.end());
  return file;
}

// How many bytes the next chunk has.
using Cuts = std::function<size_t()>;
Cuts Every(size_t bytes) {
  return [bytes] { return bytes; };
}
Cuts Whole() { return Every(std::numeric_limits<size_t>::max()); }
Cuts Random(unsigned seed) {
  return [random = std::mt19937(seed)]() mutable {
    const unsigned kind = random() % 8;
    return size_t{kind == 0 ? 0 : kind < 6 ? 1 + random() % 40 : random() % 9000};
  };
}

// All the bytes of a stream. Every output is as large as promised to be enough and no larger, on the heap, so
// that a sanitizer sees the first byte too many; with a byte less nothing is taken.
Bytes Run(Transcoder& transcoder, const Bytes& input, Cuts cuts) {
  Bytes all;
  const auto take = [&](uint64_t room, auto call) {
    if (room > 0) {
      Bytes small(room - 1);
      const Result<size_t> refused = call(std::span<uint8_t>(small));
      CHECK(!refused.ok() && refused.error().code == ErrorCode::kOutputTooSmall);
    }
    const auto out = std::make_unique<uint8_t[]>(room);
    const Result<size_t> written = call(std::span<uint8_t>(out.get(), room));
    if (!written.ok()) return check::Fail(__FILE__, __LINE__, written.error().message);
    all.insert(all.end(), out.get(), out.get() + written.value());
  };
  for (size_t at = 0; at < input.size();) {
    const size_t size = std::min(cuts(), input.size() - at);
    take(transcoder.MaxOutputBytes(size),
         [&](std::span<uint8_t> out) { return transcoder.Process(std::span(input).subspan(at, size), out); });
    at += size;
  }
  const uint64_t room = transcoder.FlushBytes();
  const size_t before = all.size();
  take(room, [&](std::span<uint8_t> out) { return transcoder.Flush(out); });
  CHECK_EQ(all.size() - before, room);  // the tail is known to the byte
  return all;
}

Bytes Run(const TranscoderOptions& options, const Bytes& input, Cuts cuts) {
  Transcoder transcoder = Made(options);
  return Run(transcoder, input, std::move(cuts));
}

// ---- The parts, one by one, on the whole signal ----

void ToSamples(Format from, const Bytes& src, std::span<int16_t> dst) { ToInt16(from, src, dst); }
void ToSamples(Format from, const Bytes& src, std::span<float> dst) { ToFloat32(from, src, dst); }
void FromSamples(Format to, std::span<const int16_t> src, Bytes& dst) { FromInt16(to, src, dst); }
void FromSamples(Format to, std::span<const float> src, Bytes& dst) { FromFloat32(to, src, dst); }

template <class Sample>
Bytes SlowResampled(const TranscoderOptions& o, const Bytes& source, uint16_t target_channels) {
  const size_t frames = source.size() / BytesPerSample(o.format) / o.channels;
  std::vector<Sample> samples(frames * o.channels);
  ToSamples(o.format, source, std::span<Sample>(samples));
  uint32_t channels = o.channels;
  if (target_channels == 1 && channels > 1) {
    std::vector<Sample> mono(frames);
    Downmix(channels, samples, std::span<Sample>(mono));
    samples = mono;
    channels = 1;
  }
  auto made = Resampler<Sample>::Create({o.sample_rate_hz, o.target_rate_hz, channels, o.quality});
  Resampler<Sample>& resampler = made.value();
  std::vector<Sample> all(resampler.MaxOutputFrames(frames) * channels);
  all.resize(resampler.Process(std::span<const Sample>(samples), std::span(all)).value() * channels);
  std::vector<Sample> tail(resampler.MaxOutputFrames(0) * channels);
  tail.resize(resampler.Flush(std::span(tail)).value() * channels);
  all.insert(all.end(), tail.begin(), tail.end());
  std::vector<Sample> spread;
  for (const Sample sample : all) spread.insert(spread.end(), target_channels / channels, sample);
  Bytes out(spread.size() * BytesPerSample(o.target_format));
  FromSamples(o.target_format, std::span<const Sample>(spread), out);
  return out;
}

bool Narrow(Format format) {
  return BytesPerSample(format) <= 2;  // u8, 16 bits, G.711: what int16 holds
}

Bytes Slow(const TranscoderOptions& o, const Bytes& source) {
  const uint16_t target_channels = o.target_channels == 0 ? o.channels : o.target_channels;
  if (o.sample_rate_hz == o.target_rate_hz) {
    const size_t frames = source.size() / BytesPerSample(o.format) / o.channels;
    Bytes out(frames * target_channels * BytesPerSample(o.target_format));
    ConvertSamples(o.format, o.channels, source, o.target_format, target_channels, out);
    return out;
  }
  const bool int16 = Narrow(o.format) && Narrow(o.target_format) && o.target_format != Format::kU8;
  return int16 ? SlowResampled<int16_t>(o, source, target_channels)
               : SlowResampled<float>(o, source, target_channels);
}

size_t LengthLaw(size_t frames, uint32_t from_hz, uint32_t to_hz) {
  return (frames * to_hz + from_hz - 1) / from_hz;
}

std::string Name(const TranscoderOptions& o) {
  return std::string(SampleFormatName(o.format)) + " " + std::to_string(o.sample_rate_hz) + " Hz x " +
         std::to_string(o.channels) + " -> " + SampleFormatName(o.target_format) + " " +
         std::to_string(o.target_rate_hz) + " Hz x " + std::to_string(o.target_channels);
}

}  // namespace

TEST("Transcoder equals its parts and any cut gives the same bytes, for every source, target and channels") {
  const struct { uint32_t from_hz, to_hz; } rates[] = {{8000, 8000}, {44100, 24000}, {8000, 16000}};
  const struct { uint16_t from, to; } channels[] = {{1, 1}, {2, 1}, {2, 2}, {2, 0}, {1, 3}};
  unsigned seed = 0;
  for (const Format format : kFormats) {
    for (const Format target : kFormats) {
      for (const auto& [from_hz, to_hz] : rates) {
        const auto& [from, to] = channels[seed % std::size(channels)];
        const TranscoderOptions options = Raw(format, from_hz, from, target, to_hz, to);
        const Bytes source = SignalBytes(format, from_hz / 20 + 13, from, from_hz);
        const Bytes expected = Slow(options, source);
        if (Run(options, source, Whole()) != expected) check::Fail(__FILE__, __LINE__, Name(options));
        if (Run(options, source, Random(++seed)) != expected)
          check::Fail(__FILE__, __LINE__, Name(options) + " cut with seed " + std::to_string(seed));
      }
    }
  }
}

TEST("Transcoder mixes, keeps and copies channels at every rate") {
  for (const uint32_t to_hz : {16000U, 24000U}) {
    for (const Format target : {Format::kS16Le, Format::kMulaw, Format::kF32Le, Format::kU8}) {
      const struct {
        uint16_t from, to;
      } cases[] = {{1, 1}, {2, 1}, {7, 1}, {65535, 1}, {2, 2}, {6, 6}, {64, 0}, {6, 0}, {1, 2}, {1, 64}};
      for (const auto& [from, to] : cases) {
        const TranscoderOptions options = Raw(Format::kS16Le, 16000, from, target, to_hz, to);
        const Bytes source = SignalBytes(Format::kS16Le, from > 64 ? 40 : 1700, from, 16000);
        if (Run(options, source, Random(from)) != Slow(options, source))
          check::Fail(__FILE__, __LINE__, Name(options));
      }
    }
  }
}

TEST("Transcoder resamples at the quality asked for") {
  TranscoderOptions options = Raw(Format::kS16Le, 44100, 1, Format::kS16Le, 16000);
  const Bytes source = SignalBytes(Format::kS16Le, 5000, 1, 44100);
  std::vector<Bytes> made;
  for (const auto quality : {ResamplerQuality::kFast, ResamplerQuality::kDefault, ResamplerQuality::kBest}) {
    options.quality = quality;
    made.push_back(Run(options, source, Random(3)));
    CHECK(made.back() == Slow(options, source));
  }
  CHECK(made[0] != made[1]);
  CHECK(made[1] != made[2]);
}

TEST("Transcoder passes bytes untouched when source and target agree") {
  for (const Format format : kFormats) {
    std::mt19937 random(3);
    Bytes source(600 * 2 * BytesPerSample(format));  // NaN and all that among them
    for (uint8_t& b : source) b = static_cast<uint8_t>(random());
    for (const uint16_t to : {uint16_t{2}, uint16_t{0}})
      CHECK(Run(Raw(format, 8000, 2, format, 8000, to), source, Random(4)) == source);
  }
}

TEST("Transcoder of a WAV or RF64 equals that of its samples, whatever the cuts, file after file") {
  for (const Format format : {Format::kU8, Format::kS16Le, Format::kS24Le, Format::kF64Le, Format::kAlaw}) {
    for (const uint16_t target_channels : {uint16_t{1}, uint16_t{0}}) {
      Transcoder transcoder = Made(Wav(Format::kS24Le, 16000, target_channels));
      for (const uint32_t rate_hz : {16000U, 11025U}) {
        const Bytes audio = SignalBytes(format, 1001, 2, rate_hz);
        const Bytes expected = Slow(Raw(format, rate_hz, 2, Format::kS24Le, 16000, target_channels), audio);
        for (const bool rf64 : {false, true}) {
          const Bytes file = (rf64 ? Rf64File : WavFile)(format, rate_hz, 2, audio);
          for (const Cuts& cuts : {Whole(), Every(1), Random(rate_hz)}) {
            CHECK(Run(transcoder, file, cuts) == expected);
            CHECK_EQ(transcoder.frames(), LengthLaw(1001, rate_hz, 16000));
            CHECK_EQ(transcoder.target_channels(), size_t{target_channels == 0 ? 2u : 1u});
            REQUIRE(transcoder.wav() != nullptr && transcoder.wav()->has_info());
            CHECK_EQ(transcoder.wav()->frames(), 1001U);
          }
        }
      }
    }
  }
}

TEST("Transcoder counts the frames handed out, and what is left of the last one") {
  Transcoder transcoder = Made(Raw(Format::kS24Le, 8000, 2, Format::kS16Le, 16000, 2));
  Bytes out(transcoder.MaxOutputBytes(6005));
  CHECK_EQ(transcoder.frames(), 0U);
  const size_t written = transcoder.Process(Bytes(6005), out).value();
  CHECK_EQ(transcoder.frames() * 4, written);
  CHECK_EQ(transcoder.leftover_bytes(), 0U);
  Bytes tail(transcoder.FlushBytes());
  CHECK_EQ(transcoder.Flush(tail).value(), 2000 * 4 - written);
  CHECK_EQ(transcoder.frames(), 2000U);
  CHECK_EQ(transcoder.leftover_bytes(), 5U);
  CHECK_EQ(transcoder.Flush(tail).value(), 0U);  // told once
  CHECK_EQ(transcoder.frames(), 2000U);
  REQUIRE(transcoder.Process(Bytes(1), out).ok());  // and the next begins
  CHECK_EQ(transcoder.frames(), 0U);
  CHECK_EQ(transcoder.leftover_bytes(), 0U);
}

TEST("Transcoder of nothing gives nothing; a WAV of nothing is an error") {
  Transcoder raw = Made(Raw(Format::kS16Le, 8000, 1, Format::kF32Le, 48000));
  CHECK_EQ(raw.MaxOutputBytes(0), 0U);
  CHECK_EQ(Run(raw, {}, Whole()).size(), 0U);
  CHECK_EQ(raw.frames(), 0U);
  Transcoder wav = Made(Wav(Format::kS16Le, 8000));
  for (int i = 0; i < 2; ++i) {
    const Result<size_t> end = wav.Flush(std::span<uint8_t>());
    CHECK(!end.ok() && ErrorCodeKind(end.error().code) == ErrorKind::kFormat);
  }
}

TEST("Transcoder keeps floats finite on their way to another rate, and passes them at the same") {
  const float odd[] = {NAN, INFINITY, -INFINITY, 1e38F, -1e38F};
  Bytes source;
  for (int i = 0; i < 500; ++i) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(&odd[i % 5]);
    source.insert(source.end(), bytes, bytes + sizeof(float));
  }
  const Bytes out = Run(Raw(Format::kF32Le, 8000, 1, Format::kF32Le, 16000), source, Random(5));
  std::vector<float> samples(out.size() / 4);
  ToFloat32(Format::kF32Le, out, samples);
  REQUIRE(samples.size() == 1000);
  // The taps' absolute sum is below 4, so +24 dBFS (16) in is never more than this out.
  for (const float x : samples) CHECK(std::isfinite(x) && std::abs(x) < 64);
  CHECK(Run(Raw(Format::kF32Le, 8000, 1, Format::kF32Le, 8000), source, Random(6)) == source);
}

TEST("Transcoder refuses options out of range") {
  const TranscoderOptions good = Raw(Format::kS16Le, 8000, 2, Format::kS16Le, 16000, 2);
  CHECK(CreateCode(good) == "ok");
  for (const uint32_t rate : {0U, 999U, 192001U, 4294967295U}) {
    TranscoderOptions options = good;
    options.target_rate_hz = rate;
    CHECK(CreateCode(options) == "ERR_INVALID_RATE");
    options = good;
    options.sample_rate_hz = rate;
    CHECK(CreateCode(options) == "ERR_INVALID_RATE");
    CHECK(CreateCode(Wav(Format::kS16Le, rate)) == "ERR_INVALID_RATE");
  }
  const struct {
    uint16_t from, to;
  } refused[] = {{0, 1}, {0, 0}, {2, 3}, {6, 2}, {65, 0}, {65, 65}, {1, 65}};
  for (const auto& [from, to] : refused) {
    for (const uint32_t to_hz : {8000U, 16000U})
      CHECK(CreateCode(Raw(Format::kU8, 8000, from, Format::kU8, to_hz, to)) == "ERR_INVALID_CHANNELS");
  }
  CHECK(CreateCode(Wav(Format::kS16Le, 8000, 65)) == "ERR_INVALID_CHANNELS");
}

TEST("Transcoder names the channels or the rate of a WAV that cannot become the target, until Reset") {
  const struct {
    uint32_t rate_hz;
    uint16_t channels, target_channels;
    const char* code;
    uint64_t offset;
  } cases[] = {{8000, 6, 2, "ERR_WAV_UNSUPPORTED_CHANNELS", 22},
               {8000, 65, 0, "ERR_WAV_UNSUPPORTED_CHANNELS", 22},
               {999, 1, 1, "ERR_WAV_UNSUPPORTED_RATE", 24},
               {384000, 2, 0, "ERR_WAV_UNSUPPORTED_RATE", 24}};
  const Bytes good = WavFile(Format::kU8, 8000, 1, SignalBytes(Format::kU8, 100, 1, 8000));
  for (const auto& c : cases) {
    Transcoder transcoder = Made(Wav(Format::kU8, 8000, c.target_channels));
    const Bytes file = WavFile(Format::kU8, c.rate_hz, c.channels, Bytes(c.channels * 10));
    Bytes out(transcoder.MaxOutputBytes(file.size()));
    for (const Bytes& bytes : {file, good}) {
      const Result<size_t> made = transcoder.Process(bytes, out);
      CHECK(!made.ok() && std::string(ErrorCodeName(made.error().code)) == c.code);
      CHECK(!made.ok() && made.error().byte_offset == c.offset);
    }
    CHECK(!transcoder.Flush(out).ok());
    transcoder.Reset();
    const size_t channels = c.target_channels == 0 ? 1 : c.target_channels;
    CHECK_EQ(Run(transcoder, good, Random(8)).size(), 100 * channels);
  }
}

TEST("Transcoder MaxOutputBytes holds for the worst header, and is never too large for 64 bits") {
  for (const uint16_t to : {uint16_t{1}, uint16_t{0}, uint16_t{64}}) {
    const Bytes file = WavFile(Format::kU8, kMinRateHz, 1, SignalBytes(Format::kU8, 300, 1, kMinRateHz));
    Transcoder transcoder = Made(Wav(Format::kF64Le, kMaxRateHz, to));
    CHECK_EQ(Run(transcoder, file, Whole()).size(), size_t{300} * 192 * 8 * (to == 64 ? 64 : 1));
    CHECK_LE(uint64_t{1} << 50, transcoder.MaxOutputBytes(std::numeric_limits<size_t>::max()));
  }
  const Bytes many = WavFile(Format::kU8, kMinRateHz, 63, SignalBytes(Format::kU8, 3, 63, kMinRateHz));
  CHECK_EQ(Run(Wav(Format::kF64Le, 1001, 0), many, Whole()).size(), size_t{4} * 63 * 8);
}
