// The fused path against its parts used one by one on the whole signal, at every cut of the input.
#include "core/audio_framer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <numbers>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "check.h"
#include "core/g711.h"

using namespace sluice;

namespace {

using Bytes = std::vector<uint8_t>;
using Format = SampleFormat;
using Source = FramerOptions::Source;

constexpr std::array<Format, kSampleFormatCount> kFormats = {
#define X(name, text, bytes, bits) Format::name,
    SLUICE_SAMPLE_FORMATS(X)
#undef X
};
constexpr std::array<uint32_t, 7> kRates = {8000, 16000, 22050, 24000, 32000, 44100, 48000};

FramerOptions Raw(Format format, uint32_t rate_hz, uint16_t channels, Format wire, uint32_t wire_rate_hz) {
  FramerOptions options;
  options.source = Source::kRaw;
  options.format = format;
  options.sample_rate_hz = rate_hz;
  options.channels = channels;
  options.wire_format = wire;
  options.wire_rate_hz = wire_rate_hz;
  return options;
}

FramerOptions Wav(Format wire, uint32_t wire_rate_hz) {
  FramerOptions options;
  options.source = Source::kWav;
  options.wire_format = wire;
  options.wire_rate_hz = wire_rate_hz;
  return options;
}

AudioFramer Made(const FramerOptions& options) {
  Result<AudioFramer> framer = AudioFramer::Create(options);
  if (!framer.ok()) check::Fail(__FILE__, __LINE__, framer.error().message);
  return std::move(framer.value());
}

// ---- Signals ----

// Two tones and noise, a different mix in each channel, as float samples of full scale 1.0.
std::vector<float> Signal(size_t frames, size_t channels, uint32_t rate_hz) {
  std::mt19937 random(7);
  std::vector<float> samples(frames * channels);
  for (size_t i = 0; i < samples.size(); ++i) {
    const double t = static_cast<double>(i / channels) / rate_hz;
    const double noise = static_cast<double>(random()) / 4294967296.0 - 0.5;
    const double tone = std::sin(2 * std::numbers::pi * 440 * t + static_cast<double>(i % channels));
    samples[i] = static_cast<float>(0.6 * tone + 0.3 * noise);
  }
  return samples;
}

Bytes SignalBytes(Format format, size_t frames, size_t channels, uint32_t rate_hz) {
  const std::vector<float> samples = Signal(frames, channels, rate_hz);
  Bytes bytes(samples.size() * BytesPerSample(format));
  FromFloat32(format, samples, bytes);
  return bytes;
}

void Append(Bytes& to, std::initializer_list<uint32_t> words, int bytes_each) {
  for (const uint32_t word : words)
    for (int i = 0; i < bytes_each; ++i) to.push_back(static_cast<uint8_t>(word >> (8 * i)));
}

void AppendText(Bytes& to, std::string_view text) { to.insert(to.end(), text.begin(), text.end()); }

// A WAV with a LIST chunk of odd length before the audio. `tag` as in WAVEFORMATEX.
Bytes WavFile(Format format, uint32_t tag, uint32_t rate_hz, uint32_t channels, const Bytes& audio) {
  const uint32_t frame = static_cast<uint32_t>(BytesPerSample(format)) * channels;
  const uint32_t size = static_cast<uint32_t>(audio.size());
  Bytes file;
  AppendText(file, "RIFF");
  Append(file, {4 + 24 + 14 + 8 + size}, 4);
  AppendText(file, "WAVEfmt ");
  Append(file, {16}, 4);
  Append(file, {tag, channels}, 2);
  Append(file, {rate_hz, rate_hz * frame}, 4);
  Append(file, {frame, static_cast<uint32_t>(BytesPerSample(format)) * 8}, 2);
  AppendText(file, "LIST");
  Append(file, {5}, 4);
  AppendText(file, std::string_view("INFOx\0", 6));
  AppendText(file, "data");
  Append(file, {size}, 4);
  file.insert(file.end(), audio.begin(), audio.end());
  return file;
}

// ---- Running a framer ----

// How many bytes the next chunk has.
using Cuts = std::function<size_t()>;
Cuts Whole() {
  return [] { return std::numeric_limits<size_t>::max(); };
}
Cuts Every(size_t bytes) {
  return [bytes] { return bytes; };
}
// Mostly small and odd, some empty, some of several messages.
Cuts Random(unsigned seed) {
  return [random = std::mt19937(seed)]() mutable {
    const unsigned kind = random() % 8;
    return size_t{kind == 0  ? 0
                  : kind < 5 ? 1 + random() % 40
                  : kind < 7 ? random() % 1500
                             : random() % 30000};
  };
}

// All the text of a stream. Every output buffer is as large as promised to be enough and no larger, on the
// heap, so that a sanitizer sees the first byte too many.
std::string Run(AudioFramer& framer, const Bytes& input, Cuts cuts) {
  std::string text;
  const auto take = [&](const Result<size_t>& written, const std::unique_ptr<uint8_t[]>& out) {
    if (!written.ok()) return check::Fail(__FILE__, __LINE__, written.error().message);
    text.append(out.get(), out.get() + written.value());
  };
  for (size_t at = 0; at < input.size();) {
    const size_t size = std::min(cuts(), input.size() - at);
    const size_t room = framer.MaxOutputBytes(size);
    const auto out = std::make_unique<uint8_t[]>(room);
    take(framer.Process(std::span(input).subspan(at, size), {out.get(), room}), out);
    at += size;
  }
  const size_t room = framer.MaxFlushBytes();
  const auto out = std::make_unique<uint8_t[]>(room);
  take(framer.Flush({out.get(), room}), out);
  return text;
}

std::string Run(const FramerOptions& options, const Bytes& input, Cuts cuts) {
  AudioFramer framer = Made(options);
  return Run(framer, input, std::move(cuts));
}

// ---- Reading messages ----

int SixBits(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

std::optional<Bytes> DecodeBase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int pads = 0; pads < 2 && text.ends_with('='); ++pads) text.remove_suffix(1);
  Bytes bytes;
  unsigned bits = 0, count = 0;
  for (const char c : text) {
    if (SixBits(c) < 0) return std::nullopt;
    bits = (bits << 6 | static_cast<unsigned>(SixBits(c))) & 0xFFFF;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<uint8_t>(bits >> count));
  }
  return bytes;
}

