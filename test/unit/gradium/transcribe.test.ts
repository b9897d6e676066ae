import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { ConnectionError, FormatError, SpeechApiError, TimeoutError } from '../../../src/errors.js';
import { WINDOW_S } from '../../../src/gradium/audio-window.js';
import { Gradium, type GradiumOptions, type TranscribeOptions } from '../../../src/gradium/index.js';
import { SpeechSocket } from '../../../src/speech/index.js';
import { onWindows } from '../../on-windows.js';
import { type Message, type Peer, politeStt, READY, scriptedServer } from '../../speech/scripted-server.js';
import { ambiguousWav } from '../audio/helpers.js';
import { swallowAudio } from './greedy-peer.js';

const KEY = 'gd_very_secret';
const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/audio/wav/${name}`, import.meta.url));
const SPEECH_16K = fixture('speech-16k-mono-s16.wav');

/** 1 s of 8 kHz µ-law, in which no two halves are alike. */
const second = Buffer.from(Array.from({ length: 8000 }, (_, i) => (i * 31 + (i >> 8)) & 255));
const MULAW: TranscribeOptions = { format: { encoding: 'mulaw', sampleRateHz: 8000 } };
const ONCE: TranscribeOptions = { ...MULAW, retries: 0 };

const client = (url: string, options: GradiumOptions = {}) =>
  new Gradium({ apiKey: KEY, baseUrl: url, ...options });

const text = (word: string, startS: number, streamId: number | null = 0) => ({
  type: 'text',
  text: word,
  start_s: startS,
  stream_id: streamId,
});
const endText = (stopS: number, streamId: number | null = 0) => ({
  type: 'end_text',
  stop_s: stopS,
  stream_id: streamId,
});
const step = (i: number, extra: object = {}) => ({ type: 'step', vad: [], step_idx: i, ...extra });

function only<T>(items: T[]): T {
  expect(items).toHaveLength(1);
  return items[0] as T;
}

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

function signalled() {
  let fire = () => {};
  const event = new Promise<void>((resolve) => {
    fire = resolve;
  });
  return { event, fire };
}

/** So many turns of the event loop: what is going to happen without anything new has then happened. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Resolves when a value has not changed for a hundred turns of the event loop. */
async function quiet(value: () => number): Promise<void> {
  for (let last = -1; last !== value(); ) {
    last = value();
    await turns(100);
  }
}

const fakeTimers = () => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });

async function* endless(chunk: Uint8Array, pulled: { bytes: number }): AsyncGenerator<Uint8Array> {
  for (;;) {
    pulled.bytes += chunk.length;
    yield chunk;
    // Lets the sockets work: a real source would.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('transcribe', () => {
  it('sends setup, all the audio untouched, and end_of_stream; gives the transcript', async () => {
    await using server = await scriptedServer((peer) =>
      politeStt(peer, text(' Hello ', 1.28), endText(1.6), text('world.', 1.7), endText(1.76)),
    );
    const transcript = await client(server.url).stt.transcribe(second, { ...MULAW, language: 'en' });
    expect(transcript).toEqual({
      text: 'Hello world.',
      words: [
        { text: 'Hello', startS: 0.48, stopS: 0.8, streamId: 0 },
        { text: 'world.', startS: 0.9, stopS: 0.96, streamId: 0 },
      ],
      language: 'en',
      model: 'scripted',
      requestId: 'req-1',
      sessions: 1,
      durationS: 1,
      delayInFrames: 10,
      timestampShiftS: 0.8,
      wire: { format: 'ulaw_8000', untouched: true },
      source: { container: 'raw', encoding: 'mulaw', sampleRateHz: 8000, channels: 1, frames: 8000 },
      warnings: [],
    });
    const peer = only(server.peers);
    expect(peer.audio.equals(second)).toBe(true);
    expect(peer.received[0]).toEqual({
      type: 'setup',
      model_name: 'default',
      input_format: 'ulaw_8000',
      json_config: { language: 'en', delay_in_frames: 10 },
    });
    expect(peer.received.at(-1)).toEqual({ type: 'end_of_stream' });
    expect((await peer.closed).code).toBe(1000);
  });

  it('sends the audio before ready comes', async () => {
    await using server = await scriptedServer(async (peer) => {
      await peer.next('end_of_stream');
      peer.send(READY, text('late', 1), { type: 'end_of_stream' });
    });
    expect((await client(server.url).stt.transcribe(second, MULAW)).text).toBe('late');
  });

  it('takes the delay from ready, by either name, else what it sent', async () => {
    const { delay_in_frames: _, ...silent } = READY;
    const readies = [{ ...READY, delay_in_frames: 5 }, { ...silent, delay_in_tokens: 6 }, silent];
    await using server = await scriptedServer(async (peer, nth) => {
      await peer.next('end_of_stream');
      peer.send(readies[nth] as object, text('w', 0.9), endText(0.95), { type: 'end_of_stream' });
    });
    const starts: number[] = [];
    for (const _ of readies) {
      const { words } = await client(server.url).stt.transcribe(second, { ...MULAW, delayInFrames: 7 });
      starts.push(only(words).startS);
    }
    expect(starts).toEqual([0.5, 0.42, 0.34]);
  });

  it("leaves the service's times alone when told", async () => {
    await using server = await scriptedServer((peer) =>
      politeStt(peer, text('w', 1.3), endText(1.75), text('x', 1.76)),
    );
    const transcript = await client(server.url).stt.transcribe(second, { ...MULAW, timestamps: 'decoder' });
    expect(transcript.timestampShiftS).toBe(0);
    expect(transcript.words).toEqual([
      { text: 'w', startS: 1.3, stopS: 1.75, streamId: 0 },
      { text: 'x', startS: 1.76, stopS: 1.8, streamId: 0 },
    ]);
  });

  it.each([
    ['source', 0],
    ['decoder', 0.8],
  ] as const)('lets no time lie beyond the audio sent so far (%s)', async (timestamps, lateS) => {
    const rest = signalled();
    await using server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      peer.send(READY);
      while (peer.audio.length < 6400) await peer.next('audio');
      peer.send(text('early', 5), endText(6), text('absurd', 86_400, 1), endText(86_401, 1));
      rest.fire();
      await peer.next('end_of_stream');
      peer.send(text('good', 3), endText(3.2), { type: 'end_of_stream' });
    });
    const source = async function* () {
      yield second;
      await rest.event;
      await turns(50);
      yield Buffer.concat([second, second]);
    };
    const { words, durationS } = await client(server.url).stt.transcribe(source(), { ...MULAW, timestamps });
    expect(durationS).toBe(3);
    const [first, absurd, last] = words;
    expect(absurd).toMatchObject({ startS: 0, stopS: 3 + lateS });
    expect(first).toMatchObject({ text: 'early', startS: 0.8 + lateS, stopS: 0.8 + lateS });
    expect(last).toMatchObject({ text: 'good', startS: 2.2 + lateS, stopS: 2.4 + lateS });
  });

  it('keeps words of several streams in order of arrival', async () => {
    await using server = await scriptedServer((peer) =>
      politeStt(
        peer,
        text('a', 0.9, 0),
        text('b', 1, 1),
        text('c', 1.1, null),
        endText(1.3, 1),
        endText(1.2, 0),
      ),
    );
    const { words } = await client(server.url).stt.transcribe(second, { ...MULAW, delayInFrames: 0 });
    expect(words.map((word) => word.text)).toEqual(['a', 'b', 'c']);
    expect(words.map((word) => word.streamId)).toEqual([0, 1, undefined]);
  });

  it('passes over steps in any spelling, legacy vad, unknown types and unknown fields', async () => {
    await using server = await scriptedServer((peer) =>
      politeStt(
        peer,
        step(0),
        '{"type": "step", "vad": []}',
        '{"vad":[],"type":"step"}',
        { type: 'vad', vad: [] },
        { type: 'novelty', text: 5 },
        { ...text('ok', 1), confidence: 1 },
      ),
    );
    expect((await client(server.url).stt.transcribe(second, MULAW)).text).toBe('ok');
  });

  it('gives an empty transcript when nothing was said', async () => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const { text: said, words, requestId } = await client(server.url).stt.transcribe(second, MULAW);
    expect([said, words, requestId]).toEqual(['', [], 'req-1']);
  });

  it('needs no session for a recording without audio', async () => {
    const connected = vi.fn();
    await using server = await scriptedServer(connected);
    const empty = async function* () {
      yield new Uint8Array(0);
    };
    const header = await readFile(fixture('header-only-44-bytes-zero-frames.wav'));
    const { stt } = client(server.url);
    for (const transcript of [
      await stt.transcribe(new Uint8Array(0), MULAW),
      await stt.transcribe(empty(), MULAW),
      await stt.transcribe(fixture('header-only-44-bytes-zero-frames.wav')),
      await stt.transcribe(Readable.from([header.subarray(0, 20), header.subarray(20)])),
    ]) {
      expect(transcript).toMatchObject({ text: '', words: [], requestId: '', durationS: 0 });
      expect(transcript.warnings).toContain('no-audio');
    }
    expect(connected).not.toHaveBeenCalled();
  });

  it('lets go of a stream without audio', async () => {
    const returned = vi.fn(async () => ({ done: true as const, value: undefined }));
    const empty = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: true as const, value: undefined }),
        return: returned,
      }),
    };
    await client('http://127.0.0.1:1').stt.transcribe(empty, MULAW);
    expect(returned).toHaveBeenCalledTimes(1);
  });

  it('reports progress, and all of it at the end', async () => {
    await using server = await scriptedServer((peer) =>
      politeStt(peer, ...Array.from({ length: 100 }, (_, i) => step(i))),
    );
    const seen: number[] = [];
    const eight = Buffer.concat(Array.from({ length: 8 }, () => second));
    await client(server.url).stt.transcribe(eight, {
      ...MULAW,
      onProgress: ({ transcribedS, durationS }) => {
        expect(durationS).toBe(8);
        seen.push(Math.floor(transcribedS + 1e-9));
      },
    });
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
});

describe('transcribe sources', () => {
  it('gives the same for a path, bytes, and every kind of stream, however cut', async () => {
    await using server = await scriptedServer((peer) => politeStt(peer, text('hi', 1), endText(1.2)));
    const { stt } = client(server.url);
    const bytes = await readFile(SPEECH_16K);
    const cut = async function* (size: number) {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    };
    const byPath = await stt.transcribe(SPEECH_16K);
    expect(byPath.source).toEqual({
      name: SPEECH_16K,
      container: 'wav',
      encoding: 's16le',
      sampleRateHz: 16_000,
      channels: 1,
      frames: 55_177,
    });
    const { name: _, ...source } = byPath.source;
    for (const other of [
      bytes,
      Readable.from(cut(10)),
      cut(1000),
      Readable.toWeb(Readable.from(cut(70_000))) as ReadableStream<Uint8Array>,
    ]) {
      expect(await stt.transcribe(other)).toEqual({ ...byPath, source });
    }
    const audio = server.peers.map((peer) => peer.audio);
    expect(audio.every((sent) => sent.equals(bytes.subarray(44)))).toBe(true);
    expect(server.peers[0]!.received[0]).toMatchObject({ input_format: 'pcm_16000' });
  });

  it('says what is missing of a truncated recording', async () => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const bytes = (await readFile(SPEECH_16K)).subarray(0, 44 + 32_000);
    for (const source of [bytes, Readable.from([bytes])]) {
      const transcript = await client(server.url).stt.transcribe(source);
      expect(transcript.durationS).toBe(1);
      expect(transcript.warnings).toEqual(['truncated']);
      expect(transcript.source.missingS).toBeCloseTo((55_177 - 16_000) / 16_000, 9);
    }
  });

  it('reads a broken header as probeAudio does, since it knows the size of the whole', async () => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const wav = ambiguousWav();
    const transcript = await client(server.url).stt.transcribe(wav);
    expect(transcript.source).toMatchObject({ frames: 1600 });
    expect(transcript.warnings).toEqual(['unpadded-chunk']);
    expect(server.peers[0]!.audio.equals(wav.subarray(-3200))).toBe(true);
  });

  it('converts where it is told to, and passes a whole WAV where told', async () => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const { stt } = client(server.url);
    const bytes = await readFile(SPEECH_16K);
    const low = await stt.transcribe(bytes, { wire: 'pcm_8000' });
    expect(low.wire).toEqual({ format: 'pcm_8000', untouched: false });
    expect(server.peers[0]!.audio.length).toBe(2 * Math.ceil(55_177 / 2));
    for (const source of [bytes, Readable.from([bytes])]) {
      const whole = await stt.transcribe(source, { wire: 'wav' });
      expect(whole.wire).toEqual({ format: 'wav', untouched: true });
      expect(whole.durationS).toBeCloseTo(55_177 / 16_000, 9);
      expect(server.peers.at(-1)!.audio.equals(bytes)).toBe(true);
    }
  });

  it('refuses bad bytes before it connects', async () => {
    const connected = vi.fn();
    await using server = await scriptedServer(connected);
    const { stt } = client(server.url);
    expect(await failure(stt.transcribe(Buffer.from('not audio at all, sorry')))).toBeInstanceOf(FormatError);
    const flac = () => Readable.from([Buffer.from('fLaC…')]);
    expect(await failure(stt.transcribe(flac(), { format: { container: 'wav' } }))).toMatchObject({
      code: 'ERR_UNSUPPORTED_CONTAINER',
    });
    expect(await failure(stt.transcribe(flac(), { ffmpeg: '/no/such/ffmpeg' }))).toMatchObject({
      code: 'ERR_FFMPEG_NOT_FOUND',
    });
    expect(await failure(stt.transcribe(fixture('bad-no-data-chunk.wav')))).toMatchObject({
      code: 'ERR_WAV_NO_DATA',
    });
    expect(await failure(stt.transcribe('/no/such/file'))).toMatchObject({ code: 'ENOENT' });
    expect(connected).not.toHaveBeenCalled();
  });

  it.each([
    [undefined, {}],
    [5, {}],
    [second, { format: null }],
    [second, { format: { encoding: 'mp3', sampleRateHz: 8000 } }],
    [second, { format: { encoding: 'mulaw', sampleRateHz: 10 } }],
    [second, { format: { encoding: 'mulaw', sampleRateHz: 8000, channels: 0 } }],
    [second, { ...MULAW, retries: -1 }],
    [second, { ...MULAW, wire: 'wav' }],
    [second, { ...MULAW, language: 5 }],
    [second, { ...MULAW, ffmpeg: 5 }],
    [second, { ...MULAW, ffmpeg: '' }],
    [Buffer.from('fLaC'), { wire: 'wav' }],
    [second, { ...MULAW, deadlines: { idleMs: -1 } }],
  ])('refuses the arguments of case %#', async (source, options) => {
    const error = await failure(
      client('http://127.0.0.1:1').stt.transcribe(source as never, options as never),
    );
    expect(error.code).toMatch(/^ERR_INVALID_/);
  });

  it("passes on the source's own error and closes the connection", async () => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const own = new Error('own');
    const gate = signalled();
    const broken = async function* () {
      yield second;
      await gate.event;
      throw own;
    };
    const result = failure(client(server.url).stt.transcribe(broken(), MULAW));
    while (server.peers.length === 0) await turns(1);
    gate.fire();
    expect(await result).toBe(own);
    const peer = only(server.peers);
    await peer.closed;
    expect(peer.of('end_of_stream')).toEqual([]);
  });
});

describe('transcribe against a server that fails', () => {
  /** The error of one attempt, the server doing this after setup and one audio message. */
  async function failing(misdeed: (peer: Peer) => unknown, options: TranscribeOptions = ONCE) {
    await using server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      await peer.next('audio');
      await misdeed(peer);
    });
    return await failure(client(server.url).stt.transcribe(second, options));
  }

  it.each([1000, 1001, 1006])('never takes close %i for a short success', async (code) => {
    const error = await failing((peer) => {
      peer.send(READY, text('half', 1), endText(1.2));
      if (code === 1006) peer.ws.terminate();
      else peer.ws.close(code);
    });
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({
      code: 'ERR_CLOSED_EARLY',
      closeCode: code,
      phase: 'stream',
      retryable: true,
    });
    expect(error.requestId).toBe('req-1');
  });

  it('knows that a close before ready is one at setup', async () => {
    expect(await failing((peer) => peer.ws.close(1000))).toMatchObject({
      phase: 'setup',
      code: 'ERR_CLOSED_EARLY',
    });
  });

  it.each([
    [1008, false],
    [1011, true],
  ])('classes close %i', async (code, retryable) => {
    const error = await failing((peer) => peer.ws.close(code, 'reason given'));
    expect(error).toBeInstanceOf(SpeechApiError);
    expect(error).toMatchObject({ apiCode: code, retryable });
    expect(error.message).toContain('reason given');
  });

  it('carries message, code and request id of an error message', async () => {
    const error = await failing((peer) => {
      peer.send(READY, { type: 'error', message: `no credits for ${KEY}`, code: 1008 });
      peer.ws.close(1008);
    });
    expect(error).toMatchObject({ apiCode: 1008, retryable: false, requestId: 'req-1' });
    expect(error.message).toContain('no credits for [key] (code 1008, request req-1)');
  });

  it.each([
    [1008, false],
    [1011, true],
    [1000, true],
  ])('learns from close %i what an error without a code was', async (code, retryable) => {
    const error = await failing((peer) => {
      peer.send({ type: 'error', message: 'odd', code: null });
      peer.ws.close(code);
    });
    expect(error).toBeInstanceOf(SpeechApiError);
    expect(error).toMatchObject({ retryable, message: expect.stringContaining('odd') });
  });

  /** Time passes, half a second and a few turns of the event loop at a time, until something comes of it. */
  async function untilSettled<T>(result: Promise<T>): Promise<T> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    result.then(done, done);
    while (!settled) {
      await turns(20);
      vi.advanceTimersByTime(500);
    }
    return await result;
  }

  it('does not wait for ever for that close', async () => {
    fakeTimers();
    const result = failing((peer) => peer.send({ type: 'error', message: 'odd' }));
    expect(await untilSettled(result)).toMatchObject({ apiCode: undefined, retryable: true });
  });

  it('waits for that close as long as the connection takes to go', async () => {
    fakeTimers();
    const result = failing((peer) => {
      peer.send({ type: 'error', message: 'revoked', code: null });
      peer.ws.close(1008);
      // Our close frame is not read, and so the connection is not ended.
      peer.socket.pause();
    });
    expect(await untilSettled(result)).toMatchObject({ apiCode: 1008, retryable: false });
  });

  it('shows neither the key nor an escape that the service puts into its request id', async () => {
    const ready = { ...READY, request_id: `${KEY}\u001b[31m` };
    const said = signalled();
    fakeTimers();
    const result = failing(async (peer) => {
      await peer.next('end_of_stream');
      peer.send(ready);
      said.fire();
    });
    await said.event;
    const error = await untilSettled(result);
    expect(error).toMatchObject({ phase: 'idle', requestId: '[key] [31m' });
    expect(error.message).not.toContain('\u001b');
  });

  it('calls a step that cannot be read ERR_PROTOCOL even when it is only read to make room', async () => {
    await using server = await scriptedServer(async (peer) => {
      await peer.next('audio');
      peer.send(READY, step(0), '{"type":"step","total_duration_s":"x"}');
    });
    const error = await failure(client(server.url).stt.transcribe(endless(second, { bytes: 0 }), MULAW));
    expect(error).toMatchObject({ code: 'ERR_PROTOCOL', requestId: 'req-1' });
  });

  it('does not take an end_of_stream for the answer to one that it has not sent yet', async () => {
    const { send } = SpeechSocket.prototype;
    vi.spyOn(SpeechSocket.prototype, 'send').mockImplementation(function (this: SpeechSocket, message) {
      if (message !== '{"type":"end_of_stream"}') send.call(this, message);
    });
    const error = await failing((peer) => peer.send(READY, text('half', 1), { type: 'end_of_stream' }));
    expect(error).toMatchObject({ code: 'ERR_CLOSED_EARLY', retryable: true });
  });

  it('takes the answer that is read before Node tells of the write that it answers, as happens over TLS', async () => {
    const told: (() => void)[] = [];
    const { emit } = WebSocket.prototype;
    const { write } = Socket.prototype;
    vi.spyOn(Socket.prototype, 'write').mockImplementation(function (this: Socket, ...args: unknown[]) {
      const [data, callback] = args;
      // RFC 6455 §5.2: a text that is masked is the client's. It is told of with the loop's next check phase.
      const isOurs = Buffer.isBuffer(data) && data[0] === 0x81 && (data[1] as number) >= 0x80;
      if (!isOurs || typeof callback !== 'function') return Reflect.apply(write, this, args) as boolean;
      told.push(() => callback());
      return Reflect.apply(write, this, [data, () => {}]) as boolean;
    });
    vi.spyOn(WebSocket.prototype, 'emit').mockImplementation(function (this: WebSocket, ...args: unknown[]) {
      const isAnswer = args[0] === 'message' && String(args[1]) === '{"type":"end_of_stream"}';
      // Only the client's side of the connection has a URL.
      if (isAnswer && this.url) {
        setImmediate(() => {
          for (const tell of told.splice(0)) tell();
        });
      }
      return Reflect.apply(emit, this, args) as boolean;
    });
    await using server = await scriptedServer((peer) => politeStt(peer, text('whole', 1)));
    const transcript = await client(server.url).stt.transcribe(second, { ...MULAW, retries: 0 });
    expect(transcript.text).toBe('whole');
  });

  it.each([
    ['malformed JSON', (peer: Peer) => peer.send('{"type":"text"')],
    ['no object', (peer: Peer) => peer.send('[]')],
    ['a step that is not JSON', (peer: Peer) => peer.send(READY, '{"type":"step"oops')],
    ['a step with an odd length', (peer: Peer) => peer.send(READY, step(0, { step_duration_s: 'x' }))],
    ['an absurd delay', (peer: Peer) => peer.send({ ...READY, delay_in_frames: 1e9 })],
    ['binary', (peer: Peer) => peer.ws.send(Buffer.from('{}'))],
    ['text without a time', (peer: Peer) => peer.send(READY, { type: 'text', text: 'w' })],
    ['two readies', (peer: Peer) => peer.send(READY, READY)],
    ['end_of_stream before ready', (peer: Peer) => peer.send({ type: 'end_of_stream' })],
  ])('calls %s ERR_PROTOCOL', async (_name, misdeed) => {
    const error = await failing(misdeed);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.code).toBe('ERR_PROTOCOL');
  });

  it('does not take end_of_stream in the middle of the audio for the end', async () => {
    await using server = await scriptedServer(async (peer) => {
      await peer.next('audio');
      peer.send(READY, text('half', 1), { type: 'end_of_stream' });
    });
    const error = await failure(client(server.url).stt.transcribe(endless(second, { bytes: 0 }), MULAW));
    expect(error).toMatchObject({ code: 'ERR_CLOSED_EARLY', retryable: true });
  });

  it('fails a refused upgrade with the status', async () => {
    await using server = await scriptedServer(
      () => {},
      () => ({ status: 401 }),
    );
    expect(await failure(client(server.url).stt.transcribe(second, MULAW))).toMatchObject({
      apiCode: 401,
      retryable: false,
    });
  });

  it('fails with what onProgress throws', async () => {
    const own = new Error('own');
    await using server = await scriptedServer((peer) =>
      politeStt(peer, ...Array.from({ length: 20 }, (_, i) => step(i))),
    );
    const onProgress = () => {
      throw own;
    };
    expect(await failure(client(server.url).stt.transcribe(second, { ...MULAW, onProgress }))).toBe(own);
  });
});

describe('transcribe retries', () => {
  it('starts again from the beginning after a drop, and gives only the whole', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    await using server = await scriptedServer(async (peer, nth) => {
      if (nth < 2) {
        await peer.next('audio');
        peer.send(READY, text('half', 1));
        peer.ws.terminate();
      } else await politeStt(peer, text('whole', 1));
    });
    const transcript = await client(server.url).stt.transcribe(SPEECH_16K);
    expect(transcript.text).toBe('whole');
    expect(server.peers).toHaveLength(3);
    expect(server.peers[2]!.audio.length).toBe(2 * 55_177);
  });

  it('waits as long as Retry-After says', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    await using server = await scriptedServer(
      (peer) => politeStt(peer, text('ok', 1)),
      (_request, nth) => (nth === 0 ? { status: 429, headers: { 'Retry-After': '0' } } : undefined),
    );
    expect((await client(server.url).stt.transcribe(second, MULAW)).text).toBe('ok');
  });

  it('gives up at once when Retry-After outlasts the total deadline', async () => {
    let asked = 0;
    await using server = await scriptedServer(
      () => {},
      () => {
        asked++;
        return { status: 429, headers: { 'Retry-After': '600' } };
      },
    );
    expect(await failure(client(server.url).stt.transcribe(second, MULAW))).toMatchObject({
      retryAfterS: 600,
    });
    expect(asked).toBe(1);
  });

  it('does not try 1008 again, nor anything without retries', async () => {
    const drop = await scriptedServer(async (peer) => {
      await peer.next('setup');
      peer.ws.close(peer.request.url === '/api/speech/asr' ? 1008 : 1011);
    });
    await using _ = drop;
    await failure(client(drop.url).stt.transcribe(second, MULAW));
    expect(drop.peers).toHaveLength(1);
    await failure(client(`${drop.url}/other`).stt.transcribe(Readable.from([second]), ONCE));
    expect(drop.peers).toHaveLength(2);
  });
});

describe('transcribe deadlines', () => {
  it('gives up 30 s after setup without ready, and retryForS later when that was asked for', async () => {
    for (const [retryForS, ms] of [
      [undefined, 30_000],
      [20, 50_000],
    ] as const) {
      const setup = signalled();
      await using server = await scriptedServer(async (peer) => {
        await peer.next('end_of_stream');
        setup.fire();
      });
      fakeTimers();
      const options = retryForS === undefined ? ONCE : { ...ONCE, retryForS };
      const result = failure(client(server.url).stt.transcribe(second, options));
      await setup.event;
      vi.advanceTimersByTime(ms - 1);
      vi.advanceTimersByTime(1);
      const error = await result;
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error).toMatchObject({ phase: 'setup', message: `no ready from the service within ${ms} ms` });
      vi.useRealTimers();
    }
  });

  it('gives up after 30 s of silence when the service has to finish', async () => {
    const done = signalled();
    await using server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      peer.send(READY);
      await peer.next('end_of_stream');
      peer.send(text('half', 1));
      done.fire();
    });
    fakeTimers();
    const result = failure(client(server.url).stt.transcribe(second, ONCE));
    await done.event;
    // The word starts the 30 s anew; it has to arrive first.
    await turns(100);
    vi.advanceTimersByTime(30_000);
    expect(await result).toMatchObject({ phase: 'idle', requestId: 'req-1' });
  });

  it('does not count our own silence as idle', async () => {
    await using server = await scriptedServer((peer) => politeStt(peer, text('ok', 1)));
    const gate = signalled();
    const source = async function* () {
      yield second;
      await gate.event;
      yield second;
    };
    fakeTimers();
    const result = client(server.url).stt.transcribe(source(), MULAW);
    while (!server.peers[0]?.audio.length) await turns(1);
    await turns(100);
    vi.advanceTimersByTime(300_000);
    gate.fire();
    expect((await result).text).toBe('ok');
  });

  it('ends everything after 60 s and twice the audio', async () => {
    const setup = signalled();
    await using server = await scriptedServer(async (peer) => {
      await peer.next('end_of_stream');
      setup.fire();
    });
    fakeTimers();
    const { stt } = client(server.url, { deadlines: { setupMs: 0, idleMs: 0 } });
    const result = failure(stt.transcribe(second, MULAW));
    await setup.event;
    vi.advanceTimersByTime(61_999);
    vi.advanceTimersByTime(1);
    expect(await result).toMatchObject({ phase: 'total', message: 'not done within 62000 ms' });
  });

  it('has a total deadline for a stream from its end on', async () => {
    const setup = signalled();
    await using server = await scriptedServer(async (peer) => {
      await peer.next('end_of_stream');
      setup.fire();
    });
    fakeTimers();
    const { stt } = client(server.url, { deadlines: { setupMs: 0, idleMs: 0 } });
    const result = failure(stt.transcribe(Readable.from([second]), MULAW));
    await setup.event;
    vi.advanceTimersByTime(62_000);
    expect(await result).toMatchObject({ phase: 'total' });
  });
});

describe('transcribe pacing', () => {
  it('sends no more than the window before ready', async () => {
    const pulled = { bytes: 0 };
    await using server = await scriptedServer(() => {});
    fakeTimers();
    const result = failure(client(server.url).stt.transcribe(endless(second, pulled), ONCE));
    await quiet(() => pulled.bytes + server.peers.length);
    vi.advanceTimersByTime(30_000);
    expect(await result).toMatchObject({ phase: 'setup' });
    expect(pulled.bytes / 8000).toBeGreaterThanOrEqual(WINDOW_S);
    expect(pulled.bytes / 8000).toBeLessThan(WINDOW_S + 3);
  });

  it('runs no more than the window ahead of the steps, and goes on with them', async () => {
    const pulled = { bytes: 0 };
    await using server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      peer.send(READY, step(0));
      while (peer.audio.length < 8000 * (WINDOW_S - 1)) await peer.next('audio');
      peer.send(...Array.from({ length: 250 }, (_, i) => step(i + 1)));
    });
    fakeTimers();
    const result = failure(client(server.url).stt.transcribe(endless(second, pulled), ONCE));
    await quiet(() => pulled.bytes + server.peers.length);
    vi.advanceTimersByTime(30_000);
    expect(await result).toMatchObject({ phase: 'idle' });
    expect(pulled.bytes / 8000).toBeGreaterThanOrEqual(WINDOW_S + 20);
    expect(pulled.bytes / 8000).toBeLessThan(WINDOW_S + 23);
  });

  it('lets the event loop turn while it sends a large recording', async () => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const controller = new AbortController();
    const reason = { why: 'enough' };
    let sent = 0;
    swallowAudio((bytes) => {
      // More than may be sent before ready.
      if (sent <= 2_000_000 && bytes > 2_000_000) setImmediate(() => controller.abort(reason));
      sent = bytes;
    });
    const large = Buffer.alloc(64 * 1024 * 1024);
    const options = { ...MULAW, signal: controller.signal };
    await expect(client(server.url).stt.transcribe(large, options)).rejects.toBe(reason);
    expect(sent).toBeGreaterThan(2_000_000);
    expect(sent).toBeLessThan(large.length);
  });

  it('needs no steps to go on', async () => {
    await using server = await scriptedServer((peer) => politeStt(peer, text('long', 1)));
    const long = Buffer.concat(Array.from({ length: 4 * WINDOW_S }, () => second));
    expect((await client(server.url).stt.transcribe(long, MULAW)).text).toBe('long');
    expect(only(server.peers).audio.equals(long)).toBe(true);
  });

  it('holds little when the server does not read, and gives up on it', async () => {
    const pulled = { bytes: 0 };
    await using server = await scriptedServer((peer) => {
      peer.send(READY);
      peer.socket.pause();
    });
    fakeTimers();
    const chunk = Buffer.alloc(64 * 1024, 0x55);
    const result = failure(client(server.url).stt.transcribe(endless(chunk, pulled), ONCE));
    await quiet(() => pulled.bytes + server.peers.length);
    vi.advanceTimersByTime(30_000);
    expect(await result).toMatchObject({ phase: 'idle' });
    // What the kernel's buffers hold on loopback, and a little of ours; the source has no end.
    expect(pulled.bytes).toBeLessThan(32 * 1024 * 1024);
  });

  it('goes on when a slow server reads again', async () => {
    const stalled = signalled();
    await using server = await scriptedServer(async (peer) => {
      peer.socket.pause();
      await stalled.event;
      peer.socket.resume();
      await politeStt(peer, text('patient', 1));
    });
    const big = Buffer.alloc(16 * 1024 * 1024, 0x55);
    const source = async function* () {
      for (let at = 0; at < big.length; at += 65_536) {
        if (at === 65_536 * 6) stalled.fire();
        yield big.subarray(at, at + 65_536);
      }
    };
    const endlessly = client(server.url, { sessionLimitS: 0 });
    expect((await endlessly.stt.transcribe(source(), MULAW)).text).toBe('patient');
    expect(only(server.peers).audio.equals(big)).toBe(true);
  });
});

describe('transcribe abort', () => {
  it.skipIf(onWindows('named pipes'))('ends the wait for a named pipe that nobody writes to', async () => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const folder = await mkdtemp(join(tmpdir(), 'sluice-pipe-'));
    const path = join(folder, 'pipe');
    spawnSync('mkfifo', [path]);
    const reason = new Error('enough');
    const controller = new AbortController();
    const transcript = client(server.url).stt.transcribe(path, { signal: controller.signal });
    setImmediate(() => controller.abort(reason));
    await expect(transcript).rejects.toBe(reason);
    await rm(folder, { recursive: true });
  });

  const reason = { why: 'changed my mind' };

  it('does nothing for a signal aborted before', async () => {
    const connected = vi.fn();
    await using server = await scriptedServer(connected);
    const signal = AbortSignal.abort(reason);
    await expect(client(server.url).stt.transcribe(second, { ...MULAW, signal })).rejects.toBe(reason);
    expect(connected).not.toHaveBeenCalled();
  });

  it.each([
    ['setup', (peer: Peer) => peer.next('setup')],
    ['the stream', (peer: Peer) => peer.send(READY, text('half', 1)) as unknown as Promise<Message>],
    ['the end', (peer: Peer) => peer.next('end_of_stream')],
  ])('rejects with the reason and drops the connection during %s', async (_phase, until) => {
    const reached = signalled();
    await using server = await scriptedServer(async (peer) => {
      await until(peer);
      reached.fire();
    });
    const controller = new AbortController();
    const result = client(server.url).stt.transcribe(second, { ...MULAW, signal: controller.signal });
    await reached.event;
    controller.abort(reason);
    await expect(result).rejects.toBe(reason);
    expect((await only(server.peers).closed).code).toBe(1006);
  });

  it('rejects while connecting', async () => {
    const upgrade = signalled();
    const { createServer } = await import('node:net');
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => upgrade.fire());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const controller = new AbortController();
    const result = client(`http://127.0.0.1:${port}`).stt.transcribe(second, {
      ...MULAW,
      signal: controller.signal,
    });
    await upgrade.event;
    controller.abort(reason);
    await expect(result).rejects.toBe(reason);
    server.close();
    await once(server, 'close');
  });

  it('rejects between attempts', async () => {
    const controller = new AbortController();
    let refused = 0;
    await using server = await scriptedServer(
      () => {},
      () => {
        refused++;
        return { status: 503, headers: { 'Retry-After': '30' } };
      },
    );
    const result = client(server.url).stt.transcribe(second, { ...MULAW, signal: controller.signal });
    result.catch(() => {});
    while (refused === 0) await turns(1);
    await turns(100);
    controller.abort(reason);
    await expect(result).rejects.toBe(reason);
  });

  it('lets go of a source that never gives anything', async () => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const controller = new AbortController();
    const silent = new Readable({ read() {} });
    const result = client(server.url).stt.transcribe(silent, { ...MULAW, signal: controller.signal });
    controller.abort(reason);
    await expect(result).rejects.toBe(reason);
    expect(silent.destroyed).toBe(true);
  });

  it('lets go of a source that falls silent in the middle, when the service dies too', async () => {
    const silent = new Readable({ read() {} });
    silent.push(second);
    await using server = await scriptedServer(async (peer) => {
      await peer.next('audio');
      peer.ws.close(1011, 'gone');
    });
    expect(await failure(client(server.url).stt.transcribe(silent, MULAW))).toMatchObject({ apiCode: 1011 });
    expect(silent.destroyed).toBe(true);
  });
});
