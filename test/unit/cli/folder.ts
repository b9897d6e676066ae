/** A folder of its own for each test, removed afterwards. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach } from 'vitest';

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Makes a folder with these files, empty ones unless a content is given. */
export function folderWith(
  files: readonly string[] | Readonly<Record<string, string | Uint8Array>> = [],
): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  folders.push(folder);
  const contents = Array.isArray(files) ? Object.fromEntries(files.map((name) => [name, ''])) : files;
  for (const [name, content] of Object.entries(contents)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content as string | Uint8Array);
  }
  return folder;
}
