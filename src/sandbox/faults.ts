/**
 * Faults on request: what they are, and how they are written on a command line.
 * Not here: whose turn it is (fault-script.ts), carrying them out (front.ts refuses, request.ts does the rest).
 */
import { argumentRangeError, argumentTypeError } from '../errors.js';
import { REFUSAL_FORMS, type RefusalForm } from './http-answer.js';
import { isCloseCode } from './protocol.js';
import { ROUTES, type Route } from './routes.js';

/** What a fault may befall: a route of speech, or REST. */
export type FaultRoute = Route | 'rest';

const FAULT_ROUTES: readonly FaultRoute[] = [...ROUTES, 'rest'];

interface Turns {
  /**
   * How many sessions (for `refuse`: connections) it befalls: a whole number from 1 to 1 000 000. Default: all; one where
   * `request` is given.
   */
  times?: number;
  /**
   * The first session (for `refuse`: connection) that it befalls, of its `route` where that is given: a whole number from
   * 1, counted since these faults were set. Default: the first whose turn it is.
   */
  request?: number;
  /**
   * The route that it befalls: one of speech, over WebSocket or POST, or `rest`, which has no `slow`, `error` and `close`.
   * Default: every one of speech.
   */
  route?: FaultRoute;
}

interface After extends Turns {
  /**
   * Server messages that the session gets before it happens; `ready` is the first. A whole number from 0 to
   * 1 000 000 000. Of REST, whose `drop` and `stall` have it: 0 for no answer, 1 for half of its body. Default 1.
   */
  after?: number;
}

/** Answers the WebSocket upgrade, or the POST, with an HTTP status instead. */
export interface RefuseFault extends Turns {
  /** Tells it from a {@link SessionFault}. */
  kind: 'refuse';
  /** HTTP status: a whole number from 400 to 599. Default 503. */
  status?: number;
  /** Whole seconds from 0 to 86 400, sent as `Retry-After` (RFC 9110 §10.2.3). Default: not sent. */
  retryAfterS?: number;
  /**
   * How the body says it. `detail` (default): `{"detail":"…"}`. `list`: `{"detail":[{"loc","msg","type"}]}`. `error`:
   * `{"error":"…","code":…}`. `text`: `error from server CODE: …` in plain text. `html`: a page.
   */
  form?: RefusalForm;
}

/** What goes wrong within a session, over WebSocket or POST. */
export type SessionFault =
  /** `ready` comes late. */
  | ({
      kind: 'delay';
      /** By so many milliseconds: a whole number from 0 to 86 400 000. */
      ms: number;
    } & Turns)
  /** Every message comes late. */
  | ({
      kind: 'slow';
      /** After the one before it, by so many milliseconds: a whole number from 0 to 86 400 000. */
      ms: number;
    } & Turns)
  /** The TCP connection breaks, without a close frame. */
  | ({ kind: 'drop' } & After)
  /** An `error` message, then a close. */
  | ({
      kind: 'error';
      /**
       * A whole number from 1000 to 4999, of the close too where a close frame may carry it (else that has 1011).
       * Default 1011.
       */
      code?: number;
    } & After)
  /** One message arrives as broken JSON; the session goes on. */
  | ({ kind: 'malformed' } & After)
  /** Bytes that are no text come in place of one message, in a binary frame or a line; the session goes on. */
  | ({ kind: 'binary' } & After)
  /** Nothing comes any more, though the socket stays open and is read. */
  | ({ kind: 'stall' } & After)
  /** A close frame comes early. */
  | ({
      kind: 'close';
      /**
       * What a close frame may carry (RFC 6455 §7.4): 1000 to 1014 without 1004 to 1006, or 3000 to 4999. Default 1011.
       */
      code?: number;
    } & After);

/** One thing that goes wrong. `after: 0` is in place of `ready`. */
export type Fault = RefuseFault | SessionFault;

type Property = 'times' | 'request' | 'route' | 'after' | 'status' | 'retryAfterS' | 'form' | 'ms' | 'code';

const TURNS = ['times', 'request', 'route'] as const;
const PROPERTIES: Record<Fault['kind'], readonly Property[]> = {
  refuse: ['status', 'retryAfterS', 'form', ...TURNS],
  delay: ['ms', ...TURNS],
  slow: ['ms', ...TURNS],
  drop: ['after', ...TURNS],
  error: ['code', 'after', ...TURNS],
  malformed: ['after', ...TURNS],
  binary: ['after', ...TURNS],
  stall: ['after', ...TURNS],
  close: ['code', 'after', ...TURNS],
};

