// What streams hold: a thousand that wait, and hours that pass through. Each in a process of its own, whose memory no other
// test's is. bench/streams/soak.mjs does ten hours.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const load = fileURLToPath(new URL('memory-load.mjs', import.meta.url));

async function grown(...args: string[]): Promise<{ grownMb: number; seconds?: number }> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', load, ...args]);
  return JSON.parse(stdout);
}

it('a thousand idle transforms of all kinds take less than 100 MB', async () => {
  const { grownMb } = await grown('idle', '1000');
  expect(grownMb).toBeLessThan(100);
  // Each has worked, and so has its memory: none at all would be a measurement that measures nothing.
  expect(grownMb).toBeGreaterThan(1);
}, 60_000);

// Three hours are 86 MB, and 345 MB of output: what was kept of them would show.
it.each([['chain'], ['transcode']])(
  'hours stream through a %s from WAV to 16 kHz in constant memory',
  async (work) => {
    const { grownMb, seconds } = await grown(work, '3');
    expect(seconds).toBe(3 * 3600);
    expect(grownMb).toBeLessThan(40);
  },
  60_000,
);
