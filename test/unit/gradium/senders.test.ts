// Bytes to messages on every route, without a socket: what is sent, where it is cut, how much audio that is.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  AudioFramer,
  convertSamples,
  OggOpusReader,
  probeAudio,
  readOggOpus,
  readWav,
  writeOggOpus,
  writeWav,
} from '../../../src/audio/index.js';
import type { AudioFormat, WireFormat } from '../../../src/format.js';
import type { MessageSink, SentSource } from '../../../src/gradium/audio-sender.js';
import { openSender } from '../../../src/gradium/open-sender.js';
import { layoutOf } from '../../../src/gradium/source-layout.js';
import { fixture, fixtures, sha256, sine, toInt16 } from '../audio/helpers.js';
import { oggFile, pagesOf, withSerial } from './ogg-files.js';

const OGG: AudioFormat = { container: 'ogg' };
const WAV: AudioFormat = { container: 'wav' };
const SPEECH = oggFile('speech-16k-20ms-vbr-opusenc.opus');
const SMALL_PAGES = oggFile('pages-one-packet-each.opus');
const bytesOf = (view: ArrayBufferView) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
const JUNK = Buffer.from('junk that is no page, OggS included');

/** How a stream of these bytes would be sent, as far as its head tells. */
function streamed(bytes: Uint8Array, from: AudioFormat, wire: WireFormat): SentSource {
  const raw = layoutOf(from);
  const info = raw ? undefined : probeAudio(bytes);
  const { encoding, sampleRateHz, channels } = raw ?? info!;
  const layout = { encoding, sampleRateHz, channels } as SentSource['layout'];
  return { from, layout, wire, info, bytes: undefined, again: false };
}

function send(bytes: Uint8Array, source: SentSource, stepsPerMessage: number, chunkBytes = bytes.length) {
  const messages: Buffer[] = [];
  const sentS: number[] = [];
  const sink: MessageSink = {
    send(message) {
      const { type, audio, ...rest } = JSON.parse(message.toString()) as Record<string, string>;
      expect({ type, rest }).toEqual({ type: 'audio', rest: {} });
      messages.push(Buffer.from(audio as string, 'base64'));
    },
    clientReqId: undefined,
    sent: (s) => sentS.push(s),
  };
  const sender = openSender(source, stepsPerMessage, sink);
  for (let start = 0; start < bytes.length; start += chunkBytes) {
    const chunk = Uint8Array.from(bytes.subarray(start, start + chunkBytes));
    for (let at = 0; at < chunk.length; ) at = sender.sendPiece(chunk, at);
    chunk.fill(0x55); // it is the source's again
  }
  while (!sender.sendRest());
  const { found } = sender;
  sender.close();
  sender.close();
  expect(sentS).toEqual(sentS.toSorted((a, b) => a - b));
  return { messages, audio: Buffer.concat(messages), sentS: sentS.at(-1) ?? 0, found };
}

/** What the framer makes of samples that were decoded elsewhere. */
function framed(samples: Int16Array, to: WireFormat): Buffer {
  const framer = new AudioFramer({ from: { encoding: 's16le', sampleRateHz: 48_000 }, to });
  const bytes = bytesOf(samples);
  const out = Buffer.alloc(framer.maxOutputBytes(bytes.length));
  const written = framer.processInto(bytes, out);
  const rest = Buffer.alloc(framer.maxFlushBytes);
  const text = out.toString('latin1', 0, written) + rest.toString('latin1', 0, framer.flushInto(rest));
  const audio = text.matchAll(/"audio":"([^"]*)"/g);
  return Buffer.concat([...audio].map(([, base64]) => Buffer.from(base64 as string, 'base64')));
}

/** Seconds of sound on pages that follow `before`. */
function soundIn(message: Buffer, before: OggOpusReader): number {
  const packets = before.process(message);
  return packets.reduce((sum, { begin, end }) => sum + end - begin, 0) / 48_000;
}

