// The Opus codec (RFC 6716): samples to packets and back, one stream or several in each packet (RFC 7845,
// 5.1.1). Sole owner of libopus: no other file includes its headers.
// Not here: Ogg (ogg_opus_reader.h, ogg_opus_writer.h), other sample rates (resampler.h).
//
// Everything is checked before libopus sees it, and an error leaves the codec as it was. No allocation per
// packet.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/error.h"

namespace sluice {

inline constexpr uint32_t kMaxOpusEncoderChannels = 8;    // mapping family 1
inline constexpr uint32_t kMaxOpusDecoderChannels = 255;  // of any family
inline constexpr uint32_t kOpusBitrateAuto = 0;
inline constexpr uint32_t kOpusBitrateMax = UINT32_MAX;
inline constexpr uint32_t kMinOpusBitratePerChannel = 500;  // libopus clamps to these
inline constexpr uint32_t kMaxOpusBitratePerChannel = 300'000;

// Which decoded channel goes where, as OpusHead tells it: streams 0 to coupled - 1 are stereo, the others
// mono; output channel i is decoded channel mapping[i], or silence where that is 255.
struct OpusLayout {
  uint8_t channels = 1;
  uint8_t streams = 1;
  uint8_t coupled = 0;                        // coupled <= streams, streams + coupled <= 255
  std::array<uint8_t, 255> mapping = {0, 1};  // mapping[i] < streams + coupled, or 255
};

enum class OpusApplication : uint8_t { kVoip, kAudio, kLowDelay };  // kLowDelay: no SILK, lookahead of 2.5 ms
enum class OpusBitrateMode : uint8_t { kVbr, kConstrainedVbr, kCbr };
enum class OpusSignal : uint8_t { kAuto, kVoice, kMusic };

// The rates that encoder and decoder take: 8, 12, 16, 24 and 48 kHz. Else kInvalidRate.
Status CheckOpusRate(uint32_t rate_hz);

struct OpusEncoderOptions {
  uint32_t sample_rate_hz = 48'000;  // 8, 12, 16, 24 or 48 kHz
  uint32_t channels = 1;             // from 3 on several streams: mapping family 1, channels in Vorbis order
  uint32_t frame_us = 20'000;        // of a packet: 2.5, 5, 10, 20, 40, 60, 80, 100 or 120 ms
  OpusApplication application = OpusApplication::kVoip;
  // Bits a second of all channels, or one of the constants: 500 to 300 000 for each channel.
  uint32_t bitrate = kOpusBitrateAuto;
  OpusBitrateMode bitrate_mode = OpusBitrateMode::kConstrainedVbr;
  uint32_t complexity = 9;  // 0 to 10
  OpusSignal signal = OpusSignal::kAuto;
  bool fec = false;  // speech carries the packet before it again, coarsely, once loss is expected
  bool dtx = false;  // silence is packets of one or two bytes, which need not be sent
  uint32_t packet_loss_percent = 0;  // expected: 0 to 100
};

class OpusEncoder {
 public:
  // Errors: kInvalidRate, kInvalidChannels, kInvalidOption.
  static Result<OpusEncoder> Create(const OpusEncoderOptions& options);

  // Of one packet: frame_us of all channels.
  size_t FrameSamples() const { return frame_samples_; }
  uint32_t FrameUs() const { return options_.frame_us; }
  // Packets that so many samples make. Error: kInvalidLength (no whole number of them).
  Result<size_t> PacketsOf(size_t samples) const;
  // Room for a packet of any content. The packet does not depend on the room.
  size_t MaxPacketBytes() const;
  // The decoded sound lies this many frames behind the input, at the encoder's rate; pre-skip is it at 48
  // kHz.
  size_t LookaheadFrames() const { return lookahead_frames_; }
  const OpusLayout& layout() const { return layout_; }

  // FrameSamples() samples, interleaved, to a packet; returns its bytes. Of floats NaN counts as 0, and what
  // is beyond +-kMaxMagnitude as that. Errors: kInvalidLength, kOutputTooSmall.
  static constexpr float kMaxMagnitude = 10;
  Result<size_t> Encode(std::span<const int16_t> samples, std::span<uint8_t> packet);
  Result<size_t> Encode(std::span<const float> samples, std::span<uint8_t> packet);
  // Any number of frames at once: n · FrameSamples() samples, room for n · MaxPacketBytes(). The packets lie
  // in bytes one behind the other, their sizes in the first n of sizes; returns all bytes. Errors as Encode.
  Result<size_t> EncodeFrames(std::span<const int16_t> samples, std::span<uint8_t> bytes,
                              std::span<uint32_t> sizes);
  Result<size_t> EncodeFrames(std::span<const float> samples, std::span<uint8_t> bytes,
                              std::span<uint32_t> sizes);
  // As new: the same samples give the same packets.
  void Reset();

  size_t StateBytes() const { return state_bytes_ + clipped_.capacity() * sizeof(float); }

