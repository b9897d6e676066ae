/**
 * What a recording is: a WAV by its headers alone, Ogg Opus by all its packets' durations.
 * Not here: its samples (wav.ts, ogg-opus.ts); which container it is (containers.ts).
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { isUint8Array } from 'node:util/types';
import { argumentTypeError } from '../errors.js';
import type { SampleEncoding } from '../format.js';
import { native, type OggOpusFacts, type OggOpusLink, type WavFacts } from '../native/index.js';
import { describe } from './arguments.js';
import { audioContainer } from './containers.js';

/** What a WAV file's headers say, and what is really there. */
export interface WavInfo {
  /** `wav` for RIFF, RIFX, RF64 and BW64 alike. */
  container: 'wav';
  /** How its samples lie in the file. */
  encoding: SampleEncoding;
  /** Frames in a second: 1 to 2 147 483 647. */
  sampleRateHz: number;
  /** Interleaved channels: from 1, as many as a frame of 65 535 bytes holds. */
  channels: number;
  /** Bits that one sample takes in the file: 8, 16, 24, 32 or 64. */
  bitsPerSample: number;
  /** Whole frames that are really there, whatever the header says. */
  frames: number;
  /** Seconds: frames / sampleRateHz. */
  durationS: number;
  /** Frames that the header promises and the file does not hold. */
  missingFrames: number;
  /** Of the first audio byte, in bytes from the start of the file. */
  dataOffset: number;
  /** Oddities that were put up with, e.g. `truncated`; listed in docs/wav.md. */
  warnings: string[];
}

/** What an Ogg Opus file's headers say, and what is really there. */
export interface OggOpusInfo {
  /** Always `ogg`. */
  container: 'ogg';
  /** Always `opus`. */
  encoding: 'opus';
  /** 48 000, whatever was encoded: what Opus decodes to. */
  sampleRateHz: number;
  /** Of the first link: 1 to 255. */
  channels: number;
  /** Of all links, at 48 kHz, after pre-skip and end trim. */
  frames: number;
  /** Seconds: frames / 48 000. */
  durationS: number;
  /** Each stream of a chain; at least one. */
  links: OggOpusLink[];
  /** Oddities that were put up with, e.g. `page-lost`; listed in docs/ogg.md. */
  warnings: string[];
}

/** What a recording is; `container` tells which. */
export type AudioInfo = WavInfo | OggOpusInfo;

export function wavInfo(facts: WavFacts): WavInfo {
  return { container: 'wav', ...facts, durationS: facts.frames / facts.sampleRateHz };
}

const OPUS_RATE_HZ = 48_000;

export function oggOpusInfo(facts: OggOpusFacts): OggOpusInfo {
  return {
    container: 'ogg',
    encoding: 'opus',
    sampleRateHz: OPUS_RATE_HZ,
    durationS: facts.frames / OPUS_RATE_HZ,
    ...facts,
  };
}

/** Most headers of a WAV fit into one read of this size; chunks in between are jumped over. It tells the container. */
const READ_BYTES = 4096;
/** Of Ogg, of which all is read. */
const OGG_READ_BYTES = 65_536;

/**
 * What a recording is, synchronously. Of a WAV file only the headers are read, however long it is. Of Ogg Opus all is,
 * since only its packets tell its length: in constant memory, nothing is decoded, and an hour of speech (10 MB) takes some
 * 10 ms.
 *
 * @param pathOrBytes A path to a regular file, or the whole file's bytes.
 * @throws FormatError, UnsupportedError as `readWav` and `readOggOpus`.
 * @throws TypeError ERR_INVALID_ARG for anything but a path and a Uint8Array in ordinary memory, and for a path to
 * something that is no regular file. Errors of the file system (ENOENT …) pass through.
 * @example
 * const { durationS, warnings } = probeAudio('call.wav');
 */
export function probeAudio(pathOrBytes: string | Uint8Array): AudioInfo {
  if (typeof pathOrBytes === 'string') return probeFile(pathOrBytes);
  if (isUint8Array(pathOrBytes)) {
    return isOgg(pathOrBytes) ? probeOggOpus([pathOrBytes]) : wavInfo(native.probeWav(pathOrBytes));
  }
  throw argumentTypeError(`probeAudio needs a path or a Uint8Array, got ${describe(pathOrBytes)}`);
}

/** Ogg of other codecs as well: its reader names them. */
function isOgg(head: Uint8Array): boolean {
  const container = audioContainer(head);
  return container === 'ogg' || (container !== 'wav' && container.name === 'ogg');
}

function probeFile(path: string): AudioInfo {
  // O_NONBLOCK: opening a named pipe would otherwise wait for its writer, for ever.
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw argumentTypeError(`probeAudio reads regular files, and ${path} is none`);
    const head = new Uint8Array(READ_BYTES);
    const count = readSync(file, head, 0, READ_BYTES, 0);
    return probeOpened(file, stat.size, head.subarray(0, count));
  } finally {
    closeSync(file);
  }
}

function probeOpened(file: number, fileBytes: number, head: Uint8Array): AudioInfo {
  return isOgg(head) ? probeOggOpus(chunksOf(file)) : wavInfo(readHeaders(file, fileBytes, head));
}

function* chunksOf(file: number): Generator<Uint8Array> {
  const block = new Uint8Array(OGG_READ_BYTES);
  for (let position = 0, count = 1; count > 0; position += count) {
    count = readSync(file, block, 0, OGG_READ_BYTES, position);
    yield block.subarray(0, count);
  }
}

function probeOggOpus(chunks: Iterable<Uint8Array>): OggOpusInfo {
  const reader = new native.OggOpusReader();
  try {
    for (const chunk of chunks) reader.count(chunk);
    reader.flush();
    return oggOpusInfo(reader.info() as OggOpusFacts); // flush() has thrown when there is no link
  } finally {
    reader.close();
  }
}

function readHeaders(file: number, fileBytes: number, head: Uint8Array): WavFacts {
  const reader = new native.WavReader(fileBytes);
  const block = new Uint8Array(READ_BYTES);
  reader.process(head);
  let position = head.length;
  while (position < fileBytes) {
    const skip = Math.min(reader.skippableBytes(), fileBytes - position);
    if (skip > 0) {
      reader.skip(skip);
      position += skip;
      continue;
    }
    const count = readSync(file, block, 0, Math.min(READ_BYTES, fileBytes - position), position);
    if (count === 0) break; // shorter than it was a moment ago: what is there counts
    reader.process(block.subarray(0, count));
    position += count;
  }
  reader.finish();
  return reader.info() as WavFacts; // finish() has thrown when there is no header
}
