/**
 * The rules by name, the aliases that stand for several, and lists of them read.
 * Not here: what a rule does to a word (the other files of rewrite-*.ts).
 */
import { argumentRangeError, argumentTypeError } from '../errors.js';
import { excerpt } from './arguments.js';
import { emailRule, MARKS_DE, MARKS_EN, MARKS_ES, MARKS_FR, MARKS_PT, urlRule } from './rewrite-addresses.js';
import { NUMBERS_DE, NUMBERS_EN, NUMBERS_ES, NUMBERS_FR, NUMBERS_PT, numberRule } from './rewrite-numbers.js';
import { PHONES_DE, PHONES_EN, PHONES_ES, PHONES_FR, PHONES_PT, phoneRule } from './rewrite-phones.js';
import { rewriteCode } from './rewrite-spelling.js';
import { rewriteDate, rewriteTimeDe, rewriteTimeEn, rewriteTimeFr } from './rewrite-times.js';

/** What a word becomes, be it as it was; undefined where the rule is not for it. Marks around it are gone. */
export type WordRule = (word: string) => string | undefined;

const RULES = {
  Date: rewriteDate,
  TimeEn: rewriteTimeEn,
  TimeFr: rewriteTimeFr,
  TimeDe: rewriteTimeDe,
  NumberEn: numberRule(NUMBERS_EN),
  NumberFr: numberRule(NUMBERS_FR),
  NumberDe: numberRule(NUMBERS_DE),
  NumberEs: numberRule(NUMBERS_ES),
  NumberPt: numberRule(NUMBERS_PT),
  EmailEn: emailRule(MARKS_EN),
  EmailFr: emailRule(MARKS_FR),
  EmailDe: emailRule(MARKS_DE),
  EmailEs: emailRule(MARKS_ES),
  EmailPt: emailRule(MARKS_PT),
  UrlEn: urlRule(MARKS_EN),
  UrlFr: urlRule(MARKS_FR),
  UrlDe: urlRule(MARKS_DE),
  UrlEs: urlRule(MARKS_ES),
  UrlPt: urlRule(MARKS_PT),
  PhoneEn: phoneRule(PHONES_EN),
  PhoneFr: phoneRule(PHONES_FR),
  PhoneDe: phoneRule(PHONES_DE),
  PhoneEs: phoneRule(PHONES_ES),
  PhonePt: phoneRule(PHONES_PT),
  AlNum: rewriteCode,
} as const satisfies Record<string, WordRule>;

/** A rule of {@link rewriteText}. */
export type RewriteRule = keyof typeof RULES;

/**
 * The rules that {@link rewriteText} knows.
 * @see docs/rewrite.md
 */
export const REWRITE_RULES: readonly RewriteRule[] = Object.freeze(Object.keys(RULES) as RewriteRule[]);

/** A language, or `none`: what stands for several rules, or for no rule at all. */
export type RewriteAlias = 'en' | 'fr' | 'fr-be' | 'fr-ch' | 'de' | 'es' | 'pt' | 'none';

const FRENCH = ['TimeFr', 'Date', 'AlNum', 'NumberFr', 'EmailFr', 'UrlFr', 'PhoneFr'] as const;

/**
 * What {@link rewriteText} takes each alias for, in this order. French of Belgium and Switzerland has the rules of `fr`:
 * they keep the digits of all that those countries have words of their own for.
 */
export const REWRITE_ALIASES: Readonly<Record<RewriteAlias, readonly RewriteRule[]>> = Object.freeze({
  en: Object.freeze(['TimeEn', 'Date', 'AlNum', 'NumberEn', 'EmailEn', 'UrlEn', 'PhoneEn'] as const),
  fr: Object.freeze(FRENCH),
  'fr-be': Object.freeze(FRENCH),
  'fr-ch': Object.freeze(FRENCH),
  de: Object.freeze(['TimeDe', 'Date', 'AlNum', 'NumberDe', 'EmailDe', 'UrlDe', 'PhoneDe'] as const),
  es: Object.freeze(['Date', 'AlNum', 'NumberEs', 'EmailEs', 'UrlEs', 'PhoneEs'] as const),
  pt: Object.freeze(['Date', 'AlNum', 'NumberPt', 'EmailPt', 'UrlPt', 'PhonePt'] as const),
  none: Object.freeze([]),
});

/**
 * The rules that a list names, in its order, each once. Nothing between two commas is no rule.
 * @throws TypeError, RangeError ERR_INVALID_ARG
 */
export function readRules(rules: string | readonly string[]): readonly WordRule[] {
  const names = namesIn(rules).flatMap((name) => {
    if (Object.hasOwn(REWRITE_ALIASES, name)) return REWRITE_ALIASES[name as RewriteAlias];
    if (Object.hasOwn(RULES, name)) return [name as RewriteRule];
    throw argumentRangeError(
      `rules must be of ${Object.keys(REWRITE_ALIASES).join(', ')} and ${REWRITE_RULES.join(', ')}, ` +
        `got ${JSON.stringify(excerpt(name))}`,
    );
  });
  return [...new Set(names)].map((name) => RULES[name]);
}

function namesIn(rules: string | readonly string[]): string[] {
  const list: unknown = typeof rules === 'string' ? [rules] : rules;
  if (!Array.isArray(list)) {
    throw argumentTypeError(`rules must be a string or a list of strings, got ${typeof rules}`);
  }
  const items: unknown[] = Array.from(list); // holes too
  const wrong = items.findIndex((item) => typeof item !== 'string');
  if (wrong >= 0) {
    throw argumentTypeError(`rules must be a list of strings, got ${typeof items[wrong]} at ${wrong}`);
  }
  return (list as string[])
    .join(',')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
