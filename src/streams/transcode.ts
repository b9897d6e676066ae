/**
 * Any audio to any raw samples, as one stream over one native pass.
 * Not here: the pass itself (src/audio/transcoder.ts); Ogg Opus, which has streams of its own.
 */
import { requireOptions } from '../audio/arguments.js';
import { Transcoder, type TranscoderOptions, type WavInfo } from '../audio/index.js';
import type { AudioFormat, RawAudioFormat } from '../format.js';
import { AudioTransform, type AudioTransformOptions } from './audio-transform.js';
import { cut, room } from './output-slab.js';
import { frameBytes } from './stream-format.js';

/** What {@link transcode} reads and gives: the options of a {@link Transcoder}. */
export type TranscodeOptions = AudioTransformOptions & TranscoderOptions;

/** What comes of one slice of input, about. */
const OUTPUT_BYTES = 65_536;
/** Of a WAV, whose format is in its header: 100 ms at 48 kHz, 16 bits, stereo. */
const WAV_SLICE_BYTES = 16_384;
/** Until that is read the room for what comes of it is a hundred times its size. */
const WAV_HEAD_BYTES = 1024;

/**
 * Makes of a WAV, RF64 or raw samples, G.711 too, raw samples of any encoding, rate and number of channels: what
 * {@link Transcoder} does, as one stream. Its output is the same as that of a chain of `WavDecoder`, `SampleConverter` and
 * `ResampleStream`, or nearer to the source by a rounding, at the cost of one of them.
 *
 * With `channels: 'keep'` of a WAV, `outputFormat` is known once the header is read; `format` tells it then. A WAV that was
 * cut gives what is there, and `info` says so; raw samples that end amid a frame are an error. Ogg Opus goes through
 * `OggOpusDemuxer` and `OpusDecoderStream`, or `OpusEncoderStream` and `OggOpusMuxer`.
 *
 * @throws TypeError or RangeError ERR_INVALID_ARG; RangeError ERR_INVALID_RATE, ERR_INVALID_CHANNELS,
 * ERR_INVALID_OPTION.
 * @see docs/wav.md and docs/resampler.md
 * @example
 * import { createReadStream, createWriteStream } from 'node:fs';
 * import { pipeline } from 'node:stream/promises';
 *
 * const toPhone = transcode({ from: { container: 'wav' }, to: { encoding: 'mulaw', sampleRateHz: 8000 } });
 * await pipeline(createReadStream('call.wav'), toPhone, createWriteStream('call.ulaw'));
 */
export function transcode(options: TranscodeOptions): TranscodeStream {
  requireOptions(options, 'transcode');
  const transcoder = new Transcoder(options);
  try {
    return new TranscodeStream(options, transcoder);
  } catch (error) {
    transcoder.close();
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
export class TranscodeStream extends AudioTransform {
  readonly #transcoder: Transcoder;
  #headSought: boolean;
  #info: WavInfo | undefined;

  /** @internal */
  constructor(options: TranscodeOptions, transcoder: Transcoder) {
    const { from } = options;
    super(options, {
      input: from,
      output: transcoder.outputFormat,
      sliceBytes: sliceBytes(from, transcoder.outputFormat),
    });
    this.#transcoder = transcoder;
    this.#headSought = from.container === 'wav';
  }

  /** What a WAV's header said; undefined before it is read, and of raw samples. Whole at the end. */
  get info(): WavInfo | undefined {
    return this.#info ?? (this.destroyed ? undefined : this.#transcoder.info);
  }

  protected override processAudio(bytes: Buffer): void {
    let rest = bytes;
    while (this.#headSought && rest.length > 0) {
      this.#process(rest.subarray(0, WAV_HEAD_BYTES));
      rest = rest.subarray(WAV_HEAD_BYTES);
    }
    if (rest.length > 0) this.#process(rest);
  }

  protected override endAudio(): void {
    const space = room(this.#transcoder.maxFlushBytes);
    const written = this.#transcoder.flushInto(space);
    if (written > 0) this.push(cut(space, written));
    this.#info = this.#transcoder.info;
  }

  protected override release(): void {
    this.#info ??= this.#transcoder.info;
    this.#transcoder.close();
  }

  #process(bytes: Buffer): void {
    const space = room(this.#transcoder.maxOutputBytes(bytes.length));
    const written = this.#transcoder.processInto(bytes, space);
    if (this.#headSought) this.#seekHead();
    if (written > 0) this.push(cut(space, written));
  }

  #seekHead(): void {
    if (this.#transcoder.info === undefined) return;
    this.#headSought = false;
    const format = this.#transcoder.outputFormat;
    if (this.outputFormat === undefined && format) this.announce(format);
  }
}

/** As many as become OUTPUT_BYTES, and no more than these. */
function sliceBytes(from: AudioFormat, output: RawAudioFormat | undefined): number {
  if (from.container === 'wav' || from.container === 'ogg' || !output) return WAV_SLICE_BYTES;
  const growth = (frameBytes(output) * output.sampleRateHz) / (frameBytes(from) * from.sampleRateHz);
  return Math.ceil(OUTPUT_BYTES / Math.max(1, growth));
}
