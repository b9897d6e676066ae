/**
 * What the commands on the account's things – voices, pronunciations, credits, tokens – have in common: who is asked, how
 * an answer is shown, what becomes of several ids.
 * Not here: any one of those things.
 */
import { type Command, Option } from 'commander';
import { isAccountError } from '../batch/index.js';
import { SpeechApiError } from '../errors.js';
import type { Gradium } from '../gradium/index.js';
import { withClient } from './client.js';
import { describeError, errorFacts } from './errors.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { interruptible } from './interrupt.js';
import { writeStdout } from './output.js';
import { table } from './table.js';

/** The flags of every command here. */
export interface RestFlags {
  json?: true;
  sandbox?: true;
}

export function sandboxOption(): Option {
  return new Option('--sandbox', 'use a built-in server instead of the service: no key, no network');
}

/** One that begins with a hyphen, as one of 64 does. Misspelt options have neither capitals nor digits, or two hyphens. */
const HYPHEN_ID = /^-(?=.*[A-Z\d])\w[\w-]{6,}$/;

/** For the commands that take ids: one that begins with a hyphen is no option, unless it is one of the command's. */
export function takingIds(command: Command): Command {
  const parse = command.parseOptions.bind(command);
  command.parseOptions = (args) => {
    const { operands, unknown } = parse(args);
    const isOption = (arg: string) => arg.startsWith('-') && !HYPHEN_ID.test(arg);
    return unknown.some(isOption)
      ? { operands, unknown }
      : { operands: [...operands, ...unknown], unknown: [] };
  };
  return command;
}

const SANDBOX_NOTICE =
  'using the built-in sandbox, not the Gradium service: it begins with no voices and no pronunciations, and what is made ' +
  'in it is gone when the command ends (sluice sandbox --state keeps it)';

/** Runs `work` with a client until it is done, or interrupted. */
export function askService<T>(
  flags: RestFlags,
  work: (client: Gradium, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return interruptible((signal) =>
    withClient(flags, (client) => {
      if (flags.sandbox) process.stderr.write(`sluice: ${SANDBOX_NOTICE}\n`);
      return work(client, signal);
    }),
  );
}

/** A value for programs. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Facts for people, a line each; what is absent has none. */
export function factLines(facts: Readonly<Record<string, string | undefined>>): string {
  return table(Object.entries(facts).filter((fact): fact is [string, string] => fact[1] !== undefined));
}

/** Waits for an answer about one id; `next` is what to do when the service knows no such id. */
export function known<T>(answer: Promise<T>, next: string): Promise<T> {
  return withNext(answer, 404, next);
}

/** Waits for an answer; `next` is what to do when the service refuses with that code. */
export async function withNext<T>(answer: Promise<T>, apiCode: number | undefined, next: string): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (isRefusal(error) && error.apiCode === apiCode) Object.assign(error, { next });
    throw error;
  }
}

/**
 * Deletes one after the other and tells each, once, as soon as it is gone. What is wrong with one id does not stop the
 * others; everything else would befall them too, and ends it.
 */
export function deleteAll(
  ids: readonly string[],
  flags: RestFlags,
  remove: (client: Gradium, id: string, signal: AbortSignal) => Promise<void>,
): Promise<ExitCode> {
  return askService(flags, async (client, signal) => {
    const tell = (id: string, told: object) =>
      writeStdout(flags.json ? `${JSON.stringify({ id, ...told })}\n` : `${id}\n`, signal);
    let code: ExitCode = EXIT.ok;
    for (const id of new Set(ids)) {
      try {
        await remove(client, id, signal);
        await tell(id, { deleted: true });
      } catch (error) {
        if (!isRefusal(error) && !(error instanceof RangeError)) throw error;
        code = EXIT.someFailed;
        process.stderr.write(describeError(error, id));
        if (flags.json) await tell(id, { deleted: false, error: errorFacts(error) });
      }
    }
    return code;
  });
}

function isRefusal(error: unknown): error is SpeechApiError {
  return error instanceof SpeechApiError && !error.retryable && !isAccountError(error);
}
