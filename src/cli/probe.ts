/**
 * `sluice probe`: what files hold and how they would be sent.
 * Not here: reading headers and planning (src/audio).
 */
import type { Command } from 'commander';
import type { AudioInfo } from '../audio/index.js';
import { describeError } from './errors.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { inputLabel, resolveInputs, STDIN } from './inputs.js';
import { writeStdout } from './output.js';
import { readWhole } from './read.js';

interface Probed extends AudioInfo {
  file: string;
  plan: { wire: string; untouched: boolean; reason: string };
}

export function addProbe(program: Command, done: (code: ExitCode) => void): void {
  program
    .command('probe')
    .summary('what files hold and how they would be sent')
    .description(
      'Reads headers only: format, length, what is odd, and the wire format that transcribe would use.',
    )
    .argument('<files...>', 'files, folders, quoted patterns, or - for standard input')
    .option('--json', 'an array with one object a file instead of a table')
    .addHelpText(
      'after',
      `
Examples:
  $ sluice probe call.wav
  $ sluice probe calls/ --json | jq 'map(.durationS) | add'`,
    )
    .action(async (args: string[], flags: { json?: true }) => done(await probe(args, flags)));
}

async function probe(args: string[], { json }: { json?: true }): Promise<ExitCode> {
  const inputs = await resolveInputs(args);
  const probed: Probed[] = [];
  for (const { path } of inputs) {
    try {
      probed.push(await probeOne(path));
    } catch (error) {
      process.stderr.write(describeError(error, inputLabel(path)));
    }
  }
  await writeStdout(json ? `${JSON.stringify(probed, null, 2)}\n` : table(probed));
  return probed.length < inputs.length ? EXIT.someFailed : EXIT.ok;
}

async function probeOne(path: string): Promise<Probed> {
  const { planWire, probeAudio } = await import('../audio/index.js');
  const info = probeAudio(path === STDIN ? await readWhole(path) : path);
  const { encoding, sampleRateHz, channels } = info;
  return { file: inputLabel(path), ...info, plan: planWire({ encoding, sampleRateHz, channels }) };
}

const HEADINGS = ['file', 'format', 'rate', 'channels', 'duration', 'sent as', 'notes'];

function table(probed: Probed[]): string {
  if (probed.length === 0) return '';
  const rows = [HEADINGS, ...probed.map(row)];
  const widths = HEADINGS.map((_, column) =>
    Math.max(...rows.map((cells) => [...(cells[column] ?? '')].length)),
  );
  return rows
    .map(
      (cells) =>
        `${cells
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
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
}: Probed): string[] {
  return [
    file,
    `${container} ${encoding}`,
    `${sampleRateHz} Hz`,
    String(channels),
    `${durationS.toFixed(3)} s`,
    `${plan.wire}${plan.untouched ? ', untouched' : ''}`,
    warnings.join(', '),
  ];
}
