/**
 * One telephone call over a WebSocket: what it hears as streams, what is said to it paced, and its end.
 * Not here: the protocols (protocol.ts), what leaves when (outbound.ts).
 */
import { EventEmitter } from 'node:events';
import type { WebSocket } from 'ws';
import { onAbort } from '../abort.js';
import { argumentRangeError, argumentTypeError, ConnectionError } from '../errors.js';
import { PingWatchdog } from '../speech/ping-watchdog.js';
import { type CallClock, SYSTEM_CLOCK } from './clock.js';
import { type Line, type LineFormat, lineOf, PHONE_LINE } from './line-format.js';
import type { LineMessage, MediaStreamStart, MediaTrack } from './messages.js';
import { Outbound } from './outbound.js';
import type { Playback, PlaybackSource, PlayOptions } from './playback.js';
import { type LineProtocol, RawProtocol, TwilioProtocol } from './protocol.js';
import { TrackStream } from './track-stream.js';

/** How a {@link MediaStreamBridge} treats its call. */
export interface MediaStreamOptions {
  /**
   * `twilio`: Twilio Media Streams. `raw`: samples in binary messages both ways, 20 ms each from here, any length from
   * there; text messages are left alone. Default `twilio`.
   */
  protocol?: 'twilio' | 'raw' | undefined;
  /** The samples of a `raw` call. Default µ-law at 8 kHz, mono, as it always is with `twilio`, where it must be left out. */
  format?: LineFormat | undefined;
  /**
   * How far ahead of the moment it sounds audio leaves: 0 to 2 000 milliseconds. It carries the call over a stall of the
   * network or of this process. Twilio forgets it when there is a barge-in; a raw line cannot be made to, and the caller
   * hears so much more. Default 200; `raw`: 0.
   */
  leadMs?: number | undefined;
  /**
   * Audio that is waited for before a playback begins, or goes on after its source was too slow: 0 to 2 000 milliseconds.
   * Default 100.
   */
  prebufferMs?: number | undefined;
  /**
   * What is sent where there is nothing to say. `silence`: frames of silence all the time, as lines want that take a pause
   * for a broken call. `nothing`: the far end fills the pause itself, as Twilio does. Default `nothing`; `raw`: `silence`.
   */
  underrun?: 'silence' | 'nothing' | undefined;
  /** Ends the call: closes the socket, destroys the streams with the reason, untouched. Default: none. */
  signal?: AbortSignal | undefined;
  /** Another time than the system's, for simulations. Default: the system's. */
  clock?: CallClock | undefined;
}

/** What a {@link MediaStreamBridge} tells, by the arguments of its listeners. */
export interface MediaStreamEvents {
  /** The media begin; who calls. With `raw` as soon as the socket is open. */
  start: [start: MediaStreamStart];
  /** The caller has pressed a key: `0` to `9`, `*`, `#`, `A` to `D`. */
  dtmf: [digit: string];
  /** The far end has come to a mark that is not the bridge's own: somebody else sent it on the same socket. */
  mark: [name: string];
  /** The call has ended well: the service said `stop`, or the raw line was closed with a goodbye. */
  stop: [];
  /** The call broke, or was aborted. Not thrown into the event loop when nobody listens. */
  error: [error: unknown];
}

/** Unsent bytes in the socket, 2 s of Twilio's messages: the far end takes nothing. Frames then wait here. */
const MAX_UNSENT_BYTES = 32 * 1024;
const MAX_DURATION_MS = 2_000;
/** Without a message a ping is sent, and after as long again the far end is taken for gone. */
const PING_MS = 20_000;
/** RFC 6455 §7.4.1: normal, going away, and a close without a code. */
const GOODBYES = [1000, 1001, 1005];
/** States of a WebSocket. */
const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 3;

/**
 * A call, from a `ws` WebSocket that the telephone service has opened. Make it at once when the socket is there: messages
 * that come before are lost.
 *
 * The socket becomes the bridge's own. What the protocol does not allow ends the call with a `ConnectionError`
 * ERR_PROTOCOL; a socket that closes without the goodbye of its protocol, or whose far end is gone without a word, with
 * ERR_CLOSED_EARLY: `error` tells it, the streams are destroyed with it, and playbacks reject with it.
 *
 * @example
 * import { pipeline } from 'node:stream';
 * import { type WebSocket, WebSocketServer } from 'ws';
 * const client = new Gradium();
 * async function answer(socket: WebSocket) {
 *   const call = new MediaStreamBridge(socket);
 *   const hearing = client.stt.stream({ format: call.inbound.outputFormat, turns: {} });
 *   for await (const event of pipeline(call.inbound, hearing, () => call.close())) {
 *     if (event.type === 'word') call.clear(); // barge-in
 *     if (event.type !== 'turnEnd') continue;
 *     const voice = client.tts.stream({ outputFormat: 'ulaw_8000' });
 *     voice.end(`You said: ${event.text}`);
 *     const { done } = call.play(voice);
 *     done.then(({ words }) => console.log('heard:', words.map(({ text }) => text).join(' ')), console.error);
 *   }
 * }
 * new WebSocketServer({ port: 8080 }).on('connection', (socket) => answer(socket).catch(console.error));
 */
