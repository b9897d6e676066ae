/**
 * One WebSocket to a speech service: connecting within a deadline, sending with backpressure, and ending
 * exactly once with a typed error, also when the other side has vanished without a word. Not here: what the messages mean,
 * nor any deadline for them.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type ClientOptions, WebSocket } from 'ws';
import { type ConnectionPhase, TimeoutError } from '../errors.js';
import { DeadlineTimer } from './deadlines.js';
import { FrameWriter } from './frame-writer.js';
import { PingWatchdog } from './ping-watchdog.js';
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
  /** A message has left; look at `bufferedBytes` again. */
  onSent(): void;
  /** The socket is gone, and nobody here asked for it. Called at most once, after which nothing is called. */
  onFail(error: unknown): void;
}

/** Where a socket leads. */
export interface Target {
  url: URL;
  headers: Record<string, string>;
  /** Texts in them that must never appear in a message. */
  secrets: readonly string[];
}

export interface SocketOptions extends SocketHandlers {
  /** Asked once, at once: a token has to be fetched first. What it throws or rejects with fails the socket, untouched. */
  target: () => Target | Promise<Target>;
  /** 0: no deadline. */
  connectMs: number;
  /** See `Deadlines`; 0: the other side is never asked whether it is there. */
  pingMs: number;
  /** Where the session stands, for the errors. */
  where: () => { phase: ConnectionPhase; requestId: string | undefined };
}

const TEXT = { binary: false } as const;

export class SpeechSocket {
  readonly #options: SocketOptions;
  readonly #connect: DeadlineTimer;
  readonly #watchdog: PingWatchdog;
  #target: Target | undefined;
  /** Undefined until the target is known. */
  #ws: WebSocket | undefined;
  /** What `#ws` writes to, once it is open. */
  #stream: Socket | undefined;
  #frames: FrameWriter | undefined;
  #state: 'connecting' | 'open' | 'ended' = 'connecting';
  /** Set while the body of a refused upgrade is being read: ends that at once. */
  #refuse: (() => void) | undefined;

  constructor(options: SocketOptions) {
    this.#options = options;
    this.#connect = new DeadlineTimer(options.connectMs, () => this.connectExpired(options.connectMs));
    this.#connect.start();
    this.#watchdog = new PingWatchdog(options.pingMs, {
      ping: () => this.#ws?.ping(),
      onSilence: () => this.#silent(),
    });
    const target = options.target();
    if (target instanceof Promise) {
      target.then((known) => this.#open(known)).catch((error: unknown) => this.fail(error));
    } else {
      this.#open(target);
    }
  }

  /** Texts that must never appear in a message. */
  get secrets(): readonly string[] {
    return this.#target?.secrets ?? [];
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Bytes given to `send` and not yet taken by the kernel. */
  get bufferedBytes(): number {
    return (this.#ws?.bufferedAmount ?? 0) + (this.#frames?.pendingBytes ?? 0);
  }

  /**
   * Sends one text message; a Buffer may be reused as soon as this returns.
   *
   * Past ws: without compression it writes whole frames at once, so that ours never come into the midst of one of its own.
   * Once it has sent its close frame nothing may follow that (RFC 6455 §5.5.1): then it gets the message, which it drops.
   */
  send(message: string | Buffer): void {
    if (this.#state !== 'open') return;
    if (this.#ws?.readyState !== WebSocket.OPEN) {
      this.#ws?.send(message, TEXT, this.#sent);
      return;
    }
    this.#frames?.write(typeof message === 'string' ? Buffer.from(message) : message);
  }

  /** Stops reading; the peer notices through TCP. */
  pause(): void {
    if (this.#state !== 'open') return;
    this.#ws?.pause();
    this.#watchdog.pause();
  }

  resume(): void {
    if (this.#state !== 'open') return;
    this.#ws?.resume();
    this.#watchdog.resume();
  }

  /** Whether the open connection alone keeps the process alive; until told otherwise it does. */
  setRef(ref: boolean): void {
    if (ref) this.#stream?.ref();
    else this.#stream?.unref();
  }

  /** We have all we want: says goodbye, and drops the connection if the peer does not answer. */
  close(): void {
    if (this.#state === 'ended') return;
    this.#end();
    this.#frames?.flush();
    this.#ws?.resume();
    this.#ws?.close(1000);
  }

  /** Drops the connection at once. */
  destroy(): void {
    if (this.#state === 'ended') return;
    this.#end();
    this.#ws?.terminate();
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
    this.#watchdog.stop();
  }

  #open(target: Target): void {
    if (this.#state === 'ended') return;
    this.#target = target;
    // @types/ws does not know closeTimeout yet.
    const clientOptions: ClientOptions & { closeTimeout: number } = {
      headers: target.headers,
      perMessageDeflate: false,
      followRedirects: false,
      maxPayload: MAX_MESSAGE_BYTES,
      closeTimeout: CLOSE_TIMEOUT_MS,
    };
    this.#ws = new WebSocket(target.url, clientOptions);
    this.#listen(this.#ws, target.url.host);
  }

  #listen(ws: WebSocket, host: string): void {
    ws.on('upgrade', ({ socket }) => {
      this.#stream = socket;
      this.#frames = new FrameWriter(socket, () => ws.readyState === WebSocket.OPEN, this.#sent);
    });
    ws.on('open', () => {
      if (this.#state !== 'connecting') return;
      this.#state = 'open';
      this.#connect.stop();
      this.#watchdog.start();
      this.#guarded(() => this.#options.onOpen());
    });
    ws.on('message', (data, isBinary) => {
      if (this.#state !== 'open') return;
      this.#watchdog.heard();
      if (isBinary) this.fail(protocolError('a binary message', this.#context()));
      else this.#guarded(() => this.#options.onMessage(data as Buffer));
    });
    ws.on('ping', () => this.#watchdog.heard());
    ws.on('pong', () => this.#watchdog.heard());
    // Stays for good: closing a CONNECTING socket emits `error` a tick later.
    ws.on('error', (error) => this.fail(socketError(error, host, this.#context())));
    ws.on('close', (code, reason) => this.fail(closeError(code, reason.toString(), this.#context())));
    ws.on('unexpected-response', (_request, response) => this.#refused(response));
  }

  readonly #sent = (error?: Error | null): void => {
    // A failed write is followed by `close`, which says more.
    if (error || this.#state !== 'open') return;
    // A peer that works off our backlog is alive. What leaves at once shows only that there is a kernel.
    if (this.bufferedBytes > 0) this.#watchdog.heard();
    this.#guarded(() => this.#options.onSent());
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
      this.fail(httpError(statusCode, text, headers, this.#context()));
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

  /** Ends the attempt to connect: it took longer than `ms`. */
  connectExpired(ms: number): void {
    if (this.#refuse) {
      this.#refuse();
      return;
    }
    const what = this.#target ? `connection to ${quoted(this.#target.url.host, this.secrets)}` : 'token';
    this.fail(new TimeoutError(`no ${what} within ${ms} ms`, { phase: 'connect' }));
  }

  #silent(): void {
    const { requestId } = this.#context();
    const id = requestId ? ` (request ${requestId})` : '';
    this.fail(
      new TimeoutError(`no answer to a ping within ${this.#options.pingMs} ms${id}`, {
        phase: 'ping',
        requestId,
      }),
    );
  }

  #context(): ErrorContext {
    const { phase, requestId } = this.#options.where();
    return { phase, requestId, secrets: this.secrets };
  }
}
