/**
 * The messages of Twilio Media Streams, read with suspicion: https://www.twilio.com/docs/voice/media-streams/websocket-messages.
 * Not here: what they do to the call (media-stream-bridge.ts).
 */
import { ConnectionError, type ConnectionPhase } from '../errors.js';
import { LINE_FORMAT } from './line-format.js';

/** Whom one hears: `inbound` is the caller, `outbound` what the caller is played. */
export type MediaTrack = 'inbound' | 'outbound';

/** What the service says of the call when its media begin. */
export interface MediaStreamStart {
  /** The stream's own id (`MZ…`); every message names it. */
  streamSid: string;
  /** The call's id (`CA…`); undefined where the service gave none. */
  callSid: string | undefined;
  /** The account's id (`AC…`); undefined where the service gave none. */
  accountSid: string | undefined;
  /** Whose audio will come. Twilio sends both to a listening `<Start><Stream>` alone, which nothing can be played to. */
  tracks: readonly MediaTrack[];
  /** What `<Parameter>` elements inside `<Stream>` say; empty where there are none. */
  customParameters: Readonly<Record<string, string>>;
}

export type LineMessage =
  | { event: 'start'; start: MediaStreamStart }
  | { event: 'media'; track: MediaTrack; audio: Buffer }
  | { event: 'mark'; name: string }
  | { event: 'dtmf'; digit: string }
  | { event: 'stop' };

/** A frame is 300 bytes, the largest `start` some kilobytes. */
const MAX_MESSAGE_BYTES = 64 * 1024;
const DIGIT = /^[0-9A-D*#]$/;

type Fields = Record<string, unknown>;

/** Reads messages in the order in which they came; what the protocol does not allow is an ERR_PROTOCOL. */
export class TwilioReader {
  #streamSid: string | undefined;

  get streamSid(): string | undefined {
    return this.#streamSid;
  }

  /**
   * Undefined for `connected` and for events that we do not know: the service may add some.
   * @throws ConnectionError ERR_PROTOCOL
   */
  read(data: Buffer): LineMessage | undefined {
    const message = this.#parse(data);
    switch (message.event) {
      case 'start':
        return this.#start(message);
      case 'media':
        return this.#media(message);
      case 'mark':
        return { event: 'mark', name: this.#text(this.#part(message, 'mark').name, 'mark.name') };
      case 'dtmf':
        return { event: 'dtmf', digit: this.#digit(this.#part(message, 'dtmf').digit) };
      case 'stop':
        this.#part(message);
        return { event: 'stop' };
      default:
        return undefined;
    }
  }

  #parse(data: Buffer): Fields & { event: string } {
    if (data.length > MAX_MESSAGE_BYTES) throw this.#broken(`a message of ${data.length} bytes`);
    let message: unknown;
    try {
      message = JSON.parse(data.toString());
    } catch {
      throw this.#broken('a message that is no JSON');
    }
    if (!isFields(message) || typeof message.event !== 'string')
      throw this.#broken('a message without `event`');
    return message as Fields & { event: string };
  }

  #start(message: Fields): LineMessage {
    if (this.#streamSid !== undefined) throw this.#broken('a second `start`');
    const { start } = message;
    if (!isFields(start)) throw this.#broken('a `start` without `start`');
    const streamSid = this.#text(message.streamSid ?? start.streamSid, 'streamSid');
    this.#checkFormat(start.mediaFormat);
    const info: MediaStreamStart = {
      streamSid,
      callSid: this.#optionalText(start.callSid, 'start.callSid'),
      accountSid: this.#optionalText(start.accountSid, 'start.accountSid'),
      tracks: this.#tracks(start.tracks),
      customParameters: this.#parameters(start.customParameters),
    };
    this.#streamSid = streamSid;
    return { event: 'start', start: info };
  }

  #media(message: Fields): LineMessage {
    const media = this.#part(message, 'media');
    const payload = this.#text(media.payload, 'media.payload');
    const audio = Buffer.from(payload, 'base64');
    // Node leaves out what is no base64: then there is less than the length promised.
    if (audio.length !== Buffer.byteLength(payload, 'base64')) {
      throw this.#broken('a `media.payload` that is no base64');
    }
    return { event: 'media', track: this.#track(media.track ?? 'inbound'), audio };
  }

  /** What a message of a stream under way says under its own name. */
  #part(message: Fields, name?: string): Fields {
    const { event, streamSid } = message;
    if (this.#streamSid === undefined) throw this.#broken(`\`${String(event)}\` before \`start\``);
    if (streamSid !== undefined && streamSid !== this.#streamSid) {
      throw this.#broken(`\`${String(event)}\` of another stream`);
    }
    const part = name === undefined ? {} : message[name];
    if (!isFields(part)) throw this.#broken(`a \`${name}\` without \`${name}\``);
    return part;
  }

  #checkFormat(format: unknown): void {
    if (format === undefined) return;
    const { encoding, sampleRate, channels } = isFields(format) ? format : {};
    const isOurs =
      encoding === 'audio/x-mulaw' &&
      Number(sampleRate) === LINE_FORMAT.sampleRateHz &&
      Number(channels ?? 1) === LINE_FORMAT.channels;
    if (!isOurs) throw this.#broken('a `mediaFormat` that is not audio/x-mulaw, 8000 Hz, 1 channel');
  }

  #tracks(tracks: unknown): MediaTrack[] {
    if (tracks === undefined) return ['inbound'];
    if (!Array.isArray(tracks)) throw this.#broken('`start.tracks` that are no list');
    return tracks.map((track) => this.#track(track));
  }

  #track(track: unknown): MediaTrack {
    if (track === 'inbound' || track === 'outbound') return track;
    throw this.#broken('a track that is neither `inbound` nor `outbound`');
  }

  #digit(digit: unknown): string {
    if (typeof digit === 'string' && DIGIT.test(digit)) return digit;
    throw this.#broken('a `dtmf.digit` that is on no keypad');
  }

  #parameters(parameters: unknown): Record<string, string> {
    if (parameters === undefined) return {};
    if (!isFields(parameters)) throw this.#broken('`customParameters` that are no object');
    return Object.fromEntries(
      Object.entries(parameters).map(([name, value]) => [name, this.#text(value, 'a custom parameter')]),
    );
  }

  #optionalText(value: unknown, name: string): string | undefined {
    return value === undefined ? undefined : this.#text(value, name);
  }

  #text(value: unknown, name: string): string {
    if (typeof value === 'string') return value;
    throw this.#broken(`${name} that is no text`);
  }

  #broken(what: string): ConnectionError {
    return brokenProtocol(what, this.#streamSid === undefined ? 'setup' : 'stream');
  }
}

/** The far end sent what it must not. It was the far end that called: nothing can be tried again from here. */
export function brokenProtocol(what: string, phase: ConnectionPhase): ConnectionError {
  return new ConnectionError(`the telephone service sent ${what}`, {
    code: 'ERR_PROTOCOL',
    phase,
    retryable: false,
  });
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
