// What every benchmark here shares: timing, quality figures for the output checks, and where results go.
//
// A benchmark is a file bench/GROUP/NAME.mjs that opens with the question it answers. It checks every contender's
// output (`check`) before it times anything, prints a table for people, and calls `record` once per row of it for
// machines. `npm run bench -- FILTER` runs each file whose path holds FILTER, one after the other, each in a process of
// its own, and gathers the rows in build/bench/FILTER.json (docs/benchmarks.md). `node bench/GROUP/NAME.mjs` alone works
// as well, on the dist/ and the addon that are there; then `record` does nothing.
import { appendFileSync } from 'node:fs';
import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `--quick`: short slices, for trying a benchmark out. */
export const quick = process.argv.includes('--quick');

/**
 * Keeps one row of results. `name` says what was done ('48000 -> 24000', 'mulaw decode, 256 kB'); `row` is a flat object
 * of numbers, strings and booleans, the same keys in each row of a file, with units in the keys: { oursNs, peerNs,
 * oursMsampPerS, ratioToPeer, xRealTime, snrDb }; null where there is nothing to tell. Ratios are ours over the peer's
 * speed: above 1 is faster.
 */
export function record(name, row) {
  const file = process.env.SLUICE_BENCH_ROWS; // set by scripts/bench.mjs: one JSON object a line
  if (file === undefined) return;
  appendFileSync(file, `${JSON.stringify({ benchmark: benchmarkName(), name, ...row })}\n`);
}

/** 'native/resample' in bench/native/resample.mjs. */
function benchmarkName() {
  const here = fileURLToPath(new URL('.', import.meta.url));
  return relative(here, process.argv[1])
    .replaceAll(sep, '/')
    .replace(/\.mjs$/, '');
}

/**
 * Times contenders against each other: `bodies` is { name: () => … }, synchronous. The slices take turns, so that a change
 * of the clock or a busy neighbour hits all alike. Where `before` is given it runs before each slice, untimed, and a slice
 * is one call; `beforeTurn(turn)` runs once before all slices of a turn, so that they can do the same part of some work.
 * Answers { ns, ratio }: ns[name] is one call's time, the median over the turns; ratio(peer, ours) the peer's time over
 * ours, taken in each turn: { median, lowest, highest }. Quote ratios.
 */
export function race(bodies, { before, beforeTurn } = {}) {
  const turns = quick ? 5 : 41;
  const contenders = Object.entries(bodies).map(([name, body]) => {
    warmUp(body, before);
    const calls = before === undefined ? callsPerSlice(body) : 1;
    const slices = Math.max(3, MAX_RACE_NS / sliceNs(body, calls));
    return { name, body, calls, stride: Math.ceil(turns / slices), times: [] };
  });
  for (let turn = 0; turn < turns; turn++) {
    beforeTurn?.(turn);
    for (const { body, calls, stride, times } of contenders) {
      if (turn % stride !== 0) continue; // never the first turn: any two have one in common
      before?.();
      times[turn] = sliceNs(body, calls) / calls;
    }
  }
  return outcome(contenders);
}

/** The same for bodies that are asynchronous, such as streams. A slice is one call, which should take 10 ms or more. */
export async function raceAsync(bodies) {
  const turns = quick ? 3 : 15;
  const contenders = Object.entries(bodies).map(([name, body]) => ({ name, body, times: [] }));
  for (let turn = -1; turn < turns; turn++) {
    for (const { body, times } of contenders) {
      const start = nowNs();
      await body();
      if (turn >= 0) times[turn] = nowNs() - start; // the one before warms up
    }
  }
  return outcome(contenders);
}

/** What a race answers. `times` have holes where a contender let a turn pass. */
function outcome(contenders) {
  const timesOf = (name) => contenders.find((contender) => contender.name === name).times;
  return {
    ns: Object.fromEntries(contenders.map(({ name, times }) => [name, spread(Object.values(times)).median])),
    ratio: (peer, ours) => {
      const inTurns = timesOf(peer).map((ns, turn) => ns / timesOf(ours)[turn]);
      return spread(inTurns.filter((ratio) => ratio > 0)); // not of turns that one of them let pass
    },
  };
}

const SLICE_NS = 2e6; // reading the clock vanishes in it; many fit between two changes of pace

const MAX_RACE_NS = 1e9; // of one contender: the slow ones take fewer turns

const WARM_UP_NS = 20e6; // the optimising compiler has seen the loop by then

function warmUp(body, before) {
  for (const start = nowNs(); nowNs() - start < WARM_UP_NS; ) {
    before?.();
    body();
  }
}

/** Doubles the calls until a slice is long enough. */
function callsPerSlice(body) {
  let calls = 1;
  while (sliceNs(body, calls) < SLICE_NS) calls *= 2;
  return calls;
}

function sliceNs(body, calls) {
  const start = nowNs();
  for (let i = 0; i < calls; i++) body();
  return nowNs() - start;
}

/**
 * Processor time of this process, its helping threads (garbage collection) included: a neighbour who takes the processor
 * away is not counted. Windows tells it in steps of 16 ms, far too coarse: there it is the time on the wall.
 */
function nowNs() {
  if (process.platform === 'win32') return Number(process.hrtime.bigint());
  const { user, system } = process.cpuUsage();
  return 1000 * (user + system);
}

/** The middle and the ends of some figures. */
export function spread(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: sorted[sorted.length >> 1], lowest: sorted[0], highest: sorted.at(-1) };
}

/** '12.3 (11.0-13.9)': a ratio, and in how far the turns agreed. */
export function ratioText({ median, lowest, highest }, digits = 1) {
  return `${median.toFixed(digits)} (${lowest.toFixed(digits)}-${highest.toFixed(digits)})`;
}

/** The keys of a ratio in a row of results: { ratioToX, lowestRatioToX, highestRatioToX } for 'ratioToX'. */
export function ratioKeys(key, ratio) {
  const upper = key[0].toUpperCase() + key.slice(1);
  return {
    [key]: ratio?.median ?? null,
    [`lowest${upper}`]: ratio?.lowest ?? null,
    [`highest${upper}`]: ratio?.highest ?? null,
  };
}

/** SNR in dB of `got` against the function `want(k)`, without the first and last tenth. */
export function snrDb(got, want) {
  let signal = 0;
  let error = 0;
  for (let k = Math.floor(got.length * 0.1); k < got.length * 0.9; k++) {
    signal += want(k) ** 2;
    error += (want(k) - got[k]) ** 2;
  }
  return 10 * Math.log10(signal / error);
}

/** Ends the benchmark, and the whole run with it, when an output is not what it must be. */
export function check(condition, message) {
  if (condition) return;
  console.error(`WRONG OUTPUT: ${message}`);
  process.exit(1);
}
