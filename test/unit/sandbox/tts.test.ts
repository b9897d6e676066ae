import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeAlaw, decodeMulaw, readWav } from '../../../src/audio/index.js';
import { type Sandbox, startSandbox } from '../../../src/sandbox/index.js';
import { audio, type Message, RawClient } from './client.js';
import { speak, toFloat, words } from './sound.js';

const TTS = '/api/speech/tts';
const END = { type: 'end_of_stream' };

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.close());

const open = (): Promise<RawClient> => RawClient.open(sandbox.url, TTS);
const say = (text: string, more: object = {}): object => ({ type: 'text', text, ...more });

async function speakOver(setup: object, ...texts: string[]): Promise<RawClient> {
  const client = await open();
  client.send({ type: 'setup', voice_id: 'any', ...setup }, ...texts.map((text) => say(text)), END);
  await client.closed();
  return client;
}

async function errorOf(...messages: object[]): Promise<Message> {
  const client = await open();
  client.send(...messages);
  const error = await client.next('error');
  expect(await client.closed()).toBe(error.code);
  return error;
}

function bytesOf(client: RawClient, id?: string): Buffer {
  return Buffer.concat(
    client.of('audio', id).map((message) => Buffer.from(message.audio as string, 'base64')),
  );
}

function samplesOf(client: RawClient): Int16Array {
  const bytes = bytesOf(client);
  return new Int16Array(Uint8Array.from(bytes).buffer);
}

describe('tts session', () => {
  it.each([
    ['pcm', 48_000],
    ['', 48_000],
    ['pcm_8000', 8_000],
    ['pcm_16000', 16_000],
    ['pcm_22050', 22_050],
    ['pcm_24000', 24_000],
    ['pcm_44100', 44_100],
    ['pcm_48000', 48_000],
  ])('speaks "%s", one message per 80 ms', async (output_format, hz) => {
    const client = await speakOver({ output_format }, 'ça va?');
    expect(client.messages[0]).toEqual({
      type: 'ready',
      request_id: expect.stringMatching(/^[0-9a-f-]{36}$/u),
      model_name: 'sluice-sandbox/default',
      sample_rate: hz,
      frame_size: hz * 0.08,
      audio_stream_names: [],
      text_stream_names: [],
    });
    const sizes = client.of('audio').map((message) => Buffer.from(message.audio as string, 'base64').length);
    expect(sizes).toEqual(Array(7).fill(hz * 0.16));
    expect(samplesOf(client)).toEqual(speak('ça va?', hz));
    expect(client.types().at(-1)).toBe('end_of_stream');
    expect(client.closeCode).toBe(1000);
  });

  it.each([
    ['ulaw_8000', decodeMulaw],
    ['mulaw_8000', decodeMulaw],
    ['alaw_8000', decodeAlaw],
  ] as const)('speaks %s in messages of 640 bytes', async (output_format, decode) => {
    const client = await speakOver({ output_format }, 'ça va?');
    expect(client.of('audio').every((message) => (message.audio as string).length === 856)).toBe(true);
    const decoded = decode(bytesOf(client));
    const truth = speak('ça va?', 8_000);
    // G.711 keeps 13 or 14 bits near zero and 1 part in 32 above.
    const worst = Math.max(...truth.map((sample, i) => Math.abs(sample - (decoded[i] ?? 0))));
    expect(worst).toBeLessThan(512);
  });

  it('begins WAV, which is the default, by a header of unknown length', async () => {
    const client = await speakOver({}, 'wave');
    const [first, second] = client.of('audio') as [Message, Message];
    const header = Buffer.from(first.audio as string, 'base64');
    expect(first).toMatchObject({ start_s: 0, stop_s: 0 });
    expect(header).toHaveLength(44);
    expect([header.readUInt32LE(4), header.readUInt32LE(40)]).toEqual([0xffffffff, 0xffffffff]);
    expect(second).toMatchObject({ start_s: 0, stop_s: 0.08, stream_id: 0 });
    const wav = readWav(bytesOf(client));
    expect([wav.sampleRateHz, wav.channels, wav.encoding]).toEqual([48_000, 1, 's16le']);
    expect(wav.samples).toEqual(speak('wave', 48_000));
  });

  it('tells where each word is, before its audio', async () => {
    const client = await speakOver({ output_format: 'pcm_8000' }, 'été is hot');
    const spoken = client.of('text');
    expect(spoken).toEqual([
      { type: 'text', text: 'été', start_s: 0, stop_s: 0.4, stream_id: 0 },
      { type: 'text', text: 'is', start_s: 0.48, stop_s: 0.64, stream_id: 0 },
      { type: 'text', text: 'hot', start_s: 0.72, stop_s: 0.96, stream_id: 0 },
    ]);
    const heard = words(toFloat(samplesOf(client)));
    for (const [i, word] of heard.entries()) {
      expect(word.text).toBe(spoken[i]?.text);
      expect(Math.abs(word.startS - (spoken[i]?.start_s as number))).toBeLessThan(0.005);
      expect(Math.abs(word.stopS - (spoken[i]?.stop_s as number))).toBeLessThan(0.005);
    }
    const times = client.of('audio').map(({ start_s, stop_s }) => [start_s, stop_s]);
    expect(times).toEqual(Array.from({ length: 12 }, (_, i) => [(i * 80) / 1000, ((i + 1) * 80) / 1000]));
    expect(client.types().slice(0, 3)).toEqual(['ready', 'text', 'audio']);
  });

  it('joins text messages by one space and drops white space around them', async () => {
    const client = await speakOver({ output_format: 'pcm_8000' }, '  one ', '', ' two\n\tthree ', ' ');
    expect(samplesOf(client)).toEqual(speak('one two three', 8_000));
  });

  it('hears <flush> as nothing and <break> as silent steps', async () => {
    const plain = await speakOver({ output_format: 'pcm_8000' }, 'now<flush> then <flush> on');
    expect(samplesOf(plain)).toEqual(speak('now then on', 8_000));
    const broken = await speakOver(
      { output_format: 'pcm_8000' },
      'a <break time="1.6s" /> b <break time="0.1s"/>',
    );
    expect(broken.of('text').map((message) => message.start_s)).toEqual([0, 1.68]);
    expect(broken.of('audio')).toHaveLength(1 + 20 + 1 + 1);
  });

  it('speaks nothing for no text', async () => {
    expect((await speakOver({ output_format: 'pcm' })).types()).toEqual(['ready', 'end_of_stream']);
    expect((await speakOver({}, '   ')).types()).toEqual(['ready', 'audio', 'end_of_stream']);
  });

  it('takes the setups of known clients: nulls, JSON text, unknown keys', async () => {
    const setups = [
      { model_name: 'default', output_format: null, voice: null, voice_id: null, json_config: null },
      { json_config: '{"padding_bonus":0,"temp":0.7,"cfg_coef":2,"speed":1}', x: 1 },
    ];
    for (const setup of setups) expect((await speakOver(setup, 'a')).closeCode).toBe(1000);
  });

  it('answers while the client is still writing', async () => {
    const client = await open();
    client.send({ type: 'setup', output_format: 'pcm_8000' }, say('first'));
    await client.next((message) => message.stop_s === 0.4 && message.type === 'audio');
    client.send(say('second'), END);
    await client.closed();
    expect(samplesOf(client)).toEqual(speak('first second', 8_000));
  });
});

