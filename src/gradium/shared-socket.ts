/**
 * One WebSocket for several requests at once, told apart by their `client_req_id`, or for one after the other without.
 * Not here: a request's share of it (shared-channel.ts), which request gets which socket (pool-link.ts).
 */
import { ConnectionError, SpeechApiError, TimeoutError } from '../errors.js';
import { DeadlineTimer, errorOfRequest, protocolError, SpeechSocket, type Target } from '../speech/index.js';
import { lastMessage, messageRoute } from './message-route.js';
import { Malformed, parseMessage } from './messages.js';
import type { Carrier, SharedChannel } from './shared-channel.js';

export interface SharedSocketOptions {
  target: () => Target | Promise<Target>;
  pingMs: number;
  /** Requests at once. 1: one after the other, without ids. */
  capacity: number;
  /** How long it may be without a request, as things stand; 0: not at all. */
  idleMs: () => number;
  /** A request that can begin anew on another socket: this one was dead before it said anything. */
  onStranded(channel: SharedChannel): void;
  /** A message was dropped: its request is over. */
  onDropped(): void;
  /** There may be room on it, or it is gone. */
  onChange(): void;
}

/** For the service's `end_of_stream` after ours, about a request that was dropped here; later the socket is given up. */
export const DRAIN_MS = 5_000;

/** Messages that belong to a request; others without an id are news of a kind that this client does not know. */
const TYPES_OF_REQUESTS = new Set(
  'ready text end_text step vad audio flushed end_of_stream need_more_text'.split(' '),
);

interface Unsent {
  channel: SharedChannel;
  bytes: number;
}

/** Whose each message is that the kernel has not wholly taken, in their order. */
class Outbox {
  #unsent: Unsent[] = [];
  #first = 0;

  push(channel: SharedChannel, bytes: number): void {
    this.#unsent.push({ channel, bytes });
  }

  /** Array.shift would move all the others. */
  shift(): Unsent {
    const first = this.#unsent[this.#first++] as Unsent;
    if (this.#first * 2 > this.#unsent.length) {
      this.#unsent.splice(0, this.#first);
      this.#first = 0;
    }
    return first;
  }
}

export class SharedSocket implements Carrier {
  readonly #options: SharedSocketOptions;
  readonly #socket: SpeechSocket;
  readonly #channels = new Map<string, SharedChannel>();
  /** Requests that were dropped here, and of which the service has not said its last. */
  readonly #draining = new Map<string, DeadlineTimer>();
  readonly #outbox = new Outbox();
  /** Requests that wait for the kernel. */
  #senders = 0;
  /** Requests that do not read, and for which no more can be held. */
  readonly #stalling = new Set<SharedChannel>();
  #idle: DeadlineTimer | undefined;
  /** Takes no more requests, and is closed after its last one. */
  #retired = false;
  #ended = false;
  /** The service has refused one of its requests, and might close all for it. */
  #blamed = false;

