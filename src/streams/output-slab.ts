/**
 * Memory for the output of streams: cut from slabs, since an allocation for each 20 ms chunk costs more than its work.
 * One slab serves all streams of a thread, so that thousands that are idle hold none.
 */
import { markAsUntransferable } from 'node:worker_threads';

/** A slab lives as long as one chunk that was cut from it. */
const SLAB_BYTES = 65_536;
/** Of every cut, so that it may be seen as any typed array. */
const ALIGNMENT = 8;

let slab = Buffer.alloc(0);
let used = 0;

/**
 * Room for output, to be written and `cut` at once, before anyone else is called; what is not cut is given out again.
 *
 * @returns Exactly `bytes` bytes of unknown content, aligned to 8.
 */
export function room(bytes: number): Buffer {
  if (bytes > slab.length - used) renew(bytes);
  return slab.subarray(used, used + bytes);
}

/** The first `bytes` of the last `room`, for good. */
export function cut(space: Buffer, bytes: number): Buffer {
  used += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
  return bytes === space.length ? space : space.subarray(0, bytes);
}

function renew(bytes: number): void {
  slab = Buffer.allocUnsafeSlow(Math.max(bytes, SLAB_BYTES));
  used = 0;
  // Whoever transfers one chunk to another thread would take the others' memory with it.
  markAsUntransferable(slab.buffer);
}
