/**
 * WAV written piece by piece: samples in, the file's bytes out, and its final header.
 * Not here: whole files (wav.ts); where the bytes go.
 */
import { type NativeWavWriter, native } from '../native/index.js';
import { lengthOf, requireOptions, roomFor } from './arguments.js';
import type { WavEncoding } from './wav.js';

/** What a {@link WavWriter} puts into the header. */
export interface WavWriterOptions {
  /** Frames in a second: a whole number from 1 to 2 147 483 647. */
  sampleRateHz: number;
  /** Interleaved, from 1, as many as a frame of 65 535 bytes holds. Default 1. */
  channels?: number;
  /** How samples are written. Default `s16`. */
  encoding?: WavEncoding;
  /**
   * Default true: the header keeps 36 bytes for the sizes of a file above 4 GiB, which then is RF64. False: the shortest
   * header, with `fmt ` first, as some readers want it (Asterisk's); a file above 4 GiB then keeps its first header.
   */
  rf64?: boolean;
}

/** Bytes that make a streamed file whole. */
export interface WavPatch {
  /** Where they go, in bytes from the start of the file. */
  offset: number;
  /** What goes there. */
  bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Writes a WAV file of any length in constant memory: `process` or `processInto` for each chunk of samples, `flush` at
 * the end. The bytes do not depend on where the input was cut.
 *
 * The header comes before the first samples, when the length is not known, and says so (0xFFFFFFFF): readers take it
 * for "until the end". Where the output can seek, write the `patches` at the end: a header of the same length with the
 * true sizes, RIFF as long as that can hold the file and RF64 above 4 GiB (see `rf64`), and the pad byte that odd audio
 * needs in a whole file. In a stream that byte would be taken for audio.
 *
 * Everything but `close` throws a TypeError ERR_CLOSED after `close`.
 *
 * @see docs/wav.md
 * @example
 * import { open } from 'node:fs/promises';
 *
 * const file = await open('speech.wav', 'w');
 * using writer = new WavWriter({ sampleRateHz: 24_000 });
 * for (let second = 0; second < 3; second++) await file.write(writer.process(new Int16Array(24_000)));
 * await file.write(writer.flush());
 * for (const { offset, bytes } of writer.patches()) await file.write(bytes, 0, bytes.length, offset);
 * await file.close();
 */
export class WavWriter {
  readonly #native: NativeWavWriter;
  readonly #channels: number;

  /** @throws RangeError ERR_INVALID_RATE, ERR_INVALID_CHANNELS; TypeError or RangeError ERR_INVALID_ARG. */
  constructor(options: WavWriterOptions) {
    requireOptions(options, 'new WavWriter');
    const { sampleRateHz, channels = 1, encoding = 's16', rf64 = true } = options;
    this.#native = new native.WavWriter(encoding, sampleRateHz, channels, rf64);
    this.#channels = channels;
  }

  /**
   * Takes samples and gives their bytes, in an array of their own; before the first of a file its header.
   *
   * @param samples Whole frames, interleaved. Chunks of both kinds may follow one another; a Float32Array has its full
   * scale at 1.0. Towards narrower widths values are rounded to nearest even and saturate.
   * @throws RangeError ERR_INVALID_LENGTH when `samples` is no whole number of frames, ERR_TOO_LARGE when there is no
   * memory for the result; TypeError ERR_INVALID_ARG.
   */
  process(samples: Int16Array | Float32Array): Uint8Array<ArrayBuffer> {
    const out = this.#room(Math.ceil(lengthOf(samples) / this.#channels));
    return out.slice(0, this.#native.processInto(samples, out));
  }

  /**
   * Like `process`, into memory of the caller's: one native call, no allocation.
   *
   * @param out Room for at least `maxOutputBytes(frames)` bytes; must not share memory with `samples`.
   * @returns Bytes written to the front of `out`.
   * @throws RangeError ERR_OUTPUT_TOO_SMALL (nothing is taken then), ERR_INVALID_LENGTH; TypeError ERR_INVALID_ARG.
   */
  processInto(samples: Int16Array | Float32Array, out: Uint8Array): number {
    return this.#native.processInto(samples, out);
  }

  /**
   * For who has the audio's bytes already: as `process` of so many frames, but gives only what comes before them, the
   * header of a file where they are its first. Their bytes are to follow, as `encoding` has them.
   *
   * @param frames A whole number from 0.
   * @throws RangeError ERR_TOO_LARGE above 2^63 − 1 bytes of audio; TypeError, RangeError ERR_INVALID_ARG unless `frames`
   * is a whole number from 0.
   */
  count(frames: number): Uint8Array<ArrayBuffer> {
    const out = this.#room(0);
    return out.slice(0, this.#native.countInto(frames, out));
  }

  /**
   * Bytes of room that `processInto` wants for so many frames (not samples); with 0, what `flushInto` wants. The same
   * at any moment.
   *
   * @param frames A whole number from 0.
   * @throws TypeError, RangeError ERR_INVALID_ARG unless `frames` is a whole number from 0.
   */
  maxOutputBytes(frames: number): number {
    return this.#native.maxOutputBytes(frames);
  }

  /**
   * The end of the stream: the header of a file without any samples, else nothing; flushed again, nothing. `patches` and
   * `frames` tell of the finished file until more samples (an empty chunk has none) or `reset` begin another.
   */
  flush(): Uint8Array<ArrayBuffer> {
    const out = this.#room(0);
    return out.slice(0, this.#native.flushInto(out));
  }

  /**
   * Like `flush`, into memory of the caller's.
   *
   * @param out Room for at least `maxOutputBytes(0)` bytes.
   * @returns Bytes written to the front of `out`.
   * @throws RangeError ERR_OUTPUT_TOO_SMALL; TypeError ERR_INVALID_ARG.
   */
  flushInto(out: Uint8Array): number {
    return this.#native.flushInto(out);
  }

  /**
   * What makes a file that ends here, or that `flush` ended, whole: its final header at offset 0, and behind odd audio a
   * pad byte. Writing them now and then keeps a long recording whole should the process be killed; the audio goes on
   * where it was.
   */
  patches(): WavPatch[] {
    const room = this.#room(0);
    const header = { offset: 0, bytes: room.subarray(0, this.#native.headerInto(room)) };
    const end = this.#native.streamBytes(); // headers are even
    return end % 2 === 0 ? [header] : [header, { offset: end, bytes: new Uint8Array(1) }];
  }

  /** Frames (not samples) of the file so far. */
  get frames(): number {
    return this.#native.frames();
  }

  /** Forgets the file: as new, for the next one. */
  reset(): void {
    this.#native.reset();
  }

  /**
   * Frees the native memory. May be called again. What is dropped without it is freed too, but only once the event loop
   * turns: in a loop that makes many, close each.
   */
  close(): void {
    this.#native.close();
  }

  /** `close`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #room(frames: number): Uint8Array<ArrayBuffer> {
    return roomFor(Uint8Array, this.#native.maxOutputBytes(frames));
  }
}
