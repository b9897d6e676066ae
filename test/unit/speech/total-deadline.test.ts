import { afterEach, describe, expect, it, vi } from 'vitest';
import { TimeoutError } from '../../../src/errors.js';
import { Scope, TotalDeadline } from '../../../src/speech/index.js';

afterEach(() => {
  vi.useRealTimers();
});

describe('TotalDeadline', () => {
  it('fails its scope once the time of the first start is over', async () => {
    vi.useFakeTimers();
    const scope = new Scope();
    const total = new TotalDeadline(scope);
    expect(total.remainingMs).toBe(Number.POSITIVE_INFINITY);
    total.start(1000);
    total.start(1);
    expect(total.remainingMs).toBe(1000);
    vi.advanceTimersByTime(999);
    expect(scope.failed).toBe(false);
    vi.advanceTimersByTime(1);
    const error = await scope.wait(new Promise(() => {})).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ phase: 'total', message: 'not done within 1000 ms' });
  });

  it('never passes when it is off or stopped', () => {
    vi.useFakeTimers();
    const scope = new Scope();
    const off = new TotalDeadline(scope);
    off.start(0);
    expect(off.remainingMs).toBe(Number.POSITIVE_INFINITY);
    const stopped = new TotalDeadline(scope);
    stopped.start(1000);
    stopped.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
