/**
 * How many sessions there may be at once.
 * Not here: what is said to who comes too late (front.ts, sessions.ts).
 */

/** One session's place. */
export interface Slot {
  /** May be called again. */
  release(): void;
}

export class Slots {
  readonly #capacity: number;
  #taken = 0;

  /** @param capacity Infinity: no limit */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** Undefined: all are taken. */
  take(): Slot | undefined {
    if (this.#taken >= this.#capacity) return undefined;
    this.#taken++;
    let held = true;
    return {
      release: () => {
        if (held) this.#taken--;
        held = false;
      },
    };
  }
}
