/**
 * Text messages to a WebSocket's stream as frames, masked by the addon, as many as there are at a time in one write: masking
 * in JavaScript, and a write for each message, are most of what a client costs that sends audio.
 * Not here: control frames, which ws writes; the stream and what happens to it (socket.ts).
 */
import { randomFillSync } from 'node:crypto';
import type { Writable } from 'node:stream';
import { native } from '../native/index.js';

/** RFC 6455 §5.2: two bytes, eight of length, four of masking key. */
const MAX_HEADER_BYTES = 14;
/** What goes out in one write at most, but for a message that is larger by itself. */
const ARENA_BYTES = 64 * 1024;

/**
 * Frames are made here and written from here, for all sockets of the thread. What the kernel took at once is used again;
 * what it did not take belongs to the stream that writes it, and the next frames come behind it.
 */
let arena = Buffer.alloc(0);
/** Frames that nobody was given lie from `begin` to `end`; they are all for `#stream` of `owner`. */
let begin = 0;
let end = 0;
let owner: FrameWriter | undefined;

export class FrameWriter {
  readonly #stream: Writable;
  readonly #isOpen: () => boolean;
  readonly #sent: (error?: Error | null) => void;
  #messages = 0;

  /**
   * @param isOpen whether anything may still be written; if not, what is pending is dropped
   * @param sent called for each message that was written, in order, when the kernel has all of it or never will
   */
  constructor(stream: Writable, isOpen: () => boolean, sent: (error?: Error | null) => void) {
    this.#stream = stream;
    this.#isOpen = isOpen;
    this.#sent = sent;
  }

  /** Bytes that the stream was not given yet. */
  get pendingBytes(): number {
    return owner === this ? end - begin : 0;
  }

  /** The message, which may be reused at once, goes out when the stack is empty, or before. */
  write(message: Uint8Array): void {
    if (owner !== this) {
      owner?.flush();
      owner = this;
      queueMicrotask(() => this.flush());
    }
    const room = message.length + MAX_HEADER_BYTES;
    if (arena.length - end < room) this.#renewArena(room);
    end += native.writeTextFrame(message, nextKey(), arena, end);
    this.#messages++;
  }

  flush(): void {
    if (owner !== this) return;
    owner = undefined;
    const messages = this.#messages;
    this.#messages = 0;
    let taken = true;
    if (this.#isOpen()) {
      this.#stream.write(arena.subarray(begin, end), (error) => {
        for (let i = 0; i < messages; i++) this.#sent(error);
      });
      taken = this.#stream.writableLength === 0;
    }
    if (taken) end = begin;
    else begin = end;
  }

  #renewArena(room: number): void {
    if (this.#messages > 0) {
      this.flush();
      owner = this;
    }
    if (arena.length - end >= room) return;
    arena = Buffer.allocUnsafeSlow(Math.max(ARENA_BYTES, room));
    begin = 0;
    end = 0;
  }
}

const keys = new Uint32Array(2048);
let keysUsed = keys.length;

/** RFC 6455 §10.3: from a strong source, so that nobody who chose the message can choose the bytes on the wire. */
function nextKey(): number {
  if (keysUsed === keys.length) {
    randomFillSync(keys);
    keysUsed = 0;
  }
  return keys[keysUsed++] as number;
}
