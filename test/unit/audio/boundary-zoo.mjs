// Attacks the addon and src/audio with every kind of JavaScript value, in every argument position. Run by
// boundary.test.ts in a process of its own, so that a crash is a failed test and not a lost one.
//   node boundary-zoo.mjs ADDON AUDIO_INDEX   ->   one line of JSON: { calls, failures }
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [addonPath, audioIndex] = process.argv.slice(2);
process.env.SLUICE_ADDON = addonPath;
const audio = await import(audioIndex);
const addon = createRequire(import.meta.url)(addonPath);

const zooError = new Error('thrown by the zoo');
const raise = () => {
  throw zooError;
};

function detached(array) {
  structuredClone(array, { transfer: [array.buffer] });
  return array;
}
const resizable = (bytes, max) => new ArrayBuffer(bytes, { maxByteLength: max });
function outOfBounds(Type) {
  const buffer = resizable(64, 128);
  const view = new Type(buffer, 32, 4);
  buffer.resize(16);
  return view;
}
const viewTypes = [Uint8Array, Int16Array, Float32Array];
const otherTypes = [Int8Array, Uint8ClampedArray, Uint16Array, Int32Array, Float64Array, BigInt64Array];
if (globalThis.Float16Array) otherTypes.push(globalThis.Float16Array);

// Made once: each reserves gigabytes of address space.
const wasm = new WebAssembly.Memory({ initial: 1 });
const sharedWasm = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });

// Each entry makes a fresh value.
const zoo = [
  ...[
    NaN,
    Infinity,
    -Infinity,
    0,
    -0,
    1,
    -1,
    0.5,
    7,
    1e-320,
    1e308,
    65_535,
    65_536,
    2 ** 31,
    2 ** 32,
    2 ** 53,
    2 ** 64,
  ],
  ...[
    '',
    'x',
    '8000',
    's16le',
    'wav',
    'default',
    '\ud800',
    '\0',
    'RIFF',
    'é'.repeat(40),
    'x'.repeat(2 ** 16),
  ],
  ...[undefined, null, true, false, 5n, 2n ** 70n, Symbol('zoo'), Symbol.iterator],
  ...[Math.sin, () => 1, raise, class {}, Uint8Array, addon.Resampler, audio.AudioFramer],
].map((value) => () => value);
zoo.push(
  () => [],
  () => [1, 2, 3],
  () => ({}),
  () => ({ length: 1e308 }),
  () => ({ length: 8, byteLength: 8, buffer: new ArrayBuffer(8) }),
  () => Object.create(null),
  () => Object.freeze({}),
  () => new Date(0),
  () => new Map(),
  () => Promise.resolve(1),
  () => new Error('value'),
  () => /x/,
  () => ({ valueOf: raise, toString: raise, [Symbol.toPrimitive]: raise }),
  () => new Proxy({}, { get: raise, has: raise, getPrototypeOf: raise, ownKeys: raise }),
  () => new Proxy(new Uint8Array(8), {}),
  () => new Proxy(() => 1, {}),
  () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  () => new Number(8000),
  () => new String('s16le'),
  () => new ArrayBuffer(8),
  () => new SharedArrayBuffer(8),
  () => new DataView(new ArrayBuffer(8)),
  () => wasm.buffer,
  () => new Uint8Array(sharedWasm.buffer),
  () => new Uint8Array(wasm.buffer, 8, 64),
  () => Buffer.alloc(0),
  () => Buffer.from('RIFF\xff\xff\xff\xffWAVEfmt \xff\xff\xff\xff', 'latin1'),
  () => Buffer.from('some small pooled buffer'),
  () => new Uint8Array(2 ** 16),
  () => Object.setPrototypeOf(new Uint8Array(8), null),
  () => Object.setPrototypeOf(new Uint8Array(8), Int16Array.prototype),
  () => Object.defineProperty(new Uint8Array(8), 'length', { value: 2 ** 40 }),
  () => Object.defineProperty(new Int16Array(8), 'length', { get: raise }),
  () => Object.defineProperty(new Int16Array(8), 'length', { value: 2 ** 40 }),
  () => Object.defineProperty(new Int16Array(8), 'length', { value: Symbol('length') }),
  () => Object.defineProperty(new Int16Array(8), 'constructor', { get: raise }),
  ...[...viewTypes, ...otherTypes].flatMap((Type) => [
    () => new Type(0),
    () => new Type(8),
    () => new Type(new SharedArrayBuffer(64)),
    () => detached(new Type(8)),
    () => new Type(resizable(64, 128)),
    () => new Type(resizable(64, 128), 8),
    () => new Type(resizable(64, 128), 8, 2),
    () => outOfBounds(Type),
    () => new (class extends Type {})(8),
  ]),
  () => new addon.Resampler(8000, 16_000, 1, 'default', false),
  () => new addon.WavReader(),
  () => new audio.Resampler({ fromHz: 8000, toHz: 16_000 }),
);

