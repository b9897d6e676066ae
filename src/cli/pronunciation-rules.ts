/**
 * Pronunciation rules as the command line has them: `original=rewrite`, or a file of JSON that holds a list of rules or
 * a whole dictionary, such as `sluice pronunciations get` prints.
 * Not here: what rules do to a text (src/text).
 */
import { readFile } from 'node:fs/promises';
import { InvalidArgumentError } from 'commander';
import type { PronunciationRule } from '../gradium/index.js';
import { UsageError } from './errors.js';
import { STDIN } from './inputs.js';
import { readStdinText } from './read.js';

/** What a file says of a dictionary; a list of rules says nothing else. */
export interface DictionaryFile {
  name?: string;
  language?: string;
  description?: string;
  rules: PronunciationRule[];
}

const RULE_KEYS = ['original', 'rewrite', 'caseSensitive', 'case_sensitive', 'id'];
const EXAMPLE = '[{"original": "GIF", "rewrite": "jif", "caseSensitive": true}]';

/** One `--rule`, after those before it. The first `=` parts it. */
export function addRule(text: string, before: readonly PronunciationRule[] = []): PronunciationRule[] {
  const at = text.indexOf('=');
  const original = text.slice(0, Math.max(0, at)).trim();
  if (original === '') throw new InvalidArgumentError('A rule is ORIGINAL=REWRITE, such as GIF=jif.');
  return [...before, { original, rewrite: text.slice(at + 1).trim() }];
}

/**
 * @throws {UsageError} it is no JSON, or no list of rules and no dictionary; errors of the file system
 */
export async function readDictionary(path: string, signal: AbortSignal): Promise<DictionaryFile> {
  const label = path === STDIN ? 'standard input' : path;
  const value = parse(
    path === STDIN ? await readAllStdin(signal) : await readFile(path, { encoding: 'utf8', signal }),
    label,
  );
  if (Array.isArray(value)) return { rules: rulesOf(value, label) };
  if (!isObject(value) || !Array.isArray(value.rules))
    throw notRules(label, 'neither a list of rules nor a dictionary');
  const { name, language, description, rules } = value;
  return {
    ...(typeof name === 'string' && { name }),
    ...(typeof language === 'string' && { language }),
    ...(typeof description === 'string' && { description }),
    rules: rulesOf(rules as unknown[], label),
  };
}

/** Standard input as one text. */
export async function readAllStdin(signal: AbortSignal): Promise<string> {
  let text = '';
  for await (const piece of readStdinText(signal)) text += piece;
  return text;
}

function parse(text: string, label: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw notRules(label, `no JSON: ${(error as Error).message}`);
  }
}

function rulesOf(values: readonly unknown[], label: string): PronunciationRule[] {
  return values.map((value, i) => {
    const rule = isObject(value) ? value : {};
    const { original, rewrite, caseSensitive = rule.case_sensitive ?? false } = rule;
    const where = `rule ${i + 1}`;
    // What is not understood must not be passed over: a dictionary that says less than its file is a trap.
    const stranger = Object.keys(rule).find((key) => !RULE_KEYS.includes(key));
    if (stranger !== undefined)
      throw notRules(label, `${where} has ${JSON.stringify(stranger)}, which no rule has`);
    if (typeof original !== 'string' || original === '') throw notRules(label, `${where} has no "original"`);
    if (typeof rewrite !== 'string') throw notRules(label, `${where} has no "rewrite"`);
    if (typeof caseSensitive !== 'boolean')
      throw notRules(label, `"caseSensitive" of ${where} is neither true nor false`);
    return { original, rewrite, caseSensitive };
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function notRules(label: string, what: string): UsageError {
  return new UsageError(
    `${label}: ${what}`,
    `rules are JSON, such as ${EXAMPLE}, or what "sluice pronunciations get" prints`,
  );
}
