/**
 * Audio that arrives in chunks of any size, taken out as frames of the line.
 * Not here: where it comes from (playback.ts), when a frame is due (pacer.ts).
 */
import type { Line } from './line-format.js';

/**
 * Begins to give frames once `prebufferBytes` are there, and after it has run dry waits for as much again: one longer
 * pause is heard as a pause, many short ones as a broken line. Chunks are kept as they are, not copied.
 */
export class JitterBuffer {
  readonly #line: Line;
  readonly #prebufferBytes: number;
  readonly #chunks: Buffer[] = [];
  /** Taken already of the first chunk. */
  #offset = 0;
  #bytes = 0;
  #flowing = false;
  #ended = false;

  constructor(line: Line, prebufferMs: number) {
    this.#line = line;
    this.#prebufferBytes = prebufferMs * line.bytesPerMs;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** All was put in and taken out. */
  get isDrained(): boolean {
    return this.#ended && this.#bytes === 0;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  /** No more will come: what is there is given without waiting for more. */
  end(): void {
    this.#ended = true;
  }

  clear(): void {
    this.#chunks.length = 0;
    this.#offset = 0;
    this.#bytes = 0;
  }

  /** Fills `frame`, which is one of the line's; the very last one with silence behind the audio; false: there is none now. */
  take(frame: Buffer): boolean {
    if (!this.#hasFrame()) return false;
    let filled = 0;
    while (filled < frame.length && this.#bytes > 0) filled += this.#copy(frame, filled);
    frame.fill(this.#line.silence, filled);
    return true;
  }

  #hasFrame(): boolean {
    if (this.#ended) return this.#bytes > 0;
    const enough = Math.max(this.#line.frameBytes, this.#flowing ? 0 : this.#prebufferBytes);
    this.#flowing = this.#bytes >= enough;
    return this.#flowing;
  }

  #copy(frame: Buffer, at: number): number {
    const chunk = this.#chunks[0] as Buffer;
    const copied = chunk.copy(frame, at, this.#offset);
    this.#offset += copied;
    this.#bytes -= copied;
    if (this.#offset === chunk.length) {
      this.#chunks.shift();
      this.#offset = 0;
    }
    return copied;
  }
}
