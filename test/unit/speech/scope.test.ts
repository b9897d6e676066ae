import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Scope } from '../../../src/speech/index.js';

afterEach(() => {
  vi.useRealTimers();
});

describe('Scope', () => {
  it('ends every wait with the first failure, untouched', async () => {
    const scope = new Scope();
    const never = new Promise<void>(() => {});
    const waits = [scope.wait(never), scope.wait(never)];
    scope.fail('first');
    scope.fail('second');
    for (const wait of waits) await expect(wait).rejects.toBe('first');
    await expect(scope.wait(never)).rejects.toBe('first');
    expect(() => scope.throwIfFailed()).toThrow('first');
  });

  it('passes on what a wait gives', async () => {
    const scope = new Scope();
    await expect(scope.wait(Promise.resolve(7))).resolves.toBe(7);
    await expect(scope.wait(Promise.reject(new Error('own')))).rejects.toThrow('own');
    expect(scope.failed).toBe(false);
  });

  it('fails with the signal it was given, before and after', async () => {
    const reason = { why: 'mine' };
    const before = new Scope(AbortSignal.abort(reason));
    await expect(before.wait(Promise.resolve())).rejects.toBe(reason);
    const controller = new AbortController();
    const after = new Scope(controller.signal);
    const wait = after.wait(new Promise(() => {}));
    controller.abort(reason);
    await expect(wait).rejects.toBe(reason);
  });

  it('fails with the scope around it, and not the other way round', async () => {
    const outer = new Scope();
    const inner = new Scope(outer);
    inner.fail('inner');
    expect(outer.failed).toBe(false);
    const other = new Scope(outer);
    outer.fail('outer');
    await expect(other.wait(new Promise(() => {}))).rejects.toBe('outer');
  });

  it('lets go of the signal when closed', () => {
    const controller = new AbortController();
    const scope = new Scope(controller.signal);
    scope.close();
    controller.abort();
    expect(scope.failed).toBe(false);
  });

  it('hangs one listener on a signal that many share', () => {
    const controller = new AbortController();
    const add = vi.spyOn(controller.signal, 'addEventListener');
    const scopes = Array.from({ length: 50 }, () => new Scope(controller.signal));
    expect(add).toHaveBeenCalledTimes(1);
    controller.abort('all');
    expect(scopes.every((scope) => scope.failed)).toBe(true);
  });

  it('leaves no listener on a signal once the last scope is closed', () => {
    const { signal } = new AbortController();
    const [one, two] = [new Scope(signal), new Scope(signal)];
    one.close();
    one.close();
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    two.close();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('hears a signal that was let go of before', () => {
    const controller = new AbortController();
    new Scope(controller.signal).close();
    const later = new Scope(controller.signal);
    controller.abort();
    expect(later.failed).toBe(true);
  });

  it('sleeps no shorter than asked when a timer cannot hold so much', async () => {
    vi.useFakeTimers();
    let woke = false;
    new Scope().sleep(2 ** 31).then(() => {
      woke = true;
    });
    await vi.advanceTimersByTimeAsync(1000);
    expect(woke).toBe(false);
    await vi.advanceTimersByTimeAsync(2 ** 31);
    expect(woke).toBe(true);
  });

  it('sleeps, and wakes with the failure', async () => {
    vi.useFakeTimers();
    const scope = new Scope();
    const whole = scope.sleep(1000);
    vi.advanceTimersByTime(1000);
    await whole;
    const cut = scope.sleep(1000);
    scope.fail('cut');
    await expect(cut).rejects.toBe('cut');
    expect(vi.getTimerCount()).toBe(0);
  });
});
