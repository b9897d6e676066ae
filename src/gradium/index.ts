export {
  ConnectionError,
  type ConnectionPhase,
  type DeadlinePhase,
  FormatError,
  SpeechApiError,
  TimeoutError,
  UnsupportedError,
  type ValidationIssue,
} from '../errors.js';
export type { ByteSource } from '../speech/index.js';
export {
  applyPronunciations,
  type CatalogueVoice,
  type ChunkerOptions,
  chunkText,
  type PronunciationsToApply,
  REWRITE_ALIASES,
  REWRITE_RULES,
  type ResolvedVoice,
  type RewriteAlias,
  type RewriteRule,
  resolveVoice,
  rewriteText,
  type SplitOptions,
  splitText,
  TextChunker,
  type TextPart,
  type VoiceCatalogue,
  type VoiceQuery,
  voiceCatalogue,
} from '../text/index.js';
export { DEFAULT_BASE_URL } from './access.js';
export {
  Gradium,
  type GradiumConnection,
  type GradiumS2s,
  type GradiumStt,
  type GradiumTts,
} from './client.js';
export type { GradiumCredits } from './credits.js';
export type { GradiumPronunciations } from './pronunciations.js';
export type {
  CreatedVoice,
  CreateVoiceOptions,
  Credits,
  EnhanceVoiceOptions,
  GenerateVoicesOptions,
  KeepVoiceOptions,
  KeptVoice,
  ListCandidatesOptions,
  Listing,
  ListOptions,
  ListPronunciationsOptions,
  ListVoicesOptions,
  LocalizeVoiceOptions,
  PronunciationChanges,
  PronunciationDictionary,
  PronunciationDictionaryInput,
  PronunciationRule,
  RestOptions,
  UsageSummary,
  Voice,
  VoiceCandidate,
  VoiceCandidateDetails,
  VoiceChanges,
  VoiceDetails,
  VoiceTag,
  WaitForCandidatesOptions,
} from './rest-types.js';
export type { S2sStream } from './s2s-stream.js';
export type { SttStream } from './stt-stream.js';
export type { GradiumTokens } from './tokens.js';
export type { TtsStream } from './tts-stream.js';
export type {
  ConnectionStats,
  ConnectOptions,
  CreateTokenOptions,
  Deadlines,
  GradiumOptions,
  LiveSourceOptions,
  S2sOptions,
  S2sReady,
  S2sSpeech,
  S2sStreamOptions,
  SingleUseToken,
  Speech,
  SttEvent,
  SttOptions,
  SttStreamOptions,
  SttTextStreamOptions,
  SynthesizeOptions,
  TextSource,
  TranscribeOptions,
  Transcript,
  TranscriptSource,
  TranslateOptions,
  TtsOptions,
  TtsReady,
  TurnOptions,
  VadEntry,
  Word,
} from './types.js';
export type { GradiumUsage } from './usage.js';
export type { GradiumVoiceGenerator } from './voice-generator.js';
export type { GradiumVoices } from './voices.js';
