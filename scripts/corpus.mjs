// npm run test:corpus -- DIR: holds every file of a folder with a TRUTH.json to its verdict and prints what fails.
//
// TRUTH.json (any section may be missing):
//   wav, ogg   { "path": { "house": { result, frames, channels, rate, warnings, f32_sha256, names, … } } }
//   resample   { pairs, alias, impulse, dc }: what conversions at default quality must reach
//   g711       { reference: { mulaw_encode, alaw_encode, mulaw_decode, alaw_decode } }: tables to equal
// It reads those fields only; nothing depends on a file's name.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fail, prepare } from './prepare.mjs';

const [directory] = process.argv.slice(2);
if (directory === undefined) fail('which folder? npm run test:corpus -- DIR (a folder with a TRUTH.json)');
// npm runs scripts in the project's folder; a relative path is meant from where the user stands.
const folder = resolve(process.env.INIT_CWD ?? '.', directory);
const truthPath = join(folder, 'TRUTH.json');
if (!existsSync(truthPath)) fail(`${truthPath} does not exist: the folder must hold a TRUTH.json`);
prepare();
const audio = await import('../dist/audio/index.js');

const truth = readTruth();
const read = (path) => readFileSync(join(folder, path));
const counts = { passed: 0, failed: 0 };

function readTruth() {
  try {
    return Object(JSON.parse(readFileSync(truthPath, 'utf8')));
  } catch (error) {
    return fail(`${truthPath} is no JSON: ${error.message}`);
  }
}

/** Runs one check; `body` returns the list of what is wrong. */
function hold(name, body) {
  let faults;
  try {
    faults = body();
  } catch (error) {
    faults = [`threw ${error?.stack ?? error}`];
  }
  if (faults.length === 0) {
    counts.passed += 1;
    return;
  }
  counts.failed += 1;
  console.log(`FAIL ${name}`);
  for (const fault of faults) console.log(`     ${fault}`);
}

function differences(want, got) {
  return Object.keys(want)
    .filter((key) => JSON.stringify(want[key]) !== JSON.stringify(got[key]))
    .map((key) => `${key}: want ${JSON.stringify(want[key])}, got ${JSON.stringify(got[key])}`);
}

const ERROR_CLASS = { 'format-error': 'FormatError', unsupported: 'UnsupportedError' };

function verdictOfError(house, read) {
  try {
    read();
  } catch (error) {
    const faults = differences({ class: ERROR_CLASS[house.result] }, { class: error?.name });
    if (!String(error?.code).startsWith('ERR_')) faults.push(`code ${error?.code} is no public code`);
    if (!Number.isSafeInteger(error?.byteOffset)) faults.push(`byteOffset ${error?.byteOffset} is no offset`);
    const message = String(error?.message).toLowerCase();
    const missing = (house.names ?? []).filter((word) => !message.includes(word.toLowerCase()));
    if (missing.length > 0) faults.push(`message lacks ${missing.join(', ')}: ${error?.message}`);
    return faults;
  }
  return [`accepted, want ${house.result}`];
}

const isSalvage = (warnings) => warnings.includes('truncated') || warnings.includes('partial-frame');

function facts(info) {
  return {
    result: isSalvage(info.warnings) ? 'salvage' : 'ok',
    frames: info.frames,
    channels: info.channels,
    rate: info.sampleRateHz,
    warnings: [...info.warnings].sort(),
  };
}

function sha256(samples) {
  return createHash('sha256')
    .update(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength))
    .digest('hex');
}

function wavFaults(path, house) {
  const bytes = read(path);
  const readers = {
    read: () => audio.readWav(bytes, { sample: 'float32' }),
    probe: () => audio.probeAudio(join(folder, path)),
  };
  if (house.result in ERROR_CLASS) {
    return Object.entries(readers).flatMap(([name, reader]) =>
      verdictOfError(house, reader).map((fault) => `${name}: ${fault}`),
    );
  }
  const { result, frames, channels, rate } = house;
  const want = { result, frames, channels, rate, warnings: [...house.warnings].sort() };
  const wav = readers.read();
  return [
    ...differences(
      { ...want, f32_sha256: house.f32_sha256 },
      { ...facts(wav), f32_sha256: sha256(wav.samples) },
    ),
    ...differences(want, facts(readers.probe())).map((fault) => `probe: ${fault}`),
  ];
}

