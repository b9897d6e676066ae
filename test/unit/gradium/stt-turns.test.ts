// Turns of a live session, with a service that really listens.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeAlaw, encodeMulaw, resample } from '../../../src/audio/index.js';
import { Gradium } from '../../../src/gradium/client.js';
import type { SttEvent, SttStreamOptions, TurnOptions, Word } from '../../../src/gradium/types.js';
import { type Sandbox, startSandbox } from '../../../src/sandbox/index.js';
import { speak } from '../sandbox/sound.js';

const RATE_HZ = 24_000;
const STEP_BYTES = 3840;

let sandbox: Sandbox;
let client: Gradium;
beforeAll(async () => {
  sandbox = await startSandbox();
  client = new Gradium({ apiKey: 'any', baseUrl: sandbox.url });
});
afterAll(() => sandbox.close());

/** Phrases, each with two seconds of silence behind it. */
function talk(...phrases: string[]): Int16Array {
  const parts = phrases.flatMap((phrase) => [speak(phrase, RATE_HZ), new Int16Array(2 * RATE_HZ)]);
  const samples = new Int16Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    samples.set(part, at);
    at += part.length;
  }
  return samples;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Int16Array) =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** As a live line does: the next step of audio is there when the service has heard the one before the last. */
async function live(bytes: Uint8Array, stepBytes: number, options: SttStreamOptions): Promise<SttEvent[]> {
  const stream = client.stt.stream(options);
  const events: SttEvent[] = [];
  let at = 0;
  const writeStep = () => {
    if (at >= bytes.length) return;
    stream.write(bytes.subarray(at, at + stepBytes));
    at += stepBytes;
    if (at >= bytes.length) stream.end();
  };
  // The service resamples: it is done with a step when the next one has begun.
  writeStep();
  writeStep();
  for await (const event of stream) {
    events.push(event);
    if (event.type === 'step') writeStep();
  }
  return events;
}

const pcm: SttStreamOptions['format'] = { encoding: 's16le', sampleRateHz: RATE_HZ };
const ends = (events: SttEvent[]) => events.filter((event) => event.type === 'turnEnd');
const words = (events: SttEvent[]) => events.flatMap((event) => (event.type === 'word' ? [event.word] : []));

/** Where the tones are: each word of these is 80 ms a letter, and each gap one step. */
function trueTimes(...phrases: string[]): { text: string; startS: number; stopS: number }[] {
  let atS = 0;
  return phrases.flatMap((phrase) => {
    const found = phrase.split(' ').map((text) => {
      const startS = atS;
      atS += 0.08 * text.length;
      const word = { text, startS, stopS: atS };
      atS += 0.08;
      return word;
    });
    atS += 2 - 0.08;
    return found;
  });
}

function expectTimes(found: Word[], wanted: ReturnType<typeof trueTimes>): void {
  expect(found.map(({ text }) => text)).toEqual(wanted.map(({ text }) => text));
  for (const [i, { startS, stopS }] of wanted.entries()) {
    // The recogniser is exact to some milliseconds, and its words carry a margin.
    expect(Math.abs((found[i] as Word).startS - startS)).toBeLessThan(0.05);
    expect(Math.abs((found[i] as Word).stopS - stopS)).toBeLessThan(0.05);
  }
}

const PHRASES = ['hello there', 'how are you', 'goodbye'];

describe('SttStream turns', () => {
  it.each<TurnOptions>([
    {},
    { flushBy: 'silence' },
    { flushBy: 'none' },
    { graceMs: 20 },
    { graceMs: 10_000 },
  ])('finds three turns with %j', async (turns) => {
    const events = await live(bytesOf(talk(...PHRASES)), STEP_BYTES, { format: pcm, turns });
    expect(ends(events).map(({ text }) => text)).toEqual(PHRASES);
    expectTimes(words(events), trueTimes(...PHRASES));
    for (const { atS, words } of ends(events)) {
      const { stopS } = words.at(-1) as Word;
      // The horizon of 2 s is above 0.7 after 0.6 s of silence.
      expect(atS - stopS).toBeGreaterThan(0.4);
      expect(atS - stopS).toBeLessThan(1);
    }
    expect(events.at(-1)).toEqual({ type: 'endOfStream' });
  });

  it.each([
    ['ulaw_8000', 'mulaw'],
    ['alaw_8000', 'alaw'],
    ['pcm_16000', 's16le'],
  ] as const)('are flushed by the silence of %s', async (wire, encoding) => {
    const sampleRateHz = encoding === 's16le' ? 16_000 : 8_000;
    const samples = resample(talk(...PHRASES), { fromHz: RATE_HZ, toHz: sampleRateHz });
    const bytes =
      encoding === 's16le' ? bytesOf(samples) : (encoding === 'mulaw' ? encodeMulaw : encodeAlaw)(samples);
    const stepBytes = (sampleRateHz / 12.5) * (encoding === 's16le' ? 2 : 1);
    const events = await live(bytes, stepBytes, {
      format: { encoding, sampleRateHz },
      wire,
      turns: { flushBy: 'silence' },
    });
    expect(ends(events).map(({ text }) => text)).toEqual(PHRASES);
    expectTimes(words(events), trueTimes(...PHRASES));
  });

  it('counts the steps of the audio alone', async () => {
    const samples = talk(...PHRASES);
    const events = await live(bytesOf(samples), STEP_BYTES, { format: pcm, turns: { flushBy: 'silence' } });
    const steps = events.filter((event) => event.type === 'step');
    const count = Math.ceil(samples.length / 1920);
    expect(steps.map(({ index }) => index)).toEqual([...Array(count).keys()]);
    expect(steps.at(-1)?.totalDurationS).toBeCloseTo(count * 0.08, 3);
  });

  it('are told without the steps, too', async () => {
    const stream = client.stt.stream({ format: pcm, steps: false, turns: {} });
    stream.end(bytesOf(talk('hello there')));
    const events: SttEvent[] = [];
    for await (const event of stream) events.push(event);
    expect(events.some(({ type }) => type === 'step')).toBe(false);
    expect(ends(events)).toMatchObject([{ text: 'hello there' }]);
  });

  it('are asked for behind a flush of the user, whose answer stays its own', async () => {
    const stream = client.stt.stream({ format: pcm, turns: { steps: 1 } });
    stream.write(bytesOf(talk('hello there')));
    const flushed = stream.flush();
    stream.end();
    const events: SttEvent[] = [];
    for await (const event of stream) events.push(event);
    expect(await flushed).toBe(1);
    expect(ends(events)).toMatchObject([{ text: 'hello there' }]);
  });

  it.each([
    { turns: { flushBy: 'silence' }, wire: 'opus' },
    { turns: { threshold: 2 } },
    { turns: null },
  ] as const)('refuses %j', (options) => {
    expect(() => client.stt.stream({ format: pcm, ...(options as object) })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG' }),
    );
  });
});
