import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ConnectionError, SpeechApiError, TimeoutError } from '../../../src/errors.js';
import { HIGH_WATER_BYTES, type SocketOptions, SpeechSocket, socketUrl } from '../../../src/speech/index.js';
import { type Peer, scriptedServer } from '../../speech/scripted-server.js';

const KEY = 'gd_very_secret';

afterEach(() => {
  vi.useRealTimers();
});

/** A socket, and promises for what happens to it. */
function connect(url: string, extra: Partial<SocketOptions> = {}) {
  const messages: string[] = [];
  const failures: unknown[] = [];
  let opened = () => {};
  let failed = (_error: unknown) => {};
  const open = new Promise<void>((resolve) => {
    opened = resolve;
  });
  const failure = new Promise<unknown>((resolve) => {
    failed = resolve;
  });
  const socket = new SpeechSocket({
    target: () => ({ url: socketUrl(url, 'speech/asr'), headers: { 'x-api-key': KEY }, secrets: [KEY] }),
    connectMs: 10_000,
    pingMs: 20_000,
    where: () => ({ phase: 'connect', requestId: undefined }),
    onOpen: () => opened(),
    onMessage: (data) => messages.push(data.toString()),
    onSent: () => {},
    onFail: (error) => {
      failures.push(error);
      failed(error);
    },
    ...extra,
  });
  return { socket, open, failure, failures, messages };
}

/** A TCP server for what is not even WebSocket. */
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
    server,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

describe('SpeechSocket connecting', () => {
  it('sends the key in its header, offers no compression, and finds the route', async () => {
    await using server = await scriptedServer(() => {});
    const { socket, open } = connect(server.url);
    await open;
    const { headers, url } = server.peers[0]!.request;
    expect(headers['x-api-key']).toBe(KEY);
    expect(headers['sec-websocket-extensions']).toBeUndefined();
    expect(url).toBe('/api/speech/asr');
    socket.destroy();
  });

  it('fails with ERR_CONNECT where nobody listens', async () => {
    const { failure, socket } = connect('http://127.0.0.1:1');
    const error = await failure;
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ code: 'ERR_CONNECT', phase: 'connect', retryable: true });
    socket.destroy();
  });

  it('fails within the connect deadline when the server says nothing', async () => {
    let accepted = () => {};
    const connection = new Promise<void>((resolve) => {
      accepted = resolve;
    });
    await using server = await tcpServer(() => accepted());
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { failure } = connect(server.url);
    await connection;
    vi.advanceTimersByTime(9_999);
    vi.advanceTimersByTime(1);
    const error = await failure;
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ phase: 'connect', retryable: true });
  });

  it.each([
    [401, false],
    [403, false],
    [503, true],
  ])('makes of HTTP %i a SpeechApiError', async (status, retryable) => {
    await using server = await scriptedServer(
      () => {},
      () => ({ status, body: `{"detail":"no ${KEY} here"}` }),
    );
    const error = await connect(server.url).failure;
    expect(error).toBeInstanceOf(SpeechApiError);
    expect(error).toMatchObject({ apiCode: status, retryable });
    expect((error as Error).message).toContain(`HTTP ${status} “no [key] here”`);
  });

  it('reads Retry-After of a 429', async () => {
    await using server = await scriptedServer(
      () => {},
      () => ({ status: 429, headers: { 'Retry-After': '17' } }),
    );
    expect(await connect(server.url).failure).toMatchObject({
      apiCode: 429,
      retryable: true,
      retryAfterS: 17,
    });
  });

  it('does not follow a redirect with the key in its hand', async () => {
    const asked = vi.fn();
    await using elsewhere = await scriptedServer(asked);
    await using server = await scriptedServer(
      () => {},
      () => ({ status: 302, headers: { Location: elsewhere.url } }),
    );
    expect(await connect(server.url).failure).toMatchObject({ apiCode: 302, retryable: false });
    expect(asked).not.toHaveBeenCalled();
  });

  it('reports a refusal whose body never ends when the connect deadline passes', async () => {
    let answered = () => {};
    const answer = new Promise<void>((resolve) => {
      answered = resolve;
    });
    await using server = await tcpServer((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 503 No\r\nContent-Length: 100\r\n\r\nbusy', () => answered());
      });
    });
    const { failure } = connect(server.url, { connectMs: 200 });
    await answer;
    expect(await failure).toMatchObject({ apiCode: 503, retryable: true });
  });

  it('fails once when the server is no HTTP server', async () => {
    await using server = await tcpServer((socket) => socket.end('220 smtp ready\r\n'));
    const { failure, failures, socket } = connect(server.url);
    expect(await failure).toMatchObject({ code: 'ERR_CONNECT', retryable: false });
    socket.destroy();
    expect(failures).toHaveLength(1);
  });

  it('may be destroyed or closed while connecting, and stays silent', async () => {
    await using server = await tcpServer(() => {});
    for (const end of ['destroy', 'close'] as const) {
      const { socket, failures } = connect(server.url);
      socket[end]();
      // ws emits its `error` on the next tick; an unheard one would end the process.
      await new Promise((resolve) => setImmediate(resolve));
      expect(failures).toEqual([]);
    }
  });
});

