import { describe, expect, it } from 'vitest';
import { lastMessage, messageRoute } from '../../../src/gradium/message-route.js';
import { Malformed } from '../../../src/gradium/messages.js';

const route = (text: string) => messageRoute(Buffer.from(text));
const last = (text: string) => lastMessage(Buffer.from(text));

describe('messageRoute', () => {
  it.each([
    ['last', '{"type":"step","vad":[{"horizon_s":0.5}],"client_req_id":"r1"}'],
    ['first', '{"client_req_id":"r1","type":"step","vad":[]}'],
    ['last, with spaces', '{"type": "step", "vad": [], "client_req_id": "r1"}'],
    ['last, escaped', '{"type":"text","client_req_id":"r\\u0031"}'],
    ['before a key that ends like it', '{"client_req_id":"r1","type":"x","a\\"client_req_id":"r2"}'],
    ['before a long text', `{"type":"audio","client_req_id":"r1","audio":"${'A'.repeat(500)}"}`],
    ['in the middle', '{"type":"text","client_req_id":"r1","text":"x"}'],
    ['with spaces', '{"type": "step", "client_req_id": "r1", "vad": []}'],
    ['with all the white space there is', '{\t"type":"step",\r\n"client_req_id"\n:\t"r1"\r\n}'],
    ['escaped', '{"type":"text","client_req_id":"r\\u0031"}'],
    ['with an escaped key', '{"type":"text","client\\u005freq_id":"r1"}'],
    [
      'beside its own name in a text',
      '{"type":"text","text":"\\"client_req_id\\":\\"r2\\"","client_req_id":"r1"}',
    ],
    ['after its own name as a text', '{"type":"text","text":"client_req_id","client_req_id":"r1"}'],
    ['before its own name as a text', '{"client_req_id":"r1","type":"text","text":"client_req_id"}'],
    ['before another one deeper down', '{"type":"x","client_req_id":"r1","of":{"client_req_id":"r2"}}'],
    ['after another one deeper down', '{"of":{"client_req_id":"r2"},"type":"x","client_req_id":"r1"}'],
  ])('finds the id %s', (_where, text) => {
    expect(route(text)).toBe('r1');
  });

  it('takes a number for its text', () => {
    expect(route('{"type":"step","client_req_id":17}')).toBe('17');
  });

  it.each([
    '{"type":"error","message":"x"}',
    '{"type":"error","message":"client_req_id"}',
    '{"type":"error","message":"\\"client_req_id\\":\\"r1\\""}',
    '{"type":"error","client_req_id":null}',
    '{"type":"error","client_req_id":{"a":1}}',
  ])('finds none in %s', (text) => {
    expect(route(text)).toBeUndefined();
  });

  it.each(['', '{"type":"step"', '"client_req_id"', '{"type":"x","client_req_id":"r1', '[]', '\x80'])(
    'refuses %j, which it has to parse',
    (text) => {
      expect(() => route(text)).toThrow(Malformed);
    },
  );
});

describe('lastMessage', () => {
  it('knows what the service says last, whatever the order of the keys', () => {
    expect(last('{"type":"end_of_stream","client_req_id":"r1"}')).toBe('end_of_stream');
    expect(last('{"client_req_id":"r1", "type": "end_of_stream"}')).toBe('end_of_stream');
    expect(last('{"type":"error","message":"end_of_stream"}')).toBe('error');
  });

  it.each([
    '{"type":"text","text":"error"}',
    '{"type":"text","text":"end_of_stream"}',
    '{"type":"step","vad":[]}',
    '{"type":"ready"}',
    '{"type":"error"',
  ])('takes %s for no such message', (text) => {
    expect(last(text)).toBeUndefined();
  });
});
