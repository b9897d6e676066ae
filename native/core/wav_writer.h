// WAV files written piece by piece, and their headers (RIFF/WAVE, Microsoft "Multiple Channel Audio Data and
// WAVE Files"; RF64, EBU Tech 3306). Tag 1 (PCM) for u8/s16/s24/s32 of one or two channels, 3 for floats, 6/7
// for G.711, EXTENSIBLE for more than two channels. Everything that is not PCM gets a `fmt ` of 18 bytes and
// a `fact` chunk, as the specification wants. RIFF up to its 4 GiB, RF64 above. Not here: how samples lie in
// bytes (pcm.h), files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/error.h"
#include "core/pcm.h"
#include "core/wav_reader.h"

namespace sluice {

inline constexpr size_t kMaxWavHeaderBytes = 128;

struct WavHeaderOptions {
  SampleFormat format = SampleFormat::kS16Le;  // little-endian formats (not kS24In32Le) and G.711 only
  uint32_t sample_rate_hz = 0;
  uint16_t channels = 1;
  // Audio bytes; kUnknownSize writes 0xFFFFFFFF in all size fields (a stream whose end is not known yet).
  uint64_t data_bytes = 0;
  // Keeps room for the 64-bit sizes of RF64, a `JUNK` chunk while they are not needed: the header has the
  // same length whatever data_bytes is, so it can be written over once the audio is there.
  bool room_to_grow = false;
};

// Writes the header to dst (at least kMaxWavHeaderBytes) and returns its length: RIFF where its 32-bit sizes
// suffice, else RF64. Errors: kInvalidRate, kInvalidChannels, kTooLarge (above 2^63 - 1 bytes, which no file
// holds), kInvalidLength (no whole number of frames), kOutputTooSmall.
Result<size_t> WriteWavHeader(const WavHeaderOptions& options, std::span<uint8_t> dst);

// RIFF chunks are padded to even lengths: whether a zero byte follows `data_bytes` of audio.
constexpr bool WavNeedsPadByte(uint64_t data_bytes) { return data_bytes % 2 != 0; }

struct WavWriterOptions {
  SampleFormat format = SampleFormat::kS16Le;  // as in WavHeaderOptions
  uint32_t sample_rate_hz = 0;
  uint16_t channels = 1;
  // Keeps room in the header for the sizes of a file above 4 GiB. Without it the header is the shortest there
  // is, `fmt ` comes first, as some readers want it (Asterisk's), and a file above 4 GiB keeps the header of
  // a stream.
  bool rf64 = true;
};

// Samples in, the bytes of a file out: a header with unknown sizes, then the audio. Readers take that for
// "until the end", so nothing may follow the audio. Where the output can seek, the file is made whole at the
// end: Header(), of the same length and with the true sizes, goes over the first one, and a zero byte behind
// an odd stream_bytes().
class WavWriter {
 public:
  // Errors: kInvalidRate, kInvalidChannels.
  static Result<WavWriter> Create(const WavWriterOptions& options);

  // Room that Process(frames) wants, the same at any moment; with 0, what Flush and Header want.
  size_t MaxOutputBytes(size_t frames) const { return header_bytes_ + frames * frame_bytes_; }

  // Whole frames, interleaved, of either kind; returns the bytes written. The first call after Create or
  // Reset, and the first with samples after Flush, begins a file. Errors, nothing taken: kInvalidLength,
  // kOutputTooSmall.
  Result<size_t> Process(std::span<const int16_t> samples, std::span<uint8_t> output);
  Result<size_t> Process(std::span<const float> samples, std::span<uint8_t> output);
  // For who writes the audio's bytes himself: as Process of so many frames, but writes only what comes before
  // them. Errors, nothing counted: kTooLarge, kOutputTooSmall.
  Result<size_t> Count(uint64_t frames, std::span<uint8_t> output);
  // The end: the header if no call before it wrote one, else nothing. Again: nothing.
  Result<size_t> Flush(std::span<uint8_t> output);
  // The header of a file that ends here, or ended with Flush, its pad byte counted: header_bytes() of them.
  Result<size_t> Header(std::span<uint8_t> output) const;
  void Reset();

  size_t header_bytes() const { return header_bytes_; }
  // Of the file at hand, or of the one that Flush ended.
  uint64_t frames() const { return frames_; }
  uint64_t stream_bytes() const { return header_bytes_ + frames_ * frame_bytes_; }  // without a pad byte

 private:
  WavWriter(const WavWriterOptions& options, size_t header_bytes);
  template <class T>
  Result<size_t> ProcessAs(std::span<const T> samples, std::span<uint8_t> output);
  Status CheckRoom(size_t frames, size_t room) const;
  Result<size_t> WriteHeader(uint64_t data_bytes, std::span<uint8_t> output) const;
  size_t BeginFile(std::span<uint8_t> output);

  WavWriterOptions options_;
  size_t frame_bytes_;
  size_t header_bytes_;
  uint64_t frames_ = 0;
  enum class State : uint8_t { kNew, kInFile, kFinished } state_ = State::kNew;
};

}  // namespace sluice
