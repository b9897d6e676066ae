import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  OggOpusDecoder,
  OggOpusWriter,
  OpusEncoder,
  Resampler,
  readOggOpus,
  resample,
  writeWav,
} from '../../../src/audio/index.js';
import { Account } from '../../../src/sandbox/account.js';
import { AsrSession } from '../../../src/sandbox/asr-session.js';
import { type Sandbox, startSandbox } from '../../../src/sandbox/index.js';
import { InputDecoder } from '../../../src/sandbox/input-decoder.js';
import { outputEncoder } from '../../../src/sandbox/output-encoder.js';
import { Fields } from '../../../src/sandbox/protocol.js';
import { TtsSession } from '../../../src/sandbox/tts-session.js';
import { audio, type Message, RawClient } from './client.js';
import { copied, hear, oggOpus, speak, words } from './sound.js';

const RULES = {
  account: new Account({ credits: 1_000, mode: 'lenient' }),
  mode: 'lenient',
  clock: 'audio',
  sessionLimitS: Infinity,
  maxCharsPerSession: Infinity,
} as const;

const ASR = '/api/speech/asr';
const TTS = '/api/speech/tts';
const END = { type: 'end_of_stream' };
const TEXT = 'Où est 世界 😀? UUU 3333!';
const SETUP_TTS = { type: 'setup', output_format: 'opus' };
const SETUP_ASR = { type: 'setup', input_format: 'opus' };

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ clock: 'audio' });
});
afterAll(() => sandbox.close());
afterEach(() => vi.restoreAllMocks());

async function speakOver(...texts: string[]): Promise<RawClient> {
  const client = await RawClient.open(sandbox.url, TTS);
  client.send(SETUP_TTS, ...texts.map((text) => ({ type: 'text', text })), END);
  await client.closed();
  return client;
}

async function transcribe(...parts: Uint8Array[]): Promise<RawClient> {
  const client = await RawClient.open(sandbox.url, ASR);
  client.send(SETUP_ASR, ...parts.map((part) => audio(part)), END);
  await client.closed();
  return client;
}

async function errorOf(...messages: object[]): Promise<Message> {
  const client = await RawClient.open(sandbox.url, ASR);
  client.send(SETUP_ASR, ...messages);
  const error = await client.next('error');
  expect(await client.closed()).toBe(error.code);
  return error;
}

