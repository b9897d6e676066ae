import { describe, expect, it } from 'vitest';
import { applyPronunciations, type PronunciationsToApply } from '../../../src/text/index.js';
import { foldCase } from '../../../src/text/symbols.js';
import { MARKS_1MB } from './marks.js';

/** Rules in a short form: a key in quotes is case-sensitive. */
function apply(text: string, rules: Record<string, string>): string {
  return applyPronunciations(text, {
    rules: Object.entries(rules).map(([key, rewrite]) => ({
      original: key.replace(/^"(.*)"$/s, '$1'),
      rewrite,
      caseSensitive: key.startsWith('"'),
    })),
  });
}

describe('applyPronunciations', () => {
  it('replaces whole words, wherever they stand', () => {
    const rules = { SQL: 'sequel', api: 'A P I' };
    expect(apply('SQL, (sql) and "SqL": no MySQL, SQLs, SQL2 or 1SQL.', rules)).toBe(
      'sequel, (sequel) and "sequel": no MySQL, SQLs, SQL2 or 1SQL.',
    );
    expect(apply('api', rules)).toBe('A P I');
    expect(apply('api-sql_api', rules)).toBe('A P I-sequel_A P I');
    expect(apply("sql's", rules)).toBe("sequel's");
  });

  it.each([
    ['a mark', 'cafe\u0301'],
    ['a letter beyond the BMP', 'cafe𝒳'],
    ['a letter of another script', 'жcafe'],
    ['a digit of another script', '٣cafe'],
    ['a joiner', 'cafe\u200dx'],
  ])('takes %s for a part of the word', (_name, text) => {
    expect(apply(text, { cafe: 'x' })).toBe(text);
  });

  it('needs no boundary where the rule itself begins or ends with none', () => {
    expect(apply('C++x, C++ and aC++', { 'c++': 'see plus plus' })).toBe(
      'see plus plusx, see plus plus and aC++',
    );
    expect(apply('50% 5%x', { '%': ' percent' })).toBe('50 percent 5 percentx');
    expect(apply('a.NET b .net .nets', { '.NET': 'dot net' })).toBe('adot net b dot net .nets');
    expect(apply('😀😀a', { '😀': 'smile ' })).toBe('smile smile a');
  });

  it('finds phrases across any white space', () => {
    const rules = { ' New  York\n': 'Noo York' };
    expect(apply('new york, New\u00a0York, NEW \n\t YORK; New-York, Newyork', rules)).toBe(
      'Noo York, Noo York, Noo York; New-York, Newyork',
    );
  });

  it('heeds case where it is to', () => {
    const rules = { '"US"': 'U S', it: 'eye tea' };
    expect(apply('US us Us IT it', rules)).toBe('U S us Us eye tea eye tea');
  });

  it.each([
    ['ß is ẞ', 'ẞ', 'ß', true],
    ['ß is not SS', 'SS', 'ß', false],
    ['a final sigma is a sigma', 'ΟΔΟΣ', 'οδος', true],
    ['so is one that is not final', 'οδοσ', 'οδος', true],
    ['İ is itself', 'İ', 'İ', true],
    ['İ is no i', 'İ', 'i', false],
    ['ı is no I', 'ı', 'I', false],
    ['K of kelvins is k', '\u212a', 'k', true],
    ['Ǆ is ǅ is ǆ', 'ǅ', 'ǆ', true],
    ['letters beyond the BMP have cases too', '𐐀', '𐐨', true],
    ['the ligature is not its letters', 'ﬁ', 'fi', false],
  ])('%s', (_name, text, original, found) => {
    expect(apply(`a ${text} b`, { [original]: 'X' })).toBe(found ? 'a X b' : `a ${text} b`);
  });

  it('knows accents, composed or not', () => {
    for (const original of ['é', 'e\u0301']) {
      expect(apply('é e\u0301 É e', { [original]: 'x' })).toBe('x x x e');
      expect(apply('é e\u0301 É e', { [`"${original}"`]: 'x' })).toBe('x x É e');
    }
  });

  it('takes the longest of the rules that fit, then the first', () => {
    expect(apply('a b c d', { a: '1', 'a b c': '3', 'a b': '2', 'b c d': '4' })).toBe('3 d');
    expect(apply('a b d', { 'a b c': '3', 'b d': '2' })).toBe('a 2');
    const rules = [
      { original: 'Go', rewrite: 'first', caseSensitive: true },
      { original: 'go', rewrite: 'second' },
      { original: 'GO', rewrite: 'third' },
      { original: 'go on', rewrite: 'fourth' },
    ];
    expect(applyPronunciations('Go go Go on', { rules })).toBe('first second fourth');
    expect(applyPronunciations('Go go Go on', { rules: rules.toReversed() })).toBe('third third fourth');
  });

  it('does not look at what it wrote', () => {
    expect(apply('a b', { a: 'b', b: 'a' })).toBe('b a');
    expect(apply('a', { a: 'a a' })).toBe('a a');
    expect(apply('a c', { a: 'b', 'b c': 'x' })).toBe('b c');
  });

  it('takes the rewrite as it is', () => {
    expect(apply('a b', { a: '$& $1 <break time="1s" />', b: '' })).toBe('$& $1 <break time="1s" /> ');
  });

  it('leaves tags alone, and lets words end at them', () => {
    const rules = { flush: 'x', break: 'y', time: 'z', '<flush>': 'w', hello: 'Hi', '>': 'greater' };
    expect(apply('hello<flush>hello <break time="1.5s" /> a > b', rules)).toBe(
      'Hi<flush>Hi <break time="1.5s" /> a greater b',
    );
    expect(apply('new <flush> york', { 'new york': 'x' })).toBe('new <flush> york');
    expect(apply('1 <flush 2', { flush: 'x' })).toBe('1 <x 2'); // no tag
  });

  it('gives back what no rule concerns', () => {
    for (const text of ['', ' a  b\n', '\ud83d \ude00', '<flush>']) {
      expect(applyPronunciations(text, { rules: [] })).toBe(text);
      expect(applyPronunciations(text, {})).toBe(text);
      expect(apply(text, { '': 'x', ' \n': 'y', '"\t"': 'z', other: 'w' })).toBe(text);
    }
  });

  it('takes lone surrogates as they come', () => {
    expect(apply('\ud83d a \ude00', { '\ud83d': 'x', '\ude00': 'y' })).toBe('x a y');
    expect(apply('😀', { '\ud83d': 'x' })).toBe('😀');
  });

  it('takes a dictionary of the service', () => {
    const dictionary = {
      id: 'bb1ckYhNHCcIJjdK',
      name: 'n',
      language: 'en',
      rules: [{ id: 1, original: 'GIF', rewrite: 'jiff', caseSensitive: false }],
    };
    expect(applyPronunciations('a gif', dictionary)).toBe('a jiff');
  });

  it('tells typographic quotes from plain ones', () => {
    expect(apply("l'été l’été", { "l'été": 'x' })).toBe('x l’été');
  });

  it('takes a rule of a megabyte of accents, which is found as it is written', () => {
    expect(apply(`b ${MARKS_1MB}`, { [MARKS_1MB]: 'x' })).toBe('b x');
    expect(apply(`e${'\u0301'.repeat(30)}`, { [`\u00e9${'\u0301'.repeat(29)}`]: 'x' })).toBe('x');
  });

  it('refuses more than fits into a string', () => {
    const rules = [{ original: 'a', rewrite: 'x'.repeat(2 ** 20) }];
    expect(() => applyPronunciations('a '.repeat(300), { rules })).toThrow(
      expect.objectContaining({ constructor: RangeError, code: 'ERR_TOO_LARGE' }),
    );
  });

  const rule = { original: 'a', rewrite: 'b' };
  it.each<[string, unknown, unknown, RegExp]>([
    ['text that is none', 5, { rules: [] }, /text must be a string, got number/],
    ['no dictionary', 'a', undefined, /dictionary must be an object/],
    ['null', 'a', null, /dictionary must be an object/],
    ['rules that are none', 'a', { rules: 'a' }, /rules must be an array/],
    ['a rule that is none', 'a', { rules: [rule, null] }, /rules\[1\] must be an object/],
    ['a hole', 'a', { rules: new Array(1) }, /rules\[0\] must be an object/],
    ['no original', 'a', { rules: [{ rewrite: 'b' }] }, /rules\[0\]\.original must be a string/],
    ['no rewrite', 'a', { rules: [{ original: 'b' }] }, /rules\[0\]\.rewrite must be a string/],
    [
      'case that is none',
      'a',
      { rules: [{ ...rule, caseSensitive: 1 }] },
      /caseSensitive must be true or false/,
    ],
  ])('refuses %s', (_name, text, dictionary, message) => {
    expect(() => applyPronunciations(text as string, dictionary as PronunciationsToApply)).toThrow(
      expect.objectContaining({
        constructor: TypeError,
        code: 'ERR_INVALID_ARG',
        message: expect.stringMatching(message),
      }),
    );
  });
});

describe('foldCase', () => {
  it('says of every code point what Unicode says', () => {
    const wrong: string[] = [];
    for (let code = 0; code <= 0x10ffff; code++) {
      if (code >= 0xd800 && code < 0xe000) continue;
      const char = String.fromCodePoint(code);
      const folded = foldCase(char);
      const others = [char.toUpperCase(), char.toLowerCase(), folded].filter((other) => other !== char);
      const like = others.length > 0 ? new RegExp(`^${char}$`, 'iu') : undefined; // simple case folding
      if (others.some((other) => like?.test(other) !== (foldCase(other) === folded))) wrong.push(char);
    }
    expect(wrong).toEqual([]);
  });
});
