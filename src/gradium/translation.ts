/**
 * The speech that several sessions of a translation make: one text, one clock, one file.
 * Not here: receiving it (s2s-leg.ts), the file (speech.ts).
 */
import { writeWav } from '../audio/index.js';
import { STEP_S, type WireFormat, wireAudio } from '../format.js';
import { protocolError } from '../speech/index.js';
import { oggFacts } from './ogg-facts.js';
import { described, type SpokenLayout } from './sample-stream.js';
import { silence } from './source-frames.js';
import { makeSpeech } from './speech.js';
import { noAudio, type SpokenSession } from './spoken-session.js';
import type { Speech, Word } from './types.js';

/** What one session said. */
export interface TranslatedPart {
  audio: Buffer[];
  /** On the session's own clock. */
  words: Word[];
  spoken: SpokenSession;
}

/**
 * Nothing said of silence is a result; words without a sound are none.
 *
 * @throws (rejects) ConnectionError ERR_PROTOCOL when there are words but no audio, when the sessions' audio does not fit
 * together, and when Ogg Opus is not whole; FormatError, UnsupportedError when it is none
 */
export async function makeTranslation(outputFormat: WireFormat, parts: TranslatedPart[]): Promise<Speech> {
  const requestIds = parts.map(({ spoken }) => spoken.requestId);
  const layout = commonLayout(parts);
  const audio = parts.filter((part) => part.audio.length > 0).flatMap(withPause(layout));
  const { words, text } = joinedWords(parts);
  const sounds = layout ? audio.length > 0 : hasSound(audio);
  if (!sounds && words.length > 0) throw noAudio(requestIds[0] ?? '');
  const spoken = sounds ? { audio, layout } : { audio: [], layout: emptyLayout(outputFormat) };
  return await makeSpeech(outputFormat, { ...spoken, words, text, requestIds });
}

function commonLayout(parts: TranslatedPart[]): SpokenLayout | undefined {
  let common: SpokenLayout | undefined;
  for (const { spoken } of parts) {
    const { layout, requestId } = spoken;
    common ??= layout;
    if (common && layout) checkSame(common, layout, requestId);
  }
  return common;
}

/** @throws ConnectionError ERR_PROTOCOL */
export function checkSame(first: SpokenLayout, next: SpokenLayout, requestId: string): void {
  if (described(first) === described(next)) return;
  const message = `its audio goes on as ${described(next)} after ${described(first)}`;
  throw protocolError(message, { phase: 'stream', requestId, secrets: [] });
}

/** Sessions meet in a pause, of which neither has said anything: a step of silence is put in its place. */
function withPause(layout: SpokenLayout | undefined): (part: TranslatedPart, nth: number) => Buffer[] {
  return ({ audio }, nth) => (layout && nth > 0 ? [pause(layout), ...audio] : audio);
}

export function pause(layout: SpokenLayout): Buffer {
  return silence(layout, STEP_S);
}

/** How much later the next session is heard: after this one and the pause behind it. */
export function turnS({ durationS }: SpokenSession): number {
  return durationS > 0 ? durationS + STEP_S : 0;
}

function joinedWords(parts: TranslatedPart[]): { words: Word[]; text: string } {
  let startS = 0;
  let text = '';
  const words: Word[] = [];
  for (const part of parts) {
    for (const word of part.words) {
      const charStart = text === '' ? 0 : text.length + 1;
      text = text === '' ? word.text : `${text} ${word.text}`;
      words.push({ ...shifted(word, startS), charStart, charEnd: text.length });
    }
    startS += turnS(part.spoken);
  }
  return { words, text };
}

/** Rounded to microseconds: 240 + 0.08 is 240.08, not 240.08000000000001. */
export function shifted(word: Word, byS: number): Word {
  const moved = (atS: number) => Math.round((atS + byS) * 1e6) / 1e6;
  return byS === 0 ? word : { ...word, startS: moved(word.startS), stopS: moved(word.stopS) };
}

/** Headers of Ogg Opus are none. */
function hasSound(pages: Buffer[]): boolean {
  if (pages.length === 0) return false;
  using facts = oggFacts();
  for (const page of pages) facts.process(page);
  facts.flush();
  return (facts.info?.frames ?? 0) > 0;
}

function emptyLayout(format: WireFormat): SpokenLayout {
  const raw = wireAudio(format, 'output');
  if (raw) return { ...raw, channels: 1 };
  const samples = { encoding: 's16le', sampleRateHz: 48_000, channels: 1 } as const;
  if (format === 'opus') return samples;
  return { ...samples, head: Buffer.from(writeWav(new Int16Array(0), { sampleRateHz: 48_000 })) };
}
