// One contender of bench/speech/stt.mjs, alone in its process, which that forks: node contender.mjs KIND WHAT. For each
// { url, sessions, seconds } it gets it transcribes so many recordings of so many seconds at once, and answers
// { words, userUs, systemUs, rssMb }. Not here: whether that is right, and how it compares.
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { writeWav } from '../../../dist/audio/index.js';
import { Gradium } from '../../../dist/gradium/index.js';
import { speech } from '../../speech.mjs';

const HIGH_WATER_BYTES = 256 * 1024;
const LOW_WATER_BYTES = 64 * 1024;
const SETUP = { type: 'setup', model_name: 'default', json_config: { language: 'any', delay_in_frames: 10 } };

// ---- Recordings

/** s16le on every machine that this runs on. */
function pcm(sampleRateHz, seconds) {
  const samples = speech(sampleRateHz, seconds);
  return Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
}

function wav(sampleRateHz, seconds, encoding, channels) {
  const mono = speech(sampleRateHz, seconds);
  const samples = new Int16Array(mono.length * channels);
  for (let i = 0; i < samples.length; i++) samples[i] = mono[Math.floor(i / channels)];
  return Buffer.from(writeWav(samples, { sampleRateHz, channels, encoding }));
}

/** In the system's cache: reading is measured, the disk is not. */
function wavFile(...description) {
  const path = join(tmpdir(), `sluice-bench-${process.pid}.wav`);
  writeFileSync(path, wav(...description));
  process.on('exit', () => rmSync(path, { force: true }));
  return path;
}

// ---- By hand on ws

/** One session; `send(ws, audio, at, end, sent)` sends a message of audio, all else is the same for both kinds. */
function drive(url, setup, audio, messageBytes, send) {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(`${url.replace('http', 'ws')}/speech/asr`, { perMessageDeflate: false });
    const words = [];
    let at = 0;
    const pump = () => {
      for (; at < audio.length && ws.bufferedAmount < HIGH_WATER_BYTES; at += messageBytes) {
        send(ws, audio, at, Math.min(at + messageBytes, audio.length), sent);
      }
      if (at >= audio.length) ws.send('{"type":"end_of_stream"}');
    };
    const sent = () => {
      if (at < audio.length && ws.bufferedAmount < LOW_WATER_BYTES) pump();
    };
    ws.on('open', () => {
      ws.send(JSON.stringify(setup));
      pump();
    });
    ws.on('message', (data) => {
      const message = JSON.parse(data.toString());
      if (message.type === 'text') {
        words.push({ text: message.text, startS: message.start_s, stopS: message.start_s });
      } else if (message.type === 'end_text') {
        words.at(-1).stopS = message.stop_s;
      } else if (message.type === 'error') {
        reject(new Error(message.message));
      }
    });
    ws.on('error', reject);
    ws.on('close', () => resolve(words.length));
  });
}

const sendPlain = (ws, audio, at, end, sent) =>
  ws.send(JSON.stringify({ type: 'audio', audio: audio.subarray(at, end).toString('base64') }), sent);

const HEAD = Buffer.from('{"type":"audio","audio":"');
const TAIL = Buffer.from('"}');
const TEXT = { binary: false };
/** ws masks what it is given into memory of its own, so that one Buffer serves every message. */
const reused = Buffer.alloc(128 * 1024);
reused.set(HEAD);
function sendReusing(ws, audio, at, end, sent) {
  const tailAt = HEAD.length + reused.latin1Write(audio.base64Slice(at, end), HEAD.length);
  reused.set(TAIL, tailAt);
  ws.send(reused.subarray(0, tailAt + TAIL.length), TEXT, sent);
}

function byHand(rateHz, messageMs, send) {
  const setup = { ...SETUP, input_format: `pcm_${rateHz}` };
  const messageBytes = (rateHz * 2 * messageMs) / 1000;
  return {
    prepare: (seconds) => pcm(rateHz, seconds),
    transcribe: (url, audio) => drive(url, setup, audio, messageBytes, send),
  };
}

// ---- Ours, as its users call it

function ours(prepare, options) {
  let gradium;
  return {
    prepare,
    async transcribe(url, source) {
      gradium ??= new Gradium({ apiKey: 'none', baseUrl: url });
      const { words } = await gradium.stt.transcribe(source, { ...options, retries: 0 });
      return words.length;
    },
  };
}

const ofPcm = (sampleRateHz, messageMs) =>
  ours((seconds) => pcm(sampleRateHz, seconds), {
    format: { encoding: 's16le', sampleRateHz },
    stepsPerMessage: messageMs / 80,
  });

const KINDS = {
  plain: (rateHz, messageMs) => byHand(rateHz, messageMs, sendPlain),
  bufferutil: (rateHz, messageMs) => byHand(rateHz, messageMs, sendReusing),
  ours: ofPcm,
};
const WHATS = {
  '24 kHz, 80 ms': (kind) => kind(24_000, 80),
  '24 kHz, 800 ms': (kind) => kind(24_000, 800),
  '16 kHz, 80 ms': (kind) => kind(16_000, 80),
  '16 kHz WAV file': () => ours((seconds) => wavFile(16_000, seconds, 's16', 1)),
  '44.1 kHz 24-bit stereo WAV': () => ours((seconds) => wav(44_100, seconds, 's24', 2)),
};

const [kind, what] = process.argv.slice(2);
const { prepare, transcribe } = WHATS[what](KINDS[kind]);
let source;

process.on('message', async ({ url, sessions, seconds }) => {
  source ??= prepare(seconds);
  const before = process.cpuUsage();
  const counts = await Promise.all(Array.from({ length: sessions }, () => transcribe(url, source)));
  const { user, system } = process.cpuUsage(before);
  process.send({
    words: counts.reduce((sum, count) => sum + count),
    userUs: user,
    systemUs: system,
    rssMb: process.memoryUsage.rss() / 1e6,
  });
});
process.on('disconnect', () => process.exit());
