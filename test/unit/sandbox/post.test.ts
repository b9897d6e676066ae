import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { decodeMulaw, readWav, writeWav } from '../../../src/audio/index.js';
import { type Fault, type Sandbox, type SandboxOptions, startSandbox } from '../../../src/sandbox/index.js';
import { answerPost } from '../../../src/sandbox/post.js';
import type { Session } from '../../../src/sandbox/protocol.js';
import { Request } from '../../../src/sandbox/request.js';
import type { Message } from './client.js';
import { type Answer, linesOf, Posting, post, textOf } from './http.js';
import { concat, noise, oggOpus, silence, speak, speak8k, toFloat, words } from './sound.js';

/** No fault, no limit. */
const FREE = {
  fault: undefined,
  limitS: Infinity,
  onMessage: () => {},
  onSaid: () => {},
  onLast: () => {},
  onEnd: () => {},
};

let sandbox: Sandbox;
const log: string[] = [];
beforeAll(async () => {
  sandbox = await startSandbox({ clock: 'audio', log: (line) => log.push(line) });
});
afterAll(() => sandbox.close());

let other: Sandbox | undefined;
afterEach(async () => {
  await other?.close();
  other = undefined;
});

async function start(options: SandboxOptions): Promise<string> {
  other = await startSandbox({ clock: 'audio', ...options });
  return other.url;
}

const stt = (query: Record<string, string> = {}, url = sandbox.url): string =>
  `${url}/api/post/speech/asr?${new URLSearchParams(query)}`;
const tts = (query: Record<string, string> = {}, url = sandbox.url): string =>
  `${url}/api/post/speech/tts?${new URLSearchParams(query)}`;

const wav = (text: string): Uint8Array => writeWav(speak(text, 16_000), { sampleRateHz: 16_000 });
const PCM_8000 = { input_format: 'pcm_8000' };

function expectPlain(answer: Answer, text: string | RegExp): void {
  expect(answer).toMatchObject({ status: 500, contentType: 'text/plain', complete: true });
  expect(answer.body.toString()).toEqual(typeof text === 'string' ? text : expect.stringMatching(text));
}

