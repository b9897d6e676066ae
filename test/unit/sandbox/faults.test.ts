import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type Fault, parseFault, type Sandbox, startSandbox } from '../../../src/sandbox/index.js';
import { audio, RawClient, textFrame, upgrade } from './client.js';

let sandbox: Sandbox | undefined;
afterEach(async () => {
  await sandbox?.close();
  sandbox = undefined;
});

/** A client of a sandbox with these faults. */
async function faulty(...faults: Fault[]): Promise<() => Promise<RawClient>> {
  sandbox = await startSandbox({ faults });
  const { url } = sandbox;
  return () => RawClient.open(url, '/api/speech/asr');
}

const SETUP = { type: 'setup', input_format: 'pcm_8000' };
const END = { type: 'end_of_stream' };
/** Answered by ready, four steps and end_of_stream. */
const SESSION = [SETUP, audio(new Int16Array(4 * 640)), END];
const ALL = ['ready', 'step', 'step', 'step', 'step', 'end_of_stream'];

/** Rejects when the bytes cannot be sent. */
function write(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

async function run(client: RawClient): Promise<RawClient> {
  client.send(...SESSION);
  await client.closed();
  return client;
}

describe('faults', () => {
  it('refuse answers the upgrade by an HTTP status, as often as told', async () => {
    const open = await faulty({ kind: 'refuse', status: 429, retryAfterS: 2, times: 2 });
    await expect(open()).rejects.toEqual({ status: 429, retryAfter: '2' });
    await expect(open()).rejects.toEqual({ status: 429, retryAfter: '2' });
    expect((await run(await open())).types()).toEqual(ALL);
  });

  it.each([401, 503])('refuse with %i and no Retry-After', async (status) => {
    const open = await faulty({ kind: 'refuse', status });
    await expect(open()).rejects.toEqual({ status, retryAfter: undefined });
  });

  it('drop breaks the connection after so many messages, without a close frame', async () => {
    const open = await faulty({ kind: 'drop', after: 3, times: 1 });
    const dropped = await run(await open());
    expect(dropped.types()).toEqual(['ready', 'step', 'step']);
    expect(dropped.closeCode).toBe(1006);
    expect((await run(await open())).types()).toEqual(ALL);
  });

  it('drop lets so many messages through to a client that reads slowly and goes on sending', async () => {
    sandbox = await startSandbox({ faults: [{ kind: 'drop', after: 2000 }] }); // 20 MB: more than the system buffers
    const client = await RawClient.open(sandbox.url, '/speech/tts');
    client.socket.on('message', () => {
      client.socket.pause();
      if (client.messages.length % 100 === 0) client.socket.ping(); // more often, ws would call it a flood
      setImmediate(() => client.socket.resume());
    });
    client.send({ type: 'setup', output_format: 'pcm_48000' }, { type: 'text', text: 'word '.repeat(600) });
    expect(await client.closed()).toBe(1006);
    expect(client.messages).toHaveLength(2000);
  });

  it('drop reads on while the client sends, and ends what its client leaves half open', async () => {
    let sawClosed = (): void => {};
    const closed = new Promise<void>((resolve) => {
      sawClosed = resolve;
    });
    const log = (line: string): void => {
      if (line.includes('closed (1006)')) sawClosed();
    };
    sandbox = await startSandbox({ faults: [{ kind: 'drop', after: 1 }], log });
    const client = connect({
      port: Number(new URL(sandbox.url).port),
      host: '127.0.0.1',
      allowHalfOpen: true,
    });
    client.write(upgrade('/speech/asr'));
    for (const message of SESSION) client.write(textFrame(message));
    const received: Buffer[] = [];
    client.on('data', (data) => received.push(data));
    await once(client, 'end');
    expect(Buffer.concat(received).toString('latin1')).toContain('"type":"ready"');
    // 32 MB are more than the system's buffers hold: they are only taken when somebody reads them.
    const more = textFrame(audio(new Uint8Array(750_000)));
    for (let i = 0; i < 32; i++) await write(client, more);
    await closed;
    client.destroy();
  });

  it('error comes with its code, in place of ready where after is 0', async () => {
    const open = await faulty({ kind: 'error', code: 1008, after: 0, times: 1 }, { kind: 'error', after: 2 });
    const first = await run(await open());
    expect(first.messages).toEqual([{ type: 'error', message: 'fault on request', code: 1008 }]);
    expect(first.closeCode).toBe(1008);
    const second = await run(await open());
    expect(second.types()).toEqual(['ready', 'step', 'error']);
    expect(second.closeCode).toBe(1011);
  });

  it('malformed breaks one message and goes on', async () => {
    const open = await faulty({ kind: 'malformed', after: 2 });
    const client = await run(await open());
    expect(client.broken).toHaveLength(1);
    expect(client.types()).toEqual(ALL.toSpliced(2, 1));
    expect(client.closeCode).toBe(1000);
  });

  it('stall stops answering and leaves the socket open, until the client closes it', async () => {
    const open = await faulty({ kind: 'stall', after: 3 });
    const client = await open();
    client.send(...SESSION);
    await client.next((message) => message.step_idx === 1);
    const pong = new Promise((resolve) => client.socket.once('pong', resolve));
    client.socket.ping();
    await pong; // whatever was to come before it has come
    expect(client.types()).toEqual(['ready', 'step', 'step']);
    client.socket.close(1000);
    expect(await client.closed()).toBe(1000);
  });

  it('close sends a close frame early, with its code', async () => {
    const open = await faulty({ kind: 'close', code: 1012, after: 1 });
    const client = await run(await open());
    expect(client.types()).toEqual(['ready']);
    expect(client.closeCode).toBe(1012);
  });

  it('delay holds ready back, and what was sent meanwhile is not lost', async () => {
    const open = await faulty({ kind: 'delay', ms: 500 });
    const client = await open();
    client.send(...SESSION);
    const pong = new Promise((resolve) => client.socket.once('pong', resolve));
    client.socket.ping();
    await pong;
    expect(client.types()).toEqual([]);
    await client.closed();
    expect(client.types()).toEqual(ALL);
  });

  it('slow holds every message back, and loses none', async () => {
    const open = await faulty({ kind: 'slow', ms: 20 });
    const client = await open();
    const before = performance.now();
    await run(client);
    // Six messages, each at least 20 ms behind the one before it; a timer may be a fraction of a millisecond early.
    expect(performance.now() - before).toBeGreaterThan(6 * 19);
    expect(client.types()).toEqual(ALL);
  });

  it('binary puts a binary frame in place of one message and goes on', async () => {
    const open = await faulty({ kind: 'binary', after: 2 });
    const client = await run(await open());
    expect(client.binary).toEqual([Buffer.from('808182838485868788898a8b8c8d8e8f', 'hex')]);
    expect(client.types()).toEqual(ALL.toSpliced(2, 1));
    expect(client.closeCode).toBe(1000);
  });

  it('befall the request of their number, as often as told, and let others pass', async () => {
    const open = await faulty(
      { kind: 'close', request: 2 },
      { kind: 'drop', request: 4, times: 2 },
      { kind: 'refuse', request: 3 },
      { kind: 'malformed', times: 1 },
    );
    const first = await run(await open());
    expect([first.broken.length, first.closeCode]).toEqual([1, 1000]);
    expect((await run(await open())).closeCode).toBe(1011);
    await expect(open()).rejects.toEqual({ status: 503, retryAfter: undefined });
    const codes: unknown[] = []; // sessions 3 to 6
    for (let i = 0; i < 4; i++) codes.push((await run(await open())).closeCode);
    expect(codes).toEqual([1000, 1006, 1006, 1000]);
  });

  it('befall one route alone, and count its requests alone', async () => {
    const open = await faulty(
      { kind: 'refuse', route: 's2s' },
      { kind: 'close', route: 'tts', request: 2 },
      { kind: 'drop', route: 'stt', times: 1 },
    );
    const { url } = sandbox as Sandbox;
    const tts = async (): Promise<number | undefined> => {
      const client = await RawClient.open(url, '/speech/tts');
      client.send({ type: 'setup' }, END);
      await client.closed();
      return client.closeCode;
    };
    await expect(RawClient.open(url, '/speech/s2s')).rejects.toMatchObject({ status: 503 });
    expect(await tts()).toBe(1000);
    expect((await run(await open())).closeCode).toBe(1006);
    expect((await run(await open())).closeCode).toBe(1000);
    expect([await tts(), await tts()]).toEqual([1011, 1000]);
  });

  it('play in order: each session takes the first with turns left', async () => {
    const open = await faulty(
      { kind: 'close', times: 1 },
      { kind: 'refuse', times: 1 },
      { kind: 'drop', after: 0, times: 1 },
    );
    expect((await run(await open())).closeCode).toBe(1011);
    await expect(open()).rejects.toEqual({ status: 503, retryAfter: undefined });
    expect((await run(await open())).closeCode).toBe(1006);
    expect((await run(await open())).closeCode).toBe(1000);
  });

  it('befall one request of a multiplexed socket', async () => {
    const open = await faulty({ kind: 'stall', after: 1, times: 1 });
    const client = await open();
    for (const client_req_id of ['a', 'b']) {
      client.send({ ...SETUP, client_req_id, close_ws_on_eos: false }, { ...END, client_req_id });
    }
    await client.next('end_of_stream');
    expect([client.types('a'), client.types('b')]).toEqual([['ready'], ['ready', 'end_of_stream']]);
    client.socket.close();
  });
});

describe('parseFault', () => {
  it.each<[string, Fault]>([
    ['refuse', { kind: 'refuse' }],
    ['refuse:status=429,retry-after=2,times=1', { kind: 'refuse', status: 429, retryAfterS: 2, times: 1 }],
    ['delay:ms=500', { kind: 'delay', ms: 500 }],
    ['drop:after=10', { kind: 'drop', after: 10 }],
    ['error:code=1008,after=0', { kind: 'error', code: 1008, after: 0 }],
    ['malformed', { kind: 'malformed' }],
    ['stall:after=5,times=3', { kind: 'stall', after: 5, times: 3 }],
    ['close:code=1001', { kind: 'close', code: 1001 }],
    ['slow:ms=20,route=tts', { kind: 'slow', ms: 20, route: 'tts' }],
    ['binary:request=3,times=2', { kind: 'binary', request: 3, times: 2 }],
  ])('reads %s', (text, fault) => {
    expect(parseFault(text)).toEqual(fault);
  });

  it.each([
    ['', /Unknown fault ""/u],
    ['explode', /Unknown fault "explode"; there are refuse, delay/u],
    ['constructor', /Unknown fault/u],
    ['drop:code=5', /drop has no "code"; it has after, times, request, route/u],
    ['drop:', /drop has no ""/u],
    ['drop:constructor=1', /drop has no "constructor"; it has after, times, request, route/u],
    ['drop:__proto__=5', /drop has no "__proto__"; it has after, times, request, route/u],
    ['drop:toString', /drop has no "toString"/u],
    ['drop:after=1,after=2', /drop has "after" twice/u],
    ['refuse:retry-after=1,status=429,retry-after=1', /refuse has "retry-after" twice/u],
    ['drop:kind=stall', /drop has "kind" twice/u],
    ['delay', /needs ms/u],
    ['slow', /slow needs ms/u],
    ['drop:route=asr', /route must be stt, tts, s2s, rest, not "asr"/u],
  ])('refuses %j as a TypeError', (text, message) => {
    const parse = (): Fault => parseFault(text);
    expect(parse).toThrow(TypeError);
    expect(parse).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG', message: expect.stringMatching(message) }),
    );
  });

  it.each([undefined, null, 5, { kind: 'drop' }])('refuses %j, which is no text, as a TypeError', (value) => {
    const parse = (): Fault => parseFault(value as unknown as string);
    expect(parse).toThrow(TypeError);
    expect(parse).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG' }));
  });

  it.each([
    ['delay:ms=soon', /ms must be a whole number/u],
    ['delay:ms=-1', /"-1"/u],
    ['delay:ms', /ms must be/u],
    ['drop:after=1=2', /after must be .* not "1=2"/u],
    ['refuse:status=200', /status must be a whole number from 400 to 599/u],
    ['refuse:retry-after=1.5', /retry-after/u],
    ['drop:times=0', /times/u],
    ['drop:request=0', /request/u],
    ['close:code=1005', /close frame/u],
    ['error:code=99', /code/u],
  ])('refuses %j as a RangeError', (text, message) => {
    const parse = (): Fault => parseFault(text);
    expect(parse).toThrow(RangeError);
    expect(parse).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG', message: expect.stringMatching(message) }),
    );
  });
});
