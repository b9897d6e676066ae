/**
 * All that the sandbox remembers: voices, candidates for voices, pronunciation dictionaries, credits, usage. There is one
 * account, whichever key asks.
 * Not here: how REST words it (rest-*.ts), the file in which it outlives the process (state-file.ts).
 */
import { randomBytes } from 'node:crypto';
import { voiceCatalogue } from '../text/index.js';
import type {
  CandidateKind,
  CandidateRecord,
  Change,
  DictionaryRecord,
  Records,
  RuleRecord,
  UsageRecord,
  VoiceRecord,
} from './account-records.js';
import type { Mode } from './modes.js';
import { ProtocolError, seconds } from './protocol.js';

/** The documents have "after a short while"; this is short, and yet a client's first look finds it not ready. */
const READY_AFTER_MS = 250;
/** 30 days (protocol reference, section 1.4). */
const EXPIRY_MS = 30 * 86_400_000;
/** The one usage record. */
const TOTAL = 'total';
const NO_USAGE: UsageRecord = {
  credits: 0,
  sessions: 0,
  ingressAudioS: 0,
  ingressMessages: 0,
  ingressChars: 0,
  egressAudioS: 0,
  egressMessages: 0,
  egressChars: 0,
};

/** Where an account is kept. */
export interface AccountStore {
  /** What it held before. */
  readonly kept: Iterable<Change>;
  /** Keeps all of these or, when it throws, none. They outlive the process from then on. */
  write(changes: readonly Change[]): void;
}

/** Keeps nothing. */
export const NO_STORE: AccountStore = { kept: [], write: () => {} };

/** What a speech session sees of the account. */
export interface SpeechAccount {
  /** Takes credits, down to 0; fractions add up. @throws ProtocolError 1008 when there are none */
  charge(credits: number): void;
  /** @throws ProtocolError 1008 when there is no such dictionary */
  pronunciation(id: string): { rules: readonly RuleRecord[] };
  /** @throws ProtocolError 1008 in strict mode, when nothing can be spoken with this id */
  checkVoice(id: string): void;
}

export interface AccountOptions {
  /** Credits of the period. */
  credits: number;
  mode: Mode;
  store?: AccountStore;
  log?: (line: string) => void;
  /** Milliseconds since 1970. */
  now?: () => number;
}

