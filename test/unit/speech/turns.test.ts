import { afterEach, describe, expect, it, vi } from 'vitest';
import { Turns } from '../../../src/speech/index.js';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('Turns.due', () => {
  it('gives a turn of the event loop every 10 ms, and nothing in between', async () => {
    let nowMs = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
    const turns = new Turns();
    nowMs = 9;
    expect(turns.due()).toBeUndefined();
    nowMs = 10;
    let turned = false;
    setImmediate(() => {
      turned = true;
    });
    await turns.due();
    expect(turned).toBe(true);
    expect(turns.due()).toBeUndefined();
    nowMs = 20;
    expect(turns.due()).toBeInstanceOf(Promise);
  });
});
