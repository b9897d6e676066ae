/**
 * Voices: those of the service, and one's own (wire reference, section 1.4).
 * Not here: voices from words (voice-generator.ts), the sample's bytes (voice-sample.ts).
 */
import { argumentTypeError, SpeechApiError } from '../errors.js';
import {
  type ByteSource,
  type Deadlines,
  isRetryableApiCode,
  multipartForm,
  quoted,
  quotedCode,
  type Scope,
} from '../speech/index.js';
import { type VoiceCatalogue, voiceCatalogue } from '../text/index.js';
import type { Access } from './access.js';
import { PagedListing } from './listing.js';
import { type AnswerContext, type Ask, Resource, type RestRequest } from './rest.js';
import { AnswerObject, readList } from './rest-answer.js';
import {
  checkedPage,
  nullableText,
  optionalFlag,
  optionalSeconds,
  optionalText,
  pathId,
  requireChange,
  requiredText,
  requireObject,
} from './rest-options.js';
import type {
  CreatedVoice,
  CreateVoiceOptions,
  KeepVoiceOptions,
  KeptVoice,
  Listing,
  ListVoicesOptions,
  RestOptions,
  Voice,
  VoiceChanges,
  VoiceDetails,
  VoiceTag,
} from './rest-types.js';
import { checkNumber, defined, requireOptions } from './stt-setup.js';
import { openSample, type VoiceSample } from './voice-sample.js';

/** Voices: those of the service, and one's own. */
export class GradiumVoices {
  /** The service's own voices as they are written down here: asks nobody. */
  readonly catalogue: VoiceCatalogue = voiceCatalogue;
  readonly #resource: Resource;

  /** @internal */
  constructor(access: Access, deadlines: Deadlines | undefined) {
    this.#resource = new Resource(access, deadlines);
  }

  /**
   * One's own voices, and with `includeCatalog` those of the service too, page by page as they are read.
   *
   * @throws TypeError, RangeError ERR_INVALID_ARG. The iteration rejects as `get`
   * @see wire reference, section 1.4; docs/rest.md
   * @example
   * for await (const voice of new Gradium().voices.list({ includeCatalog: true })) {
   *   if (voice.language === 'fr') console.log(voice.id, voice.name);
   * }
   */
  list(options: ListVoicesOptions = {}): Listing<Voice> {
    this.#resource.check(options);
    const include_catalog = optionalFlag('includeCatalog', options.includeCatalog);
    return new PagedListing(checkedPage(options), (skip, limit) => {
      const read = (answer: unknown) => ({ entries: readList(answer, readVoice) });
      const query = { skip, limit, include_catalog };
      return this.#resource.call({ method: 'GET', path: 'voices/', query, read }, options);
    });
  }

  /**
   * One voice.
   *
   * @throws (rejects) TypeError ERR_NO_API_KEY when this client has but a token; TypeError, RangeError ERR_INVALID_ARG;
   * SpeechApiError ERR_SPEECH_API (404: there is no such voice); ConnectionError ERR_CONNECT, ERR_CLOSED_EARLY,
   * ERR_PROTOCOL; TimeoutError ERR_TIMEOUT; `signal.reason`, untouched
   * @see wire reference, section 1.4; docs/rest.md
   * @example
   * const { name, language } = await new Gradium().voices.get('YTpq7expH9539ERJ');
   */
  async get(id: string, options: RestOptions = {}): Promise<Voice> {
    const path = `voices/${pathId(id)}`;
    const read = (answer: unknown) => readVoice(new AnswerObject(answer));
    return this.#resource.call({ method: 'GET', path, read }, options);
  }

