/**
 * The calls under way on a client or a connection, so that it can end after them.
 * Not here: the requests to the service that a call makes, of which there may be several in turn or none (pool-link.ts).
 */
import type { Readable } from 'node:stream';
import { argumentTypeError } from '../errors.js';
import { type Deferred, deferred } from '../speech/index.js';

export class Calls {
  #running = 0;
  #closed: Deferred | undefined;

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  get running(): number {
    return this.#running;
  }

  /** Rejects with TypeError ERR_CLOSED after `close`. */
  async run<T>(call: () => Promise<T>): Promise<T> {
    this.#begin();
    try {
      return await call();
    } finally {
      this.#end();
    }
  }

  /** Makes a stream, which is a call until it is closed. @throws TypeError ERR_CLOSED after `close` */
  open<T extends Readable>(make: () => T): T {
    this.#begin();
    try {
      return make().once('close', () => this.#end());
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  /** Takes no more; settled when the last one has ended. */
  close(): Promise<void> {
    this.#closed ??= deferred();
    if (this.#running === 0) this.#closed.resolve();
    return this.#closed.promise;
  }

  #begin(): void {
    if (this.#closed) throw closedError();
    this.#running++;
  }

  #end(): void {
    this.#running--;
    if (this.#running === 0) this.#closed?.resolve();
  }
}

export function closedError(): TypeError {
  return argumentTypeError('the connection is closed', 'ERR_CLOSED');
}
