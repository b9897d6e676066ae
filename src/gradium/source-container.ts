/**
 * Which container a source is in, by its first bytes, and one that FFmpeg reads as a chunk reader of a WAV.
 * Not here: what the samples are and how they are sent (recording.ts).
 */
import { audioContainer, containerHeadBytes, FfmpegReader, type ForeignContainer } from '../audio/index.js';
import { type ChunkReader, readerOf, type Scope } from '../speech/index.js';

/** A recording that FFmpeg decodes. */
export interface Foreign {
  container: ForeignContainer;
  /** Starts FFmpeg with its first `next`. */
  open(): FfmpegReader;
}

/** What a whole source is: FFmpeg reads a path itself. */
export function containerOfWhole(
  source: string | Uint8Array,
  ffmpeg: string | undefined,
): 'wav' | 'ogg' | Foreign {
  const container = audioContainer(source);
  if (typeof container === 'string') return container;
  const bytes = () => (typeof source === 'string' ? source : chunksOf(readerOf(source)));
  return { container, open: () => new FfmpegReader(bytes(), { container, ffmpeg }) };
}

/** Reads the first bytes of a stream; `reader` gives them again before the rest. */
export async function containerOfStream(
  reader: ChunkReader,
  ffmpeg: string | undefined,
  scope: Scope,
): Promise<{ reader: ChunkReader; container: 'wav' | 'ogg' | Foreign }> {
  let head = Buffer.alloc(0);
  while (head.length < containerHeadBytes(head)) {
    const chunk = await scope.wait(reader.next());
    if (chunk === undefined) break;
    head = Buffer.concat([head, chunk]);
  }
  const whole = replaying(head, reader);
  const container = audioContainer(head);
  if (typeof container === 'string') return { reader: whole, container };
  const open = () => new FfmpegReader(chunksOf(whole), { container, ffmpeg });
  return { reader: whole, container: { container, open } };
}

async function* chunksOf(reader: ChunkReader): AsyncGenerator<Uint8Array> {
  try {
    for (let chunk = await reader.next(); chunk !== undefined; chunk = await reader.next()) yield chunk;
  } finally {
    reader.close();
  }
}

/** `head` first, then the rest of the reader. */
export function replaying(head: Uint8Array, reader: ChunkReader): ChunkReader {
  let first: Uint8Array | undefined = head;
  return {
    next() {
      if (!first) return reader.next();
      const chunk = first;
      first = undefined;
      return Promise.resolve(chunk);
    },
    close: () => reader.close(),
  };
}
