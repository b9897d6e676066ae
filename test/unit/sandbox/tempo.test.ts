// padding_bonus in the sandbox: how long the voice's step is, and that the recogniser understands it at every tempo.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  decodeAlaw,
  decodeMulaw,
  encodeAlaw,
  encodeMulaw,
  readOggOpus,
  resample,
} from '../../../src/audio/index.js';
import { splitWords, stepMs, TEMPOS, tempoOf } from '../../../src/sandbox/acoustic-code.js';
import { type Sandbox, startSandbox } from '../../../src/sandbox/index.js';
import { Voice } from '../../../src/sandbox/voice.js';
import { RawClient } from './client.js';
import { concat, events, hear, oggOpus, silence, speak, speak8k, toFloat, words } from './sound.js';

const RATES = [8_000, 16_000, 22_050, 24_000, 44_100, 48_000];
const TEXT = 'U a é 3333 The quick UUUUUUUUUUUUUUUU fox wwwwwww, 日本語 ~!{} 😀 größe 👩‍💻 b.';
const EACH = TEMPOS.map((tempo) => [tempo] as const);
const AT_EACH_RATE = TEMPOS.flatMap((tempo) => RATES.map((hz) => [tempo, hz] as const));

function at8k(samples: Int16Array, fromHz: number): Float32Array {
  return fromHz === 8_000 ? toFloat(samples) : resample(toFloat(samples), { fromHz, toHz: 8_000 });
}

function afterOpus(samples: Int16Array, bitrate: number): Float32Array {
  const { samples: decoded } = readOggOpus(
    oggOpus(samples, { sampleRateHz: 24_000, bitrate, application: 'audio' }),
  );
  return at8k(decoded as Int16Array, 48_000);
}

describe('tempoOf', () => {
  it('is the nearest whole number, the slower of two', () => {
    const bonuses = [-4, -3.6, -2.5, -0.5, -0.2, 0, 0.49, 0.5, 3.4, 4];
    expect(bonuses.map(tempoOf)).toEqual([-4, -4, -2, 0, 0, 0, 0, 1, 3, 4]);
  });
});

describe('Voice at a tempo', () => {
  it('has steps of 64 to 96 ms', () => {
    expect(TEMPOS.map(stepMs)).toEqual([64, 68, 72, 76, 80, 84, 88, 92, 96]);
  });

  it.each(AT_EACH_RATE)('%i at %i Hz is as long as the law says, wherever one looks', (tempo, hz) => {
    const voice = new Voice(hz, tempo);
    let samples = 0;
    for (let step = 1; step <= 2_500; step++) {
      samples += (step % 5 === 0 ? voice.silence() : ([...voice.word('x')][0] as Int16Array)).length;
      if (samples !== Math.round((step * stepMs(tempo) * hz) / 1000)) expect(samples).toBe(step);
    }
    expect(voice.nowMs).toBe(2_500 * stepMs(tempo));
  });

  it.each(EACH)('%i ends each symbol by 4 ms of silence and no more', (tempo) => {
    const [step] = [...new Voice(48_000, tempo).word('U')] as [Int16Array];
    const symbol = step.length / 2;
    for (const from of [0, symbol]) {
      const loud = [...step.subarray(from, from + symbol).entries()].filter(([, sample]) => sample !== 0);
      const last = loud.at(-1)?.[0] as number;
      expect(last).toBeLessThan(symbol - 192);
      expect(last).toBeGreaterThan(symbol - 192 - 24); // the ramp's last samples round to 0
    }
  });
});

