// What was found in an Ogg Opus file, as JavaScript objects: shared by readOggOpus, OggOpusReader,
// OggOpusDecoder, OggPageReader. Not here: reading it (ogg_opus_reader.h in core).
#pragma once

#include <cstdint>

#include "bindings/convert.h"
#include "core/ogg_opus_decoder.h"

namespace sluice::bindings {

// An array of names; bit i is OggWarning i.
napi_value OggWarningNames(napi_env env, uint32_t warnings);

// links, warnings
void SetOggOpusFacts(napi_env env, const OggOpusReader& reader, ObjectBuilder& object);

// { channels, frames, links, warnings } so far, of all the file; undefined before the first link.
napi_value OggOpusInfo(napi_env env, const OggOpusReader& reader);

// Arguments i to i + 2: channels?, begin, end? of what is decoded, the latter in frames.
OggOpusDecoderOptions ReadDecoderOptions(const Arguments& args, size_t i);

}  // namespace sluice::bindings
