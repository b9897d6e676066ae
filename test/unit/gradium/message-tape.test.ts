import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MessageTape } from '../../../src/gradium/message-tape.js';

const message = (n: number, length = 20) => Buffer.alloc(length, `${n}.`);

function record(tape: MessageTape, n: number, stopS: number, length?: number): void {
  const bytes = message(n, length);
  tape.send(bytes);
  bytes.fill(0); // it is the sender's again
  tape.sent(stopS);
}

describe('MessageTape', () => {
  it('keeps messages of any length in order, until they are released', () => {
    const step = fc.record({ length: fc.integer({ min: 1, max: 30_000 }), releaseTo: fc.nat(400) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const tape = new MessageTape();
        for (const [n, { length, releaseTo }] of steps.entries()) {
          record(tape, n, n + 1, length);
          tape.release(releaseTo, tape.end);
          expect(tape.end).toBe(n + 1);
          expect(tape.first).toBe(Math.min(Math.max(tape.first, releaseTo), n + 1));
          expect(tape.firstS).toBe(tape.first);
          for (let kept = tape.first; kept < tape.end; kept++) {
            expect(tape.startS(kept)).toBe(kept);
            expect(tape.message(kept).equals(message(kept, steps[kept]?.length))).toBe(true);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it('finds the message at a moment', () => {
    const tape = new MessageTape();
    expect(tape.at(5)).toBe(0);
    for (let n = 0; n < 10; n++) record(tape, n, (n + 1) * 0.08);
    expect(tape.at(-1)).toBe(0);
    expect(tape.at(0.079)).toBe(0);
    expect(tape.at(0.33)).toBe(4);
    expect(tape.at(9)).toBe(10);
    tape.release(0.4, 3);
    expect([tape.first, tape.at(0)]).toEqual([3, 3]);
    tape.release(0.4, 99);
    expect(tape.first).toBe(5);
  });

  it('remembers the headers that lie before a message, of each stream in a chain', () => {
    const tape = new MessageTape();
    record(tape, 0, 0);
    record(tape, 1, 0);
    for (let n = 2; n < 5; n++) record(tape, n, n - 1);
    record(tape, 5, 3);
    record(tape, 6, 4);
    const heads = (n: number) => tape.headsOf(n).map((head) => head.toString('latin1', 0, 2));
    expect(tape.at(0)).toBe(2);
    expect([heads(0), heads(2), heads(4), heads(6)]).toEqual([[], ['0.', '1.'], ['0.', '1.'], ['5.']]);
    tape.release(4, tape.end);
    expect(heads(tape.end)).toEqual(['5.']);
  });
});
