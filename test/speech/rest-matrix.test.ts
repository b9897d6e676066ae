/**
 * Every fault of the sandbox × every REST call of the client. Each meeting of them has one outcome: the exact answer, or one
 * typed error, after so many requests; never a wait without end, a second voice, a rejection that nobody hears of, an answer
 * that is left open, or an error that tells the key.
 * Not here: which outcome is due (rest-cases.ts), the calls (rest-apis.ts), speech (fault-matrix.test.ts).
 */
import dns from 'node:dns';
import { inspect, isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Gradium, type RestOptions } from '../../src/gradium/index.js';
import { type Fault, type Sandbox, startSandbox } from '../../src/sandbox/index.js';
import { Gate } from './gate.js';
import { RequestWatch } from './request-watch.js';
import { REST_APIS, type RestApi, restCalls } from './rest-apis.js';
import {
  caseOf,
  type Due,
  expectedOf,
  REST_CASES,
  type RestCase,
  type RestWay,
  restErrorText,
} from './rest-cases.js';

const KEY = 'gsk_the_key_that_nobody_may_see';
/** Of a stall that is met once: the next attempt must do within it. */
const STALL_ONCE_MS = 1_500;
/** Of a stall that is met always: the service must have seen the request by then. */
const STALL_MS = 500;
/** A cell takes a second or two; one that takes as long as this hangs. */
const HANG_MS = 15_000;
/** Most of a cell is waiting, for any number at once; most of its work is this. With more, deadlines pass for want of a processor. */
const PREPARED_AT_ONCE = 16;
/** Of a test that may have to wait for all cells. */
const TEST_MS = 120_000;

const WAYS: readonly RestWay[] = [
  { name: 'once', times: 1 },
  { name: 'always', times: 1_000, retries: 1 },
];

/** What became of a cell. */
interface Outcome extends Due {
  /** Answers that were left open. */
  leaks: number;
}

interface Cell {
  fault: string;
  /** A text: why it could not be played. */
  outcome: Outcome | string;
  due: Outcome;
}

vi.setConfig({ testTimeout: TEST_MS });

const gate = new Gate(PREPARED_AT_ONCE);
const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown) => void unhandled.push(reason);

/** Names that nobody knows, until they were asked for once. */
const UNKNOWN_HOSTS = new Set<string>();

const trueLookup = dns.lookup as (...args: unknown[]) => void;

/** In place of `dns.lookup`: whatever is called `….localhost` is this machine. */
function lookup(host: string, options: object, found: (...answer: unknown[]) => void): void {
  if (!host.endsWith('.localhost')) {
    // A server that is to listen asks without options.
    trueLookup(...[host, options, found].filter((one) => one !== undefined));
    return;
  }
  const unknown = UNKNOWN_HOSTS.delete(host);
  const error = Object.assign(new Error(`getaddrinfo EAI_AGAIN ${host}`), { code: 'EAI_AGAIN' });
  const here = { address: '127.0.0.1', family: 4 };
  setImmediate(() => {
    if (unknown) found(error);
    else if ('all' in options && options.all) found(null, [here]);
    else found(null, here.address, here.family);
  });
}

/** By call and way. All begin at once, since of concurrent tests vitest runs but five at a time. */
const played = new Map<string, Promise<Cell[]>>();
const cellName = (api: RestApi, way: RestWay) => `${api.name} ${way.name}`;

beforeAll(() => {
  vi.spyOn(dns, 'lookup').mockImplementation(lookup as never);
  process.on('unhandledRejection', onUnhandled);
  for (const way of WAYS) for (const api of REST_APIS) played.set(cellName(api, way), cellsOf(api, way));
});

afterAll(() => {
  vi.restoreAllMocks();
  process.off('unhandledRejection', onUnhandled);
  expect(unhandled).toEqual([]);
});

/** A sandbox with what the call is about in it. */
class World {
  readonly watch: RequestWatch;
  readonly #sandbox: Sandbox;
  readonly #api: RestApi;
  #client: Gradium;
  #id = '';

  static of(api: RestApi): Promise<World> {
    return gate.run(async () => {
      const world = new World(api, await startSandbox());
      await world.#prepare();
      return world;
    });
  }

  private constructor(api: RestApi, sandbox: Sandbox) {
    this.#api = api;
    this.#sandbox = sandbox;
    this.#client = this.#clientAt(sandbox.url);
    this.watch = new RequestWatch(sandbox.url);
  }

  /** From now on. */
  setFaults(...faults: Fault[]): void {
    this.#sandbox.setFaults(faults);
  }

