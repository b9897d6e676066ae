#include "core/wav_writer.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <limits>
#include <string>
#include <type_traits>

#include "core/bytes.h"
#include "core/wav_fmt.h"

namespace sluice {
namespace {

constexpr uint32_t kMaxRateHz = std::numeric_limits<int32_t>::max();
constexpr size_t kMaxFrameBytes = 65535;  // nBlockAlign is 16 bits
constexpr uint32_t kNoSize = 0xFFFFFFFF;
constexpr uint16_t kPcmFmtBytes = 16;         // PCMWAVEFORMAT
constexpr uint16_t kFmtBytes = 18;            // WAVEFORMATEX
constexpr uint16_t kExtensibleFmtBytes = 40;  // WAVEFORMATEXTENSIBLE
constexpr uint32_t kFactBytes = 4;
constexpr uint32_t kDs64Bytes = 28;  // three sizes of 64 bits, and the length of an empty table
constexpr uint64_t kMaxDataBytes = std::numeric_limits<int64_t>::max();
constexpr uint32_t kChunkHeaderBytes = 8;

[[maybe_unused]] bool IsWritable(SampleFormat format) {  // asserted only
  switch (format) {
    case SampleFormat::kS16Be:
    case SampleFormat::kS24Be:
    case SampleFormat::kS24In32Le:
    case SampleFormat::kS24In32Be:
    case SampleFormat::kS32Be:
    case SampleFormat::kF32Be:
    case SampleFormat::kF64Be:
      return false;
    default:
      return true;
  }
}

uint16_t TagOf(SampleFormat format) {
  switch (format) {
    case SampleFormat::kF32Le:
    case SampleFormat::kF64Le:
      return kWavTagFloat;
    case SampleFormat::kMulaw:
      return kWavTagMulaw;
    case SampleFormat::kAlaw:
      return kWavTagAlaw;
    default:
      return kWavTagPcm;
  }
}

struct Shape {
  uint16_t tag;        // of the samples, also inside EXTENSIBLE
  bool extensible;     // more than two channels
  uint16_t fmt_bytes;  // length of the `fmt ` chunk
  bool fact;           // a `fact` chunk follows
  uint32_t frame_bytes;
  bool rf64;
  bool room_for_ds64;

