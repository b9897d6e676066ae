// Random JavaScript values, good ones by kind and all others: what boundary.mjs throws at the addon and at src/audio.
// Not here: who takes what (boundary-exports.mjs), what must hold (boundary.mjs).
import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';

/** What every hostile getter, trap and callback throws: to be passed through untouched. */
export const thrownByUs = new Error('thrown by the fuzzer');
const raise = () => {
  throw thrownByUs;
};

/** splitmix32: any seed will do. */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
}

const OGG_OPUS_FILE = readFileSync(new URL('../fixtures/audio/ogg/tiny-100-samples.opus', import.meta.url));
const ARRAYS = [Uint8Array, Int16Array, Float32Array];
const OTHER_ARRAYS = [
  Int8Array,
  Uint8ClampedArray,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  ...(globalThis.Float16Array ? [globalThis.Float16Array] : []),
];
const WORDS = (
  'u8 s16le s16be s24le s24be s24in32le s24in32be s32le s32be f32le f32be f64le f64be mulaw alaw ' +
  's16 s24 s32 f32 f64 fast default best int16 float32 wav raw opaque opus pcm pcm_8000 pcm_24000 ulaw_8000 input output'
).split(' ');
const RATES = [8000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000];
const foreign = runInNewContext(
  '({ Uint8Array, Int16Array, Float32Array, ArrayBuffer, Object, Array, Proxy, Function, Promise })',
);
// Made once: each reserves gigabytes of address space.
const wasm = new WebAssembly.Memory({ initial: 1 });
const sharedWasm = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });

/**
 * A source of values.
 *
 * @param instances Live and closed objects of the classes under test, as values.
 */
