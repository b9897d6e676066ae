import { request } from 'node:http';
import { connect } from 'node:net';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../../src/sandbox/index.js';
import { post } from './http.js';
import { makeVoice, type RestReply, rest, voiceForm, wavOf } from './rest-client.js';

let sandbox: Sandbox | undefined;
afterEach(async () => {
  await sandbox?.close();
  sandbox = undefined;
});

async function start(options: SandboxOptions = {}): Promise<string> {
  sandbox = await startSandbox(options);
  return sandbox.url;
}

const UNKNOWN = 'AAAAAAAAAAAAAAAA';
const GENERATE = { prompt: 'an old man', language: 'en' };
const DICTIONARY = { name: 'words', language: 'en', rules: [{ original: 'SQL', rewrite: 'sequel' }] };

async function makeCandidate(url: string): Promise<string> {
  const made = await rest(url, 'POST', '/voice-generator/generate', GENERATE);
  return made.body.embeddings[0].embedding_id;
}

/** Looks until it is, as clients do. */
async function untilReady(url: string, id: string): Promise<void> {
  for (;;) {
    const { body } = await rest(url, 'GET', `/voice-generator/embeddings?embedding_id=${id}`);
    if (body.embeddings[0].ready) return;
  }
}

/** The paths of a 422, and their kinds. */
const issuesOf = ({ body }: RestReply): [string, string][] =>
  body.detail.map((issue: { loc: string[]; type: string }) => [issue.loc.join('.'), issue.type]);

describe('every route of REST', () => {
  const ALL: [method: string, path: string][] = [
    ['GET', '/voices'],
    ['POST', '/voices'],
    ['POST', '/voices/from-embedding'],
    ['GET', `/voices/${UNKNOWN}`],
    ['PUT', `/voices/${UNKNOWN}`],
    ['DELETE', `/voices/${UNKNOWN}`],
    ['POST', '/voice-generator/generate'],
    ['GET', '/voice-generator/embeddings'],
    ['DELETE', `/voice-generator/embeddings/${UNKNOWN}`],
    ['POST', '/voice-generator/enhance'],
    ['GET', '/voice-generator/available-accents'],
    ['POST', '/voice-generator/localize'],
    ['GET', '/pronunciations'],
    ['POST', '/pronunciations'],
    ['GET', `/pronunciations/${UNKNOWN}`],
    ['PUT', `/pronunciations/${UNKNOWN}`],
    ['DELETE', `/pronunciations/${UNKNOWN}`],
    ['GET', '/usages/credits'],
    ['GET', '/usages/summary'],
    ['GET', '/api-keys/token'],
  ];

  it('is in the banner', async () => {
    const { body } = await rest(await start(), 'GET', '/');
    expect(body.rest).toEqual(ALL.map(([method, path]) => `${method} /api${path.replace(UNKNOWN, '{id}')}`));
  });

  it.each(ALL)(
    '%s %s answers 401 to a wrong key and to none, with an id of the request',
    async (method, path) => {
      const url = await start({ keys: ['good'] });
      for (const key of ['bad', '']) {
        const answer = await rest(url, method, `/api${path}/`, undefined, { 'x-api-key': key });
        expect(answer.status).toBe(401);
        expect(answer.body.detail).toMatch(key === '' ? /no API key/u : /revoked or expired/u);
        expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/u);
      }
      expect((await rest(url, method, path, undefined, { 'x-api-key': 'good' })).status).not.toBe(401);
    },
  );

  it('answers 405 to other methods, with those that there are', async () => {
    const url = await start();
    for (const [method, path, allow] of [
      ['DELETE', '/voices/', 'GET, POST'],
      ['PATCH', `/voices/${UNKNOWN}`, 'GET, PUT, DELETE'],
      ['PATCH', '/voices/from-embedding', 'POST, GET, PUT, DELETE'],
      ['GET', '/voice-generator/generate', 'POST'],
      ['POST', '/api-keys/token', 'GET'],
    ] as const) {
      const answer = await rest(url, method, path);
      expect([answer.status, answer.body]).toEqual([405, { detail: 'Method Not Allowed' }]);
      expect(answer.headers.get('allow')).toBe(allow);
    }
  });

  it('answers 404 for ids that are none, however they are spelled', async () => {
    const url = await start();
    const id = await makeVoice(url);
    expect(
      (
        await rest(
          url,
          'GET',
          `/voices/${encodeURIComponent(id).replace(/^./u, (c) => `%${c.charCodeAt(0).toString(16)}`)}`,
        )
      ).status,
    ).toBe(200);
    for (const odd of [`${id}%2F..%2F${id}`, `x%2F${id}`, '%2e%2e', '%', '%FF', '%00', 'a'.repeat(5_000)]) {
      for (const path of [`/voices/${odd}`, `/pronunciations/${odd}`]) {
        // fetch would make something else of `%2e%2e`.
        const { port } = new URL(url);
        const status = await new Promise((resolve, reject) => {
          const headers = { 'x-api-key': 'any' };
          const asked = request({ port, host: '127.0.0.1', path, headers }, (answer) => {
            answer.resume();
            resolve(answer.statusCode);
          });
          asked.on('error', reject).end();
        });
        expect([path.slice(0, 40), status]).toEqual([path.slice(0, 40), 404]);
      }
    }
    expect((await rest(url, 'GET', `/voices/${id}/${id}`)).status).toBe(404);
  });

  it('answers 204 without a body, and with the type that a client needs', async () => {
    const url = await start();
    const answer = await rest(url, 'DELETE', `/voices/${await makeVoice(url)}`);
    expect([answer.status, answer.body, answer.headers.get('content-type')]).toEqual([
      204,
      undefined,
      'application/json',
    ]);
  });
});

