#include "core/opus_timeline.h"

#include <algorithm>

namespace sluice {

void OpusTimeline::Begin(uint16_t preskip) {
  const OggWarnings warnings = warnings_;
  *this = OpusTimeline();
  warnings_ = warnings;
  skip_left_ = preskip;
}

void OpusTimeline::BeginPage(int64_t granule, bool last) {
  if (has_page_ && granule < granule_) warnings_.Add(OggWarning::kGranuleBackwards);
  // A granule that goes back trims nothing. The difference of any two others fits 64 bits without a sign.
  const bool trims = last && granule >= granule_;
  keep_left_ = trims ? static_cast<uint64_t>(granule) - static_cast<uint64_t>(granule_) : kAll;
  checks_start_ = !has_page_ && !last;
  page_samples_ = 0;
  has_page_ = true;
  granule_ = granule;
}

OpusTimeline::Place OpusTimeline::Next(uint32_t samples) {
  has_audio_ = true;
  page_samples_ += samples;
  const auto end = static_cast<uint32_t>(std::min<uint64_t>(samples, keep_left_));
  const auto begin = static_cast<uint32_t>(std::min<uint64_t>(end, skip_left_));
  if (keep_left_ != kAll) keep_left_ -= end;
  skip_left_ -= begin;
  const Place place{begin, end, counted_};
  counted_ += end - begin;
  return place;
}

// The first granule minus the samples before it is where the link begins, which cannot be before 0 (RFC 7845
// 4.5), unless the end was trimmed on the same page.
void OpusTimeline::EndPage() {
  if (checks_start_ && granule_ < static_cast<int64_t>(page_samples_))
    warnings_.Add(OggWarning::kGranuleNegative);
  checks_start_ = false;
}

void OpusTimeline::Finish() {
  if (has_audio_ && skip_left_ > 0) warnings_.Add(OggWarning::kPreskipExceedsAudio);
}

}  // namespace sluice
