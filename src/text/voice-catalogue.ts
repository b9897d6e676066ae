/**
 * The service's own voices, and finding them.
 * Not here: their data (voice-data.ts), names in place of ids (voice-names.ts).
 */
import { argumentRangeError, argumentTypeError } from '../errors.js';
import { checkString, checkWords, excerpt, WORD } from './arguments.js';
import { FLAGSHIP_VOICES, OTHER_VOICES } from './voice-data.js';

/** One of the service's own voices. */
export interface CatalogueVoice {
  /** What `voiceId` takes. */
  readonly id: string;
  /** Such as `Emma`. Several voices may share one. */
  readonly name: string;
  /** What it speaks: `de`, `en`, `es`, `fr` or `pt`. */
  readonly language: string;
  /** Where it is spoken so: ISO 3166-1, two capital letters. */
  readonly country: string;
  /** As it sounds. */
  readonly age: 'young adult' | 'adult' | 'mature';
  /** As it sounds. */
  readonly gender: 'feminine' | 'masculine' | 'neutral';
  /** The service's own words, in English. */
  readonly description: string;
  /** Whether it is among the few that the service shows first. */
  readonly flagship: boolean;
}

/**
 * Which voices are looked for: those that meet all that is asked. Neither upper and lower case nor accents matter, nor
 * white space around a value.
 */
export interface VoiceQuery {
  /** The whole name: `maria` finds Maria and María. Default: any, as of all below. */
  name?: string;
  /** `de`, `en`, `es`, `fr` or `pt`. */
  language?: string;
  /** Two letters, such as `GB`, of a country that the catalogue has. */
  country?: string;
  /** `young adult`, `adult` or `mature`. */
  age?: string;
  /** `feminine`, `masculine` or `neutral`. */
  gender?: string;
  /** True: those that the service shows first; false: the others. */
  flagship?: boolean;
  /** Words, each of which begins a word of the name or the description: `podcast` finds podcasts and podcasting. */
  text?: string;
}

/** The service's own voices; see {@link voiceCatalogue}. */
export interface VoiceCatalogue {
  /** All of them, the flagship voices first. Frozen. */
  readonly voices: readonly CatalogueVoice[];
  /**
   * The voices that meet the query, in the catalogue's order; all of them without one.
   *
   * @throws TypeError, RangeError `ERR_INVALID_ARG`: a language, country, age or gender that no voice has (the message lists
   *   those there are), a name or text without a word
   */
  search(query?: VoiceQuery): CatalogueVoice[];
  /** The voice with this id, else undefined. @throws TypeError `ERR_INVALID_ARG` */
  get(id: string): CatalogueVoice | undefined;
}

const voices: readonly CatalogueVoice[] = Object.freeze([
  ...voicesOf(FLAGSHIP_VOICES, true),
  ...voicesOf(OTHER_VOICES, false),
]);
const byId = new Map(voices.map((voice) => [voice.id, voice]));

/**
 * The 239 voices of the service's own, as its documentation lists them: a part of this package, asked without a key and
 * without the network. One's own voices are not among them.
 *
 * @see docs/voices.md
 * @example
 * const [voice] = voiceCatalogue.search({ language: 'fr', gender: 'feminine', text: 'podcast' });
 * console.log(voice?.id, voice?.name, voice?.description);
 */
export const voiceCatalogue: VoiceCatalogue = Object.freeze({ voices, search, get });

function voicesOf(lines: string, flagship: boolean): CatalogueVoice[] {
  return lines
    .trim()
    .split('\n')
    .map((line) => {
      const [id, locale, age, gender, name, description] = line.split(' | ') as [string, string, ...string[]];
      const [language, country] = locale.split('-');
      const voice = { id, name, language, country, age, gender, description, flagship };
      return Object.freeze(voice as unknown as CatalogueVoice);
    });
}

function search(query: VoiceQuery = {}): CatalogueVoice[] {
  if (typeof query !== 'object' || query === null) throw argumentTypeError('the query must be an object');
  const { name, flagship, text } = query;
  if (flagship !== undefined && typeof flagship !== 'boolean') {
    throw argumentTypeError(`flagship must be true or false, got ${typeof flagship}`);
  }
  const wanted = {
    language: oneOf('language', query.language),
    country: oneOf('country', query.country),
    age: oneOf('age', query.age),
    gender: oneOf('gender', query.gender),
    flagship,
  };
  const facts = Object.entries(wanted).filter(([, value]) => value !== undefined);
  const wantedName = name === undefined ? undefined : folded(checkWords('name', name));
  const beginnings = text === undefined ? [] : [...new Set(words(checkWords('text', text)))];
  return voices.filter(
    (voice) =>
      facts.every(([key, value]) => voice[key as keyof CatalogueVoice] === value) &&
      (wantedName === undefined || folded(voice.name) === wantedName) &&
      hasWords(voice, beginnings),
  );
}

function get(id: string): CatalogueVoice | undefined {
  checkString('id', id);
  return byId.get(id);
}

/** As the catalogue spells it. */
function oneOf(key: 'language' | 'country' | 'age' | 'gender', value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw argumentTypeError(`${key} must be a string, got ${typeof value}`);
  const known = [...new Set(voices.map((voice) => voice[key]))].sort();
  const wanted = folded(value);
  const found = known.find((one) => folded(one) === wanted);
  if (found !== undefined) return found;
  throw argumentRangeError(
    `${key} must be one of ${known.join(', ')}, got ${JSON.stringify(excerpt(value))}`,
  );
}

function hasWords({ name, description }: CatalogueVoice, beginnings: string[]): boolean {
  if (beginnings.length === 0) return true;
  const all = words(`${name} ${description}`);
  return beginnings.every((beginning) => all.some((word) => word.startsWith(beginning)));
}

function words(text: string): string[] {
  return folded(text).match(WORD) ?? [];
}

const MARKS = /\p{M}+/gu;

/** Without case and accents. What marks there are go first: normalizing takes the square of how many stand together. */
export function folded(text: string): string {
  return text.trim().replace(MARKS, '').normalize('NFD').replace(MARKS, '').toLowerCase();
}