const u8 = (n) => new Uint8Array(n);
const i16 = (n) => new Int16Array(n);
const opusPacket = () => Uint8Array.of(0xf8, 1, 2);
const wav = () => audio.writeWav(i16(8), { sampleRateHz: 8000 });
const OGG_OPUS_FILE = readFileSync(
  new URL('../../fixtures/audio/ogg/tiny-100-samples.opus', import.meta.url),
);
const oggOpus = () => Uint8Array.from(OGG_OPUS_FILE);

const failures = [];
const seen = new Set();
let calls = 0;

// Each kind of failure once: the pairs would tell it a thousand times.
function fail(label, error) {
  const kind = `${label.replace(/ (zoo|this) .*/, '')} ${error?.message ?? String(error)}`;
  if (!seen.has(kind) && failures.length < 50) failures.push(`${label}: ${error?.stack ?? String(error)}`);
  seen.add(kind);
}

const ours = (error) =>
  (error instanceof TypeError ||
    error instanceof RangeError ||
    /^(Format|Unsupported)Error$/.test(error?.name)) &&
  (typeof error.code === 'string' || /without 'new'|not a constructor|revoked/.test(error.message)); // the engine's own
const fromNode = (error) => typeof error?.code === 'string' && typeof error.syscall === 'string';
const allowed = (error) => error === zooError || ours(error) || fromNode(error);
const allowedForThis = (error) => error instanceof TypeError || allowed(error); // the engine's refusals have no code

/** What it rejects with is judged when it has come. */
const pending = [];

function attempt(label, run, isAllowed = allowed) {
  calls++;
  try {
    const result = run();
    if (result instanceof Promise)
      pending.push(result.catch((error) => isAllowed(error) || fail(`${label} rejects`, error)));
  } catch (error) {
    if (!isAllowed(error)) fail(label, error);
  }
}

function attackArguments(name, call, good, callAgain = call) {
  attempt(`${name}()`, () => call());
  const arity = good().length;
  for (let i = 0; i < arity; i++) {
    zoo.forEach((make, k) => {
      const args = good();
      args[i] = make();
      attempt(`${name} argument ${i} zoo ${k}`, () => call(...args));
    });
  }
  if (!ArrayBuffer.isView(good()[1])) return; // pairs matter where two borrowed arrays meet
  zoo.forEach((makeA, a) => {
    zoo.forEach((makeB, b) => {
      const args = good();
      args[0] = makeA();
      args[1] = makeB();
      attempt(`${name} zoo ${a}, ${b}`, () => callAgain(...args));
    });
  });
}

/**
 * Finalizers wait for a turn of the event loop, and there is none in here: what is not closed stays in memory, gigabytes
 * after 10^5 objects.
 */
function callAndClose(instance, method, args) {
  try {
    return instance[method](...args);
  } finally {
    instance.close?.();
  }
}

/**
 * For the pairs, 20 000 a method, of which making the objects would take three quarters of the time: one object as long as
 * it refuses what it is given, which leaves it as it was, and another after each call that was taken.
 */
function callsOnOneObject(make, method) {
  let instance;
  return (...args) => {
    instance ??= make();
    let isRefused = false;
    try {
      return instance[method](...args);
    } catch (error) {
      isRefused = error instanceof TypeError || error instanceof RangeError;
      throw error;
    } finally {
      if (!isRefused) {
        instance.close?.();
        instance = undefined;
      }
    }
  };
}

function attackOptions(name, call, first, goodOptions) {
  attackArguments(name, call, () => [...first(), goodOptions()]);
  for (const key of Object.keys(goodOptions())) {
    zoo.forEach((make, k) => {
      attempt(`${name} option ${key} zoo ${k}`, () => call(...first(), { ...goodOptions(), [key]: make() }));
    });
    attempt(`${name} option ${key} throws`, () =>
      call(...first(), Object.defineProperty(goodOptions(), key, { get: raise })),
    );
  }
}

