/**
 * What the Gradium client takes and gives: options, events, words, transcripts, speech.
 * Not here: any behaviour.
 */
import type { AudioFormat, WireFormat } from '../format.js';
import type { Deadlines } from '../speech/index.js';

export type { Deadlines };

/**
 * One word with its place in the audio: the source recording of a transcript, the synthesised speech of a `Speech`.
 * Times are in seconds from the first sample.
 */
export interface Word {
  /** As the service spells it, punctuation included; trimmed, never empty. */
  text: string;
  /** From 0, and not before the start of the preceding word of its stream. */
  startS: number;
  /**
   * From the service's `end_text`; equal to the next word's start or the end of the audio when it sent none. Never
   * before `startS`, nor (with `timestamps: 'source'`) past the end of the audio.
   */
  stopS: number;
  /** The service's `stream_id`, mostly 0; absent when it sent none. */
  streamId?: number;
  /**
   * Of synthesised speech: where the word's letters begin in the text that was spoken, in UTF-16 units; marks around them
   * are not part of it. Absent when the text does not hold the word, such as `four` for `4`, and of transcripts.
   */
  charStart?: number;
  /** Where they end: `text.slice(charStart, charEnd)` is the word. Absent with `charStart`. */
  charEnd?: number;
}

/** A whole transcript; it exists only when the service said `end_of_stream`. */
export interface Transcript {
  /** All words joined by single spaces. Empty when nothing was said: that is a result, not an error. */
  text: string;
  /** In the order in which they came, which is that of their times within a stream. */
  words: Word[];
  /** The language asked for (`any` = detected by the service). */
  language: string;
  /** The model that the service says it used; the one asked for when it says none. */
  model: string;
  /** The service's own id of the request; empty when it gave none, or was not asked because there is no audio. */
  requestId: string;
  /**
   * How many sessions with the service had a part in it: 1 as a rule, more of what is longer than a session may last (see
   * docs/stt.md, "Long sessions"), 0 when the service was not asked. `requestId` is that of the last one.
   */
  sessions: number;
  /** Length of the audio that was transcribed, in seconds of the source. */
  durationS: number;
  /** The decoder's delay in frames of 80 ms, 0 to 80: as the service's `ready` says it, else as it was asked for. */
  delayInFrames: number;
  /** How word times were derived: the decoder's delay, in seconds, that was subtracted (0 with `timestamps: 'decoder'`). */
  timestampShiftS: number;
  /** What was sent: the wire format, and whether the source's samples passed untouched. */
  wire: {
    /** The service's name of the format. */
    format: WireFormat;
    /** True: no conversion of any kind; of Ogg Opus the very pages. */
    untouched: boolean;
  };
  /** What the recording is. */
  source: TranscriptSource;
  /** Codes such as `truncated`: the recording was used, and this is what is odd about it. Listed in docs/wav.md and docs/ogg.md. */
  warnings: string[];
}

/** What a transcript's recording was. */
export interface TranscriptSource {
  /** Path or name, where there is one. */
  name?: string;
  /** `wav`, `ogg` (Ogg Opus), `raw`, or the name of what FFmpeg decoded: `mp3`, `mp4`, `flac`, `matroska` … (`ForeignContainer`). */
  container: string;
  /** How its samples lay in bytes: a `SampleEncoding`, or `opus`. `f32le` of what FFmpeg decoded. */
  encoding: string;
  /** Frames in a second; 48 000 of Opus. */
  sampleRateHz: number;
  /** Interleaved channels, from 1, of a chain those of its first link; they are averaged for the service. */
  channels: number;
  /** Frames found in the source. */
  frames: number;
  /** Seconds of audio that the header promises and the file does not hold (truncated recordings). */
  missingS?: number;
}

/** One horizon of the service's voice activity detection. */
export interface VadEntry {
  /** How far ahead, in seconds: 0.5, 1, 2, and 3 where the service gives it. */
  horizonS: number;
  /** Probability, 0 to 1, that the speaker is silent that far ahead. */
  inactivityProb: number;
}

/**
 * How a live session finds the ends of turns. A turn begins when the probability of silence falls below
 * `threshold - hysteresis`, or with a word; it ends after `steps` steps in a row at or above `threshold`.
 */
