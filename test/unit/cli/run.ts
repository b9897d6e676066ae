/** Runs the built command line as a user would. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const MAIN = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

export interface RunOptions {
  /** Added to the environment, which has no key, no server and no terminal. */
  env?: NodeJS.ProcessEnv;
  stdin?: string | Uint8Array;
  cwd?: string;
  /** Called once the process runs. */
  onStart?: (child: ChildProcessWithoutNullStreams) => void;
}

export interface RunResult {
  code: number | null;
  stdout: string;
  stdoutBytes: Buffer;
  stderr: string;
}

export function start(args: readonly string[], options: RunOptions = {}): ChildProcessWithoutNullStreams {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: run "npm run build" first`);
  const env = { ...process.env, GRADIUM_API_KEY: '', GRADIUM_BASE_URL: '', SLUICE_DEBUG: '', ...options.env };
  return spawn(process.execPath, [MAIN, ...args], { env, cwd: options.cwd });
}

export function sluice(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const child = start(args, options);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk) => out.push(chunk));
  child.stderr.on('data', (chunk) => err.push(chunk));
  child.stdin.on('error', () => {}); // a command that refuses its arguments does not read its input
  child.stdin.end(options.stdin ?? '');
  options.onStart?.(child);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      const stdoutBytes = Buffer.concat(out);
      resolve({ code, stdoutBytes, stdout: stdoutBytes.toString(), stderr: Buffer.concat(err).toString() });
    });
  });
}

/** Resolves with the text so far, as soon as a stream has said what matches. */
export function said(stream: NodeJS.ReadableStream, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    stream.on('data', (chunk) => {
      text += String(chunk);
      if (pattern.test(text)) resolve(text);
    });
    stream.on('end', () => reject(new Error(`ended without ${pattern}: ${text}`)));
  });
}
