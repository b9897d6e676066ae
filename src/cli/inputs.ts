/**
 * What the arguments `<inputs...>` mean: files, folders, patterns, standard input.
 * Not here: the pattern language (glob.ts); reading audio.
 *
 * - A path that exists is meant as it is written, whatever characters it has.
 * - A folder means the audio files below it, hidden ones left out; none is a usage error.
 * - A pattern means what it matches; nothing is a usage error. A folder that matches means its audio files, and
 *   so does a pattern that ends in `**`.
 * - A plain path that does not exist stays an input: it fails alone, as any unreadable file does.
 * - `-` is standard input.
 *
 * Named pipes and devices are inputs when they are named themselves, never as part of a folder or a pattern.
 */
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { UsageError } from './errors.js';
import { byCodeUnit, entries, exists, glob, hasMagic, isDirectory, staticPrefix } from './glob.js';

/** The containers that the package reads, itself or by FFmpeg. */
const AUDIO_EXTENSION =
  /\.(wav|wave|mp3|aac|m4a|m4b|mp4|mov|3gp|flac|webm|mka|mkv|opus|ogg|oga|spx|amr|wma|aif|aiff|aifc|au|snd|caf|w64|wv)$/i;

export const STDIN = '-';

export interface Input {
  /** What to open, as the user would write it; `-` for standard input. */
  path: string;
  /** Where its results go below an output folder, without an extension: `2024/call-7`. */
  outputName: string;
}

interface Found {
  path: string;
  /** The folder that the argument itself names: results keep the structure below it. */
  base: string;
}

/** Every input once, in the order of the arguments. */
export async function resolveInputs(args: readonly string[]): Promise<Input[]> {
  const found = new Map<string, Found>();
  for (const arg of args) {
    for (const input of await resolveArgument(arg)) {
      const key = input.path === STDIN ? STDIN : resolve(input.path);
      if (!found.has(key)) found.set(key, input);
    }
  }
  const inputs = [...found.values()];
  const root = commonFolder(inputs.filter(({ path }) => path !== STDIN).map(({ base }) => resolve(base)));
  return inputs.map(({ path }) => ({ path, outputName: outputName(path, root) }));
}

async function resolveArgument(arg: string): Promise<Found[]> {
  if (arg === '')
    throw new UsageError('an input is an empty string', 'check the variables on the command line');
  if (arg === STDIN) return [{ path: STDIN, base: '.' }];
  if (await isDirectory(arg)) return resolveFolder(arg);
  if (!hasMagic(arg) || (await exists(arg))) return [{ path: arg, base: dirname(arg) }];
  return resolvePattern(arg);
}

async function resolveFolder(folder: string): Promise<Found[]> {
  const files = await audioFiles(folder);
  if (files.length === 0) {
    throw new UsageError(
      `no audio files in the folder ${folder}`,
      'check the path, or name the files themselves',
    );
  }
  return files.map((path) => ({ path, base: folder }));
}

async function resolvePattern(pattern: string): Promise<Found[]> {
  const matched = await glob(pattern.replace(/(^|\/)\*\*\/*$/, '$1.'));
  const files: string[] = [];
  for (const path of matched) files.push(...((await isDirectory(path)) ? await audioFiles(path) : [path]));
  if (files.length === 0) {
    throw new UsageError(
      `no file matches ${pattern}`,
      'check the pattern, and quote it so that the shell leaves it',
    );
  }
  // A pattern may lead out of the folders that it begins with: `calls/*/../../x.wav`.
  const base = commonFolder([staticPrefix(pattern), ...files.map(dirname)].map((folder) => resolve(folder)));
  return files.map((path) => ({ path, base }));
}

async function audioFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  for (const { name, isFolder, isLink, isSpecial } of await entries(folder)) {
    if (isSpecial || name.startsWith('.')) continue;
    const path = join(folder, name);
    if (isFolder && !isLink) files.push(...(await audioFiles(path)));
    else if (!isFolder && AUDIO_EXTENSION.test(name)) files.push(path);
  }
  return files.sort(byCodeUnit);
}

function outputName(path: string, root: string): string {
  if (path === STDIN) return 'stdin';
  const below = relative(root, resolve(path));
  return join(dirname(below), basename(below).replace(/(?<=.)\.[^.]+$/, ''));
}

/** The deepest folder that holds them all. */
function commonFolder(folders: string[]): string {
  const [first, ...others] = folders;
  if (first === undefined) return resolve('.');
  return others.reduce((common, folder) => {
    let shared = common;
    while (shared !== folder && !folder.startsWith(shared.endsWith(sep) ? shared : shared + sep)) {
      if (shared === dirname(shared)) break; // two drives have nothing in common
      shared = dirname(shared);
    }
    return shared;
  }, first);
}

/** How an input is called in headings and messages: no name may move the terminal's cursor. */
export function inputLabel(path: string): string {
  if (path === STDIN) return 'standard input';
  return path.replace(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));
}
