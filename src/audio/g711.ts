/**
 * ITU-T G.711 companding: one byte a sample, mono or interleaved alike.
 * Not here: G.711 inside WAV files (wav.ts) or on the wire (framer.ts).
 */
import { native } from '../native/index.js';

/**
 * µ-law codes to 16-bit samples (±32 124 at most).
 *
 * @param bytes One code a sample; interleaved channels stay so. Every byte is a valid code.
 * @returns As many samples, with an ArrayBuffer of their own.
 * @throws TypeError ERR_INVALID_ARG unless `bytes` is a Uint8Array in ordinary memory.
 * @see ITU-T G.711 table 2
 * @example
 * decodeMulaw(Uint8Array.of(0xff, 0x80)); // Int16Array [0, 32124]
 */
export function decodeMulaw(bytes: Uint8Array): Int16Array<ArrayBuffer> {
  return native.decodeMulaw(bytes);
}

/**
 * 16-bit samples to µ-law codes, equal to ITU-T's reference (G.191) on all 65 536 samples.
 *
 * @param samples Mono, or interleaved channels, which stay so.
 * @returns As many codes, with an ArrayBuffer of their own.
 * @throws TypeError ERR_INVALID_ARG unless `samples` is an Int16Array in ordinary memory.
 * @see ITU-T G.711 table 2
 * @example
 * encodeMulaw(Int16Array.of(0, 32767)); // Uint8Array [0xff, 0x80]
 */
export function encodeMulaw(samples: Int16Array): Uint8Array<ArrayBuffer> {
  return native.encodeMulaw(samples);
}

/**
 * A-law codes to 16-bit samples (±32 256 at most). There is no zero among them: the least are ±8.
 *
 * @param bytes One code a sample; interleaved channels stay so. Every byte is a valid code.
 * @returns As many samples, with an ArrayBuffer of their own.
 * @throws TypeError ERR_INVALID_ARG unless `bytes` is a Uint8Array in ordinary memory.
 * @see ITU-T G.711 table 1
 * @example
 * decodeAlaw(Uint8Array.of(0xd5, 0xaa)); // Int16Array [8, 32256]
 */
export function decodeAlaw(bytes: Uint8Array): Int16Array<ArrayBuffer> {
  return native.decodeAlaw(bytes);
}

/**
 * 16-bit samples to A-law codes, equal to ITU-T's reference (G.191) on all 65 536 samples.
 *
 * @param samples Mono, or interleaved channels, which stay so.
 * @returns As many codes, with an ArrayBuffer of their own.
 * @throws TypeError ERR_INVALID_ARG unless `samples` is an Int16Array in ordinary memory.
 * @see ITU-T G.711 table 1
 * @example
 * encodeAlaw(Int16Array.of(0, 32767)); // Uint8Array [0xd5, 0xaa]
 */
export function encodeAlaw(samples: Int16Array): Uint8Array<ArrayBuffer> {
  return native.encodeAlaw(samples);
}

/**
 * `decodeMulaw` into memory of the caller's: no allocation.
 *
 * @param src µ-law codes, one byte a sample; interleaved channels stay so.
 * @param dst Room for at least `src.length` samples; must not share memory with `src`.
 * @returns Samples written to the front of `dst`: `src.length`. The rest of `dst` stays as it was.
 * @throws RangeError ERR_OUTPUT_TOO_SMALL when `dst` is shorter than `src`; ERR_INVALID_ARG when they share memory.
 * @throws TypeError ERR_INVALID_ARG unless both are arrays of their kinds in ordinary memory.
 * @see ITU-T G.711 table 2
 * @example
 * const samples = new Int16Array(160);
 * const count = decodeMulawInto(new Uint8Array(160).fill(0xff), samples); // 160, all of them 0
 */
export function decodeMulawInto(src: Uint8Array, dst: Int16Array): number {
  return native.decodeMulawInto(src, dst);
}

/**
 * `encodeMulaw` into memory of the caller's: no allocation.
 *
 * @param src 16-bit samples, interleaved channels too.
 * @param dst Room for at least `src.length` codes; must not share memory with `src`.
 * @returns Codes written to the front of `dst`: `src.length`. The rest of `dst` stays as it was.
 * @throws RangeError ERR_OUTPUT_TOO_SMALL when `dst` is shorter than `src`; ERR_INVALID_ARG when they share memory.
 * @throws TypeError ERR_INVALID_ARG unless both are arrays of their kinds in ordinary memory.
 * @see ITU-T G.711 table 2
 * @example
 * const codes = new Uint8Array(160);
 * const count = encodeMulawInto(new Int16Array(160), codes); // 160, all of them 0xff
 */
export function encodeMulawInto(src: Int16Array, dst: Uint8Array): number {
  return native.encodeMulawInto(src, dst);
}

/**
 * `decodeAlaw` into memory of the caller's: no allocation.
 *
 * @param src A-law codes, one byte a sample; interleaved channels stay so.
 * @param dst Room for at least `src.length` samples; must not share memory with `src`.
 * @returns Samples written to the front of `dst`: `src.length`. The rest of `dst` stays as it was.
 * @throws RangeError ERR_OUTPUT_TOO_SMALL when `dst` is shorter than `src`; ERR_INVALID_ARG when they share memory.
 * @throws TypeError ERR_INVALID_ARG unless both are arrays of their kinds in ordinary memory.
 * @see ITU-T G.711 table 1
 * @example
 * const samples = new Int16Array(160);
 * const count = decodeAlawInto(new Uint8Array(160).fill(0xd5), samples); // 160, all of them 8
 */
export function decodeAlawInto(src: Uint8Array, dst: Int16Array): number {
  return native.decodeAlawInto(src, dst);
}

/**
 * `encodeAlaw` into memory of the caller's: no allocation.
 *
 * @param src 16-bit samples, interleaved channels too.
 * @param dst Room for at least `src.length` codes; must not share memory with `src`.
 * @returns Codes written to the front of `dst`: `src.length`. The rest of `dst` stays as it was.
 * @throws RangeError ERR_OUTPUT_TOO_SMALL when `dst` is shorter than `src`; ERR_INVALID_ARG when they share memory.
 * @throws TypeError ERR_INVALID_ARG unless both are arrays of their kinds in ordinary memory.
 * @see ITU-T G.711 table 1
 * @example
 * const codes = new Uint8Array(160);
 * const count = encodeAlawInto(new Int16Array(160), codes); // 160, all of them 0xd5
 */
export function encodeAlawInto(src: Int16Array, dst: Uint8Array): number {
  return native.encodeAlawInto(src, dst);
}
