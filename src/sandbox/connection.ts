/**
 * One WebSocket: reads messages in order, hands them to the request they belong to, writes the answers,
 * and keeps the closing rules. Not here: the upgrade (server.ts), what requests answer (*-session.ts).
 *
 * Memory stays bounded both ways: while answers wait to be written, no message is worked on; while messages
 * wait to be worked on, the socket is not read.
 */
import type { Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import type { FaultScript, SessionFault } from './faults.js';
import {
  closesOnEnd,
  Fields,
  isCloseCode,
  type Message,
  ProtocolError,
  parseMessage,
  type RequestId,
  requestIdOf,
  type Session,
} from './protocol.js';

/** Bytes waiting to be written above which no more answers are made, and below which work goes on. */
const WRITE_HIGH_BYTES = 1024 * 1024;
const WRITE_LOW_BYTES = 256 * 1024;
/** Bytes of messages waiting to be worked on above which the socket is not read. */
const READ_HIGH_BYTES = 256 * 1024;
/** Longest stretch of work before other sockets get their turn. */
const TURN_MS = 8;
/** How long the client of a broken connection may do nothing before its half of it is ended, too. */
const DROP_GRACE_MS = 2_000;

export interface ConnectionOptions {
  /** The TCP connection under the WebSocket. */
  tcp: Socket;
  /** For the log. */
  name: string;
  /** Whether the client brought a key. */
  hasKey: boolean;
  faults: FaultScript;
  log: (line: string) => void;
  /** @throws ProtocolError when the setup is not acceptable */
  open: (setup: Fields) => Session;
}

interface Request {
  id: RequestId;
  session: Session;
  closesOnEnd: boolean;
  fault: SessionFault | undefined;
  /** Messages sent to it. */
  sent: number;
  stalled: boolean;
}

export class Connection {
  readonly #socket: WebSocket;
  readonly #options: ConnectionOptions;
  readonly #requests = new Map<RequestId, Request>();
  readonly #gone = new AbortController();
  readonly #inbox: { data: Buffer; isBinary: boolean }[] = [];
  #inboxBytes = 0;
  #working = false;
  #turnStart = 0;
  /** True once a close frame was sent: what still arrives is read and dropped, until the peer closes too. */
  #closing = false;
  #wakeWriter: (() => void) | undefined;

  constructor(socket: WebSocket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#receive(data, isBinary));
    socket.on('close', (code: number) => this.#onClose(code));
    socket.on('error', (error: Error) => this.#log(`socket error: ${error.message}`));
    this.#log('connected');
    if (!options.hasKey) {
      this.#fail(
        new ProtocolError('no API key: send the x-api-key header (any value will do here)'),
        undefined,
      );
    }
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.#closing) return;
    this.#inbox.push({ data, isBinary });
    this.#inboxBytes += data.length;
    if (this.#inboxBytes > READ_HIGH_BYTES) this.#socket.pause();
    if (!this.#working) void this.#work();
  }

  async #work(): Promise<void> {
    this.#working = true;
    this.#turnStart = performance.now();
    for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) {
      await this.#handle(next.data, next.isBinary);
      this.#inboxBytes -= next.data.length;
      if (this.#inboxBytes <= READ_HIGH_BYTES) this.#resume();
    }
    this.#working = false;
  }

  async #handle(data: Buffer, isBinary: boolean): Promise<void> {
    let id: RequestId;
    try {
      const message = parseMessage(data, isBinary);
      id = requestIdOf(message);
      if (message.type === 'setup') await this.#openRequest(id, message);
      else await this.#continueRequest(id, message);
    } catch (error) {
      this.#fail(error, id);
    }
  }

  async #openRequest(id: RequestId, message: Message): Promise<void> {
    if (this.#requests.has(id)) {
      const which =
        id === undefined ? 'a request without client_req_id' : `client_req_id ${JSON.stringify(id)}`;
      throw new ProtocolError(`${which} is still active: wait for its end_of_stream`);
    }
    const setup = new Fields(message, 1008);
    const closes = closesOnEnd(setup);
    const session = this.#options.open(setup);
    const fault = this.#options.faults.takeForSession();
    const request: Request = { id, session, closesOnEnd: closes, fault, sent: 0, stalled: false };
    this.#requests.set(id, request);
    this.#log(`setup${nameOf(id)}${fault === undefined ? '' : `, fault ${fault.kind}`}`);
    await this.#deliver(request, session.start());
  }

  async #continueRequest(id: RequestId, message: Message): Promise<void> {
    const request = this.#requests.get(id);
    if (request === undefined) {
      throw new ProtocolError(
        id === undefined
          ? `"${message.type}" before setup: setup must be the first message`
          : `"${message.type}" for client_req_id ${JSON.stringify(id)}, which has no setup`,
      );
    }
    if (request.stalled) return;
    await this.#deliver(request, request.session.answer(message));
    if (request.session.ended && !request.stalled) this.#endRequest(request);
  }

  #endRequest(request: Request): void {
    if (!this.#requests.delete(request.id)) return;
    request.session.dispose();
    this.#log(`end of stream${nameOf(request.id)}`);
    if (request.closesOnEnd) this.#close(1000);
  }

  async #deliver(request: Request, messages: Iterable<Message>): Promise<void> {
    for (const message of messages) {
      const { fault } = request;
      if (fault !== undefined && isDue(fault, request.sent)) await this.#misbehave(request, fault, message);
      else this.#write(JSON.stringify(stamped(message, request.id)));
      request.sent++;
      if (this.#socket.bufferedAmount > WRITE_HIGH_BYTES) await this.#written();
      else if (performance.now() - this.#turnStart > TURN_MS) await this.#yieldTurn();
      if (this.#closing || request.stalled) return;
    }
  }

  /** Does what the fault says in place of sending the message. */
  async #misbehave(request: Request, fault: SessionFault, message: Message): Promise<void> {
    const text = JSON.stringify(stamped(message, request.id));
    switch (fault.kind) {
      case 'delay':
        await wait(fault.ms, undefined, { signal: this.#gone.signal }).catch(() => {});
        this.#write(text);
        break;
      case 'malformed':
        this.#write(text.slice(0, text.length / 2));
        break;
      case 'stall':
        request.stalled = true;
        break;
      case 'drop':
        this.#drop();
        break;
      case 'error':
        this.#fail(new ProtocolError('fault on request', fault.code ?? 1011), request.id);
        break;
      case 'close':
        this.#close(fault.code ?? 1011);
        break;
    }
  }

  #write(text: string): void {
    if (this.#closing) return;
    // The callback comes with an error when the socket is gone; the close event deals with that.
    this.#socket.send(text, () => {
      if (this.#socket.bufferedAmount < WRITE_LOW_BYTES) this.#wake();
    });
  }

  #written(): Promise<void> {
    if (this.#gone.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wakeWriter = resolve;
    });
  }

  #wake(): void {
    this.#wakeWriter?.();
    this.#wakeWriter = undefined;
  }

  async #yieldTurn(): Promise<void> {
    await nextTurn();
    this.#turnStart = performance.now();
  }

  /** Sends an error, then closes with its code. */
  #fail(error: unknown, id: RequestId): void {
    if (this.#closing) return;
    const known = error instanceof ProtocolError;
    const code = known ? error.code : 1011;
    const message = known ? error.message : 'internal error of the sandbox';
    this.#log(`error ${code}${nameOf(id)}: ${known ? message : String((error as Error)?.stack ?? error)}`);
    this.#write(JSON.stringify(stamped({ type: 'error', message, code }, id)));
    this.#close(isCloseCode(code) ? code : 1011);
  }

  /**
   * Sends a close frame and goes on reading until the peer's: closing at once would reset the connection under
   * a client that is still sending, and it would lose the messages on their way to it.
   */
  #close(code: number): void {
    if (this.#closing) return;
    this.#release();
    this.#resume();
    this.#socket.close(code);
  }

  /**
   * Ends the TCP connection behind what was sent before; destroying it would throw away what still waits. Until the
   * client ends it, too, its bytes are read and dropped past the WebSocket, which would answer a ping.
   */
  #drop(): void {
    this.#release();
    const { tcp } = this.#options;
    tcp.removeAllListeners('data').resume();
    tcp.end(() => tcp.setTimeout(DROP_GRACE_MS, () => tcp.destroy()));
  }

  #onClose(code: number): void {
    this.#log(`closed (${code})`);
    this.#release();
    this.#gone.abort();
    this.#wake();
  }

  /** No more work: drops what waits and frees the requests. */
  #release(): void {
    this.#closing = true;
    this.#inbox.length = 0;
    for (const { session } of this.#requests.values()) session.dispose();
    this.#requests.clear();
  }

  #resume(): void {
    if (this.#socket.isPaused) this.#socket.resume();
  }

  #log(line: string): void {
    this.#options.log(`${this.#options.name}: ${line}`);
  }
}

function isDue(fault: SessionFault, sent: number): boolean {
  const after = fault.kind === 'delay' ? 0 : (fault.after ?? 1);
  return sent === after;
}

function stamped(message: Message, id: RequestId): Message {
  return id === undefined ? message : { ...message, client_req_id: id };
}

function nameOf(id: RequestId): string {
  return id === undefined ? '' : ` [${JSON.stringify(id)}]`;
}
