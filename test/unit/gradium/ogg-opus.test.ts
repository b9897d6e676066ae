// Ogg Opus through transcribe and stream, against a server that only listens. Routes by themselves: senders.test.ts;
// what a recogniser makes of it: test/speech/round-trip.test.ts.
import { createReadStream, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { describe, expect, it, vi } from 'vitest';
import { readOggOpus, writeOggOpus, writeWav } from '../../../src/audio/index.js';
import { FormatError, UnsupportedError } from '../../../src/errors.js';
import { WINDOW_S } from '../../../src/gradium/audio-window.js';
import { Gradium, type SttEvent, type SttStream, type SttStreamOptions } from '../../../src/gradium/index.js';
import { type Peer, politeStt, READY, scriptedServer } from '../../speech/scripted-server.js';
import { fixture, oggFixtures } from '../audio/helpers.js';
import { granuleOf, oggFile, oggPath, pagesOf } from './ogg-files.js';

const NAME = 'speech-16k-20ms-vbr-opusenc.opus';
const SPEECH = oggFile(NAME);
const SMALL_PAGES = oggFile('pages-one-packet-each.opus');
const OGG = { format: { container: 'ogg' } } satisfies SttStreamOptions;

const client = (url: string) => new Gradium({ apiKey: 'gd_secret', baseUrl: url });
const cut = function* (bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
};
/** What it gives, or throws. */
const outcome = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);
const audioMessages = (peer: Peer) => peer.of('audio').map((m) => Buffer.from(m.audio as string, 'base64'));
const formatOf = (peer: Peer) => peer.received[0]?.input_format;

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

