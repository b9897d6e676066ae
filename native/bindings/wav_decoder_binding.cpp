// The WavDecoder class: WAV bytes in, samples out (WavReader in src/audio). Not here: whole files
// (wav_binding.cpp).
#include <optional>

#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "bindings/wrapped.h"
#include "core/wav_decoder.h"

namespace sluice::bindings {
namespace {

constexpr uint64_t kMaxInputBytes = uint64_t{1} << 36;  // more than any typed array holds

class WavDecoderObject {
 public:
  static constexpr napi_type_tag kTag = {0x1e97c3a05b8d42f4, 0x96f08b4d7ac1e235};
  static constexpr const char* kName = "WavReader";  // as the public class is called

  // new WavDecoder(float32, fileBytes?)
  static std::unique_ptr<WavDecoderObject> Create(const Arguments& args) {
    const bool float32 = args.Bool(0, "float32");
    const uint64_t file_bytes =
        args.IsUndefined(1) ? kUnknownSize : args.Unsigned(1, "fileBytes", 0, kMaxSafeInteger);
    return std::make_unique<WavDecoderObject>(file_bytes, float32);
  }
  WavDecoderObject(uint64_t file_bytes, bool float32) : core_(file_bytes), float32_(float32) {}
  size_t StateBytes() const { return core_ ? core_->StateBytes() : 0; }

  // processInto(chunk, out) -> samples
  napi_value ProcessInto(const Arguments& args) {
    return float32_ ? ProcessIntoAs<float>(args) : ProcessIntoAs<int16_t>(args);
  }
  napi_value Finish(const Arguments& args) {
    Require(Open().Finish());
    return Undefined(args.env());
  }
  napi_value MaxOutputSamples(const Arguments& args) {
    const WavDecoder& core = Open();
    const size_t bytes = args.Unsigned(0, "inputBytes", 0, kMaxInputBytes);
    return Number(args.env(), static_cast<double>(core.MaxOutputSamples(bytes)));
  }
  // info(): the facts so far; undefined before the header is known.
  napi_value Info(const Arguments& args) {
    const WavReader& reader = Open().reader();
    if (!reader.has_info()) return Undefined(args.env());
    ObjectBuilder info(args.env());
    SetWavFacts(args.env(), reader, info);
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
  template <class T>
  napi_value ProcessIntoAs(const Arguments& args) {
    WavDecoder& core = Open();
    const auto chunk = args.Bytes(0, "chunk");
    const auto out = args.Samples<T>(1, "out");
    RefuseOverlap(chunk, out);
    return Number(args.env(), static_cast<double>(Take(core.Process(chunk, out))));
  }
  WavDecoder& Open() {
    if (!core_) ThrowClosed(kName);
    return *core_;
  }

  std::optional<WavDecoder> core_;  // empty once closed
  bool float32_;
};

}  // namespace

napi_value DefineWavDecoder(napi_env env) {
  using Class = Wrapped<WavDecoderObject>;
  return Class::Define(env, {
                                {"processInto", Class::Call<&WavDecoderObject::ProcessInto>},
                                {"finish", Class::Call<&WavDecoderObject::Finish>},
                                {"maxOutputSamples", Class::Call<&WavDecoderObject::MaxOutputSamples>},
                                {"info", Class::Call<&WavDecoderObject::Info>},
                                {"reset", Class::Call<&WavDecoderObject::Reset>},
                                {"close", Class::Call<&WavDecoderObject::Close>},
                            });
}

}  // namespace sluice::bindings
