// Calls in which everything happens at any moment, against what must hold in all of them. Not here: single cases.
import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MediaStreamBridge, type MediaStreamOptions, type Playback } from '../../../src/telephony/index.js';
import { ManualClock } from './manual-clock.js';
import { FakeSocket, SimulatedPhone } from './simulated-phone.js';

const FRAME_BYTES = 160;
const FRAME_MS = 20;
const SILENCE = 0xff;
/** Stories of each kind; `RACES=5000 npx vitest run …` seeks longer. */
const RUNS = Number(process.env.RACES ?? 100);

/** Of every byte is known whose it is, or of which frame; none is silence. */
function audioOf(id: number, fromByte: number, bytes: number): Buffer {
  return Buffer.from(
    Array.from({ length: bytes }, (_, i) => {
      const at = fromByte + i;
      const frame = Math.floor(at / FRAME_BYTES);
      return [id, frame % 128, frame >> 7][at % FRAME_BYTES] ?? 7;
    }),
  );
}

/** A source, and what befell it. */
interface Source {
  readonly id: number;
  given: number;
  ended: boolean;
  closed: number;
  readonly input: PassThrough | AsyncIterable<Buffer>;
  /** Of the pushed one. */
  give(bytes: number): void;
  end(): void;
  fail(): void;
}

/** Gives audio when the test says so. */
function pushed(id: number): Source {
  const input = new PassThrough();
  const source: Source = {
    id,
    given: 0,
    ended: false,
    closed: 0,
    input,
    give: (bytes) => {
      if (input.destroyed || input.writableEnded) return;
      input.write(audioOf(id, source.given, bytes));
      source.given += bytes;
    },
    end: () => {
      source.ended = true;
      input.end();
    },
    fail: () => input.destroy(new Error('no voice')),
  };
  input.on('close', () => source.closed++);
  return source;
}

/** Gives audio as fast as it is asked to: `bytes` in all, then ends, fails or hangs. */
function pulled(id: number, bytes: number, chunkBytes: number, finale: 'end' | 'fail' | 'hang'): Source {
  const next = async (): Promise<IteratorResult<Buffer>> => {
    if (source.given < bytes) {
      const chunk = audioOf(id, source.given, Math.min(chunkBytes, bytes - source.given));
      source.given += chunk.length;
      return { done: false, value: chunk };
    }
    if (finale === 'hang') return new Promise(() => {});
    source.ended = finale === 'end';
    if (source.closed === 0) source.closed++;
    if (finale === 'fail') throw new Error('no voice');
    return { done: true, value: undefined };
  };
  let returned = false;
  const close = async (): Promise<IteratorResult<Buffer>> => {
    // Once, it may have ended already, and nobody heard of it yet.
    if (returned || source.closed === 0) source.closed++;
    returned = true;
    if (finale === 'fail') throw new Error('closed too early');
    return { done: true, value: undefined };
  };
  const source: Source = {
    id,
    given: 0,
    ended: false,
    closed: 0,
    input: { [Symbol.asyncIterator]: () => ({ next, return: close }) },
    give: () => {},
    end: () => {},
    fail: () => {},
  };
  return source;
}

interface Said {
  readonly source: Source;
  readonly playback: Playback;
  sentFrames: number;
  /** None of its frames may leave any more. */
  dead: boolean;
  /** Frames that it must at least have counted, and goes on to. */
  least: number;
  settled: number;
  outcome: 'complete' | 'cut' | 'failed' | undefined;
}

class Call {
  readonly clock = new ManualClock();
  readonly socket = new FakeSocket();
  readonly bridge: MediaStreamBridge;
  readonly phone: SimulatedPhone;
  readonly said: Said[] = [];
  readonly delayMs: number;
  /** The playback that sent last. */
  #speaker = 0;
  over = false;
  stalledMs = 0;

  constructor(delayMs: number, options: MediaStreamOptions) {
    this.delayMs = delayMs;
    this.bridge = new MediaStreamBridge(this.socket.webSocket, { clock: this.clock, ...options });
    const line = { send: (message: string) => this.#later(() => this.socket.say(message)), close: () => {} };
    this.phone = new SimulatedPhone(line, this.clock);
    this.socket.onSend = (message) => {
      this.#check(String(message));
      this.#later(() => this.phone.receive(String(message)));
    };
    this.bridge.on('dtmf', () => this.clear());
    this.bridge.on('stop', () => this.end(() => {}));
  }

  #later(call: () => void): void {
    if (this.delayMs === 0) call();
    else this.clock.startTimer(call, this.delayMs);
  }

  play(source: Source): void {
    if (this.over) return;
    const playback = this.bridge.play(source.input);
    const said: Said = {
      source,
      playback,
      sentFrames: 0,
      dead: false,
      least: 0,
      settled: 0,
      outcome: undefined,
    };
    this.said.push(said);
    const settle = (outcome: Said['outcome']) => {
      said.settled++;
      said.outcome = outcome;
      said.dead = true;
    };
    playback.done.then(
      ({ complete }) => settle(complete ? 'complete' : 'cut'),
      () => settle('failed'),
    );
  }

