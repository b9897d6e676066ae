/**
 * The stages of `transcode` that no stream of their own has: one native processor each.
 * Not here: which of them stand behind one another (transcode-chain.ts); those of packets (opus-encoder-stream.ts and its
 * neighbours).
 */
import {
  OggOpusDecoder,
  OggOpusEncoder,
  type OggOpusInfo,
  type SampleType,
  Transcoder,
  type TranscoderOptions,
  type WavEncoding,
  type WavInfo,
  type WavPatch,
  WavReader,
  WavWriter,
  type WriteOggOpusOptions,
} from '../audio/index.js';
import type { RawAudioFormat, SampleEncoding } from '../format.js';
import { cut, room } from './output-slab.js';
import { ENCODING_OF, samplesOf } from './sample-view.js';
import { Stage } from './stage.js';
import { frameBytes } from './stream-format.js';

/** Raw samples of which everything is known. */
export type KnownRaw = Required<RawAudioFormat>;

/** Until a WAV's header is read the room for what comes of it is a hundred times its size. */
const WAV_HEAD_BYTES = 1024;

/** Samples or a WAV to other samples, in one native pass. */
export class TranscodeStage extends Stage {
  readonly #transcoder: Transcoder;
  #headSought: boolean;
  #format: KnownRaw | undefined;

  constructor(options: TranscoderOptions) {
    super();
    this.#transcoder = new Transcoder(options);
    this.#headSought = options.from.container === 'wav';
    this.#format = this.#transcoder.outputFormat;
  }

  override get format(): KnownRaw | undefined {
    return this.#format;
  }

  override get info(): WavInfo | undefined {
    return this.#transcoder.info;
  }

  override process(bytes: Buffer): void {
    let rest = bytes;
    while (this.#headSought && rest.length > 0) {
      this.#process(rest.subarray(0, WAV_HEAD_BYTES));
      rest = rest.subarray(WAV_HEAD_BYTES);
    }
    if (rest.length > 0) this.#process(rest);
  }