  /**
   * Makes a voice from a sample, of which the service uses ten seconds. It goes up as it is, in constant memory, however
   * long it is. A path or bytes may be sent again; of a stream nothing can be, once some of it was taken.
   *
   * @param sample A string is a path. A stream is read to its end, or destroyed.
   * @throws (rejects) as `get`, and SpeechApiError also where the service answered that it made none; RangeError
   * ERR_INVALID_LENGTH for a file that becomes shorter meanwhile; errors of the file system and the source's own, untouched
   * @see wire reference, section 1.4; docs/rest.md
   * @example
   * const voice = await new Gradium().voices.create('me.wav', { name: 'Me', language: 'en' });
   * if (voice.advice !== undefined) console.warn(voice.advice);
   * await new Gradium().tts.synthesize('It is me.', { voiceId: voice.id });
   */
  async create(sample: ByteSource, options: CreateVoiceOptions): Promise<CreatedVoice> {
    requireOptions(options);
    const fields = creationFields(options);
    const fileName = optionalText('fileName', options.fileName);
    const inputFormat = optionalText('inputFormat', options.inputFormat);
    const limits = { uploads: true, answerMs: 1000 * (options.timeoutS ?? 0) };
    const create = async (ask: Ask, scope: Scope) => {
      const opened = await openSample(sample, { fileName, inputFormat }, scope);
      try {
        return await ask(creation(opened, fields));
      } finally {
        opened.close();
      }
    };
    return this.#resource.run(options, create, limits);
  }

  /**
   * Changes what a voice is called, and what else is said of it.
   *
   * @throws (rejects) as `get`
   * @see wire reference, section 1.4
   * @example
   * await new Gradium().voices.update('YOUR_VOICE', { name: 'Emma at work', description: null });
   */
  async update(id: string, changes: VoiceChanges, options: RestOptions = {}): Promise<VoiceDetails> {
    const path = `voices/${pathId(id)}`;
    const body = changedFields(changes);
    const read = (answer: unknown) => readDetails(new AnswerObject(answer));
    return this.#resource.call({ method: 'PUT', path, body, read }, options);
  }

  /**
   * Deletes a voice of one's own. A second attempt that finds it gone has succeeded.
   *
   * @throws (rejects) as `get`
   * @see wire reference, section 1.4
   * @example
   * await new Gradium().voices.delete('YOUR_VOICE');
   */
  async delete(id: string, options: RestOptions = {}): Promise<void> {
    const path = `voices/${pathId(id)}`;
    return this.#resource.call({ method: 'DELETE', path, read: () => {} }, options);
  }

  /**
   * Keeps a candidate of `voiceGenerator` for good: makes a voice of it.
   *
   * @param id The candidate's.
   * @throws (rejects) as `get` (409: it was kept before)
   * @see wire reference, section 1.4
   * @example
   * const client = new Gradium();
   * const [candidate] = await client.voiceGenerator.generate('a calm old sailor', { language: 'en' });
   * if (candidate) await client.voices.fromEmbedding(candidate.id, { name: 'Sailor' });
   */
  async fromEmbedding(id: string, options: KeepVoiceOptions): Promise<KeptVoice> {
    requireOptions(options);
    const body = {
      voxium_embedding_id: requiredText('id', id),
      name: requiredText('name', options.name),
      ...defined({ description: optionalText('description', options.description) }),
    };
    const read = (answer: unknown) => readKept(new AnswerObject(answer));
    return this.#resource.call({ method: 'POST', path: 'voices/from-embedding', body, read }, options);
  }
}

type FormField = readonly [name: string, value: string];

function creationFields(options: CreateVoiceOptions): FormField[] {
  const fields = {
    name: requiredText('name', options.name),
    language: requiredText('language', options.language),
    description: optionalText('description', options.description),
    start_s: optionalSeconds('startS', options.startS),
    timeout_s: checkNumber('timeoutS', options.timeoutS, Number.MIN_VALUE, 3600),
  };
  return Object.entries(defined(fields)).map(([name, value]) => [name, String(value)]);
}

