/** Laws of src/text: nothing is lost, doubled or cut, however the text came, and any text is read in linear time. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chunkText, splitText, TextChunker, WordLocator } from '../../src/text/index.js';

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
    },
    60_000,
  );
});
