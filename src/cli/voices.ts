/**
 * `sluice voices`: the account's own voices, the service's, and the catalogue that the package carries.
 * Not here: speaking with them (speak.ts); the catalogue (src/text).
 */
import type { Command } from 'commander';
import type {
  CatalogueVoice,
  CreateVoiceOptions,
  Gradium,
  Voice,
  VoiceChanges,
  VoiceDetails,
  VoiceQuery,
} from '../gradium/index.js';
import { UsageError } from './errors.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { STDIN } from './inputs.js';
import { namedLanguage, pathName, seconds } from './options.js';
import { writeStdout } from './output.js';
import { checkReadable, openChunks } from './read.js';
import {
  askService,
  deleteAll,
  factLines,
  jsonText,
  known,
  type RestFlags,
  sandboxOption,
  takingIds,
  withNext,
} from './rest.js';
import { outputWidth, table } from './table.js';

type Done = (code: ExitCode) => void;

interface ListFlags extends RestFlags {
  all?: true;
  catalogue?: true;
  name?: string;
  language?: string;
  country?: string;
  gender?: string;
  age?: string;
  text?: string;
  flagship?: true;
}

interface CreateFlags extends RestFlags {
  name: string;
  language: string;
  description?: string;
  start?: number;
  timeout?: number;
  inputFormat?: string;
}

interface UpdateFlags extends RestFlags {
  name?: string;
  /** False: take it away. */
  description?: string | false;
  language?: string | false;
  start?: number;
}

/** An answer with success that is none has no code: the service took the request, and not the recording. */
const NO_VOICE_MADE = undefined;

const UNKNOWN_ID = '"sluice voices list" shows the ids of your voices';

export function addVoices(program: Command, done: Done): void {
  const voices = program
    .command('voices')
    .summary('voices to speak with: list, get, create, update, delete')
    .description('The voices that "sluice speak --voice" takes: your own, and those of the catalogue.')
    .addHelpText(
      'after',
      `
Examples:
  $ sluice voices list --catalogue --language fr --gender feminine
  $ id=$(sluice voices create sample.wav --name "Front desk" --language en)
  $ sluice speak "Good morning" --voice "$id" -o morning.wav`,
    );
  addList(voices, done);
  addGet(voices, done);
  addCreate(voices, done);
  addUpdate(voices, done);
  addDelete(voices, done);
}

function addList(voices: Command, done: Done): void {
  voices
    .command('list')
    .summary('your own voices, or all there are')
    .description(
      'Lists your own voices, all that the service has, or the catalogue that comes with this command.',
    )
    .option('-a, --all', "the service's own voices too")
    .option('--catalogue', 'the catalogue that comes with this command: no key, no network')
    .option('--json', 'an array with one object a voice instead of a table')
    .addOption(sandboxOption())
    .optionsGroup('Of the catalogue:')
    .option('--name <name>', 'voices of this name')
    .option('-l, --language <code>', 'voices that speak en, fr, de, es or pt')
    .option('--country <code>', 'voices of a country, such as US, GB or MX')
    .option('--gender <gender>', 'feminine, masculine or neutral')
    .option('--age <age>', '"young adult", adult or mature')
    .option('--text <words>', 'voices with these words, or their beginnings, in name or description')
    .option('--flagship', 'voices that the service shows first')
    .addHelpText(
      'after',
      `
On a terminal descriptions are cut to its width; elsewhere they are whole. Neither upper case nor accents matter to filters.

Examples:
  $ sluice voices list
  $ sluice voices list --all --json | jq -r '.[] | select(.language == "fr") | .id'
  $ sluice voices list --catalogue --language fr --gender feminine
  $ sluice voices list --catalogue --flagship --json
  $ sluice voices list --catalogue --language fr --text "warm story"`,
    )
    .action(async (flags: ListFlags) => done(await list(flags)));
}

async function list({ json, sandbox, all, catalogue, ...query }: ListFlags): Promise<ExitCode> {
  const [filter] = Object.keys(query);
  if (catalogue) {
    if (all) throw new UsageError('--all and --catalogue are two lists', 'leave one of them out');
    return listCatalogue(query, json);
  }
  if (filter !== undefined) {
    throw new UsageError(
      `--${filter} chooses from the catalogue alone`,
      'add --catalogue, or choose from --json with a tool such as jq',
    );
  }
  return askService({ ...(sandbox && { sandbox }) }, async (client, signal) => {
    const voices = await client.voices.list({ includeCatalog: all === true, signal }).toArray();
    if (voices.length === 0)
      notice('there are no voices of your own; "sluice voices list --catalogue" shows others');
    await writeStdout(json ? jsonText(voices) : voiceTable(voices), signal);
    return EXIT.ok;
  });
}