export class MediaStreamBridge extends EventEmitter<MediaStreamEvents> implements AsyncDisposable {
  /** What came in by track. `outbound`, what the caller is played, is sent to a listening `<Start><Stream>` alone. */
  readonly tracks: Readonly<Record<MediaTrack, TrackStream>>;
  readonly #socket: WebSocket;
  readonly #protocol: LineProtocol;
  readonly #outbound: Outbound;
  readonly #watchdog: PingWatchdog;
  #info: MediaStreamStart | undefined;
  #ended = false;
  #forgetSignal = () => {};

  /**
   * @param socket of the package `ws`, open or opening
   * @throws TypeError, RangeError ERR_INVALID_ARG
   */
  constructor(socket: WebSocket, options: MediaStreamOptions = {}) {
    super();
    const { protocol, line, leadMs, prebufferMs, fillsSilence, signal, clock } = checkOptions(
      socket,
      options,
    );
    // Errors are for whoever listens; nobody doing so must not end the process.
    this.on('error', () => {});
    this.#socket = socket;
    this.#protocol = protocol;
    this.tracks = { inbound: new TrackStream(line), outbound: new TrackStream(line) };
    this.#outbound = new Outbound({
      clock,
      line,
      protocol,
      leadMs,
      prebufferMs,
      fillsSilence,
      send: (message) => this.#send(message),
      canSend: () => socket.readyState === OPEN && socket.bufferedAmount <= MAX_UNSENT_BYTES,
    });
    this.#watchdog = new PingWatchdog(PING_MS, {
      ping: () => this.#ping(),
      onSilence: () => this.#fail(this.#closedEarly('fell silent')),
    });
    this.#listen();
    if (signal?.aborted) this.#failSoon(signal.reason);
    else if (socket.readyState === CLOSED) this.#failSoon(this.#closedEarly('closed'));
    else if (signal) this.#forgetSignal = onAbort(signal, () => this.#fail(signal.reason));
  }

  /** What the caller says, in the format of the call. The same as `tracks.inbound`. */
  get inbound(): TrackStream {
    return this.tracks.inbound;
  }

  /** Who calls; undefined before `start`. */
  get info(): MediaStreamStart | undefined {
    return this.#info;
  }

  /**
   * Says something, behind what is being said already; before `start` it waits for that. A source that says that it gives
   * other samples than the call has, or a WAV, is converted; one that says nothing must give those of the call. The last
   * frame is filled up with silence. Callers hang up at any moment: after the end of the call the source is closed at once,
   * and nothing of it was heard.
   *
   * @throws TypeError ERR_INVALID_ARG; ERR_FORMAT_MISMATCH where the source says that it gives Opus
   */
  play(source: PlaybackSource, options: PlayOptions = {}): Playback {
    return this.#outbound.play(source, options);
  }

  /**
   * Barge-in: stops every playback, closes their sources, drops what comes from there still, and has the far end forget
   * what it was sent. Audio played from now on is heard at once.
   */
  clear(): void {
    if (!this.#ended) this.#outbound.clear();
  }

  /** Ends the call from here: playbacks stop, the streams end, the socket is closed. Again: nothing. */
  close(): void {
    if (!this.#end()) return;
    this.#outbound.end();
    this.#endTracks();
    this.#socket.close(1000);
  }

  /** As `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #listen(): void {
    const socket = this.#socket;
    socket.binaryType = 'nodebuffer';
    socket.on('message', (data, isBinary) => this.#received(data as Buffer, isBinary));
    socket.on('error', (error) => this.#fail(this.#closedEarly('failed', undefined, error)));
    socket.on('close', (code) => this.#closed(code));
    socket.on('pong', () => this.#watchdog.heard());
    this.#watchdog.start();
    if (!this.#protocol.start) return;
    // A tick later: whoever makes the bridge has yet to listen.
    if (socket.readyState === CONNECTING) socket.once('open', () => this.#start(this.#protocol.start));
    else queueMicrotask(() => this.#start(this.#protocol.start));
  }

  #received(data: Buffer, isBinary: boolean): void {
    if (this.#ended) return;
    this.#watchdog.heard();
    let message: LineMessage | undefined;
    try {
      message = this.#protocol.receive(data, isBinary);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (message) this.#handle(message);
  }

  #handle(message: LineMessage): void {
    switch (message.event) {
      case 'start':
        this.#start(message.start);
        break;
      case 'media':
        this.tracks[message.track].add(message.audio, message.atMs);
        break;
      case 'mark':
        if (!this.#outbound.marked(message.name)) this.emit('mark', message.name);
        break;
      case 'dtmf':
        this.emit('dtmf', message.digit);
        break;
      case 'stop':
        this.#stopped();
    }
  }

  #start(start: MediaStreamStart | undefined): void {
    if (this.#ended || !start) return;
    this.#info = start;
    this.#outbound.open();
    this.emit('start', start);
  }

  #stopped(): void {
    this.close();
    this.emit('stop');
  }

  #closed(code: number): void {
    if (this.#ended) return;
    if (!this.#protocol.hasMarks && GOODBYES.includes(code)) this.#stopped();
    else this.#fail(this.#closedEarly('closed', code));
  }

  #closedEarly(what: string, closeCode?: number, cause?: unknown): ConnectionError {
    const code = closeCode === undefined ? '' : ` (code ${closeCode})`;
    return new ConnectionError(`the call's connection ${what} before its end${code}`, {
      code: 'ERR_CLOSED_EARLY',
      phase: this.#info ? 'stream' : 'setup',
      retryable: false,
      closeCode,
      cause,
    });
  }

  #fail(reason: unknown): void {
    if (this.#break(reason)) this.emit('error', reason);
  }

  /** While it is made: whoever makes it has yet to listen. */
  #failSoon(reason: unknown): void {
    if (this.#break(reason)) queueMicrotask(() => this.emit('error', reason));
  }

  #break(reason: unknown): boolean {
    if (!this.#end()) return false;
    this.#outbound.end(reason);
    for (const track of Object.values(this.tracks)) track.destroy(reason as Error);
    this.#socket.close();
    return true;
  }

  #end(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.#watchdog.stop();
    this.#forgetSignal();
    return true;
  }

  #endTracks(): void {
    for (const track of Object.values(this.tracks)) track.finish();
  }

  #ping(): void {
    if (this.#socket.readyState === OPEN) this.#socket.ping();
  }

  /** A socket that is closing says so by `close`. */
  #send(message: string | Buffer): void {
    if (this.#socket.readyState === OPEN) this.#socket.send(message);
  }
}