export class Account implements SpeechAccount {
  readonly #options: Required<AccountOptions>;
  readonly #records: Records = {
    voice: new Map(),
    candidate: new Map(),
    dictionary: new Map(),
    usage: new Map(),
  };
  /** Runs ahead of what is kept while sessions are open. */
  readonly #usage: UsageRecord;

  constructor({ store = NO_STORE, log = () => {}, now = Date.now, ...options }: AccountOptions) {
    this.#options = { store, log, now, ...options };
    for (const change of store.kept) this.#apply(change);
    this.#usage = { ...NO_USAGE, ...this.#records.usage.get(TOTAL) };
  }

  /** Of whoever uses the sandbox. */
  readonly organisationId = '00000000-0000-4000-8000-000000000000';

  get now(): number {
    return this.#options.now();
  }

  // Voices

  /** By rank, then by age, the oldest first. */
  voices(): VoiceRecord[] {
    const rankOf = ({ rank }: VoiceRecord): number => rank ?? Number.MAX_VALUE;
    return [...this.#records.voice.values()].sort((a, b) => rankOf(a) - rankOf(b));
  }

  voice(id: string): VoiceRecord | undefined {
    return this.#records.voice.get(id);
  }

  addVoice(voice: Omit<VoiceRecord, 'id'>): VoiceRecord {
    const added = { id: newId(), ...voice };
    this.#commit({ kind: 'voice', id: added.id, to: added });
    return added;
  }

  /** Undefined: there is no such voice. */
  changeVoice(id: string, changes: Partial<VoiceRecord>): VoiceRecord | undefined {
    const voice = this.voice(id);
    if (voice === undefined) return undefined;
    const changed = { ...voice, ...changes };
    this.#commit({ kind: 'voice', id, to: changed });
    return changed;
  }

  /** Whether there was one. */
  removeVoice(id: string): boolean {
    return this.#remove('voice', id);
  }

  // Candidates

  /** Those that have not expired, the oldest first. */
  candidates(): CandidateRecord[] {
    return [...this.#records.candidate.values()].filter((candidate) => !this.#isExpired(candidate));
  }

  candidate(id: string): CandidateRecord | undefined {
    const candidate = this.#records.candidate.get(id);
    return candidate !== undefined && this.#isExpired(candidate) ? undefined : candidate;
  }

  isReady({ createdMs }: CandidateRecord): boolean {
    return this.now >= createdMs + READY_AFTER_MS;
  }

  expiryMs({ createdMs }: CandidateRecord): number {
    return createdMs + EXPIRY_MS;
  }

  addCandidates(
    count: number,
    story: {
      kind: CandidateKind;
      language: string | null;
      prompt: string | null;
      config: CandidateRecord['config'];
    },
  ): CandidateRecord[] {
    const createdMs = this.now;
    const added = Array.from({ length: count }, () => ({
      id: `vox_emb_${newId()}`,
      ...story,
      createdMs,
      kept: false,
    }));
    this.#commit(...this.#expired(), ...added.map((to): Change => ({ kind: 'candidate', id: to.id, to })));
    return added;
  }

  /** Whether there was one. */
  removeCandidate(id: string): boolean {
    return this.candidate(id) !== undefined && this.#remove('candidate', id);
  }

  /** Makes a voice of a candidate. */
  keep(candidate: CandidateRecord, name: string, description: string | null): VoiceRecord {
    const voice: VoiceRecord = {
      id: newId(),
      name,
      description,
      language: candidate.language,
      filename: '',
      startS: 0,
      durationS: null,
      tags: [],
      rank: null,
      hasAudio: false,
    };
    this.#commit(
      { kind: 'voice', id: voice.id, to: voice },
      { kind: 'candidate', id: candidate.id, to: { ...candidate, kept: true } },
    );
    return voice;
  }

  // Pronunciation dictionaries

  /** The oldest first. */
  dictionaries(): DictionaryRecord[] {
    return [...this.#records.dictionary.values()];
  }

  dictionary(id: string): DictionaryRecord | undefined {
    return this.#records.dictionary.get(id);
  }

  addDictionary(dictionary: Omit<DictionaryRecord, 'id' | 'createdMs'>): DictionaryRecord {
    const added = { id: newId(), createdMs: this.now, ...dictionary };
    this.#commit({ kind: 'dictionary', id: added.id, to: added });
    return added;
  }

  /** Undefined: there is no such dictionary. */
  changeDictionary(id: string, changes: Partial<DictionaryRecord>): DictionaryRecord | undefined {
    const dictionary = this.dictionary(id);
    if (dictionary === undefined) return undefined;
    const changed = { ...dictionary, ...changes };
    this.#commit({ kind: 'dictionary', id, to: changed });
    return changed;
  }

  /** Whether there was one. */
  removeDictionary(id: string): boolean {
    return this.#remove('dictionary', id);
  }

  // Credits and usage

  get allocatedCredits(): number {
    return this.#options.credits;
  }

  /** May have a fraction, but not one that only sums of fractions have: what they leave of nothing is nothing. */
  get remainingCredits(): number {
    return Math.max(0, this.#options.credits - seconds(this.#usage.credits));
  }

  get usage(): Readonly<UsageRecord> {
    return this.#usage;
  }

  charge(credits: number): void {
    const remaining = this.remainingCredits;
    if (remaining === 0) throw new ProtocolError('no credits left');
    this.#usage.credits += Math.min(credits, remaining);
  }

  /** Adds to what was used; kept by the next `keepUsage`. */
  count(more: Partial<Omit<UsageRecord, 'credits'>>): void {
    for (const [name, value] of Object.entries(more)) this.#usage[name as keyof UsageRecord] += value;
  }

  /** Never throws: what cannot be accounted for was used all the same. */
  keepUsage(): void {
    // Else 0.08 s, a thousand times, is 79.99999999999865 in the file, and goes on from there.
    for (const [name, value] of Object.entries(this.#usage)) {
      this.#usage[name as keyof UsageRecord] = seconds(value);
    }
    try {
      this.#commit({ kind: 'usage', id: TOTAL, to: { ...this.#usage } });
    } catch (error) {
      this.#options.log(`usage was not kept: ${(error as Error).message}`);
    }
  }

  // For speech sessions

  pronunciation(id: string): DictionaryRecord {
    const dictionary = this.dictionary(id);
    if (dictionary === undefined) throw new ProtocolError('pronunciation dictionary not found');
    return dictionary;
  }

  checkVoice(id: string): void {
    if (this.#options.mode === 'lenient' || (this.voice(id) ?? voiceCatalogue.get(id)) !== undefined) return;
    const candidate = this.candidate(id);
    if (candidate === undefined || !this.isReady(candidate)) throw new ProtocolError('voice not found');
  }

  #isExpired(candidate: CandidateRecord): boolean {
    return this.now >= this.expiryMs(candidate);
  }

  /** They go when others come. */
  #expired(): Change[] {
    const expired = [...this.#records.candidate.values()].filter((candidate) => this.#isExpired(candidate));
    return expired.map(({ id }) => ({ kind: 'candidate', id, to: null }));
  }

  #remove(kind: Change['kind'], id: string): boolean {
    if (!this.#records[kind].has(id)) return false;
    this.#commit({ kind, id, to: null });
    return true;
  }

  /** Nothing changes when it cannot be kept. */
  #commit(...changes: Change[]): void {
    this.#options.store.write(changes);
    for (const change of changes) this.#apply(change);
  }

  #apply({ kind, id, to }: Change): void {
    const records = this.#records[kind] as Map<string, object>;
    if (to === null) records.delete(id);
    else records.set(id, to);
  }
}

/** 16 characters, as the service's ids have. None begins with a hyphen, which a command line takes for an option. */
function newId(): string {
  return randomBytes(12).toString('base64url').replaceAll('-', '_');
}
