#include "bindings/convert.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <exception>
#include <limits>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace sluice::bindings {
namespace {

constexpr std::array kEncodingNames = {
#define X(name, text, bytes, bits) text,
    SLUICE_SAMPLE_FORMATS(X)
#undef X
};
static_assert(kEncodingNames.size() == kSampleFormatCount);

napi_value NewError(napi_env env, const CoreError& failure) {
  const Error& error = failure.error;
  const napi_value message = Text(env, error.message.c_str());
  const napi_value code = Text(env, ErrorCodeName(error.code));
  if (ErrorCodeKind(error.code) == ErrorKind::kRange) {
    napi_value result = nullptr;
    Check(napi_create_range_error(env, code, message, &result));
    return result;
  }
  AddonData& data = DataOf(env);
  const auto& error_class =
      ErrorCodeKind(error.code) == ErrorKind::kFormat ? data.format_error : data.unsupported_error;
  const napi_value offset = Number(env, static_cast<double>(error.byte_offset));
  napi_value result = nullptr;
  if (error_class.IsEmpty()) {
    Check(napi_create_error(env, code, message, &result));
    Check(napi_set_named_property(env, result, "byteOffset", offset));
    return result;
  }
  const std::array arguments = {message, code, offset};
  Check(napi_new_instance(env, error_class.Value(), arguments.size(), arguments.data(), &result));
  return result;
}

void ThrowNoMemory(napi_env env) {
  napi_throw_range_error(env, ErrorCodeName(ErrorCode::kTooLarge),
                         "There is not enough memory for this; work in smaller chunks.");
}

const char* ArrayName(napi_typedarray_type type) {
  switch (type) {
    case napi_int8_array:
      return "an Int8Array";
    case napi_uint8_array:
      return "a Uint8Array";
    case napi_uint8_clamped_array:
      return "a Uint8ClampedArray";
    case napi_int16_array:
      return "an Int16Array";
    case napi_uint16_array:
      return "a Uint16Array";
    case napi_int32_array:
      return "an Int32Array";
    case napi_uint32_array:
      return "a Uint32Array";
    case napi_float32_array:
      return "a Float32Array";
    case napi_float64_array:
      return "a Float64Array";
    case napi_bigint64_array:
      return "a BigInt64Array";
    case napi_biguint64_array:
      return "a BigUint64Array";
    default:
      return "another typed array";
  }
}

// Of typed arrays that this Node-API version has no name for (Float16Array): it leaves the kind as it was.
constexpr auto kUnnamedKind = static_cast<napi_typedarray_type>(15);

// The kind of a typed array; false when the value is none.
bool TypedArrayKind(napi_env env, napi_value value, napi_typedarray_type& type) {
  type = kUnnamedKind;
  return napi_get_typedarray_info(env, value, &type, nullptr, nullptr, nullptr, nullptr) == napi_ok;
}

std::string DescribeNumber(napi_env env, napi_value value) {
  double number = 0;
  Check(napi_get_value_double(env, value, &number));
  std::array<char, 32> text{};
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  std::snprintf(text.data(), text.size(), "%.15g", number);
  return text.data();
}

std::string DescribeString(napi_env env, napi_value value) {
  std::array<char, 40> text{};
  size_t length = 0;
  size_t whole_length = 0;
  Check(napi_get_value_string_utf8(env, value, nullptr, 0, &whole_length));
  Check(napi_get_value_string_utf8(env, value, text.data(), text.size(), &length));
  std::string quoted(1, '\'');
  quoted.append(text.data(), length);
  quoted.append(length < whole_length ? "…'" : "'");  // Node cuts at whole characters
  return quoted;
}

}  // namespace

// ---- Errors out

void ThrowType(std::string message, const char* code) {
  throw ArgumentError{ArgumentError::Class::kType, code, std::move(message)};
}

void ThrowRange(std::string message, const char* code) {
  throw ArgumentError{ArgumentError::Class::kRange, code, std::move(message)};
}

void Check(napi_status status) {
  if (status != napi_ok) throw PendingException{};
}

namespace {

void ThrowPending(napi_env env) {
  bool pending = false;
  // Neither an exception nor a value: the environment is shutting down (the throw below does nothing then).
  if (napi_is_exception_pending(env, &pending) == napi_ok && pending) return;
  napi_throw_error(env, nullptr, "A Node-API call failed.");
}

void ThrowCore(napi_env env, const CoreError& failure) {
  try {
    napi_throw(env, NewError(env, failure));
  } catch (const PendingException&) {
    ThrowPending(env);
  }
}

}  // namespace

