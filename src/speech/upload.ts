/**
 * A body that goes up as its source gives it, as fast as the kernel takes it.
 * Not here: what is in it (multipart.ts), the exchange itself (http.ts).
 */
import type { HttpExchange } from './http.js';
import type { ChunkReader } from './source.js';

/** A request's body. */
export interface Upload {
  contentType: string;
  /** Undefined where nobody knows before its end. */
  bytes: number | undefined;
  /** Read once the connection is there, and closed by whoever made it. */
  reader: ChunkReader;
}

/** Each that has left restarts `setupMs`, and no more than one is on its way: memory does not grow with the body. */
const PART_BYTES = 64 * 1024;

/** Sends all of it, unless the exchange ends before. What the source throws ends the exchange, untouched. */
export async function sendUpload(exchange: HttpExchange, reader: ChunkReader): Promise<void> {
  try {
    for (let chunk = await reader.next(); chunk !== undefined; chunk = await reader.next()) {
      for (let at = 0; at < chunk.length; at += PART_BYTES) {
        await written(exchange, chunk.subarray(at, at + PART_BYTES));
      }
    }
    exchange.end();
  } catch (error) {
    exchange.fail(error);
  }
}

/** Stays pending for good, and is forgotten, when the exchange ends before. */
function written(exchange: HttpExchange, part: Uint8Array): Promise<void> {
  const bytes = Buffer.from(part.buffer, part.byteOffset, part.byteLength);
  return new Promise((resolve) => exchange.write(bytes, resolve));
}
