/**
 * File patterns: `*` and `?` within a name, `**` for any folders, `[a-z]`, `[!a]`, `{a,b}`, `\` before a character
 * that is meant as it is. Names that begin with a dot match only where the pattern has the dot.
 * Not here: what a matched folder means (inputs.ts). Node 20 has no fs.glob.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from './errors.js';

const MAGIC = /[*?[{]/;

/** Patterns a brace expression may unfold to; a slip of the keyboard must not fill the memory. */
const MAX_ALTERNATIVES = 10_000;

export function hasMagic(pattern: string): boolean {
  return MAGIC.test(pattern);
}

/** The folders before the first wildcard: `calls/2024/*.wav` has `calls/2024`. */
export function staticPrefix(pattern: string): string {
  const segments = pattern.split('/');
  const first = segments.findIndex(hasMagic);
  const prefix = (first === -1 ? segments.slice(0, -1) : segments.slice(0, first)).map(unescaped).join('/');
  return prefix === '' ? (pattern.startsWith('/') ? '/' : '.') : prefix;
}

/** Paths that match, in the order of their names, each once. A pattern without a match gives an empty array. */
export async function glob(pattern: string): Promise<string[]> {
  const found = new Set<string>();
  for (const alternative of expandBraces(pattern)) {
    const absolute = alternative.startsWith('/');
    const segments = alternative.split('/').filter((segment) => segment !== '');
    for (const path of await match(absolute ? '/' : '', segments)) found.add(path);
  }
  return [...found].sort(byCodeUnit);
}

/** An order that no locale changes. */
export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

async function match(folder: string, segments: string[]): Promise<string[]> {
  const [segment, ...rest] = segments;
  if (segment === undefined) return folder === '' ? [] : [folder];
  if (segment === '**') return matchAnyDepth(folder, rest);
  if (!hasMagic(segment)) {
    const path = join(folder, unescaped(segment));
    return (await exists(path)) ? match(path, rest) : [];
  }
  const expression = segmentExpression(segment);
  const found: string[] = [];
  for (const { name, isFolder, isSpecial } of await entries(folder)) {
    if (isSpecial || !expression.test(name)) continue;
    const path = join(folder, name);
    if (rest.length === 0) found.push(path);
    else if (isFolder) found.push(...(await match(path, rest)));
  }
  return found;
}

/** `**` stands for no folder or any number of them; folders reached through a link are not entered: they may loop. */
async function matchAnyDepth(folder: string, rest: string[]): Promise<string[]> {
  const found = await match(folder, rest);
  for (const { name, isFolder, isLink } of await entries(folder)) {
    if (isFolder && !isLink && !name.startsWith('.')) {
      found.push(...(await matchAnyDepth(join(folder, name), rest)));
    }
  }
  return found;
}

export interface Entry {
  name: string;
  isFolder: boolean;
  isLink: boolean;
  /** A named pipe, a device or a socket: never meant by a folder or a pattern. */
  isSpecial: boolean;
}

/** What a folder holds, links followed. A folder that is not there or not one holds nothing. */
export async function entries(folder: string): Promise<Entry[]> {
  const path = folder === '' ? '.' : folder;
  const found = await readdir(path, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
  return Promise.all(
    found.map(async (entry) => {
      const isLink = entry.isSymbolicLink();
      // A link that leads nowhere is no folder and nothing special: it fails by name, as a file does.
      const target = isLink ? await stat(join(path, entry.name)).catch(() => undefined) : entry;
      const isFolder = target?.isDirectory() ?? false;
      const isSpecial = target !== undefined && !isFolder && !target.isFile();
      return { name: entry.name, isFolder, isLink, isSpecial };
    }),
  );
}

export async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** `{a,b}` to the patterns with `a` and with `b`, nested ones too. A brace without a comma is an ordinary one. */
export function expandBraces(pattern: string): string[] {
  const brace = findBrace(pattern);
  if (brace === undefined) return [pattern];
  const { start, end, options } = brace;
  const before = pattern.slice(0, start);
  const after = expandBraces(pattern.slice(end + 1));
  const expanded = options.flatMap((option) =>
    expandBraces(option).flatMap((middle) => after.map((tail) => before + middle + tail)),
  );
  if (expanded.length > MAX_ALTERNATIVES) {
    throw new UsageError(
      `${pattern} unfolds to more than ${MAX_ALTERNATIVES} patterns`,
      'use fewer braces, or *',
    );
  }
  return expanded;
}

interface Brace {
  start: number;
  end: number;
  options: string[];
}

/** The first brace that closes and has a comma at its own depth. */
function findBrace(pattern: string): Brace | undefined {
  for (let start = skipTo(pattern, 0, '{'); start !== -1; start = skipTo(pattern, start + 1, '{')) {
    const brace = readBrace(pattern, start);
    if (brace !== undefined && brace.options.length > 1) return brace;
  }
  return undefined;
}

function skipTo(pattern: string, from: number, wanted: string): number {
  for (let at = from; at < pattern.length; at++) {
    if (pattern[at] === '\\') at++;
    else if (pattern[at] === wanted) return at;
  }
  return -1;
}

function readBrace(pattern: string, start: number): Brace | undefined {
  const options: string[] = [];
  let depth = 0;
  let optionStart = start + 1;
  for (let at = start; at < pattern.length; at++) {
    const char = pattern[at];
    if (char === '\\') at++;
    else if (char === '{') depth++;
    else if (char === '}' && --depth === 0) {
      return { start, end: at, options: [...options, pattern.slice(optionStart, at)] };
    } else if (char === ',' && depth === 1) {
      options.push(pattern.slice(optionStart, at));
      optionStart = at + 1;
    }
  }
  return undefined;
}

/** One segment of a pattern, without slashes and braces, as a regular expression over a whole name. */
export function segmentExpression(segment: string): RegExp {
  let source = /^[*?[]/.test(segment) ? '(?!\\.)' : '';
  for (let at = 0; at < segment.length; at++) {
    const char = segment[at] ?? '';
    const set = char === '[' ? readSet(segment, at) : undefined;
    if (set !== undefined) {
      source += set.source;
      at = set.end;
    } else if (char === '*') source += '.*';
    else if (char === '?') source += '.';
    else if (char === '\\' && at + 1 < segment.length) source += literal(segment[++at] ?? '');
    else source += literal(char);
  }
  return new RegExp(`^${source}$`, 'su');
}

/** `[a-z]`, `[!a]`, `[^a]`; a `]` that comes first is a member. Undefined when it does not close. */
function readSet(segment: string, start: number): { source: string; end: number } | undefined {
  const negated = segment[start + 1] === '!' || segment[start + 1] === '^';
  const from = start + (negated ? 2 : 1);
  const end = segment.indexOf(']', from + 1);
  if (end === -1) return undefined;
  const members = segment.slice(from, end).replace(/[\\\]^[]/g, '\\$&');
  try {
    new RegExp(`[${members}]`, 'u');
  } catch {
    return undefined; // a range that runs backwards, such as [z-a], is taken as it is written
  }
  return { source: `[${negated ? '^' : ''}${members}]`, end };
}

function literal(char: string): string {
  return char.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

function unescaped(segment: string): string {
  return segment.replace(/\\(.)/g, '$1');
}
