#include "core/ogg_opus_writer.h"

#include <algorithm>
#include <limits>
#include <string_view>

#include "core/ogg_page.h"
#include "core/opus_packet.h"

namespace sluice {
namespace {

constexpr size_t kMaxSegments = 255;                  // of a page (RFC 3533 6)
constexpr size_t kMaxBodyBytes = kMaxSegments * 255;  // 65 025
constexpr size_t kMaxTagsBytes = 125'829'120;         // 120 MiB (RFC 7845 6)
constexpr int64_t kNoGranule = -1;                    // no packet ends on the page (RFC 3533 6)
constexpr uint64_t kSamplesPerMs = 48;

constexpr auto kFullLacing = [] {
  std::array<uint8_t, kMaxSegments> lacing{};
  lacing.fill(255);
  return lacing;
}();

// Lacing values of a packet: as many of 255 as it has, and one below.
constexpr size_t Segments(size_t packet_bytes) { return packet_bytes / 255 + 1; }

// Bytes of a packet that has its pages to itself.
constexpr size_t PagedBytes(size_t packet_bytes) {
  return (packet_bytes / kMaxBodyBytes + 1) * kOggPageHeaderBytes + Segments(packet_bytes) + packet_bytes;
}

// Whether a reader would take it.
Status CheckHead(const OpusHead& head) {
  std::array<uint8_t, kMaxOpusHeadBytes> packet;
  const size_t bytes = WriteOpusHead(head, packet);
  const auto read = ParseOpusHead(std::span(packet).first(bytes), 0);
  if (read.ok()) return Ok{};
  return Error{ErrorCode::kInvalidOption, 0, "no reader would take this head: " + read.error().message};
}

// NAME=value, the name of 0x20 to 0x7D but '=' (RFC 7845 5.2, Vorbis I 5.2.2).
bool IsComment(std::string_view comment) {
  const auto name = comment.substr(0, comment.find('='));
  return !name.empty() && name.size() < comment.size() &&
         std::ranges::all_of(name, [](char c) { return c >= 0x20 && c <= 0x7D; });
}

Status CheckTags(const OggOpusWriterOptions& options) {
  size_t bytes = 16 + options.vendor.size();  // "OpusTags", two lengths
  for (const std::string& comment : options.comments) {
    if (!IsComment(comment)) {
      return Error{ErrorCode::kInvalidOption, 0,
                   "a comment is NAME=value, with a name of printable ASCII (RFC 7845 5.2), got '" +
                       comment.substr(0, 40) + "'"};
    }
    bytes += 4 + comment.size();
  }
  if (bytes <= kMaxTagsBytes) return Ok{};
  return Error{
      ErrorCode::kTooLarge, 0,
      "readers may refuse OpusTags above 120 MiB (RFC 7845 6), got " + std::to_string(bytes) + " bytes"};
}

Status CheckPage(uint32_t page_us) {
  if (page_us <= kMaxOggPageUs) return Ok{};
  return Error{ErrorCode::kInvalidOption, 0,
               "a page may hold 4 s of sound at most, got " + std::to_string(page_us) + " us"};
}

// A packet of 120 ms whose frames are empty, which a decoder conceals (RFC 7845 4.1): for each stream TOC
// (CELT, 20 ms, code 3) and frame count, for all but the last the frames' length as well (RFC 6716 3.2.5, B).
constexpr uint32_t kFillerSamples = 5760;
std::vector<uint8_t> FillerPacket(size_t streams) {
  std::vector<uint8_t> packet;
  for (size_t i = 0; i < streams; ++i) packet.insert(packet.end(), {0xFB, 6, 0});
  packet.pop_back();
  return packet;
}

}  // namespace

// The caller's memory, filled from the front; CheckRoom has seen that it suffices.
class OggOpusWriter::Output {
 public:
  explicit Output(std::span<uint8_t> room) : room_(room) {}
  void Page(const OggPage& page) { size_ += WriteOggPage(page, room_.subspan(size_)); }
  size_t size() const { return size_; }

