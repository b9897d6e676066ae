// Words on a random timeline, heard by sessions that are cut or dropped anywhere, are given out once each.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Word } from '../../src/gradium/types.js';
import { WordSeam } from '../../src/gradium/word-seam.js';

const OVERLAP_S = 2;
const MAX_BACK_S = 10;
const UNTRUSTED_S = 0.5;

interface Spoken {
  text: string;
  startS: number;
  stopS: number;
}

const spokenWord = (leastS: number) =>
  fc.record({
    text: fc.constantFrom('ja', 'ja', 'ja', 'a', 'Fox', 'lazy', 'over', 'señor', '...', '13'),
    forS: fc.double({ min: leastS, max: 1.4, noNaN: true }),
    pauseS: fc.oneof(
      { weight: 8, arbitrary: fc.double({ min: 0, max: 0.4, noNaN: true }) },
      { weight: 1, arbitrary: fc.double({ min: 0.4, max: 40, noNaN: true }) },
    ),
  });

const timeline = (leastS: number) =>
  fc.array(spokenWord(leastS), { maxLength: 120, size: 'max' }).map((words) => {
    let atS = 0;
    return words.map(({ text, forS, pauseS }) => {
      const startS = atS + pauseS;
      atS = startS + forS;
      return { text, startS, stopS: atS };
    });
  });

/** How each session ends, and after how much new audio. */
const sessions = fc.array(
  fc.record({
    newS: fc.double({ min: 0.08, max: 60, noNaN: true }),
    ends: fc.constantFrom('cut' as const, 'cut' as const, 'drop' as const),
  }),
  { maxLength: 20, size: 'max' },
);

class Listener {
  readonly texts: Word[] = [];
  readonly words: Word[] = [];
  readonly seam = new WordSeam({
    opened: (word) => this.texts.push(word),
    closed: (word) => this.words.push(word),
  });
  heardS = 0;
  readonly #jitters: () => number;

  constructor(jitters: () => number) {
    this.#jitters = jitters;
  }

  /** A session hears [p, cutS) of what is spoken. */
  session(spoken: readonly Spoken[], cutS: number, ends: 'cut' | 'drop' | 'end'): void {
    const { seam } = this;
    seam.begin();
    // As SttChain chooses it.
    const silentS = this.heardS - MAX_BACK_S;
    const fromS = Math.max(silentS > seam.stopS + OVERLAP_S ? silentS : seam.stopS - OVERLAP_S, 0);
    const heard = spoken.filter((word) => word.stopS > fromS && word.startS < cutS);
    const decodedS = cutS - 0.8;
    let closing = false;
    for (const [i, { text, startS, stopS }] of heard.entries()) {
      // What is still in the decoder comes out at the end, and is lost with a drop.
      if (startS >= decodedS && ends === 'drop') break;
      if (stopS >= decodedS && ends === 'cut' && !closing) {
        closing = true;
        if (startS >= decodedS) seam.closing(cutS - UNTRUSTED_S);
      }
      // The text of a word that came before the cut was known is that of the word, wherever the cut is.
      const whole = startS >= fromS && (stopS <= cutS || startS < decodedS);
      const word: Word = {
        text: whole ? text : `~${i}`,
        startS: Math.max(fromS, startS + this.#jitters()),
        stopS: 0,
      };
      word.stopS = word.startS;
      seam.open(word);
      if (closing) seam.closing(cutS - UNTRUSTED_S);
      if (ends === 'drop' && stopS >= decodedS) break;
      word.stopS = Math.max(word.startS, Math.min(cutS, stopS + this.#jitters()));
      seam.close(word);
    }
    this.heardS = Math.max(this.heardS, ends === 'drop' ? decodedS : cutS);
    if (ends === 'end') seam.finish();
  }
}

describe('WordSeam', () => {
  // Two recognitions begin up to d = 2 × jitterS apart, and WordSeam promises what it does for d < 0.4 and 2d < leastS.
  it.each([
    { jitterS: 0.08, leastS: 0.33 },
    { jitterS: 0.04, leastS: 0.17 },
    { jitterS: 0.19, leastS: 0.77 },
  ])(
    'gives each word once and in order, wherever sessions are cut or dropped, times being $jitterS s off',
    ({ jitterS, leastS }) => {
      fc.assert(
        fc.property(
          timeline(leastS),
          sessions,
          fc.infiniteStream(fc.double({ min: -1, max: 1, noNaN: true })),
          (spoken, plan, noise) => {
            const listener = new Listener(() => jitterS * (noise.next().value as number));
            const endS = (spoken.at(-1)?.stopS ?? 0) + 1;
            let cutS = 0;
            for (const { newS, ends } of plan) {
              cutS += newS;
              if (cutS < endS) listener.session(spoken, cutS, ends);
            }
            listener.session(spoken, endS, 'end');
            expect(listener.words.map((word) => word.text)).toEqual(spoken.map((word) => word.text));
            expect(listener.texts).toEqual(listener.words);
            for (const [i, word] of listener.words.entries()) {
              expect(Math.abs(word.startS - (spoken[i] as Spoken).startS)).toBeLessThanOrEqual(
                jitterS + 1e-9,
              );
            }
          },
        ),
        { numRuns: 1000 },
      );
    },
  );
});
