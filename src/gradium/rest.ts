/**
 * What all REST resources have in common: options checked, deadlines, new attempts where they do no harm, answers read.
 * Not here: which routes there are (voices.ts and its neighbours), lists of several pages (listing.ts).
 */
import { ConnectionError, SpeechApiError, TimeoutError } from '../errors.js';
import {
  type Deadlines,
  protocolError,
  type ResolvedDeadlines,
  requestJson,
  resolveDeadlines,
  Scope,
  type Target,
  TotalDeadline,
  type Upload,
  withRetries,
} from '../speech/index.js';
import type { Access } from './access.js';
import { UnexpectedAnswer } from './rest-answer.js';
import { checkedRetries } from './rest-options.js';
import type { RestOptions } from './rest-types.js';
import { checkSignal, requireOptions } from './stt-setup.js';

const TOTAL_MS = 60_000;

export interface RestRequest<T> {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Such as `voices/ID`; ids come from `pathId`. */
  path: string;
  /** What is undefined is not sent. Default: none. */
  query?: Record<string, string | number | boolean | undefined>;
  /** Sent as JSON. Default: none. */
  body?: unknown;
  /** In place of `body`: asked for with each attempt. */
  upload?: () => Upload;
  /** Whether `upload` can be asked again. Default: yes. */
  again?: () => boolean;
  /** @throws UnexpectedAnswer; what it throws else goes to the caller */
  read: (answer: unknown, about: AnswerContext) => T;
}

/** For errors that are found in an answer. */
export interface AnswerContext {
  requestId: string | undefined;
  secrets: readonly string[];
}

/** One request of a call, with attempts of its own. */
export type Ask = <T>(request: RestRequest<T>) => Promise<T>;

/** What a call allows by itself, where the caller says nothing. */
export interface RestLimits {
  /** Default 60 000. */
  totalMs?: number;
  /** On top of `setupMs`: what the service was allowed to take. Default 0. */
  answerMs?: number;
  /**
   * Whether a body goes up, and how long that takes nobody knows: `totalMs` (+ `answerMs`) begins for each attempt when the
   * body is up, and is the longest wait between two. Default false.
   */
  uploads?: boolean;
}

interface Call {
  retries: number;
  deadlines: ResolvedDeadlines;
  scope: Scope;
  total: TotalDeadline;
  /** From the body that is up to the whole answer; 0: `total` alone counts. */
  answerMs: number;
  /** Longest wait between two attempts. */
  mostWaitMs: number;
}

export class Resource {
  readonly #access: Access;
  readonly #deadlines: Deadlines | undefined;

  constructor(access: Access, deadlines: Deadlines | undefined) {
    this.#access = access;
    this.#deadlines = deadlines;
  }

  /** @throws TypeError, RangeError ERR_INVALID_ARG of what every REST call takes */
  check(options: RestOptions): void {
    this.#limits(options, {});
  }

  /** A call of one request. */
  call<T>(request: RestRequest<T>, options: RestOptions): Promise<T> {
    return this.run(options, (ask) => ask(request));
  }

  /** A call of as many requests as it takes, under one signal and one total deadline. */
  async run<T>(
    options: RestOptions,
    task: (ask: Ask, scope: Scope) => Promise<T>,
    limits: RestLimits = {},
  ): Promise<T> {
    const { retries, deadlines } = this.#limits(options, limits);
    const scope = new Scope(options.signal);
    const total = new TotalDeadline(scope);
    const ownMs = limits.totalMs ?? TOTAL_MS;
    const isOpenEnded = limits.uploads === true && deadlines.totalMs === undefined;
    const answerMs = isOpenEnded ? ownMs + (limits.answerMs ?? 0) : 0;
    const mostWaitMs = isOpenEnded ? ownMs : Number.POSITIVE_INFINITY;
    try {
      scope.throwIfFailed();
      if (!isOpenEnded) total.start(deadlines.totalMs ?? ownMs);
      const call = { retries, deadlines, scope, total, answerMs, mostWaitMs };
      return await task((request) => this.#ask(request, call), scope);
    } finally {
      total.stop();
      scope.close();
    }
  }

  #limits(options: RestOptions, { answerMs = 0 }: RestLimits): Pick<Call, 'retries' | 'deadlines'> {
    requireOptions(options);
    checkSignal(options.signal);
    const retries = checkedRetries(options.retries);
    const deadlines = resolveDeadlines(options.deadlines, this.#deadlines);
    // 0 is no deadline, whatever is added.
    if (deadlines.setupMs > 0) deadlines.setupMs += answerMs;
    return { retries, deadlines };
  }

  #ask<T>(request: RestRequest<T>, call: Call): Promise<T> {
    const { method } = request;
    const { retries, scope, total, mostWaitMs } = call;
    /** Whether an earlier attempt may have done it, though its answer got lost. */
    let mayBeDone = false;
    const again = (error: unknown) => {
      const safe = wasNotDone(error);
      mayBeDone ||= !safe;
      return (safe || method !== 'POST') && request.again?.() !== false;
    };
    const remainingMs = () => Math.min(total.remainingMs, mostWaitMs);
    return withRetries({ retries, scope, again, remainingMs }, async () => {
      try {
        return await this.#attempt(request, call);
      } catch (error) {
        if (method === 'DELETE' && mayBeDone && isNotFound(error)) return request.read(undefined, NOBODY);
        throw error;
      }
    });
  }

  async #attempt<T>(request: RestRequest<T>, { deadlines, scope, answerMs }: Call): Promise<T> {
    const { method, body } = request;
    const target = this.#target(request);
    const upload = request.upload?.();
    try {
      const answer = await requestJson({ method, target, body, upload, deadlines, answerMs, scope });
      return readAnswer(request, answer.body, { requestId: answer.requestId, secrets: target.secrets });
    } finally {
      upload?.reader.close();
    }
  }

  #target({ path, query = {} }: RestRequest<unknown>): Target {
    const target = this.#access.rest(path);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) target.url.searchParams.set(name, String(value));
    }
    return target;
  }
}

const NOBODY: AnswerContext = { requestId: undefined, secrets: [] };

/** What came is not quoted: it may hold a token, or somebody's words. */
function readAnswer<T>(request: RestRequest<T>, body: unknown, about: AnswerContext): T {
  try {
    return request.read(body, about);
  } catch (error) {
    if (!(error instanceof UnexpectedAnswer)) throw error;
    throw protocolError(`an answer of the wrong shape: ${error.message}`, { phase: 'stream', ...about });
  }
}

/** No connection came about, or the service had too much to do: a second attempt cannot make a second voice. */
function wasNotDone(error: unknown): boolean {
  if (error instanceof ConnectionError) return error.code === 'ERR_CONNECT';
  if (error instanceof TimeoutError) return error.phase === 'connect';
  return error instanceof SpeechApiError && error.apiCode === 429;
}

function isNotFound(error: unknown): boolean {
  return error instanceof SpeechApiError && error.apiCode === 404;
}
