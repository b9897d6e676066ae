// How many times faster than real time does one thread resample speech through the addon, 20 ms at a time into a buffer
// of ours? That is the core's speed (resample-peers.mjs) with the crossing. Beside it linear interpolation in plain
// JavaScript: the cheapest converter there is, with the quality it has. Both outputs are judged before anything is
// timed, ours made by the calls that are timed: int16 in and out, 997 Hz at -7 dBFS and, towards a lower rate, a second
// tone as loud that the new rate cannot hold and that must be gone. Two roundings to 16 bits leave some 88 dB. While they
// are timed the frames that come out are counted.
import { Resampler } from '../../dist/audio/index.js';
import { check, race, ratioKeys, ratioText, record, snrDb } from '../measure.mjs';

const PAIRS = [
  [48_000, 24_000],
  [24_000, 48_000],
  [16_000, 24_000],
  [8_000, 24_000],
  [24_000, 8_000],
  [24_000, 16_000],
  [48_000, 8_000],
  [48_000, 16_000],
  [44_100, 24_000],
  [22_050, 24_000],
];
const BLOCK_MS = 20;
const AMPLITUDE = 32_767 * 10 ** (-7 / 20);
const MIN_SNR_DB = 84;
const MAX_LATENCY_MS = 12;

const sine = (hz, rateHz, k) => AMPLITUDE * Math.sin((2 * Math.PI * hz * k) / rateHz);
const wanted = (rateHz) => (k) => sine(997, rateHz, k);

/** What both convert; 0.65 of the lower rate lies above what it can hold and below what the higher one can. */
function input(fromHz, toHz, frames) {
  const unwanted = (k) => (toHz < fromHz ? sine(0.65 * toHz, fromHz, k) : 0);
  return Int16Array.from({ length: frames }, (_, k) => Math.round(wanted(fromHz)(k) + unwanted(k)));
}

function linear(samples, fromHz, toHz, output) {
  const frames = Math.ceil((samples.length * toHz) / fromHz);
  for (let k = 0; k < frames; k++) {
    const t = (k * fromHz) / toHz;
    const i = Math.floor(t);
    output[k] = samples[i] + (t - i) * ((samples[i + 1] ?? samples[i]) - samples[i]);
  }
  return frames;
}

/** A stream that is fed blocks, and what came of them. */
function stream(fromHz, toHz, blockFrames) {
  const resampler = new Resampler({ fromHz, toHz, sample: 'int16' });
  const output = new Int16Array(resampler.maxOutputFrames(blockFrames));
  let fed = 0;
  let received = 0;
  return {
    output,
    feed(block) {
      const frames = resampler.processInto(block, output);
      fed += block.length;
      received += frames;
      return frames;
    },
    heldMs: () => 1000 * (fed / fromHz - received / toHz),
    close: () => resampler.close(),
  };
}

function inBlocks(samples, fromHz, toHz, blockFrames) {
  const { output, feed, close } = stream(fromHz, toHz, blockFrames);
  const all = [];
  for (let at = 0; at < samples.length; at += blockFrames) {
    const frames = feed(samples.subarray(at, at + blockFrames));
    all.push(...output.subarray(0, frames));
  }
  close();
  return all;
}

console.log(
  'pair              processInto, x real time    SNR   JavaScript linear, x real time    SNR    ratio (turns)',
);
for (const [fromHz, toHz] of PAIRS) {
  const pair = `${fromHz} -> ${toHz}`;
  const second = input(fromHz, toHz, fromHz);
  const block = input(fromHz, toHz, (fromHz * BLOCK_MS) / 1000);
  const oursDb = snrDb(inBlocks(second, fromHz, toHz, block.length), wanted(toHz));
  check(oursDb >= MIN_SNR_DB, `${pair}: ${oursDb.toFixed(1)} dB, want ${MIN_SNR_DB}`);
  const plain = new Int16Array(toHz);
  linear(second, fromHz, toHz, plain);
  const plainDb = snrDb(plain, wanted(toHz));

  const timed = stream(fromHz, toHz, block.length);
  const { ns, ratio } = race({
    ours: () => timed.feed(block),
    linear: () => linear(block, fromHz, toHz, plain),
  });
  const heldMs = timed.heldMs();
  check(
    heldMs >= 0 && heldMs <= MAX_LATENCY_MS,
    `${pair}: ${heldMs.toFixed(1)} ms missing from what was timed`,
  );
  timed.close();
  const toLinear = ratio('linear', 'ours');
  const speed = (blockNs) => (BLOCK_MS * 1e6) / blockNs;
  console.log(
    `${pair.padEnd(17)} ${speed(ns.ours).toFixed(0).padStart(24)} ${oursDb.toFixed(1).padStart(6)} ` +
      `${speed(ns.linear).toFixed(0).padStart(32)} ${plainDb.toFixed(1).padStart(6)}   ${ratioText(toLinear, 2)}`,
  );
  record(pair, {
    blockMs: BLOCK_MS,
    xRealTime: speed(ns.ours),
    snrDb: oursDb,
    linearXRealTime: speed(ns.linear),
    ...ratioKeys('ratioToLinear', toLinear),
    linearSnrDb: plainDb,
  });
}