describe('bodies', () => {
  it.each([
    ['nothing', undefined, {}, ['body', 'missing']],
    ['half of a JSON text', '{"name": "a", ', {}, ['body.14', 'json_invalid']],
    ['no JSON at all', 'x', {}, ['body.0', 'json_invalid']],
    ['a list', '[]', {}, ['body', 'model_attributes_type']],
    ['null', 'null', {}, ['body', 'model_attributes_type']],
    ['JSON of another type', '{}', { 'content-type': 'text/plain' }, ['body', 'model_attributes_type']],
  ] as const)('that are %s are answered by 422', async (_, body, headers, issue) => {
    const answer = await rest(await start(), 'POST', '/pronunciations/', body, headers);
    expect(answer.status).toBe(422);
    expect(issuesOf(answer)).toEqual([issue]);
  });

  it('over 16 MiB are answered by 413, and huge names below are kept', async () => {
    const url = await start();
    const name = 'n'.repeat(15 * 1024 * 1024);
    const made = await rest(url, 'POST', '/pronunciations/', { name, language: 'en' });
    expect(made.status).toBe(201);
    expect((await rest(url, 'GET', `/pronunciations/${made.body.uid}`)).body.name).toBe(name);
    const refused = await rest(url, 'POST', '/pronunciations/', { name: name + name, language: 'en' });
    expect([refused.status, refused.body]).toEqual([413, { detail: 'body is larger than 16 MiB' }]);
  });

  it('that break off change nothing', async () => {
    const url = await start();
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const head =
      'POST /pronunciations HTTP/1.1\r\nHost: x\r\nx-api-key: k\r\nContent-Length: 1000\r\n\r\n{"name"';
    await new Promise<void>((resolve) => socket.write(head, () => resolve()));
    socket.destroy();
    expect((await rest(url, 'GET', '/pronunciations')).body.total).toBe(0);
  });
});

