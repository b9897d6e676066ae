// Any bytes through any framer: whole JSON messages of valid base64, of the promised length, that hold the
// audio and nothing else, however the input was cut.
#include "base64_decode.h"
#include "core/audio_framer.h"
#include "fuzz.h"

using namespace sluice;

namespace {

using Source = FramerOptions::Source;

constexpr std::string_view kHead = R"({"type":"audio","audio":")";

constexpr SampleFormat kFormats[] = {
#define X(name, text, bytes, bits) SampleFormat::name,
    SLUICE_SAMPLE_FORMATS(X)
#undef X
};
constexpr SampleFormat kWireFormats[] = {SampleFormat::kS16Le, SampleFormat::kMulaw, SampleFormat::kAlaw};

struct Framed {
  std::optional<Error> error;
  std::string text;  // up to the error
  uint64_t wire_frames = 0;
  size_t leftover_bytes = 0;
};

bool SameError(const Result<size_t>& a, const Error& b) {
  return !a.ok() && a.error().code == b.code && a.error().byte_offset == b.byte_offset &&
         a.error().message == b.message;
}

// One call with exactly the room it asks for, and before that with a byte less, which must change nothing.
template <class Call>
void Take(size_t most, Call call, Framed& framed) {
  if (most > 0) {
    fuzz::Room<uint8_t> too_small(most - 1);
    const Result<size_t> refused = call(too_small.span());
    FUZZ_CHECK(!refused.ok() && refused.error().code == ErrorCode::kOutputTooSmall);
  }
  fuzz::Room<uint8_t> room(most);
  const Result<size_t> written = call(room.span());
  if (!written.ok()) {
    FUZZ_CHECK(SameError(call(room.span()), written.error()));  // until Reset
    framed.error = written.error();
    return;
  }
  FUZZ_CHECK(written.value() <= most);
  framed.text.append(reinterpret_cast<const char*>(room.data()), written.value());
}

Framed Frame(AudioFramer& framer, std::span<const uint8_t> bytes, fuzz::Cuts cuts) {
  Framed framed;
  for (size_t left = bytes.size(); left > 0 && !framed.error;) {
    const size_t count = cuts.Next(left);
    const auto part = bytes.subspan(bytes.size() - left, count);
    const std::vector<uint8_t> chunk(part.begin(), part.end());
    const size_t before = framed.text.size();
    Take(
        framer.MaxOutputBytes(count), [&](std::span<uint8_t> out) { return framer.Process(chunk, out); },
        framed);
    FUZZ_CHECK((framed.text.size() - before) % framer.message_bytes() == 0);
    left -= count;
  }
  if (!framed.error)
    Take(
        framer.MaxFlushBytes(), [&](std::span<uint8_t> out) { return framer.Flush(out); }, framed);
  framed.wire_frames = framer.wire_frames();
  framed.leftover_bytes = framer.leftover_bytes();
  return framed;
}

// The audio in the messages, which are all there is in the text.
std::vector<uint8_t> AudioIn(const std::string& text, const FramerOptions& options, size_t message_bytes) {
  const std::string tail = options.client_req_id_json.empty()
                               ? R"("})"
                               : R"(","client_req_id":)" + options.client_req_id_json + "}";
  const size_t sample = options.source == Source::kOpaque ? 2 : BytesPerSample(options.wire_format);
  const size_t step = size_t{options.wire_rate_hz} * kStepMs / 1000 * sample;
  std::vector<uint8_t> audio;
  for (size_t at = 0; at < text.size(); at += message_bytes) {
    const std::string_view message = std::string_view(text).substr(at, message_bytes);
    FUZZ_CHECK(message.starts_with(kHead) && message.ends_with(tail));
    FUZZ_CHECK(message.size() > kHead.size() + tail.size());
    const auto base64 = message.substr(kHead.size(), message.size() - kHead.size() - tail.size());
    const auto decoded = fuzz::DecodeBase64({reinterpret_cast<const uint8_t*>(base64.data()), base64.size()});
    FUZZ_CHECK(decoded.has_value());
    const bool last = at + message_bytes >= text.size();
    FUZZ_CHECK(last ? decoded->size() <= step * options.steps_per_message
                    : decoded->size() == step * options.steps_per_message);
    audio.insert(audio.end(), decoded->begin(), decoded->end());
  }
  return audio;
}

// What the framer should have found in the source.
struct Found {
  std::vector<uint8_t> audio;
  SampleFormat format = SampleFormat::kU8;
  uint32_t rate_hz = 0;
  size_t channels = 1;
  size_t FrameBytes() const { return BytesPerSample(format) * channels; }
};

Found FindInWav(std::span<const uint8_t> bytes, uint64_t file_bytes) {
  WavReader reader(file_bytes);
  Found found;
  for (size_t at = 0; at < bytes.size();) {
    const auto piece = reader.Process(bytes.subspan(at));
    FUZZ_CHECK(piece.ok());
    found.audio.insert(found.audio.end(), piece.value().audio.begin(), piece.value().audio.end());
    at += piece.value().consumed;
  }
  FUZZ_CHECK(reader.Finish().ok());
  found.format = reader.info().format;
  found.rate_hz = reader.info().sample_rate_hz;
  found.channels = reader.info().channels;
  return found;
}

