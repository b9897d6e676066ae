// The Transcoder class.
#include <array>
#include <limits>
#include <optional>

#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "bindings/wrapped.h"
#include "core/transcoder.h"

namespace sluice::bindings {
namespace {

constexpr std::array kSources = {"wav", "raw"};                 // as in enum TranscoderOptions::Source
constexpr std::array kQualities = {"fast", "default", "best"};  // as in enum ResamplerQuality
constexpr uint64_t kMaxInputBytes = uint64_t{1} << 36;          // more than any typed array holds

class TranscoderObject {
 public:
  static constexpr napi_type_tag kTag = {0x6c1f0e83b7d2495a, 0xb05e92c7f4a8136d};
  static constexpr const char* kName = "Transcoder";

  // new Transcoder(source, encoding, sampleRateHz, channels, toEncoding, toRateHz, toChannels, quality,
  //                sourceBytes?); encoding, sampleRateHz and channels are looked at for source 'raw' only,
  //                toChannels 0 keeps those of the source.
  static std::unique_ptr<TranscoderObject> Create(const Arguments& args) {
    TranscoderOptions options;
    options.source = static_cast<TranscoderOptions::Source>(args.Word(0, "source", kSources));
    if (options.source == TranscoderOptions::Source::kRaw) {
      options.format = args.Encoding(1, "from.encoding");
      options.sample_rate_hz = args.Rate(2, "from.sampleRateHz");
      options.channels =
          static_cast<uint16_t>(args.Channels(3, "from.channels", std::numeric_limits<uint16_t>::max()));
    }
    options.target_format = args.Encoding(4, "to.encoding");
    options.target_rate_hz = args.Rate(5, "to.sampleRateHz");
    options.target_channels = static_cast<uint16_t>(
        args.Unsigned(6, "to.channels", 0, kMaxTargetChannels, ErrorCodeName(ErrorCode::kInvalidChannels)));
    options.quality = static_cast<ResamplerQuality>(args.Word(7, "quality", kQualities));
    if (!args.IsUndefined(8)) options.source_bytes = args.Unsigned(8, "sourceBytes", 0, kMaxSafeInteger);
    return std::make_unique<TranscoderObject>(Take(Transcoder::Create(options)));
  }
  explicit TranscoderObject(Transcoder core) : core_(std::move(core)) {}
  size_t StateBytes() const { return core_ ? core_->StateBytes() : 0; }

  static auto HotMethods() {
    using Class = Wrapped<TranscoderObject>;
    return std::array{
        Class::Method{"processInto", Class::CallHot<&TranscoderObject::ProcessInto>},
        Class::Method{"maxOutputBytes", Class::CallHot<&TranscoderObject::MaxOutputBytes>},
    };
  }
  napi_value ProcessInto(const Arguments& args) {
    Transcoder& core = Open();
    const auto chunk = args.Bytes(0, "chunk");
    const auto out = args.WritableBytes(1, "out");
    RefuseOverlap(chunk, out);
    return Number(args.env(), static_cast<double>(Take(core.Process(chunk, out))));
  }
  napi_value FlushInto(const Arguments& args) {
    Transcoder& core = Open();
    const auto out = args.WritableBytes(0, "out");
    return Number(args.env(), static_cast<double>(Take(core.Flush(out))));
  }
  napi_value MaxOutputBytes(const Arguments& args) {
    const Transcoder& core = Open();
    const size_t bytes = args.Unsigned(0, "inputBytes", 0, kMaxInputBytes);
    return Number(args.env(), static_cast<double>(core.MaxOutputBytes(bytes)));
  }
  napi_value FlushBytes(const Arguments& args) {
    return Number(args.env(), static_cast<double>(Open().FlushBytes()));
  }
  napi_value Frames(const Arguments& args) {
    return Number(args.env(), static_cast<double>(Open().frames()));
  }
  // channels(): of the target; 0 as long as they are to be the source's and that is not known.
  napi_value Channels(const Arguments& args) {
    return Number(args.env(), static_cast<double>(Open().target_channels()));
  }
  napi_value LeftoverBytes(const Arguments& args) {
    return Number(args.env(), static_cast<double>(Open().leftover_bytes()));
  }
  // info(): what the WAV header said; undefined before it is known, and for other sources.
  napi_value Info(const Arguments& args) {
    const WavReader* wav = Open().wav();
    if (wav == nullptr || !wav->has_info()) return Undefined(args.env());
    ObjectBuilder info(args.env());
    SetWavFacts(args.env(), *wav, info);
    return info.Build();
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
  Transcoder& Open() {
    if (!core_) ThrowClosed(kName);
    return *core_;
  }

  std::optional<Transcoder> core_;  // empty once closed
};

}  // namespace

napi_value DefineTranscoder(napi_env env) {
  using Class = Wrapped<TranscoderObject>;
  return Class::Define(env, {
                                {"processInto", Class::Call<&TranscoderObject::ProcessInto>},
                                {"flushInto", Class::Call<&TranscoderObject::FlushInto>},
                                {"maxOutputBytes", Class::Call<&TranscoderObject::MaxOutputBytes>},
                                {"flushBytes", Class::Call<&TranscoderObject::FlushBytes>},
                                {"frames", Class::Call<&TranscoderObject::Frames>},
                                {"channels", Class::Call<&TranscoderObject::Channels>},
                                {"leftoverBytes", Class::Call<&TranscoderObject::LeftoverBytes>},
                                {"info", Class::Call<&TranscoderObject::Info>},
                                {"reset", Class::Call<&TranscoderObject::Reset>},
                                {"close", Class::Call<&TranscoderObject::Close>},
                            });
}

}  // namespace sluice::bindings
