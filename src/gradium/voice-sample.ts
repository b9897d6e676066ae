/**
 * The sample that a voice is made from: what it is called, how long it is, whether it can be sent again.
 * Not here: reading its audio, which the service does; the form that it goes in (src/speech/multipart.ts).
 */
import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { audioContainer, containerHeadBytes } from '../audio/index.js';
import { argumentRangeError } from '../errors.js';
import { type ByteSource, type ChunkReader, pipeReader, readerOf, type Scope } from '../speech/index.js';
import { replaying } from './source-container.js';

export interface SampleOptions {
  fileName: string | undefined;
  inputFormat: string | undefined;
}

interface SampleName {
  fileName: string;
  /** Undefined: the service goes by the name. */
  inputFormat: string | undefined;
}

export interface VoiceSample extends SampleName {
  /** Undefined: nobody knows before its end. */
  bytes: number | undefined;
  /** From its beginning. */
  open(): ChunkReader;
  /** Whether it can be opened once more. */
  again(): boolean;
  /** Lets go of it; a stream is destroyed unless it was read to its end. */
  close(): void;
}

/** What the service takes for the end of a name; the others are called here as they are there. */
const SUFFIXES: Record<string, string> = {
  mp4: 'm4a',
  matroska: 'webm',
  asf: 'wma',
  nist: 'sph',
  wavpack: 'wv',
};
/** Tells any container. */
const HEAD_BYTES = 4096;
const WAV_MAGICS = ['RIFF', 'RIFX', 'RF64', 'BW64'];

/**
 * @throws (rejects) TypeError, RangeError ERR_INVALID_ARG for what is no source, is empty, or is in a format that nobody
 * named and its first bytes do not tell; errors of the file system and of the source, untouched
 */
export async function openSample(
  source: ByteSource,
  options: SampleOptions,
  scope: Scope,
): Promise<VoiceSample> {
  if (source instanceof Uint8Array) {
    const head = source.subarray(0, HEAD_BYTES);
    return wholeSample(source, source.length, await named(options, async () => head));
  }
  if (typeof source !== 'string') return streamSample(readerOf(source), options, scope);
  const stats = await scope.wait(stat(source));
  const told = { ...options, fileName: options.fileName ?? basename(source) };
  if (stats.isFile()) {
    return wholeSample(source, stats.size, await named(told, () => headOf(readerOf(source), scope)));
  }
  return streamSample(stats.isFIFO() ? pipeReader(source) : readerOf(source), told, scope);
}

function wholeSample(source: string | Uint8Array, bytes: number, name: SampleName): VoiceSample {
  if (bytes === 0) throw emptyError();
  return { ...name, bytes, open: () => readerOf(source), again: () => true, close: () => {} };
}

async function streamSample(reader: ChunkReader, options: SampleOptions, scope: Scope): Promise<VoiceSample> {
  try {
    const head = await readHead(reader, scope);
    if (head.length === 0) throw emptyError();
    const name = await named(options, async () => head);
    const whole = replaying(head, reader);
    let taken = false;
    const next = () => {
      taken = true;
      return whole.next();
    };
    // An attempt that met nobody has taken nothing, so the next one may go on with it.
    const open = () => ({ next, close: () => {} });
    return { ...name, bytes: undefined, open, again: () => !taken, close: () => reader.close() };
  } catch (error) {
    reader.close();
    throw error;
  }
}

async function headOf(reader: ChunkReader, scope: Scope): Promise<Uint8Array> {
  try {
    return await readHead(reader, scope);
  } finally {
    reader.close();
  }
}

/** As much as tells the format. The last chunk is not copied: it stays what it is until the reader is asked again. */
async function readHead(reader: ChunkReader, scope: Scope): Promise<Uint8Array> {
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < containerHeadBytes(head)) {
    const kept = Buffer.from(head);
    const chunk = await scope.wait(reader.next());
    if (chunk === undefined) return kept;
    head = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
  }
  return head;
}

/** The service goes by the end of the name; where there is none, by what we say it is. */
async function named(
  { fileName, inputFormat }: SampleOptions,
  head: () => Promise<Uint8Array>,
): Promise<SampleName> {
  if (fileName !== undefined && (inputFormat !== undefined || extname(fileName).length > 1)) {
    return { fileName, inputFormat };
  }
  const suffix = suffixOf(await head()) ?? inputFormat?.match(/^[a-z0-9]+/i)?.[0];
  if (suffix === undefined) {
    throw argumentRangeError(
      'what the sample is in cannot be told from its first bytes: pass inputFormat, or a fileName that ends in it',
    );
  }
  if (fileName === undefined) return { fileName: `sample.${suffix}`, inputFormat };
  return { fileName, inputFormat: suffix };
}

/** `audioContainer` takes all that it does not know for a WAV. */
function suffixOf(head: Uint8Array): string | undefined {
  const container = audioContainer(head);
  if (container === 'ogg') return 'ogg';
  if (container !== 'wav') return SUFFIXES[container.name] ?? container.name;
  return WAV_MAGICS.includes(Buffer.from(head.subarray(0, 4)).toString('latin1')) ? 'wav' : undefined;
}

function emptyError(): RangeError {
  return argumentRangeError('the sample is empty');
}
