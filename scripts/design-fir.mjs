// Designs the resampler's filters and writes native/core/fir_tables.h:
//
//   node scripts/design-fir.mjs
//
// A filter is a finite sum of cosines, h(t) = (1/T) (1 + 2nd term + ...) = (1/T) sum a_k cos(2 pi k t / T) for
// |t| <= T/2 and 0 beyond, t in frames of the lower rate. Its spectrum at x / T cycles a frame is
// sum a_k (sinc(x - k) + sinc(x + k)) / 2. One such function serves every ratio of rates, since it is
// continuous: sampled as finely as a ratio wants, it keeps its response. Given T, the a_k that leave the
// smallest error, measured in units of the tolerance at each frequency, are the solution of a linear program;
// T is the shortest at which that error is 1. The result is equiripple near the band edges, and some 20 %
// shorter than a Kaiser-windowed sinc of the same gates, which spends as much on the pass band as on the stop
// band.
import { writeFileSync } from 'node:fs';

const decibels = (db) => 10 ** (db / 20);

// Frequencies are fractions of the lower Nyquist frequency; the stop band begins at 1. `stop`, `pass`: the
// largest error. `core`: the same for the pass band below 0.4, where speech has most of its energy, so that
// tones there keep their level to the last bit; that far from the edge it costs next to nothing.
// float32 is held to the accuracy of its arithmetic; int16 to what the gates leave beside its rounded taps.
const FILTERS = [
  { name: 'FastInt16', passEdge: 0.87, stop: decibels(-80.5), pass: 8e-5, core: 1e-5 },
  { name: 'FastFloat32', passEdge: 0.87, stop: decibels(-81), pass: 5e-5, core: 1e-5 },
  { name: 'DefaultInt16', passEdge: 0.913, stop: decibels(-104.9), pass: 4.5e-5, core: 3e-6 },
  { name: 'DefaultFloat32', passEdge: 0.913, stop: decibels(-111.6), pass: 5e-6, core: 1e-6 },
  { name: 'BestInt16', passEdge: 0.95, stop: decibels(-118), pass: 3e-6, core: 1e-6 },
  { name: 'BestFloat32', passEdge: 0.95, stop: decibels(-126.6), pass: 1e-6, core: 4e-7 },
];
const CORE_EDGE = 0.4;
const EXTRA_COSINES = 8; // beyond the lower Nyquist frequency: they shape the first side lobes
const POINTS_A_LOBE = 12;
const LAST_FREQUENCY = 3; // side lobes beyond fall by themselves

const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
const cosineSpectrum = (k, x) => (sinc(x - k) + sinc(x + k)) / 2;

function frequencies(filter, length) {
  const nyquist = length / 2; // in units of 1 / T
  const edge = filter.passEdge * nyquist;
  const passPoints = Math.ceil(edge * POINTS_A_LOBE);
  const points = [];
  for (let i = 0; i <= passPoints; ++i) {
    const x = edge * Math.sin((Math.PI / 2) * (i / passPoints)); // densest at the edge
    points.push({ x, want: 1, tolerance: x < CORE_EDGE * nyquist ? filter.core : filter.pass });
  }
  for (let x = nyquist; x < LAST_FREQUENCY * nyquist; x += 1 / POINTS_A_LOBE) {
    points.push({ x, want: 0, tolerance: filter.stop });
  }
  return points;
}

// a_0 = 1 is the gain at 0 Hz. The last coefficient makes h(T/2) = sum a_k (-1)^k zero: a step there would
// alias differently at every ratio.
function design(filter, length) {
  const last = Math.ceil(length / 2) + EXTRA_COSINES;
  const sign = (k) => ((last - k) % 2 === 0 ? 1 : -1);
  const points = frequencies(filter, length);
  const unknowns = last - 1;
  const rows = points.map(({ x, tolerance }) => {
    const end = cosineSpectrum(last, x);
    return Float64Array.from(
      { length: unknowns },
      (_, k) => (cosineSpectrum(k + 1, x) - sign(k + 1) * end) / tolerance,
    );
  });
  const wanted = points.map(
    ({ x, want, tolerance }) => (want - sinc(x) + sign(0) * cosineSpectrum(last, x)) / tolerance,
  );
  const { solution, error } = leastMaximum(rows, wanted);
  const closing = -solution.reduce((sum, a, k) => sum + a * sign(k + 1), sign(0));
  return { length, error, cosines: [1, ...solution, closing] };
}