 private:
  explicit OpusEncoder(const OpusEncoderOptions& options);
  int Init();
  int SetOptions();
  bool Multistream() const { return options_.channels > 2; }
  template <class... Value>
  int Control(int request, Value... value);
  template <class T>
  Result<size_t> EncodeAs(std::span<const T> samples, std::span<uint8_t> packet);
  template <class T>
  Result<size_t> EncodeFramesAs(std::span<const T> samples, std::span<uint8_t> bytes,
                                std::span<uint32_t> sizes);
  std::span<const int16_t> Harmless(std::span<const int16_t> samples) { return samples; }
  std::span<const float> Harmless(std::span<const float> samples);

  OpusEncoderOptions options_;
  OpusLayout layout_;
  size_t frame_samples_;
  size_t lookahead_frames_ = 0;
  size_t state_bytes_;
  std::unique_ptr<std::byte[]> state_;  // ::OpusEncoder or, of several streams, ::OpusMSEncoder
  std::vector<float> clipped_;          // a frame, once one had to be clipped
};

struct OpusDecoderOptions {
  uint32_t sample_rate_hz = 48'000;  // 8, 12, 16, 24 or 48 kHz, whatever the encoder's was
  OpusLayout layout;
  int16_t gain_q8 = 0;  // in dB / 256, applied to the output: OpusHead's output gain
};

class OpusDecoder {
 public:
  // Errors: kInvalidRate, kInvalidOption (the layout).
  static Result<OpusDecoder> Create(const OpusDecoderOptions& options);

  uint32_t channels() const { return options_.layout.channels; }
  uint32_t streams() const { return options_.layout.streams; }
  // 120 ms, which no packet exceeds.
  size_t MaxPacketFrames() const { return options_.sample_rate_hz / 25 * 3; }
  // Losses are counted in these: 2.5 ms.
  size_t LossUnitFrames() const { return options_.sample_rate_hz / 400; }
  // What a packet decodes to at this rate. Error: kOpusBadPacket (empty, or breaks RFC 6716 3.4).
  Result<size_t> PacketFrames(std::span<const uint8_t> packet) const;

  // The same for packets that lie in bytes one behind the other: all of them together. byte_offset of
  // kOpusBadPacket is where in bytes the bad one begins. Further error: kInvalidLength (bytes is not the sum
  // of sizes).
  Result<size_t> PacketFrames(std::span<const uint8_t> bytes, std::span<const uint32_t> sizes) const;

  // All return the frames written to output, interleaved. int16 is clipped softly; floats may go beyond 1.0.
  // Errors: kOpusBadPacket, kOutputTooSmall.
  Result<size_t> Decode(std::span<const uint8_t> packet, std::span<int16_t> output);
  Result<size_t> Decode(std::span<const uint8_t> packet, std::span<float> output);
  // Many packets, as for PacketFrames. Checked all before the first is decoded. Further error:
  // kInvalidLength.
  Result<size_t> DecodePackets(std::span<const uint8_t> bytes, std::span<const uint32_t> sizes,
                               std::span<int16_t> output);
  Result<size_t> DecodePackets(std::span<const uint8_t> bytes, std::span<const uint32_t> sizes,
                               std::span<float> output);
  // In place of `frames` lost: a multiple of LossUnitFrames() above 0, else kInvalidLength.
  Result<size_t> Conceal(size_t frames, std::span<int16_t> output);
  Result<size_t> Conceal(size_t frames, std::span<float> output);
  // The same where the packet after the loss is there: what it carries of the lost one (LBRR, RFC 6716 2.1.7)
  // is decoded, the rest concealed. Decode(packet) comes next. Errors: those of Conceal and Decode.
  Result<size_t> DecodeFec(std::span<const uint8_t> packet, size_t frames, std::span<int16_t> output);
  Result<size_t> DecodeFec(std::span<const uint8_t> packet, size_t frames, std::span<float> output);
  // As new.
  void Reset();

  size_t StateBytes() const { return state_bytes_; }

 private:
  explicit OpusDecoder(const OpusDecoderOptions& options);
  int Init();
  template <class T>
  Result<size_t> DecodeAs(std::span<const uint8_t> packet, std::span<T> output);
  template <class T>
  Result<size_t> DecodePacketsAs(std::span<const uint8_t> bytes, std::span<const uint32_t> sizes,
                                 std::span<T> output);
  template <class T>
  Result<size_t> ConcealAs(size_t frames, std::span<T> output);
  template <class T>
  Result<size_t> DecodeFecAs(std::span<const uint8_t> packet, size_t frames, std::span<T> output);
  Status CheckLoss(size_t frames, size_t room) const;
  template <class T>
  Result<size_t> Run(std::span<const uint8_t> packet, size_t frames, bool fec, T* output);

  OpusDecoderOptions options_;
  bool multistream_;
  size_t state_bytes_;
  std::unique_ptr<std::byte[]> state_;  // ::OpusDecoder or ::OpusMSDecoder
};

}  // namespace sluice
