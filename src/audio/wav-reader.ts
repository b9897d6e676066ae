/**
 * WAV read piece by piece: bytes in as they come, samples out.
 * Not here: whole files (wav.ts), headers only (probe.ts).
 */
import { type NativeWavDecoder, native } from '../native/index.js';
import { lengthOf, requireOptions, requireWord, roomFor } from './arguments.js';
import { type WavInfo, wavInfo } from './probe.js';
import type { SampleArray, SampleType } from './resample.js';

/** How a {@link WavReader} hands out samples, and what is known of the file beforehand. */
export interface WavReaderOptions<S extends SampleType = SampleType> {
  /**
   * `int16` (default): narrower widths are scaled up, wider ones rounded to nearest even and saturated.
   * `float32`: integer / 2^(bits-1), exact up to 24 bits.
   */
  sample?: S;
  /**
   * The file's size in bytes, where it is known. It settles some broken headers as `readWav` does, which knows it. It
   * is that of the first file: `reset` forgets it.
   */
  fileBytes?: number;
}

/**
 * Reads a WAV, RIFX, RF64 or BW64 file or stream in chunks of any size: `process` or `processInto` for each, `finish`
 * at the end. Reads what `readWav` reads, with the same errors, warnings and samples, in memory that does not grow: one
 * frame and 40 bytes of headers at most. The samples do not depend on where the input was cut.
 *
 * After a FormatError or UnsupportedError the file is over, and `process`, `processInto` and `finish` throw the same until
 * `reset`. Everything but `close` throws a TypeError ERR_CLOSED after `close`.
 *
 * @see docs/wav.md, with every decision where the format leaves room
 * @example
 * import { createReadStream } from 'node:fs';
 *
 * using reader = new WavReader();
 * let peak = 0;
 * for await (const chunk of createReadStream('call.wav')) {
 *   for (const sample of reader.process(chunk)) peak = Math.max(peak, Math.abs(sample));
 * }
 * const { durationS, warnings } = reader.finish();
 */
export class WavReader<S extends SampleType = 'int16'> {
  readonly #native: NativeWavDecoder;
  readonly #sample: SampleType;

  /** @throws TypeError or RangeError ERR_INVALID_ARG. */
  constructor(
    ...[options = {}]: 'int16' extends S
      ? [options?: WavReaderOptions<S>]
      : [options: WavReaderOptions<S> & { sample: S }]
  ) {
    requireOptions(options, 'new WavReader');
    const { sample = 'int16', fileBytes } = options;
    this.#sample = requireWord<SampleType>(sample, 'sample', ['int16', 'float32']);
    this.#native = new native.WavDecoder(this.#sample === 'float32', fileBytes);
  }

  /**
   * Takes all of a chunk and gives the samples of the frames that it completes, interleaved, in an array of its own; it
   * may be empty.
   *
   * @param chunk The next bytes of the file; a Buffer is fine.
   * @throws FormatError, UnsupportedError as `readWav`; RangeError ERR_TOO_LARGE when there is no memory for the result;
   * TypeError ERR_INVALID_ARG.
   */
  process(chunk: Uint8Array): SampleArray<S, ArrayBuffer> {
    const ArrayType = this.#sample === 'float32' ? Float32Array : Int16Array;
    const out = roomFor<SampleArray<SampleType, ArrayBuffer>>(
      ArrayType,
      this.#native.maxOutputSamples(lengthOf(chunk)),
    );
    return out.slice(0, this.#native.processInto(chunk, out)) as SampleArray<S, ArrayBuffer>;
  }

  /**
   * Like `process`, into memory of the caller's: one native call, no allocation.
   *
   * @param out Room for at least `maxOutputSamples(chunk.length)` samples; must not share memory with `chunk`.
   * @returns Samples (not frames) written to the front of `out`: always whole frames.
   * @throws RangeError ERR_OUTPUT_TOO_SMALL (nothing is taken then); FormatError, UnsupportedError as `readWav`;
   * TypeError ERR_INVALID_ARG.
   */
  processInto(chunk: Uint8Array, out: SampleArray<S>): number {
    return this.#native.processInto(chunk, out);
  }

  /**
   * Samples (not frames) of room that `processInto` wants for so many bytes, as things stand: one for each byte until the
   * header is known, then what the encoding needs, a frame that an earlier cut left unfinished included.
   *
   * @param inputBytes A whole number from 0.
   * @throws TypeError, RangeError ERR_INVALID_ARG unless `inputBytes` is a whole number from 0.
   */
  maxOutputSamples(inputBytes: number): number {
    return this.#native.maxOutputSamples(inputBytes);
  }

  /**
   * No byte follows. No samples are left to come: part of a frame at the end is dropped, with a warning. Bytes that are
   * processed after it begin a new file; finished again, it tells the same.
   *
   * @returns The facts of the whole file, with all that is odd about it in `warnings` and `missingFrames`.
   * @throws FormatError, UnsupportedError as `readWav`, when the file ended before its audio began.
   */
  finish(): WavInfo {
    this.#native.finish();
    return this.info as WavInfo; // finish() has thrown when there is no header
  }

  /**
   * What the header said, once it is known; undefined before. `frames`, `durationS`, `missingFrames` and `warnings` are
   * those so far: `finish` gives the whole file's.
   */
  get info(): WavInfo | undefined {
    const facts = this.#native.info();
    return facts && wavInfo(facts);
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
}
