// What the service says, well and badly. Not here: what a call does with it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConnectionError } from '../../../src/errors.js';
import { type LineMessage, TwilioReader } from '../../../src/telephony/messages.js';

const streamSid = 'MZ0';
const START = {
  event: 'start',
  sequenceNumber: '1',
  streamSid,
  start: {
    streamSid,
    accountSid: 'AC0',
    callSid: 'CA0',
    tracks: ['inbound', 'outbound'],
    mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
    customParameters: { name: 'Ada' },
  },
};

function read(reader: TwilioReader, message: unknown): LineMessage | undefined {
  return reader.read(Buffer.from(typeof message === 'string' ? message : JSON.stringify(message)));
}

function started(): TwilioReader {
  const reader = new TwilioReader();
  read(reader, START);
  return reader;
}

function startWith(fields: object): object {
  return { ...START, start: { ...START.start, ...fields } };
}

describe('TwilioReader', () => {
  it('reads a call', () => {
    const reader = new TwilioReader();
    expect(read(reader, { event: 'connected', protocol: 'Call', version: '1.0.0' })).toBeUndefined();
    expect(read(reader, START)).toEqual({
      event: 'start',
      start: {
        streamSid,
        callSid: 'CA0',
        accountSid: 'AC0',
        tracks: ['inbound', 'outbound'],
        customParameters: { name: 'Ada' },
      },
    });
    const media = { track: 'outbound', chunk: '1', timestamp: '40', payload: '//9/' };
    expect(read(reader, { event: 'media', sequenceNumber: '2', streamSid, media })).toEqual({
      event: 'media',
      track: 'outbound',
      audio: Buffer.of(0xff, 0xff, 0x7f),
      atMs: 40,
    });
    const mark = { event: 'mark', sequenceNumber: '3', streamSid, mark: { name: 'greeting' } };
    expect(read(reader, mark)).toEqual({ event: 'mark', name: 'greeting' });
    const dtmf = {
      event: 'dtmf',
      streamSid,
      sequenceNumber: '4',
      dtmf: { track: 'inbound_track', digit: '#' },
    };
    expect(read(reader, dtmf)).toEqual({ event: 'dtmf', digit: '#' });
    const stop = {
      event: 'stop',
      sequenceNumber: '5',
      streamSid,
      stop: { accountSid: 'AC0', callSid: 'CA0' },
    };
    expect(read(reader, stop)).toEqual({ event: 'stop' });
  });

  it('takes a start that says no more than it must', () => {
    expect(read(new TwilioReader(), { event: 'start', start: { streamSid } })).toEqual({
      event: 'start',
      start: {
        streamSid,
        callSid: undefined,
        accountSid: undefined,
        tracks: ['inbound'],
        customParameters: {},
      },
    });
  });

  const strange: [string, unknown][] = [
    ['an event that it does not know', { event: 'weather', streamSid: 7 }],
    ['a mark without a name', { event: 'mark', streamSid, mark: {} }],
    ['a digit of no keypad', { event: 'dtmf', dtmf: { digit: '12' } }],
    ['a digit that is none', { event: 'dtmf', dtmf: { digit: { toString: 1 } } }],
    ['dtmf without dtmf', { event: 'dtmf', streamSid }],
  ];
  it.each(strange)('leaves %s alone', (_name, message) => {
    expect(read(started(), message)).toBeUndefined();
  });

  it('takes numbers for texts, and texts for numbers', () => {
    const { mediaFormat } = START.start;
    const reader = new TwilioReader();
    const start = startWith({
      mediaFormat: { ...mediaFormat, sampleRate: '8000', channels: '1' },
      customParameters: { customer: 7, list: [], missing: null },
      callSid: null,
      tracks: ['outbound_track', 'third'],
    });
    expect(read(reader, start)).toEqual({
      event: 'start',
      start: {
        streamSid,
        callSid: undefined,
        accountSid: 'AC0',
        tracks: ['outbound'],
        customParameters: { customer: '7' },
      },
    });
    const media = { track: 'outbound_track', payload: '', timestamp: 1234.5, chunk: 3 };
    expect(read(reader, { event: 'media', sequenceNumber: 4, media })).toMatchObject({
      track: 'outbound',
      atMs: 1234.5,
    });
    expect(read(reader, { event: 'dtmf', dtmf: { digit: 5 } })).toEqual({ event: 'dtmf', digit: '5' });
    expect(read(reader, { event: 'dtmf', dtmf: { digit: 'a' } })).toEqual({ event: 'dtmf', digit: 'A' });
  });

  it.each([undefined, null, '', 'soon', '-5', -5, {}, []])('takes %j for no time', (timestamp) => {
    const media = { payload: '', timestamp };
    expect(read(started(), { event: 'media', media })).toMatchObject({ atMs: undefined });
  });

  it('reads a stop of a call that never began', () => {
    expect(read(new TwilioReader(), { event: 'stop', streamSid, stop: {} })).toEqual({ event: 'stop' });
  });

  const bad: [string, unknown, RegExp][] = [
    ['no JSON', '{', /no JSON/],
    ['no object', '[]', /without `event`/],
    ['no event', {}, /without `event`/],
    ['a huge message', `"${'x'.repeat(70_000)}"`, /70002 bytes/],
    ['a second start', START, /second `start`/],
    ['media without media', { event: 'media', streamSid }, /without `payload`/],
    ['media without payload', { event: 'media', streamSid, media: {} }, /without `payload`/],
    ['a payload that is no base64', { event: 'media', media: { payload: 'a*b=' } }, /no base64/],
    ['an unknown track', { event: 'media', media: { track: 'third', payload: '' } }, /track/],
    ['media of another stream', { event: 'media', streamSid: 'MZ1' }, /`media` of another stream/],
    ['the stop of another stream', { event: 'stop', streamSid: 'MZ1' }, /`stop` of another stream/],
  ];
  it.each(bad)('refuses %s', (_name, message, text) => {
    const reader = started();
    expect(() => read(reader, message)).toThrow(
      expect.objectContaining({ code: 'ERR_PROTOCOL', phase: 'stream', retryable: false }),
    );
    expect(() => read(reader, message)).toThrow(text);
  });

  const badStarts: [string, object, RegExp][] = [
    ['without a stream', { event: 'start', start: {} }, /without `streamSid`/],
    ['of a stream without name', { event: 'start', streamSid: '' }, /without `streamSid`/],
    [
      'of another encoding',
      startWith({ mediaFormat: { encoding: 'audio/l16', sampleRate: 16_000 } }),
      /`mediaFormat` audio\/l16, 16000, 1, and not audio\/x-mulaw, 8000, 1/,
    ],
    [
      'of two channels',
      startWith({ mediaFormat: { ...START.start.mediaFormat, channels: 2 } }),
      /8000, 2, and not/,
    ],
    ['of no format', startWith({ mediaFormat: { encoding: '<+15550100>' } }), /`mediaFormat` another/],
    ['after media', { event: 'media', media: { payload: '' } }, /before `start`/],
  ];
  it.each(badStarts)('refuses a start %s', (_name, message, text) => {
    const reader = new TwilioReader();
    expect(() => read(reader, message)).toThrow(
      expect.objectContaining({ code: 'ERR_PROTOCOL', phase: 'setup' }),
    );
    expect(() => read(reader, message)).toThrow(text);
  });

  it('says no number of a caller in an error', () => {
    const number = '+15550100';
    const reader = new TwilioReader();
    const start = startWith({
      customParameters: { From: number },
      mediaFormat: { encoding: `a ${number}?` },
    });
    expect(() => read(reader, start)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(number) }),
    );
  });

  it('gives a message or a ConnectionError for anything', () => {
    const event = fc.constantFrom('start', 'media', 'mark', 'dtmf', 'stop', 'connected');
    const shape = fc.record(
      { event, streamSid: fc.anything(), start: fc.anything(), media: fc.anything(), mark: fc.anything() },
      { requiredKeys: ['event'] },
    );
    const bytes = fc.oneof(
      fc.uint8Array().map((any) => Buffer.from(any)),
      fc.json().map((json) => Buffer.from(json)),
      shape.map((any) => Buffer.from(safeJson(any))),
    );
    const property = fc.property(bytes, fc.boolean(), (data, isStarted) => {
      try {
        (isStarted ? started() : new TwilioReader()).read(data);
      } catch (error) {
        expect(error).toBeInstanceOf(ConnectionError);
      }
    });
    fc.assert(property, { seed: 7, numRuns: 500 });
  });
});

function safeJson(value: unknown): string {
  try {
    return JSON.stringify(value, (_key, part) => (typeof part === 'bigint' ? String(part) : part)) ?? '';
  } catch {
    return '';
  }
}
