// writeOggOpus over whole buffers and the OggOpusEncoder class. Not here: packets that are there already
// (ogg_opus_writer_binding.cpp).
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bindings/async_work.h"
#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "bindings/opus_options.h"
#include "bindings/wrapped.h"
#include "core/ogg_opus_encoder.h"
#include "core/overloaded.h"

namespace sluice::bindings {
namespace {

constexpr uint64_t kMaxFrames = uint64_t{1} << 36;  // more than any typed array holds
// In pieces of so many bytes: of int16, 0.7 s at 48 kHz to 4 s at 8 kHz, which take a thread 2 to 21 ms.
constexpr size_t kEncodeSliceBytes = size_t{1} << 16;
// From here on a job is worth a thread: the sixteenth of that.
constexpr size_t kLargeEncodeBytes = size_t{1} << 12;

// Arguments i to i + 10: as ReadOpusEncoderOptions; then vendor, comments, serial, pageUs.
OggOpusEncoderOptions ReadOptions(const Arguments& args, size_t i) {
  OggOpusEncoderOptions options;
  options.opus = ReadOpusEncoderOptions(args, i);
  options.vendor = ReadVendor(args, i + 11);
  options.comments = ReadComments(args, i + 12);
  options.serial = Option32(args, i + 13, "serial");
  options.page_us = Option32(args, i + 14, "pageUs");
  return options;
}

template <class T>
class WriteOggOpusJob final : public SlicedJob {
 public:
  // input_samples: a whole number of frames.
  WriteOggOpusJob(OggOpusEncoderOptions options, size_t input_samples)
      : options_(std::move(options)),
        slices_(0, input_samples * sizeof(T), options_.opus.channels * sizeof(T),
                input_samples * sizeof(T) * (kSliceBytes / kEncodeSliceBytes)) {}

  // At least one: of no samples a file is made as well.
  std::optional<Slice> Next(napi_env) override {
    if (slices_.AtEnd() && encoder_) return std::nullopt;
    return slices_.Next().value_or(Slice{});
  }
  void Run(std::span<const uint8_t> slice) override {
    if (!encoder_)  // here, since the first use of a pair of rates designs its taps
      encoder_.emplace(Take(OggOpusEncoder<T>::Create(options_)));
    const auto samples = AsSamples<T>(slice);
    Append(encoder_->MaxOutputBytes(samples.size() / encoder_->channels()),
           [&](auto room) { return encoder_->Process(samples, room); });
    if (slices_.AtEnd()) Append(encoder_->MaxFlushBytes(), [&](auto room) { return encoder_->Flush(room); });
  }
  napi_value Finish(napi_env env) override {
    const NewArray<uint8_t> file = Allocate<uint8_t>(env, bytes_);
    std::copy_n(file_.begin(), bytes_, file.data.begin());
    return file.value;
  }
  size_t StateBytes() const override { return file_.capacity() + (encoder_ ? encoder_->StateBytes() : 0); }

 private:
  // write(room of most_bytes) -> bytes
  template <class Write>
  void Append(size_t most_bytes, Write write) {
    file_.resize(std::max(file_.size(), bytes_ + most_bytes));
    bytes_ += Take(write(std::span(file_).subspan(bytes_)));
  }

  OggOpusEncoderOptions options_;
  Slicer slices_;
  std::optional<OggOpusEncoder<T>> encoder_;
  // The file and room behind it, which is never taken back: room wants clearing, and with large tags it is
  // large for each slice.
  std::vector<uint8_t> file_;
  size_t bytes_ = 0;  // of the file
};

template <class T>
napi_value WriteAs(const Arguments& args, OggOpusEncoderOptions options) {
  const auto samples = args.Samples<T>(0, "samples");
  if (const uint32_t channels = options.opus.channels; samples.size() % channels != 0) {
    ThrowRange("samples must hold whole frames of " + std::to_string(channels) + " channels, got " +
                   std::to_string(samples.size()) + " samples",
               ErrorCodeName(ErrorCode::kInvalidLength));
  }
  auto job = std::make_unique<WriteOggOpusJob<T>>(std::move(options), samples.size());
  return Perform(args, 16, samples.size_bytes() >= kLargeEncodeBytes, AsBytes(samples), std::move(job));
}

class OggOpusEncoderObject {
 public:
  static constexpr napi_type_tag kTag = {0x83d1f4b6a92e4c07, 0xb15e7c2d4f60a839};
  static constexpr const char* kName = "OggOpusEncoder";

