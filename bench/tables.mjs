// The figures of docs/benchmarks.md as Markdown, from the results of `npm run bench -- native`, `speech`, `text`,
// `streams` or `telephony`, so that none is typed by hand: `npm run bench -- tables` prints them. Not here: what the columns mean, which that page says.

/** These have a table of their own, if they were run; of the others one line says how they stand to their floors. */
const LEVELS_SHOWN = ['vnni', 'avx2', 'sse2', 'neon'];
const ALL_CONTENDERS_AT = '48000 -> 24000';
const BLOCKS_MS = [20, 80, 10_000];

const isNumber = (value) => typeof value === 'number';
const figure = (value, digits = 0) => (isNumber(value) ? value.toFixed(digits).replace('-', '−') : '–');
const pairName = (name) => name.replace('->', '→');

/** '2.16 (2.10–2.31)': the median of the turns, the lowest and the highest. */
function ratio(row, key, digits = 2) {
  const upper = key[0].toUpperCase() + key.slice(1);
  if (!isNumber(row[key])) return '–';
  return `${figure(row[key], digits)} (${figure(row[`lowest${upper}`], digits)}–${figure(row[`highest${upper}`], digits)})`;
}

/** `columns` is [[heading, row => text], …]; all but the first are figures, set to the right. */
function table(columns, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [
    line(columns.map(([heading]) => heading)),
    `|---|${'--:|'.repeat(columns.length - 1)}`,
    ...rows.map((row) => line(columns.map(([, cell]) => cell(row)))),
  ].join('\n');
}

const SPEEDS = BLOCKS_MS.map((ms) => `xRealTime${ms}Ms`);
const RATIOS = BLOCKS_MS.map((ms) => `ratioToSoxr${ms}Ms`);
const SPEED_COLUMNS = [
  ['x real time (20 ms / 80 ms / 10 s)', (row) => SPEEDS.map((key) => figure(row[key])).join(' / ')],
  ['of soxr HQ', (row) => RATIOS.map((key) => figure(row[key], 2)).join(' / ')],
];
const QUALITY_COLUMNS = [
  ['SNR, dB', (row) => figure(row.snrDb, 1)],
  ['alias, dB', (row) => figure(row.residualDb)],
  ['ripple, dB', (row) => figure(row.rippleDb, 5)],
  ['latency, ms', (row) => figure(row.latencyMs, 1)],
  ['made first / next, µs', (row) => `${figure(row.firstCreateUs)} / ${figure(row.createUs, 1)}`],
];

const verdict = ({ floorMet }) => ({ true: 'ok', false: 'BELOW', null: 'NOT COMPARED' })[floorMet];
const floorText = (row) => `${row.floor}: ${verdict(row)} at ${ratio(row, 'floorRatio')}`;

/** '- `vnni`: floors met at 10 of 10 pairs compared; below at …' */
function floorLine(level, rows) {
  const compared = rows.filter((row) => isNumber(row.floorRatio));
  const below = compared.filter((row) => !row.floorMet);
  const where = below.map((row) => `${pairName(row.name)} ${ratio(row, 'floorRatio')}`).join(', ');
  return (
    `- \`${level}\`: floors met at ${compared.length - below.length} of ${compared.length} pairs compared` +
    (below.length > 0 ? `; below at ${where}` : '')
  );
}

function resamplerTables(rows) {
  const headers = rows.filter((row) => row.peers !== undefined);
  const [best] = headers;
  if (best === undefined) return [];
  const contenders = rows.filter((row) => row.contender !== undefined);
  const ours = (level) => contenders.filter((row) => row.level === level && row.contender === 'sluice');
  const withFloor = (level) => ours(level).filter((row) => row.floor);
  const libraries = best.missing === '' ? best.peers : `${best.peers} (missing: ${best.missing})`;
  const parts = [
    `${best.compiler}, beside ${libraries}`,
    headers.map(({ level }) => floorLine(level, withFloor(level))).join('\n'),
  ];
  for (const level of LEVELS_SHOWN.filter((shown) => ours(shown).length > 0)) {
    const columns = [['pair', (row) => pairName(row.name)], ...SPEED_COLUMNS];
    const floor = ['floor', (row) => (row.floor ? floorText(row) : '')];
    parts.push(`#### ${level}`, table([...columns, floor, ...QUALITY_COLUMNS], ours(level)));
  }
  const beside = contenders.filter((row) => row.level === best.level && row.name === ALL_CONTENDERS_AT);
  const columns = [['contender', (row) => row.contender], ...SPEED_COLUMNS, ...QUALITY_COLUMNS];
  parts.push(
    `#### All contenders at ${pairName(ALL_CONTENDERS_AT)}, level ${best.level}`,
    table(columns, beside),
  );
  return parts;
}

