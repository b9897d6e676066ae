// Ogg pages: their checksum, one page written, and the pages of a stream found among whatever else is there
// (RFC 3533 6). Not here: packets, which may span pages (ogg_packets.h), and which stream a page belongs to
// (ogg_opus_reader.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace sluice {

inline constexpr size_t kOggPageHeaderBytes = 27;  // before the lacing values
inline constexpr size_t kMaxOggPageBytes = kOggPageHeaderBytes + 255 + 255 * 255;

// What a reader of Ogg Opus has to say beside the audio: enumerator, public name. Reported each once, in any
// order. Exactly when: docs/ogg.md.
#define SLUICE_OGG_WARNINGS(X)                      \
  X(kTruncated, "truncated")                        \
  X(kNoAudio, "no-audio")                           \
  X(kJunkBeforeFirstPage, "junk-before-first-page") \
  X(kJunkBetweenPages, "junk-between-pages")        \
  X(kJunkAfterLastPage, "junk-after-last-page")     \
  X(kCrcBad, "crc-bad")                             \
  X(kPageLost, "page-lost")                         \
  X(kPageDuplicated, "page-duplicated")             \
  X(kStrayPage, "stray-page")                       \
  X(kStreamSkipped, "stream-skipped")               \
  X(kSerialReused, "serial-reused")                 \
  X(kDuplicateHeaders, "duplicate-headers")         \
  X(kHeaderPageShared, "header-page-shared")        \
  X(kPacketBad, "packet-bad")                       \
  X(kPacketIncomplete, "packet-incomplete")         \
  X(kGranuleNegative, "granule-negative")           \
  X(kGranuleBackwards, "granule-backwards")         \
  X(kPreskipExceedsAudio, "preskip-exceeds-audio")  \
  X(kEosMissing, "eos-missing")

enum class OggWarning : uint8_t {
#define X(name, text) name,
  SLUICE_OGG_WARNINGS(X)
#undef X
};
const char* OggWarningName(OggWarning warning);

// Bit i is OggWarning i.
class OggWarnings {
 public:
  void Add(OggWarning warning) { bits_ |= 1u << static_cast<unsigned>(warning); }
  void Add(OggWarnings others) { bits_ |= others.bits_; }
  bool Has(OggWarning warning) const { return (bits_ >> static_cast<unsigned>(warning) & 1) != 0; }
  uint32_t bits() const { return bits_; }

 private:
  uint32_t bits_ = 0;
};

// Of the bytes before `bytes` it is `crc`, of none 0. Polynomial 0x04C11DB7, most significant bit first.
uint32_t OggCrc(uint32_t crc, std::span<const uint8_t> bytes);

struct OggPage {
  uint64_t offset = 0;     // of the page in the input
  bool continued = false;  // it begins amid a packet
  bool first = false;      // of its stream (BOS)
  bool last = false;       // of its stream (EOS)
  int64_t granule = -1;    // of the last packet that ends on it; -1: none does
  uint32_t serial = 0;
  uint32_t sequence = 0;
  std::span<const uint8_t> lacing;  // at most 255 values, which add up to the size of the body
  std::span<const uint8_t> body;
  std::span<const uint8_t> bytes = {};  // the whole page, where it was read
};

// Writes the page, its checksum included, to `out`, which has room for it. Returns its bytes.
size_t WriteOggPage(const OggPage& page, std::span<uint8_t> out);

// Finds the pages that are sound: version 0, whole, with the right checksum. What is none is searched from
// its second byte on, so that a false "OggS" hides no page and a damaged length is not believed. The price is
// that of each "OggS" up to kMaxOggPageBytes are summed: in the worst file found, with one every 7 bytes,
// 4600 for each byte of it, at the checksum's 13 GB/s: 2.5 MB/s.
class OggPageReader {
 public:
  OggPageReader() : held_(kMaxOggPageBytes) {}

  // The next page, taken from the front of `input` with all that lies before it; or nullopt, and all of
  // `input` is taken. A page that lies whole in the input is not copied: its spans are parts of the input.
  // Others are parts of the reader's own memory, valid until the next call.
  std::optional<OggPage> Next(std::span<const uint8_t>& input);

  // No byte follows. Call until nullopt: pages may come to light behind a header that promised more bytes
  // than there were.
  std::optional<OggPage> Finish();

  void Reset();

  // What lay outside sound pages; final when Finish() has returned nullopt.
  OggWarnings warnings() const { return warnings_; }
  uint64_t offset() const { return offset_; }      // bytes taken so far
  bool found_page() const { return found_page_; }  // a sound one
  size_t StateBytes() const { return sizeof *this + held_.capacity(); }
  // The version, other than 0, of the page that the input begins with.
  std::optional<uint8_t> foreign_version() const { return foreign_version_; }

 private:
  struct Found {
    size_t begin;  // no page that is sound begins before
    size_t bytes;  // of the page at `begin`; 0: what stands there, if anything, is not whole yet
  };
  Found Search(std::span<const uint8_t> bytes, uint64_t offset, bool at_end);
  OggPage TakePage(std::span<const uint8_t> bytes, uint64_t offset);
  std::optional<OggPage> NextHeld(std::span<const uint8_t>& input);
  std::optional<OggPage> SearchHeld(bool at_end);
  void Hold(std::span<const uint8_t> bytes);
  void CloseGap(uint64_t end, bool at_end);
  std::span<const uint8_t> held() const { return std::span(held_).subspan(held_begin_, held_bytes_); }

  uint64_t offset_ = 0;
  bool found_page_ = false;
  OggWarnings warnings_;
  std::optional<uint8_t> foreign_version_;

  // What may begin a page, until it is whole.
  std::vector<uint8_t> held_;
  size_t held_begin_ = 0;
  size_t held_bytes_ = 0;

  // The bytes since the last sound page, and the size of the page that they claim to begin with: more than
  // there are when the input ended inside it; 0: they claim none.
  uint64_t gap_begin_ = 0;
  uint64_t gap_claims_ = 0;
};

}  // namespace sluice
