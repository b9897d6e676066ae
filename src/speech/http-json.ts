/**
 * HTTP requests that are answered with one JSON value, or with nothing.
 * Not here: the exchange itself (http.ts), what the values mean.
 */
import { TimeoutError } from '../errors.js';
import { DeadlineTimer, type ResolvedDeadlines } from './deadlines.js';
import { HttpExchange, type HttpHead, type HttpOptions } from './http.js';
import type { Scope } from './scope.js';
import { protocolError, quoted } from './service-errors.js';
import type { Target } from './socket.js';
import { sendUpload, type Upload } from './upload.js';

/** A list of ten thousand voices has some 5 MB. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

export interface JsonRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  target: Target;
  /** Sent as JSON. Default: no body. */
  body?: unknown;
  /** Sent in place of `body`. Default: none. */
  upload?: Upload | undefined;
  deadlines: Pick<ResolvedDeadlines, 'connectMs' | 'setupMs' | 'idleMs'>;
  /** From the body that is up, or the answer that does not wait for it, to the whole answer. Default 0: no deadline. */
  answerMs?: number;
  /** Ends it at once. */
  scope: Scope;
}

export interface JsonAnswer {
  /** 200 to 299; everything else rejects. */
  status: number;
  /** Undefined when there was none, as with 204. */
  body: unknown;
  /** The service's own id of the request, where it gave one. */
  requestId: string | undefined;
}

/**
 * A GET or PUT goes over a kept connection, and again over a new one if that was closed under it. What does not bear
 * repeating has a connection of its own: whether the service did it is then no riddle.
 *
 * @throws (rejects) SpeechApiError for any status but 2xx; ConnectionError ERR_CONNECT, ERR_CLOSED_EARLY, ERR_PROTOCOL (an
 * answer that is no JSON, or is endless); TimeoutError connect, setup, idle; the scope's reason, untouched
 */
export function requestJson({
  method,
  target,
  body,
  upload,
  deadlines,
  answerMs = 0,
  scope,
}: JsonRequest): Promise<JsonAnswer> {
  return new Promise((resolve, reject) => {
    scope.throwIfFailed();
    let head: HttpHead | undefined;
    let length = 0;
    const parts: Buffer[] = [];
    const { secrets } = target;
    const broken = (message: string) =>
      protocolError(message, { phase: 'stream', requestId: head?.requestId, secrets });
    const whole = new DeadlineTimer(answerMs, () => {
      const message = `no whole answer from the service within ${answerMs} ms`;
      exchange.fail(new TimeoutError(message, { phase: 'total', requestId: head?.requestId }));
    });
    const awaitWhole = () => {
      if (!whole.running) whole.start();
    };
    // RFC 9110 §9.2.2; of a DELETE the second answer would be 404.
    const repeatable = method === 'GET' || method === 'PUT';
    const exchange: HttpExchange = new HttpExchange({
      ...deadlines,
      ...sentBody(body, upload),
      method,
      target,
      repeatable,
      fresh: !repeatable,
      onOpen: () => {
        if (upload) void sendUpload(exchange, upload.reader);
      },
      onSent: awaitWhole,
      onHead: (came) => {
        head = came;
        awaitWhole();
      },
      onData: (bytes) => {
        length += bytes.length;
        if (length > MAX_ANSWER_BYTES) throw broken(`an answer of more than ${MAX_ANSWER_BYTES} bytes`);
        parts.push(bytes);
      },
      onEnd: () => {
        const answer = parsed(Buffer.concat(parts));
        if (!answer) throw broken(`an answer that is not JSON${typed(head, secrets)}`);
        stop();
        resolve({ status: head?.status ?? 0, body: answer.value, requestId: head?.requestId });
      },
      onFail: (error) => {
        stop();
        reject(error);
      },
    });
    const forget = scope.onFail((reason) => {
      whole.stop();
      exchange.destroy();
      reject(reason);
    });
    const stop = () => {
      whole.stop();
      forget();
    };
  });
}

function sentBody(body: unknown, upload: Upload | undefined): Partial<HttpOptions> {
  if (upload) return { contentType: upload.contentType, body: 'streamed', bodyBytes: upload.bytes };
  if (body === undefined) return {};
  return { contentType: 'application/json', body: Buffer.from(JSON.stringify(body)) };
}

function typed(head: HttpHead | undefined, secrets: readonly string[]): string {
  return head?.contentType ? ` but ${quoted(head.contentType, secrets)}` : '';
}

/** Undefined: it is no JSON. */
function parsed(bytes: Buffer): { value: unknown } | undefined {
  if (bytes.length === 0) return { value: undefined };
  try {
    return { value: JSON.parse(bytes.toString()) };
  } catch {
    return undefined;
  }
}
