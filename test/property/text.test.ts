/** Laws of src/text: nothing is lost, doubled or cut, however the text came, and any text is read in linear time. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WordLocator } from '../../src/text/align.js';
import { applyPronunciations, chunkText, splitText, TextChunker } from '../../src/text/index.js';

/** Words, marks, tags and white space in any order, and any other text between them. */
const token = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('Hello', 'a', 'été', 'e\u0301', '😀', '3.5', 'Dr.', 'z.', '1.', 'end.', 'so,'),
  },
  { weight: 6, arbitrary: fc.constantFrom(' ', ' ', ' ', '\n', '\u00a0', '  ', '\n\n') },
  {
    weight: 3,
    arbitrary: fc.constantFrom('.', '!', ')', '»', '…', '。', '"', '—', '%', '(', '«', '¿', '<', '>', '-'),
  },
  { weight: 2, arbitrary: fc.constantFrom('<flush>', '<break time="1.5s" />', '<a b c>', '</b  c>', '<b ') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 5 }) },
  { weight: 1, arbitrary: fc.constantFrom('\ud83d', '\ude00', '你好。再见、', '\u200d') },
);
const text = fc.array(token, { maxLength: 60, size: 'max' }).map((tokens) => tokens.join(''));
const maxChars = fc.integer({ min: 1, max: 60 });
const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 20 });

function cut(whole: string, lengths: number[]): string[] {
  const pieces: string[] = [];
  for (let at = 0, i = 0; at < whole.length; i++) {
    const length = Number(lengths[i % lengths.length]);
    pieces.push(whole.slice(at, at + length));
    at += length;
  }
  return pieces;
}

function stream(pieces: string[], max: number): string[] {
  const chunker = new TextChunker({ maxChars: max });
  return [...pieces.flatMap((piece) => chunker.push(piece)), ...chunker.flush()];
}

const plain = (s: string): string => s.trim().replace(/\s+/gu, ' ');
const TAG = /<[\p{L}/][^<>]{0,253}>/gu;
const tags = (s: string): string[] => s.match(TAG) ?? [];
const isLoneMark = (word: string): boolean => /^[^\p{L}\p{N}\p{S}]+$/u.test(word);
const isLoneOpening = (word: string): boolean => /^[\p{Ps}\p{Pi}¿¡]+$/u.test(word);
const words = (s: string): string[] => plain(s).split(' ');

function expectWhole(chunks: string[], whole: string): void {
  expect(plain(chunks.join(' '))).toBe(plain(whole));
  expect(chunks.flatMap(tags)).toEqual(tags(whole));
  for (const [i, chunk] of chunks.entries()) {
    expect(chunk).toBe(chunk.trim());
    const [first = '', last = ''] = [words(chunk)[0], words(chunk).at(-1)];
    const flushed = chunks[i - 1]?.endsWith('<flush>');
    if (i > 0 && !flushed && isLoneMark(first)) expect(isLoneOpening(first)).toBe(true);
    if (i < chunks.length - 1) expect(isLoneOpening(last)).toBe(false);
  }
}