struct Messages {
  std::vector<size_t> lengths;      // of each message's text
  std::vector<size_t> audio_bytes;  // in each
  Bytes audio;                      // of all
};

// Strict: exactly the two shapes of the wire reference, one after the other, nothing between.
std::optional<Messages> Parse(std::string_view text, std::string_view id_json = "") {
  constexpr std::string_view kHead = R"({"type":"audio","audio":")";
  const std::string tail = id_json.empty() ? "\"}" : R"(","client_req_id":)" + std::string(id_json) + "}";
  Messages messages;
  while (!text.empty()) {
    if (!text.starts_with(kHead)) return std::nullopt;
    const size_t quote = text.find('"', kHead.size());
    if (quote == std::string_view::npos || !text.substr(quote).starts_with(tail)) return std::nullopt;
    const std::optional<Bytes> audio = DecodeBase64(text.substr(kHead.size(), quote - kHead.size()));
    if (!audio || audio->empty()) return std::nullopt;
    messages.lengths.push_back(quote + tail.size());
    messages.audio_bytes.push_back(audio->size());
    messages.audio.insert(messages.audio.end(), audio->begin(), audio->end());
    text.remove_prefix(quote + tail.size());
  }
  return messages;
}

Bytes AudioOf(const std::string& text) {
  const std::optional<Messages> messages = Parse(text);
  CHECK(messages.has_value());
  return messages ? messages->audio : Bytes{};
}

// ---- The parts, one by one ----

void ToSamples(Format from, const Bytes& src, std::span<int16_t> dst) { ToInt16(from, src, dst); }
void ToSamples(Format from, const Bytes& src, std::span<float> dst) { ToFloat32(from, src, dst); }
void FromSamples(Format to, std::span<const int16_t> src, Bytes& dst) { FromInt16(to, src, dst); }
void FromSamples(Format to, std::span<const float> src, Bytes& dst) { FromFloat32(to, src, dst); }

template <class Sample>
Bytes UnfusedResampled(const FramerOptions& o, const Bytes& source) {
  const size_t frames = source.size() / BytesPerSample(o.format) / o.channels;
  std::vector<Sample> samples(frames * o.channels), mono(frames);
  ToSamples(o.format, source, std::span<Sample>(samples));
  Downmix(o.channels, samples, std::span<Sample>(mono));
  Result<Resampler<Sample>> resampler = Resampler<Sample>::Create({o.sample_rate_hz, o.wire_rate_hz});
  std::vector<Sample> body(resampler.value().MaxOutputFrames(frames));
  body.resize(resampler.value().Process(std::span<const Sample>(mono), std::span(body)).value());
  std::vector<Sample> tail(resampler.value().MaxOutputFrames(0));
  tail.resize(resampler.value().Flush(std::span(tail)).value());
  body.insert(body.end(), tail.begin(), tail.end());
  Bytes wire(body.size() * BytesPerSample(o.wire_format));
  FromSamples(o.wire_format, std::span<const Sample>(body), wire);
  return wire;
}

Bytes Unfused(const FramerOptions& o, const Bytes& source) {
  if (o.sample_rate_hz == o.wire_rate_hz) {
    Bytes wire(source.size() / BytesPerSample(o.format) / o.channels * BytesPerSample(o.wire_format));
    ConvertSamples(o.format, o.channels, source, o.wire_format, 1, wire);
    return wire;
  }
  // The wires here are all of 16 bits; sources that are no wider go through int16.
  const bool narrow = BytesPerSample(o.format) <= 2;
  return narrow ? UnfusedResampled<int16_t>(o, source) : UnfusedResampled<float>(o, source);
}

