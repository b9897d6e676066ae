import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeWhole } from '../../../src/cli/output.js';
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
