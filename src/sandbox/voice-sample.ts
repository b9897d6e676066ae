/**
 * The recording that a voice is made from, as it is uploaded: how long it is, or why it will not do. None of it is kept.
 * Not here: the upload (rest-form.ts), what becomes of it (rest-voices.ts).
 */
import { audioContainer, OggOpusReader, WavReader } from '../audio/index.js';
import { isWireFormat, sampleBytes, wireAudio } from '../format.js';

/** Such recordings are looked at from their first bytes on. */
const HEAD_BYTES = 4096;

/** A recording that is read piece by piece. */
interface Reader {
  /** @throws FormatError, UnsupportedError */
  push(bytes: Uint8Array): void;
  /** Seconds; undefined: not known. @throws FormatError, UnsupportedError */
  finish(): number | undefined;
  close(): void;
}

/** Either how long it is, undefined where that is not known, or what is wrong. */
export type SampleVerdict = { durationS: number | undefined } | { problem: string };

export class VoiceSample {
  #head: Buffer = Buffer.alloc(0);
  #reader: Reader | undefined;
  #problem: string | undefined;
  #bytes = 0;

  push(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    if (this.#reader === undefined) {
      this.#head = Buffer.concat([this.#head, bytes]);
      if (this.#head.length >= HEAD_BYTES) this.#begin();
    } else {
      this.#try((reader) => reader.push(bytes));
    }
  }

  /** @param format as the client named it; raw samples are what that says, all else is what it begins with */
  finish(format: string | undefined): SampleVerdict {
    if (this.#bytes === 0) return { problem: 'the sample is empty' };
    const rawS = rawDurationS(format, this.#bytes);
    if (rawS !== undefined) return { durationS: rawS };
    if (this.#reader === undefined) this.#begin();
    let durationS: number | undefined;
    this.#try((reader) => {
      durationS = reader.finish();
    });
    return this.#problem === undefined ? { durationS } : { problem: this.#problem };
  }

  close(): void {
    this.#reader?.close();
  }

  #begin(): void {
    this.#reader = readerOf(this.#head);
    this.#try((reader) => reader.push(this.#head));
    this.#head = Buffer.alloc(0);
  }

  /** What is wrong with the bytes is said at the end: the name of the format may come behind them. */
  #try(read: (reader: Reader) => void): void {
    if (this.#problem !== undefined || this.#reader === undefined) return;
    try {
      read(this.#reader);
    } catch (error) {
      this.#problem = `the sample cannot be read: ${(error as Error).message}`;
    }
  }
}

/** Undefined: the format is no name of raw samples. */
function rawDurationS(format: string | undefined, bytes: number): number | undefined {
  const raw = format !== undefined && isWireFormat(format) ? wireAudio(format, 'input') : undefined;
  return raw && bytes / sampleBytes(raw.encoding) / raw.sampleRateHz;
}

function readerOf(head: Uint8Array): Reader {
  const container = audioContainer(head);
  if (container === 'wav') return wavReader();
  if (container === 'ogg') return oggReader();
  return { push: () => {}, finish: () => undefined, close: () => {} }; // MP3 and others: taken on trust
}

function wavReader(): Reader {
  const reader = new WavReader();
  let samples = new Int16Array(0);
  return {
    push: (bytes) => {
      const room = reader.maxOutputSamples(bytes.length);
      if (samples.length < room) samples = new Int16Array(room);
      reader.processInto(bytes, samples);
    },
    finish: () => reader.finish().durationS,
    close: () => reader.close(),
  };
}

function oggReader(): Reader {
  const reader = new OggOpusReader();
  return {
    push: (bytes) => void reader.process(bytes),
    finish: () => {
      reader.flush();
      return reader.info?.durationS;
    },
    close: () => reader.close(),
  };
}
