// What is written to a live session, and how it is found out: by the caller, by the stream that is joined to it, by its
// first bytes; and what is said when two of them do not fit. Not here: what is heard in it (test/speech).
import { readFileSync } from 'node:fs';
import nodeStream, { type Duplex, PassThrough, Readable, Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { writeOggOpus } from '../../../src/audio/index.js';
import {
  Gradium,
  MulawDecoder,
  MulawEncoder,
  OggOpusDemuxer,
  OpusEncoderStream,
  type S2sStreamOptions,
  SampleConverter,
  type SttStream,
  type SttStreamOptions,
  type TtsOptions,
  WavDecoder,
  WavEncoder,
  writeWav,
} from '../../../src/index.js';
import { politeStt, scriptedServer } from '../../speech/scripted-server.js';
import { politeS2s } from './s2s-server.js';

/** Node has it from 16.9 on; its types for 20 have not. */
const { compose } = nodeStream as unknown as { compose(...streams: Duplex[]): Duplex };

const SAMPLES = Int16Array.from({ length: 8000 }, (_, i) => 8000 * Math.sin(i / 5));
const PCM = Buffer.from(SAMPLES.buffer);
const WAV = Buffer.from(writeWav(SAMPLES, { sampleRateHz: 16_000 }));
const MULAW_FORMAT = { encoding: 'mulaw', sampleRateHz: 8000 } as const;
const nowhere = () => new Writable({ objectMode: true, write: (_chunk, _encoding, done) => done() });

const client = (baseUrl: string) => new Gradium({ apiKey: 'k', baseUrl, sessionLimitS: 0 });
/** What a session would be held with, if it came to one: nobody listens there. */
const stt = (options: SttStreamOptions = {}) =>
  client('http://127.0.0.1:1').stt.stream({ retries: 0, ...options });
const s2s = (options: Partial<S2sStreamOptions> = {}) =>
  client('http://127.0.0.1:1').s2s.stream({ targetLanguage: 'fr', retries: 0, ...options });
const tts = (options: TtsOptions) => client('http://127.0.0.1:1').tts.stream({ retries: 0, ...options });

const errorOf = (stream: Duplex) =>
  finished(stream.resume()).then(
    () => undefined,
    (error: unknown) => error as Error,
  );

const mismatch = (message: RegExp) =>
  expect.objectContaining({
    name: 'TypeError',
    code: 'ERR_FORMAT_MISMATCH',
    message: expect.stringMatching(message),
  });

/** What the service was sent. */
async function sentOf(join: (stream: SttStream) => Promise<unknown>, options: SttStreamOptions = {}) {
  await using server = await scriptedServer((peer) => politeStt(peer));
  const stream = client(server.url).stt.stream({ retries: 0, ...options });
  await join(stream);
  const [peer] = server.peers;
  return { wire: peer?.received[0]?.input_format, audio: peer?.audio as Buffer, input: stream.inputFormat };
}

describe('SttStream without a format', () => {
  it('takes it from the stream that is joined to it, before any byte', async () => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    const stream = client(server.url).stt.stream();
    expect(stream.inputFormat).toBeUndefined();
    const source = new MulawEncoder();
    source.pipe(stream);
    expect(stream.inputFormat).toMatchObject({ encoding: 'mulaw', sampleRateHz: 8000 });
    while (server.peers[0]?.received[0] === undefined) await turn();
    expect(server.peers[0].received[0]).toMatchObject({ input_format: 'ulaw_8000' });
    source.end(PCM);
    await finished(stream.resume());
    expect(server.peers[0].audio.length).toBe(8000);
  });

  it('takes it from a decoder that learns it from a header', async () => {
    const { wire, audio, input } = await sentOf((stream) =>
      pipeline(Readable.from([WAV]), new WavDecoder(), stream, nowhere()),
    );
    expect([wire, input]).toEqual(['pcm_16000', { encoding: 's16le', sampleRateHz: 16_000, channels: 1 }]);
    expect(audio.equals(PCM)).toBe(true);
  });

  it('takes it from a stream that encodes, and by compose', async () => {
    const wav = new WavEncoder({ sampleRateHz: 16_000, encoding: 's16' });
    const sent = await sentOf((stream) => pipeline(Readable.from([PCM]), wav, stream, nowhere()));
    expect([sent.wire, sent.input]).toEqual(['pcm_16000', { container: 'wav' }]);
    expect(sent.audio.equals(PCM)).toBe(true);
    const composed = await sentOf((stream) =>
      pipeline(Readable.from([PCM]), compose(new MulawEncoder(), stream), nowhere()),
    );
    expect([composed.wire, composed.audio.length]).toEqual(['ulaw_8000', 8000]);
  });

  it.each([1, 7, 15, 16, 5000, WAV.length])(
    'knows a WAV by its first bytes, in chunks of %i',
    async (size) => {
      const chunks = Array.from({ length: Math.ceil(WAV.length / size) }, (_, i) =>
        WAV.subarray(i * size, (i + 1) * size),
      );
      const { wire, audio, input } = await sentOf((stream) =>
        pipeline(Readable.from(chunks), stream, nowhere()),
      );
      expect([wire, input]).toEqual(['pcm_16000', { container: 'wav' }]);
      expect(audio.equals(PCM)).toBe(true);
    },
  );

  it('knows Ogg Opus by its first bytes', async () => {
    const ogg = Buffer.from(writeOggOpus(SAMPLES, { sampleRateHz: 16_000 }));
    for (const size of [11, ogg.length]) {
      const chunks = Array.from({ length: Math.ceil(ogg.length / size) }, (_, i) =>
        ogg.subarray(i * size, (i + 1) * size),
      );
      const { wire, audio, input } = await sentOf((stream) =>
        pipeline(Readable.from(chunks), stream, nowhere()),
      );
      expect([wire, input]).toEqual(['opus', { container: 'ogg' }]);
      expect(audio.equals(ogg)).toBe(true);
    }
  });

  it('does not guess: bytes of no container are refused at once, and nothing is connected', async () => {
    const found: unknown[] = [];
    for (const bytes of [PCM, Buffer.alloc(16), Buffer.from('RIF'), Buffer.alloc(0)]) {
      for (const stream of [stt(), s2s()]) {
        if (bytes.length < 16) stream.end(bytes);
        else stream.write(bytes);
        const error = await errorOf(stream);
        expect(error).toMatchObject({ name: 'UnsupportedError', code: 'ERR_UNSUPPORTED_CONTAINER' });
        found.push(error?.message);
      }
    }
    expect(found[0]).toMatch(
      /begins like no container \(\w{16}\); say what raw samples are: `format: \{ encoding/,
    );
    expect(found.at(-1)).toMatch(/nothing was written; say/);
  });

  it('says so when nobody knows the rate', async () => {
    const stream = stt();
    const joined = pipeline(
      Readable.from([PCM]),
      new SampleConverter({ from: 's16le', to: 'f32le' }),
      stream,
      nowhere(),
    );
    await expect(joined).rejects.toEqual(
      mismatch(/SampleConverter gives f32le, mono, and does not say at which rate/),
    );
  });

  it('holds on to what came first', async () => {
    const stream = stt();
    new MulawEncoder().pipe(stream, { end: false });
    new MulawEncoder().pipe(stream, { end: false });
    expect(stream.destroyed).toBe(false);
    new MulawDecoder().pipe(stream);
    expect(await errorOf(stream)).toEqual(
      mismatch(/takes mulaw, .* MulawDecoder gives s16le, .*: what follows must be/),
    );
  });

  it('opens nothing when it is joined after its end', async () => {
    const connected = vi.fn();
    await using server = await scriptedServer(connected);
    const aborted = client(server.url).stt.stream({ signal: AbortSignal.abort(new Error('late')) });
    new MulawEncoder().pipe(aborted);
    const decoder = new WavDecoder();
    const destroyed = client(server.url).s2s.stream({ targetLanguage: 'fr' });
    decoder.pipe(destroyed);
    destroyed.destroy();
    decoder.write(WAV);
    for (let i = 0; i < 100; i++) await turn();
    expect([aborted.inputFormat, destroyed.inputFormat]).toEqual([undefined, undefined]);
    expect(connected).not.toHaveBeenCalled();
  });

  it.each([
    'riff-16khz-16bit-mono-pcm',
    null,
    {},
    { container: 'mp3' },
    { sampleRate: 16_000 },
    { encoding: 'pcm', sampleRateHz: 8000 },
    { encoding: 's16le', sampleRateHz: '16000' },
  ])("passes over another package's idea of an outputFormat: %j", async (outputFormat) => {
    const { wire } = await sentOf((stream) => {
      const source = Object.assign(new PassThrough(), { outputFormat });
      source.end(WAV);
      return pipeline(source, stream, nowhere());
    });
    expect(wire).toBe('pcm_16000');
    const source = Object.assign(new PassThrough(), { outputFormat });
    source.end(PCM);
    expect(await errorOf(source.pipe(new MulawEncoder()))).toBeUndefined();
  });
});

describe('a live stream with a format', () => {
  const kinds = { SttStream: stt, S2sStream: s2s };

  for (const [name, make] of Object.entries(kinds)) {
    it(`${name} refuses a source that gives another, when it is joined`, async () => {
      const joins: [Readable | Duplex, RegExp][] = [
        [new MulawDecoder(), /gives s16le, mono, at 8000 Hz: leave `format` out, and it is taken from there/],
        [new WavEncoder({ sampleRateHz: 8000 }), /gives a WAV file: leave `format` out/],
        [tts({ outputFormat: 'pcm_16000' }), /TtsStream gives s16le, mono, at 16000 Hz/],
        [s2s({ outputFormat: 'opus' }), /S2sStream gives Ogg Opus/],
      ];
      for (const [source, message] of joins) {
        source.on('error', () => {});
        const stream = make({ format: MULAW_FORMAT });
        const joined = pipeline(source, stream, nowhere());
        expect(stream.destroyed).toBe(true);
        await expect(joined).rejects.toEqual(
          mismatch(new RegExp(`${name} takes mulaw, mono, at 8000 Hz, and .*${message.source}`)),
        );
        source.destroy();
      }
    });

    it(`${name} takes no packets: they need pages`, async () => {
      const stream = make();
      const error = new Promise((resolve) => stream.once('error', resolve));
      new OggOpusDemuxer().pipe(stream);
      expect(await error).toEqual(mismatch(/gives Opus packets: put OggOpusMuxer between them/));
      const other = make({ format: MULAW_FORMAT });
      const encoder = new OpusEncoderStream({ sampleRateHz: 16_000 });
      await expect(pipeline(Readable.from([PCM]), encoder, other, nowhere())).rejects.toEqual(
        mismatch(/packets/),
      );
    });

    it(`${name} refuses a container where samples should come, by its first bytes`, async () => {
      const ogg = Buffer.from(writeOggOpus(SAMPLES, { sampleRateHz: 16_000 }));
      for (const [bytes, title] of [
        [WAV, 'a WAV file'],
        [ogg, 'an Ogg file'],
      ] as const) {
        for (const size of [3, bytes.length]) {
          const stream = make({ format: MULAW_FORMAT });
          for (let at = 0; at < 40; at += size) stream.write(bytes.subarray(at, at + size));
          expect(await errorOf(stream)).toEqual(
            mismatch(
              new RegExp(
                `${name} takes mulaw, mono, at 8000 Hz, and what comes is ${title}: leave \`format\``,
              ),
            ),
          );
        }
      }
    });
  }

  it('leaves out part of a frame at the end, and takes nothing at all for silence', async () => {
    const format = { encoding: 's16le', sampleRateHz: 16_000 } as const;
    for (const [bytes, sent] of [
      [PCM.subarray(0, -1), PCM.subarray(0, -2)],
      [Buffer.alloc(0), Buffer.alloc(0)],
    ] as const) {
      const join = (stream: SttStream) => pipeline(Readable.from([bytes]), stream, nowhere());
      expect((await sentOf(join, { format })).audio.equals(sent)).toBe(true);
    }
  });

  it('sends samples that begin almost like a container, to the last byte', async () => {
    for (const bytes of [Buffer.from('RIFF....WAVY and so on'), Buffer.from('OggS'), Buffer.from('RI')]) {
      const { audio } = await sentOf((stream) => pipeline(Readable.from([bytes]), stream, nowhere()), {
        format: MULAW_FORMAT,
      });
      expect(audio.subarray(0, bytes.length)).toEqual(bytes);
    }
  });
});

