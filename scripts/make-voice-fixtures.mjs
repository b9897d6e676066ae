// Makes test/fixtures/audio/voice: tone-voice recordings in several formats, spoken by the sandbox and converted by the
// command line. TEXTS.json beside them says what each one says. Run by hand; the results are checked in.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare, root, run } from './prepare.mjs';

const folder = join(root, 'test/fixtures/audio/voice');
const RECORDINGS = [
  { name: 'voice-48k-mono-s16.wav', text: 'Hello from Sluice', convert: [] },
  {
    name: 'voice-8k-mono-mulaw.wav',
    text: 'Your call may be transcribed',
    convert: ['--rate', '8000', '--codec', 'mulaw'],
  },
  {
    name: 'voice-44k1-stereo-s24.wav',
    text: 'Ça va 👋',
    convert: ['--rate', '44100', '--channels', '2', '--codec', 's24'],
  },
];

prepare();
mkdirSync(folder, { recursive: true });
const sluice = (...args) => run(process.execPath, ['dist/cli/main.js', ...args]);
const spoken = join(tmpdir(), `sluice-voice-${process.pid}.wav`);
for (const { name, text, convert } of RECORDINGS) {
  sluice('speak', '--sandbox', text, '-o', spoken);
  sluice('convert', spoken, join(folder, name), ...convert);
}
rmSync(spoken);
const texts = Object.fromEntries(RECORDINGS.map(({ name, text }) => [name, text]));
writeFileSync(join(folder, 'TEXTS.json'), `${JSON.stringify(texts, undefined, 2)}\n`);
