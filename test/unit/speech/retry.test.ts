import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConnectionError, SpeechApiError } from '../../../src/errors.js';
import { retryDelayMs, Scope, withRetries } from '../../../src/speech/index.js';

const passing = () =>
  new ConnectionError('drop', { code: 'ERR_CLOSED_EARLY', phase: 'stream', retryable: true });
const fatal = () => new SpeechApiError('no', { apiCode: 1008, retryable: false });
const busy = (s: number) => new SpeechApiError('busy', { apiCode: 429, retryable: true, retryAfterS: s });
const forEver = () => Number.POSITIVE_INFINITY;

describe('retryDelayMs', () => {
  it('is jittered between 0.5 s and a doubling top of at most 20 s', () => {
    expect(retryDelayMs(1, passing(), () => 0)).toBe(500);
    expect(retryDelayMs(1, passing(), () => 1)).toBe(1000);
    expect(retryDelayMs(3, passing(), () => 1)).toBe(4000);
    expect(retryDelayMs(30, passing(), () => 1)).toBe(20_000);
  });

  it('is what the service asked for, and spread behind that', () => {
    expect(retryDelayMs(1, busy(45), () => 0)).toBe(45_000);
    expect(retryDelayMs(1, busy(3), () => 1)).toBe(6_000);
    expect(retryDelayMs(30, busy(45), () => 1)).toBe(65_000);
    expect(retryDelayMs(1, busy(0), () => 1)).toBe(0);
  });

  it('is never longer than setTimeout can wait, which fires at once above that', () => {
    expect(retryDelayMs(1, busy(9_999_999), () => 0)).toBe(2 ** 31 - 1);
  });
});

describe('withRetries', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('tries again until it works', async () => {
    const attempt = vi
      .fn()
      .mockRejectedValueOnce(passing())
      .mockRejectedValueOnce(busy(3))
      .mockResolvedValue('ok');
    const result = withRetries({ retries: 2, scope: new Scope(), remainingMs: forEver }, attempt);
    await vi.runAllTimersAsync();
    await expect(result).resolves.toBe('ok');
    expect(attempt).toHaveBeenCalledTimes(3);
  });

  it('throws the last error when its attempts are used up', async () => {
    const last = passing();
    const attempt = vi.fn().mockRejectedValueOnce(passing()).mockRejectedValue(last);
    const result = withRetries({ retries: 1, scope: new Scope(), remainingMs: forEver }, attempt);
    const settled = expect(result).rejects.toBe(last);
    await vi.runAllTimersAsync();
    await settled;
    expect(attempt).toHaveBeenCalledTimes(2);
  });

  it('does not try again what cannot pass', async () => {
    for (const error of [fatal(), new Error('own'), 'text', undefined]) {
      const attempt = vi.fn().mockRejectedValue(error);
      await expect(
        withRetries({ retries: 5, scope: new Scope(), remainingMs: forEver }, attempt),
      ).rejects.toBe(error);
      expect(attempt).toHaveBeenCalledTimes(1);
    }
  });

  it('does not begin a wait that outlasts the total deadline', async () => {
    const error = busy(60);
    const attempt = vi.fn().mockRejectedValue(error);
    await expect(
      withRetries({ retries: 5, scope: new Scope(), remainingMs: () => 59_000 }, attempt),
    ).rejects.toBe(error);
    expect(attempt).toHaveBeenCalledTimes(1);
  });

  it('wakes from its wait when the scope fails', async () => {
    const scope = new Scope();
    const sleep = vi.spyOn(scope, 'sleep');
    const attempt = vi.fn().mockRejectedValue(passing());
    const result = withRetries({ retries: 5, scope, remainingMs: forEver }, attempt);
    const settled = expect(result).rejects.toBe('stop');
    await vi.advanceTimersByTimeAsync(0);
    expect(sleep).toHaveBeenCalledTimes(1);
    scope.fail('stop');
    await settled;
    expect(attempt).toHaveBeenCalledTimes(1);
  });
});
