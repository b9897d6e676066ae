// Throws random JavaScript values at every export of the addon and of src/audio: functions, constructors, methods and
// accessors, found by looking, in random order over objects that live on, are reset and closed. Run in a process of its
// own (npm run fuzz -- boundary; test/unit/audio/boundary.test.ts), so that a crash is a failed test and not a lost one.
//
//   node boundary.mjs ADDON AUDIO_INDEX --seconds N --seed N [--calls N] [--trace]
//
// prints one line of JSON: { seed, calls, failures, unexercised, next }. The same seed makes the same calls, however long
// the run: --calls ends it at a number of them instead of a time, --trace names each on stderr before it is made, so that
// the last one is the one that crashed. `next` is the random number that would come next: two runs that agree in it have
// made the same calls.
//
// What must hold: a call returns, or throws a typed error with a code; a promise settles alike; nothing is written
// beside the memory that was lent; a closed object says so; every export has been seen to return.
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { inspect, parseArgs, types as typesOf } from 'node:util';
import { addonClasses, addonFunctions, audioClasses, audioFunctions } from './boundary-exports.mjs';
import { makeValues, randomFrom, thrownByUs } from './boundary-values.mjs';

const { values: options, positionals } = parseArgs({
  options: {
    seconds: { type: 'string' },
    seed: { type: 'string' },
    calls: { type: 'string' },
    trace: { type: 'boolean' },
  },
  allowPositionals: true,
});
const [addonPath, audioIndex] = positionals.map((path) => resolve(path));
const seed = Number(options.seed ?? 1);
process.env.SLUICE_ADDON = addonPath;
const audio = await import(pathToFileURL(audioIndex));
const addon = createRequire(import.meta.url)(addonPath);

const failures = [];
const seen = new Set();
let calls = 0;

/** Each kind of failure once. */
function fail(label, what) {
  const kind = `${label} ${String(what?.message ?? what)}`;
  if (seen.has(kind) || failures.length >= 30) return;
  seen.add(kind);
  failures.push(`call ${calls}, ${label}: ${what?.stack ?? inspect(what)}`);
}

// ---- What may come out

const isTyped = (error) =>
  (error instanceof TypeError ||
    error instanceof RangeError ||
    error instanceof audio.FormatError ||
    error instanceof audio.UnsupportedError) &&
  typeof error.code === 'string';
const isFromNode = (error) => typeof error?.code === 'string' && typeof error.syscall === 'string';
/** What the engine says of a value before any code of ours sees it. */
const FROM_ENGINE = /without 'new'|not a constructor|revoked|private member/; // the last: options that inherit one of our getters
const isFromEngine = (error) => error instanceof TypeError && FROM_ENGINE.test(error.message);
const isAllowed = (error) =>
  error === thrownByUs || isTyped(error) || isFromNode(error) || isFromEngine(error);

// ---- The exports, found by looking

const isClass = (value) =>
  typeof value === 'function' &&
  (/^class\b/.test(Function.prototype.toString.call(value)) ||
    Object.getOwnPropertyNames(value.prototype ?? {}).length > 1);

function methodsOf(Class) {
  return Reflect.ownKeys(Class.prototype)
    .filter((key) => key !== 'constructor')
    .map((key) => ({ key, ...Object.getOwnPropertyDescriptor(Class.prototype, key) }));
}

/** It starts programs, which would outlive the call; ffmpeg-reader.test.ts holds its arguments. */
const LEFT_OUT = 'FfmpegReader';

function* entriesOf(module, name, functions, classes) {
  for (const [key, exported] of Object.entries(module)) {
    const label = `${name}.${key}`;
    if (typeof exported !== 'function' || key === LEFT_OUT) continue;
    if (!isClass(exported)) {
      yield { label, call: exported, signature: functions[key] ?? unknown(exported.length) };
      continue;
    }
    const signatures = classes[key] ?? {};
    const type = {
      label,
      Class: exported,
      objects: [],
      signature: signatures.new ?? unknown(exported.length),
    };
    yield { label: `new ${label}`, type, construct: true, signature: type.signature };
    for (const { key: method, value, get } of methodsOf(exported)) {
      yield {
        label: `${label}.${String(method)}`,
        type,
        method,
        call: value ?? get,
        signature: signatures[method] ?? unknown(value?.length ?? 0),
      };
    }
  }
}

