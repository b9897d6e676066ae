/**
 * What STT and TTS sessions share: setup, the one `ready`, errors, deadlines while we wait, and the end.
 * Not here: what lies between; see stt-session.ts and tts.ts.
 */
import { argumentRangeError, ConnectionError, type ConnectionPhase, TimeoutError } from '../errors.js';
import {
  CLOSE_TIMEOUT_MS,
  type Deadlines,
  DeadlineTimer,
  type ErrorContext,
  protocolError,
  quoted,
  type ResolvedDeadlines,
  serviceError,
} from '../speech/index.js';
import type { Calls } from './calls.js';
import type { Channel, Link, Route } from './channel.js';
import { Malformed, parseMessage, type Ready, readError, readReady, type ServerMessage } from './messages.js';

/** What the client knows and a call does not. */
export interface ClientConfig {
  /** By WebSocket. */
  link: Link;
  /** By HTTP POST. */
  post: Link;
  /** Each call of the public API is one of them from its beginning to its end. */
  calls: Calls;
  deadlines: Deadlines | undefined;
  /** In seconds; infinite: there is none. */
  sessionLimitS: number;
}

export interface SessionConfig {
  link: Link;
  route: Route;
  deadlines: ResolvedDeadlines;
}

/** @throws RangeError ERR_INVALID_ARG */
export function linkFor(config: ClientConfig, transport: unknown = 'websocket'): Link {
  if (transport === 'websocket') return config.link;
  if (transport === 'post') return config.post;
  throw argumentRangeError("transport must be 'websocket' or 'post'");
}

/** A message of ours, without the id that the session may have to add. */
export type ClientMessage = Record<string, unknown> & { type: string };

export interface SessionHandlers {
  /** The `setup` is on its way; more may be sent. */
  onOpen(): void;
  /** Looks at a message before it is parsed; true when it needs no more. */
  onFrame(data: Buffer): boolean;
  onReady(ready: Ready): void;
  /** Any other message, unknown types among them. */
  onMessage(message: ServerMessage): void;
  /** Audio by itself, of a request that asked for nothing else. */
  onAudio?(bytes: Buffer): void;
  onDrain(): void;
  /** The service said `end_of_stream` after we did. */
  onEnd(): void;
  /** It is over and failed. Called at most once; nothing is called after it. */
  onFail(error: unknown): void;
}

/**
 * After an `error` without a code, for the close code that tells whether a new attempt can help. The socket reports a
 * close only when the connection is gone, and may wait as long as this for that.
 */
const CLOSE_CODE_WAIT_MS = CLOSE_TIMEOUT_MS + 1_000;

export class GradiumSession {
  readonly #handlers: SessionHandlers;
  readonly #channel: Channel;
  readonly #setup: DeadlineTimer;
  readonly #idle: DeadlineTimer;
  #phase: ConnectionPhase = 'connect';
  #ready: Ready | undefined;
  #finishing = false;
  #waiting = false;
  #paused = false;
  #stalled = false;
  /** Messages that the kernel has not wholly taken. */
  #unsent = 0;
  #uncoded: { message: string; wait: DeadlineTimer } | undefined;

