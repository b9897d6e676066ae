import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { writeWav } from '../../../src/audio/index.js';
import { run } from '../../../src/cli/program.js';
import { onWindows } from '../../on-windows.js';
import { folderWith } from './folder.js';
import { start } from './run.js';

const WAV = fileURLToPath(new URL('../../fixtures/audio/wav/speech-16k-mono-s16.wav', import.meta.url));
const OPUS = fileURLToPath(new URL('../../fixtures/audio/ogg/speech-5ms-frames.opus', import.meta.url));

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
    ['convert to Ogg Opus', (out: string) => ['convert', WAV, out, '--output-format', 'ogg']],
    ['convert of Ogg Opus', (out: string) => ['convert', OPUS, out]],
    ['speak', (out: string) => ['speak', '--sandbox', 'hello', '-o', out]],
    ['probe', () => ['probe', WAV]],
    ['voices list', () => ['voices', 'list', '--sandbox']],
    ['voices delete', () => ['voices', 'delete', 'x', '--sandbox']],
    ['pronunciations preview', () => ['pronunciations', 'preview', 'x', '--rule', 'x=y']],
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

/** More than pipes and buffers hold. */
const LONG_WAV = writeWav(new Int16Array(4_000_000), { sampleRateHz: 8000 });

describe.skipIf(onWindows('signals'))('a signal', () => {
  it.each<[string, NodeJS.Signals[]]>([
    ['SIGINT', ['SIGINT']],
    ['SIGTERM', ['SIGTERM']],
    ['SIGHUP', ['SIGHUP']],
    ['SIGINT, then SIGTERM', ['SIGINT', 'SIGTERM']],
  ])('a signal (%s) leaves nothing of a file in the making, exit 130', async (_, signals) => {
    const folder = folderWith();
    const child = start(['convert', '-', 'out.wav'], { cwd: folder });
    const closed = once(child, 'close');
    child.stdout.resume();
    child.stderr.resume();
    child.stdin.on('error', () => {});
    // Once it is taken the command has come to the audio, and more might follow.
    await new Promise((resolve) => child.stdin.write(LONG_WAV, resolve));
    expect(readdirSync(folder)).toEqual([expect.stringMatching(/^\.sluice-\w+\.tmp$/)]);
    for (const name of signals) child.kill(name);
    expect(await closed).toEqual([130, null]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('a signal ends a command whose reader has stopped reading, exit 130', async () => {
    const folder = folderWith({ 'in.wav': LONG_WAV });
    const child = start(['convert', 'in.wav', '-', '--codec', 'f32'], { cwd: folder });
    const exited = once(child, 'exit'); // 'close' would wait for a reader
    const said = once(child.stderr, 'data');
    await once(child.stdout, 'readable'); // and is never read
    child.kill('SIGTERM');
    expect(String(await said)).toContain('interrupted by SIGTERM');
    expect(await exited).toEqual([130, null]);
    child.stdout.destroy();
  });
});
