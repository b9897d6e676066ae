import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeAlaw, decodeMulaw, readWav } from '../../../src/audio/index.js';
import { type Sandbox, startSandbox } from '../../../src/sandbox/index.js';
import { audio, type Message, RawClient } from './client.js';
import { concat, noise, silence, speak, speak8k, toFloat, words } from './sound.js';

const S2S = '/api/speech/s2s';
const SETUP = { type: 'setup', input_format: 'pcm_8000', output_format: 'pcm_16000', voice_id: 'any' };
const END = { type: 'end_of_stream' };

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.close());

async function translate(setup: object, ...input: object[]): Promise<RawClient> {
  const client = await RawClient.open(sandbox.url, S2S);
  client.send({ ...SETUP, ...setup }, ...input, END);
  await client.closed();
  return client;
}

async function errorOf(...messages: object[]): Promise<Message> {
  const client = await RawClient.open(sandbox.url, S2S);
  client.send(...messages);
  const error = await client.next('error');
  expect(await client.closed()).toBe(error.code);
  return error;
}

function bytesOf(client: RawClient): Buffer {
  return Buffer.concat(client.of('audio').map((message) => Buffer.from(message.audio as string, 'base64')));
}

function samplesOf(client: RawClient): Int16Array {
  return new Int16Array(Uint8Array.from(bytesOf(client)).buffer);
}

describe('s2s session', () => {
  it('says what it hears, in its own voice', async () => {
    const client = await translate({}, audio(speak('guten Tag', 8_000)));
    expect(client.messages[0]).toEqual({
      type: 'ready',
      request_id: expect.stringMatching(/^[0-9a-f-]{36}$/u),
      model_name: 'sluice-sandbox/default',
      sample_rate: 16_000,
      frame_size: 1_280,
      audio_stream_names: [],
      text_stream_names: [],
    });
    expect(client.text()).toBe('guten Tag');
    expect(samplesOf(client)).toEqual(speak('guten Tag', 16_000));
    expect(client.types().at(-1)).toBe('end_of_stream');
    expect(client.closeCode).toBe(1000);
  });

  it('answers ready with 48 kHz and 3840 samples a step where no output is named', async () => {
    const client = await RawClient.open(sandbox.url, S2S);
    client.send({ type: 'setup' }, END);
    expect(await client.next('ready')).toMatchObject({ sample_rate: 48_000, frame_size: 3_840 });
    await client.closed();
    expect(bytesOf(client)).toHaveLength(44); // a WAV header
  });

  it('gives times on the clock of its output, whatever pauses the input had', async () => {
    const input = concat(silence(2), speak8k('one'), silence(3), speak8k('two'), silence(1));
    const client = await translate({}, audio(Int16Array.from(input, (sample) => sample * 0x7fff)));
    expect(client.of('text')).toEqual([
      { type: 'text', text: 'one', start_s: 0, stop_s: 0.24, stream_id: 0 },
      { type: 'text', text: 'two', start_s: 0.32, stop_s: 0.56, stream_id: 0 },
    ]);
    const heard = words(toFloat(decimate(samplesOf(client))));
    expect(heard.map((word) => word.text)).toEqual(['one', 'two']);
    expect(client.of('audio').at(-1)?.stop_s).toBe(0.56);
  });

  it('says "speech" where it hears speech that is no words', async () => {
    const hum = concat(silence(1), noise(8_000, -20), silence(1.5), speak8k('bye'));
    const client = await translate({}, audio(Int16Array.from(hum, (sample) => sample * 0x7fff)));
    expect(client.text()).toBe('speech bye');
    expect(samplesOf(client)).toEqual(speak('speech bye', 16_000));
  });

  it('speaks while audio is still coming', async () => {
    const client = await RawClient.open(sandbox.url, S2S);
    client.send(SETUP, audio(speak('early', 8_000)), audio(new Int16Array(8_000)));
    await client.next('audio');
    client.send(END);
    await client.closed();
    expect(client.text()).toBe('early');
  });

  it.each([
    ['wav', (bytes: Buffer) => readWav(bytes).samples, 48_000],
    ['ulaw_8000', (bytes: Buffer) => decodeMulaw(bytes), 8_000],
    ['alaw_8000', (bytes: Buffer) => decodeAlaw(bytes), 8_000],
  ] as const)('takes any input format and speaks %s', async (output_format, decode, hz) => {
    const client = await translate({ output_format, input_format: 'pcm' }, audio(speak('any', 24_000)));
    expect(client.text()).toBe('any');
    expect(decode(bytesOf(client))).toHaveLength(speak('any', hz).length);
  });

  it('hears and speaks Opus', async () => {
    const client = await translate({ output_format: 'opus' }, audio(speak('small', 8_000)));
    const back = await translate({ input_format: 'opus' }, audio(bytesOf(client)));
    expect(back.text()).toBe('small');
  });

  it('answers the same however its input is cut', async () => {
    const input = speak('cut me up', 8_000);
    const whole = await translate({}, audio(input));
    const bytes = new Uint8Array(input.buffer);
    const cuts = [1, 2, 500, 1_001, 4_000].map((length, i, all) => {
      const from = all.slice(0, i).reduce((sum, each) => sum + each, 0);
      return audio(bytes.subarray(from, from + length));
    });
    const pieces = await translate({}, ...cuts, audio(bytes.subarray(5_504)));
    expect(pieces.messages.slice(1)).toEqual(whole.messages.slice(1));
  });

  it('serves requests side by side, stamping their id on every reply', async () => {
    const client = await RawClient.open(sandbox.url, S2S);
    for (const client_req_id of ['a', 'b']) {
      client.send({ ...SETUP, client_req_id, close_ws_on_eos: false });
      client.send(audio(speak(`word-${client_req_id}`, 8_000), client_req_id), { ...END, client_req_id });
    }
    for (const id of ['a', 'b']) {
      await client.next((message) => message.type === 'end_of_stream' && message.client_req_id === id);
      expect(client.text(id)).toBe(`word-${id}`);
    }
    client.socket.close();
  });
});

describe('s2s rules', () => {
  it.each([
    ['an unknown input', { input_format: 'x' }, 1008],
    ['an unknown output', { output_format: 'x' }, 1008],
    ['an unknown target', { json_config: { target_language: 'it' } }, 1011],
    ['any, which is no target', { json_config: '{"target_language":"any"}' }, 1011],
    ['a voice that is no string', { voice_id: 5 }, 1008],
    ['a model that is no string', { stt_model_name: 5 }, 1008],
  ])('answers %s by an error', async (_, more, code) => {
    expect(await errorOf({ ...SETUP, ...more })).toMatchObject({ code });
  });

  it.each(['flush', 'text', 'vad'])('knows no %s message', async (type) => {
    expect(await errorOf(SETUP, { type })).toMatchObject({ code: 1008 });
  });
});

/** 16 kHz to 8 kHz: the voice has nothing above 1.7 kHz. */
function decimate(samples: Int16Array): Int16Array {
  return samples.filter((_, i) => i % 2 === 0);
}
