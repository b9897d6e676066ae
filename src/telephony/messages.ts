/**
 * The messages of Twilio Media Streams: https://www.twilio.com/docs/voice/media-streams/websocket-messages.
 * What would spoil the audio is refused. Anything else that is missing or strange is left alone: services that speak the same
 * protocol differ in it. Errors say nothing of what a message held beyond its format: it may be a caller's number.
 * Not here: what the messages do to the call (media-stream-bridge.ts).
 */
import { ConnectionError, type ConnectionPhase } from '../errors.js';

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
  /** `atMs`: when it was said, from the start of the stream; undefined where the service does not tell. */
  | { event: 'media'; track: MediaTrack; audio: Buffer; atMs: number | undefined }
  | { event: 'mark'; name: string }
  | { event: 'dtmf'; digit: string }
  | { event: 'stop' };

/** A frame is 300 bytes, the largest `start` some kilobytes. */
const MAX_MESSAGE_BYTES = 64 * 1024;
const DIGIT = /^[0-9A-D*#]$/;
/** The one that Twilio has. */
const MEDIA_FORMAT = 'audio/x-mulaw, 8000, 1';
/** What an error may say of another. */
const SHOWABLE = /^[\w/+., -]{1,60}$/;

type Fields = Record<string, unknown>;

/** Reads messages in the order in which they came. */
export class TwilioReader {
  #streamSid: string | undefined;

  get streamSid(): string | undefined {
    return this.#streamSid;
  }

  /**
   * Undefined for `connected`, for what we do not know, and for what is nothing to us.
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
        return markOf(message.mark);
      case 'dtmf':
        return digitOf(message.dtmf);
      case 'stop':
        this.#requireOurs(message);
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
    const start = isFields(message.start) ? message.start : {};
    const streamSid = textOf(message.streamSid) ?? textOf(start.streamSid);
    // Nothing could be played without it.
    if (streamSid === undefined) throw this.#broken('a `start` without `streamSid`');
    this.#checkFormat(start.mediaFormat);
    this.#streamSid = streamSid;
    const info: MediaStreamStart = {
      streamSid,
      callSid: textOf(start.callSid),
      accountSid: textOf(start.accountSid),
      tracks: tracksOf(start.tracks),
      customParameters: parametersOf(start.customParameters),
    };
    return { event: 'start', start: info };
  }

  #media(message: Fields): LineMessage {
    if (this.#streamSid === undefined) throw this.#broken('`media` before `start`');
    this.#requireOurs(message);
    const media = isFields(message.media) ? message.media : {};
    const { payload, timestamp } = media;
    const track = trackOf(media.track ?? 'inbound');
    if (typeof payload !== 'string') throw this.#broken('a `media` without `payload`');
    const audio = Buffer.from(payload, 'base64');
    // Node leaves out what is no base64: then there is less than the length promised.
    if (audio.length !== Buffer.byteLength(payload, 'base64')) {
      throw this.#broken('a `media.payload` that is no base64');
    }
    // Unheard of, it would be one voice over another.
    if (track === undefined) throw this.#broken('a track that is neither `inbound` nor `outbound`');
    return { event: 'media', track, audio, atMs: timeOf(timestamp) };
  }

  #requireOurs({ event, streamSid }: Fields): void {
    if (typeof streamSid !== 'string' || this.#streamSid === undefined || streamSid === this.#streamSid)
      return;
    throw this.#broken(`\`${String(event)}\` of another stream`);
  }

  #checkFormat(format: unknown): void {
    if (!isFields(format)) return;
    const { encoding = 'audio/x-mulaw', sampleRate = 8_000, channels = 1 } = format;
    const given = [encoding, sampleRate, channels].map(plainOf).join(', ');
    if (given === MEDIA_FORMAT) return;
    const shown = SHOWABLE.test(given) ? given : 'another';
    throw this.#broken(`the \`mediaFormat\` ${shown}, and not ${MEDIA_FORMAT} (encoding, Hz, channels)`);
  }

  #broken(what: string): ConnectionError {
    return brokenProtocol(what, this.#streamSid === undefined ? 'setup' : 'stream');
  }
}

function markOf(mark: unknown): LineMessage | undefined {
  const name = isFields(mark) ? textOf(mark.name) : undefined;
  return name === undefined ? undefined : { event: 'mark', name };
}

function digitOf(dtmf: unknown): LineMessage | undefined {
  const digit = isFields(dtmf) ? plainOf(dtmf.digit).toUpperCase() : '';
  return DIGIT.test(digit) ? { event: 'dtmf', digit } : undefined;
}

function tracksOf(tracks: unknown): MediaTrack[] {
  const known = Array.isArray(tracks) ? tracks.map(trackOf).filter((track) => track !== undefined) : [];
  return known.length === 0 ? ['inbound'] : known;
}

function parametersOf(parameters: unknown): Record<string, string> {
  if (!isFields(parameters)) return {};
  const texts = Object.entries(parameters).filter(([, value]) => typeof value !== 'object');
  return Object.fromEntries(texts.map(([name, value]) => [name, String(value)]));
}

/** Milliseconds. */
function timeOf(value: unknown): number | undefined {
  const ms = Number(plainOf(value) || Number.NaN);
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined;
}

/** Services send numbers as numbers or as texts. */
function plainOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** `dtmf` of Twilio's, and the media of other services, have the longer names. */
function trackOf(value: unknown): MediaTrack | undefined {
  if (value === 'inbound' || value === 'inbound_track') return 'inbound';
  return value === 'outbound' || value === 'outbound_track' ? 'outbound' : undefined;
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
