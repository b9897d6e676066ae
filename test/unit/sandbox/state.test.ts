import { once } from 'node:events';
import fs, {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Account } from '../../../src/sandbox/account.js';
import type { Change } from '../../../src/sandbox/account-records.js';
import { startSandbox } from '../../../src/sandbox/index.js';
import { StateFile } from '../../../src/sandbox/state-file.js';
import { said, start } from '../cli/run.js';
import { post } from './http.js';
import { makeVoice, rest } from './rest-client.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-state-'));
  path = join(folder, 'state');
});
afterEach(() => rmSync(folder, { recursive: true }));

const HEADER = '{"sluice-sandbox-state":1}';
const DICTIONARY = { name: 'n', language: 'en', description: null, rules: [] };
const VOICE = {
  name: 'v',
  description: null,
  language: null,
  filename: 'v.wav',
  startS: 0,
  durationS: null,
  tags: [],
  rank: null,
  hasAudio: true,
};
const STORY = { kind: 'generate', language: 'en', prompt: 'p', config: {} } as const;

/** All that an account remembers. */
const memoryOf = (account: Account): unknown => ({
  voices: account.voices(),
  candidates: account.candidates(),
  dictionaries: account.dictionaries(),
  usage: account.usage,
});

describe('StateFile', () => {
  function open(file = path, log: string[] = []): StateFile {
    return new StateFile(file, (line) => log.push(line));
  }

  function accountIn(store: StateFile): Account {
    return new Account({ credits: 1_000, mode: 'lenient', store, now: () => 1_000 });
  }

  it('holds what was acknowledged, whatever is done, and whenever the process is killed', () => {
    const index = fc.nat(20);
    const command = fc.oneof(
      fc.record({ what: fc.constantFrom('addVoice', 'addDictionary', 'addCandidates', 'charge', 'kill') }),
      fc.record({
        what: fc.constantFrom(
          'change voice',
          'remove voice',
          'change dictionary',
          'remove dictionary',
          'keep',
          'remove candidate',
        ),
        index,
        text: fc.string({ unit: 'binary' }),
      }),
    );
    let runs = 0;
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
        let file = join(folder, `run${runs++}`);
        let store = open(file);
        let account = accountIn(store);
        const at = <T extends { id: string }>(items: T[], i: number): T | undefined =>
          items[i % (items.length || 1)];
        for (const [step, done] of commands.entries()) {
          const i = 'index' in done ? done.index : 0;
          const name = 'text' in done ? done.text : '';
          const voice = at(account.voices(), i)?.id ?? 'none';
          const dictionary = at(account.dictionaries(), i)?.id ?? 'none';
          const candidate = at(account.candidates(), i);
          if (done.what === 'addVoice') account.addVoice(VOICE);
          if (done.what === 'addDictionary') account.addDictionary(DICTIONARY);
          if (done.what === 'addCandidates') account.addCandidates(2, STORY);
          if (done.what === 'change voice') account.changeVoice(voice, { name, rank: i });
          if (done.what === 'remove voice') account.removeVoice(voice);
          if (done.what === 'change dictionary')
            account.changeDictionary(dictionary, {
              name,
              rules: [{ id: 1, original: name, rewrite: '', caseSensitive: true }],
            });
          if (done.what === 'remove dictionary') account.removeDictionary(dictionary);
          if (done.what === 'remove candidate') account.removeCandidate(candidate?.id ?? 'none');
          if (done.what === 'keep' && candidate !== undefined) account.keep(candidate, name, null);
          if (done.what === 'charge') {
            account.charge(0.5);
            account.count({ sessions: 1 });
            account.keepUsage();
          }
          if (done.what === 'kill') {
            // What is left of a process that was killed is the file as it is.
            const left = `${file}-${step}`;
            copyFileSync(file, left);
            const before = memoryOf(account);
            store.close();
            file = left;
            store = open(file);
            account = accountIn(store);
            expect(memoryOf(account)).toEqual(before);
          }
        }
        const before = memoryOf(account);
        store.close();
        store = open(file);
        expect(memoryOf(accountIn(store))).toEqual(before);
        store.close();
      }),
      { numRuns: 60 },
    );
  });

  it('drops a last line that was cut off anywhere, says so, and goes on', () => {
    const store = open();
    const account = accountIn(store);
    account.addVoice(VOICE);
    const whole = readFileSync(path);
    account.addVoice({ ...VOICE, name: 'é' });
    const more = readFileSync(path);
    store.close();
    for (let length = whole.length; length < more.length; length++) {
      const log: string[] = [];
      writeFileSync(path, more.subarray(0, length));
      const again = open(path, log);
      expect(
        accountIn(again)
          .voices()
          .map(({ name }) => name),
      ).toEqual(['v']);
      accountIn(again).addVoice({ ...VOICE, name: 'w' });
      again.close();
      expect(log).toEqual(
        length === whole.length ? [] : [expect.stringMatching(/state: line 3 was cut off/u)],
      );
      const last = open();
      expect(
        accountIn(last)
          .voices()
          .map(({ name }) => name),
      ).toEqual(['v', 'w']);
      last.close();
    }
  });

  const change = (more: object): string =>
    JSON.stringify([{ kind: 'dictionary', id: 'd', to: { id: 'd', createdMs: 0, ...DICTIONARY }, ...more }]);

  it.each([
    ['something else', 'RIFF....WAVEfmt ', 1],
    ['half of a header', HEADER.slice(0, 9), 1],
    ['the header of another time', '{"sluice-sandbox-state":2}\n', 1],
    ['a line that is no JSON', `${HEADER}\n${change({})}\n[\n${change({})}\n`, 3],
    ['an empty line', `${HEADER}\n\n`, 2],
    ['a line of other JSON', `${HEADER}\n${change({})}\n{}\n`, 3],
    ['an unknown kind', `${HEADER}\n${change({ kind: 'toString' })}\n`, 2],
    ['an id that is none', `${HEADER}\n${change({ id: 1 })}\n`, 2],
    ['a record without its fields', `${HEADER}\n${change({ to: { id: 'd' } })}\n`, 2],
    ['a record that is a list', `${HEADER}\n${change({ to: [] })}\n`, 2],
  ])('refuses %s by its line, and leaves it as it is', (_, text, line) => {
    writeFileSync(path, text);
    for (let i = 0; i < 2; i++) {
      expect(() => open()).toThrow(
        expect.objectContaining({
          name: 'TypeError',
          code: 'ERR_INVALID_ARG',
          message: expect.stringMatching(new RegExp(`line ${line} `, 'u')),
        }),
      );
    }
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('takes an empty file, and one that is its own', () => {
    writeFileSync(path, '');
    open().close();
    writeFileSync(path, `${HEADER}\n${change({})}\n`);
    const store = open();
    expect(accountIn(store).dictionaries()).toHaveLength(1);
    store.close();
  });

  it('belongs to one at a time, in this process and others; a process that was killed has none', async () => {
    const store = open();
    const busy = expect.objectContaining({
      name: 'TypeError',
      code: 'ERR_BUSY',
      message: expect.stringContaining(`process ${process.pid}`),
    });
    expect(() => open()).toThrow(busy);
    expect(() => open(join(folder, '.', 'state'))).toThrow(busy);
    store.close();
    store.close();
    for (const dead of [process.pid, 2 ** 30]) {
      writeFileSync(`${path}.lock`, `${dead}\n`);
      open().close();
    }
    writeFileSync(`${path}.lock`, `${process.ppid}\n`);
    expect(() => open()).toThrow(
      expect.objectContaining({ code: 'ERR_BUSY', message: expect.stringContaining('state.lock') }),
    );
    rmSync(`${path}.lock`);
    await expect(startSandbox({ state: folder })).rejects.toMatchObject({ code: 'EISDIR' });
    open().close();
  });

  it('is no device, and stays as private as it was', async () => {
    const device = createServer().listen(path);
    await once(device, 'listening');
    expect(() => open()).toThrow(expect.objectContaining({ name: 'TypeError', code: 'ERR_INVALID_ARG' }));
    expect(readdirSync(folder)).toEqual(['state']);
    await new Promise((resolve) => device.close(resolve));
    writeFileSync(path, '', { mode: 0o600 });
    open().close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('leaves its lock to a process that took it from the dead a moment before', () => {
    const lock = `${path}.lock`;
    writeFileSync(lock, `${2 ** 30}\n`);
    const read = vi.spyOn(fs, 'readFileSync').mockImplementationOnce(() => {
      writeFileSync(lock, `${process.ppid}\n`);
      return `${2 ** 30}\n`;
    });
    syncBuiltinESMExports();
    try {
      expect(() => open()).toThrow(expect.objectContaining({ code: 'ERR_BUSY' }));
    } finally {
      read.mockRestore();
      syncBuiltinESMExports();
    }
    expect(readdirSync(folder)).toEqual(['state.lock']);
    expect(readFileSync(lock, 'utf8')).toBe(`${process.ppid}\n`);
  });

  it('leaves nothing beside a file that it could not write', () => {
    writeFileSync(path, '');
    const rename = vi.spyOn(fs, 'renameSync').mockImplementation(() => {
      throw new Error('disk full');
    });
    syncBuiltinESMExports();
    try {
      expect(() => open()).toThrow('disk full');
    } finally {
      rename.mockRestore();
      syncBuiltinESMExports();
    }
    expect(readdirSync(folder)).toEqual(['state']);
    open().close();
  });

  it('goes on behind its last whole line when the disk is full amid one', () => {
    const store = open();
    const account = accountIn(store);
    const before = account.addVoice(VOICE);
    const write = vi
      .spyOn(fs, 'writeSync')
      .mockImplementationOnce((file, bytes) => fs.appendFileSync(file, String(bytes).slice(0, 20)) ?? 20)
      .mockImplementationOnce(() => {
        throw new Error('disk full');
      });
    syncBuiltinESMExports();
    try {
      expect(() => account.addVoice(VOICE)).toThrow('disk full');
    } finally {
      write.mockRestore();
      syncBuiltinESMExports();
    }
    const after = account.addVoice(VOICE);
    expect(account.voices()).toEqual([before, after]);
    store.close();
    const again = open();
    expect(accountIn(again).voices()).toEqual([before, after]);
    again.close();
  });

  it('is written anew when most of it is past', () => {
    const store = open();
    const account = accountIn(store);
    const voice = account.addVoice(VOICE);
    for (let i = 0; i < 2_500; i++) account.changeVoice(voice.id, { rank: i });
    expect(readFileSync(path, 'utf8').split('\n').length).toBeLessThan(1_100);
    store.close();
    const again = open();
    expect(accountIn(again).voices()).toEqual([{ ...voice, rank: 2_499 }]);
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(3);
    again.close();
  });

  it('changes nothing when it cannot be written', () => {
    const store = {
      kept: [],
      write: (): void => {
        throw new Error('disk full');
      },
    };
    const log: string[] = [];
    const account = new Account({ credits: 1, mode: 'lenient', store, log: (line) => log.push(line) });
    expect(() => account.addVoice(VOICE)).toThrow('disk full');
    expect(account.voices()).toEqual([]);
    account.keepUsage();
    expect(log).toEqual(['usage was not kept: disk full']);
  });

  it('keeps together what changed together', () => {
    const lines: (readonly Change[])[] = [];
    const store = { kept: [], write: (changes: readonly Change[]): void => void lines.push(changes) };
    const account = new Account({ credits: 1, mode: 'lenient', store });
    const [candidate] = account.addCandidates(1, STORY);
    account.keep(candidate!, 'name', null);
    expect(lines.map((changes) => changes.map(({ kind }) => kind))).toEqual([
      ['candidate'],
      ['voice', 'candidate'],
    ]);
  });
});

describe('sluice sandbox --state', () => {
  async function run(): Promise<{ url: string; kill: () => Promise<void> }> {
    const child = start(['sandbox', '--state', path, '--credits', '100']);
    child.stdin.end();
    const [url = ''] = (await said(child.stdout, /http\S+\n/u)).split('\n');
    const gone = new Promise<void>((resolve) => child.on('close', () => resolve()));
    return {
      url,
      kill: () => {
        child.kill('SIGKILL');
        return gone;
      },
    };
  }

  it('survives kill -9 with all that was acknowledged', { timeout: 30_000 }, async () => {
    const first = await run();
    const voice = await makeVoice(first.url, 'kept');
    const gone = await makeVoice(first.url, 'gone');
    await rest(first.url, 'DELETE', `/voices/${gone}`);
    await rest(first.url, 'PUT', `/voices/${voice}`, { description: 'changed' });
    const dictionary = await rest(first.url, 'POST', '/pronunciations', { name: 'd', language: 'en' });
    const { body: made } = await rest(first.url, 'POST', '/voice-generator/generate', {
      prompt: 'p',
      language: 'en',
    });
    await post(`${first.url}/post/speech/tts`, { text: 'ten chars.', output_format: 'pcm_8000' });
    const summary = (await rest(first.url, 'GET', '/usages/summary')).body;
    const before = (await rest(first.url, 'GET', '/voices')).body;
    await first.kill();

    const second = await run();
    try {
      expect((await rest(second.url, 'GET', '/voices')).body).toEqual(before);
      expect(before).toMatchObject([{ uid: voice, name: 'kept', description: 'changed' }]);
      expect((await rest(second.url, 'GET', '/pronunciations')).body.dictionaries).toEqual([dictionary.body]);
      const { body } = await rest(second.url, 'GET', '/voice-generator/embeddings');
      expect(body.embeddings).toMatchObject([{ embedding_id: made.embeddings[0].embedding_id }]);
      expect((await rest(second.url, 'GET', '/usages/summary')).body).toEqual(summary);
      expect(summary).toMatchObject({ consumed_credits: 10, sessions: 1 });
      expect((await rest(second.url, 'GET', '/usages/credits')).body.remaining_credits).toBe(90);
    } finally {
      await second.kill();
    }
  });

  it('refuses what is no state, and what another has', { timeout: 30_000 }, async () => {
    writeFileSync(path, 'a shopping list\n');
    const child = start(['sandbox', '--state', path]);
    child.stdin.end();
    expect(await said(child.stderr, /\n/u)).toMatch(/is no state of the sandbox: line 1 /u);
    rmSync(path);
    const first = await run();
    try {
      await expect(startSandbox({ state: path })).rejects.toMatchObject({ code: 'ERR_BUSY' });
    } finally {
      await first.kill();
    }
    await (await startSandbox({ state: path })).close();
  });
});

describe('a sandbox with a state', () => {
  it('that is closed amid a session has its usage', async () => {
    const first = await startSandbox({ state: path });
    const answer = post(`${first.url}/post/speech/tts`, {
      text: 'word '.repeat(10_000),
      output_format: 'pcm_48000',
    });
    while ((await rest(first.url, 'GET', '/usages/summary')).body.egress_messages < 10) {}
    await first.close();
    await answer.catch(() => {});
    await first.close();
    const second = await startSandbox({ state: path });
    expect((await rest(second.url, 'GET', '/usages/summary')).body).toMatchObject({
      consumed_credits: 50_000,
      sessions: 1,
    });
    await second.close();
  });

  it('lets its file go when the port cannot be had', async () => {
    const other = await startSandbox();
    const { port } = new URL(other.url);
    await expect(startSandbox({ state: path, port: Number(port) })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    await (await startSandbox({ state: path })).close();
    await other.close();
  });
});
