/** The instruction set in use: what is told of it, how it is chosen, and that results do not depend on it. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SimdLevel, simdInfo } from '../../../src/audio/index.js';
import { addonPath } from './helpers.js';
import { transpiledAudio } from './transpile.js';

const script = fileURLToPath(new URL('./simd-outputs.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sluice-simd-'));
const audio = transpiledAudio();
const { available } = simdInfo();
afterAll(() => {
  audio.remove();
  rmSync(folder, { recursive: true });
});

const environment = (simd: string) => ({ ...process.env, SLUICE_ADDON: addonPath, SLUICE_SIMD: simd });

function importWith(simd: string): { status: number | null; stdout: string; stderr: string } {
  const code = `import(${JSON.stringify(audio.index)}).then(
    ({ simdInfo }) => console.log(JSON.stringify(simdInfo())),
    ({ name, code, message }) => console.log(JSON.stringify({ name, code, message })))`;
  return spawnSync(process.execPath, ['-e', code], { env: environment(simd), encoding: 'utf8' });
}

describe('simdInfo', () => {
  it('simdInfo lists scalar first and takes the best without SLUICE_SIMD', () => {
    expect(available[0]).toBe('scalar');
    const { stdout } = importWith('');
    expect(JSON.parse(stdout)).toEqual({ level: available.at(-1), available, override: false, addonPath });
  });

  it('simdInfo takes the level that SLUICE_SIMD names', () => {
    for (const level of available) {
      const { stdout } = importWith(level);
      expect(JSON.parse(stdout)).toEqual({ level, available, override: true, addonPath });
    }
  });

  it('simdInfo gives a list of the caller’s own', () => {
    simdInfo().available.pop();
    expect(simdInfo().available).toEqual(available);
  });
});

describe('SLUICE_SIMD', () => {
  const elsewhere: SimdLevel = available.includes('neon') ? 'avx2' : 'neon';

  it.each([
    ['fastest', 'no such level'],
    [elsewhere, 'not on this machine'],
  ])('SLUICE_SIMD=%s fails the import with one clear error', (simd, why) => {
    const { status, stdout, stderr } = importWith(simd);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      name: 'RangeError',
      code: 'ERR_SIMD_LEVEL',
      message: `SLUICE_SIMD=${simd}: ${why}; unset it or use one of ${available.join(' ')}`,
    });
  });
});

interface Outputs {
  level: string;
  digests: Record<string, string>;
  floats: Record<string, [from: number, to: number]>;
  samples: Float32Array;
}

async function outputsOn(level: SimdLevel): Promise<Outputs> {
  const floats = join(folder, level);
  const { stdout } = await promisify(execFile)(process.execPath, [script, audio.index, floats], {
    env: environment(level),
    maxBuffer: 2 ** 26,
  });
  const { buffer, byteOffset, byteLength } = readFileSync(floats);
  const samples = new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
  return { ...(JSON.parse(stdout) as Omit<Outputs, 'samples'>), samples };
}

/** Names of the outputs whose digests are not those of plain C++. */
function unlike(scalar: Outputs, other: Outputs): string[] {
  return Object.keys(scalar.digests).filter((name) => scalar.digests[name] !== other.digests[name]);
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, x, i) => Math.max(most, Math.abs(x - (b[i] ?? Number.NaN))), 0);
}

const others = available.filter((level) => level !== 'scalar');
if (others.length === 0) console.warn('NOT CHECKED: this processor has no level but scalar to compare');

describe('every level', () => {
  const outputs = new Map<SimdLevel, Outputs>();
  const of = (level: SimdLevel): Outputs => outputs.get(level) as Outputs;
  beforeAll(async () => {
    for (const level of available) outputs.set(level, await outputsOn(level));
  }, 120_000);

  it('every level was really used', () => {
    expect(available.map((level) => of(level).level)).toEqual(available);
    expect(Object.keys(of('scalar').digests).length).toBeGreaterThan(1000);
  });

  it.each(others)('%s gives the bits of scalar for all but float32 resampling', (level) => {
    expect(unlike(of('scalar'), of(level))).toEqual([]);
  });

  it.each(others)('%s resamples float32 within 1e-6 of full scale of scalar', (level) => {
    expect(of(level).floats).toEqual(of('scalar').floats);
    const differences = Object.entries(of('scalar').floats).map(([name, range]) => [
      name,
      largestDifference(of('scalar').samples.subarray(...range), of(level).samples.subarray(...range)),
    ]);
    expect(differences.length).toBeGreaterThan(60);
    // A NaN is more than nothing here: largestDifference keeps it.
    expect(differences.filter(([, difference]) => !(Number(difference) <= 1e-6))).toEqual([]);
  });
});
