import { inspect } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Gradium } from '../../../src/gradium/index.js';
import { startSandbox } from '../../../src/sandbox/index.js';
import { type HttpPeer, scriptedHttp } from '../../speech/scripted-http.js';

const KEY = 'gd_very_secret_key';
const ANSWER = { token: 'tok_very_secret', expires_at: '2026-05-23T12:00:00Z' };
const json = (body: unknown) => (peer: HttpPeer) => peer.answer(200, JSON.stringify(body));

const create = (url: string, options = {}) =>
  new Gradium({ apiKey: KEY, baseUrl: url }).tokens.create({ retries: 0, ...options });

afterEach(() => {
  vi.restoreAllMocks();
});

describe('tokens.create', () => {
  it('asks with the key, and gives the token and its end', async () => {
    await using server = await scriptedHttp(json(ANSWER));
    const { token, expiresAt } = await create(server.url);
    expect(token).toBe(ANSWER.token);
    expect(expiresAt.getTime()).toBe(Date.UTC(2026, 4, 23, 12));
    const [request] = server.peers.map((peer) => peer.request);
    expect(request).toMatchObject({ method: 'GET', url: '/api/api-keys/token' });
    expect(request?.headers['x-api-key']).toBe(KEY);
  });

  it.each([
    ['no answer', (peer: HttpPeer) => peer.answer(204)],
    ['no object', json(null)],
    ['no token', json({ expires_at: ANSWER.expires_at })],
    ['an empty token', json({ ...ANSWER, token: '' })],
    ['no time', json({ token: ANSWER.token })],
    ['a time that is none', json({ ...ANSWER, expires_at: 'soon' })],
  ])('calls %s ERR_PROTOCOL, and does not quote it', async (_name, reply) => {
    await using server = await scriptedHttp(reply);
    const error = await create(server.url).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'ConnectionError', code: 'ERR_PROTOCOL' });
    expect(inspect(error)).not.toContain('secret');
  });

  it('passes on a refusal, once, and without the key', async () => {
    const reply = (peer: HttpPeer) => peer.answer(401, JSON.stringify({ detail: `bad key ${KEY}` }));
    await using server = await scriptedHttp(reply);
    const error = await create(server.url, { retries: 4 }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'ERR_SPEECH_API', apiCode: 401 });
    expect(inspect(error)).not.toContain(KEY);
    expect(server.peers).toHaveLength(1);
  });

  it('tries again what may pass', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    await using server = await scriptedHttp((peer, nth) =>
      nth === 0 ? peer.answer(503) : json(ANSWER)(peer),
    );
    expect((await create(server.url, { retries: 1 })).token).toBe(ANSWER.token);
    expect(server.peers).toHaveLength(2);
  });

  it('needs a key', async () => {
    const guest = new Gradium({ token: 'one', baseUrl: 'http://127.0.0.1:9' });
    await expect(guest.tokens.create()).rejects.toMatchObject({ code: 'ERR_NO_API_KEY' });
  });

  it('rejects with the reason of its signal', async () => {
    const reason = { why: 'enough' };
    const signal = AbortSignal.abort(reason);
    await expect(create('http://127.0.0.1:9', { signal })).rejects.toBe(reason);
    await expect(create('http://127.0.0.1:9', { signal: {} })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG',
    });
  });
});

describe('a token', () => {
  it('opens one connection, and a function brings one for each', async () => {
    const sandbox = await startSandbox({ keys: [KEY] });
    try {
      const owner = new Gradium({ apiKey: KEY, baseUrl: sandbox.url });
      const { token, expiresAt } = await owner.tokens.create();
      expect(expiresAt.getTime()).toBeGreaterThan(Date.now());
      const guest = new Gradium({ token, baseUrl: sandbox.url });
      await guest.tts.synthesize('one');
      await expect(guest.tts.synthesize('two', { retries: 0 })).rejects.toMatchObject({
        code: 'ERR_SPEECH_API',
        retryable: false,
      });
      const fetchToken = async () => (await owner.tokens.create()).token;
      const visitor = new Gradium({ token: fetchToken, baseUrl: sandbox.url });
      for (const text of ['three', 'four']) {
        expect((await visitor.tts.synthesize(text)).text).toBe(text);
      }
    } finally {
      await sandbox.close();
    }
  });
});