function attackThis(name, method, goodThis, good) {
  const instance = goodThis();
  const wrong = [
    ...zoo,
    () => Object.create(instance),
    () => Object.getPrototypeOf(instance),
    () => new Proxy(instance, {}),
    () => Object.setPrototypeOf({}, Object.getPrototypeOf(instance)),
  ];
  wrong.forEach((make, k) => {
    attempt(`${name} this ${k}`, () => Reflect.apply(method, make(), good()), allowedForThis);
  });
  attempt(`new ${name}`, () => Reflect.construct(method, good()), allowedForThis);
}

// ---- the raw addon

const opusEncoderArguments = () => [8000, 1, 20_000, 'voip', 0, 'cvbr', 0, 'auto', false, false, 0];
const oggOpusEncoderArguments = () => [...opusEncoderArguments(), 'v', 'A=b\0', 7, 0];
const rawFunctions = {
  convertSamples: () => [u8(6), 's16le', 1, 'u8', 1],
  convertSamplesInto: () => [u8(6), 's16le', 1, 'u8', 1, u8(6)],
  stepLevels: () => [i16(8), 4],
  decodeMulaw: () => [u8(8)],
  encodeMulaw: () => [i16(8)],
  decodeAlaw: () => [u8(8)],
  encodeAlaw: () => [i16(8)],
  decodeMulawInto: () => [u8(8), i16(8)],
  encodeMulawInto: () => [i16(8), u8(8)],
  decodeAlawInto: () => [u8(8), i16(8)],
  encodeAlawInto: () => [i16(8), u8(8)],
  readWav: () => [wav(), true],
  readOggOpus: () => [oggOpus(), true, 1, 0, 100],
  probeWav: () => [wav()],
  writeWav: () => [i16(8), 's16', 8000, 1],
  writeOggOpus: () => [i16(8), ...oggOpusEncoderArguments()],
  resample: () => [i16(8), 8000, 16_000, 1, 'default'],
  writeTextFrame: () => [u8(8), 7, u8(16), 2],
};
const rawClasses = {
  WavReader: {
    good: () => [100],
    methods: {
      process: () => [u8(8)],
      skippableBytes: () => [],
      skip: () => [0],
      finish: () => [],
      info: () => [],
    },
  },
  WavDecoder: {
    good: () => [false, 100],
    methods: {
      processInto: () => [u8(8), i16(8)],
      finish: () => [],
      maxOutputSamples: () => [8],
      info: () => [],
      reset: () => [],
      close: () => [],
    },
  },
  WavWriter: {
    good: () => ['s16', 8000, 1, true],
    methods: {
      processInto: () => [i16(8), u8(200)],
      flushInto: () => [u8(200)],
      countInto: () => [8, u8(200)],
      headerInto: () => [u8(200)],
      maxOutputBytes: () => [8],
      frames: () => [],
      streamBytes: () => [],
      reset: () => [],
      close: () => [],
    },
  },
  OggPageReader: {
    good: () => [],
    methods: {
      process: () => [oggOpus()],
      flush: () => [],
      warnings: () => [],
      reset: () => [],
      close: () => [],
    },
  },
  OggOpusReader: {
    good: () => [],
    methods: {
      process: () => [oggOpus()],
      flush: () => [],
      count: () => [oggOpus()],
      info: () => [],
      reset: () => [],
      close: () => [],
    },
  },
  OggOpusDecoder: {
    good: () => [false, 1, 0, 100, 16_000],
    methods: {
      process: () => [oggOpus()],
      flush: () => [],
      push: () => [oggOpus()],
      end: () => [],
      readInto: () => [i16(5760)],
      channels: () => [],
      info: () => [],
      reset: () => [],
      close: () => [],
    },
  },
  OggOpusWriter: {
    good: () => [1, 312, 16_000, 0, 'v', 'A=b\0', 7, 0],
    methods: {
      writeInto: () => [opusPacket(), u8(100_000)],
      finishInto: () => [0, u8(100_000)],
      maxOutputBytes: () => [8],
      close: () => [],
    },
  },
  OggOpusEncoder: {
    good: () => [...oggOpusEncoderArguments(), false],
    methods: {
      processInto: () => [i16(8), u8(140_000)],
      flushInto: () => [u8(140_000)],
      maxOutputBytes: () => [8],
      maxFlushBytes: () => [],
      reset: () => [],
      close: () => [],
    },
  },
  OpusEncoder: {
    good: opusEncoderArguments,
    methods: {
      encodeInto: () => [i16(160), u8(1300)],
      encodeFramesInto: () => [i16(160), u8(1300), new Uint32Array(1)],
      encodeFrames: () => [i16(160)],
      frameSamples: () => [],
      maxPacketBytes: () => [],
      lookaheadFrames: () => [],
      layout: () => [],
      reset: () => [],
      close: () => [],
    },
  },
  OpusDecoder: {
    good: () => [8000, 1, 0, u8(1), 0],
    methods: {
      decodeInto: () => [opusPacket(), i16(160)],
      decodePacketsInto: () => [opusPacket(), Uint32Array.of(3), i16(160)],
      decodePackets: () => [opusPacket(), Uint32Array.of(3), true],
      concealInto: () => [160, i16(160)],
      decodeFecInto: () => [opusPacket(), 160, i16(160)],
      packetFrames: () => [opusPacket()],
      reset: () => [],
      close: () => [],
    },
  },
  Resampler: {
    good: () => [8000, 16_000, 1, 'default', false],
    methods: {
      processInto: () => [i16(8), i16(2000)],
      flushInto: () => [i16(2000)],
      maxOutputFrames: () => [8],
      latencyFrames: () => [],
      reset: () => [],
      close: () => [],
    },
  },
  Transcoder: {
    good: () => ['raw', 's16le', 8000, 1, 'f32le', 16_000, 2, 'default', 1000],
    methods: {
      processInto: () => [u8(8), u8(20_000)],
      flushInto: () => [u8(20_000)],
      maxOutputBytes: () => [8],
      flushBytes: () => [],
      frames: () => [],
      channels: () => [],
      leftoverBytes: () => [],
      info: () => [],
      reset: () => [],
      close: () => [],
    },
  },
  AudioFramer: {
    good: () => ['raw', 's16le', 8000, 1, 's16le', 16_000, 1, '"id"', 1000],
    methods: {
      processInto: () => [u8(8), u8(20_000)],
      flushInto: () => [u8(20_000)],
      maxOutputBytes: () => [8],
      maxFlushBytes: () => [],
      messageBytes: () => [],
      wireFrames: () => [],
      leftoverBytes: () => [],
      sourceInfo: () => [],
      reset: () => [],
      close: () => [],
    },
  },
};

