/**
 * Whose a message of a shared socket is, and whether it is that request's last: found in its bytes where that is safe, for
 * there is one for every 80 ms of every request.
 * Not here: what it says (messages.ts), what follows (shared-socket.ts).
 */
import { isStepFrame, parseMessage } from './messages.js';

const KEY = Buffer.from('"client_req_id"');
const END = Buffer.from('"end_of_stream"');
const ERROR = Buffer.from('"error"');

/** Ours are shorter. */
const MAX_ID_BYTES = 64;

const SPACE = 0x20;
const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const CLOSING = 0x7d;

/**
 * The `client_req_id` of a message; undefined: it has none. The key with its quotes cannot stand inside a JSON string,
 * whose quotes are escaped: found exactly once it is the key. Any other message is parsed.
 *
 * @throws Malformed for what has to be parsed and cannot be
 */
export function messageRoute(data: Buffer): string | undefined {
  const last = idAtEnd(data);
  if (last !== undefined) return last;
  const at = data.lastIndexOf(KEY);
  const found = at > 0 && data.indexOf(KEY) === at ? textAfter(data, at + KEY.length) : undefined;
  if (found !== undefined) return found;
  const { client_req_id: id } = parseMessage(data);
  return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined;
}

/** Where services that stamp their answers put it, which saves two searches through the message. */
function idAtEnd(data: Buffer): string | undefined {
  const end = data.length - 2;
  if (data[end] !== QUOTE || data[end + 1] !== CLOSING) return undefined;
  const limit = Math.max(0, end - MAX_ID_BYTES);
  let start = end;
  while (start > limit && data[start - 1] !== QUOTE && data[start - 1] !== BACKSLASH) start--;
  let key = start - 2;
  if (data[key] === SPACE) key--;
  if (data[start - 1] !== QUOTE || data[key] !== COLON) return undefined;
  key -= KEY.length;
  // A quote after a backslash would be the middle of another key.
  if (key < 1 || data[key - 1] === BACKSLASH) return undefined;
  for (let i = 0; i < KEY.length; i++) if (data[key + i] !== KEY[i]) return undefined;
  return data.toString('latin1', start, end);
}

/** The text after `:`; undefined when it is anything but plain characters between quotes. */
function textAfter(data: Buffer, at: number): string | undefined {
  let i = skipSpaces(data, at);
  if (data[i] !== COLON) return undefined;
  i = skipSpaces(data, i + 1);
  if (data[i] !== QUOTE) return undefined;
  const start = i + 1;
  for (i = start; i < data.length && data[i] !== QUOTE; i++) if (data[i] === BACKSLASH) return undefined;
  return i < data.length ? data.toString('latin1', start, i) : undefined;
}

/** RFC 8259 §2: space, tab, line feed, carriage return. */
function skipSpaces(data: Buffer, at: number): number {
  let i = at;
  while (data[i] === 0x20 || data[i] === 0x09 || data[i] === 0x0a || data[i] === 0x0d) i++;
  return i;
}

/** After which the service says no more of a request. */
export type LastMessage = 'end_of_stream' | 'error';

/** Which of them a message is; undefined: neither. */
export function lastMessage(data: Buffer): LastMessage | undefined {
  if (isStepFrame(data) || !(data.includes(END) || data.includes(ERROR))) return undefined;
  try {
    const { type } = parseMessage(data);
    return type === 'end_of_stream' || type === 'error' ? type : undefined;
  } catch {
    // Its request finds out what is wrong with it.
    return undefined;
  }
}
