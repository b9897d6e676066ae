// What a call's samples may be, and what becomes of sources that have others. Not here: pacing and barge-in.
import { PassThrough, Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Transcoder, writeWav } from '../../../src/audio/index.js';
import { Rechunk, WavDecoder } from '../../../src/streams/index.js';
import type { LineFormat } from '../../../src/telephony/index.js';
import { bytesOf, called, chunksOf, rawLine, speech, word } from './media-stream-bridge-call.js';

const MULAW: LineFormat = { encoding: 'mulaw', sampleRateHz: 8_000, channels: 1 };
const PCM_24000 = { encoding: 's16le', sampleRateHz: 24_000 } as const;

const FORMATS: [string, LineFormat, number, number][] = [
  ['mulaw at 8 kHz', { encoding: 'mulaw', sampleRateHz: 8_000 }, 160, 0xff],
  ['alaw at 8 kHz', { encoding: 'alaw', sampleRateHz: 8_000 }, 160, 0xd5],
  ['s16le at 8 kHz', { encoding: 's16le', sampleRateHz: 8_000 }, 320, 0],
  ['s16le at 16 kHz', { encoding: 's16le', sampleRateHz: 16_000 }, 640, 0],
  ['s16le at 24 kHz', { encoding: 's16le', sampleRateHz: 24_000, channels: 1 }, 960, 0],
  ['s16le at 48 kHz', { encoding: 's16le', sampleRateHz: 48_000 }, 1_920, 0],
];

/** 16-bit samples of a tone. */
function tone(ms: number, sampleRateHz: number): Buffer {
  const samples = Int16Array.from({ length: (ms * sampleRateHz) / 1_000 }, (_, i) =>
    Math.round(9_000 * Math.sin((2 * Math.PI * 440 * i) / sampleRateHz)),
  );
  return Buffer.from(samples.buffer);
}

function converted(audio: Buffer, from: { encoding: 's16le'; sampleRateHz: number }, to = MULAW): Buffer {
  using transcoder = new Transcoder({ from, to });
  const out = Buffer.alloc(transcoder.maxOutputBytes(audio.length));
  const head = out.subarray(0, transcoder.processInto(audio, out));
  const tail = Buffer.alloc(transcoder.maxFlushBytes);
  return Buffer.concat([head, tail.subarray(0, transcoder.flushInto(tail))]);
}

function wavOf(audio: Buffer, sampleRateHz: number): Buffer {
  const samples = new Int16Array(audio.buffer, audio.byteOffset, audio.length / 2);
  return Buffer.from(writeWav(samples, { sampleRateHz }));
}

/** A source that says what it gives. */
function sourceOf(chunks: Iterable<Buffer>, outputFormat: unknown): Readable {
  return Object.assign(Readable.from(chunks, { objectMode: false }), { outputFormat });
}

/** What a phone hears of it, without the silence at the end. */
async function heardOf(source: Readable | Iterable<Buffer>, ms: number): Promise<Buffer> {
  const { clock, bridge, phone } = called();
  phone.call();
  const playback = bridge.play(source);
  await clock.live(ms);
  expect(await playback.done).toMatchObject({ complete: true });
  return phone.speechHeard;
}

/** To whole frames. */
function padded(audio: Buffer): Buffer {
  return Buffer.concat([audio, Buffer.alloc((160 - (audio.length % 160)) % 160, 0xff)]);
}

describe('MediaStreamBridge raw format', () => {
  it.each(FORMATS)('sends and hears %s', async (_name, format, frameBytes, silence) => {
    const { clock, socket, bridge, frames } = rawLine({ format, prebufferMs: 20 });
    await setImmediate();
    const audio = Buffer.alloc(5 * frameBytes - frameBytes / 2, 0x11);
    const playback = bridge.play(chunksOf(audio, 333));
    await clock.live(300);
    expect(await playback.done).toMatchObject({ durationS: 0.1, complete: true });
    expect(frames.map(({ atMs }) => atMs)).toEqual(frames.map((_, i) => 20 * i));
    expect(new Set(frames.map(({ frame }) => frame.length))).toEqual(new Set([frameBytes]));
    const sent = Buffer.concat(frames.map(({ frame }) => frame));
    expect(sent.subarray(sent.indexOf(0x11)).subarray(0, audio.length)).toEqual(audio);
    expect(sent.filter((byte) => byte !== 0x11).every((byte) => byte === silence)).toBe(true);
    expect(bridge.inbound.outputFormat).toEqual({ channels: 1, ...format });
    socket.say(audio);
    socket.close(1000);
    expect(await bytesOf(bridge.inbound)).toEqual(audio);
  });

  it('refuses part of a sample', () => {
    const { socket, bridge } = rawLine({ format: { encoding: 's16le', sampleRateHz: 16_000 } });
    socket.say(Buffer.alloc(639));
    expect(bridge.inbound.errored).toMatchObject({
      code: 'ERR_PROTOCOL',
      message: expect.stringContaining('639 bytes'),
    });
  });

  it.each([
    [{ encoding: 's16le', sampleRateHz: 11_025 }, 'ERR_INVALID_RATE'],
    [{ encoding: 's16le', sampleRateHz: 96_000 }, 'ERR_INVALID_RATE'],
    [{ encoding: 's16le', sampleRateHz: 16_000, channels: 2 }, 'ERR_INVALID_CHANNELS'],
  ])('refuses %j', (format, code) => {
    expect(() => rawLine({ format: format as LineFormat })).toThrow(expect.objectContaining({ code }));
  });
});

