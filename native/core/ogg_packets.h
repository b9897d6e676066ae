// The packets of one Ogg stream, out of its pages in the order in which they come: which parts of a page
// belong to which packet, pages that are missing or come twice (RFC 3533 5, 6). Not here: which pages belong
// to the stream, what is in the packets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/ogg_page.h"

namespace sluice {

class OggPackets {
 public:
  // What a page holds of one packet.
  struct Fragment {
    std::span<const uint8_t> bytes;  // of the page's body
    uint64_t offset = 0;             // in the input
    bool begins = false;             // the packet begins with it; what came of one before is void
    bool ends = false;
  };

  // A packet that is not finished is dropped. Warnings stay.
  void BeginStream();

  // The page's spans must stay where they are until its fragments have been taken.
  void BeginPage(const OggPage& page);
  // The same, but for what the page holds.
  void SkipPage(const OggPage& page);

  // The next fragment on the page. A fragment of a packet that cannot become whole, since its other parts are
  // missing, is left out.
  std::optional<Fragment> Next();

  // Whether a packet ends in what is left of the page; one that is left out counts.
  bool EndsMore() const;
  // The sequence number and granule are those of the page before.
  bool IsDuplicate(const OggPage& page) const;

  OggWarnings warnings() const { return warnings_; }

 private:
  void NotePage(const OggPage& page);

  OggWarnings warnings_;
  bool has_page_ = false;
  OggPage page_;
  size_t lacing_at_ = 0;  // in page_.lacing and page_.body: what comes next
  size_t body_at_ = 0;
  bool open_ = false;        // a packet has begun and not ended
  bool leaves_out_ = false;  // the page begins with the rest of a packet that is not open
};

}  // namespace sluice
