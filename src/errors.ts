/**
 * Every error class this package throws, and the list of public codes.
 * Not here: who throws what; each function documents its own codes. The list in prose: docs/errors.md.
 */

/**
 * Codes that a {@link FormatError} carries: what is wrong with the bytes. Found by the native core; a test compares
 * this list with native/core/error.h. What each means and the way out: docs/errors.md.
 */
export const FORMAT_ERROR_CODES = [
  'ERR_WAV_NOT_WAV',
  'ERR_WAV_BAD_CHUNK',
  'ERR_WAV_BAD_FMT',
  'ERR_WAV_DATA_BEFORE_FMT',
  'ERR_WAV_NO_FMT',
  'ERR_WAV_NO_DATA',
  'ERR_WAV_NO_DS64',
  'ERR_OGG_NOT_OGG',
  'ERR_OGG_NO_BOS',
  'ERR_OPUS_BAD_HEAD',
  'ERR_OPUS_BAD_TAGS',
  'ERR_OPUS_BAD_PACKET',
] as const;
/** One of {@link FORMAT_ERROR_CODES}. */
export type FormatErrorCode = (typeof FORMAT_ERROR_CODES)[number];

/**
 * Codes that an {@link UnsupportedError} carries: what it is in the bytes that this package does not read. Most come
 * from the native core; a test compares this list with native/core/error.h. Meaning and way out: docs/errors.md.
 */
export const UNSUPPORTED_ERROR_CODES = [
  'ERR_WAV_UNSUPPORTED_ENCODING',
  'ERR_WAV_UNSUPPORTED_WIDTH',
  'ERR_WAV_UNSUPPORTED_WAVL',
  'ERR_WAV_UNSUPPORTED_RATE',
  'ERR_WAV_UNSUPPORTED_CHANNELS',
  'ERR_OGG_UNSUPPORTED_VERSION',
  'ERR_OGG_UNSUPPORTED_CODEC',
  'ERR_OPUS_UNSUPPORTED_VERSION',
  'ERR_OPUS_UNSUPPORTED_MAPPING',
  'ERR_UNSUPPORTED_CONTAINER',
] as const;
/** One of {@link UNSUPPORTED_ERROR_CODES}. */
export type UnsupportedErrorCode = (typeof UNSUPPORTED_ERROR_CODES)[number];

/**
 * Codes in the `code` of a TypeError (a value of the wrong kind) or RangeError (of the right kind, out of range): the
 * caller's mistake, thrown at once. Meaning and way out: docs/errors.md.
 */
export const ARGUMENT_ERROR_CODES = [
  'ERR_OUTPUT_TOO_SMALL',
  'ERR_INVALID_RATE',
  'ERR_INVALID_CHANNELS',
  'ERR_INVALID_LENGTH',
  'ERR_INVALID_OPTION',
  'ERR_TOO_LARGE',
  'ERR_INVALID_ARG',
  'ERR_CLOSED',
  'ERR_INVALID_STATE',
  'ERR_FORMAT_MISMATCH',
  'ERR_BUSY',
  'ERR_NO_API_KEY',
  'ERR_SIMD_LEVEL',
] as const;
/** One of {@link ARGUMENT_ERROR_CODES}. */
export type ArgumentErrorCode = (typeof ARGUMENT_ERROR_CODES)[number];

/**
 * The bytes break their format's specification. A new attempt with the same bytes fails alike.
 *
 * @example
 * try {
 *   readWav(Uint8Array.of(1, 2, 3));
 * } catch (error) {
 *   if (!(error instanceof FormatError)) throw error;
 *   console.error(`${error.code} at byte ${error.byteOffset}: ${error.message}`);
 * }
 */
export class FormatError extends Error {
  /** Always `FormatError`. */
  override readonly name = 'FormatError';
  /** What is wrong. Stable, unlike the message, which is for people. */
  readonly code: FormatErrorCode;
  /** Where the fault was seen, in bytes from the start of the file or stream: a whole number from 0. */
  readonly byteOffset: number;

  /** @param byteOffset in bytes from the start of the file or stream */
  constructor(message: string, code: FormatErrorCode, byteOffset: number) {
    super(message);
    this.code = code;
    this.byteOffset = byteOffset;
  }
}

/** The bytes are valid but outside what this package reads; the message names the feature and the way out. */
export class UnsupportedError extends Error {
  /** Always `UnsupportedError`. */
  override readonly name = 'UnsupportedError';
  /** Which kind of feature. Stable, unlike the message. */
  readonly code: UnsupportedErrorCode;
  /**
   * Where the feature was seen, in bytes from the start of the file or stream: a whole number from 0. 0 also where an
   * option asked for it, not the bytes.
   */
  readonly byteOffset: number;

  /** @param byteOffset in bytes from the start of the file or stream */
  constructor(message: string, code: UnsupportedErrorCode, byteOffset: number) {
    super(message);
    this.code = code;
    this.byteOffset = byteOffset;
  }
}

