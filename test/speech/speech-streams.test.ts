// Live speech as a part of a pipeline, against the sandbox: every source with nothing between, objects and text out, slow
// and failing neighbours, and Node's contract as far as it goes for a stream that has a service behind it.
import { getEventListeners, once } from 'node:events';
import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import nodeStream, { Duplex, PassThrough, Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, expectTypeOf, it } from 'vitest';
import {
  encodeMulaw,
  Gradium,
  MulawDecoder,
  OggOpusDemuxer,
  OggOpusMuxer,
  readWav,
  type SttEvent,
  type SttStream,
  type SttTextStreamOptions,
  transcode,
  WavDecoder,
  type Word,
  writeOggOpus,
} from '../../src/index.js';
import { type Fault, type Sandbox, startSandbox } from '../../src/sandbox/index.js';
import { folderWith } from '../unit/cli/folder.js';
import { ffmpeg, withoutFfmpeg } from '../without-ffmpeg.js';
import { longRecording } from './long-recording.js';

/** Node has it from 16.9 on; its types for 20 have not. */
const { compose } = nodeStream as unknown as { compose(...streams: Duplex[]): Duplex };

const VOICES = join(import.meta.dirname, '../fixtures/audio/voice');
const SAID = 'Hello from Sluice';
const VOICE = join(VOICES, 'voice-48k-mono-s16.wav');
const MULAW = { encoding: 'mulaw', sampleRateHz: 8000 } as const;

let sandbox: Sandbox;
let client: Gradium;
/** Two words of 8 kHz µ-law. */
let speech: Buffer;
beforeAll(async () => {
  sandbox = await startSandbox();
  client = new Gradium({ apiKey: 'any', baseUrl: sandbox.url });
  speech = (await client.tts.synthesize('One two.', { outputFormat: 'ulaw_8000' })).data;
});
afterAll(() => sandbox.close());
beforeEach(() => sandbox.clearReceived());

/** Until it is so: for what another process, or the kernel, does in its own time. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await turn();
}

/** Until this has not changed for so long that nothing is under way. */
async function settled(value: () => unknown): Promise<void> {
  for (let [seen, still] = [value(), 0]; still < 300; still++) {
    await turn();
    const now = value();
    if (now !== seen) [seen, still] = [now, 0];
  }
}

/** Of each connection that was made, its end: nothing is left open at the service's side. */
const closedThere = (count: number) =>
  until(() => {
    const { connections, sockets } = sandbox.received();
    return connections.opened === count && connections.closed === count && sockets === 0;
  });

class Collected extends Writable {
  readonly parts: Buffer[] = [];

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.parts.push(chunk);
    done();
  }

  get bytes(): Buffer {
    return Buffer.concat(this.parts);
  }

  get text(): string {
    return this.bytes.toString();
  }
}

/** Takes a chunk when it is told to. */
class Slow extends Writable {
  readonly chunks: unknown[] = [];
  #done: (() => void) | undefined;
  #free = false;

  constructor(objectMode: boolean) {
    super({ objectMode, highWaterMark: 1 });
  }

