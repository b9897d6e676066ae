// Work on whole files, here and now or off the event loop; the same code, so the same results and errors.
// Not here: what any job does (*_binding.cpp), promises and signals (src/audio/off-loop.ts).
//
// The input belongs to JavaScript, which may write to it, shrink or transfer it at any moment, and Node-API
// has no way to hold its memory. So no other thread ever looks at it: the JavaScript thread copies one slice
// after the other, a thread of libuv's pool works on the copy. Through one small buffer copying runs at 25 to
// 36 GB/s; a copy of the whole, with its page faults, at 2.4 GB/s (128 MB), which is no better than reading
// the WAV at once (1.2 to 2.3 GB/s). The output is an array that JavaScript has not seen yet: the pool writes
// straight into it. Other users of the pool (files, DNS) get their turn after each slice, and a job that was
// given up ends with the slice that is being worked on; one that waits for a thread does no more work.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "bindings/convert.h"

namespace sluice::bindings {

// Of a slice or of what it becomes, whichever is more. 15 µs of copying, and twice as much for the hop there
// and back, hold the event loop at a time. The cheapest job, reading 16-bit samples, works for 200 µs on it;
// the dearest, resampling int16 by an interpolated bank, for 9 ms with AVX-512 VNNI and 85 ms in plain C++.
inline constexpr size_t kSliceBytes = size_t{1} << 19;

// From where on, of input or output, whichever is more, a job is worth a thread: where it would hold the
// event loop for longer than the 30 to 45 µs of its own time that a job of one slice costs there. CPU time of
// the JavaScript thread (its schedstat) per call, 60 calls, best of four, with 512 and 256 kB of input:
// readWav from 24 bits to float32 214 and 56 µs, µ-law to 16 bits 169 and 45 µs, readWav from 16 bits to the
// same 91 µs and less than the clock shows.
inline constexpr size_t kLargeBytes = size_t{1} << 19;
// The same for resampling. At the 3 GB/s of the fastest pairs on the widest instruction set that is 22 µs;
// other pairs, qualities and processors take up to a hundred times as long.
inline constexpr size_t kLargeResampleBytes = size_t{1} << 16;

// A part of the input, in bytes.
struct Slice {
  size_t offset = 0;
  size_t size = 0;
};

// Cuts a part of the input, from which output_bytes will be made, into slices of whole frames.
class Slicer {
 public:
  Slicer() = default;
  Slicer(size_t offset, size_t size, size_t frame_bytes, size_t output_bytes)
      : offset_(offset), end_(offset + size), step_(StepBytes(size, frame_bytes, output_bytes)) {}
  // The whole input, cut into slices of step_bytes.
  Slicer(size_t size, size_t step_bytes) : end_(size), step_(step_bytes) {}
  std::optional<Slice> Next() {
    if (AtEnd()) return std::nullopt;
    const Slice slice{offset_, end_ - offset_ < step_ ? end_ - offset_ : step_};
    offset_ += slice.size;
    return slice;
  }
  bool AtEnd() const { return offset_ == end_; }  // true while the last slice is worked on, too

 private:
  static size_t StepBytes(size_t size, size_t frame_bytes, size_t output_bytes) {
    const size_t more = std::max(size, output_bytes);
    if (more <= kSliceBytes) return size;
    const uint64_t bytes = uint64_t{size} * kSliceBytes / more;  // no array comes near 2^45 bytes
    return std::max(size_t{1}, static_cast<size_t>(bytes) / frame_bytes) * frame_bytes;
  }
  size_t offset_ = 0;
  size_t end_ = 0;
  size_t step_ = 0;
};

// One file's work. The calls come one after the other: Next, Run, Next, Run … Next (no slice), Finish. Any of
// them may throw what Guard understands; nothing follows then.
class SlicedJob {
 public:
  SlicedJob() = default;
  virtual ~SlicedJob() { *wanted_ = false; }
  SlicedJob(const SlicedJob&) = delete;
  SlicedJob& operator=(const SlicedJob&) = delete;
  // On the JavaScript thread: what to work on next.
  virtual std::optional<Slice> Next(napi_env env) = 0;
  // On whichever thread: no Node-API.
  virtual void Run(std::span<const uint8_t> slice) = 0;
  // On the JavaScript thread.
  virtual napi_value Finish(napi_env env) = 0;
  virtual size_t StateBytes() const { return 0; }  // native memory, for V8 to know about

  // Whether there will be a result: false from giveUp() on, and once the job is gone.
  const std::shared_ptr<std::atomic<bool>>& wanted() const { return wanted_; }

 private:
  std::shared_ptr<std::atomic<bool>> wanted_ = std::make_shared<std::atomic<bool>>(true);
};

// An output: an array that nobody else has until its job is done.
template <class T>
class OutputArray {
 public:
  OutputArray() = default;
  OutputArray(napi_env env, size_t length) {
    const NewArray<T> array = Allocate<T>(env, length);
    data_ = array.data;
    reference_ = Napi::Persistent(Napi::Object(env, array.value));
  }
  std::span<T> data() const { return data_; }
  napi_value value() const { return reference_.Value(); }

 private:
  std::span<T> data_;
  Napi::ObjectReference reference_;
};

// Does the job on `input`, the memory of argument 0, for a function whose arguments from `i` on may be
//   resolve(result), reject(error)
// Without them, or if the job is not `large`: now, and returns the result. Else off the event loop: returns a
// function giveUp(), and one of resolve and reject is called on a later turn, unless that was called before.
napi_value Perform(const Arguments& args, size_t i, bool large, std::span<const uint8_t> input,
                   std::unique_ptr<SlicedJob> job);

template <class T>
std::span<const uint8_t> AsBytes(std::span<T> samples) {
  return {reinterpret_cast<const uint8_t*>(samples.data()), samples.size_bytes()};
}
// Slices are made of whole frames, and both kinds of memory they lie in are aligned for every type.
template <class T>
std::span<const T> AsSamples(std::span<const uint8_t> slice) {
  return {reinterpret_cast<const T*>(slice.data()), slice.size() / sizeof(T)};
}

}  // namespace sluice::bindings