describe('SpeechSocket open', () => {
  async function opened(script: (peer: Peer) => unknown, extra: Partial<SocketOptions> = {}) {
    const server = await scriptedServer(script);
    const client = connect(server.url, extra);
    await client.open;
    return { server, ...client };
  }

  it.each([1000, 1001, 1008, 1011, 4321])('surfaces close code %i and its reason', async (code) => {
    const { server, failure } = await opened((peer) => peer.ws.close(code, 'because'));
    await using _ = server;
    expect((await failure) as Error).toMatchObject({
      message: expect.stringMatching(new RegExp(`code ${code}, “because”`)),
    });
  });

  it('calls a dropped connection 1006', async () => {
    const { server, failure } = await opened((peer) => peer.socket.destroy());
    await using _ = server;
    expect(await failure).toMatchObject({ code: 'ERR_CLOSED_EARLY', closeCode: 1006, retryable: true });
  });

  it('refuses binary, oversized and broken frames', async () => {
    for (const misdeed of [
      (peer: Peer) => peer.ws.send(Buffer.from('{}')),
      (peer: Peer) => peer.ws.send('x'.repeat(9 * 1024 * 1024)),
      (peer: Peer) => peer.socket.write(Buffer.from([0x81, 0x02, 0xc3, 0x28])), // a text frame that is not UTF-8
      (peer: Peer) => peer.socket.write(Buffer.from([0xff, 0x00])), // reserved bits
    ]) {
      const { server, failure } = await opened(misdeed);
      await using _ = server;
      expect(await failure).toMatchObject({ code: 'ERR_PROTOCOL', retryable: true });
    }
  });

  it('turns a throwing handler into its failure', async () => {
    const own = new Error('own');
    const { server, failure } = await opened((peer) => peer.send('{}'), {
      onMessage: () => {
        throw own;
      },
    });
    await using _ = server;
    expect(await failure).toBe(own);
  });

  it('sends what a reused buffer held at the time, whatever becomes of it', async () => {
    const { server, socket } = await opened((peer) => peer.socket.pause());
    await using _ = server;
    const buffer = Buffer.alloc(20_000);
    for (let i = 0; i < 500; i++) {
      buffer.fill(0x20);
      buffer.write(`{"type":"audio","audio":"${String(i).padStart(6, '0')}"}`, 0);
      socket.send(buffer);
    }
    buffer.fill(0);
    socket.send('{"type":"last"}');
    const peer = server.peers[0]!;
    peer.socket.resume();
    expect(await peer.next('last')).toBeDefined();
    expect(peer.of('audio').map((message) => Number(message.audio))).toEqual(
      Array.from({ length: 500 }, (_, i) => i),
    );
    socket.destroy();
  });

  it('sends whole messages of any length, in order with what ws answers to pings', async () => {
    const { server, socket } = await opened((peer) => {
      peer.ws.on('pong', () => peer.ws.ping());
      peer.ws.ping(Buffer.alloc(125, 1));
    });
    await using _ = server;
    const peer = server.peers[0]!;
    let pongs = 0;
    peer.ws.on('pong', () => pongs++);
    const empty = '{"type":"run","pad":""}';
    const padded = (length: number) => empty.replace('""', `"${'x'.repeat(length - empty.length)}"`);
    const lengths = [
      ...Array.from({ length: 150 }, (_, i) => empty.length + i),
      5147,
      65_535,
      65_536,
      70_000,
    ];
    for (const length of lengths) {
      const message = Buffer.from(padded(length));
      socket.send(message);
      message.fill(0);
      socket.send(empty);
      if (length % 10 === 0) await turn();
    }
    socket.send('{"type":"last"}');
    expect(await peer.next('last')).toBeDefined();
    const got = peer.of('run').map(({ pad }) => empty.length + (pad as string).length);
    expect(got).toEqual(lengths.flatMap((length) => [length, empty.length]));
    expect(pongs).toBeGreaterThan(0);
    socket.destroy();
  });

  it.each(['with the same bytes', 'a turn later'])(
    'sends nothing behind its close frame: %s',
    async (when) => {
      const message = Buffer.from(`{"type":"x","pad":"${'x'.repeat(64 * 1024)}"}`);
      const { server, socket, failure, messages } = await opened((peer) => peer.socket.pause(), {
        onMessage: (data) => {
          messages.push(data.toString());
          if (when === 'with the same bytes') socket.send(message);
        },
      });
      await using _ = server;
      const peer = server.peers[0]!;
      while (socket.bufferedBytes === 0) {
        socket.send(message);
        await turn();
      }
      // In one packet, so that the answer to the close frame waits behind all that was sent when the message is heard of.
      peer.socket.cork();
      peer.send('{"type":"bye"}');
      peer.ws.close(1011);
      peer.socket.uncork();
      while (messages.length === 0) await turn();
      await turn();
      if (when === 'a turn later') socket.send(message);
      await turn();
      const got: Buffer[] = [];
      peer.socket.on('data', (chunk) => got.push(chunk));
      peer.socket.resume();
      expect(await failure).toMatchObject({ apiCode: 1011 });
      // RFC 6455 §5.2: FIN and opcode 8; masked, two bytes; the key; the code.
      expect(Buffer.concat(got).subarray(-8, -6)).toEqual(Buffer.from([0x88, 0x82]));
    },
  );

  it('puts the messages of several sockets where they belong', async () => {
    const clients = [await opened(() => {}), await opened(() => {})];
    for (let i = 0; i < 100; i++) {
      for (const [which, { socket }] of clients.entries()) {
        socket.send(Buffer.from(`{"type":"to","which":${which},"i":${i}}`));
      }
    }
    for (const [which, { server, socket }] of clients.entries()) {
      const peer = server.peers[0]!;
      socket.send('{"type":"last"}');
      await peer.next('last');
      const wanted = Array.from({ length: 100 }, (_, i) => ({ type: 'to', which, i }));
      expect(peer.of('to')).toEqual(wanted);
      socket.destroy();
      await server.close();
    }
  });

  it('tells of unsent bytes, and of their leaving', async () => {
    let drained = () => {};
    const drain = new Promise<void>((resolve) => {
      drained = resolve;
    });
    const { server, socket } = await opened((peer) => peer.socket.pause(), {
      onSent: () => {
        if (socket.bufferedBytes === 0) drained();
      },
    });
    await using _ = server;
    const message = Buffer.alloc(64 * 1024, 0x20);
    message.write('{"type":"x"}');
    while (socket.bufferedBytes < HIGH_WATER_BYTES) socket.send(message);
    server.peers[0]!.socket.resume();
    await drain;
    socket.destroy();
  });

  it('closes with 1000 when it has all it wants', async () => {
    const { server, socket, failures } = await opened(() => {});
    await using _ = server;
    socket.close();
    expect(await server.peers[0]!.closed).toEqual({ code: 1000 });
    expect(failures).toEqual([]);
    socket.send('{}');
    socket.pause();
    socket.resume();
    socket.destroy();
  });

  it('shows the key to nobody who prints it or its errors', async () => {
    const { server, socket, failure } = await opened((peer) => peer.ws.close(1008, `bad key ${KEY}`));
    await using _ = server;
    expect(inspect(socket, { depth: 10 })).not.toContain(KEY);
    expect(inspect(await failure, { depth: 10, showHidden: true })).not.toContain(KEY);
    const refused = await connect('http://127.0.0.1:1').failure;
    expect(inspect(refused, { depth: 10, showHidden: true })).not.toContain(KEY);
  });
});

