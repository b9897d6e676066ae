/**
 * The addon as TypeScript sees it: the same page as native/bindings/addon.cpp. Arguments are positional and never
 * coerced: a value of the wrong kind is a TypeError, one out of range a RangeError, each with a `code`.
 * Not here: the public API with its options and defaults (src/audio).
 */
import type { FormatError, UnsupportedError } from '../errors.js';
import type { SampleEncoding } from '../format.js';

/** Samples as JavaScript holds them, interleaved when there is more than one channel. */
export type Samples = Int16Array | Float32Array;
/** Samples that the addon made: with an ArrayBuffer of their own. */
export type OwnSamples = Int16Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

/**
 * How good a rate conversion is, and what it costs. Pass band in fractions of half the lower rate, worst alias or
 * image, and latency at a lower rate of 8 kHz, which shrinks as that rate grows:
 *
 * - `fast`: 0.87, −81 dB, 5.5 ms. Half the work of `default`: level meters, previews, low-latency legs.
 * - `default`: 0.913, −110 dB (int16: −102 dB), 11 ms. Speech, and all else that is heard or recognised.
 * - `best`: 0.95, −125 dB (int16: −105 dB), 21.5 ms. Twice the work of `default`: archives and measurements.
 *
 * @see docs/resampler.md, with every pair of rates
 */
export type ResamplerQuality = 'fast' | 'default' | 'best';

/**
 * The instruction set that the inner loops (conversion, companding, filters, base64, checksums) are compiled for, from
 * plain C++ to the widest:
 *
 * - `scalar`: plain C++, everywhere;
 * - `sse2`: every x86-64 processor;
 * - `avx2`: AVX2, FMA and PCLMULQDQ, Intel since 2013, AMD since 2015;
 * - `avx512`: AVX-512 F, BW, DQ and VL, Intel since 2017, AMD since 2022;
 * - `vnni`: AVX-512 with VNNI, the 16-bit dot product, Intel since 2019, AMD since 2022;
 * - `neon`: every 64-bit ARM processor.
 */
export type SimdLevel = 'scalar' | 'sse2' | 'avx2' | 'avx512' | 'vnni' | 'neon';

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

/**
 * Given to a function of whole buffers, they let it work off the event loop: it returns a {@link GiveUp} then, and one
 * of `resolve` and `reject` is called on a later turn.
 */
export type NativeCallbacks<T> = [resolve: (result: T) => void, reject: (error: unknown) => void];

/** Ends work off the event loop after the slice in hand; nothing is called back then. At any time, and more than once. */
export type GiveUp = () => void;

export interface NativeWavReader {
  process(bytes: Uint8Array): void;
  skippableBytes(): number;
  skip(bytes: number): void;
  finish(): void;
  info(): WavFacts | undefined;
}

export interface NativeWavDecoder {
  processInto(chunk: Uint8Array, out: Samples): number;
  finish(): void;
  maxOutputSamples(inputBytes: number): number;
  info(): WavFacts | undefined;
  reset(): void;
  close(): void;
}

export interface NativeWavWriter {
  processInto(samples: Samples, out: Uint8Array): number;
  flushInto(out: Uint8Array): number;
  countInto(frames: number, out: Uint8Array): number;
  headerInto(out: Uint8Array): number;
  maxOutputBytes(frames: number): number;
  frames(): number;
  streamBytes(): number;
  reset(): void;
  close(): void;
}

/** The parts that a chunk gave: their bytes one behind the other, and a row of numbers for each, the first its size. */
export interface NativeOggParts {
  bytes: Uint8Array<ArrayBuffer>;
  table: Uint32Array<ArrayBuffer>;
}

export interface NativeOggPageReader {
  /** A row: bytes, serial, granule (low half, high half with the sign), first (0 or 1), last. */
  process(chunk: Uint8Array): NativeOggParts | undefined;
  flush(): NativeOggParts | undefined;
  warnings(): string[];
  reset(): void;
  close(): void;
}