// --- Ogg Opus

/** Cuts pages and packets. */
const ODD_CHUNK_BYTES = 10_007;

function oggFaults(path, house) {
  const readIt = () => audio.readOggOpus(read(path));
  if (house.result in ERROR_CLASS) return verdictOfError(house, readIt);
  const ogg = readIt();
  const [first] = ogg.links;
  const { result, frames, channels, rate, preskip, gain_q8, vendor, comments } = house;
  const want = { result, frames, channels, rate, preskip, gain_q8, vendor, comments };
  const got = {
    ...facts(ogg),
    preskip: first.preSkip,
    gain_q8: first.gainDb * 256,
    vendor: first.vendor,
    comments: first.commentCount,
  };
  const linkFacts = ogg.links.map((link) => ({ channels: link.channels, frames: link.frames }));
  return [
    ...differences({ ...want, warnings: [...house.warnings].sort() }, got),
    ...(house.links ? differences({ links: house.links }, { links: linkFacts }) : []),
    ...(house.decoded ? decodedFaults(house.decoded, ogg.samples) : []),
    ...chunkedFaults(path, ogg),
  ];
}

/** The classes that read in chunks give what was read at once. */
function chunkedFaults(path, { samples, frames, warnings, links }) {
  const bytes = read(path);
  const decoder = new audio.OggOpusDecoder();
  const reader = new audio.OggOpusReader();
  const parts = [];
  const packets = [];
  for (let at = 0; at < bytes.length; at += ODD_CHUNK_BYTES) {
    const chunk = bytes.subarray(at, at + ODD_CHUNK_BYTES);
    parts.push(decoder.process(chunk));
    packets.push(...reader.process(chunk));
  }
  parts.push(decoder.flush());
  packets.push(...reader.flush());
  const want = { frames, warnings, links: links.length, counted: frames, same: true };
  const { info } = reader;
  const got = {
    frames: decoder.info.frames,
    warnings: info.warnings,
    links: info.links.length,
    counted: packets.reduce((sum, { begin, end }) => sum + end - begin, 0),
    same: sha256(samples) === sha256(Buffer.concat(parts.map(({ buffer }) => new Uint8Array(buffer)))),
  };
  decoder.close();
  reader.close();
  return differences(want, got).map((fault) => `in chunks: ${fault}`);
}

/** Held to what another decoder made of it, in 16-bit little-endian samples. */
function decodedFaults({ file, max_lsb, min_snr_db }, samples) {
  const bytes = read(file);
  const want = Float64Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readInt16LE(2 * i));
  if (want.length !== samples.length) return [`${file}: want ${want.length} samples, got ${samples.length}`];
  const errors = want.map((x, i) => Math.abs(x - samples[i]));
  const worst = errors.reduce((most, x) => Math.max(most, x), 0);
  if (max_lsb !== undefined && worst > max_lsb) return [`${file}: off by ${worst}, tolerance ${max_lsb}`];
  const snr = 10 * Math.log10(energy(want) / energy(errors));
  if (min_snr_db !== undefined && !(snr >= min_snr_db))
    return [`${file}: SNR ${snr.toFixed(1)} dB < ${min_snr_db}`];
  return [];
}

// --- resampling

const decibels = (ratio) => 20 * Math.log10(ratio);
const energy = (samples) => samples.reduce((sum, x) => sum + x * x, 0);
const rms = (samples) => Math.sqrt(energy(samples) / samples.length);

function samplesOf(path) {
  return audio.readWav(read(path), { sample: 'float32' }).samples;
}

function trimmed(samples, share) {
  const cut = Math.floor(samples.length * share);
  return Float64Array.from(samples.subarray(cut, samples.length - cut));
}

function toInt16(samples) {
  return Int16Array.from(samples, (x) => Math.max(-32768, Math.min(32767, Math.round(x * 32768))));
}

function snrDb(want, got, share) {
  const reference = trimmed(want, share);
  const test = trimmed(got.subarray(0, want.length), share);
  return 10 * Math.log10(energy(reference) / energy(reference.map((x, i) => x - test[i])));
}

