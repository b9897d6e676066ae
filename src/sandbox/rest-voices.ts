/**
 * REST of voices (protocol reference, section 1.4).
 * Not here: paths and keys (rest.ts), what a sample must be (voice-sample.ts), candidates (rest-generator.ts).
 */
import { type CatalogueVoice, voiceCatalogue } from '../text/index.js';
import type { TagRecord, VoiceRecord } from './account-records.js';
import { seconds } from './protocol.js';
import { created, found, GONE, ok, type RestAnswer, RestError } from './rest-answer.js';
import { queryFields, readFields } from './rest-body.js';
import { given, LANGUAGES, page, type RestCall } from './rest-call.js';
import type { RestFields } from './rest-fields.js';
import { readVoiceForm } from './rest-form.js';

/** Seconds of a sample that are used. */
const CLONE_S = 10;
/** Seconds of a sample without which there is no voice. The documents say nothing of it. */
const LEAST_SAMPLE_S = 1;
const DEFAULT_LIMIT = 100;

export function listVoices({ request, account }: RestCall): RestAnswer {
  const query = queryFields(request);
  const skip = query.integer('skip', { least: 0 }) ?? 0;
  const limit = query.integer('limit', { least: 0 }) ?? DEFAULT_LIMIT;
  const catalogue = query.boolean('include_catalog') ? voiceCatalogue.voices.map(ofCatalogue) : [];
  query.check();
  return ok(page([...account.voices().map(listed), ...catalogue], skip, limit));
}

/** Of the catalogue too. */
export function getVoice({ ids: [id = ''], account }: RestCall): RestAnswer {
  const catalogued = voiceCatalogue.get(id);
  return ok(catalogued ? ofCatalogue(catalogued) : listed(found('Voice', account.voice(id))));
}

export async function createVoice({ request, account, mode }: RestCall): Promise<RestAnswer> {
  const form = await readVoiceForm(request);
  try {
    const { fields } = form;
    const name = fields.text('name', { least: 1 });
    const language =
      mode === 'strict' ? fields.word('language', LANGUAGES) : fields.optionalWord('language', LANGUAGES);
    const description = fields.optionalText('description') ?? null;
    const format = fields.optionalText('input_format') ?? extensionOf(form.filename);
    const startS = fields.number('start_s', { least: 0 }) ?? 0;
    fields.number('timeout_s', { above: 0 });
    fields.check();
    const verdict = form.sample.finish(format);
    const problem = 'problem' in verdict ? verdict.problem : problemAt(startS, verdict.durationS);
    if (problem !== undefined || 'problem' in verdict) {
      return created({ uid: null, error: problem, was_updated: false });
    }
    const { durationS = null } = verdict;
    const { id } = account.addVoice({
      name,
      description,
      language: language ?? null,
      filename: form.filename,
      startS,
      durationS,
      tags: [],
      rank: null,
      hasAudio: true,
    });
    return created({ uid: id, error: advice(startS, durationS), was_updated: false });
  } finally {
    form.sample.close();
  }
}

export async function updateVoice({ request, ids: [id = ''], account }: RestCall): Promise<RestAnswer> {
  const voice = found('Voice', account.voice(id));
  const fields = await readFields(request);
  const changes = {
    name: fields.optionalText('name', { least: 1 }),
    startS: fields.number('start_s', { least: 0 }),
    rank: fields.number('rank'),
    tags: fields.objects('tags')?.flatMap(tagsOf),
    description: fields.isNull('description') ? null : fields.optionalText('description'),
    language: fields.isNull('language') ? null : fields.optionalWord('language', LANGUAGES),
  };
  const problem = problemAt(changes.startS ?? 0, voice.durationS ?? undefined);
  if (problem !== undefined) fields.say('start_s', 'value_error', `Value error, ${problem}`);
  fields.check();
  return ok(detailed(found('Voice', account.changeVoice(id, given(changes))), account.organisationId));
}

