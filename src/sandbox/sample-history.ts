/**
 * The recent past of a stream of samples, addressed by position since its start.
 * Not here: what the samples mean.
 */

const FIRST_CAPACITY = 4096;

export class SampleHistory {
  #samples = new Float32Array(FIRST_CAPACITY);
  /** Position of #samples[0]. */
  #origin = 0;
  #count = 0;

  /** One past the newest sample. */
  get end(): number {
    return this.#origin + this.#count;
  }

  append(samples: Float32Array): void {
    this.#makeRoom(samples.length);
    this.#samples.set(samples, this.#count);
    this.#count += samples.length;
  }

  /** The samples in [from, to), zeros where that lies before the stream or was forgotten. to <= end. */
  slice(from: number, to: number): Float32Array {
    const first = from - this.#origin;
    if (first >= 0) return this.#samples.subarray(first, to - this.#origin);
    const padded = new Float32Array(to - from);
    if (to > this.#origin) padded.set(this.#samples.subarray(0, to - this.#origin), -first);
    return padded;
  }

  /** Says that nothing before this position will be asked for again. */
  forgetBefore(position: number): void {
    const drop = Math.min(position - this.#origin, this.#count);
    // Moving the rest costs as much as it frees, so it waits until half of the buffer can go.
    if (drop < this.#samples.length / 2) return;
    this.#samples.copyWithin(0, drop, this.#count);
    this.#origin += drop;
    this.#count -= drop;
  }

  #makeRoom(more: number): void {
    const needed = this.#count + more;
    if (needed <= this.#samples.length) return;
    const larger = new Float32Array(Math.max(needed, 2 * this.#samples.length));
    larger.set(this.#samples.subarray(0, this.#count));
    this.#samples = larger;
  }
}
