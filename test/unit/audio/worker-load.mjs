// Keeps the addon busy in worker threads and ends them in mid-call. Run by workers.test.ts in a process of its own.
//   node worker-load.mjs AUDIO_INDEX terminate|exit|one-by-one
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

async function work(audioIndex) {
  const audio = await import(audioIndex);
  const long = new Int16Array(2_000_000); // tens of milliseconds a call: most ends come in mid-call
  const chunk = new Uint8Array(64_000);
  const framer = new audio.AudioFramer({
    from: { encoding: 's24le', sampleRateHz: 44_100, channels: 2 },
    to: 'pcm_24000',
  });
  const out = new Uint8Array(framer.maxOutputBytes(chunk.length) + 100_000);
  for (let i = 0; ; i++) {
    new audio.Resampler({ fromHz: 8000, toHz: 48_000, channels: 2 }).process(long.subarray(0, 2000));
    framer.processInto(chunk, out);
    try {
      audio.readWav(chunk);
    } catch {
      // no WAV: an error object made in the addon
    }
    audio.resample(long, { fromHz: 44_100, toHz: 48_000 });
    if (i === 0) parentPort.postMessage('busy');
  }
}

const busy = (worker) =>
  new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });

const RATES = [8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];

/** Every pair of rates: some 12 MB of taps in all. */
async function openAllPairs(audioIndex) {
  const { Resampler } = await import(audioIndex);
  for (const fromHz of RATES)
    for (const toHz of RATES)
      for (const quality of ['fast', 'default', 'best']) new Resampler({ fromHz, toHz, quality }).close();
}

/** Workers one after another, in a process whose main thread never loads the addon: MB that ten of them added. */
async function oneByOne(audioIndex) {
  const rssMb = async (workers) => {
    for (let i = 0; i < workers; i++) {
      const worker = new Worker(new URL(import.meta.url), { workerData: { pairs: audioIndex } });
      await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
    }
    return process.memoryUsage.rss() / 1e6;
  };
  const before = await rssMb(3);
  console.log(String(Math.round((await rssMb(10)) - before)));
}

async function main(audioIndex, how) {
  const rounds = how === 'terminate' ? 6 : 1;
  for (let round = 0; round < rounds; round++) {
    const workers = Array.from(
      { length: 3 },
      () => new Worker(new URL(import.meta.url), { workerData: audioIndex }),
    );
    await Promise.all(workers.map(busy));
    if (how === 'exit') process.exit(0);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  // The main thread's own addon is unharmed.
  const audio = await import(audioIndex);
  const samples = audio.resample(new Int16Array(800), { fromHz: 8000, toHz: 16_000 });
  console.log(`alive: ${samples.length}`);
}

if (!isMainThread) await (workerData.pairs ? openAllPairs(workerData.pairs) : work(workerData));
else if (process.argv[3] === 'one-by-one') await oneByOne(process.argv[2]);
else await main(process.argv[2], process.argv[3]);
