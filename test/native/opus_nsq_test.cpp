// The noise shaping quantizer of libopus in SSE4.1 (native/libopus) against its plain C: the same pulses and
// states, bit by bit, on whatever the tests of this program encode. Not here: the choice between them, which
// is nsq_del_dec.c's.
//
// In this program silk_NSQ_del_dec_c is the one below, since a linker takes from a library only what it
// lacks.
#ifdef SLUICE_OPUS_NSQ_SSE4_1
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <numbers>
#include <span>
#include <vector>

#define silk_NSQ_del_dec_c silk_NSQ_del_dec_plain  // as in nsq_del_dec.c
extern "C" {
#include <main.h>  // of libopus's silk
}
#undef silk_NSQ_del_dec_c

#include "check.h"
#include "core/opus_codec.h"

#define PARAMETERS                                                                                          \
  const silk_encoder_state *encoder, silk_nsq_state *state, SideInfoIndices *indices, const opus_int16 x[], \
      opus_int8 pulses[], const opus_int16 prediction[], const opus_int16 ltp[], const opus_int16 ar[],     \
      const opus_int harmonic[], const opus_int tilt[], const opus_int32 lf[], const opus_int32 gains[],    \
      const opus_int pitch[], opus_int lambda, opus_int ltp_scale

extern "C" void silk_NSQ_del_dec_neon(PARAMETERS);
extern "C" void silk_NSQ_del_dec_c(PARAMETERS);

namespace {

constexpr int kArchSse41 = 3;  // as in nsq_del_dec.c

std::array<int, 2> compared;  // frames that are not voiced, that are

template <class T>
bool SameBytes(const T& a, const T& b) {
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}

}  // namespace

extern "C" void silk_NSQ_del_dec_c(PARAMETERS) {
  silk_nsq_state other_state = *state;
  SideInfoIndices other_indices = *indices;
  std::vector<opus_int8> other_pulses(pulses, pulses + encoder->frame_length);
  silk_NSQ_del_dec_plain(encoder, state, indices, x, pulses, prediction, ltp, ar, harmonic, tilt, lf, gains,
                         pitch, lambda, ltp_scale);
  if (encoder->arch < kArchSse41) return;
  silk_NSQ_del_dec_neon(encoder, &other_state, &other_indices, x, other_pulses.data(), prediction, ltp, ar,
                        harmonic, tilt, lf, gains, pitch, lambda, ltp_scale);
  // Of sLPC_Q14 each copies more than will be read: the last `predictLPCOrder` before the next frame are.
  const auto last = [&](silk_nsq_state& s) {
    return s.sLPC_Q14 + NSQ_LPC_BUF_LENGTH - encoder->predictLPCOrder;
  };
  CHECK(std::equal(last(*state), state->sLPC_Q14 + NSQ_LPC_BUF_LENGTH, last(other_state)));
  std::ranges::copy(state->sLPC_Q14, other_state.sLPC_Q14);
  CHECK(SameBytes(*state, other_state));
  CHECK(SameBytes(*indices, other_indices));
  CHECK(std::equal(other_pulses.begin(), other_pulses.end(), pulses));
  ++compared[indices->signalType == TYPE_VOICED];
}

// Vowels with noise in between, from barely heard to clipped.
static std::vector<int16_t> Speech(uint32_t rate_hz, size_t frames) {
  std::vector<int16_t> samples(frames);
  uint32_t noise = 1;
  double phase = 0;
  for (size_t i = 0; i < frames; ++i) {
    const double t = static_cast<double>(i) / rate_hz;
    phase += 2 * std::numbers::pi * (150 + 60 * std::sin(2 * std::numbers::pi * 2.3 * t)) / rate_hz;
    noise = noise * 1664525 + 1013904223;
    double vowel = 0;
    for (int k = 1; k <= 12; ++k) vowel += std::sin(k * phase) / k;
    const double hiss = static_cast<int32_t>(noise) / 2147483648.0;
    const bool voiced = std::fmod(t, 0.3) < 0.2;
    const double level = 30 * std::pow(10, 3.4 * std::fmod(t, 1.3) / 1.3);
    samples[i] = static_cast<int16_t>(std::clamp(level * (voiced ? vowel : 0.3 * hiss), -32768.0, 32767.0));
  }
  return samples;
}

TEST_ONCE("libopus's NSQ in SSE4.1 gives the same bits as plain C") {
  for (const uint32_t rate_hz : {8000u, 12000u, 16000u, 24000u}) {
    for (const uint32_t complexity : {4u, 7u, 8u, 9u, 10u}) {
      for (const uint32_t bitrate : {6000u, 12000u, 20000u, 40000u}) {
        sluice::OpusEncoderOptions options;
        options.sample_rate_hz = rate_hz;
        options.complexity = complexity;
        options.bitrate = bitrate;
        options.frame_us = complexity % 2 == 0 ? 20'000 : 60'000;
        options.fec = bitrate == 20000;
        options.packet_loss_percent = options.fec ? 20 : 0;
        auto encoder = sluice::OpusEncoder::Create(options);
        REQUIRE(encoder.ok());
        const std::vector<int16_t> samples = Speech(rate_hz, 3 * rate_hz / 2);
        std::vector<uint8_t> packet(encoder.value().MaxPacketBytes());
        const size_t frame = encoder.value().FrameSamples();
        for (size_t i = 0; i + frame <= samples.size(); i += frame)
          CHECK(encoder.value().Encode(std::span(samples).subspan(i, frame), packet).ok());
      }
    }
  }
  if (compared[0] + compared[1] == 0) std::puts("NOT COMPARED: this processor has no SSE4.1");
  CHECK(compared[0] + compared[1] == 0 || (compared[0] > 500 && compared[1] > 500));
}
#endif
