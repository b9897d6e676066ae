import { EventEmitter } from 'node:events';
import { request } from 'node:http';
import { connect, Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { Connection } from '../../../src/sandbox/connection.js';
import { type Sandbox, startSandbox } from '../../../src/sandbox/index.js';
import type { Message } from '../../../src/sandbox/protocol.js';
import { Request } from '../../../src/sandbox/request.js';
import { audio, RawClient } from './client.js';

/** No fault, no limit. */
const FREE = {
  fault: undefined,
  limitS: Infinity,
  onMessage: () => {},
  onSaid: () => {},
  onLast: () => {},
  onEnd: () => {},
};

const SETUP = { type: 'setup', input_format: 'pcm_8000' };

async function withSandbox(test: (sandbox: Sandbox, log: string[]) => Promise<void>): Promise<void> {
  const log: string[] = [];
  const sandbox = await startSandbox({ log: (line) => log.push(line) });
  try {
    await test(sandbox, log);
  } finally {
    await sandbox.close();
  }
}

describe('startSandbox', () => {
  it('serves both routes and the alias, with and without /api, with stray slashes', () =>
    withSandbox(async ({ url }) => {
      for (const route of ['/speech/asr', '/speech/stt', '/speech/tts']) {
        for (const path of [route, `/api${route}`, `/api/${route}`, `//api${route}`, `/api${route}/`]) {
          const client = await RawClient.open(url, path);
          client.send({ type: 'setup' }, { type: 'end_of_stream' });
          expect(await client.closed(), path).toBe(1000);
        }
      }
    }));

  it('refuses upgrades on other routes by 404', () =>
    withSandbox(async ({ url }) => {
      for (const path of ['/', '/api/speech', '/speech/asr/more', '/apispeech/asr', '/api/speech/s2t']) {
        await expect(RawClient.open(url, path)).rejects.toMatchObject({ status: 404 });
      }
    }));

  it('answers GET / by a banner that says it is a sandbox, other paths by 404, always in JSON', () =>
    withSandbox(async ({ url }) => {
      for (const path of ['/', '/api', '/api/?x=1']) {
        const banner = await fetch(url + path);
        expect(banner.status).toBe(200);
        expect(await banner.json()).toMatchObject({ name: 'sluice-sandbox', sandbox: true });
      }
      for (const [path, method] of [
        ['/nothing', 'GET'],
        ['/', 'POST'],
        ['/api/speech/asr', 'GET'],
        ['/api/voice/', 'GET'],
      ] as const) {
        const answer = await fetch(url + path, { method });
        expect(answer.status).toBe(404);
        expect(await answer.json()).toHaveProperty('detail');
      }
    }));

  it('survives request targets that are no URL', () =>
    withSandbox(async ({ url }) => {
      for (const path of ['//', '/%', '/?%zz&token']) {
        const { port } = new URL(url);
        const status = await new Promise((resolve, reject) => {
          request({ port, host: '127.0.0.1', path }, (response) => resolve(response.statusCode))
            .on('error', reject)
            .end();
        });
        expect([200, 404]).toContain(status);
      }
    }));

  it('accepts a key in each of the three places, and none by an error after the upgrade', () =>
    withSandbox(async ({ url }) => {
      const ways: [string, Record<string, string>][] = [
        ['', { 'x-api-key': 'k' }],
        ['?token=k', {}],
        ['', { authorization: 'Api-Key k' }],
      ];
      for (const [query, headers] of ways) {
        const client = await RawClient.open(url, `/api/speech/asr${query}`, headers);
        client.send(SETUP);
        await client.next('ready');
        client.socket.close();
      }
      const keyless: [string, Record<string, string>][] = [
        ['', {}],
        ['?token=', {}],
        ['', { authorization: 'Bearer k' }],
        ['', { 'x-api-key': '' }],
      ];
      for (const [query, headers] of keyless) {
        const client = await RawClient.open(url, `/api/speech/asr${query}`, headers);
        expect(await client.next('error')).toMatchObject({
          code: 1008,
          message: expect.stringMatching(/API key/u),
        });
        expect(await client.closed()).toBe(1008);
      }
    }));

  it('logs what happens, and never a key', () =>
    withSandbox(async ({ url }, log) => {
      const secret = 'gd_SECRET';
      const client = await RawClient.open(url, `/speech/asr?token=${secret}`, {
        'x-api-key': secret,
        authorization: `Api-Key ${secret}`,
      });
      client.send(SETUP, { type: 'nonsense' });
      await client.closed();
      await expect(RawClient.open(url, `/x?token=${secret}`)).rejects.toMatchObject({ status: 404 });
      const all = log.join('\n');
      expect(all).toContain('stt 1: setup');
      expect(all).toContain('error 1008');
      expect(all + JSON.stringify(client.messages)).not.toContain('SECRET');
    }));

  it('listens where it is told, and rejects when the port is taken', () =>
    withSandbox(async ({ url }) => {
      const port = Number(new URL(url).port);
      await expect(startSandbox({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
      expect(url).toBe(`http://127.0.0.1:${port}`);
    }));

  it.each([
    [{ port: -1 }, RangeError],
    [{ port: 65_536 }, RangeError],
    [{ port: 1.5 }, RangeError],
    [{ host: '' }, TypeError],
    [{ clock: 'sun' }, TypeError],
    [{ mode: 'kind' }, TypeError],
    [{ keys: 'k' }, TypeError],
    [{ keys: [''] }, TypeError],
    [{ keys: [5] }, TypeError],
    [{ tokenTtlS: -1 }, RangeError],
    [{ selfHosted: 'asr' }, TypeError],
    [{ concurrency: 0 }, RangeError],
    [{ concurrency: 1.5 }, RangeError],
    [{ sessionLimitS: -1 }, RangeError],
    [{ sessionLimitS: Number.NaN }, RangeError],
    [{ maxCharsPerSession: 0 }, RangeError],
    [{ faults: 'drop' }, TypeError],
    [{ faults: [null] }, TypeError],
    [{ faults: [{ kind: 'drop', after: -1 }] }, RangeError],
    [{ log: true }, TypeError],
  ])('refuses the options %j', async (options, kind) => {
    const start = startSandbox(options as object);
    await expect(start).rejects.toBeInstanceOf(kind);
    await expect(start).rejects.toMatchObject({ code: 'ERR_INVALID_ARG' });
  });
});

describe('Sandbox.close', () => {
  it('ends sockets of every state at once, frees the port, and may be called twice', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    const sandbox = await startSandbox({ faults: [{ kind: 'delay', ms: 3_600_000 }] });
    const { hostname, port } = new URL(sandbox.url);
    const idle = await RawClient.open(sandbox.url, '/speech/asr');
    const delayed = await RawClient.open(sandbox.url, '/speech/asr');
    delayed.send(SETUP, audio(new Uint8Array(1000)));
    const silent = connect(Number(port), hostname);
    await new Promise((resolve) => silent.once('connect', resolve));
    silent.on('error', () => {});
    const gone = new Promise((resolve) => silent.once('close', resolve));
    await sandbox.close();
    expect(await idle.closed()).toBe(1006);
    expect(await delayed.closed()).toBe(1006);
    await gone;
    expect(timers()).toBeLessThanOrEqual(before); // the hour of delay does not hold the process
    await sandbox.close();
    const next = await startSandbox({ port: Number(port) });
    await next.close();
  });
});

/** A socket whose peer reads only when told. */
class SlowSocket extends EventEmitter {
  bufferedAmount = 0;
  isPaused = false;
  readonly #callbacks: (() => void)[] = [];
  sent = 0;

  send(text: string, callback: () => void): void {
    this.sent++;
    this.bufferedAmount += text.length;
    this.#callbacks.push(callback);
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  close(): void {}

  drain(): void {
    this.bufferedAmount = 0;
    for (const callback of this.#callbacks.splice(0)) callback();
  }
}

describe('Connection', () => {
  const turns = async (): Promise<void> => {
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
  };

  it('makes answers only as fast as they are read, and reads only as fast as it answers', async () => {
    const socket = new SlowSocket();
    new Connection(socket as unknown as WebSocket, {
      tcp: new Socket(),
      name: 'test',
      mode: 'lenient',
      denial: undefined,
      log: () => {},
      open: (_setup, outlet) =>
        new Request(
          {
            ended: false,
            audioS: 0,
            dispose() {},
            *start(): Generator<Message, void> {},
            *answer(): Generator<Message, void> {
              for (let i = 0; i < 100; i++) yield { type: 'audio', audio: 'x'.repeat(100_000) };
            },
          },
          outlet,
          FREE,
        ),
    });
    const message = (fields: object): Buffer => Buffer.from(JSON.stringify(fields));
    socket.emit('message', message({ type: 'setup' }), false);
    for (let i = 0; i < 4; i++)
      socket.emit('message', message({ type: 'text', text: 'y'.repeat(100_000) }), false);
    await turns();
    expect(socket.sent).toBe(11); // 11 × 100 kB is the first sum above 1 MiB
    expect(socket.isPaused).toBe(true);
    for (let drained = 0; drained < 40; drained++) {
      socket.drain();
      await turns();
      expect(socket.bufferedAmount).toBeLessThan(1_200_000);
    }
    expect(socket.sent).toBe(400);
    expect(socket.isPaused).toBe(false);
  });
});
