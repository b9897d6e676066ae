// resample (whole buffers) and the Resampler class.
#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <variant>
#include <vector>

#include "bindings/async_work.h"
#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "bindings/wrapped.h"
#include "core/overloaded.h"
#include "core/resampler.h"

namespace sluice::bindings {
namespace {

constexpr std::array kQualities = {"fast", "default", "best"};  // as in enum ResamplerQuality
constexpr uint64_t kMaxInputFrames = uint64_t{1} << 36;         // more than any typed array holds

// Arguments i to i + 3: fromHz, toHz, channels, quality.
ResamplerOptions ReadOptions(const Arguments& args, size_t i) {
  const char* bad_rate = ErrorCodeName(ErrorCode::kInvalidRate);
  ResamplerOptions options;
  options.from_hz = static_cast<uint32_t>(args.Unsigned(i, "fromHz", kMinRateHz, kMaxRateHz, bad_rate));
  options.to_hz = static_cast<uint32_t>(args.Unsigned(i + 1, "toHz", kMinRateHz, kMaxRateHz, bad_rate));
  options.channels = args.Channels(i + 2, "channels", kMaxResamplerChannels);
  options.quality = static_cast<ResamplerQuality>(args.Word(i + 3, "quality", kQualities));
  return options;
}

// Collects blocks into an array that has exactly the room for all that is wanted of them, although each call
// must be offered more room than it will use: near the end blocks go through a scratch buffer.
template <class T>
class ExactOutput {
 public:
  ExactOutput(std::span<T> out, size_t scratch_samples) : out_(out), scratch_(scratch_samples) {}

  // write(span of at least scratch_samples) -> samples written; what is beyond the end is dropped
  template <class F>
  void Append(F&& write) {
    const std::span<T> rest = out_.subspan(written_);
    const bool direct = rest.size() >= scratch_.size();
    const size_t count = std::min(direct ? write(rest) : write(std::span<T>(scratch_)), rest.size());
    if (!direct) std::copy_n(scratch_.begin(), count, rest.begin());
    written_ += count;
  }
  bool Full() const { return written_ == out_.size(); }

 private:
  std::span<T> out_;
  std::vector<T> scratch_;
  size_t written_ = 0;
};

template <class T>
class ResampleJob final : public SlicedJob {
 public:
  // input_samples: a whole number of frames.
  ResampleJob(const ResamplerOptions& options, size_t input_samples)
      : options_(options),
        input_frames_(input_samples / options.channels),
        slices_(0, input_samples * sizeof(T), options.channels * sizeof(T), OutputSamples() * sizeof(T)) {}

  size_t OutputSamples() const {
    const uint64_t scaled = input_frames_ * options_.to_hz;
    return (scaled + options_.from_hz - 1) / options_.from_hz * options_.channels;
  }
  std::optional<Slice> Next(napi_env env) override {
    if (!output_) output_.emplace(env, OutputSamples());
    return slices_.Next();
  }
  void Run(std::span<const uint8_t> slice) override {
    if (!stream_)  // here, since the first use of a pair designs its taps
      stream_.emplace(options_, input_frames_, output_->data());
    stream_->Process(AsSamples<T>(slice));
    if (slices_.AtEnd()) stream_->Finish();
  }
  napi_value Finish(napi_env) override { return output_->value(); }
  size_t StateBytes() const override { return stream_ ? stream_->StateBytes() : 0; }

 private:
  class Stream {
   public:
    Stream(const ResamplerOptions& options, uint64_t input_frames, std::span<T> out)
        : resampler_(Take(Resampler<T>::Create(options))),
          block_frames_(BlockFrames(options, input_frames + resampler_.LatencyFrames())),
          output_(out, ScratchSamples()) {}
    void Process(std::span<const T> rest) {
      while (!rest.empty()) {
        const auto block = rest.first(std::min(rest.size(), block_frames_ * resampler_.channels()));
        output_.Append(
            [&](std::span<T> room) { return Take(resampler_.Process(block, room)) * resampler_.channels(); });
        rest = rest.subspan(block.size());
      }
    }
    // What Flush does, which wants room for all of it at once: 8 MB of floats at 64 channels from 1 to 192
    // kHz.
    void Finish() {
      const std::vector<T> silence(block_frames_ * resampler_.channels());
      for (size_t rest = resampler_.LatencyFrames(); rest > 0;) {
        const size_t frames = std::min(rest, block_frames_);
        Process(std::span(silence).first(frames * resampler_.channels()));
        rest -= frames;
      }
      if (!output_.Full()) throw std::logic_error("The resampler broke its length law.");
    }
    size_t StateBytes() const { return resampler_.StateBytes() + ScratchSamples() * sizeof(T); }

   private:
    static constexpr size_t kBlockSamples = size_t{1} << 14;  // of input and output: small, and in cache

