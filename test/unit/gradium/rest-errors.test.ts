// What goes wrong with REST calls, and what becomes of it: bad arguments, refusals, broken answers, silence.
import { inspect } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Gradium, SpeechApiError } from '../../../src/gradium/index.js';
import { Scope } from '../../../src/speech/index.js';
import { type HttpPeer, scriptedHttp } from '../../speech/scripted-http.js';

const KEY = 'gd_very_secret_key';
const AGAIN = { 'retry-after': '0' };

const client = (url = 'http://127.0.0.1:9', options = {}) =>
  new Gradium({ apiKey: KEY, baseUrl: url, ...options });
const json = (body: unknown) => (peer: HttpPeer) => peer.answer(200, JSON.stringify(body));
const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable(),
    (error: unknown) => error,
  );

afterEach(() => {
  vi.restoreAllMocks();
});

/** Every call that takes an id, by it. */
const byId = (url?: string) => {
  const { voices, voiceGenerator, pronunciations } = client(url);
  return [
    (id: string) => voices.get(id),
    (id: string) => voices.update(id, { name: 'n' }),
    (id: string) => voices.delete(id),
    (id: string) => voiceGenerator.delete(id),
    (id: string) => pronunciations.get(id),
    (id: string) => pronunciations.update(id, { name: 'n' }),
    (id: string) => pronunciations.delete(id),
  ];
};