const unknown = (length) => Array.from({ length }, () => ['bytes', 'samples', 'count', 'text']);

// ---- Objects that live on

const random = randomFrom(seed);
const types = [];
const instances = {
  one: () => {
    const objects = types.flatMap((type) => [
      ...type.objects.map(({ object }) => object),
      type.Class.prototype,
    ]);
    return values.chance(0.1) ? Object.create(values.pick(objects)) : values.pick(objects);
  },
  /** In the middle of some other call: what they throw is not that call's. */
  closeOne: () => {
    const live = values.pick(types.flatMap((type) => type.objects));
    if (live) close(live);
  },
  callOne: () => {
    const entry = values.pick(entries.filter(({ type, construct }) => type && !construct));
    const live = values.pick(entry.type.objects);
    if (!live) return;
    try {
      Reflect.apply(entry.call, live.object, values.arguments(entry.signature, true));
    } catch (error) {
      if (!isAllowed(error)) fail(`${entry.label} inside a getter`, error);
    }
  },
};
const values = makeValues(random, instances);
const entries = [
  ...entriesOf(addon, 'addon', addonFunctions, addonClasses),
  ...entriesOf(audio, 'audio', audioFunctions, audioClasses),
];
for (const { type } of entries) if (type && !types.includes(type)) types.push(type);
const returned = new Set();

function close(live) {
  live.closed = typeof live.object.close === 'function';
  live.object.close?.();
}

/** An object to call a method on: a live one, mostly. There are never many: each reports its memory to V8. */
function objectOf(type) {
  if (type.objects.length === 0 || (type.objects.length < 5 && values.chance(0.2))) {
    try {
      const object = Reflect.construct(type.Class, values.arguments(type.signature, true));
      type.objects.push({ object, closed: false });
      returned.add(`new ${type.label}`);
    } catch (error) {
      if (!isAllowed(error)) fail(`new ${type.label}`, error);
    }
  } else if (values.chance(0.05)) {
    close(type.objects.splice(values.below(type.objects.length), 1)[0]);
  }
  return values.pick(type.objects);
}

// ---- One call

const pending = new Set();

function watch(label, promise, isAllowedHere) {
  const settled = promise.then(
    () => returned.add(label),
    (error) => {
      if (!isAllowedHere(error) && error?.name !== 'AbortError') fail(`${label}, rejected`, error);
    },
  );
  pending.add(settled);
  settled.finally(() => pending.delete(settled));
}

/** Watches the bytes around the arrays that are lent; answers what tells whether they are as they were. */
function guard(regions) {
  const surroundings = ({ buffer, begin, end }) => {
    const all = new Uint8Array(buffer);
    return Buffer.concat([all.subarray(0, begin), all.subarray(end)]);
  };
  const before = regions.map(surroundings);
  const isGone = ({ buffer }) => buffer.byteLength === 0; // transferred in the call
  return () => regions.every((region, i) => isGone(region) || surroundings(region).equals(before[i]));
}

/**
 * A value for --trace, such that nothing notices: only what lies in the value itself. A getter, a trap or a toString would
 * do here what it is to do in the call.
 */
function shown(value, depth = 0) {
  if (typesOf.isProxy(value)) return 'Proxy';
  if (typeof value === 'function') return 'function';
  if (typeof value !== 'object' || value === null) return inspect(value, { maxStringLength: 40 });
  if (typesOf.isTypedArray(value)) return `${typeOfArray.call(value)}(${lengthOfArray.call(value)})`;
  const type = types.find(({ Class }) => Object.getPrototypeOf(value) === Class.prototype);
  if (type) return type.label;
  if (depth > 1) return '{…}';
  const keys = Reflect.ownKeys(value).slice(0, 8);
  const members = keys.map((key) => {
    const { get, value: member } = Object.getOwnPropertyDescriptor(value, key);
    return `${String(key)}: ${get ? 'getter' : shown(member, depth + 1)}`;
  });
  return `{ ${members.join(', ')} }`;
}
const TypedArray = Object.getPrototypeOf(Uint8Array.prototype);
const getterOf = (key) => Object.getOwnPropertyDescriptor(TypedArray, key).get;
const typeOfArray = getterOf(Symbol.toStringTag);
const lengthOfArray = getterOf('length');

