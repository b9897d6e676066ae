// The OpusEncoder and OpusDecoder classes. Not here: Ogg (ogg_opus_*_binding.cpp).
#include <algorithm>
#include <atomic>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bindings/async_work.h"
#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "bindings/opus_options.h"
#include "bindings/wrapped.h"
#include "core/opus_codec.h"

namespace sluice::bindings {
namespace {

constexpr uint64_t kMaxFrames = uint64_t{1} << 36;  // more than any typed array holds

// A slice of a job: 1 s of sound of one stream takes 1 to 12 ms to encode, so many packets of one stream 0.5
// to 17 ms to decode (20 ms of speech at 16 kHz: 211 and 19 µs a packet; one of 120 ms: 1430 and 165 µs).
constexpr size_t kEncodeSliceUs = 1'000'000;
constexpr size_t kDecodeSlicePackets = 100;
// From so many packets of one stream on decoding is worth a thread, which costs the event loop 30 to 45 µs.
// Encoding is from the first.
constexpr size_t kLargeDecodePackets = 3;

// A codec, which one job at a time may have to itself. A job lives on without the object, and the object goes
// on without a job that never came to its end: with a new codec.
template <class Core, class Options>
class Codec {
 public:
  struct State {
    Core core;
    size_t bytes;                                       // of core, when no job had it
    std::shared_ptr<const std::atomic<bool>> borrower;  // SlicedJob::wanted() of the job that has it
  };

  explicit Codec(const Options& options) : options_(options) { Renew(); }
  // Of the object `name`, for one call.
  Core& Open(const char* name) { return OpenState(name)->core; }
  // What of it never changes: may be asked while a job is at work.
  const Core& Constants(const char* name) const {
    if (!state_) ThrowClosed(name);
    return state_->core;
  }
  // As Open for a job, which sets borrower as it begins.
  const std::shared_ptr<State>& OpenState(const char* name) {
    if (!state_) ThrowClosed(name);
    if (!state_->borrower) return state_;
    if (*state_->borrower) {
      ThrowType(std::string("This ") + name + " is at work; wait for the promise of its last call", kBusy);
    }
    Renew();
    return state_;
  }
  void Close() { state_.reset(); }
  size_t StateBytes() const {
    if (!state_) return 0;
    if (!state_->borrower) state_->bytes = state_->core.StateBytes();
    return state_->bytes;
  }

 private:
  void Renew() { state_ = std::make_shared<State>(State{Take(Core::Create(options_)), 0, nullptr}); }

  Options options_;
  std::shared_ptr<State> state_;  // none once closed
};
using EncoderCodec = Codec<OpusEncoder, OpusEncoderOptions>;
using DecoderCodec = Codec<OpusDecoder, OpusDecoderOptions>;

// Packets, and in the end, in one more slice, out of memory that grows into an array of their size.
template <class T>
class EncodeJob final : public SlicedJob {
 public:
  // samples: a whole number of packets'.
  EncodeJob(const std::shared_ptr<EncoderCodec::State>& codec, size_t samples)
      : codec_(codec),
        packets_(samples / codec->core.FrameSamples()),
        slices_(samples * sizeof(T), SlicePackets() * codec->core.FrameSamples() * sizeof(T)) {}

  std::optional<Slice> Next(napi_env env) override {
    if (!sizes_) {
      sizes_.emplace(env, packets_);
      codec_->borrower = wanted();
    }
    const auto slice = slices_.Next();
    if (slice || bytes_) return slice;
    bytes_.emplace(env, encoded_.size());
    return Slice{};
  }
  void Run(std::span<const uint8_t> slice) override {
    if (bytes_) {
      std::ranges::copy(encoded_, bytes_->data().begin());
      return;
    }
    const auto samples = AsSamples<T>(slice);
    const size_t packets = samples.size() / codec_->core.FrameSamples();
    const size_t before = encoded_.size();
    encoded_.resize(before + packets * codec_->core.MaxPacketBytes());
    const auto room = std::span(encoded_).subspan(before);
    const size_t bytes = Take(codec_->core.EncodeFrames(samples, room, sizes_->data().subspan(done_)));
    encoded_.resize(before + bytes);
    done_ += packets;
  }
  napi_value Finish(napi_env env) override {
    codec_->borrower = nullptr;
    return ObjectBuilder(env).Set("bytes", bytes_->value()).Set("sizes", sizes_->value()).Build();
  }
  size_t StateBytes() const override { return encoded_.capacity(); }

