/**
 * Stretches of work that are short enough for everybody else to get their turn.
 * Not here: the work.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';

const TURN_MS = 8;

export class Turn {
  #start = performance.now();

  begin(): void {
    this.#start = performance.now();
  }

  /** Undefined while it lasts; then resolves at the beginning of the next one. */
  pace(): Promise<void> | undefined {
    if (performance.now() - this.#start <= TURN_MS) return undefined;
    return nextTurn().then(() => this.begin());
  }
}
