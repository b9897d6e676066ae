import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Word } from '../../../src/gradium/index.js';
import { decoderDelayS, WordAssembler } from '../../../src/gradium/words.js';

function assembler(shiftS = 0) {
  const closed: Word[] = [];
  const words = new WordAssembler((word) => closed.push(word));
  words.shiftS = shiftS;
  return { words, closed };
}

describe('WordAssembler', () => {
  it('joins text and end_text, trimmed', () => {
    const { words, closed } = assembler();
    words.text(' Hello ', 0.48, 0);
    words.endText(0.8, 0);
    expect(closed).toEqual([{ text: 'Hello', startS: 0.48, stopS: 0.8, streamId: 0 }]);
  });

  it('takes empty text for no word', () => {
    const { words, closed } = assembler();
    expect(words.text(' \n', 1, 0)).toBeUndefined();
    words.endText(2, 0);
    words.finish();
    expect(closed).toEqual([]);
  });

  it('keeps streams apart', () => {
    const { words, closed } = assembler();
    words.text('a', 1, 0);
    words.text('b', 1.5, 1);
    words.text('c', 1.6, undefined);
    words.endText(2, 1);
    words.endText(3, undefined);
    words.endText(4, 0);
    expect(closed.map(({ text, stopS, streamId }) => [text, stopS, streamId])).toEqual([
      ['b', 2, 1],
      ['c', 3, undefined],
      ['a', 4, 0],
    ]);
  });

  it('gives a word without an end the start of the next', () => {
    const { words, closed } = assembler();
    words.text('a', 1, 0);
    words.text('b', 2, 0);
    words.endText(2.5, 0);
    expect(closed.map(({ text, stopS }) => [text, stopS])).toEqual([
      ['a', 2],
      ['b', 2.5],
    ]);
  });

  it('gives an end that lies before the last word to the one before it', () => {
    const { words, closed } = assembler();
    words.text('a', 1, 0);
    words.text('b', 2, 0);
    words.endText(1.5, 0);
    words.endText(2.5, 0);
    expect(closed.map(({ text, stopS }) => [text, stopS])).toEqual([
      ['a', 1.5],
      ['b', 2.5],
    ]);
  });

  it('ends what is open with the next word, and the last with the audio', () => {
    const { words, closed } = assembler();
    words.text('a', 1, 0);
    words.text('b', 2, 0);
    words.audioEndS = 2.75;
    words.finish();
    expect(closed.map(({ stopS }) => stopS)).toEqual([2, 2.75]);
  });

  it('subtracts the delay and never goes below 0', () => {
    const { words, closed } = assembler(decoderDelayS(10));
    words.text('a', 0.5, 0);
    words.endText(1.28, 0);
    words.text('b', 1.28, 0);
    words.endText(1.6, 0);
    expect(closed.map(({ startS, stopS }) => [startS, stopS])).toEqual([
      [0, 0.48],
      [0.48, 0.8],
    ]);
  });

  it('keeps words within the audio once its length is known', () => {
    const { words, closed } = assembler();
    words.audioEndS = 3;
    words.text('a', 2.9, 0);
    words.endText(3.4, 0);
    words.text('b', 3.5, 0);
    words.endText(3.6, 0);
    expect(closed.map(({ startS, stopS }) => [startS, stopS])).toEqual([
      [2.9, 3],
      [3, 3],
    ]);
  });

  it('does not let one absurd time move the words after it', () => {
    const { words, closed } = assembler();
    words.audioEndS = 60;
    words.text('a', 1, 0);
    words.endText(1.5, 0);
    words.text('bad', 86_400, 0);
    expect(words.endText(86_401, 0)).toBe(60);
    words.text('b', 2, 0);
    words.endText(2.5, 0);
    expect(closed.map(({ text, startS, stopS }) => [text, startS, stopS])).toEqual([
      ['a', 1, 1.5],
      ['bad', 1, 2],
      ['b', 2, 2.5],
    ]);
  });

  it('ends no word before it begins, and raises a start that goes back', () => {
    const { words, closed } = assembler();
    words.text('a', 2, 0);
    words.endText(1, 0);
    words.text('b', 1.5, 0);
    words.finish();
    expect(closed.map(({ startS, stopS }) => [startS, stopS])).toEqual([
      [2, 2],
      [2, 2],
    ]);
  });

  it('passes over an end without a word', () => {
    const { words, closed } = assembler();
    words.endText(1, 0);
    expect(closed).toEqual([]);
  });

  it('does not hold words for ever when no end comes', () => {
    const { words, closed } = assembler();
    for (let i = 0; i < 1000; i++) words.text(`w${i}`, i, 0);
    expect(closed.length).toBeGreaterThan(980);
    expect(closed[0]).toEqual({ text: 'w0', startS: 0, stopS: 1, streamId: 0 });
  });

  it('hands out every word once, in order and in bounds, whatever comes', () => {
    const time = fc.double({ min: -2, max: 20, noNaN: true });
    const stream = fc.constantFrom(undefined, 0, 1);
    const event = fc.record({ isText: fc.boolean(), at: time, stream });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const { words, closed } = assembler(0.8);
        const opened: Word[] = [];
        for (const { isText, at, stream } of events) {
          if (isText) opened.push(words.text('w', at, stream)!);
          else words.endText(at, stream);
        }
        words.audioEndS = 25;
        words.finish();
        expect(new Set(closed)).toEqual(new Set(opened));
        expect(closed).toHaveLength(opened.length);
        for (const id of [undefined, 0, 1]) {
          const own = closed.filter((word) => word.streamId === id);
          expect(own).toEqual(opened.filter((word) => word.streamId === id));
          own.forEach((word, i) => {
            expect(word.startS).toBeGreaterThanOrEqual(own[i - 1]?.startS ?? 0);
            expect(word.stopS).toBeGreaterThanOrEqual(word.startS);
            expect(word.stopS).toBeLessThanOrEqual(25);
          });
        }
      }),
    );
  });
});
