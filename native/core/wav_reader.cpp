#include "core/wav_reader.h"

#include <algorithm>
#include <cassert>
#include <cstdio>
#include <string_view>

#include "core/bytes.h"
#include "core/container.h"
#include "core/wav_fmt.h"

namespace sluice {
namespace {

constexpr size_t kPreambleBytes = 12;  // "RIFF" size "WAVE"
constexpr size_t kRiffSizeEnd = 8;     // the RIFF size counts from here
constexpr size_t kChunkHeaderBytes = 8;
constexpr size_t kFmtRateOffset = 4;  // in the body of fmt: tag, channels, rate …
constexpr size_t kListTypeBytes = 4;
// riffSize u64, dataSize u64; sampleCount and the table of other chunks' sizes are not needed.
constexpr size_t kDs64Bytes = 16;
constexpr uint32_t kNoSize = 0xFFFFFFFF;  // RF64: "see ds64"; RIFF: a writer that could not know

// What streaming writers put where the size is not known yet: 0, around 2^31 (sox writes 0x7FFFF000) or 2^32
// (ffmpeg). Any of them may be true all the same: see RiffConfirms.
bool IsPlaceholder(uint64_t size) {
  return size == 0 || (size >= 0x7FFF0000 && size <= 0x7FFFFFFF) ||
         (size >= 0xFFFF0000 && size <= 0xFFFFFFFF);
}

bool IsPrintable(char c) { return c >= 0x20 && c <= 0x7E; }

std::string_view View(const std::array<char, 4>& id) { return {id.data(), id.size()}; }

std::string_view Text(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// For messages: what is not printable as \xNN.
std::string Quoted(std::string_view text) {
  std::string quoted = "`";
  for (const char c : text) {
    std::array<char, 5> hex{};
    std::snprintf(hex.data(), hex.size(), "\\x%02X", static_cast<unsigned>(static_cast<uint8_t>(c)));
    quoted += IsPrintable(c) ? std::string(1, c) : std::string(hex.data());
  }
  return quoted + "`";
}

std::string Number(uint64_t value) { return std::to_string(value); }

constexpr const char* kRecord = "; record or export it again, or cut the raw audio out by hand";

}  // namespace

const char* WavWarningName(WavWarning warning) {
  constexpr std::array kNames = {
#define X(name, text) text,
      SLUICE_WAV_WARNINGS(X)
#undef X
  };
  return kNames[static_cast<size_t>(warning)];
}

WavReader::WavReader(uint64_t file_bytes) : file_bytes_(file_bytes) {}

Result<WavReader::Piece> WavReader::Process(std::span<const uint8_t> input) {
  size_t used = 0;
  while (!error_ && used < input.size()) {
    const auto rest = input.subspan(used);
    if (state_ == State::kAudio) {
      const auto audio = rest.first(static_cast<size_t>(std::min<uint64_t>(rest.size(), body_left_)));
      TakeAudio(audio.size());
      return Piece{used + audio.size(), audio};
    }
    used += Step(rest);
  }
  if (error_) return *error_;
  return Piece{used, {}};
}

size_t WavReader::Step(std::span<const uint8_t> input) {
  switch (state_) {
    case State::kPreamble: {
      const size_t taken = Collect(input, kPreambleBytes);
      if (held_size_ == kPreambleBytes) ParsePreamble();
      return taken;
    }
    case State::kChunkHeader: {
      const size_t taken = Collect(input, kChunkHeaderBytes);
      if (held_size_ == kChunkHeaderBytes) BeginChunk(ReadChunkHeader(held_));
      return taken;
    }
    case State::kBody:
      return StepBody(input);
    case State::kAfterOdd:
      return StepAfterOdd(input);
    case State::kAudio:  // Process hands it out
    case State::kRest:
      break;
  }
  offset_ += input.size();
  return input.size();
}

size_t WavReader::Collect(std::span<const uint8_t> input, size_t wanted) {
  const size_t taken = std::min(input.size(), wanted - held_size_);
  std::copy_n(input.begin(), taken, held_.begin() + static_cast<ptrdiff_t>(held_size_));
  held_size_ += taken;
  offset_ += taken;
  return taken;
}

void WavReader::ParsePreamble() {
  const auto head = Text(std::span(held_).first(held_size_));
  const auto magic = head.substr(0, 4);
  rf64_ = magic == "RF64" || magic == "BW64";
  if (!rf64_ && magic != "RIFF" && magic != "RIFX") return FailNotRiff(head);
  if (head.size() < kPreambleBytes)
    return Fail(
        ErrorCode::kWavNotWav, head.size(),
        "the file ends after " + Number(head.size()) + " bytes, inside the 12-byte RIFF header" + kRecord);
  if (head.substr(8) != "WAVE")
    return Fail(
        ErrorCode::kWavNotWav, 8,
        "the RIFF form type is " + Quoted(head.substr(8)) + ", not `WAVE`; convert the file to WAV first");
  order_ = magic == "RIFX" ? std::endian::big : std::endian::little;
  riff_bytes_ = ReadInt<uint32_t>(held_, 4, order_);
  NextChunk(false);
}

void WavReader::FailNotRiff(std::string_view head) {
  if (head.empty())
    return Fail(ErrorCode::kWavNotWav, 0, "the file is empty, not RIFF/WAVE" + std::string(kRecord));
  if (const char* name = ContainerName(head); name != nullptr)
    return Fail(ErrorCode::kUnsupportedContainer, 0,
                "this is " + std::string(name) +
                    ", not RIFF/WAVE; convert it first, for example with `ffmpeg -i INPUT -c:a pcm_s16le "
                    "OUTPUT.wav`");
  Fail(ErrorCode::kWavNotWav, 0,
       "the file begins with " + Quoted(head.substr(0, 4)) +
           ", not RIFF, RIFX, RF64 or BW64 (RIFF/WAVE); if it holds raw samples, name their format");
}

void WavReader::NextChunk(bool after_odd) {
  held_size_ = 0;
  state_ = after_odd ? State::kAfterOdd : State::kChunkHeader;
}

WavReader::ChunkHeader WavReader::ReadChunkHeader(std::span<const uint8_t> bytes) const {
  ChunkHeader header{};
  std::copy_n(bytes.begin(), header.id.size(), header.id.begin());
  header.size = ReadInt<uint32_t>(bytes, 4, order_);
  return header;
}

// RIFF pads chunks to even lengths; some writers forget. After a body that ends at e:
//
//   e   e+1                     e+8  e+9
//   |pad|   id    |    size     |  body      as it should be
//   |   id    |    size     |  body          the pad byte is missing
//
// so nine bytes decide. The ninth is only looked at: it may be the first byte of the audio, which has to come
// out of the caller's own chunk. `data` and `fmt ` decide at once: behind a pad byte the chunk would be
// called `ata?` or `mt ?`, and none is.
size_t WavReader::StepAfterOdd(std::span<const uint8_t> input) {
  const size_t taken = Collect(input, kChunkHeaderBytes);
  if (taken == input.size()) return taken;
  std::array<uint8_t, kChunkHeaderBytes + 1> bytes;
  std::copy_n(held_.begin(), kChunkHeaderBytes, bytes.begin());
  bytes.back() = input[taken];
  const auto unpadded = ReadChunkHeader(bytes);
  const auto padded = ReadChunkHeader(std::span(bytes).subspan(1));
  const bool certain = View(unpadded.id) == "data" || View(unpadded.id) == "fmt ";
  if (certain || (!IsPlausible(padded, offset_ + 1) && IsPlausible(unpadded, offset_))) {
    if (!has_info_) Warn(WavWarning::kUnpaddedChunk);
    BeginChunk(unpadded);
    return taken;
  }
  ++offset_;
  BeginChunk(padded);
  return taken + 1;
}

bool WavReader::IsPlausible(const ChunkHeader& header, uint64_t body_offset) const {
  if (!std::all_of(header.id.begin(), header.id.end(), IsPrintable)) return false;
  const uint64_t end = LikelyEnd();
  return View(header.id) == "data" || (body_offset <= end && header.size <= end - body_offset);
}

// The file's end, for IsPlausible alone. While it is not known the RIFF size is the best guess, unless it is
// already passed.
uint64_t WavReader::LikelyEnd() const {
  if (file_bytes_ != kUnknownSize) return file_bytes_;
  const uint64_t riff_end = riff_bytes_ + kRiffSizeEnd;  // may wrap around, and is then passed
  return riff_end < offset_ ? kUnknownSize : riff_end;
}

uint64_t WavReader::BytesLeft() const { return file_bytes_ > offset_ ? file_bytes_ - offset_ : 0; }

void WavReader::BeginChunk(const ChunkHeader& header) {
  chunk_ = header;
  chunk_offset_ = offset_ - kChunkHeaderBytes;
  if (has_info_) return BeginChunkAfterAudio(header);
  const auto id = View(header.id);
  if (id == "data") return BeginAudio(header.size);
  body_ = Body::kOther;
  size_t hold = 0;
  if (id == "fmt " && has_fmt_) {
    Warn(WavWarning::kSecondFmtChunk);
  } else if (id == "fmt ") {
    body_ = Body::kFmt;
    hold = kMaxWavFmtBytes;
  } else if (id == "ds64" && rf64_ && !has_ds64_) {
    body_ = Body::kDs64;
    hold = kDs64Bytes;
  } else if (id == "LIST") {
    body_ = Body::kList;
    hold = kListTypeBytes;
  }
  body_hold_ = std::min<size_t>(hold, header.size);
  BeginBody();
}

// Nothing behind the audio can hurt it; a second `data` chunk is worth a word, and to find one the headers
// are walked until they make no sense.
void WavReader::BeginChunkAfterAudio(const ChunkHeader& header) {
  body_ = Body::kOther;
  body_hold_ = 0;
  if (View(header.id) == "data") {
    Warn(WavWarning::kSecondDataChunk);
    state_ = State::kRest;
  } else if (!std::all_of(header.id.begin(), header.id.end(), IsPrintable)) {
    state_ = State::kRest;
  } else {
    BeginBody();
  }
}

void WavReader::BeginBody() {
  state_ = State::kBody;
  held_size_ = 0;
  body_left_ = chunk_.size;
  // A list is judged by its type first: `wavl` audio that is cut short is still `wavl`.
  if (body_ != Body::kList) CheckBodyFits();
  if (!error_ && body_left_ == 0) EndBody();
}

void WavReader::CheckBodyFits() {
  if (has_info_ || file_bytes_ == kUnknownSize ||
      chunk_offset_ + kChunkHeaderBytes + chunk_.size <= file_bytes_)
    return;
  Fail(ErrorCode::kWavBadChunk, chunk_offset_,
       "the " + Quoted(View(chunk_.id)) + " chunk at byte " + Number(chunk_offset_) + " claims " +
           Number(chunk_.size) + " bytes and runs past the end of the file at " + Number(file_bytes_) +
           ", before any audio (RIFF chunk size)" + kRecord);
}

size_t WavReader::StepBody(std::span<const uint8_t> input) {
  const auto part = input.first(static_cast<size_t>(std::min<uint64_t>(input.size(), body_left_)));
  const size_t kept = held_size_ < body_hold_ ? Collect(part, body_hold_) : 0;
  offset_ += part.size() - kept;
  body_left_ -= part.size();
  if (body_ == Body::kList && kept > 0 && held_size_ == body_hold_) CheckListType();
  if (!error_ && body_left_ == 0) EndBody();
  return part.size();
}

void WavReader::CheckListType() {
  if (body_hold_ == kListTypeBytes && Text(std::span(held_).first(kListTypeBytes)) == "wavl")
    return Fail(
        ErrorCode::kWavUnsupportedWavl, chunk_offset_ + kChunkHeaderBytes,
        "the audio is cut up inside a `LIST` chunk of type `wavl` (wave list), which is not read; save "
        "it as a plain WAV with one `data` chunk first");
  CheckBodyFits();
}

// Chunks are judged when they are complete, so that a file cut inside one gets the same verdict whether or
// not its size was known beforehand.
void WavReader::EndBody() {
  if (body_ == Body::kFmt) EndFmt();
  if (body_ == Body::kDs64) EndDs64();
  NextChunk(chunk_.size % 2 != 0);
}

void WavReader::EndFmt() {
  const auto parsed =
      ParseWavFmt(std::span(held_).first(held_size_), order_, chunk_offset_ + kChunkHeaderBytes);
  if (!parsed.ok()) {
    error_ = parsed.error();
    return;
  }
  const WavFmt& fmt = parsed.value();
  has_fmt_ = true;
  info_.format = fmt.format;
  info_.sample_rate_hz = fmt.sample_rate_hz;
  info_.rate_offset = chunk_offset_ + kChunkHeaderBytes + kFmtRateOffset;
  info_.channels = fmt.channels;
  info_.bits_per_sample = static_cast<uint16_t>(BitsPerSample(fmt.format));
  if (fmt.block_align_mismatch) Warn(WavWarning::kBlockAlignMismatch);
  if (fmt.valid_bits_mismatch) Warn(WavWarning::kValidBitsMismatch);
}

// 0 riffSize u64 | 8 dataSize u64 | 16 sampleCount u64 | 24 tableLength u32 | ... (EBU Tech 3306)
void WavReader::EndDs64() {
  if (held_size_ < kDs64Bytes)
    return Fail(ErrorCode::kWavBadChunk, chunk_offset_,
                "the `ds64` chunk has " + Number(held_size_) + " bytes, where RF64 needs 28 (EBU Tech 3306)" +
                    kRecord);
  has_ds64_ = true;
  riff_bytes_ = ReadLe<uint64_t>(held_, 0);
  ds64_data_bytes_ = std::min(ReadLe<uint64_t>(held_, 8), kUnknownSize - 1);
}

void WavReader::BeginAudio(uint32_t size32) {
  if (!has_fmt_)
    return Fail(ErrorCode::kWavDataBeforeFmt, chunk_offset_,
                "the `data` chunk at byte " + Number(chunk_offset_) +
                    " comes before any `fmt ` chunk, so its samples cannot be told (RIFF/WAVE); rewrite the "
                    "header, or read it as raw samples of a named format");
  const bool file_known = file_bytes_ != kUnknownSize;
  if (rf64_ && !has_ds64_) {
    if (size32 == kNoSize || (file_known && size32 > BytesLeft())) return FailNoDs64();
    Warn(WavWarning::kDs64Missing);
  }
  const bool size_in_ds64 = rf64_ && size32 == kNoSize;  // has_ds64_, or it has failed above
  data_bytes_ = size_in_ds64 ? ds64_data_bytes_ : size32;
  // A size in ds64 is no placeholder, nor is the only one that an RF64 without ds64 has; 0 always may be.
  placeholder_ = data_bytes_ == 0 || (IsPlaceholder(size32) && (!rf64_ || (has_ds64_ && !size_in_ds64)));
  const uint64_t audio_end = offset_ + data_bytes_ + data_bytes_ % 2;
  reads_to_end_ = placeholder_ && !RiffConfirms(audio_end);

  has_info_ = true;
  info_.data_offset = offset_;
  info_.declared_bytes = placeholder_ ? kUnknownSize : data_bytes_;
  body_left_ = reads_to_end_ ? kUnknownSize : data_bytes_;
  state_ = State::kAudio;
  TakeAudio(0);
}

// Tells a true data size from a placeholder: the RIFF size beside a true one covers the chunks that follow,
// or is the whole file's. Beside a placeholder it ends with the audio (sox), before it (8 or 36: never
// patched) or is none, and what follows `audio_end` is more audio. 0xFFFFFFFF is never true: the RIFF size
// would be larger.
bool WavReader::RiffConfirms(uint64_t audio_end) const {
  if (riff_bytes_ == 0 || riff_bytes_ == kNoSize) return false;
  const uint64_t right = audio_end - kRiffSizeEnd;  // if nothing follows
  return riff_bytes_ > right || (riff_bytes_ == right && file_bytes_ == audio_end);
}

void WavReader::TakeAudio(uint64_t bytes) {
  offset_ += bytes;
  audio_bytes_ += bytes;
  body_left_ -= bytes;
  if (body_left_ > 0) return;
  info_.declared_bytes = audio_bytes_;
  NextChunk(audio_bytes_ % 2 != 0);
}

void WavReader::FailNoDs64() {
  Fail(ErrorCode::kWavNoDs64, chunk_offset_,
       "RF64 without a `ds64` chunk before the audio, and the 32-bit data size, " + Number(chunk_.size) +
           ", does not fit the file (EBU Tech 3306)" + kRecord);
}

Status WavReader::Finish() {
  if (!finished_ && !error_) {
    finished_ = true;
    file_bytes_ = offset_;
    if (state_ == State::kAfterOdd && held_size_ == kChunkHeaderBytes) FinishAfterOdd();
    if (!error_ && !has_info_) FinishHeaders();
    if (!error_) SettleAudio();
  }
  if (error_) return *error_;
  return Ok{};
}

// Eight bytes are too few for StepAfterOdd: there is no room for a pad byte and a header, but there is for
// the header of an empty chunk right after the odd one.
void WavReader::FinishAfterOdd() {
  const auto unpadded = ReadChunkHeader(held_);
  if (!IsPlausible(unpadded, offset_)) return;
  if (!has_info_) Warn(WavWarning::kUnpaddedChunk);
  BeginChunk(unpadded);
}

// The input ended before any audio began.
void WavReader::FinishHeaders() {
  if (state_ == State::kPreamble) return ParsePreamble();
  if (state_ == State::kBody) return CheckBodyFits();
  if (!has_fmt_)
    return Fail(ErrorCode::kWavNoFmt, offset_,
                "the file ends at byte " + Number(offset_) + " without a `fmt ` chunk (RIFF/WAVE)" + kRecord);
  Fail(ErrorCode::kWavNoData, offset_,
       "the file ends at byte " + Number(offset_) + " without a `data` chunk (RIFF/WAVE)" + kRecord);
}

void WavReader::SettleAudio() {
  bool truncated = false;
  if (state_ == State::kAudio) {  // the input ended before the declared size did
    if (rf64_ && !has_ds64_ && !reads_to_end_) return FailNoDs64();
    truncated = !placeholder_;
    if (truncated) {
      Warn(WavWarning::kTruncated);
      missing_bytes_ = body_left_;
    } else if (audio_bytes_ == data_bytes_) {
      info_.declared_bytes = data_bytes_;  // it was true after all
    } else if (audio_bytes_ > 0) {
      Warn(WavWarning::kSizeUnknown);
    }
  }
  if (!truncated && audio_bytes_ % info_.FrameBytes() != 0) Warn(WavWarning::kPartialFrame);
  if (frames() == 0) Warn(WavWarning::kNoAudio);
}

uint64_t WavReader::SkippableBytes() const {
  if (error_ || file_bytes_ == kUnknownSize) return 0;
  switch (state_) {
    case State::kBody:
      return held_size_ == body_hold_ ? std::min(body_left_, BytesLeft()) : 0;
    case State::kAudio:
      return std::min(body_left_, BytesLeft());
    case State::kRest:
      return BytesLeft();
    default:
      return 0;
  }
}

void WavReader::Skip(uint64_t bytes) {
  assert(bytes <= SkippableBytes());
  bytes = std::min(bytes, SkippableBytes());
  if (state_ == State::kAudio) return TakeAudio(bytes);
  offset_ += bytes;
  if (state_ != State::kBody) return;
  body_left_ -= bytes;
  if (body_left_ == 0) EndBody();
}

uint64_t WavReader::frames() const { return has_info_ ? audio_bytes_ / info_.FrameBytes() : 0; }

void WavReader::Fail(ErrorCode code, uint64_t offset, std::string message) {
  error_ = Error{code, offset, std::move(message)};
}

}  // namespace sluice
