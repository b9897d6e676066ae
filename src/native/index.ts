export { native } from './load.js';
export type {
  NativeAddon,
  NativeAudioFramer,
  NativeResampler,
  NativeWavReader,
  ResamplerQuality,
  Samples,
  WavFacts,
} from './types.js';
