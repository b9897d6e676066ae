// WAV headers for samples of any width (RIFF/WAVE, Microsoft "Multiple Channel Audio Data and WAVE Files").
// Tag 1 (PCM) for u8/s16/s24/s32 of one or two channels, 3 for floats, 6/7 for G.711, EXTENSIBLE for more
// than two channels. Everything that is not PCM gets a `fmt ` of 18 bytes and a `fact` chunk, as the
// specification wants. Not here: the samples (pcm.h), sizes above 4 GiB (RF64).
#pragma once

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
};

// Writes the header to dst (at least kMaxWavHeaderBytes) and returns its length. Errors: kInvalidRate,
// kInvalidChannels, kTooLarge (RIFF sizes are 32 bits), kInvalidLength (no whole number of frames),
// kOutputTooSmall.
Result<size_t> WriteWavHeader(const WavHeaderOptions& options, std::span<uint8_t> dst);

// RIFF chunks are padded to even lengths: whether a zero byte follows `data_bytes` of audio.
constexpr bool WavNeedsPadByte(uint64_t data_bytes) { return data_bytes % 2 != 0; }

}  // namespace sluice
