export { AudioTransform, type AudioTransformOptions, type AudioTransformTraits } from './audio-transform.js';
export {
  AlawDecoder,
  AlawEncoder,
  type G711StreamOptions,
  MulawDecoder,
  MulawEncoder,
} from './g711-streams.js';
export { SampleConverter, type SampleConverterOptions } from './sample-converter.js';
export type { OpusPacketFormat, RawStreamFormat, StreamFormat } from './stream-format.js';
