// readWav and probeWav over whole buffers; WavReader, the headers of sources that are read piece by piece.
// Not here: samples piece by piece (wav_decoder_binding.cpp), writing (wav_writer_binding.cpp).
#include <algorithm>
#include <memory>
#include <optional>

#include "bindings/async_work.h"
#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "bindings/wrapped.h"
#include "core/wav_reader.h"

namespace sluice::bindings {
namespace {

// Reads the headers of a whole file, all of it taken from `bytes`.
void ParseWhole(WavReader& reader, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) bytes = bytes.subspan(Take(reader.Process(bytes)).consumed);
  Require(reader.Finish());
}

// Two passes: the headers, jumping over all else, since the output's length depends on all of them; the
// audio.
template <class T>
class ReadWavJob final : public SlicedJob {
 public:
  explicit ReadWavJob(size_t file_bytes) : file_bytes_(file_bytes), reader_(file_bytes) {}

  std::optional<Slice> Next(napi_env env) override {
    if (!samples_) {
      if (const uint64_t bytes = reader_.SkippableBytes(); bytes > 0) reader_.Skip(bytes);
      const size_t offset = reader_.offset();
      if (offset < file_bytes_) return Slice{offset, std::min(kHeaderSliceBytes, file_bytes_ - offset)};
      Require(reader_.Finish());
      BeginAudio(env);
    }
    return slices_.Next();
  }
  void Run(std::span<const uint8_t> slice) override {
    if (samples_) return Decode(slice);
    while (!slice.empty()) slice = slice.subspan(Take(reader_.Process(slice)).consumed);
  }
  napi_value Finish(napi_env env) override {
    ObjectBuilder result(env);
    SetWavFacts(env, reader_, result);
    result.Set("samples", samples_->value());
    return result.Build();
  }

 private:
  static constexpr size_t kHeaderSliceBytes = 4096;  // more than most headers, little enough to throw away

  void BeginAudio(napi_env env) {
    const WavInfo& info = reader_.info();
    samples_.emplace(env, reader_.frames() * info.channels);
    rest_ = samples_->data();
    slices_ =
        Slicer(info.data_offset, reader_.frames() * info.FrameBytes(), info.FrameBytes(), rest_.size_bytes());
  }
  void Decode(std::span<const uint8_t> audio) {
    const SampleFormat format = reader_.info().format;
    const auto out = rest_.first(audio.size() / BytesPerSample(format));
    if constexpr (std::is_same_v<T, float>)
      ToFloat32(format, audio, out);
    else
      ToInt16(format, audio, out);
    rest_ = rest_.subspan(out.size());
  }

  size_t file_bytes_;
  WavReader reader_;
  std::optional<OutputArray<T>> samples_;  // once the headers are read
  std::span<T> rest_;                      // of the samples
  Slicer slices_;                          // of the audio
};

template <class T>
napi_value ReadWavAs(const Arguments& args) {
  const auto bytes = args.Bytes(0, "bytes");
  const size_t most_output_bytes = bytes.size() * sizeof(T);  // of 8-bit samples; the header is not read yet
  return Perform(args, 2, most_output_bytes >= kLargeBytes, bytes,
                 std::make_unique<ReadWavJob<T>>(bytes.size()));
}

class WavReaderObject {
 public:
  static constexpr napi_type_tag kTag = {0x6f8c1c0f3a5e4b21, 0x9b6d2e7fa1c04d38};
  static constexpr const char* kName = "WavReader";

  // new WavReader(fileBytes?)
  static std::unique_ptr<WavReaderObject> Create(const Arguments& args) {
    const uint64_t file_bytes =
        args.IsUndefined(0) ? kUnknownSize : args.Unsigned(0, "fileBytes", 0, kMaxSafeInteger);
    return std::make_unique<WavReaderObject>(file_bytes);
  }
  explicit WavReaderObject(uint64_t file_bytes) : reader_(file_bytes) {}
  size_t StateBytes() const { return sizeof(*this); }

  // process(bytes): takes all of them.
  napi_value Process(const Arguments& args) {
    WavReader& reader = Open();
    for (auto rest = args.Bytes(0, "bytes"); !rest.empty();)
      rest = rest.subspan(Try(reader.Process(rest)).consumed);
    return Undefined(args.env());
  }
  napi_value SkippableBytes(const Arguments& args) {
    return Number(args.env(), static_cast<double>(Open().SkippableBytes()));
  }
  napi_value Skip(const Arguments& args) {
    WavReader& reader = Open();
    const uint64_t bytes = args.Unsigned(0, "bytes", 0, kMaxSafeInteger);
    if (bytes > reader.SkippableBytes()) ThrowRange("bytes must be at most skippableBytes()");
    reader.Skip(bytes);
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

// readWav(bytes, float32, ...callbacks) -> { facts, samples }
napi_value ReadWav(napi_env env, napi_callback_info info) {
  return Guard(env, [&] {
    const Arguments args(env, info);
    return args.Bool(1, "float32") ? ReadWavAs<float>(args) : ReadWavAs<int16_t>(args);
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
