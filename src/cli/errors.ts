/**
 * How an error is told: which file, what, its code and byte offset, and what to do next. Never a stack, unless
 * SLUICE_DEBUG is set.
 * Not here: exit statuses (exit-codes.ts).
 */

import { isAccountError } from '../batch/index.js';

/** The command line asks for something that cannot be: exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** What to do next, in one sentence. */
  readonly next: string;

  constructor(message: string, next: string) {
    super(message);
    this.next = next;
  }
}

/** The work was stopped by a signal or by a reader that went away. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

/** The fields of the package's and Node's errors that are worth telling. */
export interface ErrorFacts {
  message: string;
  code?: string;
  byteOffset?: number;
  requestId?: string;
  /** What to do next. */
  next?: string;
}

const KEY_HELP =
  'get a key at https://gradium.ai and set GRADIUM_API_KEY, or add --sandbox to try without a key';

const ACCOUNT_HELP = 'check GRADIUM_API_KEY and the credits of its account at https://gradium.ai';

const RETRY = 'try again; if it persists, check the network';

/** By code. Errors about the bytes of a recording name the way out in their message. */
const NEXT_STEPS: Readonly<Record<string, string>> = {
  ENOENT: 'check the path',
  EACCES: 'check the permissions of the file and its folder',
  EPERM: 'check the permissions of the file and its folder',
  EISDIR: 'name a file, not a folder',
  EEXIST: 'choose another path: a file is in the way of a folder',
  EROFS: 'choose a path on a disk that can be written to',
  ENAMETOOLONG: 'choose a shorter name',
  ENOTDIR: 'check the path: part of it is a file where a folder is needed',
  ENOSPC: 'free some space on the disk and run the command again',
  EDQUOT: 'free some space on the disk and run the command again',
  EADDRINUSE: 'choose another --port, or 0 for any free one',
  ERR_FS_FILE_TOO_LARGE: 'cut the file: this command reads it whole, up to 2 GiB',
  ERR_INVALID_ARG: 'add --help to see what the command takes',
  ERR_NO_API_KEY: KEY_HELP,
  ERR_CONNECT: 'check the network and GRADIUM_BASE_URL, or add --sandbox to try without the service',
  ERR_CLOSED_EARLY: RETRY,
  ERR_PROTOCOL: 'check that GRADIUM_BASE_URL names a Gradium service; if it does, please report this',
  ERR_TIMEOUT: RETRY,
};

/** @param retry what to do next after what may pass, where there is more to do than to try again */
export function errorFacts(error: unknown, retry = RETRY): ErrorFacts {
  const e = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  const facts: ErrorFacts = { message: typeof e.message === 'string' ? e.message : String(error) };
  if (typeof e.code === 'string') facts.code = e.code;
  if (typeof e.byteOffset === 'number') facts.byteOffset = e.byteOffset;
  if (typeof e.requestId === 'string') facts.requestId = e.requestId;
  const next = typeof e.next === 'string' ? e.next : isAccountError(error) ? ACCOUNT_HELP : nextStep(e);
  if (next !== undefined) facts.next = next === RETRY ? retry : next;
  return facts;
}

function nextStep(error: Record<string, unknown>): string | undefined {
  if (error.code === 'ERR_SPEECH_API') return speechApiStep(error);
  return typeof error.code === 'string' ? NEXT_STEPS[error.code] : undefined;
}

/** What HTTP calls a request that is understood and not granted: RFC 9110 §15.5, 400, 409, 413, 415, 422. */
const REFUSED_VALUES: readonly unknown[] = [400, 409, 413, 415, 422];

/** Codes below 1000 are HTTP's. */
function speechApiStep({ retryable, apiCode, requestId }: Record<string, unknown>): string {
  if (retryable === true) return RETRY;
  const quote = typeof requestId === 'string' ? '; quote the request id when you ask the service' : '';
  if (REFUSED_VALUES.includes(apiCode)) return `change what the service objects to, see --help${quote}`;
  if (typeof apiCode === 'number' && apiCode < 1000) return String(NEXT_STEPS.ERR_PROTOCOL);
  return `check --language, --model, --voice and --pronunciation${quote}`;
}

