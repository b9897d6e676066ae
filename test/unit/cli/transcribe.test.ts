import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { writeWav } from '../../../src/audio/index.js';
import type { Transcript } from '../../../src/gradium/index.js';
import { type Fault, type Sandbox, startSandbox } from '../../../src/sandbox/index.js';
import { onWindows } from '../../on-windows.js';
import { folderWith } from './folder.js';
import { said, sluice, start } from './run.js';

const FIXTURES = fileURLToPath(new URL('../../fixtures/audio/', import.meta.url));
const WAVS = join(FIXTURES, 'wav');

interface Verdict {
  result: 'ok' | 'salvage' | 'format-error' | 'unsupported';
  names?: string[];
  warnings?: string[];
  frames?: number;
}
const truth: Record<string, { house: Verdict }> = JSON.parse(
  readFileSync(join(FIXTURES, 'TRUTH.json'), 'utf8'),
).wav;

const sandboxes: Sandbox[] = [];
afterEach(async () => {
  for (const sandbox of sandboxes.splice(0)) await sandbox.close();
});

/** A sandbox for one test, as the environment of a command. */
async function service(...faults: Fault[]): Promise<NodeJS.ProcessEnv> {
  const sandbox = await startSandbox({ faults });
  sandboxes.push(sandbox);
  return { GRADIUM_BASE_URL: sandbox.url, GRADIUM_API_KEY: 'any' };
}

/** What came in at the sandbox of this test. */
function sessions(): readonly unknown[] {
  return sandboxes.flatMap((sandbox) => sandbox.received().sessions);
}

/** Two short recordings in the tone voice. */
let spoken: { 'one.wav': Buffer; 'two.wav': Buffer };
beforeAll(async () => {
  const speak = async (text: string) => (await sluice(['speak', '--sandbox', text, '-o', '-'])).stdoutBytes;
  spoken = { 'one.wav': await speak('the first text'), 'two.wav': await speak('the second') };
});

