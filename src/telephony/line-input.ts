/**
 * What a source gives, made into what the line has: as it is, or by one native pass.
 * Not here: when it is asked for more (playback.ts).
 */
import { Transcoder } from '../audio/index.js';
import { argumentTypeError } from '../errors.js';
import type { AudioFormat } from '../format.js';
import { cut, room } from '../streams/output-slab.js';
import { RawInput } from '../streams/raw-input.js';
import {
  fits,
  formatName,
  isRaw,
  type RawStreamFormat,
  remedy,
  requireRawFormat,
  type StreamFormat,
} from '../streams/stream-format.js';
import type { Line } from './line-format.js';

const OWNER = 'MediaStreamBridge.play';

/**
 * What a source says that it gives, where that can be played; undefined where it says nothing, or not yet.
 *
 * @throws TypeError ERR_FORMAT_MISMATCH for what is coded otherwise than in samples; TypeError, RangeError ERR_INVALID_ARG,
 * RangeError ERR_INVALID_RATE, ERR_INVALID_CHANNELS for a format that there is not.
 */
export function playableFormat(source: object, line: Line): StreamFormat | undefined {
  const { outputFormat } = source as { outputFormat?: StreamFormat };
  if (typeof outputFormat !== 'object' || outputFormat === null) return undefined;
  if (outputFormat.container === 'wav') return outputFormat;
  if (isRaw(outputFormat)) return requireRawFormat(outputFormat, OWNER);
  throw argumentTypeError(
    `${OWNER} takes samples, which it makes ${formatName(line.format)}, or a WAV; ` +
      `${source.constructor.name} gives ${formatName(outputFormat)}: put ${remedy(outputFormat, line.format)} between them.`,
    'ERR_FORMAT_MISMATCH',
  );
}

/** The input of one playback: `take` each piece, then `end`; and `close` whatever happens. */
export class LineInput {
  readonly #raw: RawInput | undefined;
  readonly #transcoder: Transcoder | undefined;

  /** @param given undefined: what the line has. Its rate where that is unknown too. */
  constructor(given: StreamFormat | undefined, { format }: Line) {
    const from = given ?? format;
    if (isRaw(from)) this.#raw = new RawInput(from, OWNER);
    if (!fits(from, format)) {
      this.#transcoder = new Transcoder({ from: withRate(from, format.sampleRateHz), to: format });
    }
  }

  /**
   * What a piece of the source completes: a part of it, or its own memory.
   *
   * @throws TypeError ERR_FORMAT_MISMATCH when raw samples begin as a WAV or Ogg file does; FormatError, UnsupportedError
   * from a WAV's header.
   */
  take(piece: Buffer): Buffer {
    const samples = this.#raw ? this.#raw.take(piece) : piece;
    return this.#convert(samples);
  }

  /** The rest. @throws RangeError ERR_INVALID_LENGTH for a part of a sample; FormatError for a WAV without audio */
  end(): Buffer {
    const last = this.#raw ? this.#convert(this.#raw.drain()) : Buffer.alloc(0);
    this.#raw?.requireWhole();
    if (!this.#transcoder) return last;
    const space = room(this.#transcoder.maxFlushBytes);
    const flushed = cut(space, this.#transcoder.flushInto(space));
    return Buffer.concat([last, flushed]);
  }

  close(): void {
    this.#transcoder?.close();
  }

  #convert(samples: Buffer): Buffer {
    if (!this.#transcoder || samples.length === 0) return samples;
    const space = room(this.#transcoder.maxOutputBytes(samples.length));
    return cut(space, this.#transcoder.processInto(samples, space));
  }
}

function withRate(from: StreamFormat, sampleRateHz: number): AudioFormat {
  if (!isRaw(from)) return from as AudioFormat;
  return { ...(from as RawStreamFormat), sampleRateHz: from.sampleRateHz ?? sampleRateHz };
}
