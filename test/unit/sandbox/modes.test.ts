import { afterEach, describe, expect, it } from 'vitest';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../../src/sandbox/index.js';
import { audio, type Message, RawClient } from './client.js';
import { speak } from './sound.js';

let sandbox: Sandbox | undefined;
afterEach(async () => {
  await sandbox?.close();
  sandbox = undefined;
});

async function open(options: SandboxOptions, path = '/api/speech/asr'): Promise<RawClient> {
  sandbox ??= await startSandbox(options);
  return RawClient.open(sandbox.url, path);
}

const SETUP = { type: 'setup', input_format: 'pcm_8000', json_config: { language: 'en' } };
const END = { type: 'end_of_stream' };
const setupOf = (id: string, more: object = {}): object => ({
  ...SETUP,
  client_req_id: id,
  close_ws_on_eos: false,
  ...more,
});
const endOf = (id: string): object => ({ ...END, client_req_id: id });

/** A socket on which `a` is a request in good order. */
async function withNeighbour(options: SandboxOptions): Promise<RawClient> {
  const client = await open(options);
  client.send(setupOf('a'));
  await client.next('ready');
  return client;
}

/** Each is wrong in `b`. */
const WRONG: [string, object[]][] = [
  ['a bad setup', [setupOf('b', { input_format: 'pcm_32000' })]],
  ['a bad json_config', [setupOf('b', { json_config: { language: 'it' } })]],
  ['bad base64', [setupOf('b'), { type: 'audio', audio: '!', client_req_id: 'b' }]],
  ['an unknown type', [setupOf('b'), { type: 'vad', client_req_id: 'b' }]],
  ['a second setup of an active id', [setupOf('b'), setupOf('b')]],
  ['input without setup', [audio(new Uint8Array(2), 'b')]],
];

describe('lenient mode', () => {
  it.each(WRONG)('%s of a multiplexed request ends that request alone', async (_, messages) => {
    const client = await withNeighbour({});
    client.send(...messages);
    const error = await client.next('error');
    expect(error).toEqual({
      type: 'error',
      message: expect.any(String),
      code: expect.any(Number),
      client_req_id: 'b',
    });
    // What was sent before the client knew is dropped, and the id is free again.
    client.send(audio(new Uint8Array(2), 'b'), endOf('b'));
    client.send(setupOf('b'), audio(speak('again', 8_000), 'b'), endOf('b'));
    client.send(audio(speak('fine', 8_000), 'a'), endOf('a'));
    await client.next((message) => message.type === 'end_of_stream' && message.client_req_id === 'a');
    await client.next((message) => message.type === 'end_of_stream' && message.client_req_id === 'b');
    expect([client.text('a'), client.text('b')]).toEqual(['fine', 'again']);
    expect(client.of('error')).toEqual([error]);
    expect(client.closeCode).toBeUndefined();
    client.socket.close();
  });

  it('an error fault of a multiplexed request ends that request alone', async () => {
    const client = await open({ faults: [{ kind: 'error', times: 1 }] });
    client.send(setupOf('a'), endOf('a'), setupOf('b'), endOf('b'));
    await client.next((message) => message.type === 'end_of_stream' && message.client_req_id === 'b');
    expect(client.types('a')).toEqual(['ready', 'error']);
    expect(client.types('b')).toEqual(['ready', 'end_of_stream']);
    client.socket.close();
  });

  it.each<[string, object[]]>([
    ['of a request without an id', [{ ...SETUP, close_ws_on_eos: false }, { type: 'vad' }]],
    [
      'of a request that closes the socket',
      [setupOf('b', { close_ws_on_eos: true }), { type: 'vad', client_req_id: 'b' }],
    ],
    ['of a message without a type', [{ client_req_id: 'a' }]],
    ['of a bad id', [{ ...END, client_req_id: {} }]],
  ])('an error %s closes the socket', async (_, messages) => {
    const client = await withNeighbour({});
    client.send(...messages);
    expect((await client.next('error')).code).toBe(1008);
    expect(await client.closed()).toBe(1008);
  });

  it('an id before any setup closes the socket', async () => {
    const client = await open({});
    client.send(audio(new Uint8Array(2), 'y'));
    expect(await client.next('error')).toMatchObject({ code: 1008, client_req_id: 'y' });
    expect(await client.closed()).toBe(1008);
  });

  it('a request that is late, or has much to say, does not hold up its neighbours', async () => {
    const client = await open({ faults: [{ kind: 'delay', ms: 3_600_000, times: 1 }] }, '/api/speech/tts');
    const tts = { type: 'setup', output_format: 'pcm_8000', close_ws_on_eos: false };
    client.send({ ...tts, client_req_id: 'late' }, { type: 'text', text: 'x', client_req_id: 'late' });
    client.send({ ...tts, client_req_id: 'long' });
    client.send({ type: 'text', text: 'word '.repeat(5_000), client_req_id: 'long' });
    client.send({ ...tts, client_req_id: 'short' }, endOf('short'));
    await client.next((message) => message.type === 'end_of_stream' && message.client_req_id === 'short');
    expect(client.of('ready', 'late')).toEqual([]);
    expect(client.of('audio', 'long').length).toBeLessThan(20_000);
    client.socket.terminate();
  });

  it('remembers 1000 failed ids, and drops none of what the newest send', async () => {
    const client = await withNeighbour({});
    for (let i = 0; i <= 1_000; i++) client.send(setupOf(`bad ${i}`, { input_format: 'x' }));
    await client.next((message) => message.client_req_id === 'bad 1000');
    client.send(endOf('bad 1000'), endOf('bad 0'));
    await client.next(() => client.of('error', 'bad 0').length === 2); // forgotten: a stray message
    expect(client.of('error', 'bad 1000')).toHaveLength(1);
    client.socket.close();
  });
});

