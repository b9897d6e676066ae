// convertSamples and its Into form, stepLevels.
#include <algorithm>
#include <limits>
#include <memory>
#include <optional>

#include "bindings/async_work.h"
#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "core/loudness.h"
#include "core/pcm.h"

namespace sluice::bindings {
namespace {

constexpr uint32_t kMaxChannels = std::numeric_limits<uint16_t>::max();  // what a WAV header can hold

struct Layout {
  SampleFormat format;
  size_t channels;
  size_t FrameBytes() const { return BytesPerSample(format) * channels; }
};

// What the first five arguments of both functions ask for.
struct Conversion {
  Layout from;
  Layout to;
  std::span<const uint8_t> bytes;
  size_t OutputBytes() const { return bytes.size() / from.FrameBytes() * to.FrameBytes(); }
};

class ConvertJob final : public SlicedJob {
 public:
  explicit ConvertJob(const Conversion& wanted)
      : from_(wanted.from),
        to_(wanted.to),
        output_bytes_(wanted.OutputBytes()),
        slices_(0, wanted.bytes.size(), from_.FrameBytes(), output_bytes_) {}

  std::optional<Slice> Next(napi_env env) override {
    if (!output_) {
      output_.emplace(env, output_bytes_);
      rest_ = output_->data();
    }
    return slices_.Next();
  }
  void Run(std::span<const uint8_t> slice) override {
    const auto out = rest_.first(slice.size() / from_.FrameBytes() * to_.FrameBytes());
    sluice::ConvertSamples(from_.format, from_.channels, slice, to_.format, to_.channels, out);
    rest_ = rest_.subspan(out.size());
  }
  napi_value Finish(napi_env) override { return output_->value(); }

 private:
  Layout from_;
  Layout to_;
  size_t output_bytes_;
  Slicer slices_;
  std::optional<OutputArray<uint8_t>> output_;
  std::span<uint8_t> rest_;  // of the output
};

// (bytes, from, fromChannels, to, toChannels, ...)
Conversion ReadConversion(const Arguments& args) {
  const Layout from{args.Encoding(1, "from"), args.Channels(2, "channels", kMaxChannels)};
  const Layout to{args.Encoding(3, "to"), args.Channels(4, "toChannels", kMaxChannels)};
  if (!CanMixChannels(from.channels, to.channels)) {
    ThrowRange("No rule mixes " + std::to_string(from.channels) + " channels to " +
                   std::to_string(to.channels) + "; keep the count, mix to 1, or copy 1 channel to several",
               ErrorCodeName(ErrorCode::kInvalidChannels));
  }
  const auto bytes = args.Bytes(0, "bytes");
  if (bytes.size() % from.FrameBytes() != 0) {
    ThrowRange("bytes must hold whole frames of " + std::to_string(from.FrameBytes()) + " bytes, got " +
                   std::to_string(bytes.size()) + " bytes",
               ErrorCodeName(ErrorCode::kInvalidLength));
  }
  return {from, to, bytes};
}

}  // namespace

// convertSamples(bytes, from, fromChannels, to, toChannels, ...callbacks) -> Uint8Array
napi_value ConvertSamples(napi_env env, napi_callback_info info) {
  return Guard(env, [&] {
    const Arguments args(env, info);
    const Conversion wanted = ReadConversion(args);
    const bool large = std::max(wanted.bytes.size(), wanted.OutputBytes()) >= kLargeBytes;
    return Perform(args, 5, large, wanted.bytes, std::make_unique<ConvertJob>(wanted));
  });
}

// convertSamplesInto(bytes, from, fromChannels, to, toChannels, dst) -> bytes written to the front of dst
napi_value ConvertSamplesInto(napi_env env, napi_callback_info info) {
  return Guard(env, [&] {
    const Arguments args(env, info);
    const Conversion conversion = ReadConversion(args);
    const auto& [from, to, bytes] = conversion;
    const auto dst = args.WritableBytes(5, "dst");
    const size_t wanted = conversion.OutputBytes();
    if (dst.size() < wanted) {
      ThrowRange(
          "dst must have room for " + std::to_string(wanted) + " bytes, got " + std::to_string(dst.size()),
          ErrorCodeName(ErrorCode::kOutputTooSmall));
    }
    RefuseOverlap(bytes, dst);
    sluice::ConvertSamples(from.format, from.channels, bytes, to.format, to.channels, dst.first(wanted));
    return Number(env, static_cast<double>(wanted));
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
