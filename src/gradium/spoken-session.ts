/**
 * What one session speaks, as it comes: audio, and words on the clock and in the text of the whole speech.
 * Not here: the session (tts-session.ts), the speech that several of them make (speech.ts).
 */
import { convertSamples } from '../audio/index.js';
import { ConnectionError } from '../errors.js';
import { STEP_S, type WireFormat } from '../format.js';
import type { WordRange } from '../text/align.js';
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
  /** Whether there is a short pause before its first audio. Not of `opus`. Default: no. */
  pause?: boolean;
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
  readonly #startS: number;
  /** Frames of the pause that is in the audio. */
  #pauseFrames = 0;
  #readyRateHz = 0;
  #requestId = '';
  #heard = false;

  constructor(options: SpokenSessionOptions) {
    this.#options = options;
    this.#startS = options.startS + (options.pause ? STEP_S : 0);
    this.#samples = options.format === 'opus' ? undefined : new SampleStream(options.format, options.earlier);
  }

  get requestId(): string {
    return this.#requestId;
  }

  /** Undefined of `opus`, and of `wav` until its header has come. */
  get layout(): SpokenLayout | undefined {
    return this.#samples?.layout;
  }

  /** Seconds of audio so far, the pause included; 0 of `opus`, which only its whole stream tells. */
  get durationS(): number {
    if (!this.#samples || !this.layout) return 0;
    return (this.#pauseFrames + this.#samples.frames) / this.layout.sampleRateHz;
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
    if (!this.#heard) this.#pause();
    this.#heard = true;
    this.#options.onAudio(audio);
  }

  #pause(): void {
    if (!this.#options.pause || !this.layout) return;
    const { encoding, sampleRateHz, channels } = this.layout;
    this.#pauseFrames = Math.round(STEP_S * sampleRateHz);
    const silence = convertSamples(Buffer.alloc(2 * this.#pauseFrames * channels), {
      from: 's16le',
      to: encoding,
    });
    this.#options.onAudio(Buffer.from(silence.buffer));
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
    return this.#startS === 0 ? sessionS : Math.round((this.#startS + sessionS) * 1e6) / 1e6;
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
