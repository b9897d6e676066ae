/**
 * Stories of the REST resources, told through the public API to a real sandbox, and to its voice and ear.
 * Not here: each call with each fault (rest-matrix.test.ts), what the sandbox answers in which words (test/unit/sandbox).
 */
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { applyPronunciations, Gradium, rewriteText } from '../../src/gradium/index.js';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/index.js';
import { multipartForm } from '../../src/speech/multipart.js';
import { said, start } from '../unit/cli/run.js';
import { RequestWatch } from './request-watch.js';
import { FORMAT, WIRE } from './speech-apis.js';

const fixture = (name: string) =>
  fileURLToPath(new URL(`../fixtures/audio/wav/${name}.wav`, import.meta.url));
/** 11 s of a speech. */
const RECORDING = fixture('speech-16k-mono-s16-list-before-data-jfk');
/** A second of silence: a sample is not listened to. */
const SECOND = Buffer.alloc(8_000, 0xff);
const SECOND_OPTIONS = { language: 'en', inputFormat: 'ulaw_8000', fileName: 'a.ulaw' } as const;

let sandbox: Sandbox | undefined;
afterEach(async () => {
  await sandbox?.close();
  sandbox = undefined;
});

async function begin(options: SandboxOptions = {}): Promise<Gradium> {
  sandbox = await startSandbox(options);
  return new Gradium({ apiKey: 'any', baseUrl: sandbox.url });
}

/** What the sandbox hears when its voice says the text. */
async function heard(
  { tts, stt }: Gradium,
  text: string,
  options: Parameters<Gradium['tts']['synthesize']>[1] = {},
): Promise<string> {
  const { data } = await tts.synthesize(text, { outputFormat: WIRE, ...options });
  return (await stt.transcribe(data, { format: FORMAT })).text;
}

const failureOf = (call: Promise<unknown>) =>
  call.then(
    () => 'no failure',
    (error: unknown) => error,
  );

describe('a voice', () => {
  it('is cloned from a recording, speaks, is renamed, and is silent once it is deleted', async () => {
    const client = await begin({ mode: 'strict' });
    const { voices } = client;
    const made = await voices.create(RECORDING, { name: 'Jack', language: 'en', startS: 1 });
    expect(made).toEqual({ id: expect.any(String), wasUpdated: false });
    const voice = await voices.get(made.id);
    expect(voice).toMatchObject({ name: 'Jack', startS: 1, language: 'en', isCatalog: false });
    expect(voice.filename).toBe('speech-16k-mono-s16-list-before-data-jfk.wav');
    expect(await heard(client, 'Ask not', { voiceId: made.id })).toBe('Ask not');

    const { name, stopS } = await voices.update(made.id, { name: 'Jack at work', startS: 0.5 });
    expect([name, stopS]).toEqual(['Jack at work', 10.5]);
    expect((await voices.list({ includeCatalog: true }).toArray()).filter((one) => !one.isCatalog)).toEqual([
      { ...voice, name: 'Jack at work', startS: 0.5 },
    ]);

    await voices.delete(made.id);
    for (const transport of ['websocket', 'post'] as const) {
      const failure = await failureOf(client.tts.synthesize('Ask not', { voiceId: made.id, transport }));
      expect(failure).toMatchObject({ name: 'SpeechApiError', apiCode: 1008, retryable: false });
    }
    await expect(voices.delete(made.id)).rejects.toMatchObject({ apiCode: 404 });
  });

  it('gets advice where the sample is short, and is none where it is no sample', async () => {
    const { voices } = await begin();
    const options = { name: 'Short', language: 'en' };
    const { advice, id } = await voices.create(fixture('speech-16k-mono-s16'), options);
    expect(advice).toContain('3.4');
    const failure = await failureOf(voices.create(fixture('bad-form-not-wave'), options));
    expect(failure).toMatchObject({
      name: 'SpeechApiError',
      retryable: false,
      requestId: expect.any(String),
    });
    expect((await voices.list().toArray()).map((voice) => voice.id)).toEqual([id]);
  });

  it('comes of words: a candidate speaks once it is ready, and is kept once', async () => {
    const client = await begin({ mode: 'strict' });
    const { voiceGenerator, voices } = client;
    const made = await voiceGenerator.generate('a calm old sailor', { language: 'de', samples: 3 });
    const ids = made.map(({ id }) => id);
    expect(new Set(ids).size).toBe(3);
    const ready = await voiceGenerator.whenReady(ids, { pollMs: 100 });
    expect(ready.map(({ id, language }) => [id, language])).toEqual(ids.map((id) => [id, 'de']));
    const [first = '', second = '', third = ''] = ids;
    expect(await heard(client, 'Ahoi', { voiceId: first })).toBe('Ahoi');

    const kept = await voices.fromEmbedding(first, { name: 'Sailor', description: 'calm' });
    expect(kept).toEqual({ id: kept.id, name: 'Sailor', description: 'calm', language: 'de' });
    expect(await heard(client, 'Ahoi', { voiceId: kept.id })).toBe('Ahoi');
    const again = await failureOf(voices.fromEmbedding(first, { name: 'Sailor' }));
    expect(again).toMatchObject({ name: 'SpeechApiError', apiCode: 409, retryable: false });

    await voiceGenerator.delete(second);
    await expect(voiceGenerator.whenReady([third, second])).rejects.toMatchObject({ apiCode: 404 });
    await expect(voices.fromEmbedding(second, { name: 'Gone' })).rejects.toMatchObject({ apiCode: 400 });
    expect((await voiceGenerator.list().toArray()).map(({ id }) => id).sort()).toEqual([first, third].sort());
    expect((await voices.list().toArray()).map(({ id }) => id)).toEqual([kept.id]);
  });
});

