/**
 * Messages of the speech protocol as the sandbox sees them: parsing, checking, errors.
 * Not here: what a session does with them (*-session.ts), what carries them (connection.ts, post-body.ts).
 */
import { isWireFormat, type WireFormat } from '../format.js';

/** Answered with an `error` message; then the socket is closed with the same code. */
export class ProtocolError extends Error {
  readonly code: number;

  /** @param code 1008: the client broke a rule or has no key. 1011: json_config, or the server, is at fault. */
  constructor(message: string, code = 1008) {
    super(message);
    this.code = code;
  }
}

/** What the client is told of any error; one of our own keeps its story to itself, and to the log as its cause. */
export function asProtocolError(error: unknown): ProtocolError {
  if (error instanceof ProtocolError) return error;
  const internal = new ProtocolError('internal error of the sandbox', 1011);
  internal.cause = error;
  return internal;
}

/** For the log. */
export function storyOf({ message, cause }: ProtocolError): string {
  return cause === undefined ? message : String((cause as Error)?.stack ?? cause);
}

/** Whether a close frame may carry this code: RFC 6455 §7.4, and what IANA added up to 1014. */
export function isCloseCode(code: number): boolean {
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code);
}

/** Absent on sockets with one request at a time. */
export type RequestId = string | number | undefined;

/** Of either side. `audio` is base64 on the wire, and may be bytes in here. */
export interface Message {
  type: string;
  [field: string]: unknown;
}

/** One request, from its setup to its end_of_stream. */
export interface Session {
  /** What follows the setup: `ready` first. */
  start(): Generator<Message, void>;
  /** The answers to one message, in order; made as they are asked for. @throws ProtocolError */
  answer(message: Message): Generator<Message, void>;
  /** True once its end_of_stream was given out. */
  readonly ended: boolean;
  /** Seconds of audio so far, of what it hears or, where it hears nothing, of what it says. */
  readonly audioS: number;
  /** Frees what it holds; nothing may be asked of it any more. */
  dispose(): void;
}

/** @throws ProtocolError */
export function parseMessage(data: Buffer, isBinary: boolean): Message {
  if (isBinary) throw new ProtocolError('binary messages are not part of the protocol: send JSON text');
  const message = parseJson(data.toString('utf8'), 'message', 1008);
  if (typeof message.type !== 'string') throw new ProtocolError('message without a "type"');
  return message as Message;
}

/** @throws ProtocolError when `text` is no JSON object */
export function parseJson(text: string, what: string, code: number): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ProtocolError(`${what} is not valid JSON`, code);
  }
  return asObject(value, what, code);
}

function asObject(value: unknown, what: string, code: number): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new ProtocolError(`${what} must be a JSON object`, code);
}

/** @throws ProtocolError */
export function requestIdOf(message: Message): RequestId {
  const id = message.client_req_id ?? undefined;
  if (id === undefined || typeof id === 'string' || typeof id === 'number') return id;
  throw new ProtocolError('client_req_id must be a string');
}

/** A message as JSON, its audio as base64. */
export function encodeMessage(message: Message): string {
  const { audio } = message;
  if (!(audio instanceof Uint8Array)) return JSON.stringify(message);
  const base64 = Buffer.from(audio.buffer, audio.byteOffset, audio.byteLength).toString('base64');
  return JSON.stringify({ ...message, audio: base64 });
}

/** What is left of a message that breaks on its way: no JSON. */
export function firstHalf(text: string): string {
  return text.slice(0, text.length / 2);
}

/** The bytes of an audio message. @throws ProtocolError */
export function audioOf(message: Message): Uint8Array {
  const { audio } = message;
  if (audio instanceof Uint8Array) return audio;
  if (typeof audio !== 'string') throw new ProtocolError('audio message without a base64 string in "audio"');
  const bytes = Buffer.from(audio, 'base64');
  const padding = audio.endsWith('==') ? 2 : audio.endsWith('=') ? 1 : 0;
  // Buffer.from drops whatever is not base64, so rubbish shows as missing bytes, and a length that is no multiple
  // of 4 as a fraction; but it also takes the URL alphabet.
  const whole = bytes.length === (audio.length / 4) * 3 - padding;
  if (!whole || audio.includes('-') || audio.includes('_')) {
    throw new ProtocolError('audio is not valid base64');
  }
  return bytes;
}

/** The fields of a JSON object, checked one by one; null counts as absent, unknown fields are ignored. */
export class Fields {
  readonly #values: Record<string, unknown>;
  readonly #code: number;

  constructor(values: Record<string, unknown>, code: number) {
    this.#values = values;
    this.#code = code;
  }

  string(name: string): string | undefined {
    const value = this.#get(name);
    if (value === undefined || typeof value === 'string') return value;
    throw this.#error(name, 'must be a string');
  }

  /** @param words what it may be */
  oneOf(name: string, words: readonly string[]): string | undefined {
    const value = this.string(name);
    if (value === undefined || words.includes(value)) return value;
    throw this.#error(name, `must be one of ${words.join(', ')}; got ${JSON.stringify(value)}`);
  }

  /** @throws ProtocolError when it is absent */
  require(name: string): void {
    if (this.#get(name) === undefined) throw this.#error(name, 'is required');
  }

  boolean(name: string): boolean | undefined {
    const value = this.#get(name);
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.#error(name, 'must be true or false');
  }

  number(name: string, least: number, most: number): number | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && value >= least && value <= most) return value;
    throw this.#error(name, `must be a number from ${least} to ${most}`);
  }

  integer(name: string, least: number, most: number): number | undefined {
    const value = this.number(name, least, most);
    if (value === undefined || Number.isInteger(value)) return value;
    throw this.#error(name, 'must be a whole number');
  }

  strings(name: string, most: number): string[] | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    const fits =
      Array.isArray(value) && value.length <= most && value.every((item) => typeof item === 'string');
    if (!fits) throw this.#error(name, `must be an array of at most ${most} strings`);
    return value;
  }

  /** A field that is an object, or JSON text of one. Checked with error code 1011, as the service does. */
  config(name: string): Fields {
    const value = this.#get(name) ?? {};
    return new Fields(
      typeof value === 'string' ? parseJson(value, name, 1011) : asObject(value, name, 1011),
      1011,
    );
  }

  #get(name: string): unknown {
    return this.#values[name] ?? undefined;
  }

  #error(name: string, wanted: string): ProtocolError {
    return new ProtocolError(`${name} ${wanted}`, this.#code);
  }
}

/** What every session may carry in its setup, checked; only close_ws_on_eos has an effect. */
export function closesOnEnd(setup: Fields): boolean {
  setup.number('retry_for_s', 0, Number.MAX_VALUE);
  return setup.boolean('close_ws_on_eos') ?? true;
}

/** `wav` when the setup names none; an empty name is `pcm`. @throws ProtocolError */
export function formatOf(setup: Fields, field: 'input_format' | 'output_format'): WireFormat {
  const name = setup.string(field) ?? 'wav';
  if (name === '') return 'pcm';
  if (!isWireFormat(name)) throw new ProtocolError(`unknown ${field} "${name}"`);
  return name;
}

/** Says what it is where clients log the model, so that nobody takes the sandbox for the service. */
export function sandboxModel(setup: Fields): string {
  return `sluice-sandbox/${setup.string('model_name') ?? 'default'}`;
}

/** Seconds to a tenth of a millisecond: 8 kHz samples are no finer, and 0.08 * 3 prints as 0.24. */
export function seconds(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
