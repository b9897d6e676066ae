// Sessions that follow each other in one stream, against servers that do exactly what is told.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Gradium, type SttEvent, type SttStream, type SttStreamOptions } from '../../../src/gradium/index.js';
import { type Peer, READY, scriptedServer } from '../../speech/scripted-server.js';

const MULAW: SttStreamOptions = { format: { encoding: 'mulaw', sampleRateHz: 8000 } };
const STEP_S = 0.08;
/** Sessions of 27 s at most. */
const LIMIT_S = 30;

/** 80 ms of 8 kHz µ-law: which ones they are can be told from them. */
const stepOf = (n: number) => Buffer.alloc(640, n % 251);

const open = (url: string, options: Partial<SttStreamOptions> = {}, sessionLimitS = LIMIT_S) =>
  new Gradium({ apiKey: 'gd_secret', baseUrl: url, sessionLimitS }).stt.stream({ ...MULAW, ...options });

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

async function until(done: () => boolean): Promise<void> {
  while (!done()) await turns(1);
}

function collect(stream: SttStream): SttEvent[] {
  const events: SttEvent[] = [];
  stream.on('data', (event: SttEvent) => events.push(event));
  return events;
}

const of = <Type extends SttEvent['type']>(events: SttEvent[], type: Type) =>
  events.filter((event): event is Extract<SttEvent, { type: Type }> => event.type === type);

const texts = (events: SttEvent[]) => of(events, 'word').map(({ word }) => word.text);

/** Of a word at these times of the session's audio, on the decoder's clock. */
const said = (text: string, startS: number, stopS: number) => [
  { type: 'text', text, start_s: startS + 0.8, stream_id: 0 },
  { type: 'end_text', stop_s: stopS + 0.8, stream_id: 0 },
];

const stepped = (steps: number) =>
  Array.from({ length: steps }, (_, i) => ({
    type: 'step',
    vad: [],
    step_idx: i,
    step_duration_s: STEP_S,
    total_duration_s: (i + 1) * STEP_S,
  }));

async function begin(peer: Peer, nth: number): Promise<void> {
  await peer.next('setup');
  peer.send({ ...READY, request_id: `req-${nth + 1}` });
}

async function end(peer: Peer, ...says: object[]): Promise<void> {
  if (!(await peer.next('end_of_stream'))) return;
  peer.send(...says, { type: 'end_of_stream' });
  peer.ws.close(1000);
}

async function audio(peer: Peer, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await peer.next('audio');
}

async function write(stream: SttStream, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n++) {
    if (!stream.write(stepOf(n))) await new Promise<void>((resolve) => stream.once('drain', () => resolve()));
  }
}

