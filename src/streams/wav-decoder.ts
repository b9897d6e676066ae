/** WAV files to raw samples, as a stream. Not here: what a WAV is (src/audio/wav-reader.ts). */
import { requireOptions, requireWord } from '../audio/arguments.js';
import { type SampleType, type WavInfo, WavReader } from '../audio/index.js';
import { AudioTransform, type AudioTransformOptions } from './audio-transform.js';
import { cut, room } from './output-slab.js';
import { SAMPLE_OF, samplesOf } from './sample-view.js';

/** How a {@link WavDecoder} gives the samples. */
export interface WavDecoderOptions extends AudioTransformOptions {
  /** Default `s16le`: narrower widths are scaled up, wider ones rounded and saturated. `f32le`: exact up to 24 bits. */
  encoding?: 's16le' | 'f32le';
  /** The file's size in bytes, where it is known. It settles some broken headers as `readWav` does, which knows it. */
  fileBytes?: number;
}

/**
 * A WAV, RIFX, RF64 or BW64 file or stream to its samples: what {@link WavReader} does, as a stream. Rate and channels
 * are in `outputFormat` once the header is read; then, before the first samples, `format` is emitted.
 *
 * A file that breaks the format destroys it with a FormatError or UnsupportedError; one that was cut gives what is there,
 * and `info` says so.
 *
 * @see docs/wav.md
 * @example
 * import { createReadStream, createWriteStream } from 'node:fs';
 * import { pipeline } from 'node:stream/promises';
 *
 * const decoder = new WavDecoder();
 * decoder.once('format', ({ sampleRateHz, channels }) => console.log(sampleRateHz, channels));
 * await pipeline(createReadStream('call.wav'), decoder, createWriteStream('call.s16'));
 * console.log(decoder.info?.durationS, decoder.info?.warnings);
 */
export class WavDecoder extends AudioTransform {
  readonly #reader: WavReader<SampleType>;
  readonly #encoding: 's16le' | 'f32le';
  #info: WavInfo | undefined;

  /** @throws TypeError, RangeError ERR_INVALID_ARG; RangeError ERR_INVALID_OPTION. */
  constructor(options: WavDecoderOptions = {}) {
    requireOptions(options, 'new WavDecoder');
    const encoding = requireWord(options.encoding ?? 's16le', 'encoding', ['s16le', 'f32le']);
    const sample = SAMPLE_OF[encoding];
    const reader = new WavReader<SampleType>({
      sample,
      ...(options.fileBytes !== undefined && { fileBytes: options.fileBytes }),
    });
    super(options, { input: { container: 'wav' }, output: undefined });
    this.#reader = reader;
    this.#encoding = encoding;
  }

  /** What the header said; undefined before it is read. `frames`, `durationS` and `warnings` are whole at the end. */
  get info(): WavInfo | undefined {
    return this.#info ?? (this.destroyed ? undefined : this.#reader.info);
  }

  protected override processAudio(bytes: Buffer): void {
    const reader = this.#reader;
    const sample = SAMPLE_OF[this.#encoding];
    const size = sample === 'int16' ? 2 : 4;
    const space = room(reader.maxOutputSamples(bytes.length) * size);
    const samples = reader.processInto(bytes, samplesOf(space, sample));
    // Cut first: whoever hears of the format may use another stream at once, and that the same memory.
    const output = cut(space, samples * size);
    if (this.outputFormat === undefined) this.#announce();
    if (samples > 0) this.push(output);
  }

  #announce(): void {
    const info = this.#reader.info;
    if (info === undefined) return;
    const { sampleRateHz, channels } = info;
    this.announce({ encoding: this.#encoding, sampleRateHz, channels });
  }

  protected override endAudio(): void {
    this.#info = this.#reader.finish();
    if (this.outputFormat === undefined) this.#announce();
  }

  protected override release(): void {
    this.#info ??= this.#reader.info;
    this.#reader.close();
  }
}
