// Ogg Opus written packet by packet (RFC 3533, RFC 7845): Opus packets in, the pages of a file or a stream
// out, with granules, pre-skip and end trim. Not here: how a page's bytes lie (ogg_page.h), the headers'
// (opus_head.h), encoding (opus_codec.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/opus_head.h"

namespace sluice {

inline constexpr uint32_t kMaxOggPageUs = 4'000'000;  // from 5 s on opusinfo warns of the delay

// The head for so many channels, and 0 elsewhere: mono and stereo of family 0, 3 to 8 channels in Vorbis
// order of family 1, laid out over streams as libopus does it. Error: kInvalidChannels.
Result<OpusHead> OpusHeadFor(unsigned channels);

struct OggOpusWriterOptions {
  OpusHead head;
  std::string vendor;
  std::vector<std::string> comments;  // NAME=value, the name of ' ' to '}' but '=' (Vorbis comments), UTF-8
  // Of the first link. The streams of a file need different ones: choose it at random.
  uint32_t serial = 0;
  // How much sound a page may hold, at most kMaxOggPageUs; a packet that is longer has a page of its own. 0:
  // one packet a page.
  uint32_t page_us = 1'000'000;
};

// A link is two header packets on pages of their own, audio pages, and an end-of-stream page. A page with
// audio is held back until a packet comes that it has no place for, so that Finish has one for the end trim.
// The pages do not overlap: a packet that fits into a page lies on one.
class OggOpusWriter {
 public:
  // Errors: kInvalidOption (a head that readers refuse, page_us, a comment's name), kTooLarge (comments above
  // the 120 MiB beyond which readers may refuse them, RFC 7845 6). Allocates; nothing after it does.
  static Result<OggOpusWriter> Create(const OggOpusWriterOptions& options);

  // Room that WritePacket wants for a packet of so many bytes, the same at any moment; with 0, what Finish
  // wants.
  size_t MaxOutputBytes(size_t packet_bytes) const;
  // The same for so many packets of up to so many bytes each, or for some of them and Finish, one call after
  // the other into what the one before left of the room.
  size_t MaxOutputBytes(size_t packet_bytes, size_t packets) const;

  // Takes a packet; returns the bytes of the pages that it completed. The first after Create begins a link,
  // the first after Finish another: a chained stream (RFC 3533 4) of the same headers, with the next serial
  // number. For other headers, put a second writer's output behind the first one's. Errors, nothing taken:
  // kOpusBadPacket (it breaks RFC 6716 3.4), kOutputTooSmall.
  Result<size_t> WritePacket(std::span<const uint8_t> packet, std::span<uint8_t> output);

  // The last page, end of stream. total_samples: how many of the link count, at 48 kHz, without the pre-skip;
  // not given, all that there are. The rest is trimmed off, which must be less than the last packet (RFC 7845
  // 4.4). A link without packets, or with less than its pre-skip, is filled up with packets that hold
  // nothing, to have 0 samples: readers refuse it otherwise (RFC 7845 4.5). Again: nothing. Errors, nothing
  // written: kInvalidLength (more samples than there are, or too many to trim), kOutputTooSmall.
  Result<size_t> Finish(std::optional<uint64_t> total_samples, std::span<uint8_t> output);

  // As new, with the first serial number: what was not written is forgotten.
  void Reset();

 private:
  class Output;
  explicit OggOpusWriter(const OggOpusWriterOptions& options);

  Status CheckRoom(size_t packet_bytes, size_t room) const;
  // The granule of the last page.
  Result<int64_t> EndGranule(std::optional<uint64_t> total_samples) const;
  void BeginLink(Output& output);
  void Append(std::span<const uint8_t> packet, uint32_t samples, Output& output);
  bool HasPlaceFor(size_t packet_bytes, uint32_t samples) const;
  void Place(std::span<const uint8_t> packet, Output& output);
  void EndPage(int64_t granule, bool last, Output& output);

  uint8_t streams_;  // in each packet
  std::vector<uint8_t> head_packet_;
  std::vector<uint8_t> tags_packet_;
  std::vector<uint8_t> filler_packet_;
  uint64_t preskip_;
  uint64_t page_samples_;
  uint32_t first_serial_;
  uint32_t serial_;  // of the link

  // The link: samples of all its packets, pre-skip included; of those on pages that were written; of the
  // last.
  enum class State : uint8_t { kNew, kInLink, kFinished } state_ = State::kNew;
  uint64_t samples_ = 0;
  uint64_t written_samples_ = 0;
  uint32_t last_packet_samples_ = 0;
  uint64_t sequence_ = 0;

  // The page held: segments_ lacing values; continued_ when it begins amid a packet.
  std::array<uint8_t, 255> lacing_{};
  size_t segments_ = 0;
  std::vector<uint8_t> body_;
  size_t body_bytes_ = 0;
  bool continued_ = false;
};

}  // namespace sluice