/** Waits between attempts pass at once. */
function hurry(): void {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
}

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('a stream longer than a session', () => {
  it('goes on in a further session from 2 s before the last word, and says so', async () => {
    await using server = await scriptedServer(async (peer, nth) => {
      await begin(peer, nth);
      if (nth === 0) {
        await audio(peer, 337);
        peer.send(...said('known', 24, 25));
        await end(peer, ...said('cut', 26.2, 26.96), ...stepped(337));
      } else {
        await end(
          peer,
          ...said('own', 0, 0.4),
          ...said('Known.', 1.04, 2.04),
          ...said('cutting', 3.24, 4.5),
          ...stepped(90),
        );
      }
    });
    const stream = open(server.url);
    const events = collect(stream);
    await write(stream, 0, 400);
    stream.end();
    await until(() => stream.closed);
    const [first, second] = server.peers as [Peer, Peer];
    expect(server.peers).toHaveLength(2);
    // 27 s are 337.5 steps.
    expect(first.of('audio')).toHaveLength(337);
    expect(first.received.at(-1)).toEqual({ type: 'end_of_stream' });
    // 23 s lie in step 287, which begins at 22.96 s.
    expect(second.audio.equals(Buffer.concat(Array.from({ length: 113 }, (_, i) => stepOf(i + 287))))).toBe(
      true,
    );
    expect(of(events, 'ready')).toHaveLength(1);
    expect(of(events, 'resumed')).toEqual([
      { type: 'resumed', reason: 'limit', requestId: 'req-2', atS: 22.96, replayedS: 4 },
    ]);
    expect(texts(events)).toEqual(['known', 'cutting']);
    expect(of(events, 'word').at(-1)?.word).toMatchObject({ startS: 26.2, stopS: 27.46 });
    const steps = of(events, 'step');
    expect(steps.map(({ index }) => index)).toEqual(steps.map((_, i) => i));
    expect(steps[336]?.totalDurationS).toBeCloseTo(26.96);
    expect(steps[337]?.totalDurationS).toBeCloseTo(27.04);
    expect(stream.requestId).toBe('req-2');
  });

  it('has only one session at a time, and holds live audio meanwhile', async () => {
    let open1 = 0;
    let most = 0;
    await using server = await scriptedServer(async (peer, nth) => {
      most = Math.max(most, ++open1);
      await begin(peer, nth);
      await end(peer);
      open1--;
    });
    const stream = open(server.url);
    stream.resume();
    await write(stream, 0, 1500);
    stream.end();
    await until(() => stream.closed);
    expect(most).toBe(1);
    expect(server.peers.length).toBeGreaterThan(4);
    // No step of the audio is missing: each session begins at or before the end of the one before.
    const heard = new Set(server.peers.flatMap((peer) => peer.of('audio').map((message) => message.audio)));
    expect(heard.size).toBe(251);
  });

  it('ends a session that nobody speaks to, and begins the next one with the next audio', async () => {
    await using server = await scriptedServer(async (peer, nth) => {
      await begin(peer, nth);
      await end(peer, ...(nth === 0 ? said('last', 0.2, 0.7) : []));
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const stream = open(server.url);
    const events = collect(stream);
    await write(stream, 0, 10);
    await until(() => of(events, 'ready').length === 1 && server.peers[0]?.of('audio').length === 10);
    vi.advanceTimersByTime(27_000);
    // A word at the very end of what was written: nothing cut it.
    await until(() => texts(events).length === 1);
    await turns(50);
    vi.advanceTimersByTime(600_000);
    expect(server.peers).toHaveLength(1);
    await write(stream, 10, 20);
    stream.end();
    await until(() => stream.closed);
    expect(server.peers).toHaveLength(2);
    expect(texts(events)).toEqual(['last']);
    expect(events.at(-1)).toEqual({ type: 'endOfStream' });
  });

  it('just ends when nothing was written after such a session', async () => {
    await using server = await scriptedServer(async (peer, nth) => {
      await begin(peer, nth);
      await end(peer);
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const stream = open(server.url);
    const events = collect(stream);
    await write(stream, 0, 10);
    await until(() => of(events, 'ready').length === 1 && server.peers[0]?.of('audio').length === 10);
    vi.advanceTimersByTime(27_000);
    await server.peers[0]?.closed;
    await turns(20);
    stream.end();
    await until(() => stream.closed);
    expect(server.peers).toHaveLength(1);
    expect(events.at(-1)).toEqual({ type: 'endOfStream' });
  });

  it('does not wait for a session that never says its last word', async () => {
    await using server = await scriptedServer(async (peer, nth) => {
      await begin(peer, nth);
      if (nth > 0) await end(peer);
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const stream = open(server.url);
    const events = collect(stream);
    await write(stream, 0, 400);
    await until(() => server.peers[0]?.of('end_of_stream').length === 1);
    vi.advanceTimersByTime(5_000);
    stream.end();
    await until(() => stream.closed);
    // What that session heard nobody knows: all is said again.
    expect(of(events, 'resumed')).toMatchObject([
      { reason: 'limit', atS: 0, replayedS: 26.96 },
      { reason: 'limit' },
    ]);
  });
});

describe('a stream whose session fails', () => {
  it('opens another one after a while, and sends what was not answered for', async () => {
    await using server = await scriptedServer(async (peer, nth) => {
      await begin(peer, nth);
      if (nth > 0) return end(peer, ...said('a', 0.2, 0.6), ...said('b', 1, 1.4));
      await audio(peer, 50);
      peer.send({ type: 'text', text: 'a', start_s: 1, stream_id: 0 });
      peer.socket.destroy();
    });
    hurry();
    const stream = open(server.url);
    const events = collect(stream);
    await write(stream, 0, 50);
    await until(() => server.peers[0]?.ws.readyState === 3);
    await turns(20);
    // Live audio is taken all the same, without a session.
    await write(stream, 50, 100);
    expect(server.peers).toHaveLength(1);
    vi.advanceTimersByTime(500);
    stream.end();
    await until(() => stream.closed);
    expect(server.peers[1]?.of('audio')).toHaveLength(100);
    expect(of(events, 'resumed')).toEqual([
      { type: 'resumed', reason: 'lost', requestId: 'req-2', atS: 0, replayedS: 4 },
    ]);
    expect(of(events, 'text').map(({ text }) => text)).toEqual(['a', 'b']);
  });

  it('gives up after so many attempts that brought nothing, and counts anew after one that did', async () => {
    await using server = await scriptedServer(async (peer, nth) => {
      await begin(peer, nth);
      if (nth === 2) peer.send(...stepped(60));
      await audio(peer, 60);
      peer.ws.close(1011, `the ${nth}th`);
    });
    hurry();
    const stream = open(server.url, { retries: 2 });
    stream.resume();
    let error: unknown;
    stream.on('error', (reason) => {
      error = reason;
    });
    await write(stream, 0, 60);
    while (!stream.closed) {
      await turns(5);
      vi.advanceTimersByTime(500);
    }
    expect(error).toMatchObject({ apiCode: 1011, message: expect.stringContaining('4th') });
    expect(server.peers).toHaveLength(5);
  });

  it.each([1008, 1003])('fails at once after close %i', async (code) => {
    await using server = await scriptedServer(async (peer, nth) => {
      await begin(peer, nth);
      peer.ws.close(code, 'no');
    });
    const stream = open(server.url);
    stream.resume();
    await until(() => stream.closed);
    expect(server.peers).toHaveLength(1);
    expect(stream.errored).not.toBeNull();
  });

  it('waits as long as a 429 says', async () => {
    let refused = 0;
    await using server = await scriptedServer(
      async (peer, nth) => {
        await begin(peer, nth);
        await end(peer);
      },
      (_request, nth) => {
        if (nth > 0) return undefined;
        refused++;
        return { status: 429, headers: { 'Retry-After': '7' } };
      },
    );
    hurry();
    const stream = open(server.url);
    const events = collect(stream);
    stream.end(stepOf(0));
    await until(() => refused === 1);
    await turns(50);
    vi.advanceTimersByTime(6_999);
    await turns(50);
    expect(server.peers).toHaveLength(0);
    vi.advanceTimersByTime(1);
    await until(() => stream.closed);
    // It is the first that was ready.
    expect(events.map(({ type }) => type)).toEqual(['ready', 'endOfStream']);
  });

  it('holds the writer once 30 s wait for a session', async () => {
    await using server = await scriptedServer(async (peer, nth) => {
      await begin(peer, nth);
      await peer.next('audio');
      peer.socket.destroy();
    });
    hurry();
    const stream = open(server.url);
    collect(stream);
    await write(stream, 0, 2);
    await until(() => server.peers[0]?.ws.readyState === 3);
    await turns(20);
    let written = 0;
    for (; !stream.writableNeedDrain; await turns(2)) stream.write(stepOf(written++));
    expect(written * STEP_S).toBeGreaterThan(30);
    expect(written * STEP_S).toBeLessThan(33);
    stream.destroy();
  });

  it('hears again all that the failed session was sent, when a slow one gets only a part of it', async () => {
    const steps = 1000;
    const step = Buffer.alloc(7680);
    await using server = await scriptedServer(async (peer, nth) => {
      await begin(peer, nth);
      if (nth === 0) {
        await audio(peer, steps);
        peer.socket.destroy();
      } else {
        if (nth === 1) peer.socket.pause();
        await end(peer);
      }
    });
    vi.spyOn(Math, 'random').mockReturnValue(0);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const stream = open(
      server.url,
      {
        format: { encoding: 's16le', sampleRateHz: 48_000 },
        wire: 'pcm_48000',
        deadlines: { idleMs: 0, pingMs: 0 },
      },
      100,
    );
    const events = collect(stream);
    for (let n = 0; n < steps; n++) {
      if (!stream.write(step)) await new Promise<void>((resolve) => stream.once('drain', () => resolve()));
    }
    stream.end();
    await until(() => server.peers[0]?.ws.readyState === 3);
    await turns(50);
    vi.advanceTimersByTime(500);
    await until(() => of(events, 'resumed').length === 1);
    await turns(200);
    vi.advanceTimersByTime(90_000);
    server.peers[1]?.socket.resume();
    await until(() => stream.closed);
    expect(server.peers[1]?.of('audio').length).toBeLessThan(steps);
    expect(server.peers).toHaveLength(3);
  });

  it('tells of audio that is lost', async () => {
    // No steps, no words: nobody knows how far it got.
    await using server = await scriptedServer(async (peer, nth) => {
      await begin(peer, nth);
      if (nth > 0) return end(peer);
      await audio(peer, 1500);
      peer.socket.destroy();
    });
    hurry();
    const stream = open(server.url, {}, 0);
    const events = collect(stream);
    await write(stream, 0, 1500);
    stream.end();
    while (!stream.closed) {
      await turns(5);
      vi.advanceTimersByTime(500);
    }
    const [gap] = of(events, 'gap');
    expect(gap?.startS).toBe(0);
    expect(gap?.stopS).toBeCloseTo(30, 0);
    expect(server.peers[1]?.of('audio').length).toBe(1500 - Math.round((gap?.stopS ?? 0) / STEP_S));
  });
});

describe('SttStream.flush over several sessions', () => {
  it('asks the next session what the last one did not answer', async () => {
    await using server = await scriptedServer(async (peer, nth) => {
      await begin(peer, nth);
      await peer.next('flush');
      if (nth === 0) return peer.socket.destroy();
      peer.send({ type: 'flushed', flush_id: String(peer.of('flush')[0]?.flush_id) });
      await end(peer);
    });
    hurry();
    const stream = open(server.url);
    const events = collect(stream);
    await write(stream, 0, 5);
    const flushed = stream.flush();
    await until(() => server.peers[0]?.ws.readyState === 3);
    await turns(20);
    await write(stream, 5, 8);
    vi.advanceTimersByTime(500);
    expect(await flushed).toBe(1);
    stream.end();
    await until(() => stream.closed);
    expect(server.peers[1]?.received.map(({ type }) => type).slice(5, 9)).toEqual([
      'audio',
      'flush',
      'audio',
      'audio',
    ]);
    expect(of(events, 'flushed')).toHaveLength(1);
  });
});

describe('GradiumOptions.sessionLimitS', () => {
  it.each([-1, 9, 86_401, Number.NaN, '300'])('is refused: %s', (sessionLimitS) => {
    expect(() => new Gradium({ apiKey: 'any', sessionLimitS: sessionLimitS as number })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG' }),
    );
  });
});
