import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type AudioFormat, readWav } from '../../../src/audio/index.js';
import { ConnectionError, SpeechApiError } from '../../../src/errors.js';
import { Access } from '../../../src/gradium/access.js';
import type { Channel, ChannelOptions, Route } from '../../../src/gradium/channel.js';
import { Gradium, type SynthesizeOptions, type TranscribeOptions } from '../../../src/gradium/index.js';
import { PostLink } from '../../../src/gradium/post-link.js';
import { type HttpPeer, scriptedHttp } from '../../speech/scripted-http.js';
import { READY } from '../../speech/scripted-server.js';
import { oggPath } from './ogg-files.js';

const KEY = 'gd_very_secret';
const NDJSON = { 'content-type': 'application/x-ndjson' };

const WAV = fileURLToPath(new URL('../../fixtures/audio/wav/speech-16k-mono-s16.wav', import.meta.url));

/** 1 s of 8 kHz µ-law, in which no two halves are alike. */
const second = Buffer.from(Array.from({ length: 8000 }, (_, i) => (i * 31 + (i >> 8)) & 255));
const POST: TranscribeOptions = {
  format: { encoding: 'mulaw', sampleRateHz: 8000 },
  transport: 'post',
  timestamps: 'decoder',
  retries: 0,
};
const SPEAK: SynthesizeOptions = { transport: 'post', outputFormat: 'pcm_8000', voiceId: 'v1', retries: 0 };

/** Recordings of more than the kernel's buffers hold go in one request. */
const client = (url: string) => new Gradium({ apiKey: KEY, baseUrl: url, sessionLimitS: 0 });
const transcribe = (url: string, options: TranscribeOptions = {}, source = second) =>
  client(url).stt.transcribe(source, { ...POST, ...options });
const synthesize = (url: string, options: SynthesizeOptions = {}) =>
  client(url).tts.synthesize('Hello there.', { ...SPEAK, ...options });

const lines = (...messages: object[]) => messages.map((message) => `${JSON.stringify(message)}\n`).join('');
const text = (word: string, startS: number) => ({ type: 'text', text: word, start_s: startS, stream_id: 0 });
const endText = (stopS: number) => ({ type: 'end_text', stop_s: stopS, stream_id: 0 });
const audio = (bytes: Buffer) => ({
  type: 'audio',
  audio: bytes.toString('base64'),
  start_s: 0,
  stop_s: 0.08,
});
const END = { type: 'end_of_stream' };
const WORDS = lines(text('Hello', 0.1), endText(0.4), text('there', 0.5), endText(0.9));

afterEach(() => {
  vi.useRealTimers();
});

async function failure(promise: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  const error = await promise.then(
    () => {
      throw new Error('it succeeded');
    },
    (reason: unknown) => reason,
  );
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(KEY);
  return error as Error & Record<string, unknown>;
}

/** So many turns of the event loop: what is going to happen without anything new has then happened. */
async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Answers when the request is complete. */
const answering =
  (body: string, headers: Record<string, string> = NDJSON, status = 200) =>
  async (peer: HttpPeer) => {
    await peer.body();
    peer.answer(status, body, headers);
  };

