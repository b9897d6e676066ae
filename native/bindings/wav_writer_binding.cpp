// writeWav over whole buffers, and the WavWriter class. Not here: reading (wav_binding.cpp).
#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <optional>

#include "bindings/async_work.h"
#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "bindings/wrapped.h"
#include "core/wav_writer.h"

namespace sluice::bindings {
namespace {

constexpr std::array kFormats = {SampleFormat::kU8,    SampleFormat::kS16Le, SampleFormat::kS24Le,
                                 SampleFormat::kS32Le, SampleFormat::kF32Le, SampleFormat::kF64Le,
                                 SampleFormat::kMulaw, SampleFormat::kAlaw};
constexpr std::array kNames = {"u8", "s16", "s24", "s32", "f32", "f64", "mulaw", "alaw"};
static_assert(kFormats.size() == kNames.size());
constexpr uint64_t kMaxFrames = uint64_t{1} << 36;  // more than any typed array holds

template <class T>
class WriteWavJob final : public SlicedJob {
 public:
  // options.data_bytes is looked after here.
  WriteWavJob(WavHeaderOptions options, size_t input_samples) : options_(options) {
    options_.data_bytes = input_samples * BytesPerSample(options_.format);
    slices_ = Slicer(0, input_samples * sizeof(T), sizeof(T), options_.data_bytes);
  }

  std::optional<Slice> Next(napi_env env) override {
    if (!file_) Begin(env);
    return slices_.Next();
  }
  void Run(std::span<const uint8_t> slice) override {
    const auto samples = AsSamples<T>(slice);
    const auto out = rest_.first(samples.size() * BytesPerSample(options_.format));
    if constexpr (std::is_same_v<T, float>)
      FromFloat32(options_.format, samples, out);
    else
      FromInt16(options_.format, samples, out);
    rest_ = rest_.subspan(out.size());
  }
  napi_value Finish(napi_env) override { return file_->value(); }

 private:
  void Begin(napi_env env) {
    std::array<uint8_t, kMaxWavHeaderBytes> header{};
    const size_t header_bytes = Take(WriteWavHeader(options_, header));
    const size_t pad_bytes = WavNeedsPadByte(options_.data_bytes) ? 1 : 0;
    file_.emplace(env, header_bytes + options_.data_bytes + pad_bytes);
    std::copy_n(header.begin(), header_bytes, file_->data().begin());
    rest_ = file_->data().subspan(header_bytes, options_.data_bytes);
    std::ranges::fill(file_->data().last(pad_bytes), uint8_t{0});
  }

  WavHeaderOptions options_;
  Slicer slices_;
  std::optional<OutputArray<uint8_t>> file_;
  std::span<uint8_t> rest_;  // of the audio in it
};

template <class T>
napi_value WriteWavAs(const Arguments& args, const WavHeaderOptions& options) {
  const auto samples = args.Samples<T>(0, "samples");
  const size_t output_bytes = samples.size() * BytesPerSample(options.format);
  const bool large = std::max(samples.size_bytes(), output_bytes) >= kLargeBytes;
  return Perform(args, 4, large, AsBytes(samples), std::make_unique<WriteWavJob<T>>(options, samples.size()));
}

class WavWriterObject {
 public:
  static constexpr napi_type_tag kTag = {0x84b1f06d29ce4f17, 0xb30d5a9be2714c86};
  static constexpr const char* kName = "WavWriter";

  // new WavWriter(encoding, sampleRateHz, channels, rf64)
  static std::unique_ptr<WavWriterObject> Create(const Arguments& args) {
    WavWriterOptions options;
    options.format = kFormats[args.Word(0, "encoding", kNames)];
    options.sample_rate_hz = args.Rate(1, "sampleRateHz");
    options.channels =
        static_cast<uint16_t>(args.Channels(2, "channels", std::numeric_limits<uint16_t>::max()));
    options.rf64 = args.Bool(3, "rf64");
    return std::make_unique<WavWriterObject>(Take(WavWriter::Create(options)));
  }
  explicit WavWriterObject(WavWriter core) : core_(std::move(core)) {}
  size_t StateBytes() const { return core_ ? sizeof(*this) : 0; }

