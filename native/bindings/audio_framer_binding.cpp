// The AudioFramer class.
#include <array>
#include <limits>
#include <optional>

#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "bindings/wrapped.h"
#include "core/audio_framer.h"

namespace sluice::bindings {
namespace {

constexpr std::array kSources = {"wav", "raw", "opaque"};  // as in enum FramerOptions::Source
constexpr std::array kWireFormats = {SampleFormat::kS16Le, SampleFormat::kMulaw, SampleFormat::kAlaw};
constexpr std::array kWireNames = {"s16le", "mulaw", "alaw"};
constexpr uint64_t kMaxInputBytes = uint64_t{1} << 36;  // more than any typed array holds
// Ids are a few dozen characters; the limit keeps every message far below a WebSocket's.
constexpr size_t kMaxClientReqIdBytes = 1024;

class AudioFramerObject {
 public:
  static constexpr napi_type_tag kTag = {0xd15a7be3920c4f87, 0xa4c86f013e9b5d72};
  static constexpr const char* kName = "AudioFramer";

  // new AudioFramer(source, encoding, sampleRateHz, channels, wireEncoding, wireRateHz, stepsPerMessage,
  //                 clientReqIdJson, sourceBytes?); encoding, sampleRateHz and channels are looked at for
  //                 source 'raw' only, clientReqIdJson is '' for none.
  static std::unique_ptr<AudioFramerObject> Create(const Arguments& args) {
    FramerOptions options;
    options.source = static_cast<FramerOptions::Source>(args.Word(0, "source", kSources));
    if (options.source == FramerOptions::Source::kRaw) ReadRawSource(args, options);
    options.wire_format = kWireFormats[args.Word(4, "wireEncoding", kWireNames)];
    options.wire_rate_hz = args.Rate(5, "wireRateHz");
    options.steps_per_message =
        static_cast<uint32_t>(args.Unsigned(6, "stepsPerMessage", 1, kMaxStepsPerMessage));
    options.client_req_id_json = args.Text(7, "clientReqId", kMaxClientReqIdBytes);
    if (!args.IsUndefined(8)) options.source_bytes = args.Unsigned(8, "sourceBytes", 0, kMaxSafeInteger);
    return std::make_unique<AudioFramerObject>(Take(AudioFramer::Create(options)));
  }
  explicit AudioFramerObject(AudioFramer core) : core_(std::move(core)) {}
  size_t StateBytes() const { return core_ ? core_->StateBytes() : 0; }

  static auto HotMethods() {
    using Class = Wrapped<AudioFramerObject>;
    return std::array{Class::Method{"processInto", Class::CallHot<&AudioFramerObject::ProcessInto>}};
  }
  napi_value ProcessInto(const Arguments& args) {
    AudioFramer& core = Open();
    const auto chunk = args.Bytes(0, "chunk");
    const auto out = args.WritableBytes(1, "out");
    RefuseOverlap(chunk, out);
    return Number(args.env(), static_cast<double>(Take(core.Process(chunk, out))));
  }
  napi_value FlushInto(const Arguments& args) {
    AudioFramer& core = Open();
    const auto out = args.WritableBytes(0, "out");
    return Number(args.env(), static_cast<double>(Take(core.Flush(out))));
  }
  napi_value MaxOutputBytes(const Arguments& args) {
    const AudioFramer& core = Open();
    const size_t bytes = args.Unsigned(0, "inputBytes", 0, kMaxInputBytes);
    return Number(args.env(), static_cast<double>(core.MaxOutputBytes(bytes)));
  }
  napi_value MaxFlushBytes(const Arguments& args) {
    return Number(args.env(), static_cast<double>(Open().MaxFlushBytes()));
  }
  napi_value MessageBytes(const Arguments& args) {
    return Number(args.env(), static_cast<double>(Open().message_bytes()));
  }
  napi_value WireFrames(const Arguments& args) {
    return Number(args.env(), static_cast<double>(Open().wire_frames()));
  }
  napi_value LeftoverBytes(const Arguments& args) {
    return Number(args.env(), static_cast<double>(Open().leftover_bytes()));
  }
  // sourceInfo(): what the WAV header said; undefined before it is known, and for other sources.
  napi_value SourceInfo(const Arguments& args) {
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
  static void ReadRawSource(const Arguments& args, FramerOptions& options) {
    options.format = args.Encoding(1, "encoding");
    options.sample_rate_hz = static_cast<uint32_t>(
        args.Unsigned(2, "sampleRateHz", kMinRateHz, kMaxRateHz, ErrorCodeName(ErrorCode::kInvalidRate)));
    options.channels =
        static_cast<uint16_t>(args.Channels(3, "channels", std::numeric_limits<uint16_t>::max()));
  }
  AudioFramer& Open() {
    if (!core_) ThrowClosed(kName);
    return *core_;
  }

  std::optional<AudioFramer> core_;  // empty once closed
};

}  // namespace

napi_value DefineAudioFramer(napi_env env) {
  using Class = Wrapped<AudioFramerObject>;
  return Class::Define(env, {
                                {"processInto", Class::Call<&AudioFramerObject::ProcessInto>},
                                {"flushInto", Class::Call<&AudioFramerObject::FlushInto>},
                                {"maxOutputBytes", Class::Call<&AudioFramerObject::MaxOutputBytes>},
                                {"maxFlushBytes", Class::Call<&AudioFramerObject::MaxFlushBytes>},
                                {"messageBytes", Class::Call<&AudioFramerObject::MessageBytes>},
                                {"wireFrames", Class::Call<&AudioFramerObject::WireFrames>},
                                {"leftoverBytes", Class::Call<&AudioFramerObject::LeftoverBytes>},
                                {"sourceInfo", Class::Call<&AudioFramerObject::SourceInfo>},
                                {"reset", Class::Call<&AudioFramerObject::Reset>},
                                {"close", Class::Call<&AudioFramerObject::Close>},
                            });
}

}  // namespace sluice::bindings