describe('transcribe by POST', () => {
  it('makes a query of the setup and a body of the audio, and a transcript of the lines', async () => {
    const bodies: Buffer[] = [];
    await using server = await scriptedHttp(async (peer) => {
      bodies.push(await peer.body());
      peer.answer(200, lines(READY) + WORDS + lines(END), NDJSON);
    });
    const transcript = await transcribe(server.url, { language: 'en', temp: 0.5, extra: { odd: 'a&b=ü' } });
    expect(transcript).toMatchObject({
      text: 'Hello there',
      requestId: 'req-1',
      durationS: 1,
      delayInFrames: READY.delay_in_frames,
      words: [
        { text: 'Hello', startS: 0.1, stopS: 0.4 },
        { text: 'there', startS: 0.5, stopS: 0.9 },
      ],
    });
    const { method, url, headers } = server.peers[0]!.request;
    const { pathname, searchParams } = new URL(url!, server.url);
    expect({ method, pathname }).toEqual({ method: 'POST', pathname: '/api/post/speech/asr' });
    expect(Object.fromEntries(searchParams)).toEqual({
      model: 'default',
      input_format: 'ulaw_8000',
      json_config: JSON.stringify({ odd: 'a&b=ü', language: 'en', delay_in_frames: 10, temp: 0.5 }),
    });
    expect(headers).toMatchObject({
      'content-type': 'audio/pcm',
      'x-api-key': KEY,
      'transfer-encoding': 'chunked',
    });
    expect(bodies).toEqual([second]);
    await server.idle();
  });

  it('does without ready and end_of_stream', async () => {
    await using server = await scriptedHttp(answering(WORDS));
    expect(await transcribe(server.url)).toMatchObject({
      text: 'Hello there',
      requestId: '',
      delayInFrames: 10,
      model: 'default',
    });
  });

  it('takes ready and end_of_stream alone for a recording without words', async () => {
    await using server = await scriptedHttp(answering(lines(READY, END)));
    expect(await transcribe(server.url)).toMatchObject({ text: '', requestId: 'req-1' });
  });

  it('finds the lines wherever they are cut, with CRLF, blank lines, or no end to the last', async () => {
    const body = Buffer.from(
      `\r\n${JSON.stringify(READY)}\r\n\n  \n${JSON.stringify(text('Grüße', 0.1))}\r\n${JSON.stringify(END)}`,
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(body.length), { maxLength: 6 }), async (cuts) => {
        await using server = await scriptedHttp(async (peer) => {
          await peer.body();
          peer.start(200, NDJSON);
          let from = 0;
          for (const cut of [...cuts.sort((a, b) => a - b), body.length]) {
            peer.response.write(body.subarray(from, cut));
            from = cut;
            await turns(2);
          }
          peer.response.end();
        });
        expect(await transcribe(server.url)).toMatchObject({ text: 'Grüße', requestId: 'req-1' });
      }),
      { numRuns: 20 },
    );
  });

  it('sends audio in the size of what the service reads, and hears it meanwhile', async () => {
    const heard: number[] = [];
    await using server = await scriptedHttp(async (peer) => {
      peer.start(200, NDJSON);
      let bytes = 0;
      for await (const part of peer.request) {
        for (let i = Math.floor(bytes / 640); i < Math.floor((bytes + part.length) / 640); i++) {
          peer.response.write(lines({ type: 'step', vad: [], step_idx: i }));
        }
        bytes += part.length;
      }
      peer.response.end(WORDS + lines(END));
    });
    const source = Buffer.concat(Array.from({ length: 300 }, () => second));
    const onProgress = ({ transcribedS }: { transcribedS: number }) => heard.push(transcribedS);
    expect(await transcribe(server.url, { onProgress }, source)).toMatchObject({ durationS: 300 });
    expect(heard.length).toBeGreaterThan(100);
  });

  it('holds the audio back from a service that does not read', async () => {
    const read = withResolvers();
    await using server = await scriptedHttp(async (peer) => {
      await read.promise;
      peer.answer(200, `${lines(text(String((await peer.body()).length), 0))}`, NDJSON);
    });
    let taken = 0;
    const source = (async function* () {
      for (; taken < 4000; taken++) yield second;
    })();
    const pending = client(server.url).stt.transcribe(source, POST);
    for (let last = -1; last !== taken; ) {
      last = taken;
      await turns(200);
    }
    // The kernel's buffers hold some MB.
    expect(taken).toBeLessThan(3000);
    read.resolve();
    expect(await pending).toMatchObject({ text: String(4000 * 8000) });
  });

  it('sends each container as the type that it is', async () => {
    await using server = await scriptedHttp(answering(WORDS));
    await client(server.url).stt.transcribe(WAV, { transport: 'post', wire: 'wav' });
    await client(server.url).stt.transcribe(oggPath('speech-16k-20ms-vbr-opusenc.opus'), {
      transport: 'post',
    });
    const asked = server.peers.map(({ request }) => [
      request.headers['content-type'],
      new URL(request.url!, server.url).searchParams.get('input_format'),
    ]);
    expect(asked).toEqual([
      ['audio/wav', 'wav'],
      ['audio/ogg', 'opus'],
    ]);
  });

  it('puts a WAV header before samples at a rate that has no name in a POST', async () => {
    let body: Buffer = Buffer.alloc(0);
    await using server = await scriptedHttp(async (peer) => {
      body = await peer.body();
      peer.answer(200, WORDS);
    });
    const samples = Int16Array.from({ length: 16_000 }, (_, i) => i);
    const source = Buffer.from(samples.buffer);
    const format: AudioFormat = { encoding: 's16le', sampleRateHz: 16_000 };
    const { wire } = await transcribe(server.url, { format }, source);
    expect(wire).toEqual({ format: 'pcm_16000', untouched: true });
    const { request } = server.peers[0]!;
    expect(request.headers['content-type']).toBe('audio/wav');
    expect(new URL(request.url!, server.url).searchParams.get('input_format')).toBe('wav');
    expect(body.length).toBe(44 + source.length);
    expect([body.readUInt32LE(4), body.readUInt32LE(40)]).toEqual([0xffff_ffff, 0xffff_ffff]);
    expect(readWav(body)).toMatchObject({ sampleRateHz: 16_000, channels: 1, samples });
  });

  it('is tried again after failures that may pass', async () => {
    await using server = await scriptedHttp(async (peer, nth) => {
      await peer.body();
      if (nth === 0) peer.answer(503, 'busy', { 'retry-after': '0' });
      else if (nth === 1)
        peer.answer(200, lines(text('Hello', 0.1)) + lines({ type: 'error', message: 'x' }));
      else peer.answer(200, WORDS);
    });
    vi.spyOn(Math, 'random').mockReturnValue(0);
    expect(await transcribe(server.url, { retries: 3 })).toMatchObject({ text: 'Hello there' });
    expect(server.peers.length).toBe(3);
  });

  it('needs a key, and a transport that there is', async () => {
    const tokenOnly = new Gradium({ token: 't', baseUrl: 'http://127.0.0.1:1' });
    await expect(tokenOnly.stt.transcribe(second, POST)).rejects.toMatchObject({ code: 'ERR_NO_API_KEY' });
    const carrier = { ...POST, transport: 'pigeon' as 'post' };
    await expect(client('http://127.0.0.1:1').stt.transcribe(second, carrier)).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG',
    });
  });
});

