/**
 * New attempts after failures that may pass: how many, how long between.
 * Not here: which failures may pass; each typed error says so itself.
 */
import { MAX_TIMEOUT_MS } from './deadlines.js';
import type { Scope } from './scope.js';

const BASE_S = 0.5;
const CAP_S = 20;

/** Whether the error says that a new attempt can help. */
export function isRetryable(error: unknown): boolean {
  return error instanceof Error && 'retryable' in error && error.retryable === true;
}

/**
 * Full jitter between 0.5 s and min(20, 0.5 × 2^attempt) s. What the service asked for goes before, and up to as much again,
 * 20 s at most, comes on top: all who were told the same would come back together, and most of them in vain.
 */
export function retryDelayMs(attempt: number, error: unknown, random: () => number = Math.random): number {
  const asked = (error as { retryAfterS?: unknown } | null)?.retryAfterS;
  if (typeof asked === 'number') {
    return Math.min(1000 * (asked + random() * Math.min(CAP_S, asked)), MAX_TIMEOUT_MS);
  }
  const top = Math.min(CAP_S, BASE_S * 2 ** attempt);
  return 1000 * (BASE_S + random() * (top - BASE_S));
}

export interface RetryOptions {
  /** New attempts after the first one. */
  retries: number;
  /** Ends everything, waits between attempts included. */
  scope: Scope;
  /** Left until the total deadline; a wait that would outlast it is not begun. */
  remainingMs: () => number;
  /** Asked after a failure that may pass: whether it can be tried again. Default: yes. */
  again?: (error: unknown) => boolean;
}

/** Runs `attempt` until it succeeds, fails for good, or may not be tried again; the last error is thrown. */
export async function withRetries<T>(options: RetryOptions, attempt: () => Promise<T>): Promise<T> {
  for (let made = 1; ; made++) {
    try {
      return await attempt();
    } catch (error) {
      if (options.scope.failed || made > options.retries || !isRetryable(error)) throw error;
      if (options.again?.(error) === false) throw error;
      const delayMs = retryDelayMs(made, error);
      if (delayMs >= options.remainingMs()) throw error;
      await options.scope.sleep(delayMs);
    }
  }
}
