#include "core/container.h"

#include <cstdint>

namespace sluice {
namespace {

// MPEG audio frames begin with 11 bits set (ISO 11172-3), ADTS with 12 (ISO 13818-7). The fields behind them
// must mean something too: raw samples begin with 0xFF as well.
bool IsMpegFrame(std::string_view head) {
  if (head.size() < 3) return false;
  const auto byte = [&](size_t at) { return static_cast<uint8_t>(head[at]); };
  if (byte(0) != 0xFF || byte(1) < 0xE0) return false;
  if ((byte(1) & 0xF6) == 0xF0) return (byte(2) >> 2 & 0xF) < 13;  // ADTS has 13 sample rates
  const bool version = (byte(1) & 0x18) != 0x08;
  const bool layer = (byte(1) & 0x06) != 0;
  const bool bitrate = byte(2) >> 4 != 0 && byte(2) >> 4 != 15;
  const bool rate = (byte(2) >> 2 & 3) != 3;
  return version && layer && bitrate && rate;
}

}  // namespace

const char* ContainerName(std::string_view head) {
  const auto begins = [&](std::string_view magic) { return head.substr(0, magic.size()) == magic; };
  if (begins("riff")) return "a Wave64 file";
  const auto form = head.size() >= kContainerHeadBytes ? head.substr(8, 4) : std::string_view();
  if (form == "WAVE" && (begins("RIFF") || begins("RIFX") || begins("RF64") || begins("BW64")))
    return "a WAV file";
  if (begins("FORM") && (form == "AIFF" || form == "AIFC")) return "an AIFF file";
  if (begins(".snd")) return "an AU file";
  if (begins("fLaC")) return "a FLAC file";
  if (begins("OggS")) return "an Ogg file";
  if (begins("ID3")) return "a file that begins with an ID3 tag (MP3, or a WAV with a tag before it)";
  if (begins("\x1A\x45\xDF\xA3")) return "a WebM or Matroska file";
  if (head.size() >= 8 && head.substr(4, 4) == "ftyp") return "an MP4 file (M4A, MOV, 3GP)";
  if (begins("caff")) return "a Core Audio (CAF) file";
  if (begins("#!AMR")) return "an AMR file";
  if (begins("NIST_1A")) return "a NIST SPHERE file";
  if (begins("wvpk")) return "a WavPack file";
  if (IsMpegFrame(head)) return "MPEG audio (MP3, AAC)";
  return nullptr;
}

}  // namespace sluice
