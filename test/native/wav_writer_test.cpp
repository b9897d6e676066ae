// WriteWavHeader: headers byte for byte, limits, and what WavReader makes of them. WavWriter: files made of
// pieces.
#include "core/wav_writer.h"

#include <algorithm>
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
  CheckRefused(with([](auto& o) { o.data_bytes = uint64_t{1} << 63; }), ErrorCode::kTooLarge);
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
    CHECK(std::equal(header.value().begin(), header.value().begin() + 4, "RIFF"));
  }
  options.data_bytes = 0xFFFFFFFE - 35;
  const auto header = Header(options);
  REQUIRE(header.ok());
  CHECK(std::equal(header.value().begin(), header.value().begin() + 4, "RF64"));
}

TEST("WriteWavHeader writes RF64 above 4 GiB") {
  // 0x1'2345'6786 bytes are 0x308B9141 frames of 6.
  CheckHeader(
      {.format = SampleFormat::kS24Le, .sample_rate_hz = 48000, .channels = 2, .data_bytes = 0x1'2345'6786},
      {'R',  'F',  '6',  '4',  0xFF, 0xFF, 0xFF, 0xFF, 'W', 'A', 'V', 'E',                    //
       'd',  's',  '6',  '4',  28,   0,    0,    0,                                           //
       0xCE, 0x67, 0x45, 0x23, 0x01, 0x00, 0x00, 0x00,                                        // 72 + data
       0x86, 0x67, 0x45, 0x23, 0x01, 0x00, 0x00, 0x00,                                        // data
       0x41, 0x91, 0x8B, 0x30, 0x00, 0x00, 0x00, 0x00,                                        // frames
       0,    0,    0,    0,                                                                   // no table
       'f',  'm',  't',  ' ',  16,   0,    0,    0,    1,   0,   2,   0,   0x80, 0xBB, 0, 0,  //
       0x00, 0x65, 0x04, 0x00, 6,    0,    24,   0,                                           //
       'd',  'a',  't',  'a',  0xFF, 0xFF, 0xFF, 0xFF});
}

TEST("WriteWavHeader leaves the frames of RF64 to ds64 in the fact chunk") {
  const auto header = Header({.format = SampleFormat::kMulaw,
                              .sample_rate_hz = 8000,
                              .channels = 1,
                              .data_bytes = (uint64_t{1} << 40) + 1,
                              .room_to_grow = true});
  REQUIRE(header.ok());
  const Bytes& bytes = header.value();
  CHECK_EQ(bytes.size(), size_t{94});
  CHECK_EQ(ReadLe<uint64_t>(bytes, 20), (uint64_t{1} << 40) + 88);  // 86 before the audio, the pad byte
  CHECK_EQ(ReadLe<uint64_t>(bytes, 28), (uint64_t{1} << 40) + 1);
  CHECK_EQ(ReadLe<uint64_t>(bytes, 36), (uint64_t{1} << 40) + 1);
  CHECK(std::equal(bytes.begin() + 74, bytes.begin() + 78, "fact"));
  CHECK_EQ(ReadLe<uint32_t>(bytes, 82), 0xFFFFFFFFu);
}

TEST("WriteWavHeader with room to grow has one length for every size") {
  WavHeaderOptions options{.format = SampleFormat::kS16Le, .sample_rate_hz = 8000, .room_to_grow = true};
  const uint64_t sizes[] = {kUnknownSize, 0, 2, 0xFFFFFFFE - 72, 0xFFFFFFFE - 70, uint64_t{1} << 40};
  for (const uint64_t data_bytes : sizes) {
    options.data_bytes = data_bytes;
    const auto header = Header(options);
    REQUIRE(header.ok());
    const Bytes& bytes = header.value();
    CHECK_EQ(bytes.size(), size_t{80});
    const bool rf64 = data_bytes != kUnknownSize && data_bytes > 0xFFFFFFFE - 72;
    CHECK(std::equal(bytes.begin(), bytes.begin() + 4, rf64 ? "RF64" : "RIFF"));
    CHECK(std::equal(bytes.begin() + 12, bytes.begin() + 16, rf64 ? "ds64" : "JUNK"));
    CHECK_EQ(ReadLe<uint32_t>(bytes, 16), 28u);
    const auto small = static_cast<uint32_t>(data_bytes);
    const bool in_fields = !rf64 && data_bytes != kUnknownSize;
    CHECK_EQ(ReadLe<uint32_t>(bytes, 4), in_fields ? 72 + small : 0xFFFFFFFFu);
    CHECK_EQ(ReadLe<uint32_t>(bytes, 76), in_fields ? small : 0xFFFFFFFFu);
  }
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
                                    .data_bytes = known ? bytes : kUnknownSize,
                                    .room_to_grow = channels % 2 == 0});
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