interface CheckedOptions {
  line: Line;
  protocol: LineProtocol;
  leadMs: number;
  prebufferMs: number;
  fillsSilence: boolean;
  signal: AbortSignal | undefined;
  clock: CallClock;
}

function checkOptions(socket: WebSocket, options: MediaStreamOptions): CheckedOptions {
  if (typeof socket?.send !== 'function' || typeof socket.on !== 'function') {
    throw argumentTypeError('socket must be a WebSocket of the package ws');
  }
  if (typeof options !== 'object' || options === null) throw argumentTypeError('options must be an object');
  const { protocol = 'twilio', format, signal, clock = SYSTEM_CLOCK } = options;
  checkWord(protocol, 'protocol', ['twilio', 'raw']);
  const isRaw = protocol === 'raw';
  const { leadMs = isRaw ? 0 : 200, prebufferMs = 100, underrun = isRaw ? 'silence' : 'nothing' } = options;
  checkDuration(leadMs, 'leadMs');
  checkDuration(prebufferMs, 'prebufferMs');
  checkWord(underrun, 'underrun', ['silence', 'nothing']);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw argumentTypeError('signal must be an AbortSignal');
  }
  if (format !== undefined && !isRaw)
    throw argumentTypeError("format is for protocol: 'raw'; Twilio has one");
  const line = format === undefined ? PHONE_LINE : lineOf(format);
  return {
    line,
    protocol: isRaw ? new RawProtocol(line) : new TwilioProtocol(),
    leadMs,
    prebufferMs,
    fillsSilence: underrun === 'silence',
    signal,
    clock,
  };
}

function checkWord(value: unknown, name: string, words: readonly string[]): void {
  if (typeof value !== 'string') throw argumentTypeError(`${name} must be one of ${words.join(', ')}`);
  if (!words.includes(value)) throw argumentRangeError(`${name} must be one of ${words.join(', ')}`);
}

function checkDuration(value: unknown, name: string): void {
  if (typeof value !== 'number') throw argumentTypeError(`${name} must be a number of milliseconds`);
  if (!(value >= 0 && value <= MAX_DURATION_MS)) {
    throw argumentRangeError(`${name} must be 0 to ${MAX_DURATION_MS} milliseconds, got ${value}`);
  }
}