  // new OggOpusEncoder(...options, float32)
  static std::unique_ptr<OggOpusEncoderObject> Create(const Arguments& args) {
    const OggOpusEncoderOptions options = ReadOptions(args, 0);
    if (args.Bool(15, "float32"))
      return std::make_unique<OggOpusEncoderObject>(Take(OggOpusEncoder<float>::Create(options)));
    return std::make_unique<OggOpusEncoderObject>(Take(OggOpusEncoder<int16_t>::Create(options)));
  }
  template <class T>
  explicit OggOpusEncoderObject(OggOpusEncoder<T> core) : core_(std::move(core)) {}
  size_t StateBytes() const {
    return std::visit(Overloaded{[](std::monostate) { return size_t{0}; },
                                 [](const auto& core) { return core.StateBytes(); }},
                      core_);
  }

  // processInto(samples, out) -> bytes
  napi_value ProcessInto(const Arguments& args) {
    return With([&]<class T>(OggOpusEncoder<T>& core) {
      const auto samples = args.Samples<T>(0, "samples");
      const auto out = args.WritableBytes(1, "out");
      RefuseOverlap(samples, out);
      return Number(args.env(), static_cast<double>(Take(core.Process(samples, out))));
    });
  }
  // flushInto(out) -> bytes
  napi_value FlushInto(const Arguments& args) {
    return With([&](auto& core) {
      return Number(args.env(), static_cast<double>(Take(core.Flush(args.WritableBytes(0, "out")))));
    });
  }
  napi_value MaxOutputBytes(const Arguments& args) {
    return With([&](auto& core) {
      const size_t frames = args.Unsigned(0, "frames", 0, kMaxFrames);
      return Number(args.env(), static_cast<double>(core.MaxOutputBytes(frames)));
    });
  }
  napi_value MaxFlushBytes(const Arguments& args) {
    return With([&](auto& core) { return Number(args.env(), static_cast<double>(core.MaxFlushBytes())); });
  }
  napi_value Reset(const Arguments& args) {
    return With([&](auto& core) {
      core.Reset();
      return Undefined(args.env());
    });
  }
  napi_value Close(const Arguments& args) {
    core_ = std::monostate{};
    return Undefined(args.env());
  }

 private:
  // body(OggOpusEncoder<T>&) of an open object.
  template <class Body>
  napi_value With(Body body) {
    return std::visit(Overloaded{[](std::monostate) -> napi_value { ThrowClosed(kName); }, body}, core_);
  }

  std::variant<std::monostate, OggOpusEncoder<int16_t>, OggOpusEncoder<float>> core_;  // neither once closed
};

}  // namespace

// writeOggOpus(samples, ...options, resolve?, reject?) -> bytes
napi_value WriteOggOpus(napi_env env, napi_callback_info info) {
  return Guard(env, [&] {
    const Arguments args(env, info);
    OggOpusEncoderOptions options = ReadOptions(args, 1);
    return args.AreFloat32(0, "samples") ? WriteAs<float>(args, std::move(options))
                                         : WriteAs<int16_t>(args, std::move(options));
  });
}

napi_value DefineOggOpusEncoder(napi_env env) {
  using Class = Wrapped<OggOpusEncoderObject>;
  return Class::Define(env, {
                                {"processInto", Class::Call<&OggOpusEncoderObject::ProcessInto>},
                                {"flushInto", Class::Call<&OggOpusEncoderObject::FlushInto>},
                                {"maxOutputBytes", Class::Call<&OggOpusEncoderObject::MaxOutputBytes>},
                                {"maxFlushBytes", Class::Call<&OggOpusEncoderObject::MaxFlushBytes>},
                                {"reset", Class::Call<&OggOpusEncoderObject::Reset>},
                                {"close", Class::Call<&OggOpusEncoderObject::Close>},
                            });
}

}  // namespace sluice::bindings
