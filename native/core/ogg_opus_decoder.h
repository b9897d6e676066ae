// Ogg Opus bytes in, samples out: what OggOpusReader finds, decoded at a rate of Opus, the output gain
// applied; all of it or a part. Not here: the container (ogg_opus_reader.h), the codec (opus_codec.h), other
// rates (resampler.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "core/error.h"
#include "core/ogg_opus_reader.h"
#include "core/opus_codec.h"

namespace sluice {

inline constexpr uint32_t kOpusRateHz = 48'000;
// What is decoded and dropped before the part that is wanted, for the decoder to converge: 200 ms. RFC 7845
// 4.6 asks for at least 80 ms, which is not enough for SILK. Of 600 starts in speech, in their first 40 ms
// less than 20 dB of signal to noise against the whole decode had: with 80 ms 33 (the worst 1.2 dB), with
// 200 ms 2, with 400 ms 1. Those 2 are in a pause of discontinuous transmission, whose noise the decoder
// makes up (so that no preroll brings the same), and in the first word behind a pause that fills the preroll.
// The other 598 had 33 dB or more.
inline constexpr uint32_t kOpusPrerollSamples = 9600;

struct OggOpusDecoderOptions {
  // Of the output: a rate that CheckOpusRate takes. Positions are at 48 kHz all the same; the frame at x of
  // them is the output's at ceil(x * rate_hz / 48 000), so that n of a link become ceil(n * rate_hz / 48 000)
  // where its pre-skip is a multiple of 12 samples, as encoders write it, else one more or less at most.
  uint32_t rate_hz = kOpusRateHz;
  // Of the output, 1 to 255; 0: those of the first link. A link with another count is mixed: the mean of its
  // channels in each of the output's.
  uint32_t channels = 0;
  // Of the frames that count, those of all links one behind the other, these are wanted.
  uint64_t begin = 0;
  uint64_t end = std::numeric_limits<uint64_t>::max();
};

// Sample: int16_t or float.
template <class Sample>
class OggOpusDecoder {
 public:
  explicit OggOpusDecoder(const OggOpusDecoderOptions& options = {});

  // The samples of the next packet of which any are wanted, interleaved, as many channels() a frame; empty
  // once the input is used up. They are valid until the next call, and the memory of the input must stay
  // until then. After an error every further call returns it again. Errors: those of OggOpusReader. No
  // allocation but for a link. Packets that are not wanted, nor of the preroll, are counted, not decoded.
  Result<std::span<const Sample>> Next(std::span<const uint8_t>& input);
  // No byte follows. Call until empty.
  Result<std::span<const Sample>> Finish();
  void Reset();

  // Of the output; 0 before the first link. From 3 on, those of mapping family 1 are in the order of WAV
  // files, not in that of Vorbis which they are stored in.
  uint32_t channels() const { return channels_; }
  const OggOpusReader& reader() const { return reader_; }
  const OggOpusDecoderOptions& options() const { return options_; }
  size_t StateBytes() const;

 private:
  using Event = OggOpusReader::Event;
  template <class Read>
  Result<std::span<const Sample>> NextFrom(Read read);
  void BeginLink();
  Status OpenDecoder();
  Result<std::span<const Sample>> DecodePacket();
  size_t OutputFrame(uint64_t samples) const;
  std::span<const Sample> Mixed(std::span<const Sample> samples);

  OggOpusDecoderOptions options_;
  uint64_t decode_begin_;  // no frame before it is decoded
  uint32_t ratio_;         // of 48 kHz to the rate of the output
  uint32_t channels_;
  OggOpusReader reader_;
  std::optional<OpusDecoder> decoder_;  // of the link at hand, once a packet of it is wanted
  uint64_t link_begin_ = 0;             // frames of the links before it
  std::vector<Sample> samples_;         // room for the longest packet
  std::vector<Sample> mixed_;           // likewise, of a link that has to be mixed
  std::optional<Error> error_;
};

extern template class OggOpusDecoder<int16_t>;
extern template class OggOpusDecoder<float>;

}  // namespace sluice
