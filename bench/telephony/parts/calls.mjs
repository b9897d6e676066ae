// What the two processes of bench/telephony/calls.mjs agree on: frames that say which they are and when they left, on a
// clock that both read. Not here: the phones (phones.mjs), who answers them (bridges.mjs).
export const FRAME_BYTES = 160;
export const FRAME_MS = 20;

/** Frames in a chunk of a source: 80 ms, as speech services give them. */
export const CHUNK_FRAMES = 4;

/** Milliseconds of the system's own clock, the same in all processes. */
export function nowMs() {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Byte 0: call, 4: number of the frame, 8: when it left; the rest as good as noise. */
export function writeFrame(frame, call, number, atMs = 0) {
  frame.writeUInt32LE(call, 0);
  frame.writeUInt32LE(number, 4);
  frame.writeDoubleLE(atMs, 8);
  for (let i = 16; i < FRAME_BYTES; i++) frame[i] = (call + number * i) & 0xff;
}

/** Whether the bytes are this frame, sent whenever. */
export function isFrame(bytes, call, number) {
  if (bytes.length !== FRAME_BYTES || bytes.readUInt32LE(0) !== call || bytes.readUInt32LE(4) !== number)
    return false;
  for (let i = 16; i < FRAME_BYTES; i++) if (bytes[i] !== ((call + number * i) & 0xff)) return false;
  return true;
}

export const sentAtMs = (frame) => frame.readDoubleLE(8);
