/**
 * What is left to spend (wire reference, section 1.5).
 * Not here: what was used (usage.ts).
 */
import type { Deadlines } from '../speech/index.js';
import type { Access } from './access.js';
import { Resource } from './rest.js';
import { AnswerObject } from './rest-answer.js';
import type { Credits, RestOptions } from './rest-types.js';
import { defined } from './stt-setup.js';

/** What is left to spend. */
export class GradiumCredits {
  readonly #resource: Resource;

  /** @internal */
  constructor(access: Access, deadlines: Deadlines | undefined) {
    this.#resource = new Resource(access, deadlines);
  }

  /**
   * The credits of this period.
   *
   * @throws (rejects) TypeError ERR_NO_API_KEY when this client has but a token; TypeError, RangeError ERR_INVALID_ARG;
   * SpeechApiError ERR_SPEECH_API; ConnectionError ERR_CONNECT, ERR_CLOSED_EARLY, ERR_PROTOCOL; TimeoutError ERR_TIMEOUT;
   * `signal.reason`, untouched
   * @see wire reference, section 1.5; docs/account.md
   * @example
   * const { remaining, allocated } = await new Gradium().credits.get();
   * console.log(`${remaining} of ${allocated} credits are left`);
   */
  async get(options: RestOptions = {}): Promise<Credits> {
    return this.#resource.call({ method: 'GET', path: 'usages/credits', read: readCredits }, options);
  }
}

function readCredits(answer: unknown): Credits {
  const fields = new AnswerObject(answer);
  return {
    remaining: fields.number('remaining_credits'),
    allocated: fields.number('allocated_credits'),
    billingPeriod: fields.text('billing_period'),
    ...defined({ nextRolloverDate: fields.optionalText('next_rollover_date') }),
    planName: fields.optionalText('plan_name') ?? '',
  };
}
