export {
  type Deadlines,
  DeadlineTimer,
  type ResolvedDeadlines,
  resolveDeadlines,
  totalMs,
} from './deadlines.js';
export { type Deferred, deferred } from './deferred.js';
export {
  HttpExchange,
  type HttpHandlers,
  type HttpHead,
  type HttpOptions,
} from './http.js';
export { type JsonAnswer, type JsonRequest, requestJson } from './http-json.js';
export { LineSplitter } from './line-splitter.js';
export { MAX_FILE_NAME_BYTES, multipartForm } from './multipart.js';
export { isRetryable, type RetryOptions, retryDelayMs, withRetries } from './retry.js';
export { Scope } from './scope.js';
export {
  brokenError,
  type ErrorContext,
  errorCode,
  errorOfRequest,
  isRetryableApiCode,
  protocolError,
  quoted,
  quotedCode,
  serviceError,
} from './service-errors.js';
export {
  CLOSE_TIMEOUT_MS,
  HIGH_WATER_BYTES,
  LOW_WATER_BYTES,
  type SocketOptions,
  SpeechSocket,
  type Target,
} from './socket.js';
export { type ByteSource, type ChunkReader, pipeReader, readerOf } from './source.js';
export { TotalDeadline } from './total-deadline.js';
export { Turns } from './turns.js';
export type { Upload } from './upload.js';
export { restUrl, socketUrl } from './url.js';
