/** Worker threads use the addon side by side, and may end at any moment. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { addonPath } from './helpers.js';
import { transpiledAudio } from './transpile.js';

const audio = transpiledAudio();
afterAll(() => audio.remove());

const load = fileURLToPath(new URL('./worker-load.mjs', import.meta.url));
// A signal or an exit code other than 0 rejects.
const run = (how: 'terminate' | 'exit' | 'one-by-one') =>
  promisify(execFile)(process.execPath, [load, audio.index, how], {
    env: { ...process.env, SLUICE_ADDON: addonPath },
  });

test('worker.terminate() in mid-call leaves the process alive', async () => {
  expect((await run('terminate')).stdout).toBe('alive: 1600\n');
}, 120_000);

test('process.exit() under load exits with its code', async () => {
  expect((await run('exit')).stdout).toBe('');
}, 120_000);

test('workers that come and go leave no taps behind', async () => {
  // Ten workers that each lost their 12 MB of taps would add 120 MB.
  expect(Number((await run('one-by-one')).stdout)).toBeLessThan(60);
}, 120_000);
