// What every benchmark here shares: the median time of a call, and quality figures for the output checks.
import { measure } from 'mitata';

/** Median nanoseconds of one call of `body`. */
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

export function check(condition, message) {
  if (condition) return;
  console.error(`WRONG OUTPUT: ${message}`);
  process.exit(1);
}
