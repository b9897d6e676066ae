/**
 * What the REST resources take and give: voices, candidates for voices, pronunciations, credits, usage (wire reference,
 * sections 1.4 and 1.5).
 * Not here: any behaviour; speech (types.ts).
 */
import type { Deadlines } from '../speech/index.js';

/** What every REST call takes. */
export interface RestOptions {
  /**
   * New attempts after failures that may pass, 0 to 1 000. Default 4. Calls that make something are tried again only where
   * the service cannot have made it: no connection came about, or it answered 429.
   */
  retries?: number;
  /** In milliseconds; go before the client's, one by one. Default: the client's; `totalMs` 60 000. */
  deadlines?: Deadlines;
  /** Ends it at once, waits between attempts included, with `signal.reason` as the error, untouched. Default: none. */
  signal?: AbortSignal;
}

/** How a list is read. */
export interface ListOptions extends RestOptions {
  /** Entries to pass over: a whole number from 0. Default 0. */
  skip?: number;
  /** Entries of one request: 1 to 1 000. Default 100. The next page is asked for when it is needed. */
  pageSize?: number;
}

/** Which voices are listed. */
export interface ListVoicesOptions extends ListOptions {
  /** The service's own voices as well. Default: not sent, and the service lists one's own alone. */
  includeCatalog?: boolean;
}

/**
 * A list of the service's, read page by page as it is iterated; each iteration begins anew. A page is a call of its own:
 * `retries` and `deadlines` are for each. To delete what is listed, take all of it first: what is gone moves up the rest.
 */
export interface Listing<T> extends AsyncIterable<T> {
  /** All of it. Rejects as the iteration does. */
  toArray(): Promise<T[]>;
}

/** A mark on a voice. */
export interface VoiceTag {
  /** What kind of mark. Absent when the service gave none. */
  category?: string;
  /** The mark. */
  value: string;
}

/** A voice as lists have it: one's own, or of the service's catalogue. */
export interface Voice {
  /** The service's id, the `uid` of the wire: what `voiceId` takes. */
  id: string;
  /** As it was given. */
  name: string;
  /** Whether it is one of the service's own voices. */
  isCatalog: boolean;
  /** Whether it was made from half an hour of audio and more. */
  isProClone: boolean;
  /** Absent when there is none, as below. */
  description?: string;
  /** Of the sample it was made from. */
  filename?: string;
  /** Where in the sample its ten seconds begin. */
  startS?: number;
  /** Such as `en`. */
  language?: string;
  /** Marks, in the service's order. */
  tags: VoiceTag[];
}

/**
 * How a voice is made from a sample. Nobody knows how long it takes to go up: `setupMs` (+ `timeoutS`) begins again with each
 * part of it that has left, and where `deadlines.totalMs` is not given, the 60 000 (+ `timeoutS`) begin when it is up.
 */
export interface CreateVoiceOptions extends RestOptions {
  /** What it is to be called, not empty. */
  name: string;
  /** What is spoken in the sample: en, fr, de, es or pt. */
  language: string;
  /** Default: not sent. */
  description?: string;
  /** Container or format of the sample. Default: by the name of the file, else by what it begins with. */
  inputFormat?: string;
  /**
   * Name of the file that the service is told: up to 1 024 bytes in UTF-8. Default: that of the path, else `sample` with a
   * suffix by its format.
   */
  fileName?: string;
  /** Where in the sample the ten seconds that are used begin: from 0. Default: not sent, and the service takes 0. */
  startS?: number;
  /** Seconds that the service may take: more than 0, up to 3 600. Default: not sent, and the service takes 10. */
  timeoutS?: number;
}

/** A voice that was made. */
export interface CreatedVoice {
  /** What `voiceId` takes. */
  id: string;
  /** What the service thought of the sample, though it took it: fit for a terminal. Absent when it said nothing. */
  advice?: string;
  /** Whether it took the place of another. */
  wasUpdated: boolean;
}

/** What of a voice changes: what is absent stays as it is, null takes it away. */
export interface VoiceChanges {
  /** Not empty. */
  name?: string;
  /** Null: none. */
  description?: string | null;
  /** en, fr, de, es or pt; null: none. */
  language?: string | null;
  /** Where in the sample its ten seconds begin: from 0. */
  startS?: number;
  /** Take the place of those there are: each an object of words, flags and nulls, as the service defines them. */
  tags?: readonly Record<string, string | boolean | null>[];
  /** Its place among one's voices. */
  rank?: number;
}

/** A voice as it is after a change. */
export interface VoiceDetails {
  /** What `voiceId` takes. */
  id: string;
  /** As it is called now. */
  name: string;
  /** Absent when there is none, as below. */
  description?: string;
  /** Such as `en`. */
  language?: string;
  /** Of the sample it was made from. */
  filename: string;
  /** Where in the sample what is used begins, in seconds. */
  startS: number;
  /** Where it ends. */
  stopS?: number;
  /** The account's, a UUID. */
  organisationId?: string;
  /** Whether it is still being made. */
  isPending: boolean;
  /** Whether the service has the sample. */
  hasAudio: boolean;
  /** Whether it was made from half an hour of audio and more. */
  isProClone: boolean;
}

/** How a candidate becomes a voice. */
export interface KeepVoiceOptions extends RestOptions {
  /** What it is to be called, not empty. */
  name: string;
  /** Default: not sent. */
  description?: string;
}

