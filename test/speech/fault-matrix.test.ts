/**
 * Every fault of the sandbox × every call of the client × every way to the service. Each meeting of them has one outcome:
 * the exact text, or one typed error; never a part of the text, a wait without end, a rejection that nobody hears of, a
 * socket left open, or an error that tells the key or the audio.
 * Not here: which outcome is due (fault-cases.ts), how calls are made alike (speech-apis.ts).
 */
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Gradium } from '../../src/gradium/index.js';
import { type Fault, type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/index.js';
import { errorText, FAULT_CASES, type FaultCase, type Played, recovers } from './fault-cases.js';
import { Gate } from './gate.js';
import { APIS, type Api, type CallOptions, FORMAT, type Said, type Speaker, WIRE } from './speech-apis.js';

const KEY = 'gsk_the_key_that_nobody_may_see';
const TEXT = 'Hier und da';
/** Calls of other texts on the same socket, each of them longer than the one that is looked at. */
const NEIGHBOURS = ['Links und rechts', 'Oben ist Luft', 'Unten ist Erde'];
/** Between their messages: they are under way when it goes wrong. */
const NEIGHBOUR_MS = 5;
/** Of a stall; any other fault must be noticed without a deadline. */
const STALL_DEADLINES = { setupMs: 1_500, idleMs: 1_500 };
/** A cell takes a second or two; one that takes as long as this hangs. */
const HANG_MS = 15_000;
/** Most of a cell is waiting for the next attempt. More of them at once, and deadlines pass for want of a processor. */
const CELLS_AT_ONCE = 64;

interface Way {
  name: string;
  multiplexed: boolean;
  sandbox: SandboxOptions;
  /** How often the fault comes. */
  times: number;
  /** Of the call that it befalls. Undefined: what the client does by itself. */
  retries?: number;
}

const ONCE = { times: 1 };
const WAYS: readonly Way[] = [
  { name: 'once', multiplexed: false, sandbox: {}, ...ONCE },
  { name: 'always', multiplexed: false, sandbox: {}, times: 1_000, retries: 1 },
  { name: 'once, among others', multiplexed: true, sandbox: {}, ...ONCE },
  { name: 'once, among others, without a new attempt', multiplexed: true, sandbox: {}, ...ONCE, retries: 0 },
  // An error closes the socket of them all.
  { name: 'once, among others, strict', multiplexed: true, sandbox: { mode: 'strict' }, ...ONCE },
];

/** What became of a cell. */
interface Outcome {
  call: string;
  /** Sessions that the service saw; of those that share a socket the number is not certain. */
  sessions?: number;
  others?: string[];
  /** Sockets that were left open. */
  leaks: number;
}

function told({ call, sessions, others, leaks }: Outcome): string {
  const parts = [call];
  if (sessions !== undefined) parts.push(`${sessions} sessions`);
  if (others) parts.push(`others: ${others.join(', ')}`);
  if (leaks) parts.push(`${leaks} sockets left open`);
  return parts.join('; ');
}

let healthy: Sandbox;
let ears: Gradium;
let said: Said;
let others: Said[];
const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown) => void unhandled.push(reason);
let resources: string[];

beforeAll(async () => {
  process.on('unhandledRejection', onUnhandled);
  healthy = await startSandbox();
  ears = new Gradium({ apiKey: KEY, baseUrl: healthy.url });
  resources = sockets();
  said = await spoken(TEXT);
  others = await Promise.all(NEIGHBOURS.map(spoken));
});

afterAll(async () => {
  // Whatever is left of a cell shows by now.
  await vi.waitFor(() => expect(sockets()).toEqual(resources), 5_000);
  await healthy.close();
  process.off('unhandledRejection', onUnhandled);
  expect(unhandled).toEqual([]);
});

const gate = new Gate(CELLS_AT_ONCE);

/** Sound that means its text: a call whose sound is the same has said it. */
async function spoken(text: string): Promise<Said> {
  const { data } = await ears.tts.synthesize(text, { outputFormat: WIRE });
  expect(await heard(data)).toBe(text);
  return { text, audio: data };
}

async function heard(audio: Buffer): Promise<string> {
  return (await ears.stt.transcribe(audio, { format: FORMAT })).text;
}

function sockets(): string[] {
  return process.getActiveResourcesInfo().filter((name) => /^(TCP|TLS|HTTP)/.test(name));
}

const BUFFERED = Object.fromEntries(
  ['stt.transcribe', 'tts.synthesize', 's2s.translate'].map((name) => {
    const api = APIS.find((one) => one.name === name) as Api;
    return [api.route, api];
  }),
) as Record<Api['route'], Api>;

describe.concurrent.each(APIS)('$name', (api) => {
  const ways = WAYS.filter(({ multiplexed }) => !multiplexed || api.transport === 'websocket');
  it.concurrent.each(ways)(
    'comes to its due end: $name',
    async (way) => {
      const cells = FAULT_CASES.map(async (fault) => {
        const due = told(expected(api, way, fault));
        const outcome = told(await gate.run(() => played(api, way, fault)));
        return outcome === due || isMoved(way, fault, outcome) ? [] : [{ fault: fault.name, outcome, due }];
      });
      expect((await Promise.all(cells)).flat()).toEqual([]);
    },
    120_000,
  );
});

