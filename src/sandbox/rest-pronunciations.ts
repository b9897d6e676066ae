/**
 * REST of pronunciation dictionaries (protocol reference, section 1.5).
 * Not here: paths and keys (rest.ts), what the rules do (src/text).
 */
import type { Account } from './account.js';
import type { DictionaryRecord, RuleRecord } from './account-records.js';
import { created, found, GONE, ok, type RestAnswer } from './rest-answer.js';
import { queryFields, readFields } from './rest-body.js';
import { given, page, type RestCall } from './rest-call.js';
import type { RestFields } from './rest-fields.js';

const DEFAULT_LIMIT = 100;

export function listDictionaries({ request, account }: RestCall): RestAnswer {
  const query = queryFields(request);
  const limit = query.integer('limit', { least: 0, most: 1000 }) ?? DEFAULT_LIMIT;
  const offset = query.integer('offset', { least: 0 }) ?? 0;
  const language = query.optionalText('language');
  query.check();
  const all = account.dictionaries().filter((one) => language === undefined || one.language === language);
  return ok({
    dictionaries: page(all, offset, limit).map((dictionary) => worded(account, dictionary)),
    total: all.length,
  });
}

export function getDictionary({ ids: [id = ''], account }: RestCall): RestAnswer {
  return ok(worded(account, found('Pronunciation dictionary', account.dictionary(id))));
}

export async function createDictionary({ request, account }: RestCall): Promise<RestAnswer> {
  const fields = await readFields(request);
  const dictionary = {
    name: fields.text('name', { least: 1 }),
    language: fields.text('language', { least: 1 }),
    description: fields.optionalText('description') ?? null,
    rules: rulesOf(fields) ?? [],
  };
  fields.check();
  return created(worded(account, account.addDictionary(dictionary)));
}

export async function updateDictionary({ request, ids: [id = ''], account }: RestCall): Promise<RestAnswer> {
  found('Pronunciation dictionary', account.dictionary(id));
  const fields = await readFields(request);
  const changes = {
    name: fields.optionalText('name', { least: 1 }),
    language: fields.optionalText('language', { least: 1 }),
    description: fields.isNull('description') ? null : fields.optionalText('description'),
    rules: rulesOf(fields),
  };
  fields.check();
  const changed = account.changeDictionary(id, given(changes));
  return ok(worded(account, found('Pronunciation dictionary', changed)));
}

export function deleteDictionary({ ids: [id = ''], account }: RestCall): RestAnswer {
  found('Pronunciation dictionary', account.removeDictionary(id));
  return GONE;
}

/** Numbered from 1. */
function rulesOf(fields: RestFields): RuleRecord[] | undefined {
  return fields.objects('rules')?.map((rule, i) => ({
    id: i + 1,
    original: rule.text('original', { least: 1 }),
    rewrite: rule.text('rewrite'),
    caseSensitive: rule.boolean('case_sensitive') ?? false,
  }));
}

function worded(account: Account, dictionary: DictionaryRecord): object {
  const { id, name, language, description, createdMs, rules } = dictionary;
  return {
    uid: id,
    name,
    language,
    description,
    org_uid: account.organisationId,
    created_at: new Date(createdMs).toISOString(),
    rules: rules.map(({ caseSensitive, ...rule }) => ({ ...rule, case_sensitive: caseSensitive })),
  };
}
