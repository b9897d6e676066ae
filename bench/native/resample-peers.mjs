// How much faster than soxr HQ does the core resample, at every SIMD level, and is it as good? Beside it soxr, speexdsp,
// libsamplerate and swresample, as far as they are installed. resample_bench (C++) times and measures, in one process
// for each pair and in turns; here the figures are held to the limits, compared with the speed floors, and shown. Every
// contender's output is judged: ours must keep its limits or the run fails, the others' failings are printed beside their
// speed. The judging itself is tried first, on converters that are wrong on purpose.
//
// --quick: the best level only, and few slices. --all: all 42 pairs of the usual rates. --untimed: the quality alone, of
// ours and what its limits are stated with; no speed. SLUICE_SIMD=LEVEL: that one only.
import { execFileSync, spawnSync } from 'node:child_process';
import { fail, prepareResampleBench } from '../../scripts/prepare.mjs';
import { quick, ratioKeys, record, spread } from '../measure.mjs';

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
const RATES = [8000, 16000, 22050, 24000, 32000, 44100, 48000];
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
const MAX_GAIN_ERROR = 0.01; // of 997 Hz, deep in every pass band
const MAX_HELD_MS = 500; // of those who state no latency; soxr holds back 160 ms
const MIN_HELD_MS = -1; // a frame early, by rounding up

const untimed = process.argv.includes('--untimed');

const isOurs = (row) => row.contender in LIMITS;
const limitsOf = (row) => LIMITS[row.contender] ?? INT16;

function rippleDb(row) {
  const inside = row.passBand.filter(([part]) => part <= limitsOf(row).passBand);
  return Math.max(...inside.map(([, gainDb]) => Math.abs(gainDb)));
}

/** What has been fed and has not come out, in ms; of the judged and the timed streams the one that is most amiss. */
function heldMs(row) {
  const all = [row.heldMs, ...row.blocks.map((block) => block.heldMs)];
  return Math.min(...all) < MIN_HELD_MS ? Math.min(...all) : Math.max(...all);
}

