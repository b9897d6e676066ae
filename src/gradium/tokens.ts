/**
 * Single-use tokens, minted with the key (wire reference, section 1.5).
 * Not here: their use (access.ts).
 */
import {
  type Deadlines,
  protocolError,
  requestJson,
  resolveDeadlines,
  Scope,
  TotalDeadline,
  totalMs,
  withRetries,
} from '../speech/index.js';
import type { Access } from './access.js';
import { checkNumber, checkSignal } from './stt-setup.js';
import type { CreateTokenOptions, SingleUseToken } from './types.js';

/** Tokens for browsers, and for whoever else must not hold the key. */
export class GradiumTokens {
  readonly #access: Access;
  readonly #deadlines: Deadlines | undefined;

  /** @internal */
  constructor(access: Access, deadlines: Deadlines | undefined) {
    this.#access = access;
    this.#deadlines = deadlines;
  }

  /**
   * A token that opens one WebSocket: the service takes it once, so each connection needs its own, a new attempt too.
   *
   * @throws (rejects) TypeError ERR_NO_API_KEY when this client has but a token itself; TypeError, RangeError
   * ERR_INVALID_ARG; ConnectionError ERR_CONNECT, ERR_CLOSED_EARLY, ERR_PROTOCOL; TimeoutError ERR_TIMEOUT;
   * SpeechApiError ERR_SPEECH_API; `signal.reason`, untouched
   * @see wire reference, section 1.5; docs/access.md
   * @example
   * const { token, expiresAt } = await new Gradium().tokens.create();
   * console.log(`good for one connection until ${expiresAt.toISOString()}`);
   * const guest = new Gradium({ token });
   */
  async create(options: CreateTokenOptions = {}): Promise<SingleUseToken> {
    checkSignal(options.signal);
    const retries = checkNumber('retries', options.retries, 0, 1000, true) ?? 4;
    const deadlines = resolveDeadlines(options.deadlines, this.#deadlines);
    const target = this.#access.rest('api-keys/token');
    const scope = new Scope(options.signal);
    const total = new TotalDeadline(scope);
    try {
      scope.throwIfFailed();
      total.start(totalMs(deadlines, 0));
      const limits = { retries, scope, remainingMs: () => total.remainingMs };
      return await withRetries(limits, async () => {
        const { body } = await requestJson({ method: 'GET', target, deadlines, scope });
        return readToken(body, target.secrets);
      });
    } finally {
      total.stop();
      scope.close();
    }
  }
}

/** What came is never quoted: it may be a token all the same. */
function readToken(body: unknown, secrets: readonly string[]): SingleUseToken {
  const { token, expires_at: expires } = (body ?? {}) as Record<string, unknown>;
  const expiresAt = new Date(typeof expires === 'string' ? expires : Number.NaN);
  if (typeof token === 'string' && token !== '' && !Number.isNaN(expiresAt.getTime()))
    return { token, expiresAt };
  const message = 'an answer without a token and the time of its expiry';
  throw protocolError(message, { phase: 'stream', requestId: undefined, secrets });
}
