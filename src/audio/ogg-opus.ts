/**
 * Whole Ogg Opus files, read into samples.
 * Not here: packets (ogg-opus-writer.ts, opus.ts).
 */
import { type NativeOggOpusAudio, native } from '../native/index.js';
import { requireOptions, requireWord } from './arguments.js';
import { type AbortOptions, offLoop } from './off-loop.js';

/** How {@link readOggOpus} hands out the samples. */
export interface ReadOggOpusOptions<S extends 'int16' | 'float32' = 'int16' | 'float32'> {
  /** `int16` (default), clipped softly, or `float32` with full scale 1.0, which may go beyond it. */
  sample?: S;
  /**
   * Channels of the result, 1 to 255; default: those of the first link. A link with another count is mixed to it: the
   * mean of its channels, in each of the result's.
   */
  channels?: number;
}

/** One of the streams that follow each other in an Ogg file; most files have one. */
export interface OggOpusLink {
  /** As stored: 1 to 255. */
  channels: number;
  /** At 48 kHz, after pre-skip and end trim. */
  frames: number;
  /** Samples at 48 kHz that were dropped from its start. */
  preSkip: number;
  /** Gain of its header, applied already; in dB. */
  gainDb: number;
  /** Of what was encoded, for information; 0: not told. */
  inputSampleRateHz: number;
  /** The Ogg stream's serial number. */
  serial: number;
  /** The encoder. */
  vendor: string;
  /** `NAME=value`, as stored. Those above 64 kB (album art) are counted only. */
  comments: string[];
  /** All comments, those that are not in `comments` as well. */
  commentCount: number;
}

/** An Ogg Opus file's samples and what its headers said. */
export interface OggOpusAudio<
  T extends Int16Array | Float32Array = Int16Array<ArrayBuffer> | Float32Array<ArrayBuffer>,
> {
  /** 48 000, whatever was encoded. */
  sampleRateHz: number;
  /** Interleaved channels of `samples`; from 3 on in the order of WAV files. */
  channels: number;
  /** Of all links. */
  frames: number;
  /** Interleaved: frames · channels of them, link after link. */
  samples: T;
  /** Each stream of a chain; at least one. */
  links: OggOpusLink[];
  /** Oddities that were put up with, e.g. `page-lost`; listed in docs/ogg.md. */
  warnings: string[];
}

/**
 * Reads an Ogg Opus file (RFC 3533, RFC 7845): mono, stereo, surround, chained streams, packets that span pages. Pre-skip,
 * end trim and gain are applied. What is damaged is left out, and `warnings` says so; nothing is made up in its place.
 *
 * @param bytes The whole file; a Buffer is fine.
 * @throws FormatError (its codes, ERR_OGG_NOT_OGG, ERR_OPUS_BAD_HEAD …) when there is no Ogg page or the headers break the
 * format; its `byteOffset` says where.
 * @throws UnsupportedError (its codes, ERR_OGG_UNSUPPORTED_CODEC …) for Ogg without Opus, other versions and other containers.
 * @throws TypeError ERR_INVALID_ARG unless `bytes` is a Uint8Array in ordinary memory; RangeError ERR_TOO_LARGE,
 * ERR_INVALID_CHANNELS, or ERR_INVALID_ARG for an unknown `sample`.
 * @see docs/ogg.md, with every decision where the format leaves room
 * @example
 * import { readFile } from 'node:fs/promises';
 *
 * const { samples, channels, links } = readOggOpus(await readFile('call.opus'));
 */
export function readOggOpus(
  bytes: Uint8Array,
  options?: ReadOggOpusOptions<'int16'>,
): OggOpusAudio<Int16Array<ArrayBuffer>>;
/** The same with samples in float32, full scale 1.0. */
export function readOggOpus(
  bytes: Uint8Array,
  options: ReadOggOpusOptions<'float32'>,
): OggOpusAudio<Float32Array<ArrayBuffer>>;
/** The same where the kind of samples is known at run time only. */
export function readOggOpus(bytes: Uint8Array, options?: ReadOggOpusOptions): OggOpusAudio;
export function readOggOpus(bytes: Uint8Array, options: ReadOggOpusOptions = {}): OggOpusAudio {
  requireOptions(options, 'readOggOpus');
  return native.readOggOpus(bytes, isFloat32(options.sample), options.channels) as OggOpusAudio;
}

function isFloat32(sample: ReadOggOpusOptions['sample'] = 'int16'): boolean {
  return requireWord(sample, 'sample', ['int16', 'float32']) === 'float32';
}

/**
 * `readOggOpus` off the event loop: the same result and the same errors, as a rejection.
 *
 * While the promise is pending the bytes must stay as they are: what is written to them may or may not count, and when
 * their memory is transferred or resized the promise may reject with a TypeError ERR_INVALID_ARG.
 *
 * @param bytes The whole file; a Buffer is fine.
 * @returns A promise of the samples and facts. It rejects with `signal.reason` at an abort, at once.
 * @throws As `readOggOpus`, all as rejections.
 * @see docs/resampler.md for what all functions off the event loop have in common
 * @example
 * import { readFile } from 'node:fs/promises';
 *
 * const { frames } = await readOggOpusAsync(await readFile('hour.opus'), { signal: AbortSignal.timeout(5000) });
 */
export function readOggOpusAsync(
  bytes: Uint8Array,
  options?: ReadOggOpusOptions<'int16'> & AbortOptions,
): Promise<OggOpusAudio<Int16Array<ArrayBuffer>>>;
/** The same with samples in float32, full scale 1.0. */
export function readOggOpusAsync(
  bytes: Uint8Array,
  options: ReadOggOpusOptions<'float32'> & AbortOptions,
): Promise<OggOpusAudio<Float32Array<ArrayBuffer>>>;
/** The same where the kind of samples is known at run time only. */
export function readOggOpusAsync(
  bytes: Uint8Array,
  options?: ReadOggOpusOptions & AbortOptions,
): Promise<OggOpusAudio>;
export async function readOggOpusAsync(
  bytes: Uint8Array,
  options: ReadOggOpusOptions & AbortOptions = {},
): Promise<OggOpusAudio> {
  requireOptions(options, 'readOggOpusAsync');
  const { sample, channels, signal } = options;
  return offLoop<NativeOggOpusAudio>(signal, (...callbacks) =>
    native.readOggOpus(bytes, isFloat32(sample), channels, ...callbacks),
  ) as Promise<OggOpusAudio>;
}
