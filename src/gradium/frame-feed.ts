/**
 * The frames of a recording, one part after the other, from anywhere on.
 * Not here: bytes to frames (source-frames.ts), where they go.
 */
import { type ChunkReader, type Scope, Turns } from '../speech/index.js';
import type { SourceFound } from './audio-sender.js';
import type { Recording } from './recording.js';
import { openFrames, type SourceFrames } from './source-frames.js';
import type { SampleLayout } from './source-layout.js';

export class FrameFeed {
  readonly #recording: Recording;
  readonly #scope: Scope;
  readonly #turns = new Turns();
  #frames: SourceFrames;
  #reader: ChunkReader | undefined;
  #parts: AsyncIterator<Uint8Array> | undefined;
  #unread: Uint8Array | undefined;
  #atBytes = 0;

  constructor(recording: Recording, scope: Scope) {
    this.#recording = recording;
    this.#scope = scope;
    this.#frames = openFrames(recording);
  }

  get layout(): SampleLayout {
    return this.#frames.layout;
  }

  /** Of what comes next. */
  get atBytes(): number {
    return this.#atBytes;
  }

  /** Of the whole source, once `next` has come to its end. */
  get found(): SourceFound {
    return this.#frames.found;
  }

  /** What comes next is valid until the next call; undefined at the end. @throws what is wrong with the source */
  async next(): Promise<Uint8Array | undefined> {
    const wait = this.#turns.due();
    if (wait) await this.#scope.wait(wait);
    const part = this.#unread ?? (await this.#read());
    this.#unread = undefined;
    this.#atBytes += part?.length ?? 0;
    return part;
  }

  /** Takes back the end of what `next` gave. */
  unread(bytes: Uint8Array): void {
    this.#atBytes -= bytes.length;
    this.#unread = bytes;
  }

  /** Goes to a place in the frames: on to it, or back, where the source can be read again. */
  async seek(toBytes: number): Promise<void> {
    if (toBytes < this.#atBytes) this.#rewind();
    while (this.#atBytes < toBytes) {
      const part = await this.next();
      if (!part) return;
      const beyond = this.#atBytes - toBytes;
      if (beyond > 0) this.unread(part.subarray(part.length - beyond));
    }
  }

  close(): void {
    this.#reader?.close();
    this.#frames.close();
  }

  async #read(): Promise<Uint8Array | undefined> {
    this.#parts ??= this.#all();
    const { done, value } = await this.#parts.next();
    return done ? undefined : value;
  }

  async *#all(): AsyncGenerator<Uint8Array> {
    this.#reader = this.#recording.open();
    for (;;) {
      const chunk = await this.#scope.wait(this.#reader.next());
      if (!chunk) break;
      yield* this.#frames.push(chunk);
    }
    yield* this.#frames.finish();
  }

  #rewind(): void {
    this.close();
    this.#frames = openFrames(this.#recording);
    this.#parts = undefined;
    this.#unread = undefined;
    this.#atBytes = 0;
  }
}
