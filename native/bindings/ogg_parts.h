// The parts that one chunk of an Ogg file gave, pages or packets, on their way to JavaScript: their bytes one
// behind the other in one array, and a row of numbers for each in another. A number of 64 bits takes two
// columns, its low half first: with doubles for all of them reading packets takes JavaScript 5 % longer.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bindings/convert.h"

namespace sluice::bindings {

constexpr uint32_t LowHalf(uint64_t number) { return static_cast<uint32_t>(number); }
constexpr uint32_t HighHalf(uint64_t number) { return static_cast<uint32_t>(number >> 32); }

// Most parts of one call: 5.8 hours of packets of 20 ms. In JavaScript each is an object with an array, 270
// MB for so many; a heap that runs out ends the process, which nobody can catch, and 60 MB of packets of one
// byte are enough for it.
constexpr size_t kMaxOggParts = size_t{1} << 20;

template <size_t kColumns>
class OggParts {
 public:
  void Add(std::span<const uint8_t> bytes, const std::array<uint32_t, kColumns>& row) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    table_.insert(table_.end(), row.begin(), row.end());
  }
  bool empty() const { return table_.empty(); }
  bool full() const { return table_.size() == kMaxOggParts * kColumns; }

  // { bytes, table }; undefined where there are none. Empty afterwards, what a chunk of usual size needs
  // kept.
  napi_value Take(napi_env env) {
    if (empty()) return Undefined(env);
    const napi_value result = ObjectBuilder(env)
                                  .Set("bytes", ArrayOf<uint8_t>(env, bytes_))
                                  .Set("table", ArrayOf<uint32_t>(env, table_))
                                  .Build();
    Clear(bytes_);
    Clear(table_);
    return result;
  }
  void Clear() {
    Clear(bytes_);
    Clear(table_);
  }
  size_t StateBytes() const { return bytes_.capacity() + table_.capacity() * sizeof(uint32_t); }

 private:
  static constexpr size_t kKeptBytes = size_t{1} << 20;

  template <class T>
  static napi_value ArrayOf(napi_env env, const std::vector<T>& items) {
    const NewArray<T> array = Allocate<T>(env, items.size());
    std::copy(items.begin(), items.end(), array.data.begin());
    return array.value;
  }
  template <class T>
  static void Clear(std::vector<T>& items) {
    if (items.capacity() * sizeof(T) > kKeptBytes) items = std::vector<T>();
    items.clear();
  }

  std::vector<uint8_t> bytes_;
  std::vector<uint32_t> table_;
};

// what: "packets" or "pages".
[[noreturn]] inline void ThrowTooManyOggParts(const std::string& what) {
  ThrowRange("There are more than " + std::to_string(kMaxOggParts) + " " + what +
                 " in this chunk, and those before them are lost with it; read the file from its beginning "
                 "in smaller chunks",
             ErrorCodeName(ErrorCode::kTooLarge));
}

}  // namespace sluice::bindings
