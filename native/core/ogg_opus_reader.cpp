#include "core/ogg_opus_reader.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/opus_packet.h"

namespace sluice {
namespace {

// RFC 7845 6 lets a demuxer ignore packets above 61 440 bytes a stream: the rest must be padding. Those that
// one page holds cost nothing, so they pass.
constexpr size_t kMaxPacketBytesPerStream = 65536;

// What the first packet of a stream begins with.
struct Codec {
  std::string_view magic;
  std::string_view name;
};
using namespace std::string_view_literals;
constexpr std::array kCodecs = {
    Codec{"\x01vorbis"sv, "Vorbis"},  Codec{"Speex   "sv, "Speex"},    Codec{"\177FLAC"sv, "FLAC"},
    Codec{"\x80theora"sv, "Theora"},  Codec{"CELT    "sv, "CELT"},     Codec{"PCM     "sv, "PCM"},
    Codec{"OVP80"sv, "VP8"},          Codec{"BBCD"sv, "Dirac"},        Codec{"\x80kate"sv, "Kate"},
    Codec{"fishead\0"sv, "Skeleton"}, Codec{""sv, "an unknown codec"},
};

bool BeginsWith(std::span<const uint8_t> bytes, std::string_view magic) {
  return bytes.size() >= magic.size() &&
         std::equal(magic.begin(), magic.end(), bytes.begin(),
                    [](char a, uint8_t b) { return static_cast<uint8_t>(a) == b; });
}

// "Vorbis, Theora"
std::string CodecNames(uint32_t codecs) {
  std::string names;
  for (size_t i = 0; i < kCodecs.size(); ++i)
    if ((codecs >> i & 1) != 0) names += (names.empty() ? "" : ", ") + std::string(kCodecs[i].name);
  return names;
}

constexpr const char* kConvert =
    "; convert it first, for example with `ffmpeg -i INPUT -c:a libopus OUTPUT.opus`";
constexpr const char* kFetch = "; fetch or export the file again";

}  // namespace

Result<OggOpusReader::Event> OggOpusReader::Next(std::span<const uint8_t>& input) {
  TakeFirstBytes(input);
  while (!error_) {
    if (const Event event = TakeFragments(); event != Event::kNone) return event;
    if (error_) break;
    const auto page = pages_.Next(input);
    if (!page) return Event::kNone;
    BeginPage(*page);
  }
  return *error_;
}

Result<OggOpusReader::Event> OggOpusReader::Finish() {
  if (first_bytes_size_ < first_bytes_.size()) FailAsOtherContainer();
  while (!error_) {
    if (const Event event = TakeFragments(); event != Event::kNone) return event;
    if (error_) break;
    if (const auto page = pages_.Finish(); page) {
      BeginPage(*page);
    } else {
      if (!finished_) Settle();
      finished_ = true;
      if (!error_) return Event::kNone;
    }
  }
  return *error_;
}

void OggOpusReader::Reset() { *this = OggOpusReader(); }

uint64_t OggOpusReader::samples() const {
  uint64_t samples = 0;
  for (const OggOpusLink& link : links_) samples += link.samples;
  return samples;
}

size_t OggOpusReader::StateBytes() const {
  constexpr size_t kSerialBytes =
      sizeof(decltype(serials_)::value_type) + 5 * sizeof(void*);  // a tree's node
  return sizeof *this + pages_.StateBytes() + assembled_.capacity() +
         links_.capacity() * sizeof(OggOpusLink) + tags_bytes_ + tags_.held_bytes() +
         serials_.size() * kSerialBytes;
}

uint32_t OggOpusReader::warnings() const {
  OggWarnings all = warnings_;
  all.Add(pages_.warnings());
  all.Add(packets_.warnings());
  all.Add(timeline_.warnings());
  return all.bits();
}

// ---- the file

// Before any page can be complete.
void OggOpusReader::TakeFirstBytes(std::span<const uint8_t> input) {
  if (first_bytes_size_ == first_bytes_.size()) return;
  const auto part = input.first(std::min(input.size(), first_bytes_.size() - first_bytes_size_));
  std::copy(part.begin(), part.end(), first_bytes_.begin() + static_cast<ptrdiff_t>(first_bytes_size_));
  first_bytes_size_ += part.size();
  if (first_bytes_size_ == first_bytes_.size()) FailAsOtherContainer();
}

void OggOpusReader::FailAsOtherContainer() {
  const std::string_view head(first_bytes_.data(), first_bytes_size_);
  const char* name = head.substr(0, 4) == "OggS" ? nullptr : ContainerName(head);
  if (name != nullptr)
    Fail(ErrorCode::kUnsupportedContainer, 0, "this is " + std::string(name) + ", not Ogg" + kConvert);
}

void OggOpusReader::Settle() {
  if (!pages_.found_page()) return FailNoPage();
  EndLink(pages_.offset(), true);
  if (error_) return;
  if (links_.empty()) return FailNoLink();
  if (samples() == 0) warnings_.Add(OggWarning::kNoAudio);
}

void OggOpusReader::FailNoPage() {
  const std::string bytes = std::to_string(pages_.offset());
  if (pages_.foreign_version())
    return Fail(ErrorCode::kOggUnsupportedVersion, 4,
                "Ogg page version " + std::to_string(*pages_.foreign_version()) +
                    " is not read, only 0 is (RFC 3533 6)" + kConvert);
  if (pages_.offset() == 0)
    return Fail(ErrorCode::kOggNotOgg, 0, "the file is empty, not Ogg" + std::string(kFetch));
  if (std::string_view(first_bytes_.data(), 4) == "OggS")
    return Fail(ErrorCode::kOggNotOgg, 0,
                "the file begins with an Ogg page, but none in its " + bytes +
                    " bytes is whole and has the right checksum (RFC 3533 6)" + kFetch);
  Fail(ErrorCode::kOggNotOgg, 0,
       "there is no Ogg page in the " + bytes +
           " bytes (RFC 3533 6); if they are bare Opus packets, hand them to a decoder one by one");
}

void OggOpusReader::FailNoLink() {
  if (serials_.empty())
    return Fail(ErrorCode::kOggNoBos, 0,
                "no page begins a stream (BOS, RFC 3533 6): the first page is missing or damaged" +
                    std::string(kFetch));
  Fail(ErrorCode::kOggUnsupportedCodec, 0,
       "the Ogg file holds " + CodecNames(codecs_) + ", but no Opus stream" + kConvert);
}

void OggOpusReader::Fail(ErrorCode code, uint64_t offset, std::string message) {
  error_ = Error{code, offset, std::move(message)};
}

// ---- streams and links

void OggOpusReader::BeginPage(const OggPage& page) {
  if (page.first) return BeginStream(page);
  in_bos_group_ = false;
  if (phase_ != Phase::kNone && page.serial == serial_) return BeginOwnPage(page);
  const auto announced = serials_.find(page.serial);
  if (announced == serials_.end()) return warnings_.Add(OggWarning::kStrayPage);
  announced->second.is_last = false;
}

void OggOpusReader::BeginStream(const OggPage& page) {
  const bool own = phase_ != Phase::kNone && page.serial == serial_;
  const bool opus = BeginsWith(page.body, kOpusHeadMagic);
  if (own && packets_.IsDuplicate(page)) return packets_.BeginPage(page);
  if (own && opus && !has_audio_) return SkipSecondHead(page);
  if (IsSkippedTwice(page)) return warnings_.Add(OggWarning::kPageDuplicated);

  if (!in_bos_group_) group_has_opus_ = false;
  in_bos_group_ = true;
  const bool reads = opus && !group_has_opus_;
  const FirstPage first{page.granule, page.sequence, !reads};
  if (!serials_.insert_or_assign(page.serial, first).second) warnings_.Add(OggWarning::kSerialReused);
  if (reads) return BeginLink(page);
  warnings_.Add(OggWarning::kStreamSkipped);
  if (!opus) NoteCodec(page);
  if (own) EndLink(page.offset, false);  // its serial number means another stream now
}

// Of a stream that is passed over no page is followed but the first.
bool OggOpusReader::IsSkippedTwice(const OggPage& page) const {
  const auto announced = serials_.find(page.serial);
  return announced != serials_.end() && announced->second.is_last &&
         announced->second.sequence == page.sequence && announced->second.granule == page.granule;
}

void OggOpusReader::SkipSecondHead(const OggPage& page) {
  warnings_.Add(OggWarning::kDuplicateHeaders);
  packets_.BeginStream();
  packets_.SkipPage(page);
  if (phase_ == Phase::kAudio) phase_ = Phase::kSecondTags;
}

void OggOpusReader::BeginLink(const OggPage& page) {
  EndLink(page.offset, false);
  if (error_) return;
  group_has_opus_ = true;
  phase_ = Phase::kHead;
  serial_ = page.serial;
  has_audio_ = false;
  has_eos_ = false;
  BeginOwnPage(page);
}

// Headers that are not there are an error, unless the file ends in them and other links came before: of a
// recording that was cut, what is there is delivered.
void OggOpusReader::EndLink(uint64_t offset, bool at_end) {
  if (phase_ == Phase::kNone) return;
  const bool has_headers = phase_ == Phase::kSecondTags || phase_ == Phase::kAudio;
  if (!has_headers && (!at_end || links_.empty()))
    return Fail(ErrorCode::kOpusBadTags, offset,
                "the stream ends at byte " + std::to_string(offset) +
                    ", before its OpusTags does (RFC 7845 5.2)" + kFetch);
  const bool cut = at_end && pages_.warnings().Has(OggWarning::kTruncated);
  if (!has_eos_ && !cut) warnings_.Add(OggWarning::kEosMissing);
  if (has_headers) timeline_.Finish();
  packets_.BeginStream();
  phase_ = Phase::kNone;
}

void OggOpusReader::NoteCodec(const OggPage& page) {
  size_t codec = 0;  // the last one's magic fits all
  while (!BeginsWith(page.body, kCodecs[codec].magic)) ++codec;
  codecs_ |= 1u << codec;
}

// ---- the stream that is read

void OggOpusReader::BeginOwnPage(const OggPage& page) {
  packets_.BeginPage(page);
  page_granule_ = page.granule;
  page_last_ = page.last;
  page_has_tags_ = false;
  has_eos_ = has_eos_ || page.last;
  if (phase_ == Phase::kAudio) TimePage(packets_.EndsMore());
}

// The granules of pages on which no audio packet ends, the headers' among them, mean nothing.
void OggOpusReader::TimePage(bool ends_audio) {
  page_timed_ = ends_audio;
  if (ends_audio) timeline_.BeginPage(page_granule_, page_last_);
}

OggOpusReader::Event OggOpusReader::TakeFragments() {
  while (const auto fragment = packets_.Next()) {
    const Event event = TakeFragment(*fragment);
    if (event != Event::kNone || error_) return event;
  }
  if (page_timed_) timeline_.EndPage();
  page_timed_ = false;
  return Event::kNone;
}

OggOpusReader::Event OggOpusReader::TakeFragment(const OggPackets::Fragment& fragment) {
  switch (phase_) {
    case Phase::kAudio:
      return TakeAudio(fragment);
    case Phase::kHead:
      TakeHead(fragment);
      return Event::kNone;
    case Phase::kTags:
      return TakeTags(fragment);
    case Phase::kSecondTags:
      return TakeSecondTags(fragment);
    case Phase::kNone:
      break;
  }
  return Event::kNone;
}

void OggOpusReader::TakeHead(const OggPackets::Fragment& fragment) {
  if (!fragment.ends)
    return Fail(ErrorCode::kOpusBadHead, fragment.offset,
                "OpusHead runs past its page (RFC 7845 3)" + std::string(kFetch));
  const auto head = ParseOpusHead(fragment.bytes, fragment.offset);
  if (!head.ok()) {
    error_ = head.error();
    return;
  }
  head_ = head.value();
  phase_ = Phase::kTags;
}

OggOpusReader::Event OggOpusReader::TakeTags(const OggPackets::Fragment& fragment) {
  if (fragment.begins) tags_.Reset(OpusTagsReader::kMaxTagsBytes - tags_bytes_);
  tags_.Feed(fragment.bytes, fragment.offset);
  if (!fragment.ends) return Event::kNone;
  auto tags = tags_.Finish();
  if (!tags.ok()) {
    error_ = tags.error();
    return Event::kNone;
  }
  links_.push_back({head_.channels, head_.preskip, head_.input_rate_hz, head_.gain_q8, serial_, 0,
                    std::move(tags.value())});
  tags_bytes_ += tags_.held_bytes();
  tags_.Reset();
  timeline_.Begin(head_.preskip);
  BeginAudio();
  return Event::kLink;
}

// What is no OpusTags here is audio already.
OggOpusReader::Event OggOpusReader::TakeSecondTags(const OggPackets::Fragment& fragment) {
  if (fragment.begins && !BeginsWith(fragment.bytes, kOpusTagsMagic)) {
    phase_ = Phase::kAudio;
    TimePage(fragment.ends || packets_.EndsMore());
    return TakeAudio(fragment);
  }
  if (fragment.ends) BeginAudio();
  return Event::kNone;
}

void OggOpusReader::BeginAudio() {
  phase_ = Phase::kAudio;
  page_has_tags_ = true;
  TimePage(packets_.EndsMore());
}

OggOpusReader::Event OggOpusReader::TakeAudio(const OggPackets::Fragment& fragment) {
  has_audio_ = true;
  if (page_has_tags_) warnings_.Add(OggWarning::kHeaderPageShared);
  packet_.bytes = fragment.begins && fragment.ends ? fragment.bytes : Assemble(fragment);
  if (!fragment.ends) return Event::kNone;
  packet_.samples = OpusPacketSamples(packet_.bytes, head_.streams);
  if (packet_.samples == 0) {
    warnings_.Add(OggWarning::kPacketBad);
    return Event::kNone;
  }
  const auto [begin, end, position] = timeline_.Next(packet_.samples);
  packet_.begin = begin;
  packet_.end = end;
  packet_.position = position;
  packet_.link = static_cast<uint32_t>(links_.size() - 1);
  links_.back().samples = timeline_.counted();
  return Event::kPacket;
}

// A packet that spans pages, as far as it has come; nothing of one that is too long.
std::span<const uint8_t> OggOpusReader::Assemble(const OggPackets::Fragment& fragment) {
  if (fragment.begins) {
    assembled_.clear();
    too_long_ = false;
  }
  too_long_ =
      too_long_ || assembled_.size() + fragment.bytes.size() > kMaxPacketBytesPerStream * head_.streams;
  if (too_long_) return {};
  assembled_.insert(assembled_.end(), fragment.bytes.begin(), fragment.bytes.end());
  return assembled_;
}

}  // namespace sluice
