// A file that is compiled for one instruction set (native/core/simd/target_*.cpp) defines its table of kernels and nothing
// else that another file could be linked against. An inline function of a header, compiled there with AVX-512, might be the
// copy that the linker keeps for the whole program, and crash a processor without it: no other test would notice here.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../../..');
const LEVELS: Partial<Record<NodeJS.Architecture, string[]>> = {
  x64: ['scalar', 'sse2', 'avx2', 'avx512', 'vnni'],
  arm64: ['scalar', 'neon'],
};
const expected = LEVELS[process.arch] ?? ['scalar'];
/** Objects of the addon, of the core's tests, of the tests for AArch64: those that were built. */
const folders = ['build', 'build/core', 'build/core-aarch64']
  .map((build) => `${build}/CMakeFiles/audio_core.dir/native/core/simd`)
  .filter((folder) => existsSync(join(root, folder)));

/** Why nothing can be checked here, or undefined. */
function obstacle(): string | undefined {
  if (['win32', 'darwin', 'aix'].includes(process.platform)) return `no ELF objects on ${process.platform}`;
  if (spawnSync('nm', ['--version']).status !== 0) return 'nm is missing (Debian: apt-get install binutils)';
  return undefined;
}
const why = obstacle();
if (why !== undefined) console.warn(`NOT CHECKED: what the objects of kernels define: ${why}`);

/** What a linker can see of an object: all that it defines but local symbols. */
function visibleSymbols(object: string): string[] {
  const { status, stdout, stderr } = spawnSync('nm', ['-C', '--defined-only', object], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`nm ${object}: ${stderr}`);
  return stdout
    .split('\n')
    .map((line) => /^\S* +([A-Za-z]) (.+)$/.exec(line))
    .filter((match) => match !== null)
    .filter(([, type]) => isVisible(String(type)))
    .map(([, , name]) => String(name));
}

/** Capitals are global; v and w are weak, u is unique in the program, i is chosen at load: global as well. */
const isVisible = (type: string): boolean => /[A-Zuvwi]/.test(type);

describe.skipIf(why !== undefined)('target_*.cpp', () => {
  const broken = mkdtempSync(join(tmpdir(), 'sluice-nm-'));
  afterAll(() => rmSync(broken, { recursive: true }));

  it.each(folders)('in %s defines its kKernels and nothing else', (folder) => {
    const objects = readdirSync(join(root, folder)).filter((name) => /^target_\w+\.cpp\.o$/.test(name));
    const symbols = objects.map((name) => [name, visibleSymbols(join(root, folder, name))] as const);
    const defining = symbols.filter(([, names]) => names.length > 0);
    const levels = folder.includes('aarch64') ? LEVELS.arm64 : expected;
    expect(Object.fromEntries(defining)).toEqual(
      Object.fromEntries(
        levels?.map((level) => [`target_${level}.cpp.o`, [`sluice::${level}::kKernels`]]) ?? [],
      ),
    );
  });

  it('was built, so that there is something to look at', () => {
    expect(folders).not.toEqual([]);
  });

  it('would be caught leaving an inline function, a template or a variable behind', () => {
    const source = join(broken, 'broken.cpp');
    writeFileSync(
      source,
      `inline int Stray(int x) { return x * 3; }
       template <class T> T StrayTemplate(T x) { return x * 5; }
       inline int stray_variable = 7;
       namespace { int Own(int x) { return Stray(x) + StrayTemplate(x) + stray_variable; } }
       extern int (*const table)(int);
       int (*const table)(int) = Own;`,
    );
    const compiler = process.env.CXX ?? 'c++';
    const object = join(broken, 'broken.o');
    const { status, stderr } = spawnSync(compiler, ['-std=c++20', '-O0', '-c', source, '-o', object], {
      encoding: 'utf8',
    });
    expect(status, stderr).toBe(0);
    expect(visibleSymbols(object).sort()).toEqual([
      'Stray(int)',
      'int StrayTemplate<int>(int)',
      'stray_variable',
      'table',
    ]);
  });
});
