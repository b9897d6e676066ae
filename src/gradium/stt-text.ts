/**
 * A live transcript as text, from its events.
 * Not here: the events (chain-events.ts), where turns end (turn-taker.ts).
 */
import type { SttEvent } from './types.js';

/** Words with one space between them, and a line for each turn; without turns the whole of it is one line. */
export class TranscriptText {
  #inLine = false;

  /** What an event adds; mostly nothing. */
  of(event: SttEvent): string {
    switch (event.type) {
      case 'word': {
        const space = this.#inLine ? ' ' : '';
        this.#inLine = true;
        return space + event.word.text;
      }
      case 'turnEnd':
      case 'endOfStream': {
        const newline = this.#inLine ? '\n' : '';
        this.#inLine = false;
        return newline;
      }
      default:
        return '';
    }
  }
}
