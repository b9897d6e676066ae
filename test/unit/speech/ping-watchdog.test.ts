import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PingWatchdog } from '../../../src/speech/ping-watchdog.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(() => {
  vi.useRealTimers();
});

function watchdog(ms = 1000) {
  const calls: string[] = [];
  const made = new PingWatchdog(ms, {
    ping: () => calls.push('ping'),
    onSilence: () => {
      calls.push('silence');
      made.stop();
    },
  });
  made.start();
  /** Half of the time passes. */
  const half = async () => {
    vi.advanceTimersByTime(ms / 2);
    await turn();
  };
  return { made, calls, half };
}

describe('PingWatchdog', () => {
  it('pings after the time given, and tells of silence after as much again', async () => {
    const { calls, half } = watchdog();
    await half();
    expect(calls).toEqual([]);
    await half();
    expect(calls).toEqual(['ping']);
    await half();
    expect(calls).toEqual(['ping']);
    await half();
    expect(calls).toEqual(['ping', 'silence']);
    for (let i = 0; i < 10; i++) await half();
    expect(calls).toEqual(['ping', 'silence']);
  });

  it('begins anew with whatever is heard', async () => {
    const { made, calls, half } = watchdog();
    for (let i = 0; i < 20; i++) {
      await half();
      made.heard();
    }
    expect(calls).toEqual([]);
    for (let i = 0; i < 3; i++) await half();
    made.heard();
    for (let i = 0; i < 3; i++) await half();
    expect(calls).toEqual(['ping', 'ping']);
  });

  it('means nothing by silence while it is paused', async () => {
    const { made, calls, half } = watchdog();
    for (let i = 0; i < 3; i++) await half();
    made.pause();
    for (let i = 0; i < 20; i++) await half();
    made.resume();
    for (let i = 0; i < 3; i++) await half();
    expect(calls).toEqual(['ping', 'ping']);
  });

  it('counts once when the process has stood still', async () => {
    const { calls } = watchdog();
    vi.advanceTimersByTime(100_000);
    expect(calls).toEqual([]);
  });

  it('does nothing when it is off, or stopped', async () => {
    const { calls, half } = watchdog(0);
    for (let i = 0; i < 10; i++) await half();
    expect(calls).toEqual([]);
    const stopped = watchdog();
    await stopped.half();
    stopped.made.stop();
    for (let i = 0; i < 10; i++) await stopped.half();
    expect(stopped.calls).toEqual([]);
  });
});
