/**
 * Small bodies of HTTP requests as a whole.
 * Not here: audio, which is taken as it comes (post.ts, rest-form.ts).
 */
import type { IncomingMessage } from 'node:http';
import { ProtocolError } from './protocol.js';

const MAX_BODY_BYTES = 16 * 1024 * 1024;

export class BodyTooLarge extends ProtocolError {
  constructor() {
    super('body is larger than 16 MiB');
  }
}

/** @throws BodyTooLarge beyond 16 MiB; the system's error when the client breaks off */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw new BodyTooLarge();
  }
  return Buffer.concat(chunks);
}

/** By its type; without one it is. */
export function isJson({ headers }: IncomingMessage): boolean {
  return /^(?:$|application\/(?:[^;\s]*\+)?json\s*(?:;|$))/iu.test(headers['content-type'] ?? '');
}
