/**
 * The deadline for a whole call, all its attempts together.
 * Not here: how long it is; see `totalMs` in deadlines.ts.
 */
import { TimeoutError } from '../errors.js';
import { DeadlineTimer } from './deadlines.js';
import type { Scope } from './scope.js';

/** Fails the scope when it passes. */
export class TotalDeadline {
  readonly #scope: Scope;
  #timer: DeadlineTimer | undefined;
  #endsAtMs = Number.POSITIVE_INFINITY;

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  /** The first `start` counts. @param ms 0: never. */
  start(ms: number): void {
    if (this.#timer) return;
    const error = () => new TimeoutError(`not done within ${ms} ms`, { phase: 'total' });
    this.#timer = new DeadlineTimer(ms, () => this.#scope.fail(error()));
    this.#timer.start();
    if (ms > 0) this.#endsAtMs = performance.now() + ms;
  }

  /** Infinite until it is started. */
  get remainingMs(): number {
    return this.#endsAtMs - performance.now();
  }

  stop(): void {
    this.#timer?.stop();
  }
}
