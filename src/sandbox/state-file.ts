/**
 * The file in which an account outlives the sandbox: a journal, one line of JSON for what changed together, behind a line that
 * says what it is. A line is written before the change is acknowledged, in one piece; what a kill cuts off is the last line,
 * which nobody was told of.
 * Not here: what is kept (account-records.ts).
 *
 * Written is not synced: a kill of the process loses nothing, a power failure may lose the last seconds. A file that takes the
 * place of another is synced before, so that it never loses more.
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { resolve } from 'node:path';
import { argumentTypeError } from '../errors.js';
import type { AccountStore } from './account.js';
import { type Change, isChange } from './account-records.js';

const HEADER = '{"sluice-sandbox-state":1}\n';
/** Lines of the past beyond those that count, and as many, are put up with before the file is written anew. */
const SLACK_LINES = 1_000;

/** Of this process, by path: its own number tells nothing in a lock. */
const locked = new Set<string>();

export class StateFile implements AccountStore {
  readonly #path: string;
  readonly #log: (line: string) => void;
  /** The last change of each record, in the order in which they came about. */
  readonly #records = new Map<string, Change>();
  #file: number;
  #bytes: number;
  #lines = 0;
  #closed = false;

  /**
   * @param log told of what is odd, and of no importance
   * @throws TypeError when the file holds something else, or is a device (ERR_INVALID_ARG), or another sandbox has it
   *   (ERR_BUSY); the system's error
   */
  constructor(path: string, log: (line: string) => void) {
    this.#path = existsSync(path) ? realpathSync(path) : resolve(path);
    this.#log = log;
    if (existsSync(this.#path)) checkReplaceable(this.#path);
    lock(this.#path);
    try {
      if (existsSync(this.#path)) this.#read();
      [this.#file, this.#bytes] = this.#rewrite();
    } catch (error) {
      unlock(this.#path);
      throw error;
    }
  }

  get kept(): Iterable<Change> {
    return this.#records.values();
  }

  write(changes: readonly Change[]): void {
    if (this.#closed) return; // of a session that ends with its socket: it was counted before
    this.#append(Buffer.from(`${JSON.stringify(changes)}\n`));
    for (const change of changes) this.#take(change);
    if (++this.#lines > 2 * this.#records.size + SLACK_LINES) this.#compact();
  }

  /** May be called again. What is written after it is not kept. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#file);
    unlock(this.#path);
  }

  #take(change: Change): void {
    const key = `${change.kind} ${change.id}`;
    if (change.to === null) this.#records.delete(key);
    else this.#records.set(key, change);
  }

  #read(): void {
    const text = readFileSync(this.#path, 'utf8');
    if (text === '') return;
    // Of the header there is all: the file got its name with it.
    if (!text.startsWith(HEADER)) throw this.#foreign(1);
    const lines = text.split('\n');
    const rest = lines.pop();
    for (const [i, line] of lines.entries()) {
      if (i === 0) continue;
      for (const change of changesOf(line) ?? fail(this.#foreign(i + 1))) this.#take(change);
    }
    if (rest !== '') this.#log(`${this.#path}: line ${lines.length + 1} was cut off and is dropped`);
  }

  #foreign(line: number): TypeError {
    return argumentTypeError(
      `${this.#path} is no state of the sandbox: line ${line} is not one of its lines.`,
    );
  }

  #append(line: Buffer): void {
    try {
      for (let at = 0; at < line.length; ) at += writeSync(this.#file, line, at);
      this.#bytes += line.length;
    } catch (error) {
      ftruncateSync(this.#file, this.#bytes); // half a line would spoil the next
      throw error;
    }
  }

  /** What was to be kept is kept already, so that this may as well fail, and be tried again later. */
  #compact(): void {
    const before = this.#file;
    try {
      [this.#file, this.#bytes] = this.#rewrite();
      closeSync(before);
    } catch (error) {
      this.#lines = 0;
      this.#log(`${this.#path} could not be written anew: ${(error as Error).message}`);
    }
  }

  /** Puts a file in the place of the old one that has the records as they are now, and is open behind them. */
  #rewrite(): [file: number, bytes: number] {
    const fresh = `${this.#path}.new`;
    const lines = [...this.#records.values()].map((change) => `${JSON.stringify([change])}\n`);
    const text = Buffer.from(HEADER + lines.join(''));
    try {
      const file = replace(this.#path, fresh, text);
      this.#lines = lines.length;
      return [file, text.length];
    } catch (error) {
      rmSync(fresh, { force: true }); // half of it would only fill the disk
      throw error;
    }
  }
}

/** Gives what is open behind the text. */
function replace(path: string, fresh: string, text: Buffer): number {
  const mode = existsSync(path) ? statSync(path).mode : 0o666;
  writeFileSync(fresh, text, { mode });
  const file = openSync(fresh, 'a'); // before it has its name: nothing may fail after that
  try {
    fsyncSync(file); // else a power failure may leave the name to an empty file
    renameSync(fresh, path);
  } catch (error) {
    closeSync(file);
    throw error;
  }
  return file;
}

/**
 * A rename asks for no right to write to what it takes the place of, and takes the place of a device as well.
 *
 * @throws TypeError (ERR_INVALID_ARG) for a device; the system's error
 */
function checkReplaceable(path: string): void {
  const stats = statSync(path);
  if (!stats.isFile() && !stats.isDirectory())
    throw argumentTypeError(`${path} is no file that can be kept.`);
  accessSync(path, constants.W_OK);
}

/** Undefined: it is no line of ours. */
function changesOf(line: string): Change[] | undefined {
  try {
    const changes: unknown = JSON.parse(line);
    return Array.isArray(changes) && changes.every(isChange) ? changes : undefined;
  } catch {
    return undefined;
  }
}

function fail(error: Error): never {
  throw error;
}

/**
 * A file beside it holds the number of the process that has it. That of a process that was killed counts for nothing.
 *
 * @throws TypeError (ERR_BUSY) when another sandbox has it; the system's error
 */
function lock(path: string): void {
  const file = lockFile(path);
  let owner = process.pid;
  while (!locked.has(path)) {
    if (create(file)) {
      locked.add(path);
      return;
    }
    owner = ownerOf(file) ?? owner;
    if (isRunning(owner)) break;
    removeStale(file, owner);
  }
  const message = `${path} is in use by another sandbox, process ${owner}; if that is none, remove ${file}.`;
  throw argumentTypeError(message, 'ERR_BUSY');
}

function unlock(path: string): void {
  locked.delete(path);
  rmSync(lockFile(path), { force: true });
}

function lockFile(path: string): string {
  return `${path}.lock`;
}

/** False: there is one. */
function create(file: string): boolean {
  try {
    writeFileSync(file, `${process.pid}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    rmSync(file, { force: true }); // a full disk leaves it empty: nobody's, for ever
    throw error;
  }
}

/** Undefined: there is no lock any more. */
function ownerOf(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** By a rename, which only one of many succeeds at; and another may have taken the lock since it was read. */
function removeStale(file: string, owner: number): void {
  const taken = `${file}.${process.pid}`;
  try {
    renameSync(file, taken);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (ownerOf(taken) !== owner) linkSync(taken, file);
  rmSync(taken);
}

/** Another process than this one, which had the number before in a container. */
function isRunning(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
