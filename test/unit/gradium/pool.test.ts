// Which request gets which socket, when sockets come and go, and what a dead one costs.
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SpeechApiError, TimeoutError } from '../../../src/errors.js';
import { Access } from '../../../src/gradium/access.js';
import { Gradium } from '../../../src/gradium/index.js';
import { PoolLink } from '../../../src/gradium/pool-link.js';
import { type Peer, READY, type ScriptedServer, scriptedServer } from '../../speech/scripted-server.js';
import { poolOn, type Request, request, started } from './pool-client.js';

afterEach(() => {
  vi.useRealTimers();
});

const id = (of: Request) => ({ client_req_id: of.channel.clientReqId });

/** A request comes to its good end. */
async function finish(of: Request, peer: Peer): Promise<void> {
  of.send({ type: 'end_of_stream' });
  await peer.next('end_of_stream');
  peer.send({ type: 'end_of_stream', ...(of.channel.clientReqId && id(of)) });
  while ((await of.next()).type !== 'end_of_stream');
  of.channel.close();
}

/** A request that was answered; its socket is open and free again. */
async function once(pool: PoolLink, server: ScriptedServer): Promise<Peer> {
  const first = await started(pool);
  const peer = server.peers.at(-1) as Peer;
  await finish(first, peer);
  return peer;
}

