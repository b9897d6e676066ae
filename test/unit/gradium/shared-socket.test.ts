// Several requests on one socket: what is whose, and that nobody pays for another.
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ConnectionError, SpeechApiError } from '../../../src/errors.js';
import { GradiumSession } from '../../../src/gradium/session.js';
import { HELD_HIGH_BYTES } from '../../../src/gradium/shared-channel.js';
import { DRAIN_MS } from '../../../src/gradium/shared-socket.js';
import { HIGH_WATER_BYTES, resolveDeadlines } from '../../../src/speech/index.js';
import { type Peer, READY, scriptedServer } from '../../speech/scripted-server.js';
import { poolOn, type Request, request, started } from './pool-client.js';

afterEach(() => {
  vi.useRealTimers();
});

/** So many requests on one socket, all set up, and none that could begin anew elsewhere; the server's side of it. */
async function together(url: string, count: number, peers: Peer[]) {
  const pool = poolOn(url);
  const requests = await Promise.all(Array.from({ length: count }, () => started(pool)));
  const peer = peers[0] as Peer;
  for (let i = 0; i < count; i++) await peer.next('setup');
  return { pool, requests: requests as [Request, Request, Request], peer };
}

const id = (of: Request) => ({ client_req_id: of.channel.clientReqId });

describe('SharedSocket', () => {
  it('gives each request what is its own, and all the rest to nobody', async () => {
    await using server = await scriptedServer(() => {});
    const { pool, requests, peer } = await together(server.url, 2, server.peers);
    const [a, b] = requests;
    expect(server.peers.length).toBe(1);
    expect(a.channel.clientReqId).not.toBe(b.channel.clientReqId);
    peer.send({ type: 'text', text: 'b', ...id(b) }, { ...id(a), type: 'text', text: 'a' });
    peer.send({ type: 'text', text: 'nobody', client_req_id: 'r999' });
    peer.send(`{"type": "text", "client_req_id": "${b.channel.clientReqId}", "text": "again"}`);
    expect((await b.next()).text).toBe('b');
    expect((await a.next()).text).toBe('a');
    expect((await b.next()).text).toBe('again');
    expect(pool.stats.dropped).toBe(1);
    pool.destroy();
  });

  it('drops the late messages of a request that has ended', async () => {
    await using server = await scriptedServer(() => {});
    const { pool, requests, peer } = await together(server.url, 2, server.peers);
    const [a, b] = requests;
    a.send({ type: 'end_of_stream' });
    await peer.next('end_of_stream');
    peer.send({ type: 'end_of_stream', ...id(a) });
    await a.next();
    a.channel.close();
    peer.send({ type: 'step', vad: [], ...id(a) }, { type: 'text', text: 'b', ...id(b) });
    await b.next();
    expect(a.messages.length).toBe(1);
    expect(pool.stats).toMatchObject({ running: 1, dropped: 1 });
    pool.destroy();
  });

  it('fails all requests for an error without an id, each with its own context, and takes no more', async () => {
    await using server = await scriptedServer(() => {});
    const pool = poolOn(server.url);
    const fails = (data: Buffer) => {
      throw new Error(`told: ${JSON.parse(data.toString()).message}`);
    };
    const all = [await started(pool, { onMessage: fails }), await started(pool, { onMessage: fails })];
    server.peers[0]?.send({ type: 'error', message: 'going down', code: 1012 });
    for (const { failed } of all) expect(await failed).toMatchObject({ message: 'told: going down' });
    await server.peers[0]?.closed;
    await started(pool);
    expect(server.peers.length).toBe(2);
    pool.destroy();
  });

  it('gives a message without an id to the only request there is', async () => {
    await using server = await scriptedServer(() => {});
    const { pool, requests, peer } = await together(server.url, 1, server.peers);
    peer.send({ type: 'text', text: 'whose?' });
    expect((await requests[0].next()).text).toBe('whose?');
    pool.destroy();
  });

  it.each([
    ['a text without an id', (peer: Peer) => peer.send({ type: 'text', text: 'whose?' })],
    ['what is no JSON', (peer: Peer) => peer.send('{"type":"te')],
    ['a binary message', (peer: Peer) => peer.ws.send(Buffer.from('{}'))],
  ])('fails all requests for %s, each with its own id and phase', async (_what, misbehave) => {
    await using server = await scriptedServer(() => {});
    const { requests, peer } = await together(server.url, 2, server.peers);
    misbehave(peer);
    for (const { failed, channel } of requests) {
      const error = await failed;
      expect(error).toBeInstanceOf(ConnectionError);
      expect(error).toMatchObject({
        code: 'ERR_PROTOCOL',
        phase: 'setup',
        requestId: `req of ${channel.clientReqId}`,
        retryable: true,
      });
    }
  });

  it('ignores news of a kind that it does not know', async () => {
    await using server = await scriptedServer(() => {});
    const { pool, requests, peer } = await together(server.url, 2, server.peers);
    peer.send({ type: 'maintenance', at: 'noon' }, { type: 'text', text: 'a', ...id(requests[0]) });
    expect((await requests[0].next()).text).toBe('a');
    expect(pool.stats).toMatchObject({ running: 2, dropped: 1 });
    pool.destroy();
  });

  it.each([
    [
      'drops',
      (peer: Peer) => peer.socket.destroy(),
      ConnectionError,
      { code: 'ERR_CLOSED_EARLY', closeCode: 1006 },
    ],
    [
      'closes',
      (peer: Peer) => peer.ws.close(1001),
      ConnectionError,
      { code: 'ERR_CLOSED_EARLY', closeCode: 1001 },
    ],
    ['closes with 1011', (peer: Peer) => peer.ws.close(1011), SpeechApiError, { apiCode: 1011 }],
  ])('tells each request that the service %s', async (_what, end, kind, facts) => {
    await using server = await scriptedServer(() => {});
    const { pool, requests, peer } = await together(server.url, 2, server.peers);
    for (const each of requests) {
      peer.send({ ...READY, ...id(each) });
      await each.next();
    }
    end(peer);
    const errors = await Promise.all(requests.map(({ failed }) => failed));
    for (const [nth, error] of errors.entries()) {
      expect(error).toBeInstanceOf(kind);
      const requestId = `req of ${requests[nth]?.channel.clientReqId}`;
      expect(error).toMatchObject({ ...facts, retryable: true, requestId });
      expect((error as Error).message).toContain(requestId);
    }
    expect(errors[0]).not.toBe(errors[1]);
    expect(pool.stats).toMatchObject({ sockets: 0, running: 0 });
  });

  it('tells the neighbours of a refused request to try again when the service closes all for it', async () => {
    await using server = await scriptedServer(() => {});
    const { requests, peer } = await together(server.url, 2, server.peers);
    const [a, b] = requests;
    peer.send({ ...READY, ...id(b) });
    await b.next();
    peer.send({ type: 'error', message: 'no such voice', ...id(a) });
    await a.next();
    peer.ws.close(1008, 'no such voice');
    expect(await b.failed).toMatchObject({ code: 'ERR_CLOSED_EARLY', closeCode: 1008, retryable: true });
    // Its error had no code: the close has.
    expect(await a.failed).toMatchObject({ apiCode: 1008, retryable: false });
  });

  it('fails only the request whose handler throws, and tells the service that it is over', async () => {
    await using server = await scriptedServer(() => {});
    const pool = poolOn(server.url);
    const cause = new Error('cannot make sense of it');
    const a = await started(pool, {
      onMessage() {
        throw cause;
      },
    });
    const b = await started(pool);
    const peer = server.peers[0] as Peer;
    peer.send({ type: 'text', ...id(a) });
    expect(await a.failed).toBe(cause);
    expect(await peer.next('end_of_stream')).toEqual({ type: 'end_of_stream', ...id(a) });
    peer.send({ type: 'text', text: 'b', ...id(b) });
    expect((await b.next()).text).toBe('b');
    pool.destroy();
  });

  it('ends a dropped request at the service, and gives its place away only then', async () => {
    await using server = await scriptedServer(() => {});
    const pool = poolOn(server.url, { sessionsPerSocket: 2 });
    const a = await started(pool);
    const b = await started(pool);
    const waiting = request(pool);
    const peer = server.peers[0] as Peer;
    a.channel.destroy();
    a.channel.destroy();
    expect(await peer.next('end_of_stream')).toEqual({ type: 'end_of_stream', ...id(a) });
    peer.send({ type: 'text', text: 'late', ...id(a) }, { type: 'text', text: 'b', ...id(b) });
    await b.next();
    expect(pool.stats).toEqual({ sockets: 1, running: 1, waiting: 1, dropped: 1 });
    peer.send({ type: 'end_of_stream', ...id(a) });
    await waiting.opened;
    expect(pool.stats).toEqual({ sockets: 1, running: 2, waiting: 0, dropped: 2 });
    expect(a.messages).toEqual([]);
    expect(server.peers.length).toBe(1);
    pool.destroy();
  });

  it('sends one end_of_stream for each request, and none without a setup', async () => {
    await using server = await scriptedServer(() => {});
    const { pool, requests, peer } = await together(server.url, 2, server.peers);
    const [a, b] = requests;
    a.send({ type: 'end_of_stream' });
    a.channel.destroy();
    const unsaid = request(pool);
    await unsaid.opened;
    unsaid.channel.destroy();
    b.channel.destroy();
    await peer.next('end_of_stream');
    await peer.next('end_of_stream');
    expect(peer.of('end_of_stream')).toEqual([
      { type: 'end_of_stream', ...id(a) },
      { type: 'end_of_stream', ...id(b) },
    ]);
    pool.destroy();
  });

  it('gives up a socket on which a dropped request does not end, and closes it after its last request', async () => {
    await using server = await scriptedServer(() => {});
    const { pool, requests, peer } = await together(server.url, 2, server.peers);
    const [a, b] = requests;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    a.channel.destroy();
    vi.advanceTimersByTime(DRAIN_MS);
    vi.useRealTimers();
    const c = await started(pool);
    expect(server.peers.length).toBe(2);
    peer.send({ type: 'end_of_stream', ...id(b) });
    await b.next();
    b.channel.close();
    expect(await peer.closed).toEqual({ code: 1000 });
    expect(c.calls).not.toContain('fail');
    pool.destroy();
  });
});

