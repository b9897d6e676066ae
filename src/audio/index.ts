export {
  ARGUMENT_ERROR_CODES,
  type ArgumentErrorCode,
  FfmpegError,
  FORMAT_ERROR_CODES,
  FormatError,
  type FormatErrorCode,
  UNSUPPORTED_ERROR_CODES,
  UnsupportedError,
  type UnsupportedErrorCode,
} from '../errors.js';
export {
  type AudioFormat,
  isWireFormat,
  type OggAudioFormat,
  type RawAudioFormat,
  SAMPLE_ENCODINGS,
  type SampleEncoding,
  STEP_MS,
  STEP_S,
  type WavAudioFormat,
  WIRE_FORMATS,
  type WireAudio,
  type WireFormat,
  wireAudio,
} from '../format.js';
export type { OggOpusLink, ResamplerQuality, SimdLevel } from '../native/index.js';
export { audioContainer, containerHeadBytes, type ForeignContainer } from './containers.js';
export { FfmpegReader, type FfmpegReaderOptions } from './ffmpeg-reader.js';
export { AudioFramer, type AudioFramerOptions } from './framer.js';
export {
  decodeAlaw,
  decodeAlawInto,
  decodeMulaw,
  decodeMulawInto,
  encodeAlaw,
  encodeAlawInto,
  encodeMulaw,
  encodeMulawInto,
} from './g711.js';
export { stepLevels } from './loudness.js';
export type { AbortOptions } from './off-loop.js';
export {
  type OggOpusAudio,
  type ReadOggOpusOptions,
  readOggOpus,
  readOggOpusAsync,
} from './ogg-opus.js';
export { OggOpusDecoder, type OggOpusDecoderOptions } from './ogg-opus-decoder.js';
export {
  OggOpusEncoder,
  type OggOpusEncoderOptions,
  type WriteOggOpusOptions,
  writeOggOpus,
  writeOggOpusAsync,
} from './ogg-opus-encoder.js';
export { type OggOpusPacket, OggOpusReader } from './ogg-opus-reader.js';
export { type OggOpusFinishOptions, OggOpusWriter, type OggOpusWriterOptions } from './ogg-opus-writer.js';
export { type OggPage, OggPageReader } from './ogg-page-reader.js';
export {
  OpusDecoder,
  type OpusDecoderOptions,
  OpusEncoder,
  type OpusEncoderOptions,
  type OpusFrameMs,
  type OpusLayout,
  type OpusPackets,
} from './opus.js';
export {
  type ConvertSamplesOptions,
  convertSamples,
  convertSamplesAsync,
  convertSamplesInto,
} from './pcm.js';
export { planWire, type WirePlan, type WireSource } from './plan.js';
export { type AudioInfo, type OggOpusInfo, probeAudio, type WavInfo } from './probe.js';
export {
  type ResampleOptions,
  Resampler,
  type ResamplerOptions,
  resample,
  resampleAsync,
  type SampleArray,
  type SampleType,
} from './resample.js';
export { type SimdInfo, simdInfo } from './simd.js';
export { Transcoder, type TranscoderOptions } from './transcoder.js';
export {
  type ReadWavOptions,
  readWav,
  readWavAsync,
  type WavAudio,
  type WavEncoding,
  type WriteWavOptions,
  writeWav,
  writeWavAsync,
} from './wav.js';
export { WavReader, type WavReaderOptions } from './wav-reader.js';
export { type WavPatch, WavWriter, type WavWriterOptions } from './wav-writer.js';
