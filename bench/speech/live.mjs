// How late does a message leave when one core holds a thousand live sessions, each fed 20 ms at a time? From the chunk that
// filled it to the socket: from when that chunk was written, and from when it was due, which counts what the process was
// busy with as well.
import { check, quick, record } from '../measure.mjs';
import { startCountingServer, startProcess } from './parts/processes.mjs';

const SECONDS = quick ? 4 : 20;
const BYTES_PER_S = 48_000;
const WORDS_PER_S = 2.5;
/** Of the stricter figure. */
const MAX_P99_MS = 10;

const server = await startCountingServer();
const client = startProcess('live-client.mjs', [], { WS_NO_BUFFER_UTIL: '1' });
console.log('            from the write, ms       from when it was due, ms');
console.log('streams    p50     p99   worst      p50     p99   worst   of a core   RSS, MB');
for (const streams of [100, 1000]) {
  await server.stats();
  const { messages, words, fromDue, fromWrite, coreShare, rssMB } = await client.run({
    url: server.url,
    streams,
    seconds: SECONDS,
  });
  const stats = await server.stats();
  const told = `${streams} streams: ${messages} messages, ${words} words; the server: ${JSON.stringify(stats)}`;
  const audioS = streams * SECONDS;
  check(messages === audioS * 12.5 && words === audioS * WORDS_PER_S, told);
  check(stats.audioBytes === audioS * BYTES_PER_S && stats.mostOpen === streams && stats.open === 0, told);

  const floorMet = fromDue.p99Ms < MAX_P99_MS;
  const cells = ({ p50Ms, p99Ms, worstMs }) =>
    [p50Ms.toFixed(2), p99Ms.toFixed(2), worstMs.toFixed(1)].map((cell) => cell.padStart(8)).join('');
  console.log(
    `${String(streams).padEnd(6)} ${cells(fromWrite)} ${cells(fromDue)}  ${(100 * coreShare).toFixed(0).padStart(8)} % ` +
      `${rssMB.toFixed(0).padStart(9)}${floorMet ? '' : '  BELOW ITS FLOOR'}`,
  );
  record(`${streams}`, {
    writeP50Ms: fromWrite.p50Ms,
    writeP99Ms: fromWrite.p99Ms,
    writeWorstMs: fromWrite.worstMs,
    dueP50Ms: fromDue.p50Ms,
    dueP99Ms: fromDue.p99Ms,
    dueWorstMs: fromDue.worstMs,
    coreShare,
    rssMB,
    floor: MAX_P99_MS,
    floorMet,
  });
}
client.stop();
server.stop();
