import { afterEach, describe, expect, it } from 'vitest';
import { parseFault, type Sandbox, startSandbox } from '../../../src/sandbox/index.js';
import { RawClient } from './client.js';
import { type Answer, Posting, post } from './http.js';
import { rest } from './rest-client.js';

let sandbox: Sandbox | undefined;
afterEach(async () => {
  await sandbox?.close();
  sandbox = undefined;
});

async function start(...faults: string[]): Promise<string> {
  sandbox = await startSandbox({ faults: faults.map(parseFault) });
  return sandbox.url;
}

const DICTIONARY = { name: 'a rather long name', language: 'en' };
const create = (url: string): Promise<Answer> =>
  post(`${url}/pronunciations`, DICTIONARY, { 'content-type': 'application/json' });
const total = async (url: string): Promise<number> => (await rest(url, 'GET', '/pronunciations')).body.total;

describe('faults of REST', () => {
  it('refuse before anything is done, in every form', async () => {
    const forms = ['detail', 'list', 'error', 'text', 'html'];
    const url = await start(
      'refuse:route=rest,times=1',
      ...forms.map((form) => `refuse:route=rest,times=1,status=429,retry-after=2,form=${form}`),
      'refuse:route=rest,times=1,form=text,status=500',
    );
    expect(await rest(url, 'GET', '/voices')).toMatchObject({
      status: 503,
      body: { detail: 'sluice sandbox: Service Unavailable' },
    });
    const message = 'sluice sandbox: Too Many Requests';
    const bodies = [];
    for (const _ of forms) {
      const answer = await fetch(`${url}/pronunciations`, { method: 'POST', body: '{}' });
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '2']);
      expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/u);
      bodies.push([answer.headers.get('content-type'), await answer.text()]);
    }
    expect(bodies).toEqual([
      ['application/json', JSON.stringify({ detail: message })],
      [
        'application/json',
        JSON.stringify({ detail: [{ loc: ['body'], msg: message, type: 'sandbox_fault' }] }),
      ],
      ['application/json', JSON.stringify({ error: message, code: 429 })],
      ['text/plain', `error from server 1008: ${message}`],
      ['text/html; charset=utf-8', expect.stringMatching(/^<!DOCTYPE html>.*<h1>sluice sandbox: Too Many/su)],
    ]);
    const internal = await fetch(`${url}/voices`, { headers: { 'x-api-key': 'any' } });
    expect(await internal.text()).toBe('error from server 1011: sluice sandbox: Internal Server Error');
    expect(await total(url)).toBe(0);
  });

  it('have a form on speech as well', async () => {
    const url = await start('refuse:form=html,times=2');
    const answer = await post(`${url}/post/speech/tts`, { text: 'a' });
    expect([answer.status, answer.contentType]).toEqual([503, 'text/html; charset=utf-8']);
    await expect(RawClient.open(url, '/speech/tts')).rejects.toMatchObject({ status: 503 });
  });

  it('break the connection before the answer, or within it, when all was done', async () => {
    const url = await start('drop:route=rest,after=0,times=1', 'drop:route=rest,times=1');
    await expect(create(url)).rejects.toMatchObject({ code: 'ECONNRESET' });
    const half = await create(url);
    expect([half.status, half.complete]).toEqual([201, false]);
    expect(half.body.toString()).toMatch(/^\{"uid":"\w{16}","name":"a rather long/u);
    expect(await total(url)).toBe(2);
  });

  it('leave a client waiting for the answer, or within it, when all was done', async () => {
    const url = await start('stall:route=rest,after=0,times=1', 'stall:route=rest,times=1');
    const waiting = new Posting(`${url}/pronunciations`, { 'content-type': 'application/json' });
    void waiting.end(Buffer.from(JSON.stringify(DICTIONARY)));
    const half = new Posting(`${url}/pronunciations`, { 'content-type': 'application/json' });
    while (sandbox!.received().requests[0]?.status !== 201) await new Promise(setImmediate);
    void half.end(Buffer.from(JSON.stringify(DICTIONARY)));
    await half.until('"name"');
    expect(await total(url)).toBe(2);
    expect(waiting.received.length).toBe(0);
    const { complete, headers } = await half.response;
    expect(complete).toBe(false);
    expect(Number(headers['content-length'])).toBeGreaterThan(half.received.length);
    waiting.request.destroy();
    half.request.destroy();
  });

  it('spoil the JSON, or the text, of a whole answer', async () => {
    const url = await start('malformed:route=rest,times=1', 'binary:route=rest,times=1');
    const malformed = await create(url);
    expect([malformed.status, malformed.complete, malformed.contentType]).toEqual([
      201,
      true,
      'application/json',
    ]);
    expect(() => JSON.parse(malformed.body.toString())).toThrow(SyntaxError);
    const binary = await create(url);
    expect([binary.status, binary.complete, [...binary.body.subarray(0, 2)]]).toEqual([
      201,
      true,
      [0x80, 0x81],
    ]);
  });

  it('do to an answer without a body what they can', async () => {
    const url = await start(
      'malformed:route=rest,request=2',
      'binary:route=rest,request=4',
      'drop:route=rest,request=6',
    );
    for (let i = 0; i < 3; i++) {
      const { uid } = JSON.parse((await create(url)).body.toString());
      const gone = rest(url, 'DELETE', `/pronunciations/${uid}`);
      if (i < 2) expect(await gone).toMatchObject({ status: 204, body: undefined });
      else await expect(gone).rejects.toThrow();
    }
    expect(await total(url)).toBe(0);
  });

  it('delay an answer, and no longer than the client waits', async () => {
    const url = await start('delay:route=rest,ms=1,times=1', 'delay:route=rest,ms=86400000,times=1');
    expect((await create(url)).status).toBe(201);
    const late = new Posting(`${url}/pronunciations`, { 'content-type': 'application/json' });
    void late.end(Buffer.from(JSON.stringify(DICTIONARY)));
    while (sandbox!.received().requests[1]?.status !== 201) await new Promise(setImmediate);
    expect(await total(url)).toBe(2);
    late.request.destroy();
  });

  it('spare speech, and REST is spared by the others; the banner and the controls are spared by all', async () => {
    const url = await start('refuse', 'refuse:route=rest');
    sandbox!.setFaults([{ kind: 'refuse' }]);
    expect((await rest(url, 'GET', '/voices')).status).toBe(200);
    sandbox!.setFaults([{ kind: 'refuse', route: 'rest' }]);
    expect((await post(`${url}/post/speech/tts`, { text: 'a' })).status).toBe(200);
    expect((await rest(url, 'GET', '/voices')).status).toBe(503);
    expect((await rest(url, 'GET', '/api-keys/token')).status).toBe(503);
    expect((await rest(url, 'GET', '/')).status).toBe(200);
    expect((await rest(url, 'GET', '/sandbox/received')).status).toBe(200);
    expect((await rest(url, 'GET', '/nowhere')).status).toBe(404);
  });

  it('take their turns in order, and count requests of REST alone', async () => {
    const url = await start('refuse:route=rest,request=2,status=500', 'malformed:route=rest,request=3');
    await post(`${url}/post/speech/tts`, { text: 'a' });
    const status = async (): Promise<number> =>
      (await fetch(`${url}/voices`, { headers: { 'x-api-key': 'any' } })).status;
    expect([await status(), await status(), await status()]).toEqual([200, 500, 200]);
  });

  it.each([
    [
      'slow:ms=1,route=rest',
      /Fault slow does not befall REST; refuse, delay, drop, stall, malformed, binary do/u,
    ],
    ['error:route=rest', /does not befall REST/u],
    ['close:route=rest', /does not befall REST/u],
    ['drop:route=rest,after=2', /after must be 0 or 1 for REST, not "2"/u],
    ['malformed:route=rest,after=1', /has no "after"/u],
    ['refuse:form=xml', /form must be detail, list, error, text, html, not "xml"/u],
    ['drop:form=list', /has no "form"/u],
    ['drop:route=voices', /route must be stt, tts, s2s, rest, not "voices"/u],
  ])('that make no sense are refused: %s', (text, message) => {
    expect(() => parseFault(text)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG', message: expect.stringMatching(message) }),
    );
  });
});