    static size_t BlockFrames(const ResamplerOptions& options, uint64_t all_frames) {
      const uint64_t faster_hz = std::max(options.from_hz, options.to_hz);
      const uint64_t frames = kBlockSamples * options.from_hz / (faster_hz * options.channels);
      return static_cast<size_t>(std::clamp<uint64_t>(frames, 1, all_frames));
    }
    size_t ScratchSamples() const {
      return resampler_.MaxOutputFrames(block_frames_) * resampler_.channels();
    }

    Resampler<T> resampler_;
    size_t block_frames_;
    ExactOutput<T> output_;
  };

  ResamplerOptions options_;
  uint64_t input_frames_;
  Slicer slices_;
  std::optional<OutputArray<T>> output_;
  std::optional<Stream> stream_;
};

template <class T>
napi_value ResampleWhole(const Arguments& args, const ResamplerOptions& options) {
  const auto samples = args.Samples<T>(0, "samples");
  if (samples.size() % options.channels != 0) {
    ThrowRange("samples must hold whole frames of " + std::to_string(options.channels) + " channels, got " +
                   std::to_string(samples.size()) + " samples",
               ErrorCodeName(ErrorCode::kInvalidLength));
  }
  auto job = std::make_unique<ResampleJob<T>>(options, samples.size());
  const bool large = std::max(samples.size(), job->OutputSamples()) * sizeof(T) >= kLargeResampleBytes;
  return Perform(args, 5, large, AsBytes(samples), std::move(job));
}

class ResamplerObject {
 public:
  static constexpr napi_type_tag kTag = {0x2b7d90c45f1e4a6c, 0x8e3a14d6b7f25091};
  static constexpr const char* kName = "Resampler";

  // new Resampler(fromHz, toHz, channels, quality, float32)
  static std::unique_ptr<ResamplerObject> Create(const Arguments& args) {
    const ResamplerOptions options = ReadOptions(args, 0);
    if (args.Bool(4, "float32")) {
      return std::make_unique<ResamplerObject>(Take(Resampler<float>::Create(options)));
    }
    return std::make_unique<ResamplerObject>(Take(Resampler<int16_t>::Create(options)));
  }
  template <class T>
  explicit ResamplerObject(Resampler<T> core) : core_(std::move(core)) {}
  size_t StateBytes() const {
    return std::visit(Overloaded{[](std::monostate) { return size_t{0}; },
                                 [](const auto& core) { return core.StateBytes(); }},
                      core_);
  }

  static auto HotMethods() {
    using Class = Wrapped<ResamplerObject>;
    return std::array{Class::Method{"processInto", Class::CallHot<&ResamplerObject::ProcessInto>}};
  }
  napi_value ProcessInto(const Arguments& args) {
    return With([&]<class T>(Resampler<T>& core) {
      const auto chunk = args.Samples<T>(0, "chunk");
      const auto out = args.Samples<T>(1, "out");
      RefuseOverlap(chunk, out);
      return Number(args.env(), static_cast<double>(Take(core.Process(chunk, out))));
    });
  }
  napi_value FlushInto(const Arguments& args) {
    return With([&]<class T>(Resampler<T>& core) {
      return Number(args.env(), static_cast<double>(Take(core.Flush(args.Samples<T>(0, "out")))));
    });
  }
  napi_value MaxOutputFrames(const Arguments& args) {
    return With([&](auto& core) {
      const size_t frames = args.Unsigned(0, "inputFrames", 0, kMaxInputFrames);
      return Number(args.env(), static_cast<double>(core.MaxOutputFrames(frames)));
    });
  }
  napi_value LatencyFrames(const Arguments& args) {
    return With([&](auto& core) { return Number(args.env(), static_cast<double>(core.LatencyFrames())); });
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
  // body(Resampler<T>&) of an open object.
  template <class Body>
  napi_value With(Body body) {
    return std::visit(Overloaded{[](std::monostate) -> napi_value { ThrowClosed(kName); }, body}, core_);
  }

  std::variant<std::monostate, Resampler<int16_t>, Resampler<float>> core_;  // neither once closed
};

}  // namespace

// resample(samples, fromHz, toHz, channels, quality, ...callbacks) -> the same kind of array
napi_value Resample(napi_env env, napi_callback_info info) {
  return Guard(env, [&] {
    const Arguments args(env, info);
    const ResamplerOptions options = ReadOptions(args, 1);
    return args.AreFloat32(0, "samples") ? ResampleWhole<float>(args, options)
                                         : ResampleWhole<int16_t>(args, options);
  });
}

napi_value DefineResampler(napi_env env) {
  using Class = Wrapped<ResamplerObject>;
  return Class::Define(env, {
                                {"processInto", Class::Call<&ResamplerObject::ProcessInto>},
                                {"flushInto", Class::Call<&ResamplerObject::FlushInto>},
                                {"maxOutputFrames", Class::Call<&ResamplerObject::MaxOutputFrames>},
                                {"latencyFrames", Class::Call<&ResamplerObject::LatencyFrames>},
                                {"reset", Class::Call<&ResamplerObject::Reset>},
                                {"close", Class::Call<&ResamplerObject::Close>},
                            });
}

}  // namespace sluice::bindings