describe('outputFormat of speech', () => {
  it.each([
    ['pcm', { encoding: 's16le', sampleRateHz: 48_000, channels: 1 }],
    ['pcm_24000', { encoding: 's16le', sampleRateHz: 24_000, channels: 1 }],
    ['ulaw_8000', { encoding: 'mulaw', sampleRateHz: 8000, channels: 1 }],
    ['alaw_8000', { encoding: 'alaw', sampleRateHz: 8000, channels: 1 }],
    ['wav', { container: 'wav' }],
    ['opus', { container: 'ogg' }],
  ] as const)('of %s is known from the start', (outputFormat, expected) => {
    for (const stream of [tts({ outputFormat }), s2s({ outputFormat })]) {
      expect(stream.outputFormat).toEqual(expected);
      stream.destroy();
    }
  });

  it('is compared with what the next stream takes', async () => {
    for (const stream of [tts({ outputFormat: 'pcm_24000' }), s2s({ outputFormat: 'pcm_24000' })]) {
      const joined = pipeline(stream, new MulawEncoder(), nowhere());
      await expect(joined).rejects.toEqual(
        mismatch(/put ResampleStream\(\{ fromHz: 24000, toHz: 8000 \}\) between them/),
      );
    }
  });

  it('is taken over by a session that listens', async () => {
    const [speech, hearing] = [tts({ outputFormat: 'opus' }), stt()];
    speech.pipe(hearing);
    expect(hearing.inputFormat).toEqual({ container: 'ogg' });
    speech.destroy();
    hearing.destroy();
  });
});