describe('sluice transcribe', () => {
  it('sluice transcribe gives every fixture its verdict, names what failed, and does the others', async () => {
    const out = folderWith();
    const args = ['transcribe', '--sandbox', WAVS, '-o', out, '-f', 'json,txt', '--progress', 'json'];
    // The verdicts are on what is read here, without the help of FFmpeg.
    const { code, stdout, stderr } = await sluice(args, { env: { SLUICE_FFMPEG: '/no/such/ffmpeg' } });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    const lines = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const of = (type: string, name: string) =>
      lines.filter((line) => line.type === type && line.source === join(FIXTURES, name));

    const counts = { done: 0, failed: 0 };
    for (const [name, { house }] of Object.entries(truth)) {
      const output = join(out, basename(name).replace(/\.wav$/, ''));
      const [file, ...more] = of('file', name);
      expect(more, name).toEqual([]);
      if (house.result === 'ok' || house.result === 'salvage') {
        counts.done++;
        expect(file, name).toMatchObject({ status: 'ok' });
        const transcript = JSON.parse(readFileSync(`${output}.json`, 'utf8')) as Transcript;
        expect(transcript.source.frames, name).toBe(house.frames);
        expect(transcript.warnings, name).toEqual(house.warnings);
        expect(
          of('warning', name).map(({ code }) => code),
          name,
        ).toEqual(house.warnings);
        expect(readFileSync(`${output}.txt`, 'utf8'), name).toBe(`${transcript.text}\n`);
      } else {
        counts.failed++;
        const { code, byteOffset, message } = file.error;
        expect(code, name).toMatch(
          house.result === 'unsupported' ? /UNSUPPORTED|FFMPEG_NOT_FOUND/ : /^ERR_WAV_(?!UNSUPPORTED)/,
        );
        if (code !== 'ERR_FFMPEG_NOT_FOUND') expect(byteOffset, name).toBeTypeOf('number');
        for (const word of house.names ?? []) expect(message, name).toContain(word);
        expect(existsSync(`${output}.json`), name).toBe(false);
      }
    }
    expect(lines.at(-1)).toMatchObject({ type: 'summary', files: Object.keys(truth).length, ...counts });
    expect(readdirSync(out).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('sluice transcribe tells failures on standard error, with file, code and offset', async () => {
    const bad = join(WAVS, 'bad-zero-channels.wav');
    const good = join(WAVS, 'speech-16k-mono-s16.wav');
    const missing = join(WAVS, 'not-there.wav');
    const { code, stdout, stderr } = await sluice(['transcribe', '--sandbox', bad, missing, good]);
    expect(code).toBe(1);
    expect(stdout).toBe(`==> ${good} <==\n[speech]\n`);
    expect(stderr).toMatch(/bad-zero-channels\.wav: .*0 channels.* \(ERR_WAV_BAD_FMT, byte 22\)/);
    expect(stderr).toMatch(/not-there\.wav: ENOENT.*\n {2}next: check the path/);
    expect(stderr).toMatch(/1 of 3 files transcribed, 2 failed · 3\.4 s of audio · 1 word ·/);
    expect(stderr.match(/sandbox, not the Gradium service/g)).toHaveLength(1);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stderr).not.toContain('\x1b');
  });

  it('sluice transcribe of one input prints just the rendering', async () => {
    const folder = folderWith(spoken);
    const one = async (format: string) => {
      const args = ['transcribe', '--sandbox', 'one.wav', '-f', format];
      const { code, stdout } = await sluice(args, { cwd: folder });
      expect(code).toBe(0);
      return stdout;
    };
    expect(await one('txt')).toBe('the first text\n');
    expect(await one('srt')).toMatch(/^1\n00:00:0\d,\d{3} --> 00:00:0\d,\d{3}\nthe first text\n$/);
    expect(await one('vtt')).toMatch(/^WEBVTT\n\n00:00:0\d\.\d{3} --> 00:00:0\d\.\d{3}\nthe first text\n$/);
    const json = await one('json');
    expect(json).toMatch(/^\{\n {2}"text": "the first text",\n/);
    expect(JSON.parse(json)).toMatchObject({ source: { name: 'one.wav' }, language: 'any' });
  });

  it('sluice transcribe of several inputs names each result', async () => {
    const folder = folderWith(spoken);
    const text = await sluice(['transcribe', '--sandbox', '*.wav'], { cwd: folder });
    expect(
      text.stdout
        .split(/\n(?=\n==>)/)
        .map((block) => block.trim())
        .sort(),
    ).toEqual(['==> one.wav <==\nthe first text', '==> two.wav <==\nthe second']);
    const json = await sluice(['transcribe', '--sandbox', '.', '-f', 'json'], { cwd: folder });
    const documents = json.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Transcript);
    expect(documents.map(({ source, text }) => [source.name, text]).sort()).toEqual([
      ['one.wav', 'the first text'],
      ['two.wav', 'the second'],
    ]);
  });

  it('sluice transcribe reads standard input', async () => {
    const args = ['transcribe', '--sandbox', '-', '-f', 'json'];
    const { code, stdout } = await sluice(args, { stdin: spoken['one.wav'] });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ text: 'the first text', source: { name: 'standard input' } });
    const broken = await sluice(['transcribe', '--sandbox', '-'], { stdin: 'no audio' });
    expect(broken.code).toBe(1);
    expect(broken.stderr).toMatch(/standard input: .*ERR_WAV_NOT_WAV/);
  });

  it('sluice transcribe -o keeps the folders of its inputs', async () => {
    const folder = folderWith({
      'calls/a.wav': spoken['one.wav'],
      'calls/2024/a.wav': spoken['two.wav'],
    });
    const args = ['transcribe', '--sandbox', 'calls/**', '-o', 'out', '-f', 'srt,vtt'];
    expect(await sluice(args, { cwd: folder })).toMatchObject({ code: 0, stdout: '' });
    expect(readdirSync(join(folder, 'out'), { recursive: true }).sort()).toEqual([
      '2024',
      '2024/a.srt',
      '2024/a.vtt',
      'a.srt',
      'a.vtt',
    ]);
    expect(readFileSync(join(folder, 'out/2024/a.srt'), 'utf8')).toContain('the second');
  });

  it('sluice transcribe fails a file whose result cannot be written, and does the others', async () => {
    const folder = folderWith({ ...spoken, 'out/one.txt/in-the-way': '' });
    const args = ['transcribe', '--sandbox', 'one.wav', 'two.wav', '-o', 'out'];
    const { code, stderr } = await sluice(args, { cwd: folder });
    expect(code).toBe(1);
    expect(stderr).toMatch(/sluice: one\.wav: .*(EISDIR|ENOTEMPTY|EEXIST)/);
    expect(readFileSync(join(folder, 'out/two.txt'), 'utf8')).toBe('the second\n');
  });

  it('sluice transcribe tries again after a drop and gives the whole text', async () => {
    const env = await service({ kind: 'drop', after: 3, times: 1 });
    const { code, stdout } = await sluice(['transcribe', 'one.wav'], { env, cwd: folderWith(spoken) });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'the first text\n' });
  });

  it('sluice transcribe gives no text at all when the service ends early', async () => {
    const env = await service({ kind: 'error', code: 1008, after: 12 });
    const folder = folderWith(spoken);
    const { code, stderr } = await sluice(['transcribe', '.', '-o', 'out'], { env, cwd: folder });
    expect(code).toBe(1);
    expect(stderr).toMatch(/one\.wav: .*ERR_SPEECH_API.*next: /s);
    expect(stderr).toContain('0 of 2 files transcribed, 2 failed');
    expect(readdirSync(join(folder, 'out'))).toEqual([]);
  });

  it.skipIf(onWindows('named pipes'))('sluice transcribe of a named pipe takes every byte', async () => {
    const pipe = join(folderWith(), 'pipe');
    execFileSync('mkfifo', [pipe]);
    const written = writeFile(pipe, spoken['one.wav']);
    const { code, stdout } = await sluice(['transcribe', '--sandbox', pipe]);
    await written;
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'the first text\n' });
  });

  it.skipIf(onWindows('named pipes'))(
    'sluice transcribe of a named pipe that nobody writes to ends with the signal',
    async () => {
      const pipe = join(folderWith(), 'pipe');
      execFileSync('mkfifo', [pipe]);
      const child = start(['transcribe', '--sandbox', pipe]);
      await said(child.stderr, /built-in sandbox/);
      child.kill('SIGTERM');
      expect(await once(child, 'exit')).toEqual([130, null]);
    },
  );

  it('sluice transcribe stops at a full disk, says so once and keeps what is finished', async () => {
    // The second file to be written finds the disk full.
    const full = `
      import fs from 'node:fs/promises';
      import { syncBuiltinESMExports } from 'node:module';
      const { open } = fs;
      let opened = 0;
      fs.open = async (path, ...rest) => {
        if (!String(path).startsWith('out/') || ++opened < 2) return open(path, ...rest);
        throw Object.assign(new Error('ENOSPC: no space left on device, open'), { code: 'ENOSPC' });
      };
      syncBuiltinESMExports();`;
    const folder = folderWith({ ...spoken, 'three.wav': spoken['one.wav'], 'full.mjs': full });
    const { code, stderr } = await sluice(['transcribe', '--sandbox', '.', '-o', 'out', '-c', '1'], {
      cwd: folder,
      env: { NODE_OPTIONS: `--import=${join(folder, 'full.mjs')}` },
    });
    expect(code).toBe(1);
    expect(stderr.match(/ENOSPC/g)).toHaveLength(1);
    expect(stderr).toContain('next: free some space on the disk');
    expect(stderr).toContain('1 of 3 files transcribed');
    expect(readdirSync(join(folder, 'out'))).toHaveLength(1);
  });

  it('sluice transcribe reads standard input once, and goes on where it was after a failure', async () => {
    const env = await service({ kind: 'drop', after: 5, times: 1 });
    const { code, stdout } = await sluice(['transcribe', '-'], { env, stdin: spoken['one.wav'] });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'the first text\n' });
    expect(sessions()).toHaveLength(2);
  });

  it('sluice transcribe takes recordings that are longer than a session', async () => {
    const text = spoken['one.wav'].subarray(44); // 48 kHz, 16 bits
    const silence = Buffer.alloc(300 * 96_000);
    const samples = new Int16Array(Uint8Array.from(Buffer.concat([text, silence, text])).buffer);
    const folder = folderWith({ 'long.wav': writeWav(samples, { sampleRateHz: 48_000 }) });
    const { code, stdout, stderr } = await sluice(['transcribe', 'long.wav', '-f', 'json'], {
      env: await service(),
      cwd: folder,
    });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ text: 'the first text the first text', sessions: 2 });
    expect(stderr).not.toContain('warning');
  });

  it('sluice transcribe passes keywords, the language to translate to and the transport on', async () => {
    const env = await service();
    const options = ['--keywords', 'first, text,first', '--translate-to', 'fr', '--transport', 'post'];
    const { code, stdout } = await sluice(['transcribe', 'one.wav', ...options], {
      env,
      cwd: folderWith(spoken),
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'the first text\n' });
    expect(sessions()).toMatchObject([
      {
        transport: 'post',
        setup: {
          model_name: 'stt-translate',
          json_config: JSON.stringify({
            language: 'any',
            delay_in_frames: 10,
            keywords: { words: ['first', 'text'] },
            target_language: 'fr',
          }),
        },
      },
    ]);
  });

  it('sluice transcribe stops at a refused key, once, exit 3', async () => {
    const env = await service({ kind: 'refuse', status: 401 });
    const { code, stdout, stderr } = await sluice(['transcribe', '.'], { env, cwd: folderWith(spoken) });
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr.match(/HTTP 401/g)).toHaveLength(1);
    expect(stderr).toMatch(/next: check GRADIUM_API_KEY/);
    expect(stderr).toContain('0 of 2 files transcribed, 0 failed, 2 not done');
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'sluice transcribe stops at %s, keeps what is finished, exit 130',
    async (signal) => {
      const env = await service({ kind: 'stall', times: 1 });
      const folder = folderWith(spoken);
      const child = start(['transcribe', 'one.wav', 'two.wav', '-o', 'out', '--progress', 'json'], {
        env,
        cwd: folder,
      });
      const closed = once(child, 'close');
      await said(child.stderr, /"status":"ok"/);
      child.kill(signal);
      expect(await closed).toEqual([130, null]);
      expect(readdirSync(join(folder, 'out'))).toHaveLength(1);
    },
  );

  it('sluice transcribe ends quietly when its reader goes away', async () => {
    const folder = folderWith(spoken);
    const child = start(['transcribe', '--sandbox', 'one.wav', 'two.wav', '-c', '1'], { cwd: folder });
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += String(chunk);
    });
    child.stdout.destroy();
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(stderr).not.toMatch(/EPIPE|^\s+at /m);
  });
});
