/**
 * How long a session with the service may last.
 * Not here: what becomes of longer audio (stt-chain.ts).
 */
import { argumentRangeError, argumentTypeError } from '../errors.js';
import type { ClientConfig } from './session.js';

/** The service ends a session after so many seconds. */
const SESSION_LIMIT_S = 300;
/** Sessions end so long before: what is under way, and a clock that runs a little faster there, must fit in. */
const MARGIN_S = 10;
/** Below this the overlap of sessions and the margin leave too little. */
const MIN_LIMIT_S = 10;
const MAX_LIMIT_S = 86_400;

/** Seconds of audio that are sent in one session; infinite without a limit. */
export function sessionSeconds({ sessionLimitS }: ClientConfig): number {
  return sessionLimitS - Math.min(MARGIN_S, sessionLimitS / 10);
}

/** Infinite where there is none. @throws TypeError, RangeError ERR_INVALID_ARG */
export function checkSessionLimit(limitS: unknown = SESSION_LIMIT_S): number {
  if (typeof limitS !== 'number') {
    throw argumentTypeError(`sessionLimitS must be a number of seconds, got ${typeof limitS}`);
  }
  if (limitS !== 0 && !(limitS >= MIN_LIMIT_S && limitS <= MAX_LIMIT_S)) {
    throw argumentRangeError(
      `sessionLimitS must be 0 (none) or from ${MIN_LIMIT_S} to ${MAX_LIMIT_S} seconds, got ${limitS}`,
    );
  }
  return limitS === 0 ? Number.POSITIVE_INFINITY : limitS;
}
