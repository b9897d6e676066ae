/**
 * Faults on request: what they are, how they are written on a command line, whose turn it is.
 * Not here: carrying them out (server.ts refuses, connection.ts does the rest).
 */
import { argumentRangeError, argumentTypeError } from '../errors.js';

interface Times {
  /** How many sessions (for `refuse`: connections) it befalls. Default: all. */
  times?: number;
}

interface After extends Times {
  /** Server messages that the session gets before it happens; `ready` is the first. Default 1. */
  after?: number;
}

/** Answers the WebSocket upgrade with an HTTP status instead. */
export interface RefuseFault extends Times {
  kind: 'refuse';
  /** 400 to 599. Default 503. */
  status?: number;
  /** Seconds, sent as `Retry-After`. */
  retryAfterS?: number;
}

export type SessionFault =
  /** `ready` comes this many milliseconds late. */
  | ({ kind: 'delay'; ms: number } & Times)
  /** The TCP connection breaks, without a close frame. */
  | ({ kind: 'drop' } & After)
  /** An `error` message with this code (default 1011), then a close. */
  | ({ kind: 'error'; code?: number } & After)
  /** One message arrives as broken JSON; the session goes on. */
  | ({ kind: 'malformed' } & After)
  /** Nothing comes any more, though the socket stays open and is read. */
  | ({ kind: 'stall' } & After)
  /** A close frame with this code (default 1011) comes early. */
  | ({ kind: 'close'; code?: number } & After);

/** One thing that goes wrong. `after: 0` is in place of `ready`. */
export type Fault = RefuseFault | SessionFault;

type Property = 'times' | 'after' | 'status' | 'retryAfterS' | 'ms' | 'code';

const PROPERTIES: Record<Fault['kind'], readonly Property[]> = {
  refuse: ['status', 'retryAfterS', 'times'],
  delay: ['ms', 'times'],
  drop: ['after', 'times'],
  error: ['code', 'after', 'times'],
  malformed: ['after', 'times'],
  stall: ['after', 'times'],
  close: ['code', 'after', 'times'],
};

/** Both ends included. Close codes that WebSocket lets an endpoint send: RFC 6455 §7.4. */
const RANGES: Record<Property, readonly [number, number]> = {
  times: [1, 1_000_000],
  after: [0, 1_000_000_000],
  status: [400, 599],
  retryAfterS: [0, 86_400],
  ms: [0, 86_400_000],
  code: [1000, 4999],
};

const TEXT_NAMES: Record<string, Property> = {
  times: 'times',
  after: 'after',
  status: 'status',
  'retry-after': 'retryAfterS',
  ms: 'ms',
  code: 'code',
};

/**
 * Reads a fault as the command line has it: `kind` or `kind:name=value,name=value`.
 *
 * @example parseFault('refuse:status=429,retry-after=2,times=1')
 * @throws TypeError for an unknown kind or property (ERR_INVALID_ARG)
 * @throws RangeError for a value out of range (ERR_INVALID_ARG)
 */
export function parseFault(text: string): Fault {
  const colon = text.indexOf(':');
  const kind = colon < 0 ? text : text.slice(0, colon);
  const fault: Record<string, unknown> = { kind };
  if (colon >= 0) {
    for (const pair of text.slice(colon + 1).split(',')) {
      const [name = '', value = ''] = pair.split('=', 2);
      fault[TEXT_NAMES[name] ?? name] = /^\d+$/u.test(value) ? Number(value) : value;
    }
  }
  return checkFault(fault);
}

/** @throws TypeError, RangeError as parseFault does */
export function checkFault(value: unknown): Fault {
  if (typeof value !== 'object' || value === null) throw argumentTypeError('A fault must be an object.');
  const fault = value as Record<string, unknown>;
  const { kind } = fault;
  if (typeof kind !== 'string' || !Object.hasOwn(PROPERTIES, kind)) {
    const kinds = Object.keys(PROPERTIES).join(', ');
    throw argumentTypeError(`Unknown fault "${String(kind)}"; there are ${kinds}.`);
  }
  const known = PROPERTIES[kind as Fault['kind']];
  for (const [name, number] of Object.entries(fault)) {
    if (name === 'kind' || number === undefined) continue;
    if (!(known as readonly string[]).includes(name)) {
      throw argumentTypeError(`Fault ${kind} has no "${name}"; it has ${known.map(textName).join(', ')}.`);
    }
    checkNumber(kind, name as Property, number);
  }
  if (kind === 'delay' && fault.ms === undefined) throw argumentTypeError('Fault delay needs ms.');
  return { ...fault } as unknown as Fault;
}

function checkNumber(kind: string, name: Property, value: unknown): void {
  const [least, most] = RANGES[name];
  const fits = Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
  if (!fits || (name === 'code' && kind === 'close' && !isSendableCloseCode(value as number))) {
    throw argumentRangeError(
      `Fault ${kind}: ${textName(name)} must be a whole number from ${least} to ${most}` +
        `${kind === 'close' && name === 'code' ? ' that a close frame may carry' : ''}, not "${String(value)}".`,
    );
  }
}

function isSendableCloseCode(code: number): boolean {
  return (code <= 1014 && ![1004, 1005, 1006].includes(code)) || code >= 3000;
}

function textName(name: Property): string {
  return name === 'retryAfterS' ? 'retry-after' : name;
}

/**
 * A list of faults is played in order: each connection or session takes the first one that has turns left,
 * `refuse` before the upgrade and the others at setup. So `refuse` once, then `drop` once, then all is well.
 */
export class FaultScript {
  readonly #faults: { fault: Fault; left: number }[];

  constructor(faults: readonly Fault[]) {
    this.#faults = faults.map((fault) => ({ fault, left: fault.times ?? Number.POSITIVE_INFINITY }));
  }

  takeForConnection(): RefuseFault | undefined {
    const next = this.#next();
    if (next?.fault.kind !== 'refuse') return undefined;
    next.left--;
    return next.fault;
  }

  takeForSession(): SessionFault | undefined {
    const next = this.#next();
    if (next === undefined || next.fault.kind === 'refuse') return undefined;
    next.left--;
    return next.fault;
  }

  #next(): { fault: Fault; left: number } | undefined {
    return this.#faults.find(({ left }) => left > 0);
  }
}
