import { describe, expect, it } from 'vitest';
import type { Credits, UsageSummary } from '../../../src/gradium/index.js';
import { folderWith } from './folder.js';
import { sluice } from './run.js';
import { service } from './service.js';

describe('sluice credits', () => {
  it('sluice credits tells what is left, of how much, and what it is worth', async () => {
    const { done } = await service({ credits: 45_000 });
    const lines = (await done(['credits'])).trimEnd().split('\n');
    expect(lines[0]).toMatch(/^remaining {2}45 000 of 45 000 credits$/);
    expect(lines[1]).toMatch(/^period {5}\S/);
    expect(lines.at(-1)).toBe('worth      45 000 characters of speech, or 4:10:00 h of recognition');
    const facts = JSON.parse(await done(['credits', '--json'])) as Credits & { worth: object };
    expect(facts).toMatchObject({
      ...{ remaining: 45_000, allocated: 45_000, billingPeriod: expect.any(String) },
      worth: { speechChars: 45_000, recognitionS: 15_000 },
    });
  });

  it('sluice credits and usage follow what is spoken and heard', async () => {
    const { done, run } = await service({ credits: 100 });
    const folder = folderWith();
    const text = 'Ships leave at nine, boats at ten.';
    await done(['speak', text, '-o', 'x.wav'], { cwd: folder });
    expect(JSON.parse(await done(['credits', '--json']))).toMatchObject({ remaining: 100 - text.length });
    const used = JSON.parse(await done(['usage', '--json'])) as UsageSummary;
    expect(used).toMatchObject({ consumedCredits: text.length, sessions: 1 });
    expect(used.egressAudioS).toBeCloseTo(2.72, 2);
    expect(await done(['usage'])).toMatch(
      /^credits {3}34\nsessions {2}1\nsent {6}.* audio, 34 characters, .*\nreceived {2}0:03 min of audio, .*\n$/,
    );
    await done(['speak', text.repeat(2), '-o', 'x.wav'], { cwd: folder }); // takes what is left
    expect(await done(['credits'])).toMatch(/^remaining {2}0 of 100 credits\n/);
    const { code, stderr } = await run(['speak', text, '-o', 'x.wav'], { cwd: folder });
    expect(code).toBe(3);
    expect(stderr).toMatch(/no credits left.*\n {2}next: check GRADIUM_API_KEY and the credits/);
  });
});

describe('sluice tokens create', () => {
  it('sluice tokens create prints the token alone, and its expiry beside', async () => {
    const { run, done } = await service();
    const { code, stdout, stderr } = await run(['tokens', 'create']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\S+\n$/);
    expect(stderr).toMatch(/^sluice: good for one connection until \d{4}-\d\d-\d\dT[\d:.]+Z\n$/);
    const facts = JSON.parse(await done(['tokens', 'create', '--json']));
    expect(Object.keys(facts)).toEqual(['token', 'expiresAt']);
    expect(Date.parse(facts.expiresAt)).toBeGreaterThan(Date.now());
  });
});

describe('sluice credits, usage, tokens', () => {
  const COMMANDS = [[['credits']], [['usage']], [['tokens', 'create']]];

  it.each(COMMANDS)('sluice %j with a bad key, and without one, exit 3', async (command) => {
    const { run } = await service({ keys: ['good'] });
    const { code, stdout, stderr } = await run(command);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/HTTP 401.*\n {2}next: check GRADIUM_API_KEY/);
    expect((await sluice(command)).code).toBe(3);
  });

  it.each(COMMANDS)('sluice %j --sandbox needs no key', async (command) => {
    const { code, stdout, stderr } = await sluice([...command, '--sandbox']);
    expect(code).toBe(0);
    expect(stdout).not.toBe('');
    expect(stderr).toMatch(/^sluice: using the built-in sandbox, not the Gradium service/);
  });
});