size_t LengthLaw(size_t frames, uint32_t from_hz, uint32_t to_hz) {
  return (frames * to_hz + from_hz - 1) / from_hz;
}

std::string Name(const FramerOptions& o) {
  return std::string(SampleFormatName(o.format)) + " " + std::to_string(o.sample_rate_hz) + " Hz x " +
         std::to_string(o.channels) + " -> " + SampleFormatName(o.wire_format) + " " +
         std::to_string(o.wire_rate_hz) + " Hz";
}

}  // namespace

TEST("AudioFramer writes the two message shapes, equal in length but the last") {
  FramerOptions options = Raw(Format::kS16Le, 16000, 1, Format::kS16Le, 16000);
  const Bytes source = SignalBytes(Format::kS16Le, 3 * 1280 + 100, 1, 16000);
  for (const std::string id : {"", R"("a\"b\\c\u00e9")"}) {
    options.client_req_id_json = id;
    AudioFramer framer = Made(options);
    const std::optional<Messages> messages = Parse(Run(framer, source, Random(1)), id);
    REQUIRE(messages.has_value());
    REQUIRE(messages->lengths.size() == 4);
    for (size_t i = 0; i < 3; ++i) {
      CHECK_EQ(messages->lengths[i], framer.message_bytes());
      CHECK_EQ(messages->audio_bytes[i], 2560U);
    }
    CHECK_EQ(messages->audio_bytes[3], 200U);
  }
}

TEST("AudioFramer messages have the step sizes of the wire reference, times steps_per_message") {
  for (const uint32_t rate : {8000U, 16000U, 22050U, 24000U, 44100U, 48000U}) {
    for (const uint32_t steps : {1U, 10U}) {
      FramerOptions options = Raw(Format::kS16Le, rate, 1, Format::kS16Le, rate);
      options.steps_per_message = steps;
      const size_t step_bytes = rate * 2 * 80 / 1000;
      const Bytes source(step_bytes * steps * 2 + 2);
      const std::optional<Messages> messages = Parse(Run(options, source, Random(2)));
      REQUIRE(messages && messages->audio_bytes.size() == 3);
      CHECK_EQ(messages->audio_bytes[0], step_bytes * steps);
      CHECK_EQ(messages->audio_bytes[1], step_bytes * steps);
      CHECK_EQ(messages->audio_bytes[2], 2U);
    }
  }
}

TEST("AudioFramer passes bytes untouched when source and wire agree") {
  for (const Format format : {Format::kS16Le, Format::kMulaw, Format::kAlaw}) {
    std::mt19937 random(3);
    Bytes source(6000 * BytesPerSample(format));
    for (uint8_t& b : source) b = static_cast<uint8_t>(random());
    CHECK(AudioOf(Run(Raw(format, 8000, 1, format, 8000), source, Random(3))) == source);
  }
}

TEST("AudioFramer equals its parts and any cut gives the same bytes, for every source and wire") {
  const struct {
    uint32_t from_hz, to_hz;
  } pairs[] = {{8000, 8000}, {44100, 24000}, {48000, 8000}, {8000, 16000}};
  unsigned seed = 0;
  for (const Format format : kFormats) {
    for (const auto& [from_hz, to_hz] : pairs) {
      for (const Format wire : {Format::kS16Le, Format::kMulaw, Format::kAlaw}) {
        // 1 to 3 in turn: what channels become is the transcoder's, whose test has them all.
        ++seed;
        const auto channels = static_cast<uint16_t>(1 + (seed + seed / 3) % 3);
        const Bytes source = SignalBytes(format, from_hz / 5 + 13, channels, from_hz);
        const FramerOptions options = Raw(format, from_hz, channels, wire, to_hz);
        const std::string text = Run(options, source, Whole());
        Bytes expected = Unfused(options, source);
        if (expected.size() % 2 != 0) expected.push_back(wire == Format::kMulaw ? 0xFF : 0xD5);
        if (AudioOf(text) != expected) check::Fail(__FILE__, __LINE__, Name(options));
        if (Run(options, source, Random(seed)) != text)
          check::Fail(__FILE__, __LINE__, Name(options) + " cut with seed " + std::to_string(seed));
      }
    }
  }
}

TEST("AudioFramer gives the same bytes when fed byte by byte") {
  for (const Format format : {Format::kS24Le, Format::kMulaw, Format::kF64Be}) {
    for (const uint32_t to_hz : {16000U, 44100U}) {
      const FramerOptions options = Raw(format, 44100, 2, Format::kS16Le, to_hz);
      const Bytes source = SignalBytes(format, 4000, 2, 44100);
      const std::string text = Run(options, source, Whole());
      CHECK(Run(options, source, Every(1)) == text);
      CHECK(Run(options, source, Every(7)) == text);
    }
  }
}

