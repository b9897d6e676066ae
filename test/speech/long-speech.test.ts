// A text longer than one session can speak: spoken by the sandbox in parts, and transcribed back by it. The text comes back
// only if the parts lie behind one another without a gap, a click or a header between them.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { probeAudio, readWav } from '../../src/audio/index.js';
import { Gradium, type Speech } from '../../src/gradium/index.js';
import { startSandbox } from '../../src/sandbox/index.js';

const PARAGRAPH =
  'The quick brown fox jumps over 13 lazy dogs, doesn’t it? “Well,” she said, “not before 5.30 p.m.!” ' +
  'Ça va à Besançon, où l’été dure; schöne Grüße an Dr. Müller, z. B. am 1. Januar. <break time="0.4s" /> ' +
  '¿Qué tal, señor? Ελληνικά και кириллица too. 日本語も話す。 Ship it 🚀 now, 👩‍💻 — ok?\n' +
  'Prices: € 3,50 (or $ 4.00), 50 % off… <flush> That is all for today, ladies and gentlemen. ';
const TEXT = PARAGRAPH.repeat(Math.ceil(6000 / PARAGRAPH.length));
/** What is heard of it: tags are not. */
const HEARD = TEXT.replace(/<[^>]*>/gu, ' ')
  .replace(/\s+/gu, ' ')
  .trim();

let sandbox: Awaited<ReturnType<typeof startSandbox>>;
let client: Gradium;
let speech: Speech;
beforeAll(async () => {
  sandbox = await startSandbox();
  client = new Gradium({ apiKey: 'any', baseUrl: sandbox.url });
  speech = await client.tts.synthesize(TEXT);
}, 60_000);
afterAll(() => sandbox.close());

describe('a text of 6 000 characters', () => {
  it('is spoken by several sessions', () => {
    expect(TEXT.length).toBeGreaterThanOrEqual(6000);
    expect(new Set(speech.requestIds).size).toBeGreaterThan(1);
    expect(speech.requestIds[0]).toBe(speech.requestId);
  });

  it('transcribes back exactly', async () => {
    const transcript = await client.stt.transcribe(speech.data);
    expect(transcript.text).toBe(HEARD);
    expect(transcript.words.map((word) => word.text)).toEqual(speech.words.map((word) => word.text));
  }, 60_000);

  it('is one valid WAV', async () => {
    const info = probeAudio(speech.data);
    expect(info).toMatchObject({ container: 'wav', dataOffset: 44, missingFrames: 0, warnings: [] });
    expect(speech.data.length).toBe(44 + 2 * (info as { frames: number }).frames);
    expect(speech.data.indexOf('RIFF', 4)).toBe(-1);
    expect(speech.durationS).toBe(info.durationS);
    const samples = Buffer.from(speech.pcm16().buffer);
    expect(samples.equals(Buffer.from(readWav(speech.data).samples.buffer))).toBe(true);
  });

  it('is one valid WAV to libsndfile', async ({ skip }) => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-long-'));
    try {
      await speech.save(join(folder, 'long.wav'));
      const info = sndfileInfo(join(folder, 'long.wav'));
      if (info === undefined) {
        console.warn('long-speech: sndfile-info is not installed; libsndfile was not asked');
        return skip();
      }
      expect(info).toMatch(new RegExp(`Frames\\s*: ${(speech.data.length - 44) / 2}\\b`));
      expect(info).not.toMatch(/\*\*\*|Error|should be/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('has its words where there is sound, and silence between them', () => {
    const samples = speech.pcm();
    const rmsOf = (fromS: number, toS: number) => {
      const part = samples.subarray(Math.round(fromS * 48_000), Math.round(toS * 48_000));
      return Math.sqrt(part.reduce((sum, value) => sum + value * value, 0) / part.length);
    };
    const wrong: string[] = [];
    for (const [i, { text, startS, stopS }] of speech.words.entries()) {
      let sounds = stopS > startS;
      for (let atS = startS; atS < stopS - 0.04; atS += 0.08) sounds &&= rmsOf(atS, atS + 0.08) > 0.1;
      if (!sounds) wrong.push(`${text} at ${startS} s`);
      const next = speech.words[i + 1]?.startS;
      if (next !== undefined && (next <= stopS || rmsOf(stopS, next) > 1e-3))
        wrong.push(`no silence after ${text} at ${stopS} s`);
    }
    expect(wrong).toEqual([]);
  });

  it('says of every word where in the text it is', () => {
    let end = 0;
    for (const { text, charStart, charEnd } of speech.words) {
      if (charStart === undefined || charEnd === undefined) {
        expect(text).toMatch(/^[^\p{L}\p{N}\p{S}]+$/u); // marks that stand alone
        continue;
      }
      expect(charStart).toBeGreaterThanOrEqual(end);
      const slice = TEXT.slice(charStart, charEnd);
      expect(slice).toMatch(/^[\p{L}\p{N}\p{S}%].*[\p{L}\p{N}\p{S}\p{M}%]$|^[\p{L}\p{N}\p{S}%]$/u);
      expect(text).toContain(slice);
      end = charEnd;
    }
  });

  it('is the same as a stream, written in pieces', async () => {
    const stream = client.tts.stream({ outputFormat: 'pcm_48000' });
    for (let at = 0; at < TEXT.length; at += 7) stream.write(TEXT.slice(at, at + 7));
    stream.end();
    let bytes = 0;
    const words: string[] = [];
    stream.on('word', (word) => words.push(TEXT.slice(word.charStart, word.charEnd)));
    for await (const chunk of stream) bytes += chunk.length;
    expect(words).toEqual(speech.words.map((word) => TEXT.slice(word.charStart, word.charEnd)));
    expect(bytes / 96_000).toBe(speech.durationS);
  }, 60_000);
});

describe('several texts over one shared socket', () => {
  it('are spoken side by side, collected and as streams', async () => {
    await using connection = client.connect({ sockets: 1 });
    const text = 'Ships leave at nine, boats at ten. And trains? They do not wait for anybody.';
    const options = { outputFormat: 'pcm_8000', maxCharsPerSession: 40 } as const;
    const alone = await client.tts.synthesize(text, options);
    const streamed = async () => {
      const stream = connection.tts.stream(options);
      stream.write(text);
      stream.end();
      return Buffer.concat(await stream.toArray());
    };
    const collected = Array.from({ length: 4 }, () => connection.tts.synthesize(text, options));
    const streams = Array.from({ length: 4 }, streamed);
    for (const { data, words } of await Promise.all(collected)) {
      expect(data.equals(alone.data)).toBe(true);
      expect(words).toEqual(alone.words);
    }
    for (const bytes of await Promise.all(streams)) {
      const { text: heard } = await client.stt.transcribe(bytes, {
        format: { encoding: 's16le', sampleRateHz: 8000 },
      });
      expect(heard).toBe(text);
    }
  });
});

function sndfileInfo(path: string): string | undefined {
  try {
    return execFileSync('sndfile-info', [path], { encoding: 'utf8' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
