// Arguments in, buffers and errors out: everything that crosses between JavaScript values and the core's
// types. Not here: classes (wrapped.h), what any function does (*_binding.cpp).
//
// No argument is ever coerced (no valueOf, no getters) and no property is ever set the ordinary way (no
// setters), so no JavaScript of anybody's runs between the first argument read and the return: spans borrowed
// here stay valid for the one synchronous call they are made for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "bindings/napi_setup.h"
#include "core/error.h"
#include "core/pcm.h"
#include "core/wav_reader.h"

namespace sluice::bindings {

// ---- Errors out. Thrown as C++ exceptions, made into JavaScript errors by Guard.

// The caller's mistake: TypeError or RangeError with a code.
struct ArgumentError {
  enum class Class : uint8_t { kType, kRange };
  Class error_class;
  const char* code;
  std::string message;
};
// What the core reported.
struct CoreError {
  Error error;
};
// A JavaScript exception is pending, or the environment is shutting down and no JavaScript can run.
struct PendingException {};

inline constexpr const char* kInvalidArg = "ERR_INVALID_ARG";
inline constexpr const char* kClosed = "ERR_CLOSED";
inline constexpr const char* kInvalidState = "ERR_INVALID_STATE";
inline constexpr const char* kBusy = "ERR_BUSY";

[[noreturn]] void ThrowType(std::string message, const char* code = kInvalidArg);
[[noreturn]] void ThrowRange(std::string message, const char* code = kInvalidArg);
void Check(napi_status status);  // throws PendingException unless napi_ok

template <class T>
T Take(Result<T> result) {
  if (!result.ok()) throw CoreError{result.error()};
  return std::move(result.value());
}
inline void Require(const Status& status) {
  if (!status.ok()) throw CoreError{status.error()};
}

// Inside a catch block: throws the matching JavaScript error.
void ThrowCurrentExceptionAsJs(napi_env env) noexcept;

// Runs the body of a callback; nothing but a JavaScript exception leaves it.
template <class F>
napi_value Guard(napi_env env, F&& body) noexcept {
  try {
    return body();
  } catch (...) {
    ThrowCurrentExceptionAsJs(env);
    return nullptr;
  }
}

// ---- Per-environment state: no globals, so worker threads just work.

struct AddonData {
  Napi::FunctionReference int16_array;  // the intrinsics, as they were when the addon was loaded
  Napi::FunctionReference float32_array;
  Napi::FunctionReference uint8_array;
  Napi::FunctionReference float64_array;
  Napi::FunctionReference uint32_array;
  Napi::FunctionReference array_at;      // of typed arrays
  Napi::FunctionReference alloc_unsafe;  // Buffer.allocUnsafeSlow
  Napi::FunctionReference format_error;  // from setErrorClasses; plain Error until then
  Napi::FunctionReference unsupported_error;
};
AddonData& DataOf(napi_env env);

// ---- Arguments in.

inline constexpr uint64_t kMaxSafeInteger = (uint64_t{1} << 53) - 1;  // whole numbers are exact up to here

// The arguments of one call; those that were not given are undefined.
class Arguments {
 public:
  static constexpr size_t kMax = 18;  // of writeOggOpus
  Arguments(napi_env env, napi_callback_info info);
  napi_env env() const { return env_; }
  napi_value self() const { return self_; }
  void* data() const { return data_; }  // what the function was made with
  bool IsConstructCall() const;

  bool IsUndefined(size_t i) const;
  // A whole number from min to max, which is at most kMaxSafeInteger; RangeError with range_code otherwise
  // (TypeError when it is no number).
  uint64_t Unsigned(size_t i, const char* name, uint64_t min, uint64_t max,
                    const char* range_code = kInvalidArg) const;
  // Any number of 32 bits: for values whose range the core itself checks.
  uint32_t Rate(size_t i, const char* name) const;
  uint32_t Channels(size_t i, const char* name, uint32_t max) const;
  bool Bool(size_t i, const char* name) const;
  // One of the words; its index.
  size_t Word(size_t i, const char* name, std::span<const char* const> words) const;
  SampleFormat Encoding(size_t i, const char* name) const;
  // UTF-8 text of at most max_bytes.
  std::string Text(size_t i, const char* name, size_t max_bytes) const;
  napi_value Function(size_t i, const char* name) const;
  napi_value value(size_t i) const { return values_.at(i); }