const name = ['what', (row) => pairName(row.name)];
const floorCell = (row) => (isNumber(row.floor) ? `${row.floor.toFixed(1)}: ${verdict(row)}` : '');
const us = (ns) => figure(isNumber(ns) ? ns / 1000 : ns, 3);
const ADDON_TABLES = {
  'native/resample': [
    ['pair', (row) => pairName(row.name)],
    ['processInto, x real time', (row) => figure(row.xRealTime)],
    ['SNR, dB', (row) => figure(row.snrDb, 1)],
    ['linear in JavaScript, x real time', (row) => figure(row.linearXRealTime)],
    ['its SNR, dB', (row) => figure(row.linearSnrDb, 1)],
    ['ratio', (row) => ratio(row, 'ratioToLinear')],
  ],
  'native/wav': [
    ['file', (row) => pairName(row.name)],
    ['memory', (row) => row.memory],
    ['ours, MB/s', (row) => figure(row.oursMBPerS)],
    ['x node-wav', (row) => ratio(row, 'ratioToNodeWav', 1)],
    ['x wavefile', (row) => ratio(row, 'ratioToWavefile', 0)],
  ],
  'native/g711': [
    name,
    ['ours, Msamples/s', (row) => figure(row.oursMsampPerS)],
    ['x alawmulaw', (row) => ratio(row, 'ratioToAlawmulaw', 1)],
    ['x a table in JavaScript', (row) => ratio(row, 'ratioToTable', 1)],
  ],
  'native/pcm': [
    name,
    ['ours, Msamples/s', (row) => figure(row.oursMsampPerS)],
    ['x the JavaScript loop', (row) => ratio(row, 'ratioToLoop', 1)],
    ['convertSamples x the loop', (row) => ratio(row, 'allocatingRatioToLoop', 1)],
  ],
  'native/opus': [
    name,
    ['ours, x real time', (row) => figure(row.xRealTime)],
    ['@discordjs/opus, x real time', (row) => figure(row.peerXRealTime)],
    ['ratio', (row) => ratio(row, 'ratioToDiscordjsOpus')],
    ['floor', floorCell],
    ['packets equal, %', (row) => figure(row.packetsEqualPercent, 1)],
    ['SNR of ours against theirs, dB', (row) => figure(row.snrDb, 1)],
  ],
  'native/ogg': [
    name,
    ['ours, x real time', (row) => figure(row.xRealTime)],
    ['MB/s', (row) => figure(row.mbPerS)],
    ['ns a packet', (row) => figure(row.nsPerPacket)],
    ['prism-media, x real time', (row) => figure(row.peerXRealTime)],
    ['ratio', (row) => ratio(row, 'ratioToPrism', 1)],
    ['floor', floorCell],
  ],
  'native/framer': [
    name,
    ['one step a call, µs', (row) => us(row.oneStepNs)],
    ['ten steps a call, µs a step', (row) => us(row.tenStepsNsPerStep)],
    ['JSON + base64, µs', (row) => us(row.jsonNs)],
    [
      'beyond the conversion, one and ten, µs',
      (row) => `${us(row.beyondOneStepNs)} / ${us(row.beyondTenStepsNsPerStep)}`,
    ],
  ],
};

/** A row of the speech benchmarks has one floor over real time, or one over each peer. */
function speechFloors(row) {
  if (!isNumber(row.floor)) return '';
  const floors = isNumber(row.floorToBufferutil) ? `${row.floor}, ${row.floorToBufferutil}` : row.floor;
  return `${floors}: ${verdict(row)}`;
}
const delays = (row, from) =>
  [figure(row[`${from}P50Ms`], 2), figure(row[`${from}P99Ms`], 2), figure(row[`${from}WorstMs`], 1)].join(
    ' / ',
  );
const SPEECH_TABLES = {
  'speech/stt': [
    ['audio', (row) => row.name],
    ['client', (row) => row.contender],
    ['x real time', (row) => ratio(row, 'xRealTime', 0)],
    ['user + system, µs a second', (row) => `${figure(row.userUsPerS, 1)} + ${figure(row.systemUsPerS, 1)}`],
    ['x plain', (row) => ratio(row, 'ratioToPlain')],
    ['x bufferutil', (row) => ratio(row, 'ratioToBufferutil')],
    ['floor', speechFloors],
    ['resident, MB', (row) => figure(row.rssMB)],
  ],
  'speech/live': [
    ['streams', (row) => row.name],
    ['of a core, %', (row) => figure(100 * row.coreShare)],
    ['from the write: p50 / p99 / worst, ms', (row) => delays(row, 'write')],
    ['from when it was due, ms', (row) => delays(row, 'due')],
    ['its p99', (row) => `< ${row.floor} ms: ${verdict(row)}`],
    ['resident, MB', (row) => figure(row.rssMB)],
  ],
};

