/**
 * Every REST call of the client in one form, with what it gives when all is well.
 * Not here: what is done to the service meanwhile (rest-matrix.test.ts), what has to come of that (rest-cases.ts).
 */
import { expect, vi } from 'vitest';
import { Gradium, type RestOptions } from '../../src/gradium/index.js';
import { rest } from '../unit/sandbox/rest-client.js';

export interface RestApi {
  /** As it is written on a client. */
  name: string;
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Makes what the call is about, and gives its id. It leaves the client no connection to go on with. Default: nothing. */
  prepare?(client: Gradium, url: string): Promise<string>;
  call(client: Gradium, id: string, options: RestOptions): Promise<unknown>;
  /** Exactly; but for what the service alone can know, such as the id of what it made. */
  due(id: string): unknown;
  /** How many of what it makes there are, for calls that make something. */
  count?(client: Gradium): Promise<number>;
}

/** Of the catalogue: there is always one. */
export const CATALOGUED = 'YTpq7expH9539ERJ';

const DAY_MS = 86_400_000;
const NEW_ID = expect.stringMatching(/^\w{16}$/u);
const NEW_CANDIDATE_ID = expect.stringMatching(/^vox_emb_\w{16}$/u);

/** A time that lies so far ahead, give or take a minute. */
const within = (ms: number) =>
  expect.toSatisfy((date) => date instanceof Date && Math.abs(date.getTime() - Date.now() - ms) < 60_000);

/** More than two of the parts in which a body goes up. */
const SAMPLE = Buffer.alloc(150_000, 0xff);
const SAMPLE_OPTIONS = {
  name: 'Emma',
  language: 'en',
  fileName: 'emma.ulaw',
  inputFormat: 'ulaw_8000',
} as const;
const VOICE = { name: 'Emma', language: 'en', filename: 'emma.ulaw', startS: 0, isProClone: false };
const CANDIDATE = { id: NEW_CANDIDATE_ID, ready: false, expiresAt: within(30 * DAY_MS) };
const RULE = { original: 'SQL', rewrite: 'sequel', caseSensitive: true };
const DICTIONARY = {
  name: 'words',
  language: 'en',
  organisationId: expect.stringMatching(/^[\da-f-]{36}$/u),
  createdAt: within(0),
  rules: [{ id: 1, ...RULE }],
};

const makeVoice = async ({ voices }: Gradium) => (await voices.create(SAMPLE, SAMPLE_OPTIONS)).id;
const makeDictionary = async ({ pronunciations }: Gradium) =>
  (await pronunciations.create({ name: 'words', language: 'en', rules: [RULE] })).id;

async function makeCandidate({ voiceGenerator }: Gradium): Promise<string> {
  const [candidate] = await voiceGenerator.generate('an old sailor', { language: 'en' });
  return candidate?.id ?? '';
}

/** Looks with `fetch`, which has connections of its own. */
async function makeReadyCandidate(client: Gradium, url: string): Promise<string> {
  const id = await makeCandidate(client);
  await vi.waitFor(
    async () => {
      const { body } = await rest(url, 'GET', `/voice-generator/embeddings?embedding_id=${id}`);
      expect(body.embeddings[0].ready).toBe(true);
    },
    { interval: 50, timeout: 10_000 },
  );
  return id;
}

const countVoices = async ({ voices }: Gradium) => (await voices.list().toArray()).length;
const countCandidates = async ({ voiceGenerator }: Gradium) => (await voiceGenerator.list().toArray()).length;
const countDictionaries = async ({ pronunciations }: Gradium) =>
  (await pronunciations.list().toArray()).length;