describe('what is said', () => {
  const DICTIONARY = {
    name: 'words',
    language: 'en',
    rules: [
      { original: 'SQL', rewrite: 'sequel', caseSensitive: true },
      { original: 'new york', rewrite: 'the Big Apple' },
      { original: 'kHz', rewrite: 'kilohertz' },
    ],
  };
  const TEXT = 'SQL in New York, sql at 48 kHz.';

  it.each(['websocket', 'post'] as const)('is what a dictionary previews, over %s', async (transport) => {
    const client = await begin();
    const dictionary = await client.pronunciations.create(DICTIONARY);
    const speak = () => heard(client, TEXT, { transport, pronunciationId: dictionary.id });
    const preview = applyPronunciations(TEXT, dictionary);
    expect(preview).toBe('sequel in the Big Apple, sql at 48 kilohertz.');
    expect(await speak()).toBe(preview);
    expect(await heard(client, TEXT, { transport })).toBe(TEXT);

    const changed = await client.pronunciations.update(dictionary.id, {
      rules: DICTIONARY.rules.slice(0, 1),
    });
    expect(await speak()).toBe(applyPronunciations(TEXT, changed));
    await client.pronunciations.delete(dictionary.id);
    expect(await failureOf(speak())).toMatchObject({ apiCode: 1008, retryable: false });
  });

  it.each([
    ['en', 'Call +44 20 7946 0958 at 14:30 on 05/12/2024 or write to ann@sluice.io.'],
    ['fr', 'Le 05/12/2024 à 14h30, appelez le 06 12 34 56 78.'],
    ['de', 'Am 05.12.2024 um 14:30 unter 030 1234567.'],
    ['es', 'El 05/12/2024 por 1234567 euros.'],
    ['pt', 'Em 05/12/2024 por 1234567 euros.'],
    ['TimeEn,Date', 'At 14:30 on 05/12/2024, not 1234567.'],
  ])('is rewritten by the rules %s where they are sent, and only there', async (rewriteRules, text) => {
    const client = await begin();
    const rewritten = rewriteText(text, rewriteRules);
    expect(rewritten).not.toBe(text);
    expect(await heard(client, text, { rewriteRules })).toBe(words(rewritten));
    expect(await heard(client, text)).toBe(text);
    expect(await heard(client, text, { rewriteRules: 'none' })).toBe(text);
  });

  it('obeys a dictionary before the rules', async () => {
    const client = await begin();
    const rules = [{ original: 'noon', rewrite: '12:00' }];
    const dictionary = await client.pronunciations.create({ name: 'n', language: 'en', rules });
    const text = 'Come at noon.';
    const preview = rewriteText(applyPronunciations(text, dictionary), 'en');
    expect(preview).not.toContain('12:00');
    expect(await heard(client, text, { pronunciationId: dictionary.id, rewriteRules: 'en' })).toBe(preview);
  });
});

/** As they are heard. */
const words = (text: string) => text.split(/\s+/u).filter(Boolean).join(' ');

