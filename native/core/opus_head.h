// The two header packets of Ogg Opus, read and written: OpusHead (RFC 7845 5.1) and OpusTags (5.2).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace sluice {

inline constexpr std::string_view kOpusHeadMagic = "OpusHead";
inline constexpr std::string_view kOpusTagsMagic = "OpusTags";
inline constexpr size_t kMaxOpusHeadBytes = 21 + 255;

struct OpusHead {
  uint8_t channels = 1;
  uint16_t preskip = 0;        // samples at 48 kHz to drop from the start
  uint32_t input_rate_hz = 0;  // of what was encoded, for information alone; 0: not told
  int16_t gain_q8 = 0;         // dB times 256, to apply to what is decoded
  uint8_t family = 0;          // of the channel mapping: 0 mono or stereo, 1 Vorbis order, 255 discrete
  uint8_t streams = 1;         // Opus streams in each packet, of which the first `coupled` are stereo
  uint8_t coupled = 0;
  // Per channel: the decoded channel that it is, those of coupled streams first, or 255 for silence.
  std::array<uint8_t, 255> mapping{};

  bool operator==(const OpusHead&) const = default;
};

// `offset`: of the packet in the file, for messages. Errors: kOpusBadHead, kOpusUnsupportedVersion,
// kOpusUnsupportedMapping.
Result<OpusHead> ParseOpusHead(std::span<const uint8_t> packet, uint64_t offset);

// Mapping family 1 (RFC 7845 5.1.1.2): which channel of Vorbis order stands at each place of the order of WAV
// files. For 1 to 8 channels.
std::span<const uint8_t> VorbisChannelsInWavOrder(size_t channels);

// Writes the packet to `out`, which has room for kMaxOpusHeadBytes. Returns its bytes.
size_t WriteOpusHead(const OpusHead& head, std::span<uint8_t> out);

struct OpusTags {
  std::string vendor;
  std::vector<std::string> comments;  // as stored: NAME=value, UTF-8 if all is well
  uint64_t comment_count = 0;         // those that were too long to be held as well
};

// OpusTags from the pieces of its packet. A comment above kMaxCommentBytes (album art), or that there is no
// room for, is counted but not held; such a vendor is left empty.
class OpusTagsReader {
 public:
  static constexpr size_t kMaxCommentBytes = 65536;
  static constexpr size_t kMaxTagsBytes = 1 << 20;
  // What a text takes of the room beside its bytes: an empty comment is 4 bytes in the file, but a string in
  // a vector that may have grown to twice what it holds. Of a longer text the allocator's share, too.
  static constexpr size_t kTextBytes = 2 * sizeof(std::string);

  void Reset(size_t room_bytes = kMaxTagsBytes);               // another packet
  void Feed(std::span<const uint8_t> bytes, uint64_t offset);  // offset: of `bytes` in the file
  // The packet is over: hands out what it held. Error: kOpusBadTags.
  Result<OpusTags> Finish();
  size_t held_bytes() const { return held_bytes_; }  // of the room, by this packet's tags

 private:
  enum class Field : uint8_t { kMagic, kVendorBytes, kVendor, kCount, kCommentBytes, kComment, kPadding };
  void Enter(Field field, uint64_t bytes, uint64_t offset);
  void EndField(uint64_t offset);
  void NextComment(uint64_t offset);
  uint32_t Value() const;  // of a length that text_ holds

  Field field_ = Field::kMagic;
  uint64_t field_left_ = kOpusTagsMagic.size();  // bytes
  uint64_t length_offset_ = 0;                   // in the file, of the field or of the length before it
  bool holds_ = true;                            // the field's bytes go to text_
  std::string text_;
  uint32_t comments_left_ = 0;
  size_t room_bytes_ = kMaxTagsBytes;
  size_t held_bytes_ = 0;
  bool wrong_magic_ = false;
  OpusTags tags_;
};

// The packet. Lengths have 32 bits: no text may be longer.
std::vector<uint8_t> WriteOpusTags(std::string_view vendor, std::span<const std::string> comments);

}  // namespace sluice