/** What every network failure carries beside its message. */
export interface NetworkErrorInfo {
  /** The service's own id of the request, once it has given one: with its `ready`, or in the head of an HTTP answer. */
  requestId?: string | undefined;
  /** The WebSocket close code (RFC 6455 §7.4), 1000 to 4999, where a close was the cause. */
  closeCode?: number | undefined;
  /** The error beneath this one, such as the system's. Default: none. */
  cause?: unknown;
}

/**
 * How far a session had come: `connect` until the WebSocket is open (name, TCP, TLS, upgrade), `setup` from then to the
 * service's `ready`, `stream` after that. Of an HTTP request: `connect` until name, TCP and TLS are done, `setup` to the
 * head of the answer; a POST that stands in for a WebSocket has no `setup`.
 */
export type ConnectionPhase = 'connect' | 'setup' | 'stream';

/** The connection failed or ended early. Words received before are never passed off as a whole transcript. */
export class ConnectionError extends Error {
  /** Always `ConnectionError`. */
  override readonly name = 'ConnectionError';
  /**
   * `ERR_CONNECT`: no connection came about, `cause` has the system's reason. `ERR_CLOSED_EARLY`: it ended before the
   * service's `end_of_stream`. `ERR_PROTOCOL`: one side sent what the protocol does not allow.
   */
  readonly code: 'ERR_CONNECT' | 'ERR_CLOSED_EARLY' | 'ERR_PROTOCOL';
  /** How far the session had come. */
  readonly phase: ConnectionPhase;
  /** The service's own id of the request; undefined before its `ready`. Name it when you report a fault. */
  readonly requestId: string | undefined;
  /**
   * The WebSocket close code, 1000 to 4999 (RFC 6455 §7.4), where a close was the cause; else undefined. 1006: the
   * connection dropped without a close frame.
   */
  readonly closeCode: number | undefined;
  /**
   * Whether trying again may help: true for system errors, early closes and a service that broke the protocol; false
   * for a bad certificate, for the closes by which the peer says that we broke it (1002, 1003, 1007, 1009, 1010), and for
   * an empty answer to a POST, which is how the service says that it could not read the options, and for telephone calls,
   * which came from the other side.
   */
  readonly retryable: boolean;

  /** @param info what the fields say; `cause` becomes the error's own */
  constructor(
    message: string,
    info: NetworkErrorInfo & {
      code: 'ERR_CONNECT' | 'ERR_CLOSED_EARLY' | 'ERR_PROTOCOL';
      phase: ConnectionPhase;
      retryable: boolean;
    },
  ) {
    super(message, info.cause === undefined ? undefined : { cause: info.cause });
    this.code = info.code;
    this.phase = info.phase;
    this.requestId = info.requestId;
    this.closeCode = info.closeCode;
    this.retryable = info.retryable;
  }
}

/** Which of the {@link Deadlines} passed: `connectMs`, `setupMs`, `idleMs`, `pingMs` or `totalMs`. */
export type DeadlinePhase = 'connect' | 'setup' | 'idle' | 'ping' | 'total';

/** A deadline passed: nothing hangs. Which there are, in milliseconds, and their defaults: `Deadlines`. */
export class TimeoutError extends Error {
  /** Always `TimeoutError`. */
  override readonly name = 'TimeoutError';
  /** Always `ERR_TIMEOUT`. */
  readonly code = 'ERR_TIMEOUT';
  /** The deadline that passed. */
  readonly phase: DeadlinePhase;
  /** The service's own id of the request; undefined before its `ready`. */
  readonly requestId: string | undefined;
  /** Always true. After `total` there is no time left for it within the same call. */
  readonly retryable = true;

  /** @param info what the fields say; `cause` becomes the error's own */
  constructor(message: string, info: NetworkErrorInfo & { phase: DeadlinePhase }) {
    super(message, info.cause === undefined ? undefined : { cause: info.cause });
    this.phase = info.phase;
    this.requestId = info.requestId;
  }
}

/** What is wrong with one field of a request, in the service's words (wire reference, section 1.6). */
export interface ValidationIssue {
  /** Where it stands, as in `body.rules.0.original`; empty when the service did not say. */
  path: string;
  /** What is wrong with it. */
  message: string;
  /** The service's name for that, such as `missing`; empty when it gave none. */
  type: string;
}

/**
 * The service refused, by an `error` message, a close that says so, or an HTTP answer: its code, its request id,
 * and whether trying again may help (wire reference, section 1.6).
 *
 * @example
 * try {
 *   await new Gradium().stt.transcribe('call.wav');
 * } catch (error) {
 *   if (!(error instanceof SpeechApiError)) throw error;
 *   console.error(error.apiCode, error.requestId, error.retryable ? 'try again later' : error.message);
 * }
 */
