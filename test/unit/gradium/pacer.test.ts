import { describe, expect, it } from 'vitest';
import { Pacer } from '../../../src/gradium/pacer.js';

/** Sends `steps` of 80 ms at the time that the pacer says, each `lateMs` after it; when they left. */
function sent(pacer: Pacer, steps: number, lateMs: (step: number) => number = () => 0): number[] {
  let nowMs = 1_000;
  return Array.from({ length: steps }, (_, step) => {
    const waitMs = pacer.waitMs(step * 0.08, nowMs);
    if (waitMs > 0) nowMs += waitMs + lateMs(step);
    return Math.round(nowMs - 1_000);
  });
}

describe('Pacer', () => {
  it('lets 400 ms go ahead, and then each step at its time', () => {
    expect(sent(new Pacer(1), 9)).toEqual([0, 0, 0, 0, 0, 0, 80, 160, 240]);
  });

  it('does not drift when every timer is late', () => {
    expect(sent(new Pacer(1), 1_000, () => 15).at(-1)).toBe(999 * 80 - 400 + 15);
  });

  it('catches up with a second, and not with more', () => {
    const stalled = sent(new Pacer(1), 120, (step) => (step === 20 ? 5_000 : 0));
    expect(stalled[20]).toBe(20 * 80 - 400 + 5_000);
    // 12 steps are a second: they leave at once, and those behind them at their pace.
    expect(stalled.slice(21, 33).every((atMs) => atMs === stalled[20])).toBe(true);
    expect((stalled[119] as number) - (stalled[34] as number)).toBe(85 * 80);
  });

  it('goes as fast as it is told', () => {
    expect(sent(new Pacer(2), 101).at(-1)).toBe(4_000 - 400);
    expect(sent(new Pacer(0.5), 101).at(-1)).toBe(16_000 - 400);
    expect(sent(new Pacer(0), 101).at(-1)).toBe(0);
  });
});
