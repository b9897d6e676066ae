/**
 * What a recording is, from its headers alone.
 * Not here: its samples (wav.ts).
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { argumentTypeError } from '../errors.js';
import type { SampleEncoding } from '../format.js';
import { native, type WavFacts } from '../native/index.js';
import { describe } from './arguments.js';

/** What a recording's headers say, and what is really there. */
export interface AudioInfo {
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

export function audioInfo(facts: WavFacts): AudioInfo {
  return { container: 'wav', ...facts, durationS: facts.frames / facts.sampleRateHz };
}

/** Most headers fit into one read of this size; chunks in between are jumped over. */
const READ_BYTES = 4096;

/**
 * Reads a recording's headers, synchronously: from a path only the headers are read, however long the file.
 *
 * @param pathOrBytes A path to a regular file, or the whole file's bytes.
 * @throws FormatError, UnsupportedError as `readWav`.
 * @throws TypeError ERR_INVALID_ARG for anything but a path and a Uint8Array in ordinary memory, and for a path to
 * something that is no regular file. Errors of the file system (ENOENT …) pass through.
 * @example
 * const { durationS, warnings } = probeAudio('call.wav');
 */
export function probeAudio(pathOrBytes: string | Uint8Array): AudioInfo {
  if (typeof pathOrBytes === 'string') return audioInfo(probeFile(pathOrBytes));
  if (ArrayBuffer.isView(pathOrBytes)) return audioInfo(native.probeWav(pathOrBytes));
  throw argumentTypeError(`probeAudio needs a path or a Uint8Array, got ${describe(pathOrBytes)}`);
}

function probeFile(path: string): WavFacts {
  // O_NONBLOCK: opening a named pipe would otherwise wait for its writer, for ever.
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw argumentTypeError(`probeAudio reads regular files, and ${path} is none`);
    return readHeaders(file, stat.size);
  } finally {
    closeSync(file);
  }
}

function readHeaders(file: number, fileBytes: number): WavFacts {
  const reader = new native.WavReader(fileBytes);
  const block = new Uint8Array(READ_BYTES);
  let position = 0;
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
