// OggOpusReader: a test per row of the decision table of docs/ogg.md. Every file is read whole, byte by byte
// and cut at random; all readings must agree. OpusHead and OpusTags have their own tests here too.
#include "core/ogg_opus_reader.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "check.h"
#include "ogg_stream.h"

namespace sluice {
namespace {

using Event = OggOpusReader::Event;
using Names = std::set<std::string>;

// ---- reading files

struct Outcome {
  // code, offset, message
  std::optional<std::tuple<ErrorCode, uint64_t, std::string>> error;
  std::vector<std::tuple<OpusHead, std::string, uint64_t, uint32_t, uint64_t>>
      links;  // head, vendor, comments, serial, samples
  std::vector<std::tuple<Bytes, uint32_t, uint32_t, uint32_t, uint32_t, uint64_t>>
      packets;  // bytes, samples, begin, end, link, position
  uint64_t samples = 0;
  Names warnings;
  bool operator==(const Outcome&) const = default;

  std::vector<uint64_t> LinkSamples() const {
    std::vector<uint64_t> samples_of;
    for (const auto& link : links) samples_of.push_back(std::get<4>(link));
    return samples_of;
  }
};

class Reading {
 public:
  Outcome Read(const Bytes& file, size_t most, bool random) {
    reader_.Reset();
    heads_.clear();
    outcome_ = {};
    std::mt19937 engine(static_cast<uint32_t>(most));
    for (size_t at = 0; at < file.size() && !outcome_.error;) {
      const size_t wanted = most == 0 ? file.size() : random ? engine() % (most + 1) : most;
      const size_t size = std::min(wanted, file.size() - at);
      const Bytes piece(file.begin() + static_cast<ptrdiff_t>(at),
                        file.begin() + static_cast<ptrdiff_t>(at + size));
      at += size;
      std::span<const uint8_t> input(piece);
      while (Take(reader_.Next(input))) {
      }
    }
    while (!outcome_.error && Take(reader_.Finish())) {
    }
    Settle();
    return outcome_;
  }

 private:
  // Whether to go on.
  bool Take(const Result<Event>& event) {
    if (!event.ok()) {
      const auto facts = [](const Error& error) {
        return std::tuple(error.code, error.byte_offset, error.message);
      };
      outcome_.error = facts(event.error());
      std::span<const uint8_t> nothing;
      CHECK(facts(reader_.Next(nothing).error()) == *outcome_.error);
      CHECK(facts(reader_.Finish().error()) == *outcome_.error);
      return false;
    }
    if (event.value() == Event::kLink) {
      CHECK(&reader_.link() == &reader_.links().back());
      heads_.push_back(reader_.head());
      CHECK_EQ(reader_.link().samples, uint64_t{0});
    }
    if (event.value() == Event::kPacket) {
      const OggOpusPacket& packet = reader_.packet();
      CHECK(packet.begin <= packet.end && packet.end <= packet.samples);
      outcome_.packets.emplace_back(Bytes(packet.bytes.begin(), packet.bytes.end()), packet.samples,
                                    packet.begin, packet.end, packet.link, packet.position);
    }
    return event.value() != Event::kNone;
  }

  void Settle() {
    REQUIRE(heads_.size() == reader_.links().size());
    for (size_t i = 0; i < heads_.size(); ++i) {
      const OggOpusLink& link = reader_.links()[i];
      const auto facts = [](const auto& of) {
        return std::tuple(of.channels, of.preskip, of.input_rate_hz, of.gain_q8);
      };
      CHECK(facts(link) == facts(heads_[i]));
      outcome_.links.emplace_back(heads_[i], link.tags.vendor, link.tags.comment_count, link.serial,
                                  link.samples);
    }
    if (outcome_.error) return;
    CHECK(reader_.Finish().value() == Event::kNone);
    outcome_.samples = reader_.samples();
    for (unsigned i = 0; i < 32; ++i)
      if ((reader_.warnings() >> i & 1) != 0)
        outcome_.warnings.insert(OggWarningName(static_cast<OggWarning>(i)));
    uint64_t counted = 0;
    for (const auto& packet : outcome_.packets) counted += std::get<3>(packet) - std::get<2>(packet);
    CHECK_EQ(counted, outcome_.samples);
  }

