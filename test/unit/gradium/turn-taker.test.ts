import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkTurnOptions } from '../../../src/gradium/turn-detector.js';
import { type TurnEnd, TurnTaker } from '../../../src/gradium/turn-taker.js';
import type { SttEvent, TurnOptions } from '../../../src/gradium/types.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const word = (text: string): SttEvent => ({ type: 'word', word: { text, startS: 1, stopS: 2 } });
const flushed = (flushId: number | string): SttEvent => ({ type: 'flushed', flushId });
const END: SttEvent = { type: 'endOfStream' };

function taker(options: TurnOptions = {}) {
  const turns: TurnEnd[] = [];
  let flushes = 0;
  const taker = new TurnTaker(checkTurnOptions({ steps: 1, ...options }), {
    flush: () => ++flushes,
    onTurnEnd: (turn) => turns.push(turn),
  });
  let steps = 0;
  /** One event after the other; a number is a step of that probability. */
  const see = (...events: (SttEvent | number)[]) => {
    for (const event of events) {
      if (typeof event !== 'number') taker.event(event);
      else {
        const vad = [{ horizonS: 2, inactivityProb: event }];
        taker.event({ type: 'step', index: steps++, totalDurationS: steps * 0.08, vad });
      }
    }
  };
  return { taker, see, turns, texts: () => turns.map(({ text }) => text), flushes: () => flushes };
}

describe('TurnTaker', () => {
  it('ends a turn when its flush has brought the last words', () => {
    const { see, turns, flushes } = taker();
    see(0.1, word('one'), 0.9, word('two'));
    expect([turns, flushes()]).toEqual([[], 1]);
    see(flushed(1));
    expect(turns).toEqual([
      {
        type: 'turnEnd',
        text: 'one two',
        words: [
          { text: 'one', startS: 1, stopS: 2 },
          { text: 'two', startS: 1, stopS: 2 },
        ],
        atS: 0.16,
      },
    ]);
  });

  it('asks once for each turn', () => {
    const { see, texts, flushes } = taker();
    see(0.1, 0.9, 0.1, 0.9, word('one'), flushed(1), 0.1, word('two'), 0.9, flushed(2));
    expect([texts(), flushes()]).toEqual([['one', 'two'], 2]);
  });

  it('passes over answers to other flushes, and takes one without our number for its own', () => {
    const { see, texts } = taker();
    see(0.1, word('one'), 0.9, flushed(0));
    expect(texts()).toEqual([]);
    see(flushed('whatever'));
    expect(texts()).toEqual(['one']);
  });

  it('waits for late words as long as it is told', () => {
    const { see, texts } = taker({ graceMs: 100 });
    see(0.1, word('one'), 0.9, flushed(1));
    vi.advanceTimersByTime(99);
    see(word('two'));
    expect(texts()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(texts()).toEqual(['one two']);
  });

  it('ends the grace when somebody speaks again, whose words are of the next turn', () => {
    const { see, texts } = taker({ graceMs: 100 });
    see(0.1, word('one'), 0.9, flushed(1), 0.8, word('two'), 0.1, word('three'), 0.9, flushed(2));
    expect(texts()).toEqual(['one two']);
    vi.advanceTimersByTime(100);
    expect(texts()).toEqual(['one two', 'three']);
  });

  it('waits the whole grace where it asks for nothing: that is all the time the last words have', () => {
    const { see, texts } = taker({ graceMs: 1000, flushBy: 'none' });
    see(0.1, word('one'), 0.9, 0.1, word('two'));
    vi.advanceTimersByTime(1000);
    expect(texts()).toEqual(['one two']);
  });

  it('asks for nothing with flushBy none', () => {
    const { see, texts, flushes } = taker({ flushBy: 'none' });
    see(0.1, word('one'), 0.9, word('two'), 0.9);
    expect([texts(), flushes()]).toEqual([['one', 'two'], 0]);
  });

  it('takes no turn without a word', () => {
    const { see, texts } = taker();
    see(0.1, 0.9, flushed(1), 0.1, 0.9, flushed(2), END);
    expect(texts()).toEqual([]);
  });

  it('ends the last turn with the stream', () => {
    const { see, turns } = taker();
    see(0.1, word('one'), END);
    expect(turns).toMatchObject([{ text: 'one', atS: 2 }]);
    const pending = taker({ graceMs: 100 });
    pending.see(0.1, word('one'), 0.9, flushed(1), END);
    expect(pending.turns).toMatchObject([{ text: 'one', atS: 0.16 }]);
    vi.advanceTimersByTime(1000);
    expect(pending.turns).toHaveLength(1);
  });

  it('says nothing after close', () => {
    const { see, taker: closed, turns } = taker({ graceMs: 100 });
    see(0.1, word('one'), 0.9, flushed(1));
    closed.close();
    vi.advanceTimersByTime(1000);
    expect(turns).toEqual([]);
  });
});
