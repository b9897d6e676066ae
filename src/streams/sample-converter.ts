/** Sample encodings and channel counts, as a stream. Not here: rates (resample-stream.ts). */
import { requireOptions, requireWord } from '../audio/arguments.js';
import { SAMPLE_ENCODINGS, type SampleEncoding } from '../format.js';
import type { AudioTransformOptions } from './audio-transform.js';
import { MAX_TARGET_CHANNELS, requireChannels, requireRate } from './stream-format.js';
import { TranscoderTransform } from './transcoder-transform.js';

/** What a {@link SampleConverter} takes and gives. */
export interface SampleConverterOptions extends AudioTransformOptions {
  /** What comes in. */
  from: SampleEncoding;
  /** What is wanted. */
  to: SampleEncoding;
  /** Channels that come in, interleaved: 1 to 65 535. Default 1. */
  channels?: number;
  /** Channels wanted, at most 64: the same count, 1 (the mean of all), or of 1 any (copies). Default `channels`. */
  toChannels?: number;
  /** Frames in a second, which stay as they are: 1 000 to 192 000. Default: unknown, and not compared with neighbours'. */
  sampleRateHz?: number;
}

/**
 * Raw samples of one encoding and channel count to another: what {@link convertSamples} does, as a stream.
 *
 * @example
 * import { createReadStream, createWriteStream } from 'node:fs';
 * import { pipeline } from 'node:stream/promises';
 *
 * const mono = new SampleConverter({ from: 'f32le', to: 's16le', channels: 2, toChannels: 1 });
 * await pipeline(createReadStream('music.f32'), mono, createWriteStream('music.s16'));
 */
export class SampleConverter extends TranscoderTransform {
  /** @throws RangeError ERR_INVALID_RATE, ERR_INVALID_CHANNELS, ERR_INVALID_OPTION; TypeError or RangeError ERR_INVALID_ARG. */
  constructor(options: SampleConverterOptions) {
    requireOptions(options, 'new SampleConverter');
    const channels = requireChannels(options.channels ?? 1);
    const toChannels = requireChannels(options.toChannels ?? channels, 'toChannels', MAX_TARGET_CHANNELS);
    const sampleRateHz = options.sampleRateHz === undefined ? undefined : requireRate(options.sampleRateHz);
    super(
      options,
      { encoding: requireWord(options.from, 'from', SAMPLE_ENCODINGS), sampleRateHz, channels },
      { encoding: requireWord(options.to, 'to', SAMPLE_ENCODINGS), sampleRateHz, channels: toChannels },
    );
  }
}
