/**
 * Writes to one WebSocket and ends it, each way in which it can end.
 * Not here: what is written (connection.ts).
 */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { breakOff } from './broken-tcp.js';

/** Bytes waiting to be written above which no more answers are made, and below which work goes on. */
const WRITE_HIGH_BYTES = 1024 * 1024;
const WRITE_LOW_BYTES = 256 * 1024;

export class SocketLine {
  readonly #socket: WebSocket;
  readonly #tcp: Socket;
  readonly #gone = new AbortController();
  /** True once it was ended here: what still arrives is read and dropped, until the peer ends it too. */
  #closing = false;
  #waiting: (() => void)[] = [];

  /** @param tcp the connection under the WebSocket */
  constructor(socket: WebSocket, tcp: Socket) {
    this.#socket = socket;
    this.#tcp = tcp;
    socket.on('close', () => {
      this.#closing = true;
      this.#gone.abort();
      this.#wake();
    });
  }

  get isClosing(): boolean {
    return this.#closing;
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Bytes go in a binary frame. */
  write(data: string | Uint8Array): void {
    if (this.#closing) return;
    // The callback comes with an error when the socket is gone; the close event deals with that.
    this.#socket.send(data, () => {
      if (this.#socket.bufferedAmount < WRITE_LOW_BYTES) this.#wake();
    });
  }

  /** Undefined while there is room; else resolves once there is, or nobody reads any more. */
  room(): Promise<void> | undefined {
    if (this.#socket.bufferedAmount <= WRITE_HIGH_BYTES || this.#gone.signal.aborted) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    if (this.#socket.isPaused) this.#socket.resume();
  }

  /**
   * Sends a close frame and goes on reading until the peer's: closing at once would reset the connection under
   * a client that is still sending, and it would lose the messages on their way to it.
   */
  close(code: number): void {
    if (this.#closing) return;
    this.#closing = true;
    this.resume();
    this.#socket.close(code);
  }

  /** Breaks the connection without a close frame. Its bytes go past the WebSocket, which would answer a ping. */
  drop(): void {
    this.#closing = true;
    this.#tcp.removeAllListeners('data').resume();
    breakOff(this.#tcp);
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
