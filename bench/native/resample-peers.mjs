// How much faster than soxr HQ does the core resample, at every SIMD level, and is it as good? Beside it soxr, speexdsp,
// libsamplerate and swresample, as far as they are installed. resample_bench (C++) times and measures, in one process
// and in turns; here the figures are held to the limits, compared with the speed floors, and shown. Every contender's
// output is judged: ours must keep its limits or the run fails, the others' failings are printed beside their speed.
//
// --quick: the best level only, and few slices. --all: all 42 pairs of the usual rates. SLUICE_SIMD=LEVEL: that one only.
import { execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fail, prepareResampleBench } from '../../scripts/prepare.mjs';
import { quick, record } from '../measure.mjs';

// Of the speed of undithered soxr HQ, int16 mono, in blocks of 20 and 80 ms: what AVX-512 VNNI must reach.
const VNNI_FLOORS = {
  '48000 -> 24000': 1.6,
  '24000 -> 48000': 1.15,
  '16000 -> 24000': 2.2,
  '8000 -> 24000': 1.3,
  '24000 -> 8000': 1.5,
  '24000 -> 16000': 1.8,
  '48000 -> 8000': 1.8,
  '48000 -> 16000': 1.5,
  '44100 -> 24000': 1.3,
  '22050 -> 24000': 1.1,
};
const SOXR = 'soxr HQ';
const SPEEX = 'speex q7';

/** What a level is held to: at least `factor` times the speed of `peer`; undefined where nothing is stated. */
function floorOf(level, pair) {
  if (VNNI_FLOORS[pair] === undefined) return undefined;
  if (level === 'vnni') return { peer: SOXR, factor: VNNI_FLOORS[pair] };
  if (level === 'avx2' || level === 'avx512') return { peer: SOXR, factor: 1 };
  return { peer: SPEEX, factor: 1 }; // the portable path
}

// dB, parts of the lower Nyquist frequency, ms. The 16-bit figures end at rounding noise: the exact response, which is
// better, is held by the core's tests. Converters that are not ours are judged by the first.
const INT16 = {
  snrDb: 93,
  residualDb: -100,
  passBand: 0.913,
  rippleDb: 0.0005,
  latencyMs: 12,
  offsetMs: 0.005,
};
const LIMITS = {
  sluice: INT16,
  'sluice stereo': INT16,
  'sluice fast': { ...INT16, snrDb: 88, residualDb: -80, passBand: 0.87, rippleDb: 0.001 },
  'sluice best': { ...INT16, passBand: 0.95, latencyMs: 24 },
  'sluice float32': { ...INT16, snrDb: 110, residualDb: -110, rippleDb: 0.0003 },
};
const SNR_BELOW_SOXR_DB = 1;
const MAX_STATE_BYTES = 64 * 1024;

const isOurs = (row) => row.contender in LIMITS;
const limitsOf = (row) => LIMITS[row.contender] ?? INT16;

function rippleDb(row) {
  const inside = row.passBand.filter(([part]) => part <= limitsOf(row).passBand);
  return Math.max(...inside.map(([, gainDb]) => Math.abs(gainDb)));
}

/** What is wrong with a converter's output, in words. */
function failings(row, soxr) {
  const limits = limitsOf(row);
  const found = [];
  if (!(row.snrDb >= limits.snrDb)) found.push(`SNR ${row.snrDb.toFixed(1)} dB`);
  if (!(row.residualDb <= limits.residualDb)) found.push(`alias ${row.residualDb.toFixed(0)} dB`);
  if (!(rippleDb(row) <= limits.rippleDb)) found.push(`ripple ${rippleDb(row).toPrecision(2)} dB`);
  if (!(row.latencyMs <= limits.latencyMs)) found.push(`latency ${row.latencyMs.toFixed(0)} ms`);
  if (!isOurs(row)) return found; // where its output lies in time is each library's own affair
  if (!(Math.abs(row.offsetMs) <= limits.offsetMs)) found.push(`${row.offsetMs} ms late`);
  if (!row.sameInAnyBlocks) found.push('the output depends on the blocks');
  if (!row.channelsAgree) found.push('a channel differs from mono');
  if (soxr !== undefined && row.contender !== 'sluice fast' && row.snrDb < soxr.snrDb - SNR_BELOW_SOXR_DB)
    found.push(`SNR ${(soxr.snrDb - row.snrDb).toFixed(1)} dB below soxr's`);
  return found;
}

