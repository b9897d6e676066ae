// A header that was written is read back as what it was asked to say, or it was refused for the reason given;
// a file that was written in pieces is read back as the samples that went in.
#include "core/bytes.h"
#include "core/wav_writer.h"
#include "fuzz.h"

using namespace sluice;

namespace {

constexpr SampleFormat kFormats[] = {SampleFormat::kU8,    SampleFormat::kS16Le, SampleFormat::kS24Le,
                                     SampleFormat::kS32Le, SampleFormat::kF32Le, SampleFormat::kF64Le,
                                     SampleFormat::kMulaw, SampleFormat::kAlaw};

void CheckReadBack(const WavHeaderOptions& options, std::span<const uint8_t> header) {
  // The audio itself is jumped over: its size may be anything.
  const bool known = options.data_bytes != kUnknownSize;
  const uint64_t pad = known && WavNeedsPadByte(options.data_bytes) ? 1 : 0;
  WavReader reader(known ? header.size() + options.data_bytes + pad : header.size());
  size_t consumed = 0;
  while (consumed < header.size()) {
    const auto piece = reader.Process(header.subspan(consumed));
    FUZZ_CHECK(piece.ok() && piece.value().audio.empty());
    consumed += piece.value().consumed;
  }
  FUZZ_CHECK(reader.has_info());
  for (uint64_t left = known ? options.data_bytes : 0; left > 0;) {
    const uint64_t skippable = reader.SkippableBytes();
    FUZZ_CHECK(skippable > 0 && skippable <= left);
    reader.Skip(skippable);
    left -= skippable;
  }
  if (pad == 1) FUZZ_CHECK(reader.Process(std::vector<uint8_t>(1)).ok());
  FUZZ_CHECK(reader.Finish().ok());

  const WavInfo& info = reader.info();
  FUZZ_CHECK(info.format == options.format);
  FUZZ_CHECK(info.sample_rate_hz == options.sample_rate_hz);
  FUZZ_CHECK(info.channels == options.channels);
  FUZZ_CHECK(info.data_offset == header.size());
  const uint64_t audio = known ? options.data_bytes : 0;
  FUZZ_CHECK(reader.audio_bytes() == audio && reader.missing_bytes() == 0);
  FUZZ_CHECK(reader.frames() == audio / info.FrameBytes());
  const uint32_t no_audio = 1U << static_cast<unsigned>(WavWarning::kNoAudio);
  FUZZ_CHECK(reader.warnings() == (audio == 0 ? no_audio : 0));
}

// The sizes that our own reader does not look at: of the whole file, and the frames in `fact`.
void CheckOtherSizes(const WavHeaderOptions& options, std::span<const uint8_t> header) {
  if (options.data_bytes == kUnknownSize) return;
  const uint64_t file = header.size() + options.data_bytes + options.data_bytes % 2;
  const uint64_t frames = options.data_bytes / (options.channels * BytesPerSample(options.format));
  const bool rf64 = std::memcmp(header.data(), "RF64", 4) == 0;
  FUZZ_CHECK(rf64 == (file - 8 >= 0xFFFFFFFF || options.data_bytes >= 0xFFFFFFFF));
  FUZZ_CHECK(ReadLe<uint32_t>(header, 4) == (rf64 ? 0xFFFFFFFF : file - 8));
  for (size_t at = 12; at + 8 < header.size(); at += 8 + ReadLe<uint32_t>(header, at + 4)) {
    if (std::memcmp(&header[at], "ds64", 4) == 0) {
      FUZZ_CHECK(ReadLe<uint64_t>(header, at + 8) == file - 8);
      FUZZ_CHECK(ReadLe<uint64_t>(header, at + 16) == options.data_bytes);
      FUZZ_CHECK(ReadLe<uint64_t>(header, at + 24) == frames);
    } else if (std::memcmp(&header[at], "fact", 4) == 0) {
      FUZZ_CHECK(ReadLe<uint32_t>(header, at + 8) == (rf64 ? 0xFFFFFFFF : frames));
    }
  }
}

void CheckHeader(const WavHeaderOptions& options) {
  fuzz::Room<uint8_t> room(kMaxWavHeaderBytes);
  const auto written = WriteWavHeader(options, room.span());
  const size_t frame = options.channels * BytesPerSample(options.format);
  if (written.ok()) {
    FUZZ_CHECK(written.value() <= kMaxWavHeaderBytes);
    CheckReadBack(options, room.span().first(written.value()));
    CheckOtherSizes(options, room.span().first(written.value()));
    return;
  }
  switch (written.error().code) {
    case ErrorCode::kInvalidRate:
      FUZZ_CHECK(options.sample_rate_hz == 0 || options.sample_rate_hz > 0x7FFFFFFF);
      break;
    case ErrorCode::kInvalidChannels:
      FUZZ_CHECK(options.channels == 0 || frame > 65535);
      break;
    case ErrorCode::kTooLarge:
      FUZZ_CHECK(options.data_bytes > uint64_t{0x7FFFFFFFFFFFFFFF} - kMaxWavHeaderBytes);
      break;
    case ErrorCode::kInvalidLength:
      FUZZ_CHECK(options.data_bytes % frame != 0);
      break;
    default:
      FUZZ_CHECK(false && "another error than those documented");
  }
}

template <class Call>
void Append(size_t most, Call call, std::vector<uint8_t>& file) {
  fuzz::Room<uint8_t> room(most);
  const Result<size_t> written = call(room.span());
  FUZZ_CHECK(written.ok() && written.value() <= most);
  file.insert(file.end(), room.data(), room.data() + written.value());
}

// As a pipe gets it: with the header of a stream.
template <class T>
std::vector<uint8_t> Stream(WavWriter& writer, std::span<const T> samples, size_t channels, fuzz::Cuts cuts) {
  std::vector<uint8_t> file;
  const size_t frames = samples.size() / channels;
  if (frames == 0) writer.Reset();  // else the first samples begin a new file
  for (size_t done = 0; done < frames;) {
    const size_t count = cuts.Next(frames - done);
    const auto part = samples.subspan(done * channels, count * channels);
    const size_t most = writer.MaxOutputBytes(count);
    fuzz::Room<uint8_t> too_small(most - 1);
    const auto refused = writer.Process(part, too_small.span());
    FUZZ_CHECK(!refused.ok() && refused.error().code == ErrorCode::kOutputTooSmall);
    Append(
        most, [&](std::span<uint8_t> out) { return writer.Process(part, out); }, file);
    done += count;
  }
  Append(
      writer.MaxOutputBytes(0), [&](std::span<uint8_t> out) { return writer.Flush(out); }, file);
  fuzz::Room<uint8_t> room(writer.MaxOutputBytes(0));
  const auto again = writer.Flush(room.span());
  FUZZ_CHECK(again.ok() && again.value() == 0);
  FUZZ_CHECK(writer.frames() == frames && writer.stream_bytes() == file.size());
  return file;
}

// As an output that can seek gets it: with the true sizes, and padded.
std::vector<uint8_t> MadeWhole(const WavWriter& writer, std::vector<uint8_t> file) {
  std::vector<uint8_t> header;
  Append(
      writer.MaxOutputBytes(0), [&](std::span<uint8_t> out) { return writer.Header(out); }, header);
  FUZZ_CHECK(header.size() == writer.header_bytes() && header.size() <= file.size());
  std::copy(header.begin(), header.end(), file.begin());
  if (file.size() % 2 != 0) file.push_back(0);
  return file;
}

void Convert(SampleFormat to, std::span<const int16_t> samples, std::span<uint8_t> bytes) {
  FromInt16(to, samples, bytes);
}
void Convert(SampleFormat to, std::span<const float> samples, std::span<uint8_t> bytes) {
  FromFloat32(to, samples, bytes);
}

uint32_t Bit(WavWarning warning) { return 1U << static_cast<unsigned>(warning); }

void CheckAudio(std::span<const uint8_t> file, const WavWriterOptions& options,
                const std::vector<uint8_t>& audio, uint32_t warnings) {
  WavReader reader(file.size());
  std::vector<uint8_t> found;
  for (size_t at = 0; at < file.size();) {
    const auto piece = reader.Process(file.subspan(at));
    FUZZ_CHECK(piece.ok());
    found.insert(found.end(), piece.value().audio.begin(), piece.value().audio.end());
    at += piece.value().consumed;
  }
  FUZZ_CHECK(reader.Finish().ok());
  FUZZ_CHECK(found == audio);
  FUZZ_CHECK(reader.info().format == options.format && reader.info().channels == options.channels &&
             reader.info().sample_rate_hz == options.sample_rate_hz);
  FUZZ_CHECK(reader.warnings() == (audio.empty() ? Bit(WavWarning::kNoAudio) : warnings));
}

template <class T>
void CheckFile(const WavWriterOptions& options, std::span<const T> samples, uint32_t cuts) {
  auto made = WavWriter::Create(options);
  FUZZ_CHECK(made.ok());
  const std::vector<uint8_t> file = Stream(made.value(), samples, options.channels, fuzz::Cuts(0));
  FUZZ_CHECK(Stream(made.value(), samples, options.channels, fuzz::Cuts(cuts)) == file);

  const size_t count = samples.size() / options.channels * options.channels;
  std::vector<uint8_t> audio(count * BytesPerSample(options.format));
  Convert(options.format, samples.first(count), audio);
  CheckAudio(file, options, audio, Bit(WavWarning::kSizeUnknown));
  CheckAudio(MadeWhole(made.value(), file), options, audio, 0);
}

}  // namespace

