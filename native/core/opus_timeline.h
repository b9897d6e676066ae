// Which samples of a link's packets count: pre-skip (RFC 7845 4.2) and end trim (4.4). The count is what the
// packets last; of the granules only the last page's says anything about it, and those that contradict the
// packets are reported. At 48 kHz.
#pragma once

#include <cstdint>
#include <limits>

#include "core/ogg_page.h"

namespace sluice {

class OpusTimeline {
 public:
  struct Place {
    uint32_t begin, end;  // of the packet's samples these count: 0 <= begin <= end <= samples
    uint64_t position;    // so many counted before
  };

  // Another link. Warnings stay.
  void Begin(uint16_t preskip);

  // A page on which an audio packet ends.
  void BeginPage(int64_t granule, bool last);
  // The next of the packets that end on the page.
  Place Next(uint32_t samples);
  void EndPage();

  // No page follows in this link.
  void Finish();

  uint64_t counted() const { return counted_; }
  OggWarnings warnings() const { return warnings_; }

 private:
  static constexpr uint64_t kAll = std::numeric_limits<uint64_t>::max();

  OggWarnings warnings_;
  uint64_t skip_left_ = 0;
  uint64_t counted_ = 0;
  bool has_audio_ = false;

  bool has_page_ = false;
  int64_t granule_ = 0;  // of the last page; 0: none yet
  // The page at hand
  bool checks_start_ = false;  // it is the first, and not the last
  uint64_t keep_left_ = kAll;
  uint64_t page_samples_ = 0;
};

}  // namespace sluice