describe('an id', () => {
  it('stays one segment of the path, whatever is in it', async () => {
    await using server = await scriptedHttp((peer) => peer.answer(404, '{"detail":"no such thing"}'));
    const odd = [
      '../credits',
      'a/b',
      'a?limit=1',
      'a#b',
      '%2e%2e',
      '..\\x',
      '.. ',
      'ä\n',
      '-uP9MuGtBqAvEyxI',
    ];
    for (const id of odd) {
      for (const call of byId(server.url)) await expect(call(id)).rejects.toMatchObject({ apiCode: 404 });
    }
    const routes = ['voices', 'voices', 'voices', 'voice-generator/embeddings', 'pronunciations'];
    routes.push('pronunciations', 'pronunciations');
    expect(server.peers.map(({ request }) => request.url)).toEqual(
      odd.flatMap((id) => routes.map((route) => `/api/${route}/${encodeURIComponent(id)}`)),
    );
  });

  it.each(['', '.', '..', '\ud800', 'a\udfff', undefined, null, 5, {}, ['v1']])('is not %o', async (id) => {
    for (const call of byId()) {
      await expect(call(id as string)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG' });
    }
  });
});

describe('REST arguments', () => {
  const { voices, voiceGenerator, pronunciations, credits, usage, tokens } = client();
  const any = <T>(value: unknown) => value as T;

  it.each<[string, () => Promise<unknown>]>([
    ['no changes', () => voices.update('v1', {})],
    ['changes of nothing known', () => voices.update('v1', any({ nmae: 'x' }))],
    ['changes that are none', () => voices.update('v1', any(null))],
    ['an empty name', () => voices.update('v1', { name: '' })],
    ['a name of null', () => voices.update('v1', any({ name: null }))],
    ['a description of 5', () => voices.update('v1', any({ description: 5 }))],
    ['a rank of NaN', () => voices.update('v1', { rank: Number.NaN })],
    ['a start of Infinity', () => voices.update('v1', { startS: Number.POSITIVE_INFINITY })],
    ['tags that are no list', () => voices.update('v1', any({ tags: {} }))],
    ['tags of numbers', () => voices.update('v1', any({ tags: [{ a: 1 }] }))],
    ['tags that are lists', () => voices.update('v1', any({ tags: [[]] }))],
    ['options of 5', () => voices.get('v1', any(5))],
    ['retries of a half', () => voices.get('v1', { retries: 0.5 })],
    ['deadlines of words', () => voices.delete('v1', any({ deadlines: { setupMs: 'soon' } }))],
    ['a signal that is none', () => credits.get(any({ signal: 'x' }))],
    ['options of null', () => usage.summary(any(null))],
    ['options of a function', () => tokens.create(any(() => {}))],
    ['no name to keep', () => voices.fromEmbedding('v', any({}))],
    ['no candidate to keep', () => voices.fromEmbedding('', { name: 'n' })],
    ['no options to keep', () => voices.fromEmbedding('v', any(undefined))],
    ['an empty prompt', () => voiceGenerator.generate('', { language: 'en' })],
    ['a prompt of 501', () => voiceGenerator.generate('x'.repeat(501), { language: 'en' })],
    ['a prompt of 501 pairs', () => voiceGenerator.generate('😀'.repeat(501), { language: 'en' })],
    ['a prompt that is none', () => voiceGenerator.generate(any(['x']), { language: 'en' })],
    ['no language', () => voiceGenerator.generate('x', any({}))],
    ['6 samples', () => voiceGenerator.generate('x', { language: 'en', samples: 6 })],
    ['a scale of 0', () => voiceGenerator.generate('x', { language: 'en', cfgScale: 0 })],
    ['a voice of 65', () => voiceGenerator.enhance('x'.repeat(65))],
    ['0 samples', () => voiceGenerator.enhance('v', { samples: 0 })],
    [
      'an accent of 101',
      () => voiceGenerator.localize('v', { targetLanguage: 'fr', accent: 'x'.repeat(101) }),
    ],
    ['another gender', () => voiceGenerator.localize('v', any({ targetLanguage: 'fr', gender: 'x' }))],
    ['no target', () => voiceGenerator.localize('v', any({}))],
    ['ids that are no list', () => voiceGenerator.whenReady(any('v'))],
    ['ids that are none', () => voiceGenerator.whenReady([any(5)])],
    ['a look every ms', () => voiceGenerator.whenReady(['v'], { pollMs: 1 })],
    ['a dictionary that is none', () => pronunciations.create(any(undefined))],
    ['a dictionary without a name', () => pronunciations.create(any({ language: 'en' }))],
    ['rules that are no list', () => pronunciations.create(any({ name: 'n', language: 'en', rules: {} }))],
    ['a rule that is none', () => pronunciations.update('d', any({ rules: ['x'] }))],
    ['a rule of nothing', () => pronunciations.update('d', { rules: [{ original: '', rewrite: 'x' }] })],
    ['a rule without words', () => pronunciations.update('d', any({ rules: [{ original: 'x' }] }))],
    [
      'a rule of perhaps',
      () => pronunciations.update('d', any({ rules: [{ original: 'x', rewrite: '', caseSensitive: 1 }] })),
    ],
    ['no changes of a dictionary', () => pronunciations.update('d', {})],
  ])('reject %s', async (_what, call) => {
    await expect(call()).rejects.toMatchObject({ code: 'ERR_INVALID_ARG' });
  });

  it('may be as long as the service counts: 500 characters, not code units', async () => {
    await using server = await scriptedHttp((peer) => peer.answer(201, '{"embeddings":[]}'));
    const { voiceGenerator: generator } = client(server.url);
    expect(await generator.generate('😀'.repeat(500), { language: 'en' })).toEqual([]);
    expect(await generator.enhance('x'.repeat(64))).toEqual([]);
  });

  it('name the rule that is wrong', async () => {
    const rules = [{ original: 'a', rewrite: 'b' }, any<{ original: string; rewrite: string }>(null)];
    await expect(pronunciations.update('d', { rules })).rejects.toThrow('rules[1] must be an object');
  });

  it('need a key', async () => {
    const guest = new Gradium({ token: 'one', baseUrl: 'http://127.0.0.1:9' });
    const calls = [
      guest.voices.get('v'),
      guest.voices.list().toArray(),
      guest.voices.create(Buffer.from('RIFF'), { name: 'n', language: 'en' }),
      guest.voiceGenerator.accents(),
      guest.pronunciations.delete('d'),
      guest.credits.get(),
      guest.usage.summary(),
    ];
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'ERR_NO_API_KEY' });
  });
});