export function makeValues(random, instances) {
  const below = (n) => Math.floor(random() * n);
  const chance = (p) => random() < p;
  const pick = (list) => list[below(list.length)];
  /** Arrays lent to the call at hand, for getters that pull them away. */
  let lent = [];
  /** Where the ordinary ones among them lie in memory that is otherwise nobody's. */
  let regions = [];
  const lend = (array) => {
    lent.push(array);
    return array;
  };

  // ---- Good values, by kind

  /** Now and then long enough that an asynchronous call leaves the event loop. */
  function length() {
    if (chance(0.003)) return 2 ** 20 + below(5000);
    return below(chance(0.1) ? 20_000 : 300);
  }
  function filled(array) {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    const step = below(256);
    for (let i = 0; i < Math.min(bytes.length, 4096); i++) bytes[i] = i * step;
    return array;
  }
  /** In memory of its own or amid some other, whole or as an odd view. */
  function array(Type, size = length()) {
    if (Type === Uint8Array && chance(0.2)) return lend(filled(Buffer.alloc(size)));
    const begin = below(9) * Type.BYTES_PER_ELEMENT;
    const end = begin + size * Type.BYTES_PER_ELEMENT;
    const buffer = new ArrayBuffer(end + below(9) * Type.BYTES_PER_ELEMENT);
    regions.push({ buffer, begin, end });
    return lend(filled(new Type(buffer, begin, size)));
  }
  function wav() {
    const [channels, bits] = [1 + below(3), pick([8, 16, 24, 32])];
    const bytes = array(Uint8Array, 44 + length());
    const head = Buffer.alloc(44);
    const frame = (channels * bits) / 8;
    head.write('RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0', 'latin1');
    head.writeUInt16LE(channels, 22);
    head.writeUInt32LE(pick(RATES), 24);
    head.writeUInt16LE(frame, 32);
    head.writeUInt16LE(bits, 34);
    head.write('data', 36);
    head.writeUInt32LE(chance(0.3) ? 0xffffffff : bytes.length - 44, 40);
    bytes.set(head);
    return bytes;
  }
  let packetBytes = 1;
  /** 20 ms, of one stream. */
  function opusPacket() {
    const packet = array(Uint8Array, 1 + below(300));
    packet[0] = 31 << 3;
    packetBytes = packet.length;
    return packet;
  }
  const samples = () => array(pick([Int16Array, Float32Array]));

  const kinds = {
    bytes: () => array(Uint8Array),
    wav: () => (chance(0.8) ? wav() : array(Uint8Array)),
    oggOpus: () => (chance(0.8) ? lend(Uint8Array.from(OGG_OPUS_FILE)) : array(Uint8Array)),
    opusPacket,
    int16: () => array(Int16Array),
    samples,
    roomBytes: () => array(Uint8Array, pick([0, 100, 30_000, 30_000, 200_000])),
    roomInt16: () => array(Int16Array, pick([0, 100, 30_000, 30_000])),
    roomSamples: () => array(pick([Int16Array, Float32Array]), pick([0, 100, 30_000, 30_000])),
    encoding: () => pick(WORDS.slice(0, 15)),
    wavEncoding: () => pick(['u8', 's16', 's24', 's32', 'f32', 'f64', 'mulaw', 'alaw', undefined]),
    wire: () => pick(['pcm_8000', 'pcm_16000', 'pcm_24000', 'pcm', 'ulaw_8000', 'alaw_8000', 'wav', 'opus']),
    wireEncoding: () => pick(['s16le', 'mulaw', 'alaw']),
    direction: () => pick(['input', 'output']),
    source: () => pick(['wav', 'raw', 'opaque']),
    transcoderSource: () => pick(['wav', 'raw']),
    channelPolicy: () => pick(['mix', 'keep']),
    quality: () => pick(['fast', 'default', 'best']),
    sample: () => pick(['int16', 'float32']),
    rate: () => pick(RATES),
    channels: () => 1 + below(2),
    steps: () => 1 + below(3),
    count: () => below(5000),
    block: () => 1 + below(500),
    bool: () => chance(0.5),
    opusRate: () => pick([8000, 16_000, 48_000]),
    frameUs: () => pick([2500, 20_000]),
    frameMs: () => pick([2.5, 20]),
    application: () => pick(['voip', 'audio', 'lowdelay']),
    bitrate: () => pick([6000, 64_000]),
    bitrateMode: () => pick(['vbr', 'cvbr', 'cbr']),
    opusSignal: () => pick(['auto', 'voice', 'music']),
    percent: () => below(11),
    one: () => 1,
    zero: () => 0,
    mapping: () => lend(Uint8Array.of(0)),
    lostFrames: () => 120 * below(50),
    // 2.5 or 20 ms of one or two channels at the rates above.
    opusFrame: () => array(pick([Int16Array, Float32Array]), pick([20, 40, 120, 160, 320, 960, 1920])),
    roomSizes: () => array(Uint32Array, below(20)),
    // Of the packet made before it.
    packetSizes: () => lend(Uint32Array.of(packetBytes)),
    json: () => pick(['', '"id"']),
    tags: () => pick(['', 'A=b\0']),
    text: () => pick([undefined, 'id', 'é\n"']),
    path: () => pick(['/dev/null', '/no/such/file.wav', 'package.json', '.']),
    callback: () => pick([() => {}, () => {}, () => {}, raise]),
    signal,
    errorClass: () => class extends Error {},
    optional: (kind) => (chance(0.5) ? undefined : good(kind)),
  };
  function signal() {
    const controller = new AbortController();
    const when = below(5);
    if (when === 0) controller.abort(thrownByUs);
    if (when === 1) queueMicrotask(() => controller.abort(thrownByUs));
    if (when === 2) setImmediate(() => controller.abort(thrownByUs));
    return pick([controller.signal, controller.signal, undefined]);
  }
  /** A kind is a name, `name?`, an object of kinds (options), or a list of alternatives. */
  function good(kind) {
    if (Array.isArray(kind)) return good(pick(kind));
    if (typeof kind === 'object') {
      return Object.fromEntries(Object.entries(kind).map(([key, value]) => [key, good(value)]));
    }
    return kind.endsWith('?') ? kinds.optional(kind.slice(0, -1)) : kinds[kind]();
  }

  // ---- All others

  function number() {
    return pick([
      () => pick([NaN, Infinity, -Infinity, 0, -0, 0.5, -1, 1e-320, 1e308, 2 ** 53, 2 ** 64, -(2 ** 31)]),
      () => 2 ** below(66) + pick([-1, 0, 1]),
      () => below(300) - 20,
      () => (random() - 0.5) * 2 ** below(60),
    ])();
  }
  function string() {
    return pick([
      () => pick(WORDS),
      () => pick(WORDS).toUpperCase(),
      () => String.fromCharCode(...Array.from({ length: below(40) }, () => below(0x10000))),
      () => 'x'.repeat(2 ** below(17)),
      () => pick(['', '\0', '\ud800', '__proto__', 'constructor', '8000', 'é'.repeat(600)]),
    ])();
  }
  function functionValue() {
    return pick([
      () => raise,
      () => () => value(2),
      () => async () => value(2),
      () =>
        function* () {
          yield value(2);
        },
      () => class extends pick(ARRAYS) {},
      () => Math.max.bind(null, 1),
      () => new Proxy(() => {}, { apply: raise, construct: raise }),
      () => foreign.Function('return 1'),
      () => pick([Uint8Array, Object, Promise, foreign.Int16Array]),
    ])();
  }

  const resizable = (size, max) => new ArrayBuffer(size, { maxByteLength: max });
  /** Typed arrays over every kind of memory, and those that are not what they look like. */
  function oddArray() {
    const Type = pick(chance(0.7) ? ARRAYS : OTHER_ARRAYS);
    const n = Type.BYTES_PER_ELEMENT;
    return pick([
      () => new Type(below(3)),
      () => lend(new Type(below(1000))),
      () => new Type(new SharedArrayBuffer(64)),
      () => new Type(new SharedArrayBuffer(64, { maxByteLength: 128 })),
      () => {
        const gone = new Type(8);
        structuredClone(gone, { transfer: [gone.buffer] });
        return gone;
      },
      () => lend(new Type(resizable(64, 4096))),
      () => lend(new Type(resizable(64, 4096), 8)),
      () => lend(new Type(resizable(64, 4096), 8, 2)),
      () => {
        const buffer = resizable(64, 128);
        const outside = new Type(buffer, 32, 2);
        buffer.resize(16);
        return outside;
      },
      () => new Type(pick([wasm, sharedWasm]).buffer, 8 * n, 16),
      () => new (class extends Type {})(8),
      () =>
        Object.setPrototypeOf(new Type(8), pick([null, Array.prototype, ...ARRAYS.map((T) => T.prototype)])),
      () => Object.defineProperty(new Type(8), pick(['length', 'byteLength', 'buffer']), { value: number() }),
      () =>
        Object.defineProperty(lend(new Type(8)), pick(['length', 'byteLength', 'constructor']), {
          get: sabotage,
        }),
      () => new Proxy(new Type(8), {}),
      () => new (foreign[Type.name] ?? Type)(8),
      () => new Type(new foreign.ArrayBuffer(64)),
      () => Object.create(Type.prototype),
      () => Object.create(new Type(8)),
      () => new DataView(new ArrayBuffer(16)),
      () => pick([new ArrayBuffer(8), new SharedArrayBuffer(8), wasm.buffer, resizable(8, 16)]),
      () => Buffer.from('some small pooled buffer'),
    ])();
  }
  /** Pulls away what the call has been lent, closes what it is about, or throws; what a getter or trap does. */
  function sabotage() {
    const target = pick(lent) ?? new Uint8Array(8);
    const { buffer } = target;
    pick([
      () => buffer instanceof ArrayBuffer && structuredClone(buffer, { transfer: [buffer] }),
      () => buffer.resizable && buffer.maxByteLength > 0 && buffer.resize(below(buffer.maxByteLength + 1)),
      () => instances.closeOne(),
      () => instances.callOne(),
      raise,
      () => {},
    ])();
    return value(3);
  }
  function proxy(depth) {
    const target = pick([
      () => ({}),
      () => [],
      () => oddArray(),
      () => functionValue(),
      () => instances.one(),
    ])();
    const handler = pick([
      {},
      { get: sabotage },
      { get: raise, has: raise, ownKeys: raise, getPrototypeOf: raise },
      { get: () => value(depth + 1) },
      { getPrototypeOf: () => pick(ARRAYS).prototype },
      foreign.Object(),
    ]);
    const made = Proxy.revocable(Object(target), handler);
    if (chance(0.2)) made.revoke();
    return chance(0.2) ? new Proxy(made.proxy, {}) : made.proxy;
  }
  function object(depth) {
    return pick([
      () => ({}),
      () => Object.create(null),
      () => [value(depth + 1), value(depth + 1)],
      () => ({ [pick(['length', 'from', 'sample', 'signal', 'then'])]: value(depth + 1) }),
      () => Object.defineProperty({}, 'then', { get: sabotage }),
      () => Object.freeze({ length: 8, byteLength: 8, buffer: new ArrayBuffer(8) }),
      () => ({ valueOf: sabotage, toString: sabotage, [Symbol.toPrimitive]: sabotage }),
      () => pick([new Date(NaN), new Map(), new WeakMap(), /x/g, new Error('value'), Promise.resolve(1)]),
      () => Object(pick([8000, 's16le', true, 5n, Symbol('boxed')])),
      () => ({
        aborted: false,
        addEventListener: raise,
        removeEventListener: raise,
        throwIfAborted: () => {},
      }),
      () => Object.create(AbortSignal.prototype),
      () => new foreign.Object(),
      () => globalThis,
    ])();
  }
  const sorts = [
    number,
    number,
    string,
    () => pick([undefined, null, true, false, 5n, 2n ** 70n, -1n, Symbol('value'), Symbol.iterator]),
    functionValue,
    oddArray,
    oddArray,
    oddArray,
    proxy,
    object,
    () => instances.one(),
    () => good(pick(Object.keys(kinds).filter((kind) => kind !== 'optional'))),
  ];
  /** Anything at all. */
  function value(depth = 0) {
    return depth > 3 ? number() : pick(sorts)(depth);
  }

  /** Options of which some are wrong, missing, of odd shape, or change things when they are read. */
  function spoiltOptions(options) {
    const spoilt = chance(0.1) ? Object.create(options) : { ...options };
    const keys = Object.keys(options);
    for (let i = below(2); i >= 0; i--) {
      const key = chance(0.9) && keys.length > 0 ? pick(keys) : string();
      const original = options[key];
      pick([
        () => delete spoilt[key],
        () => Object.defineProperty(spoilt, key, { value: value(), configurable: true, enumerable: true }),
        () => Object.defineProperty(spoilt, key, { get: sabotage, configurable: true, enumerable: true }),
        () =>
          Object.defineProperty(spoilt, key, {
            get: () => {
              sabotage();
              return original; // as if nothing had happened
            },
            configurable: true,
            enumerable: true,
          }),
      ])();
    }
    return chance(0.1) ? new Proxy(spoilt, pick([{}, { get: sabotage }])) : spoilt;
  }

  function spoil(args, signature) {
    for (let i = below(3); i >= 0; i--) {
      const at = below(args.length + 1);
      const isOptions = typeof signature[at] === 'object' && !Array.isArray(signature[at]);
      args[at] = isOptions && chance(0.8) ? spoiltOptions(good(signature[at])) : value();
    }
    if (chance(0.1)) args.length = below(args.length + 1);
    return args;
  }

  return {
    below,
    chance,
    pick,
    value,
    /** Arguments for a signature, good or spoilt. */
    arguments(signature, isGood) {
      lent = [];
      regions = [];
      const args = signature.map(good);
      return isGood ? args : spoil(args, signature);
    },
    regions: () => regions,
  };
}