for (const [name, good] of Object.entries(rawFunctions)) {
  attackArguments(`addon.${name}`, addon[name], good);
  zoo.forEach((make, k) => {
    attempt(`addon.${name} this ${k}`, () => Reflect.apply(addon[name], make(), good()));
  });
  attempt(`new addon.${name}`, () => Reflect.construct(addon[name], good()));
}
for (const [name, { good, methods }] of Object.entries(rawClasses)) {
  const Class = addon[name];
  attackArguments(`new addon.${name}`, (...args) => new Class(...args), good);
  zoo.forEach((make) => {
    const value = make();
    attempt(`addon.${name} without new`, () => Reflect.apply(Class, value, good()));
    if (typeof value === 'function') {
      // A class of ours behind another prototype, or a subclass: an instance all the same.
      attempt(`addon.${name} new.target`, () => {
        const odd = (() => {
          try {
            return Reflect.construct(Class, good(), value);
          } catch {
            return undefined; // not a constructor
          }
        })();
        if (odd)
          for (const method of Object.keys(methods))
            attempt(method, () => Class.prototype[method].call(odd, ...methods[method]()));
      });
    }
  });
  for (const [method, goodArgs] of Object.entries(methods)) {
    const call = (...args) => callAndClose(new Class(...good()), method, args);
    const callAgain = callsOnOneObject(() => new Class(...good()), method);
    attackArguments(`addon.${name}.${method}`, call, goodArgs, callAgain);
    attackThis(`addon.${name}.${method}`, Class.prototype[method], () => new Class(...good()), goodArgs);
    for (const other of Object.keys(rawClasses).filter((k) => k !== name)) {
      const stranger = new addon[other](...rawClasses[other].good());
      attempt(
        `addon.${name}.${method} of a ${other}`,
        () => Reflect.apply(Class.prototype[method], stranger, goodArgs()),
        allowedForThis,
      );
    }
  }
}
const listed = [
  ...Object.keys(rawFunctions),
  ...Object.keys(rawClasses),
  'setErrorClasses',
  'errorCodes',
  'simd',
];
for (const name of Object.keys(addon))
  if (!listed.includes(name)) failures.push(`addon.${name} is not attacked`);
