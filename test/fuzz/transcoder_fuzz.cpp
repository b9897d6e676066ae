// Any bytes through any transcoder: whole frames, as many as the length law says, in the room that was
// promised, however the input was cut; and what its parts make of the same audio.
#include <optional>

#include "core/transcoder.h"
#include "fuzz.h"

using namespace sluice;

namespace {

using Source = TranscoderOptions::Source;

constexpr SampleFormat kFormats[] = {
#define X(name, text, bytes, bits) SampleFormat::name,
    SLUICE_SAMPLE_FORMATS(X)
#undef X
};

struct Made {
  std::optional<Error> error;
  std::vector<uint8_t> bytes;  // up to the error
  uint64_t frames = 0;
  size_t leftover_bytes = 0;
  size_t channels = 0;
};

bool SameError(const Error& a, const Error& b) {
  return a.code == b.code && a.byte_offset == b.byte_offset && a.message == b.message;
}

// One call with exactly the room it asks for, and before that with a byte less, which must change nothing.
template <class Call>
void Take(size_t most, Call call, Made& made) {
  if (most > 0) {
    fuzz::Room<uint8_t> too_small(most - 1);
    const Result<size_t> refused = call(too_small.span());
    FUZZ_CHECK(!refused.ok() && refused.error().code == ErrorCode::kOutputTooSmall);
  }
  fuzz::Room<uint8_t> room(most);
  const Result<size_t> written = call(room.span());
  if (!written.ok()) {
    const Result<size_t> again = call(room.span());
    FUZZ_CHECK(!again.ok() && SameError(again.error(), written.error()));  // until Reset
    made.error = written.error();
    return;
  }
  FUZZ_CHECK(written.value() <= most);
  made.bytes.insert(made.bytes.end(), room.data(), room.data() + written.value());
}

Made Run(Transcoder& transcoder, std::span<const uint8_t> bytes, fuzz::Cuts cuts) {
  Made made;
  for (size_t left = bytes.size(); left > 0 && !made.error;) {
    const size_t count = cuts.Next(left);
    const auto part = bytes.subspan(bytes.size() - left, count);
    const std::vector<uint8_t> chunk(part.begin(), part.end());
    Take(
        transcoder.MaxOutputBytes(count),
        [&](std::span<uint8_t> out) { return transcoder.Process(chunk, out); }, made);
    left -= count;
  }
  if (!made.error) {
    const size_t due = transcoder.FlushBytes();
    const size_t before = made.bytes.size();
    Take(
        due, [&](std::span<uint8_t> out) { return transcoder.Flush(out); }, made);
    FUZZ_CHECK(made.error || made.bytes.size() - before == due);
  }
  made.frames = transcoder.frames();
  made.leftover_bytes = transcoder.leftover_bytes();
  made.channels = transcoder.target_channels();
  return made;
}

// What the transcoder should have found in the source.
struct Found {
  std::vector<uint8_t> audio;
  SampleFormat format = SampleFormat::kU8;
  uint32_t rate_hz = 0;
  size_t channels = 1;
  size_t FrameBytes() const { return BytesPerSample(format) * channels; }
};

Found FindInWav(std::span<const uint8_t> bytes) {
  WavReader reader;
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

void CheckContent(const Made& made, const TranscoderOptions& options, const Found& found) {
  const size_t frames = found.audio.size() / found.FrameBytes();
  const size_t channels = options.target_channels == 0 ? found.channels : options.target_channels;
  FUZZ_CHECK(made.leftover_bytes == found.audio.size() % found.FrameBytes());
  FUZZ_CHECK(made.frames == (uint64_t{frames} * options.target_rate_hz + found.rate_hz - 1) / found.rate_hz);
  FUZZ_CHECK(made.bytes.size() == made.frames * channels * BytesPerSample(options.target_format));
  if (frames > 0) FUZZ_CHECK(made.channels == channels);
  if (found.rate_hz != options.target_rate_hz) return;
  std::vector<uint8_t> want(made.bytes.size());
  ConvertSamples(found.format, found.channels, std::span(found.audio).first(frames * found.FrameBytes()),
                 options.target_format, channels, want);
  FUZZ_CHECK(made.bytes == want);
}

uint32_t RateOf(fuzz::Input& input) {
  constexpr uint32_t kRates[] = {8000, 8000, 11025, 16000, 22050, 24000, 24000, 32000, 44100, 48000};
  return input.Below(16) == 0 ? input.Number() % 250000 : input.OneOf(kRates);
}

TranscoderOptions OptionsFrom(fuzz::Input& input) {
  TranscoderOptions options;
  options.source = input.Below(2) == 0 ? Source::kWav : Source::kRaw;
  options.format = input.OneOf(kFormats);
  options.sample_rate_hz = RateOf(input);
  constexpr uint16_t kChannels[] = {1, 1, 1, 2, 2, 3, 64, 65, 5000, 0};
  options.channels = input.OneOf(kChannels);
  options.target_format = input.OneOf(kFormats);
  options.target_rate_hz = RateOf(input);
  constexpr uint16_t kTargetChannels[] = {1, 1, 1, 0, 0, 0, 2, 3, 64, 65};
  options.target_channels = input.OneOf(kTargetChannels);
  constexpr ResamplerQuality kQualities[] = {ResamplerQuality::kDefault, ResamplerQuality::kFast,
                                             ResamplerQuality::kBest};
  options.quality = input.OneOf(kQualities);
  return options;
}

bool IsRate(uint32_t hz) { return hz >= kMinRateHz && hz <= kMaxRateHz; }

bool CanBecome(size_t channels, const TranscoderOptions& o) {
  const size_t target = o.target_channels == 0 ? channels : o.target_channels;
  return channels >= 1 && target <= kMaxTargetChannels && CanMixChannels(channels, target);
}

// What the header of Transcoder::Create says.
bool IsAllowed(const TranscoderOptions& o) {
  if (!IsRate(o.target_rate_hz) || o.target_channels > kMaxTargetChannels) return false;
  return o.source != Source::kRaw || (IsRate(o.sample_rate_hz) && CanBecome(o.channels, o));
}

}  // namespace

FUZZ_TARGET(transcoder) {
  const uint32_t cuts = input.Number();
  const bool size_known = input.Below(2) == 1;
  TranscoderOptions options = OptionsFrom(input);
  const std::vector<uint8_t> bytes = input.Rest();
  if (size_known) options.source_bytes = bytes.size();

  auto created = Transcoder::Create(options);
  FUZZ_CHECK(created.ok() == IsAllowed(options));
  if (!created.ok()) {
    const ErrorCode code = created.error().code;
    FUZZ_CHECK(code == ErrorCode::kInvalidRate || code == ErrorCode::kInvalidChannels);
    return;
  }
  Transcoder& transcoder = created.value();
  const Made whole = Run(transcoder, bytes, fuzz::Cuts(0));

  auto other = Transcoder::Create(options);
  const Made pieces = Run(other.value(), bytes, fuzz::Cuts(cuts));
  FUZZ_CHECK(whole.error.has_value() == pieces.error.has_value());
  if (whole.error) {
    FUZZ_CHECK(SameError(*pieces.error, *whole.error));
  } else {
    FUZZ_CHECK(whole.bytes == pieces.bytes && whole.frames == pieces.frames &&
               whole.leftover_bytes == pieces.leftover_bytes && whole.channels == pieces.channels);
  }
  // Reset in mid-stream and after an error; it forgets the size of the first source.
  options.source_bytes = kUnknownSize;
  transcoder.Reset();
  const Made again = Run(transcoder, bytes, fuzz::Cuts(cuts + 1));
  auto fresh = Transcoder::Create(options);
  const Made anew = Run(fresh.value(), bytes, fuzz::Cuts(cuts + 1));
  FUZZ_CHECK(again.error.has_value() == anew.error.has_value() && again.bytes == anew.bytes);

  if (anew.error) return;
  CheckContent(anew, options,
               options.source == Source::kRaw
                   ? Found{bytes, options.format, options.sample_rate_hz, options.channels}
                   : FindInWav(bytes));
}
