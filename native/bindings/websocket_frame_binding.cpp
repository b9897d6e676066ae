// writeTextFrame: a message to a WebSocket frame, into the caller's memory.
#include <cstring>

#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "core/websocket_frame.h"

namespace sluice::bindings {

// writeTextFrame(message, key, out, at) -> bytes written to out from at on. key: 32 bits.
napi_value WriteTextFrame(napi_env env, napi_callback_info info) {
  return Guard(env, [&] {
    const Arguments args(env, info);
    const auto message = args.Bytes(0, "message");
    const auto bits = static_cast<uint32_t>(args.Unsigned(1, "key", 0, UINT32_MAX));
    const auto out = args.WritableBytes(2, "out");
    const uint64_t at = args.Unsigned(3, "at", 0, kMaxSafeInteger);
    const size_t wanted = TextFrameLength(message.size());
    if (at > out.size() || out.size() - at < wanted) {
      ThrowRange("out must have room for " + std::to_string(wanted) + " bytes from " + std::to_string(at) +
                     " on, got " + std::to_string(out.size()),
                 ErrorCodeName(ErrorCode::kOutputTooSmall));
    }
    const auto room = out.subspan(static_cast<size_t>(at), wanted);
    RefuseOverlap(message, std::span<const uint8_t>(room));
    MaskingKey key;
    std::memcpy(key.data(), &bits, key.size());
    return Number(env, static_cast<double>(sluice::WriteTextFrame(message, key, room)));
  });
}

}  // namespace sluice::bindings
