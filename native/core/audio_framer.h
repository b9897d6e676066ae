// The fused hot path: source bytes in, complete WebSocket text messages out, in one call:
//   parse (WAV) -> convert -> downmix to mono -> resample -> encode (s16le or G.711) -> base64 -> JSON
//   {"type":"audio","audio":"..."}   or   {"type":"audio","audio":"...","client_req_id":"..."}
// The caller lends the output. All messages but the last of a stream have the same length, message_bytes(),
// so the output is a run of equal messages and needs no index. When source and wire agree (same rate, s16le
// or the same G.711 law, mono) the bytes pass untouched.
//
// Where rates differ, samples go through the resampler as int16 when neither the source's nor the wire's are
// wider, the mean of several channels rounded to int16 as well (nearest, ties to even); else as float32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/pcm.h"
#include "core/resampler.h"
#include "core/wav_reader.h"

namespace sluice {

inline constexpr uint32_t kStepMs = 80;               // the service's frame: 80 ms
inline constexpr uint32_t kMaxStepsPerMessage = 125;  // 10 s

struct FramerOptions {
  // Source: a WAV file or stream; raw samples; or bytes that are not looked at (wire `wav` as it is).
  enum class Source : uint8_t { kWav, kRaw, kOpaque };
  Source source = Source::kWav;
  SampleFormat format = SampleFormat::kS16Le;  // kRaw only
  uint32_t sample_rate_hz = 0;                 // kRaw only
  uint16_t channels = 1;                       // kRaw only
  // kWav: size of the whole file where it is known, which settles some broken headers (see WavReader). It is
  // that of the first source: Reset forgets it.
  uint64_t source_bytes = kUnknownSize;

  // Wire: mono samples (the service knows s16le, mulaw and alaw) at this rate. For kOpaque only the size of a
  // step matters.
  SampleFormat wire_format = SampleFormat::kS16Le;
  uint32_t wire_rate_hz = 0;  // kOpaque: steps of wire_rate_hz * 2 * 80 ms bytes, e.g. 24000 -> 3840

  uint32_t steps_per_message = 1;  // 1..kMaxStepsPerMessage
  // The value of client_req_id as a JSON string literal with its quotes, already escaped; empty for none.
  std::string client_req_id_json;
};

class AudioFramer {
 public:
  // Errors: kInvalidRate (both rates 1 to 192 kHz; the wire's a multiple of 25 Hz, so that 80 ms are whole
  // frames), kInvalidChannels (raw sources: at least 1), kInvalidLength (steps_per_message).
  static Result<AudioFramer> Create(const FramerOptions& options);
  AudioFramer(AudioFramer&&) noexcept;
  AudioFramer& operator=(AudioFramer&&) noexcept;
  ~AudioFramer();

  // Room that Process(input_bytes) may need: the same at any moment once the source format is known, so ask
  // once. For a WAV whose header is not yet known it bounds every possible header (8-bit mono at 1 kHz
  // becomes 128 times its size at 48 kHz), so feed the head in small pieces.
  size_t MaxOutputBytes(size_t input_bytes) const;
  // Room that Flush may need now.
  size_t MaxFlushBytes() const;

  // Takes all of `input`, writes zero or more messages of message_bytes() each, returns the bytes written.
  // kOutputTooSmall (nothing taken) when output is smaller than MaxOutputBytes; WAV errors as WavReader's,
  // and kWavUnsupportedRate for a WAV outside the resampler's range: after these the stream is over, and
  // every call until Reset reports the same error. No allocation once the source format is known.
  Result<size_t> Process(std::span<const uint8_t> input, std::span<uint8_t> output);
  // The end: the tail of the resampler and the last, shorter message; nothing for an empty stream. The last
  // message has an even number of audio bytes (an odd G.711 tail gets one code of silence: the service
  // refuses odd lengths; kOpaque bytes stay as they are). kOutputTooSmall as for Process. After it wav(),
  // wire_frames() and leftover_bytes() tell about the finished stream until the next Process begins another,
  // as Reset does.
  Result<size_t> Flush(std::span<uint8_t> output);
  void Reset();  // as new, for the next file with the same options

  size_t message_bytes() const;   // of every message but the last
  uint64_t wire_frames() const;   // source audio handed out in messages so far (not for kOpaque: 0)
  size_t leftover_bytes() const;  // of an unfinished frame at the end, which Flush dropped
  const WavReader* wav() const;   // header facts and warnings; null unless the source is kWav
  size_t StateBytes() const;

 private:
  struct State;
  explicit AudioFramer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sluice
