import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { probeAudio, readOggOpus } from '../../../src/audio/index.js';
import { Gradium, type TtsOptions } from '../../../src/gradium/index.js';
import { type Peer, READY, scriptedServer } from '../../speech/scripted-server.js';
import { oggFile, pagesOf } from './ogg-files.js';

const tts = (url: string) => new Gradium({ apiKey: 'gd_secret', baseUrl: url }).tts;

/** A streamed WAV's header: sizes unknown. */
function header(sizes = 0xffffffff): Buffer {
  const bytes = Buffer.alloc(44);
  bytes.write('RIFF');
  bytes.writeUInt32LE(sizes, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(48_000, 24);
  bytes.writeUInt32LE(96_000, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(sizes, 40);
  return bytes;
}

const audio = (bytes: Buffer, startS: number, stopS: number) => ({
  type: 'audio',
  audio: bytes.toString('base64'),
  start_s: startS,
  stop_s: stopS,
  stream_id: 0,
});
const frame = Buffer.alloc(7680, 3);
/** 3.4 s. */
const opus = oggFile('speech-16k-20ms-vbr-opusenc.opus');

const TTS_READY = { ...READY, sample_rate: 48000, frame_size: 3840, audio_stream_names: [] };

async function polite(peer: Peer, ...says: (object | string)[]): Promise<void> {
  await peer.next('setup');
  peer.send(TTS_READY);
  if (!(await peer.next('end_of_stream'))) return;
  peer.send(...says, { type: 'end_of_stream' });
  peer.ws.close(1000);
}

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('synthesize', () => {
  it('sends setup, the text and end_of_stream; gives a WAV with true sizes, and word times', async () => {
    await using server = await scriptedServer((peer) =>
      polite(
        peer,
        audio(header(), 0, 0),
        { type: 'text', text: ' Hello', start_s: 0, stop_s: 0.08, stream_id: 0 },
        audio(frame, 0, 0.08),
        { type: 'text', text: 'there.', start_s: 0.08, stop_s: 0.16 },
        { type: 'need_more_text' },
        audio(frame, 0.08, 0.16),
      ),
    );
    const speech = await tts(server.url).synthesize(' Hello there. ', { voiceId: 'v1' });
    expect(speech).toMatchObject({ outputFormat: 'wav', sampleRateHz: 48_000, requestId: 'req-1' });
    expect(speech.durationS).toBeCloseTo(0.16, 9);
    expect(speech.words).toEqual([
      { text: 'Hello', startS: 0, stopS: 0.08, streamId: 0, charStart: 1, charEnd: 6 },
      { text: 'there.', startS: 0.08, stopS: 0.16, charStart: 7, charEnd: 12 },
    ]);
    expect(speech.text).toBe(' Hello there. ');
    expect(speech.data.length).toBe(44 + 2 * 7680);
    expect(speech.data.readUInt32LE(4)).toBe(36 + 2 * 7680);
    expect(speech.data.readUInt32LE(40)).toBe(2 * 7680);
    expect(probeAudio(speech.data)).toMatchObject({ frames: 7680, warnings: [] });
    expect(server.peers[0]?.received).toEqual([
      { type: 'setup', model_name: 'default', output_format: 'wav', voice_id: 'v1' },
      { type: 'text', text: 'Hello there.' },
      { type: 'end_of_stream' },
    ]);
    expect(server.peers[0]?.request.url).toBe('/api/speech/tts');
  });

  it('leaves true sizes alone, and fills in sizes of 0', async () => {
    const exact = header();
    exact.writeUInt32LE(36 + 7680, 4);
    exact.writeUInt32LE(7680, 40);
    await using server = await scriptedServer((peer, nth) =>
      polite(peer, audio(nth === 0 ? exact : header(0), 0, 0), audio(frame, 0, 0.08)),
    );
    for (let i = 0; i < 2; i++) {
      const { data } = await tts(server.url).synthesize('x');
      expect(data.readUInt32LE(4)).toBe(36 + 7680);
      expect(data.readUInt32LE(40)).toBe(7680);
    }
  });

  it.each([
    ['only the RIFF size is unknown', 0xffffffff, 7680],
    ['only the data size is unknown', 36 + 7680, 0xffffffff],
    ['the RIFF size is 0', 0, 7680],
  ])('gives both sizes when %s', async (_name, riff, size) => {
    const head = header(size);
    head.writeUInt32LE(riff, 4);
    await using server = await scriptedServer((peer) =>
      polite(peer, audio(head, 0, 0), audio(frame, 0, 0.08)),
    );
    const { data } = await tts(server.url).synthesize('x');
    expect(data.readUInt32LE(4)).toBe(36 + 7680);
    expect(data.readUInt32LE(40)).toBe(7680);
  });

  it('keeps words in order and after 0', async () => {
    const word = (said: string, startS: number, stopS: number) => ({
      type: 'text',
      text: said,
      start_s: startS,
      stop_s: stopS,
    });
    await using server = await scriptedServer((peer) =>
      polite(peer, audio(frame, 0, 0.08), word('a', -1, -2), word('b', 0.5, 0.6), word('c', 0.4, 0.45)),
    );
    const { words } = await tts(server.url).synthesize('a b c', { outputFormat: 'pcm' });
    expect(words.map(({ startS, stopS }) => [startS, stopS])).toEqual([
      [0, 0],
      [0.5, 0.6],
      [0.5, 0.5],
    ]);
  });

  it.each([
    ['pcm_16000', 48_000],
    ['ulaw_8000', 48_000],
    ['pcm', 0],
  ] as const)('takes %s as it comes when ready says %i Hz', async (outputFormat, sampleRate) => {
    await using server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      peer.send({ ...TTS_READY, sample_rate: sampleRate });
      await peer.next('end_of_stream');
      peer.send(audio(frame, 0, 0.08), { type: 'end_of_stream' });
    });
    expect((await tts(server.url).synthesize('x', { outputFormat })).data.length).toBe(7680);
  });

  it.each([
    ['pcm', 48_000, 2],
    ['pcm_16000', 16_000, 2],
    ['ulaw_8000', 8_000, 1],
  ] as const)('knows rate and length of %s from the format', async (outputFormat, rateHz, sampleBytes) => {
    const bytes = Buffer.alloc(rateHz * sampleBytes, 1);
    await using server = await scriptedServer((peer) => polite(peer, audio(bytes, 0, 1)));
    const speech = await tts(server.url).synthesize('x', { outputFormat });
    expect(speech).toMatchObject({ sampleRateHz: rateHz, durationS: 1, outputFormat });
    expect(speech.data.equals(bytes)).toBe(true);
  });

  it('counts the samples of opus, whatever the service says of its times', async () => {
    await using server = await scriptedServer((peer) =>
      polite(peer, ...pagesOf(opus).map((page) => audio(page, 0, 99))),
    );
    const speech = await tts(server.url).synthesize('x', { outputFormat: 'opus' });
    const { frames } = readOggOpus(opus);
    expect(speech).toMatchObject({ sampleRateHz: 48_000, durationS: frames / 48_000, outputFormat: 'opus' });
    expect(speech.data.equals(opus)).toBe(true);
  });

  it('puts options where the service looks for them', async () => {
    await using server = await scriptedServer((peer) => polite(peer, audio(frame, 0, 0.08)));
    await tts(server.url).synthesize('x', {
      voice: 'Grandmother',
      model: 'm',
      outputFormat: 'pcm',
      temp: 0.5,
      cfgCoef: 3,
      paddingBonus: -2,
      rewriteRules: 'en',
      pronunciationId: 'dictionary-1',
      extra: { max_padding: 3, temp: 1 },
      retryForS: 5,
    });
    expect(server.peers[0]?.received[0]).toEqual({
      type: 'setup',
      model_name: 'm',
      output_format: 'pcm',
      voice: 'Grandmother',
      pronunciation_id: 'dictionary-1',
      json_config: { max_padding: 3, temp: 0.5, cfg_coef: 3, padding_bonus: -2, rewrite_rules: 'en' },
      retry_for_s: 5,
    });
  });

  it.each<[string, TtsOptions, object]>([
    ['the id of a name', { voice: 'emma' }, { voice_id: 'YTpq7expH9539ERJ' }],
    ['an id as one', { voice: 'YTpq7expH9539ERJ' }, { voice_id: 'YTpq7expH9539ERJ' }],
    ['a name that it does not know', { voice: ' My voice' }, { voice: ' My voice' }],
    [
      'the one who speaks the language',
      { voice: 'Thomas', language: 'fr' },
      { voice_id: '8nsAoui8Y5RK9PYw' },
    ],
    [
      'the voiceId, and the name beside it untouched',
      { voiceId: 'v', voice: 'Thomas' },
      { voice_id: 'v', voice: 'Thomas' },
    ],
    ['no language', { language: 'fr' }, {}],
    [
      'the one who speaks as the rules say',
      { voice: 'Thomas', rewriteRules: 'fr-be' },
      { voice_id: '8nsAoui8Y5RK9PYw', json_config: { rewrite_rules: 'fr-be' } },
    ],
    [
      'the one who speaks the language, whatever the rules say',
      { voice: 'Thomas', rewriteRules: 'fr', language: 'en' },
      { voice_id: 'm7fJRmVaJjG2TL1c', json_config: { rewrite_rules: 'fr' } },
    ],
  ])('sends %s', async (_name, options, fields) => {
    await using server = await scriptedServer((peer) => polite(peer, audio(frame, 0, 0.08)));
    await tts(server.url).synthesize('x', { outputFormat: 'pcm', ...options });
    expect(server.peers[0]?.received[0]).toEqual({
      type: 'setup',
      model_name: 'default',
      output_format: 'pcm',
      ...fields,
    });
  });

  it('cuts a long text at white space', async () => {
    await using server = await scriptedServer((peer) => polite(peer, audio(frame, 0, 0.08)));
    const text = Array.from({ length: 300 }, (_, i) => `word${i}`).join(' ');
    await tts(server.url).synthesize(text, { outputFormat: 'pcm' });
    const sent = server.peers[0]?.of('text').map((message) => message.text as string) ?? [];
    expect(sent.length).toBeGreaterThan(5);
    expect(sent.join(' ')).toBe(text);
  });

  it.each([
    [5, {}],
    ['', {}],
    [' \n', {}],
    ['x', { outputFormat: 'mp3' }],
    ['x', { temp: 1.5 }],
    ['x', { cfgCoef: 0 }],
    ['x', { voiceId: '' }],
    ['x', { voice: '' }],
    ['x', { voice: ' ' }],
    ['x', { voice: 5 }],
    ['x', { voice: 'Emma', language: '' }],
    ['x', { language: 5 }],
    ['x', { voice: 'Thomas' }],
    ['x', { voice: 'Thomas', language: 'it' }],
    ['x', { voice: 'Thomas', rewriteRules: 'Date,TimeFr' }],
    ['x', { pronunciationId: '' }],
    ['x', { paddingBonus: 5 }],
    ['x', { rewriteRules: 5 }],
    ['x', { maxCharsPerSession: 0 }],
    ['x', { maxCharsPerSession: 1.5 }],
    ['x', { extra: [] }],
    ['x', { retries: 1.5 }],
    ['x', { signal: {} }],
  ])('refuses the arguments of case %#', async (text, options) => {
    await expect(
      tts('http://127.0.0.1:1').synthesize(text as string, options as TtsOptions),
    ).rejects.toMatchObject({ code: 'ERR_INVALID_ARG' });
  });
});