const speedIn = (row, blockMs) => row.blocks.find((block) => block.blockMs === blockMs).xRealTime;

/** Ours over the peer, the worse of the two streaming block sizes. */
function streamingRatio(ours, peer) {
  return Math.min(...[20, 80].map((blockMs) => speedIn(ours, blockMs) / speedIn(peer, blockMs)));
}

const breaches = [];
function breach(message) {
  console.log(`  ${message}`);
  breaches.push(message);
}

const COLUMNS =
  '    20 ms  /soxr     80 ms  /soxr      10 s  /soxr   SNR dB  alias dB  ripple dB  latency ms';

function speedCells(row, soxr) {
  return row.blocks
    .map(({ blockMs, xRealTime }) => {
      const ratio = soxr === undefined ? '-' : (xRealTime / speedIn(soxr, blockMs)).toFixed(2);
      return `${xRealTime.toFixed(0).padStart(9)} ${ratio.padStart(6)}`;
    })
    .join(' ');
}

function qualityCells(row) {
  const cells = [
    row.snrDb.toFixed(1).padStart(7),
    row.residualDb.toFixed(1).padStart(8),
    rippleDb(row).toFixed(5).padStart(9),
    row.latencyMs.toFixed(2).padStart(10),
  ];
  return cells.join('  ');
}

/** 'floor 1.60: ok' for the one contender that floors are stated for. */
function floorVerdict(row, rows, level, pair) {
  const floor = row.contender === 'sluice' ? floorOf(level, pair) : undefined;
  if (floor === undefined) return {};
  const peer = rows.find(({ contender }) => contender === floor.peer);
  const name = `${floor.factor.toFixed(2)} x ${floor.peer}`;
  if (peer === undefined) return { text: `floor ${name}: NOT COMPARED` };
  const ratio = streamingRatio(row, peer);
  const met = ratio >= floor.factor;
  return { text: `floor ${name}: ${met ? 'ok' : 'BELOW'} at ${ratio.toFixed(2)}`, floor: name, ratio, met };
}

function keep(row, { level, compiler, pair, soxr, failings, floor }) {
  const speeds = row.blocks.map(({ blockMs, xRealTime, bestXRealTime }) => [
    [`xRealTime${blockMs}Ms`, xRealTime],
    [`bestXRealTime${blockMs}Ms`, bestXRealTime],
    [`ratioToSoxr${blockMs}Ms`, soxr && xRealTime / speedIn(soxr, blockMs)],
  ]);
  record(pair, {
    level,
    compiler,
    contender: row.contender,
    channels: row.channels,
    ...Object.fromEntries(speeds.flat()),
    floor: floor.floor,
    floorRatio: floor.ratio,
    floorMet: floor.met,
    snrDb: row.snrDb,
    residualDb: row.residualDb,
    rippleDb: rippleDb(row),
    passBand: limitsOf(row).passBand,
    latencyMs: row.latencyMs,
    offsetMs: row.offsetMs,
    createUs: row.createUs,
    failings: failings.join(', '),
  });
}