describe('PoolLink', () => {
  it('fills sockets that are open or opening, opens new ones up to the limit, then lets requests wait', async () => {
    await using server = await scriptedServer(() => {});
    const pool = poolOn(server.url, { sockets: 2, sessionsPerSocket: 2 });
    const requests = Array.from({ length: 5 }, () => request(pool));
    expect(pool.stats).toEqual({ sockets: 2, running: 4, waiting: 1, dropped: 0 });
    await Promise.all(requests.slice(0, 4).map(({ opened }) => opened));
    expect(server.peers.length).toBe(2);
    pool.destroy();
  });

  it('gives a place to those who wait in the order in which they came', async () => {
    await using server = await scriptedServer(() => {});
    const pool = poolOn(server.url, { sessionsPerSocket: 2 });
    const running = [await started(pool), await started(pool)];
    const [a, b, c] = [request(pool), request(pool), request(pool)];
    b.channel.destroy();
    const peer = server.peers[0] as Peer;
    await finish(running[0] as Request, peer);
    await a.opened;
    expect(c.channel.isOpen).toBe(false);
    await finish(running[1] as Request, peer);
    await c.opened;
    expect(b.calls).toEqual([]);
    pool.destroy();
  });

  it('lets nobody push in who comes when a socket dies', async () => {
    await using server = await scriptedServer(() => {});
    const pool = poolOn(server.url, { sessionsPerSocket: 1 });
    const order: string[] = [];
    const onOpen = (name: string) => () => order.push(name);
    const pushing = new Promise<void>((resolve) => {
      void started(pool, {
        onFail: () => {
          request(pool, {
            onOpen() {
              order.push('pushing');
              resolve();
            },
          });
        },
      });
    });
    while (server.peers.length === 0) await turn();
    const waiting = request(pool, { onOpen: onOpen('waiting') });
    server.peers[0]?.socket.destroy();
    while (order.length === 0) await turn();
    waiting.channel.destroy();
    await pushing;
    expect(order).toEqual(['waiting', 'pushing']);
    pool.destroy();
  });

  it('frees the place of a request that never said a word at once', async () => {
    await using server = await scriptedServer(() => {});
    const pool = poolOn(server.url, { sessionsPerSocket: 2 });
    await started(pool);
    const silent = request(pool);
    await silent.opened;
    const waiting = request(pool);
    silent.channel.destroy();
    await waiting.opened;
    expect(server.peers.length).toBe(1);
    pool.destroy();
  });

  it('puts a request on the least loaded socket', async () => {
    await using server = await scriptedServer(() => {});
    const pool = poolOn(server.url, { sockets: 2, sessionsPerSocket: 3 });
    const requests = await Promise.all(Array.from({ length: 6 }, () => started(pool)));
    const [first, second] = server.peers as [Peer, Peer];
    for (const one of [requests[0], requests[1], requests[3]] as Request[]) {
      await finish(one, requests.indexOf(one) < 3 ? first : second);
    }
    const added = await started(pool);
    for (let setup = await first.next('setup'); setup?.client_req_id !== added.channel.clientReqId; ) {
      setup = await first.next('setup');
    }
    expect(pool.stats).toMatchObject({ sockets: 2, running: 4 });
    pool.destroy();
  });

  it('keeps the routes apart', async () => {
    await using server = await scriptedServer(() => {});
    const pool = poolOn(server.url);
    const both = [request(pool, {}, 'stt'), request(pool, {}, 'tts')];
    await Promise.all(both.map(({ opened }) => opened));
    expect(server.peers.map(({ request: { url } }) => url).sort()).toEqual([
      '/api/speech/asr',
      '/api/speech/tts',
    ]);
    pool.destroy();
  });

  it('tells a request that waited too long for a place', async () => {
    await using server = await scriptedServer(() => {});
    const pool = poolOn(server.url, { sessionsPerSocket: 1 });
    await started(pool);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const late = request(pool, { connectMs: 5000 });
    vi.advanceTimersByTime(5000);
    const error = await late.failed;
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ phase: 'connect', message: expect.stringContaining('no free place') });
    expect(pool.stats).toMatchObject({ running: 1, waiting: 0 });
    pool.destroy();
  });

  it('holds each request to its own connect deadline, and drops a socket that nobody waits for', async () => {
    await using server = await scriptedServer(() => {});
    let known = (_token: string) => {};
    const token = () =>
      new Promise<string>((resolve) => {
        known = resolve;
      });
    const pool = new PoolLink(new Access({ token, baseUrl: server.url }), {
      sockets: 1,
      sessionsPerSocket: 8,
      idleMs: 0,
      pingMs: 0,
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const hasty = request(pool, { connectMs: 1000 });
    const patient = request(pool, { connectMs: 9000 });
    vi.advanceTimersByTime(1000);
    expect(await hasty.failed).toMatchObject({ phase: 'connect', message: 'no connection within 1000 ms' });
    vi.advanceTimersByTime(7999);
    expect(patient.calls).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(await patient.failed).toMatchObject({
      phase: 'connect',
      message: expect.stringContaining('no token within 9000 ms'),
    });
    expect(pool.stats.sockets).toBe(0);
    known('late');
    for (let i = 0; i < 10; i++) await turn();
    expect(server.peers.length).toBe(0);
  });

  it('asks for a token for each socket', async () => {
    await using server = await scriptedServer(() => {});
    let asked = 0;
    const pool = new PoolLink(new Access({ token: () => `token-${++asked}`, baseUrl: server.url }), {
      sockets: 2,
      sessionsPerSocket: 1,
      idleMs: 0,
      pingMs: 0,
    });
    await Promise.all([started(pool), started(pool)]);
    expect(server.peers.map(({ request: { url } }) => url).sort()).toEqual([
      '/api/speech/asr?token=token-1',
      '/api/speech/asr?token=token-2',
    ]);
    pool.destroy();
  });

  it('passes on what a function for tokens rejects with', async () => {
    const reason = new Error('no more tokens');
    const token = () => Promise.reject(reason);
    const pool = new PoolLink(new Access({ token, baseUrl: 'http://127.0.0.1:1' }), {
      sockets: 1,
      sessionsPerSocket: 8,
      idleMs: 0,
      pingMs: 0,
    });
    const both = [request(pool), request(pool)];
    for (const { failed } of both) expect(await failed).toBe(reason);
  });

  it('gives a refused upgrade to each request that waited for it, Retry-After included', async () => {
    await using server = await scriptedServer(
      () => {},
      (_request, nth) => (nth === 0 ? { status: 429, headers: { 'Retry-After': '7' } } : undefined),
    );
    const pool = poolOn(server.url);
    const both = [request(pool), request(pool)];
    for (const { failed } of both) {
      const error = await failed;
      expect(error).toBeInstanceOf(SpeechApiError);
      expect(error).toMatchObject({ apiCode: 429, retryable: true, retryAfterS: 7 });
    }
    await started(pool);
    pool.destroy();
  });
});

