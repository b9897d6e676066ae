/**
 * Raw samples of one kind to raw samples of another, by one native call a chunk: the work of SampleConverter, the G.711
 * streams and ResampleStream. Not here: their options; what the call does (src/audio/transcoder.ts).
 */
import { type ResamplerQuality, Transcoder } from '../audio/index.js';
import { AudioTransform, type AudioTransformOptions } from './audio-transform.js';
import { cut, room } from './output-slab.js';
import { frameBytes, type RawStreamFormat } from './stream-format.js';

/** What comes of one slice of input, about. */
const OUTPUT_BYTES = 65_536;
/** Where no rate is known none changes, and any does for both sides. */
const ANY_RATE_HZ = 8_000;

/** Between two formats that are known from the start. */
export abstract class TranscoderTransform extends AudioTransform {
  readonly #transcoder: Transcoder;

  /** @internal */
  constructor(
    options: AudioTransformOptions,
    input: RawStreamFormat,
    output: RawStreamFormat,
    quality?: ResamplerQuality,
  ) {
    const transcoder = new Transcoder({
      from: rated(input),
      to: rated(output),
      ...(quality !== undefined && { quality }),
    });
    try {
      super(options, { input, output, sliceBytes: sliceBytes(input, output) });
    } catch (error) {
      transcoder.close();
      throw error;
    }
    this.#transcoder = transcoder;
  }

  protected override processAudio(bytes: Buffer): void {
    const transcoder = this.#transcoder;
    const space = room(transcoder.maxOutputBytes(bytes.length));
    const written = transcoder.processInto(bytes, space);
    if (written > 0) this.push(cut(space, written));
  }

  protected override endAudio(): void {
    const space = room(this.#transcoder.maxFlushBytes);
    const written = this.#transcoder.flushInto(space);
    if (written > 0) this.push(cut(space, written));
  }

  protected override release(): void {
    this.#transcoder.close();
  }
}

function rated(format: RawStreamFormat) {
  return { ...format, sampleRateHz: format.sampleRateHz ?? ANY_RATE_HZ };
}

/** As much input as becomes OUTPUT_BYTES, and no more than these. */
export function sliceBytes(input: RawStreamFormat, output: RawStreamFormat): number {
  const rateGrowth = (output.sampleRateHz ?? ANY_RATE_HZ) / (input.sampleRateHz ?? ANY_RATE_HZ);
  const growth = (frameBytes(output) / frameBytes(input)) * rateGrowth;
  return Math.ceil(OUTPUT_BYTES / Math.max(1, growth));
}
