/**
 * The addon as TypeScript sees it: the same page as native/bindings/addon.cpp. Arguments are positional and never
 * coerced: a value of the wrong kind is a TypeError, one out of range a RangeError, each with a `code`.
 * Not here: the public API with its options and defaults (src/audio).
 */
import type { FormatError, UnsupportedError } from '../errors.js';
import type { SampleEncoding } from '../format.js';

/** Samples as JavaScript holds them, interleaved when there is more than one channel. */
export type Samples = Int16Array | Float32Array;

/**
 * How good a rate conversion is, and what it costs. Pass band in fractions of half the lower rate, worst alias or
 * image, and latency at a lower rate of 8 kHz, which shrinks as that rate grows:
 *
 * - `fast`: 0.87, −81 dB, 5 ms. Half the work of `default`: level meters, previews, low-latency legs.
 * - `default`: 0.913, −110 dB, 10.5 ms. Speech, and all else that is heard or recognised.
 * - `best`: 0.95, −125 dB, 21 ms. Twice the work of `default`: archives and measurements.
 *
 * @see docs/resampler.md, with every pair of rates
 */
export type ResamplerQuality = 'fast' | 'default' | 'best';

/** What a WAV header said and what was found. */
export interface WavFacts {
  encoding: SampleEncoding;
  sampleRateHz: number;
  channels: number;
  bitsPerSample: number;
  frames: number;
  missingFrames: number;
  dataOffset: number;
  warnings: string[];
}

export interface NativeWavReader {
  process(bytes: Uint8Array): void;
  skippableBytes(): number;
  skip(bytes: number): void;
  finish(): void;
  info(): WavFacts | undefined;
}

export interface NativeResampler {
  processInto(chunk: Samples, out: Samples): number;
  flushInto(out: Samples): number;
  maxOutputFrames(inputFrames: number): number;
  latencyFrames(): number;
  reset(): void;
  close(): void;
}

export interface NativeAudioFramer {
  processInto(chunk: Uint8Array, out: Uint8Array): number;
  flushInto(out: Uint8Array): number;
  maxOutputBytes(inputBytes: number): number;
  maxFlushBytes(): number;
  messageBytes(): number;
  wireFrames(): number;
  leftoverBytes(): number;
  sourceInfo(): WavFacts | undefined;
  reset(): void;
  close(): void;
}

export interface NativeAddon {
  setErrorClasses(formatError: typeof FormatError, unsupportedError: typeof UnsupportedError): void;
  /** Code and class of every failure the core can report. */
  errorCodes: Record<string, 'FormatError' | 'UnsupportedError' | 'RangeError'>;

  convertSamples(
    bytes: Uint8Array,
    from: SampleEncoding,
    fromChannels: number,
    to: SampleEncoding,
    toChannels: number,
  ): Uint8Array<ArrayBuffer>;
  stepLevels(samples: Int16Array, block: number): Float32Array<ArrayBuffer>;

  decodeMulaw(bytes: Uint8Array): Int16Array<ArrayBuffer>;
  encodeMulaw(samples: Int16Array): Uint8Array<ArrayBuffer>;
  decodeAlaw(bytes: Uint8Array): Int16Array<ArrayBuffer>;
  encodeAlaw(samples: Int16Array): Uint8Array<ArrayBuffer>;
  decodeMulawInto(src: Uint8Array, dst: Int16Array): number;
  encodeMulawInto(src: Int16Array, dst: Uint8Array): number;
  decodeAlawInto(src: Uint8Array, dst: Int16Array): number;
  encodeAlawInto(src: Int16Array, dst: Uint8Array): number;

  readWav(bytes: Uint8Array, float32: boolean): WavFacts & { samples: Samples };
  probeWav(bytes: Uint8Array): WavFacts;
  writeWav(
    samples: Samples,
    encoding: string | undefined,
    sampleRateHz: number,
    channels: number,
  ): Uint8Array<ArrayBuffer>;
  WavReader: new (fileBytes?: number) => NativeWavReader;

  resample(
    samples: Samples,
    fromHz: number,
    toHz: number,
    channels: number,
    quality: ResamplerQuality,
  ): Samples;
  Resampler: new (
    fromHz: number,
    toHz: number,
    channels: number,
    quality: ResamplerQuality,
    float32: boolean,
  ) => NativeResampler;
  AudioFramer: new (
    source: 'wav' | 'raw' | 'opaque',
    encoding: SampleEncoding | undefined,
    sampleRateHz: number | undefined,
    channels: number | undefined,
    wireEncoding: 's16le' | 'mulaw' | 'alaw',
    wireRateHz: number,
    stepsPerMessage: number,
    clientReqIdJson: string,
    sourceBytes: number | undefined,
  ) => NativeAudioFramer;
}
