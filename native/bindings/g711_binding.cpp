// G.711, four functions and their Into forms.
#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "core/g711.h"

namespace sluice::bindings {
namespace {

template <class T>
std::span<T> Array(const Arguments& args, size_t i, const char* name) {
  if constexpr (std::is_same_v<T, uint8_t>)
    return args.WritableBytes(i, name);
  else
    return args.Int16(i, name);
}

// f(src) -> a new array as long as src.
template <class In, class Out>
napi_value Whole(napi_env env, napi_callback_info info, void (*code)(std::span<const In>, std::span<Out>)) {
  return Guard(env, [&] {
    const Arguments args(env, info);
    const auto src = Array<In>(args, 0, "src");
    const auto out = Allocate<Out>(env, src.size());
    code(src, out.data);
    return out.value;
  });
}

// f(src, dst) -> samples written to the front of dst.
template <class In, class Out>
napi_value Into(napi_env env, napi_callback_info info, void (*code)(std::span<const In>, std::span<Out>)) {
  return Guard(env, [&] {
    const Arguments args(env, info);
    const auto src = Array<In>(args, 0, "src");
    const auto dst = Array<Out>(args, 1, "dst");
    if (dst.size() < src.size()) {
      ThrowRange("dst must have room for " + std::to_string(src.size()) + " samples, got " +
                     std::to_string(dst.size()),
                 ErrorCodeName(ErrorCode::kOutputTooSmall));
    }
    RefuseOverlap(src, dst);
    code(src, dst.first(src.size()));
    return Number(env, static_cast<double>(src.size()));
  });
}

}  // namespace

napi_value DecodeMulaw(napi_env env, napi_callback_info info) {
  return Whole(env, info, &sluice::DecodeMulaw);
}
napi_value EncodeMulaw(napi_env env, napi_callback_info info) {
  return Whole(env, info, &sluice::EncodeMulaw);
}
napi_value DecodeAlaw(napi_env env, napi_callback_info info) { return Whole(env, info, &sluice::DecodeAlaw); }
napi_value EncodeAlaw(napi_env env, napi_callback_info info) { return Whole(env, info, &sluice::EncodeAlaw); }

napi_value DecodeMulawInto(napi_env env, napi_callback_info info) {
  return Into(env, info, &sluice::DecodeMulaw);
}
napi_value EncodeMulawInto(napi_env env, napi_callback_info info) {
  return Into(env, info, &sluice::EncodeMulaw);
}
napi_value DecodeAlawInto(napi_env env, napi_callback_info info) {
  return Into(env, info, &sluice::DecodeAlaw);
}
napi_value EncodeAlawInto(napi_env env, napi_callback_info info) {
  return Into(env, info, &sluice::EncodeAlaw);
}

}  // namespace sluice::bindings
