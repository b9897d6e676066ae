import type { IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { Access } from '../../../src/sandbox/access.js';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../../src/sandbox/index.js';
import { RawClient } from './client.js';
import { post } from './http.js';

const KEY = 'gd_good';
const SETUP = { type: 'setup', input_format: 'pcm_8000' };
const END = { type: 'end_of_stream' };

let sandbox: Sandbox | undefined;
afterEach(async () => {
  await sandbox?.close();
  sandbox = undefined;
});

async function start(options: SandboxOptions): Promise<string> {
  sandbox = await startSandbox(options);
  return sandbox.url;
}

/** What a session without any sound ends with. */
async function closeCode(url: string, path: string, headers: Record<string, string>): Promise<number> {
  const client = await RawClient.open(url, path, headers);
  client.send(SETUP, END);
  return client.closed();
}

async function errorOf(url: string, path: string, headers: Record<string, string> = {}): Promise<unknown> {
  const client = await RawClient.open(url, path, headers);
  const error = await client.next('error');
  expect(await client.closed()).toBe(1008);
  return error;
}

const WRONG_KEY = { type: 'error', message: 'API key is revoked or expired', code: 1008 };
const BAD_TOKEN = { type: 'error', message: 'token is unknown, used or expired', code: 1008 };

async function mint(url: string, headers: Record<string, string>): Promise<Response> {
  return fetch(`${url}/api/api-keys/token`, { headers });
}

async function tokenOf(url: string): Promise<string> {
  const answer = await mint(url, { 'x-api-key': KEY });
  return ((await answer.json()) as { token: string }).token;
}

describe('keys', () => {
  it('are checked on a WebSocket, in either header', async () => {
    const url = await start({ keys: ['other', KEY] });
    expect(await closeCode(url, '/speech/asr', { 'x-api-key': KEY })).toBe(1000);
    expect(await closeCode(url, '/speech/asr', { authorization: `Api-Key ${KEY}` })).toBe(1000);
    expect(await errorOf(url, '/speech/asr', { 'x-api-key': `${KEY}x` })).toEqual(WRONG_KEY);
    expect(await errorOf(url, '/speech/asr', { authorization: 'Api-Key x' })).toEqual(WRONG_KEY);
    expect(await errorOf(url, '/speech/asr')).toMatchObject({
      message: expect.stringMatching(/no API key/u),
    });
  });

  it('are checked on a POST, which no token opens', async () => {
    const url = await start({ keys: [KEY] });
    const speak = (path: string, key: string): Promise<{ status?: number | undefined; body: Buffer }> =>
      post(url + path, { text: 'a' }, { 'x-api-key': key });
    expect((await speak('/post/speech/tts', KEY)).status).toBe(200);
    const wrong = await speak('/post/speech/tts', 'x');
    expect([wrong.status, wrong.body.toString()]).toEqual([
      500,
      'error from server 1008: API key is revoked or expired',
    ]);
    const token = await tokenOf(url);
    const none = await speak(`/post/speech/tts?token=${token}`, '');
    expect(none.body.toString()).toMatch(/^error from server 1008: no API key/u);
  });

  it('and tokens are in no message and no line of the log', async () => {
    const log: string[] = [];
    const url = await start({ keys: [KEY], log: (line) => log.push(line) });
    const token = await tokenOf(url);
    const errors = [
      await errorOf(url, '/speech/asr', { 'x-api-key': 'gd_secret' }),
      await errorOf(url, '/speech/asr?token=gd_secret'),
      await closeCode(url, `/speech/asr?token=${token}`, {}),
      (await post(`${url}/post/speech/asr`, Buffer.from('a'), { 'x-api-key': 'gd_secret' })).body.toString(),
    ];
    const all = JSON.stringify([log, errors]);
    for (const secret of ['gd_secret', KEY, token]) expect(all).not.toContain(secret);
  });
});

describe('tokens', () => {
  it('are minted for a good key', async () => {
    const url = await start({ keys: [KEY], tokenTtlS: 600 });
    const before = Date.now();
    const answer = await mint(url, { 'x-api-key': KEY });
    expect(answer.status).toBe(200);
    const { token, expires_at, ...rest } = (await answer.json()) as Record<string, string>;
    expect(rest).toEqual({});
    expect(token).toMatch(/^sandbox_/u);
    expect(expires_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/u);
    const ttlMs = Date.parse(expires_at as string) - before;
    expect(ttlMs).toBeGreaterThan(598_000);
    expect(ttlMs).toBeLessThan(660_000);
  });

  it('are refused by 401 for a wrong key, no key, and a token', async () => {
    const url = await start({ keys: [KEY] });
    const wrong = await mint(url, { 'x-api-key': 'x' });
    expect([wrong.status, await wrong.json()]).toEqual([401, { detail: 'API key is revoked or expired' }]);
    expect((await mint(url, {})).status).toBe(401);
    expect((await fetch(`${url}/api-keys/token?token=${await tokenOf(url)}`)).status).toBe(401);
  });

  it('open one connection each, unlike any other', async () => {
    const url = await start({ keys: [KEY] });
    const token = await tokenOf(url);
    expect(await closeCode(url, `/speech/tts?token=${token}`, {})).toBe(1000);
    expect(await errorOf(url, `/speech/tts?token=${token}`)).toEqual(BAD_TOKEN);
    expect(await errorOf(url, '/speech/tts?token=unheard-of')).toEqual(BAD_TOKEN);
    expect(await closeCode(url, `/speech/tts?token=${await tokenOf(url)}`, {})).toBe(1000);
  });

  it('are not used up by an upgrade that was refused', async () => {
    const url = await start({ keys: [KEY], faults: [{ kind: 'refuse', times: 1 }] });
    const token = await tokenOf(url);
    await expect(RawClient.open(url, `/speech/asr?token=${token}`, {})).rejects.toMatchObject({
      status: 503,
    });
    expect(await closeCode(url, `/speech/asr?token=${token}`, {})).toBe(1000);
  });

  it('expire', async () => {
    const url = await start({ keys: [KEY], tokenTtlS: 0 });
    expect(await errorOf(url, `/speech/asr?token=${await tokenOf(url)}`)).toEqual(BAD_TOKEN);
  });

  it('of any kind will do where any key will', async () => {
    const url = await start({});
    const token = await tokenOf(url);
    for (const any of [token, token, 'made-up']) {
      expect(await closeCode(url, `/speech/asr?token=${any}`, {})).toBe(1000);
    }
  });
});

describe('Access', () => {
  const upgrade = (token: string): IncomingMessage =>
    ({ url: `/speech/asr?token=${token}`, headers: {} }) as unknown as IncomingMessage;

  it('counts a token good until its time, and not at it', () => {
    let now = 1_000_000;
    const access = new Access({ keys: [KEY], tokenTtlS: 60 }, () => now);
    const [first, second] = [access.mintToken().token, access.mintToken().token];
    now += 59_999;
    expect(access.denyUpgrade(upgrade(first))).toBeUndefined();
    now += 1;
    expect(access.denyUpgrade(upgrade(second))?.code).toBe(1008);
  });

  it('keeps 10 000 tokens, the newest', () => {
    const access = new Access({ keys: [KEY], tokenTtlS: 60 });
    const tokens = Array.from({ length: 10_001 }, () => access.mintToken().token);
    expect(access.denyUpgrade(upgrade(tokens[0] as string))?.code).toBe(1008);
    expect(access.denyUpgrade(upgrade(tokens[1] as string))).toBeUndefined();
  });
});

describe('selfHosted', () => {
  it.each([
    ['stt', 'asr'],
    ['tts', 'tts'],
    ['s2s', 's2s'],
  ] as const)('%s is served at / itself, and where it always is', async (selfHosted, name) => {
    const url = await start({ selfHosted, keys: [KEY] });
    const headers = { authorization: `Api-Key ${KEY}` };
    for (const path of ['/', '/api', '', `/speech/${name}`]) {
      const client = await RawClient.open(url, path, headers);
      client.send({ ...SETUP, output_format: 'pcm_8000' }, END);
      await client.closed();
      expect(client.closeCode).toBe(1000);
      expect(client.of('ready')[0]).toHaveProperty(name === 'asr' ? 'delay_in_frames' : 'audio_stream_names');
    }
    expect((await fetch(url)).status).toBe(200); // the banner
  });
});
