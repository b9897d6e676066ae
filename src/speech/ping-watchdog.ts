/**
 * Whether the other side of a connection is still there: a ping when it is silent, and a verdict when it stays so.
 * Not here: the connection (socket.ts), how long a service may think (deadlines.ts).
 */
import { DeadlineTimer } from './deadlines.js';

export interface PingActions {
  ping(): void;
  /** Nothing has come since the ping, for as long as was allowed. */
  onSilence(): void;
}

/** Ticks of half the time each: a message costs a store and no timer, and silence is noticed half a tick late at most. */
const TICKS_TO_PING = 2;
const TICKS_TO_SILENCE = 4;

export class PingWatchdog {
  readonly #actions: PingActions;
  readonly #timer: DeadlineTimer;
  #next: NodeJS.Immediate | undefined;
  #quietTicks = 0;
  #paused = false;

  /** @param ms 0: never. */
  constructor(ms: number, actions: PingActions) {
    this.#actions = actions;
    this.#timer = new DeadlineTimer(ms / 2, () => this.#tick());
  }

  start(): void {
    this.#timer.start();
  }

  stop(): void {
    clearImmediate(this.#next);
    this.#timer.stop();
  }

  /** Anything at all came from the other side. */
  heard(): void {
    this.#quietTicks = 0;
  }

  /** We do not read: silence means nothing. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.heard();
  }

  #tick(): void {
    // When the process has stood still, what has come meanwhile is read before the next tick.
    this.#next = setImmediate(() => this.#timer.start());
    if (this.#paused) return;
    this.#quietTicks++;
    if (this.#quietTicks === TICKS_TO_PING) this.#actions.ping();
    else if (this.#quietTicks === TICKS_TO_SILENCE) this.#actions.onSilence();
  }
}
