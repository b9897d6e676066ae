/**
 * What an account keeps: plain JSON, as it is in its state file.
 * Not here: how it changes (account.ts), how REST words it (rest-*.ts).
 */

/** A mark on a voice. */
export interface TagRecord {
  category?: string;
  value: string;
}

export interface VoiceRecord {
  id: string;
  name: string;
  description: string | null;
  language: string | null;
  filename: string;
  /** Where in the sample what is used begins. */
  startS: number;
  /** Of the sample. Null: not known, or there is none. */
  durationS: number | null;
  tags: TagRecord[];
  /** Its place among others; null: behind those that have one. */
  rank: number | null;
  /** Whether there is a sample: not of one that was made from a candidate. */
  hasAudio: boolean;
}

export type CandidateKind = 'generate' | 'edit_language' | 'enhance';

/** A voice that waits to be kept. */
export interface CandidateRecord {
  id: string;
  kind: CandidateKind;
  language: string | null;
  prompt: string | null;
  /** What it was asked for with. */
  config: Record<string, unknown>;
  /** In milliseconds since 1970. */
  createdMs: number;
  kept: boolean;
}

export interface RuleRecord {
  id: number;
  original: string;
  rewrite: string;
  caseSensitive: boolean;
}

export interface DictionaryRecord {
  id: string;
  name: string;
  language: string;
  description: string | null;
  createdMs: number;
  rules: RuleRecord[];
}

/** Since the beginning. Lengths of audio in seconds, of text in characters. */
export interface UsageRecord {
  credits: number;
  sessions: number;
  ingressAudioS: number;
  ingressMessages: number;
  ingressChars: number;
  egressAudioS: number;
  egressMessages: number;
  egressChars: number;
}

/** Everything there is, by kind and id. */
export interface Records {
  voice: Map<string, VoiceRecord>;
  candidate: Map<string, CandidateRecord>;
  dictionary: Map<string, DictionaryRecord>;
  usage: Map<string, UsageRecord>;
}

export type RecordKind = keyof Records;

/** One record as it is now; null: there is none any more. */
export interface Change {
  kind: RecordKind;
  id: string;
  to: object | null;
}

type FieldKind = 'string' | 'number' | 'boolean' | 'list' | 'object' | 'string?' | 'number?';

/** `?`: or null. */
const FIELDS: { [Kind in RecordKind]: Record<string, FieldKind> } = {
  voice: {
    id: 'string',
    name: 'string',
    description: 'string?',
    language: 'string?',
    filename: 'string',
    startS: 'number',
    durationS: 'number?',
    tags: 'list',
    rank: 'number?',
    hasAudio: 'boolean',
  },
  candidate: {
    id: 'string',
    kind: 'string',
    language: 'string?',
    prompt: 'string?',
    config: 'object',
    createdMs: 'number',
    kept: 'boolean',
  },
  dictionary: {
    id: 'string',
    name: 'string',
    language: 'string',
    description: 'string?',
    createdMs: 'number',
    rules: 'list',
  },
  usage: {
    credits: 'number',
    sessions: 'number',
    ingressAudioS: 'number',
    ingressMessages: 'number',
    ingressChars: 'number',
    egressAudioS: 'number',
    egressMessages: 'number',
    egressChars: 'number',
  },
};

/** Whether it is one, as far as can be told without reading lists. */
export function isChange(value: unknown): value is Change {
  if (kindOf(value) !== 'object') return false;
  const { kind, id, to } = value as Record<string, unknown>;
  if (typeof kind !== 'string' || !Object.hasOwn(FIELDS, kind) || typeof id !== 'string') return false;
  if (to === null) return true;
  return (
    kindOf(to) === 'object' &&
    Object.entries(FIELDS[kind as RecordKind]).every(([name, wanted]) =>
      isKind((to as Record<string, unknown>)[name], wanted),
    )
  );
}

function isKind(value: unknown, wanted: FieldKind): boolean {
  return wanted.endsWith('?') ? value === null || `${kindOf(value)}?` === wanted : kindOf(value) === wanted;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'list';
  return value === null ? 'null' : typeof value;
}
