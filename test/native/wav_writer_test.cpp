// WriteWavHeader: headers byte for byte, limits, and what WavReader makes of them.
#include "core/wav_writer.h"

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "check.h"
#include "core/bytes.h"
#include "core/wav_reader.h"

namespace sluice {
namespace {

using Bytes = std::vector<uint8_t>;

Result<Bytes> Header(const WavHeaderOptions& options) {
  std::array<uint8_t, kMaxWavHeaderBytes> room;
  const auto size = WriteWavHeader(options, room);
  if (!size.ok()) return size.error();
  return Bytes(room.begin(), room.begin() + static_cast<ptrdiff_t>(size.value()));
}

void CheckHeader(const WavHeaderOptions& options, const Bytes& expected) {
  const auto header = Header(options);
  REQUIRE(header.ok());
  CHECK_EQ(header.value().size(), expected.size());
  CHECK(header.value() == expected);
}

void CheckRefused(const WavHeaderOptions& options, ErrorCode code) {
  const auto header = Header(options);
  CHECK(!header.ok() && header.error().code == code && !header.error().message.empty());
}

TEST("WriteWavHeader writes 44 bytes for 16-bit PCM mono") {
  CheckHeader(
      {.format = SampleFormat::kS16Le, .sample_rate_hz = 24000, .channels = 1, .data_bytes = 0x12344},
      {'R',  'I',  'F',  'F',  0x68, 0x23, 0x01, 0x00,  // 36 + 0x12344
       'W',  'A',  'V',  'E',  'f',  'm',  't',  ' ',  16, 0, 0,   0,   1,   0,   1,    0,    0xC0, 0x5D,
       0x00, 0x00, 0x80, 0xBB, 0x00, 0x00, 2,    0,    16, 0, 'd', 'a', 't', 'a', 0x44, 0x23, 0x01, 0x00});
}

TEST("WriteWavHeader writes an 18-byte fmt and a fact chunk for float stereo") {
  CheckHeader(
      {.format = SampleFormat::kF32Le, .sample_rate_hz = 48000, .channels = 2, .data_bytes = 80},
      {'R',  'I',  'F',  'F',  130, 0,   0,   0,  // 50 + 80
       'W',  'A',  'V',  'E',  'f', 'm', 't', ' ', 18, 0, 0, 0, 3,   0,   2,   0,   0x80, 0xBB, 0, 0,
       0x00, 0xDC, 0x05, 0x00, 8,   0,   32,  0,   0,  0,  // cbSize
       'f',  'a',  'c',  't',  4,   0,   0,   0,   10, 0, 0, 0, 'd', 'a', 't', 'a', 80,   0,    0, 0});
}

TEST("WriteWavHeader counts the pad byte of odd G.711 in the RIFF size only") {
  CheckHeader({.format = SampleFormat::kMulaw, .sample_rate_hz = 8000, .channels = 1, .data_bytes = 9},
              {'R',  'I', 'F', 'F',  60,   0,   0,   0,  // 50 + 9 + 1
               'W',  'A', 'V', 'E',  'f',  'm', 't', ' ', 18,  0,   0,   0,   7, 0,   1,   0,   0x40,
               0x1F, 0,   0,   0x40, 0x1F, 0,   0,   1,   0,   8,   0,   0,   0, 'f', 'a', 'c', 't',
               4,    0,   0,   0,    9,    0,   0,   0,   'd', 'a', 't', 'a', 9, 0,   0,   0});
  CHECK(WavNeedsPadByte(9));
  CHECK(!WavNeedsPadByte(10));
}

TEST("WriteWavHeader writes EXTENSIBLE for six channels") {
  CheckHeader({.format = SampleFormat::kS16Le, .sample_rate_hz = 16000, .channels = 6, .data_bytes = 24},
              {'R',  'I',  'F',  'F', 84,  0,    0,    0,  // 60 + 24
               'W',  'A',  'V',  'E', 'f', 'm',  't',  ' ',  40,   0,  0, 0,    0xFE, 0xFF, 6,
               0,    0x80, 0x3E, 0,   0,   0x00, 0xEE, 0x02, 0x00, 12, 0, 16,   0,    22,   0,  // cbSize
               16,   0,                                                                         // valid bits
               0,    0,    0,    0,  // channel mask
               1,    0,    0,    0,   0,   0,    0x10, 0,    0x80, 0,  0, 0xAA, 0,    0x38, 0x9B,
               0x71, 'd',  'a',  't', 'a', 24,   0,    0,    0});
}

TEST("WriteWavHeader writes 0xFFFFFFFF for every size it cannot know") {
  const auto pcm =
      Header({.format = SampleFormat::kS16Le, .sample_rate_hz = 8000, .data_bytes = kUnknownSize});
  REQUIRE(pcm.ok());
  CHECK_EQ(pcm.value().size(), size_t{44});
  CHECK_EQ(ReadLe<uint32_t>(pcm.value(), 4), 0xFFFFFFFFu);
  CHECK_EQ(ReadLe<uint32_t>(pcm.value(), 40), 0xFFFFFFFFu);
  const auto alaw =
      Header({.format = SampleFormat::kAlaw, .sample_rate_hz = 8000, .data_bytes = kUnknownSize});
  REQUIRE(alaw.ok());
  CHECK_EQ(alaw.value().size(), size_t{58});
  CHECK_EQ(ReadLe<uint32_t>(alaw.value(), 46), 0xFFFFFFFFu);  // fact
  CHECK_EQ(ReadLe<uint32_t>(alaw.value(), 54), 0xFFFFFFFFu);
}

TEST("WriteWavHeader refuses what a header cannot say") {
  const WavHeaderOptions good{
      .format = SampleFormat::kS16Le, .sample_rate_hz = 16000, .channels = 2, .data_bytes = 8};
  const auto with = [&](auto change) {
    WavHeaderOptions options = good;
    change(options);
    return options;
  };
  CHECK(Header(good).ok());
  CheckRefused(with([](auto& o) { o.sample_rate_hz = 0; }), ErrorCode::kInvalidRate);
  CheckRefused(with([](auto& o) { o.sample_rate_hz = 0x80000000; }), ErrorCode::kInvalidRate);
  CheckRefused(with([](auto& o) { o.channels = 0; }), ErrorCode::kInvalidChannels);
  CheckRefused(with([](auto& o) { o.channels = 32768; }), ErrorCode::kInvalidChannels);
  CheckRefused(with([](auto& o) { o.data_bytes = 6; }), ErrorCode::kInvalidLength);
  CheckRefused(with([](auto& o) { o.data_bytes = kUnknownSize - 1; }), ErrorCode::kTooLarge);
  CheckRefused(with([](auto& o) { o.data_bytes = uint64_t{1} << 32; }), ErrorCode::kTooLarge);
  std::array<uint8_t, kMaxWavHeaderBytes - 1> short_room;
  const auto size = WriteWavHeader(good, short_room);
  CHECK(!size.ok() && size.error().code == ErrorCode::kOutputTooSmall);
}

TEST("WriteWavHeader goes up to the last size that RIFF can say") {
  // RIFF size = 36 + data (+ pad), and 0xFFFFFFFF would mean "unknown".
  WavHeaderOptions options{.format = SampleFormat::kU8, .sample_rate_hz = 16000};
  for (const uint32_t data_bytes : {0xFFFFFFFE - 36, 0xFFFFFFFE - 37}) {
    options.data_bytes = data_bytes;
    const auto header = Header(options);
    REQUIRE(header.ok());
    CHECK_EQ(ReadLe<uint32_t>(header.value(), 40), data_bytes);
    CHECK_EQ(ReadLe<uint32_t>(header.value(), 4), 0xFFFFFFFEu);
  }
  options.data_bytes = 0xFFFFFFFE - 35;
  CheckRefused(options, ErrorCode::kTooLarge);
}

TEST("WriteWavHeader caps bytes per second where 32 bits are too few") {
  const auto header =
      Header({.format = SampleFormat::kF64Le, .sample_rate_hz = 0x7FFFFFFF, .channels = 2, .data_bytes = 16});
  REQUIRE(header.ok());
  CHECK_EQ(ReadLe<uint32_t>(header.value(), 28), 0xFFFFFFFFu);
}

TEST("WavReader reads back every header that WriteWavHeader writes") {
  using enum SampleFormat;
  for (const SampleFormat format : {kU8, kS16Le, kS24Le, kS32Le, kF32Le, kF64Le, kMulaw, kAlaw}) {
    for (const uint16_t channels : std::initializer_list<uint16_t>{1, 2, 3, 6, 8}) {
      for (const bool known : {true, false}) {
        const uint64_t bytes = 5 * channels * BytesPerSample(format);
        const auto header = Header({.format = format,
                                    .sample_rate_hz = 44100,
                                    .channels = channels,
                                    .data_bytes = known ? bytes : kUnknownSize});
        REQUIRE(header.ok());
        Bytes file = header.value();
        file.resize(file.size() + bytes + (known && WavNeedsPadByte(bytes) ? 1 : 0), 0x55);
        WavReader reader(file.size());
        std::span<const uint8_t> rest = file;
        uint64_t audio = 0;
        while (!rest.empty()) {
          const auto piece = reader.Process(rest);
          REQUIRE(piece.ok());
          audio += piece.value().audio.size();
          rest = rest.subspan(piece.value().consumed);
        }
        REQUIRE(reader.Finish().ok());
        CHECK(reader.info().format == format);
        CHECK_EQ(reader.info().channels, channels);
        CHECK_EQ(reader.info().sample_rate_hz, 44100u);
        CHECK_EQ(reader.info().data_offset, header.value().size());
        CHECK_EQ(audio, bytes);
        CHECK_EQ(reader.frames(), uint64_t{5});
        const uint32_t unknown = 1u << static_cast<unsigned>(WavWarning::kSizeUnknown);
        CHECK_EQ(reader.warnings(), known ? 0u : unknown);
        if (known) CHECK_EQ(ReadLe<uint32_t>(file, 4), static_cast<uint32_t>(file.size() - 8));
      }
    }
  }
}

}  // namespace
}  // namespace sluice
