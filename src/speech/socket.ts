/**
 * One WebSocket to a speech service: connecting within a deadline, sending with backpressure, and ending
 * exactly once with a typed error. Not here: what the messages mean, nor any deadline after connecting.
 */
import { randomFillSync } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type ClientOptions, WebSocket } from 'ws';
import { type ConnectionPhase, TimeoutError } from '../errors.js';
import { DeadlineTimer } from './deadlines.js';
import {
  closeError,
  type ErrorContext,
  httpError,
  protocolError,
  quoted,
  socketError,
} from './service-errors.js';

/** Stop writing at this many unsent bytes, go on at that many. The kernel's own buffers come on top. */
export const HIGH_WATER_BYTES = 256 * 1024;
export const LOW_WATER_BYTES = 64 * 1024;

/** The largest message known is a 10 kB audio frame; clients of the service break at 1 to 4 MiB. */
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;
/** How much of a refused upgrade's body is read for the message. */
const MAX_REFUSAL_BYTES = 4096;
/** After our close frame, for the peer's. */
export const CLOSE_TIMEOUT_MS = 2_000;

export interface SocketHandlers {
  onOpen(): void;
  /** A text message, as the UTF-8 bytes that came. A throw ends the socket with that error. */
  onMessage(data: Buffer): void;
  /** Some of what was sent has left; look at `bufferedBytes` again. */
  onDrain(): void;
  /** The socket is gone, and nobody here asked for it. Called at most once, after which nothing is called. */
  onFail(error: unknown): void;
}

export interface SocketOptions extends SocketHandlers {
  url: URL;
  headers: Record<string, string>;
  /** 0: no deadline. */
  connectMs: number;
  secrets: readonly string[];
  /** Where the session stands, for the errors. */
  where: () => { phase: ConnectionPhase; requestId: string | undefined };
}

const TEXT = { binary: false } as const;

export class SpeechSocket {
  readonly #options: SocketOptions;
  readonly #ws: WebSocket;
  readonly #connect: DeadlineTimer;
  #state: 'connecting' | 'open' | 'ended' = 'connecting';
  /** Set while the body of a refused upgrade is being read: ends that at once. */
  #refuse: (() => void) | undefined;

  constructor(options: SocketOptions) {
    this.#options = options;
    this.#connect = new DeadlineTimer(options.connectMs, () => this.#connectExpired());
    // @types/ws does not know closeTimeout yet.
    const clientOptions: ClientOptions & { closeTimeout: number } = {
      headers: options.headers,
      perMessageDeflate: false,
      followRedirects: false,
      maxPayload: MAX_MESSAGE_BYTES,
      closeTimeout: CLOSE_TIMEOUT_MS,
      generateMask: nonZeroMask,
    };
    this.#ws = new WebSocket(options.url, clientOptions);
    this.#connect.start();
    this.#listen();
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Bytes given to `send` and not yet taken by the kernel. */
  get bufferedBytes(): number {
    return this.#ws.bufferedAmount;
  }

  /**
   * Sends one text message. A Buffer may be reused as soon as this returns: ws treats it as read-only and masks
   * it into memory of its own (which is why `nonZeroMask` matters).
   */
  send(message: string | Buffer): void {
    if (this.#state === 'open') this.#ws.send(message, TEXT, this.#sent);
  }

  /** Stops reading; the peer notices through TCP. */
  pause(): void {
    if (this.#state === 'open') this.#ws.pause();
  }

  resume(): void {
    if (this.#state === 'open') this.#ws.resume();
  }

  /** We have all we want: says goodbye, and drops the connection if the peer does not answer. */
  close(): void {
    if (this.#state === 'ended') return;
    this.#end();
    this.#ws.resume();
    this.#ws.close(1000);
  }

  /** Drops the connection at once. */
  destroy(): void {
    if (this.#state === 'ended') return;
    this.#end();
    this.#ws.terminate();
  }

  /** Ends the socket for a reason found by its user. */
  fail(error: unknown): void {
    if (this.#state === 'ended') return;
    this.destroy();
    this.#options.onFail(error);
  }

  #end(): void {
    this.#state = 'ended';
    this.#connect.stop();
  }

  #listen(): void {
    const ws = this.#ws;
    ws.on('open', () => {
      if (this.#state !== 'connecting') return;
      this.#state = 'open';
      this.#connect.stop();
      this.#guarded(() => this.#options.onOpen());
    });
    ws.on('message', (data, isBinary) => {
      if (this.#state !== 'open') return;
      if (isBinary) this.fail(protocolError('a binary message', this.#context()));
      else this.#guarded(() => this.#options.onMessage(data as Buffer));
    });
    // Stays for good: closing a CONNECTING socket emits `error` a tick later.
    ws.on('error', (error) => this.fail(socketError(error, this.#options.url.host, this.#context())));
    ws.on('close', (code, reason) => this.fail(closeError(code, reason.toString(), this.#context())));
    ws.on('unexpected-response', (_request, response) => this.#refused(response));
  }

  readonly #sent = (error?: Error | null): void => {
    // A failed write is followed by `close`, which says more.
    if (!error && this.#state === 'open') this.#guarded(() => this.#options.onDrain());
  };

  /** Nothing that a handler throws may reach the event loop. */
  #guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.fail(error);
    }
  }

  #refused(response: IncomingMessage): void {
    const body: Buffer[] = [];
    let length = 0;
    const refuse = () => {
      const { statusCode = 0, headers } = response;
      const text = Buffer.concat(body).toString('utf8', 0, MAX_REFUSAL_BYTES);
      this.fail(httpError(statusCode, text, headers['retry-after'], this.#context()));
    };
    this.#refuse = refuse;
    response.on('data', (chunk: Buffer) => {
      body.push(chunk);
      length += chunk.length;
      if (length >= MAX_REFUSAL_BYTES) refuse();
    });
    response.on('end', refuse);
    response.on('error', refuse);
    response.on('close', refuse);
  }

  #connectExpired(): void {
    if (this.#refuse) {
      this.#refuse();
      return;
    }
    const host = quoted(this.#options.url.host, this.#options.secrets);
    this.fail(
      new TimeoutError(`no connection to ${host} within ${this.#connect.ms} ms`, { phase: 'connect' }),
    );
  }

  #context(): ErrorContext {
    const { phase, requestId } = this.#options.where();
    return { phase, requestId, secrets: this.#options.secrets };
  }
}

const pool = Buffer.allocUnsafeSlow(8192);
let poolAt = pool.length;

/**
 * RFC 6455 §5.3: an unpredictable key for every frame. Zero, one in 2^32, is drawn again: with a zero key ws
 * queues the caller's own buffer instead of a masked copy, and ours is reused at once.
 */
export function nonZeroMask(mask: Buffer): void {
  do {
    if (poolAt === pool.length) {
      randomFillSync(pool);
      poolAt = 0;
    }
    pool.copy(mask, 0, poolAt, poolAt + 4);
    poolAt += 4;
  } while (mask.readUInt32LE(0) === 0);
}
