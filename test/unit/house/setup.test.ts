// The set-up promise: commands build what is missing or stale, nothing when it is not, and a missing tool gets one line.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { onWindows } from '../../on-windows.js';

const root = resolve(import.meta.dirname, '../../..');
let clone: string;
let bin: string;

/** A clone whose dependencies are there and whose addon is not, with an empty PATH of its own. */
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'sluice-setup-'));
  bin = join(clone, 'bin');
  for (const path of ['scripts', 'native', 'CMakeLists.txt', 'package.json', 'package-lock.json']) {
    cpSync(join(root, path), join(clone, path), { recursive: true });
  }
  for (const folder of ['bin', 'node_modules', 'src']) mkdirSync(join(clone, folder));
  writeFileSync(join(clone, 'node_modules/.package-lock.json'), '{}');
  const later = new Date(Date.now() + 1000);
  utimesSync(join(clone, 'node_modules/.package-lock.json'), later, later);
});
afterEach(() => rmSync(clone, { recursive: true, force: true }));

function tool(name: string, output: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\necho '${output}'\n`);
  chmodSync(join(bin, name), 0o755);
}

function prepare(): { status: number | null; lines: string[] } {
  const result = spawnSync(process.execPath, ['scripts/prepare.mjs'], {
    cwd: clone,
    encoding: 'utf8',
    env: { PATH: bin },
  });
  return { status: result.status, lines: (result.stdout + result.stderr).trim().split('\n') };
}

describe.skipIf(onWindows('shell scripts as tools'))('prepare without a toolchain', () => {
  it('names CMake and how to install it, in one line', () => {
    const { status, lines } = prepare();
    expect(status).toBe(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^sluice: CMake is missing\. .*cmake/);
  });

  it('names a CMake that is too old', () => {
    tool('cmake', 'cmake version 3.18.4');
    const { status, lines } = prepare();
    expect(status).toBe(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('CMake 3.18 is too old; 3.21 or newer is needed');
  });

  it('names a missing compiler and a missing make', () => {
    tool('cmake', 'cmake version 3.25.1');
    expect(prepare().lines).toEqual([
      expect.stringMatching(/^sluice: A C\+\+20 compiler is missing\. .*(g\+\+|xcode)/),
    ]);
    tool('c++', 'c++ 12.2.0');
    expect(prepare().lines).toEqual([expect.stringMatching(/^sluice: make \(or ninja\) is missing\./)]);
  });
});

describe('prepare in a prepared clone', () => {
  it('does nothing', () => {
    const products = ['build/Release/sluice.node', 'dist/index.js', 'node_modules/.package-lock.json'];
    const times = () => products.map((path) => statSync(join(root, path)).mtimeMs);
    // Sources edited since the last build are built here; what is tested is the run after that.
    spawnSync(process.execPath, ['scripts/prepare.mjs'], { cwd: root });
    const before = times();
    const result = spawnSync(process.execPath, ['scripts/prepare.mjs'], { cwd: root, encoding: 'utf8' });
    expect(result.status).toBe(0);
    expect(result.stdout + result.stderr).toBe('');
    expect(times()).toEqual(before);
  });
});
