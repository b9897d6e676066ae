/**
 * What one sample encoding becomes another by: the work of SampleConverter and the G.711 streams.
 * Not here: their options.
 */
import { convertSamplesInto } from '../audio/index.js';
import { AudioTransform, type AudioTransformOptions } from './audio-transform.js';
import { cut, room } from './output-slab.js';
import { frameBytes, type RawStreamFormat } from './stream-format.js';

/** Converts frames one by one, so that the output's length is known. */
export abstract class ConvertTransform extends AudioTransform {
  readonly #conversion: Parameters<typeof convertSamplesInto>[2];
  readonly #fromBytes: number;
  readonly #toBytes: number;

  /** @internal */
  constructor(options: AudioTransformOptions, input: RawStreamFormat, output: RawStreamFormat) {
    const [channels, toChannels] = [input.channels ?? 1, output.channels ?? 1];
    const conversion = { from: input.encoding, to: output.encoding, channels, toChannels };
    // Refuses channel counts that no rule mixes now, not at the first chunk.
    convertSamplesInto(new Uint8Array(0), new Uint8Array(0), conversion);
    super(options, { input, output });
    this.#conversion = conversion;
    this.#fromBytes = frameBytes(input);
    this.#toBytes = frameBytes(output);
  }

  protected override processAudio(bytes: Buffer): void {
    const space = room((bytes.length / this.#fromBytes) * this.#toBytes);
    this.push(cut(space, convertSamplesInto(bytes, space, this.#conversion)));
  }
}
