/**
 * Steps of work on audio, one behind the other within one stream: each takes bytes and hands on what comes of them, at once.
 * Not here: what each of them does (a file each); the stream around them (stage-stream.ts).
 */
import type { AudioInfo } from '../audio/index.js';
import type { StreamFormat } from './stream-format.js';

/** One step. It keeps no more than its codec does: whatever it makes of its input is given away before `process` returns. */
export abstract class Stage {
  /** Takes what comes of the input: bytes that are nobody else's, or a packet. To be set before the first `process`. */
  give: (bytes: Buffer) => void = () => {};

  /** What it gives, with its channels; undefined while that is not known. Known before anything is given, or it ends. */
  abstract readonly format: StreamFormat | undefined;

  /** What the source's header said, of a stage that reads one. */
  get info(): AudioInfo | undefined {
    return undefined;
  }

  /** Takes all of these bytes: whole frames of raw samples, any bytes of a container, or a packet. */
  abstract process(bytes: Buffer): void;

  /** No byte follows: gives what was held back. */
  end(): void {}

  /** Frees the native memory. Called once, whatever came before; nothing but `info` and `format` is asked after it. */
  release(): void {}
}

/** Some stages as one. Of none, it gives what it takes. */
export class Chain extends Stage {
  readonly #stages: readonly Stage[];
  readonly #input: StreamFormat;

  /** @param input what the first of them takes */
  constructor(input: StreamFormat, stages: readonly Stage[]) {
    super();
    this.#stages = stages;
    this.#input = input;
    stages.forEach((stage, i) => {
      const next = stages[i + 1];
      stage.give = next ? (bytes) => next.process(bytes) : (bytes) => this.give(bytes);
    });
  }

  override get format(): StreamFormat | undefined {
    const last = this.#stages.at(-1);
    return last ? last.format : this.#input;
  }

  override get info(): AudioInfo | undefined {
    return this.#stages[0]?.info;
  }

  override process(bytes: Buffer): void {
    const [first] = this.#stages;
    if (first) first.process(bytes);
    else this.give(bytes);
  }

  override end(): void {
    for (const stage of this.#stages) stage.end();
  }

  override release(): void {
    for (const stage of this.#stages) stage.release();
  }
}

/** A stage that cannot be made before the one before it has read a header. */
export class LateStage extends Stage {
  readonly #make: () => Stage;
  #stage: Stage | undefined;

  /** @param make is called once, at the first bytes or at the end. */
  constructor(make: () => Stage) {
    super();
    this.#make = make;
  }

  override get format(): StreamFormat | undefined {
    return this.#stage?.format;
  }

  override process(bytes: Buffer): void {
    this.#made().process(bytes);
  }

  override end(): void {
    this.#made().end();
  }

  override release(): void {
    this.#stage?.release();
  }

  #made(): Stage {
    if (this.#stage === undefined) {
      this.#stage = this.#make();
      this.#stage.give = (bytes) => this.give(bytes);
    }
    return this.#stage;
  }
}
