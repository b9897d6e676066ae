/**
 * Pronunciation dictionaries: what is said in place of what is written (wire reference, section 1.5).
 * Not here: what their rules do to a text.
 */
import { argumentTypeError } from '../errors.js';
import type { Deadlines } from '../speech/index.js';
import type { Access } from './access.js';
import { PagedListing } from './listing.js';
import { Resource } from './rest.js';
import { AnswerObject } from './rest-answer.js';
import {
  checkedPage,
  nullableText,
  optionalFlag,
  optionalText,
  pathId,
  requireChange,
  requiredText,
  requireObject,
} from './rest-options.js';
import type {
  Listing,
  ListPronunciationsOptions,
  PronunciationChanges,
  PronunciationDictionary,
  PronunciationDictionaryInput,
  RestOptions,
} from './rest-types.js';
import { defined } from './stt-setup.js';

/** Pronunciation dictionaries: what is said in place of what is written. */
export class GradiumPronunciations {
  readonly #resource: Resource;

  /** @internal */
  constructor(access: Access, deadlines: Deadlines | undefined) {
    this.#resource = new Resource(access, deadlines);
  }

  /**
   * The dictionaries there are, page by page as they are read.
   *
   * @throws TypeError, RangeError ERR_INVALID_ARG. The iteration rejects as `get`
   * @see wire reference, section 1.5; docs/rest.md
   * @example
   * const german = await new Gradium().pronunciations.list({ language: 'de' }).toArray();
   */
  list(options: ListPronunciationsOptions = {}): Listing<PronunciationDictionary> {
    this.#resource.check(options);
    const language = optionalText('language', options.language);
    return new PagedListing(checkedPage(options), (offset, limit) => {
      const query = { offset, limit, language };
      return this.#resource.call({ method: 'GET', path: 'pronunciations/', query, read: readPage }, options);
    });
  }

  /**
   * One dictionary.
   *
   * @throws (rejects) TypeError ERR_NO_API_KEY when this client has but a token; TypeError, RangeError ERR_INVALID_ARG;
   * SpeechApiError ERR_SPEECH_API (404: there is no such dictionary); ConnectionError ERR_CONNECT, ERR_CLOSED_EARLY,
   * ERR_PROTOCOL; TimeoutError ERR_TIMEOUT; `signal.reason`, untouched
   * @see wire reference, section 1.5
   * @example
   * const { name, rules } = await new Gradium().pronunciations.get('YOUR_DICTIONARY');
   */
  async get(id: string, options: RestOptions = {}): Promise<PronunciationDictionary> {
    const path = `pronunciations/${pathId(id)}`;
    return this.#resource.call({ method: 'GET', path, read: readAnswer }, options);
  }

  /**
   * Makes a dictionary. Its `id` is what `pronunciationId` takes.
   *
   * @throws (rejects) as `get`
   * @see wire reference, section 1.5
   * @example
   * const client = new Gradium();
   * const { id } = await client.pronunciations.create({
   *   name: 'brands',
   *   language: 'en',
   *   rules: [{ original: 'Gradium', rewrite: 'gray dee um' }],
   * });
   * await client.tts.synthesize('This is Gradium.', { pronunciationId: id });
   */
  async create(
    input: PronunciationDictionaryInput,
    options: RestOptions = {},
  ): Promise<PronunciationDictionary> {
    requireObject('the dictionary', input);
    const body = {
      name: requiredText('name', input.name),
      language: requiredText('language', input.language),
      ...defined({ description: optionalText('description', input.description) }),
      rules: checkedRules(input.rules) ?? [],
    };
    return this.#resource.call({ method: 'POST', path: 'pronunciations/', body, read: readAnswer }, options);
  }

  /**
   * Changes a dictionary. `rules` take the place of all there are.
   *
   * @throws (rejects) as `get`
   * @see wire reference, section 1.5
   * @example
   * const { pronunciations } = new Gradium();
   * const { rules } = await pronunciations.get('YOUR_DICTIONARY');
   * await pronunciations.update('YOUR_DICTIONARY', { rules: [...rules, { original: 'kHz', rewrite: 'kilohertz' }] });
   */
  async update(
    id: string,
    changes: PronunciationChanges,
    options: RestOptions = {},
  ): Promise<PronunciationDictionary> {
    const path = `pronunciations/${pathId(id)}`;
    const body = changedFields(changes);
    return this.#resource.call({ method: 'PUT', path, body, read: readAnswer }, options);
  }

  /**
   * Deletes a dictionary. A second attempt that finds it gone has succeeded.
   *
   * @throws (rejects) as `get`
   * @see wire reference, section 1.5
   * @example
   * await new Gradium().pronunciations.delete('YOUR_DICTIONARY');
   */
  async delete(id: string, options: RestOptions = {}): Promise<void> {
    const path = `pronunciations/${pathId(id)}`;
    return this.#resource.call({ method: 'DELETE', path, read: () => {} }, options);
  }
}

function changedFields(changes: PronunciationChanges): Record<string, unknown> {
  requireObject('changes', changes);
  const body = defined({
    name: optionalText('name', changes.name),
    language: optionalText('language', changes.language),
    description: nullableText('description', changes.description),
    rules: checkedRules(changes.rules),
  });
  requireChange(body, ['name', 'language', 'description', 'rules']);
  return body;
}

function checkedRules(value: unknown): object[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw argumentTypeError('rules must be an array');
  return value.map((rule: unknown, i) => checkedRule(`rules[${i}]`, rule));
}

function checkedRule(name: string, rule: unknown): object {
  requireObject(name, rule);
  const { original, rewrite, caseSensitive } = rule as Record<string, unknown>;
  if (typeof rewrite !== 'string') throw argumentTypeError(`${name}.rewrite must be a string`);
  return {
    original: requiredText(`${name}.original`, original),
    rewrite,
    case_sensitive: optionalFlag(`${name}.caseSensitive`, caseSensitive) ?? false,
  };
}

function readPage(answer: unknown): { entries: PronunciationDictionary[]; total: number | undefined } {
  const fields = new AnswerObject(answer);
  return { entries: fields.list('dictionaries', readDictionary), total: fields.optionalNumber('total') };
}

function readAnswer(answer: unknown): PronunciationDictionary {
  return readDictionary(new AnswerObject(answer));
}

function readDictionary(fields: AnswerObject): PronunciationDictionary {
  return {
    id: fields.id('uid'),
    name: fields.text('name'),
    language: fields.text('language'),
    ...defined({
      description: fields.optionalText('description'),
      organisationId: fields.optionalText('org_uid'),
      createdAt: fields.optionalDate('created_at'),
    }),
    rules: fields.list('rules', readRule),
  };
}

function readRule(fields: AnswerObject): PronunciationDictionary['rules'][number] {
  return {
    id: fields.number('id'),
    original: fields.text('original'),
    rewrite: fields.text('rewrite'),
    caseSensitive: fields.optionalFlag('case_sensitive') ?? false,
  };
}
