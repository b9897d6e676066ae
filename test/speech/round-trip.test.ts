// The honest end-to-end check: text is spoken by the sandbox, converted, transcribed by the sandbox through the client.
// The text comes back only if every sample on the way was right, and word times must lie where the words are.
import { createReadStream, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  convertSamples,
  readWav,
  resample,
  type WriteOggOpusOptions,
  writeOggOpus,
  writeWav,
} from '../../src/audio/index.js';
import { type AudioFormat, STEP_S, WIRE_FORMATS, type WireFormat, wireAudio } from '../../src/format.js';
import { Gradium, type Speech, type Transcript, type Word } from '../../src/gradium/index.js';
import { startSandbox } from '../../src/sandbox/index.js';

const TEXTS = {
  ascii: 'The quick brown fox jumps over 13 lazy dogs.',
  accented: 'Ça va à Besançon, où l’été dure; schöne Grüße, señor!',
  emoji: 'Ship it 🚀 now 👩‍💻 日本語 ok',
};

let sandbox: Awaited<ReturnType<typeof startSandbox>>;
let client: Gradium;
beforeAll(async () => {
  sandbox = await startSandbox();
  client = new Gradium({ apiKey: 'any', baseUrl: sandbox.url });
});
afterAll(() => sandbox.close());

function formatOf(wire: WireFormat): AudioFormat {
  const raw = wireAudio(wire, 'output');
  if (raw) return { encoding: raw.encoding, sampleRateHz: raw.sampleRateHz };
  return { container: wire === 'opus' ? 'ogg' : 'wav' };
}

function expectSame(transcript: Transcript, text: string, spoken: readonly Word[], shiftS = 0): void {
  expect(transcript.text).toBe(text);
  expect(transcript.words.map((word) => word.text)).toEqual(spoken.map((word) => word.text));
  for (const [i, word] of transcript.words.entries()) {
    const truth = spoken[i] as Word;
    expect(Math.abs(word.startS - (truth.startS + shiftS)), `start of ${word.text}`).toBeLessThanOrEqual(
      STEP_S,
    );
    expect(Math.abs(word.stopS - (truth.stopS + shiftS)), `stop of ${word.text}`).toBeLessThanOrEqual(STEP_S);
  }
}

describe.each(Object.entries(TEXTS))('speak and transcribe %s text', (_name, text) => {
  it.each(WIRE_FORMATS)('gives the same words and times at %s', async (outputFormat) => {
    const speech = await client.tts.synthesize(text, { outputFormat });
    const transcript = await client.stt.transcribe(speech.data, { format: formatOf(outputFormat) });
    expectSame(transcript, text, speech.words);
  });
});

describe('speak at a tempo and transcribe', () => {
  const text = Object.values(TEXTS).join(' ');
  const bytes = Buffer.byteLength(text); // a space is a step as well

  it.each([
    [-4, 64],
    [-1, 76],
    [4, 96],
  ])(
    'gives the same words and times with paddingBonus %i, which makes a step %i ms',
    async (paddingBonus, stepMs) => {
      for (const outputFormat of ['wav', 'pcm_22050', 'ulaw_8000', 'opus'] as const) {
        const speech = await client.tts.synthesize(text, { outputFormat, paddingBonus });
        expect(speech.words.at(-1)?.stopS).toBeCloseTo((bytes * stepMs) / 1000, 6);
        expect(speech.durationS).toBeCloseTo(Math.ceil((bytes * stepMs) / 80) * STEP_S, 6);
        const transcript = await client.stt.transcribe(speech.data, { format: formatOf(outputFormat) });
        expectSame(transcript, text, speech.words);
      }
    },
  );
});

