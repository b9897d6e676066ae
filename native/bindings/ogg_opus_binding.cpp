// readOggOpus over whole buffers. Not here: packets (ogg_opus_reader_binding.cpp, opus_codec_binding.cpp),
// writing (ogg_opus_writer_binding.cpp).
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bindings/async_work.h"
#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "core/ogg_opus_decoder.h"
#include "core/pcm.h"

namespace sluice::bindings {
namespace {

// In pieces of so many bytes, of which a thread makes some 20 s of speech or 4 s of music in 2 to 20 ms.
constexpr size_t kOpusSliceBytes = size_t{1} << 16;
// From here on a job is worth a thread: a second of speech, 0.6 ms.
constexpr size_t kLargeOpusBytes = size_t{1} << 12;

// As stored; what is no UTF-8 becomes U+FFFD.
napi_value Text(napi_env env, const std::string& text) {
  napi_value result = nullptr;
  Check(napi_create_string_utf8(env, text.data(), text.size(), &result));
  return result;
}

napi_value LinkFacts(napi_env env, const OggOpusLink& link) {
  std::vector<napi_value> comments;
  for (const std::string& comment : link.tags.comments) comments.push_back(Text(env, comment));
  return ObjectBuilder(env)
      .Set("channels", link.head.channels)
      .Set("frames", static_cast<double>(link.samples))
      .Set("preSkip", link.head.preskip)
      .Set("gainDb", link.head.gain_q8 / 256.0)
      .Set("inputSampleRateHz", link.head.input_rate_hz)
      .Set("serial", link.serial)
      .Set("vendor", Text(env, link.tags.vendor))
      .Set("comments", List(env, comments))
      .Set("commentCount", static_cast<double>(link.tags.comment_count))
      .Build();
}

napi_value Warnings(napi_env env, uint32_t warnings) {
  std::vector<napi_value> names;
  for (unsigned i = 0; i < 32; ++i)
    if ((warnings >> i & 1) != 0)
      names.push_back(bindings::Text(env, OggWarningName(static_cast<OggWarning>(i))));
  return List(env, names);
}

// Frames of one channel count after those of another.
template <class T>
void Mix(std::span<const T> from, size_t from_channels, std::span<T> to, size_t to_channels) {
  if (from_channels == to_channels) {
    std::copy_n(from.begin(), to.size(), to.begin());
    return;
  }
  for (size_t i = 0; i < to.size() / to_channels; ++i) {
    T mono;
    Downmix(from_channels, from.subspan(i * from_channels, from_channels), std::span(&mono, 1));
    std::fill_n(to.begin() + static_cast<ptrdiff_t>(i * to_channels), to_channels, mono);
  }
}

// Two passes: the packets' lengths, since the output's length depends on all of them; the sound.
template <class T>
class ReadOggOpusJob final : public SlicedJob {
 public:
  ReadOggOpusJob(size_t file_bytes, uint32_t channels)
      : file_bytes_(file_bytes), channels_(channels), slices_(Slices()) {}

  std::optional<Slice> Next(napi_env env) override {
    auto slice = slices_.Next();
    if (slice || samples_) return slice;
    while (Take(counter_.Finish()) != OggOpusReader::Event::kNone) continue;
    if (channels_ == 0) channels_ = counter_.links()[0].head.channels;
    samples_.emplace(env, counter_.samples() * channels_);
    rest_ = samples_->data();
    slices_ = Slices();
    return slices_.Next();
  }
  void Run(std::span<const uint8_t> slice) override {
    if (!samples_) {
      while (Take(counter_.Next(slice)) != OggOpusReader::Event::kNone) continue;
      return;
    }
    Keep([&] { return decoder_.Next(slice); });
    if (!slices_.AtEnd()) return;
    Keep([&] { return decoder_.Finish(); });
    std::fill(rest_.begin(), rest_.end(), T{0});  // somebody changed the input between the passes
  }
  napi_value Finish(napi_env env) override {
    std::vector<napi_value> links;
    for (const OggOpusLink& link : counter_.links()) links.push_back(LinkFacts(env, link));
    return ObjectBuilder(env)
        .Set("sampleRateHz", kOpusRateHz)
        .Set("channels", channels_)
        .Set("frames", static_cast<double>(counter_.samples()))
        .Set("samples", samples_->value())
        .Set("links", List(env, links))
        .Set("warnings", Warnings(env, counter_.warnings()))
        .Build();
  }
  size_t StateBytes() const override { return decoder_.StateBytes(); }

 private:
  Slicer Slices() const { return {0, file_bytes_, 1, file_bytes_ * (kSliceBytes / kOpusSliceBytes)}; }

  template <class Decode>
  void Keep(Decode decode) {
    for (auto samples = Take(decode()); !samples.empty(); samples = Take(decode())) {
      const size_t frames = std::min(samples.size() / decoder_.channels(), rest_.size() / channels_);
      Mix(samples, decoder_.channels(), rest_.first(frames * channels_), channels_);
      rest_ = rest_.subspan(frames * channels_);
    }
  }

  size_t file_bytes_;
  uint32_t channels_;  // 0 until the first link says it
  OggOpusReader counter_;
  OggOpusDecoder<T> decoder_;
  std::optional<OutputArray<T>> samples_;  // once it is known how many
  std::span<T> rest_;                      // of the samples
  Slicer slices_;
};

template <class T>
napi_value ReadAs(const Arguments& args) {
  const auto bytes = args.Bytes(0, "bytes");
  const uint32_t channels = args.IsUndefined(2) ? 0 : args.Channels(2, "channels", kMaxOpusDecoderChannels);
  return Perform(args, 3, bytes.size() >= kLargeOpusBytes, bytes,
                 std::make_unique<ReadOggOpusJob<T>>(bytes.size(), channels));
}

}  // namespace

// readOggOpus(bytes, float32, channels?, resolve?, reject?)
napi_value ReadOggOpus(napi_env env, napi_callback_info info) {
  return Guard(env, [&] {
    const Arguments args(env, info);
    return args.Bool(1, "float32") ? ReadAs<float>(args) : ReadAs<int16_t>(args);
  });
}

}  // namespace sluice::bindings