export interface TurnOptions {
  /** Which horizon of the `step`s decides, in seconds: the nearest that the service gives. 0 to 10. Default 2. */
  horizonS?: number;
  /** Probability of silence from which a step is quiet, 0 to 1. Default 0.7. */
  threshold?: number;
  /** How far below `threshold` it must fall for a new turn, 0 to `threshold`. Default 0.2, or `threshold` if that is less. */
  hysteresis?: number;
  /** Quiet steps of 80 ms in a row that end a turn: a whole number from 1 to 125. Default 2. */
  steps?: number;
  /**
   * How the last words are got at once: by a `flush` message, by `delayInFrames` steps of silence sent faster than real
   * time (not with `wire` `opus` or `wav`), or not at all: the turn then ends with the words that were there. Default
   * `flush`.
   */
  flushBy?: 'flush' | 'silence' | 'none';
  /**
   * How long to wait for more words after that, in milliseconds: 0 to 10 000. With a `flushBy` no longer than until
   * somebody speaks again, whose words are the next turn's. Default 0.
   */
  graceMs?: number;
}

/**
 * What a live session hands out, in the service's order (wire reference, section 2.2): one `ready` first, `endOfStream`
 * last. Times are in seconds of the audio written, corrected as `timestamps` says.
 */
export type SttEvent =
  /** The session has begun. */
  | {
      type: 'ready';
      /** The service's own id of the request; empty when it gave none. */
      requestId: string;
      /** As the service says it, else as it was asked for. */
      model: string;
      /** What the service works at, 24 000 as a rule; 0 when it did not say. */
      sampleRateHz: number;
      /** Samples in a step at that rate, 1 920 as a rule; 0 when it did not say. */
      frameSize: number;
      /** The decoder's delay in frames of 80 ms, 0 to 80. */
      delayInFrames: number;
    }
  /** A word as it was recognised. */
  | {
      type: 'text';
      /** Trimmed, never empty. */
      text: string;
      /** As in `Word`. */
      startS: number;
      /** As in `Word`. */
      streamId?: number;
    }
  /** The end of the preceding text of this stream. */
  | {
      type: 'endText';
      /** As in `Word`. */
      stopS: number;
      /** As in `Word`. */
      streamId?: number;
    }
  /** A word with both times, once its end is known. */
  | {
      type: 'word';
      /** Final. */
      word: Word;
    }
  /** 80 ms of audio were worked through. */
  | {
      type: 'step';
      /** From 0, one for each step. */
      index: number;
      /** Audio worked through so far, in seconds. */
      totalDurationS: number;
      /** Whether the speaker has stopped; pick an entry by its horizon, not by its place. */
      vad: VadEntry[];
    }
  /** The speaker has ended a turn, and its words are all there. Only with `turns`. */
  | {
      type: 'turnEnd';
      /** Its words joined by single spaces; never empty. */
      text: string;
      /** Its words, final, in their order; at least one. */
      words: Word[];
      /** When the end was seen, in seconds of the audio written. */
      atS: number;
    }
  /** All words of what was written before a `flush()` have been handed out. */
  | {
      type: 'flushed';
      /** What `flush()` returned. A text, maybe an empty one, only from a server that does not give back our number. */
      flushId: number | string;
    }
  /** A further session goes on where the one before ended. What was said is not repeated; times and steps go on. */
  | {
      type: 'resumed';
      /** `limit`: a session may not last longer. `lost`: it failed, and the failure may pass. */
      reason: 'limit' | 'lost';
      /** The service's own id of the further session; empty when it gave none. */
      requestId: string;
      /** Where it begins, in seconds of the audio written. */
      atS: number;
      /** How many seconds of it an earlier session has had already. */
      replayedS: number;
    }
  /** Audio that was given up: no session has answered for it, and it is no longer kept. Nothing is known of its words. */
  | {
      type: 'gap';
      /** In seconds of the audio written. */
      startS: number;
      /** As `startS`. */
      stopS: number;
    }
  /** The service has worked through everything; nothing follows. */
  | { type: 'endOfStream' };