TEST("AudioFramer writes the same message whichever two or three chunks bring it") {
  const FramerOptions options = Raw(Format::kMulaw, 8000, 1, Format::kMulaw, 8000);
  const Bytes source = SignalBytes(Format::kMulaw, 640 + 3, 1, 8000);
  const std::string text = Run(options, source, Whole());
  for (size_t first = 1; first < 640; ++first) {
    for (const size_t second : {size_t{1}, size_t{2}, source.size()}) {
      const Cuts cuts = [sizes = std::vector<size_t>{source.size(), second, first}]() mutable {
        const size_t size = sizes.back();
        sizes.pop_back();
        return size;
      };
      if (Run(options, source, cuts) != text)
        check::Fail(__FILE__, __LINE__, std::to_string(first) + ", " + std::to_string(second));
    }
  }
}

TEST("AudioFramer keeps the length law and counts wire_frames at every pair of rates") {
  for (const uint32_t from_hz : kRates) {
    for (const uint32_t to_hz : kRates) {
      for (const size_t frames : {1, 2, 999, 4001}) {
        const Bytes source = SignalBytes(Format::kS16Le, frames, 1, from_hz);
        AudioFramer framer = Made(Raw(Format::kS16Le, from_hz, 1, Format::kS16Le, to_hz));
        const Bytes audio = AudioOf(Run(framer, source, Random(5)));
        CHECK_EQ(audio.size() / 2, LengthLaw(frames, from_hz, to_hz));
        CHECK_EQ(framer.wire_frames(), LengthLaw(frames, from_hz, to_hz));
      }
    }
  }
}

TEST("AudioFramer keeps the length law at odd rates") {
  for (const uint32_t from_hz : {1000U, 11025U, 12345U, 96000U, 191999U, 192000U}) {
    const FramerOptions options = Raw(Format::kU8, from_hz, 1, Format::kS16Le, 24000);
    const Bytes source = SignalBytes(Format::kU8, 3001, 1, from_hz);
    const std::string text = Run(options, source, Whole());
    CHECK_EQ(AudioOf(text).size() / 2, LengthLaw(3001, from_hz, 24000));
    CHECK(Run(options, source, Random(6)) == text);
  }
}

TEST("AudioFramer wire_frames counts what is in messages, not what waits") {
  AudioFramer framer = Made(Raw(Format::kS16Le, 8000, 1, Format::kS16Le, 8000));
  const Bytes source(640 * 2 * 2 + 100);
  Bytes out(framer.MaxOutputBytes(source.size()));
  REQUIRE(framer.Process(source, out).ok());
  CHECK_EQ(framer.wire_frames(), 1280U);
  REQUIRE(framer.Flush(out).ok());
  CHECK_EQ(framer.wire_frames(), 1330U);
}

TEST("AudioFramer s16 stereo at the wire's rate is the exact mean, ties to even") {
  const int16_t samples[] = {1, 2, 2, 3, -1, 0, 32767, 32767, -32768, -32767, 100, -100};
  Bytes source(sizeof samples);
  FromInt16(Format::kS16Le, samples, source);
  const Bytes audio = AudioOf(Run(Raw(Format::kS16Le, 16000, 2, Format::kS16Le, 16000), source, Every(3)));
  std::vector<int16_t> mono(audio.size() / 2);
  ToInt16(Format::kS16Le, audio, mono);
  CHECK((mono == std::vector<int16_t>{2, 2, 0, 32767, -32768, 0}));
}

TEST("AudioFramer pads an odd G.711 tail with one code of silence") {
  const struct {
    Format law;
    uint8_t silence;
  } laws[] = {{Format::kMulaw, 0xFF}, {Format::kAlaw, 0xD5}};
  for (const auto& [law, silence] : laws) {
    for (const size_t codes : {1, 640, 641, 1279, 1280}) {
      const Bytes source(codes, 0x12);
      AudioFramer framer = Made(Raw(law, 8000, 1, law, 8000));
      Bytes expected = source;
      if (codes % 2 != 0) expected.push_back(silence);
      CHECK(AudioOf(Run(framer, source, Every(11))) == expected);
      CHECK_EQ(framer.wire_frames(), codes);
    }
  }
}

TEST("AudioFramer cuts opaque bytes into messages and changes none") {
  FramerOptions options;
  options.source = Source::kOpaque;
  options.wire_rate_hz = 24000;
  options.steps_per_message = 2;
  std::mt19937 random(8);
  Bytes source(3840 * 2 * 3 + 777);  // an odd tail: it is not ours to pad
  for (uint8_t& b : source) b = static_cast<uint8_t>(random());
  AudioFramer framer = Made(options);
  const std::optional<Messages> messages = Parse(Run(framer, source, Random(8)));
  REQUIRE(messages.has_value());
  CHECK(messages->audio == source);
  CHECK((messages->audio_bytes == std::vector<size_t>{7680, 7680, 7680, 777}));
  CHECK_EQ(framer.wire_frames(), 0U);
  CHECK(framer.wav() == nullptr);
}

