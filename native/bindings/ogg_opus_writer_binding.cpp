// The OggOpusWriter class. Not here: where its packets come from.
#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "bindings/wrapped.h"
#include "core/ogg_opus_writer.h"

namespace sluice::bindings {
namespace {

constexpr uint64_t kMaxPacketBytes = uint64_t{1} << 36;  // more than any typed array holds
constexpr size_t kMaxTextBytes = size_t{1} << 30;        // the core has a limit of its own, below this one

// Each ends with a zero byte: no array of strings can be read without running its getters.
std::vector<std::string> SplitAtZeros(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find('\0'));
    parts.emplace_back(part);
    text.remove_prefix(std::min(part.size() + 1, text.size()));
  }
  return parts;
}

template <class T>
T Option(const Arguments& args, size_t i, const char* name) {
  return static_cast<T>(
      args.Unsigned(i, name, 0, std::numeric_limits<T>::max(), ErrorCodeName(ErrorCode::kInvalidOption)));
}

class OggOpusWriterObject {
 public:
  static constexpr napi_type_tag kTag = {0x5d0c6c2be8a74f3e, 0x9a417f0d36b85c12};
  static constexpr const char* kName = "OggOpusWriter";

  // new OggOpusWriter(channels, preSkip, inputSampleRateHz, gainQ8, vendor, comments, serial, pageUs);
  // gainQ8: the 16 bits of OpusHead. comments: each with a zero byte behind it.
  static std::unique_ptr<OggOpusWriterObject> Create(const Arguments& args) {
    OggOpusWriterOptions options;
    options.head = Take(OpusHeadFor(args.Channels(0, "channels", 8)));
    options.head.preskip = Option<uint16_t>(args, 1, "preSkip");
    options.head.input_rate_hz =
        static_cast<uint32_t>(args.Unsigned(2, "inputSampleRateHz", 0, std::numeric_limits<uint32_t>::max(),
                                            ErrorCodeName(ErrorCode::kInvalidRate)));
    options.head.gain_q8 = static_cast<int16_t>(Option<uint16_t>(args, 3, "gainQ8"));
    options.vendor = args.Text(4, "vendor", kMaxTextBytes);
    options.comments = SplitAtZeros(args.Text(5, "comments", kMaxTextBytes));
    options.serial = Option<uint32_t>(args, 6, "serial");
    options.page_us = Option<uint32_t>(args, 7, "pageUs");
    return std::make_unique<OggOpusWriterObject>(Take(OggOpusWriter::Create(options)));
  }
  explicit OggOpusWriterObject(OggOpusWriter core) : core_(std::move(core)) {}
  // The page held and the headers, which the room for an end is about as large as.
  size_t StateBytes() const { return core_ ? sizeof(*this) + core_->MaxOutputBytes(0) : 0; }

  // writeInto(packet, out) -> bytes
  napi_value WriteInto(const Arguments& args) {
    OggOpusWriter& core = Open();
    const auto packet = args.Bytes(0, "packet");
    const auto out = args.WritableBytes(1, "out");
    RefuseOverlap(packet, out);
    return Number(args.env(), static_cast<double>(Take(core.WritePacket(packet, out))));
  }
  // finishInto(samples | undefined, out) -> bytes
  napi_value FinishInto(const Arguments& args) {
    OggOpusWriter& core = Open();
    std::optional<uint64_t> samples;
    if (!args.IsUndefined(0)) {
      samples = args.Unsigned(0, "samples", 0, kMaxSafeInteger, ErrorCodeName(ErrorCode::kInvalidLength));
    }
    return Number(args.env(), static_cast<double>(Take(core.Finish(samples, args.WritableBytes(1, "out")))));
  }
  napi_value MaxOutputBytes(const Arguments& args) {
    const OggOpusWriter& core = Open();
    const size_t bytes = args.Unsigned(0, "packetBytes", 0, kMaxPacketBytes);
    return Number(args.env(), static_cast<double>(core.MaxOutputBytes(bytes)));
  }
  napi_value Close(const Arguments& args) {
    core_.reset();
    return Undefined(args.env());
  }

 private:
  OggOpusWriter& Open() {
    if (!core_) ThrowClosed(kName);
    return *core_;
  }

  std::optional<OggOpusWriter> core_;  // empty once closed
};

}  // namespace

napi_value DefineOggOpusWriter(napi_env env) {
  using Class = Wrapped<OggOpusWriterObject>;
  return Class::Define(env, {
                                {"writeInto", Class::Call<&OggOpusWriterObject::WriteInto>},
                                {"finishInto", Class::Call<&OggOpusWriterObject::FinishInto>},
                                {"maxOutputBytes", Class::Call<&OggOpusWriterObject::MaxOutputBytes>},
                                {"close", Class::Call<&OggOpusWriterObject::Close>},
                            });
}

}  // namespace sluice::bindings