/** Who is asking, and where. */
export interface GradiumOptions {
  /** Default: the environment's GRADIUM_API_KEY. Never logged, never part of a message. */
  apiKey?: string;
  /** Default: GRADIUM_BASE_URL, then https://api.gradium.ai/api. http(s) or ws(s), with or without /api. */
  baseUrl?: string;
  /**
   * In place of a key: a token that opens one WebSocket (`?token=`, for programs that must not hold the key), or what
   * fetches one. A function is asked anew for every connection; what it throws comes through untouched. HTTP requests
   * still need a key. Default: none.
   */
  token?: string | (() => string | Promise<string>);
  /**
   * The service on a machine of one's own: its WebSocket is at `baseUrl` itself, and the key goes as
   * `Authorization: Api-Key …`. Default false.
   */
  selfHosted?: boolean;
  /**
   * Further HTTP headers of every connection and request; they replace ours of the same name. With `authorization` or
   * `x-api-key` among them no `apiKey` is needed. Their values are never logged, never part of a message. Default: none.
   */
  headers?: Readonly<Record<string, string>>;
  /** In milliseconds, for all calls; a call's own go before, one by one. Default: those of {@link Deadlines}. */
  deadlines?: Deadlines;
  /**
   * After how many seconds of audio, and of time, the service ends a session: 10 to 86 400, or 0 for a server that does
   * not. What is longer goes through several sessions. Default 300.
   */
  sessionLimitS?: number;
}

/** What opens one WebSocket in place of the key. */
export interface SingleUseToken {
  /** For `new Gradium({ token })`, or the query `?token=` of a WebSocket's address. A secret, as the key is. */
  token: string;
  /** Until when it can be used, unless it was used before. */
  expiresAt: Date;
}

/** How long a token is waited for. */
export interface CreateTokenOptions {
  /** In milliseconds; go before the client's, one by one. Default: the client's; `totalMs` 60 000. */
  deadlines?: Deadlines;
  /** New attempts after retryable failures, 0 to 1 000. Default 4. */
  retries?: number;
  /** Ends it at once, with `signal.reason` as the error, untouched. Default: none. */
  signal?: AbortSignal;
}

/** What `transcribe` and `stream` have in common. Ranges: wire reference, section 2.2. */
export interface SttOptions {
  /** en, fr, de, es, pt or `any` (default): detected by the service. Always sent. */
  language?: string;
  /** The service's name of it. Default `default`. */
  model?: string;
  /**
   * Decoder delay in 80 ms frames: a whole number from 0 to 80. Default 10; always sent. More is more accurate and
   * later; with 0 there may be no words. Documented are 7, 8, 10, 12, 14, 16, 20, 24, 32, 36 and 48.
   */
  delayInFrames?: number;
  /** Temperature, 0 to 1.5 (documented: to 1). Default: not sent, and the service takes 0. */
  temp?: number;
  /** −4 to 4: moves words earlier or later. Default: not sent. */
  paddingBonus?: number;
  /** Words that the recogniser should expect. Default: none. */
  keywords?: {
    /** Up to 500 single words, without white space; upper case and accents matter. */
    words: readonly string[];
    /** How much they are favoured, −6 to 6: 3 is typical, and above 5 a word may repeat itself. Default: not sent. */
    boost?: number;
  };
  /**
   * Language of the transcript, en, fr, de, es or pt, when it is to be translated: the model is `stt-translate` then, unless
   * `model` says otherwise. Default: not sent, and the transcript is in the language spoken.
   */
  targetLanguage?: string;
  /**
   * Seconds the service may keep looking for a free worker at setup, 0 to 86 400; `setupMs` grows by them. Default: not
   * sent.
   */
  retryForS?: number;
  /** Keys of json_config that this client does not know; named options go before. Default: none. */
  extra?: Record<string, unknown>;
  /**
   * Default `auto`: the cheapest format that loses nothing (see planWire). `opus` sends Ogg Opus as it is and encodes
   * everything else, at 24 kb/s; `wav` sends a WAV as it is.
   */
  wire?: 'auto' | WireFormat;
  /**
   * 80 ms steps per audio message: 1 to 125. Default 10 for transcribe, 1 for stream. Of Ogg Opus a message holds whole
   * pages, as many as these steps have room for, or one; with 1 step each page goes by itself.
   */
  stepsPerMessage?: number;
  /** `source` (default): decoder delay subtracted, never below 0. `decoder`: as the service sent them. */
  timestamps?: 'source' | 'decoder';
  /** In milliseconds; go before the client's, one by one. Default: the client's. */
  deadlines?: Deadlines;
  /** Ends it at once, waits between attempts included, with `signal.reason` as the error, untouched. Default: none. */
  signal?: AbortSignal;
}

