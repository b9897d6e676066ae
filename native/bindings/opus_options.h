// Options that several Opus classes take. Not here: what the classes do (*_binding.cpp).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bindings/convert.h"
#include "core/opus_codec.h"

namespace sluice::bindings {

// A whole number of 16 or 32 bits, whose range is checked by the core: ERR_INVALID_OPTION if it has more.
uint16_t Option16(const Arguments& args, size_t i, const char* name);
uint32_t Option32(const Arguments& args, size_t i, const char* name);

// Arguments i to i + 10: sampleRateHz, channels, frameUs, application, bitrate, bitrateMode, complexity,
// signal, fec, dtx, packetLossPercent; bitrate as in OpusEncoderOptions.
OpusEncoderOptions ReadOpusEncoderOptions(const Arguments& args, size_t i);

// What OpusTags holds: the vendor; comments, of which each ends with a zero byte, since no array of strings
// can be read without running its getters.
std::string ReadVendor(const Arguments& args, size_t i);
std::vector<std::string> ReadComments(const Arguments& args, size_t i);

}  // namespace sluice::bindings
