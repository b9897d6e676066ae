/**
 * One request's share of a socket: what it sent while that may have to be sent again elsewhere, and what came for it while
 * it does not read.
 * Not here: the socket (shared-socket.ts), which one it gets (pool-link.ts).
 */
import { TimeoutError } from '../errors.js';
import { DeadlineTimer } from '../speech/index.js';
import type { Channel, ChannelOptions } from './channel.js';
import type { LastMessage } from './message-route.js';

/**
 * Of a request that does not read: so many bytes of messages are held for it, then the socket is not read either, until
 * no more than the rest are left. A live STT session holds an hour of its `step`s in it.
 */
export const HELD_HIGH_BYTES = 1024 * 1024;
const HELD_LOW_BYTES = 256 * 1024;
/** What a Buffer costs beside its bytes, about. */
const MESSAGE_OVERHEAD_BYTES = 128;

/** What carries it: a SharedSocket. */
export interface Carrier {
  readonly isOpen: boolean;
  readonly secrets: readonly string[];
  send(channel: SharedChannel, message: string | Buffer): void;
  /** Bytes that stand in its way: see `Channel.bufferedBytes`. */
  backlogOf(channel: SharedChannel): number;
  /** It does not read, and no more can be held for it; or no longer so. */
  stall(channel: SharedChannel, full: boolean): void;
  /** The connection took longer than it was to wait. */
  connectExpired(channel: SharedChannel, ms: number): void;
  /** Its request is over, on this side at least. */
  leave(channel: SharedChannel): void;
}

/** What was sent on a socket that may prove dead. */
interface Kept {
  messages: (string | Buffer)[];
  bytes: number;
  /** Of how many of them the session has heard that they left. */
  left: number;
}

export class SharedChannel implements Channel {
  readonly clientReqId: string | undefined;
  readonly staysOpen = true;
  /** For the socket's use: bytes of it that the kernel has not taken. */
  unsentBytes = 0;
  /** For the socket's use: the service has said its last about it. */
  last: LastMessage | undefined;
  /** For the socket's use: what the service has been told of it on this socket. */
  told: 'nothing' | 'something' | 'end' = 'nothing';

  readonly #options: ChannelOptions;
  readonly #onEnded: (channel: SharedChannel) => void;
  readonly #connect: DeadlineTimer;
  #state: 'waiting' | 'open' | 'ended' = 'waiting';
  #socket: Carrier | undefined;
  #stalled = false;
  #moved = false;
  #kept: Kept | undefined;
  /** Messages sent again of which the session has heard already. */
  #known = 0;
  #paused = false;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #releasing = false;
  #full = false;
  /** Comes after what is held. */
  #lost: { error: unknown } | undefined;

  constructor(
    options: ChannelOptions,
    clientReqId: string | undefined,
    onEnded: (channel: SharedChannel) => void,
  ) {
    this.#options = options;
    this.clientReqId = clientReqId;
    this.#onEnded = onEnded;
    this.#connect = new DeadlineTimer(options.connectMs, () => this.#connectExpired());
    this.#connect.start();
  }

