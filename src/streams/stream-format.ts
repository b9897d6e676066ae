/**
 * What flows from stream to stream: its description, its size, and whether two ends fit.
 * Not here: noticing that they are joined (source-check.ts).
 */
import { describe, requireNumber, requireOptions, requireWord } from '../audio/arguments.js';
import { argumentRangeError, argumentTypeError } from '../errors.js';
import {
  MAX_RATE_HZ,
  MIN_RATE_HZ,
  type OggAudioFormat,
  SAMPLE_ENCODINGS,
  type SampleEncoding,
  sampleBytes,
  type WavAudioFormat,
} from '../format.js';

/** Raw samples in a stream: a `RawAudioFormat` whose rate may be unknown, where it does not matter. */
export interface RawStreamFormat {
  /** May be left out. */
  container?: 'raw';
  /** How each sample lies in bytes. */
  encoding: SampleEncoding;
  /** Frames in a second: 1 000 to 192 000. Undefined: unknown, and not compared with another. */
  sampleRateHz?: number | undefined;
  /** Interleaved channels, 1 to 65 535. Default 1. */
  channels?: number;
}

/** Opus packets, one a chunk, in object mode. */
export interface OpusPacketFormat {
  /** No container: the packets themselves (RFC 6716). */
  container: 'packets';
}

/** What a stream takes or gives. */
export type StreamFormat = RawStreamFormat | WavAudioFormat | OggAudioFormat | OpusPacketFormat;

export function isRaw(format: StreamFormat): format is RawStreamFormat {
  return format.container === undefined || format.container === 'raw';
}

/** Whether it is one by its kinds; other packages may mean something else by a format. */
export function isStreamFormat(value: unknown): value is StreamFormat {
  if (typeof value !== 'object' || value === null) return false;
  const { container = 'raw', encoding, sampleRateHz, channels } = value as Partial<RawStreamFormat>;
  if (container !== 'raw') return ['wav', 'ogg', 'packets'].includes(container);
  const isNumber = (field: unknown) => field === undefined || typeof field === 'number';
  return (
    SAMPLE_ENCODINGS.includes(encoding as SampleEncoding) && isNumber(sampleRateHz) && isNumber(channels)
  );
}

/** Bytes of one frame: a sample of each channel. */
export function frameBytes({ encoding, channels = 1 }: RawStreamFormat): number {
  return sampleBytes(encoding) * channels;
}

/** Where the rate is unknown: the highest that speech comes in. */
const ASSUMED_RATE_HZ = 48_000;
/** 48 kHz, stereo, 16 bits: a WAV before its header is read. */
const WAV_BYTES_PER_MS = 192;
/** 128 kbit/s, above what speech is coded with. */
const OGG_BYTES_PER_MS = 16;
/** The usual Opus frame: 20 ms. */
const PACKETS_PER_MS = 1 / 20;

/** How much of it is `ms` of audio: bytes, or packets where they are the chunks; at least 1. */
export function amountOf(format: StreamFormat | undefined, ms: number): number {
  return Math.max(1, Math.ceil(ms * amountPerMs(format)));
}

function amountPerMs(format: StreamFormat | undefined): number {
  if (format === undefined || format.container === 'wav') return WAV_BYTES_PER_MS;
  if (format.container === 'ogg') return OGG_BYTES_PER_MS;
  if (format.container === 'packets') return PACKETS_PER_MS;
  return (frameBytes(format) * (format.sampleRateHz ?? ASSUMED_RATE_HZ)) / 1000;
}

/** For people: `s16le, mono, at 8000 Hz`. */
export function formatName(format: StreamFormat): string {
  if (format.container === 'wav') return 'a WAV file';
  if (format.container === 'ogg') return 'Ogg Opus';
  if (format.container === 'packets') return 'Opus packets';
  const { encoding, sampleRateHz, channels = 1 } = format;
  const layout = channels === 1 ? 'mono' : `${channels} channels`;
  return `${encoding}, ${layout}${sampleRateHz === undefined ? '' : `, at ${sampleRateHz} Hz`}`;
}

/** Whether what one stream gives is what the next takes. A rate that is unknown fits any. */
export function fits(given: StreamFormat, wanted: StreamFormat): boolean {
  if (!isRaw(given) || !isRaw(wanted)) return given.container === wanted.container;
  return (
    given.encoding === wanted.encoding &&
    (given.channels ?? 1) === (wanted.channels ?? 1) &&
    fitsRate(given, wanted)
  );
}

function fitsRate(given: RawStreamFormat, wanted: RawStreamFormat): boolean {
  const [from, to] = [given.sampleRateHz, wanted.sampleRateHz];
  return from === undefined || to === undefined || from === to;
}

/** What to put between two ends that do not fit. */
export function remedy(given: StreamFormat, wanted: StreamFormat): string {
  if (isRaw(given) && isRaw(wanted)) return rawRemedy(given, wanted);
  if (isRaw(wanted)) return decoderOf(given);
  return encoderOf(given, wanted);
}

