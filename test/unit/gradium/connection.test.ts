// Many requests over few sockets, against the sandbox, which multiplexes as the service does.
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Gradium, type GradiumConnection } from '../../../src/gradium/index.js';
import { type Fault, type Sandbox, type SandboxOptions, startSandbox } from '../../../src/sandbox/index.js';

const TEXTS = ['alpha bravo charlie', 'one two three four', 'yes', 'the quick brown fox'];

/** Some seconds, so that there is progress to be told of before its end. */
const LONG_TEXT = TEXTS.join(' ').repeat(4);

let sandbox: Sandbox;
let client: Gradium;
let log: string[];
const wavs: Buffer[] = [];
let longWav: Buffer;

beforeAll(async () => {
  await using server = await startSandboxFor({});
  const { tts } = new Gradium({ apiKey: 'any', baseUrl: server.url });
  for (const text of TEXTS) wavs.push((await tts.synthesize(text)).data);
  longWav = (await tts.synthesize(LONG_TEXT)).data;
});

beforeEach(async () => {
  log = [];
  sandbox = await startSandbox({ log: (line) => log.push(line) });
  client = new Gradium({ apiKey: 'any', baseUrl: sandbox.url });
});

afterEach(() => sandbox.close());

/** Sockets on which speech was transcribed. */
const sttSockets = () => log.filter((line) => /^(asr|stt) \d+: connected/u.test(line)).length;

function transcribe(connection: GradiumConnection, nth: number) {
  return connection.stt.transcribe(wavs[nth % wavs.length] as Buffer);
}

describe('gradium.connect', () => {
  it('transcribes 200 recordings exactly over four sockets', async () => {
    await using connection = client.connect({ sockets: 4 });
    const requests = Array.from({ length: 200 }, (_, nth) => transcribe(connection, nth));
    const most = { sockets: 0, running: 0 };
    const watch = setInterval(() => {
      most.sockets = Math.max(most.sockets, connection.stats.sockets);
      most.running = Math.max(most.running, connection.stats.running);
    });
    const transcripts = await Promise.all(requests);
    expect(transcripts.map(({ text }) => text)).toEqual(requests.map((_, nth) => TEXTS[nth % TEXTS.length]));
    clearInterval(watch);
    expect(most).toEqual({ sockets: 4, running: 32 });
    expect(sttSockets()).toBe(4);
    expect(connection.stats).toEqual({ sockets: 4, running: 0, waiting: 0, dropped: 0 });
  });

  it('leaves the neighbours alone when every third request is cancelled on its way', async () => {
    await using connection = client.connect({ sockets: 4 });
    const results = await Promise.allSettled(
      Array.from({ length: 60 }, (_, nth) => {
        const abort = new AbortController();
        if (nth % 3 > 0) return transcribe(connection, nth);
        return connection.stt.transcribe(longWav, {
          signal: abort.signal,
          onProgress: () => abort.abort(new Error('changed my mind')),
        });
      }),
    );
    for (const [nth, result] of results.entries()) {
      if (nth % 3 === 0)
        expect(result).toMatchObject({ status: 'rejected', reason: { message: 'changed my mind' } });
      else expect(result).toMatchObject({ status: 'fulfilled', value: { text: TEXTS[nth % TEXTS.length] } });
    }
    expect(sttSockets()).toBe(4);
    expect(connection.stats).toMatchObject({ running: 0, waiting: 0 });
  });

  it('speaks and transcribes side by side, each on its own route', async () => {
    await using connection = client.connect({ sockets: 1 });
    const texts = await Promise.all(
      TEXTS.map(async (text) => {
        const { data } = await connection.tts.synthesize(text);
        return (await connection.stt.transcribe(data)).text;
      }),
    );
    expect(texts).toEqual(TEXTS);
    expect(connection.stats.sockets).toBe(2);
  });

  it('serves one request after the other without ids when told so', async () => {
    await using connection = client.connect({ sockets: 1, sessionsPerSocket: 1 });
    const texts = await Promise.all(
      [0, 1, 2, 3].map(async (nth) => (await transcribe(connection, nth)).text),
    );
    expect(texts).toEqual(TEXTS);
    expect(sttSockets()).toBe(1);
    expect(log.filter((line) => line.includes('client_req_id') || line.includes('"r'))).toEqual([]);
  });

  it('refuses new requests with ERR_CLOSED once closed, and lets the running ones end', async () => {
    const connection = client.connect();
    const running = transcribe(connection, 0);
    const closed = connection.close();
    await expect(transcribe(connection, 1)).rejects.toMatchObject({ name: 'TypeError', code: 'ERR_CLOSED' });
    expect((await running).text).toBe(TEXTS[0]);
    await closed;
    expect(connection.stats).toEqual({ sockets: 0, running: 0, waiting: 0, dropped: 0 });
    await connection.close();
  });

  it('counts a stream as a call until it is closed', async () => {
    const connection = client.connect();
    const stream = connection.stt.stream({ format: { container: 'wav' } });
    const speech = connection.tts.stream();
    let closed = false;
    const closing = connection.close().then(() => {
      closed = true;
    });
    stream.end(wavs[0]);
    const words: string[] = [];
    for await (const event of stream) if (event.type === 'word') words.push(event.word.text);
    expect(words.join(' ')).toBe(TEXTS[0]);
    expect(closed).toBe(false);
    expect(() => connection.stt.stream({ format: { container: 'wav' } })).toThrow('closed');
    expect(() => connection.tts.stream()).toThrow('closed');
    speech.destroy();
    await closing;
    expect(connection.stats).toMatchObject({ sockets: 0, running: 0 });
  });

  it('cuts speech off without harm to the speech beside it', async () => {
    await using connection = client.connect({ sockets: 1 });
    const cut = connection.tts.stream();
    cut.end(LONG_TEXT);
    const beside = TEXTS.map((text) => connection.tts.synthesize(text));
    for await (const _audio of cut) break;
    for (const [nth, speech] of (await Promise.all(beside)).entries()) expect(speech.data).toEqual(wavs[nth]);
    expect(cut.destroyed).toBe(true);
  });

  it('ends all requests with ERR_CLOSED when destroyed', async () => {
    const connection = client.connect({ sockets: 1, sessionsPerSocket: 2 });
    const requests = [0, 1, 2].map((nth) => transcribe(connection, nth));
    connection.destroy();
    for (const result of await Promise.allSettled(requests)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ERR_CLOSED' } });
    }
    expect(connection.stats).toEqual({ sockets: 0, running: 0, waiting: 0, dropped: 0 });
    await connection.close();
  });

  it.each([
    [{ sockets: 0 }, RangeError],
    [{ sockets: 1.5 }, RangeError],
    [{ sessionsPerSocket: 1001 }, RangeError],
    [{ idleMs: -1 }, RangeError],
    [{ idleMs: '5' }, TypeError],
    [null, TypeError],
  ])('refuses %j', (options, kind) => {
    expect(() => client.connect(options as object)).toThrow(kind);
    expect(() => client.connect(options as object)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG' }),
    );
  });
});

