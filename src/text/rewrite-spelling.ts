/**
 * Letters and digits one by one.
 * Not here: when they are read so (the rules).
 */

/** `A-B`, `1-2-3`. */
export function spell(characters: string): string {
  return [...characters].join('-');
}

const CODE = /^(?=\P{Lu}*\p{Lu})(?=[^0-9]*[0-9])[\p{Lu}0-9]+$/u;
const RUNS = /[0-9]+|[^0-9]+/g;

/** AlNum: capitals and digits, at least one of each, such as a number plate. */
export function rewriteCode(word: string): string | undefined {
  if (!CODE.test(word)) return undefined;
  return (word.match(RUNS) as string[]).map(spell).join(' ');
}
