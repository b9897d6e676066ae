#include "bindings/opus_options.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>

namespace sluice::bindings {
namespace {

constexpr std::array kApplications = {"voip", "audio", "lowdelay"};  // as in enum OpusApplication
constexpr std::array kBitrateModes = {"vbr", "cvbr", "cbr"};         // as in enum OpusBitrateMode
constexpr std::array kSignals = {"auto", "voice", "music"};          // as in enum OpusSignal
constexpr size_t kMaxTextBytes = size_t{1} << 30;  // the core has a limit of its own, below this one

template <class T>
T Option(const Arguments& args, size_t i, const char* name) {
  return static_cast<T>(
      args.Unsigned(i, name, 0, std::numeric_limits<T>::max(), ErrorCodeName(ErrorCode::kInvalidOption)));
}

}  // namespace

uint16_t Option16(const Arguments& args, size_t i, const char* name) {
  return Option<uint16_t>(args, i, name);
}
uint32_t Option32(const Arguments& args, size_t i, const char* name) {
  return Option<uint32_t>(args, i, name);
}

OpusEncoderOptions ReadOpusEncoderOptions(const Arguments& args, size_t i) {
  OpusEncoderOptions options;
  options.sample_rate_hz = args.Rate(i, "sampleRateHz");
  options.channels = args.Channels(i + 1, "channels", kMaxOpusEncoderChannels);
  options.frame_us = Option32(args, i + 2, "frameUs");
  options.application = static_cast<OpusApplication>(args.Word(i + 3, "application", kApplications));
  options.bitrate = Option32(args, i + 4, "bitrate");
  options.bitrate_mode = static_cast<OpusBitrateMode>(args.Word(i + 5, "bitrateMode", kBitrateModes));
  options.complexity = Option32(args, i + 6, "complexity");
  options.signal = static_cast<OpusSignal>(args.Word(i + 7, "signal", kSignals));
  options.fec = args.Bool(i + 8, "fec");
  options.dtx = args.Bool(i + 9, "dtx");
  options.packet_loss_percent = Option32(args, i + 10, "packetLossPercent");
  return options;
}

std::string ReadVendor(const Arguments& args, size_t i) { return args.Text(i, "vendor", kMaxTextBytes); }

std::vector<std::string> ReadComments(const Arguments& args, size_t i) {
  const std::string all = args.Text(i, "comments", kMaxTextBytes);
  std::vector<std::string> comments;
  for (std::string_view text = all; !text.empty();) {
    const std::string_view comment = text.substr(0, text.find('\0'));
    comments.emplace_back(comment);
    text.remove_prefix(std::min(comment.size() + 1, text.size()));
  }
  return comments;
}

}  // namespace sluice::bindings
