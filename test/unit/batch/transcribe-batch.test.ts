import { describe, expect, it } from 'vitest';
import {
  type BatchProgress,
  type BatchResult,
  isAccountError,
  transcribeBatch,
} from '../../../src/batch/index.js';
import { FormatError, SpeechApiError, TimeoutError } from '../../../src/errors.js';
import type { Gradium, Transcript } from '../../../src/gradium/index.js';
import { ManualClient, settled, transcriptOf } from './fakes.js';

const badKey = () => new SpeechApiError('API key is revoked or expired', { apiCode: 1008, retryable: false });

async function collect(results: AsyncIterable<BatchResult>): Promise<BatchResult[]> {
  const all: BatchResult[] = [];
  for await (const result of results) all.push(result);
  return all;
}

/** Collects until the iteration throws; gives both. */
async function collectUntilThrown(results: AsyncIterable<BatchResult>) {
  const all: BatchResult[] = [];
  try {
    for await (const result of results) all.push(result);
  } catch (thrown) {
    return { all, thrown };
  }
  throw new Error('the iteration did not throw');
}

describe('transcribeBatch', () => {
  it('transcribeBatch yields results as they finish, not in the order of the sources', async () => {
    const client = new ManualClient();
    const results = transcribeBatch(['a', 'b', 'c'], { client });
    const first = results.next();
    await client.called(3);
    client.call('b').finish();
    expect((await first).value).toMatchObject({ source: 'b', status: 'ok', transcript: { text: 'b' } });
    client.call('c').finish();
    expect((await results.next()).value).toMatchObject({ source: 'c' });
    client.call('a').finish();
    expect((await results.next()).value).toMatchObject({ source: 'a' });
    expect(await results.next()).toEqual({ done: true, value: undefined });
  });

  it('transcribeBatch goes on after a file that fails', async () => {
    const broken = new FormatError('fmt chunk of 17 bytes', 'ERR_WAV_BAD_FMT', 16);
    const client = {
      stt: {
        transcribe: async (source: string): Promise<Transcript> => {
          if (source === 'bad') throw broken;
          return transcriptOf([{ text: source, startS: 0, stopS: 1 }]);
        },
      },
    };
    const all = await collect(transcribeBatch(['a', 'bad', 'b'], { client, concurrency: 1 }));
    expect(all.map(({ source, status }) => [source, status])).toEqual([
      ['a', 'ok'],
      ['bad', 'failed'],
      ['b', 'ok'],
    ]);
    expect(all[1]).toMatchObject({ error: broken });
  });

  it('transcribeBatch turns a client that throws at once, or throws no Error, into a failed file', async () => {
    const client = {
      stt: {
        transcribe: (): Promise<Transcript> => {
          throw 'no error object';
        },
      },
    };
    const [only] = await collect(transcribeBatch(['a'], { client }));
    expect(only).toMatchObject({ status: 'failed', error: new Error('no error object') });
  });

  it.each([1, 3, 16])('transcribeBatch runs exactly %i files at a time', async (concurrency) => {
    const client = new ManualClient();
    const sources = Array.from({ length: 40 }, (_, index) => `file-${index}`);
    const all = collect(transcribeBatch(sources, { client, concurrency }));
    for (const [index] of sources.entries()) {
      await client.called(Math.min(40, index + concurrency));
      await settled();
      expect(client.active).toBe(Math.min(concurrency, 40 - index));
      client.calls[index]?.finish();
    }
    expect(await all).toHaveLength(40);
    expect(client.mostActive).toBe(concurrency);
  });

  it('transcribeBatch pulls an endless source only as far as there is room', async () => {
    const client = new ManualClient();
    let pulled = 0;
    let closed = false;
    async function* endless() {
      try {
        for (;;) yield `file-${pulled++}`;
      } finally {
        closed = true;
      }
    }
    const results = transcribeBatch(endless(), { client, concurrency: 4 });
    expect(pulled).toBe(0);
    const first = results.next();
    await client.called(4);
    await settled();
    expect(pulled).toBe(4);
    // Nobody reads on: at most `concurrency` results wait, and with them the pulling stops.
    for (let index = 0; index < 8; index++) {
      await client.called(index + 1);
      client.calls[index]?.finish();
      await settled();
    }
    await first;
    await settled();
    expect(pulled).toBeLessThanOrEqual(4 + 4 + 1);
    await results.return();
    expect(closed).toBe(true);
    expect(client.active).toBe(0);
  });

  it('transcribeBatch yields what finished while the source keeps it waiting', async () => {
    const client = new ManualClient();
    async function* slow() {
      yield 'a';
      await new Promise(() => {});
    }
    const results = transcribeBatch(slow(), { client });
    const first = results.next();
    await client.called(1);
    client.call('a').finish();
    expect((await first).value).toMatchObject({ source: 'a' });
    // A source that never answers does not hold up leaving either.
    await results.return();
  });

  it('transcribeBatch aborts what runs when the loop is left', async () => {
    const client = new ManualClient();
    for await (const { source } of finishFirst(client)) {
      expect(source).toBe('a');
      break;
    }
    expect(client.active).toBe(0);
    expect(client.call('b').options.signal?.aborted).toBe(true);
  });

  async function* finishFirst(client: ManualClient) {
    const results = transcribeBatch(['a', 'b', 'c'], { client, concurrency: 2 });
    void client.called(2).then(() => client.call('a').finish());
    yield* results;
  }

  it('transcribeBatch stops at an account error once: aborts, yields what finished, throws it', async () => {
    const client = new ManualClient();
    const events: BatchProgress[] = [];
    const outcome = collectUntilThrown(
      transcribeBatch(['a', 'b', 'c', 'd'], {
        client,
        concurrency: 3,
        onProgress: (event) => events.push(event),
      }),
    );
    await client.called(3);
    const refused = badKey();
    client.call('a').finish();
    client.call('b').fail(refused);
    const { all, thrown } = await outcome;
    expect(thrown).toBe(refused);
    expect(all.map(({ source, status }) => [source, status])).toEqual([['a', 'ok']]);
    expect(client.call('c').options.signal?.reason).toBe(refused);
    expect(client.calls.length).toBeLessThanOrEqual(4);
    expect(client.active).toBe(0);
    expect(events.filter(({ type }) => type === 'start')).toHaveLength(client.calls.length);
    expect(events.filter(({ type }) => type === 'end')).toHaveLength(client.calls.length);
  });

  it('transcribeBatch takes a 1008 about the setup for the failure of one file', async () => {
    const client = new ManualClient();
    const all = collect(transcribeBatch(['a', 'b'], { client }));
    await client.called(2);
    const badSetup = new SpeechApiError('unknown input_format', { apiCode: 1008, retryable: false });
    client.call('a').fail(badSetup);
    client.call('b').finish();
    expect((await all).map(({ source, status }) => [source, status])).toEqual([
      ['a', 'failed'],
      ['b', 'ok'],
    ]);
  });

  it('transcribeBatch throws the reason of an abort, after what had finished', async () => {
    const client = new ManualClient();
    const controller = new AbortController();
    const outcome = collectUntilThrown(
      transcribeBatch(['a', 'b', 'c'], { client, concurrency: 2, signal: controller.signal }),
    );
    await client.called(2);
    client.call('a').finish();
    await client.called(3);
    const reason = new Error('changed my mind');
    controller.abort(reason);
    const { all, thrown } = await outcome;
    expect(thrown).toBe(reason);
    expect(all.map(({ source }) => source)).toEqual(['a']);
    expect(client.active).toBe(0);
  });

  it('transcribeBatch starts nothing with a signal that is aborted already', async () => {
    const client = new ManualClient();
    const { thrown } = await collectUntilThrown(
      transcribeBatch(['a'], { client, signal: AbortSignal.abort('too late') }),
    );
    expect(thrown).toBe('too late');
    expect(client.calls).toHaveLength(0);
  });

  it('transcribeBatch finishes what runs when the source throws, then throws its error', async () => {
    const client = new ManualClient();
    const broken = new Error('the list is broken');
    function* sources() {
      yield 'a';
      throw broken;
    }
    const outcome = collectUntilThrown(transcribeBatch(sources(), { client }));
    await client.called(1);
    await settled();
    expect(client.call('a').options.signal?.aborted).toBe(false);
    client.call('a').finish();
    const { all, thrown } = await outcome;
    expect(all).toHaveLength(1);
    expect(thrown).toBe(broken);
  });

  it('transcribeBatch stops when onProgress throws', async () => {
    const client = new ManualClient();
    const fault = new Error('bad callback');
    const { thrown } = await collectUntilThrown(
      transcribeBatch(['a'], {
        client,
        onProgress: () => {
          throw fault;
        },
      }),
    );
    expect(thrown).toBe(fault);
    expect(client.active).toBe(0);
  });

  it('transcribeBatch passes options and progress through', async () => {
    const client = new ManualClient();
    const events: BatchProgress[] = [];
    const all = collect(
      transcribeBatch(['a'], { client, language: 'fr', wire: 'pcm_8000', onProgress: (e) => events.push(e) }),
    );
    await client.called(1);
    const { options, finish } = client.call('a');
    expect(options).toMatchObject({ language: 'fr', wire: 'pcm_8000' });
    expect(options).not.toHaveProperty('client');
    expect(options).not.toHaveProperty('concurrency');
    options.onProgress?.({ transcribedS: 1, durationS: 2 });
    finish();
    await all;
    expect(events).toEqual([
      { type: 'start', source: 'a' },
      { type: 'progress', source: 'a', transcribedS: 1, durationS: 2 },
      { type: 'end', source: 'a', status: 'ok' },
    ]);
  });

  it.each([
    ['a bare string', 'call.wav'],
    ['null', null],
    ['a number', 7],
    ['an object that is no iterable', {}],
  ])('transcribeBatch refuses %s as sources at once', (_, sources) => {
    const client = new ManualClient();
    expect(() => transcribeBatch(sources as never, { client })).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'ERR_INVALID_ARG' }),
    );
  });

  it.each([0, -1, 1.5, Number.NaN, 10_001, '4'])(
    'transcribeBatch refuses a concurrency of %s',
    (concurrency) => {
      const client = new ManualClient();
      expect(() => transcribeBatch([], { client, concurrency: concurrency as number })).toThrow(
        expect.objectContaining({ name: 'RangeError', code: 'ERR_INVALID_ARG' }),
      );
    },
  );

  it('transcribeBatch refuses a missing client and sources that are no strings', async () => {
    expect(() => transcribeBatch([], {} as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG' }),
    );
    const { thrown } = await collectUntilThrown(
      transcribeBatch([7] as never, { client: new ManualClient() }),
    );
    expect(thrown).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG' });
  });

  it('transcribeBatch takes a Gradium as its client', () => {
    const check = (client: Gradium) => transcribeBatch([], { client });
    expect(check).toBeTypeOf('function');
  });
});

describe('isAccountError', () => {
  const apiError = (apiCode: number, message: string) =>
    new SpeechApiError(message, { apiCode, retryable: false });

  it.each([
    [1008, 'API key is revoked or expired'],
    [1008, 'No authentication provided'],
    [1008, 'not enough credits'],
    [1008, 'this account is suspended'],
    [401, ''],
    [402, ''],
    [403, ''],
  ])('isAccountError holds for %i %s', (code, message) => {
    expect(isAccountError(apiError(code, message))).toBe(true);
  });

  it.each([
    [1008, 'missing setup'],
    [1008, 'unknown input_format'],
    [1008, 'keywords: at most 500 words'],
    [1011, 'internal error while checking the API key'],
    [429, 'too many sessions'],
    [500, 'key server down'],
  ])('isAccountError does not hold for %i %s', (code, message) => {
    expect(isAccountError(apiError(code, message))).toBe(false);
  });

  it('isAccountError does not hold for other errors', () => {
    expect(isAccountError(new TimeoutError('no answer about the key', { phase: 'idle' }))).toBe(false);
    expect(isAccountError(undefined)).toBe(false);
  });
});