 private:
  size_t SlicePackets() const {
    const OpusEncoder& core = codec_->core;
    return std::max(kEncodeSliceUs / core.FrameUs() / core.layout().streams, size_t{1});
  }

  std::shared_ptr<EncoderCodec::State> codec_;
  size_t packets_;
  Slicer slices_;
  std::vector<uint8_t> encoded_;
  size_t done_ = 0;                             // packets
  std::optional<OutputArray<uint32_t>> sizes_;  // of the packets
  std::optional<OutputArray<uint8_t>> bytes_;   // once it is known how many
};

template <class T>
class DecodeJob final : public SlicedJob {
 public:
  // sizes: of packets that make so many frames.
  DecodeJob(const std::shared_ptr<DecoderCodec::State>& codec, std::span<const uint32_t> sizes, size_t frames)
      : codec_(codec), frames_(frames), sizes_(sizes.begin(), sizes.end()) {}

  std::optional<Slice> Next(napi_env env) override {
    if (!samples_) {
      samples_.emplace(env, frames_ * codec_->core.channels());
      rest_ = samples_->data();
      codec_->borrower = wanted();
    }
    done_ += sizes_of_slice_.size();
    offset_ += slice_bytes_;
    if (done_ == sizes_.size()) return std::nullopt;
    const auto left = std::span<const uint32_t>(sizes_).subspan(done_);
    sizes_of_slice_ = left.first(std::min(left.size(), SlicePackets()));
    slice_bytes_ = std::accumulate(sizes_of_slice_.begin(), sizes_of_slice_.end(), size_t{0});
    return Slice{offset_, slice_bytes_};
  }
  void Run(std::span<const uint8_t> slice) override {
    const OpusDecoder& core = codec_->core;
    const bool last = done_ + sizes_of_slice_.size() == sizes_.size();
    const auto frames = core.PacketFrames(slice, sizes_of_slice_);
    const size_t room = rest_.size() / core.channels();
    if (!frames.ok() || (last ? frames.value() != room : frames.value() > room)) {
      ThrowType(
          "The packets were written to before all of them were decoded; leave them alone until the promise "
          "is settled, or pass a copy");
    }
    Take(codec_->core.DecodePackets(slice, sizes_of_slice_, rest_));
    rest_ = rest_.subspan(frames.value() * core.channels());
  }
  napi_value Finish(napi_env) override {
    codec_->borrower = nullptr;
    return samples_->value();
  }
  size_t StateBytes() const override { return sizes_.capacity() * sizeof(uint32_t); }

 private:
  size_t SlicePackets() const { return std::max(kDecodeSlicePackets / codec_->core.streams(), size_t{1}); }

  std::shared_ptr<DecoderCodec::State> codec_;
  size_t frames_;
  std::vector<uint32_t> sizes_;  // of all packets
  size_t done_ = 0;              // packets, without those of the slice
  size_t offset_ = 0;            // of the slice
  size_t slice_bytes_ = 0;
  std::span<const uint32_t> sizes_of_slice_;
  std::optional<OutputArray<T>> samples_;
  std::span<T> rest_;  // of the samples
};

class OpusEncoderObject {
 public:
  static constexpr napi_type_tag kTag = {0x51c7e20b94af4d38, 0xa6d0f38b5e172c94};
  static constexpr const char* kName = "OpusEncoder";

