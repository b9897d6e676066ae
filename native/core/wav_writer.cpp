#include "core/wav_writer.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <string>

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

  // From the end of the RIFF size field to the first audio byte.
  uint32_t BytesBeforeAudio() const {
    return 4 + kChunkHeaderBytes + fmt_bytes + (fact ? kChunkHeaderBytes + kFactBytes : 0) +
           kChunkHeaderBytes;
  }
};

Shape ShapeOf(const WavHeaderOptions& options) {
  const uint16_t tag = TagOf(options.format);
  const bool pcm = tag == kWavTagPcm;
  const bool extensible = options.channels > 2;
  return {.tag = tag,
          .extensible = extensible,
          .fmt_bytes = extensible ? kExtensibleFmtBytes : (pcm ? kPcmFmtBytes : kFmtBytes),
          .fact = !pcm,
          .frame_bytes = static_cast<uint32_t>(options.channels * BytesPerSample(options.format))};
}

Status Check(const WavHeaderOptions& options, const Shape& shape, size_t room) {
  if (room < kMaxWavHeaderBytes)
    return Error{ErrorCode::kOutputTooSmall, 0,
                 "a WAV header needs room for " + std::to_string(kMaxWavHeaderBytes) + " bytes, got " +
                     std::to_string(room)};
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
  // 0xFFFFFFFF itself would say "unknown". The limit is even, so whatever is below it has room for a pad
  // byte.
  const uint64_t max_data = kNoSize - 1 - shape.BytesBeforeAudio();
  if (options.data_bytes > max_data)
    return Error{ErrorCode::kTooLarge, 0,
                 "RIFF sizes are 32 bits: a WAV like this holds at most " + std::to_string(max_data) +
                     " bytes of audio, got " + std::to_string(options.data_bytes) +
                     "; write several files, or a narrower encoding"};
  if (options.data_bytes % shape.frame_bytes != 0)
    return Error{ErrorCode::kInvalidLength, 0,
                 std::to_string(options.data_bytes) + " bytes are no whole number of " +
                     std::to_string(shape.frame_bytes) + "-byte frames"};
  return Ok{};
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

}  // namespace

Result<size_t> WriteWavHeader(const WavHeaderOptions& options, std::span<uint8_t> dst) {
  assert(IsWritable(options.format));
  const Shape shape = ShapeOf(options);
  if (const Status status = Check(options, shape, dst.size()); !status.ok()) return status.error();

  const bool known = options.data_bytes != kUnknownSize;
  const uint64_t pad = WavNeedsPadByte(options.data_bytes) ? 1 : 0;
  const auto size = [&](uint64_t bytes) { return known ? static_cast<uint32_t>(bytes) : kNoSize; };
  ByteWriter out(dst);
  out.Text("RIFF");
  out.Le<uint32_t>(size(shape.BytesBeforeAudio() + options.data_bytes + pad));
  out.Text("WAVE");
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

}  // namespace sluice