async function eventsOf(stream: SttStream): Promise<SttEvent[]> {
  const events: SttEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

describe('transcribe of Ogg Opus', () => {
  it('passes its pages on, from any kind of source', async () => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const { stt } = client(server.url);
    const { frames } = readOggOpus(SPEECH);
    const transcript = {
      durationS: frames / 48_000,
      wire: { format: 'opus', untouched: true },
      source: { container: 'ogg', encoding: 'opus', sampleRateHz: 48_000, channels: 1, frames },
      warnings: [],
    };
    const named = { ...transcript, source: { ...transcript.source, name: oggPath(NAME) } };
    expect(await stt.transcribe(oggPath(NAME))).toMatchObject(named);
    const sources = [
      SPEECH,
      createReadStream(oggPath(NAME), { highWaterMark: 100 }),
      Readable.from(cut(SPEECH, 5)),
      Readable.toWeb(Readable.from(cut(SPEECH, 5000))) as ReadableStream<Uint8Array>,
    ];
    for (const source of sources) {
      const found = await stt.transcribe(source);
      expect(found).toMatchObject(transcript);
      expect(found.source).toEqual(transcript.source);
    }
    expect(await stt.transcribe(SPEECH, { format: { container: 'ogg' } })).toMatchObject(transcript);
    const [head, tags, ...sound] = pagesOf(SPEECH);
    for (const peer of server.peers) {
      expect(formatOf(peer)).toBe('opus');
      expect(audioMessages(peer)).toEqual([Buffer.concat([head!, tags!]), ...sound]);
    }
  });

  it.each(oggFixtures())(
    'says of %s what its truth says, whole and as a stream',
    async (_name, path, house) => {
      await using server = await scriptedServer((peer) => politeStt(peer));
      const { stt } = client(server.url);
      const format = OGG.format;
      for (const source of [path, readFileSync(path), Readable.from(cut(readFileSync(path), 777))]) {
        const found = await outcome(stt.transcribe(source, { format, retries: 0 }));
        if (house.result === 'format-error' || house.result === 'unsupported') {
          expect(found).toBeInstanceOf(house.result === 'unsupported' ? UnsupportedError : FormatError);
          expect(server.peers).toHaveLength(0);
          continue;
        }
        expect(found).toMatchObject({
          durationS: house.frames / 48_000,
          source: { frames: house.frames, channels: house.channels },
        });
        expect((found as { warnings: string[] }).warnings.toSorted()).toEqual(house.warnings.toSorted());
      }
      if (house.frames === 0) expect(server.peers).toHaveLength(0);
    },
  );

  it.each([
    'chained-three-mono.opus',
    'multichannel-6ch-family1.opus',
    'page-lost.opus',
    'crc-bad-one-page.opus',
  ])('decodes %s, whose pages would not do, unless told otherwise', async (name) => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const { stt } = client(server.url);
    const { frames } = readOggOpus(oggFile(name));
    expect(await stt.transcribe(oggPath(name))).toMatchObject({
      wire: { format: 'pcm_24000', untouched: false },
      durationS: frames / 48_000,
    });
    expect(server.peers[0]!.audio.length).toBe(2 * Math.ceil(frames / 2));
    const forced = await stt.transcribe(oggPath(name), { wire: 'opus' });
    expect(forced.wire).toEqual({ format: 'opus', untouched: true });
    expect(readOggOpus(server.peers[1]!.audio).frames).toBe(frames);
  });

  it.each(['no-eos.opus', 'truncated-mid-page.opus'])('passes %s on, which only ends early', async (name) => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const { wire } = await client(server.url).stt.transcribe(oggPath(name));
    expect(wire).toEqual({ format: 'opus', untouched: true });
    expect(oggFile(name).subarray(0, server.peers[0]!.audio.length).equals(server.peers[0]!.audio)).toBe(
      true,
    );
  });

  it('passes a stereo stream on, and decodes one of more channels', async () => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const { stt } = client(server.url);
    const stereo = Buffer.from(writeOggOpus(new Int16Array(96_000), { sampleRateHz: 48_000, channels: 2 }));
    expect(await stt.transcribe(Readable.from(cut(stereo, 100)))).toMatchObject({
      wire: { format: 'opus', untouched: true },
      source: { channels: 2, frames: 48_000 },
    });
    expect(server.peers[0]!.audio.equals(stereo)).toBe(true);
    const six = createReadStream(oggPath('multichannel-6ch-family1.opus'));
    expect((await stt.transcribe(six)).wire).toEqual({ format: 'pcm_24000', untouched: false });
  });

  it('passes a chained stream on, and counts all of it', async () => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const file = oggFile('chained-three-mono.opus');
    const transcript = await client(server.url).stt.transcribe(Readable.from(cut(file, 999)));
    expect(transcript.source.frames).toBe(readOggOpus(file).frames);
    expect(server.peers[0]!.audio.equals(file)).toBe(true);
  });

  it.each([1, 16, 40, 300])(
    'knows Ogg behind other bytes in a stream of %i bytes at a time',
    async (size) => {
      await using server = await scriptedServer((peer) => politeStt(peer));
      const file = oggFile('garbage-before-first-page.opus');
      const { source, warnings } = await client(server.url).stt.transcribe(Readable.from(cut(file, size)));
      expect(source.frames).toBe(readOggOpus(file).frames);
      expect(warnings).toEqual(['junk-before-first-page']);
    },
  );

  it('decodes to the raw wire that is asked for', async () => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const { stt } = client(server.url);
    const { frames } = readOggOpus(SPEECH);
    for (const source of [SPEECH, Readable.from(cut(SPEECH, 99))]) {
      const { wire, durationS } = await stt.transcribe(source, { wire: 'pcm_16000' });
      expect({ wire, durationS }).toEqual({
        wire: { format: 'pcm_16000', untouched: false },
        durationS: frames / 48_000,
      });
    }
    for (const peer of server.peers) expect(peer.audio.length).toBe(2 * Math.ceil(frames / 3));
  });

  it('refuses to send it as a WAV, and what it is not', async () => {
    const connected = vi.fn();
    await using server = await scriptedServer(connected);
    const { stt } = client(server.url);
    for (const source of [SPEECH, Readable.from(cut(SPEECH, 999)), oggPath(NAME)]) {
      expect(await outcome(stt.transcribe(source, { wire: 'wav' }))).toMatchObject({
        name: 'TypeError',
        code: 'ERR_INVALID_ARG',
      });
    }
    const wav = fixture('speech-16k-mono-s16.wav');
    for (const source of [SPEECH, Readable.from([SPEECH])]) {
      expect(await outcome(stt.transcribe(source, { format: { container: 'wav' } }))).toMatchObject({
        code: 'ERR_UNSUPPORTED_CONTAINER',
      });
    }
    for (const source of [wav, Readable.from([wav])]) {
      expect(await outcome(stt.transcribe(source, OGG))).toMatchObject({ code: 'ERR_UNSUPPORTED_CONTAINER' });
    }
    expect(await outcome(stt.transcribe(Readable.from([SPEECH.subarray(0, 40)])))).toBeInstanceOf(
      FormatError,
    );
    expect(connected).not.toHaveBeenCalled();
  });

  it('holds 8 MiB of what lies before the audio of a stream, and no more', async () => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const { stt } = client(server.url);
    const tags = { ART: 'x'.repeat(9 * 2 ** 20) };
    const heavy = writeOggOpus(new Int16Array(8000), { sampleRateHz: 8000, tags });
    expect(await outcome(stt.transcribe(Readable.from(cut(heavy, 65_536))))).toMatchObject({
      code: 'ERR_UNSUPPORTED_CONTAINER',
      message: expect.stringContaining('give its path'),
    });
    expect(await stt.transcribe(heavy)).toMatchObject({ durationS: 1 });
    expect(server.peers).toHaveLength(1);

    // Headers, 9 MiB of another stream, then sound: the session is there before it.
    const [head, comments, ...sound] = pagesOf(SPEECH);
    const strange = Buffer.concat(pagesOf(oggFile('reject-vorbis.ogg')).slice(1));
    const late = async function* () {
      yield Buffer.concat([head!, comments!]);
      for (let bytes = 0; bytes < 9 * 2 ** 20; bytes += strange.length) yield strange;
      while (server.peers.length < 2) await turns(1);
      yield* sound;
    };
    expect(await stt.transcribe(late())).toMatchObject({ warnings: ['stray-page'] });
    expect(server.peers[1]!.audio.equals(SPEECH)).toBe(true);
  });

  it('begins with the first page again in a new attempt', async () => {
    await using server = await scriptedServer(async (peer, nth) => {
      if (nth > 0) return politeStt(peer);
      await peer.next('setup');
      peer.send(READY);
      await peer.next('audio');
      peer.ws.close(1011);
    });
    vi.spyOn(Math, 'random').mockReturnValue(0);
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout'],
      shouldAdvanceTime: true,
      advanceTimeDelta: 500,
    });
    const transcript = await client(server.url).stt.transcribe(oggPath(NAME));
    vi.useRealTimers();
    vi.restoreAllMocks();
    expect(transcript.wire.format).toBe('opus');
    expect(server.peers[1]!.audio.equals(SPEECH)).toBe(true);
  });

  it('tells how far it is, and knows the length of a whole file', async () => {
    await using server = await scriptedServer((peer) =>
      politeStt(peer, ...Array.from({ length: 40 }, (_, i) => ({ type: 'step', vad: [], step_idx: i }))),
    );
    const { stt } = client(server.url);
    const durationS = readOggOpus(SPEECH).frames / 48_000;
    const onProgress = vi.fn();
    await stt.transcribe(SPEECH, { onProgress });
    expect(onProgress.mock.calls.length).toBeGreaterThan(2);
    for (const [progress] of onProgress.mock.calls) expect(progress.durationS).toBe(durationS);
    expect(onProgress).toHaveBeenLastCalledWith({ transcribedS: durationS, durationS });
  });

  it.each(['opus', 'pcm_8000'] as const)('is at most a minute ahead with %s', async (wire) => {
    const long = writeOggOpus(noise(150 * 8000), { sampleRateHz: 8000 });
    await using server = await scriptedServer((peer) => peer.next('setup'));
    const abort = new AbortController();
    const result = outcome(client(server.url).stt.transcribe(long, { wire, signal: abort.signal }));
    const sentS = () => {
      const [peer] = server.peers;
      if (wire !== 'opus') return (peer?.audio.length ?? 0) / 16_000;
      return Math.max(0, ...(peer ? pagesOf(peer.audio).map(granuleOf) : [])) / 48_000;
    };
    while (sentS() < WINDOW_S) await turns(1);
    await turns(200);
    expect(sentS()).toBeLessThan(WINDOW_S + 15);
    abort.abort('enough');
    expect(await result).toBe('enough');
  });

  it('does not believe granules that begin late', async () => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const pages = pagesOf(SPEECH).map((page) => Buffer.from(page));
    const file = Readable.from([oggFile('joined-mid-stream.opus')]);
    expect(granuleOf(pages.at(-1)!)).toBeLessThan(10 * 48_000);
    const { durationS } = await client(server.url).stt.transcribe(file);
    expect(durationS).toBe(readOggOpus(oggFile('joined-mid-stream.opus')).frames / 48_000);
  });
});