  // The memory behind a typed array, borrowed for this call. TypeError for anything else, for an array whose
  // ArrayBuffer was detached or resized to end before it, and for a SharedArrayBuffer (another thread could
  // change it under the core).
  std::span<const uint8_t> Bytes(size_t i, const char* name) const;
  std::span<uint8_t> WritableBytes(size_t i, const char* name) const;
  std::span<int16_t> Int16(size_t i, const char* name) const;
  std::span<float> Float32(size_t i, const char* name) const;
  std::span<uint32_t> Uint32(size_t i, const char* name) const;
  // Of samples that may be either: true for a Float32Array, false for an Int16Array, TypeError for all else.
  bool AreFloat32(size_t i, const char* name) const;
  template <class T>
  std::span<T> Samples(size_t i, const char* name) const {
    if constexpr (std::is_same_v<T, float>)
      return Float32(i, name);
    else
      return Int16(i, name);
  }

 private:
  std::span<uint8_t> Borrow(size_t i, const char* name, napi_typedarray_type type, size_t element_bytes,
                            const char* wanted) const;
  std::string Describe(size_t i) const;

  napi_env env_;
  napi_callback_info info_;
  napi_value self_ = nullptr;
  void* data_ = nullptr;
  std::array<napi_value, kMax> values_ = {};  // read with at(): an index too far is an exception
};

// The memory behind an array that Arguments has lent before, as it is now: empty once it was transferred.
std::span<const uint8_t> BorrowAgain(napi_env env, napi_value array);

// Input and output of one call must not share bytes: the core would read what it has just written.
void RefuseOverlap(std::span<const uint8_t> input, std::span<const uint8_t> output);
template <class In, class Out>
void RefuseOverlap(std::span<In> input, std::span<Out> output) {
  RefuseOverlap(
      {reinterpret_cast<const uint8_t*>(input.data()), input.size_bytes()},
      std::span<const uint8_t>(reinterpret_cast<const uint8_t*>(output.data()), output.size_bytes()));
}

// ---- Buffers out.

template <class T>
struct NewArray {
  napi_value value;
  std::span<T> data;
};
// A new typed array with an ArrayBuffer of its own, whose content is arbitrary: it must not reach JavaScript
// before it was filled. RangeError ERR_TOO_LARGE where there is no memory: napi_create_arraybuffer and
// napi_create_buffer would abort the process, the constructors throw.
template <class T>
NewArray<T> Allocate(napi_env env, size_t length);

napi_value Number(napi_env env, double value);
napi_value Text(napi_env env, const char* value);
napi_value Undefined(napi_env env);

// An array of the items, whose elements are own data properties like those of ObjectBuilder.
napi_value List(napi_env env, std::span<const napi_value> items);

// A plain object, made with all its properties at once (own data properties: setters that someone put on
// Object.prototype do not run).
class ObjectBuilder {
 public:
  explicit ObjectBuilder(napi_env env) : env_(env) {}
  ObjectBuilder& Set(const char* name, napi_value value);
  ObjectBuilder& Set(const char* name, double value) { return Set(name, Number(env_, value)); }
  ObjectBuilder& Set(const char* name, const char* value) { return Set(name, Text(env_, value)); }
  napi_value Build();

 private:
  napi_env env_;
  std::vector<napi_property_descriptor> properties_;
};

// What a WAV header said and what was found: the facts shared by readWav, probeWav, WavReader, AudioFramer.
void SetWavFacts(napi_env env, const WavReader& reader, ObjectBuilder& object);

}  // namespace sluice::bindings
