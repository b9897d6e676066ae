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
export type { ResamplerQuality, SimdLevel } from '../native/index.js';
export { containerHeadBytes, type ForeignContainer, foreignContainer } from './containers.js';
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
  type OggOpusLink,
  type ReadOggOpusOptions,
  readOggOpus,
  readOggOpusAsync,
} from './ogg-opus.js';
export { type OggOpusFinishOptions, OggOpusWriter, type OggOpusWriterOptions } from './ogg-opus-writer.js';
export {
  OpusDecoder,
  type OpusDecoderOptions,
  OpusEncoder,
  type OpusEncoderOptions,
  type OpusFrameMs,
  type OpusLayout,
} from './opus.js';
export {
  type ConvertSamplesOptions,
  convertSamples,
  convertSamplesAsync,
  convertSamplesInto,
} from './pcm.js';
export { planWire, type WirePlan, type WireSource } from './plan.js';
export { type AudioInfo, probeAudio } from './probe.js';
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
