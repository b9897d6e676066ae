import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../../src/sandbox/index.js';
import type { Message as Answer } from '../../../src/sandbox/protocol.js';
import { type Outlet, Request } from '../../../src/sandbox/request.js';
import { Slots } from '../../../src/sandbox/slots.js';
import { audio, RawClient } from './client.js';
import { linesOf, Posting, post } from './http.js';

let sandbox: Sandbox | undefined;
afterEach(async () => {
  await sandbox?.close();
  sandbox = undefined;
});

async function start(options: SandboxOptions): Promise<string> {
  sandbox = await startSandbox(options);
  return sandbox.url;
}

const STT = { type: 'setup', input_format: 'pcm_8000', json_config: { language: 'en' } };
const TTS = { type: 'setup', output_format: 'pcm_8000' };
const END = { type: 'end_of_stream' };
const seconds = (count: number): Int16Array => new Int16Array(count * 8_000);
const tooLong = (limit: number): object => ({
  type: 'error',
  message: `session limit of ${limit} s reached`,
  code: 1011,
});

describe('sessionLimitS', () => {
  it.each([
    ['asr', STT],
    ['s2s', { ...STT, json_config: {} }],
  ])('ends %s by error 1011 when its input is longer', async (route, setup) => {
    const url = await start({ sessionLimitS: 2 });
    const fits = await RawClient.open(url, `/speech/${route}`);
    fits.send(setup, audio(seconds(2)), END);
    expect(await fits.closed()).toBe(1000);
    const longer = await RawClient.open(url, `/speech/${route}`);
    longer.send(setup, audio(seconds(2)), audio(seconds(0.01)), END);
    expect(await longer.next('error')).toEqual(tooLong(2));
    expect(await longer.closed()).toBe(1011);
  });

  it.each(['pcm', 'pcm_22050', 'pcm_44100'])('takes %s of exactly that length', async (input_format) => {
    const url = await start({ sessionLimitS: 2 });
    const client = await RawClient.open(url, '/speech/asr');
    const hz = Number(input_format.slice(4)) || 24_000;
    client.send({ ...STT, input_format }, audio(new Int16Array(2 * hz)), END);
    expect(await client.closed()).toBe(1000);
    expect(client.of('step')).toHaveLength(25);
  });

  it('ends tts by error 1011 when its output would be longer, and sends none of that', async () => {
    const url = await start({ sessionLimitS: 0.8 });
    const client = await RawClient.open(url, '/speech/tts');
    client.send(TTS, { type: 'text', text: '0123456789' }, { type: 'text', text: 'more' }, END);
    expect(await client.next('error')).toEqual(tooLong(0.8));
    expect(client.of('audio').at(-1)?.stop_s).toBe(0.8);
    expect(await client.closed()).toBe(1011);
  });

  it('ends one of several requests alone', async () => {
    const url = await start({ sessionLimitS: 2 });
    const client = await RawClient.open(url, '/speech/asr');
    for (const client_req_id of ['a', 'b']) client.send({ ...STT, client_req_id, close_ws_on_eos: false });
    client.send(audio(seconds(3), 'a'), audio(seconds(1), 'b'), { ...END, client_req_id: 'b' });
    // They are worked on side by side: either may be done first.
    const ended = client.next((message) => message.type === 'end_of_stream' && message.client_req_id === 'b');
    const failed = client.next('error');
    expect(await failed).toEqual({ ...tooLong(2), client_req_id: 'a' });
    await ended;
    expect(client.of('error')).toHaveLength(1);
    client.socket.close();
  });

  it('is a line at the end of a POST', async () => {
    const url = await start({ sessionLimitS: 2 });
    const answer = await post(`${url}/post/speech/asr?input_format=pcm_8000`, seconds(3));
    expect(linesOf(answer).at(-1)).toEqual({ type: 'error', message: 'session limit of 2 s reached' });
    expect(linesOf(answer).filter((line) => line.type === 'step')).toHaveLength(25);
  });

  it('is 300 s, and none where it is 0', async () => {
    for (const [options, code] of [
      [{}, 1011],
      [{ sessionLimitS: 0 }, 1000],
    ] as const) {
      const url = await start(options);
      const client = await RawClient.open(url, '/speech/asr');
      client.send(STT, audio(seconds(301)), END);
      expect(await client.closed()).toBe(code);
      expect(client.of('step')).toHaveLength(code === 1000 ? 3_763 : 3_750);
      await sandbox?.close();
    }
  });

  describe('of time', () => {
    const session = (): { ended: boolean; disposed: number } & ConstructorParameters<typeof Request>[0] => ({
      ended: false,
      audioS: 0,
      disposed: 0,
      dispose() {
        this.disposed++;
      },
      *start(): Generator<Answer, void> {},
      *answer(): Generator<Answer, void> {},
    });

    it('ends a session that is open as long, and not one that ended before', () => {
      vi.useFakeTimers();
      try {
        const [open, ended] = [session(), session()];
        const fail = vi.fn();
        const onEnd = vi.fn();
        const outlet = { isClosed: false, fail } as unknown as Outlet;
        const options = {
          fault: undefined,
          limitS: 300,
          onMessage: () => {},
          onSaid: () => {},
          onLast: () => {},
          onEnd,
        };
        new Request(open, outlet, options);
        new Request(ended, outlet, options).dispose();
        expect(onEnd).toHaveBeenCalledTimes(1);
        vi.advanceTimersByTime(299_999);
        expect(fail).not.toHaveBeenCalled();
        vi.advanceTimersByTime(1);
        expect(fail).toHaveBeenCalledTimes(1);
        expect(fail.mock.calls[0]?.[0]).toMatchObject({
          code: 1011,
          message: 'session limit of 300 s reached',
        });
        expect([open.disposed, ended.disposed, onEnd.mock.calls.length]).toEqual([1, 1, 2]);
        expect(vi.getTimerCount()).toBe(0);
      } finally {
        vi.useRealTimers();
      }
    });

    it('ends a socket that says nothing', async () => {
      const url = await start({ sessionLimitS: 0.05 });
      const client = await RawClient.open(url, '/speech/asr');
      client.send(STT);
      expect(await client.next('error')).toEqual(tooLong(0.05));
      expect(await client.closed()).toBe(1011);
    });

    it('ends a POST whose body does not come', async () => {
      const url = await start({ sessionLimitS: 0.05 });
      const posting = new Posting(`${url}/post/speech/asr?input_format=pcm_8000`);
      posting.write(seconds(0.01));
      await posting.until('session limit of 0.05 s reached');
      posting.request.destroy();
    });
  });
});

