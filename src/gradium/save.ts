/**
 * Files written whole or not at all.
 * Not here: what is in them.
 */
import { randomUUID } from 'node:crypto';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { argumentTypeError } from '../errors.js';

/**
 * Writes beside the target and renames: a full disk or a killed process leaves the old file as it was. A link is
 * followed.
 * @throws TypeError ERR_INVALID_ARG for a device or a pipe, which a rename would replace; errors of the file system
 */
export async function saveWhole(link: string, data: Uint8Array): Promise<void> {
  const path = await realpath(link).catch(() => link);
  const there = await stat(path).catch(() => undefined);
  if (there && !there.isFile()) throw argumentTypeError(`${link} is no regular file`);
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(data);
      // Before the rename, lest a power cut keep the name and lose the bytes.
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
