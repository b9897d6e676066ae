/**
 * A stage as a Node stream.
 * Not here: what it does with its audio; what all audio streams keep (audio-transform.ts).
 */
import type { AudioInfo } from '../audio/index.js';
import { AudioTransform, type AudioTransformOptions, type AudioTransformTraits } from './audio-transform.js';
import type { Stage } from './stage.js';

/** Base of the streams that are one stage, or a chain of them. */
export abstract class StageStream extends AudioTransform {
  readonly #stage: Stage;
  /** Kept when the stage is released. */
  #info: AudioInfo | undefined;

  /** @internal */
  constructor(options: AudioTransformOptions, traits: AudioTransformTraits, stage: Stage) {
    super(options, traits);
    this.#stage = stage;
    stage.give = (bytes) => {
      this.#tellFormat();
      this.push(bytes);
    };
  }

  /** @internal */
  protected get sourceInfo(): AudioInfo | undefined {
    return this.destroyed ? this.#info : this.#stage.info;
  }

  protected override processAudio(bytes: Buffer): void {
    this.#stage.process(bytes);
    this.#tellFormat();
  }

  protected override endAudio(): void {
    this.#stage.end();
    this.#tellFormat();
  }

  protected override release(): void {
    this.#info = this.#stage.info;
    this.#stage.release();
  }

  #tellFormat(): void {
    if (this.outputFormat !== undefined) return;
    const { format } = this.#stage;
    if (format) this.announce(format);
  }
}
