/**
 * Native work that leaves the event loop free, as a promise that a signal can give up on.
 * Not here: what is worth a thread, and how the input is kept safe (native/bindings/async_work.h).
 */
import { onAbort } from '../abort.js';
import { argumentTypeError } from '../errors.js';
import type { GiveUp, NativeCallbacks } from '../native/index.js';
import { describe } from './arguments.js';

/** What every function of whole files that works off the event loop takes. */
export interface AbortOptions {
  /** Gives the work up at once, with `signal.reason` as the error, untouched. Default: none. */
  signal?: AbortSignal | undefined;
}

/**
 * The promise of what `begin` returns, or else of what it hands to its callbacks later.
 *
 * @param begin Calls the addon. What it throws rejects the promise, as all else that goes wrong.
 */
export async function offLoop<T extends object>(
  signal: AbortSignal | undefined,
  begin: (...callbacks: NativeCallbacks<T>) => T | GiveUp,
): Promise<T> {
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw argumentTypeError(`signal must be an AbortSignal, got ${describe(signal)}`);
  signal?.throwIfAborted();
  let stopListening: (() => void) | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      const begun = begin(resolve, reject);
      if (!isGiveUp(begun)) return resolve(begun);
      if (!signal) return;
      stopListening = onAbort(signal, () => {
        begun();
        reject(signal.reason);
      });
    });
  } finally {
    stopListening?.();
  }
}

/** Results are arrays and plain objects. */
function isGiveUp(begun: object): begun is GiveUp {
  return typeof begun === 'function';
}
