/**
 * Any audio to any other, as one stream: the shortest chain of native processors, without streams between them.
 * Not here: which chain it is (transcode-chain.ts), what its stages do (transcode-stages.ts).
 */
import { requireOptions } from '../audio/arguments.js';
import type { AudioInfo, WavPatch } from '../audio/index.js';
import type { AudioTransformOptions } from './audio-transform.js';
import { StageStream } from './stage-stream.js';
import { chainOf, type TranscodeChain, type TranscodeRoute } from './transcode-chain.js';

/** What {@link transcode} reads and makes. */
export type TranscodeOptions = AudioTransformOptions & TranscodeRoute;

/**
 * Makes of a WAV, raw samples (G.711 too), Ogg Opus or Opus packets any other of these, as one stream: by one native pass
 * where neither side is Opus, else by the shortest chain of decoder, conversion and encoder.
 *
 * - To raw samples or a WAV: any encoding, rate and number of channels, as {@link Transcoder} has them. Opus is decoded at
 *   the rate asked for where that is 8, 12, 16, 24 or 48 kHz, else at 48 kHz and resampled; a header's gain is applied.
 * - To Ogg Opus or packets: with the options of `writeOggOpus`, at the source's rate or the next above that Opus has.
 * - From Opus to Opus nothing is decoded, unless `to` names channels or an option of the codec: packets are passed on
 *   untouched, with pre-skip, end, gain and tags; what was damaged is left out.
 *
 * `channels: 'mix'` (default) makes `to.channels` of them, 1 where it is left out; `keep` takes those of the source, and
 * `outputFormat` is known once its header is read; `format` tells it then. Packets come and go in object mode.
 *
 * A WAV or Ogg file that was cut or damaged gives what is there, and `info` says so; what is none destroys the stream with
 * the errors of `readWav` and `readOggOpus`, raw samples that end amid a frame with a RangeError ERR_INVALID_LENGTH.
 *
 * @throws TypeError or RangeError ERR_INVALID_ARG (an option that belongs to another container, too); RangeError
 * ERR_INVALID_RATE, ERR_INVALID_CHANNELS, ERR_INVALID_OPTION.
 * @see docs/recipes/transcode.md; docs/wav.md, docs/ogg.md and docs/resampler.md for what each step guarantees
 * @example
 * import { createReadStream, createWriteStream } from 'node:fs';
 * import { pipeline } from 'node:stream/promises';
 *
 * const toPhone = transcode({ from: { container: 'ogg' }, to: { encoding: 'mulaw', sampleRateHz: 8000 } });
 * await pipeline(createReadStream('call.opus'), toPhone, createWriteStream('call.ulaw'));
 */
export function transcode(options: TranscodeOptions): TranscodeStream {
  requireOptions(options, 'transcode');
  const chain = chainOf(options);
  try {
    return new TranscodeStream(options, chain);
  } catch (error) {
    chain.stage.release();
    throw error;
  }
}

/**
 * The stream that {@link transcode} makes.
 *
 * @example
 * const stream: TranscodeStream = transcode({
 *   from: { container: 'wav' },
 *   to: { encoding: 's16le', sampleRateHz: 16_000 },
 *   channels: 'keep',
 * });
 * stream.once('format', ({ channels }) => console.log(channels));
 */
export class TranscodeStream extends StageStream {
  readonly #chain: TranscodeChain;

  /** @internal */
  constructor(options: TranscodeOptions, chain: TranscodeChain) {
    const { stage, output, sliceBytes } = chain;
    super(options, { input: options.from, output, sliceBytes }, stage);
    this.#chain = chain;
  }

  /** What the header of a WAV or Ogg file said; undefined before it is read, and of other sources. Whole at the end. */
  get info(): AudioInfo | undefined {
    return this.sourceInfo;
  }

  /** Of a WAV that was written, once it has ended: what makes the file whole, see `WavWriter`. Else none. */
  patches(): WavPatch[] {
    return this.#chain.patches();
  }
}
