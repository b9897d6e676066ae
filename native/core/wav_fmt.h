// The `fmt ` chunk of RIFF/WAVE: its fields, the rules they must keep, the sample format they mean.
// Not here: where the chunk lies in the file; see wav_reader.h.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>

#include "core/error.h"
#include "core/pcm.h"

namespace sluice {

// WAVEFORMATEXTENSIBLE; whatever a longer chunk holds after it is not looked at.
inline constexpr size_t kMaxWavFmtBytes = 40;

// wFormatTag, also the first field of a SubFormat GUID.
inline constexpr uint16_t kWavTagPcm = 0x0001;
inline constexpr uint16_t kWavTagFloat = 0x0003;
inline constexpr uint16_t kWavTagAlaw = 0x0006;
inline constexpr uint16_t kWavTagMulaw = 0x0007;
inline constexpr uint16_t kWavTagExtensible = 0xFFFE;

// Bytes 4 to 15 of KSDATAFORMAT_SUBTYPE_*, as a little-endian file stores them: the tag stands before them.
inline constexpr std::array<uint8_t, 12> kWavSubFormatTail = {0x00, 0x00, 0x10, 0x00, 0x80, 0x00,
                                                              0x00, 0xAA, 0x00, 0x38, 0x9B, 0x71};

struct WavFmt {
  SampleFormat format = SampleFormat::kS16Le;
  uint32_t sample_rate_hz = 0;
  uint16_t channels = 0;
  bool block_align_mismatch = false;  // blockAlign contradicts channels x container
  bool valid_bits_mismatch = false;   // more valid bits than the container has
};

// `fmt` is the chunk's body, at most its first kMaxWavFmtBytes; `offset` is where it begins in the file.
// Errors: kWavBadFmt, kWavUnsupportedEncoding, kWavUnsupportedWidth.
Result<WavFmt> ParseWavFmt(std::span<const uint8_t> fmt, std::endian order, uint64_t offset);

}  // namespace sluice