describe('openSender of Ogg Opus to opus', () => {
  it('sends every page by itself with one step a message', () => {
    for (const file of [SPEECH, SMALL_PAGES]) {
      const { messages, audio } = send(file, streamed(file, OGG, 'opus'), 1);
      expect(messages).toEqual(pagesOf(file));
      expect(audio.equals(file)).toBe(true);
    }
  });

  it('puts the headers into a message of their own, and as many pages as there is time for into the others', () => {
    const { messages, audio } = send(SMALL_PAGES, streamed(SMALL_PAGES, OGG, 'opus'), 10);
    expect(audio.equals(SMALL_PAGES)).toBe(true);
    const [head, ...sound] = messages;
    expect(head).toEqual(Buffer.concat(pagesOf(SMALL_PAGES).slice(0, 2)));
    using reader = new OggOpusReader();
    reader.process(head!);
    const seconds = sound.map((message) => soundIn(message, reader));
    for (const s of seconds.slice(0, -1)) expect(s).toBeGreaterThan(0.8 - 0.021);
    for (const s of seconds) expect(s).toBeLessThanOrEqual(0.8);
    for (const message of messages) expect(Buffer.concat(pagesOf(message))).toEqual(message);
  });

  it('sends a page that is longer than a message should be by itself', () => {
    const { messages } = send(SPEECH, streamed(SPEECH, OGG, 'opus'), 2);
    const [first, second, ...sound] = pagesOf(SPEECH);
    expect(messages).toEqual([Buffer.concat([first!, second!]), ...sound]);
  });

  it.each([
    'packets-span-pages.opus',
    'header-spans-tiny-pages.opus',
    'chained-three-mono.opus',
    'chained-mono-then-stereo.opus',
    'joined-mid-stream.opus',
    'start-granule-nonzero.opus',
    'no-eos.opus',
    'eos-on-empty-page.opus',
  ])('sends all of %s, page by page, and counts what is in it', (name) => {
    const file = oggFile(name);
    const { messages, audio, sentS, found } = send(file, streamed(file, OGG, 'opus'), 10);
    const { frames, warnings } = readOggOpus(file);
    expect(audio.equals(file)).toBe(true);
    for (const message of messages) expect(Buffer.concat(pagesOf(message))).toEqual(message);
    expect(found).toMatchObject({ frames, warnings });
    expect(sentS).toBe(frames / 48_000);
  });

  it('leaves out what is no page of the stream that is read', () => {
    const pages = pagesOf(SPEECH);
    const junky = Buffer.concat([JUNK, ...pages.flatMap((page) => [page, JUNK])]);
    expect(send(junky, streamed(junky, OGG, 'opus'), 1).messages).toEqual(pages);
    const damaged = oggFile('crc-bad-one-page.opus');
    const sound = pages.filter((page) => damaged.includes(page));
    expect(sound).toHaveLength(pages.length - 1);
    expect(send(damaged, streamed(damaged, OGG, 'opus'), 1).messages).toEqual(sound);
  });

  it.each([
    'multiplexed-opus-and-vorbis.ogg',
    'multiplexed-two-opus.opus',
    'stray-serial-page.opus',
    'chained-opus-then-vorbis.opus',
  ])('sends of %s one stream, with all its sound', (name) => {
    const file = oggFile(name);
    const { messages, audio, found } = send(file, streamed(file, OGG, 'opus'), 1);
    const serial = pagesOf(file)
      .find((page) => page.includes('OpusHead'))!
      .readUInt32LE(14);
    expect(new Set(messages.map((page) => page.readUInt32LE(14)))).toEqual(new Set([serial]));
    expect(sha256(readOggOpus(audio).samples)).toBe(sha256(readOggOpus(file).samples));
    expect(found.warnings).toEqual(readOggOpus(file).warnings);
  });

  it('sends pages that come to light only at the end, behind a header that promised more', () => {
    const pages = pagesOf(SPEECH);
    const false255 = Buffer.concat([Buffer.from('OggS'), Buffer.alloc(22), Buffer.alloc(256, 255)]);
    const file = Buffer.concat([...pages.slice(0, -1), false255, pages.at(-1)!]);
    const { messages, found } = send(file, streamed(file, OGG, 'opus'), 1);
    expect(messages).toEqual(pages);
    expect(found.frames).toBe(readOggOpus(SPEECH).frames);
  });

  it('leaves out a stream of another kind that takes over the serial number', () => {
    const pages = pagesOf(SPEECH);
    const serial = pages[0]!.readUInt32LE(14);
    const vorbis = pagesOf(oggFile('reject-vorbis.ogg')).map((page) => withSerial(page, serial));
    const file = Buffer.concat([...pages, ...vorbis]);
    const { messages, found } = send(file, streamed(file, OGG, 'opus'), 1);
    expect(found.warnings).toEqual(expect.arrayContaining(['stream-skipped', 'serial-reused']));
    expect(messages).toEqual(pages);
  });

  it('keeps messages bounded where pages have no sound', () => {
    const art = 'x'.repeat(500_000);
    const file = Buffer.from(
      writeOggOpus(new Int16Array(4800), { sampleRateHz: 48_000, tags: { ART: art } }),
    );
    const { messages, audio } = send(file, streamed(file, OGG, 'opus'), 10);
    expect(audio.equals(file)).toBe(true);
    for (const message of messages) expect(message.length).toBeLessThanOrEqual(65_536);
  });

  it('tells facts that were known before, not what a later look finds', () => {
    const source = { ...streamed(SPEECH, OGG, 'opus'), again: true };
    expect(send(SPEECH, source, 10).found).toBe(source.info);
  });
});

