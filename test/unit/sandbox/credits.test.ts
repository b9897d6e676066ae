import { afterEach, describe, expect, it } from 'vitest';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../../src/sandbox/index.js';
import { audio, type Message, RawClient } from './client.js';
import { linesOf, post, textOf } from './http.js';
import { makeVoice, rest } from './rest-client.js';

let sandbox: Sandbox | undefined;
afterEach(async () => {
  await sandbox?.close();
  sandbox = undefined;
});

async function start(options: SandboxOptions): Promise<string> {
  sandbox = await startSandbox(options);
  return sandbox.url;
}

const END = { type: 'end_of_stream' };
const NONE = { type: 'error', message: 'no credits left', code: 1008 };
/** One second. */
const SECOND = new Uint8Array(16_000);

async function left(url: string): Promise<number> {
  return (await rest(url, 'GET', '/usages/credits')).body.remaining_credits;
}

async function run(url: string, path: string, ...messages: object[]): Promise<RawClient> {
  const client = await RawClient.open(url, path);
  client.send(...messages);
  await client.closed();
  return client;
}

const listen = (url: string, setup: object, seconds: number, path = '/speech/asr'): Promise<RawClient> =>
  run(
    url,
    path,
    { type: 'setup', input_format: 'pcm_8000', output_format: 'pcm_8000', ...setup },
    ...Array.from({ length: seconds }, () => audio(SECOND)),
    END,
  );
const say = (url: string, ...texts: string[]): Promise<RawClient> =>
  run(
    url,
    '/speech/tts',
    { type: 'setup', output_format: 'pcm_8000' },
    ...texts.map((text) => ({ type: 'text', text })),
    END,
  );

describe('credits', () => {
  it('go by the character of text as it came, by the second of audio', async () => {
    const url = await start({ credits: 1_000 });
    await say(url, 'é😀 <flush>', ' 1234');
    expect(await left(url)).toBe(1_000 - 10 - 5);
    await listen(url, {}, 2);
    expect(await left(url)).toBe(985 - 6);
    await listen(url, { json_config: { target_language: 'fr' } }, 2);
    expect(await left(url)).toBe(979 - 8);
    await listen(url, { model_name: 'stt-translate' }, 1);
    expect(await left(url)).toBe(971 - 4);
    await listen(url, {}, 2, '/speech/s2s');
    expect(await left(url)).toBe(967 - 60);
    await post(`${url}/post/speech/tts`, { text: 'seven..' });
    await post(`${url}/post/speech/asr?input_format=pcm_8000`, SECOND);
    expect(await left(url)).toBe(907 - 7 - 3);
    expect((await rest(url, 'GET', '/usages/summary')).body).toEqual({
      consumed_credits: 103,
      sessions: 7,
      ingress_audio_duration: 8,
      ingress_text_size: 22,
      ingress_messages: 1 + 2 + 3 + 3 + 2 + 3 + 2 + 2,
      egress_audio_duration: expect.any(Number),
      egress_text_size: expect.any(Number),
      egress_messages: expect.any(Number),
    });
  });

  it('of a part count as one, and parts add up', async () => {
    const url = await start({ credits: 100 });
    const step = audio(SECOND.subarray(0, 1_280));
    const setup = { type: 'setup', input_format: 'pcm_8000' };
    await run(url, '/speech/asr', setup, step, END);
    expect(await left(url)).toBe(99);
    await run(url, '/speech/asr', setup, ...Array(24).fill(step), END); // 25 × 0.24 = 6, but for rounding
    expect(await left(url)).toBe(94);
  });

  it('go for audio that is less than a step', async () => {
    const url = await start({ credits: 100 });
    const client = await RawClient.open(url, '/speech/asr');
    const heard = audio(SECOND.subarray(0, 100));
    client.send({ type: 'setup', input_format: 'pcm_8000' }, heard, { type: 'flush', flush_id: 1 });
    await client.next('flushed');
    expect(client.of('step')).toEqual([]);
    expect(await left(url)).toBe(99);
    client.socket.close();
    await client.closed();
  });

  it('that are gone end what runs and refuse what comes, over each transport', async () => {
    const url = await start({ credits: 4 });
    const running = await listen(url, {}, 3);
    expect(running.messages.at(-1)).toEqual(NONE);
    expect(running.closeCode).toBe(1008);
    expect(running.of('step').length).toBeGreaterThan(12); // 1.33 s were heard
    expect(running.of('step').length).toBeLessThan(20);
    expect(await left(url)).toBe(0);
    for (const path of ['/speech/asr', '/speech/tts', '/speech/s2s']) {
      const refused = await run(url, path, { type: 'setup' });
      expect([refused.messages, refused.closeCode]).toEqual([[NONE], 1008]);
    }
    for (const refused of [
      await post(`${url}/post/speech/tts`, { text: 'a' }),
      await post(`${url}/post/speech/asr?input_format=pcm_8000`, SECOND),
    ]) {
      expect([refused.status, refused.body.toString()]).toEqual([
        500,
        'error from server 1008: no credits left',
      ]);
    }
    expect((await rest(url, 'GET', '/voices')).status).toBe(200);
    expect((await rest(url, 'GET', '/usages/summary')).body).toMatchObject({
      consumed_credits: 4,
      sessions: 1,
    });
  });

  it('that run out amid a POST are an error line', async () => {
    const answer = await post(`${await start({ credits: 1 })}/post/speech/asr?input_format=pcm_8000`, SECOND);
    expect(answer.status).toBe(200);
    expect(linesOf(answer).at(-1)).toEqual({ type: 'error', message: 'no credits left' });
  });

  it('refuse the text after the one that took the last', async () => {
    const url = await start({ credits: 3 });
    const client = await say(url, 'long text', 'more');
    expect(client.text()).toBe('long text');
    expect(client.messages.at(-1)).toEqual(NONE);
  });

  it('may be none from the beginning', async () => {
    const refused = await run(await start({ credits: 0 }), '/speech/tts', { type: 'setup' });
    expect(refused.messages).toEqual([NONE]);
  });

  it.each([-1, 1.5, 1e13, '5'])('cannot be %j', async (credits) => {
    await expect(startSandbox({ credits: credits as number })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG',
    });
  });
});