  override _write(chunk: unknown, _encoding: BufferEncoding, done: () => void): void {
    this.chunks.push(chunk);
    if (this.#free) done();
    else this.#done = done;
  }

  tick(): void {
    const done = this.#done;
    this.#done = undefined;
    done?.();
  }

  /** From now on as fast as it comes. */
  release(): void {
    this.#free = true;
    this.tick();
  }
}

const full = (failure: Error) =>
  new Writable({ objectMode: true, write: (_chunk, _encoding, done) => done(failure) });

async function textOf(streams: (Readable | Duplex)[], options: Partial<SttTextStreamOptions> = {}) {
  const stream = client.stt.stream({ ...options, output: 'text' });
  const sink = new Collected();
  await pipeline([...streams, stream, sink]);
  return sink.text;
}

function* chunksOf(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const voiceSamples = () => readWav(readFileSync(VOICE)).samples as Int16Array;

describe('a source and stt.stream', () => {
  const SOURCES: [string, string, () => (Readable | Duplex)[]][] = [
    ['a WAV file', SAID, () => [createReadStream(VOICE)]],
    [
      'a WAV file of G.711',
      'Your call may be transcribed',
      () => [createReadStream(join(VOICES, 'voice-8k-mono-mulaw.wav'), { highWaterMark: 160 })],
    ],
    [
      'a WAV file of 24 bits in stereo',
      'Ça va 👋',
      () => [createReadStream(join(VOICES, 'voice-44k1-stereo-s24.wav'))],
    ],
    [
      'Ogg Opus',
      SAID,
      () => [Readable.from([Buffer.from(writeOggOpus(voiceSamples(), { sampleRateHz: 48_000 }))])],
    ],
    ['decoded samples', SAID, () => [createReadStream(VOICE), new WavDecoder()]],
    [
      'what transcode gives',
      SAID,
      () => [createReadStream(VOICE), transcode({ from: { container: 'wav' }, to: MULAW })],
    ],
    [
      'packets with OggOpusMuxer',
      SAID,
      () => [
        Readable.from([Buffer.from(writeOggOpus(voiceSamples(), { sampleRateHz: 48_000 }))]),
        new OggOpusDemuxer(),
        new OggOpusMuxer({ channels: 1 }),
      ],
    ],
    ...(['pcm', 'pcm_16000', 'ulaw_8000', 'alaw_8000', 'wav', 'opus'] as const).map(
      (outputFormat): [string, string, () => Duplex[]] => [
        `speech in ${outputFormat}`,
        'Good morning to you.',
        () => {
          const speech = client.tts.stream({ outputFormat });
          speech.end('Good morning to you.');
          return [speech];
        },
      ],
    ),
  ];

  it.each(SOURCES)('need nothing between them: %s', async (_name, said, streams) => {
    expect(await textOf(streams())).toBe(`${said}\n`);
  });

  describe.skipIf(withoutFfmpeg('live sessions of other containers'))('with FFmpeg', () => {
    it.each([
      ['mp3', []],
      ['m4a', []],
      ['flac', []],
      ['webm', ['-c:a', 'libopus']],
      ['ogg', ['-c:a', 'libvorbis', '-q:a', '8']],
    ])('need nothing between them: %s', async (kind, args) => {
      const path = join(folderWith(), `call.${kind}`);
      ffmpeg('-i', VOICE, ...args, path);
      for (const highWaterMark of [777, 65_536]) {
        expect(await textOf([createReadStream(path, { highWaterMark })])).toBe(`${SAID}\n`);
      }
    });

    it('need none where bytes follow that FFmpeg does not want', async () => {
      const path = join(folderWith(), 'call.aiff');
      ffmpeg('-i', VOICE, path);
      const long = Buffer.concat([readFileSync(path), Buffer.alloc(3_000_000)]);
      expect(await textOf([Readable.from(chunksOf(long, 16_384))])).toBe(`${SAID}\n`);
    });

    it("end with FFmpeg's own complaint", async () => {
      const path = join(folderWith(), 'call.flac');
      ffmpeg('-i', VOICE, path);
      const broken = Buffer.concat([readFileSync(path).subarray(0, 64), Buffer.alloc(200_000, 0xff)]);
      await expect(textOf([Readable.from([broken])])).rejects.toMatchObject({ name: 'FfmpegError' });
      await until(() => sandbox.received().sockets === 0);
    });

    it('leave no program behind when they are left', async () => {
      const path = join(folderWith(), 'call.mp3');
      ffmpeg('-i', VOICE, path);
      const stream = client.stt.stream();
      stream.write(readFileSync(path));
      for await (const event of stream) if (event.type === 'ready') break;
      expect(stream.destroyed).toBe(true);
      await closedThere(1);
    });
  });
});

describe('text out', () => {
  const spoken = async (text: string) =>
    (await client.tts.synthesize(text, { outputFormat: 'ulaw_8000' })).data;

  it('has one space between words, and a line for all of them', async () => {
    const audio = await spoken('One two. <break time="2s" /> Three.');
    expect(await textOf([Readable.from([audio])], { format: MULAW })).toBe('One two. Three.\n');
  });

  it('has a line for each turn', async () => {
    const audio = await spoken('How are you? <break time="2s" /> Fine.');
    const stream = client.stt.stream({ format: MULAW, turns: { flushBy: 'none' }, output: 'text' });
    const sink = new Collected();
    await pipeline(Readable.from([audio]), stream, sink);
    expect(sink.text).toBe('How are you?\nFine.\n');
  });

  it('is empty when nothing was said', async () => {
    expect(await textOf([Readable.from([Buffer.alloc(16_000, 0xff)])], { format: MULAW })).toBe('');
  });

  it('comes as it becomes final, before the end, and as strings with setEncoding', async () => {
    const stream = client.stt.stream({ format: MULAW, output: 'text' }).setEncoding('utf8');
    let text = '';
    stream.on('data', (part: string) => {
      text += part;
    });
    // 2 s of silence: behind them the decoder, 0.8 s late, has said all.
    stream.write(Buffer.concat([await spoken('Voilà: über 100 €.'), Buffer.alloc(16_000, 0xff)]));
    await until(() => text === 'Voilà: über 100 €.');
    stream.end();
    await once(stream, 'end');
    expect(text).toBe('Voilà: über 100 €.\n');
  });

  it('has every word once, through sessions that end and drop', async () => {
    const faults: Fault[] = [{ kind: 'drop', request: 2, after: 200 }];
    const short = await startSandbox({ sessionLimitS: 30, faults });
    const { samples, said } = longRecording(70, 8000);
    const stream = new Gradium({ apiKey: 'any', baseUrl: short.url, sessionLimitS: 30 }).stt.stream({
      format: MULAW,
      output: 'text',
    });
    const sink = new Collected();
    await pipeline(Readable.from([Buffer.from(encodeMulaw(samples))]), stream, sink);
    expect(sink.text).toBe(`${said.map(({ text }) => text).join(' ')}\n`);
    expect(short.received().sessions.length).toBeGreaterThanOrEqual(4);
    await short.close();
  });

  it('has a type of its own', () => {
    const [text, events] = [client.stt.stream({ output: 'text' }), client.stt.stream()];
    expectTypeOf(text).toEqualTypeOf<SttStream<Buffer>>();
    expectTypeOf(events).toEqualTypeOf<SttStream<SttEvent>>();
    text.on('data', (chunk) => expectTypeOf(chunk).toEqualTypeOf<Buffer>());
    events.once('data', (chunk) => expectTypeOf(chunk).toEqualTypeOf<SttEvent>());
    expect([text.readableObjectMode, events.readableObjectMode]).toEqual([false, true]);
  });

  it('refuses another output', () => {
    expect(() => client.stt.stream({ output: 'xml' as 'text' })).toThrow(/output must be 'events' or 'text'/);
  });
});

describe('a slow sink', () => {
  it('pauses an hour of audio, holds seconds of it, and loses nothing', async () => {
    const step = Buffer.alloc(640, 0xff);
    const offered = { chunks: 0, until: 3600 * 12.5 };
    function* hour() {
      while (offered.chunks < offered.until) {
        offered.chunks++;
        yield step;
      }
    }
    const stream = client.stt.stream({ format: MULAW });
    const sink = new Slow(true);
    const ended = pipeline(Readable.from(hour(), { objectMode: true, highWaterMark: 1 }), stream, sink);
    await settled(() => offered.chunks);
    const early = offered.chunks;
    // What may be sent ahead of the service is a minute; what waits here, seconds.
    expect(early).toBeLessThan(120 * 12.5);
    for (let i = 0; i < 200; i++) {
      sink.tick();
      await turn();
      expect(stream.writableLength).toBeLessThanOrEqual(stream.writableHighWaterMark + step.length);
    }
    await settled(() => offered.chunks);
    expect(sink.chunks.length).toBeGreaterThan(190);
    expect(offered.chunks - early).toBeLessThan(60 * 12.5);
    expect(stream.readableLength).toBeLessThan(3_000);
    offered.until = offered.chunks;
    sink.release();
    await ended;
    const steps = (sink.chunks as SttEvent[]).filter((event) => event.type === 'step');
    expect(steps.map(({ index }) => index)).toEqual(steps.map((_, i) => i));
    expect(steps.length).toBeGreaterThanOrEqual(offered.chunks);
    expect(sink.chunks.at(-1)).toEqual({ type: 'endOfStream' });
  });

  it('keeps the socket of spoken audio from being read, and gets every byte', async () => {
    const text = 'The quick brown fox jumps over the lazy dog. '.repeat(40);
    const { data } = await client.tts.synthesize(text.trim(), { outputFormat: 'pcm_24000' });
    const stream = client.tts.stream();
    const sink = new Slow(false);
    const ended = pipeline(Readable.from([text.trim()]), stream, sink);
    let most = 0;
    for (let i = 0; i < 30; i++) {
      await settled(() => stream.readableLength);
      most = Math.max(most, stream.readableLength);
      sink.tick();
    }
    // 1 s, and one read of the socket beyond it (64 kB of base64), of some two minutes.
    expect(most).toBeLessThan(48_000 + 4 * 65_536);
    expect(data.length).toBeGreaterThan(10 * most);
    sink.release();
    await ended;
    expect(Buffer.concat(sink.chunks as Buffer[]).equals(data)).toBe(true);
  });
});

/** The three of them, with input for each. */
const KINDS = {
  'stt.stream': {
    make: (signal?: AbortSignal) => client.stt.stream({ format: MULAW, ...(signal && { signal }) }) as Duplex,
    input: () => speech as Buffer | string,
    wrong: ['text', 7, {}, [1], new Int16Array(2), true] as unknown[],
  },
  'tts.stream': {
    make: (signal?: AbortSignal) => client.tts.stream({ ...(signal && { signal }) }) as Duplex,
    input: () => 'One two. Three four. ' as Buffer | string,
    wrong: [7, {}, [1], new Int16Array(2), true] as unknown[],
  },
  's2s.stream': {
    make: (signal?: AbortSignal) =>
      client.s2s.stream({
        format: MULAW,
        targetLanguage: 'fr',
        pace: 0,
        ...(signal && { signal }),
      }) as Duplex,
    input: () => speech as Buffer | string,
    wrong: ['text', 7, {}, [1], new Int16Array(2), true] as unknown[],
  },
};

describe.each(Object.entries(KINDS))('%s in a pipeline', (_name, { make, input, wrong }) => {
  const forever = () =>
    Readable.from(
      (async function* () {
        for (;;) {
          yield input();
          await turn();
        }
      })(),
    );
  const closed = async (stream: Duplex) => {
    if (!stream.closed) await new Promise((resolve) => stream.once('close', resolve));
    await turn(); // the events of an end come behind it
  };
  const nowhere = () => new PassThrough({ objectMode: true }).resume();

  it('closes the session at once when its sink fails', async () => {
    const failure = new Error('the disk is full');
    const stream = make();
    await expect(pipeline(forever(), stream, full(failure))).rejects.toBe(failure);
    await closed(stream);
    await until(() => sandbox.received().sockets === 0);
  });

  it('ends with its source: its error, or that it ended before its end', async () => {
    for (const failure of [new Error('unplugged'), undefined]) {
      const [source, stream] = [forever(), make()];
      const ended = pipeline(source, stream, nowhere());
      await until(() => stream.writableLength > 0 || sandbox.received().sockets > 0);
      source.destroy(failure);
      if (failure) await expect(ended).rejects.toBe(failure);
      else await expect(ended).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
      await closed(stream);
      await until(() => sandbox.received().sockets === 0);
    }
  });

  it("ends with the pipeline's signal, and leaves no listener", async () => {
    const abort = new AbortController();
    const stream = make();
    const ended = pipeline(forever(), stream, nowhere(), { signal: abort.signal });
    await until(() => sandbox.received().sockets > 0);
    abort.abort();
    await expect(ended).rejects.toMatchObject({ name: 'AbortError' });
    await closed(stream);
    await until(() => sandbox.received().sockets === 0);
    expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
  });

  const states: Record<string, (stream: Duplex) => unknown> = {
    'nothing was written': () => {},
    'something was written': (stream) => stream.write(input()),
    'the session is open': async (stream) => {
      stream.write(input());
      await until(() => sandbox.received().sessions.length > 0);
    },
    'it has ended and nobody reads': (stream) => stream.end(input()),
    'it flows': async (stream) => {
      stream.resume();
      stream.write(input());
      await turn();
    },
  };
  for (const [state, reach] of Object.entries(states)) {
    it(`closes once and gives nothing more when destroyed while ${state}`, async () => {
      const stream = make();
      let [closes, late] = [0, 0];
      const errors: unknown[] = [];
      stream.on('close', () => closes++).on('error', (error) => errors.push(error));
      await reach(stream);
      const failure = new Error('enough');
      stream.destroy(failure);
      stream.on('data', () => late++);
      stream.write(input());
      await closed(stream);
      stream.destroy();
      await until(() => sandbox.received().sockets === 0);
      expect([closes, late, errors]).toEqual([1, 0, [failure]]);
    });

    it(`ends with its signal's own reason when aborted while ${state}`, async () => {
      const abort = new AbortController();
      const stream = make(abort.signal);
      const errors: unknown[] = [];
      stream.on('error', (error) => errors.push(error));
      await reach(stream);
      const reason = { why: 'the caller hung up' };
      abort.abort(reason);
      await closed(stream);
      await until(() => sandbox.received().sockets === 0);
      expect(errors).toEqual([reason]);
      expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
    });
  }

  it('takes a second end for none, and empty chunks for nothing', async () => {
    const stream = make();
    stream.write(Buffer.alloc(0));
    stream.end(input());
    stream.end();
    await pipeline(stream, nowhere());
    await closedThere(1);
    expect(sandbox.received().sessions.map(({ end }) => end?.how)).toEqual(['end_of_stream']);
  });

  it('ends well without any input', async () => {
    const stream = make();
    stream.end();
    const parts: unknown[] = [];
    for await (const part of stream) parts.push(part);
    if (!stream.readableObjectMode) expect(parts).toEqual([]);
    await closed(stream);
  });

  it.each(wrong.map((chunk) => [chunk]))('refuses %j with a TypeError', async (chunk) => {
    const stream = make();
    const called = new Promise((resolve) => stream.write(chunk, resolve));
    const error = await called;
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG' });
    await closed(stream);
    await expect(pipeline(Readable.from([chunk]), make(), nowhere())).rejects.toMatchObject({
      name: 'TypeError',
      code: 'ERR_INVALID_ARG',
    });
  });

  it('works by compose, as a web stream, and as an async iterable', async () => {
    const composed = compose(make(), new PassThrough({ objectMode: true }));
    const counts = [0, 0];
    await pipeline(Readable.from([input()]), composed, async (parts) => {
      for await (const _ of parts) counts[0]!++;
    });
    const { readable, writable } = Duplex.toWeb(make());
    const writer = writable.getWriter();
    const feed = async () => {
      await writer.write(input());
      await writer.close();
    };
    const drain = async () => {
      for await (const _ of readable) counts[1]!++;
    };
    await Promise.all([feed(), drain()]);
    expect(Math.min(...counts)).toBeGreaterThan(0);
  });

  it('is closed by a loop that breaks, and by await using', async () => {
    const broken = make();
    broken.end(input());
    for await (const _ of broken) break;
    await closed(broken);
    const used = make();
    {
      await using live = used;
      live.write(input());
    }
    expect(used.closed).toBe(true);
    await until(() => sandbox.received().sockets === 0);
  });
});

describe('text and tts.stream', () => {
  it('have types for what is emitted, however one listens', () => {
    const [spoken, heard] = [client.tts.stream(), client.s2s.stream({ targetLanguage: 'fr' })];
    spoken.on('data', (chunk) => expectTypeOf(chunk).toEqualTypeOf<Buffer>());
    spoken.once('word', (word) => expectTypeOf(word).toEqualTypeOf<Word>());
    heard.on('data', (chunk) => expectTypeOf(chunk).toEqualTypeOf<Buffer>());
    heard.addListener('ready', ({ requestId }) => expectTypeOf(requestId).toEqualTypeOf<string>());
    expect([spoken, heard].map((stream) => stream.destroy().destroyed)).toEqual([true, true]);
  });

  it('take tokens from an async iterable, and what follows takes the audio', async () => {
    async function* tokens() {
      for (const token of ['Good', ' mor', 'ning to', ' you', '.']) {
        yield token;
        await turn();
      }
    }
    const text = new Collected();
    const speech = client.tts.stream({ outputFormat: 'ulaw_8000' });
    await pipeline(tokens, speech, new MulawDecoder(), client.stt.stream({ output: 'text' }), text);
    expect(text.text).toBe('Good morning to you.\n');
  });
});