TEST("AudioFramer of nothing writes nothing") {
  CHECK(Run(Raw(Format::kS24Le, 44100, 2, Format::kMulaw, 8000), {}, Whole()).empty());
  FramerOptions opaque;
  opaque.source = Source::kOpaque;
  opaque.wire_rate_hz = 24000;
  CHECK(Run(opaque, {}, Whole()).empty());
}

TEST("AudioFramer drops an unfinished frame at the end and says how many bytes it had") {
  for (const uint32_t to_hz : {44100U, 24000U}) {
    const FramerOptions options = Raw(Format::kS24Le, 44100, 2, Format::kS16Le, to_hz);
    Bytes source = SignalBytes(Format::kS24Le, 5000, 2, 44100);
    const std::string text = Run(options, source, Whole());
    source.insert(source.end(), {1, 2, 3, 4, 5});
    AudioFramer framer = Made(options);
    CHECK(Run(framer, source, Random(9)) == text);
    CHECK_EQ(framer.leftover_bytes(), 5U);
    source.erase(source.end() - 5, source.end());
    CHECK(Run(framer, source, Random(9)) == text);
    CHECK_EQ(framer.leftover_bytes(), 0U);
  }
}

TEST("AudioFramer takes nothing when the output is too small") {
  const FramerOptions options = Raw(Format::kS16Be, 16000, 2, Format::kS16Le, 24000);
  const Bytes source = SignalBytes(Format::kS16Be, 9000, 2, 16000);
  const std::string expected = Run(options, source, Whole());
  AudioFramer framer = Made(options);
  const size_t room = framer.MaxOutputBytes(source.size());
  Bytes out(room, 0xEE);
  const Result<size_t> refused = framer.Process(source, std::span(out).first(room - 1));
  REQUIRE(!refused.ok());
  CHECK(refused.error().code == ErrorCode::kOutputTooSmall);
  CHECK((out == Bytes(room, 0xEE)));
  const Result<size_t> taken = framer.Process(source, out);
  REQUIRE(taken.ok());
  std::string text(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(taken.value()));

  const size_t last = framer.MaxFlushBytes();
  const Result<size_t> refused_flush = framer.Flush(std::span(out).first(last - 1));
  REQUIRE(!refused_flush.ok());
  CHECK(refused_flush.error().code == ErrorCode::kOutputTooSmall);
  const Result<size_t> flushed = framer.Flush(out);
  REQUIRE(flushed.ok());
  text.append(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(flushed.value()));
  CHECK(text == expected);
}

TEST("AudioFramer MaxOutputBytes is proportional to the work") {
  AudioFramer framer = Made(Raw(Format::kS24Le, 44100, 2, Format::kS16Le, 24000));
  // One second: 12.5 steps of messages, and at most one more.
  CHECK_LE(framer.MaxOutputBytes(44100 * 6), 13 * framer.message_bytes());
  CHECK_LE(framer.MaxOutputBytes(1), framer.message_bytes());
  CHECK_LE(framer.MaxFlushBytes(), framer.message_bytes());

  AudioFramer wav = Made(Wav(Format::kS16Le, 48000));
  CHECK_LE(wav.MaxOutputBytes(4096), size_t{4096} * 96 * 4 / 3 * 11 / 10 + wav.message_bytes());
  // Sizes that no chunk has are capped, so that nothing overflows.
  for (const AudioFramer* f : {&wav, &framer})
    CHECK_EQ(f->MaxOutputBytes(std::numeric_limits<size_t>::max()), f->MaxOutputBytes(size_t{1} << 50));
}

// A loud tone above the new Nyquist frequency is filtered out, not clipped: clipping before the filter would
// leave its distortion in the band.
TEST("AudioFramer leaves room above full scale before the filter") {
  constexpr uint32_t kFrom = 48000;
  Bytes loud;
  for (size_t n = 0; n < kFrom; ++n) {
    const double t = static_cast<double>(n) / kFrom;
    const auto x = static_cast<float>(0.25 * std::sin(2 * std::numbers::pi * 997 * t) +
                                      2 * std::sin(2 * std::numbers::pi * 15013 * t));
    const auto bits = std::bit_cast<uint32_t>(x);
    for (unsigned shift = 0; shift < 32; shift += 8) loud.push_back(static_cast<uint8_t>(bits >> shift));
  }
  const Bytes wire = AudioOf(Run(Raw(Format::kF32Le, kFrom, 1, Format::kS16Le, 16000), loud, Whole()));
  REQUIRE(wire.size() == 16000U * 2);
  double worst = 0;
  for (size_t k = 1600; k < 14400; ++k) {
    const auto got = static_cast<int16_t>(wire[2 * k] | wire[2 * k + 1] << 8);
    const double want = 8192 * std::sin(2 * std::numbers::pi * 997 * static_cast<double>(k) / 16000);
    worst = std::max(worst, std::abs(got - want));
  }
  CHECK_LE(worst, 2.0);
}

