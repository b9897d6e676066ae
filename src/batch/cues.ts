/**
 * Subtitle cues from word times: what stands on the screen together, for how long, broken into which lines.
 * Not here: the syntax of SRT and VTT (transcript-format.ts).
 *
 * The limits are those broadcasters agree on (BBC and Netflix timed-text guides): at most 2 lines of 42
 * characters, 1 to 7 s, a gap that the eye notices, 20 characters a second where the speech leaves time.
 */
import type { Word } from '../gradium/index.js';

const MAX_LINES = 2;
const MAX_LINE_CHARS = 42;
const MIN_DURATION_MS = 1000;
const MAX_DURATION_MS = 7000;
const GAP_MS = 80;
const READING_CHARS_PER_S = 20;
/** A silence after which a new thought usually starts; about twice the pause at a comma. */
const LONG_PAUSE_MS = 700;

const SENTENCE_END = /[.!?…。！？]["'”’»)\]]*$/u;
const CLAUSE_END = /[,;:–—，、；：]["'”’»)\]]*$/u;
/** Control characters would break the line structure of SRT and VTT, so they part words as white space does. */
const WORD_GAP = /[\s\p{Cc}]+/u;

/** One subtitle. Times in whole milliseconds of the source. */
export interface Cue {
  /** From 0, and at least 80 ms after the end of the cue before. */
  startMs: number;
  /** 1 000 to 7 000 after `startMs`. */
  stopMs: number;
  /** One or two lines of at most 42 characters (code points). */
  lines: string[];
}

interface Token {
  text: string;
  chars: number;
  startMs: number;
  stopMs: number;
}

/**
 * Builds subtitles from words. Every cue lasts 1 to 7 s, starts no earlier than its first word, and ends at
 * least 80 ms before the next one starts. Cues break at sentence ends and at pauses of 0.7 s, never inside a word
 * of up to 42 characters; a cue stays on after its last word until it can be read at 20 characters a second,
 * if the next cue leaves the time. Only words whose own times leave less than that (84 characters within a
 * second) are shown later than they were said.
 *
 * @param words In the order of their times; times in seconds, not negative (what is no number counts as 0).
 * @returns In the order of their times; none for no words. Never throws on what `transcribe` gives.
 * @example
 * buildCues([{ text: 'Hello.', startS: 0.5, stopS: 0.9 }]); // [{ startMs: 500, stopMs: 1500, lines: ['Hello.'] }]
 */
export function buildCues(words: readonly Word[]): Cue[] {
  return layOut(group(tokenize(words)));
}

// --- words to tokens: pieces of text without white space that fit a line

function tokenize(words: readonly Word[]): Token[] {
  return words.flatMap(({ text, startS, stopS }) => {
    const startMs = milliseconds(startS);
    return shareTime(pieces(text), startMs, Math.max(startMs, milliseconds(stopS)));
  });
}

function milliseconds(seconds: number): number {
  return Number.isFinite(seconds) ? Math.max(0, Math.round(seconds * 1000)) : 0;
}

/** A phrase becomes its words; a word longer than a line becomes lines. */
function pieces(text: string): string[] {
  return text.split(WORD_GAP).flatMap((part) => {
    const chars = [...part];
    const lines: string[] = [];
    for (let at = 0; at < chars.length; at += MAX_LINE_CHARS) {
      lines.push(chars.slice(at, at + MAX_LINE_CHARS).join(''));
    }
    return lines;
  });
}

/** Each piece gets its share of the word's time, by its length. */
function shareTime(texts: string[], startMs: number, stopMs: number): Token[] {
  const total = texts.reduce((sum, text) => sum + length(text), 0);
  let before = 0;
  return texts.map((text) => {
    const chars = length(text);
    const at = (position: number) => startMs + Math.round(((stopMs - startMs) * position) / total);
    const token = { text, chars, startMs: at(before), stopMs: at(before + chars) };
    before += chars;
    return token;
  });
}

function length(text: string): number {
  return [...text].length;
}

// --- tokens to groups: one group is one cue's text

function group(tokens: Token[]): Token[][] {
  const groups: Token[][] = [];
  let current: Token[] = [];
  for (const token of tokens) {
    if (shouldBreak(current, token)) {
      groups.push(current);
      current = [];
    } else if (!fits([...current, token])) {
      const [head, tail] = splitFull(current, token);
      groups.push(head);
      current = tail;
    }
    current.push(token);
  }
  if (current.length > 0) groups.push(current);
  return groups;
}

/** A break of choice never leaves a cue that cannot stand for its minimum before the next one. */
function shouldBreak(current: Token[], next: Token): boolean {
  const first = current[0];
  const last = current.at(-1);
  if (first === undefined || last === undefined) return false;
  if (next.startMs - first.startMs < MIN_DURATION_MS + GAP_MS) return false;
  return (
    SENTENCE_END.test(last.text) ||
    next.startMs - last.stopMs >= LONG_PAUSE_MS ||
    next.stopMs - first.startMs > MAX_DURATION_MS
  );
}

/** A full cue ends after its last clause, unless that leaves less than a third of it or the rest cannot go on. */
function splitFull(full: Token[], next: Token): [Token[], Token[]] {
  for (let at = full.length - 1; at > full.length / 3; at--) {
    const rest = full.slice(at);
    const startMs = rest[0]?.startMs ?? 0;
    const longEnough = startMs - (full[0]?.startMs ?? 0) >= MIN_DURATION_MS + GAP_MS;
    if (CLAUSE_END.test(full[at - 1]?.text ?? '') && longEnough && fits([...rest, next])) {
      return [full.slice(0, at), rest];
    }
  }
  return [full, []];
}

function fits(tokens: Token[]): boolean {
  return breakLines(tokens) !== undefined;
}

/** The most even way to break into lines, the lower one longer when in doubt; undefined when none fits. */
function breakLines(tokens: Token[]): string[] | undefined {
  const total = lineChars(tokens);
  if (total <= MAX_LINE_CHARS) return [join(tokens)];
  if (total > MAX_LINES * MAX_LINE_CHARS + 1) return undefined;
  let best: { at: number; longer: number } | undefined;
  let upper = -1;
  for (const [index, token] of tokens.slice(0, -1).entries()) {
    upper += 1 + token.chars;
    const longer = Math.max(upper, total - upper - 1);
    if (longer <= MAX_LINE_CHARS && longer < (best?.longer ?? Number.POSITIVE_INFINITY)) {
      best = { at: index + 1, longer };
    }
  }
  return best && [join(tokens.slice(0, best.at)), join(tokens.slice(best.at))];
}

function lineChars(tokens: Token[]): number {
  return tokens.reduce((sum, token) => sum + token.chars + 1, -1);
}

function join(tokens: Token[]): string {
  return tokens.map((token) => token.text).join(' ');
}

// --- groups to cues: times on the screen

function layOut(groups: Token[][]): Cue[] {
  const starts = startTimes(groups);
  return groups.map((tokens, index) => {
    const startMs = starts[index] ?? 0;
    const readMs = startMs + Math.ceil((lineChars(tokens) * 1000) / READING_CHARS_PER_S);
    const spokenMs = tokens.at(-1)?.stopMs ?? startMs;
    const wantedMs = Math.max(spokenMs, readMs, startMs + MIN_DURATION_MS);
    const nextMs = starts[index + 1] ?? Number.POSITIVE_INFINITY;
    const stopMs = Math.min(wantedMs, startMs + MAX_DURATION_MS, nextMs - GAP_MS);
    return { startMs, stopMs, lines: breakLines(tokens) ?? [join(tokens)] };
  });
}

/** Each cue starts with its first word, or as soon as the one before has stood for its minimum. */
function startTimes(groups: Token[][]): number[] {
  let earliestMs = 0;
  return groups.map((tokens) => {
    const startMs = Math.max(tokens[0]?.startMs ?? 0, earliestMs);
    earliestMs = startMs + MIN_DURATION_MS + GAP_MS;
    return startMs;
  });
}
