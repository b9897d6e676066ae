/**
 * An HTTP POST as a channel: the answer's lines are messages (wire reference, section 1.3).
 * Not here: what becomes of our messages (post-link.ts), the exchange itself (src/speech/http.ts).
 */
import { ConnectionError } from '../errors.js';
import {
  brokenError,
  type ErrorContext,
  HttpExchange,
  type HttpHead,
  LineSplitter,
  protocolError,
  quoted,
  type Target,
} from '../speech/index.js';
import type { Channel, ChannelOptions } from './channel.js';
import { parseMessage } from './messages.js';

/** As of a WebSocket's messages. */
const MAX_LINE_BYTES = 8 * 1024 * 1024;
/** The service's own, if there is one, comes with the answer, maybe only after all of the input. */
const READY = Buffer.from('{"type":"ready","provisional":true}');
const END = Buffer.from('{"type":"end_of_stream"}');

/** What a route asks for. */
export interface PostRequest {
  url: URL;
  contentType: string;
  /** `streamed`: as it comes. */
  body: Buffer | 'streamed';
  /** Audio by itself is asked for, not lines. */
  onlyAudio: boolean;
}

export abstract class PostChannel implements Channel {
  /** Nobody else is on it. */
  readonly clientReqId = undefined;
  readonly #target: Target;
  readonly #options: ChannelOptions;
  readonly #lines = new LineSplitter(MAX_LINE_BYTES);
  #exchange: HttpExchange | undefined;
  #onlyAudio = false;
  #head: HttpHead | undefined;
  /** Anything of it has come. */
  #answered = false;
  /** It began with `ready`: what passes that on will pass on `end_of_stream`. */
  #saysEnd = false;
  /** All of it has come. */
  #whole = false;
  #opened = false;
  #paused = false;
  #ended = false;

  constructor(target: Target, options: ChannelOptions) {
    this.#target = target;
    this.#options = options;
    this.#soon(() => {
      this.#opened = true;
      options.onOpen();
    });
  }

  get secrets(): readonly string[] {
    return this.#target.secrets;
  }

  /** Before there is a request it takes messages as well: those that make up the request. */
  get isOpen(): boolean {
    return !this.#ended && (this.#whole || (this.#exchange?.isOpen ?? this.#opened));
  }

  get bufferedBytes(): number {
    return this.#exchange?.bufferedBytes ?? 0;
  }

  /** @throws TypeError ERR_INVALID_STATE of a message that a POST does not have, such as `flush` */
  send(message: string | Buffer): void {
    if (!this.#ended) this.take(message);
  }

  pause(): void {
    this.#paused = true;
    this.#exchange?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#exchange?.resume();
  }

  close(): void {
    this.#ended = true;
    this.#exchange?.close();
  }

  destroy(): void {
    this.#ended = true;
    this.#exchange?.destroy();
  }

  fail(error: unknown): void {
    if (this.#ended) return;
    this.destroy();
    this.#options.onFail(error);
  }

  /** Makes what it can of one of our messages. */
  protected abstract take(message: string | Buffer): void;

  /** The address that the client knows; the query is the route's. */
  protected get url(): URL {
    return new URL(this.#target.url);
  }

  /** A message was taken that goes out with others, or not at all. */
  protected taken(): void {
    this.#soon(() => this.#options.onSent());
  }

  /** `setup` was understood: input may follow at once. */
  protected setUp(): void {
    this.taken();
    this.#soon(() => this.#options.onMessage(READY));
  }

  protected ask({ url, contentType, body, onlyAudio }: PostRequest): void {
    this.#onlyAudio = onlyAudio;
    const { connectMs, where } = this.#options;
    this.#exchange = new HttpExchange({
      method: 'POST',
      target: { ...this.#target, url },
      contentType,
      body,
      // Of a whole body: a connection that closes as the request leaves has not brought it to the service.
      repeatable: true,
      connectMs,
      // The session has deadlines of its own.
      setupMs: 0,
      idleMs: 0,
      where,
      onOpen: () => this.#options.onDrain(),
      onSent: () => this.#options.onSent(),
      onHead: (head) => this.#gotHead(head),
      onData: (bytes) => this.#gotData(bytes),
      onEnd: () => this.#gotEnd(),
      onFail: (error) => this.fail(error),
    });
    if (this.#paused) this.#exchange.pause();
  }

  /** A part of a streamed body. */
  protected write(bytes: Buffer): void {
    if (bytes.length === 0) this.taken();
    else this.#exchange?.write(bytes, () => this.#options.onSent());
  }

  /** What a streamed body begins with, beside the audio. */
  protected writeHead(bytes: Buffer): void {
    this.#exchange?.write(bytes, () => {});
  }

  /** The end of a streamed body. */
  protected finish(): void {
    this.#exchange?.end();
  }

  /** Handlers are never called from within a call of theirs. */
  #soon(call: () => void): void {
    process.nextTick(() => {
      if (this.#ended) return;
      try {
        call();
      } catch (error) {
        this.fail(error);
      }
    });
  }

  #gotHead(head: HttpHead): void {
    this.#head = head;
    const { contentType } = head;
    // The service may answer with lines all the same: those of an error.
    if (/json/.test(contentType)) this.#onlyAudio = false;
    else if ((this.#onlyAudio ? /^text\// : /^(audio|image|video)\/|html/).test(contentType)) {
      const due = this.#onlyAudio ? 'audio is' : 'JSON lines are';
      throw this.#protocolError(`an answer of type ${quoted(contentType, this.secrets)} where ${due} due`);
    }
  }

  #gotData(bytes: Buffer): void {
    if (this.#onlyAudio) {
      this.#answered = true;
      this.#options.onAudio?.(bytes);
      return;
    }
    const lines = this.#lines.process(bytes);
    this.#gotLines(lines ?? []);
    if (!lines) throw this.#protocolError(`a line of more than ${MAX_LINE_BYTES} bytes`);
  }

  #gotLines(lines: Buffer[]): void {
    for (const line of lines) {
      if (this.#ended) return;
      if (isBlank(line)) continue;
      if (!this.#answered) this.#saysEnd = isReady(line);
      this.#answered = true;
      this.#options.onMessage(line);
    }
  }

  /** The body is whole, and without `end_of_stream`, which not all of this service's answers have. */
  #gotEnd(): void {
    this.#whole = true;
    this.#gotLines(this.#lines.flush());
    if (this.#ended) return;
    if (!this.#answered) throw this.#emptyAnswer();
    if (this.#saysEnd || !this.#head?.delimited) throw this.#cutOff();
    this.#options.onMessage(END);
    // A session waits a turn to hear that all was sent; or it waits for a code that will not come.
    setImmediate(() => this.fail(this.#cutOff()));
  }

  #cutOff(): Error {
    return brokenError(new Error('no end_of_stream'), this.#context());
  }

  #emptyAnswer(): ConnectionError {
    const { phase, requestId } = this.#options.where();
    return new ConnectionError(
      'the service answered with an empty body, as it does to a json_config that it cannot read: check the options, above all `extra`; if they are right, it may have heard nothing but silence',
      { code: 'ERR_PROTOCOL', phase, requestId, retryable: false },
    );
  }

  #protocolError(message: string): ConnectionError {
    return protocolError(message, this.#context());
  }

  #context(): ErrorContext {
    return { ...this.#options.where(), secrets: this.secrets };
  }
}

function isReady(line: Buffer): boolean {
  try {
    return parseMessage(line).type === 'ready';
  } catch {
    return false; // what it is instead, the session says
  }
}

function isBlank(line: Buffer): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}
