/**
 * Which route a source takes to its wire format.
 * Not here: the routes.
 */
import type { AudioSender, MessageSink, SentSource } from './audio-sender.js';
import { DecodingSender } from './decoding-sender.js';
import { EncodingSender } from './encoding-sender.js';
import { FramerSender } from './framer-sender.js';
import { PageSender } from './page-sender.js';

/**
 * | source \ wire | `opus` | raw, `wav` |
 * |---|---|---|
 * | Ogg Opus | its pages | decoded, framed |
 * | WAV, raw samples | encoded, pages | framed |
 */
export function openSender(source: SentSource, stepsPerMessage: number, sink: MessageSink): AudioSender {
  const { layout, wire } = source;
  if (layout.encoding === 'opus') {
    const opus = { ...source, layout };
    return wire === 'opus'
      ? new PageSender(opus, stepsPerMessage, sink)
      : new DecodingSender(opus, stepsPerMessage, sink);
  }
  const samples = { ...source, layout };
  return wire === 'opus'
    ? new EncodingSender(samples, stepsPerMessage, sink)
    : new FramerSender(samples, stepsPerMessage, sink);
}
