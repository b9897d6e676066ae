#include "core/opus_codec.h"

#include <opus.h>
#include <opus_multistream.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <type_traits>

#include "core/opus_packet.h"

namespace sluice {
namespace {

constexpr std::array<uint32_t, 5> kRatesHz = {8'000, 12'000, 16'000, 24'000, 48'000};
constexpr std::array<uint32_t, 9> kFramesUs = {2'500,  5'000,  10'000,  20'000, 40'000,
                                               60'000, 80'000, 100'000, 120'000};

constexpr int ToLibopus(OpusApplication application) {
  constexpr std::array kValues = {OPUS_APPLICATION_VOIP, OPUS_APPLICATION_AUDIO,
                                  OPUS_APPLICATION_RESTRICTED_LOWDELAY};
  return kValues[static_cast<size_t>(application)];
}
constexpr int ToLibopus(OpusSignal signal) {
  constexpr std::array kValues = {OPUS_AUTO, OPUS_SIGNAL_VOICE, OPUS_SIGNAL_MUSIC};
  return kValues[static_cast<size_t>(signal)];
}
constexpr int ToLibopus(uint32_t bitrate) {
  if (bitrate == kOpusBitrateAuto) return OPUS_AUTO;
  if (bitrate == kOpusBitrateMax) return OPUS_BITRATE_MAX;
  return static_cast<int>(bitrate);
}

Error InvalidOption(std::string message) { return {ErrorCode::kInvalidOption, 0, std::move(message)}; }

Status CheckBitrate(uint32_t bitrate, uint32_t channels) {
  if (bitrate == kOpusBitrateAuto || bitrate == kOpusBitrateMax) return Ok{};
  const uint32_t min = kMinOpusBitratePerChannel * channels;
  const uint32_t max = kMaxOpusBitratePerChannel * channels;
  if (bitrate >= min && bitrate <= max) return Ok{};
  return InvalidOption("The bitrate of " + std::to_string(channels) + " channels must be " +
                       std::to_string(min) + " to " + std::to_string(max) + " b/s, auto or max, not " +
                       std::to_string(bitrate));
}

Status Check(const OpusEncoderOptions& options) {
  const Status rate = CheckOpusRate(options.sample_rate_hz);
  if (!rate.ok()) return rate;
  if (options.channels < 1 || options.channels > kMaxOpusEncoderChannels) {
    return Error{ErrorCode::kInvalidChannels, 0,
                 "Opus encodes 1 to 8 channels (mapping family 1), not " + std::to_string(options.channels)};
  }
  if (std::ranges::find(kFramesUs, options.frame_us) == kFramesUs.end()) {
    return InvalidOption("An Opus packet lasts 2.5, 5, 10, 20, 40, 60, 80, 100 or 120 ms, not " +
                         std::to_string(options.frame_us) + " µs");
  }
  if (options.complexity > 10)
    return InvalidOption("The complexity must be 0 to 10, not " + std::to_string(options.complexity));
  if (options.packet_loss_percent > 100) {
    return InvalidOption("The expected packet loss must be 0 to 100 %, not " +
                         std::to_string(options.packet_loss_percent));
  }
  return CheckBitrate(options.bitrate, options.channels);
}

Status Check(const OpusLayout& layout) {
  const unsigned decoded = layout.streams + unsigned{layout.coupled};
  const auto fits = [&](uint8_t index) { return index == 255 || index < decoded; };
  if (layout.channels >= 1 && layout.streams >= 1 && layout.coupled <= layout.streams && decoded <= 255 &&
      std::all_of(layout.mapping.begin(), layout.mapping.begin() + layout.channels, fits))
    return Ok{};
  return InvalidOption("The channel layout contradicts itself: " + std::to_string(layout.channels) +
                       " channels from " + std::to_string(layout.streams) + " streams, " +
                       std::to_string(layout.coupled) +
                       " of them stereo (RFC 7845, 5.1.1: at least one of each, no more stereo streams than "
                       "streams, 255 decoded channels, each index one of these or 255)");
}

// Opus with nothing around it; the multistream functions do the same with a copy more.
bool IsPlain(const OpusLayout& layout) {
  return layout.streams == 1 && layout.channels == 1 + layout.coupled && layout.mapping[0] == 0 &&
         (layout.channels == 1 || layout.mapping[1] == 1);
}

Error OutputTooSmall(const char* unit, size_t wanted, size_t got) {
  return {ErrorCode::kOutputTooSmall, 0,
          "output has room for " + std::to_string(got) + " " + unit + ", " + std::to_string(wanted) +
              " are wanted"};
}

Error BadPacket(size_t bytes, uint64_t offset) {
  return {ErrorCode::kOpusBadPacket, offset,
          "An Opus packet of " + std::to_string(bytes) +
              " bytes breaks RFC 6716, 3.4 (its frames, at least one and at most 120 ms, do not fit its "
              "length, or its streams differ in duration); skip it, and conceal its duration"};
}

}  // namespace

Status CheckOpusRate(uint32_t rate_hz) {
  if (std::ranges::find(kRatesHz, rate_hz) != kRatesHz.end()) return Ok{};
  return Error{ErrorCode::kInvalidRate, 0,
               "Opus takes 8000, 12000, 16000, 24000 and 48000 Hz, not " + std::to_string(rate_hz) +
                   "; resample to one of them"};
}

Result<OpusEncoder> OpusEncoder::Create(const OpusEncoderOptions& options) {
  const Status valid = Check(options);
  if (!valid.ok()) return valid.error();
  OpusEncoder encoder(options);
  const int error = encoder.Init();
  if (error != OPUS_OK)
    return InvalidOption(std::string("libopus refuses these options: ") + opus_strerror(error));
  return encoder;
}

OpusEncoder::OpusEncoder(const OpusEncoderOptions& options)
    : options_(options),
      frame_samples_(size_t{options.sample_rate_hz} / 400 * (options.frame_us / 2'500) * options.channels),
      state_bytes_(static_cast<size_t>(
          Multistream() ? opus_multistream_surround_encoder_get_size(static_cast<int>(options.channels), 1)
                        : opus_encoder_get_size(static_cast<int>(options.channels)))),
      state_(std::make_unique<std::byte[]>(state_bytes_)) {
  layout_.channels = static_cast<uint8_t>(options.channels);
  layout_.coupled = options.channels == 2 ? 1 : 0;
}

// Also for Reset: OPUS_RESET_STATE keeps some of the past (in 1.3.1 what SILK last was set to), so that
// packets would differ from those of a new encoder.
int OpusEncoder::Init() {
  std::fill_n(state_.get(), state_bytes_, std::byte{0});
  const auto rate_hz = static_cast<opus_int32>(options_.sample_rate_hz);
  const auto channels = static_cast<int>(options_.channels);
  const int application = ToLibopus(options_.application);
  int error = OPUS_OK;
  if (Multistream()) {
    int streams = 0;
    int coupled = 0;
    error = opus_multistream_surround_encoder_init(reinterpret_cast<OpusMSEncoder*>(state_.get()), rate_hz,
                                                   channels, 1, &streams, &coupled, layout_.mapping.data(),
                                                   application);
    layout_.streams = static_cast<uint8_t>(streams);
    layout_.coupled = static_cast<uint8_t>(coupled);
  } else {
    error = opus_encoder_init(reinterpret_cast<::OpusEncoder*>(state_.get()), rate_hz, channels, application);
  }
  return error == OPUS_OK ? SetOptions() : error;
}

template <class... Value>
int OpusEncoder::Control(int request, Value... value) {
  if (Multistream())
    return opus_multistream_encoder_ctl(reinterpret_cast<OpusMSEncoder*>(state_.get()), request, value...);
  return opus_encoder_ctl(reinterpret_cast<::OpusEncoder*>(state_.get()), request, value...);
}

int OpusEncoder::SetOptions() {
  opus_int32 lookahead = 0;
  const int loss = static_cast<int>(options_.packet_loss_percent);
  const std::array errors = {
      Control(OPUS_SET_BITRATE(ToLibopus(options_.bitrate))),
      Control(OPUS_SET_VBR(options_.bitrate_mode == OpusBitrateMode::kCbr ? 0 : 1)),
      Control(OPUS_SET_VBR_CONSTRAINT(options_.bitrate_mode == OpusBitrateMode::kConstrainedVbr ? 1 : 0)),
      Control(OPUS_SET_COMPLEXITY(static_cast<int>(options_.complexity))),
      Control(OPUS_SET_SIGNAL(ToLibopus(options_.signal))),
      Control(OPUS_SET_INBAND_FEC(options_.fec ? 1 : 0)),
      Control(OPUS_SET_DTX(options_.dtx ? 1 : 0)),
      Control(OPUS_SET_PACKET_LOSS_PERC(loss)),
      Control(OPUS_GET_LOOKAHEAD(&lookahead)),
  };
  lookahead_frames_ = static_cast<size_t>(lookahead);
  const auto failed = std::ranges::find_if(errors, [](int error) { return error != OPUS_OK; });
  return failed == errors.end() ? OPUS_OK : *failed;
}

void OpusEncoder::Reset() {
  Init();  // went well in Create, with the same options
}

// Of each stream: TOC, count of Opus frames, and for each of these (20 ms, or all of a shorter packet) a
// length of 2 bytes (RFC 6716 3.2.5, B) and up to 1275 bytes.
size_t OpusEncoder::MaxPacketBytes() const {
  const size_t opus_frames = (options_.frame_us + 19'999) / 20'000;
  return layout_.streams * (2 + opus_frames * (2 + 1275));
}

std::span<const float> OpusEncoder::Harmless(std::span<const float> samples) {
  bool harmless = true;
  for (const float x : samples) harmless &= std::abs(x) <= kMaxMagnitude;  // false for NaN
  if (harmless) return samples;
  // libopus leaves out such a frame, but the traces in its analysis filters would stay for ever.
  clipped_.assign(samples.begin(), samples.end());
  for (float& x : clipped_) x = std::isnan(x) ? 0 : std::clamp(x, -kMaxMagnitude, kMaxMagnitude);
  return clipped_;
}

template <class T>
Result<size_t> OpusEncoder::EncodeAs(std::span<const T> samples, std::span<uint8_t> packet) {
  if (samples.size() != frame_samples_) {
    return Error{ErrorCode::kInvalidLength, 0,
                 "A packet is made of " + std::to_string(frame_samples_) + " samples (" +
                     std::to_string(options_.channels) + " channels), not " + std::to_string(samples.size())};
  }
  if (packet.size() < MaxPacketBytes()) return OutputTooSmall("bytes", MaxPacketBytes(), packet.size());
  const T* pcm = Harmless(samples).data();
  const int frames = static_cast<int>(frame_samples_ / options_.channels);
  const auto room = static_cast<opus_int32>(MaxPacketBytes());
  auto* const single = reinterpret_cast<::OpusEncoder*>(state_.get());
  auto* const multi = reinterpret_cast<OpusMSEncoder*>(state_.get());
  int bytes = 0;
  if constexpr (std::is_same_v<T, float>) {
    bytes = Multistream() ? opus_multistream_encode_float(multi, pcm, frames, packet.data(), room)
                          : opus_encode_float(single, pcm, frames, packet.data(), room);
  } else {
    bytes = Multistream() ? opus_multistream_encode(multi, pcm, frames, packet.data(), room)
                          : opus_encode(single, pcm, frames, packet.data(), room);
  }
  if (bytes < 0) return InvalidOption(std::string("libopus failed to encode: ") + opus_strerror(bytes));
  return static_cast<size_t>(bytes);
}

Result<size_t> OpusEncoder::PacketsOf(size_t samples) const {
  if (samples % frame_samples_ == 0) return samples / frame_samples_;
  return Error{ErrorCode::kInvalidLength, 0,
               "Packets are made of " + std::to_string(frame_samples_) + " samples each, and " +
                   std::to_string(samples) + " are no multiple of that"};
}

template <class T>
Result<size_t> OpusEncoder::EncodeFramesAs(std::span<const T> samples, std::span<uint8_t> bytes,
                                           std::span<uint32_t> sizes) {
  const auto packets = PacketsOf(samples.size());
  if (!packets.ok()) return packets;
  if (sizes.size() < packets.value()) return OutputTooSmall("sizes", packets.value(), sizes.size());
  if (bytes.size() / MaxPacketBytes() < packets.value())
    return OutputTooSmall("bytes", packets.value() * MaxPacketBytes(), bytes.size());
  size_t written = 0;
  for (size_t i = 0; i < packets.value(); ++i) {
    const auto packet = EncodeAs(samples.subspan(i * frame_samples_, frame_samples_), bytes.subspan(written));
    if (!packet.ok()) return packet.error();
    sizes[i] = static_cast<uint32_t>(packet.value());
    written += packet.value();
  }
  return written;
}

Result<size_t> OpusEncoder::Encode(std::span<const int16_t> samples, std::span<uint8_t> packet) {
  return EncodeAs(samples, packet);
}
Result<size_t> OpusEncoder::Encode(std::span<const float> samples, std::span<uint8_t> packet) {
  return EncodeAs(samples, packet);
}
Result<size_t> OpusEncoder::EncodeFrames(std::span<const int16_t> samples, std::span<uint8_t> bytes,
                                         std::span<uint32_t> sizes) {
  return EncodeFramesAs(samples, bytes, sizes);
}
Result<size_t> OpusEncoder::EncodeFrames(std::span<const float> samples, std::span<uint8_t> bytes,
                                         std::span<uint32_t> sizes) {
  return EncodeFramesAs(samples, bytes, sizes);
}

Result<OpusDecoder> OpusDecoder::Create(const OpusDecoderOptions& options) {
  const Status rate = CheckOpusRate(options.sample_rate_hz);
  if (!rate.ok()) return rate.error();
  const Status layout = Check(options.layout);
  if (!layout.ok()) return layout.error();
  OpusDecoder decoder(options);
  const int error = decoder.Init();
  if (error != OPUS_OK)
    return InvalidOption(std::string("libopus refuses these options: ") + opus_strerror(error));
  return decoder;
}

OpusDecoder::OpusDecoder(const OpusDecoderOptions& options)
    : options_(options),
      multistream_(!IsPlain(options.layout)),
      state_bytes_(static_cast<size_t>(
          multistream_ ? opus_multistream_decoder_get_size(options.layout.streams, options.layout.coupled)
                       : opus_decoder_get_size(options.layout.channels))),
      state_(std::make_unique<std::byte[]>(state_bytes_)) {}

int OpusDecoder::Init() {
  std::fill_n(state_.get(), state_bytes_, std::byte{0});
  const auto rate_hz = static_cast<opus_int32>(options_.sample_rate_hz);
  const OpusLayout& layout = options_.layout;
  if (multistream_) {
    auto* const decoder = reinterpret_cast<OpusMSDecoder*>(state_.get());
    const int error = opus_multistream_decoder_init(decoder, rate_hz, layout.channels, layout.streams,
                                                    layout.coupled, layout.mapping.data());
    if (error != OPUS_OK) return error;
    return opus_multistream_decoder_ctl(decoder, OPUS_SET_GAIN(options_.gain_q8));
  }
  auto* const decoder = reinterpret_cast<::OpusDecoder*>(state_.get());
  const int error = opus_decoder_init(decoder, rate_hz, layout.channels);
  if (error != OPUS_OK) return error;
  return opus_decoder_ctl(decoder, OPUS_SET_GAIN(options_.gain_q8));
}

void OpusDecoder::Reset() {
  Init();  // went well in Create, with the same options
}

Result<size_t> OpusDecoder::PacketFrames(std::span<const uint8_t> packet) const {
  const bool countable = packet.size() <= size_t{std::numeric_limits<opus_int32>::max()};
  const uint32_t samples = countable ? OpusPacketSamples(packet, options_.layout.streams) : 0;
  if (samples == 0) return BadPacket(packet.size(), 0);
  return size_t{samples} * options_.sample_rate_hz / 48'000;
}

Result<size_t> OpusDecoder::PacketFrames(std::span<const uint8_t> bytes,
                                         std::span<const uint32_t> sizes) const {
  size_t offset = 0;
  size_t frames = 0;
  for (const uint32_t size : sizes) {
    if (size > bytes.size() - offset) {
      return Error{ErrorCode::kInvalidLength, 0,
                   "The packets' sizes add up to more than the " + std::to_string(bytes.size()) + " bytes"};
    }
    const auto packet_frames = PacketFrames(bytes.subspan(offset, size));
    if (!packet_frames.ok()) return BadPacket(size, offset);
    frames += packet_frames.value();
    offset += size;
  }
  if (offset != bytes.size()) {
    return Error{ErrorCode::kInvalidLength, 0,
                 "The packets' sizes add up to " + std::to_string(offset) + " of " +
                     std::to_string(bytes.size()) + " bytes"};
  }
  return frames;
}

// libopus itself: `frames` of output, which a valid packet without fec may fall short of.
template <class T>
Result<size_t> OpusDecoder::Run(std::span<const uint8_t> packet, size_t frames, bool fec, T* output) {
  const auto size = static_cast<opus_int32>(packet.size());
  const auto room = static_cast<int>(frames);
  auto* const single = reinterpret_cast<::OpusDecoder*>(state_.get());
  auto* const multi = reinterpret_cast<OpusMSDecoder*>(state_.get());
  int decoded = 0;
  if constexpr (std::is_same_v<T, float>) {
    decoded = multistream_ ? opus_multistream_decode_float(multi, packet.data(), size, output, room, fec)
                           : opus_decode_float(single, packet.data(), size, output, room, fec);
  } else {
    decoded = multistream_ ? opus_multistream_decode(multi, packet.data(), size, output, room, fec)
                           : opus_decode(single, packet.data(), size, output, room, fec);
  }
  if (decoded < 0) return BadPacket(packet.size(), 0);
  return static_cast<size_t>(decoded);
}

template <class T>
Result<size_t> OpusDecoder::DecodeAs(std::span<const uint8_t> packet, std::span<T> output) {
  const auto frames = PacketFrames(packet);
  if (!frames.ok()) return frames;
  const size_t samples = frames.value() * channels();
  if (output.size() < samples) return OutputTooSmall("samples", samples, output.size());
  return Run(packet, frames.value(), false, output.data());
}

template <class T>
Result<size_t> OpusDecoder::DecodePacketsAs(std::span<const uint8_t> bytes, std::span<const uint32_t> sizes,
                                            std::span<T> output) {
  const auto frames = PacketFrames(bytes, sizes);
  if (!frames.ok()) return frames;
  if (output.size() / channels() < frames.value())
    return OutputTooSmall("samples", frames.value() * channels(), output.size());
  for (const uint32_t size : sizes) {
    const auto decoded = DecodeAs(bytes.first(size), output);
    if (!decoded.ok()) return decoded;
    bytes = bytes.subspan(size);
    output = output.subspan(decoded.value() * channels());
  }
  return frames;
}

Status OpusDecoder::CheckLoss(size_t frames, size_t room) const {
  if (frames == 0 || frames % LossUnitFrames() != 0) {
    return Error{ErrorCode::kInvalidLength, 0,
                 "A loss is a multiple of 2.5 ms (" + std::to_string(LossUnitFrames()) + " frames), not " +
                     std::to_string(frames) + " frames"};
  }
  if (room / channels() < frames) return OutputTooSmall("frames", frames, room / channels());
  return Ok{};
}

template <class T>
Result<size_t> OpusDecoder::ConcealAs(size_t frames, std::span<T> output) {
  const Status valid = CheckLoss(frames, output.size());
  if (!valid.ok()) return valid.error();
  // In pieces, since libopus keeps a piece on the stack, and the multistream decoder conceals no more than
  // this.
  for (size_t done = 0; done < frames;) {
    const size_t piece = std::min(frames - done, MaxPacketFrames());
    const auto concealed = Run({}, piece, false, output.data() + done * channels());
    if (!concealed.ok()) return concealed;
    done += piece;
  }
  return frames;
}

template <class T>
Result<size_t> OpusDecoder::DecodeFecAs(std::span<const uint8_t> packet, size_t frames, std::span<T> output) {
  const Status valid = CheckLoss(frames, output.size());
  if (!valid.ok()) return valid.error();
  const auto packet_frames = PacketFrames(packet);
  if (!packet_frames.ok()) return packet_frames;
  // libopus's multistream decoder refuses to fill less than the packet lasts.
  if (multistream_ && frames < packet_frames.value()) return ConcealAs(frames, output);
  const size_t last = std::min(frames, MaxPacketFrames());
  const size_t first = frames - last;
  if (first > 0) {
    const auto concealed = ConcealAs(first, output);
    if (!concealed.ok()) return concealed;
  }
  const auto decoded = Run(packet, last, true, output.data() + first * channels());
  if (!decoded.ok()) return decoded;
  return frames;
}

Result<size_t> OpusDecoder::Decode(std::span<const uint8_t> packet, std::span<int16_t> output) {
  return DecodeAs(packet, output);
}
Result<size_t> OpusDecoder::Decode(std::span<const uint8_t> packet, std::span<float> output) {
  return DecodeAs(packet, output);
}
Result<size_t> OpusDecoder::DecodePackets(std::span<const uint8_t> bytes, std::span<const uint32_t> sizes,
                                          std::span<int16_t> output) {
  return DecodePacketsAs(bytes, sizes, output);
}
Result<size_t> OpusDecoder::DecodePackets(std::span<const uint8_t> bytes, std::span<const uint32_t> sizes,
                                          std::span<float> output) {
  return DecodePacketsAs(bytes, sizes, output);
}
Result<size_t> OpusDecoder::Conceal(size_t frames, std::span<int16_t> output) {
  return ConcealAs(frames, output);
}
Result<size_t> OpusDecoder::Conceal(size_t frames, std::span<float> output) {
  return ConcealAs(frames, output);
}
Result<size_t> OpusDecoder::DecodeFec(std::span<const uint8_t> packet, size_t frames,
                                      std::span<int16_t> output) {
  return DecodeFecAs(packet, frames, output);
}
Result<size_t> OpusDecoder::DecodeFec(std::span<const uint8_t> packet, size_t frames,
                                      std::span<float> output) {
  return DecodeFecAs(packet, frames, output);
}

}  // namespace sluice
