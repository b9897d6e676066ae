/**
 * Tells a failure of the whole account from a failure of one file.
 * Not here: what a batch does about it (transcribe-batch.ts).
 */
import { SpeechApiError } from '../errors.js';

/** Key or payment refused at the HTTP upgrade: no other file can fare better. */
const ACCOUNT_HTTP_STATUSES = [401, 402, 403];

const POLICY_CODE = 1008;

/** 1008 covers every breach of policy, a bad setup among them; only the wording tells whose fault it was. */
const ACCOUNT_WORDS =
  /\bapi[ _-]?keys?\b|\b(key|credits?|quota|account|billing|payment|subscription|auth\w*|unauthori[sz]ed|forbidden)\b/i;

/**
 * Whether `error` is about the account – its key or its credits – so that every further file would fail alike:
 * a `SpeechApiError` with HTTP status 401, 402 or 403, or with code 1008 and a message that speaks of a key,
 * credits, authentication or the account. Any other 1008 (an unknown voice, a bad format) fails one file alone.
 *
 * @param error Anything that was thrown.
 * @see wire reference, section 1.6
 * @example
 * try {
 *   await new Gradium().stt.transcribe('call.wav');
 * } catch (error) {
 *   console.error(isAccountError(error) ? 'check the key and the credits' : error);
 * }
 */
export function isAccountError(error: unknown): error is SpeechApiError {
  if (!(error instanceof SpeechApiError) || error.apiCode === undefined) return false;
  if (ACCOUNT_HTTP_STATUSES.includes(error.apiCode)) return true;
  return error.apiCode === POLICY_CODE && ACCOUNT_WORDS.test(error.message);
}
