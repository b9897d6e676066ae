/**
 * The body that answers a POST: one line of JSON per message, or the bare audio.
 * Not here: what the messages are (request.ts), the request's own body (post.ts).
 */
import type { ServerResponse } from 'node:http';
import type { WireFormat } from '../format.js';
import { breakOff } from './broken-tcp.js';
import { encodeMessage, firstHalf, type Message, type ProtocolError } from './protocol.js';
import type { Outlet } from './request.js';
import { Turn } from './turn.js';

/** How messages are written. */
interface Body {
  contentType: string;
  /** Undefined: this one is not in the body. */
  bytesOf(message: Message): string | Uint8Array | undefined;
  /** What breaks it: undefined where nothing can. */
  halfOf(message: Message): string | Uint8Array | undefined;
  /** Bytes in place of a message. */
  ofBytes(bytes: Uint8Array): Uint8Array;
  /** Undefined: this body cannot say what was wrong. */
  errorLine(message: string): string | undefined;
}

/** One message per line; only those of some types, where they are given. */
export function lines(types?: readonly string[]): Body {
  const isIn = (message: Message): boolean => types?.includes(message.type) ?? true;
  return {
    contentType: 'application/x-ndjson',
    bytesOf: (message) => (isIn(message) ? `${encodeMessage(message)}\n` : undefined),
    halfOf: (message) => (isIn(message) ? `${firstHalf(encodeMessage(message))}\n` : undefined),
    ofBytes: (bytes) => Buffer.concat([bytes, Buffer.from('\n')]),
    // The code is not in it (protocol reference, section 1.6).
    errorLine: (message) => `${encodeMessage({ type: 'error', message })}\n`,
  };
}

/** The sound alone. */
export function bareAudio(format: WireFormat): Body {
  const audioOf = ({ audio }: Message): Uint8Array | undefined =>
    audio instanceof Uint8Array ? audio : undefined;
  return {
    contentType: contentType(format),
    bytesOf: audioOf,
    halfOf: (message) => audioOf(message)?.subarray(0, (audioOf(message) as Uint8Array).length / 2),
    ofBytes: (bytes) => bytes,
    errorLine: () => undefined,
  };
}

/** The first three as documented; RFC 4856 has those of G.711, of which the documents say nothing. */
function contentType(format: WireFormat): string {
  if (format === 'wav') return 'audio/wav';
  if (format === 'opus') return 'audio/ogg';
  if (format === 'alaw_8000') return 'audio/PCMA';
  return format.endsWith('law_8000') ? 'audio/PCMU' : 'audio/pcm';
}

/** An error before anything was said: HTTP 500 with `error from server CODE: REASON`. */
export function refuseSpeech(response: ServerResponse, { code, message }: ProtocolError): void {
  failPlainly(response, `error from server ${code}: ${message}`);
}

export function failPlainly(response: ServerResponse, text: string): void {
  response.writeHead(500, { 'Content-Type': 'text/plain' }).end(text);
}

export class PostOutlet implements Outlet {
  readonly #response: ServerResponse;
  readonly #body: Body;
  readonly #turn = new Turn();
  readonly #gone = new AbortController();
  #closed = false;

  constructor(response: ServerResponse, body: Body) {
    this.#response = response;
    this.#body = body;
    response.on('close', () => {
      this.#closed = true;
      this.#gone.abort();
    });
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  send(message: Message): void {
    this.#write(this.#body.bytesOf(message));
  }

  sendHalf(message: Message): void {
    this.#write(this.#body.halfOf(message));
  }

  sendBinary(bytes: Uint8Array): void {
    this.#write(this.#body.ofBytes(bytes));
  }

  pace(): Promise<void> | undefined {
    const response = this.#response;
    if (!response.writableNeedDrain || this.#closed) return this.#turn.pace();
    return new Promise((resolve) => {
      const done = (): void => {
        response.off('drain', done).off('close', done);
        this.#turn.begin();
        resolve();
      };
      response.on('drain', done).on('close', done);
    });
  }

  finish(): void {
    this.close();
  }

  fail(error: ProtocolError): void {
    if (this.#closed) return;
    const line = this.#body.errorLine(error.message);
    if (!this.#response.headersSent) {
      this.#closed = true;
      refuseSpeech(this.#response, error);
    } else if (line === undefined) {
      this.drop();
    } else {
      this.#write(line);
      this.close();
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#writeHead();
    this.#closed = true;
    this.#response.end();
  }

  drop(): void {
    this.#closed = true;
    if (this.#response.socket !== null) breakOff(this.#response.socket);
  }

  #write(bytes: string | Uint8Array | undefined): void {
    if (bytes === undefined || this.#closed) return;
    this.#writeHead();
    this.#response.write(bytes);
  }

  /** With the first message, since an error before it has a status of its own. */
  #writeHead(): void {
    if (!this.#response.headersSent)
      this.#response.writeHead(200, { 'Content-Type': this.#body.contentType });
  }
}