void ThrowCurrentExceptionAsJs(napi_env env) noexcept {
  // Statuses are ignored on purpose: a throw can only fail where no JavaScript can run any more.
  try {
    throw;
  } catch (const ArgumentError& error) {
    const auto raise =
        error.error_class == ArgumentError::Class::kType ? napi_throw_type_error : napi_throw_range_error;
    raise(env, error.code, error.message.c_str());
  } catch (const CoreError& failure) {
    ThrowCore(env, failure);
  } catch (const PendingException&) {
    ThrowPending(env);
  } catch (const Napi::Error& error) {
    error.ThrowAsJavaScriptException();
  } catch (const std::bad_alloc&) {
    ThrowNoMemory(env);
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  } catch (...) {
    napi_throw_error(env, nullptr, "An unknown exception reached the addon's boundary.");
  }
}

AddonData& DataOf(napi_env env) {
  void* data = nullptr;
  Check(napi_get_instance_data(env, &data));
  return *static_cast<AddonData*>(data);
}

// ---- Arguments in

Arguments::Arguments(napi_env env, napi_callback_info info) : env_(env), info_(info) {
  size_t count = kMax;
  Check(napi_get_cb_info(env, info, &count, values_.data(), &self_, &data_));
}

bool Arguments::IsConstructCall() const {
  napi_value target = nullptr;
  Check(napi_get_new_target(env_, info_, &target));
  return target != nullptr;
}

bool Arguments::IsUndefined(size_t i) const {
  napi_valuetype type = napi_undefined;
  Check(napi_typeof(env_, values_.at(i), &type));
  return type == napi_undefined;
}

uint64_t Arguments::Unsigned(size_t i, const char* name, uint64_t min, uint64_t max,
                             const char* range_code) const {
  double number = 0;
  if (napi_get_value_double(env_, values_.at(i), &number) != napi_ok)
    ThrowType(std::string(name) + " must be a number, got " + Describe(i));
  // NaN fails every comparison.
  if (!(number >= static_cast<double>(min) && number <= static_cast<double>(max)) ||
      number != std::floor(number)) {
    ThrowRange(std::string(name) + " must be a whole number from " + std::to_string(min) + " to " +
                   std::to_string(max) + ", got " + Describe(i),
               range_code);
  }
  return static_cast<uint64_t>(number);
}

uint32_t Arguments::Rate(size_t i, const char* name) const {
  return static_cast<uint32_t>(
      Unsigned(i, name, 1, std::numeric_limits<int32_t>::max(), ErrorCodeName(ErrorCode::kInvalidRate)));
}

uint32_t Arguments::Channels(size_t i, const char* name, uint32_t max) const {
  return static_cast<uint32_t>(Unsigned(i, name, 1, max, ErrorCodeName(ErrorCode::kInvalidChannels)));
}

bool Arguments::Bool(size_t i, const char* name) const {
  bool value = false;
  if (napi_get_value_bool(env_, values_.at(i), &value) != napi_ok)
    ThrowType(std::string(name) + " must be a boolean, got " + Describe(i));
  return value;
}

size_t Arguments::Word(size_t i, const char* name, std::span<const char* const> words) const {
  std::array<char, 16> text{};  // longer than every word
  size_t length = 0;
  const bool is_text =
      napi_get_value_string_utf8(env_, values_.at(i), text.data(), text.size(), &length) == napi_ok;
  const std::string_view word(text.data(), length);
  for (size_t k = 0; is_text && k < words.size(); ++k)
    if (word == words[k]) return k;
  std::string message = std::string(name) + " must be one of";
  for (const char* candidate : words) message += std::string(" '") + candidate + "'";
  message += ", got " + Describe(i);
  if (is_text) ThrowRange(std::move(message));
  ThrowType(std::move(message));
}

SampleFormat Arguments::Encoding(size_t i, const char* name) const {
  return static_cast<SampleFormat>(Word(i, name, kEncodingNames));
}

