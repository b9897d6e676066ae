// Does a file of ten hours (288 MB of mu-law, 1.15 GB of s16le at 16 kHz) go through in constant memory, by a chain of
// streams and by `transcode`? And what do a thousand idle transforms hold? The work is that of test/unit/streams/memory.test.ts,
// each in a process of its own; `--quick` makes it one hour.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { check, quick, record } from '../measure.mjs';

const load = fileURLToPath(new URL('../../test/unit/streams/memory-load.mjs', import.meta.url));
const hours = quick ? 1 : 10;
const run = (work, count) =>
  JSON.parse(
    execFileSync(process.execPath, ['--expose-gc', load, work, String(count)], { encoding: 'utf8' }),
  );

for (const work of ['chain', 'transcode']) {
  const start = performance.now();
  const { grownMb, seconds } = run(work, hours);
  const elapsedS = (performance.now() - start) / 1000;
  check(seconds === hours * 3600, `${work}: the length of the output`);
  const withinGate = grownMb < 40;
  console.log(
    `${hours} h through ${work}: ${elapsedS.toFixed(1)} s, memory grows by ${grownMb.toFixed(0)} MB at most${withinGate ? '' : ': ABOVE its limit'}`,
  );
  record(`${hours} h, ${work}`, { elapsedS, grownMb, withinGate });
}
const { grownMb } = run('idle', 1000);
console.log(`1000 idle transforms: ${grownMb.toFixed(0)} MB${grownMb < 100 ? '' : ': ABOVE its limit'}`);
record('1000 idle', { grownMb, withinGate: grownMb < 100 });
