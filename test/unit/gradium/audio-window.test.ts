import { describe, expect, it } from 'vitest';
import { AudioWindow, WINDOW_S } from '../../../src/gradium/audio-window.js';

const frame = (fields: object = {}) => Buffer.from(JSON.stringify({ type: 'step', vad: [], ...fields }));
const parsed = (totalS?: number) => ({ index: undefined, stepS: undefined, totalS, vad: [] });

describe('AudioWindow', () => {
  it('binds before ready', () => {
    const window = new AudioWindow();
    window.sentS = WINDOW_S - 1;
    expect(window.hasRoom(false, true)).toBe(true);
    window.sentS = WINDOW_S;
    expect(window.hasRoom(false, true)).toBe(false);
  });

  it('does not bind after ready while no step was ever seen', () => {
    const window = new AudioWindow();
    window.sentS = 10 * WINDOW_S;
    expect(window.hasRoom(true, true)).toBe(true);
  });

  it('follows the number of steps', () => {
    const window = new AudioWindow();
    window.sentS = WINDOW_S + 8;
    for (let i = 0; i < 100; i++) window.stepFrame(frame());
    expect(window.serverS).toBeCloseTo(8);
    expect(window.hasRoom(true, true)).toBe(false);
    window.stepFrame(frame());
    expect(window.hasRoom(true, false)).toBe(true);
  });

  it('learns the length of a step from the first', () => {
    const window = new AudioWindow();
    window.stepFrame(frame({ step_duration_s: 0.5, total_duration_s: 0.5 }));
    window.stepFrame(frame());
    expect(window.serverS).toBeCloseTo(1);
  });

  it('reads total_duration_s before it says no, so that sparse steps cannot stop it', () => {
    const window = new AudioWindow();
    window.sentS = 2 * WINDOW_S;
    window.stepFrame(frame());
    window.stepFrame(frame({ total_duration_s: 2 * WINDOW_S }));
    expect(window.hasRoom(true, false)).toBe(false);
    expect(window.hasRoom(true, true)).toBe(true);
  });

  it('reads every 16th step while it waits', () => {
    const window = new AudioWindow();
    window.sentS = 2 * WINDOW_S;
    for (let i = 0; i < 17; i++) window.stepFrame(frame({ total_duration_s: i * 10 }));
    expect(window.hasRoom(true, false)).toBe(true);
  });

  it('never goes back, and takes words for progress', () => {
    const window = new AudioWindow();
    window.sentS = 30;
    window.step(parsed(10));
    window.step(parsed(4));
    expect(window.serverS).toBeCloseTo(10.08);
    window.word(20);
    expect(window.serverS).toBe(20);
    window.word(1e9);
    expect(window.serverS).toBe(30);
  });

  it('counts on when total_duration_s stands still', () => {
    const window = new AudioWindow();
    for (let i = 0; i < 100; i++) window.step(parsed(0));
    expect(window.serverS).toBeCloseTo(8);
  });

  it('is owed a first sign of life, and after it nothing of a service without steps', () => {
    const window = new AudioWindow();
    window.sentS = 5;
    expect(window.owed).toBe(false);
    window.sentS = 5.1;
    expect(window.owed).toBe(true);
    window.heard = true;
    expect(window.owed).toBe(false);
  });

  it('knows when the service has audio to report on', () => {
    const window = new AudioWindow();
    window.heard = true;
    window.sentS = 30;
    expect(window.owed).toBe(false);
    window.step(parsed(1));
    expect(window.owed).toBe(true);
    window.step(parsed(26));
    expect(window.owed).toBe(false);
  });
});
