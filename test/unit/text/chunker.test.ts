import { describe, expect, it } from 'vitest';
import { chunkText, TextChunker } from '../../../src/text/index.js';

const code = 'ERR_INVALID_ARG';

describe('chunkText', () => {
  it('leaves short text whole, its inner white space too', () => {
    expect(chunkText('  Hello  there,\nworld.  ')).toEqual(['Hello  there,\nworld.']);
  });

  it('cuts at white space alone', () => {
    expect(chunkText('aaa bbb ccc', { maxChars: 7 })).toEqual(['aaa bbb', 'ccc']);
    expect(chunkText('aaaaaaaaaaaa bb', { maxChars: 5 })).toEqual(['aaaaaaaaaaaa', 'bb']);
  });

  it('prefers the end of a sentence or a line', () => {
    expect(chunkText('One two. Three four five.', { maxChars: 18 })).toEqual([
      'One two.',
      'Three four five.',
    ]);
    expect(chunkText('Title\nThree four five.', { maxChars: 18 })).toEqual(['Title', 'Three four five.']);
    expect(chunkText('Dr. Smith came in.', { maxChars: 14 })).toEqual(['Dr. Smith came', 'in.']);
  });

  it('fills a chunk to its limit of 300 unless told', () => {
    const words = 'word '.repeat(100);
    expect(chunkText(words).map(({ length }) => length)).toEqual([299, 199]);
  });

  it.each([
    ['Vraiment ! Oui', 8, ['Vraiment !', 'Oui']],
    ['Vraiment\u00a0! Oui', 8, ['Vraiment\u00a0!', 'Oui']],
    ['aaaa — bbbb', 5, ['aaaa —', 'bbbb']],
    ['aa ) ] , … bbbb', 5, ['aa ) ] , …', 'bbbb']],
    ['你好 。 再见', 2, ['你好 。', '再见']],
    ['aaaa " » bb', 3, ['aaaa " »', 'bb']],
    ['aa !bb', 3, ['aa', '!bb']],
  ])('begins no message with a mark: %j', (text, maxChars, want) => {
    expect(chunkText(text, { maxChars })).toEqual(want);
  });

  it.each([
    ['aaaa ( bbbb ) cc', 6, ['aaaa', '( bbbb )', 'cc']],
    ['aaaa « bbbb » cc', 6, ['aaaa', '« bbbb »', 'cc']],
    ['Hola ¿ qué ?', 6, ['Hola', '¿ qué ?']],
    ['aa ( « bb', 4, ['aa', '( « bb']],
  ])('ends no message with an opening mark: %j', (text, maxChars, want) => {
    expect(chunkText(text, { maxChars })).toEqual(want);
  });

  it('keeps tags whole', () => {
    expect(chunkText('one <break time="1.5s" /> two', { maxChars: 6 })).toEqual([
      'one',
      '<break time="1.5s" />',
      'two',
    ]);
    expect(chunkText('one<a b c>two three', { maxChars: 6 })).toEqual(['one<a b c>two', 'three']);
    expect(chunkText('</a b c> <flush>', { maxChars: 6 })).toEqual(['</a b c>', '<flush>']);
  });

  it('takes no other < for a tag', () => {
    expect(chunkText('a < b', { maxChars: 3 })).toEqual(['a <', 'b']);
    expect(chunkText('I <3 you >', { maxChars: 4 })).toEqual(['I <3', 'you', '>']);
    expect(chunkText('<a b <c d>', { maxChars: 4 })).toEqual(['<a b', '<c d>']);
    expect(chunkText('<> a', { maxChars: 2 })).toEqual(['<>', 'a']);
    expect(chunkText(`<a ${'b'.repeat(300)}>`, { maxChars: 4 })).toHaveLength(2);
  });

  it('cuts what never ends after 10 000 characters, and no pair', () => {
    expect(chunkText('a'.repeat(25_000)).map(({ length }) => length)).toEqual([10_000, 10_000, 5_000]);
    expect(chunkText(`a${'😀'.repeat(6_000)}`).map(({ length }) => length)).toEqual([9_999, 2_002]);
    expect(chunkText(`a ${'. '.repeat(6_000)}`).map(({ length }) => length)).toEqual([9_999, 2_001]);
  });

  it('makes nothing of nothing', () => {
    expect(chunkText('')).toEqual([]);
    expect(chunkText(' \n\t')).toEqual([]);
  });

  it('refuses what is no text or no length', () => {
    expect(() => chunkText(7 as never)).toThrow(expect.objectContaining({ name: 'TypeError', code }));
    expect(() => chunkText('a', { maxChars: '9' as never })).toThrow(
      expect.objectContaining({ name: 'TypeError', code }),
    );
    for (const maxChars of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => chunkText('a', { maxChars })).toThrow(
        expect.objectContaining({ name: 'RangeError', code }),
      );
    }
  });
});

