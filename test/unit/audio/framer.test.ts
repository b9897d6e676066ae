import { describe, expect, test } from 'vitest';
import {
  AudioFramer,
  convertSamples,
  encodeAlaw,
  encodeMulaw,
  readWav,
  resample,
  type WireFormat,
  writeWav,
} from '../../../src/audio/index.js';
import {
  ambiguousWav,
  fixture,
  frameAll,
  messageAudio,
  parseMessages,
  sine,
  thrown,
  toInt16,
} from './helpers.js';

const bytesOf = (samples: Int16Array) =>
  new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
const asInt16 = (bytes: Uint8Array) => new Int16Array(new Uint8Array(bytes).buffer);
const speech = fixture('speech-16k-mono-s16.wav');

describe('AudioFramer', () => {
  test('makes messages of equal length but for the last', () => {
    const framer = new AudioFramer({ from: { container: 'wav' }, to: 'pcm_16000' });
    const text = frameAll(framer, [speech]);
    const messages = parseMessages(text);
    const step = 1280 * 2; // 80 ms at 16 kHz
    messages.forEach((message, i) => {
      expect(Object.keys(message)).toEqual(['type', 'audio']);
      expect(message.type).toBe('audio');
      const bytes = Buffer.from(message.audio, 'base64').length;
      if (i < messages.length - 1) expect(bytes).toBe(step);
    });
    expect(JSON.stringify(messages[0]).length).toBe(framer.messageBytes);
    expect(text.length).toBe(
      (messages.length - 1) * framer.messageBytes + JSON.stringify(messages.at(-1)).length,
    );
    expect(framer.wireFrames).toBe(55_177);
  });

  test('passes samples untouched where source and wire agree', () => {
    const { samples } = readWav(speech);
    const text = frameAll(new AudioFramer({ from: { container: 'wav' }, to: 'pcm_16000' }), [speech]);
    expect(asInt16(messageAudio(text))).toEqual(samples);
    const codes = encodeMulaw(samples);
    const raw = { encoding: 'mulaw', sampleRateHz: 8000 } as const;
    const padded = new Uint8Array(codes.length + 1).fill(0xff); // 55 177 is odd: one code of silence
    padded.set(codes);
    expect(messageAudio(frameAll(new AudioFramer({ from: raw, to: 'ulaw_8000' }), [codes]))).toEqual(
      Buffer.from(padded),
    );
  });

  test.each<[WireFormat, number]>([
    ['pcm', 24_000],
    ['pcm_8000', 8000],
    ['pcm_22050', 22_050],
    ['pcm_24000', 24_000],
    ['pcm_44100', 44_100],
    ['pcm_48000', 48_000],
  ])('resamples to %s', (wire, toHz) => {
    const want = resample(readWav(speech).samples, { fromHz: 16_000, toHz });
    const framer = new AudioFramer({ from: { container: 'wav' }, to: wire });
    expect(asInt16(messageAudio(frameAll(framer, [speech])))).toEqual(want);
  });

  test('converts, mixes and encodes on the way', () => {
    const stereo = sine(8000, 440, 8000, 2).map((x, i) => (i % 2 ? x / 2 : x));
    const mono = toInt16(sine(8000, 440, 8000).map((x) => x / 4)); // mean of x and -x / 2
    const s24 = convertSamples(new Uint8Array(stereo.buffer), { from: 'f32le', to: 's24be' });
    const from = { encoding: 's24be', sampleRateHz: 8000, channels: 2 } as const;
    const pcm = asInt16(messageAudio(frameAll(new AudioFramer({ from, to: 'pcm_8000' }), [s24])));
    expect(pcm.length).toBe(8000);
    pcm.forEach((x, i) => {
      expect(Math.abs(x - (mono[i] as number))).toBeLessThanOrEqual(1);
    });
    const alaw = messageAudio(frameAll(new AudioFramer({ from, to: 'alaw_8000' }), [s24]));
    expect(alaw).toEqual(Buffer.from(encodeAlaw(pcm)));
  });

  test('gathers steps into a message', () => {
    const framer = new AudioFramer({ from: { container: 'wav' }, to: 'pcm_16000', stepsPerMessage: 10 });
    const messages = parseMessages(frameAll(framer, [speech]));
    expect(messages.length).toBe(Math.ceil(55_177 / 12_800));
    expect(Buffer.from(messages[0]?.audio ?? '', 'base64').length).toBe(25_600);
  });

  test('carries client_req_id, escaped once', () => {
    const clientReqId = 'a "quoted" \\ id\n – with é, 😀 and \ud800';
    const framer = new AudioFramer({ from: { container: 'wav' }, to: 'pcm_16000', clientReqId });
    const messages = parseMessages(frameAll(framer, [speech]));
    expect(new Set(messages.map((m) => m.client_req_id))).toEqual(new Set([clientReqId]));
    const tooLong = { from: { container: 'wav' }, to: 'pcm', clientReqId: 'x'.repeat(1100) } as const;
    expect(thrown(() => new AudioFramer(tooLong))).toMatchObject({ code: 'ERR_INVALID_LENGTH' });
  });

  test('passes bytes for wav as they are, cut into steps', () => {
    const framer = new AudioFramer({ from: { container: 'wav' }, to: 'wav' });
    const messages = parseMessages(frameAll(framer, [speech.subarray(0, 9), speech.subarray(9)]));
    expect(Buffer.concat(messages.map((m) => Buffer.from(m.audio, 'base64')))).toEqual(speech);
    expect(Buffer.from(messages[0]?.audio ?? '', 'base64').length).toBe(3840);
    expect(framer.sourceInfo).toBeUndefined();
    expect(framer.wireFrames).toBe(0);
  });

  test('tells the source once its header is known, and the rest at the end', () => {
    const whole = writeWav(new Int16Array(16_000), { sampleRateHz: 8000, channels: 2 });
    const cut = whole.subarray(0, whole.length - 8001);
    const framer = new AudioFramer({ from: { container: 'wav' }, to: 'pcm_8000' });
    expect(framer.sourceInfo).toBeUndefined();
    framer.processInto(cut.subarray(0, 20), new Uint8Array(framer.maxOutputBytes(20)));
    expect(framer.sourceInfo).toBeUndefined();
    frameAll(framer, [cut.subarray(20)]);
    expect(framer.sourceInfo).toMatchObject({
      container: 'wav',
      sampleRateHz: 8000,
      channels: 2,
      frames: 5999,
      missingFrames: 2001,
      durationS: 5999 / 8000,
      warnings: ['truncated'],
    });
  });

  test('tells how much of a frame was left over', () => {
    const from = { encoding: 's24le', sampleRateHz: 8000, channels: 2 } as const;
    const framer = new AudioFramer({ from, to: 'pcm_8000' });
    frameAll(framer, [new Uint8Array(65)]);
    expect(framer.leftoverBytes).toBe(5);
    expect(framer.wireFrames).toBe(10);
  });

  test('begins anew after flush and after reset, errors included', () => {
    const framer = new AudioFramer({ from: { container: 'wav' }, to: 'pcm_24000' });
    const first = frameAll(framer, [speech]);
    expect(frameAll(framer, [speech])).toBe(first);
    const rubbish = Buffer.from('this is no WAV file');
    for (let i = 0; i < 2; i++)
      expect(thrown(() => frameAll(framer, [rubbish]))).toMatchObject({
        name: 'FormatError',
        code: 'ERR_WAV_NOT_WAV',
      });
    framer.reset();
    expect(frameAll(framer, [speech])).toBe(first);
  });

  test('takes nothing when the output is too small, and refuses shared memory', () => {
    const framer = new AudioFramer({ from: { encoding: 's16le', sampleRateHz: 16_000 }, to: 'pcm_16000' });
    const chunk = bytesOf(toInt16(sine(1280, 440, 16_000)));
    expect(thrown(() => framer.processInto(chunk, new Uint8Array(100)))).toMatchObject({
      name: 'RangeError',
      code: 'ERR_OUTPUT_TOO_SMALL',
    });
    const memory = new Uint8Array(10_000);
    expect(thrown(() => framer.processInto(memory.subarray(0, 2560), memory.subarray(2559)))).toMatchObject({
      name: 'RangeError',
      code: 'ERR_INVALID_ARG',
    });
    expect(parseMessages(frameAll(framer, [chunk])).length).toBe(1);
  });

  test.each([
    ['no options', undefined, 'TypeError', 'ERR_INVALID_ARG'],
    ['no source', { to: 'pcm' }, 'TypeError', 'ERR_INVALID_ARG'],
    ['an unknown wire', { from: { container: 'wav' }, to: 'pcm_12000' }, 'RangeError', 'ERR_INVALID_ARG'],
    ['an unknown container', { from: { container: 'mp4' }, to: 'pcm' }, 'RangeError', 'ERR_INVALID_ARG'],
    ['Ogg Opus as samples', { from: { container: 'ogg' }, to: 'pcm' }, 'TypeError', 'ERR_INVALID_ARG'],
    ['Ogg Opus as a WAV', { from: { container: 'ogg' }, to: 'wav' }, 'TypeError', 'ERR_INVALID_ARG'],
    [
      'a rate of 500 Hz',
      { from: { encoding: 's16le', sampleRateHz: 500 }, to: 'pcm' },
      'RangeError',
      'ERR_INVALID_RATE',
    ],
    [
      'no channel',
      { from: { encoding: 's16le', sampleRateHz: 8000, channels: 0 }, to: 'pcm' },
      'RangeError',
      'ERR_INVALID_CHANNELS',
    ],
    [
      'raw samples as wav',
      { from: { encoding: 's16le', sampleRateHz: 8000 }, to: 'wav' },
      'TypeError',
      'ERR_INVALID_ARG',
    ],
    [
      '126 steps',
      { from: { container: 'wav' }, to: 'pcm', stepsPerMessage: 126 },
      'RangeError',
      'ERR_INVALID_ARG',
    ],
    [
      'an id that is no string',
      { from: { container: 'wav' }, to: 'pcm', clientReqId: 7 },
      'TypeError',
      'ERR_INVALID_ARG',
    ],
  ])('refuses %s', (_, options, name, code) => {
    expect(thrown(() => new AudioFramer(options as never))).toMatchObject({ name, code });
  });

  test('reads a file whose size it knows as readWav does', () => {
    const wav = ambiguousWav();
    expect(readWav(wav)).toMatchObject({ frames: 1600, warnings: ['unpadded-chunk'] });
    const framer = new AudioFramer({ from: { container: 'wav' }, to: 'pcm_16000', sourceBytes: wav.length });
    framer.processInto(wav, new Uint8Array(framer.maxOutputBytes(wav.length)));
    framer.flushInto(new Uint8Array(framer.maxFlushBytes));
    expect(framer.wireFrames).toBe(1600);
    expect(framer.sourceInfo).toMatchObject({ frames: 1600, warnings: ['unpadded-chunk'] });
  });

  test('says that it is closed, however often it is closed', () => {
    const framer = new AudioFramer({ from: { container: 'wav' }, to: 'pcm' });
    framer.close();
    framer.close();
    framer[Symbol.dispose]();
    const uses: (() => unknown)[] = [
      () => framer.processInto(speech, new Uint8Array(9)),
      () => framer.flushInto(new Uint8Array(9)),
      () => framer.maxOutputBytes(1),
      () => framer.maxFlushBytes,
      () => framer.messageBytes,
      () => framer.wireFrames,
      () => framer.leftoverBytes,
      () => framer.sourceInfo,
      () => framer.reset(),
    ];
    for (const use of uses) expect(thrown(use)).toMatchObject({ name: 'TypeError', code: 'ERR_CLOSED' });
  });
});
