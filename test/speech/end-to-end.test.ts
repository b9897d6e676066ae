/**
 * The client and the sandbox as a whole: what the documents ask of a client, the limits of a plan, tokens that are good for
 * one connection, a service of one's own.
 * Not here: faults one by one (fault-matrix.test.ts), long texts and recordings (long-speech.test.ts, test/unit/gradium).
 */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { Gradium } from '../../src/gradium/index.js';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/index.js';
import { APIS, FORMAT, type Said, WIRE } from './speech-apis.js';

const KEY = 'gsk_the_only_good_key';
let said: Said[];

beforeAll(async () => {
  const texts = [
    'Hier und da',
    'Links und rechts',
    'Oben ist Luft',
    'Unten ist Erde',
    'In der Mitte sind wir',
  ];
  await withSandbox({}, async (sandbox) => {
    const { tts } = new Gradium({ apiKey: KEY, baseUrl: sandbox.url });
    said = await Promise.all(
      texts.map(async (text) => ({ text, audio: (await tts.synthesize(text, { outputFormat: WIRE })).data })),
    );
  });
});

async function withSandbox(options: SandboxOptions, use: (sandbox: Sandbox) => Promise<void>) {
  const sandbox = await startSandbox(options);
  try {
    await use(sandbox);
  } finally {
    await sandbox.close();
  }
}

/** The sandbox may hear of the last end after the client. */
function expectEnds(sandbox: Sandbox, ends: string[]): Promise<void> {
  const seen = () => sandbox.received().sessions.map(({ end }) => end?.how);
  return vi.waitFor(() => expect(seen()).toEqual(ends), 5_000);
}

describe.concurrent('what the documents ask of a client, and no more', () => {
  const ways = APIS.flatMap((api) => [
    { api, name: api.name, shared: false },
    ...(api.transport === 'post' ? [] : [{ api, name: `${api.name} on a shared socket`, shared: true }]),
  ]);
  it.concurrent.each(ways)('is enough for $name', async ({ api, shared }) => {
    await withSandbox({ mode: 'strict', keys: [KEY] }, async (sandbox) => {
      const client = new Gradium({ apiKey: KEY, baseUrl: sandbox.url });
      const connection = client.connect();
      for (const one of said) {
        const result = await api.call(shared ? connection : client, one, { retries: 0 });
        expect(result).toEqual(typeof result === 'string' ? one.text : one.audio);
      }
      await connection.close();
      await expectEnds(
        sandbox,
        said.map(() => 'end_of_stream'),
      );
    });
  });

  it.concurrent('is enough for a flush', async () => {
    await withSandbox({ mode: 'strict' }, async (sandbox) => {
      const [{ text, audio }] = said as [Said];
      const stream = new Gradium({ apiKey: KEY, baseUrl: sandbox.url }).stt.stream({ format: FORMAT });
      stream.write(audio);
      const words: string[] = [];
      stream.on('data', (event) => {
        if (event.type === 'word') words.push(event.word.text);
      });
      await stream.flush();
      expect(words.join(' ')).toBe(text);
      stream.end();
      await new Promise((resolve) => stream.once('end', resolve));
      expect(sandbox.received().sessions).toMatchObject([{ flushIds: [1], end: { how: 'end_of_stream' } }]);
    });
  });
});

describe.concurrent('a plan of five sessions at once', () => {
  const plan = 5;
  /** Sessions last some 0.2 s: else the first ones are over before the last ones begin. */
  const limited: SandboxOptions = { concurrency: plan, faults: [{ kind: 'slow', ms: 10 }] };
  const thirty = () => Array.from({ length: 30 }, (_, i) => said[i % said.length] as Said);
  const transcribe = (to: Pick<Gradium, 'stt'>, retries?: number) => (one: Said) =>
    to.stt.transcribe(one.audio, { format: FORMAT, ...(retries === undefined ? {} : { retries }) });

  it.concurrent.each(['lenient', 'strict'] as const)(
    'serves thirty requests over sockets that hold five, mode %s',
    async (mode) => {
      await withSandbox({ ...limited, mode }, async (sandbox) => {
        const client = new Gradium({ apiKey: KEY, baseUrl: sandbox.url });
        await using connection = client.connect({ sockets: 1, sessionsPerSocket: plan });
        const transcripts = await Promise.all(thirty().map(transcribe(connection, 0)));
        expect(transcripts.map(({ text }) => text)).toEqual(thirty().map(({ text }) => text));
        await expectEnds(
          sandbox,
          thirty().map(() => 'end_of_stream'),
        );
      });
    },
  );

  it.concurrent('serves thirty requests with a socket each: those that get HTTP 429 come again', async () => {
    await withSandbox(limited, async (sandbox) => {
      const client = new Gradium({ apiKey: KEY, baseUrl: sandbox.url });
      // Each time at least five more get through.
      const transcripts = await Promise.all(thirty().map(transcribe(client, 10)));
      expect(transcripts.map(({ text }) => text)).toEqual(thirty().map(({ text }) => text));
      await expectEnds(
        sandbox,
        thirty().map(() => 'end_of_stream'),
      );
    });
  });

  // 1008 is what a bad key gets as well: a client cannot tell that it may come again.
  it.concurrent('is reported as it is when the service answers with 1008', async () => {
    await withSandbox({ ...limited, mode: 'strict' }, async (sandbox) => {
      const client = new Gradium({ apiKey: KEY, baseUrl: sandbox.url });
      const results = await Promise.allSettled(thirty().map(transcribe(client)));
      const failed = results.flatMap((result, i) => {
        if (result.status === 'rejected') return [result.reason as Error];
        expect(result.value.text).toBe(thirty()[i]?.text);
        return [];
      });
      expect(failed.length).toBe(thirty().length - plan);
      for (const error of failed) {
        expect(error).toMatchObject({ name: 'SpeechApiError', apiCode: 1008, retryable: false });
        expect(error.message).toContain('concurrency limit of 5 sessions reached');
      }
    });
  });
});

