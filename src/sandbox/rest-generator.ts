/**
 * REST of the voice generator, whose candidates become voices or expire (protocol reference, section 1.4). Nothing is
 * generated: they all speak with the one voice there is.
 * Not here: paths and keys (rest.ts), keeping a candidate (rest-voices.ts).
 */
import { voiceCatalogue } from '../text/index.js';
import type { Account } from './account.js';
import type { CandidateKind, CandidateRecord } from './account-records.js';
import { created, found, GONE, ok, type RestAnswer, RestError } from './rest-answer.js';
import { queryFields, readFields } from './rest-body.js';
import { LANGUAGES, page, type RestCall } from './rest-call.js';
import type { RestFields } from './rest-fields.js';

/** By language, the default first. The documents name none; these are the countries of the service's voices. */
const ACCENTS: Record<string, readonly string[]> = {
  en: ['american', 'british', 'australian', 'indian'],
  fr: ['french', 'canadian', 'belgian'],
  es: ['castilian', 'mexican', 'argentinian'],
  pt: ['brazilian', 'portuguese'],
  de: ['german', 'austrian', 'swiss'],
};
const MAX_SAMPLES = 5;
const DEFAULT_LIMIT = 100;
const DEFAULT_CFG_SCALE = 5;

export async function generate({ request, account }: RestCall): Promise<RestAnswer> {
  const fields = await readFields(request);
  const prompt = fields.text('prompt', { least: 1, most: 500 });
  const language = fields.word('language', LANGUAGES);
  const count = sampleCount(fields);
  const config = fields.object('json_config');
  const cfg_scale = config.number('cfg_scale', { least: 1, most: 20 }) ?? DEFAULT_CFG_SCALE;
  fields.check();
  return made(account, count, { kind: 'generate', language, prompt, config: { cfg_scale } });
}

export async function enhance({ request, account }: RestCall): Promise<RestAnswer> {
  const fields = await readFields(request);
  const src_voice = fields.text('src_voice', { least: 1, most: 64 });
  const count = sampleCount(fields);
  fields.check();
  const { language } = sourceVoice(account, src_voice);
  return made(account, count, { kind: 'enhance', language, prompt: null, config: { src_voice } });
}

export async function localize({ request, account }: RestCall): Promise<RestAnswer> {
  const fields = await readFields(request);
  const src_voice = fields.text('src_voice', { least: 1, most: 64 });
  const target_language = fields.word('target_language', LANGUAGES);
  const accents = ACCENTS[target_language] ?? [];
  const accent = fields.optionalText('accent', { most: 100 }) ?? accents[0];
  if (accent !== undefined && accents.length > 0 && !accents.includes(accent)) {
    fields.say('accent', 'value_error', `Value error, ${target_language} is spoken as ${accents.join(', ')}`);
  }
  const gender = fields.optionalWord('gender', ['male', 'female']) ?? null;
  const count = sampleCount(fields);
  fields.check();
  sourceVoice(account, src_voice);
  const config = { src_voice, target_language, accent, gender };
  return made(account, count, { kind: 'edit_language', language: target_language, prompt: null, config });
}

export function listCandidates({ request, account }: RestCall): RestAnswer {
  const query = queryFields(request);
  const id = query.optionalText('embedding_id');
  const skip = query.integer('skip', { least: 0 }) ?? 0;
  const limit = query.integer('limit', { least: 1, most: 1000 }) ?? DEFAULT_LIMIT;
  query.check();
  const candidates = account.candidates().filter((candidate) => id === undefined || candidate.id === id);
  return ok({ embeddings: page(candidates, skip, limit).map((candidate) => detailed(account, candidate)) });
}

export function deleteCandidate({ ids: [id = ''], account }: RestCall): RestAnswer {
  found('Embedding', account.removeCandidate(id));
  return GONE;
}

export function accents(): RestAnswer {
  return ok({ languages: ACCENTS });
}

function sampleCount(fields: RestFields): number {
  return fields.integer('n_samples', { least: 1, most: MAX_SAMPLES }) ?? 1;
}

/** @throws RestError 404, 409 */
function sourceVoice(account: Account, id: string): { language: string | null } {
  const candidate = account.candidate(id);
  if (candidate === undefined) return found('Voice', voiceCatalogue.get(id) ?? account.voice(id));
  if (!account.isReady(candidate)) throw new RestError(409, `${id} is not ready yet`);
  return candidate;
}

function made(account: Account, count: number, story: Parameters<Account['addCandidates']>[1]): RestAnswer {
  const candidates = account.addCandidates(count, story);
  return created({ embeddings: candidates.map((candidate) => brief(account, candidate)) });
}

function brief(account: Account, candidate: CandidateRecord): object {
  return {
    embedding_id: candidate.id,
    ready: account.isReady(candidate),
    expires_at: new Date(account.expiryMs(candidate)).toISOString(),
  };
}

const CONFIG_NAMES: Record<CandidateKind, string> = {
  generate: 'generate_config',
  edit_language: 'edit_language_config',
  enhance: 'enhance_config',
};

function detailed(account: Account, candidate: CandidateRecord): object {
  const { prompt, language, createdMs, kind, config } = candidate;
  return {
    ...brief(account, candidate),
    prompt,
    language,
    created_at: new Date(createdMs).toISOString(),
    kind,
    [CONFIG_NAMES[kind]]: config,
  };
}
