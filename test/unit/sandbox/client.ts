/** A bare protocol client on `ws`: no retries, no checks, no conveniences that would hide the server. */
import { WebSocket } from 'ws';

export interface Message {
  type: string;
  [field: string]: unknown;
}

export class RawClient {
  readonly #socket: WebSocket;
  readonly #waiting: (() => void)[] = [];
  /** Everything received so far. */
  readonly messages: Message[] = [];
  /** Text that was no JSON. */
  readonly broken: string[] = [];
  /** Binary frames. */
  readonly binary: Buffer[] = [];
  closeCode: number | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      try {
        if (isBinary) this.binary.push(data);
        else this.messages.push(JSON.parse(data.toString()));
      } catch {
        this.broken.push(data.toString());
      }
      this.#wake();
    });
    socket.on('close', (code) => {
      this.closeCode = code;
      this.#wake();
    });
    socket.on('error', () => {}); // a close event follows
  }

  /** Rejects with `{ status, retryAfter }` when the upgrade is refused. */
  static open(
    sandboxUrl: string,
    path: string,
    headers: Record<string, string> = { 'x-api-key': 'test-key' },
  ): Promise<RawClient> {
    const socket = new WebSocket(sandboxUrl.replace('http', 'ws') + path, { headers });
    const client = new RawClient(socket);
    return new Promise((resolve, reject) => {
      socket.on('open', () => resolve(client));
      socket.on('unexpected-response', (request, response) => {
        reject({ status: response.statusCode, retryAfter: response.headers['retry-after'] });
        request.destroy();
      });
    });
  }

  get socket(): WebSocket {
    return this.#socket;
  }

  send(...messages: object[]): void {
    for (const message of messages) this.#socket.send(JSON.stringify(message));
  }

  /** Resolves at the first message (old or new) that fits; rejects when the socket closes without one. */
  async next(fits: string | ((message: Message) => boolean)): Promise<Message> {
    const test = typeof fits === 'string' ? (message: Message) => message.type === fits : fits;
    for (;;) {
      const found = this.messages.find(test);
      if (found !== undefined) return found;
      if (this.closeCode !== undefined) throw new Error(`closed with ${this.closeCode}`);
      await this.#change();
    }
  }

  /** Resolves with the close code. */
  async closed(): Promise<number> {
    while (this.closeCode === undefined) await this.#change();
    return this.closeCode;
  }

  types(id?: unknown): string[] {
    return this.messages
      .filter((message) => id === undefined || message.client_req_id === id)
      .map((message) => message.type);
  }

  of(type: string, id?: unknown): Message[] {
    return this.messages.filter(
      (message) => message.type === type && (id === undefined || message.client_req_id === id),
    );
  }

  text(id?: unknown): string {
    return this.of('text', id)
      .map((message) => message.text)
      .join(' ');
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

export function audio(bytes: Uint8Array | Int16Array, id?: string): object {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  return { type: 'audio', audio: data, ...(id === undefined ? {} : { client_req_id: id }) };
}

/** What a client says first on a bare TCP connection. */
export function upgrade(path: string): string {
  return [
    `GET ${path} HTTP/1.1`,
    'Host: sandbox',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'x-api-key: k',
    '\r\n',
  ].join('\r\n');
}

/** RFC 6455 §5.2: a final text frame with a 64-bit length; a mask of zeros leaves the payload as it is. */
export function textFrame(message: object): Buffer {
  const payload = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(14);
  head[0] = 0x81;
  head[1] = 0x80 | 127;
  head.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([head, payload]);
}
