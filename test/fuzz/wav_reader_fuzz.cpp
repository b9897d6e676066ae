// Any bytes are a WAV file or an error with an offset in them; cutting and skipping change nothing.
#include "core/bytes.h"
#include "core/wav_reader.h"
#include "fuzz.h"

using namespace sluice;

namespace {

struct Reading {
  std::optional<Error> error;
  std::vector<uint8_t> audio;  // as handed out; with skipping only a part
  std::optional<WavInfo> info;
  uint64_t audio_bytes = 0;
  uint64_t frames = 0;
  uint64_t missing_bytes = 0;
  uint32_t warnings = 0;
};

bool SameError(const std::optional<Error>& a, const std::optional<Error>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return a->code == b->code && a->byte_offset == b->byte_offset && a->message == b->message;
}

bool SameInfo(const WavInfo& a, const WavInfo& b) {
  return a.format == b.format && a.sample_rate_hz == b.sample_rate_hz && a.channels == b.channels &&
         a.bits_per_sample == b.bits_per_sample && a.rate_offset == b.rate_offset &&
         a.data_offset == b.data_offset && a.declared_bytes == b.declared_bytes;
}

bool SameFacts(const Reading& a, const Reading& b) {
  if (!SameError(a.error, b.error)) return false;
  if (a.error) return true;
  return SameInfo(*a.info, *b.info) && a.audio_bytes == b.audio_bytes && a.frames == b.frames &&
         a.missing_bytes == b.missing_bytes && a.warnings == b.warnings;
}

// One call on the front of `bytes`. Returns what it took.
size_t Take(WavReader& reader, std::span<const uint8_t> chunk, Reading& reading) {
  const uint64_t before = reader.offset();
  const auto piece = reader.Process(chunk);
  if (!piece.ok()) {
    const auto again = reader.Process(chunk);
    FUZZ_CHECK(!again.ok() && SameError(again.error(), piece.error()));
    reading.error = piece.error();
    return chunk.size();
  }
  const auto [consumed, audio] = piece.value();
  FUZZ_CHECK(consumed <= chunk.size() && (consumed > 0 || chunk.empty()));
  FUZZ_CHECK(reader.offset() == before + consumed);
  if (!audio.empty()) FUZZ_CHECK(audio.data() + audio.size() == chunk.data() + consumed);
  FUZZ_CHECK(audio.size() <= consumed);
  reading.audio.insert(reading.audio.end(), audio.begin(), audio.end());
  return consumed;
}

Reading Read(std::span<const uint8_t> file, uint64_t file_bytes, uint32_t cuts_seed, bool skips) {
  WavReader reader(file_bytes);
  Reading reading;
  fuzz::Cuts cuts(cuts_seed);
  std::span<const uint8_t> left = file;
  while (!left.empty() && !reading.error) {
    const uint64_t skippable = std::min<uint64_t>(reader.SkippableBytes(), left.size());
    if (skips && skippable > 0) {
      const size_t skipped = cuts_seed % 2 == 0 ? skippable : 1 + cuts_seed % skippable;
      reader.Skip(skipped);
      left = left.subspan(skipped);
      continue;
    }
    // A chunk's last byte may need a call of its own.
    std::span<const uint8_t> chunk = left.first(cuts.Next(left.size()));
    if (chunk.empty()) Take(reader, chunk, reading);
    while (!chunk.empty() && !reading.error) {
      const size_t taken = Take(reader, chunk, reading);
      chunk = chunk.subspan(taken);
      left = left.subspan(taken);
      if (skips && reader.SkippableBytes() > 0) break;
    }
  }
  if (const Status status = reader.Finish(); !status.ok()) {
    if (reading.error) FUZZ_CHECK(SameError(status.error(), reading.error));
    reading.error = status.error();
  } else {
    FUZZ_CHECK(!reading.error);
    FUZZ_CHECK(reader.has_info());
    FUZZ_CHECK(reader.offset() == file.size());
  }
  if (reader.has_info()) reading.info = reader.info();
  reading.audio_bytes = reader.audio_bytes();
  reading.frames = reader.frames();
  reading.missing_bytes = reader.missing_bytes();
  reading.warnings = reader.warnings();
  return reading;
}

bool Has(const Reading& reading, WavWarning warning) {
  return (reading.warnings >> static_cast<unsigned>(warning) & 1) != 0;
}

void CheckLaws(const Reading& reading, std::span<const uint8_t> file) {
  if (reading.error) {
    FUZZ_CHECK(reading.error->byte_offset <= file.size());
    FUZZ_CHECK(!reading.error->message.empty());
    return;
  }
  const WavInfo& info = *reading.info;
  FUZZ_CHECK(info.channels >= 1 && info.FrameBytes() <= 65535);
  FUZZ_CHECK(info.sample_rate_hz >= 1 && info.sample_rate_hz <= 0x7FFFFFFF);
  FUZZ_CHECK(info.bits_per_sample == BitsPerSample(info.format));
  FUZZ_CHECK(info.data_offset <= file.size() && reading.audio_bytes <= file.size() - info.data_offset);
  FUZZ_CHECK(fuzz::SameBits(reading.audio, file.subspan(info.data_offset, reading.audio_bytes)));
  FUZZ_CHECK(reading.frames == reading.audio_bytes / info.FrameBytes());
  FUZZ_CHECK(Has(reading, WavWarning::kTruncated) == (reading.missing_bytes > 0));
  FUZZ_CHECK(Has(reading, WavWarning::kNoAudio) == (reading.frames == 0));
  FUZZ_CHECK(Has(reading, WavWarning::kPartialFrame) ==
             (reading.missing_bytes == 0 && reading.audio_bytes % info.FrameBytes() != 0));
  FUZZ_CHECK(reading.warnings >> (static_cast<unsigned>(WavWarning::kSecondDataChunk) + 1) == 0);
  if (info.declared_bytes != kUnknownSize)
    FUZZ_CHECK(info.declared_bytes == reading.audio_bytes + reading.missing_bytes);
}

// Whether a chunk of odd size stands anywhere: the one case where the size of the file may change the answer.
bool HasOddChunk(std::span<const uint8_t> file) {
  const std::endian order =
      !file.empty() && file.size() >= 4 && file[3] == 'X' ? std::endian::big : std::endian::little;
  for (uint64_t at = 12; at + 8 <= file.size();) {
    const auto size = ReadInt<uint32_t>(file, at + 4, order);
    if (size % 2 != 0) return true;
    at += 8 + uint64_t{size};
  }
  return false;
}

}  // namespace