  // From the end of the RIFF size field to the first audio byte.
  uint32_t BytesBeforeAudio() const {
    return 4 + (room_for_ds64 ? kChunkHeaderBytes + kDs64Bytes : 0) + kChunkHeaderBytes + fmt_bytes +
           (fact ? kChunkHeaderBytes + kFactBytes : 0) + kChunkHeaderBytes;
  }
  // The most that RIFF can say: 0xFFFFFFFF itself would mean "unknown". The limit is even, so whatever is
  // below it has room for a pad byte.
  uint64_t MaxRiffDataBytes() const { return kNoSize - 1 - BytesBeforeAudio(); }
};

Shape ShapeOf(const WavHeaderOptions& options) {
  const uint16_t tag = TagOf(options.format);
  const bool pcm = tag == kWavTagPcm;
  const bool extensible = options.channels > 2;
  Shape shape{.tag = tag,
              .extensible = extensible,
              .fmt_bytes = extensible ? kExtensibleFmtBytes : (pcm ? kPcmFmtBytes : kFmtBytes),
              .fact = !pcm,
              .frame_bytes = static_cast<uint32_t>(options.channels * BytesPerSample(options.format)),
              .rf64 = false,
              .room_for_ds64 = options.room_to_grow};
  shape.rf64 = options.data_bytes != kUnknownSize && options.data_bytes > shape.MaxRiffDataBytes();
  shape.room_for_ds64 = shape.room_for_ds64 || shape.rf64;
  return shape;
}

Status CheckRoomForHeader(size_t room) {
  if (room >= kMaxWavHeaderBytes) return Ok{};
  return Error{ErrorCode::kOutputTooSmall, 0,
               "a WAV header needs room for " + std::to_string(kMaxWavHeaderBytes) + " bytes, got " +
                   std::to_string(room)};
}

Status Check(const WavHeaderOptions& options, const Shape& shape) {
  if (options.sample_rate_hz == 0 || options.sample_rate_hz > kMaxRateHz)
    return Error{
        ErrorCode::kInvalidRate, 0,
        "a WAV holds sample rates of 1 to 2147483647 Hz, got " + std::to_string(options.sample_rate_hz)};
  if (options.channels == 0 || shape.frame_bytes > kMaxFrameBytes)
    return Error{ErrorCode::kInvalidChannels, 0,
                 "a WAV frame holds at least one channel and at most 65535 bytes, got " +
                     std::to_string(options.channels) + " channels of " +
                     std::to_string(BytesPerSample(options.format)) + " bytes"};
  if (options.data_bytes == kUnknownSize) return Ok{};
  if (options.data_bytes > kMaxDataBytes)
    return Error{ErrorCode::kTooLarge, 0,
                 "no file holds more than 2^63 - 1 bytes, got " + std::to_string(options.data_bytes) +
                     " bytes of audio"};
  if (options.data_bytes % shape.frame_bytes != 0)
    return Error{ErrorCode::kInvalidLength, 0,
                 std::to_string(options.data_bytes) + " bytes are no whole number of " +
                     std::to_string(shape.frame_bytes) + "-byte frames"};
  return Ok{};
}

// 0 riffSize u64 | 8 dataSize u64 | 16 sampleCount u64 | 24 tableLength u32 (EBU Tech 3306): the sizes that
// the 32-bit fields say 0xFFFFFFFF for. `JUNK` of the same length keeps its place in a file that may grow to
// need it.
void WriteDs64(const Shape& shape, uint64_t riff_bytes, uint64_t data_bytes, ByteWriter& out) {
  out.Text(shape.rf64 ? "ds64" : "JUNK");
  out.Le<uint32_t>(kDs64Bytes);
  out.Le<uint64_t>(shape.rf64 ? riff_bytes : 0);
  out.Le<uint64_t>(shape.rf64 ? data_bytes : 0);
  out.Le<uint64_t>(shape.rf64 ? data_bytes / shape.frame_bytes : 0);
  out.Le<uint32_t>(0);
}

void WriteFmt(const WavHeaderOptions& options, const Shape& shape, ByteWriter& out) {
  const uint64_t bytes_per_second = uint64_t{options.sample_rate_hz} * shape.frame_bytes;
  const auto bits = static_cast<uint16_t>(BitsPerSample(options.format));
  out.Text("fmt ");
  out.Le<uint32_t>(shape.fmt_bytes);
  out.Le<uint16_t>(shape.extensible ? kWavTagExtensible : shape.tag);
  out.Le<uint16_t>(options.channels);
  out.Le<uint32_t>(options.sample_rate_hz);
  out.Le<uint32_t>(static_cast<uint32_t>(std::min<uint64_t>(bytes_per_second, kNoSize)));
  out.Le<uint16_t>(static_cast<uint16_t>(shape.frame_bytes));
  out.Le<uint16_t>(bits);
  if (shape.fmt_bytes > kPcmFmtBytes)
    out.Le<uint16_t>(static_cast<uint16_t>(shape.fmt_bytes - kFmtBytes));  // cbSize
  if (!shape.extensible) return;
  out.Le<uint16_t>(bits);  // all of them valid
  out.Le<uint32_t>(0);     // dwChannelMask: we know how many channels, not which loudspeaker each belongs to
  out.Le<uint16_t>(shape.tag);
  out.Le<uint16_t>(0);
  for (const uint8_t byte : kWavSubFormatTail) out.Byte(byte);
}

WavHeaderOptions HeaderOptions(const WavWriterOptions& options, uint64_t data_bytes) {
  WavHeaderOptions header{.format = options.format,
                          .sample_rate_hz = options.sample_rate_hz,
                          .channels = options.channels,
                          .data_bytes = data_bytes,
                          .room_to_grow = options.rf64};
  if (!options.rf64 && ShapeOf(header).rf64) header.data_bytes = kUnknownSize;
  return header;
}

}  // namespace

Result<size_t> WriteWavHeader(const WavHeaderOptions& options, std::span<uint8_t> dst) {
  assert(IsWritable(options.format));
  const Shape shape = ShapeOf(options);
  if (const Status status = CheckRoomForHeader(dst.size()); !status.ok()) return status.error();
  if (const Status status = Check(options, shape); !status.ok()) return status.error();

  const bool in_riff = options.data_bytes != kUnknownSize && !shape.rf64;
  const auto size = [&](uint64_t bytes) { return in_riff ? static_cast<uint32_t>(bytes) : kNoSize; };
  const uint64_t pad = WavNeedsPadByte(options.data_bytes) ? 1 : 0;
  const uint64_t riff_bytes = shape.BytesBeforeAudio() + options.data_bytes + pad;
  ByteWriter out(dst);
  out.Text(shape.rf64 ? "RF64" : "RIFF");
  out.Le<uint32_t>(size(riff_bytes));
  out.Text("WAVE");
  if (shape.room_for_ds64) WriteDs64(shape, riff_bytes, options.data_bytes, out);
  WriteFmt(options, shape, out);
  if (shape.fact) {
    out.Text("fact");
    out.Le<uint32_t>(kFactBytes);
    out.Le<uint32_t>(size(options.data_bytes / shape.frame_bytes));
  }
  out.Text("data");
  out.Le<uint32_t>(size(options.data_bytes));
  return out.size();
}

Result<WavWriter> WavWriter::Create(const WavWriterOptions& options) {
  std::array<uint8_t, kMaxWavHeaderBytes> room;
  const auto header_bytes = WriteWavHeader(HeaderOptions(options, kUnknownSize), room);
  if (!header_bytes.ok()) return header_bytes.error();
  return WavWriter(options, header_bytes.value());
}

WavWriter::WavWriter(const WavWriterOptions& options, size_t header_bytes)
    : options_(options),
      frame_bytes_(options.channels * BytesPerSample(options.format)),
      header_bytes_(header_bytes) {}

Result<size_t> WavWriter::Process(std::span<const int16_t> samples, std::span<uint8_t> output) {
  return ProcessAs(samples, output);
}

Result<size_t> WavWriter::Process(std::span<const float> samples, std::span<uint8_t> output) {
  return ProcessAs(samples, output);
}

template <class T>
Result<size_t> WavWriter::ProcessAs(std::span<const T> samples, std::span<uint8_t> output) {
  if (samples.size() % options_.channels != 0)
    return Error{ErrorCode::kInvalidLength, 0,
                 "samples must hold whole frames of " + std::to_string(options_.channels) +
                     " channels, got " + std::to_string(samples.size()) + " samples"};
  const size_t frames = samples.size() / options_.channels;
  if (const Status status = CheckRoom(frames, output.size()); !status.ok()) return status.error();
  if (frames == 0 && state_ == State::kFinished) return size_t{0};
  const size_t header_bytes = BeginFile(output);
  const auto data = output.subspan(header_bytes, frames * frame_bytes_);
  if constexpr (std::is_same_v<T, float>)
    FromFloat32(options_.format, samples, data);
  else
    FromInt16(options_.format, samples, data);
  frames_ += frames;
  return header_bytes + data.size();
}

Result<size_t> WavWriter::Count(uint64_t frames, std::span<uint8_t> output) {
  if (const Status status = CheckRoom(0, output.size()); !status.ok()) return status.error();
  if (frames == 0 && state_ == State::kFinished) return size_t{0};
  const uint64_t before = state_ == State::kInFile ? frames_ : 0;
  if (frames > kMaxDataBytes / frame_bytes_ - before)
    return Error{ErrorCode::kTooLarge, 0,
                 "no file holds more than 2^63 - 1 bytes, got " + std::to_string(frames) + " more frames"};
  const size_t header_bytes = BeginFile(output);
  frames_ += frames;
  return header_bytes;
}

Result<size_t> WavWriter::Flush(std::span<uint8_t> output) {
  if (const Status status = CheckRoom(0, output.size()); !status.ok()) return status.error();
  if (state_ == State::kFinished) return size_t{0};
  const size_t written = BeginFile(output);
  state_ = State::kFinished;
  return written;
}

Result<size_t> WavWriter::Header(std::span<uint8_t> output) const {
  return WriteHeader(frames_ * frame_bytes_, output);
}

void WavWriter::Reset() {
  frames_ = 0;
  state_ = State::kNew;
}

Status WavWriter::CheckRoom(size_t frames, size_t room) const {
  const size_t wanted = MaxOutputBytes(frames);
  if (room >= wanted) return Ok{};
  return Error{ErrorCode::kOutputTooSmall, 0,
               "the output needs room for " + std::to_string(wanted) + " bytes, got " + std::to_string(room)};
}

Result<size_t> WavWriter::WriteHeader(uint64_t data_bytes, std::span<uint8_t> output) const {
  if (const Status status = CheckRoom(0, output.size()); !status.ok()) return status.error();
  std::array<uint8_t, kMaxWavHeaderBytes> room;
  const auto header_bytes = WriteWavHeader(HeaderOptions(options_, data_bytes), room);
  if (!header_bytes.ok()) return header_bytes.error();
  std::copy_n(room.begin(), header_bytes.value(), output.begin());
  return header_bytes_;
}

// The streaming header in front of a file's first samples; nothing within a file.
size_t WavWriter::BeginFile(std::span<uint8_t> output) {
  if (state_ == State::kInFile) return 0;
  frames_ = 0;
  state_ = State::kInFile;
  [[maybe_unused]] const auto written = WriteHeader(kUnknownSize, output);
  assert(written.ok());  // the options were checked by Create, the room by our caller
  return header_bytes_;
}

}  // namespace sluice
