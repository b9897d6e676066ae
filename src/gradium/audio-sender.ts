/**
 * What moves a source's bytes into a session, and what it tells of them. One implementation for each route.
 * Not here: which route a source takes (open-sender.ts), when to send (SttSession.room), where the bytes come from.
 */
import type { AudioInfo } from '../audio/index.js';
import type { AudioFormat, WireFormat } from '../format.js';
import { frameBytes, type SampleLayout, type SourceLayout } from './source-layout.js';

export interface AudioSender {
  /**
   * Sends what a piece of `chunk` from `at` on brings, some seconds of sound; where the next piece begins, which is
   * `at` again while there is more to send of this one. Call while the session has room.
   */
  sendPiece(chunk: Uint8Array, at: number): number;
  /** After the last chunk: sends a part of what is still held; true when that was the last of it. */
  sendRest(): boolean;
  /** What was found in the source: so far, and all of it once `sendRest` has returned true. */
  readonly found: SourceFound;
  /** Frees the native memory. */
  close(): void;
}

export interface SourceFound {
  /** At the source's rate. */
  frames: number;
  /** Frames that a WAV's header promises and the file does not hold. */
  missingFrames?: number;
  warnings: readonly string[];
}

/** Where messages go: an SttSession. */
export interface MessageSink {
  /** The `client_req_id` that each message needs; undefined: none. */
  readonly clientReqId: string | undefined;
  /** Takes a complete `audio` message; its memory may be reused at once. */
  send(message: Buffer): void;
  /** @param sentS all the audio sent so far, in seconds. */
  sent(sentS: number): void;
}

/** What a sender needs to know of its source. */
export interface SentSource<Layout extends SourceLayout = SourceLayout> {
  from: AudioFormat;
  layout: Layout;
  wire: WireFormat;
  /** What its headers said: of the whole source where `again`, else as far as the stream had come. */
  info: AudioInfo | undefined;
  /** Size of the whole source, where it is known beforehand. */
  bytes: number | undefined;
  /** Whether it is a whole source, known beforehand. */
  again: boolean;
}

/**
 * Of samples that nobody parsed: by their bytes.
 *
 * @param sourceBytes all bytes of the source, headers included
 */
export function countFrames(
  layout: SampleLayout,
  info: AudioInfo | undefined,
  sourceBytes: number,
): SourceFound {
  const headBytes = info?.container === 'wav' ? info.dataOffset : 0;
  const audioBytes = Math.max(0, sourceBytes - headBytes);
  const partial = audioBytes % frameBytes(layout) !== 0;
  return {
    frames: Math.floor(audioBytes / frameBytes(layout)),
    warnings: info?.warnings ?? (partial ? ['partial-frame'] : []),
  };
}