function pairFaults(row) {
  const input = samplesOf(row.in);
  const want = samplesOf(row.out);
  const rates = { fromHz: row.from, toHz: row.to };
  const faults = [];
  const float = audio.resample(input, rates);
  if (float.length !== want.length) faults.push(`frames: want ${want.length}, got ${float.length}`);
  const floatDb = snrDb(want, float, row.trim);
  if (!(floatDb >= row.min_snr_db_float32))
    faults.push(`float32 SNR ${floatDb.toFixed(1)} dB < ${row.min_snr_db_float32}`);
  const int16 = Float32Array.from(audio.resample(toInt16(input), rates), (x) => x / 32768);
  const int16Db = snrDb(want, int16, row.trim);
  if (!(int16Db >= row.min_snr_db_int16))
    faults.push(`int16 SNR ${int16Db.toFixed(1)} dB < ${row.min_snr_db_int16}`);
  return faults;
}

function aliasFaults(row) {
  const input = samplesOf(row.in);
  const output = audio.resample(input, { fromHz: row.from, toHz: row.to });
  const residue = decibels(rms(trimmed(output, row.trim)) / rms(input));
  return residue <= row.max_residue_db ? [] : [`residue ${residue.toFixed(1)} dB > ${row.max_residue_db}`];
}

function impulseFaults(row) {
  const output = audio.resample(samplesOf(row.in), { fromHz: row.from, toHz: row.to });
  const sum = output.reduce((total, y) => total + y, 0);
  const centre = output.reduce((total, y, k) => total + k * y, 0) / sum;
  const faults = differences({ frames: row.frames }, { frames: output.length });
  // The tolerance of the sum is a share of it.
  if (!(Math.abs(sum - row.sum) <= row.sum_tolerance * Math.abs(row.sum)))
    faults.push(`sum ${sum}, want ${row.sum}`);
  if (!(Math.abs(centre - row.centre) <= row.centre_tolerance))
    faults.push(`centre ${centre}, want ${row.centre}`);
  return faults;
}

function dcFaults(row) {
  const output = audio.resample(samplesOf(row.in), { fromHz: row.from, toHz: row.to });
  const faults = differences({ frames: row.frames }, { frames: output.length });
  const worst = trimmed(output, row.trim).reduce((most, y) => Math.max(most, Math.abs(y - row.value)), 0);
  if (!(worst <= row.tolerance)) faults.push(`off by ${worst}, tolerance ${row.tolerance}`);
  return faults;
}

const RESAMPLE = { pairs: pairFaults, alias: aliasFaults, impulse: impulseFaults, dc: dcFaults };

// --- G.711

const everyInt16 = () => Int16Array.from({ length: 65_536 }, (_, i) => i - 32_768);
const everyCode = () => Uint8Array.from({ length: 256 }, (_, i) => i);
const bytesOf = (samples) => Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);

const G711 = {
  mulaw_encode: () => Buffer.from(audio.encodeMulaw(everyInt16())),
  alaw_encode: () => Buffer.from(audio.encodeAlaw(everyInt16())),
  mulaw_decode: () => bytesOf(audio.decodeMulaw(everyCode())),
  alaw_decode: () => bytesOf(audio.decodeAlaw(everyCode())),
};

function tableFaults(want, got) {
  const at = want.findIndex((byte, i) => byte !== got[i]);
  if (want.length !== got.length) return [`length: want ${want.length}, got ${got.length}`];
  return at === -1 ? [] : [`byte ${at}: want ${want[at]}, got ${got[at]}`];
}

// --- the run

for (const [path, { house }] of Object.entries(truth.wav ?? {})) hold(path, () => wavFaults(path, house));
for (const [path, { house }] of Object.entries(truth.ogg ?? {})) hold(path, () => oggFaults(path, house));
for (const [kind, faults] of Object.entries(RESAMPLE)) {
  for (const row of truth.resample?.[kind] ?? [])
    hold(`${kind} ${row.in} ${row.from} -> ${row.to}`, () => faults(row));
}
for (const [name, table] of Object.entries(G711)) {
  const path = truth.g711?.reference?.[name];
  if (path !== undefined) hold(path, () => tableFaults(read(path), table()));
}
console.log(
  `corpus: ${Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')}`,
);
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0);
