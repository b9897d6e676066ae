/**
 * A source looked at before anything is sent: what it is, how it goes on the wire, whether it can be read again.
 * Not here: reading bytes (src/speech/source.ts), which container it is in (source-container.ts), sending it (transcribe.ts).
 */
import { stat } from 'node:fs/promises';
import { type AudioInfo, probeAudio } from '../audio/index.js';
import { argumentTypeError, UnsupportedError } from '../errors.js';
import type { AudioFormat, WireFormat } from '../format.js';
import { type ByteSource, type ChunkReader, pipeReader, readerOf, type Scope } from '../speech/index.js';
import type { SentSource, SourceFound } from './audio-sender.js';
import { readOggFacts } from './ogg-facts.js';
import { containerOfStream, containerOfWhole, type Foreign, replaying } from './source-container.js';
import { SourceHead } from './source-head.js';
import {
  checkWire,
  frameBytes,
  layoutOf,
  type SampleLayout,
  type SourceLayout,
  wireFor,
} from './source-layout.js';
import type { TranscriptSource } from './types.js';

export interface Recording extends SentSource {
  /** The path, where there is one. */
  name: string | undefined;
  untouched: boolean;
  /** In seconds, where it is known beforehand. */
  durationS: number | undefined;
  /** Nothing but a header, if that. */
  empty: boolean;
  /** Whether `open` may be called more than once. */
  again: boolean;
  open(): ChunkReader;
  /** Set when FFmpeg makes the WAV that `open` gives. */
  decoder?: { container: string; warnings(): readonly string[] };
  /** Ends what was opened beforehand and never used; safe at any moment. */
  close?(): void;
}

const WAV: AudioFormat = { container: 'wav' };

export interface RecordingOptions {
  /** Undefined: the bytes say it, a WAV, Ogg Opus or what FFmpeg reads. */
  format: AudioFormat | undefined;
  wire: 'auto' | WireFormat;
  /** Path of the program. */
  ffmpeg: string | undefined;
}

/**
 * @throws FormatError, UnsupportedError, FfmpegError, TypeError, RangeError about the source; the file system's own
 * errors; the scope's failure
 */
export async function openRecording(
  source: ByteSource,
  options: RecordingOptions,
  scope: Scope,
): Promise<Recording> {
  if (options.format !== undefined) {
    layoutOf(options.format);
    checkWire(options.format, options.wire);
  }
  if (source instanceof Uint8Array) return openWhole(source, source.length, options, scope);
  let reader: ChunkReader;
  if (typeof source === 'string') {
    const stats = await scope.wait(stat(source));
    if (stats.isFile()) return openWhole(source, stats.size, options, scope);
    // A pipe (`<(…)`, /dev/stdin) has no end to look at and cannot be read twice.
    reader = stats.isFIFO() ? pipeReader(source) : readerOf(source);
  } else {
    reader = readerOf(source);
  }
  try {
    const recording = await openStream(reader, options, scope);
    return typeof source === 'string' ? { ...recording, name: source } : recording;
  } catch (error) {
    reader.close();
    throw error;
  }
}

async function openWhole(
  source: string | Uint8Array,
  bytes: number,
  { format, wire, ffmpeg }: RecordingOptions,
  scope: Scope,
): Promise<Recording> {
  if (format !== undefined) return wholeRecording(source, bytes, format, wire, scope);
  const container = containerOfWhole(source, ffmpeg);
  if (typeof container === 'string') return wholeRecording(source, bytes, { container }, wire, scope);
  const recording = { ...(await decodedRecording(container, wire, scope)), again: true };
  return typeof source === 'string' ? { ...recording, name: source } : recording;
}

async function openStream(
  reader: ChunkReader,
  { format, wire, ffmpeg }: RecordingOptions,
  scope: Scope,
): Promise<Recording> {
  if (format !== undefined) return streamedRecording(reader, format, wire, scope);
  const { reader: whole, container } = await containerOfStream(reader, ffmpeg, scope);
  if (typeof container === 'string') return streamedRecording(whole, { container }, wire, scope);
  const recording = await decodedRecording(container, wire, scope);
  const close = () => {
    recording.close?.();
    reader.close();
  };
  return { ...recording, close };
}

/** The first reader has given the head of the WAV already; a new attempt has one of its own. */
async function decodedRecording(
  foreign: Foreign,
  wire: 'auto' | WireFormat,
  scope: Scope,
): Promise<Recording> {
  const { container } = foreign;
  if (wire === 'wav') {
    throw argumentTypeError(
      `wire 'wav' sends a WAV as it is; this is ${container.title}: leave wire at 'auto'`,
    );
  }
  let reader = foreign.open();
  try {
    const recording = await streamedRecording(reader, WAV, wire, scope);
    let first: ChunkReader | undefined = recording.open();
    const open = () => {
      const head = first;
      first = undefined;
      if (head === undefined) reader = foreign.open();
      return head ?? reader;
    };
    const decoder = { container: container.name, warnings: () => reader.warnings };
    return { ...recording, open, decoder, close: () => reader.close() };
  } catch (error) {
    reader.close();
    throw error;
  }
}

