export type { CallClock } from './clock.js';
export type { LineFormat } from './line-format.js';
export {
  MediaStreamBridge,
  type MediaStreamEvents,
  type MediaStreamOptions,
} from './media-stream-bridge.js';
export type { MediaStreamStart, MediaTrack } from './messages.js';
export type { Playback, PlaybackSource, Played, PlayOptions } from './playback.js';
export type { TrackStream } from './track-stream.js';
