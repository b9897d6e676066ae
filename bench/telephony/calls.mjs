// What does one process add to the audio of 200 telephone calls, and how even is what it plays? Each phone sends and receives
// a frame every 20 ms over a WebSocket; beside the bridge the usual code, JSON.parse and a setInterval for each call.
//
// Inbound: from the data event of the TCP socket to bytes that are read from `call.inbound`; and from when the phone sent
// them, which counts what the process was busy with as well. Outbound: how far from its absolute time each frame was handed to
// the socket, and how late the phone had it.
import { check, quick, record } from '../measure.mjs';
import { startProcess } from '../speech/parts/processes.mjs';
import { FRAME_MS } from './parts/calls.mjs';

const CALLS = 200;
const SECONDS = quick ? 4 : 20;
/** Of a call, and of three to four seconds more in which the others begin. */
const FRAMES = (1_000 * (SECONDS + 4)) / FRAME_MS;
/** Counted is what is due when all calls have begun, and code is compiled. */
const WARM_UP_MS = 1_000;
const LEAD_MS = { sluice: 200, setInterval: 0 };
const MAX_ADDED_P99_MS = 5;
const MAX_JITTER_P99_MS = 2;

const folder = '../../telephony/parts';
const env = { WS_NO_BUFFER_UTIL: '1' };

function quantiles(ms) {
  const sorted = ms.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.floor((sorted.length - 1) * share)];
  return { p50Ms: at(0.5), p99Ms: at(0.99), worstMs: at(1) };
}

/** When frames were due: the first at once, and with it all that lie less than the lead behind it. */
const dueMs = (sentMs, leadMs) => sentMs.map((_, i) => sentMs[0] + Math.max(0, FRAME_MS * i - leadMs));

async function measure(contender) {
  const bridges = startProcess(`${folder}/bridges.mjs`, [contender], env);
  const phones = startProcess(`${folder}/phones.mjs`, [], env);
  const port = await bridges.run({ listen: FRAMES });
  const heard = await phones.run({ url: `ws://127.0.0.1:${port}`, calls: CALLS, frames: FRAMES });
  const report = await bridges.run({});
  bridges.stop();
  phones.stop();
  return { ...report, heard };
}

function evaluate(contender, { calls, coreShare, kBPerCall, heard }) {
  const begunMs = Math.max(...calls.map(({ sentMs }) => sentMs[0])) + WARM_UP_MS;
  const steady = (values, i) => values.slice(Math.ceil((begunMs - calls[i].sentMs[0]) / FRAME_MS));
  const all = (valuesOf) => calls.flatMap((call, i) => steady(valuesOf(call, i), i));
  const due = calls.map(({ sentMs }) => dueMs(sentMs, LEAD_MS[contender]));
  const late = all(({ sentMs }, i) => sentMs.map((ms, k) => ms - due[i][k]));
  const atPhone = all((_, i) => heard.receivedMs[i].map((ms, k) => ms - due[i][k]));
  return {
    fromSocket: quantiles(all(({ fromSocketMs }) => fromSocketMs)),
    fromSend: quantiles(all(({ fromSendMs }) => fromSendMs)),
    jitter: quantiles(late.map(Math.abs)),
    atPhone: quantiles(atPhone),
    driftMs: quantiles(calls.map(({ sentMs }, i) => sentMs.at(-1) - due[i].at(-1))).p50Ms,
    coreShare,
    kBPerCall,
  };
}

function checkOutput(contender, { calls, heard }) {
  check(
    calls.length === CALLS && calls.every(({ wrong }) => wrong === 0),
    `${contender}: frames that came in`,
  );
  check(
    heard.wrong === 0 && heard.receivedMs.every(({ length }) => length === FRAMES),
    `${contender}: frames played`,
  );
}

console.log(`${CALLS} calls, ${SECONDS} s; milliseconds: p50, p99, worst`);
console.log(
  `${''.padEnd(12)}${'in, from the socket'.padStart(22)}${'in, from the phone'.padStart(22)}` +
    `${'out, |off its time|'.padStart(22)}${'out, late at phone'.padStart(22)}${'drift'.padStart(8)}${'of a core'.padStart(11)}${'kB/call'.padStart(9)}`,
);
for (const contender of ['sluice', 'setInterval']) {
  const measured = await measure(contender);
  checkOutput(contender, measured);
  const { fromSocket, fromSend, jitter, atPhone, driftMs, coreShare, kBPerCall } = evaluate(
    contender,
    measured,
  );
  const cells = ({ p50Ms, p99Ms, worstMs }) =>
    [p50Ms, p99Ms, worstMs]
      .map((ms) => ms.toFixed(2).padStart(7))
      .join('')
      .padStart(22);
  console.log(
    `${contender.padEnd(12)}${cells(fromSocket)}${cells(fromSend)}${cells(jitter)}${cells(atPhone)}` +
      `${driftMs.toFixed(1).padStart(8)}${`${(100 * coreShare).toFixed(0)} %`.padStart(11)}${kBPerCall.toFixed(0).padStart(9)}`,
  );
  const limitsMet =
    fromSend.p99Ms < MAX_ADDED_P99_MS && atPhone.p99Ms < MAX_ADDED_P99_MS && jitter.p99Ms < MAX_JITTER_P99_MS;
  if (contender === 'sluice') {
    const told = (what, { p99Ms }, limit) =>
      console.log(
        `  ${what}: p99 ${p99Ms.toFixed(2)} ms, ${p99Ms < limit ? 'within' : 'ABOVE'} its limit of ${limit} ms`,
      );
    told('inbound', fromSend, MAX_ADDED_P99_MS);
    told('outbound', atPhone, MAX_ADDED_P99_MS);
    told('jitter', jitter, MAX_JITTER_P99_MS);
  }
  record(contender, {
    calls: CALLS,
    seconds: SECONDS,
    inSocketP50Ms: fromSocket.p50Ms,
    inSocketP99Ms: fromSocket.p99Ms,
    inPhoneP50Ms: fromSend.p50Ms,
    inPhoneP99Ms: fromSend.p99Ms,
    inPhoneWorstMs: fromSend.worstMs,
    jitterP50Ms: jitter.p50Ms,
    jitterP99Ms: jitter.p99Ms,
    jitterWorstMs: jitter.worstMs,
    outPhoneP50Ms: atPhone.p50Ms,
    outPhoneP99Ms: atPhone.p99Ms,
    outPhoneWorstMs: atPhone.worstMs,
    driftMs,
    coreShare,
    kBPerCall,
    limitsMet: contender === 'sluice' ? limitsMet : null,
  });
}
