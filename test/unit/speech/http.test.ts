import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ConnectionError, SpeechApiError, TimeoutError } from '../../../src/errors.js';
import {
  HttpExchange,
  type HttpHead,
  type HttpOptions,
  requestJson,
  Scope,
} from '../../../src/speech/index.js';
import { type HttpPeer, scriptedHttp } from '../../speech/scripted-http.js';

const KEY = 'gd_very_secret';

afterEach(() => {
  vi.useRealTimers();
});

const target = (url: string) => ({
  url: new URL('/api/thing', url),
  headers: { 'x-api-key': KEY },
  secrets: [KEY],
});

/** Promise.withResolvers, which Node 20 lacks. */
function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve = (_value: T) => {};
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** An exchange, and promises for what happens to it. */
function ask(url: string, extra: Partial<HttpOptions> = {}) {
  const told = { heads: [] as HttpHead[], data: [] as Buffer[], ends: 0, failures: [] as unknown[] };
  const open = withResolvers<void>();
  const end = withResolvers<void>();
  const failure = withResolvers<unknown>();
  const exchange = new HttpExchange({
    method: 'POST',
    target: target(url),
    connectMs: 10_000,
    setupMs: 30_000,
    idleMs: 30_000,
    onOpen: open.resolve,
    onHead: (head) => told.heads.push(head),
    onData: (bytes) => told.data.push(Buffer.from(bytes)),
    onEnd: () => {
      told.ends++;
      end.resolve();
    },
    onFail: (error) => {
      told.failures.push(error);
      failure.resolve(error);
    },
    ...extra,
  });
  return { exchange, open: open.promise, end: end.promise, failure: failure.promise, ...told, told };
}

