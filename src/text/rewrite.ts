/**
 * Text rewritten word by word for speech, as Gradium's service does it.
 * Not here: the rules (rewrite-rules.ts).
 */
import { checkString } from './arguments.js';
import { normalizeMarks, unwrap } from './rewrite-marks.js';
import { readRules, type WordRule } from './rewrite-rules.js';

/** A longer word is nothing that anybody wants to hear, and no rule looks at it. In UTF-16 units, marks included. */
const MAX_WORD_CHARS = 2_048;

const WORDS = /\S+/g;
/** What all words have that a rule is for: most words are done with here. */
const CANDIDATE = /[0-9@]|www\.|:\/\//i;

/**
 * Rewrites text as the `rewrite_rules` of Gradium's service do, for speech: times, dates, large numbers, addresses,
 * phone numbers and codes become what is spoken well. Without a call, for preview and for tests.
 *
 * Typographic quotes, dashes and brackets become plain ones first. Then each word, which is what stands between white
 * space, is rewritten by the first rule that is for it, in the order of `rules`; marks around it stay, and so does white
 * space. So text may be cut at white space and rewritten in pieces. A word of more than 2048 characters is left as it is.
 * Takes time in proportion to the length of the text, whatever is in it.
 *
 * @param rules Names of {@link REWRITE_RULES} and {@link REWRITE_ALIASES}, with commas between them or as a list. None,
 *   as `'none'` or `''`: marks become plain, and that is all.
 * @throws TypeError, RangeError ERR_INVALID_ARG
 * @see docs/rewrite.md
 * @example
 * rewriteText('Call 07596854413 at 3:45PM!', 'en'); // 'Call 0-7-5-9 6-8-5 4-4-1-3 at 3.45PM!'
 * rewriteText('2234 personnes', ['NumberFr']); // '2 mille 234 personnes'
 */
export function rewriteText(text: string, rules: string | readonly string[]): string {
  checkString('text', text);
  const inOrder = readRules(rules);
  const plain = normalizeMarks(text);
  return inOrder.length === 0 ? plain : plain.replace(WORDS, (word) => rewriteWord(word, inOrder));
}

function rewriteWord(word: string, rules: readonly WordRule[]): string {
  if (word.length > MAX_WORD_CHARS || !CANDIDATE.test(word)) return word;
  const { before, core, after } = unwrap(word);
  for (const rule of rules) {
    const rewritten = rule(core);
    if (rewritten !== undefined) return before + rewritten + after;
  }
  return word;
}
