import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { probeAudio, readOggOpus, writeOggOpus, writeWav } from '../../../src/audio/index.js';
import { WIRE_FORMATS, wireAudio } from '../../../src/format.js';
import { Gradium, type TranslateOptions } from '../../../src/gradium/index.js';
import { type Peer, scriptedServer } from '../../speech/scripted-server.js';
import { audio, politeS2s, S2S_READY, word } from './s2s-server.js';

const SPEECH_16K = fileURLToPath(
  new URL('../../fixtures/audio/wav/speech-16k-mono-s16.wav', import.meta.url),
);
const FORMAT = { encoding: 's16le', sampleRateHz: 8000 } as const;
const FAST: TranslateOptions = { targetLanguage: 'fr', pace: 0, tailSilenceS: 0, outputFormat: 'pcm_8000' };
/** 80 ms at 8 kHz. */
const STEP_BYTES = 1280;
const frame = Buffer.alloc(STEP_BYTES, 3);

const s2s = (url: string, sessionLimitS = 300) =>
  new Gradium({ apiKey: 'gd_secret', baseUrl: url, sessionLimitS }).s2s;

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('translate', () => {
  it('says all that has a default, and what was asked for', async () => {
    await using server = await scriptedServer((peer) => politeS2s(peer));
    await s2s(server.url).translate(frame, { format: FORMAT, targetLanguage: 'de', pace: 0 });
    await s2s(server.url).translate(frame, {
      ...FAST,
      format: FORMAT,
      voiceId: 'v1',
      model: 'm',
      sttModel: 'ms',
      ttsModel: 'mt',
      outputFormat: 'alaw_8000',
      wire: 'ulaw_8000',
      extra: { key: 1, target_language: 'xx' },
      retryForS: 5,
    });
    expect(server.peers.map((peer) => peer.received[0])).toEqual([
      {
        type: 'setup',
        model_name: 's2s-translate',
        stt_model_name: 'stt-translate',
        tts_model_name: 'default',
        input_format: 'pcm_8000',
        output_format: 'wav',
        json_config: { target_language: 'de' },
      },
      {
        type: 'setup',
        model_name: 'm',
        stt_model_name: 'ms',
        tts_model_name: 'mt',
        input_format: 'ulaw_8000',
        output_format: 'alaw_8000',
        voice_id: 'v1',
        json_config: { key: 1, target_language: 'fr' },
        retry_for_s: 5,
      },
    ]);
    expect(server.peers[0]?.request.url).toBe('/api/speech/s2s');
  });

  it('sends the id of a name, of the one who speaks the target language', async () => {
    await using server = await scriptedServer((peer) => politeS2s(peer));
    const translate = (options: object) =>
      s2s(server.url).translate(frame, { format: FORMAT, targetLanguage: 'fr', pace: 0, ...options });
    await translate({ voice: 'thomas' });
    await translate({ voice: 'Thomas', targetLanguage: 'en' });
    await translate({ voice: 'b35yykvVppLXyw_l' });
    await translate({ voice: 'Thomas', voiceId: 'v1' });
    expect(server.peers.map(({ received }) => received[0])).toEqual(
      ['8nsAoui8Y5RK9PYw', 'm7fJRmVaJjG2TL1c', 'b35yykvVppLXyw_l', 'v1'].map((id) =>
        expect.objectContaining({ voice_id: id }),
      ),
    );
    expect(JSON.stringify(server.peers[0]?.received[0])).not.toContain('homas');
    await expect(translate({ voice: 'Grandmother' })).rejects.toThrow(
      'voice "Grandmother" is no name of the catalogue; give the voiceId of a voice of your own',
    );
  });

  it('gives the speech, its words and the facts of the source', async () => {
    const says = [word(' Bon', 0, 0.04), audio(frame), word('jour', 0.04, 0.08), { type: 'flushed' }];
    await using server = await scriptedServer((peer) => politeS2s(peer, ...says));
    const speech = await s2s(server.url).translate(SPEECH_16K, FAST);
    expect(speech).toMatchObject({
      text: 'Bon jour',
      durationS: 0.08,
      sampleRateHz: 8000,
      outputFormat: 'pcm_8000',
      requestId: 'req-1',
      requestIds: ['req-1'],
      wire: 'pcm_16000',
      warnings: [],
      source: { name: SPEECH_16K, container: 'wav', encoding: 's16le', sampleRateHz: 16_000, channels: 1 },
    });
    expect(speech.sourceDurationS).toBeCloseTo(probeAudio(SPEECH_16K).durationS, 9);
    expect(speech.words).toEqual([
      { text: 'Bon', startS: 0, stopS: 0.04, streamId: 0, charStart: 0, charEnd: 3 },
      { text: 'jour', startS: 0.04, stopS: 0.08, streamId: 0, charStart: 4, charEnd: 8 },
    ]);
    expect(speech.data.equals(frame)).toBe(true);
    expect(speech.pcm16()[0]).toBe(0x0303);
  });

  it('sends the very samples of a WAV, and silence behind them', async () => {
    await using server = await scriptedServer((peer) => politeS2s(peer));
    await s2s(server.url).translate(SPEECH_16K, { targetLanguage: 'fr', pace: 0 });
    const samples = (await readFile(SPEECH_16K)).subarray(44);
    const [peer] = server.peers;
    expect(peer?.audio.equals(Buffer.concat([samples, Buffer.alloc(2 * 32_000)]))).toBe(true);
  });

  it.each([
    ['mulaw', 'ulaw_8000', 0xff],
    ['alaw', 'alaw_8000', 0xd5],
    ['u8', 'pcm_8000', 0],
  ] as const)('puts the silence of %s behind it', async (encoding, wire, zero) => {
    await using server = await scriptedServer((peer) => politeS2s(peer));
    const options = { ...FAST, tailSilenceS: 0.5, format: { encoding, sampleRateHz: 8000 } as const };
    await s2s(server.url).translate(Buffer.alloc(800, 0x31), options);
    expect(server.peers[0]?.received[0]).toMatchObject({ input_format: wire });
    const sent = server.peers[0]?.audio as Buffer;
    const sampleBytes = wire === 'pcm_8000' ? 2 : 1;
    expect(sent.length).toBe(4800 * sampleBytes);
    expect(sent.subarray(800 * sampleBytes).every((byte) => byte === zero)).toBe(true);
  });

  it('passes on the pages of Ogg Opus that nothing is added to, and decodes others', async () => {
    await using server = await scriptedServer((peer) => politeS2s(peer));
    const file = Buffer.from(writeOggOpus(new Int16Array(48_000), { sampleRateHz: 48_000 }));
    const translate = (options: object) => s2s(server.url).translate(file, { ...FAST, ...options });
    const passed = await translate({});
    expect(passed).toMatchObject({ wire: 'opus', sourceDurationS: 1, source: { container: 'ogg' } });
    expect(await translate({ tailSilenceS: 1 })).toMatchObject({ wire: 'pcm_24000', sourceDurationS: 1 });
    expect(await translate({ tailSilenceS: 1, wire: 'opus' })).toMatchObject({ wire: 'opus' });
    const [pages, samples, encoded] = server.peers.map((peer) => peer.audio) as [Buffer, Buffer, Buffer];
    expect(pages.equals(file)).toBe(true);
    expect(samples.length).toBe(2 * 2 * 24_000);
    expect(readOggOpus(encoded).frames / 48_000).toBeCloseTo(2, 1);
  });

  it.each(WIRE_FORMATS)('makes nothing of nothing at %s: no session, an empty file', async (outputFormat) => {
    await using server = await scriptedServer((peer) => politeS2s(peer));
    const empty = writeWav(new Int16Array(0), { sampleRateHz: 16_000 });
    const speech = await s2s(server.url).translate(empty, { targetLanguage: 'fr', outputFormat });
    expect(server.peers).toHaveLength(0);
    expect(speech).toMatchObject({ text: '', words: [], durationS: 0, requestId: '', requestIds: [] });
    expect(speech.warnings).toEqual(['no-audio']);
    const raw = wireAudio(outputFormat, 'output');
    if (raw) expect(speech.data).toHaveLength(0);
    else expect(probeAudio(speech.data)).toMatchObject({ frames: 0 });
    expect(speech.pcm16()).toHaveLength(0);
  });

  it('lets go of an empty stream', async () => {
    const source = Readable.from([Buffer.alloc(0)]);
    const speech = await s2s('http://127.0.0.1:9').translate(source, { ...FAST, format: FORMAT });
    expect(speech.durationS).toBe(0);
    expect(source.destroyed).toBe(true);
  });

  it.each(['pcm_8000', 'wav', 'opus'] as const)(
    'takes silence at %s for an answer to silence',
    async (outputFormat) => {
      const file = Buffer.from(writeOggOpus(new Int16Array(0), { sampleRateHz: 48_000 }));
      const says = outputFormat === 'opus' ? [audio(file)] : [];
      await using server = await scriptedServer((peer) => politeS2s(peer, ...says));
      const speech = await s2s(server.url).translate(frame, { ...FAST, format: FORMAT, outputFormat });
      expect(speech).toMatchObject({ text: '', durationS: 0, requestIds: ['req-1'] });
    },
  );

  it.each<[string, unknown]>([
    ['no options', undefined],
    ['no language', { targetLanguage: undefined }],
    ['a language that is none', { targetLanguage: 'xx' }],
    ['a format that is none', { outputFormat: 'mp3' }],
    ['wire wav', { wire: 'wav' }],
    ['an empty voice', { voiceId: '' }],
    ['an empty name', { voice: '' }],
    ['a name that is no text', { voice: 5 }],
    ['a name that is not in the catalogue', { voice: 'Grandmother' }],
    ['a name that two voices of the language have', { voice: 'Sarah' }],
    ['a model that is no text', { sttModel: 5 }],
    ['too long a tail', { tailSilenceS: 11 }],
    ['a negative pace', { pace: -1 }],
    ['half a step', { stepsPerMessage: 0.5 }],
    ['half a retry', { retries: 0.5 }],
    ['extra that is none', { extra: [] }],
    ['a signal that is none', { signal: {} }],
  ])('refuses %s', async (_name, options) => {
    const all = options && { targetLanguage: 'fr', ...options };
    const result = s2s('http://127.0.0.1:9').translate(frame, all as TranslateOptions);
    await expect(result).rejects.toMatchObject({ code: 'ERR_INVALID_ARG' });
  });

  it.each([5, 'x', 9, 90_000])('refuses a session limit of %j', (sessionLimitS) => {
    const options = { apiKey: 'k', sessionLimitS: sessionLimitS as number };
    expect(() => new Gradium(options)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG' }));
  });
});

/** Loud, but for these steps of 80 ms. */
function pcm(steps: number, quiet: number[]): Buffer {
  const bytes = Buffer.alloc(steps * STEP_BYTES);
  for (let at = 0; at < bytes.length; at += 2) {
    const level = quiet.includes(Math.floor(at / STEP_BYTES)) ? 10 : 8000;
    bytes.writeInt16LE(at % 4 === 0 ? level : -level, at);
  }
  return bytes;
}

describe('translate of more than a session takes', () => {
  // 10 s: 1 s is for the service, 9 s are for audio; a cut is looked for in the last 4.5 s.
  const steps = 200;
  const source = pcm(steps, [20, 70, 150]);
  const cuts = [70.5, 150.5].map((step) => step * STEP_BYTES);
  const parts = [
    source.subarray(0, cuts[0]),
    source.subarray(cuts[0], cuts[1]),
    source.subarray(cuts[1]),
  ] as [Buffer, Buffer, Buffer];
  const says = [word('mot', 0, 0.08), audio(frame)];
  const options = { ...FAST, format: FORMAT };

  it('cuts in the middle of the quietest step, and joins what is said', async () => {
    await using server = await scriptedServer((peer) => politeS2s(peer, ...says));
    const speech = await s2s(server.url, 10).translate(source, options);
    expect(server.peers.map((peer) => peer.audio.length)).toEqual(parts.map((part) => part.length));
    expect(server.peers.every((peer, i) => peer.audio.equals(parts[i] as Buffer))).toBe(true);
    expect(speech.requestIds).toEqual(['req-1', 'req-1', 'req-1']);
    expect(speech.text).toBe('mot mot mot');
    // A step of silence lies between the sessions.
    expect(speech.durationS).toBeCloseTo(5 * 0.08, 9);
    expect(speech.words.map(({ startS }) => startS)).toEqual([0, 0.16, 0.32]);
    expect(speech.data.subarray(STEP_BYTES, 2 * STEP_BYTES).equals(Buffer.alloc(STEP_BYTES))).toBe(true);
  });

  it('asks for samples where Ogg Opus was wanted, and makes it here', async () => {
    await using server = await scriptedServer((peer) => politeS2s(peer, audio(Buffer.alloc(7680, 1))));
    const speech = await s2s(server.url, 10).translate(source, { ...options, outputFormat: 'opus' });
    expect(server.peers[0]?.received[0]).toMatchObject({ output_format: 'pcm_48000' });
    expect(readOggOpus(speech.data).frames).toBe(5 * 3840);
  });

  it('tries a session again by itself', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const fails = async (peer: Peer) => {
      await peer.next('setup');
      peer.send(S2S_READY, ...says);
      await peer.next('end_of_stream');
      peer.ws.terminate();
    };
    await using server = await scriptedServer((peer, nth) =>
      nth === 1 ? fails(peer) : politeS2s(peer, ...says),
    );
    const speech = await s2s(server.url, 10).translate(source, options);
    expect(speech.text).toBe('mot mot mot');
    expect(server.peers).toHaveLength(4);
    expect(server.peers[2]?.audio.equals(parts[1])).toBe(true);
    expect(server.peers[3]?.audio.equals(parts[2])).toBe(true);
  });

  it('fails when a source that comes but once would have to come again', async () => {
    await using server = await scriptedServer((peer, nth) =>
      nth === 1 ? peer.ws.terminate() : politeS2s(peer, ...says),
    );
    const result = s2s(server.url, 10).translate(Readable.from([source]), options);
    await expect(result).rejects.toMatchObject({ code: 'ERR_CLOSED_EARLY' });
    expect(server.peers).toHaveLength(2);
  });

  it('fails when the sessions do not fit together', async () => {
    const wav = (sampleRateHz: number) => audio(writeWav(new Int16Array(800), { sampleRateHz }));
    await using server = await scriptedServer(async (peer, nth) => {
      await peer.next('setup');
      peer.send({ ...S2S_READY, sample_rate: 0 });
      await peer.next('end_of_stream');
      peer.send(wav(nth === 0 ? 48_000 : 24_000), { type: 'end_of_stream' });
    });
    const result = s2s(server.url, 10).translate(source, { ...options, outputFormat: 'wav' });
    await expect(result).rejects.toMatchObject({ code: 'ERR_PROTOCOL', message: /24000 Hz.*48000 Hz/ });
  });
});