describe('credits', () => {
  it('go down by 1 for a character and 3 for a second', async () => {
    const client = await begin({ credits: 1_000 });
    const remaining = async () => (await client.credits.get()).remaining;
    for (const transport of ['websocket', 'post'] as const) {
      const before = await remaining();
      await client.tts.synthesize('Grüße 👋', { transport });
      expect(before - (await remaining())).toBe(7);
      // 4 s of silence.
      const silence = Buffer.alloc(4 * 2 * 16_000);
      await client.stt.transcribe(silence, { format: FORMAT, transport });
      expect(before - (await remaining())).toBe(7 + 12);
    }
    const { consumedCredits, sessions, ingressAudioS, ingressChars } = await client.usage.summary();
    expect([consumedCredits, sessions, ingressAudioS, ingressChars]).toEqual([38, 4, 8, 14]);
  });

  it.each(['websocket', 'post'] as const)('that are used up end in an error, over %s', async (transport) => {
    const client = await begin({ credits: 5 });
    await client.tts.synthesize('Hello', { transport });
    expect((await client.credits.get()).remaining).toBe(0);
    const due = { name: 'SpeechApiError', apiCode: 1008, retryable: false };
    expect(await failureOf(client.tts.synthesize('!', { transport }))).toMatchObject(due);
    const silence = Buffer.alloc(32_000);
    expect(await failureOf(client.stt.transcribe(silence, { format: FORMAT, transport }))).toMatchObject(due);
    expect(sandbox?.received().sessions).toHaveLength(3);
    // What costs nothing goes on.
    expect(await client.voices.list().toArray()).toEqual([]);
  });
});

describe('lists', () => {
  const COUNT = 250;
  const PAGE = 7;

  /** One after the other: their order is the order of the list. */
  async function ids(make: (name: string) => Promise<{ id: string }>): Promise<string[]> {
    const made: string[] = [];
    for (let i = 0; i < COUNT; i++) made.push((await make(`n${i}`)).id);
    return made;
  }

  it('give 250 dictionaries in pages of 7, and no more pages than are read', async () => {
    const { pronunciations } = await begin();
    const made = await ids((name) => pronunciations.create({ name, language: 'en' }));
    using watch = new RequestWatch(sandbox?.url ?? '');
    const listed = await pronunciations.list({ pageSize: PAGE }).toArray();
    expect(watch.requests).toBe(Math.ceil(COUNT / PAGE));
    expect(listed.map(({ id }) => id)).toEqual(made);
    expect(listed.map(({ name }) => name)).toEqual(made.map((_, i) => `n${i}`));
    const rest = await pronunciations.list({ pageSize: PAGE, skip: 245 }).toArray();
    expect(rest.map(({ id }) => id)).toEqual(made.slice(245));
    expect(await pronunciations.list({ language: 'fr', pageSize: PAGE }).toArray()).toEqual([]);
    watch.clear();
    const some: string[] = [];
    for await (const { id } of pronunciations.list({ pageSize: PAGE })) if (some.push(id) === 2 * PAGE) break;
    expect(some).toEqual(made.slice(0, 2 * PAGE));
    expect(watch.requests).toBe(2);
  });

  it('give 250 voices in pages of 7', async () => {
    const { voices } = await begin();
    const made = await ids((name) => voices.create(SECOND, { name, ...SECOND_OPTIONS }));
    const listed = await voices.list({ pageSize: PAGE }).toArray();
    expect(listed.map(({ id }) => id)).toEqual(made);
    const all = await voices.list({ pageSize: PAGE, includeCatalog: true }).toArray();
    expect(all.slice(0, COUNT)).toEqual(listed);
    expect(all.slice(COUNT).map(({ id }) => id)).toEqual(voices.catalogue.voices.map(({ id }) => id));
  });
});

