/**
 * Samples to Ogg Opus: piece by piece, and whole files.
 * Not here: packets that are there already (ogg-opus-writer.ts), packets without Ogg (opus.ts).
 */
import { type NativeOggOpusEncoder, type NativeOggOpusEncoderOptions, native } from '../native/index.js';
import { lengthOf, requireOptions, requireWord, roomFor } from './arguments.js';
import { type AbortOptions, offLoop } from './off-loop.js';
import { nativeStreamOptions, type OggOpusWriterOptions } from './ogg-opus-writer.js';
import { nativeEncoderOptions, type OpusEncoderOptions } from './opus.js';
import type { SampleArray, SampleType } from './resample.js';

/** What {@link writeOggOpus} makes, and of what: the options of an {@link OpusEncoder} and of a stream's headers. */
export interface WriteOggOpusOptions
  extends Omit<OpusEncoderOptions, 'sampleRateHz' | 'channels' | 'application' | 'signal'>,
    Pick<OggOpusWriterOptions, 'tags' | 'serial' | 'pageMs'> {
  /**
   * Rate of the samples: a whole number from 1000 to 192 000. Opus takes 8, 12, 16, 24 and 48 kHz; others are resampled to
   * the next of these, or to 48 kHz from above.
   */
  sampleRateHz: number;
  /** Interleaved channels, 1 to 8. Above 2 they are in the order of WAV files (3: left, right, centre). Default 1. */
  channels?: number;
  /**
   * `audio`: close to the input. `voip`: intelligible speech (the lowest frequencies are filtered out). `lowdelay`:
   * without the speech codec. Default `audio`.
   */
  application?: 'voip' | 'audio' | 'lowdelay';
  /** What the sound is, as `signal` of {@link OpusEncoderOptions}; `auto` finds out. Default `auto`. */
  content?: 'auto' | 'voice' | 'music';
}

/** {@link WriteOggOpusOptions}, and the kind of samples. */
export interface OggOpusEncoderOptions<S extends SampleType = SampleType> extends WriteOggOpusOptions {
  /** What `process` takes. Default `int16`. */
  sample?: S;
}

/** Of kept room, besides what any call needs for tags and pages: some 10 s of packets as large as can be. */
const MAX_KEPT_PACKETS_BYTES = 1 << 20;

/**
 * Makes Ogg Opus (RFC 7845) of samples of any length, in constant memory: `process` or `processInto` for each chunk,
 * `flush` at the end. The bytes do not depend on where the samples were cut.
 *
 * n frames become exactly ceil(n · 48 000 / `sampleRateHz`) at 48 kHz, without delay and with the last of them whole: the
 * encoder's lookahead is the stream's pre-skip, and what the last packet holds beyond the end is trimmed off. Headers come
 * with the first page, which comes once `pageMs` of sound is there.
 *
 * Samples after `flush` begin another link of a chained stream: the same headers, the next serial number. `reset` begins
 * a file. Until `close` it keeps the room that `process` needed for chunks of up to some 10 s, in which the tags are twice.
 * Everything but `close` throws a TypeError ERR_CLOSED after `close`.
 *
 * @see docs/ogg.md
 * @example
 * import { open } from 'node:fs/promises';
 *
 * const file = await open('speech.opus', 'w');
 * using encoder = new OggOpusEncoder({ sampleRateHz: 22_050, bitrate: 24_000, tags: { TITLE: 'Call 17' } });
 * for (let second = 0; second < 3; second++) await file.write(encoder.process(new Int16Array(22_050)));
 * await file.write(encoder.flush());
 * await file.close();
 */
export class OggOpusEncoder<S extends SampleType = 'int16'> {
  readonly #native: NativeOggOpusEncoder;
  readonly #channels: number;
  /** Of `process` and `flush`, kept from call to call: tags and pages fit in, while most calls write none. */
  #room = new Uint8Array(0);
  readonly #maxKeptBytes: number;

  /**
   * @throws RangeError ERR_INVALID_RATE, ERR_INVALID_CHANNELS, ERR_INVALID_OPTION (one of the others is out of range),
   * ERR_TOO_LARGE (tags above 120 MiB); TypeError or RangeError ERR_INVALID_ARG.
   */
  constructor(options: OggOpusEncoderOptions<S> & ('int16' extends S ? unknown : { sample: S })) {
    requireOptions(options, 'new OggOpusEncoder');
    const { channels = 1, sample = 'int16' } = options;
    const float32 = requireWord<SampleType>(sample, 'sample', ['int16', 'float32']) === 'float32';
    this.#native = new native.OggOpusEncoder(...nativeOptions(options), float32);
    this.#channels = channels;
    this.#maxKeptBytes = this.#native.maxFlushBytes() + MAX_KEPT_PACKETS_BYTES;
  }