/** What was found in an Ogg Opus file, so far. */
export interface OggOpusFacts {
  /** Of the first link. */
  channels: number;
  /** Of all links. */
  frames: number;
  links: OggOpusLink[];
  warnings: string[];
}

export interface NativeOggOpusReader {
  /** A row: bytes, samples, begin, end, link, position (low half, high half), channels, the 16 bits of the gain. */
  process(chunk: Uint8Array): NativeOggParts | undefined;
  flush(): NativeOggParts | undefined;
  /** As `process`, but the packets only count for `info`. */
  count(chunk: Uint8Array): void;
  info(): OggOpusFacts | undefined;
  reset(): void;
  close(): void;
}

export interface NativeOggOpusDecoder {
  process(chunk: Uint8Array): OwnSamples;
  flush(): OwnSamples;
  push(chunk: Uint8Array): void;
  end(): void;
  readInto(out: Samples): number;
  /** Of the samples; 0 before the first link. */
  channels(): number;
  info(): OggOpusFacts | undefined;
  reset(): void;
  close(): void;
}

export interface NativeOggOpusWriter {
  writeInto(packet: Uint8Array, out: Uint8Array): number;
  finishInto(samples: number | undefined, out: Uint8Array): number;
  maxOutputBytes(packetBytes: number): number;
  close(): void;
}

export interface NativeOggOpusEncoder {
  processInto(samples: Samples, out: Uint8Array): number;
  flushInto(out: Uint8Array): number;
  maxOutputBytes(frames: number): number;
  maxFlushBytes(): number;
  reset(): void;
  close(): void;
}

export interface NativeResampler {
  processInto(chunk: Samples, out: Samples): number;
  flushInto(out: Samples): number;
  maxOutputFrames(inputFrames: number): number;
  latencyFrames(): number;
  reset(): void;
  close(): void;
}

export interface NativeTranscoder {
  processInto(chunk: Uint8Array, out: Uint8Array): number;
  flushInto(out: Uint8Array): number;
  maxOutputBytes(inputBytes: number): number;
  flushBytes(): number;
  frames(): number;
  /** 0 as long as they are to be the source's and that is not known. */
  channels(): number;
  leftoverBytes(): number;
  info(): WavFacts | undefined;
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

/** `bytes`: the packets, one behind the other; `sizes`: bytes of each. */
export interface NativeOpusPackets {
  bytes: Uint8Array<ArrayBuffer>;
  sizes: Uint32Array<ArrayBuffer>;
}

export interface NativeOpusEncoder {
  encodeInto(samples: Samples, out: Uint8Array): number;
  encodeFramesInto(samples: Samples, out: Uint8Array, sizes: Uint32Array): number;
  encodeFrames(samples: Samples): NativeOpusPackets;
  encodeFrames(
    samples: Samples,
    ...callbacks: NativeCallbacks<NativeOpusPackets>
  ): NativeOpusPackets | GiveUp;
  frameSamples(): number;
  maxPacketBytes(): number;
  lookaheadFrames(): number;
  layout(): { streams: number; coupled: number; mapping: Uint8Array<ArrayBuffer> };
  reset(): void;
  close(): void;
}

export interface NativeOpusDecoder {
  decodeInto(packet: Uint8Array, out: Samples): number;
  decodePacketsInto(bytes: Uint8Array, sizes: Uint32Array, out: Samples): number;
  decodePackets(bytes: Uint8Array, sizes: Uint32Array, float32: boolean): OwnSamples;
  decodePackets(
    bytes: Uint8Array,
    sizes: Uint32Array,
    float32: boolean,
    ...callbacks: NativeCallbacks<OwnSamples>
  ): OwnSamples | GiveUp;
  concealInto(frames: number, out: Samples): number;
  decodeFecInto(packet: Uint8Array, frames: number, out: Samples): number;
  packetFrames(packet: Uint8Array): number;
  reset(): void;
  close(): void;
}

/** `bitrate`: 0 for auto, 0xffffffff for as much as there is room for. */
export type NativeOpusEncoderOptions = [
  sampleRateHz: number,
  channels: number,
  frameUs: number,
  application: string,
  bitrate: number,
  bitrateMode: string,
  complexity: number,
  signal: string,
  fec: boolean,
  dtx: boolean,
  packetLossPercent: number,
];

/** `comments`: NAME=value, each with a zero character behind it. */
export type NativeOggOpusEncoderOptions = [
  ...NativeOpusEncoderOptions,
  vendor: string,
  comments: string,
  serial: number,
  pageUs: number,
];

/** One of the streams that follow each other in an Ogg file; most files have one. */
export interface OggOpusLink {
  /** As stored: 1 to 255. */
  channels: number;
  /** At 48 kHz, after pre-skip and end trim. */
  frames: number;
  /** Samples at 48 kHz that were dropped from its start. */
  preSkip: number;
  /** Gain of its header, in dB: what is decoded here has it applied. */
  gainDb: number;
  /** Of what was encoded, for information; 0: not told. */
  inputSampleRateHz: number;
  /** The Ogg stream's serial number. */
  serial: number;
  /** The encoder. */
  vendor: string;
  /** `NAME=value`, as stored. Those above 64 kB (album art), or beyond 1 MB of tags in all links, are counted only. */
  comments: string[];
  /** All comments, those that are not in `comments` as well. */
  commentCount: number;
}

export interface NativeOggOpusAudio {
  sampleRateHz: number;
  channels: number;
  frames: number;
  samples: OwnSamples;
  links: OggOpusLink[];
  warnings: string[];
}

export type NativeWavAudio = WavFacts & { samples: OwnSamples };

export interface NativeAddon {
  setErrorClasses(formatError: typeof FormatError, unsupportedError: typeof UnsupportedError): void;
  /** Code and class of every failure the core can report. */
  errorCodes: Record<string, 'FormatError' | 'UnsupportedError' | 'RangeError'>;
  /** The level in use, those that could be (the best last), and whether SLUICE_SIMD chose it. */
  simd: { level: SimdLevel; available: SimdLevel[]; override: boolean };

