/**
 * Which 10 ms blocks of 8 kHz mono samples stand out of the noise around them.
 * Not here: whether they are tones or speech (listener.ts).
 */
import { RECOGNISER_HZ } from './tone-measure.js';

/** 10 ms. */
export const BLOCK = RECOGNISER_HZ / 100;

/** Mean square below which nothing is a voice: −55 dBFS. Quiet telephone speech is around −45. */
const LEAST_ACTIVE = 10 ** -5.5;
/** An active block is 9 dB above the quietest 50 ms around it; noise itself varies by about 2 dB. */
const ABOVE_FLOOR = 8;
const SMOOTH_BLOCKS = 5;
/** The floor is looked for 3 s back, a long time to speak without a pause, and 0.5 s ahead. */
const FLOOR_PAST_BLOCKS = 300;
const FLOOR_AHEAD_BLOCKS = 50;

export class ActivityMeter {
  /** Energies and 50 ms means of the newest blocks; #blocks[0] is block #first. */
  readonly #blocks: { energy: number; smooth: number }[] = [];
  #first = 0;
  #next = 0;
  #sum = 0;
  #filled = 0;
  #lastActive: number | undefined;

  /** Takes samples and returns, for each block that can be judged by now, whether it is active. */
  push(samples: Float32Array): boolean[] {
    const decided: boolean[] = [];
    for (let from = 0; from < samples.length; ) {
      const part = samples.subarray(from, from + BLOCK - this.#filled);
      this.#sum = addSquares(this.#sum, part);
      this.#filled += part.length;
      from += part.length;
      if (this.#filled < BLOCK) break;
      this.#closeBlock();
      if (this.#end - this.#next > FLOOR_AHEAD_BLOCKS) decided.push(this.#decideNext());
    }
    return decided;
  }

  /** The blocks that were still waiting for what follows them. A part of a block counts for nothing. */
  finish(): boolean[] {
    const decided: boolean[] = [];
    while (this.#next < this.#end) decided.push(this.#decideNext());
    return decided;
  }

  /** End of the newest active block, judged by its past alone; in samples. */
  get lastActive(): number | undefined {
    return this.#lastActive;
  }

  get #end(): number {
    return this.#first + this.#blocks.length;
  }

  #closeBlock(): void {
    const energy = this.#sum / BLOCK;
    const recent = this.#blocks.slice(1 - SMOOTH_BLOCKS).map((block) => block.energy);
    const smooth = (energy + recent.reduce((sum, value) => sum + value, 0)) / (recent.length + 1);
    this.#blocks.push({ energy, smooth });
    this.#sum = 0;
    this.#filled = 0;
    if (this.#isActive(this.#end - 1)) this.#lastActive = this.#end * BLOCK;
  }

  #decideNext(): boolean {
    const active = this.#isActive(this.#next++);
    while (this.#first < this.#next - FLOOR_PAST_BLOCKS) {
      this.#blocks.shift();
      this.#first++;
    }
    return active;
  }

  #isActive(block: number): boolean {
    const { energy } = this.#blocks[block - this.#first] as { energy: number };
    return energy > LEAST_ACTIVE && energy > ABOVE_FLOOR * this.#floor();
  }

  #floor(): number {
    return this.#blocks.reduce((least, block) => Math.min(least, block.smooth), Number.POSITIVE_INFINITY);
  }
}

/** Sample by sample onto the sum, so that a block's energy does not depend on how it was cut. */
function addSquares(sum: number, samples: Float32Array): number {
  let total = sum;
  for (let i = 0; i < samples.length; i++) total += (samples[i] as number) ** 2;
  return total;
}
