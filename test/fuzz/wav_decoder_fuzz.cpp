// Any bytes decode to the samples of the audio that the reader finds in them, however they are cut.
#include <optional>

#include "core/pcm.h"
#include "core/wav_decoder.h"
#include "fuzz.h"

using namespace sluice;

namespace {

bool SameError(const Error& a, const Error& b) {
  return a.code == b.code && a.byte_offset == b.byte_offset && a.message == b.message;
}

template <class T>
struct Decoded {
  std::optional<Error> error;
  std::vector<T> samples;
};

template <class T>
Decoded<T> Decode(WavDecoder& decoder, std::span<const uint8_t> file, fuzz::Cuts cuts) {
  Decoded<T> decoded;
  for (size_t left = file.size(); left > 0 && !decoded.error;) {
    const size_t count = cuts.Next(left);
    const auto part = file.subspan(file.size() - left, count);
    const std::vector<uint8_t> chunk(part.begin(), part.end());
    const size_t most = decoder.MaxOutputSamples(count);
    if (most > 0) {
      fuzz::Room<T> too_small(most - 1);
      const auto refused = decoder.Process(chunk, too_small.span());
      FUZZ_CHECK(!refused.ok() && refused.error().code == ErrorCode::kOutputTooSmall);
    }
    fuzz::Room<T> room(most);
    const auto made = decoder.Process(chunk, room.span());
    if (made.ok()) {
      FUZZ_CHECK(made.value() <= most);
      decoded.samples.insert(decoded.samples.end(), room.data(), room.data() + made.value());
    } else {
      decoded.error = made.error();
    }
    left -= count;
  }
  const Status end = decoder.Finish();
  FUZZ_CHECK(!decoded.error || (!end.ok() && SameError(end.error(), *decoded.error)));
  if (!end.ok()) decoded.error = end.error();
  return decoded;
}

// By the reader and one conversion of all its audio. Nothing for what is no WAV.
template <class T, class Convert>
std::vector<T> Expected(std::span<const uint8_t> file, Convert convert) {
  WavReader reader;
  std::vector<uint8_t> audio;
  for (size_t at = 0; at < file.size();) {
    const auto piece = reader.Process(file.subspan(at));
    FUZZ_CHECK(piece.ok());
    audio.insert(audio.end(), piece.value().audio.begin(), piece.value().audio.end());
    at += piece.value().consumed;
  }
  FUZZ_CHECK(reader.Finish().ok());
  const WavInfo& info = reader.info();
  std::vector<T> samples(reader.frames() * info.channels);
  convert(info.format, std::span<const uint8_t>(audio).first(reader.frames() * info.FrameBytes()),
          std::span<T>(samples));
  return samples;
}

template <class T, class Convert>
void CheckKind(std::span<const uint8_t> file, uint32_t cuts, Convert convert) {
  WavDecoder decoder;
  const Decoded<T> whole = Decode<T>(decoder, file, fuzz::Cuts(0));
  decoder.Reset();
  const Decoded<T> pieces = Decode<T>(decoder, file, fuzz::Cuts(cuts));
  FUZZ_CHECK(whole.error.has_value() == pieces.error.has_value());
  if (whole.error) {
    FUZZ_CHECK(SameError(*whole.error, *pieces.error));
    return;
  }
  FUZZ_CHECK(fuzz::SameBits(whole.samples, pieces.samples));
  FUZZ_CHECK(fuzz::SameBits(whole.samples, Expected<T>(file, convert)));
  FUZZ_CHECK(whole.samples.size() == decoder.reader().frames() * decoder.reader().info().channels);
}

}  // namespace

FUZZ_TARGET(wav_decoder) {
  const uint32_t cuts = input.Number();
  const std::vector<uint8_t> file = input.Rest();
  CheckKind<int16_t>(file, cuts, ToInt16);
  CheckKind<float>(file, cuts, ToFloat32);
}
