// Source bytes to target bytes in one pass: parse (WAV) -> convert -> channels -> resample -> encode, by the
// shortest route there is. Where source and target agree the bytes pass untouched. Not here: the parts
// (wav_reader.h, pcm.h, resampler.h), messages for the speech service (audio_framer.h, which sits on this).
//
// Where rates differ, samples go through the resampler as int16 when neither the source's nor the target's
// are wider (and the target's are not u8, which would be rounded twice), the mean of several channels rounded
// to int16 as well (nearest, ties to even); else as float32, in which NaN is silence and nothing is louder
// than +24 dBFS, so that the resampler's sums stay finite. Nothing is dithered. Mixing down comes before the
// resampler, copies of one channel after it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "core/error.h"
#include "core/fir_design.h"
#include "core/pcm.h"
#include "core/resampler.h"
#include "core/wav_reader.h"

namespace sluice {

// Of the target: what the resampler takes. Sources that are mixed down may have any number.
inline constexpr uint16_t kMaxTargetChannels = kMaxResamplerChannels;

struct TranscoderOptions {
  enum class Source : uint8_t { kWav, kRaw };
  Source source = Source::kWav;
  SampleFormat format = SampleFormat::kS16Le;  // kRaw only
  uint32_t sample_rate_hz = 0;                 // kRaw only
  uint16_t channels = 1;                       // kRaw only
  // kWav: size of the whole file where it is known, which settles some broken headers (see WavReader). It is
  // that of the first source: Reset forgets it.
  uint64_t source_bytes = kUnknownSize;

  SampleFormat target_format = SampleFormat::kS16Le;
  uint32_t target_rate_hz = 0;
  // 1 takes the mean of all; one channel is copied to any number; 0 keeps as many as the source has.
  uint16_t target_channels = 1;
  ResamplerQuality quality = ResamplerQuality::kDefault;
};

// Takes what was made of a source, piece by piece. A piece is valid during the call.
class ByteSink {
 public:
  virtual void Take(std::span<const uint8_t> bytes) = 0;

 protected:
  ~ByteSink() = default;
};

class Transcoder {
 public:
  // Errors: kInvalidRate (both rates 1 to 192 kHz), kInvalidChannels (raw sources: at least 1, and a count
  // that can be mixed to the target's; target: at most kMaxTargetChannels).
  static Result<Transcoder> Create(const TranscoderOptions& options);
  Transcoder(Transcoder&&) noexcept;
  Transcoder& operator=(Transcoder&&) noexcept;
  ~Transcoder();

  // Room that Process(input_bytes) may need: the same at any moment once the source format is known, so ask
  // once. For a WAV whose header is not yet known it bounds every possible header (a byte a frame at 1 kHz),
  // so feed the head in small pieces. Never wraps around: what passes 64 bits is given as 2^60 or so.
  uint64_t MaxOutputBytes(size_t input_bytes) const;
  // Room that Flush needs now.
  uint64_t FlushBytes() const;

  // Takes all of `input`, writes the target frames that are ready (whole ones), returns the bytes written.
  // kOutputTooSmall (nothing taken) when output is smaller than MaxOutputBytes; WAV errors as WavReader's,
  // kWavUnsupportedRate for a WAV outside the resampler's range and kWavUnsupportedChannels for one whose
  // channels cannot become the target's: after these the stream is over, and every call until Reset reports
  // the same error. No allocation once the source format is known.
  Result<size_t> Process(std::span<const uint8_t> input, std::span<uint8_t> output);
  // The end: the tail of the resampler, which brings the total to ceil(n * to / from) frames; nothing for an
  // empty stream. Part of a frame is dropped. After it wav(), frames() and leftover_bytes() tell about the
  // finished stream until the next Process begins another, as Reset does.
  Result<size_t> Flush(std::span<uint8_t> output);

  // The same for whoever has a use for the bytes where they lie. Before the error that ends a stream some may
  // have come.
  Status Process(std::span<const uint8_t> input, ByteSink& sink);
  Status Flush(ByteSink& sink);
  void Reset();  // as new, for the next source with the same options

  const std::optional<Error>& failure() const;  // that ended the stream
  bool finished() const;                        // Flush was called, and nothing since
  uint64_t frames() const;                      // of the target, handed out so far
  size_t target_channels() const;               // 0 until the source's are known and kept
  size_t leftover_bytes() const;                // of an unfinished frame at the end, which Flush dropped
  const WavReader* wav() const;                 // header facts and warnings; null unless the source is kWav
  size_t StateBytes() const;

 private:
  struct State;
  explicit Transcoder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The rates that Create takes, for options of others: kInvalidRate, naming `what`.
Status CheckRate(const char* what, uint32_t rate_hz);

}  // namespace sluice
