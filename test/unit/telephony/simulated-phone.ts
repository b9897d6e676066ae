// The far end of a call as Twilio Media Streams behaves: it numbers its messages, plays what it is sent in real time, answers
// a mark when the audio before it was played, and a clear with the marks that it had not come to. What it is sent and must not
// be is an error. Beside it: a socket without a network. Not here: the bridge at the other end.
import { EventEmitter } from 'node:events';
import type { WebSocket } from 'ws';
import type { CallClock } from '../../../src/telephony/index.js';

export const STREAM_SID = 'MZ18ad3ab5a668481ce02b83e7395059f0';
const FRAME_BYTES = 160;
const FRAME_MS = 20;
/** 20 s. */
const PATIENCE_FRAMES = 1_000;
/** What the ear hears of an empty buffer; told by being this very object from silence that was sent. */
export const NOTHING = Buffer.alloc(FRAME_BYTES, 0xff);

interface Line {
  send(message: string): void;
  close(): void;
}

type Queued = { audio: Buffer } | { mark: string };

export class SimulatedPhone {
  readonly #clock: CallClock;
  readonly #line: Line;
  #sequence = 0;
  #chunk = 0;
  #atMs = 0;
  #timer: unknown;
  #nextMs = 0;
  #speech: Buffer = Buffer.alloc(0);
  #queue: Queued[] = [];
  #playing = false;
  #onFrame = () => {};
  /** What the ear heard, 160 bytes for each 20 ms of the call; `NOTHING` where there was nothing to play. */
  readonly heard: Buffer[] = [];
  /** The messages that came, in their order: `media` with the time of the clock. */
  readonly received: { event: string; atMs: number; name?: string; bytes?: number }[] = [];

  constructor(line: Line, clock: CallClock) {
    this.#line = line;
    this.#clock = clock;
  }

