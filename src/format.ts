/**
 * Names of sample encodings, containers and wire formats, shared by every layer.
 * Not here: conversion (src/audio); which wire format suits a source (src/audio/plan.ts).
 */
import { argumentRangeError, argumentTypeError } from './errors.js';

/**
 * Every {@link SampleEncoding}: how one sample lies in bytes. `u`nsigned, `s`igned or `f`loat, bits, then byte order;
 * `mulaw` and `alaw` are ITU-T G.711 codes of one byte. Full scale is 2^(bits-1) for integers and 1.0 for floats; `u8`
 * has its zero at 128. `s24in32le`: 24 bits in the low three bytes of a 4-byte container.
 */
export const SAMPLE_ENCODINGS = [
  'u8',
  's16le',
  's16be',
  's24le',
  's24be',
  's24in32le',
  's24in32be',
  's32le',
  's32be',
  'f32le',
  'f32be',
  'f64le',
  'f64be',
  'mulaw',
  'alaw',
] as const;
/** How one sample lies in bytes: one of {@link SAMPLE_ENCODINGS}. */
export type SampleEncoding = (typeof SAMPLE_ENCODINGS)[number];

/**
 * Bytes of one sample: 1 (u8, G.711) to 8 (f64).
 *
 * @example
 * const frameBytes = sampleBytes('s24le') * 2; // 6: a stereo frame
 */
export function sampleBytes(encoding: SampleEncoding): number {
  switch (encoding) {
    case 'u8':
    case 'mulaw':
    case 'alaw':
      return 1;
    case 's16le':
    case 's16be':
      return 2;
    case 's24le':
    case 's24be':
      return 3;
    case 'f64le':
    case 'f64be':
      return 8;
    default:
      return 4;
  }
}

/** Headerless samples, interleaved when there is more than one channel. */
export interface RawAudioFormat {
  /** May be left out. */
  container?: 'raw';
  /** How each sample lies in bytes. */
  encoding: SampleEncoding;
  /** Frames in a second: a whole number from 1 000 to 192 000. */
  sampleRateHz: number;
  /** Interleaved channels, 1 to 65 535. Default 1. */
  channels?: number;
}

/** A WAV, RF64 or BW64 file or stream: its header says the rest. */
export interface WavAudioFormat {
  /** `wav` for all of them, RIFX (big-endian) too; docs/wav.md says what is read. */
  container: 'wav';
}

/** An Ogg Opus file or stream: 48 kHz, its header says the channels. */
export interface OggAudioFormat {
  /** docs/ogg.md says what is read. */
  container: 'ogg';
}

/** What bytes hold: a container that describes itself, or raw samples with their description. */
export type AudioFormat = RawAudioFormat | WavAudioFormat | OggAudioFormat;

/**
 * Every {@link WireFormat}: the speech API's names of audio formats, the same both ways (wire reference, section 2.5).
 * `pcm…` is s16le, mono, at the rate in the name; `ulaw_8000` and `mulaw_8000` are the same; `wav` and `opus` (Ogg
 * Opus) are containers.
 */
export const WIRE_FORMATS = [
  'pcm',
  'pcm_8000',
  'pcm_16000',
  'pcm_22050',
  'pcm_24000',
  'pcm_44100',
  'pcm_48000',
  'ulaw_8000',
  'mulaw_8000',
  'alaw_8000',
  'wav',
  'opus',
] as const;
/** The speech API's name of an audio format: one of {@link WIRE_FORMATS}. */
export type WireFormat = (typeof WIRE_FORMATS)[number];

/** What a raw wire format means: mono samples of this encoding at this rate. */
export interface WireAudio {
  /** How each sample lies in bytes: 2 of them for `s16le`, 1 for G.711. */
  encoding: 's16le' | 'mulaw' | 'alaw';
  /** Samples in a second: 8 000 to 48 000. */
  sampleRateHz: number;
}

/** The lowest rate in Hz that can be resampled. A WAV below it is read, but neither converted nor sent. */
export const MIN_RATE_HZ = 1_000;
/** The highest rate in Hz that can be resampled. A WAV above it is read, but neither converted nor sent. */
export const MAX_RATE_HZ = 192_000;

/** The service's frame, which we call a step, in seconds: 80 ms (wire reference, section 2.5). */
export const STEP_S = 0.08;
/** The service's frame, which we call a step, in milliseconds: {@link STEP_S}. */
export const STEP_MS = 80;

/**
 * The samples behind a raw wire format; undefined for the containers `wav` and `opus`.
 * `pcm` alone means 24 kHz towards the service and 48 kHz from it (wire reference, section 2.5).
 *
 * @param direction `input`: towards the service; `output`: from it.
 * @throws RangeError ERR_INVALID_ARG for any other word, TypeError ERR_INVALID_ARG for what is no word.
 * @example
 * wireAudio('pcm', 'input'); // { encoding: 's16le', sampleRateHz: 24000 }
 */
export function wireAudio(wire: WireFormat, direction: 'input' | 'output'): WireAudio | undefined {
  requireOneOf(wire, 'wire', WIRE_FORMATS);
  requireOneOf(direction, 'direction', ['input', 'output']);
  switch (wire) {
    case 'pcm':
      return { encoding: 's16le', sampleRateHz: direction === 'input' ? 24_000 : 48_000 };
    case 'ulaw_8000':
    case 'mulaw_8000':
      return { encoding: 'mulaw', sampleRateHz: 8_000 };
    case 'alaw_8000':
      return { encoding: 'alaw', sampleRateHz: 8_000 };
    case 'wav':
    case 'opus':
      return undefined;
    default:
      return { encoding: 's16le', sampleRateHz: Number(wire.slice('pcm_'.length)) };
  }
}

function requireOneOf(value: unknown, name: string, words: readonly unknown[]): void {
  if (words.includes(value)) return;
  const message = `${name} must be one of ${words.join(', ')}`;
  throw typeof value === 'string'
    ? argumentRangeError(`${message}; got '${value.slice(0, 40)}'`)
    : argumentTypeError(`${message}; got a value of type ${typeof value}`);
}

/**
 * Whether a value, of any kind, is one of {@link WIRE_FORMATS}. Never throws.
 *
 * @example
 * isWireFormat('pcm_16000'); // true; 'pcm_32000' is in no specification
 */
export function isWireFormat(value: unknown): value is WireFormat {
  return (WIRE_FORMATS as readonly unknown[]).includes(value);
}
