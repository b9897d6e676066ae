// A clock that stands still until a test moves it.
// Not here: what the time is for.
import { setImmediate } from 'node:timers/promises';
import type { CallClock } from '../../../src/telephony/index.js';

interface Timer {
  atMs: number;
  call: () => void;
}

export class ManualClock implements CallClock {
  #nowMs = 1_000;
  readonly #timers = new Set<Timer>();

  nowMs(): number {
    return this.#nowMs;
  }

  startTimer(call: () => void, ms: number): Timer {
    const timer = { atMs: this.#nowMs + ms, call };
    this.#timers.add(timer);
    return timer;
  }

  stopTimer(timer: unknown): void {
    this.#timers.delete(timer as Timer);
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** The event loop was busy for so long: timers that are due fire late, by the next `pass`. */
  stall(ms: number): void {
    this.#nowMs += ms;
  }

  /** Fires the timers of so many milliseconds, one after the other; no promise gets its turn between them. */
  pass(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (let timer = this.#next(endMs); timer; timer = this.#next(endMs)) {
      this.#timers.delete(timer);
      this.#nowMs = Math.max(this.#nowMs, timer.atMs);
      timer.call();
    }
    this.#nowMs = Math.max(this.#nowMs, endMs);
  }

  /** As `pass`, in steps of 5 ms, with a turn of the event loop after each. */
  async live(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 5) {
      this.pass(Math.min(5, ms - passed));
      await setImmediate();
    }
  }

  #next(endMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers)
      if (timer.atMs <= endMs && !(next && next.atMs <= timer.atMs)) next = timer;
    return next;
  }
}
