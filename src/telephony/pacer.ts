/**
 * When the frames of a call leave: one every 20 ms, by absolute times.
 * Not here: what is in them (outbound.ts).
 */
import type { CallClock } from './clock.js';
import { FRAME_MS } from './line-format.js';

/**
 * A stall of the event loop up to this is caught up with: five frames. After a longer one the far end has been silent
 * for so long that its buffer would only grow by it; the times begin anew.
 */
const MAX_LATE_MS = 100;

/**
 * Node's timers count whole milliseconds, and fire up to one later than asked, in a busy process more. Asked for the whole
 * ones before a frame's time, and with what is due within one sent then, frames leave about their times: of 200 calls half
 * within 0.45 ms, 99 % within 1.9. With the nearest whole ones these were 0.52 and 2.0 to 2.5, nearly all late.
 */
const EARLY_MS = 1;

export interface PacerOptions {
  clock: CallClock;
  /** How far ahead of the moment it sounds a frame leaves, in milliseconds. */
  leadMs: number;
  /** Sends one frame; `none`: there is none, and nothing is due until `wake`; `blocked`: it is tried again in 20 ms. */
  onDue: () => 'sent' | 'none' | 'blocked';
}

/**
 * Frame i sounds at `origin + i * 20 ms` and leaves `leadMs` before. A timer that fires late moves nothing behind it, so
 * there is no drift; frames that became due meanwhile leave together.
 */
export class Pacer {
  readonly #options: PacerOptions;
  /** When frame 0 sounds: as soon as it leaves. */
  #originMs: number | undefined;
  #frames = 0;
  #timer: unknown;
  #running = false;

  constructor(options: PacerOptions) {
    this.#options = options;
  }

  /** There may be a frame again. */
  wake(): void {
    if (this.#timer === undefined && !this.#running) this.#run();
  }

  /** What left was taken back: the next frame is the first of a new count. */
  restart(): void {
    this.stop();
    this.#originMs = undefined;
    this.wake();
  }

  /** Nothing leaves until `wake`. */
  stop(): void {
    if (this.#timer !== undefined) this.#options.clock.stopTimer(this.#timer);
    this.#timer = undefined;
  }

  #run(): void {
    this.#timer = undefined;
    this.#running = true;
    try {
      let waitMs = this.#waitMs();
      while (waitMs <= EARLY_MS) {
        const due = this.#options.onDue();
        if (due === 'none' && this.#frames === 0) this.#originMs = undefined; // nothing sounds yet
        if (due === 'none') return;
        if (due === 'sent') this.#frames++;
        waitMs = due === 'sent' ? this.#waitMs() : FRAME_MS;
      }
      this.#timer = this.#options.clock.startTimer(() => this.#run(), Math.floor(waitMs));
    } finally {
      this.#running = false;
    }
  }

  #waitMs(): number {
    const nowMs = this.#options.clock.nowMs();
    if (this.#originMs === undefined || nowMs - this.#soundsMs(this.#originMs) > MAX_LATE_MS) {
      this.#originMs = nowMs;
      this.#frames = 0;
    }
    return this.#soundsMs(this.#originMs) - this.#options.leadMs - nowMs;
  }

  #soundsMs(originMs: number): number {
    return originMs + this.#frames * FRAME_MS;
  }
}
