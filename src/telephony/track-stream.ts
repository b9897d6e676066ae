/**
 * The audio of one side of a call, as it comes in, on the call's clock.
 * Not here: the messages that it came in.
 */
import { Readable } from 'node:stream';
import type { Line, LineFormat } from './line-format.js';

/** Node's own buffer. */
const READ_BUFFER_MS = 200;
/** What may wait for a reader. A socket that was paused for its sake would hold back marks and digits too. */
const MAX_WAITING_MS = 5_000;
/** Less than this may be the jitter of the times; what is left out is made up for once it adds up to so much. */
const MIN_GAP_MS = 100;
/** More than this, in either direction, is another clock, not a gap. */
const MAX_GAP_MS = 60_000;
/** A gap's silence is made in pieces of this length, as it is read. */
const SILENCE_MS = 1_000;

/**
 * The samples of one side, live, in the chunks that came; ends when the call does. A service may leave silence out, and
 * packets get lost: where the times of its messages leave a gap of 0.1 s to a minute, silence fills it, so that a place in
 * the stream is a time of the call to 0.1 s, on both sides the same. A reader that falls behind, or does not read, loses
 * the oldest audio beyond 5 s: {@link droppedMs}.
 */
export class TrackStream extends Readable {
  /** The call's: with Twilio µ-law, 8 000 Hz, mono. */
  readonly outputFormat: LineFormat;
  readonly #bytesPerMs: number;
  readonly #silence: number;
  /** What the next message begins at, on the call's clock. */
  #atMs = 0;
  /** Audio; or silence, as so many bytes of it. */
  readonly #waiting: (Buffer | number)[] = [];
  /** Of audio. */
  #waitingBytes = 0;
  #droppedBytes = 0;
  #filledMs = 0;
  #wanted = false;
  #ended = false;

  /** @internal */
  constructor({ format, bytesPerMs, silence }: Line) {
    super({ highWaterMark: READ_BUFFER_MS * bytesPerMs });
    this.outputFormat = format;
    this.#bytesPerMs = bytesPerMs;
    this.#silence = silence;
    // Errors are for whoever reads; nobody doing so must not end the process.
    this.on('error', () => {});
  }

  /** Milliseconds of audio that were thrown away since nobody read them in time: 0 or more. */
  get droppedMs(): number {
    return this.#droppedBytes / this.#bytesPerMs;
  }

  /** Milliseconds of silence that stand where the service sent nothing: 0 or more. */
  get filledMs(): number {
    return this.#filledMs;
  }

  /**
   * @param atMs when it was said, in milliseconds of the call, where the service tells
   * @internal
   */
  add(audio: Buffer, atMs: number | undefined): void {
    if (this.destroyed || this.#ended || audio.length === 0) return;
    if (atMs !== undefined) this.#goTo(atMs);
    this.#atMs += audio.length / this.#bytesPerMs;
    this.#waiting.push(audio);
    this.#waitingBytes += audio.length;
    this.#give();
    while (this.#waitingBytes > MAX_WAITING_MS * this.#bytesPerMs) this.#droppedBytes += this.#shift().length;
  }

  /** @internal */
  finish(): void {
    this.#ended = true;
    this.#give();
  }

  override _read(): void {
    this.#wanted = true;
    this.#give();
  }

  #goTo(atMs: number): void {
    const gapMs = Math.floor(atMs - this.#atMs);
    if (Math.abs(gapMs) > MAX_GAP_MS) {
      this.#atMs = atMs;
      return;
    }
    if (gapMs < MIN_GAP_MS) return;
    this.#atMs += gapMs;
    this.#filledMs += gapMs;
    this.#waiting.push(gapMs * this.#bytesPerMs);
  }

  #give(): void {
    while (this.#wanted && this.#waiting.length > 0) this.#wanted = this.push(this.#shift());
    if (this.#ended && this.#waiting.length === 0 && !this.destroyed) this.push(null);
  }

  #shift(): Buffer {
    const first = this.#waiting.shift() as Buffer | number;
    if (typeof first !== 'number') {
      this.#waitingBytes -= first.length;
      return first;
    }
    const bytes = Math.min(first, SILENCE_MS * this.#bytesPerMs);
    if (bytes < first) this.#waiting.unshift(first - bytes);
    return Buffer.alloc(bytes, this.#silence);
  }
}
