import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textMessages } from '../../../src/gradium/tts-text.js';

describe('textMessages', () => {
  it('leaves short text whole, its inner white space too', () => {
    expect(textMessages('  Hello  there,\nworld.  ')).toEqual(['Hello  there,\nworld.']);
  });

  it('cuts at white space alone', () => {
    expect(textMessages('aaa bbb ccc', 7)).toEqual(['aaa bbb', 'ccc']);
    expect(textMessages('aaaaaaaaaaaa bb', 5)).toEqual(['aaaaaaaaaaaa', 'bb']);
  });

  it('begins no message with a mark', () => {
    expect(textMessages('Vraiment ! Oui', 8)).toEqual(['Vraiment !', 'Oui']);
    expect(textMessages('aaaa — bbbb', 5)).toEqual(['aaaa —', 'bbbb']);
  });

  it('keeps tags whole', () => {
    expect(textMessages('one <break time="1.5s" /> two', 6)).toEqual(['one', '<break time="1.5s" />', 'two']);
    expect(textMessages('a < b', 3)).toEqual(['a <', 'b']);
  });

  it('makes nothing of nothing', () => {
    expect(textMessages('')).toEqual([]);
    expect(textMessages(' \n\t')).toEqual([]);
  });

  it('loses and splits no word', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 200 }),
        fc.integer({ min: 1, max: 30 }),
        (text, max) => {
          const words = (s: string) => s.split(/\s+/u).filter((word) => word !== '');
          expect(textMessages(text, max).flatMap(words)).toEqual(words(text));
        },
      ),
    );
  });
});