for (const [name, { methods }] of Object.entries(rawClasses))
  for (const method of Object.getOwnPropertyNames(addon[name].prototype))
    if (method !== 'constructor' && !(method in methods))
      failures.push(`addon.${name}.${method} is not attacked`);

// Any order of calls, close and reset in the middle. A fixed seed.
let seed = 20_240_229;
const random = (n) => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((seed / 2 ** 32) * n);
};
for (const [name, { good, methods }] of Object.entries(rawClasses)) {
  const names = Object.keys(methods);
  for (let round = 0; round < 200; round++) {
    const object = new addon[name](...good());
    for (let step = 0; step < 30; step++) {
      const method = names[random(names.length)];
      const args = methods[method]().map((arg) => (random(4) === 0 ? zoo[random(zoo.length)]() : arg));
      attempt(`addon.${name} at random: ${method}`, () => object[method](...args));
    }
  }
}

// ---- the public functions and classes

const one = (make) => () => [make()];
const oggOpusOptions = () => ({ sample: 'int16', channels: 1, startS: 0, endS: 1 });
function writeOggOpusOptions() {
  const { signal: content, ...options } = opusEncoderOptions();
  return { ...options, content, tags: { A: 'b' }, serial: 7, pageMs: 0 };
}
attackOptions(
  'convertSamples',
  audio.convertSamples,
  one(() => u8(6)),
  () => ({ from: 's16le', to: 'u8', channels: 1, toChannels: 1 }),
);
attackOptions(
  'resample',
  audio.resample,
  one(() => i16(8)),
  () => ({ fromHz: 8000, toHz: 16_000, channels: 1, quality: 'fast' }),
);
attackOptions('readWav', audio.readWav, one(wav), () => ({ sample: 'int16' }));
attackOptions('readOggOpus', audio.readOggOpus, one(oggOpus), oggOpusOptions);
attackOptions(
  'writeOggOpus',
  audio.writeOggOpus,
  one(() => i16(8)),
  writeOggOpusOptions,
);
attackOptions(
  'writeWav',
  audio.writeWav,
  one(() => i16(8)),
  () => ({ sampleRateHz: 8000, channels: 1, encoding: 's16' }),
);
attackOptions(
  'planWire',
  audio.planWire,
  () => [],
  () => ({ encoding: 's16le', sampleRateHz: 8000, channels: 1 }),
);
attackOptions(
  'planWire of Ogg Opus',
  audio.planWire,
  () => [],
  () => ({ encoding: 'opus', sampleRateHz: 48_000, channels: 1, links: [1], warnings: ['page-lost'] }),
);
attackArguments('probeAudio', audio.probeAudio, one(wav));
attackArguments('audioContainer', audio.audioContainer, one(wav));
attackArguments('containerHeadBytes', audio.containerHeadBytes, one(wav));
attackArguments('wireAudio', audio.wireAudio, () => ['pcm', 'input']);
attackArguments('isWireFormat', audio.isWireFormat, () => ['pcm']);
attackArguments('simdInfo', audio.simdInfo, () => []);
attackArguments('stepLevels', audio.stepLevels, () => [i16(8), 4]);
for (const law of ['Mulaw', 'Alaw']) {
  attackArguments(
    `decode${law}`,
    audio[`decode${law}`],
    one(() => u8(8)),
  );
  attackArguments(
    `encode${law}`,
    audio[`encode${law}`],
    one(() => i16(8)),
  );
  attackArguments(`decode${law}Into`, audio[`decode${law}Into`], () => [u8(8), i16(8)]);
  attackArguments(`encode${law}Into`, audio[`encode${law}Into`], () => [i16(8), u8(8)]);
}

/** As attempt() sees a function that only ever rejects. */
const rejecting =
  (name) =>
  (...args) => {
    try {
      return audio[name](...args);
    } catch (error) {
      return fail(`${name} throws`, error);
    }
  };
