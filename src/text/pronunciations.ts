/**
 * Pronunciation dictionaries applied to a text here, to see what they do.
 * Not here: the search for many phrases at once (phrase-finder.ts); dictionaries of the service (src/gradium).
 */
import { argumentRangeError, argumentTypeError } from '../errors.js';
import { checkString } from './arguments.js';
import { normalForm } from './normal-form.js';
import { PhraseFinder } from './phrase-finder.js';
import { readSymbols, TAG } from './symbols.js';

/** What {@link applyPronunciations} takes: a dictionary of the service's, one that is to become one, or rules alone. */
export interface PronunciationsToApply {
  /** In the order of their precedence. Default: none. */
  readonly rules?: readonly {
    /** What is written: a word or several. One of white space alone is never found. */
    readonly original: string;
    /** What is to be said in its place, taken as it is. */
    readonly rewrite: string;
    /** Whether upper and lower case of `original` matter. Default false. */
    readonly caseSensitive?: boolean | undefined;
  }[];
}

interface Rule {
  original: string;
  rewrite: string;
  caseSensitive: boolean;
}

/** What a rule looks for, in one of its spellings. */
interface Phrase {
  /** Its place among them. */
  rule: number;
  rewrite: string;
  symbols: Int32Array;
}

/** Some half of the longest string that V8 knows. */
const MAX_CHARS = 2 ** 28;

/**
 * The text as the rules of a pronunciation dictionary rewrite it: a preview. What the service itself does is not documented;
 * this is read so:
 *
 * - A rule finds whole words: no letter, digit or mark stands before or behind what it finds, unless it begins or ends with
 *   something else itself, as `C++` does. White space inside it is any white space, white space around it does not count.
 * - Upper and lower case are one unless the rule is `caseSensitive`, letter by letter: `ß` is `ẞ`, but not `SS`. Accents
 *   matter, and may be composed (U+00E9) or not (U+0065 U+0301), unless the rule has more than 30 on one letter.
 * - The text is read once, from left to right. Of the rules that fit at a place the longest counts, of those the first, and
 *   what it says is not looked at again.
 * - Tags such as `<break time="1.5s" />` stay as they are.
 *
 * Takes time in proportion to the lengths of text and rules, whatever they hold.
 *
 * @throws TypeError, RangeError `ERR_INVALID_ARG`: no text, or no such rules; RangeError `ERR_TOO_LARGE`: the result would have
 *   more than 2^28 characters
 * @see docs/pronunciations.md
 * @example
 * const rules = [
 *   { original: 'SQL', rewrite: 'sequel', caseSensitive: true },
 *   { original: 'New York', rewrite: 'Noo York' },
 * ];
 * applyPronunciations('SQL in new york', { rules }); // 'sequel in Noo York'
 */
export function applyPronunciations(text: string, dictionary: PronunciationsToApply): string {
  checkString('text', text);
  const rules = checkRules(dictionary);
  const anyCase = findPhrases(text, rules, false);
  const thisCase = findPhrases(text, rules, true);
  const starts = (anyCase ?? thisCase)?.starts;
  if (starts === undefined) return text;
  const result = new Result(text);
  for (let at = 0; at < starts.length - 1; ) {
    const phrase = better(anyCase?.phraseAt(at), thisCase?.phraseAt(at));
    const end = at + (phrase?.symbols.length ?? 1);
    if (phrase !== undefined) result.replace(Number(starts[at]), Number(starts[end]), phrase.rewrite);
    at = end;
  }
  return result.end();
}

/** Collects what is copied and what is replaced. */
class Result {
  readonly #text: string;
  readonly #parts: string[] = [];
  #length = 0;
  /** How much of the text is dealt with. */
  #done = 0;

  constructor(text: string) {
    this.#text = text;
  }

  replace(start: number, end: number, rewrite: string): void {
    this.#add(this.#text.slice(this.#done, start));
    this.#add(rewrite);
    this.#done = end;
  }

  end(): string {
    this.#add(this.#text.slice(this.#done));
    return this.#parts.join('');
  }

  #add(part: string): void {
    this.#length += part.length;
    if (this.#length > MAX_CHARS) {
      throw argumentRangeError(
        `the rules make more than ${MAX_CHARS} characters of the text: apply them to parts of it`,
        'ERR_TOO_LARGE',
      );
    }
    this.#parts.push(part);
  }
}

/** The longer one; of two as long as each other that of the rule before. */
function better(a: Phrase | undefined, b: Phrase | undefined): Phrase | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const longer = a.symbols.length - b.symbols.length;
  return longer > 0 || (longer === 0 && a.rule < b.rule) ? a : b;
}

interface Found {
  starts: Int32Array;
  /** The longest phrase that begins with a symbol. */
  phraseAt(symbol: number): Phrase | undefined;
}

/** Of the rules that are case-sensitive, or of the others; undefined when there are none. */
function findPhrases(text: string, rules: Rule[], caseSensitive: boolean): Found | undefined {
  const phrases = rules.flatMap((rule, i) =>
    rule.caseSensitive === caseSensitive ? phrasesOf(rule, i) : [],
  );
  if (phrases.length === 0) return undefined;
  const { symbols, starts } = readSymbols(text, !caseSensitive);
  const found = new PhraseFinder(phrases.map((phrase) => phrase.symbols)).find(symbols);
  return { starts, phraseAt: (symbol) => phrases[Number(found[symbol])] };
}

/** As the rule is written, and with its accents composed and not. What holds a tag finds nothing. */
function phrasesOf({ original, rewrite, caseSensitive }: Rule, rule: number): Phrase[] {
  return [...new Set([original, normalForm(original, 'NFC'), normalForm(original, 'NFD')])]
    .map((spelling) => ({ rule, rewrite, symbols: readSymbols(spelling.trim(), !caseSensitive).symbols }))
    .filter(({ symbols }) => !symbols.includes(TAG));
}

function checkRules(dictionary: PronunciationsToApply): Rule[] {
  if (typeof dictionary !== 'object' || dictionary === null) {
    throw argumentTypeError('the dictionary must be an object with rules');
  }
  const { rules = [] } = dictionary;
  if (!Array.isArray(rules)) throw argumentTypeError('rules must be an array');
  return Array.from(rules, (rule: unknown, i) => checkRule(rule, `rules[${i}]`));
}

function checkRule(rule: unknown, name: string): Rule {
  if (typeof rule !== 'object' || rule === null) throw argumentTypeError(`${name} must be an object`);
  const { original, rewrite, caseSensitive = false } = rule as Rule;
  checkString(`${name}.original`, original);
  checkString(`${name}.rewrite`, rewrite);
  if (typeof caseSensitive !== 'boolean') {
    throw argumentTypeError(`${name}.caseSensitive must be true or false, got ${typeof caseSensitive}`);
  }
  return { original, rewrite, caseSensitive };
}
