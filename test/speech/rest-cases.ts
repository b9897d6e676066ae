/**
 * What can go wrong with one REST request, and what each call of the client has to make of it.
 * Not here: playing it, and looking at what happened (rest-matrix.test.ts).
 */
import type { SpeechApiError } from '../../src/errors.js';
import type { Fault } from '../../src/sandbox/index.js';
import { errorText } from './fault-cases.js';
import type { RestApi } from './rest-apis.js';

export interface RestCase {
  name: string;
  /** Without how often it comes, which is the matrix's to say. */
  fault: Fault;
  /** What is to be reported of it where it cannot be put right. Undefined: the call succeeds at its first attempt. */
  failure: Failure | undefined;
  /** The deadline that has to notice it. Undefined: it must be noticed without one. */
  deadline?: 'setupMs' | 'idleMs';
  /** Whether the service did what it was asked for, though its answer never came. */
  done: boolean;
}

export interface Failure {
  /** Class, code and fields; see `restErrorText`. */
  error: string;
  retryable: boolean;
  /** Whether the service cannot have done it: it said that it had too much to do. */
  undone: boolean;
}

export interface RestWay {
  name: string;
  /** How often the fault comes. */
  times: number;
  /** Undefined: what the client does by itself. */
  retries?: number;
}

/** What has to become of a cell. */
export interface Due {
  /** `exact`, or the error. */
  call: string;
  /** That the service sees. */
  requests: number;
  /** Things that the call has made. */
  made: number;
}

const REST = { route: 'rest' } as const;

/** Of a refusal's body (wire reference, section 1.6), and a page of something on the way. */
const FORMS = ['detail', 'list', 'error', 'text', 'html'] as const;
const STATUSES = [400, 401, 404, 409, 422, 429, 500, 503];

function refusal(status: number, form: (typeof FORMS)[number]): RestCase {
  // A plain text names a code of the service's own, which goes before the status.
  const own = status >= 500 ? 1011 : 1008;
  const apiCode = form === 'text' ? own : status;
  const parts = [`SpeechApiError ERR_SPEECH_API api ${apiCode}`];
  if (status === 429) parts.push('retry after 0 s');
  if (form === 'list') parts.push('1 detail');
  return {
    name: `${status}, ${form}`,
    // After 0 s the next attempt comes at once.
    fault: { kind: 'refuse', ...REST, status, form, ...(status === 429 && { retryAfterS: 0 }) },
    failure: {
      error: `${parts.join(' ')} with id`,
      retryable: [429, 500, 503, 1011].includes(apiCode),
      undone: apiCode === 429,
    },
    done: false,
  };
}

type Broken = 'drop' | 'stall';

/** Nothing comes. */
function beforeTheHead(kind: Broken): RestCase {
  return {
    name: `${kind} before the head`,
    fault: { kind, after: 0, ...REST },
    ...(kind === 'drop'
      ? { failure: passing('ConnectionError ERR_CLOSED_EARLY setup') }
      : { failure: passing('TimeoutError ERR_TIMEOUT setup'), deadline: 'setupMs' }),
    done: true,
  };
}

/** The head comes, with the id of the request, and half of the body. */
function withinTheBody(kind: Broken): RestCase {
  return {
    name: `${kind} within the body`,
    fault: { kind, after: 1, ...REST },
    ...(kind === 'drop'
      ? { failure: passing('ConnectionError ERR_CLOSED_EARLY stream with id') }
      : { failure: passing('TimeoutError ERR_TIMEOUT idle with id'), deadline: 'idleMs' }),
    done: true,
  };
}

const spoilt = (kind: 'malformed' | 'binary'): RestCase => ({
  name: kind,
  fault: { kind, ...REST },
  failure: passing('ConnectionError ERR_PROTOCOL stream with id'),
  done: true,
});

function passing(error: string): Failure {
  return { error, retryable: true, undone: false };
}

export const REST_CASES: readonly RestCase[] = [
  ...STATUSES.flatMap((status) => FORMS.map((form) => refusal(status, form))),
  { name: 'delay', fault: { kind: 'delay', ms: 50, ...REST }, failure: undefined, done: true },
  beforeTheHead('drop'),
  withinTheBody('drop'),
  beforeTheHead('stall'),
  withinTheBody('stall'),
  spoilt('malformed'),
  spoilt('binary'),
];

/**
 * The same for one call. An answer to DELETE has no body: there is nothing to spoil, and half of it is nothing.
 */
export function caseOf(one: RestCase, { method }: RestApi): RestCase {
  const { kind } = one.fault;
  if (method !== 'DELETE') return one;
  if (kind === 'malformed' || kind === 'binary') return { ...one, failure: undefined };
  if (kind !== 'drop' && kind !== 'stall') return one;
  return { ...beforeTheHead(kind), name: one.name, fault: one.fault };
}

/** Whether the call makes another attempt. What makes something must not make it twice. */
function triesAgain({ retryable, undone }: Failure, { method }: RestApi): boolean {
  return retryable && (method !== 'POST' || undone);
}

/**
 * The second attempt to delete what is deleted is refused by 404, which is as good as success; and a refusal counts by its
 * head, though half of its body is all that comes.
 */
function isFoundGone({ fault, done }: RestCase, { method }: RestApi): boolean {
  return method === 'DELETE' && done && 'after' in fault && fault.after === 1;
}

/** @param one as `caseOf` has it */
export function expectedOf(api: RestApi, one: RestCase, way: RestWay): Due {
  const { failure, done } = one;
  const making = api.count ? 1 : 0;
  if (!failure) return { call: 'exact', requests: 1, made: making };
  const again = triesAgain(failure, api);
  const requests = again ? 2 : 1;
  if (again && (way.times === 1 || isFoundGone(one, api))) return { call: 'exact', requests, made: making };
  const call = failure.error + (failure.retryable ? ', may be tried again' : '');
  return { call, requests, made: done ? making : 0 };
}

/** An error in the words of this table. */
export function restErrorText(error: unknown): string {
  const { requestId, retryable, details = [] } = error as Partial<SpeechApiError>;
  const parts = [errorText(error)];
  if (details.length > 0) parts.push(`${details.length} detail${details.length > 1 ? 's' : ''}`);
  if (requestId) parts.push('with id');
  return parts.join(' ') + (retryable ? ', may be tried again' : '');
}
