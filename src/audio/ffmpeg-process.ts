/**
 * FFmpeg as a process: where its program is, and prism-media's stream around it.
 * Not here: what it is asked for and what its answer means (ffmpeg-reader.ts).
 */
import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import type { FFmpeg } from 'prism-media';

/** Which program to run, or why there is none; the caller adds what it was wanted for. */
export type FfmpegProgram = { path: string } | { missing: string };

/**
 * `given`, else SLUICE_FFMPEG, else `ffmpeg` on PATH. Looked up here: prism-media would also try `./ffmpeg`, and run
 * whatever lies in the current folder. For the same reason entries of PATH that depend on that folder do not count.
 */
export function findFfmpeg(given: string | undefined): FfmpegProgram {
  const named = given ?? (process.env.SLUICE_FFMPEG || undefined);
  if (named !== undefined) {
    const path = resolve(named);
    const source = given === undefined ? 'SLUICE_FFMPEG names' : 'the option ffmpeg names';
    return isProgram(path) ? { path } : { missing: `${source} ${path}, which is no program` };
  }
  const name = process.platform === 'win32' ? 'ffmpeg.exe' : 'ffmpeg';
  const folders = (process.env.PATH ?? '').split(delimiter).filter(isAbsolute);
  const path = folders.map((folder) => join(folder, name)).find(isProgram);
  return path === undefined ? { missing: 'there is no ffmpeg on PATH' } : { path };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** How FFmpeg is installed, for a message. */
export function installCommand(): string {
  if (process.platform === 'darwin') return 'brew install ffmpeg';
  if (process.platform === 'win32') return 'winget install Gyan.FFmpeg';
  return '`apt-get install ffmpeg` (Debian, Ubuntu), `dnf install ffmpeg-free` (Fedora), `apk add ffmpeg` (Alpine)';
}

/** How a process ended: it did not start, or its exit status, or the signal that ended it. */
export type FfmpegEnd = { error: Error } | { code: number | null; signal: string | null };

export interface FfmpegProcess {
  /** prism-media's stream: what is written goes to FFmpeg, what FFmpeg makes is read. */
  readonly stream: FFmpeg;
  readonly child: ChildProcessWithoutNullStreams;
  /** Settles once it is over and all it wrote has been read; never rejects. */
  readonly ended: Promise<FfmpegEnd>;
  /** The last of what it said on standard error. */
  readonly stderr: () => string;
}

const STDERR_CHARS = 4000;

/** @throws the system's error when there is no process to be had */
export async function startFfmpeg(program: string, args: readonly string[]): Promise<FfmpegProcess> {
  const { FFmpeg } = (await import('prism-media')).default;
  const child = spawn(program, args, { windowsHide: true });
  const ended = endOf(child);
  // Out of file descriptors there is a child without pipes; its error comes a tick later.
  if (child.stdout === undefined) throw ((await ended) as { error: Error }).error;
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_CHARS);
  });
  const stream = around(child, FFmpeg);
  stream.on('error', () => {}); // of its pipes: what they mean, the exit status tells
  return { stream, child, ended, stderr: () => stderr };
}

function endOf(child: ChildProcess): Promise<FfmpegEnd> {
  return new Promise((settle) => {
    child.on('error', (error) => settle({ error }));
    child.on('close', (code, signal) => settle({ code, signal }));
  });
}

/**
 * prism-media asks a static method of its own for the process, which looks for a program by itself, runs it once for
 * its version while the event loop waits, and lets the error of a process that did not start escape. Ours stands in for
 * one synchronous call, so that others who use prism-media in this program never meet it. The version is pinned for this.
 */
function around(child: ChildProcess, FFmpegStream: typeof FFmpeg): FFmpeg {
  const factory = FFmpegStream as unknown as { create: () => ChildProcess };
  const { create } = factory;
  factory.create = () => child;
  try {
    return new FFmpegStream();
  } finally {
    factory.create = create;
  }
}
