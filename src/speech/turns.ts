/**
 * Turns of the event loop in the midst of long synchronous work.
 * Not here: the work.
 */

/** Everything else in the process may be late by as much: aborts, deadlines, the other sessions. */
const TURN_MS = 10;

/** Counts from its making. */
export class Turns {
  #lastMs = performance.now();

  /** A promise of the next turn when the last one is 10 ms ago, which is seldom; else undefined. */
  due(): Promise<void> | undefined {
    if (performance.now() - this.#lastMs < TURN_MS) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#lastMs = performance.now();
        resolve();
      });
    });
  }
}