describe('transcribe to opus', () => {
  const wav = fixture('speech-16k-mono-s16.wav');

  it('encodes a WAV and raw samples, from any kind of source', async () => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const { stt } = client(server.url);
    const format = { encoding: 's16le', sampleRateHz: 16_000 } as const;
    const wire = { format: 'opus', untouched: false };
    for (const source of [wav, Readable.from(cut(wav, 99))]) {
      expect(await stt.transcribe(source, { wire: 'opus' })).toMatchObject({
        wire,
        source: { container: 'wav', encoding: 's16le', frames: 55_177 },
        warnings: [],
      });
    }
    for (const source of [wav.subarray(44), Readable.from(cut(wav.subarray(44, -1), 99))]) {
      const transcript = await stt.transcribe(source, { wire: 'opus', format });
      expect(transcript).toMatchObject({ wire, source: { container: 'raw' } });
    }
    for (const [i, peer] of server.peers.entries()) {
      expect(formatOf(peer)).toBe('opus');
      expect(readOggOpus(peer.audio).frames).toBe(3 * (i < 3 ? 55_177 : 55_176));
      for (const message of audioMessages(peer)) expect(Buffer.concat(pagesOf(message))).toEqual(message);
    }
  });

  it('says what is missing and what is odd, as with other wires', async () => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const { stt } = client(server.url);
    const truncated = wav.subarray(0, 44 + 32_000);
    for (const source of [truncated, Readable.from([truncated])]) {
      const transcript = await stt.transcribe(source, { wire: 'opus' });
      expect(transcript).toMatchObject({ durationS: 1, warnings: ['truncated'] });
      expect(transcript.source.missingS).toBeCloseTo((55_177 - 16_000) / 16_000, 9);
    }
    const format = { encoding: 's16le', sampleRateHz: 16_000 } as const;
    const odd = await stt.transcribe(Buffer.alloc(3201), { wire: 'opus', format });
    expect(odd).toMatchObject({ durationS: 0.1, warnings: ['partial-frame'] });
    const empty = await stt.transcribe(new Uint8Array(0), { wire: 'opus', format });
    expect(empty.warnings).toEqual(['no-audio']);
    expect(server.peers).toHaveLength(3);
  });

  it('refuses a rate that cannot be encoded before it connects', async () => {
    const connected = vi.fn();
    await using server = await scriptedServer(connected);
    const slow = Buffer.from(writeWav(new Int16Array(800), { sampleRateHz: 1000 }));
    slow.writeUInt32LE(500, 24);
    slow.writeUInt32LE(1000, 28);
    const { stt } = client(server.url);
    for (const source of [slow, Readable.from([slow])]) {
      expect(await outcome(stt.transcribe(source, { wire: 'opus' }))).toMatchObject({
        name: 'UnsupportedError',
        code: 'ERR_WAV_UNSUPPORTED_RATE',
      });
    }
    expect(connected).not.toHaveBeenCalled();
  });

  it.each([
    ['encodes', 'opus'],
    ['decodes', 'pcm_8000'],
  ] as const)('lets the event loop turn while it %s', async (does, wire) => {
    const minute = noise(60 * 8000);
    let turned = 0;
    let counting = false;
    const count = () => {
      turned++;
      if (counting) setImmediate(count);
    };
    await using server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      counting = true;
      count();
      peer.send(READY);
      await peer.next('end_of_stream');
      counting = false;
      peer.send({ type: 'end_of_stream' });
    });
    const source =
      does === 'encodes'
        ? writeWav(minute, { sampleRateHz: 8000 })
        : writeOggOpus(minute, { sampleRateHz: 8000, bitrate: 6000 });
    // By this clock two pieces of a second take longer than may pass without a turn.
    let nowMs = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => (nowMs += 6));
    await client(server.url).stt.transcribe(source, { wire });
    vi.restoreAllMocks();
    expect(turned).toBeGreaterThan(25);
  });
});

