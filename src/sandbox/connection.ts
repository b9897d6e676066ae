/**
 * One WebSocket: sorts messages into lanes, one per request id, opens and ends the requests on them.
 * Not here: the upgrade (server.ts), what requests answer (request.ts), writing and closing (socket-line.ts).
 *
 * Memory stays bounded both ways: while answers wait to be written, no message of that lane is worked on; while messages
 * wait to be worked on, the socket is not read.
 */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Mode } from './modes.js';
import {
  asProtocolError,
  closesOnEnd,
  encodeMessage,
  Fields,
  firstHalf,
  isCloseCode,
  type Message,
  ProtocolError,
  parseMessage,
  type RequestId,
  requestIdOf,
  storyOf,
} from './protocol.js';
import type { Outlet, Request } from './request.js';
import { SocketLine } from './socket-line.js';
import { Turn } from './turn.js';

/** Bytes of messages waiting to be worked on above which the socket is not read. */
const READ_HIGH_BYTES = 256 * 1024;
/** Ids whose request failed that are remembered, so that what was sent before the client knew is dropped. */
const MAX_FAILED_IDS = 1_000;

export interface ConnectionOptions {
  /** The TCP connection under the WebSocket. */
  tcp: Socket;
  /** For the log. */
  name: string;
  mode: Mode;
  /** What is wrong with the client's key. */
  denial: ProtocolError | undefined;
  log: (line: string) => void;
  /** @throws ProtocolError when the setup is not acceptable */
  open: (setup: Message, outlet: Outlet) => Request;
}

/** The messages with one client_req_id, or with none: worked on in order, beside those of other lanes. */
interface Lane {
  readonly id: RequestId;
  /** What could not be read waits for its turn like the rest. */
  readonly inbox: { message: Message | ProtocolError; bytes: number }[];
  readonly turn: Turn;
  working: boolean;
  request: Request | undefined;
  /** Of its last setup. */
  closesOnEnd: boolean;
}

export class Connection {
  readonly #line: SocketLine;
  readonly #options: ConnectionOptions;
  readonly #lanes = new Map<RequestId, Lane>();
  /** Of requests that ended by an error of their own. */
  readonly #failedIds = new Set<RequestId>();
  /** Whether a request had an id and left the socket open. */
  #multiplexes = false;
  #inboxBytes = 0;

  constructor(socket: WebSocket, options: ConnectionOptions) {
    this.#line = new SocketLine(socket, options.tcp);
    this.#options = options;
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#receive(data, isBinary));
    socket.on('close', (code: number) => this.#onClose(code));
    socket.on('error', (error: Error) => this.#log(`socket error: ${error.message}`));
    this.#log('connected');
    if (options.denial !== undefined) this.#failSocket(options.denial, undefined);
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.#line.isClosing) return;
    const { id, message } = readMessage(data, isBinary);
    const lane = this.#laneOf(id);
    lane.inbox.push({ message, bytes: data.length });
    this.#inboxBytes += data.length;
    if (this.#inboxBytes > READ_HIGH_BYTES) this.#line.pause();
    if (!lane.working) void this.#work(lane);
  }

  #laneOf(id: RequestId): Lane {
    const known = this.#lanes.get(id);
    if (known !== undefined) return known;
    const lane: Lane = {
      id,
      inbox: [],
      turn: new Turn(),
      working: false,
      request: undefined,
      closesOnEnd: false,
    };
    this.#lanes.set(id, lane);
    return lane;
  }

  async #work(lane: Lane): Promise<void> {
    lane.working = true;
    lane.turn.begin();
    for (let next = lane.inbox.shift(); next !== undefined; next = lane.inbox.shift()) {
      await this.#handle(lane, next.message);
      this.#inboxBytes -= next.bytes;
      if (this.#inboxBytes <= READ_HIGH_BYTES) this.#line.resume();
    }
    lane.working = false;
    if (lane.request === undefined) this.#lanes.delete(lane.id);
  }

  async #handle(lane: Lane, message: Message | ProtocolError): Promise<void> {
    try {
      if (message instanceof ProtocolError) throw message;
      if (message.type === 'setup') await this.#open(lane, message);
      else await this.#continue(lane, message);
    } catch (error) {
      this.#fail(lane, asProtocolError(error));
    }
  }

  async #open(lane: Lane, message: Message): Promise<void> {
    if (lane.request !== undefined) {
      throw new ProtocolError(`${quoted(lane.id)} is still active: wait for its end_of_stream`);
    }
    lane.closesOnEnd = closesOnEnd(new Fields(message, 1008));
    if (lane.id !== undefined && !lane.closesOnEnd) this.#multiplexes = true;
    const request = this.#options.open(message, this.#outlet(lane));
    this.#failedIds.delete(lane.id);
    lane.request = request;
    this.#log(`setup${inBrackets(lane.id)}${request.fault === undefined ? '' : `, fault ${request.fault}`}`);
    await request.start();
  }

