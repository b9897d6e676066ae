#include "converters.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "core/resampler.h"

#if SLUICE_BENCH_SOXR
#include <soxr.h>
#endif
#if SLUICE_BENCH_SPEEXDSP
#include <speex/speex_resampler.h>
#endif
#if SLUICE_BENCH_SAMPLERATE
#include <samplerate.h>
#endif
#if SLUICE_BENCH_SWRESAMPLE
extern "C" {
#include <libavutil/channel_layout.h>
#include <libswresample/swresample.h>
#include <libswresample/version.h>
}
#if LIBSWRESAMPLE_VERSION_INT < AV_VERSION_INT(4, 7, 100)  // before FFmpeg 5.1: no swr_alloc_set_opts2
#undef SLUICE_BENCH_SWRESAMPLE
#endif
#endif

namespace bench {
namespace {

[[noreturn]] void Die(const char* who, const char* what) {
  std::fprintf(stderr, "%s: %s\n", who, what);
  std::exit(1);
}

[[maybe_unused]] void Require(bool condition, const char* who, const char* what) {
  if (!condition) Die(who, what);
}

template <class Sample>
class Sluice : public Converter<Sample> {
 public:
  explicit Sluice(const sluice::ResamplerOptions& options) : resampler_(Create(options)) {}

  size_t Process(std::span<const Sample> input, std::span<Sample> output) override {
    const auto frames = resampler_.Process(input, output);
    if (!frames.ok()) Die("sluice", frames.error().message.c_str());
    return frames.value() * resampler_.channels();
  }

 private:
  static sluice::Resampler<Sample> Create(const sluice::ResamplerOptions& options) {
    auto made = sluice::Resampler<Sample>::Create(options);
    if (!made.ok()) Die("sluice", made.error().message.c_str());
    return std::move(made.value());
  }

  sluice::Resampler<Sample> resampler_;
};

template <class Sample>
Factory<Sample> MakeSluice(sluice::ResamplerQuality quality, uint32_t channels = 1) {
  return [=](uint32_t from_hz, uint32_t to_hz) {
    return std::make_unique<Sluice<Sample>>(sluice::ResamplerOptions{from_hz, to_hz, channels, quality});
  };
}

// Spoils what goes into, comes out of, or is done by a converter of ours.
class Spoiled : public Converter<int16_t> {
 public:
  enum class Way { kInverted, kFirstSecondOnly, kFirstSecondRestSilent, kSilentAfter3s };
  Spoiled(uint32_t from_hz, uint32_t to_hz, Way way)
      : from_hz_(from_hz), to_hz_(to_hz), way_(way), ours_({from_hz, to_hz}) {}

  size_t Process(std::span<const int16_t> input, std::span<int16_t> output) override {
    fed_ += input.size();
    const size_t whole = input.size() * to_hz_ / from_hz_;
    switch (way_) {
      case Way::kInverted: {
        const size_t count = ours_.Process(input, output);
        for (int16_t& sample : output.first(count))
          sample = static_cast<int16_t>(-std::max<int>(sample, -32767));
        return count;
      }
      case Way::kFirstSecondOnly:
        return ours_.Process(input.first(std::min<size_t>(input.size(), from_hz_)), output);
      case Way::kFirstSecondRestSilent: {
        if (input.size() <= from_hz_) return ours_.Process(input, output);
        const size_t count = ours_.Process(input.first(from_hz_), output);
        std::ranges::fill(output.subspan(count, whole - count), int16_t{0});
        return whole;
      }
      case Way::kSilentAfter3s:
        if (fed_ <= size_t{3} * from_hz_) return ours_.Process(input, output);
        std::ranges::fill(output.first(whole), int16_t{0});
        return whole;
    }
    return 0;
  }

 private:
  uint32_t from_hz_;
  uint32_t to_hz_;
  Way way_;
  Sluice<int16_t> ours_;
  size_t fed_ = 0;
};

// What int16 cannot hold comes out at its other end.
class Wrapping : public Converter<int16_t> {
 public:
  Wrapping(uint32_t from_hz, uint32_t to_hz) : ours_({from_hz, to_hz}) {}

  size_t Process(std::span<const int16_t> input, std::span<int16_t> output) override {
    input_.assign(input.begin(), input.end());
    output_.resize(output.size());
    const size_t count = ours_.Process(input_, output_);
    for (size_t n = 0; n < count; ++n) output[n] = static_cast<int16_t>(std::lrint(output_[n]));
    return count;
  }