std::string Arguments::Text(size_t i, const char* name, size_t max_bytes) const {
  size_t length = 0;
  if (napi_get_value_string_utf8(env_, values_.at(i), nullptr, 0, &length) != napi_ok)
    ThrowType(std::string(name) + " must be a string, got " + Describe(i));
  if (length > max_bytes) {
    ThrowRange(std::string(name) + " must have at most " + std::to_string(max_bytes) + " bytes, got " +
                   std::to_string(length),
               ErrorCodeName(ErrorCode::kInvalidLength));
  }
  std::string text(length + 1, '\0');
  Check(napi_get_value_string_utf8(env_, values_.at(i), text.data(), text.size(), &length));
  text.resize(length);
  return text;
}

napi_value Arguments::Function(size_t i, const char* name) const {
  napi_valuetype type = napi_undefined;
  Check(napi_typeof(env_, values_.at(i), &type));
  if (type != napi_function) ThrowType(std::string(name) + " must be a function, got " + Describe(i));
  return values_.at(i);
}

std::span<const uint8_t> Arguments::Bytes(size_t i, const char* name) const { return WritableBytes(i, name); }

std::span<uint8_t> Arguments::WritableBytes(size_t i, const char* name) const {
  return Borrow(i, name, napi_uint8_array, 1, "a Uint8Array");
}

// An ArrayBuffer's memory is aligned for every type, and a view's offset is a multiple of its element size.
std::span<int16_t> Arguments::Int16(size_t i, const char* name) const {
  const auto bytes = Borrow(i, name, napi_int16_array, sizeof(int16_t), "an Int16Array");
  return {reinterpret_cast<int16_t*>(bytes.data()), bytes.size() / sizeof(int16_t)};
}

std::span<float> Arguments::Float32(size_t i, const char* name) const {
  const auto bytes = Borrow(i, name, napi_float32_array, sizeof(float), "a Float32Array");
  return {reinterpret_cast<float*>(bytes.data()), bytes.size() / sizeof(float)};
}

std::span<uint32_t> Arguments::Uint32(size_t i, const char* name) const {
  const auto bytes = Borrow(i, name, napi_uint32_array, sizeof(uint32_t), "a Uint32Array");
  return {reinterpret_cast<uint32_t*>(bytes.data()), bytes.size() / sizeof(uint32_t)};
}

bool Arguments::AreFloat32(size_t i, const char* name) const {
  napi_typedarray_type type;
  const bool is_array = TypedArrayKind(env_, values_.at(i), type);
  if (!is_array || (type != napi_float32_array && type != napi_int16_array))
    ThrowType(std::string(name) + " must be an Int16Array or a Float32Array, got " + Describe(i));
  return type == napi_float32_array;
}

namespace {

// Whether a call went well, false where JavaScript threw; PendingException when the environment is shutting
// down.
bool Succeeded(napi_env env, napi_status status) {
  if (status == napi_ok) return true;
  bool pending = false;
  Check(napi_is_exception_pending(env, &pending));
  if (!pending) throw PendingException{};
  napi_value ignored = nullptr;
  Check(napi_get_and_clear_last_exception(env, &ignored));
  return false;
}

// An array of no elements may have lost them, which Node-API does not tell: its methods throw then.
bool HasLostMemory(napi_env env, napi_value array) {
  napi_value ignored = nullptr;
  return !Succeeded(env, napi_call_function(env, array, DataOf(env).array_at.Value(), 0, nullptr, &ignored));
}

}  // namespace

std::span<uint8_t> Arguments::Borrow(size_t i, const char* name, napi_typedarray_type type,
                                     size_t element_bytes, const char* wanted) const {
  napi_typedarray_type found = kUnnamedKind;
  size_t length = 0;
  void* data = nullptr;
  napi_value buffer = nullptr;
  const bool is_array =
      napi_get_typedarray_info(env_, values_.at(i), &found, &length, &data, &buffer, nullptr) == napi_ok;
  if (!is_array || found != type)
    ThrowType(std::string(name) + " must be " + wanted + ", got " + Describe(i));
  bool ordinary = false;  // false for a SharedArrayBuffer
  Check(napi_is_arraybuffer(env_, buffer, &ordinary));
  if (!ordinary) {
    ThrowType(
        std::string(name) +
        " must not lie in a SharedArrayBuffer, which another thread may change meanwhile; pass an array "
        "with memory of its own (for an input: array.slice())");
  }
  if (length == 0) {
    if (HasLostMemory(env_, values_.at(i))) {
      ThrowType(
          std::string(name) +
          " has lost its memory: its ArrayBuffer was detached (transferred), or resized to end before it");
    }
    return {};
  }
  return {static_cast<uint8_t*>(data), length * element_bytes};
}

