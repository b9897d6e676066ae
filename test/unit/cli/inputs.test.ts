import { spawnSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inputLabel, resolveInputs } from '../../../src/cli/inputs.js';
import { checkCollisions } from '../../../src/cli/output.js';
import { onWindows } from '../../on-windows.js';
import { folderWith } from './folder.js';

const FILES = [
  'a.wav',
  'sub/b.WAV',
  'sub/deep/c.wave',
  'sub/notes.txt',
  'other/a.wav',
  '.cache/x.wav',
  'odd[1].wav',
];

/** Inputs as [path below the folder, output name]. */
async function resolved(...args: string[]): Promise<[string, string][]> {
  const folder = folderWith(FILES);
  const inputs = await resolveInputs(args.map((arg) => (arg === '-' ? arg : `${folder}/${arg}`)));
  return inputs.map(({ path, outputName }) => [path === '-' ? path : relative(folder, path), outputName]);
}

const usage = (message: RegExp) =>
  expect.objectContaining({ name: 'UsageError', message: expect.stringMatching(message) });

describe('resolveInputs', () => {
  it('resolveInputs takes files in the order they are named', async () => {
    expect(await resolved('sub/b.WAV', 'a.wav')).toEqual([
      ['sub/b.WAV', 'sub/b'],
      ['a.wav', 'a'],
    ]);
  });

  it('resolveInputs takes the audio files below a folder, hidden ones left out', async () => {
    expect(await resolved('.')).toEqual([
      ['a.wav', 'a'],
      ['odd[1].wav', 'odd[1]'],
      ['other/a.wav', 'other/a'],
      ['sub/b.WAV', 'sub/b'],
      ['sub/deep/c.wave', 'sub/deep/c'],
    ]);
  });

  it('resolveInputs takes Ogg Opus of a folder by its usual names', async () => {
    const folder = folderWith(['a.opus', 'b.ogg', 'c.OGA', 'd.txt']);
    const inputs = await resolveInputs([folder]);
    expect(inputs.map(({ outputName }) => outputName)).toEqual(['a', 'b', 'c']);
  });

  it('resolveInputs keeps the structure below the folder that was named', async () => {
    expect(await resolved('sub')).toEqual([
      ['sub/b.WAV', 'b'],
      ['sub/deep/c.wave', 'deep/c'],
    ]);
    expect(await resolved('sub/deep')).toEqual([['sub/deep/c.wave', 'c']]);
  });

  it('resolveInputs keeps apart inputs of one name in different folders', async () => {
    expect(await resolved('a.wav', 'other/a.wav')).toEqual([
      ['a.wav', 'a'],
      ['other/a.wav', 'other/a'],
    ]);
  });

  it('resolveInputs takes what a pattern matches, whatever its extension', async () => {
    expect(await resolved('sub/*.*')).toEqual([
      ['sub/b.WAV', 'b'],
      ['sub/notes.txt', 'notes'],
    ]);
  });

  it('resolveInputs takes the audio files of folders that a pattern matches', async () => {
    const audio = [
      ['sub/b.WAV', 'sub/b'],
      ['sub/deep/c.wave', 'sub/deep/c'],
    ];
    expect(await resolved('s*')).toEqual(audio);
    expect(await resolved('sub/**')).toEqual([
      ['sub/b.WAV', 'b'],
      ['sub/deep/c.wave', 'deep/c'],
    ]);
  });

  it('resolveInputs keeps results below the output folder when a pattern leads out of its own', async () => {
    expect(await resolved('sub/*/../../a.wav')).toEqual([['a.wav', 'a']]);
    expect(await resolved('sub/*/../../{a,other/a}.wav')).toEqual([
      ['a.wav', 'a'],
      ['other/a.wav', 'other/a'],
    ]);
    expect(await resolved('sub/*/../../other/a.wav', 'sub/b.WAV')).toEqual([
      ['other/a.wav', 'other/a'],
      ['sub/b.WAV', 'sub/b'],
    ]);
  });

  it('resolveInputs takes a file that exists as it is written, brackets and all', async () => {
    expect(await resolved('odd[1].wav')).toEqual([['odd[1].wav', 'odd[1]']]);
  });

  it('resolveInputs names each input once', async () => {
    expect(await resolved('a.wav', '*.wav', './a.wav', '-', '-')).toEqual([
      ['a.wav', 'a'],
      ['odd[1].wav', 'odd[1]'],
      ['-', 'stdin'],
    ]);
  });

  it('resolveInputs leaves a missing file to fail on its own', async () => {
    expect(await resolved('missing.wav', 'a.wav')).toEqual([
      ['missing.wav', 'missing'],
      ['a.wav', 'a'],
    ]);
  });

  it('resolveInputs refuses a pattern, a folder and a string that mean nothing', async () => {
    await expect(resolved('*.flac')).rejects.toThrow(usage(/^no file matches .*\*\.flac$/));
    await expect(resolveInputs([folderWith(['x.txt'])])).rejects.toThrow(
      usage(/^no audio files in the folder/),
    );
    await expect(resolveInputs([''])).rejects.toThrow(usage(/empty/));
  });

  it('inputLabel names standard input', () => {
    expect(inputLabel('-')).toBe('standard input');
    expect(inputLabel('a.wav')).toBe('a.wav');
  });
});

describe('checkCollisions', () => {
  it('checkCollisions refuses two inputs that would write one file', () => {
    const input = (path: string, outputName: string) => ({ path, outputName });
    expect(() => checkCollisions([input('x.wav', 'x'), input('x.wave', 'x')])).toThrow(
      usage(/^x\.wav and x\.wave would both be written to x\.\*$/),
    );
    expect(() => checkCollisions([input('x.wav', 'x'), input('d/x.wav', 'd/x')])).not.toThrow();
  });
});

describe.skipIf(onWindows('named pipes'))('resolveInputs beside a named pipe', () => {
  it('takes a pipe that is named, but none from a folder or a pattern', async () => {
    const folder = folderWith(['a.wav']);
    const pipe = join(folder, 'pipe.wav');
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
    symlinkSync(pipe, join(folder, 'link.wav'));
    symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling.wav'));
    const paths = async (arg: string) =>
      (await resolveInputs([arg])).map(({ path }) => relative(folder, path));
    expect(await paths(folder)).toEqual(['a.wav', 'dangling.wav']);
    expect(await paths(`${folder}/*.wav`)).toEqual(['a.wav', 'dangling.wav']);
    expect(await paths(`${folder}/**`)).toEqual(['a.wav', 'dangling.wav']);
    expect(await paths(pipe)).toEqual(['pipe.wav']);
  });
});

describe('inputLabel', () => {
  it('shows control characters instead of sending them to the terminal', () => {
    expect(inputLabel('a\n\u001b[31m.wav')).toBe('a\\n\\u001b[31m.wav');
    expect(inputLabel('caf\u00e9 \ud83d\ude80.wav')).toBe('caf\u00e9 \ud83d\ude80.wav');
  });
});
