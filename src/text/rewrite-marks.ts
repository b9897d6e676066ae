/**
 * Typographic marks made plain, and the marks around a word told apart from it.
 * Not here: what becomes of the word (rewrite-rules.ts).
 */

/**
 * One character for one, so that offsets in the text stay what they were. ASCII is left alone. Angle brackets become
 * round ones: as `<` and `>` they could make a tag that the author did not write.
 */
const PLAIN_FOR = {
  '"': '“”„‟«»＂「」『』',
  "'": '‘’‚‛‹›＇',
  '-': '\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d',
  '(': '（〈⟨❨',
  ')': '）〉⟩❩',
  '[': '［〔【',
  ']': '］〕】',
  '{': '｛',
  '}': '｝',
};
const PLAIN = new Map(
  Object.entries(PLAIN_FOR).flatMap(([plain, marks]) => [...marks].map((mark) => [mark, plain] as const)),
);
const MARKS = new RegExp(`[${[...PLAIN.keys()].join('')}]`, 'g');

export function normalizeMarks(text: string): string {
  return text.replace(MARKS, (mark) => PLAIN.get(mark) as string);
}

const BEFORE = '"\'([{¿¡';
const AFTER = '.,;:!?…"\')]}';

/** A word without the marks around it, and these. */
export interface Marked {
  before: string;
  core: string;
  after: string;
}

/** What begins with `<` may be a tag, and is no part of the word: `1234<flush>`. */
export function unwrap(word: string): Marked {
  const tag = word.indexOf('<');
  let end = tag < 0 ? word.length : tag;
  let start = 0;
  while (start < end && BEFORE.includes(word.charAt(start))) start++;
  while (end > start && AFTER.includes(word.charAt(end - 1))) end--;
  return { before: word.slice(0, start), core: word.slice(start, end), after: word.slice(end) };
}
