// The OpusEncoder and OpusDecoder classes. Not here: Ogg (ogg_opus_*_binding.cpp).
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "bindings/opus_options.h"
#include "bindings/wrapped.h"
#include "core/opus_codec.h"

namespace sluice::bindings {
namespace {

constexpr uint64_t kMaxFrames = uint64_t{1} << 36;  // more than any typed array holds

class OpusEncoderObject {
 public:
  static constexpr napi_type_tag kTag = {0x51c7e20b94af4d38, 0xa6d0f38b5e172c94};
  static constexpr const char* kName = "OpusEncoder";

  // new OpusEncoder(...options): as ReadOpusEncoderOptions
  static std::unique_ptr<OpusEncoderObject> Create(const Arguments& args) {
    return std::make_unique<OpusEncoderObject>(Take(OpusEncoder::Create(ReadOpusEncoderOptions(args, 0))));
  }
  explicit OpusEncoderObject(OpusEncoder core) : core_(std::move(core)) {}
  size_t StateBytes() const { return core_ ? core_->StateBytes() : 0; }

  // encodeInto(samples, out) -> bytes
  napi_value EncodeInto(const Arguments& args) {
    OpusEncoder& core = Open();
    const auto out = args.WritableBytes(1, "out");
    return WithSamples(args, [&](auto samples) {
      RefuseOverlap(samples, out);
      return core.Encode(samples, out);
    });
  }
  // encodeFramesInto(samples, out, sizes) -> bytes
  napi_value EncodeFramesInto(const Arguments& args) {
    OpusEncoder& core = Open();
    const auto out = args.WritableBytes(1, "out");
    const auto sizes = args.Uint32(2, "sizes");
    return WithSamples(args, [&](auto samples) {
      RefuseOverlap(samples, out);
      RefuseOverlap(samples, sizes);
      RefuseOverlap(out, sizes);
      return core.EncodeFrames(samples, out, sizes);
    });
  }
  napi_value FrameSamples(const Arguments& args) {
    return Number(args.env(), static_cast<double>(Open().FrameSamples()));
  }
  napi_value MaxPacketBytes(const Arguments& args) {
    return Number(args.env(), static_cast<double>(Open().MaxPacketBytes()));
  }
  napi_value LookaheadFrames(const Arguments& args) {
    return Number(args.env(), static_cast<double>(Open().LookaheadFrames()));
  }
  // { streams, coupled, mapping }
  napi_value Layout(const Arguments& args) {
    const OpusLayout& layout = Open().layout();
    const NewArray<uint8_t> mapping = Allocate<uint8_t>(args.env(), layout.channels);
    std::copy_n(layout.mapping.begin(), layout.channels, mapping.data.begin());
    return ObjectBuilder(args.env())
        .Set("streams", layout.streams)
        .Set("coupled", layout.coupled)
        .Set("mapping", mapping.value)
        .Build();
  }
  napi_value Reset(const Arguments& args) {
    Open().Reset();
    return Undefined(args.env());
  }
  napi_value Close(const Arguments& args) {
    core_.reset();
    return Undefined(args.env());
  }

 private:
  // body(samples of argument 0) -> Result<size_t>
  template <class Body>
  static napi_value WithSamples(const Arguments& args, Body body) {
    const size_t bytes = args.AreFloat32(0, "samples")
                             ? Take(body(std::span<const float>(args.Float32(0, "samples"))))
                             : Take(body(std::span<const int16_t>(args.Int16(0, "samples"))));
    return Number(args.env(), static_cast<double>(bytes));
  }
  OpusEncoder& Open() {
    if (!core_) ThrowClosed(kName);
    return *core_;
  }

  std::optional<OpusEncoder> core_;  // empty once closed
};

class OpusDecoderObject {
 public:
  static constexpr napi_type_tag kTag = {0x0e96b4d1f7834a52, 0x97c5d80e2ab6431f};
  static constexpr const char* kName = "OpusDecoder";

  // new OpusDecoder(sampleRateHz, streams, coupled, mapping, gainQ8); an output channel for each byte of
  // mapping
  static std::unique_ptr<OpusDecoderObject> Create(const Arguments& args) {
    const char* bad_option = ErrorCodeName(ErrorCode::kInvalidOption);
    OpusDecoderOptions options;
    options.sample_rate_hz = args.Rate(0, "sampleRateHz");
    options.layout.streams = static_cast<uint8_t>(args.Unsigned(1, "streams", 1, 255, bad_option));
    options.layout.coupled = static_cast<uint8_t>(args.Unsigned(2, "coupled", 0, 255, bad_option));
    const auto mapping = args.Bytes(3, "mapping");
    if (mapping.empty() || mapping.size() > kMaxOpusDecoderChannels)
      ThrowRange("mapping must have 1 to 255 channels, got " + std::to_string(mapping.size()), bad_option);
    options.layout.channels = static_cast<uint8_t>(mapping.size());
    std::ranges::copy(mapping, options.layout.mapping.begin());
    options.gain_q8 = static_cast<int16_t>(args.Unsigned(4, "gainQ8", 0, 0xFFFF, bad_option));
    return std::make_unique<OpusDecoderObject>(Take(OpusDecoder::Create(options)));
  }
  explicit OpusDecoderObject(OpusDecoder core) : core_(std::move(core)) {}
  size_t StateBytes() const { return core_ ? core_->StateBytes() : 0; }