  /**
   * Takes samples and gives the pages that they completed, in an array of their own: often none.
   *
   * @param samples Whole frames, interleaved: Int16Array or, as `sample` says, Float32Array with full scale 1.0 (beyond ±10
   * they are clipped, NaN counts as 0).
   * @throws RangeError ERR_INVALID_LENGTH when `samples` is no whole number of frames, ERR_TOO_LARGE when there is no
   * memory for the result; TypeError ERR_INVALID_ARG.
   */
  process(samples: SampleArray<S>): Uint8Array<ArrayBuffer> {
    const frames = Math.ceil(lengthOf(samples) / this.#channels);
    const out = this.#roomOf(this.#native.maxOutputBytes(frames));
    return out.slice(0, this.#native.processInto(samples, out));
  }

  /**
   * Like `process`, into memory of the caller's: one native call, no allocation.
   *
   * @param samples As for `process`.
   * @param out Room for at least `maxOutputBytes(frames)` bytes; must not share memory with `samples`.
   * @returns Bytes written to the front of `out`.
   * @throws RangeError ERR_OUTPUT_TOO_SMALL, ERR_INVALID_LENGTH (nothing is taken then); TypeError ERR_INVALID_ARG.
   */
  processInto(samples: SampleArray<S>, out: Uint8Array): number {
    return this.#native.processInto(samples, out);
  }

  /**
   * Bytes of room that `processInto` wants for so many frames (not samples), the same at any moment: headers and two whole
   * pages of 65 kB are in it.
   *
   * @param frames A whole number from 0.
   * @throws TypeError, RangeError ERR_INVALID_ARG unless `frames` is a whole number from 0.
   */
  maxOutputBytes(frames: number): number {
    return this.#native.maxOutputBytes(frames);
  }

  /**
   * The end of the stream: its last pages. Without any samples, the headers and a silence of 0 samples. Flushed again,
   * nothing.
   *
   * @throws RangeError ERR_TOO_LARGE when there is no memory for the result.
   */
  flush(): Uint8Array<ArrayBuffer> {
    const out = this.#roomOf(this.#native.maxFlushBytes());
    return out.slice(0, this.#native.flushInto(out));
  }

  /**
   * Like `flush`, into memory of the caller's.
   *
   * @param out Room for at least `maxFlushBytes` bytes.
   * @returns Bytes written to the front of `out`.
   * @throws RangeError ERR_OUTPUT_TOO_SMALL (nothing is written then); TypeError ERR_INVALID_ARG.
   */
  flushInto(out: Uint8Array): number {
    return this.#native.flushInto(out);
  }

  /** Bytes of room that `flushInto` wants, the same at any moment. */
  get maxFlushBytes(): number {
    return this.#native.maxFlushBytes();
  }

  /** Forgets the stream: as new, for the next file. The same samples give the same bytes. */
  reset(): void {
    this.#native.reset();
  }

  /**
   * Frees the native memory. May be called again. What is dropped without it is freed too, but only once the event loop
   * turns: in a loop that makes many, close each.
   */
  close(): void {
    this.#native.close();
    this.#room = new Uint8Array(0);
  }

  /** `close`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #roomOf(bytes: number): Uint8Array<ArrayBuffer> {
    if (bytes <= this.#room.length) return this.#room;
    const room = roomFor(Uint8Array, bytes);
    if (bytes <= this.#maxKeptBytes) this.#room = room;
    return room;
  }
}

/** In the addon's order. */
function nativeOptions(options: WriteOggOpusOptions): NativeOggOpusEncoderOptions {
  const { content = 'auto' } = options;
  requireWord(content, 'content', ['auto', 'voice', 'music']);
  return [...nativeEncoderOptions(options, content, 'audio'), ...nativeStreamOptions(options)];
}

/**
 * Makes an Ogg Opus file (RFC 7845) of samples: mono to 7.1 surround, of any rate and length, exactly
 * ceil(n · 48 000 / `sampleRateHz`) frames at 48 kHz for n frames.
 *
 * @param samples Whole frames, interleaved: Int16Array, or Float32Array with full scale 1.0 (beyond ±10 they are clipped,
 * NaN counts as 0).
 * @returns The file's bytes, with an ArrayBuffer of their own.
 * @throws RangeError ERR_INVALID_RATE, ERR_INVALID_CHANNELS, ERR_INVALID_LENGTH (no whole number of frames),
 * ERR_INVALID_OPTION (one of the others is out of range), ERR_TOO_LARGE (no memory for the result, or tags above 120 MiB).
 * TypeError or RangeError ERR_INVALID_ARG.
 * @see docs/ogg.md
 * @example
 * import { writeFile } from 'node:fs/promises';
 *
 * const samples = new Int16Array(24_000); // one second of silence
 * await writeFile('speech.opus', writeOggOpus(samples, { sampleRateHz: 24_000, bitrate: 32_000 }));
 */
export function writeOggOpus(
  samples: Int16Array | Float32Array,
  options: WriteOggOpusOptions,
): Uint8Array<ArrayBuffer> {
  requireOptions(options, 'writeOggOpus');
  return native.writeOggOpus(samples, ...nativeOptions(options));
}

/**
 * `writeOggOpus` off the event loop: the same bytes and the same errors, as a rejection.
 *
 * Less than 4 kB of samples are encoded before the call returns. While the promise is pending the samples must stay as they
 * are: what is written to them may or may not count, and when their memory is transferred or resized the promise may
 * reject with a TypeError ERR_INVALID_ARG.
 *
 * @param samples As for `writeOggOpus`.
 * @returns A promise of the file's bytes. It rejects with `signal.reason` at an abort, at once.
 * @throws As `writeOggOpus`, all of it as rejections.
 * @see docs/ogg.md
 * @example
 * import { writeFile } from 'node:fs/promises';
 *
 * const minute = new Float32Array(60 * 44_100 * 2);
 * const file = await writeOggOpusAsync(minute, { sampleRateHz: 44_100, channels: 2, content: 'music' });
 * await writeFile('music.opus', file);
 */
export async function writeOggOpusAsync(
  samples: Int16Array | Float32Array,
  options: WriteOggOpusOptions & AbortOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  requireOptions(options, 'writeOggOpusAsync');
  const { signal } = options;
  return offLoop(signal, (...callbacks) =>
    native.writeOggOpus(samples, ...nativeOptions(options), ...callbacks),
  );
}
