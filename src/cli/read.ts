/**
 * Whole inputs as bytes.
 * Not here: what the bytes mean.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { UsageError } from './errors.js';
import { STDIN } from './inputs.js';

export async function readWhole(path: string, signal?: AbortSignal): Promise<Uint8Array> {
  if (path === STDIN) return readStdin(signal);
  return (await isPipe(path)) ? readAll(openPipe(path), signal) : readFile(path, { signal });
}

export async function readStdin(signal?: AbortSignal): Promise<Buffer> {
  if (process.stdin.isTTY) {
    throw new UsageError('standard input is a terminal', 'pipe something into it, or name a file');
  }
  return readAll(process.stdin, signal);
}

export function isPipe(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isFIFO(),
    () => false,
  );
}

/** Waited for by the event loop: opened as a file it would block until somebody writes, and nothing could end that. */
function openPipe(path: string): Readable {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return new Socket({ fd, readable: true, writable: false });
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

async function readAll(stream: Readable, signal: AbortSignal | undefined): Promise<Buffer> {
  const stop = () => stream.destroy(signal?.reason);
  if (signal?.aborted) stop();
  else signal?.addEventListener('abort', stop);
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    return Buffer.concat(chunks);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
