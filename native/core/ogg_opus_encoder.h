// Samples in, Ogg Opus out: of any rate and number, resampled to one that Opus takes, encoded, put into
// pages, and exactly as long as they were. Not here: the three that do it (resampler.h, opus_codec.h,
// ogg_opus_writer.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/ogg_opus_writer.h"
#include "core/opus_codec.h"
#include "core/resampler.h"

namespace sluice {

struct OggOpusEncoderOptions {
  // sample_rate_hz: of the samples, kMinRateHz to kMaxRateHz; encoded is the next of the codec's rates from
  // it on, or 48 kHz. channels: 1 to 8, in the order of WAV files.
  OpusEncoderOptions opus;
  // As OggOpusWriterOptions.
  std::string vendor;
  std::vector<std::string> comments;
  uint32_t serial = 0;
  uint32_t page_us = 1'000'000;
};

// Sample: int16_t or float. The bytes do not depend on where the samples were cut.
template <class Sample>
class OggOpusEncoder {
 public:
  // Errors: kInvalidRate, kInvalidChannels, kInvalidOption, kTooLarge, as the three that do it. Allocates;
  // nothing after it does, but for a first frame of floats beyond +-OpusEncoder::kMaxMagnitude.
  static Result<OggOpusEncoder> Create(const OggOpusEncoderOptions& options);

  // Room that Process wants for so many frames, and Flush: the same at any moment.
  size_t MaxOutputBytes(size_t input_frames) const;
  size_t MaxFlushBytes() const;

  // Takes all of the samples, interleaved; returns the bytes of the pages that came to their end. Errors,
  // nothing taken: kInvalidLength (no whole number of frames), kOutputTooSmall.
  Result<size_t> Process(std::span<const Sample> samples, std::span<uint8_t> output);

  // The end of the stream. n frames become ceil(n * 48000 / rate) of Ogg Opus, and the last is sound as whole
  // as the others. Without any, a stream of 0 samples. Samples after it begin another link of a chained
  // stream, with the next serial number; flushed again, nothing. Error, nothing written: kOutputTooSmall.
  Result<size_t> Flush(std::span<uint8_t> output);

  // As new: the same samples give the same bytes.
  void Reset();

  size_t channels() const { return order_.size(); }
  size_t StateBytes() const;

 private:
  OggOpusEncoder(const OggOpusEncoderOptions& options, Resampler<Sample> resampler, OpusEncoder encoder,
                 OggOpusWriter writer);

  // The caller's memory, filled from the front.
  struct Output {
    std::span<uint8_t> room;
    size_t bytes = 0;
  };
  size_t PacketFrames() const { return frame_.size() / channels(); }  // of the codec's rate
  Status EncodeTail(Output& output);
  Status Encode(std::span<const Sample> samples, Output& output);
  Status EncodeFrame(Output& output);
  void Append(std::span<const Sample> samples);
  void BeginLink();

  Resampler<Sample> resampler_;
  OpusEncoder encoder_;
  OggOpusWriter writer_;
  std::span<const uint8_t> order_;  // of the channels: where in Vorbis order each goes
  uint32_t rate_hz_;                // of the samples

  std::vector<Sample> resampled_;  // a block of input, or the tail
  std::vector<Sample> frame_;      // what the next packet will hold; frame_samples_ of it are there
  size_t frame_samples_ = 0;
  std::vector<uint8_t> packet_;

  uint64_t input_frames_ = 0;  // of the link
  bool flushed_ = false;       // and no sample came since
};

extern template class OggOpusEncoder<int16_t>;
extern template class OggOpusEncoder<float>;

}  // namespace sluice
