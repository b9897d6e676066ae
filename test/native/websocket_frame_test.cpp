// A frame of a WebSocket client against the RFC's own example and a slow reader written from §5.2.
#include "core/websocket_frame.h"

#include <cstdint>
#include <random>
#include <vector>

#include "check.h"

using namespace sluice;

namespace {

constexpr uint8_t kCanary = 0xEE;

std::vector<uint8_t> Frame(const std::vector<uint8_t>& message, const MaskingKey& key) {
  std::vector<uint8_t> out(TextFrameLength(message.size()) + 1, kCanary);
  CHECK_EQ(WriteTextFrame(message, key, {out.data(), out.size() - 1}), out.size() - 1);
  CHECK_EQ(out.back(), kCanary);
  out.pop_back();
  return out;
}

struct Read {
  std::vector<uint8_t> message;
  MaskingKey key;
};

// A whole masked text, its length in the shortest form there is.
Read ReadFrame(const std::vector<uint8_t>& frame) {
  size_t at = 0;
  CHECK_EQ(frame.at(at++), 0x81);
  CHECK(frame.at(at) & 0x80);
  uint64_t length = frame.at(at++) & 0x7F;
  const int extended = length == 126 ? 2 : length == 127 ? 8 : 0;
  if (extended > 0) length = 0;
  for (int i = 0; i < extended; ++i) length = length << 8 | frame.at(at++);
  CHECK(extended == 0 || length > (extended == 2 ? 125 : 65535));
  Read read;
  for (uint8_t& byte : read.key) byte = frame.at(at++);
  for (uint64_t i = 0; i < length; ++i) {
    read.message.push_back(static_cast<uint8_t>(frame.at(at++) ^ read.key.at(i % 4)));
  }
  CHECK_EQ(at, frame.size());
  return read;
}

}  // namespace

TEST_ONCE("WriteTextFrame gives the masked text of RFC 6455 section 5.7") {
  const std::vector<uint8_t> want = {0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58};
  CHECK(Frame({'H', 'e', 'l', 'l', 'o'}, {0x37, 0xfa, 0x21, 0x3d}) == want);
}

TEST_ONCE("WriteTextFrame is undone by a reader, at every length to 300 and where the header grows") {
  std::mt19937 random(1);
  std::vector<size_t> lengths = {5147, 65534, 65535, 65536, 65537, 70000};
  for (size_t n = 0; n <= 300; ++n) lengths.push_back(n);
  for (const size_t length : lengths) {
    std::vector<uint8_t> message(length);
    for (uint8_t& byte : message) byte = static_cast<uint8_t>(random());
    MaskingKey key;
    for (uint8_t& byte : key) byte = static_cast<uint8_t>(random());
    const Read read = ReadFrame(Frame(message, key));
    CHECK(read.message == message);
    CHECK(read.key == key);
  }
}
