/**
 * Mono samples of one rate to the recogniser's 8 kHz, as long as the audio was wherever it is flushed.
 * Not here: where the samples come from (input-decoder.ts), resampling itself (src/audio).
 */
import { Resampler } from '../audio/index.js';
import { RECOGNISER_HZ } from './tone-measure.js';

export class Downsampler {
  readonly #sampleRateHz: number;
  readonly #resampler: Resampler<'float32'> | undefined;
  #samplesIn = 0;
  #samplesOut = 0;

  constructor(sampleRateHz: number) {
    this.#sampleRateHz = sampleRateHz;
    if (sampleRateHz !== RECOGNISER_HZ) {
      this.#resampler = new Resampler({
        fromHz: sampleRateHz,
        toHz: RECOGNISER_HZ,
        quality: 'fast',
        sample: 'float32',
      });
    }
  }

  push(mono: Float32Array): Float32Array {
    const samples = this.#resampler?.process(mono) ?? mono;
    this.#samplesIn += mono.length;
    this.#samplesOut += samples.length;
    return samples;
  }

  /** The rest of the audio so far, whose last sample may be a part of one: it is left to what follows. */
  flush(): Float32Array {
    return this.#drain(Math.floor(this.#samplesDue));
  }

  finish(): Float32Array {
    return this.#drain(Math.ceil(this.#samplesDue));
  }

  close(): void {
    this.#resampler?.close();
  }

  /** Length of the audio so far, in 8 kHz samples. */
  get #samplesDue(): number {
    return (this.#samplesIn * RECOGNISER_HZ) / this.#sampleRateHz;
  }

  /** The resampler rounds up at each flush. Cut (or filled) to this length of the stream, that does not add up. */
  #drain(streamLength: number): Float32Array {
    if (this.#resampler === undefined) return new Float32Array(0);
    const rest = new Float32Array(Math.max(0, streamLength - this.#samplesOut));
    rest.set(this.#resampler.flush().subarray(0, rest.length));
    this.#samplesOut += rest.length;
    return rest;
  }
}
