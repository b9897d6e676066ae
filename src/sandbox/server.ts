/**
 * The HTTP side of the sandbox: start and stop, which path leads where, upgrades.
 * Not here: anything after the upgrade (connection.ts), speech over POST (post.ts), options (options.ts).
 */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { hasKey, NO_KEY } from './access.js';
import { Connection } from './connection.js';
import { FaultScript } from './faults.js';
import { checkOptions, type SandboxOptions, type Settings } from './options.js';
import { answerPost, type PostRoute, postPaths, postRoute } from './post.js';
import { refuseSpeech } from './post-body.js';
import { ProtocolError } from './protocol.js';
import { pathOf, type Route, webSocketPaths, webSocketRoute } from './routes.js';
import { Sessions } from './sessions.js';

/** A running sandbox. */
export interface Sandbox {
  /** `http://HOST:PORT`: what GRADIUM_BASE_URL takes. */
  readonly url: string;
  /** Ends every connection at once and frees the port. May be called again; never rejects. */
  close(): Promise<void>;
}

/** 100 MiB of JSON hold 40 minutes of 16 kHz audio in one message. */
const MAX_MESSAGE_BYTES = 100 * 1024 * 1024;

/**
 * Starts a local server that speaks the Gradium protocol with a tone voice and a recogniser of its own; see
 * docs/sandbox.md. Any API key will do.
 *
 * @throws TypeError, RangeError for bad options (ERR_INVALID_ARG); rejects with the system's error when the
 *   port cannot be had.
 * @example
 * const sandbox = await startSandbox();
 * const client = new Gradium({ apiKey: 'any', baseUrl: sandbox.url });
 * await sandbox.close();
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const settings = checkOptions(options);
  // A body that is live speech takes as long as the speech: no limit on the time for a request.
  const server = createServer({ requestTimeout: 0 });
  const sockets = trackSockets(server);
  new Front(settings).serve(server);
  await listen(server, settings.port, settings.host);
  const { port } = server.address() as AddressInfo;
  const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host;
  return {
    url: `http://${host}:${port}`,
    close: () => stop(server, sockets),
  };
}

/** What all requests come to first. */
class Front {
  readonly #settings: Settings;
  readonly #faults: FaultScript;
  readonly #sessions: Sessions;
  readonly #upgrader = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
  });
  #connections = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#faults = new FaultScript(settings.faults);
    this.#sessions = new Sessions(settings, this.#faults);
  }

  serve(server: Server): void {
    server.on('request', (request, response) => this.#answer(request, response));
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const route = webSocketRoute(pathOf(request), this.#settings.mode);
    const refusal = route === undefined ? { status: 404 } : this.#refusal(route);
    if (refusal !== undefined) refuseUpgrade(socket, refusal);
    else this.#connect(route as Route, request, socket, head);
  }

  #connect(route: Route, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#upgrader.handleUpgrade(request, socket, head, (webSocket) => {
      new Connection(webSocket, {
        tcp: request.socket,
        name: `${route} ${++this.#connections}`,
        mode: this.#settings.mode,
        hasKey: hasKey(request),
        log: this.#settings.log,
        open: (setup, outlet) => this.#sessions.open(route, setup, outlet),
      });
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = pathOf(request);
    const route = request.method === 'POST' ? postRoute(path) : undefined;
    const isBanner = path === '/' && (request.method === 'GET' || request.method === 'HEAD');
    if (route !== undefined) this.#post(route, request, response);
    else if (isBanner) answerJson(response, 200, BANNER);
    else refuse(response, { status: 404 });
  }

  #post(route: PostRoute, request: IncomingMessage, response: ServerResponse): void {
    const refusal = this.#refusal(route);
    if (refusal !== undefined) {
      refuse(response, refusal);
    } else if (!hasKey(request)) {
      refuseSpeech(response, new ProtocolError(NO_KEY));
    } else {
      const name = `${route} post ${++this.#connections}`;
      void answerPost(route, {
        request,
        response,
        mode: this.#settings.mode,
        log: (line) => this.#settings.log(`${name}: ${line}`),
        open: (setup, outlet) => this.#sessions.open(route, setup, outlet),
      });
    }
  }

  #refusal(route: Route): Refusal | undefined {
    const fault = this.#faults.takeForConnection();
    if (fault !== undefined) this.#settings.log(`${route}: refused by fault`);
    return fault === undefined ? undefined : { status: fault.status ?? 503, retryAfterS: fault.retryAfterS };
  }
}

/** An HTTP answer instead of what was asked for. */
interface Refusal {
  status: number;
  retryAfterS?: number | undefined;
}

function refuseUpgrade(socket: Duplex, refusal: Refusal): void {
  const body = errorBody(refusal.status);
  const lines = [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? 'Refused'}`,
    'Connection: close',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...Object.entries(refusalHeaders(refusal)).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

function refuse(response: ServerResponse, refusal: Refusal): void {
  response.writeHead(refusal.status, refusalHeaders(refusal)).end(errorBody(refusal.status));
}

function refusalHeaders({ retryAfterS }: Refusal): Record<string, string> {
  return { ...JSON_TYPE, ...(retryAfterS === undefined ? {} : { 'Retry-After': String(retryAfterS) }) };
}

function answerJson(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, JSON_TYPE).end(body);
}

const JSON_TYPE = { 'Content-Type': 'application/json' };

function errorBody(status: number): string {
  return JSON.stringify({ detail: `sluice sandbox: ${STATUS_CODES[status] ?? 'refused'}` });
}

const BANNER = JSON.stringify({
  name: 'sluice-sandbox',
  sandbox: true,
  message: 'A local sandbox, not the Gradium service: it speaks in tones and recognises only those.',
  websocket: webSocketPaths().map((path) => `/api${path}`),
  post: postPaths().map((path) => `/api${path}`),
});

function trackSockets(server: Server): Set<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  return sockets;
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function stop(server: Server, sockets: Set<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve()); // calls back also when it was closed before
    for (const socket of sockets) socket.destroy();
  });
}