describe('received().requests', () => {
  it('has what was asked of REST, and what became of it; no key', async () => {
    const url = await start();
    await rest(url, 'GET', '/api/voices/?limit=1', undefined, { 'x-api-key': 'gd_secret' });
    await rest(url, 'DELETE', '/pronunciations/a%2Fb');
    await rest(url, 'PATCH', `/voices/${'x'.repeat(2_000)}`);
    await rest(url, 'GET', '/api-keys/token?token=gd_secret');
    await rest(url, 'GET', '/');
    const { requests } = sandbox!.received();
    expect(requests).toEqual([
      { method: 'GET', path: '/voices', status: 200 },
      { method: 'DELETE', path: '/pronunciations/a%2Fb', status: 404 },
      { method: 'PATCH', path: `/voices/${'x'.repeat(992)}`, status: 405 },
      { method: 'GET', path: '/api-keys/token', status: 200 },
    ]);
    expect((await rest(url, 'GET', '/sandbox/received')).body.requests).toEqual(requests);
    sandbox!.clearReceived();
    expect(sandbox!.received().requests).toEqual([]);
  });

  it('keeps the newest 1000', async () => {
    const url = await start();
    for (let i = 0; i < 1_001; i++) await (await fetch(`${url}/voices/${i}`)).text();
    const { requests } = sandbox!.received();
    expect([requests.length, requests[0]?.path, requests.at(-1)?.path]).toEqual([
      1_000,
      '/voices/1',
      '/voices/1000',
    ]);
  });
});

describe('POST /sandbox/faults', () => {
  it('takes JSON alone', async () => {
    const url = await start();
    const set = async (type: string): Promise<number> =>
      (
        await fetch(`${url}/sandbox/faults`, {
          method: 'POST',
          body: '[]',
          headers: { 'content-type': type },
        })
      ).status;
    expect(await set('application/json; charset=utf-8')).toBe(204);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx']) {
      expect(await set(type)).toBe(415);
    }
  });
});
