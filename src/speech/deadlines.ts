/**
 * Deadlines: their defaults, and a timer that can be pushed back cheaply.
 * Not here: what happens when one passes.
 */
import { argumentRangeError, argumentTypeError } from '../errors.js';

/** All in milliseconds; 0 turns one off. */
export interface Deadlines {
  /** TCP, TLS and the WebSocket upgrade. Default 10 000. */
  connectMs?: number;
  /** From setup to `ready`. Default 30 000 (+ `retryForS`). */
  setupMs?: number;
  /**
   * Without any message while it is the service's turn. Default 30 000. It is when all was sent, a `flush` is out, or
   * nothing more may be sent, and when more than 5 s of audio are unanswered: by its `step`s, or by anything at all
   * since `ready`. Our own silence does not count, and audio that still leaves a backlog counts as a message.
   */
  idleMs?: number;
  /**
   * Without anything at all from the other side, not even the answer to a ping. Default 20 000. After so long (or half of
   * it) a ping is sent, and after as long again the connection is taken for dead. Not while we do not read ourselves. On
   * the shared sockets of `connect()` the client's counts, not a call's.
   */
  pingMs?: number;
  /** For the whole operation, new attempts included. Default 60 000 + 2 × the audio's length where that is known. */
  totalMs?: number;
}

export interface ResolvedDeadlines {
  connectMs: number;
  setupMs: number;
  idleMs: number;
  pingMs: number;
  /** Undefined: the default, which depends on the audio. */
  totalMs: number | undefined;
}

const NAMES = ['connectMs', 'setupMs', 'idleMs', 'pingMs', 'totalMs'] as const;

/** The first layer that names a deadline decides it. @throws TypeError, RangeError ERR_INVALID_ARG */
export function resolveDeadlines(...layers: (Deadlines | undefined)[]): ResolvedDeadlines {
  const resolved: ResolvedDeadlines = {
    connectMs: 10_000,
    setupMs: 30_000,
    idleMs: 30_000,
    pingMs: 20_000,
    totalMs: undefined,
  };
  for (const layer of layers.toReversed()) {
    for (const name of NAMES) {
      const ms = layer?.[name];
      if (ms !== undefined) resolved[name] = checkedMs(name, ms);
    }
  }
  return resolved;
}

function checkedMs(name: string, ms: unknown): number {
  if (typeof ms !== 'number') {
    throw argumentTypeError(`deadlines.${name} must be a number of milliseconds, got ${typeof ms}`);
  }
  if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY)) {
    throw argumentRangeError(`deadlines.${name} must be 0 (off) or more milliseconds, got ${ms}`);
  }
  return ms;
}

/** The total deadline for an operation on `audioS` seconds of audio; 0 when there is none. */
export function totalMs(deadlines: ResolvedDeadlines, audioS: number | undefined): number {
  if (deadlines.totalMs !== undefined) return deadlines.totalMs;
  return audioS === undefined ? 0 : 60_000 + 2_000 * audioS;
}

/** Above this setTimeout fires at once; 24.8 days are as good as never. */
export const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** One deadline. It never keeps the process alive: the socket that it watches does. */
export class DeadlineTimer {
  readonly ms: number;
  readonly #expired: () => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param ms 0: never. */
  constructor(ms: number, expired: () => void) {
    this.ms = ms;
    this.#expired = expired;
  }

  get running(): boolean {
    return this.#timer !== undefined;
  }

  start(): void {
    this.stop();
    if (this.ms === 0) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#expired();
      },
      Math.min(this.ms, MAX_TIMEOUT_MS),
    );
    this.#timer.unref();
  }

  /** Starts the full time anew, if it is running. */
  refresh(): void {
    this.#timer?.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
