// How much speech does one core send over the WebSocket and have answered, word by word and step by step? Beside it what
// one writes by hand on `ws`: plainly, and with every trick that is known. One service for all, which does no work
// (parts/counting-server.mjs); each contender has a process of its own, and they take turns.
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { check, quick, ratioKeys, ratioText, record, spread } from '../measure.mjs';
import { startCountingServer, startProcess } from './parts/processes.mjs';

const SESSIONS = 16;
const SECONDS = 240;
const AUDIO_S = SESSIONS * SECONDS;
/** The compiler goes on for seconds of work. */
const WARM_UP_TURNS = quick ? 1 : 6;
const TURNS = quick ? 2 : 9;

/** What each is compared with, at the same rate and with the same messages; and its floors. */
const GROUPS = [
  { what: '24 kHz, 80 ms', bytesPerS: 48_000, floors: { plain: 1.4, bufferutil: 1.1 } },
  { what: '24 kHz, 800 ms', bytesPerS: 48_000 },
  { what: '16 kHz, 80 ms', bytesPerS: 32_000 },
];
const CONTENDERS = [
  ...GROUPS.flatMap(({ what, bytesPerS, floors = {} }) => [
    { kind: 'plain', what, bytesPerS },
    { kind: 'bufferutil', what, bytesPerS },
    { kind: 'ours', what, bytesPerS, floors },
  ]),
  { kind: 'ours', what: '16 kHz WAV file', bytesPerS: 32_000, floors: { xRealTime: 6_000 } },
  { kind: 'ours', what: '44.1 kHz 24-bit stereo WAV', bytesPerS: 48_000, floors: { xRealTime: 2_500 } },
];

/** It falls back to JavaScript where it has no binary for the machine: that is what `plain` has. */
function bufferutilLoads() {
  const require = createRequire(import.meta.url);
  const bufferutil = require.resolve('bufferutil');
  try {
    createRequire(bufferutil)('node-gyp-build')(dirname(bufferutil));
    return true;
  } catch {
    console.log('NOT COMPARED with bufferutil, which has no binary for this machine');
    return false;
  }
}

async function turn(server, { kind, what, bytesPerS, process }) {
  await server.stats();
  const { words, userUs, systemUs, rssMb } = await process.run({
    url: server.url,
    sessions: SESSIONS,
    seconds: SECONDS,
  });
  const stats = await server.stats();
  const told = `${kind}, ${what}: ${words} words; the server: ${JSON.stringify(stats)}`;
  check(stats.audioBytes === AUDIO_S * bytesPerS && stats.sessions === SESSIONS && stats.open === 0, told);
  check(stats.steps === AUDIO_S * 12.5 && words === AUDIO_S * 2.5, told);
  return { userUs, systemUs, rssMb, xRealTime: (AUDIO_S * 1e6) / (userUs + systemUs) };
}

const contenders = CONTENDERS.filter(({ kind }) => kind !== 'bufferutil' || bufferutilLoads());
const server = await startCountingServer();
for (const one of contenders) {
  const env = one.kind === 'bufferutil' ? {} : { WS_NO_BUFFER_UTIL: '1' };
  one.process = startProcess('contender.mjs', [one.kind, one.what], env);
  one.turns = [];
}
for (let i = -WARM_UP_TURNS; i < TURNS; i++) {
  for (const one of contenders) {
    const result = await turn(server, one);
    if (i >= 0) one.turns.push(result);
  }
}

function ratioTo(kind, one) {
  const peer = contenders.find((other) => other.kind === kind && other.what === one.what);
  if (one.kind !== 'ours' || !peer) return undefined;
  return spread(one.turns.map(({ xRealTime }, i) => xRealTime / peer.turns[i].xRealTime));
}

console.log(
  '                                         x real time         us a second   x plain            x bufferutil',
);
console.log('                                         median (range)      user  system');
for (const one of contenders) {
  const { kind, what, turns, floors = {} } = one;
  const of = (key) => spread(turns.map((result) => result[key]));
  const x = of('xRealTime');
  const userUs = of('userUs').median / AUDIO_S;
  const systemUs = of('systemUs').median / AUDIO_S;
  const toPlain = ratioTo('plain', one);
  const toBufferutil = ratioTo('bufferutil', one);
  const verdicts = [
    [floors.xRealTime, x.median],
    [floors.plain, toPlain?.median],
    [floors.bufferutil, toBufferutil?.median],
  ].flatMap(([floor, found]) => (floor === undefined || found === undefined ? [] : [found >= floor]));
  const floorMet = verdicts.length === 0 ? null : verdicts.every(Boolean);
  console.log(
    `${`${kind}, ${what}`.padEnd(38)} ${ratioText(x, 0).padEnd(20)} ${userUs.toFixed(1).padStart(6)} ${systemUs.toFixed(1).padStart(6)}   ` +
      `${(toPlain ? ratioText(toPlain, 2) : '').padEnd(18)} ${toBufferutil ? ratioText(toBufferutil, 2) : ''}` +
      `${floorMet === false ? '  BELOW ITS FLOOR' : ''}`,
  );
  record(what, {
    contender: kind,
    xRealTime: x.median,
    lowestXRealTime: x.lowest,
    highestXRealTime: x.highest,
    userUsPerS: userUs,
    systemUsPerS: systemUs,
    rssMB: of('rssMb').median,
    ...ratioKeys('ratioToPlain', toPlain),
    ...ratioKeys('ratioToBufferutil', toBufferutil),
    floor: floors.xRealTime ?? floors.plain ?? null,
    floorToBufferutil: floors.bufferutil ?? null,
    floorMet,
  });
  one.process.stop();
}
server.stop();
