// readWav, probeWav, writeWav over whole buffers; WavReader for sources that are read piece by piece.
#include <algorithm>
#include <array>
#include <limits>

#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "bindings/wrapped.h"
#include "core/wav_reader.h"
#include "core/wav_writer.h"

namespace sluice::bindings {
namespace {

// Reads a whole file; returns its audio bytes, whole frames only.
std::span<const uint8_t> ParseWhole(WavReader& reader, std::span<const uint8_t> bytes) {
  std::span<const uint8_t> audio;
  for (auto rest = bytes; !rest.empty();) {
    const auto piece = Take(reader.Process(rest));
    if (audio.empty())
      audio = piece.audio;
    else
      audio = {audio.data(), audio.size() + piece.audio.size()};  // pieces of one data chunk touch
    rest = rest.subspan(piece.consumed);
  }
  Require(reader.Finish());
  return audio.first(reader.frames() * reader.info().FrameBytes());
}

template <class T>
napi_value Decode(napi_env env, SampleFormat format, std::span<const uint8_t> audio) {
  const auto samples = Allocate<T>(env, audio.size() / BytesPerSample(format));
  if constexpr (std::is_same_v<T, float>)
    ToFloat32(format, audio, samples.data);
  else
    ToInt16(format, audio, samples.data);
  return samples.value;
}

template <class T>
napi_value Encode(napi_env env, const Arguments& args, WavHeaderOptions options) {
  const auto samples = args.Samples<T>(0, "samples");
  options.data_bytes = samples.size() * BytesPerSample(options.format);
  std::array<uint8_t, kMaxWavHeaderBytes> header{};
  const size_t header_bytes = Take(WriteWavHeader(options, header));
  const size_t pad_bytes = WavNeedsPadByte(options.data_bytes) ? 1 : 0;  // a new array is all zeros
  const auto file = Allocate<uint8_t>(env, header_bytes + options.data_bytes + pad_bytes);
  std::copy_n(header.begin(), header_bytes, file.data.begin());
  const auto data = file.data.subspan(header_bytes, options.data_bytes);
  if constexpr (std::is_same_v<T, float>)
    FromFloat32(options.format, samples, data);
  else
    FromInt16(options.format, samples, data);
  return file.value;
}

constexpr std::array kWritableFormats = {SampleFormat::kU8,    SampleFormat::kS16Le, SampleFormat::kS24Le,
                                         SampleFormat::kS32Le, SampleFormat::kF32Le, SampleFormat::kF64Le,
                                         SampleFormat::kMulaw, SampleFormat::kAlaw};
constexpr std::array kWritableNames = {"u8", "s16", "s24", "s32", "f32", "f64", "mulaw", "alaw"};
static_assert(kWritableFormats.size() == kWritableNames.size());

class WavReaderObject {
 public:
  static constexpr napi_type_tag kTag = {0x6f8c1c0f3a5e4b21, 0x9b6d2e7fa1c04d38};
  static constexpr const char* kName = "WavReader";

  // new WavReader(fileBytes?)
  static std::unique_ptr<WavReaderObject> Create(const Arguments& args) {
    const uint64_t file_bytes = args.IsUndefined(0)
                                    ? kUnknownSize
                                    : args.Unsigned(0, "fileBytes", 0, std::numeric_limits<int64_t>::max());
    return std::make_unique<WavReaderObject>(file_bytes);
  }
  explicit WavReaderObject(uint64_t file_bytes) : reader_(file_bytes) {}
  size_t StateBytes() const { return sizeof(*this); }

  // process(bytes): takes all of them.
  napi_value Process(const Arguments& args) {
    for (auto rest = args.Bytes(0, "bytes"); !rest.empty();)
      rest = rest.subspan(Try(Open().Process(rest)).consumed);
    return Undefined(args.env());
  }
  napi_value SkippableBytes(const Arguments& args) {
    return Number(args.env(), static_cast<double>(Open().SkippableBytes()));
  }
  napi_value Skip(const Arguments& args) {
    const uint64_t bytes = args.Unsigned(0, "bytes", 0, std::numeric_limits<int64_t>::max());
    if (bytes > Open().SkippableBytes()) ThrowRange("bytes must be at most skippableBytes()");
    reader_.Skip(bytes);
    return Undefined(args.env());
  }
  napi_value Finish(const Arguments& args) {
    Try(Open().Finish());
    done_ = true;
    return Undefined(args.env());
  }
  // info(): the facts so far; undefined before the header is known.
  napi_value Info(const Arguments& args) {
    if (!reader_.has_info()) return Undefined(args.env());
    ObjectBuilder info(args.env());
    SetWavFacts(args.env(), reader_, info);
    return info.Build();
  }

 private:
  WavReader& Open() {
    if (done_) ThrowClosed(kName);
    return reader_;
  }
  template <class T>
  T Try(Result<T> result) {
    done_ = done_ || !result.ok();  // nothing can follow an error
    return Take(std::move(result));
  }

  WavReader reader_;
  bool done_ = false;
};

}  // namespace

// readWav(bytes, float32) -> { facts, samples }
napi_value ReadWav(napi_env env, napi_callback_info info) {
  return Guard(env, [&] {
    const Arguments args(env, info);
    const bool float32 = args.Bool(1, "float32");
    const auto bytes = args.Bytes(0, "bytes");
    WavReader reader(bytes.size());
    const auto audio = ParseWhole(reader, bytes);
    ObjectBuilder result(env);
    SetWavFacts(env, reader, result);
    const SampleFormat format = reader.info().format;
    result.Set("samples", float32 ? Decode<float>(env, format, audio) : Decode<int16_t>(env, format, audio));
    return result.Build();
  });
}

// probeWav(bytes) -> facts
napi_value ProbeWav(napi_env env, napi_callback_info info) {
  return Guard(env, [&] {
    const Arguments args(env, info);
    const auto bytes = args.Bytes(0, "bytes");
    WavReader reader(bytes.size());
    ParseWhole(reader, bytes);
    ObjectBuilder result(env);
    SetWavFacts(env, reader, result);
    return result.Build();
  });
}

// writeWav(samples, encoding?, sampleRateHz, channels) -> Uint8Array; encoding f32 or s16 by default, as
// samples
napi_value WriteWav(napi_env env, napi_callback_info info) {
  return Guard(env, [&] {
    const Arguments args(env, info);
    const bool float32 = args.IsFloat32Array(0);
    WavHeaderOptions options;
    options.format = float32 ? SampleFormat::kF32Le : SampleFormat::kS16Le;
    if (!args.IsUndefined(1)) options.format = kWritableFormats[args.Word(1, "encoding", kWritableNames)];
    options.sample_rate_hz = args.Rate(2, "sampleRateHz");
    options.channels =
        static_cast<uint16_t>(args.Channels(3, "channels", std::numeric_limits<uint16_t>::max()));
    return float32 ? Encode<float>(env, args, options) : Encode<int16_t>(env, args, options);
  });
}

napi_value DefineWavReader(napi_env env) {
  using Class = Wrapped<WavReaderObject>;
  return Class::Define(env, {
                                {"process", Class::Call<&WavReaderObject::Process>},
                                {"skippableBytes", Class::Call<&WavReaderObject::SkippableBytes>},
                                {"skip", Class::Call<&WavReaderObject::Skip>},
                                {"finish", Class::Call<&WavReaderObject::Finish>},
                                {"info", Class::Call<&WavReaderObject::Info>},
                            });
}

}  // namespace sluice::bindings
