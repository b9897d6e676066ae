/**
 * `sluice probe`: what files hold and how they would be sent.
 * Not here: reading headers and planning (src/audio); the processor (probe-cpu.ts).
 */
import { stat } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import type { Command } from 'commander';
import type { OggOpusInfo, OggOpusLink, WavInfo, WirePlan } from '../audio/index.js';
import { MAX_RATE_HZ, MIN_RATE_HZ } from '../format.js';
import { describeError, type ErrorFacts, errorFacts, UsageError } from './errors.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { type Input, inputLabel, resolveInputs, STDIN } from './inputs.js';
import { interruptible } from './interrupt.js';
import { writeStdout } from './output.js';
import { probeCpu } from './probe-cpu.js';
import { openRecording, type RecordingChunks, recordingWarnings } from './read.js';
import { table } from './table.js';

type Audio = typeof import('../audio/index.js');

/** What FFmpeg decoded is a WAV but for these: its samples lie nowhere in the file. */
interface DecodedInfo extends Omit<WavInfo, 'container' | 'dataOffset'> {
  container: string;
}

type Info = WavInfo | OggOpusInfo | DecodedInfo;

/** As --json tells it. */
type Probed = Info & {
  file: string;
  /** How it would be sent; null where it cannot be. */
  plan: WirePlan | null;
  /** What stands in the way of a transcription, or is good to know before it. */
  notes: string[];
};

/** What could not be probed, as --json tells it. */
interface Failed {
  file: string;
  error: ErrorFacts;
}

interface Flags {
  json?: true;
  cpu?: true;
}

export function addProbe(program: Command, done: (code: ExitCode) => void): void {
  program
    .command('probe')
    .summary('what files hold and how they would be sent')
    .description(
      'Tells format, length, what is odd, and the wire format that transcribe would use: of WAV files by their headers ' +
        'alone, of Ogg Opus by its packets, whose sound is not decoded.',
    )
    .argument('[files...]', 'files, folders, quoted patterns, or - for standard input')
    .option('--json', 'an array with one object a file instead of a table')
    .option('--cpu', 'instead of files: the processor, and the instruction set in use on it')
    .addHelpText(
      'after',
      `
Examples:
  $ sluice probe call.wav
  $ sluice probe calls/ --json | jq 'map(.durationS) | add'
  $ sluice probe voice-message.opus --json | jq '.[0].links[0].vendor'
  $ sluice probe --cpu`,
    )
    .action(async (args: string[], flags: Flags) => done(await probe(args, flags)));
}

async function probe(args: string[], { json, cpu }: Flags): Promise<ExitCode> {
  if (cpu ? args.length > 0 : args.length === 0)
    throw new UsageError('probe takes either files or --cpu', 'name files, or --cpu alone');
  if (cpu) {
    await probeCpu(json === true);
    return EXIT.ok;
  }
  const inputs = await resolveInputs(args);
  const results = await interruptible((signal) => probeAll(inputs, signal));
  const probed = results.filter((result): result is Probed => !('error' in result));
  await writeStdout(json ? `${JSON.stringify(results, null, 2)}\n` : probeTable(probed));
  return probed.length < inputs.length ? EXIT.someFailed : EXIT.ok;
}

async function probeAll(inputs: Input[], signal: AbortSignal): Promise<(Probed | Failed)[]> {
  const results: (Probed | Failed)[] = [];
  const audio = await import('../audio/index.js'); // an addon that does not load fails the command, not each file
  for (const { path } of inputs) {
    await setImmediate(); // headers are read synchronously: without a pause no signal would come through
    signal.throwIfAborted();
    try {
      results.push(await probeOne(path, audio, signal));
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      process.stderr.write(describeError(error, inputLabel(path)));
      results.push({ file: inputLabel(path), error: errorFacts(error) });
    }
  }
  signal.throwIfAborted();
  return results;
}