describe('voices', () => {
  it('are made, read, changed and deleted', async () => {
    const url = await start();
    const made = await rest(
      url,
      'POST',
      '/voices/',
      voiceForm({ name: 'Me', language: 'en', description: 'mine', start_s: '1.5', timeout_s: '20' }),
    );
    expect([made.status, made.body]).toEqual([
      201,
      { uid: expect.stringMatching(/^[\w]{16}$/u), error: null, was_updated: false },
    ]);
    const { uid } = made.body;
    const voice = {
      uid,
      name: 'Me',
      description: 'mine',
      filename: 'me.wav',
      start_s: 1.5,
      language: 'en',
      tags: [],
      is_catalog: false,
      is_pro_clone: false,
    };
    const got = await rest(url, 'GET', `/voices/${uid}?limit=0&include_catalog=0`);
    expect([got.status, got.body]).toEqual([200, voice]);
    const changes = {
      name: 'You',
      description: null,
      language: 'fr',
      start_s: 2,
      tags: [{ accent: 'us', warm: true, none: null }, { value: 'calm' }, { category: 'age', value: 'old' }],
      rank: 1,
    };
    const changed = await rest(url, 'PUT', `/voices/${uid}`, changes);
    expect([changed.status, changed.body]).toEqual([
      200,
      {
        uid,
        name: 'You',
        description: null,
        language: 'fr',
        filename: 'me.wav',
        start_s: 2,
        stop_s: 12,
        org_uid: expect.stringMatching(/^[0-9a-f-]{36}$/u),
        is_pending: false,
        has_audio: true,
        is_pro_clone: false,
      },
    ]);
    expect((await rest(url, 'GET', `/voices/${uid}`)).body.tags).toEqual([
      { category: 'accent', value: 'us' },
      { category: 'warm', value: 'true' },
      { value: 'calm' },
      { category: 'age', value: 'old' },
    ]);
    expect((await rest(url, 'DELETE', `/voices/${uid}`)).status).toBe(204);
    for (const method of ['GET', 'DELETE', 'PUT']) {
      const gone = await rest(url, method, `/voices/${uid}`, method === 'PUT' ? {} : undefined);
      expect([gone.status, gone.body]).toEqual([404, { detail: 'Voice not found' }]);
    }
  });

  it('stay as they are where a change has nothing to say', async () => {
    const url = await start();
    const id = await makeVoice(url, 'Me', { description: 'mine' });
    const before = (await rest(url, 'GET', `/voices/${id}`)).body;
    await rest(url, 'PUT', `/voices/${id}`, { name: null, start_s: null, tags: null, rank: null });
    expect((await rest(url, 'GET', `/voices/${id}`)).body).toEqual(before);
  });

  it('are listed by rank, then age, in pages; a limit of 0 is none', async () => {
    const url = await start();
    for (const name of ['a', 'b', 'c', 'd']) {
      const id = await makeVoice(url, name);
      if (name === 'd') await rest(url, 'PUT', `/voices/${id}`, { rank: 1 });
    }
    const names = async (query: string): Promise<string> =>
      (await rest(url, 'GET', `/voices/${query}`)).body.map((voice: { name: string }) => voice.name).join('');
    expect(await names('')).toBe('dabc');
    expect(await names('?limit=0')).toBe('dabc');
    expect(await names('?limit=2')).toBe('da');
    expect(await names('?skip=1&limit=2')).toBe('ab');
    expect(await names('?skip=3&limit=0')).toBe('c');
    expect(await names('?skip=9')).toBe('');
  });

  it('of the catalogue are listed behind them when they are asked for, read, and never changed', async () => {
    const url = await start();
    const id = await makeVoice(url);
    const emma = {
      uid: 'YTpq7expH9539ERJ',
      name: 'Emma',
      description: expect.stringMatching(/^A pleasant and smooth female voice/u),
      filename: null,
      start_s: null,
      language: 'en',
      tags: [
        { category: 'country', value: 'US' },
        { category: 'age', value: 'adult' },
        { category: 'gender', value: 'feminine' },
      ],
      is_catalog: true,
      is_pro_clone: false,
    };
    const list = async (query: string): Promise<{ uid: string }[]> =>
      (await rest(url, 'GET', `/voices/?${query}`)).body;
    for (const word of ['1', 'true']) {
      const all = await list(`limit=0&include_catalog=${word}`);
      expect(all).toHaveLength(240);
      expect(all.slice(0, 2)).toEqual([expect.objectContaining({ uid: id, is_catalog: false }), emma]);
    }
    expect(await list('include_catalog=1')).toHaveLength(100);
    expect(await list('include_catalog=1&skip=239')).toHaveLength(1);
    for (const word of ['0', 'false']) expect(await list(`include_catalog=${word}`)).toHaveLength(1);
    expect((await rest(url, 'GET', `/voices/${emma.uid}`)).body).toEqual(emma);
    expect((await rest(url, 'PUT', `/voices/${emma.uid}`, { name: 'x' })).status).toBe(404);
    expect((await rest(url, 'DELETE', `/voices/${emma.uid}`)).status).toBe(404);
    expect((await rest(url, 'POST', '/voice-generator/enhance', { src_voice: emma.uid })).status).toBe(201);
  });

  it.each([
    ['skip=-1', 'query.skip', 'greater_than_equal'],
    ['limit=x', 'query.limit', 'int_parsing'],
    ['limit=1.5', 'query.limit', 'int_parsing'],
    ['include_catalog=perhaps', 'query.include_catalog', 'bool_parsing'],
  ])('listed with %s are answered by 422', async (query, path, type) => {
    const answer = await rest(await start(), 'GET', `/voices/?${query}`);
    expect([answer.status, issuesOf(answer)]).toEqual([422, [[path, type]]]);
  });

  it.each([
    [{ name: '' }, 'body.name', 'string_too_short'],
    [{ name: 1 }, 'body.name', 'string_type'],
    [{ language: 'it' }, 'body.language', 'enum'],
    [{ start_s: -1 }, 'body.start_s', 'greater_than_equal'],
    [{ start_s: 'x' }, 'body.start_s', 'float_parsing'],
    [{ start_s: true }, 'body.start_s', 'float_type'],
    [{ start_s: 11.5 }, 'body.start_s', 'value_error'],
    [{ tags: {} }, 'body.tags', 'list_type'],
    [{ tags: ['x'] }, 'body.tags.0', 'model_attributes_type'],
    [{ tags: [{ a: 1 }] }, 'body.tags.0.a', 'string_type'],
    [{ rank: '1e999' }, 'body.rank', 'finite_number'],
  ])('changed by %j are answered by 422, and stay', async (changes, path, type) => {
    const url = await start();
    const id = await makeVoice(url);
    const before = (await rest(url, 'GET', `/voices/${id}`)).body;
    const answer = await rest(url, 'PUT', `/voices/${id}`, { description: 'new', ...changes });
    expect([answer.status, issuesOf(answer)]).toEqual([422, [[path, type]]]);
    expect((await rest(url, 'GET', `/voices/${id}`)).body).toEqual(before);
  });
});

