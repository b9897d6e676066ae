// The OggOpusDecoder class: Ogg Opus bytes in, samples out, piece by piece. Not here: whole files
// (ogg_opus_binding.cpp).
#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "bindings/ogg_opus_facts.h"
#include "bindings/wrapped.h"
#include "core/ogg_opus_decoder.h"
#include "core/overloaded.h"

namespace sluice::bindings {
namespace {

// The samples of one chunk after the other: all at once, or as much as there is room for at a time.
template <class T>
class Stream {
 public:
  using Samples = std::span<const T>;

  explicit Stream(const OggOpusDecoderOptions& options) : core_(options) {}
  const OggOpusDecoder<T>& core() const { return core_; }
  size_t StateBytes() const { return core_.StateBytes() + chunk_.capacity(); }
  void Reset() { *this = Stream(core_.options()); }

  // ---- All at once

  std::vector<T> Process(std::span<const uint8_t> chunk) {
    RequireRead();
    BeginChunk(chunk);
    std::vector<T> samples;
    Collect([&] { return core_.Next(chunk); }, samples);
    return samples;
  }
  std::vector<T> Flush() {
    RequireRead();
    std::vector<T> samples;
    finished_ = Collect([&] { return core_.Finish(); }, samples);
    if (!finished_) Take(core_.Finish());  // the error, as no call need follow
    return samples;
  }

  // ---- As much as there is room for

  void Push(std::span<const uint8_t> chunk) {
    RequireRead();
    BeginChunk(chunk);
    chunk_.assign(chunk.begin(), chunk.end());
    rest_ = chunk_;
    unread_ = true;
  }
  void End() {
    RequireRead();
    ends_ = true;
    unread_ = true;
  }
  // Frames written; 0: what was pushed is read.
  size_t ReadInto(std::span<T> out) {
    size_t written = 0;
    while (unread_) {
      if (ready_.empty() && !Ready(written > 0)) break;
      const size_t room = (out.size() - written) / core_.channels() * core_.channels();
      const size_t count = std::min(room, ready_.size());
      std::copy_n(ready_.begin(), count, out.begin() + static_cast<ptrdiff_t>(written));
      ready_ = ready_.subspan(count);
      written += count;
      if (!ready_.empty()) break;
    }
    if (written == 0 && !ready_.empty())
      ThrowRange("out must hold a frame of " + std::to_string(core_.channels()) + " samples at least",
                 "ERR_OUTPUT_TOO_SMALL");
    return written == 0 ? 0 : written / core_.channels();
  }

 private:
  // Behind an error all is over, and the core tells it again.
  void RequireRead() const {
    if (unread_ && !failed_)
      ThrowType("Call readInto until it returns 0 before the next push, end, process or flush",
                kInvalidState);
  }
  // The bytes of a file behind the end of another begin a new one.
  void BeginChunk(std::span<const uint8_t> chunk) {
    if (finished_ && !chunk.empty()) Reset();
  }
  // The next samples; false: there are none. An error behind samples that were written is for the next call
  // to tell, so that those before it do not depend on where the input was cut.
  bool Ready(bool has_written) {
    const Result<Samples> samples = ends_ ? core_.Finish() : core_.Next(rest_);
    failed_ = !samples.ok();
    if (failed_ && !has_written) throw CoreError{samples.error()};
    if (failed_) return false;
    ready_ = samples.value();
    if (!ready_.empty()) return true;
    finished_ = ends_;
    ends_ = false;
    unread_ = false;
    return false;
  }
  // Whether `next` came to an end; likewise.
  template <class Next>
  bool Collect(Next next, std::vector<T>& all) {
    for (;;) {
      const Result<Samples> samples = next();
      if (!samples.ok() && all.empty()) throw CoreError{samples.error()};
      if (!samples.ok()) return false;
      if (samples.value().empty()) return true;
      all.insert(all.end(), samples.value().begin(), samples.value().end());
    }
  }

  OggOpusDecoder<T> core_;
  bool finished_ = false;  // the file is over
  std::vector<uint8_t> chunk_;
  std::span<const uint8_t> rest_;  // of chunk_
  bool ends_ = false;              // end() was called
  bool unread_ = false;            // push() or end() were, and readInto has not come to the end of it
  bool failed_ = false;            // readInto came upon an error
  Samples ready_;                  // of a packet that was read in part
};

class OggOpusDecoderObject {
 public:
  static constexpr napi_type_tag kTag = {0x4ac96e05d1f7b832, 0x97b05de2c8614f3a};
  static constexpr const char* kName = "OggOpusDecoder";

