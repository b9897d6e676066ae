/**
 * One HTTP exchange with a speech service: a request whose body may still be on its way while the answer comes.
 * Not here: what the bytes mean; JSON bodies (http-json.ts); new attempts.
 */
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { type ConnectionPhase, TimeoutError } from '../errors.js';
import { DeadlineTimer } from './deadlines.js';
import {
  brokenError,
  type ErrorContext,
  headerRequestId,
  httpError,
  protocolError,
  quoted,
  socketError,
} from './service-errors.js';
import { CLOSE_TIMEOUT_MS, type Target } from './socket.js';

/** To one host; more requests wait for their turn, within their connect deadline. */
const MAX_SOCKETS = 256;
/** Kept for the next request, not for long: servers close what is idle for 5 s (Node's and uvicorn's default). */
const MAX_IDLE_SOCKETS = 8;
const IDLE_SOCKET_MS = 4_000;
/** How much of a refusal's body is read for the message, and for how long. */
const MAX_REFUSAL_BYTES = 64 * 1024;
const REFUSAL_MS = 5_000;
/** Of a whole body: as much as leaves at once. Each that has left restarts `setupMs`. */
const SLICE_BYTES = 64 * 1024;

const KEPT = {
  keepAlive: true,
  maxSockets: MAX_SOCKETS,
  maxFreeSockets: MAX_IDLE_SOCKETS,
  timeout: IDLE_SOCKET_MS,
};
const FRESH = { keepAlive: false, maxSockets: MAX_SOCKETS };
const AGENTS = {
  'http:': { kept: new HttpAgent(KEPT), fresh: new HttpAgent(FRESH) },
  'https:': { kept: new HttpsAgent(KEPT), fresh: new HttpsAgent(FRESH) },
};

export interface HttpHead {
  status: number;
  /** In lower case, without parameters; '' when there is none. */
  contentType: string;
  /** Whether the body's end shows in it. If not, a dropped connection looks like the end (RFC 9112 §6.3, 8). */
  delimited: boolean;
  /** The service's own, from the headers. */
  requestId: string | undefined;
}

export interface HttpHandlers {
  /** Connected: what is written leaves from now on. Again when it is made anew. */
  onOpen?(): void;
  /** The kernel has the whole request. */
  onSent?(): void;
  /** A 2xx; its body follows. A throw, here and in the others, ends the exchange with that error. */
  onHead?(head: HttpHead): void;
  onData(bytes: Buffer): void;
  /** The whole answer has come, maybe before the request's body was sent. Nothing is called after it. */
  onEnd(): void;
  /** It failed, and nobody here asked for it. Called at most once; nothing is called after it. */
  onFail(error: unknown): void;
}

export interface HttpOptions extends HttpHandlers {
  method: string;
  target: Target;
  contentType?: string;
  /** `streamed`: it comes by `write` and `end`, on a connection of its own, since it could not be sent a second time. */
  body?: Buffer | 'streamed' | undefined;
  /** Length of a streamed body, where it is known; else it goes in chunks (RFC 9112 §7.1). */
  bodyBytes?: number | undefined;
  /** A connection of its own: a kept one may close as the request leaves, and nobody knows what became of it. */
  fresh?: boolean;
  /**
   * Whether asking twice does no harm. A kept connection may close as the request leaves; then it is made anew, once.
   * Default false.
   */
  repeatable?: boolean;
  /** 0: no deadline. */
  connectMs: number;
  /**
   * From connected, and again from each part of the body that has left, to the head of the answer; not while the next part
   * of a streamed body is still to come from us. 0: no deadline.
   */
  setupMs: number;
  /** Between two parts of the answer's body. 0: no deadline. */
  idleMs: number;
  /** Where the request stands once it is connected, for the errors. Default: as far as this exchange knows. */
  where?: () => { phase: ConnectionPhase; requestId: string | undefined };
}

export class HttpExchange {
  readonly #options: HttpOptions;
  readonly #connect: DeadlineTimer;
  readonly #setup: DeadlineTimer;
  readonly #idle: DeadlineTimer;
  #request: ClientRequest;
  #response: IncomingMessage | undefined;
  #state: 'connecting' | 'open' | 'answering' | 'answered' | 'refused' | 'ended' = 'connecting';
  #sent = false;
  #paused = false;
  /** Parts of a streamed body on their way to the kernel. */
  #leaving = 0;
  #bodyEnded: boolean;
  #requestId: string | undefined;

  /** Connects at once; no handler is called before this has returned. */
  constructor(options: HttpOptions) {
    this.#options = options;
    const { connectMs, setupMs, idleMs, target } = options;
    const host = quoted(target.url.host, target.secrets);
    this.#connect = this.#deadline('connect', connectMs, `no connection to ${host}`);
    this.#setup = this.#deadline('setup', setupMs, 'no answer from the service');
    this.#idle = this.#deadline('idle', idleMs, 'nothing more of the answer from the service');
    this.#bodyEnded = options.body !== 'streamed';
    this.#request = this.#ask(options.body === 'streamed' || options.fresh ? 'fresh' : 'kept');
    this.#connect.start();
  }

