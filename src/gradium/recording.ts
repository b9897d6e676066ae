/**
 * A source looked at before anything is sent: what it is, how it goes on the wire, whether it can be read again.
 * Not here: reading bytes (src/speech/source.ts), what FFmpeg decodes (foreign-recording.ts), sending them (transcribe.ts).
 */
import { stat } from 'node:fs/promises';
import { planWire, probeAudio, type WavInfo } from '../audio/index.js';
import {
  type ArgumentErrorCode,
  argumentRangeError,
  argumentTypeError,
  UnsupportedError,
} from '../errors.js';
import {
  type AudioFormat,
  SAMPLE_ENCODINGS,
  type SampleEncoding,
  sampleBytes,
  type WireFormat,
  wireAudio,
} from '../format.js';
import { type ByteSource, type ChunkReader, pipeReader, readerOf, type Scope } from '../speech/index.js';
import { type Foreign, foreignStream, foreignWhole, replaying } from './foreign-recording.js';
import type { TranscriptSource } from './types.js';
import { WavHead } from './wav-head.js';

/** Samples as a header or the caller describes them. */
export interface SampleLayout {
  encoding: SampleEncoding;
  sampleRateHz: number;
  channels: number;
}

export interface Recording {
  /** The path, where there is one. */
  name: string | undefined;
  from: AudioFormat;
  layout: SampleLayout;
  wire: WireFormat;
  untouched: boolean;
  /** The WAV header's facts: of the whole file where it could be looked at, else as far as the stream had come. */
  info: WavInfo | undefined;
  /** Size of the whole source, where it is known beforehand. */
  bytes: number | undefined;
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

export const WAV: AudioFormat = { container: 'wav' };

export interface RecordingOptions {
  /** Undefined: the bytes say it, a WAV or what FFmpeg reads. */
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
  const { format = WAV, wire } = options;
  layoutOf(format);
  checkWire(format, wire);
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
  if (format !== undefined) return wholeRecording(source, bytes, format, wire);
  const foreign = foreignWhole(source, ffmpeg);
  if (foreign === undefined) return wholeRecording(source, bytes, WAV, wire);
  const recording = { ...(await decodedRecording(foreign, wire, scope)), again: true };
  return typeof source === 'string' ? { ...recording, name: source } : recording;
}

async function openStream(
  reader: ChunkReader,
  { format, wire, ffmpeg }: RecordingOptions,
  scope: Scope,
): Promise<Recording> {
  if (format !== undefined) return streamedRecording(reader, format, wire, scope);
  const { reader: whole, foreign } = await foreignStream(reader, ffmpeg, scope);
  if (foreign === undefined) return streamedRecording(whole, WAV, wire, scope);
  const recording = await decodedRecording(foreign, wire, scope);
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

/** @throws UnsupportedError, TypeError */
export function checkWire(format: AudioFormat, wire: 'auto' | WireFormat): void {
  if (wire === 'opus') {
    throw new UnsupportedError(
      "wire 'opus' needs Ogg Opus, which is neither read nor written here; leave wire at 'auto'",
      'ERR_UNSUPPORTED_CONTAINER',
      0,
    );
  }
  if (wire === 'wav' && format.container !== 'wav') {
    throw argumentTypeError("wire 'wav' sends a WAV as it is; these are raw samples: leave wire at 'auto'");
  }
}

/** How samples go out: the planner's choice, or the caller's. */
export function wireFor(
  layout: SampleLayout,
  wire: 'auto' | WireFormat,
): { wire: WireFormat; untouched: boolean } {
  if (wire === 'auto') return planWire(layout);
  const target = wireAudio(wire, 'input');
  const untouched =
    target === undefined ||
    (layout.channels === 1 &&
      layout.encoding === target.encoding &&
      layout.sampleRateHz === target.sampleRateHz);
  return { wire, untouched };
}

/** Of raw samples; undefined for a WAV. @throws TypeError, RangeError when `format` is no AudioFormat */
export function layoutOf(format: AudioFormat): SampleLayout | undefined {
  if (typeof format !== 'object' || format === null) throw argumentTypeError('format must be an AudioFormat');
  const { container = 'raw' } = format;
  if (format.container === 'wav') return undefined;
  if (format.container === 'ogg' || container !== 'raw')
    throw argumentRangeError("format.container must be 'raw' or 'wav'");
  const { encoding, sampleRateHz, channels = 1 } = format;
  if (!SAMPLE_ENCODINGS.includes(encoding)) {
    throw argumentRangeError(`format.encoding must be one of ${SAMPLE_ENCODINGS.join(', ')}`);
  }
  checkCount('sampleRateHz', sampleRateHz, 1000, 192_000, 'ERR_INVALID_RATE');
  checkCount('channels', channels, 1, 65_535, 'ERR_INVALID_CHANNELS');
  return { encoding, sampleRateHz, channels };
}

function checkCount(name: string, value: unknown, min: number, max: number, code: ArgumentErrorCode): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return;
  throw argumentRangeError(`format.${name} must be an integer from ${min} to ${max}`, code);
}

/** Bytes of one frame: one sample per channel. */
export function frameBytes({ encoding, channels }: SampleLayout): number {
  return sampleBytes(encoding) * channels;
}

/** @throws UnsupportedError for Ogg Opus */
function wavInfo(source: string | Uint8Array): WavInfo {
  const info = probeAudio(source);
  if (info.container === 'wav') return info;
  throw new UnsupportedError(
    'Ogg Opus is not sent; decode it with readOggOpus and send its samples',
    'ERR_UNSUPPORTED_CONTAINER',
    0,
  );
}

function wholeRecording(
  source: string | Uint8Array,
  bytes: number,
  format: AudioFormat,
  wire: 'auto' | WireFormat,
): Recording {
  const raw = layoutOf(format);
  const info = raw ? undefined : wavInfo(source);
  const layout = raw ?? (info as WavInfo);
  const plan = wireFor(layout, wire);
  const frames = info?.frames ?? Math.floor(bytes / frameBytes(layout));
  return {
    name: typeof source === 'string' ? source : undefined,
    from: format,
    layout,
    ...plan,
    info,
    bytes,
    durationS: frames / layout.sampleRateHz,
    empty: frames === 0,
    again: true,
    open: () => readerOf(source),
  };
}

async function streamedRecording(
  reader: ChunkReader,
  format: AudioFormat,
  wire: 'auto' | WireFormat,
  scope: Scope,
): Promise<Recording> {
  const raw = layoutOf(format);
  const head = raw ? await readFirst(reader, scope) : await readHead(reader, scope);
  const layout = raw ?? (head.info as WavInfo);
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
  info: WavInfo | undefined;
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

async function readHead(reader: ChunkReader, scope: Scope): Promise<Head> {
  const head = new WavHead();
  try {
    for (;;) {
      const chunk = await scope.wait(reader.next());
      if (!chunk) {
        const info = head.finish();
        return { bytes: head.bytes(), info, empty: info.frames === 0 };
      }
      const info = head.push(chunk);
      if (info && info.frames > 0) return { bytes: head.bytes(), info, empty: false };
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

/**
 * @param whole the WAV reader's facts after the end, where it saw the whole file
 * @param bytesRead all bytes of the source, headers included
 */
export function sourceFacts(
  recording: Recording,
  whole: WavInfo | undefined,
  bytesRead: number,
): SourceFacts {
  const { layout, name, info, decoder } = recording;
  const { encoding, sampleRateHz, channels } = layout;
  const described = whole ?? (recording.again ? info : undefined);
  const audioBytes = bytesRead - (info?.dataOffset ?? 0);
  const frames = described?.frames ?? Math.floor(Math.max(0, audioBytes) / frameBytes(layout));
  const warnings = new Set(described?.warnings ?? info?.warnings ?? []);
  if (!info && audioBytes % frameBytes(layout) !== 0) warnings.add('partial-frame');
  if (frames === 0) warnings.add('no-audio');
  if (decoder !== undefined) {
    warnings.delete('size-unknown'); // of FFmpeg's pipe, not of the recording
    for (const warning of decoder.warnings()) warnings.add(warning);
  }
  const missing = described?.missingFrames ?? 0;
  const source: TranscriptSource = {
    ...(name === undefined ? {} : { name }),
    container: decoder?.container ?? (info ? 'wav' : 'raw'),
    encoding,
    sampleRateHz,
    channels,
    frames,
    ...(missing > 0 ? { missingS: missing / sampleRateHz } : {}),
  };
  return { source, durationS: frames / sampleRateHz, warnings: [...warnings] };
}
