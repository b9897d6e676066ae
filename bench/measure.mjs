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
import { measure } from 'mitata';

/** `--quick`: short slices, for trying a benchmark out. */
export const quick = process.argv.includes('--quick');

/**
 * Keeps one row of results. `name` says what was done ('48000 -> 24000', 'mulaw decode, 256 kB'); `row` is a flat object
 * of numbers, strings and booleans, the same keys in each row of a file, with units in the keys: { oursNs, peerNs,
 * oursMsampPerS, ratio, xRealTime, snrDb }. Ratios are ours over the peer's speed: above 1 is faster.
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
 * Times contenders against each other: `bodies` is { name: () => … }, synchronous; the answer { name: nanoseconds of one
 * call, the median of many slices }. The slices take turns, so that a change of the clock or a busy neighbour hits all
 * alike: quote ratios of figures that come from the same call.
 */
export function race(bodies) {
  const contenders = Object.entries(bodies).map(([name, body]) => ({
    name,
    body,
    calls: callsPerSlice(body),
    times: [],
  }));
  for (let turn = 0; turn < (quick ? 5 : 41); turn++) {
    for (const { body, calls, times } of contenders) times.push(sliceNs(body, calls) / calls);
  }
  return Object.fromEntries(contenders.map(({ name, times }) => [name, median(times)]));
}

const SLICE_NS = 2e6; // reading the clock vanishes in it; many fit between two changes of pace

const WARM_UP_NS = 20e6; // the optimising compiler has seen the loop by then

/** Warms up, then doubles the calls until a slice is long enough. */
function callsPerSlice(body) {
  for (const start = nowNs(); nowNs() - start < WARM_UP_NS; ) body();
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

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** Median nanoseconds of one call of `body`, alone. */
export async function medianNs(body) {
  const stats = await measure(body);
  return stats.p50;
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
