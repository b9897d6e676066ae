import { describe, expect, it } from 'vitest';
import { Account } from '../../../src/sandbox/account.js';

const STORY = { kind: 'generate', language: 'en', prompt: 'p', config: {} } as const;
const DAY_MS = 86_400_000;

/** With a clock of its own. */
function accountAt(mode: 'lenient' | 'strict' = 'strict'): { account: Account; clock: { now: number } } {
  const clock = { now: 1_000 };
  return { account: new Account({ credits: 10, mode, now: () => clock.now }), clock };
}

describe('Account', () => {
  it('makes candidates ready after 250 ms', () => {
    const { account, clock } = accountAt();
    const [candidate] = account.addCandidates(1, STORY);
    clock.now += 249;
    expect(account.isReady(candidate!)).toBe(false);
    expect(() => account.checkVoice(candidate!.id)).toThrow('voice not found');
    clock.now += 1;
    expect(account.isReady(candidate!)).toBe(true);
    account.checkVoice(candidate!.id);
  });

  it('forgets candidates after 30 days, and not the voices they became', () => {
    const { account, clock } = accountAt();
    const [candidate] = account.addCandidates(2, STORY);
    const voice = account.keep(candidate!, 'kept', null);
    clock.now += 30 * DAY_MS - 1;
    expect(account.candidates()).toHaveLength(2);
    clock.now += 1;
    expect(account.candidates()).toEqual([]);
    expect(account.candidate(candidate!.id)).toBeUndefined();
    expect(account.removeCandidate(candidate!.id)).toBe(false);
    expect(() => account.checkVoice(candidate!.id)).toThrow('voice not found');
    account.checkVoice(voice.id);
    expect(account.addCandidates(1, STORY)).toEqual(account.candidates());
  });

  it('charges down to nothing, and then refuses', () => {
    const { account } = accountAt();
    account.charge(9.5);
    expect(account.remainingCredits).toBe(0.5);
    account.charge(100);
    expect(account.remainingCredits).toBe(0);
    expect(account.usage.credits).toBe(10);
    for (const more of [1, 0]) {
      expect(() => account.charge(more)).toThrow(
        expect.objectContaining({ code: 1008, message: 'no credits left' }),
      );
    }
  });

  it('has no credits left that only a rounding error has', () => {
    const { account } = accountAt();
    for (let i = 0; i < 100; i++) account.charge(0.1); // 9.99999999999998
    expect(account.remainingCredits).toBe(0);
    expect(() => account.charge(0)).toThrow('no credits left');
    account.keepUsage();
    expect(account.usage.credits).toBe(10);
  });

  it('finds no dictionary that there is not, by any id', () => {
    const { account } = accountAt('lenient');
    for (const id of ['', '__proto__', 'constructor']) {
      expect(() => account.pronunciation(id)).toThrow('pronunciation dictionary not found');
    }
  });
});
