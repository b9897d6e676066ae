// Ten minutes of everything at once against the sandbox, in a process of its own: live streams in real time, recordings
// and speech one after the other, some given up in the middle. Neither memory nor sockets nor timers may become more.
// `npm run test:long -- soak`; SLUICE_SOAK_S=60 makes it a minute. Rounds do without `expect` and `console`, of which vitest
// keeps something every time. Not here: what is answered (test/unit/gradium).
import { ok, rejects, strictEqual } from 'node:assert/strict';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readWav, resample } from '../../src/audio/index.js';
import { Gradium, type SttStream } from '../../src/gradium/index.js';
import { said, start } from '../unit/cli/run.js';

const SECONDS = Number(process.env.SLUICE_SOAK_S ?? 600);
const ROUND_S = 10;
const ROUNDS = Math.ceil(SECONDS / ROUND_S);
/** Code is compiled and pools are filled until then. */
const WARM_UP_ROUNDS = Math.max(2, Math.floor(ROUNDS / 5));
const STREAMS = 16;
const CHUNK_MS = 20;
const RATE_HZ = 16_000;
const FORMAT = { encoding: 's16le', sampleRateHz: RATE_HZ } as const;
const CHUNK_BYTES = (RATE_HZ * 2 * CHUNK_MS) / 1000;
const STEP_S = 0.08;
const TEXT = 'the quick brown fox';

/** A session that is not let go of is some 20 kB, and every round has hundreds. What Node keeps of each is 100 bytes. */
const MAX_HEAP_GROWTH_BYTES = 8 * 1024 * 1024;
/** Of resident memory the allocator keeps some back. */
const MAX_RSS_GROWTH_BYTES = 32 * 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** One live stream, fed a chunk every 20 ms by whoever has the clock. */
class Live {
  readonly stream: SttStream;
  readonly ended: Promise<string[]>;
  readonly #audio: Uint8Array;
  #at = 0;

  constructor(gradium: Gradium, audio: Uint8Array) {
    this.#audio = audio;
    this.stream = gradium.stt.stream({ format: FORMAT });
    this.ended = this.#words();
    this.ended.catch(() => {}); // who awaits it hears of it
  }

  feed(): void {
    this.stream.write(this.#audio.subarray(this.#at, this.#at + CHUNK_BYTES));
    this.#at = (this.#at + CHUNK_BYTES) % this.#audio.length;
  }

  async #words(): Promise<string[]> {
    const words: string[] = [];
    for await (const event of this.stream) if (event.type === 'word') words.push(event.word.text);
    return words;
  }
}

/** Feeds them for so long, in real time: late chunks are made up for. */
function feedFor(seconds: number, streams: readonly Live[]): Promise<void> {
  const begin = performance.now();
  let fed = 0;
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      for (; fed * CHUNK_MS <= performance.now() - begin; fed++) {
        if (fed * CHUNK_MS >= seconds * 1000) {
          clearInterval(timer);
          resolve();
          return;
        }
        for (const live of streams) live.feed();
      }
    }, CHUNK_MS);
  });
}

interface Usage {
  heapBytes: number;
  /** Buffers, and what the addon holds. */
  externalBytes: number;
  rssBytes: number;
  /** Sockets, timers and alike that keep the event loop busy, by kind. */
  resources: Record<string, number>;
}

function usage(): Usage {
  const { heapUsed: heapBytes, external: externalBytes, rss: rssBytes } = process.memoryUsage();
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) {
    if (kind !== 'Immediate') resources[kind] = (resources[kind] ?? 0) + 1;
  }
  return { heapBytes, externalBytes, rssBytes, resources };
}

const sockets = ({ resources }: Usage) => resources.TCPSocketWrap ?? 0;

/** After the last answer a connection still says goodbye; and native memory goes a turn after its object. */
async function settled(wantedSockets: number): Promise<Usage> {
  for (let tries = 0; ; tries++) {
    collectGarbage();
    await nextTurn();
    collectGarbage();
    const now = usage();
    if ((sockets(now) <= wantedSockets && tries > 1) || tries === 100) return now;
    await sleep(50);
  }
}

