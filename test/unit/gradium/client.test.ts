import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Gradium } from '../../../src/gradium/index.js';
import { politeStt, scriptedServer } from '../../speech/scripted-server.js';

const KEY = 'gd_very_secret';
const audio = Buffer.alloc(800, 0x55);
const format = { encoding: 'mulaw', sampleRateHz: 8000 } as const;

beforeEach(() => {
  vi.stubEnv('GRADIUM_API_KEY', '');
  vi.stubEnv('GRADIUM_BASE_URL', '');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe('Gradium', () => {
  it('needs a key', () => {
    expect(() => new Gradium()).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'ERR_NO_API_KEY' }),
    );
    expect(() => new Gradium({ apiKey: '  ' })).toThrow(expect.objectContaining({ code: 'ERR_NO_API_KEY' }));
  });

  it('takes key and base from the environment, and options before them', async () => {
    await using server = await scriptedServer((peer) => politeStt(peer));
    vi.stubEnv('GRADIUM_API_KEY', 'from-env\n');
    vi.stubEnv('GRADIUM_BASE_URL', server.url);
    await new Gradium().stt.transcribe(audio, { format });
    await new Gradium({ apiKey: 'own', baseUrl: `${server.url}/v9/` }).stt.transcribe(audio, { format });
    expect(server.peers.map(({ request }) => [request.headers['x-api-key'], request.url])).toEqual([
      ['from-env', '/api/speech/asr'],
      ['own', '/v9/speech/asr'],
    ]);
  });

  it.each([
    { apiKey: `${KEY}\r\nx-other: 1` },
    { apiKey: `${KEY} é` },
    { apiKey: 5 },
    { apiKey: KEY, baseUrl: 'nonsense' },
    { apiKey: KEY, baseUrl: 5 },
    { apiKey: KEY, baseUrl: `https://${KEY}@host/` },
    { apiKey: KEY, deadlines: { idleMs: -1 } },
  ])('refuses the options of case %# without quoting the key', (options) => {
    let error: unknown;
    try {
      new Gradium(options as never);
    } catch (caught) {
      error = caught;
    }
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARG' });
    expect(inspect(error)).not.toContain(KEY);
  });

  it('says of options that are none that they are, wherever they are taken', async () => {
    const refused = expect.objectContaining({ name: 'TypeError', code: 'ERR_INVALID_ARG' });
    const none = null as never;
    expect(() => new Gradium(none)).toThrow(refused);
    const client = new Gradium({ apiKey: KEY });
    expect(() => client.connect(none)).toThrow(refused);
    expect(() => client.stt.stream(none)).toThrow(refused);
    expect(() => client.tts.stream(none)).toThrow(refused);
    expect(() => client.s2s.stream(none)).toThrow(refused);
    await expect(client.stt.transcribe(audio, none)).rejects.toEqual(refused);
    await expect(client.tts.synthesize('Hello', none)).rejects.toEqual(refused);
    await expect(client.s2s.translate(audio, none)).rejects.toEqual(refused);
  });

  it('does not show its key when printed', () => {
    const client = new Gradium({ apiKey: KEY });
    expect(inspect(client, { depth: 10, showHidden: true })).not.toContain(KEY);
    expect(JSON.stringify(client)).not.toContain(KEY);
  });

  it("lets a call's deadlines go before the client's", async () => {
    await using server = await scriptedServer(() => {});
    const client = new Gradium({ apiKey: KEY, baseUrl: server.url, deadlines: { setupMs: 0, totalMs: 0 } });
    const result = client.stt.transcribe(audio, { format, retries: 0, deadlines: { setupMs: 20 } });
    await expect(result).rejects.toMatchObject({ phase: 'setup' });
  });
});
