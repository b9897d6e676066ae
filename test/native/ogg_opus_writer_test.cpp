// OggOpusWriter: what it writes, read back by the plain page parser here, which knows nothing of the core's.
#include "core/ogg_opus_writer.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "check.h"
#include "core/bytes.h"
#include "core/opus_packet.h"

namespace sluice {
namespace {

using Bytes = std::vector<uint8_t>;

// ---- Reading

struct Page {
  uint8_t flags = 0;
  int64_t granule = 0;
  uint32_t serial = 0, sequence = 0;
  Bytes lacing = {}, body = {};
  bool continued() const { return (flags & 1) != 0; }
  bool first() const { return (flags & 2) != 0; }
  bool last() const { return (flags & 4) != 0; }
  size_t Ends() const {
    return static_cast<size_t>(std::ranges::count_if(lacing, [](int l) { return l < 255; }));
  }
};

// RFC 3533 6, a bit at a time; the checksum's own bytes count as zeros.
uint32_t SlowCrc(std::span<const uint8_t> page) {
  uint32_t crc = 0;
  for (size_t i = 0; i < page.size(); ++i) {
    crc ^= uint32_t{i >= 22 && i < 26 ? uint8_t{0} : page[i]} << 24;
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1) ^ ((crc >> 31) != 0 ? 0x04C11DB7 : 0);
  }
  return crc;
}

// Nothing but whole pages with the right checksum, or none and a failed check.
std::vector<Page> Pages(const Bytes& file) {
  std::vector<Page> pages;
  for (size_t at = 0; at < file.size();) {
    const auto rest = std::span(file).subspan(at);
    const bool header = rest.size() >= 27 && std::equal(rest.begin(), rest.begin() + 5, "OggS\0");
    CHECK(header);
    if (!header) return {};
    Page page{.flags = rest[5],
              .granule = static_cast<int64_t>(ReadLe<uint64_t>(rest, 6)),
              .serial = ReadLe<uint32_t>(rest, 14),
              .sequence = ReadLe<uint32_t>(rest, 18)};
    const auto lacing = rest.subspan(27, rest[26]);
    size_t size = 27 + lacing.size();
    page.lacing.assign(lacing.begin(), lacing.end());
    for (const uint8_t value : lacing) size += value;
    CHECK(size <= rest.size());
    if (size > rest.size()) return {};
    page.body.assign(rest.begin() + 27 + rest[26], rest.begin() + static_cast<ptrdiff_t>(size));
    CHECK_EQ(ReadLe<uint32_t>(rest, 22), SlowCrc(rest.first(size)));
    pages.push_back(page);
    at += size;
  }
  return pages;
}

// Of the pages of one link. A page must go on where the one before it stopped, and say so.
std::vector<Bytes> Packets(std::span<const Page> pages) {
  std::vector<Bytes> packets;
  Bytes packet;
  bool open = false;
  for (const Page& page : pages) {
    CHECK_EQ(page.continued(), open);
    size_t at = 0;
    for (const uint8_t value : page.lacing) {
      packet.insert(packet.end(), page.body.begin() + static_cast<ptrdiff_t>(at),
                    page.body.begin() + static_cast<ptrdiff_t>(at + value));
      at += value;
      open = value == 255;
      if (!open) packets.push_back(std::exchange(packet, {}));
    }
  }
  CHECK(!open);
  return packets;
}

std::vector<Bytes> AudioPackets(std::span<const Page> pages) {
  std::vector<Bytes> packets = Packets(pages);
  if (packets.size() >= 2) packets.erase(packets.begin(), packets.begin() + 2);
  return packets;
}

// ---- Writing

// 20 ms of CELT, one frame of `bytes - 1` bytes; of at most 1275 as RFC 6716 3.4 wants.
Bytes Packet20Ms(size_t bytes, uint8_t seed = 0) {
  Bytes packet(bytes);
  for (size_t i = 0; i < bytes; ++i) packet[i] = static_cast<uint8_t>(i * 7 + seed);
  packet[0] = 31 << 3;
  return packet;
}

// 20 ms of any size from 300: an empty frame, the rest is padding (RFC 6716 3.2.5).
Bytes PaddedPacket(size_t bytes) {
  Bytes packet = {31 << 3 | 3, 0x40 | 1};
  size_t padding = bytes - 2;
  while (padding > 254 + 1) {
    packet.push_back(255);  // 254 bytes, and more to come
    padding -= 255;
  }
  packet.push_back(static_cast<uint8_t>(padding - 1));
  packet.resize(bytes, 0x5A);
  return packet;
}

OggOpusWriterOptions Mono(uint32_t page_us = 1'000'000) {
  OggOpusWriterOptions options;
  options.vendor = "test";
  options.serial = 77;
  options.page_us = page_us;
  options.head.preskip = 312;
  options.head.input_rate_hz = 16000;
  return options;
}

// A file as it grows, in room that holds what MaxOutputBytes says and not a byte more.
struct File {
  explicit File(const OggOpusWriterOptions& options) : writer(OggOpusWriter::Create(options).value()) {}