function creation(sample: VoiceSample, fields: readonly FormField[]): RestRequest<CreatedVoice> {
  const { fileName, inputFormat, bytes } = sample;
  const all: FormField[] =
    inputFormat === undefined ? [...fields] : [...fields, ['input_format', inputFormat]];
  const upload = () => multipartForm(all, { name: 'audio_file', fileName, bytes, reader: sample.open() });
  return { method: 'POST', path: 'voices/', upload, again: () => sample.again(), read: readCreated };
}

/** Also with 201 the service may have made none, and says why; of one that it made it may have something to say. */
function readCreated(answer: unknown, about: AnswerContext): CreatedVoice {
  const fields = new AnswerObject(answer);
  const error = fields.optionalText('error') || undefined;
  if (error !== undefined && fields.optionalText('uid') === undefined) throw refusedError(error, about);
  return {
    id: fields.id('uid'),
    ...defined({ advice: error && quoted(error, about.secrets) }),
    wasUpdated: fields.optionalFlag('was_updated') ?? false,
  };
}

/** The same sample would fare no better, unless the service names a code of its own that says so. */
function refusedError(text: string, { requestId, secrets }: AnswerContext): SpeechApiError {
  const apiCode = quotedCode(text);
  const retryable = apiCode !== undefined && isRetryableApiCode(apiCode);
  const said = quoted(text, secrets);
  return new SpeechApiError(`the service made no voice: ${said}`, { apiCode, requestId, retryable });
}

function readVoice(fields: AnswerObject): Voice {
  return {
    id: fields.id('uid'),
    name: fields.text('name'),
    isCatalog: fields.flag('is_catalog'),
    isProClone: fields.flag('is_pro_clone'),
    ...defined({
      description: fields.optionalText('description'),
      filename: fields.optionalText('filename'),
      startS: fields.optionalNumber('start_s'),
      language: fields.optionalText('language'),
    }),
    tags: fields.optionalList('tags', readTag) ?? [],
  };
}

function readTag(fields: AnswerObject): VoiceTag {
  return { ...defined({ category: fields.optionalText('category') }), value: fields.text('value') };
}

function readDetails(fields: AnswerObject): VoiceDetails {
  return {
    id: fields.id('uid'),
    name: fields.text('name'),
    ...defined({
      description: fields.optionalText('description'),
      language: fields.optionalText('language'),
      stopS: fields.optionalNumber('stop_s'),
      organisationId: fields.optionalText('org_uid'),
    }),
    filename: fields.text('filename'),
    startS: fields.number('start_s'),
    isPending: fields.optionalFlag('is_pending') ?? false,
    hasAudio: fields.optionalFlag('has_audio') ?? true,
    isProClone: fields.optionalFlag('is_pro_clone') ?? false,
  };
}

function readKept(fields: AnswerObject): KeptVoice {
  return {
    id: fields.id('uid'),
    name: fields.text('name'),
    ...defined({
      description: fields.optionalText('description'),
      language: fields.optionalText('language'),
    }),
  };
}

function changedFields(changes: VoiceChanges): Record<string, unknown> {
  requireObject('changes', changes);
  const body = defined({
    name: optionalText('name', changes.name),
    description: nullableText('description', changes.description),
    language: nullableText('language', changes.language),
    start_s: optionalSeconds('startS', changes.startS),
    tags: checkedTags(changes.tags),
    rank: checkNumber('rank', changes.rank, -Number.MAX_VALUE, Number.MAX_VALUE),
  });
  requireChange(body, ['name', 'description', 'language', 'startS', 'tags', 'rank']);
  return body;
}

function checkedTags(value: unknown): VoiceChanges['tags'] {
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every(isTag)) return value;
  throw argumentTypeError('tags must be an array of objects of strings, booleans and nulls');
}

function isTag(tag: unknown): boolean {
  if (typeof tag !== 'object' || tag === null || Array.isArray(tag)) return false;
  return Object.values(tag).every((value) => value === null || ['string', 'boolean'].includes(typeof value));
}
