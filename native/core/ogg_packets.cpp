#include "core/ogg_packets.h"

#include <algorithm>

namespace sluice {
namespace {

constexpr uint8_t kGoesOn = 255;  // a lacing value that does not end its packet

}  // namespace

void OggPackets::BeginStream() {
  if (open_) warnings_.Add(OggWarning::kPacketIncomplete);
  open_ = false;
  has_page_ = false;
  page_ = {};
}

bool OggPackets::IsDuplicate(const OggPage& page) const {
  return has_page_ && page.sequence == page_.sequence && page.granule == page_.granule;
}

void OggPackets::BeginPage(const OggPage& page) {
  if (IsDuplicate(page)) {
    warnings_.Add(OggWarning::kPageDuplicated);
    return SkipPage(page);
  }
  const bool lost = has_page_ && page.sequence != page_.sequence + 1;
  if (lost) warnings_.Add(OggWarning::kPageLost);
  const bool goes_on = page.continued && !page.first;
  if (open_ && (lost || !goes_on)) {
    warnings_.Add(OggWarning::kPacketIncomplete);
    open_ = false;
  }
  leaves_out_ = goes_on && !open_;
  if (leaves_out_) warnings_.Add(OggWarning::kPacketIncomplete);
  NotePage(page);
  lacing_at_ = 0;
}

void OggPackets::SkipPage(const OggPage& page) {
  NotePage(page);
  lacing_at_ = page.lacing.size();
}

void OggPackets::NotePage(const OggPage& page) {
  has_page_ = true;
  page_ = page;
  body_at_ = 0;
}

std::optional<OggPackets::Fragment> OggPackets::Next() {
  while (lacing_at_ < page_.lacing.size()) {
    Fragment fragment;
    size_t bytes = 0;
    while (lacing_at_ < page_.lacing.size() && !fragment.ends) {
      const uint8_t lacing = page_.lacing[lacing_at_++];
      bytes += lacing;
      fragment.ends = lacing != kGoesOn;
    }
    fragment.bytes = page_.body.subspan(body_at_, bytes);
    fragment.offset = page_.offset + kOggPageHeaderBytes + page_.lacing.size() + body_at_;
    fragment.begins = !open_;
    body_at_ += bytes;
    if (leaves_out_) {
      leaves_out_ = false;
      continue;
    }
    open_ = !fragment.ends;
    return fragment;
  }
  return std::nullopt;
}

bool OggPackets::EndsMore() const {
  const auto left = page_.lacing.subspan(lacing_at_);
  return std::any_of(left.rbegin(), left.rend(), [](uint8_t lacing) { return lacing != kGoesOn; });
}

}  // namespace sluice