  /** Connects at once. */
  constructor(
    config: SessionConfig,
    setup: ClientMessage & { retry_for_s?: number },
    handlers: SessionHandlers,
  ) {
    const { deadlines } = config;
    this.#handlers = handlers;
    const setupMs = deadlines.setupMs && deadlines.setupMs + 1000 * (setup.retry_for_s ?? 0);
    this.#setup = new DeadlineTimer(setupMs, () => this.#expired('setup', this.#setup.ms, 'no ready'));
    this.#idle = new DeadlineTimer(deadlines.idleMs, () =>
      this.#expired('idle', this.#idle.ms, 'no message'),
    );
    this.#channel = config.link.open(config.route, {
      connectMs: deadlines.connectMs,
      pingMs: deadlines.pingMs,
      where: () => ({ phase: this.#phase, requestId: this.requestId }),
      onOpen: () => this.#checked(() => this.#opened(setup)),
      onMessage: (data) => this.#received(data),
      onAudio: (bytes) => this.#checked(() => this.#audio(bytes)),
      onSent: () => this.#checked(() => this.#sent()),
      onDrain: () => this.#checked(() => this.#drained()),
      onStalled: (stalled) => this.#setStalled(stalled),
      onFail: (error) => this.#failed(error),
    });
  }

  /** The `client_req_id` that every message needs which is sent by `send`; undefined: none. */
  get clientReqId(): string | undefined {
    return this.#channel.clientReqId;
  }

  get requestId(): string | undefined {
    return this.#ready?.requestId || undefined;
  }

  get isReady(): boolean {
    return this.#ready !== undefined;
  }

  get isOpen(): boolean {
    return this.#channel.isOpen;
  }

  get bufferedBytes(): number {
    return this.#channel.bufferedBytes;
  }

  send(message: string | Buffer): void {
    this.#unsent++;
    this.#channel.send(message);
  }

  sendJson(message: ClientMessage): void {
    const { clientReqId } = this;
    this.send(
      JSON.stringify(clientReqId === undefined ? message : { ...message, client_req_id: clientReqId }),
    );
  }

  /** Sends `end_of_stream`: the service sends the rest, then its own. */
  finish(): void {
    this.#finishing = true;
    this.sendJson({ type: 'end_of_stream' });
    this.setWaiting(true);
  }

  /** Whether it is the service's turn: only then does silence count against the idle deadline. */
  setWaiting(waiting: boolean): void {
    this.#waiting = waiting || this.#finishing;
    this.#watchIdle();
  }

  /** A sign of life: the idle deadline begins anew. */
  postponeIdle(): void {
    if (this.#idle.running) this.#idle.refresh();
  }

  /** Stops reading while the consumer is behind; no deadline runs against the service meanwhile. */
  pause(): void {
    this.#paused = true;
    this.#channel.pause();
    this.#watchIdle();
  }

  resume(): void {
    this.#paused = false;
    this.#channel.resume();
    this.#watchIdle();
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Drops everything at once, without a word to the handlers. */
  destroy(): void {
    this.#stop();
    this.#channel.destroy();
  }

  /** Ends it for a reason found outside of the handlers. */
  fail(error: unknown): void {
    this.#channel.fail(this.#typed(error));
  }

  #opened(setup: ClientMessage): void {
    this.#phase = 'setup';
    this.#setup.start();
    this.sendJson(this.#channel.staysOpen ? { ...setup, close_ws_on_eos: false } : setup);
    this.#handlers.onOpen();
  }

  #sent(): void {
    this.#unsent--;
    if (this.#finishing) this.postponeIdle();
    this.#handlers.onDrain();
  }

  /** What others sent is out of the way of what we did; and a POST is open at first, then not until it is connected. */
  #drained(): void {
    if (this.#finishing && this.#unsent > 0) this.postponeIdle();
    this.#watchIdle();
    this.#handlers.onDrain();
  }

  #audio(bytes: Buffer): void {
    this.postponeIdle();
    this.#handlers.onAudio?.(bytes);
  }

  /** The service's `ready` may be among what nobody reads: no deadline runs against it. */
  #setStalled(stalled: boolean): void {
    this.#stalled = stalled;
    if (stalled) this.#setup.stop();
    else if (!this.isReady && this.isOpen) this.#setup.start();
    this.#watchIdle();
  }

  #received(data: Buffer): void {
    if (this.#uncoded) return;
    this.postponeIdle();
    try {
      if (!this.#handlers.onFrame(data)) this.#dispatch(parseMessage(data));
    } catch (error) {
      throw this.#typed(error);
    }
  }

  #checked(call: () => void): void {
    try {
      call();
    } catch (error) {
      throw this.#typed(error);
    }
  }

  #typed(error: unknown): unknown {
    return error instanceof Malformed ? protocolError(error.message, this.#context()) : error;
  }

  #dispatch(message: ServerMessage): void {
    switch (message.type) {
      case 'ready':
        this.#gotReady(readReady(message));
        break;
      case 'error':
        this.#gotError(readError(message));
        break;
      case 'end_of_stream':
        this.#gotEnd();
        break;
      default:
        this.#handlers.onMessage(message);
        break;
    }
  }

  #gotReady(said: Ready): void {
    if (this.#ready && !this.#ready.provisional) throw new Malformed('a second ready');
    // Cleaned here once: it goes into messages, and the service could echo anything in it.
    const ready = { ...said, requestId: quoted(said.requestId, this.#channel.secrets) };
    this.#ready = ready;
    this.#phase = 'stream';
    this.#setup.stop();
    this.#handlers.onReady(ready);
    this.#watchIdle();
  }

  #gotError({ message, code }: { message: string; code: number | undefined }): void {
    if (code !== undefined) throw serviceError(message, code, this.#context());
    const wait = new DeadlineTimer(CLOSE_CODE_WAIT_MS, () =>
      this.#channel.fail(serviceError(message, undefined, this.#context())),
    );
    this.#stop();
    this.#uncoded = { message, wait };
    wait.start();
  }

  #gotEnd(): void {
    if (!this.#ready) throw new Malformed('end_of_stream before ready');
    if (!this.#finishing) throw this.#endedEarly();
    if (this.#unsent === 0) {
      this.#end();
      return;
    }
    // Over TLS Node tells of a finished write a turn late, maybe after the answer to it was read.
    setImmediate(() => {
      if (!this.isOpen) return;
      try {
        if (this.#unsent > 0) throw this.#endedEarly();
        this.#end();
      } catch (error) {
        this.fail(error);
      }
    });
  }

  /** The handler first: what it throws still fails the session. */
  #end(): void {
    this.#stop();
    this.#handlers.onEnd();
    this.#channel.close();
  }

  #endedEarly(): ConnectionError {
    return new ConnectionError('the service ended the stream before all of the input was sent', {
      code: 'ERR_CLOSED_EARLY',
      phase: this.#phase,
      requestId: this.requestId,
      retryable: true,
    });
  }

  #failed(error: unknown): void {
    this.#stop();
    this.#handlers.onFail(this.#uncoded ? this.#withCloseCode(this.#uncoded.message, error) : error);
  }

  /** The `error` message had no code of its own: the close that followed it has. */
  #withCloseCode(message: string, end: unknown): unknown {
    const { closeCode, apiCode } = end as { closeCode?: number; apiCode?: number };
    const code = apiCode ?? closeCode;
    const told = code !== undefined && code >= 1008 && code <= 1014 ? code : undefined;
    return serviceError(message, told, this.#context());
  }

  #expired(phase: 'setup' | 'idle', ms: number, what: string): void {
    const id = this.requestId ? ` (request ${this.requestId})` : '';
    this.#channel.fail(
      new TimeoutError(`${what} from the service within ${ms} ms${id}`, { phase, requestId: this.requestId }),
    );
  }

  #watchIdle(): void {
    const watch = this.#waiting && !this.#paused && !this.#stalled && this.isReady && this.isOpen;
    if (watch && !this.#idle.running) this.#idle.start();
    else if (!watch) this.#idle.stop();
  }

  #stop(): void {
    this.#setup.stop();
    this.#idle.stop();
    this.#uncoded?.wait.stop();
  }

  #context(): ErrorContext {
    return { phase: this.#phase, requestId: this.requestId, secrets: this.#channel.secrets };
  }
}
