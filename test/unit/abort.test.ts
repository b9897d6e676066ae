import { getEventListeners } from 'node:events';
import { expect, test, vi } from 'vitest';
import { onAbort } from '../../src/abort.js';

/** What is thrown outside any call while `run` works and until the microtasks after it are done. */
async function uncaughtDuring(run: () => void): Promise<unknown[]> {
  const errors: unknown[] = [];
  const note = (error: unknown) => errors.push(error);
  const others = process.listeners('uncaughtException'); // the test runner's
  process.removeAllListeners('uncaughtException').on('uncaughtException', note);
  try {
    run();
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off('uncaughtException', note);
    for (const other of others) process.on('uncaughtException', other);
  }
  return errors;
}

test('onAbort calls every listener once, and none that has stopped listening', () => {
  const controller = new AbortController();
  const [first, second, stopped] = [vi.fn(), vi.fn(), vi.fn()];
  onAbort(controller.signal, first);
  onAbort(controller.signal, second);
  onAbort(controller.signal, stopped)();
  controller.abort();
  expect([first, second, stopped].map((f) => f.mock.calls.length)).toEqual([1, 1, 0]);
});

test('onAbort keeps one DOM listener for all, and none when nobody listens', () => {
  const { signal } = new AbortController();
  const stops = [() => {}, () => {}, () => {}].map((listener) => onAbort(signal, listener));
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  for (const stop of stops) stop();
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test('onAbort hears the abort after an event that only looked like one', () => {
  const controller = new AbortController();
  const [before, after] = [vi.fn(), vi.fn()];
  const stop = onAbort(controller.signal, before);
  controller.signal.dispatchEvent(new Event('abort'));
  onAbort(controller.signal, after);
  stop(); // of the listeners that are gone: no one else's business
  controller.abort();
  expect([before, after].map((f) => f.mock.calls.length)).toEqual([1, 1]);
});

test('onAbort calls the other listeners when one throws, and the error is uncaught', async () => {
  const controller = new AbortController();
  const failure = new Error('a listener that throws');
  const other = vi.fn();
  onAbort(controller.signal, () => {
    throw failure;
  });
  onAbort(controller.signal, other);
  expect(await uncaughtDuring(() => controller.abort())).toEqual([failure]);
  expect(other).toHaveBeenCalledOnce();
});
