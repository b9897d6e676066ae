// The README's code runs as it stands, and so do the whole programs in docs.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../../..');
// Inside the package, so that `sluice-audio` means the package itself; on its built files.
const folder = join(root, 'build/readme');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const examples = examplesOf('README.md');
const documented = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .flatMap((name) => examplesOf(`docs/${name}`).map((code, i) => [`docs/${name}`, i + 1, code] as const))
  // The others are parts of programs.
  .filter(([, , code]) => /^import .*'sluice-audio/m.test(code) && promisesOf(code).length > 0);

function examplesOf(path: string): string[] {
  const text = readFileSync(join(root, path), 'utf8');
  return [...text.matchAll(/```js\n([\s\S]*?)```/g)].map((match) => String(match[1]));
}

/** What its comments say that it prints. */
function promisesOf(code: string): string[] {
  return [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map((match) => String(match[1]));
}

/** Runs without a word on standard error, and prints what its comments promise. */
function expectToRun(name: string, code: string): void {
  const file = join(folder, `${name.replaceAll('/', '-')}.mjs`);
  writeFileSync(file, code);
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(stdout).not.toBe('');
  const promised = promisesOf(code);
  expect(stdout.split('\n').filter((line) => promised.includes(line))).toEqual(promised);
}

beforeAll(() => mkdirSync(folder, { recursive: true }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('README', () => {
  it('has examples', () => expect(examples.length).toBeGreaterThanOrEqual(3));

  it.each(examples.map((code, i) => [i + 1, code] as const))('example %i runs', (i, code) => {
    expectToRun(`readme-${i}`, code);
  });

  it('links to files that exist', () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map((match) => String(match[1]));
    expect(links.length).toBeGreaterThan(5);
    for (const link of links) expect(() => readFileSync(join(root, link))).not.toThrow();
  });

  it('says what require() gives on this Node too', () => {
    const code = "const { readWav } = require('sluice-audio/audio'); console.log(typeof readWav)";
    const { stdout } = spawnSync(process.execPath, ['-e', code], { cwd: root, encoding: 'utf8' });
    expect(stdout.trim()).toBe('function');
  });
});

describe('docs', () => {
  it('have examples', () => expect(documented.length).toBeGreaterThanOrEqual(1));

  it.each(documented)('%s example %i runs', (path, i, code) => expectToRun(`${path}-${i}`, code));
});