/** Prints, judges and keeps all that was measured of one pair; answers whether its floor was met, if it has one. */
function showPair(pair, memory, rows, { level, compiler }) {
  const soxr = rows.find(({ contender }) => contender === SOXR);
  console.log(
    `\n${`${pair}`.padEnd(18)} ${COLUMNS}   (${level}; ${memory.stateBytes} bytes a stream, ` +
      `${memory.allocationsInProcess} allocations)`,
  );
  record(pair, { level, compiler, ...memory });
  let met;
  for (const row of rows) {
    const found = failings(row, soxr);
    const floor = floorVerdict(row, rows, level, pair);
    const remarks = [found.join(', ') || 'output ok', floor.text].filter(Boolean).join('; ');
    console.log(`  ${row.contender.padEnd(17)}${speedCells(row, soxr)}  ${qualityCells(row)}   ${remarks}`);
    if (isOurs(row) && found.length > 0)
      breach(`WRONG OUTPUT: ${pair}, ${level}, ${row.contender}: ${found.join(', ')}`);
    keep(row, { level, compiler, pair, soxr, failings: found, floor });
    met ??= floor.met;
  }
  if (memory.allocationsInProcess > 0) breach(`WRONG: ${pair}, ${level}: Process allocates memory`);
  if (memory.stateBytes >= MAX_STATE_BYTES)
    breach(`WRONG: ${pair}, ${level}: a stream takes ${memory.stateBytes} bytes`);
  return met;
}

/** One run of resample_bench; `see(row)` hears of each line it prints. */
async function measure(program, flags, env, see) {
  const child = spawn(program, flags, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
  for await (const line of createInterface({ input: child.stdout })) see(JSON.parse(line));
  const code = await ended;
  if (code !== 0) fail(`resample_bench ended with ${code}`);
}

/** All pairs at one level. A pair's rows come together, its memory first. */
async function runLevel(program, level, flags) {
  const floors = { met: 0, below: [] };
  let header;
  let memory;
  let rows = [];
  const show = () => {
    if (rows.length === 0) return;
    const pair = `${memory.fromHz} -> ${memory.toHz}`;
    const { stateBytes, allocationsInProcess } = memory;
    const met = showPair(pair, { stateBytes, allocationsInProcess }, rows, header);
    if (met === true) floors.met += 1;
    if (met === false) floors.below.push(pair);
    rows = [];
  };
  await measure(program, flags, { SLUICE_SIMD: level }, (line) => {
    if (line.level !== undefined) {
      header = line;
      showHeader(header);
    } else if (line.contender !== undefined) {
      rows.push(line);
    } else {
      show();
      memory = line;
    }
  });
  show();
  return floors;
}

function showHeader({ level, compiler, peers, missing }) {
  console.log(`\n---- level ${level}, ${compiler}, beside ${peers}`);
  for (const { name, debianPackage } of missing)
    console.log(`MISSING: ${name}. To compare with it: sudo apt-get install ${debianPackage}`);
}

console.log(
  'x real time of one thread, the median of many slices; int16 mono unless said otherwise. Ripple: in the pass band, to\n' +
    '0.913 of the lower Nyquist frequency (fast 0.87, best 0.95). SNR: 997 Hz at -1 dBFS. See docs/benchmarks.md.',
);
const program = prepareResampleBench();
const runnable = execFileSync(program, ['--levels'], { encoding: 'utf8' }).trim().split('\n').reverse();
const [best] = runnable;
const wanted = process.env.SLUICE_SIMD ? [process.env.SLUICE_SIMD] : quick ? [best] : runnable;
const summary = [];
for (const level of wanted) {
  // What no target is stated with does not depend on our level: once is enough.
  const flags = level === best ? ['--turns', quick ? '5' : '31'] : ['--gates', '--turns', quick ? '5' : '9'];
  if (process.argv.includes('--all')) flags.push('--all');
  const { met, below } = await runLevel(program, level, flags);
  summary.push(
    `${level}: floors met at ${met} of ${met + below.length} pairs compared` +
      `${below.length > 0 ? `, BELOW at ${below.join(', ')}` : ''}`,
  );
}
console.log(`\n${summary.join('\n')}`);
for (const message of breaches) console.error(message);
if (breaches.length > 0) process.exitCode = 1;
