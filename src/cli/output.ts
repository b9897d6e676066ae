/**
 * Where results go: files written whole or not at all, and standard output.
 * Not here: what is written.
 */
import { randomBytes } from 'node:crypto';
import { rmSync, type Stats } from 'node:fs';
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
import { dirname, join } from 'node:path';
import { onAbort } from '../abort.js';
import { UsageError } from './errors.js';
import type { Input } from './inputs.js';

/** Writes a file whole or not at all, as {@link fillWhole}. */
export function writeWhole(link: string, data: string | Uint8Array): Promise<void> {
  return fillWhole(link, (file) => file.writeFile(data));
}

/** Files in the making. What ends the process at once, as a second Ctrl-C does, takes them along. */
const unfinished = new Set<string>();
process.on('exit', () => {
  for (const path of unfinished) rmSync(path, { force: true });
});

/**
 * Makes a file whole or not at all: `fill` writes into a new file beside it, which is flushed to the disk and renamed
 * over `path`. Folders on the way are made, links followed. If `fill` fails, the file is as it was. The new file has the
 * permissions of the one it replaces, and in the making nobody else can read it: a private recording stays private.
 */
export async function fillWhole(link: string, fill: (file: FileHandle) => Promise<void>): Promise<void> {
  const path = await realpath(link).catch(() => link);
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const old = await stat(path).catch(() => undefined);
  // The leading dot keeps a file that a kill leaves behind out of folders and patterns named as inputs.
  const temporary = join(folder, `.sluice-${randomBytes(6).toString('hex')}.tmp`);
  unfinished.add(temporary);
  try {
    const file = await open(temporary, 'wx', old === undefined ? 0o666 : 0o600);
    try {
      await fill(file);
      if (old !== undefined) await belongAs(old, file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    unfinished.delete(temporary);
  }
}

/** As far as we may: only root gives files away, and some file systems keep no permissions. */
async function belongAs({ uid, gid, mode }: Stats, file: FileHandle): Promise<void> {
  await file.chown(uid, gid).catch(() => {});
  await file.chmod(mode & 0o777).catch(() => {});
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
  const there = await stat(path).catch(({ code }: NodeJS.ErrnoException) => {
    if (code === 'ENOENT') return undefined;
    throw new UsageError(`${path} cannot be written: ${code}`, 'name another file');
  });
  if (there?.isDirectory()) throw new UsageError(`${path} is a folder`, 'name a file');
  if (there && !there.isFile()) {
    // A rename would put a file in the place of the device or the pipe.
    throw new UsageError(`${path} is no regular file`, 'name a file, or - for standard output');
  }
}

/**
 * Writes to standard output and waits until it is taken, so that a slow reader slows us and nothing is lost. A signal
 * ends the wait for a reader that has stopped.
 */
export function writeStdout(data: string | Uint8Array, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stopListening = signal && onAbort(signal, () => reject(signal.reason));
    process.stdout.write(data, (error) => {
      stopListening?.();
      if (error) reject(error);
      else resolve();
    });
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