  /** Whether more of the body may be written. */
  get isOpen(): boolean {
    return this.#state === 'open' || this.#state === 'answering';
  }

  /** Bytes of the body that the kernel has not taken. */
  get bufferedBytes(): number {
    return this.#request.writableLength;
  }

  /** @param bytes must not change until `sent` is called: the kernel has them. */
  write(bytes: Buffer, sent: () => void): void {
    if (!this.#goesOn()) return;
    this.#leaving++;
    this.#request.write(bytes, (error) => {
      this.#leaving--;
      this.#wrote(error, sent);
    });
    this.#awaitService();
  }

  /** The streamed body is complete. */
  end(): void {
    if (!this.#goesOn()) return;
    this.#bodyEnded = true;
    this.#request.end();
    this.#awaitService();
  }

  /** Stops reading the answer; the peer notices through TCP. */
  pause(): void {
    this.#paused = true;
    if (this.#state !== 'answering') return;
    this.#idle.stop();
    this.#response?.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#state !== 'answering') return;
    this.#idle.start();
    this.#response?.resume();
  }

  /** We have all we want: lets a last few bytes come, for the connection's sake, and drops it if they do not. */
  close(): void {
    if (this.#state === 'ended') return;
    this.#end();
    if (!this.#response || !this.#request.writableFinished) {
      this.#request.destroy();
      return;
    }
    const giveUp = new DeadlineTimer(CLOSE_TIMEOUT_MS, () => this.#request.destroy());
    giveUp.start();
    this.#response.on('close', () => giveUp.stop());
    this.#response.resume();
  }

  /** Drops the connection at once. */
  destroy(): void {
    if (this.#state === 'ended') return;
    this.#end();
    this.#request.destroy();
  }

  /** Ends it for a reason found by its user. */
  fail(error: unknown): void {
    if (this.#state === 'ended') return;
    this.destroy();
    this.#options.onFail(error);
  }

  #deadline(phase: 'connect' | 'setup' | 'idle', ms: number, what: string): DeadlineTimer {
    return new DeadlineTimer(ms, () => {
      const { requestId } = this.#context();
      this.fail(new TimeoutError(`${what} within ${ms} ms`, { phase, requestId }));
    });
  }

  #goesOn(): boolean {
    return this.isOpen || this.#state === 'connecting';
  }

  #end(): void {
    this.#state = 'ended';
    this.#connect.stop();
    this.#setup.stop();
    this.#idle.stop();
  }

  #ask(connection: 'kept' | 'fresh'): ClientRequest {
    const { target, method, contentType, body, bodyBytes } = this.#options;
    const secure = target.url.protocol === 'https:';
    const request = (secure ? httpsRequest : httpRequest)(target.url, {
      method,
      agent: AGENTS[secure ? 'https:' : 'http:'][connection],
      headers: {
        ...target.headers,
        ...(contentType !== undefined && { 'content-type': contentType }),
        ...lengthHeader(body instanceof Buffer ? body.length : body && bodyBytes, body === 'streamed'),
      },
    });
    this.#listen(request, secure ? 'secureConnect' : 'connect');
    if (body === 'streamed') request.flushHeaders();
    else if (body) this.#writeWhole(request, body);
    else request.end();
    return request;
  }

  #writeWhole(request: ClientRequest, body: Buffer): void {
    if (body.length <= SLICE_BYTES) {
      request.end(body);
      return;
    }
    request.write(body.subarray(0, SLICE_BYTES), (error) => {
      if (error || !this.#goesOn() || request !== this.#request) return;
      this.#setup.refresh();
      this.#writeWhole(request, body.subarray(SLICE_BYTES));
    });
  }

  /** The deadline of the answer runs while it is the service's turn: to take what we wrote, or to answer the whole. */
  #awaitService(): void {
    if (this.#state !== 'open') return;
    const ours = this.#leaving === 0 && !this.#bodyEnded;
    if (ours) this.#setup.stop();
    else if (this.#setup.running) this.#setup.refresh();
    else this.#setup.start();
  }

  #listen(request: ClientRequest, connected: string): void {
    request.on('socket', (socket: Socket) => {
      if (socket.connecting) socket.once(connected, () => this.#opened());
      else this.#opened();
    });
    request.on('response', (response) => this.#answered(response));
    // Stays for good: a request that is destroyed emits `error` a tick later.
    request.on('error', (error) => {
      if (request === this.#request) this.#failed(error);
    });
    request.on('finish', () => this.#wrote(undefined, () => this.#sentAll()));
  }

  #opened(): void {
    if (this.#state !== 'connecting') return;
    this.#state = 'open';
    this.#connect.stop();
    this.#awaitService();
    this.#guarded(() => this.#options.onOpen?.());
  }

  #wrote(error: Error | null | undefined, sent: () => void): void {
    // A failed write is followed by an `error` of the request.
    if (error || this.#state === 'ended') return;
    this.#awaitService();
    this.#guarded(sent);
  }

  /** Once, though it may be made anew. */
  #sentAll(): void {
    if (this.#sent) return;
    this.#sent = true;
    this.#options.onSent?.();
  }

  #answered(response: IncomingMessage): void {
    if (this.#state === 'ended') {
      response.destroy();
      return;
    }
    this.#response = response;
    this.#setup.stop();
    const { statusCode: status = 0, headers } = response;
    const requestId = headerRequestId(headers, this.#options.target.secrets);
    this.#requestId = requestId;
    if (status < 200 || status > 299) {
      this.#state = 'refused';
      this.#readRefusal(response);
      return;
    }
    this.#state = 'answering';
    const encoding = headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity') {
      this.fail(protocolError(`an answer in ${encoding}, which was not asked for`, this.#context()));
      return;
    }
    this.#guarded(() => this.#options.onHead?.({ status, ...bodyOf(response), requestId }));
    if (this.isOpen) this.#readAnswer(response);
  }

  #readAnswer(response: IncomingMessage): void {
    response.on('data', (bytes: Buffer) => {
      if (this.#state !== 'answering') return;
      this.#idle.refresh();
      this.#guarded(() => this.#options.onData(bytes));
    });
    response.on('end', () => this.#answeredWhole());
    response.on('error', (error) => this.#failed(error));
    response.on('close', () => this.#failed(undefined));
    if (this.#paused) response.pause();
    else this.#idle.start();
  }

  #answeredWhole(): void {
    if (this.#state !== 'answering') return;
    this.#state = 'answered';
    this.#idle.stop();
    const { writableEnded, writableFinished } = this.#request;
    // Over TLS Node tells of a finished write a turn late, maybe after the answer to it was read.
    if (writableEnded && !writableFinished) setImmediate(() => this.#finished());
    else this.#finished();
  }

  #finished(): void {
    if (this.#state === 'ended') return;
    this.#end();
    // The service wants no more of the body; Node would wait for its end.
    if (!this.#request.writableFinished) this.#request.destroy();
    try {
      this.#options.onEnd();
    } catch (error) {
      this.#options.onFail(error);
    }
  }

  /** The kept connection had been closed by the service, or was about to be. */
  #askAnew(): void {
    this.#setup.stop();
    this.#state = 'connecting';
    this.#request = this.#ask('fresh');
    this.#connect.start();
  }

  #readRefusal(response: IncomingMessage): void {
    const body: Buffer[] = [];
    let length = 0;
    const refuse = () => {
      enough.stop();
      const { statusCode = 0, headers } = response;
      const text = Buffer.concat(body).toString('utf8', 0, MAX_REFUSAL_BYTES);
      this.fail(httpError(statusCode, text, headers, this.#context(), 'request'));
    };
    const enough = new DeadlineTimer(REFUSAL_MS, refuse);
    enough.start();
    response.on('data', (chunk: Buffer) => {
      body.push(chunk);
      length += chunk.length;
      if (length >= MAX_REFUSAL_BYTES) refuse();
    });
    response.on('end', refuse);
    response.on('error', refuse);
    response.on('close', refuse);
  }

  /** @param error undefined: the answer ended without an end */
  #failed(error: Error | undefined): void {
    // What was answered matters, not how its connection ends; readRefusal hears of that too.
    if (!this.#goesOn()) return;
    const { repeatable, target } = this.#options;
    if (repeatable && !this.#response && this.#request.reusedSocket) {
      this.#askAnew();
      return;
    }
    const connecting = this.#state === 'connecting' && error;
    const context = this.#context();
    const { host } = target.url;
    this.fail(
      connecting ? socketError(error, quoted(host, target.secrets), context) : brokenError(error, context),
    );
  }

  /** Nothing that a handler throws may reach the event loop. */
  #guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.fail(error);
    }
  }

  #context(): ErrorContext {
    const { where, target } = this.#options;
    const { secrets } = target;
    if (this.#state === 'connecting') return { phase: 'connect', requestId: undefined, secrets };
    const { phase, requestId } = where?.() ?? { phase: this.#response ? 'stream' : 'setup' };
    return { phase, requestId: requestId ?? this.#requestId, secrets };
  }
}

function lengthHeader(bytes: number | undefined, streamed: boolean): Record<string, string> {
  if (bytes !== undefined) return { 'content-length': String(bytes) };
  return streamed ? { 'transfer-encoding': 'chunked' } : {};
}

function bodyOf({ headers, statusCode }: IncomingMessage): { contentType: string; delimited: boolean } {
  const [type = ''] = (headers['content-type'] ?? '').split(';', 1);
  const delimited =
    statusCode === 204 || 'transfer-encoding' in headers || headers['content-length'] !== undefined;
  return { contentType: type.trim().toLowerCase(), delimited };
}
