/** A failed load of the addon explains itself. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { addonPath } from './helpers.js';
import { transpiledAudio } from './transpile.js';

const audio = transpiledAudio();
const folder = mkdtempSync(join(tmpdir(), 'sluice-load-'));
afterAll(() => {
  audio.remove();
  rmSync(folder, { recursive: true });
});

function importWith(addon: string, cwd?: string): { status: number | null; output: string } {
  const child = spawnSync(process.execPath, [audio.index], {
    cwd,
    env: { ...process.env, SLUICE_ADDON: addon },
    encoding: 'utf8',
  });
  return { status: child.status, output: child.stderr };
}

test('SLUICE_ADDON names the file to load', () => {
  expect(importWith(addonPath)).toEqual({ status: 0, output: '' });
});

test('SLUICE_ADDON may be relative to the working directory', () => {
  expect(importWith(basename(addonPath), dirname(addonPath))).toEqual({ status: 0, output: '' });
});

test('a missing addon: what was looked for, for which platform, and the command', () => {
  const missing = join(folder, 'none.node');
  const { status, output } = importWith(missing);
  expect(status).toBe(1);
  expect(output).toContain(`Looked for: ${missing} (from SLUICE_ADDON)`);
  expect(output).toContain('There is no such file.');
  expect(output).toContain(`${process.platform}-${process.arch}`);
  if (process.platform === 'linux') expect(output).toMatch(/-(glibc|musl)/);
  expect(output).toContain('npm run build');
});

test('an addon that does not fit says why', () => {
  const wrong = join(folder, 'wrong.node');
  writeFileSync(wrong, 'no shared library');
  const { status, output } = importWith(wrong);
  expect(status).toBe(1);
  expect(output).toContain('It is there, but: ');
  expect(output).toContain('npm run build');
});
