/**
 * The HTTP requests that a server in this process saw, whatever it says of them itself.
 * Not here: what they were about.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Published by Node for each request that a server of the process gets. */
const CHANNEL = 'http.server.request.start';

interface Started {
  request: IncomingMessage;
  response: ServerResponse;
}

export class RequestWatch {
  readonly #port: number;
  readonly #listener = (message: unknown) => this.#take(message as Started);
  #responses: ServerResponse[] = [];
  #came = () => {};

  /** @param url of the server */
  constructor(url: string) {
    this.#port = Number(new URL(url).port);
    subscribe(CHANNEL, this.#listener);
  }

  /** Since the start, or since it was cleared. */
  get requests(): number {
    return this.#responses.length;
  }

  /** Answers that have neither ended nor lost their connection. */
  get open(): number {
    return this.#responses.filter((response) => !response.writableFinished && !response.destroyed).length;
  }

  clear(): void {
    this.#responses = [];
  }

  /** Settles with the next request. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#came = resolve;
    });
  }

  [Symbol.dispose](): void {
    unsubscribe(CHANNEL, this.#listener);
  }

  #take({ request, response }: Started): void {
    if (request.socket.localPort !== this.#port) return;
    this.#responses.push(response);
    this.#came();
  }
}
