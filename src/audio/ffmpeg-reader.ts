/**
 * Recordings in containers that the core does not read, as a WAV made by FFmpeg while it is read.
 * Not here: the process itself (ffmpeg-process.ts), which containers these are (containers.ts).
 */
import { Readable } from 'node:stream';
import { onAbort } from '../abort.js';
import { argumentTypeError, FfmpegError } from '../errors.js';
import { describe, requireOptions } from './arguments.js';
import type { ForeignContainer } from './containers.js';
import {
  type FfmpegEnd,
  type FfmpegProcess,
  findFfmpeg,
  installCommand,
  startFfmpeg,
} from './ffmpeg-process.js';

/** How an {@link FfmpegReader} works. */
export interface FfmpegReaderOptions {
  /** What the bytes begin with, from `audioContainer`: for messages, and for how they are read. */
  container: ForeignContainer;
  /** Path of the program. Default: SLUICE_FFMPEG in the environment, then `ffmpeg` on PATH. */
  ffmpeg?: string | undefined;
  /** Ends it at once, with `signal.reason` as the error, untouched. Default: none. */
  signal?: AbortSignal | undefined;
}

/** So long may FFmpeg do nothing when it has all it wants; decoding a second of audio takes it some milliseconds. */
const STALL_MS = 60_000;
/** `RIFF`, a size, `WAVE`. */
const WAV_HEAD_BYTES = 12;
/** As much of what FFmpeg said as a message takes. */
const QUOTED_CHARS = 400;
/** Said of the cache protocol each time, and of no interest. */
const HARMLESS = /^\[cache @ .*$|^ {4}Last message repeated .*$/gm;

type Over = { closed: true } | { reason: unknown };

/**
 * Reads a recording that FFmpeg knows as the bytes of a WAV in 32-bit floats, at the recording's own rate and with its
 * channels; what is lossless up to 24 bits stays so. Its header leaves the length open, as it does in any pipe. The
 * first audio stream counts. FFmpeg starts with the first `next`, and is never further ahead than the pipes between the
 * processes hold: memory does not grow with the recording. At the end of an iteration, `close`, an abort and any error
 * it is gone.
 *
 * From a path FFmpeg reads the file itself, without a network and without any other file. From an iterable it reads a
 * pipe; an MP4, whose index may stand at its end, goes by way of a temporary file of FFmpeg's.
 *
 * @see docs/cli.md, "Other containers"
 * @example
 * import { openAsBlob } from 'node:fs';
 *
 * const head = new Uint8Array(await (await openAsBlob('call.mp3')).slice(0, 1024).arrayBuffer());
 * const container = audioContainer(head);
 * if (typeof container !== 'string') {
 *   using wav = new WavReader({ sample: 'float32' });
 *   for await (const chunk of new FfmpegReader('call.mp3', { container })) console.log(wav.process(chunk).length);
 *   console.log(wav.finish().durationS);
 * }
 */
export class FfmpegReader {
  /** What it reads: the option. */
  readonly container: ForeignContainer;
  readonly #source: string | AsyncIterable<Uint8Array>;
  readonly #program: string | undefined;
  #detach: () => void = () => {};
  #starting: Promise<FfmpegProcess> | undefined;
  #process: FfmpegProcess | undefined;
  #over: Over | undefined;
  #checked = false;
  #warnings: string[] = [];
  /** The source owes the next bytes, not FFmpeg. */
  #starved = false;
  #wake: () => void = () => {};

  /**
   * @param source A path, or the bytes. An iterable's chunk is let go before the next one is asked for.
   * @throws TypeError ERR_INVALID_ARG.
   */
  constructor(source: string | AsyncIterable<Uint8Array>, options: FfmpegReaderOptions) {
    requireOptions(options, 'new FfmpegReader');
    const { container, ffmpeg, signal } = options;
    if (typeof source !== 'string' && typeof source?.[Symbol.asyncIterator] !== 'function')
      throw argumentTypeError(`FfmpegReader needs a path or an async iterable, got ${describe(source)}`);
    if (typeof container?.title !== 'string')
      throw argumentTypeError("FfmpegReader's container must come from audioContainer");
    if (ffmpeg !== undefined && typeof ffmpeg !== 'string')
      throw argumentTypeError(`ffmpeg must be the path of a program, got ${describe(ffmpeg)}`);
    this.container = container;
    this.#source = source;
    this.#program = ffmpeg;
    if (signal?.aborted) this.#end({ reason: signal.reason });
    else if (signal) this.#detach = onAbort(signal, () => this.#end({ reason: signal.reason }));
  }

  /**
   * The next bytes of the WAV, in memory of their own; undefined at the end. One call at a time.
   *
   * @throws FfmpegError ERR_FFMPEG_NOT_FOUND, ERR_FFMPEG_FAILED, ERR_FFMPEG_STALLED, ERR_FFMPEG_OUTPUT; the source's own
   * error; `signal.reason`. After the first of them it throws the same again.
   */
  async next(): Promise<Uint8Array | undefined> {
    try {
      return await this.#next();
    } catch (error) {
      this.#end({ reason: error });
      throw error;
    }
  }

  /**
   * What is odd about the recording, once all of it was read: `decode-errors`, when FFmpeg complained of it and went on.
   */
  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /** Ends FFmpeg and lets go of the source; a `next` that is pending, or comes later, gives undefined. May be called again. */
  close(): void {
    this.#end({ closed: true });
  }

  /** All that `next` gives; closes at its end, and when the loop is left. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (let chunk = await this.next(); chunk !== undefined; chunk = await this.next()) yield chunk;
    } finally {
      this.close();
    }
  }

  async #next(): Promise<Uint8Array | undefined> {
    if (this.#process === undefined && this.#over === undefined) {
      this.#starting ??= this.#start();
      await this.#starting;
    }
    for (;;) {
      if (this.#over !== undefined) {
        if ('reason' in this.#over) throw this.#over.reason;
        return undefined;
      }
      const process = this.#process as FfmpegProcess;
      const chunk = process.stream.read(this.#checked ? undefined : WAV_HEAD_BYTES) as Buffer | null;
      if (chunk !== null) {
        this.#checkHead(chunk);
        return chunk;
      }
      if (process.child.stdout.closed) {
        const end = await this.#whileWaiting(process.ended);
        if (end !== undefined) this.#judge(end, process);
      } else {
        await this.#whileWaiting();
      }
    }
  }

  async #start(): Promise<FfmpegProcess> {
    const found = findFfmpeg(this.#program);
    const { title } = this.container;
    if ('missing' in found) {
      throw new FfmpegError(
        `this is ${title}, which is read through FFmpeg, and ${found.missing}; install it: ${installCommand()}; ` +
          'or name the program in SLUICE_FFMPEG',
        { code: 'ERR_FFMPEG_NOT_FOUND' },
      );
    }
    const process = await startFfmpeg(found.path, this.#arguments()).catch((error: Error) => {
      throw notStarted(error);
    });
    this.#process = process;
    if (this.#over !== undefined) {
      this.#kill();
      return process;
    }
    process.stream.on('readable', () => this.#wake());
    process.child.stdout.on('close', () => this.#wake());
    if (typeof this.#source === 'string') process.stream.end();
    else void this.#feed(this.#source, process);
    return process;
  }

  #arguments(): string[] {
    // A path is a file's, whatever URL it looks like; nothing that it names is fetched.
    const safe = ['-protocol_whitelist', 'file,pipe,cache'];
    const pipe =
      this.container.name === 'mp4' ? ['-read_ahead_limit', '-1', '-i', 'cache:pipe:0'] : ['-i', 'pipe:0'];
    return [
      ...['-nostdin', '-hide_banner', '-loglevel', 'error', '-threads', '1', ...safe],
      ...(typeof this.#source === 'string' ? ['-i', `file:${this.#source}`] : pipe),
      ...['-map', '0:a:0', '-map_metadata', '-1', '-bitexact', '-c:a', 'pcm_f32le', '-f', 'wav', 'pipe:1'],
    ];
  }

  /** Writes one chunk after the other, each once the one before has left for FFmpeg. */
  async #feed(source: AsyncIterable<Uint8Array>, { stream }: FfmpegProcess): Promise<void> {
    const iterator = source[Symbol.asyncIterator]();
    try {
      while (this.#over === undefined) {
        this.#starved = true;
        const { done, value } = await iterator.next();
        this.#starved = false;
        if (done) return void stream.end();
        if (!(await written(stream, value))) break; // it wants no more, and its exit status says why
      }
      await iterator.return?.();
    } catch (error) {
      this.#end({ reason: error });
    }
  }

  #checkHead(chunk: Buffer): void {
    if (this.#checked) return;
    this.#checked = chunk.toString('latin1', 0, 4) === 'RIFF' && chunk.toString('latin1', 8) === 'WAVE';
    if (!this.#checked) throw this.#noWav();
  }

  /** The output is at its end. @throws FfmpegError unless it is all of it */
  #judge(end: FfmpegEnd, process: FfmpegProcess): void {
    const stderr = process.stderr().replace(HARMLESS, '').trim();
    if ('error' in end) throw notStarted(end.error);
    if (end.code !== 0) throw this.#failed(end, stderr);
    if (!this.#checked) throw this.#noWav();
    if (stderr !== '') this.#warnings = ['decode-errors'];
    this.close();
  }

  #failed({ code, signal }: { code: number | null; signal: string | null }, stderr: string): FfmpegError {
    const how = code === null ? `was ended by ${signal}` : `ended with exit status ${code}`;
    const said = stderr === '' ? '' : `: ${quoted(stderr)}`;
    return new FfmpegError(
      `this is ${this.container.title}, and FFmpeg ${how}${said}; check that the recording plays, or fetch it again`,
      { code: 'ERR_FFMPEG_FAILED', exitCode: code ?? undefined, stderr },
    );
  }

  #noWav(): FfmpegError {
    return new FfmpegError(
      `this is ${this.container.title}, and what should be FFmpeg made no WAV of it; check SLUICE_FFMPEG and PATH`,
      { code: 'ERR_FFMPEG_OUTPUT', stderr: this.#process?.stderr() ?? '' },
    );
  }

  /** Until something is new, or `promise` settles, whose value this gives then. */
  async #whileWaiting<T>(promise?: Promise<T>): Promise<T | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const watch = () => {
      if (this.#starved) timer = setTimeout(watch, STALL_MS);
      else this.#end({ reason: this.#stalled() });
    };
    timer = setTimeout(watch, STALL_MS);
    const woken = new Promise<undefined>((resolve) => {
      this.#wake = () => resolve(undefined);
    });
    try {
      return await (promise === undefined ? woken : Promise.race([promise, woken]));
    } finally {
      clearTimeout(timer);
    }
  }

  #stalled(): FfmpegError {
    return new FfmpegError(
      `this is ${this.container.title}, and FFmpeg did nothing for ${STALL_MS / 1000} s; check that the recording plays`,
      { code: 'ERR_FFMPEG_STALLED', stderr: this.#process?.stderr() ?? '' },
    );
  }

  /** The first end counts. */
  #end(over: Over): void {
    if (this.#over !== undefined) return;
    this.#over = over;
    this.#detach();
    this.#kill();
    if (this.#source instanceof Readable) this.#source.destroy();
    this.#wake();
  }

  #kill(): void {
    const child = this.#process?.child;
    if (child === undefined) return;
    child.kill('SIGKILL');
    // Whatever it has started itself may hold the other ends.
    for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe.destroy();
  }
}

/** Whether a chunk has left; false when FFmpeg reads no more. */
function written(stream: { write: NodeJS.WritableStream['write'] }, chunk: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    stream.write(chunk, (error) => resolve(!error));
  });
}

function notStarted(cause: Error): FfmpegError {
  const message = `FFmpeg could not be started: ${cause.message}`;
  return new FfmpegError(message, { code: 'ERR_FFMPEG_FAILED', cause });
}

/** The end of what was said, on one line: no recording's text may move a terminal's cursor. */
function quoted(stderr: string): string {
  const line = stderr.replace(/[\p{Cc}\s]+/gu, ' ');
  return line.length <= QUOTED_CHARS ? line : `… ${line.slice(-QUOTED_CHARS)}`;
}
