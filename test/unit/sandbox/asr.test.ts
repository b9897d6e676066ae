import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeAlaw, encodeMulaw, writeWav } from '../../../src/audio/index.js';
import { type Sandbox, startSandbox } from '../../../src/sandbox/index.js';
import { audio, type Message, RawClient, textFrame, upgrade } from './client.js';
import { concat, silence, speak, speak8k } from './sound.js';

const ASR = '/api/speech/asr';
const TEXT = 'Guten Tag, 世界 😀!';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.close());

const open = (path = ASR): Promise<RawClient> => RawClient.open(sandbox.url, path);
const setup = (more: object = {}): object => ({ type: 'setup', input_format: 'pcm_8000', ...more });
const END = { type: 'end_of_stream' };

async function transcribe(first: object, ...bytes: (Uint8Array | Int16Array)[]): Promise<RawClient> {
  const client = await open();
  client.send(first, ...bytes.map((part) => audio(part)), END);
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

describe('asr session', () => {
  it('goes from setup to a clean close, with pipelined input and every field that clients need', async () => {
    const client = await transcribe(
      setup({ json_config: { language: 'de', delay_in_frames: 16 } }),
      speak(TEXT, 8_000),
    );
    expect(client.closeCode).toBe(1000);
    expect(client.text()).toBe(TEXT);
    expect(client.messages[0]).toEqual({
      type: 'ready',
      request_id: expect.stringMatching(/^[0-9a-f-]{36}$/u),
      model_name: 'sluice-sandbox/default',
      sample_rate: 24_000,
      frame_size: 1920,
      delay_in_frames: 16,
      delay_in_tokens: 16,
      text_stream_names: [],
    });
    expect(client.types().filter((type) => type === 'ready')).toHaveLength(1);
    expect(client.types().at(-1)).toBe('end_of_stream');
  });

  it('follows each text by its end_text, on the decoder clock', async () => {
    const client = await transcribe(setup({ json_config: '{"delay_in_tokens":20}' }), speak('ab cde', 8_000));
    const spoken = client.messages.filter(({ type }) => type === 'text' || type === 'end_text');
    expect(spoken.map(({ type }) => type)).toEqual(['text', 'end_text', 'text', 'end_text']);
    const times = spoken.map(({ start_s, stop_s }) => (start_s ?? stop_s) as number);
    for (const [i, time] of [0, 0.16, 0.24, 0.48].entries()) {
      expect(Math.abs((times[i] as number) - (time + 1.6))).toBeLessThan(0.005);
    }
    expect(spoken.every(({ stream_id }) => stream_id === 0)).toBe(true);
  });

  it('gives audio times when started with clock audio', async () => {
    const other = await startSandbox({ clock: 'audio' });
    const client = await RawClient.open(other.url, ASR);
    client.send(setup(), audio(speak('ab', 8_000)), END);
    await client.closed();
    expect(client.of('text')[0]?.start_s).toBeCloseTo(0, 2);
    await other.close();
  });

  it('sends one step per 80 ms, the last begun one included', async () => {
    const client = await transcribe(setup(), new Int16Array(640 * 12 + 1));
    const steps = client.of('step');
    expect(steps.map((step) => step.step_idx)).toEqual(Array.from({ length: 13 }, (_, i) => i));
    expect(steps[2]).toMatchObject({ step_duration_s: 0.08, total_duration_s: 0.24 });
    expect(
      (steps[0] as unknown as { vad: { horizon_s: number }[] }).vad.map((entry) => entry.horizon_s),
    ).toEqual([0.5, 1, 2, 3]);
  });

  it('starts with delay 10, takes nulls, unknown keys and no json_config', async () => {
    const client = await transcribe(
      setup({ model_name: null, json_config: null, client_req_id: null, retry_for_s: 30, colour: 'blue' }),
    );
    expect(client.types()).toEqual(['ready', 'end_of_stream']);
    expect(client.messages[0]?.delay_in_frames).toBe(10);
    const config = {
      delay_in_frames: 0,
      temp: 1.5,
      padding_bonus: -4,
      keywords: { words: ['a'], boost: 6 },
      x: 1,
    };
    expect((await transcribe(setup({ json_config: config }))).types()).toEqual(['ready', 'end_of_stream']);
  });

  const samples8 = speak(TEXT, 8_000);
  const wav = (hz: number, encoding: 's16' | 's24' | 's32', channels: number): Uint8Array => {
    const mono = speak(TEXT, hz);
    const all = Int16Array.from(
      { length: mono.length * channels },
      (_, i) => mono[Math.floor(i / channels)] ?? 0,
    );
    return writeWav(all, { sampleRateHz: hz, channels, encoding });
  };
  const FORMATS: [string, () => Uint8Array | Int16Array][] = [
    ['pcm', () => speak(TEXT, 24_000)],
    ['', () => speak(TEXT, 24_000)],
    ...[8_000, 16_000, 22_050, 24_000, 44_100, 48_000].map((hz): [string, () => Int16Array] => [
      `pcm_${hz}`,
      () => speak(TEXT, hz),
    ]),
    ['ulaw_8000', () => encodeMulaw(samples8)],
    ['mulaw_8000', () => encodeMulaw(samples8)],
    ['alaw_8000', () => encodeAlaw(samples8)],
    ['wav', () => wav(44_100, 's24', 2)],
    ['wav', () => wav(8_000, 's32', 1)],
    ['wav', () => wav(48_000, 's16', 2)],
  ];

  it.each(FORMATS)('hears input_format "%s", cut anywhere', async (input_format, make) => {
    const samples = make();
    const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
    const cuts = [0, 1, 20, 45, 46, 1001, 5000, bytes.length];
    const parts = cuts.slice(1).map((to, i) => bytes.subarray(cuts[i], to));
    const client = await transcribe({ type: 'setup', input_format }, ...parts);
    expect(client.text()).toBe(TEXT);
    expect(client.closeCode).toBe(1000);
  });

  it('reads WAV when input_format is absent', async () => {
    expect((await transcribe({ type: 'setup' }, wav(16_000, 's16', 1))).text()).toBe(TEXT);
  });

  it('takes a message of minutes in one piece, and other sockets get their turn meanwhile', async () => {
    const text = 'all work and no play makes jack '.repeat(60).trim(); // about 150 s
    const [long, short] = [await open(), await open()];
    long.send(setup(), audio(speak(text, 8_000)), END);
    await long.next('ready');
    short.send(setup(), audio(speak('hi', 8_000)), END);
    await short.closed();
    expect(long.closeCode).toBeUndefined();
    await long.closed();
    expect(long.text()).toBe(text);
  });
});

describe('asr flush', () => {
  it.each([[7], ['seven'], ['7']])('sends all text, then flushed with flush_id %j', async (flush_id) => {
    const client = await open();
    client.send(setup(), audio(speak('first part', 8_000)), { type: 'flush', flush_id });
    const flushed = await client.next('flushed');
    expect(flushed).toEqual({ type: 'flushed', flush_id });
    expect(client.text()).toBe('first part');
    expect(client.types().at(-1)).toBe('flushed');
    client.send(audio(speak('second', 8_000)), END);
    await client.closed();
    expect(client.text()).toBe('first part second');
    expect(Math.abs((client.of('text')[2]?.start_s as number) - 0.8 - 0.8)).toBeLessThan(0.01);
  });

  it('works through a resampler and in the middle of a step', async () => {
    const client = await open();
    client.send(setup({ input_format: 'pcm_44100' }), audio(speak('odd', 44_100).subarray(0, 10_400)));
    client.send({ type: 'flush' });
    expect(await client.next('flushed')).toEqual({ type: 'flushed', flush_id: 0 });
    expect(client.text()).toBe('odd');
    client.send(END);
    expect(await client.closed()).toBe(1000);
  });
});

describe('asr flush of a resampled stream', () => {
  it.each([
    ['pcm_44100', 44_100],
    ['pcm_22050', 22_050],
  ])('%s keeps the clock through 500 flushes', async (input_format, hz) => {
    const other = await startSandbox({ clock: 'audio' });
    const client = await RawClient.open(other.url, ASR);
    client.send({ type: 'setup', input_format });
    for (let i = 0; i < 500; i++) client.send(audio(new Int16Array(443)), { type: 'flush', flush_id: i });
    client.send(audio(speak('ab', hz)), END);
    await client.closed();
    await other.close();
    const [word, end] = [client.of('text')[0], client.of('end_text')[0]];
    expect(word?.text).toBe('ab');
    const truthS = (500 * 443) / hz;
    // Exact to 3 samples at 8 kHz: words are looked for at every second one, and the last flush may cut one short.
    expect(Math.abs((word?.start_s as number) - truthS)).toBeLessThan(3 / 8_000);
    expect(Math.abs((end?.stop_s as number) - truthS - 0.16)).toBeLessThan(3 / 8_000);
    expect(client.of('step')).toHaveLength(Math.ceil((truthS + 0.16) / 0.08));
  });
});

/** RFC 6455 §5.5.1: final close frame of 2 bytes, code 1008. */
const CLOSE_1008 = Buffer.from([0x88, 0x02, 0x03, 0xf0]);
const MASKED_CLOSE_1008 = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xf0]);