export class SpeechApiError extends Error {
  /** Always `SpeechApiError`. */
  override readonly name = 'SpeechApiError';
  /** Always `ERR_SPEECH_API`; the service's own code is `apiCode`. */
  readonly code = 'ERR_SPEECH_API';
  /**
   * The service's own code, 1001 to 1014 (1008 = policy: key, credits, bad setup; 1011 = its own failure), or an HTTP
   * status; undefined when it gave neither.
   */
  readonly apiCode: number | undefined;
  /**
   * The service's own id of the request, from its `ready` or the HTTP answer; undefined when it gave none. Name it when
   * you report a fault.
   */
  readonly requestId: string | undefined;
  /**
   * Whether trying again may help: true for 1011 to 1014, 408, 429, 5xx and no code; false for 1008 and other 4xx, and for a
   * sample of which the service would make no voice.
   */
  readonly retryable: boolean;
  /** Seconds from 0 that the service asked us to wait (`Retry-After`, RFC 9110 §10.2.3); undefined when it did not. */
  readonly retryAfterS: number | undefined;
  /** What was wrong with which field, where the service said so (HTTP 422); else empty. */
  readonly details: readonly ValidationIssue[];

  /** @param info what the fields say; `cause` becomes the error's own */
  constructor(
    message: string,
    info: NetworkErrorInfo & {
      apiCode?: number | undefined;
      retryable: boolean;
      retryAfterS?: number | undefined;
      details?: readonly ValidationIssue[] | undefined;
    },
  ) {
    super(message, info.cause === undefined ? undefined : { cause: info.cause });
    this.apiCode = info.apiCode;
    this.requestId = info.requestId;
    this.retryable = info.retryable;
    this.retryAfterS = info.retryAfterS;
    this.details = info.details ?? [];
  }
}

/**
 * FFmpeg, which reads the containers that the core does not, is missing or has failed. A new attempt with the same bytes
 * fails alike, but for `ERR_FFMPEG_STALLED`.
 *
 * @example
 * try {
 *   await new Gradium().stt.transcribe('call.mp3');
 * } catch (error) {
 *   if (!(error instanceof FfmpegError)) throw error;
 *   console.error(error.code === 'ERR_FFMPEG_NOT_FOUND' ? 'install ffmpeg' : error.stderr);
 * }
 */
export class FfmpegError extends Error {
  /** Always `FfmpegError`. */
  override readonly name = 'FfmpegError';
  /**
   * `ERR_FFMPEG_NOT_FOUND`: there is no such program; the message has the command that installs it.
   * `ERR_FFMPEG_FAILED`: it did not start, or ended with another exit status than 0. `ERR_FFMPEG_STALLED`: it did nothing
   * for a minute. `ERR_FFMPEG_OUTPUT`: what it wrote is no WAV, so the program is probably not FFmpeg.
   */
  readonly code: 'ERR_FFMPEG_NOT_FOUND' | 'ERR_FFMPEG_FAILED' | 'ERR_FFMPEG_STALLED' | 'ERR_FFMPEG_OUTPUT';
  /** Its exit status, 1 to 255; undefined where it did not end by itself. */
  readonly exitCode: number | undefined;
  /** The last of what it said on standard error, up to 4 000 characters; empty when it said nothing. */
  readonly stderr: string;

  /** @param info what the fields say; `cause` becomes the error's own */
  constructor(
    message: string,
    info: {
      code: 'ERR_FFMPEG_NOT_FOUND' | 'ERR_FFMPEG_FAILED' | 'ERR_FFMPEG_STALLED' | 'ERR_FFMPEG_OUTPUT';
      exitCode?: number | undefined;
      stderr?: string;
      cause?: unknown;
    },
  ) {
    super(message, info.cause === undefined ? undefined : { cause: info.cause });
    this.code = info.code;
    this.exitCode = info.exitCode;
    this.stderr = info.stderr ?? '';
  }
}

/**
 * A TypeError with a code: an argument is of the wrong kind. Makes it, does not throw it.
 *
 * @param code Default `ERR_INVALID_ARG`.
 * @example
 * const error = argumentTypeError('path must be a string'); // error.code is 'ERR_INVALID_ARG'
 */
export function argumentTypeError(message: string, code: ArgumentErrorCode = 'ERR_INVALID_ARG'): TypeError {
  return Object.assign(new TypeError(message), { code });
}

/**
 * A RangeError with a code: an argument is of the right kind but outside its range. Makes it, does not throw it.
 *
 * @param code Default `ERR_INVALID_ARG`.
 * @example
 * const error = argumentRangeError('rate must be 1000 to 192000, got 0', 'ERR_INVALID_RATE');
 */
export function argumentRangeError(message: string, code: ArgumentErrorCode = 'ERR_INVALID_ARG'): RangeError {
  return Object.assign(new RangeError(message), { code });
}