  override end(): void {
    const space = room(this.#transcoder.maxFlushBytes);
    const written = this.#transcoder.flushInto(space);
    if (written > 0) this.give(cut(space, written));
  }

  override release(): void {
    this.#transcoder.close();
  }

  #process(bytes: Buffer): void {
    const space = room(this.#transcoder.maxOutputBytes(bytes.length));
    const written = this.#transcoder.processInto(bytes, space);
    if (this.#headSought) this.#seekHead();
    if (written > 0) this.give(cut(space, written));
  }

  #seekHead(): void {
    if (this.#transcoder.info === undefined) return;
    this.#headSought = false;
    this.#format = this.#transcoder.outputFormat;
  }
}

/** What comes of one slice of input, about. */
const OUTPUT_BYTES = 65_536;

/** As many bytes of raw samples as become OUTPUT_BYTES, and no more than these. */
export function sliceBytesOf(from: RawAudioFormat, to: RawAudioFormat): number {
  const growth = (frameBytes(to) * to.sampleRateHz) / (frameBytes(from) * from.sampleRateHz);
  return Math.ceil(OUTPUT_BYTES / Math.max(1, growth));
}

/** A WAV to its samples as float32, at its own rate: where that decides what comes next. */
export class WavReadStage extends Stage {
  readonly #reader: WavReader<'float32'>;

  constructor(fileBytes: number | undefined) {
    super();
    this.#reader = new WavReader({ sample: 'float32', ...(fileBytes !== undefined && { fileBytes }) });
  }

  override get format(): KnownRaw | undefined {
    const { info } = this;
    return info && { ...FLOATS, sampleRateHz: info.sampleRateHz, channels: info.channels };
  }

  override get info(): WavInfo | undefined {
    return this.#reader.info;
  }

  override process(bytes: Buffer): void {
    const space = room(this.#reader.maxOutputSamples(bytes.length) * Float32Array.BYTES_PER_ELEMENT);
    const samples = this.#reader.processInto(bytes, samplesOf(space, 'float32') as Float32Array);
    if (samples > 0) this.give(cut(space, samples * Float32Array.BYTES_PER_ELEMENT));
  }

  override end(): void {
    this.#reader.finish();
  }

  override release(): void {
    this.#reader.close();
  }
}

const FLOATS = { container: 'raw', encoding: 'f32le' } as const;

/** What is read of a file at once: a third of a second at 48 kHz, s16le, mono. */
const DECODED_BYTES = 32_768;

/** Ogg Opus to samples at a rate of Opus. */
export class OggDecodeStage extends Stage {
  readonly #decoder: OggOpusDecoder<SampleType>;
  readonly #sample: SampleType;
  readonly #sampleRateHz: number;

  /** @param options.channels of the samples; undefined: those of the first link */
  constructor(options: { sampleRateHz: number; sample: SampleType; channels: number | undefined }) {
    super();
    const { sampleRateHz, sample, channels } = options;
    this.#decoder = new OggOpusDecoder<SampleType>({
      sampleRateHz,
      sample,
      ...(channels !== undefined && { channels }),
    });
    this.#sample = sample;
    this.#sampleRateHz = sampleRateHz;
  }

  override get format(): KnownRaw | undefined {
    const { channels } = this.#decoder;
    if (channels === undefined) return undefined;
    const encoding = ENCODING_OF[this.#sample];
    return { container: 'raw', encoding, sampleRateHz: this.#sampleRateHz, channels };
  }

  override get info(): OggOpusInfo | undefined {
    return this.#decoder.info;
  }

  override process(bytes: Buffer): void {
    this.#decoder.push(bytes);
    this.#read();
  }

  override end(): void {
    this.#decoder.end();
    this.#read();
  }

  override release(): void {
    this.#decoder.close();
  }

  #read(): void {
    for (;;) {
      const space = room(DECODED_BYTES);
      const frames = this.#decoder.readInto(samplesOf(space, this.#sample));
      if (frames === 0) return;
      this.give(cut(space, frames * frameBytes(this.format as KnownRaw)));
    }
  }
}

/** Samples of int16 or float32 to Ogg Opus. */
export class OggEncodeStage extends Stage {
  override readonly format = { container: 'ogg' } as const;
  readonly #encoder: OggOpusEncoder<SampleType>;
  readonly #sample: SampleType;

  constructor(options: WriteOggOpusOptions, sample: SampleType) {
    super();
    this.#encoder = new OggOpusEncoder<SampleType>({ ...options, sample });
    this.#sample = sample;
  }

  override process(bytes: Buffer): void {
    this.#give(this.#encoder.process(samplesOf(bytes, this.#sample)));
  }

  override end(): void {
    this.#give(this.#encoder.flush());
  }

  override release(): void {
    this.#encoder.close();
  }

  #give(pages: Uint8Array<ArrayBuffer>): void {
    if (pages.length > 0) this.give(Buffer.from(pages.buffer, pages.byteOffset, pages.length));
  }
}

/** How a WAV's samples lie in the file, as other formats call it. */
export const WAV_SAMPLES = {
  u8: 'u8',
  s16: 's16le',
  s24: 's24le',
  s32: 's32le',
  f32: 'f32le',
  f64: 'f64le',
  mulaw: 'mulaw',
  alaw: 'alaw',
} as const satisfies Record<WavEncoding, SampleEncoding>;

/** A header before the bytes of samples that are there already. */
export class WavHeaderStage extends Stage {
  override readonly format = { container: 'wav' } as const;
  readonly #writer: WavWriter;
  readonly #frameBytes: number;
  #patches: WavPatch[] = [];

  constructor(raw: KnownRaw, encoding: WavEncoding, rf64: boolean) {
    super();
    const { sampleRateHz, channels } = raw;
    this.#writer = new WavWriter({ sampleRateHz, channels, encoding, rf64 });
    this.#frameBytes = frameBytes(raw);
  }

  /** See `WavWriter`. */
  get patches(): WavPatch[] {
    return this.#patches;
  }

  override process(bytes: Buffer): void {
    this.#give(this.#writer.count(bytes.length / this.#frameBytes));
    this.give(bytes);
  }

  override end(): void {
    this.#give(this.#writer.flush());
    this.#patches = this.#writer.patches();
  }

  override release(): void {
    this.#writer.close();
  }

  #give(header: Uint8Array<ArrayBuffer>): void {
    if (header.length > 0) this.give(Buffer.from(header.buffer, header.byteOffset, header.length));
  }
}