std::string Arguments::Describe(size_t i) const {
  napi_valuetype type = napi_undefined;
  Check(napi_typeof(env_, values_.at(i), &type));
  switch (type) {
    case napi_undefined:
      return "undefined";
    case napi_null:
      return "null";
    case napi_boolean:
      return "a boolean";
    case napi_number:
      return DescribeNumber(env_, values_.at(i));
    case napi_string:
      return DescribeString(env_, values_.at(i));
    case napi_symbol:
      return "a symbol";
    case napi_function:
      return "a function";
    case napi_bigint:
      return "a BigInt";
    default:
      break;
  }
  napi_typedarray_type array_type;
  return TypedArrayKind(env_, values_.at(i), array_type) ? ArrayName(array_type) : "an object";
}

std::span<const uint8_t> BorrowAgain(napi_env env, napi_value array) {
  napi_typedarray_type type = napi_uint8_array;
  size_t length = 0;
  void* data = nullptr;
  Check(napi_get_typedarray_info(env, array, &type, &length, &data, nullptr, nullptr));
  const size_t element_bytes = type == napi_float32_array ? 4 : type == napi_int16_array ? 2 : 1;
  return {static_cast<const uint8_t*>(data), length * element_bytes};
}

void RefuseOverlap(std::span<const uint8_t> input, std::span<const uint8_t> output) {
  if (input.empty() || output.empty()) return;
  const auto begin = [](std::span<const uint8_t> s) { return reinterpret_cast<uintptr_t>(s.data()); };
  const auto end = [&](std::span<const uint8_t> s) { return begin(s) + s.size(); };
  if (begin(input) < end(output) && begin(output) < end(input))
    ThrowRange("The input and the output must not share memory; bring a separate output");
}

// ---- Buffers out

namespace {

const Napi::FunctionReference& ArrayClass(AddonData& data, const int16_t*) { return data.int16_array; }
const Napi::FunctionReference& ArrayClass(AddonData& data, const float*) { return data.float32_array; }
const Napi::FunctionReference& ArrayClass(AddonData& data, const uint8_t*) { return data.uint8_array; }
const Napi::FunctionReference& ArrayClass(AddonData& data, const double*) { return data.float64_array; }
const Napi::FunctionReference& ArrayClass(AddonData& data, const uint32_t*) { return data.uint32_array; }

// Node-API's answer to making an array: what JavaScript throws there says that there is no memory.
void CheckAllocated(napi_env env, napi_status status) {
  if (!Succeeded(env, status)) throw std::bad_alloc();
}

// From here on an array is made without being zeroed first. Zeros mean pages that the system has to bring in
// one by one (0.5 us for each 4 kB), where malloc has used ones at hand: a WAV of 6 MB is read in half the
// time. Small arrays are made faster with zeros, by one call less.
constexpr size_t kUnzeroedBytes = size_t{1} << 16;

// Asks Linux for pages of 2 MB where there are none yet: a WAV of 6 to 12 MB is read into new memory 1.3
// to 2.5 times as fast. Where the system has no such pages to give, nothing changes.
void AskForHugePages(void* data, size_t bytes) {
#if defined(__linux__)
  constexpr size_t kWorthIt = size_t{1} << 22;  // from here on, one such page at least lies inside
  constexpr uintptr_t kPage = 4096;
  if (bytes < kWorthIt) return;
  const uintptr_t begin = reinterpret_cast<uintptr_t>(data) & ~(kPage - 1);
  const size_t size = reinterpret_cast<uintptr_t>(data) + bytes - begin;
  madvise(reinterpret_cast<void*>(begin), size, MADV_HUGEPAGE);
#else
  (void)data, (void)bytes;
#endif
}

napi_value NewArrayBuffer(napi_env env, size_t bytes) {
  const napi_value size = Number(env, static_cast<double>(bytes));
  napi_value buffer = nullptr;
  CheckAllocated(
      env, napi_call_function(env, Undefined(env), DataOf(env).alloc_unsafe.Value(), 1, &size, &buffer));
  napi_value array_buffer = nullptr;  // has just that size
  Check(napi_get_typedarray_info(env, buffer, nullptr, nullptr, nullptr, &array_buffer, nullptr));
  return array_buffer;
}

}  // namespace