const { signal } = new AbortController();
attackOptions(
  'convertSamplesAsync',
  rejecting('convertSamplesAsync'),
  one(() => u8(6)),
  () => ({ from: 's16le', to: 'u8', channels: 1, toChannels: 1, signal }),
);
attackOptions(
  'resampleAsync',
  rejecting('resampleAsync'),
  one(() => i16(2 ** 16)),
  () => ({ fromHz: 8000, toHz: 16_000, channels: 1, quality: 'fast', signal }),
);
attackOptions('readWavAsync', rejecting('readWavAsync'), one(wav), () => ({ sample: 'int16', signal }));
attackOptions('readOggOpusAsync', rejecting('readOggOpusAsync'), one(oggOpus), () => ({
  ...oggOpusOptions(),
  signal,
}));
attackOptions(
  'writeOggOpusAsync',
  rejecting('writeOggOpusAsync'),
  one(() => i16(2 ** 12)),
  () => ({ ...writeOggOpusOptions(), signal }),
);
attackOptions(
  'writeWavAsync',
  rejecting('writeWavAsync'),
  one(() => i16(2 ** 18)),
  () => ({ sampleRateHz: 8000, channels: 1, encoding: 's16', signal }),
);

const attackedHere =
  /^(convertSamplesInto|(convertSamples|resample|readWav|readOggOpus|writeOggOpus|writeWav)(Async)?|planWire|probeAudio|containerHeadBytes|audioContainer|wireAudio|isWireFormat|simdInfo|stepLevels|Resampler|Transcoder|AudioFramer|WavReader|WavWriter|Ogg(Page|Opus)Reader|OggOpus(Decoder|Encoder|Writer)|OpusEncoder|OpusDecoder)$/;
const notFromHere = /^(FormatError|UnsupportedError|FfmpegError|FfmpegReader)$/; // src/errors.ts; ffmpeg-reader.test.ts
for (const [name, value] of Object.entries(audio))
  if (
    typeof value === 'function' &&
    !attackedHere.test(name) &&
    !notFromHere.test(name) &&
    !/^(de|en)code/.test(name)
  )
    failures.push(`${name} is not attacked`);

function opusEncoderOptions() {
  return {
    sampleRateHz: 8000,
    channels: 1,
    frameMs: 20,
    application: 'voip',
    bitrate: 'auto',
    bitrateMode: 'cvbr',
    complexity: 0,
    signal: 'auto',
    fec: false,
    dtx: false,
    packetLossPercent: 0,
  };
}
const opusDecoderOptions = () => ({ sampleRateHz: 8000, gainDb: 0, sample: 'int16' });
const resamplerOptions = () => ({
  fromHz: 8000,
  toHz: 16_000,
  channels: 1,
  quality: 'fast',
  sample: 'int16',
});
const framerOptions = () => ({
  from: { encoding: 's16le', sampleRateHz: 8000, channels: 1 },
  to: 'pcm_16000',
  stepsPerMessage: 1,
  clientReqId: 'id',
  sourceBytes: 1000,
});
const transcoderOptions = () => ({
  from: { encoding: 's16le', sampleRateHz: 8000, channels: 1 },
  to: { encoding: 'f32le', sampleRateHz: 16_000, channels: 2 },
  channels: 'mix',
  quality: 'default',
  sourceBytes: 1000,
});
const wavReaderOptions = () => ({ sample: 'int16', fileBytes: 1000 });
const wavWriterOptions = () => ({ sampleRateHz: 8000, channels: 1, encoding: 's16', rf64: true });
const oggOpusWriterOptions = () => ({
  channels: 1,
  preSkip: 312,
  inputSampleRateHz: 16_000,
  gainDb: 0,
  tags: { A: 'b' },
  serial: 7,
  pageMs: 0,
});
attackOptions(
  'new Resampler',
  (o) => new audio.Resampler(o),
  () => [],
  resamplerOptions,
);
attackOptions(
  'new Transcoder',
  (o) => new audio.Transcoder(o),
  () => [],
  transcoderOptions,
);
for (const side of ['from', 'to'])
  attackOptions(
    `Transcoder ${side}`,
    (format) => new audio.Transcoder({ ...transcoderOptions(), [side]: format }),
    () => [],
    () => ({ container: 'raw', encoding: 's16le', sampleRateHz: 8000, channels: 1 }),
  );