/** What REST knows of them. */
const REST_PROPERTIES: Partial<Record<Fault['kind'], readonly Property[]>> = {
  refuse: PROPERTIES.refuse,
  delay: PROPERTIES.delay,
  drop: PROPERTIES.drop,
  stall: PROPERTIES.stall,
  malformed: TURNS,
  binary: TURNS,
};

/** Both ends included. */
const RANGES: Record<Exclude<Property, 'route' | 'form'>, readonly [number, number]> = {
  times: [1, 1_000_000],
  request: [1, 1_000_000_000],
  after: [0, 1_000_000_000],
  status: [400, 599],
  retryAfterS: [0, 86_400],
  ms: [0, 86_400_000],
  code: [1000, 4999],
};

/**
 * Reads a fault as the command line has it: `kind` or `kind:name=value,name=value`.
 *
 * @example parseFault('refuse:status=429,retry-after=2,times=1')
 * @throws TypeError for what is no string, an unknown kind, an unknown or repeated property (ERR_INVALID_ARG)
 * @throws RangeError for a value out of range (ERR_INVALID_ARG)
 */
export function parseFault(text: string): Fault {
  if (typeof text !== 'string') throw argumentTypeError('A fault must be text, such as "drop:after=3".');
  const [kind, properties] = splitAt(text, ':');
  const fault = new Map<string, unknown>([['kind', kind]]);
  for (const pair of properties?.split(',') ?? []) {
    const [name, value = ''] = splitAt(pair, '=');
    const property = name === 'retry-after' ? 'retryAfterS' : name;
    if (fault.has(property)) throw argumentTypeError(`Fault ${kind} has "${name}" twice.`);
    fault.set(property, /^\d+$/u.test(value) ? Number(value) : value);
  }
  return checkFault(Object.fromEntries(fault));
}

/** What comes before the first separator, and what after it. */
function splitAt(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
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
  const known = propertiesOf(kind as Fault['kind'], fault.route);
  for (const [name, number] of Object.entries(fault)) {
    if (name === 'kind' || number === undefined) continue;
    if (!(known as readonly string[]).includes(name)) {
      throw argumentTypeError(`Fault ${kind} has no "${name}"; it has ${known.map(textName).join(', ')}.`);
    }
    if (name === 'route') checkWord(kind, name, number, FAULT_ROUTES);
    else if (name === 'form') checkWord(kind, name, number, REFUSAL_FORMS);
    else checkNumber(kind, name as keyof typeof RANGES, number);
  }
  if (fault.route === 'rest' && Number(fault.after ?? 0) > 1) {
    throw argumentRangeError(`Fault ${kind}: after must be 0 or 1 for REST, not "${String(fault.after)}".`);
  }
  if (known.includes('ms') && fault.ms === undefined) throw argumentTypeError(`Fault ${kind} needs ms.`);
  return { ...fault } as unknown as Fault;
}

/** @throws TypeError */
function propertiesOf(kind: Fault['kind'], route: unknown): readonly Property[] {
  if (route !== 'rest') return PROPERTIES[kind];
  const known = REST_PROPERTIES[kind];
  if (known !== undefined) return known;
  const kinds = Object.keys(REST_PROPERTIES).join(', ');
  throw argumentTypeError(`Fault ${kind} does not befall REST; ${kinds} do.`);
}

function checkWord(kind: string, name: string, value: unknown, words: readonly string[]): void {
  if ((words as readonly unknown[]).includes(value)) return;
  throw argumentTypeError(`Fault ${kind}: ${name} must be ${words.join(', ')}, not "${String(value)}".`);
}

function checkNumber(kind: string, name: keyof typeof RANGES, value: unknown): void {
  const [least, most] = RANGES[name];
  const fits = Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
  if (!fits || (name === 'code' && kind === 'close' && !isCloseCode(value as number))) {
    throw argumentRangeError(
      `Fault ${kind}: ${textName(name)} must be a whole number from ${least} to ${most}` +
        `${kind === 'close' && name === 'code' ? ' that a close frame may carry' : ''}, not "${String(value)}".`,
    );
  }
}

function textName(name: Property): string {
  return name === 'retryAfterS' ? 'retry-after' : name;
}
