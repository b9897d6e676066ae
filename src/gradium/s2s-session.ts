/**
 * One S2S session on the wire: audio messages out as the socket takes them and at their pace, what the service says in.
 * Not here: where the audio comes from (s2s-leg.ts), what becomes of the answer.
 */
import { type Deferred, deferred, HIGH_WATER_BYTES, LOW_WATER_BYTES } from '../speech/index.js';
import type { MessageSink } from './audio-sender.js';
import { AudioWindow } from './audio-window.js';
import type { Ready, ServerMessage } from './messages.js';
import { Pacer } from './pacer.js';
import type { S2sSetup } from './s2s-setup.js';
import { GradiumSession, type SessionConfig } from './session.js';

export interface S2sSessionOptions {
  config: SessionConfig;
  setup: S2sSetup;
  /** Seconds of audio in a second; 0: as fast as it is taken. */
  pace: number;
  onReady(ready: Ready): void;
  /** `audio`, `text`, and what this client does not know. */
  onMessage(message: ServerMessage): void;
  /** The service has said all. */
  onEnd(): void;
  /** Called at most once, and then nothing else is. */
  onFail(error: unknown): void;
}

interface Queued {
  message: Buffer;
  startS: number;
  stopS: number;
}

export class S2sSession implements MessageSink {
  readonly #session: GradiumSession;
  readonly #pacer: Pacer;
  /** Without steps, which S2S has none of, it binds until `ready` and owes one message after it. */
  readonly #window = new AudioWindow();
  /** Since the last `sent`: how long they are is not known yet. */
  #untimed: Buffer[] = [];
  #queue: Queued[] = [];
  #queuedS = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Set while the socket is behind. */
  #blocked = true;
  #room: Deferred | undefined;
  #finishing = false;

  /** Connects at once. */
  constructor({ config, setup, pace, ...handlers }: S2sSessionOptions) {
    this.#pacer = new Pacer(pace);
    this.#session = new GradiumSession(config, setup, {
      onOpen: () => this.#pump(),
      onFrame: () => {
        if (this.#session.isReady) this.#window.heard = true;
        return false;
      },
      onReady: (ready) => {
        handlers.onReady(ready);
        this.#pump();
      },
      onMessage: (message) => {
        handlers.onMessage(message);
        this.#updateWaiting();
      },
      onDrain: () => {
        // A peer that works off our backlog is alive.
        if (this.#wanted) this.#session.postponeIdle();
        this.#pump();
      },
      onEnd: handlers.onEnd,
      onFail: (error) => {
        this.#stop();
        handlers.onFail(error);
      },
    });
  }

  get clientReqId(): string | undefined {
    return this.#session.clientReqId;
  }

  get requestId(): string | undefined {
    return this.#session.requestId;
  }

  get paused(): boolean {
    return this.#session.paused;
  }

  /**
   * Undefined when audio may be given to `send` now; else a promise of that moment, which never settles if the session
   * fails first.
   */
  room(): Promise<void> | undefined {
    this.#pump();
    if (this.#queue.length === 0 && !this.#blocked) return undefined;
    this.#room ??= deferred();
    this.#updateWaiting();
    return this.#room.promise;
  }

  /** Takes one complete `audio` message, which leaves when its time has come; its memory may be reused at once. */
  send(message: Buffer): void {
    this.#untimed.push(Buffer.from(message));
  }

  /** @param sentS all the audio given to `send` so far, in seconds. */
  sent(sentS: number): void {
    const messages = this.#untimed;
    if (messages.length === 0) return;
    this.#untimed = [];
    const eachS = (sentS - this.#queuedS) / messages.length;
    for (const message of messages) {
      const startS = this.#queuedS;
      this.#queuedS += eachS;
      this.#queue.push({ message, startS, stopS: this.#queuedS });
    }
    this.#pump();
  }

  /** All audio was given to `send`; it may still have to leave. */
  finish(): void {
    this.#finishing = true;
    this.#pump();
  }

  pause(): void {
    this.#session.pause();
  }

  resume(): void {
    this.#session.resume();
  }

  destroy(): void {
    this.#stop();
    this.#session.destroy();
  }

  /** Ends it for a reason found outside of it. */
  fail(error: unknown): void {
    this.#session.fail(error);
  }

  /** Whether anything waits for the socket. */
  get #wanted(): boolean {
    return this.#blocked && (this.#room !== undefined || this.#queue.length > 0);
  }

  #pump(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    let next = this.#queue[0];
    while (next && this.#hasRoom()) {
      const waitMs = this.#pacer.waitMs(next.startS);
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#pump(), waitMs);
        this.#timer.unref();
        break;
      }
      this.#queue.shift();
      this.#window.sentS = next.stopS;
      this.#session.send(next.message);
      [next] = this.#queue;
    }
    if (!next && this.#hasRoom()) this.#emptied();
    this.#updateWaiting();
  }

  /** Once the socket is behind it has to catch up a good deal. */
  #hasRoom(): boolean {
    const { isOpen, isReady, bufferedBytes } = this.#session;
    const mostBytes = this.#blocked ? LOW_WATER_BYTES : HIGH_WATER_BYTES;
    this.#blocked = !isOpen || bufferedBytes > mostBytes || !this.#window.hasRoom(isReady, true);
    return !this.#blocked;
  }

  #emptied(): void {
    const room = this.#room;
    this.#room = undefined;
    room?.resolve();
    if (!this.#finishing) return;
    this.#finishing = false;
    this.#session.finish();
  }

  #updateWaiting(): void {
    this.#session.setWaiting(this.#wanted || this.#window.owed);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#queue = [];
    this.#untimed = [];
  }
}
