/** Interleaved channels, each a stream of its own. Not here: mixing them (sample-converter.ts). */
import { Readable, Writable } from 'node:stream';
import { requireOptions } from '../audio/arguments.js';
import { sampleBytes } from '../format.js';
import type { AudioTransformOptions } from './audio-transform.js';
import { bytesOf, destroyOn, isWritable, refuse, requireSignal } from './byte-input.js';
import { cut, room } from './output-slab.js';
import { RawInput } from './raw-input.js';
import { checkSources } from './source-check.js';
import {
  amountOf,
  frameBytes,
  type RawStreamFormat,
  requireHighWaterMarkMs,
  requireRawFormat,
} from './stream-format.js';

type Callback = (error?: Error | null) => void;

/** What a {@link ChannelSplitter} takes. */
export interface ChannelSplitterOptions extends AudioTransformOptions {
  /** The samples that come in. */
  format: RawStreamFormat;
}

/** The most bytes of a chunk's that are split before the readers are asked. */
const SLICE_BYTES = 65_536;

/** One channel: tells the splitter when its reader wants more, and when it wants no more at all. */
class Channel extends Readable {
  /** What it gives: the splitter's input, mono. */
  readonly outputFormat: RawStreamFormat;
  readonly #wanted: (channel: Channel) => void;
  readonly #stopListening: (() => void) | undefined;

  constructor(
    outputFormat: RawStreamFormat,
    highWaterMark: number,
    wanted: (channel: Channel) => void,
    signal: AbortSignal | undefined,
  ) {
    super({ highWaterMark });
    this.outputFormat = outputFormat;
    this.#wanted = wanted;
    // The splitter may have ended by then.
    if (signal) this.#stopListening = destroyOn(signal, this);
    // The splitter emits it too; who reads only some of the channels need not listen to the others.
    this.on('error', () => {});
  }

  override _read(): void {
    this.#wanted(this);
  }

  override _destroy(error: Error | null, done: Callback): void {
    this.#stopListening?.();
    done(error);
    this.#wanted(this);
  }
}

/**
 * The two sides of a call, or however many channels there are: interleaved samples in, `channels` out, one stream each.
 *
 * All are read at one pace: when one of them holds `highWaterMarkMs` of audio that nobody reads, the source is asked to
 * pause. One that is not wanted is to be destroyed; its samples are then dropped. When all are destroyed, so is the
 * splitter; when the splitter is before its end, so are they, with its error. A signal destroys those that are left after it.
 *
 * @example
 * import { createReadStream, createWriteStream } from 'node:fs';
 * import { pipeline } from 'node:stream/promises';
 *
 * const splitter = new ChannelSplitter({ format: { encoding: 's16le', sampleRateHz: 8000, channels: 2 } });
 * const [caller, agent] = splitter.channels;
 * if (!caller || !agent) throw new Error('two channels');
 * await Promise.all([
 *   pipeline(createReadStream('call-stereo.s16'), splitter),
 *   pipeline(caller, createWriteStream('caller.s16')),
 *   pipeline(agent, createWriteStream('agent.s16')),
 * ]);
 */
export class ChannelSplitter extends Writable {
  /** What it takes. */
  readonly inputFormat: RawStreamFormat;
  /** A stream of mono samples for each channel, in their order. */
  readonly channels: readonly Readable[];
  readonly #channels: readonly Channel[];
  readonly #raw: RawInput;
  readonly #sampleBytes: number;
  readonly #frameBytes: number;
  readonly #stopListening: (() => void) | undefined;
  /** Channels whose readers have enough. */
  readonly #full = new Set<Channel>();
  /** What goes on when none has. */
  #resume: (() => void) | undefined;
  #ended = false;