describe('chunkText', () => {
  test('chunkText loses nothing, cuts no word and no tag, and leaves no mark alone', () => {
    fc.assert(
      fc.property(text, maxChars, (whole, max) => {
        const chunks = chunkText(whole, { maxChars: max });
        expectWhole(chunks, whole);
        // What is longer is one word with its marks: nothing in it could have been cut.
        for (const chunk of chunks.filter(({ length }) => length > max)) {
          expect(chunkText(chunk, { maxChars: 1 })).toEqual([chunk]);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('TextChunker', () => {
  test('TextChunker gives the text of chunkText however it was cut', () => {
    fc.assert(
      fc.property(text, maxChars, sizes, (whole, max, lengths) => {
        const chunks = stream(cut(whole, lengths), max);
        expectWhole(chunks, whole);
        expect(plain(chunks.join(' '))).toBe(plain(chunkText(whole, { maxChars: max }).join(' ')));
      }),
      { numRuns: 500 },
    );
  });

  test('TextChunker holds no more than maxChars and one word', () => {
    const calm = fc.array(fc.constantFrom('word', 'a', 'end.', ' ', '\n'), {
      maxLength: 200,
      size: 'max',
    });
    fc.assert(
      fc.property(calm, maxChars, sizes, (tokens, max, lengths) => {
        const whole = tokens.join('');
        const longest = Math.max(0, ...words(whole).map(({ length }) => length));
        const chunker = new TextChunker({ maxChars: max });
        let pushed = '';
        let given = '';
        for (const piece of cut(whole, lengths)) {
          pushed += piece;
          given += chunker
            .push(piece)
            .map((chunk) => `${chunk} `)
            .join('');
          expect(plain(pushed).length - plain(given).length).toBeLessThanOrEqual(max + longest + 2);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('splitText', () => {
  test('splitText gives the text in order, with white space alone between the parts', () => {
    fc.assert(
      fc.property(text, maxChars, (whole, max) => {
        const parts = splitText(whole, { maxChars: max });
        let end = 0;
        for (const part of parts) {
          expect(whole.slice(part.start, part.start + part.text.length)).toBe(part.text);
          expect(whole.slice(end, part.start).trim()).toBe('');
          expect(part.text).toBe(part.text.trim());
          expect(part.text).not.toBe('');
          end = part.start + part.text.length;
        }
        expect(whole.slice(end).trim()).toBe('');
        expect(parts.flatMap((part) => tags(part.text))).toEqual(tags(whole));
        if (!/[。！？、]/u.test(whole))
          expectWhole(
            parts.map((part) => part.text),
            whole,
          );
        for (const { text: long } of parts.filter((part) => part.text.length > max)) {
          expect(splitText(long, { maxChars: 1 })).toHaveLength(1);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('splitText cuts at the end of a sentence where one fits', () => {
    const sentences = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(sentences, fc.integer({ min: 30, max: 80 }), (lengths, max) => {
        const whole = lengths.map((n) => `${'word, '.repeat(n - 1)}word.`).join(' ');
        const parts = splitText(whole, { maxChars: max });
        expect(parts.every((part) => part.text.endsWith('.'))).toBe(true);
      }),
    );
  });
});

describe('WordLocator', () => {
  const word = fc
    .string({ unit: fc.constantFrom(...'abcdeéñßœあ好ж'), minLength: 1, maxLength: 6 })
    .map((s) => s.normalize('NFC'));
  const spelling = fc.constantFrom<(s: string) => string>(
    (s) => s,
    (s) => s.toUpperCase(),
    (s) => s.normalize('NFD'),
    (s) => `“${s}”,`,
    (s) => `${s} !`,
  );
  const gap = fc.constantFrom(' ', ', ', '\n', ' « ', ' <flush> ', '… <break time="1.5s" /> ');

  test('WordLocator finds every word in its place, however it is spelled and however the text was cut', () => {
    const spoken = fc.array(fc.tuple(word, gap, spelling), { maxLength: 40 });
    fc.assert(
      fc.property(spoken, sizes, (list, lengths) => {
        const whole = list.map(([w, g]) => w + g).join('');
        const locator = new WordLocator('');
        for (const piece of cut(whole, lengths)) locator.append(piece);
        let at = 0;
        for (const [w, g, spell] of list) {
          expect(locator.locate(spell(w))).toEqual({ charStart: at, charEnd: at + w.length });
          at += w.length + g.length;
        }
      }),
      { numRuns: 300 },
    );
  });

  test('WordLocator finds the words around those that are spoken otherwise', () => {
    const list = fc.array(fc.tuple(word, fc.integer({ min: 0, max: 4 })), { maxLength: 20 });
    fc.assert(
      fc.property(list, (pairs) => {
        const whole = pairs.map(([w, n]) => (n > 0 ? `${w} 1984 ` : `${w} `)).join('');
        const locator = new WordLocator(whole);
        let at = 0;
        for (const [w, n] of pairs) {
          expect(locator.locate(w)?.charStart).toBe(at);
          for (let i = 0; i < n; i++) expect(locator.locate('zwölf')).toBeUndefined();
          at += w.length + (n > 0 ? 6 : 1);
        }
      }),
    );
  });

  test('WordLocator goes forward alone, and halves nothing, whatever it is asked', () => {
    const asked = fc.array(fc.oneof(token, word, fc.string({ unit: 'binary' })), {
      maxLength: 60,
      size: 'max',
    });
    fc.assert(
      fc.property(text, asked, (whole, list) => {
        const locator = new WordLocator(whole);
        locator.end();
        let end = 0;
        for (const range of list.map((w) => locator.locate(w))) {
          if (!range) continue;
          expect(range.charStart).toBeGreaterThanOrEqual(end);
          expect(range.charEnd).toBeGreaterThan(range.charStart);
          end = range.charEnd;
          for (const edge of [range.charStart, range.charEnd]) {
            expect(
              /[\ud800-\udbff]$/.test(whole.slice(0, edge)) && /^[\udc00-\udfff]/.test(whole.slice(edge)),
            ).toBe(false);
          }
          expect(/^\p{M}/u.test(whole.slice(range.charEnd))).toBe(false);
          const tagged = [...whole.matchAll(TAG)].map(
            ({ 0: tag, index }) => [index, index + tag.length] as const,
          );
          expect(tagged.some(([from, to]) => range.charStart < to && from < range.charEnd)).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** No clock: read again and again, this much would take hours, and vitest stops it. */
describe('hostile text', () => {
  const LENGTH = 1 << 20;
  const STREAMED = 1 << 17;
  const units = [
    '<',
    ' ',
    '.',
    '. ',
    'a',
    'a ',
    '<a ',
    '( ',
    '<a b>',
    '1. ',
    '。',
    'a,',
    '\ud83d',
    '\u0301',
    '\n',
  ];

  test.each(units.map((unit) => [unit]))(
    'a megabyte of %j is read in linear time',
    (unit) => {
      const whole = unit.repeat(LENGTH / unit.length);
      const locator = new WordLocator(whole);
      for (let i = 0; i < 1000; i++) locator.locate(i % 2 ? 'a' : 'aaaaaaaaab');
      const streamed = [...whole.slice(0, STREAMED)];
      const parts = [
        ...chunkText(whole),
        ...splitText(whole, { maxChars: 300 }).map((part) => part.text),
        ...stream(streamed, 300),
      ];
      expect(Math.max(0, ...parts.map(({ length }) => length))).toBeLessThanOrEqual(10_000);
      const rules = Array.from({ length: 300 }, (_, i) => `${unit.repeat(i + 1)}@`);
      const dictionary = { rules: rules.map((original) => ({ original, rewrite: 'x' })) };
      expect(applyPronunciations(whole, dictionary)).toBe(whole);
    },
    60_000,
  );
});

const phrase = fc.oneof(
  fc.constantFrom(
    'a',
    'A',
    'b',
    'a b',
    'A  b',
    'ab',
    'a b a',
    '+',
    'a+',
    '+a',
    'é',
    'e\u0301',
    'ß',
    ' a ',
    '<b>',
    '',
  ),
  fc.string({ unit: 'binary', maxLength: 4 }),
);
const rule = fc.record({
  original: phrase,
  rewrite: fc.string({ maxLength: 4 }),
  caseSensitive: fc.boolean(),
});
const rules = fc.array(rule, { maxLength: 12 });
const said = fc
  .array(
    fc.oneof(
      fc.constantFrom('a', 'b', 'A', ' ', '  ', '\n', '+', 'é', 'e\u0301', 'ß', '<b>', '<', '.', '1', 'ẞ'),
      fc.string({ unit: 'binary', maxLength: 3 }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''));

/** By regular expressions, at each place anew: slow and plain. */
function applyPlainly(
  whole: string,
  all: { original: string; rewrite: string; caseSensitive: boolean }[],
): string {
  const inner = '[\\p{L}\\p{N}\\p{M}\\p{Join_Control}]';
  const quoted = (s: string): string => s.replace(/[\\^$.*+?()[\]{}|/]/gu, '\\$&').replace(/\s+/gu, '\\s+');
  const patterns = all.flatMap(({ original, rewrite, caseSensitive }) =>
    [original, original.normalize('NFC'), original.normalize('NFD')].flatMap((spelling) => {
      const trimmed = spelling.trim();
      if (trimmed === '' || new RegExp(TAG).test(trimmed)) return [];
      const before = new RegExp(`^${inner}`, 'u').test(trimmed) ? `(?<!${inner})` : '';
      const after = new RegExp(`${inner}$`, 'u').test(trimmed) ? `(?!${inner})` : '';
      const pattern = `${before}${quoted(trimmed)}${after}`;
      return [{ pattern: new RegExp(pattern, caseSensitive ? 'uy' : 'iuy'), rewrite }];
    }),
  );
  let result = '';
  for (let at = 0; at < whole.length; ) {
    const tag = /^<[\p{L}/][^<>]{0,253}>/u.exec(whole.slice(at))?.[0];
    const found = patterns
      .map(({ pattern, rewrite }) => {
        pattern.lastIndex = at;
        return { length: pattern.exec(whole)?.[0].length ?? 0, rewrite };
      })
      .reduce((best, next) => (next.length > best.length ? next : best), { length: 0, rewrite: '' });
    if (tag === undefined && found.length > 0) {
      result += found.rewrite;
      at += found.length;
    } else {
      const piece = tag ?? String.fromCodePoint(whole.codePointAt(at) as number);
      result += piece;
      at += piece.length;
    }
  }
  return result;
}

describe('applyPronunciations', () => {
  test('applyPronunciations does what regular expressions do, place by place', () => {
    fc.assert(
      fc.property(said, rules, (whole, all) => {
        expect(applyPronunciations(whole, { rules: all })).toBe(applyPlainly(whole, all));
      }),
      { numRuns: 3000 },
    );
  });

  test('applyPronunciations gives back any text that no rule concerns', () => {
    fc.assert(
      fc.property(text, rules, (whole, all) => {
        expect(applyPronunciations(whole, { rules: [] })).toBe(whole);
        const alike = all.map(({ original }) => ({ original, rewrite: original, caseSensitive: true }));
        const spaced = alike.filter(
          ({ original }) => original === original.normalize('NFC').trim() && !/\s/u.test(original),
        );
        const composed = whole.normalize('NFC');
        expect(applyPronunciations(composed, { rules: spaced })).toBe(composed);
      }),
    );
  });

  test('applyPronunciations with rules of single words may be given the text in pieces, cut at white space', () => {
    const words = rules.map((all) => all.filter(({ original }) => !/\S\s+\S/u.test(original)));
    fc.assert(
      fc.property(fc.array(said, { maxLength: 4 }), words, (pieces, all) => {
        const whole = pieces.map((piece) => piece.replaceAll('<', '')); // a tag may hold white space
        const each = whole.map((piece) => applyPronunciations(piece, { rules: all }));
        expect(applyPronunciations(whole.join(' '), { rules: all })).toBe(each.join(' '));
      }),
    );
  });

  test('applyPronunciations gives no more than its rules can make', () => {
    fc.assert(
      fc.property(said, rules, (whole, all) => {
        const longest = Math.max(1, ...all.map(({ rewrite }) => rewrite.length));
        expect(applyPronunciations(whole, { rules: all }).length).toBeLessThanOrEqual(whole.length * longest);
      }),
    );
  });
});
