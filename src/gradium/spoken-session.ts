/**
 * What one session speaks, as it comes: audio, and words on the clock and in the text of the whole speech.
 * Not here: the session (tts-session.ts), the speech that several of them make (speech.ts).
 */
import { ConnectionError } from '../errors.js';
import type { WireFormat } from '../format.js';
import type { WordRange } from '../text/index.js';
import {
  Malformed,
  type Ready,
  readAudio,
  readText,
  requiredNumber,
  type ServerMessage,
} from './messages.js';
import { SampleStream, type SpokenLayout } from './sample-stream.js';
import type { Word } from './types.js';

export interface SpokenSessionOptions {
  /** As the service was asked for it. */
  format: WireFormat;
  /** Speech before this session, in seconds: its words are that much later. */
  startS: number;
  /** What that speech is, where there is some. */
  earlier?: SpokenLayout | undefined;
  /** Where in the text a word is. Called once for each word, in their order. */
  locate(word: string): WordRange | undefined;
  /** Whole frames without any header; of `opus` whatever the service put into one message. Never empty. */
  onAudio(bytes: Buffer): void;
  onWord(word: Word): void;
}

/** Everything here may throw `Malformed`, and FormatError or UnsupportedError when a WAV is none. */
export class SpokenSession {
  readonly #options: SpokenSessionOptions;
  /** Undefined of `opus`. */
  readonly #samples: SampleStream | undefined;
  /** By `stream_id`. */
  readonly #lastStartS = new Map<number | undefined, number>();
  #readyRateHz = 0;
  #requestId = '';
  #heard = false;

  constructor(options: SpokenSessionOptions) {
    this.#options = options;
    this.#samples = options.format === 'opus' ? undefined : new SampleStream(options.format, options.earlier);
  }

  get requestId(): string {
    return this.#requestId;
  }

  /** Undefined of `opus`, and of `wav` until its header has come. */
  get layout(): SpokenLayout | undefined {
    return this.#samples?.layout;
  }

  /** Seconds of audio so far; 0 of `opus`, which only its whole stream tells. */
  get durationS(): number {
    return this.#samples ? this.#samples.frames / (this.layout?.sampleRateHz ?? 1) : 0;
  }

  ready({ requestId, sampleRateHz }: Ready): void {
    this.#requestId = requestId;
    this.#readyRateHz = sampleRateHz;
  }

  /** Takes `audio` and `text`; other types (flushed, need_more_text and what may come) ask nothing of us. */
  message(message: ServerMessage): void {
    if (message.type === 'audio') this.audio(readAudio(message));
    else if (message.type === 'text') this.#word(message);
  }

  /** Audio that came without a message around it. */
  audio(bytes: Buffer): void {
    const audio = this.#samples ? this.#samples.push(bytes) : bytes;
    this.#checkRate();
    if (audio.length === 0) return;
    this.#heard = true;
    this.#options.onAudio(audio);
  }

  /** The service has said all. @throws ConnectionError ERR_PROTOCOL when that was nothing */
  finish(): void {
    this.#samples?.finish();
    if (!this.#heard) throw noAudio(this.#requestId);
  }

  /** Only where the service chooses the rate: what `sample_rate` means beside a format that names one, no source says. */
  #checkRate(): void {
    const { format } = this.#options;
    const rateHz = this.layout?.sampleRateHz;
    const saidHz = this.#readyRateHz;
    if ((format !== 'pcm' && format !== 'wav') || saidHz === 0 || rateHz === undefined || saidHz === rateHz)
      return;
    throw new Malformed(`ready.sample_rate is ${saidHz}, and the ${format} audio has ${rateHz} Hz`);
  }

  #word(message: ServerMessage): void {
    const { text, startS, streamId } = readText(message);
    const stopS = requiredNumber(message, 'stop_s');
    const trimmed = text.trim();
    if (trimmed === '') return;
    // Never before 0, nor before the word before it.
    const wordStartS = Math.max(startS, this.#lastStartS.get(streamId) ?? 0);
    this.#lastStartS.set(streamId, wordStartS);
    this.#options.onWord({
      text: trimmed,
      startS: this.#shifted(wordStartS),
      stopS: this.#shifted(Math.max(wordStartS, stopS)),
      ...this.#options.locate(trimmed),
      ...(streamId === undefined ? {} : { streamId }),
    });
  }

  /** Rounded to microseconds: 240 + 0.08 is 240.08, not 240.08000000000001. */
  #shifted(sessionS: number): number {
    const { startS } = this.#options;
    return startS === 0 ? sessionS : Math.round((startS + sessionS) * 1e6) / 1e6;
  }
}

/** Of opus also when there were headers alone. */
export function noAudio(requestId: string): ConnectionError {
  return new ConnectionError('the service ended the stream without any audio', {
    code: 'ERR_PROTOCOL',
    phase: 'stream',
    requestId,
    retryable: true,
  });
}