  get secrets(): readonly string[] {
    return this.#socket?.secrets ?? [];
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get where(): ChannelOptions['where'] {
    return this.#options.where;
  }

  /** What may have to be sent again counts, too: that bounds it. */
  get bufferedBytes(): number {
    return Math.max(this.#kept?.bytes ?? 0, this.#socket?.backlogOf(this) ?? 0);
  }

  send(message: string | Buffer): void {
    if (this.#state !== 'open') return;
    this.#keep(message);
    if (this.#socket?.isOpen) this.#socket.send(this, message);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    if (this.#releasing || (this.#held.length === 0 && !this.#lost)) return;
    this.#releasing = true;
    setImmediate(() => this.#release());
  }

  close(): void {
    this.#end();
  }

  destroy(): void {
    this.#end();
  }

  fail(error: unknown): void {
    if (this.#state === 'ended') return;
    this.#end();
    this.#options.onFail(error);
  }

  /**
   * Takes its place on a socket. One that was open before may be dead without our knowing: then nothing comes, and the
   * request begins anew on another.
   */
  join(socket: Carrier): void {
    this.#socket = socket;
    this.unsentBytes = 0;
    this.told = 'nothing';
    this.last = undefined;
    if (!socket.isOpen) return;
    if (!this.#moved) this.#kept = { messages: [], bytes: 0, left: 0 };
    // No handler is called before `open` has returned.
    queueMicrotask(() => {
      if (this.#socket === socket) this.opened();
    });
  }

  /** The socket is open. */
  opened(): void {
    if (this.#state === 'ended') return;
    this.#connect.stop();
    if (this.#state === 'open') {
      this.#sendAgain();
      return;
    }
    if (this.#moved) this.#kept = undefined;
    this.#state = 'open';
    this.#guarded(() => this.#options.onOpen());
  }

  /** A message of it. */
  receive(data: Buffer): void {
    if (this.#state !== 'open') return;
    const proven = this.#kept !== undefined;
    this.#kept = undefined;
    if (this.#paused || this.#held.length > 0) this.#hold(data);
    else this.#guarded(() => this.#options.onMessage(data));
    if (proven) this.drained();
  }

  /** One of its messages has left. */
  sent(): void {
    if (this.#state !== 'open') return;
    if (this.#known > 0) {
      this.#known--;
      this.drained();
      return;
    }
    if (this.#kept) this.#kept.left++;
    this.#guarded(() => this.#options.onSent());
  }

  drained(): void {
    if (this.#state === 'open') this.#guarded(() => this.#options.onDrain());
  }

  setStalled(stalled: boolean): void {
    if (this.#stalled === stalled || this.#state === 'ended') return;
    this.#stalled = stalled;
    this.#guarded(() => this.#options.onStalled(stalled));
  }

  /** Whether it can begin anew on another socket: it was put on one that had been open, and has heard nothing there. */
  get canMove(): boolean {
    return this.#kept !== undefined && !this.#moved && this.#state !== 'ended';
  }

  /** Its socket died unnoticed; waits for another, which it is given by `join`. */
  move(): void {
    this.#socket = undefined;
    this.#moved = true;
    this.setStalled(false);
    this.#connect.start();
  }

  /** Its socket is gone for this reason. */
  lost(error: unknown): void {
    this.#socket = undefined;
    // All was said before; the session is about to see it.
    if (this.#state === 'ended' || this.last === 'end_of_stream') return;
    this.setStalled(false);
    if (this.#held.length > 0) this.#lost = { error };
    else this.fail(error);
  }

  #keep(message: string | Buffer): void {
    const kept = this.#kept;
    if (!kept) return;
    kept.messages.push(typeof message === 'string' ? message : Buffer.from(message));
    kept.bytes += message.length;
  }

  #sendAgain(): void {
    const kept = this.#kept;
    this.#kept = undefined;
    this.#known = kept?.left ?? 0;
    for (const message of kept?.messages ?? []) this.#socket?.send(this, message);
    this.drained();
  }

  /** A copy: what came is a part of what the kernel gave at once, and would keep all of it. */
  #hold(data: Buffer): void {
    this.#held.push(Buffer.from(data));
    this.#heldBytes += data.length + MESSAGE_OVERHEAD_BYTES;
    this.#updateFull();
  }

  #release(): void {
    this.#releasing = false;
    let given = 0;
    while (given < this.#held.length && !this.#paused && this.#state === 'open') {
      const data = this.#held[given++] as Buffer;
      this.#heldBytes -= data.length + MESSAGE_OVERHEAD_BYTES;
      this.#guarded(() => this.#options.onMessage(data));
    }
    this.#held.splice(0, given);
    this.#updateFull();
    if (this.#lost && this.#held.length === 0) this.fail(this.#lost.error);
  }

  #updateFull(): void {
    const full = this.#full ? this.#heldBytes > HELD_LOW_BYTES : this.#heldBytes > HELD_HIGH_BYTES;
    if (full === this.#full) return;
    this.#full = full;
    this.#socket?.stall(this, full);
  }

  #connectExpired(): void {
    const { connectMs } = this.#options;
    if (this.#socket) {
      this.#socket.connectExpired(this, connectMs);
      return;
    }
    this.fail(
      new TimeoutError(`no free place on the connection within ${connectMs} ms`, { phase: 'connect' }),
    );
  }

  #end(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#connect.stop();
    this.#kept = undefined;
    this.#held = [];
    this.#heldBytes = 0;
    this.#socket?.leave(this);
    this.#onEnded(this);
  }

  /** Nothing that a handler throws may reach the others on the socket. */
  #guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.fail(error);
    }
  }
}