async function probeOne(path: string, audio: Audio, signal: AbortSignal): Promise<Probed> {
  const { info, isDecoded, isStream } = await readInfo(path, audio, signal);
  const { encoding, sampleRateHz, channels } = info;
  const canSend = sampleRateHz >= MIN_RATE_HZ && sampleRateHz <= MAX_RATE_HZ;
  // A stream is sent by what its head says: the rest is not known then.
  const plan = canSend ? audio.planWire(isStream ? { encoding, sampleRateHz, channels } : info) : null;
  const notes = info.encoding === 'opus' ? opusNotes(info, plan) : [];
  if (isDecoded) notes.push('decoded by FFmpeg');
  if (!canSend) notes.push(`rate outside ${MIN_RATE_HZ} to ${MAX_RATE_HZ} Hz: resample it first`);
  return { file: inputLabel(path), ...info, plan, notes };
}

function opusNotes({ links }: OggOpusInfo, plan: WirePlan | null): string[] {
  const notes: string[] = [];
  if (links.length > 1) notes.push(`chain of ${links.length} streams`);
  const gains = new Set(links.map(gainOf).filter((gain) => gain !== ''));
  if (gains.size > 0) notes.push(`gain ${[...gains].join(', ')}`);
  if (plan?.untouched === false) notes.push('decoded to be sent');
  return notes;
}

/** `+3 dB`; nothing where there is none. */
function gainOf({ gainDb }: OggOpusLink): string {
  if (gainDb === 0) return '';
  return `${gainDb < 0 ? '−' : '+'}${Number(Math.abs(gainDb).toFixed(2))} dB`;
}

/** Of a WAV file its headers alone; of all else all of it: there is no other exact length. */
async function readInfo(
  path: string,
  audio: Audio,
  signal: AbortSignal,
): Promise<{ info: Info; isDecoded?: true; isStream?: boolean }> {
  const stats = path === STDIN ? undefined : await stat(path);
  const isStream = !stats?.isFile();
  if (!isStream && audio.audioContainer(path) === 'wav') return { info: audio.probeAudio(path) };
  const { chunks, decoder, container } = await openRecording(audio, path, signal);
  if (container === 'ogg') return { info: await readOgg(audio, chunks), isStream };
  const info = await readWav(audio, chunks);
  if (decoder === undefined) return { info };
  const { dataOffset: _, ...decoded } = info;
  const warnings = recordingWarnings(info.warnings, decoder);
  return { info: { ...decoded, container: decoder.container.name, warnings }, isDecoded: true };
}

type Chunks = RecordingChunks['chunks'];

/** In pieces, unlike probeAudio: hours of it take seconds, and a signal may come. */
async function readOgg({ OggOpusDecoder }: Audio, chunks: Chunks): Promise<OggOpusInfo> {
  using decoder = new OggOpusDecoder({ endS: 0 }); // counts, and decodes nothing
  for await (const chunk of chunks) decoder.process(chunk);
  decoder.flush();
  return decoder.info as OggOpusInfo; // flush() has thrown when there is none
}

async function readWav({ WavReader }: Audio, chunks: Chunks): Promise<WavInfo> {
  using reader = new WavReader();
  let samples = new Int16Array(0); // of no interest; to make them anew each time would fill the memory
  for await (const chunk of chunks) {
    const room = reader.maxOutputSamples(chunk.length);
    if (samples.length < room) samples = new Int16Array(room);
    reader.processInto(chunk, samples);
  }
  return reader.finish();
}

const HEADINGS = ['file', 'format', 'rate', 'channels', 'duration', 'sent as', 'notes'];

function probeTable(probed: Probed[]): string {
  return probed.length === 0 ? '' : table([HEADINGS, ...probed.map(row)]);
}

function row({
  file,
  container,
  encoding,
  sampleRateHz,
  channels,
  durationS,
  plan,
  warnings,
  notes,
}: Probed): string[] {
  return [
    file,
    `${container} ${encoding}`,
    `${sampleRateHz} Hz`,
    String(channels),
    `${durationS.toFixed(3)} s`,
    plan === null ? '-' : `${plan.wire}${plan.untouched ? ', untouched' : ''}`,
    [...warnings, ...notes].join(', '),
  ];
}
