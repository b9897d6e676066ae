/**
 * What an Ogg Opus file or stream is, and how long: all of it is read, and none of it decoded.
 * Not here: its packets and samples.
 */
import { OggOpusDecoder, type OggOpusInfo } from '../audio/index.js';
import { type ChunkReader, type Scope, Turns } from '../speech/index.js';

/** Looked through at once. */
const PIECE_BYTES = 128 * 1024;

/** Takes the bytes, cut anywhere, and knows `info`; what it hands out is empty. */
export function oggFacts(): OggOpusDecoder {
  return new OggOpusDecoder({ endS: 0 });
}

/** @throws FormatError, UnsupportedError; the source's own errors; the scope's failure */
export async function readOggFacts(source: ChunkReader, scope: Scope): Promise<OggOpusInfo> {
  using facts = oggFacts();
  const turns = new Turns();
  try {
    for (;;) {
      const chunk = await scope.wait(source.next());
      if (!chunk) break;
      for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
        const wait = turns.due();
        if (wait) await scope.wait(wait);
        facts.process(chunk.subarray(at, at + PIECE_BYTES));
      }
    }
    facts.flush();
    return facts.info as OggOpusInfo; // flush() has thrown when there is no stream
  } finally {
    source.close();
  }
}
