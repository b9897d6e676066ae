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

/** Blocks that are remembered: the floor's, as a power of two. */
const RING = 512;

export class ActivityMeter {
  /** Of block b at b % RING. */
  readonly #energies = new Float64Array(RING);
  readonly #floor = new SlidingMinimum();
  /** Blocks so far, the next to decide, and the first that the floor looks at. */
  #end = 0;
  #next = 0;
  #first = 0;
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

  #closeBlock(): void {
    const energy = this.#sum / BLOCK;
    const oldest = Math.max(0, this.#end - SMOOTH_BLOCKS + 1);
    let recent = 0;
    for (let block = oldest; block < this.#end; block++) recent += this.#energies[block % RING] as number;
    this.#energies[this.#end % RING] = energy;
    this.#floor.push(this.#end, (energy + recent) / (this.#end - oldest + 1));
    this.#end++;
    this.#sum = 0;
    this.#filled = 0;
    if (this.#isActive(this.#end - 1)) this.#lastActive = this.#end * BLOCK;
  }

  #decideNext(): boolean {
    const active = this.#isActive(this.#next++);
    this.#first = Math.max(this.#first, this.#next - FLOOR_PAST_BLOCKS);
    this.#floor.forgetBefore(this.#first);
    return active;
  }

  #isActive(block: number): boolean {
    const energy = this.#energies[block % RING] as number;
    return energy > LEAST_ACTIVE && energy > ABOVE_FLOOR * this.#floor.value;
  }
}

/** The least of the newest values, at constant cost on average: those that a later one undercuts are dropped. */
class SlidingMinimum {
  /** Ascending in both; the least is first. */
  readonly #candidates: { at: number; value: number }[] = [];
  #head = 0;

  get value(): number {
    return this.#candidates[this.#head]?.value ?? Number.POSITIVE_INFINITY;
  }

  push(at: number, value: number): void {
    const candidates = this.#candidates;
    while (candidates.length > this.#head && (candidates.at(-1)?.value as number) >= value) candidates.pop();
    candidates.push({ at, value });
  }

  forgetBefore(position: number): void {
    while ((this.#candidates[this.#head]?.at ?? position) < position) this.#head++;
    if (this.#head < RING) return;
    this.#candidates.splice(0, this.#head);
    this.#head = 0;
  }
}

/** Sample by sample onto the sum, so that a block's energy does not depend on how it was cut. */
function addSquares(sum: number, samples: Float32Array): number {
  let total = sum;
  for (let i = 0; i < samples.length; i++) total += (samples[i] as number) ** 2;
  return total;
}
