/**
 * What `sluice convert` reads: WAV or headerless bytes, chunk by chunk, to samples.
 * Not here: Ogg Opus (convert-opus.ts), what becomes of the samples (convert-chain.ts).
 */
import type { SampleEncoding, WavReader } from '../audio/index.js';
import { sampleBytes } from '../format.js';

export type Audio = typeof import('../audio/index.js');
export type Samples = Int16Array | Float32Array;

/** What the samples of a source are, in the file. */
export interface SourceFormat {
  encoding: SampleEncoding | 'opus';
  sampleRateHz: number;
  channels: number;
  /** What an Ogg Opus file says of itself. */
  tags?: Tags;
}

export type Tags = Record<string, string[]>;

export interface Source {
  /** Undefined until the header has come. */
  readonly format: SourceFormat | undefined;
  /** The whole frames that a chunk completes, interleaved, in pieces, each good until the next. */
  process(chunk: Uint8Array): Iterable<Samples>;
  /** No byte follows: the frames that were waiting for one. */
  flush(): Iterable<Samples>;
  /** What is odd about the source, after `flush`. */
  warnings(): string[];
  close(): void;
}

export interface SourceOptions {
  /** Whether the work on such a source is done in 16-bit integers, rather than floats. */
  isInt16: (format: SourceFormat) => boolean;
  fileBytes?: number | undefined;
  /** The rate will be another: one that cannot be resampled is refused. */
  resampled: boolean;
}

export class WavSource implements Source {
  readonly #options: SourceOptions;
  /** Which of the two it takes is known with the header; until then both read, and neither has samples. */
  readonly #readers: { int16: WavReader<'int16'>; float32: WavReader<'float32'> };
  readonly #rateCheck: RateCheck | undefined;
  #out: Samples | undefined;
  #format: SourceFormat | undefined;
  #warnings: string[] = [];

  constructor(audio: Audio, options: SourceOptions) {
    const size = options.fileBytes === undefined ? {} : { fileBytes: options.fileBytes };
    this.#options = options;
    this.#readers = {
      int16: new audio.WavReader({ sample: 'int16', ...size }),
      float32: new audio.WavReader({ sample: 'float32', ...size }),
    };
    if (options.resampled) this.#rateCheck = new RateCheck(audio, options.fileBytes);
  }

  get format(): SourceFormat | undefined {
    return this.#format;
  }

  process(chunk: Uint8Array): [Samples] {
    if (this.#format !== undefined) return [this.#process(chunk)];
    const [int16, float32] = [this.#readers.int16.process(chunk), this.#readers.float32.process(chunk)];
    this.#rateCheck?.process(chunk);
    this.#format = this.#readers.int16.info;
    return [this.#isInt16() ? int16 : float32];
  }

  flush(): [] {
    this.#warnings = this.#reader().finish().warnings;
    return [];
  }

  warnings(): string[] {
    return this.#warnings;
  }

  close(): void {
    this.#readers.int16.close();
    this.#readers.float32.close();
    this.#rateCheck?.close();
  }

  #process(chunk: Uint8Array): Samples {
    const wanted = this.#reader().maxOutputSamples(chunk.length);
    if (this.#out === undefined || this.#out.length < wanted)
      this.#out = this.#isInt16() ? new Int16Array(wanted) : new Float32Array(wanted);
    const reader = this.#reader() as WavReader<'int16' | 'float32'>;
    return this.#out.subarray(0, reader.processInto(chunk, this.#out));
  }

  #isInt16(): boolean {
    return this.#format !== undefined && this.#options.isInt16(this.#format);
  }

  #reader(): WavReader<'int16'> | WavReader<'float32'> {
    return this.#isInt16() ? this.#readers.int16 : this.#readers.float32;
  }
}

/** Bounds what the framer must allow for while it does not know the header. */
const PIECE_BYTES = 4096;

/** Refuses a WAV whose rate cannot be changed as the framer does, which says where in the file that rate stands. */
class RateCheck {
  readonly #framer: InstanceType<Audio['AudioFramer']>;

  constructor(audio: Audio, fileBytes: number | undefined) {
    const size = fileBytes === undefined ? {} : { sourceBytes: fileBytes };
    this.#framer = new audio.AudioFramer({ from: { container: 'wav' }, to: 'pcm_24000', ...size });
  }

  /** @throws UnsupportedError ERR_WAV_UNSUPPORTED_RATE */
  process(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length && this.#framer.sourceInfo === undefined; at += PIECE_BYTES) {
      const piece = chunk.subarray(at, at + PIECE_BYTES);
      this.#framer.processInto(piece, new Uint8Array(this.#framer.maxOutputBytes(piece.length)));
    }
  }

  close(): void {
    this.#framer.close();
  }
}

/** What no samples begin with by chance: magic, size, form type; capture pattern and version. */
const WAV_HEAD = /^(RIFF|RIFX|RF64|BW64).{4}WAVE$/s;
const OGG_HEAD = 'OggS\0';
const HEAD_BYTES = 12;

/** What samples without a header are. */
export interface RawFormat extends SourceFormat {
  encoding: SampleEncoding;
}

export class RawSource implements Source {
  readonly format: RawFormat;
  readonly #audio: Audio;
  readonly #isInt16: boolean;
  readonly #frameBytes: number;
  #head = Buffer.alloc(0);
  /** Of a frame that a cut left unfinished. */
  #rest = Buffer.alloc(0);
  #frames = 0;

  constructor(audio: Audio, format: RawFormat, { isInt16 }: SourceOptions) {
    this.#audio = audio;
    this.format = format;
    this.#isInt16 = isInt16(format);
    this.#frameBytes = sampleBytes(format.encoding) * format.channels;
  }

  process(chunk: Uint8Array): [Samples] {
    if (this.#head.length < HEAD_BYTES)
      this.#head = Buffer.concat([this.#head, chunk.subarray(0, HEAD_BYTES - this.#head.length)]);
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    const frames = Math.floor(bytes.length / this.#frameBytes);
    this.#rest = Buffer.from(bytes.subarray(frames * this.#frameBytes));
    this.#frames += frames;
    const { buffer } = this.#audio.convertSamples(bytes.subarray(0, frames * this.#frameBytes), {
      from: this.format.encoding,
      to: this.#isInt16 ? 's16le' : 'f32le',
      channels: this.format.channels,
    });
    return [this.#isInt16 ? new Int16Array(buffer) : new Float32Array(buffer)];
  }

  flush(): [] {
    return [];
  }

  warnings(): string[] {
    const warnings: string[] = [];
    const head = this.#head.toString('latin1');
    if (WAV_HEAD.test(head)) warnings.push('wav-header-as-samples');
    if (head.startsWith(OGG_HEAD)) warnings.push('ogg-pages-as-samples');
    if (this.#rest.length > 0) warnings.push('partial-frame');
    if (this.#frames === 0) warnings.push('no-audio');
    return warnings;
  }

  close(): void {}
}