describe('a soak', () => {
  let sandbox: ReturnType<typeof start>;
  let gradium: Gradium;
  let wav: Buffer;
  let audio: Uint8Array;

  beforeAll(async () => {
    sandbox = start(['sandbox', '--port', '0']);
    sandbox.stderr.resume();
    const [baseUrl = ''] = (await said(sandbox.stdout, /http:\/\/\S+\n/)).match(/http:\/\/\S+/) ?? [];
    gradium = new Gradium({ apiKey: 'soak', baseUrl });
    wav = (await gradium.tts.synthesize(TEXT)).data;
    const { samples, sampleRateHz } = readWav(wav, { sample: 'int16' });
    const spoken = resample(samples, { fromHz: sampleRateHz, toHz: RATE_HZ });
    const pause = new Int16Array(RATE_HZ * STEP_S); // else its first word follows its last one without a space
    audio = Buffer.concat([spoken, pause].map(({ buffer }) => Buffer.from(buffer)));
  });

  afterAll(() => {
    sandbox.kill();
  });

  async function* unendingWav(): AsyncGenerator<Uint8Array> {
    yield wav;
    await new Promise(() => {});
  }

  /** One recording, one text, and one of each given up on the way. */
  async function buffered(): Promise<void> {
    strictEqual((await gradium.stt.transcribe(wav)).text, TEXT);
    ok((await gradium.tts.synthesize(TEXT)).durationS > 1);
    const unending = gradium.stt.transcribe(unendingWav(), { signal: AbortSignal.timeout(20) });
    await rejects(unending, { name: 'TimeoutError' });
    const long = gradium.tts.synthesize(TEXT.repeat(200), { signal: AbortSignal.timeout(20) });
    await rejects(long, { name: 'TimeoutError' });
  }

  async function round(forWholeSoak: Live): Promise<void> {
    const lives = Array.from({ length: STREAMS }, () => new Live(gradium, audio));
    const given = new Live(gradium, audio);
    let feeding = true;
    const others = (async () => {
      while (feeding) await buffered();
    })();
    await feedFor(ROUND_S / 2, [...lives, given, forWholeSoak]);
    given.stream.destroy();
    await rejects(given.ended, { code: 'ERR_STREAM_PREMATURE_CLOSE' });
    await feedFor(ROUND_S / 2, [...lives, forWholeSoak]);
    feeding = false;
    for (const { stream } of lives) stream.end();
    for (const words of await Promise.all(lives.map(({ ended }) => ended))) {
      strictEqual(words.slice(0, 4).join(' '), TEXT);
    }
    await others;
  }

  it(
    `of ${SECONDS} s leaves nothing behind`,
    async () => {
      const forWholeSoak = new Live(gradium, audio);
      let warm: Usage | undefined;
      let last: Usage | undefined;
      for (let i = 0; i < ROUNDS; i++) {
        await round(forWholeSoak);
        last = await settled(1);
        if (i === WARM_UP_ROUNDS - 1) warm = last;
        process.stderr.write(`round ${i + 1} of ${ROUNDS}: ${JSON.stringify(last)}\n`); // for whoever watches
      }
      if (!warm || !last) throw new Error('no round was run');
      expect(last.resources).toEqual(warm.resources);
      expect(sockets(last)).toBe(1);
      expect(last.heapBytes - warm.heapBytes).toBeLessThan(MAX_HEAP_GROWTH_BYTES);
      expect(last.externalBytes - warm.externalBytes).toBeLessThan(MAX_HEAP_GROWTH_BYTES);
      expect(last.rssBytes - warm.rssBytes).toBeLessThan(MAX_RSS_GROWTH_BYTES);
      forWholeSoak.stream.end();
      const words = await forWholeSoak.ended;
      expect(words.length).toBeGreaterThan(ROUNDS);
    },
    2 * SECONDS * 1000 + 60_000,
  );
});