TEST("AudioFramer MaxOutputBytes is the same at any moment, and enough") {
  for (const FramerOptions& options : {Raw(Format::kS24Le, 44100, 2, Format::kS16Le, 24000),
                                       Raw(Format::kS16Le, 8000, 1, Format::kS16Le, 8000),
                                       Raw(Format::kF64Le, 8000, 3, Format::kS16Le, 48000)}) {
    AudioFramer framer = Made(options);
    const Bytes source = SignalBytes(options.format, 20000, options.channels, options.sample_rate_hz);
    for (const size_t chunk : {1U, 7U, 480U, 5001U}) {
      const size_t room = framer.MaxOutputBytes(chunk);
      Bytes out(room);
      for (size_t at = 0; at + chunk <= source.size() && at < 300 * chunk; at += chunk) {
        REQUIRE(framer.Process(std::span(source).subspan(at, chunk), out).ok());
        CHECK_EQ(framer.MaxOutputBytes(chunk), room);
      }
    }
  }
}

TEST("AudioFramer is as new after Reset and after Flush") {
  const FramerOptions options = Raw(Format::kF32Le, 48000, 2, Format::kMulaw, 8000);
  const Bytes a = SignalBytes(Format::kF32Le, 12345, 2, 48000);
  const Bytes b = SignalBytes(Format::kF32Le, 7777, 2, 44100);
  const std::string expected = Run(options, b, Whole());
  AudioFramer framer = Made(options);
  Run(framer, a, Random(10));
  CHECK(Run(framer, b, Random(11)) == expected);  // straight after a Flush
  Bytes out(framer.MaxOutputBytes(a.size() - 3));
  REQUIRE(framer.Process(std::span(a).first(a.size() - 3), out).ok());
  framer.Reset();
  CHECK_EQ(framer.wire_frames(), 0U);
  CHECK_EQ(framer.MaxFlushBytes(), 0U);
  CHECK(Run(framer, b, Random(12)) == expected);
  CHECK_EQ(framer.MaxFlushBytes(), 0U);
  CHECK_EQ(framer.Flush({}).value(), 0U);  // a second Flush has nothing to say
}

TEST("AudioFramer keeps NaNs, infinities and the loudest floats out of the filter") {
  const float infinity = std::numeric_limits<float>::infinity();
  std::vector<float> samples(20000, 0.0F);
  const float bad[] = {std::numeric_limits<float>::quiet_NaN(), infinity, -infinity,
                       std::numeric_limits<float>::max()};
  std::copy(std::begin(bad), std::end(bad), samples.begin() + 9000);
  std::fill(samples.begin() + 15000, samples.end(), 0.5F);
  Bytes source(samples.size() * 4);
  FromFloat32(Format::kF32Le, samples, source);
  const Bytes audio = AudioOf(Run(Raw(Format::kF32Le, 48000, 1, Format::kS16Le, 24000), source, Random(13)));
  std::vector<int16_t> wire(audio.size() / 2);
  ToInt16(Format::kS16Le, audio, wire);
  REQUIRE(wire.size() == 10000);
  for (size_t i = 0; i < 4000; ++i) CHECK_EQ(wire[i], 0);
  for (size_t i = 5000; i < 7000; ++i) CHECK_EQ(wire[i], 0);
  for (size_t i = 8000; i < 9500; ++i) CHECK_LE(std::abs(wire[i] - 16384), 2);
}

TEST("AudioFramer lets one NaN cost one sample") {
  std::vector<float> samples(20000, 0.5F);
  samples[9000] = std::numeric_limits<float>::quiet_NaN();
  Bytes source(samples.size() * 8);
  FromFloat32(Format::kF64Be, samples, source);
  const Bytes audio = AudioOf(Run(Raw(Format::kF64Be, 48000, 1, Format::kS16Le, 24000), source, Random(18)));
  std::vector<int16_t> wire(audio.size() / 2);
  ToInt16(Format::kS16Le, audio, wire);
  REQUIRE(wire.size() == 10000);
  // A missing 0.5 at twice the wire's rate: a dip by a quarter of full scale at most, at one place.
  for (size_t i = 4000; i < 5000; ++i) CHECK_LE(8000, wire[i]);
}

