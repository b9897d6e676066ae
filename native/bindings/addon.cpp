// What JavaScript sees of the addon. src/native/types.ts is the same page in TypeScript.
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "core/simd/simd_level.h"

namespace sluice::bindings {
namespace {

// setErrorClasses(FormatError, UnsupportedError): what bad bytes throw, called as new (message, code,
// byteOffset).
napi_value SetErrorClasses(napi_env env, napi_callback_info info) {
  return Guard(env, [&] {
    const Arguments args(env, info);
    const napi_value format_error = args.Function(0, "FormatError");
    const napi_value unsupported_error = args.Function(1, "UnsupportedError");
    AddonData& data = DataOf(env);
    data.format_error = Napi::Persistent(Napi::Function(env, format_error));
    data.unsupported_error = Napi::Persistent(Napi::Function(env, unsupported_error));
    return Undefined(env);
  });
}

// [code, class] of every failure the core can report: a test compares it with src/errors.ts.
napi_value ErrorCodes(napi_env env) {
  static constexpr std::array kClasses = {"FormatError", "UnsupportedError", "RangeError"};
  ObjectBuilder codes(env);
#define X(name, code, kind) codes.Set(code, kClasses[static_cast<size_t>(ErrorKind::kind)]);
  SLUICE_ERROR_CODES(X)
#undef X
  return codes.Build();
}

// An addon that quietly took other kernels than it was told to would spoil what the user wants to find out.
void RequireSimdOverride() {
  const std::string& problem = ActiveSimdChoice().problem;
  if (!problem.empty()) ThrowRange(problem, "ERR_SIMD_LEVEL");
}

// { level, available, override }
napi_value Simd(napi_env env) {
  const auto name = [&](SimdLevel level) { return Text(env, std::string(SimdLevelName(level)).c_str()); };
  std::vector<napi_value> available;
  for (const SimdLevel level : RunnableSimdLevels()) available.push_back(name(level));
  napi_value overridden = nullptr;
  Check(napi_get_boolean(env, ActiveSimdChoice().overridden, &overridden));
  return ObjectBuilder(env)
      .Set("level", name(ActiveSimdLevel()))
      .Set("available", List(env, available))
      .Set("override", overridden)
      .Build();
}

napi_value Function(napi_env env, const char* name, napi_callback callback) {
  napi_value result = nullptr;
  Check(napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &result));
  return result;
}

void KeepIntrinsics(Napi::Env env) {
  auto data = std::make_unique<AddonData>();
  const auto intrinsic = [&](const char* name) {
    return Napi::Persistent(env.Global().Get(name).As<Napi::Function>());
  };
  const auto method = [&](const Napi::FunctionReference& array_class, const char* name) {
    const auto prototype = array_class.Value().Get("prototype").As<Napi::Object>();
    return Napi::Persistent(prototype.Get(name).As<Napi::Function>());
  };
  data->int16_array = intrinsic("Int16Array");
  data->float32_array = intrinsic("Float32Array");
  data->uint8_array = intrinsic("Uint8Array");
  data->float64_array = intrinsic("Float64Array");
  data->uint32_array = intrinsic("Uint32Array");
  data->array_at = method(data->uint8_array, "at");
  data->alloc_unsafe = Napi::Persistent(
      env.Global().Get("Buffer").As<Napi::Object>().Get("allocUnsafeSlow").As<Napi::Function>());
  env.SetInstanceData(data.release());
}

napi_value Exports(Napi::Env env) {
  RequireSimdOverride();
  KeepIntrinsics(env);
  static constexpr std::array<std::pair<const char*, napi_callback>, 19> kFunctions = {{
      {"setErrorClasses", SetErrorClasses},
      {"convertSamples", ConvertSamples},
      {"convertSamplesInto", ConvertSamplesInto},
      {"stepLevels", StepLevels},
      {"decodeMulaw", DecodeMulaw},
      {"encodeMulaw", EncodeMulaw},
      {"decodeAlaw", DecodeAlaw},
      {"encodeAlaw", EncodeAlaw},
      {"decodeMulawInto", DecodeMulawInto},
      {"encodeMulawInto", EncodeMulawInto},
      {"decodeAlawInto", DecodeAlawInto},
      {"encodeAlawInto", EncodeAlawInto},
      {"readWav", ReadWav},
      {"probeWav", ProbeWav},
      {"writeWav", WriteWav},
      {"readOggOpus", ReadOggOpus},
      {"writeOggOpus", WriteOggOpus},
      {"resample", Resample},
      {"writeTextFrame", WriteTextFrame},
  }};
  ObjectBuilder all(env);
  for (const auto& [name, callback] : kFunctions) all.Set(name, Function(env, name, callback));
  all.Set("WavReader", DefineWavReader(env));
  all.Set("WavDecoder", DefineWavDecoder(env));
  all.Set("WavWriter", DefineWavWriter(env));
  all.Set("OggPageReader", DefineOggPageReader(env));
  all.Set("OggOpusReader", DefineOggOpusReader(env));
  all.Set("OggOpusDecoder", DefineOggOpusDecoder(env));
  all.Set("OggOpusWriter", DefineOggOpusWriter(env));
  all.Set("OggOpusEncoder", DefineOggOpusEncoder(env));
  all.Set("Resampler", DefineResampler(env));
  all.Set("Transcoder", DefineTranscoder(env));
  all.Set("AudioFramer", DefineAudioFramer(env));
  all.Set("OpusEncoder", DefineOpusEncoder(env));
  all.Set("OpusDecoder", DefineOpusDecoder(env));
  all.Set("errorCodes", ErrorCodes(env));
  all.Set("simd", Simd(env));
  return all.Build();
}

// Once in each environment (the main thread, each worker).
Napi::Object Init(Napi::Env env, Napi::Object) {
  return {env, Guard(env, [&] { return Exports(env); })};
}

}  // namespace
}  // namespace sluice::bindings

using sluice::bindings::Init;
NODE_API_MODULE(sluice, Init)
