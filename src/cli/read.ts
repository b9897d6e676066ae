/**
 * Inputs as bytes, in chunks; standard input as text too; other containers as the WAV that FFmpeg makes of them.
 * Not here: what the bytes mean.
 */
import { closeSync, constants, createReadStream, openSync } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { FfmpegReader } from '../audio/index.js';
import { UsageError } from './errors.js';
import { STDIN } from './inputs.js';

/** Fails for what is no file, is not there or may not be read, before anything is made for its sake. */
export async function checkReadable(path: string): Promise<void> {
  if (path === STDIN) return;
  await access(path, constants.R_OK);
  if (!(await stat(path)).isDirectory()) return;
  // As Node says it of other calls; with the one that reads it leaves the path out.
  throw Object.assign(new Error(`EISDIR: illegal operation on a directory, read '${path}'`), {
    code: 'EISDIR',
    path,
  });
}

/** Standard input as text in UTF-8, as it comes. */
export async function* readStdinText(signal: AbortSignal): AsyncGenerator<string, void, undefined> {
  checkStdin();
  const decoder = new StringDecoder('utf8');
  for await (const chunk of untilAborted(process.stdin, signal)) yield decoder.write(chunk);
  yield decoder.end();
}

/** Large enough that reading costs little beside the work, small enough for a processor's cache. */
const CHUNK_BYTES = 128 * 1024;

/**
 * An input of any length in chunks; its size where it is a regular file.
 * @throws {UsageError} when standard input is a terminal; errors of the file system come with the first chunk
 */
export async function openChunks(
  path: string,
  signal: AbortSignal,
): Promise<{ chunks: AsyncIterable<Uint8Array>; fileBytes?: number }> {
  if (path === STDIN) {
    checkStdin();
    return { chunks: untilAborted(process.stdin, signal) };
  }
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isFIFO()) return { chunks: untilAborted(openPipe(path), signal) };
  const chunks = untilAborted(createReadStream(path, { highWaterMark: CHUNK_BYTES }), signal);
  return stats?.isFile() ? { chunks, fileBytes: stats.size } : { chunks };
}

/** The chunks of a recording, and who makes them where its container is not read here. */
export interface RecordingChunks {
  chunks: AsyncIterable<Uint8Array>;
  /** The size of a regular file that is read as it is. */
  fileBytes?: number;
  decoder?: FfmpegReader;
  /** Who reads the chunks: WavReader, also what FFmpeg makes, or the readers of Ogg Opus. */
  container: 'wav' | 'ogg';
}

/**
 * As `openChunks`, of a recording with a header. The file's name does not count, its first bytes do.
 * @throws what `openChunks` throws, and errors of reading those bytes
 */
export async function openRecording(
  audio: typeof import('../audio/index.js'),
  path: string,
  signal: AbortSignal,
): Promise<RecordingChunks> {
  const stats = path === STDIN ? undefined : await stat(path).catch(() => undefined);
  if (stats?.isFile()) {
    const container = audio.audioContainer(path);
    if (typeof container === 'string') return { ...(await openChunks(path, signal)), container };
    const decoder = new audio.FfmpegReader(path, { container, signal }); // it can go back and forth in a file
    return { chunks: decoder, decoder, container: 'wav' };
  }
  const opened = await openChunks(path, signal);
  const iterator = opened.chunks[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < audio.containerHeadBytes(head)) {
    const { done, value } = await iterator.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  const container = audio.audioContainer(head);
  const chunks = replayed(head, iterator);
  if (typeof container === 'string') return { chunks, container };
  const decoder = new audio.FfmpegReader(chunks, { container, signal });
  return { chunks: decoder, decoder, container: 'wav' };
}

async function* replayed(
  head: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    if (head.length > 0) yield head;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

/** What is odd about a recording: FFmpeg's WAV leaves its length open because of the pipe, not of the recording. */
export function recordingWarnings(warnings: readonly string[], decoder: FfmpegReader | undefined): string[] {
  if (decoder === undefined) return [...warnings];
  return [...warnings.filter((code) => code !== 'size-unknown'), ...decoder.warnings];
}

function checkStdin(): void {
  if (process.stdin.isTTY) {
    throw new UsageError('standard input is a terminal', 'pipe something into it, or name a file');
  }
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

async function* untilAborted(stream: Readable, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  const stop = () => stream.destroy(signal?.reason);
  if (signal?.aborted) stop();
  else signal?.addEventListener('abort', stop);
  try {
    yield* stream;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
