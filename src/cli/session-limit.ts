/**
 * Which recordings are longer than one session with the service may last.
 * Not here: what a command does about it.
 */
import { stat } from 'node:fs/promises';
import { type RawAudioFormat, sampleBytes } from '../format.js';

/** The service ends a session after so many seconds. */
export const SESSION_LIMIT_S = 300;

/**
 * Whether a file is too long for one session, by its header, by its packets where it is Ogg Opus, or by its size where it
 * holds headerless mono samples. False for what FFmpeg would have to decode, for what cannot be read, whose transcription says what is wrong with it, and for a pipe: a look would take
 * bytes out of it.
 */
export async function isFileOverSessionLimit(path: string, format?: RawAudioFormat): Promise<boolean> {
  try {
    const stats = await stat(path);
    return stats.isFile() && (await durationS(path, stats.size, format)) > SESSION_LIMIT_S;
  } catch {
    return false;
  }
}

async function durationS(path: string, size: number, format: RawAudioFormat | undefined): Promise<number> {
  if (format !== undefined) return size / (format.sampleRateHz * sampleBytes(format.encoding));
  const { probeAudio } = await import('../audio/index.js');
  return probeAudio(path).durationS;
}
