#include "core/wav_fmt.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <string>

#include "core/bytes.h"

namespace sluice {
namespace {

//  0 wFormatTag u16 | 2 nChannels u16 | 4 nSamplesPerSec u32 | 8 nAvgBytesPerSec u32 | 12 nBlockAlign u16
// 14 wBitsPerSample u16 | 16 cbSize u16 | 18 wValidBitsPerSample u16 | 20 dwChannelMask u32 | 24 SubFormat
constexpr size_t kTagAt = 0;
constexpr size_t kChannelsAt = 2;
constexpr size_t kRateAt = 4;
constexpr size_t kBlockAlignAt = 12;
constexpr size_t kBitsAt = 14;
constexpr size_t kValidBitsAt = 18;
constexpr size_t kSubFormatAt = 24;
constexpr size_t kMinFmtBytes = 16;         // PCMWAVEFORMAT
constexpr size_t kExtensibleFmtBytes = 40;  // WAVEFORMATEXTENSIBLE

constexpr unsigned kMaxBits = 64;
constexpr uint32_t kMaxRateHz = std::numeric_limits<int32_t>::max();
constexpr uint32_t kMaxBlockAlign = 65535;  // nBlockAlign is 16 bits

struct Fields {
  uint16_t tag;  // wFormatTag, or what SubFormat says
  uint16_t channels;
  uint32_t rate_hz;
  uint16_t block_align;
  uint16_t bits;
  uint16_t valid_bits;  // 0 without EXTENSIBLE
  bool extensible;

  unsigned ContainerBytes() const { return (bits + 7u) / 8u; }
};

std::string Number(uint64_t value) { return std::to_string(value); }

std::string TagText(uint16_t tag) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "0x%04X", tag);
  return text.data();
}

// The names people search for, of the tags met in the field (RFC 2361 and mmreg.h).
const char* TagName(uint16_t tag) {
  switch (tag) {
    case 0x0000:
      return "unknown";
    case 0x0002:
      return "Microsoft ADPCM";
    case 0x0011:
      return "IMA ADPCM";
    case 0x0014:
    case 0x0040:
      return "G.721 ADPCM";
    case 0x0031:
      return "GSM 6.10";
    case 0x0042:
      return "G.723.1";
    case 0x0045:
    case 0x0064:
      return "G.726 ADPCM";
    case 0x0050:
      return "MPEG";
    case 0x0055:
      return "MP3";
    case 0x0065:
      return "G.722 ADPCM";
    case 0x0083:
      return "G.729";
    case 0x00FF:
    case 0x1600:
    case 0x1610:
      return "AAC";
    case 0x0160:
    case 0x0161:
    case 0x0162:
    case 0x0163:
      return "Windows Media Audio";
    case 0x2000:
      return "AC-3";
    case 0xF1AC:
      return "FLAC";
    case kWavTagExtensible:
      return "EXTENSIBLE inside EXTENSIBLE";
    default:
      return nullptr;
  }
}

// {00000001-0000-0010-8000-00AA00389B71}: three integers, then eight bytes as they stand.
std::string GuidText(std::span<const uint8_t> guid, std::endian order) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "{%08X-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X}",
                ReadInt<uint32_t>(guid, 0, order), ReadInt<uint16_t>(guid, 4, order),
                ReadInt<uint16_t>(guid, 6, order), guid[8], guid[9], guid[10], guid[11], guid[12], guid[13],
                guid[14], guid[15]);
  return text.data();
}

constexpr const char* kConvert =
    "; convert it first, for example with `ffmpeg -i INPUT.wav -c:a pcm_s16le OUTPUT.wav`";
constexpr const char* kExport = "; the header is damaged: export the recording again";

Error BadFmt(uint64_t offset, const std::string& what) {
  return {ErrorCode::kWavBadFmt, offset, "WAV `fmt ` chunk: " + what + kExport};
}

Error UnsupportedEncoding(uint64_t offset, const std::string& what) {
  return {ErrorCode::kWavUnsupportedEncoding, offset,
          "WAV with " + what +
              " is not read: only PCM (0x0001), float (0x0003), A-law (0x0006) and mu-law (0x0007)" +
              kConvert};
}

Error UnsupportedWidth(uint64_t offset, unsigned bits, const char* kind, const char* readable) {
  return {ErrorCode::kWavUnsupportedWidth, offset,
          "WAV with " + Number(bits) + "-bit " + kind + " samples is not read: only " + readable + kConvert};
}

// The tag that a SubFormat GUID stands for: its first field, when the rest is Microsoft's fixed tail. In RIFX
// the GUID's three integers are big-endian like everything else.
Result<uint16_t> SubFormatTag(std::span<const uint8_t> guid, std::endian order, uint64_t offset) {
  const std::span<const uint8_t> tail = kWavSubFormatTail;
  const bool microsoft = ReadInt<uint16_t>(guid, 4, order) == ReadLe<uint16_t>(tail, 0) &&
                         ReadInt<uint16_t>(guid, 6, order) == ReadLe<uint16_t>(tail, 2) &&
                         std::equal(guid.begin() + 8, guid.end(), tail.begin() + 4);
  const uint32_t tag = ReadInt<uint32_t>(guid, 0, order);
  if (!microsoft || tag > 0xFFFF)
    return UnsupportedEncoding(offset, "EXTENSIBLE SubFormat " + GuidText(guid, order));
  return static_cast<uint16_t>(tag);
}