/** A TCP server for what is not even HTTP. */
async function tcpServer(onConnection: (socket: import('node:net').Socket) => void) {
  const sockets: import('node:net').Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Lets what is under way on this machine's loopback arrive. */
async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

describe('HttpExchange', () => {
  it('sends the key, the body with its length, and hands out the answer', async () => {
    await using server = await scriptedHttp(async (peer) => {
      const body = await peer.body();
      peer.answer(201, `got ${body}`, { 'content-type': 'Text/Plain; charset=utf-8' });
    });
    const asked = ask(server.url, { body: Buffer.from('hello'), contentType: 'text/x' });
    await asked.end;
    const { headers, url, method } = server.peers[0]!.request;
    expect({ url, method }).toEqual({ url: '/api/thing', method: 'POST' });
    expect(headers).toMatchObject({ 'x-api-key': KEY, 'content-type': 'text/x', 'content-length': '5' });
    expect(asked.heads).toEqual([{ status: 201, contentType: 'text/plain', delimited: true }]);
    expect(Buffer.concat(asked.data).toString()).toBe('got hello');
    expect(asked.told).toMatchObject({ ends: 1, failures: [] });
  });

  it('streams a body while the answer to its beginning comes back', async () => {
    await using server = await scriptedHttp((peer) => {
      peer.start(200);
      peer.request.on('data', (part: Buffer) => peer.response.write(part.toString().toUpperCase()));
      peer.request.on('end', () => peer.response.end('!'));
    });
    const sent: string[] = [];
    const heard: string[] = [];
    const asked = ask(server.url, {
      body: 'streamed',
      onSent: () => sent.push('all'),
      onData: (bytes) => {
        heard.push(bytes.toString());
        if (heard.join('') === 'ONE') asked.exchange.write(Buffer.from('two'), () => sent.push('two'));
        if (heard.join('') === 'ONETWO') asked.exchange.end();
      },
    });
    asked.exchange.write(Buffer.from('one'), () => sent.push('one'));
    await asked.end;
    expect(heard.join('')).toBe('ONETWO!');
    expect(sent).toEqual(['one', 'two', 'all']);
    await server.idle();
  });

  it('counts what a slow reader has not taken, and goes on when it reads', async () => {
    const read = withResolvers<void>();
    await using server = await scriptedHttp(async (peer) => {
      await read.promise;
      peer.answer(200, String((await peer.body()).length));
    });
    const asked = ask(server.url, { body: 'streamed' });
    await asked.open;
    const part = Buffer.alloc(1024 * 1024);
    let taken = 0;
    for (let i = 0; i < 32; i++) asked.exchange.write(part, () => taken++);
    await turns();
    expect(asked.exchange.bufferedBytes).toBeGreaterThan(1024 * 1024);
    expect(taken).toBeLessThan(32);
    read.resolve();
    asked.exchange.end();
    await asked.end;
    expect(taken).toBe(32);
    expect(asked.exchange.bufferedBytes).toBe(0);
    expect(String(asked.data)).toBe(String(32 * part.length));
  });

  it('holds the service back while paused', async () => {
    const flood = Buffer.alloc(64 * 1024 * 1024);
    let drained = false;
    await using server = await scriptedHttp((peer) => {
      peer.response.writeHead(200, { 'content-length': flood.length });
      peer.response.write(flood, () => {
        drained = true;
      });
      peer.response.end();
    });
    const head = withResolvers<void>();
    let bytes = 0;
    const asked = ask(server.url, {
      onHead: () => {
        asked.exchange.pause();
        head.resolve();
      },
      onData: (part) => {
        bytes += part.length;
      },
    });
    await head.promise;
    await turns(50);
    expect(bytes).toBe(0);
    expect(drained).toBe(false);
    asked.exchange.resume();
    await asked.end;
    expect(bytes).toBe(flood.length);
  });

  it('keeps the connection for the next whole request, never for a streamed one', async () => {
    await using server = await scriptedHttp(async (peer) => {
      await peer.body();
      peer.answer(200, 'x');
    });
    for (let i = 0; i < 3; i++) {
      const asked = ask(server.url);
      await asked.end;
      await turns();
    }
    expect(server.connections).toBe(1);
    const streamed = ask(server.url, { body: 'streamed' });
    streamed.exchange.end();
    await streamed.end;
    expect(server.connections).toBe(2);
  });

  it('lets the last bytes come after close, and keeps the connection', async () => {
    const rest = withResolvers<void>();
    await using server = await scriptedHttp(async (peer, nth) => {
      await peer.body();
      if (nth > 0) return peer.answer(200, 'again');
      peer.start(200);
      peer.response.write('enough');
      await rest.promise;
      peer.response.end('rest');
    });
    const said = withResolvers<void>();
    const first = ask(server.url, { onData: () => said.resolve() });
    await said.promise;
    first.exchange.close();
    rest.resolve();
    await turns();
    await ask(server.url).end;
    expect(server.connections).toBe(1);
    expect(first.told).toMatchObject({ ends: 0, failures: [] });
  });

  it('drops the connection when after close nothing comes', async () => {
    await using server = await scriptedHttp((peer) => peer.start(200));
    const head = withResolvers<void>();
    const asked = ask(server.url, { onHead: () => head.resolve() });
    await head.promise;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    asked.exchange.close();
    vi.advanceTimersByTime(2_000);
    await server.idle();
    expect(asked.told).toMatchObject({ ends: 0, failures: [] });
  });
});

describe('HttpExchange failing', () => {
  it('fails with ERR_CONNECT where nobody listens', async () => {
    const error = await ask('http://127.0.0.1:1').failure;
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ code: 'ERR_CONNECT', phase: 'connect', retryable: true });
  });

  it('does not take a server without TLS for one with it', async () => {
    await using server = await scriptedHttp(() => {});
    const error = await ask(server.url.replace('http', 'https')).failure;
    expect(error).toMatchObject({ code: 'ERR_CONNECT', phase: 'connect', retryable: false });
    await server.idle();
  });

  it.each([
    [
      '401',
      401,
      '{"detail":"bad key gd_very_secret"}',
      401,
      false,
      'HTTP 401 “bad key [key]”; check the API key',
    ],
    ['404', 404, '', 404, false, 'HTTP 404; check the base URL'],
    [
      '422',
      422,
      '{"detail":[{"loc":["body","name"],"msg":"field required","type":"missing"},{"msg":"y"}]}',
      422,
      false,
      'HTTP 422 “body.name: field required; y”',
    ],
    [
      'error and code',
      500,
      '{"error":"no credits","code":1008}',
      1008,
      false,
      'HTTP 500 “no credits” (code 1008)',
    ],
    [
      '1008 in text',
      500,
      'error from server 1008: no credits',
      1008,
      false,
      '“error from server 1008: no credits”',
    ],
    ['1011 in text', 500, 'error from server 1011: oops', 1011, true, '(code 1011)'],
    ['a bare text', 500, 'worker is gone', 500, true, 'HTTP 500 “worker is gone”'],
    [
      'a page',
      502,
      '<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title>',
      502,
      true,
      'HTTP 502 “502 Bad Gateway”',
    ],
    ['a page without title', 503, '<html>x', 503, true, 'HTTP 503 “an HTML page”'],
  ])('makes of %s a SpeechApiError', async (_name, status, body, apiCode, retryable, said) => {
    await using server = await scriptedHttp((peer) => peer.answer(status, body));
    const error = await ask(server.url).failure;
    expect(error).toBeInstanceOf(SpeechApiError);
    expect(error).toMatchObject({ apiCode, retryable });
    expect((error as Error).message).toContain(`the service refused the request: `);
    expect((error as Error).message).toContain(said);
  });

  it('reads Retry-After of a 429', async () => {
    await using server = await scriptedHttp((peer) => peer.answer(429, '', { 'retry-after': '17' }));
    expect(await ask(server.url).failure).toMatchObject({ apiCode: 429, retryable: true, retryAfterS: 17 });
  });

  it('does not follow a redirect with the key in its hand', async () => {
    await using elsewhere = await scriptedHttp((peer) => peer.answer(200));
    await using server = await scriptedHttp((peer) => peer.answer(307, '', { location: elsewhere.url }));
    expect(await ask(server.url).failure).toMatchObject({ apiCode: 307, retryable: false });
    expect(elsewhere.peers).toEqual([]);
  });

  it('reports a refusal before the body was sent, and stops sending it', async () => {
    await using server = await scriptedHttp((peer) => peer.answer(500, 'error from server 1008: no'));
    const asked = ask(server.url, { body: 'streamed' });
    expect(await asked.failure).toMatchObject({ apiCode: 1008 });
    expect(asked.exchange.isOpen).toBe(false);
    await server.idle();
  });

  it('reads no more of a refusal than a message can hold', async () => {
    await using server = await scriptedHttp((peer) => {
      peer.start(500);
      const more = () => {
        while (!peer.socket.destroyed && peer.response.write('x'.repeat(65_536)));
      };
      peer.response.on('drain', more);
      more();
    });
    const error = (await ask(server.url).failure) as Error;
    expect(error).toMatchObject({ apiCode: 500 });
    expect(error.message.length).toBeLessThan(700);
    await server.idle();
  });

  it('waits 5 s for the rest of a refusal', async () => {
    await using server = await scriptedHttp((peer) => {
      peer.start(503);
      peer.response.write('busy');
    });
    const asked = ask(server.url);
    await asked.open;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    while (vi.getTimerCount() === 0) await turns(1);
    await turns();
    vi.advanceTimersByTime(4_999);
    expect(asked.told.failures).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(await asked.failure).toMatchObject({ apiCode: 503, message: expect.stringContaining('“busy”') });
    await server.idle();
  });

  it.each([
    ['before the head', (peer: HttpPeer) => peer.socket.destroy(), 'setup'],
    ['by a reset', (peer: HttpPeer) => peer.socket.resetAndDestroy(), 'setup'],
    [
      'within the head',
      async (peer: HttpPeer) => {
        await peer.raw('HTTP/1.1 200 OK\r\nConte');
        peer.socket.destroy();
      },
      'setup',
    ],
    [
      'within a chunked body',
      async (peer: HttpPeer) => {
        await peer.raw('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
        peer.socket.destroy();
      },
      'stream',
    ],
    [
      'before the length that was said',
      async (peer: HttpPeer) => {
        await peer.raw('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello');
        peer.socket.end();
      },
      'stream',
    ],
  ])('calls a connection that ends %s ERR_CLOSED_EARLY', async (_name, script, phase) => {
    await using server = await scriptedHttp(script);
    const asked = ask(server.url);
    const error = await asked.failure;
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ code: 'ERR_CLOSED_EARLY', phase, retryable: true });
    expect(asked.told.ends).toBe(0);
    await server.idle();
  });

  it('says of a body without a length that its end cannot be told', async () => {
    await using server = await scriptedHttp(async (peer) => {
      await peer.raw('HTTP/1.1 200 OK\r\n\r\nhello');
      peer.socket.end();
    });
    const asked = ask(server.url);
    await asked.end;
    expect(asked.heads).toEqual([{ status: 200, contentType: '', delimited: false }]);
  });

  it.each([
    ['no HTTP', 'SSH-2.0-OpenSSH gd_very_secret\r\n'],
    ['a broken chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n'],
    ['a head without an end', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}`],
  ])('calls %s ERR_PROTOCOL', async (_name, said) => {
    await using server = await tcpServer((socket) => socket.once('data', () => socket.write(said)));
    const error = await ask(server.url).failure;
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ code: 'ERR_PROTOCOL', retryable: true });
    expect(inspect(error)).not.toContain(KEY);
  });

  it('takes no compressed answer for what it was asked for', async () => {
    await using server = await scriptedHttp((peer) => peer.answer(200, 'x', { 'content-encoding': 'gzip' }));
    const error = await ask(server.url).failure;
    expect(error).toMatchObject({ code: 'ERR_PROTOCOL', message: expect.stringContaining('gzip') });
    await server.idle();
  });

  it('fails with what a handler throws', async () => {
    const mine = new Error('mine');
    const thrower = () => {
      throw mine;
    };
    await using server = await scriptedHttp((peer) => peer.answer(200, 'x'));
    for (const broken of [
      { onOpen: thrower },
      { onHead: thrower },
      { onData: thrower },
      { onEnd: thrower },
    ]) {
      expect(await ask(server.url, { body: 'streamed', ...broken }).failure).toBe(mine);
    }
    await server.idle();
  });

  it('ends at once and for good by destroy, at whatever moment', async () => {
    await using server = await scriptedHttp((peer, nth) => {
      if (nth > 1) peer.start(200);
      if (nth > 2) peer.response.write('x');
    });
    const moments: ((asked: ReturnType<typeof ask>) => Promise<unknown>)[] = [
      async () => {},
      ({ open }) => open,
      async () => server.peers.length < 2 && (await turns()),
      async ({ told }) => {
        while (told.heads.length === 0) await turns(1);
      },
      async ({ told }) => {
        while (told.data.length === 0) await turns(1);
      },
    ];
    for (const moment of moments) {
      for (const body of ['streamed', Buffer.from('x')] as const) {
        const asked = ask(server.url, { body });
        await moment(asked);
        asked.exchange.destroy();
        asked.exchange.destroy();
        asked.exchange.write(Buffer.from('x'), () => expect.fail('sent after the end'));
        await turns();
        expect(asked.told).toMatchObject({ ends: 0, failures: [] });
        expect(asked.exchange.isOpen).toBe(false);
      }
    }
    await server.idle();
  });
});

describe('HttpExchange deadlines', () => {
  it('connectMs: until it is connected, TLS and all', async () => {
    const accepted = withResolvers<void>();
    await using server = await tcpServer(() => accepted.resolve());
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const asked = ask(server.url.replace('http', 'https'));
    await accepted.promise;
    await turns();
    vi.advanceTimersByTime(9_999);
    expect(asked.told.failures).toEqual([]);
    vi.advanceTimersByTime(1);
    const error = await asked.failure;
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ phase: 'connect', retryable: true });
    expect((error as Error).message).toMatch(/^no connection to 127\.0\.0\.1:\d+ within 10000 ms$/);
  });

  it('setupMs: from the last part of the body that left to the head of the answer', async () => {
    await using server = await scriptedHttp((peer) => peer.raw('HTTP/1.1 200 OK\r\nConte'));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const sent = withResolvers<void>();
    const asked = ask(server.url, { body: 'streamed', onSent: sent.resolve });
    await asked.open;
    vi.advanceTimersByTime(29_999);
    await new Promise<void>((resolve) => asked.exchange.write(Buffer.from('x'), resolve));
    vi.advanceTimersByTime(29_999);
    asked.exchange.end();
    await sent.promise;
    vi.advanceTimersByTime(29_999);
    expect(asked.told.failures).toEqual([]);
    vi.advanceTimersByTime(1);
    const error = await asked.failure;
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ phase: 'setup', retryable: true });
    await server.idle();
  });

  it('setupMs: from the last slice of a whole body that left', async () => {
    const peer = withResolvers<HttpPeer>();
    await using server = await scriptedHttp((asking) => peer.resolve(asking));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    // More than the kernel holds of a connection that nobody reads.
    const asked = ask(server.url, { body: Buffer.alloc(64 * 1024 * 1024) });
    const { request } = await peer.promise;
    await turns(200);
    vi.advanceTimersByTime(29_999);
    let read = 0;
    while (read < 8 * 1024 * 1024) {
      read += (request.read() as Buffer | null)?.length ?? 0;
      await turns(1);
    }
    await turns(200);
    vi.advanceTimersByTime(29_999);
    expect(asked.told.failures).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(await asked.failure).toMatchObject({ code: 'ERR_TIMEOUT', phase: 'setup' });
  });

  it('setupMs: not while the next part of a streamed body is still to come from us', async () => {
    await using server = await scriptedHttp(() => {});
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const asked = ask(server.url, { body: 'streamed' });
    await asked.open;
    vi.advanceTimersByTime(1_000_000);
    await new Promise<void>((resolve) => asked.exchange.write(Buffer.from('x'), resolve));
    vi.advanceTimersByTime(1_000_000);
    expect(asked.told.failures).toEqual([]);
    asked.exchange.end();
    vi.advanceTimersByTime(30_000);
    expect(await asked.failure).toMatchObject({ phase: 'setup' });
  });

  it('idleMs: between two parts of the answer, not while paused', async () => {
    const more = withResolvers<void>();
    await using server = await scriptedHttp(async (peer) => {
      peer.start(200);
      peer.response.write('a');
      await more.promise;
      peer.response.write('b');
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const asked = ask(server.url);
    while (asked.data.length < 1) await turns(1);
    vi.advanceTimersByTime(29_999);
    more.resolve();
    while (asked.data.length < 2) await turns(1);
    vi.advanceTimersByTime(29_999);
    asked.exchange.pause();
    vi.advanceTimersByTime(100_000);
    asked.exchange.resume();
    vi.advanceTimersByTime(29_999);
    expect(asked.told.failures).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(await asked.failure).toMatchObject({ code: 'ERR_TIMEOUT', phase: 'idle' });
    await server.idle();
  });

  it('0 turns each off', async () => {
    await using server = await scriptedHttp((peer) => peer.start(200));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const asked = ask(server.url, { connectMs: 0, setupMs: 0, idleMs: 0, body: 'streamed' });
    vi.advanceTimersByTime(2 ** 31);
    while (asked.heads.length === 0) await turns(1);
    vi.advanceTimersByTime(2 ** 31);
    expect(asked.told.failures).toEqual([]);
    asked.exchange.destroy();
    await server.idle();
  });
});

describe('requestJson', () => {
  const deadlines = { connectMs: 10_000, setupMs: 30_000, idleMs: 30_000 };
  const get = (url: string, scope = new Scope()) =>
    requestJson({ method: 'GET', target: target(url), deadlines, scope });

  it('gives the status and what the answer holds', async () => {
    await using server = await scriptedHttp((peer) => peer.answer(200, '{"token":"t"}'));
    expect(await get(server.url)).toEqual({ status: 200, body: { token: 't' } });
    expect(server.peers[0]?.request.method).toBe('GET');
    expect(server.peers[0]?.request.headers['content-type']).toBeUndefined();
  });

  it('sends a body as JSON', async () => {
    await using server = await scriptedHttp(async (peer) => peer.answer(201, (await peer.body()).toString()));
    const body = { name: 'ä', list: [1] };
    const answer = await requestJson({
      method: 'POST',
      target: target(server.url),
      body,
      deadlines,
      scope: new Scope(),
    });
    expect(answer).toEqual({ status: 201, body });
    expect(server.peers[0]?.request.headers['content-type']).toBe('application/json');
  });

  it('says the id that the service gave the request', async () => {
    await using server = await scriptedHttp((peer, nth) =>
      peer.answer(200, '1', nth === 0 ? { 'x-request-id': `r ${KEY}` } : {}),
    );
    expect(await get(server.url)).toMatchObject({ requestId: 'r [key]' });
    expect(await get(server.url)).toMatchObject({ requestId: undefined });
  });

  it('gives undefined for a 204', async () => {
    await using server = await scriptedHttp((peer) => {
      peer.response.writeHead(204);
      peer.response.end();
    });
    expect(await get(server.url)).toEqual({ status: 204, body: undefined });
  });

  it('calls half a JSON value, and a page, ERR_PROTOCOL', async () => {
    await using server = await scriptedHttp((peer, nth) => peer.answer(200, nth === 0 ? '{"a":' : '<html>'));
    await expect(get(server.url)).rejects.toMatchObject({ code: 'ERR_PROTOCOL', retryable: true });
    await expect(get(server.url)).rejects.toMatchObject({ code: 'ERR_PROTOCOL', retryable: true });
  });

  it('calls an endless answer ERR_PROTOCOL', async () => {
    await using server = await scriptedHttp((peer) => {
      peer.start(200);
      const more = () => {
        while (!peer.socket.destroyed && peer.response.write(Buffer.alloc(1024 * 1024, ' ')));
      };
      peer.response.on('drain', more);
      more();
    });
    await expect(get(server.url)).rejects.toMatchObject({ code: 'ERR_PROTOCOL' });
    await server.idle();
  });

  it('rejects with the reason of an abort, before it, in its midst, and never after', async () => {
    const asked = withResolvers<void>();
    await using server = await scriptedHttp((peer, nth) =>
      nth === 0 ? asked.resolve() : peer.answer(200, '1'),
    );
    const reason = new Error('changed my mind');
    const early = new Scope();
    early.fail(reason);
    await expect(get(server.url, early)).rejects.toBe(reason);
    const scope = new Scope();
    const pending = get(server.url, scope);
    await asked.promise;
    scope.fail(reason);
    await expect(pending).rejects.toBe(reason);
    await server.idle();
    const late = new Scope();
    await get(server.url, late);
    late.fail(reason);
  });

  it('asks anew when a kept connection was closed under it', async () => {
    await using server = await scriptedHttp((peer, nth) => {
      if (nth === 1) peer.socket.resetAndDestroy();
      else peer.answer(200, String(nth));
    });
    expect(await get(server.url)).toMatchObject({ body: 0 });
    await turns();
    expect(await get(server.url)).toMatchObject({ body: 2 });
    expect(server.connections).toBe(2);
  });

  it('asks anew once', async () => {
    await using server = await scriptedHttp((peer, nth) => {
      if (nth > 0) peer.socket.resetAndDestroy();
      else peer.answer(200, '0');
    });
    await get(server.url);
    await turns();
    await expect(get(server.url)).rejects.toMatchObject({ code: 'ERR_CLOSED_EARLY' });
    expect(server.peers.length).toBe(3);
  });

  it('does not ask a POST anew, and gives it a connection of its own', async () => {
    await using server = await scriptedHttp(async (peer, nth) => {
      await peer.body();
      if (nth === 0) peer.answer(200, '1');
      else peer.socket.resetAndDestroy();
    });
    const post = () =>
      requestJson({ method: 'POST', target: target(server.url), deadlines, scope: new Scope() });
    await post();
    await turns();
    await expect(post()).rejects.toMatchObject({ code: 'ERR_CLOSED_EARLY' });
    expect(server.peers.length).toBe(2);
    expect(server.connections).toBe(2);
  });
});
