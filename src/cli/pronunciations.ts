/**
 * `sluice pronunciations`: dictionaries of how words are said, at the service, and what they make of a text.
 * Not here: rules as files and options (pronunciation-rules.ts); applying them (src/text).
 */
import { type Command, Option } from 'commander';
import type {
  Gradium,
  PronunciationChanges,
  PronunciationDictionary,
  PronunciationDictionaryInput,
  PronunciationRule,
} from '../gradium/index.js';
import { UsageError } from './errors.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { STDIN } from './inputs.js';
import { interruptible } from './interrupt.js';
import { namedLanguage } from './options.js';
import { writeStdout } from './output.js';
import { addRule, type DictionaryFile, readAllStdin, readDictionary } from './pronunciation-rules.js';
import { askService, deleteAll, jsonText, known, type RestFlags, sandboxOption, takingIds } from './rest.js';
import { outputWidth, table } from './table.js';

type Done = (code: ExitCode) => void;

interface RuleFlags {
  /** Path of a file, or `-`. */
  rules?: string;
  rule?: PronunciationRule[];
  caseSensitive?: true;
}

interface ListFlags extends RestFlags {
  language?: string;
}

interface CreateFlags extends RestFlags, RuleFlags {
  name?: string;
  language?: string;
  description?: string;
}

interface UpdateFlags extends RestFlags, RuleFlags {
  name?: string;
  language?: string;
  /** False: take it away. */
  description?: string | false;
}

interface PreviewFlags extends RestFlags, RuleFlags {
  id?: string;
}

const UNKNOWN_ID = '"sluice pronunciations list" shows the ids there are';

