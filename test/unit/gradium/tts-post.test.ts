import { describe, expect, it } from 'vitest';
import { probeAudio } from '../../../src/audio/index.js';
import { Gradium, type SynthesizeOptions } from '../../../src/gradium/index.js';
import { scriptedHttp } from '../../speech/scripted-http.js';
import { wavHeader } from '../../speech/scripted-voice.js';

const synthesize = (url: string, options: SynthesizeOptions, text = 'Hello there.') =>
  new Gradium({ apiKey: 'gd_secret', baseUrl: url }).tts.synthesize(text, { transport: 'post', ...options });

const samples = Buffer.from(Int16Array.from({ length: 4800 }, (_, i) => i * 5).buffer);

/** Answers with raw audio, in pieces of so many bytes. */
const speaking = (audio: Buffer, pieceBytes: number, bodies: unknown[]) =>
  scriptedHttp(async (peer) => {
    bodies.push(JSON.parse((await peer.body()).toString()));
    peer.start(200, { 'content-type': 'audio/wav' });
    for (let at = 0; at < audio.length; at += pieceBytes) {
      peer.response.write(audio.subarray(at, at + pieceBytes));
      await new Promise((resolve) => setImmediate(resolve));
    }
    peer.response.end();
  });

describe('synthesize with onlyAudio', () => {
  it.each([
    ['wav', 4096],
    ['wav', 21],
    ['pcm_8000', 333],
  ] as const)('takes %s in pieces of %i bytes', async (outputFormat, pieceBytes) => {
    const audio = outputFormat === 'wav' ? Buffer.concat([wavHeader(), samples]) : samples;
    const bodies: unknown[] = [];
    await using server = await speaking(audio, pieceBytes, bodies);
    const speech = await synthesize(server.url, { outputFormat, onlyAudio: true });
    expect(bodies).toEqual([
      { text: 'Hello there.', model_name: 'default', output_format: outputFormat, only_audio: true },
    ]);
    expect(Buffer.from(speech.pcm16().buffer).equals(samples)).toBe(true);
    if (outputFormat === 'wav') expect(probeAudio(speech.data)).toMatchObject({ frames: 4800, warnings: [] });
    expect(speech).toMatchObject({ words: [], requestId: '', text: 'Hello there.' });
  });

  it('speaks a long text by several requests', async () => {
    const bodies: unknown[] = [];
    await using server = await speaking(samples, 4000, bodies);
    const options = { outputFormat: 'pcm_8000', onlyAudio: true, maxCharsPerSession: 12 } as const;
    const speech = await synthesize(server.url, options, 'One two. Three four. Five.');
    expect(bodies.map((body) => (body as { text: string }).text)).toEqual([
      'One two.',
      'Three four.',
      'Five.',
    ]);
    const pause = Buffer.alloc(1280);
    expect(speech.data.equals(Buffer.concat([samples, pause, samples, pause, samples]))).toBe(true);
  });

  it.each([[{ onlyAudio: true, transport: 'websocket' }], [{ onlyAudio: 1 }], [{ transport: 'pigeon' }]])(
    'refuses the options of case %#',
    async (options) => {
      await expect(synthesize('http://127.0.0.1:1', options as SynthesizeOptions)).rejects.toMatchObject({
        code: 'ERR_INVALID_ARG',
      });
    },
  );
});
