#include "core/ogg_page.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <numeric>

#include "core/bytes.h"
#include "core/simd/kernels.h"

namespace sluice {
namespace {

// 0 "OggS" | 4 version u8 | 5 flags u8 | 6 granule i64 | 14 serial u32 | 18 sequence u32 | 22 crc u32 |
// 26 segments u8 | 27 lacing values | body
constexpr std::array<uint8_t, 4> kCapture = {'O', 'g', 'g', 'S'};
constexpr size_t kVersionAt = 4;
constexpr size_t kFlagsAt = 5;
constexpr size_t kGranuleAt = 6;
constexpr size_t kSerialAt = 14;
constexpr size_t kSequenceAt = 18;
constexpr size_t kCrcAt = 22;
constexpr size_t kSegmentsAt = 26;

constexpr uint8_t kContinued = 1;
constexpr uint8_t kFirst = 2;
constexpr uint8_t kLast = 4;

bool BeginsLikeCapture(std::span<const uint8_t> bytes) {
  return std::equal(bytes.begin(), bytes.begin() + std::min<ptrdiff_t>(std::ssize(bytes), 4),
                    kCapture.begin());
}

// The next place at or after `at` where "OggS" stands, or as much of it as there are bytes; else the end.
size_t FindCapture(std::span<const uint8_t> bytes, size_t at) {
  while (at < bytes.size()) {
    const void* found = std::memchr(&bytes[at], kCapture[0], bytes.size() - at);
    if (found == nullptr) return bytes.size();
    at = static_cast<size_t>(static_cast<const uint8_t*>(found) - bytes.data());
    if (BeginsLikeCapture(bytes.subspan(at))) return at;
    ++at;
  }
  return at;
}

// The size of the page whose capture `bytes` begin with, or as much of it as can be told: at least one byte
// more than there are.
size_t ClaimedBytes(std::span<const uint8_t> bytes) {
  if (bytes.size() < kOggPageHeaderBytes) return kOggPageHeaderBytes;
  const size_t header = kOggPageHeaderBytes + bytes[kSegmentsAt];
  if (bytes.size() < header) return header;
  const auto lacing = bytes.subspan(kOggPageHeaderBytes, bytes[kSegmentsAt]);
  return std::accumulate(lacing.begin(), lacing.end(), header);
}

bool IsSound(std::span<const uint8_t> page) {
  if (page[kVersionAt] != 0) return false;
  constexpr std::array<uint8_t, 4> kNoCrc{};  // the checksum's own place counts as zeros
  const uint32_t header = OggCrc(OggCrc(0, page.first(kCrcAt)), kNoCrc);
  return OggCrc(header, page.subspan(kSegmentsAt)) == ReadLe<uint32_t>(page, kCrcAt);
}

}  // namespace

const char* OggWarningName(OggWarning warning) {
  constexpr std::array kNames = {
#define X(name, text) text,
      SLUICE_OGG_WARNINGS(X)
#undef X
  };
  return kNames[static_cast<size_t>(warning)];
}

uint32_t OggCrc(uint32_t crc, std::span<const uint8_t> bytes) {
  return ActiveKernels().crc.ogg(crc, bytes.data(), bytes.size());
}

size_t WriteOggPage(const OggPage& page, std::span<uint8_t> out) {
  assert(page.lacing.size() <= 255);
  assert(std::accumulate(page.lacing.begin(), page.lacing.end(), size_t{0}) == page.body.size());
  ByteWriter writer(out);
  writer.Text("OggS");
  writer.Byte(0);  // version
  writer.Byte(static_cast<uint8_t>((page.continued ? kContinued : 0) | (page.first ? kFirst : 0) |
                                   (page.last ? kLast : 0)));
  writer.Le(static_cast<uint64_t>(page.granule));
  writer.Le(page.serial);
  writer.Le(page.sequence);
  writer.Le(uint32_t{0});
  writer.Byte(static_cast<uint8_t>(page.lacing.size()));
  const auto lacing = out.begin() + kOggPageHeaderBytes;
  const auto body = std::copy(page.lacing.begin(), page.lacing.end(), lacing);
  const auto end = std::copy(page.body.begin(), page.body.end(), body);
  const auto bytes = static_cast<size_t>(end - out.begin());
  ByteWriter(out.subspan(kCrcAt)).Le(OggCrc(0, out.first(bytes)));
  return bytes;
}

void OggPageReader::Reset() { *this = OggPageReader(); }

std::optional<OggPage> OggPageReader::Next(std::span<const uint8_t>& input) {
  if (held_bytes_ > 0)
    if (auto page = NextHeld(input)) return page;
  const Found found = Search(input, offset_, false);
  const size_t taken = found.bytes > 0 ? found.begin + found.bytes : input.size();
  const auto bytes = input.first(taken).subspan(found.begin);
  const uint64_t offset = offset_ + found.begin;
  offset_ += taken;
  input = input.subspan(taken);
  if (found.bytes > 0) return TakePage(bytes, offset);
  Hold(bytes);
  return std::nullopt;
}

// What is held comes first, topped up with the input until it is a page or cannot be one.
std::optional<OggPage> OggPageReader::NextHeld(std::span<const uint8_t>& input) {
  while (held_bytes_ > 0) {
    if (auto page = SearchHeld(false)) return page;
    if (held_bytes_ == 0) break;
    const size_t wanted = ClaimedBytes(held()) - held_bytes_;
    const auto part = input.first(std::min(input.size(), wanted));
    Hold(part);
    offset_ += part.size();
    input = input.subspan(part.size());
    if (part.size() < wanted) break;
  }
  return std::nullopt;
}

// Leaves in held_ what follows the page that was found, or what may still become one.
std::optional<OggPage> OggPageReader::SearchHeld(bool at_end) {
  const auto bytes = held();
  const uint64_t offset = offset_ - held_bytes_;
  const Found found = Search(bytes, offset, at_end);
  held_begin_ += found.begin + found.bytes;
  held_bytes_ -= found.begin + found.bytes;
  if (found.bytes == 0) return std::nullopt;
  return TakePage(bytes.subspan(found.begin, found.bytes), offset + found.begin);
}

void OggPageReader::Hold(std::span<const uint8_t> bytes) {
  if (held_begin_ > 0) std::memmove(held_.data(), held_.data() + held_begin_, held_bytes_);
  held_begin_ = 0;
  std::copy(bytes.begin(), bytes.end(), held_.begin() + static_cast<ptrdiff_t>(held_bytes_));
  held_bytes_ += bytes.size();
}

OggPageReader::Found OggPageReader::Search(std::span<const uint8_t> bytes, uint64_t offset, bool at_end) {
  for (size_t at = 0;; ++at) {
    at = FindCapture(bytes, at);
    if (at == bytes.size()) return {at, 0};
    const auto rest = bytes.subspan(at);
    const size_t claimed = ClaimedBytes(rest);
    const bool whole = claimed <= rest.size();
    if (!whole && !at_end) return {at, 0};
    if (whole && IsSound(rest.first(claimed))) return {at, claimed};
    if (offset + at == gap_begin_) gap_claims_ = claimed;
    if (offset + at == 0 && whole && rest[kVersionAt] != 0) foreign_version_ = rest[kVersionAt];
  }
}

OggPage OggPageReader::TakePage(std::span<const uint8_t> bytes, uint64_t offset) {
  if (offset > gap_begin_) CloseGap(offset, false);
  found_page_ = true;
  gap_begin_ = offset + bytes.size();
  gap_claims_ = 0;
  const uint8_t flags = bytes[kFlagsAt];
  const size_t segments = bytes[kSegmentsAt];
  OggPage page;
  page.bytes = bytes;
  page.offset = offset;
  page.continued = (flags & kContinued) != 0;
  page.first = (flags & kFirst) != 0;
  page.last = (flags & kLast) != 0;
  page.granule = static_cast<int64_t>(ReadLe<uint64_t>(bytes, kGranuleAt));
  page.serial = ReadLe<uint32_t>(bytes, kSerialAt);
  page.sequence = ReadLe<uint32_t>(bytes, kSequenceAt);
  page.lacing = bytes.subspan(kOggPageHeaderBytes, segments);
  page.body = bytes.subspan(kOggPageHeaderBytes + segments);
  return page;
}

// A gap is judged by what it begins with, once it is known where it ends.
void OggPageReader::CloseGap(uint64_t end, bool at_end) {
  if (gap_claims_ > 0 && gap_claims_ <= end - gap_begin_) return warnings_.Add(OggWarning::kCrcBad);
  if (!found_page_) return warnings_.Add(OggWarning::kJunkBeforeFirstPage);
  if (!at_end) return warnings_.Add(OggWarning::kJunkBetweenPages);
  warnings_.Add(gap_claims_ > 0 ? OggWarning::kTruncated : OggWarning::kJunkAfterLastPage);
}

std::optional<OggPage> OggPageReader::Finish() {
  if (held_bytes_ > 0)
    if (auto page = SearchHeld(true)) return page;
  if (gap_begin_ < offset_) CloseGap(offset_, true);
  gap_begin_ = offset_;
  return std::nullopt;
}

}  // namespace sluice
