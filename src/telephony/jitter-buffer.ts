/**
 * Audio that arrives in chunks of any size, taken out as frames of 20 ms.
 * Not here: where it comes from (playback.ts), when a frame is due (pacer.ts).
 */
import { FRAME_BYTES, SILENCE } from './line-format.js';

/**
 * Begins to give frames once `prebufferBytes` are there, and after it has run dry waits for as much again: one longer
 * pause is heard as a pause, many short ones as a broken line. Chunks are kept as they are, not copied.
 */
export class JitterBuffer {
  readonly #prebufferBytes: number;
  readonly #chunks: Uint8Array[] = [];
  /** Taken already of the first chunk. */
  #offset = 0;
  #bytes = 0;
  #flowing = false;
  #ended = false;

  constructor(prebufferBytes: number) {
    this.#prebufferBytes = prebufferBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** All was put in and taken out. */
  get isDrained(): boolean {
    return this.#ended && this.#bytes === 0;
  }

  push(chunk: Uint8Array): void {
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

  /** Fills `frame`, the very last one with silence behind the audio; false: there is none now. */
  take(frame: Buffer): boolean {
    if (!this.#hasFrame()) return false;
    let filled = 0;
    while (filled < FRAME_BYTES && this.#bytes > 0) filled += this.#copy(frame, filled);
    frame.fill(SILENCE, filled);
    return true;
  }

  #hasFrame(): boolean {
    if (this.#ended) return this.#bytes > 0;
    const enough = Math.max(FRAME_BYTES, this.#flowing ? 0 : this.#prebufferBytes);
    this.#flowing = this.#bytes >= enough;
    return this.#flowing;
  }

  #copy(frame: Buffer, at: number): number {
    const chunk = this.#chunks[0] as Uint8Array;
    const part = chunk.subarray(this.#offset, this.#offset + FRAME_BYTES - at);
    frame.set(part, at);
    this.#offset += part.length;
    this.#bytes -= part.length;
    if (this.#offset === chunk.length) {
      this.#chunks.shift();
      this.#offset = 0;
    }
    return part.length;
  }
}