 private:
  Sluice<float> ours_;
  std::vector<float> input_;
  std::vector<float> output_;
};

#if SLUICE_BENCH_SOXR
// HQ as its authors ship it, in one thread; int16 in and out.
class Soxr : public Converter<int16_t> {
 public:
  Soxr(uint32_t from_hz, uint32_t to_hz, bool dither) {
    const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
    const soxr_runtime_spec_t runtime = soxr_runtime_spec(1);
    soxr_io_spec_t io = soxr_io_spec(SOXR_INT16_I, SOXR_INT16_I);
    if (!dither) io.flags |= SOXR_NO_DITHER;
    soxr_error_t error = nullptr;
    soxr_ = soxr_create(from_hz, to_hz, 1, &error, &io, &quality, &runtime);
    if (error != nullptr) Die("soxr", error);
  }
  ~Soxr() override { soxr_delete(soxr_); }

  size_t Process(std::span<const int16_t> input, std::span<int16_t> output) override {
    size_t taken = 0;
    size_t written = 0;
    const soxr_error_t error =
        soxr_process(soxr_, input.data(), input.size(), &taken, output.data(), output.size(), &written);
    if (error != nullptr) Die("soxr", error);
    Require(taken == input.size(), "soxr", "did not take all of the input");
    return written;
  }

 private:
  soxr_t soxr_ = nullptr;
};
#endif

#if SLUICE_BENCH_SPEEXDSP
class Speex : public Converter<int16_t> {
 public:
  Speex(uint32_t from_hz, uint32_t to_hz, int quality) {
    int error = 0;
    speex_ = speex_resampler_init(1, from_hz, to_hz, quality, &error);
    Require(error == RESAMPLER_ERR_SUCCESS, "speexdsp", speex_resampler_strerror(error));
  }
  ~Speex() override { speex_resampler_destroy(speex_); }

  size_t Process(std::span<const int16_t> input, std::span<int16_t> output) override {
    auto taken = static_cast<spx_uint32_t>(input.size());
    auto written = static_cast<spx_uint32_t>(output.size());
    const int error = speex_resampler_process_int(speex_, 0, input.data(), &taken, output.data(), &written);
    Require(error == RESAMPLER_ERR_SUCCESS, "speexdsp", speex_resampler_strerror(error));
    Require(taken == input.size(), "speexdsp", "did not take all of the input");
    return written;
  }

 private:
  SpeexResamplerState* speex_ = nullptr;
};
#endif

#if SLUICE_BENCH_SAMPLERATE
// Converts float only; its own functions make int16 of it and back, inside the timed call.
class LibSampleRate : public Converter<int16_t> {
 public:
  LibSampleRate(uint32_t from_hz, uint32_t to_hz) : ratio_(static_cast<double>(to_hz) / from_hz) {
    int error = 0;
    state_ = src_new(SRC_SINC_MEDIUM_QUALITY, 1, &error);
    Require(state_ != nullptr, "libsamplerate", src_strerror(error));
  }
  ~LibSampleRate() override { src_delete(state_); }

  size_t Process(std::span<const int16_t> input, std::span<int16_t> output) override {
    input_.resize(input.size());
    output_.resize(output.size());
    src_short_to_float_array(input.data(), input_.data(), static_cast<int>(input.size()));
    SRC_DATA data = {};
    data.data_in = input_.data();
    data.input_frames = static_cast<long>(input_.size());
    data.data_out = output_.data();
    data.output_frames = static_cast<long>(output_.size());
    data.src_ratio = ratio_;
    const int error = src_process(state_, &data);
    Require(error == 0, "libsamplerate", src_strerror(error));
    Require(data.input_frames_used == data.input_frames, "libsamplerate", "did not take all of the input");
    src_float_to_short_array(output_.data(), output.data(), static_cast<int>(data.output_frames_gen));
    return static_cast<size_t>(data.output_frames_gen);
  }

 private:
  double ratio_;
  SRC_STATE* state_ = nullptr;
  std::vector<float> input_;
  std::vector<float> output_;
};
#endif

#if SLUICE_BENCH_SWRESAMPLE
// As FFmpeg uses it by default: 32 taps, int16 throughout.
class Swr : public Converter<int16_t> {
 public:
  Swr(uint32_t from_hz, uint32_t to_hz) {
    AVChannelLayout mono = AV_CHANNEL_LAYOUT_MONO;  // not const: FFmpeg 5.1 takes a plain pointer
    int error = swr_alloc_set_opts2(&swr_, &mono, AV_SAMPLE_FMT_S16, static_cast<int>(to_hz), &mono,
                                    AV_SAMPLE_FMT_S16, static_cast<int>(from_hz), 0, nullptr);
    if (error == 0) error = swr_init(swr_);
    Require(error == 0, "swresample", "could not be initialised");
  }
  ~Swr() override { swr_free(&swr_); }

