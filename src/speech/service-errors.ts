/**
 * From what a service or a socket does to the typed error that says so, and whether a new attempt can help.
 * Not here: noticing it; see socket.ts.
 */
import type { IncomingHttpHeaders } from 'node:http';
import {
  ConnectionError,
  type ConnectionPhase,
  SpeechApiError,
  TimeoutError,
  type ValidationIssue,
} from '../errors.js';

/** Where things stood when it went wrong. */
export interface ErrorContext {
  phase: ConnectionPhase;
  requestId: string | undefined;
  /** Texts that must never appear in a message: the API key. */
  secrets: readonly string[];
}

const MAX_QUOTED_CHARS = 500;
/** A shorter text is no key (the sandbox takes `any`), and blotting it out would only garble the message. */
const MIN_SECRET_CHARS = 8;

/** What a service said, fit for a message: no key even if it was echoed, no control characters, bounded. */
export function quoted(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) {
    if (secret.length >= MIN_SECRET_CHARS) clean = clean.replaceAll(secret, '[key]');
  }
  // Terminal escapes are control characters too; a message ends up on a terminal.
  clean = clean.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return clean.length > MAX_QUOTED_CHARS ? `${clean.slice(0, MAX_QUOTED_CHARS)}…` : clean;
}

function details(parts: (string | false | undefined)[]): string {
  const said = parts.filter((part) => typeof part === 'string' && part !== '');
  return said.length === 0 ? '' : ` (${said.join(', ')})`;
}

function requestPart(context: ErrorContext): string | undefined {
  return context.requestId ? `request ${quoted(context.requestId, context.secrets)}` : undefined;
}

/**
 * Whether a new attempt can help after this code of the service's own: 1011 (its failure), 1012 and 1013
 * (restart, try again later), 408, 429 and 5xx; not 1008 (policy: key, credits, bad setup) and other 4xx.
 * An error without a code is taken for the service's own failure.
 */
export function isRetryableApiCode(code: number | undefined): boolean {
  if (code === undefined) return true;
  if (code >= 1011 && code <= 1014) return true;
  return code === 408 || code === 429 || (code >= 500 && code < 600);
}

/** The service's `error` message. */
export function serviceError(
  message: string,
  apiCode: number | undefined,
  context: ErrorContext,
): SpeechApiError {
  const said = quoted(message, context.secrets) || 'no reason given';
  const where = details([apiCode !== undefined && `code ${apiCode}`, requestPart(context)]);
  return new SpeechApiError(`the service reported an error: ${said}${where}`, {
    apiCode,
    requestId: context.requestId,
    retryable: isRetryableApiCode(apiCode),
  });
}

/** A close that came before the end of the stream: always an error, whatever its code. */
export function closeError(closeCode: number, reason: string, context: ErrorContext): Error {
  const said = quoted(reason, context.secrets);
  const where = details([`code ${closeCode}`, said !== '' && `“${said}”`, requestPart(context)]);
  if (closeCode === 1008 || (closeCode >= 1011 && closeCode <= 1014)) {
    const what = closeCode === 1008 ? 'refused' : 'failed';
    return new SpeechApiError(`the service ${what} and closed the connection${where}`, {
      apiCode: closeCode,
      requestId: context.requestId,
      retryable: isRetryableApiCode(closeCode),
    });
  }
  // 1002, 1003, 1007, 1009, 1010: the peer says that we broke the protocol; the same again would do so again.
  const ours = [1002, 1003, 1007, 1009, 1010].includes(closeCode);
  const what = closeCode === 1006 ? 'dropped without a close' : 'closed';
  return new ConnectionError(`the connection was ${what} before the end of the stream${where}`, {
    code: ours ? 'ERR_PROTOCOL' : 'ERR_CLOSED_EARLY',
    phase: context.phase,
    requestId: context.requestId,
    closeCode,
    retryable: !ours,
  });
}