export function addPronunciations(program: Command, done: Done): void {
  const pronunciations = program
    .command('pronunciations')
    .summary('how words are said: list, get, create, update, delete, preview')
    .description(
      'The dictionaries that "sluice speak --pronunciation" takes: what is said in the place of what is written.',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ sluice pronunciations preview "SQL in a GIF" --rule SQL=sequel --rule GIF=jif
  $ id=$(sluice pronunciations create --name Office --language en --rule SQL=sequel --rule GIF=jif)
  $ sluice speak "SQL in a GIF" --pronunciation "$id" -o gif.wav`,
    );
  addList(pronunciations, done);
  addGet(pronunciations, done);
  addCreate(pronunciations, done);
  addUpdate(pronunciations, done);
  addDelete(pronunciations, done);
  addPreview(pronunciations, done);
}

function addList(pronunciations: Command, done: Done): void {
  pronunciations
    .command('list')
    .summary('the dictionaries there are')
    .description('Lists the dictionaries of the account.')
    .option('-l, --language <code>', 'of this language alone', namedLanguage)
    .option('--json', 'an array with one object a dictionary, with its rules, instead of a table')
    .addOption(sandboxOption())
    .addHelpText(
      'after',
      `
Examples:
  $ sluice pronunciations list
  $ sluice pronunciations list --language en --json | jq -r '.[].id'`,
    )
    .action(async (flags: ListFlags) => done(await list(flags)));
}

function list(flags: ListFlags): Promise<ExitCode> {
  return askService(flags, async (client, signal) => {
    const { language } = flags;
    const listing = client.pronunciations.list({ ...(language !== undefined && { language }), signal });
    const dictionaries = await listing.toArray();
    if (dictionaries.length === 0) {
      process.stderr.write('sluice: there are no dictionaries; "sluice pronunciations create" makes one\n');
    }
    await writeStdout(flags.json ? jsonText(dictionaries) : dictionaryTable(dictionaries), signal);
    return EXIT.ok;
  });
}

function dictionaryTable(dictionaries: readonly PronunciationDictionary[]): string {
  if (dictionaries.length === 0) return '';
  const rows = dictionaries.map(({ id, name, language, rules, description }) => [
    ...[id, name, language, String(rules.length), description ?? ''],
  ]);
  return table([['id', 'name', 'language', 'rules', 'description'], ...rows], outputWidth());
}

function addGet(pronunciations: Command, done: Done): void {
  takingIds(pronunciations.command('get'))
    .summary('one dictionary, with its rules')
    .description('Prints a dictionary as JSON, which create, update and preview take as --rules.')
    .argument('<id>', 'its id')
    .addOption(new Option('--json', 'as it is in any case'))
    .addOption(sandboxOption())
    .addHelpText(
      'after',
      `
Examples:
  $ sluice pronunciations get DICTIONARY > office.json
  $ sluice pronunciations get DICTIONARY | jq -r '.rules[] | "\\(.original) \\(.rewrite)"'`,
    )
    .action(async (id: string, flags: RestFlags) => done(await get(id, flags)));
}

function get(id: string, flags: RestFlags): Promise<ExitCode> {
  return askService(flags, async (client, signal) => {
    await writeStdout(jsonText(await known(client.pronunciations.get(id, { signal }), UNKNOWN_ID)), signal);
    return EXIT.ok;
  });
}

/** What `create`, `update` and `preview` know rules by. */
function withRuleOptions(command: Command): Command {
  return command
    .option(
      '--rules <file>',
      'JSON with a list of rules, or a dictionary as get prints it; - is standard input',
    )
    .option('--rule <original=rewrite>', 'one rule; may be given several times', addRule)
    .option('--case-sensitive', 'upper and lower case matter to each --rule');
}

function addCreate(pronunciations: Command, done: Done): void {
  withRuleOptions(pronunciations.command('create'))
    .summary('make a dictionary')
    .description('Makes a dictionary, and prints its id.')
    .option('-n, --name <name>', 'what it is to be called (default: as the file of --rules says)')
    .option('-l, --language <code>', 'such as en (default: as the file of --rules says)', namedLanguage)
    .option('-d, --description <text>', 'what it is for')
    .option('--json', 'the dictionary instead of its id')
    .addOption(sandboxOption())
    .addHelpText(
      'after',
      `
A file of rules: [{ "original": "SQL", "rewrite": "sequel" }, { "original": "US", "rewrite": "U S", "caseSensitive": true }]

Examples:
  $ id=$(sluice pronunciations create --name Office --language en --rule SQL=sequel --rule GIF=jif)
  $ sluice pronunciations create --name Office --language en --rules office.json
  $ sluice pronunciations get DICTIONARY | sluice pronunciations create --rules - --name "A copy"`,
    )
    .action(async (flags: CreateFlags) => done(await create(flags)));
}

async function create(flags: CreateFlags): Promise<ExitCode> {
  requireRules(flags);
  const input = await interruptible((signal) => inputOf(flags, signal));
  return askService(flags, async (client, signal) => {
    const dictionary = await client.pronunciations.create(input, { signal });
    await writeStdout(flags.json ? jsonText(dictionary) : `${dictionary.id}\n`, signal);
    return EXIT.ok;
  });
}

async function inputOf(flags: CreateFlags, signal: AbortSignal): Promise<PronunciationDictionaryInput> {
  const {
    name = missing('--name'),
    language = missing('--language'),
    ...rest
  } = {
    ...(await rulesOf(flags, signal)),
    ...definedOf(flags),
  };
  return { name, language, ...rest };
}

function missing(option: string): never {
  throw new UsageError(`a dictionary needs ${option}`, `add ${option}, or say it in the file of --rules`);
}

function addUpdate(pronunciations: Command, done: Done): void {
  withRuleOptions(takingIds(pronunciations.command('update')))
    .summary('change a dictionary')
    .description(
      'Changes a dictionary and prints it as JSON. What is not named stays; rules take the place of all there are.',
    )
    .argument('<id>', 'its id')
    .option('-n, --name <name>', 'what it is to be called')
    .option('-l, --language <code>', 'such as en', namedLanguage)
    .option('-d, --description <text>', 'what it is for')
    .option('--no-description', 'none')
    .option('--json', 'as it is in any case')
    .addOption(sandboxOption())
    .addHelpText(
      'after',
      `
Examples:
  $ sluice pronunciations get DICTIONARY > office.json && $EDITOR office.json
  $ sluice pronunciations update DICTIONARY --rules office.json
  $ sluice pronunciations update DICTIONARY --name "Office, new" --no-description`,
    )
    .action(async (id: string, flags: UpdateFlags) => done(await update(id, flags)));
}

async function update(id: string, flags: UpdateFlags): Promise<ExitCode> {
  const changes = await interruptible((signal) => changesOf(flags, signal));
  return askService(flags, async (client, signal) => {
    const dictionary = await known(client.pronunciations.update(id, changes, { signal }), UNKNOWN_ID);
    await writeStdout(jsonText(dictionary), signal);
    return EXIT.ok;
  });
}

async function changesOf(flags: UpdateFlags, signal: AbortSignal): Promise<PronunciationChanges> {
  const { description, ...named } = flags;
  const said = {
    ...definedOf(named),
    ...(description !== undefined && { description: description === false ? null : description }),
  };
  if (checkRules(flags)) return { ...(await rulesOf(flags, signal)), ...said };
  if (Object.keys(said).length > 0) return said;
  throw new UsageError('there is nothing to change', 'name what is to change, such as --rules FILE');
}

/** What the command line says itself, which goes before what the file says. */
function definedOf({ name, language, description }: CreateFlags): Omit<DictionaryFile, 'rules'> {
  return {
    ...(name !== undefined && { name }),
    ...(language !== undefined && { language }),
    ...(description !== undefined && { description }),
  };
}

/**
 * Whether there are rules.
 * @throws {UsageError} what does not go together
 */
function checkRules({ rules, rule, caseSensitive }: RuleFlags): boolean {
  if (rules !== undefined && rule !== undefined) {
    throw new UsageError('--rules and --rule both say which rules are meant', 'leave one of them out');
  }
  if (caseSensitive && rule === undefined) {
    throw new UsageError('--case-sensitive is about --rule', 'say "caseSensitive": true in the file');
  }
  return rules !== undefined || rule !== undefined;
}

function requireRules(flags: RuleFlags): void {
  if (!checkRules(flags)) {
    throw new UsageError('there are no rules', 'add --rule ORIGINAL=REWRITE, or --rules FILE');
  }
}

async function rulesOf(
  { rules, rule = [], caseSensitive }: RuleFlags,
  signal: AbortSignal,
): Promise<DictionaryFile> {
  if (rules !== undefined) return readDictionary(rules, signal);
  return { rules: rule.map((each) => ({ ...each, caseSensitive: caseSensitive === true })) };
}

function addDelete(pronunciations: Command, done: Done): void {
  takingIds(pronunciations.command('delete'))
    .summary('delete dictionaries')
    .description('Deletes dictionaries, for good, and prints the id of each that is gone.')
    .argument('<ids...>', 'their ids')
    .option('--json', 'a line of JSON for each id')
    .addOption(sandboxOption())
    .addHelpText(
      'after',
      `
One that cannot be deleted does not stop the others; the exit status is then 1.

Examples:
  $ sluice pronunciations delete DICTIONARY
  $ sluice pronunciations list --json | jq -r '.[].id' | xargs sluice pronunciations delete --`,
    )
    .action(async (ids: string[], flags: RestFlags) => {
      const remove = (client: Gradium, id: string, signal: AbortSignal) =>
        known(client.pronunciations.delete(id, { signal }), UNKNOWN_ID);
      done(await deleteAll(ids, flags, remove));
    });
}

function addPreview(pronunciations: Command, done: Done): void {
  withRuleOptions(pronunciations.command('preview'))
    .summary('what rules make of a text')
    .description(
      'Prints a text as the rules have it said. Needs neither key nor network, unless --id names a dictionary.',
    )
    .argument('<text>', 'what is written, or - to read it from standard input')
    .option('--id <id>', 'a dictionary of the account, instead of rules')
    .option('--json', 'one object with the text before and after')
    .addOption(sandboxOption())
    .addHelpText(
      'after',
      `
Examples:
  $ sluice pronunciations preview "SQL in a GIF" --rule SQL=sequel --rule GIF=jif
  $ sluice pronunciations preview - --rules office.json < letter.txt
  $ sluice pronunciations preview "SQL in a GIF" --id DICTIONARY`,
    )
    .action(async (text: string, flags: PreviewFlags) => done(await preview(text, flags)));
}

function preview(text: string, flags: PreviewFlags): Promise<ExitCode> {
  const { id } = flags;
  if (id === undefined) requireRules(flags);
  else if (checkRules(flags)) {
    throw new UsageError('--id and rules both say which rules are meant', 'leave one of them out');
  }
  if (text === STDIN && flags.rules === STDIN) {
    throw new UsageError('standard input cannot be the text and the rules', 'name a file with --rules');
  }
  const show = async ({ rules }: { rules: readonly PronunciationRule[] }, signal: AbortSignal) => {
    const { applyPronunciations } = await import('../text/index.js');
    const before = text === STDIN ? await readAllStdin(signal) : text;
    const after = applyPronunciations(before, { rules });
    await writeStdout(flags.json ? jsonText({ text: before, rewritten: after }) : after, signal);
    if (!flags.json && text !== STDIN) await writeStdout('\n', signal);
    return EXIT.ok;
  };
  if (id === undefined) return interruptible(async (signal) => show(await rulesOf(flags, signal), signal));
  return askService(flags, async (client, signal) =>
    show(await known(client.pronunciations.get(id, { signal }), UNKNOWN_ID), signal),
  );
}
