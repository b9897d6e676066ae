/**
 * Two streams that do not fit are told so when they are joined: by `pipe`, and so by `pipeline` and `compose` too.
 * Not here: which formats fit (stream-format.ts); what the first bytes show (raw-input.ts).
 */
import type { EventEmitter } from 'node:events';
import type { Writable } from 'node:stream';
import { argumentTypeError } from '../errors.js';
import { fits, formatName, remedy, type StreamFormat } from './stream-format.js';

/** A stream that says what it takes. */
interface Sink extends Writable {
  readonly inputFormat: StreamFormat | undefined;
}

/** A stream that says what it gives, once it is known: then it emits `format`. */
interface Source extends EventEmitter {
  readonly outputFormat: StreamFormat | undefined;
}

/** Destroys the sink with a TypeError ERR_FORMAT_MISMATCH when a source is joined to it that gives something else. */
export function checkSources(sink: Sink): void {
  // The functions are shared by all sinks: thousands of them may be idle.
  sink.on('pipe', onPipe);
}

function onPipe(this: Sink, source: unknown): void {
  if (this.inputFormat === undefined || !saysItsFormat(source)) return;
  if (source.outputFormat !== undefined) check(source, this);
  else watch(source, this);
}

function saysItsFormat(source: unknown): source is Source {
  return typeof source === 'object' && source !== null && 'outputFormat' in source;
}

/** A decoder knows its format when it has read the header, before it gives any output. */
function watch(source: Source, sink: Sink): void {
  const onFormat = () => check(source, sink);
  const stop = (unpiped: unknown) => {
    if (unpiped !== source) return;
    source.off('format', onFormat);
    sink.off('unpipe', stop);
  };
  source.once('format', onFormat);
  sink.on('unpipe', stop);
}

function check(source: Source, sink: Sink): void {
  const [given, wanted] = [source.outputFormat, sink.inputFormat];
  if (given === undefined || wanted === undefined || fits(given, wanted)) return;
  const message = `${sink.constructor.name} takes ${formatName(wanted)}, and ${source.constructor.name} gives ${formatName(given)}`;
  sink.destroy(
    argumentTypeError(`${message}: put ${remedy(given, wanted)} between them.`, 'ERR_FORMAT_MISMATCH'),
  );
}
