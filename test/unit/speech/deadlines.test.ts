import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DeadlineTimer, resolveDeadlines, totalMs } from '../../../src/speech/index.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('resolveDeadlines', () => {
  it('has the documented defaults', () => {
    expect(resolveDeadlines(undefined)).toEqual({
      connectMs: 10_000,
      setupMs: 30_000,
      idleMs: 30_000,
      pingMs: 20_000,
      totalMs: undefined,
    });
  });

  it('lets the first layer decide', () => {
    expect(resolveDeadlines({ idleMs: 1 }, { idleMs: 2, setupMs: 3 })).toMatchObject({
      idleMs: 1,
      setupMs: 3,
    });
  });

  it('refuses what is no duration', () => {
    const code = expect.objectContaining({ code: 'ERR_INVALID_ARG' });
    expect(() => resolveDeadlines({ idleMs: -1 })).toThrow(code);
    expect(() => resolveDeadlines({ idleMs: Number.NaN })).toThrow(code);
    expect(() => resolveDeadlines({ idleMs: '5' as never })).toThrow(TypeError);
  });
});

describe('totalMs', () => {
  it('is 60 s and twice the audio, unless told, and none for unknown audio', () => {
    const defaults = resolveDeadlines();
    expect(totalMs(defaults, 100)).toBe(260_000);
    expect(totalMs(defaults, undefined)).toBe(0);
    expect(totalMs(resolveDeadlines({ totalMs: 5 }), 100)).toBe(5);
  });
});

describe('DeadlineTimer', () => {
  it('expires once, after its time', () => {
    const expired = vi.fn();
    new DeadlineTimer(100, expired).start();
    vi.advanceTimersByTime(99);
    expect(expired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1000);
    expect(expired).toHaveBeenCalledTimes(1);
  });

  it('starts anew when refreshed, never when stopped', () => {
    const expired = vi.fn();
    const timer = new DeadlineTimer(100, expired);
    timer.start();
    vi.advanceTimersByTime(99);
    timer.refresh();
    vi.advanceTimersByTime(99);
    expect(expired).not.toHaveBeenCalled();
    timer.stop();
    timer.refresh();
    vi.advanceTimersByTime(1000);
    expect(expired).not.toHaveBeenCalled();
  });

  it('is off at 0, and as good as off beyond what timers can count', () => {
    const expired = vi.fn();
    new DeadlineTimer(0, expired).start();
    new DeadlineTimer(2 ** 40, expired).start();
    vi.advanceTimersByTime(10_000);
    expect(expired).not.toHaveBeenCalled();
  });
});
