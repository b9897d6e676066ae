// The OggOpusWriter class. Not here: where its packets come from.
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "bindings/opus_options.h"
#include "bindings/wrapped.h"
#include "core/ogg_opus_writer.h"

namespace sluice::bindings {
namespace {

constexpr uint64_t kMaxPacketBytes = uint64_t{1} << 36;  // more than any typed array holds

class OggOpusWriterObject {
 public:
  static constexpr napi_type_tag kTag = {0x5d0c6c2be8a74f3e, 0x9a417f0d36b85c12};
  static constexpr const char* kName = "OggOpusWriter";

  // new OggOpusWriter(channels, preSkip, inputSampleRateHz, gainQ8, vendor, comments, serial, pageUs);
  // gainQ8: the 16 bits of OpusHead. comments: as ReadComments.
  static std::unique_ptr<OggOpusWriterObject> Create(const Arguments& args) {
    OggOpusWriterOptions options;
    options.head = Take(OpusHeadFor(args.Channels(0, "channels", 8)));
    options.head.preskip = Option16(args, 1, "preSkip");
    options.head.input_rate_hz =
        static_cast<uint32_t>(args.Unsigned(2, "inputSampleRateHz", 0, std::numeric_limits<uint32_t>::max(),
                                            ErrorCodeName(ErrorCode::kInvalidRate)));
    options.head.gain_q8 = static_cast<int16_t>(Option16(args, 3, "gainQ8"));
    options.vendor = ReadVendor(args, 4);
    options.comments = ReadComments(args, 5);
    options.serial = Option32(args, 6, "serial");
    options.page_us = Option32(args, 7, "pageUs");
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
