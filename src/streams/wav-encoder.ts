/** Raw samples to a WAV file, as a stream. Not here: the header itself (src/audio/wav-writer.ts). */
import { requireOptions, requireWord } from '../audio/arguments.js';
import { type WavPatch, WavWriter, type WavWriterOptions } from '../audio/index.js';
import { AudioTransform, type AudioTransformOptions } from './audio-transform.js';
import { cut, room } from './output-slab.js';
import { SAMPLE_OF, samplesOf } from './sample-view.js';
import { frameBytes } from './stream-format.js';

/** What a {@link WavEncoder} takes and what it puts into the header. */
export interface WavEncoderOptions extends AudioTransformOptions, WavWriterOptions {
  /** What comes in. Default `s16le`. */
  from?: 's16le' | 'f32le';
}

/**
 * Raw samples to a WAV file: what {@link WavWriter} does, as a stream. The header goes out first, when the length is not
 * known, and says so (0xFFFFFFFF); readers take that for "until the end". Where the file can be written to afterwards,
 * write the `patches`.
 *
 * @see docs/wav.md
 * @example
 * import { createReadStream, createWriteStream } from 'node:fs';
 * import { open } from 'node:fs/promises';
 * import { pipeline } from 'node:stream/promises';
 *
 * const encoder = new WavEncoder({ sampleRateHz: 16_000 });
 * await pipeline(createReadStream('talk.s16'), encoder, createWriteStream('talk.wav'));
 * await using file = await open('talk.wav', 'r+');
 * for (const { offset, bytes } of encoder.patches()) await file.write(bytes, 0, bytes.length, offset);
 */
export class WavEncoder extends AudioTransform {
  readonly #writer: WavWriter;
  readonly #from: 's16le' | 'f32le';
  readonly #frameBytes: number;
  #patches: WavPatch[] = [];

  /** @throws RangeError ERR_INVALID_RATE, ERR_INVALID_CHANNELS, ERR_INVALID_OPTION; TypeError or RangeError ERR_INVALID_ARG. */
  constructor(options: WavEncoderOptions) {
    requireOptions(options, 'new WavEncoder');
    const from = requireWord(options.from ?? 's16le', 'from', ['s16le', 'f32le']);
    const writer = new WavWriter(options);
    const { sampleRateHz, channels = 1 } = options;
    const input = { encoding: from, sampleRateHz, channels };
    super(options, { input, output: { container: 'wav' } });
    this.#writer = writer;
    this.#from = from;
    this.#frameBytes = frameBytes(input);
  }

  /** What makes the file whole, once the stream has ended: see `WavWriter`. Before, what does so to the file so far. */
  patches(): WavPatch[] {
    return this.destroyed ? this.#patches : this.#writer.patches();
  }

  protected override processAudio(bytes: Buffer): void {
    const space = room(this.#writer.maxOutputBytes(bytes.length / this.#frameBytes));
    const samples = samplesOf(bytes, SAMPLE_OF[this.#from]);
    this.push(cut(space, this.#writer.processInto(samples, space)));
  }

  protected override endAudio(): void {
    const header = this.#writer.flush();
    if (header.length > 0) this.push(header);
  }

  protected override release(): void {
    this.#patches = this.#writer.patches();
    this.#writer.close();
  }
}