describe('SttStream of Ogg Opus', () => {
  const pages = pagesOf(SMALL_PAGES);

  it('sends each page as soon as it is complete', async () => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const stream = client(server.url).stt.stream(OGG);
    const events = eventsOf(stream);
    const got = () => (server.peers[0] ? audioMessages(server.peers[0]) : []);
    stream.write(pages[0]);
    stream.write(pages[1]);
    while (got().length < 2) await turns(1);
    for (let i = 2; i < 12; i++) {
      const page = pages[i]!;
      stream.write(page.subarray(0, 10));
      stream.write(page.subarray(10, -1));
      await turns(20);
      expect(got()).toHaveLength(i);
      stream.write(page.subarray(-1));
      while (got().length <= i) await turns(1);
    }
    stream.end(Buffer.concat(pages.slice(12)));
    expect((await events).map(({ type }) => type)).toEqual(['ready', 'endOfStream']);
    expect(formatOf(server.peers[0]!)).toBe('opus');
    expect(got()).toEqual(pages);
  });

  it.each([1, 100, 5000])('sends the same from pieces of %i bytes', async (size) => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const stream = client(server.url).stt.stream({ ...OGG, wire: 'opus' });
    Readable.from(cut(SPEECH, size)).pipe(stream);
    await eventsOf(stream);
    expect(audioMessages(server.peers[0]!)).toEqual(pagesOf(SPEECH));
  });

  it.each([
    ['reject-vorbis.ogg', 'ERR_OGG_UNSUPPORTED_CODEC'],
    ['bos-missing.opus', 'ERR_OGG_NO_BOS'],
    ['reject-raw-opus-packets.opus', 'ERR_OGG_NOT_OGG'],
  ])('refuses %s before it ends', async (name, code) => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const stream = client(server.url).stt.stream(OGG);
    const events = outcome(eventsOf(stream));
    const bytes = oggFile(name);
    for (let sent = 0; sent <= 16 * 1024; sent += bytes.length) stream.write(bytes);
    expect(await events).toMatchObject({ code });
  });

  it('waits for the end of artwork among the tags', async () => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const art = writeOggOpus(new Int16Array(960), {
      sampleRateHz: 48_000,
      tags: { METADATA_BLOCK_PICTURE: 'A'.repeat(100_000) },
    });
    const stream = client(server.url).stt.stream(OGG);
    const events = eventsOf(stream);
    for (const piece of cut(art, 1000)) stream.write(piece);
    stream.end();
    expect((await events).at(-1)).toMatchObject({ type: 'endOfStream' });
    expect(server.peers[0]!.audio.equals(Buffer.from(art))).toBe(true);
  });

  it('gathers pages where more steps are asked for', async () => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const stream = client(server.url).stt.stream({ ...OGG, stepsPerMessage: 5 });
    stream.end(SMALL_PAGES);
    await eventsOf(stream);
    expect(server.peers[0]!.audio.equals(SMALL_PAGES)).toBe(true);
    expect(server.peers[0]!.of('audio').length).toBeLessThan(pages.length / 10);
  });

  it('decodes to a raw wire, and what has more than two channels', async () => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const { stt } = client(server.url);
    const six = oggFile('multichannel-6ch-family1.opus');
    for (const [file, options] of [
      [SPEECH, { ...OGG, wire: 'pcm_24000' }],
      [six, OGG],
    ] as const) {
      const stream = stt.stream(options);
      stream.end(file);
      await eventsOf(stream);
      const peer = server.peers.at(-1)!;
      expect(formatOf(peer)).toBe('pcm_24000');
      expect(peer.audio.length).toBe(2 * Math.ceil(readOggOpus(file).frames / 2));
    }
  });

  it('sends decoded samples of each write without waiting for the next', async () => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const stream = client(server.url).stt.stream({ ...OGG, wire: 'pcm_48000' });
    stream.write(Buffer.concat(pages.slice(0, 12)));
    // 200 ms less the pre-skip: two whole steps.
    while ((server.peers[0]?.audio.length ?? 0) < 2 * 7680) await turns(1);
    stream.destroy();
  });

  it('limits word times by the samples that were sent', async () => {
    const durationS = readOggOpus(SPEECH).frames / 48_000;
    await using server = await scriptedServer((peer) =>
      politeStt(peer, { type: 'text', text: 'late', start_s: durationS + 2 }),
    );
    const stream = client(server.url).stt.stream(OGG);
    stream.end(SPEECH);
    const word = (await eventsOf(stream)).find((event) => event.type === 'word');
    expect(word).toMatchObject({ word: { startS: durationS, stopS: durationS } });
  });

  it('answers a flush that comes between pages', async () => {
    await using server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      peer.send(READY);
      const flush = await peer.next('flush');
      peer.send({ type: 'flushed', flush_id: flush?.flush_id });
      await peer.next('end_of_stream');
      peer.send({ type: 'end_of_stream' });
    });
    const stream = client(server.url).stt.stream(OGG);
    stream.write(Buffer.concat(pages.slice(0, 5)));
    const flushed = stream.flush();
    stream.end(Buffer.concat(pages.slice(5)));
    const events = await eventsOf(stream);
    expect(events).toContainEqual({ type: 'flushed', flushId: await flushed });
    const types = server.peers[0]!.received.map(({ type }) => type);
    expect(types.indexOf('flush')).toBe(6);
  });

  it('fails on what is no Ogg Opus, on none at all, and opens nothing', async () => {
    const connected = vi.fn();
    await using server = await scriptedServer(connected);
    const { stt } = client(server.url);
    for (const [bytes, code] of [
      [Buffer.from('this is no audio at all'), 'ERR_OGG_NOT_OGG'],
      [oggFile('reject-vorbis.ogg'), 'ERR_OGG_UNSUPPORTED_CODEC'],
      [SPEECH.subarray(0, 60), undefined],
      [undefined, 'ERR_OGG_NOT_OGG'],
    ] as const) {
      const stream = stt.stream(OGG);
      if (bytes) stream.end(bytes);
      else stream.end();
      const error = await outcome(finished(stream.resume()));
      expect(error).toHaveProperty('byteOffset');
      if (code) expect(error).toMatchObject({ code });
    }
    expect(connected).not.toHaveBeenCalled();
  });
});

describe('SttStream to opus', () => {
  it.each([
    ['a WAV', { container: 'wav' }, 0],
    ['raw samples', { encoding: 's16le', sampleRateHz: 16_000 }, 44],
  ] as const)('encodes %s, a page of 80 ms at a time', async (_name, format, from) => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const stream = client(server.url).stt.stream({ format, wire: 'opus' });
    const bytes = fixture('speech-16k-mono-s16.wav').subarray(from);
    const events = eventsOf(stream);
    stream.write(bytes.subarray(0, 16_044));
    // Half a second is six pages, of which the last is held back until a packet follows it.
    while ((server.peers[0]?.of('audio').length ?? 0) < 7) await turns(1);
    stream.end(bytes.subarray(16_044));
    await events;
    const [peer] = server.peers;
    expect(formatOf(peer!)).toBe('opus');
    expect(readOggOpus(peer!.audio).frames).toBe(3 * 55_177);
    for (const message of audioMessages(peer!)) expect(pagesOf(message)).toHaveLength(1);
  });
});

function noise(length: number): Int16Array<ArrayBuffer> {
  let state = 1;
  return Int16Array.from({ length }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return (state % 8000) - 4000;
  });
}