describe('speak, convert and transcribe', () => {
  const text = Object.values(TEXTS).join(' ');
  let speech: Speech;
  let samples: Float32Array;
  beforeAll(async () => {
    speech = await client.tts.synthesize(text);
    samples = readWav(speech.data, { sample: 'float32' }).samples as Float32Array;
  });

  const bytesOf = (view: Float32Array): Uint8Array =>
    new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const stereo = (mono: Float32Array): Float32Array =>
    new Float32Array(
      convertSamples(bytesOf(mono), { from: 'f32le', to: 'f32le', toChannels: 2 }).slice().buffer,
    );
  const at = (toHz: number): Float32Array => resample(samples, { fromHz: 48_000, toHz });

  const conversions: [string, () => Uint8Array][] = [
    ['8 kHz 16-bit', () => writeWav(at(8_000), { sampleRateHz: 8_000, encoding: 's16' })],
    ['24-bit', () => writeWav(samples, { sampleRateHz: 48_000, encoding: 's24' })],
    [
      '44.1 kHz 24-bit stereo',
      () => writeWav(stereo(at(44_100)), { sampleRateHz: 44_100, channels: 2, encoding: 's24' }),
    ],
    ['8 kHz mu-law', () => writeWav(at(8_000), { sampleRateHz: 8_000, encoding: 'mulaw' })],
    ['8 kHz A-law', () => writeWav(at(8_000), { sampleRateHz: 8_000, encoding: 'alaw' })],
    ['11.025 kHz 8-bit', () => writeWav(at(11_025), { sampleRateHz: 11_025, encoding: 'u8' })],
    ['192 kHz float', () => writeWav(at(192_000), { sampleRateHz: 192_000, encoding: 'f32' })],
  ];
  const opus = (options: Partial<WriteOggOpusOptions> = {}, of = samples) =>
    Buffer.from(writeOggOpus(of, { sampleRateHz: 48_000, bitrate: 64_000, ...options }));
  const wide = (channels: number) =>
    convertSamples(bytesOf(samples), { from: 'f32le', to: 'f32le', toChannels: channels }).slice().buffer;
  const half = () => Math.floor(samples.length / 2);

  const oggs: [string, WireFormat, () => Uint8Array][] = [
    ['mono', 'opus', () => opus()],
    ['one packet a page', 'opus', () => opus({ pageMs: 0 })],
    ['60 ms frames', 'opus', () => opus({ frameMs: 60 })],
    ['stereo', 'opus', () => opus({ channels: 2 }, stereo(samples))],
    ['5.1', 'pcm_24000', () => opus({ channels: 6, bitrate: 256_000 }, new Float32Array(wide(6)))],
    [
      'chained',
      'pcm_24000',
      () => Buffer.concat([opus({}, samples.subarray(0, half())), opus({}, samples.subarray(half()))]),
    ],
    [
      'with junk around it',
      'pcm_24000',
      () => Buffer.concat([Buffer.alloc(500, 0x55), opus(), Buffer.alloc(9)]),
    ],
    ['without its last byte', 'opus', () => opus({ pageMs: 0 }, withTail(samples)).subarray(0, -1)],
  ];
  /** Half a second of silence more. */
  const withTail = (of: Float32Array): Float32Array => {
    const longer = new Float32Array(of.length + 24_000);
    longer.set(of);
    return longer;
  };
  it.each(oggs)(
    'gives the same words and times after Ogg Opus, %s, sent as %s',
    async (_name, wire, make) => {
      const transcript = await client.stt.transcribe(make());
      expect(transcript.wire).toEqual({ format: wire, untouched: wire === 'opus' });
      expectSame(transcript, text, speech.words);
    },
  );

  it.each(oggs.map(([name, , make]) => [name, make] as const))(
    'gives the same words and times of a stream of Ogg Opus, %s',
    async (_name, make) => {
      const file = make();
      const pieces = async function* () {
        for (let i = 0; i < file.length; i += 1001) yield file.subarray(i, i + 1001);
      };
      expectSame(await client.stt.transcribe(pieces()), text, speech.words);
    },
  );

  it.each(['opus', 'pcm_16000', 'ulaw_8000'] as const)(
    'gives the same words of Ogg Opus when sent as %s',
    async (wire) => {
      const transcript = await client.stt.transcribe(opus(), { wire });
      expect(transcript.wire.format).toBe(wire);
      expectSame(transcript, text, speech.words);
    },
  );

  it.each([
    ['WAV', 'opus'],
    ['Ogg Opus', 'auto'],
    ['Ogg Opus', 'pcm_24000'],
  ] as const)('gives the same words of a live stream of %s, wire %s', async (what, wire) => {
    const [container, bytes] = what === 'WAV' ? (['wav', speech.data] as const) : (['ogg', opus()] as const);
    const stream = client.stt.stream({ format: { container }, wire });
    Readable.from(bytes).pipe(stream);
    const words: Word[] = [];
    for await (const event of stream) if (event.type === 'word') words.push(event.word);
    expect(words.map((word) => word.text).join(' ')).toBe(text);
  });

  it.each(conversions)('gives the same words and times after %s', async (_name, convert) => {
    expectSame(await client.stt.transcribe(convert()), text, speech.words);
  });

  it('gives the same words, shifted, when silence of any length precedes them', async () => {
    const lead = new Float32Array(12_345);
    const shifted = new Float32Array(lead.length + samples.length);
    shifted.set(samples, lead.length);
    const wav = writeWav(shifted, { sampleRateHz: 48_000, encoding: 's16' });
    expectSame(await client.stt.transcribe(wav), text, speech.words, lead.length / 48_000);
  });

  it.each(['pcm_8000', 'pcm_22050', 'pcm_44100', 'ulaw_8000', 'alaw_8000', 'wav', 'opus'] as const)(
    'gives the same words when sent as %s',
    async (wire) => {
      const transcript = await client.stt.transcribe(speech.data, { wire });
      expect(transcript.wire.format).toBe(wire);
      expectSame(transcript, text, speech.words);
    },
  );

  it('is the same from a path, a Node stream, a web stream and odd pieces', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-round-trip-'));
    const path = join(folder, 'speech.wav');
    await speech.save(path);
    const pieces = async function* () {
      for (let i = 0; i < speech.data.length; i += 4097) yield speech.data.subarray(i, i + 4097);
    };
    const sources = [path, createReadStream(path), Readable.toWeb(createReadStream(path)), pieces()];
    for (const source of sources) {
      const transcript = await client.stt.transcribe(source as Parameters<typeof client.stt.transcribe>[0]);
      expectSame(transcript, text, speech.words);
    }
    rmSync(folder, { recursive: true });
  });
});

