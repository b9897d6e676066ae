/**
 * Voices from words, and from other voices: candidates that can be heard, and kept (wire reference, section 1.4).
 * Not here: voices that are kept (voices.ts).
 */
import { argumentRangeError, argumentTypeError, SpeechApiError } from '../errors.js';
import type { Deadlines, Scope } from '../speech/index.js';
import type { Access } from './access.js';
import { PagedListing } from './listing.js';
import { type Ask, Resource, type RestRequest } from './rest.js';
import { AnswerObject } from './rest-answer.js';
import { checkedPage, checkedSamples, optionalText, pathId, requiredText } from './rest-options.js';
import type {
  EnhanceVoiceOptions,
  GenerateVoicesOptions,
  ListCandidatesOptions,
  Listing,
  LocalizeVoiceOptions,
  RestOptions,
  VoiceCandidate,
  VoiceCandidateDetails,
  WaitForCandidatesOptions,
} from './rest-types.js';
import { checkNumber, defined, requireOptions } from './stt-setup.js';

const MAX_PROMPT_CHARS = 500;
const MAX_VOICE_CHARS = 64;
const MAX_ACCENT_CHARS = 100;
/** How long candidates take nobody says. */
const READY_TOTAL_MS = 300_000;
const POLL_MS = 2_000;
const EMBEDDINGS = 'voice-generator/embeddings';

/** Voices from words, and from other voices. */
export class GradiumVoiceGenerator {
  readonly #resource: Resource;

  /** @internal */
  constructor(access: Access, deadlines: Deadlines | undefined) {
    this.#resource = new Resource(access, deadlines);
  }

  /**
   * Asks for voices by words. What comes can be used once it is ready (`whenReady`), is kept by `voices.fromEmbedding`, and
   * is forgotten by the service after 30 days.
   *
   * @param prompt What the voice is like: 1 to 500 characters.
   * @throws (rejects) TypeError ERR_NO_API_KEY when this client has but a token; TypeError, RangeError ERR_INVALID_ARG;
   * SpeechApiError ERR_SPEECH_API; ConnectionError ERR_CONNECT, ERR_CLOSED_EARLY, ERR_PROTOCOL; TimeoutError ERR_TIMEOUT;
   * `signal.reason`, untouched
   * @see wire reference, section 1.4
   * @example
   * const { voiceGenerator, tts } = new Gradium();
   * const made = await voiceGenerator.generate('a calm old sailor', { language: 'en', samples: 3 });
   * for (const { id } of await voiceGenerator.whenReady(made.map((candidate) => candidate.id))) {
   *   await (await tts.synthesize('Ahoy.', { voiceId: id })).save(`${id}.wav`);
   * }
   */
  async generate(prompt: string, options: GenerateVoicesOptions): Promise<VoiceCandidate[]> {
    requireOptions(options);
    const cfgScale = checkNumber('cfgScale', options.cfgScale, 1, 20);
    const body = {
      prompt: requiredText('prompt', prompt, MAX_PROMPT_CHARS),
      language: requiredText('language', options.language),
      ...defined({ n_samples: checkedSamples(options.samples) }),
      ...(cfgScale !== undefined && { json_config: { cfg_scale: cfgScale } }),
    };
    return this.#make('generate', body, options);
  }

  /**
   * Asks for a voice that is clearer.
   *
   * @param voice The id of a voice or a candidate: 1 to 64 characters.
   * @throws (rejects) as `generate`
   * @see wire reference, section 1.4
   * @example
   * const { voiceGenerator } = new Gradium();
   * const [better] = await voiceGenerator.enhance('YOUR_VOICE');
   */
  async enhance(voice: string, options: EnhanceVoiceOptions = {}): Promise<VoiceCandidate[]> {
    requireOptions(options);
    const body = {
      src_voice: requiredText('voice', voice, MAX_VOICE_CHARS),
      ...defined({ n_samples: checkedSamples(options.samples) }),
    };
    return this.#make('enhance', body, options);
  }

  /**
   * Asks for a voice that speaks another language, or with another accent.
   *
   * @param voice The id of a voice or a candidate: 1 to 64 characters.
   * @throws (rejects) as `generate`
   * @see wire reference, section 1.4
   * @example
   * const { voiceGenerator } = new Gradium();
   * const [accent] = (await voiceGenerator.accents()).fr ?? [];
   * await voiceGenerator.localize('YOUR_VOICE', { targetLanguage: 'fr', ...(accent && { accent }) });
   */
  async localize(voice: string, options: LocalizeVoiceOptions): Promise<VoiceCandidate[]> {
    requireOptions(options);
    const body = {
      src_voice: requiredText('voice', voice, MAX_VOICE_CHARS),
      target_language: requiredText('targetLanguage', options.targetLanguage),
      ...defined({
        accent: optionalText('accent', options.accent, MAX_ACCENT_CHARS),
        gender: checkedGender(options.gender),
        n_samples: checkedSamples(options.samples),
      }),
    };
    return this.#make('localize', body, options);
  }

  /**
   * The accents that `localize` knows, by language; the first of each is taken where none is named.
   *
   * @throws (rejects) as `generate`
   * @see wire reference, section 1.4
   * @example
   * const { fr = [] } = await new Gradium().voiceGenerator.accents();
   */
  async accents(options: RestOptions = {}): Promise<Record<string, string[]>> {
    const read = (answer: unknown) => new AnswerObject(answer).textLists('languages');
    return this.#resource.call({ method: 'GET', path: 'voice-generator/available-accents', read }, options);
  }