export const REST_APIS: readonly RestApi[] = [
  {
    name: 'voices.list',
    method: 'GET',
    prepare: makeVoice,
    call: ({ voices }, _, options) => voices.list(options).toArray(),
    due: (id) => [{ id, ...VOICE, isCatalog: false, tags: [] }],
  },
  {
    name: 'voices.get',
    method: 'GET',
    prepare: makeVoice,
    call: ({ voices }, id, options) => voices.get(id, options),
    due: (id) => ({ id, ...VOICE, isCatalog: false, tags: [] }),
  },
  {
    name: 'voices.create',
    method: 'POST',
    call: ({ voices }, _, options) => voices.create(SAMPLE, { ...SAMPLE_OPTIONS, ...options }),
    due: () => ({ id: NEW_ID, wasUpdated: false }),
    count: countVoices,
  },
  {
    name: 'voices.update',
    method: 'PUT',
    prepare: makeVoice,
    call: ({ voices }, id, options) => voices.update(id, { name: 'Emma at work', startS: 2 }, options),
    due: (id) => ({
      id,
      ...VOICE,
      name: 'Emma at work',
      startS: 2,
      stopS: 12,
      organisationId: DICTIONARY.organisationId,
      isPending: false,
      hasAudio: true,
    }),
  },
  {
    name: 'voices.delete',
    method: 'DELETE',
    prepare: makeVoice,
    call: ({ voices }, id, options) => voices.delete(id, options),
    due: () => undefined,
  },
  {
    name: 'voices.fromEmbedding',
    method: 'POST',
    prepare: makeReadyCandidate,
    call: ({ voices }, id, options) => voices.fromEmbedding(id, { name: 'Sailor', ...options }),
    due: () => ({ id: NEW_ID, name: 'Sailor', language: 'en' }),
    count: countVoices,
  },
  {
    name: 'voiceGenerator.generate',
    method: 'POST',
    call: ({ voiceGenerator }, _, options) =>
      voiceGenerator.generate('an old sailor', { language: 'en', ...options }),
    due: () => [CANDIDATE],
    count: countCandidates,
  },
  {
    name: 'voiceGenerator.list',
    method: 'GET',
    prepare: makeReadyCandidate,
    call: ({ voiceGenerator }, _, options) => voiceGenerator.list(options).toArray(),
    due: (id) => [candidateDetails(id)],
  },
  {
    name: 'voiceGenerator.whenReady',
    method: 'GET',
    prepare: makeReadyCandidate,
    call: ({ voiceGenerator }, id, options) => voiceGenerator.whenReady([id], options),
    due: (id) => [candidateDetails(id)],
  },
  {
    name: 'voiceGenerator.delete',
    method: 'DELETE',
    prepare: makeCandidate,
    call: ({ voiceGenerator }, id, options) => voiceGenerator.delete(id, options),
    due: () => undefined,
  },
  {
    name: 'voiceGenerator.enhance',
    method: 'POST',
    call: ({ voiceGenerator }, _, options) => voiceGenerator.enhance(CATALOGUED, options),
    due: () => [CANDIDATE],
    count: countCandidates,
  },
  {
    name: 'voiceGenerator.accents',
    method: 'GET',
    call: ({ voiceGenerator }, _, options) => voiceGenerator.accents(options),
    due: () => ({
      en: ['american', 'british', 'australian', 'indian'],
      fr: ['french', 'canadian', 'belgian'],
      es: ['castilian', 'mexican', 'argentinian'],
      pt: ['brazilian', 'portuguese'],
      de: ['german', 'austrian', 'swiss'],
    }),
  },
  {
    name: 'voiceGenerator.localize',
    method: 'POST',
    call: ({ voiceGenerator }, _, options) =>
      voiceGenerator.localize(CATALOGUED, { targetLanguage: 'fr', ...options }),
    due: () => [CANDIDATE],
    count: countCandidates,
  },
  {
    name: 'pronunciations.list',
    method: 'GET',
    prepare: makeDictionary,
    call: ({ pronunciations }, _, options) => pronunciations.list(options).toArray(),
    due: (id) => [{ id, ...DICTIONARY }],
  },
  {
    name: 'pronunciations.get',
    method: 'GET',
    prepare: makeDictionary,
    call: ({ pronunciations }, id, options) => pronunciations.get(id, options),
    due: (id) => ({ id, ...DICTIONARY }),
  },
  {
    name: 'pronunciations.create',
    method: 'POST',
    call: ({ pronunciations }, _, options) =>
      pronunciations.create({ name: 'words', language: 'en', rules: [RULE] }, options),
    due: () => ({ id: NEW_ID, ...DICTIONARY }),
    count: countDictionaries,
  },
  {
    name: 'pronunciations.update',
    method: 'PUT',
    prepare: makeDictionary,
    call: ({ pronunciations }, id, options) => pronunciations.update(id, { rules: [] }, options),
    due: (id) => ({ id, ...DICTIONARY, rules: [] }),
  },
  {
    name: 'pronunciations.delete',
    method: 'DELETE',
    prepare: makeDictionary,
    call: ({ pronunciations }, id, options) => pronunciations.delete(id, options),
    due: () => undefined,
  },
  {
    name: 'credits.get',
    method: 'GET',
    call: ({ credits }, _, options) => credits.get(options),
    due: () => ({
      remaining: 1_000_000_000,
      allocated: 1_000_000_000,
      billingPeriod: 'monthly',
      nextRolloverDate: expect.stringMatching(/^20\d\d-(0[1-9]|1[0-2])-01$/u),
      planName: 'sandbox',
    }),
  },
  {
    name: 'usage.summary',
    method: 'GET',
    call: ({ usage }, _, options) => usage.summary(options),
    due: () => ({
      consumedCredits: 0,
      sessions: 0,
      ingressAudioS: 0,
      ingressMessages: 0,
      ingressChars: 0,
      egressAudioS: 0,
      egressMessages: 0,
      egressChars: 0,
    }),
  },
  {
    name: 'tokens.create',
    method: 'GET',
    call: ({ tokens }, _, options) => tokens.create(options),
    due: () => ({ token: expect.stringMatching(/^\S{16,}$/u), expiresAt: within(60_000) }),
  },
];

/** Of one that is ready. */
function candidateDetails(id: string): object {
  return {
    id,
    ready: true,
    kind: 'generate',
    language: 'en',
    createdAt: within(0),
    expiresAt: within(30 * DAY_MS),
    prompt: 'an old sailor',
    config: { cfg_scale: 5 },
  };
}

/** What speaks is not asked for here: `fault-matrix.test.ts` has it. */
const SPEECH = ['stt', 'tts', 's2s', 'connect'];

/** Every method of every resource that a client has. */
export function restCalls(): string[] {
  const client = new Gradium({ apiKey: 'any' });
  return Object.entries(client)
    .filter(([resource]) => !SPEECH.includes(resource))
    .flatMap(([resource, object]) => methodsOf(object).map((method) => `${resource}.${method}`));
}

function methodsOf(object: object): string[] {
  const members = Object.getOwnPropertyDescriptors(Object.getPrototypeOf(object));
  return Object.keys(members).filter(
    (name) => name !== 'constructor' && typeof members[name]?.value === 'function',
  );
}