/** Rates are converted between samples of int16 and float32 only; and after a mix, of fewer channels mostly. */
function rawRemedy(given: RawStreamFormat, wanted: RawStreamFormat): string {
  if (fitsRate(given, wanted)) return converters(given, wanted);
  const { sampleRateHz: fromHz, encoding } = given;
  const { sampleRateHz: toHz, channels = 1 } = wanted;
  const between: RawStreamFormat = {
    ...wanted,
    encoding: [encoding, wanted.encoding].find(isResampled) ?? 's16le',
  };
  const more = `${channels === 1 ? '' : `, channels: ${channels}`}${between.encoding === 'f32le' ? ", sample: 'float32'" : ''}`;
  const steps = [
    fits(given, { ...between, sampleRateHz: fromHz }) ? [] : [converters(given, between)],
    [`ResampleStream({ fromHz: ${fromHz}, toHz: ${toHz}${more} })`],
    fits(between, wanted) ? [] : [converters(between, wanted)],
  ];
  return steps.flat().join(', ');
}

function isResampled(encoding: SampleEncoding): boolean {
  return encoding === 's16le' || encoding === 'f32le';
}

/** No rule makes several channels of several others: there is one between. */
function converters(given: RawStreamFormat, wanted: RawStreamFormat): string {
  const [from = 1, to = 1] = [given.channels, wanted.channels];
  if (from === to || from === 1 || to === 1) return converter(given, wanted);
  const mono = { ...wanted, channels: 1 };
  return `${converter(given, mono)}, ${converter(mono, wanted)}`;
}

function converter(given: RawStreamFormat, wanted: RawStreamFormat): string {
  const { channels = 1, encoding: from } = given;
  const { channels: toChannels = 1, encoding: to } = wanted;
  const counts = channels === toChannels ? '' : `, toChannels: ${toChannels}`;
  return `SampleConverter({ from: '${from}', to: '${to}', channels: ${channels}${counts} })`;
}

/** What makes raw samples of it. */
function decoderOf(given: StreamFormat): string {
  if (given.container === 'wav') return 'WavDecoder';
  return given.container === 'ogg' ? 'OggOpusDemuxer and OpusDecoderStream' : 'OpusDecoderStream';
}

/** What makes a container, or packets, of it. */
function encoderOf(given: StreamFormat, wanted: StreamFormat): string {
  if (given.container === 'packets' && wanted.container === 'ogg') return 'OggOpusMuxer';
  if (given.container === 'ogg' && wanted.container === 'packets') return 'OggOpusDemuxer';
  const before = isRaw(given) ? '' : `${decoderOf(given)} and `;
  if (wanted.container === 'wav') return `${before}WavEncoder`;
  return `${before}OpusEncoderStream${wanted.container === 'ogg' ? ' and OggOpusMuxer' : ''}`;
}

/**
 * @param rate `required` where the stream's work depends on it.
 * @throws TypeError, RangeError ERR_INVALID_ARG, RangeError ERR_INVALID_RATE, ERR_INVALID_CHANNELS.
 */
export function requireRawFormat(
  format: unknown,
  caller: string,
  rate: 'required' | 'optional' = 'optional',
): RawStreamFormat {
  requireOptions(format, `the format of ${caller}`);
  const { container = 'raw', encoding, sampleRateHz, channels = 1 } = format as Partial<RawStreamFormat>;
  if (container !== 'raw')
    throw argumentTypeError(`${caller} takes raw samples, got the format ${describe(container)}`);
  requireWord(encoding, 'encoding', SAMPLE_ENCODINGS);
  if (sampleRateHz !== undefined || rate === 'required') requireRate(sampleRateHz);
  requireChannels(channels);
  return { encoding: encoding as SampleEncoding, sampleRateHz, channels };
}

/** @throws TypeError ERR_INVALID_ARG, RangeError ERR_INVALID_RATE unless it can be resampled. */
export function requireRate(value: unknown, name = 'sampleRateHz'): number {
  return requireWhole(value, name, MIN_RATE_HZ, MAX_RATE_HZ, 'ERR_INVALID_RATE');
}

/** What a `Transcoder` makes at most, and a `Resampler` takes. */
export const MAX_TARGET_CHANNELS = 64;

/** @throws TypeError ERR_INVALID_ARG, RangeError ERR_INVALID_CHANNELS unless it is a whole number from 1 to `most`. */
export function requireChannels(value: unknown, name = 'channels', most = 65_535): number {
  return requireWhole(value, name, 1, most, 'ERR_INVALID_CHANNELS');
}

function requireWhole(
  value: unknown,
  name: string,
  min: number,
  max: number,
  code: 'ERR_INVALID_RATE' | 'ERR_INVALID_CHANNELS',
): number {
  const message = `${name} must be a whole number from ${min} to ${max}, got ${describe(value)}`;
  if (typeof value !== 'number') throw argumentTypeError(message);
  if (!Number.isInteger(value) || value < min || value > max) throw argumentRangeError(message, code);
  return value;
}

/** The least and the most that a stream may hold back on either side: a packet, a minute. */
export function requireHighWaterMarkMs(value: unknown): number {
  return requireNumber(value, 'highWaterMarkMs', 1, 60_000);
}
