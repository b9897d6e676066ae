// readOggOpus over whole buffers. Not here: piece by piece (ogg_opus_decoder_binding.cpp), packets
// (ogg_opus_reader_binding.cpp, opus_codec_binding.cpp), writing (ogg_opus_writer_binding.cpp).
#include <algorithm>
#include <memory>
#include <optional>

#include "bindings/async_work.h"
#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "bindings/ogg_opus_facts.h"
#include "core/ogg_opus_decoder.h"

namespace sluice::bindings {
namespace {

// In pieces of so many bytes, of which a thread makes some 20 s of speech or 4 s of music in 2 to 20 ms.
constexpr size_t kOpusSliceBytes = size_t{1} << 16;
// From here on a job is worth a thread: a second of speech, 0.6 ms.
constexpr size_t kLargeOpusBytes = size_t{1} << 12;

// Two passes: the packets' lengths, since the output's length depends on all of them; the sound.
template <class T>
class ReadOggOpusJob final : public SlicedJob {
 public:
  ReadOggOpusJob(size_t file_bytes, const OggOpusDecoderOptions& options)
      : file_bytes_(file_bytes), options_(options), slices_(Slices()) {}

  std::optional<Slice> Next(napi_env env) override {
    auto slice = slices_.Next();
    if (slice || samples_) return slice;
    while (Take(counter_.Finish()) != OggOpusReader::Event::kNone) continue;
    if (options_.channels == 0) options_.channels = counter_.links()[0].channels;
    samples_.emplace(env, WantedFrames() * options_.channels);
    rest_ = samples_->data();
    decoder_.emplace(options_);
    slices_ = Slices();
    return slices_.Next();
  }
  void Run(std::span<const uint8_t> slice) override {
    if (!samples_) {
      while (Take(counter_.Next(slice)) != OggOpusReader::Event::kNone) continue;
      return;
    }
    Keep([&] { return decoder_->Next(slice); });
    if (!slices_.AtEnd()) return;
    Keep([&] { return decoder_->Finish(); });
    std::fill(rest_.begin(), rest_.end(), T{0});  // somebody changed the input between the passes
  }
  napi_value Finish(napi_env env) override {
    ObjectBuilder audio(env);
    audio.Set("sampleRateHz", kOpusRateHz)
        .Set("channels", options_.channels)
        .Set("frames", static_cast<double>(WantedFrames()))
        .Set("samples", samples_->value());
    SetOggOpusFacts(env, counter_, audio);
    return audio.Build();
  }
  size_t StateBytes() const override {
    return counter_.StateBytes() + (decoder_ ? decoder_->StateBytes() : 0);
  }

 private:
  Slicer Slices() const { return {0, file_bytes_, 1, file_bytes_ * (kSliceBytes / kOpusSliceBytes)}; }
  uint64_t WantedFrames() const {
    const uint64_t end = std::min(options_.end, counter_.samples());
    return end - std::min(options_.begin, end);
  }

  template <class Decode>
  void Keep(Decode decode) {
    for (auto samples = Take(decode()); !samples.empty(); samples = Take(decode())) {
      const size_t count = std::min(samples.size(), rest_.size());
      std::copy_n(samples.begin(), count, rest_.begin());
      rest_ = rest_.subspan(count);
    }
  }

  size_t file_bytes_;
  OggOpusDecoderOptions options_;  // its channels: 0 until the first link says it
  OggOpusReader counter_;
  std::optional<OggOpusDecoder<T>> decoder_;
  std::optional<OutputArray<T>> samples_;  // once it is known how many
  std::span<T> rest_;                      // of the samples
  Slicer slices_;
};

template <class T>
napi_value ReadAs(const Arguments& args) {
  const auto bytes = args.Bytes(0, "bytes");
  const OggOpusDecoderOptions options = ReadDecoderOptions(args, 2);
  return Perform(args, 5, bytes.size() >= kLargeOpusBytes, bytes,
                 std::make_unique<ReadOggOpusJob<T>>(bytes.size(), options));
}

}  // namespace

// readOggOpus(bytes, float32, channels?, begin, end?, resolve?, reject?)
napi_value ReadOggOpus(napi_env env, napi_callback_info info) {
  return Guard(env, [&] {
    const Arguments args(env, info);
    return args.Bool(1, "float32") ? ReadAs<float>(args) : ReadAs<int16_t>(args);
  });
}

}  // namespace sluice::bindings