describe('POST /post/speech/asr', () => {
  it('answers lines of JSON, as the WebSocket answers messages', async () => {
    const answer = await post(stt(), wav('hello there'));
    expect(answer).toMatchObject({ status: 200, contentType: 'application/x-ndjson', complete: true });
    const lines = linesOf(answer);
    expect(lines[0]).toMatchObject({ type: 'ready', delay_in_frames: 10 });
    expect(lines.at(-1)).toEqual({ type: 'end_of_stream' });
    expect(lines.filter((line) => line.type === 'text' || line.type === 'end_text')).toEqual([
      { type: 'text', text: 'hello', start_s: expect.closeTo(0, 3), stream_id: 0 },
      { type: 'end_text', stop_s: expect.closeTo(0.4, 3), stream_id: 0 },
      { type: 'text', text: 'there', start_s: expect.closeTo(0.48, 3), stream_id: 0 },
      { type: 'end_text', stop_s: expect.closeTo(0.88, 3), stream_id: 0 },
    ]);
    expect(lines.filter((line) => line.type === 'step')).toHaveLength(11);
  });

  it.each<[string | undefined, Uint8Array | Int16Array]>([
    [undefined, wav('as it is')],
    ['audio/wav', wav('as it is')],
    ['Audio/WAV; codecs=1', wav('as it is')],
    ['audio/pcm', speak('as it is', 24_000)],
    ['audio/ogg', oggOpus(speak('as it is', 48_000), { sampleRateHz: 48_000 })],
    ['audio/opus', oggOpus(speak('as it is', 48_000), { sampleRateHz: 48_000 })],
  ])('takes the content type %s', async (type, body) => {
    const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
    expect(textOf(await post(stt(), body, headers))).toBe('as it is');
  });

  it.each(['audio/mpeg', 'application/json', 'audio/x-wav'])('refuses the content type %s', async (type) => {
    const answer = await post(stt(), wav('a'), { 'content-type': type });
    expectPlain(answer, `unsupported content type for SST '${type}'`);
  });

  it('input_format wins over the content type', async () => {
    const headers = { 'content-type': 'audio/mpeg' };
    expect(textOf(await post(stt(PCM_8000), speak('over', 8_000), headers))).toBe('over');
  });

  it.each(['model', 'model_name'])('takes the model as %s', async (name) => {
    const [ready] = linesOf(await post(stt({ [name]: 'm1' }), wav('a')));
    expect(ready?.model_name).toBe('sluice-sandbox/m1');
  });

  it('takes json_config from the query', async () => {
    const json_config = JSON.stringify({ language: 'en', delay_in_frames: 16 });
    expect(linesOf(await post(stt({ json_config }), wav('a')))[0]?.delay_in_frames).toBe(16);
  });

  it.each(['{', '[]', '{"keywords":["a"]}', '{"language":"it"}', '{"delay_in_frames":81}'])(
    'answers the json_config %s by an empty 200',
    async (json_config) => {
      const answer = await post(stt({ json_config }), wav('a'));
      expect(answer).toMatchObject({ status: 200, contentType: 'application/x-ndjson', complete: true });
      expect(answer.body).toHaveLength(0);
      expect(log.at(-1)).toMatch(/answered by an empty body$/u);
    },
  );

  it('refuses an unknown format before the stream', async () => {
    expectPlain(
      await post(stt({ input_format: 'pcm_32000' }), wav('a')),
      'error from server 1008: unknown input_format "pcm_32000"',
    );
  });

  it('says what is wrong with the audio in a line without a code, and ends', async () => {
    const answer = await post(stt(), Buffer.from('this is no WAV, not in the least'));
    expect(answer).toMatchObject({ status: 200, complete: true });
    const lines = linesOf(answer);
    expect(lines.map((line) => line.type)).toEqual(['ready', 'error']);
    expect(lines[1]).toEqual({ type: 'error', message: expect.stringMatching(/not a WAV stream/u) });
  });

  it('needs a key', async () => {
    const answer = await post(stt(), wav('a'), { 'x-api-key': '' });
    expectPlain(answer, /^error from server 1008: no API key/u);
  });

  it('answers while the body still arrives', async () => {
    const posting = new Posting(stt(PCM_8000));
    posting.write(speak('first', 8_000)).write(new Int16Array(8_000));
    await posting.until('"first"');
    posting.write(speak('second', 8_000));
    expect(textOf(await posting.end())).toBe('first second');
  });

  it('answers the same however the body is cut', async () => {
    const bytes = wav('chunks of any size');
    const whole = textOf(await post(stt(), bytes));
    const posting = new Posting(stt());
    for (let from = 0; from < bytes.length; from += 777) posting.write(bytes.subarray(from, from + 777));
    expect(textOf(await posting.end())).toBe(whole);
  });

  it('survives clients that leave in the middle of a body', async () => {
    const posting = new Posting(stt(PCM_8000));
    posting.write(speak('gone', 8_000));
    await posting.until('"ready"');
    posting.request.destroy();
    while (!log.at(-1)?.endsWith(': the client left')) await new Promise((resolve) => setImmediate(resolve));
    const socket = connect(Number(new URL(sandbox.url).port), '127.0.0.1');
    socket.end(
      'POST /post/speech/asr HTTP/1.1\r\nHost: s\r\nx-api-key: k\r\nContent-Length: 1000\r\n\r\nRIFF',
    );
    await new Promise((resolve) => socket.resume().once('close', resolve));
    expect(textOf(await post(stt(), wav('still here')))).toBe('still here');
  });

  it('reads on while an early error is on its way, so that it reaches a busy client', async () => {
    const posting = new Posting(stt({ input_format: 'x' }));
    for (let i = 0; i < 32; i++) posting.write(new Uint8Array(1_000_000));
    expectPlain(await posting.end(), /unknown input_format/u);
  });

  describe('in strict mode', () => {
    const config = { json_config: '{"language":"en"}' };

    it('has the documented lines only', async () => {
      const url = await start({ mode: 'strict' });
      const lines = linesOf(await post(stt(config, url), wav('two words')));
      expect(lines.map((line) => line.type)).toEqual(['text', 'end_text', 'text', 'end_text']);
    });

    it('has a status for what is wrong before the first line', async () => {
      const url = await start({ mode: 'strict' });
      expectPlain(await post(stt(config, url), Buffer.from('no WAV at all')), /not a WAV stream/u);
      expectPlain(
        await post(stt({ ...config, ...PCM_8000 }, url), wav('a')),
        /input_format must be one of wav/u,
      );
      const answer = await post(stt({}, url), wav('a'));
      expect([answer.status, answer.body.length]).toEqual([200, 0]); // language is required
    });
  });
});