describe('a refusal', () => {
  it('of a validation carries what is wrong with which field', async () => {
    const detail = [
      { loc: ['body', 'rules', 0, 'original'], msg: `Field required by ${KEY}`, type: 'missing', input: {} },
      { msg: 'odd' },
      'odder',
    ];
    await using server = await scriptedHttp((peer) =>
      peer.answer(422, JSON.stringify({ detail }), { 'x-request-id': 'req-1' }),
    );
    const error = (await caught(client(server.url).pronunciations.get('d'))) as SpeechApiError;
    expect(error).toBeInstanceOf(SpeechApiError);
    expect(error).toMatchObject({ apiCode: 422, requestId: 'req-1', retryable: false });
    expect(error.details).toEqual([
      { path: 'body.rules.0.original', message: 'Field required by [key]', type: 'missing' },
      { path: '', message: 'odd', type: '' },
    ]);
    expect(error.message).toContain('body.rules.0.original: Field required by [key]; odd; "odder"');
    expect(error.message).toContain('request req-1');
    expect(server.peers).toHaveLength(1);
  });

  it('of 300 fields is read whole', async () => {
    const detail = Array.from({ length: 300 }, (_, i) => ({ loc: ['body', i], msg: 'no', type: 't' }));
    await using server = await scriptedHttp((peer) => peer.answer(422, JSON.stringify({ detail })));
    const error = (await caught(client(server.url).credits.get())) as SpeechApiError;
    expect(error.details).toHaveLength(300);
  });

  it.each<[string, Record<string, string>, string]>([
    ['{"detail":"no","request_id":"req-2"}', {}, 'req-2'],
    ['no', { 'request-id': 'req-3' }, 'req-3'],
    ['{"request_id":"body","detail":"no"}', { 'x-request-id': 'head' }, 'head'],
  ])('names its request: %s %o', async (body, headers, requestId) => {
    await using server = await scriptedHttp((peer) => peer.answer(400, body, headers));
    await expect(client(server.url).credits.get()).rejects.toMatchObject({ requestId, details: [] });
  });

  it.each([
    ['{"detail":"no voice"}', 404, 'HTTP 404 “no voice”', false],
    ['{"detail":"Not Found"}', 404, 'check the base URL', false],
    ['<html><title>Gone fishing</title>', 404, '“Gone fishing”; check the base URL', false],
    ['', 404, 'HTTP 404; check the base URL', false],
    [
      '<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head></html>',
      502,
      '“502 Bad Gateway”',
      true,
    ],
    ['error from server 1008: no credits', 500, '“error from server 1008: no credits” (code 1008)', false],
    ['{"error":"slow down","code":429}', 500, 'slow down', true],
    ['{"detail":', 500, '{"detail":', true],
    ['', 500, 'HTTP 500', true],
  ])('of the form %s keeps its words', async (body, status, said, retryable) => {
    await using server = await scriptedHttp((peer) => peer.answer(status, body));
    const error = (await caught(client(server.url).credits.get({ retries: 0 }))) as SpeechApiError;
    expect(error.message).toContain(said);
    expect(error.message.includes('base URL')).toBe(said.includes('base URL'));
    expect(error.retryable).toBe(retryable);
  });
});

