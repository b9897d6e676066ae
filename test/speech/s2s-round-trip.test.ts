// Speech to speech, end to end: the sandbox speaks, hears and speaks again, and what it hears of that is the text. It comes
// back only if every sample on the way was right, in every session.
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeOggOpus, writeWav } from '../../src/audio/index.js';
import { type AudioFormat, WIRE_FORMATS, type WireFormat, wireAudio } from '../../src/format.js';
import { Gradium, type S2sReady, type S2sStream, type Speech, type Word } from '../../src/gradium/index.js';
import { startSandbox } from '../../src/sandbox/index.js';

const TEXT = 'Ça va à Besançon? Ship it 🚀 now.';
const FAST = { targetLanguage: 'en', pace: 0 };

let sandbox: Awaited<ReturnType<typeof startSandbox>>;
let client: Gradium;
/** Sessions of 10 s, of which 7 are for the source. */
let brief: Gradium;
/** Some 35 s. */
const LONG = Array.from({ length: 40 }, (_, i) => `Satz${i} und so.`).join(' ');
let spoken: Speech;
let long: Speech;
beforeAll(async () => {
  sandbox = await startSandbox();
  client = new Gradium({ apiKey: 'any', baseUrl: sandbox.url });
  brief = new Gradium({ apiKey: 'any', baseUrl: sandbox.url, sessionLimitS: 10 });
  spoken = await client.tts.synthesize(TEXT, { outputFormat: 'wav' });
  long = await client.tts.synthesize(LONG, { outputFormat: 'pcm_16000' });
});
afterAll(() => sandbox.close());

function formatOf(wire: WireFormat): AudioFormat {
  const raw = wireAudio(wire, 'output');
  return raw ?? { container: wire === 'opus' ? 'ogg' : 'wav' };
}

const heard = async (data: Uint8Array, wire: WireFormat): Promise<string> =>
  (await client.stt.transcribe(data, { format: formatOf(wire) })).text;

async function streamed(stream: S2sStream, bytes: Uint8Array, chunk = 4_000) {
  const [words, readies]: [Word[], S2sReady[]] = [[], []];
  stream.on('word', (word) => words.push(word));
  stream.on('ready', (ready) => readies.push(ready));
  const chunks = function* () {
    for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk);
  };
  const data = Buffer.concat(await Readable.from(chunks()).pipe(stream).toArray());
  return { data, words, readies };
}

describe.each(WIRE_FORMATS)('speech to speech at %s', (outputFormat) => {
  it('says the recording again', async () => {
    const speech = await client.s2s.translate(spoken.data, { ...FAST, outputFormat });
    expect(speech).toMatchObject({ text: TEXT, outputFormat, wire: 'pcm_24000', warnings: [] });
    expect(speech.words.map(({ charStart, charEnd }) => TEXT.slice(charStart, charEnd))).toEqual(
      TEXT.split(' '),
    );
    expect(await heard(speech.data, outputFormat)).toBe(TEXT);
    expect(speech.pcm16().length / speech.sampleRateHz).toBeCloseTo(speech.durationS, 3);
  });

  it('says it again live', async () => {
    const stream = client.s2s.stream({ ...FAST, outputFormat, format: { container: 'wav' } });
    const { data, words } = await streamed(stream, spoken.data);
    expect(words.map(({ text }) => text).join(' ')).toBe(TEXT);
    expect(await heard(data, outputFormat)).toBe(TEXT);
  });
});

describe('speech to speech', () => {
  it.each<[string, AudioFormat, WireFormat, () => Promise<Uint8Array>]>([
    [
      'a telephone line',
      { encoding: 'mulaw', sampleRateHz: 8000 },
      'ulaw_8000',
      async () => (await client.tts.synthesize(TEXT, { outputFormat: 'ulaw_8000' })).data,
    ],
    [
      'a stereo WAV of floats',
      { container: 'wav' },
      'pcm_24000',
      async () => {
        const mono = spoken.pcm();
        const stereo = Float32Array.from({ length: 2 * mono.length }, (_, i) => mono[i >> 1] as number);
        return writeWav(stereo, { sampleRateHz: 48_000, channels: 2 });
      },
    ],
    [
      'Ogg Opus',
      { container: 'ogg' },
      'pcm_24000',
      async () => writeOggOpus(spoken.pcm16(), { sampleRateHz: 48_000 }),
    ],
  ])('takes %s', async (_name, format, wire, make) => {
    const data = await make();
    expect(await client.s2s.translate(data, { ...FAST, format })).toMatchObject({ text: TEXT, wire });
    const stream = client.s2s.stream({ ...FAST, format, outputFormat: 'wav' });
    expect(await heard((await streamed(stream, data, 999)).data, 'wav')).toBe(TEXT);
  });
});

describe('speech to speech of more than a session takes', () => {
  it.each(['pcm_24000', 'wav', 'opus'] as const)('is one speech at %s', async (outputFormat) => {
    const format = { encoding: 's16le', sampleRateHz: 16_000 } as const;
    const speech = await brief.s2s.translate(long.data, { ...FAST, format, outputFormat });
    expect(speech.requestIds.length).toBeGreaterThan(4);
    expect(speech.text).toBe(LONG);
    const back = await client.stt.transcribe(speech.data, { format: formatOf(outputFormat) });
    expect(back.text).toBe(LONG);
    for (const [i, { startS }] of back.words.entries()) {
      expect(Math.abs(startS - (speech.words[i] as Word).startS), `start of word ${i}`).toBeLessThanOrEqual(
        0.08,
      );
    }
    expect(speech.sourceDurationS).toBe(long.durationS);
  });

  it('is one speech of an Ogg Opus file, read as a stream', async () => {
    const data = writeOggOpus(long.pcm16(), { sampleRateHz: 16_000 });
    const speech = await brief.s2s.translate(Readable.from([data]), FAST);
    expect(speech.text).toBe(LONG);
  });

  it.each(['pcm_24000', 'wav', 'opus'] as const)('is one stream at %s', async (outputFormat) => {
    const format = { encoding: 's16le', sampleRateHz: 16_000 } as const;
    const { data, words, readies } = await streamed(
      brief.s2s.stream({ ...FAST, format, outputFormat }),
      long.data,
    );
    expect(readies.length).toBeGreaterThan(4);
    expect(words.map(({ text }) => text).join(' ')).toBe(LONG);
    const back = await client.stt.transcribe(data, { format: formatOf(outputFormat) });
    expect(back.text).toBe(LONG);
    for (const [i, { startS }] of back.words.entries()) {
      expect(Math.abs(startS - (words[i] as Word).startS), `start of word ${i}`).toBeLessThanOrEqual(0.08);
    }
  });
});

describe('speech to speech side by side on one socket', () => {
  it('gives each what it said, in sessions of its own', async () => {
    await using connection = brief.connect({ sockets: 1 });
    const format = { encoding: 's16le', sampleRateHz: 16_000 } as const;
    const [short, other, live] = await Promise.all([
      connection.s2s.translate(spoken.data, FAST),
      connection.s2s.translate(long.data, { ...FAST, format }),
      streamed(connection.s2s.stream({ ...FAST, format }), long.data),
    ]);
    expect([short.text, other.text]).toEqual([TEXT, LONG]);
    expect(await heard(live.data, 'pcm_24000')).toBe(LONG);
    expect(connection.stats.sockets).toBe(1);
  });
});