describe('what text becomes', () => {
  const spoken = async (url: string, setup: object, ...texts: string[]): Promise<string> => {
    const messages = texts.map((text) => ({ type: 'text', text }));
    return (
      await run(url, '/speech/tts', { type: 'setup', output_format: 'pcm_8000', ...setup }, ...messages, END)
    ).text();
  };

  async function dictionary(url: string, ...rules: object[]): Promise<string> {
    return (await rest(url, 'POST', '/pronunciations', { name: 'd', language: 'en', rules })).body.uid;
  }

  it('is rewritten when rewrite_rules are sent, and only then', async () => {
    const url = await start({});
    const text = '“at” 3:45PM';
    expect(await spoken(url, {}, text)).toBe(text);
    for (const none of ['none', '', null]) {
      expect(await spoken(url, { json_config: { rewrite_rules: none } }, text)).toBe(text);
    }
    expect(await spoken(url, { json_config: { rewrite_rules: 'en' } }, text)).toBe('"at" 3.45PM');
    expect(await spoken(url, { json_config: '{"rewrite_rules":"TimeEn,Date"}' }, text)).toBe('"at" 3.45PM');
    const body = { text, output_format: 'pcm_8000', json_config: { rewrite_rules: 'en' } };
    expect(textOf(await post(`${url}/post/speech/tts`, body))).toBe('"at" 3.45PM');
  });

  it.each(['lenient', 'strict'] as const)(
    'is refused in %s mode by rules that there are not',
    async (mode) => {
      const client = await run(await start({ mode }), '/speech/tts', {
        type: 'setup',
        json_config: { rewrite_rules: 'en,It' },
      });
      expect(client.messages).toEqual([
        { type: 'error', message: expect.stringMatching(/^rewrite_rules: .*It/u), code: 1011 },
      ]);
    },
  );

  it('is pronounced by the dictionary, and then rewritten; tags stay, and phrases end with a message', async () => {
    const url = await start({});
    const pronunciation_id = await dictionary(
      url,
      { original: 'New York', rewrite: 'Noo Yawk' },
      { original: 'noon', rewrite: '12:00PM' },
      { original: '<flush>', rewrite: 'wrong' },
      { original: 'break', rewrite: 'wrong' },
    );
    const setup = { pronunciation_id, json_config: { rewrite_rules: 'en' } };
    const text = 'New York <flush> at <break time="0.1s" /> noon';
    expect(await spoken(url, setup, text)).toBe('Noo Yawk at 12.00PM');
    expect(await spoken(url, { pronunciation_id }, text)).toBe('Noo Yawk at 12:00PM');
    expect(await spoken(url, { pronunciation_id }, 'New', 'York New York')).toBe('New York Noo Yawk');
  });

  it('keeps to the dictionary as it was at setup', async () => {
    const url = await start({});
    const pronunciation_id = await dictionary(url, { original: 'a', rewrite: 'b' });
    const client = await RawClient.open(url, '/speech/tts');
    client.send({ type: 'setup', output_format: 'pcm_8000', pronunciation_id });
    await client.next('ready');
    await rest(url, 'PUT', `/pronunciations/${pronunciation_id}`, { rules: [] });
    client.send({ type: 'text', text: 'a' }, END);
    await client.closed();
    expect(client.text()).toBe('b');
  });

  it.each(['lenient', 'strict'] as const)(
    'needs a dictionary that there is, in %s mode too',
    async (mode) => {
      const url = await start({ mode });
      const client = await run(url, '/speech/tts', { type: 'setup', pronunciation_id: 'p' });
      const error: Message = { type: 'error', message: 'pronunciation dictionary not found', code: 1008 };
      expect(client.messages).toEqual([error]);
    },
  );
});