 private:
  std::span<uint8_t> room_;
  size_t size_ = 0;
};

Result<OpusHead> OpusHeadFor(unsigned channels) {
  struct Layout {
    uint8_t streams, coupled;
    std::array<uint8_t, 8> mapping;
  };
  static constexpr std::array<Layout, 8> kLayouts = {{
      {1, 0, {0}},
      {1, 1, {0, 1}},
      {2, 1, {0, 2, 1}},
      {2, 2, {0, 1, 2, 3}},
      {3, 2, {0, 4, 1, 2, 3}},
      {4, 2, {0, 4, 1, 2, 3, 5}},
      {4, 3, {0, 4, 1, 2, 3, 5, 6}},
      {5, 3, {0, 6, 1, 2, 3, 4, 5, 7}},
  }};
  if (channels == 0 || channels > kLayouts.size()) {
    return Error{
        ErrorCode::kInvalidChannels, 0,
        "Ogg Opus has 1 to 8 channels with a place each (RFC 7845 5.1.1), got " + std::to_string(channels)};
  }
  const Layout& layout = kLayouts[channels - 1];
  OpusHead head{.channels = static_cast<uint8_t>(channels),
                .family = channels <= 2 ? uint8_t{0} : uint8_t{1},
                .streams = layout.streams,
                .coupled = layout.coupled};
  std::ranges::copy(layout.mapping, head.mapping.begin());
  return head;
}

Result<OggOpusWriter> OggOpusWriter::Create(const OggOpusWriterOptions& options) {
  if (const Status status = CheckHead(options.head); !status.ok()) return status.error();
  if (const Status status = CheckPage(options.page_us); !status.ok()) return status.error();
  if (const Status status = CheckTags(options); !status.ok()) return status.error();
  return OggOpusWriter(options);
}

OggOpusWriter::OggOpusWriter(const OggOpusWriterOptions& options)
    : streams_(options.head.family == 0 ? uint8_t{1} : options.head.streams),
      head_packet_(kMaxOpusHeadBytes),
      tags_packet_(WriteOpusTags(options.vendor, options.comments)),
      filler_packet_(FillerPacket(streams_)),
      preskip_(options.head.preskip),
      page_samples_(options.page_us * kSamplesPerMs / 1000),
      first_serial_(options.serial),
      serial_(options.serial),
      body_(kMaxBodyBytes) {
  head_packet_.resize(WriteOpusHead(options.head, head_packet_));
}

size_t OggOpusWriter::MaxOutputBytes(size_t packet_bytes) const {
  const size_t headers = PagedBytes(head_packet_.size()) + PagedBytes(tags_packet_.size());
  const size_t fillers = (preskip_ / kFillerSamples + 1) * PagedBytes(filler_packet_.size());
  return headers + (1 + packet_bytes / kMaxBodyBytes) * kMaxOggPageBytes + fillers;
}

// Before the last call the headers and a page held before the first may have come out, and what the packets
// take when each begins a page.
size_t OggOpusWriter::MaxOutputBytes(size_t packet_bytes, size_t packets) const {
  const size_t fixed = 2 * MaxOutputBytes(packet_bytes);
  const size_t each = PagedBytes(packet_bytes);
  constexpr size_t kMost = std::numeric_limits<size_t>::max();
  return packets > (kMost - fixed) / each ? kMost : fixed + packets * each;
}

Result<size_t> OggOpusWriter::WritePacket(std::span<const uint8_t> packet, std::span<uint8_t> output) {
  const uint32_t samples = OpusPacketSamples(packet, streams_);
  if (samples == 0) {
    return Error{ErrorCode::kOpusBadPacket, 0,
                 "a packet of " + std::to_string(packet.size()) + " bytes is no Opus packet of " +
                     std::to_string(streams_) + (streams_ == 1 ? " stream" : " streams") +
                     " (RFC 6716 3.4); pass what an Opus encoder made, one packet a call"};
  }
  if (const Status status = CheckRoom(packet.size(), output.size()); !status.ok()) return status.error();
  Output pages(output);
  if (state_ != State::kInLink) BeginLink(pages);
  Append(packet, samples, pages);
  return pages.size();
}

Result<size_t> OggOpusWriter::Finish(std::optional<uint64_t> total_samples, std::span<uint8_t> output) {
  if (state_ == State::kFinished) return size_t{0};
  const auto granule = EndGranule(total_samples);
  if (!granule.ok()) return granule.error();
  if (const Status status = CheckRoom(0, output.size()); !status.ok()) return status.error();
  Output pages(output);
  if (state_ == State::kNew) BeginLink(pages);
  while (samples_ == 0 || samples_ < preskip_) Append(filler_packet_, kFillerSamples, pages);
  EndPage(granule.value(), true, pages);
  state_ = State::kFinished;
  ++serial_;
  return pages.size();
}

void OggOpusWriter::Reset() {
  state_ = State::kNew;
  serial_ = first_serial_;
  segments_ = 0;
  body_bytes_ = 0;
  continued_ = false;
  samples_ = 0;
}

Status OggOpusWriter::CheckRoom(size_t packet_bytes, size_t room) const {
  const size_t wanted = MaxOutputBytes(packet_bytes);
  if (room >= wanted) return Ok{};
  return Error{ErrorCode::kOutputTooSmall, 0,
               "the output needs room for " + std::to_string(wanted) + " bytes, got " + std::to_string(room)};
}

Result<int64_t> OggOpusWriter::EndGranule(std::optional<uint64_t> total_samples) const {
  const auto refuse = [](const std::string& what) { return Error{ErrorCode::kInvalidLength, 0, what}; };
  const uint64_t there = samples_ > preskip_ ? samples_ - preskip_ : 0;
  const uint64_t total = total_samples.value_or(there);
  if (total > there) {
    return refuse("the packets hold " + std::to_string(there) + " samples after the pre-skip, not " +
                  std::to_string(total) + "; write all packets before the end");
  }
  if (there > 0 && there - total >= last_packet_samples_) {
    return refuse("the end at " + std::to_string(total) + " of " + std::to_string(there) +
                  " samples lies before the last packet, of " + std::to_string(last_packet_samples_) +
                  ", and less than one can be trimmed (RFC 7845 4.4); leave out the packets behind the end");
  }
  return static_cast<int64_t>(preskip_ + total);
}

void OggOpusWriter::BeginLink(Output& output) {
  state_ = State::kInLink;
  samples_ = 0;
  written_samples_ = 0;
  sequence_ = 0;
  for (const auto& packet :
       {std::span<const uint8_t>(head_packet_), std::span<const uint8_t>(tags_packet_)}) {
    Place(packet, output);
    EndPage(0, false, output);
  }
}

void OggOpusWriter::Append(std::span<const uint8_t> packet, uint32_t samples, Output& output) {
  if (segments_ > 0 && !HasPlaceFor(packet.size(), samples)) {
    EndPage(static_cast<int64_t>(samples_), false, output);
    written_samples_ = samples_;
  }
  Place(packet, output);
  samples_ += samples;
  last_packet_samples_ = samples;
}

bool OggOpusWriter::HasPlaceFor(size_t packet_bytes, uint32_t samples) const {
  return segments_ + Segments(packet_bytes) <= kMaxSegments &&
         samples_ - written_samples_ + samples <= page_samples_;
}

// Puts a packet on the page held, which is empty or has place for it. One longer than a page is written page
// by page, and its end held: up to a last page of nothing but a lacing value of 0.
void OggOpusWriter::Place(std::span<const uint8_t> packet, Output& output) {
  for (; Segments(packet.size()) > kMaxSegments; packet = packet.subspan(kMaxBodyBytes)) {
    output.Page({.continued = continued_,
                 .granule = kNoGranule,
                 .serial = serial_,
                 .sequence = static_cast<uint32_t>(sequence_++),
                 .lacing = kFullLacing,
                 .body = packet.first(kMaxBodyBytes)});
    continued_ = true;
  }
  std::ranges::copy(packet, body_.begin() + static_cast<ptrdiff_t>(body_bytes_));
  body_bytes_ += packet.size();
  const size_t segments = Segments(packet.size());
  std::fill_n(lacing_.begin() + segments_, segments - 1, uint8_t{255});
  segments_ += segments;
  lacing_[segments_ - 1] = static_cast<uint8_t>(packet.size() % 255);
}

// Writes the page held, and holds an empty one.
void OggOpusWriter::EndPage(int64_t granule, bool last, Output& output) {
  output.Page({.continued = continued_,
               .first = sequence_ == 0,
               .last = last,
               .granule = granule,
               .serial = serial_,
               .sequence = static_cast<uint32_t>(sequence_++),
               .lacing = std::span(lacing_).first(segments_),
               .body = std::span(body_).first(body_bytes_)});
  segments_ = 0;
  body_bytes_ = 0;
  continued_ = false;
}

}  // namespace sluice
