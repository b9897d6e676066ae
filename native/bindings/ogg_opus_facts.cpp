#include "bindings/ogg_opus_facts.h"

#include <string>
#include <vector>

namespace sluice::bindings {
namespace {

// As stored; what is no UTF-8 becomes U+FFFD.
napi_value StoredText(napi_env env, const std::string& text) {
  napi_value result = nullptr;
  Check(napi_create_string_utf8(env, text.data(), text.size(), &result));
  return result;
}

napi_value LinkFacts(napi_env env, const OggOpusLink& link) {
  std::vector<napi_value> comments;
  for (const std::string& comment : link.tags.comments) comments.push_back(StoredText(env, comment));
  return ObjectBuilder(env)
      .Set("channels", link.channels)
      .Set("frames", static_cast<double>(link.samples))
      .Set("preSkip", link.preskip)
      .Set("gainDb", link.gain_q8 / 256.0)
      .Set("inputSampleRateHz", link.input_rate_hz)
      .Set("serial", link.serial)
      .Set("vendor", StoredText(env, link.tags.vendor))
      .Set("comments", List(env, comments))
      .Set("commentCount", static_cast<double>(link.tags.comment_count))
      .Build();
}

}  // namespace

napi_value OggWarningNames(napi_env env, uint32_t warnings) {
  std::vector<napi_value> names;
  for (unsigned i = 0; i < 32; ++i)
    if ((warnings >> i & 1) != 0) names.push_back(Text(env, OggWarningName(static_cast<OggWarning>(i))));
  return List(env, names);
}

void SetOggOpusFacts(napi_env env, const OggOpusReader& reader, ObjectBuilder& object) {
  std::vector<napi_value> links;
  for (const OggOpusLink& link : reader.links()) links.push_back(LinkFacts(env, link));
  object.Set("links", List(env, links)).Set("warnings", OggWarningNames(env, reader.warnings()));
}

napi_value OggOpusInfo(napi_env env, const OggOpusReader& reader) {
  if (reader.links().empty()) return Undefined(env);
  ObjectBuilder info(env);
  info.Set("channels", reader.links()[0].channels).Set("frames", static_cast<double>(reader.samples()));
  SetOggOpusFacts(env, reader, info);
  return info.Build();
}

OggOpusDecoderOptions ReadDecoderOptions(const Arguments& args, size_t i) {
  OggOpusDecoderOptions options;
  if (!args.IsUndefined(i)) options.channels = args.Channels(i, "channels", kMaxOpusDecoderChannels);
  options.begin = args.Unsigned(i + 1, "begin", 0, kMaxSafeInteger);
  if (!args.IsUndefined(i + 2)) options.end = args.Unsigned(i + 2, "end", 0, kMaxSafeInteger);
  return options;
}

}  // namespace sluice::bindings
