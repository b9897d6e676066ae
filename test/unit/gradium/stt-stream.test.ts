import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { PassThrough, Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FormatError, SpeechApiError, TimeoutError } from '../../../src/errors.js';
import { Gradium, type SttEvent, type SttStream, type SttStreamOptions } from '../../../src/gradium/index.js';
import { type Peer, politeStt, READY, scriptedServer } from '../../speech/scripted-server.js';
import { swallowAudio } from './greedy-peer.js';

const SPEECH_16K = fileURLToPath(
  new URL('../../fixtures/audio/wav/speech-16k-mono-s16.wav', import.meta.url),
);
const MULAW: SttStreamOptions = { format: { encoding: 'mulaw', sampleRateHz: 8000 } };
/** 80 ms of 8 kHz µ-law. */
const oneStep = Buffer.alloc(640, 0x55);

/** One session, whatever happens to it: what follows a failure, or a session's length, is in stt-chain.test.ts. */
const open = (url: string, options: SttStreamOptions = MULAW) =>
  new Gradium({ apiKey: 'gd_secret', baseUrl: url, sessionLimitS: 0 }).stt.stream(
    typeof options === 'object' && options !== null ? { retries: 0, ...options } : options,
  );

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

async function eventsOf(stream: SttStream): Promise<SttEvent[]> {
  const events: SttEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

/** Writes so many steps; all of them have been sent when it returns. */
async function speak(stream: SttStream, steps: number): Promise<void> {
  for (let i = 0; i < steps; i++) stream.write(oneStep);
  while (stream.writableLength > 0) await turns(1);
  await turns(10);
}

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('SttStream', () => {
  it('takes bytes and gives every event in order, then ends', async () => {
    await using server = await scriptedServer((peer) =>
      politeStt(
        peer,
        { type: 'step', vad: [{ horizon_s: 2, inactivity_prob: 0.25 }], step_idx: 0, total_duration_s: 0.08 },
        { type: 'text', text: 'Hello', start_s: 0.88, stream_id: 0 },
        { type: 'end_text', stop_s: 0.9, stream_id: 0 },
        { type: 'text', text: 'open', start_s: 0.92 },
      ),
    );
    const stream = open(server.url);
    stream.write(oneStep);
    stream.end(oneStep);
    expect(await eventsOf(stream)).toEqual([
      {
        type: 'ready',
        requestId: 'req-1',
        model: 'scripted',
        sampleRateHz: 24000,
        frameSize: 1920,
        delayInFrames: 10,
      },
      { type: 'step', index: 0, totalDurationS: 0.08, vad: [{ horizonS: 2, inactivityProb: 0.25 }] },
      { type: 'text', text: 'Hello', startS: 0.08, streamId: 0 },
      { type: 'endText', stopS: 0.1, streamId: 0 },
      { type: 'word', word: { text: 'Hello', startS: 0.08, stopS: 0.1, streamId: 0 } },
      { type: 'text', text: 'open', startS: 0.12 },
      { type: 'word', word: { text: 'open', startS: 0.12, stopS: 0.16 } },
      { type: 'endOfStream' },
    ]);
    const [peer] = server.peers;
    expect(peer?.audio.length).toBe(1280);
    expect(peer?.of('audio')).toHaveLength(2);
    expect(stream.requestId).toBe('req-1');
    expect((await peer?.closed)?.code).toBe(1000);
  });

  it('sends audio as it comes, without waiting for ready or the end', async () => {
    let heard: Promise<unknown> | undefined;
    await using server = await scriptedServer((peer) => {
      heard = peer.next('audio');
    });
    const stream = open(server.url);
    stream.write(oneStep);
    while (!heard) await turns(1);
    expect(await heard).toBeDefined();
    stream.destroy();
  });

  it('leaves steps out when nobody wants them', async () => {
    await using server = await scriptedServer((peer) =>
      politeStt(peer, { type: 'step', vad: [] }, { type: 'vad', vad: [] }),
    );
    const stream = open(server.url, { ...MULAW, steps: false });
    stream.end(oneStep);
    expect((await eventsOf(stream)).map((event) => event.type)).toEqual(['ready', 'endOfStream']);
  });

  it('learns what a WAV is from its header, however cut', async () => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const bytes = await readFile(SPEECH_16K);
    for (const size of [7, 4096, bytes.length]) {
      const stream = open(server.url, { format: { container: 'wav' } });
      const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      );
      await Promise.all([
        pipeline(Readable.from(parts), stream, new PassThrough({ objectMode: true }).resume()),
      ]);
      const peer = server.peers.at(-1) as Peer;
      expect(peer.received[0]).toMatchObject({ input_format: 'pcm_16000' });
      expect(peer.audio.equals(bytes.subarray(44))).toBe(true);
    }
  });

  it('fails on bytes that are no WAV, and on none at all', async () => {
    const connected = vi.fn();
    await using server = await scriptedServer(connected);
    const bad = open(server.url, { format: { container: 'wav' } });
    bad.end('this is no audio at all');
    await expect(finished(bad)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG' });
    const worse = open(server.url, { format: { container: 'wav' } });
    worse.end(Buffer.from('this is no audio at all'));
    await expect(eventsOf(worse)).rejects.toBeInstanceOf(FormatError);
    const none = open(server.url, { format: { container: 'wav' } });
    none.end();
    await expect(eventsOf(none)).rejects.toBeInstanceOf(FormatError);
    expect(connected).not.toHaveBeenCalled();
  });

  it.each([
    null,
    { output: 'xml' },
    { format: 'wav' },
    { ...MULAW, wire: 'wav' },
    { format: { container: 'ogg' }, wire: 'wav' },
    { format: { container: 'mp3' } },
    { ...MULAW, delayInFrames: 99 },
    { ...MULAW, signal: {} },
    { ...MULAW, signal: 'x' },
    { format: { encoding: 'mulaw', sampleRateHz: Number.NaN } },
  ])('refuses the options of case %# at once', (options) => {
    expect(() => open('http://127.0.0.1:1', options as never)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^ERR_/) }),
    );
  });
});