FUZZ_TARGET(wav_reader) {
  const uint32_t cuts = input.Number();
  const uint64_t wrong_size = input.Number() % 4096;
  const std::vector<uint8_t> file = input.Rest();

  const Reading piped = Read(file, kUnknownSize, 0, false);
  CheckLaws(piped, file);
  const Reading piped_in_pieces = Read(file, kUnknownSize, cuts, false);
  FUZZ_CHECK(SameFacts(piped, piped_in_pieces) && piped.audio == piped_in_pieces.audio);

  const Reading whole = Read(file, file.size(), 0, false);
  CheckLaws(whole, file);
  const Reading in_pieces = Read(file, file.size(), cuts, false);
  FUZZ_CHECK(SameFacts(whole, in_pieces) && whole.audio == in_pieces.audio);
  FUZZ_CHECK(SameFacts(whole, Read(file, file.size(), cuts, true)));
  if (!HasOddChunk(file)) FUZZ_CHECK(SameFacts(whole, piped));

  // A size that turns out wrong spoils no law but the last.
  const Reading misled = Read(file, wrong_size, cuts, false);
  if (misled.error) return;
  FUZZ_CHECK(
      fuzz::SameBits(misled.audio, std::span(file).subspan(misled.info->data_offset, misled.audio_bytes)));
}