template <class T>
NewArray<T> Allocate(napi_env env, size_t length) {
  const auto& array_class = ArrayClass(DataOf(env), static_cast<const T*>(nullptr));
  const bool zeroed = length < kUnzeroedBytes / sizeof(T);
  const napi_value from =
      zeroed ? Number(env, static_cast<double>(length)) : NewArrayBuffer(env, length * sizeof(T));
  NewArray<T> result{};
  CheckAllocated(env, napi_new_instance(env, array_class.Value(), 1, &from, &result.value));
  void* data = nullptr;
  Check(napi_get_typedarray_info(env, result.value, nullptr, nullptr, &data, nullptr, nullptr));
  result.data = {static_cast<T*>(data), length};
  if (!zeroed) AskForHugePages(data, length * sizeof(T));
  return result;
}
template NewArray<int16_t> Allocate<int16_t>(napi_env, size_t);
template NewArray<float> Allocate<float>(napi_env, size_t);
template NewArray<uint8_t> Allocate<uint8_t>(napi_env, size_t);
template NewArray<double> Allocate<double>(napi_env, size_t);
template NewArray<uint32_t> Allocate<uint32_t>(napi_env, size_t);

napi_value Number(napi_env env, double value) {
  napi_value result = nullptr;
  Check(napi_create_double(env, value, &result));
  return result;
}

napi_value Text(napi_env env, const char* value) {
  napi_value result = nullptr;
  Check(napi_create_string_utf8(env, value, NAPI_AUTO_LENGTH, &result));
  return result;
}

napi_value Undefined(napi_env env) {
  napi_value result = nullptr;
  Check(napi_get_undefined(env, &result));
  return result;
}

napi_value List(napi_env env, std::span<const napi_value> items) {
  std::vector<std::string> indices;
  for (size_t i = 0; i < items.size(); ++i) indices.push_back(std::to_string(i));
  std::vector<napi_property_descriptor> elements;
  for (size_t i = 0; i < items.size(); ++i) {
    elements.push_back(
        {indices[i].c_str(), nullptr, nullptr, nullptr, nullptr, items[i], napi_default_jsproperty, nullptr});
  }
  napi_value list = nullptr;
  Check(napi_create_array(env, &list));
  Check(napi_define_properties(env, list, elements.size(), elements.data()));
  return list;
}

ObjectBuilder& ObjectBuilder::Set(const char* name, napi_value value) {
  properties_.push_back({name, nullptr, nullptr, nullptr, nullptr, value, napi_default_jsproperty, nullptr});
  return *this;
}

napi_value ObjectBuilder::Build() {
  napi_value object = nullptr;
  Check(napi_create_object(env_, &object));
  Check(napi_define_properties(env_, object, properties_.size(), properties_.data()));
  return object;
}

namespace {

constexpr std::array kWavWarnings = {
#define X(name, text) WavWarning::name,
    SLUICE_WAV_WARNINGS(X)
#undef X
};

napi_value Warnings(napi_env env, uint32_t bits) {
  std::vector<napi_value> names;
  for (const WavWarning warning : kWavWarnings) {
    if ((bits >> static_cast<unsigned>(warning) & 1U) != 0)
      names.push_back(Text(env, WavWarningName(warning)));
  }
  return List(env, names);
}

}  // namespace

void SetWavFacts(napi_env env, const WavReader& reader, ObjectBuilder& object) {
  const WavInfo& info = reader.info();
  // Frames that the header promises, less those found; a frame cut in the middle is a missing one.
  const uint64_t promised = (reader.audio_bytes() + reader.missing_bytes()) / info.FrameBytes();
  const uint64_t missing = reader.missing_bytes() == 0 ? 0 : promised - reader.frames();
  object.Set("encoding", SampleFormatName(info.format))
      .Set("sampleRateHz", info.sample_rate_hz)
      .Set("channels", info.channels)
      .Set("bitsPerSample", info.bits_per_sample)
      .Set("frames", static_cast<double>(reader.frames()))
      .Set("missingFrames", static_cast<double>(missing))
      .Set("dataOffset", static_cast<double>(info.data_offset))
      .Set("warnings", Warnings(env, reader.warnings()));
}

}  // namespace sluice::bindings
