/**
 * The HTTP side of the sandbox: banner, routes, upgrade, keys, start and stop.
 * Not here: anything after the upgrade (connection.ts).
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
import { argumentRangeError, argumentTypeError } from '../errors.js';
import { AsrSession, type Clock } from './asr-session.js';
import { Connection } from './connection.js';
import { checkFault, type Fault, FaultScript, type RefuseFault } from './faults.js';
import type { Fields, Session } from './protocol.js';
import { TtsSession } from './tts-session.js';

/** Where the sandbox listens, and how it behaves. */
export interface SandboxOptions {
  /** TCP port: a whole number from 0 to 65 535. Default 0: any free port. */
  port?: number;
  /** Name or address to listen on, IPv6 too. Default 127.0.0.1. */
  host?: string;
  /**
   * Clock of word times. `decoder` (default): `delay_in_frames` × 80 ms behind the audio, as observed of the
   * service. `audio`: the audio's own, as documented.
   */
  clock?: Clock;
  /** Faults, played in order: each connection or session takes the first that has turns left. Default none. */
  faults?: readonly Fault[];
  /** Gets one line per connection, request and error. Never a key. Default: nothing. */
  log?: (line: string) => void;
}

/** A running sandbox. */
export interface Sandbox {
  /** `http://HOST:PORT`: what GRADIUM_BASE_URL takes. */
  readonly url: string;
  /** Ends every connection at once and frees the port. May be called again; never rejects. */
  close(): Promise<void>;
}

type Kind = 'asr' | 'tts';

const ROUTES: Record<string, Kind> = { '/speech/asr': 'asr', '/speech/stt': 'asr', '/speech/tts': 'tts' };
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
  const server = createServer(answerHttp);
  const sockets = trackSockets(server);
  serveWebSockets(server, settings);
  await listen(server, settings.port, settings.host);
  const { port } = server.address() as AddressInfo;
  const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host;
  return {
    url: `http://${host}:${port}`,
    close: () => stop(server, sockets),
  };
}

type Settings = Required<SandboxOptions>;

function checkOptions(options: SandboxOptions): Settings {
  const { port = 0, host = '127.0.0.1', clock = 'decoder', faults = [], log = () => {} } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw argumentRangeError(`port must be a whole number from 0 to 65535, not ${String(port)}.`);
  }
  if (typeof host !== 'string' || host === '') throw argumentTypeError('host must be a name or an address.');
  if (clock !== 'decoder' && clock !== 'audio') {
    throw argumentTypeError(`clock must be "decoder" or "audio", not "${String(clock)}".`);
  }
  if (!Array.isArray(faults)) throw argumentTypeError('faults must be an array.');
  if (typeof log !== 'function') throw argumentTypeError('log must be a function.');
  return { port, host, clock, faults: faults.map(checkFault), log };
}

function serveWebSockets(server: Server, { clock, faults, log }: Settings): void {
  const script = new FaultScript(faults);
  const upgrader = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
  });
  let connections = 0;
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const kind = ROUTES[routeOf(request)];
    if (kind === undefined) return refuse(socket, 404);
    const refusal = script.takeForConnection();
    if (refusal !== undefined) {
      log(`${kind}: upgrade refused by fault`);
      return refuse(socket, refusal.status ?? 503, refusal);
    }
    upgrader.handleUpgrade(request, socket, head, (webSocket) => {
      new Connection(webSocket, {
        tcp: request.socket,
        name: `${kind} ${++connections}`,
        hasKey: hasKey(request),
        faults: script,
        log,
        open: (setup) => openSession(kind, setup, clock),
      });
    });
  });
}

function openSession(kind: Kind, setup: Fields, clock: Clock): Session {
  return kind === 'asr' ? new AsrSession(setup, clock) : new TtsSession(setup);
}

/** The path without its `/api` prefix, and without the double and trailing slashes that some clients make. */
function routeOf(request: IncomingMessage): string {
  const path = splitUrl(request)
    .path.replace(/\/{2,}/gu, '/')
    .replace(/\/$/u, '');
  return path.replace(/^\/api(?=\/|$)/u, '') || '/';
}

function splitUrl(request: IncomingMessage): { path: string; query: string } {
  const [path = '/', query = ''] = (request.url ?? '/').split('?', 2);
  return { path, query };
}

/** The three places the service looks for a key in. */
function hasKey(request: IncomingMessage): boolean {
  const { 'x-api-key': header, authorization } = request.headers;
  const token = new URLSearchParams(splitUrl(request).query).get('token');
  return Boolean(header) || Boolean(token) || /^Api-Key\s+\S/iu.test(authorization ?? '');
}

function refuse(socket: Duplex, status: number, { retryAfterS }: Partial<RefuseFault> = {}): void {
  const body = errorBody(status);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    ...(retryAfterS === undefined ? [] : [`Retry-After: ${retryAfterS}`]),
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

function answerHttp(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  const isBanner = routeOf(request) === '/' && (request.method === 'GET' || request.method === 'HEAD');
  response.writeHead(isBanner ? 200 : 404, { 'Content-Type': 'application/json' });
  response.end(isBanner ? BANNER : errorBody(404));
}

function errorBody(status: number): string {
  return JSON.stringify({ detail: `sluice sandbox: ${STATUS_CODES[status] ?? 'refused'}` });
}

const BANNER = JSON.stringify({
  name: 'sluice-sandbox',
  sandbox: true,
  message: 'A local sandbox, not the Gradium service: it speaks in tones and recognises only those.',
  websocket: Object.keys(ROUTES).map((route) => `/api${route}`),
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