  size_t Process(std::span<const int16_t> input, std::span<int16_t> output) override {
    const auto* in = reinterpret_cast<const uint8_t*>(input.data());
    auto* out = reinterpret_cast<uint8_t*>(output.data());
    const int written =
        swr_convert(swr_, &out, static_cast<int>(output.size()), &in, static_cast<int>(input.size()));
    Require(written >= 0, "swresample", "failed");
    return static_cast<size_t>(written);
  }

 private:
  SwrContext* swr_ = nullptr;
};
#endif

template <class Other, class... Options>
Factory<int16_t> Make(Options... options) {
  return
      [=](uint32_t from_hz, uint32_t to_hz) { return std::make_unique<Other>(from_hz, to_hz, options...); };
}

}  // namespace

std::vector<Contender> Contenders() {
  using enum sluice::ResamplerQuality;
  std::vector<Contender> all = {
      {.name = "sluice", .gate = true, .int16 = MakeSluice<int16_t>(kDefault)},
      {.name = "sluice fast", .gate = true, .int16 = MakeSluice<int16_t>(kFast)},
      {.name = "sluice best", .gate = true, .int16 = MakeSluice<int16_t>(kBest)},
      {.name = "sluice float32", .gate = true, .float32 = MakeSluice<float>(kDefault)},
      {.name = "sluice stereo", .gate = true, .channels = 2, .int16 = MakeSluice<int16_t>(kDefault, 2)},
  };
#if SLUICE_BENCH_SOXR
  all.push_back({.name = "soxr HQ", .gate = true, .int16 = Make<Soxr>(false)});
  all.push_back({.name = "soxr HQ, dithered", .int16 = Make<Soxr>(true)});
#endif
#if SLUICE_BENCH_SPEEXDSP
  all.push_back({.name = "speex q7", .gate = true, .int16 = Make<Speex>(7)});
  all.push_back({.name = "speex q10", .int16 = Make<Speex>(10)});
#endif
#if SLUICE_BENCH_SAMPLERATE
  all.push_back({.name = "samplerate medium", .int16 = Make<LibSampleRate>()});
#endif
#if SLUICE_BENCH_SWRESAMPLE
  all.push_back({.name = "swresample", .int16 = Make<Swr>()});
#endif
  return all;
}

std::vector<Contender> SpoiledContenders() {
  using enum Spoiled::Way;
  return {
      {.name = "inverted", .int16 = Make<Spoiled>(kInverted)},
      {.name = "first second only", .int16 = Make<Spoiled>(kFirstSecondOnly)},
      {.name = "first second, then silence", .int16 = Make<Spoiled>(kFirstSecondRestSilent)},
      {.name = "silent after 3 s", .int16 = Make<Spoiled>(kSilentAfter3s)},
      {.name = "wrapping", .int16 = Make<Wrapping>()},
  };
}

std::vector<MissingPeer> MissingPeers() {
  std::vector<MissingPeer> missing;
#if !SLUICE_BENCH_SOXR
  missing.push_back({"soxr", "sudo apt-get install libsoxr-dev"});
#endif
#if !SLUICE_BENCH_SPEEXDSP
  missing.push_back({"speexdsp", "sudo apt-get install libspeexdsp-dev"});
#endif
#if !SLUICE_BENCH_SAMPLERATE
  missing.push_back({"samplerate", "sudo apt-get install libsamplerate0-dev"});
#endif
#if defined(LIBSWRESAMPLE_VERSION_INT) && !SLUICE_BENCH_SWRESAMPLE
  missing.push_back({"swresample", "FFmpeg 5.1 or newer; an older one is installed"});
#elif !SLUICE_BENCH_SWRESAMPLE
  missing.push_back({"swresample", "sudo apt-get install libswresample-dev"});
#endif
  return missing;
}

std::string PeerVersions() {
  std::string versions;
  [[maybe_unused]] const auto add = [&](const std::string& text) {
    versions += (versions.empty() ? "" : ", ") + text;
  };
#if SLUICE_BENCH_SOXR
  add(soxr_version());
#endif
#if SLUICE_BENCH_SPEEXDSP
  add("speexdsp");  // tells no version
#endif
#if SLUICE_BENCH_SAMPLERATE
  const std::string version = src_get_version();  // "libsamplerate-0.2.2 (c) ..."
  add(version.substr(0, version.find(' ')));
#endif
#if SLUICE_BENCH_SWRESAMPLE
  add("libswresample-" + std::to_string(swresample_version() >> 16) + "." +
      std::to_string((swresample_version() >> 8) & 255));
#endif
  return versions.empty() ? "none" : versions;
}

}  // namespace bench
