import { spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkFile, checkFolder, writeWhole } from '../../../src/cli/output.js';
import { onWindows } from '../../on-windows.js';
import { folderWith } from './folder.js';

describe('writeWhole', () => {
  it('writeWhole makes the folders and leaves nothing but the file', async () => {
    const folder = folderWith();
    await writeWhole(join(folder, 'a/b/c.txt'), 'text');
    expect(readFileSync(join(folder, 'a/b/c.txt'), 'utf8')).toBe('text');
    expect(readdirSync(join(folder, 'a/b'))).toEqual(['c.txt']);
  });

  it('writeWhole replaces a file', async () => {
    const folder = folderWith({ 'c.txt': 'a longer text than the new one' });
    await writeWhole(join(folder, 'c.txt'), Uint8Array.of(0x68, 0x69));
    expect(readFileSync(join(folder, 'c.txt'), 'utf8')).toBe('hi');
  });

  it('writeWhole leaves nothing behind when it fails', async () => {
    const folder = folderWith();
    mkdirSync(join(folder, 'taken.txt/inside'), { recursive: true });
    await expect(writeWhole(join(folder, 'taken.txt'), 'text')).rejects.toThrow();
    expect(readdirSync(folder)).toEqual(['taken.txt']);
  });
});

const usage = (message: RegExp) =>
  expect.objectContaining({ name: 'UsageError', message: expect.stringMatching(message) });

describe('checkFolder', () => {
  it('checkFolder makes the folder, and takes one that is there', async () => {
    const folder = join(folderWith(), 'a/b');
    await checkFolder(folder);
    await checkFolder(folder);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('checkFolder refuses a file and a folder below a file', async () => {
    const file = join(folderWith(['x']), 'x');
    await expect(checkFolder(file)).rejects.toThrow(
      usage(/x is not a folder that can be written to: EEXIST/),
    );
    await expect(checkFolder(join(file, 'y'))).rejects.toThrow(
      usage(/y is not a folder that can be written to: ENOTDIR/),
    );
  });
});

describe('checkFile', () => {
  it('checkFile makes the folder and nothing else, and takes a file that is there', async () => {
    const folder = folderWith(['old.wav']);
    await checkFile(join(folder, 'old.wav'));
    await checkFile(join(folder, 'deep/new.wav'));
    expect(readdirSync(folder, { recursive: true }).sort()).toEqual(['deep', 'old.wav']);
  });

  it('checkFile refuses a folder and what is below a file', async () => {
    const folder = folderWith(['x', 'taken.wav/inside']);
    await expect(checkFile(join(folder, 'taken.wav'))).rejects.toThrow(usage(/taken\.wav is a folder$/));
    await expect(checkFile(join(folder, 'x/y.wav'))).rejects.toThrow(
      usage(/x is not a folder that can be written to/),
    );
  });
});

describe.skipIf(onWindows('named pipes and links'))('outputs that are no files', () => {
  it('checkFile refuses a named pipe, which a rename would replace', async () => {
    const pipe = join(folderWith(), 'out.wav');
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
    await expect(checkFile(pipe)).rejects.toMatchObject({
      name: 'UsageError',
      next: expect.stringContaining('-'),
    });
    await expect(checkFile('/dev/null')).rejects.toMatchObject({ name: 'UsageError' });
    expect(lstatSync(pipe).isFIFO()).toBe(true);
  });

  it('writeWhole writes through a link', async () => {
    const folder = folderWith({ 'real/out.txt': 'old' });
    symlinkSync(join(folder, 'real/out.txt'), join(folder, 'link.txt'));
    await writeWhole(join(folder, 'link.txt'), 'new');
    expect(lstatSync(join(folder, 'link.txt')).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(folder, 'real/out.txt'), 'utf8')).toBe('new');
  });
});
