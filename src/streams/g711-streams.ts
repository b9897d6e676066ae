/**
 * ITU-T G.711 as streams: s16le to codes of one byte, and back.
 * Not here: G.711 of whole buffers (src/audio/g711.ts).
 */
import { requireOptions } from '../audio/arguments.js';
import type { AudioTransformOptions } from './audio-transform.js';
import { MAX_TARGET_CHANNELS, requireChannels, requireRate } from './stream-format.js';
import { TranscoderTransform } from './transcoder-transform.js';

/** Options of the G.711 streams. */
export interface G711StreamOptions extends AudioTransformOptions {
  /** Frames in a second, which stay as they are: 1 000 to 192 000. Default 8 000, that of telephone lines. */
  sampleRateHz?: number;
  /** Interleaved, and so they stay: 1 to 64. Default 1. */
  channels?: number;
}

type Encoding = 's16le' | 'mulaw' | 'alaw';

/** One encoding to another at the same rate and channels. */
abstract class G711Transform extends TranscoderTransform {
  constructor(options: G711StreamOptions, from: Encoding, to: Encoding) {
    requireOptions(options, 'a G.711 stream');
    const sampleRateHz = requireRate(options.sampleRateHz ?? 8_000);
    const channels = requireChannels(options.channels ?? 1, 'channels', MAX_TARGET_CHANNELS);
    super(options, { encoding: from, sampleRateHz, channels }, { encoding: to, sampleRateHz, channels });
  }
}

/**
 * s16le to µ-law, two bytes to one: what {@link encodeMulaw} does, as a stream.
 *
 * @see ITU-T G.711 table 2
 * @example
 * import { createReadStream, createWriteStream } from 'node:fs';
 * import { pipeline } from 'node:stream/promises';
 *
 * await pipeline(createReadStream('call.s16'), new MulawEncoder(), createWriteStream('call.ulaw'));
 */
export class MulawEncoder extends G711Transform {
  /** @throws RangeError ERR_INVALID_RATE, ERR_INVALID_CHANNELS, ERR_INVALID_OPTION; TypeError ERR_INVALID_ARG. */
  constructor(options: G711StreamOptions = {}) {
    super(options, 's16le', 'mulaw');
  }
}

/**
 * µ-law to s16le, one byte to two: what {@link decodeMulaw} does, as a stream.
 *
 * @see ITU-T G.711 table 2
 * @example
 * import { createReadStream, createWriteStream } from 'node:fs';
 * import { pipeline } from 'node:stream/promises';
 *
 * await pipeline(createReadStream('call.ulaw'), new MulawDecoder(), createWriteStream('call.s16'));
 */
export class MulawDecoder extends G711Transform {
  /** @throws RangeError ERR_INVALID_RATE, ERR_INVALID_CHANNELS, ERR_INVALID_OPTION; TypeError ERR_INVALID_ARG. */
  constructor(options: G711StreamOptions = {}) {
    super(options, 'mulaw', 's16le');
  }
}

/**
 * s16le to A-law, two bytes to one: what {@link encodeAlaw} does, as a stream.
 *
 * @see ITU-T G.711 table 1
 * @example
 * import { createReadStream, createWriteStream } from 'node:fs';
 * import { pipeline } from 'node:stream/promises';
 *
 * await pipeline(createReadStream('call.s16'), new AlawEncoder(), createWriteStream('call.alaw'));
 */
export class AlawEncoder extends G711Transform {
  /** @throws RangeError ERR_INVALID_RATE, ERR_INVALID_CHANNELS, ERR_INVALID_OPTION; TypeError ERR_INVALID_ARG. */
  constructor(options: G711StreamOptions = {}) {
    super(options, 's16le', 'alaw');
  }
}

/**
 * A-law to s16le, one byte to two: what {@link decodeAlaw} does, as a stream.
 *
 * @see ITU-T G.711 table 1
 * @example
 * import { createReadStream, createWriteStream } from 'node:fs';
 * import { pipeline } from 'node:stream/promises';
 *
 * await pipeline(createReadStream('call.alaw'), new AlawDecoder(), createWriteStream('call.s16'));
 */
export class AlawDecoder extends G711Transform {
  /** @throws RangeError ERR_INVALID_RATE, ERR_INVALID_CHANNELS, ERR_INVALID_OPTION; TypeError ERR_INVALID_ARG. */
  constructor(options: G711StreamOptions = {}) {
    super(options, 'alaw', 's16le');
  }
}