describe('voices', () => {
  it.each(['tts', 's2s'])(
    'of %s are, in strict mode, those of the catalogue, own ones, and candidates that are ready',
    async (route) => {
      const url = await start({ mode: 'strict' });
      const outcome = async (voice_id: string): Promise<unknown> => {
        const client = await run(
          url,
          `/speech/${route}`,
          { type: 'setup', voice_id, json_config: route === 's2s' ? { target_language: 'en' } : {} },
          END,
        );
        return client.of('error')[0]?.message ?? client.closeCode;
      };
      expect(await outcome('YTpq7expH9539ERJ')).toBe(1000);
      expect(await outcome(await makeVoice(url))).toBe(1000);
      expect(await outcome('AAAAAAAAAAAAAAAA')).toBe('voice not found');
      const { body } = await rest(url, 'POST', '/voice-generator/generate', { prompt: 'p', language: 'en' });
      const id = body.embeddings[0].embedding_id;
      expect(await outcome(id)).toBe('voice not found');
      for (;;) {
        const listed = await rest(url, 'GET', `/voice-generator/embeddings?embedding_id=${id}`);
        if (listed.body.embeddings[0].ready) break;
      }
      expect(await outcome(id)).toBe(1000);
      await rest(url, 'DELETE', `/voice-generator/embeddings/${id}`);
      expect(await outcome(id)).toBe('voice not found');
    },
  );

  it('of any id speak in lenient mode', async () => {
    const client = await run(await start({}), '/speech/tts', { type: 'setup', voice_id: 'x' }, END);
    expect(client.closeCode).toBe(1000);
  });

  it('that are cloned speak and are heard', async () => {
    const url = await start({ mode: 'strict' });
    const body = {
      text: 'hello',
      voice_id: await makeVoice(url),
      output_format: 'wav',
      only_audio: true,
    };
    const { body: sound } = await post(`${url}/post/speech/tts`, body);
    const heard = await post(`${url}/post/speech/asr?json_config={"language":"en"}`, sound);
    expect(textOf(heard)).toBe('hello');
  });
});
