import { afterEach, describe, expect, it } from 'vitest';
import {
  type Received,
  type Sandbox,
  type SandboxOptions,
  type SessionEnd,
  startSandbox,
} from '../../../src/sandbox/index.js';
import { ReceivedLog } from '../../../src/sandbox/received.js';
import { audio, RawClient } from './client.js';
import { Posting, post } from './http.js';

let sandbox: Sandbox | undefined;
afterEach(async () => {
  await sandbox?.close();
  sandbox = undefined;
});

async function start(options: SandboxOptions = {}): Promise<Sandbox> {
  sandbox = await startSandbox(options);
  return sandbox;
}

const SETUP = { type: 'setup', input_format: 'pcm_8000' };
const END = { type: 'end_of_stream' };

/** One session without a sound. */
async function run({ url }: Sandbox, path = '/speech/asr'): Promise<void> {
  const client = await RawClient.open(url, path);
  client.send(SETUP, END);
  await client.closed();
}

/** Resolves once the sandbox knows as much; what a client sees of an end comes before the sandbox's own. */
async function until(running: Sandbox, fits: (received: Received) => boolean): Promise<Received> {
  for (;;) {
    const received = running.received();
    if (fits(received)) return received;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('Sandbox.received', () => {
  it('has every session as it came in', async () => {
    const running = await start({ clock: 'audio' });
    const { url } = running;
    const client = await RawClient.open(url, '/speech/asr');
    const setup = { ...SETUP, json_config: { language: 'en' }, close_ws_on_eos: false };
    client.send(setup, audio(new Uint8Array(1_000)), audio(new Uint8Array(7)));
    client.send({ type: 'flush', flush_id: 3 }, { type: 'flush', flush_id: 'x' }, { type: 'flush' }, END);
    client.send({ ...setup, client_req_id: 'b' });
    await client.next((message) => message.type === 'ready' && message.client_req_id === 'b');
    await post(`${url}/post/speech/tts?json_config=%7B%7D`, { text: 'a b', voice_id: 'v', only_audio: true });
    await post(`${url}/post/speech/asr?model=m&input_format=pcm_8000`, new Uint8Array(300));
    const { sessions } = await until(running, ({ connections }) => connections.closed === 2);
    const nothing = { audioMessages: 0, audioBytes: 0, texts: [], flushIds: [] };
    const ended = { how: 'end_of_stream' };
    expect(sessions).toEqual([
      {
        id: 1,
        connection: 1,
        route: 'stt',
        transport: 'websocket',
        setup,
        audioMessages: 2,
        audioBytes: 1_007,
        texts: [],
        flushIds: [3, 'x', null],
        end: ended,
      },
      {
        id: 2,
        connection: 1,
        route: 'stt',
        transport: 'websocket',
        setup: { ...setup, client_req_id: 'b' },
        ...nothing,
        end: null,
      },
      {
        id: 3,
        connection: 2,
        route: 'tts',
        transport: 'post',
        setup: { type: 'setup', voice_id: 'v', json_config: '{}' },
        ...nothing,
        texts: ['a b'],
        end: ended,
      },
      {
        id: 4,
        connection: 3,
        route: 'stt',
        transport: 'post',
        setup: { type: 'setup', model_name: 'm', input_format: 'pcm_8000', json_config: null },
        ...nothing,
        audioMessages: expect.any(Number),
        audioBytes: 300,
        end: ended,
      },
    ]);
    client.socket.close();
  });

  it.each<[string, SandboxOptions, object[], SessionEnd]>([
    ['an error', {}, [{ type: 'vad' }], { how: 'error', code: 1008 }],
    ['a fault of error', { faults: [{ kind: 'error' }] }, [END], { how: 'error', code: 1011 }],
    ['a fault of close', { faults: [{ kind: 'close', code: 1001 }] }, [END], { how: 'close', code: 1001 }],
    ['a fault of drop', { faults: [{ kind: 'drop' }] }, [END], { how: 'drop' }],
    ['the limit', { sessionLimitS: 0.01 }, [], { how: 'error', code: 1011 }],
  ])('says of %s how it ended the session', async (_, options, messages, end) => {
    const running = await start(options);
    const client = await RawClient.open(running.url, '/speech/asr');
    client.send(SETUP, ...messages);
    await client.closed();
    expect(running.received().sessions[0]?.end).toEqual(end);
  });

  it('has setups that were refused, and sessions whose client left', async () => {
    const running = await start();
    const refused = await RawClient.open(running.url, '/speech/asr');
    refused.send({ ...SETUP, input_format: 'x' });
    await refused.closed();
    const left = await RawClient.open(running.url, '/speech/tts');
    left.send({ type: 'setup' });
    await left.next('ready');
    left.socket.terminate();
    const posting = new Posting(`${running.url}/post/speech/asr?input_format=pcm_8000`);
    posting.write(new Uint8Array(2));
    await posting.until('"ready"');
    posting.request.destroy();
    const { sessions } = await until(running, ({ connections }) => connections.closed === 3);
    expect(sessions.map((session) => session.end)).toEqual([
      { how: 'error', code: 1008 },
      { how: 'gone' },
      { how: 'gone' },
    ]);
  });

  it('counts connections that were let in, and the sockets that are open', async () => {
    const running = await start({ faults: [{ kind: 'refuse', times: 1 }] });
    await expect(RawClient.open(running.url, '/speech/asr')).rejects.toMatchObject({ status: 503 });
    const open = await RawClient.open(running.url, '/speech/asr');
    await run(running);
    const one = await until(running, ({ sockets }) => sockets === 1);
    expect(one.connections).toEqual({ opened: 2, closed: 1 });
    open.socket.terminate();
    const none = await until(running, ({ sockets }) => sockets === 0);
    expect(none.connections).toEqual({ opened: 2, closed: 2 });
  });

  it('is a copy', async () => {
    const running = await start();
    await run(running);
    running.received().sessions.length = 0;
    (running.received().sessions[0] as { setup: object }).setup = {};
    expect(running.received().sessions[0]?.setup).toEqual(SETUP);
  });

  it('clearReceived forgets; numbers go on, and what is open goes on unseen', async () => {
    const running = await start();
    const open = await RawClient.open(running.url, '/speech/asr');
    open.send(SETUP);
    await open.next('ready');
    running.clearReceived();
    expect(running.received()).toEqual({
      connections: { opened: 0, closed: 0 },
      sockets: 1,
      requests: [],
      sessions: [],
    });
    open.send(END);
    await open.closed();
    await run(running);
    expect(running.received().sessions.map(({ id, connection }) => [id, connection])).toEqual([[2, 2]]);
  });
});

describe('Sandbox.setFaults', () => {
  it('begins another script, whose numbers count from there', async () => {
    const running = await start({ faults: [{ kind: 'close' }] });
    await run(running);
    running.setFaults([{ kind: 'drop', request: 2 }]);
    for (let i = 0; i < 3; i++) await run(running);
    expect(running.received().sessions.map((session) => session.end?.how)).toEqual([
      'close',
      'end_of_stream',
      'drop',
      'end_of_stream',
    ]);
  });

  it('refuses faults that make no sense, and keeps those it had', async () => {
    const running = await start({ faults: [{ kind: 'close', times: 1 }] });
    expect(() => running.setFaults([{ kind: 'drop', after: -1 }])).toThrow(RangeError);
    expect(() => running.setFaults('drop' as never)).toThrow(TypeError);
    await run(running);
    expect(running.received().sessions[0]?.end?.how).toBe('close');
  });
});

describe('the control endpoint', () => {
  it('GET /sandbox/received answers what Sandbox.received does, without its own socket', async () => {
    const running = await start();
    await run(running, '/speech/tts');
    await until(running, ({ sockets }) => sockets === 0);
    const answer = await fetch(`${running.url}/api/sandbox/received`);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await answer.json()).toEqual({ ...running.received(), sockets: 0 });
  });

  it('DELETE /sandbox/received clears it', async () => {
    const running = await start();
    await run(running);
    expect((await fetch(`${running.url}/sandbox/received`, { method: 'DELETE' })).status).toBe(204);
    expect(running.received().sessions).toEqual([]);
  });

  it('POST /sandbox/faults sets the faults, or says what is wrong with them', async () => {
    const running = await start();
    const set = (body: string): Promise<Response> =>
      fetch(`${running.url}/sandbox/faults`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
      });
    expect((await set('[{"kind":"close","times":1}]')).status).toBe(204);
    for (const [body, detail] of [
      ['[{"kind":"explode"}]', /Unknown fault "explode"/u],
      ['{"kind":"drop"}', /faults must be an array/u],
      ['[', /JSON/u],
      ['', /JSON/u],
    ] as const) {
      const answer = await set(body);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toEqual({ detail: expect.stringMatching(detail) });
    }
    await run(running);
    await run(running);
    const ends = running.received().sessions.map((session) => session.end?.how);
    expect(ends).toEqual(['close', 'end_of_stream']);
  });

  it('shows no key and no token', async () => {
    const running = await start({ keys: ['gd_SECRET'] });
    const headers = { 'x-api-key': 'gd_SECRET' };
    const minted = await fetch(`${running.url}/api-keys/token`, { headers });
    const { token } = (await minted.json()) as { token: string };
    const client = await RawClient.open(running.url, `/speech/asr?token=${token}`, {});
    client.send(SETUP, END);
    await client.closed();
    await post(
      `${running.url}/post/speech/asr?token=${token}&input_format=pcm_8000`,
      new Uint8Array(2),
      headers,
    );
    const text = await (await fetch(`${running.url}/sandbox/received`)).text();
    expect(JSON.parse(text).sessions).toHaveLength(2);
    expect(text).not.toContain('SECRET');
    expect(text).not.toContain(token);
  });
});