Result<Fields> ReadFields(std::span<const uint8_t> fmt, std::endian order, uint64_t offset) {
  if (fmt.size() < kMinFmtBytes)
    return BadFmt(offset, Number(fmt.size()) + " bytes long, where PCMWAVEFORMAT needs 16");
  Fields fields{
      .tag = ReadInt<uint16_t>(fmt, kTagAt, order),
      .channels = ReadInt<uint16_t>(fmt, kChannelsAt, order),
      .rate_hz = ReadInt<uint32_t>(fmt, kRateAt, order),
      .block_align = ReadInt<uint16_t>(fmt, kBlockAlignAt, order),
      .bits = ReadInt<uint16_t>(fmt, kBitsAt, order),
      .valid_bits = 0,
      .extensible = false,
  };
  if (fields.tag != kWavTagExtensible) return fields;
  if (fmt.size() < kExtensibleFmtBytes)
    return BadFmt(offset, Number(fmt.size()) + " bytes long, where WAVEFORMATEXTENSIBLE needs 40");
  const auto tag = SubFormatTag(fmt.subspan(kSubFormatAt, 16), order, offset + kSubFormatAt);
  if (!tag.ok()) return tag.error();
  fields.tag = tag.value();
  fields.valid_bits = ReadInt<uint16_t>(fmt, kValidBitsAt, order);
  fields.extensible = true;
  return fields;
}

bool IsG711(uint16_t tag) { return tag == kWavTagAlaw || tag == kWavTagMulaw; }

// What no reader could make sense of, whatever its scope.
Status CheckFields(const Fields& fields, uint64_t offset) {
  if (fields.channels == 0) return BadFmt(offset + kChannelsAt, "0 channels");
  if (fields.rate_hz == 0) return BadFmt(offset + kRateAt, "a sample rate of 0 Hz");
  if (fields.rate_hz > kMaxRateHz)
    return BadFmt(offset + kRateAt, "a sample rate of " + Number(fields.rate_hz) + " Hz, above 2^31 - 1");
  if (IsG711(fields.tag) && fields.bits != 8)
    return BadFmt(offset + kBitsAt, "G.711 with " + Number(fields.bits) + " bits a sample; its codes have 8");
  if (fields.bits == 0 || fields.bits > kMaxBits)
    return BadFmt(offset + kBitsAt, Number(fields.bits) + " bits a sample, where 1 to 64 are possible");
  if (fields.channels * fields.ContainerBytes() > kMaxBlockAlign)
    return BadFmt(offset + kChannelsAt, Number(fields.channels) + " channels of " +
                                            Number(fields.ContainerBytes()) +
                                            " bytes; nBlockAlign can hold 65535 bytes a frame");
  return Ok{};
}

Result<SampleFormat> IntegerFormat(const Fields& fields, bool big, uint64_t offset) {
  switch (fields.ContainerBytes()) {
    case 1:
      return SampleFormat::kU8;
    case 2:
      return big ? SampleFormat::kS16Be : SampleFormat::kS16Le;
    case 3:
      // Against the specification, but met in the field (ruuda/hound's samples): 24 bits in the low three
      // bytes of a 4-byte container. Only plain PCM; EXTENSIBLE says it with 32 bits and 24 valid ones.
      if (!fields.extensible && fields.bits == 24 && fields.block_align == 4u * fields.channels)
        return big ? SampleFormat::kS24In32Be : SampleFormat::kS24In32Le;
      return big ? SampleFormat::kS24Be : SampleFormat::kS24Le;
    case 4:
      return big ? SampleFormat::kS32Be : SampleFormat::kS32Le;
    default:
      return UnsupportedWidth(offset + kBitsAt, fields.bits, "integer", "up to 32 bits");
  }
}

Result<SampleFormat> FormatOf(const Fields& fields, bool big, uint64_t offset) {
  switch (fields.tag) {
    case kWavTagAlaw:
      return SampleFormat::kAlaw;
    case kWavTagMulaw:
      return SampleFormat::kMulaw;
    case kWavTagPcm:
      return IntegerFormat(fields, big, offset);
    default:
      if (fields.bits == 32) return big ? SampleFormat::kF32Be : SampleFormat::kF32Le;
      if (fields.bits == 64) return big ? SampleFormat::kF64Be : SampleFormat::kF64Le;
      return UnsupportedWidth(offset + kBitsAt, fields.bits, "float", "32 and 64 bits");
  }
}

}  // namespace

Result<WavFmt> ParseWavFmt(std::span<const uint8_t> fmt, std::endian order, uint64_t offset) {
  const auto read = ReadFields(fmt, order, offset);
  if (!read.ok()) return read.error();
  const Fields& fields = read.value();
  if (fields.tag != kWavTagPcm && fields.tag != kWavTagFloat && !IsG711(fields.tag)) {
    const char* name = TagName(fields.tag);
    return UnsupportedEncoding(
        offset + (fields.extensible ? kSubFormatAt : kTagAt),
        "format tag " + TagText(fields.tag) + (name != nullptr ? " (" + std::string(name) + ")" : ""));
  }
  if (const Status status = CheckFields(fields, offset); !status.ok()) return status.error();
  const auto format = FormatOf(fields, order == std::endian::big, offset);
  if (!format.ok()) return format.error();
  return WavFmt{
      .format = format.value(),
      .sample_rate_hz = fields.rate_hz,
      .channels = fields.channels,
      .block_align_mismatch = fields.block_align != fields.channels * BytesPerSample(format.value()),
      .valid_bits_mismatch = fields.valid_bits > 8 * fields.ContainerBytes(),
  };
}

}  // namespace sluice
