/**
 * The audio of one side of a call, as it comes in.
 * Not here: the messages that it came in.
 */
import { Readable } from 'node:stream';
import type { RawAudioFormat } from '../format.js';
import { BYTES_PER_MS, LINE_FORMAT } from './line-format.js';

/** Node's own buffer. */
const READ_BUFFER_MS = 200;
/** What may wait for a reader. A socket that was paused for its sake would hold back marks and digits too. */
const MAX_WAITING_MS = 5_000;

/**
 * µ-law bytes at 8 kHz, live, in the chunks that came; ends when the call does. A reader that falls behind, or does not
 * read, loses the oldest audio beyond 5 s: {@link droppedMs}.
 */
export class TrackStream extends Readable {
  /** µ-law, 8 000 Hz, mono. */
  readonly outputFormat: RawAudioFormat = LINE_FORMAT;
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #droppedBytes = 0;
  #wanted = false;
  #ended = false;

  /** Made by the bridge. */
  constructor() {
    super({ highWaterMark: READ_BUFFER_MS * BYTES_PER_MS });
    // Errors are for whoever reads; nobody doing so must not end the process.
    this.on('error', () => {});
  }

  /** Milliseconds of audio that were thrown away since nobody read them in time: 0 or more. */
  get droppedMs(): number {
    return this.#droppedBytes / BYTES_PER_MS;
  }

  /** @internal */
  add(audio: Buffer): void {
    if (this.destroyed || this.#ended || audio.length === 0) return;
    this.#waiting.push(audio);
    this.#waitingBytes += audio.length;
    this.#give();
    while (this.#waitingBytes > MAX_WAITING_MS * BYTES_PER_MS) this.#droppedBytes += this.#shift().length;
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

  #give(): void {
    while (this.#wanted && this.#waiting.length > 0) this.#wanted = this.push(this.#shift());
    if (this.#ended && this.#waiting.length === 0 && !this.destroyed) this.push(null);
  }

  #shift(): Buffer {
    const audio = this.#waiting.shift() as Buffer;
    this.#waitingBytes -= audio.length;
    return audio;
  }
}
