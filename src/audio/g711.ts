/**
 * ITU-T G.711 companding: one byte a sample, mono or interleaved alike.
 * Not here: G.711 inside WAV files (wav.ts) or on the wire (framer.ts).
 */
import { native } from '../native/index.js';

/**
 * µ-law codes to 16-bit samples (±32 124 at most).
 *
 * @throws TypeError ERR_INVALID_ARG unless `bytes` is a Uint8Array in ordinary memory.
 * @see ITU-T G.711 table 2
 */
export function decodeMulaw(bytes: Uint8Array): Int16Array<ArrayBuffer> {
  return native.decodeMulaw(bytes);
}

/**
 * 16-bit samples to µ-law codes, equal to ITU-T's reference (G.191) on all 65 536 samples.
 *
 * @throws TypeError ERR_INVALID_ARG unless `samples` is an Int16Array in ordinary memory.
 * @see ITU-T G.711 table 2
 */
export function encodeMulaw(samples: Int16Array): Uint8Array<ArrayBuffer> {
  return native.encodeMulaw(samples);
}

/**
 * A-law codes to 16-bit samples (±32 256 at most).
 *
 * @throws TypeError ERR_INVALID_ARG unless `bytes` is a Uint8Array in ordinary memory.
 * @see ITU-T G.711 table 1
 */
export function decodeAlaw(bytes: Uint8Array): Int16Array<ArrayBuffer> {
  return native.decodeAlaw(bytes);
}

/**
 * 16-bit samples to A-law codes, equal to ITU-T's reference (G.191) on all 65 536 samples.
 *
 * @throws TypeError ERR_INVALID_ARG unless `samples` is an Int16Array in ordinary memory.
 * @see ITU-T G.711 table 1
 */
export function encodeAlaw(samples: Int16Array): Uint8Array<ArrayBuffer> {
  return native.encodeAlaw(samples);
}

/**
 * `decodeMulaw` into memory of the caller's.
 *
 * @returns Samples written to the front of `dst`: `src.length`.
 * @throws RangeError ERR_OUTPUT_TOO_SMALL when `dst` is shorter than `src`; ERR_INVALID_ARG when they share memory.
 */
export function decodeMulawInto(src: Uint8Array, dst: Int16Array): number {
  return native.decodeMulawInto(src, dst);
}

/** `encodeMulaw` into memory of the caller's; see {@link decodeMulawInto}. */
export function encodeMulawInto(src: Int16Array, dst: Uint8Array): number {
  return native.encodeMulawInto(src, dst);
}

/** `decodeAlaw` into memory of the caller's; see {@link decodeMulawInto}. */
export function decodeAlawInto(src: Uint8Array, dst: Int16Array): number {
  return native.decodeAlawInto(src, dst);
}

/** `encodeAlaw` into memory of the caller's; see {@link decodeMulawInto}. */
export function encodeAlawInto(src: Int16Array, dst: Uint8Array): number {
  return native.encodeAlawInto(src, dst);
}
