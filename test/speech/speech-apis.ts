/**
 * Every call of the client that asks the service for something, in one form: what was said goes in, as text or as sound, and
 * the same comes out, as sound or as text; or an error.
 * Not here: what is done to the service meanwhile.
 */
import type { Gradium, GradiumConnection } from '../../src/gradium/index.js';

/** Of all sound here. */
export const WIRE = 'pcm_16000';
export const FORMAT = { encoding: 's16le', sampleRateHz: 16_000 } as const;

/** Something with `stt`, `tts` and `s2s`. */
export type Speaker = Gradium | GradiumConnection;

export interface CallOptions {
  retries?: number;
  deadlines?: { setupMs?: number; idleMs?: number };
}

/** A text, and how it sounds. */
export interface Said {
  text: string;
  audio: Buffer;
}

export interface Api {
  name: string;
  route: 'stt' | 'tts' | 's2s';
  transport: 'websocket' | 'post';
  /** Sound goes out as it comes, and with it the chance of a new attempt. */
  handsOutSound: boolean;
  /** What was heard, or how it sounds: either is a property of `said`. */
  call(speaker: Speaker, said: Said, options: CallOptions): Promise<string | Buffer>;
}

function apis(): Api[] {
  const spoken = { voiceId: 'YTpq7expH9539ERJ', outputFormat: WIRE } as const;
  // No pause behind the audio, and no pace: the sandbox needs neither.
  const translated = { ...spoken, format: FORMAT, targetLanguage: 'en', pace: 0, tailSilenceS: 0 } as const;
  const transcribe =
    (transport: Api['transport']): Api['call'] =>
    async ({ stt }, { audio }, options) =>
      (await stt.transcribe(audio, { format: FORMAT, transport, ...options })).text;
  const synthesize =
    (transport: Api['transport']): Api['call'] =>
    async ({ tts }, { text }, options) =>
      (await tts.synthesize(text, { ...spoken, transport, ...options })).data;
  const buffered = { transport: 'websocket', handsOutSound: false } as const;
  const posted = { transport: 'post', handsOutSound: false } as const;

  return [
    { name: 'stt.transcribe', route: 'stt', ...buffered, call: transcribe('websocket') },
    { name: 'stt.transcribe over POST', route: 'stt', ...posted, call: transcribe('post') },
    {
      name: 'stt.stream',
      route: 'stt',
      ...buffered,
      async call({ stt }, { audio }, options) {
        const stream = stt.stream({ format: FORMAT, ...options });
        stream.end(audio);
        const words: string[] = [];
        for await (const event of stream) if (event.type === 'word') words.push(event.word.text);
        return words.join(' ');
      },
    },
    { name: 'tts.synthesize', route: 'tts', ...buffered, call: synthesize('websocket') },
    { name: 'tts.synthesize over POST', route: 'tts', ...posted, call: synthesize('post') },
    {
      name: 'tts.stream',
      route: 'tts',
      ...buffered,
      handsOutSound: true,
      async call({ tts }, { text }, options) {
        const stream = tts.stream({ ...spoken, ...options });
        stream.end(text);
        return read(stream);
      },
    },
    {
      name: 's2s.translate',
      route: 's2s',
      ...buffered,
      async call({ s2s }, { audio }, options) {
        return (await s2s.translate(audio, { ...translated, ...options })).data;
      },
    },
    {
      name: 's2s.stream',
      route: 's2s',
      ...buffered,
      handsOutSound: true,
      async call({ s2s }, { audio }, options) {
        const stream = s2s.stream({ ...translated, ...options });
        stream.end(audio);
        return read(stream);
      },
    },
  ];
}

export const APIS: readonly Api[] = apis();

async function read(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}
