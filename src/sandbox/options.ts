/**
 * What a sandbox can be told, and the checks of it.
 * Not here: what follows from it (server.ts).
 */
import { argumentRangeError, argumentTypeError } from '../errors.js';
import { checkFault, type Fault } from './faults.js';
import type { Clock, Mode } from './modes.js';
import { ROUTES, type Route } from './routes.js';

/** Where the sandbox listens, and how it behaves. */
export interface SandboxOptions {
  /** TCP port: a whole number from 0 to 65 535. Default 0: any free port. */
  port?: number;
  /** Name or address to listen on, IPv6 too. Default 127.0.0.1. */
  host?: string;
  /**
   * Clock of word times. `decoder` (default): `delay_in_frames` × 80 ms behind the audio, as observed of the
   * service. `audio`: the audio's own, as documented.
   */
  clock?: Clock;
  /**
   * `lenient` (default): what has been seen to work works. `strict`: only what the service's documents say does;
   * docs/sandbox.md lists the differences.
   */
  mode?: Mode;
  /** The API keys that are good. Default: any key, and any token, will do. */
  keys?: readonly string[];
  /** Seconds after which a token of `GET /api-keys/token` is no good any more: 0 to 86 400. Default 60. */
  tokenTtlS?: number;
  /** What a WebSocket at `/` itself does, as with self-hosted service. Default: nothing, it is answered by 404. */
  selfHosted?: Route;
  /**
   * Sessions at once, those of one socket counted each: a whole number from 1. One too many is answered by HTTP 429, in
   * strict mode by error 1008. Default: no limit.
   */
  concurrency?: number;
  /**
   * Seconds of a session, of its audio (spoken audio for text to speech) as well as of time: from 0 to 86 400, 0 for no
   * limit. What goes on is answered by error 1011. Default 300, as with the service.
   */
  sessionLimitS?: number;
  /** Characters of text in a text-to-speech session: a whole number from 1. Default: no limit; 1500 is the free tier's. */
  maxCharsPerSession?: number;
  /** Credits of the period, which speech takes from: a whole number from 0 to 1 000 000 000 000. Default 1 000 000 000. */
  credits?: number;
  /**
   * A file in which voices, candidates, pronunciation dictionaries and usage outlive the sandbox, and any way in which it ends;
   * made where there is none. Default: they are forgotten.
   */
  state?: string;
  /** Faults, played in order: each connection or session takes the first that has turns left. Default none. */
  faults?: readonly Fault[];
  /** Gets one line per connection, request and error. Never a key. Default: nothing. */
  log?: (line: string) => void;
}

/** Infinity where there is no limit. */
export interface Settings extends Required<Omit<SandboxOptions, 'keys' | 'selfHosted' | 'state'>> {
  keys: readonly string[] | undefined;
  selfHosted: Route | undefined;
  state: string | undefined;
}

/** @throws TypeError, RangeError (ERR_INVALID_ARG) */
export function checkOptions(options: SandboxOptions): Settings {
  const { port = 0, host = '127.0.0.1', clock = 'decoder', mode = 'lenient' } = options;
  const {
    keys,
    tokenTtlS = 60,
    selfHosted,
    state,
    sessionLimitS = 300,
    faults = [],
    log = () => {},
  } = options;
  const { concurrency = Infinity, maxCharsPerSession = Infinity, credits = 1_000_000_000 } = options;
  checkWhole('port', port, 0, 65_535);
  if (typeof host !== 'string' || host === '') throw argumentTypeError('host must be a name or an address.');
  checkOneOf('clock', clock, ['decoder', 'audio']);
  checkOneOf('mode', mode, ['lenient', 'strict']);
  if (keys !== undefined) checkKeys(keys);
  checkSeconds('tokenTtlS', tokenTtlS);
  if (selfHosted !== undefined) checkOneOf('selfHosted', selfHosted, ROUTES);
  if (concurrency !== Infinity) checkWhole('concurrency', concurrency, 1, 1_000_000);
  if (maxCharsPerSession !== Infinity) checkWhole('maxCharsPerSession', maxCharsPerSession, 1, 1_000_000_000);
  checkSeconds('sessionLimitS', sessionLimitS);
  checkWhole('credits', credits, 0, 1_000_000_000_000);
  if (state !== undefined && (typeof state !== 'string' || state === '')) {
    throw argumentTypeError('state must be the path of a file.');
  }
  if (typeof log !== 'function') throw argumentTypeError('log must be a function.');
  return {
    port,
    host,
    clock,
    mode,
    keys,
    tokenTtlS,
    selfHosted,
    concurrency,
    maxCharsPerSession,
    sessionLimitS: sessionLimitS === 0 ? Infinity : sessionLimitS,
    credits,
    state,
    faults: checkFaults(faults),
    log,
  };
}

function checkKeys(keys: unknown): void {
  const good = Array.isArray(keys) && keys.every((key) => typeof key === 'string' && key !== '');
  if (!good) throw argumentTypeError('keys must be an array of strings that are not empty.');
}

function checkSeconds(name: string, value: unknown): void {
  if (typeof value === 'number' && value >= 0 && value <= 86_400) return;
  throw argumentRangeError(`${name} must be a number from 0 to 86400, not ${String(value)}.`);
}

/** @throws TypeError, RangeError (ERR_INVALID_ARG) */
export function checkFaults(faults: unknown): Fault[] {
  if (!Array.isArray(faults)) throw argumentTypeError('faults must be an array.');
  return faults.map(checkFault);
}

function checkWhole(name: string, value: unknown, least: number, most: number): void {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return;
  throw argumentRangeError(`${name} must be a whole number from ${least} to ${most}, not ${String(value)}.`);
}

function checkOneOf(name: string, value: unknown, words: readonly string[]): void {
  if ((words as readonly unknown[]).includes(value)) return;
  const list = words.map((word) => `"${word}"`).join(' or ');
  throw argumentTypeError(`${name} must be ${list}, not "${String(value)}".`);
}