  Result<size_t> Write(size_t wanted, const std::function<Result<size_t>(std::span<uint8_t>)>& write) {
    Bytes room(wanted + 16, 0xA5);
    const auto written = write(std::span(room).first(wanted));
    const size_t size = written.ok() ? written.value() : 0;
    CHECK(std::all_of(room.begin() + static_cast<ptrdiff_t>(size), room.end(),
                      [](int b) { return b == 0xA5; }));
    bytes.insert(bytes.end(), room.begin(), room.begin() + static_cast<ptrdiff_t>(size));
    return written;
  }
  size_t Add(const Bytes& packet) {
    const auto written = Write(writer.MaxOutputBytes(packet.size()),
                               [&](auto room) { return writer.WritePacket(packet, room); });
    CHECK(written.ok());
    return written.ok() ? written.value() : 0;
  }
  Result<size_t> TryFinish(std::optional<uint64_t> total = {}) {
    return Write(writer.MaxOutputBytes(0), [&](auto room) { return writer.Finish(total, room); });
  }
  std::vector<Page> Finish(std::optional<uint64_t> total = {}) {
    const auto written = TryFinish(total);
    CHECK(written.ok());
    return Pages(bytes);
  }

  OggOpusWriter writer;
  Bytes bytes;
};

std::vector<int64_t> Granules(std::span<const Page> pages) {
  std::vector<int64_t> granules;
  for (const Page& page : pages) granules.push_back(page.granule);
  return granules;
}

std::string CodeOf(const Result<size_t>& result) {
  return result.ok() ? "" : ErrorCodeName(result.error().code);
}

// ---- Headers

TEST_ONCE("OggOpusWriter begins with OpusHead and OpusTags, each on a page of its own") {
  OggOpusWriterOptions options = Mono();
  options.head.gain_q8 = -512;
  options.vendor = "v";
  options.comments = {"TITLE=a=b"};
  File file(options);
  CHECK_EQ(file.Add(Packet20Ms(50)), file.bytes.size());
  const auto pages = Pages(file.bytes);
  REQUIRE(pages.size() == 2);
  CHECK(pages[0].flags == 2 && pages[1].flags == 0);
  CHECK(Granules(pages) == std::vector<int64_t>(2, 0));
  const Bytes head = {'O', 'p', 'u', 's', 'H', 'e', 'a', 'd', 1, 1, 0x38, 1, 0x80, 0x3E, 0, 0, 0, 0xFE, 0};
  CHECK(pages[0].body == head);
  const Bytes tags = {'O', 'p', 'u', 's', 'T', 'a', 'g', 's', 1,   0,   0,   0,   'v', 1,   0,
                      0,   0,   9,   0,   0,   0,   'T', 'I', 'T', 'L', 'E', '=', 'a', '=', 'b'};
  CHECK(pages[1].body == tags);
  CHECK_EQ(pages[1].serial, 77u);
}

TEST_ONCE("OggOpusWriter lets OpusTags span pages, and ends the last of them with it") {
  for (const size_t tags_bytes : {65024, 65025, 65026, 130049, 130050, 300000}) {
    OggOpusWriterOptions options = Mono();
    options.comments = {"X=" + std::string(tags_bytes - 26, 'x')};  // 8 + 4 + 4 + 4 + 4 + 2 beside the text
    File file(options);
    file.Add(Packet20Ms(10));
    const auto pages = file.Finish();
    const size_t tag_pages = tags_bytes / 65025 + 1;
    REQUIRE(pages.size() == tag_pages + 2);
    for (size_t i = 1; i < tag_pages; ++i) CHECK_EQ(pages[i].granule, int64_t{-1});
    CHECK_EQ(pages[tag_pages].granule, int64_t{0});
    CHECK_EQ(pages[tag_pages].Ends(), size_t{1});
    CHECK_LE(int{pages[tag_pages].lacing.back()}, 254);
    const auto packets = Packets(pages);
    REQUIRE(packets.size() == 3);
    CHECK_EQ(packets[1].size(), tags_bytes);
  }
}

TEST_ONCE("OpusHeadFor lays out 1 to 8 channels, and OggOpusWriter writes their mapping") {
  for (unsigned channels = 1; channels <= 8; ++channels) {
    OggOpusWriterOptions options = Mono();
    const auto made = OpusHeadFor(channels);
    REQUIRE(made.ok());
    const OpusHead& head = options.head = made.value();
    CHECK_EQ(unsigned{head.streams} + head.coupled, channels);
    File file(options);
    const auto pages = file.Finish();
    REQUIRE(pages.size() == 3);
    CHECK_EQ(pages[0].body.size(), size_t{channels <= 2 ? 19 : 21 + channels});
    CHECK_EQ(unsigned{pages[0].body[9]}, channels);
    if (channels <= 2) continue;
    Bytes mapping(pages[0].body.begin() + 21, pages[0].body.end());
    std::ranges::sort(mapping);
    for (size_t i = 0; i < channels; ++i) CHECK_EQ(size_t{mapping[i]}, i);  // each decoded channel once
  }
  for (const unsigned channels : {0u, 9u, 256u}) {
    const auto none = OpusHeadFor(channels);
    CHECK(!none.ok() && none.error().code == ErrorCode::kInvalidChannels);
  }
}

// ---- Pages

TEST_ONCE("OggOpusWriter fills pages up to the chosen duration, and counts granules with the pre-skip") {
  struct Case {
    uint32_t page_us;
    size_t per_page;  // packets of 20 ms
  };
  for (const auto& [page_us, per_page] :
       {Case{0, 1}, {19'999, 1}, {20'000, 1}, {39'999, 1}, {40'000, 2}, {1'000'000, 50}, {4'000'000, 200}}) {
    File file(Mono(page_us));
    constexpr size_t kPackets = 403;
    std::vector<Bytes> packets;
    for (size_t i = 0; i < kPackets; ++i) {
      packets.push_back(Packet20Ms(1 + i % 200, static_cast<uint8_t>(i)));
      const size_t written = file.Add(packets.back());
      // A page comes out with the packet after it: no later, and no earlier.
      CHECK_EQ(written > 0, i % per_page == 0);
    }
    const auto pages = file.Finish();
    REQUIRE(pages.size() == 2 + (kPackets + per_page - 1) / per_page);
    int64_t granule = 0;
    for (size_t i = 0; i < pages.size(); ++i) {
      CHECK_EQ(size_t{pages[i].sequence}, i);
      CHECK_EQ(pages[i].serial, 77u);
      CHECK_EQ(pages[i].first(), i == 0);
      CHECK_EQ(pages[i].last(), i + 1 == pages.size());
      if (i < 2) continue;
      granule += static_cast<int64_t>(960 * pages[i].Ends());
      CHECK_EQ(pages[i].granule, granule);
    }
    CHECK(AudioPackets(pages) == packets);
  }
}

TEST_ONCE("OggOpusWriter begins a page where a packet has no place, so that it need not span") {
  File file(Mono(4'000'000));
  const std::vector<Bytes> packets = {Packet20Ms(1275), PaddedPacket(62'985), PaddedPacket(764),
                                      Packet20Ms(1)};
  for (const Bytes& packet : packets) file.Add(packet);  // 6 + 248 lacing values, then 3 and 1
  const auto pages = file.Finish();
  REQUIRE(pages.size() == 4);
  CHECK_EQ(pages[2].lacing.size(), size_t{254});
  CHECK(Granules(pages) == std::vector<int64_t>({0, 0, 1920, 3840}));
  CHECK(AudioPackets(pages) == packets);

  File full(Mono(4'000'000));
  for (const size_t bytes : {1275, 62'985, 10, 10})
    full.Add(bytes < 1276 ? Packet20Ms(bytes) : PaddedPacket(bytes));
  const auto full_pages = full.Finish();
  REQUIRE(full_pages.size() == 4);
  CHECK_EQ(full_pages[2].lacing.size(), size_t{255});  // to the last value
}

TEST_ONCE("OggOpusWriter laces multiples of 255 with a value of 0") {
  File file(Mono());
  std::vector<Bytes> packets;
  for (const size_t bytes : {1, 254, 255, 256, 509, 510, 511, 765, 1275}) {
    packets.push_back(Packet20Ms(bytes));
    file.Add(packets.back());
  }
  const auto pages = file.Finish();
  REQUIRE(pages.size() == 3);
  CHECK(AudioPackets(pages) == packets);
  CHECK_EQ(pages[2].Ends(), packets.size());
}

TEST_ONCE("OggOpusWriter spreads a packet longer than a page over several, granule -1 where none ends") {
  for (const size_t bytes : {65024, 65025, 65026, 130'049, 130'050, 130'305, 500'000}) {
    File file(Mono());
    const std::vector<Bytes> packets = {Packet20Ms(40), PaddedPacket(bytes), Packet20Ms(60)};
    for (const Bytes& packet : packets) file.Add(packet);
    const auto pages = file.Finish(3 * 960 - 312 - 5);
    const size_t full = bytes / 65025;
    REQUIRE(pages.size() >= 4 + full);
    CHECK_EQ(pages[2].granule, int64_t{960});
    for (size_t i = 3; i < 3 + full; ++i) {
      CHECK_EQ(pages[i].granule, int64_t{-1});
      CHECK_EQ(pages[i].body.size(), size_t{65025});
      CHECK_EQ(pages[i].continued(), i > 3);
    }
    CHECK_EQ(pages[3 + full].continued(), full > 0);
    CHECK_EQ(pages.back().granule, int64_t{3 * 960 - 5});
    CHECK(AudioPackets(pages) == packets);
  }
}

TEST_ONCE("OggOpusWriter takes a packet's duration from its TOC") {
  // Configurations 0 to 31 (RFC 6716 3.1, table 2), samples at 48 kHz.
  constexpr std::array kFrameSamples = {480,  960, 1920, 2880, 480, 960, 1920, 2880, 480, 960, 1920,
                                        2880, 480, 960,  480,  960, 120, 240,  480,  960, 120, 240,
                                        480,  960, 120,  240,  480, 960, 120,  240,  480, 960};
  for (size_t config = 0; config < kFrameSamples.size(); ++config) {
    for (const int frames : {1, 2, 3}) {
      const int64_t samples = frames * kFrameSamples[config];
      if (samples > 5760) continue;
      const auto toc = static_cast<uint8_t>(config << 3 | static_cast<size_t>(frames == 3 ? 3 : frames - 1));
      OggOpusWriterOptions options = Mono(0);
      options.head.preskip = 0;
      File file(options);
      file.Add(frames == 3 ? Bytes{toc, 3, 1, 2, 3} : Bytes{toc, 1, 2});
      file.Add(Packet20Ms(2));
      CHECK(Granules(file.Finish()) == std::vector<int64_t>({0, 0, samples, samples + 960}));
    }
  }
}

TEST_ONCE("OggOpusWriter takes packets of several streams") {
  OggOpusWriterOptions options = Mono();
  options.head = OpusHeadFor(3).value();  // two streams
  File file(options);
  file.Add({31 << 3, 2, 9, 9, 31 << 3, 7});  // self-delimited: two bytes (RFC 6716 B); then one to the end
  Bytes room(file.writer.MaxOutputBytes(2));
  CHECK(CodeOf(file.writer.WritePacket(Bytes{31 << 3, 7}, room)) == "ERR_OPUS_BAD_PACKET");
  CHECK(Granules(file.Finish()) == std::vector<int64_t>({0, 0, 960}));
}

TEST_ONCE("OggOpusWriter counts granules beyond 32 bits") {
  OggOpusWriterOptions options = Mono(0);
  options.head.preskip = 0;
  auto writer = OggOpusWriter::Create(options);
  REQUIRE(writer.ok());
  const Bytes packet = {31 << 3 | 3, 6};  // 120 ms of nothing
  constexpr uint64_t kPackets = (uint64_t{1} << 32) / 5760 + 3;
  Bytes room(writer.value().MaxOutputBytes(packet.size()));
  Bytes last_page;
  for (uint64_t i = 0; i < kPackets; ++i) {
    const auto written = writer.value().WritePacket(packet, room);
    REQUIRE(written.ok());
    if (written.value() > 0)
      last_page.assign(room.begin(), room.begin() + static_cast<ptrdiff_t>(written.value()));
  }
  const auto end = writer.value().Finish(kPackets * 5760 - 1, room);
  REQUIRE(end.ok());
  last_page.insert(last_page.end(), room.begin(), room.begin() + static_cast<ptrdiff_t>(end.value()));
  const auto pages = Pages(last_page);
  REQUIRE(pages.size() == 2);
  CHECK_EQ(pages[0].granule, static_cast<int64_t>((kPackets - 1) * 5760));
  CHECK_EQ(pages[1].granule, static_cast<int64_t>(kPackets * 5760 - 1));
  CHECK_LE(int64_t{1} << 32, pages[0].granule);
}

// ---- The end

TEST_ONCE("OggOpusWriter trims the end to the sample, by the granule of the last page") {
  for (const uint32_t page_us : {0u, 40'000u, 1'000'000u}) {
    for (const uint64_t trim : {0, 1, 500, 959}) {
      File file(Mono(page_us));
      for (int i = 0; i < 5; ++i) file.Add(Packet20Ms(30));
      const auto pages = file.Finish(5 * 960 - 312 - trim);
      CHECK_EQ(pages.back().granule, static_cast<int64_t>(5 * 960 - trim));
      CHECK(pages.back().last());
      CHECK_EQ(Packets(pages).size(), size_t{7});
    }
  }
}

TEST_ONCE("OggOpusWriter refuses an end that is not there, or before the last packet, and can still finish") {
  for (const uint32_t page_us : {0u, 1'000'000u}) {
    File file(Mono(page_us));
    for (int i = 0; i < 3; ++i) file.Add(Packet20Ms(30));
    CHECK(CodeOf(file.TryFinish(3 * 960 - 312 + 1)) == "ERR_INVALID_LENGTH");
    CHECK(CodeOf(file.TryFinish(~uint64_t{0})) == "ERR_INVALID_LENGTH");
    CHECK(CodeOf(file.TryFinish(2 * 960 - 312)) == "ERR_INVALID_LENGTH");  // the last packet would be idle
    CHECK(CodeOf(file.TryFinish(0)) == "ERR_INVALID_LENGTH");
    CHECK_EQ(file.Finish(2 * 960 - 312 + 1).back().granule, int64_t{2 * 960 + 1});
  }
}

TEST_ONCE("OggOpusWriter fills a link up to its pre-skip: without audio, or with less") {
  for (const uint32_t page_us : {0u, 1'000'000u}) {
    for (const uint16_t preskip : std::initializer_list<uint16_t>{0, 120, 312, 5760, 5761, 65535}) {
      for (const unsigned channels : {1u, 3u}) {
        for (const bool audio : {false, true}) {
          OggOpusWriterOptions options = Mono(page_us);
          options.head = OpusHeadFor(channels).value();
          options.head.preskip = preskip;
          File file(options);
          const Bytes packet =
              channels == 1 ? Bytes{28 << 3, 1} : Bytes{28 << 3, 1, 1, 28 << 3, 1};  // 2.5 ms
          if (audio) file.Add(packet);
          if (preskip >= 120) CHECK(CodeOf(file.TryFinish(1)) == "ERR_INVALID_LENGTH");
          const auto pages = file.Finish();
          const size_t held = audio ? 120 : 0;
          const int64_t end = std::max<int64_t>(preskip, static_cast<int64_t>(held));
          CHECK_EQ(pages.back().granule, end);
          CHECK(pages.back().last());
          CHECK_LE(size_t{1}, pages.back().Ends());
          // As many fillers as reach the pre-skip, and one where there is nothing else.
          const size_t missing = preskip > held ? preskip - held : 0;
          const size_t fillers = std::max<size_t>((missing + 5759) / 5760, audio ? 0 : 1);
          const auto packets = AudioPackets(pages);
          REQUIRE(packets.size() == fillers + (audio ? 1 : 0));
          for (size_t i = audio ? 1 : 0; i < packets.size(); ++i)
            CHECK_EQ(OpusPacketSamples(packets[i], options.head.streams), 5760u);
          for (size_t i = 3; i < pages.size(); ++i) CHECK_LE(pages[i - 1].granule, pages[i].granule);
        }
      }
    }
  }
}

TEST_ONCE("OggOpusWriter has room for a whole page and all that fills the pre-skip") {
  OggOpusWriterOptions options = Mono(0);
  options.head.preskip = 65535;
  File file(options);
  file.Add(PaddedPacket(65024));
  const auto pages = file.Finish();
  REQUIRE(pages.size() == 3 + (65535 - 960 + 5759) / 5760);
  CHECK_EQ(pages[2].body.size(), size_t{65024});
}

TEST_ONCE("OggOpusWriter begins another link after Finish, with the next serial number") {
  OggOpusWriterOptions options = Mono();
  options.serial = 0xFFFFFFFF;
  File file(options);
  std::vector<Bytes> links;
  for (int link = 0; link < 3; ++link) {
    const size_t begin = file.bytes.size();
    for (int i = 0; i < 60; ++i) file.Add(Packet20Ms(20));
    file.Finish(60 * 960 - 312 - 10);
    CHECK_EQ(file.TryFinish().value(), size_t{0});  // finished already
    links.emplace_back(file.bytes.begin() + static_cast<ptrdiff_t>(begin), file.bytes.end());
  }
  for (uint32_t link = 0; link < 3; ++link) {
    const auto pages = Pages(links[link]);
    REQUIRE(pages.size() == 4);
    for (uint32_t i = 0; i < 4; ++i) {
      CHECK_EQ(pages[i].serial, 0xFFFFFFFF + link);  // modulo 2^32
      CHECK_EQ(pages[i].sequence, i);
    }
    CHECK(pages[0].first() && pages[3].last());
    CHECK(Granules(pages) == std::vector<int64_t>({0, 0, 48000, 60 * 960 - 10}));
  }
}

// ---- Bad input

TEST_ONCE("OggOpusWriter refuses what is no Opus packet, and takes nothing then") {
  File file(Mono());
  const std::vector<Bytes> bad = {
      {},                      // no TOC (R1)
      {31 << 3 | 1, 1, 2, 3},  // two frames of equal size in 3 bytes
      {31 << 3 | 2, 200, 1},   // a frame that runs past the packet
      {31 << 3 | 3},           // no frame count
      {31 << 3 | 3, 0},        // no frames
      {31 << 3 | 3, 7},        // 140 ms
      {3 << 3 | 3, 3},         // 180 ms
      Packet20Ms(1277),        // a frame of 1276 bytes
  };
  for (const Bytes& packet : bad) {
    const auto result = file.Write(file.writer.MaxOutputBytes(packet.size()),
                                   [&](auto room) { return file.writer.WritePacket(packet, room); });
    CHECK(CodeOf(result) == "ERR_OPUS_BAD_PACKET");
    CHECK(result.ok() || result.error().message.find("RFC 6716 3.4") != std::string::npos);
  }
  file.Add(Packet20Ms(5));
  const auto pages = file.Finish();
  CHECK_EQ(Packets(pages).size(), size_t{3});
}

TEST_ONCE("OggOpusWriter refuses too little room, and takes nothing then") {
  File file(Mono());
  const Bytes packet = Packet20Ms(100);
  Bytes room(file.writer.MaxOutputBytes(packet.size()) - 1);
  for (int i = 0; i < 3; ++i) {
    CHECK(CodeOf(file.writer.WritePacket(packet, room)) == "ERR_OUTPUT_TOO_SMALL");
    file.Add(packet);
  }
  Bytes short_room(file.writer.MaxOutputBytes(0) - 1);
  CHECK(CodeOf(file.writer.Finish({}, short_room)) == "ERR_OUTPUT_TOO_SMALL");
  CHECK_EQ(file.Finish().back().granule, int64_t{3 * 960});
}

TEST_ONCE("OggOpusWriter refuses options out of range") {
  const auto refused = [](auto change, ErrorCode code) {
    OggOpusWriterOptions options = Mono();
    change(options);
    const auto writer = OggOpusWriter::Create(options);
    return !writer.ok() && writer.error().code == code && !writer.error().message.empty();
  };
  using Options = OggOpusWriterOptions;
  CHECK(refused([](Options& o) { o.head.channels = 0; }, ErrorCode::kInvalidOption));
  CHECK(refused([](Options& o) { o.head.channels = 3; }, ErrorCode::kInvalidOption));
  CHECK(refused([](Options& o) { o.head.family = 2; }, ErrorCode::kInvalidOption));
  const auto surround = [](auto change) {
    return [=](Options& o) {
      o.head = OpusHeadFor(6).value();
      change(o.head);
    };
  };
  CHECK(refused(surround([](OpusHead& h) { h.channels = 9; }), ErrorCode::kInvalidOption));
  CHECK(refused(surround([](OpusHead& h) { h.streams = 0; }), ErrorCode::kInvalidOption));
  CHECK(refused(surround([](OpusHead& h) { h.coupled = 5; }), ErrorCode::kInvalidOption));
  CHECK(refused(surround([](OpusHead& h) { h.mapping[2] = 6; }), ErrorCode::kInvalidOption));
  CHECK(refused([](Options& o) { o.page_us = kMaxOggPageUs + 1; }, ErrorCode::kInvalidOption));
  for (const char* comment : {"", "=", "=value", "TITLE", "T\xC3\xA4G=x", "T~G=x", "T\nG=x"})
    CHECK(refused([&](Options& o) { o.comments = {comment}; }, ErrorCode::kInvalidOption));
  CHECK(
      refused([](Options& o) { o.comments = {"X=" + std::string(125'829'120, 'x')}; }, ErrorCode::kTooLarge));
  const auto fine = [](const char* comment) {
    OggOpusWriterOptions options = Mono();
    options.comments = {comment};
    return OggOpusWriter::Create(options).ok();
  };
  CHECK(fine("TITLE=") && fine("A B=\xC3\xA4=\n") && fine(" }=x"));
}

}  // namespace
}  // namespace sluice
