/**
 * Chunks of raw samples, cut anywhere, as whole frames; and a look at their first bytes, which may be no samples.
 * Not here: what becomes of the frames.
 */
import { argumentRangeError, argumentTypeError } from '../errors.js';
import { formatName, frameBytes, type RawStreamFormat } from './stream-format.js';

const NOTHING = Buffer.alloc(0);

/** How containers begin. `?` stands for any byte. Samples begin so once in 2^40 streams. */
const BEGINNINGS: readonly { pattern: string; title: string; decoder: string }[] = [
  ...['RIFF', 'RIFX', 'RF64', 'BW64'].map((magic) => ({
    pattern: `${magic}????WAVE`,
    title: 'a WAV file',
    decoder: 'WavDecoder',
  })),
  // The version of the page format, 0, is part of it (RFC 3533 §6).
  { pattern: 'OggS\0', title: 'an Ogg file', decoder: 'OggOpusDemuxer and OpusDecoderStream' },
];

/** The raw input of one stream: `take` each chunk, then `drain` and `requireWhole` at its end. */
export class RawInput {
  readonly #format: RawStreamFormat;
  readonly #owner: string;
  readonly #way: string | undefined;
  readonly #frameBytes: number;
  /** Bytes that wait for more: part of a frame, or a beginning that may be a container's. */
  #rest = NOTHING;
  #begun = false;
  #taken = 0;

  /**
   * @param owner Whose input it is, for messages.
   * @param way What to do where a container comes. Default: to put its decoder before the owner.
   */
  constructor(format: RawStreamFormat, owner: string, way?: string) {
    this.#format = format;
    this.#owner = owner;
    this.#way = way;
    this.#frameBytes = frameBytes(format);
  }

  /**
   * The whole frames that a chunk completes: a part of it, or a copy where the last one left something.
   *
   * @throws TypeError ERR_FORMAT_MISMATCH when the first bytes are a container's.
   */
  take(chunk: Buffer): Buffer {
    this.#taken += chunk.length;
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    if (!this.#begun) {
      if (this.#mayBeContainer(bytes)) {
        this.#rest = Buffer.from(bytes);
        return NOTHING;
      }
      this.#begun = true;
    }
    return this.#frames(bytes);
  }

  /** No byte follows: the frames of a stream that ended before its beginning was clear. */
  drain(): Buffer {
    this.#begun = true;
    return this.#frames(this.#rest);
  }

  /**
   * No byte follows `drain`. Part of a frame at the end is the sign of another format than was said.
   *
   * @throws RangeError ERR_INVALID_LENGTH unless the last frame was whole.
   */
  requireWhole(): void {
    if (this.#rest.length === 0) return;
    throw argumentRangeError(
      `${this.#owner} takes ${formatName(this.#format)}: frames of ${this.#frameBytes} bytes. ` +
        `The stream ended after ${this.#taken} bytes, with ${this.#rest.length} of a frame. Is it another format, or cut?`,
      'ERR_INVALID_LENGTH',
    );
  }

  #frames(bytes: Buffer): Buffer {
    const part = bytes.length % this.#frameBytes;
    if (part === 0) {
      this.#rest = NOTHING;
      return bytes;
    }
    const whole = bytes.length - part;
    this.#rest = Buffer.from(bytes.subarray(whole));
    return bytes.subarray(0, whole);
  }

  /** Whether more bytes are needed to tell. */
  #mayBeContainer(bytes: Buffer): boolean {
    const candidate = BEGINNINGS.find(({ pattern }) => beginsLike(bytes, pattern));
    if (candidate === undefined) return false;
    if (bytes.length < candidate.pattern.length) return true;
    const way = this.#way ?? `put ${candidate.decoder} before it`;
    throw argumentTypeError(
      `${this.#owner} takes ${formatName(this.#format)}, and what comes is ${candidate.title}: ${way}.`,
      'ERR_FORMAT_MISMATCH',
    );
  }
}

/** As far as both go. */
function beginsLike(bytes: Buffer, pattern: string): boolean {
  for (let i = 0; i < Math.min(bytes.length, pattern.length); i++) {
    if (pattern[i] !== '?' && pattern.charCodeAt(i) !== bytes[i]) return false;
  }
  return true;
}
