// Audio longer than a session may last, through sessions that end and drop: every word once, at its own time.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertSamples, encodeMulaw, resample, writeOggOpus, writeWav } from '../../src/audio/index.js';
import { type AudioFormat, STEP_S } from '../../src/format.js';
import {
  Gradium,
  type SttEvent,
  type SttStreamOptions,
  type TranscribeOptions,
  type Word,
} from '../../src/gradium/index.js';
import { type Fault, startSandbox } from '../../src/sandbox/index.js';
import { longRecording, type Said } from './long-recording.js';

const LIMIT_S = 30;
const SECONDS = 120;
const RATE_HZ = 16_000;
/** In the midst of the second session, and right at the beginning of the fourth. */
const DROPS: Fault[] = [
  { kind: 'drop', request: 2, after: 200 },
  { kind: 'drop', request: 4, after: 2 },
];

let folder: string;
let samples: Int16Array;
let said: Said[];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-long-'));
  ({ samples, said } = longRecording(SECONDS, RATE_HZ));
});
afterAll(() => rmSync(folder, { recursive: true }));

const bytesOf = (view: Int16Array) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
const at = (toHz: number) => resample(samples, { fromHz: RATE_HZ, toHz });
const wav16k = () => Buffer.from(writeWav(samples, { sampleRateHz: RATE_HZ }));
const wav441 = () => {
  const stereo = convertSamples(bytesOf(at(44_100)), { from: 's16le', to: 'f32le', toChannels: 2 });
  const frames = new Float32Array(stereo.slice().buffer);
  return Buffer.from(writeWav(frames, { sampleRateHz: 44_100, channels: 2, encoding: 's24' }));
};
const mulaw = () => Buffer.from(encodeMulaw(at(8000)));
const opus = () => Buffer.from(writeOggOpus(at(48_000), { sampleRateHz: 48_000, bitrate: 32_000 }));
const WAV: AudioFormat = { container: 'wav' };
const OGG: AudioFormat = { container: 'ogg' };
const MULAW: AudioFormat = { encoding: 'mulaw', sampleRateHz: 8000 };

/** One place in the plan: a session must be over before the next one begins. */
async function sandboxed(faults: Fault[], concurrency = 1, sessionLimitS = LIMIT_S) {
  const sandbox = await startSandbox({ sessionLimitS, concurrency, faults });
  const client = new Gradium({ apiKey: 'any', baseUrl: sandbox.url, sessionLimitS });
  return { client, [Symbol.asyncDispose]: () => sandbox.close() };
}

function expectSaid(words: readonly Word[], truths = said): void {
  expect(words.map((word) => word.text).join(' ')).toBe(truths.map((word) => word.text).join(' '));
  for (const [i, word] of words.entries()) {
    const truth = truths[i] as Said;
    expect(Math.abs(word.startS - truth.startS), `start of word ${i}, ${word.text}`).toBeLessThanOrEqual(
      STEP_S,
    );
    expect(Math.abs(word.stopS - truth.stopS), `stop of word ${i}, ${word.text}`).toBeLessThanOrEqual(STEP_S);
  }
}

/** In pieces that have nothing to do with frames, steps or pages. */
function* pieces(bytes: Uint8Array, size = 3001): Generator<Buffer> {
  for (let from = 0; from < bytes.length; from += size) yield Buffer.from(bytes.subarray(from, from + size));
}

type Case = [name: string, bytes: () => Buffer, options: TranscribeOptions, wire: string];
const RECORDINGS: Case[] = [
  ['a WAV', wav16k, {}, 'pcm_16000'],
  ['a WAV of 44.1 kHz, stereo, 24 bits', wav441, {}, 'pcm_24000'],
  ['a WAV as it is', wav441, { wire: 'wav' }, 'wav'],
  ['raw mu-law', mulaw, { format: MULAW }, 'ulaw_8000'],
  ['raw mu-law in long messages', mulaw, { format: MULAW, stepsPerMessage: 125 }, 'ulaw_8000'],
  ['Ogg Opus', opus, {}, 'pcm_24000'],
  ['the pages of Ogg Opus', opus, { wire: 'opus' }, 'opus'],
  ['a WAV encoded here', wav16k, { wire: 'opus' }, 'opus'],
];

describe.each([
  ['without a fault', []],
  ['with two drops', DROPS],
])('a recording longer than a session, %s', (_name, faults) => {
  it.each(RECORDINGS)('is transcribed as one: %s', async (_name, bytes, options, wire) => {
    await using sandbox = await sandboxed(faults);
    const path = join(folder, 'recording');
    writeFileSync(path, bytes());
    const progress: number[] = [];
    const onProgress = ({ transcribedS }: { transcribedS: number }) => void progress.push(transcribedS);
    const transcript = await sandbox.client.stt.transcribe(path, { ...options, onProgress });
    expectSaid(transcript.words);
    expect(transcript.wire.format).toBe(wire);
    expect(transcript.sessions).toBeGreaterThanOrEqual(5);
    expect(transcript.durationS).toBeCloseTo(SECONDS, 1);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(progress.at(-1)).toBe(transcript.durationS);
  });

  it.each(RECORDINGS)('is transcribed as one from a pipe: %s', async (_name, bytes, options) => {
    await using sandbox = await sandboxed(faults);
    const transcript = await sandbox.client.stt.transcribe(Readable.from(pieces(bytes())), options);
    expectSaid(transcript.words);
  });
});

