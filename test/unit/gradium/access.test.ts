import type { IncomingMessage } from 'node:http';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Access } from '../../../src/gradium/access.js';
import { Gradium, type GradiumOptions } from '../../../src/gradium/index.js';
import type { Target } from '../../../src/speech/index.js';
import { politeStt, scriptedServer } from '../../speech/scripted-server.js';

const KEY = 'gd_very_secret_key';
const TOKEN = 'tok+very/secret==1';
const BASE = 'https://host.example/api';
const audio = Buffer.alloc(800, 0x55);
const format = { encoding: 'mulaw', sampleRateHz: 8000 } as const;

const opened = async (options: GradiumOptions): Promise<Target> =>
  await new Access({ baseUrl: BASE, ...options }).socket('stt');

function thrown(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return 'nothing thrown';
}

beforeEach(() => {
  vi.stubEnv('GRADIUM_API_KEY', '');
  vi.stubEnv('GRADIUM_BASE_URL', '');
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

describe('Access', () => {
  it('sends the key as x-api-key, and says who is asking', async () => {
    const { url, headers, secrets } = await opened({ apiKey: ` ${KEY}\n` });
    expect(url.href).toBe('wss://host.example/api/speech/asr');
    expect(headers).toEqual({ 'x-api-key': KEY, 'x-api-source': 'sluice-audio' });
    expect(secrets).toContain(KEY);
  });

  it.each([
    ['stt', 'speech/asr'],
    ['tts', 'speech/tts'],
    ['s2s', 'speech/s2s'],
  ] as const)('knows the route of %s', async (route, path) => {
    const { url } = await new Access({ apiKey: KEY, baseUrl: BASE }).socket(route);
    expect(url.href).toBe(`wss://host.example/api/${path}`);
  });

  it('asks by HTTP where it opens sockets', () => {
    const { url, headers } = new Access({ apiKey: KEY, baseUrl: 'ws://host.example' }).rest('usages/credits');
    expect(url.href).toBe('http://host.example/api/usages/credits');
    expect(headers).toMatchObject({ 'x-api-key': KEY });
  });

  it('puts a token into the address, and no key beside it', async () => {
    const { url, headers, secrets } = await opened({ token: `${TOKEN}\n`, apiKey: KEY });
    expect(url.search).toBe('?token=tok%2Bvery%2Fsecret%3D%3D1');
    expect(url.searchParams.get('token')).toBe(TOKEN);
    expect(headers).toEqual({ 'x-api-source': 'sluice-audio' });
    expect(secrets).toEqual(expect.arrayContaining([KEY, TOKEN, 'tok%2Bvery%2Fsecret%3D%3D1']));
  });

  it('asks HTTP requests with the key that stands beside a token', () => {
    const access = new Access({ baseUrl: BASE, apiKey: KEY, token: TOKEN });
    const { url, headers } = access.rest('x');
    expect(headers).toMatchObject({ 'x-api-key': KEY });
    expect(url.href).not.toContain('token');
  });

  it('needs a key for HTTP, and says that the environment is not looked at beside a token', () => {
    vi.stubEnv('GRADIUM_API_KEY', KEY);
    expect(thrown(() => new Access({ baseUrl: BASE, token: TOKEN }).rest('x'))).toMatchObject({
      name: 'TypeError',
      code: 'ERR_NO_API_KEY',
      message: 'no API key: a token opens WebSockets alone; pass apiKey beside it',
    });
    const own = new Access({ baseUrl: BASE, token: TOKEN, headers: { authorization: 'Bearer x' } });
    expect(own.rest('x').headers).toMatchObject({ authorization: 'Bearer x' });
  });

  it('leaves the environment’s key alone beside a token or a header of the caller', async () => {
    vi.stubEnv('GRADIUM_API_KEY', KEY);
    for (const options of [{ token: TOKEN }, { headers: { Authorization: 'Bearer mine' } }]) {
      const { headers } = await opened(options);
      expect(JSON.stringify(headers)).not.toContain(KEY);
    }
    expect((await opened({})).headers).toMatchObject({ 'x-api-key': KEY });
  });

  it('fetches a token anew for every connection', async () => {
    let asked = 0;
    const access = new Access({ baseUrl: BASE, token: async () => `token-${++asked}` });
    const urls = [await access.socket('stt'), await access.socket('tts')].map(({ url }) => url.search);
    expect(urls).toEqual(['?token=token-1', '?token=token-2']);
    expect((await opened({ token: () => 'at-once' })).url.search).toBe('?token=at-once');
  });

  it('passes on what a token function throws, untouched', async () => {
    const reason = { why: 'no session' };
    const throwing = () => {
      throw reason;
    };
    await expect(opened({ token: throwing })).rejects.toBe(reason);
    await expect(opened({ token: () => Promise.reject(reason) })).rejects.toBe(reason);
  });

  it.each([undefined, 5, '', 'two words', 'line\nbreak'])('refuses %j from a token function', async (got) => {
    await expect(opened({ token: () => got as string })).rejects.toMatchObject({
      name: 'TypeError',
      code: 'ERR_INVALID_ARG',
      message: expect.stringMatching(/^token /),
    });
  });

  it('asks a self-hosted service at the base itself, with its form of the key', async () => {
    const { url, headers, secrets } = await opened({
      apiKey: KEY,
      selfHosted: true,
      baseUrl: 'http://box:8080',
    });
    expect(url.href).toBe('ws://box:8080/');
    expect(headers).toEqual({ authorization: `Api-Key ${KEY}`, 'x-api-source': 'sluice-audio' });
    expect(secrets).toContain(KEY);
  });

  it('lets headers replace ours, whatever their case', async () => {
    const { headers, secrets } = await opened({
      apiKey: KEY,
      headers: { 'X-Api-Source': 'mine', 'X-API-Key': 'another-key', 'X-Team': 'Bearer part_of_it' },
    });
    expect(headers).toEqual({
      'x-api-key': 'another-key',
      'x-api-source': 'mine',
      'x-team': 'Bearer part_of_it',
    });
    expect(secrets).toEqual(expect.arrayContaining(['another-key', 'part_of_it']));
  });

  it.each<[string, object]>([
    ['selfHosted that is no flag', { selfHosted: 1 }],
    ['a token that is none', { token: 5 }],
    ['an empty token', { token: '' }],
    ['headers that are a list', { headers: [`x: ${KEY}`] }],
    ['headers that are none', { headers: null }],
    ['a name that is none', { headers: { [`x ${KEY}`]: 'y' } }],
    ['a value that is no text', { headers: { 'x-a': 5 } }],
    ['a value with a line break', { headers: { 'x-a': `${KEY}\r\nx: y` } }],
    ['a value that is not ASCII', { headers: { 'x-a': `${KEY}é` } }],
    ['a header of the connection', { headers: { 'Sec-WebSocket-Key': KEY } }],
    ['a body’s length', { headers: { 'Content-Length': '5' } }],
  ])('refuses %s without quoting it', (_name, options) => {
    const error = thrown(() => new Access({ apiKey: KEY, baseUrl: BASE, ...options }));
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG' });
    expect(inspect(error)).not.toContain(KEY);
  });

  it('shows nothing when printed', async () => {
    const options = { apiKey: KEY, token: () => TOKEN, headers: { authorization: KEY } };
    const client = new Gradium({ ...options, baseUrl: 'http://127.0.0.1:9' });
    const stream = client.stt.stream({ format });
    for (const object of [client, stream]) {
      expect(inspect(object, { depth: 12, showHidden: true })).not.toMatch(/secret/);
    }
    stream.destroy();
  });
});

describe('Gradium with a token', () => {
  it('brings a new one at every attempt', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    let asked = 0;
    const seen: (string | undefined)[] = [];
    await using server = await scriptedServer(
      (peer) => politeStt(peer),
      ({ url }, nth) => {
        seen.push(url);
        return nth === 0 ? { status: 503 } : undefined;
      },
    );
    const client = new Gradium({ baseUrl: server.url, token: () => `t${++asked}` });
    await client.stt.transcribe(audio, { format });
    expect(seen).toEqual(['/api/speech/asr?token=t1', '/api/speech/asr?token=t2']);
    expect(server.peers[0]?.request.headers).not.toHaveProperty('x-api-key');
  });

  it('says nothing of it, even when the service does', async () => {
    const echo = (request: IncomingMessage) => ({ status: 401, body: `who is ${request.url} ${TOKEN}` });
    await using server = await scriptedServer(() => {}, echo);
    const client = new Gradium({ baseUrl: server.url, token: async () => TOKEN });
    const error = await client.stt.transcribe(audio, { format }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'ERR_SPEECH_API', apiCode: 401 });
    expect((error as Error).message).toContain('who is /api/speech/asr?token=[key] [key]');
    expect(inspect(error)).not.toContain('secret');
  });

  it('says nothing of a header’s key, even when the service does', async () => {
    const echo = () => ({ status: 401, body: `no account has ${KEY}` });
    await using server = await scriptedServer(() => {}, echo);
    const client = new Gradium({ baseUrl: server.url, headers: { Authorization: `Bearer ${KEY}` } });
    const error = await client.stt.transcribe(audio, { format }).catch((caught: unknown) => caught);
    expect((error as Error).message).toContain('no account has [key]');
    expect(inspect(error)).not.toContain(KEY);
  });

  it('rejects with what its function rejects with, and does not try again', async () => {
    const reason = new Error('session expired');
    let asked = 0;
    const token = () => {
      asked++;
      return Promise.reject(reason);
    };
    const client = new Gradium({ baseUrl: 'http://127.0.0.1:9', token });
    await expect(client.stt.transcribe(audio, { format })).rejects.toBe(reason);
    expect(asked).toBe(1);
    const stream = client.stt.stream({ format });
    await expect(stream.toArray()).rejects.toBe(reason);
  });

  it('does not wait for one longer than for a connection, and has no use for it then', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await using server = await scriptedServer(() => {});
    let called = () => {};
    const asked = new Promise<void>((resolve) => {
      called = resolve;
    });
    let late: (token: string) => void = () => {};
    const token = () => {
      called();
      return new Promise<string>((resolve) => {
        late = resolve;
      });
    };
    const result = new Gradium({ baseUrl: server.url, token }).stt.transcribe(audio, { format, retries: 0 });
    const rejected = expect(result).rejects.toMatchObject({
      name: 'TimeoutError',
      phase: 'connect',
      message: 'no token within 10000 ms',
    });
    await asked;
    vi.advanceTimersByTime(10_000);
    await rejected;
    late(TOKEN);
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(server.peers).toHaveLength(0);
  });
});