FUZZ_TARGET(wav_writer) {
  WavHeaderOptions header;
  header.format = input.OneOf(kFormats);
  header.sample_rate_hz = input.Number();
  header.channels = static_cast<uint16_t>(input.Below(4) == 0 ? input.Number() : 1 + input.Below(8));
  header.room_to_grow = input.Below(2) == 1;
  header.data_bytes = input.Number();
  if (input.Below(4) == 0) header.data_bytes |= uint64_t{input.Number()} << 32;
  if (input.Below(8) == 0) header.data_bytes = kUnknownSize;
  const size_t frame = header.channels * BytesPerSample(header.format);
  const bool whole_frames = input.Below(4) != 0;
  if (whole_frames && frame > 0 && header.data_bytes != kUnknownSize)
    header.data_bytes -= header.data_bytes % frame;
  CheckHeader(header);

  const uint32_t cuts = input.Number();
  const WavWriterOptions options = {.format = header.format,
                                    .sample_rate_hz = 1 + header.sample_rate_hz % 0x7FFFFFFF,
                                    .channels = static_cast<uint16_t>(1 + header.channels % 8),
                                    .rf64 = header.room_to_grow};
  const std::vector<uint8_t> bytes = input.Rest();
  CheckFile<int16_t>(options, fuzz::ValuesOf<int16_t>(bytes), cuts);
  CheckFile<float>(options, fuzz::ValuesOf<float>(bytes), cuts);
}