describe('maxCharsPerSession', () => {
  it('ends text to speech by error 1008 where all its texts have more characters', async () => {
    const url = await start({ maxCharsPerSession: 10 });
    const speak = async (...texts: string[]): Promise<RawClient> => {
      const client = await RawClient.open(url, '/speech/tts');
      client.send(TTS, ...texts.map((text) => ({ type: 'text', text })), END);
      await client.closed();
      return client;
    };
    expect((await speak('12345', 'äö🎈89')).closeCode).toBe(1000);
    const longer = await speak('12345', '6789', 'ab');
    expect(longer.of('error')).toEqual([
      { type: 'error', message: 'text limit of 10 characters per session reached', code: 1008 },
    ]);
    expect(longer.text()).toBe('12345 6789');
    expect((await speak('1234567890')).closeCode).toBe(1000); // the next session has its own
  });
});

describe('concurrency', () => {
  const full = 'concurrency limit of 2 sessions reached';
  const multiplexed = (id: string): object => ({ ...STT, client_req_id: id, close_ws_on_eos: false });

  it('refuses an upgrade too many by 429 with Retry-After, until a session ends', async () => {
    const url = await start({ concurrency: 2 });
    const first = await RawClient.open(url, '/speech/asr');
    const second = await RawClient.open(url, '/speech/tts'); // its place is kept before its setup comes
    await expect(RawClient.open(url, '/speech/asr')).rejects.toEqual({ status: 429, retryAfter: '1' });
    first.send(STT, END);
    expect(await first.closed()).toBe(1000);
    const third = await RawClient.open(url, '/speech/asr');
    second.socket.terminate();
    third.send(STT, END);
    expect(await third.closed()).toBe(1000);
  });

  it('counts each session of a socket, and frees what failed', async () => {
    const url = await start({ concurrency: 2 });
    const client = await RawClient.open(url, '/speech/asr');
    client.send(multiplexed('a'), { ...multiplexed('bad'), input_format: 'x' }, multiplexed('b'));
    await client.next((message) => message.type === 'ready' && message.client_req_id === 'b');
    client.send(multiplexed('c'));
    const error = await client.next((message) => message.client_req_id === 'c');
    expect(error).toEqual({ type: 'error', message: full, code: 1008, client_req_id: 'c' });
    client.send({ ...END, client_req_id: 'a' });
    await client.next('end_of_stream');
    client.send(multiplexed('d'));
    await client.next((message) => message.type === 'ready' && message.client_req_id === 'd');
    client.socket.close();
  });

  it('refuses a POST by 429, in strict mode by 500 with code 1008', async () => {
    for (const [mode, status] of [
      ['lenient', 429],
      ['strict', 500],
    ] as const) {
      const url = await start({ concurrency: 1, mode });
      const client = await RawClient.open(url, '/speech/asr');
      client.send(STT);
      await client.next('ready');
      const query = new URLSearchParams({ json_config: '{"language":"en"}' });
      const answer = await post(`${url}/post/speech/asr?${query}`, seconds(1), {
        'content-type': 'audio/pcm',
      });
      expect(answer).toMatchObject({ status, retryAfter: status === 429 ? '1' : undefined });
      expect(answer.body.toString()).toContain('concurrency limit of 1 sessions reached');
      client.send(END);
      await client.closed();
      const free = await post(`${url}/post/speech/asr?${query}`, seconds(1), { 'content-type': 'audio/pcm' });
      expect(free.status).toBe(200);
      await sandbox?.close();
    }
  });

  it('in strict mode opens the socket, and ends the setup by error 1008', async () => {
    const url = await start({ concurrency: 1, mode: 'strict' });
    const [first, second] = [
      await RawClient.open(url, '/speech/asr'),
      await RawClient.open(url, '/speech/asr'),
    ];
    first.send(STT);
    await first.next('ready');
    second.send(STT);
    expect(await second.next('error')).toMatchObject({
      code: 1008,
      message: expect.stringMatching(/concurrency limit of 1/u),
    });
    expect(await second.closed()).toBe(1008);
    first.socket.close();
  });
});

describe('Slots', () => {
  it('are given back once, however often', () => {
    const slots = new Slots(1);
    const slot = slots.take();
    expect(slots.take()).toBeUndefined();
    slot?.release();
    slot?.release();
    expect(slots.take()).toBeDefined();
    expect(slots.take()).toBeUndefined();
  });
});
