/**
 * A WebSocket server for client tests that does exactly what each test tells it, bad manners included.
 * Not here: any knowledge of the protocol beyond JSON with a `type`; the sandbox is a server that behaves.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

export type Message = Record<string, unknown> & { type: string };

/** One connected client, seen from the server. */
export class Peer {
  readonly ws: WebSocket;
  readonly socket: Socket;
  readonly request: IncomingMessage;
  /** Everything received so far, as parsed. */
  readonly received: Message[] = [];
  /** Settles when the connection is gone. */
  readonly closed: Promise<{ code: number }>;
  #cursor = 0;
  #arrived: () => void = () => {};

  constructor(ws: WebSocket, request: IncomingMessage) {
    this.ws = ws;
    this.request = request;
    this.socket = request.socket;
    ws.on('error', () => {});
    ws.on('message', (data) => {
      this.received.push(JSON.parse(data.toString()) as Message);
      this.#arrived();
    });
    this.closed = new Promise((resolve) => {
      ws.on('close', (code) => {
        resolve({ code });
        this.#arrived();
      });
    });
  }

  /** The next message of this type, passing over others; undefined when the client goes before it comes. */
  next(type: string): Promise<Message | undefined> {
    return this.nextOf(type);
  }

  /** The next message of one of these types, passing over others. */
  async nextOf(...types: string[]): Promise<Message | undefined> {
    for (;;) {
      for (let message = this.received[this.#cursor]; message; message = this.received[this.#cursor]) {
        this.#cursor++;
        if (types.includes(message.type)) return message;
      }
      if (this.ws.readyState === this.ws.CLOSED) return undefined;
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
  }

  send(...messages: (object | string)[]): void {
    for (const message of messages) {
      this.ws.send(typeof message === 'string' ? message : JSON.stringify(message));
    }
  }

  /** All audio received, decoded. */
  get audio(): Buffer {
    const parts = this.received.filter((message) => message.type === 'audio');
    return Buffer.concat(parts.map((message) => Buffer.from(message.audio as string, 'base64')));
  }

  of(type: string): Message[] {
    return this.received.filter((message) => message.type === type);
  }
}

export interface ScriptedServer {
  /** `http://127.0.0.1:PORT` */
  url: string;
  /** In order of arrival. */
  peers: Peer[];
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface Refusal {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

/**
 * @param script run for each connection; its return ends nothing
 * @param refuse answers an upgrade with HTTP instead, when it returns something; `nth` counts upgrades from 0
 */
export async function scriptedServer(
  script: (peer: Peer, nth: number) => unknown,
  refuse: (request: IncomingMessage, nth: number) => Refusal | undefined = () => undefined,
): Promise<ScriptedServer> {
  const http = createServer();
  const wss = new WebSocketServer({ noServer: true });
  const peers: Peer[] = [];
  let upgrades = 0;
  const sockets = new Set<Socket>();
  http.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  http.on('upgrade', (request, socket, head) => {
    const nth = upgrades++;
    const refusal = refuse(request, nth);
    if (refusal) {
      const { status, headers = {}, body = '' } = refusal;
      const lines = Object.entries({
        ...headers,
        'Content-Length': String(body.length),
        Connection: 'close',
      });
      socket.end(
        `HTTP/1.1 ${status} No\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`,
      );
      return;
    }
    wss.handleUpgrade(request, socket, head, (ws) => {
      const peer = new Peer(ws, request);
      peers.push(peer);
      script(peer, peers.length - 1);
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    http.close();
    await once(http, 'close');
  };
  const { port } = http.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, peers, close, [Symbol.asyncDispose]: close };
}

export const READY = {
  type: 'ready',
  request_id: 'req-1',
  model_name: 'scripted',
  sample_rate: 24000,
  frame_size: 1920,
  delay_in_frames: 10,
  text_stream_names: [],
};

/** Answers `setup`, waits for the end of the audio, says these messages, and closes as the service does. */
export async function politeStt(peer: Peer, ...says: (object | string)[]): Promise<void> {
  await peer.next('setup');
  peer.send(READY);
  if (!(await peer.next('end_of_stream'))) return;
  peer.send(...says, { type: 'end_of_stream' });
  peer.ws.close(1000);
}
