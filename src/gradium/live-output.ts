/** What a live session gives, for the stream that is joined to it. Not here: making it. */
import { type WireFormat, wireAudio } from '../format.js';
import type { StreamFormat } from '../streams/stream-format.js';

/** Of audio that the service speaks: all of it is mono. */
export function outputFormatOf(format: WireFormat): StreamFormat {
  if (format === 'opus') return { container: 'ogg' };
  const audio = wireAudio(format, 'output');
  return audio ? { ...audio, channels: 1 } : { container: 'wav' };
}
