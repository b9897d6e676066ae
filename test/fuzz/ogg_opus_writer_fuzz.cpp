// What OggOpusWriter writes, OggOpusReader reads back without a warning: the headers, the packets, the
// samples promised; or the writer has refused it for the reason given.
#include "core/ogg_opus_reader.h"
#include "core/ogg_opus_writer.h"
#include "core/opus_packet.h"
#include "fuzz.h"

using namespace sluice;

namespace {

using Bytes = std::vector<uint8_t>;

constexpr uint32_t kPageUs[] = {0, 20'000, 300'000, 1'000'000, kMaxOggPageUs};
constexpr size_t kTagBytes[] = {0, 1, 250, 65'000, 65'025, 65'500};  // the reader holds comments up to 64 kB

// Packets cut out of the input: a byte of length, then that many; of a length of 255 a padded one (RFC 6716
// 3.2.5) that may span pages, of at most the 65 536 bytes that the reader takes. Those of several streams are
// built around the bytes.
std::vector<Bytes> PacketsOf(std::span<const uint8_t> input, unsigned streams) {
  std::vector<Bytes> packets;
  while (!input.empty() && packets.size() < 500) {
    const size_t length = std::min<size_t>(input[0], input.size() - 1);
    Bytes packet(input.begin() + 1, input.begin() + 1 + static_cast<ptrdiff_t>(length));
    if (input[0] == 255) {
      const size_t pairs = length == 0 ? 0 : 1 + packet[0];
      packet = {31 << 3 | 3, 0x41};
      packet.insert(packet.end(), pairs, 255);
      packet.resize(packet.size() + 1 + pairs * 254);
    }
    for (unsigned i = 1; i < streams; ++i) packet.insert(packet.begin(), {31 << 3, 1, 7});
    packets.push_back(std::move(packet));
    input = input.subspan(1 + length);
  }
  return packets;
}

// What tells one head from another: `mapping` has places that no channel uses.
Bytes HeadBytes(const OpusHead& head) {
  Bytes bytes(kMaxOpusHeadBytes);
  bytes.resize(WriteOpusHead(head, bytes));
  return bytes;
}

template <class Call>
Result<size_t> Append(size_t most, Call call, Bytes& file) {
  fuzz::Room<uint8_t> room(most);
  const Result<size_t> written = call(room.span());
  if (!written.ok()) return written;
  FUZZ_CHECK(written.value() <= most);
  file.insert(file.end(), room.data(), room.data() + written.value());
  return written;
}

struct Link {
  std::vector<Bytes> packets;  // that were taken
  uint64_t decoded = 0;        // samples of them, the pre-skip included
  uint32_t last = 0;           // of the last
  uint64_t counted = 0;
};

Link WriteLink(OggOpusWriter& writer, const std::vector<Bytes>& packets, const OpusHead& head, uint32_t trim,
               Bytes& file) {
  Link link;
  for (const Bytes& packet : packets) {
    const uint32_t samples = OpusPacketSamples(packet, head.streams);
    const auto write = [&](auto out) { return writer.WritePacket(packet, out); };
    const auto written = Append(writer.MaxOutputBytes(packet.size()), write, file);
    FUZZ_CHECK(written.ok() ? samples > 0
                            : written.error().code == ErrorCode::kOpusBadPacket && samples == 0);
    if (samples == 0) continue;
    link.packets.push_back(packet);
    link.decoded += samples;
    link.last = samples;
  }
  const uint64_t there = link.decoded > head.preskip ? link.decoded - head.preskip : 0;
  const bool possible = there == 0 ? trim == 0 : trim < link.last && trim <= there;
  const auto finish = [&](uint64_t samples) {
    return Append(
        writer.MaxOutputBytes(0), [&](auto out) { return writer.Finish(samples, out); }, file);
  };
  const auto end = finish(there - trim);
  FUZZ_CHECK(end.ok() == possible);
  if (!possible) {
    FUZZ_CHECK(end.error().code == ErrorCode::kInvalidLength);
    FUZZ_CHECK(finish(there).ok());
  }
  link.counted = possible ? there - trim : there;
  return link;
}

void CheckReadBack(const Bytes& file, const OggOpusWriterOptions& options, const std::vector<Link>& links,
                   fuzz::Cuts cuts) {
  OggOpusReader reader;
  std::vector<size_t> packets(links.size());
  const auto take = [&](OggOpusReader::Event event) {
    if (event == OggOpusReader::Event::kLink) FUZZ_CHECK(HeadBytes(reader.head()) == HeadBytes(options.head));
    if (event != OggOpusReader::Event::kPacket) return;
    const auto& packet = reader.packet();
    const auto& wanted = links[packet.link].packets;
    const size_t index = packets[packet.link]++;
    if (index < wanted.size()) FUZZ_CHECK(fuzz::SameBits(packet.bytes, wanted[index]));
    if (index >= wanted.size()) FUZZ_CHECK(packet.begin == packet.end);  // a filler
  };
  for (std::span<const uint8_t> rest = file; !rest.empty();) {
    const size_t size = cuts.Next(rest.size());
    std::span<const uint8_t> piece = rest.first(size);
    for (auto event = reader.Next(piece);; event = reader.Next(piece)) {
      FUZZ_CHECK(event.ok());
      if (event.value() == OggOpusReader::Event::kNone) break;
      take(event.value());
    }
    rest = rest.subspan(size);
  }
  for (auto event = reader.Finish();; event = reader.Finish()) {
    FUZZ_CHECK(event.ok());
    if (event.value() == OggOpusReader::Event::kNone) break;
    take(event.value());
  }
  FUZZ_CHECK(reader.links().size() == links.size());
  uint64_t total = 0;
  for (size_t i = 0; i < links.size(); ++i) {
    const OggOpusLink& link = reader.links()[i];
    FUZZ_CHECK(link.tags.vendor == options.vendor && link.tags.comments == options.comments);
    FUZZ_CHECK(link.serial == options.serial + static_cast<uint32_t>(i));
    FUZZ_CHECK(link.samples == links[i].counted && packets[i] >= links[i].packets.size());
    total += link.samples;
  }
  const uint32_t no_audio = 1U << static_cast<unsigned>(OggWarning::kNoAudio);
  FUZZ_CHECK(reader.warnings() == (total == 0 ? no_audio : 0));
}

}  // namespace

FUZZ_TARGET(ogg_opus_writer) {
  OggOpusWriterOptions options;
  options.head = OpusHeadFor(1 + (input.Below(4) == 0 ? input.Below(8) : input.Below(2))).value();
  options.head.preskip = static_cast<uint16_t>(input.Below(4) == 0 ? input.Number() : input.Below(4) * 156);
  options.head.input_rate_hz = input.Number();
  options.head.gain_q8 = static_cast<int16_t>(input.Number());
  options.serial = input.Number();
  options.page_us = input.OneOf(kPageUs);
  options.vendor.assign(input.Below(20), 'v');
  for (uint32_t i = input.Below(3); i > 0; --i)
    options.comments.push_back("TITLE=" + std::string(input.OneOf(kTagBytes), 'x'));
  const uint32_t trim = input.Below(2) == 0 ? 0 : input.Below(6000);
  const uint32_t cuts = input.Number();
  const size_t links = 1 + input.Below(2);

  auto writer = OggOpusWriter::Create(options);
  FUZZ_CHECK(writer.ok());
  const std::vector<Bytes> packets = PacketsOf(input.Rest(), options.head.streams);
  Bytes file;
  std::vector<Link> written(1, WriteLink(writer.value(), packets, options.head, trim, file));
  // Without a packet there is no second link.
  if (links == 2 && !written[0].packets.empty())
    written.push_back(WriteLink(writer.value(), packets, options.head, trim, file));
  CheckReadBack(file, options, written, fuzz::Cuts(cuts));
}