  convertSamples(
    bytes: Uint8Array,
    from: SampleEncoding,
    fromChannels: number,
    to: SampleEncoding,
    toChannels: number,
  ): Uint8Array<ArrayBuffer>;
  convertSamples(
    bytes: Uint8Array,
    from: SampleEncoding,
    fromChannels: number,
    to: SampleEncoding,
    toChannels: number,
    ...callbacks: NativeCallbacks<Uint8Array<ArrayBuffer>>
  ): Uint8Array<ArrayBuffer> | GiveUp;
  convertSamplesInto(
    bytes: Uint8Array,
    from: SampleEncoding,
    fromChannels: number,
    to: SampleEncoding,
    toChannels: number,
    dst: Uint8Array,
  ): number;
  stepLevels(samples: Int16Array, block: number): Float32Array<ArrayBuffer>;

  decodeMulaw(bytes: Uint8Array): Int16Array<ArrayBuffer>;
  encodeMulaw(samples: Int16Array): Uint8Array<ArrayBuffer>;
  decodeAlaw(bytes: Uint8Array): Int16Array<ArrayBuffer>;
  encodeAlaw(samples: Int16Array): Uint8Array<ArrayBuffer>;
  decodeMulawInto(src: Uint8Array, dst: Int16Array): number;
  encodeMulawInto(src: Int16Array, dst: Uint8Array): number;
  decodeAlawInto(src: Uint8Array, dst: Int16Array): number;
  encodeAlawInto(src: Int16Array, dst: Uint8Array): number;