describe('POST /voices/', () => {
  const create = async (
    form: unknown,
    options?: SandboxOptions,
    headers?: Record<string, string>,
  ): Promise<RestReply> => rest(sandbox?.url ?? (await start(options)), 'POST', '/voices/', form, headers);

  it('says all that is wrong with its fields', async () => {
    const form = voiceForm({ language: 'it', start_s: 'x', timeout_s: '0' });
    form.delete('audio_file');
    const answer = await create(form);
    expect(answer.status).toBe(422);
    expect(answer.body.detail).toEqual([
      { loc: ['body', 'audio_file'], msg: 'Field required', type: 'missing' },
      { loc: ['body', 'name'], msg: 'Field required', type: 'missing' },
      {
        loc: ['body', 'language'],
        msg: "Input should be 'en', 'fr', 'es', 'pt' or 'de'",
        type: 'enum',
      },
      {
        loc: ['body', 'start_s'],
        msg: 'Input should be a valid number, unable to parse string as a number',
        type: 'float_parsing',
      },
      { loc: ['body', 'timeout_s'], msg: 'Input should be greater than 0', type: 'greater_than' },
    ]);
  });

  it('needs a language in strict mode alone', async () => {
    expect((await create(voiceForm({ name: 'a' }))).status).toBe(201);
    await sandbox?.close();
    sandbox = undefined;
    const strict = await create(voiceForm({ name: 'a' }), { mode: 'strict' });
    expect(issuesOf(strict)).toEqual([['body.language', 'missing']]);
  });

  it('needs a file, not text, and a form', async () => {
    const form = voiceForm({ name: 'a' });
    form.set('audio_file', 'text');
    expect(issuesOf(await create(form))).toEqual([['body.audio_file', 'value_error']]);
    expect(issuesOf(await create({ name: 'a' }))).toEqual([
      ['body.audio_file', 'missing'],
      ['body.name', 'missing'],
    ]);
  });

  it.each([
    ['no boundary', 'x', 'multipart/form-data'],
    ['no boundary in the body', 'x', 'multipart/form-data; boundary=b'],
    [
      'no end',
      '--b\r\nContent-Disposition: form-data; name="name"\r\n\r\na',
      'multipart/form-data; boundary=b',
    ],
  ])('answers 400 to a body with %s', async (_, body, type) => {
    const answer = await create(body, {}, { 'content-type': type });
    expect(answer.status).toBe(400);
    expect(answer.body.detail).toMatch(/^There was an error parsing the body: /u);
  });

  it('answers 413 to fields of more than 1 MiB', async () => {
    const half = 'x'.repeat(600_000);
    const answer = await create(voiceForm({ name: half, description: half }));
    expect([answer.status, answer.body.detail]).toEqual([
      413,
      'the fields of the form are larger than 1 MiB',
    ]);
  });

  it('answers 413 to a body of more than 256 MiB, said or sent', async () => {
    const url = await start();
    const upload = (headers: Record<string, string | number>, chunks: number): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const asked = request(`${url}/voices/`, {
          method: 'POST',
          headers: { 'x-api-key': 'any', 'content-type': 'multipart/form-data; boundary=b', ...headers },
        });
        asked.on('error', reject).on('response', (answer) => {
          resolve(answer.statusCode);
          asked.destroy();
        });
        asked.write('--b\r\nContent-Disposition: form-data; name="audio_file"; filename="x.pcm"\r\n\r\n');
        const chunk = Buffer.alloc(1024 * 1024);
        const write = (left: number): void => {
          if (left > 0 && !asked.destroyed) asked.write(chunk, () => write(left - 1));
        };
        write(chunks);
      });
    expect(await upload({ 'content-length': 257 * 1024 * 1024 }, 0)).toBe(413);
    expect(await upload({ 'transfer-encoding': 'chunked' }, 257)).toBe(413);
  });

  async function verdict(
    sample: Uint8Array<ArrayBuffer>,
    filename: string,
    fields = {},
  ): Promise<[boolean, string | null]> {
    const { status, body } = await create(voiceForm({ name: 'a', ...fields }, sample, filename));
    expect(status).toBe(201);
    return [body.uid !== null, body.error];
  }

  it('makes no voice of what is no sample, and says why in a 201', async () => {
    expect(await verdict(new Uint8Array(0), 'a.wav')).toEqual([false, 'the sample is empty']);
    expect(await verdict(new Uint8Array(9000), 'a.wav')).toEqual([
      false,
      expect.stringMatching(/^the sample cannot be read: /u),
    ]);
    expect(await verdict(new Uint8Array(Buffer.from('RIFF')), 'a.wav')).toEqual([
      false,
      expect.stringMatching(/cannot be read/u),
    ]);
    expect(await verdict(new Uint8Array(Buffer.from('OggS')), 'a.ogg')).toEqual([
      false,
      expect.stringMatching(/cannot be read/u),
    ]);
    expect(await verdict(wavOf(0.5), 'a.wav')).toEqual([
      false,
      'the sample of 0.5 s has not the 1 s behind start_s 0 that a voice needs',
    ]);
    expect(await verdict(wavOf(12), 'a.wav', { start_s: '11.5' })).toEqual([
      false,
      expect.stringMatching(/of 12 s .* start_s 11\.5/u),
    ]);
    expect((await rest(sandbox!.url, 'GET', '/voices/')).body).toEqual([]);
  });

  it('gives advice with a voice that has less than 10 s', async () => {
    const advice = [true, 'only 4.5 s of the sample are used: a voice gains from 10 s'];
    expect(await verdict(wavOf(4.5), 'a.wav')).toEqual(advice);
    expect(await verdict(wavOf(12), 'a.wav', { start_s: '7.5' })).toEqual(advice);
    expect(await verdict(wavOf(12), 'a.wav', { start_s: '2' })).toEqual([true, null]);
  });

  it('knows the length of Ogg Opus and of raw samples, by either name, and takes others on trust', async () => {
    const url = await start();
    const speech = { text: 'n'.repeat(25), output_format: 'opus', only_audio: true };
    const { body: opus } = await post(`${url}/post/speech/tts`, speech);
    expect(await verdict(new Uint8Array(opus), 'a.bin')).toEqual([true, expect.stringMatching(/^only 2 s/u)]);
    expect(await verdict(new Uint8Array(48_000 * 2), 'a.pcm')).toEqual([
      true,
      expect.stringMatching(/^only 2 s/u),
    ]);
    expect(await verdict(new Uint8Array(16_000 * 2), 'a', { input_format: 'pcm_8000' })).toEqual([
      true,
      expect.stringMatching(/^only 2 s/u),
    ]);
    expect(await verdict(new Uint8Array(Buffer.from('ID3 whatever')), 'a.mp3')).toEqual([true, null]);
  });

  it('takes 200 MB in constant memory', async () => {
    const url = await start();
    const data = 200_000_000;
    const wav = Buffer.from(wavOf(0));
    wav.writeUInt32LE(36 + data, 4);
    wav.writeUInt32LE(data, 40);
    const before = process.memoryUsage().rss;
    let most = 0;
    const answer = await new Promise<string>((resolve, reject) => {
      const headers = { 'x-api-key': 'any', 'content-type': 'multipart/form-data; boundary=b' };
      const asked = request(`${url}/voices/`, { method: 'POST', headers }, (response) => {
        response.on('data', (text) => resolve(String(text)));
      });
      asked.on('error', reject);
      asked.write('--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nbig\r\n');
      asked.write('--b\r\nContent-Disposition: form-data; name="audio_file"; filename="x.wav"\r\n\r\n');
      asked.write(wav.subarray(0, 44));
      const chunk = Buffer.alloc(1_000_000);
      const write = (left: number): void => {
        most = Math.max(most, process.memoryUsage().rss);
        if (left > 0) asked.write(chunk, () => write(left - 1));
        else asked.end('\r\n--b--\r\n');
      };
      write(data / chunk.length);
    });
    expect(JSON.parse(answer)).toEqual({ uid: expect.any(String), error: null, was_updated: false });
    expect(most - before).toBeLessThan(100_000_000);
  });
});

