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
    const media = { track: 'outbound', chunk: '1', timestamp: '0', payload: '//9/' };
    expect(read(reader, { event: 'media', sequenceNumber: '2', streamSid, media })).toEqual({
      event: 'media',
      track: 'outbound',
      audio: Buffer.of(0xff, 0xff, 0x7f),
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

  it('leaves events alone that it does not know', () => {
    expect(read(started(), { event: 'weather', streamSid: 7 })).toBeUndefined();
  });

  const bad: [string, unknown, RegExp][] = [
    ['no JSON', '{', /no JSON/],
    ['no object', '[]', /without `event`/],
    ['no event', {}, /without `event`/],
    ['a huge message', `"${'x'.repeat(70_000)}"`, /70002 bytes/],
    ['a second start', START, /second `start`/],
    ['media without media', { event: 'media', streamSid }, /without `media`/],
    ['media without payload', { event: 'media', streamSid, media: {} }, /media\.payload/],
    ['a payload that is no base64', { event: 'media', media: { payload: 'a*b=' } }, /no base64/],
    ['an unknown track', { event: 'media', media: { track: 'third', payload: '' } }, /track/],
    ['another stream', { event: 'stop', streamSid: 'MZ1' }, /`stop` of another stream/],
    ['a mark without name', { event: 'mark', mark: {} }, /mark\.name/],
    ['a digit of no keypad', { event: 'dtmf', dtmf: { digit: '12' } }, /keypad/],
  ];
  it.each(bad)('refuses %s', (_name, message, text) => {
    const reader = started();
    expect(() => read(reader, message)).toThrow(
      expect.objectContaining({ code: 'ERR_PROTOCOL', phase: 'stream', retryable: false }),
    );
    expect(() => read(reader, message)).toThrow(text);
  });

  const badStarts: [string, object, RegExp][] = [
    ['without start', { event: 'start', streamSid }, /`start` without/],
    ['without a stream', { event: 'start', start: {} }, /streamSid/],
    [
      'of another encoding',
      startWith({ mediaFormat: { encoding: 'audio/l16', sampleRate: 16_000 } }),
      /mediaFormat/,
    ],
    [
      'of two channels',
      startWith({ mediaFormat: { ...START.start.mediaFormat, channels: 2 } }),
      /mediaFormat/,
    ],
    ['with tracks that are no list', startWith({ tracks: 'inbound' }), /tracks/],
    ['with a track that is none', startWith({ tracks: ['inbound_track'] }), /track/],
    ['with parameters that are no texts', startWith({ customParameters: { a: 1 } }), /parameter/],
    ['after media', { event: 'media', media: { payload: '' } }, /before `start`/],
  ];
  it.each(badStarts)('refuses a start %s', (_name, message, text) => {
    const reader = new TwilioReader();
    expect(() => read(reader, message)).toThrow(
      expect.objectContaining({ code: 'ERR_PROTOCOL', phase: 'setup' }),
    );
    expect(() => read(reader, message)).toThrow(text);
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