  clear(): void {
    this.#remember();
    for (const said of this.said) said.dead = true;
    this.bridge.clear();
  }

  /** Counted from the last: the first ones are over as a rule. */
  stop(index: number): void {
    const said = this.said.at(-1 - (index % Math.max(1, this.said.length)));
    if (!said) return;
    this.#remember();
    said.dead = true;
    said.playback.stop();
  }

  end(end: () => void): void {
    if (this.over) return;
    this.#remember();
    for (const said of this.said) said.dead = true;
    this.over = true;
    end();
  }

  /** Frames whose 20 ms are over. */
  #played({ source }: Said): number {
    return this.phone.heard.slice(0, -1).filter((frame) => frame[0] === source.id).length;
  }

  /** Marks come every five frames and one way late, after the phone's next tick; in a stall the phone stands still too. */
  #remember(): void {
    const lag = 5 + Math.ceil((this.delayMs + this.stalledMs) / FRAME_MS) + 1;
    for (const said of this.said) {
      if (said.settled === 0 && !said.dead) said.least = Math.max(said.least, this.#played(said) - lag);
    }
  }

  #check(text: string): void {
    const { event, media } = JSON.parse(text);
    if (event !== 'media') return;
    const frame = Buffer.from(media.payload, 'base64');
    expect(frame.length).toBe(FRAME_BYTES);
    const said = this.said.find(({ source }) => source.id === frame[0]);
    if (!said) {
      expect(frame.every((byte) => byte === SILENCE)).toBe(true);
      return;
    }
    expect(said.dead).toBe(false);
    expect(said.source.id).toBeGreaterThanOrEqual(this.#speaker);
    this.#speaker = said.source.id;
    const from = FRAME_BYTES * said.sentFrames++;
    const bytes = Math.min(FRAME_BYTES, said.source.given - from);
    if (bytes < FRAME_BYTES) expect(said.source.ended).toBe(true);
    const expected = Buffer.alloc(FRAME_BYTES, SILENCE);
    audioOf(said.source.id, from, bytes).copy(expected);
    expect(frame.equals(expected)).toBe(true);
  }

  check(): void {
    this.#remember();
    for (const said of this.said) {
      const frames = Math.round((said.playback.played().durationS * 1_000) / FRAME_MS);
      const played = this.#played(said);
      expect(frames).toBeLessThanOrEqual(played);
      expect(frames).toBeGreaterThanOrEqual(said.least);
      if (said.outcome === 'complete') {
        expect(frames).toBe(Math.ceil(said.source.given / FRAME_BYTES));
        expect(said.sentFrames).toBe(frames);
      }
    }
  }

  /** What was taken of a source and has not left: a second, a chunk and a piece. */
  checkBacklog(chunkBytes: number): void {
    for (const { source, sentFrames, dead } of this.said) {
      if (dead || source.input instanceof PassThrough) continue;
      expect(source.given - FRAME_BYTES * sentFrames).toBeLessThanOrEqual(8_000 + chunkBytes + 4_096);
    }
  }

  async finish(): Promise<void> {
    this.end(() => this.bridge.close());
    this.phone.drop();
    await this.clock.live(4 * this.delayMs + 50);
    for (let i = 0; i < 5; i++) await setImmediate();
    this.check();
    for (const { source, settled } of this.said) {
      expect({ id: source.id, settled, closed: source.closed }).toEqual({
        id: source.id,
        settled: 1,
        closed: 1,
      });
    }
    expect(this.clock.timers).toBe(0);
  }
}

type Step =
  | { do: 'pull'; bytes: number; chunkBytes: number; finale: 'end' | 'fail' | 'hang' }
  | { do: 'push' }
  | { do: 'give'; index: number; bytes: number }
  | { do: 'endSource' | 'failSource' | 'stop'; index: number }
  | { do: 'pass' | 'stall'; ms: number }
  | { do: 'clear' | 'press' | 'full' | 'free' | 'start' | 'close' | 'drop' | 'hangUp' };

const index = fc.nat({ max: 20 });
const chunkBytes = fc.constantFrom(1, 159, 160, 161, 640, 5_000, 40_000);
const STEP: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 400 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('pull' as const),
      bytes: fc.nat({ max: 12_000 }),
      chunkBytes: fc.constantFrom(159, 160, 640, 5_000),
      finale: fc.constantFrom('end' as const, 'end' as const, 'fail' as const, 'hang' as const),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ do: 'push' as const }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('give' as const), index, bytes: chunkBytes }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('endSource' as const, 'failSource' as const),
      index,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('stop' as const), index: fc.nat({ max: 2 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('stall' as const), ms: fc.integer({ min: 1, max: 600 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('clear' as const, 'press' as const, 'full' as const, 'free' as const),
    }),
  },
);
const LAST: fc.Arbitrary<Step> = fc.record({
  do: fc.constantFrom('close' as const, 'drop' as const, 'hangUp' as const),
});

