// How a sample goes up: what the form says of it, in constant memory, and what becomes of it when something breaks.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ByteSource, type CreateVoiceOptions, Gradium } from '../../../src/gradium/index.js';
import { type HttpPeer, scriptedHttp } from '../../speech/scripted-http.js';

const KEY = 'gd_very_secret_key';
const CREATED = JSON.stringify({ uid: 'v1', error: null, was_updated: false });
const WAV = Buffer.from('RIFF....WAVEfmt 0123456789abcdef');
const OPUS = Buffer.concat([Buffer.from('OggS'), Buffer.alloc(24), Buffer.from('OpusHead')]);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-rest-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const create = (url: string, sample: ByteSource, options: Partial<CreateVoiceOptions> = {}) =>
  new Gradium({ apiKey: KEY, baseUrl: url }).voices.create(sample, {
    name: 'Me',
    language: 'en',
    retries: 0,
    ...options,
  });

async function formOf(peer: HttpPeer): Promise<FormData> {
  const type = String(peer.request.headers['content-type']);
  return new Response(await peer.body(), { headers: { 'content-type': type } }).formData();
}

/** A server that makes a voice of every form, and the forms. */
async function maker() {
  const forms: FormData[] = [];
  const server = await scriptedHttp(async (peer) => {
    forms.push(await formOf(peer));
    peer.answer(201, CREATED);
  });
  return { server, forms, url: server.url, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** Chunks without end or as many as `count`, and how many were taken. */
function chunks(count = Number.POSITIVE_INFINITY, bytes = 64 * 1024) {
  const told = { taken: 0, closed: false };
  async function* made() {
    try {
      while (told.taken < count) {
        told.taken++;
        yield told.taken === 1 ? Buffer.concat([WAV, Buffer.alloc(bytes)]) : Buffer.alloc(bytes);
      }
    } finally {
      told.closed = true;
    }
  }
  return { told, source: made() };
}

describe('voices.create', () => {
  it('sends a form with what was said, and the file last', async () => {
    await using at = await maker();
    const options = { description: 'd', startS: 1.5, timeoutS: 30, fileName: 'mé".wav', inputFormat: 'wav' };
    expect(await create(at.url, WAV, options)).toEqual({ id: 'v1', wasUpdated: false });
    const entries = [...(at.forms[0] as FormData)];
    expect(entries.slice(0, -1)).toEqual([
      ['name', 'Me'],
      ['language', 'en'],
      ['description', 'd'],
      ['start_s', '1.5'],
      ['timeout_s', '30'],
      ['input_format', 'wav'],
    ]);
    const [field, file] = entries.at(-1) as [string, File];
    expect(field).toBe('audio_file');
    expect(Buffer.from(await file.arrayBuffer())).toEqual(WAV);
    const { headers, url, method } = at.server.peers[0]!.request;
    expect({ url, method, key: headers['x-api-key'] }).toEqual({
      url: '/api/voices/',
      method: 'POST',
      key: KEY,
    });
    expect(Number(headers['content-length'])).toBeGreaterThan(WAV.length);
    expect(headers['transfer-encoding']).toBeUndefined();
  });

  const path = (name: string, content: Uint8Array = WAV) => {
    const file = join(folder, name);
    writeFileSync(file, content);
    return file;
  };

  it.each<[string, () => ByteSource, Partial<CreateVoiceOptions>, string, string | null]>([
    ['a path by its name', () => path('me.mp3'), {}, 'me.mp3', null],
    ['a path without an end by its bytes', () => path('me'), {}, 'me', 'wav'],
    ['bytes by their beginning', () => WAV, {}, 'sample.wav', null],
    ['Ogg Opus', () => OPUS, {}, 'sample.ogg', null],
    ['another container', () => Buffer.from('xxxxftypM4A .........'), {}, 'sample.m4a', null],
    [
      'a stream by its beginning',
      () => Readable.from([OPUS.subarray(0, 5), OPUS.subarray(5)]),
      {},
      'sample.ogg',
      null,
    ],
    ['a web stream', () => new Blob([WAV]).stream() as ReadableStream<Uint8Array>, {}, 'sample.wav', null],
    ['what was said', () => Buffer.alloc(9), { inputFormat: 'pcm_16000' }, 'sample.pcm', 'pcm_16000'],
    ['a name that ends in a dot', () => WAV, { fileName: 'a.' }, 'a.', 'wav'],
    ['the name that was said', () => Buffer.alloc(9), { fileName: 'a.raw' }, 'a.raw', null],
  ])('tells what %s is', async (_what, sample, options, fileName, inputFormat) => {
    await using at = await maker();
    await create(at.url, sample(), options);
    const [form] = at.forms as [FormData];
    expect((form.get('audio_file') as File).name).toBe(fileName);
    expect(form.get('input_format')).toBe(inputFormat);
  });

  it('sends a stream in chunks, all of it', async () => {
    await using at = await maker();
    await create(at.url, Readable.from([WAV, Buffer.alloc(300_000, 7)]));
    const file = at.forms[0]?.get('audio_file') as File;
    const sent = Buffer.concat([WAV, Buffer.alloc(300_000, 7)]);
    expect(sent.equals(Buffer.from(await file.arrayBuffer()))).toBe(true);
    expect(at.server.peers[0]?.request.headers['transfer-encoding']).toBe('chunked');
  });

  it('gives advice beside a voice, and calls none at all SpeechApiError', async () => {
    const said = [
      { uid: 'v1', error: `\x1b[31mthe sample of ${KEY}\nis noisy`, was_updated: true },
      { uid: null, error: `too short for ${KEY}` },
      { uid: null, error: null },
      { uid: 'v2', error: '' },
    ];
    await using server = await scriptedHttp(async (peer, nth) => {
      await peer.body();
      peer.answer(201, JSON.stringify(said[nth]), { 'x-request-id': 'r-1' });
    });
    expect(await create(server.url, WAV)).toEqual({
      id: 'v1',
      advice: '[31mthe sample of [key] is noisy',
      wasUpdated: true,
    });
    const error = await create(server.url, WAV).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'ERR_SPEECH_API', requestId: 'r-1', retryable: false });
    expect(String(error)).toContain('too short for [key]');
    await expect(create(server.url, WAV)).rejects.toMatchObject({
      code: 'ERR_PROTOCOL',
      requestId: 'r-1',
      message: expect.stringContaining('it has no uid'),
    });
    expect(await create(server.url, WAV)).toEqual({ id: 'v2', wasUpdated: false });
  });

  it('takes no more from the source than the socket does', async () => {
    await using server = await scriptedHttp(() => {});
    const { told, source } = chunks();
    const ending = new AbortController();
    const pending = create(server.url, source, { signal: ending.signal });
    pending.catch(() => {});
    let before = -1;
    while (server.peers.length === 0 || told.taken !== before) {
      before = told.taken;
      for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
    }
    // What the kernel holds of a connection that nobody reads: some 6 MB each way on Linux.
    expect(told.taken).toBeLessThan(400);
    const reason = new Error('enough');
    ending.abort(reason);
    await expect(pending).rejects.toBe(reason);
    await new Promise((resolve) => setImmediate(resolve));
    expect(told.closed).toBe(true);
  });

  it.each(['stream', 'bytes'])('needs no memory for 200 MB of %s', async (kind) => {
    const bytes = 200 * 1024 * 1024;
    let received = 0;
    await using server = await scriptedHttp(async (peer) => {
      for await (const part of peer.request) received += (part as Buffer).length;
      peer.answer(201, CREATED);
    });
    const sample = kind === 'bytes' ? Buffer.alloc(bytes, 'RIFF') : chunks(3200).source;
    const before = process.memoryUsage.rss();
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage.rss() - before);
    }, 5);
    await create(server.url, sample);
    clearInterval(watch);
    expect(received).toBeGreaterThan(bytes);
    expect(most).toBeLessThan(64 * 1024 * 1024);
  });

  it.each([
    [413, '<html><title>413 Request Entity Too Large</title></html>', '“413 Request Entity Too Large”'],
    [422, '{"detail":[{"loc":["body","language"],"msg":"no such language","type":"enum"}]}', 'body.language'],
  ])('ends at once when the service says %i while it goes up', async (status, body, said) => {
    await using server = await scriptedHttp((peer) => peer.answer(status, body));
    const { told, source } = chunks();
    const error = await create(server.url, source).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'ERR_SPEECH_API', apiCode: status });
    expect(String(error)).toContain(said);
    expect(told.closed).toBe(true);
    await server.idle();
  });

  it.each(['bytes', 'stream'])('does not wait for a service that stops reading %s', async (kind) => {
    await using server = await scriptedHttp(() => {});
    const { told, source } = chunks();
    const sample = kind === 'bytes' ? Buffer.alloc(64 * 1024 * 1024, 'RIFF') : source;
    const error = await create(server.url, sample, { deadlines: { setupMs: 100 } }).catch((caught) => caught);
    expect(error).toMatchObject({ code: 'ERR_TIMEOUT', phase: 'setup' });
    expect(told.closed).toBe(kind === 'stream');
  });

  it('lets go of a stream whose format nobody knows, and of a file that was not wanted', async () => {
    await using server = await scriptedHttp((peer) => peer.answer(413, ''));
    const stream = new PassThrough();
    stream.write(Buffer.alloc(5000));
    await expect(create(server.url, stream)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG' });
    expect(stream.destroyed).toBe(true);
    // Node closes a file that is forgotten when it collects its handle, and complains.
    const forgotten = vi.fn();
    process.on('warning', forgotten);
    const open = () => readdirSync('/dev/fd').length;
    const long = Buffer.concat([WAV, Buffer.alloc(4_000_000)]);
    for (const file of [path('long.wav', long), path('long', long)]) {
      const before = open();
      await expect(create(server.url, file)).rejects.toMatchObject({ apiCode: 413 });
      await server.idle();
      while (open() > before) await new Promise((resolve) => setImmediate(resolve));
    }
    process.off('warning', forgotten);
    expect(forgotten).not.toHaveBeenCalled();
  });

  it('takes a named pipe whose writer comes later', async () => {
    await using at = await maker();
    const pipe = join(folder, 'pipe.wav');
    execFileSync('mkfifo', [pipe]);
    const pending = create(at.url, pipe);
    const wrote = writeFile(pipe, Buffer.concat([WAV, Buffer.alloc(300_000)]));
    expect(await pending).toMatchObject({ id: 'v1' });
    await wrote;
    const file = at.forms[0]?.get('audio_file') as File;
    expect(file.size).toBe(WAV.length + 300_000);
  });

  it('takes what it needs of a buffer before the source fills it again', async () => {
    await using at = await maker();
    const lent = Buffer.alloc(5);
    const source = async function* () {
      for (let from = 0; from < OPUS.length; from += 5) {
        const length = OPUS.copy(lent, 0, from, from + 5);
        yield lent.subarray(0, length);
      }
    };
    await create(at.url, source());
    const file = at.forms[0]?.get('audio_file') as File;
    expect(OPUS.equals(Buffer.from(await file.arrayBuffer()))).toBe(true);
  });

  it('tries again where no connection came about within its deadline', async () => {
    // TCP is there, TLS never comes.
    const server = createServer((socket) => socket.on('error', () => {}));
    const connections: unknown[] = [];
    server.on('connection', (socket) => connections.push(socket));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const pending = create(url, WAV, { retries: 1, deadlines: { connectMs: 50 } });
    await expect(pending).rejects.toMatchObject({ code: 'ERR_TIMEOUT', phase: 'connect' });
    server.close();
    expect(connections).toHaveLength(2);
  });

  it('restarts `setupMs` with each part of it that has left', async () => {
    await using server = await scriptedHttp(async (peer) => {
      for await (const _part of peer.request) vi.advanceTimersByTime(10);
      peer.answer(201, CREATED);
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const slow = create(server.url, Buffer.alloc(32 * 1024 * 1024, 'RIFF'), {
      deadlines: { setupMs: 1_000 },
    });
    await expect(slow.finally(() => vi.useRealTimers())).resolves.toMatchObject({ id: 'v1' });
  });

  it('gives the service `timeoutS` on top of `setupMs`', async () => {
    await using server = await scriptedHttp(async (peer) => {
      await peer.body();
      vi.advanceTimersByTime(1_100);
      peer.answer(201, CREATED);
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const pending = create(server.url, WAV, { timeoutS: 1, deadlines: { setupMs: 200 } });
    await expect(pending.finally(() => vi.useRealTimers())).resolves.toMatchObject({ id: 'v1' });
  });

  describe('without a total deadline', () => {
    afterEach(() => vi.useRealTimers());

    it('gives a service that took it all 60 s (+ timeoutS) to answer, though it trickles', async () => {
      await using server = await scriptedHttp(async (peer) => {
        await peer.body();
        peer.start(201, { 'x-request-id': 'r-2' });
        peer.response.write(' ');
      });
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const deadlines = { setupMs: 0, idleMs: 0 };
      const pending = create(server.url, WAV, { timeoutS: 5, deadlines }).catch((caught) => caught);
      let error: unknown;
      void pending.then((settled) => {
        error = settled;
      });
      while (error === undefined) {
        await new Promise((resolve) => setImmediate(resolve));
        vi.advanceTimersByTime(100);
      }
      expect(error).toMatchObject({ code: 'ERR_TIMEOUT', phase: 'total' });
      expect(String(error)).toContain('65000 ms');
    });

    it('does not count the time that the sample takes', async () => {
      await using at = await maker();
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const slow = async function* () {
        yield WAV;
        while (at.server.peers.length === 0) await new Promise((resolve) => setImmediate(resolve));
        vi.advanceTimersByTime(24 * 3600 * 1000);
        yield Buffer.alloc(9);
      };
      expect(await create(at.url, slow())).toMatchObject({ id: 'v1' });
    });

    it('waits for no service that asks for more than 60 s', async () => {
      await using server = await scriptedHttp(async (peer) => {
        await peer.body();
        peer.answer(429, '', { 'retry-after': '61' });
      });
      await expect(create(server.url, WAV, { retries: 1 })).rejects.toMatchObject({ retryAfterS: 61 });
      expect(server.peers).toHaveLength(1);
    });
  });

  it("passes on the source's error, untouched, and drops the request", async () => {
    await using server = await scriptedHttp(() => {});
    const reason = new Error('the microphone is gone');
    const broken = async function* () {
      yield Buffer.concat([WAV, Buffer.alloc(5000)]);
      while (server.peers.length === 0) await new Promise((resolve) => setImmediate(resolve));
      throw reason;
    };
    await expect(create(server.url, broken(), { retries: 3 })).rejects.toBe(reason);
    await server.peers[0]?.closed;
    expect(server.peers).toHaveLength(1);
  });

  it('destroys a stream that it does not read to its end', async () => {
    await using server = await scriptedHttp((peer) => peer.answer(400, '{"detail":"no"}'));
    const stream = new PassThrough();
    stream.write(Buffer.concat([WAV, Buffer.alloc(5000)]));
    await expect(create(server.url, stream)).rejects.toMatchObject({ apiCode: 400 });
    expect(stream.destroyed).toBe(true);
  });

  it('sends bytes again after a 429, and a stream not', async () => {
    await using server = await scriptedHttp(async (peer, nth) => {
      const form = await formOf(peer);
      expect((form.get('audio_file') as File).size).toBe(WAV.length);
      if (nth % 2 === 0) peer.answer(429, '', { 'retry-after': '0' });
      else peer.answer(201, CREATED);
    });
    expect(await create(server.url, WAV, { retries: 1 })).toMatchObject({ id: 'v1' });
    expect(await create(server.url, path('twice.wav'), { retries: 1 })).toMatchObject({ id: 'v1' });
    expect(server.peers).toHaveLength(4);
    const again = create(server.url, Readable.from([WAV]), { retries: 1 });
    await expect(again).rejects.toMatchObject({ apiCode: 429 });
    expect(server.peers).toHaveLength(5);
  });

  it('makes no second voice where the first may have been made', async () => {
    await using server = await scriptedHttp(async (peer, nth) => {
      await peer.body();
      if (nth === 0) peer.answer(503, '', { 'retry-after': '0' });
      else peer.socket.resetAndDestroy();
    });
    await expect(create(server.url, WAV, { retries: 3 })).rejects.toMatchObject({ apiCode: 503 });
    await expect(create(server.url, WAV, { retries: 3 })).rejects.toMatchObject({ code: 'ERR_CLOSED_EARLY' });
    expect(server.peers).toHaveLength(2);
  });

  it.each<[string, unknown, object, object]>([
    ['no source', 5, {}, { name: 'TypeError', code: 'ERR_INVALID_ARG' }],
    ['null', null, {}, { name: 'TypeError', code: 'ERR_INVALID_ARG' }],
    ['no bytes', new Uint8Array(0), {}, { name: 'RangeError', code: 'ERR_INVALID_ARG' }],
    ['a stream of none', Readable.from([]), {}, { name: 'RangeError', code: 'ERR_INVALID_ARG' }],
    ['unknown bytes', Buffer.from('what is this'), {}, { name: 'RangeError', code: 'ERR_INVALID_ARG' }],
    ['a stream of strings', Readable.from(['a', 'b']), {}, { name: 'TypeError', code: 'ERR_INVALID_ARG' }],
    ['no such file', '/no/such/file.wav', {}, { code: 'ENOENT' }],
    ['a folder', '/', { fileName: 'a.wav' }, { code: 'EISDIR' }],
    ['an endless name', WAV, { fileName: `${'x'.repeat(1024)}.wav` }, { name: 'RangeError' }],
    ['an empty name', WAV, { fileName: '' }, { name: 'RangeError' }],
    ['a name that is none', WAV, { fileName: 5 }, { name: 'TypeError' }],
    ['no format', WAV, { inputFormat: {} }, { name: 'TypeError' }],
    ['no voice name', WAV, { name: undefined }, { name: 'TypeError' }],
    ['an empty voice name', WAV, { name: '' }, { name: 'RangeError' }],
    ['no language', WAV, { language: undefined }, { name: 'TypeError' }],
    ['a language that is none', WAV, { language: ['en'] }, { name: 'TypeError' }],
    ['a description that is none', WAV, { description: null }, { name: 'TypeError' }],
    ['a start before it', WAV, { startS: -1 }, { name: 'RangeError' }],
    ['a start that is none', WAV, { startS: '1' }, { name: 'TypeError' }],
    ['no time at all', WAV, { timeoutS: 0 }, { name: 'RangeError' }],
    ['a day', WAV, { timeoutS: 86_400 }, { name: 'RangeError' }],
  ])('refuses %s before it asks anybody', async (_what, sample, options, error) => {
    await using at = await maker();
    await expect(create(at.url, sample as ByteSource, options)).rejects.toMatchObject(error);
    expect(at.server.peers).toHaveLength(0);
  });

  it('refuses options that are none', async () => {
    const { voices } = new Gradium({ apiKey: KEY });
    for (const options of [undefined, null, 5]) {
      const pending = voices.create(WAV, options as unknown as CreateVoiceOptions);
      await expect(pending).rejects.toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG' });
    }
  });
});
