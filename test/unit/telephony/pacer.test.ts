// Frames by absolute times. Not here: what is in them (media-stream-bridge.test.ts).
import { describe, expect, it } from 'vitest';
import { Pacer } from '../../../src/telephony/pacer.js';
import { ManualClock } from './manual-clock.js';

/** A pacer with so many frames to send, and the times at which they left. */
function paced({ frames = Number.POSITIVE_INFINITY, leadMs = 0, clock = new ManualClock() } = {}) {
  const startMs = clock.nowMs();
  const leftMs: number[] = [];
  const line = { frames, blocked: false };
  const pacer = new Pacer({
    clock,
    leadMs,
    onDue: () => {
      if (line.blocked) return 'blocked';
      if (line.frames === 0) return 'none';
      line.frames--;
      leftMs.push(clock.nowMs() - startMs);
      return 'sent';
    },
  });
  return { clock, pacer, leftMs, line };
}

/** Each timer fires 7 ms late. */
class LateClock extends ManualClock {
  override startTimer(call: () => void, ms: number) {
    return super.startTimer(call, ms + 7);
  }
}

/** Timers fire at whole milliseconds only, as those of Node do. */
class WholeClock extends ManualClock {
  override startTimer(call: () => void, ms: number) {
    const nowMs = this.nowMs();
    return super.startTimer(call, Math.floor(nowMs) + ms - nowMs);
  }
}

describe('Pacer', () => {
  it('sends a frame every 20 ms', () => {
    const { clock, pacer, leftMs } = paced();
    pacer.wake();
    clock.pass(99);
    expect(leftMs).toEqual([0, 20, 40, 60, 80]);
  });

  it('sends leadMs ahead of the moment of sounding', () => {
    const { clock, pacer, leftMs } = paced({ leadMs: 50 });
    pacer.wake();
    clock.pass(60);
    expect(leftMs).toEqual([0, 0, 0, 10, 30, 50]);
  });

  it('does not drift when every timer is late', () => {
    const { clock, pacer, leftMs } = paced({ clock: new LateClock() });
    pacer.wake();
    clock.pass(60_000);
    expect(leftMs).toHaveLength(3_000);
    expect(leftMs.every((ms, i) => ms - 20 * i <= 7)).toBe(true);
  });

  it.each([0.3, 0.5, 0.7])('sends with the last timer before frames that are due %d ms behind one', (ms) => {
    const clock = new WholeClock();
    clock.stall(ms);
    const { pacer, leftMs } = paced({ clock });
    pacer.wake();
    clock.pass(9_990);
    expect(leftMs).toHaveLength(500);
    const earlyMs = leftMs.map((leftAtMs, i) => 20 * i + leftMs[0]! - leftAtMs);
    // As much as a timer that is late makes up for: see EARLY_MS.
    expect(earlyMs.every((early) => early > -1e-6 && early <= 1 + 1e-6)).toBe(true);
  });

  it('catches up with a stall of 100 ms', () => {
    const { clock, pacer, leftMs } = paced();
    pacer.wake();
    clock.stall(120);
    clock.pass(25);
    expect(leftMs).toEqual([0, 120, 120, 120, 120, 120, 120, 140]);
  });

  it('begins anew after a longer stall', () => {
    const { clock, pacer, leftMs } = paced({ leadMs: 20 });
    pacer.wake();
    clock.stall(5_000);
    clock.pass(20);
    expect(leftMs).toEqual([0, 0, 5_000, 5_000, 5_020]);
  });

  it('tries again every 20 ms where it is blocked', () => {
    const { clock, pacer, leftMs, line } = paced();
    pacer.wake();
    clock.pass(25);
    line.blocked = true;
    clock.pass(60);
    pacer.wake();
    expect(clock.timers).toBe(1);
    line.blocked = false;
    clock.pass(35);
    expect(leftMs).toEqual([0, 20, 100, 100, 100, 100, 120]);
  });

  it('sleeps without a timer while there is no frame', () => {
    const { clock, pacer, leftMs, line } = paced({ frames: 2 });
    pacer.wake();
    clock.pass(1_000);
    expect(clock.timers).toBe(0);
    line.frames = 1;
    pacer.wake();
    expect(leftMs).toEqual([0, 20, 1_000]);
  });

  it('counts from the first frame, not from the first question', () => {
    const { clock, pacer, leftMs, line } = paced({ frames: 0 });
    pacer.wake();
    clock.pass(15);
    line.frames = 3;
    pacer.wake();
    clock.pass(60);
    expect(leftMs).toEqual([15, 35, 55]);
  });

  it('keeps its times when it is woken twice', () => {
    const { clock, pacer, leftMs } = paced();
    pacer.wake();
    clock.pass(10);
    pacer.wake();
    clock.pass(40);
    expect(leftMs).toEqual([0, 20, 40]);
  });

  it('leads anew after restart', () => {
    const { clock, pacer, leftMs } = paced({ leadMs: 20 });
    pacer.wake();
    clock.pass(10);
    pacer.restart();
    expect(leftMs).toEqual([0, 0, 10, 10]);
    pacer.stop();
    expect(clock.timers).toBe(0);
  });
});