/**
 * One line for the failure, one for what to do next where the message does not say it:
 *
 *     sluice: calls/7.wav: ENOENT: no such file or directory, open 'calls/7.wav'
 *       next: check the path
 */
export function describeError(error: unknown, file?: string, retry?: string): string {
  const { message, code, byteOffset, requestId, next } = errorFacts(error, retry);
  const details = [
    code === undefined || message.includes(code) ? undefined : code,
    byteOffset === undefined ? undefined : `byte ${byteOffset}`,
    requestId === undefined || message.includes(requestId) ? undefined : `request ${requestId}`,
  ].filter((detail) => detail !== undefined);
  const where = file === undefined || message.startsWith(`${file}: `) ? '' : `${file}: `;
  const what = details.length > 0 ? `${message} (${details.join(', ')})` : message;
  const advice = next === undefined ? '' : `\n  next: ${next}`;
  return `sluice: ${where}${what}${advice}${debugStack(error)}\n`;
}

function debugStack(error: unknown): string {
  const wanted = process.env.SLUICE_DEBUG !== undefined && process.env.SLUICE_DEBUG !== '';
  return wanted && error instanceof Error && error.stack !== undefined ? `\n${error.stack}` : '';
}

/** Codes of what is odd about a recording; it is used all the same. */
export const WARNINGS: Readonly<Record<string, string>> = {
  truncated: 'the file is cut off before its end; what is there is used',
  'partial-frame': 'the audio ends within a frame; the whole frames are used',
  'size-unknown': 'the header leaves the length open, as a stream does; read to the end',
  'no-audio': 'the file holds no audio',
  'unpadded-chunk': 'a chunk of odd length lacks its padding byte',
  'second-data-chunk': 'only the first of several data chunks is used',
  'block-align-mismatch': 'the header gives a wrong block size; the right one is used',
  'valid-bits-mismatch': 'the header claims more valid bits than a sample holds; all of them are used',
  'second-fmt-chunk': 'only the first of several fmt chunks is used',
  'ds64-missing': 'an RF64 file without its ds64 chunk; the 32-bit sizes are used',
  'junk-before-first-page': 'bytes before the first Ogg page were skipped',
  'junk-between-pages': 'bytes between Ogg pages were skipped',
  'junk-after-last-page': 'bytes behind the last Ogg page were skipped',
  'crc-bad': 'an Ogg page with a wrong checksum was left out, and its sound with it',
  'page-lost': 'an Ogg page is missing, and its sound with it',
  'page-duplicated': 'an Ogg page is there twice; it is used once',
  'stray-page': 'an Ogg page of a stream that never began was left out',
  'stream-skipped': 'the file holds other streams beside the first with Opus; only that is used',
  'serial-reused': 'two streams of the file have one serial number; both are used',
  'duplicate-headers': 'the Opus headers are there twice; the first are used',
  'header-page-shared': 'audio begins on the page of the Opus tags; it is used',
  'packet-bad': 'a packet that is no Opus was left out',
  'packet-incomplete': 'a packet of which a part is missing was left out',
  'granule-negative': 'the first Ogg page begins before the start; its position is ignored',
  'granule-backwards': 'positions in the file go backwards; they are ignored',
  'preskip-exceeds-audio': 'the header skips more than the file holds: nothing is left',
  'eos-missing': 'the stream has no last page, as a recorder that was stopped leaves it; read to the end',
  'decode-errors': 'FFmpeg found faults in the recording; what it could decode is used',
  'wav-header-as-samples':
    'the input begins as a WAV does, and its header was taken for samples; leave --input-format out',
  'ogg-pages-as-samples':
    'the input begins as Ogg does, and its pages were taken for samples; leave --input-format out',
};

/** `sluice: calls/7.wav: warning: truncated: the file ends before …` */
export function describeWarning(file: string, code: string): string {
  const text = WARNINGS[code];
  return `sluice: ${file}: warning: ${text === undefined ? code : `${code}: ${text}`}\n`;
}