describe('an answer', () => {
  const VOICE = { uid: 'v', name: 'n', is_catalog: true, is_pro_clone: false };
  const DICTIONARY = { uid: 'd', name: 'n', language: 'en', rules: [] };
  const RULE = { id: 1, original: 'a', rewrite: 'b' };

  it.each<[string, (at: Gradium) => Promise<unknown>, unknown, string]>([
    ['null', (at) => at.credits.get(), null, 'the answer is not an object'],
    ['a list', (at) => at.credits.get(), [], 'the answer is not an object'],
    ['nothing left', (at) => at.credits.get(), { allocated_credits: 1 }, 'it has no remaining_credits'],
    ['words left', (at) => at.credits.get(), { remaining_credits: '5' }, 'remaining_credits is not a number'],
    ['a text of use', (at) => at.usage.summary(), { sessions: 'x' }, 'sessions is not a number'],
    ['no list', (at) => at.voices.list().toArray(), {}, 'the answer is not a list'],
    [
      'a voice without id',
      (at) => at.voices.list().toArray(),
      [VOICE, { ...VOICE, uid: '' }],
      'it has no [1].uid',
    ],
    ['a voice of 5', (at) => at.voices.list().toArray(), [5], '[0] is not an object'],
    [
      'a flag of 1',
      (at) => at.voices.get('v'),
      { ...VOICE, is_catalog: 1 },
      'is_catalog is not true or false',
    ],
    ['a tag of 1', (at) => at.voices.get('v'), { ...VOICE, tags: [1] }, 'tags[0] is not an object'],
    ['tags of 1', (at) => at.voices.get('v'), { ...VOICE, tags: 1 }, 'tags is not a list'],
    ['an empty tag', (at) => at.voices.get('v'), { ...VOICE, tags: [{}] }, 'it has no tags[0].value'],
    ['no file name', (at) => at.voices.update('v', { rank: 1 }), VOICE, 'it has no filename'],
    ['no candidates', (at) => at.voiceGenerator.list().toArray(), [], 'the answer is not an object'],
    [
      'candidates of null',
      (at) => at.voiceGenerator.list().toArray(),
      { embeddings: null },
      'it has no embeddings',
    ],
    [
      'a time that is none',
      (at) => at.voiceGenerator.list().toArray(),
      { embeddings: [{ embedding_id: 'a', ready: true, expires_at: 'soon' }] },
      'embeddings[0].expires_at is not a date',
    ],
    [
      'accents that are none',
      (at) => at.voiceGenerator.accents(),
      { languages: { fr: [1] } },
      'languages.fr is not',
    ],
    ['no accents', (at) => at.voiceGenerator.accents(), {}, 'it has no languages'],
    ['no rules', (at) => at.pronunciations.get('d'), { ...DICTIONARY, rules: null }, 'it has no rules'],
    [
      'a rule of 5',
      (at) => at.pronunciations.list().toArray(),
      { dictionaries: [{ ...DICTIONARY, rules: [RULE, { ...RULE, original: 5 }] }], total: 1 },
      'dictionaries[0].rules[1].original is not a string',
    ],
    [
      'a total of words',
      (at) => at.pronunciations.list().toArray(),
      { dictionaries: [], total: 'x' },
      'total is not',
    ],
  ])('of %s is ERR_PROTOCOL, and names the field', async (_what, call, body, said) => {
    await using server = await scriptedHttp((peer) =>
      peer.answer(200, JSON.stringify(body), { 'x-request-id': 'req-1' }),
    );
    const quick = client(server.url, { deadlines: { totalMs: 400 } });
    const error = (await caught(call(quick))) as Error;
    expect(error).toMatchObject({ name: 'ConnectionError', code: 'ERR_PROTOCOL', requestId: 'req-1' });
    expect(error.message).toContain(said);
  });

  it('is never quoted', async () => {
    await using server = await scriptedHttp(json({ ...VOICE, name: { my: 'very private words' } }));
    const error = await caught(client(server.url).voices.get('v', { retries: 0 }));
    expect(inspect(error)).toContain('name is not a string');
    expect(inspect(error)).not.toContain('private');
    expect(inspect(error)).not.toContain(KEY);
  });

  it.each<[string, (peer: HttpPeer) => unknown, string]>([
    [
      'a page',
      (peer) => peer.answer(200, '<html>', { 'content-type': 'text/html' }),
      'not JSON but text/html',
    ],
    ['half of it', (peer) => peer.answer(200, '{"remaining_cre'), 'not JSON'],
    ['no body', (peer) => peer.answer(200), 'the answer is not an object'],
    ['bytes', (peer) => peer.raw('\x00\x01\x02\r\n\r\n'), 'not HTTP'],
  ])('of %s is ERR_PROTOCOL', async (_what, reply, said) => {
    await using server = await scriptedHttp(reply);
    const error = (await caught(client(server.url).credits.get({ retries: 0 }))) as Error;
    expect(error).toMatchObject({ name: 'ConnectionError', code: 'ERR_PROTOCOL' });
    expect(error.message).toContain(said);
  });

  it('that is cut off is ERR_CLOSED_EARLY', async () => {
    await using server = await scriptedHttp((peer) => {
      peer.start(200, { 'content-length': '50', 'request-id': 'req-4' });
      peer.response.write('{"remaining', () => peer.socket.destroy());
    });
    await expect(client(server.url).credits.get({ retries: 0 })).rejects.toMatchObject({
      code: 'ERR_CLOSED_EARLY',
      requestId: 'req-4',
    });
  });

  it('that does not come, or not to its end, is a TimeoutError', async () => {
    await using server = await scriptedHttp((peer, nth) => {
      if (nth === 0) return;
      peer.start(200, { 'x-request-id': 'req-5' });
      peer.response.write('{"remaining');
    });
    const get = (deadlines: object) => client(server.url).credits.get({ retries: 0, deadlines });
    await expect(get({ setupMs: 50 })).rejects.toMatchObject({ code: 'ERR_TIMEOUT', phase: 'setup' });
    await expect(get({ idleMs: 50 })).rejects.toMatchObject({
      code: 'ERR_TIMEOUT',
      phase: 'idle',
      requestId: 'req-5',
    });
    await expect(get({ totalMs: 50 })).rejects.toMatchObject({ code: 'ERR_TIMEOUT', phase: 'total' });
  });
});