TEST("AudioFramer mixes 65535 channels") {
  const Bytes source(65535 * 40, 0xC0);
  const FramerOptions resampled = Raw(Format::kU8, 8000, 65535, Format::kS16Le, 16000);
  CHECK_EQ(AudioOf(Run(resampled, source, Random(14))).size(), 160U);
  const Bytes audio = AudioOf(Run(Raw(Format::kU8, 8000, 65535, Format::kS16Le, 8000), source, Random(14)));
  CHECK((audio == AudioOf(Run(Raw(Format::kU8, 8000, 1, Format::kS16Le, 8000), Bytes(40, 0xC0), Whole()))));
}

TEST("AudioFramer refuses options out of range") {
  const auto code = [](const FramerOptions& options) {
    const Result<AudioFramer> framer = AudioFramer::Create(options);
    return framer.ok() ? std::string("ok") : std::string(ErrorCodeName(framer.error().code));
  };
  const FramerOptions good = Raw(Format::kS16Le, 8000, 1, Format::kS16Le, 16000);
  CHECK(code(good) == "ok");
  for (const uint32_t rate : {0U, 999U, 192001U, 16001U, 4294967295U}) {
    FramerOptions options = good;
    options.wire_rate_hz = rate;
    CHECK(code(options) == "ERR_INVALID_RATE");
  }
  for (const uint32_t rate : {0U, 999U, 192001U}) {
    FramerOptions options = good;
    options.sample_rate_hz = rate;
    CHECK(code(options) == "ERR_INVALID_RATE");
  }
  for (const uint32_t steps : {0U, kMaxStepsPerMessage + 1, 4294967295U}) {
    FramerOptions options = good;
    options.steps_per_message = steps;
    CHECK(code(options) == "ERR_INVALID_LENGTH");
  }
  FramerOptions options = good;
  options.channels = 0;
  CHECK(code(options) == "ERR_INVALID_CHANNELS");
}

TEST("AudioFramer of a WAV equals the framer of its samples, whatever the cuts") {
  const struct {
    Format format;
    uint32_t tag, rate_hz, channels;
    Format wire;
    uint32_t wire_rate_hz;
  } cases[] = {
      {Format::kS16Le, 1, 16000, 1, Format::kS16Le, 16000},  // untouched
      {Format::kS16Le, 1, 8000, 2, Format::kS16Le, 8000},
      {Format::kS24Le, 1, 44100, 2, Format::kS16Le, 24000},
      {Format::kU8, 1, 11025, 1, Format::kS16Le, 16000},
      {Format::kF32Le, 3, 48000, 1, Format::kMulaw, 8000},
      {Format::kF64Le, 3, 48000, 2, Format::kAlaw, 8000},
      {Format::kMulaw, 7, 8000, 1, Format::kMulaw, 8000},
      {Format::kAlaw, 6, 8000, 1, Format::kS16Le, 8000},
      {Format::kS32Le, 1, 96000, 3, Format::kS16Le, 24000},
  };
  for (const auto& c : cases) {
    const Bytes audio = SignalBytes(c.format, 4001, c.channels, c.rate_hz);
    const Bytes file = WavFile(c.format, c.tag, c.rate_hz, c.channels, audio);
    const std::string expected = Run(
        Raw(c.format, c.rate_hz, static_cast<uint16_t>(c.channels), c.wire, c.wire_rate_hz), audio, Whole());
    AudioFramer framer = Made(Wav(c.wire, c.wire_rate_hz));
    for (unsigned seed = 0; seed < 6; ++seed) {
      const Cuts cuts = seed == 0 ? Whole() : seed == 1 ? Every(1) : Random(seed);
      CHECK(Run(framer, file, cuts) == expected);  // one framer, file after file
      REQUIRE(framer.wav() != nullptr && framer.wav()->has_info());
      CHECK_EQ(framer.wav()->info().sample_rate_hz, c.rate_hz);
      CHECK_EQ(framer.wav()->frames(), 4001U);
      CHECK_EQ(framer.wire_frames(), LengthLaw(4001, c.rate_hz, c.wire_rate_hz));
    }
  }
}

TEST("AudioFramer changes source format from file to file") {
  AudioFramer framer = Made(Wav(Format::kS16Le, 16000));
  for (const uint32_t rate : {8000U, 16000U, 44100U, 8000U}) {
    const Bytes audio = SignalBytes(Format::kS24Le, 3000, 1, rate);
    const std::string expected = Run(Raw(Format::kS24Le, rate, 1, Format::kS16Le, 16000), audio, Whole());
    const Bytes file = WavFile(Format::kS24Le, 1, rate, 1, audio);
    CHECK(Run(framer, file, Random(15)) == expected);
    CHECK(Run(framer, file, Whole()) == expected);
    // Nothing of the last header is in the promise for the next.
    CHECK_EQ(framer.MaxOutputBytes(5000), Made(Wav(Format::kS16Le, 16000)).MaxOutputBytes(5000));
  }
}

