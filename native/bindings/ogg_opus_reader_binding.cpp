// The OggOpusReader class: Ogg Opus bytes in, packets out, or only counted. Not here: their sound
// (ogg_opus_decoder_binding.cpp).
#include <optional>

#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "bindings/ogg_opus_facts.h"
#include "bindings/ogg_parts.h"
#include "bindings/wrapped.h"
#include "core/ogg_opus_reader.h"

namespace sluice::bindings {
namespace {

class OggOpusReaderObject {
 public:
  static constexpr napi_type_tag kTag = {0x83f5d17a0c6e4b29, 0xb25c90e8473da61f};
  static constexpr const char* kName = "OggOpusReader";

  static std::unique_ptr<OggOpusReaderObject> Create(const Arguments&) {
    return std::make_unique<OggOpusReaderObject>();
  }
  size_t StateBytes() const { return core_ ? core_->StateBytes() + packets_.StateBytes() : 0; }

  // process(chunk) -> { bytes, table }, undefined where no packet ends. A row: bytes, samples, begin, end,
  // link, position (low half, high half).
  napi_value Process(const Arguments& args) {
    auto chunk = BeginChunk(args);
    KeepPackets([&] { return core_->Next(chunk); });
    return packets_.Take(args.env());
  }
  // flush() -> as process; where an error lies behind packets, the error: no call need follow.
  napi_value Flush(const Arguments& args) {
    Open();
    finished_ = KeepPackets([&] { return core_->Finish(); });
    if (!finished_) {
      packets_.Clear();
      Take(core_->Finish());
    }
    return packets_.Take(args.env());
  }
  // count(chunk): as process, but the packets only count for info().
  napi_value Count(const Arguments& args) {
    auto chunk = BeginChunk(args);
    while (Take(core_->Next(chunk)) != Event::kNone) continue;
    return Undefined(args.env());
  }
  napi_value Info(const Arguments& args) { return OggOpusInfo(args.env(), Open()); }
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
  using Event = OggOpusReader::Event;

  // The bytes of a file behind the end of another begin a new one.
  std::span<const uint8_t> BeginChunk(const Arguments& args) {
    Open();
    const auto chunk = args.Bytes(0, "chunk");
    if (finished_ && !chunk.empty()) Restart();
    return chunk;
  }
  // Whether `next` came to an end. An error behind packets is for the next call to tell, so that those before
  // it do not depend on where the input was cut.
  template <class Next>
  bool KeepPackets(Next next) {
    for (;;) {
      const Result<Event> event = next();
      if (!event.ok() && packets_.empty()) throw CoreError{event.error()};
      if (!event.ok()) return false;
      if (event.value() == Event::kNone) return true;
      if (event.value() == Event::kPacket) Keep(core_->packet());
    }
  }
  void Keep(const OggOpusPacket& packet) {
    if (packets_.full()) {
      Restart();
      ThrowTooManyOggParts("packets");
    }
    packets_.Add(packet.bytes, {static_cast<uint32_t>(packet.bytes.size()), packet.samples, packet.begin,
                                packet.end, packet.link, LowHalf(packet.position), HighHalf(packet.position),
                                core_->head().channels, static_cast<uint16_t>(core_->head().gain_q8)});
  }
  void Restart() {
    core_->Reset();
    packets_.Clear();
    finished_ = false;
  }
  OggOpusReader& Open() {
    if (!core_) ThrowClosed(kName);
    return *core_;
  }

  std::optional<OggOpusReader> core_ = OggOpusReader();  // empty once closed
  OggParts<9> packets_;                                  // of the chunk at hand
  bool finished_ = false;
};

}  // namespace

napi_value DefineOggOpusReader(napi_env env) {
  using Class = Wrapped<OggOpusReaderObject>;
  return Class::Define(env, {
                                {"process", Class::Call<&OggOpusReaderObject::Process>},
                                {"flush", Class::Call<&OggOpusReaderObject::Flush>},
                                {"count", Class::Call<&OggOpusReaderObject::Count>},
                                {"info", Class::Call<&OggOpusReaderObject::Info>},
                                {"reset", Class::Call<&OggOpusReaderObject::Reset>},
                                {"close", Class::Call<&OggOpusReaderObject::Close>},
                            });
}

}  // namespace sluice::bindings
