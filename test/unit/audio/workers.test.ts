/**
 * Worker threads use the addon side by side, and they and the process may end at any moment: sixty times each, while
 * calls are in flight. What keeps the threads busy: worker-load.mjs, opus-load.mjs.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { addonPath } from './helpers.js';
import { transpiledAudio } from './transpile.js';

const audio = transpiledAudio();
afterAll(() => audio.remove());

const load = fileURLToPath(new URL('./worker-load.mjs', import.meta.url));
const opusLoad = fileURLToPath(new URL('./opus-load.mjs', import.meta.url));
const command = (...args: string[]) => [load, audio.index, ...args];
const options = { env: { ...process.env, SLUICE_ADDON: addonPath } };
// A signal or an exit code other than 0 rejects.
const run = (...args: string[]) => promisify(execFile)(process.execPath, command(...args), options);

const OPUS_WORKS = ['encode', 'encodeAsync', 'decode', 'decodeAsync'];

/** How many ends came in mid-call, of each kind of work. A signal or an exit code other than 0 rejects. */
async function endsInMidCall(...args: string[]): Promise<Record<string, number>> {
  const { stdout } = await promisify(execFile)(process.execPath, [opusLoad, audio.index, ...args], options);
  return JSON.parse(stdout);
}

/** How a process ended that is not meant to end well: its exit code, or the signal that killed it. */
function ending(...args: string[]): Promise<number | string> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, command(...args), options);
    child.on('close', (code, signal) => resolve(code ?? signal ?? 'neither code nor signal'));
  });
}

/** Runs `times` of something, a few at once. */
async function repeat<T>(times: number, atOnce: number, once: (i: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const runs = Array.from({ length: atOnce }, async () => {
    for (let i = next++; i < times; i = next++) results[i] = await once(i);
  });
  await Promise.all(runs);
  return results;
}

test('worker.terminate() in mid-call leaves the process alive, sixty times', async () => {
  // In four processes: what one termination breaks, the next would meet.
  const outputs = await repeat(4, 2, async () => (await run('terminate', '15')).stdout);
  expect(outputs).toEqual(Array.from({ length: 4 }, () => 'alive: 1600\n'));
}, 600_000);

test('a process that exits or dies under load ends with its code and no signal, sixty times', async () => {
  const endings = await repeat(60, 2, (i) => ending('exit', i % 3 === 0 ? 'throw' : 'exit', String(i + 1)));
  // Node's own code for an uncaught error is 1; a handler of 'exit' gives it another.
  expect(endings).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
}, 600_000);

test('worker.terminate() in mid-encode and mid-decode leaves the process alive, sixty times', async () => {
  const ends = await repeat(3, 2, () => endsInMidCall('terminate', '5'));
  for (const work of OPUS_WORKS)
    expect(ends.reduce((sum, each) => sum + (each[work] as number), 0)).toBeGreaterThan(0);
}, 600_000);

test('process.exit() in mid-encode and mid-decode ends with its code, sixty times', async () => {
  for (const work of OPUS_WORKS) {
    const ends = await repeat(15, 2, () => endsInMidCall('exit', work));
    expect(ends.reduce((sum, each) => sum + (each[work] as number), 0)).toBeGreaterThan(0);
  }
}, 600_000);

test('workers that come and go leave no taps behind', async () => {
  // Ten workers that each lost their 12 MB of taps would add 120 MB.
  expect(Number((await run('one-by-one')).stdout)).toBeLessThan(60);
}, 120_000);