describe('synthesize failing', () => {
  async function failing(
    misdeed: (peer: Peer) => unknown,
    options: TtsOptions = { retries: 0 },
    ready: object = TTS_READY,
  ) {
    await using server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      peer.send(ready);
      await peer.next('end_of_stream');
      await misdeed(peer);
    });
    return await tts(server.url)
      .synthesize('hello', { outputFormat: 'pcm', ...options })
      .then(
        () => 'success',
        (error: unknown) => error,
      );
  }

  it('never takes an early close for a short success', async () => {
    for (const code of [1000, 1001]) {
      const error = await failing((peer) => {
        peer.send(audio(frame, 0, 0.08));
        peer.ws.close(code);
      });
      expect(error).toMatchObject({ code: 'ERR_CLOSED_EARLY', closeCode: code, requestId: 'req-1' });
    }
  });

  it('passes on what the service says', async () => {
    expect(
      await failing((peer) => peer.send({ type: 'error', message: 'unknown voice', code: 1008 })),
    ).toMatchObject({ apiCode: 1008, retryable: false, message: expect.stringContaining('unknown voice') });
  });

  it.each([
    ['no audio at all', (peer: Peer) => peer.send({ type: 'end_of_stream' })],
    ['audio that is not base64', (peer: Peer) => peer.send({ type: 'audio', audio: 'A$$$' })],
    ['audio that is no text', (peer: Peer) => peer.send({ type: 'audio', audio: 5 })],
    ['a word without times', (peer: Peer) => peer.send({ type: 'text', text: 'w', start_s: 0 })],
  ])('calls %s ERR_PROTOCOL', async (_name, misdeed) => {
    expect(await failing(misdeed)).toMatchObject({ code: 'ERR_PROTOCOL' });
  });

  it.each([
    ['pcm', [Buffer.alloc(0)]],
    ['opus', [Buffer.alloc(0)]],
    ['opus', pagesOf(opus).slice(0, 2)],
    ['wav', [Buffer.alloc(0)]],
    ['wav', [header()]],
    ['wav', [header(0)]],
    ['wav', [header().subarray(0, 10), header().subarray(10)]],
  ] as const)('calls %s without sound ERR_PROTOCOL (case %#)', async (outputFormat, parts) => {
    const misdeed = (peer: Peer) =>
      peer.send(...parts.map((part) => audio(part, 0, 0)), { type: 'end_of_stream' });
    expect(await failing(misdeed, { outputFormat, retries: 0 })).toMatchObject({
      code: 'ERR_PROTOCOL',
      message: 'the service ended the stream without any audio',
    });
  });

  it.each(['pcm', 'wav'] as const)(
    'calls %s at another rate than ready said ERR_PROTOCOL',
    async (outputFormat) => {
      const head = outputFormat === 'wav' ? [audio(header(), 0, 0)] : [];
      const misdeed = (peer: Peer) => peer.send(...head, audio(frame, 0, 0.08), { type: 'end_of_stream' });
      const ready = { ...TTS_READY, sample_rate: 24_000 };
      expect(await failing(misdeed, { outputFormat, retries: 0 }, ready)).toMatchObject({
        code: 'ERR_PROTOCOL',
        message: expect.stringContaining('ready.sample_rate is 24000'),
      });
    },
  );

  it.each([
    ['a page is missing', (pages: Buffer[]) => pages.toSpliced(3, 1), 'page-lost'],
    [
      'the end is cut',
      (pages: Buffer[]) => [...pages.slice(0, -1), pages.at(-1)!.subarray(0, 99)],
      'truncated',
    ],
    [
      'a page is damaged',
      (pages: Buffer[]) => pages.with(3, Buffer.from(pages[3]!).fill(0, 99, 120)),
      'crc-bad',
    ],
  ])('calls opus of which %s ERR_PROTOCOL', async (_name, damage, warning) => {
    const parts = damage(pagesOf(opus));
    const misdeed = (peer: Peer) =>
      peer.send(...parts.map((part) => audio(part, 0, 1)), { type: 'end_of_stream' });
    expect(await failing(misdeed, { outputFormat: 'opus', retries: 0 })).toMatchObject({
      code: 'ERR_PROTOCOL',
      message: expect.stringContaining(warning),
    });
  });

  it('calls opus that is none a FormatError', async () => {
    const misdeed = (peer: Peer) => peer.send(audio(frame, 0, 1), { type: 'end_of_stream' });
    expect(await failing(misdeed, { outputFormat: 'opus', retries: 0 })).toMatchObject({
      name: 'FormatError',
      code: 'ERR_OGG_NOT_OGG',
    });
  });

  it('calls a WAV that is none a FormatError', async () => {
    const misdeed = (peer: Peer) => peer.send(audio(frame, 0, 1), { type: 'end_of_stream' });
    expect(await failing(misdeed, { outputFormat: 'wav' })).toMatchObject({ code: 'ERR_WAV_NOT_WAV' });
  });

  it('speaks the whole text again after a drop', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    await using server = await scriptedServer(async (peer, nth) => {
      if (nth > 0) return await polite(peer, audio(frame, 0, 0.08));
      await peer.next('setup');
      peer.send(READY, audio(frame, 0, 0.08));
      peer.ws.terminate();
    });
    const speech = await tts(server.url).synthesize('hello', { outputFormat: 'pcm' });
    expect(speech.data.length).toBe(7680);
    expect(server.peers.map((peer) => peer.of('text').length)).toEqual([1, 1]);
  });

  it('gives up when the service falls silent', async () => {
    let asked = () => {};
    const end = new Promise<void>((resolve) => {
      asked = resolve;
    });
    await using server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      peer.send(READY);
      await peer.next('end_of_stream');
      asked();
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const result = tts(server.url).synthesize('hello', { retries: 0 });
    result.catch(() => {});
    await end;
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(30_000);
    await expect(result).rejects.toMatchObject({ phase: 'idle' });
  });

  it('rejects with the reason of its signal', async () => {
    const controller = new AbortController();
    const reason = { why: 'enough' };
    await using server = await scriptedServer(async (peer) => {
      await peer.next('end_of_stream');
      controller.abort(reason);
    });
    await expect(tts(server.url).synthesize('x', { signal: controller.signal })).rejects.toBe(reason);
    expect((await server.peers[0]?.closed)?.code).toBe(1006);
    await expect(tts(server.url).synthesize('x', { signal: controller.signal })).rejects.toBe(reason);
    expect(server.peers).toHaveLength(1);
  });
});

describe('Speech.save', () => {
  it('writes the file whole, in the place of another, or not at all', async () => {
    await using server = await scriptedServer((peer) =>
      polite(peer, audio(header(), 0, 0), audio(frame, 0, 0.08)),
    );
    const speech = await tts(server.url).synthesize('x');
    const folder = await mkdtemp(join(tmpdir(), 'sluice-save-'));
    try {
      const path = join(folder, 'a.wav');
      await writeFile(path, 'old');
      await speech.save(path);
      expect((await readFile(path)).equals(speech.data)).toBe(true);
      const taken = join(folder, 'taken');
      await mkdir(taken);
      await expect(speech.save(taken)).rejects.toMatchObject({ code: expect.stringMatching(/^E/) });
      await expect(speech.save(join(folder, 'none', 'a.wav'))).rejects.toMatchObject({ code: 'ENOENT' });
      expect(await readdir(folder)).toEqual(['a.wav', 'taken']);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
