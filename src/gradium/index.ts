export {
  ConnectionError,
  type ConnectionPhase,
  type DeadlinePhase,
  FormatError,
  SpeechApiError,
  TimeoutError,
  UnsupportedError,
} from '../errors.js';
export type { ByteSource } from '../speech/index.js';
export {
  type ChunkerOptions,
  chunkText,
  type SplitOptions,
  splitText,
  TextChunker,
  type TextPart,
} from '../text/index.js';
export { DEFAULT_BASE_URL } from './access.js';
export { Gradium, type GradiumConnection, type GradiumStt, type GradiumTts } from './client.js';
export type { SttStream } from './stt-stream.js';
export type { TtsStream } from './tts-stream.js';
export type {
  ConnectionStats,
  ConnectOptions,
  Deadlines,
  GradiumOptions,
  Speech,
  SttEvent,
  SttOptions,
  SttStreamOptions,
  SynthesizeOptions,
  TextSource,
  TranscribeOptions,
  Transcript,
  TranscriptSource,
  TtsOptions,
  TtsReady,
  Word,
} from './types.js';