/** How a whole recording is transcribed. */
export interface TranscribeOptions extends SttOptions {
  /**
   * What the bytes are. Default: what they begin with says it, a WAV, Ogg Opus, or another container, which FFmpeg
   * decodes (MP3, MP4, FLAC, WebM …). Named, it is taken at its word.
   */
  format?: AudioFormat;
  /**
   * Path of FFmpeg's program, for containers that are not read here. Default: SLUICE_FFMPEG in the environment, then
   * `ffmpeg` on PATH.
   */
  ffmpeg?: string;
  /**
   * `websocket` (default), or `post`: one HTTP POST, for networks that let no WebSocket through. The service has no
   * `retryForS` there.
   */
  transport?: 'websocket' | 'post';
  /**
   * New attempts after retryable failures, 0 to 1 000. What is longer than a session may last, or is a stream, goes on where
   * it was, and attempts are counted anew whenever one gets further. Default 4.
   */
  retries?: number;
  /** Called as the service gets on, about once for each second of audio, and at the end. */
  onProgress?: (progress: {
    /** Seconds of the source transcribed so far; begins anew with a new attempt that does. */
    transcribedS: number;
    /** Length of the source in seconds, where it is known. */
    durationS?: number;
  }) => void;
}

/** What is written to a live session. */
export interface LiveSourceOptions {
  /**
   * What will be written. Default: as the stream says that is joined to this one by `pipe`, `pipeline` or `compose` and has
   * an `outputFormat`; else the first bytes say it, of a WAV, Ogg Opus, or a container that FFmpeg decodes. Raw samples
   * from elsewhere have to be described.
   */
  format?: AudioFormat;
  /**
   * Path of FFmpeg's program, for containers that are not read here. Default: SLUICE_FFMPEG in the environment, then
   * `ffmpeg` on PATH.
   */
  ffmpeg?: string;
}

/** How a live session is held. */
export interface SttStreamOptions extends SttOptions, LiveSourceOptions {
  /** What is read: `events` (default), one {@link SttEvent} a chunk. For text see {@link SttTextStreamOptions}. */
  output?: 'events';
  /** Whether to hand out `step` events. Default true; false: they are counted, and without `turns` not even parsed. */
  steps?: boolean;
  /** Finds the ends of turns, and hands out a `turnEnd` for each. Default: not. */
  turns?: TurnOptions;
  /** New sessions after retryable failures, 0 to 1 000, counted anew whenever one gets further. Default 4. */
  retries?: number;
}

/** How a live session is held whose transcript is read as text. */
export interface SttTextStreamOptions extends Omit<SttStreamOptions, 'output'> {
  /**
   * What is read: UTF-8 bytes. Each word comes once it is final, with one space between two, and a newline after each turn
   * (with `turns`) and at the end, unless nothing was said.
   */
  output: 'text';
}