describe('SharedSocket reading', () => {
  const text = 'x'.repeat(10_000);
  const nth = (of: Request, i: number) => ({ type: 'text', text, i, ...id(of) });

  it('holds what comes for a request that does not read, and goes on for the others', async () => {
    await using server = await scriptedServer(() => {});
    const { pool, requests, peer } = await together(server.url, 2, server.peers);
    const [a, b] = requests;
    a.channel.pause();
    for (let i = 0; i < 50; i++) peer.send(nth(a, i));
    peer.send({ type: 'text', text: 'b', ...id(b) });
    await b.next();
    expect(a.messages).toEqual([]);
    a.channel.resume();
    for (let i = 0; i < 50; i++) expect((await a.next()).i).toBe(i);
    expect(b.calls).not.toContain('stalled');
    pool.destroy();
  });

  it('stops reading when it can hold no more, says so to the others, and loses nothing', async () => {
    await using server = await scriptedServer(() => {});
    const { pool, requests, peer } = await together(server.url, 2, server.peers);
    const [a, b] = requests;
    a.channel.pause();
    const count = (3 * HELD_HIGH_BYTES) / text.length;
    for (let i = 0; i < count; i++) peer.send(nth(a, i));
    peer.send({ type: 'text', text: 'b', ...id(b) });
    while (!b.calls.includes('stalled')) await turn();
    expect(b.messages).toEqual([]);
    // A request that comes now gets a socket that is read, or waits.
    expect(request(pool).channel.isOpen).toBe(false);
    expect(pool.stats.waiting).toBe(1);
    a.channel.resume();
    for (let i = 0; i < Math.floor(count); i++) expect((await a.next()).i).toBe(i);
    expect((await b.next()).text).toBe('b');
    expect(b.calls.filter((call) => call !== 'sent')).toEqual(expect.arrayContaining(['stalled', 'goes on']));
    expect(pool.stats.waiting).toBe(0);
    pool.destroy();
  });

  it('reads on when the request that does not read is dropped', async () => {
    await using server = await scriptedServer(() => {});
    const { pool, requests, peer } = await together(server.url, 2, server.peers);
    const [a, b] = requests;
    a.channel.pause();
    for (let i = 0; i < (2 * HELD_HIGH_BYTES) / text.length; i++) peer.send(nth(a, i));
    peer.send({ type: 'text', text: 'b', ...id(b) });
    while (!b.calls.includes('stalled')) await turn();
    a.channel.destroy();
    expect((await b.next()).text).toBe('b');
    expect(b.calls).toContain('goes on');
    pool.destroy();
  });

  it('hands out what is held before the failure that came after it', async () => {
    await using server = await scriptedServer(() => {});
    const { requests, peer } = await together(server.url, 2, server.peers);
    const [a, b] = requests;
    a.channel.pause();
    peer.send(nth(a, 0), nth(a, 1));
    peer.ws.close(1001);
    await b.failed;
    expect(a.calls).not.toContain('fail');
    a.channel.resume();
    expect(await a.failed).toMatchObject({ closeCode: 1001 });
    expect(a.messages.map(({ i }) => i)).toEqual([0, 1]);
  });

  it('lets a request end well whose end was held when the socket died', async () => {
    await using server = await scriptedServer(() => {});
    const { requests, peer } = await together(server.url, 2, server.peers);
    const [a, b] = requests;
    a.channel.pause();
    peer.send(nth(a, 0), { type: 'end_of_stream', ...id(a) });
    peer.socket.end();
    await b.failed;
    a.channel.resume();
    expect((await a.next()).i).toBe(0);
    expect((await a.next()).type).toBe('end_of_stream');
    a.channel.close();
    await turn();
    expect(a.calls).not.toContain('fail');
  });

  it('lets no deadline of a neighbour pass while the socket is not read', async () => {
    await using server = await scriptedServer(() => {});
    const pool = poolOn(server.url);
    const slow = request(pool);
    const ended: unknown[] = [];
    const config = { link: pool, route: 'stt', deadlines: resolveDeadlines() } as const;
    const handlers = { onFrame: () => false, onReady() {}, onMessage() {}, onDrain() {}, onEnd() {} };
    const onFail = (error: unknown) => ended.push(error);
    const waitsForReady = new GradiumSession(config, { type: 'setup' }, { ...handlers, onOpen() {}, onFail });
    const live = new GradiumSession(
      config,
      { type: 'setup' },
      { ...handlers, onOpen: () => live.finish(), onEnd: () => ended.push('end'), onFail },
    );
    await slow.opened;
    const peer = server.peers[0] as Peer;
    await peer.next('end_of_stream');
    const to = { client_req_id: live.clientReqId };
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    slow.channel.pause();
    peer.send({ ...READY, ...to });
    for (let i = 0; i < (3 * HELD_HIGH_BYTES) / text.length; i++) peer.send(nth(slow, i));
    peer.send({ type: 'end_of_stream', ...to });
    while (!slow.calls.includes('stalled')) await turn();
    vi.advanceTimersByTime(100_000);
    expect(ended).toEqual([]);
    slow.channel.destroy();
    while (ended.length === 0) await turn();
    expect(ended).toEqual(['end']);
    // From now on it counts again.
    vi.advanceTimersByTime(29_999);
    expect(ended).toEqual(['end']);
    vi.advanceTimersByTime(1);
    expect(ended).toEqual(['end', expect.objectContaining({ name: 'TimeoutError', phase: 'setup' })]);
    expect(waitsForReady.isOpen).toBe(false);
    pool.destroy();
  });
});