  /** @throws TypeError or RangeError ERR_INVALID_ARG; RangeError ERR_INVALID_RATE, ERR_INVALID_CHANNELS, ERR_INVALID_OPTION. */
  constructor(options: ChannelSplitterOptions) {
    requireOptions(options, 'new ChannelSplitter');
    const format = requireRawFormat(options.format, 'ChannelSplitter');
    const ms = requireHighWaterMarkMs(options.highWaterMarkMs ?? 500);
    const signal = requireSignal(options.signal);
    super({ decodeStrings: false, highWaterMark: amountOf(format, ms) });
    this.inputFormat = format;
    // Before its channels do, which destroy it when all of them are destroyed.
    if (signal) this.#stopListening = destroyOn(signal, this);
    const mono = { ...format, channels: 1 };
    const wanted = (channel: Channel) => this.#wanted(channel);
    this.#channels = Array.from(
      { length: format.channels ?? 1 },
      () => new Channel(mono, amountOf(mono, ms), wanted, signal),
    );
    this.channels = this.#channels;
    this.#raw = new RawInput(format, this.constructor.name);
    this.#sampleBytes = sampleBytes(format.encoding);
    this.#frameBytes = frameBytes(format);
    checkSources(this);
    if (signal?.aborted) this.destroy(signal.reason);
  }

  /**
   * Anything but bytes destroys the splitter: thrown from here, the error would pass by whoever joined the streams.
   *
   * @param chunk A Buffer or another Uint8Array.
   * @returns Whether it takes more for now; else wait for `drain`.
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

  override _write(chunk: unknown, _encoding: BufferEncoding, done: Callback): void {
    try {
      this.#work(this.#raw.take(bytesOf(this, chunk)), 0, done);
    } catch (error) {
      done(error as Error);
    }
  }

  #work(bytes: Buffer, from: number, done: Callback): void {
    const slice = Math.max(1, Math.floor(SLICE_BYTES / this.#frameBytes)) * this.#frameBytes;
    let at = from;
    try {
      for (; at < bytes.length && this.#full.size === 0 && !this.destroyed; at += slice)
        this.#split(bytes.subarray(at, at + slice));
    } catch (error) {
      done(error as Error);
      return;
    }
    if (this.#full.size === 0) done();
    else this.#resume = () => this.#work(bytes, at, done);
  }

  #split(bytes: Buffer): void {
    this.#channels.forEach((channel, index) => {
      if (channel.destroyed) return;
      if (!channel.push(this.#samplesOf(bytes, index)) && !channel.destroyed) this.#full.add(channel);
    });
  }

  /** One channel's samples, byte by byte: the core has no call yet that takes one channel out of several. */
  #samplesOf(bytes: Buffer, index: number): Buffer {
    const [size, frame] = [this.#sampleBytes, this.#frameBytes];
    const length = (bytes.length / frame) * size;
    const out = cut(room(length), length);
    for (let from = index * size, to = 0; to < length; from += frame, to += size) {
      for (let i = 0; i < size; i++) out[to + i] = bytes[from + i] as number;
    }
    return out;
  }

  #wanted(channel: Channel): void {
    this.#full.delete(channel);
    if (!this.#ended && this.#channels.every(({ destroyed }) => destroyed)) this.destroy();
    if (this.#full.size > 0) return;
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  override _final(done: Callback): void {
    try {
      const last = this.#raw.drain();
      if (last.length > 0) this.#split(last);
      this.#raw.requireWhole();
    } catch (error) {
      done(error as Error);
      return;
    }
    this.#ended = true;
    for (const channel of this.#channels) if (!channel.destroyed) channel.push(null);
    done();
  }

  override _destroy(error: Error | null, done: Callback): void {
    this.#stopListening?.();
    this.#resume = undefined;
    // After its end they still have readers to come.
    if (!this.#ended) for (const channel of this.#channels) channel.destroy(error ?? undefined);
    done(error);
  }

  /** Destroys the splitter, and its channels unless it has ended, for `await using`; done when it is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.destroy();
    if (!this.closed) await new Promise<void>((resolve) => this.once('close', () => resolve()));
  }
}
