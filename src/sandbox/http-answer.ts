/**
 * Answers in plain HTTP, to requests and to upgrades that are not to be.
 * Not here: which (front.ts, control.ts), speech (post-body.ts).
 */
import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

const JSON_TYPE = { 'Content-Type': 'application/json' };

/** An HTTP answer instead of what was asked for. */
export interface Refusal {
  status: number;
  /** Default: the status in words. */
  detail?: string;
  retryAfterS?: number | undefined;
}

export function answerJson(response: ServerResponse, body: unknown): void {
  response.writeHead(200, JSON_TYPE).end(JSON.stringify(body));
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

function headersOf({ retryAfterS }: Refusal): Record<string, string> {
  return { ...JSON_TYPE, ...(retryAfterS === undefined ? {} : { 'Retry-After': String(retryAfterS) }) };
}

function bodyOf({
  status,
  detail = `sluice sandbox: ${STATUS_CODES[status] ?? 'refused'}`,
}: Refusal): string {
  return JSON.stringify({ detail });
}
