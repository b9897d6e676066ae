/**
 * Bytes from wherever the caller has them, one chunk at a time.
 * Not here: what the bytes mean.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { argumentTypeError } from '../errors.js';

/** A path, bytes in memory, a Node stream, a web stream, or any async iterable of byte chunks. */
export type ByteSource =
  | string
  | Uint8Array
  | Readable
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>;

/**
 * One pass over a source. A chunk is valid until the next call: the buffer may be reused.
 * `next` gives undefined at the end; the source's own errors come through untouched.
 */
export interface ChunkReader {
  next(): Promise<Uint8Array | undefined>;
  /** Lets go of the source; safe at any moment, while a `next` is pending too. Never throws. */
  close(): void;
}

/** 4 s of 16 kHz 16-bit mono: large enough to make the thread hop cheap, small enough for hundreds of readers. */
const READ_BYTES = 128 * 1024;

/** @throws TypeError ERR_INVALID_ARG for anything that is not a ByteSource */
export function readerOf(source: ByteSource): ChunkReader {
  if (typeof source === 'string') return new FileReader(source);
  if (source instanceof Uint8Array) return new BytesReader(source);
  if (isWebStream(source)) return new WebReader(source);
  if (isAsyncIterable(source)) return new IterableReader(source);
  throw argumentTypeError(
    `the audio source must be a path, Uint8Array, Readable, ReadableStream or async iterable, got ${kind(source)}`,
  );
}

/**
 * Of a named pipe. Opened as a file it would hold a thread of the pool until somebody writes, for ever if nobody does;
 * a process could not even exit. The event loop can wait for it instead.
 */
export function pipeReader(path: string): ChunkReader {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return new IterableReader(new Socket({ fd, readable: true, writable: false }));
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function isWebStream(value: unknown): value is ReadableStream<Uint8Array> {
  return typeof (value as { getReader?: unknown } | null)?.getReader === 'function';
}

function isAsyncIterable(value: unknown): value is AsyncIterable<Uint8Array> {
  return typeof (value as { [Symbol.asyncIterator]?: unknown } | null)?.[Symbol.asyncIterator] === 'function';
}

function kind(value: unknown): string {
  if (value === null) return 'null';
  return typeof value === 'object' ? (value.constructor?.name ?? 'object') : typeof value;
}

function checkedChunk(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw argumentTypeError(`the audio source gave a ${kind(chunk)} where bytes (Uint8Array) are needed`);
}

class BytesReader implements ChunkReader {
  #bytes: Uint8Array | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  next(): Promise<Uint8Array | undefined> {
    const bytes = this.#bytes;
    this.#bytes = undefined;
    return Promise.resolve(bytes);
  }

  close(): void {
    this.#bytes = undefined;
  }
}

class FileReader implements ChunkReader {
  readonly #path: string;
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  #file: Promise<FileHandle> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async next(): Promise<Uint8Array | undefined> {
    this.#file ??= open(this.#path, 'r');
    const { bytesRead } = await (await this.#file).read(this.#buffer, 0, READ_BYTES, null);
    return bytesRead === 0 ? undefined : this.#buffer.subarray(0, bytesRead);
  }

  close(): void {
    this.#file?.then((file) => file.close()).catch(() => {});
  }
}

class WebReader implements ChunkReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  async next(): Promise<Uint8Array | undefined> {
    const { done, value } = await this.#reader.read();
    return done ? undefined : checkedChunk(value);
  }

  close(): void {
    this.#reader.cancel().catch(() => {});
  }
}

class IterableReader implements ChunkReader {
  readonly #source: AsyncIterable<Uint8Array>;
  readonly #iterator: AsyncIterator<Uint8Array>;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source;
    this.#iterator = source[Symbol.asyncIterator]();
  }

  async next(): Promise<Uint8Array | undefined> {
    const { done, value } = await this.#iterator.next();
    return done ? undefined : checkedChunk(value);
  }

  close(): void {
    // A generator that waits for its next chunk takes `return` only after that; a Node stream can be told at once.
    if (this.#source instanceof Readable) this.#source.destroy();
    try {
      this.#iterator.return?.()?.then(undefined, () => {});
    } catch {
      // The iterator's own clean-up failed; the operation has its result already.
    }
  }
}