describe.concurrent.each(['lenient', 'strict'] as const)('gradium.connect with a %s service', (mode) => {
  /** Eight requests on one socket, of which one meets the fault; what became of each. */
  async function outcomes(fault: Fault) {
    await using server = await startSandboxFor({ mode, faults: [{ ...fault, request: 3, times: 1 }] });
    await using connection = new Gradium({ apiKey: 'any', baseUrl: server.url }).connect({ sockets: 1 });
    const options = { language: 'en', deadlines: { idleMs: 2000 } };
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, (_, nth) =>
        connection.stt.transcribe(wavs[nth % wavs.length] as Buffer, options),
      ),
    );
    expect(connection.stats).toMatchObject({ running: 0, waiting: 0 });
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    const texts = results.flatMap((result, nth) =>
      result.status === 'fulfilled' ? [result.value.text === TEXTS[nth % TEXTS.length]] : [],
    );
    return { failures, exact: texts.filter(Boolean).length };
  }

  it.each<Fault>([
    { kind: 'error', code: 1011, after: 2 },
    { kind: 'drop', after: 2 },
    { kind: 'malformed', after: 2 },
    { kind: 'binary', after: 2 },
    { kind: 'close', code: 1011, after: 0 },
    { kind: 'stall', after: 2 },
    { kind: 'delay', ms: 100 },
  ])('gives every transcript, exactly, after %j of one of eight', async (fault) => {
    expect(await outcomes(fault)).toEqual({ failures: [], exact: 8 });
  });

  it('refuses the one of eight that the service refuses, and no other', async () => {
    const { failures, exact } = await outcomes({ kind: 'error', code: 1008, after: 0 });
    expect(failures).toMatchObject([{ name: 'SpeechApiError', apiCode: 1008, retryable: false }]);
    expect(exact).toBe(7);
  });
});

async function startSandboxFor(options: SandboxOptions): Promise<Sandbox & AsyncDisposable> {
  const server = await startSandbox(options);
  return { ...server, [Symbol.asyncDispose]: () => server.close() };
}