  OggOpusReader reader_;
  std::vector<OpusHead> heads_;
  Outcome outcome_;
};

Outcome Read(const Bytes& file) {
  Reading reading;
  const Outcome whole = reading.Read(file, 0, false);
  CHECK(reading.Read(file, 1, false) == whole);
  for (const size_t most : {3u, 50u, 500u}) CHECK(reading.Read(file, most, true) == whole);
  return whole;
}
Outcome Read(const Pages& pages) { return Read(File(pages)); }

// The samples and warnings of a file that is read.
void CheckReads(const Pages& pages, uint64_t samples, const Names& warnings) {
  const Outcome outcome = Read(pages);
  CHECK(!outcome.error);
  CHECK_EQ(outcome.samples, samples);
  CHECK(outcome.warnings == warnings);
}

void CheckFails(const Bytes& file, ErrorCode code, std::string_view words, uint64_t offset) {
  const Outcome outcome = Read(file);
  REQUIRE(outcome.error.has_value());
  const auto& [got, at, message] = *outcome.error;
  CHECK(got == code);
  CHECK_EQ(at, offset);
  if (message.find(words) == std::string::npos) check::Fail(__FILE__, __LINE__, message);
}

constexpr uint64_t kFrame = 960;
constexpr int64_t kSecond = 48000;

// Headers and four packets on two pages, 3840 samples in all; `last` as given, or what there is.
Pages Plain(uint32_t serial = 1, const OpusHead& head = Head(), int64_t last = 3840) {
  Stream stream(serial);
  const Pages headers = stream.Headers(head);
  const StreamPage first = stream.Page(1920, Packets(2));
  return headers + Pages{first, stream.Last(last, Packets(2))};
}

// ---- one link

TEST_ONCE("OggOpusReader hands out the link, then each packet with its place") {
  Stream stream(7);
  const OpusHead head = Head(2, 100);
  const Pages pages = stream.Headers(head, TagsPacket("vendor", {"A=1", "B=2"})) +
                      Pages{stream.Page(1920, {Packet(10), Packet(255)}), stream.Last(2500, {Packet(600)})};
  const Outcome outcome = Read(pages);
  REQUIRE(outcome.links.size() == 1 && outcome.packets.size() == 3);
  CHECK(outcome.links[0] == std::tuple(head, std::string("vendor"), uint64_t{2}, 7u, uint64_t{2400}));
  CHECK(outcome.packets[0] == std::tuple(Packet(10), 960u, 100u, 960u, 0u, uint64_t{0}));
  CHECK(outcome.packets[1] == std::tuple(Packet(255), 960u, 0u, 960u, 0u, uint64_t{860}));
  CHECK(outcome.packets[2] == std::tuple(Packet(600), 960u, 0u, 580u, 0u, uint64_t{1820}));
  CHECK(outcome.warnings.empty());
}

TEST_ONCE("OggOpusReader subtracts the pre-skip, also from several packets and from all") {
  CheckReads(Plain(1, Head(1, 312)), 3840 - 312, {});
  const Outcome outcome = Read(Plain(1, Head(1, 1000)));
  REQUIRE(outcome.packets.size() == 4);
  CHECK(outcome.packets[0] == std::tuple(Packet(), 960u, 960u, 960u, 0u, uint64_t{0}));
  CHECK(outcome.packets[1] == std::tuple(Packet(), 960u, 40u, 960u, 0u, uint64_t{0}));
  CheckReads(Plain(1, Head(1, 3840)), 0, {"no-audio"});
  CheckReads(Plain(1, Head(1, 3841)), 0, {"no-audio", "preskip-exceeds-audio"});
  CheckReads(Plain(1, Head(1, 3000), 2900), 0, {"no-audio", "preskip-exceeds-audio"});
}

TEST_ONCE("OggOpusReader trims the end by the granule of the last page alone") {
  CheckReads(Plain(1, Head(), 3839), 3839, {});
  CheckReads(Plain(1, Head(), 1920), 1920, {});  // all of the last page
  CheckReads(Plain(1, Head(), 5000), 3840, {});  // more than there is
  CheckReads(Plain(1, Head(), 1000), 3840, {"granule-backwards"});
  Stream one;  // the first page is the last
  CheckReads(one.Headers() + Pages{one.Last(100, Packets(2))}, 100, {});
}

TEST_ONCE("OggOpusReader counts what plays, wherever the granules begin") {
  for (const int64_t start : {kSecond, int64_t{1} << 62}) {
    Stream stream;
    CheckReads(
        stream.Headers() + Pages{stream.Page(start + 960, Packets(1)), stream.Last(start + 1000, Packets(1))},
        1000, {});
  }
}

TEST_ONCE("OggOpusReader survives granules at the ends of 64 bits") {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const auto with = [](int64_t first, int64_t last) {
    Stream stream;
    return stream.Headers() + Pages{stream.Page(first, Packets(1)), stream.Last(last, Packets(1))};
  };
  CheckReads(with(kLeast, kMost), 1920, {"granule-negative"});
  CheckReads(with(kMost, kLeast), 1920, {"granule-backwards"});
  CheckReads(with(kLeast, kLeast + 5), 965, {"granule-negative"});
  CheckReads(with(-1, -1), 960, {"granule-negative"});
}

TEST_ONCE("OggOpusReader trims nothing when no packet ends on the EOS page") {
  Stream stream;
  CheckReads(stream.Headers() + Pages{stream.Page(1000, Packets(1)), stream.Last(1000, {})}, 960, {});
  Stream other;
  StreamPage open = other.Raw(-1, {255}, Bytes(255, 0xF8));
  open.last = true;
  CheckReads(other.Headers() + Pages{other.Page(960, Packets(1)), open}, 960,
             {"packet-incomplete", "page-lost"});
}

TEST_ONCE("OggOpusReader trims nothing without EOS, and says that it is missing") {
  Stream stream;
  CheckReads(stream.Headers() + Pages{stream.Page(960, Packets(1)), stream.Page(1000, Packets(1))}, 1920,
             {"eos-missing"});
}

TEST_ONCE("OggOpusReader reports granules that contradict the packets, and plays these") {
  Stream stream;
  CheckReads(stream.Headers() + Pages{stream.Page(959, Packets(1)), stream.Last(1919, Packets(1))}, 1920,
             {"granule-negative"});
  Stream back;
  CheckReads(back.Headers() +
                 Pages{back.Page(1920, Packets(2)), back.Page(1919, Packets(1)), back.Last(3840, Packets(1))},
             3840, {"granule-backwards"});
}

TEST_ONCE("OggOpusReader ignores the granules of header pages") {
  Pages pages = Plain();
  pages[0].granule = pages[1].granule = 123456;
  CheckReads(pages, 3840, {});
}

TEST_ONCE("OggOpusReader gives headers without audio as no samples") {
  Stream stream;
  CheckReads(stream.Headers(Head(1, 312)), 0, {"eos-missing", "no-audio"});
}

TEST_ONCE("OggOpusReader skips packets that break RFC 6716") {
  Stream stream;
  const Pages pages = stream.Headers() +
                      Pages{stream.Page(960, {Packet(), {}}), stream.Last(1920, {Bytes{0xFB, 0}, Packet()})};
  CheckReads(pages, 1920, {"packet-bad"});
}

TEST_ONCE("OggOpusReader wants every stream of a packet to be sound and as long as the others") {
  OpusHead head = Head(2);
  head.family = 255;
  head.streams = 2;
  head.coupled = 0;
  Stream stream;
  const Bytes good = {0xF8, 1, 9, 0xF8, 9};
  const Bytes of_two_lengths = {0xF8, 1, 9, 0xF0, 9};
  const Bytes of_one_stream = {0xF8, 1, 9};
  CheckReads(stream.Headers(head) + Pages{stream.Last(2880, {good, of_two_lengths, of_one_stream})}, 960,
             {"packet-bad"});
}

TEST_ONCE("OggOpusReader plays audio that shares the page on which OpusTags ends") {
  Stream stream;
  const StreamPage head = stream.First(HeadPacket(Head(1, 60)));
  const StreamPage shared = stream.Page(960, {TagsPacket(), Packet()});
  CheckReads({head, shared, stream.Last(1910, Packets(1))}, 1850, {"header-page-shared"});
  Stream all;
  StreamPage one = all.Last(900, {HeadPacket(Head()), TagsPacket(), Packet()});
  one.first = true;
  CheckReads({one}, 900, {"header-page-shared"});
}

// ---- pages that are missing, or there twice

TEST_ONCE("OggOpusReader adds nothing for pages that are lost") {
  Pages pages = Plain();
  pages.erase(pages.begin() + 2);
  CheckReads(pages, 1920, {"page-lost"});
  Bytes damaged = File(Plain());
  damaged[File({Plain()[0], Plain()[1]}).size() + 50] ^= 1;
  const Outcome outcome = Read(damaged);
  CHECK_EQ(outcome.samples, uint64_t{1920});
  CHECK(outcome.warnings == (Names{"crc-bad", "page-lost"}));
}

TEST_ONCE("OggOpusReader plays pages in the order of the file") {
  Stream stream;
  const Pages headers = stream.Headers();
  const StreamPage a = stream.Page(960, {Packet(10)});
  const StreamPage b = stream.Page(1920, {Packet(20)});
  const StreamPage c = stream.Last(2880, {Packet(30)});
  const Outcome outcome = Read(headers + Pages{b, a, c});
  REQUIRE(outcome.packets.size() == 3);
  CHECK(std::get<0>(outcome.packets[0]) == Packet(20));
  CHECK(outcome.warnings == (Names{"granule-backwards", "page-lost"}));
  CHECK_EQ(Read(headers + Pages{a, c, b}).samples, 3 * kFrame);
}

TEST_ONCE("OggOpusReader counts one copy of a page that comes twice") {
  for (size_t twice = 0; twice < 4; ++twice) {
    Pages pages = Plain();
    pages.insert(pages.begin() + static_cast<ptrdiff_t>(twice), pages[twice]);
    CheckReads(pages, 3840, {"page-duplicated"});
  }
}

TEST_ONCE("OggOpusReader numbers pages modulo 2^32") {
  Pages pages = Plain();
  for (size_t i = 0; i < pages.size(); ++i) pages[i].sequence = static_cast<uint32_t>(i) - 2;
  CheckReads(pages, 3840, {});
}

// ---- packets that span pages

// A packet of 700 bytes over three pages: 255 + 255 + 190.
struct Spanning {
  Stream stream;
  Pages headers = stream.Headers();
  Bytes packet = Packet(700);
  StreamPage a = stream.Raw(960, {40, 255}, Join({Packet(40), {packet.begin(), packet.begin() + 255}}));
  StreamPage b = stream.Raw(-1, {255}, {packet.begin() + 255, packet.begin() + 510}, true);
  StreamPage c = stream.Raw(2880, {190, 40}, Join({{packet.begin() + 510, packet.end()}, Packet(40)}), true);
  StreamPage d = stream.Last(3840, {Packet(50)});
};

TEST_ONCE("OggOpusReader joins packets that span pages") {
  const Spanning s;
  const Outcome outcome = Read(s.headers + Pages{s.a, s.b, s.c, s.d});
  CHECK(outcome.warnings.empty());
  REQUIRE(outcome.packets.size() == 4);
  CHECK(std::get<0>(outcome.packets[1]) == s.packet);
  CHECK_EQ(outcome.samples, 4 * kFrame);
}

TEST_ONCE("OggOpusReader drops the packet of which a page is lost, and no other") {
  const Spanning s;
  CheckReads(s.headers + Pages{s.b, s.c, s.d}, 2 * kFrame, {"page-lost", "packet-incomplete"});
  CheckReads(s.headers + Pages{s.a, s.c, s.d}, 3 * kFrame, {"page-lost", "packet-incomplete"});
  CheckReads(s.headers + Pages{s.a, s.b, s.d}, 2 * kFrame, {"page-lost", "packet-incomplete"});
  CheckReads(s.headers + Pages{s.a, s.b, s.b, s.c, s.d}, 4 * kFrame, {"page-duplicated"});
}

TEST_ONCE("OggOpusReader trims by the granule of a page on which only a dropped packet ends") {
  Spanning s;
  s.c = s.stream.Raw(1920, {190}, {s.packet.begin() + 510, s.packet.end()}, true);
  s.d = s.stream.Last(1930, {Packet()});
  CheckReads(s.headers + Pages{s.a, s.c, s.d}, 960 + 10, {"page-lost", "packet-incomplete"});
}

TEST_ONCE("OggOpusReader drops what is not continued, and a continuation of nothing") {
  Spanning s;
  s.b.continued = false;  // a packet of its own, of 255 + 190 bytes
  CheckReads(s.headers + Pages{s.a, s.b, s.c, s.d}, 3 * kFrame, {"packet-incomplete", "packet-bad"});
  Pages pages = Plain();
  pages[3].continued = true;
  CheckReads(pages, 3 * kFrame, {"packet-incomplete"});
}

TEST_ONCE("OggOpusReader drops a packet that the file ends in") {
  const Spanning s;
  CheckReads(s.headers + Pages{s.a, s.b}, kFrame, {"eos-missing", "packet-incomplete"});
}

TEST_ONCE("OggOpusReader takes a packet that ends with a lacing value of 0 on the next page") {
  Stream stream;
  const Pages headers = stream.Headers();
  const StreamPage open = stream.Raw(-1, {255, 255}, Packet(510));
  StreamPage rest = stream.Raw(960, {0}, {}, true);
  rest.last = true;
  CheckReads(headers + Pages{open, rest}, kFrame, {});
}

TEST_ONCE("OggOpusReader holds no packet that is too long to be one") {
  // A frame of one byte and 65 kB of padding a page: sound by RFC 6716, as long as anybody likes.
  const auto padded = [](size_t pages_of_it) {
    Stream stream;
    Pages pages = stream.Headers();
    Bytes begin(65025, 255);
    begin[0] = 0xFB;
    begin[1] = 0x41;
    pages.push_back(stream.Raw(-1, Bytes(255, 255), begin));
    for (size_t i = 1; i < pages_of_it; ++i)
      pages.push_back(stream.Raw(-1, Bytes(255, 255), Bytes(65025, 255), true));
    // Then one that is not too long, over two pages as well.
    const Bytes packet = Packet(300);
    pages.push_back(stream.Raw(0, {9, 255}, Join({Bytes(9), {packet.begin(), packet.begin() + 255}}), true));
    pages.push_back(stream.Raw(960, {45}, {packet.begin() + 255, packet.end()}, true));
    pages.back().last = true;
    return pages;
  };
  Reading reading;
  const Outcome outcome = reading.Read(File(padded(40)), 0, false);
  CHECK_EQ(outcome.packets.size(), size_t{1});
  CHECK(outcome.warnings == Names{"packet-bad"});
  CHECK(reading.Read(File(padded(40)), 1000, false) == outcome);
}

// ---- headers

TEST_ONCE("OggOpusReader takes headers that come twice for one, before any audio") {
  Stream stream;
  const Pages headers = stream.Headers();
  const Pages audio = {stream.Page(960, Packets(1)), stream.Last(1920, Packets(1))};
  CheckReads(headers + headers + audio, 1920, {"duplicate-headers"});
  CheckReads(headers + headers + headers + audio, 1920, {"duplicate-headers"});
  CheckReads(headers + Pages{headers[0]} + audio, 1920, {"duplicate-headers", "page-lost"});
  Pages other_number = headers;
  other_number[0].sequence = 9;
  other_number[1].sequence = 10;
  for (StreamPage page : audio) other_number.push_back((page.sequence += 9, page));
  CheckReads(Pages{headers[0]} + other_number, 1920, {"duplicate-headers"});
}

TEST_ONCE("OggOpusReader takes second OpusTags of any size for no audio") {
  Stream stream;
  const Pages headers = stream.Headers();
  const Bytes tags = TagsPacket(std::string(300, 'v'));
  Stream again;
  const Pages second = {
      again.First(HeadPacket(Head())), again.Raw(0, {255}, {tags.begin(), tags.begin() + 255}),
      again.Raw(0, {static_cast<uint8_t>(tags.size() - 255)}, {tags.begin() + 255, tags.end()}, true),
      again.Last(960, Packets(1))};
  CheckReads(headers + second, 960, {"duplicate-headers"});
}

TEST_ONCE("OggOpusReader reads OpusTags that span pages") {
  Stream stream;
  const Bytes tags = TagsPacket("vendor", {std::string(600, 'x'), "B=2"});
  Pages pages = {stream.First(HeadPacket(Head()))};
  for (size_t at = 0; at < tags.size(); at += 255) {
    const size_t size = std::min<size_t>(255, tags.size() - at);
    pages.push_back(stream.Raw(0, {static_cast<uint8_t>(size)},
                               {tags.begin() + ptrdiff_t(at), tags.begin() + ptrdiff_t(at + size)}, at > 0));
  }
  pages.push_back(stream.Last(960, Packets(1)));
  const Outcome outcome = Read(pages);
  CHECK(!outcome.error);
  CHECK(outcome.warnings.empty());
  REQUIRE(outcome.links.size() == 1);
  CHECK_EQ(std::get<2>(outcome.links[0]), uint64_t{2});
}

TEST_ONCE("OggOpusReader refuses a stream without its OpusTags") {
  Stream stream;
  const StreamPage head = stream.First(HeadPacket(Head()));
  const size_t size = File({head}).size();
  const StreamPage stray = Stream(99).Page(0, {});
  CheckFails(File({head, stream.Page(960, Packets(1))}), ErrorCode::kOpusBadTags, "not OpusTags", size + 28);
  CheckFails(File({head}), ErrorCode::kOpusBadTags, "before its OpusTags", size);
  // Another link begins, or the file goes on without the stream.
  CheckFails(File(Plain(1) + Pages{head} + Pages{stray} + Plain(2)), ErrorCode::kOpusBadTags,
             "before its OpusTags", File(Plain(1)).size() + size + File({stray}).size());
  CheckFails(File(Pages{head} + Plain(2)), ErrorCode::kOpusBadTags, "before its OpusTags",
             size + File(Plain(2)).size());
}

TEST_ONCE("OggOpusReader refuses an OpusHead that does not end on its page") {
  Stream stream;
  StreamPage head = stream.Raw(0, {255}, Join({HeadPacket(Head()), Bytes(236)}));
  head.first = true;
  CheckFails(File({head}), ErrorCode::kOpusBadHead, "runs past its page", 28);
}

TEST_ONCE("OggOpusReader takes the first page for a beginning, whatever its flags say") {
  Pages pages = Plain();
  pages[0].continued = true;
  CheckReads(pages, 3840, {});
}

// ---- links and streams

TEST_ONCE("OggOpusReader reports chained links apart") {
  const Outcome outcome = Read(Plain(1, Head(1, 100)) + Plain(2, Head(2, 50), 3000));
  CHECK(!outcome.error);
  CHECK(outcome.warnings.empty());
  CHECK(outcome.LinkSamples() == (std::vector<uint64_t>{3740, 2950}));
  REQUIRE(outcome.packets.size() == 8);
  CHECK(outcome.packets[4] == std::tuple(Packet(), 960u, 50u, 960u, 1u, uint64_t{0}));
  CHECK_EQ(std::get<0>(outcome.links[1]).channels, 2);
}

TEST_ONCE("OggOpusReader reads both links of one serial number") {
  const Outcome outcome = Read(Plain() + Plain());
  CHECK(outcome.LinkSamples() == (std::vector<uint64_t>{3840, 3840}));
  CHECK(outcome.warnings == Names{"serial-reused"});
}

TEST_ONCE("OggOpusReader misses the EOS of a link in the middle") {
  Pages first = Plain();
  first.back().last = false;
  CheckReads(first + Plain(2), 7680, {"eos-missing"});
}

TEST_ONCE("OggOpusReader ends a packet with its link") {
  const Spanning s;
  CheckReads(s.headers + Pages{s.a, s.b} + Plain(2), 960 + 3840, {"eos-missing", "packet-incomplete"});
}

TEST_ONCE("OggOpusReader salvages the links before one that is cut in its headers") {
  const Bytes first = File(Plain());
  const Bytes second = File(Plain(2));
  const size_t head = File({Plain(2)[0]}).size();
  for (size_t cut = 1; cut < head + Plain()[1].ToBytes().size(); ++cut) {
    const Outcome outcome = Read(Join({first, {second.begin(), second.begin() + ptrdiff_t(cut)}}));
    CHECK(!outcome.error);
    CHECK(outcome.LinkSamples() == std::vector<uint64_t>{3840});
    CHECK(outcome.warnings == Names{cut == head ? "eos-missing" : "truncated"});
  }
}

TEST_ONCE("OggOpusReader salvages a file wherever it is cut") {
  const Bytes file = File(Plain());
  std::vector<size_t> ends = {0};
  for (const StreamPage& page : Plain()) ends.push_back(ends.back() + page.ToBytes().size());
  for (size_t cut = ends[2]; cut < file.size(); ++cut) {
    const Outcome outcome = Read(Bytes(file.begin(), file.begin() + ptrdiff_t(cut)));
    CHECK(!outcome.error);
    const uint64_t samples = cut < ends[3] ? 0 : 1920;
    CHECK_EQ(outcome.samples, samples);
    Names warnings = {cut == ends[2] || cut == ends[3] ? "eos-missing" : "truncated"};
    if (samples == 0) warnings.insert("no-audio");
    CHECK(outcome.warnings == warnings);
  }
}

// A stream that is not Opus, of two pages.
Pages Foreign(uint32_t serial, std::string_view magic = "\x01vorbis") {
  Stream stream(serial);
  const StreamPage first = stream.First(Join({Ascii(magic), Bytes(20)}));
  return {first, stream.Last(100, {Bytes(30, 3)})};
}

TEST_ONCE("OggOpusReader reads the Opus stream among others") {
  const Pages opus = Plain();
  const Pages other = Foreign(2);
  CheckReads(Pages{opus[0], other[0], opus[1], other[1], opus[2], opus[3]}, 3840, {"stream-skipped"});
  CheckReads(Pages{other[0], opus[0], opus[1], other[1], opus[2], opus[3]}, 3840, {"stream-skipped"});
  CheckReads(opus + other, 3840, {"stream-skipped"});
  CheckReads(other + opus, 3840, {"stream-skipped"});
}

TEST_ONCE(
    "OggOpusReader takes the first page of a stream that is skipped for a duplicate where it comes twice") {
  const Pages opus = Plain();
  const Pages other = Foreign(2);
  const Pages third = Foreign(3);
  const Pages rest{opus[1], opus[2], opus[3]};
  const Names twice = {"stream-skipped", "page-duplicated"};
  CheckReads(Pages{opus[0], other[0], other[0]} + rest, 3840, twice);
  CheckReads(Pages{other[0], other[0], opus[0]} + rest, 3840, twice);
  CheckReads(Pages{other[0], third[0], other[0], opus[0]} + rest, 3840, twice);
  // Not when its granule is another, or when a page of it came in between.
  StreamPage changed = other[0];
  changed.granule = 5;
  const Names reused = {"stream-skipped", "serial-reused"};
  CheckReads(Pages{opus[0], other[0], changed} + rest, 3840, reused);
  CheckReads(opus + other + Pages{other[0]}, 3840, reused);
}

TEST_ONCE("OggOpusReader reads the first of two Opus streams") {
  const Pages a = Plain();
  const Pages b = Plain(2, Head(2));
  const Outcome outcome = Read(Pages{a[0], b[0], a[1], b[1], a[2], b[2], b[3], a[3]});
  REQUIRE(outcome.links.size() == 1);
  CHECK_EQ(std::get<3>(outcome.links[0]), 1u);
  CHECK_EQ(outcome.samples, uint64_t{3840});
  CHECK(outcome.warnings == Names{"stream-skipped"});
}

TEST_ONCE("OggOpusReader takes no page of another stream that has its serial number for its own") {
  CheckReads(Plain() + Foreign(1), 3840, {"serial-reused", "stream-skipped"});
}

TEST_ONCE("OggOpusReader ignores pages of streams that nothing announced") {
  Pages pages = Plain();
  Stream stray(99);
  pages.insert(pages.begin() + 3, stray.Page(5, Packets(2)));
  CheckReads(pages, 3840, {"stray-page"});
  CheckReads(Pages{stray.Page(5, Packets(2))} + Plain(), 3840, {"stray-page"});
}

// ---- what is held

TEST_ONCE("OggOpusReader holds no more tags of all links together than of one") {
  // Empty comments, which take 4 bytes each in the file, 16 384 of which have room.
  const Bytes tags = TagsPacket("", std::vector<std::string>(10'000));
  OggOpusReader reader;
  std::vector<size_t> held;
  for (uint32_t serial = 1; serial <= 4; ++serial) {
    const Bytes file = File(Stream(serial).Headers(Head(), tags));
    std::span<const uint8_t> input(file);
    while (reader.Next(input).value() != Event::kNone) {
    }
    held.push_back(reader.link().tags.comments.size());
    CHECK_EQ(reader.link().tags.comment_count, uint64_t{10'000});
  }
  CHECK(held == (std::vector<size_t>{10'000, 6384, 0, 0}));
  const size_t before = OggOpusReader().StateBytes();
  CHECK_LE(before + OpusTagsReader::kMaxTagsBytes, reader.StateBytes());
  CHECK_LE(reader.StateBytes(), before + OpusTagsReader::kMaxTagsBytes + 4 * (2 * sizeof(OggOpusLink) + 64));
}

TEST_ONCE("OggOpusReader counts what it holds of links, tags and streams, and lets go of it on Reset") {
  OggOpusReader reader;
  const size_t before = reader.StateBytes();
  const auto grows_by = [&](const Pages& pages) {
    const size_t bytes = reader.StateBytes();
    const Bytes file = File(pages);
    std::span<const uint8_t> input(file);
    while (reader.Next(input).value() != Event::kNone) {
    }
    return reader.StateBytes() - bytes;
  };
  Pages links;
  for (uint32_t serial = 1; serial <= 1000; ++serial)
    links = links + Stream(serial).Headers(Head(), TagsPacket("", {}));
  const size_t of_links = grows_by(links);
  CHECK_LE(1000 * (88u + 64u), of_links);  // docs/ogg.md
  CHECK_LE(of_links, 1000 * (2 * 88u + 64u));
  CHECK_EQ(grows_by(Pages{Foreign(2000)[0], Foreign(2001)[0]}), size_t{2 * 64});
  const size_t texts = grows_by(Stream(3000).Headers(Head(), TagsPacket("", {"A=1", "B=2"})));
  CHECK_LE(size_t{6}, texts);
  reader.Reset();
  CHECK_EQ(reader.StateBytes(), before);
}

// ---- what is refused

TEST_ONCE("OggOpusReader refuses files without an Opus stream, and names what there is") {
  CheckFails(File(Foreign(1)), ErrorCode::kOggUnsupportedCodec, "Vorbis", 0);
  CheckFails(File(Foreign(1, "Speex   ") + Foreign(2, "\177FLAC")), ErrorCode::kOggUnsupportedCodec,
             "Speex, FLAC", 0);
  CheckFails(File(Foreign(1, "\x80theora")), ErrorCode::kOggUnsupportedCodec, "Theora", 0);
  CheckFails(File(Foreign(1, "?")), ErrorCode::kOggUnsupportedCodec, "unknown", 0);
}

TEST_ONCE("OggOpusReader refuses files in which no stream begins") {
  Pages pages = Plain();
  pages[0].first = false;
  CheckFails(File(pages), ErrorCode::kOggNoBos, "BOS", 0);
  Bytes damaged = File(Plain());
  damaged[30] ^= 1;
  CheckFails(damaged, ErrorCode::kOggNoBos, "damaged", 0);
}

TEST_ONCE("OggOpusReader refuses what is not Ogg, and names what it is") {
  CheckFails({}, ErrorCode::kOggNotOgg, "empty", 0);
  CheckFails(Bytes(100, 0), ErrorCode::kOggNotOgg, "no Ogg page", 0);
  CheckFails(Ascii("Og"), ErrorCode::kOggNotOgg, "no Ogg page", 0);
  const Bytes file = File(Plain());
  CheckFails({file.begin(), file.begin() + 40}, ErrorCode::kOggNotOgg, "40 bytes", 0);
  CheckFails(Join({Ascii("RIFF"), {1, 2, 3, 4}, Ascii("WAVE"), file}), ErrorCode::kUnsupportedContainer,
             "WAV", 0);
  CheckFails({0x1A, 0x45, 0xDF, 0xA3}, ErrorCode::kUnsupportedContainer, "WebM", 0);
  CheckFails(Ascii("fLaC"), ErrorCode::kUnsupportedContainer, "FLAC", 0);
}

TEST_ONCE("OggOpusReader refuses Ogg pages of another version") {
  Bytes file = File(Plain());
  file[4] = 2;
  CheckFails({file.begin(), file.begin() + ptrdiff_t(Plain()[0].ToBytes().size())},
             ErrorCode::kOggUnsupportedVersion, "version 2", 4);
  // With other pages behind it, it is a page like any damaged one.
  CheckFails(file, ErrorCode::kOggNoBos, "", 0);
}

TEST_ONCE("OggOpusReader starts afresh after Reset") {
  OggOpusReader reader;
  const Bytes wav = Ascii("RIFF1234WAVE");
  std::span<const uint8_t> input(wav);
  CHECK(!reader.Next(input).ok());
  reader.Reset();
  CHECK_EQ(reader.offset(), uint64_t{0});
  const Bytes file = File(Plain());
  input = file;
  CHECK(reader.Next(input).value() == Event::kLink);
  CHECK(reader.Next(input).value() == Event::kPacket);
}

TEST_ONCE("OggOpusReader hands out packets that lie whole in the input without copying them") {
  const Bytes file = File(Plain());
  OggOpusReader reader;
  std::span<const uint8_t> input(file);
  CHECK(reader.Next(input).value() == Event::kLink);
  for (int i = 0; i < 4; ++i) {
    CHECK(reader.Next(input).value() == Event::kPacket);
    const uint8_t* bytes = reader.packet().bytes.data();
    CHECK(bytes > file.data() && bytes < file.data() + file.size());
  }
  CHECK(reader.Next(input).value() == Event::kNone);
}

// ---- OpusHead

void CheckHeadFails(const Bytes& packet, ErrorCode code, std::string_view words) {
  const auto head = ParseOpusHead(packet, 1000);
  REQUIRE(!head.ok());
  CHECK(head.error().code == code);
  CHECK(head.error().byte_offset >= 1000 && head.error().byte_offset <= 1000 + packet.size());
  if (head.error().message.find(words) == std::string::npos)
    check::Fail(__FILE__, __LINE__, head.error().message);
}

// Family, channels, streams, coupled, mapping.
Bytes Mapped(uint8_t family, uint8_t channels, uint8_t streams, uint8_t coupled, const Bytes& mapping) {
  return Join({Ascii("OpusHead"), {1, channels, 0, 0, 0, 0, 0, 0, 0, 0, family, streams, coupled}, mapping});
}

TEST_ONCE("ParseOpusHead reads what WriteOpusHead wrote") {
  OpusHead stereo = Head(2, 65535);
  stereo.input_rate_hz = 0xFFFFFFFF;
  stereo.gain_q8 = -32768;
  OpusHead surround = Head(6);
  surround.family = 1;
  surround.streams = 4;
  surround.coupled = 2;
  const Bytes mapping = {0, 4, 1, 2, 3, 255};
  std::ranges::copy(mapping, surround.mapping.begin());
  OpusHead discrete = Head(255);
  discrete.family = discrete.streams = 255;
  for (size_t i = 0; i < 255; ++i) discrete.mapping[i] = static_cast<uint8_t>(i);
  discrete.coupled = 0;
  OpusHead mono = Head();
  mono.mapping[1] = 1;
  for (const OpusHead& head : {mono, stereo, surround, discrete}) {
    const auto read = ParseOpusHead(HeadPacket(head), 0);
    REQUIRE(read.ok());
    CHECK(read.value() == head);
  }
}

TEST_ONCE("ParseOpusHead tolerates minor versions and bytes behind it") {
  Bytes packet = HeadPacket(Head());
  packet[8] = 15;
  packet.resize(100);
  CHECK(ParseOpusHead(packet, 0).ok());
}

TEST_ONCE("ParseOpusHead refuses major versions and mapping families that it does not know") {
  Bytes packet = HeadPacket(Head());
  packet[8] = 16;
  CheckHeadFails(packet, ErrorCode::kOpusUnsupportedVersion, "16");
  for (const uint8_t family : Bytes{2, 3, 200, 254})
    CheckHeadFails(Mapped(family, 1, 1, 0, {0}), ErrorCode::kOpusUnsupportedMapping, std::to_string(family));
}

TEST_ONCE("ParseOpusHead refuses headers that are cut or contradict themselves") {
  const Bytes packet = HeadPacket(Head());
  for (size_t size = 0; size < packet.size(); ++size)
    CheckHeadFails({packet.begin(), packet.begin() + ptrdiff_t(size)}, ErrorCode::kOpusBadHead, "OpusHead");
  CheckHeadFails(HeadPacket(Head(0)), ErrorCode::kOpusBadHead, "0 channels");
  CheckHeadFails(HeadPacket(Head(3)), ErrorCode::kOpusBadHead, "3 channels");
  CheckHeadFails(Mapped(1, 9, 9, 0, Bytes(9)), ErrorCode::kOpusBadHead, "9 channels");
  CheckHeadFails(Mapped(1, 2, 1, 1, {0}), ErrorCode::kOpusBadHead, "no room");
  CheckHeadFails(Mapped(1, 2, 0, 0, {0, 1}), ErrorCode::kOpusBadHead, "0 streams");
  CheckHeadFails(Mapped(1, 2, 1, 2, {0, 1}), ErrorCode::kOpusBadHead, "2 of them coupled");
  CheckHeadFails(Mapped(255, 2, 200, 100, {0, 1}), ErrorCode::kOpusBadHead, "200 streams");
  CheckHeadFails(Mapped(1, 2, 1, 1, {0, 2}), ErrorCode::kOpusBadHead, "channel 1 to 2");
  CHECK(ParseOpusHead(Mapped(1, 2, 1, 0, {0, 255}), 0).ok());
}

// ---- OpusTags

Result<OpusTags> ReadTags(const Bytes& packet, size_t piece = 1000) {
  OpusTagsReader reader;
  for (size_t at = 0; at < packet.size(); at += piece) {
    const auto rest = std::span(packet).subspan(at);
    reader.Feed(rest.first(std::min(piece, rest.size())), 500 + at);
  }
  return reader.Finish();
}

Bytes Le32(uint32_t value) {
  Bytes bytes;
  for (unsigned shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<uint8_t>(value >> shift));
  return bytes;
}

TEST_ONCE("OpusTagsReader reads what WriteOpusTags wrote, in pieces of any size") {
  const std::vector<std::string> comments = {"A=1", "", "no equals sign", "B=\xFF\xFE", "A=1"};
  Bytes packet = WriteOpusTags("vendor", comments);
  packet.resize(packet.size() + 10, 1);  // padding
  for (const size_t piece : {1u, 2u, 7u, 1000u}) {
    const auto tags = ReadTags(packet, piece);
    REQUIRE(tags.ok());
    CHECK(tags.value().vendor == "vendor" && tags.value().comments == comments);
    CHECK_EQ(tags.value().comment_count, uint64_t{5});
  }
}

TEST_ONCE("OpusTagsReader refuses a packet wherever it is cut") {
  const Bytes packet = WriteOpusTags("vendor", std::vector<std::string>{"A=1", "BC=23"});
  for (size_t size = 0; size < packet.size(); ++size) {
    const auto tags = ReadTags({packet.begin(), packet.begin() + ptrdiff_t(size)});
    REQUIRE(!tags.ok());
    CHECK(tags.error().code == ErrorCode::kOpusBadTags);
    CHECK(tags.error().byte_offset <= 500 + size || size == 0);
  }
  CHECK(ReadTags(packet).ok());
}

TEST_ONCE("OpusTagsReader refuses lengths that run past the packet, and allocates nothing for them") {
  const Bytes magic = Ascii("OpusTags");
  for (const Bytes& packet :
       {Join({magic, Le32(0xFFFFFFFF), Bytes(20)}), Join({magic, Le32(0), Le32(0xFFFFFFFF), Bytes(20)}),
        Join({magic, Le32(0), Le32(1), Le32(0xFFFFFFFF), Bytes(20)})}) {
    const auto tags = ReadTags(packet);
    REQUIRE(!tags.ok());
    CHECK(tags.error().code == ErrorCode::kOpusBadTags);
  }
  const auto vendor = ReadTags(Join({magic, Le32(21), Bytes(20)}));
  REQUIRE(!vendor.ok());
  CHECK_EQ(vendor.error().byte_offset, uint64_t{508});
}

TEST_ONCE("OpusTagsReader counts comments that are too long, and holds the others") {
  const size_t most = OpusTagsReader::kMaxCommentBytes;
  const auto tags = ReadTags(WriteOpusTags(
      "v", std::vector<std::string>{"A=1", std::string(most, 'x'), std::string(most + 1, 'y'), "B=2"}));
  REQUIRE(tags.ok());
  CHECK_EQ(tags.value().comment_count, uint64_t{4});
  CHECK(tags.value().comments == (std::vector<std::string>{"A=1", std::string(most, 'x'), "B=2"}));
}

TEST_ONCE("OpusTagsReader holds no more than its limit of many comments") {
  for (const std::string text : {"", "A=1", "A=a comment that has its text on the heap"}) {
    const std::vector<std::string> comments(200000, text);
    const auto tags = ReadTags(WriteOpusTags("v", comments), 65536);
    REQUIRE(tags.ok());
    CHECK_EQ(tags.value().comment_count, uint64_t{200000});
    const std::vector<std::string>& held = tags.value().comments;
    CHECK(held.size() > 5000);
    CHECK_EQ(held.capacity(), held.size());
    CHECK_LE(held.size() * (text.size() + 2 * sizeof(std::string)), OpusTagsReader::kMaxTagsBytes);
  }
}

TEST_ONCE("OpusTagsReader holds no vendor that is too long") {
  const auto tags = ReadTags(WriteOpusTags(std::string(70000, 'v'), std::vector<std::string>{"A=1"}));
  REQUIRE(tags.ok());
  CHECK(tags.value().vendor.empty());
  CHECK_EQ(tags.value().comments.size(), size_t{1});
}

}  // namespace
}  // namespace sluice
