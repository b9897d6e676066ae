// Every failure the core can report, and Result<T>, which carries one or a value.
// Not here: how JavaScript sees them; see bindings/convert.h and src/errors.ts.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace sluice {

// Which JavaScript class an error becomes.
enum class ErrorKind : uint8_t {
  kFormat,       // the bytes break their specification: FormatError
  kUnsupported,  // valid bytes outside our scope: UnsupportedError
  kRange,        // the caller's mistake: RangeError
};

// One row per failure: enumerator, public code, kind. The public codes are API: documented in docs/errors.md,
// compared with src/errors.ts by a test.
#define SLUICE_ERROR_CODES(X)                                              \
  X(kWavNotWav, "ERR_WAV_NOT_WAV", kFormat)                                \
  X(kWavBadChunk, "ERR_WAV_BAD_CHUNK", kFormat)                            \
  X(kWavBadFmt, "ERR_WAV_BAD_FMT", kFormat)                                \
  X(kWavDataBeforeFmt, "ERR_WAV_DATA_BEFORE_FMT", kFormat)                 \
  X(kWavNoFmt, "ERR_WAV_NO_FMT", kFormat)                                  \
  X(kWavNoData, "ERR_WAV_NO_DATA", kFormat)                                \
  X(kWavNoDs64, "ERR_WAV_NO_DS64", kFormat)                                \
  X(kOggNotOgg, "ERR_OGG_NOT_OGG", kFormat)                                \
  X(kOggNoBos, "ERR_OGG_NO_BOS", kFormat)                                  \
  X(kOpusBadHead, "ERR_OPUS_BAD_HEAD", kFormat)                            \
  X(kOpusBadTags, "ERR_OPUS_BAD_TAGS", kFormat)                            \
  X(kOpusBadPacket, "ERR_OPUS_BAD_PACKET", kFormat)                        \
  X(kWavUnsupportedEncoding, "ERR_WAV_UNSUPPORTED_ENCODING", kUnsupported) \
  X(kWavUnsupportedWidth, "ERR_WAV_UNSUPPORTED_WIDTH", kUnsupported)       \
  X(kWavUnsupportedWavl, "ERR_WAV_UNSUPPORTED_WAVL", kUnsupported)         \
  X(kWavUnsupportedRate, "ERR_WAV_UNSUPPORTED_RATE", kUnsupported)         \
  X(kWavUnsupportedChannels, "ERR_WAV_UNSUPPORTED_CHANNELS", kUnsupported) \
  X(kOggUnsupportedVersion, "ERR_OGG_UNSUPPORTED_VERSION", kUnsupported)   \
  X(kOggUnsupportedCodec, "ERR_OGG_UNSUPPORTED_CODEC", kUnsupported)       \
  X(kOpusUnsupportedVersion, "ERR_OPUS_UNSUPPORTED_VERSION", kUnsupported) \
  X(kOpusUnsupportedMapping, "ERR_OPUS_UNSUPPORTED_MAPPING", kUnsupported) \
  X(kUnsupportedContainer, "ERR_UNSUPPORTED_CONTAINER", kUnsupported)      \
  X(kOutputTooSmall, "ERR_OUTPUT_TOO_SMALL", kRange)                       \
  X(kInvalidRate, "ERR_INVALID_RATE", kRange)                              \
  X(kInvalidChannels, "ERR_INVALID_CHANNELS", kRange)                      \
  X(kInvalidLength, "ERR_INVALID_LENGTH", kRange)                          \
  X(kInvalidOption, "ERR_INVALID_OPTION", kRange)                          \
  X(kTooLarge, "ERR_TOO_LARGE", kRange)

enum class ErrorCode : uint8_t {
#define X(name, code, kind) name,
  SLUICE_ERROR_CODES(X)
#undef X
};

// "ERR_WAV_NOT_WAV" and alike.
const char* ErrorCodeName(ErrorCode code);
ErrorKind ErrorCodeKind(ErrorCode code);

struct Error {
  ErrorCode code;
  uint64_t byte_offset = 0;  // into the stream, where the fault was seen; 0 for the caller's mistakes
  std::string message;       // what is wrong, the clause, and the way out; for an engineer at 3 a.m.
};

// A value or an Error. Ask ok() first: value() of an error is undefined.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT: implicit on purpose
  Result(Error error) : state_(std::move(error)) {}  // NOLINT: implicit on purpose
  bool ok() const { return state_.index() == 0; }
  T& value() { return *std::get_if<0>(&state_); }
  const T& value() const { return *std::get_if<0>(&state_); }
  const Error& error() const { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, Error> state_;
};

struct Ok {};
using Status = Result<Ok>;

}  // namespace sluice
