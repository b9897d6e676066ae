/**
 * What was used so far (wire reference, section 1.5).
 * Not here: what is left (credits.ts).
 */
import type { Deadlines } from '../speech/index.js';
import type { Access } from './access.js';
import { Resource } from './rest.js';
import { AnswerObject } from './rest-answer.js';
import type { RestOptions, UsageSummary } from './rest-types.js';

/** What was used so far. */
export class GradiumUsage {
  readonly #resource: Resource;

  /** @internal */
  constructor(access: Access, deadlines: Deadlines | undefined) {
    this.#resource = new Resource(access, deadlines);
  }

  /**
   * Credits, sessions, seconds, messages and characters.
   *
   * @throws (rejects) TypeError ERR_NO_API_KEY when this client has but a token; TypeError, RangeError ERR_INVALID_ARG;
   * SpeechApiError ERR_SPEECH_API; ConnectionError ERR_CONNECT, ERR_CLOSED_EARLY, ERR_PROTOCOL; TimeoutError ERR_TIMEOUT;
   * `signal.reason`, untouched
   * @see wire reference, section 1.5; docs/account.md
   * @example
   * const { sessions, ingressAudioS } = await new Gradium().usage.summary();
   * console.log(`${ingressAudioS} s of audio in ${sessions} sessions`);
   */
  async summary(options: RestOptions = {}): Promise<UsageSummary> {
    return this.#resource.call({ method: 'GET', path: 'usages/summary', read: readSummary }, options);
  }
}

function readSummary(answer: unknown): UsageSummary {
  const fields = new AnswerObject(answer);
  const count = (name: string) => fields.optionalNumber(name) ?? 0;
  return {
    consumedCredits: count('consumed_credits'),
    sessions: count('sessions'),
    ingressAudioS: count('ingress_audio_duration'),
    ingressMessages: count('ingress_messages'),
    ingressChars: count('ingress_text_size'),
    egressAudioS: count('egress_audio_duration'),
    egressMessages: count('egress_messages'),
    egressChars: count('egress_text_size'),
  };
}