describe('SharedSocket sending', () => {
  it('leaves room for a live request beside one that sends all it can', async () => {
    await using server = await scriptedServer((peer) => peer.socket.pause());
    const pool = poolOn(server.url);
    const bulk = request(pool);
    const live = request(pool);
    await Promise.all([bulk.opened, live.opened]);
    const message = Buffer.from(`{"type":"audio"}${' '.repeat(64 * 1024)}`);
    for (let i = 0; i < 200 && bulk.channel.bufferedBytes <= HIGH_WATER_BYTES; i++) {
      bulk.channel.send(message);
      await turn();
    }
    expect(bulk.channel.bufferedBytes).toBeGreaterThan(HIGH_WATER_BYTES);
    expect(live.channel.bufferedBytes).toBe(0);
    live.send({ type: 'audio', audio: '' });
    expect(live.channel.bufferedBytes).toBeLessThan(100);
    // Two wait now: each may fill a half.
    expect(bulk.channel.bufferedBytes).toBeGreaterThan(2 * HIGH_WATER_BYTES);
    server.peers[0]?.socket.resume();
    while (!live.calls.includes('sent')) await turn();
    // It has seen the other's leave before its own.
    expect(live.calls[live.calls.indexOf('sent') - 1]).toBe('drain');
    while (bulk.channel.bufferedBytes > 0) await turn();
    pool.destroy();
  });
});
