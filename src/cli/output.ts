/**
 * Where results go: files written whole or not at all, and standard output.
 * Not here: what is written.
 */
import { randomBytes } from 'node:crypto';
import {
  access,
  constants,
  type FileHandle,
  mkdir,
  open,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UsageError } from './errors.js';
import type { Input } from './inputs.js';

/** Writes a file whole or not at all, as {@link fillWhole}. */
export function writeWhole(link: string, data: string | Uint8Array): Promise<void> {
  return fillWhole(link, (file) => file.writeFile(data));
}

/**
 * Makes a file whole or not at all: `fill` writes into a new file beside it, which is flushed to the disk and renamed
 * over `path`. Folders on the way are made, links followed. If `fill` fails, the file is as it was.
 */
export async function fillWhole(link: string, fill: (file: FileHandle) => Promise<void>): Promise<void> {
  const path = await realpath(link).catch(() => link);
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  // The leading dot keeps a file that a kill leaves behind out of folders and patterns named as inputs.
  const temporary = join(folder, `.${basename(path).slice(0, 200)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx');
    try {
      await fill(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Makes a folder that results will go to, so that one that cannot be written to is told before the work.
 * @throws {UsageError}
 */
export async function checkFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(
      `${folder} is not a folder that can be written to: ${code}`,
      'name another folder, or check what is there and its permissions',
    );
  }
}

/**
 * As checkFolder, for a file that writeWhole is to write.
 * @throws {UsageError}
 */
export async function checkFile(path: string): Promise<void> {
  await checkFolder(dirname(path));
  const there = await stat(path).catch(() => undefined);
  if (there?.isDirectory()) throw new UsageError(`${path} is a folder`, 'name a file');
  if (there && !there.isFile()) {
    // A rename would put a file in the place of the device or the pipe.
    throw new UsageError(`${path} is no regular file`, 'name a file, or - for standard output');
  }
}

/** Writes to standard output and waits until it is taken, so that a slow reader slows us and nothing is lost. */
export function writeStdout(data: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(data, (error) => (error ? reject(error) : resolve()));
  });
}

/** Two inputs that would write the same file are refused before anything starts. */
export function checkCollisions(inputs: readonly Input[]): void {
  const owners = new Map<string, string>();
  for (const { path, outputName } of inputs) {
    const owner = owners.get(outputName);
    if (owner !== undefined) {
      throw new UsageError(
        `${owner} and ${path} would both be written to ${outputName}.*`,
        'rename one, or run them with different -o folders',
      );
    }
    owners.set(outputName, path);
  }
}