describe('POST /post/speech/tts', () => {
  const BODY = { text: 'ça va?', voice_id: 'any', output_format: 'pcm_8000' };

  it('answers lines of JSON with times and base64', async () => {
    const answer = await post(tts(), BODY);
    expect(answer).toMatchObject({ status: 200, contentType: 'application/x-ndjson', complete: true });
    const lines = linesOf(answer);
    expect(lines[0]).toMatchObject({ type: 'ready', sample_rate: 8_000, frame_size: 640 });
    expect(lines.at(-1)).toEqual({ type: 'end_of_stream' });
    expect(textOf(answer)).toBe('ça va?');
    const audio = lines.filter((line) => line.type === 'audio');
    expect(audio[1]).toMatchObject({ start_s: 0.08, stop_s: 0.16, stream_id: 0 });
    const bytes = Buffer.concat(audio.map((line) => Buffer.from(line.audio as string, 'base64')));
    expect(new Int16Array(Uint8Array.from(bytes).buffer)).toEqual(speak('ça va?', 8_000));
  });

  it.each([
    ['wav', 'audio/wav'],
    ['opus', 'audio/ogg'],
    ['pcm', 'audio/pcm'],
    ['pcm_16000', 'audio/pcm'],
    ['ulaw_8000', 'audio/PCMU'],
    ['mulaw_8000', 'audio/PCMU'],
    ['alaw_8000', 'audio/PCMA'],
  ])('only_audio: %s is a body of %s', async (output_format, contentType) => {
    const answer = await post(tts(), { ...BODY, output_format, only_audio: true });
    expect(answer).toMatchObject({ status: 200, contentType, complete: true });
    const heard = await post(
      stt({ input_format: output_format === 'pcm' ? 'pcm_48000' : output_format }),
      answer.body,
    );
    expect(textOf(heard)).toBe('ça va?');
  });

  it('only_audio: is the sound and nothing else', async () => {
    const bare = async (output_format: string): Promise<Buffer> =>
      (await post(tts(), { ...BODY, output_format, only_audio: true })).body;
    expect(decodeMulaw(await bare('ulaw_8000'))).toHaveLength(7 * 640);
    const samples = readWav(await bare('wav')).samples as Int16Array;
    expect(samples).toEqual(speak('ça va?', 48_000));
    expect(words(toFloat(samples.filter((_, i) => i % 6 === 0))).map((word) => word.text)).toEqual([
      'ça',
      'va?',
    ]);
  });

  it.each<[string, object, Record<string, string>]>([
    ['an object in the body', { json_config: { padding_bonus: 9 } }, {}],
    ['text in the body', { json_config: '{"padding_bonus":9}' }, {}],
    ['text in the query', {}, { json_config: '{"padding_bonus":9}' }],
  ])('reads json_config as %s', async (_, more, query) => {
    expectPlain(
      await post(tts(query), { ...BODY, ...more }),
      'error from server 1011: padding_bonus must be a number from -4 to 4',
    );
  });

  it.each<[string, object, RegExp]>([
    ['no text', { voice_id: 'v' }, /1008: text is required/u],
    ['text that is none', { ...BODY, text: 5 }, /1008: text must be a string/u],
    ['only_audio that is no boolean', { ...BODY, only_audio: 'yes' }, /1008: only_audio/u],
    ['an unknown format', { ...BODY, output_format: 'mp3' }, /1008: unknown output_format "mp3"/u],
    ['a voice that is no string', { ...BODY, voice_id: 1 }, /1008: voice_id/u],
    ['an array', [], /1008: body must be a JSON object/u],
  ])('refuses %s before the stream', async (_, body, message) => {
    expectPlain(await post(tts(), body), message);
  });

  it('refuses what is no JSON, and more than 16 MiB', async () => {
    expectPlain(
      await post(tts(), Buffer.from('text=hello')),
      'error from server 1008: body is not valid JSON',
    );
    expectPlain(await post(tts(), Buffer.alloc(17 * 1024 * 1024, 0x20)), /body is larger than 16 MiB/u);
  });

  it('says what is wrong with the text in a line without a code', async () => {
    const answer = await post(tts(), { ...BODY, text: 'one <break time="9s" /> two' });
    expect(linesOf(answer).at(-1)).toEqual({ type: 'error', message: expect.stringMatching(/break time/u) });
    expect(textOf(answer)).toBe('one');
    expect(answer).toMatchObject({ status: 200, complete: true });
  });

  it('only_audio: breaks off where something is wrong with the text, as a body of sound cannot say so', async () => {
    const text = 'one <break time="9s" /> two';
    const answer = await post(tts(), { ...BODY, text, only_audio: true });
    expect(answer).toMatchObject({ status: 200, complete: false });
    expectPlain(await post(tts(), { ...BODY, text: text.slice(4), only_audio: true }), /1008: break time/u);
  });

  it('speaks no faster than it is listened to, and stops when the client leaves', async () => {
    const posting = new Posting(tts());
    const body = JSON.stringify({ ...BODY, output_format: 'pcm_48000', text: 'word '.repeat(10_000) });
    posting.request.end(body);
    const response = await posting.response;
    response.pause();
    // 50 000 steps are 500 MB of lines. Were they made regardless, the next answer would wait for them.
    expect(textOf(await post(stt(), wav('meanwhile')))).toBe('meanwhile');
    expect(response.readableEnded).toBe(false);
    posting.request.destroy();
  });

  it('in strict mode, needs a voice and a format', async () => {
    const url = await start({ mode: 'strict' });
    expectPlain(await post(tts({}, url), { text: 'a' }), /voice_id is required/u);
    expectPlain(await post(tts({}, url), { text: 'a', voice_id: 'v' }), /output_format is required/u);
    const spoken = await post(tts({}, url), { ...BODY, voice_id: 'YTpq7expH9539ERJ' });
    expect(textOf(spoken)).toBe('ça va?');
  });
});