describe('ReceivedLog', () => {
  it('keeps a bounded amount of everything', () => {
    const log = new ReceivedLog();
    const origin = { connection: 1, transport: 'websocket' } as const;
    for (let i = 0; i < 1_001; i++) log.begin('stt', { type: 'setup' }, origin);
    log.begin('stt', { type: 'setup', voice_id: 'x'.repeat(16 * 1024) }, origin);
    const record = log.begin('tts', { type: 'setup' }, origin);
    for (let i = 0; i < 1_001; i++) record.take({ type: 'flush', flush_id: i });
    record.take({ type: 'text', text: 'y'.repeat(30_000) });
    record.take({ type: 'text', text: 'z'.repeat(30_000) });
    record.take({ type: 'text', text: 'no more' });
    const chatty = log.begin('tts', { type: 'setup' }, origin);
    for (let i = 0; i < 1_001; i++) chatty.take({ type: 'text', text: 'a' });
    chatty.take({ type: 'flush', flush_id: 'f'.repeat(101) });
    const { sessions } = log.report(0);
    expect([sessions.length, sessions[0]?.id]).toEqual([1_000, 5]);
    expect(sessions.at(-3)?.setup).toEqual({ truncated: true });
    expect(sessions.at(-2)?.flushIds).toHaveLength(1_000);
    expect(sessions.at(-2)?.texts.map((text) => text.length)).toEqual([30_000, 2_768]);
    expect([sessions.at(-1)?.texts.length, sessions.at(-1)?.flushIds]).toEqual([1_000, [null]]);
  });
});