describe('TextChunker', () => {
  const pushes = (pieces: string[], maxChars?: number) => {
    const chunker = new TextChunker({ maxChars });
    return [...pieces.map((piece) => chunker.push(piece)), chunker.flush()];
  };

  it('gives a sentence out when the next word begins', () => {
    expect(pushes(['Hello', ' there', '.', ' ', 'How', ' are', ' you', '?'])).toEqual([
      [],
      [],
      [],
      [],
      ['Hello there.'],
      [],
      [],
      [],
      ['How are you?'],
    ]);
  });

  it('waits for marks that stand alone', () => {
    expect(pushes(['Vraiment. ', '.', '. ', 'Oui'])).toEqual([[], [], [], ['Vraiment. ..'], ['Oui']]);
    expect(pushes(['Non. ', '« ', 'oui'])).toEqual([[], ['Non.'], [], ['« oui']]);
    expect(pushes(['Non. ', '.', 'x'])).toEqual([[], [], ['Non.'], ['.x']]);
  });

  it('gives out at once what a <flush> stands behind, and a line', () => {
    expect(pushes(['Hello <flush>', ' ', 'a'])).toEqual([[], ['Hello <flush>'], [], ['a']]);
    expect(pushes(['Hello <flush>', 'a '])).toEqual([[], [], ['Hello <flush>a']]);
    expect(pushes(['Here is', ':\n- ', 'milk'])).toEqual([[], [], ['Here is:\n-'], ['milk']]);
  });

  it('does not take an abbreviation for a sentence', () => {
    expect(pushes(['Dr. ', 'Smith, z. ', 'B. ', 'am 1. ', 'Januar'])).toEqual([
      [],
      [],
      [],
      [],
      [],
      ['Dr. Smith, z. B. am 1. Januar'],
    ]);
  });

  it('puts what is certain at once into one message', () => {
    expect(pushes(['One. Two. Three. Fo', 'ur.'])).toEqual([['One. Two. Three.'], [], ['Four.']]);
  });

  it('waits for no more than maxChars and a word', () => {
    expect(pushes(['aaa bbb', ' c', 'c', 'c', ' d'], 8)).toEqual([[], ['aaa bbb'], [], [], [], ['ccc d']]);
    const chunker = new TextChunker();
    const held = (n: number) => chunker.push('a'.repeat(n)).length;
    expect([held(9_999), held(1), held(1)]).toEqual([0, 0, 1]);
    expect(chunker.flush()).toEqual(['a']);
  });

  it('begins anew after a flush', () => {
    const chunker = new TextChunker();
    chunker.push('  one <b');
    expect(chunker.flush()).toEqual(['one <b']);
    expect(chunker.flush()).toEqual([]);
    expect(chunker.push('c d>. Two')).toEqual(['c d>.']);
    expect(chunker.flush()).toEqual(['Two']);
  });

  it('keeps a pair whole whose halves come apart', () => {
    expect(pushes(['a \ud83d', '\ude00. ', 'b'])).toEqual([[], [], ['a 😀.'], ['b']]);
    expect(pushes(['a \ud83d'])).toEqual([[], ['a \ud83d']]);
  });

  it('refuses what is no text', () => {
    expect(() => new TextChunker().push(null as never)).toThrow(expect.objectContaining({ code }));
    expect(() => new TextChunker({ maxChars: 0 })).toThrow(expect.objectContaining({ code }));
  });
});
