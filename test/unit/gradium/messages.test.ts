import { describe, expect, it } from 'vitest';
import {
  isStepFrame,
  Malformed,
  parseMessage,
  readAudio,
  readEndText,
  readError,
  readFlushed,
  readReady,
  readStep,
  readText,
} from '../../../src/gradium/messages.js';

const step = { type: 'step', vad: [{ horizon_s: 0.5, inactivity_prob: 0.1 }], step_idx: 3 };
const parsed = (message: object) => parseMessage(Buffer.from(JSON.stringify(message)));

describe('isStepFrame', () => {
  it('knows a step by its first bytes, with and without a space', () => {
    expect(isStepFrame(Buffer.from(JSON.stringify(step)))).toBe(true);
    expect(isStepFrame(Buffer.from('{"type": "step", "vad": []}'))).toBe(true);
  });

  it.each([
    '{"type":"steps","vad":[]}',
    '{"type":"text","text":"step"}',
    '{"type": "text","text":"step"}',
    '{"vad":[],"type":"step"}',
    ' {"type":"step"}',
    '{"type":"step',
    '{"type":"step","vad":[',
    '{}',
    '',
  ])('leaves %j to the parser', (text) => {
    expect(isStepFrame(Buffer.from(text))).toBe(false);
  });
});

describe('parseMessage', () => {
  it.each(['', '{', 'null', '[]', '5', '"type"', '{}', '{"type":5}', '{"type":"text"'])(
    'refuses %j',
    (text) => {
      expect(() => parseMessage(Buffer.from(text))).toThrow(Malformed);
    },
  );
});

describe('readReady', () => {
  it('reads every field', () => {
    expect(
      readReady(
        parsed({
          type: 'ready',
          request_id: 'r',
          model_name: 'm',
          sample_rate: 24000,
          frame_size: 1920,
          delay_in_frames: 12,
        }),
      ),
    ).toEqual({
      requestId: 'r',
      model: 'm',
      sampleRateHz: 24000,
      frameSize: 1920,
      delayInFrames: 12,
      provisional: false,
    });
  });

  it('knows the old name of the delay, and does without any', () => {
    expect(readReady(parsed({ type: 'ready', delay_in_tokens: 7 })).delayInFrames).toBe(7);
    expect(readReady(parsed({ type: 'ready', delay_in_frames: null })).delayInFrames).toBeUndefined();
  });

  it.each(['12', -1, 81, 1e9])('refuses the delay %j', (delay) => {
    expect(() => readReady(parsed({ type: 'ready', delay_in_frames: delay }))).toThrow(Malformed);
    expect(() => readReady(parsed({ type: 'ready', delay_in_tokens: delay }))).toThrow(Malformed);
  });

  it('takes a number for a request id, and nothing else but text', () => {
    expect(readReady(parsed({ type: 'ready', request_id: 12345 })).requestId).toBe('12345');
    expect(readReady(parsed({ type: 'ready', request_id: null })).requestId).toBe('');
    expect(() => readReady(parsed({ type: 'ready', request_id: {} }))).toThrow(Malformed);
  });
});

describe('readText and readEndText', () => {
  it('take null and absent stream ids for none', () => {
    expect(
      readText(parsed({ type: 'text', text: 'a', start_s: 1, stream_id: null })).streamId,
    ).toBeUndefined();
    expect(readText(parsed({ type: 'text', text: 'a', start_s: 1, stream_id: 2 })).streamId).toBe(2);
    expect(readEndText(parsed({ type: 'end_text', stop_s: 1 }))).toEqual({ stopS: 1, streamId: undefined });
  });

  it('refuse what has no text or no time', () => {
    expect(() => readText(parsed({ type: 'text', start_s: 1 }))).toThrow(Malformed);
    expect(() => readText(parsed({ type: 'text', text: 'a' }))).toThrow('text.start_s is not a number');
    expect(() => readText(parseMessage(Buffer.from('{"type":"text","text":"a","start_s":1e999}')))).toThrow(
      Malformed,
    );
    expect(() => readEndText(parsed({ type: 'end_text', stop_s: '1' }))).toThrow(Malformed);
  });
});

describe('readStep', () => {
  it('reads the full form, the bare one, and passes over odd entries', () => {
    expect(readStep(parsed({ ...step, step_duration_s: 0.08, total_duration_s: 0.32 }))).toEqual({
      index: 3,
      stepS: 0.08,
      totalS: 0.32,
      vad: [{ horizonS: 0.5, inactivityProb: 0.1 }],
    });
    expect(readStep(parsed({ type: 'step' })).vad).toEqual([]);
    expect(readStep(parsed({ type: 'vad', vad: [null, 5, { horizon_s: '1' }] })).vad).toEqual([]);
  });
});

describe('readFlushed', () => {
  it('keeps the type of the id', () => {
    expect(readFlushed(parsed({ type: 'flushed', flush_id: 1 }))).toEqual({ flushId: 1 });
    expect(readFlushed(parsed({ type: 'flushed', flush_id: '1' }))).toEqual({ flushId: '1' });
    expect(readFlushed(parsed({ type: 'flushed' }))).toEqual({ flushId: '' });
  });
});

describe('readError', () => {
  it('reads codes as numbers, texts and nothing', () => {
    expect(readError(parsed({ type: 'error', message: 'm', code: 1008 }))).toEqual({
      message: 'm',
      code: 1008,
    });
    expect(readError(parsed({ type: 'error', message: 'm', code: '1011' })).code).toBe(1011);
    expect(readError(parsed({ type: 'error', message: 'm', code: null })).code).toBeUndefined();
    expect(readError(parsed({ type: 'error' }))).toEqual({ message: '', code: undefined });
  });

  it.each([1011.5, '1011.5', 0, -1, 1000, 1015, 399, 600, 1e21, {}, '8x'])(
    'takes code %j for none',
    (code) => {
      expect(readError(parsed({ type: 'error', code })).code).toBeUndefined();
    },
  );

  it.each([400, 599, 1001, 1014, '429'])('takes code %j as it is', (code) => {
    expect(readError(parsed({ type: 'error', code })).code).toBe(Number(code));
  });

  it('finds the reason under any of its names, whatever it is', () => {
    const said = (fields: object) => readError(parsed({ type: 'error', ...fields })).message;
    expect(said({ error: 'old form' })).toBe('old form');
    expect(said({ detail: 'why' })).toBe('why');
    expect(said({ message: { detail: 'x' } })).toBe('{"detail":"x"}');
    expect(said({ message: 7 })).toBe('7');
  });
});

describe('readAudio', () => {
  it.each([0, 1, 2, 3, 100])('reads %i bytes of base64', (length) => {
    const bytes = Buffer.alloc(length, 0xab);
    expect(readAudio(parsed({ type: 'audio', audio: bytes.toString('base64'), stop_s: 0.08 }))).toEqual(
      bytes,
    );
  });

  it.each(['A', 'AAA$', 'AA AA!', 'AAAAA'])('refuses %j', (audio) => {
    expect(() => readAudio(parsed({ type: 'audio', audio }))).toThrow(Malformed);
  });
});
