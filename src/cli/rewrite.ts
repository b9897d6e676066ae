/**
 * `sluice rewrite`: text as the service's rewriting rules make it, without the service.
 * Not here: the rules (src/text).
 */
import type { Command } from 'commander';
import { EXIT, type ExitCode } from './exit-codes.js';
import { STDIN } from './inputs.js';
import { interruptible } from './interrupt.js';
import { writeStdout } from './output.js';
import { readStdinText } from './read.js';

interface RewriteFlags {
  rules: string;
  json?: true;
}

export function addRewrite(program: Command, done: (code: ExitCode) => void): void {
  program
    .command('rewrite')
    .summary('text as the rewriting rules make it')
    .description(
      'Rewrites text for speech as the service does by its rewrite_rules: times, dates, large numbers, addresses, ' +
        'phone numbers and codes. Without a key, a call or cost.',
    )
    .argument('<text>', 'what to rewrite; - reads standard input')
    .requiredOption(
      '-r, --rules <list>',
      'en, fr, fr-be, fr-ch, de, es, pt, none, or names of rules, with commas between',
    )
    .option('--json', 'an object with text, rules and rewritten; standard input is read to its end first')
    .addHelpText(
      'after',
      `
Text that begins with a dash comes after --, so that it is no option.

Examples:
  $ sluice rewrite "Call 07596854413 at 3:45PM!" --rules en
  $ sluice rewrite - --rules TimeDe,Date,NumberDe < brief.txt
  $ sluice rewrite --rules fr -- -4500`,
    )
    .action(async (text: string, flags: RewriteFlags) => done(await rewrite(text, flags)));
}

async function rewrite(text: string, { rules, json }: RewriteFlags): Promise<ExitCode> {
  const { rewriteText } = await import('../text/index.js');
  rewriteText('', rules); // wrong rules are told before anything is read
  return interruptible(async (signal) => {
    const pieces = text === STDIN ? readStdinText(signal) : [text];
    if (json) {
      const whole = await joined(pieces);
      const result = { text: whole, rules, rewritten: rewriteText(whole, rules) };
      await writeStdout(`${JSON.stringify(result, null, 2)}\n`, signal);
    } else {
      for await (const part of wordwise(pieces)) {
        await writeStdout(rewriteText(part.text, part.isRewritable ? rules : 'none'), signal);
      }
      if (text !== STDIN) await writeStdout('\n', signal);
    }
    return EXIT.ok;
  });
}

async function joined(pieces: Iterable<string> | AsyncIterable<string>): Promise<string> {
  const parts: string[] = [];
  for await (const piece of pieces) parts.push(piece);
  return parts.join('');
}

/** A word of more than this is held back no longer. No rule takes one of more than 2048. */
const MAX_HELD_CHARS = 16_384;

/** The text cut at white space, so that each part can be rewritten by itself. */
async function* wordwise(
  pieces: Iterable<string> | AsyncIterable<string>,
): AsyncGenerator<{ text: string; isRewritable: boolean }, void, undefined> {
  let held = '';
  let isInLongWord = false;
  for await (const piece of pieces) {
    held += piece;
    if (isInLongWord) {
      const end = held.search(/\s/);
      yield { text: end < 0 ? held : held.slice(0, end), isRewritable: false };
      held = end < 0 ? '' : held.slice(end);
      isInLongWord = end < 0;
    }
    const start = lastWordStart(held);
    if (start > 0) yield { text: held.slice(0, start), isRewritable: true };
    held = held.slice(start);
    if (held.length > MAX_HELD_CHARS) {
      yield { text: held, isRewritable: false };
      held = '';
      isInLongWord = true;
    }
  }
  yield { text: held, isRewritable: !isInLongWord };
}

/** Backwards: a pattern would look at the rest of a word from each of its characters. */
function lastWordStart(text: string): number {
  let start = text.length;
  while (start > 0 && !/\s/.test(text.charAt(start - 1))) start--;
  return start;
}
