/**
 * Single-use tokens, minted with the key (wire reference, section 1.5).
 * Not here: their use (access.ts).
 */
import type { Deadlines } from '../speech/index.js';
import type { Access } from './access.js';
import { Resource } from './rest.js';
import { AnswerObject } from './rest-answer.js';
import type { CreateTokenOptions, SingleUseToken } from './types.js';

/** Tokens for browsers, and for whoever else must not hold the key. */
export class GradiumTokens {
  readonly #resource: Resource;

  /** @internal */
  constructor(access: Access, deadlines: Deadlines | undefined) {
    this.#resource = new Resource(access, deadlines);
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
    return this.#resource.call({ method: 'GET', path: 'api-keys/token', read: readToken }, options);
  }
}

function readToken(answer: unknown): SingleUseToken {
  const fields = new AnswerObject(answer);
  return { token: fields.id('token'), expiresAt: fields.date('expires_at') };
}