  /** Calls; media begin to flow. */
  call(customParameters: Record<string, string> = {}): void {
    this.#line.send(JSON.stringify({ event: 'connected', protocol: 'Call', version: '1.0.0' }));
    this.#send('start', {
      start: {
        accountSid: 'AC0123456789abcdef0123456789abcdef',
        streamSid: STREAM_SID,
        callSid: 'CA0123456789abcdef0123456789abcdef',
        tracks: ['inbound'],
        mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
        customParameters,
      },
    });
    this.#nextMs = this.#clock.nowMs();
    this.#tick();
  }

  /** Speaks µ-law bytes, behind what it speaks already. */
  speak(audio: Buffer): void {
    this.#speech = Buffer.concat([this.#speech, audio]);
  }

  press(digit: string): void {
    this.#send('dtmf', { dtmf: { track: 'inbound_track', digit } });
  }

  hangUp(): void {
    this.#send('stop', { stop: { accountSid: 'AC0', callSid: 'CA0' } });
    this.drop();
  }

  /** The connection is gone, without a word. */
  drop(): void {
    this.#clock.stopTimer(this.#timer);
    this.#line.close();
  }

  /** All that it heard but the silence. */
  get speechHeard(): Buffer {
    return Buffer.concat(this.heard.filter((frame) => frame.some((code) => code !== 0xff)));
  }

  /** Until so much that is no silence was heard. */
  heardSpeech(ms: number): Promise<void> {
    return this.#until(() => this.speechHeard.length >= 8 * ms);
  }

  /** Until nothing was heard for so long. */
  fallsSilent(ms: number): Promise<void> {
    const frames = ms / FRAME_MS;
    const from = this.heard.length;
    return this.#until(() => {
      const last = this.heard.slice(from).slice(-frames);
      return last.length === frames && last.every((frame) => frame.every((code) => code === 0xff));
    });
  }

  /**
   * Until so much of this was heard, in one piece of whole frames; what was heard before counts for nothing. Fails when
   * something else is heard and then nothing, or for much longer than this would take.
   */
  hears(audio: Buffer, ms = audio.length / 8): Promise<void> {
    const frames = Math.floor(ms / FRAME_MS);
    const piece = audio.subarray(0, frames * FRAME_BYTES);
    const from = this.heard.length;
    return this.#until(
      () => {
        if (this.heard.length < from + frames) return false;
        if (!piece.subarray(-FRAME_BYTES).equals(this.heard.at(-1) as Buffer)) return false;
        return piece.equals(Buffer.concat(this.heard.slice(-frames)));
      },
      () => {
        const since = this.heard.slice(from);
        const sounding = since.filter((frame) => frame !== NOTHING).length;
        const isOver = sounding > 0 && since.slice(-PATIENCE_FRAMES).every((frame) => frame === NOTHING);
        return isOver || sounding > frames + PATIENCE_FRAMES;
      },
    );
  }

  #until(isSo: () => boolean, isHopeless = () => false): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#onFrame = () => {
        const so = isSo();
        if (!so && !isHopeless()) return;
        this.#onFrame = () => {};
        if (so) resolve();
        else reject(new Error('the phone heard something else, or not all of it in one piece'));
      };
    });
  }

  count(event: string): number {
    return this.received.filter((message) => message.event === event).length;
  }

  receive(text: string): void {
    const message = JSON.parse(text);
    if (message.streamSid !== STREAM_SID) throw new Error(`no such stream: ${text}`);
    const atMs = this.#clock.nowMs();
    switch (message.event) {
      case 'media': {
        const audio = Buffer.from(message.media.payload, 'base64');
        if (audio.toString('base64') !== message.media.payload) throw new Error(`no base64: ${text}`);
        this.received.push({ event: 'media', atMs, bytes: audio.length });
        this.#queue.push({ audio });
        break;
      }
      case 'mark':
        this.received.push({ event: 'mark', atMs, name: message.mark.name });
        this.#queue.push({ mark: message.mark.name });
        this.#answerMarks();
        break;
      case 'clear': {
        this.received.push({ event: 'clear', atMs });
        const marks = this.#queue.splice(0);
        for (const item of marks) if ('mark' in item) this.#answer(item.mark);
        break;
      }
      default:
        throw new Error(`no such event: ${text}`);
    }
  }

  #tick(): void {
    const frame = Buffer.alloc(FRAME_BYTES, 0xff);
    this.#speech.copy(frame);
    this.#speech = this.#speech.subarray(FRAME_BYTES);
    this.#send('media', {
      media: {
        track: 'inbound',
        chunk: String(++this.#chunk),
        timestamp: String(this.#atMs),
        payload: frame.toString('base64'),
      },
    });
    this.#atMs += FRAME_MS;
    this.#play();
    this.#nextMs += FRAME_MS;
    this.#timer = this.#clock.startTimer(() => this.#tick(), this.#nextMs - this.#clock.nowMs());
  }

  /** The ear has heard the frame once its 20 ms are over, which is when the next begins. */
  #play(): void {
    this.#playing = false;
    this.#answerMarks();
    this.#playing = this.#queue.length > 0;
    this.heard.push(this.#playing ? this.#nextFrame() : NOTHING);
    this.#onFrame();
  }

  /** However the audio was cut into messages; a mark in its midst ends the frame. */
  #nextFrame(): Buffer {
    const frame = Buffer.from(NOTHING);
    let filled = 0;
    for (let item = this.#queue[0]; item && 'audio' in item && filled < FRAME_BYTES; item = this.#queue[0]) {
      const taken = item.audio.copy(frame, filled);
      filled += taken;
      item.audio = item.audio.subarray(taken);
      if (item.audio.length === 0) this.#queue.shift();
    }
    return frame;
  }

  /** Marks that nothing is before any more; one behind the frame being played waits for its end. */
  #answerMarks(): void {
    if (this.#playing) return;
    for (let item = this.#queue[0]; item && 'mark' in item; item = this.#queue[0]) {
      this.#queue.shift();
      this.#answer(item.mark);
    }
  }

  #answer(name: string): void {
    this.#send('mark', { mark: { name } });
  }

  #send(event: string, fields: Record<string, unknown>): void {
    const sequenceNumber = String(++this.#sequence);
    this.#line.send(JSON.stringify({ event, sequenceNumber, streamSid: STREAM_SID, ...fields }));
  }
}

/** What a bridge takes for its WebSocket: hands on at once, both ways. */
export class FakeSocket extends EventEmitter {
  readyState = 1;
  bufferedAmount = 0;
  binaryType = '';
  closeCode: number | undefined;
  readonly sent: (string | Buffer)[] = [];
  pings = 0;
  onSend: (message: string | Buffer) => void = () => {};

  send(message: string | Buffer): void {
    if (this.readyState !== 1) throw new Error('sent after the end');
    this.sent.push(message);
    this.onSend(message);
  }

  /** Nobody answers it. */
  ping(): void {
    this.pings++;
  }

  close(code = 1005): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.closeCode = code;
    this.emit('close', code, Buffer.alloc(0));
  }

  /** A message from the far end. */
  say(message: unknown): void {
    const isBinary = Buffer.isBuffer(message);
    this.emit('message', isBinary ? message : textOf(message), isBinary);
  }

  get webSocket(): WebSocket {
    return this as unknown as WebSocket;
  }
}

function textOf(message: unknown): Buffer {
  return Buffer.from(typeof message === 'string' ? message : JSON.stringify(message));
}

/** A phone at the other end of a socket without a network. */
export function phoneOn(socket: FakeSocket, clock: CallClock): SimulatedPhone {
  const phone = new SimulatedPhone(
    { send: (message) => socket.say(message), close: () => socket.close(1006) },
    clock,
  );
  socket.onSend = (message) => phone.receive(String(message));
  return phone;
}
