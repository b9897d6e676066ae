/**
 * Every error class this package throws, and the list of public codes.
 * Not here: who throws what; each function documents its own codes. The list in prose: docs/errors.md.
 */

/** Codes of errors found in bytes by the native core; a test compares this list with native/core/error.h. */
export const FORMAT_ERROR_CODES = [
  'ERR_WAV_NOT_WAV',
  'ERR_WAV_BAD_CHUNK',
  'ERR_WAV_BAD_FMT',
  'ERR_WAV_DATA_BEFORE_FMT',
  'ERR_WAV_NO_FMT',
  'ERR_WAV_NO_DATA',
  'ERR_WAV_NO_DS64',
] as const;
export type FormatErrorCode = (typeof FORMAT_ERROR_CODES)[number];

export const UNSUPPORTED_ERROR_CODES = [
  'ERR_WAV_UNSUPPORTED_ENCODING',
  'ERR_WAV_UNSUPPORTED_WIDTH',
  'ERR_WAV_UNSUPPORTED_WAVL',
  'ERR_WAV_UNSUPPORTED_RATE',
  'ERR_UNSUPPORTED_CONTAINER',
] as const;
export type UnsupportedErrorCode = (typeof UNSUPPORTED_ERROR_CODES)[number];

/** Codes on a RangeError or TypeError: the caller's mistake, thrown at once. */
export const ARGUMENT_ERROR_CODES = [
  'ERR_OUTPUT_TOO_SMALL',
  'ERR_INVALID_RATE',
  'ERR_INVALID_CHANNELS',
  'ERR_INVALID_LENGTH',
  'ERR_TOO_LARGE',
  'ERR_INVALID_ARG',
  'ERR_CLOSED',
  'ERR_NO_API_KEY',
] as const;
export type ArgumentErrorCode = (typeof ARGUMENT_ERROR_CODES)[number];

/** The bytes break their format's specification. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
  readonly code: FormatErrorCode;
  /** Offset into the file or stream, in bytes, where the fault was seen. */
  readonly byteOffset: number;

  constructor(message: string, code: FormatErrorCode, byteOffset: number) {
    super(message);
    this.code = code;
    this.byteOffset = byteOffset;
  }
}

/** The bytes are valid but outside what this package reads; the message names the feature and the way out. */
export class UnsupportedError extends Error {
  override readonly name = 'UnsupportedError';
  readonly code: UnsupportedErrorCode;
  /** Offset into the file or stream, in bytes, where the feature was seen. */
  readonly byteOffset: number;

  constructor(message: string, code: UnsupportedErrorCode, byteOffset: number) {
    super(message);
    this.code = code;
    this.byteOffset = byteOffset;
  }
}

/** What every network failure carries beside its message. */
export interface NetworkErrorInfo {
  /** The service's own id of the request, once it has given one. */
  requestId?: string | undefined;
  /** The WebSocket close code, where a close was the cause. */
  closeCode?: number | undefined;
  cause?: unknown;
}

export type ConnectionPhase = 'connect' | 'setup' | 'stream';

/** The connection failed or ended early. Words received before are never passed off as a whole transcript. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly code: 'ERR_CONNECT' | 'ERR_CLOSED_EARLY' | 'ERR_PROTOCOL';
  readonly phase: ConnectionPhase;
  readonly requestId: string | undefined;
  readonly closeCode: number | undefined;
  /** Whether trying again may help. */
  readonly retryable: boolean;

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

export type DeadlinePhase = 'connect' | 'setup' | 'idle' | 'total';

/** A deadline passed: nothing hangs. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
  readonly code = 'ERR_TIMEOUT';
  readonly phase: DeadlinePhase;
  readonly requestId: string | undefined;
  readonly retryable = true;

  constructor(message: string, info: NetworkErrorInfo & { phase: DeadlinePhase }) {
    super(message, info.cause === undefined ? undefined : { cause: info.cause });
    this.phase = info.phase;
    this.requestId = info.requestId;
  }
}

/** The service refused: its code, its request id, and whether trying again may help. */
export class SpeechApiError extends Error {
  override readonly name = 'SpeechApiError';
  readonly code = 'ERR_SPEECH_API';
  /** The service's own code (1008 = policy: key, credits, bad setup; 1011 = its own failure) or HTTP status. */
  readonly apiCode: number | undefined;
  readonly requestId: string | undefined;
  readonly retryable: boolean;
  /** Seconds the service asked us to wait (`Retry-After`). */
  readonly retryAfterS: number | undefined;

  constructor(
    message: string,
    info: NetworkErrorInfo & {
      apiCode?: number | undefined;
      retryable: boolean;
      retryAfterS?: number | undefined;
    },
  ) {
    super(message, info.cause === undefined ? undefined : { cause: info.cause });
    this.apiCode = info.apiCode;
    this.requestId = info.requestId;
    this.retryable = info.retryable;
    this.retryAfterS = info.retryAfterS;
  }
}

/** A TypeError with a code: an argument is of the wrong kind. */
export function argumentTypeError(message: string, code: ArgumentErrorCode = 'ERR_INVALID_ARG'): TypeError {
  return Object.assign(new TypeError(message), { code });
}

/** A RangeError with a code: an argument is of the right kind but outside its range. */
export function argumentRangeError(message: string, code: ArgumentErrorCode = 'ERR_INVALID_ARG'): RangeError {
  return Object.assign(new RangeError(message), { code });
}