describe('Recogniser at a tempo', () => {
  it.each(AT_EACH_RATE)('%i hears what was spoken at %i Hz, and when', (tempo, hz) => {
    const heard = words(at8k(speak(TEXT, hz, tempo), hz));
    expect(heard.map((word) => word.text).join(' ')).toBe(TEXT);
    let atS = 0;
    for (const { text, startS, stopS } of heard) {
      const endS = atS + (Buffer.byteLength(text) * stepMs(tempo)) / 1000;
      expect(Math.abs(startS - atS), text).toBeLessThan(0.005);
      expect(Math.abs(stopS - endS), text).toBeLessThan(0.005);
      atS = endS + stepMs(tempo) / 1000;
    }
  });

  it.each(EACH)('%i hears G.711 and Opus at 24 kb/s', (tempo) => {
    const samples = speak(TEXT, 8_000, tempo);
    expect(hear(toFloat(decodeMulaw(encodeMulaw(samples))))).toBe(TEXT);
    expect(hear(toFloat(decodeAlaw(encodeAlaw(samples))))).toBe(TEXT);
    expect(hear(afterOpus(speak(TEXT, 24_000, tempo), 24_000))).toBe(TEXT);
  });

  it('hears every byte that begins or ends UTF-8, alone and doubled, at every tempo', () => {
    const ascii = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i));
    const wide = Array.from({ length: 0x6f0 }, (_, i) => String.fromCharCode(0x100 + i)).filter(
      (char, i) => i % 37 === 0 && splitWords(char)[0] === char,
    );
    for (const tempo of TEMPOS) {
      const text = [...ascii, ...ascii.map((char) => char + char), ...wide].join(' ');
      expect(hear(speak8k(text, tempo)), `tempo ${tempo}`).toBe(text);
    }
  });

  it('hears any words at any tempo, however the samples were shifted and cut', () => {
    const word = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
      .filter((text) => splitWords(text)[0] === text && text === Buffer.from(text).toString());
    const pieces = fc.array(fc.integer({ min: 1, max: 3_000 }), { maxLength: 6 });
    fc.assert(
      fc.property(
        fc.constantFrom(...TEMPOS),
        fc.array(word, { minLength: 1, maxLength: 3 }),
        fc.nat(700),
        pieces,
        (tempo, texts, shift, cuts) => {
          const samples = concat(new Float32Array(shift), speak8k(texts.join(' '), tempo));
          expect(hear(samples)).toBe(texts.join(' '));
          expect(events(samples, cuts)).toEqual(events(samples));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('follows a change of tempo from one word to the next', () => {
    const changing = TEMPOS.flatMap((tempo) => [speak8k(`word${tempo}`, tempo), silence(0.08)]);
    expect(hear(concat(...changing))).toBe(TEMPOS.map((tempo) => `word${tempo}`).join(' '));
  });

  it('reads no text from words that are damaged, at any tempo', () => {
    for (const tempo of TEMPOS) {
      const word = speak8k('wonderful', tempo);
      const symbol = stepMs(tempo) * 4;
      expect(hear(word.subarray(symbol)), `tempo ${tempo}`).toBe('[speech]');
      expect(hear(word.slice().fill(0, 4 * symbol, 5 * symbol)), `tempo ${tempo}`).toBe('[speech]');
    }
  });
});

describe('tts session with padding_bonus', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await startSandbox();
  });
  afterAll(() => sandbox.close());

  async function speakOver(padding_bonus: number, output_format: string, text: string): Promise<RawClient> {
    const client = await RawClient.open(sandbox.url, '/api/speech/tts');
    const setup = { type: 'setup', voice_id: 'any', output_format, json_config: { padding_bonus } };
    client.send(setup, { type: 'text', text }, { type: 'end_of_stream' });
    await client.closed();
    return client;
  }

  function soundOf(client: RawClient): Buffer {
    return Buffer.concat(client.of('audio').map(({ audio }) => Buffer.from(audio as string, 'base64')));
  }

  it.each(TEMPOS.flatMap((tempo) => [8_000, 22_050].map((hz) => [tempo, hz] as const)))(
    '%i sends messages of 80 ms at %i Hz, the last filled up with silence',
    async (tempo, hz) => {
      const client = await speakOver(tempo, `pcm_${hz}`, 'ça va?');
      expect(client.messages[0]).toMatchObject({ sample_rate: hz, frame_size: hz * 0.08 });
      const truth = speak('ça va?', hz, tempo);
      const messages = Math.ceil(truth.length / (hz * 0.08));
      const times = client.of('audio').map(({ start_s, stop_s }) => [start_s, stop_s]);
      expect(times).toEqual(
        Array.from({ length: messages }, (_, i) => [(i * 80) / 1000, (i * 80 + 80) / 1000]),
      );
      const bytes = Uint8Array.from(soundOf(client));
      const padded = new Int16Array(messages * hz * 0.08);
      padded.set(truth);
      expect(new Int16Array(bytes.buffer)).toEqual(padded);
    },
  );

  it.each([
    [-4, 0.064],
    [4, 0.096],
    [3.6, 0.096],
  ])('%d gives word times by its step, and breaks in seconds', async (bonus, stepS) => {
    const client = await speakOver(bonus, 'pcm_8000', 'été is <break time="1.6s"/> hot');
    const at = (steps: number, pauseS = 0): number => Math.round((steps * stepS + pauseS) * 1000) / 1000;
    expect(client.of('text').map(({ text, start_s, stop_s }) => [text, start_s, stop_s])).toEqual([
      ['été', 0, at(5)],
      ['is', at(6), at(8)],
      ['hot', at(8, 1.6), at(11, 1.6)],
    ]);
  });

  it.each(['pcm', 'wav', 'ulaw_8000', 'alaw_8000', 'opus'])(
    'is heard of %s at every tempo',
    async (format) => {
      for (const tempo of TEMPOS) {
        const spoken = soundOf(await speakOver(tempo, format, TEXT));
        const client = await RawClient.open(sandbox.url, '/api/speech/asr');
        // Output `pcm` is 48 kHz, input 24 kHz.
        client.send({ type: 'setup', input_format: format === 'pcm' ? 'pcm_48000' : format });
        client.send({ type: 'audio', audio: spoken.toString('base64') }, { type: 'end_of_stream' });
        await client.closed();
        const heard = client.of('text').map((message) => message.text);
        expect(heard.join(' '), `tempo ${tempo}`).toBe(TEXT);
      }
    },
  );

  it('of Opus is a page for each 80 ms, and ends with the last of them', async () => {
    const client = await speakOver(-3, 'opus', 'ça va?'); // 7 × 68 = 476 ms
    const stops = [0.0735, 0.1535, 0.2335, 0.3135, 0.3935, 0.4735, 0.48];
    expect(client.of('audio').map((message) => message.stop_s)).toEqual([0, ...stops]);
    expect(readOggOpus(soundOf(client))).toMatchObject({ frames: 6 * 3_840, warnings: [] });
  });
});