  // new OpusEncoder(...options): as ReadOpusEncoderOptions
  static std::unique_ptr<OpusEncoderObject> Create(const Arguments& args) {
    return std::make_unique<OpusEncoderObject>(ReadOpusEncoderOptions(args, 0));
  }
  explicit OpusEncoderObject(const OpusEncoderOptions& options) : codec_(options) {}
  size_t StateBytes() const { return codec_.StateBytes(); }

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
  // encodeFrames(samples, resolve?, reject?) -> { bytes, sizes }
  napi_value EncodeFrames(const Arguments& args) {
    return args.AreFloat32(0, "samples") ? EncodeFramesAs<float>(args) : EncodeFramesAs<int16_t>(args);
  }
  napi_value FrameSamples(const Arguments& args) {
    return Number(args.env(), static_cast<double>(Constants().FrameSamples()));
  }
  napi_value MaxPacketBytes(const Arguments& args) {
    return Number(args.env(), static_cast<double>(Constants().MaxPacketBytes()));
  }
  napi_value LookaheadFrames(const Arguments& args) {
    return Number(args.env(), static_cast<double>(Constants().LookaheadFrames()));
  }
  // { streams, coupled, mapping }
  napi_value Layout(const Arguments& args) {
    const OpusLayout& layout = Constants().layout();
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
    codec_.Close();
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
  template <class T>
  napi_value EncodeFramesAs(const Arguments& args) {
    const auto& codec = codec_.OpenState(kName);
    const auto samples = args.Samples<T>(0, "samples");
    const size_t packets = Take(codec->core.PacketsOf(samples.size()));
    return Perform(args, 1, packets > 0, AsBytes(samples),
                   std::make_unique<EncodeJob<T>>(codec, samples.size()));
  }
  OpusEncoder& Open() { return codec_.Open(kName); }
  const OpusEncoder& Constants() const { return codec_.Constants(kName); }

  EncoderCodec codec_;
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
    return std::make_unique<OpusDecoderObject>(options);
  }
  explicit OpusDecoderObject(const OpusDecoderOptions& options) : codec_(options) {}
  size_t StateBytes() const { return codec_.StateBytes(); }

  // All …Into -> frames.
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
  // decodePackets(bytes, sizes, float32, resolve?, reject?) -> samples
  napi_value DecodePackets(const Arguments& args) {
    return args.Bool(2, "float32") ? DecodePacketsAs<float>(args) : DecodePacketsAs<int16_t>(args);
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
    const OpusDecoder& core = codec_.Constants(kName);
    const size_t frames = Take(core.PacketFrames(args.Bytes(0, "packet")));
    return Number(args.env(), static_cast<double>(frames));
  }
  napi_value Reset(const Arguments& args) {
    Open().Reset();
    return Undefined(args.env());
  }
  napi_value Close(const Arguments& args) {
    codec_.Close();
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
  template <class T>
  napi_value DecodePacketsAs(const Arguments& args) {
    const auto& codec = codec_.OpenState(kName);
    const auto bytes = args.Bytes(0, "bytes");
    const auto sizes = args.Uint32(1, "sizes");
    const size_t frames = Take(codec->core.PacketFrames(bytes, sizes));
    const bool large = sizes.size() * codec->core.streams() >= kLargeDecodePackets;
    return Perform(args, 3, large, bytes, std::make_unique<DecodeJob<T>>(codec, sizes, frames));
  }
  OpusDecoder& Open() { return codec_.Open(kName); }

  DecoderCodec codec_;
};

}  // namespace

napi_value DefineOpusEncoder(napi_env env) {
  using Class = Wrapped<OpusEncoderObject>;
  return Class::Define(env, {
                                {"encodeInto", Class::Call<&OpusEncoderObject::EncodeInto>},
                                {"encodeFramesInto", Class::Call<&OpusEncoderObject::EncodeFramesInto>},
                                {"encodeFrames", Class::Call<&OpusEncoderObject::EncodeFrames>},
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
                                {"decodePackets", Class::Call<&OpusDecoderObject::DecodePackets>},
                                {"concealInto", Class::Call<&OpusDecoderObject::ConcealInto>},
                                {"decodeFecInto", Class::Call<&OpusDecoderObject::DecodeFecInto>},
                                {"packetFrames", Class::Call<&OpusDecoderObject::PacketFrames>},
                                {"reset", Class::Call<&OpusDecoderObject::Reset>},
                                {"close", Class::Call<&OpusDecoderObject::Close>},
                            });
}

}  // namespace sluice::bindings
