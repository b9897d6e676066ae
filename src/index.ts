/** Everything public, in one import. The sub-paths (`sluice-audio/audio`, …) load less, and `sluice-audio/text` not even the addon. */
export * from './audio/index.js';
export * from './batch/index.js';
export {
  ARGUMENT_ERROR_CODES,
  type ArgumentErrorCode,
  ConnectionError,
  type ConnectionPhase,
  type DeadlinePhase,
  FfmpegError,
  FORMAT_ERROR_CODES,
  FormatError,
  type FormatErrorCode,
  SpeechApiError,
  TimeoutError,
  UNSUPPORTED_ERROR_CODES,
  UnsupportedError,
  type UnsupportedErrorCode,
  type ValidationIssue,
} from './errors.js';
export * from './format.js';
export * from './gradium/index.js';
export * from './sandbox/index.js';
export * from './streams/index.js';
export * from './telephony/index.js';
