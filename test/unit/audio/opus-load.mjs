// Encodes and decodes Opus in long calls, and ends the thread or the process in the middle of one. Run by workers.test.ts in
// a process of its own.
//   node opus-load.mjs AUDIO_INDEX terminate COUNT   ends COUNT workers at each kind of work, one after the other
//   node opus-load.mjs AUDIO_INDEX exit WORK         exits with 0 while a worker and, if it can, the main thread are at WORK
// prints one line of JSON: how many ends of each kind of work came in mid-call, as far as can be told: none of the calls had
// returned.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** 20 s of noise and tones: 0.1 to 0.3 s to encode, a tenth of that to decode. */
const SPEECH = Int16Array.from(
  { length: 320_000 },
  (_, i) => 8000 * Math.sin(i * 0.05 * (1 + 0.3 * Math.sin(i / 4000))) + ((i * 7919) % 3001),
);
const newEncoder = (audio) => new audio.OpusEncoder({ sampleRateHz: 16_000, complexity: 10 });
const newDecoder = (audio) => new audio.OpusDecoder({ sampleRateHz: 48_000, sample: 'float32' });

/** What to do over and over, each call on objects that nobody closes. */
const works = {
  encode: (audio) => {
    const encoder = newEncoder(audio);
    const packets = SPEECH.length / encoder.frameSamples;
    const [out, sizes] = [new Uint8Array(packets * encoder.maxPacketBytes), new Uint32Array(packets)];
    return () => encoder.encodeFramesInto(SPEECH, out, sizes);
  },
  encodeAsync: (audio) => () => newEncoder(audio).encodeFramesAsync(SPEECH),
  decode: (audio) => {
    const { bytes, sizes } = manyPackets(audio);
    const out = new Float32Array(sizes.length * 960);
    return () => newDecoder(audio).decodePacketsInto(bytes, sizes, out);
  },
  decodeAsync: (audio) => {
    const { bytes, sizes } = manyPackets(audio);
    return () => newDecoder(audio).decodePacketsAsync(bytes, sizes);
  },
};

/** 200 s, cheaply: the same second of packets again and again, which any decoder takes. */
function manyPackets(audio) {
  const encoder = new audio.OpusEncoder({ sampleRateHz: 16_000, complexity: 0 });
  const once = 50;
  const out = new Uint8Array(once * encoder.maxPacketBytes);
  const sizes = new Uint32Array(once);
  const samples = SPEECH.subarray(0, once * encoder.frameSamples);
  const bytes = out.subarray(0, encoder.encodeFramesInto(samples, out, sizes));
  const times = Array.from({ length: 200 });
  return {
    bytes: Uint8Array.from(Buffer.concat(times.map(() => bytes))),
    sizes: Uint32Array.from(times.flatMap(() => [...sizes])),
  };
}

/** Without end: `begin` before the first call, then `returned` counts those that have come back. */
async function keepWorking(audio, work, begin, returned) {
  const call = works[work](audio);
  begin();
  for (;;) {
    await call();
    Atomics.add(returned, 0, 1);
  }
}

function startWorker(audioIndex, work) {
  const returned = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL(import.meta.url), { workerData: { audioIndex, work, returned } });
  worker.on('error', (error) => {
    console.error(error);
    process.exit(1);
  });
  return { worker, begun: new Promise((resolve) => worker.once('message', resolve)), returned };
}

async function terminate(audioIndex, count) {
  const inMidCall = {};
  for (const work of Object.keys(works)) {
    inMidCall[work] = 0;
    for (let i = 0; i < count; i++) {
      const { worker, begun, returned } = startWorker(audioIndex, work);
      await begun;
      await worker.terminate();
      if (Atomics.load(returned, 0) === 0) inMidCall[work]++;
    }
  }
  // The main thread's own addon is unharmed.
  const { bytes, sizes } = await newEncoder(await import(audioIndex)).encodeFramesAsync(SPEECH);
  if (sizes.length !== 1000 || sizes.reduce((a, b) => a + b) !== bytes.length) process.exitCode = 1;
  console.log(JSON.stringify(inMidCall));
}

async function exit(audioIndex, work) {
  const { begun, returned } = startWorker(audioIndex, work);
  const audio = await import(audioIndex);
  await begun;
  const own = new Int32Array(1);
  if (work.endsWith('Async')) keepWorking(audio, work, () => {}, own);
  process.on('exit', () => {
    console.log(JSON.stringify({ [work]: Atomics.load(returned, 0) + own[0] === 0 ? 1 : 0 }));
  });
  process.exit(0);
}

const [audioIndex, mode, what] = process.argv.slice(2);
if (!isMainThread) {
  const audio = await import(workerData.audioIndex);
  await keepWorking(audio, workerData.work, () => parentPort.postMessage('begun'), workerData.returned);
} else if (mode === 'terminate') await terminate(audioIndex, Number(what));
else await exit(audioIndex, what);
