import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { run } from '../../../src/cli/program.js';
import { onWindows } from '../../on-windows.js';
import { folderWith } from './folder.js';

const WAV = fileURLToPath(new URL('../../fixtures/audio/wav/speech-16k-mono-s16.wav', import.meta.url));

afterEach(() => {
  vi.restoreAllMocks();
});

/** What would be written to a stream of ours, which calls back as if it were. */
function silenced(stream: NodeJS.WriteStream) {
  return vi.spyOn(stream, 'write').mockImplementation((_data: unknown, ...rest: unknown[]) => {
    const done = rest.at(-1);
    if (typeof done === 'function') done();
    return true;
  });
}

/** A named pipe beside `out` that nobody writes to. */
function pipeBeside(out: string): string {
  const pipe = `${out}.pipe`;
  expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
  return pipe;
}
const PIPES: [string, (out: string) => string[]][] = [
  ['convert of a silent pipe', (out) => ['convert', pipeBeside(out), out]],
  ['probe of a silent pipe', (out) => ['probe', pipeBeside(out)]],
];

describe('interruptible', () => {
  it.each<[string, (out: string) => string[]]>([
    ['convert', (out: string) => ['convert', WAV, out]],
    ['speak', (out: string) => ['speak', '--sandbox', 'hello', '-o', out]],
    ['probe', () => ['probe', WAV]],
    ...(onWindows('named pipes') ? [] : PIPES),
  ])('interruptible %s writes nothing after SIGINT, exit 130', async (_, args) => {
    const out = join(folderWith(), 'out.wav');
    const stdout = silenced(process.stdout);
    const stderr = silenced(process.stderr);
    // The signal comes as soon as the command listens for it: its work has begun and nothing is read yet.
    process.once('newListener', () => queueMicrotask(() => process.emit('SIGINT', 'SIGINT')));
    expect(await run(args(out))).toBe(130);
    expect(stderr.mock.calls.join('')).toContain('interrupted by SIGINT');
    expect(stdout).not.toHaveBeenCalled();
    expect(existsSync(out)).toBe(false);
  });
});