/** A failure of what several requests share, as the one among them hears of it that stands at `context`. */
export function errorOfRequest(error: unknown, context: ErrorContext): unknown {
  const { phase, requestId } = context;
  const told = (message: string) => message + details([requestPart(context)]);
  if (error instanceof ConnectionError) {
    const { code, closeCode, cause, retryable } = error;
    return new ConnectionError(told(error.message), { code, phase, requestId, closeCode, cause, retryable });
  }
  if (error instanceof SpeechApiError) {
    const { apiCode, retryable, retryAfterS, details } = error;
    return new SpeechApiError(told(error.message), { apiCode, requestId, retryable, retryAfterS, details });
  }
  if (error instanceof TimeoutError) {
    return new TimeoutError(told(error.message), { phase: error.phase, requestId });
  }
  // What a function for tokens threw is the caller's own.
  return error;
}

/**
 * An HTTP response that is no success, to an upgrade or to a request.
 *
 * @param asked what was refused
 */
export function httpError(
  status: number,
  body: string,
  headers: IncomingHttpHeaders,
  context: ErrorContext,
  asked: 'connection' | 'request' = 'connection',
): SpeechApiError {
  const { secrets } = context;
  const detail = httpDetail(body, secrets);
  const requestId = context.requestId ?? headerRequestId(headers, secrets) ?? detail.requestId;
  const said = quoted(detail.text, secrets);
  const where = details([
    detail.code !== undefined && `code ${detail.code}`,
    requestPart({ ...context, requestId }),
  ]);
  const apiCode = detail.code ?? status;
  const hint = httpHint(status, detail);
  return new SpeechApiError(
    `the service refused the ${asked}: HTTP ${status}${said && ` “${said}”`}${where}${hint}`,
    {
      apiCode,
      requestId,
      retryable: isRetryableApiCode(apiCode),
      retryAfterS: retryAfterSeconds(headers['retry-after']),
      details: detail.issues,
    },
  );
}

/** The id by which a service finds a request in its logs; which of the two names it has is nowhere written. */
export function headerRequestId(
  headers: IncomingHttpHeaders,
  secrets: readonly string[],
): string | undefined {
  const id = headers['x-request-id'] ?? headers['request-id'];
  return typeof id === 'string' && id !== '' ? quoted(id, secrets) : undefined;
}

function httpHint(status: number, { text, isJson }: HttpDetail): string {
  if (status === 401 || status === 403) return '; check the API key and the account';
  // “Not Found” is what a framework says that has no such route; a service that has no such voice says so.
  if (status === 404) return isJson && text !== 'Not Found' ? '' : '; check the base URL';
  if (status < 300 || status > 399) return '';
  return '; redirects are not followed, for the API key would travel along: check the base URL';
}

interface HttpDetail {
  text: string;
  isJson: boolean;
  code?: number | undefined;
  requestId?: string | undefined;
  issues?: ValidationIssue[];
}

/**
 * The bodies in use (wire reference, section 1.6) are {"detail": …}, {"error": …, "code"}, {"message": …}, and plain
 * text, maybe with a code of the service's own. That code says more than the status, which is 500 with all of them.
 */
function httpDetail(body: string, secrets: readonly string[]): HttpDetail {
  const json = jsonObject(body);
  const detail = json?.detail ?? json?.error ?? json?.message;
  if (!json || detail === undefined) {
    return { text: htmlTitle(body) ?? body, isJson: false, code: quotedCode(body) };
  }
  const text = detailText(detail);
  return {
    text,
    isJson: true,
    code: errorCode(json.code) ?? quotedCode(text),
    requestId: typeof json.request_id === 'string' ? quoted(json.request_id, secrets) : undefined,
    issues: Array.isArray(detail) ? detail.flatMap((entry) => validationIssue(entry, secrets)) : [],
  };
}

function jsonObject(body: string): Record<string, unknown> | undefined {
  try {
    return (JSON.parse(body) as Record<string, unknown> | null) ?? undefined;
  } catch {
    return undefined;
  }
}

/** A text, or the list that a failed validation gives: [{"loc": ["body", "name"], "msg": "field required"}]. */
function detailText(detail: unknown): string {
  if (typeof detail === 'string') return detail;
  if (!Array.isArray(detail)) return JSON.stringify(detail);
  return detail.map(validationText).join('; ');
}

function validationText(entry: unknown): string {
  const [issue] = validationIssue(entry, []);
  if (!issue) return JSON.stringify(entry);
  return issue.path === '' ? issue.message : `${issue.path}: ${issue.message}`;
}