describe('the voice generator', () => {
  it('makes candidates that become ready, can be kept once, and be deleted', async () => {
    const url = await start();
    const made = await rest(url, 'POST', '/voice-generator/generate', {
      ...GENERATE,
      n_samples: 2,
      json_config: { cfg_scale: 7.5 },
    });
    expect(made.status).toBe(201);
    const candidate = {
      embedding_id: expect.stringMatching(/^vox_emb_\w{16}$/u),
      ready: false,
      expires_at: expect.stringMatching(/Z$/u),
    };
    expect(made.body).toEqual({ embeddings: [candidate, candidate] });
    const id = made.body.embeddings[1].embedding_id;
    const early = await rest(url, 'POST', '/voices/from-embedding', { voxium_embedding_id: id, name: 'Old' });
    expect([early.status, early.body]).toEqual([400, { detail: `Embeddings not found for ${id}` }]);
    await untilReady(url, id);
    const listed = await rest(url, 'GET', '/voice-generator/embeddings');
    expect(listed.body.embeddings).toHaveLength(2);
    expect(listed.body.embeddings[1]).toEqual({
      ...candidate,
      ready: true,
      prompt: 'an old man',
      language: 'en',
      created_at: expect.stringMatching(/Z$/u),
      kind: 'generate',
      generate_config: { cfg_scale: 7.5 },
    });
    const keep = { voxium_embedding_id: id, name: 'Old', description: 'kept' };
    const kept = await rest(url, 'POST', '/voices/from-embedding', keep);
    expect([kept.status, kept.body]).toEqual([
      201,
      { uid: expect.any(String), name: 'Old', description: 'kept', language: 'en' },
    ]);
    expect((await rest(url, 'GET', `/voices/${kept.body.uid}`)).body).toMatchObject({
      name: 'Old',
      filename: '',
    });
    const changed = await rest(url, 'PUT', `/voices/${kept.body.uid}`, {});
    expect(changed.body).toMatchObject({ stop_s: null, has_audio: false });
    expect((await rest(url, 'POST', '/voices/from-embedding', keep)).status).toBe(409);
    expect((await rest(url, 'DELETE', `/voice-generator/embeddings/${id}`)).status).toBe(204);
    const gone = await rest(url, 'DELETE', `/voice-generator/embeddings/${id}`);
    expect([gone.status, gone.body]).toEqual([404, { detail: 'Embedding not found' }]);
    expect((await rest(url, 'GET', `/voices/${kept.body.uid}`)).status).toBe(200);
  });

  it('lists pages, one candidate, and nothing for an unknown one', async () => {
    const url = await start();
    const made = await rest(url, 'POST', '/voice-generator/generate', { ...GENERATE, n_samples: 3 });
    const ids = made.body.embeddings.map((one: { embedding_id: string }) => one.embedding_id);
    const list = async (query: string): Promise<string[]> => {
      const { body } = await rest(url, 'GET', `/voice-generator/embeddings?${query}`);
      return body.embeddings.map((one: { embedding_id: string }) => one.embedding_id);
    };
    expect(await list('')).toEqual(ids);
    expect(await list('skip=1&limit=1')).toEqual([ids[1]]);
    expect(await list(`embedding_id=${ids[2]}`)).toEqual([ids[2]]);
    expect(await list(`embedding_id=${UNKNOWN}`)).toEqual([]);
    const wrong = await rest(url, 'GET', '/voice-generator/embeddings?limit=0&skip=x');
    expect(issuesOf(wrong)).toEqual([
      ['query.skip', 'int_parsing'],
      ['query.limit', 'greater_than_equal'],
    ]);
  });

  it('enhances and localizes voices and candidates that are ready', async () => {
    const url = await start();
    const voice = await makeVoice(url);
    const candidate = await makeCandidate(url);
    const early = await rest(url, 'POST', '/voice-generator/enhance', { src_voice: candidate });
    expect(early.status).toBe(409);
    await untilReady(url, candidate);
    for (const src_voice of [voice, candidate]) {
      const enhanced = await rest(url, 'POST', '/voice-generator/enhance', { src_voice, n_samples: 5 });
      expect([enhanced.status, enhanced.body.embeddings.length]).toEqual([201, 5]);
      const localized = await rest(url, 'POST', '/voice-generator/localize', {
        src_voice,
        target_language: 'fr',
        gender: 'female',
      });
      expect([localized.status, localized.body.embeddings.length]).toEqual([201, 1]);
      const { body } = await rest(
        url,
        'GET',
        `/voice-generator/embeddings?embedding_id=${localized.body.embeddings[0].embedding_id}`,
      );
      expect(body.embeddings[0]).toMatchObject({
        kind: 'edit_language',
        language: 'fr',
        prompt: null,
        edit_language_config: { src_voice, target_language: 'fr', accent: 'french', gender: 'female' },
      });
    }
    for (const [path, more] of [
      ['enhance', {}],
      ['localize', { target_language: 'fr' }],
    ] as const) {
      const unknown = await rest(url, 'POST', `/voice-generator/${path}`, { src_voice: UNKNOWN, ...more });
      expect([unknown.status, unknown.body]).toEqual([404, { detail: 'Voice not found' }]);
    }
  });

  it('lists accents by language, which localize takes', async () => {
    const url = await start();
    const { status, body } = await rest(url, 'GET', '/voice-generator/available-accents');
    expect(status).toBe(200);
    expect(Object.keys(body.languages).sort()).toEqual(['de', 'en', 'es', 'fr', 'pt']);
    const src_voice = await makeVoice(url);
    for (const accent of body.languages.en) {
      const made = await rest(url, 'POST', '/voice-generator/localize', {
        src_voice,
        target_language: 'en',
        accent,
      });
      expect(made.status).toBe(201);
    }
  });

  it.each([
    [
      'generate',
      {},
      [
        ['body.prompt', 'missing'],
        ['body.language', 'missing'],
      ],
    ],
    [
      'generate',
      { prompt: '', language: null },
      [
        ['body.prompt', 'string_too_short'],
        ['body.language', 'string_type'],
      ],
    ],
    ['generate', { ...GENERATE, prompt: 'é'.repeat(501) }, [['body.prompt', 'string_too_long']]],
    ['generate', { ...GENERATE, n_samples: 6 }, [['body.n_samples', 'less_than_equal']]],
    ['generate', { ...GENERATE, n_samples: 1.5 }, [['body.n_samples', 'int_from_float']]],
    ['generate', { ...GENERATE, n_samples: {} }, [['body.n_samples', 'int_type']]],
    ['generate', { ...GENERATE, json_config: 'x' }, [['body.json_config', 'model_attributes_type']]],
    [
      'generate',
      { ...GENERATE, json_config: { cfg_scale: 0.5 } },
      [['body.json_config.cfg_scale', 'greater_than_equal']],
    ],
    ['enhance', { src_voice: 'x'.repeat(65) }, [['body.src_voice', 'string_too_long']]],
    [
      'localize',
      { src_voice: 'x', target_language: 'it', gender: 'x', accent: 'x'.repeat(101) },
      [
        ['body.target_language', 'enum'],
        ['body.accent', 'string_too_long'],
        ['body.gender', 'enum'],
      ],
    ],
    [
      'localize',
      { src_voice: 'x', target_language: 'en', accent: 'french' },
      [['body.accent', 'value_error']],
    ],
  ])('answers 422 to %s with %j', async (path, body, issues) => {
    const answer = await rest(await start(), 'POST', `/voice-generator/${path}`, body);
    expect([answer.status, issuesOf(answer)]).toEqual([422, issues]);
  });
});

