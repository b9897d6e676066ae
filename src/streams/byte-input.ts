/**
 * What every stream of this package does with its caller: refuses what is no bytes, listens to a signal.
 * Not here: what the bytes are (raw-input.ts).
 */
import type { Readable, Writable } from 'node:stream';
import { isUint8Array } from 'node:util/types';
import { onAbort } from '../abort.js';
import { describe } from '../audio/arguments.js';
import { argumentTypeError } from '../errors.js';

/** @throws TypeError ERR_INVALID_ARG unless it is an AbortSignal or undefined. */
export function requireSignal(signal: unknown): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw argumentTypeError(`signal must be an AbortSignal, got ${describe(signal)}`);
}

/** Destroys the stream with the signal's reason; returns the way to stop listening. */
export function destroyOn(signal: AbortSignal, stream: Readable | Writable): () => void {
  const abort = () => stream.destroy(signal.reason);
  if (!signal.aborted) return onAbort(signal, abort);
  // Not within the stream's constructor: it has nothing to release yet.
  process.nextTick(abort);
  return () => {};
}

/** Whether `write` passes it on: bytes, and a null, which is Node's own affair. */
export function isWritable(chunk: unknown): boolean {
  return isUint8Array(chunk) || chunk === null;
}

/**
 * Destroys a stream to which something was written that it does not take, as `write(chunk, …rest)`. Returns false.
 *
 * @param takes What it does take, for the message. Default: bytes.
 */
export function refuse(stream: Writable, chunk: unknown, rest: readonly unknown[], takes?: string): false {
  const error = wrongChunk(stream, chunk, takes);
  const callback = rest.find((argument) => typeof argument === 'function');
  if (callback) process.nextTick(callback as (error: Error) => void, error);
  stream.destroy(error);
  return false;
}

/** @throws TypeError ERR_INVALID_ARG for what Node lets pass to `_write`: strings, by `end`. */
export function bytesOf(stream: Writable, chunk: unknown): Buffer {
  if (!isUint8Array(chunk)) throw wrongChunk(stream, chunk);
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
}

function wrongChunk(stream: Writable, chunk: unknown, takes = 'bytes (a Buffer or Uint8Array)'): TypeError {
  return argumentTypeError(`${stream.constructor.name} takes ${takes}, got ${describe(chunk)}`);
}
