// npm run demo: the main job on carried recordings, from a bare clone, with no key and no network.
// Builds what is missing, then runs the real command line: real speech at several rates and widths and files with the
// sandbox's own tone voice go in, transcripts come out, through a sandbox that the command starts and stops itself.
import { prepare, run } from './prepare.mjs';

const SPEECH = [
  'speech-8k-mono-s16.wav',
  'speech-8k-mono-mulaw-sox.wav',
  'speech-16k-mono-s16-list-before-data-jfk.wav',
  'speech-44k1-mono-u8.wav',
  'speech-44k1-mono-s24.wav',
  'speech-44k1-stereo-s16.wav',
  'speech-48k-mono-s16.wav',
];

prepare();
console.log(`
The sandbox is a local server that speaks the service's protocol. It cannot understand human speech, and says so: each
stretch of it comes back as [speech]. It does understand its own tone voice, letter for letter, so what was spoken with
it is an honest check of the whole way: the text returns only if every sample on the way was right.
`);
const sluice = (...args) => run(process.execPath, ['dist/cli/main.js', ...args]);
const speech = SPEECH.map((name) => `test/fixtures/audio/wav/${name}`);
sluice('transcribe', '--sandbox', ...speech, 'test/fixtures/audio/voice');

console.log('\nThe same as subtitles, with the times of the recording:\n');
sluice('transcribe', '--sandbox', '--format', 'srt', 'test/fixtures/audio/voice/voice-8k-mono-mulaw.wav');