describe('a new attempt', () => {
  /** Each kind of call once, with that many attempts after the first. */
  const GET = (at: Gradium) => at.voices.get('v', { retries: 2 });
  const PUT = (at: Gradium) => at.voices.update('v', { rank: 1 }, { retries: 2 });
  const DELETE = (at: Gradium) => at.voices.delete('v', { retries: 2 });
  const POST = (at: Gradium) => at.voices.fromEmbedding('v', { name: 'n', retries: 2 });

  it.each([
    ['GET', GET, 503, 3],
    ['PUT', PUT, 503, 3],
    ['DELETE', DELETE, 503, 3],
    ['POST', POST, 503, 1],
    ['GET', GET, 429, 3],
    ['POST', POST, 429, 3],
    ['GET', GET, 400, 1],
    ['DELETE', DELETE, 404, 1],
  ])('of a %s after %s', async (_method, call, status, requests) => {
    await using server = await scriptedHttp((peer) => peer.answer(status, '', AGAIN));
    await expect(call(client(server.url))).rejects.toMatchObject({ apiCode: status });
    expect(server.peers).toHaveLength(requests);
  });

  it('of a DELETE that finds nothing has succeeded, if the one before may have', async () => {
    const answers = [503, 404, 429, 404];
    await using server = await scriptedHttp((peer, nth) => peer.answer(answers[nth] ?? 500, '', AGAIN));
    expect(await DELETE(client(server.url))).toBeUndefined();
    await expect(DELETE(client(server.url))).rejects.toMatchObject({ apiCode: 404 });
    expect(server.peers).toHaveLength(4);
  });

  it('of a POST comes after a connection that did not come about, and not after one that was lost', async () => {
    await using server = await scriptedHttp((peer) => peer.socket.destroy());
    await expect(POST(client(server.url))).rejects.toMatchObject({ code: 'ERR_CLOSED_EARLY' });
    expect(server.peers).toHaveLength(1);
    const sleep = vi.spyOn(Scope.prototype, 'sleep').mockResolvedValue();
    await expect(POST(client('http://127.0.0.1:9'))).rejects.toMatchObject({ code: 'ERR_CONNECT' });
    expect(sleep).toHaveBeenCalledTimes(2);
  });

  it.each([
    ['GET', GET],
    ['PUT', PUT],
  ])('of a %s costs no retry where a kept connection was closed under it', async (_method, call) => {
    const sleep = vi.spyOn(Scope.prototype, 'sleep').mockResolvedValue();
    await using server = await scriptedHttp((peer, nth) => {
      if (nth === 1) peer.socket.destroy();
      else
        peer.answer(nth === 0 ? 200 : 400, '{"uid":"v","name":"n","is_catalog":false,"is_pro_clone":false}');
    });
    await GET(client(server.url));
    await expect(call(client(server.url))).rejects.toMatchObject({ apiCode: 400 });
    expect(server.connections).toBe(2);
    expect(sleep).not.toHaveBeenCalled();
  });

  it('is not made once the signal has spoken', async () => {
    const ending = new AbortController();
    const reason = new Error('enough');
    await using server = await scriptedHttp((peer) => {
      peer.answer(503);
      ending.abort(reason);
    });
    const pending = client(server.url).credits.get({ signal: ending.signal });
    await expect(pending).rejects.toBe(reason);
    expect(server.peers).toHaveLength(1);
  });
});