  // All of them -> frames.
  // decodeInto(packet, out)
  napi_value DecodeInto(const Arguments& args) {
    OpusDecoder& core = Open();
    const auto packet = args.Bytes(0, "packet");
    return WithRoom(args, 1, [&](auto out) {
      RefuseOverlap(packet, out);
      return core.Decode(packet, out);
    });
  }
  // decodePacketsInto(bytes, sizes, out)
  napi_value DecodePacketsInto(const Arguments& args) {
    OpusDecoder& core = Open();
    const auto bytes = args.Bytes(0, "bytes");
    const auto sizes = args.Uint32(1, "sizes");
    return WithRoom(args, 2, [&](auto out) {
      RefuseOverlap(bytes, out);
      RefuseOverlap(sizes, out);
      return core.DecodePackets(bytes, sizes, out);
    });
  }
  // concealInto(frames, out)
  napi_value ConcealInto(const Arguments& args) {
    OpusDecoder& core = Open();
    const size_t frames = LostFrames(args, 0);
    return WithRoom(args, 1, [&](auto out) { return core.Conceal(frames, out); });
  }
  // decodeFecInto(packet, frames, out)
  napi_value DecodeFecInto(const Arguments& args) {
    OpusDecoder& core = Open();
    const auto packet = args.Bytes(0, "packet");
    const size_t frames = LostFrames(args, 1);
    return WithRoom(args, 2, [&](auto out) {
      RefuseOverlap(packet, out);
      return core.DecodeFec(packet, frames, out);
    });
  }
  napi_value PacketFrames(const Arguments& args) {
    const OpusDecoder& core = Open();
    const size_t frames = Take(core.PacketFrames(args.Bytes(0, "packet")));
    return Number(args.env(), static_cast<double>(frames));
  }
  napi_value Reset(const Arguments& args) {
    Open().Reset();
    return Undefined(args.env());
  }
  napi_value Close(const Arguments& args) {
    core_.reset();
    return Undefined(args.env());
  }

 private:
  static size_t LostFrames(const Arguments& args, size_t i) {
    return args.Unsigned(i, "frames", 0, kMaxFrames, ErrorCodeName(ErrorCode::kInvalidLength));
  }
  // body(room of argument i) -> Result<size_t>
  template <class Body>
  static napi_value WithRoom(const Arguments& args, size_t i, Body body) {
    const size_t frames =
        args.AreFloat32(i, "out") ? Take(body(args.Float32(i, "out"))) : Take(body(args.Int16(i, "out")));
    return Number(args.env(), static_cast<double>(frames));
  }
  OpusDecoder& Open() {
    if (!core_) ThrowClosed(kName);
    return *core_;
  }

  std::optional<OpusDecoder> core_;  // empty once closed
};

}  // namespace

napi_value DefineOpusEncoder(napi_env env) {
  using Class = Wrapped<OpusEncoderObject>;
  return Class::Define(env, {
                                {"encodeInto", Class::Call<&OpusEncoderObject::EncodeInto>},
                                {"encodeFramesInto", Class::Call<&OpusEncoderObject::EncodeFramesInto>},
                                {"frameSamples", Class::Call<&OpusEncoderObject::FrameSamples>},
                                {"maxPacketBytes", Class::Call<&OpusEncoderObject::MaxPacketBytes>},
                                {"lookaheadFrames", Class::Call<&OpusEncoderObject::LookaheadFrames>},
                                {"layout", Class::Call<&OpusEncoderObject::Layout>},
                                {"reset", Class::Call<&OpusEncoderObject::Reset>},
                                {"close", Class::Call<&OpusEncoderObject::Close>},
                            });
}

napi_value DefineOpusDecoder(napi_env env) {
  using Class = Wrapped<OpusDecoderObject>;
  return Class::Define(env, {
                                {"decodeInto", Class::Call<&OpusDecoderObject::DecodeInto>},
                                {"decodePacketsInto", Class::Call<&OpusDecoderObject::DecodePacketsInto>},
                                {"concealInto", Class::Call<&OpusDecoderObject::ConcealInto>},
                                {"decodeFecInto", Class::Call<&OpusDecoderObject::DecodeFecInto>},
                                {"packetFrames", Class::Call<&OpusDecoderObject::PacketFrames>},
                                {"reset", Class::Call<&OpusDecoderObject::Reset>},
                                {"close", Class::Call<&OpusDecoderObject::Close>},
                            });
}

}  // namespace sluice::bindings
