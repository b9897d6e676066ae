// The corpus runner must be able to fail: a wrong verdict in TRUTH.json is reported, and an empty run is no success.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../../..');
const file = 'wav/hound-pcmwaveformat-16bit-44100Hz-mono.wav';
const house = {
  result: 'ok',
  frames: 4,
  channels: 1,
  rate: 44_100,
  f32_sha256: '',
  warnings: [] as string[],
};
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-corpus-'));
  cpSync(join(root, 'test/fixtures/audio', file), join(folder, file));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function runCorpus(truth: unknown): { status: number | null; output: string } {
  writeFileSync(join(folder, 'TRUTH.json'), JSON.stringify(truth));
  const result = spawnSync(process.execPath, ['scripts/corpus.mjs', folder], { cwd: root, encoding: 'utf8' });
  return { status: result.status, output: result.stdout + result.stderr };
}

describe('test:corpus', () => {
  it('fails a file whose verdict differs and says how', () => {
    const { status, output } = runCorpus({ wav: { [file]: { house: { ...house, frames: 5 } } } });
    expect(status).toBe(1);
    expect(output).toContain(`FAIL ${file}`);
    expect(output).toContain('frames: want 5, got 4');
    expect(output).toContain('f32_sha256');
  });

  it('fails a good file that should have been refused', () => {
    const { status, output } = runCorpus({
      wav: { [file]: { house: { result: 'unsupported', names: ['ADPCM'] } } },
    });
    expect(status).toBe(1);
    expect(output).toContain('accepted, want unsupported');
  });

  it('holds Ogg files to their verdicts too', () => {
    const ogg = 'ogg/tiny-100-samples.opus';
    cpSync(join(root, 'test/fixtures/audio', ogg), join(folder, ogg));
    const { house } = JSON.parse(readFileSync(join(root, 'test/fixtures/audio/TRUTH.json'), 'utf8')).ogg[ogg];
    expect(runCorpus({ ogg: { [ogg]: { house } } })).toMatchObject({ status: 0 });
    const { status, output } = runCorpus({ ogg: { [ogg]: { house: { ...house, frames: 101 } } } });
    expect(status).toBe(1);
    expect(output).toContain('frames: want 101, got 100');
  });

  it('counts an empty run as a failure', () => {
    expect(runCorpus({})).toMatchObject({ status: 1 });
  });
});