describe('asr rules', () => {
  it.each([
    ['an unknown format', { input_format: 'pcm_32000' }, /pcm_32000/u, 1008],
    ['a format that is no string', { input_format: 8 }, /input_format/u, 1008],
    ['an unknown language', { json_config: { language: 'it' } }, /language/u, 1011],
    ['a delay above 80', { json_config: { delay_in_frames: 81 } }, /delay_in_frames/u, 1011],
    ['a broken delay', { json_config: { delay_in_frames: 1.5 } }, /delay_in_frames/u, 1011],
    ['a negative delay', { json_config: { delay_in_tokens: -1 } }, /delay_in_tokens/u, 1011],
    ['a temp above 1.5', { json_config: { temp: 1.6 } }, /temp/u, 1011],
    ['a padding_bonus below −4', { json_config: { padding_bonus: -5 } }, /padding_bonus/u, 1011],
    ['keywords as an array', { json_config: { keywords: ['a'] } }, /keywords/u, 1011],
    ['501 keywords', { json_config: { keywords: { words: Array(501).fill('a') } } }, /words/u, 1011],
    ['json_config that is no JSON', { json_config: '{' }, /json_config/u, 1011],
    ['json_config that is an array', { json_config: [] }, /json_config/u, 1011],
    ['retry_for_s that is no number', { retry_for_s: 'long' }, /retry_for_s/u, 1008],
    ['a client_req_id that is an object', { client_req_id: {} }, /client_req_id/u, 1008],
    ['close_ws_on_eos that is no boolean', { close_ws_on_eos: 'no' }, /close_ws_on_eos/u, 1008],
  ])('answers %s by an error', async (_, more, message, code) => {
    expect(await errorOf(setup(more))).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it.each([
    ['audio before setup', [audio(new Uint8Array(2))], /setup must be the first/u],
    ['end_of_stream before setup', [END], /setup must be the first/u],
    ['a second setup without ids', [setup(), setup()], /still active/u],
    ['a message without type', [setup(), { audio: '' }], /type/u],
    ['an unknown type', [setup(), { type: 'vad' }], /"vad"/u],
    ['text, which is for the other route', [setup(), { type: 'text', text: 'a' }], /"text"/u],
    ['audio that is no string', [setup(), { type: 'audio', audio: 5 }], /base64/u],
    ['audio without audio', [setup(), { type: 'audio' }], /base64/u],
    ['bad base64', [setup(), { type: 'audio', audio: 'a!b=' }], /base64/u],
    ['base64 without padding', [setup(), { type: 'audio', audio: 'QQ' }], /base64/u],
    ['URL base64', [setup(), { type: 'audio', audio: '--__' }], /base64/u],
    ['what is no WAV', [setup({ input_format: 'wav' }), audio(Buffer.from('OggS, no RIFF here'))], /WAV/u],
    ['a WAV cut in its header', [setup({ input_format: 'wav' }), audio(Buffer.from('RIFF')), END], /header/u],
  ])('answers %s by error 1008', async (_, messages, message) => {
    expect(await errorOf(...messages)).toMatchObject({ code: 1008, message: expect.stringMatching(message) });
  });

  it.each([
    ['text that is no JSON', 'hello'],
    ['JSON that is no object', '[1]'],
    ['JSON null', 'null'],
  ])('answers %s by error 1008', async (_, text) => {
    const client = await open();
    client.socket.send(text);
    expect((await client.next('error')).code).toBe(1008);
    expect(await client.closed()).toBe(1008);
  });

  it('answers binary messages by error 1008', async () => {
    const client = await open();
    client.send(setup());
    client.socket.send(Buffer.from('{"type":"end_of_stream"}'));
    expect(await client.next('error')).toMatchObject({
      code: 1008,
      message: expect.stringMatching(/binary/u),
    });
    expect(await client.closed()).toBe(1008);
  });

  it('keeps reading after an error until the client closes, so that the error reaches a busy client', async () => {
    const socket = connect(Number(new URL(sandbox.url).port), '127.0.0.1');
    const received: Buffer[] = [];
    const sawClose = new Promise<void>((resolve) => {
      socket.on('data', (data) => {
        received.push(data);
        if (Buffer.concat(received).includes(CLOSE_1008)) resolve();
      });
    });
    let broken = false;
    socket.on('error', () => {
      broken = true;
    });
    socket.write(upgrade(ASR));
    socket.write(textFrame({ type: 'setup', input_format: 'pcm_32000' }));
    await sawClose;
    expect(Buffer.concat(received).toString('latin1')).toContain('"type":"error"');
    // 32 MB are more than the system's buffers hold: they are only taken when somebody reads them.
    const noise = textFrame(audio(new Uint8Array(750_000)));
    for (let i = 0; i < 32; i++) await new Promise((resolve) => socket.write(noise, resolve));
    expect(broken).toBe(false);
    expect(socket.readyState).toBe('open');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(MASKED_CLOSE_1008);
    await closed;
  });

  it('takes rates and channels of WAV as the service does', async () => {
    const wav16 = writeWav(new Int16Array(100), { sampleRateHz: 16_000 });
    const view = (change: (view: DataView) => void): Uint8Array => {
      const copy = Uint8Array.from(wav16);
      change(new DataView(copy.buffer));
      return copy;
    };
    const bad: [Uint8Array, RegExp][] = [
      [writeWav(new Float32Array(10), { sampleRateHz: 16_000 }), /tag 3/u],
      [writeWav(new Int16Array(10), { sampleRateHz: 16_000, encoding: 'u8' }), /8 bits/u],
      [view((header) => header.setUint16(22, 0, true)), /0 channels/u],
      [view((header) => header.setUint32(24, 500, true)), /500 Hz/u],
      [view((header) => header.setUint16(32, 3, true)), /block align/u],
      [view((header) => header.setUint32(16, 4, true)), /fmt chunk of 4 bytes/u],
      [view((header) => header.setUint32(12, 0x20746d67)), /data chunk before/u],
    ];
    for (const [bytes, message] of bad) {
      const error = await errorOf(setup({ input_format: 'wav' }), audio(bytes), END);
      expect(error).toMatchObject({ code: 1008, message: expect.stringMatching(message) });
    }
  });

  it('skips other chunks of a WAV, trusts its data size, and reads on where that is unknown', async () => {
    const samples = speak('yes', 8_000);
    const plain = Buffer.from(writeWav(samples, { sampleRateHz: 8_000 }));
    const list = Buffer.concat([Buffer.from('LIST\x05\0\0\0abcde\0', 'latin1')]);
    const withList = Buffer.concat([plain.subarray(0, 12), list, plain.subarray(12)]);
    const trailing = Buffer.concat([plain, Buffer.alloc(8_000, 0x55)]);
    const streamed = Buffer.from(plain);
    streamed.writeUInt32LE(0xffffffff, 4);
    streamed.writeUInt32LE(0xffffffff, 40);
    const zeros = Buffer.from(plain);
    zeros.writeUInt32LE(0, 4);
    zeros.writeUInt32LE(0, 40);
    for (const bytes of [withList, trailing, streamed, zeros]) {
      const client = await transcribe({ type: 'setup', input_format: 'wav' }, bytes);
      expect(client.text()).toBe('yes');
      expect(client.of('step')).toHaveLength(3);
    }
  });
});

describe('asr multiplexing', () => {
  it('serves requests side by side, stamping their id on every reply', async () => {
    const client = await open();
    const words: Record<string, string> = { a: 'alpha one', b: 'beta', c: 'gamma' };
    for (const client_req_id of Object.keys(words))
      client.send(setup({ client_req_id, close_ws_on_eos: false }));
    const parts = Object.entries(words).map(([id, text]) => ({ id, samples: speak(text, 8_000) }));
    for (let from = 0; from < 6000; from += 1000) {
      for (const { id, samples } of parts) client.send(audio(samples.subarray(from, from + 1000), id));
    }
    for (const client_req_id of Object.keys(words)) {
      client.send({ type: 'flush', flush_id: client_req_id, client_req_id }, { ...END, client_req_id });
    }
    for (const [id, text] of Object.entries(words)) {
      await client.next((message) => message.type === 'end_of_stream' && message.client_req_id === id);
      expect(client.text(id)).toBe(text);
      expect(client.of('ready', id)).toHaveLength(1);
      expect(client.of('flushed', id)).toEqual([{ type: 'flushed', flush_id: id, client_req_id: id }]);
    }
    expect(client.messages.every((message) => typeof message.client_req_id === 'string')).toBe(true);
    expect(client.closeCode).toBeUndefined();
    client.socket.close();
    await client.closed();
  });

  it('lets an id and a socket without ids be used again after end_of_stream', async () => {
    const client = await open();
    for (const more of [{ client_req_id: 'x' }, { client_req_id: 'x' }, {}, {}]) {
      client.send(
        setup({ ...more, close_ws_on_eos: false }),
        { ...audio(speak('again', 8_000)), ...more },
        { ...END, ...more },
      );
    }
    await client.next(() => client.of('end_of_stream').length === 4); // the next one ends the socket, whoever is still at work
    client.send(setup(), END);
    expect(await client.closed()).toBe(1000);
    expect(client.of('ready')).toHaveLength(5);
    expect(client.text()).toBe('again again again again');
  });
});

describe('asr turns', () => {
  it('shows the end of a turn in the 2 s horizon', async () => {
    const samples = concat(speak8k('and now you'), silence(1.5));
    const client = await transcribe(
      setup(),
      Int16Array.from(samples, (sample) => sample * 0x7fff),
    );
    const steps = client
      .of('step')
      .map((step) => (step.vad as { inactivity_prob: number }[])[2]?.inactivity_prob);
    expect(steps[5]).toBeLessThan(0.3);
    expect(steps.at(-1)).toBeGreaterThan(0.9);
  });
});
