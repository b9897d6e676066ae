// WAV bytes in, samples out, however the bytes were cut: the audio that WavReader finds, converted frame by
// frame. Not here: the container (wav_reader.h), conversion (pcm.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/error.h"
#include "core/wav_reader.h"

namespace sluice {

class WavDecoder {
 public:
  // file_bytes: as for WavReader. It is that of the first file: Reset forgets it.
  explicit WavDecoder(uint64_t file_bytes = kUnknownSize) : reader_(file_bytes) {}

  // Room that Process(input_bytes) may need now, in samples. Before the header is known it bounds every
  // possible header: one sample a byte.
  size_t MaxOutputSamples(size_t input_bytes) const;

  // Takes all of `input`, writes the whole frames that it completes, interleaved, and returns the samples
  // written. kOutputTooSmall (nothing taken) when output is smaller than MaxOutputSamples; else WavReader's
  // errors: the file is over then, and every call until Reset reports the same. No allocation but one, of a
  // frame, when the header comes.
  Result<size_t> Process(std::span<const uint8_t> input, std::span<int16_t> output);
  Result<size_t> Process(std::span<const uint8_t> input, std::span<float> output);
  // No byte follows; the samples are all out already. After it reader() tells about the finished file until
  // the next Process with any bytes begins another, as Reset does.
  Status Finish();
  void Reset();

  const WavReader& reader() const { return reader_; }  // header facts and warnings
  size_t StateBytes() const { return sizeof(*this) + carry_.capacity(); }

 private:
  template <class T>
  Result<size_t> ProcessAs(std::span<const uint8_t> input, std::span<T> output);
  template <class T>
  size_t Decode(std::span<const uint8_t> audio, std::span<T> output);
  size_t FillCarry(std::span<const uint8_t> audio);

  WavReader reader_;
  bool finished_ = false;
  std::vector<uint8_t> carry_;  // one frame, of which a cut of the input left the first carry_size_ bytes
  size_t carry_size_ = 0;       // 0 <= carry_size_ < carry_.size() between calls
};

}  // namespace sluice
