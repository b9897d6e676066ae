// What the fuzz targets share: how one is declared, how it takes its input apart, how it says that a law is
// broken. Not here: where the inputs come from (libFuzzer, driver.cpp, replay_test.cpp).
//
// A target is a file NAME_fuzz.cpp with FUZZ_TARGET(NAME) { ... } in it. It holds laws, not only "no crash":
// what any input must give, however it is cut and on every instruction set. Options are taken from the end of
// the input, so that a recording is a good input as it is, its head untouched.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/simd/kernels.h"
#include "core/simd/simd_level.h"

namespace fuzz {

inline const char* at_hand = "";  // the input, where it has a name

[[noreturn]] inline void Die(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "%s:%d: does not hold: %s %s\n", file, line, condition, at_hand);
  std::abort();
}

// A broken law ends the process, like any other crash: the fuzzers keep the input then.
#define FUZZ_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::fuzz::Die(__FILE__, __LINE__, #condition))

class Input {
 public:
  Input(const uint8_t* data, size_t size) : bytes_(data, data + size) {}

  // Options, from the end; zeros when there is nothing left.
  uint32_t Number() {
    uint32_t number = 0;
    for (unsigned i = 0; i < 4; ++i) number = number << 8 | Byte();
    return number;
  }
  // 0 .. count - 1, from one byte where that will do.
  uint32_t Below(uint32_t count) { return (count <= 256 ? Byte() : Number()) % count; }
  template <class T, size_t count>
  T OneOf(const T (&choices)[count]) {
    return choices[Below(count)];
  }

  // What is left: a copy of exactly its size, so that AddressSanitizer sees a read behind it.
  std::vector<uint8_t> Rest() const { return std::vector<uint8_t>(bytes_.begin(), bytes_.end()); }

 private:
  uint8_t Byte() {
    if (bytes_.empty()) return 0;
    const uint8_t byte = bytes_.back();
    bytes_.pop_back();
    return byte;
  }

  std::vector<uint8_t> bytes_;
};

// Sizes of chunks: whole; single units for the length of a header, then the rest; or small and large ones in
// turn with empty ones among them.
class Cuts {
 public:
  explicit Cuts(uint32_t seed) : seed_(seed) {}

  size_t Next(size_t left) {
    switch (seed_ % 4) {
      case 0:
        return left;
      case 1:
        return ++singles_ > 256 ? left : std::min<size_t>(left, 1);
      default:
        state_ = state_ * 1664525 + 1013904223 + seed_;
        const size_t most = (state_ >> 8) % 4 == 0 ? left : std::min<size_t>(left, 23);
        return (state_ >> 12) % (most + 1);
    }
  }

 private:
  uint32_t seed_;
  uint32_t state_ = 1;
  size_t singles_ = 0;
};

// Room for `size` values, `misaligned` bytes off (a multiple of sizeof(T)), between marks that nobody may
// write over. Not initialised: rooms are large and many.
template <class T>
class Room {
 public:
  explicit Room(size_t size, size_t misaligned = 0)
      : size_(size),
        begin_(kMark + misaligned),
        bytes_(new uint8_t[begin_ + size * sizeof(T) + kMark]),
        end_(begin_ + size * sizeof(T)) {
    std::memset(bytes_.get(), kByte, begin_);
    std::memset(bytes_.get() + end_, kByte, kMark);
  }
  ~Room() { FUZZ_CHECK(Untouched(0, begin_) && Untouched(end_, end_ + kMark)); }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  T* data() { return reinterpret_cast<T*>(bytes_.get() + begin_); }
  std::span<T> span() { return {data(), size_}; }

 private:
  static constexpr size_t kMark = 64;
  static constexpr uint8_t kByte = 0xA5;

  bool Untouched(size_t from, size_t to) const {
    return std::all_of(bytes_.get() + from, bytes_.get() + to, [](uint8_t byte) { return byte == kByte; });
  }

  size_t size_;
  size_t begin_;
  std::unique_ptr<uint8_t[]> bytes_;
  size_t end_;
};

// Bit for bit, so that NaN equals itself and -0 does not equal 0.
template <class A, class B>
bool SameBits(const A& a, const B& b) {
  const auto x = std::as_bytes(std::span(a));
  const auto y = std::as_bytes(std::span(b));
  return x.size() == y.size() && std::equal(x.begin(), x.end(), y.begin());
}

// The bytes as values of T, those of an incomplete last one left out.
template <class T>
std::vector<T> ValuesOf(std::span<const uint8_t> bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
  return values;
}

// Runs `body` with the kernels of every level of this machine.
template <class Body>
void ForEachLevel(Body body) {
  for (const sluice::SimdLevel level : sluice::RunnableSimdLevels()) body(sluice::KernelsFor(level));
}

}  // namespace fuzz

#if defined(SLUICE_FUZZ_REPLAY)  // all targets in one program: replay_test.cpp

namespace fuzz {
bool RegisterTarget(const char* name, void (*run)(Input));
}
#define FUZZ_TARGET(name)                                                                         \
  static void Run_##name(fuzz::Input input);                                                      \
  [[maybe_unused]] static const bool registered_##name = fuzz::RegisterTarget(#name, Run_##name); \
  static void Run_##name(fuzz::Input input)

#else

#define FUZZ_TARGET(name)                                                   \
  static void Run_##name(fuzz::Input input);                                \
  extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) { \
    Run_##name(fuzz::Input(data, size));                                    \
    return 0;                                                               \
  }                                                                         \
  static void Run_##name(fuzz::Input input)

#endif
