import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { checkFile, checkFolder, fillWhole, writeStdout, writeWhole } from '../../../src/cli/output.js';
import { onWindows } from '../../on-windows.js';
import { folderWith } from './folder.js';
import { MAIN } from './run.js';

afterEach(() => vi.restoreAllMocks());

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

  it('writeWhole takes any name that the file system takes', async () => {
    const folder = folderWith();
    const name = `${'録'.repeat(83)}.wav`; // 253 bytes, of the 255 that Linux allows
    await writeWhole(join(folder, name), 'text');
    expect(readdirSync(folder)).toEqual([name]);
  });

  it('fillWhole leaves nothing behind when the process exits meanwhile', () => {
    const folder = folderWith({ 'kept.txt': 'old' });
    const script = `
      const { fillWhole } = await import(process.argv[1]);
      await fillWhole('kept.txt', async (file) => {
        await file.writeFile('half');
        console.log((await import('node:fs')).readdirSync('.').length);
        process.exit(3);
      });`;
    const output = pathToFileURL(join(MAIN, '../output.js')).href;
    const { status, stdout } = spawnSync(
      process.execPath,
      ['--input-type=module', '--eval', script, output],
      { cwd: folder },
    );
    expect({ status, stdout: String(stdout) }).toEqual({ status: 3, stdout: '2\n' });
    expect(readdirSync(folder)).toEqual(['kept.txt']);
    expect(readFileSync(join(folder, 'kept.txt'), 'utf8')).toBe('old');
  });
});

describe.skipIf(onWindows('permissions'))('permissions of a result', () => {
  const modeOf = (path: string) => statSync(path).mode & 0o777;

  it.each(['600', '640', '666'])(
    'fillWhole keeps the mode %s and the owner of the old file',
    async (octal) => {
      const mode = Number.parseInt(octal, 8);
      const folder = folderWith({ 'call.wav': 'old' });
      const path = join(folder, 'call.wav');
      const owner = process.getuid?.() === 0 ? 12_345 : statSync(path).uid; // nobody else can give files away
      chownSync(path, owner, statSync(path).gid);
      chmodSync(path, mode);
      await fillWhole(path, async (file) => {
        await file.writeFile('new');
        const [temporary = ''] = readdirSync(folder).filter((name) => name !== 'call.wav');
        expect(modeOf(join(folder, temporary))).toBe(0o600);
      });
      expect(readFileSync(path, 'utf8')).toBe('new');
      expect({ mode: modeOf(path), owner: statSync(path).uid }).toEqual({ mode, owner });
    },
  );

  it('fillWhole gives a new file what the umask leaves', async () => {
    const path = join(folderWith(), 'new.wav');
    const umask = process.umask(0o027);
    try {
      await writeWhole(path, 'new');
    } finally {
      process.umask(umask);
    }
    expect(modeOf(path)).toBe(0o640);
  });
});

describe('writeStdout', () => {
  it('writeStdout waits until the bytes are taken', async () => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(false);
    let taken = false;
    const written = writeStdout('text', new AbortController().signal).then(() => {
      taken = true;
    });
    await Promise.resolve();
    expect(taken).toBe(false);
    const done = write.mock.calls[0]?.at(-1) as unknown as (() => void) | undefined;
    done?.();
    await written;
  });

  it('writeStdout waits no longer once the signal is aborted', async () => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(false); // a reader that has stopped
    const controller = new AbortController();
    const stalled = writeStdout('text', controller.signal);
    controller.abort(new Error('enough'));
    await expect(stalled).rejects.toThrow('enough');
    await expect(writeStdout('more', controller.signal)).rejects.toThrow('enough');
    expect(write).toHaveBeenCalledTimes(1);
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

  it('checkFile refuses a name that is too long', async () => {
    await expect(checkFile(join(folderWith(), `${'x'.repeat(300)}.wav`))).rejects.toThrow(
      usage(/x\.wav cannot be written: (ENAMETOOLONG|EINVAL)$/),
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