describe('POST routes', () => {
  it('are there with and without /api, for POST alone, and none is for speech to speech', async () => {
    for (const path of ['/post/speech/tts', '/api/post/speech/tts/', '//api//post/speech/tts']) {
      expect((await post(sandbox.url + path, { text: 'a' })).status).toBe(200);
    }
    expect((await post(`${sandbox.url}/post/speech/s2s`, {})).status).toBe(404);
    expect((await fetch(stt())).status).toBe(404);
  });
});

describe('faults of POST', () => {
  /** Answered by ready, four steps and end_of_stream. */
  const hear = (url: string): Promise<Answer> => post(stt(PCM_8000, url), new Int16Array(4 * 640));
  const faulty = (...faults: Fault[]): Promise<string> => start({ faults });

  it('refuse answers by an HTTP status', async () => {
    const url = await faulty({ kind: 'refuse', status: 429, retryAfterS: 2, times: 1 });
    expect(await hear(url)).toMatchObject({ status: 429, retryAfter: '2', contentType: 'application/json' });
    expect((await hear(url)).status).toBe(200);
  });

  it('drop breaks the connection in the body, behind so many lines', async () => {
    const url = await faulty({ kind: 'drop', after: 3 });
    const answer = await hear(url);
    expect(answer).toMatchObject({ status: 200, complete: false });
    expect(linesOf(answer).map((line) => line.type)).toEqual(['ready', 'step', 'step']);
  });

  it('drop in place of ready breaks it before there is a status', async () => {
    const url = await faulty({ kind: 'drop', after: 0 });
    await expect(hear(url)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('error is a status in place of ready, and a line after it', async () => {
    const url = await faulty({ kind: 'error', after: 0, code: 1008, times: 1 }, { kind: 'error', after: 2 });
    expectPlain(await hear(url), 'error from server 1008: fault on request');
    const answer = await hear(url);
    expect(linesOf(answer).slice(1)).toEqual([
      expect.objectContaining({ type: 'step' }),
      { type: 'error', message: 'fault on request' },
    ]);
    expect(answer.complete).toBe(true);
  });

  it('malformed breaks one line and goes on', async () => {
    const url = await faulty({ kind: 'malformed', after: 1 });
    const { body, complete } = await hear(url);
    const lines = body.toString().trimEnd().split('\n');
    expect(lines).toHaveLength(6);
    expect(() => JSON.parse(lines[1] as string)).toThrow();
    expect(JSON.parse(lines[5] as string)).toEqual({ type: 'end_of_stream' });
    expect(complete).toBe(true);
  });

  it('binary puts a line of rubbish in place of one, with only_audio bytes', async () => {
    const url = await faulty({ kind: 'binary', after: 2 });
    const rubbish = '808182838485868788898a8b8c8d8e8f';
    const { body } = await hear(url);
    const lines = body.toString('latin1').trimEnd().split('\n');
    expect(lines).toHaveLength(6);
    expect(Buffer.from(lines[2] as string, 'latin1').toString('hex')).toBe(rubbish);
    const bare = { text: 'ab', voice_id: 'v', output_format: 'pcm_8000', only_audio: true };
    const sound = (await post(tts({}, url), bare)).body; // in place of the first step
    expect([sound.length, sound.toString('hex', 0, 16)]).toEqual([1_296, rubbish]);
  });

  it('malformed with only_audio loses half of the sound of one step', async () => {
    const url = await faulty({ kind: 'malformed', after: 2 });
    const bare = { text: 'ab', voice_id: 'v', output_format: 'pcm_8000', only_audio: true };
    expect((await post(tts({}, url), bare)).body).toHaveLength(640 + 1_280);
  });

  it('slow holds every line back, and loses none', async () => {
    const url = await faulty({ kind: 'slow', ms: 20 });
    const before = performance.now();
    expect(linesOf(await hear(url))).toHaveLength(6);
    expect(performance.now() - before).toBeGreaterThan(6 * 19);
  });

  it('close ends the body early, as if all were well', async () => {
    const url = await faulty({ kind: 'close', after: 2, times: 1 }, { kind: 'close', after: 0 });
    const answer = await hear(url);
    expect(answer.complete).toBe(true);
    expect(linesOf(answer).map((line) => line.type)).toEqual(['ready', 'step']);
    expect(await hear(url)).toMatchObject({ status: 200, complete: true, body: Buffer.alloc(0) });
  });

  it('stall says nothing more, and reads on', async () => {
    const url = await faulty({ kind: 'stall', after: 2 });
    const posting = new Posting(stt(PCM_8000, url));
    const answer = posting.end(new Uint8Array(5_000_000));
    await posting.until('"step"');
    await new Promise<void>((resolve) => {
      if (posting.request.writableFinished) resolve();
      else posting.request.on('finish', resolve);
    });
    // The answer to another request comes behind whatever was to come before it.
    await fetch(url);
    expect(posting.received.toString().trimEnd().split('\n')).toHaveLength(2);
    await other?.close();
    expect((await answer).complete).toBe(false);
  });

  it('delay holds the status back, until the client leaves', async () => {
    const url = await faulty({ kind: 'delay', ms: 3_600_000, times: 1 });
    const posting = new Posting(tts({}, url));
    let answered = false;
    posting.response.then(
      () => {
        answered = true;
      },
      () => {},
    );
    posting.request.end('{"text":"late"}');
    expect(textOf(await post(tts({}, url), { text: 'next' }))).toBe('next');
    expect(answered).toBe(false);
    posting.request.destroy();
  });

  it('drop with only_audio breaks off within the sound', async () => {
    const url = await faulty({ kind: 'drop', after: 3 });
    const body = { text: 'word', voice_id: 'v', output_format: 'pcm_8000', only_audio: true };
    const answer = await post(tts({}, url), body); // ready, text and one step got through
    expect(answer).toMatchObject({ status: 200, complete: false });
    expect(answer.body).toHaveLength(1_280);
  });
});

/** A response whose reader takes what was written only when told. */
class SlowResponse extends EventEmitter {
  headersSent = false;
  writableNeedDrain = false;
  written = 0;

  writeHead(): this {
    this.headersSent = true;
    return this;
  }

  write(): void {
    this.written++;
    this.writableNeedDrain = true;
  }

  end(): void {
    this.emit('close');
  }

  drain(): void {
    this.writableNeedDrain = false;
    this.emit('drain');
  }
}

describe('answerPost', () => {
  it('makes answers only as fast as they are read, and reads only as fast as it answers', async () => {
    let read = 0;
    const body = Readable.from(
      (function* () {
        for (; read < 10; read++) yield Buffer.alloc(1_000);
      })(),
      { highWaterMark: 1 },
    );
    const session: Session = {
      ended: false,
      audioS: 0,
      dispose() {},
      *start(): Generator<Message, void> {},
      *answer(): Generator<Message, void> {
        for (let i = 0; i < 3; i++) yield { type: 'text' };
      },
    };
    const response = new SlowResponse();
    const answered = answerPost('stt', {
      request: Object.assign(body, { headers: {}, url: '/' }) as unknown as IncomingMessage,
      response: response as unknown as ServerResponse,
      mode: 'lenient',
      log: () => {},
      open: (_setup, outlet) => new Request(session, outlet, FREE),
    });
    for (let taken = 1; taken <= 30; taken++) {
      while (response.written < taken) await new Promise((resolve) => setImmediate(resolve));
      for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
      expect(response.written).toBe(taken); // one, and no other before it was read
      expect(read).toBeLessThanOrEqual(Math.ceil(taken / 3) + 2); // one in work, one or two on their way
      response.drain();
    }
    response.emit('close');
    await answered;
  });
});

describe('a long recording over POST', () => {
  it('comes back with every word where it was', async () => {
    const text = 'so much to say and all the time in the world';
    const samples = concat(silence(3), speak8k(text), noise(16_000, -60), silence(30));
    const bytes = Int16Array.from(samples, (sample) => sample * 0x7fff);
    const answer = await post(stt(PCM_8000), bytes);
    expect(textOf(answer)).toBe(text);
    expect(linesOf(answer).find((line) => line.type === 'text')?.start_s).toBeCloseTo(3, 2);
  });
});
