// A clock that runs faster than the world, for calls over real sockets.
// Not here: one that stands still (manual-clock.ts).
import { ManualClock } from './manual-clock.js';

/**
 * In one turn of the event loop no more passes than a frame: a machine that is busy makes the call last longer, and nothing
 * in it late.
 */
const MAX_TURN_MS = 20;

export class HurriedClock extends ManualClock {
  readonly #speed: number;
  readonly #turns: NodeJS.Timeout;
  #lastMs = performance.now();

  /** @param speed seconds of the call in one */
  constructor(speed: number) {
    super();
    this.#speed = speed;
    this.#turns = setInterval(() => this.#turn(), 1);
  }

  stop(): void {
    clearInterval(this.#turns);
  }

  #turn(): void {
    const nowMs = performance.now();
    this.pass(Math.min(MAX_TURN_MS, this.#speed * (nowMs - this.#lastMs)));
    this.#lastMs = nowMs;
  }
}
