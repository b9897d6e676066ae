// What OggOpusEncoder makes of any samples, however they are cut, is the same bytes, never more than it
// promised, and reads back without a warning: exactly ceil(n * 48000 / rate) frames a link. Or it has refused
// the options for the reason given.
#include "core/ogg_opus_decoder.h"
#include "core/ogg_opus_encoder.h"
#include "fuzz.h"

using namespace sluice;

namespace {

using Bytes = std::vector<uint8_t>;

constexpr uint32_t kRatesHz[] = {8'000,  11'025, 12'000, 16'000, 22'050, 24'000,
                                 44'100, 48'000, 96'000, 1'000,  192'000};
constexpr uint32_t kFramesUs[] = {2'500,  5'000,  10'000,  20'000,  40'000,
                                  60'000, 80'000, 100'000, 120'000, 15'000};
constexpr uint32_t kBitrates[] = {kOpusBitrateAuto, kOpusBitrateMax, 500,     6'000,
                                  16'000,           64'000,          510'000, 499};
constexpr uint32_t kPageUs[] = {1'000'000, 0, 20'000, kMaxOggPageUs, kMaxOggPageUs + 1};
constexpr uint32_t kChannels[] = {1, 1, 2, 2, 3, 4, 5, 6, 7, 8, 0, 9};

OggOpusEncoderOptions OptionsOf(fuzz::Input& input) {
  OggOpusEncoderOptions options;
  options.opus.sample_rate_hz = input.Below(8) == 0 ? input.Below(200'000) : input.OneOf(kRatesHz);
  options.opus.channels = input.OneOf(kChannels);
  options.opus.frame_us = input.OneOf(kFramesUs);
  options.opus.application = static_cast<OpusApplication>(input.Below(3));
  options.opus.bitrate = input.OneOf(kBitrates);
  options.opus.bitrate_mode = static_cast<OpusBitrateMode>(input.Below(3));
  options.opus.complexity = input.Below(4) == 0 ? input.Below(12) : 0;
  options.opus.signal = static_cast<OpusSignal>(input.Below(3));
  options.opus.fec = input.Below(2) == 1;
  options.opus.dtx = input.Below(2) == 1;
  options.opus.packet_loss_percent = input.Below(4) * 25;
  options.serial = input.Number();
  options.page_us = input.OneOf(kPageUs);
  return options;
}

ErrorCode WantedError(const OggOpusEncoderOptions& options, bool& refused) {
  const OpusEncoderOptions& opus = options.opus;
  refused = true;
  if (opus.sample_rate_hz < kMinRateHz || opus.sample_rate_hz > kMaxRateHz) return ErrorCode::kInvalidRate;
  if (opus.channels < 1 || opus.channels > 8) return ErrorCode::kInvalidChannels;
  const bool bitrate = opus.bitrate == kOpusBitrateAuto || opus.bitrate == kOpusBitrateMax ||
                       (opus.bitrate >= kMinOpusBitratePerChannel * opus.channels &&
                        opus.bitrate <= kMaxOpusBitratePerChannel * opus.channels);
  refused = !bitrate || opus.frame_us == 15'000 || opus.complexity > 10 || options.page_us > kMaxOggPageUs;
  return ErrorCode::kInvalidOption;
}

template <class Write>
void Append(size_t most, Write write, Bytes& file) {
  fuzz::Room<uint8_t> room(most);
  const Result<size_t> written = write(room.span());
  FUZZ_CHECK(written.ok() && written.value() <= most);
  file.insert(file.end(), room.data(), room.data() + written.value());
}

template <class Sample>
void WriteLink(OggOpusEncoder<Sample>& encoder, std::span<const Sample> samples, fuzz::Cuts cuts,
               Bytes& file) {
  while (!samples.empty()) {
    const size_t frames = cuts.Next(samples.size() / encoder.channels());
    const auto piece = samples.first(frames * encoder.channels());
    samples = samples.subspan(piece.size());
    Append(
        encoder.MaxOutputBytes(frames), [&](auto out) { return encoder.Process(piece, out); }, file);
  }
  Append(
      encoder.MaxFlushBytes(), [&](auto out) { return encoder.Flush(out); }, file);
}

void CheckReadBack(const Bytes& file, const OggOpusEncoderOptions& options, uint64_t frames, size_t links) {
  OggOpusReader reader;
  std::span<const uint8_t> input = file;
  const auto drain = [](auto next) {
    for (;;) {
      const auto event = next();
      FUZZ_CHECK(event.ok());
      if (event.value() == OggOpusReader::Event::kNone) return;
    }
  };
  drain([&] { return reader.Next(input); });
  drain([&] { return reader.Finish(); });
  const uint32_t rate_hz = options.opus.sample_rate_hz;
  FUZZ_CHECK(reader.links().size() == links);
  for (size_t i = 0; i < links; ++i) {
    const OggOpusLink& link = reader.links()[i];
    FUZZ_CHECK(link.samples == (frames * 48'000 + rate_hz - 1) / rate_hz);
    FUZZ_CHECK(link.channels == options.opus.channels && link.input_rate_hz == rate_hz);
    FUZZ_CHECK(link.serial == options.serial + static_cast<uint32_t>(i));
  }
  const uint32_t no_audio = 1U << static_cast<unsigned>(OggWarning::kNoAudio);
  FUZZ_CHECK(reader.warnings() == (frames == 0 ? no_audio : 0));
}

// The codec finds no packet bad.
void CheckDecodes(const Bytes& file, const OggOpusEncoderOptions& options, uint64_t frames, size_t links) {
  OggOpusDecoder<int16_t> decoder;
  std::span<const uint8_t> input = file;
  uint64_t samples = 0;
  const auto count = [&](auto next) {
    for (;;) {
      const auto decoded = next();
      FUZZ_CHECK(decoded.ok());
      if (decoded.value().empty()) return;
      samples += decoded.value().size();
    }
  };
  count([&] { return decoder.Next(input); });
  count([&] { return decoder.Finish(); });
  const uint32_t rate_hz = options.opus.sample_rate_hz;
  FUZZ_CHECK(samples == (frames * 48'000 + rate_hz - 1) / rate_hz * options.opus.channels * links);
}

template <class Sample>
void Check(const OggOpusEncoderOptions& options, const Bytes& bytes, uint32_t cuts, uint32_t links) {
  auto encoder = OggOpusEncoder<Sample>::Create(options);
  bool refused = false;
  const ErrorCode wanted = WantedError(options, refused);
  FUZZ_CHECK(encoder.ok() != refused);
  if (refused) {
    FUZZ_CHECK(encoder.error().code == wanted);
    return;
  }
  // No promise of room wraps around.
  FUZZ_CHECK(encoder.value().MaxOutputBytes(SIZE_MAX) >= encoder.value().MaxOutputBytes(1));

  // At most half a second, or what comes out takes too long.
  std::vector<Sample> samples = fuzz::ValuesOf<Sample>(bytes);
  const size_t channels = options.opus.channels;
  samples.resize(std::min(samples.size() / channels, size_t{options.opus.sample_rate_hz / 2}) * channels);
  const size_t frames = samples.size() / channels;
  // Without a sample there is no second link.
  if (frames == 0) links = 1;

  Bytes whole;
  for (uint32_t i = 0; i < links; ++i) WriteLink<Sample>(encoder.value(), samples, fuzz::Cuts(0), whole);
  Bytes cut;
  encoder.value().Reset();
  for (uint32_t i = 0; i < links; ++i) WriteLink<Sample>(encoder.value(), samples, fuzz::Cuts(cuts), cut);
  FUZZ_CHECK(cut == whole);
  CheckReadBack(whole, options, frames, links);
  CheckDecodes(whole, options, frames, links);
}

}  // namespace

FUZZ_TARGET(ogg_opus_encoder) {
  const OggOpusEncoderOptions options = OptionsOf(input);
  const bool floats = input.Below(2) == 1;
  const uint32_t cuts = input.Number();
  const uint32_t links = 1 + input.Below(2);
  const Bytes bytes = input.Rest();
  if (floats)
    Check<float>(options, bytes, cuts, links);
  else
    Check<int16_t>(options, bytes, cuts, links);
}