describe('strict mode', () => {
  it.each(WRONG)('%s of a multiplexed request closes the socket', async (_, messages) => {
    const client = await withNeighbour({ mode: 'strict' });
    client.send(...messages);
    const error = await client.next('error');
    expect(error.client_req_id).toBe('b');
    expect(await client.closed()).toBe(error.code);
  });

  const config = (more: object): object => ({ ...SETUP, json_config: { language: 'en', ...more } });

  it.each<[string, string, object[], RegExp, number]>([
    ['stt without a language', 'asr', [{ ...SETUP, json_config: {} }], /language is required/u, 1011],
    ['a delay no document has', 'asr', [config({ delay_in_frames: 9 })], /delay_in_frames/u, 1011],
    ['the same as delay_in_tokens', 'asr', [config({ delay_in_tokens: 9 })], /delay_in_frames/u, 1011],
    ['temp above 1', 'asr', [config({ temp: 1.2 })], /temp/u, 1011],
    ['flush_id as text', 'asr', [SETUP, { type: 'flush', flush_id: '1' }], /flush_id/u, 1008],
    ['a voice that there is not', 'tts', [{ type: 'setup', voice_id: 'v' }], /voice not found/u, 1008],
    ['s2s without a voice', 's2s', [{ type: 'setup' }], /voice_id is required/u, 1008],
    ['s2s without a target', 's2s', [{ type: 'setup', voice_id: 'v' }], /target_language is required/u, 1011],
  ])('refuses %s, which lenient mode takes', async (_, route, messages, message, code) => {
    const client = await open({ mode: 'strict' }, `/speech/${route}`);
    client.send(...(messages as Message[]), END);
    expect(await client.next('error')).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await client.closed()).toBe(code);
    await sandbox?.close();
    sandbox = undefined;
    const lenient = await open({}, `/speech/${route}`);
    lenient.send(...messages, END);
    expect(await lenient.closed()).toBe(1000);
  });

  it('takes each documented delay, and shows the three documented horizons', async () => {
    for (const delay of [7, 8, 10, 12, 14, 16, 20, 24, 32, 36, 48]) {
      const client = await open({ mode: 'strict' });
      client.send(config({ delay_in_frames: delay }), audio(new Int16Array(640)), END);
      expect(await client.closed()).toBe(1000);
      expect(client.of('ready')[0]?.delay_in_frames).toBe(delay);
      const [step] = client.of('step') as unknown as { vad: { horizon_s: number }[] }[];
      expect(step?.vad.map((entry) => entry.horizon_s)).toEqual([0.5, 1, 2]);
    }
  });

  it('has no /speech/stt', async () => {
    await expect(open({ mode: 'strict' }, '/speech/stt')).rejects.toMatchObject({ status: 404 });
  });
});