TEST("AudioFramer sends the whole frames of a cut WAV") {
  const Bytes audio = SignalBytes(Format::kS16Le, 5000, 2, 16000);
  Bytes file = WavFile(Format::kS16Le, 1, 16000, 2, audio);
  file.erase(file.end() - 7, file.end());
  AudioFramer framer = Made(Wav(Format::kS16Le, 16000));
  CHECK_EQ(AudioOf(Run(framer, file, Random(16))).size(), 4998U * 2);
  CHECK_EQ(framer.wav()->frames(), 4998U);
  CHECK((framer.wav()->warnings() & 1U << static_cast<unsigned>(WavWarning::kTruncated)) != 0);
}

TEST("AudioFramer reports a bad WAV, again and again, until Reset") {
  AudioFramer framer = Made(Wav(Format::kS16Le, 16000));
  const Bytes bad(100, 'x');
  Bytes out(framer.MaxOutputBytes(5000));
  const Result<size_t> first = framer.Process(bad, out);
  REQUIRE(!first.ok());
  CHECK(ErrorCodeKind(first.error().code) == ErrorKind::kFormat);
  const Bytes audio = SignalBytes(Format::kS16Le, 1000, 1, 16000);
  const Bytes good = WavFile(Format::kS16Le, 1, 16000, 1, audio);
  const Result<size_t> second = framer.Process(good, out);
  REQUIRE(!second.ok());
  CHECK(second.error().code == first.error().code);
  CHECK(!framer.Flush(out).ok());
  framer.Reset();
  CHECK(AudioOf(Run(framer, good, Random(17))) == audio);
}

TEST("AudioFramer Flush reports a WAV without audio chunk") {
  AudioFramer framer = Made(Wav(Format::kS16Le, 16000));
  const Bytes file = WavFile(Format::kS16Le, 1, 16000, 1, {});
  Bytes out(framer.MaxOutputBytes(30));
  REQUIRE(framer.Process(std::span(file).first(30), out).ok());
  CHECK(!framer.Flush(out).ok());
  CHECK(!framer.Flush(out).ok());
}

TEST("AudioFramer names the rate of a WAV that cannot be resampled") {
  for (const uint32_t rate : {1U, 999U, 384000U}) {
    AudioFramer framer = Made(Wav(Format::kS16Le, 16000));
    const Bytes file = WavFile(Format::kS16Le, 1, rate, 1, Bytes(100));
    Bytes out(framer.MaxOutputBytes(file.size()));
    const Result<size_t> refused = framer.Process(file, out);
    REQUIRE(!refused.ok());
    CHECK(refused.error().code == ErrorCode::kWavUnsupportedRate);
    CHECK_EQ(refused.error().byte_offset, 24U);
    CHECK(refused.error().message.find(std::to_string(rate)) != std::string::npos);
    CHECK(!framer.Flush(out).ok());  // never an empty success
  }
}

TEST("AudioFramer MaxOutputBytes holds for the worst header") {
  const Bytes file = WavFile(Format::kU8, 1, kMinRateHz, 1, SignalBytes(Format::kU8, 3000, 1, kMinRateHz));
  AudioFramer framer = Made(Wav(Format::kS16Le, 48000));
  const std::string text = Run(framer, file, Whole());  // Run's buffers are as large as promised
  CHECK_EQ(AudioOf(text).size(), 3000U * 48 * 2);
}

// The resampler hands out groups of frames. One that was held back may come on top of what a chunk's own
// length gives, and complete a message more. Of these pairs some did (16 to 8 kHz after 134 frames), and it
// was written behind the output. How many frames come is no kernel's doing.
TEST_ONCE("AudioFramer promises room for what the resampler held back as well") {
  for (const uint32_t from_hz : {8000U, 12345U, 16000U, 32000U, 44100U, 48000U}) {
    for (const uint32_t to_hz : {8000U, 22050U, 24000U}) {
      for (const Format format : {Format::kS16Le, Format::kF32Le}) {
        const size_t frame_bytes = BytesPerSample(format);
        const size_t step_frames = size_t{to_hz} * kStepMs / 1000 * from_hz / to_hz;
        AudioFramer framer = Made(Raw(format, from_hz, 1, Format::kS16Le, to_hz));
        Bytes out;
        const auto feed = [&](size_t frames) {
          const Bytes chunk(frames * frame_bytes);
          const size_t room = framer.MaxOutputBytes(chunk.size());
          out.resize(room + 2 * framer.message_bytes());  // so that what is too much is seen
          const Result<size_t> written = framer.Process(chunk, std::span(out).first(room));
          REQUIRE(written.ok());
          CHECK_LE(written.value(), room);
        };
        for (size_t lead = 1; lead < 330; lead += 7) {  // 134 among them
          framer.Reset();
          feed(lead);
          for (int i = 0; i < 3; ++i) feed(step_frames);
        }
      }
    }
  }
}
