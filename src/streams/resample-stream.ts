/** Another sample rate, as a stream. Not here: encodings (sample-converter.ts). */
import { requireOptions, requireWord } from '../audio/arguments.js';
import type { ResamplerOptions, SampleType } from '../audio/index.js';
import type { AudioTransformOptions } from './audio-transform.js';
import { ENCODING_OF } from './sample-view.js';
import { MAX_TARGET_CHANNELS, requireChannels, requireRate } from './stream-format.js';
import { TranscoderTransform } from './transcoder-transform.js';

/** Rates, channels and quality of a {@link ResampleStream}; `sample`: `int16` for s16le, `float32` for f32le. */
export type ResampleStreamOptions = AudioTransformOptions & ResamplerOptions<SampleType>;

/**
 * Samples of one rate to another: what {@link Resampler} does, as a stream. n frames become exactly
 * ceil(n · toHz / fromHz), without delay against their own time. Floats are limited to +24 dBFS and a NaN is silence: one
 * bad sample does not spoil its neighbours.
 *
 * @see docs/resampler.md
 * @example
 * import { createReadStream, createWriteStream } from 'node:fs';
 * import { pipeline } from 'node:stream/promises';
 *
 * const to16k = new ResampleStream({ fromHz: 48_000, toHz: 16_000 });
 * await pipeline(createReadStream('talk-48k.s16'), to16k, createWriteStream('talk-16k.s16'));
 */
export class ResampleStream extends TranscoderTransform {
  /** @throws RangeError ERR_INVALID_RATE, ERR_INVALID_CHANNELS, ERR_INVALID_OPTION; TypeError or RangeError ERR_INVALID_ARG. */
  constructor(options: ResampleStreamOptions) {
    requireOptions(options, 'new ResampleStream');
    const encoding = ENCODING_OF[requireWord(options.sample ?? 'int16', 'sample', ['int16', 'float32'])];
    const channels = requireChannels(options.channels ?? 1, 'channels', MAX_TARGET_CHANNELS);
    const side = (sampleRateHz: number) => ({ encoding, sampleRateHz, channels });
    super(
      options,
      side(requireRate(options.fromHz, 'fromHz')),
      side(requireRate(options.toHz, 'toHz')),
      options.quality,
    );
  }
}