describe('transcribe by POST failing', () => {
  it('calls an empty answer what it is, and does not try again', async () => {
    for (const body of ['', '\r\n\n']) {
      await using server = await scriptedHttp(answering(body));
      const error = await failure(transcribe(server.url, { retries: 4 }));
      expect(error).toBeInstanceOf(ConnectionError);
      expect(error).toMatchObject({ code: 'ERR_PROTOCOL', retryable: false });
      expect(error.message).toContain('json_config');
      expect(server.peers.length).toBe(1);
    }
  });

  it('calls an empty answer so before the body was sent', async () => {
    await using server = await scriptedHttp((peer) => peer.answer(200, '', NDJSON));
    const source = Buffer.concat(Array.from({ length: 4000 }, () => second));
    expect(await failure(transcribe(server.url, {}, source))).toMatchObject({
      code: 'ERR_PROTOCOL',
      retryable: false,
    });
    await server.idle();
  });

  it.each([
    ['a whole answer', lines(READY) + WORDS + lines(END)],
    ['an answer without its end', WORDS],
  ])('takes %s that came before the audio for no transcript', async (_name, body) => {
    await using server = await scriptedHttp((peer) => peer.answer(200, body, NDJSON));
    const source = Buffer.concat(Array.from({ length: 4000 }, () => second));
    const error = await failure(transcribe(server.url, {}, source));
    expect(error).toMatchObject({ code: 'ERR_CLOSED_EARLY', retryable: true });
    await server.idle();
  });

  it.each([
    ['1008 in plain text', 500, 'error from server 1008: no credits', 1008, false],
    ['1011 in plain text', 500, 'error from server 1011: oops', 1011, true],
    ['a bare text', 500, "unsupported content type for SST 'audio/mpeg'", 500, true],
    ['a bad key', 401, `{"detail":"no such key ${KEY}"}`, 401, false],
    ['a bad query', 422, '{"detail":[{"loc":["query","json_config"],"msg":"bad"}]}', 422, false],
    ['error and code', 400, '{"error":"bad","code":1008}', 1008, false],
    ['a page', 502, '<html><title>Bad Gateway</title>', 502, true],
    ['a redirect', 302, '', 302, false],
    ['no such route', 404, '{"detail":"Not Found"}', 404, false],
  ])(
    'makes of %s a SpeechApiError, before the body was sent too',
    async (_name, status, body, apiCode, retryable) => {
      await using server = await scriptedHttp((peer) => peer.answer(status, body));
      const source = Buffer.concat(Array.from({ length: 4000 }, () => second));
      const error = await failure(transcribe(server.url, {}, source));
      expect(error).toBeInstanceOf(SpeechApiError);
      expect(error).toMatchObject({ apiCode, retryable });
      await server.idle();
    },
  );

  it('passes on Retry-After', async () => {
    await using server = await scriptedHttp((peer) => peer.answer(429, 'slow down', { 'retry-after': '9' }));
    expect(await failure(transcribe(server.url))).toMatchObject({ apiCode: 429, retryAfterS: 9 });
  });

  it.each([
    [{ type: 'error', message: 'error from server 1008: bad language' }, 1008, false],
    [{ type: 'error', message: 'the worker is gone' }, undefined, true],
    [{ type: 'error', message: 'x', code: 1011 }, 1011, true],
    [{ type: 'error', message: 'x', code: '1008' }, 1008, false],
  ])('makes of the line %j a SpeechApiError, at once', async (line, apiCode, retryable) => {
    await using server = await scriptedHttp(answering(WORDS + lines(line)));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const error = await failure(transcribe(server.url));
    expect(error).toBeInstanceOf(SpeechApiError);
    expect(error).toMatchObject({ apiCode, retryable });
    expect(error.message).toContain(line.message);
  });

  it.each([
    ['half a line', '{"type":"text","te', 'not JSON'],
    ['no JSON', 'hello\n', 'not JSON'],
    ['a line without a type', '{}\n', 'no type'],
    ['a list', '[]\n', 'not a JSON object'],
    ['two readys', lines(READY, READY), 'second ready'],
    ['a word without a time', lines({ type: 'text', text: 'x' }), 'start_s'],
    ['an endless line', `{"type":"${'x'.repeat(8 * 1024 * 1024)}`, '8388608 bytes'],
  ])('calls %s ERR_PROTOCOL', async (_name, body, said) => {
    await using server = await scriptedHttp(answering(body));
    const error = await failure(transcribe(server.url));
    expect(error).toMatchObject({ code: 'ERR_PROTOCOL', retryable: true });
    expect(error.message).toContain(said);
  });

  it.each(['text/html; charset=utf-8', 'audio/wav', 'IMAGE/png'])('takes no lines from %s', async (type) => {
    await using server = await scriptedHttp(answering(WORDS, { 'content-type': type }));
    const error = await failure(transcribe(server.url));
    expect(error).toMatchObject({ code: 'ERR_PROTOCOL' });
    expect(error.message).toContain(`${type.split(';')[0]!.toLowerCase()} where JSON lines are due`);
    await server.idle();
  });

  it.each([
    ['nothing', '', 'setup'],
    ['half a head', 'HTTP/1.1 200 OK\r\nConte', 'setup'],
    ['a whole word', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk(WORDS)}`, 'stream'],
    [
      'the end of a chunk missing',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFF\r\n{"type":',
      'stream',
    ],
    ['a part of the length', `HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n${WORDS}`, 'stream'],
    ['a body without an end', `HTTP/1.1 200 OK\r\n\r\n${WORDS}`, 'stream'],
  ])('calls a connection that ends after %s ERR_CLOSED_EARLY', async (_name, said) => {
    for (const how of ['end', 'resetAndDestroy'] as const) {
      await using server = await scriptedHttp(async (peer) => {
        await peer.body();
        await peer.raw(said);
        // What was said is to arrive before a reset, which would overtake it.
        await turns();
        peer.socket[how]();
      });
      const error = await failure(transcribe(server.url));
      expect(error).toBeInstanceOf(ConnectionError);
      expect(error).toMatchObject({ code: 'ERR_CLOSED_EARLY', retryable: true });
      await server.idle();
    }
  });

  it('takes an answer that began with ready and ends without end_of_stream for cut off', async () => {
    await using server = await scriptedHttp(answering(lines(READY) + WORDS));
    const error = await failure(transcribe(server.url));
    expect(error).toMatchObject({ code: 'ERR_CLOSED_EARLY', requestId: 'req-1', retryable: true });
  });

  it('takes a body that ends with its connection once it has said end_of_stream', async () => {
    await using server = await scriptedHttp(async (peer) => {
      await peer.body();
      await peer.raw(`HTTP/1.1 200 OK\r\n\r\n${WORDS}${lines(END)}`);
      peer.socket.end();
    });
    expect(await transcribe(server.url)).toMatchObject({ text: 'Hello there' });
    await server.idle();
  });

  it('fails with ERR_CONNECT where nobody listens', async () => {
    const error = await failure(transcribe('http://127.0.0.1:1'));
    expect(error).toMatchObject({ code: 'ERR_CONNECT', phase: 'connect', retryable: true });
  });

  it.each([
    ['before its head', ''],
    ['within its head', 'HTTP/1.1 200 OK\r\nConte'],
    ['within its body', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk(WORDS)}`],
  ])('gives up a service that stalls %s after idleMs', async (_name, said) => {
    const stalled = withResolvers();
    await using server = await scriptedHttp(async (peer) => {
      await peer.body();
      await peer.raw(said);
      stalled.resolve();
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const pending = failure(transcribe(server.url));
    await stalled.promise;
    await turns();
    vi.advanceTimersByTime(30_000);
    expect(await pending).toMatchObject({ code: 'ERR_TIMEOUT', phase: 'idle', retryable: true });
    await server.idle();
  });

  it.each([
    ['before the request', 0],
    ['before the answer', 1],
    ['in the midst of it', 2],
  ])('ends with the reason of an abort %s, and no socket is left', async (_name, moment) => {
    const asked = withResolvers();
    await using server = await scriptedHttp((peer) => {
      if (moment > 1) peer.start(200, NDJSON);
      // Node hears of the end of a connection only while it reads.
      peer.request.resume();
      asked.resolve();
    });
    const abort = new AbortController();
    const reason = new Error('changed my mind');
    const source = Buffer.concat(Array.from({ length: 4000 }, () => second));
    const pending = transcribe(server.url, { signal: abort.signal }, source);
    if (moment > 0) await asked.promise;
    abort.abort(reason);
    expect(await failure(pending)).toBe(reason);
    await turns();
    await server.idle();
  });
});

describe('synthesize by POST', () => {
  it('sends one JSON object, its texts joined, and collects the audio and the words', async () => {
    const bodies: unknown[] = [];
    const word = { type: 'text', text: 'Hello', start_s: 0, stop_s: 0.5 };
    await using server = await scriptedHttp(async (peer) => {
      bodies.push(JSON.parse((await peer.body()).toString()));
      peer.answer(
        200,
        lines({ ...READY, sample_rate: 48_000 }, audio(second), word, audio(second), END),
        NDJSON,
      );
    });
    const long = Array.from({ length: 100 }, (_, i) => `word${i}`).join(' ');
    const options = { ...SPEAK, temp: 0.5, extra: { max_padding: 3 }, retryForS: 5 };
    const speech = await client(server.url).tts.synthesize(long, options);
    expect(speech.data).toEqual(Buffer.concat([second, second]));
    expect(speech.requestId).toBe('req-1');
    expect(speech.words).toMatchObject([{ text: 'Hello', startS: 0, stopS: 0.5 }]);
    expect(bodies).toEqual([
      {
        text: long,
        model_name: 'default',
        output_format: 'pcm_8000',
        voice_id: 'v1',
        json_config: { temp: 0.5, max_padding: 3 },
      },
    ]);
    const { url, headers } = server.peers[0]!.request;
    expect(url).toBe('/api/post/speech/tts');
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'x-api-key': KEY });
    expect(headers['content-length']).toBeDefined();
  });

  it('keeps one connection for several', async () => {
    await using server = await scriptedHttp(answering(lines(audio(second), END)));
    for (let i = 0; i < 3; i++) {
      await synthesize(server.url);
      await turns();
    }
    expect(server.peers.length).toBe(3);
    expect(server.connections).toBe(1);
  });

  it.each([
    ['an empty answer', answering(''), { code: 'ERR_PROTOCOL', retryable: false }],
    ['no audio', answering(lines(READY, END)), { code: 'ERR_PROTOCOL', retryable: true }],
    [
      '1008',
      answering('error from server 1008: no such voice', {}, 500),
      { apiCode: 1008, retryable: false },
    ],
    [
      'an error after audio',
      answering(lines(audio(second), { type: 'error', message: 'x' })),
      { code: 'ERR_SPEECH_API' },
    ],
    [
      'a break',
      async (peer: HttpPeer) => {
        await peer.body();
        await peer.raw(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk(lines(audio(second)))}`);
        peer.socket.end();
      },
      { code: 'ERR_CLOSED_EARLY', retryable: true },
    ],
    ['a page', answering('<html>', { 'content-type': 'text/html' }), { code: 'ERR_PROTOCOL' }],
  ])('takes %s for no speech', async (_name, script, expected) => {
    await using server = await scriptedHttp(script);
    expect(await failure(synthesize(server.url))).toMatchObject(expected);
  });

  it('gives up a service that says nothing after idleMs', async () => {
    const asked = withResolvers();
    await using server = await scriptedHttp(asked.resolve);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const pending = failure(synthesize(server.url));
    await asked.promise;
    await turns();
    vi.advanceTimersByTime(30_000);
    expect(await pending).toMatchObject({ code: 'ERR_TIMEOUT', phase: 'idle' });
    await server.idle();
  });
});

/** Bytes of a chunked body. */
function chunk(said: string): string {
  return `${Buffer.byteLength(said).toString(16)}\r\n${said}\r\n`;
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** A channel, and what it says. */
function open(url: string, route: Route, extra: Partial<ChannelOptions> = {}) {
  const told: string[] = [];
  const audioParts: Buffer[] = [];
  const opened = withResolvers();
  let failed = (_error: unknown) => {};
  const fails = new Promise<unknown>((resolve) => {
    failed = resolve;
  });
  const link = new PostLink(new Access({ apiKey: KEY, baseUrl: url }));
  const channel: Channel = link.open(route, {
    connectMs: 10_000,
    pingMs: 0,
    where: () => ({ phase: 'stream', requestId: undefined }),
    onOpen: () => {
      told.push('open');
      opened.resolve();
    },
    onMessage: (data) => told.push(data.toString()),
    onAudio: (bytes) => audioParts.push(Buffer.from(bytes)),
    onSent: () => told.push('sent'),
    onDrain: () => {},
    onStalled: () => {},
    onFail: failed,
    ...extra,
  });
  const say = (...messages: object[]) => {
    for (const message of messages) channel.send(JSON.stringify(message));
  };
  const until = async (last: string) => {
    await vi.waitUntil(() => told.includes(last));
  };
  return { channel, told, opened: opened.promise, fails, say, until, audio: () => Buffer.concat(audioParts) };
}

const TTS_SETUP = { type: 'setup', output_format: 'pcm_8000', only_audio: true };
const ONLY_AUDIO = [TTS_SETUP, { type: 'text', text: 'Hi' }, { type: 'text', text: 'there.' }, END];
const PROVISIONAL = '{"type":"ready","provisional":true}';
const ENDED = JSON.stringify(END);

describe('PostChannel', () => {
  it('calls no handler before open has returned, nor within send', async () => {
    await using server = await scriptedHttp(answering(WORDS));
    const { told, opened, say, until } = open(server.url, 'stt');
    expect(told).toEqual([]);
    await opened;
    say({ type: 'setup', model_name: 'm', input_format: 'pcm', json_config: {} });
    expect(told).toEqual(['open']);
    await until(PROVISIONAL);
    expect(told).toEqual(['open', 'sent', PROVISIONAL]);
    say({ type: 'audio', audio: 'AAAA' }, { type: 'audio', audio: '' }, END);
    await until(ENDED);
    expect(told.filter((said) => said === 'sent')).toHaveLength(4);
    expect(told.slice(-5)).toEqual([...WORDS.trim().split('\n'), ENDED]);
  });

  it('decodes audio messages of every form', async () => {
    const bodies: Buffer[] = [];
    await using server = await scriptedHttp(async (peer) => {
      bodies.push(await peer.body());
      peer.answer(200, WORDS);
    });
    const { channel, opened, say, until } = open(server.url, 'stt');
    await opened;
    say({ type: 'setup' });
    const message = { type: 'audio', audio: second.toString('base64') };
    const buffer = Buffer.from(JSON.stringify(message));
    channel.send(buffer);
    buffer.fill(0);
    channel.send(Buffer.from(JSON.stringify({ ...message, client_req_id: 'a' })));
    channel.send(JSON.stringify({ client_req_id: 'a', ...message }));
    say(END);
    await until(ENDED);
    expect(bodies).toEqual([Buffer.concat([second, second, second])]);
  });

  it.each(['stt', 'tts'] as const)('refuses what a POST does not have: %s', async (route) => {
    await using server = await scriptedHttp(() => {});
    const { channel, opened, say } = open(server.url, route);
    await opened;
    expect(() => say({ type: 'flush', flush_id: 1 })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_STATE', message: 'a POST has no flush; use a WebSocket' }),
    );
    channel.destroy();
    expect(server.connections).toBe(0);
  });

  it('has no speech to speech', () => {
    const link = new PostLink(new Access({ apiKey: KEY, baseUrl: 'http://127.0.0.1:1' }));
    expect(() => link.open('s2s', {} as ChannelOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG' }),
    );
  });

  it('hands out audio by itself as it comes', async () => {
    const more = withResolvers();
    await using server = await scriptedHttp(async (peer) => {
      expect(JSON.parse((await peer.body()).toString())).toEqual({
        text: 'Hi there.',
        output_format: 'pcm_8000',
        only_audio: true,
      });
      peer.start(200, { 'content-type': 'audio/pcm' });
      peer.response.write(second);
      await more.promise;
      peer.response.end(second);
    });
    const { told, opened, say, until, audio } = open(server.url, 'tts');
    await opened;
    say(...ONLY_AUDIO);
    await vi.waitUntil(() => audio().length >= second.length);
    expect(audio()).toEqual(second);
    more.resolve();
    await until(ENDED);
    expect(audio()).toEqual(Buffer.concat([second, second]));
    expect(told.filter((said) => said.startsWith('{'))).toEqual([PROVISIONAL, ENDED]);
  });

  it.each([
    ['empty', '', { 'content-type': 'audio/pcm' }, { code: 'ERR_PROTOCOL', retryable: false }],
    ['a text', 'hello', { 'content-type': 'text/plain' }, { code: 'ERR_PROTOCOL', retryable: true }],
  ])('takes an answer that is %s for no audio', async (_name, body, headers, expected) => {
    await using server = await scriptedHttp(answering(body, headers));
    const { opened, say, fails, audio } = open(server.url, 'tts');
    await opened;
    say(...ONLY_AUDIO);
    expect(await fails).toMatchObject(expected);
    expect(audio().length).toBe(0);
  });

  it('reads lines where they come instead of audio by itself', async () => {
    await using server = await scriptedHttp(answering(lines({ type: 'error', message: 'x' })));
    const { opened, say, until, audio } = open(server.url, 'tts');
    await opened;
    say(...ONLY_AUDIO);
    await until('{"type":"error","message":"x"}');
    expect(audio().length).toBe(0);
  });

  it('does not read while paused, before the answer and in its midst', async () => {
    const flood = Buffer.alloc(32 * 1024 * 1024);
    await using server = await scriptedHttp(async (peer) => {
      await peer.body();
      peer.response.writeHead(200, { 'content-type': 'audio/pcm', 'content-length': flood.length });
      peer.response.end(flood);
    });
    let bytes = 0;
    let pauseAt = Number.POSITIVE_INFINITY;
    const { channel, opened, say, until } = open(server.url, 'tts', {
      onAudio: (part) => {
        bytes += part.length;
        if (bytes >= pauseAt) channel.pause();
      },
    });
    await opened;
    channel.pause();
    say(...ONLY_AUDIO);
    await turns(100);
    expect(bytes).toBe(0);
    pauseAt = 1024 * 1024;
    channel.resume();
    await vi.waitUntil(() => bytes >= pauseAt);
    await turns(100);
    expect(bytes).toBeLessThan(2 * 1024 * 1024);
    pauseAt = Number.POSITIVE_INFINITY;
    channel.resume();
    await until(ENDED);
    expect(bytes).toBe(flood.length);
  });

  it.each(['close', 'destroy'] as const)('says nothing more after %s from within a message', async (how) => {
    await using server = await scriptedHttp(answering(lines(END, text('late', 0))));
    const heard: string[] = [];
    const { channel, opened, say } = open(server.url, 'stt', {
      onMessage: (data) => {
        heard.push(data.toString());
        if (heard.at(-1) === ENDED) channel[how]();
      },
    });
    await opened;
    say({ type: 'setup' }, END);
    await vi.waitUntil(() => heard.includes(ENDED));
    await server.idle();
    expect(heard).toEqual([PROVISIONAL, ENDED]);
  });

  it('says nothing after destroy, at whatever moment', async () => {
    await using server = await scriptedHttp((peer) => {
      peer.start(200, NDJSON);
      peer.response.write(WORDS);
    });
    const setup = { type: 'setup', model_name: 'm', input_format: 'pcm', json_config: {} };
    const moments: ((opened: ReturnType<typeof open>) => unknown)[] = [
      () => {},
      ({ opened }) => opened,
      async ({ opened, say }) => {
        await opened;
        say(setup);
      },
      async ({ opened, say, until }) => {
        await opened;
        say(setup, { type: 'audio', audio: 'AAAA' });
        await until(WORDS.split('\n')[0]!);
      },
    ];
    for (const moment of moments) {
      const { channel, told, say, ...rest } = open(server.url, 'stt');
      await moment({ channel, told, say, ...rest });
      const before = [...told];
      channel.destroy();
      say({ type: 'audio', audio: 'AAAA' }, END);
      await turns();
      expect(told).toEqual(before);
      expect(channel.isOpen).toBe(false);
    }
    await server.idle();
  });
});