  /** The call asks for the sandbox by this name from now on. */
  goThrough(host: string): void {
    const url = new URL(this.#sandbox.url);
    url.hostname = host;
    this.#client = this.#clientAt(url.href);
  }

  call(options: RestOptions): Promise<unknown> {
    return this.#api.call(this.#client, this.#id, options);
  }

  async outcome(options: RestOptions): Promise<Outcome> {
    this.watch.clear();
    const call = await notHanging(this.call(options).then((result) => this.#judged(result), told));
    const { requests } = this.watch;
    await vi.waitFor(() => expect(this.watch.open).toBe(0), 5_000).catch(() => {});
    const leaks = this.watch.open;
    this.setFaults();
    return { call, requests, made: await this.#made(), leaks };
  }

  /** Things that the call made. */
  async #made(): Promise<number> {
    return (await this.#api.count?.(this.#clientAt(this.#sandbox.url))) ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.watch[Symbol.dispose]();
    await this.#sandbox.close();
  }

  #clientAt(baseUrl: string): Gradium {
    return new Gradium({ apiKey: KEY, baseUrl });
  }

  async #prepare(): Promise<void> {
    this.#id = (await this.#api.prepare?.(this.#client, this.#sandbox.url)) ?? '';
    this.watch.clear();
  }

  #judged(result: unknown): string {
    try {
      expect(result).toStrictEqual(this.#api.due(this.#id));
      return 'exact';
    } catch (error) {
      return `something else: ${(error as Error).message}`;
    }
  }
}

async function notHanging(call: Promise<string>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const hang = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('hangs'), HANG_MS);
  });
  try {
    return await Promise.race([call, hang]);
  } finally {
    clearTimeout(timer);
  }
}

function told(error: unknown): string {
  const { message, stack } = error as Error;
  const text = [message, stack, inspect(error, { depth: 6, showHidden: true })].join('\n');
  return restErrorText(error) + (text.includes(KEY) ? ' with the key' : '');
}

it('is a matrix of every REST call there is', () => {
  expect(REST_APIS.map(({ name }) => name).sort()).toEqual(restCalls().sort());
});

describe.concurrent.each(REST_APIS)('$name', (api) => {
  it.concurrent('gives exactly what is there', async () => {
    await using world = await World.of(api);
    expect(await world.outcome({ retries: 0 })).toEqual(exactOf(api));
  });

  it.concurrent.each(WAYS)('comes to its due end: $name', async (way) => {
    const cells = (await played.get(cellName(api, way))) ?? [];
    expect(cells).toHaveLength(REST_CASES.length);
    expect(cells.filter(({ outcome, due }) => !isDeepStrictEqual(outcome, due))).toEqual([]);
  });

  it.concurrent('is tried again where no connection came about', async () => {
    await using world = await World.of(api);
    const host = `${api.name}.localhost`.toLowerCase();
    UNKNOWN_HOSTS.add(host);
    world.goThrough(host);
    expect(await world.outcome({ retries: 0 })).toEqual({
      call: 'ConnectionError ERR_CONNECT connect, may be tried again',
      requests: 0,
      made: 0,
      leaks: 0,
    });
    UNKNOWN_HOSTS.add(host);
    expect(await world.outcome({ retries: 1 })).toEqual(exactOf(api));
  });

  it.concurrent('ends by its total deadline, and by its signal, whose reason is left as it is', async () => {
    await using world = await World.of(api);
    world.setFaults({ kind: 'stall', after: 0, route: 'rest' });
    expect(await world.outcome({ deadlines: { totalMs: STALL_MS } })).toMatchObject({
      call: 'TimeoutError ERR_TIMEOUT total, may be tried again',
      leaks: 0,
    });
    world.setFaults({ kind: 'stall', after: 0, route: 'rest' });
    const ending = new AbortController();
    const asked = world.watch.next();
    const call = world.call({ signal: ending.signal });
    call.catch(() => {});
    await asked;
    const reason = new Error('enough');
    ending.abort(reason);
    await expect(call).rejects.toBe(reason);
    await vi.waitFor(() => expect(world.watch.open).toBe(0), 5_000);
  });
});

const exactOf = ({ count }: RestApi): Outcome => ({
  call: 'exact',
  requests: 1,
  made: count ? 1 : 0,
  leaks: 0,
});

function cellsOf(api: RestApi, way: RestWay): Promise<Cell[]> {
  const cells = REST_CASES.map(async (each) => {
    const one = caseOf(each, api);
    const due: Outcome = { ...expectedOf(api, one, way), leaks: 0 };
    const outcome = await outcomeOf(api, one, way).catch(String);
    return { fault: one.name, outcome, due };
  });
  return Promise.all(cells);
}

async function outcomeOf(api: RestApi, one: RestCase, way: RestWay): Promise<Outcome> {
  await using world = await World.of(api);
  world.setFaults({ ...one.fault, times: way.times });
  const options: RestOptions = {};
  if (way.retries !== undefined) options.retries = way.retries;
  if (one.deadline) options.deadlines = { [one.deadline]: way.times === 1 ? STALL_ONCE_MS : STALL_MS };
  return await world.outcome(options);
}