/** How a text is spoken. Ranges and the service's own defaults: wire reference, section 2.3. */
export interface TtsOptions {
  /** The service's id of the voice, not empty. Default: not sent, and the service chooses. */
  voiceId?: string;
  /**
   * The voice by its name, not empty: the name of one voice of the catalogue stands for its id, one of several is narrowed by
   * `language` or refused with those there are, any other is sent as it is; see {@link resolveVoice}. Next to a `voiceId`,
   * which goes before, it is sent as it is. Default: not sent.
   */
  voice?: string;
  /**
   * What the text is in, such as `fr`: it tells voices of the same name apart, and is not sent. Default: what `rewriteRules`
   * says, if it is a language.
   */
  language?: string;
  /** The service's name of it. Default `default`. */
  model?: string;
  /**
   * Default `wav`, of a stream `pcm_24000`. `wav` is 48 kHz, 16 bits, mono, as `pcm` is. A `pcm_…` has the rate in its
   * name, G.711 8 kHz. `opus` (Ogg Opus) is made here, at 40 kb/s, when more than one session speaks or may have to.
   */
  outputFormat?: WireFormat;
  /** Temperature, 0 to 1.4. Default: not sent, and the service takes 0.7. */
  temp?: number;
  /** Guidance coefficient, the service's `cfg_coef`, 1 to 4. Default: not sent, and the service takes 2. */
  cfgCoef?: number;
  /** −4 to 4, negative is faster. Default: not sent, and the service takes 0. */
  paddingBonus?: number;
  /**
   * Rules that rewrite the text before it is spoken: one of `en fr fr-be fr-ch de es pt none`, or a list of rules'
   * names. Not empty, else passed on as it is. Default: not sent, and the service goes by the voice's language.
   */
  rewriteRules?: string;
  /** The service's id of a pronunciation dictionary, not empty. Default: not sent. */
  pronunciationId?: string;
  /**
   * Keys of json_config that this client does not know, such as `max_padding`, `padding_between` and
   * `max_padding_per_token`; named options go before. Default: none.
   */
  extra?: Record<string, unknown>;
  /**
   * Seconds the service may keep looking for a free worker at setup, 0 to 86 400; `setupMs` grows by them. Default: not
   * sent.
   */
  retryForS?: number;
  /**
   * Longer text is spoken by several sessions, one after the other: a whole number of UTF-16 units, 1 to 100 000.
   * Default 3 000, some 240 s of speech, since the service ends a session after 300 s; with another `sessionLimitS` of the
   * client in proportion. The free tier takes 1 500.
   */
  maxCharsPerSession?: number;
  /** New attempts of each session after retryable failures, 0 to 1 000. Default 4. */
  retries?: number;
  /** In milliseconds; go before the client's, one by one. Default: the client's. */
  deadlines?: Deadlines;
  /** Ends it at once, waits between attempts included, with `signal.reason` as the error, untouched. Default: none. */
  signal?: AbortSignal;
}

/** How many sockets a connection has, and for how long. */
export interface ConnectOptions {
  /** Sockets at most for each of speech to text, text to speech and speech to speech: 1 to 1 000. Default 4. */
  sockets?: number;
  /**
   * Requests at once on each socket, 1 to 1 000. Default 8. 1: one after the other, in the form of the protocol without
   * `client_req_id`.
   */
  sessionsPerSocket?: number;
  /** Milliseconds that a socket stays open without a request; 0: not at all. Default 60 000. */
  idleMs?: number;
}

/** What a connection is doing. */
export interface ConnectionStats {
  /** Sockets that are open or opening, those without a request among them. */
  sockets: number;
  /** Requests that have a place on one. */
  running: number;
  /** Requests that wait for a place. */
  waiting: number;
  /** Messages so far that came for a request that was over, and were dropped. */
  dropped: number;
}

/** How a text is spoken and collected. */
export interface SynthesizeOptions extends TtsOptions {
  /**
   * `websocket` (default), or `post`: HTTP POST, for networks that let no WebSocket through. The text of each session goes
   * whole, and the service has no `retryForS` there.
   */
  transport?: 'websocket' | 'post';
  /** With `transport: 'post'`: audio as bytes, which is a quarter less to send, and no words. Default false. */
  onlyAudio?: boolean;
}

