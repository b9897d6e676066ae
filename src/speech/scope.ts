/**
 * The lifetime of one operation: the first failure, wherever it comes from, ends every wait in it.
 * Not here: timers (deadlines.ts), what failures there are (service-errors.ts).
 */
import { onAbort } from '../abort.js';
import { MAX_TIMEOUT_MS } from './deadlines.js';

/**
 * An abort of the caller's signal, a deadline, a dead socket and a broken source all come here as
 * `fail(reason)`; the first wins and is passed on untouched.
 */
export class Scope {
  #failure: { reason: unknown } | undefined;
  readonly #listeners = new Set<(reason: unknown) => void>();
  #detach: () => void = () => {};

  /** @param outer fails this scope too: the caller's signal, or the scope around this one. */
  constructor(outer?: AbortSignal | Scope) {
    if (outer instanceof Scope) this.#detach = outer.onFail((reason) => this.fail(reason));
    else if (outer?.aborted) this.fail(outer.reason);
    else if (outer) this.#detach = onAbort(outer, () => this.fail(outer.reason));
  }

  get failed(): boolean {
    return this.#failure !== undefined;
  }

  fail(reason: unknown): void {
    if (this.#failure) return;
    this.#failure = { reason };
    const listeners = [...this.#listeners];
    this.close();
    for (const listener of listeners) listener(reason);
  }

  throwIfFailed(): void {
    if (this.#failure) throw this.#failure.reason;
  }

  /** Calls `listener` on the failure, at once if it has happened; returns the way to stop listening. */
  onFail(listener: (reason: unknown) => void): () => void {
    if (this.#failure) {
      listener(this.#failure.reason);
      return () => {};
    }
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Settles as `promise` does, or rejects with the failure, whichever comes first. Unlike Promise.race
   * it leaves nothing behind on a long-lived promise.
   */
  wait<T>(promise: PromiseLike<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = this.onFail(reject);
      promise.then(
        (value) => {
          stop();
          resolve(value);
        },
        (error: unknown) => {
          stop();
          reject(error);
        },
      );
    });
  }

  /** Waits `ms`, at most 24.8 days, unless the scope fails before. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = () => {
        stop();
        resolve();
      };
      const timer = setTimeout(done, Math.min(ms, MAX_TIMEOUT_MS));
      const stop = this.onFail((reason) => {
        clearTimeout(timer);
        reject(reason);
      });
    });
  }

  /** The operation is over: the outer scope is let go. */
  close(): void {
    this.#detach();
    this.#detach = () => {};
    this.#listeners.clear();
  }
}