TEST("WavReader finds the size of an RF64 file that WriteWavHeader promises") {
  using enum SampleFormat;
  for (const SampleFormat format : {kU8, kS24Le, kF64Le, kMulaw}) {
    for (const uint16_t channels : std::initializer_list<uint16_t>{1, 3}) {
      const uint64_t data_bytes = 5'000'000'001 * channels * BytesPerSample(format);
      const auto header = Header({.format = format,
                                  .sample_rate_hz = 44100,
                                  .channels = channels,
                                  .data_bytes = data_bytes,
                                  .room_to_grow = true});
      REQUIRE(header.ok());
      const uint64_t pad = WavNeedsPadByte(data_bytes) ? 1 : 0;
      const uint64_t file_bytes = header.value().size() + data_bytes + pad;
      CHECK_EQ(ReadLe<uint64_t>(header.value(), 20), file_bytes - 8);
      WavReader reader(file_bytes);
      REQUIRE(reader.Process(header.value()).ok());
      REQUIRE(reader.has_info());
      CHECK_EQ(reader.info().declared_bytes, data_bytes);
      CHECK_EQ(reader.SkippableBytes(), data_bytes);
      reader.Skip(data_bytes);
      const Bytes padding(pad, 0);
      CHECK(reader.Process(padding).ok());
      REQUIRE(reader.Finish().ok());
      CHECK_EQ(reader.frames(), uint64_t{5'000'000'001});
      CHECK_EQ(reader.warnings(), 0u);
    }
  }
}

// ---- WavWriter

Result<WavWriter> Writer(SampleFormat format, uint16_t channels, bool rf64 = true) {
  return WavWriter::Create({.format = format, .sample_rate_hz = 16000, .channels = channels, .rf64 = rf64});
}

// What `write` puts into room of `wanted` bytes; nothing may be written behind them.
template <class F>
Bytes Written(size_t wanted, F&& write) {
  Bytes room(wanted + 16, 0xA5);
  const Result<size_t> size = write(std::span(room).first(wanted));
  CHECK(size.ok());
  if (!size.ok()) return {};
  for (size_t i = size.value(); i < room.size(); ++i) CHECK_EQ(room[i], uint8_t{0xA5});
  room.resize(size.value());
  return room;
}

void Append(Bytes& file, const Bytes& part) { file.insert(file.end(), part.begin(), part.end()); }

TEST("WavWriter makes the same file however the samples were cut") {
  using enum SampleFormat;
  for (const SampleFormat format : {kU8, kS16Le, kS24Le, kS32Le, kF32Le, kF64Le, kMulaw, kAlaw}) {
    for (const uint16_t channels : std::initializer_list<uint16_t>{1, 3}) {
      constexpr size_t kFrames = 37;
      std::vector<int16_t> samples(kFrames * channels);
      for (size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<int16_t>(i * 977 - 20000);
      Bytes data(samples.size() * BytesPerSample(format));
      FromInt16(format, samples, data);

      for (const size_t cut : {size_t{1}, size_t{5}, kFrames}) {
        auto writer = Writer(format, channels);
        REQUIRE(writer.ok());
        WavWriter& w = writer.value();
        Bytes file;
        for (size_t at = 0; at < kFrames; at += cut) {
          const size_t frames = std::min(cut, kFrames - at);
          const auto part = std::span<const int16_t>(samples).subspan(at * channels, frames * channels);
          Append(file, Written(w.MaxOutputBytes(frames), [&](auto room) { return w.Process(part, room); }));
        }
        Append(file, Written(w.MaxOutputBytes(0), [&](auto room) { return w.Flush(room); }));
        CHECK_EQ(w.frames(), uint64_t{kFrames});
        const Bytes header = Written(w.MaxOutputBytes(0), [&](auto room) { return w.Header(room); });

        const WavHeaderOptions options{.format = format,
                                       .sample_rate_hz = 16000,
                                       .channels = channels,
                                       .data_bytes = kUnknownSize,
                                       .room_to_grow = true};
        Bytes expected = Header(options).value();
        CHECK_EQ(header.size(), expected.size());
        Append(expected, data);
        CHECK(file == expected);
        CHECK_EQ(w.stream_bytes(), uint64_t{file.size()});
        WavHeaderOptions patched = options;
        patched.data_bytes = data.size();
        CHECK(header == Header(patched).value());
      }
    }
  }
}

TEST("WavWriter writes a header for a file without samples, and begins another after Flush and Reset") {
  auto writer = Writer(SampleFormat::kU8, 1);
  REQUIRE(writer.ok());
  WavWriter& w = writer.value();
  const auto flush = [&] { return Written(w.MaxOutputBytes(0), [&](auto room) { return w.Flush(room); }); };
  const std::vector<int16_t> sample(1);
  const auto process = [&] {
    return Written(w.MaxOutputBytes(1), [&](auto room) { return w.Process(std::span(sample), room); });
  };
  CHECK_EQ(flush().size(), w.header_bytes());
  CHECK_EQ(process().size(), w.header_bytes() + 1);
  CHECK_EQ(process().size(), size_t{1});
  CHECK_EQ(process().size(), size_t{1});
  CHECK_EQ(flush().size(), size_t{0});
  CHECK_EQ(w.frames(), uint64_t{3});
  CHECK_EQ(process().size(), w.header_bytes() + 1);
  CHECK_EQ(w.frames(), uint64_t{1});
  w.Reset();
  CHECK_EQ(w.frames(), uint64_t{0});
  CHECK_EQ(process().size(), w.header_bytes() + 1);
}

TEST("WavWriter writes nothing more for a second Flush or an empty Process after it") {
  for (const size_t frames : {size_t{0}, size_t{3}}) {
    auto writer = Writer(SampleFormat::kU8, 1);
    REQUIRE(writer.ok());
    WavWriter& w = writer.value();
    Bytes room(w.MaxOutputBytes(3));
    const std::vector<int16_t> samples(frames);
    REQUIRE(w.Process(std::span(samples), room).ok());
    REQUIRE(w.Flush(room).ok());
    for (const auto& again : {w.Flush(room), w.Process(std::span<const int16_t>(), room),
                              w.Process(std::span<const float>(), room), w.Flush(room)})
      CHECK(again.ok() && again.value() == 0);
    CHECK_EQ(w.frames(), uint64_t{frames});
    CHECK_EQ(w.stream_bytes(), w.header_bytes() + frames);
  }
}

TEST("WavWriter counts frames whose bytes somebody else writes, and gives the headers of the same file") {
  auto counting = Writer(SampleFormat::kS24Le, 2);
  auto writing = Writer(SampleFormat::kS24Le, 2);
  REQUIRE(counting.ok() && writing.ok());
  const std::vector<int16_t> samples(10);
  Bytes want(writing.value().MaxOutputBytes(5));
  Bytes got(counting.value().MaxOutputBytes(0));
  REQUIRE(writing.value().Process(std::span(samples), want).ok());
  const auto header = counting.value().Count(3, got);
  REQUIRE(header.ok());
  CHECK_EQ(header.value(), counting.value().header_bytes());
  CHECK(std::equal(got.begin(), got.end(), want.begin()));
  const auto more = counting.value().Count(2, got);
  CHECK(more.ok() && more.value() == 0);
  CHECK_EQ(counting.value().frames(), uint64_t{5});
  REQUIRE(counting.value().Flush(got).ok() && writing.value().Flush(want).ok());
  REQUIRE(counting.value().Header(got).ok() && writing.value().Header(want).ok());
  CHECK(std::equal(got.begin(), got.end(), want.begin()));

  const auto none = counting.value().Count(0, got);
  CHECK(none.ok() && none.value() == 0);
  const auto too_many = counting.value().Count(uint64_t{1} << 62, got);
  CHECK(!too_many.ok() && too_many.error().code == ErrorCode::kTooLarge);
  const auto no_room = counting.value().Count(1, std::span(got).first(got.size() - 1));
  CHECK(!no_room.ok() && no_room.error().code == ErrorCode::kOutputTooSmall);
  CHECK_EQ(counting.value().frames(), uint64_t{5});
}

TEST("WavWriter without RF64 writes the shortest header") {
  const auto writer = Writer(SampleFormat::kS16Le, 1, false);
  REQUIRE(writer.ok());
  CHECK_EQ(writer.value().header_bytes(), size_t{44});
}

TEST("WavWriter refuses too little room and cut frames, and takes nothing then") {
  auto writer = Writer(SampleFormat::kS16Le, 2);
  REQUIRE(writer.ok());
  WavWriter& w = writer.value();
  const std::vector<int16_t> samples(4);
  Bytes room(w.MaxOutputBytes(2));
  const auto fails = [&](size_t count, size_t bytes) {
    const auto result = w.Process(std::span(samples).first(count), std::span(room).first(bytes));
    return result.ok() ? std::string() : ErrorCodeName(result.error().code);
  };
  CHECK(fails(3, room.size()) == "ERR_INVALID_LENGTH");
  CHECK(fails(4, room.size() - 1) == "ERR_OUTPUT_TOO_SMALL");
  const auto nothing = std::span(room).first(w.MaxOutputBytes(0) - 1);
  CHECK(!w.Flush(nothing).ok());
  CHECK(!w.Header(nothing).ok());
  CHECK_EQ(w.frames(), uint64_t{0});
  const auto all = w.Process(std::span(samples), room);
  REQUIRE(all.ok());
  CHECK_EQ(all.value(), w.header_bytes() + 8);
}

TEST("WavWriter refuses what no header can say") {
  const auto refused = [](const WavWriterOptions& options, ErrorCode code) {
    const auto writer = WavWriter::Create(options);
    return !writer.ok() && writer.error().code == code;
  };
  CHECK(refused({.format = SampleFormat::kS16Le, .sample_rate_hz = 0}, ErrorCode::kInvalidRate));
  CHECK(refused({.sample_rate_hz = 8000, .channels = 0}, ErrorCode::kInvalidChannels));
  CHECK(refused({.sample_rate_hz = 8000, .channels = 32768}, ErrorCode::kInvalidChannels));
}

}  // namespace
}  // namespace sluice
