/**
 * The time that a call runs on, which a test may put another in the place of.
 * Not here: what is due when (pacer.ts).
 */

/**
 * Time and timers. Default: the system's. With another one a simulation runs a call of minutes in milliseconds.
 *
 * @example
 * import type { CallClock } from 'sluice-audio/telephony';
 * const hurried: CallClock = {
 *   nowMs: () => 10 * performance.now(),
 *   startTimer: (call, ms) => setTimeout(call, ms / 10),
 *   stopTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
 * };
 */
export interface CallClock {
  /** Milliseconds since some moment; never goes back. */
  nowMs(): number;
  /** Calls `call` once, `ms` milliseconds from now or a little later; what it returns is for `stopTimer`. */
  startTimer(call: () => void, ms: number): unknown;
  /** Prevents the call, if it has not been made yet. */
  stopTimer(timer: unknown): void;
}

export const SYSTEM_CLOCK: CallClock = {
  nowMs: () => performance.now(),
  startTimer: (call, ms) => setTimeout(call, ms),
  stopTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
};