describe('SttStream constructor', () => {
  it('opens no connection when it throws, nor when its signal was aborted before', async () => {
    const connected = vi.fn();
    await using server = await scriptedServer(connected);
    expect(() => open(server.url, { ...MULAW, signal: {} as AbortSignal })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG' }),
    );
    const late = open(server.url, { ...MULAW, signal: AbortSignal.abort() });
    expect(late.destroyed).toBe(true);
    // A connection that was being made would come before one made now.
    const last = open(server.url);
    while (connected.mock.calls.length === 0) await turns(1);
    await turns(50);
    expect(connected).toHaveBeenCalledTimes(1);
    last.destroy();
  });
});

describe('SttStream.flush', () => {
  it('asks after the audio written before it, and reports the answer with its id', async () => {
    await using server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      peer.send(READY);
      for (let flush = await peer.next('flush'); flush; flush = await peer.next('flush')) {
        peer.send({ type: 'flushed', flush_id: flush.flush_id });
      }
    });
    const stream = open(server.url);
    // Not even connected: both wait for their turn.
    stream.write(oneStep);
    const first = stream.flush();
    stream.write(oneStep);
    const second = stream.flush();
    const flushed: unknown[] = [];
    for await (const event of stream) {
      if (event.type === 'flushed') flushed.push(event.flushId);
      if (flushed.length === 2) break;
    }
    expect(flushed).toEqual([1, 2]);
    expect(await Promise.all([first, second])).toEqual([1, 2]);
    const order = server.peers[0]?.received.map((message) => message.flush_id ?? message.type);
    expect(order).toEqual(['setup', 'audio', 1, 'audio', 2]);
  });

  it('takes one answer for all the flushes up to it', async () => {
    await using server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      peer.send(READY);
      for (let flush = await peer.next('flush'); flush; flush = await peer.next('flush')) {
        if (flush.flush_id === 3) peer.send({ type: 'flushed', flush_id: '3' });
      }
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const stream = open(server.url);
    const flushed: unknown[] = [];
    stream.on('data', (event: SttEvent) => {
      if (event.type === 'flushed') flushed.push(event.flushId);
    });
    stream.write(oneStep);
    const answers = Promise.all([stream.flush(), stream.flush(), stream.flush()]);
    while (flushed.length === 0) await turns(1);
    expect(await answers).toEqual([1, 2, 3]);
    vi.advanceTimersByTime(120_000);
    expect(stream.destroyed).toBe(false);
    stream.destroy();
  });

  it('counts as our turn to wait', async () => {
    let asked = () => {};
    const flush = new Promise<void>((resolve) => {
      asked = resolve;
    });
    await using server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      peer.send(READY);
      await peer.next('flush');
      asked();
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const stream = open(server.url);
    const events = eventsOf(stream);
    events.catch(() => {});
    stream.write(oneStep);
    stream.flush();
    await flush;
    await turns(50);
    vi.advanceTimersByTime(30_000);
    await expect(events).rejects.toMatchObject({ phase: 'idle' });
  });

  it('is refused after the end', async () => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const stream = open(server.url);
    stream.end();
    expect(() => stream.flush()).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
    await eventsOf(stream);
  });
});