  readWav(bytes: Uint8Array, float32: boolean): NativeWavAudio;
  readWav(
    bytes: Uint8Array,
    float32: boolean,
    ...callbacks: NativeCallbacks<NativeWavAudio>
  ): NativeWavAudio | GiveUp;
  probeWav(bytes: Uint8Array): WavFacts;
  /** `begin`, `end`: of what is wanted, in frames. */
  readOggOpus(
    bytes: Uint8Array,
    float32: boolean,
    channels: number | undefined,
    begin: number,
    end?: number,
  ): NativeOggOpusAudio;
  readOggOpus(
    bytes: Uint8Array,
    float32: boolean,
    channels: number | undefined,
    begin: number,
    end: number | undefined,
    ...callbacks: NativeCallbacks<NativeOggOpusAudio>
  ): NativeOggOpusAudio | GiveUp;
  writeWav(
    samples: Samples,
    encoding: string | undefined,
    sampleRateHz: number,
    channels: number,
  ): Uint8Array<ArrayBuffer>;
  writeWav(
    samples: Samples,
    encoding: string | undefined,
    sampleRateHz: number,
    channels: number,
    ...callbacks: NativeCallbacks<Uint8Array<ArrayBuffer>>
  ): Uint8Array<ArrayBuffer> | GiveUp;
  WavReader: new (fileBytes?: number) => NativeWavReader;
  WavDecoder: new (float32: boolean, fileBytes?: number) => NativeWavDecoder;
  WavWriter: new (encoding: string, sampleRateHz: number, channels: number, rf64: boolean) => NativeWavWriter;
  OggPageReader: new () => NativeOggPageReader;
  OggOpusReader: new () => NativeOggOpusReader;
  /** `begin`, `end`: of what is wanted, in frames. */
  OggOpusDecoder: new (
    float32: boolean,
    channels: number | undefined,
    begin: number,
    end: number | undefined,
    sampleRateHz: number | undefined,
  ) => NativeOggOpusDecoder;
  /** `gainQ8`: the 16 bits of OpusHead. `comments`: NAME=value, each with a zero character behind it. */
  OggOpusWriter: new (
    channels: number,
    preSkip: number,
    inputSampleRateHz: number,
    gainQ8: number,
    vendor: string,
    comments: string,
    serial: number,
    pageUs: number,
  ) => NativeOggOpusWriter;
  writeOggOpus(samples: Samples, ...options: NativeOggOpusEncoderOptions): Uint8Array<ArrayBuffer>;
  writeOggOpus(
    samples: Samples,
    ...optionsAndCallbacks: [...NativeOggOpusEncoderOptions, ...NativeCallbacks<Uint8Array<ArrayBuffer>>]
  ): Uint8Array<ArrayBuffer> | GiveUp;
  OggOpusEncoder: new (
    ...optionsAndSample: [...NativeOggOpusEncoderOptions, float32: boolean]
  ) => NativeOggOpusEncoder;

  resample(
    samples: Samples,
    fromHz: number,
    toHz: number,
    channels: number,
    quality: ResamplerQuality,
  ): OwnSamples;
  resample(
    samples: Samples,
    fromHz: number,
    toHz: number,
    channels: number,
    quality: ResamplerQuality,
    ...callbacks: NativeCallbacks<OwnSamples>
  ): OwnSamples | GiveUp;
  Resampler: new (
    fromHz: number,
    toHz: number,
    channels: number,
    quality: ResamplerQuality,
    float32: boolean,
  ) => NativeResampler;
  /** `toChannels`: 0 for those of the source. */
  Transcoder: new (
    source: 'wav' | 'raw',
    encoding: SampleEncoding | undefined,
    sampleRateHz: number | undefined,
    channels: number | undefined,
    toEncoding: SampleEncoding,
    toRateHz: number,
    toChannels: number,
    quality: ResamplerQuality,
    sourceBytes: number | undefined,
  ) => NativeTranscoder;
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
  /**
   * The WebSocket frame of a client's text message, masked with 32 unpredictable bits: bytes written to `out` from `at` on,
   * at most 14 more than the message has.
   */
  writeTextFrame(message: Uint8Array, key: number, out: Uint8Array, at: number): number;
  OpusEncoder: new (...options: NativeOpusEncoderOptions) => NativeOpusEncoder;
  /** `gainQ8`: the 16 bits of OpusHead. */
  OpusDecoder: new (
    sampleRateHz: number,
    streams: number,
    coupled: number,
    mapping: Uint8Array,
    gainQ8: number,
  ) => NativeOpusDecoder;
}
