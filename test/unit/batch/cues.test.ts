import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildCues, type Cue } from '../../../src/batch/index.js';
import type { Word } from '../../../src/gradium/types.js';

/** Words one after another, each `durationS` long with `gapS` before it. */
function speech(text: string, durationS = 0.3, gapS = 0.05): Word[] {
  let at = 0;
  return text.split(' ').map((word) => {
    const startS = at + gapS;
    at = startS + durationS;
    return { text: word, startS, stopS: at };
  });
}

const shown = (cues: Cue[]) => cues.map(({ lines }) => lines);

const codePoints = (text: string) => [...text].length;

/** Any words a service could send, and many that it should not. */
const anyWords: fc.Arbitrary<Word[]> = fc.array(
  fc.record({
    text: fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.constantFrom('Yes.', 'no,', 'Really?', 'a b  c', '  ', '', 'x'.repeat(100), '😀'.repeat(50)),
    ),
    startS: fc.oneof(
      fc.double({ min: -1, max: 60 }),
      fc.constantFrom(0, Number.NaN, Number.POSITIVE_INFINITY),
    ),
    stopS: fc.oneof(fc.double({ min: -1, max: 90, noNaN: true }), fc.constantFrom(0, Number.NaN)),
  }),
  { maxLength: 80 },
);

/** Words as they are spoken: in order, 60 ms to 1 s long, some with pauses between. */
const spokenWords: fc.Arbitrary<Word[]> = fc
  .array(
    fc.record({
      text: fc.stringMatching(/^[a-z]{1,12}[.,?]?$/),
      gapS: fc.oneof(
        fc.constant(0),
        fc.double({ min: 0, max: 0.3, noNaN: true }),
        fc.constantFrom(0.9, 4, 12),
      ),
      durationS: fc.double({ min: 0.06, max: 1, noNaN: true }),
    }),
    { maxLength: 120 },
  )
  .map((parts) => {
    let at = 0;
    return parts.map(({ text, gapS, durationS }) => {
      const startS = at + gapS;
      at = startS + durationS;
      return { text, startS, stopS: at };
    });
  });

