import { describe, expect, it } from 'vitest';
import type { Word } from '../../../src/gradium/index.js';
import { WordSeam } from '../../../src/gradium/word-seam.js';

function seamed() {
  const texts: string[] = [];
  const words: [text: string, startS: number, stopS: number][] = [];
  const seam = new WordSeam({
    opened: ({ text }) => texts.push(text),
    closed: ({ text, startS, stopS }) => words.push([text, startS, stopS]),
  });
  const open = (text: string, startS: number, streamId?: number): Word => {
    const word: Word = { text, startS, stopS: startS, ...(streamId === undefined ? {} : { streamId }) };
    seam.open(word);
    return word;
  };
  const say = (text: string, startS: number, stopS = startS, streamId?: number) => {
    const word = open(text, startS, streamId);
    word.stopS = stopS;
    seam.close(word);
  };
  return { seam, texts, words, open, say };
}

describe('WordSeam', () => {
  it('passes on a single session as it is', () => {
    const { seam, texts, words, open, say } = seamed();
    seam.begin();
    const first = open('a', 0);
    expect(texts).toEqual(['a']);
    say('b', 1, 2);
    first.stopS = 0.5;
    seam.close(first);
    expect(words.map(([text]) => text)).toEqual(['b', 'a']);
    expect(seam.isStraight(undefined)).toBe(true);
  });

  it('drops what is the same but for case, punctuation and Unicode form', () => {
    const { seam, words, say } = seamed();
    seam.begin();
    say('se\u00f1or,', 1, 1.5);
    say('Ja', 1.6, 2);
    seam.begin();
    say('Sen\u0303or', 1.2, 1.6);
    say('ja.', 1.9, 2.3);
    say('new', 1.9, 2.4);
    expect(words.map(([text]) => text)).toEqual(['se\u00f1or,', 'Ja', 'new']);
  });

  it('takes no minutes over a megabyte of accents', () => {
    const { seam, words, say } = seamed();
    seam.begin();
    say(`a${'\u0301\u0327'.repeat(500_000)}`, 1, 1.5);
    seam.begin();
    say(`A${'\u0301\u0327'.repeat(500_000)}`, 1.1, 1.6);
    expect(words).toHaveLength(1);
  });

  it('keeps punctuation that stands by itself apart', () => {
    const { seam, words, say } = seamed();
    seam.begin();
    say('!', 1, 1.1);
    seam.begin();
    say('!', 1.1, 1.2);
    say('?', 1.3, 1.4);
    expect(words.map(([text]) => text)).toEqual(['!', '?']);
  });

  it('gives a word as often as it was said', () => {
    const { seam, words, say } = seamed();
    const jas = [1, 1.24, 1.48, 1.72, 1.96];
    seam.begin();
    for (const startS of jas.slice(0, 3)) say('ja', startS, startS + 0.2);
    seam.begin();
    for (const startS of jas) say('ja', startS + 0.07, startS + 0.2);
    expect(words).toHaveLength(5);
    seam.begin();
    for (const startS of jas.slice(1)) say('ja', startS - 0.07, startS + 0.2);
    expect(words).toHaveLength(5);
  });

  it('drops the tail of a word that was known, and another hearing of it', () => {
    const { seam, texts, words, say } = seamed();
    seam.begin();
    say('international', 5, 8);
    seam.begin();
    say('national', 6.4, 8);
    say('call', 8.1, 8.3);
    expect(texts).toEqual(['international', 'call']);
    expect(words).toHaveLength(2);
  });

  it.each([
    ['as long before as behind the end of what is known', 1.4],
    ['behind that end', 1.55],
  ])('drops a tail before a word whose end is not known yet: %s', (_name, startS) => {
    const { seam, texts, words, open, say } = seamed();
    seam.begin();
    say('international', 1, 1.5);
    open('call', 3.4);
    seam.begin();
    say('nal', startS, 1.6);
    say('call', 3.4, 3.7);
    expect(texts).toEqual(['international', 'call']);
    expect(words).toEqual([
      ['international', 1, 1.5],
      ['call', 3.4, 3.7],
    ]);
  });

  it('decides about a word without an end by where the next one begins', () => {
    const { seam, texts, open, say } = seamed();
    seam.begin();
    say('long', 5, 8);
    seam.begin();
    open('tail', 7);
    expect(texts).toEqual(['long']);
    open('next', 8.5);
    expect(texts).toEqual(['long', 'next']);
    seam.begin();
    open('late', 8.3);
    open('later', 9);
    expect(texts.slice(2)).toEqual(['late', 'later']);
  });

  it('knows words of no length again', () => {
    const { seam, words, say } = seamed();
    seam.begin();
    say('a', 1);
    say('b', 1.1);
    seam.begin();
    say('a', 1.08);
    say('b', 1.18);
    say('c', 1.2);
    expect(words.map(([text]) => text)).toEqual(['a', 'b', 'c']);
  });

  it('leaves words at the cut to the next session', () => {
    const { seam, texts, words, say } = seamed();
    seam.begin();
    say('whole', 8, 9);
    seam.closing(9.5);
    say('good', 9.1, 9.4);
    say('inter', 9.6, 10);
    expect(texts).toEqual(['whole', 'good']);
    expect(seam.withheld).toBe(true);
    seam.begin();
    expect(seam.withheld).toBe(false);
    for (const [text, startS, stopS] of [
      ['whole', 8, 9],
      ['good', 9.1, 9.4],
      ['international', 9.6, 10.7],
    ] as const) {
      say(text, startS, stopS);
    }
    expect(words.map(([text]) => text)).toEqual(['whole', 'good', 'international']);
  });

  it.each([
    ['the same', 'word', 3.1],
    ['another word at its place', 'ward', 3.1],
  ])('takes the end of a word given out before from the next session: %s', (_name, text, startS) => {
    const { seam, texts, words, open, say } = seamed();
    seam.begin();
    say('a', 1, 2);
    open('word', 3);
    seam.begin();
    expect(words).toEqual([['a', 1, 2]]);
    expect(seam.isStraight(undefined)).toBe(false);
    say('a', 1, 2);
    say(text, startS, 3.7);
    say('b', 4, 5);
    expect(texts).toEqual(['a', 'word', 'b']);
    expect(words).toEqual([
      ['a', 1, 2],
      ['word', 3, 3.7],
      ['b', 4, 5],
    ]);
  });

  it('ends a word that no session ended where the next one begins, and at the end all the same', () => {
    const { seam, words, open, say } = seamed();
    seam.begin();
    open('a', 1);
    open('b', 2);
    seam.begin();
    expect(words).toEqual([['a', 1, 2]]);
    say('c', 3, 4);
    open('d', 5);
    seam.begin();
    seam.finish();
    expect(words).toEqual([
      ['a', 1, 2],
      ['b', 2, 3],
      ['c', 3, 4],
      ['d', 5, 5],
    ]);
  });

  it('counts each stream by itself, and goes back to the one that is behind', () => {
    const { seam, words, say } = seamed();
    expect(seam.stopS).toBe(0);
    seam.begin();
    say('a', 1, 2, 0);
    say('a', 1, 1.5, 1);
    say('b', 2, 3, 0);
    expect(seam.stopS).toBe(1.5);
    seam.begin();
    say('a', 1, 2, 0);
    say('a', 1, 1.5, 1);
    say('b', 2, 3, 1);
    say('b', 2, 3, 0);
    say('b', 2, 3, 2);
    expect(words).toHaveLength(5);
  });

  it('gives an end to every word, also to those too old to be remembered', () => {
    const { seam, texts, words, open, say } = seamed();
    seam.begin();
    for (let i = 0; i < 300; i++) open(`w${i}`, i / 10);
    seam.begin();
    say('new', 40, 41);
    expect(texts).toHaveLength(301);
    expect(words).toHaveLength(301);
    expect(seam.isStraight(undefined)).toBe(true);
  });
});
