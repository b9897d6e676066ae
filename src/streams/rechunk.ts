/** Chunks of an exact size. Not here: when they go out (a pacer's work). */
import { requireOptions, requireWord } from '../audio/arguments.js';
import { argumentRangeError, argumentTypeError } from '../errors.js';
import type { SampleEncoding } from '../format.js';
import { AudioTransform, type AudioTransformOptions } from './audio-transform.js';
import { cut, room } from './output-slab.js';
import { frameBytes, type RawStreamFormat, requireRawFormat } from './stream-format.js';

/** The size of the chunks of a {@link Rechunk}, and what happens to what is left. */
export interface RechunkOptions extends AudioTransformOptions {
  /** Bytes of each chunk: a whole number from 1 to 16 777 216. Either this or `durationMs`. */
  bytes?: number;
  /** Milliseconds of each chunk: a whole number of frames of `format`, whose rate must be known then. */
  durationMs?: number;
  /** What the samples are. Needed for `durationMs` and for `pad`. Default: any bytes. */
  format?: RawStreamFormat;
  /** What is left at the end: comes as it is (`short`, default), filled up with silence (`pad`), or not at all (`drop`). */
  atEnd?: 'short' | 'pad' | 'drop';
}

const MAX_BYTES = 16_777_216;
/** Chunks that one slice of input may become. */
const CHUNKS_PER_SLICE = 64;
const SLICE_BYTES = 65_536;

/**
 * The same bytes in chunks of an exact size, each read by itself: its readable side is in object mode.
 *
 * @example
 * import { createReadStream } from 'node:fs';
 *
 * const format = { encoding: 'mulaw', sampleRateHz: 8000 } as const;
 * const frames = createReadStream('call.ulaw').pipe(new Rechunk({ durationMs: 20, format, atEnd: 'pad' }));
 * for await (const frame of frames) console.log(frame.length); // 160, each time
 */
export class Rechunk extends AudioTransform {
  readonly #bytes: number;
  readonly #atEnd: 'short' | 'pad' | 'drop';
  readonly #silence: number;
  /** The chunk in the making, of which `#held` bytes are there. */
  #chunk: Buffer | undefined;
  #held = 0;

  /** @throws RangeError ERR_INVALID_OPTION, ERR_INVALID_RATE, ERR_INVALID_CHANNELS; TypeError or RangeError ERR_INVALID_ARG. */
  constructor(options: RechunkOptions) {
    requireOptions(options, 'new Rechunk');
    const format = options.format === undefined ? undefined : requireRawFormat(options.format, 'Rechunk');
    const bytes = chunkBytes(options, format);
    const atEnd = requireWord(options.atEnd ?? 'short', 'atEnd', ['short', 'pad', 'drop']);
    if (atEnd === 'pad' && format === undefined)
      throw argumentTypeError("Rechunk needs a format for atEnd 'pad': silence differs among encodings");
    const sliceBytes = Math.min(SLICE_BYTES, bytes * CHUNKS_PER_SLICE);
    super(options, { input: format, output: format, sliceBytes, chunkBytes: bytes });
    this.#bytes = bytes;
    this.#atEnd = atEnd;
    this.#silence = silenceOf(format?.encoding);
  }

  protected override processAudio(bytes: Buffer): void {
    let at = this.#held > 0 ? this.#fill(bytes) : 0;
    for (; this.#held === 0 && bytes.length - at >= this.#bytes; at += this.#bytes)
      this.push(bytes.subarray(at, at + this.#bytes));
    if (at < bytes.length) this.#fill(bytes.subarray(at));
  }

  /** Puts bytes into the chunk in the making; returns how many it took. */
  #fill(bytes: Buffer): number {
    this.#chunk ??= cut(room(this.#bytes), this.#bytes);
    const taken = bytes.copy(this.#chunk, this.#held);
    this.#held += taken;
    if (this.#held === this.#bytes) this.#give(this.#chunk);
    return taken;
  }

  protected override endAudio(): void {
    const last = this.#chunk;
    if (last === undefined || this.#atEnd === 'drop') return;
    this.#give(this.#atEnd === 'pad' ? last.fill(this.#silence, this.#held) : last.subarray(0, this.#held));
  }

  #give(chunk: Buffer): void {
    this.#chunk = undefined;
    this.#held = 0;
    this.push(chunk);
  }

  protected override release(): void {
    this.#chunk = undefined;
  }
}

function chunkBytes(options: RechunkOptions, format: RawStreamFormat | undefined): number {
  const { bytes, durationMs } = options;
  if ((bytes === undefined) === (durationMs === undefined))
    throw argumentTypeError('Rechunk needs either bytes or durationMs');
  const size = bytes ?? bytesOfDuration(durationMs, format);
  if (typeof size !== 'number') throw argumentTypeError('bytes must be a number');
  const frame = format ? frameBytes(format) : 1;
  if (Number.isInteger(size) && size >= 1 && size <= MAX_BYTES && size % frame === 0) return size;
  const what =
    bytes === undefined ? `durationMs ${durationMs} makes chunks of ${size} bytes, which` : `bytes`;
  throw argumentRangeError(
    `${what} must be a whole number of frames (${frame} bytes) up to ${MAX_BYTES} bytes; got ${size}`,
    'ERR_INVALID_OPTION',
  );
}

function bytesOfDuration(durationMs: unknown, format: RawStreamFormat | undefined): number {
  if (typeof durationMs !== 'number') throw argumentTypeError('durationMs must be a number');
  if (format?.sampleRateHz === undefined)
    throw argumentTypeError('Rechunk needs a format with sampleRateHz for durationMs');
  // Multiplied first: 22.5 ms at 8 kHz are exactly 180 frames.
  return ((durationMs * format.sampleRateHz) / 1000) * frameBytes(format);
}

/** The byte of which silence is made. In the G.711 codes it is the smallest positive level, as telephones send it. */
function silenceOf(encoding: SampleEncoding | undefined): number {
  if (encoding === 'u8') return 0x80;
  if (encoding === 'mulaw') return 0xff;
  return encoding === 'alaw' ? 0xd5 : 0;
}