  /**
   * The candidates there are, page by page as they are read.
   *
   * @throws TypeError, RangeError ERR_INVALID_ARG. The iteration rejects as `generate`
   * @see wire reference, section 1.4; docs/rest.md
   * @example
   * for await (const { id, ready } of new Gradium().voiceGenerator.list()) console.log(id, ready);
   */
  list(options: ListCandidatesOptions = {}): Listing<VoiceCandidateDetails> {
    this.#resource.check(options);
    const id = optionalText('id', options.id);
    return new PagedListing(checkedPage(options), async (skip, limit) => ({
      entries: await this.#resource.call(candidates({ embedding_id: id, skip, limit }), options),
    }));
  }

  /**
   * Waits until all of them can be used: looks every `pollMs`, for 300 s unless `deadlines.totalMs` says otherwise.
   *
   * @param ids Of candidates.
   * @returns In the order of `ids`.
   * @throws (rejects) as `generate`; SpeechApiError with `apiCode` 404 for a candidate that there is not (any more)
   * @see wire reference, section 1.4
   * @example
   * const { voiceGenerator } = new Gradium();
   * const [made] = await voiceGenerator.generate('a calm old sailor', { language: 'en' });
   * if (made) await voiceGenerator.whenReady([made.id]);
   */
  async whenReady(
    ids: readonly string[],
    options: WaitForCandidatesOptions = {},
  ): Promise<VoiceCandidateDetails[]> {
    requireOptions(options);
    if (!Array.isArray(ids)) throw argumentTypeError('ids must be an array of strings');
    const wanted = ids.map((id) => requiredText('ids', id));
    const pollMs = checkNumber('pollMs', options.pollMs, 100, 60_000) ?? POLL_MS;
    const wait = (ask: Ask, scope: Scope) => waitForAll(wanted, pollMs, ask, scope);
    return this.#resource.run(options, wait, { totalMs: READY_TOTAL_MS });
  }

  /**
   * Deletes a candidate. A second attempt that finds it gone has succeeded.
   *
   * @throws (rejects) as `generate` (404: there is no such candidate)
   * @see wire reference, section 1.4
   * @example
   * await new Gradium().voiceGenerator.delete('vox_emb_1');
   */
  async delete(id: string, options: RestOptions = {}): Promise<void> {
    const path = `${EMBEDDINGS}/${pathId(id)}`;
    return this.#resource.call({ method: 'DELETE', path, read: () => {} }, options);
  }

  #make(route: string, body: unknown, options: RestOptions): Promise<VoiceCandidate[]> {
    const read = (answer: unknown) => new AnswerObject(answer).list('embeddings', readCandidate);
    return this.#resource.call({ method: 'POST', path: `voice-generator/${route}`, body, read }, options);
  }
}

async function waitForAll(
  ids: readonly string[],
  pollMs: number,
  ask: Ask,
  scope: Scope,
): Promise<VoiceCandidateDetails[]> {
  const ready = new Map<string, VoiceCandidateDetails>();
  for (;;) {
    for (const id of ids) {
      if (ready.has(id)) continue;
      const candidate = (await ask(candidates({ embedding_id: id }))).find((found) => found.id === id);
      if (!candidate) throw goneError(id);
      if (candidate.ready) ready.set(id, candidate);
    }
    const found = ids.flatMap((id) => ready.get(id) ?? []);
    if (found.length === ids.length) return found;
    await scope.sleep(pollMs);
  }
}

/** The service answers an id that it does not know by an empty list. */
function goneError(id: string): SpeechApiError {
  const message = `there is no candidate ${JSON.stringify(id)}: it was deleted, or has expired`;
  return new SpeechApiError(message, { apiCode: 404, retryable: false });
}

function candidates(query: NonNullable<RestRequest<unknown>['query']>): RestRequest<VoiceCandidateDetails[]> {
  const read = (answer: unknown) => new AnswerObject(answer).list('embeddings', readDetails);
  return { method: 'GET', path: EMBEDDINGS, query, read };
}

function readCandidate(fields: AnswerObject): VoiceCandidate {
  return {
    id: fields.id('embedding_id'),
    ready: fields.flag('ready'),
    ...defined({ expiresAt: fields.optionalDate('expires_at') }),
  };
}

const KINDS = {
  generate: 'generate_config',
  edit_language: 'edit_language_config',
  enhance: 'enhance_config',
};
type Kind = keyof typeof KINDS;

function readDetails(fields: AnswerObject): VoiceCandidateDetails {
  const named = fields.optionalText('kind');
  // A kind that came about later is none of those that the type knows.
  const kind = named !== undefined && Object.hasOwn(KINDS, named) ? (named as Kind) : undefined;
  return {
    ...readCandidate(fields),
    ...defined({
      kind,
      prompt: fields.optionalText('prompt'),
      language: fields.optionalText('language'),
      createdAt: fields.optionalDate('created_at'),
      config: kind && fields.optionalObject(KINDS[kind]),
    }),
  };
}

function checkedGender(value: unknown): 'male' | 'female' | undefined {
  if (value === undefined || value === 'male' || value === 'female') return value;
  throw argumentRangeError("gender must be 'male' or 'female'");
}
