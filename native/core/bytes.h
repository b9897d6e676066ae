// Bounds-checked little- and big-endian reading and writing of integers in byte spans.
#pragma once

#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice {

// The integer at `offset`. Requires offset + sizeof(T) <= bytes.size(): checked in debug and sanitizer
// builds.
template <class T>
constexpr T ReadLe(std::span<const uint8_t> bytes, size_t offset) {
  assert(offset <= bytes.size() && sizeof(T) <= bytes.size() - offset);
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i)
    value = static_cast<T>(value | static_cast<T>(T{bytes[offset + i]} << (8 * i)));
  return value;
}

template <class T>
constexpr T ReadBe(std::span<const uint8_t> bytes, size_t offset) {
  assert(offset <= bytes.size() && sizeof(T) <= bytes.size() - offset);
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i)
    value = static_cast<T>((value << (sizeof(T) > 1 ? 8 : 0)) | bytes[offset + i]);
  return value;
}

template <class T>
constexpr T ReadInt(std::span<const uint8_t> bytes, size_t offset, std::endian order) {
  return order == std::endian::big ? ReadBe<T>(bytes, offset) : ReadLe<T>(bytes, offset);
}

// Appends integers and text to a caller-owned buffer; Overflowed() tells when it did not fit (nothing past
// the end is ever written).
class ByteWriter {
 public:
  explicit ByteWriter(std::span<uint8_t> out) : out_(out) {}

  template <class T>
  void Le(T value) {
    for (size_t i = 0; i < sizeof(T); ++i) Byte(static_cast<uint8_t>(value >> (8 * i)));
  }
  void Text(const char* text) {
    while (*text != '\0') Byte(static_cast<uint8_t>(*text++));
  }
  void Byte(uint8_t value) {
    if (size_ < out_.size()) out_[size_] = value;
    ++size_;
  }
  size_t size() const { return size_; }
  bool Overflowed() const { return size_ > out_.size(); }

 private:
  std::span<uint8_t> out_;
  size_t size_ = 0;
};

}  // namespace sluice
