// What a converter's running output is worth, measured on the samples it really returns. Not here: the exact
// response of our taps, which says more than any tone in 16 bits; see test/native/fir_bank_test.cpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "converters.h"

namespace bench {

// Where the pass band is looked at, as parts of the lower Nyquist frequency: up to the ends of the bands of
// our three presets (0.87, 0.913, 0.95).
inline constexpr std::array kPassBand = {0.02, 0.1, 0.25, 0.4, 0.55, 0.7, 0.8, 0.87, 0.9, 0.913, 0.95};

struct Quality {
  double snr_db = 0;  // 10 s of 997 Hz at -1 dBFS against the sine that fits best, at any size of piece
  double in_phase_gain = 0;  // of that tone against the one fed, offset_ms later: 1; if inverted -1
  double held_ms = 0;        // what of those 10 s has not come out yet, in the worst of the three runs
  double residual_db = 0;    // the strongest alias or image of any test tone, relative to the tone
  std::array<double, kPassBand.size()> gain_db{};
  bool saturates =
      false;              // a full-scale square keeps its signs; int16 reaches both ends, float32 goes beyond
  double latency_ms = 0;  // by how much the output lags behind what was fed, at worst, frame by frame
  double offset_ms = 0;   // by how much a signal comes later in the output's time than in the input's
  bool any_blocks = false;  // the same output, bit for bit, in pieces of 20 ms, 80 ms and 10 s
  bool channels_agree = true;
};

template <class Sample>
Quality Judge(const Factory<Sample>& make, uint32_t from_hz, uint32_t to_hz);

// Whether each channel of an interleaved converter gives what the mono one gives.
bool ChannelsAgree(const Contender& interleaved, const Contender& mono, uint32_t from_hz, uint32_t to_hz);

}  // namespace bench
