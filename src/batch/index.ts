/** The public face of src/batch. */
export { isAccountError } from './account-error.js';
export { buildCues, type Cue } from './cues.js';
export {
  type BatchClient,
  type BatchOptions,
  type BatchProgress,
  type BatchResult,
  transcribeBatch,
} from './transcribe-batch.js';
export { formatTranscript, TRANSCRIPT_FORMATS, type TranscriptFormat } from './transcript-format.js';
