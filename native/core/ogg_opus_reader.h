// Ogg Opus, read incrementally: bytes in, Opus packets out, with the samples of each that count (RFC 3533,
// RFC 7845). Which stream is read, where a link begins and ends, what is an error. Not here: pages
// (ogg_page.h), packets on pages (ogg_packets.h), what counts (opus_timeline.h), the headers' fields
// (opus_head.h), decoding (opus_codec.h). Decisions where the format leaves room: docs/ogg.md.
//
// Held at any time: one page, one packet, 1 MB of tags, of all links together, 88 bytes for each link (twice
// that where their vector has just grown) and 64 for each stream that was announced, read or not.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/container.h"
#include "core/error.h"
#include "core/ogg_packets.h"
#include "core/ogg_page.h"
#include "core/opus_head.h"
#include "core/opus_timeline.h"

namespace sluice {

// At 48 kHz. The packet decodes to `samples` per channel, of which [begin, end) count. One of which none
// count may still shape those that follow: decode it.
struct OggOpusPacket {
  std::span<const uint8_t> bytes;
  uint32_t samples = 0;
  uint32_t begin = 0;  // 0 <= begin <= end <= samples
  uint32_t end = 0;
  uint32_t link = 0;      // which of links()
  uint64_t position = 0;  // counting samples of the link before it
};

// One of the streams that follow each other in a file (a chain, RFC 3533 4).
// Not its channel mapping, which would be most of it: a chain may have more links than any memory holds.
struct OggOpusLink {
  uint8_t channels = 1;
  uint16_t preskip = 0;
  uint32_t input_rate_hz = 0;
  int16_t gain_q8 = 0;
  uint32_t serial = 0;
  uint64_t samples = 0;  // at 48 kHz, counted so far; final once the next link begins
  OpusTags tags;         // no more texts once those of all links take 1 MB
};

class OggOpusReader {
 public:
  enum class Event : uint8_t {
    kNone,    // the input is used up
    kLink,    // link() is new: its headers are complete
    kPacket,  // packet() is new
  };

  // Call until kNone; the memory of the input must stay until then, also where `input` has moved on. After an
  // error every further call returns it again. Errors: kOggNotOgg, kOggNoBos, kOggUnsupportedVersion,
  // kOggUnsupportedCodec, kUnsupportedContainer, kOpusBadHead, kOpusBadTags, kOpusUnsupportedVersion,
  // kOpusUnsupportedMapping.
  Result<Event> Next(std::span<const uint8_t>& input);

  // No byte follows. Call until kNone.
  Result<Event> Finish();

  void Reset();

  const OggOpusLink& link() const { return links_.back(); }  // requires an Event::kLink
  const OpusHead& head() const { return head_; }             // of the link that the last event was of
  const OggOpusPacket& packet() const { return packet_; }    // its bytes are valid until the next call
  std::span<const OggOpusLink> links() const { return links_; }
  uint64_t samples() const;   // of all links, at 48 kHz
  uint32_t warnings() const;  // bit i is OggWarning i; final when Finish() has returned kNone
  uint64_t offset() const { return pages_.offset(); }  // bytes taken so far
  size_t StateBytes() const;

 private:
  // Where the stream that is read stands.
  enum class Phase : uint8_t {
    kNone,        // there is none, or what comes of it does not matter
    kHead,        // its OpusHead comes
    kTags,        // its OpusTags comes
    kSecondTags,  // the headers came twice: OpusTags again
    kAudio,
  };

  void TakeFirstBytes(std::span<const uint8_t> input);
  void FailAsOtherContainer();
  void Settle();
  void FailNoPage();
  void FailNoLink();
  void Fail(ErrorCode code, uint64_t offset, std::string message);

  void BeginPage(const OggPage& page);
  void BeginStream(const OggPage& page);
  bool IsSkippedTwice(const OggPage& page) const;
  void SkipSecondHead(const OggPage& page);
  void BeginLink(const OggPage& page);
  void EndLink(uint64_t offset, bool at_end);
  void NoteCodec(const OggPage& page);

  void BeginOwnPage(const OggPage& page);
  void TimePage(bool ends_audio);
  Event TakeFragments();
  Event TakeFragment(const OggPackets::Fragment& fragment);
  void TakeHead(const OggPackets::Fragment& fragment);
  Event TakeTags(const OggPackets::Fragment& fragment);
  Event TakeSecondTags(const OggPackets::Fragment& fragment);
  Event TakeAudio(const OggPackets::Fragment& fragment);
  void BeginAudio();
  std::span<const uint8_t> Assemble(const OggPackets::Fragment& fragment);

  OggPageReader pages_;
  OggPackets packets_;
  OpusTimeline timeline_;
  OggWarnings warnings_;
  std::optional<Error> error_;
  bool finished_ = false;

  std::array<char, kContainerHeadBytes> first_bytes_{};
  size_t first_bytes_size_ = 0;

  // Streams: BOS pages stand together at the beginning of a link, and the first Opus stream among them is
  // read.
  struct FirstPage {
    int64_t granule;
    uint32_t sequence;
    bool is_last;  // none of its stream followed, which is passed over
  };
  // Of all that were announced. No hash table: serial numbers that share a bucket are easily chosen.
  std::map<uint32_t, FirstPage> serials_;
  uint32_t codecs_ = 0;  // that were passed over; bit i is kCodecs[i]
  bool in_bos_group_ = false;
  bool group_has_opus_ = false;

  // The stream that is read
  Phase phase_ = Phase::kNone;
  uint32_t serial_ = 0;
  OpusHead head_;
  OpusTagsReader tags_;
  std::vector<OggOpusLink> links_;
  size_t tags_bytes_ = 0;           // of the room for tags, by those of links_
  bool has_audio_ = false;          // an audio packet began
  bool has_eos_ = false;            // an EOS page came
  std::vector<uint8_t> assembled_;  // a packet that spans pages
  bool too_long_ = false;           // or is not, since it is too long to be one
  OggOpusPacket packet_;

  // Its page at hand
  int64_t page_granule_ = 0;
  bool page_last_ = false;
  bool page_has_tags_ = false;  // OpusTags ends on it
  bool page_timed_ = false;     // timeline_ has it
};

}  // namespace sluice
