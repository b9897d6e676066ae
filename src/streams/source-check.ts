/**
 * Two streams that do not fit are told so when they are joined: by `pipe`, and so by `pipeline` and `compose` too.
 * Not here: which formats fit (stream-format.ts); what the first bytes show (raw-input.ts).
 */
import type { EventEmitter } from 'node:events';
import type { Writable } from 'node:stream';
import { argumentTypeError } from '../errors.js';
import { fits, formatName, isStreamFormat, remedy, type StreamFormat } from './stream-format.js';

/** A stream that says what it takes. */
interface Sink extends Writable {
  readonly inputFormat: StreamFormat | undefined;
}

/** A stream that says what it gives, once it is known: then it emits `format`. */
export interface Source extends EventEmitter {
  readonly outputFormat: StreamFormat | undefined;
}

/** Destroys the sink with a TypeError ERR_FORMAT_MISMATCH when a source is joined to it that gives something else. */
export function checkSources(sink: Sink): void {
  // The functions are shared by all sinks: thousands of them may be idle.
  sink.on('pipe', onPipe);
}

function onPipe(this: Sink, source: unknown): void {
  if (this.inputFormat !== undefined && saysItsFormat(source)) whenKnown(source, this, check);
}

/**
 * For a sink that goes by what it is joined to: `learn` is told of each source that says what it gives, at once or as
 * soon as it knows, before its first output.
 */
export function onSourceFormat(sink: Writable, learn: (source: Source) => void): void {
  sink.on('pipe', (source: unknown) => {
    if (saysItsFormat(source)) whenKnown(source, sink, learn);
  });
}

function saysItsFormat(source: unknown): source is Source {
  return typeof source === 'object' && source !== null && 'outputFormat' in source;
}

/**
 * A decoder knows its format when it has read the header, before it gives any output. What another package calls a
 * format is passed over: the bytes have to tell.
 */
function whenKnown<S extends Writable>(
  source: Source,
  sink: S,
  then: (source: Source, sink: S) => void,
): void {
  if (source.outputFormat !== undefined) {
    if (isStreamFormat(source.outputFormat)) then(source, sink);
    return;
  }
  const onFormat = () => {
    if (isStreamFormat(source.outputFormat)) then(source, sink);
  };
  const stop = (unpiped: unknown) => {
    if (unpiped !== source) return;
    source.off('format', onFormat);
    sink.off('unpipe', stop);
  };
  source.once('format', onFormat);
  sink.on('unpipe', stop);
}

function check(source: Source, sink: Sink): void {
  const [given, wanted] = [source.outputFormat as StreamFormat, sink.inputFormat];
  if (wanted === undefined || fits(given, wanted)) return;
  sink.destroy(mismatch(source, sink, wanted, `put ${remedy(given, wanted)} between them`));
}

/** @param way What to do about it. */
export function mismatch(source: Source, sink: Writable, wanted: StreamFormat, way: string): TypeError {
  const given = formatName(source.outputFormat as StreamFormat);
  const [from, to] = [source.constructor.name, sink.constructor.name];
  return argumentTypeError(
    `${to} takes ${formatName(wanted)}, and ${from} gives ${given}: ${way}.`,
    'ERR_FORMAT_MISMATCH',
  );
}
