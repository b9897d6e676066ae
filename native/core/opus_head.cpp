#include "core/opus_head.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "core/bytes.h"

namespace sluice {
namespace {

// 0 "OpusHead" | 8 version u8 | 9 channels u8 | 10 pre-skip u16 | 12 input rate u32 | 16 gain i16 |
// 18 family u8 | and but for family 0: 19 streams u8 | 20 coupled u8 | 21 mapping, a byte per channel
constexpr size_t kVersionAt = 8;
constexpr size_t kFamilyAt = 18;
constexpr size_t kTableAt = 19;
constexpr size_t kMappingAt = 21;
constexpr uint8_t kSilence = 255;

constexpr const char* kTranscode = "; convert it with `ffmpeg -i INPUT -c:a libopus OUTPUT.opus`";

Error BadHead(uint64_t offset, const std::string& what) {
  return Error{ErrorCode::kOpusBadHead, offset,
               "OpusHead " + what + " (RFC 7845 5.1); export the file again"};
}

bool BeginsWith(std::span<const uint8_t> bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::equal(magic.begin(), magic.end(), bytes.begin());
}

Status CheckChannels(const OpusHead& head, uint64_t offset) {
  if (head.channels == 0) return BadHead(offset + 9, "has 0 channels");
  if (head.family != 0 && head.family != 1 && head.family != 255)
    return Error{
        ErrorCode::kOpusUnsupportedMapping, offset + kFamilyAt,
        "channel mapping family " + std::to_string(head.family) +
            " is not read, only 0, 1 and 255 are (RFC 7845 5.1.1; 2 and 3 are ambisonics, RFC 8486)" +
            kTranscode};
  const unsigned most = head.family == 0 ? 2 : head.family == 1 ? 8 : 255;
  if (head.channels > most)
    return BadHead(offset + 9, "has " + std::to_string(head.channels) + " channels where mapping family " +
                                   std::to_string(head.family) + " has at most " + std::to_string(most));
  return Ok{};
}

// RFC 7845 5.1.1
Status ReadMapping(std::span<const uint8_t> packet, uint64_t offset, OpusHead& head) {
  if (head.family == 0) {
    head.streams = 1;
    head.coupled = static_cast<uint8_t>(head.channels - 1);
    head.mapping[1] = 1;
    return Ok{};
  }
  if (packet.size() < kMappingAt + head.channels)
    return BadHead(offset, "of " + std::to_string(packet.size()) + " bytes has no room for the mapping of " +
                               std::to_string(head.channels) + " channels");
  head.streams = packet[kTableAt];
  head.coupled = packet[kTableAt + 1];
  const unsigned decoded = head.streams + head.coupled;
  if (head.streams == 0 || head.coupled > head.streams || decoded > 255)
    return BadHead(offset + kTableAt, "has " + std::to_string(head.streams) + " streams, " +
                                          std::to_string(head.coupled) + " of them coupled");
  for (size_t i = 0; i < head.channels; ++i) {
    head.mapping[i] = packet[kMappingAt + i];
    if (head.mapping[i] >= decoded && head.mapping[i] != kSilence)
      return BadHead(offset + kMappingAt + i, "maps channel " + std::to_string(i) + " to " +
                                                  std::to_string(head.mapping[i]) + " of " +
                                                  std::to_string(decoded) + " decoded channels");
  }
  return Ok{};
}

}  // namespace

Result<OpusHead> ParseOpusHead(std::span<const uint8_t> packet, uint64_t offset) {
  if (!BeginsWith(packet, kOpusHeadMagic)) return BadHead(offset, "does not begin with its name");
  if (packet.size() > kVersionAt && packet[kVersionAt] >= 16)
    return Error{ErrorCode::kOpusUnsupportedVersion, offset + kVersionAt,
                 "OpusHead version " + std::to_string(packet[kVersionAt]) +
                     " is not read, only 0 to 15 are (RFC 7845 5.1)" + kTranscode};
  if (packet.size() < kTableAt)
    return BadHead(offset, "has " + std::to_string(packet.size()) + " bytes, fewer than 19");
  OpusHead head;
  head.channels = packet[9];
  head.preskip = ReadLe<uint16_t>(packet, 10);
  head.input_rate_hz = ReadLe<uint32_t>(packet, 12);
  head.gain_q8 = static_cast<int16_t>(ReadLe<uint16_t>(packet, 16));
  head.family = packet[kFamilyAt];
  if (const Status status = CheckChannels(head, offset); !status.ok()) return status.error();
  if (const Status status = ReadMapping(packet, offset, head); !status.ok()) return status.error();
  return head;
}

std::span<const uint8_t> VorbisChannelsInWavOrder(size_t channels) {
  static constexpr std::array<std::array<uint8_t, 8>, 8> kOrders = {{
      {0},
      {0, 1},
      {0, 2, 1},
      {0, 1, 2, 3},
      {0, 2, 1, 3, 4},
      {0, 2, 1, 5, 3, 4},
      {0, 2, 1, 6, 5, 3, 4},
      {0, 2, 1, 7, 5, 6, 3, 4},
  }};
  assert(channels >= 1 && channels <= kOrders.size());
  return std::span(kOrders[channels - 1]).first(channels);
}

size_t WriteOpusHead(const OpusHead& head, std::span<uint8_t> out) {
  ByteWriter writer(out);
  writer.Text("OpusHead");
  writer.Byte(1);  // version
  writer.Byte(head.channels);
  writer.Le(head.preskip);
  writer.Le(head.input_rate_hz);
  writer.Le(static_cast<uint16_t>(head.gain_q8));
  writer.Byte(head.family);
  if (head.family != 0) {
    writer.Byte(head.streams);
    writer.Byte(head.coupled);
    for (size_t i = 0; i < head.channels; ++i) writer.Byte(head.mapping[i]);
  }
  assert(!writer.Overflowed());
  return writer.size();
}

// "OpusTags" | vendor bytes u32, vendor | comments u32 | per comment: bytes u32, text | padding

void OpusTagsReader::Reset(size_t room_bytes) {
  *this = OpusTagsReader();
  room_bytes_ = room_bytes;
}

void OpusTagsReader::Feed(std::span<const uint8_t> bytes, uint64_t offset) {
  if (field_ == Field::kMagic && text_.empty()) length_offset_ = offset;
  while (!bytes.empty() && field_ != Field::kPadding) {
    const auto part = bytes.first(static_cast<size_t>(std::min<uint64_t>(bytes.size(), field_left_)));
    if (holds_) text_.append(part.begin(), part.end());
    bytes = bytes.subspan(part.size());
    offset += part.size();
    field_left_ -= part.size();
    while (field_left_ == 0 && field_ != Field::kPadding) EndField(offset);
  }
}

void OpusTagsReader::Enter(Field field, uint64_t bytes, uint64_t offset) {
  field_ = field;
  field_left_ = bytes;
  const bool text = field == Field::kVendor || field == Field::kComment;
  if (!text && field != Field::kPadding) length_offset_ = offset;
  holds_ = !text || (bytes <= kMaxCommentBytes && held_bytes_ + bytes + kTextBytes <= room_bytes_);
  text_.clear();
}

uint32_t OpusTagsReader::Value() const {
  uint32_t value = 0;
  for (size_t i = 0; i < sizeof(value); ++i) value |= uint32_t{static_cast<uint8_t>(text_[i])} << (8 * i);
  return value;
}

void OpusTagsReader::EndField(uint64_t offset) {
  switch (field_) {
    case Field::kMagic:
      wrong_magic_ = text_ != kOpusTagsMagic;
      if (wrong_magic_) return Enter(Field::kPadding, 0, offset);
      return Enter(Field::kVendorBytes, 4, offset);
    case Field::kVendorBytes:
      return Enter(Field::kVendor, Value(), offset);
    case Field::kVendor:
      if (!text_.empty()) held_bytes_ += text_.size() + kTextBytes;
      tags_.vendor = text_;
      return Enter(Field::kCount, 4, offset);
    case Field::kCount:
      comments_left_ = Value();
      tags_.comment_count = comments_left_;
      return NextComment(offset);
    case Field::kCommentBytes:
      return Enter(Field::kComment, Value(), offset);
    case Field::kComment:
      if (holds_) {
        held_bytes_ += text_.size() + kTextBytes;
        tags_.comments.push_back(text_);
      }
      return NextComment(offset);
    case Field::kPadding:
      return;
  }
}

void OpusTagsReader::NextComment(uint64_t offset) {
  if (comments_left_ == 0) return Enter(Field::kPadding, 0, offset);
  --comments_left_;
  Enter(Field::kCommentBytes, 4, offset);
}

Result<OpusTags> OpusTagsReader::Finish() {
  constexpr const char* kWayOut = " (RFC 7845 5.2); rewrite its tags, or export the file again";
  if (field_ == Field::kPadding && !wrong_magic_) {
    tags_.comments.shrink_to_fit();
    return std::move(tags_);
  }
  if (field_ == Field::kMagic || wrong_magic_)
    return Error{ErrorCode::kOpusBadTags, length_offset_,
                 "the packet after OpusHead is not OpusTags" + std::string(kWayOut)};
  const bool text = field_ == Field::kVendor || field_ == Field::kComment;
  return Error{ErrorCode::kOpusBadTags, length_offset_,
               "OpusTags ends " + std::to_string(field_left_) + " bytes short of " +
                   (text ? "what the length at byte " : "a length at byte ") +
                   std::to_string(length_offset_) + (text ? " says" : "") + kWayOut};
}

std::vector<uint8_t> WriteOpusTags(std::string_view vendor, std::span<const std::string> comments) {
  std::vector<uint8_t> packet(kOpusTagsMagic.begin(), kOpusTagsMagic.end());
  const auto number = [&](size_t value) {
    for (unsigned shift = 0; shift < 32; shift += 8) packet.push_back(static_cast<uint8_t>(value >> shift));
  };
  const auto text = [&](std::string_view value) {
    number(value.size());
    packet.insert(packet.end(), value.begin(), value.end());
  };
  text(vendor);
  number(comments.size());
  for (const std::string& comment : comments) text(comment);
  return packet;
}

}  // namespace sluice