  // processInto(samples, out) -> bytes
  napi_value ProcessInto(const Arguments& args) {
    WavWriter& core = Open();
    return args.AreFloat32(0, "samples") ? ProcessIntoAs<float>(core, args)
                                         : ProcessIntoAs<int16_t>(core, args);
  }
  // countInto(frames, out) -> bytes of the header, where one is due
  napi_value CountInto(const Arguments& args) {
    WavWriter& core = Open();
    const uint64_t frames = args.Unsigned(0, "frames", 0, kMaxSafeInteger);
    return Number(args.env(), static_cast<double>(Take(core.Count(frames, args.WritableBytes(1, "out")))));
  }
  napi_value FlushInto(const Arguments& args) {
    WavWriter& core = Open();
    return Number(args.env(), static_cast<double>(Take(core.Flush(args.WritableBytes(0, "out")))));
  }
  napi_value HeaderInto(const Arguments& args) {
    const WavWriter& core = Open();
    return Number(args.env(), static_cast<double>(Take(core.Header(args.WritableBytes(0, "out")))));
  }
  napi_value MaxOutputBytes(const Arguments& args) {
    const WavWriter& core = Open();
    const size_t frames = args.Unsigned(0, "frames", 0, kMaxFrames);
    return Number(args.env(), static_cast<double>(core.MaxOutputBytes(frames)));
  }
  napi_value Frames(const Arguments& args) {
    return Number(args.env(), static_cast<double>(Open().frames()));
  }
  napi_value StreamBytes(const Arguments& args) {
    return Number(args.env(), static_cast<double>(Open().stream_bytes()));
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
  template <class T>
  static napi_value ProcessIntoAs(WavWriter& core, const Arguments& args) {
    const auto samples = args.Samples<T>(0, "samples");
    const auto out = args.WritableBytes(1, "out");
    RefuseOverlap(samples, out);
    return Number(args.env(), static_cast<double>(Take(core.Process(std::span<const T>(samples), out))));
  }
  WavWriter& Open() {
    if (!core_) ThrowClosed(kName);
    return *core_;
  }

  std::optional<WavWriter> core_;  // empty once closed
};

}  // namespace

// writeWav(samples, encoding?, sampleRateHz, channels, ...callbacks) -> Uint8Array; encoding f32 or s16 by
// default, as samples
napi_value WriteWav(napi_env env, napi_callback_info info) {
  return Guard(env, [&] {
    const Arguments args(env, info);
    const bool float32 = args.AreFloat32(0, "samples");
    WavHeaderOptions options;
    options.format = float32 ? SampleFormat::kF32Le : SampleFormat::kS16Le;
    if (!args.IsUndefined(1)) options.format = kFormats[args.Word(1, "encoding", kNames)];
    options.sample_rate_hz = args.Rate(2, "sampleRateHz");
    options.channels =
        static_cast<uint16_t>(args.Channels(3, "channels", std::numeric_limits<uint16_t>::max()));
    return float32 ? WriteWavAs<float>(args, options) : WriteWavAs<int16_t>(args, options);
  });
}

napi_value DefineWavWriter(napi_env env) {
  using Class = Wrapped<WavWriterObject>;
  return Class::Define(env, {
                                {"processInto", Class::Call<&WavWriterObject::ProcessInto>},
                                {"countInto", Class::Call<&WavWriterObject::CountInto>},
                                {"flushInto", Class::Call<&WavWriterObject::FlushInto>},
                                {"headerInto", Class::Call<&WavWriterObject::HeaderInto>},
                                {"maxOutputBytes", Class::Call<&WavWriterObject::MaxOutputBytes>},
                                {"frames", Class::Call<&WavWriterObject::Frames>},
                                {"streamBytes", Class::Call<&WavWriterObject::StreamBytes>},
                                {"reset", Class::Call<&WavWriterObject::Reset>},
                                {"close", Class::Call<&WavWriterObject::Close>},
                            });
}

}  // namespace sluice::bindings