describe('pronunciations', () => {
  it('are made, read, changed and deleted', async () => {
    const url = await start();
    const made = await rest(url, 'POST', '/pronunciations/', DICTIONARY);
    const dictionary = {
      uid: expect.stringMatching(/^\w{16}$/u),
      name: 'words',
      language: 'en',
      description: null,
      org_uid: expect.stringMatching(/^[0-9a-f-]{36}$/u),
      created_at: expect.stringMatching(/Z$/u),
      rules: [{ id: 1, original: 'SQL', rewrite: 'sequel', case_sensitive: false }],
    };
    expect([made.status, made.body]).toEqual([201, dictionary]);
    const path = `/pronunciations/${made.body.uid}`;
    expect((await rest(url, 'GET', path)).body).toEqual(made.body);
    const rules = [
      { original: 'a', rewrite: '', case_sensitive: true },
      { original: 'b', rewrite: 'c' },
    ];
    const changed = await rest(url, 'PUT', path, { rules, description: 'd' });
    expect([changed.status, changed.body]).toEqual([
      200,
      {
        ...made.body,
        description: 'd',
        rules: [
          { id: 1, original: 'a', rewrite: '', case_sensitive: true },
          { id: 2, original: 'b', rewrite: 'c', case_sensitive: false },
        ],
      },
    ]);
    const cleared = await rest(url, 'PUT', path, { name: 'n', language: 'fr', description: null, rules: [] });
    expect(cleared.body).toEqual({ ...made.body, name: 'n', language: 'fr', rules: [] });
    expect((await rest(url, 'DELETE', path)).status).toBe(204);
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const gone = await rest(url, method, path, method === 'PUT' ? {} : undefined);
      expect([gone.status, gone.body]).toEqual([404, { detail: 'Pronunciation dictionary not found' }]);
    }
  });

  it('are listed in pages, by language, with how many there are', async () => {
    const url = await start();
    for (const [name, language] of [
      ['a', 'en'],
      ['b', 'fr'],
      ['c', 'en'],
      ['d', 'en'],
    ]) {
      await rest(url, 'POST', '/pronunciations', { name, language });
    }
    const list = async (query: string): Promise<[string, number]> => {
      const { body } = await rest(url, 'GET', `/pronunciations/?${query}`);
      return [body.dictionaries.map((one: { name: string }) => one.name).join(''), body.total];
    };
    expect(await list('')).toEqual(['abcd', 4]);
    expect(await list('limit=0')).toEqual(['abcd', 4]);
    expect(await list('offset=1&limit=2')).toEqual(['bc', 4]);
    expect(await list('language=en&limit=2')).toEqual(['ac', 3]);
    expect(await list('language=pt')).toEqual(['', 0]);
    const wrong = await rest(url, 'GET', '/pronunciations?limit=1001&offset=-1');
    expect(issuesOf(wrong)).toEqual([
      ['query.limit', 'less_than_equal'],
      ['query.offset', 'greater_than_equal'],
    ]);
  });

  it('that are wrong are answered by 422', async () => {
    const answer = await rest(await start(), 'POST', '/pronunciations', {
      name: 'a',
      rules: [{ original: 'a', rewrite: 'b' }, { original: '', case_sensitive: 'perhaps' }, 'x'],
    });
    expect(answer.status).toBe(422);
    expect(issuesOf(answer)).toEqual([
      ['body.language', 'missing'],
      ['body.rules.2', 'model_attributes_type'],
      ['body.rules.1.original', 'string_too_short'],
      ['body.rules.1.rewrite', 'missing'],
      ['body.rules.1.case_sensitive', 'bool_parsing'],
    ]);
  });
});

