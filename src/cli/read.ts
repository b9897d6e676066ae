/**
 * Whole inputs as bytes.
 * Not here: what the bytes mean.
 */
import { readFile } from 'node:fs/promises';
import { UsageError } from './errors.js';
import { STDIN } from './inputs.js';

export async function readWhole(path: string, signal?: AbortSignal): Promise<Uint8Array> {
  return path === STDIN ? readStdin(signal) : readFile(path, { signal });
}

export async function readStdin(signal?: AbortSignal): Promise<Buffer> {
  if (process.stdin.isTTY) {
    throw new UsageError('standard input is a terminal', 'pipe something into it, or name a file');
  }
  const stop = () => process.stdin.destroy(signal?.reason);
  signal?.addEventListener('abort', stop);
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk);
    return Buffer.concat(chunks);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
