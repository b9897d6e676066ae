/**
 * One request, whatever carries it: asks its session, hands the answers to its outlet, plays its fault.
 * Not here: what the answers are (*-session.ts), how they are written (connection.ts, post-body.ts).
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { SessionFault } from './faults.js';
import { asProtocolError, type Message, ProtocolError, type Session } from './protocol.js';

/** Where a request's messages go. */
export interface Outlet {
  /** Nothing may be written any more. */
  readonly isClosed: boolean;
  /** Aborted when the client is gone. */
  readonly gone: AbortSignal;
  send(message: Message): void;
  /** Half of the message, which is no JSON. */
  sendHalf(message: Message): void;
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

export class Request {
  readonly #session: Session;
  readonly #outlet: Outlet;
  readonly #fault: SessionFault | undefined;
  /** Messages sent so far. */
  #sent = 0;
  #stalled = false;

  constructor(session: Session, outlet: Outlet, fault: SessionFault | undefined) {
    this.#session = session;
    this.#outlet = outlet;
    this.#fault = fault;
  }

  /** What is going to go wrong. */
  get fault(): SessionFault['kind'] | undefined {
    return this.#fault?.kind;
  }

  /** Says that it is ready. */
  start(): Promise<void> {
    return this.#deliver(() => this.#session.start());
  }

  /** Resolves once the answers were written. Never rejects: errors go to the outlet. */
  async answer(message: Message): Promise<void> {
    await this.#deliver(() => this.#session.answer(message));
    if (this.#session.ended && !this.#isSilent) this.#outlet.finish();
  }

  dispose(): void {
    this.#session.dispose();
  }

  get #isSilent(): boolean {
    return this.#stalled || this.#outlet.isClosed;
  }

  async #deliver(answers: () => Iterable<Message>): Promise<void> {
    if (this.#isSilent) return;
    try {
      for (const message of answers()) {
        await this.#say(message);
        this.#sent++;
        await this.#outlet.pace();
        if (this.#isSilent) return;
      }
    } catch (error) {
      this.#outlet.fail(asProtocolError(error));
    }
  }

  async #say(message: Message): Promise<void> {
    const fault = this.#fault;
    if (fault === undefined || !isDue(fault, this.#sent)) return this.#outlet.send(message);
    switch (fault.kind) {
      case 'delay':
        await wait(fault.ms, undefined, { signal: this.#outlet.gone }).catch(() => {});
        if (!this.#outlet.isClosed) this.#outlet.send(message);
        break;
      case 'malformed':
        this.#outlet.sendHalf(message);
        break;
      case 'stall':
        this.#stalled = true;
        break;
      case 'drop':
        this.#outlet.drop();
        break;
      case 'error':
        this.#outlet.fail(new ProtocolError('fault on request', fault.code ?? 1011));
        break;
      case 'close':
        this.#outlet.close(fault.code ?? 1011);
        break;
    }
  }
}

function isDue(fault: SessionFault, sent: number): boolean {
  const after = fault.kind === 'delay' ? 0 : (fault.after ?? 1);
  return sent === after;
}