describe('buildCues', () => {
  it('buildCues breaks at the end of a sentence', () => {
    const cues = buildCues(speech('The first sentence ends here. The second one follows.'));
    expect(shown(cues)).toEqual([['The first sentence ends here.'], ['The second one follows.']]);
  });

  it('buildCues breaks at a pause of 0.7 s, not at a shorter one', () => {
    const words = (pauseS: number): Word[] => [
      { text: 'one', startS: 0, stopS: 0.5 },
      { text: 'two', startS: 0.6, stopS: 1.2 },
      { text: 'three', startS: 1.2 + pauseS, stopS: 2.5 },
    ];
    expect(shown(buildCues(words(0.7)))).toEqual([['one two'], ['three']]);
    expect(shown(buildCues(words(0.6)))).toEqual([['one two three']]);
  });

  it('buildCues keeps sentences too short to stand alone together', () => {
    expect(shown(buildCues(speech('No. Yes. Perhaps.', 0.2, 0.1)))).toEqual([['No. Yes. Perhaps.']]);
  });

  it('buildCues breaks a full cue after its last clause', () => {
    const text = 'when the river rises above the second mark, we leave the house by the upper door and go';
    expect(shown(buildCues(speech(text, 0.2, 0)))).toEqual([
      ['when the river rises', 'above the second mark,'],
      ['we leave the house by', 'the upper door and go'],
    ]);
  });

  it('buildCues breaks lines evenly', () => {
    const [cue] = buildCues(speech('a line that is just a little too long for one', 0.1, 0));
    expect(cue?.lines).toEqual(['a line that is just a', 'little too long for one']);
  });

  it('buildCues leaves a cue on until it can be read, if the next one leaves the time', () => {
    const fast = speech('seventeen characters altogether here', 0.1, 0); // 36 characters in 0.4 s
    const [alone] = buildCues(fast);
    expect(alone).toMatchObject({ startMs: 0, stopMs: 1800 });
    const [first, second] = buildCues([...fast, { text: 'Next', startS: 1.5, stopS: 2 }]);
    expect(first?.stopMs).toBe(1500 - 80);
    expect(second?.startMs).toBe(1500);
  });

  it('buildCues splits a phrase into words and a word longer than two lines into lines', () => {
    const [cue] = buildCues([{ text: ' two  words\n', startS: 0, stopS: 1 }]);
    expect(cue?.lines).toEqual(['two words']);
    const cues = buildCues([{ text: 'x'.repeat(100), startS: 0, stopS: 5 }]);
    expect(shown(cues)).toEqual([['x'.repeat(42), 'x'.repeat(42)], ['x'.repeat(16)]]);
    expect(cues[1]?.startMs).toBe(4200);
  });

  it('buildCues shows a word that lasts for minutes for 7 s', () => {
    expect(buildCues([{ text: '[speech]', startS: 1, stopS: 200 }])).toEqual([
      { startMs: 1000, stopMs: 8000, lines: ['[speech]'] },
    ]);
  });

  it('buildCues gives nothing for words without text', () => {
    expect(buildCues([])).toEqual([]);
    expect(buildCues([{ text: ' \u0000', startS: 0, stopS: 1 }])).toEqual([]);
  });

  it('buildCues holds its limits for any words: lines, durations, gaps, order', () => {
    fc.assert(
      fc.property(anyWords, (words) => {
        let previous: Cue | undefined;
        for (const cue of buildCues(words)) {
          expect(cue.lines.length).toBeGreaterThanOrEqual(1);
          expect(cue.lines.length).toBeLessThanOrEqual(2);
          for (const line of cue.lines) {
            expect(codePoints(line)).toBeLessThanOrEqual(42);
            expect(line).toBe(line.trim());
            expect(line).not.toBe('');
          }
          expect(Number.isInteger(cue.startMs)).toBe(true);
          expect(cue.stopMs - cue.startMs).toBeGreaterThanOrEqual(1000);
          expect(cue.stopMs - cue.startMs).toBeLessThanOrEqual(7000);
          if (previous !== undefined) expect(cue.startMs - previous.stopMs).toBeGreaterThanOrEqual(80);
          previous = cue;
        }
      }),
      { numRuns: 500 },
    );
  });

  it('buildCues shows every word, in order', () => {
    fc.assert(
      fc.property(anyWords, (words) => {
        const letters = (text: string) => text.replace(/[\s\p{Cc}]+/gu, '');
        const spoken = words.map(({ text }) => letters(text)).join('');
        const read = buildCues(words)
          .flatMap(({ lines }) => lines)
          .map(letters)
          .join('');
        expect(read).toBe(spoken);
      }),
      { numRuns: 500 },
    );
  });

  it('buildCues starts each cue of ordinary speech with its first word', () => {
    fc.assert(
      fc.property(spokenWords, (words) => {
        let at = 0;
        for (const { startMs, lines } of buildCues(words)) {
          expect(startMs).toBe(Math.round((words[at]?.startS ?? 0) * 1000));
          at += lines.join(' ').split(' ').length;
        }
        expect(at).toBe(words.length);
      }),
      { numRuns: 300 },
    );
  });

  it('buildCues exceeds 20 characters a second only where the next cue leaves no more time', () => {
    fc.assert(
      fc.property(spokenWords, (words) => {
        const cues = buildCues(words);
        for (const [index, { startMs, stopMs, lines }] of cues.entries()) {
          const perSecond = (codePoints(lines.join(' ')) * 1000) / (stopMs - startMs);
          const next = cues[index + 1];
          if (perSecond > 20) expect(stopMs).toBe((next?.startMs ?? 0) - 80);
        }
      }),
      { numRuns: 300 },
    );
  });
});
