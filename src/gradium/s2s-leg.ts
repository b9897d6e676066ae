/**
 * One stretch of audio through one session; after a failure through a new one, as long as nothing was said.
 * Not here: the wire (s2s-session.ts), where a stretch ends (s2s-cut.ts).
 */
import type { WireFormat } from '../format.js';
import {
  type Deferred,
  deferred,
  type ResolvedDeadlines,
  retryDelayMs,
  type Scope,
  Turns,
} from '../speech/index.js';
import type { AudioSender, SentSource } from './audio-sender.js';
import type { Link } from './channel.js';
import type { Ready } from './messages.js';
import { openSender } from './open-sender.js';
import { S2sSession } from './s2s-session.js';
import { type CheckedS2sOptions, s2sSetup } from './s2s-setup.js';
import { silence } from './source-frames.js';
import { SpokenSession } from './spoken-session.js';
import type { Word } from './types.js';

export interface S2sLegHandlers {
  onReady?(ready: Ready): void;
  /** As of `SpokenSession`. */
  onAudio(bytes: Buffer): void;
  /** With times from this session's first sample. */
  onWord(word: Word): void;
  /** The service has said all. */
  onEnd(): void;
  /** Called at most once, and then nothing else is. */
  onFail(error: unknown): void;
}

export interface S2sLegOptions extends S2sLegHandlers {
  link: Link;
  deadlines: ResolvedDeadlines;
  options: CheckedS2sOptions;
  /** What `push` takes. */
  source: SentSource;
  output: WireFormat;
  /** For new attempts at most so many pushed bytes are kept. */
  keptBytes: number;
  /** Ends the waits between attempts. */
  scope: Scope;
}

export class S2sLeg {
  readonly #options: S2sLegOptions;
  /** What was pushed, from where an attempt would begin. */
  #tape: Buffer[] = [];
  #next = 0;
  /** In the tape's next piece. */
  #at = 0;
  #sentBytes = 0;
  /** Whether what was sent is kept. */
  #keeps: boolean;
  #pushed = false;
  #ended = false;
  #over = false;
  #retried = 0;
  #drained: Deferred | undefined;
  #session!: S2sSession;
  #sender!: AudioSender;
  #spoken!: SpokenSession;
  #heard = false;
  #finished = false;
  #waits = false;

  /** Connects at once. */
  constructor(options: S2sLegOptions) {
    this.#options = options;
    this.#keeps = options.options.retries > 0;
    this.#connect();
  }

  get requestId(): string {
    return this.#session.requestId ?? '';
  }

  /** What the service has said so far. */
  get spoken(): SpokenSession {
    return this.#spoken;
  }

  get paused(): boolean {
    return this.#session.paused;
  }

  /** Takes a copy. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pushed = true;
    this.#tape.push(Buffer.from(bytes));
    this.#pump();
  }

  /** No audio follows but the silence in which the service says the last of it. */
  end(): void {
    const { source, options } = this.#options;
    const { layout } = source;
    if (this.#pushed && layout.encoding !== 'opus') this.push(silence(layout, options.tailSilenceS));
    this.#ended = true;
    this.#pump();
  }

  /** Undefined when all that was pushed was sent; else a promise of that, which never settles if the leg fails. */
  drained(): Promise<void> | undefined {
    if (this.#next === this.#tape.length) return undefined;
    this.#drained ??= deferred();
    return this.#drained.promise;
  }

  pause(): void {
    this.#session.pause();
  }

  resume(): void {
    this.#session.resume();
  }

  destroy(): void {
    this.#over = true;
    this.#tape = [];
    this.#session.destroy();
    this.#sender.close();
  }

  #connect(): void {
    const { link, deadlines, options, source, output, ...handlers } = this.#options;
    const spoken = new SpokenSession({
      format: output,
      startS: 0,
      locate: () => undefined,
      onAudio: (bytes) => {
        this.#said();
        handlers.onAudio(bytes);
      },
      onWord: (word) => {
        this.#said();
        handlers.onWord(word);
      },
    });
    const session = new S2sSession({
      config: { link, route: 's2s', deadlines },
      setup: s2sSetup(options, source.wire, output),
      pace: options.pace,
      onReady: (ready) => {
        spoken.ready(ready);
        handlers.onReady?.(ready);
      },
      onMessage: (message) => spoken.message(message),
      onEnd: () => {
        // Of silence there is nothing to say; words without audio are another matter.
        if (this.#heard) spoken.finish();
        this.#sender.close();
        handlers.onEnd();
      },
      onFail: (error) => this.#failed(error),
    });
    try {
      this.#sender = openSender(source, options.stepsPerMessage, session);
    } catch (error) {
      session.destroy();
      throw error;
    }
    this.#session = session;
    this.#spoken = spoken;
    this.#next = 0;
    this.#at = 0;
    this.#sentBytes = 0;
    this.#finished = false;
    this.#waits = false;
    this.#pump();
  }

  #said(): void {
    this.#heard = true;
    this.#forget();
  }

  /** What was sent is no longer wanted. */
  #forget(): void {
    if (!this.#keeps) return;
    this.#keeps = false;
    this.#tape.splice(0, this.#next);
    this.#next = 0;
  }

  #pump(): void {
    if (this.#waits || this.#over) return;
    const session = this.#session;
    const turns = new Turns();
    try {
      do {
        const wait = session.room() ?? turns.due();
        if (wait) {
          this.#wait(session, wait);
          return;
        }
      } while (this.#sendNext(session));
    } catch (error) {
      session.fail(error);
    }
  }

  #wait(session: S2sSession, room: Promise<void>): void {
    this.#waits = true;
    room.then(() => {
      if (session !== this.#session || this.#over) return;
      this.#waits = false;
      this.#pump();
    });
  }

  /** Whether there may be more to send. */
  #sendNext(session: S2sSession): boolean {
    const bytes = this.#tape[this.#next];
    if (bytes) {
      this.#at = this.#sender.sendPiece(bytes, this.#at);
      if (this.#at >= bytes.length) this.#sent(bytes.length);
      return true;
    }
    this.#drained?.resolve();
    this.#drained = undefined;
    if (!this.#ended || this.#finished) return false;
    this.#finished = this.#sender.sendRest();
    if (this.#finished) session.finish();
    return !this.#finished;
  }

  #sent(bytes: number): void {
    this.#at = 0;
    this.#sentBytes += bytes;
    if (this.#sentBytes > this.#options.keptBytes) this.#forget();
    if (this.#keeps) this.#next++;
    else this.#tape.splice(this.#next, 1);
  }

  #failed(error: unknown): void {
    const { options, scope } = this.#options;
    const mayPass = (error as { retryable?: unknown } | null)?.retryable === true;
    this.#sender.close();
    if (!mayPass || !this.#keeps || this.#retried >= options.retries || scope.failed) {
      this.#end(error);
      return;
    }
    this.#retried++;
    // Rejected by the scope: its owner knows.
    scope.sleep(retryDelayMs(this.#retried, error)).then(
      () => this.#connectAgain(),
      () => {},
    );
  }

  /** What would be thrown by the first connect is a failure like another now. */
  #connectAgain(): void {
    if (this.#over) return;
    try {
      this.#connect();
    } catch (error) {
      this.#end(error);
    }
  }

  #end(error: unknown): void {
    this.#over = true;
    this.#options.onFail(error);
  }
}
