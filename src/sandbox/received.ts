/**
 * What came in, for tests to look at: never a key or a token, and never more than fits in some megabytes.
 * Not here: where it is asked for (control.ts, server.ts).
 */
import type { Message } from './protocol.js';
import type { Route } from './routes.js';

/** How a session ended. */
export interface SessionEnd {
  /**
   * `end_of_stream`: in good order. `error`: by an error message. `close`, `drop`: by a fault of that name. `gone`: its
   * connection ended with the session open.
   */
  how: 'end_of_stream' | 'error' | 'close' | 'drop' | 'gone';
  /** Of the error, or of the close frame. */
  code?: number;
}

/** One session as it came in. */
export interface ReceivedSession {
  /** Counted from 1. */
  id: number;
  /** The number of its connection, from 1; those of one WebSocket have the same. */
  connection: number;
  /** What it was for. */
  route: Route;
  /** What carried it. */
  transport: 'websocket' | 'post';
  /** The setup message; of a POST, what its query and body come to. `{ truncated: true }` beyond 16 KiB of JSON. */
  setup: Record<string, unknown>;
  /** Audio messages; of a POST, pieces of its body. */
  audioMessages: number;
  /** Bytes of audio in them. */
  audioBytes: number;
  /** The texts of text messages: at most the first 1000, and 32 768 characters of them. */
  texts: string[];
  /** The ids of flush messages, at most the first 1000; null for what is neither a number nor short text. */
  flushIds: (number | string | null)[];
  /** How it ended; null while it is open. */
  end: SessionEnd | null;
}

/** One request of REST. */
export interface ReceivedRequest {
  /** Such as `GET`. */
  method: string;
  /** Without `/api` and query: `/voices`. At most 1000 characters. */
  path: string;
  /** Of the answer, though a fault may have kept it back; null: there is none yet, or the client broke off. */
  status: number | null;
}

/** What a sandbox received since it started, or since that was cleared. */
export interface Received {
  /** WebSockets and POSTs that were let in, each counted once. */
  connections: {
    /** So many began. */
    opened: number;
    /** So many ended. */
    closed: number;
  };
  /** TCP connections that are open now; over HTTP, without the one that asks. */
  sockets: number;
  /** The sessions, oldest first: at most the newest 1000. */
  sessions: ReceivedSession[];
  /** The requests of REST, oldest first: at most the newest 1000. */
  requests: ReceivedRequest[];
}

const MAX_SESSIONS = 1_000;
const MAX_REQUESTS = 1_000;
const MAX_PATH_CHARS = 1_000;
const MAX_ITEMS = 1_000;
const MAX_SETUP_CHARS = 16 * 1024;
const MAX_TEXT_CHARS = 32 * 1024;
const MAX_FLUSH_ID_CHARS = 100;

/** Where a session comes from. */
export type Origin = Pick<ReceivedSession, 'connection' | 'transport'>;

export class ReceivedLog {
  #sessions: ReceivedSession[] = [];
  #requests: ReceivedRequest[] = [];
  #count = 0;
  #opened = 0;
  #closed = 0;

  /** @param sockets TCP connections that are open now */
  report(sockets: number): Received {
    return {
      connections: { opened: this.#opened, closed: this.#closed },
      sockets,
      sessions: structuredClone(this.#sessions),
      requests: structuredClone(this.#requests),
    };
  }

  clear(): void {
    this.#sessions = [];
    this.#requests = [];
    this.#opened = 0;
    this.#closed = 0;
  }

  connectionOpened(): void {
    this.#opened++;
  }

  connectionClosed(): void {
    this.#closed++;
  }

  /** What is given back takes the status. */
  beginRequest(method: string, path: string): ReceivedRequest {
    const request = { method, path: path.slice(0, MAX_PATH_CHARS), status: null };
    this.#requests.push(request);
    if (this.#requests.length > MAX_REQUESTS) this.#requests.shift();
    return request;
  }

  begin(route: Route, setup: Message, origin: Origin): SessionRecord {
    const session: ReceivedSession = {
      id: ++this.#count,
      ...origin,
      route,
      setup: shortened(setup),
      audioMessages: 0,
      audioBytes: 0,
      texts: [],
      flushIds: [],
      end: null,
    };
    this.#sessions.push(session);
    if (this.#sessions.length > MAX_SESSIONS) this.#sessions.shift();
    return new SessionRecord(session);
  }
}

export class SessionRecord {
  readonly #session: ReceivedSession;
  #textChars = 0;

  constructor(session: ReceivedSession) {
    this.#session = session;
  }

  take({ type, audio, text, flush_id }: Message): void {
    if (type === 'audio') this.#takeAudio(audio);
    else if (type === 'text' && typeof text === 'string') this.#takeText(text);
    else if (type === 'flush' && this.#session.flushIds.length < MAX_ITEMS) {
      this.#session.flushIds.push(flushIdOf(flush_id));
    }
  }

  end(end: SessionEnd): void {
    this.#session.end = end;
  }

  #takeAudio(audio: unknown): void {
    this.#session.audioMessages++;
    if (typeof audio === 'string') this.#session.audioBytes += Buffer.byteLength(audio, 'base64');
    else if (audio instanceof Uint8Array) this.#session.audioBytes += audio.length;
  }

  #takeText(text: string): void {
    const room = MAX_TEXT_CHARS - this.#textChars;
    if (room <= 0 || this.#session.texts.length >= MAX_ITEMS) return;
    this.#session.texts.push(text.slice(0, room));
    this.#textChars += text.length;
  }
}

function flushIdOf(id: unknown): number | string | null {
  if (typeof id === 'number') return id;
  return typeof id === 'string' && id.length <= MAX_FLUSH_ID_CHARS ? id : null;
}

/** A copy, or what stands for one that is too long to keep. */
function shortened(setup: Message): Record<string, unknown> {
  const json = JSON.stringify(setup);
  return json.length > MAX_SETUP_CHARS ? { truncated: true } : JSON.parse(json);
}
