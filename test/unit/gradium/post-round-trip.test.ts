// The client and the sandbox over POST: what is spoken is heard, and no fault makes a part pass for the whole.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type AudioFormat, decodeMulaw, readWav } from '../../../src/audio/index.js';
import { Gradium, type SynthesizeOptions } from '../../../src/gradium/index.js';
import { type Fault, type Sandbox, type SandboxOptions, startSandbox } from '../../../src/sandbox/index.js';

const TEXT = 'The quick brown fox, 12½ years old, jumps over the lazy dög.';

let sandbox: Sandbox | undefined;
afterEach(async () => {
  await sandbox?.close();
  sandbox = undefined;
  vi.restoreAllMocks();
});

async function start(options: SandboxOptions = {}): Promise<Gradium> {
  sandbox = await startSandbox(options);
  // No wait between attempts is longer than half a second.
  vi.spyOn(Math, 'random').mockReturnValue(0);
  return new Gradium({ apiKey: 'gd_any_key', baseUrl: sandbox.url });
}

const speak = (client: Gradium, options: SynthesizeOptions = {}) =>
  client.tts.synthesize(TEXT, { voiceId: 'YTpq7expH9539ERJ', transport: 'post', ...options });

const post = (client: Gradium, source: Uint8Array, format?: AudioFormat) =>
  client.stt.transcribe(source, { transport: 'post', retries: 0, ...(format && { format }) });

describe('transport: post', () => {
  it.each(['lenient', 'strict'] as const)('speaks and hears the same text: %s', async (mode) => {
    const client = await start({ mode });
    const speech = await speak(client);
    expect(speech.words.map((word) => word.text).join(' ')).toBe(TEXT);
    const { samples, sampleRateHz } = readWav(speech.data);
    expect(speech.durationS).toBe(samples.length / sampleRateHz);
    const options = { transport: 'post', wire: mode === 'strict' ? 'wav' : 'auto' } as const;
    const transcript = await client.stt.transcribe(speech.data, options);
    expect(transcript.text).toBe(TEXT);
    for (const [i, { startS, stopS }] of transcript.words.entries()) {
      expect(startS).toBeCloseTo(speech.words[i]!.startS, 1);
      expect(stopS).toBeCloseTo(speech.words[i]!.stopS, 1);
    }
  });

  it('gives what the WebSocket gives', async () => {
    const client = await start();
    const [byPost, bySocket] = await Promise.all([speak(client), speak(client, { transport: 'websocket' })]);
    expect(byPost.data).toEqual(bySocket.data);
    expect(byPost.words).toEqual(bySocket.words);
    const [heard, expected] = await Promise.all([
      post(client, byPost.data),
      client.stt.transcribe(bySocket.data),
    ]);
    expect({ ...heard, requestId: '' }).toEqual({ ...expected, requestId: '' });
    expect(heard.requestId).not.toBe('');
  });

  it.each([
    ['pcm_16000', { encoding: 's16le', sampleRateHz: 16_000 }],
    ['ulaw_8000', { encoding: 'mulaw', sampleRateHz: 8000 }],
    ['alaw_8000', { encoding: 'alaw', sampleRateHz: 8000 }],
    ['opus', undefined],
  ] as const)('survives %s', async (outputFormat, format) => {
    const client = await start();
    const { data } = await speak(client, { outputFormat });
    expect(await post(client, data, format)).toMatchObject({ text: TEXT, wire: { untouched: true } });
  });

  it.each<[string, Fault]>([
    ['refused', { kind: 'refuse', status: 503 }],
    ['refused by the service', { kind: 'error', code: 1011, after: 0 }],
    ['dropped before the answer', { kind: 'drop', after: 0 }],
    ['dropped', { kind: 'drop', after: 3 }],
    ['failed', { kind: 'error', code: 1011, after: 3 }],
    ['malformed', { kind: 'malformed', after: 3 }],
    ['ended as if all were well', { kind: 'close', after: 3 }],
  ])('is whole again after having been %s', async (_name, fault) => {
    const faults = [{ ...fault, times: 1 }];
    const client = await start({ faults });
    const speech = await speak(client);
    expect(speech.words.map((word) => word.text).join(' ')).toBe(TEXT);
    await sandbox?.close();
    const again = await start({ faults });
    expect((await again.stt.transcribe(speech.data, { transport: 'post' })).text).toBe(TEXT);
  });

  it('is refused at once and once where no new attempt can help', async () => {
    const client = await start({ keys: ['another'] });
    await expect(speak(client)).rejects.toMatchObject({ code: 'ERR_SPEECH_API', retryable: false });
    await expect(
      post(client, Buffer.alloc(44_100), { encoding: 's16le', sampleRateHz: 8000 }),
    ).rejects.toMatchObject({
      code: 'ERR_SPEECH_API',
      retryable: false,
    });
  });

  it('says what an empty answer means', async () => {
    const client = await start();
    const options = {
      transport: 'post',
      extra: { keywords: ['a', 'list'] },
      format: { encoding: 'mulaw', sampleRateHz: 8000 },
    } as const;
    await expect(client.stt.transcribe(Buffer.alloc(8000, 255), options)).rejects.toMatchObject({
      code: 'ERR_PROTOCOL',
      retryable: false,
      message: expect.stringContaining('json_config'),
    });
  });

  it('carries two minutes of speech', async () => {
    const client = await start();
    const words = Array.from({ length: 250 }, (_, i) => `w${i}`);
    const { data } = await client.tts.synthesize(words.join(' '), {
      transport: 'post',
      outputFormat: 'ulaw_8000',
    });
    expect(decodeMulaw(data).length / 8000).toBeGreaterThan(80);
    const { text } = await post(client, data, { encoding: 'mulaw', sampleRateHz: 8000 });
    expect(text.split(' ')).toEqual(words);
  });
});
