/**
 * One request, whatever carries it: asks its session, hands the answers to its outlet, plays its fault.
 * Not here: what the answers are (*-session.ts), how they are written (connection.ts, post-body.ts).
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { SessionFault } from './faults.js';
import { asProtocolError, type Message, ProtocolError, type Session } from './protocol.js';
import type { SessionEnd } from './received.js';

/** Where a request's messages go. */
export interface Outlet {
  /** Nothing may be written any more. */
  readonly isClosed: boolean;
  /** Aborted when the client is gone. */
  readonly gone: AbortSignal;
  send(message: Message): void;
  /** Half of the message, which is no JSON. */
  sendHalf(message: Message): void;
  /** In place of a message. */
  sendBinary(bytes: Uint8Array): void;
  /** Resolves once there is room for another message, and others had their turn; undefined: at once. */
  pace(): Promise<void> | undefined;
  /** Its end_of_stream was sent. */
  finish(): void;
  /** Says what was wrong; it is the request's last word. */
  fail(error: ProtocolError): void;
  /** Ends it early, without a word. */
  close(code: number): void;
  /** Breaks the connection behind what was sent before. */
  drop(): void;
}

/** Neither UTF-8 nor JSON, and no line end among it. */
export const NO_TEXT = Uint8Array.from({ length: 16 }, (_, i) => 0x80 + i);

export interface RequestOptions {
  fault: SessionFault | undefined;
  /** Seconds of audio, and of time. Infinity: no limit. */
  limitS: number;
  /** Called with each message that comes for it. */
  onMessage: (message: Message) => void;
  /** Called with each message that it said. */
  onSaid: (message: Message) => void;
  /** Called before its last message is sent: whoever hears that may begin the next. */
  onLast: () => void;
  /** Called once, when it has ended in whatever way. */
  onEnd: (end: SessionEnd) => void;
}

export class Request {
  readonly #session: Session;
  readonly #outlet: Outlet;
  readonly #options: RequestOptions;
  readonly #timer: NodeJS.Timeout | undefined;
  /** Messages sent so far. */
  #sent = 0;
  #stalled = false;
  #ended = false;

  constructor(session: Session, outlet: Outlet, options: RequestOptions) {
    this.#session = session;
    this.#outlet = outlet;
    this.#options = options;
    const { limitS } = options;
    if (limitS !== Infinity) this.#timer = setTimeout(() => this.#fail(limitError(limitS)), limitS * 1000);
  }

  /** What is going to go wrong. */
  get fault(): SessionFault['kind'] | undefined {
    return this.#options.fault?.kind;
  }

  /** Says that it is ready. */
  start(): Promise<void> {
    return this.#deliver(() => this.#session.start());
  }

  /** Resolves once the answers were written. Never rejects: errors go to the outlet. */
  async answer(message: Message): Promise<void> {
    this.#options.onMessage(message);
    await this.#deliver(() => this.#session.answer(message));
    if (!this.#session.ended || this.#isSilent) return;
    this.#end({ how: 'end_of_stream' });
    this.#outlet.finish();
  }

  /** What carried it is gone. May be called again. */
  dispose(): void {
    this.#end({ how: 'gone' });
  }

  get #isSilent(): boolean {
    return this.#stalled || this.#ended || this.#outlet.isClosed;
  }

  /** Before the outlet hears of it: that may end every request of a socket. */
  #end(end: SessionEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#session.dispose();
    this.#options.onEnd(end);
  }

  #fail(error: ProtocolError): void {
    if (this.#isSilent) return;
    this.#end({ how: 'error', code: error.code });
    this.#outlet.fail(error);
  }

  async #deliver(answers: () => Iterable<Message>): Promise<void> {
    if (this.#isSilent) return;
    try {
      for (const message of answers()) {
        this.#checkLimit();
        if (this.#session.ended) this.#options.onLast();
        await this.#say(message);
        this.#options.onSaid(message);
        this.#sent++;
        await this.#outlet.pace();
        if (this.#isSilent) return;
      }
      this.#checkLimit();
    } catch (error) {
      this.#fail(asProtocolError(error));
    }
  }

  /** @throws ProtocolError */
  #checkLimit(): void {
    const { limitS } = this.#options;
    if (this.#session.audioS > limitS) throw limitError(limitS);
  }

  async #say(message: Message): Promise<void> {
    const { fault } = this.#options;
    if (fault === undefined || !isDue(fault, this.#sent)) return this.#outlet.send(message);
    switch (fault.kind) {
      case 'delay':
      case 'slow':
        await wait(fault.ms, undefined, { signal: this.#outlet.gone }).catch(() => {});
        if (!this.#isSilent) this.#outlet.send(message);
        break;
      case 'malformed':
        this.#outlet.sendHalf(message);
        break;
      case 'binary':
        this.#outlet.sendBinary(NO_TEXT);
        break;
      case 'stall':
        this.#stalled = true;
        break;
      case 'drop':
        this.#end({ how: 'drop' });
        this.#outlet.drop();
        break;
      case 'error':
        this.#fail(new ProtocolError('fault on request', fault.code ?? 1011));
        break;
      case 'close':
        this.#end({ how: 'close', code: fault.code ?? 1011 });
        this.#outlet.close(fault.code ?? 1011);
        break;
    }
  }
}

/**
 * The documents have the limit and no code for it. 1011, not 1008: the client did nothing that another session would not
 * put right, and 1008 is what it hears of a bad key.
 */
function limitError(limitS: number): ProtocolError {
  return new ProtocolError(`session limit of ${limitS} s reached`, 1011);
}

function isDue(fault: SessionFault, sent: number): boolean {
  if (fault.kind === 'slow') return true;
  return sent === (fault.kind === 'delay' ? 0 : (fault.after ?? 1));
}