describe('the promise of SttStream.flush', () => {
  it('is kept at the end of the stream, if the service did not answer before', async () => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const stream = open(server.url);
    stream.write(oneStep);
    const flushed = stream.flush();
    stream.end();
    await eventsOf(stream);
    expect(await flushed).toBe(1);
  });

  it('rejects with what ends the stream, and harms nobody who does not look', async () => {
    await using server = await scriptedServer(() => {});
    const reason = new Error('enough');
    for (const why of [reason, undefined]) {
      const stream = open(server.url);
      stream.write(oneStep);
      stream.flush();
      const flushed = stream.flush();
      stream.destroy(why);
      if (why) await expect(flushed).rejects.toBe(reason);
      else await expect(flushed).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    }
    await turns(10);
  });
});

describe('SttStream failing', () => {
  it.each(['ready', 'endOfStream'])('ends with what a data listener throws on %s', async (type) => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const stream = open(server.url);
    const mine = new Error('mine');
    stream.on('data', (event: SttEvent) => {
      if (event.type === type) throw mine;
    });
    stream.end(oneStep);
    const [error] = await once(stream, 'error');
    expect(error).toBe(mine);
  });

  it.each([undefined, new TypeError('why')])(
    'calls the callbacks of writes under way when destroyed with %s',
    async (why) => {
      await using server = await scriptedServer(() => {});
      const stream = open(server.url);
      const errors = [oneStep, oneStep].map(
        (chunk) => new Promise<Error | null | undefined>((resolve) => stream.write(chunk, resolve)),
      );
      stream.destroy(why); // not connected yet: both wait
      const [first, second] = await Promise.all(errors);
      if (why) expect(first).toBe(why);
      else expect(first).toMatchObject({ name: 'TypeError', code: 'ERR_CLOSED' });
      expect(second).toBeInstanceOf(Error);
    },
  );

  it.each([1000, 1008, 1011])('throws from iteration after close %i, and never just ends', async (code) => {
    await using server = await scriptedServer(async (peer) => {
      await peer.next('audio');
      peer.send(READY, { type: 'text', text: 'half', start_s: 1 });
      peer.ws.close(code, 'why');
    });
    const stream = open(server.url);
    stream.write(oneStep);
    await expect(eventsOf(stream)).rejects.toMatchObject({
      code: code === 1000 ? 'ERR_CLOSED_EARLY' : 'ERR_SPEECH_API',
      requestId: 'req-1',
    });
  });

  it('holds on to its error until somebody asks, without ending the process', async () => {
    await using server = await scriptedServer(
      () => {},
      () => ({ status: 403 }),
    );
    const stream = open(server.url);
    while (!stream.closed) await turns(1);
    await expect(eventsOf(stream)).rejects.toBeInstanceOf(SpeechApiError);
    await expect(finished(stream)).rejects.toBeInstanceOf(SpeechApiError);
  });

  it('reports through pipeline too', async () => {
    await using server = await scriptedServer((peer) => peer.ws.close(1011));
    const source = new Readable({ read() {} });
    await expect(
      pipeline(source, open(server.url), new PassThrough({ objectMode: true }).resume()),
    ).rejects.toMatchObject({ apiCode: 1011 });
    expect(source.destroyed).toBe(true);
  });

  it('notices a service that falls silent while audio is owed, and only then', async () => {
    await using server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      peer.send(READY, { type: 'step', vad: [], step_idx: 0, total_duration_s: 0.08 });
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const stream = open(server.url);
    const seen: string[] = [];
    stream.on('data', (event: SttEvent) => seen.push(event.type));
    while (!seen.includes('step')) await turns(1);
    vi.advanceTimersByTime(120_000);
    expect(stream.destroyed).toBe(false);
    for (let i = 0; i < 64; i++) stream.write(oneStep);
    while (stream.writableLength > 0) await turns(1);
    await turns(10);
    vi.advanceTimersByTime(29_999);
    expect(stream.destroyed).toBe(false);
    vi.advanceTimersByTime(1);
    await expect(finished(stream)).rejects.toBeInstanceOf(TimeoutError);
  });

  it('notices a service that says nothing at all after ready, however steadily it is spoken to', async () => {
    await using server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      peer.send(READY);
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const stream = open(server.url);
    stream.on('data', () => {});
    while (stream.requestId === undefined) await turns(1);
    // Idle begins with more than 5 s unanswered.
    for (let i = 0; i < 5; i++) {
      await speak(stream, 12);
      vi.advanceTimersByTime(60_000);
    }
    expect(stream.destroyed).toBe(false);
    for (let i = 0; i < 31 && !stream.destroyed; i++) {
      await speak(stream, 12);
      vi.advanceTimersByTime(1000);
    }
    await expect(finished(stream)).rejects.toMatchObject({ phase: 'idle', requestId: 'req-1' });
  });

  it('leaves a service without steps alone once it has said anything', async () => {
    await using server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      peer.send(READY, { type: 'text', text: 'a', start_s: 0 });
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const stream = open(server.url);
    const seen: string[] = [];
    stream.on('data', (event: SttEvent) => seen.push(event.type));
    await speak(stream, 100);
    while (!seen.includes('text')) await turns(1);
    await speak(stream, 100);
    vi.advanceTimersByTime(120_000);
    await speak(stream, 100);
    vi.advanceTimersByTime(120_000);
    expect(stream.destroyed).toBe(false);
    stream.destroy();
  });

  it('takes a backlog that shrinks for a sign of life', async () => {
    await using server = await scriptedServer((peer) => {
      peer.send(READY);
      peer.socket.pause();
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const stream = open(server.url);
    stream.on('data', () => {});
    while (stream.requestId === undefined) await turns(1);
    const piece = Buffer.alloc(8 * 1024 * 1024);
    stream.write(piece);
    stream.write(piece);
    await turns(100);
    expect(stream.writableLength).toBe(2 * piece.length);
    vi.advanceTimersByTime(20_000);
    server.peers[0]?.socket.resume();
    while (stream.writableLength > 0) await turns(1);
    await turns(100);
    vi.advanceTimersByTime(29_999);
    expect(stream.destroyed).toBe(false);
    vi.advanceTimersByTime(1);
    await expect(finished(stream)).rejects.toMatchObject({ phase: 'idle' });
  });

  it('counts idle time from the last message', async () => {
    await using server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      peer.send(READY);
      await peer.next('end_of_stream');
      peer.send({ type: 'text', text: 'a', start_s: 1 });
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const stream = open(server.url);
    const events = stream[Symbol.asyncIterator]();
    stream.end(oneStep);
    for (let i = 0; i < 4; i++) {
      let event = (await events.next()).value;
      while (event.type !== 'text') event = (await events.next()).value;
      vi.advanceTimersByTime(29_999);
      server.peers[0]?.send({ type: 'text', text: 'b', start_s: 2 });
    }
    while ((await events.next()).value.type !== 'text');
    const next = events.next();
    next.catch(() => {});
    vi.advanceTimersByTime(30_000);
    await expect(next).rejects.toMatchObject({ phase: 'idle' });
  });
});

describe('SttStream backpressure', () => {
  it('stops reading when its consumer is slow, and charges the service nothing for it', async () => {
    const answers = 20_000;
    await using server = await scriptedServer((peer) =>
      politeStt(
        peer,
        ...Array.from({ length: answers }, (_, i) => ({ type: 'text', text: `w${i}`, start_s: i })),
      ),
    );
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const stream = open(server.url);
    stream.end(oneStep);
    while (stream.readableLength === 0) await turns(1);
    await turns(200);
    // One socket read of 64 kB beyond the mark, at most.
    expect(stream.readableLength).toBeLessThan(3000);
    expect(stream.readableLength).toBeGreaterThan(50);
    vi.advanceTimersByTime(600_000);
    const events = await eventsOf(stream);
    expect(events.filter((event) => event.type === 'text')).toHaveLength(answers);
  });

  it('lets the event loop turn during one large write', async () => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const stream = open(server.url);
    let sent = 0;
    swallowAudio((bytes) => {
      // More than may be sent before ready.
      if (sent <= 2_000_000 && bytes > 2_000_000) setImmediate(() => stream.destroy());
      sent = bytes;
    });
    const large = Buffer.alloc(64 * 1024 * 1024);
    stream.write(large);
    stream.resume();
    while (!stream.closed) await turns(1);
    expect(sent).toBeGreaterThan(2_000_000);
    expect(sent).toBeLessThan(large.length);
  });

  it('makes the writer wait when the service does not read', async () => {
    await using server = await scriptedServer((peer) => peer.socket.pause());
    const stream = open(server.url);
    let written = 0;
    let waited = 0;
    while (waited < 100) {
      if (stream.writableNeedDrain) {
        waited++;
        await turns(1);
      } else {
        waited = 0;
        stream.write(Buffer.alloc(8000, 0x55));
        written += 8000;
      }
    }
    expect(written).toBeLessThan(16 * 1024 * 1024);
    stream.destroy();
  });
});

