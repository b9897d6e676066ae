/**
 * `sluice speak`: text in, speech out.
 * Not here: synthesis (src/gradium).
 */
import { extname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Command, Option } from 'commander';
import { sampleBytes, WIRE_FORMATS, type WireAudio, type WireFormat, wireAudio } from '../format.js';
import type { Gradium, Speech, TtsOptions } from '../gradium/index.js';
import { SANDBOX_NOTICE, withClient } from './client.js';
import { UsageError } from './errors.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { interruptible } from './interrupt.js';
import { languageCode, pathName, type Transport, transportOption, wholeNumber } from './options.js';
import { checkFile, writeStdout, writeWhole } from './output.js';
import { readStdinText } from './read.js';

interface SpeakFlags {
  output: string;
  voice?: string;
  outputFormat?: WireFormat;
  model?: string;
  language?: string;
  pronunciation?: string;
  maxChars?: number;
  transport: Transport;
  sandbox?: true;
}

const STDOUT = '-';
const STDIN = '-';

export function addSpeak(program: Command, done: (code: ExitCode) => void): void {
  program
    .command('speak')
    .summary('text to speech')
    .description('Speaks text into a file.')
    .argument('<text>', 'what to say, or - to read it from standard input')
    .requiredOption('-o, --output <file>', 'where the speech goes, or - for standard output', pathName)
    .option('-v, --voice <voice>', 'id of a voice, or its name; see sluice voices list --catalogue')
    .addOption(
      new Option(
        '--output-format <format>',
        'what the service is asked for (default: by the name, wav or opus; wav to standard output)',
      ).choices(WIRE_FORMATS),
    )
    .option('-m, --model <name>', 'model of the service')
    .option(
      '-l, --language <code>',
      'what the text is in: tells voices of one name apart, and by whose rules numbers are read',
      languageCode,
    )
    .option('--pronunciation <id>', 'pronunciation dictionary of the service')
    .option(
      '--max-chars <n>',
      'longest text of one session; longer text takes several (default: 3000; 1500 on the free tier)',
      wholeNumber('The longest text', 1, 100_000),
    )
    .addOption(transportOption())
    .option('--sandbox', 'use a built-in server instead of the service: no key, no network')
    .addHelpText(
      'after',
      `
A raw format in a .wav file gets a WAV header: the file holds 8 kHz mu-law, say, and any player knows it.
.opus, .ogg and .oga are Ogg Opus. Text from standard input is spoken while it comes, and raw samples go to standard
output while they are spoken; with --transport post both go once they are whole.

Examples:
  $ sluice speak "Good morning" -o morning.wav
  $ sluice speak "Good morning" -o morning.opus
  $ sluice speak - -o letter.wav < letter.txt
  $ my-model "Tell me a story" | sluice speak - -o - --output-format pcm_24000 | aplay -f S16_LE -r 24000
  $ sluice speak "Please hold the line" --output-format ulaw_8000 -o hold.wav
  $ sluice speak --sandbox "hello" -o - --output-format pcm_8000 | aplay -f S16_LE -r 8000`,
    )
    .action(async (text: string, flags: SpeakFlags) => done(await speak(text, flags)));
}

async function speak(text: string, flags: SpeakFlags): Promise<ExitCode> {
  const outputFormat = chooseFormat(flags);
  if (flags.output === STDOUT && process.stdout.isTTY) {
    throw new UsageError('standard output is a terminal', 'name a file with -o, or pipe the audio on');
  }
  await checkVoice(ttsOptions(flags));
  if (flags.output !== STDOUT) await checkFile(flags.output);
  if (text !== STDIN && text.trim() === '') throw nothingToSay();
  return interruptible(async (signal) => {
    const options = { ...ttsOptions(flags), outputFormat, signal };
    const words = text === STDIN ? checkedText(readStdinText(signal)) : text;
    await withClient(flags, async (client) => {
      if (flags.sandbox) process.stderr.write(`sluice: ${SANDBOX_NOTICE}\n`);
      if (isLive(flags, outputFormat)) return speakLive(client, words, options);
      const speech = await client.tts.synthesize(words, { ...options, transport: flags.transport });
      await save(speech, flags.output, signal);
    });
    return EXIT.ok;
  });
}

/** Raw samples have no header that would have to know their number: they go out as they come. A POST is not live. */
function isLive({ output, transport }: SpeakFlags, format: WireFormat): boolean {
  return output === STDOUT && transport === 'websocket' && wireAudio(format, 'output') !== undefined;
}

function nothingToSay(): UsageError {
  return new UsageError('there is no text to speak', 'give some text');
}

/** @throws {UsageError} at the end of a text without a word */
async function* checkedText(pieces: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  let empty = true;
  for await (const piece of pieces) {
    empty &&= piece.trim() === '';
    yield piece;
  }
  if (empty) throw nothingToSay();
}