describe('usages', () => {
  it('have credits in whole numbers, and a summary of nothing', async () => {
    const url = await start();
    expect((await rest(url, 'GET', '/usages/credits')).body).toEqual({
      remaining_credits: 1_000_000_000,
      allocated_credits: 1_000_000_000,
      billing_period: 'monthly',
      next_rollover_date: expect.stringMatching(/^\d{4}-\d\d-01$/u),
      plan_name: 'sandbox',
    });
    expect((await rest(url, 'GET', '/usages/summary')).body).toEqual({
      consumed_credits: 0,
      egress_audio_duration: 0,
      egress_messages: 0,
      egress_text_size: 0,
      ingress_audio_duration: 0,
      ingress_messages: 0,
      ingress_text_size: 0,
      sessions: 0,
    });
  });
});

describe('any JSON', () => {
  const name = fc.constantFrom(
    'name',
    'language',
    'description',
    'start_s',
    'tags',
    'rank',
    'rules',
    'original',
    'rewrite',
    'case_sensitive',
    'prompt',
    'n_samples',
    'json_config',
    'cfg_scale',
    'src_voice',
    'target_language',
    'accent',
    'gender',
    'voxium_embedding_id',
    '__proto__',
    'value',
    'category',
  );
  const leaf = fc.oneof(
    fc.constantFrom('en', 'male', '', null, true, 0, 1, -1, 1e308, '1e999', '0x10'),
    fc.jsonValue({ maxDepth: 1 }),
  );
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      leaf,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(name, tie('value'), { maxKeys: 6 }),
    ),
  }));

  it('is answered by 2xx or 4xx, and the log has no story of ours', async () => {
    const log: string[] = [];
    const url = await start({ log: (line) => log.push(line) });
    const id = await makeVoice(url);
    const dictionary = (await rest(url, 'POST', '/pronunciations', DICTIONARY)).body.uid;
    const routes = [
      ['POST', '/pronunciations'],
      ['PUT', `/pronunciations/${dictionary}`],
      ['PUT', `/voices/${id}`],
      ['POST', '/voices/from-embedding'],
      ['POST', '/voice-generator/generate'],
      ['POST', '/voice-generator/enhance'],
      ['POST', '/voice-generator/localize'],
    ] as const;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...routes), value, async ([method, path], body) => {
        const { status } = await rest(url, method, path, JSON.stringify(body));
        expect([200, 201, 400, 404, 409, 422]).toContain(status);
      }),
      { numRuns: 300 },
    );
    expect((await rest(url, 'GET', '/voices')).body).toHaveLength(1);
    expect(log.filter((line) => / 500 /u.test(line))).toEqual([]);
  });
});
