/**
 * One request's way to the service and back, whatever carries it: a WebSocket of its own, a share of one, or a POST.
 * Not here: what the messages mean (session.ts), what carries them (socket-link.ts, post-link.ts).
 */
import type { ConnectionPhase } from '../errors.js';

/** What of the service is asked: speech to text, text to speech, speech to speech. */
export type Route = 'stt' | 'tts' | 's2s';

export interface ChannelHandlers {
  /** Messages may be sent from now on. */
  onOpen(): void;
  /** One JSON text message, as the UTF-8 bytes that came. A throw ends the channel with that error. */
  onMessage(data: Buffer): void;
  /** Audio by itself, which a POST may ask for (`only_audio`). As `onMessage` for the rest. */
  onAudio?(bytes: Buffer): void;
  /** The kernel has taken one of our messages; look at `bufferedBytes` again. */
  onSent(): void;
  /** Something else made room; look at `isOpen` and `bufferedBytes` again. */
  onDrain(): void;
  /** Whether others on the same way keep it from being read: what the service says, or its silence, is not known then. */
  onStalled(stalled: boolean): void;
  /** The channel is gone, and nobody here asked for it. Called at most once, after which nothing is called. */
  onFail(error: unknown): void;
}

export interface ChannelOptions extends ChannelHandlers {
  /** 0: no deadline. */
  connectMs: number;
  /** 0: never. On a way that others share, its own counts. */
  pingMs: number;
  /** Where the request stands, for the errors. */
  where: () => { phase: ConnectionPhase; requestId: string | undefined };
}

export interface Channel {
  /** The `client_req_id` of every message of this request; undefined: none has one. Known from the start. */
  readonly clientReqId: string | undefined;
  /** Whether the way outlives the request, so that the service must not close it; undefined: it does not. */
  readonly staysOpen?: boolean;
  /** Texts that must never appear in a message or a log. */
  readonly secrets: readonly string[];
  readonly isOpen: boolean;
  /** Bytes given to `send`, by any request that shares the way, and not yet taken by the kernel. */
  readonly bufferedBytes: number;
  /** Sends one text message; a Buffer may be reused as soon as this returns. */
  send(message: string | Buffer): void;
  /** Stops reading. */
  pause(): void;
  resume(): void;
  /** The request ended well: the service has said its `end_of_stream`. */
  close(): void;
  /** Drops the request at once. */
  destroy(): void;
  /** Ends it for a reason found by its user, who hears of it through `onFail`. */
  fail(error: unknown): void;
}

/** A way to the service. */
export interface Link {
  /** Connects, or takes its place on what is connected, at once. No handler is called before it has returned. */
  open(route: Route, options: ChannelOptions): Channel;
}