/** How speech is translated, and spoken again. Ranges: wire reference, section 2.4. */
export interface S2sOptions {
  /** What is spoken in the end: en, fr, de, es or pt. That of the source makes it another voice, and no translation. */
  targetLanguage: string;
  /**
   * The service's id of the voice, not empty; of one that speaks the target language. Default: not sent, and the service
   * chooses, or refuses.
   */
  voiceId?: string;
  /**
   * The voice by its name in the catalogue, not empty; it stands for an id. Of several of that name the one that speaks the
   * target language; others are refused, see {@link resolveVoice}. Not used next to a `voiceId`. Default: none.
   */
  voice?: string;
  /** The service's name of it. Default `s2s-translate`; always sent. */
  model?: string;
  /** Of the half that listens. Default `stt-translate`; always sent. */
  sttModel?: string;
  /** Of the half that speaks. Default `default`; always sent. */
  ttsModel?: string;
  /**
   * Default `wav`, of a stream `pcm_24000`. `wav` is 48 kHz, 16 bits, mono, as `pcm` is. A `pcm_…` has the rate in its
   * name, G.711 8 kHz. `opus` (Ogg Opus) is made here, at 40 kb/s, when more than one session speaks or may have to.
   */
  outputFormat?: WireFormat;
  /** Keys of json_config that this client does not know; `targetLanguage` goes before. Default: none. */
  extra?: Record<string, unknown>;
  /**
   * Seconds the service may keep looking for a free worker at setup, 0 to 86 400; `setupMs` grows by them. Default: not
   * sent.
   */
  retryForS?: number;
  /**
   * Default `auto`: the cheapest format that loses nothing (see planWire). `opus` encodes the samples, at 24 kb/s. Not
   * `wav`: silence is added behind the audio.
   */
  wire?: 'auto' | Exclude<WireFormat, 'wav'>;
  /** 80 ms steps per audio message, 1 to 125. Default 1. */
  stepsPerMessage?: number;
  /** Silence behind the audio, in which the service says the last of it: 0 to 10 s. Default 2. */
  tailSilenceS?: number;
  /**
   * Seconds of audio sent in a second, 0 to 100: the service leaves out sentences when it is given more than it can say.
   * Default 1; 0 sends it as fast as it is taken.
   */
  pace?: number;
  /** New attempts of each session after retryable failures, 0 to 1 000. Default 4. */
  retries?: number;
  /** In milliseconds; go before the client's, one by one. Default: the client's. */
  deadlines?: Deadlines;
  /** Ends it at once, waits between attempts included, with `signal.reason` as the error, untouched. Default: none. */
  signal?: AbortSignal;
}

/** How a whole recording is translated. */
export interface TranslateOptions extends S2sOptions {
  /** What the bytes are. Default: what they begin with says it, as of {@link TranscribeOptions}. */
  format?: AudioFormat;
  /**
   * Path of FFmpeg's program, for containers that are not read here. Default: SLUICE_FFMPEG in the environment, then
   * `ffmpeg` on PATH.
   */
  ffmpeg?: string;
}

/** How live speech is translated. */
export interface S2sStreamOptions extends S2sOptions, LiveSourceOptions {}

/** What the service says of a session of an {@link S2sStream} once it has begun. */
export type S2sReady = TtsReady;

/** A recording in other words: its `text` is that of the service, its words joined by single spaces. */
export interface S2sSpeech extends Speech {
  /** What the recording is. */
  source: TranscriptSource;
  /** Its length in seconds. */
  sourceDurationS: number;
  /** What was sent. */
  wire: WireFormat;
  /** Codes such as `truncated`: what is odd about the recording. Listed in docs/wav.md and docs/ogg.md. */
  warnings: string[];
}

/** A text, a list of texts that are joined by one space, or pieces of a text that are joined as they are. */
export type TextSource = string | readonly string[] | AsyncIterable<string>;

/** What the service says of a session of a {@link TtsStream} once it has begun. */
export interface TtsReady {
  /** The service's own id of the request; empty when it gave none. */
  requestId: string;
  /** As the service says it, else as it was asked for. */
  model: string;
  /** As the service says it: of its audio, 48 000 as a rule; 0 when it did not say. */
  sampleRateHz: number;
  /** Samples in a step of 80 ms; 0 when it did not say. */
  frameSize: number;
}

/** Synthesised speech. */
export interface Speech {
  /** The bytes as a file would hold them: under one header, and a WAV's has its true sizes. */
  data: Buffer;
  /** As it was asked for. */
  outputFormat: WireFormat;
  /** Samples in a second, all formats being mono: as the format's name or the WAV's header says; 48 000 of `opus`. */
  sampleRateHz: number;
  /** What was spoken: the text as it was given. */
  text: string;
  /** The service's own id of the first request; empty when it gave none. */
  requestId: string;
  /** Of all requests, in their order: one for each session. */
  requestIds: string[];
  /** Length in seconds, counted in samples. */
  durationS: number;
  /** What was spoken when, in seconds from the speech's first sample, as the service says; and where in `text` it is. */
  words: Word[];
  /**
   * The samples, decoded anew with every call: as they are, or of G.711 and Opus what it stands for.
   */
  pcm16(): Int16Array<ArrayBuffer>;
  /** The samples as floats, full scale 1.0, decoded anew with every call. */
  pcm(): Float32Array<ArrayBuffer>;
  /**
   * Writes `data` to a file, whole or not at all: a file that was there stays as it was until then. Rejects with the
   * file system's own error (ENOENT, ENOSPC …).
   */
  save(path: string): Promise<void>;
}
