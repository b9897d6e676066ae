/**
 * An HTTP server for client tests that does exactly what each test tells it, bad manners included.
 * Not here: any knowledge of a protocol beyond HTTP; the sandbox is a server that behaves.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** One request, seen from the server. */
export class HttpPeer {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
  /** Settles when the connection is gone. */
  readonly closed: Promise<void>;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.request = request;
    this.response = response;
    this.socket = request.socket;
    request.on('error', () => {});
    response.on('error', () => {});
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
  }

  /** The request's whole body. */
  async body(): Promise<Buffer> {
    const parts: Buffer[] = [];
    for await (const part of this.request) parts.push(part);
    return Buffer.concat(parts);
  }

  /** Begins a chunked answer at once. */
  start(status: number, headers: Record<string, string> = {}): void {
    this.response.writeHead(status, headers);
    this.response.flushHeaders();
  }

  /** A whole answer. */
  answer(status: number, body = '', headers: Record<string, string> = {}): void {
    this.response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers });
    this.response.end(body);
  }

  /** Bytes past Node's HTTP. */
  raw(text: string): Promise<void> {
    return new Promise((resolve) => this.socket.write(text, () => resolve()));
  }
}

export interface ScriptedHttp {
  /** `http://127.0.0.1:PORT` */
  url: string;
  /** In order of arrival. */
  peers: HttpPeer[];
  /** Settles when no connection is open. */
  idle(): Promise<void>;
  /** Connections so far. */
  connections: number;
  [Symbol.asyncDispose](): Promise<void>;
}

/** @param script run for each request; `nth` counts from 0 */
export async function scriptedHttp(script: (peer: HttpPeer, nth: number) => unknown): Promise<ScriptedHttp> {
  const server = createServer({ keepAliveTimeout: 0 });
  const sockets = new Set<Socket>();
  let changed = () => {};
  const scripted: ScriptedHttp = {
    url: '',
    peers: [],
    connections: 0,
    async idle() {
      while (sockets.size > 0) {
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
      }
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
  server.on('connection', (socket) => {
    scripted.connections++;
    sockets.add(socket);
    // Of each request on it one listens for its end.
    socket.setMaxListeners(0);
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      changed();
    });
  });
  server.on('request', (request, response) => {
    const peer = new HttpPeer(request, response);
    void script(peer, scripted.peers.push(peer) - 1);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  scripted.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return scripted;
}
