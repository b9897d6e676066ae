/**
 * When audio may leave that is to leave no faster than it sounds.
 * Not here: sending it; the timer that waits (s2s-session.ts).
 */

/** So much may be ahead of its time: a connection takes as long, and a live source has jitter. */
const LEAD_MS = 400;
/** A late event loop is caught up with by as much; what was late by more is not hurried along. */
const MAX_LATE_MS = 1_000;

/** By absolute times: a timer that fires late moves nothing behind it. */
export class Pacer {
  readonly #pace: number;
  /** When the audio's first moment was due. */
  #originMs: number | undefined;

  /** @param pace Seconds of audio in a second; 0: as fast as it is taken. */
  constructor(pace: number) {
    this.#pace = pace;
  }

  /**
   * Milliseconds until the audio at `atS` may leave; 0 or less: now. Audio is asked for in its order, and leaves when it may.
   */
  waitMs(atS: number, nowMs = performance.now()): number {
    if (this.#pace === 0) return 0;
    const spanMs = Math.max(0, (1_000 * atS) / this.#pace - LEAD_MS);
    this.#originMs ??= nowMs;
    const waitMs = this.#originMs + spanMs - nowMs;
    if (waitMs < -MAX_LATE_MS) this.#originMs -= waitMs + MAX_LATE_MS;
    return waitMs;
  }
}