async function take(call: Call, step: Step): Promise<void> {
  const source = 'index' in step ? call.said[step.index % Math.max(1, call.said.length)]?.source : undefined;
  const id = call.said.length + 1;
  switch (step.do) {
    case 'pull':
      return call.play(pulled(id, step.bytes, step.chunkBytes, step.finale));
    case 'push':
      return call.play(pushed(id));
    case 'give':
      return source?.give(step.bytes);
    case 'endSource':
      return source?.end();
    case 'failSource':
      return source?.fail();
    case 'stop':
      return call.stop(step.index);
    case 'pass':
      return call.clock.live(step.ms);
    case 'stall':
      call.stalledMs += step.ms;
      return call.clock.stall(step.ms);
    case 'clear':
      return call.clear();
    case 'press':
      return call.phone.press('#');
    case 'full':
      call.socket.bufferedAmount = 100_000;
      return;
    case 'free':
      call.socket.bufferedAmount = 0;
      return;
    case 'start':
      return call.phone.call();
    case 'close':
      return call.end(() => call.bridge.close());
    case 'drop':
      return call.end(() => call.socket.close(1006));
    case 'hangUp':
      call.phone.hangUp();
      return call.clock.live(call.delayMs + 5);
  }
}

/** What a raw line was sent, and what it was told was heard. */
async function rawStory(steps: Step[], options: MediaStreamOptions): Promise<void> {
  const clock = new ManualClock();
  const socket = new FakeSocket();
  const bridge = new MediaStreamBridge(socket.webSocket, { clock, protocol: 'raw', ...options });
  const sent = new Map<number, number>();
  const sources: Source[] = [];
  const playbacks: Playback[] = [];
  let clearedId = 0;
  socket.onSend = (message) => {
    const frame = message as Buffer;
    expect(frame.length).toBe(FRAME_BYTES);
    const id = frame[0] as number;
    if (id === SILENCE) return;
    expect(id).toBeGreaterThan(clearedId);
    const frames = sent.get(id) ?? 0;
    const audio = audioOf(id, FRAME_BYTES * frames, FRAME_BYTES);
    const source = sources[id - 1] as Source;
    audio.fill(SILENCE, Math.max(0, Math.min(FRAME_BYTES, source.given - FRAME_BYTES * frames)));
    expect(frame.equals(audio)).toBe(true);
    sent.set(id, frames + 1);
  };
  for (const step of steps) {
    if (step.do === 'pull') {
      const source = pulled(sources.length + 1, step.bytes, step.chunkBytes, step.finale);
      sources.push(source);
      playbacks.push(bridge.play(source.input));
    }
    if (step.do === 'clear') {
      clearedId = sources.length;
      bridge.clear();
    }
    if (step.do === 'full' || step.do === 'free') socket.bufferedAmount = step.do === 'full' ? 100_000 : 0;
    if (step.do === 'stop' && playbacks.length > 0) playbacks[step.index % playbacks.length]?.stop();
    if (step.do === 'pass') await clock.live(step.ms);
    playbacks.forEach((playback, i) => {
      expect(Math.round(playback.played().durationS * 50)).toBe(sent.get(i + 1) ?? 0);
    });
  }
  bridge.close();
  await Promise.allSettled(playbacks.map(({ done }) => done));
  for (const source of sources) expect(source.closed).toBe(1);
  expect(clock.timers).toBe(0);
}

describe('MediaStreamBridge whatever happens', () => {
  it('sends a raw line whole frames in order, and counts them as heard', { timeout: 60_000 }, async () => {
    const property = fc.asyncProperty(
      fc.array(STEP, { maxLength: 30, size: 'max' }),
      fc.constantFrom(0, 100),
      fc.constantFrom('silence' as const, 'nothing' as const),
      (steps, leadMs, underrun) => rawStory(steps, { leadMs, underrun }),
    );
    await fc.assert(property, { seed: 7, numRuns: RUNS });
  });

  it('keeps frames whole and in order, and knows what was heard', { timeout: 60_000 }, async () => {
    const story = fc.record({
      before: fc.array(STEP, { maxLength: 4 }),
      steps: fc.array(STEP, { maxLength: 30, size: 'max' }),
      last: LAST,
      delayMs: fc.constantFrom(0, 15, 60, 300),
      leadMs: fc.constantFrom(0, 60, 200, 1_000),
      prebufferMs: fc.constantFrom(0, 100, 400),
      underrun: fc.constantFrom('silence' as const, 'nothing' as const),
    });
    const property = fc.asyncProperty(story, async ({ before, steps, last, delayMs, ...options }) => {
      const call = new Call(delayMs, options);
      for (const step of [...before, { do: 'start' } as const, ...steps, last]) {
        await take(call, step);
        await setImmediate();
        call.check();
        call.checkBacklog(5_000);
      }
      await call.finish();
    });
    await fc.assert(property, { seed: 7, numRuns: RUNS });
  });
});