  async #continue(lane: Lane, message: Message): Promise<void> {
    if (lane.request !== undefined) return lane.request.answer(message);
    if (this.#failedIds.has(lane.id)) return;
    throw new ProtocolError(
      lane.id === undefined
        ? `"${message.type}" before setup: setup must be the first message`
        : `"${message.type}" for ${quoted(lane.id)}, which has no setup`,
    );
  }

  #outlet(lane: Lane): Outlet {
    const line = this.#line;
    const text = (message: Message): string => encodeMessage(stamped(message, lane.id));
    let ended = false;
    const end = (then: () => void): void => {
      ended = true;
      then();
    };
    return {
      get isClosed() {
        return ended || line.isClosing;
      },
      gone: line.gone,
      send: (message) => line.write(text(message)),
      sendHalf: (message) => line.write(firstHalf(text(message))),
      sendBinary: (bytes) => line.write(bytes),
      pace: () => line.room() ?? lane.turn.pace(),
      finish: () => end(() => this.#finish(lane)),
      fail: (error) => end(() => this.#fail(lane, error)),
      close: (code) => this.#end(() => line.close(code)),
      drop: () => this.#end(() => line.drop()),
    };
  }

  #finish(lane: Lane): void {
    this.#log(`end of stream${inBrackets(lane.id)}`);
    this.#endRequest(lane);
    if (lane.closesOnEnd) this.#end(() => this.#line.close(1000));
  }

  #endRequest(lane: Lane): void {
    lane.request?.dispose();
    lane.request = undefined;
    if (!lane.working) this.#lanes.delete(lane.id);
  }

  /** An error of one request of several ends that request; any other, and any in strict mode, the socket. */
  #fail(lane: Lane, error: ProtocolError): void {
    if (this.#line.isClosing) return;
    if (this.#endsAlone(lane)) this.#failRequest(error, lane);
    else this.#failSocket(error, lane.id);
  }

  #endsAlone(lane: Lane): boolean {
    const { mode } = this.#options;
    return mode === 'lenient' && this.#multiplexes && lane.id !== undefined && !lane.closesOnEnd;
  }

  #failRequest(error: ProtocolError, lane: Lane): void {
    this.#sayError(error, lane.id);
    this.#endRequest(lane);
    this.#failedIds.add(lane.id);
    const [oldest] = this.#failedIds;
    if (this.#failedIds.size > MAX_FAILED_IDS) this.#failedIds.delete(oldest);
  }

  #failSocket(error: ProtocolError, id: RequestId): void {
    this.#sayError(error, id);
    this.#end(() => this.#line.close(isCloseCode(error.code) ? error.code : 1011));
  }

  #sayError(error: ProtocolError, id: RequestId): void {
    const { code, message } = error;
    this.#log(`error ${code}${inBrackets(id)}: ${storyOf(error)}`);
    this.#line.write(encodeMessage(stamped({ type: 'error', message, code }, id)));
  }

  #onClose(code: number): void {
    this.#log(`closed (${code})`);
    this.#end(() => {});
  }

  /** No more work: drops what waits and frees the requests. */
  #end(how: () => void): void {
    for (const lane of this.#lanes.values()) {
      lane.inbox.length = 0;
      this.#endRequest(lane);
    }
    this.#lanes.clear();
    how();
  }

  #log(line: string): void {
    this.#options.log(`${this.#options.name}: ${line}`);
  }
}

function readMessage(data: Buffer, isBinary: boolean): { id: RequestId; message: Message | ProtocolError } {
  try {
    const message = parseMessage(data, isBinary);
    return { id: requestIdOf(message), message };
  } catch (error) {
    return { id: undefined, message: error as ProtocolError };
  }
}

function stamped(message: Message, id: RequestId): Message {
  return id === undefined ? message : { ...message, client_req_id: id };
}

/** For messages. */
function quoted(id: RequestId): string {
  return id === undefined ? 'a request without client_req_id' : `client_req_id ${JSON.stringify(id)}`;
}

/** For the log. */
function inBrackets(id: RequestId): string {
  return id === undefined ? '' : ` [${JSON.stringify(id)}]`;
}