  /** Connects at once. */
  constructor(options: SharedSocketOptions) {
    this.#options = options;
    this.#socket = new SpeechSocket({
      target: options.target,
      // Each request has its own deadline; see `connectExpired`.
      connectMs: 0,
      pingMs: options.pingMs,
      where: () => ({ phase: this.isOpen ? 'stream' : 'connect', requestId: undefined }),
      onOpen: () => this.#opened(),
      onMessage: (data) => this.#received(data),
      onSent: () => this.#sent(),
      onFail: (error) => this.#failed(error),
    });
  }

  get isOpen(): boolean {
    return this.#socket.isOpen;
  }

  /** Whether it takes, or will take, requests. */
  get isUsable(): boolean {
    return !this.#ended && !this.#retired;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get hasRoom(): boolean {
    return this.isUsable && this.#stalling.size === 0 && this.load < this.#options.capacity;
  }

  /** Requests that the service has, or will have, on it. */
  get load(): number {
    return this.#channels.size + this.#draining.size;
  }

  get secrets(): readonly string[] {
    return this.#socket.secrets;
  }

  add(channel: SharedChannel): void {
    this.#idle?.stop();
    this.#socket.setRef(true);
    this.#channels.set(keyOf(channel), channel);
    channel.join(this);
  }

  send(channel: SharedChannel, message: string | Buffer): void {
    const isEnd = typeof message === 'string' && message.startsWith('{"type":"end_of_stream"');
    channel.told = isEnd ? 'end' : 'something';
    const bytes = Buffer.byteLength(message);
    this.#outbox.push(channel, bytes);
    if (channel.unsentBytes === 0) this.#senders++;
    channel.unsentBytes += bytes;
    this.#socket.send(message);
  }

  /**
   * Its own unsent bytes, times the requests that wait beside it. So each fills its part of what may be unsent on one
   * socket, and a small message finds room beside a recording that is being uploaded.
   */
  backlogOf(channel: SharedChannel): number {
    return channel.unsentBytes * this.#senders;
  }

  /** Whether no more can be held for one that does not read: the others wait with it, and nothing is lost. */
  stall(channel: SharedChannel, full: boolean): void {
    const before = this.#stalling.size > 0;
    if (full) this.#stalling.add(channel);
    else this.#stalling.delete(channel);
    const stalled = this.#stalling.size > 0;
    if (stalled === before || this.#ended) return;
    if (stalled) this.#socket.pause();
    else this.#socket.resume();
    for (const other of [...this.#channels.values()]) other.setStalled(stalled);
    if (!stalled) this.#options.onChange();
  }

  leave(channel: SharedChannel): void {
    const key = keyOf(channel);
    if (!this.#channels.delete(key) || this.#ended) return;
    this.stall(channel, false);
    if (channel.last === undefined && channel.told !== 'nothing') this.#drain(channel, key);
    // After an `error` the service closes a socket that serves one request at a time.
    if (channel.last === 'error' && !this.#multiplexed) this.#retired = true;
    this.#settle();
  }

  connectExpired(channel: SharedChannel, ms: number): void {
    if (this.#channels.size === 1) this.#socket.connectExpired(ms);
    else channel.fail(new TimeoutError(`no connection within ${ms} ms`, { phase: 'connect' }));
  }

  /** Closes it if nothing keeps it open any more. */
  closeIfIdle(): void {
    if (!this.#ended) this.#settle();
  }

  destroy(): void {
    this.#end();
    this.#socket.destroy();
  }

  get #multiplexed(): boolean {
    return this.#options.capacity > 1;
  }

  #opened(): void {
    for (const channel of [...this.#channels.values()]) channel.opened();
  }

  #sent(): void {
    const { channel, bytes } = this.#outbox.shift();
    channel.unsentBytes -= bytes;
    if (channel.unsentBytes === 0) this.#senders--;
    channel.sent();
    // What they have sent has moved forward.
    for (const other of this.#channels.values()) {
      if (other !== channel && other.unsentBytes > 0) other.drained();
    }
  }

  #received(data: Buffer): void {
    const id = this.#multiplexed ? this.#routeOf(data) : SOLE;
    if (id === undefined) {
      this.#receivedWithoutId(data);
      return;
    }
    const channel = this.#channels.get(id);
    if (channel) {
      this.#deliver(channel, data);
      return;
    }
    this.#options.onDropped();
    if (this.#draining.has(id) && lastMessage(data)) this.#drained(id);
  }

  #routeOf(data: Buffer): string | undefined {
    try {
      return messageRoute(data);
    } catch (error) {
      throw error instanceof Malformed ? this.#protocolError(error.message) : error;
    }
  }

  #deliver(channel: SharedChannel, data: Buffer): void {
    channel.last ??= lastMessage(data);
    if (channel.last === 'error') this.#blamed = true;
    channel.receive(data);
  }

  /** An `error` is about the socket, anything else about the only request there is. */
  #receivedWithoutId(data: Buffer): void {
    const channels = [...this.#channels.values()];
    const [channel] = channels;
    if (lastMessage(data) === 'error') {
      this.#retired = true;
      for (const each of channels) this.#deliver(each, data);
      if (!this.#ended) this.#settle();
    } else if (channel && this.load === 1) {
      this.#deliver(channel, data);
    } else if (channel && TYPES_OF_REQUESTS.has(parseMessage(data).type)) {
      throw this.#protocolError('a message without client_req_id, of several requests');
    } else {
      this.#options.onDropped();
    }
  }

  #protocolError(message: string): ConnectionError {
    return protocolError(message, { phase: 'stream', requestId: undefined, secrets: this.secrets });
  }

  /** There is no way to cancel: the service is told that nothing more comes, and what it still says is dropped. */
  #drain(channel: SharedChannel, id: string): void {
    if (!this.#multiplexed) {
      this.#retired = true;
      return;
    }
    const timer = new DeadlineTimer(DRAIN_MS, () => {
      this.#retired = true;
      this.#drained(id);
    });
    this.#draining.set(id, timer);
    timer.start();
    if (channel.told === 'something') {
      this.send(channel, JSON.stringify({ type: 'end_of_stream', client_req_id: id }));
    }
  }

  #drained(id: string): void {
    this.#draining.get(id)?.stop();
    this.#draining.delete(id);
    this.#settle();
  }

  /** After a request less: another one, rest, or the end. */
  #settle(): void {
    if (this.#channels.size === 0) {
      const idleMs = this.#options.idleMs();
      if (!this.isOpen) this.destroy();
      else if (this.#retired || idleMs === 0) this.#close();
      else this.#rest(idleMs);
    }
    this.#options.onChange();
  }

  #rest(idleMs: number): void {
    this.#socket.setRef(false);
    this.#idle?.stop();
    this.#idle = undefined;
    if (this.#draining.size > 0) return;
    this.#idle = new DeadlineTimer(idleMs, () => {
      this.#close();
      this.#options.onChange();
    });
    this.#idle.start();
  }

  #close(): void {
    this.#end();
    this.#socket.close();
  }

  #end(): void {
    this.#ended = true;
    this.#idle?.stop();
    for (const timer of this.#draining.values()) timer.stop();
    this.#draining.clear();
  }

  #failed(error: unknown): void {
    this.#end();
    const channels = [...this.#channels.values()];
    this.#channels.clear();
    for (const channel of channels) {
      if (channel.canMove) this.#options.onStranded(channel);
      else channel.lost(this.#errorFor(channel, error));
    }
    this.#options.onChange();
  }

  #errorFor(channel: SharedChannel, error: unknown): unknown {
    const context = { ...channel.where(), secrets: this.secrets };
    const another = this.#blamed && channel.last === undefined && error instanceof SpeechApiError;
    return errorOfRequest(another ? closedForAnother(error) : error, context);
  }
}

/** The code is about the request that was refused just before; this one may well be fine. */
function closedForAnother({ apiCode }: SpeechApiError): ConnectionError {
  const code = apiCode === undefined ? '' : ` (code ${apiCode})`;
  return new ConnectionError(`the service closed the connection after another request on it failed${code}`, {
    code: 'ERR_CLOSED_EARLY',
    phase: 'stream',
    closeCode: apiCode,
    retryable: true,
  });
}

/** Of the request on a socket without ids. */
const SOLE = '';

function keyOf({ clientReqId }: SharedChannel): string {
  return clientReqId ?? SOLE;
}