describe('whatever it is called', () => {
  /** Ids that would lead elsewhere, were they taken as they are. */
  const IDS = [
    '/',
    'a/b',
    '../voices',
    '..%2f',
    '%2e%2e',
    '?',
    'a?limit=0',
    '#',
    '%',
    '%00',
    '\\',
    ' ',
    '👋',
    'é',
    '\0',
  ];

  it.each(IDS)('an id such as %j is that of nothing', async (id) => {
    const { voices, pronunciations, voiceGenerator } = await begin();
    const voice = await voices.create(SECOND, { name: 'a', ...SECOND_OPTIONS });
    const dictionary = await pronunciations.create({ name: 'a', language: 'en' });
    // What `../voices` would be for a dictionary, and the other way round.
    const ids = [id, `../voices/${voice.id}`, `../pronunciations/${dictionary.id}`, `${voice.id}/${id}`];
    for (const one of ids) {
      const calls = [
        voices.get(one),
        voices.update(one, { name: 'b' }),
        voices.delete(one),
        pronunciations.get(one),
        pronunciations.update(one, { name: 'b' }),
        pronunciations.delete(one),
        voiceGenerator.delete(one),
        voiceGenerator.whenReady([one]),
      ];
      for (const failure of await Promise.all(calls.map(failureOf))) {
        expect(failure).toMatchObject({ name: 'SpeechApiError', apiCode: 404, retryable: false });
      }
      expect(await voiceGenerator.list({ id: one }).toArray()).toEqual([]);
    }
    expect((await voices.list().toArray()).map(({ name }) => name)).toEqual(['a']);
    expect((await pronunciations.list().toArray()).map(({ name }) => name)).toEqual(['a']);
  });

  it.each(['', '.', '..', '\ud83d'])('an id such as %j is refused before anything is sent', async (id) => {
    const { voices, pronunciations, voiceGenerator } = await begin();
    using watch = new RequestWatch(sandbox?.url ?? '');
    for (const call of [
      () => voices.get(id),
      () => voices.update(id, { name: 'b' }),
      () => voices.delete(id),
      () => pronunciations.get(id),
      () => pronunciations.update(id, { name: 'b' }),
      () => pronunciations.delete(id),
      () => voiceGenerator.delete(id),
    ]) {
      await expect(call()).rejects.toMatchObject({ name: 'RangeError', code: 'ERR_INVALID_ARG' });
    }
    expect(watch.requests).toBe(0);
  });

  it('names and descriptions of 100 000 characters come back as they went', async () => {
    const { voices, pronunciations } = await begin();
    const name = 'é👋"\r\n--;%22\t'.repeat(10_000).slice(0, 100_000);
    const description = `--sluice-${'x'.repeat(100_000)}`;
    const voice = await voices.create(SECOND, { name, description, ...SECOND_OPTIONS });
    expect(await voices.get(voice.id)).toMatchObject({ name, description });
    await voices.update(voice.id, { name: description, description: name });
    expect(await voices.list().toArray()).toMatchObject([{ name: description, description: name }]);
    const rules = [{ original: name, rewrite: description, caseSensitive: false }];
    const dictionary = await pronunciations.create({ name, description, language: 'en', rules });
    expect(await pronunciations.get(dictionary.id)).toEqual(dictionary);
    expect(dictionary).toMatchObject({ name, description, rules });
  });
});

