/**
 * Names of sample encodings, containers and wire formats, shared by every layer.
 * Not here: conversion (src/audio); which wire format suits a source (src/audio/plan.ts).
 */

/**
 * How one sample lies in bytes. Full scale is 2^(bits-1) for integers and 1.0 for floats.
 * `s24in32le`: 24 bits in the low three bytes of a 4-byte container.
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
export type SampleEncoding = (typeof SAMPLE_ENCODINGS)[number];

/** Headerless samples, interleaved when there is more than one channel. */
export interface RawAudioFormat {
  container?: 'raw';
  encoding: SampleEncoding;
  /** 1 000 to 192 000. */
  sampleRateHz: number;
  /** Default 1. */
  channels?: number;
}

/** A WAV, RF64 or BW64 file or stream: its header says the rest. */
export interface WavAudioFormat {
  container: 'wav';
}

/** What bytes hold: a container that describes itself, or raw samples with their description. */
export type AudioFormat = RawAudioFormat | WavAudioFormat;

/** The speech API's names of audio formats (protocol reference, section 2.5). */
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
export type WireFormat = (typeof WIRE_FORMATS)[number];

/** What a raw wire format means: mono samples of this encoding at this rate. */
export interface WireAudio {
  encoding: 's16le' | 'mulaw' | 'alaw';
  sampleRateHz: number;
}

/** The service's frame, which we call a step: 80 ms. */
export const STEP_S = 0.08;
export const STEP_MS = 80;

/**
 * The samples behind a raw wire format; undefined for the containers `wav` and `opus`.
 * `pcm` alone means 24 kHz towards the service and 48 kHz from it.
 */
export function wireAudio(wire: WireFormat, direction: 'input' | 'output'): WireAudio | undefined {
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

export function isWireFormat(value: unknown): value is WireFormat {
  return (WIRE_FORMATS as readonly unknown[]).includes(value);
}
