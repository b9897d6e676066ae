export { AudioTransform, type AudioTransformOptions, type AudioTransformTraits } from './audio-transform.js';
export { ChannelSplitter, type ChannelSplitterOptions } from './channel-splitter.js';
export {
  AlawDecoder,
  AlawEncoder,
  type G711StreamOptions,
  MulawDecoder,
  MulawEncoder,
} from './g711-streams.js';
export { Loudness, type LoudnessChange, type LoudnessLevel, type LoudnessOptions } from './loudness.js';
export { OggOpusDemuxer } from './ogg-opus-demuxer.js';
export { OggOpusMuxer, type OggOpusMuxerOptions } from './ogg-opus-muxer.js';
export { OpusDecoderStream, type OpusDecoderStreamOptions } from './opus-decoder-stream.js';
export { OpusEncoderStream, type OpusEncoderStreamOptions } from './opus-encoder-stream.js';
export type { OpusPacketBuffer } from './opus-packets.js';
export { Rechunk, type RechunkOptions } from './rechunk.js';
export { ResampleStream, type ResampleStreamOptions } from './resample-stream.js';
export { SampleConverter, type SampleConverterOptions } from './sample-converter.js';
export type { OpusPacketFormat, RawStreamFormat, StreamFormat } from './stream-format.js';
export { type TranscodeOptions, TranscodeStream, transcode } from './transcode.js';
export type {
  OggOpusTarget,
  OpusPacketSource,
  OpusPacketTarget,
  TranscodeRoute,
  TranscodeSource,
  TranscodeTarget,
  WavTarget,
} from './transcode-chain.js';
export { WavDecoder, type WavDecoderOptions } from './wav-decoder.js';
export { WavEncoder, type WavEncoderOptions } from './wav-encoder.js';
