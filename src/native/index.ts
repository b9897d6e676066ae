export { addonPath, native } from './load.js';
export type {
  NativeAddon,
  NativeAudioFramer,
  NativeCallbacks,
  NativeResampler,
  NativeWavAudio,
  NativeWavDecoder,
  NativeWavReader,
  NativeWavWriter,
  ResamplerQuality,
  Samples,
  SimdLevel,
  WavFacts,
} from './types.js';
