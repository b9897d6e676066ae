// OggCrc, WriteOggPage and OggPageReader: pages as RFC 3533 6 lays them out, found whole, in pieces and among
// bytes that are none.
#include "core/ogg_page.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "check.h"
#include "ogg_stream.h"

namespace sluice {
namespace {

using Names = std::set<std::string>;

// RFC 3533 6, a bit at a time.
uint32_t SlowCrc(std::span<const uint8_t> bytes) {
  uint32_t crc = 0;
  for (const uint8_t byte : bytes) {
    crc ^= uint32_t{byte} << 24;
    for (int bit = 0; bit < 8; ++bit) crc = crc << 1 ^ (crc >> 31 != 0 ? 0x04C11DB7 : 0);
  }
  return crc;
}

Bytes Noise(size_t bytes, uint32_t seed) {
  std::mt19937 random(seed);
  Bytes out(bytes);
  for (uint8_t& byte : out) byte = static_cast<uint8_t>(random());
  return out;
}

struct Outcome {
  std::vector<std::tuple<uint64_t, uint32_t, Bytes, Bytes>> pages;  // offset, sequence, lacing, body
  Names warnings;
  int foreign_version = 0;
  bool operator==(const Outcome&) const = default;
};

// In pieces of `most` bytes, or random ones up to that; 0: whole.
Outcome Read(const Bytes& file, size_t most, bool random = false) {
  Outcome outcome;
  OggPageReader reader;
  std::mt19937 engine(static_cast<uint32_t>(most));
  const auto take = [&](const OggPage& page) {
    outcome.pages.emplace_back(page.offset, page.sequence, Bytes(page.lacing.begin(), page.lacing.end()),
                               Bytes(page.body.begin(), page.body.end()));
  };
  for (size_t at = 0; at < file.size();) {
    const size_t wanted = most == 0 ? file.size() : random ? engine() % (most + 1) : most;
    // A copy of its own, so that a sanitizer sees a read behind it, and one into a piece that is gone.
    const size_t size = std::min(wanted, file.size() - at);
    const Bytes piece(file.begin() + static_cast<ptrdiff_t>(at),
                      file.begin() + static_cast<ptrdiff_t>(at + size));
    at += size;
    std::span<const uint8_t> input(piece);
    while (const auto page = reader.Next(input)) take(*page);
    CHECK(input.empty());
    CHECK_EQ(reader.offset(), at);
  }
  while (const auto page = reader.Finish()) take(*page);
  CHECK(!reader.Finish());
  for (unsigned i = 0; i <= static_cast<unsigned>(OggWarning::kEosMissing); ++i)
    if (reader.warnings().Has(static_cast<OggWarning>(i)))
      outcome.warnings.insert(OggWarningName(static_cast<OggWarning>(i)));
  outcome.foreign_version = reader.foreign_version().value_or(0);
  CHECK(reader.found_page() == !outcome.pages.empty());
  return outcome;
}

Outcome ReadAllWays(const Bytes& file) {
  const Outcome whole = Read(file, 0);
  CHECK(Read(file, 1) == whole);
  for (const size_t most : {3u, 30u, 300u, 3000u}) CHECK(Read(file, most, true) == whole);
  return whole;
}

std::vector<uint32_t> Sequences(const Outcome& outcome) {
  std::vector<uint32_t> sequences;
  for (const auto& page : outcome.pages) sequences.push_back(std::get<1>(page));
  return sequences;
}

// Three pages, 0 to 2, with something between the last two.
Outcome ReadWithGap(const Bytes& gap) {
  Stream stream(1, 0);
  const Bytes head = File({stream.Page(0, Packets(2)), stream.Page(1, Packets(3))});
  return ReadAllWays(Join({head, gap, File({stream.Page(2, Packets(1))})}));
}

Bytes SomePage(size_t packets = 3) {
  Stream stream(1, 0);
  return File({stream.Page(77, Packets(packets))});
}

TEST_ONCE("WriteOggPage lays the fields out as RFC 3533 6 says") {
  StreamPage page;
  page.granule = -2;
  page.lacing = {2, 1};
  page.body = Ascii("abc");
  page.continued = page.last = true;
  page.serial = 0x01020304;
  page.sequence = 0x0A0B0C0D;
  const Bytes bytes = page.ToBytes();
  Bytes wanted = Join({Ascii("OggS"),
                       {0, 5},
                       {0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF},
                       {4, 3, 2, 1},
                       {0x0D, 0x0C, 0x0B, 0x0A},
                       {0, 0, 0, 0},
                       {2, 2, 1},
                       Ascii("abc")});
  const uint32_t crc = SlowCrc(wanted);
  for (unsigned i = 0; i < 4; ++i) wanted[22 + i] = static_cast<uint8_t>(crc >> (8 * i));
  CHECK(bytes == wanted);
}

TEST_ONCE("OggPageReader gives back every field of what was written") {
  StreamPage page;
  page.granule = INT64_MIN;
  page.lacing = {2, 1};
  page.body = Ascii("abc");
  page.first = true;
  page.serial = 0xFFFFFFFF;
  page.sequence = 0x80000001;
  const Bytes bytes = page.ToBytes();
  OggPageReader reader;
  std::span<const uint8_t> input(bytes);
  const auto read = reader.Next(input);
  REQUIRE(read.has_value());
  CHECK(read->first && !read->continued && !read->last);
  CHECK(read->granule == INT64_MIN && read->serial == 0xFFFFFFFF && read->sequence == 0x80000001);
  CHECK(std::ranges::equal(read->lacing, page.lacing) && std::ranges::equal(read->body, page.body));
}

TEST_ONCE("OggPageReader finds empty and full pages wherever the input is cut") {
  Stream stream(1, 0);
  const Bytes file = File({stream.Raw(0, {}, {}), stream.Raw(0, Bytes(255, 255), Noise(65025, 2)),
                           stream.Raw(0, Bytes(255, 0), {}), stream.Page(0, Packets(4))});
  const Outcome outcome = ReadAllWays(file);
  CHECK(Sequences(outcome) == (std::vector<uint32_t>{0, 1, 2, 3}));
  CHECK(outcome.warnings.empty());
}

TEST_ONCE("OggPageReader hands out pages that lie whole in the input without copying them") {
  Stream stream(1, 0);
  const Bytes file = File({stream.Page(0, Packets(4)), stream.Page(0, Packets(4))});
  OggPageReader reader;
  std::span<const uint8_t> input(file);
  for (int i = 0; i < 2; ++i) {
    const auto page = reader.Next(input);
    REQUIRE(page.has_value());
    CHECK(page->body.data() == file.data() + page->offset + 31);
    CHECK(page->body.data() + page->body.size() == input.data());
  }
}

TEST_ONCE("OggPageReader says where junk lies, and loses no page to it") {
  const Bytes page = SomePage();
  for (const Bytes& junk :
       {Bytes(300, 0), Ascii("O"), Ascii("OggOggOgg"), Bytes(70000, 'O'), Noise(5000, 3)}) {
    CHECK(ReadAllWays(Join({junk, page})).warnings == Names{"junk-before-first-page"});
    CHECK(ReadWithGap(junk).warnings == Names{"junk-between-pages"});
    CHECK(Sequences(ReadWithGap(junk)) == (std::vector<uint32_t>{0, 1, 2}));
  }
  CHECK(ReadAllWays(Join({page, Bytes(500, 0xFF)})).warnings == Names{"junk-after-last-page"});
  CHECK(ReadAllWays(Join({page, Ascii("OggX")})).warnings == Names{"junk-after-last-page"});
  CHECK(ReadAllWays(Join({page, Ascii("gS")})).warnings == Names{"junk-after-last-page"});
}

TEST_ONCE("OggPageReader finds the pages behind a false header, whatever size it claims") {
  for (const uint8_t segments : Bytes{0, 1, 100, 255}) {
    const Bytes header = Join({Ascii("OggS"), Bytes(22), {segments}});
    for (const uint8_t lacing : Bytes{0, 20, 255}) {
      const Bytes gap = Join({header, Bytes(segments, lacing), Ascii("OggS")});
      const Outcome outcome = ReadWithGap(gap);
      CHECK(Sequences(outcome) == (std::vector<uint32_t>{0, 1, 2}));
      // A page by its own sizes if those end before the next page that is sound.
      const bool fits = segments * lacing <= 4;
      CHECK(outcome.warnings == Names{fits ? "crc-bad" : "junk-between-pages"});
    }
  }
}

TEST_ONCE("OggPageReader drops a page of which any one bit is wrong") {
  const Bytes page = SomePage(1);
  for (size_t bit = 0; bit < page.size() * 8; ++bit) {
    Bytes damaged = page;
    damaged[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    const Outcome outcome = ReadWithGap(damaged);
    CHECK(Sequences(outcome) == (std::vector<uint32_t>{0, 1, 2}));
    // Without "OggS" it is no page; with wrong sizes it may end before its end, or behind it.
    const size_t byte = bit / 8;
    const bool longer = (byte == 26 || byte == 27) && damaged[byte] > page[byte];
    CHECK(outcome.warnings == Names{byte < 4 || longer ? "junk-between-pages" : "crc-bad"});
  }
}

TEST_ONCE("OggPageReader judges each gap by what it begins with") {
  Bytes damaged = SomePage(1);
  damaged.back() ^= 1;
  CHECK(ReadWithGap(Join({Bytes(5), damaged})).warnings == Names{"junk-between-pages"});
  CHECK(ReadWithGap(Join({damaged, Bytes(5)})).warnings == Names{"crc-bad"});
  const Bytes page = SomePage(1);
  CHECK(ReadAllWays(Join({page, damaged, page, Bytes(500)})).warnings ==
        (Names{"crc-bad", "junk-after-last-page"}));
  CHECK(ReadAllWays(Join({page, damaged, {page.begin(), page.end() - 1}})).warnings == Names{"crc-bad"});
}

TEST_ONCE("OggPageReader calls a file truncated wherever its last page is cut") {
  const Bytes page = SomePage();
  for (size_t cut = 1; cut < page.size(); ++cut) {
    const Outcome outcome = ReadAllWays(Join({page, Bytes(page.begin(), page.begin() + ptrdiff_t(cut))}));
    CHECK_EQ(outcome.pages.size(), size_t{1});
    CHECK(outcome.warnings == Names{"truncated"});
  }
}

TEST_ONCE("OggPageReader reads version 0 alone and names another that the input begins with") {
  Bytes other = SomePage();
  other[4] = 1;
  const uint32_t crc = (std::fill_n(other.begin() + 22, 4, uint8_t{0}), SlowCrc(other));
  for (unsigned i = 0; i < 4; ++i) other[22 + i] = static_cast<uint8_t>(crc >> (8 * i));
  const Outcome alone = ReadAllWays(Join({other, other}));
  CHECK(alone.pages.empty());
  CHECK_EQ(alone.foreign_version, 1);
  CHECK(ReadWithGap(other).warnings == Names{"crc-bad"});
  CHECK_EQ(ReadWithGap(other).foreign_version, 0);
}

TEST_ONCE("OggPageReader starts afresh after Reset") {
  Stream stream(1, 0);
  const Bytes page = SomePage();
  OggPageReader reader;
  std::span<const uint8_t> part(page.data(), page.size() - 1);
  CHECK(!reader.Next(part));
  reader.Reset();
  CHECK_EQ(reader.offset(), uint64_t{0});
  std::span<const uint8_t> input(page);
  CHECK(reader.Next(input).has_value());
  CHECK(!reader.Finish());
  CHECK_EQ(reader.warnings().bits(), 0u);
}

}  // namespace
}  // namespace sluice