async function speakLive(
  client: Gradium,
  text: string | AsyncIterable<string>,
  options: TtsOptions & { outputFormat: WireFormat; signal: AbortSignal },
): Promise<void> {
  const { outputFormat, signal } = options;
  let bytes = 0;
  const pieces = Readable.from(typeof text === 'string' ? [text] : text);
  await pipeline(pieces, client.tts.stream(options), async (audio: AsyncIterable<Buffer>) => {
    for await (const chunk of audio) {
      bytes += chunk.length;
      await writeStdout(chunk, signal);
    }
  });
  const { encoding, sampleRateHz } = wireAudio(outputFormat, 'output') as WireAudio;
  const durationS = bytes / sampleBytes(encoding) / sampleRateHz;
  report(STDOUT, { durationS, outputFormat, sampleRateHz });
}

/** A `.wav` and an `.opus` need no format; a raw file does not say what it holds, so the user has to. */
function chooseFormat({ output, outputFormat }: SpeakFlags): WireFormat {
  if (output === STDOUT) return outputFormat ?? 'wav';
  const named = containerOfName(output);
  if (outputFormat === undefined) {
    if (named !== undefined) return named;
    throw new UsageError(
      `${output} does not say which format is meant`,
      'name it .wav or .opus, or add --output-format pcm_16000 (or another) for raw samples',
    );
  }
  if (outputFormat === 'wav' && named !== 'wav') {
    throw new UsageError(`${output} would hold a WAV`, 'name it .wav');
  }
  if (outputFormat === 'opus' && named !== 'opus') {
    throw new UsageError(`${output} would hold Ogg Opus`, 'name it .opus or .ogg');
  }
  if (outputFormat !== 'opus' && named === 'opus') {
    throw new UsageError(
      `${output} would hold raw samples`,
      'name it .raw, or .wav for a header around them',
    );
  }
  return outputFormat;
}

function containerOfName(path: string): 'wav' | 'opus' | undefined {
  const extension = extname(path).toLowerCase();
  if (['.wav', '.wave'].includes(extension)) return 'wav';
  return ['.opus', '.ogg', '.oga'].includes(extension) ? 'opus' : undefined;
}

function ttsOptions({ voice, model, language, pronunciation, maxChars }: SpeakFlags): TtsOptions {
  return {
    ...(voice !== undefined && { voice }),
    ...(model !== undefined && { model }),
    ...(language !== undefined && language !== 'any' && { language, rewriteRules: language }),
    ...(pronunciation !== undefined && { pronunciationId: pronunciation }),
    ...(maxChars !== undefined && { maxCharsPerSession: maxChars }),
  };
}

/** @throws {UsageError} for a name that several voices have */
async function checkVoice({ voice, language }: TtsOptions): Promise<void> {
  if (voice === undefined) return;
  const { resolveVoice } = await import('../text/index.js');
  try {
    resolveVoice(voice, language);
  } catch (error) {
    const see = `sluice voices list --catalogue --text ${JSON.stringify(voice)}`;
    throw new UsageError(
      `--voice: ${(error as Error).message}`,
      `give --voice an id${language === undefined ? ', or add --language' : ''}; to see the voices: ${see}`,
    );
  }
}

async function save(speech: Speech, output: string, signal: AbortSignal): Promise<void> {
  if (output === STDOUT) {
    await writeStdout(speech.data, signal);
  } else {
    const isRaw = speech.outputFormat !== 'wav' && speech.outputFormat !== 'opus';
    const isWav = containerOfName(output) === 'wav';
    await writeWhole(output, isRaw && isWav ? await withHeader(speech) : speech.data);
  }
  report(output, speech);
}

function report(
  output: string,
  { durationS, outputFormat, sampleRateHz }: Pick<Speech, 'durationS' | 'outputFormat' | 'sampleRateHz'>,
): void {
  const name = output === STDOUT ? 'standard output' : output;
  process.stderr.write(`sluice: ${name}: ${durationS.toFixed(2)} s, ${outputFormat} at ${sampleRateHz} Hz\n`);
}

/** Raw samples of the wire as a WAV of the same samples. */
async function withHeader({ data, outputFormat, sampleRateHz }: Speech): Promise<Uint8Array> {
  const { decodeAlaw, decodeMulaw, writeWav } = await import('../audio/index.js');
  switch (outputFormat) {
    case 'ulaw_8000':
    case 'mulaw_8000':
      return writeWav(decodeMulaw(data), { sampleRateHz, encoding: 'mulaw' });
    case 'alaw_8000':
      return writeWav(decodeAlaw(data), { sampleRateHz, encoding: 'alaw' });
    default:
      return writeWav(int16Samples(data), { sampleRateHz });
  }
}

/** A view needs an even address, which a slice of a pool may not have: copy. */
function int16Samples(bytes: Uint8Array): Int16Array {
  const copy = bytes.slice(0, bytes.length - (bytes.length % 2));
  return new Int16Array(copy.buffer, copy.byteOffset, copy.length / 2);
}
