/**
 * The service's messages: recognised, checked by hand, and turned into plain values (protocol reference, section 2).
 * Not here: what follows from them; what we send.
 */
import { errorCode, quotedCode } from '../speech/index.js';

/** The service sent what no reading of the protocol allows; the session makes the typed error of it. */
export class Malformed extends Error {}

export type ServerMessage = Record<string, unknown> & { type: string };

const STEP_PREFIX = Buffer.from('{"type":"step"');
const SPACED_STEP_PREFIX = Buffer.from('{"type": "step"');

/**
 * Whether a message is a `step`, from its first bytes alone: one comes for every 80 ms of audio, and parsing
 * it costs a hundred times as much as this. A `step` with its keys in another order goes to the parser, as does one
 * that is cut short.
 */
export function isStepFrame(data: Buffer): boolean {
  // '{"type":"step"' and '{"type": "step"' differ from byte 8 on.
  if (data.length < 15 || data[0] !== 0x7b || data[data.length - 1] !== 0x7d) return false;
  const prefix = data[8] === 0x20 ? SPACED_STEP_PREFIX : STEP_PREFIX;
  for (let i = 1; i < prefix.length; i++) if (data[i] !== prefix[i]) return false;
  return true;
}

/** @throws Malformed */
export function parseMessage(data: Buffer): ServerMessage {
  let message: unknown;
  try {
    message = JSON.parse(data.toString());
  } catch {
    throw new Malformed('a message is not JSON');
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    throw new Malformed('a message is not a JSON object');
  }
  if (typeof (message as ServerMessage).type !== 'string') throw new Malformed('a message has no type');
  return message as ServerMessage;
}

export interface Ready {
  requestId: string;
  model: string;
  sampleRateHz: number;
  frameSize: number;
  /** Undefined when the service does not say. */
  delayInFrames: number | undefined;
  /** Whether it only stands in for the service's own, which may follow: a POST need not wait for one. */
  provisional: boolean;
}

/** Everything in `ready` may be missing but the message itself; only a text in place of a number is worse. */
export function readReady(message: ServerMessage): Ready {
  return {
    requestId: requestIdOf(message),
    model: optionalString(message, 'model_name') ?? '',
    sampleRateHz: optionalNumber(message, 'sample_rate') ?? 0,
    frameSize: optionalNumber(message, 'frame_size') ?? 0,
    delayInFrames: delayOf(message),
    provisional: message.provisional === true,
  };
}

/** A text; some make it a number. */
function requestIdOf(message: ServerMessage): string {
  const id = message.request_id;
  return typeof id === 'number' ? String(id) : (optionalString(message, 'request_id') ?? '');
}

/** What no decoder has would move every word. */
const MAX_DELAY_FRAMES = 80;

function delayOf(message: ServerMessage): number | undefined {
  const delay = optionalNumber(message, 'delay_in_frames') ?? optionalNumber(message, 'delay_in_tokens');
  if (delay === undefined || (delay >= 0 && delay <= MAX_DELAY_FRAMES)) return delay;
  throw new Malformed(`ready.delay_in_frames is not from 0 to ${MAX_DELAY_FRAMES}`);
}

export interface ServerText {
  text: string;
  startS: number;
  streamId: number | undefined;
}

export function readText(message: ServerMessage): ServerText {
  return {
    text: requiredString(message, 'text'),
    startS: requiredNumber(message, 'start_s'),
    streamId: optionalNumber(message, 'stream_id'),
  };
}

export interface ServerEndText {
  stopS: number;
  streamId: number | undefined;
}

export function readEndText(message: ServerMessage): ServerEndText {
  return { stopS: requiredNumber(message, 'stop_s'), streamId: optionalNumber(message, 'stream_id') };
}

export interface ServerStep {
  index: number | undefined;
  stepS: number | undefined;
  totalS: number | undefined;
  vad: { horizonS: number; inactivityProb: number }[];
}

/** `step`, and `vad` as it was called before. Some show nothing but `vad`. */
export function readStep(message: ServerMessage): ServerStep {
  return {
    index: optionalNumber(message, 'step_idx'),
    stepS: optionalNumber(message, 'step_duration_s'),
    totalS: optionalNumber(message, 'total_duration_s'),
    vad: Array.isArray(message.vad) ? message.vad.flatMap(readVad) : [],
  };
}

function readVad(entry: unknown): { horizonS: number; inactivityProb: number }[] {
  const { horizon_s: horizonS, inactivity_prob: inactivityProb } = (entry ?? {}) as Record<string, unknown>;
  return typeof horizonS === 'number' && typeof inactivityProb === 'number'
    ? [{ horizonS, inactivityProb }]
    : [];
}

/** The id comes back with the type it was sent with; other servers may choose. */
export function readFlushed(message: ServerMessage): { flushId: number | string } {
  const id = message.flush_id;
  return { flushId: typeof id === 'number' || typeof id === 'string' ? id : '' };
}

export function readError(message: ServerMessage): { message: string; code: number | undefined } {
  const given = message.message ?? message.error ?? message.detail ?? '';
  const said = typeof given === 'string' ? given : JSON.stringify(given);
  return { message: said, code: errorCode(message.code) ?? quotedCode(said) };
}

/** Where the audio starts and stops is in its samples. */
export function readAudio(message: ServerMessage): Buffer {
  const text = requiredString(message, 'audio');
  const bytes = Buffer.from(text, 'base64');
  // Node skips what is not base64; the length tells.
  const unpadded = text.replace(/={1,2}$/, '').length;
  if (bytes.length !== Math.floor((unpadded * 3) / 4) || unpadded % 4 === 1) {
    throw new Malformed('an audio message is not base64');
  }
  return bytes;
}

function requiredString(message: ServerMessage, name: string): string {
  const value = message[name];
  if (typeof value !== 'string') throw new Malformed(`${message.type}.${name} is not a string`);
  return value;
}

function optionalString(message: ServerMessage, name: string): string | undefined {
  const value = message[name];
  if (value === undefined || value === null) return undefined;
  return requiredString(message, name);
}

/** Finite by construction: JSON has no other numbers but overflow, and 1e999 is no time. */
export function requiredNumber(message: ServerMessage, name: string): number {
  const value = message[name];
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new Malformed(`${message.type}.${name} is not a number`);
  }
  return value;
}

function optionalNumber(message: ServerMessage, name: string): number | undefined {
  const value = message[name];
  if (value === undefined || value === null) return undefined;
  return requiredNumber(message, name);
}
