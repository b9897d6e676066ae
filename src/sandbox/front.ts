/**
 * What all requests come to first: which path leads where, who may come in, upgrades.
 * Not here: anything after the upgrade (connection.ts), speech over POST (post.ts).
 */
import type { EventEmitter } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { Access } from './access.js';
import type { Account } from './account.js';
import { Connection } from './connection.js';
import { Control } from './control.js';
import type { FaultScript } from './fault-script.js';
import { answerJson, type Refusal, refuse, refuseUpgrade } from './http-answer.js';
import type { Settings } from './options.js';
import { answerPost, type PostRoute, postPaths, postRoute } from './post.js';
import { refuseSpeech } from './post-body.js';
import type { ReceivedLog } from './received.js';
import { Rest } from './rest.js';
import { restRoutes } from './rest-routes.js';
import { pathOf, type Route, webSocketPaths, webSocketRoute } from './routes.js';
import { Sessions } from './sessions.js';
import { type Slot, Slots } from './slots.js';

/** 100 MiB of JSON hold 40 minutes of 16 kHz audio in one message. */
const MAX_MESSAGE_BYTES = 100 * 1024 * 1024;

const BANNER = {
  name: 'sluice-sandbox',
  sandbox: true,
  message: 'A local sandbox, not the Gradium service: it speaks in tones and recognises only those.',
  websocket: webSocketPaths().map((path) => `/api${path}`),
  post: postPaths().map((path) => `/api${path}`),
  rest: restRoutes().map((route) => route.replace(' ', ' /api')),
};

/** What is looked at, and changed, from outside as well. */
export interface FrontParts {
  account: Account;
  faults: FaultScript;
  received: ReceivedLog;
  /** TCP connections that are open now. */
  sockets: ReadonlySet<unknown>;
}

export class Front {
  readonly #settings: Settings;
  readonly #access: Access;
  readonly #control: Control;
  readonly #rest: Rest;
  readonly #faults: FaultScript;
  readonly #received: ReceivedLog;
  readonly #slots: Slots;
  readonly #sessions: Sessions;
  readonly #upgrader = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
  });
  #connections = 0;

  constructor(settings: Settings, { account, faults, received, sockets }: FrontParts) {
    this.#settings = settings;
    this.#access = new Access(settings);
    this.#control = new Control(faults, received, sockets);
    this.#rest = new Rest({ ...settings, access: this.#access, account, faults, received });
    this.#faults = faults;
    this.#received = received;
    this.#slots = new Slots(settings.concurrency);
    this.#sessions = new Sessions({
      rules: { ...settings, account },
      account,
      faults,
      slots: this.#slots,
      received,
    });
  }

  serve(server: Server): void {
    server.on('request', (request, response) => this.#answer(request, response));
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const route = this.#routeOf(request);
    const entry = route === undefined ? { refusal: { status: 404 } } : this.#enter(route);
    if (entry.refusal !== undefined) refuseUpgrade(socket, entry.refusal);
    else this.#connect(route as Route, entry.slot, request, socket, head);
  }

  #routeOf(request: IncomingMessage): Route | undefined {
    const { mode, selfHosted } = this.#settings;
    const path = pathOf(request);
    return path === '/' ? selfHosted : webSocketRoute(path, mode);
  }

  /** Whether a connection may come in. Its first session has a place by then, but in strict mode. */
  #enter(route: Route): { refusal: Refusal; slot?: undefined } | { refusal?: undefined; slot?: Slot } {
    const { log, mode } = this.#settings;
    const fault = this.#faults.takeForConnection(route);
    if (fault !== undefined) {
      log(`${route}: refused by fault`);
      return { refusal: { status: fault.status ?? 503, retryAfterS: fault.retryAfterS, form: fault.form } };
    }
    const slot = mode === 'strict' ? undefined : this.#slots.take();
    if (slot !== undefined || mode === 'strict') return slot === undefined ? {} : { slot };
    log(`${route}: refused by the concurrency limit`);
    return { refusal: { status: 429, detail: this.#sessions.fullMessage, retryAfterS: 1 } };
  }

  #connect(
    route: Route,
    slot: Slot | undefined,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): void {
    let reserved = slot;
    socket.on('close', () => reserved?.release());
    this.#upgrader.handleUpgrade(request, socket, head, (webSocket) => {
      const connection = this.#countIn(webSocket);
      new Connection(webSocket, {
        tcp: request.socket,
        name: `${route} ${connection}`,
        mode: this.#settings.mode,
        denial: this.#access.denyUpgrade(request),
        log: this.#settings.log,
        open: (setup, outlet) => {
          const slot = reserved;
          reserved = undefined;
          return this.#sessions.open(route, setup, outlet, { connection, transport: 'websocket' }, slot);
        },
      });
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = pathOf(request);
    const route = request.method === 'POST' ? postRoute(path) : undefined;
    const isGet = request.method === 'GET' || request.method === 'HEAD';
    if (route !== undefined) this.#post(route, request, response);
    else if (this.#control.answer(path, request, response)) return;
    else if (path === '/' && isGet) answerJson(response, BANNER);
    else if (this.#rest.answer(path, request, response)) return;
    else refuse(response, { status: 404 });
  }

  #post(route: PostRoute, request: IncomingMessage, response: ServerResponse): void {
    const denial = this.#access.denyRequest(request);
    const { refusal, slot } = this.#enter(route);
    if (refusal !== undefined) {
      refuse(response, refusal);
    } else if (denial !== undefined) {
      slot?.release();
      refuseSpeech(response, denial);
    } else {
      const connection = this.#countIn(response);
      const name = `${route} post ${connection}`;
      response.on('close', () => slot?.release());
      void answerPost(route, {
        request,
        response,
        mode: this.#settings.mode,
        log: (line) => this.#settings.log(`${name}: ${line}`),
        open: (setup, outlet) =>
          this.#sessions.open(route, setup, outlet, { connection, transport: 'post' }, slot),
      });
    }
  }

  /** The number of a connection that was let in. */
  #countIn(carrier: EventEmitter): number {
    this.#received.connectionOpened();
    carrier.once('close', () => this.#received.connectionClosed());
    return ++this.#connections;
  }
}