void CheckContent(const Framed& framed, const FramerOptions& options, const Found& found,
                  std::vector<uint8_t> audio) {
  const size_t frames = found.audio.size() / found.FrameBytes();
  const uint64_t wire_frames = (uint64_t{frames} * options.wire_rate_hz + found.rate_hz - 1) / found.rate_hz;
  FUZZ_CHECK(framed.leftover_bytes == found.audio.size() % found.FrameBytes());
  FUZZ_CHECK(framed.wire_frames == wire_frames);
  // An odd tail of G.711 got one code of silence.
  const size_t bytes = wire_frames * BytesPerSample(options.wire_format);
  FUZZ_CHECK(audio.size() == bytes + bytes % 2);
  if (bytes % 2 != 0) FUZZ_CHECK(audio.back() == (options.wire_format == SampleFormat::kMulaw ? 0xFF : 0xD5));
  audio.resize(bytes);
  if (found.rate_hz != options.wire_rate_hz) return;
  std::vector<uint8_t> want(bytes);
  ConvertSamples(found.format, found.channels, std::span(found.audio).first(frames * found.FrameBytes()),
                 options.wire_format, 1, want);
  FUZZ_CHECK(audio == want);
}

uint32_t RateOf(fuzz::Input& input) {
  constexpr uint32_t kRates[] = {8000, 8000, 11025, 16000, 22050, 24000, 24000, 32000, 44100, 48000};
  return input.Below(16) == 0 ? input.Number() % 250000 : input.OneOf(kRates);
}

FramerOptions OptionsFrom(fuzz::Input& input) {
  FramerOptions options;
  constexpr Source kSources[] = {Source::kWav, Source::kWav, Source::kRaw, Source::kOpaque};
  options.source = input.OneOf(kSources);
  options.format = input.OneOf(kFormats);
  options.sample_rate_hz = RateOf(input);
  constexpr uint16_t kChannels[] = {1, 1, 1, 2, 2, 3, 64, 5000, 0};
  options.channels = input.OneOf(kChannels);
  options.wire_format = input.OneOf(kWireFormats);
  options.wire_rate_hz = RateOf(input);
  constexpr uint32_t kSteps[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 10, 125, 0, 126};
  options.steps_per_message = input.OneOf(kSteps);
  if (input.Below(2) == 1) options.client_req_id_json = R"("a \"quoted\" id")";
  return options;
}

// What the header of AudioFramer::Create says.
bool IsAllowed(const FramerOptions& o) {
  const auto is_rate = [](uint32_t hz) { return hz >= kMinRateHz && hz <= kMaxRateHz; };
  if (!is_rate(o.wire_rate_hz) || o.wire_rate_hz % 25 != 0) return false;
  if (o.steps_per_message < 1 || o.steps_per_message > kMaxStepsPerMessage) return false;
  return o.source != Source::kRaw || (is_rate(o.sample_rate_hz) && o.channels >= 1);
}

bool IsCreateError(ErrorCode code) {
  return code == ErrorCode::kInvalidRate || code == ErrorCode::kInvalidChannels ||
         code == ErrorCode::kInvalidLength;
}

}  // namespace

FUZZ_TARGET(audio_framer) {
  const uint32_t cuts = input.Number();
  const bool size_known = input.Below(2) == 1;
  FramerOptions options = OptionsFrom(input);
  const std::vector<uint8_t> bytes = input.Rest();
  if (size_known) options.source_bytes = bytes.size();

  auto made = AudioFramer::Create(options);
  FUZZ_CHECK(made.ok() == IsAllowed(options));
  if (!made.ok()) {
    FUZZ_CHECK(IsCreateError(made.error().code));
    return;
  }
  AudioFramer& framer = made.value();
  const Framed whole = Frame(framer, bytes, fuzz::Cuts(0));

  auto other = AudioFramer::Create(options);
  const Framed pieces = Frame(other.value(), bytes, fuzz::Cuts(cuts));
  FUZZ_CHECK(whole.error.has_value() == pieces.error.has_value());
  if (whole.error) {
    FUZZ_CHECK(SameError(*pieces.error, *whole.error));
  } else {
    FUZZ_CHECK(whole.text == pieces.text && whole.wire_frames == pieces.wire_frames &&
               whole.leftover_bytes == pieces.leftover_bytes);
  }
  // Reset in mid-stream and after an error; it forgets the size of the first source.
  options.source_bytes = kUnknownSize;
  framer.Reset();
  const Framed again = Frame(framer, bytes, fuzz::Cuts(cuts + 1));
  auto fresh = AudioFramer::Create(options);
  const Framed anew = Frame(fresh.value(), bytes, fuzz::Cuts(cuts + 1));
  FUZZ_CHECK(again.error.has_value() == anew.error.has_value() && again.text == anew.text);

  const std::vector<uint8_t> audio = AudioIn(anew.text, options, framer.message_bytes());
  if (anew.error) return;
  if (options.source == Source::kOpaque) {
    FUZZ_CHECK(audio == bytes && anew.leftover_bytes == 0);
  } else if (options.source == Source::kRaw) {
    CheckContent(anew, options, {bytes, options.format, options.sample_rate_hz, options.channels}, audio);
  } else {
    CheckContent(anew, options, FindInWav(bytes, kUnknownSize), audio);
  }
}