describe('SpeechSocket watched', () => {
  /** Half of pingMs passes, and all that it brings about. */
  const half = async () => {
    vi.advanceTimersByTime(10_000);
    for (let i = 0; i < 20; i++) await turn();
  };

  it('fails with TimeoutError of phase ping when the peer has vanished without a word', async () => {
    await using server = await scriptedServer((peer) => {
      // Its half of the connection stays open, and nothing is ever read or said again.
      peer.socket.pause();
      peer.socket.removeAllListeners('data');
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { open, failure, failures } = connect(server.url, {
      where: () => ({ phase: 'stream', requestId: 'req-9' }),
    });
    await open;
    for (let i = 0; i < 3; i++) await half();
    expect(failures).toEqual([]);
    await half();
    expect(await failure).toBeInstanceOf(TimeoutError);
    expect(await failure).toMatchObject({ phase: 'ping', requestId: 'req-9', retryable: true });
  });

  it('leaves a silent peer alone that answers its pings', async () => {
    let pings = 0;
    await using server = await scriptedServer((peer) => peer.ws.on('ping', () => pings++));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { open, failures, socket } = connect(server.url);
    await open;
    while (pings < 3) await half();
    expect(failures).toEqual([]);
    socket.destroy();
  });

  it('leaves a peer alone that we do not read', async () => {
    await using server = await scriptedServer((peer) => peer.socket.pause());
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { open, failures, socket } = connect(server.url);
    await open;
    socket.pause();
    for (let i = 0; i < 10; i++) await half();
    expect(failures).toEqual([]);
    socket.resume();
    for (let i = 0; i < 3; i++) await half();
    expect(failures).toEqual([]);
    await half();
    expect(failures).toMatchObject([{ phase: 'ping' }]);
  });

  it('asks nobody with pingMs 0', async () => {
    let pings = 0;
    await using server = await scriptedServer((peer) => peer.ws.on('ping', () => pings++));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { open, failures, socket } = connect(server.url, { pingMs: 0 });
    await open;
    for (let i = 0; i < 10; i++) await half();
    expect([pings, failures]).toEqual([0, []]);
    socket.destroy();
  });
});