describe.concurrent('a token for each connection', () => {
  /** A program that holds the key hands out tokens. */
  function minter(sandbox: Sandbox) {
    const minted: string[] = [];
    const mint = async () => {
      const answer = await fetch(`${sandbox.url}/api/api-keys/token`, { headers: { 'x-api-key': KEY } });
      const { token } = (await answer.json()) as { token: string };
      minted.push(token);
      return token;
    };
    return { minted, mint };
  }

  it.concurrent.each(APIS.filter(({ transport }) => transport === 'websocket'))(
    'is fetched anew for every attempt of $name',
    async (api) => {
      const faults = [
        { kind: 'drop', after: 0, times: 1 },
        { kind: 'close', after: 1, code: 1012, times: 1 },
      ] as const;
      await withSandbox({ keys: [KEY], faults }, async (sandbox) => {
        const { minted, mint } = minter(sandbox);
        const [one] = said as [Said];
        const result = await api.call(new Gradium({ token: mint, baseUrl: sandbox.url }), one, {});
        expect(result).toEqual(typeof result === 'string' ? one.text : one.audio);
        expect(new Set(minted).size).toBe(3);
        expect(minted.length).toBe(3);
        await expectEnds(sandbox, ['drop', 'close', 'end_of_stream']);
      });
    },
  );

  it.concurrent('opens one socket for all that share it', async () => {
    await withSandbox({ keys: [KEY] }, async (sandbox) => {
      const { minted, mint } = minter(sandbox);
      await using connection = new Gradium({ token: mint, baseUrl: sandbox.url }).connect({ sockets: 1 });
      const transcripts = await Promise.all(
        said.map(({ audio }) => connection.stt.transcribe(audio, { format: FORMAT })),
      );
      expect(transcripts.map(({ text }) => text)).toEqual(said.map(({ text }) => text));
      expect(minted.length).toBe(1);
    });
  });

  it.concurrent('is used up by its connection: a second one is refused, and never named', async () => {
    await withSandbox({ keys: [KEY] }, async (sandbox) => {
      const { mint } = minter(sandbox);
      const token = await mint();
      const client = new Gradium({ token, baseUrl: sandbox.url });
      const [{ text, audio }] = said as [Said];
      expect((await client.stt.transcribe(audio, { format: FORMAT })).text).toBe(text);
      const again = client.stt.transcribe(audio, { format: FORMAT });
      await expect(again).rejects.toMatchObject({ name: 'SpeechApiError', apiCode: 1008, retryable: false });
      await expect(again).rejects.not.toThrow(token);
    });
  });
});

describe.concurrent('a service of one’s own', () => {
  it.concurrent.each(APIS.filter(({ transport }) => transport === 'websocket'))(
    'answers $name at its base URL',
    async (api) => {
      await withSandbox({ selfHosted: api.route, keys: [KEY] }, async (sandbox) => {
        const client = new Gradium({ apiKey: KEY, baseUrl: `${sandbox.url}/`, selfHosted: true });
        const [one] = said as [Said];
        const result = await api.call(client, one, { retries: 0 });
        expect(result).toEqual(typeof result === 'string' ? one.text : one.audio);
        const stranger = new Gradium({ apiKey: 'gsk_another_key', baseUrl: sandbox.url, selfHosted: true });
        await expect(api.call(stranger, one, {})).rejects.toMatchObject({
          name: 'SpeechApiError',
          apiCode: 1008,
        });
      });
    },
  );
});
