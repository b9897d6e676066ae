import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { describe, expect, it } from 'vitest';
import { type SimdInfo, simdInfo } from '../../../src/audio/index.js';
import { folderWith } from './folder.js';
import { sluice } from './run.js';

const { available } = simdInfo();

describe('sluice probe --cpu', () => {
  it('sluice probe --cpu tells processor, level, choice, override, addon and Node', async () => {
    const { code, stdout, stderr } = await sluice(['probe', '--cpu'], { env: { SLUICE_SIMD: '' } });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const facts = stdout.trimEnd().split('\n');
    expect(facts).toEqual([
      expect.stringMatching(/^processor {2}\S/),
      `level      ${available.at(-1)}, the best of those available`,
      `available  ${available.join(', ')}`,
      'override   set SLUICE_SIMD to one of them',
      expect.stringMatching(/^addon {6}.+\.node$/),
      `node       ${process.versions.node}, ABI ${process.versions.modules}, Node-API ${process.versions.napi}`,
    ]);
    const model = cpus()[0]?.model.trim();
    if (model) expect(facts[0]).toBe(`processor  ${model}`);
    expect(existsSync(String(facts[4]?.slice(11)))).toBe(true);
  });

  it('sluice probe --cpu shows the level that SLUICE_SIMD names', async () => {
    const env = { SLUICE_SIMD: 'scalar' };
    expect((await sluice(['probe', '--cpu'], { env })).stdout).toContain(
      'level      scalar, as SLUICE_SIMD says\n',
    );
    const { code, stdout } = await sluice(['probe', '--cpu', '--json'], { env });
    expect(code).toBe(0);
    const facts = JSON.parse(stdout) as SimdInfo & Record<string, string>;
    expect(facts).toMatchObject({ level: 'scalar', available, override: true, node: process.versions.node });
    expect(Object.keys(facts)).toEqual([
      ...['processor', 'level', 'available', 'override', 'addonPath', 'node', 'abi', 'nodeApi'],
    ]);
  });

  it('sluice names a SLUICE_SIMD that cannot be had once, whatever the command, exit 2', async () => {
    const env = { SLUICE_SIMD: 'fastest' };
    const message = `sluice: SLUICE_SIMD=fastest: no such level; unset it or use one of ${available.join(' ')} (ERR_SIMD_LEVEL)\n`;
    const folder = folderWith(['a.wav', 'b.wav']);
    for (const args of [
      ['probe', '--cpu'],
      ['probe', '.'],
      ['transcribe', '--sandbox', '.'],
      ['convert', 'a.wav', 'c.wav'],
    ]) {
      expect(await sluice(args, { env, cwd: folder })).toMatchObject({
        code: 2,
        stdout: '',
        stderr: message,
      });
    }
  });

  it.each([
    ['--help'],
    ['rewrite', '1234', '--rules', 'en'],
    ['voices', 'list', '--catalogue', '--name', 'Emma'],
    ['pronunciations', 'preview', 'SQL', '--rule', 'SQL=sequel'],
  ])('sluice %s loads no addon', async (...args) => {
    expect(await sluice(args, { env: { SLUICE_SIMD: 'fastest' } })).toMatchObject({ code: 0, stderr: '' });
  });

  it.each([
    ['neither files nor --cpu', ['probe']],
    ['both files and --cpu', ['probe', '--cpu', 'a.wav']],
  ])('sluice probe refuses %s, exit 2', async (_, args) => {
    const { code, stdout, stderr } = await sluice(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toBe('sluice: probe takes either files or --cpu\n  next: name files, or --cpu alone\n');
  });
});
