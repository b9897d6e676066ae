/**
 * Answers in plain HTTP, to requests and to upgrades that are not to be.
 * Not here: which (front.ts, control.ts), speech (post-body.ts).
 */
import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

export const REFUSAL_FORMS = ['detail', 'list', 'error', 'text', 'html'] as const;
/** How a refusal is written. */
export type RefusalForm = (typeof REFUSAL_FORMS)[number];

/** An HTTP answer instead of what was asked for. */
export interface Refusal {
  status: number;
  /** Default: the status in words. */
  detail?: string;
  retryAfterS?: number | undefined;
  /** Default `detail`. */
  form?: RefusalForm | undefined;
  /** Default: the answer has none. */
  requestId?: string;
}

export function answerJson(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

export function refuse(response: ServerResponse, refusal: Refusal): void {
  response.writeHead(refusal.status, headersOf(refusal)).end(bodyOf(refusal));
}

export function refuseUpgrade(socket: Duplex, refusal: Refusal): void {
  const body = bodyOf(refusal);
  const lines = [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? 'Refused'}`,
    'Connection: close',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...Object.entries(headersOf(refusal)).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

function headersOf({ retryAfterS, form = 'detail', requestId }: Refusal): Record<string, string> {
  return {
    'Content-Type': CONTENT_TYPES[form],
    ...(retryAfterS === undefined ? {} : { 'Retry-After': String(retryAfterS) }),
    ...(requestId === undefined ? {} : { 'x-request-id': requestId }),
  };
}

const CONTENT_TYPES: Record<RefusalForm, string> = {
  detail: 'application/json',
  list: 'application/json',
  error: 'application/json',
  text: 'text/plain',
  html: 'text/html; charset=utf-8',
};

/** The forms in which the service, or something before it, has been seen to refuse (protocol reference, section 1.6). */
function bodyOf({ status, detail, form = 'detail' }: Refusal): string {
  const words = STATUS_CODES[status] ?? 'refused';
  const message = detail ?? `sluice sandbox: ${words}`;
  switch (form) {
    case 'detail':
      return JSON.stringify({ detail: message });
    case 'list':
      return JSON.stringify({ detail: [{ loc: ['body'], msg: message, type: 'sandbox_fault' }] });
    case 'error':
      return JSON.stringify({ error: message, code: status });
    case 'text':
      return `error from server ${status >= 500 ? 1011 : 1008}: ${message}`;
    case 'html':
      return `<!DOCTYPE html>\n<html><head><title>${status} ${words}</title></head><body><h1>${message}</h1></body></html>\n`;
  }
}
