// Calls for tests, on a clock that they move. Not here: how the far end behaves (simulated-phone.ts).
import { MediaStreamBridge, type MediaStreamOptions } from '../../../src/telephony/index.js';
import { ManualClock } from './manual-clock.js';
import { FakeSocket, phoneOn, STREAM_SID } from './simulated-phone.js';

/** No silence in it, and no two frames alike near each other: a gap, a repetition and a swap are all seen. */
export const speech = (ms: number): Buffer => Buffer.from(Array.from({ length: 8 * ms }, (_, i) => i % 251));

export function* chunksOf(audio: Buffer, bytes: number): Generator<Buffer> {
  for (let at = 0; at < audio.length; at += bytes) yield audio.subarray(at, at + bytes);
}

/** A phone at the other end. */
export function called(options: MediaStreamOptions = {}) {
  const clock = new ManualClock();
  const socket = new FakeSocket();
  const bridge = new MediaStreamBridge(socket.webSocket, { clock, ...options });
  const phone = phoneOn(socket, clock);
  const events: unknown[][] = [];
  for (const event of ['start', 'dtmf', 'mark', 'stop', 'error'] as const) {
    bridge.on(event, (...args: unknown[]) => events.push([event, ...args]));
  }
  return { clock, socket, bridge, phone, events };
}

/** A raw line: what was sent, and when. */
export function rawLine(options: MediaStreamOptions = {}) {
  const clock = new ManualClock();
  const socket = new FakeSocket();
  const bridge = new MediaStreamBridge(socket.webSocket, { clock, protocol: 'raw', ...options });
  const frames: { atMs: number; frame: Buffer }[] = [];
  const startMs = clock.nowMs();
  socket.onSend = (frame) => frames.push({ atMs: clock.nowMs() - startMs, frame: frame as Buffer });
  return { clock, socket, bridge, frames };
}

/** A call that has begun, of which the test sends each message. */
export function bareCall(options: MediaStreamOptions = {}) {
  const socket = new FakeSocket();
  const bridge = new MediaStreamBridge(socket.webSocket, { clock: new ManualClock(), ...options });
  socket.say({ event: 'start', streamSid: STREAM_SID, start: { tracks: ['inbound', 'outbound'] } });
  const media = (track: string, audio: Buffer, timestamp?: number | string) => {
    const payload = audio.toString('base64');
    socket.say({ event: 'media', streamSid: STREAM_SID, media: { track, payload, timestamp } });
  };
  const hangUp = () => socket.say({ event: 'stop', streamSid: STREAM_SID });
  return { socket, bridge, media, hangUp };
}

export async function bytesOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export const word = (text: string, startS: number, stopS: number) => ({ text, startS, stopS });
