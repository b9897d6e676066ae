/**
 * Whole Ogg Opus files, read into samples.
 * Not here: piece by piece (ogg-opus-decoder.ts); packets (ogg-opus-reader.ts, ogg-opus-writer.ts, opus.ts).
 */
import { type NativeOggOpusAudio, native, type OggOpusLink } from '../native/index.js';
import { requireNumber, requireOptions, requireWord } from './arguments.js';
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
  /**
   * Where to begin, in seconds of the decoded sound, all links one behind the other: from 0 (default), to the nearest
   * frame. What lies more than 200 ms before it is counted, not decoded. Beyond the end there are no samples.
   */
  startS?: number;
  /** Where to end, likewise: from `startS` on. Default: with the file. */
  endS?: number;
}

/** An Ogg Opus file's samples and what its headers said. */
export interface OggOpusAudio<
  T extends Int16Array | Float32Array = Int16Array<ArrayBuffer> | Float32Array<ArrayBuffer>,
> {
  /** 48 000, whatever was encoded. */
  sampleRateHz: number;
  /** Interleaved channels of `samples`; from 3 on in the order of WAV files. */
  channels: number;
  /** Of `samples`: those of all links, unless `startS` or `endS` left some out. */
  frames: number;
  /** Interleaved: frames · channels of them, link after link. */
  samples: T;
  /** Each stream of a chain, whole; at least one. */
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
 * ERR_INVALID_CHANNELS, ERR_INVALID_OPTION for `startS` and `endS`, or ERR_INVALID_ARG for an unknown `sample`.
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
  return native.readOggOpus(bytes, ...nativeOptions(options)) as OggOpusAudio;
}

const RATE_HZ = 48_000;

/**
 * As the addon wants them: float32, channels, begin and end in frames.
 *
 * @throws TypeError, RangeError as {@link readOggOpus}
 */
export function nativeOptions(
  options: ReadOggOpusOptions,
): [float32: boolean, channels: number | undefined, begin: number, end: number | undefined] {
  const { sample = 'int16', channels, startS = 0, endS = Infinity } = options;
  const float32 = requireWord(sample, 'sample', ['int16', 'float32']) === 'float32';
  const begin = toFrames(requireNumber(startS, 'startS', 0, Number.MAX_VALUE));
  const end = toFrames(requireNumber(endS, 'endS', startS, Infinity));
  return [float32, channels, begin, end];
}

function toFrames(seconds: number): number {
  return Math.min(Math.round(seconds * RATE_HZ), Number.MAX_SAFE_INTEGER);
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
  const { signal } = options;
  const wanted = nativeOptions(options);
  return offLoop<NativeOggOpusAudio>(signal, (...callbacks) =>
    native.readOggOpus(bytes, ...wanted, ...callbacks),
  ) as Promise<OggOpusAudio>;
}
