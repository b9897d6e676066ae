// WAV, RIFX, RF64 and BW64, read incrementally: bytes in, header facts and the raw audio bytes out.
// Not here: the fields of the `fmt ` chunk (wav_fmt.h), turning audio bytes into samples (pcm.h).
//
// The reader never copies audio: each piece it returns is a part of the caller's chunk. It may cut a piece
// inside a frame (where the caller cut its chunk); whoever needs whole frames carries the rest. It holds at
// most 40 bytes of headers, whatever their size fields claim. Decisions where the format leaves room are
// listed in docs/wav.md.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/pcm.h"

namespace sluice {

inline constexpr uint64_t kUnknownSize = ~uint64_t{0};

// enumerator, public name. Reported each once, in any order.
#define SLUICE_WAV_WARNINGS(X)                   \
  X(kTruncated, "truncated")                     \
  X(kPartialFrame, "partial-frame")              \
  X(kNoAudio, "no-audio")                        \
  X(kSizeUnknown, "size-unknown")                \
  X(kBlockAlignMismatch, "block-align-mismatch") \
  X(kValidBitsMismatch, "valid-bits-mismatch")   \
  X(kDs64Missing, "ds64-missing")                \
  X(kUnpaddedChunk, "unpadded-chunk")            \
  X(kSecondFmtChunk, "second-fmt-chunk")         \
  X(kSecondDataChunk, "second-data-chunk")

enum class WavWarning : uint8_t {
#define X(name, text) name,
  SLUICE_WAV_WARNINGS(X)
#undef X
};
const char* WavWarningName(WavWarning warning);

struct WavInfo {
  SampleFormat format = SampleFormat::kS16Le;
  uint32_t sample_rate_hz = 0;
  uint16_t channels = 0;
  uint16_t bits_per_sample = 0;  // BitsPerSample(format): 8, 16, 24, 32 or 64
  uint64_t rate_offset = 0;      // of the sample rate in the file, for messages
  uint64_t data_offset = 0;      // of the first audio byte in the file
  uint64_t declared_bytes = 0;   // what the data header says; kUnknownSize when it is a placeholder
  size_t FrameBytes() const { return BytesPerSample(format) * channels; }
};

class WavReader {
 public:
  // file_bytes: the whole file's size where it is known. Knowing it makes "does this chunk fit the file" an
  // answer at once instead of at Finish(). Should fewer bytes come, Finish() goes by what came.
  explicit WavReader(uint64_t file_bytes = kUnknownSize);

  struct Piece {
    size_t consumed = 0;             // bytes of the input this call used up
    std::span<const uint8_t> audio;  // audio bytes among them, the last ones; may be empty
  };
  // Call until everything is consumed: each call takes at least one byte of a non-empty input. After an error
  // every further call returns it again.
  Result<Piece> Process(std::span<const uint8_t> input);

  // No byte follows. Settles truncation, partial frames and missing chunks.
  Status Finish();

  // How many of the next bytes Process would not look into: the rest of a chunk, or of the audio. A source
  // that can seek may jump them with Skip instead of reading them; audio jumped counts as audio seen. 0 when
  // the file's size is not known, since a jump could then land behind its end.
  uint64_t SkippableBytes() const;
  void Skip(uint64_t bytes);  // bytes <= SkippableBytes()

  bool has_info() const { return has_info_; }
  const WavInfo& info() const { return info_; }              // requires has_info()
  uint64_t audio_bytes() const { return audio_bytes_; }      // seen so far
  uint64_t frames() const;                                   // whole frames seen so far
  uint64_t missing_bytes() const { return missing_bytes_; }  // declared but not there; 0 until Finish()
  uint32_t warnings() const { return warnings_; }            // bit i is WavWarning i; final after Finish()
  uint64_t offset() const { return offset_; }                // bytes consumed so far

 private:
  // File: preamble, then chunks, each a header, a body and after an odd body the search for the next header;
  // the audio is the body of the first `data` chunk.
  enum class State : uint8_t {
    kPreamble,     // "RIFF" size "WAVE"
    kChunkHeader,  // id, size
    kBody,         // of a chunk that is not the audio
    kAudio,
    kAfterOdd,  // is there a pad byte?
    kRest,      // nothing that follows matters
  };
  enum class Body : uint8_t { kFmt, kDs64, kList, kOther };
  struct ChunkHeader {
    std::array<char, 4> id;
    uint32_t size;
  };

  // Each takes some of `input` and returns how much: 0 only when the state has changed.
  size_t Step(std::span<const uint8_t> input);
  size_t Collect(std::span<const uint8_t> input, size_t wanted);
  size_t StepAfterOdd(std::span<const uint8_t> input);
  size_t StepBody(std::span<const uint8_t> input);

  void ParsePreamble();
  void FailNotRiff(std::string_view head);
  void BeginChunk(const ChunkHeader& header);
  void BeginChunkAfterAudio(const ChunkHeader& header);
  void BeginBody();
  void CheckBodyFits();
  void CheckListType();
  void EndBody();
  void EndFmt();
  void EndDs64();
  void BeginAudio(uint32_t size32);
  void FailNoDs64();
  void TakeAudio(uint64_t bytes);
  void NextChunk(bool after_odd);
  void FinishAfterOdd();
  void FinishHeaders();
  void SettleAudio();

  ChunkHeader ReadChunkHeader(std::span<const uint8_t> bytes) const;
  bool IsPlausible(const ChunkHeader& header, uint64_t body_offset) const;
  bool RiffConfirms(uint64_t audio_end) const;
  uint64_t LikelyEnd() const;
  uint64_t BytesLeft() const;
  void Warn(WavWarning warning) { warnings_ |= 1u << static_cast<unsigned>(warning); }
  void Fail(ErrorCode code, uint64_t offset, std::string message);

  uint64_t file_bytes_;
  uint64_t offset_ = 0;
  State state_ = State::kPreamble;
  std::optional<Error> error_;
  bool finished_ = false;

  // Header bytes that a cut of the input must not lose.
  std::array<uint8_t, 40> held_{};
  size_t held_size_ = 0;

  // RIFF or RF64 header
  std::endian order_ = std::endian::little;
  bool rf64_ = false;  // or BW64
  uint64_t riff_bytes_ = 0;
  bool has_ds64_ = false;
  uint64_t ds64_data_bytes_ = 0;

  // The chunk at hand
  Body body_ = Body::kOther;
  ChunkHeader chunk_{};
  uint64_t chunk_offset_ = 0;  // of its header
  uint64_t body_left_ = 0;
  size_t body_hold_ = 0;  // how many of its first bytes go to held_

  // The audio
  bool has_fmt_ = false;
  bool has_info_ = false;
  WavInfo info_;
  uint64_t audio_bytes_ = 0;
  uint64_t missing_bytes_ = 0;
  uint64_t data_bytes_ = 0;    // what the data header says, or ds64 for it
  bool placeholder_ = false;   // which may be what a streaming writer puts there
  bool reads_to_end_ = false;  // and is
  uint32_t warnings_ = 0;
};

}  // namespace sluice
