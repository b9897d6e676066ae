// Ogg Opus bytes in, samples out: what OggOpusReader finds, decoded at 48 kHz,
// the output gain applied. Not here: the container (ogg_opus_reader.h), the
// codec (opus_codec.h), other rates (resampler.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/error.h"
#include "core/ogg_opus_reader.h"
#include "core/opus_codec.h"

namespace sluice {

inline constexpr uint32_t kOpusRateHz = 48'000;

// Sample: int16_t or float.
template <class Sample>
class OggOpusDecoder {
 public:
  // The samples of the next packet of which any count, interleaved, as many
  // channels() a frame; empty once the input is used up. They are valid until
  // the next call, and the memory of the input must stay until then. After an
  // error every further call returns it again. Errors: those of OggOpusReader.
  // No allocation but for a link.
  Result<std::span<const Sample>> Next(std::span<const uint8_t>& input);
  // No byte follows. Call until empty.
  Result<std::span<const Sample>> Finish();
  void Reset();

  // Of the link at hand: each may have its own. From 3 on, those of mapping
  // family 1 are in the order of WAV files, not in that of Vorbis which they
  // are stored in.
  uint32_t channels() const { return reader_.link().head.channels; }  // requires a link
  const OggOpusReader& reader() const { return reader_; }
  size_t StateBytes() const;

 private:
  using Event = OggOpusReader::Event;
  template <class Read>
  Result<std::span<const Sample>> NextFrom(Read read);
  Status OpenLink();
  Result<std::span<const Sample>> DecodePacket();

  OggOpusReader reader_;
  std::optional<OpusDecoder> decoder_;  // of the link at hand
  std::vector<Sample> samples_;         // room for the longest packet
  std::optional<Error> error_;
};

extern template class OggOpusDecoder<int16_t>;
extern template class OggOpusDecoder<float>;

}  // namespace sluice
