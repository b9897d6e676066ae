// How long does applyPronunciations take for 1 MB of text, with few rules and with 1 000, ordinary and made to be as slow as
// can be? Beside it one regular expression of all the rules, as one would write it, where that ends at all. Each output is
// checked first: of ordinary text against the regular expression, of hostile text against what it must be.
import { applyPronunciations } from '../../dist/gradium/index.js';
import { check, quick, record } from '../measure.mjs';

const CHARS = 1_000_000;
/** For text and rules of 1 MB together: what takes quadratic time would need hours. */
const GATE_MS = 5_000;
const TURNS = quick ? 3 : 11;

const filled = (piece) => piece.repeat(Math.ceil(CHARS / piece.length)).slice(0, CHARS);
const rulesOf = (count, original) =>
  Array.from({ length: count }, (_, i) => ({ original: original(i), rewrite: 'x' }));

const PROSE = filled(
  'Ships leave New York at nine, boats at ten; SQL is spoken aboard, and word7 is a word. ',
);
const PHRASE = 'the same long beginning of a phrase ';

/** [text, rules, what becomes of it; else it stays as it is] */
const CASES = {
  'prose, 3 rules': [PROSE, ['New York', 'SQL', 'word7'].flatMap((one) => rulesOf(1, () => one)), byRegExp],
  'prose, 1000 rules': [PROSE, rulesOf(1_000, (i) => `word${i}`), byRegExp],
  'a a a, 1000 phrases that nearly fit': [filled('a '), rulesOf(1_000, (i) => `${'a '.repeat(i + 1)}b`)],
  'a a a, 1000 phrases that fit': [
    filled('a '),
    rulesOf(1_000, (i) => 'a '.repeat(i + 1)),
    () => `${'x '.repeat(CHARS / 2_000)}`,
  ],
  '+++, 1000 rules that nearly fit': [filled('+'), rulesOf(1_000, (i) => `${'+'.repeat(i + 1)}-`)],
  'phrases, 1000 rules that nearly fit': [filled(PHRASE), rulesOf(1_000, (i) => `${PHRASE.repeat(28)}x${i}`)],
  'one rule of 1 MB': [filled('a '), rulesOf(1, () => `${filled('a ')}b`)],
  'a megabyte of <': [filled('<'), rulesOf(1_000, (i) => `<${i}`)],
};

function byRegExp(text, rules) {
  const originals = rules.map(({ original }) => original).sort((a, b) => b.length - a.length);
  const word = '[\\p{L}\\p{N}\\p{M}]';
  return text.replace(new RegExp(`(?<!${word})(?:${originals.join('|')})(?!${word})`, 'giu'), 'x');
}

/** Processor time: what neighbours take is not counted. */
function timeMs(body) {
  const times = Array.from({ length: TURNS }, () => {
    const start = process.cpuUsage();
    body();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1e3;
  });
  return Math.min(...times);
}

console.log('10^6 characters                      rules, kB   ours, ms   RegExp, ms');
for (const [name, [text, rules, expected = () => text]] of Object.entries(CASES)) {
  const apply = () => applyPronunciations(text, { rules });
  check(apply() === expected(text, rules), name);
  const rulesKb = rules.reduce((sum, { original }) => sum + original.length, 0) / 1_000;
  const ms = timeMs(apply);
  const regExpMs = expected === byRegExp ? timeMs(() => byRegExp(text, rules)) : null;
  const cells = [
    rulesKb.toFixed(1).padStart(9),
    ms.toFixed(0).padStart(10),
    (regExpMs?.toFixed(0) ?? '–').padStart(12),
  ];
  console.log(`${name.padEnd(36)} ${cells.join(' ')}`);
  record(name, { chars: CHARS, rulesKb, ms, regExpMs, gateMs: GATE_MS });
  check(ms < GATE_MS, `${name}: over ${GATE_MS} ms`);
}