const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
const largest = (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

// The z that makes max |rows z - wanted| smallest, by Mehrotra's predictor-corrector method on
//   minimize t  subject to  t - (rows z - wanted) = above >= 0,  t + (rows z - wanted) = below >= 0,
// whose multipliers u and v satisfy rows' (u - v) = 0 and sum (u + v) = 1. Some 15 steps.
function leastMaximum(rows, wanted) {
  const count = rows.length;
  const n = rows[0].length; // and t, the last of z
  const z = new Float64Array(n + 1);
  const errors = () => rows.map((row, i) => dot(row, z) - wanted[i]);
  z[n] = 1.5 * largest(errors());
  const slack = [errors().map((e) => z[n] - e), errors().map((e) => z[n] + e)];
  const dual = [0, 1].map(() => new Array(count).fill(0.5 / count));
  const signs = [1, -1];

  for (let step = 0; step < 100; ++step) {
    const gap = dot(slack[0], dual[0]) + dot(slack[1], dual[1]);
    if (gap < 1e-5 * z[n]) return { solution: [...z.subarray(0, n)], error: largest(errors()) };
    const matrix = normalMatrix(rows, slack, dual);
    const factor = cholesky(matrix);
    const direction = (products) => {
      // Newton's step towards slack * dual = products.
      const push = products.map((p, side) => p.map((q, i) => q / slack[side][i]));
      const right = new Float64Array(n + 1);
      rows.forEach((row, i) => {
        const difference = push[0][i] - push[1][i];
        for (let k = 0; k < n; ++k) right[k] -= row[k] * difference;
        right[n] += push[0][i] + push[1][i];
      });
      right[n] -= 1;
      const dz = substitute(factor, right);
      const moves = rows.map((row) => dot(row, dz));
      const dSlack = signs.map((s) => moves.map((m) => dz[n] - s * m));
      const dDual = dSlack.map((d, side) =>
        d.map((ds, i) => push[side][i] - dual[side][i] - (dual[side][i] * ds) / slack[side][i]),
      );
      return { dz, dSlack, dDual };
    };
    const zeros = [0, 1].map(() => new Array(count).fill(0));
    const guess = direction(zeros);
    const primal = longestStep(slack, guess.dSlack);
    const other = longestStep(dual, guess.dDual);
    let after = 0;
    for (const side of [0, 1]) {
      for (let i = 0; i < count; ++i) {
        after +=
          (slack[side][i] + primal * guess.dSlack[side][i]) * (dual[side][i] + other * guess.dDual[side][i]);
      }
    }
    const centre = ((after / gap) ** 3 * gap) / (2 * count);
    const { dz, dSlack, dDual } = direction(
      zeros.map((_, side) => guess.dSlack[side].map((ds, i) => centre - ds * guess.dDual[side][i])),
    );
    const along = Math.min(1, 0.995 * longestStep(slack, dSlack));
    const across = Math.min(1, 0.995 * longestStep(dual, dDual));
    for (let k = 0; k <= n; ++k) z[k] += along * dz[k];
    for (const side of [0, 1]) {
      for (let i = 0; i < count; ++i) {
        slack[side][i] += along * dSlack[side][i];
        dual[side][i] += across * dDual[side][i];
      }
    }
  }
  throw new Error('The linear program did not converge.');
}

// Lower triangle of the sum over both sides of (dual / slack) g g', g being a constraint's gradient.
function normalMatrix(rows, slack, dual) {
  const n = rows[0].length;
  const matrix = Array.from({ length: n + 1 }, () => new Float64Array(n + 1));
  rows.forEach((row, i) => {
    const above = dual[0][i] / slack[0][i];
    const below = dual[1][i] / slack[1][i];
    for (let k = 0; k < n; ++k) {
      const scaled = (above + below) * row[k];
      for (let j = 0; j <= k; ++j) matrix[k][j] += scaled * row[j];
      matrix[n][k] += (below - above) * row[k];
    }
    matrix[n][n] += above + below;
  });
  return matrix;
}

function cholesky(matrix) {
  for (let j = 0; j < matrix.length; ++j) {
    for (let i = j; i < matrix.length; ++i) {
      for (let k = 0; k < j; ++k) matrix[i][j] -= matrix[i][k] * matrix[j][k];
      matrix[i][j] /= i === j ? Math.sqrt(matrix[j][j]) : matrix[j][j];
    }
  }
  return matrix;
}

function substitute(lower, right) {
  const x = Float64Array.from(right);
  for (let i = 0; i < x.length; ++i) {
    for (let k = 0; k < i; ++k) x[i] -= lower[i][k] * x[k];
    x[i] /= lower[i][i];
  }
  for (let i = x.length - 1; i >= 0; --i) {
    for (let k = i + 1; k < x.length; ++k) x[i] -= lower[k][i] * x[k];
    x[i] /= lower[i][i];
  }
  return x;
}

// The longest step, at most 1, that leaves all values at or above 0.
function longestStep(values, moves) {
  let step = 1;
  for (const side of [0, 1]) {
    moves[side].forEach((move, i) => {
      if (move < 0) step = Math.min(step, -values[side][i] / move);
    });
  }
  return step;
}

// The shortest filter that keeps its tolerances, to a twentieth of a frame.
function shortest(filter) {
  const transition = 1 - filter.passEdge;
  const product = -10 * Math.log10(filter.stop * filter.pass);
  let short = ((product - 13) / 14.6 / transition) * 1.8; // Kaiser's estimate of equiripple filters, less 10 %
  let found = design(filter, short * 1.3);
  if (found.error > 1) throw new Error(`${filter.name}: the estimate is too short`);
  while (found.length - short > 0.05) {
    const middle = design(filter, (short + found.length) / 2);
    if (middle.error > 1) short = middle.length;
    else found = middle;
  }
  return found;
}

function table({ name }, { length, cosines }) {
  const values = cosines.map((a) => `    ${a.toPrecision(17)},`);
  return `// T = ${length.toFixed(2)}\ninline constexpr double k${name}Cosines[] = {\n${values.join('\n')}\n};\n`;
}

const tables = [];
const filters = [];
for (const filter of FILTERS) {
  const found = shortest(filter);
  console.log(`${filter.name}: ${found.length.toFixed(2)} frames, ${found.cosines.length} cosines`);
  tables.push(table(filter, found));
  filters.push(
    `inline constexpr FirFilter k${filter.name} = {${(found.length / 2).toPrecision(17)}, k${filter.name}Cosines};`,
  );
}
const text = `// Made by scripts/design-fir.mjs, which says what this is; not edited by hand.
#pragma once

#include <span>

namespace sluice {

// h(t) = sum over k of cosines[k] cos(pi k t / half_length) / (2 half_length) where |t| <= half_length,
// else 0; t in frames of the lower rate.
struct FirFilter {
  double half_length;
  std::span<const double> cosines;
};

// clang-format off

${tables.join('\n')}
// clang-format on

${filters.join('\n')}

}  // namespace sluice
`;
writeFileSync(new URL('../native/core/fir_tables.h', import.meta.url), text);
