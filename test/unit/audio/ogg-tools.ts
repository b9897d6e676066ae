/** Other people's Ogg software, for tests of what we write: Debian's opus-tools, oggz-tools and ffmpeg. */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';

/**
 * Tests of `subject` that need `tools`. Where one is not installed they are left out and say so, loudly; in CI (CI=true), which
 * installs them (.ci/run), they fail instead.
 */
export function withTools(subject: string, tools: string[], body: () => void): void {
  const title = `${subject}, ${tools.join(' and ')}`;
  const missing = tools.filter((tool) => spawnSync(tool, ['--help']).error !== undefined);
  if (missing.length > 0 && process.env.CI === 'true') {
    test(`${title} are installed in CI`, () => expect(missing).toEqual([]));
    return;
  }
  if (missing.length > 0) {
    console.warn(
      `NOT RUN: the checks against ${missing.join(', ')}, not installed (Debian: opus-tools oggz-tools ffmpeg)`,
    );
  }
  describe.skipIf(missing.length > 0)(title, body);
}

/** What a tool that must succeed says. */
export function runTool(tool: string, args: string[]): string {
  const { status, stdout, stderr } = spawnSync(tool, args, { encoding: 'utf8' });
  expect(status, `${tool}: ${stdout}${stderr}`).toBe(0);
  return stdout + stderr;
}
