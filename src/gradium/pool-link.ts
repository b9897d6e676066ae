/**
 * Few sockets for many requests: each request gets a place on one that is open, on a new one, or waits for its turn.
 * Not here: what happens on a socket (shared-socket.ts), where it leads (access.ts).
 */

import type { Access } from './access.js';
import { closedError } from './calls.js';
import type { Channel, ChannelOptions, Link, Route } from './channel.js';
import { SharedChannel } from './shared-channel.js';
import { SharedSocket } from './shared-socket.js';
import { checkNumber, requireOptions } from './stt-setup.js';
import type { ConnectionStats, ConnectOptions } from './types.js';

export interface PoolOptions {
  /** At most so many sockets on each route. */
  sockets: number;
  /** Requests at once on each of them. 1: one after the other, without `client_req_id`. */
  sessionsPerSocket: number;
  /** How long a socket stays open without a request; 0: not at all. */
  idleMs: number;
  pingMs: number;
}

/** @throws TypeError, RangeError ERR_INVALID_ARG */
export function poolOptions(options: ConnectOptions): Omit<PoolOptions, 'pingMs'> {
  requireOptions(options);
  return {
    sockets: checkNumber('sockets', options.sockets, 1, 1000, true) ?? 4,
    sessionsPerSocket: checkNumber('sessionsPerSocket', options.sessionsPerSocket, 1, 1000, true) ?? 8,
    idleMs: checkNumber('idleMs', options.idleMs, 0, Number.MAX_SAFE_INTEGER) ?? 60_000,
  };
}

export class PoolLink implements Link {
  readonly #options: PoolOptions;
  readonly #access: Access;
  readonly #routes = new Map<Route, RoutePool>();
  readonly #channels = new Set<SharedChannel>();
  #requests = 0;
  #dropped = 0;
  #closing = false;
  #destroyed = false;

  constructor(access: Access, options: PoolOptions) {
    this.#access = access;
    this.#options = options;
  }

  get stats(): ConnectionStats {
    const pools = [...this.#routes.values()];
    const waiting = sum(pools.map((pool) => pool.waiting));
    return {
      sockets: sum(pools.map((pool) => pool.sockets)),
      running: this.#channels.size - waiting,
      waiting,
      dropped: this.#dropped,
    };
  }

  /** @throws TypeError ERR_CLOSED after `destroy` */
  open(route: Route, options: ChannelOptions): Channel {
    if (this.#destroyed) throw closedError();
    const pool = this.#pool(route);
    // Unique on the whole connection: never is one used again while the service may still speak of the other.
    const id = this.#options.sessionsPerSocket > 1 ? `r${(++this.#requests).toString(36)}` : undefined;
    const channel = new SharedChannel(options, id, () => {
      this.#channels.delete(channel);
      pool.ended(channel);
    });
    this.#channels.add(channel);
    pool.place(channel);
    return channel;
  }

  /** From now on each socket is closed as soon as it has no request. */
  closeIdle(): void {
    this.#closing = true;
    for (const pool of this.#routes.values()) pool.closeIdle();
  }

  /** Fails every request, and drops every socket. */
  destroy(): void {
    this.#destroyed = true;
    this.closeIdle();
    for (const channel of [...this.#channels]) channel.fail(closedError());
    for (const pool of this.#routes.values()) pool.destroy();
  }

  #pool(route: Route): RoutePool {
    let pool = this.#routes.get(route);
    if (!pool) {
      const { pingMs, sessionsPerSocket } = this.#options;
      pool = new RoutePool(this.#options.sockets, (hooks) => {
        return new SharedSocket({
          target: () => this.#access.socket(route),
          pingMs,
          capacity: sessionsPerSocket,
          idleMs: () => (this.#closing ? 0 : this.#options.idleMs),
          onDropped: () => {
            this.#dropped++;
          },
          ...hooks,
        });
      });
      this.#routes.set(route, pool);
    }
    return pool;
  }
}

interface SocketHooks {
  onStranded(channel: SharedChannel): void;
  onChange(): void;
}

/** The sockets of one route. */
class RoutePool {
  readonly #limit: number;
  readonly #connect: (hooks: SocketHooks) => SharedSocket;
  readonly #sockets = new Set<SharedSocket>();
  /** In the order in which they get a place. */
  #waiting: SharedChannel[] = [];

  constructor(limit: number, connect: (hooks: SocketHooks) => SharedSocket) {
    this.#limit = limit;
    this.#connect = connect;
  }

  get sockets(): number {
    return this.#sockets.size;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  place(channel: SharedChannel): void {
    const socket = this.#waiting.length === 0 ? this.#socketWithRoom(false) : undefined;
    if (socket) socket.add(channel);
    else this.#waiting.push(channel);
  }

  ended(channel: SharedChannel): void {
    const at = this.#waiting.indexOf(channel);
    if (at >= 0) this.#waiting.splice(at, 1);
  }

  closeIdle(): void {
    for (const socket of [...this.#sockets]) socket.closeIfIdle();
  }

  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  /** Not to one that was open before, which may be as dead as the one it comes from. */
  #replace(channel: SharedChannel): void {
    channel.move();
    const socket = this.#socketWithRoom(true);
    if (socket) socket.add(channel);
    else this.#waiting.unshift(channel);
  }

  #serve(): void {
    for (const socket of this.#sockets) if (socket.ended) this.#sockets.delete(socket);
    while (this.#waiting.length > 0) {
      const socket = this.#socketWithRoom(false);
      if (!socket) return;
      socket.add(this.#waiting.shift() as SharedChannel);
    }
  }

  /** The least loaded open socket, else one that is connecting, else a new one, else none. */
  #socketWithRoom(fresh: boolean): SharedSocket | undefined {
    const rank = (socket: SharedSocket) => socket.load + (socket.isOpen ? 0 : 1e6);
    let best: SharedSocket | undefined;
    let usable = 0;
    for (const socket of this.#sockets) {
      if (socket.isUsable) usable++;
      if (!socket.hasRoom || (fresh && socket.isOpen)) continue;
      if (!best || rank(socket) < rank(best)) best = socket;
    }
    return best ?? (usable < this.#limit ? this.#open() : undefined);
  }

  #open(): SharedSocket {
    const socket = this.#connect({
      onStranded: (channel) => this.#replace(channel),
      onChange: () => this.#serve(),
    });
    this.#sockets.add(socket);
    return socket;
  }
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
