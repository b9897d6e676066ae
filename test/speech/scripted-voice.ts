/**
 * What a scripted server of text to speech says.
 * Not here: the server (scripted-server.ts), a voice that can be understood (the sandbox).
 */
import { type Peer, READY } from './scripted-server.js';

export const TTS_READY = { ...READY, sample_rate: 48000, frame_size: 3840, audio_stream_names: [] };

/** Seconds that a word of a scripted voice takes, at any rate. */
export const WORD_S = 0.08;

export const audioMessage = (bytes: Uint8Array) => ({
  type: 'audio',
  audio: Buffer.from(bytes).toString('base64'),
  start_s: 0,
  stop_s: 0,
  stream_id: 0,
});

/** A streamed WAV's header: sizes unknown. */
export function wavHeader(sizes = 0xffffffff, rateHz = 48_000): Buffer {
  const bytes = Buffer.alloc(44);
  bytes.write('RIFF');
  bytes.writeUInt32LE(sizes, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(rateHz, 24);
  bytes.writeUInt32LE(2 * rateHz, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(sizes, 40);
  return bytes;
}

/** 80 ms of samples that no other word has: its number, over and over. */
export function wordAudio(nth: number, rateHz: number): Buffer {
  return Buffer.from(new Int16Array(WORD_S * rateHz).fill(nth + 1).buffer);
}

/** Sessions of so many words each, numbered through, as they are joined: a pause of 80 ms where one follows another. */
export function joined(sessions: number[], rateHz: number): { audio: Buffer; starts: number[] } {
  const audio: Buffer[] = [];
  const starts: number[] = [];
  for (const [i, words] of sessions.entries()) {
    if (i > 0) audio.push(Buffer.alloc(2 * WORD_S * rateHz));
    for (let word = 0; word < words; word++) {
      const nth = starts.length;
      starts.push(audio.length * WORD_S);
      audio.push(wordAudio(nth, rateHz));
    }
  }
  return { audio: Buffer.concat(audio), starts };
}

const WORD = /<[^>]*>|[^\s<]+/gu;

/** The words of a text message; tags are none. */
export const wordsOf = (text: string): string[] =>
  [...text.matchAll(WORD)].map(([word]) => word).filter((word) => !word.startsWith('<'));

export interface Voice {
  /** Of the samples; default 24 000. */
  rateHz?: number;
  /** Sent before the first audio. */
  head?: Buffer;
  /** The number of the first word's audio; default 0. */
  first?: number;
  ready?: object;
  /** Called after each word; a promise holds the voice up. */
  onWord?: (nth: number) => unknown;
}

/** Speaks each word as it is sent, 80 ms each, until the client's end_of_stream; then ends as the service does. */
export async function speakWords(peer: Peer, voice: Voice = {}): Promise<void> {
  const { rateHz = 24_000, head, first = 0, ready = TTS_READY, onWord = () => {} } = voice;
  await peer.next('setup');
  peer.send(ready);
  if (head) peer.send(audioMessage(head));
  let said = 0;
  for (;;) {
    const message = await peer.nextOf('text', 'end_of_stream');
    if (!message) return;
    if (message.type === 'end_of_stream') break;
    for (const word of wordsOf(message.text as string)) {
      const start_s = said * WORD_S;
      peer.send({ type: 'text', text: word, start_s, stop_s: start_s + WORD_S, stream_id: 0 });
      peer.send(audioMessage(wordAudio(first + said, rateHz)));
      await onWord(said++);
    }
  }
  peer.send({ type: 'end_of_stream' });
  peer.ws.close(1000);
}
