/**
 * How an answer of REST leaves: whole, or as its fault has it.
 * Not here: what it says (rest.ts), whose turn it is to go wrong (fault-script.ts).
 */
import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { breakOff } from './broken-tcp.js';
import type { SessionFault } from './faults.js';
import { firstHalf } from './protocol.js';
import { NO_TEXT } from './request.js';

export interface Delivery {
  status: number;
  headers: Readonly<Record<string, string>>;
  /** JSON; undefined: none. */
  text: string | undefined;
}

/** Resolves once nothing more will be written. Never rejects. What was asked for is done, whatever becomes of the answer. */
export async function deliver(
  response: ServerResponse,
  answer: Delivery,
  fault: SessionFault | undefined,
): Promise<void> {
  switch (fault?.kind) {
    case 'malformed':
      return send(response, answer, answer.text && firstHalf(answer.text));
    case 'binary':
      return send(response, answer, answer.text && NO_TEXT);
    case 'stall':
      return sendHalf(response, answer, fault.after);
    case 'drop':
      sendHalf(response, answer, fault.after);
      if (response.socket !== null) breakOff(response.socket);
      return;
    case 'delay':
      await waitFor(response, fault.ms);
      return send(response, answer, answer.text);
    default:
      return send(response, answer, answer.text);
  }
}

function send(
  response: ServerResponse,
  { status, headers }: Delivery,
  body: string | Uint8Array | undefined,
): void {
  response.writeHead(status, headers).end(body);
}

/** Of the body, with the length of the whole; nothing at all where there is no body, or none of it is to go out. */
function sendHalf(response: ServerResponse, { status, headers, text }: Delivery, after = 1): void {
  if (text === undefined || after === 0) return;
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(text) });
  response.write(firstHalf(text));
}

async function waitFor(response: ServerResponse, ms: number): Promise<void> {
  if (response.destroyed) return; // its close was announced before
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  await wait(ms, undefined, { signal: gone.signal }).catch(() => {});
}