/** What is wrong with a converter's output, in words. */
function failings(row, soxr) {
  const limits = limitsOf(row);
  const found = [];
  const held = heldMs(row);
  if (!(held >= MIN_HELD_MS && held <= (isOurs(row) ? limits.latencyMs : MAX_HELD_MS)))
    found.push(`${held.toFixed(0)} ms of output missing`);
  if (!(Math.abs(row.inPhaseGain - 1) <= MAX_GAIN_ERROR))
    found.push(`gain ${row.inPhaseGain.toFixed(2)} at 997 Hz`);
  if (!row.saturates) found.push('wrong at full scale');
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

const blockOf = (row, blockMs) => row.blocks.find((block) => block.blockMs === blockMs);

/** Of one block size, the slices that were taken (0: this turn was let pass). */
function speeds({ blockMs, turnNs }) {
  const { median, lowest } = spread(turnNs.filter((ns) => ns > 0));
  return { median: (blockMs * 1e6) / median, best: (blockMs * 1e6) / lowest };
}

/** Ours over the peer's speed in every turn that both took: a change of the clock between two turns does not count. */
function ratioInTurns(ours, peer) {
  return spread(
    ours.turnNs.map((ns, turn) => peer.turnNs[turn] / ns).filter((ratio) => ratio > 0 && ratio < Infinity),
  );
}

/** Ours over the peer in the streaming block size where that is worse. */
function streamingRatio(ours, peer) {
  const ratios = [20, 80].map((blockMs) => ratioInTurns(blockOf(ours, blockMs), blockOf(peer, blockMs)));
  return ratios.reduce((worse, ratio) => (ratio.median < worse.median ? ratio : worse));
}

const breaches = [];
function breach(message) {
  console.log(`  ${message}`);
  breaches.push(message);
}

const SPEED_COLUMNS = untimed ? [] : ['20 ms', '80 ms', '10 s'];
const COLUMNS =
  SPEED_COLUMNS.map((block) => `${block.padStart(9)}  /soxr (turns)   `).join('') +
  '  SNR dB  alias dB  ripple dB  latency ms  first us  next us';

function speedCells(row, soxr) {
  return row.blocks
    .map((block) => {
      const speed = speeds(block).median.toFixed(0).padStart(9);
      if (soxr === undefined) return `${speed}      -           `;
      const { median, lowest, highest } = ratioInTurns(block, blockOf(soxr, block.blockMs));
      const turns = `(${lowest.toFixed(2)}-${highest.toFixed(2)})`;
      return `${speed} ${median.toFixed(2).padStart(5)} ${turns.padEnd(11)}`;
    })
    .join('');
}

function qualityCells(row) {
  const cells = [
    row.snrDb.toFixed(1).padStart(7),
    row.residualDb.toFixed(1).padStart(8),
    rippleDb(row).toFixed(5).padStart(9),
    row.latencyMs.toFixed(2).padStart(10),
    row.firstCreateUs.toFixed(0).padStart(8),
    row.createUs.toFixed(1).padStart(7),
  ];
  return cells.join('  ');
}

/** 'floor 1.60: ok' for the one contender that floors are stated for. `met` is null where its peer is missing. */
function floorVerdict(row, rows, level, pair) {
  const floor = row.contender === 'sluice' ? floorOf(level, pair) : undefined;
  if (floor === undefined || untimed) return {};
  const peer = rows.find(({ contender }) => contender === floor.peer);
  const name = `${floor.factor.toFixed(2)} x ${floor.peer}`;
  if (peer === undefined)
    return { text: `floor ${name}: NOT COMPARED, it is missing`, floor: name, met: null };
  const ratio = streamingRatio(row, peer);
  const met = ratio.median >= floor.factor;
  const turns = `${ratio.lowest.toFixed(2)}-${ratio.highest.toFixed(2)}`;
  const text = `floor ${name}: ${met ? 'ok' : 'BELOW'} at ${ratio.median.toFixed(2)} (${turns})`;
  return { text, floor: name, ratio, met };
}

function keep(row, { level, compiler, pair, soxr, failings, floor }) {
  const ofBlocks = row.blocks.map((block) => {
    const { median, best } = speeds(block);
    return {
      [`xRealTime${block.blockMs}Ms`]: median,
      [`bestXRealTime${block.blockMs}Ms`]: best,
      ...ratioKeys(
        `ratioToSoxr${block.blockMs}Ms`,
        soxr && ratioInTurns(block, blockOf(soxr, block.blockMs)),
      ),
    };
  });
  record(pair, {
    level,
    compiler,
    contender: row.contender,
    channels: row.channels,
    ...Object.assign({}, ...ofBlocks),
    floor: floor.floor ?? null,
    ...ratioKeys('floorRatio', floor.ratio),
    floorMet: floor.met ?? null,
    snrDb: row.snrDb,
    inPhaseGain: row.inPhaseGain,
    residualDb: row.residualDb,
    rippleDb: rippleDb(row),
    passBand: limitsOf(row).passBand,
    latencyMs: row.latencyMs,
    offsetMs: row.offsetMs,
    heldMs: heldMs(row),
    saturates: row.saturates,
    sameInAnyBlocks: row.sameInAnyBlocks,
    channelsAgree: row.channelsAgree,
    firstCreateUs: row.firstCreateUs,
    createUs: row.createUs,
    failings: failings.join(', '),
  });
}

/** Prints, judges and keeps all that was measured of one pair; answers its floor's verdict, if it has one. */
function showPair(pair, memory, rows, { level, compiler }) {
  const soxr = rows.find(({ contender }) => contender === SOXR);
  console.log(
    `\n${`${pair}`.padEnd(18)} ${COLUMNS}   (${level}; ${memory.stateBytes} bytes a stream, ` +
      `${memory.allocationsInProcess} allocations)`,
  );
  record(pair, { level, compiler, ...memory });
  let verdict;
  for (const row of rows) {
    const found = failings(row, soxr);
    const floor = floorVerdict(row, rows, level, pair);
    const remarks = [found.join(', ') || 'output ok', floor.text].filter(Boolean).join('; ');
    console.log(`  ${row.contender.padEnd(17)}${speedCells(row, soxr)}  ${qualityCells(row)}   ${remarks}`);
    if (isOurs(row) && found.length > 0)
      breach(`WRONG OUTPUT: ${pair}, ${level}, ${row.contender}: ${found.join(', ')}`);
    keep(row, { level, compiler, pair, soxr, failings: found, floor });
    if (floor.floor !== undefined) verdict = floor;
  }
  if (memory.allocationsInProcess > 0) breach(`WRONG: ${pair}, ${level}: Process allocates memory`);
  if (memory.stateBytes >= MAX_STATE_BYTES)
    breach(`WRONG: ${pair}, ${level}: a stream takes ${memory.stateBytes} bytes`);
  return verdict;
}

/** One run of resample_bench: of one pair at one level. */
function measure(level, pair, flags) {
  const [fromHz, toHz] = pair.split(' -> ');
  const { status, signal, stdout, error } = spawnSync(program, [fromHz, toHz, ...flags], {
    encoding: 'utf8',
    env: { ...process.env, SLUICE_SIMD: level },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) fail(`resample_bench ended with ${error?.message ?? signal ?? status}`);
  const [header, ...rows] = stdout.trim().split('\n').map(JSON.parse);
  const memory = rows.pop();
  return { header, rows, memory };
}

/** Wrong converters, fast or not, that a judge must see through. */
function tryTheJudge() {
  const { rows } = measure(best, '48000 -> 24000', ['--spoiled', '--turns', '0']);
  for (const row of rows) {
    const found = failings(row);
    console.log(`wrong on purpose: ${row.contender.padEnd(27)} ${found.join(', ')}`);
    if (found.length === 0) breach(`WRONG JUDGE: accepts a converter that is wrong: ${row.contender}`);
  }
}

function pairsToMeasure() {
  const pairs = Object.keys(VNNI_FLOORS);
  if (!process.argv.includes('--all')) return pairs;
  const all = RATES.flatMap((from) => RATES.filter((to) => to !== from).map((to) => `${from} -> ${to}`));
  return [...new Set([...pairs, ...all])];
}

/** What no target is stated with does not depend on our level: once is enough. */
function flagsAt(level) {
  if (untimed) return ['--gates', '--turns', '0'];
  if (level !== best) return ['--gates', '--turns', '9'];
  return ['--turns', quick ? '5' : '31'];
}

/** All pairs at one level; answers the verdicts on its floors, in words. */
function runLevel(level) {
  const floors = { met: 0, below: [], notCompared: [] };
  let header;
  for (const pair of pairsToMeasure()) {
    const measured = measure(level, pair, flagsAt(level));
    header ??= showHeader(measured.header);
    const verdict = showPair(pair, measured.memory, measured.rows, header);
    if (verdict?.met === true) floors.met += 1;
    if (verdict?.met === false) floors.below.push(pair);
    if (verdict?.met === null) floors.notCompared.push(pair);
  }
  if (untimed) return `${level}: no times, so no floors`;
  const words = [`floors met at ${floors.met} of ${floors.met + floors.below.length} pairs compared`];
  if (floors.below.length > 0) words.push(`BELOW at ${floors.below.join(', ')}`);
  if (floors.notCompared.length > 0) words.push(`NOT COMPARED at ${floors.notCompared.join(', ')}`);
  return `${level}: ${words.join('; ')}`;
}

function showHeader(header) {
  const { level, compiler, peers, missing } = header;
  console.log(`\n---- level ${level}, ${compiler}, beside ${peers}`);
  for (const { name, remedy } of missing) console.log(`MISSING: ${name}. To compare with it: ${remedy}`);
  record(`level ${level}`, { level, compiler, peers, missing: missing.map(({ name }) => name).join(', ') });
  return header;
}

console.log(
  'x real time of one thread, the median of many slices; int16 mono unless said otherwise. /soxr: the median of the turns\n' +
    'and, in brackets, the lowest and the highest. Ripple: in the pass band, to 0.913 of the lower Nyquist frequency (fast\n' +
    '0.87, best 0.95). SNR: 997 Hz at -1 dBFS. First, next: making a converter. See docs/benchmarks.md.',
);
const program = prepareResampleBench();
const runnable = execFileSync(program, ['--levels'], { encoding: 'utf8' }).trim().split('\n').reverse();
const [best] = runnable;
const wanted = process.env.SLUICE_SIMD ? [process.env.SLUICE_SIMD] : quick ? [best] : runnable;
tryTheJudge();
const summary = wanted.map(runLevel);
console.log(`\n${summary.join('\n')}`);
for (const message of breaches) console.error(message);
if (breaches.length > 0) process.exitCode = 1;