describe('openSender of Ogg Opus to raw samples', () => {
  it.each([
    ['speech-16k-20ms-vbr-opusenc.opus', 'pcm_16000'],
    ['multichannel-6ch-family1.opus', 'pcm_24000'],
    ['chained-mono-then-stereo.opus', 'pcm_24000'],
    ['page-lost.opus', 'pcm_24000'],
    ['garbage-between-pages.opus', 'ulaw_8000'],
    ['truncated-mid-page.opus', 'pcm_48000'],
    ['speech-dtx.opus', 'pcm_22050'],
  ] as const)('decodes all of %s to %s', (name, wire) => {
    const file = oggFile(name);
    const { audio, found, sentS } = send(file, streamed(file, OGG, wire), 10);
    const { samples, frames, warnings } = readOggOpus(file, { channels: 1 });
    expect(audio.equals(framed(samples, wire))).toBe(true);
    expect(found).toMatchObject({ frames, warnings });
    expect(sentS).toBeCloseTo(frames / 48_000, 3);
  });

  it('decodes a long stretch of silence from few bytes block by block', () => {
    const silence = new Int16Array(48_000 * 60);
    const file = writeOggOpus(silence, { sampleRateHz: 48_000, bitrate: 6000, frameMs: 60, dtx: true });
    expect(file.length).toBeLessThan(60_000);
    const source = streamed(file, OGG, 'pcm_8000');
    const sizes: number[] = [];
    const messages = { size: 0 };
    const sink = {
      send: (message: Buffer) => (messages.size += message.length),
      sent: () => {},
      clientReqId: undefined,
    };
    const sender = openSender(source, 1, sink as MessageSink);
    for (let at = 0; at < file.length; ) {
      const before = messages.size;
      at = sender.sendPiece(file, at);
      sizes.push(messages.size - before);
    }
    sender.close();
    // 1 s of 8 kHz s16le in base64, and messages around it.
    expect(Math.max(...sizes)).toBeLessThan(25_000);
    expect(messages.size).toBeGreaterThan(59 * 21_000);
  });
});

describe('openSender of samples to opus', () => {
  const wav = fixture('speech-16k-mono-s16.wav');
  const voice = (name: string) => readFileSync(join(fixtures, 'voice', name));

  it('encodes to Ogg Opus of one link, mono, as long as the source', () => {
    const { audio, messages, found, sentS } = send(wav, streamed(wav, WAV, 'opus'), 10);
    const { links, frames, channels, warnings } = readOggOpus(audio);
    expect(links).toHaveLength(1);
    expect({ channels, frames, warnings }).toEqual({ channels: 1, frames: 55_177 * 3, warnings: [] });
    expect(found).toMatchObject({ frames: 55_177, warnings: [] });
    expect(sentS).toBe(55_177 / 16_000);
    expect(audio.length).toBeLessThan((55_177 / 16_000) * 24_000 * 0.2);
    using reader = new OggOpusReader();
    const seconds = messages.map((message) => soundIn(message, reader));
    expect(seconds[0]).toBe(0);
    for (const s of seconds.slice(2, -1)) expect(s).toBe(0.8);
  });

  it('encodes the sound, and all of it', () => {
    const { audio } = send(wav, streamed(wav, WAV, 'opus'), 10);
    const { samples } = readOggOpus(audio, { sample: 'float32' });
    const source = readWav(wav, { sample: 'float32' }).samples;
    // Energies of tenths of a second, the last included.
    const energies = (of: Float32Array, block: number) =>
      Array.from({ length: Math.ceil(of.length / block) }, (_, i) =>
        Math.sqrt(of.subarray(i * block, (i + 1) * block).reduce((sum, x) => sum + x * x, 0) / block),
      );
    const had = energies(source, 1600);
    const has = energies(samples, 4800);
    expect(has.length).toBe(had.length);
    for (const [i, energy] of had.entries()) {
      expect(Math.abs((has[i] as number) - energy)).toBeLessThan(0.2 * energy + 0.01);
    }
  });

  it.each([
    ['voice-44k1-stereo-s24.wav', 24_000],
    ['voice-48k-mono-s16.wav', 24_000],
  ] as const)('encodes %s at the recogniser’s rate', (name, rateHz) => {
    const file = voice(name);
    const { audio } = send(file, streamed(file, WAV, 'opus'), 10);
    const { frames, sampleRateHz } = probeAudio(file);
    const { links, frames: encoded } = readOggOpus(audio);
    expect(links[0]!.inputSampleRateHz).toBe(rateHz);
    expect(Math.abs(encoded - (frames * 48_000) / sampleRateHz)).toBeLessThanOrEqual(2);
  });

  it('averages channels', () => {
    const stereo = new Float32Array(96_000).map((_, i) => (i % 2 === 0 ? 0.5 : -0.5) * Math.sin(i / 20));
    const bytes = writeWav(stereo, { sampleRateHz: 16_000, channels: 2, encoding: 'f32' });
    const { audio } = send(bytes, streamed(bytes, WAV, 'opus'), 10);
    const { samples } = readOggOpus(audio, { sample: 'float32' });
    // What is left is sin(i / 20) - sin((i + 1) / 20), a quarter of 1/20.
    expect(samples.subarray(4800).reduce((peak, x) => Math.max(peak, Math.abs(x)), 0)).toBeLessThan(0.05);
  });

  it('encodes raw samples, with a warning for part of a frame', () => {
    const from: AudioFormat = { encoding: 's24be', sampleRateHz: 8000, channels: 2 };
    const mono = toInt16(sine(8000, 440, 8000));
    const bytes = convertSamples(bytesOf(mono), { from: 's16le', to: 's24be', channels: 1, toChannels: 2 });
    const cut = Buffer.concat([bytes, Buffer.alloc(5)]);
    const { audio, found } = send(cut, streamed(cut, from, 'opus'), 10);
    expect(found).toEqual({ frames: 8000, warnings: ['partial-frame'] });
    expect(readOggOpus(audio).frames).toBe(48_000);
  });

  it('pages a live stream at 80 ms', () => {
    const { messages } = send(wav, streamed(wav, WAV, 'opus'), 1);
    using reader = new OggOpusReader();
    const seconds = messages.map((message) => soundIn(message, reader));
    expect(seconds.slice(0, 2)).toEqual([0, 0]);
    for (const s of seconds.slice(3, -1)) expect(s).toBe(0.08);
  });
});