/** A candidate that has become a voice. */
export interface KeptVoice {
  /** What `voiceId` takes. */
  id: string;
  /** As it was given. */
  name: string;
  /** Absent when there is none, as below. */
  description?: string;
  /** Such as `en`. */
  language?: string;
}

/** How voices are made from words. */
export interface GenerateVoicesOptions extends RestOptions {
  /** What is spoken: en, fr, de, es or pt. */
  language: string;
  /** How many candidates: 1 to 5. Default: not sent, and the service makes 1. */
  samples?: number;
  /** How closely the words are followed, the service's `cfg_scale`: 1 to 20. Default: not sent, and the service takes 5. */
  cfgScale?: number;
}

/** How a voice is made clearer. */
export interface EnhanceVoiceOptions extends RestOptions {
  /** How many candidates: 1 to 5. Default: not sent. */
  samples?: number;
}

/** How a voice is taken to another language. */
export interface LocalizeVoiceOptions extends RestOptions {
  /** What it is to speak: en, fr, de, es or pt. */
  targetLanguage: string;
  /** One of `accents()` for that language, up to 100 characters. Default: not sent, and the service takes the first. */
  accent?: string;
  /** Default: not sent. */
  gender?: 'male' | 'female';
  /** How many candidates: 1 to 5. Default: not sent. */
  samples?: number;
}

/** A voice that waits to be kept. Its id works as a `voiceId` once it is ready. */
export interface VoiceCandidate {
  /** `vox_emb_…`. */
  id: string;
  /** Whether it can be used. */
  ready: boolean;
  /** When the service forgets it; absent when it does not say. */
  expiresAt?: Date;
}

/** A candidate with its story. */
export interface VoiceCandidateDetails extends VoiceCandidate {
  /** How it came about; absent when the service does not say, as below. */
  kind?: 'generate' | 'edit_language' | 'enhance';
  /** The words it was asked for with. The service calls this field deprecated. */
  prompt?: string;
  /** Such as `en`. */
  language?: string;
  /** When it was asked for. */
  createdAt?: Date;
  /** What it was asked for with, as the service has it: `generate_config`, `edit_language_config` or `enhance_config`. */
  config?: Record<string, unknown>;
}

/** Which candidates are listed. */
export interface ListCandidatesOptions extends ListOptions {
  /** This one alone. Default: all. */
  id?: string;
}

/** How long to wait for candidates. */
export interface WaitForCandidatesOptions extends RestOptions {
  /** Milliseconds between two looks: 100 to 60 000. Default 2 000, the service's advice. */
  pollMs?: number;
}

/** One rule of a pronunciation dictionary. */
export interface PronunciationRule {
  /** What is written: a word or several, not empty. */
  original: string;
  /** What is said in its place. */
  rewrite: string;
  /** Whether upper and lower case of `original` matter. Default false. */
  caseSensitive?: boolean;
}

/** A pronunciation dictionary before it is one. */
export interface PronunciationDictionaryInput {
  /** What it is to be called, not empty. */
  name: string;
  /** Such as `en`. */
  language: string;
  /** Default: not sent. */
  description?: string;
  /** Default: none. */
  rules?: readonly PronunciationRule[];
}

/** What of a dictionary changes: what is absent stays as it is. */
export interface PronunciationChanges {
  /** Not empty. */
  name?: string;
  /** Such as `en`. */
  language?: string;
  /** Null: none. */
  description?: string | null;
  /** Take the place of those there are. */
  rules?: readonly PronunciationRule[];
}

/** A pronunciation dictionary as the service has it. */
export interface PronunciationDictionary {
  /** The service's id, the `uid` of the wire: what `pronunciationId` takes. */
  id: string;
  /** As it was given. */
  name: string;
  /** Such as `en`. */
  language: string;
  /** Absent when there is none. */
  description?: string;
  /** The account's, a UUID; absent when the service does not say. */
  organisationId?: string;
  /** Absent when the service does not say. */
  createdAt?: Date;
  /** In the service's order. */
  rules: (Required<PronunciationRule> & {
    /** The service's number of it. */
    id: number;
  })[];
}

/** Which dictionaries are listed. */
export interface ListPronunciationsOptions extends ListOptions {
  /** Of this language alone. Default: all. */
  language?: string;
}

/** What is left to spend: a character of speech is 1 credit, a second of recognition 3. */
export interface Credits {
  /** Left in this period. */
  remaining: number;
  /** Of the whole period. */
  allocated: number;
  /** As the service puts it, such as `monthly`. */
  billingPeriod: string;
  /** The day of the next period, `2026-12-01`; absent when the service does not say. */
  nextRolloverDate?: string;
  /** Empty when the service gave none. */
  planName: string;
}

/** What was used so far. In: what was sent to the service; out: what came from it. 0 where it does not say. */
export interface UsageSummary {
  /** Credits. */
  consumedCredits: number;
  /** Sessions. */
  sessions: number;
  /** Seconds of audio in. */
  ingressAudioS: number;
  /** Messages in. */
  ingressMessages: number;
  /** Characters of text in. */
  ingressChars: number;
  /** Seconds of audio out. */
  egressAudioS: number;
  /** Messages out. */
  egressMessages: number;
  /** Characters of text out. */
  egressChars: number;
}
