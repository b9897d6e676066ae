/** Another sample rate, as a stream. Not here: encodings (sample-converter.ts). */
import { requireOptions, requireWord } from '../audio/arguments.js';
import { Resampler, type ResamplerOptions, type SampleType } from '../audio/index.js';
import { AudioTransform, type AudioTransformOptions } from './audio-transform.js';
import { cut, room } from './output-slab.js';
import { ENCODING_OF, samplesOf } from './sample-view.js';
import { frameBytes } from './stream-format.js';

/** Rates, channels and quality of a {@link ResampleStream}; `sample`: `int16` for s16le, `float32` for f32le. */
export type ResampleStreamOptions = AudioTransformOptions & ResamplerOptions<SampleType>;

/** The most bytes that one slice of input becomes, or 64 of its frames. */
const OUTPUT_BYTES = 65_536;
const LEAST_FRAMES = 64;

/**
 * Samples of one rate to another: what {@link Resampler} does, as a stream. n frames become exactly
 * ceil(n · toHz / fromHz), without delay against their own time.
 *
 * @see docs/resampler.md
 * @example
 * import { createReadStream, createWriteStream } from 'node:fs';
 * import { pipeline } from 'node:stream/promises';
 *
 * const resampler = new ResampleStream({ fromHz: 48_000, toHz: 16_000 });
 * await pipeline(createReadStream('talk-48k.s16'), resampler, createWriteStream('talk-16k.s16'));
 */
export class ResampleStream extends AudioTransform {
  readonly #resampler: Resampler<SampleType>;
  readonly #sample: SampleType;
  readonly #frameBytes: number;
  /** Frames of input, and bytes of room for what they become. */
  #roomFor = -1;
  #roomBytes = 0;

  /** @throws RangeError ERR_INVALID_RATE, ERR_INVALID_CHANNELS, ERR_INVALID_OPTION; TypeError or RangeError ERR_INVALID_ARG. */
  constructor(options: ResampleStreamOptions) {
    requireOptions(options, 'new ResampleStream');
    const { fromHz, toHz, channels = 1, sample = 'int16' } = options;
    const encoding = ENCODING_OF[requireWord(sample, 'sample', ['int16', 'float32'])];
    const resampler = new Resampler<SampleType>({ ...options, sample });
    const input = { encoding, sampleRateHz: fromHz, channels };
    const frame = frameBytes(input);
    const frames = Math.max(LEAST_FRAMES, Math.floor((OUTPUT_BYTES / frame) * Math.min(1, fromHz / toHz)));
    super(options, { input, output: { encoding, sampleRateHz: toHz, channels }, sliceBytes: frames * frame });
    this.#resampler = resampler;
    this.#sample = sample;
    this.#frameBytes = frame;
  }

  protected override processAudio(bytes: Buffer): void {
    const space = this.#room(bytes.length / this.#frameBytes);
    const out = samplesOf(space, this.#sample);
    this.#push(space, this.#resampler.processInto(samplesOf(bytes, this.#sample), out));
  }

  protected override endAudio(): void {
    const space = this.#room(0);
    this.#push(space, this.#resampler.flushInto(samplesOf(space, this.#sample)));
  }

  protected override release(): void {
    this.#resampler.close();
  }

  /** Asked for anew only where the size of the chunks changes: a call into the addon costs as much as a slice of memory. */
  #room(frames: number): Buffer {
    if (frames !== this.#roomFor) {
      this.#roomFor = frames;
      this.#roomBytes = this.#resampler.maxOutputFrames(frames) * this.#frameBytes;
    }
    return room(this.#roomBytes);
  }

  #push(space: Buffer, frames: number): void {
    if (frames > 0) this.push(cut(space, frames * this.#frameBytes));
  }
}
