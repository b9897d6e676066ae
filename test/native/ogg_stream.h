// Ogg streams built in code, for the tests of what reads them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "core/ogg_page.h"
#include "core/opus_head.h"

namespace sluice {

using Bytes = std::vector<uint8_t>;

inline Bytes Ascii(std::string_view text) { return {text.begin(), text.end()}; }

inline Bytes Join(const std::vector<Bytes>& parts) {
  Bytes out;
  for (const Bytes& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

// An OggPage that owns its bytes.
struct StreamPage {
  int64_t granule = 0;
  Bytes lacing = {};
  Bytes body = {};
  bool continued = false, first = false, last = false;
  uint32_t serial = 1;
  uint32_t sequence = 0;

  Bytes ToBytes() const {
    OggPage page;
    page.continued = continued;
    page.first = first;
    page.last = last;
    page.granule = granule;
    page.serial = serial;
    page.sequence = sequence;
    page.lacing = lacing;
    page.body = body;
    Bytes out(kMaxOggPageBytes);
    out.resize(WriteOggPage(page, out));
    return out;
  }
};

// The lacing of packets that end on their page.
inline Bytes Lacing(const std::vector<Bytes>& packets) {
  Bytes lacing;
  for (const Bytes& packet : packets) {
    lacing.insert(lacing.end(), packet.size() / 255, 255);
    lacing.push_back(static_cast<uint8_t>(packet.size() % 255));
  }
  return lacing;
}

inline Bytes HeadPacket(const OpusHead& head) {
  Bytes packet(kMaxOpusHeadBytes);
  packet.resize(WriteOpusHead(head, packet));
  return packet;
}

inline OpusHead Head(uint8_t channels = 1, uint16_t preskip = 0) {
  OpusHead head;
  head.channels = channels;
  head.coupled = channels == 2;
  head.mapping[1] = 1;
  head.preskip = preskip;
  return head;
}

inline Bytes TagsPacket(std::string_view vendor = "made here",
                        const std::vector<std::string>& comments = {}) {
  return WriteOpusTags(vendor, comments);
}

// CELT, 20 ms, one frame: 960 samples.
inline Bytes Packet(size_t bytes = 40, uint8_t filler = 7) {
  Bytes packet(bytes, filler);
  packet[0] = 0xF8;
  return packet;
}
inline std::vector<Bytes> Packets(size_t count) { return std::vector<Bytes>(count, Packet()); }

using Pages = std::vector<StreamPage>;

// A stream's pages: the headers are 0 and 1, what follows is numbered as it is made.
class Stream {
 public:
  explicit Stream(uint32_t serial = 1, uint32_t next_sequence = 2)
      : serial_(serial), sequence_(next_sequence) {}

  Pages Headers(const OpusHead& head = Head(), const Bytes& tags = TagsPacket()) const {
    Stream headers(serial_);
    const StreamPage first = headers.First(HeadPacket(head));
    return {first, headers.Page(0, {tags})};
  }
  // Page 0; the next one is 1.
  StreamPage First(const Bytes& packet) {
    sequence_ = 0;
    StreamPage page = Page(0, {packet});
    page.first = true;
    return page;
  }
  StreamPage Page(int64_t granule, const std::vector<Bytes>& packets) {
    return Raw(granule, Lacing(packets), Join(packets));
  }
  StreamPage Last(int64_t granule, const std::vector<Bytes>& packets) {
    StreamPage page = Page(granule, packets);
    page.last = true;
    return page;
  }
  StreamPage Raw(int64_t granule, const Bytes& lacing, const Bytes& body, bool continued = false) {
    StreamPage page;
    page.granule = granule;
    page.lacing = lacing;
    page.body = body;
    page.continued = continued;
    page.serial = serial_;
    page.sequence = sequence_++;
    return page;
  }

 private:
  uint32_t serial_;
  uint32_t sequence_;
};

inline Pages operator+(Pages a, const Pages& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline Bytes File(const Pages& pages) {
  Bytes out;
  for (const StreamPage& page : pages) {
    const Bytes bytes = page.ToBytes();
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
  return out;
}

}  // namespace sluice