describe('tts rules', () => {
  const setup = { type: 'setup' };
  it.each([
    ['an unknown format', [{ ...setup, output_format: 'mp3' }], /mp3/u, 1008],
    ['a voice that is no string', [{ ...setup, voice_id: 7 }], /voice_id/u, 1008],
    ['a temp above 1.4', [{ ...setup, json_config: { temp: 1.5 } }], /temp/u, 1011],
    ['a cfg_coef below 1', [{ ...setup, json_config: { cfg_coef: 0.5 } }], /cfg_coef/u, 1011],
    [
      'rewrite_rules that are no string',
      [{ ...setup, json_config: { rewrite_rules: 1 } }],
      /rewrite_rules/u,
      1011,
    ],
    ['text before setup', [say('a')], /setup must be the first/u, 1008],
    ['text that is no string', [setup, { type: 'text', text: 5 }], /string/u, 1008],
    ['audio, which is for the other route', [setup, audio(new Uint8Array(2))], /"audio"/u, 1008],
    ['a break that is too long', [setup, say('a <break time="3s" /> b')], /break time "3s"/u, 1008],
    ['a break without a number', [setup, say('<break time="long" />')], /break time "long"/u, 1008],
  ])('answers %s by an error', async (_, messages, message, code) => {
    expect(await errorOf(...messages)).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('serves requests side by side on one socket', async () => {
    const client = await open();
    for (const id of ['a', 'b']) {
      client.send({ ...setup, output_format: 'pcm_8000', client_req_id: id, close_ws_on_eos: false });
    }
    client.send(say('left', { client_req_id: 'a' }), say('right', { client_req_id: 'b' }));
    client.send({ ...END, client_req_id: 'b' }, { ...END, client_req_id: 'a' });
    await client.next((message) => message.type === 'end_of_stream' && message.client_req_id === 'a');
    expect([client.text('a'), client.text('b')]).toEqual(['left', 'right']);
    expect([bytesOf(client, 'a').length, bytesOf(client, 'b').length]).toEqual([4 * 1280, 5 * 1280]);
    client.socket.close();
  });
});
