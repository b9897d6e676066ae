// convertSamples, stepLevels.
#include <algorithm>
#include <limits>

#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "core/loudness.h"
#include "core/pcm.h"

namespace sluice::bindings {
namespace {

constexpr uint32_t kMaxChannels = std::numeric_limits<uint16_t>::max();  // what a WAV header can hold

}  // namespace

// convertSamples(bytes, from, fromChannels, to, toChannels) -> Uint8Array
napi_value ConvertSamples(napi_env env, napi_callback_info info) {
  return Guard(env, [&] {
    const Arguments args(env, info);
    const SampleFormat from = args.Encoding(1, "from");
    const uint32_t from_channels = args.Channels(2, "channels", kMaxChannels);
    const SampleFormat to = args.Encoding(3, "to");
    const uint32_t to_channels = args.Channels(4, "toChannels", kMaxChannels);
    if (!CanMixChannels(from_channels, to_channels)) {
      ThrowRange("No rule mixes " + std::to_string(from_channels) + " channels to " +
                     std::to_string(to_channels) + "; keep the count, mix to 1, or copy 1 channel to several",
                 ErrorCodeName(ErrorCode::kInvalidChannels));
    }
    const auto bytes = args.Bytes(0, "bytes");
    const size_t frame_bytes = BytesPerSample(from) * from_channels;
    if (bytes.size() % frame_bytes != 0) {
      ThrowRange("bytes must hold whole frames of " + std::to_string(frame_bytes) + " bytes, got " +
                     std::to_string(bytes.size()) + " bytes",
                 ErrorCodeName(ErrorCode::kInvalidLength));
    }
    const auto out = Allocate<uint8_t>(env, bytes.size() / frame_bytes * to_channels * BytesPerSample(to));
    sluice::ConvertSamples(from, from_channels, bytes, to, to_channels, out.data);
    return out.value;
  });
}

// stepLevels(int16, block) -> Float32Array
napi_value StepLevels(napi_env env, napi_callback_info info) {
  return Guard(env, [&] {
    const Arguments args(env, info);
    const size_t block = args.Unsigned(1, "block", 1, std::numeric_limits<uint32_t>::max());
    const auto samples = args.Int16(0, "samples");
    const auto levels = Allocate<float>(env, (samples.size() + block - 1) / block);
    sluice::StepLevels(samples, block, levels.data);
    return levels.value;
  });
}

}  // namespace sluice::bindings