export function deleteVoice({ ids: [id = ''], account }: RestCall): RestAnswer {
  found('Voice', account.removeVoice(id));
  return GONE;
}

export async function keepCandidate({ request, account }: RestCall): Promise<RestAnswer> {
  const fields = await readFields(request);
  const candidateId = fields.text('voxium_embedding_id', { least: 1 });
  const name = fields.text('name', { least: 1 });
  const description = fields.optionalText('description') ?? null;
  fields.check();
  const candidate = account.candidate(candidateId);
  if (candidate === undefined || !account.isReady(candidate)) {
    throw new RestError(400, `Embeddings not found for ${candidateId}`);
  }
  if (candidate.kept) throw new RestError(409, `${candidateId} was kept before`);
  const { id, language } = account.keep(candidate, name, description);
  return created({ uid: id, name, description, language });
}

/** Undefined: there is enough behind this place of the sample. */
function problemAt(startS: number, durationS = Infinity): string | undefined {
  if (durationS - startS >= LEAST_SAMPLE_S) return undefined;
  const [length, start] = [seconds(durationS), seconds(startS)];
  return `the sample of ${length} s has not the ${LEAST_SAMPLE_S} s behind start_s ${start} that a voice needs`;
}

/** Said of a voice that was made all the same. */
function advice(startS: number, durationS: number | null): string | null {
  if (durationS === null || durationS - startS >= CLONE_S) return null;
  return `only ${seconds(durationS - startS)} s of the sample are used: a voice gains from ${CLONE_S} s`;
}

/** The service's APIVoice. */
function listed(voice: VoiceRecord): object {
  const { id, name, description, filename, startS, language, tags } = voice;
  return {
    uid: id,
    name,
    description,
    filename,
    start_s: startS,
    language,
    tags,
    is_catalog: false,
    is_pro_clone: false,
  };
}

/** The same of a voice that is everybody's. */
function ofCatalogue({ id, name, description, language, country, age, gender }: CatalogueVoice): object {
  return {
    uid: id,
    name,
    description,
    filename: null,
    start_s: null,
    language,
    tags: Object.entries({ country, age, gender }).map(([category, value]) => ({ category, value })),
    is_catalog: true,
    is_pro_clone: false,
  };
}

/** The service's VoiceResponse. */
function detailed(voice: VoiceRecord, orgId: string): object {
  const { id, name, description, filename, startS, durationS, language, hasAudio } = voice;
  return {
    uid: id,
    name,
    description,
    language,
    filename,
    start_s: startS,
    stop_s: hasAudio ? seconds(Math.min(startS + CLONE_S, durationS ?? Infinity)) : null,
    org_uid: orgId,
    is_pending: false,
    has_audio: hasAudio,
    is_pro_clone: false,
  };
}

/**
 * Tags are sent as `{accent: "us"}` and listed as `{category: "accent", value: "us"}`; sent as they are listed, they stay as
 * they are. A truth value becomes its word, and null is no tag.
 */
function tagsOf(tag: RestFields): TagRecord[] {
  const entries = tag.entries().filter(([, value]) => value !== null);
  for (const [name, value] of entries) {
    if (typeof value !== 'string' && typeof value !== 'boolean') {
      tag.say(name, 'string_type', 'Input should be a valid string');
    }
  }
  const { category, value, ...others } = Object.fromEntries(
    entries.map(([name, value]) => [name, String(value)]),
  );
  if (value !== undefined && Object.keys(others).length === 0) {
    return [category === undefined ? { value } : { category, value }];
  }
  return entries.map(([name, value]) => ({ category: name, value: String(value) }));
}

/** Of a file's name, as the name of a format. */
function extensionOf(filename: string): string | undefined {
  const extension = /\.([^./\\]+)$/u.exec(filename)?.[1]?.toLowerCase();
  return extension === 'raw' ? 'pcm' : extension;
}
