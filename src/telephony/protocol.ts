/**
 * The two ways to carry a call over a WebSocket: Twilio Media Streams, and bare frames in binary messages.
 * Not here: what Twilio's messages may hold (messages.ts).
 */
import type { Line } from './line-format.js';
import { brokenProtocol, type LineMessage, type MediaStreamStart, TwilioReader } from './messages.js';

export interface LineProtocol {
  /** Known from the first moment where the protocol has no `start`. */
  readonly start: MediaStreamStart | undefined;
  /** @throws ConnectionError ERR_PROTOCOL */
  receive(data: Buffer, isBinary: boolean): LineMessage | undefined;
  /** One frame; the buffer may be used again as soon as this returns. */
  media(frame: Buffer): string | Buffer;
  /** Whether the far end can say what it has played, and be made to forget the rest; else neither of these is called. */
  readonly hasMarks: boolean;
  mark(name: string): string;
  clear(): string;
}

export class TwilioProtocol implements LineProtocol {
  readonly start = undefined;
  readonly hasMarks = true;
  readonly #reader = new TwilioReader();
  #mediaHead = '';

  receive(data: Buffer, isBinary: boolean): LineMessage | undefined {
    if (isBinary) {
      throw brokenProtocol(
        "a binary message; was protocol: 'raw' meant?",
        this.#reader.streamSid === undefined ? 'setup' : 'stream',
      );
    }
    const message = this.#reader.read(data);
    if (message?.event === 'start') {
      const streamSid = JSON.stringify(message.start.streamSid);
      this.#mediaHead = `{"event":"media","streamSid":${streamSid},"media":{"payload":"`;
    }
    return message;
  }

  /** Put together as text, 50 times a second and call: base64 needs no escaping. */
  media(frame: Buffer): string {
    return `${this.#mediaHead}${frame.toString('base64')}"}}`;
  }

  mark(name: string): string {
    return JSON.stringify({ event: 'mark', streamSid: this.#reader.streamSid, mark: { name } });
  }

  clear(): string {
    return JSON.stringify({ event: 'clear', streamSid: this.#reader.streamSid });
  }
}

/** A text message is no audio: whatever a service says in it, it is left alone. */
export class RawProtocol implements LineProtocol {
  readonly start: MediaStreamStart = {
    streamSid: '',
    callSid: undefined,
    accountSid: undefined,
    tracks: ['inbound'],
    customParameters: {},
  };
  readonly hasMarks = false;
  readonly #line: Line;

  constructor(line: Line) {
    this.#line = line;
  }

  receive(data: Buffer, isBinary: boolean): LineMessage | undefined {
    if (!isBinary) return undefined;
    if (data.length % this.#line.sampleBytes !== 0) {
      throw brokenProtocol(`${data.length} bytes, which are no whole samples of its format`, 'stream');
    }
    return { event: 'media', track: 'inbound', audio: data, atMs: undefined };
  }

  media(frame: Buffer): Buffer {
    return Buffer.from(frame);
  }

  mark(): string {
    return '';
  }

  clear(): string {
    return '';
  }
}
