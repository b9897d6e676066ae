import { symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expandBraces, glob, hasMagic, segmentExpression, staticPrefix } from '../../../src/cli/glob.js';
import { folderWith } from './folder.js';

const FILES = [
  'a.wav',
  'b.wav',
  'notes.txt',
  '.hidden.wav',
  '2024/c.wav',
  '2024/05/d.wav',
  '2024/05/e.WAV',
  '.git/f.wav',
  'rec[1].wav',
];

async function matches(pattern: string, files: readonly string[] = FILES): Promise<string[]> {
  const folder = folderWith(files);
  return (await glob(`${folder}/${pattern}`)).map((path) => relative(folder, path));
}

describe('glob', () => {
  it.each([
    ['*.wav', ['a.wav', 'b.wav', 'rec[1].wav']],
    ['?.wav', ['a.wav', 'b.wav']],
    ['[ab].wav', ['a.wav', 'b.wav']],
    ['[!a].wav', ['b.wav']],
    ['[^a].wav', ['b.wav']],
    ['[b-z].wav', ['b.wav']],
    ['{a,b,zz}.wav', ['a.wav', 'b.wav']],
    ['{a,2024/c}.wav', ['2024/c.wav', 'a.wav']],
    ['*.{wav,txt}', ['a.wav', 'b.wav', 'notes.txt', 'rec[1].wav']],
    ['*/*.wav', ['2024/c.wav']],
    ['**/*.wav', ['2024/05/d.wav', '2024/c.wav', 'a.wav', 'b.wav', 'rec[1].wav']],
    ['2024/**/d.wav', ['2024/05/d.wav']],
    ['**/05/*', ['2024/05/d.wav', '2024/05/e.WAV']],
    ['.*.wav', ['.hidden.wav']],
    ['.git/*.wav', ['.git/f.wav']],
    ['rec\\[1\\].wav', ['rec[1].wav']],
    ['rec[[]1].wav', ['rec[1].wav']],
    ['20*', ['2024']],
    ['none*.wav', []],
    ['missing/*.wav', []],
    ['a.wav/*', []],
  ])('glob %s matches what a shell would', async (pattern, expected) => {
    expect(await matches(pattern)).toEqual(expected);
  });

  it('glob names a file once, however many alternatives match it', async () => {
    expect(await matches('{a,?,*}.wav')).toEqual(['a.wav', 'b.wav', 'rec[1].wav']);
  });

  it('glob ** does not follow a link that loops', async () => {
    const folder = folderWith(['x/a.wav']);
    symlinkSync(folder, join(folder, 'x', 'loop'));
    expect(await glob(`${folder}/**/*.wav`)).toEqual([join(folder, 'x', 'a.wav')]);
  });

  it('glob refuses a pattern that unfolds without end', async () => {
    await expect(glob('{a,b}'.repeat(20))).rejects.toThrow(expect.objectContaining({ name: 'UsageError' }));
  });
});

describe('expandBraces', () => {
  it.each([
    ['a', ['a']],
    ['{a,b}', ['a', 'b']],
    ['x{a,b}y{1,2}', ['xay1', 'xay2', 'xby1', 'xby2']],
    ['{a,{b,c}d}', ['a', 'bd', 'cd']],
    ['{a}', ['{a}']],
    ['{a', ['{a']],
    ['{a}{b,c}', ['{a}b', '{a}c']],
    ['\\{a,b}', ['\\{a,b}']],
    ['{,x}', ['', 'x']],
  ])('expandBraces %s', (pattern, expected) => {
    expect(expandBraces(pattern)).toEqual(expected);
  });
});

describe('segmentExpression', () => {
  it.each([
    ['a.b', 'a.b', true],
    ['a.b', 'axb', false],
    ['a+(b)', 'a+(b)', true],
    ['[a', '[a', true],
    ['[]]', ']', true],
    ['[z-a]', '[z-a]', true],
    ['[\\]', '\\', true],
    ['?', '😀', true],
    ['*', '.hidden', false],
    ['*', '', true],
    ['a*', 'a\nb', true],
    ['b\\*', 'b*', true],
    ['b\\*', 'bx', false],
  ])('segmentExpression %s against %s', (pattern, name, expected) => {
    expect(segmentExpression(pattern).test(name)).toBe(expected);
  });
});

describe('staticPrefix', () => {
  it.each([
    ['calls/2024/*.wav', 'calls/2024'],
    ['*.wav', '.'],
    ['/*.wav', '/'],
    ['/data/**/x.wav', '/data'],
    ['a/{b,c}/x.wav', 'a'],
    ['./x?.wav', '.'],
  ])('staticPrefix %s is %s', (pattern, expected) => {
    expect(staticPrefix(pattern)).toBe(expected);
  });

  it('hasMagic tells a pattern from a path', () => {
    expect(['a*', 'a?', '[a]', '{a,b}'].every(hasMagic)).toBe(true);
    expect(hasMagic('calls/a-b (1).wav')).toBe(false);
  });
});