  // new OggOpusDecoder(float32, channels?, begin, end?, sampleRateHz?)
  static std::unique_ptr<OggOpusDecoderObject> Create(const Arguments& args) {
    const bool float32 = args.Bool(0, "float32");
    OggOpusDecoderOptions options = ReadDecoderOptions(args, 1);
    if (!args.IsUndefined(4)) options.rate_hz = args.Rate(4, "sampleRateHz");
    Require(CheckOpusRate(options.rate_hz));
    if (float32) return std::make_unique<OggOpusDecoderObject>(Stream<float>(options));
    return std::make_unique<OggOpusDecoderObject>(Stream<int16_t>(options));
  }
  template <class T>
  explicit OggOpusDecoderObject(Stream<T> stream) : stream_(std::move(stream)) {}
  size_t StateBytes() const {
    return std::visit(Overloaded{[](std::monostate) { return size_t{0}; },
                                 [](const auto& stream) { return stream.StateBytes(); }},
                      stream_);
  }

  // process(chunk) -> samples
  napi_value Process(const Arguments& args) {
    return With([&](auto& stream) { return ArrayOf(args.env(), stream.Process(args.Bytes(0, "chunk"))); });
  }
  // flush() -> samples
  napi_value Flush(const Arguments& args) {
    return With([&](auto& stream) { return ArrayOf(args.env(), stream.Flush()); });
  }
  napi_value Push(const Arguments& args) {
    return With([&](auto& stream) {
      stream.Push(args.Bytes(0, "chunk"));
      return Undefined(args.env());
    });
  }
  napi_value End(const Arguments& args) {
    return With([&](auto& stream) {
      stream.End();
      return Undefined(args.env());
    });
  }
  // readInto(out) -> frames
  napi_value ReadInto(const Arguments& args) {
    return With([&]<class T>(Stream<T>& stream) {
      return Number(args.env(), static_cast<double>(stream.ReadInto(args.Samples<T>(0, "out"))));
    });
  }
  // channels() -> those of the samples; 0 before the first link
  napi_value Channels(const Arguments& args) {
    return With([&](auto& stream) { return Number(args.env(), stream.core().channels()); });
  }
  napi_value Info(const Arguments& args) {
    return With([&](auto& stream) { return OggOpusInfo(args.env(), stream.core().reader()); });
  }
  napi_value Reset(const Arguments& args) {
    return With([&](auto& stream) {
      stream.Reset();
      return Undefined(args.env());
    });
  }
  napi_value Close(const Arguments& args) {
    stream_ = std::monostate{};
    return Undefined(args.env());
  }

 private:
  template <class T>
  static napi_value ArrayOf(napi_env env, const std::vector<T>& samples) {
    const NewArray<T> array = Allocate<T>(env, samples.size());
    std::copy(samples.begin(), samples.end(), array.data.begin());
    return array.value;
  }
  // body(Stream<T>&) of an open object.
  template <class Body>
  napi_value With(Body body) {
    return std::visit(Overloaded{[](std::monostate) -> napi_value { ThrowClosed(kName); }, body}, stream_);
  }

  std::variant<std::monostate, Stream<int16_t>, Stream<float>> stream_;  // neither once closed
};

}  // namespace

napi_value DefineOggOpusDecoder(napi_env env) {
  using Class = Wrapped<OggOpusDecoderObject>;
  return Class::Define(env, {
                                {"process", Class::Call<&OggOpusDecoderObject::Process>},
                                {"flush", Class::Call<&OggOpusDecoderObject::Flush>},
                                {"push", Class::Call<&OggOpusDecoderObject::Push>},
                                {"end", Class::Call<&OggOpusDecoderObject::End>},
                                {"readInto", Class::Call<&OggOpusDecoderObject::ReadInto>},
                                {"channels", Class::Call<&OggOpusDecoderObject::Channels>},
                                {"info", Class::Call<&OggOpusDecoderObject::Info>},
                                {"reset", Class::Call<&OggOpusDecoderObject::Reset>},
                                {"close", Class::Call<&OggOpusDecoderObject::Close>},
                            });
}

}  // namespace sluice::bindings