describe('PoolLink between requests', () => {
  it('uses a socket again, and closes it when it was idle for idleMs', async () => {
    await using server = await scriptedServer(() => {});
    const pool = poolOn(server.url, { idleMs: 5000, pingMs: 0 });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const peer = await once(pool, server);
    vi.advanceTimersByTime(4999);
    await once(pool, server);
    vi.advanceTimersByTime(4999);
    expect(pool.stats.sockets).toBe(1);
    vi.advanceTimersByTime(1);
    expect(pool.stats.sockets).toBe(0);
    vi.useRealTimers();
    expect(await peer.closed).toEqual({ code: 1000 });
    expect(server.peers.length).toBe(1);
  });

  it('closes a socket at once with idleMs 0', async () => {
    await using server = await scriptedServer(() => {});
    const pool = poolOn(server.url, { idleMs: 0 });
    const peer = await once(pool, server);
    expect(await peer.closed).toEqual({ code: 1000 });
    expect(pool.stats.sockets).toBe(0);
  });

  it('does not keep the process alive for a socket without a request', async () => {
    const alive = () =>
      process.getActiveResourcesInfo().filter((name) => /^T(CPSocket|LS)Wrap$/.test(name)).length;
    await using server = await scriptedServer(() => {});
    // Those of the tests before.
    while (alive() > 0) await turn();
    const pool = poolOn(server.url, { pingMs: 0 });
    const running = await started(pool);
    const peer = server.peers[0] as Peer;
    expect(alive()).toBe(2);
    await finish(running, peer);
    // The server's end of it.
    expect(alive()).toBe(1);
    expect(pool.stats.sockets).toBe(1);
    await started(pool);
    expect(alive()).toBe(2);
    pool.destroy();
  });

  it('replaces a socket that the service closed in the meantime', async () => {
    await using server = await scriptedServer(() => {});
    const pool = poolOn(server.url);
    const peer = await once(pool, server);
    peer.ws.close(1001);
    while (pool.stats.sockets > 0) await turn();
    await started(pool);
    expect(server.peers.length).toBe(2);
    pool.destroy();
  });

  it('begins a request anew that got a dead socket, with all that it had sent, and says nothing of it', async () => {
    await using server = await scriptedServer(() => {});
    const pool = poolOn(server.url);
    const peer = await once(pool, server);
    const moved = await started(pool);
    moved.send({ type: 'audio', audio: 'AAAA' });
    await peer.next('audio');
    moved.channel.send(Buffer.from(`{"type":"audio","audio":"BBBB"}`));
    peer.socket.destroy();
    while (server.peers.length < 2) await turn();
    const again = server.peers[1] as Peer;
    moved.send({ type: 'flush', flush_id: 1 });
    await again.next('flush');
    expect(again.received).toEqual([
      { type: 'setup', ...id(moved) },
      { type: 'audio', audio: 'AAAA', ...id(moved) },
      { type: 'audio', audio: 'BBBB' },
      { type: 'flush', flush_id: 1, ...id(moved) },
    ]);
    while (moved.channel.bufferedBytes > 0) await turn();
    await turn();
    expect(moved.calls.filter((call) => call !== 'drain')).toEqual(['open', 'sent', 'sent', 'sent', 'sent']);
    pool.destroy();
  });

  it('does so once', async () => {
    await using server = await scriptedServer(() => {});
    const pool = poolOn(server.url);
    const peer = await once(pool, server);
    const moved = await started(pool);
    await peer.next('setup');
    peer.socket.destroy();
    while (!server.peers[1]) await turn();
    await server.peers[1].next('setup');
    server.peers[1].socket.destroy();
    expect(await moved.failed).toMatchObject({ code: 'ERR_CLOSED_EARLY', retryable: true });
    expect(server.peers.length).toBe(2);
  });

  it('does so once even if no other socket is to be had', async () => {
    await using server = await scriptedServer(
      () => {},
      (_request, nth) => (nth > 0 ? { status: 503 } : undefined),
    );
    const pool = poolOn(server.url);
    const peer = await once(pool, server);
    const moved = await started(pool);
    await peer.next('setup');
    peer.socket.destroy();
    expect(await moved.failed).toMatchObject({ apiCode: 503, retryable: true });
    expect(pool.stats).toMatchObject({ sockets: 0, running: 0 });
  });

  it('does not once the service has said anything', async () => {
    await using server = await scriptedServer(() => {});
    const pool = poolOn(server.url);
    const peer = await once(pool, server);
    const heard = await started(pool);
    peer.send({ ...READY, ...id(heard) });
    await heard.next();
    peer.socket.destroy();
    expect(await heard.failed).toMatchObject({ code: 'ERR_CLOSED_EARLY' });
    expect(server.peers.length).toBe(1);
  });

  it('bounds what it keeps of a request for that', async () => {
    await using server = await scriptedServer(() => {});
    const pool = poolOn(server.url);
    const peer = await once(pool, server);
    const sender = await started(pool);
    const message = Buffer.from(`{"type":"audio","audio":"${'A'.repeat(100_000)}"}`);
    for (let i = 0; i < 3; i++) sender.channel.send(message);
    while (sender.calls.filter((call) => call === 'sent').length < 4) await turn();
    // All has left, and yet the sender has to wait for a sign of life.
    expect(sender.channel.bufferedBytes).toBeGreaterThan(300_000);
    peer.send({ ...READY, ...id(sender) });
    await sender.next();
    expect(sender.channel.bufferedBytes).toBe(0);
    expect(sender.calls.at(-1)).toBe('drain');
    pool.destroy();
  });

  it('costs the caller no attempt', async () => {
    await using server = await scriptedServer(async (peer, nth) => {
      for (let i = 0; ; i++) {
        const setup = await peer.next('setup');
        if (!setup) return;
        if (nth === 0 && i === 1) return peer.socket.destroy();
        const to = { client_req_id: setup.client_req_id };
        peer.send({ ...READY, ...to });
        await peer.next('end_of_stream');
        peer.send({ type: 'text', text: 'heard', start_s: 0, ...to }, { type: 'end_of_stream', ...to });
      }
    });
    await using connection = new Gradium({ apiKey: 'any', baseUrl: server.url }).connect({ sockets: 1 });
    const options = { retries: 0, format: { encoding: 'mulaw', sampleRateHz: 8000 } } as const;
    for (let i = 0; i < 2; i++) {
      expect((await connection.stt.transcribe(Buffer.alloc(8000), options)).text).toBe('heard');
    }
    expect(server.peers.length).toBe(2);
  });
});

