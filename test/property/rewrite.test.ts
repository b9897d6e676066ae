/** Laws of rewriteText: what it leaves alone, that pieces make the whole, and where a second time changes nothing. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { REWRITE_ALIASES, REWRITE_RULES, rewriteText } from '../../src/text/index.js';

const digits = fc.stringMatching(/^[0-9]{1,13}$/);
/** What rules are for, and what is nearly so. */
const word = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^-?[0-9]{1,3}([.,'][0-9]{3}){0,4}([.,][0-9]{1,4})?$/) },
  { weight: 2, arbitrary: digits },
  { weight: 2, arbitrary: fc.stringMatching(/^((\+|00)(1|33|34|44|49|351|7)|0)[0-9-]{0,14}$/) },
  {
    weight: 2,
    arbitrary: fc.stringMatching(/^[0-2]?[0-9][:.hH][0-5][0-9]([ap]\.?m)?(-1?[0-9][:.h][0-5][0-9])?$/),
  },
  { weight: 2, arbitrary: fc.stringMatching(/^[0-3]?[0-9]\/[0-3]?[0-9](\/(20)?[0-9][0-9])?$/) },
  { weight: 2, arbitrary: fc.stringMatching(/^[A-CÄ0-3]{1,8}$/) },
  { weight: 2, arbitrary: fc.stringMatching(/^[a-c0-9.+_'{}-]{1,8}@([a-c0-9-]{1,4}\.){1,3}[a-c]{2}$/) },
  {
    weight: 2,
    arbitrary: fc.stringMatching(
      /^(https?:\/\/|www\.)([a-cA-C0-9-]{1,5}\.){0,2}[a-c]{2}(:[0-9]{1,5})?([/?#&=%'"().,0-9A-Ca-c|]{0,9})$/,
    ),
  },
  { weight: 2, arbitrary: fc.stringMatching(/^[0-9@.:/+'"(),hAPMpm<>-]{1,10}$/) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('Hello,', 'été', '😀', '\ud83d', '<flush>', '<break time="1.5s" />'),
  },
);
const mark = fc.constantFrom('', '', '', '(', '“', '«', '"', '¿', '<', '-');
const end = fc.constantFrom('', '', '', '.', ',', '!', '…', '”', ')', '<flush>', '-');
const space = fc.constantFrom(' ', ' ', '\n', '\t', '\u00a0', '  ');
const text = fc
  .array(fc.tuple(mark, word, end, space), { maxLength: 12 })
  .map((words) => words.map((parts) => parts.join('')).join(''));
const anyText = fc.oneof(text, fc.string({ unit: 'binary', maxLength: 60 }));
const language = fc.constantFrom('en', 'fr', 'fr-be', 'fr-ch', 'de', 'es', 'pt', 'none');
const rules = fc.oneof(
  language,
  fc.array(fc.constantFrom(...REWRITE_RULES, ...Object.keys(REWRITE_ALIASES)), { maxLength: 6 }),
);

describe('rewriteText', () => {
  test('rewriteText in pieces cut at white space gives what the whole gives', () => {
    fc.assert(
      fc.property(
        anyText,
        rules,
        fc.array(fc.boolean(), { minLength: 1, maxLength: 9 }),
        (whole, names, cuts) => {
          const places = [...whole.matchAll(/\s/g)]
            .map(({ index }, i) => index + (cuts[(i + 1) % cuts.length] ? 1 : 0))
            .filter((_, i) => cuts[i % cuts.length]);
          const pieces = [0, ...places].map((from, i) => whole.slice(from, places[i] ?? whole.length));
          expect(pieces.join('')).toBe(whole);
          expect(pieces.map((piece) => rewriteText(piece, names)).join('')).toBe(rewriteText(whole, names));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('rewriteText with the rules of a language changes nothing of what it has rewritten', () => {
    fc.assert(
      fc.property(anyText.filter(hasNoOldDate), language, (whole, names) => {
        const once = rewriteText(whole, names);
        expect(rewriteText(once, names)).toBe(once);
      }),
      { numRuns: 5_000 },
    );
  });

  test('rewriteText with one rule changes nothing of what it has rewritten', () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom(...REWRITE_RULES), (whole, rule) => {
        const once = rewriteText(whole, rule);
        expect(rewriteText(once, rule)).toBe(once);
      }),
      { numRuns: 5_000 },
    );
  });

  test('rewriteText leaves text without digits, addresses and typographic marks as it is', () => {
    const plain = anyText.map((whole) => rewriteText(whole, 'none').replace(/[0-9@]|www\.|:\/\//gi, ''));
    fc.assert(
      fc.property(plain, rules, (whole, names) => {
        fc.pre(!/[0-9@]|www\.|:\/\//i.test(whole));
        expect(rewriteText(whole, names)).toBe(whole);
      }),
    );
  });

  test('rewriteText keeps all white space', () => {
    fc.assert(
      fc.property(anyText, rules, (whole, names) => {
        // What it adds are single spaces.
        const added = rewriteText(whole, names).split(/\s/).length - whole.split(/\s/).length;
        expect(added).toBeGreaterThanOrEqual(0);
        const other = (s: string): string => s.replace(/\S| /g, '');
        expect(other(rewriteText(whole, names))).toBe(other(whole));
      }),
    );
  });

  test('rewriteText gives no more than 25 characters for each', () => {
    const longest = Math.max('signo de interrogación'.length, 'ponto de interrogação'.length) + 2;
    expect(longest).toBeLessThan(25);
    fc.assert(
      fc.property(anyText, rules, (whole, names) => {
        expect(rewriteText(whole, names).length).toBeLessThanOrEqual(25 * whole.length);
      }),
    );
  });

  test('rewriteText gives numbers that add up to what they were', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -999_999_999_999, max: 999_999_999_999 }),
        fc.constantFrom('en', 'fr', 'de', 'es', 'pt'),
        (n, names) => {
          expect(spokenNumber(rewriteText(String(n), names))).toBe(n);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

/**
 * A year before 1900 or after 2100 stands alone after the first time (`14/07/1789`: `14-07 1789`) and is a number to the
 * second.
 */
function hasNoOldDate(whole: string): boolean {
  const years = [...whole.matchAll(/\/(\d{4})(?!\d)/g)].map(([, year]) => Number(year));
  return years.every((year) => year >= 1900 && year <= 2100);
}

/** 10^n by the words of all languages, in the singular as in the plural. */
const POWERS: readonly (readonly [RegExp, number])[] = [
  [/^(thousand|mille|Tausend|mil)$/, 1e3],
  [/^(million|millions|Million|Millionen|millón|millones|milhão|milhões)$/, 1e6],
  [/^(billion|milliards?|Milliarden?|bilhão|bilhões)$/, 1e9],
];

/** Reads what was written, by rules of its own: a word multiplies what stands before it and is smaller. */
function spokenNumber(words: string): number {
  let sum = 0;
  let sign = 1;
  let open = 0; // what a larger word may still multiply
  for (const part of words.split(' ')) {
    const power = POWERS.find(([pattern]) => pattern.test(part))?.[1];
    if (/^(minus|moins|menos)$/.test(part)) sign = -1;
    else if (power === undefined) open += Number(part);
    else if (power === 1e3) open = (open || 1) * 1e3;
    else {
      sum += (open || 1) * power;
      open = 0;
    }
  }
  return sign * (sum + open);
}