function apply(entry, self, args, newTarget) {
  if (!entry.construct) return Reflect.apply(entry.call, self, args);
  return Reflect.construct(entry.type.Class, args, newTarget ?? entry.type.Class);
}

/** `process.stderr` keeps what a reader that is behind has no room for, and a crash, or the end, would take it along. */
function traceNow(line) {
  for (let rest = Buffer.from(line); rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(2, rest));
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

/** Mostly what a careless caller does; now and then a wrong `this`, an odd new.target, a class without `new`. */
function once(entry) {
  const isGood = values.chance(0.4);
  const live = entry.type && !entry.construct ? objectOf(entry.type) : undefined;
  if (entry.type && !entry.construct && live === undefined) return;
  calls += 1;
  const args = values.arguments(entry.signature, isGood);
  const oddThis = !isGood && values.chance(0.15);
  const self = oddThis ? values.value() : live?.object;
  const newTarget =
    oddThis && entry.construct ? values.pick([Array, class {}, addon.WavReader, Proxy]) : undefined;
  if (options.trace) {
    const text = args.map((value) => shown(value)).join(', ');
    traceNow(`${calls} ${entry.label}(${text})${oddThis ? ` on ${shown(self)}` : ''}\n`);
  }
  const untouched = guard([...values.regions()]);
  const wasClosed = live?.closed && !oddThis;
  // Where `this` is odd, or Error itself makes text of a value, the engine's own TypeError will do, of any realm.
  const isLenient = oddThis || entry.type?.Class.prototype instanceof Error;
  const isAllowedHere = (error) => isAllowed(error) || (isLenient && error?.name === 'TypeError');
  try {
    const result = apply(entry, self, args, newTarget);
    if (result instanceof Promise) {
      watch(entry.label, result, isAllowedHere);
    } else {
      returned.add(entry.label);
      if (wasClosed && !/\.(close|Symbol\(.*\))$/.test(entry.label))
        fail(entry.label, 'works although it is closed');
    }
    if (entry.construct && isGood) keep(entry.type, result);
  } catch (error) {
    if (isGood && wasClosed && error?.code !== 'ERR_CLOSED') fail(`${entry.label} of a closed object`, error);
    if (!isAllowedHere(error)) fail(entry.label, error);
  }
  if (live && /\.close$|dispose/.test(entry.label) && self === live.object) live.closed = true;
  if (entry.label === 'addon.setErrorClasses')
    addon.setErrorClasses(audio.FormatError, audio.UnsupportedError);
  if (!untouched()) fail(entry.label, 'wrote beside the memory it was lent');
}

function keep(type, object) {
  if (type.objects.length < 5) type.objects.push({ object, closed: false });
  else object.close?.();
}

// ---- The run

process.on('uncaughtException', (error) => {
  if (!isAllowed(error)) fail('uncaught', error);
});
process.on('unhandledRejection', (error) => {
  if (!isAllowed(error)) fail('unhandled rejection', error);
});

const unexercised = () => entries.map(({ label }) => label).filter((label) => !returned.has(label));

/** What is called, without end: all entries, then any of them, so that a short run leaves nothing out; then a pause. */
function* sequence() {
  for (;;) {
    for (const entry of entries) for (let i = 0; i < 5; i++) yield entry;
    for (let i = 0; i < 100; i++) yield values.pick(entries);
    yield undefined;
  }
}

async function main() {
  const end = Date.now() + Number(options.seconds ?? 5) * 1000;
  const latest = end + 20_000; // on a busy machine chance takes its time
  const isEnough = () => Date.now() >= end && (unexercised().length === 0 || Date.now() >= latest);
  for (const entry of sequence()) {
    if (entry === undefined) {
      await turn(); // finalizers and the thread pool want turns of the event loop
      if (pending.size > 50) await Promise.race(pending);
      if (options.calls === undefined && isEnough()) break;
    } else if (calls >= Number(options.calls)) {
      break;
    } else {
      once(entry);
    }
  }
  const patience = AbortSignal.timeout(30_000);
  while (pending.size > 0 && !patience.aborted) await turn();
  if (pending.size > 0) fail('promises', `${pending.size} never settled`);
  console.log(JSON.stringify({ seed, calls, failures, unexercised: unexercised(), next: random() }));
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error); // a fault of the fuzzer's own
    process.exit(1);
  },
);