attackOptions(
  'new AudioFramer',
  (o) => new audio.AudioFramer(o),
  () => [],
  framerOptions,
);
attackOptions(
  'new WavReader',
  (o) => new audio.WavReader(o),
  () => [],
  wavReaderOptions,
);
attackOptions(
  'new WavWriter',
  (o) => new audio.WavWriter(o),
  () => [],
  wavWriterOptions,
);
attackOptions(
  'new OggOpusDecoder',
  (o) => new audio.OggOpusDecoder(o),
  () => [],
  () => ({ ...oggOpusOptions(), sampleRateHz: 16_000 }),
);
attackOptions(
  'new OggOpusWriter',
  (o) => new audio.OggOpusWriter(o),
  () => [],
  oggOpusWriterOptions,
);
attackOptions(
  'new OggOpusEncoder',
  (o) => new audio.OggOpusEncoder(o),
  () => [],
  () => ({ ...writeOggOpusOptions(), sample: 'int16' }),
);
attackOptions(
  'OggOpusWriter.finish',
  (o) => new audio.OggOpusWriter(oggOpusWriterOptions()).finish(o),
  () => [],
  () => ({ samples: 0 }),
);
attackOptions(
  'new OpusEncoder',
  (o) => new audio.OpusEncoder(o),
  () => [],
  opusEncoderOptions,
);
attackOptions(
  'new OpusDecoder',
  (o) => new audio.OpusDecoder(o),
  () => [],
  () => ({ ...opusDecoderOptions(), channels: 1, layout: { streams: 1, coupled: 0, mapping: u8(1) } }),
);
attackOptions(
  'AudioFramer from',
  (from) => new audio.AudioFramer({ ...framerOptions(), from }),
  () => [],
  () => ({
    container: 'raw',
    encoding: 's16le',
    sampleRateHz: 8000,
    channels: 1,
  }),
);

const publicClasses = [
  {
    make: () => new audio.Resampler(resamplerOptions()),
    methods: {
      process: () => [i16(8)],
      processInto: () => [i16(8), i16(2000)],
      maxOutputFrames: () => [8],
      flush: () => [],
      flushInto: () => [i16(2000)],
      reset: () => [],
      close: () => [],
      latencyFrames: undefined,
    },
  },
  {
    make: () => new audio.Transcoder(transcoderOptions()),
    methods: {
      processInto: () => [u8(8), u8(20_000)],
      maxOutputBytes: () => [8],
      flushInto: () => [u8(20_000)],
      reset: () => [],
      close: () => [],
      maxFlushBytes: undefined,
      frames: undefined,
      outputFormat: undefined,
      leftoverBytes: undefined,
      info: undefined,
    },
  },
  {
    make: () => new audio.AudioFramer(framerOptions()),
    methods: {
      processInto: () => [u8(8), u8(20_000)],
      maxOutputBytes: () => [8],
      flushInto: () => [u8(20_000)],
      reset: () => [],
      close: () => [],
      maxFlushBytes: undefined,
      messageBytes: undefined,
      wireFrames: undefined,
      leftoverBytes: undefined,
      sourceInfo: undefined,
    },
  },
  {
    make: () => new audio.WavReader(wavReaderOptions()),
    methods: {
      process: () => [wav()],
      processInto: () => [u8(8), i16(8)],
      maxOutputSamples: () => [8],
      finish: () => [],
      reset: () => [],
      close: () => [],
      info: undefined,
    },
  },
  {
    make: () => new audio.WavWriter(wavWriterOptions()),
    methods: {
      process: () => [i16(8)],
      processInto: () => [i16(8), u8(200)],
      count: () => [8],
      maxOutputBytes: () => [8],
      flush: () => [],
      flushInto: () => [u8(200)],
      patches: () => [],
      reset: () => [],
      close: () => [],
      frames: undefined,
    },
  },
  {
    make: () => new audio.OggPageReader(),
    methods: {
      process: () => [oggOpus()],
      flush: () => [],
      reset: () => [],
      close: () => [],
      warnings: undefined,
    },
  },
  {
    make: () => new audio.OggOpusReader(),
    methods: {
      process: () => [oggOpus()],
      flush: () => [],
      reset: () => [],
      close: () => [],
      info: undefined,
    },
  },
  {
    make: () => new audio.OggOpusDecoder(oggOpusOptions()),
    methods: {
      process: () => [oggOpus()],
      flush: () => [],
      push: () => [oggOpus()],
      end: () => [],
      readInto: () => [i16(5760)],
      reset: () => [],
      close: () => [],
      channels: undefined,
      info: undefined,
    },
  },
  {
    make: () => new audio.OpusEncoder(opusEncoderOptions()),
    methods: {
      encode: () => [i16(160)],
      encodeInto: () => [i16(160), u8(1300)],
      encodeFramesInto: () => [i16(160), u8(1300), new Uint32Array(1)],
      encodeFramesAsync: () => [i16(160), { signal }],
      frameSamples: undefined,
      maxPacketBytes: undefined,
      lookaheadFrames: undefined,
      reset: () => [],
      close: () => [],
    },
  },
  {
    make: () => new audio.OggOpusEncoder(writeOggOpusOptions()),
    methods: {
      process: () => [i16(8)],
      processInto: () => [i16(8), u8(140_000)],
      maxOutputBytes: () => [8],
      flush: () => [],
      flushInto: () => [u8(140_000)],
      maxFlushBytes: undefined,
      reset: () => [],
      close: () => [],
    },
  },
  {
    make: () => new audio.OpusDecoder(opusDecoderOptions()),
    methods: {
      decode: () => [opusPacket()],
      decodeInto: () => [opusPacket(), i16(160)],
      decodePacketsInto: () => [opusPacket(), Uint32Array.of(3), i16(160)],
      decodePacketsAsync: () => [opusPacket(), Uint32Array.of(3), { signal }],
      conceal: () => [160],
      concealInto: () => [160, i16(160)],
      decodeFec: () => [opusPacket(), 160],
      decodeFecInto: () => [opusPacket(), 160, i16(160)],
      packetFrames: () => [opusPacket()],
      reset: () => [],
      close: () => [],
    },
  },
  {
    make: () => new audio.OggOpusWriter(oggOpusWriterOptions()),
    methods: {
      write: () => [opusPacket()],
      writeInto: () => [opusPacket(), u8(100_000)],
      maxOutputBytes: () => [8],
      finish: () => [],
      close: () => [],
    },
  },
];
for (const { make, methods } of publicClasses) {
  const { prototype, name } = make().constructor;
  for (const key of Object.getOwnPropertyNames(prototype))
    if (key !== 'constructor' && !(key in methods)) failures.push(`${name}.${key} is not attacked`);
  for (const [key, good] of Object.entries(methods)) {
    if (good) {
      const call = (...args) => callAndClose(make(), key, args);
      attackArguments(`${name}.${key}`, call, good, callsOnOneObject(make, key));
    }
    const method = good ? prototype[key] : Object.getOwnPropertyDescriptor(prototype, key).get;
    attackThis(`${name}.${key}`, method, make, good ?? (() => []));
  }
  attempt(`${name} without new`, () => Reflect.apply(make().constructor, undefined, [{}]));
}

