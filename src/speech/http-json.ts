/**
 * HTTP requests that are answered with one JSON value, or with nothing.
 * Not here: the exchange itself (http.ts), what the values mean.
 */
import type { ResolvedDeadlines } from './deadlines.js';
import { HttpExchange } from './http.js';
import type { Scope } from './scope.js';
import { protocolError } from './service-errors.js';
import type { Target } from './socket.js';

/** A list of ten thousand voices has some 5 MB. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

export interface JsonRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  target: Target;
  /** Sent as JSON. Default: no body. */
  body?: unknown;
  deadlines: Pick<ResolvedDeadlines, 'connectMs' | 'setupMs' | 'idleMs'>;
  /** Ends it at once. */
  scope: Scope;
}

export interface JsonAnswer {
  /** 200 to 299; everything else rejects. */
  status: number;
  /** Undefined when there was none, as with 204. */
  body: unknown;
}

/**
 * @throws (rejects) SpeechApiError for any status but 2xx; ConnectionError ERR_CONNECT, ERR_CLOSED_EARLY, ERR_PROTOCOL (an
 * answer that is no JSON, or is endless); TimeoutError connect, setup, idle; the scope's reason, untouched
 */
export function requestJson({ method, target, body, deadlines, scope }: JsonRequest): Promise<JsonAnswer> {
  return new Promise((resolve, reject) => {
    scope.throwIfFailed();
    let status = 0;
    let length = 0;
    const parts: Buffer[] = [];
    const broken = (message: string) =>
      protocolError(message, { phase: 'stream', requestId: undefined, secrets: target.secrets });
    const exchange = new HttpExchange({
      ...deadlines,
      method,
      target,
      ...(body !== undefined && {
        contentType: 'application/json',
        body: Buffer.from(JSON.stringify(body)),
      }),
      // RFC 9110 §9.2.2.
      repeatable: method !== 'POST',
      onHead: (head) => {
        status = head.status;
      },
      onData: (bytes) => {
        length += bytes.length;
        if (length > MAX_ANSWER_BYTES) throw broken(`an answer of more than ${MAX_ANSWER_BYTES} bytes`);
        parts.push(bytes);
      },
      onEnd: () => {
        const answer = parsed(Buffer.concat(parts));
        if (!answer) throw broken('an answer that is not JSON');
        stop();
        resolve({ status, body: answer.value });
      },
      onFail: (error) => {
        stop();
        reject(error);
      },
    });
    const stop = scope.onFail((reason) => {
      exchange.destroy();
      reject(reason);
    });
  });
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