/** Its place, words and name; not the input, which the service may have sent back as well. */
function validationIssue(entry: unknown, secrets: readonly string[]): ValidationIssue[] {
  const { loc, msg, type } = (entry ?? {}) as { loc?: unknown; msg?: unknown; type?: unknown };
  if (typeof msg !== 'string') return [];
  const path = Array.isArray(loc) ? quoted(loc.join('.'), secrets) : '';
  return [
    { path, message: quoted(msg, secrets), type: typeof type === 'string' ? quoted(type, secrets) : '' },
  ];
}

/** What a page from a proxy on the way is about; its markup helps nobody. */
function htmlTitle(body: string): string | undefined {
  if (!/^\s*<(!doctype|html)\b/i.test(body)) return undefined;
  return /<title[^>]*>([^<]*)/i.exec(body)?.[1]?.trim() || 'an HTML page';
}

/** The code within a text of the service: `error from server 1008: no credits`. */
export function quotedCode(text: string): number | undefined {
  return errorCode(/error from server (\d{3,4})\b/i.exec(text)?.[1]);
}

/** HTTP's and the WebSocket's codes for what failed; of another number nobody knows whether a new attempt can help. */
export function errorCode(value: unknown): number | undefined {
  const code = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof code !== 'number' || !Number.isInteger(code)) return undefined;
  return (code >= 400 && code <= 599) || (code >= 1001 && code <= 1014) ? code : undefined;
}

/** RFC 9110 §10.2.3: seconds or an HTTP date. */
export function retryAfterSeconds(value: string | undefined, nowMs = Date.now()): number | undefined {
  if (value === undefined || value.trim() === '') return undefined;
  if (/^\s*\d+\s*$/.test(value)) return Number(value);
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, (at - nowMs) / 1000);
}

/** What the other side sent is not what the protocol allows. A new attempt may meet a healthier server. */
export function protocolError(message: string, context: ErrorContext, closeCode?: number): ConnectionError {
  return new ConnectionError(`the service broke the protocol: ${message}${details([requestPart(context)])}`, {
    code: 'ERR_PROTOCOL',
    phase: context.phase,
    requestId: context.requestId,
    closeCode,
    retryable: true,
  });
}

/** An `error` event of the WebSocket: DNS, TCP, TLS, the upgrade, or a broken frame. */
export function socketError(
  error: Error & { code?: unknown },
  where: string,
  context: ErrorContext,
): ConnectionError {
  const code = typeof error.code === 'string' ? error.code : undefined;
  const said = quoted(error.message, context.secrets) || code || 'unknown error';
  if (code?.startsWith('WS_ERR_')) return protocolError(said, context);
  return new ConnectionError(`cannot connect to ${where}: ${said}`, {
    code: 'ERR_CONNECT',
    phase: context.phase,
    requestId: context.requestId,
    // Only system errors pass with a new attempt: not a bad certificate, nor a server that is no WebSocket server.
    retryable: code !== undefined && SYSTEM_ERRORS.has(code),
    // Errors of the HTTP parser carry the peer's raw bytes, which could echo the request; they stay out.
    ...('rawPacket' in error ? {} : { cause: error }),
  });
}

/** An `error` event of an HTTP request that was connected, or its end before that of its answer. */
export function brokenError(error: (Error & { code?: unknown }) | undefined, context: ErrorContext): Error {
  const code = typeof error?.code === 'string' ? error.code : undefined;
  const said = quoted(error?.message ?? '', context.secrets) || code;
  // Of Node's HTTP parser.
  if (code?.startsWith('HPE_')) return protocolError(`its answer is not HTTP: ${said}`, context);
  const where = details([said, requestPart(context)]);
  return new ConnectionError(`the service's answer was cut off${where}`, {
    code: 'ERR_CLOSED_EARLY',
    phase: context.phase,
    requestId: context.requestId,
    retryable: true,
    cause: error,
  });
}

const SYSTEM_ERRORS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'EAI_AGAIN',
  'ENOTFOUND',
  'EADDRNOTAVAIL',
  'EMFILE',
]);
