/**
 * What a sandbox can be told, and the checks of it.
 * Not here: what follows from it (server.ts).
 */
import { argumentRangeError, argumentTypeError } from '../errors.js';
import { checkFault, type Fault } from './faults.js';
import type { Clock, Mode } from './session-rules.js';

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
  /** Faults, played in order: each connection or session takes the first that has turns left. Default none. */
  faults?: readonly Fault[];
  /** Gets one line per connection, request and error. Never a key. Default: nothing. */
  log?: (line: string) => void;
}

export type Settings = Required<SandboxOptions>;

/** @throws TypeError, RangeError (ERR_INVALID_ARG) */
export function checkOptions(options: SandboxOptions): Settings {
  const { port = 0, host = '127.0.0.1', clock = 'decoder', mode = 'lenient' } = options;
  const { faults = [], log = () => {} } = options;
  checkWhole('port', port, 0, 65_535);
  if (typeof host !== 'string' || host === '') throw argumentTypeError('host must be a name or an address.');
  checkOneOf('clock', clock, ['decoder', 'audio']);
  checkOneOf('mode', mode, ['lenient', 'strict']);
  if (typeof log !== 'function') throw argumentTypeError('log must be a function.');
  return { port, host, clock, mode, faults: checkFaults(faults), log };
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