async function wholeRecording(
  source: string | Uint8Array,
  bytes: number,
  format: AudioFormat,
  wire: 'auto' | WireFormat,
  scope: Scope,
): Promise<Recording> {
  checkWire(format, wire);
  const info = await wholeInfo(source, format, scope);
  const raw = layoutOf(format);
  const layout = raw ?? (info as AudioInfo);
  const frames = info?.frames ?? Math.floor(bytes / frameBytes(raw as SampleLayout));
  return {
    name: typeof source === 'string' ? source : undefined,
    from: format,
    layout,
    ...wireFor(layout, wire),
    info,
    bytes,
    durationS: frames / layout.sampleRateHz,
    empty: frames === 0,
    again: true,
    open: () => readerOf(source),
  };
}

/** Of a container that is read here; undefined for raw samples. */
async function wholeInfo(
  source: string | Uint8Array,
  format: AudioFormat,
  scope: Scope,
): Promise<AudioInfo | undefined> {
  // The durations of its packets are the only exact length.
  if (format.container === 'ogg') return await readOggFacts(readerOf(source), scope);
  if (format.container !== 'wav') return undefined;
  const info = probeAudio(source);
  if (info.container === 'wav') return info;
  const way = 'say so in `format`, or leave it out';
  throw new UnsupportedError(`this is Ogg Opus, and no WAV: ${way}`, 'ERR_UNSUPPORTED_CONTAINER', 0);
}

async function streamedRecording(
  reader: ChunkReader,
  format: AudioFormat,
  wire: 'auto' | WireFormat,
  scope: Scope,
): Promise<Recording> {
  checkWire(format, wire);
  const raw = layoutOf(format);
  const head = raw ? await readFirst(reader, scope) : await readHead(reader, format, scope);
  const { encoding, sampleRateHz, channels } = raw ?? (head.info as AudioInfo);
  // What else the head of a stream says (oddities, links) is not the whole of it, and nothing to plan by.
  const layout = { encoding, sampleRateHz, channels } as SourceLayout;
  return {
    name: undefined,
    from: format,
    layout,
    ...wireFor(layout, wire),
    info: head.info,
    bytes: undefined,
    durationS: undefined,
    empty: head.empty,
    again: false,
    open: () => replaying(head.bytes, reader),
  };
}

interface Head {
  bytes: Uint8Array;
  info: AudioInfo | undefined;
  /** The source ended without audio. */
  empty: boolean;
}

async function readFirst(reader: ChunkReader, scope: Scope): Promise<Head> {
  for (;;) {
    const chunk = await scope.wait(reader.next());
    if (!chunk) return { bytes: new Uint8Array(0), info: undefined, empty: true };
    if (chunk.length > 0) return { bytes: Buffer.from(chunk), info: undefined, empty: false };
  }
}

async function readHead(reader: ChunkReader, format: AudioFormat, scope: Scope): Promise<Head> {
  const head = new SourceHead(format);
  try {
    for (;;) {
      const chunk = await scope.wait(reader.next());
      if (!chunk) {
        const info = head.finish();
        return { bytes: head.bytes(), info, empty: info.frames === 0 };
      }
      const info = head.push(chunk);
      if (info && (info.frames > 0 || head.isLong)) return { bytes: head.bytes(), info, empty: false };
    }
  } finally {
    head.close();
  }
}

/** What is known of a source once all of it was read. */
export interface SourceFacts {
  source: TranscriptSource;
  durationS: number;
  warnings: string[];
}

export function sourceFacts(recording: Recording, found: SourceFound): SourceFacts {
  const { from, layout, name, decoder } = recording;
  const { encoding, sampleRateHz, channels } = layout;
  const { frames, missingFrames = 0 } = found;
  const warnings = new Set(found.warnings);
  if (frames === 0) warnings.add('no-audio');
  if (decoder !== undefined) {
    warnings.delete('size-unknown'); // of FFmpeg's pipe, not of the recording
    for (const warning of decoder.warnings()) warnings.add(warning);
  }
  const source: TranscriptSource = {
    ...(name === undefined ? {} : { name }),
    container: decoder?.container ?? from.container ?? 'raw',
    encoding,
    sampleRateHz,
    channels,
    frames,
    ...(missingFrames > 0 ? { missingS: missingFrames / sampleRateHz } : {}),
  };
  return { source, durationS: frames / sampleRateHz, warnings: [...warnings] };
}