async function listCatalogue(query: VoiceQuery, json: true | undefined): Promise<ExitCode> {
  const { voiceCatalogue } = await import('../text/index.js');
  const voices = voiceCatalogue.search(query);
  if (voices.length === 0) notice('no voice of the catalogue is like that; leave a filter out');
  await writeStdout(json ? jsonText(voices) : catalogueTable(voices));
  return EXIT.ok;
}

function voiceTable(voices: readonly Voice[]): string {
  if (voices.length === 0) return '';
  const rows = voices.map((voice) => [
    voice.id,
    voice.name,
    voice.language ?? '',
    kindOf(voice),
    tagsOf(voice),
    voice.description ?? '',
  ]);
  return table([['id', 'name', 'language', 'kind', 'tags', 'description'], ...rows], outputWidth());
}

function catalogueTable(voices: readonly CatalogueVoice[]): string {
  if (voices.length === 0) return '';
  const rows = voices.map(({ id, name, language, country, gender, age, description }) => [
    ...[id, name, language, country, gender, age, description],
  ]);
  const headings = ['id', 'name', 'language', 'country', 'gender', 'age', 'description'];
  return table([headings, ...rows], outputWidth());
}

function kindOf({ isCatalog, isProClone }: Voice): string {
  if (isCatalog) return 'catalogue';
  return isProClone ? 'own, pro' : 'own';
}

function tagsOf({ tags }: Voice): string {
  return tags.map(({ value }) => value).join(', ');
}

function addGet(voices: Command, done: Done): void {
  takingIds(voices.command('get'))
    .summary('one voice')
    .description('Tells what the service knows of a voice.')
    .argument('<id>', 'its id')
    .option('--json', 'one object instead of lines')
    .addOption(sandboxOption())
    .addHelpText(
      'after',
      `
Examples:
  $ sluice voices get YTpq7expH9539ERJ
  $ sluice voices get --json -- -uP9MuGtBqAvEyxI`,
    )
    .action(async (id: string, flags: RestFlags) => done(await get(id, flags)));
}

function get(id: string, flags: RestFlags): Promise<ExitCode> {
  return askService(flags, async (client, signal) => {
    const voice = await known(client.voices.get(id, { signal }), UNKNOWN_ID);
    await writeStdout(flags.json ? jsonText(voice) : voiceLines(voice), signal);
    return EXIT.ok;
  });
}

function voiceLines(voice: Voice): string {
  const { id, name, language, description, filename, startS } = voice;
  return factLines({
    id,
    name,
    language,
    kind: kindOf(voice),
    tags: tagsOf(voice) || undefined,
    sample: sampleText(filename, startS),
    description,
  });
}

function addCreate(voices: Command, done: Done): void {
  voices
    .command('create')
    .summary('a voice from ten seconds of a recording')
    .description('Makes a voice from a recording of somebody who has agreed to it, and prints its id.')
    .argument('<file>', 'ten seconds of clean speech, or - for standard input', pathName)
    .requiredOption('-n, --name <name>', 'what it is to be called')
    .requiredOption('-l, --language <code>', 'what is spoken in it: en, fr, de, es or pt', namedLanguage)
    .option('-d, --description <text>', 'what helps to choose it')
    .option(
      '--start <seconds>',
      'where in the recording the ten seconds begin',
      seconds('The start', 0, 86_400),
    )
    .option(
      '--timeout <seconds>',
      'how long the service may take (default: 10, its own)',
      seconds('The timeout', 0.001, 3600),
    )
    .option(
      '--input-format <format>',
      'container or format of the recording (default: as its name and bytes say)',
    )
    .option('--json', 'one object instead of the id')
    .addOption(sandboxOption())
    .addHelpText(
      'after',
      `
The id alone goes to standard output; what the service thinks of the recording goes to standard error.

Examples:
  $ sluice voices create sample.wav --name "Front desk" --language en
  $ sluice voices create interview.wav --name Ada --language fr --start 42.5 --description "calm, low"
  $ id=$(ffmpeg -i talk.mp4 -f wav - | sluice voices create - --name Ada --language en)
  $ sluice speak "Good morning" --voice "$id" -o morning.wav`,
    )
    .action(async (file: string, flags: CreateFlags) => done(await create(file, flags)));
}