const bytesOf = (message: Message): Buffer => Buffer.from(message.audio as string, 'base64');
const soundOf = (client: RawClient): Buffer => Buffer.concat(client.of('audio').map(bytesOf));
const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../../fixtures/audio/ogg/${name}`, import.meta.url));

/** Lengths of the pages that the bytes are, one behind the other (RFC 3533 §6). */
function pageLengths(bytes: Buffer): number[] {
  const lengths: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    expect(bytes.toString('latin1', at, at + 4)).toBe('OggS');
    const lacing = bytes.subarray(at + 27, at + 27 + (bytes[at + 26] as number));
    const length = 27 + lacing.length + lacing.reduce((sum, size) => sum + size, 0);
    lengths.push(length);
    at += length;
  }
  expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(bytes.length);
  return lengths;
}

/** Sound decoded by readOggOpus, at the recogniser's rate. */
function at8k(bytes: Uint8Array): Float32Array {
  const { samples, channels } = readOggOpus(bytes, { sample: 'float32', channels: 1 });
  expect(channels).toBe(1);
  return resample(samples, { fromHz: 48_000, toHz: 8_000 });
}

describe('tts opus', () => {
  it('sends both header pages first, then a page for each 80 ms, timed by its sound', async () => {
    const client = await speakOver('ab cde');
    expect(client.messages[0]).toMatchObject({ type: 'ready', sample_rate: 48_000, frame_size: 3_840 });
    const [headers, ...pages] = client.of('audio') as [Message, ...Message[]];
    expect(headers).toMatchObject({ start_s: 0, stop_s: 0, stream_id: 0 });
    expect(pageLengths(bytesOf(headers))).toHaveLength(2);
    expect(bytesOf(headers).toString('latin1', 28, 36)).toBe('OpusHead');
    expect(bytesOf(headers).includes('OpusTags')).toBe(true);
    for (const page of pages) expect(pageLengths(bytesOf(page))).toHaveLength(1);
    // 6.5 ms is the lookahead of libopus: a page's sound is that much before what it was made of.
    const stops = [0.0735, 0.1535, 0.2335, 0.3135, 0.3935, 0.4735, 0.48];
    expect(pages.map((page) => page.stop_s)).toEqual(stops);
    expect(pages.map((page) => page.start_s)).toEqual([0, ...stops.slice(0, -1)]);
    const isLast = pages.map((page) => ((bytesOf(page)[5] as number) & 4) !== 0);
    expect(isLast).toEqual([false, false, false, false, false, false, true]);
    expect(client.types().at(-1)).toBe('end_of_stream');
    expect(client.closeCode).toBe(1000);
  });

  it('speaks text that is heard from it, to the sample as long as its steps', async () => {
    const client = await speakOver(TEXT, 'and <break time="0.4s" /> more');
    const bytes = soundOf(client);
    const steps = Buffer.byteLength(TEXT) + 1 + 3 + 5 + 4;
    expect(readOggOpus(bytes)).toMatchObject({ channels: 1, frames: steps * 3_840, warnings: [] });
    const heard = words(at8k(bytes));
    expect(heard.map((word) => word.text).join(' ')).toBe(`${TEXT} and more`);
    for (const [i, { start_s, stop_s }] of client.of('text').entries()) {
      expect(Math.abs((heard[i]?.startS as number) - (start_s as number))).toBeLessThan(0.005);
      expect(Math.abs((heard[i]?.stopS as number) - (stop_s as number))).toBeLessThan(0.005);
    }
    expect(client.of('audio').at(-1)?.stop_s).toBe((steps * 80) / 1000);
  });

  it('speaks nothing for no text: headers, and a page that ends the stream', async () => {
    const client = await speakOver();
    expect(client.types()).toEqual(['ready', 'audio', 'audio', 'end_of_stream']);
    expect(client.of('audio').map(({ start_s, stop_s }) => [start_s, stop_s])).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(readOggOpus(soundOf(client))).toMatchObject({ frames: 0, warnings: ['no-audio'] });
  });

  it('answers while the client is still writing, all but the last page', async () => {
    const client = await RawClient.open(sandbox.url, TTS);
    client.send(SETUP_TTS, { type: 'text', text: 'first' });
    await client.next((message) => message.type === 'audio' && message.stop_s === 0.3135);
    client.send({ type: 'text', text: 'second' }, END);
    await client.closed();
    expect(hear(at8k(soundOf(client)))).toBe('first second');
  });

  it('frees what it held with the session', () => {
    const closed = [OpusEncoder, OggOpusWriter].map((owner) => vi.spyOn(owner.prototype, 'close'));
    new TtsSession(new Fields({ output_format: 'opus' }, 1008), RULES).dispose();
    for (const close of closed) expect(close).toHaveBeenCalled();
  });
});

describe('tts opus and other software', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-sandbox-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const TOOLS = ['opusinfo', 'oggz-validate', 'opusdec'];
  const missing = TOOLS.filter((tool) => spawnSync(tool, ['--help']).error !== undefined);
  if (missing.length > 0) {
    console.warn(
      `NOT RUN: sandbox speech against ${missing.join(', ')}, not installed (Debian: opus-tools oggz-tools)`,
    );
  }

  it.skipIf(missing.length > 0)(`finds no fault in it, and the same sound: ${TOOLS.join(', ')}`, async () => {
    const client = await speakOver(TEXT);
    const [path, raw] = [join(folder, 'speech.opus'), join(folder, 'speech.raw')];
    writeFileSync(path, soundOf(client));
    const run = (tool: string, ...args: string[]): string => {
      const { status, stdout, stderr } = spawnSync(tool, args, { encoding: 'utf8' });
      expect(status, `${tool}: ${stdout}${stderr}`).toBe(0);
      return stdout + stderr;
    };
    expect(run('opusinfo', path)).not.toMatch(/warning|error/iu);
    run('oggz-validate', path);
    run('opusdec', '--quiet', '--no-dither', '--rate', '48000', path, raw);
    const samples = new Int16Array(Uint8Array.from(readFileSync(raw)).buffer);
    expect(samples).toHaveLength(Buffer.byteLength(TEXT) * 3_840);
    expect(
      hear(
        resample(
          Float32Array.from(samples, (s) => s / 0x8000),
          { fromHz: 48_000, toHz: 8_000 },
        ),
      ),
    ).toBe(TEXT);
  });
});

describe('asr opus', () => {
  const RATES = [8_000, 12_000, 16_000, 24_000, 48_000] as const;
  const CASES = [6_000, 16_000, 24_000, 64_000].flatMap((bitrate) =>
    RATES.flatMap((hz) => [1, 2].map((channels): [number, number, number] => [bitrate, hz, channels])),
  );

  it.each(CASES)('hears %i b/s of %i Hz, %i channel(s), cut anywhere', async (bitrate, hz, channels) => {
    const bytes = oggOpus(copied(speak(TEXT, hz), channels), { sampleRateHz: hz, bitrate, channels });
    const cuts = [0, 1, 3, 30, 46, 47, 301, 1001, bytes.length];
    const client = await transcribe(...cuts.slice(1).map((to, i) => bytes.subarray(cuts[i], to)));
    expect(client.text()).toBe(TEXT);
    expect(client.closeCode).toBe(1000);
    expect(client.of('step')).toHaveLength(Buffer.byteLength(TEXT));
  });

  it('hears what was spoken as opus, message by message', async () => {
    const spoken = await speakOver('from mouth to ear');
    const client = await transcribe(...spoken.of('audio').map(bytesOf));
    expect(client.text()).toBe('from mouth to ear');
    for (const [i, { start_s }] of spoken.of('text').entries()) {
      expect(Math.abs((client.of('text')[i]?.start_s as number) - (start_s as number))).toBeLessThan(0.005);
    }
    expect(client.of('step').at(-1)?.total_duration_s).toBe(spoken.of('audio').at(-1)?.stop_s);
  });

  it('hears one voice in a channel of two', async () => {
    const mono = speak('left', 16_000);
    const stereo = copied(mono, 2).map((sample, i) => (i % 2 === 0 ? sample : 0));
    expect((await transcribe(oggOpus(stereo, { sampleRateHz: 16_000, channels: 2 }))).text()).toBe('left');
  });

  it('hears the links of a chain one after the other, whatever their channels', async () => {
    const pause = new Int16Array(0.16 * 24_000 * 2);
    const chain = ['one', 'two', 'three'].flatMap((word, i) => {
      const options = { sampleRateHz: 24_000, channels: i === 1 ? 2 : 1 };
      const speech = oggOpus(copied(speak(word, 24_000), options.channels), options);
      return [speech, oggOpus(pause, { sampleRateHz: 24_000, channels: 2 })];
    });
    const client = await transcribe(Buffer.concat(chain));
    expect(client.text()).toBe('one two three');
    const starts = client.of('text').map((message) => message.start_s as number);
    for (const [i, start] of [0, 0.4, 0.8].entries()) {
      expect(Math.abs((starts[i] as number) - start)).toBeLessThan(0.005);
    }
  });

  it('gives all text at a flush, and goes on', async () => {
    const spoken = await speakOver('now <break time="1s" /> later');
    const messages = spoken.of('audio').map(bytesOf);
    const client = await RawClient.open(sandbox.url, ASR);
    client.send(SETUP_ASR, ...messages.slice(0, 9).map((bytes) => audio(bytes)), {
      type: 'flush',
      flush_id: 1,
    });
    await client.next('flushed');
    expect(client.text()).toBe('now');
    client.send(...messages.slice(9).map((bytes) => audio(bytes)), END);
    await client.closed();
    expect(client.text()).toBe('now later');
  });

  it('takes end_of_stream without audio', async () => {
    expect((await transcribe()).types()).toEqual(['ready', 'end_of_stream']);
    expect((await transcribe(new Uint8Array(0))).types()).toEqual(['ready', 'end_of_stream']);
  });

  it('hears human speech as [speech] where it is', async () => {
    const client = await transcribe(fixture('speech-16k-20ms-vbr-opusenc.opus'));
    expect(new Set(client.of('text').map((message) => message.text))).toEqual(new Set(['[speech]']));
  });
});

describe('asr opus that is damaged', () => {
  const spoken = 'undamaged words before and after';
  const bytes = Buffer.from(oggOpus(speak(spoken, 16_000), { sampleRateHz: 16_000 }, 80));
  const lengths = pageLengths(bytes);
  const startOf = (page: number): number => lengths.slice(0, page).reduce((sum, length) => sum + length, 0);
  // Behind two pages of headers: the page of the second word's first byte.
  const damaged = 2 + 'undamaged '.length;

  it('misses the word of a page that is lost, or has a flipped bit, and hears the others', async () => {
    const flipped = Buffer.from(bytes);
    flipped[startOf(damaged) + 40] = (flipped[startOf(damaged) + 40] as number) ^ 4;
    const lost = Buffer.concat([bytes.subarray(0, startOf(damaged)), bytes.subarray(startOf(damaged + 1))]);
    for (const stream of [flipped, lost]) {
      const client = await transcribe(stream);
      expect(client.text()).toMatch(/^undamaged (\S+ )?before and after$/u);
      expect(client.text()).not.toBe(spoken);
      expect(client.closeCode).toBe(1000);
    }
  });

  it('hears what is there of a stream that was cut', async () => {
    const client = await transcribe(bytes.subarray(0, startOf(2 + 'undamaged words '.length) + 10));
    expect(client.text()).toBe('undamaged words');
    expect(client.closeCode).toBe(1000);
  });

  const wav = writeWav(speak('a', 8_000), { sampleRateHz: 8_000 });
  it.each([
    ['a WAV', [audio(wav)], /not an Ogg Opus stream: it does not begin with OggS/u],
    ['samples', [audio(speak('a', 8_000))], /does not begin with OggS/u],
    [
      'what is no OggS, byte by byte',
      [...'Ogg!'].map((c) => audio(Buffer.from(c))),
      /does not begin with OggS/u,
    ],
    ['Ogg Vorbis', [audio(fixture('reject-vorbis.ogg')), END], /not an Ogg Opus stream: .*Vorbis/u],
    [
      'a head that contradicts itself',
      [audio(fixture('bad-channels-0.opus'))],
      /not an Ogg Opus stream: .*channel/u,
    ],
    [
      'a stream cut in its first page',
      [audio(bytes.subarray(0, 30)), END],
      /not an Ogg Opus stream: .*whole/u,
    ],
    ['a stream of less than OggS', [audio(bytes.subarray(0, 3)), END], /not an Ogg Opus stream/u],
    ['a stream cut in its tags', [audio(bytes.subarray(0, startOf(1) + 30)), END], /before its OpusTags/u],
    [
      'a stream that ends behind its head',
      [audio(bytes.subarray(0, startOf(1))), END],
      /before its OpusTags/u,
    ],
  ])('answers %s by error 1008', async (_, messages, message) => {
    expect(await errorOf(...messages)).toMatchObject({ code: 1008, message: expect.stringMatching(message) });
  });
});

describe('InputDecoder of opus', () => {
  it('has as much sound as each message said, wherever it is flushed', () => {
    const [encoder, decoder] = [outputEncoder('opus'), new InputDecoder('opus')];
    const steps = Array.from({ length: 9 }, () => encoder.encode(new Int16Array(3_840)));
    let [sent, heard] = [0, 0];
    for (const { bytes, samples } of [...steps.flat(), ...encoder.finish()]) {
      sent += samples;
      for (const piece of decoder.push(bytes)) heard += piece.length;
      heard += decoder.flush().length;
      expect(heard).toBe(Math.floor(sent / 6));
    }
    expect([...decoder.finish()].flatMap((piece) => [...piece])).toEqual([]);
    expect(heard).toBe(9 * 640);
    encoder.close();
    decoder.close();
  });

  it('gives minutes that a few bytes hold piece by piece', () => {
    // 120 ms of silence in a packet of two bytes (RFC 6716 §3.2.5), and a byte of lacing.
    const packet = Uint8Array.of(0xfb, 6);
    using writer = new OggOpusWriter({ channels: 1, preSkip: 312, inputSampleRateHz: 0 });
    const pages = Array.from({ length: 5_000 }, () => writer.write(packet));
    const bytes = Buffer.concat([...pages, writer.finish()]);
    expect(bytes.length).toBeLessThan(32 * 1024);
    const decoder = new InputDecoder('opus');
    let [samples, most] = [0, 0];
    for (const piece of decoder.push(bytes)) {
      samples += piece.length;
      most = Math.max(most, piece.length);
    }
    for (const piece of decoder.finish()) samples += piece.length;
    decoder.close();
    expect(samples).toBe(5_000 * 0.12 * 8_000 - 312 / 6);
    expect(most).toBeLessThan(4_100); // half a second, and what the resampler had held back
  });

  it('frees what it held with the session', () => {
    const closed = [OggOpusDecoder, Resampler].map((owner) => vi.spyOn(owner.prototype, 'close'));
    new AsrSession(new Fields({ input_format: 'opus' }, 1008), RULES).dispose();
    for (const close of closed) expect(close).toHaveBeenCalled();
  });
});
