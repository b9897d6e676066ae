/**
 * What every audio transform of this package has: formats at both ends, backpressure within a chunk, abort, release.
 * Not here: what a stream does with its audio (a file each).
 */
import { Transform, type TransformCallback } from 'node:stream';
import { requireOptions } from '../audio/arguments.js';
import { bytesOf, destroyOn, isWritable, refuse, requireSignal } from './byte-input.js';
import type { AudioTransformEvents, Listen } from './events.js';
import { RawInput } from './raw-input.js';
import { checkSources } from './source-check.js';
import { amountOf, frameBytes, isRaw, requireHighWaterMarkMs, type StreamFormat } from './stream-format.js';

/** What every audio transform takes. */
export interface AudioTransformOptions {
  /**
   * Audio in milliseconds that may wait on either side before the stream asks its source to pause, 1 to 60 000; what
   * is passed on together, a chunk of the source's, may exceed it. Default 500.
   */
  highWaterMarkMs?: number;
  /** Destroys the stream with `signal.reason`, untouched. */
  signal?: AbortSignal | undefined;
}

/** What a transform says of itself to {@link AudioTransform}. */
export interface AudioTransformTraits {
  /** What it takes. Undefined: any bytes. Raw samples come to `processAudio` in whole frames. */
  input: StreamFormat | undefined;
  /** What it gives. Undefined: not known yet, see `announce`; or whatever it takes. */
  output: StreamFormat | undefined;
  /** The most bytes that `processAudio` gets at once: what bounds the output of one call. Default 65 536. */
  sliceBytes?: number;
  /** Output chunks have this many bytes, and `read()` gives them one by one. Default: as it happens. */
  chunkBytes?: number;
}

/**
 * What each chunk needs. The kinds of streams are many, and where a process uses several, a field of theirs is looked up
 * slowly: 110 ns a chunk in all. This object has one shape.
 */
interface Course {
  readonly raw: RawInput | undefined;
  /** Packets come one by one, and whole. */
  readonly packets: boolean;
  readonly sliceBytes: number;
  /** A push since the last `_read` was refused: the reader has enough. */
  refused: boolean;
  /** What goes on at the next `_read`. */
  resume: (() => void) | undefined;
  /** Destroyed, or about to be, or at its end. */
  over: boolean;
}

/** As file streams read, and twice the chunk that a socket gives. */
const SLICE_BYTES = 65_536;

/**
 * The base of all audio transforms of this package: a Node `Transform` from bytes to bytes, to be joined with
 * `pipeline`. Output does not depend on where the input was cut.
 *
 * - Large chunks are worked on in slices, and between them it waits for its reader: memory is bounded whatever is written.
 * - Joined to a stream whose `outputFormat` is not its `inputFormat`, it is destroyed with a TypeError
 *   ERR_FORMAT_MISMATCH that says what to put between; so it is when raw input begins like a WAV or Ogg file.
 * - Anything but bytes destroys it with a TypeError ERR_INVALID_ARG; a stream that ends amid a frame, with a
 *   RangeError ERR_INVALID_LENGTH.
 * - Whatever ends it frees its native memory; nothing comes out after `destroy()`. `await using` destroys it too.
 *
 * The event `format` tells `outputFormat` where it was not known from the start, before any output.
 *
 * @see docs/streams.md
 * @example
 * class Invert extends AudioTransform {
 *   constructor() {
 *     const format = { encoding: 's16be', sampleRateHz: 8000 } as const;
 *     super({}, { input: format, output: format });
 *   }
 *   protected override processAudio(bytes: Buffer): void {
 *     this.push(bytes.map((byte) => ~byte));
 *   }
 * }
 */
export abstract class AudioTransform extends Transform {
  /** As an EventEmitter has it, with `format`. */
  declare on: Listen<AudioTransformEvents, this>;
  /** As an EventEmitter has it, with `format`. */
  declare once: Listen<AudioTransformEvents, this>;
  /** As an EventEmitter has it, with `format`. */
  declare off: Listen<AudioTransformEvents, this>;
  /** As an EventEmitter has it, with `format`. */
  declare addListener: Listen<AudioTransformEvents, this>;
  /** What it takes; undefined: any bytes. */
  readonly inputFormat: StreamFormat | undefined;
  #outputFormat: StreamFormat | undefined;
  readonly #course: Course;
  readonly #stopListening: (() => void) | undefined;

