/**
 * Ogg Opus decoded piece by piece: bytes in as they come, samples out.
 * Not here: whole files (ogg-opus.ts), packets (ogg-opus-reader.ts, opus.ts).
 */
import { type NativeOggOpusDecoder, native } from '../native/index.js';
import { requireOptions } from './arguments.js';
import { nativeOptions, type ReadOggOpusOptions } from './ogg-opus.js';
import { type OggOpusInfo, oggOpusInfo } from './probe.js';
import type { SampleArray, SampleType } from './resample.js';

/** How an {@link OggOpusDecoder} hands out samples, and which: as `readOggOpus`, at any rate of Opus. */
export interface OggOpusDecoderOptions<S extends SampleType = SampleType> extends ReadOggOpusOptions<S> {
  /** Rate of the samples: 8000, 12 000, 16 000, 24 000 or 48 000 Hz, whatever was encoded. Default 48 000. */
  sampleRateHz?: number;
}

/**
 * Decodes an Ogg Opus file or stream of any length in chunks of any size and constant memory. Reads what `readOggOpus`
 * reads, with the same errors, warnings and, at 48 kHz, samples. They do not depend on where the input was cut: those
 * before an error are handed out, and the call after throws it (`flush` at once).
 *
 * At lower rates the decoder itself leaves out what is above them, which is cheaper than to resample: n frames of a link
 * become ceil(n · `sampleRateHz` / 48 000) (one more or less, should its pre-skip be no multiple of 12 samples). `info`
 * and positions stay at 48 kHz.
 *
 * Either `process` for each chunk and `flush` at the end: all samples that a chunk brings, in an array of their own; of
 * speech some 20 times the chunk's bytes. Or, in bounded room whatever the chunk, `push` for each and `end` at the end,
 * and after each `readInto` until it returns 0.
 *
 * With `startS` and `endS` a part is decoded, to the frame, also of chains and damaged files: what lies before is only
 * counted, hundreds of times as fast. Feed the file from its beginning.
 *
 * After a FormatError or UnsupportedError the file is over, and all that reads throws the same until `reset`. Everything
 * but `close` throws a TypeError ERR_CLOSED after `close`.
 *
 * @see docs/ogg.md, with every decision where the format leaves room
 * @example
 * import { createReadStream } from 'node:fs';
 *
 * using decoder = new OggOpusDecoder({ channels: 1, startS: 0.5 });
 * const out = new Int16Array(48_000);
 * let peak = 0;
 * function read(): void {
 *   for (let frames = decoder.readInto(out); frames > 0; frames = decoder.readInto(out)) {
 *     for (const sample of out.subarray(0, frames)) peak = Math.max(peak, Math.abs(sample));
 *   }
 * }
 * for await (const chunk of createReadStream('call.opus')) {
 *   decoder.push(chunk);
 *   read();
 * }
 * decoder.end();
 * read();
 * console.log(peak, decoder.info?.durationS);
 */
export class OggOpusDecoder<S extends SampleType = 'int16'> {
  readonly #native: NativeOggOpusDecoder;

  /** @throws TypeError ERR_INVALID_ARG; RangeError ERR_INVALID_ARG, ERR_INVALID_RATE, ERR_INVALID_CHANNELS, ERR_INVALID_OPTION. */
  constructor(
    ...[options = {}]: 'int16' extends S
      ? [options?: OggOpusDecoderOptions<S>]
      : [options: OggOpusDecoderOptions<S> & { sample: S }]
  ) {
    requireOptions(options, 'new OggOpusDecoder');
    this.#native = new native.OggOpusDecoder(...nativeOptions(options), options.sampleRateHz);
  }

  /**
   * Takes all of a chunk and gives the samples that it brings, interleaved, in an array of their own; it may be empty.
   *
   * @param chunk The next bytes of the file; a Buffer is fine. Behind a `flush` they begin another file.
   * @throws FormatError, UnsupportedError as `readOggOpus`; RangeError ERR_TOO_LARGE when there is no memory for the
   * result; TypeError ERR_INVALID_ARG, ERR_INVALID_STATE while a pushed chunk is not read to its end.
   */
  process(chunk: Uint8Array): SampleArray<S, ArrayBuffer> {
    return this.#native.process(chunk) as SampleArray<S, ArrayBuffer>;
  }

  /**
   * No byte follows: the samples that come to light behind a page that was cut; mostly none. `info` is of the whole
   * file then.
   *
   * @throws FormatError, UnsupportedError as `readOggOpus`; RangeError ERR_TOO_LARGE; TypeError ERR_INVALID_STATE.
   */
  flush(): SampleArray<S, ArrayBuffer> {
    return this.#native.flush() as SampleArray<S, ArrayBuffer>;
  }

  /**
   * Takes a copy of a chunk, for `readInto`.
   *
   * @param chunk The next bytes of the file; a Buffer is fine. Behind an end they begin another file.
   * @throws TypeError ERR_INVALID_STATE unless `readInto` has returned 0 for what was pushed before; ERR_INVALID_ARG.
   */
  push(chunk: Uint8Array): void {
    this.#native.push(chunk);
  }

  /**
   * No byte follows: `readInto` until it returns 0, as after each `push`; `info` is of the whole file then.
   *
   * @throws TypeError ERR_INVALID_STATE unless `readInto` has returned 0 for what was pushed before.
   */
  end(): void {
    this.#native.end();
  }

  /**
   * The next samples of what was pushed, interleaved, into memory of the caller's: one native call, no allocation. It
   * fills `out` with whole frames as long as there are any.
   *
   * @param out Room for at least one frame; for few calls, for a second or so.
   * @returns Frames (not samples) written to the front of `out`. 0: all is read, the next chunk may be pushed.
   * @throws FormatError, UnsupportedError as `readOggOpus`; RangeError ERR_OUTPUT_TOO_SMALL (nothing is lost then);
   * TypeError ERR_INVALID_ARG.
   */
  readInto(out: SampleArray<S>): number {
    return this.#native.readInto(out);
  }

  /** Interleaved channels of the samples: the option, or those of the first link; undefined before it is known. */
  get channels(): number | undefined {
    return this.#native.channels() || undefined;
  }

  /**
   * What was found so far, of the whole file at its end, whatever part of it is decoded; undefined before the first
   * link's headers are complete.
   */
  get info(): OggOpusInfo | undefined {
    const facts = this.#native.info();
    return facts && oggOpusInfo(facts);
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