const TEXT_TABLES = {
  'text/rewrite': [
    ['1 MB of', (row) => row.name],
    ['`en`, ms', (row) => figure(row.enMs, 1)],
    ['all rules, ms', (row) => figure(row.allMs, 1)],
  ],
  'text/pronunciations': [
    ['1 MB of', (row) => row.name],
    ['rules, kB', (row) => figure(row.rulesKb, 1)],
    ['ours, ms', (row) => figure(row.ms)],
    ['one RegExp, ms', (row) => figure(row.regExpMs)],
  ],
};

const limit = ({ withinGate }) => ({ true: 'within', false: 'ABOVE' })[withinGate] ?? '';
const STREAM_TABLES = {
  'streams/transforms': [
    name,
    ['the call, ns', (row) => figure(row.bareNs)],
    ['the stream, ns', (row) => figure(row.oursNs)],
    ['over the call, ns', (row) => figure(row.overNs)],
    ['ratio', (row) => figure(row.ratioToBare, 2)],
    ['its limit', limit],
    ['plain JavaScript, ns', (row) => figure(row.peerNs)],
  ],
  'streams/opus': [
    name,
    ['the calls, µs', (row) => us(row.bareNs)],
    ['the stream, µs', (row) => us(row.oursNs)],
    ['over the calls, µs', (row) => us(row.overNs)],
    ['x prism-media', (row) => figure(row.ratioToPrism, 2)],
  ],
  'streams/soak': [
    name,
    ['MB more at most', (row) => figure(row.grownMb, 1)],
    ['s', (row) => figure(row.elapsedS, 1)],
    ['its limit', limit],
  ],
};

const quantiles = (row, from) =>
  [row[`${from}P50Ms`], row[`${from}P99Ms`], row[`${from}WorstMs`]].map((ms) => figure(ms, 2)).join(' / ');
const TELEPHONY_TABLES = {
  'telephony/calls': [
    ['200 calls', (row) => row.name],
    ['in, from the phone: p50 / p99 / worst, ms', (row) => quantiles(row, 'inPhone')],
    ['out, off its time, ms', (row) => quantiles(row, 'jitter')],
    ['out, late at the phone, ms', (row) => quantiles(row, 'outPhone')],
    ['drift, ms', (row) => figure(row.driftMs, 1)],
    ['of a core, %', (row) => figure(100 * row.coreShare)],
    ['kB a call', (row) => figure(row.kBPerCall)],
  ],
};

const MEMORY_COLUMNS = [
  ['through', (row) => row.name.replace('memory, ', '')],
  ['hours', (row) => figure(row.hours)],
  ['MB of Ogg', (row) => figure(row.throughMB)],
  ['resident after the first, MB', (row) => figure(row.rssMB)],
  ['more at the end, MB', (row) => figure(row.growthMB, 1)],
];

const TABLES = {
  ...ADDON_TABLES,
  ...SPEECH_TABLES,
  ...TEXT_TABLES,
  ...STREAM_TABLES,
  ...TELEPHONY_TABLES,
};

/** All tables that the results, as scripts/bench.mjs writes them, have rows for. */
export function markdownTables({ cpu, node, commit, quick, rows }) {
  const of = (benchmark) => rows.filter((row) => row.benchmark === benchmark);
  const parts = [`${cpu}, Node ${node}, commit ${commit}${quick ? ' (--quick: NOT TO QUOTE)' : ''}`];
  parts.push(...resamplerTables(of('native/resample-peers')));
  for (const [benchmark, columns] of Object.entries(TABLES)) {
    // The last rows of framer, ogg and transforms are of another kind.
    const found = of(benchmark).filter(
      (row) => row.getterNs === undefined && row.hours === undefined && row.prismMs === undefined,
    );
    if (found.length > 0) parts.push(`#### ${benchmark}`, table(columns, found));
  }
  const memory = of('native/ogg').filter((row) => row.hours !== undefined);
  if (memory.length > 0) parts.push('#### native/ogg, memory', table(MEMORY_COLUMNS, memory));
  return parts.join('\n\n');
}
