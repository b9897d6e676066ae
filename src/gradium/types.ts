/**
 * What the Gradium client takes and gives: options, events, words, transcripts, speech.
 * Not here: any behaviour.
 */
import type { AudioFormat, WireFormat } from '../format.js';
import type { Deadlines } from '../speech/index.js';

export type { Deadlines };

/** One word with its place in the source recording, in seconds from the source's first sample. */
export interface Word {
  text: string;
  startS: number;
  /** From the service's `end_text`; equal to the next word's start or the end of the audio when it sent none. */
  stopS: number;
  streamId?: number;
}

/** A whole transcript; it exists only when the service said `end_of_stream`. */
export interface Transcript {
  /** All words joined by single spaces. Empty when nothing was said: that is a result, not an error. */
  text: string;
  words: Word[];
  /** The language asked for (`any` = detected by the service). */
  language: string;
  model: string;
  requestId: string;
  /** Length of the audio that was transcribed, in seconds of the source. */
  durationS: number;
  delayInFrames: number;
  /** How word times were derived: the decoder's delay, in seconds, that was subtracted (0 with `timestamps: 'decoder'`). */
  timestampShiftS: number;
  /** What was sent: the wire format, and whether the source's samples passed untouched. */
  wire: { format: WireFormat; untouched: boolean };
  source: TranscriptSource;
  /** Codes such as `truncated`: the recording was used, and this is what is odd about it. */
  warnings: string[];
}

export interface TranscriptSource {
  /** Path or name, where there is one. */
  name?: string;
  container: string;
  encoding: string;
  sampleRateHz: number;
  channels: number;
  /** Frames found in the source. */
  frames: number;
  /** Seconds of audio that the header promises and the file does not hold (truncated recordings). */
  missingS?: number;
}

export type SttEvent =
  | {
      type: 'ready';
      requestId: string;
      model: string;
      sampleRateHz: number;
      frameSize: number;
      delayInFrames: number;
    }
  /** A word as it was recognised. Times are corrected as `timestamps` says. */
  | { type: 'text'; text: string; startS: number; streamId?: number }
  /** The end of the preceding text of this stream. */
  | { type: 'endText'; stopS: number; streamId?: number }
  /** A word with both times, once its end is known. */
  | { type: 'word'; word: Word }
  | {
      type: 'step';
      index: number;
      totalDurationS: number;
      vad: { horizonS: number; inactivityProb: number }[];
    }
  | { type: 'flushed'; flushId: number | string }
  | { type: 'endOfStream' };

export interface GradiumOptions {
  /** Default: the environment's GRADIUM_API_KEY. Never logged, never part of a message. */
  apiKey?: string;
  /** Default: GRADIUM_BASE_URL, then https://api.gradium.ai/api. http(s) or ws(s), with or without /api. */
  baseUrl?: string;
  deadlines?: Deadlines;
}

export interface SttOptions {
  /** en, fr, de, es, pt or `any` (default): detected by the service. */
  language?: string;
  /** Default `default`. */
  model?: string;
  /** Decoder delay in 80 ms frames, 0 to 80. Default 10; always sent. */
  delayInFrames?: number;
  temp?: number;
  /** −4 to 4. */
  paddingBonus?: number;
  /** Seconds the service may keep looking for a free worker at setup. */
  retryForS?: number;
  /** Keys of json_config that this client does not know. */
  extra?: Record<string, unknown>;
  /** Default `auto`: the cheapest format that loses nothing (see planWire). */
  wire?: 'auto' | WireFormat;
  /** 80 ms steps per audio message: 1 to 125. Default 10 for transcribe, 1 for stream. */
  stepsPerMessage?: number;
  /** `source` (default): decoder delay subtracted, never below 0. `decoder`: as the service sent them. */
  timestamps?: 'source' | 'decoder';
  deadlines?: Deadlines;
  signal?: AbortSignal;
}

export interface TranscribeOptions extends SttOptions {
  /** What the bytes are, when they are not a container that says so itself. Default: WAV. */
  format?: AudioFormat;
  /** New attempts after retryable failures, for sources that can be read again (path, Buffer). Default 4. */
  retries?: number;
  /** Called as the service gets on: seconds of the source transcribed so far, and its length where known. */
  onProgress?: (progress: { transcribedS: number; durationS?: number }) => void;
}

export interface SttStreamOptions extends SttOptions {
  /** What will be written to the stream. */
  format: AudioFormat;
  /** Whether to hand out `step` events. Default true; false: they are counted and not even parsed. */
  steps?: boolean;
}

export interface TtsOptions {
  voiceId?: string;
  /** Name fallback when there is no id. */
  voice?: string;
  model?: string;
  /** Default `wav`. */
  outputFormat?: WireFormat;
  temp?: number;
  cfgCoef?: number;
  paddingBonus?: number;
  rewriteRules?: string;
  /** Keys of json_config that this client does not know. */
  extra?: Record<string, unknown>;
  /** Seconds the service may keep looking for a free worker at setup. */
  retryForS?: number;
  /** New attempts after retryable failures; each speaks the whole text again. Default 4. */
  retries?: number;
  deadlines?: Deadlines;
  signal?: AbortSignal;
}

/** Synthesised speech. */
export interface Speech {
  /** The bytes as a file would hold them: a WAV's header has its true sizes. */
  data: Buffer;
  outputFormat: WireFormat;
  sampleRateHz: number;
  requestId: string;
  durationS: number;
  words: Word[];
  /** Writes `data` to a file, whole or not at all. */
  save(path: string): Promise<void>;
}