  /** @throws TypeError ERR_INVALID_ARG, RangeError ERR_INVALID_OPTION. */
  constructor(options: AudioTransformOptions, traits: AudioTransformTraits) {
    requireOptions(options, 'an audio transform');
    const ms = requireHighWaterMarkMs(options.highWaterMarkMs ?? 500);
    const signal = requireSignal(options.signal);
    const { input, output, sliceBytes = SLICE_BYTES, chunkBytes = 1 } = traits;
    super({
      decodeStrings: false,
      writableHighWaterMark: amountOf(input, ms),
      readableHighWaterMark: Math.ceil(amountOf(output, ms) / chunkBytes),
      writableObjectMode: input?.container === 'packets',
      readableObjectMode: traits.chunkBytes !== undefined || output?.container === 'packets',
    });
    this.inputFormat = input;
    this.#outputFormat = output;
    const raw = input && isRaw(input) ? input : undefined;
    const frame = raw ? frameBytes(raw) : 1;
    this.#course = {
      raw: raw && new RawInput(raw, this.constructor.name),
      packets: this.writableObjectMode,
      sliceBytes: Math.max(frame, sliceBytes - (sliceBytes % frame)),
      refused: false,
      resume: undefined,
      over: signal?.aborted === true,
    };
    if (input) checkSources(this);
    if (signal) this.#stopListening = destroyOn(signal, this);
  }

  /** What it gives; undefined while not known, and for good where it gives whatever it takes. */
  get outputFormat(): StreamFormat | undefined {
    return this.#outputFormat;
  }

  /**
   * For a subclass that learns its output's format from its input: emits `format`. To be called before any `push`, and with
   * raw samples: what else comes out is known from the start.
   */
  protected announce(format: StreamFormat): void {
    this.#outputFormat = format;
    this.emit('format', format);
  }

  /**
   * For the subclass: takes all of these bytes and pushes what comes of them. What it throws destroys the stream.
   *
   * @param bytes Whole frames of raw samples or any bytes of a container, never none; or a packet, which may be empty
   * (lost). They may be pushed on as they are.
   */
  protected abstract processAudio(bytes: Buffer): void;

  /** For the subclass: the input has ended well; pushes what was held back. */
  protected endAudio(): void {}

  /** For the subclass: the stream is over, however it ended. Called once; nothing is processed after it. */
  protected release(): void {}

  /**
   * Anything but bytes destroys the stream: thrown from here, the error would pass by whoever joined the streams.
   *
   * @param chunk A Buffer or another Uint8Array.
   * @returns Whether the stream takes more for now; else wait for `drain`.
   */
  override write(chunk: unknown, callback?: (error: Error | null | undefined) => void): boolean;
  /** The same; the encoding does not matter. */
  override write(
    chunk: unknown,
    encoding: BufferEncoding,
    callback?: (error: Error | null | undefined) => void,
  ): boolean;
  override write(chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
    if (!isWritable(chunk)) return refuse(this, chunk, [encoding, callback]);
    return super.write(chunk, encoding as BufferEncoding, callback as () => void);
  }

  /** Nothing comes out of a stream that was destroyed. */
  override push(chunk: unknown, encoding?: BufferEncoding): boolean {
    const course = this.#course;
    if (course.over) return false;
    const wanted = super.push(chunk, encoding);
    if (!wanted) course.refused = true;
    return wanted;
  }

  /** Nothing: Node's own would still give what waits, where reading was under way. */
  override read(size?: number): ReturnType<Transform['read']> {
    return this.destroyed ? null : super.read(size);
  }

  override _write(chunk: unknown, _encoding: BufferEncoding, done: TransformCallback): void {
    const course = this.#course;
    let bytes: Buffer;
    try {
      bytes = bytesOf(this, chunk);
      if (course.raw) bytes = course.raw.take(bytes);
      if (course.packets) this.processAudio(bytes);
    } catch (error) {
      done(error as Error);
      return;
    }
    this.#work(course, bytes, course.packets ? bytes.length : 0, done);
  }

  // Node's Transform asks its reader once a chunk, after it; this one also within.
  #work(course: Course, bytes: Buffer, from: number, done: TransformCallback): void {
    let at = from;
    try {
      while (at < bytes.length && !course.refused && !course.over) {
        const end = Math.min(at + course.sliceBytes, bytes.length);
        this.processAudio(end - at === bytes.length ? bytes : bytes.subarray(at, end));
        at = end;
      }
    } catch (error) {
      done(error as Error);
      return;
    }
    if (course.refused) course.resume = () => this.#work(course, bytes, at, done);
    else done();
  }

  override _read(): void {
    const course = this.#course;
    course.refused = false;
    const { resume } = course;
    course.resume = undefined;
    resume?.();
  }

  override _flush(done: TransformCallback): void {
    const { raw } = this.#course;
    try {
      const last = raw?.drain();
      if (last && last.length > 0) this.processAudio(last);
      raw?.requireWhole();
      if (!this.#course.over) this.endAudio();
    } catch (error) {
      done(error as Error);
      return;
    }
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#stopListening?.();
    this.#course.over = true;
    this.#course.resume = undefined;
    this.release();
    done(error);
  }

  /** Destroys the stream, for `await using`; done when it is closed. */
  override async [Symbol.asyncDispose](): Promise<void> {
    this.destroy();
    if (!this.closed) await new Promise<void>((resolve) => this.once('close', () => resolve()));
  }
}