await Promise.all(pending);

// ---- getters that pull the memory or the object away while the options are read

function expectCode(label, code, run) {
  calls++;
  try {
    run();
    failures.push(`${label}: nothing was thrown`);
  } catch (error) {
    if (error.code !== code) failures.push(`${label}: ${error.stack}`);
  }
}
for (const [name, call] of [
  [
    'convertSamples',
    (bytes, pull) =>
      audio.convertSamples(bytes, {
        get from() {
          return pull('s16le');
        },
        to: 'u8',
      }),
  ],
  [
    'readWav',
    (bytes, pull) =>
      audio.readWav(bytes, {
        get sample() {
          return pull('int16');
        },
      }),
  ],
]) {
  const bytes = wav();
  expectCode(`${name} with a getter that detaches`, 'ERR_INVALID_ARG', () =>
    call(bytes, (value) => {
      detached(bytes);
      return value;
    }),
  );
  const buffer = resizable(1024, 2048);
  const view = new Uint8Array(buffer);
  attempt(`${name} with a getter that shrinks`, () =>
    call(view, (value) => {
      buffer.resize(2);
      return value;
    }),
  );
}
const closing = new audio.Resampler(resamplerOptions());
const closer = Object.defineProperty(i16(8), 'length', {
  get() {
    closing.close();
    return 8;
  },
});
attempt('process with a length that closes', () => closing.process(closer));

// ---- error classes that are not what they should be: the worst comes last

const bad = () => addon.readWav(u8(3), true);
zoo.forEach((make, k) => {
  attempt(`setErrorClasses zoo ${k}`, () => addon.setErrorClasses(make(), make()));
  calls++;
  try {
    bad();
    failures.push('bad bytes were read');
  } catch {
    // Whatever such a class throws: the process is alive.
  }
});
addon.setErrorClasses(audio.FormatError, audio.UnsupportedError);
expectCode('after setErrorClasses', 'ERR_WAV_NOT_WAV', bad);

console.log(JSON.stringify({ calls, failures }));