describe('S2sStream without a format', () => {
  it('goes by the joined stream, and by the first bytes', async () => {
    await using server = await scriptedServer((peer) => politeS2s(peer));
    const live = () =>
      client(server.url).s2s.stream({ targetLanguage: 'fr', pace: 0, tailSilenceS: 0, retries: 0 });
    const joined = live();
    await pipeline(Readable.from([PCM]), new MulawEncoder(), joined, nowhere());
    expect(joined.inputFormat).toMatchObject(MULAW_FORMAT);
    for (const size of [5, WAV.length]) {
      const chunks = Array.from({ length: Math.ceil(WAV.length / size) }, (_, i) =>
        WAV.subarray(i * size, (i + 1) * size),
      );
      await pipeline(Readable.from(chunks), live(), nowhere());
    }
    expect(server.peers.map((peer) => peer.received[0]?.input_format)).toEqual([
      'ulaw_8000',
      'pcm_16000',
      'pcm_16000',
    ]);
    expect(server.peers.map((peer) => peer.audio.length)).toEqual([8000, PCM.length, PCM.length]);
  });
});

describe('FFmpeg and live sessions', () => {
  it("is named when it is missing, and has no say with wire 'wav'", async () => {
    const flac = readFileSync(new URL('../../fixtures/audio/wav/reject-not-wav-flac.wav', import.meta.url));
    for (const make of [stt, s2s]) {
      const stream = make({ ffmpeg: '/nowhere/ffmpeg' });
      stream.write(flac);
      expect(await errorOf(stream)).toMatchObject({ name: 'FfmpegError', code: 'ERR_FFMPEG_NOT_FOUND' });
    }
    const forced = stt({ wire: 'wav' });
    forced.write(flac);
    expect(await errorOf(forced)).toMatchObject({
      code: 'ERR_INVALID_ARG',
      message: expect.stringMatching(/FLAC/),
    });
  });
});