describe('openSender', () => {
  const wav = fixture('speech-16k-mono-s16.wav').subarray(0, 44 + 2 * 8000);
  const raw: AudioFormat = { encoding: 's24le', sampleRateHz: 44_100, channels: 2 };
  const rawBytes = Buffer.from(Array.from({ length: 6 * 4000 + 1 }, (_, i) => (i * 31 + (i >> 7)) & 255));
  it.each<[string, Uint8Array, AudioFormat, WireFormat]>([
    ['Ogg to opus', SMALL_PAGES, OGG, 'opus'],
    ['junk and Ogg to opus', oggFile('garbage-between-pages.opus'), OGG, 'opus'],
    ['a cut Ogg to opus', oggFile('truncated-mid-page.opus'), OGG, 'opus'],
    ['Ogg to pcm_16000', SPEECH, OGG, 'pcm_16000'],
    ['a chain to pcm_24000', oggFile('chained-mono-then-stereo.opus'), OGG, 'pcm_24000'],
    ['WAV to pcm_8000', wav, WAV, 'pcm_8000'],
    ['raw samples to pcm_24000', rawBytes, raw, 'pcm_24000'],
  ])('makes the same messages of %s wherever it is cut', (_name, bytes, from, wire) => {
    const source = streamed(bytes, from, wire);
    const want = send(bytes, source, 3);
    for (const chunkBytes of [1, 7, 1000, 4096]) {
      const { messages, found, sentS } = send(bytes, source, 3, chunkBytes);
      expect(Buffer.concat(messages).equals(want.audio)).toBe(true);
      expect(messages.map((m) => m.length)).toEqual(want.messages.map((m) => m.length));
      expect({ found, sentS }).toEqual({ found: want.found, sentS: want.sentS });
    }
  });

  // Serial numbers differ from encoder to encoder.
  it.each<[string, Uint8Array, AudioFormat]>([
    ['WAV', wav, WAV],
    ['raw samples', rawBytes, raw],
  ])('encodes the same packets of %s wherever it is cut', (_name, bytes, from) => {
    const source = streamed(bytes, from, 'opus');
    const packetsOf = (file: Uint8Array) => {
      using reader = new OggOpusReader();
      return [...reader.process(file), ...reader.flush()].map((p) => ({ ...p, bytes: Buffer.from(p.bytes) }));
    };
    const want = send(bytes, source, 3);
    for (const chunkBytes of [1, 7, 1000, 4096]) {
      const { audio, found, messages } = send(bytes, source, 3, chunkBytes);
      expect(packetsOf(audio)).toEqual(packetsOf(want.audio));
      expect(messages.map((m) => m.length)).toEqual(want.messages.map((m) => m.length));
      expect(found).toEqual(want.found);
    }
  });
});
