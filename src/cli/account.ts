/**
 * `sluice credits`, `sluice usage`, `sluice tokens`: what is left to spend, what was spent, and keys for programs that
 * must not hold the key.
 * Not here: the account itself, which lives at the service.
 */
import type { Command } from 'commander';
import type { Credits, UsageSummary } from '../gradium/index.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { writeStdout } from './output.js';
import { clock } from './progress.js';
import { askService, factLines, jsonText, type RestFlags, sandboxOption } from './rest.js';

type Done = (code: ExitCode) => void;

/** The service's prices. */
const CREDITS_PER_SPOKEN_CHAR = 1;
const CREDITS_PER_RECOGNISED_SECOND = 3;

export function addAccount(program: Command, done: Done): void {
  addCredits(program, done);
  addUsage(program, done);
  addTokens(program, done);
}

function addCredits(program: Command, done: Done): void {
  program
    .command('credits')
    .summary('what is left to spend')
    .description('Tells how many credits are left in this period, and what they are worth.')
    .option('--json', 'one object instead of lines')
    .addOption(sandboxOption())
    .addHelpText(
      'after',
      `
Examples:
  $ sluice credits
  $ sluice credits --json | jq .remaining`,
    )
    .action(async (flags: RestFlags) => done(await credits(flags)));
}

function credits(flags: RestFlags): Promise<ExitCode> {
  return askService(flags, async (client, signal) => {
    const left = await client.credits.get({ signal });
    const worth = worthOf(left);
    await writeStdout(flags.json ? jsonText({ ...left, worth }) : creditLines(left, worth), signal);
    return EXIT.ok;
  });
}

interface Worth {
  /** Of speech, if all goes there. */
  speechChars: number;
  /** Of recognition, if all goes there. */
  recognitionS: number;
}

function worthOf({ remaining }: Credits): Worth {
  const left = Math.max(0, remaining);
  return {
    speechChars: Math.floor(left / CREDITS_PER_SPOKEN_CHAR),
    recognitionS: Math.floor(left / CREDITS_PER_RECOGNISED_SECOND),
  };
}

function creditLines(
  { remaining, allocated, billingPeriod, nextRolloverDate, planName }: Credits,
  { speechChars, recognitionS }: Worth,
): string {
  const next = nextRolloverDate === undefined ? '' : `, the next from ${nextRolloverDate}`;
  return factLines({
    remaining: `${number(remaining)} of ${number(allocated)} credits`,
    period: `${billingPeriod}${next}`,
    plan: planName || undefined,
    worth: `${number(speechChars)} characters of speech, or ${hours(recognitionS)} of recognition`,
  });
}

function addUsage(program: Command, done: Done): void {
  program
    .command('usage')
    .summary('what was used so far')
    .description('Tells what the account has used so far.')
    .option('--json', 'one object instead of lines')
    .addOption(sandboxOption())
    .addHelpText(
      'after',
      `
Examples:
  $ sluice usage
  $ sluice usage --json | jq .consumedCredits`,
    )
    .action(async (flags: RestFlags) => done(await usage(flags)));
}

function usage(flags: RestFlags): Promise<ExitCode> {
  return askService(flags, async (client, signal) => {
    const used = await client.usage.summary({ signal });
    await writeStdout(flags.json ? jsonText(used) : usageLines(used), signal);
    return EXIT.ok;
  });
}

function usageLines(used: UsageSummary): string {
  return factLines({
    credits: number(used.consumedCredits),
    sessions: number(used.sessions),
    sent: traffic(used.ingressAudioS, used.ingressChars, used.ingressMessages),
    received: traffic(used.egressAudioS, used.egressChars, used.egressMessages),
  });
}

function traffic(audioS: number, chars: number, messages: number): string {
  return `${hours(audioS)} of audio, ${number(chars)} characters, ${number(messages)} messages`;
}

function addTokens(program: Command, done: Done): void {
  const tokens = program
    .command('tokens')
    .summary('keys for programs that must not hold the key')
    .description('Single-use tokens: each opens one WebSocket, for a browser, say.')
    .addHelpText(
      'after',
      `
Examples:
  $ sluice tokens create`,
    );
  tokens
    .command('create')
    .summary('make a token')
    .description('Makes a token that opens one WebSocket, and prints it.')
    .option('--json', 'one object, with the time of its expiry, instead of the token')
    .addOption(sandboxOption())
    .addHelpText(
      'after',
      `
The token alone goes to standard output, when it expires to standard error.

Examples:
  $ token=$(sluice tokens create)
  $ sluice tokens create --json | jq -r .expiresAt`,
    )
    .action(async (flags: RestFlags) => done(await createToken(flags)));
}

function createToken(flags: RestFlags): Promise<ExitCode> {
  return askService(flags, async (client, signal) => {
    const { token, expiresAt } = await client.tokens.create({ signal });
    if (!flags.json)
      process.stderr.write(`sluice: good for one connection until ${expiresAt.toISOString()}\n`);
    await writeStdout(flags.json ? jsonText({ token, expiresAt }) : `${token}\n`, signal);
    return EXIT.ok;
  });
}

/** `1 000 000`, whatever the machine's language. */
function number(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 }).replaceAll(',', ' ');
}

/** `1:02:03 h`, and whole hours where nobody counts the seconds. */
function hours(seconds: number): string {
  return seconds < 100 * 3600
    ? `${clock(seconds)} ${seconds < 3600 ? 'min' : 'h'}`
    : `${number(Math.floor(seconds / 3600))} h`;
}
