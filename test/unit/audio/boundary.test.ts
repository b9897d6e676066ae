/** No JavaScript value crashes the process, and every refusal is a typed error. The attack: boundary-zoo.mjs. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { addonPath } from './helpers.js';
import { transpiledAudio } from './transpile.js';

const zoo = fileURLToPath(new URL('./boundary-zoo.mjs', import.meta.url));

test('any JavaScript value gives a result or a typed error, never a crash', async () => {
  const { index, remove } = transpiledAudio();
  try {
    // A crash, an abort or an uncaught error rejects: no exit code 0, no line of JSON.
    const { stdout } = await promisify(execFile)(process.execPath, [zoo, addonPath, index], {
      maxBuffer: 2 ** 26,
    });
    const { calls, failures } = JSON.parse(stdout) as { calls: number; failures: string[] };
    expect(failures).toEqual([]);
    expect(calls).toBeGreaterThan(50_000);
  } finally {
    remove();
  }
}, 240_000);