async function create(file: string, flags: CreateFlags): Promise<ExitCode> {
  await checkReadable(file);
  return askService(flags, async (client, signal) => {
    const sample = file === STDIN ? (await openChunks(file, signal)).chunks : file;
    const created = client.voices.create(sample, { ...sampleOptions(flags), signal });
    const voice = await withNext(
      created,
      NO_VOICE_MADE,
      'choose other seconds with --start, or another recording',
    );
    if (voice.advice !== undefined) notice(`the service on this recording: ${voice.advice}`);
    if (voice.wasUpdated) notice('it has taken the place of a voice that was there');
    await writeStdout(flags.json ? jsonText(voice) : `${voice.id}\n`, signal);
    return EXIT.ok;
  });
}

function sampleOptions({
  name,
  language,
  description,
  start,
  timeout,
  inputFormat,
}: CreateFlags): CreateVoiceOptions {
  return {
    name,
    language,
    ...(description !== undefined && { description }),
    ...(start !== undefined && { startS: start }),
    ...(timeout !== undefined && { timeoutS: timeout }),
    ...(inputFormat !== undefined && { inputFormat }),
  };
}

function addUpdate(voices: Command, done: Done): void {
  takingIds(voices.command('update'))
    .summary('change what a voice is called and how it is described')
    .description('Changes a voice of yours; what is not named stays as it is.')
    .argument('<id>', 'its id')
    .option('-n, --name <name>', 'what it is to be called')
    .option('-d, --description <text>', 'what helps to choose it')
    .option('--no-description', 'none')
    .option('-l, --language <code>', 'what it speaks: en, fr, de, es or pt', namedLanguage)
    .option('--no-language', 'none')
    .option(
      '--start <seconds>',
      'where in the recording the ten seconds begin',
      seconds('The start', 0, 86_400),
    )
    .option('--json', 'one object instead of lines')
    .addOption(sandboxOption())
    .addHelpText(
      'after',
      `
Examples:
  $ sluice voices update YTpq7expH9539ERJ --name "Front desk, evening"
  $ sluice voices update YTpq7expH9539ERJ --start 12 --no-description`,
    )
    .action(async (id: string, flags: UpdateFlags) => done(await update(id, flags)));
}

function update(id: string, flags: UpdateFlags): Promise<ExitCode> {
  const changes = changesOf(flags);
  if (Object.keys(changes).length === 0) {
    throw new UsageError('there is nothing to change', 'name what is to change, such as --name NAME');
  }
  return askService(flags, async (client, signal) => {
    const voice = await known(client.voices.update(id, changes, { signal }), UNKNOWN_ID);
    await writeStdout(flags.json ? jsonText(voice) : detailLines(voice), signal);
    return EXIT.ok;
  });
}

function changesOf({ name, description, language, start }: UpdateFlags): VoiceChanges {
  return {
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description: description === false ? null : description }),
    ...(language !== undefined && { language: language === false ? null : language }),
    ...(start !== undefined && { startS: start }),
  };
}

function detailLines({ id, name, language, description, isPending, ...sample }: VoiceDetails): string {
  const { filename, startS, stopS } = sample;
  return factLines({
    id,
    name,
    language,
    state: isPending ? 'still being made' : undefined,
    sample: sampleText(filename, startS, stopS),
    description,
  });
}

/** `me.wav, from 1.5 s to 11.5 s`. */
function sampleText(filename?: string, startS?: number, stopS?: number): string | undefined {
  const from = startS === undefined ? '' : `from ${startS} s`;
  const part = stopS === undefined ? from : `${from} to ${stopS} s`;
  return [filename, part].filter(Boolean).join(', ') || undefined;
}

function addDelete(voices: Command, done: Done): void {
  takingIds(voices.command('delete'))
    .summary('delete voices of yours')
    .description('Deletes voices of yours, for good, and prints the id of each that is gone.')
    .argument('<ids...>', 'their ids')
    .option('--json', 'a line of JSON for each id')
    .addOption(sandboxOption())
    .addHelpText(
      'after',
      `
One that cannot be deleted does not stop the others; the exit status is then 1.

Examples:
  $ sluice voices delete YTpq7expH9539ERJ
  $ sluice voices list --json | jq -r '.[] | select(.name == "test") | .id' | xargs sluice voices delete --`,
    )
    .action(async (ids: string[], flags: RestFlags) => {
      const remove = (client: Gradium, id: string, signal: AbortSignal) =>
        known(client.voices.delete(id, { signal }), UNKNOWN_ID);
      done(await deleteAll(ids, flags, remove));
    });
}

function notice(message: string): void {
  process.stderr.write(`sluice: ${message}\n`);
}