describe('samples', () => {
  const MB = 1024 * 1024;
  /** Of the resident memory, garbage included: some 40 MB were measured. Half of the sample in memory would show. */
  const MAX_GROWTH_BYTES = 96 * MB;

  it('of 200 MB go up from a stream, to a sandbox in a process of its own, in constant memory', async () => {
    const child = start(['sandbox']);
    try {
      child.stdin.end();
      const [url = ''] = (await said(child.stdout, /http\S+\n/u)).split('\n');
      const { voices } = new Gradium({ apiKey: 'any', baseUrl: url });
      const before = process.memoryUsage.rss();
      let most = 0;
      async function* sample(): AsyncGenerator<Buffer> {
        for (let i = 0; i < 200; i++) {
          yield Buffer.alloc(MB);
          most = Math.max(most, process.memoryUsage.rss() - before);
        }
      }
      const options = { name: 'Long', language: 'en', inputFormat: 'pcm_48000', fileName: 'long.pcm' };
      const made = await voices.create(sample(), { ...options, startS: 2_000 });
      expect(made).toEqual({ id: made.id, wasUpdated: false });
      // All of it came: 200 MB are 2 184.5 s, so there is enough behind this place, and not behind the next.
      expect((await voices.update(made.id, { startS: 2_183 })).stopS).toBeCloseTo((200 * MB) / 96_000, 3);
      await expect(voices.update(made.id, { startS: 2_184 })).rejects.toMatchObject({
        apiCode: 422,
        details: [{ path: 'body.start_s' }],
      });
      expect(most).toBeLessThan(MAX_GROWTH_BYTES);
    } finally {
      child.kill('SIGKILL');
    }
  });

  /** Megabytes without end, and what became of them. */
  function endless() {
    const told = { megabytes: 0, closed: false };
    async function* sample(): AsyncGenerator<Buffer> {
      try {
        for (;;) {
          told.megabytes++;
          yield Buffer.alloc(MB);
        }
      } finally {
        told.closed = true;
      }
    }
    return { told, sample: sample() };
  }

  it.each<[string, SandboxOptions, object, number]>([
    ['by a key that is none', { keys: ['another'] }, { apiCode: 401 }, 64],
    ['by too much to do', { faults: [{ kind: 'refuse', route: 'rest', status: 429 }] }, { apiCode: 429 }, 64],
    ['for their length', {}, { apiCode: 413 }, 320],
  ])('that are refused %s while they go up end there, and make no voice', async (_, options, due, most) => {
    const { voices } = await begin(options);
    const { told, sample } = endless();
    const failure = await failureOf(voices.create(sample, { name: 'Long', ...SECOND_OPTIONS }));
    expect(failure).toMatchObject({ name: 'SpeechApiError', requestId: expect.any(String), ...due });
    expect(told.closed).toBe(true);
    expect(told.megabytes).toBeLessThan(most);
    if (options.keys === undefined) {
      sandbox?.setFaults([]);
      expect(await voices.list().toArray()).toEqual([]);
    }
  });

  it('that break off on our side make no voice, and the error is left as it is', async () => {
    const { voices } = await begin();
    const reason = new Error('enough');
    async function* broken(): AsyncGenerator<Buffer> {
      yield Buffer.alloc(MB);
      throw reason;
    }
    await expect(voices.create(broken(), { name: 'Half', ...SECOND_OPTIONS })).rejects.toBe(reason);
    const ending = new AbortController();
    const { told, sample } = endless();
    using watch = new RequestWatch(sandbox?.url ?? '');
    const asked = watch.next();
    const call = voices.create(sample, { name: 'Half', ...SECOND_OPTIONS, signal: ending.signal });
    call.catch(() => {});
    await asked;
    ending.abort(reason);
    await expect(call).rejects.toBe(reason);
    await vi.waitFor(() => expect([told.closed, watch.open]).toEqual([true, 0]));
    expect(await voices.list().toArray()).toEqual([]);
  });

  it('whose form is cut anywhere, or damaged, make no voice, and the next one does', async () => {
    const { voices } = await begin();
    const url = sandbox?.url ?? '';
    const { contentType, body } = await formOf(SECOND);
    const send = async (bytes: Buffer, type = contentType) => {
      const headers = { 'x-api-key': 'any', 'content-type': type };
      const answer = await fetch(`${url}/api/voices/`, {
        method: 'POST',
        headers,
        body: new Uint8Array(bytes),
      });
      return { status: answer.status, body: (await answer.json()) as { detail?: unknown } };
    };
    const boundary = contentType.split('=')[1] ?? '';
    // Every place within the lines around the sample, some within it; not the last line break, which nobody needs.
    const lengths = Array.from({ length: body.length - 2 }, (_, length) => length).filter(
      (length) => length < 500 || length > body.length - 100 || length % 499 === 0,
    );
    const damaged: [Buffer, string?][] = [
      ...lengths.map((length): [Buffer] => [body.subarray(0, length)]),
      [body, 'multipart/form-data'],
      [body, 'multipart/form-data; boundary='],
      [body, `multipart/form-data; boundary=${boundary}x`],
      [body, `multipart/form-data; boundary=${'x'.repeat(10_000)}`],
      [body, 'application/json'],
      [Buffer.concat([Buffer.alloc(MB, 'x'), body]).subarray(0, MB)],
      [Buffer.from(`--${boundary}\r\n${'x'.repeat(MB)}\r\n\r\n--${boundary}--\r\n`)],
      [Buffer.from(body.toString('latin1').replaceAll('form-data', 'attachment'), 'latin1')],
      [Buffer.from(body.toString('latin1').replaceAll('name=', 'nom='), 'latin1')],
    ];
    const statuses = new Set<number>();
    for (const [bytes, type] of damaged) {
      const answer = await send(bytes, type);
      expect(answer, `${type} ${bytes.length}`).toMatchObject({ body: { detail: expect.anything() } });
      statuses.add(answer.status);
    }
    expect([...statuses].sort()).toEqual([400, 422]);
    expect(await voices.list().toArray()).toEqual([]);
    expect((await send(body)).status).toBe(201);
    expect(await voices.list().toArray()).toHaveLength(1);
  });
});

/** The form that a voice is made by, as the client writes it. */
async function formOf(sample: Buffer): Promise<{ contentType: string; body: Buffer }> {
  const chunks = [sample];
  const fields = [
    ['name', 'Me'],
    ['language', 'en'],
    ['input_format', 'ulaw_8000'],
  ] as const;
  const { contentType, reader } = multipartForm(fields, {
    name: 'audio_file',
    fileName: 'me.ulaw',
    bytes: undefined,
    reader: { next: async () => chunks.shift(), close: () => {} },
  });
  const body: Uint8Array[] = [];
  for (let part = await reader.next(); part; part = await reader.next()) body.push(part);
  return { contentType, body: Buffer.concat(body) };
}
