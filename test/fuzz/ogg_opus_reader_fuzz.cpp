// Any bytes are an Ogg Opus stream or an error with an offset in them; cutting changes nothing; the samples
// of packets, links and the whole add up; OggOpusDecoder gives as many, of any part.
#include "../native/ogg_stream.h"
#include "core/bytes.h"
#include "core/ogg_opus_decoder.h"
#include "core/ogg_opus_reader.h"
#include "core/opus_packet.h"
#include "fuzz.h"

using namespace sluice;

namespace {

using Event = OggOpusReader::Event;

struct Reading {
  std::optional<Error> error;
  std::vector<OggOpusPacket> packets;  // their bytes are in `bytes`
  std::vector<uint8_t> bytes;
  std::vector<OggOpusLink> links;
  std::vector<OpusHead> heads;
  uint64_t samples = 0;
  uint32_t warnings = 0;
};

bool SameError(const std::optional<Error>& a, const std::optional<Error>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return a->code == b->code && a->byte_offset == b->byte_offset && a->message == b->message;
}

bool SamePacket(const OggOpusPacket& a, const OggOpusPacket& b) {
  return a.bytes.size() == b.bytes.size() && a.samples == b.samples && a.begin == b.begin && a.end == b.end &&
         a.link == b.link && a.position == b.position;
}

bool SameLink(const OggOpusLink& a, const OggOpusLink& b) {
  return a.channels == b.channels && a.preskip == b.preskip && a.input_rate_hz == b.input_rate_hz &&
         a.gain_q8 == b.gain_q8 && a.serial == b.serial && a.samples == b.samples &&
         a.tags.vendor == b.tags.vendor && a.tags.comments == b.tags.comments &&
         a.tags.comment_count == b.tags.comment_count;
}

bool SameFacts(const Reading& a, const Reading& b) {
  return SameError(a.error, b.error) && std::ranges::equal(a.packets, b.packets, SamePacket) &&
         a.bytes == b.bytes && a.heads == b.heads && std::ranges::equal(a.links, b.links, SameLink) &&
         a.samples == b.samples && a.warnings == b.warnings;
}

// Whether to go on.
bool Take(OggOpusReader& reader, const Result<Event>& event, Reading& reading) {
  if (!event.ok()) {
    reading.error = event.error();
    FUZZ_CHECK(SameError(reader.Finish().error(), reading.error));
    return false;
  }
  if (event.value() == Event::kLink) FUZZ_CHECK(reader.links().size() == reading.links.size() + 1);
  if (event.value() == Event::kLink) {
    reading.links.push_back(reader.link());
    reading.heads.push_back(reader.head());
  }
  if (event.value() == Event::kPacket) {
    const OggOpusPacket& packet = reader.packet();
    FUZZ_CHECK(packet.link + 1 == reading.links.size());
    FUZZ_CHECK(OpusPacketSamples(packet.bytes, reader.head().streams) == packet.samples);
    reading.packets.push_back(packet);
    reading.bytes.insert(reading.bytes.end(), packet.bytes.begin(), packet.bytes.end());
  }
  return event.value() != Event::kNone;
}

Reading Read(std::span<const uint8_t> file, uint32_t cuts_seed) {
  OggOpusReader reader;
  Reading reading;
  fuzz::Cuts cuts(cuts_seed);
  while (!file.empty() && !reading.error) {
    // A copy that goes when its turn is over, so that a look back at it is seen.
    const std::vector<uint8_t> chunk(file.begin(),
                                     file.begin() + static_cast<ptrdiff_t>(cuts.Next(file.size())));
    file = file.subspan(chunk.size());
    std::span<const uint8_t> left(chunk);
    while (Take(reader, reader.Next(left), reading)) {
    }
    FUZZ_CHECK(reading.error || left.empty());
  }
  while (!reading.error && Take(reader, reader.Finish(), reading)) {
  }
  reading.links.assign(reader.links().begin(), reader.links().end());
  if (reading.error) return reading;
  reading.samples = reader.samples();
  reading.warnings = reader.warnings();
  return reading;
}

bool Has(const Reading& reading, OggWarning warning) {
  return (reading.warnings >> static_cast<unsigned>(warning) & 1) != 0;
}

void CheckLaws(const Reading& reading, std::span<const uint8_t> file) {
  FUZZ_CHECK(reading.bytes.size() <= file.size());
  std::vector<uint64_t> counted(reading.links.size());
  std::vector<uint64_t> decoded(reading.links.size());
  for (const OggOpusPacket& packet : reading.packets) {
    FUZZ_CHECK(packet.begin <= packet.end && packet.end <= packet.samples);
    FUZZ_CHECK(packet.samples >= 120 && packet.samples <= kMaxOpusPacketSamples);
    FUZZ_CHECK(packet.position == counted[packet.link]);
    counted[packet.link] += packet.end - packet.begin;
    decoded[packet.link] += packet.samples;
  }
  uint64_t all = 0;
  for (size_t i = 0; i < reading.links.size(); ++i) {
    const OggOpusLink& link = reading.links[i];
    FUZZ_CHECK(link.samples == counted[i]);
    FUZZ_CHECK(counted[i] <= decoded[i] - std::min<uint64_t>(decoded[i], link.preskip));
    FUZZ_CHECK(link.channels > 0);
    FUZZ_CHECK(link.tags.comments.size() <= link.tags.comment_count);
    all += counted[i];
  }
  if (reading.error) {
    FUZZ_CHECK(reading.error->byte_offset <= file.size());
    FUZZ_CHECK(!reading.error->message.empty());
    return;
  }
  FUZZ_CHECK(!reading.links.empty());
  FUZZ_CHECK(reading.samples == all);
  FUZZ_CHECK(Has(reading, OggWarning::kNoAudio) == (all == 0));
  FUZZ_CHECK(reading.warnings >> (static_cast<unsigned>(OggWarning::kEosMissing) + 1) == 0);
}

// Pages are parts of the file that do not overlap, and what lies between them makes a warning.
void CheckPages(std::span<const uint8_t> file) {
  OggPageReader reader;
  uint64_t end = 0;
  uint64_t outside = 0;
  std::vector<uint8_t> written(kMaxOggPageBytes);
  const auto take = [&](const OggPage& page) {
    FUZZ_CHECK(page.offset >= end);
    outside += page.offset - end;
    const size_t size = WriteOggPage(page, written);
    FUZZ_CHECK(size <= file.size() - page.offset);
    const auto original = file.subspan(page.offset, size);
    end = page.offset + size;
    if (original[5] < 8)  // no flags that are not defined
      FUZZ_CHECK(fuzz::SameBits(original, std::span(written).first(size)));
  };
  std::span<const uint8_t> left = file;
  while (const auto page = reader.Next(left)) take(*page);
  while (const auto page = reader.Finish()) take(*page);
  FUZZ_CHECK(reader.offset() == file.size());
  outside += file.size() - end;
  FUZZ_CHECK((outside > 0) == (reader.warnings().bits() != 0));
}

// Gives every header that claims a page the checksum of that page: else hardly any input had one.
void MendChecksums(std::vector<uint8_t>& file) {
  for (size_t at = 0; at + kOggPageHeaderBytes <= file.size(); ++at) {
    if (file[at] != 'O' || file[at + 1] != 'g' || file[at + 2] != 'g' || file[at + 3] != 'S') continue;
    size_t size = kOggPageHeaderBytes + file[at + 26];
    for (size_t i = 0; i < file[at + 26] && at + 27 + i < file.size(); ++i) size += file[at + 27 + i];
    if (size > file.size() - at) continue;
    const auto page = std::span(file).subspan(at, size);
    std::fill_n(page.begin() + 22, 4, uint8_t{0});
    ByteWriter(page.subspan(22)).Le(OggCrc(0, page));
    at += size - 1;
  }
}

// A stream whose pages take their flags, granules, lacing and bodies from the input, with headers before
// them.
std::vector<uint8_t> StreamFrom(fuzz::Input& input) {
  Stream stream;
  OpusHead head = Head(static_cast<uint8_t>(1 + input.Below(2)), static_cast<uint16_t>(input.Below(2000)));
  if (input.Below(4) == 0) head.family = 255;
  Pages pages;
  if (input.Below(16) != 0) pages = stream.Headers(head);
  int64_t granule = 0;
  for (uint32_t left = input.Below(12); left > 0; --left) {
    StreamPage page;
    const uint32_t flags = input.Below(256);
    page.continued = (flags & 3) == 3;
    page.first = (flags & 0x1C) == 0x1C;
    page.last = (flags & 0x60) == 0x60;
    page.serial = 1 + ((flags & 0x80) != 0 ? input.Below(2) : 0);
    page.sequence = static_cast<uint32_t>(pages.size()) + input.OneOf({0u, 0u, 0u, 0u, 0u, 1u, ~0u});
    granule += input.OneOf({0, 960, 960, 1920, -960, 100});
    page.granule = input.OneOf({granule, granule, granule, granule, int64_t{-1}, INT64_MIN, INT64_MAX});
    const Bytes magic = Ascii(input.OneOf({"", "", "", "OpusHead", "OpusTags", "\x01vorbis"}));
    for (uint32_t segments = input.Below(6); segments > 0; --segments)
      page.lacing.push_back(
          static_cast<uint8_t>(input.OneOf({255u, 255u, 0u, 1u, 3u, 19u, input.Below(255)})));
    for (const uint8_t lacing : page.lacing)
      for (uint8_t i = 0; i < lacing; ++i)
        page.body.push_back(page.body.size() < magic.size()
                                ? magic[page.body.size()]
                                : static_cast<uint8_t>(i < 3 ? input.Below(256) : 1));
    pages.push_back(page);
  }
  return File(pages);
}

// Frames from `begin` to `end` of all links, mixed to mono.
void CheckPart(const Reading& whole, std::span<const uint8_t> file, uint64_t begin, uint64_t end) {
  OggOpusDecoder<int16_t> decoder({.channels = 1, .begin = begin, .end = end});
  uint64_t frames = 0;
  const auto take = [&](const Result<std::span<const int16_t>>& samples) {
    if (!samples.ok()) FUZZ_CHECK(SameError(samples.error(), whole.error));
    if (samples.ok()) frames += samples.value().size();
    return samples.ok() && !samples.value().empty();
  };
  while (take(decoder.Next(file))) {
  }
  while (take(decoder.Finish())) {
  }
  uint64_t all = 0;
  for (const OggOpusPacket& packet : whole.packets) all += packet.end - packet.begin;
  const uint64_t last = std::min(end, all);
  FUZZ_CHECK(frames == last - std::min(begin, last));
}

}  // namespace

FUZZ_TARGET(ogg_opus_reader) {
  const uint32_t cuts = input.Number();
  const uint32_t kind = input.Below(3);
  const uint64_t begin = input.OneOf({0u, 0u, 1u, 3840u, 10'000u, input.Below(100'000)});
  const uint64_t end = begin + input.OneOf({0u, 1u, 1000u, UINT32_MAX});
  std::vector<uint8_t> file = kind == 2 ? StreamFrom(input) : input.Rest();
  if (kind == 1) MendChecksums(file);

  CheckPages(file);
  const Reading whole = Read(file, 0);
  CheckLaws(whole, file);
  FUZZ_CHECK(SameFacts(whole, Read(file, cuts)));
  FUZZ_CHECK(SameFacts(whole, Read(file, 1)));
  CheckPart(whole, file, begin, end);
}