describe('a recording longer than a session, on a shared socket', () => {
  it('is transcribed as one, with another beside it', async () => {
    await using sandbox = await sandboxed(DROPS, 2);
    await using connection = sandbox.client.connect({ sockets: 1 });
    const both = [connection.stt.transcribe(wav16k()), connection.stt.transcribe(mulaw(), { format: MULAW })];
    for (const { words } of await Promise.all(both)) expectSaid(words);
  });
});

describe('a recording longer than a session, by POST', () => {
  it('is transcribed as one', async () => {
    await using sandbox = await sandboxed(DROPS);
    const { words } = await sandbox.client.stt.transcribe(wav16k(), { transport: 'post' });
    expectSaid(words);
  });
});

type LiveCase = [name: string, bytes: () => Buffer, options: SttStreamOptions];
const LIVE: LiveCase[] = [
  [
    'raw samples',
    () => Buffer.from(bytesOf(samples)),
    { format: { encoding: 's16le', sampleRateHz: RATE_HZ } },
  ],
  ['raw mu-law', mulaw, { format: MULAW }],
  ['a WAV', wav16k, { format: WAV }],
  ['a WAV of 44.1 kHz, stereo, 24 bits', wav441, { format: WAV }],
  ['a WAV as it is', wav441, { format: WAV, wire: 'wav' }],
  ['Ogg Opus', opus, { format: OGG }],
  ['Ogg Opus, decoded here', opus, { format: OGG, wire: 'pcm_24000' }],
  ['a WAV encoded here', wav16k, { format: WAV, wire: 'opus' }],
];

async function live(client: Gradium, bytes: Buffer, options: SttStreamOptions): Promise<SttEvent[]> {
  const stream = client.stt.stream(options);
  const writing = pipeline(pieces(bytes), stream as NodeJS.WritableStream);
  const events: SttEvent[] = [];
  for await (const event of stream) events.push(event);
  await writing;
  return events;
}

const of = <Type extends SttEvent['type']>(events: SttEvent[], type: Type) =>
  events.filter((event): event is Extract<SttEvent, { type: Type }> => event.type === type);

describe.each([
  ['without a fault', [], ['limit', 'limit', 'limit', 'limit']],
  ['with two drops', DROPS, ['limit', 'lost', 'limit', 'lost']],
] as const)('a stream longer than a session, %s', (_name, faults, reasons) => {
  it.each(LIVE)('is transcribed as one: %s', async (_name, bytes, options) => {
    await using sandbox = await sandboxed([...faults]);
    const events = await live(sandbox.client, bytes(), options);
    const words = of(events, 'word').map(({ word }) => word);
    expectSaid(words);
    expect(of(events, 'text').map(({ text, startS }) => [text, startS])).toEqual(
      words.map(({ text, startS }) => [text, startS]),
    );
    expect(of(events, 'endText').map(({ stopS }) => stopS)).toEqual(words.map(({ stopS }) => stopS));
    expect(events[0]?.type).toBe('ready');
    expect(events.at(-1)).toEqual({ type: 'endOfStream' });
    expect(of(events, 'ready')).toHaveLength(1);
    expect(of(events, 'gap')).toEqual([]);
    expect(of(events, 'resumed').map(({ reason }) => reason)).toEqual(
      expect.arrayContaining([...new Set(reasons)]),
    );
    const steps = of(events, 'step');
    expect(steps.map(({ index }) => index)).toEqual(steps.map((_, i) => i));
    for (const { index, totalDurationS } of steps) {
      expect(Math.abs(totalDurationS - (index + 1) * STEP_S)).toBeLessThan(2 * STEP_S);
    }
  });
});

describe('twenty minutes, live', () => {
  it('come back exact through three roll-overs and two drops', async () => {
    const rateHz = 8000;
    const long = longRecording(1200, rateHz);
    const faults: Fault[] = [
      { kind: 'drop', request: 2, after: 1500 },
      { kind: 'drop', request: 4, after: 3000 },
    ];
    await using sandbox = await sandboxed(faults, 1, 300);
    const bytes = Buffer.from(encodeMulaw(long.samples));
    const events = await live(sandbox.client, bytes, { format: MULAW, steps: false });
    expectSaid(
      of(events, 'word').map(({ word }) => word),
      long.said,
    );
    const reasons = of(events, 'resumed').map(({ reason }) => reason);
    expect(reasons.filter((reason) => reason === 'limit').length).toBeGreaterThanOrEqual(3);
    expect(reasons.filter((reason) => reason === 'lost')).toHaveLength(2);
  });
});
