/**
 * A transcript as text: txt, json, srt, vtt.
 * Not here: which words stand in a subtitle together and when (cues.ts).
 */
import { argumentRangeError } from '../errors.js';
import type { Transcript, TranscriptSource, Word } from '../gradium/index.js';
import { buildCues, type Cue } from './cues.js';

/** Every {@link TranscriptFormat}; also what files of it are called: `call.srt`. */
export const TRANSCRIPT_FORMATS = ['txt', 'json', 'srt', 'vtt'] as const;
/** Plain text, JSON, or subtitles as SubRip or WebVTT; see {@link formatTranscript}. */
export type TranscriptFormat = (typeof TRANSCRIPT_FORMATS)[number];

/**
 * Renders a transcript, ending in a line feed (an SRT without a word is empty).
 *
 * - `txt`: the text on one line.
 * - `json`: the whole `Transcript`, keys always in the same order, indented by two spaces. The source of truth.
 * - `srt`, `vtt`: subtitles as buildCues lays them out; VTT with `&`, `<` and `>` escaped.
 *
 * @throws {RangeError} ERR_INVALID_ARG: the format is not one of TRANSCRIPT_FORMATS.
 * @see W3C WebVTT §4.1
 * @example
 * import { writeFile } from 'node:fs/promises';
 *
 * const transcript = await new Gradium().stt.transcribe('call.wav');
 * await writeFile('call.srt', formatTranscript(transcript, 'srt'));
 */
export function formatTranscript(transcript: Transcript, format: TranscriptFormat): string {
  switch (format) {
    case 'txt':
      return `${transcript.text}\n`;
    case 'json':
      return `${JSON.stringify(orderedTranscript(transcript), null, 2)}\n`;
    case 'srt':
      return formatSrt(buildCues(transcript.words));
    case 'vtt':
      return formatVtt(buildCues(transcript.words));
    default:
      throw argumentRangeError(
        `format must be one of ${TRANSCRIPT_FORMATS.join(', ')}, got ${JSON.stringify(format)}`,
      );
  }
}

function formatSrt(cues: Cue[]): string {
  return cues
    .map(({ startMs, stopMs, lines }, index) => {
      const times = `${timestamp(startMs, ',')} --> ${timestamp(stopMs, ',')}`;
      return `${index + 1}\n${times}\n${lines.join('\n')}\n`;
    })
    .join('\n');
}

/** WebVTT, W3C candidate recommendation §4.1: `-->` may not stand in a cue, which escaping `>` sees to. */
function formatVtt(cues: Cue[]): string {
  const blocks = cues.map(({ startMs, stopMs, lines }) => {
    return `\n${timestamp(startMs, '.')} --> ${timestamp(stopMs, '.')}\n${escapeVtt(lines.join('\n'))}\n`;
  });
  return `WEBVTT\n${blocks.join('')}`;
}

function escapeVtt(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** `HH:MM:SS,mmm`; hours take more digits when they need them. */
function timestamp(ms: number, decimalMark: ',' | '.'): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const millis = String(ms % 1000).padStart(3, '0');
  return `${two(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${two((ms / 1000) % 60)}${decimalMark}${millis}`;
}

/** A copy with its keys in the order of the type, so that two runs can be compared with `diff`. */
function orderedTranscript(t: Transcript): Transcript {
  return {
    text: t.text,
    words: t.words.map(orderedWord),
    language: t.language,
    model: t.model,
    requestId: t.requestId,
    sessions: t.sessions,
    durationS: t.durationS,
    delayInFrames: t.delayInFrames,
    timestampShiftS: t.timestampShiftS,
    wire: { format: t.wire.format, untouched: t.wire.untouched },
    source: orderedSource(t.source),
    warnings: [...t.warnings],
  };
}

function orderedWord({ text, startS, stopS, streamId }: Word): Word {
  return { text, startS, stopS, ...(streamId !== undefined && { streamId }) };
}

function orderedSource(source: TranscriptSource): TranscriptSource {
  const { name, container, encoding, sampleRateHz, channels, frames, missingS } = source;
  return {
    ...(name !== undefined && { name }),
    container,
    encoding,
    sampleRateHz,
    channels,
    frames,
    ...(missingS !== undefined && { missingS }),
  };
}