describe('translate failing', () => {
  async function failing(misdeed: (peer: Peer) => unknown, options: object = {}): Promise<unknown> {
    await using server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      peer.send(S2S_READY);
      await peer.next('end_of_stream');
      await misdeed(peer);
    });
    const all = { ...FAST, retries: 0, format: FORMAT, ...options };
    return await s2s(server.url)
      .translate(frame, all)
      .catch((error: unknown) => error);
  }

  it.each([1000, 1001])('never takes an early close for a short success (%i)', async (code) => {
    const error = await failing((peer) => {
      peer.send(audio(frame));
      peer.ws.close(code);
    });
    expect(error).toMatchObject({ code: 'ERR_CLOSED_EARLY', closeCode: code, requestId: 'req-1' });
  });

  it.each([
    ['words without a sound', [word('w', 0, 1)]],
    ['audio that is not base64', [{ type: 'audio', audio: 'A$$$' }]],
    ['half a sample', [audio(Buffer.alloc(3))]],
    ['a word without times', [{ type: 'text', text: 'w', start_s: 0 }]],
  ])('calls %s ERR_PROTOCOL', async (_name, says) => {
    const misdeed = (peer: Peer) => peer.send(...says, { type: 'end_of_stream' });
    expect(await failing(misdeed)).toMatchObject({ code: 'ERR_PROTOCOL' });
  });

  it('passes on what the service says, once', async () => {
    const refused = (peer: Peer) => peer.send({ type: 'error', message: 'no such voice', code: 1008 });
    expect(await failing(refused, { retries: 4 })).toMatchObject({
      apiCode: 1008,
      message: expect.stringContaining('no such voice'),
    });
  });

  it.each([
    ['connect', (peer: Peer) => peer.ws.terminate()],
    [
      'setup',
      async (peer: Peer) => {
        await peer.next('setup');
        peer.ws.terminate();
      },
    ],
    [
      'stream',
      async (peer: Peer) => {
        await peer.next('setup');
        peer.send(S2S_READY, audio(frame));
        await peer.next('audio');
        peer.ws.terminate();
      },
    ],
  ])('tries again after a drop in %s, and gives nothing twice', async (_phase, misdeed) => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    await using server = await scriptedServer((peer, nth) =>
      nth === 0 ? misdeed(peer) : politeS2s(peer, audio(frame)),
    );
    const speech = await s2s(server.url).translate(frame, { ...FAST, format: FORMAT });
    expect(speech.data.equals(frame)).toBe(true);
    expect(server.peers.at(-1)?.audio.equals(frame)).toBe(true);
  });

  it('gives up when the service falls silent', async () => {
    let asked = () => {};
    const end = new Promise<void>((resolve) => {
      asked = resolve;
    });
    await using server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      peer.send(S2S_READY);
      await peer.next('end_of_stream');
      asked();
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const result = s2s(server.url).translate(frame, { ...FAST, format: FORMAT, retries: 0 });
    const rejected = expect(result).rejects.toMatchObject({ phase: 'idle' });
    await end;
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(30_000);
    await rejected;
  });

  it('passes on what is wrong with the source', async () => {
    await using server = await scriptedServer((peer) => politeS2s(peer));
    const reason = new Error('tape torn');
    const source = async function* () {
      yield frame;
      throw reason;
    };
    const result = s2s(server.url).translate(source(), { ...FAST, format: FORMAT });
    await expect(result).rejects.toBe(reason);
    expect((await server.peers[0]?.closed)?.code).toBe(1006);
    await expect(s2s(server.url).translate(Buffer.alloc(100), FAST)).rejects.toMatchObject({
      name: expect.stringMatching(/FormatError|UnsupportedError/),
    });
  });

  it('rejects with the reason of its signal, in the middle of the pace', async () => {
    const controller = new AbortController();
    const reason = { why: 'enough' };
    await using server = await scriptedServer(async (peer) => {
      await peer.next('setup');
      peer.send(S2S_READY);
      await peer.next('audio');
      controller.abort(reason);
    });
    const { signal } = controller;
    const minute = Buffer.alloc(60 * 16_000);
    const options = { format: FORMAT, targetLanguage: 'fr', signal };
    await expect(s2s(server.url).translate(minute, options)).rejects.toBe(reason);
    expect((await server.peers[0]?.closed)?.code).toBe(1006);
    expect(server.peers[0]?.of('audio').length).toBeLessThan(100);
  });
});
