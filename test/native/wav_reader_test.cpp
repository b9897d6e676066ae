// WavReader: one test per row of the decision table of docs/wav.md, each file read whole, byte by byte, cut
// at random and jumped through, with its size known and unknown; all readings must agree. Files are built
// here byte by byte; real recordings are held to their verdicts by the TypeScript tests.
#include "core/wav_reader.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "check.h"

namespace sluice {
namespace {

using Bytes = std::vector<uint8_t>;
constexpr uint32_t kAllOnes = 0xFFFFFFFF;

// ---- building files

Bytes Ascii(std::string_view text) { return {text.begin(), text.end()}; }

Bytes Int(uint64_t value, size_t bytes, bool big = false) {
  Bytes out(bytes);
  for (size_t i = 0; i < bytes; ++i) out[big ? bytes - 1 - i : i] = static_cast<uint8_t>(value >> (8 * i));
  return out;
}

Bytes Join(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const Bytes& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

// Audio that is never mistaken for chunk headers: no byte is printable.
Bytes Audio(size_t bytes) {
  Bytes out(bytes);
  for (size_t i = 0; i < bytes; ++i) out[i] = static_cast<uint8_t>(0x80 + i % 97);
  return out;
}

// Id and size alone, or with a body and, after an odd one, the pad byte.
Bytes Head(std::string_view id, uint32_t size, bool big = false) {
  return Join({Ascii(id), Int(size, 4, big)});
}
Bytes Chunk(std::string_view id, const Bytes& body, bool big = false) {
  return Join({Head(id, static_cast<uint32_t>(body.size()), big), body, Bytes(body.size() % 2)});
}

struct Fmt {
  uint16_t tag = 1;
  uint16_t channels = 1;
  uint32_t rate_hz = 16000;
  uint16_t bits = 16;
  int block_align = -1;  // -1: what is right
  bool big = false;
};

Bytes FmtBody(const Fmt& fmt) {
  const int right = fmt.channels * ((fmt.bits + 7) / 8);
  const auto align = static_cast<uint64_t>(fmt.block_align < 0 ? right : fmt.block_align);
  return Join({Int(fmt.tag, 2, fmt.big), Int(fmt.channels, 2, fmt.big), Int(fmt.rate_hz, 4, fmt.big),
               Int(fmt.rate_hz * align, 4, fmt.big), Int(align, 2, fmt.big), Int(fmt.bits, 2, fmt.big)});
}
Bytes FmtChunk(const Fmt& fmt) { return Chunk("fmt ", FmtBody(fmt), fmt.big); }

// cbSize, valid bits, channel mask, SubFormat
Bytes ExtensibleFmt(Fmt fmt, uint32_t sub_tag, uint16_t valid_bits) {
  fmt.tag = 0xFFFE;
  return Chunk("fmt ",
               Join({FmtBody(fmt),
                     Int(22, 2, fmt.big),
                     Int(valid_bits, 2, fmt.big),
                     Int(0, 4, fmt.big),
                     Int(sub_tag, 4, fmt.big),
                     Int(0, 2, fmt.big),
                     Int(0x10, 2, fmt.big),
                     {0x80, 0x00, 0x00, 0xAA, 0x00, 0x38, 0x9B, 0x71}}),
               fmt.big);
}

Bytes File(std::string_view magic, uint32_t riff_size, std::initializer_list<Bytes> chunks) {
  return Join({Head(magic, riff_size, magic == "RIFX"), Ascii("WAVE"), Join(chunks)});
}

// A file whose RIFF size is right.
Bytes Wav(std::initializer_list<Bytes> chunks, std::string_view magic = "RIFF") {
  return File(magic, static_cast<uint32_t>(4 + Join(chunks).size()), chunks);
}

Bytes Ds64(uint64_t riff_size, uint64_t data_size) {
  return Chunk("ds64", Join({Int(riff_size, 8), Int(data_size, 8), Int(0, 8), Int(0, 4)}));
}

// ---- reading files

struct Outcome {
  bool ok = false;
  Error error{ErrorCode::kWavNotWav, 0, ""};
  WavInfo info;
  uint64_t frames = 0;
  uint64_t missing_bytes = 0;
  uint64_t audio_bytes = 0;
  std::set<std::string> warnings;
  Bytes audio;  // when none was skipped and it was to be kept

  auto Facts() const {
    return std::tuple(ok, error.code, error.byte_offset, error.message, info.format, info.sample_rate_hz,
                      info.channels, info.bits_per_sample, info.data_offset, info.declared_bytes, frames,
                      missing_bytes, audio_bytes, warnings);
  }
};

class Reading {
 public:
  explicit Reading(uint64_t file_bytes, bool keeps_audio = true)
      : reader_(file_bytes), keeps_audio_(keeps_audio) {}

  // False after an error.
  bool Feed(std::span<const uint8_t> chunk) {
    while (!chunk.empty()) {
      const auto piece = reader_.Process(chunk);
      if (!piece.ok()) {
        outcome_.error = piece.error();
        return false;
      }
      const auto [consumed, audio] = piece.value();
      CHECK(consumed >= 1 && consumed <= chunk.size());
      if (!audio.empty()) {  // the end of what was consumed, in the caller's own memory
        CHECK(audio.data() + audio.size() == chunk.data() + consumed);
        if (keeps_audio_) outcome_.audio.insert(outcome_.audio.end(), audio.begin(), audio.end());
      }
      chunk = chunk.subspan(consumed);
    }
    return true;
  }

  // What a source that can seek does: jump what may be jumped, up to `most` bytes, read the rest in small
  // blocks.
  bool Probe(std::span<const uint8_t> file, uint64_t most) {
    while (!file.empty()) {
      file = file.subspan(Jump(std::min<uint64_t>(most, file.size())));
      const auto block = file.first(std::min<size_t>(file.size(), 5));
      if (!Feed(block)) return false;
      file = file.subspan(block.size());
    }
    return true;
  }

  // Jumps what may be jumped of the next `most` bytes, and returns how many.
  uint64_t Jump(uint64_t most) {
    const uint64_t jumped = std::min(reader_.SkippableBytes(), most);
    reader_.Skip(jumped);
    return jumped;
  }

  Outcome Finish(bool fed) {
    if (fed) {
      const Status status = reader_.Finish();
      outcome_.ok = status.ok();
      if (!status.ok()) outcome_.error = status.error();
    }
    if (outcome_.ok) {
      outcome_.info = reader_.info();
      outcome_.frames = reader_.frames();
      outcome_.missing_bytes = reader_.missing_bytes();
      outcome_.audio_bytes = reader_.audio_bytes();
      for (unsigned i = 0; i < 10; ++i)
        if ((reader_.warnings() >> i & 1) != 0) outcome_.warnings.insert(WavWarningName(WavWarning(i)));
    } else {
      // An error stays.
      CHECK(!reader_.Process(Audio(3)).ok());
      CHECK(!reader_.Finish().ok());
    }
    return outcome_;
  }

 private:
  WavReader reader_;
  bool keeps_audio_;
  Outcome outcome_;
};

Outcome ReadWhole(const Bytes& file, uint64_t file_bytes) {
  Reading reading(file_bytes);
  return reading.Finish(reading.Feed(file));
}

Outcome ReadInCuts(const Bytes& file, uint64_t file_bytes, size_t longest, std::mt19937& random) {
  Reading reading(file_bytes);
  size_t at = 0;
  bool fed = true;
  while (fed && at < file.size()) {
    const size_t cut = std::min<size_t>(1 + random() % longest, file.size() - at);
    fed = reading.Feed(std::span(file).subspan(at, cut));
    at += cut;
  }
  return reading.Finish(fed);
}

// Chunk invariance for one file and one knowledge of its size.
Outcome ReadEveryWay(const Bytes& file, uint64_t file_bytes) {
  std::mt19937 random(20);
  const Outcome whole = ReadWhole(file, file_bytes);
  for (const size_t longest : {1, 2, 7, 40, 40, 40}) {
    const Outcome cut = ReadInCuts(file, file_bytes, longest, random);
    CHECK(cut.Facts() == whole.Facts());
    CHECK(!whole.ok || cut.audio == whole.audio);
  }
  for (const uint64_t most : {~uint64_t{0}, uint64_t{1}, uint64_t{11}}) {
    if (file_bytes == kUnknownSize) continue;
    Reading reading(file_bytes);
    CHECK(reading.Finish(reading.Probe(file, most)).Facts() == whole.Facts());
  }
  return whole;
}

// The same with the size known and unknown.
Outcome Read(const Bytes& file) {
  const Outcome known = ReadEveryWay(file, file.size());
  const Outcome unknown = ReadEveryWay(file, kUnknownSize);
  CHECK(unknown.Facts() == known.Facts());
  CHECK(!known.ok || unknown.audio == known.audio);
  return known;
}

#define CHECK_READS(outcome, frame_count, ...)                             \
  do {                                                                     \
    const Outcome check_outcome = (outcome);                               \
    CHECK(check_outcome.ok);                                               \
    CHECK_EQ(check_outcome.frames, uint64_t(frame_count));                 \
    CHECK((check_outcome.warnings == std::set<std::string>{__VA_ARGS__})); \
  } while (0)

// `words`: what the message must hold.
void CheckFails(const Outcome& outcome, ErrorCode code, uint64_t offset, std::string_view words) {
  CHECK(!outcome.ok);
  CHECK(std::string(ErrorCodeName(outcome.error.code)) == ErrorCodeName(code));
  CHECK_EQ(outcome.error.byte_offset, offset);
  if (outcome.error.message.find(words) == std::string::npos)
    check::Fail(__FILE__, __LINE__, "no `" + std::string(words) + "` in: " + outcome.error.message);
}

// ---- the ordinary

TEST("WavReader reads the smallest common file, sample for sample") {
  const Bytes audio = Audio(8);
  const auto outcome = Read(Wav({FmtChunk({}), Chunk("data", audio)}));
  CHECK_READS(outcome, 4);
  CHECK(outcome.audio == audio);
  CHECK(outcome.info.format == SampleFormat::kS16Le);
  CHECK_EQ(outcome.info.sample_rate_hz, 16000u);
  CHECK_EQ(outcome.info.channels, 1);
  CHECK_EQ(outcome.info.bits_per_sample, 16);
  CHECK_EQ(outcome.info.data_offset, 44u);
  CHECK_EQ(outcome.info.declared_bytes, 8u);
  CHECK_EQ(outcome.missing_bytes, 0u);
}

TEST("WavReader knows every format, by tag and inside EXTENSIBLE, in both byte orders") {
  struct Row {
    uint16_t tag;
    uint16_t bits;
    SampleFormat little, big;
  };
  for (const auto& [tag, bits, little, big] : {
           Row{1, 8, SampleFormat::kU8, SampleFormat::kU8},
           Row{1, 16, SampleFormat::kS16Le, SampleFormat::kS16Be},
           Row{1, 24, SampleFormat::kS24Le, SampleFormat::kS24Be},
           Row{1, 32, SampleFormat::kS32Le, SampleFormat::kS32Be},
           Row{3, 32, SampleFormat::kF32Le, SampleFormat::kF32Be},
           Row{3, 64, SampleFormat::kF64Le, SampleFormat::kF64Be},
           Row{6, 8, SampleFormat::kAlaw, SampleFormat::kAlaw},
           Row{7, 8, SampleFormat::kMulaw, SampleFormat::kMulaw},
       }) {
    for (const bool is_big : {false, true}) {
      const Fmt fmt{.tag = tag, .channels = 3, .bits = bits, .big = is_big};
      const Bytes data = Chunk("data", Audio(3u * bits / 8 * 5), is_big);
      for (const Bytes& header : {FmtChunk(fmt), ExtensibleFmt(fmt, tag, bits)}) {
        const auto outcome = Read(Wav({header, data}, is_big ? "RIFX" : "RIFF"));
        CHECK_READS(outcome, 5);
        CHECK(outcome.info.format == (is_big ? big : little));
        CHECK_EQ(outcome.info.channels, 3);
        CHECK_EQ(outcome.info.bits_per_sample, bits);
        CHECK_EQ(outcome.info.sample_rate_hz, 16000u);
      }
    }
  }
}

TEST("WavReader walks over whatever lies around the audio") {
  const Bytes list = Join({Ascii("INFOICMT"), Int(16, 4), Ascii("data"), Int(99, 4), Ascii("datadata")});
  CHECK_READS(Read(Wav({Chunk("abcd", Audio(3)), Chunk("zero", {}), FmtChunk({}), Chunk("LIST", list),
                        Chunk("xyz1", Audio(37)), Chunk("data", Audio(20)), Chunk("zzzz", Audio(5)),
                        Chunk("fmt ", Audio(3)), Chunk("LIST", Ascii("wavl"))})),
              10);
}

TEST("WavReader ignores RIFF size, bytes per second, fact and the sample count of ds64") {
  Bytes fmt = FmtBody({});
  std::fill_n(fmt.begin() + 8, 4, uint8_t{0});  // nAvgBytesPerSec
  for (const uint32_t riff_size : {1u, 75u, 100000u, 0x7FFFFFFFu, kAllOnes})
    CHECK_READS(Read(File("RIFF", riff_size,
                          {Chunk("fmt ", fmt), Chunk("fact", Int(12345, 4)), Chunk("data", Audio(8))})),
                4);
}

TEST("WavReader ignores what follows fmt's known fields") {
  const Bytes body = FmtBody({});
  CHECK_READS(Read(Wav({Chunk("fmt ", Join({body, Int(0, 2)})), Chunk("data", Audio(8))})), 4);
  CHECK_READS(Read(Wav({Chunk("fmt ", Join({body, Audio(24)})), Chunk("data", Audio(8))})), 4);
  CHECK_READS(Read(Wav({Chunk("fmt ", Join({body, Audio(1001)})), Chunk("data", Audio(8))})), 4);
  CHECK_READS(Read(Wav({Chunk("fmt ", Join({body, Audio(1)})), Chunk("data", Audio(8))})), 4);
}

// ---- the fmt chunk

TEST("WavReader decodes odd widths at the width of their container") {
  struct Row {
    uint16_t bits;
    SampleFormat format;
    uint16_t container_bits;
  };
  for (const auto& [bits, format, container_bits] :
       {Row{1, SampleFormat::kU8, 8}, Row{5, SampleFormat::kU8, 8}, Row{12, SampleFormat::kS16Le, 16},
        Row{20, SampleFormat::kS24Le, 24}, Row{28, SampleFormat::kS32Le, 32}}) {
    const auto outcome = Read(Wav({FmtChunk({.bits = bits}), Chunk("data", Audio(24))}));
    CHECK_READS(outcome, 24 * 8 / container_bits);
    CHECK(outcome.info.format == format);
    CHECK_EQ(outcome.info.bits_per_sample, container_bits);
  }
}

TEST("WavReader keeps the container's width whatever the valid bits say, and warns of more than it has") {
  for (const int valid : {0, 1, 12, 24, 32}) {
    const auto outcome =
        Read(Wav({ExtensibleFmt({.bits = 32}, 1, static_cast<uint16_t>(valid)), Chunk("data", Audio(8))}));
    CHECK_READS(outcome, 2);
    CHECK(outcome.info.format == SampleFormat::kS32Le);
  }
  CHECK_READS(Read(Wav({ExtensibleFmt({.bits = 16}, 1, 17), Chunk("data", Audio(8))})), 4,
              "valid-bits-mismatch");
  CHECK_READS(Read(Wav({ExtensibleFmt({.bits = 20}, 1, 24), Chunk("data", Audio(6))})), 2);
  CHECK_READS(Read(Wav({ExtensibleFmt({.bits = 8}, 7, 16), Chunk("data", Audio(6))})), 6,
              "valid-bits-mismatch");
}

TEST("WavReader takes 24 bits in 4-byte frames with tag 1 for 4-byte containers") {
  for (const bool big : {false, true}) {
    const Fmt fmt{.channels = 2, .bits = 24, .block_align = 8, .big = big};
    const auto outcome = Read(Wav({FmtChunk(fmt), Chunk("data", Audio(16), big)}, big ? "RIFX" : "RIFF"));
    CHECK_READS(outcome, 2);
    CHECK(outcome.info.format == (big ? SampleFormat::kS24In32Be : SampleFormat::kS24In32Le));
    CHECK_EQ(outcome.info.bits_per_sample, 24);
  }
  // Not with EXTENSIBLE, which has its own way to say so, and not with 20 bits.
  CHECK_READS(Read(Wav({ExtensibleFmt({.bits = 24, .block_align = 4}, 1, 24), Chunk("data", Audio(12))})), 4,
              "block-align-mismatch");
  CHECK_READS(Read(Wav({FmtChunk({.bits = 20, .block_align = 4}), Chunk("data", Audio(12))})), 4,
              "block-align-mismatch");
}

TEST("WavReader replaces a blockAlign that contradicts channels and bits") {
  for (const int align : {0, 1, 3, 5, 8, 65535})
    CHECK_READS(Read(Wav({FmtChunk({.channels = 2, .block_align = align}), Chunk("data", Audio(16))})), 4,
                "block-align-mismatch");
}

TEST("WavReader refuses widths it does not read, by name") {
  for (const int bits : {33, 36, 45, 53, 64})
    CheckFails(Read(Wav({FmtChunk({.bits = static_cast<uint16_t>(bits)}), Chunk("data", Audio(64))})),
               ErrorCode::kWavUnsupportedWidth, 34, std::to_string(bits) + "-bit integer");
  for (const int bits : {8, 16, 24, 33})
    CheckFails(
        Read(Wav({FmtChunk({.tag = 3, .bits = static_cast<uint16_t>(bits)}), Chunk("data", Audio(64))})),
        ErrorCode::kWavUnsupportedWidth, 34, std::to_string(bits) + "-bit float");
}

TEST("WavReader refuses encodings it does not read, by tag and name") {
  struct Row {
    uint16_t tag;
    const char* words;
  };
  for (const auto& [tag, words] :
       {Row{0, "0x0000"}, Row{2, "0x0002 (Microsoft ADPCM)"}, Row{0x11, "0x0011 (IMA ADPCM)"},
        Row{0x31, "0x0031 (GSM 6.10)"}, Row{0x45, "0x0045 (G.726 ADPCM)"}, Row{0x55, "0x0055 (MP3)"},
        Row{0x1234, "0x1234"}}) {
    // Compressed formats leave bits and more at 0: the tag is what counts.
    const Fmt fmt{.tag = tag, .bits = 0};
    CheckFails(Read(Wav({FmtChunk(fmt), Chunk("data", Audio(8))})), ErrorCode::kWavUnsupportedEncoding, 20,
               words);
    CheckFails(Read(Wav({ExtensibleFmt(fmt, tag, 0), Chunk("data", Audio(8))})),
               ErrorCode::kWavUnsupportedEncoding, 44, words);
  }
  CheckFails(Read(Wav({ExtensibleFmt({}, 0xFFFE, 16), Chunk("data", Audio(8))})),
             ErrorCode::kWavUnsupportedEncoding, 44, "0xFFFE");
  CheckFails(Read(Wav({ExtensibleFmt({}, 0x10001, 16), Chunk("data", Audio(8))})),
             ErrorCode::kWavUnsupportedEncoding, 44, "{00010001-0000-0010-8000-00AA00389B71}");
  Bytes foreign = ExtensibleFmt({}, 1, 16);
  foreign.back() ^= 1;
  CheckFails(Read(Wav({foreign, Chunk("data", Audio(8))})), ErrorCode::kWavUnsupportedEncoding, 44,
             "{00000001-0000-0010-8000-00AA00389B70}");
  // The GUID of a RIFF file in a RIFX one: its integers have the wrong byte order.
  Bytes mixed = ExtensibleFmt({.big = true}, 1, 16);
  std::reverse(mixed.begin() + 32, mixed.begin() + 36);
  CheckFails(Read(Wav({mixed, Chunk("data", Audio(8), true)}, "RIFX")), ErrorCode::kWavUnsupportedEncoding,
             44, "{01000000-0000-0010-8000-00AA00389B71}");
}

TEST("WavReader refuses a fmt chunk that means nothing") {
  const auto check = [](const Bytes& fmt, uint64_t offset, std::string_view words) {
    CheckFails(Read(Wav({fmt, Chunk("data", Audio(8))})), ErrorCode::kWavBadFmt, offset, words);
  };
  check(FmtChunk({.channels = 0}), 22, "0 channels");
  check(FmtChunk({.rate_hz = 0}), 24, "0 Hz");
  check(FmtChunk({.rate_hz = 0x80000000}), 24, "2147483648 Hz");
  check(FmtChunk({.bits = 0}), 34, "0 bits");
  check(FmtChunk({.bits = 65}), 34, "65 bits");
  check(FmtChunk({.tag = 3, .bits = 0}), 34, "0 bits");
  check(FmtChunk({.tag = 3, .bits = 128}), 34, "128 bits");
  check(FmtChunk({.tag = 7, .bits = 16}), 34, "G.711 with 16 bits");
  check(FmtChunk({.tag = 6, .bits = 0}), 34, "G.711 with 0 bits");
  check(ExtensibleFmt({.bits = 16}, 7, 16), 34, "G.711 with 16 bits");
  check(FmtChunk({.channels = 65535, .bits = 16}), 22, "65535 channels");
  check(FmtChunk({.channels = 32768, .bits = 16}), 22, "32768 channels");
  check(Chunk("fmt ", {}), 20, "0 bytes");
  check(Chunk("fmt ", Bytes(14)), 20, "14 bytes");
  check(Chunk("fmt ", Bytes(15)), 20, "15 bytes");
  check(FmtChunk({.tag = 0xFFFE}), 20, "needs 40");
}

TEST("WavReader accepts the largest rate and frame there can be") {
  CHECK_READS(Read(Wav({FmtChunk({.rate_hz = 0x7FFFFFFF}), Chunk("data", Audio(8))})), 4);
  CHECK_READS(Read(Wav({FmtChunk({.channels = 65535, .bits = 8}), Chunk("data", Audio(65535))})), 1);
  CHECK_READS(Read(Wav({FmtChunk({.channels = 32767, .bits = 16}), Chunk("data", Audio(65534))})), 1);
}

TEST("WavReader keeps the first of two fmt chunks") {
  const auto outcome =
      Read(Wav({FmtChunk({}), FmtChunk({.channels = 2, .rate_hz = 8000}), Chunk("data", Audio(8))}));
  CHECK_READS(outcome, 4, "second-fmt-chunk");
  CHECK_EQ(outcome.info.sample_rate_hz, 16000u);
  CHECK_READS(Read(Wav({FmtChunk({}), Chunk("fmt ", {}), Chunk("data", Audio(8))})), 4, "second-fmt-chunk");
}

// ---- chunks before data

TEST("WavReader refuses files without audio it can place") {
  const Bytes data = Chunk("data", Audio(8));
  CheckFails(Read(Wav({data, FmtChunk({})})), ErrorCode::kWavDataBeforeFmt, 12, "`data`");
  CheckFails(Read(Wav({data})), ErrorCode::kWavDataBeforeFmt, 12, "`data`");
  CheckFails(Read(Wav({})), ErrorCode::kWavNoFmt, 12, "`fmt `");
  CheckFails(Read(Wav({Ascii("f")})), ErrorCode::kWavNoFmt, 13, "`fmt `");
  CheckFails(Read(Wav({FmtChunk({})})), ErrorCode::kWavNoData, 36, "`data`");
  CheckFails(Read(Wav({FmtChunk({}), Ascii("data"), Int(8, 3)})), ErrorCode::kWavNoData, 43, "`data`");
  CheckFails(Read(Wav({FmtChunk({}), Chunk("Data", Audio(8)), Chunk("DATA", Audio(8))})),
             ErrorCode::kWavNoData, 68, "`data`");
  CheckFails(Read(Wav({FmtChunk({}), Head("odd ", 3), Audio(3)})), ErrorCode::kWavNoData, 47, "`data`");
  CheckFails(Read(Wav({Chunk("FMT ", FmtBody({})), data})), ErrorCode::kWavDataBeforeFmt, 36, "`data`");
}

TEST("WavReader refuses a chunk before data that runs past the end") {
  for (const uint32_t size : {uint32_t{5}, uint32_t{1000}, uint32_t{0x7FFFFFFF}, kAllOnes}) {
    CheckFails(Read(Wav({FmtChunk({}), Head("LIST", size), Ascii("INFO")})), ErrorCode::kWavBadChunk, 36,
               "`LIST`");
    CheckFails(Read(Wav({FmtChunk({}), Head("LIST", size), Ascii("IN")})), ErrorCode::kWavBadChunk, 36,
               "`LIST`");
    CheckFails(Read(Wav({FmtChunk({}), Head("a\x01\xFFz", size), Audio(4)})), ErrorCode::kWavBadChunk, 36,
               "`a\\x01\\xFFz`");
  }
  CheckFails(Read(Wav({Head("fmt ", 655360), FmtBody({.tag = 2}), Chunk("data", Audio(64))})),
             ErrorCode::kWavBadChunk, 12, "655360");
}

TEST("WavReader refuses wavl lists, whole or cut") {
  for (const uint32_t size : {uint32_t{20}, uint32_t{5000}, kAllOnes})
    CheckFails(Read(Wav({FmtChunk({}), Head("LIST", size), Ascii("wavl"), Chunk("data", Audio(8))})),
               ErrorCode::kWavUnsupportedWavl, 44, "wavl");
  CHECK_READS(Read(Wav({FmtChunk({}), Chunk("LIST", Ascii("wav")), Chunk("data", Audio(8))})), 4);
  CHECK_READS(Read(Wav({FmtChunk({}), Chunk("junk", Ascii("wavl")), Chunk("data", Audio(8))})), 4);
}

// ---- missing pad bytes

// An odd chunk of 3 bytes without its pad byte.
Bytes Unpadded() { return Join({Head("odd ", 3), Audio(3)}); }

TEST("WavReader finds the chunk behind an odd one with and without its pad byte") {
  const Bytes data = Chunk("data", Audio(8));
  CHECK_READS(Read(Wav({FmtChunk({}), Chunk("odd ", Audio(3)), data})), 4);
  const auto outcome = Read(Wav({FmtChunk({}), Unpadded(), data}));
  CHECK_READS(outcome, 4, "unpadded-chunk");
  CHECK(outcome.audio == Audio(8));
  CHECK_EQ(outcome.info.data_offset, 55u);
  CHECK_READS(Read(Wav({FmtChunk({}), Unpadded(), Unpadded(), Chunk("odd ", Audio(5)), data})), 4,
              "unpadded-chunk");
  CHECK_READS(Read(Wav({Unpadded(), FmtChunk({}), data})), 4, "unpadded-chunk");
}

TEST("WavReader believes an unpadded data header of any size") {
  CHECK_READS(Read(Wav({FmtChunk({}), Unpadded(), Head("data", 100), Audio(8)})), 4, "unpadded-chunk",
              "truncated");
  CHECK_READS(Read(Wav({FmtChunk({}), Unpadded(), Head("data", kAllOnes), Audio(8)})), 4, "unpadded-chunk",
              "size-unknown");
  CHECK_READS(Read(Wav({FmtChunk({}), Unpadded(), Head("data", 0)})), 0, "unpadded-chunk", "no-audio");
  CHECK_READS(Read(Wav({FmtChunk({}), Unpadded(), Head("data", 2), Audio(1)})), 0, "unpadded-chunk",
              "truncated", "no-audio");
}

TEST("WavReader finds an unpadded `data` or `fmt ` whatever the padded place may be taken for") {
  // One byte further this is `ata` and the low byte of the size, with the rest of it for a size: 2.
  for (uint32_t size = 0x220; size <= 0x27E; ++size) {
    const auto outcome = Read(Wav({FmtChunk({.bits = 8}), Unpadded(), Head("data", size), Bytes(size)}));
    CHECK_READS(outcome, size, "unpadded-chunk");
  }
  // `mt (` of 0xFE000000 bytes, which fit as long as the file's size is not known.
  const Bytes fmt = ExtensibleFmt({}, 1, 16);
  CHECK_READS(Read(File("RIFF", kAllOnes, {Unpadded(), fmt, Chunk("data", Audio(8))})), 4, "unpadded-chunk");
}

TEST("WavReader prefers the padded place when both hold a chunk") {
  // Padded: `IST!` of 2 bytes. Unpadded: `LIST` of 0x0221 bytes, which fit as well.
  const Bytes both = Join({Head("odd ", 3), Audio(3), Ascii("LIST"), Ascii("!"), Int(2, 4), Audio(2)});
  CHECK_READS(Read(Wav({FmtChunk({}), both, Chunk("data", Audio(600))})), 300);
  // The same with room for neither: the padded place again, and no warning before the verdict.
  CheckFails(Read(Wav({FmtChunk({}), Unpadded(), Audio(9)})), ErrorCode::kWavBadChunk, 48, "claims");
}

TEST("WavReader leaves the padded place when its size does not fit") {
  // Padded: `IST!` of 0x84838280 bytes. Unpadded: `LIST` of 0x21 = 33, which fit.
  const Bytes list = Join({Head("LIST", 0x21), Audio(33), Bytes(1)});
  const Bytes file = Wav({FmtChunk({}), Unpadded(), list, Chunk("data", Audio(8))});
  CHECK_READS(Read(file), 4, "unpadded-chunk");
}

TEST("WavReader without a file size takes the RIFF size to judge an odd chunk") {
  // A RIFF size that is already passed says nothing.
  CHECK_READS(
      Read(File("RIFF", 1, {FmtChunk({}), Unpadded(), Chunk("LIST", Audio(26)), Chunk("data", Audio(8))})), 4,
      "unpadded-chunk");
  // A placeholder leaves no means to see that `IST!` does not fit.
  const Bytes list = Join({Head("LIST", 0x21), Audio(33), Bytes(1)});
  const Bytes file = File("RIFF", kAllOnes, {FmtChunk({}), Unpadded(), list, Chunk("data", Audio(8))});
  CHECK_READS(ReadEveryWay(file, file.size()), 4, "unpadded-chunk");
  CheckFails(ReadEveryWay(file, kUnknownSize), ErrorCode::kWavBadChunk, 48, "`IST!`");
}

TEST("WavReader needs no pad byte after the audio, nor warns of it") {
  const Bytes fmt = FmtChunk({.bits = 24});
  CHECK_READS(Read(Wav({fmt, Head("data", 9), Audio(9)})), 3);
  CHECK_READS(Read(Wav({fmt, Chunk("data", Audio(9)), Chunk("LIST", Audio(26))})), 3);
  CHECK_READS(Read(Wav({fmt, Head("data", 9), Audio(9), Chunk("LIST", Audio(26))})), 3);
}

// ---- size of the data

TEST("WavReader salvages a truncated recording and says what is missing") {
  for (const size_t present : {size_t{0}, size_t{1}, size_t{2}, size_t{7}, size_t{99}}) {
    const auto outcome = Read(Wav({FmtChunk({}), Head("data", 100), Audio(present)}));
    CHECK(outcome.ok);
    CHECK_EQ(outcome.frames, present / 2);
    CHECK_EQ(outcome.audio_bytes, present);
    CHECK_EQ(outcome.missing_bytes, 100 - present);
    CHECK_EQ(outcome.info.declared_bytes, 100u);
    std::set<std::string> warnings{"truncated"};
    if (present < 2) warnings.insert("no-audio");
    CHECK(outcome.warnings == warnings);
  }
}

TEST("WavReader delivers whole frames and warns of a half one") {
  CHECK_READS(Read(Wav({FmtChunk({.channels = 2}), Chunk("data", Audio(10))})), 2, "partial-frame");
  CHECK_READS(Read(Wav({FmtChunk({.channels = 2}), Chunk("data", Audio(3))})), 0, "partial-frame",
              "no-audio");
  CHECK_READS(Read(File("RIFF", kAllOnes, {FmtChunk({}), Head("data", kAllOnes), Audio(5)})), 2,
              "partial-frame", "size-unknown");
}

TEST("WavReader reads to the end behind a streaming writer's placeholder") {
  for (const uint32_t size : {0x7FFF0000u, 0x7FFFF000u, 0x7FFFFFFFu, 0xFFFF0000u, 0xFFFFFFFEu, kAllOnes}) {
    const auto outcome = Read(File("RIFF", kAllOnes, {FmtChunk({}), Head("data", size), Audio(10)}));
    CHECK_READS(outcome, 5, "size-unknown");
    CHECK_EQ(outcome.info.declared_bytes, kUnknownSize);
    CHECK_EQ(outcome.missing_bytes, 0u);
    CHECK_READS(Read(File("RIFF", kAllOnes, {FmtChunk({}), Head("data", size)})), 0, "no-audio");
  }
  for (const uint32_t size : {0x7FFEFFFFu, 0x80000000u, 0xFFFEFFFFu})
    CHECK_READS(Read(File("RIFF", kAllOnes, {FmtChunk({}), Head("data", size), Audio(10)})), 5, "truncated");
}

TEST("WavReader reads to the end behind a header that was never patched") {
  const Bytes head = Head("data", 0);
  // The RIFF size has no place for audio: libsndfile begins with 8, many recorders with 36.
  for (const uint32_t riff_size : {uint32_t{0}, uint32_t{8}, uint32_t{36}, kAllOnes}) {
    const auto outcome = Read(File("RIFF", riff_size, {FmtChunk({}), head, Audio(10)}));
    CHECK_READS(outcome, 5, "size-unknown");
    CHECK_EQ(outcome.info.declared_bytes, kUnknownSize);
    CHECK_READS(Read(File("RIFF", riff_size, {FmtChunk({}), head})), 0, "no-audio");
  }
  CHECK_READS(Read(File("RIFF", 36, {Chunk("JUNK", Bytes(28)), FmtChunk({}), head, Audio(10)})), 5,
              "size-unknown");
}

TEST("WavReader believes a data size of 0 beside a true RIFF size") {
  CHECK_READS(Read(Wav({FmtChunk({}), Head("data", 0)})), 0, "no-audio");
  CHECK_READS(Read(Wav({FmtChunk({}), Head("data", 0), Chunk("LIST", Ascii("INFO"))})), 0, "no-audio");
  CHECK_READS(Read(Wav({FmtChunk({}), Head("data", 0), Audio(10)})), 0, "no-audio");
  CHECK_READS(Read(File("RIFF", 37, {FmtChunk({}), Head("data", 0), Audio(10)})), 0, "no-audio");
}

// A file of `head` and so much audio, which looks like chunk headers, read in blocks or jumped.
Outcome ReadLong(const Bytes& head, uint64_t audio_bytes, bool size_known) {
  Reading reading(size_known ? head.size() + audio_bytes : kUnknownSize, false);
  const Bytes block(1 << 20, 'A');
  CHECK(reading.Feed(head));
  bool fed = true;
  for (uint64_t left = audio_bytes; fed && left > 0;) {
    const uint64_t jumped = reading.Jump(left);
    left -= jumped;
    if (jumped > 0) continue;
    const auto part = std::span(block).first(std::min<uint64_t>(left, block.size()));
    fed = reading.Feed(part);
    left -= part.size();
  }
  return reading.Finish(fed);
}

TEST("WavReader reads a stream that outgrew its placeholder to the end, from a file and from a pipe") {
  struct Row {
    uint32_t riff_size, data_size;
    uint64_t audio_bytes;
  };
  constexpr uint64_t kBytes = uint64_t{1} << 32;
  for (const auto& [riff_size, data_size, audio_bytes] : {
           Row{36 + 0x7FFFF000u, 0x7FFFF000, 0x90000000},  // sox
           Row{36 + 0x7FFFF000u, 0x7FFFEFFF, 0x90000001},  // sox, 3-byte frames: the pad byte is counted
           Row{36 + 0x7FFFFFFFu, 0x7FFFFFFF, 0x80000000},  // lame
           Row{0x7FFFFFFF, 0x7FFFFFFF, 0x90000000},        // opusdec
           Row{kAllOnes, 0x7FFFF000, 0x7FFFF002},
           Row{kAllOnes, kAllOnes, kBytes - 2},  // ffmpeg, and ourselves
           Row{kAllOnes, kAllOnes, kBytes},
           Row{0xFFFFFFFE, kAllOnes, kBytes + 10},
           Row{kAllOnes, 0xFFFF0000, kBytes + 10},
           Row{0xFFFFFFFE, 0xFFFFFFFE - 36, kBytes + 10},
           Row{36, 0, kBytes + 10},
       }) {
    const Bytes head = File("RIFF", riff_size, {FmtChunk({.bits = 8}), Head("data", data_size)});
    for (const bool size_known : {false, true}) {
      const auto outcome = ReadLong(head, audio_bytes, size_known);
      CHECK_READS(outcome, audio_bytes, "size-unknown");
      CHECK_EQ(outcome.info.declared_bytes, kUnknownSize);
    }
  }
}

TEST("WavReader takes a placeholder's value for true when the file ends there") {
  for (const uint32_t data_size : {0x7FFF0000u, 0x7FFFFFFFu, 0xFFFF0000u, 0xFFFFFFD9u}) {
    const uint32_t pad = data_size % 2;
    const Bytes head = File("RIFF", 36 + data_size + pad, {FmtChunk({.bits = 8}), Head("data", data_size)});
    for (const bool size_known : {false, true}) {
      const auto outcome = ReadLong(head, data_size, size_known);
      CHECK_READS(outcome, data_size);
      CHECK_EQ(outcome.info.declared_bytes, data_size);
    }
    if (pad == 0) continue;
    CHECK_READS(ReadLong(head, uint64_t{data_size} + 1, true), data_size);
    // From a pipe the pad byte cannot be told from one byte of a stream.
    CHECK_READS(ReadLong(head, uint64_t{data_size} + 1, false), uint64_t{data_size} + 1, "size-unknown");
  }
}

TEST("WavReader takes a placeholder's value for true when the RIFF size has chunks behind it") {
  const Bytes head = File("RIFF", 0x7FFFFFFF, {FmtChunk({}), Head("data", 0x7FFF0000)});
  for (const uint64_t file_bytes : {uint64_t{44} + 0x7FFF0000 + 12, kUnknownSize}) {
    WavReader reader(file_bytes);
    CHECK(reader.Process(head).ok());
    REQUIRE(reader.has_info());
    const Bytes block(1 << 20);
    for (uint64_t left = 0x7FFF0000; left > 0;) {
      const auto piece = reader.Process(std::span(block).first(std::min<uint64_t>(left, block.size())));
      REQUIRE(piece.ok());
      left -= piece.value().consumed;
    }
    const Bytes tail = Chunk("LIST", Ascii("INFO"));
    const auto piece = reader.Process(tail);
    CHECK(piece.ok() && piece.value().audio.empty());
    CHECK(reader.Finish().ok());
    CHECK_EQ(reader.warnings(), 0u);
    CHECK_EQ(reader.frames(), 0x7FFF0000u / 2);
    CHECK_EQ(reader.info().declared_bytes, 0x7FFF0000u);
  }
}

TEST("WavReader reports a second data chunk and keeps the first") {
  const Bytes one = Chunk("data", Audio(8));
  const auto outcome = Read(Wav({FmtChunk({}), one, Chunk("data", Audio(20))}));
  CHECK_READS(outcome, 4, "second-data-chunk");
  CHECK(outcome.audio == Audio(8));
  CHECK_READS(Read(Wav({FmtChunk({}), one, Chunk("LIST", Audio(7)), Head("data", 999)})), 4,
              "second-data-chunk");
  CHECK_READS(Read(Wav({FmtChunk({}), Head("data", 0), one})), 0, "second-data-chunk", "no-audio");
  // Behind odd audio, with and without a pad byte, also as the last eight bytes of the file.
  const Fmt fmt{.bits = 8};
  CHECK_READS(Read(Wav({FmtChunk(fmt), Chunk("data", Audio(3)), one})), 3, "second-data-chunk");
  CHECK_READS(Read(Wav({FmtChunk(fmt), Head("data", 3), Audio(3), one})), 3, "second-data-chunk");
  CHECK_READS(Read(Wav({FmtChunk(fmt), Head("data", 3), Audio(3), Head("data", 0)})), 3, "second-data-chunk");
}

TEST("WavReader neither minds nor reports anything else behind the audio") {
  const Bytes one = Chunk("data", Audio(8));
  for (const Bytes& tail : {Bytes(16), Bytes(1), Bytes(512, 0xAA), Ascii("dat"), Head("LIST", kAllOnes),
                            Head("LIST", 900), Chunk("RIFF", Join({Ascii("WAVE"), one})),
                            Join({Bytes(8), Chunk("data", Audio(2))}), FmtChunk({.channels = 0})})
    CHECK_READS(Read(Wav({FmtChunk({}), one, tail})), 4);
}

// ---- RF64

TEST("WavReader takes the data size of RF64 and BW64 from ds64, wherever it stands before data") {
  const Bytes ds64 = Ds64(118, 9);
  const Bytes data = Join({Head("data", kAllOnes), Audio(9), Bytes(1), Chunk("LIST", Audio(26))});
  for (const char* magic : {"RF64", "BW64"}) {
    for (const auto& file :
         {File(magic, kAllOnes, {ds64, FmtChunk({.bits = 24}), data}),
          File(magic, kAllOnes, {FmtChunk({.bits = 24}), Chunk("odd ", Audio(5)), ds64, data}),
          File(magic, kAllOnes, {ds64, Ds64(1, 1), FmtChunk({.bits = 24}), data})}) {
      const auto outcome = Read(file);
      CHECK_READS(outcome, 3);
      CHECK_EQ(outcome.info.declared_bytes, 9u);
      CHECK(outcome.audio == Audio(9));
    }
  }
}

TEST("WavReader walks over the table of a ds64 chunk") {
  const Bytes ds64 =
      Chunk("ds64", Join({Int(8, 8), Int(8, 8), Int(4, 8), Int(1, 4), Ascii("LIST"), Int(26, 8)}));
  CHECK_READS(Read(File("RF64", kAllOnes,
                        {ds64, FmtChunk({}), Chunk("LIST", Audio(26)), Head("data", kAllOnes), Audio(8)})),
              4);
}

TEST("WavReader believes a 32-bit data size of RF64 that is not 0xFFFFFFFF") {
  const auto read = [](uint32_t size32, const Bytes& rest) {
    return Read(File("RF64", kAllOnes, {Ds64(1000, 900), FmtChunk({}), Head("data", size32), rest}));
  };
  CHECK_READS(read(8, Join({Audio(8), Chunk("LIST", Audio(4))})), 4);
  CHECK_READS(read(100, Audio(8)), 4, "truncated");
  CHECK_READS(read(0xFFFFFFFE, Audio(8)), 4, "size-unknown");
}

TEST("WavReader salvages RF64 whose ds64 claims more than there is, without overflow") {
  for (const uint64_t size :
       {uint64_t{100}, uint64_t{0x7FFFFFFF}, uint64_t{0xFFFFFFFF}, uint64_t{1} << 63, ~uint64_t{0}}) {
    const auto outcome =
        Read(File("RF64", kAllOnes, {Ds64(size, size), FmtChunk({}), Head("data", kAllOnes), Audio(8)}));
    CHECK_READS(outcome, 4, "truncated");
    CHECK(outcome.missing_bytes >= size - 9);
    CHECK(outcome.info.declared_bytes != kUnknownSize);
  }
}

TEST("WavReader reads RF64 to the end when ds64 was never patched") {
  for (const uint64_t riff_size : {uint64_t{0}, uint64_t{0xFFFFFFFF}})
    CHECK_READS(
        Read(File("RF64", kAllOnes, {Ds64(riff_size, 0), FmtChunk({}), Head("data", kAllOnes), Audio(8)})), 4,
        "size-unknown");
  // The RIFF size that counts is ds64's: with a true one, 0 is 0.
  CHECK_READS(Read(File("RF64", kAllOnes, {Ds64(88, 0), FmtChunk({}), Head("data", kAllOnes), Audio(8)})), 0,
              "no-audio");
  CHECK_READS(Read(File("RF64", kAllOnes, {Ds64(72, 0), FmtChunk({}), Head("data", kAllOnes), Audio(8)})), 4,
              "size-unknown");
}

TEST("WavReader reads RF64 without ds64 only when its 32-bit size fits the file") {
  const auto file = [](uint32_t size32) {
    return File("RF64", kAllOnes, {FmtChunk({}), Head("data", size32), Audio(8)});
  };
  CHECK_READS(Read(file(8)), 4, "ds64-missing");
  CHECK_READS(Read(file(6)), 3, "ds64-missing");
  for (const uint32_t size32 : {uint32_t{9}, uint32_t{0x7FFFFFFF}, kAllOnes - 1, kAllOnes})
    CheckFails(Read(file(size32)), ErrorCode::kWavNoDs64, 36, "ds64");
}

TEST("WavReader ignores ds64 in plain RIFF and refuses one too short to hold sizes") {
  CHECK_READS(Read(Wav({Ds64(1, 1), FmtChunk({}), Chunk("data", Audio(8))})), 4);
  CHECK_READS(Read(Wav({Ds64(0, 0), FmtChunk({}), Head("data", 0), Audio(8)})), 0, "no-audio");
  CHECK_READS(Read(Wav({Chunk("ds64", Bytes(15)), FmtChunk({}), Chunk("data", Audio(8))})), 4);
  CheckFails(
      Read(File("RF64", kAllOnes, {Chunk("ds64", Bytes(15)), FmtChunk({}), Head("data", 8), Audio(8)})),
      ErrorCode::kWavBadChunk, 12, "15 bytes");
}

// ---- other files

TEST("WavReader names the container when the first bytes tell another") {
  const auto check = [](std::string_view head, std::string_view name) {
    CheckFails(Read(Join({Ascii(head), Bytes(40)})), ErrorCode::kUnsupportedContainer, 0, name);
    if (head.size() < 12) CheckFails(Read(Ascii(head)), ErrorCode::kUnsupportedContainer, 0, name);
  };
  check("riff\x2E\x91\xCF\x11", "Wave64");
  check(
      "FORM\x01\x02\x03\x04"
      "AIFF",
      "AIFF");
  check(
      "FORM\x01\x02\x03\x04"
      "AIFC",
      "AIFF");
  check(".snd", "AU");
  check("fLaC", "FLAC");
  check("OggS", "Ogg");
  check("ID3\x04", "ID3");
  check("\x1A\x45\xDF\xA3", "WebM or Matroska");
  check(std::string_view("\0\0\0\x20"
                         "ftypM4A ",
                         12),
        "MP4");
  check(std::string_view("\0\0\0\x14"
                         "ftyp",
                         8),
        "MP4");
  check("caff", "Core Audio");
  check("#!AMR\n", "AMR");
  check("#!AMR-WB\n", "AMR");
  check("NIST_1A\n", "NIST SPHERE");
  check("wvpk", "WavPack");
  for (const char* frame : {"\xFF\xFB\x90", "\xFF\xF3\x44", "\xFF\xE3\x18", "\xFF\xF1\x50", "\xFF\xF9\x4C"})
    check(frame, "MPEG audio");
}

TEST("WavReader refuses what is not a WAV at all") {
  CheckFails(Read({}), ErrorCode::kWavNotWav, 0, "empty");
  CheckFails(Read(Ascii("RI")), ErrorCode::kWavNotWav, 0, "`RI`");
  CheckFails(Read(Ascii("RIFF")), ErrorCode::kWavNotWav, 4, "4 bytes");
  CheckFails(Read(Ascii("RIFF....WAV")), ErrorCode::kWavNotWav, 11, "11 bytes");
  CheckFails(Read(Ascii("RIFF....WAV ....")), ErrorCode::kWavNotWav, 8, "`WAV `");
  CheckFails(Read(Ascii("RF65....WAVE....")), ErrorCode::kWavNotWav, 0, "`RF65`");
  CheckFails(Read(Ascii("FORM....ILBM....")), ErrorCode::kWavNotWav, 0, "`FORM`");
  CheckFails(Read(Ascii("FORM....")), ErrorCode::kWavNotWav, 0, "`FORM`");
  CheckFails(Read(Ascii("ID2.............")), ErrorCode::kWavNotWav, 0, "`ID2.`");
  // Raw samples that begin as MPEG audio does, but whose version, layer, bit rate or sample rate means
  // nothing.
  for (const char* head : {"\xFF\xFF\xFF\xFF", "\xFF\xEB\x90\x90", "\xFF\xE9\x90\x90", "\xFF\xFB\x0C\x90",
                           "\xFF\xFB\xF0\x90", "\xFF\xFB\x9C\x90", "\xFF\xF1\x7C\x90", "\xFF\xDB\x90\x90"})
    CheckFails(Read(Join({Ascii(head), Bytes(40)})), ErrorCode::kWavNotWav, 0, "raw samples");
  // A RIFF size is no name of a container.
  CHECK_READS(Read(Join({Ascii("RIFFftypWAVE"), FmtChunk({}), Chunk("data", Audio(8))})), 4);
}

// ---- the surface

TEST("WavReader goes by what came when the file shrank") {
  const Bytes whole = Wav({FmtChunk({}), Chunk("LIST", Audio(20)), Chunk("data", Audio(100))});
  const auto cut = [&](size_t bytes) {
    return ReadEveryWay(Bytes(whole.begin(), whole.end() - ptrdiff_t(bytes)), whole.size());
  };
  const auto outcome = cut(51);
  CHECK_READS(outcome, 24, "truncated");
  CHECK_EQ(outcome.missing_bytes, 51u);
  CheckFails(cut(120), ErrorCode::kWavBadChunk, 36, "`LIST`");
  CheckFails(cut(105), ErrorCode::kWavNoData, 67, "`data`");
}

TEST("WavReader skips nothing while the file's size is unknown") {
  WavReader reader;
  CHECK(reader.Process(Wav({FmtChunk({}), Head("data", 100), Audio(8)})).ok());
  CHECK_EQ(reader.SkippableBytes(), 0u);
}

TEST("WavReader with a known size refuses a chunk that does not fit at once") {
  for (const char* id : {"junk", "LIST", "fmt "}) {
    const Bytes file = Wav({Head(id, 1000), Ascii("INFO"), Audio(50)});
    WavReader reader(file.size());
    const auto piece = reader.Process(std::span(file).first(24));
    CHECK(!piece.ok() && piece.error().code == ErrorCode::kWavBadChunk);
    CHECK_EQ(reader.SkippableBytes(), 0u);
  }
}

TEST("WavReader lets a source jump the audio, which counts as seen") {
  const Bytes head = Wav({FmtChunk({}), Head("data", 1000)});
  WavReader reader(head.size() + 600);
  CHECK(reader.Process(head).ok());
  CHECK_EQ(reader.SkippableBytes(), 600u);
  reader.Skip(600);
  CHECK(reader.Finish().ok());
  CHECK(reader.Finish().ok());  // again: the same answer
  CHECK_EQ(reader.frames(), 300u);
  CHECK_EQ(reader.missing_bytes(), 400u);
  CHECK_EQ(reader.offset(), head.size() + 600);
  CHECK_EQ(reader.warnings(), 1u << static_cast<unsigned>(WavWarning::kTruncated));
}

TEST("WavReader has facts as soon as the data header is complete") {
  const Bytes head = Wav({FmtChunk({}), Head("data", 1000)});
  WavReader reader;
  CHECK(reader.Process(std::span(head).first(head.size() - 1)).ok());
  CHECK(!reader.has_info());
  CHECK_EQ(reader.frames(), 0u);
  CHECK(reader.Process(std::span(head).last(1)).ok());
  CHECK(reader.has_info());
}

TEST_ONCE("WavReader survives any bytes, in any cut, with one verdict") {
  const Bytes data = Chunk("data", Audio(32));
  const Bytes seeds[] = {
      Wav({FmtChunk({}), data}),
      Wav({FmtChunk({.bits = 24, .block_align = 4}), Unpadded(), data, Chunk("LIST", Audio(7)), data}),
      Wav({ExtensibleFmt({.channels = 2}, 1, 16), Chunk("fact", Int(8, 4)), data}),
      Wav({ExtensibleFmt({.big = true}, 1, 16), Chunk("odd ", Audio(3), true),
           Chunk("data", Audio(32), true)},
          "RIFX"),
      File("RF64", kAllOnes, {Ds64(100, 32), FmtChunk({}), Head("data", kAllOnes), Audio(32)}),
      File("RF64", kAllOnes, {FmtChunk({}), data}),
      File("RIFF", 0, {FmtChunk({.tag = 7, .bits = 8}), Head("data", 0), Audio(9)}),
      Wav({FmtChunk({}), Chunk("LIST", Ascii("wavldata")), data}),
  };
  const Bytes interesting = {0x00, 0x01, 0x02, 0x03, 0x07, 0x08, 0x10, 0x18,
                             0x20, 0x7F, 0x80, 0xFE, 0xFF, 'd',  'a',  't'};
  std::mt19937 random(1948);
  for (int round = 0; round < 200000; ++round) {
    Bytes file = seeds[random() % std::size(seeds)];
    for (size_t changes = 1 + random() % 4; changes > 0 && !file.empty(); --changes) {
      const size_t at = random() % file.size();
      const auto place = file.begin() + static_cast<ptrdiff_t>(at);
      switch (random() % 8) {
        case 0:
          file.resize(at);
          break;
        case 1:
          file.insert(place, interesting[random() % interesting.size()]);
          break;
        case 2:
          file.erase(place);
          break;
        case 3:
          *place = static_cast<uint8_t>(random());
          break;
        default:
          *place = interesting[random() % interesting.size()];
      }
    }
    const uint64_t file_bytes = random() % 2 == 0 ? file.size() : kUnknownSize;
    const Outcome whole = ReadWhole(file, file_bytes);
    const Outcome cut = ReadInCuts(file, file_bytes, 1 + random() % 20, random);
    CHECK(cut.Facts() == whole.Facts());
    CHECK(!whole.ok || cut.audio == whole.audio);
    if (!whole.ok) {
      CHECK_LE(whole.error.byte_offset, file.size());
      continue;
    }
    CHECK_LE(whole.info.data_offset + whole.audio_bytes, file.size());
    CHECK_EQ(whole.audio_bytes, whole.audio.size());
    CHECK_LE(whole.frames * whole.info.FrameBytes(), whole.audio_bytes);
    CHECK(
        std::equal(whole.audio.begin(), whole.audio.end(), file.begin() + ptrdiff_t(whole.info.data_offset)));
  }
}

}  // namespace
}  // namespace sluice
