import { describe, expect, it } from 'vitest';
import { splitText } from '../../../src/text/index.js';

const texts = (text: string, maxChars: number) => splitText(text, { maxChars }).map((part) => part.text);

describe('splitText', () => {
  it('leaves what fits whole, and says where it begins', () => {
    expect(splitText('  One. Two.\n', { maxChars: 9 })).toEqual([{ text: 'One. Two.', start: 2 }]);
    expect(splitText(' \n', { maxChars: 9 })).toEqual([]);
  });

  it('fills parts with sentences', () => {
    expect(splitText('A a. B b! C c? D d… E e', { maxChars: 10 })).toEqual([
      { text: 'A a. B b!', start: 0 },
      { text: 'C c? D d…', start: 10 },
      { text: 'E e', start: 20 },
    ]);
  });

  it.each([
    ['(One.) Two three', ['(One.)', 'Two three']],
    ['»One.« Two three', ['»One.«', 'Two three']],
    ['„One.“ Two three', ['„One.“', 'Two three']],
    ['“One?” Two three', ['“One?”', 'Two three']],
    ['One ! » Two three', ['One ! »', 'Two three']],
    ['One... Two three', ['One...', 'Two three']],
  ])('takes what closes with the sentence: %s', (text, want) => expect(texts(text, 13)).toEqual(want));

  it.each([
    'See Dr. Smith at',
    'Smith e.g. came',
    'Wir z. B. haben',
    'Wir z.B. haben es',
    'Am 1. Januar war',
    'Die Frau Dipl.-Ing. Maier',
    'La pág. siete es',
    'En fe\u0301vr. il part',
    'A Sra. Silva vem',
    'Voici Mme. Dupont',
    'Soit p. ex. cela',
    'Los EE. UU. hoy',
    'Los EE.UU. hoy',
    'Ludwig XIV. starb',
    'J. R. R. Tolkien',
  ])('sees no sentence end in an abbreviation: %s', (text) => {
    // A sentence end would be preferred to this clause's.
    expect(texts(`${text}, so`, text.length + 1)).toEqual([`${text},`, 'so']);
  });

  it('sees one after a number of more digits, and after what is no abbreviation', () => {
    expect(texts('It was 2024. Then he', 18)).toEqual(['It was 2024.', 'Then he']);
    expect(texts('He said no. Then he', 18)).toEqual(['He said no.', 'Then he']);
    expect(texts('It is 3.5. Then he', 16)).toEqual(['It is 3.5.', 'Then he']);
  });

  it('goes from lines to clauses to white space', () => {
    expect(texts('one\ntwo, three four', 15)).toEqual(['one', 'two, three four']);
    expect(texts('one two, three four', 15)).toEqual(['one two,', 'three four']);
    expect(texts('one – two three four', 15)).toEqual(['one –', 'two three four']);
    expect(texts('one (two:) three fou', 15)).toEqual(['one (two:)', 'three fou']);
    expect(texts('one two three four', 15)).toEqual(['one two three', 'four']);
    expect(texts('one two 10\u00a0000', 12)).toEqual(['one two', '10\u00a0000']);
    expect(texts('10\u00a0000', 4)).toEqual(['10', '000']);
  });

  it('makes a long word or tag a part by itself', () => {
    expect(texts('a bbbbbbbb c', 4)).toEqual(['a', 'bbbbbbbb', 'c']);
    expect(texts('a <b c="d e"> f', 4)).toEqual(['a', '<b c="d e">', 'f']);
    expect(texts('a'.repeat(10_001), 4)).toHaveLength(2);
  });

  it('cuts Chinese and Japanese after their marks', () => {
    expect(splitText('你好。再见、再见。「好。」他', { maxChars: 6 })).toEqual([
      { text: '你好。', start: 0 },
      { text: '再见、再见。', start: 3 },
      { text: '「好。」他', start: 9 },
    ]);
    expect(texts('你好、再见再见', 6)).toEqual(['你好、', '再见再见']);
    expect(texts('你好再见再见', 3)).toEqual(['你好再见再见']);
    expect(texts('你<a b="。">好', 3)).toEqual(['你<a b="。">好']);
  });

  it('refuses what is no text or no length', () => {
    const error = expect.objectContaining({ code: 'ERR_INVALID_ARG' });
    expect(() => splitText(1 as never, { maxChars: 1 })).toThrow(error);
    expect(() => splitText('', { maxChars: 0 })).toThrow(error);
  });
});
