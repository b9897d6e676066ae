import { spawnSync } from 'node:child_process';

const MISSING = spawnSync('ffmpeg', ['-version']).status !== 0;

/** For `skipIf`: whether FFmpeg is missing, which decodes other containers than ours. Says so once per use. */
export function withoutFfmpeg(what: string): boolean {
  if (MISSING) console.warn(`NOT RUN without ffmpeg (apt-get install ffmpeg): ${what}`);
  return MISSING;
}

/** Makes a recording with FFmpeg. */
export function ffmpeg(...args: string[]): void {
  const { status, stderr } = spawnSync('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...args], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`ffmpeg ${args.join(' ')}: ${stderr}`);
}