describe('SttStream leaving', () => {
  const reason = new Error('enough');

  async function opened(): Promise<{
    server: Awaited<ReturnType<typeof scriptedServer>>;
    stream: SttStream;
  }> {
    const server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      peer.send(READY);
    });
    return { server, stream: open(server.url) };
  }

  it('drops the connection when iteration is left', async () => {
    const { server, stream } = await opened();
    await using _ = server;
    for await (const event of stream) if (event.type === 'ready') break;
    expect(stream.destroyed).toBe(true);
    expect((await server.peers[0]?.closed)?.code).toBe(1006);
  });

  it('drops the connection when its scope is left', async () => {
    const { server, stream } = await opened();
    await using _ = server;
    {
      await using live = stream;
      await live[Symbol.asyncIterator]().next();
    }
    expect(stream.closed).toBe(true);
    await server.peers[0]?.closed;
  });

  it('may be disposed of while it fails', async () => {
    const stream = open('http://127.0.0.1:1');
    stream.destroy(reason);
    await stream[Symbol.asyncDispose]();
    await stream[Symbol.asyncDispose]();
    expect(stream.closed).toBe(true);
  });

  it('throws the reason of its signal, untouched', async () => {
    const controller = new AbortController();
    const { server, stream } = await opened();
    await using _ = server;
    stream.destroy();
    const live = open(server.url, { ...MULAW, signal: controller.signal });
    const events = eventsOf(live);
    events.catch(() => {});
    while (live.requestId === undefined) await turns(1);
    controller.abort(reason);
    await expect(events).rejects.toBe(reason);
    await expect(eventsOf(open(server.url, { ...MULAW, signal: controller.signal }))).rejects.toBe(reason);
  });
});
