import { describe, expect, it } from 'vitest';
import { WordLocator } from '../../../src/text/align.js';

/** What is found of each word, as it stands in the text. */
function located(text: string, words: string[]): (string | undefined)[] {
  const locator = new WordLocator(text);
  return words.map((word) => {
    const range = locator.locate(word);
    return range && text.slice(range.charStart, range.charEnd);
  });
}

describe('WordLocator', () => {
  it('gives UTF-16 offsets, from its base on', () => {
    const locator = new WordLocator('😀 Hello, world', 100);
    expect(locator.locate('Hello')).toEqual({ charStart: 103, charEnd: 108 });
    expect(locator.locate('world')).toEqual({ charStart: 110, charEnd: 115 });
    expect(locator.locate('world')).toBeUndefined();
  });

  it.each([
    ['Don’t stop', ["don't", 'STOP.'], ['Don’t', 'stop']],
    ['« Oui ! »', ['oui!'], ['Oui']],
    ['L’été à Zürich', ['l', 'e\u0301te\u0301', 'A\u0300', 'zurich'], ['L', 'été', 'à', 'Zürich']],
    ['e\u0301te\u0301 la', ['été', 'là'], ['e\u0301te\u0301', 'la']],
    ['Straße ﬁn ΟΔΟΣ', ['STRASSE', 'fin', 'οδος'], ['Straße', 'ﬁn', 'ΟΔΟΣ']],
    ['well-known fact', ['well', 'known', 'fact'], ['well', 'known', 'fact']],
    ['New York is', ['New York', 'is'], ['New York', 'is']],
    ['Do\u00adnau x', ['Donau', 'x'], ['Do\u00adnau', 'x']],
    ['你好。再见', ['你好', '再见'], ['你好', '再见']],
    ['他说你好', ['你好'], ['你好']],
    ['5€ 5', ['€', '5'], ['€', '5']],
  ])('does not mind spelling: %s', (text, words, want) => expect(located(text, words)).toEqual(want));

  it('takes no minutes over a megabyte of accents', () => {
    const accents = '\u0301\u0327'.repeat(500_000);
    const locator = new WordLocator('a b');
    expect(locator.locate(`a${accents}`)).toEqual({ charStart: 0, charEnd: 1 });
    expect(locator.locate(accents)).toBeUndefined();
  });

  it('finds repeated words in order', () => {
    const locator = new WordLocator('the the the');
    const starts = ['the', 'The', 'the', 'the'].map((word) => locator.locate(word)?.charStart);
    expect(starts).toEqual([0, 4, 8, undefined]);
  });

  it('finds no word inside another', () => {
    expect(located('another other', ['other'])).toEqual(['other']);
    const locator = new WordLocator('there the');
    expect(locator.locate('the')).toEqual({ charStart: 6, charEnd: 9 });
  });

  it('finds the parts of a word where nothing else will do', () => {
    expect(located("I don't know", ['I', 'do', "n't", 'know'])).toEqual(['I', 'do', "n't", 'know']);
    expect(located('Donaudampf ist', ['Donau', 'dampf', 'ist'])).toEqual(['Donau', 'dampf', 'ist']);
    expect(located('Mamas ist', ['Mama', 's', 'ist'])).toEqual(['Mama', 's', 'ist']);
    expect(located('and so', ['a', 'and'])).toEqual([undefined, 'and']);
  });

  it('passes over what is spoken otherwise', () => {
    expect(
      located('In 1984 the four men', ['In', 'nineteen', 'eighty', 'four', 'the', 'four', 'men']),
    ).toEqual(['In', undefined, undefined, undefined, 'the', 'four', 'men']);
    expect(located('Dr. Smith & Co', ['Doctor', 'Smith', 'and', 'co'])).toEqual([
      undefined,
      'Smith',
      undefined,
      'Co',
    ]);
    const sequel = ['nineteen', 'eighty', 'four', 'sequel', 'was', 'new'];
    expect(located('1984, SQL was new', sequel)).toEqual([...Array(4).fill(undefined), 'was', 'new']);
    expect(located('5 € 😀 ok', ['five', 'euros', 'ok'])).toEqual([undefined, undefined, 'ok']);
  });

  it('finds its way back after a passage that is not spoken', () => {
    const text = 'one two three four five six seven eight nine ten eleven twelve';
    const found = located(text, ['one', 'eight', 'nine', 'ten', 'eleven', 'twelve']);
    expect(found).toEqual(['one', undefined, undefined, undefined, 'eleven', 'twelve']);
  });

  it('does not jump ahead while it knows its place', () => {
    expect(located('a b c d e f', ['x', 'y', 'a', 'f', 'b'])).toEqual([
      undefined,
      undefined,
      'a',
      undefined,
      'b',
    ]);
  });

  it('matches no tag, nor across one', () => {
    expect(located('a <break time="1.5s" /> break', ['a', 'break'])).toEqual(['a', 'break']);
    const locator = new WordLocator('a <break time="1.5s" /> break');
    locator.locate('a');
    expect(locator.locate('break')?.charStart).toBe(24);
    expect(located('New <flush> York', ['New York', 'York'])).toEqual([undefined, 'York']);
    expect(located('a <flush> b', ['<flush>', 'a', 'b'])).toEqual([undefined, 'a', 'b']);
  });

  it('counts no mark as a word', () => {
    expect(located('a — b', ['a', '—', 'b', '', ' '])).toEqual(['a', undefined, 'b', undefined, undefined]);
  });

  it('halves nothing', () => {
    expect(located('👩‍👧 x', ['👩', 'x'])).toEqual(['👩‍👧', 'x']);
    expect(located('👍🏽 x', ['👍', 'x'])).toEqual(['👍🏽', 'x']);
  });

  it('works on text that grows', () => {
    const locator = new WordLocator('Hel');
    locator.append('lo <fl');
    expect(locator.locate('Hello')).toEqual({ charStart: 0, charEnd: 5 });
    expect(locator.locate('you')).toBeUndefined();
    locator.append('ush> you \ud835');
    locator.append('\udc00 <b');
    expect(locator.locate('you')).toEqual({ charStart: 14, charEnd: 17 });
    expect(locator.locate('a')).toEqual({ charStart: 18, charEnd: 20 });
    expect(locator.locate('b')).toBeUndefined();
    locator.end();
    expect(locator.locate('b')).toEqual({ charStart: 22, charEnd: 23 });
  });
});
