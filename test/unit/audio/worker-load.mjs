// Keeps the addon busy in worker threads and ends them in mid-call. Run by workers.test.ts in a process of its own.
//   node worker-load.mjs AUDIO_INDEX terminate COUNT   ends so many workers, one after the other: each while its calls,
//                                                      synchronous and not, are in flight and two others work on
//   node worker-load.mjs AUDIO_INDEX exit WHERE CODE   exits with CODE while workers and the main thread are at work, by
//                                                      process.exit in the main thread, or by throwing there
//   node worker-load.mjs AUDIO_INDEX one-by-one
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const LONG = new Int16Array(2_000_000); // tens of milliseconds a call: most ends come in mid-call
const CHUNK = new Uint8Array(64_000);

/** What an asynchronous function of src/audio takes; one that is not here reads a file. */
const ASYNC_ARGUMENTS = {
  resampleAsync: [LONG, { fromHz: 44_100, toHz: 48_000 }],
  convertSamplesAsync: [new Uint8Array(LONG.buffer), { from: 's16le', to: 'f32le' }],
  writeWavAsync: [LONG, { sampleRateHz: 8000, encoding: 's24' }],
  writeOggOpusAsync: [LONG, { sampleRateHz: 44_100 }],
};

/** Every …Async export over and over, several at a time, until the thread ends. */
async function workOffTheLoop(audio) {
  const wav = audio.writeWav(LONG, { sampleRateHz: 8000 });
  const files = { readWavAsync: wav, readOggOpusAsync: oggOpusFile(audio) };
  const functions = Object.entries(audio).filter(([name]) => name.endsWith('Async'));
  if (functions.length === 0) throw new Error('no asynchronous function is exported');
  const keepCalling = async ([name, call]) => {
    for (;;) await call(...(ASYNC_ARGUMENTS[name] ?? [files[name], {}]));
  };
  await Promise.all(functions.map(keepCalling));
}

/** 20 s of noise. */
function oggOpusFile(audio) {
  const encoder = new audio.OpusEncoder({ sampleRateHz: 48_000, complexity: 0 });
  const writer = new audio.OggOpusWriter({ channels: 1, preSkip: 312, inputSampleRateHz: 48_000 });
  const frame = Int16Array.from({ length: encoder.frameSamples }, (_, i) => (i * 7919) % 10_007);
  const pages = Array.from({ length: 1000 }, () => writer.write(encoder.encode(frame)));
  return Buffer.concat([...pages, writer.finish()]);
}

/** Every synchronous kind of call: short ones, long ones, those that throw. */
function workOnTheLoop(audio) {
  const framer = new audio.AudioFramer({
    from: { encoding: 's24le', sampleRateHz: 44_100, channels: 2 },
    to: 'pcm_24000',
  });
  const out = new Uint8Array(framer.maxOutputBytes(CHUNK.length) + 100_000);
  const transcoder = new audio.Transcoder({
    from: { encoding: 's24le', sampleRateHz: 44_100, channels: 2 },
    to: { encoding: 'f32le', sampleRateHz: 24_000 },
    channels: 'keep',
  });
  transcoder.processInto(CHUNK, new Uint8Array(transcoder.maxOutputBytes(CHUNK.length)));
  new audio.Resampler({ fromHz: 8000, toHz: 48_000, channels: 2 }).process(LONG.subarray(0, 2000));
  framer.processInto(CHUNK, out);
  try {
    audio.readWav(CHUNK);
  } catch {
    // no WAV: an error object made in the addon
  }
  audio.resample(LONG, { fromHz: 44_100, toHz: 48_000 });
  workOnOpus(audio);
}

/** Tens of milliseconds each way: most ends come in mid-encode. */
function workOnOpus(audio) {
  const encoder = new audio.OpusEncoder({ sampleRateHz: 16_000, complexity: 10 });
  const packets = 100;
  const out = new Uint8Array(packets * encoder.maxPacketBytes);
  const sizes = new Uint32Array(packets);
  const bytes = encoder.encodeFramesInto(LONG.subarray(0, packets * encoder.frameSamples), out, sizes);
  const decoder = new audio.OpusDecoder({ sampleRateHz: 48_000 });
  decoder.decodePacketsInto(out.subarray(0, bytes), sizes, new Float32Array(packets * 960));
}

async function work({ audioIndex, off }) {
  const audio = await import(audioIndex);
  if (off) {
    const working = workOffTheLoop(audio);
    parentPort.postMessage('busy'); // the first calls are in flight
    await working;
  }
  for (let i = 0; ; i++) {
    workOnTheLoop(audio);
    if (i === 0) parentPort.postMessage('busy');
  }
}

function start(audioIndex, off) {
  const worker = new Worker(new URL(import.meta.url), { workerData: { audioIndex, off } });
  worker.on('error', (error) => {
    console.error(error);
    process.exit(1);
  });
  return { worker, busy: new Promise((resolve) => worker.once('message', resolve)) };
}

async function terminate(audioIndex, count) {
  const others = [start(audioIndex, true), start(audioIndex, false)];
  await Promise.all(others.map(({ busy }) => busy));
  for (let i = 0; i < count; i++) {
    const { worker, busy } = start(audioIndex, i % 2 === 0);
    await busy;
    await worker.terminate();
  }
  await Promise.all(others.map(({ worker }) => worker.terminate()));
  // The main thread's own addon is unharmed.
  const audio = await import(audioIndex);
  const samples = audio.resample(new Int16Array(800), { fromHz: 8000, toHz: 16_000 });
  console.log(`alive: ${samples.length}`);
}

async function exit(audioIndex, how, code) {
  const audio = await import(audioIndex);
  await Promise.all([start(audioIndex, true), start(audioIndex, false)].map(({ busy }) => busy));
  workOffTheLoop(audio);
  if (how === 'exit') process.exit(code);
  process.on('exit', () => {
    process.exitCode = code;
  });
  throw new Error('on purpose');
}

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

const [audioIndex, mode, ...rest] = process.argv.slice(2);
if (!isMainThread) await (workerData.pairs ? openAllPairs(workerData.pairs) : work(workerData));
else if (mode === 'terminate') await terminate(audioIndex, Number(rest[0]));
else if (mode === 'exit') await exit(audioIndex, rest[0], Number(rest[1]));
else await oneByOne(audioIndex);
