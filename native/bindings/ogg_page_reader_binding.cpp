// The OggPageReader class: bytes in, sound Ogg pages out. Not here: what is on them
// (ogg_opus_reader_binding.cpp).
#include <optional>

#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "bindings/ogg_opus_facts.h"
#include "bindings/ogg_parts.h"
#include "bindings/wrapped.h"
#include "core/ogg_page.h"

namespace sluice::bindings {
namespace {

class OggPageReaderObject {
 public:
  static constexpr napi_type_tag kTag = {0x6d0b3a7e92c14f58, 0xa4e17c29d05b83f6};
  static constexpr const char* kName = "OggPageReader";

  static std::unique_ptr<OggPageReaderObject> Create(const Arguments&) {
    return std::make_unique<OggPageReaderObject>();
  }
  size_t StateBytes() const { return core_ ? core_->StateBytes() + pages_.StateBytes() : 0; }

  // process(chunk) -> { bytes, table }, undefined where no page ends. A row: bytes, serial, granule
  // (low half, high half), first, last.
  napi_value Process(const Arguments& args) {
    OggPageReader& core = Open();
    auto chunk = args.Bytes(0, "chunk");
    if (finished_ && !chunk.empty()) Restart();
    while (const auto page = core.Next(chunk)) Keep(*page);
    return pages_.Take(args.env());
  }
  // flush() -> as process
  napi_value Flush(const Arguments& args) {
    OggPageReader& core = Open();
    finished_ = true;
    while (const auto page = core.Finish()) Keep(*page);
    return pages_.Take(args.env());
  }
  napi_value Warnings(const Arguments& args) { return OggWarningNames(args.env(), Open().warnings().bits()); }
  napi_value Reset(const Arguments& args) {
    Open();
    Restart();
    return Undefined(args.env());
  }
  napi_value Close(const Arguments& args) {
    core_.reset();
    return Undefined(args.env());
  }

 private:
  void Keep(const OggPage& page) {
    if (pages_.full()) {
      Restart();
      ThrowTooManyOggParts("pages");
    }
    const auto granule = static_cast<uint64_t>(page.granule);
    pages_.Add(page.bytes, {static_cast<uint32_t>(page.bytes.size()), page.serial, LowHalf(granule),
                            HighHalf(granule), page.first, page.last});
  }
  void Restart() {
    core_->Reset();
    pages_.Clear();
    finished_ = false;
  }
  OggPageReader& Open() {
    if (!core_) ThrowClosed(kName);
    return *core_;
  }

  std::optional<OggPageReader> core_ = OggPageReader();  // empty once closed
  OggParts<6> pages_;                                    // of the chunk at hand
  bool finished_ = false;
};

}  // namespace

napi_value DefineOggPageReader(napi_env env) {
  using Class = Wrapped<OggPageReaderObject>;
  return Class::Define(env, {
                                {"process", Class::Call<&OggPageReaderObject::Process>},
                                {"flush", Class::Call<&OggPageReaderObject::Flush>},
                                {"warnings", Class::Call<&OggPageReaderObject::Warnings>},
                                {"reset", Class::Call<&OggPageReaderObject::Reset>},
                                {"close", Class::Call<&OggPageReaderObject::Close>},
                            });
}

}  // namespace sluice::bindings
