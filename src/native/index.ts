export { addonPath, native } from './load.js';
export type {
  GiveUp,
  NativeAddon,
  NativeAudioFramer,
  NativeCallbacks,
  NativeResampler,
  NativeWavAudio,
  NativeWavDecoder,
  NativeWavReader,
  NativeWavWriter,
  OwnSamples,
  ResamplerQuality,
  Samples,
  SimdLevel,
  WavFacts,
} from './types.js';
