// How long does rewriteText take for 1 MB of text: ordinary, and made to be as slow as can be? Hostile text must be done
// within a second per MB, which is far below what text that takes quadratic time would need (1 MB: hours). Each output is
// checked before anything is timed: ordinary text against the rules' own examples, all of it cut at white space against
// the whole, and that what nothing is said about stays.
import { REWRITE_RULES, rewriteText } from '../../dist/gradium/index.js';
import { check, quick, record } from '../measure.mjs';

const CHARS = 1_000_000;
const GATE_MS_PER_MB = 1_000;
const TURNS = quick ? 3 : 11;

const filled = (piece) => piece.repeat(Math.ceil(CHARS / piece.length)).slice(0, CHARS);

/** Of what the rules are for there is one thing a line, about as dense as in an e-mail with a signature. */
const LETTER = `Dear all, the harbour office opens at 9:30AM on 12/31/2020 and not on “public” holidays – see
www.example.com/path for more. Ships of 12500 tons leave from pier A4, boats from the old pier by the lighthouse.
Please write to foo.bar@gmail.com or call 07596854413 (or +442000900123 from London). Nobody has counted more than
1002003004 gulls so far, and those who say they have were not there at the time, as far as anybody knows.
`;
const SPOKEN = [
  '9.30AM on 12-31 2020 and not on "public" holidays - see\n',
  'www dot example dot com slash path',
  '12 thousand 500 tons leave from pier A 4,',
  'foo dot bar at gmail dot com or call 0-7-5-9 6-8-5 4-4-1-3 (or +44 2-0 0-0-9-0 0-1-2-3 from',
  '1 billion 2 million 3 thousand 4 gulls',
];

/** A word is looked at by no rule from 2049 characters on: words just short of it are the worst that there can be. */
const LONGEST = 2_047;
const words = (piece, length = LONGEST) =>
  filled(`${piece.repeat(Math.ceil(length / piece.length)).slice(0, length)} `);

const PIECES = [
  'a',
  '5',
  '0',
  '@',
  '.',
  ':',
  '-',
  '+',
  '/',
  '"',
  '“',
  '(',
  ']',
  '<',
  '\ud83d',
  '5,',
  'A5',
  'www.',
];

/** Of several texts the slowest counts. */
const TEXTS = {
  'ordinary text': [filled(LETTER)],
  'without digits or marks': [filled('and nothing here is for any of the rules ')],
  'one character, or two, for one word': PIECES.map(filled),
  'the same, for words of 2047': PIECES.map((piece) => words(piece)),
  'words of one character': PIECES.map((piece) => filled(`${piece} `)),
  'white space': [filled(' '), filled('\n')],
  'nearly numbers': [words(',234', LONGEST - 3).replaceAll(' ', 'x ')].map((text) => `1${text}`),
  'nearly phone numbers': [filled(`+${'1-'.repeat(1_022)} `)],
  'nearly codes': [filled(`${'A1'.repeat(1_022)}a `)],
  'nearly e-mail addresses': [filled(`${'a'.repeat(64)}@${'a.'.repeat(94)}@ `)],
  'URLs of marks': [filled(`http://x${'?'.repeat(2_000)}x `)],
  'URLs of two-letter labels': [filled(`www.${'uk.'.repeat(680)}uk `)],
};

/** All rules, the aliases' worst: what no rule is for passes each of them. */
const ALL = REWRITE_RULES.join(',');

function checkOutput(name, text) {
  const whole = rewriteText(text, 'en');
  const [a, b] = halves(text);
  check(rewriteText(a, 'en') + rewriteText(b, 'en') === whole, `${name}: the halves are not the whole`);
  check(whole.length <= 25 * text.length, `${name}: ${whole.length} characters`);
}

/** Cut at the first white space of the second half. */
function halves(text) {
  const at = text.slice(CHARS / 2).search(/\s/);
  const cut = at < 0 ? text.length : CHARS / 2 + at;
  return [text.slice(0, cut), text.slice(cut)];
}

/** Processor time of the fastest turn: a neighbour who takes the processor away is not counted. */
function timeMs(text, rules) {
  const times = Array.from({ length: TURNS }, () => {
    const start = process.cpuUsage();
    rewriteText(text, rules);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1e3;
  });
  return Math.min(...times);
}

for (const spoken of SPOKEN) check(rewriteText(LETTER, 'en').includes(spoken), `no "${spoken}"`);
const [plain] = TEXTS['without digits or marks'];
check(rewriteText(plain, ALL) === plain, 'text that no rule is for was changed');

console.log(`1 MB (10^6 characters) of                en, ms  all ${REWRITE_RULES.length} rules, ms`);
for (const [name, texts] of Object.entries(TEXTS)) {
  for (const text of texts) checkOutput(name, text);
  const [enMs, allMs] = ['en', ALL].map((rules) => Math.max(...texts.map((text) => timeMs(text, rules))));
  console.log(`${name.padEnd(36)} ${enMs.toFixed(1).padStart(9)} ${allMs.toFixed(1).padStart(17)}`);
  record(name, { chars: CHARS, enMs, allMs, gateMsPerMB: GATE_MS_PER_MB });
  check(Math.max(enMs, allMs) < GATE_MS_PER_MB, `${name}: over ${GATE_MS_PER_MB} ms for 1 MB`);
}