describe('the clock of word times', () => {
  it.each([
    { clock: 'decoder', timestamps: 'source', lateS: 0 },
    { clock: 'decoder', timestamps: 'decoder', lateS: 16 * STEP_S },
    { clock: 'audio', timestamps: 'decoder', lateS: 0 },
  ] as const)(
    'is right for a $clock-clock server and timestamps: $timestamps',
    async ({ clock, timestamps, lateS }) => {
      const server = await startSandbox({ clock });
      const other = new Gradium({ apiKey: 'any', baseUrl: server.url });
      const speech = await other.tts.synthesize(TEXTS.ascii);
      const transcript = await other.stt.transcribe(speech.data, { timestamps, delayInFrames: 16 });
      expectSame(transcript, TEXTS.ascii, speech.words, lateS);
      await server.close();
    },
  );
});

describe('carried tone-voice recordings', () => {
  const folder = resolve(import.meta.dirname, '../fixtures/audio/voice');
  const texts: Record<string, string> = JSON.parse(readFileSync(join(folder, 'TEXTS.json'), 'utf8'));

  it('are all described', () => {
    expect(
      readdirSync(folder)
        .filter((name) => name.endsWith('.wav'))
        .sort(),
    ).toEqual(Object.keys(texts).sort());
  });

  it.each(Object.entries(texts))('%s says its text', async (name, text) => {
    expect((await client.stt.transcribe(join(folder, name))).text).toBe(text);
  });
});
