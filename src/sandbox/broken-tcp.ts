/**
 * Breaks a TCP connection off in the middle, as a network does, but never ahead of what was written before.
 * Not here: when (request.ts).
 */
import type { Socket } from 'node:net';

/** How long the client may do nothing before its half of the connection is ended, too. */
const GRACE_MS = 2_000;

/**
 * Ends the connection behind what was sent: destroying it at once would throw away what still waits, and reset it under
 * a client that is still sending. Until the client ends its half, what it sends is to be read and dropped.
 */
export function breakOff(tcp: Socket): void {
  tcp.end(() => tcp.setTimeout(GRACE_MS, () => tcp.destroy()));
}