describe('MediaStreamBridge.play converts', () => {
  it('what a source says that it gives, however it is cut', async () => {
    const audio = tone(300, 24_000);
    const expected = padded(converted(audio, PCM_24000));
    const property = fc.asyncProperty(fc.integer({ min: 1, max: 20_000 }), async (bytes) => {
      expect(await heardOf(sourceOf(chunksOf(audio, bytes), PCM_24000), 700)).toEqual(expected);
    });
    await fc.assert(property, { seed: 7, numRuns: 8, examples: [[1_001], [20_000]] });
  });

  it('a WAV', async () => {
    const audio = tone(200, 16_000);
    const wav = sourceOf(chunksOf(wavOf(audio, 16_000), 100), { container: 'wav' });
    expect(await heardOf(wav, 600)).toEqual(
      padded(converted(audio, { encoding: 's16le', sampleRateHz: 16_000 })),
    );
  });

  it('what a source comes to know with its first chunk', async () => {
    const audio = tone(200, 44_100);
    const decoder = new WavDecoder();
    decoder.end(wavOf(audio, 44_100));
    expect(await heardOf(decoder, 600)).toEqual(
      padded(converted(audio, { encoding: 's16le', sampleRateHz: 44_100 })),
    );
  });

  it('to the format of a raw call', async () => {
    const format = { encoding: 's16le', sampleRateHz: 16_000 } as const;
    const { clock, bridge, frames } = rawLine({ format, underrun: 'nothing' });
    await setImmediate();
    const audio = tone(200, 24_000);
    const playback = bridge.play(sourceOf([audio], PCM_24000));
    await clock.live(500);
    expect(await playback.done).toMatchObject({ durationS: 0.2, complete: true });
    const expected = converted(audio, PCM_24000, { ...format, channels: 1 });
    expect(Buffer.concat(frames.map(({ frame }) => frame))).toEqual(expected);
  });

  it('and leaves the times of words as they are', async () => {
    const { clock, bridge, phone } = called();
    phone.call();
    const source = sourceOf([tone(600, 24_000)], PCM_24000);
    const playback = bridge.play(source);
    source.emit('word', word('one', 0, 0.2));
    source.emit('word', word('two', 0.3, 0.6));
    await clock.live(340);
    expect(playback.played()).toMatchObject({ durationS: 0.3, words: [word('one', 0, 0.2)] });
    bridge.clear();
    await clock.live(40);
    expect(source.destroyed).toBe(true);
    expect(await playback.done).toMatchObject({ complete: false });
  });

  it('nothing of a source that says nothing', async () => {
    expect(await heardOf(chunksOf(speech(200), 77), 600)).toEqual(speech(200));
    const rechunk = new Rechunk({ bytes: 50 });
    rechunk.end(speech(200));
    expect(await heardOf(rechunk, 600)).toEqual(speech(200));
  });

  const refused: [string, unknown, RegExp][] = [
    [
      'Ogg Opus',
      { container: 'ogg' },
      /takes samples, .* mulaw, mono, at 8000 Hz, .* gives Ogg Opus: put OggOpusDemuxer and OpusDecoderStream/,
    ],
    ['packets', { container: 'packets' }, /gives Opus packets: put OpusDecoderStream/],
  ];
  it.each(refused)('not %s', (_name, outputFormat, text) => {
    const { bridge, clock } = called();
    const play = () => bridge.play(sourceOf([], outputFormat));
    expect(play).toThrow(expect.objectContaining({ name: 'TypeError', code: 'ERR_FORMAT_MISMATCH' }));
    expect(play).toThrow(text);
    expect(clock.timers).toBe(0);
  });

  it('not what there is not', () => {
    const { bridge } = called();
    const play = () => bridge.play(sourceOf([], { encoding: 'opus', sampleRateHz: 8_000 }));
    expect(play).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG' }));
  });

  const noise: [string, Buffer, string][] = [
    ['a WAV', wavOf(tone(100, 8_000), 8_000), 'ERR_FORMAT_MISMATCH'],
    ['an Ogg file', Buffer.from(`OggS\0${'x'.repeat(2_000)}`), 'ERR_FORMAT_MISMATCH'],
  ];
  it.each(noise)('%s for samples: it is refused, never heard', async (_name, bytes, code) => {
    const { clock, bridge, phone, events } = called();
    phone.call();
    const playback = bridge.play(chunksOf(bytes, 3));
    const next = bridge.play([speech(100)]);
    await clock.live(400);
    await expect(playback.done).rejects.toMatchObject({ code });
    expect(await next.done).toMatchObject({ complete: true });
    expect(phone.speechHeard).toEqual(speech(100));
    expect(events).toHaveLength(1);
  });

  it('not a WAV that is broken, nor a sample that is', async () => {
    const { clock, bridge, phone } = called();
    phone.call();
    const broken = bridge.play(sourceOf([Buffer.from('no WAV at all, but words')], { container: 'wav' }));
    const odd = bridge.play(sourceOf([Buffer.alloc(1_001)], PCM_24000));
    const texts = bridge.play(new PassThrough({ encoding: 'utf8' }).end('words') as unknown as Readable);
    await clock.live(400);
    await expect(broken.done).rejects.toMatchObject({ name: 'FormatError' });
    await expect(odd.done).rejects.toMatchObject({ code: 'ERR_INVALID_LENGTH' });
    await expect(texts.done).rejects.toMatchObject({ code: 'ERR_INVALID_ARG' });
  });
});