describe('PoolLink with one session per socket', () => {
  const one = { sessionsPerSocket: 1, sockets: 1 };

  it('sends no client_req_id and asks for the socket to stay open', async () => {
    await using server = await scriptedServer(async (peer) => {
      for (let setup = await peer.next('setup'); setup; setup = await peer.next('setup')) {
        peer.send(READY);
        await peer.next('end_of_stream');
        peer.send({ type: 'text', text: 'heard', start_s: 0 }, { type: 'end_of_stream' });
      }
    });
    await using connection = new Gradium({ apiKey: 'any', baseUrl: server.url }).connect(one);
    const format = { encoding: 'mulaw', sampleRateHz: 8000 } as const;
    const heard = [0, 1, 2].map(() => connection.stt.transcribe(Buffer.alloc(8000), { format }));
    expect((await Promise.all(heard)).map(({ text }) => text)).toEqual(['heard', 'heard', 'heard']);
    const [peer] = server.peers as [Peer];
    expect(server.peers.length).toBe(1);
    expect(peer.received.filter((message) => 'client_req_id' in message)).toEqual([]);
    expect(peer.of('setup').map((setup) => setup.close_ws_on_eos)).toEqual([false, false, false]);
  });

  it.each([
    ['was cancelled', (of: Request) => of.channel.destroy()],
    [
      'ended with an error',
      (_of: Request, peer: Peer) => peer.send({ type: 'error', message: 'no', code: 1011 }),
    ],
  ])('closes the socket of a request that %s', async (_how, end) => {
    await using server = await scriptedServer(() => {});
    const pool = poolOn(server.url, one);
    const dropped = await started(pool, {
      onMessage() {
        throw new Error('told');
      },
    });
    const waiting = request(pool);
    end(dropped, server.peers[0] as Peer);
    await server.peers[0]?.closed;
    await waiting.opened;
    expect(server.peers.length).toBe(2);
    expect(server.peers[0]?.of('end_of_stream')).toEqual([]);
    pool.destroy();
  });
});
