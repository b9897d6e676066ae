// The functions and classes that addon.cpp puts into the exports, each defined in its *_binding.cpp.
#pragma once

#include "bindings/napi_setup.h"

namespace sluice::bindings {

napi_value ConvertSamples(napi_env env, napi_callback_info info);
napi_value ConvertSamplesInto(napi_env env, napi_callback_info info);
napi_value StepLevels(napi_env env, napi_callback_info info);

napi_value DecodeMulaw(napi_env env, napi_callback_info info);
napi_value EncodeMulaw(napi_env env, napi_callback_info info);
napi_value DecodeAlaw(napi_env env, napi_callback_info info);
napi_value EncodeAlaw(napi_env env, napi_callback_info info);
napi_value DecodeMulawInto(napi_env env, napi_callback_info info);
napi_value EncodeMulawInto(napi_env env, napi_callback_info info);
napi_value DecodeAlawInto(napi_env env, napi_callback_info info);
napi_value EncodeAlawInto(napi_env env, napi_callback_info info);

napi_value ReadWav(napi_env env, napi_callback_info info);
napi_value ProbeWav(napi_env env, napi_callback_info info);
napi_value WriteWav(napi_env env, napi_callback_info info);
napi_value DefineWavReader(napi_env env);
napi_value DefineWavDecoder(napi_env env);
napi_value DefineWavWriter(napi_env env);

napi_value ReadOggOpus(napi_env env, napi_callback_info info);
napi_value DefineOggPageReader(napi_env env);
napi_value DefineOggOpusReader(napi_env env);
napi_value DefineOggOpusDecoder(napi_env env);
napi_value DefineOggOpusWriter(napi_env env);
napi_value WriteOggOpus(napi_env env, napi_callback_info info);
napi_value DefineOggOpusEncoder(napi_env env);

napi_value Resample(napi_env env, napi_callback_info info);
napi_value DefineResampler(napi_env env);

napi_value DefineTranscoder(napi_env env);
napi_value DefineAudioFramer(napi_env env);
napi_value WriteTextFrame(napi_env env, napi_callback_info info);

napi_value DefineOpusEncoder(napi_env env);
napi_value DefineOpusDecoder(napi_env env);

}  // namespace sluice::bindings
