/** A bare HTTP client that sees every way in which an answer can end. */
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { Message } from './client.js';

export interface Answer {
  status: number | undefined;
  contentType: string | undefined;
  retryAfter: string | undefined;
  body: Buffer;
  /** False when the connection broke within the body. */
  complete: boolean;
}

/** One POST whose body is written piece by piece. */
export class Posting {
  readonly request: ClientRequest;
  /** Rejects when the connection breaks before a status. */
  readonly response: Promise<IncomingMessage>;
  #received = Buffer.alloc(0);
  #response: IncomingMessage | undefined;
  readonly #waiting: (() => void)[] = [];
  readonly #answered: Promise<Answer>;

  constructor(url: string, headers: Record<string, string> = {}) {
    this.request = request(url, { method: 'POST', headers: { 'x-api-key': 'test-key', ...headers } });
    this.response = new Promise((resolve, reject) => {
      this.request.on('response', resolve);
      this.request.on('error', reject);
    });
    this.response.catch(() => {});
    this.#answered = this.response.then((response) => this.#read(response));
    this.#answered.catch(() => {});
  }

  write(bytes: Uint8Array | Int16Array): this {
    this.request.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    return this;
  }

  /** Ends the body. */
  end(bytes?: Uint8Array | Int16Array): Promise<Answer> {
    if (bytes !== undefined) this.write(bytes);
    this.request.end();
    return this.#answered;
  }

  get received(): Buffer {
    return this.#received;
  }

  /** Resolves once this was received; rejects when the body ends without it. */
  async until(text: string): Promise<void> {
    const response = await this.response;
    while (!this.#received.includes(text)) {
      if (response.closed) throw new Error(`the body ended without ${text}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #read(response: IncomingMessage): Promise<Answer> {
    this.#response = response;
    response.on('data', (data: Buffer) => {
      this.#received = Buffer.concat([this.#received, data]);
      this.#wake();
    });
    response.on('error', () => {});
    return new Promise((resolve) => {
      response.on('close', () => {
        this.#wake();
        resolve({
          status: response.statusCode,
          contentType: response.headers['content-type'],
          retryAfter: response.headers['retry-after'],
          body: this.#received,
          complete: response.complete,
        });
      });
    });
  }

  pause(): void {
    this.#response?.pause();
  }

  resume(): void {
    this.#response?.resume();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

export function post(
  url: string,
  body: Uint8Array | Int16Array | object,
  headers?: Record<string, string>,
): Promise<Answer> {
  const bytes = ArrayBuffer.isView(body) ? (body as Uint8Array) : Buffer.from(JSON.stringify(body));
  return new Posting(url, headers).end(bytes);
}

export function linesOf({ body }: Answer): Message[] {
  const text = body.toString();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

export function textOf(answer: Answer): string {
  return linesOf(answer)
    .filter((line) => line.type === 'text')
    .map((line) => line.text)
    .join(' ');
}