/**
 * Whether its neighbours had opened the socket before it came is a matter of moments. If they had, the socket may have
 * been dead for long, for all that is known: a request that has heard nothing there begins anew on another, once.
 */
function isMoved({ multiplexed, retries }: Way, { place }: FaultCase, outcome: string): boolean {
  const exact: Outcome = { call: 'exact', others: NEIGHBOURS.map(() => 'exact'), leaks: 0 };
  return multiplexed && retries === 0 && place === 'before ready' && outcome === told(exact);
}

function expected(api: Api, way: Way, fault: FaultCase): Outcome {
  const failure = fault.failure(api);
  const passes = way.times === 1 && way.retries !== 0 && failure && recovers(failure, fault, api);
  const call =
    failure && !passes ? `${failure.error}${failure.retryable ? ', may be tried again' : ''}` : 'exact';
  if (way.multiplexed) return { call, others: NEIGHBOURS.map(() => 'exact'), leaks: 0 };
  // A connection that is refused is no session.
  const lost = fault.fault(api).kind === 'refuse' ? 0 : 1;
  let sessions = 1;
  if (passes) sessions = lost + 1;
  else if (failure) sessions = lost * (way.retries !== undefined && recovers(failure, fault, api) ? 2 : 1);
  return { call, sessions, leaks: 0 };
}

async function played(api: Api, way: Way, faultCase: FaultCase): Promise<Outcome> {
  const fault = faultCase.fault(api);
  const sandbox = await startSandbox({ ...way.sandbox, faults: script(api, way, fault) });
  const client = new Gradium({ apiKey: KEY, baseUrl: sandbox.url });
  const options: CallOptions = {};
  if (way.retries !== undefined) options.retries = way.retries;
  if (fault.kind === 'stall') options.deadlines = STALL_DEADLINES;
  const play = way.multiplexed ? among : alone;
  try {
    return await play(api, client, sandbox, options);
  } finally {
    await sandbox.close();
  }
}

/** What befalls the call, and makes its neighbours, who come first, last until then. */
function script({ route }: Api, { times, multiplexed }: Way, fault: Played): Fault[] {
  if (!multiplexed || fault.kind === 'refuse') return [{ ...fault, times, route }];
  return [
    { kind: 'slow', ms: NEIGHBOUR_MS, times: NEIGHBOURS.length, route },
    { ...fault, times, request: NEIGHBOURS.length + 1, route },
  ];
}

async function alone(api: Api, client: Gradium, sandbox: Sandbox, options: CallOptions): Promise<Outcome> {
  const call = await outcome(api, client, said, options);
  return { call, sessions: sandbox.received().sessions.length, leaks: await leaks(sandbox) };
}

async function among(api: Api, client: Gradium, sandbox: Sandbox, options: CallOptions): Promise<Outcome> {
  const connection = client.connect({ sockets: 1 });
  const around = others.map((one) => outcome(BUFFERED[api.route], connection, one, {}));
  // Those that have a place, or are done by now.
  const begun = () => connection.stats.running + sandbox.received().sessions.filter(({ end }) => end).length;
  await vi.waitFor(() => expect(begun()).toBe(NEIGHBOURS.length), { interval: 2, timeout: HANG_MS });
  const call = await outcome(api, connection, said, options);
  const outcomes = await Promise.all(around);
  await connection.close();
  // One that is refused comes to no session: its neighbours and it are on the next socket.
  const { sessions } = sandbox.received();
  expect(new Set(sessions.slice(0, 1 + NEIGHBOURS.length).map((one) => one.connection)).size).toBe(1);
  return { call, others: outcomes, leaks: await leaks(sandbox) };
}

async function outcome(api: Api, speaker: Speaker, one: Said, options: CallOptions): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const hang = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('hangs'), HANG_MS);
  });
  const call = api.call(speaker, one, options).then(
    (result) => (isExact(result, one) ? 'exact' : wrong(result)),
    (error: unknown) => `${errorText(error)}${retryable(error)}${indiscretion(error, one.audio)}`,
  );
  try {
    return await Promise.race([call, hang]);
  } finally {
    clearTimeout(timer);
  }
}

const isExact = (result: string | Buffer, { text, audio }: Said) =>
  typeof result === 'string' ? result === text : result.equals(audio);

async function wrong(result: string | Buffer): Promise<string> {
  if (typeof result === 'string') return `a short success: ${result}`;
  return `a short success: ${result.length} bytes that say ${await heard(result)}`;
}

const retryable = (error: unknown) =>
  (error as { retryable?: boolean }).retryable ? ', may be tried again' : '';

/** What an error tells that it must not; empty when all is well. */
function indiscretion(error: unknown, audio: Buffer): string {
  const { message, stack } = error as Error;
  const text = [message, stack, inspect(error, { depth: 6, showHidden: true })].join('\n');
  if (text.includes(KEY)) return ' with the key';
  // Bytes as `inspect` shows them; a run of base64 (paths and ids have other characters in between).
  const bytes = /<Buffer |Array\(\d+\) \[|Buffer \{/.test(text) || /[A-Za-z0-9+]{48}/.test(text);
  return bytes || text.includes(audio.toString('base64', 0, 30)) ? ' with audio' : '';
}

async function leaks(sandbox: Sandbox): Promise<number> {
  const open = () => sandbox.received().sockets;
  try {
    await vi.waitFor(() => expect(open()).toBe(0), 5_000);
    return 0;
  } catch {
    return open();
  }
}
