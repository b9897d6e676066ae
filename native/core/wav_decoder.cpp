#include "core/wav_decoder.h"

#include <algorithm>
#include <string>
#include <type_traits>

#include "core/pcm.h"

namespace sluice {
namespace {

template <class T>
void Convert(SampleFormat format, std::span<const uint8_t> bytes, std::span<T> samples) {
  if constexpr (std::is_same_v<T, float>)
    ToFloat32(format, bytes, samples);
  else
    ToInt16(format, bytes, samples);
}

}  // namespace

size_t WavDecoder::MaxOutputSamples(size_t input_bytes) const {
  if (finished_ || !reader_.has_info()) return input_bytes;
  const WavInfo& info = reader_.info();
  return (carry_size_ + input_bytes) / info.FrameBytes() * info.channels;
}

Result<size_t> WavDecoder::Process(std::span<const uint8_t> input, std::span<int16_t> output) {
  return ProcessAs(input, output);
}

Result<size_t> WavDecoder::Process(std::span<const uint8_t> input, std::span<float> output) {
  return ProcessAs(input, output);
}

template <class T>
Result<size_t> WavDecoder::ProcessAs(std::span<const uint8_t> input, std::span<T> output) {
  const size_t wanted = MaxOutputSamples(input.size());
  if (output.size() < wanted)
    return Error{ErrorCode::kOutputTooSmall, 0,
                 "the output needs room for " + std::to_string(wanted) + " samples, got " +
                     std::to_string(output.size())};
  if (finished_ && !input.empty()) Reset();
  size_t written = 0;
  while (!input.empty()) {
    const auto piece = reader_.Process(input);
    if (!piece.ok()) return piece.error();
    written += Decode(piece.value().audio, output.subspan(written));
    input = input.subspan(piece.value().consumed);
  }
  return written;
}

// Audio cut anywhere: whole frames are converted where they lie, the rest waits in carry_.
template <class T>
size_t WavDecoder::Decode(std::span<const uint8_t> audio, std::span<T> output) {
  if (audio.empty()) return 0;
  const WavInfo& info = reader_.info();
  const size_t frame_bytes = info.FrameBytes();
  carry_.resize(frame_bytes);
  size_t written = 0;
  if (carry_size_ > 0) {
    audio = audio.subspan(FillCarry(audio));
    if (carry_size_ < frame_bytes) return 0;
    Convert(info.format, std::span<const uint8_t>(carry_), output.first(info.channels));
    written = info.channels;
    carry_size_ = 0;
  }
  const size_t frames = audio.size() / frame_bytes;
  const size_t samples = frames * info.channels;
  Convert(info.format, audio.first(frames * frame_bytes), output.subspan(written, samples));
  FillCarry(audio.subspan(frames * frame_bytes));
  return written + samples;
}

// Returns how many bytes fitted.
size_t WavDecoder::FillCarry(std::span<const uint8_t> audio) {
  const size_t taken = std::min(carry_.size() - carry_size_, audio.size());
  std::copy_n(audio.begin(), taken, carry_.begin() + static_cast<ptrdiff_t>(carry_size_));
  carry_size_ += taken;
  return taken;
}

Status WavDecoder::Finish() {
  if (finished_) return Ok{};
  const Status status = reader_.Finish();
  finished_ = status.ok();
  carry_size_ = 0;
  return status;
}

void WavDecoder::Reset() {
  reader_ = WavReader();
  finished_ = false;
  carry_size_ = 0;
}

}  // namespace sluice
